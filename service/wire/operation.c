#include "service/wire/operation.h"

#include <stdlib.h>
#include <string.h>

#include "service/wire/envelope.h"
#include "service/wire/event.h"
#include "service/wire/text.h"

/* A build's result with a warning for every line still fits. */
#define RESULT_BYTES_MAX (16u * 1024 * 1024)

static enum jig_code no_room(struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
}

/* ---- results ---- */

static uint8_t *pack_result(const ProtobufCMessage *message, size_t *ret_n)
{
    struct jig_arena arena;
    jig_arena_init(&arena, RESULT_BYTES_MAX);
    const ProtobufCMessage *clean = jig_wire_clean(message, &arena);
    uint8_t *bytes = clean != NULL ? jig_wire_pack(clean, 0, ret_n) : NULL;
    jig_arena_release(&arena);
    return bytes;
}

static uint32_t field_number(const char *name)
{
    return protobuf_c_message_descriptor_get_field_by_name(&jig__v1__operation__descriptor, name)
        ->id;
}

static void add_result(struct jig_operation *op, const char *field, const ProtobufCMessage *full,
                       const ProtobufCMessage *brief)
{
    size_t n = 0, brief_n = 0;
    uint8_t *bytes = pack_result(full, &n);
    uint8_t *brief_bytes = pack_result(brief, &brief_n);
    if (bytes == NULL || brief_bytes == NULL) {
        free(bytes);
        free(brief_bytes);
        jig_operation_notice(op, "operation.result_too_large", JIG_EVENT_WARNING,
                             "The result is larger than jigd keeps and is not shown.");
        return;
    }
    jig_operation_add_result(op, field_number(field), bytes, n, brief_bytes, brief_n);
}

/* The outcome as its enum calls it, in small letters and without the prefix that all have. */
static void note_time(struct jig_operation *op, const char *group,
                      const ProtobufCEnumDescriptor *outcomes, int outcome, int64_t us)
{
    char name[32] = "";
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(outcomes, outcome);
    const char *from = value != NULL ? value->name : "OUTCOME_UNKNOWN";
    from += strlen("OUTCOME_");
    for (size_t i = 0; from[i] != '\0' && i + 1 < sizeof name; i++)
        name[i] = (char)(from[i] >= 'A' && from[i] <= 'Z' ? from[i] - 'A' + 'a' : from[i]);
    jig_operation_time(op, group, name, us);
}

static void note_phases(struct jig_operation *op, const char *group,
                        Jig__V1__PhaseTime *const *phases, size_t n)
{
    for (size_t i = 0; i < n; i++)
        jig_operation_time(op, group, phases[i]->name, phases[i]->duration_us);
}

static void note_build(struct jig_operation *op, const Jig__V1__BuildResult *r)
{
    note_time(op, "build", &jig__v1__build_result__outcome__descriptor, (int)r->outcome,
              r->server_us);
    note_phases(op, "build.phase", r->phases, r->n_phases);
}

static void note_deploy(struct jig_operation *op, const Jig__V1__DeployResult *r)
{
    note_time(op, "deploy", &jig__v1__deploy_result__outcome__descriptor, (int)r->outcome,
              r->server_us);
    note_phases(op, "deploy.phase", r->phases, r->n_phases);
    if (r->build != NULL)
        note_build(op, r->build);
}

void jig_wire_add_build(struct jig_operation *op, const Jig__V1__BuildResult *result)
{
    note_build(op, result);
    Jig__V1__BuildResult brief = *result;
    brief.n_diagnostics = 0;
    brief.diagnostics = NULL;
    add_result(op, "builds", &result->base, &brief.base);
}

void jig_wire_set_deploy(struct jig_operation *op, const Jig__V1__DeployResult *result)
{
    note_deploy(op, result);
    Jig__V1__DeployResult brief = *result;
    Jig__V1__BuildResult brief_build;
    if (result->build != NULL) {
        brief_build = *result->build;
        brief_build.n_diagnostics = 0;
        brief_build.diagnostics = NULL;
        brief.build = &brief_build;
    }
    add_result(op, "deploy", &result->base, &brief.base);
}

