/* build_flags as argv words, build_unflags, SCons variables. tests/differential has the breadth. */
#include "tests/support/unit.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/flags.h"
#include "tests/support/unsteady.h"

static struct jig_flags flags;
static struct jig_strv warnings;
static struct jig_err err;

static int setup(void **state)
{
    jig_err_clear(&err);
    return unit_folder_setup(state);
}

static int teardown(void **state)
{
    jig_flags_release(&flags);
    jig_strv_release(&warnings);
    return unit_folder_teardown(state);
}

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "PIOENV") == 0 ? "uno" : NULL;
}

/* Items are lines. */
static enum jig_code parse_into(struct jig_flags *f, const char *root, const char *lines)
{
    struct jig_strv items = {0};
    struct jig_flags_context context = {.root = root, .what = "W", .variable = variable};
    jig_str_split(lines, "\n", false, &items);
    enum jig_code code = jig_flags_parse(&items, &context, f, &warnings, &err);
    jig_strv_release(&items);
    return code;
}

static void check_list(const struct jig_strv *list, const char *expected)
{
    JIG_CLEANUP_FREE char *got = jig_strv_join(list, "|");
    assert_string_equal(got, expected);
}

static void check_words(const struct jig_flags *f, enum jig_flags_language language,
                        const char *expected)
{
    struct jig_strv words = {0};
    jig_flags_compile_words(f, language, &words);
    check_list(&words, expected);
    jig_strv_release(&words);
}

static void test_defines(void **state)
{
    assert_int_equal(
        parse_into(&flags, *state,
                   "-DA -D B -DC=1 -D D=2\n"
                   "-DNAME=\\\"x\\\" '-DTEXT=\"a b\"' -DCHAR=\"'c'\"\n"
                   "-DN=007 -DZ=000 -DF=1.10 -DP=1. -DQ=.5 -DBIG=100000000000000000000.5\n"
                   "-DENV=$PIOENV -DX=${PIOENV}_1 -DM=$MISSING -DDOLLAR=$$"),
        JIG_OK);
    check_list(&flags.defines, "A|B|C=1|D=2|NAME=\"x\"|TEXT=\"a b\"|CHAR=c|N=7|Z=0|F=1.1|P=1.0|"
                               "Q=0.5|BIG=1e+20|ENV=uno|X=uno_1|M=|DOLLAR=$");
    assert_int_equal(warnings.n, 1);
    assert_string_equal(warnings.v[0], "W: the variable $MISSING is not known and counts as empty");
}

static void test_kinds(void **state)
{
    const char *root = *state;
    JIG_CLEANUP_FREE char *lib = jig_path_join(root, "lib");
    assert_int_equal(mkdir(lib, 0700), 0);
    assert_int_equal(parse_into(&flags, root,
                                "-Os -std=gnu11 -std=gnu++17 -Wall -include nothere.h\n"
                                "-include lib -I lib -Inone -L lib -lm -l c x/y.a\n"
                                "-Wl,-Map=m -Wl,-rpath=/r -Wa,-a -Wp,-p -pthread -isystem lib"),
                     JIG_OK);
    JIG_CLEANUP_FREE char *cc =
        jig_strf("-Os|-Wall|-include|nothere.h|-include|%s|-Wa,-a|-pthread|-isystem|%s", lib, lib);
    check_list(&flags.cc, cc);
    check_list(&flags.c, "-std=gnu11");
    check_list(&flags.cxx, "-std=gnu++17");
    check_list(&flags.link, "-Wl,-Map=m|-pthread");
    check_list(&flags.as, "-a");
    JIG_CLEANUP_FREE char *include = jig_strf("%s|%s/none", lib, root);
    check_list(&flags.include_dirs, include);
    JIG_CLEANUP_FREE char *libs = jig_strf("m|c|%s/x/y.a", root);
    check_list(&flags.libs, libs);
    JIG_CLEANUP_FREE char *c = jig_strf("-std=gnu11|%s|-Wp,-p|-I%s|-I%s/none", cc, lib, root);
    check_words(&flags, JIG_FLAGS_C, c);
    JIG_CLEANUP_FREE char *as = jig_strf("%s|-Wp,-p|-I%s|-I%s/none", cc, lib, root);
    check_words(&flags, JIG_FLAGS_ASM, as);
    struct jig_strv words = {0};
    jig_flags_link_words(&flags, &words);
    check_list(&words, "-Wl,-Map=m|-pthread|-Wl,-rpath=/r");
    jig_strv_clear(&words);
    jig_flags_library_words(&flags, &words);
    JIG_CLEANUP_FREE char *library = jig_strf("-L%s|-lm|-lc|%s/x/y.a", lib, root);
    check_list(&words, library);
    jig_strv_release(&words);
}

static void test_undefine_wins_wherever_it_stands(void **state)
{
    assert_int_equal(parse_into(&flags, *state, "-UFOO -DFOO -DBAR=1\n-UBAR"), JIG_OK);
    check_words(&flags, JIG_FLAGS_C, "-DBAR=1|-UFOO|-UBAR");
}

static void test_commands_are_not_run(void **state)
{
    assert_int_equal(parse_into(&flags, *state, "-DA\n!touch /nonexistent/x\n-DB"), JIG_OK);
    check_list(&flags.defines, "A|B");
    assert_int_equal(warnings.n, 1);
    assert_string_equal(warnings.v[0], "W: the command 'touch /nonexistent/x' is not run");
}

