/*
 * project_call.h - what calls about a project share: the selector with its environment variables,
 * and how an operation hangs together with this process.
 *
 * Threads: as the client.
 */
#ifndef JIG_LIB_PROJECT_CALL_H
#define JIG_LIB_PROJECT_CALL_H

#include <jig/types.h>

#include "client/lib/call.h"
#include "jig/v1/types.pb-c.h"

struct jig_project_call {
    struct jig_target target;
    const ProtobufCMessage *request;
    Jig__V1__ProjectSelector **project; /* the request's field: set before each try */
    size_t size;                        /* of the result */
    jig_fill_fn *fill;
};

/* Calls, and once more with the variables that the daemon asks for. `selector` NULL leaves the
 * field empty. */
enum jig_status jig_call_project(struct jig_client *client,
                                 const struct jig_project_selector *selector,
                                 const struct jig_project_call *call, int64_t deadline_ns,
                                 const void **ret, struct jig_error *reterr) JIG_CHECKED;

/* The tie of an operation to this process: over a unix socket the daemon sees it, elsewhere not. */
Jig__V1__OperationTie jig_tie(const struct jig_client *client, bool detach);

#endif
