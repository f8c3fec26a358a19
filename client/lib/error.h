/*
 * error.h - filling the caller's struct jig_error. Each of these accepts a NULL one.
 */
#ifndef JIG_LIB_ERROR_H
#define JIG_LIB_ERROR_H

#include <jig/error.h>

#include "core/base/err.h"

/* Sets status and message and clears the rest. Returns status. */
enum jig_status jig_error_set(struct jig_error *e, enum jig_status status, const char *fmt, ...)
    JIG_PRINTF(3, 4);

/* As jig_error_set, with a cause. */
enum jig_status jig_error_cause(struct jig_error *e, enum jig_status status, enum jig_cause cause,
                                const char *fmt, ...) JIG_PRINTF(4, 5);

void jig_error_hint(struct jig_error *e, const char *fmt, ...) JIG_PRINTF(2, 3);

/* Adds a line to details; one that does not fit whole is left out. */
void jig_error_detail(struct jig_error *e, const char *name);

/* RESOURCE_EXHAUSTED, "out of memory". */
enum jig_status jig_error_memory(struct jig_error *e);

#endif
