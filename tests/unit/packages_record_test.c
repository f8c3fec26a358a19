/* Records and lock files: written, read again, and refused. */
#include "tests/support/unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/lock.h"
#include "core/packages/installed.h"
#include "core/packages/record.h"

#define HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define GOOD                                                                                       \
    "\"kind\": \"library\", \"name\": \"Blue Sky\", \"version\": \"1.0\", \"url\": "               \
    "\"https://h/x\""

static void test_round_trip(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{" GOOD ", \"sha256\": \"" HASH "\", \"size\": 5, \"asked\": true}",
        "{" GOOD ", \"sha256\": \"" HASH "\", \"direct\": true}",
        "{" GOOD ", \"git\": true, \"ref\": \"main\"}",
        "{\"kind\": \"platform\", \"name\": \"me:avr\", \"version\": \"1.0\", \"url\": "
        "\"http://h\", "
        "\"sha256\": \"" HASH "\", \"needs\": [\"me:gcc@7\"], \"unknown\": [1]}",
        "{\"kind\": \"tool\", \"name\": \"me:gcc\", \"version\": \"7.3-x\", \"url\": \"http://h\", "
        "\"sha256\": \"" HASH "\"}",
    };
    for (size_t i = 0; i < JIG_COUNT(texts); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_package p, q;
        if (jig_package_parse("a", texts[i], strlen(texts[i]), &p, &err) != JIG_OK)
            fail_msg("%s", err.message);
        JIG_CLEANUP_FREE char *text = jig_package_text(&p);
        assert_int_equal(jig_package_parse("b", text, strlen(text), &q, &err), JIG_OK);
        JIG_CLEANUP_FREE char *again = jig_package_text(&q);
        assert_string_equal(text, again);
        assert_int_equal(p.from, q.from);
        assert_int_equal(p.needs.n, i == 3);
        jig_package_release(&p);
        jig_package_release(&q);
    }
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *says;
    } rows[] = {
        {"", "a:1"},
        {"[]", "an object"},
        {"{\"kind\": \"thing\"}", "\"kind\""},
        {"{\"kind\": \"library\", \"name\": \"../x\", \"version\": \"1\"}", "folder"},
        {"{\"kind\": \"library\", \"name\": \"a:b\", \"version\": \"1\"}", "form"},
        {"{\"kind\": \"tool\", \"name\": \"gcc\", \"version\": \"1\"}", "form"},
        {"{\"kind\": \"library\", \"name\": \"a\", \"version\": \"../../1\"}", "\"version\""},
        {"{\"kind\": \"library\", \"name\": \"a\", \"version\": 1}", "\"version\""},
        {"{" GOOD "}", "\"sha256\""},
        {"{" GOOD ", \"sha256\": \"12\"}", "\"sha256\""},
        {"{" GOOD ", \"sha256\": \"" HASH "\", \"size\": -2}", "\"size\""},
        {"{" GOOD ", \"sha256\": \"" HASH "\", \"size\": \"5\"}", "\"size\""},
        {"{" GOOD ", \"git\": true, \"ref\": \"--upload-pack=x\"}", "\"ref\""},
        {"{" GOOD ", \"url\": \"-x\", \"git\": true}", "a:1"},
        {"{" GOOD ", \"sha256\": \"" HASH "\", \"needs\": [1]}", "\"needs\""},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_package p;
        assert_int_equal(jig_package_parse("a", rows[i].text, strlen(rows[i].text), &p, &err),
                         JIG_INVALID_ARGUMENT);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].text, err.message);
    }
}

static void test_lock_files(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "jig.lock");
    static const char text[] = "{\"v\": 1, \"environments\": {\"uno\": [{" GOOD
                               ", \"sha256\": \"" HASH "\"}], \"nano\": []}}";
    struct jig_err err = JIG_ERR_INIT;
    struct jig_lockfile l, m;
    assert_int_equal(jig_lockfile_read(path, &l, &err), JIG_NOT_FOUND);
    assert_int_equal(jig_lockfile_parse("a", text, strlen(text), &l, &err), JIG_OK);
    assert_int_equal(l.n, 2);
    assert_int_equal(jig_lockfile_find(&l, "uno")->n, 1);
    assert_int_equal(jig_lockfile_find(&l, "nano")->n, 0);
    assert_null(jig_lockfile_find(&l, "due"));
    assert_int_equal(jig_lockfile_update(*state, &l, &JIG_UNTIL_FOREVER, &err), JIG_OK);
    assert_int_equal(jig_lockfile_read(path, &m, &err), JIG_OK);
    assert_int_equal(m.n, 2);
    assert_string_equal(jig_lockfile_find(&m, "uno")->items[0].name, "Blue Sky");
    jig_lockfile_release(&l);
    jig_lockfile_release(&m);
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"v\": 2, \"environments\": {}}",
        "{\"v\": 1, \"environments\": []}",
        "{\"v\": 1, \"environments\": {\"uno\": {}}}",
        "{\"v\": 1, \"environments\": {\"uno\": [1]}}",
        "{\"v\": 1, \"environments\": {\"uno\": [], \"uno\": []}}",
    };
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        assert_int_equal(jig_lockfile_parse("a", bad[i], strlen(bad[i]), &l, &err),
                         JIG_INVALID_ARGUMENT);
        assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    }
}

