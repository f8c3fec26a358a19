/* /jig.v1.CacheService/GetCacheStats */
#include "core/blob/pin.h"
#include "core/fetch/remote.h"
#include "service/caching.h"
#include "service/handlers/handlers.h"
#include "service/sharing.h"

struct reply {
    Jig__V1__GetCacheStatsResponse message;
    Jig__V1__CacheKindStats kinds[JIG_CACHE_KIND_COUNT];
    Jig__V1__CacheKindStats *pointers[JIG_CACHE_KIND_COUNT];
    Jig__V1__CacheBudget archives;
    Jig__V1__CacheBudget installed;
    Jig__V1__CacheBudget objects;
    Jig__V1__CacheRemote remote;
    uint64_t total;
};

static void add_kinds(struct reply *r, const struct jig_cache_stats *s)
{
    for (int kind = 0; kind < JIG_CACHE_KIND_COUNT; kind++) {
        bool objects = kind == JIG_CACHE_OBJECTS; /* which have no other folders */
        const struct jig_cache_sum *archives = &s->archives[kind];
        const struct jig_cache_sum *installed = objects ? &s->objects : &s->installed[kind];
        r->total += archives->bytes + installed->bytes;
        if (archives->entries == 0 && installed->entries == 0)
            continue;
        Jig__V1__CacheKindStats *k = &r->kinds[r->message.n_kinds];
        jig__v1__cache_kind_stats__init(k);
        k->kind = (char *)jig_cache_kind_name((enum jig_cache_kind)kind);
        k->archives = (int64_t)archives->entries;
        k->archives_bytes = (int64_t)archives->bytes;
        k->installed = (int64_t)installed->entries;
        k->installed_bytes = (int64_t)installed->bytes;
        r->pointers[r->message.n_kinds++] = k;
    }
    r->message.kinds = r->pointers;
}

static Jig__V1__CacheBudget *budget(Jig__V1__CacheBudget *out, const struct jig_budget *b)
{
    jig__v1__cache_budget__init(out);
    out->high_bytes = (int64_t)b->high;
    out->low_bytes = (int64_t)b->low;
    return out;
}

static void add_remote(Jig__V1__CacheRemote *out, const struct jig_remote_stats *s)
{
    out->read_only = s->read_only;
    out->left_alone = out->left_alone || s->is_down;
    out->hits += s->hits;
    out->misses += s->misses;
    out->failures += s->failures;
    out->sent += s->sent;
}

/* Downloads and objects have a way to it each. */
static void fill_remote(struct reply *r, const struct jig_env *env)
{
    if (env->remote == NULL)
        return;
    jig__v1__cache_remote__init(&r->remote);
    r->remote.url = (char *)jig_remote_url(env->remote);
    struct jig_remote_stats downloads = jig_remote_stats(env->remote);
    add_remote(&r->remote, &downloads);
    if (env->sharing != NULL) {
        struct jig_sharing_stats objects = jig_sharing_stats(env->sharing);
        add_remote(&r->remote, &objects.remote);
    }
    r->message.remote = &r->remote;
}

static void fill(struct reply *r, struct jig_cache *cache, const struct jig_cache_stats *s,
                 struct jig_strv *pins)
{
    Jig__V1__GetCacheStatsResponse *m = &r->message;
    jig__v1__get_cache_stats_response__init(m);
    r->total = s->partial.bytes;
    add_kinds(r, s);
    m->directory = (char *)jig_cache_root(cache);
    if (jig_cache_second(cache) != NULL)
        m->second_directory = (char *)jig_cache_second(cache);
    m->archives_budget = budget(&r->archives, &s->archives_budget);
    m->installed_budget = budget(&r->installed, &s->installed_budget);
    m->objects_budget = budget(&r->objects, &s->objects_budget);
    m->total_bytes = (int64_t)r->total;
    m->unfinished_bytes = (int64_t)s->partial.bytes;
    m->leased_entries = (int64_t)s->leased.entries;
    m->leased_bytes = (int64_t)s->leased.bytes;
    m->holders = (int64_t)s->holders;
    m->n_pins = pins->n;
    m->pins = pins->v;
    m->disk_bytes = (int64_t)s->disk_bytes;
    m->disk_free_bytes = (int64_t)s->disk_free_bytes;
}

/* In a thread that may block. */
static void count(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    struct jig_caching *caching = env->caching;
    struct jig_gc_options budgets = jig_caching_budgets(caching);
    struct jig_cache *cache = jig_caching_cache(caching);
    struct jig_cache_stats stats;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv pins = {0};
    struct reply *r = jig_call_alloc(call, sizeof *r);
    enum jig_code code =
        r != NULL ? jig_cache_stats(cache, &budgets, &JIG_UNTIL_FOREVER, &stats, &err)
                  : jig_err_set(&err, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
    if (code == JIG_OK)
        code = jig_pin_list(cache, &pins, &err);
    if (code == JIG_OK) {
        fill(r, cache, &stats, &pins);
        fill_remote(r, env);
        jig_call_reply(call, &r->message.base);
    } else {
        jig_call_fail(call, &err, NULL);
    }
    jig_strv_release(&pins);
}

void jig_handle_cache_stats(const struct jig_env *env, struct jig_call *call)
{
    jig_call_run_in(call, env->reading, count, (void *)env);
}
