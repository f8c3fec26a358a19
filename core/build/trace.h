/*
 * trace.h - what a run of an action read, left and printed: enough to say whether it would do
 * anything new, and to replay it when not.
 *
 * Traces are kept in two places with one encoding: in the build folder's record (record.h) and in
 * the shared object cache (objcache.h). The encoding is a sequence of little-endian integers and
 * length-prefixed strings, always inside a container that is versioned and checksummed.
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
};

void jig_trace_free(struct jig_trace *t);
void jig_trace_files_free(struct jig_trace_file *files, size_t n);

void jig_trace_encode(const struct jig_trace *t, struct jig_buf *out);

/* Decodes one trace from the front of [*at, end) and moves *at behind it. DATA_LOSS on rubbish. */
enum jig_code jig_trace_decode(const uint8_t **at, const uint8_t *end, struct jig_trace **ret,
                               struct jig_err *reterr) JIG_CHECKED;

/* A container of many traces: header with version, count, payload, checksum. */
void jig_traces_seal(struct jig_buf *payload_to_file, uint64_t count,
                     const struct jig_buf *payload);
/* The payload inside a sealed container, borrowed; DATA_LOSS when it is of another version, cut off
 * or damaged. */
enum jig_code jig_traces_open(const void *file, size_t n, uint64_t *ret_count,
                              const uint8_t **ret_payload, const uint8_t **ret_end,
                              struct jig_err *reterr) JIG_CHECKED;

#endif
