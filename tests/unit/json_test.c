#include "tests/support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/base64.h"
#include "client/lib/json.h"
#include "client/lib/utf8.h"
#include "core/base/mem.h"
#include "jig/v1/build.pb-c.h"
#include "tests/support/everything.pb-c.h"

static const ProtobufCMessageDescriptor *const everything = &jig__test__everything__descriptor;

static enum jig_status encode(const char *json, Jig__Test__Everything **ret,
                              struct jig_error *error)
{
    void *bytes;
    size_t size;
    enum jig_status status = jig_json_encode(everything, json, strlen(json), &bytes, &size, error);
    if (status != JIG_STATUS_OK)
        return status;
    *ret = jig__test__everything__unpack(NULL, size, bytes);
    assert_non_null(*ret);
    free(bytes);
    return status;
}

static Jig__Test__Everything *must_encode(const char *json)
{
    Jig__Test__Everything *m = NULL;
    struct jig_error error = {.message = ""};
    if (encode(json, &m, &error) != JIG_STATUS_OK)
        fail_msg("%s: %s", json, error.message);
    return m;
}

static void assert_refused(const char *json, const char *says)
{
    Jig__Test__Everything *m = NULL;
    struct jig_error error = {.message = ""};
    if (encode(json, &m, &error) != JIG_STATUS_INVALID_ARGUMENT)
        fail_msg("%s is accepted", json);
    assert_int_equal(error.cause, JIG_CAUSE_USAGE);
    if (strstr(error.message, says) == NULL)
        fail_msg("%s: said '%s', not '%s'", json, error.message, says);
}

static void assert_said(const Jig__Test__Everything *m, const char *json)
{
    char *said;
    assert_int_equal(jig_json_decode(&m->base, &said, NULL), JIG_STATUS_OK);
    assert_string_equal(said, json);
    free(said);
}

static void test_names(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"wait_ms", "waitMs"},    {"id", "id"},          {"a_b_c", "aBC"},
        {"odd__name", "oddName"}, {"with_2x", "with2x"}, {"trailing_", "trailing"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        char out[64];
        jig_json_name(rows[i][0], out, sizeof out);
        assert_string_equal(out, rows[i][1]);
    }
    char small[4];
    jig_json_name("wait_ms", small, sizeof small);
    assert_string_equal(small, "wai");
}

static void test_scalars(void **state)
{
    (void)state;
    Jig__Test__Everything *m = must_encode(
        "{\"anInt32\":-5,\"an_int64\":\"-9223372036854775808\",\"aUint64\":"
        "\"18446744073709551615\","
        "\"aBool\":true,\"aString\":\"x\",\"someBytes\":\"AP8=\",\"aColour\":\"COLOUR_NEGATIVE\","
        "\"aDouble\":0.5}");
    assert_int_equal(m->an_int32, -5);
    assert_true(m->an_int64 == INT64_MIN);
    assert_true(m->a_uint64 == UINT64_MAX);
    assert_true(m->a_bool);
    assert_string_equal(m->a_string, "x");
    assert_int_equal(m->some_bytes.len, 2);
    assert_memory_equal(m->some_bytes.data, "\0\xff", 2);
    assert_int_equal(m->a_colour, JIG__TEST__COLOUR__COLOUR_NEGATIVE);
    assert_said(m, "{\"anInt32\":-5,\"anInt64\":\"-9223372036854775808\","
                   "\"aUint64\":\"18446744073709551615\",\"aDouble\":0.5,\"aBool\":true,"
                   "\"aString\":\"x\",\"someBytes\":\"AP8=\",\"aColour\":\"COLOUR_NEGATIVE\"}");
    jig__test__everything__free_unpacked(m, NULL);
}

static void test_defaults_are_left_out(void **state)
{
    (void)state;
    Jig__Test__Everything *m =
        must_encode("{\"anInt32\":0,\"aString\":\"\",\"aBool\":false,\"someBytes\":\"\","
                    "\"aColour\":\"COLOUR_UNSPECIFIED\",\"manyInt32\":[],\"anInner\":null}");
    assert_said(m, "{}");
    jig__test__everything__free_unpacked(m, NULL);
    m = must_encode("{\"anInner\":{},\"chosenInt32\":0}");
    assert_said(m, "{\"anInner\":{},\"chosenInt32\":0}");
    jig__test__everything__free_unpacked(m, NULL);
}

static void test_nothing_is_empty(void **state)
{
    (void)state;
    Jig__Test__Everything *m = must_encode("");
    assert_said(m, "{}");
    jig__test__everything__free_unpacked(m, NULL);
}

