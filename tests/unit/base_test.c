#include "tests/support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"

static void buf_refuses_past_its_ceiling(void **state)
{
    (void)state;
    struct jig_buf b;
    struct jig_err err = JIG_ERR_INIT;
    jig_buf_init(&b, 8);
    jig_buf_puts(&b, "12345678");
    assert_int_equal(jig_buf_check(&b, "the thing", &err), JIG_OK);
    jig_buf_putc(&b, '9');
    assert_string_equal(b.data, "12345678");
    assert_int_equal(jig_buf_check(&b, "the thing", &err), JIG_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the thing is larger than the limit of 8 bytes");
    jig_buf_release(&b);
}

/* Room that is asked for and not used leaves a string all the same. */
static void buf_is_a_string_while_it_grows(void **state)
{
    (void)state;
    for (size_t n = 1; n < 5000; n *= 3) {
        struct jig_buf b;
        jig_buf_init(&b, 10000);
        char *at = jig_buf_reserve(&b, n);
        assert_non_null(at);
        assert_int_equal(b.data[0], '\0');
        memset(at, 'x', n);
        jig_buf_release(&b);
    }
}

static void map_keeps_order_and_survives_churn(void **state)
{
    (void)state;
    struct jig_map m;
    jig_map_init(&m, free);
    for (int i = 0; i < 1000; i++) {
        JIG_CLEANUP_FREE char *key = jig_strf("k%d", i);
        jig_map_set(&m, key, jig_strf("v%d", i));
    }
    for (int i = 0; i < 1000; i += 2) {
        JIG_CLEANUP_FREE char *key = jig_strf("k%d", i);
        assert_true(jig_map_remove(&m, key));
        assert_false(jig_map_remove(&m, key));
    }
    for (int i = 1000; i < 1500; i++) {
        JIG_CLEANUP_FREE char *key = jig_strf("k%d", i);
        jig_map_set(&m, key, jig_strf("v%d", i));
    }
    assert_int_equal(m.count, 1000);
    assert_string_equal(jig_map_get(&m, "k999"), "v999");
    assert_null(jig_map_get(&m, "k998"));
    int last = -1;
    for (size_t i = 0; i < m.used; i++) {
        if (m.entries[i].key == NULL)
            continue;
        int64_t now = 0;
        assert_true(jig_parse_i64(m.entries[i].key + 1, &now));
        assert_true(now > last);
        last = (int)now;
    }
    jig_map_release(&m);
}

static void shell_words_round_trip(void **state)
{
    (void)state;
    struct jig_strv words = {0};
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_shell_split("a 'b c' \"d\\\"e\\x\" f\\ g ''", &words, &err), JIG_OK);
    assert_int_equal(words.n, 5);
    assert_string_equal(words.v[1], "b c");
    assert_string_equal(words.v[2], "d\"e\\x");
    assert_string_equal(words.v[3], "f g");
    assert_string_equal(words.v[4], "");
    JIG_CLEANUP_FREE char *line = jig_shell_join(&words);
    struct jig_strv again = {0};
    assert_int_equal(jig_shell_split(line, &again, &err), JIG_OK);
    assert_int_equal(again.n, words.n);
    for (size_t i = 0; i < words.n; i++)
        assert_string_equal(again.v[i], words.v[i]);
    jig_strv_clear(&again);
    assert_int_equal(jig_shell_split("open 'quote", &again, &err), JIG_INVALID_ARGUMENT);
    jig_strv_release(&again);
    jig_strv_release(&words);
}

static void paths(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *joined = jig_path_join("/a/", "b");
    assert_string_equal(joined, "/a/b");
    JIG_CLEANUP_FREE char *absolute = jig_path_join("/a", "/b");
    assert_string_equal(absolute, "/b");
    assert_string_equal(jig_path_ext("/x.y/.hidden"), "");
    assert_string_equal(jig_path_ext("a.tar.gz"), ".gz");
    JIG_CLEANUP_FREE char *root = jig_path_dir("/a");
    assert_string_equal(root, "/");
}

