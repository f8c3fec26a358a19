#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/wire/decode.h"
#include "service/wire/event.h"
#include "service/wire/operation.h"
#include "service/wire/text.h"
#include "service/wire/validate.h"

/* ---- validate ---- */

struct sample {
    const ProtobufCMessageDescriptor *type;
    const char *bytes;
    size_t n;
    enum jig_code code;
    const char *says; /* part of the message; NULL: nothing is asked of it */
};

#define BYTES(text) (text), sizeof(text) - 1

static const struct sample samples[] = {
    /* jig.v1.GetLogsRequest { uint32 max_lines = 1; } */
    {&jig__v1__get_logs_request__descriptor, BYTES(""), JIG_OK, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x08\x05"), JIG_OK, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x08\x05\x08\x06"), JIG_OK, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x08"), JIG_INVALID_ARGUMENT, "cut short"},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x08\x80"), JIG_INVALID_ARGUMENT, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
     JIG_OK, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"),
     JIG_INVALID_ARGUMENT, NULL},
    {&jig__v1__get_logs_request__descriptor,
     BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"), JIG_INVALID_ARGUMENT, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x0d\1\0\0\0"), JIG_INVALID_ARGUMENT,
     "field 'max_lines' has the wrong wire type"},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x0a\1\0"), JIG_INVALID_ARGUMENT,
     "jig.v1.GetLogsRequest"},
    /* field number 0, and one past the last */
    {&jig__v1__get_logs_request__descriptor, BYTES("\x00\x01"), JIG_INVALID_ARGUMENT, "number"},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x80\x80\x80\x80\x10\x01"),
     JIG_INVALID_ARGUMENT, "number"},
    /* unknown fields of every wire type */
    {&jig__v1__get_logs_request__descriptor,
     BYTES("\x78\x01\x79 12345678"
           "\x7a\x02xx\x7d"
           "1234"),
     JIG_INVALID_ARGUMENT, NULL}, /* the 64-bit one is followed by a stray byte */
    {&jig__v1__get_logs_request__descriptor,
     BYTES("\x78\x01\x79"
           "12345678"
           "\x7a\x02xx\x7d"
           "1234"),
     JIG_OK, NULL},
    {&jig__v1__get_logs_request__descriptor,
     BYTES("\x7d"
           "123"),
     JIG_INVALID_ARGUMENT, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x7b\x7c"), JIG_INVALID_ARGUMENT, NULL},
    {&jig__v1__get_logs_request__descriptor, BYTES("\x7e\x01"), JIG_INVALID_ARGUMENT, NULL},
    /* strings */
    {&jig__v1__get_device_request__descriptor, BYTES("\x0a\x03uno"), JIG_OK, NULL},
    {&jig__v1__get_device_request__descriptor, BYTES("\x0a\x04uno"), JIG_INVALID_ARGUMENT,
     "'device' is cut short"},
    {&jig__v1__get_device_request__descriptor, BYTES("\x0a\x02\xc3\xa9"), JIG_OK, NULL},
    {&jig__v1__get_device_request__descriptor, BYTES("\x0a\x02\xc3("), JIG_INVALID_ARGUMENT,
     "'device' is not valid UTF-8"},
    {&jig__v1__get_device_request__descriptor,
     BYTES("\x0a\x03"
           "a\0b"),
     JIG_INVALID_ARGUMENT, "NUL"},
    {&jig__v1__get_device_request__descriptor,
     BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), JIG_INVALID_ARGUMENT, NULL},
    /* bytes may be anything; enum numbers are open; nested messages are looked at */
    {&jig__v1__write_monitor_request__descriptor, BYTES("\x12\x02\xc3\0"), JIG_OK, NULL},
    {&jig__v1__start_deploy_request__descriptor, BYTES("\x28\x63"), JIG_OK, NULL},
    {&jig__v1__start_deploy_request__descriptor, BYTES("\x0a\x03\x0a\x01\xff"),
     JIG_INVALID_ARGUMENT, "jig.v1.ProjectSelector: field 'directory'"},
};

