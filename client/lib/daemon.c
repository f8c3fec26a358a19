#include <jig/daemon.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "core/os/detached.h"
#include "jig/v1/daemon.pb-c.h"

static struct jig_target target(const char *method)
{
    return jig_target_of(&jig__v1__daemon_service__descriptor, method);
}

static bool fill_status(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    (void)arena;
    const Jig__V1__GetStatusResponse *in = (const void *)reply;
    *(struct jig_daemon_status *)result = (struct jig_daemon_status){
        .version = in->version,
        .protocol_version = in->protocol_version,
        .pid = in->pid,
        .uptime_ms = in->uptime_ms,
        .active_operations = in->active_operations,
        .monitors = in->monitors,
        .endpoints = jig_convert_strings(in->endpoints, in->n_endpoints),
        .rss_bytes = in->rss_bytes,
        .idle_exit_ms = in->idle_exit_ms,
        .state_directory = in->state_directory,
        .cache_directory = in->cache_directory,
    };
    return true;
}

enum jig_status jig_client_get_status(struct jig_client *client, int64_t deadline_ns,
                                      const struct jig_daemon_status **ret,
                                      struct jig_error *reterr)
{
    Jig__V1__GetStatusRequest request = JIG__V1__GET_STATUS_REQUEST__INIT;
    return jig_call_typed(client, target("GetStatus"), &request.base, deadline_ns, sizeof **ret,
                          fill_status, (const void **)ret, reterr);
}

static bool fill_counters(struct jig_arena *arena, const Jig__V1__GetStatsResponse *in,
                          struct jig_daemon_stats *out)
{
    struct jig_counter *items = jig_result_items(arena, in->n_counters, sizeof *items);
    if (items == NULL && in->n_counters > 0)
        return false;
    for (size_t i = 0; i < in->n_counters; i++)
        items[i] =
            (struct jig_counter){.name = in->counters[i]->name, .value = in->counters[i]->value};
    out->counters = items;
    out->counter_count = in->n_counters;
    return true;
}

static bool fill_histograms(struct jig_arena *arena, const Jig__V1__GetStatsResponse *in,
                            struct jig_daemon_stats *out)
{
    struct jig_histogram_figures *items = jig_result_items(arena, in->n_histograms, sizeof *items);
    if (items == NULL && in->n_histograms > 0)
        return false;
    for (size_t i = 0; i < in->n_histograms; i++) {
        const Jig__V1__Histogram *h = in->histograms[i];
        items[i] = (struct jig_histogram_figures){
            .name = h->name,
            .count = h->count,
            .sum_us = h->sum_us,
            .min_us = h->min_us,
            .p50_us = h->p50_us,
            .p90_us = h->p90_us,
            .p99_us = h->p99_us,
            .max_us = h->max_us,
        };
    }
    out->histograms = items;
    out->histogram_count = in->n_histograms;
    return true;
}

static bool fill_memos(struct jig_arena *arena, const Jig__V1__GetStatsResponse *in,
                       struct jig_daemon_stats *out)
{
    struct jig_memo *items = jig_result_items(arena, in->n_memos, sizeof *items);
    if (items == NULL && in->n_memos > 0)
        return false;
    for (size_t i = 0; i < in->n_memos; i++) {
        const Jig__V1__Memo *m = in->memos[i];
        items[i] = (struct jig_memo){
            .name = m->name,
            .hits = m->hits,
            .misses = m->misses,
            .fallbacks = m->fallbacks,
            .entries = m->entries,
        };
    }
    out->memos = items;
    out->memo_count = in->n_memos;
    return true;
}

static bool fill_stats(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__GetStatsResponse *in = (const void *)reply;
    struct jig_daemon_stats *out = result;
    *out = (struct jig_daemon_stats){0};
    return fill_counters(arena, in, out) && fill_histograms(arena, in, out) &&
           fill_memos(arena, in, out);
}

enum jig_status jig_client_get_stats(struct jig_client *client, int64_t deadline_ns,
                                     const struct jig_daemon_stats **ret, struct jig_error *reterr)
{
    Jig__V1__GetStatsRequest request = JIG__V1__GET_STATS_REQUEST__INIT;
    return jig_call_typed(client, target("GetStats"), &request.base, deadline_ns, sizeof **ret,
                          fill_stats, (const void **)ret, reterr);
}

static bool fill_logs(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    (void)arena;
    const Jig__V1__GetLogsResponse *in = (const void *)reply;
    *(struct jig_daemon_logs *)result = (struct jig_daemon_logs){
        .lines = jig_convert_strings(in->lines, in->n_lines), .path = in->path};
    return true;
}

enum jig_status jig_client_get_logs(struct jig_client *client, uint32_t max_lines,
                                    int64_t deadline_ns, const struct jig_daemon_logs **ret,
                                    struct jig_error *reterr)
{
    Jig__V1__GetLogsRequest request = JIG__V1__GET_LOGS_REQUEST__INIT;
    request.max_lines = max_lines;
    return jig_call_typed(client, target("GetLogs"), &request.base, deadline_ns, sizeof **ret,
                          fill_logs, (const void **)ret, reterr);
}

static bool fill_pid(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    (void)arena;
    *(int64_t *)result = ((const Jig__V1__ShutdownResponse *)reply)->pid;
    return true;
}

static enum jig_status wait_gone(struct jig_client *client, int64_t deadline_ns,
                                 struct jig_error *reterr)
{
    if (client->peer_pid <= 0)
        return jig_wait_hung_up(client, deadline_ns, reterr);
    struct jig_err why;
    if (jig_detached_wait_gone(client->peer_pid, deadline_ns, &why) == JIG_OK)
        return JIG_STATUS_OK;
    return jig_error_set(reterr, (enum jig_status)why.code, "jigd: %s", why.message);
}

enum jig_status jig_client_shutdown(struct jig_client *client, bool force, int64_t deadline_ns,
                                    int64_t *ret_pid, struct jig_error *reterr)
{
    Jig__V1__ShutdownRequest request = JIG__V1__SHUTDOWN_REQUEST__INIT;
    request.force = force;
    const void *result = NULL;
    enum jig_status status = jig_call_typed(client, target("Shutdown"), &request.base, deadline_ns,
                                            sizeof(int64_t), fill_pid, &result, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    int64_t pid = *(const int64_t *)result;
    jig_client_free(result);
    status = wait_gone(client, deadline_ns, reterr);
    jig_sp_release(&client->sp);
    if (status == JIG_STATUS_OK && ret_pid != NULL)
        *ret_pid = pid;
    return status;
}
