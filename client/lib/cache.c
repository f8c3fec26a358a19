#include <jig/cache.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "client/lib/project_call.h"
#include "jig/v1/cache.pb-c.h"

static struct jig_target target(const char *method)
{
    return jig_target_of(&jig__v1__cache_service__descriptor, method);
}

static bool fill_kinds(struct jig_arena *arena, const Jig__V1__GetCacheStatsResponse *in,
                       struct jig_cache_figures *out)
{
    struct jig_cache_kind_figures *items = jig_result_items(arena, in->n_kinds, sizeof *items);
    if (items == NULL && in->n_kinds > 0)
        return false;
    for (size_t i = 0; i < in->n_kinds; i++) {
        const Jig__V1__CacheKindStats *k = in->kinds[i];
        items[i] = (struct jig_cache_kind_figures){
            .kind = k->kind,
            .archives = k->archives,
            .archives_bytes = k->archives_bytes,
            .installed = k->installed,
            .installed_bytes = k->installed_bytes,
        };
    }
    out->kinds = items;
    out->kind_count = in->n_kinds;
    return true;
}

static void fill_remote(const Jig__V1__CacheRemote *in, struct jig_cache_figures *out)
{
    out->remote_url = in != NULL ? in->url : "";
    if (in == NULL)
        return;
    out->remote_read_only = in->read_only;
    out->remote_left_alone = in->left_alone;
    out->remote_hits = (int64_t)in->hits;
    out->remote_misses = (int64_t)in->misses;
    out->remote_failures = (int64_t)in->failures;
    out->remote_sent = (int64_t)in->sent;
}

static bool fill_stats(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__GetCacheStatsResponse *in = (const void *)reply;
    struct jig_cache_figures *out = result;
    *out = (struct jig_cache_figures){
        .directory = in->directory,
        .second_directory = in->second_directory,
        .total_bytes = in->total_bytes,
        .unfinished_bytes = in->unfinished_bytes,
        .leased_entries = in->leased_entries,
        .leased_bytes = in->leased_bytes,
        .holders = in->holders,
        .pins = jig_convert_strings(in->pins, in->n_pins),
        .disk_bytes = in->disk_bytes,
        .disk_free_bytes = in->disk_free_bytes,
    };
    if (in->archives_budget != NULL) {
        out->archives_high_bytes = in->archives_budget->high_bytes;
        out->archives_low_bytes = in->archives_budget->low_bytes;
    }
    if (in->installed_budget != NULL) {
        out->installed_high_bytes = in->installed_budget->high_bytes;
        out->installed_low_bytes = in->installed_budget->low_bytes;
    }
    if (in->objects_budget != NULL) {
        out->objects_high_bytes = in->objects_budget->high_bytes;
        out->objects_low_bytes = in->objects_budget->low_bytes;
    }
    fill_remote(in->remote, out);
    return fill_kinds(arena, in, out);
}

enum jig_status jig_client_get_cache_stats(struct jig_client *client, int64_t deadline_ns,
                                           const struct jig_cache_figures **ret,
                                           struct jig_error *reterr)
{
    Jig__V1__GetCacheStatsRequest request = JIG__V1__GET_CACHE_STATS_REQUEST__INIT;
    return jig_call_typed(client, target("GetCacheStats"), &request.base, deadline_ns, sizeof **ret,
                          fill_stats, (const void **)ret, reterr);
}

static bool fill_collection(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__StartCollectionResponse *)reply)->operation,
                               result);
}

enum jig_status jig_client_start_collection(struct jig_client *client,
                                            const struct jig_collection_options *options,
                                            int64_t deadline_ns, const struct jig_operation **ret,
                                            struct jig_error *reterr)
{
    static const struct jig_collection_options none = {0};
    if (options == NULL)
        options = &none;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartCollectionRequest request = JIG__V1__START_COLLECTION_REQUEST__INIT;
    request.all = options->all;
    request.dry_run = options->dry_run;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    return jig_call_typed(client, target("StartCollection"), &request.base, deadline_ns,
                          sizeof **ret, fill_collection, (const void **)ret, reterr);
}

static bool fill_verification(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(
        arena, ((const Jig__V1__StartVerificationResponse *)reply)->operation, result);
}

enum jig_status jig_client_start_verification(struct jig_client *client,
                                              const struct jig_verification_options *options,
                                              int64_t deadline_ns, const struct jig_operation **ret,
                                              struct jig_error *reterr)
{
    static const struct jig_verification_options none = {0};
    if (options == NULL)
        options = &none;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartVerificationRequest request = JIG__V1__START_VERIFICATION_REQUEST__INIT;
    request.repair = options->repair;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    return jig_call_typed(client, target("StartVerification"), &request.base, deadline_ns,
                          sizeof **ret, fill_verification, (const void **)ret, reterr);
}

enum jig_status jig_client_set_pin(struct jig_client *client, const char *entry, bool pinned,
                                   int64_t deadline_ns, struct jig_error *reterr)
{
    Jig__V1__SetPinRequest request = JIG__V1__SET_PIN_REQUEST__INIT;
    request.entry = (char *)(uintptr_t)entry;
    request.pinned = pinned;
    return jig_call_void(client, target("SetPin"), &request.base, deadline_ns, reterr);
}
