/*
 * call.h - one call with its envelope: encode, exchange, check the versions, decode.
 *
 * Threads: as the client.
 */
#ifndef JIG_LIB_CALL_H
#define JIG_LIB_CALL_H

#include <protobuf-c/protobuf-c.h>

#include "client/lib/client.h"
#include "client/lib/result.h"
#include "jig/v1/rpc.pb-c.h"

#define JIG_PROTOCOL_VERSION 1

/* Which method, by a service's descriptor and the method's place in it. */
struct jig_target {
    const ProtobufCServiceDescriptor *service;
    const ProtobufCMethodDescriptor *method;
};

/* "ListDevices" of that service. The method exists: it is one of the generated code's. */
struct jig_target jig_target_of(const ProtobufCServiceDescriptor *service, const char *method);

/* Builds the public struct from the decoded message, whose strings it may point into. False when
 * memory is out. */
typedef bool jig_fill_fn(struct jig_arena *arena, const ProtobufCMessage *reply, void *out);

/* Calls and gives the reply as a result whose struct of `size` bytes `fill` has made. */
enum jig_status jig_call_typed(struct jig_client *client, struct jig_target target,
                               const ProtobufCMessage *request, int64_t deadline_ns, size_t size,
                               jig_fill_fn *fill, const void **ret,
                               struct jig_error *reterr) JIG_CHECKED;

/* As above, for a reply that says nothing. */
enum jig_status jig_call_void(struct jig_client *client, struct jig_target target,
                              const ProtobufCMessage *request, int64_t deadline_ns,
                              struct jig_error *reterr) JIG_CHECKED;

/* Calls with an encoded request and decodes the reply into the arena. */
enum jig_status jig_call_raw(struct jig_client *client, struct jig_target target,
                             const void *payload, size_t size, int64_t deadline_ns,
                             struct jig_arena *arena, ProtobufCMessage **ret,
                             struct jig_error *reterr) JIG_CHECKED;

/* A status of the wire as an error of ours. */
void jig_error_from_wire(struct jig_error *e, const Jig__V1__Status *status);

#endif
