/*
 * envelope.h - what every message on the wire is wrapped in (proto/jig/v1/rpc.proto).
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_ENVELOPE_H
#define JIG_SERVICE_WIRE_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/strv.h"
#include "service/wire/messages.h"

#define JIG_REQUEST_ID_BYTES 16

enum jig_code jig_envelope_decode(const uint8_t *bytes, size_t n, struct jig_arena *arena,
                                  Jig__V1__Request **ret, struct jig_err *reterr) JIG_CHECKED;

/* Checks what does not depend on the method: the protocol's version, the request_id's size, the
 * deadline's sign. */
enum jig_code jig_envelope_check(const Jig__V1__Request *request,
                                 struct jig_err *reterr) JIG_CHECKED;

/* An answer that is about to be encoded. */
struct jig_answer {
    ProtobufCBinaryData request_id;
    const ProtobufCMessage *message; /* the payload; NULL: none */
    const struct jig_err *err;       /* NULL: OK */
    const struct jig_strv *details;  /* NULL: none */
};

size_t jig_answer_size(const struct jig_answer *answer);

/* Writes jig_answer_size() bytes. */
void jig_answer_encode(const struct jig_answer *answer, uint8_t *out);

/* err as a message, which borrows from err and details. `details` may be NULL. */
Jig__V1__Status jig_wire_status(const struct jig_err *err, const struct jig_strv *details);

#endif
