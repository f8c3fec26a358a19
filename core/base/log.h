/*
 * log.h - where log lines go. core logs at debug only; the service logs each failure once.
 *
 * A line has a stable id first ("lease.expired"), then words. The sink is set once at start, before
 * the first thread; without one, lines of warning and above go to stderr.
 *
 * Threads: jig_log may be called from any; the sink serialises itself.
 */
#ifndef JIG_BASE_LOG_H
#define JIG_BASE_LOG_H

#include "core/base/err.h"

enum jig_log_level {
    JIG_LOG_DEBUG,
    JIG_LOG_INFO,
    JIG_LOG_WARNING,
    JIG_LOG_ERROR,
};

struct jig_log_sink {
    void (*write)(void *ctx, enum jig_log_level level, const char *id, const char *text);
    void *ctx;
    enum jig_log_level least; /* lines below this are dropped before they are formatted */
};

void jig_log_set_sink(struct jig_log_sink sink);
void jig_log_set_least(enum jig_log_level level); /* from now on; in any thread */
void jig_log(enum jig_log_level level, const char *id, const char *fmt, ...) JIG_PRINTF(3, 4);
const char *jig_log_level_name(enum jig_log_level level); /* "debug", "info", "warning", "error" */

#endif
