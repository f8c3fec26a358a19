/* Globs and source filters; tests/differential compares them with Python's at breadth. */
#include "tests/support/unit.h"

#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/glob.h"
#include "core/config/src_filter.h"
#include "core/os/fs.h"

static const char *root;

static void touch(const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(root, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, "", 0, 0600, NULL), JIG_OK);
}

static void make_link(const char *to, const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(root, name);
    assert_int_equal(symlink(to, path), 0);
}

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    root = *state;
    static const char *const names[] = {"main.cpp",    "a.c",        "b.S",      "note.txt",
                                        "test/t.cpp",  "sub/x1.cpp", ".git/g.c", "sub/.dot/d.c",
                                        "deep/er/e.c", "we[ird].c",  "sub/y.h"};
    for (size_t i = 0; i < JIG_COUNT(names); i++)
        touch(names[i]);
    return 0;
}

static void check(const char *filter, const char *const *extensions, const char *expected)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv files = {0};
    struct jig_src_filter *f = jig_src_filter_new(filter);
    assert_int_equal(jig_src_filter_collect(f, root, extensions, &files, &err), JIG_OK);
    JIG_CLEANUP_FREE char *got = jig_strv_join(&files, " ");
    assert_string_equal(got, expected);
    jig_strv_release(&files);
    jig_src_filter_free(f);
}

static void test_default_filter(void **state)
{
    (void)state;
    const char *const *sources = jig_src_filter_source_extensions();
    check(NULL, sources,
          "a.c b.S deep/er/e.c main.cpp sub/.dot/d.c sub/x1.cpp test/t.cpp we[ird].c");
    check("", sources, "a.c b.S deep/er/e.c main.cpp sub/.dot/d.c sub/x1.cpp test/t.cpp we[ird].c");
}

static void test_rules_apply_in_turn(void **state)
{
    (void)state;
    check("+<*.c> +<sub/> -<sub/x1.cpp>", NULL, "a.c sub/.dot/d.c sub/y.h we[ird].c");
    check("+<*> -<*> +<a.c>", NULL, "a.c");
    check("-<a.c> +<a.c>, +<b.S> junk <c>", NULL, "a.c b.S");
    check("+<**/*.c>", NULL, "a.c deep/er/e.c we[ird].c");
    check("+<**/x?.cpp>", NULL, "sub/x1.cpp");
    check("+<sub\\x1.cpp>", NULL, "sub/x1.cpp");
    check("+<sub/../a.c>", NULL, "a.c");
    check("+<.git/>", NULL, ".git/g.c");
    check("+<[ab].?>", NULL, "a.c b.S");
    check("+<we[[]*>", NULL, "we[ird].c");
    check("no rules", NULL, "");
}

static void test_links(void **state)
{
    (void)state;
    make_link(root, "loop");
    make_link("nowhere.c", "dangling.c");
    make_link("main.cpp", "also.cpp");
    check("+<*.c*>", NULL, "a.c also.cpp dangling.c main.cpp we[ird].c");
    check("+<deep/> +<loop/deep/>", NULL, "deep/er/e.c loop/deep/er/e.c");
    check("+<loop/**/er/*>", NULL, "loop/deep/er/e.c");
    struct jig_strv files = {0};
    struct jig_src_filter *f = jig_src_filter_new("+<**>");
    assert_int_equal(jig_src_filter_collect(f, root, NULL, &files, NULL), JIG_OK);
    assert_true(files.n < 40); /* a loop of links ends where it meets itself */
    jig_strv_release(&files);
    jig_src_filter_free(f);
}

static void test_no_base(void **state)
{
    (void)state;
    struct jig_strv files = {0};
    struct jig_src_filter *f = jig_src_filter_new(NULL);
    assert_int_equal(jig_src_filter_collect(f, "/nonexistent/x", NULL, &files, NULL), JIG_OK);
    assert_int_equal(files.n, 0);
    jig_src_filter_free(f);
}

static void test_base_with_magic(void **state)
{
    touch("a[b]*/in.c");
    JIG_CLEANUP_FREE char *base = jig_path_join(*state, "a[b]*");
    root = base;
    check("+<*>", NULL, "in.c");
}

static void test_too_deep(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_xstrdup("d");
    for (int i = 0; i < 70; i++) {
        char *deeper = jig_strf("%s/d", path);
        free(path);
        path = deeper;
    }
    JIG_CLEANUP_FREE char *file = jig_strf("%s/x.c", path);
    touch(file);
    struct jig_err err = JIG_ERR_INIT;
    static const char *const filters[] = {"+<*>", "+<**/x.c>"};
    for (size_t i = 0; i < JIG_COUNT(filters); i++) {
        struct jig_strv files = {0};
        struct jig_src_filter *f = jig_src_filter_new(filters[i]);
        assert_int_equal(jig_src_filter_collect(f, *state, NULL, &files, &err),
                         JIG_RESOURCE_EXHAUSTED);
        assert_int_equal(files.n, 0);
        jig_src_filter_free(f);
    }
}

static void test_fnmatch(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *name;
        bool fits;
    } cases[] = {
        {"", "", true},
        {"*", "", true},
        {"?", "", false},
        {"a*b*c", "aXbYc", true},
        {"a*b*c", "aXcYb", false},
        {"[a-c]", "b", true},
        {"[!a-c]", "b", false},
        {"[!a-c]", "d", true},
        {"[c-a]", "b", false},
        {"[]]", "]", true},
        {"[!]]", "]", false},
        {"[a", "[a", true},
        {"[a-]", "-", true},
        {"?", "\xC3\xA9", true},
        {"[\xC3\xA9]", "\xC3\xA9", true},
        {"*.c", "x.cpp", false},
        {"**", "abc", true},
        {"?", "\xFF", true},
        {"[\xC3\xA0-\xC3\xAF]x", "\xC3\xA9x", true},
    };
    for (size_t i = 0; i < JIG_COUNT(cases); i++)
        assert_int_equal(jig_fnmatch(cases[i].pattern, cases[i].name), cases[i].fits);
}

static void test_glob_gives_relative_paths(void **state)
{
    (void)state;
    struct jig_strv found = {0};
    struct jig_strv listed = {0};
    assert_int_equal(jig_glob(root, "*/*.cpp", &found, &listed, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *got = jig_strv_join(&found, " ");
    assert_string_equal(got, "sub/x1.cpp test/t.cpp");
    assert_int_equal(listed.n, 4); /* the root, and three folders that are not hidden */
    assert_string_equal(listed.v[0], root);
    jig_strv_release(&found);
    jig_strv_release(&listed);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_default_filter), UNIT(test_rules_apply_in_turn),       UNIT(test_links),
        UNIT(test_no_base),        UNIT(test_base_with_magic),           UNIT(test_too_deep),
        UNIT(test_fnmatch),        UNIT(test_glob_gives_relative_paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
