#include "service/wire/event.h"

#include <string.h>

#include "core/base/mem.h"
#include "service/wire/messages.h"
#include "service/wire/text.h"

/* All texts of one event, mended. */
#define TEXTS_MAX (5 * JIG_EVENT_TEXT_MAX)

static char *text_n(struct jig_arena *arena, const char *s, size_t n)
{
    char *mended = jig_wire_text(arena, s, n, JIG_EVENT_TEXT_MAX);
    return mended != NULL ? mended : (char *)"";
}

static char *text(struct jig_arena *arena, const char *s)
{
    return s != NULL ? text_n(arena, s, strlen(s)) : (char *)"";
}

uint8_t *jig_wire_pack(const ProtobufCMessage *message, size_t prefix, size_t *ret_n)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t length[10];
    size_t length_n = 0;
    for (size_t rest = n; length_n == 0 || rest > 0; rest >>= 7)
        length[length_n++] = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    uint8_t *out = jig_xcalloc(1, prefix + length_n + n);
    memcpy(out + prefix, length, length_n);
    protobuf_c_message_pack(message, out + prefix + length_n);
    *ret_n = length_n + n;
    return out;
}

uint8_t *jig_wire_bytes(const ProtobufCMessage *message, size_t *ret_n)
{
    size_t n = protobuf_c_message_get_packed_size(message);
    uint8_t *out = jig_xcalloc(1, n + 1);
    *ret_n = protobuf_c_message_pack(message, out);
    return out;
}

/* What one event's message is made of. */
struct parts {
    struct jig_arena arena;
    Jig__V1__OperationEvent event;
    Jig__V1__StateEvent state;
    Jig__V1__LogEvent log;
    Jig__V1__StepEvent step;
    Jig__V1__Diagnostic diagnostic;
    Jig__V1__ProgressEvent progress;
    Jig__V1__NoticeEvent notice;
};

static void fill_state(struct parts *p, const struct jig_event *e)
{
    jig__v1__state_event__init(&p->state);
    p->state.state = (Jig__V1__OperationState)e->state;
    p->event.kind_case = JIG__V1__OPERATION_EVENT__KIND_STATE;
    p->event.state = &p->state;
}

static void fill_log(struct parts *p, const struct jig_event *e)
{
    jig__v1__log_event__init(&p->log);
    p->log.stream = (Jig__V1__LogEvent__Stream)e->log.stream;
    p->log.text = text_n(&p->arena, e->log.text, e->log.n);
    p->event.kind_case = JIG__V1__OPERATION_EVENT__KIND_LOG;
    p->event.log = &p->log;
}

static void fill_step(struct parts *p, const struct jig_event *e)
{
    jig__v1__step_event__init(&p->step);
    p->step.step = text(&p->arena, e->step->step);
    p->step.state = (Jig__V1__StepEvent__State)e->step->state;
    p->step.because = text(&p->arena, e->step->because);
    p->step.done = e->step->done;
    p->step.total = e->step->total;
    p->step.duration_us = e->step->duration_us;
    p->event.kind_case = JIG__V1__OPERATION_EVENT__KIND_STEP;
    p->event.step = &p->step;
}

static void fill_diagnostic(struct parts *p, const struct jig_event *e)
{
    jig__v1__diagnostic__init(&p->diagnostic);
    p->diagnostic.file = text(&p->arena, e->diagnostic->file);
    p->diagnostic.line = e->diagnostic->line;
    p->diagnostic.column = e->diagnostic->column;
    p->diagnostic.severity = (Jig__V1__Severity)e->diagnostic->severity;
    p->diagnostic.message = text(&p->arena, e->diagnostic->message);
    p->diagnostic.option = text(&p->arena, e->diagnostic->option);
    p->diagnostic.rendered = text(&p->arena, e->diagnostic->rendered);
    p->event.kind_case = JIG__V1__OPERATION_EVENT__KIND_DIAGNOSTIC;
    p->event.diagnostic = &p->diagnostic;
}

static void fill_progress(struct parts *p, const struct jig_event *e)
{
    jig__v1__progress_event__init(&p->progress);
    p->progress.phase = text(&p->arena, e->progress->phase);
    p->progress.percent = e->progress->percent;
    p->progress.done_bytes = e->progress->done_bytes;
    p->progress.total_bytes = e->progress->total_bytes;
    p->progress.bytes_per_second = e->progress->bytes_per_s;
    p->event.kind_case = JIG__V1__OPERATION_EVENT__KIND_PROGRESS;
    p->event.progress = &p->progress;
}

static void fill_notice(struct parts *p, const struct jig_event *e)
{
    jig__v1__notice_event__init(&p->notice);
    p->notice.id = text(&p->arena, e->notice.id);
    p->notice.severity = (Jig__V1__Severity)e->notice.severity;
    p->notice.text = text(&p->arena, e->notice.text);
    p->event.kind_case = JIG__V1__OPERATION_EVENT__KIND_NOTICE;
    p->event.notice = &p->notice;
}

static void (*const fillers[])(struct parts *p, const struct jig_event *e) = {
    [JIG_EVENT_STATE] = fill_state,       [JIG_EVENT_LOG] = fill_log,
    [JIG_EVENT_STEP] = fill_step,         [JIG_EVENT_DIAGNOSTIC] = fill_diagnostic,
    [JIG_EVENT_PROGRESS] = fill_progress, [JIG_EVENT_NOTICE] = fill_notice,
};

uint8_t *jig_wire_pack_event(const struct jig_event *event, size_t prefix, size_t *ret_n)
{
    struct parts p;
    jig_arena_init(&p.arena, TEXTS_MAX + 1024);
    jig__v1__operation_event__init(&p.event);
    p.event.number = event->number;
    p.event.unix_ms = event->unix_ms;
    fillers[event->kind](&p, event);
    uint8_t *out = jig_wire_pack(&p.event.base, prefix, ret_n);
    jig_arena_release(&p.arena);
    return out;
}
