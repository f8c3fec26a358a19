/*
 * archive_fault_test.c - taking an archive apart when a system call fails, for every one of them.
 *
 * The disk is full, or out of order, from the Nth call that makes something, or at that one alone,
 * for every N until all goes well. What must hold: it is told, nothing is left, and the next try
 * works.
 */
#include "tests/support/unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/archive.h"
#include "core/os/fs.h"

#define MOST_STEPS 200

static int steps;   /* so far */
static int fail_at; /* from 1; 0: never */
static bool once;   /* only that one fails */
static int fails_with;

static bool step(void)
{
    steps++;
    if (fail_at == 0 || (once ? steps != fail_at : steps < fail_at))
        return false;
    errno = fails_with;
    return true;
}

/* By the linker's --wrap. */
#define WRAP(name, parameters, arguments)                                                          \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters                                                                   \
    {                                                                                              \
        return step() ? -1 : __real_##name arguments;                                              \
    }

WRAP(mkdir, (const char *path, mode_t mode), (path, mode))
WRAP(mkdirat, (int at, const char *path, mode_t mode), (at, path, mode))
WRAP(symlinkat, (const char *target, int at, const char *path), (target, at, path))
WRAP(linkat, (int from, const char *old, int at, const char *path, int flags),
     (from, old, at, path, flags))
WRAP(fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(futimens, (int fd, const struct timespec times[2]), (fd, times))
WRAP(ftruncate, (int fd, off_t size), (fd, size))
WRAP(rename, (const char *from, const char *to), (from, to))

ssize_t __real_pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return step() ? -1 : __real_pwrite(fd, data, n > 7 ? 7 : n, at); /* short writes, too */
}

int __real_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...);
int __wrap_openat(int at, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (flags & O_CREAT && step())
        return -1;
    return __real_openat(at, path, flags, mode);
}

/* ------------------------------------------------------------------------------- the archive */

static void add(struct archive *a, const char *name, unsigned type, const char *target,
                const char *text)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, 0755);
    archive_entry_set_mtime(e, 1500000000, 0);
    archive_entry_set_size(e, (la_int64_t)strlen(text));
    if (type == AE_IFLNK)
        archive_entry_set_symlink(e, target);
    else if (target != NULL)
        archive_entry_set_hardlink(e, target);
    assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, text, strlen(text)), strlen(text));
    archive_entry_free(e);
}

static char *make_archive(const char *folder)
{
    char *path = jig_path_join(folder, "a.tar");
    struct archive *a = archive_write_new();
    archive_write_set_format_pax_restricted(a);
    assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
    add(a, "top/deep/er/file", AE_IFREG, NULL, "some text that takes several writes");
    add(a, "top/link", AE_IFLNK, "deep/er/file", "");
    add(a, "top/again", AE_IFREG, "top/deep/er/file", "");
    add(a, "top/empty", AE_IFREG, NULL, "");
    assert_int_equal(archive_write_free(a), ARCHIVE_OK);
    return path;
}

static void check_made(const char *dest)
{
    JIG_CLEANUP_FREE char *link = jig_path_join(dest, "link");
    JIG_CLEANUP_FREE char *empty = jig_path_join(dest, "empty");
    struct jig_buf text;
    jig_buf_init(&text, 1000);
    assert_int_equal(jig_fs_read(link, &text, NULL), JIG_OK);
    assert_string_equal(text.data, "some text that takes several writes");
    assert_true(jig_fs_is_file(empty));
    jig_buf_release(&text);
    assert_int_equal(jig_fs_remove_tree(dest, NULL), JIG_OK);
}

/* How many steps it takes when nothing fails. */
static int sweep(const char *folder)
{
    JIG_CLEANUP_FREE char *archive = make_archive(folder);
    JIG_CLEANUP_FREE char *dest = jig_path_join(folder, "dest");
    struct jig_archive_spec spec = {.path = archive, .dest = dest, .strip_top = true};
    for (int n = 1; n < MOST_STEPS; n++) {
        struct jig_err err = JIG_ERR_INIT;
        steps = 0;
        fail_at = n;
        enum jig_code code = jig_archive_extract(&spec, &JIG_UNTIL_FOREVER, NULL, &err);
        bool failed = steps >= n;
        fail_at = 0;
        if (failed && code != JIG_OK) {
            assert_int_equal(err.sys_errno, fails_with);
            assert_string_equal(err.hint, "");
            assert_false(jig_fs_is_there(dest));
            continue;
        }
        assert_int_equal(code, JIG_OK);
        check_made(dest);
        if (failed) /* to make a folder that is there anyway */
            continue;
        return n - 1;
    }
    return MOST_STEPS;
}

static void test_disk_full(void **state)
{
    fails_with = ENOSPC;
    once = false;
    assert_in_range(sweep(*state), 15, MOST_STEPS - 1);
}

static void test_one_call_fails(void **state)
{
    fails_with = EIO;
    once = true;
    assert_in_range(sweep(*state), 15, MOST_STEPS - 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_disk_full),
        TEST(test_one_call_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
