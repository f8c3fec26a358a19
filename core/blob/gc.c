#include "core/blob/gc.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/blob/index.h"
#include "core/blob/pin.h"
#include "core/os/file.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define DEFAULT_BYTES   (UINT64_C(15) << 30)
#define DISK_SHARE      20
#define BATCH           128 /* removed in one go; those who lease something wait meanwhile */
#define PARTIAL_KEPT_MS (INT64_C(7) * 24 * 60 * 60 * 1000)
#define DUE_BYTES       (64u << 20)
#define DUE_HOLDS       256

struct candidate {
    struct jig_digest id;
    char *path;
    uint64_t size_bytes;
    char *aside;
};

struct collection {
    struct jig_cache *cache;
    struct jig_index *index;
    const struct jig_gc_options *options;
    const struct jig_until *until;
    struct jig_gc_result *result;
    /* of the budget that is worked on */
    bool trees;
    struct jig_gc_share *share;
    uint64_t aim; /* bytes that may stay */
    struct candidate batch[BATCH];
    size_t n;
    enum jig_code code;
    struct jig_err *reterr;
    struct jig_err first; /* that did not end it */
};

static enum jig_code fill_in(struct jig_cache *c, struct jig_budget *b, struct jig_err *reterr)
{
    uint64_t total, left;
    if (b->high == 0) {
        enum jig_code code = jig_fs_space(c->root, &total, &left, reterr);
        if (code != JIG_OK)
            return code;
        b->high = total / DISK_SHARE < DEFAULT_BYTES ? total / DISK_SHARE : DEFAULT_BYTES;
    }
    if (b->low == 0 || b->low > b->high)
        b->low = b->high / 5 * 4;
    return JIG_OK;
}

static bool is_enough(const struct collection *g)
{
    return g->share->bytes - g->share->removed_bytes <= g->aim;
}

/* While nobody can lease what we did not see. */
static enum jig_code remove_one(struct collection *g, const struct jig_evict *e,
                                struct candidate *v)
{
    enum jig_code code = JIG_OK;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_evict_holder(e, &v->id) != NULL) {
        g->share->in_use++;
        return JIG_OK;
    }
    if (jig_pin_is_set(g->cache, &v->id)) {
        g->share->pinned++;
        return JIG_OK;
    }
    if (!g->options->dry_run && g->trees)
        code = jig_tree_put_aside(g->cache, v->path, &v->aside, &err);
    else if (!g->options->dry_run)
        code = jig_fs_remove_tree(v->path, &err);
    if (code == JIG_NOT_FOUND) /* somebody else removed it */
        code = JIG_OK;
    if (code != JIG_OK) {
        if (g->first.code == JIG_OK)
            g->first = err;
        return JIG_OK;
    }
    if (!g->options->dry_run)
        code = jig_index_forget(g->index, &v->id, g->reterr);
    if (code == JIG_OK) {
        g->share->removed++;
        g->share->removed_bytes += v->size_bytes;
    }
    return code;
}

static void empty_batch(struct collection *g)
{
    for (size_t i = 0; i < g->n; i++) {
        struct candidate *v = &g->batch[i];
        if (v->aside != NULL && jig_fs_remove_tree(v->aside, NULL) != JIG_OK)
            jig_log(JIG_LOG_DEBUG, "gc.aside", "%s cannot be removed yet", v->aside);
        free(v->aside);
        free(v->path);
    }
    g->n = 0;
}

static void work_off(struct collection *g)
{
    struct jig_evict *e = NULL;
    if (g->n > 0 && g->code == JIG_OK)
        g->code = jig_evict_begin(g->cache, g->until, &e, g->reterr);
    for (size_t i = 0; i < g->n && g->code == JIG_OK && !is_enough(g); i++)
        g->code = remove_one(g, e, &g->batch[i]);
    jig_evict_end(e);
    empty_batch(g);
}

static bool add_candidate(void *ctx, const struct jig_index_entry *e)
{
    struct collection *g = ctx;
    if (is_enough(g) || g->code != JIG_OK)
        return false;
    g->batch[g->n++] = (struct candidate){
        .id = e->id,
        .size_bytes = e->size_bytes,
        .path = e->is_tree ? jig_installed_path(g->cache->root, e->kind, e->name, e->version)
                           : jig_blob_path(g->cache->root, &e->id),
    };
    if (g->n == BATCH)
        work_off(g);
    return g->code == JIG_OK;
}

