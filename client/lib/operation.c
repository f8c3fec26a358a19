#include <jig/operation.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"

static struct jig_target target(const char *method)
{
    return jig_target_of(&jig__v1__operation_service__descriptor, method);
}

static bool fill_list(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__ListOperationsResponse *in = (const void *)reply;
    struct jig_operation *items = jig_result_items(arena, in->n_operations, sizeof *items);
    if (items == NULL && in->n_operations > 0)
        return false;
    for (size_t i = 0; i < in->n_operations; i++) {
        if (!jig_convert_operation(arena, in->operations[i], &items[i]))
            return false;
    }
    *(struct jig_operations *)result =
        (struct jig_operations){.items = items, .count = in->n_operations};
    return true;
}

enum jig_status jig_client_list_operations(struct jig_client *client, bool active_only,
                                           uint32_t max_results, int64_t deadline_ns,
                                           const struct jig_operations **ret,
                                           struct jig_error *reterr)
{
    Jig__V1__ListOperationsRequest request = JIG__V1__LIST_OPERATIONS_REQUEST__INIT;
    request.active_only = active_only;
    request.max_results = max_results;
    return jig_call_typed(client, target("ListOperations"), &request.base, deadline_ns,
                          sizeof **ret, fill_list, (const void **)ret, reterr);
}

static bool fill_get(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__GetOperationResponse *)reply)->operation,
                               result);
}

enum jig_status jig_client_get_operation(struct jig_client *client, const char *id,
                                         int64_t deadline_ns, const struct jig_operation **ret,
                                         struct jig_error *reterr)
{
    Jig__V1__GetOperationRequest request = JIG__V1__GET_OPERATION_REQUEST__INIT;
    request.id = (char *)(uintptr_t)id;
    return jig_call_typed(client, target("GetOperation"), &request.base, deadline_ns, sizeof **ret,
                          fill_get, (const void **)ret, reterr);
}

static bool fill_cancel(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__CancelOperationResponse *)reply)->operation,
                               result);
}

enum jig_status jig_client_cancel_operation(struct jig_client *client, const char *id,
                                            int64_t deadline_ns, const struct jig_operation **ret,
                                            struct jig_error *reterr)
{
    Jig__V1__CancelOperationRequest request = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    request.id = (char *)(uintptr_t)id;
    return jig_call_typed(client, target("CancelOperation"), &request.base, deadline_ns,
                          sizeof **ret, fill_cancel, (const void **)ret, reterr);
}

static bool fill_watch(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__WatchOperationResponse *in = (const void *)reply;
    struct jig_event *events = jig_result_items(arena, in->n_events, sizeof *events);
    struct jig_operation *operation = jig_arena_alloc(arena, sizeof *operation);
    if ((events == NULL && in->n_events > 0) || operation == NULL)
        return false;
    for (size_t i = 0; i < in->n_events; i++)
        jig_convert_event(in->events[i], &events[i]);
    *(struct jig_operation_changes *)result = (struct jig_operation_changes){
        .events = events,
        .event_count = in->n_events,
        .cursor = in->cursor,
        .dropped = in->dropped_events,
        .operation = operation,
    };
    return jig_convert_started(arena, in->operation, operation);
}

enum jig_status jig_client_watch_operation(struct jig_client *client, const char *id,
                                           uint64_t cursor, int64_t wait_ms, int64_t deadline_ns,
                                           const struct jig_operation_changes **ret,
                                           struct jig_error *reterr)
{
    Jig__V1__WatchOperationRequest request = JIG__V1__WATCH_OPERATION_REQUEST__INIT;
    request.id = (char *)(uintptr_t)id;
    request.cursor = cursor;
    request.wait_ms = wait_ms;
    return jig_call_typed(client, target("WatchOperation"), &request.base, deadline_ns,
                          sizeof **ret, fill_watch, (const void **)ret, reterr);
}
