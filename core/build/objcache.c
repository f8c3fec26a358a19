#include "core/build/objcache.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/shadow.h"
#include "core/os/file.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define MOST_TRACES    8
#define LARGEST_TRACES (8u << 20)
#define PRUNE_EACH     (64u << 20) /* look at the size after this many bytes were stored */

struct jig_objcache {
    char *dir;
    uint64_t max_bytes;
    const struct jig_objremote *remote; /* NULL: none */
    pthread_mutex_t mu;
    struct jig_objcache_stats stats; /* guarded by mu */
    uint64_t unpruned;               /* guarded by mu: bytes stored since the last prune */
};

struct jig_objcache *jig_objcache_new(const char *dir, uint64_t max_bytes)
{
    struct jig_objcache *c = jig_new(struct jig_objcache);
    c->dir = jig_xstrdup(dir);
    c->max_bytes = max_bytes;
    pthread_mutex_init(&c->mu, NULL);
    c->unpruned = PRUNE_EACH; /* what earlier daemons left is looked at once */
    return c;
}

void jig_objcache_set_remote(struct jig_objcache *c, const struct jig_objremote *remote)
{
    c->remote = remote;
}

void jig_objcache_free(struct jig_objcache *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->mu);
    free(c->dir);
    free(c);
}

struct jig_objcache_stats jig_objcache_stats(struct jig_objcache *c)
{
    pthread_mutex_lock(&c->mu);
    struct jig_objcache_stats s = c->stats;
    pthread_mutex_unlock(&c->mu);
    return s;
}

static void count(struct jig_objcache *c, uint64_t *counter)
{
    pthread_mutex_lock(&c->mu);
    (*counter)++;
    pthread_mutex_unlock(&c->mu);
}

static char *entry_path(const struct jig_objcache *c, const struct jig_digest *d,
                        const char *extension)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(d, hex);
    return jig_strf("%s/%.2s/%s%s", c->dir, hex, hex, extension);
}

/* The traces of one command; n is 0 when there is nothing usable. */
static size_t load_traces(const struct jig_objcache *c, const struct jig_digest *command,
                          struct jig_trace *out[MOST_TRACES])
{
    JIG_CLEANUP_FREE char *path = entry_path(c, command, ".traces");
    struct jig_buf file;
    struct jig_trace **traces = NULL;
    size_t n = 0;
    jig_buf_init(&file, LARGEST_TRACES);
    if (jig_fs_read(path, &file, NULL) != JIG_OK ||
        jig_traces_read(file.data, file.len, &traces, &n, NULL) != JIG_OK)
        n = 0;
    for (size_t i = 0; i < n; i++) {
        if (i < MOST_TRACES)
            out[i] = traces[i];
        else
            jig_trace_free(traces[i]);
    }
    free(traces);
    jig_buf_release(&file);
    return n < MOST_TRACES ? n : MOST_TRACES;
}

/* The inputs of a core's objects are the same few headers: each is looked at once. */
static bool holds(const struct jig_trace_file *input, const struct jig_objcache_place *place)
{
    JIG_CLEANUP_FREE char *path = jig_build_absolute(place->build_dir, input->path);
    struct jig_file_content *known = jig_map_get(place->looked, path);
    if (known == NULL) {
        struct jig_file_content now;
        if (jig_files_look(place->files, path, &now, NULL) != JIG_OK)
            return false;
        known = jig_new(struct jig_file_content);
        *known = now;
        jig_map_set(place->looked, path, known);
    }
    return jig_digest_equal(&known->sha256, &input->sha256);
}

static bool inputs_hold(struct jig_trace *t, const struct jig_objcache_place *place)
{
    if (t->opaque)
        return false;
    for (size_t i = 0; i < t->input_count; i++) {
        /* what is in the build folder is made by the build, and looked at each time */
        bool made = jig_str_starts(t->inputs[i].path, "{build}/");
        JIG_CLEANUP_FREE char *path = jig_build_absolute(place->build_dir, t->inputs[i].path);
        if (made)
            jig_map_remove(place->looked, path);
        if (!holds(&t->inputs[i], place))
            return false;
    }
    bool updated = false;
    JIG_CLEANUP_FREE char *in_the_way = jig_shadow_find(place->shadow, t, &updated);
    return in_the_way == NULL;
}

static bool take_output(struct jig_objcache *c, const struct jig_trace_file *output,
                        const char *build_dir)
{
    JIG_CLEANUP_FREE char *from = entry_path(c, &output->sha256, ".out");
    JIG_CLEANUP_FREE char *to = jig_build_absolute(build_dir, output->path);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(to);
    struct jig_digest content;
    if (jig_sha256_file(from, &content, NULL) != JIG_OK)
        return false;
    if (!jig_digest_equal(&content, &output->sha256)) {
        count(c, &c->stats.damaged);
        if (jig_fs_remove_tree(from, NULL) != JIG_OK)
            jig_log(JIG_LOG_DEBUG, "objcache.damaged", "%s is damaged and cannot be removed", from);
        return false;
    }
    utimensat(AT_FDCWD, from, NULL, 0); /* it was used */
    return jig_fs_mkdirs(dir, 0777, NULL) == JIG_OK &&
           jig_fs_copy(from, to, 0644, false, NULL) == JIG_OK;
}