/* Listings leave out what is damaged. */
void jig_wire_set_cache(struct jig_operation *op, const Jig__V1__CacheResult *result)
{
    Jig__V1__CacheResult brief = *result;
    Jig__V1__CacheVerification brief_verification;
    if (result->verification != NULL) {
        brief_verification = *result->verification;
        brief_verification.n_findings = 0;
        brief_verification.findings = NULL;
        brief.verification = &brief_verification;
    }
    add_result(op, "cache", &result->base, &brief.base);
}

void jig_wire_set_lnk(struct jig_operation *op, const Jig__V1__LnkResult *result)
{
    Jig__V1__LnkResult brief = *result;
    brief.n_pointers = 0;
    brief.pointers = NULL;
    jig_operation_time(op, "lnk", "done", result->server_us);
    add_result(op, "lnk", &result->base, &brief.base);
}

void jig_wire_set_packages(struct jig_operation *op, const Jig__V1__PackagesResult *result)
{
    add_result(op, "packages", &result->base, &result->base);
}

/* ---- messages ---- */

enum jig_code jig_wire_splice(ProtobufCMessage *message, const struct jig_encoded *encoded,
                              size_t n, struct jig_arena *arena, struct jig_err *reterr)
{
    if (n == 0)
        return JIG_OK;
    ProtobufCMessageUnknownField *fields = jig_arena_alloc(arena, n * sizeof *fields);
    if (fields == NULL)
        return no_room(reterr);
    for (size_t i = 0; i < n; i++)
        fields[i] =
            (ProtobufCMessageUnknownField){.tag = encoded[i].field,
                                           .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED,
                                           .len = encoded[i].n,
                                           .data = (uint8_t *)encoded[i].bytes};
    message->unknown_fields = fields;
    message->n_unknown_fields = (unsigned)n;
    return JIG_OK;
}

static Jig__V1__Status *status_of(const struct jig_operation_view *view, struct jig_arena *arena)
{
    Jig__V1__Status *status = jig_arena_alloc(arena, sizeof *status);
    if (status == NULL)
        return NULL;
    *status = jig_wire_status(view->error, NULL);
    status->n_details = view->detail_count;
    status->details = view->details;
    return status;
}

static void fill(Jig__V1__Operation *m, const struct jig_operation_view *view)
{
    m->id = (char *)view->id;
    m->kind = (Jig__V1__OperationKind)view->kind;
    m->state = (Jig__V1__OperationState)view->state;
    m->subject = (char *)view->subject;
    m->owner = (char *)view->owner;
    m->owner_pid = view->owner_pid;
    m->created_unix_ms = view->created_unix_ms;
    m->started_unix_ms = view->started_unix_ms;
    m->ended_unix_ms = view->ended_unix_ms;
    m->last_event = view->last_event;
}

enum jig_code jig_wire_operation(struct jig_operation *op, bool brief, struct jig_arena *arena,
                                 Jig__V1__Operation **ret, struct jig_err *reterr)
{
    struct jig_operation_view view;
    enum jig_code code = jig_operation_view(op, brief, arena, &view, reterr);
    if (code != JIG_OK)
        return code;
    Jig__V1__Operation *m = jig_arena_alloc(arena, sizeof *m);
    if (m == NULL)
        return no_room(reterr);
    jig__v1__operation__init(m);
    fill(m, &view);
    if (view.error != NULL) {
        m->error = status_of(&view, arena);
        if (m->error == NULL)
            return no_room(reterr);
    }
    code = jig_wire_splice(&m->base, view.results, view.result_count, arena, reterr);
    if (code == JIG_OK)
        *ret = m;
    return code;
}
