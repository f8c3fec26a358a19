/* Ranges of versions, and packages as people ask for them. */
#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/range.h"
#include "core/packages/wish.h"

static bool matches(const char *text, const char *version)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP(jig_cleanup_range) struct jig_range *r = NULL;
    if (jig_range_parse(text, &r, &err) != JIG_OK)
        fail_msg("%s: %s", text, err.message);
    return jig_range_matches(r, version);
}

static void test_matches(void **state)
{
    (void)state;
    static const struct {
        const char *range;
        const char *in;  /* blank-separated */
        const char *out; /* blank-separated */
    } rows[] = {
        {"", "0 1.0 9.9.9-rc1 strange", ""},
        {"*", "0.0.1 2", ""},
        {"latest", "1.0", ""},
        {"1.8", "1.8 1.8.0", "1.8.1 1.9"},
        {"v1.2.3", "1.2.3", "1.2.4"},
        {"=1.2.3", "1.2.3 1.2.3+b7", "1.2.3-rc1"},
        {"== 1.2.3", "1.2.3", "1.2"},
        {">1.2", "1.2.1 2", "1.2 1.2.0-rc1"},
        {">=1.2", "1.2 1.10", "1.1.9 1.2-rc1"},
        {"<2.0.0", "1.9.9 2.0.0-rc1", "2.0 2.0.1"},
        {"<=2", "2.0.0 1", "2.0.1"},
        {"^1.2.3", "1.2.3 1.9.0", "1.2.2 2.0.0 2.0.0-rc1"},
        {"^1", "1.0 1.9", "0.9 2.0"},
        {"^0.2.3", "0.2.3 0.2.9", "0.3.0 0.2.2 1.0"},
        {"^0.0.3", "0.0.3", "0.0.4 0.1"},
        {"^0", "0.0.1 0.9", "1.0"},
        {"~1.2.3", "1.2.3 1.2.9", "1.3 1.2.2"},
        {"~1.2", "1.2 1.2.9", "1.3"},
        {"~1", "1.0 1.9", "2.0"},
        {"~>1.2.3", "1.2.9", "1.3"},
        {"1.8.*", "1.8 1.8.7", "1.9 1.7"},
        {"1.x", "1.0 1.99", "2.0 0.1"},
        {">=1.0 && <2.0", "1.0 1.5", "0.9 2.0"},
        {">=1.0, <2.0", "1.5", "2.0"},
        {">= 1.0 < 2.0", "1.5", "2.0"},
        {"1.0 || 2.0", "1.0 2.0", "1.5"},
        {"^1.0 || (>=3 && !3.1)", "1.5 3.0 3.2", "2.0 3.1"},
        {"!1.0", "1.1", "1.0"},
        {"esp-2021r2", "esp-2021r2", "esp-2021r1 1.0"},
        {">99999999999999999999999999", "100000000000000000000000000", "1"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        for (int in = 0; in < 2; in++) {
            struct jig_strv versions = {0};
            jig_str_split(in ? rows[i].in : rows[i].out, " ", false, &versions);
            for (size_t k = 0; k < versions.n; k++) {
                if (matches(rows[i].range, versions.v[k]) != (in == 1))
                    fail_msg("'%s' and %s: wrong", rows[i].range, versions.v[k]);
            }
            jig_strv_release(&versions);
        }
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        ">",
        ">=",
        "1.0 ||",
        "|| 1.0",
        "(1.0",
        "1.0)",
        ">=1.*",
        "^a.b",
        "1.0 & 2.0",
        "^ ^1",
        "<>1",
        "\x01",
        "((((((((((((((((((1))))))))))))))))))",
        "!!!!!!!!!!!!!!!!!!!!!1",
    };
    for (size_t i = 0; i < JIG_COUNT(texts); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_range *r = NULL;
        if (jig_range_parse(texts[i], &r, &err) != JIG_INVALID_ARGUMENT)
            fail_msg("'%s' was taken", texts[i]);
        assert_non_null(strstr(err.message, texts[i]));
    }
    struct jig_err err = JIG_ERR_INIT;
    struct jig_range *r = NULL;
    char large[1024];
    memset(large, '1', sizeof large);
    large[sizeof large - 1] = '\0';
    assert_int_equal(jig_range_parse(large, &r, &err), JIG_INVALID_ARGUMENT);
}

static void test_better(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP(jig_cleanup_range) struct jig_range *any = NULL;
    JIG_CLEANUP(jig_cleanup_range) struct jig_range *pre = NULL;
    assert_int_equal(jig_range_parse("", &any, &err), JIG_OK);
    assert_int_equal(jig_range_parse(">=2.0.0-rc1", &pre, &err), JIG_OK);
    assert_true(jig_range_better(any, "1.0", NULL));
    assert_true(jig_range_better(any, "1.10", "1.9"));
    assert_false(jig_range_better(any, "1.9", "1.10"));
    assert_true(jig_range_better(any, "1.0", "2.0-rc1"));
    assert_false(jig_range_better(any, "2.0-rc1", "1.0"));
    assert_true(jig_range_better(any, "2.0.0-rc2", "2.0.0-rc1"));
    assert_true(jig_range_better(pre, "3.0.0-rc1", "2.0"));
}

static void test_wishes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum jig_wish_from from;
        const char *name;
        const char *range; /* or url */
        const char *ref;
    } rows[] = {
        {"Servo", JIG_WISH_INDEX, "Servo", "any version", NULL},
        {"Servo@1.2.1", JIG_WISH_INDEX, "Servo", "1.2.1", NULL},
        {" arduino-libraries/Servo @ ^1.2 ", JIG_WISH_INDEX, "Servo", " ^1.2", NULL},
        {"Adafruit GFX Library@>=1.0 && <2", JIG_WISH_INDEX, "Adafruit GFX Library", ">=1.0 && <2",
         NULL},
        {"https://h/x/servo.git#v1.2", JIG_WISH_GIT, "servo", "https://h/x/servo.git", "v1.2"},
        {"git+ssh://h/servo", JIG_WISH_GIT, "servo", "ssh://h/servo", ""},
        {"git@h:me/servo.git", JIG_WISH_GIT, "servo", "git@h:me/servo.git", ""},
        {"https://github.com/me/servo", JIG_WISH_GIT, "servo", "https://github.com/me/servo", ""},
        {"My Servo=https://github.com/me/servo#main", JIG_WISH_GIT, "My Servo",
         "https://github.com/me/servo", "main"},
        {"me/Servo@https://h/s.zip#sha256="
         "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
         JIG_WISH_ARCHIVE, "Servo", "https://h/s.zip", ""},
        {"https://h/a b/s-1.2.tar.gz", JIG_WISH_ARCHIVE, "s-1.2", "https://h/a b/s-1.2.tar.gz", ""},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_wish w;
        if (jig_wish_library(rows[i].text, &w, &err) != JIG_OK)
            fail_msg("%s: %s", rows[i].text, err.message);
        assert_int_equal(w.from, rows[i].from);
        assert_string_equal(w.name, rows[i].name);
        assert_string_equal(w.from == JIG_WISH_INDEX ? jig_range_text(w.range) : w.url,
                            rows[i].range);
        if (rows[i].ref != NULL)
            assert_string_equal(w.ref, rows[i].ref);
        assert_int_equal(w.has_sha256, strstr(rows[i].text, "#sha256=") != NULL);
        jig_wish_release(&w);
    }
}

