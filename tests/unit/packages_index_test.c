/* Indexes: what is kept of them, and what strange ones lead to. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/packages/hostmatch.h"
#include "core/packages/index.h"

#define HASH "SHA-256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static struct jig_index *parse(const char *text)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_index *x = jig_index_new();
    if (jig_index_parse(x, "test.json", text, strlen(text), &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_index_sort(x);
    return x;
}

static void test_packages(void **state)
{
    (void)state;
    struct jig_index *x = parse(
        "{\"packages\": [{\"platforms\": [{\"name\": \"Boards\", \"architecture\": \"avr\","
        " \"version\": \"1.8.6\", \"url\": \"https://h/a/avr-1.8.6.tar.bz2\","
        " \"checksum\": \"" HASH "\", \"size\": \"7127080\", \"help\": {\"online\": \"x\"},"
        " \"boards\": [{\"name\": \"Uno\"}, [1, [2]]], \"toolsDependencies\":"
        " [{\"packager\": \"me\", \"name\": \"gcc\", \"version\": \"7.3\"}],"
        " \"discoveryDependencies\": [{\"packager\": \"builtin\", \"name\": \"serial\"}]}],"
        " \"tools\": [{\"name\": \"gcc\", \"version\": \"7.3\", \"systems\":"
        " [{\"host\": \"x86_64-linux-gnu\", \"url\": \"https://h/g.tgz\", \"archiveFileName\":"
        " \"gcc.tar.gz\", \"size\": 12, \"checksum\": \"" HASH "\"}]}],"
        " \"name\": \"me\", \"unknown\": null}]}");
    assert_int_equal(x->platform_count, 1);
    const struct jig_index_platform *p = &x->platforms[0];
    assert_null(p->fault);
    assert_string_equal(p->vendor, "me"); /* said after the platforms */
    assert_string_equal(p->arch, "avr");
    assert_string_equal(p->version, "1.8.6");
    assert_string_equal(p->archive.file, "avr-1.8.6.tar.bz2");
    assert_int_equal(p->archive.size, 7127080);
    assert_true(p->archive.has_sha256);
    assert_int_equal(p->archive.sha256.bytes[0], 0xe3);
    assert_int_equal(p->need_count, 1);
    assert_string_equal(x->needs[p->need_first].name, "gcc");
    const struct jig_index_tool *t = jig_index_find_tool(x, "me", "gcc", "7.3");
    assert_non_null(t);
    assert_int_equal(t->system_count, 1);
    assert_string_equal(x->systems[t->system_first].archive.file, "gcc.tar.gz");
    assert_int_equal(x->systems[t->system_first].archive.size, 12);
    assert_null(jig_index_find_tool(x, "you", "gcc", "7.3"));
    jig_index_free(x);
}

static void test_libraries(void **state)
{
    (void)state;
    struct jig_index *x = parse(
        "{\"libraries\": [{\"name\": \"Servo\", \"version\": \"1.0\", \"url\": \"https://h/s.zip\","
        " \"size\": 1, \"checksum\": \"" HASH "\"},"
        "{\"name\": \"Alpha\", \"version\": \"1.0\", \"url\": \"https://h/a.zip\", \"size\": 1,"
        " \"checksum\": \"" HASH "\", \"dependencies\": [{\"name\": \"Servo\", \"version\":"
        " \">=1.0\"}, {\"name\": \"Beta\"}]},"
        "{\"name\": \"Servo\", \"version\": \"1.1\", \"url\": \"https://h/s.zip\", \"size\": 1,"
        " \"checksum\": \"" HASH "\"}]}");
    size_t first = 99;
    assert_int_equal(jig_index_libraries(x, "Servo", &first), 2);
    assert_string_equal(x->libraries[first].version, "1.0"); /* as they were read */
    assert_int_equal(jig_index_libraries(x, "SERVO", &first), 2);
    assert_int_equal(jig_index_libraries(x, "Serv", &first), 0);
    assert_int_equal(jig_index_libraries(x, "Zeta", &first), 0);
    assert_int_equal(jig_index_libraries(x, "alpha", &first), 1);
    assert_int_equal(x->libraries[first].dependency_count, 2);
    size_t at = x->libraries[first].dependency_first;
    assert_string_equal(x->dependencies[at].range, ">=1.0");
    assert_string_equal(x->dependencies[at + 1].range, "");
    struct jig_strv near = {0};
    jig_index_nearest(x, "Servp", &near);
    assert_int_equal(near.n, 1);
    assert_string_equal(near.v[0], "Servo");
    jig_strv_release(&near);
    jig_index_free(x);
}

