/*
 * operation.h - operations as messages.
 *
 * An operation keeps its events and results encoded, so that they are encoded once however many
 * watch it.
 *
 * Threads: no state; as service/operation.h says of what is passed in.
 */
#ifndef JIG_SERVICE_WIRE_OPERATION_H
#define JIG_SERVICE_WIRE_OPERATION_H

#include "service/operation.h"
#include "service/wire/messages.h"

/* From run(): adds the result of one environment's build, in the order of the environments. The
 * message is borrowed; strings that are not UTF-8 are mended. */
void jig_wire_add_build(struct jig_operation *op, const Jig__V1__BuildResult *result);

/* From run(): sets the deploy's result. */
void jig_wire_set_deploy(struct jig_operation *op, const Jig__V1__DeployResult *result);

/* From run(): sets the result of work on the disk cache. */
void jig_wire_set_cache(struct jig_operation *op, const Jig__V1__CacheResult *result);

/* From run(): sets what became of pointers. Listings show the counts alone. */
void jig_wire_set_lnk(struct jig_operation *op, const Jig__V1__LnkResult *result);

/* From run(): sets what came of packages. */
void jig_wire_set_packages(struct jig_operation *op, const Jig__V1__PackagesResult *result);

/* The operation as a message in the arena; `brief` as in listings. */
enum jig_code jig_wire_operation(struct jig_operation *op, bool brief, struct jig_arena *arena,
                                 Jig__V1__Operation **ret, struct jig_err *reterr) JIG_CHECKED;

/* Sets `message`'s unknown fields, which protobuf-c writes as they are, to the encoded ones.
 * RESOURCE_EXHAUSTED when the arena is full. */
enum jig_code jig_wire_splice(ProtobufCMessage *message, const struct jig_encoded *encoded,
                              size_t n, struct jig_arena *arena,
                              struct jig_err *reterr) JIG_CHECKED;

#endif