static void test_wishes_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "@1.0",
        "../../etc",
        "a/../b",
        "Servo@^",
        "https://h/s.zip#sha256=12",
        "https://h/s.zip#md5=12",
        "https://h/s.txt",
        "https://h/.git",
        "https://h/s.git#--upload-pack=x",
        "https://ann:secret@h/s.git",
        "https://secret@h/s.git",
        "Evil\x01",
    };
    for (size_t i = 0; i < JIG_COUNT(texts); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_wish w;
        if (jig_wish_library(texts[i], &w, &err) == JIG_OK)
            fail_msg("'%s' was taken", texts[i]);
        assert_int_equal(err.reason, JIG_REASON_USAGE);
        assert_null(strstr(err.message, "secret"));
    }
}

static void test_platform_wishes(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_wish w;
    assert_int_equal(jig_wish_platform("arduino:avr@^1.8", &w, &err), JIG_OK);
    assert_string_equal(w.vendor, "arduino");
    assert_string_equal(w.name, "avr");
    assert_string_equal(jig_range_text(w.range), "^1.8");
    jig_wish_release(&w);
    static const char *const texts[] = {"",      "arduino",    "arduino:", ":avr",
                                        "a:b:c", "../x:avr@1", "a:b@(",    "-x:avr"};
    for (size_t i = 0; i < JIG_COUNT(texts); i++) {
        if (jig_wish_platform(texts[i], &w, &err) == JIG_OK)
            fail_msg("'%s' was taken", texts[i]);
        assert_int_equal(err.reason, JIG_REASON_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matches),        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_better),         cmocka_unit_test(test_wishes),
        cmocka_unit_test(test_wishes_refused), cmocka_unit_test(test_platform_wishes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
