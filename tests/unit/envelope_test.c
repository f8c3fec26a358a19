#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "service/handlers/handlers.h"
#include "service/rpc/endpoint.h"
#include "service/rpc/methods.h"
#include "service/rpc/peer.h"
#include "service/wire/envelope.h"

/* ---- answers ---- */

static Jig__V1__Response *encode(const struct jig_answer *answer)
{
    size_t n = jig_answer_size(answer);
    uint8_t *bytes = malloc(n + 1);
    bytes[n] = 0x5a; /* must stay */
    jig_answer_encode(answer, bytes);
    assert_int_equal(bytes[n], 0x5a);
    Jig__V1__Response *out = jig__v1__response__unpack(NULL, n, bytes);
    assert_non_null(out);
    free(bytes);
    return out;
}

static void answers_carry_message_or_error(void **state)
{
    (void)state;
    uint8_t id[16] = "0123456789abcde";
    Jig__V1__GetLogsResponse logs = JIG__V1__GET_LOGS_RESPONSE__INIT;
    logs.path = (char *)"/state/jigd.log";
    Jig__V1__Response *r =
        encode(&(struct jig_answer){.request_id = {.len = 16, .data = id}, .message = &logs.base});
    assert_memory_equal(r->request_id.data, id, 16);
    assert_null(r->status);
    assert_string_equal(r->server_version, JIG_VERSION);
    assert_int_equal(r->protocol_version, JIG_PROTOCOL_VERSION);
    Jig__V1__GetLogsResponse *back =
        jig__v1__get_logs_response__unpack(NULL, r->payload.len, r->payload.data);
    assert_string_equal(back->path, logs.path);
    jig__v1__get_logs_response__free_unpacked(back, NULL);
    jig__v1__response__free_unpacked(r, NULL);

    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv details = {0};
    jig_strv_append(&details, "HOME");
    jig_err_reason(&err, JIG_FAILED_PRECONDITION, JIG_REASON_NEEDS_ENV, "it lacks HOME");
    jig_err_hint(&err, "send it");
    r = encode(&(struct jig_answer){.err = &err, .details = &details});
    assert_int_equal(r->request_id.len, 0);
    assert_int_equal(r->payload.len, 0);
    assert_int_equal(r->status->code, JIG_FAILED_PRECONDITION);
    assert_int_equal(r->status->reason, JIG__V1__ERROR_REASON__ERROR_REASON_NEEDS_ENV);
    assert_string_equal(r->status->hint, "send it");
    assert_string_equal(r->status->details[0], "HOME");
    jig__v1__response__free_unpacked(r, NULL);
    jig_strv_release(&details);

    /* A message without a byte is a payload still. */
    Jig__V1__ListDevicesResponse empty = JIG__V1__LIST_DEVICES_RESPONSE__INIT;
    r = encode(&(struct jig_answer){.message = &empty.base});
    assert_int_equal(r->payload.len, 0);
    assert_null(r->status);
    jig__v1__response__free_unpacked(r, NULL);
}

/* ---- methods ---- */

static void every_method_has_a_row(void **state)
{
    (void)state;
    struct jig_methods *methods;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_methods_new(jig_method_rows, jig_method_row_count, &methods, &err),
                     JIG_OK);
    if (jig_methods_complete(methods, jig_services, jig_service_count, &err) != JIG_OK)
        fail_msg("%s", err.message);
    const struct jig_method *method;
    assert_int_equal(jig_methods_find(methods, "/jig.v1.DeviceService/GetDevice", &method, &err),
                     JIG_OK);
    assert_ptr_equal(method->handler, jig_handle_device_get);
    assert_ptr_equal(method->descriptor->input, &jig__v1__get_device_request__descriptor);
    jig_methods_free(methods);
    /* One row less, and it is missed by its name. */
    assert_int_equal(jig_methods_new(jig_method_rows + 1, jig_method_row_count - 1, &methods, &err),
                     JIG_OK);
    assert_int_equal(jig_methods_complete(methods, jig_services, jig_service_count, &err),
                     JIG_INTERNAL);
    assert_non_null(strstr(err.message, jig_method_rows[0].name));
    jig_methods_free(methods);
}

static void bad_tables_are_refused(void **state)
{
    (void)state;
    struct jig_methods *methods;
    struct jig_err err = JIG_ERR_INIT;
    const struct jig_method_row twice[] = {jig_method_rows[0], jig_method_rows[0]};
    assert_int_equal(jig_methods_new(twice, 2, &methods, &err), JIG_INTERNAL);
    struct jig_method_row unknown = jig_method_rows[0];
    unknown.name = "GetNothing";
    assert_int_equal(jig_methods_new(&unknown, 1, &methods, &err), JIG_INTERNAL);
    assert_non_null(strstr(err.message, "GetNothing"));
}

