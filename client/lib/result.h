/*
 * result.h - what a call returns: one arena with a public struct at its start, the decoded message
 * behind it, and whatever the conversion added. Released as a whole by jig_client_free().
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_LIB_RESULT_H
#define JIG_LIB_RESULT_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include <jig/error.h>

#include "core/base/arena.h"
#include "core/base/err.h"

/* A decoded reply may take this much; one of JIG_REPLY_MAX bytes of tiny messages grows by ten. */
#define JIG_RESULT_MAX ((size_t)512 << 20)

/* A zeroed struct of `size` bytes in an arena of its own. NULL when memory is out. */
void *jig_result_new(size_t size);

/* The arena that `result` (from jig_result_new) is in. */
struct jig_arena *jig_result_arena(void *result);

/* `count` zeroed items; a NULL with count > 0 means that memory is out. */
void *jig_result_items(struct jig_arena *arena, size_t count, size_t item_size);

/* Decodes into the arena. INTERNAL when the bytes are no such message, RESOURCE_EXHAUSTED when
 * memory or the arena's ceiling is reached. */
enum jig_status jig_result_decode(struct jig_arena *arena, const ProtobufCMessageDescriptor *type,
                                  const void *bytes, size_t size,
                                  ProtobufCMessage **ret) JIG_CHECKED;

#endif
