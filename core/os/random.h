/*
 * random.h - bytes that nobody can guess, from the kernel.
 *
 * Threads: any.
 */
#ifndef JIG_OS_RANDOM_H
#define JIG_OS_RANDOM_H

#include <stddef.h>

#include "core/base/err.h"

/* n is at most 256. INTERNAL where the system has none, which no supported one does. */
enum jig_code jig_random(void *out, size_t n, struct jig_err *reterr) JIG_CHECKED;

#endif
