/*
 * decode.h - bytes to a message, in an arena with a ceiling.
 *
 * The message lives as long as the arena and is not freed by itself.
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_DECODE_H
#define JIG_SERVICE_WIRE_DECODE_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"

/* What decoding n bytes may take. Strings and bytes cost their length and a little; the rest is for
 * the many small parts that a message can have within JIG_FIELDS_MAX. */
size_t jig_wire_decode_ceiling(size_t n);

/* Validates (service/wire/validate.h) and decodes. RESOURCE_EXHAUSTED when the arena is full. */
enum jig_code jig_wire_decode(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                              size_t n, struct jig_arena *arena, ProtobufCMessage **ret,
                              struct jig_err *reterr) JIG_CHECKED;

#endif
