/*
 * validate.h - looks through an encoded message before it is decoded.
 *
 * protobuf-c says only "no" to a message that it cannot decode, and takes some that it should not:
 * strings that are not UTF-8 or hold a NUL (they would be cut there). This walk over the bytes by
 * the message's descriptor says which field of which message is wrong, and bounds how many fields
 * there are, so that a small message cannot grow large in memory.
 *
 * Refused: truncated or overlong varints and lengths, field number 0, groups, a wire type other
 * than the field's, strings that are not UTF-8 or hold a NUL, more than JIG_FIELDS_MAX fields or
 * packed elements in all, messages nested deeper than JIG_NESTING_MAX.
 * Accepted, as proto3 asks: unknown fields, unknown enum numbers, packed and unpacked repeated
 * scalars, repeated occurrences of a singular field.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_VALIDATE_H
#define JIG_SERVICE_WIRE_VALIDATE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define JIG_FIELDS_MAX  100000
#define JIG_NESTING_MAX 16

/* INVALID_ARGUMENT, or RESOURCE_EXHAUSTED past a ceiling; both name message and field. */
enum jig_code jig_wire_validate(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                                size_t n, struct jig_err *reterr) JIG_CHECKED;

#endif
