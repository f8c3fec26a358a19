/*
 * text.h - only UTF-8 leaves the daemon.
 *
 * proto3 strings are UTF-8, and clients in other languages refuse a message that holds anything
 * else; but what tools print, what devices call themselves and how files are named are bytes. Each
 * byte that does not belong to a valid character becomes U+FFFD.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_TEXT_H
#define JIG_SERVICE_WIRE_TEXT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "core/base/arena.h"

/* The first n bytes of s as valid UTF-8 of at most max bytes: s itself when it is NUL-terminated at
 * n, short enough and valid; else a copy in the arena. NULL when the arena is full. */
char *jig_wire_text(struct jig_arena *arena, const char *s, size_t n, size_t max);

/* The message itself when all of its strings are valid, else a mended copy in the arena. NULL when
 * the arena is full. Fields that were spliced in encoded (unknown_fields) are not looked at. */
const ProtobufCMessage *jig_wire_clean(const ProtobufCMessage *message, struct jig_arena *arena);

#endif
