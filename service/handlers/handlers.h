/*
 * handlers.h - one function, and one file, a method; and what they may use.
 *
 * A handler gets its call decoded and validated, runs in a worker of rpc/, and must not block for
 * long: what takes time is an operation, what waits is parked (service/rpc/call.h).
 */
#ifndef JIG_SERVICE_HANDLERS_HANDLERS_H
#define JIG_SERVICE_HANDLERS_HANDLERS_H

#include "service/rpc/call.h"

struct jig_builder;
struct jig_operations;

/* The long-lived objects that handlers work with. daemon.c owns them and outlives every call. */
struct jig_env {
    struct jig_operations *operations;
    struct jig_builder *builder;
};

typedef void jig_handler_fn(const struct jig_env *env, struct jig_call *call);

jig_handler_fn jig_handle_build_start;
jig_handler_fn jig_handle_deploy_start;
jig_handler_fn jig_handle_project_get;

#endif