static void test_open_quotes_are_refused(void **state)
{
    static const char *const bad[] = {"-DA=\"x", "-DA='x", "-DA\\"};
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        assert_int_equal(parse_into(&flags, *state, bad[i]), JIG_INVALID_ARGUMENT);
        assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
        assert_true(jig_str_starts(err.message, "W: no closing quotation"));
    }
}

static void test_arguments_may_be_missing(void **state)
{
    assert_int_equal(parse_into(&flags, *state, "-D\n-I\n-l\n-include\n-framework\n''\n-\n+"),
                     JIG_OK);
    check_list(&flags.cc, "-|+");
    check_list(&flags.defines, "");
}

static void test_unflags(void **state)
{
    struct jig_flags un = {0};
    assert_int_equal(parse_into(&flags, *state,
                                "-Os -g -DA -DB=2 -DC=3 -std=gnu++11 -include x.h -include y.h "
                                "-Wl,-a -Iinc -lm"),
                     JIG_OK);
    assert_int_equal(parse_into(&un, *state,
                                "-Os -DA -DB -DC=4 -std=gnu++11 -include x.h -Wl,-a "
                                "-Iinc -lm"),
                     JIG_OK);
    assert_true(jig_flags_match(&un, "-Os"));
    assert_true(jig_flags_match(&un, "-DB=99"));
    assert_false(jig_flags_match(&un, "-DC=3"));
    assert_true(jig_flags_match(&un, "-DC=4"));
    assert_true(jig_flags_match(&un, "-std=gnu++11"));
    assert_true(jig_flags_match(&un, "-lm"));
    assert_false(jig_flags_match(&un, "-O2"));
    assert_false(jig_flags_match(&un, "x.h"));
    assert_false(jig_flags_match(&un, "-include"));
    jig_flags_remove(&flags, &un);
    check_words(&flags, JIG_FLAGS_CXX, "-g|-include|y.h|-DC=3");
    assert_int_equal(flags.link.n + flags.libs.n, 0);
    jig_flags_release(&un);
}

static void test_of_an_environment(void **state)
{
    JIG_CLEANUP_FREE char *ini = jig_path_join(*state, "platformio.ini");
    static const char text[] = "[platformio]\nsrc_dir = app\n[env:uno]\nboard = uno\n"
                               "build_flags = -DDIR=$PROJECT_SRC_DIR -DB=$BOARD -DE=$PIOENV\n"
                               "  -DT=$UNIX_TIME -DO=$OWN -DOUT=$BUILD_DIR -DM=$BOARD_MCU\n"
                               "build_src_filter = +<$PIOENV/> -<${BOARD}.c>\n";
    assert_int_equal(jig_fs_write_atomic(ini, text, strlen(text), 0600, NULL), JIG_OK);
    struct jig_project_how how = {.unix_time_s = 77};
    struct jig_project *p = NULL;
    assert_int_equal(jig_project_load(*state, &how, &p, NULL, &err), JIG_OK);
    const struct jig_environment *e = &p->environments[0];
    struct jig_map own;
    jig_map_init(&own, NULL);
    static char mine[] = "mine";
    jig_map_set(&own, "OWN", mine);
    struct unsteady u;
    unsteady_begin(&u);
    assert_int_equal(jig_environment_flags(p, e, "build_flags", &own, &flags, &warnings, &err),
                     JIG_OK);
    assert_int_equal(unsteady_end(&u), 1);
    assert_true(flags.uses_unix_time);
    JIG_CLEANUP_FREE char *expected =
        jig_strf("DIR=%s/app|B=uno|E=uno|T=77|O=mine|OUT=%s/.pio/build/uno|M=", p->root, p->root);
    check_list(&flags.defines, expected);
    assert_int_equal(warnings.n, 1);
    assert_string_equal(warnings.v[0], "platformio.ini:5: build_flags of [env:uno]: the variable "
                                       "$BOARD_MCU is not known and counts as empty");
    JIG_CLEANUP_FREE char *out = jig_environment_expand(p, e, &own, "${OWN}$PIOENV.x$");
    assert_string_equal(out, "mine$");
    JIG_CLEANUP_FREE char *sub = jig_path_join(*state, "uno");
    assert_int_equal(mkdir(sub, 0700), 0);
    JIG_CLEANUP_FREE char *file = jig_path_join(sub, "a.c");
    assert_int_equal(jig_fs_write_atomic(file, "", 0, 0600, NULL), JIG_OK);
    struct jig_src_filter *filter = jig_environment_src_filter(p, e, NULL);
    struct jig_strv files = {0};
    assert_int_equal(jig_src_filter_collect(filter, *state, NULL, &files, &err), JIG_OK);
    check_list(&files, "uno/a.c");
    jig_strv_release(&files);
    jig_src_filter_free(filter);
    jig_map_release(&own);
    jig_project_free(p);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_defines),
        UNIT(test_kinds),
        UNIT(test_undefine_wins_wherever_it_stands),
        UNIT(test_commands_are_not_run),
        UNIT(test_open_quotes_are_refused),
        UNIT(test_arguments_may_be_missing),
        UNIT(test_unflags),
        UNIT(test_of_an_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