/* A release with a damaged field stays, with its fault; its neighbours are unharmed. */
static void test_faults(void **state)
{
    (void)state;
    static const struct {
        const char *fields; /* in place of what the sound one says */
        const char *fault;
    } rows[] = {
        {"\"name\": \"../../etc\"", "folder"},
        {"\"name\": \"a/b\"", "folder"},
        {"\"name\": \"\"", "folder"},
        {"\"name\": \".hidden\"", "folder"},
        {"\"name\": \"nul\\u0000\"", "control characters"},
        {"\"name\": 7", "\"name\" is of the wrong type"},
        {"\"name\": {\"a\": [\"b\"]}", "\"name\" is of the wrong type"},
        {"\"name\": [\"a\", {\"name\": \"b\"}]", "\"name\" is of the wrong type"},
        {"\"version\": \"1/2\"", "folder"},
        {"\"version\": true", "wrong type"},
        {"\"size\": 1e400", "number of bytes"},
        {"\"size\": -1", "number of bytes"},
        {"\"size\": 99999999999999999999999999", "number of bytes"},
        {"\"size\": 18446744073709551617", "number of bytes"},
        {"\"size\": \"12 MB\"", "number of bytes"},
        {"\"size\": \"\"", "number of bytes"},
        {"\"checksum\": \"MD5:d41d8cd98f00b204e9800998ecf8427e\"", "SHA-256"},
        {"\"checksum\": \"SHA-256:12\"", "SHA-256"},
        {"\"checksum\": \"\"", "SHA-256"},
        {"\"url\": \"gopher://h/x.zip\"", "no URL"},
        {"\"url\": \"/etc/passwd\"", "no URL"},
        {"\"url\": \"https://h/\\n\"", "control characters"},
        {"\"dependencies\": [{\"name\": 5}]", "wrong type"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        JIG_CLEANUP_FREE char *text =
            jig_strf("{\"libraries\": [{\"name\": \"Bad\", \"version\": \"1.0\", \"url\": "
                     "\"https://h/s.zip\","
                     " \"size\": 1, \"checksum\": \"" HASH "\", %s},"
                     "{\"name\": \"Good\", \"version\": \"1.0\", \"url\": \"https://h/s.zip\","
                     " \"size\": 1, \"checksum\": \"" HASH "\"}]}",
                     rows[i].fields);
        struct jig_index *x = parse(text);
        size_t first;
        assert_int_equal(x->library_count, 2);
        assert_int_equal(jig_index_libraries(x, "Good", &first), 1);
        assert_null(x->libraries[first].fault);
        const char *fault = x->libraries[1 - first].fault;
        if (fault == NULL || strstr(fault, rows[i].fault) == NULL)
            fail_msg("%s: %s", rows[i].fields, fault != NULL ? fault : "no fault");
        jig_index_free(x);
    }
}

static void test_bad_files(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "not JSON at byte 0"},
        {"{", "not JSON at byte 1"},
        {"{\"packages\": [", "not JSON"},
        {"{\"libraries\": []} x", "not JSON"},
        {"<html>", "not JSON at byte 1: lexical error"},
        {"[]", "it is a list, not an index"},
        {"5", "it is a number, not an index"},
        {"null", "it is null, not an index"},
        {"{}", "neither"},
        {"{\"packages\": {}}", "its \"packages\" holds an object where a list is to be"},
        {"{\"packages\": 5}", "its \"packages\" holds a number where a list is to be"},
        {"{\"packages\": [5]}", "its \"packages\" holds a number where an object is to be"},
        {"{\"packages\": [{\"platforms\": [[]]}]}",
         "its \"platforms\" holds a list where an object is to be"},
        {"{\"packages\": [{\"platforms\": [{}, null]}]}",
         "its \"platforms\" holds null where an object is to be"},
        {"{\"libraries\": [{\"name\": \"\xff\"}]}", "invalid"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_index *x = jig_index_new();
        assert_int_equal(jig_index_parse(x, "a.json", rows[i].text, strlen(rows[i].text), &err),
                         JIG_INVALID_ARGUMENT);
        if (strstr(err.message, rows[i].says) == NULL || !jig_str_starts(err.message, "a.json: "))
            fail_msg("%s: %s", rows[i].text, err.message);
        jig_index_free(x);
    }
}

static void test_too_deep(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_index *x = jig_index_new();
    char text[4096] = "{\"x\":";
    memset(text + 5, '[', 2000);
    assert_int_equal(jig_index_parse(x, "a.json", text, strlen(text), &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "too deeply"));
    jig_index_free(x);
}

