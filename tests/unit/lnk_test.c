/* Pointers: their format, git's rules, and which of them a project has. */
#include "tests/support/unit.h"

#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/ignore.h"
#include "core/lnk/pointer.h"
#include "core/lnk/scan.h"
#include "core/os/fs.h"

#define SHA     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MINIMAL "{\"v\":1,\"url\":\"https://x.org/a.bin\",\"sha256\":\"" SHA "\""

/* ---- the format ---- */

static void test_reads_what_fbuild_writes(void **state)
{
    (void)state;
    static const char text[] =
        MINIMAL ",\"size\":null,\"extract\":\"zip\",\"mirrors\":[\"http://m.org/a\"]}";
    struct jig_pointer p;
    char hex[JIG_SHA256_HEX];
    assert_int_equal(jig_pointer_parse(text, sizeof text - 1, "a.lnk", &p, NULL), JIG_OK);
    assert_string_equal(p.url, "https://x.org/a.bin");
    jig_digest_hex(&p.sha256, hex);
    assert_string_equal(hex, SHA);
    assert_int_equal(p.size, -1);
    assert_int_equal(p.extract, JIG_POINTER_ZIP);
    assert_int_equal(p.mirrors.n, 1);
    assert_null(p.unknown);
    jig_pointer_release(&p);
}

static char *rewrite(const char *text)
{
    struct jig_pointer p;
    struct jig_buf out;
    jig_buf_init(&out, JIG_POINTER_MAX);
    assert_int_equal(jig_pointer_parse(text, strlen(text), "a.lnk", &p, NULL), JIG_OK);
    jig_pointer_write(&p, &out);
    jig_pointer_release(&p);
    return jig_buf_steal(&out);
}

static void test_text_is_canonical_and_keeps_unknown_keys(void **state)
{
    (void)state;
    static const char expected[] = "{\n"
                                   "  \"v\": 1,\n"
                                   "  \"url\": \"https://x.org/a.zip\",\n"
                                   "  \"sha256\": \"" SHA "\",\n"
                                   "  \"size\": 12,\n"
                                   "  \"extract\": \"zip\",\n"
                                   "  \"mirrors\": [\n"
                                   "    \"http://m.org/a\"\n"
                                   "  ],\n"
                                   "  \"zeta\": {\n"
                                   "    \"b\": [\n"
                                   "      1.5\n"
                                   "    ]\n"
                                   "  },\n"
                                   "  \"alpha\": \"\xc3\xa4\"\n"
                                   "}\n";
    JIG_CLEANUP_FREE char *once =
        rewrite("{\"zeta\":{\"b\":[1.5]},\"mirrors\":[\"http://m.org/a\"],\"extract\":\"zip\","
                "\"size\":12,\"sha256\":\"" SHA "\",\"alpha\":\"\xc3\xa4\","
                "\"url\":\"https://x.org/a.zip\",\"v\":1}");
    JIG_CLEANUP_FREE char *twice = rewrite(once);
    assert_string_equal(once, expected);
    assert_string_equal(twice, once);
    JIG_CLEANUP_FREE char *upper =
        rewrite("{\"v\":1,\"url\":\"file:///a\",\"sha256\":"
                "\"E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\"}");
    assert_non_null(strstr(upper, SHA));
}

static void test_each_fault_names_the_file_and_the_key(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *key;
    } rows[] = {
        {"", "line"},
        {"{", "line"},
        {"[]", "one JSON object"},
        {"7", "one JSON object"},
        {"{\"v\":1,\"v\":1}", "line"},
        {"{\"url\":\"https://x.org/a\",\"sha256\":\"" SHA "\"}", "'v'"},
        {"{\"v\":2,\"url\":\"https://x.org/a\",\"sha256\":\"" SHA "\"}", "'v' is 2"},
        {"{\"v\":\"1\",\"url\":\"https://x.org/a\",\"sha256\":\"" SHA "\"}", "'v'"},
        {"{\"v\":1,\"sha256\":\"" SHA "\"}", "'url'"},
        {"{\"v\":1,\"url\":3,\"sha256\":\"" SHA "\"}", "'url'"},
        {"{\"v\":1,\"url\":\"ftp://x.org/a\",\"sha256\":\"" SHA "\"}", "'url'"},
        {"{\"v\":1,\"url\":\"https:///a\",\"sha256\":\"" SHA "\"}", "'url'"},
        {"{\"v\":1,\"url\":\"https://x.org/a b\",\"sha256\":\"" SHA "\"}", "'url'"},
        {"{\"v\":1,\"url\":\"https://x.org/a\\nb\",\"sha256\":\"" SHA "\"}", "'url'"},
        {"{\"v\":1,\"url\":\"https://x.org/a\"}", "'sha256'"},
        {"{\"v\":1,\"url\":\"https://x.org/a\",\"sha256\":\"abc\"}", "'sha256'"},
        {"{\"v\":1,\"url\":\"https://x.org/a\",\"sha256\":7}", "'sha256'"},
        {MINIMAL ",\"size\":-1}", "'size'"},
        {MINIMAL ",\"size\":\"3\"}", "'size'"},
        {MINIMAL ",\"size\":1.5}", "'size'"},
        {MINIMAL ",\"size\":99999999999999999999}", "line"},
        {MINIMAL ",\"extract\":\"rar\"}", "'extract'"},
        {MINIMAL ",\"extract\":1}", "'extract'"},
        {MINIMAL ",\"mirrors\":\"https://m.org\"}", "'mirrors'"},
        {MINIMAL ",\"mirrors\":[\"https://m.org/a\",5]}", "'mirrors[1]'"},
        {MINIMAL ",\"mirrors\":[\"gopher://m.org/a\"]}", "'mirrors[0]'"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_pointer p;
        enum jig_code code =
            jig_pointer_parse(rows[i].text, strlen(rows[i].text), "data/a.lnk", &p, &err);
        assert_int_equal(code, JIG_INVALID_ARGUMENT);
        assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
        if (strstr(err.message, rows[i].key) == NULL || strstr(err.message, "data/a.lnk") == NULL)
            fail_msg("%s: %s", rows[i].text, err.message);
    }
}

