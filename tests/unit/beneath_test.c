/* Files below a folder, with openat2 and without: nothing gets out of it. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/beneath.h"
#include "core/os/fs.h"

static struct jig_beneath *tree;
static char *root;
static struct jig_err err;

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    root = jig_path_join(*state, "root");
    jig_err_clear(&err);
    return mkdir(root, 0755) == 0 && jig_beneath_open(root, &tree, &err) == JIG_OK ? 0 : -1;
}

static int setup_by_part(void **state)
{
    if (setup(state) != 0)
        return -1;
    jig_beneath_walk_by_part(tree);
    return 0;
}

static int teardown(void **state)
{
    jig_beneath_free(tree);
    free(root);
    return unit_folder_teardown(state);
}

static enum jig_code put(const char *name, const char *text)
{
    int fd;
    enum jig_code code = jig_beneath_create(tree, name, &fd, &err);
    if (code != JIG_OK)
        return code;
    assert_int_equal(jig_beneath_write_at(fd, text, strlen(text), 0, &err), JIG_OK);
    return jig_beneath_finish(fd, (int64_t)strlen(text), 0644, 1500000000000000000, &err);
}

static void test_makes(void **state)
{
    (void)state;
    struct jig_stamp stamp;
    JIG_CLEANUP_FREE char *path = jig_path_join(root, "a/b/c.txt");
    assert_int_equal(jig_beneath_mkdirs(tree, "x/y", &err), JIG_OK);
    assert_int_equal(jig_beneath_mkdirs(tree, "x/y", &err), JIG_OK);
    assert_int_equal(put("a/b/c.txt", "hello"), JIG_OK);
    assert_int_equal(put("a/b/c.txt", "again"), JIG_ALREADY_EXISTS);
    assert_string_equal(err.message, "'a/b/c.txt' is there already");
    assert_int_equal(jig_fs_stamp(path, &stamp, &err), JIG_OK);
    assert_int_equal(stamp.size, 5);
    assert_int_equal(stamp.mode & 07777, 0644);
    assert_int_equal(stamp.mtime_ns, 1500000000000000000);
    assert_int_equal(jig_beneath_link(tree, "second", "a/b/c.txt", &err), JIG_OK);
    assert_int_equal(jig_beneath_link(tree, "third", "nowhere", &err), JIG_NOT_FOUND);
    assert_int_equal(jig_beneath_link(tree, "third", "a/b", &err), JIG_INVALID_ARGUMENT);
}

static void test_never_through_links(void **state)
{
    JIG_CLEANUP_FREE char *outside = jig_path_join(*state, "outside");
    JIG_CLEANUP_FREE char *made = jig_path_join(outside, "x");
    assert_int_equal(mkdir(outside, 0755), 0);
    assert_int_equal(jig_beneath_symlink(tree, "out", outside, &err), JIG_OK);
    assert_int_equal(jig_beneath_symlink(tree, "file", made, &err), JIG_OK);
    assert_int_equal(jig_beneath_mkdirs(tree, "d", &err), JIG_OK);
    assert_int_equal(jig_beneath_symlink(tree, "in", "d", &err), JIG_OK);
    assert_int_equal(put("out/x", "text"), JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message, "'out' goes through a link");
    assert_int_equal(put("in/x", "text"), JIG_INVALID_ARGUMENT);
    assert_int_equal(put("file", "text"), JIG_ALREADY_EXISTS);
    assert_int_equal(jig_beneath_mkdirs(tree, "out/new/er", &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_beneath_mkdirs(tree, "file", &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_beneath_link(tree, "y", "file", &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(put("../x", "text"), JIG_INVALID_ARGUMENT);
    assert_false(jig_fs_is_there(made));
}

static void test_stays(void **state)
{
    JIG_CLEANUP_FREE char *outside = jig_path_join(*state, "secret");
    assert_int_equal(jig_fs_write_atomic(outside, "x", 1, 0600, &err), JIG_OK);
    assert_int_equal(jig_beneath_mkdirs(tree, "d/e", &err), JIG_OK);
    assert_int_equal(put("d/f", "text"), JIG_OK);
    static const struct {
        const char *name;
        const char *target;
        enum jig_code code;
    } links[] = {
        {"d/good", "f", JIG_OK},
        {"d/e/up", "../f", JIG_OK},
        {"nowhere", "d/nothing", JIG_OK},
        {"d/top", "..", JIG_OK},
        {"by_top", "d/top/../secret", JIG_INVALID_ARGUMENT},
        {"up", "../secret", JIG_INVALID_ARGUMENT},
        {"absolute", "/etc/passwd", JIG_INVALID_ARGUMENT},
        {"round", "circle", JIG_INVALID_ARGUMENT},
        {"circle", "round", JIG_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < JIG_COUNT(links); i++)
        assert_int_equal(jig_beneath_symlink(tree, links[i].name, links[i].target, &err), JIG_OK);
    for (size_t i = 0; i < JIG_COUNT(links); i++)
        assert_int_equal(jig_beneath_stays(tree, links[i].name, &err), links[i].code);
}

/* Renames anywhere on the machine make the kernel unsure of "..". */
static atomic_bool enough;

static void *rename_about(void *ctx)
{
    JIG_CLEANUP_FREE char *one = jig_path_join(ctx, "one");
    JIG_CLEANUP_FREE char *two = jig_path_join(ctx, "two");
    bool right = mkdir(one, 0755) == 0;
    while (right && !enough)
        right = rename(one, two) == 0 && rename(two, one) == 0;
    return right ? NULL : ctx;
}

static void test_stays_while_others_rename(void **state)
{
    pthread_t other;
    void *failed;
    enum jig_code code = JIG_OK;
    assert_int_equal(jig_beneath_mkdirs(tree, "d/e/f/g", &err), JIG_OK);
    assert_int_equal(jig_beneath_symlink(tree, "d/e/f/g/up", "../../../../d/e/f/../..", &err),
                     JIG_OK);
    enough = false;
    assert_int_equal(pthread_create(&other, NULL, rename_about, *state), 0);
    for (int i = 0; i < 20000 && code == JIG_OK; i++)
        code = jig_beneath_stays(tree, "d/e/f/g/up", &err);
    enough = true;
    pthread_join(other, &failed);
    assert_null(failed);
    assert_int_equal(code, JIG_OK);
}

static void test_not_too_deep(void **state)
{
    (void)state;
    struct jig_buf name;
    jig_buf_init(&name, 4096);
    for (int i = 0; i < JIG_BENEATH_LEVELS; i++)
        jig_buf_puts(&name, i == 0 ? "d" : "/d");
    assert_int_equal(jig_beneath_mkdirs(tree, name.data, &err), JIG_OK);
    jig_buf_puts(&name, "/d");
    assert_int_equal(jig_beneath_mkdirs(tree, name.data, &err), JIG_RESOURCE_EXHAUSTED);
    jig_buf_release(&name);
}

#define BOTH(test)                                                                                 \
    cmocka_unit_test_setup_teardown(test, setup, teardown),                                        \
        cmocka_unit_test_setup_teardown(test, setup_by_part, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_makes),
        BOTH(test_never_through_links),
        BOTH(test_stays),
        cmocka_unit_test_setup_teardown(test_stays_while_others_rename, setup, teardown),
        BOTH(test_not_too_deep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
