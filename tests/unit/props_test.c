#include "tests/support/unit.h"

#include <string.h>

#include "core/arduino/props.h"
#include "core/base/mem.h"
#include "core/base/str.h"

static struct jig_props *parse(const char *text)
{
    struct jig_props *p = jig_props_new();
    struct jig_err err = JIG_ERR_INIT;
    if (jig_props_parse(p, "t.txt", text, strlen(text), &err) != JIG_OK)
        fail_msg("%s", err.message);
    return p;
}

static void assert_expands(const struct jig_props *p, const char *text, const char *expected)
{
    char *out = NULL;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_props_expand(p, NULL, text, &out, &err) != JIG_OK)
        fail_msg("%s", err.message);
    assert_string_equal(out, expected);
    free(out);
}

static void lines_comments_and_endings(void **state)
{
    (void)state;
    struct jig_props *p = parse("\xef\xbb\xbf"
                                "a=1\r\n  # a comment = not a value\n\n b . c =  x = y \rlast=\n");
    assert_int_equal(jig_props_count(p), 3);
    assert_string_equal(jig_props_get(p, "a"), "1");
    assert_string_equal(jig_props_get(p, "b . c"), "x = y");
    assert_string_equal(jig_props_get(p, "last"), "");
    assert_null(jig_props_get(p, "# a comment"));
    jig_props_free(p);
}

static void this_systems_suffix_is_cut(void **state)
{
    (void)state;
    struct jig_props *p = parse("k=any\nk.linux=penguin\nk.windows=panes\nk.macosx=fruit\n"
                                "x.linux.path=/p\nlate.linux=first\nlate=second\n");
    assert_string_equal(jig_props_get(p, "k"), "penguin");
    assert_string_equal(jig_props_get(p, "k.windows"), "panes");
    assert_string_equal(jig_props_get(p, "k.macosx"), "fruit");
    assert_string_equal(jig_props_get(p, "x.path"), "/p");
    assert_string_equal(jig_props_get(p, "late"), "second"); /* the later line wins */
    jig_props_free(p);
}

static void other_encodings_become_utf8(void **state)
{
    (void)state;
    struct jig_props *p = parse("name=Y\xfan\n");
    assert_string_equal(jig_props_get(p, "name"), "Y\xc3\xban");
    jig_props_free(p);
}

static void a_bad_line_is_named(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_err err = JIG_ERR_INIT;
    const char *text = "a=1\n\nno equals sign here\nb=2\n";
    assert_int_equal(jig_props_parse(p, "/x/platform.txt", text, strlen(text), &err),
                     JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        "/x/platform.txt:3: 'no equals sign here' is not of the form key=value");
    assert_int_equal(jig_props_parse(p, "f", "a=\0b", 4, &err), JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message, "f is not a text file");
    assert_int_equal(jig_props_parse(p, "f", "a=\x01s", 4, &err), JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message, "f:1: the line holds a control character");
    jig_props_free(p);
}

static void every_ceiling_holds(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_err err = JIG_ERR_INIT;
    char *line = malloc(JIG_PROPS_LINE_MAX + 2);
    memset(line, 'x', JIG_PROPS_LINE_MAX + 1);
    line[1] = '=';
    assert_int_equal(jig_props_parse(p, "f", line, JIG_PROPS_LINE_MAX, &err), JIG_OK);
    assert_int_equal(jig_props_parse(p, "f", line, JIG_PROPS_LINE_MAX + 1, &err),
                     JIG_RESOURCE_EXHAUSTED);
    free(line);
    char *file = calloc(JIG_PROPS_FILE_MAX + 2, 1);
    memset(file, '\n', JIG_PROPS_FILE_MAX + 1);
    assert_int_equal(jig_props_parse(p, "f", file, JIG_PROPS_FILE_MAX, &err), JIG_OK);
    assert_int_equal(jig_props_parse(p, "f", file, JIG_PROPS_FILE_MAX + 1, &err),
                     JIG_RESOURCE_EXHAUSTED);
    struct jig_buf many;
    jig_buf_init(&many, 16 << 20);
    for (unsigned i = 0; i < JIG_PROPS_MAX; i++)
        jig_buf_printf(&many, "%x=\n", i);
    jig_props_free(p);
    p = jig_props_new();
    assert_int_equal(jig_props_parse(p, "f", many.data, many.len, &err), JIG_OK);
    assert_int_equal(jig_props_parse(p, "f", "0=again", 7, &err), JIG_OK);
    assert_int_equal(jig_props_parse(p, "f", "one=more", 8, &err), JIG_RESOURCE_EXHAUSTED);
    jig_buf_release(&many);
    free(file);
    jig_props_free(p);
}