static enum jig_code collect_share(struct collection *g, bool trees, struct jig_gc_share *share,
                                   struct jig_budget budget)
{
    struct jig_index_sum sums[2][JIG_CACHE_KIND_COUNT];
    enum jig_code code = jig_index_sums(g->index, sums, g->reterr);
    if (code == JIG_OK)
        code = fill_in(g->cache, &budget, g->reterr);
    if (code != JIG_OK)
        return code;
    for (int kind = 0; kind < JIG_CACHE_KIND_COUNT; kind++) {
        share->entries += sums[trees][kind].entries;
        share->bytes += sums[trees][kind].bytes;
    }
    g->trees = trees;
    g->share = share;
    g->aim = g->options->all ? 0 : share->bytes > budget.high ? budget.low : budget.high;
    code = jig_index_oldest(g->index, trees, add_candidate, g, g->reterr);
    work_off(g);
    return g->code != JIG_OK ? g->code : code;
}

/* What is in tmp/ with this number or hash: "x.lock" and one of x.part, x.tree, x.gone. */
static void clear_one(struct collection *g, const char *dir, const char *name)
{
    struct jig_lock lock = JIG_LOCK_INIT;
    struct jig_stamp s;
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    const char *ext = jig_path_ext(name);
    JIG_CLEANUP_FREE char *base = jig_xstrndup(path, strlen(path) - strlen(ext));
    JIG_CLEANUP_FREE char *lock_path = jig_strf("%s" JIG_LOCK_EXT, base);
    bool is_download = jig_streq(ext, ".part") && strlen(name) >= 64;
    if (jig_fs_stamp_link(path, &s, NULL) != JIG_OK)
        return;
    int64_t age_ms = jig_unix_ms() - s.mtime_ns / JIG_NS_PER_MS;
    if (is_download && !g->options->all && age_ms < PARTIAL_KEPT_MS)
        return;
    if (!jig_streq(ext, ".gone") && jig_lock_try(&lock, lock_path, "a collection", NULL) != JIG_OK)
        return; /* its writer lives */
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = g->options->dry_run ? JIG_OK : jig_fs_remove_tree(path, &err);
    if (jig_lock_held(&lock) && code == JIG_OK)
        code = jig_fs_remove_tree(lock_path, &err);
    jig_lock_release(&lock);
    if (code == JIG_OK && !jig_streq(ext, JIG_LOCK_EXT))
        g->result->leftovers++;
    if (code != JIG_OK && g->first.code == JIG_OK)
        g->first = err;
}

static enum jig_code clear_tmp(struct collection *g)
{
    struct jig_strv names = {0};
    JIG_CLEANUP_FREE char *dir = jig_cache_path(g->cache, "tmp");
    enum jig_code code = jig_fs_list(dir, &names, g->reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        code = jig_until_check(g->until, g->reterr);
        if (code == JIG_OK)
            clear_one(g, dir, names.v[i]);
    }
    jig_strv_release(&names);
    return code;
}

/* Who died while removing left the flag up, and each lease takes a lock since. */
static enum jig_code take_flag_down(struct collection *g)
{
    struct jig_evict *e;
    if (atomic_load(&jig_cache_control(g->cache)->evicting) == 0)
        return JIG_OK;
    enum jig_code code = jig_evict_begin(g->cache, g->until, &e, g->reterr);
    if (code == JIG_OK)
        jig_evict_end(e);
    return code;
}

static enum jig_code collect(struct jig_index *x, void *ctx, struct jig_err *reterr)
{
    struct collection *g = ctx;
    g->index = x;
    g->reterr = reterr;
    g->code = JIG_OK;
    g->first = (struct jig_err)JIG_ERR_INIT;
    *g->result = (struct jig_gc_result){0};
    enum jig_code code = take_flag_down(g);
    if (code == JIG_OK)
        code = clear_tmp(g);
    if (code == JIG_OK)
        code = collect_share(g, false, &g->result->archives, g->options->archives);
    if (code == JIG_OK)
        code = collect_share(g, true, &g->result->installed, g->options->installed);
    if (code == JIG_OK)
        code =
            jig_gc_objects(g->cache, g->options, g->until, &g->result->objects, &g->first, reterr);
    if (code == JIG_OK && g->first.code != JIG_OK) {
        code = g->first.code;
        if (reterr != NULL)
            *reterr = g->first;
    }
    return code;
}

enum jig_code jig_gc_run(struct jig_cache *c, const struct jig_gc_options *options,
                         const struct jig_until *until, struct jig_gc_result *ret,
                         struct jig_err *reterr)
{
    struct jig_lock lock = JIG_LOCK_INIT;
    struct jig_gc_result result;
    struct collection g = {.cache = c, .options = options, .until = until, .result = &result};
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_cache_ready(c, &err);
    JIG_CLEANUP_FREE char *path = jig_cache_path(c, "gc" JIG_LOCK_EXT);
    if (code == JIG_OK)
        code = jig_lock_wait(&lock, path, "a collection", until, &err);
    uint64_t added = code == JIG_OK ? atomic_load(&jig_cache_control(c)->added) : 0;
    if (code == JIG_OK)
        code = jig_cache_with_index(c, collect, &g, until, &err);
    if (code == JIG_OK && !options->dry_run)
        atomic_fetch_sub(&jig_cache_control(c)->added, added);
    jig_lock_release(&lock);
    if (code == JIG_OK)
        *ret = result;
    else if (reterr != NULL)
        *reterr = err;
    return code;
}

