/*
 * event.h - what happens in an operation, as bytes.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_EVENT_H
#define JIG_SERVICE_WIRE_EVENT_H

#include <protobuf-c/protobuf-c.h>

#include "service/operation.h"

enum jig_event_kind {
    JIG_EVENT_STATE,
    JIG_EVENT_LOG,
    JIG_EVENT_STEP,
    JIG_EVENT_DIAGNOSTIC,
    JIG_EVENT_PROGRESS,
    JIG_EVENT_NOTICE,
};

struct jig_event {
    uint64_t number;
    int64_t unix_ms;
    enum jig_event_kind kind;
    union {
        enum jig_operation_state state;
        struct {
            enum jig_stream stream;
            const char *text;
            size_t n;
        } log;
        const struct jig_step_event *step;
        const struct jig_diagnostic_event *diagnostic;
        const struct jig_progress_event *progress;
        struct {
            const char *id;
            enum jig_event_severity severity;
            const char *text;
        } notice;
    };
};

/* The event as a jig.v1.OperationEvent with its length before it (struct jig_encoded), at `prefix`
 * bytes into memory that the caller frees. ret_n counts the encoded bytes alone. Texts are mended and
 * cut as service/operation.h says. */
uint8_t *jig_wire_pack_event(const struct jig_event *event, size_t prefix, size_t *ret_n);

/* The message with its length before it; the caller frees. */
uint8_t *jig_wire_pack(const ProtobufCMessage *message, size_t prefix, size_t *ret_n);

#endif
