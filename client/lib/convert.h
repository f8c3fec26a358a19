/*
 * convert.h - decoded messages of jig.v1 to the public structs.
 *
 * Nothing is copied that need not be: strings and bytes are those of the decoded message, which
 * lives in the same arena; lists and the structs in them are made there. Each function gives false
 * when memory is out. Enums keep the wire's numbers (convert.c checks at compile time that they are
 * the public ones).
 *
 * Threads: no state.
 */
#ifndef JIG_LIB_CONVERT_H
#define JIG_LIB_CONVERT_H

#include <jig/types.h>

#include "client/lib/result.h"
#include "core/base/err.h"
#include "jig/v1/operation.pb-c.h"
#include "jig/v1/types.pb-c.h"

struct jig_strings jig_convert_strings(char *const *items, size_t count);

bool jig_convert_operation(struct jig_arena *arena, const Jig__V1__Operation *in,
                           struct jig_operation *out) JIG_CHECKED;

/* The operation of a Start... or Get... reply; an absent one is an empty one. */
bool jig_convert_started(struct jig_arena *arena, const Jig__V1__Operation *in,
                         struct jig_operation *out) JIG_CHECKED;

struct jig_package jig_convert_package(const Jig__V1__Package *in);

void jig_convert_event(const Jig__V1__OperationEvent *in, struct jig_event *out);

#endif
