/*
 * methods.h - the table of methods, and finding one by its name on the wire.
 *
 * A row is a service's descriptor, a method of it, its handler and its flags. The types of request
 * and response come from the descriptor.
 *
 * Threads: a jig_methods does not change once it is made; any thread may look.
 */
#ifndef JIG_SERVICE_RPC_METHODS_H
#define JIG_SERVICE_RPC_METHODS_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "core/base/err.h"

struct jig_call;
struct jig_env; /* what handlers work with: service/handlers/handlers.h */

/* Answers the call, parks it, or gives it away: service/rpc/call.h. */
typedef void jig_handler_fn(const struct jig_env *env, struct jig_call *call);

enum jig_method_flags {
    JIG_METHOD_READS = 0,
    JIG_METHOD_MUTATES = 1, /* its reply is kept for repeats: service/rpc/dedupe.h */
};

struct jig_method_row {
    const ProtobufCServiceDescriptor *service;
    const char *name; /* "GetDevice" */
    jig_handler_fn *handler;
    enum jig_method_flags flags;
};

struct jig_method {
    char *full_name; /* "/jig.v1.DeviceService/GetDevice" */
    const ProtobufCMethodDescriptor *descriptor;
    jig_handler_fn *handler;
    enum jig_method_flags flags;
};

struct jig_methods;

/* INTERNAL when a row names a method that its service does not have, or one twice. */
enum jig_code jig_methods_new(const struct jig_method_row *rows, size_t n, struct jig_methods **ret,
                              struct jig_err *reterr) JIG_CHECKED;
void jig_methods_free(struct jig_methods *methods);

/* INVALID_ARGUMENT when the name has not the form "/package.Service/Method"; UNIMPLEMENTED, with
 * the nearest names as hint, when there is none. */
enum jig_code jig_methods_find(const struct jig_methods *methods, const char *full_name,
                               const struct jig_method **ret, struct jig_err *reterr) JIG_CHECKED;

/* INTERNAL, naming it, when a method of one of the services has no row. */
enum jig_code jig_methods_complete(const struct jig_methods *methods,
                                   const ProtobufCServiceDescriptor *const *services, size_t n,
                                   struct jig_err *reterr) JIG_CHECKED;

#endif