static void test_credentials_are_refused_and_not_repeated(void **state)
{
    (void)state;
    static const char *const urls[] = {"https://ann:hunter2@x.org/a", "https://hunter2@x.org/a",
                                       "HTTPS://ann:hunter2@x.org"};
    for (size_t i = 0; i < JIG_COUNT(urls); i++) {
        struct jig_err err = JIG_ERR_INIT;
        assert_int_equal(jig_pointer_check_url(urls[i], "a.lnk: 'url'", &err),
                         JIG_INVALID_ARGUMENT);
        assert_null(strstr(err.message, "hunter2"));
        assert_non_null(strstr(err.hint, "netrc"));
    }
    assert_int_equal(jig_pointer_check_url("https://x.org/@scope/a@1.0", "x", NULL), JIG_OK);
}

static void test_too_long_a_file_is_no_pointer(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "a.lnk");
    JIG_CLEANUP_FREE char *text = jig_xcalloc(JIG_POINTER_MAX + 1, 1);
    struct jig_pointer p;
    struct jig_err err = JIG_ERR_INIT;
    memset(text, ' ', JIG_POINTER_MAX + 1);
    assert_int_equal(jig_fs_write_atomic(path, text, JIG_POINTER_MAX + 1, 0600, NULL), JIG_OK);
    assert_int_equal(jig_pointer_read(path, "sub/a.lnk", &p, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "sub/a.lnk"));
}

static void test_archives_are_known_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(jig_pointer_extract_guess("https://x.org/a.zip?x=1"), JIG_POINTER_ZIP);
    assert_int_equal(jig_pointer_extract_guess("https://x.org/a.tar.gz"), JIG_POINTER_TAR_GZ);
    assert_int_equal(jig_pointer_extract_guess("https://x.org/a.tgz"), JIG_POINTER_TAR_GZ);
    assert_int_equal(jig_pointer_extract_guess("https://x.org/a.bin?n=a.zip"), JIG_POINTER_FILE);
}

/* ---- git's rules ---- */

static void check_rules(const char *folder, const char *rules, const char *path, bool is_dir,
                        bool expected)
{
    struct jig_ignore *g = jig_ignore_new();
    assert_int_equal(jig_ignore_push(g, folder, rules, strlen(rules), NULL), JIG_OK);
    if (jig_ignore_has(g, path, is_dir) != expected)
        fail_msg("rules '%s' in '%s': '%s' is%s left out", rules, folder, path,
                 expected ? " not" : "");
    jig_ignore_free(g);
}

static void test_rules(void **state)
{
    (void)state;
    static const struct {
        const char *rules;
        const char *path;
        bool is_dir;
        bool out;
    } rows[] = {
        {"*.bin", "a/b/x.bin", false, true},
        {"/*.bin", "a/x.bin", false, false},
        {"/*.bin", "x.bin", false, true},
        {"build/", "a/build", true, true},
        {"build/", "a/build", false, false},
        {"a/b", "a/b", false, true},
        {"a/b", "x/a/b", false, false},
        {"**/b", "x/a/b", false, true},
        {"a/**", "a/x/y", false, true},
        {"a/**", "a", true, false},
        {"a/**/b", "a/b", false, true},
        {"a/**/b", "a/x/y/b", false, true},
        {"a/*/b", "a/x/y/b", false, false},
        {"*.lnk\n!keep.lnk", "d/keep.lnk", false, false},
        {"!keep.lnk\n*.lnk", "d/keep.lnk", false, true},
        {"# x\n\\#x", "#x", false, true},
        {"\\!x", "!x", false, true},
        {"x  \r\n", "x", false, true},
        {"x\\ ", "x ", false, true},
        {"x\\ ", "x", false, false},
        {"[a-c]x", "bx", false, true},
        {"[!a-c]x", "bx", false, false},
        {"[]a]x", "]x", false, true},
        {"[[:digit:]]x", "7x", false, true},
        {"a[/]b", "a/b", false, false},
        {"[ab", "[ab", false, false},
        {"a?c", "a/c", false, false},
        {"a**c", "abbc", false, true},
        {"x\\", "x\\", false, false},
        {"", "x", false, false},
        {"/", "x", true, false},
        {"\xef\xbb\xbfx", "x", false, true},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++)
        check_rules("", rows[i].rules, rows[i].path, rows[i].is_dir, rows[i].out);
    check_rules("sub", "/x", "sub/x", false, true);
    check_rules("sub", "/x", "x", false, false);
    check_rules("sub", "x", "sub/deep/x", false, true);
    check_rules("sub", "x", "subx/x", false, false);
}

