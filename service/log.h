/*
 * log.h - jigd's own log: a file with a ceiling, and its newest lines in memory.
 *
 *   2026-11-22T14:00:00.000Z info operation.started 8f3a... /home/ann/blink (uno) for ann
 *
 * A line is its time in UTC, a level, a stable id, and words; what would break the line is escaped.
 * When the file passes JIG_LOG_FILE_MAX it becomes <path>.1, which replaces the one before. Tokens
 * and payloads are never logged: callers pass names, codes and messages only. A disk that is full
 * costs lines, never the daemon.
 *
 * Threads: any function from any thread, except open and close, which are the owner's.
 */
#ifndef JIG_SERVICE_LOG_H
#define JIG_SERVICE_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/strv.h"

#define JIG_LOG_FILE_MAX   (4 * 1024 * 1024) /* bytes */
#define JIG_LOG_LINES_MAX  1000              /* held in memory */
#define JIG_LOG_MEMORY_MAX (256 * 1024)      /* their bytes */

struct jig_log_file;

/* `file_max` 0: JIG_LOG_FILE_MAX. With `echo`, lines go to stderr as well. */
enum jig_code jig_log_file_open(const char *path, size_t file_max, bool echo,
                                const struct jig_clock *clock, struct jig_log_file **ret,
                                struct jig_err *reterr) JIG_CHECKED;
void jig_log_file_close(struct jig_log_file *log); /* NULL is fine */

/* A sink for jig_log_set_sink. */
struct jig_log_sink jig_log_file_sink(struct jig_log_file *log, enum jig_log_level least);

/* Appends up to max of the newest lines, oldest first. */
void jig_log_file_tail(struct jig_log_file *log, size_t max, struct jig_strv *out);
const char *jig_log_file_path(const struct jig_log_file *log);

#endif
