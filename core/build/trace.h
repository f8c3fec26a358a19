/*
 * trace.h - what a run of an action read, left and printed: enough to say whether it would do
 * anything new, and to replay it when not.
 *
 * Traces are kept in two places with one encoding: in the build folder's record (record.h) and in
 * the shared object cache (objcache.h). The encoding is a sequence of little-endian integers and
 * length-prefixed strings, always inside a container that is versioned and checksummed. A file that
 * many traces name, as headers are, is written once:
 *
 *   magic, checksum | n, files: path and digest | n, traces: ... inputs as places among the files
 *
 * Threads: a trace is immutable once made, and belongs to its container.
 */
#ifndef JIG_BUILD_TRACE_H
#define JIG_BUILD_TRACE_H

#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/build/action.h"

#define JIG_TRACES_MAGIC "jigtrac4" /* the digit is the encoding's version */

struct jig_trace {
    char *name; /* of the action, in its build's record */
    struct jig_digest command;
    struct jig_digest key;
    struct jig_digest tool;
    struct jig_strv argv; /* as it was, "{build}" for the build folder; to explain changes */
    struct jig_trace_file *inputs; /* sorted by path */
    size_t input_count;
    struct jig_trace_file *searched; /* folders, and files not read; see shadow.h */
    size_t searched_count;
    struct jig_strv probes;         /* what the inputs ask for by __has_include; see shadow.h */
    struct jig_strv probed;         /* where each of them leads; "" where to nothing */
    bool opaque;                    /* it reads what nobody can know: it always runs */
    struct jig_trace_file *outputs; /* in the action's order */
    size_t output_count;
    char *errors; /* what the tool wrote to stderr */
    char *output; /* what it wrote to stdout */
    bool used;    /* by the build that runs now; not kept */
    size_t clear; /* of what changed, so many are none of it; likewise (vouch.h) */
    enum { JIG_TRACE_UNREAD, JIG_TRACE_STRAIGHT, JIG_TRACE_WINDING } way; /* likewise (vouch.c) */
};

void jig_trace_free(struct jig_trace *t);
void jig_trace_files_free(struct jig_trace_file *files, size_t n);

/* The input of that path, as the trace spells it; or NULL. */
const struct jig_trace_file *jig_trace_input(const struct jig_trace *t, const char *path);

/* `path` is absolute. */
struct jig_trace_file jig_trace_file_make(const char *build_dir, const char *path,
                                          const struct jig_digest *sha256);

/* Appends a file that holds the traces: header with version and checksum, then the payload. What
 * does not fit makes the buffer fail (jig_buf_check). */
void jig_traces_write(const struct jig_trace *const *traces, size_t n, struct jig_buf *out);

/* The traces in such a file, in their order; each is the caller's, and so is the array. DATA_LOSS
 * when it is of another version, cut off or damaged. */
enum jig_code jig_traces_read(const void *file, size_t n, struct jig_trace ***ret, size_t *ret_n,
                              struct jig_err *reterr) JIG_CHECKED;

/* The same for the payload alone, which no checksum vouches for; for the fuzzer. */
enum jig_code jig_traces_decode(const uint8_t *payload, size_t n, struct jig_trace ***ret,
                                size_t *ret_n, struct jig_err *reterr) JIG_CHECKED;

#endif