static void test_a_hostile_rule_ends(void **state)
{
    (void)state;
    char name[256];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    check_rules("", "a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", name, false, false);
}

/* ---- the scan ---- */

static void put(const char *root, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(root, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0600, NULL), JIG_OK);
}

static void check_scan(const char *root, const char *expected)
{
    struct jig_strv found = {0};
    struct jig_err err = JIG_ERR_INIT;
    if (jig_lnk_scan(root, &found, &err) != JIG_OK)
        fail_msg("%s", err.message);
    JIG_CLEANUP_FREE char *got = jig_strv_join(&found, " ");
    jig_strv_release(&found);
    assert_string_equal(got, expected);
}

static void test_finds_pointers_everywhere_but_in_what_is_built(void **state)
{
    const char *root = *state;
    static const char *const names[] = {"x.bin.lnk",
                                        "src/a.cpp.lnk",
                                        "src/deep/b.h.lnk",
                                        "data/c.LNK",
                                        ".lnk",
                                        ".hidden/d.lnk",
                                        ".jig/build/e.lnk",
                                        ".pio/f.lnk",
                                        ".git/g.lnk",
                                        "out/h.lnk",
                                        "out/CACHEDIR.TAG",
                                        "x.lnk.txt",
                                        "bin/i.bin.lnk",
                                        "arduino/build.options.json",
                                        "arduino/j.bin.lnk"};
    for (size_t i = 0; i < JIG_COUNT(names); i++)
        put(root, names[i], "");
    put(root, "folder.lnk/k.bin.lnk", "");
    check_scan(root, ".hidden/d.lnk bin/i.bin.lnk folder.lnk/k.bin.lnk src/a.cpp.lnk "
                     "src/deep/b.h.lnk x.bin.lnk");
}

static void test_leaves_out_what_git_does(void **state)
{
    const char *root = *state;
    put(root, ".git/info/exclude", "secret.lnk\n");
    put(root, ".gitignore", "/gen\n*.tmp.lnk\n");
    put(root, "project/.gitignore", "!keep.tmp.lnk\nmore/\n");
    static const char *const names[] = {
        "project/a.lnk",      "project/secret.lnk",     "project/b.tmp.lnk", "project/keep.tmp.lnk",
        "project/more/c.lnk", "project/sub/.gitignore", "project/gen/d.lnk", "gen/inner/e.lnk"};
    for (size_t i = 0; i < JIG_COUNT(names); i++)
        put(root, names[i], "");
    JIG_CLEANUP_FREE char *project = jig_path_join(root, "project");
    check_scan(project, "a.lnk gen/d.lnk keep.tmp.lnk");
    /* a project that is left out as a whole is one all the same */
    JIG_CLEANUP_FREE char *inner = jig_path_join(root, "gen/inner");
    check_scan(inner, "e.lnk");
}

static void test_survives_loops_of_links(void **state)
{
    const char *root = *state;
    put(root, "a/x.lnk", "");
    put(root, "b/y.lnk", "");
    put(root, "real.txt", "");
    static const struct {
        const char *to;
        const char *name;
    } links[] = {{"..", "a/up"},          {"../b", "a/b"},      {"../a", "b/a"},
                 {".", "a/self"},         {"loop2", "loop1"},   {"loop1", "loop2"},
                 {"nowhere", "dangling"}, {"real.txt", "p.lnk"}};
    for (size_t i = 0; i < JIG_COUNT(links); i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(root, links[i].name);
        assert_int_equal(symlink(links[i].to, path), 0);
    }
    check_scan(root, "a/b/y.lnk a/x.lnk b/a/x.lnk b/y.lnk p.lnk");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_fbuild_writes),
        cmocka_unit_test(test_text_is_canonical_and_keeps_unknown_keys),
        cmocka_unit_test(test_each_fault_names_the_file_and_the_key),
        cmocka_unit_test(test_credentials_are_refused_and_not_repeated),
        cmocka_unit_test_setup_teardown(test_too_long_a_file_is_no_pointer, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test(test_archives_are_known_by_their_names),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_a_hostile_rule_ends),
        cmocka_unit_test_setup_teardown(test_finds_pointers_everywhere_but_in_what_is_built,
                                        unit_folder_setup, unit_folder_teardown),
        cmocka_unit_test_setup_teardown(test_leaves_out_what_git_does, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(test_survives_loops_of_links, unit_folder_setup,
                                        unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