bool jig_gc_is_due(struct jig_cache *c)
{
    const struct jig_control *control = jig_cache_control(c);
    if (control == NULL)
        return false;
    return atomic_load(&control->added) >= DUE_BYTES || atomic_load(&control->ended) >= DUE_HOLDS;
}

struct counting {
    struct jig_cache *cache;
    struct jig_cache_stats *stats;
};

static enum jig_code count_leased(struct jig_cache *c, struct jig_index *x,
                                  struct jig_cache_stats *s, struct jig_err *reterr)
{
    struct jig_digest *ids = NULL;
    size_t n = 0, holders = 0;
    enum jig_code code = jig_leases_now(c, &holders, &ids, &n, reterr);
    for (size_t i = 0; i < n && code == JIG_OK; i++) {
        struct jig_index_entry e;
        code = jig_index_get(x, &ids[i], &e, reterr);
        if (code == JIG_OK) {
            s->leased.entries++;
            s->leased.bytes += e.size_bytes;
        } else if (code == JIG_NOT_FOUND) { /* of the second cache, or looked for in vain */
            jig_err_clear(reterr);
            code = JIG_OK;
        }
    }
    s->holders = holders;
    free(ids);
    return code;
}

static enum jig_walk add_file(void *ctx, const struct jig_walk_entry *e)
{
    struct jig_cache_sum *sum = ctx;
    struct jig_stamp s;
    if (e->is_dir)
        return JIG_WALK_INTO;
    if (!jig_str_ends(e->name, JIG_LOCK_EXT) && jig_fs_stamp_link(e->path, &s, NULL) == JIG_OK) {
        sum->entries++;
        sum->bytes += (uint64_t)s.size;
    }
    return JIG_WALK_ON;
}

/* A file that goes away meanwhile does not count; neither does a folder. */
static void sum_up(struct jig_cache *c, const char *folder, struct jig_cache_sum *sum)
{
    JIG_CLEANUP_FREE char *dir = jig_cache_path(c, folder);
    if (jig_fs_is_dir(dir) && jig_fs_walk(dir, false, add_file, sum, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "cache.stats", "%s changed while it was counted", dir);
}

static enum jig_code count(struct jig_index *x, void *ctx, struct jig_err *reterr)
{
    struct counting *k = ctx;
    struct jig_strv pins = {0};
    struct jig_index_sum sums[2][JIG_CACHE_KIND_COUNT];
    struct jig_cache_stats *s = k->stats;
    s->leased = s->objects = s->partial = (struct jig_cache_sum){0};
    enum jig_code code = jig_index_sums(x, sums, reterr);
    if (code == JIG_OK)
        code = count_leased(k->cache, x, s, reterr);
    if (code == JIG_OK)
        code = jig_pin_list(k->cache, &pins, reterr);
    if (code == JIG_OK)
        code = jig_fs_space(k->cache->root, &s->disk_bytes, &s->disk_free_bytes, reterr);
    for (int kind = 0; kind < JIG_CACHE_KIND_COUNT && code == JIG_OK; kind++) {
        s->archives[kind] = (struct jig_cache_sum){sums[0][kind].entries, sums[0][kind].bytes};
        s->installed[kind] = (struct jig_cache_sum){sums[1][kind].entries, sums[1][kind].bytes};
    }
    s->pinned = pins.n;
    sum_up(k->cache, "objects", &s->objects);
    sum_up(k->cache, "tmp", &s->partial);
    jig_strv_release(&pins);
    return code;
}

enum jig_code jig_cache_stats(struct jig_cache *c, const struct jig_gc_options *options,
                              const struct jig_until *until, struct jig_cache_stats *ret,
                              struct jig_err *reterr)
{
    struct jig_cache_stats stats = {.archives_budget = options->archives,
                                    .installed_budget = options->installed};
    struct counting k = {c, &stats};
    enum jig_code code = jig_cache_with_index(c, count, &k, until, reterr);
    if (code == JIG_OK)
        code = fill_in(c, &stats.archives_budget, reterr);
    if (code == JIG_OK)
        code = fill_in(c, &stats.installed_budget, reterr);
    stats.objects_budget = jig_gc_objects_budget(options);
    if (code == JIG_OK)
        *ret = stats;
    return code;
}
