#include "tests/support/unit.h"

#include "core/arduino/fqbn.h"
#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"

static void assert_round_trip(const char *text, const char *expected)
{
    struct jig_fqbn f = JIG_FQBN_INIT;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_fqbn_parse(text, &f, &err) != JIG_OK)
        fail_msg("%s", err.message);
    JIG_CLEANUP_FREE char *out = jig_fqbn_format(&f, true);
    assert_string_equal(out, expected);
    jig_fqbn_release(&f);
}

static void good_names(void **state)
{
    (void)state;
    assert_round_trip("arduino:avr:uno", "arduino:avr:uno");
    assert_round_trip("arduino:avr:nano:cpu=atmega328old", "arduino:avr:nano:cpu=atmega328old");
    assert_round_trip("a:b:c:x=1, y = 2,x=3", "a:b:c:y=2,x=3");
    assert_round_trip("a:b:c:x=1=2", "a:b:c:x=1=2");
    assert_round_trip("a:b:c:x=", "a:b:c:x=");
    assert_round_trip("::c", "::c");
    assert_round_trip("a-1_.x:b:c", "a-1_.x:b:c");
}

static void bad_names_say_why(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"uno", "'uno' is not a full board name"},
        {"arduino:avr", "'arduino:avr' is not a full board name"},
        {"a:b:c:x=1:y=2", "'a:b:c:x=1:y=2' is not a full board name"},
        {"a:b:", "the board name 'a:b:' names no board"},
        {"a:b:c/d", "'c/d' in the board name 'a:b:c/d' has a character that may not be there"},
        {"a:b:c:", "'' in the board name 'a:b:c:' is not an option of the form menu=value"},
        {"a:b:c:cpu",
         "'cpu' in the board name 'a:b:c:cpu' is not an option of the form menu=value"},
        {"a:b:c:=1", "'=1' in the board name 'a:b:c:=1' is not an option of the form menu=value"},
        {"a:b:c:x=;", "the option 'x=;' in the board name 'a:b:c:x=;' has a character that may not "
                      "be there"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_fqbn f = JIG_FQBN_INIT;
        struct jig_err err = JIG_ERR_INIT;
        assert_int_equal(jig_fqbn_parse(rows[i][0], &f, &err), JIG_INVALID_ARGUMENT);
        assert_string_equal(err.message, rows[i][1]);
    }
}

static void matching(void **state)
{
    (void)state;
    static const struct {
        const char *have;
        const char *wanted;
        bool fits;
    } rows[] = {
        {"a:b:c:x=1,y=2", "a:b:c:y=2", true},
        {"a:b:c:x=1", "a:b:c", true},
        {"a:b:c", "a:b:c:x=1", false},
        {"a:b:c:x=1", "a:b:c:x=2", false},
        {"a:b:c", "a:b:d", false},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_fqbn f = JIG_FQBN_INIT;
        struct jig_fqbn w = JIG_FQBN_INIT;
        assert_int_equal(jig_fqbn_parse(rows[i].have, &f, NULL), JIG_OK);
        assert_int_equal(jig_fqbn_parse(rows[i].wanted, &w, NULL), JIG_OK);
        assert_int_equal(jig_fqbn_matches(&f, &w), rows[i].fits);
        jig_fqbn_release(&f);
        jig_fqbn_release(&w);
    }
}

static void versions_in_order(void **state)
{
    (void)state;
    /* Each is older than the next. */
    static const char *const rising[] = {
        "",
        "banana",
        "v1.0",
        "0.1",
        "0.9.9",
        "1.0.0-alpha",
        "1.0.0-alpha.1",
        "1.0.0-beta",
        "1.0.0-beta.2",
        "1.0.0-beta.11",
        "1.0.0-rc1",
        "1.0.0",
        "1.2",
        "1.10",
        "1.10.1",
        "2",
        "10.0.0",
    };
    for (size_t i = 0; i < JIG_COUNT(rising); i++) {
        for (size_t k = 0; k < JIG_COUNT(rising); k++) {
            int c = jig_version_compare(rising[i], rising[k]);
            if ((c > 0) - (c < 0) != (i > k) - (i < k))
                fail_msg("%s against %s is %d", rising[i], rising[k], c);
        }
    }
    assert_int_equal(jig_version_compare("1.8", "1.8.0"), 0);
    assert_int_equal(jig_version_compare("1", "1.0.0"), 0);
    assert_int_equal(jig_version_compare("01.8", "1.08.0"), 0);
    assert_int_equal(jig_version_compare("1.0.0+a", "1.0.0+b"), 0);
    assert_false(jig_version_is_proper("1.0.0."));
    assert_false(jig_version_is_proper("1.0.0-"));
    assert_false(jig_version_is_proper("1.0.0_1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_names),
        cmocka_unit_test(bad_names_say_why),
        cmocka_unit_test(matching),
        cmocka_unit_test(versions_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
