#include "service/handlers/handlers.h"
#include "service/wire/messages.h"

void jig_handle_operation_get(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__GetOperationRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation *op = NULL;
    if (jig_operations_find(env->operations, request->id, &op, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    jig_call_defer(call, jig_operation_unref, op);
    jig_reply_operation(call, op);
}