static void numbers_and_sizes(void **state)
{
    (void)state;
    int64_t i = 0;
    uint64_t u = 0;
    assert_true(jig_parse_i64("-0x10", &i) && i == -16);
    assert_false(jig_parse_i64("12 ", &i));
    assert_false(jig_parse_i64("99999999999999999999", &i));
    assert_false(jig_parse_u64("-1", &u));
    assert_true(jig_parse_size("1.5 GiB", &u) && u == 1610612736);
    assert_true(jig_parse_size("10MB", &u) && u == 10000000);
    assert_false(jig_parse_size("10 parsecs", &u));
    assert_false(jig_parse_size("1e300", &u));
}

static void utf8(void **state)
{
    (void)state;
    assert_true(jig_utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
    assert_false(jig_utf8_valid("\xc0\x80", 2));
    assert_false(jig_utf8_valid("\xed\xa0\x80", 3));
    assert_false(jig_utf8_valid("\xf5\x80\x80\x80", 4));
    assert_false(jig_utf8_valid("\xe2\x82", 2));
    assert_false(jig_utf8_valid("a\0b", 3));
}

static void errors_are_cut_on_a_character(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_buf long_text;
    jig_buf_init(&long_text, 4096);
    for (int i = 0; i < 1000; i++)
        jig_buf_puts(&long_text, "\xe2\x82\xac");
    jig_err_set(&err, JIG_NOT_FOUND, "x%s", long_text.data);
    assert_true(jig_utf8_valid(err.message, strlen(err.message)));
    jig_err_prefix(&err, "first");
    assert_memory_equal(err.message, "first: x", 8);
    assert_true(jig_utf8_valid(err.message, strlen(err.message)));
    jig_err_set(NULL, JIG_NOT_FOUND, "nobody looks");
    jig_buf_release(&long_text);
}

static void errno_has_a_code(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_err_sys(&err, 2, "cannot open %s", "/x"), JIG_NOT_FOUND);
    assert_string_equal(err.message, "cannot open /x: No such file or directory");
    assert_int_equal(err.sys_errno, 2);
    assert_string_equal(jig_code_lower_name(JIG_DATA_LOSS), "data_loss");
    assert_string_equal(jig_code_name((enum jig_code)99), "UNKNOWN");
}

static void arena_has_a_ceiling(void **state)
{
    (void)state;
    struct jig_arena a;
    jig_arena_init(&a, 10000);
    assert_non_null(jig_arena_alloc(&a, 9000));
    assert_null(jig_arena_alloc(&a, 5000));
    assert_null(jig_arena_alloc(&a, (size_t)-1));
    assert_string_equal(jig_arena_strdup(&a, "fits"), "fits");
    jig_arena_release(&a);
}

static void nearest_names(void **state)
{
    (void)state;
    assert_int_equal(jig_edit_distance("unoo", "uno"), 1);
    assert_int_equal(jig_edit_distance("nuo", "uno"), 1);
    assert_int_equal(jig_edit_distance("UNO", "uno"), 0);
    struct jig_strv names = {0};
    struct jig_strv out = {0};
    jig_str_split("mega,nano,uno,unomini,leonardo", ",", false, &names);
    jig_nearest("unoo", &names, 2, &out);
    assert_string_equal(out.v[0], "uno");
    jig_strv_release(&names);
    jig_strv_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buf_refuses_past_its_ceiling),
        cmocka_unit_test(buf_is_a_string_while_it_grows),
        cmocka_unit_test(map_keeps_order_and_survives_churn),
        cmocka_unit_test(shell_words_round_trip),
        cmocka_unit_test(paths),
        cmocka_unit_test(numbers_and_sizes),
        cmocka_unit_test(utf8),
        cmocka_unit_test(errors_are_cut_on_a_character),
        cmocka_unit_test(errno_has_a_code),
        cmocka_unit_test(arena_has_a_ceiling),
        cmocka_unit_test(nearest_names),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