static void test_long_field(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    jig_buf_puts(&text,
                 "{\"libraries\": [{\"name\": \"A\", \"version\": \"1\", \"checksum\": \"" HASH
                 "\", \"url\": \"https://h/");
    for (int i = 0; i < 5000; i++)
        jig_buf_putc(&text, 'x');
    jig_buf_puts(&text, "\"}]}");
    struct jig_index *x = parse(text.data);
    assert_non_null(strstr(x->libraries[0].fault, "too long"));
    jig_index_free(x);
    jig_buf_release(&text);
}

/* Two files into one index, as from a disk; pieces may end anywhere. */
static void test_files(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *one = jig_path_join(*state, "one.json");
    JIG_CLEANUP_FREE char *two = jig_path_join(*state, "two.json");
    struct jig_buf text;
    jig_buf_init(&text, 16 << 20);
    jig_buf_puts(&text, "{\"libraries\": [");
    for (int i = 0; i < 4000; i++)
        jig_buf_printf(&text,
                       "%s{\"name\": \"Lib %d\", \"version\": \"1.%d\", \"sentence\": \"\\u00e4 "
                       "\\\"x\\\"\", \"url\": \"https://h/%d.zip\", \"size\": %d, "
                       "\"checksum\": \"" HASH "\"}",
                       i > 0 ? ",\n" : "", i / 4, i % 4, i, i);
    jig_buf_puts(&text, "]}");
    assert_int_equal(jig_fs_write_atomic(one, text.data, text.len, 0644, &err), JIG_OK);
    static const char packages[] = "{\"packages\": [{\"name\": \"me\", \"platforms\": []}]}";
    assert_int_equal(jig_fs_write_atomic(two, packages, strlen(packages), 0644, &err), JIG_OK);
    struct jig_index *x = jig_index_new();
    assert_int_equal(jig_index_read(x, one, &err), JIG_OK);
    assert_int_equal(jig_index_read(x, two, &err), JIG_OK);
    jig_index_sort(x);
    size_t first;
    assert_int_equal(x->library_count, 4000);
    assert_int_equal(jig_index_libraries(x, "Lib 999", &first), 4);
    assert_string_equal(x->libraries[first + 3].version, "1.3");
    assert_int_equal(x->libraries[first + 3].archive.size, 3999);
    jig_index_free(x);
    x = jig_index_new();
    assert_int_equal(jig_index_read(x, "/nowhere/x.json", &err), JIG_NOT_FOUND);
    jig_index_free(x);
    jig_buf_release(&text);
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        struct jig_host host;
        const char *triplet;
        int runs; /* 0 no, 1 if there is nothing better, 2 yes */
    } rows[] = {
        {{"x86_64", "linux"}, "x86_64-linux-gnu", 2},
        {{"x86_64", "linux"}, "x86_64-pc-linux-gnu", 2},
        {{"x86_64", "linux"}, "i686-pc-linux-gnu", 0},
        {{"x86_64", "linux"}, "x86_64-apple-darwin", 0},
        {{"x86_64", "linux"}, "x86_64-mingw32", 0},
        {{"x86_64", "linux"}, "aarch64-linux-gnu", 0},
        {{"x86_64", "linux"}, "", 0},
        {{"i686", "linux"}, "i686-linux-gnu", 2},
        {{"i686", "linux"}, "x86_64-linux-gnu", 0},
        {{"aarch64", "linux"}, "aarch64-linux-gnu", 2},
        {{"aarch64", "linux"}, "arm64-linux-gnueabihf", 2},
        {{"aarch64", "linux"}, "arm-linux-gnueabihf", 0},
        {{"arm", "linux"}, "arm-linux-gnueabihf", 2},
        {{"arm", "linux"}, "aarch64-linux-gnu", 0},
        {{"aarch64", "darwin"}, "arm64-apple-darwin", 2},
        {{"aarch64", "darwin"}, "x86_64-apple-darwin", 1},
        {{"x86_64", "mingw32"}, "i686-mingw32", 1},
        {{"unknown", "unknown"}, "x86_64-linux-gnu", 0},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        int match = jig_host_match(&rows[i].host, rows[i].triplet);
        if ((match > 1 ? 2 : match) != rows[i].runs)
            fail_msg("%s %s: %s gives %d", rows[i].host.cpu, rows[i].host.system, rows[i].triplet,
                     match);
    }
    struct jig_host own = jig_host_own();
    assert_string_not_equal(own.cpu, "unknown");
    assert_string_equal(own.system, "linux");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packages),
        cmocka_unit_test(test_libraries),
        cmocka_unit_test(test_faults),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_too_deep),
        cmocka_unit_test(test_long_field),
        cmocka_unit_test_setup_teardown(test_files, unit_folder_setup, unit_folder_teardown),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
