/*
 * event.h - what happens in an operation, as bytes.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_EVENT_H
#define JIG_SERVICE_WIRE_EVENT_H

#include <protobuf-c/protobuf-c.h>

#include "service/operation.h"

/* The event as a jig.v1.OperationEvent with its length before it (struct jig_encoded), at `prefix`
 * bytes into memory that the caller frees. ret_n counts the encoded bytes alone. Texts are mended
 * and cut as service/operation.h says. */
uint8_t *jig_wire_pack_event(const struct jig_event *event, size_t prefix, size_t *ret_n);

/* The message with its length before it; the caller frees. */
uint8_t *jig_wire_pack(const ProtobufCMessage *message, size_t prefix, size_t *ret_n);

/* The message alone, which may be of no bytes. The caller frees. */
uint8_t *jig_wire_bytes(const ProtobufCMessage *message, size_t *ret_n);

#endif
