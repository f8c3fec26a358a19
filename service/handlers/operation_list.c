#include "service/handlers/handlers.h"
#include "service/wire/operation.h"

#define RESULTS_MAX 1000

struct listing {
    size_t n;
    struct jig_operation *ops[RESULTS_MAX];
    Jig__V1__Operation *messages[RESULTS_MAX];
};

static void release(void *arg)
{
    struct listing *l = arg;
    for (size_t i = 0; i < l->n; i++)
        jig_operation_unref(l->ops[i]);
}

void jig_handle_operation_list(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__ListOperationsRequest *request = jig_call_request(call);
    Jig__V1__ListOperationsResponse reply = JIG__V1__LIST_OPERATIONS_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    struct listing *l = jig_call_alloc(call, sizeof *l);
    if (l == NULL) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
        return;
    }
    size_t max = request->max_results == 0 || request->max_results > RESULTS_MAX
                     ? RESULTS_MAX
                     : request->max_results;
    l->n = jig_operations_list(env->operations, request->active_only, max, l->ops);
    jig_call_defer(call, release, l);
    for (size_t i = 0; i < l->n; i++) {
        if (jig_wire_operation(l->ops[i], true, jig_call_arena(call), &l->messages[i], &err) !=
            JIG_OK) {
            jig_call_fail(call, &err, NULL);
            return;
        }
    }
    reply.n_operations = l->n;
    reply.operations = l->messages;
    jig_call_reply(call, &reply.base);
}