static void validate_knows_right_from_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < JIG_COUNT(samples); i++) {
        const struct sample *s = &samples[i];
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = jig_wire_validate(s->type, (const uint8_t *)s->bytes, s->n, &err);
        if (code != s->code || (s->says != NULL && strstr(err.message, s->says) == NULL))
            fail_msg("sample %zu gives %s: %s", i, jig_code_name(code), err.message);
        /* What is accepted, protobuf-c can decode. */
        struct jig_arena arena;
        ProtobufCMessage *message;
        jig_arena_init(&arena, jig_wire_decode_ceiling(s->n));
        assert_int_equal(
            jig_wire_decode(s->type, (const uint8_t *)s->bytes, s->n, &arena, &message, &err),
            s->code);
        jig_arena_release(&arena);
    }
}

static void decode_keeps_to_its_arena(void **state)
{
    (void)state;
    Jig__V1__GetDeviceRequest request = JIG__V1__GET_DEVICE_REQUEST__INIT;
    char name[5000];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    request.device = name;
    uint8_t bytes[6000];
    size_t n = jig__v1__get_device_request__pack(&request, bytes);
    struct jig_arena arena;
    struct jig_err err = JIG_ERR_INIT;
    ProtobufCMessage *message;
    jig_arena_init(&arena, 4000);
    assert_int_equal(
        jig_wire_decode(&jig__v1__get_device_request__descriptor, bytes, n, &arena, &message, &err),
        JIG_RESOURCE_EXHAUSTED);
    jig_arena_release(&arena);
}

/* ---- text ---- */

static void text_is_mended_and_cut_between_characters(void **state)
{
    (void)state;
    static const struct {
        const char *in;
        size_t max;
        const char *out;
    } rows[] = {
        {"plain", 100, "plain"},
        {"", 100, ""},
        {"a\xff z", 100, "a\xEF\xBF\xBD z"},
        {"\xc3", 100, "\xEF\xBF\xBD"},
        {"\xe2\x82", 100, "\xEF\xBF\xBD\xEF\xBF\xBD"},
        {"\xed\xa0\x80", 100, "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"}, /* a surrogate */
        {"h\xc3\xa9t\xc3\xa9", 3, "h\xc3\xa9"},
        {"h\xc3\xa9t\xc3\xa9", 2, "h"},
        {"\xff", 2, ""},
    };
    struct jig_arena arena;
    jig_arena_init(&arena, 65536);
    for (size_t i = 0; i < JIG_COUNT(rows); i++)
        assert_string_equal(jig_wire_text(&arena, rows[i].in, strlen(rows[i].in), rows[i].max),
                            rows[i].out);
    const char *same = "untouched";
    assert_ptr_equal(jig_wire_text(&arena, same, strlen(same), 100), same);
    assert_string_equal(jig_wire_text(&arena, "a part", 1, 100), "a");
    assert_string_equal(jig_wire_text(&arena, "nul\0inside", 10, 100), "nul\xEF\xBF\xBDinside");
    jig_arena_release(&arena);
}

static void messages_are_mended_in_depth(void **state)
{
    (void)state;
    char *details[] = {(char *)"fine", (char *)"\xfe"};
    Jig__V1__Status status = JIG__V1__STATUS__INIT;
    Jig__V1__Operation operation = JIG__V1__OPERATION__INIT;
    Jig__V1__GetOperationResponse reply = JIG__V1__GET_OPERATION_RESPONSE__INIT;
    struct jig_arena arena;
    jig_arena_init(&arena, 65536);
    reply.operation = &operation;
    operation.error = &status;
    status.n_details = 1;
    status.details = details;
    assert_ptr_equal(jig_wire_clean(&reply.base, &arena), &reply);
    status.n_details = 2;
    const Jig__V1__GetOperationResponse *clean = (const void *)jig_wire_clean(&reply.base, &arena);
    assert_ptr_not_equal(clean, &reply);
    assert_string_equal(clean->operation->error->details[0], "fine");
    assert_string_equal(clean->operation->error->details[1], "\xEF\xBF\xBD");
    assert_string_equal(details[1], "\xfe");
    jig_arena_release(&arena);
}

/* ---- events ---- */

static Jig__V1__OperationEvent *unpack_event(const struct jig_event *event)
{
    size_t n;
    uint8_t *bytes = jig_wire_pack_event(event, 8, &n);
    assert_non_null(bytes);
    size_t head = 8;
    while ((bytes[head++] & 0x80) != 0)
        ;
    Jig__V1__OperationEvent *out =
        jig__v1__operation_event__unpack(NULL, n - (head - 8), bytes + head);
    assert_non_null(out);
    free(bytes);
    return out;
}