static bool take_outputs(struct jig_objcache *c, const struct jig_trace *t, const char *build_dir)
{
    for (size_t i = 0; i < t->output_count; i++) {
        if (!take_output(c, &t->outputs[i], build_dir))
            return false;
    }
    return true;
}

static void count_stored(struct jig_objcache *c, const char *path)
{
    struct jig_stamp s;
    if (jig_fs_stamp(path, &s, NULL) != JIG_OK)
        return;
    pthread_mutex_lock(&c->mu);
    c->unpruned += (uint64_t)s.size;
    pthread_mutex_unlock(&c->mu);
}

static enum jig_code put_output(struct jig_objcache *c, const struct jig_trace_file *output,
                                const char *build_dir, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *to = entry_path(c, &output->sha256, ".out");
    JIG_CLEANUP_FREE char *from = jig_build_absolute(build_dir, output->path);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(to);
    if (jig_fs_exists(to))
        return JIG_OK;
    enum jig_code code = jig_fs_mkdirs(dir, 0700, reterr);
    if (code == JIG_OK)
        code = jig_fs_copy(from, to, 0444, false, reterr);
    if (code == JIG_OK)
        count_stored(c, to);
    return code;
}

/* The new trace first, then the old ones of other inputs. */
static enum jig_code put_traces(struct jig_objcache *c, const struct jig_trace *t,
                                struct jig_err *reterr)
{
    struct jig_trace *old[MOST_TRACES];
    const struct jig_trace *kept[MOST_TRACES] = {t};
    size_t n_old = load_traces(c, &t->command, old);
    size_t n = 1;
    for (size_t i = 0; i < n_old && n < MOST_TRACES; i++) {
        if (!jig_digest_equal(&old[i]->key, &t->key))
            kept[n++] = old[i];
    }
    struct jig_buf file;
    jig_buf_init(&file, LARGEST_TRACES);
    jig_traces_write(kept, n, &file);
    for (size_t i = 0; i < n_old; i++)
        jig_trace_free(old[i]);
    JIG_CLEANUP_FREE char *path = entry_path(c, &t->command, ".traces");
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    enum jig_code code = jig_buf_check(&file, path, reterr);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(dir, 0700, reterr);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(path, file.data, file.len, 0600, reterr);
    jig_buf_release(&file);
    return code;
}

/* ---- here, and elsewhere ---- */

/* The first of the traces that fits, with its outputs in place; the others are freed. */
static struct jig_trace *take_first(struct jig_objcache *c, struct jig_trace **traces, size_t n,
                                    const struct jig_objcache_place *place,
                                    bool (*bring)(struct jig_objcache *c, const struct jig_trace *t,
                                                  const struct jig_until *until),
                                    const struct jig_until *until)
{
    struct jig_trace *found = NULL;
    for (size_t i = 0; i < n; i++) {
        bool fits = found == NULL && inputs_hold(traces[i], place) &&
                    (bring == NULL || bring(c, traces[i], until)) &&
                    take_outputs(c, traces[i], place->build_dir);
        if (fits)
            found = traces[i];
        else
            jig_trace_free(traces[i]);
    }
    return found;
}

static struct jig_trace *fetch_here(struct jig_objcache *c, const struct jig_digest *command,
                                    const struct jig_objcache_place *place)
{
    struct jig_trace *traces[MOST_TRACES];
    size_t n = load_traces(c, command, traces);
    struct jig_trace *found = take_first(c, traces, n, place, NULL, NULL);
    if (found != NULL) {
        JIG_CLEANUP_FREE char *path = entry_path(c, command, ".traces");
        utimensat(AT_FDCWD, path, NULL, 0);
    }
    return found;
}

/* From the other machine into our folder. */
static bool bring_outputs(struct jig_objcache *c, const struct jig_trace *t,
                          const struct jig_until *until)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < t->output_count; i++) {
        JIG_CLEANUP_FREE char *path = entry_path(c, &t->outputs[i].sha256, ".out");
        JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
        if (jig_fs_exists(path))
            continue;
        code = jig_fs_mkdirs(dir, 0700, &err);
        if (code == JIG_OK)
            code = c->remote->bring(c->remote->ctx, &t->outputs[i].sha256, path, until, &err);
        if (code == JIG_OK)
            count_stored(c, path);
    }
    if (code != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "objcache.not_brought", "%s", err.message);
    return code == JIG_OK;
}