static void test_unknown_enum_number(void **state)
{
    (void)state;
    Jig__Test__Everything *m = must_encode("{\"manyColour\":[99,1]}");
    assert_said(m, "{\"manyColour\":[99,\"COLOUR_RED\"]}");
    jig__test__everything__free_unpacked(m, NULL);
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"{\"nosuch\":1}", "nosuch: unknown field"},
        {"{\"an_int23\":1}", "an_int23: unknown field; did you mean anInt32?"},
        {"{\"anInner\":{\"nam\":1}}", "anInner.nam: unknown field; did you mean name?"},
        {"{\"manyInner\":[{},{\"name\":5}]}", "manyInner[1].name: needs text, not a number"},
        {"{\"an_int32\":1,\"anInt32\":1}", "given twice, under both its names"},
        {"{\"anInt32\":1,\"anInt32\":1}", "duplicate"},
        {"{\"anInt32\":2147483648}", "anInt32: does not fit into 32 bits"},
        {"{\"aUint32\":-1}", "aUint32: must not be negative"},
        {"{\"anInt32\":1.5}", "anInt32: is not a whole number"},
        {"{\"anInt32\":\"\"}", "anInt32: is not a whole number"},
        {"{\"anInt64\":\"99999999999999999999999\"}", "is not a whole number of 64 bits"},
        {"{\"aUint64\":18446744073709551615}", "too big"},
        {"{\"manyInt32\":{}}", "manyInt32: needs a list, not an object"},
        {"{\"manyInt32\":[1,null]}", "manyInt32[1]: must not be null"},
        {"{\"someBytes\":\"Q\"}", "someBytes: is not base64"},
        {"{\"aString\":\"a\\u0000b\"}", "aString: holds a NUL"},
        {"{\"aColour\":\"COLOUR_RAD\"}", "did you mean COLOUR_RED?"},
        {"{\"chosenInt32\":1,\"chosenBool\":true}", "chosenBool: excludes chosen_int32"},
        {"{\"aFloat\":1e39}", "aFloat: does not fit into a float"},
        {"[]", "the request: needs an object, not a list"},
        {"null", "the request: needs an object, not null"},
        {"{", "the request is not JSON: line 1, column 1"},
        {"{}x", "the request is not JSON"},
        {"{\"aString\":\"\xff\"}", "the request is not JSON"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++)
        assert_refused(rows[i][0], rows[i][1]);
}

/* As the issue names it: a field's path in the contract itself. */
static void test_path_of_the_contract(void **state)
{
    (void)state;
    static const char json[] = "{\"project\":{\"directori\":\"/x\"}}";
    void *bytes;
    size_t size;
    struct jig_error error;
    assert_int_equal(jig_json_encode(&jig__v1__start_build_request__descriptor, json,
                                     sizeof json - 1, &bytes, &size, &error),
                     JIG_STATUS_INVALID_ARGUMENT);
    assert_string_equal(error.message, "project.directori: unknown field; did you mean directory?");
}

static void test_limits(void **state)
{
    (void)state;
    struct jig_error error;
    void *bytes;
    size_t size;
    assert_int_equal(
        jig_json_encode(everything, "{}", JIG_JSON_INPUT_MAX + 1, &bytes, &size, &error),
        JIG_STATUS_RESOURCE_EXHAUSTED);
    /* As deep as JSON goes: refused by the parser, without a crash. */
    size_t n = 100000;
    char *deep = malloc(n + 32);
    memset(deep, '[', n);
    assert_int_equal(jig_json_encode(everything, deep, n, &bytes, &size, &error),
                     JIG_STATUS_INVALID_ARGUMENT);
    free(deep);
}

static void test_values_limit(void **state)
{
    (void)state;
    size_t count = JIG_JSON_VALUES_MAX + 1;
    size_t n = 0;
    char *json = malloc(3 * count + 64);
    n += (size_t)snprintf(json, 64, "{\"manyInner\":[");
    for (size_t i = 0; i < count; i++) {
        memcpy(json + n, i > 0 ? ",{}" : " {}", 3);
        n += 3;
    }
    memcpy(json + n, "]}", 2);
    void *bytes;
    size_t size;
    struct jig_error error;
    assert_int_equal(jig_json_encode(everything, json, n + 2, &bytes, &size, &error),
                     JIG_STATUS_RESOURCE_EXHAUSTED);
    free(json);
}

static void test_bad_text_is_mended(void **state)
{
    (void)state;
    Jig__Test__Everything m = JIG__TEST__EVERYTHING__INIT;
    m.a_string = (char *)"a\xff\xe2\x82z\xe2\x82\xac";
    assert_said(&m, "{\"aString\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\xe2\x82\xac\"}");
}

static void test_base64(void **state)
{
    (void)state;
    unsigned char bytes[64];
    for (size_t n = 0; n < sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++)
            bytes[i] = (unsigned char)(i * 37 + n);
        char text[128];
        unsigned char back[96];
        size_t back_n = 99;
        jig_base64_encode(bytes, n, text);
        assert_int_equal(strlen(text) + 1, jig_base64_size(n));
        assert_true(jig_base64_decode(text, strlen(text), back, &back_n));
        assert_int_equal(back_n, n);
        assert_memory_equal(back, bytes, n);
    }
    static const char *const bad[] = {
        "Q", "QQ=", "Q===", "QQ=Q", "Q Q=", "QR==", "QUJ", "====", "\n"};
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        unsigned char out[16];
        size_t n;
        if (jig_base64_decode(bad[i], strlen(bad[i]), out, &n))
            fail_msg("'%s' is taken for base64", bad[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_defaults_are_left_out),
        cmocka_unit_test(test_nothing_is_empty),
        cmocka_unit_test(test_unknown_enum_number),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_path_of_the_contract),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_values_limit),
        cmocka_unit_test(test_bad_text_is_mended),
        cmocka_unit_test(test_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
