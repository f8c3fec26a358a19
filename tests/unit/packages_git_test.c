/* What git says of a repository: its listing, its .gitmodules, its submodules' URLs. */
#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/packages/gittree.h"

#define ID      "0123456789abcdef0123456789abcdef01234567"
#define TEXT(s) s, sizeof(s) /* the literal's own NUL ends the last line */

static void test_a_listing(void **state)
{
    (void)state;
    static const char text[] = "100644 blob " ID "    1000\ta b.h\0"
                               "160000 commit " ID "       -\tlib/sub\0"
                               "120000 blob " ID "      24\tlink";
    for (size_t cut = 0; cut <= sizeof text; cut++) {
        struct jig_git_tree t;
        jig_git_tree_init(&t, 3, 1024);
        jig_git_tree_feed(&t, text, cut);
        jig_git_tree_feed(&t, text + cut, sizeof text - cut);
        assert_int_equal(jig_git_tree_end(&t, NULL), JIG_OK);
        assert_int_equal(t.entries, 3);
        assert_int_equal(t.bytes, 1024);
        assert_int_equal(t.n, 1);
        assert_string_equal(t.links[0].path, "lib/sub");
        assert_string_equal(t.links[0].commit, ID);
        jig_git_tree_release(&t);
    }
}

static void test_listings_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        enum jig_code code;
        const char *says;
    } rows[] = {
        {TEXT("100644 blob " ID " 1025\ta"), JIG_RESOURCE_EXHAUSTED, "bytes"},
        {TEXT("100644 blob " ID " 1000\ta\0"
              "100644 blob " ID " 25\tb"),
         JIG_RESOURCE_EXHAUSTED, "bytes"},
        {TEXT("100644 blob " ID " 18446744073709551615\ta"), JIG_RESOURCE_EXHAUSTED, "bytes"},
        {TEXT("100644 blob " ID " 1\ta\0"
              "100644 blob " ID " 1\tb\0"
              "100644 blob " ID " 1\tc\0"
              "100644 blob " ID " 1\td"),
         JIG_RESOURCE_EXHAUSTED, "files"},
        {TEXT("100644 blob " ID " -\ta"), JIG_DATA_LOSS, "listed"},
        {TEXT("100644 blob " ID " -1\ta"), JIG_DATA_LOSS, "listed"},
        {TEXT("100644 blob 0123 1\ta"), JIG_DATA_LOSS, "listed"},
        {TEXT("100644 blob " ID " 1\t"), JIG_DATA_LOSS, "listed"},
        {TEXT("100644 blob " ID " 1 2\ta"), JIG_DATA_LOSS, "listed"},
        {TEXT(""), JIG_DATA_LOSS, "listed"},
        {"100644 blob " ID " 1\ta", 56, JIG_DATA_LOSS, "listed"}, /* cut off */
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_git_tree t;
        struct jig_err err = JIG_ERR_INIT;
        jig_git_tree_init(&t, 3, 1024);
        jig_git_tree_feed(&t, rows[i].text, rows[i].n);
        assert_int_equal(jig_git_tree_end(&t, &err), rows[i].code);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("%zu: %s", i, err.message);
        jig_git_tree_release(&t);
    }
}

static void test_modules(void **state)
{
    (void)state;
    static const char text[] = "submodule.a.b.path\nlib/ab\0submodule.a.b.url\n../ab.git\0"
                               "submodule.c.update\n!touch x\0submodule.c.path\nc\0"
                               "submodule.path\nx\0core.bare\0url.x.insteadof\ny\0"
                               "submodule.a.b.url\nhttps://h/ab\n.git";
    struct jig_git_modules m;
    assert_int_equal(jig_git_modules(text, sizeof text, &m, NULL), JIG_OK);
    assert_int_equal(m.n, 2);
    assert_string_equal(jig_git_module_url(&m, "lib/ab"), "https://h/ab\n.git"); /* the last */
    assert_null(jig_git_module_url(&m, "c"));
    assert_null(jig_git_module_url(&m, "lib"));
    jig_git_modules_release(&m);

    struct jig_buf many;
    jig_buf_init(&many, 1 << 20);
    for (int i = 0; i <= JIG_GIT_SUBMODULES_MAX; i++) {
        jig_buf_printf(&many, "submodule.%d.url\nx", i);
        jig_buf_putc(&many, '\0');
    }
    assert_int_equal(jig_git_modules(many.data, many.len, &m, NULL), JIG_RESOURCE_EXHAUSTED);
    jig_buf_release(&many);
}

static void test_urls(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"https://h/a/b.git", "https://x/y", "https://x/y"},
        {"https://h/a/b.git", "../c.git", "https://h/a/c.git"},
        {"https://h/a/b.git/", "../../c/d", "https://h/c/d"},
        {"https://h/a/b.git", "./c", "https://h/a/b.git/c"},
        {"https://h/a", "../../../../c", "https://h/c"},
        {"git@h:a/b.git", "../c.git", "git@h:a/c.git"},
        {"git@h:b.git", "../c.git", "git@h:c.git"},
        {"git@h:b.git", "../../../c.git", "git@h:c.git"},
        {"file:///srv/a", "../b", "file:///srv/b"},
        {"file:///srv", "../../b", "file:///b"},
        {"https://h/a", "/etc", "/etc"},
        {"https://h/a", "..", ".."},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        JIG_CLEANUP_FREE char *url = jig_git_url_join(rows[i][0], rows[i][1]);
        assert_string_equal(url, rows[i][2]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_listing),
        cmocka_unit_test(test_listings_that_are_refused),
        cmocka_unit_test(test_modules),
        cmocka_unit_test(test_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