/* ---- many write at once ---- */

enum { WRITERS = 4, ROUNDS = 25 };

/* In a process of its own: new environments, one by one. */
static int write_many(const char *root, int who)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct jig_lockfile news = {0};
        struct jig_plan none = {0};
        JIG_CLEANUP_FREE char *name = jig_strf("env%d-%d", who, i);
        jig_lockfile_set(&news, name, &none);
        enum jig_code code = jig_lockfile_update(root, &news, &JIG_UNTIL_FOREVER, NULL);
        jig_lockfile_release(&news);
        if (code != JIG_OK)
            return 1;
    }
    return 0;
}

static void test_two_at_once_lose_nothing(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "jig.lock");
    pid_t pids[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        pids[i] = fork();
        if (pids[i] == 0)
            _exit(write_many(*state, i));
    }
    for (int i = 0; i < WRITERS; i++) {
        int how;
        assert_int_equal(waitpid(pids[i], &how, 0), pids[i]);
        assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
    }
    struct jig_lockfile l;
    assert_int_equal(jig_lockfile_read(path, &l, NULL), JIG_OK);
    assert_int_equal(l.n, WRITERS * ROUNDS);
    jig_lockfile_release(&l);
}

static void test_nothing_to_write_needs_no_lock(void **state)
{
    JIG_CLEANUP_FREE char *gate = jig_path_join(*state, JIG_LOCK_GATE);
    struct jig_lockfile news = {0};
    struct jig_plan none = {0};
    struct jig_cancel cancel;
    struct jig_lock held = JIG_LOCK_INIT;
    struct jig_err err = JIG_ERR_INIT;
    jig_lockfile_set(&news, "a", &none);
    assert_int_equal(jig_lockfile_update(*state, &news, &JIG_UNTIL_FOREVER, &err), JIG_OK);
    assert_int_equal(jig_lock_try(&held, gate, "the test", &err), JIG_OK);
    assert_int_equal(jig_lockfile_update(*state, &news, &JIG_UNTIL_FOREVER, &err), JIG_OK);

    /* Who waits for it can be told to stop, and has written nothing. */
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    jig_cancel_fire(&cancel);
    struct jig_until until = {.deadline_ns = JIG_NO_DEADLINE, .cancel = &cancel};
    jig_lockfile_set(&news, "b", &none);
    assert_int_equal(jig_lockfile_update(*state, &news, &until, &err), JIG_CANCELLED);
    jig_lockfile_release(&news);
    jig_lock_release(&held);
    jig_cancel_release(&cancel);
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "jig.lock");
    assert_int_equal(jig_lockfile_read(path, &news, &err), JIG_OK);
    assert_int_equal(news.n, 1);
    jig_lockfile_release(&news);
}

static void test_installed_of(void **state)
{
    (void)state;
    struct jig_strv roots = {0};
    struct jig_installed one;
    jig_strv_append(&roots, "/c/installed");
    jig_strv_append(&roots, "/var/c/installed");
    assert_true(jig_installed_of(&roots, "/var/c/installed/platforms/me~avr/1.0/cores/x", &one));
    assert_int_equal(one.kind, JIG_PACKAGE_PLATFORM);
    assert_string_equal(one.vendor, "me");
    assert_string_equal(one.name, "avr");
    assert_string_equal(one.version, "1.0");
    assert_string_equal(one.path, "/var/c/installed/platforms/me~avr/1.0");
    jig_installed_clear(&one);
    assert_true(jig_installed_of(&roots, "/c/installed/libraries/Blue Sky/2", &one));
    assert_string_equal(one.name, "Blue Sky");
    jig_installed_clear(&one);
    static const char *const none[] = {"/c/installed",
                                       "/c/installed/platforms/me~avr",
                                       "/c/installed/platforms/avr/1.0",
                                       "/c/installed/frameworks/a~b/1.0",
                                       "/c/installedx/platforms/a~b/1.0",
                                       "/usr/share/arduino/hardware/arduino/avr"};
    for (size_t i = 0; i < JIG_COUNT(none); i++) {
        if (jig_installed_of(&roots, none[i], &one))
            fail_msg("%s", none[i]);
    }
    jig_strv_release(&roots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test_setup_teardown(test_lock_files, unit_folder_setup, unit_folder_teardown),
        cmocka_unit_test_setup_teardown(test_two_at_once_lose_nothing, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(test_nothing_to_write_needs_no_lock, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test(test_installed_of),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
