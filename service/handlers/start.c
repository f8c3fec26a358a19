#include <string.h>

#include "service/handlers/handlers.h"
#include "service/run/park.h"
#include "service/wire/operation.h"

void jig_reply_operation(struct jig_call *call, struct jig_operation *op)
{
    struct jig_err err = JIG_ERR_INIT;
    const ProtobufCMessageDescriptor *type = jig_call_response_type(call);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(type, "operation");
    ProtobufCMessage *reply = jig_call_alloc(call, type->sizeof_message);
    Jig__V1__Operation *operation = NULL;
    if (reply == NULL || field == NULL)
        jig_err_set(&err, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
    else if (jig_wire_operation(op, false, jig_call_arena(call), &operation, &err) == JIG_OK) {
        protobuf_c_message_init(type, reply);
        memcpy((char *)reply + field->offset, &operation, sizeof operation);
        jig_call_reply(call, reply);
        return;
    }
    jig_call_fail(call, &err, NULL);
}

/* How long the caller of a Start... method waits. */
struct patience {
    struct jig_operation *op;
    int64_t until_ns;
};

static void answer_at_the_end(struct jig_call *call, void *ctx, bool time_is_up)
{
    struct patience *p = ctx;
    struct jig_waitlist *ended = jig_operation_ended(p->op);
    for (;;) {
        uint64_t ticket = jig_waitlist_ticket(ended);
        if (time_is_up || jig_operation_has_ended(p->op)) {
            jig_reply_operation(call, p->op);
            return;
        }
        if (jig_call_park(call, ended, ticket, p->until_ns, answer_at_the_end, p))
            return;
    }
}

enum jig_code jig_operation_start(struct jig_operations *ops, const struct jig_operation_spec *spec,
                                  struct jig_call *call, struct jig_err *reterr)
{
    const struct jig_peer *peer = jig_call_peer(call);
    struct jig_operation_owner owner = {
        .uid = peer->uid, .user = peer->user, .pid = peer->pid, .connection = peer->connection};
    struct patience *p = jig_call_alloc(call, sizeof *p);
    if (p == NULL)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
    p->until_ns = jig_call_wait_until_ns(spec->wait_ms);
    enum jig_code code = jig_operations_start(ops, spec, &owner, &p->op, reterr);
    if (code != JIG_OK)
        return code;
    jig_call_defer(call, jig_operation_unref, p->op);
    if (jig_operation_was_at_once(p->op))
        jig_call_changed_nothing(call);
    answer_at_the_end(call, p, spec->wait_ms <= 0);
    return JIG_OK;
}

void jig_start_or_fail(const struct jig_env *env, struct jig_call *call,
                       struct jig_operation_spec *spec, const Jig__V1__OperationTie *tie,
                       enum jig_code code, struct jig_err *err, const struct jig_strv *details)
{
    spec->owner_pid = tie != NULL ? tie->owner_pid : 0;
    spec->cancel_with_owner = tie != NULL && tie->cancel_with_owner;
    if (code == JIG_OK)
        code = jig_operation_start(env->operations, spec, call, err);
    if (code == JIG_OK)
        return;
    jig_call_fail(call, err, details);
    if (spec->free_ctx != NULL)
        spec->free_ctx(spec->ctx);
}
