/* The configparser reader: its rules, and what it says about bad text. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/ini.h"
#include "core/config/pytext.h"

static struct jig_ini ini;
static struct jig_err err;

static int setup(void **state)
{
    (void)state;
    jig_ini_init(&ini);
    jig_err_clear(&err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jig_ini_release(&ini);
    return 0;
}

static enum jig_code parse_n(const char *text, size_t n)
{
    return jig_ini_parse(&ini, "x.ini", text, n, &err);
}

static enum jig_code parse(const char *text)
{
    return parse_n(text, strlen(text));
}

static void check_raw(const char *section, const char *name, const char *value)
{
    const struct jig_ini_section *s = jig_ini_section(&ini, section);
    assert_non_null(s);
    const struct jig_ini_option *o = jig_ini_option(&ini, s, name);
    assert_non_null(o);
    assert_string_equal(o->value, value);
}

static void check_refused(const char *text, const char *message)
{
    jig_ini_release(&ini);
    jig_ini_init(&ini);
    assert_int_equal(parse(text), JIG_INVALID_ARGUMENT);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    assert_string_equal(err.message, message);
}

static void test_values_and_lines(void **state)
{
    (void)state;
    assert_int_equal(
        parse("; head\n[a]\nKey = value ; why\nmulti =\n  one # 1\n\n  two\n[b]\nx:y=z"), JIG_OK);
    check_raw("a", "key", "value");
    check_raw("a", "multi", "\none\n\ntwo");
    check_raw("b", "x", "y=z");
    const struct jig_ini_section *a = jig_ini_section(&ini, "a");
    assert_int_equal(jig_ini_option(&ini, a, "multi")->line, 4);
    assert_string_equal(jig_ini_option(&ini, a, "multi")->file, "x.ini");
    assert_null(jig_ini_option(&ini, a, "Key"));
    assert_null(jig_ini_section(&ini, "A"));
}

static void test_second_file_replaces(void **state)
{
    (void)state;
    assert_int_equal(parse("[a]\nx = 1\ny = 2\n"), JIG_OK);
    assert_int_equal(parse("[a]\nx = 3\nz = 4\n"), JIG_OK);
    check_raw("a", "x", "3");
    check_raw("a", "y", "2");
    check_raw("a", "z", "4");
    assert_int_equal(jig_ini_option(&ini, jig_ini_section(&ini, "a"), "x")->line, 2);
}

static void test_default_section(void **state)
{
    (void)state;
    assert_int_equal(parse("[DEFAULT]\nshared = 1\n[a]\nown = 2\n"), JIG_OK);
    check_raw("a", "shared", "1");
    assert_null(jig_ini_section(&ini, "DEFAULT"));
}

static void test_refusals_name_the_line(void **state)
{
    (void)state;
    check_refused("x = 1\n", "x.ini:1: there is no [section] before this line: 'x = 1'");
    check_refused("[a]\nx = 1\n\n[a]\n", "x.ini:4: this section is in the file twice: 'a'");
    check_refused("[a]\nx = 1\nX = 2\n", "x.ini:3: [a] has this option twice: 'X'");
    check_refused("[a]\n\njust words\n",
                  "x.ini:3: neither a [section], an 'option = value' nor the rest of one: "
                  "'just words'");
    check_refused("[a]\n= 1\n",
                  "x.ini:2: neither a [section], an 'option = value' nor the rest of one: '= 1'");
    check_refused("[a]\r\nx = 1\r\ncaf\xe9 = 1\r\n", "x.ini:3: this line is not UTF-8");
    check_refused(
        "\xEF\xBB\xBF[a]\n",
        "x.ini:1: the file begins with a byte order mark, which PlatformIO takes for text "
        "before the first [section]");
    assert_true(strlen(err.hint) > 0);
}

static void test_nul_is_refused(void **state)
{
    (void)state;
    static const char text[] = "[a]\nx = 1\ny = \0\n";
    assert_int_equal(parse_n(text, sizeof text - 1), JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message, "x.ini:3: there is a NUL byte in this line");
}

static void test_long_bad_line_is_cut(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 2u << 20);
    jig_buf_puts(&text, "[a]\n");
    for (int i = 0; i < 500000; i++)
        jig_buf_puts(&text, "\xC3\xA9");
    assert_int_equal(parse_n(text.data, text.len), JIG_INVALID_ARGUMENT);
    assert_true(strlen(err.message) < 200);
    assert_true(jig_utf8_valid(err.message, strlen(err.message)));
    jig_buf_release(&text);
}

static void test_long_lines_are_taken(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 2u << 20);
    jig_buf_puts(&text, "[a]\nx = ");
    for (int i = 0; i < 1000000; i++)
        jig_buf_putc(&text, 'y');
    assert_int_equal(parse_n(text.data, text.len), JIG_OK);
    assert_int_equal(strlen(jig_ini_option(&ini, jig_ini_section(&ini, "a"), "x")->value), 1000000);
    jig_buf_release(&text);
}

static void test_large_file_is_refused(void **state)
{
    (void)state;
    size_t n = JIG_INI_FILE_MAX + 1;
    char *text = jig_xcalloc(n, 1);
    memset(text, '\n', n);
    assert_int_equal(parse_n(text, n), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "is larger than"));
    free(text);
}

static char *value_of(const char *name)
{
    const struct jig_ini_section *s = jig_ini_section(&ini, "a");
    char *out = NULL;
    if (jig_ini_value(&ini, s, name, jig_ini_option(&ini, s, name), &out, &err) != JIG_OK)
        return NULL;
    return out;
}

static void check_value(const char *name, const char *value)
{
    JIG_CLEANUP_FREE char *got = value_of(name);
    assert_non_null(got);
    assert_string_equal(got, value);
}

static void test_percent(void **state)
{
    (void)state;
    assert_int_equal(parse("[DEFAULT]\nd = D\n[a]\nx = 1\ny = 50%% %(X)s%(d)s\nlone = 5%\n"
                           "unknown = %(q)s\nopen = %(x\nself = %(self)s\n"),
                     JIG_OK);
    check_value("y", "50% 1D");
    assert_null(value_of("lone"));
    assert_string_equal(err.message, "x.ini:6: a lone % in 'lone' of [a]");
    assert_null(value_of("unknown"));
    assert_string_equal(err.message, "x.ini:7: no option for %(q)s in 'unknown' of [a]");
    assert_null(value_of("open"));
    assert_null(value_of("self"));
    assert_string_equal(err.message,
                        "x.ini:9: references nested more than ten deep in 'self' of [a]");
}

/* Ten levels of a hundred references each would be 10^20 of them. */
static void test_percent_bomb(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 1u << 20);
    jig_buf_puts(&text, "[a]\nx0 = y\n");
    for (int level = 1; level < 9; level++) {
        jig_buf_printf(&text, "x%d = ", level);
        for (int i = 0; i < 100; i++)
            jig_buf_printf(&text, "%%(x%d)s", level - 1);
        jig_buf_putc(&text, '\n');
    }
    assert_int_equal(parse(text.data), JIG_OK);
    assert_null(value_of("x8"));
    assert_non_null(strstr(err.message, "too many references"));
    jig_buf_release(&text);
}

static void test_integers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool good;
        int64_t value;
    } cases[] = {
        {"0", true, 0},
        {" 42\n", true, 42},
        {"-7", true, -7},
        {"+1_000", true, 1000},
        {"007", true, 7},
        {"9223372036854775807", true, INT64_MAX},
        {"-9223372036854775808", true, INT64_MIN},
        {"9223372036854775808", false, 0},
        {"-9223372036854775809", false, 0},
        {"", false, 0},
        {"-", false, 0},
        {"_1", false, 0},
        {"1_", false, 0},
        {"1__0", false, 0},
        {"0x10", false, 0},
        {"1.0", false, 0},
    };
    for (size_t i = 0; i < JIG_COUNT(cases); i++) {
        int64_t value = 0;
        assert_int_equal(jig_py_int(cases[i].text, &value), cases[i].good);
        assert_int_equal(value, cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_values_and_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_second_file_replaces, setup, teardown),
        cmocka_unit_test_setup_teardown(test_default_section, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_name_the_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nul_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_bad_line_is_cut, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lines_are_taken, setup, teardown),
        cmocka_unit_test_setup_teardown(test_large_file_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_percent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_percent_bomb, setup, teardown),
        cmocka_unit_test(test_integers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