static void expansion_nests_and_keeps_the_unknown(void **state)
{
    (void)state;
    struct jig_props *p = parse("a=1\nb={a}{a}\nlevel=all\nflags.all=-Wall\n"
                                "flags={flags.{level}}\nempty=\n{odd}=braces\n");
    assert_expands(p, "{b}+{flags}+{nope}+{empty}.", "11+-Wall+{nope}+.");
    assert_expands(p, "{", "{");
    assert_expands(p, "}{a", "}{a");
    assert_expands(p, "{{a}}", "{1}");
    assert_expands(p, "{}{ a}", "{}{ a}");
    char *out = NULL;
    assert_int_equal(jig_props_expand_key(p, "flags", &out, NULL), JIG_OK);
    assert_string_equal(out, "-Wall");
    free(out);
    assert_int_equal(jig_props_expand_key(p, "absent", &out, NULL), JIG_OK);
    assert_string_equal(out, "");
    free(out);
    jig_props_free(p);
}

static void ten_rounds_and_no_more(void **state)
{
    (void)state;
    struct jig_props *p = parse("k0=end\nk1={k0}\nk2={k1}\nk3={k2}\nk4={k3}\nk5={k4}\nk6={k5}\n"
                                "k7={k6}\nk8={k7}\nk9={k8}\nk10={k9}\n");
    assert_expands(p, "{k9}", "end");
    assert_expands(p, "{k10}", "{k0}");
    jig_props_free(p);
}

static void cycles_end(void **state)
{
    (void)state;
    struct jig_props *p = parse("a={b}\nb={a}\nself={self}\ngrow=x{grow}\n"
                                "bomb={bomb}{bomb}{bomb}{bomb}{bomb}{bomb}{bomb}{bomb}{bomb}\n");
    assert_expands(p, "{a}", "{a}");
    assert_expands(p, "{self}", "{self}");
    assert_expands(p, "{grow}", "xxxxxxxxxx{grow}");
    char *out = NULL;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_props_expand(p, NULL, "{bomb}", &out, &err), JIG_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message,
                        "the expansion of '{bomb}' is larger than the limit of 1048576 bytes");
    jig_props_free(p);
}

static void literal_values_are_not_expanded(void **state)
{
    (void)state;
    struct jig_props *p = parse("a=1\n");
    jig_props_set_literal(p, "path", "/x {a}/\"q\"/\x01/'s'\t{");
    assert_expands(p, "<{path}>", "</x {a}/\"q\"/\x01/'s'\t{>");
    struct jig_props *copy = jig_props_clone(p);
    assert_true(jig_props_is_literal(copy, "path"));
    assert_false(jig_props_is_literal(copy, "a"));
    jig_props_free(copy);
    jig_props_free(p);
}

static void later_wins_and_moves_to_the_end(void **state)
{
    (void)state;
    struct jig_props *p = parse("a=1\nb=2\nc=3\n");
    struct jig_props *over = parse("a=9\nd=4\n");
    jig_props_merge(p, over);
    struct jig_strv order = {0};
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(p, &at, &key, &value);)
        jig_strv_append_take(&order, jig_strf("%s%s", key, value));
    char *line = jig_strv_join(&order, " ");
    assert_string_equal(line, "b2 c3 a9 d4");
    free(line);
    jig_strv_release(&order);
    jig_props_free(over);
    jig_props_free(p);
}

static void trees(void **state)
{
    (void)state;
    struct jig_props *p = parse("u.x=1\nun.x=2\nu.y.z=3\nu=4\nv.x=5\n");
    struct jig_props *u = jig_props_subtree(p, "u");
    assert_int_equal(jig_props_count(u), 2);
    assert_string_equal(jig_props_get(u, "y.z"), "3");
    struct jig_strv first = {0};
    jig_props_first_level(p, &first);
    char *line = jig_strv_join(&first, " ");
    assert_string_equal(line, "u un v");
    free(line);
    jig_strv_release(&first);
    jig_props_free(u);
    jig_props_free(p);
}

static void what_is_left_can_be_dropped(void **state)
{
    (void)state;
    char text[] = "a {x} b{y.z}c {} {{n}} {open";
    jig_props_drop_unexpanded(text);
    /* "{}" holds nothing, so its match runs on to the next brace: Go's {.+?} does that, too. */
    assert_string_equal(text, "a  bc } {open");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_comments_and_endings),
        cmocka_unit_test(this_systems_suffix_is_cut),
        cmocka_unit_test(other_encodings_become_utf8),
        cmocka_unit_test(a_bad_line_is_named),
        cmocka_unit_test(every_ceiling_holds),
        cmocka_unit_test(expansion_nests_and_keeps_the_unknown),
        cmocka_unit_test(ten_rounds_and_no_more),
        cmocka_unit_test(cycles_end),
        cmocka_unit_test(literal_values_are_not_expanded),
        cmocka_unit_test(later_wins_and_moves_to_the_end),
        cmocka_unit_test(trees),
        cmocka_unit_test(what_is_left_can_be_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
