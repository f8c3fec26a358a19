/* /jig.v1.DaemonService/GetStats */
#include "core/base/mem.h"
#include "core/device/trust.h"
#include "service/deployer.h"
#include "service/handlers/handlers.h"
#include "service/run/stats.h"
#include "service/run/times.h"
#include "service/sharing.h"
#include "service/warm.h"
#include "service/wire/messages.h"

/* ---- what the memos answered: a new one is a row of the table below ---- */

/* All that is asked of at once, so that figures belong together. */
struct sources {
    struct jig_build_engine_stats builds;
    struct jig_warm_stats warm;
    struct jig_targets_stats targets;
    struct jig_deployer_stats deploys;
    struct jig_trust_stats trust;
    struct jig_sharing_stats sharing;
};

static void read_files(const struct sources *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->builds.files.hits;
    memo->fallbacks = (int64_t)s->builds.files.racy;
    memo->misses = (int64_t)(s->builds.files.hashed - s->builds.files.racy);
    memo->entries = (int64_t)s->builds.files.entries;
}

static void read_objects(const struct sources *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->builds.objects.hits;
    memo->misses = (int64_t)s->builds.objects.misses;
    memo->fallbacks = (int64_t)s->builds.objects.damaged;
}

static void read_records(const struct sources *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->builds.records.hits;
    memo->misses = (int64_t)s->builds.records.misses;
    memo->entries = (int64_t)s->builds.records.entries;
}

static void read_warm(const struct sources *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->warm.watched;
    memo->misses = (int64_t)s->warm.none;
    memo->fallbacks = (int64_t)s->warm.walked;
    memo->entries = (int64_t)s->warm.live;
}

static void read_images(const struct sources *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->deploys.images.hits;
    memo->misses = (int64_t)(s->deploys.images.looks - s->deploys.images.hits);
    memo->entries = (int64_t)s->deploys.images.entries;
}

static void read_trust(const struct sources *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->deploys.trusted;
    memo->fallbacks = (int64_t)s->deploys.compared;
    memo->misses = (int64_t)s->deploys.written;
}

static void put_memo(const struct jig_memo_stats *s, Jig__V1__Memo *memo)
{
    memo->hits = (int64_t)s->hits;
    memo->misses = (int64_t)s->misses;
    memo->fallbacks = (int64_t)s->fallbacks;
    memo->entries = (int64_t)s->entries;
}

static void read_tools(const struct sources *s, Jig__V1__Memo *memo)
{
    put_memo(&s->builds.tools, memo);
}

static void read_probes(const struct sources *s, Jig__V1__Memo *memo)
{
    put_memo(&s->builds.probes, memo);
}

static void read_platforms(const struct sources *s, Jig__V1__Memo *memo)
{
    put_memo(&s->targets.platforms, memo);
}

static void read_libraries(const struct sources *s, Jig__V1__Memo *memo)
{
    put_memo(&s->targets.libraries, memo);
}

static const struct memo_row {
    const char *name;
    void (*read)(const struct sources *s, Jig__V1__Memo *memo);
} memo_rows[] = {
    {"files", read_files},         /* contents of files, by stamp */
    {"records", read_records},     /* what build folders remember */
    {"objects", read_objects},     /* what compilers made, shared by projects */
    {"builds", read_warm},         /* whole answers; fallbacks: by a walk */
    {"images", read_images},       /* hashes of images, by the stamps of their parts */
    {"trust", read_trust},         /* what boards hold; a fallback asked the board */
    {"tools", read_tools},         /* what tools are, by the stamps of their parts */
    {"probes", read_probes},       /* what sources ask of the disk, by their content */
    {"platforms", read_platforms}, /* all of their files, by stamp */
    {"libraries", read_libraries}, /* folders of them, likewise */
};

static void put_memos(const struct sources *s, Jig__V1__GetStatsResponse *reply,
                      Jig__V1__Memo *memos, Jig__V1__Memo **pointers)
{
    for (size_t i = 0; i < JIG_COUNT(memo_rows); i++) {
        jig__v1__memo__init(&memos[i]);
        memos[i].name = (char *)memo_rows[i].name;
        memo_rows[i].read(s, &memos[i]);
        pointers[i] = &memos[i];
    }
    reply->n_memos = JIG_COUNT(memo_rows);
    reply->memos = pointers;
}

/* ---- counters ---- */

#define MOST_COUNTERS (JIG_STAT_COUNT + 32)

struct counters {
    Jig__V1__Counter items[MOST_COUNTERS];
    Jig__V1__Counter *pointers[MOST_COUNTERS];
    size_t n;
};

static void count(struct counters *c, const char *name, int64_t value)
{
    Jig__V1__Counter *item = &c->items[c->n];
    jig__v1__counter__init(item);
    item->name = (char *)name;
    item->value = value;
    c->pointers[c->n++] = item;
}