static struct jig_trace *fetch_remote(struct jig_objcache *c,
                                      const struct jig_objcache_wanted *wanted,
                                      const struct jig_objcache_place *place)
{
    const struct jig_objremote_wanted ours = {wanted->action, wanted->command, wanted->tool,
                                              place->build_dir};
    struct jig_until soon =
        jig_until_sooner(wanted->until, jig_deadline_in_ms(JIG_OBJREMOTE_WAIT_MS));
    struct jig_trace *traces[JIG_OBJREMOTE_TRACES_MAX];
    size_t n = jig_objremote_look(c->remote, &ours, &soon, traces);
    struct jig_trace *found = take_first(c, traces, n, place, bring_outputs, &soon);
    struct jig_err err = JIG_ERR_INIT;
    if (found != NULL && put_traces(c, found, &err) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "objcache.not_stored", "%s", err.message);
    count(c, found != NULL ? &c->stats.remote_hits : &c->stats.remote_misses);
    return found;
}

struct jig_trace *jig_objcache_fetch(struct jig_objcache *c,
                                     const struct jig_objcache_wanted *wanted,
                                     const struct jig_objcache_place *place, bool *ret_remote)
{
    struct jig_trace *found = fetch_here(c, wanted->command, place);
    bool ask = found == NULL && c->remote != NULL && jig_objremote_shares(wanted->action);
    if (ask)
        found = fetch_remote(c, wanted, place);
    *ret_remote = ask && found != NULL;
    count(c, found != NULL ? &c->stats.hits : &c->stats.misses);
    return found;
}

/* See objremote.h. */
static void put_bare(const struct jig_trace *t, struct jig_buf *out)
{
    struct jig_trace bare = *t;
    const struct jig_trace *one = &bare;
    bare.argv = (struct jig_strv){0};
    jig_traces_write(&one, 1, out);
}

static void offer(struct jig_objcache *c, const struct jig_trace *t)
{
    struct jig_objremote_output *outputs = jig_xcalloc(t->output_count, sizeof *outputs);
    struct jig_strv paths = {0};
    struct jig_buf file;
    jig_buf_init(&file, JIG_OBJREMOTE_BYTES_MAX);
    put_bare(t, &file);
    for (size_t i = 0; i < t->output_count; i++)
        jig_strv_append_take(&paths, entry_path(c, &t->outputs[i].sha256, ".out"));
    for (size_t i = 0; i < t->output_count; i++)
        outputs[i] = (struct jig_objremote_output){t->outputs[i].sha256, paths.v[i]};
    const struct jig_objremote_offer what = {.key = jig_objremote_key(&t->command),
                                             .traces = file.data,
                                             .size = file.len,
                                             .outputs = outputs,
                                             .output_count = t->output_count};
    if (!file.failed)
        c->remote->offer(c->remote->ctx, &what);
    jig_buf_release(&file);
    jig_strv_release(&paths);
    free(outputs);
}

void jig_objcache_store(struct jig_objcache *c, const struct jig_action *a,
                        const struct jig_trace *t, const char *build_dir)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < t->output_count; i++)
        code = put_output(c, &t->outputs[i], build_dir, &err);
    if (code == JIG_OK)
        code = put_traces(c, t, &err);
    if (code != JIG_OK) {
        jig_log(JIG_LOG_DEBUG, "objcache.not_stored", "%s", err.message);
        return;
    }
    count(c, &c->stats.stored);
    if (c->remote != NULL && jig_objremote_shares(a) && jig_objremote_is_portable(t))
        offer(c, t);
}

struct entry {
    char *path;
    int64_t used_ns;
    uint64_t size;
};

struct entries {
    struct entry *items;
    size_t n;
    size_t cap;
    uint64_t total;
};

static enum jig_walk collect(void *ctx, const struct jig_walk_entry *e)
{
    struct entries *all = ctx;
    if (e->is_dir)
        return JIG_WALK_INTO;
    struct jig_stamp s;
    if (jig_fs_stamp(e->path, &s, NULL) == JIG_OK) {
        all->items = jig_grow(all->items, &all->cap, all->n, sizeof *all->items);
        all->items[all->n++] =
            (struct entry){jig_xstrdup(e->path), jig_stamp_used_ns(&s), (uint64_t)s.size};
        all->total += (uint64_t)s.size;
    }
    return JIG_WALK_ON;
}

static int oldest_first(const void *a, const void *b)
{
    int64_t x = ((const struct entry *)a)->used_ns;
    int64_t y = ((const struct entry *)b)->used_ns;
    return x < y ? -1 : x > y;
}

void jig_objcache_prune(struct jig_objcache *c)
{
    pthread_mutex_lock(&c->mu);
    bool due = c->unpruned >= PRUNE_EACH;
    if (due)
        c->unpruned = 0;
    pthread_mutex_unlock(&c->mu);
    struct entries all = {0};
    if (!due || !jig_fs_is_dir(c->dir) || jig_fs_walk(c->dir, false, collect, &all, NULL) != JIG_OK)
        goto out;
    if (all.total > c->max_bytes) {
        qsort(all.items, all.n, sizeof *all.items, oldest_first);
        for (size_t i = 0; i < all.n && all.total > c->max_bytes / 4 * 3; i++) {
            if (jig_fs_remove_tree(all.items[i].path, NULL) == JIG_OK)
                all.total -= all.items[i].size;
        }
    }
out:
    for (size_t i = 0; i < all.n; i++)
        free(all.items[i].path);
    free(all.items);
}