static void events_become_messages(void **state)
{
    (void)state;
    struct jig_step_event step = {.step = "compile \xff.cpp", .state = JIG_STEP_FAILED, .done = 2};
    Jig__V1__OperationEvent *e = unpack_event(
        &(struct jig_event){.number = 7, .unix_ms = 99, .kind = JIG_EVENT_STEP, .step = &step});
    assert_int_equal(e->number, 7);
    assert_int_equal(e->unix_ms, 99);
    assert_int_equal(e->kind_case, JIG__V1__OPERATION_EVENT__KIND_STEP);
    assert_string_equal(e->step->step, "compile \xEF\xBF\xBD.cpp");
    assert_string_equal(e->step->because, "");
    assert_int_equal(e->step->state, JIG__V1__STEP_EVENT__STATE__STATE_FAILED);
    jig__v1__operation_event__free_unpacked(e, NULL);

    JIG_CLEANUP_FREE char *line = malloc(3 * JIG_EVENT_TEXT_MAX);
    memset(line, 'x', 3 * JIG_EVENT_TEXT_MAX);
    e = unpack_event(&(struct jig_event){
        .number = 1,
        .kind = JIG_EVENT_LOG,
        .log = {.stream = JIG_STDERR, .text = line, .n = 3 * JIG_EVENT_TEXT_MAX}});
    assert_int_equal(strlen(e->log->text), JIG_EVENT_TEXT_MAX);
    assert_int_equal(e->log->stream, JIG__V1__LOG_EVENT__STREAM__STREAM_STDERR);
    jig__v1__operation_event__free_unpacked(e, NULL);

    struct jig_diagnostic_event diagnostic = {
        .file = "a.c", .line = 3, .severity = JIG_EVENT_WARNING, .message = "m", .option = "-Wx"};
    e = unpack_event(&(struct jig_event){.kind = JIG_EVENT_DIAGNOSTIC, .diagnostic = &diagnostic});
    assert_int_equal(e->diagnostic->severity, JIG__V1__SEVERITY__SEVERITY_WARNING);
    assert_string_equal(e->diagnostic->option, "-Wx");
    jig__v1__operation_event__free_unpacked(e, NULL);

    struct jig_progress_event progress = {
        .phase = "write", .percent = 50, .total_bytes = 1 << 20, .bytes_per_s = 1000};
    e = unpack_event(&(struct jig_event){.kind = JIG_EVENT_PROGRESS, .progress = &progress});
    assert_int_equal(e->progress->total_bytes, 1 << 20);
    assert_int_equal(e->progress->bytes_per_second, 1000);
    jig__v1__operation_event__free_unpacked(e, NULL);

    e = unpack_event(&(struct jig_event){
        .kind = JIG_EVENT_NOTICE,
        .notice = {.id = "a.b", .severity = JIG_EVENT_NOTE, .text = "A sentence."}});
    assert_string_equal(e->notice->id, "a.b");
    jig__v1__operation_event__free_unpacked(e, NULL);
}

/* The numbers of the core's enums are the wire's: wire/ only casts. */
static void enums_have_the_wires_numbers(void **state)
{
    (void)state;
    assert_int_equal(JIG_OPERATION_DEPLOY, JIG__V1__OPERATION_KIND__OPERATION_KIND_DEPLOY);
    assert_int_equal(JIG_OPERATION_QUEUED, JIG__V1__OPERATION_STATE__OPERATION_STATE_QUEUED);
    assert_int_equal(JIG_OPERATION_CANCELLED, JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED);
    assert_int_equal(JIG_STDOUT, JIG__V1__LOG_EVENT__STREAM__STREAM_STDOUT);
    assert_int_equal(JIG_STDERR, JIG__V1__LOG_EVENT__STREAM__STREAM_STDERR);
    assert_int_equal(JIG_STEP_REUSED, JIG__V1__STEP_EVENT__STATE__STATE_REUSED);
    assert_int_equal(JIG_EVENT_ERROR, JIG__V1__SEVERITY__SEVERITY_ERROR);
    assert_int_equal(JIG_REASON_TEST_FAILED, JIG__V1__ERROR_REASON__ERROR_REASON_TEST_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(validate_knows_right_from_wrong),
        cmocka_unit_test(decode_keeps_to_its_arena),
        cmocka_unit_test(text_is_mended_and_cut_between_characters),
        cmocka_unit_test(messages_are_mended_in_depth),
        cmocka_unit_test(events_become_messages),
        cmocka_unit_test(enums_have_the_wires_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