static void put_counters(const struct jig_env *env, const struct sources *s,
                         Jig__V1__GetStatsResponse *reply, struct counters *c)
{
    c->n = 0;
    for (int i = 0; i < JIG_STAT_COUNT; i++)
        count(c, jig_stat_name((enum jig_stat)i), jig_stats_get(env->stats, (enum jig_stat)i));
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"build.builds", s->builds.builds},
        {"build.up_to_date", s->builds.up_to_date},
        {"build.narrow", s->builds.narrow},   /* looked at no more than what changed */
        {"build.planned", s->builds.planned}, /* of these: were planned as the one before */
        {"files.looks", s->builds.files.looks},
        {"objects.stored", s->builds.objects.stored},
        {"objects.remote_hits", s->builds.objects.remote_hits},     /* of objects' hits */
        {"objects.remote_misses", s->builds.objects.remote_misses}, /* asked in vain */
        {"objects.remote_failures", s->sharing.remote.failures},    /* of the remote cache */
        {"objects.remote_sent", s->sharing.sent},
        {"objects.remote_dropped", s->sharing.dropped}, /* instead of sent */
        {"objects.remote_waiting", s->sharing.waiting}, /* to be sent */
        {"trust.known", s->trust.known},                /* devices */
        {"trust.revoked", s->trust.revoked},            /* something happened to one */
        {"watch.lists", s->warm.watcher.watches},
        {"watch.names", s->warm.watcher.names},
        {"watch.folders", s->warm.watcher.folders},
        {"watch.maybe_open", s->warm.watcher.maybe_open},
        {"watch.bytes", s->warm.watcher.bytes},
        {"watch.events", s->warm.watcher.events},
        {"watch.overflows", s->warm.watcher.overflows},
        {"watch.lost", s->warm.lost},       /* answers that events cannot vouch for any more */
        {"watch.refused", s->warm.refused}, /* lists that cannot be watched */
        {"watch.pending", s->warm.pending}, /* to be watched, or looked at */
        {"watch.looks_ahead", s->warm.look_ahead},
    };
    _Static_assert(JIG_COUNT(rows) + JIG_STAT_COUNT <= MOST_COUNTERS, "all counters fit");
    for (size_t i = 0; env->builder != NULL && i < JIG_COUNT(rows); i++)
        count(c, rows[i].name, (int64_t)rows[i].value);
    reply->n_counters = c->n;
    reply->counters = c->pointers;
}

/* ---- times ---- */

struct histograms {
    struct jig_time times[JIG_TIMES_MAX];
    Jig__V1__Histogram items[JIG_TIMES_MAX];
    Jig__V1__Histogram *pointers[JIG_TIMES_MAX];
};

static void put_histograms(const struct jig_env *env, Jig__V1__GetStatsResponse *reply,
                           struct histograms *h)
{
    size_t n = env->times != NULL ? jig_times_read(env->times, h->times) : 0;
    for (size_t i = 0; i < n; i++) {
        const struct jig_time *t = &h->times[i];
        Jig__V1__Histogram *item = &h->items[i];
        jig__v1__histogram__init(item);
        item->name = (char *)t->name;
        item->count = (int64_t)t->count;
        item->sum_us = t->sum_us;
        item->min_us = t->least_us;
        item->p50_us = t->p50_us;
        item->p90_us = t->p90_us;
        item->p99_us = t->p99_us;
        item->max_us = t->most_us;
        h->pointers[i] = item;
    }
    reply->n_histograms = n;
    reply->histograms = h->pointers;
}

void jig_handle_daemon_stats(const struct jig_env *env, struct jig_call *call)
{
    Jig__V1__GetStatsResponse reply = JIG__V1__GET_STATS_RESPONSE__INIT;
    Jig__V1__Memo memos[JIG_COUNT(memo_rows)], *memo_pointers[JIG_COUNT(memo_rows)];
    struct sources sources = {0};
    struct counters counters;
    struct histograms *histograms = jig_call_alloc(call, sizeof *histograms);
    if (histograms == NULL) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    if (env->builder != NULL) {
        sources.builds = jig_build_engine_stats(jig_builder_engine(env->builder));
        sources.warm = jig_warm_stats(jig_builder_warm(env->builder));
        sources.targets = jig_targets_stats(jig_builder_targets(env->builder));
    }
    if (env->sharing != NULL)
        sources.sharing = jig_sharing_stats(env->sharing);
    if (env->deployer != NULL)
        sources.deploys = jig_deployer_stats(env->deployer);
    if (env->trust != NULL)
        jig_trust_stats(env->trust, &sources.trust);
    put_counters(env, &sources, &reply, &counters);
    put_histograms(env, &reply, histograms);
    if (env->builder != NULL)
        put_memos(&sources, &reply, memos, memo_pointers);
    jig_call_reply(call, &reply.base);
}
