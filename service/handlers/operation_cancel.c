#include "service/handlers/handlers.h"
#include "service/wire/messages.h"

void jig_handle_operation_cancel(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__CancelOperationRequest *request = jig_call_request(call);
    const struct jig_peer *peer = jig_call_peer(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation *op = NULL;
    enum jig_code code = jig_operations_find(env->operations, request->id, &op, &err);
    if (code == JIG_OK) {
        jig_call_defer(call, jig_operation_unref, op);
        code = jig_operation_cancel(op, peer->uid, peer->user, &err);
    }
    if (code == JIG_OK)
        jig_reply_operation(call, op);
    else
        jig_call_fail(call, &err, NULL);
}
