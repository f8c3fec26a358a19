/*
 * action_result.h - what is kept under ac/ of a remote cache, as a message that its servers know.
 *
 * The value is an ActionResult (action_result.proto): the traces that are known of a command in
 * stdout_raw, and every output of theirs in output_files, as out/<sha256>. So a server that checks
 * whether all outputs are still there gives no result whose outputs are gone; one that checks
 * nothing gives it all the same.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_ACTION_RESULT_H
#define JIG_SERVICE_WIRE_ACTION_RESULT_H

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/hash/sha256.h"

#define JIG_ACTION_RESULT_OUTPUTS_MAX 64
#define JIG_ACTION_RESULT_BYTES_MAX   ((1u << 20) + (64u << 10)) /* encoded */

struct jig_action_output {
    struct jig_digest sha256;
    uint64_t size; /* bytes */
};

struct jig_action_result {
    const void *traces;
    size_t traces_size;
    const struct jig_action_output *outputs;
    size_t output_count;
};

/* Appends the encoded message; out->max is its ceiling (jig_buf_check). */
void jig_action_result_pack(const struct jig_action_result *r, struct jig_buf *out);

/* What it points to lives in the arena. INVALID_ARGUMENT when the bytes are no such message, or one
 * with outputs that no hash names; RESOURCE_EXHAUSTED past a ceiling. */
enum jig_code jig_action_result_unpack(const void *bytes, size_t n, struct jig_arena *arena,
                                       struct jig_action_result *ret,
                                       struct jig_err *reterr) JIG_CHECKED;

#endif
