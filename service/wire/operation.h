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
 * message is borrowed. Its strings must be UTF-8: see jig_wire_text. */
void jig_wire_add_build(struct jig_operation *op, const Jig__V1__BuildResult *result);

/* From run(): sets the deploy's result. */
void jig_wire_set_deploy(struct jig_operation *op, const Jig__V1__DeployResult *result);

/* s as valid UTF-8 of at most max bytes, in the arena when it had to be changed: invalid bytes
 * become U+FFFD. "" when the arena is full or s is NULL. */
char *jig_wire_text(struct jig_arena *arena, const char *s, size_t max);

#endif
