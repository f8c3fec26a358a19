/* /jig.v1.DaemonService/GetStats */
#include "core/base/mem.h"
#include "service/builder.h"
#include "service/handlers/handlers.h"
#include "service/run/stats.h"
#include "service/wire/messages.h"

#define MOST_COUNTERS 64

/* The reply while it is filled. */
struct answer {
    Jig__V1__Counter counters[MOST_COUNTERS];
    Jig__V1__Counter *pointers[MOST_COUNTERS];
    size_t n;
};

static void put(struct answer *a, const char *name, int64_t value)
{
    if (a->n == MOST_COUNTERS)
        return;
    Jig__V1__Counter *c = &a->counters[a->n];
    jig__v1__counter__init(c);
    c->name = (char *)name;
    c->value = value;
    a->pointers[a->n++] = c;
}

/* What the build engine's memos answered, and what they had to look up. */
static void put_builds(struct answer *a, struct jig_builder *builder)
{
    struct jig_build_engine_stats s = jig_build_engine_stats(jig_builder_engine(builder));
    const struct {
        const char *name;
        uint64_t value;
    } rows[] = {
        {"build.builds", s.builds},
        {"build.up_to_date", s.up_to_date},
        {"files.looks", s.files.looks},
        {"files.hits", s.files.hits},
        {"files.hashed", s.files.hashed},
        {"files.racy", s.files.racy},
        {"files.remembered", s.files.entries},
        {"objects.hits", s.objects.hits},
        {"objects.misses", s.objects.misses},
        {"objects.stored", s.objects.stored},
        {"objects.damaged", s.objects.damaged},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++)
        put(a, rows[i].name, (int64_t)rows[i].value);
}

void jig_handle_daemon_stats(const struct jig_env *env, struct jig_call *call)
{
    Jig__V1__GetStatsResponse reply = JIG__V1__GET_STATS_RESPONSE__INIT;
    struct answer a = {.n = 0};
    for (int i = 0; i < JIG_STAT_COUNT; i++)
        put(&a, jig_stat_name((enum jig_stat)i), jig_stats_get(env->stats, (enum jig_stat)i));
    if (env->builder != NULL)
        put_builds(&a, env->builder);
    reply.n_counters = a.n;
    reply.counters = a.pointers;
    jig_call_reply(call, &reply.base);
}