/* A call that is made again must not be done again: what is not a look is marked. */
static void what_changes_something_is_marked(void **state)
{
    (void)state;
    static const char *const looks[] = {"Get", "List", "Read", "Watch"};
    for (size_t i = 0; i < jig_method_row_count; i++) {
        bool look = false;
        for (size_t k = 0; k < JIG_COUNT(looks); k++)
            look |= strncmp(jig_method_rows[i].name, looks[k], strlen(looks[k])) == 0;
        if (look == ((jig_method_rows[i].flags & JIG_METHOD_MUTATES) != 0))
            fail_msg("%s", jig_method_rows[i].name);
    }
}

/* ---- endpoints ---- */

static void endpoints_stay_on_this_host(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum jig_code code;
        const char *as;
    } rows[] = {
        {"ipc:///run/user/1/jig/jigd.sock", JIG_OK, "ipc:///run/user/1/jig/jigd.sock"},
        {"tcp://127.0.0.1:4747", JIG_OK, "tcp://127.0.0.1:4747"},
        {"tcp://127.1.2.3:0", JIG_OK, "tcp://127.1.2.3:0"},
        {"tcp://localhost:80", JIG_OK, "tcp://127.0.0.1:80"},
        {"tcp://[::1]:80", JIG_OK, "tcp://[::1]:80"},
        {"tcp://0.0.0.0:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://*:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://[::]:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://[::ffff:10.0.0.1]:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://localhost.example.com:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://127.0.0.1.example.com:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://10.0.0.1:80", JIG_PERMISSION_DENIED, NULL},
        {"tcp://2130706433:80", JIG_PERMISSION_DENIED, NULL},
        {"tls+tcp://127.0.0.1:80", JIG_PERMISSION_DENIED, NULL},
        {"ws://127.0.0.1:80", JIG_PERMISSION_DENIED, NULL},
        {"inproc://x", JIG_PERMISSION_DENIED, NULL},
        {"tcp://127.0.0.1", JIG_INVALID_ARGUMENT, NULL},
        {"tcp://127.0.0.1:", JIG_INVALID_ARGUMENT, NULL},
        {"tcp://127.0.0.1:65536", JIG_INVALID_ARGUMENT, NULL},
        {"tcp://127.0.0.1:-1", JIG_INVALID_ARGUMENT, NULL},
        {"ipc://relative", JIG_INVALID_ARGUMENT, NULL},
        {"127.0.0.1:80", JIG_INVALID_ARGUMENT, NULL},
        {"", JIG_INVALID_ARGUMENT, NULL},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_endpoint e = {0};
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = jig_endpoint_parse(rows[i].url, &e, &err);
        if (code != rows[i].code)
            fail_msg("%s gives %s", rows[i].url, jig_code_name(code));
        if (code != JIG_OK)
            continue;
        assert_string_equal(e.url, rows[i].as);
        jig_endpoint_release(&e);
    }
    char path[200];
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    struct jig_endpoint e;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_endpoint_of_socket(path, &e, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "107"));
}

/* ---- peers over tcp ---- */

static struct in6_addr v4(uint8_t last)
{
    struct in6_addr out = {.s6_addr = {[10] = 0xff, [11] = 0xff, 127, 0, 0, last}};
    return out;
}

static void the_kernels_table_names_the_user(void **state)
{
    (void)state;
    static const char table[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout inode\n"
        "   0: 0100007F:128B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "1 1 0000000000000000 100 0 0 10 0\n"
        "   1: 0100007F:9C40 0100007F:128B 06 00000000:00000000 03:00001770 00000000     0        "
        "0 "
        "0 3 0000000000000000\n"
        "   2: 0100007F:9C41 0100007F:128B 01 00000000:00000000 00:00000000 00000000  1000        "
        "0 "
        "2 1 0000000000000000 20 4 30 10 -1\n"
        "   3: 0000000000000000FFFF00000200007F:9C42 0000000000000000FFFF00000100007F:128B 01 "
        "00000000:00000000 00:00000000 00000000  1001        0 3 1 0000000000000000 20 4 0 10 -1\n"
        "garbage\n   4: zz\n";
    struct in6_addr one = v4(1), two = v4(2);
    uid_t uid = 7;
    assert_false(jig_tcp_table_uid(table, &one, 0x9C40, &one, 0x128B, &uid)); /* TIME_WAIT */
    assert_true(jig_tcp_table_uid(table, &one, 0x9C41, &one, 0x128B, &uid));
    assert_int_equal(uid, 1000);
    assert_true(jig_tcp_table_uid(table, &two, 0x9C42, &one, 0x128B, &uid));
    assert_int_equal(uid, 1001);
    assert_false(jig_tcp_table_uid(table, &two, 0x9C41, &one, 0x128B, &uid));
    assert_false(jig_tcp_table_uid("", &one, 1, &one, 1, &uid));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_carry_message_or_error),
        cmocka_unit_test(every_method_has_a_row),
        cmocka_unit_test(bad_tables_are_refused),
        cmocka_unit_test(what_changes_something_is_marked),
        cmocka_unit_test(endpoints_stay_on_this_host),
        cmocka_unit_test(the_kernels_table_names_the_user),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
