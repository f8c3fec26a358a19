#include "client/lib/project_call.h"

#include <unistd.h>

#include "client/lib/selector.h"

Jig__V1__OperationTie jig_tie(const struct jig_client *client, bool detach)
{
    Jig__V1__OperationTie tie = JIG__V1__OPERATION_TIE__INIT;
    tie.owner_pid = client->address.is_unix ? getpid() : 0;
    tie.cancel_with_owner = client->address.is_unix && !detach;
    return tie;
}

enum jig_status jig_call_project(struct jig_client *client,
                                 const struct jig_project_selector *selector,
                                 const struct jig_project_call *call, int64_t deadline_ns,
                                 const void **ret, struct jig_error *reterr)
{
    if (selector == NULL)
        return jig_call_typed(client, call->target, call->request, deadline_ns, call->size,
                              call->fill, ret, reterr);
    struct jig_selector s;
    enum jig_status status = jig_selector_init(&s, selector, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    *call->project = &s.message;
    struct jig_error error;
    for (int round = 0; round < JIG_SELECTOR_ROUNDS; round++) {
        status = jig_call_typed(client, call->target, call->request, deadline_ns, call->size,
                                call->fill, ret, &error);
        if (status == JIG_STATUS_OK || error.cause != JIG_CAUSE_NEEDS_ENV ||
            !jig_selector_supply(&s, &error))
            break;
    }
    jig_selector_release(&s);
    if (status != JIG_STATUS_OK && reterr != NULL)
        *reterr = error;
    return status;
}
