/*
 * blob_fault_test.c - the cache when it is killed, or the disk is full, at each of its steps.
 *
 * A step is a system call of core/os or of SQLite that changes something. A piece of work is ended
 * at its Nth step, by SIGKILL before it, or finds the disk full from there on; for every N, until
 * it is done undisturbed. What must hold afterwards, whatever N was: what can be found is whole,
 * the same work succeeds, nothing is held, and a collection leaves nothing behind.
 */
#include "tests/support/blob_bench.h"
#include "tests/support/faults.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/gc.h"
#include "core/blob/pin.h"
#include "core/blob/verify.h"
#include "core/os/fs.h"

#define MOST_STEPS 400

static const struct jig_until forever = {.deadline_ns = JIG_NO_DEADLINE};

/* ---- more calls of core/os, by the linker's --wrap ---- */

ssize_t __real_pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return faults_step(true) ? -1 : __real_pwrite(fd, data, n, at);
}

int __real_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate(int fd, off_t at, off_t n);
int __wrap_posix_fallocate(int fd, off_t at, off_t n)
{
    struct stat st;
    bool grows = fstat(fd, &st) != 0 || st.st_size < at + n;
    return grows && faults_step(true) ? ENOSPC : __real_posix_fallocate(fd, at, n);
}

/* ---- SQLite's own ---- */

ssize_t __wrap_write(int fd, const void *data, size_t n);
int __wrap_unlink(const char *path);

static ssize_t sqlite_write(int fd, const void *data, size_t n)
{
    return __wrap_write(fd, data, n);
}

static ssize_t sqlite_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return __wrap_pwrite(fd, data, n, at);
}

static ssize_t sqlite_pwrite64(int fd, const void *data, size_t n, off64_t at)
{
    return __wrap_pwrite(fd, data, n, at);
}

static int sqlite_unlink(const char *path)
{
    return __wrap_unlink(path);
}

static void take_sqlite(void)
{
    static const struct {
        const char *name;
        sqlite3_syscall_ptr call;
    } calls[] = {{"write", (sqlite3_syscall_ptr)sqlite_write},
                 {"pwrite", (sqlite3_syscall_ptr)sqlite_pwrite},
                 {"pwrite64", (sqlite3_syscall_ptr)sqlite_pwrite64},
                 {"unlink", (sqlite3_syscall_ptr)sqlite_unlink}};
    sqlite3_initialize();
    sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
    for (size_t i = 0; i < JIG_COUNT(calls); i++)
        assert_int_equal(vfs->xSetSystemCall(vfs, calls[i].name, calls[i].call), SQLITE_OK);
}

/* ---- the pieces of work: true when it was done ---- */

static bool put_blob(struct jig_cache *c, struct jig_hold *h, const char *text)
{
    struct jig_digest d = hash(text);
    struct jig_blob_writer *w;
    struct jig_blob blob;
    size_t n = strlen(text);
    if (jig_blob_find(c, h, &d, &blob, NULL) == JIG_OK) {
        free(blob.path);
        return true;
    }
    if (jig_blob_begin(c, &d, &w, NULL) != JIG_OK)
        return false;
    size_t there = (size_t)jig_blob_written(w);
    while (there < n) {
        if (jig_blob_write(w, text + there, 1, NULL) != JIG_OK) {
            jig_blob_abort(w, true);
            return false;
        }
        there++;
    }
    if (jig_blob_commit(w, h, JIG_CACHE_LNK, NULL, (int64_t)n, &blob, NULL) != JIG_OK)
        return false;
    free(blob.path);
    return true;
}

static bool do_blob(struct jig_cache *c, struct jig_hold *h)
{
    return put_blob(c, h, "fault");
}

static bool do_tree(struct jig_cache *c, struct jig_hold *h)
{
    struct jig_tree_staging s;
    char *path;
    if (jig_tree_begin(c, JIG_CACHE_PLATFORMS, "avr", "1.0", &s, NULL) != JIG_OK)
        return false;
    JIG_CLEANUP_FREE char *dir = jig_path_join(s.path, "cores");
    JIG_CLEANUP_FREE char *one = jig_path_join(dir, "main.cpp");
    JIG_CLEANUP_FREE char *two = jig_path_join(s.path, "platform.txt");
    if (jig_fs_mkdirs(dir, 0755, NULL) != JIG_OK ||
        jig_fs_write_unsynced(one, "int", 3, 0644, NULL) != JIG_OK ||
        jig_fs_write_unsynced(two, "name", 4, 0644, NULL) != JIG_OK) {
        jig_tree_abort(&s);
        return false;
    }
    if (jig_tree_commit(&s, h, &path, NULL) != JIG_OK)
        return false;
    free(path);
    return true;
}

static bool do_collection(struct jig_cache *c, struct jig_hold *h)
{
    struct jig_gc_options o = {.all = true};
    struct jig_gc_result r;
    (void)h;
    return jig_gc_run(c, &o, &forever, &r, NULL) == JIG_OK;
}

static bool do_removal(struct jig_cache *c, struct jig_hold *h)
{
    (void)h;
    enum jig_code code = jig_tree_remove(c, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", NULL);
    return code == JIG_OK || code == JIG_NOT_FOUND;
}

static bool do_repair(struct jig_cache *c, struct jig_hold *h)
{
    struct jig_verify_options o = {.repair = true};
    struct jig_verify_result r;
    (void)h;
    return jig_cache_verify(c, &o, &forever, &r, NULL) == JIG_OK;
}

static bool do_pin(struct jig_cache *c, struct jig_hold *h)
{
    struct jig_digest d = hash("fault");
    (void)h;
    return jig_pin_blob(c, &d, true, NULL) == JIG_OK;
}

/* ---- the sweep ---- */

enum came { DONE, FAILED, NEVER_CAME_TO_IT, WAS_KILLED };

static enum came work_until(struct blob_bench *b,
                            bool (*work)(struct jig_cache *, struct jig_hold *), enum fault what,
                            int at)
{
    struct jig_cache *c = open_cache(b->root, NULL);
    struct jig_hold *h = new_hold(c);
    faults_begin(what, at);
    bool done = work(c, h);
    jig_hold_free(h);
    int steps = faults_end();
    jig_cache_close(c);
    if (what != FAULT_NONE && steps < at)
        return NEVER_CAME_TO_IT;
    return done ? DONE : FAILED;
}

/* What may be killed runs in a process of its own. */
static enum came run(struct blob_bench *b, bool (*work)(struct jig_cache *, struct jig_hold *),
                     enum fault what, int at)
{
    if (what != FAULT_KILLED)
        return work_until(b, work, what, at);
    pid_t child = fork();
    if (child == 0)
        _exit(work_until(b, work, what, at));
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFSIGNALED(status))
        return (enum came)WEXITSTATUS(status);
    assert_int_equal(WTERMSIG(status), SIGKILL);
    return WAS_KILLED;
}

static void count_damage(void *ctx, const struct jig_verify_finding *f)
{
    (void)ctx;
    fail_msg("%s: %s", f->path, f->problem);
}

/* What one finds is whole; what was pinned before is there. */
static void must_be_whole(struct blob_bench *b)
{
    struct jig_verify_options o = {.found = count_damage};
    struct jig_verify_result r;
    assert_ok(b, jig_cache_verify(b->cache, &o, &forever, &r, &b->err));
    assert_true(has(b, "pinned"));
    end_hold(b);
}

static void must_leave_nothing(struct blob_bench *b)
{
    struct jig_gc_options o = {.all = true};
    struct jig_gc_result r;
    assert_ok(b, jig_gc_run(b->cache, &o, &forever, &r, &b->err));
    assert_int_equal(r.archives.in_use + r.installed.in_use, 0);
    assert_int_equal(r.archives.entries - r.archives.removed, 1); /* what is pinned */
    assert_int_equal(r.installed.entries, r.installed.removed);
    assert_int_equal(files_in(b, "tmp"), 0);
    assert_int_equal(files_in(b, "holds"), 0);
}

/* What all work finds: a pinned blob, two others, a tree. */
static void prepare(struct blob_bench *b)
{
    struct jig_digest d = hash("pinned");
    assert_ok(b, jig_pin_blob(b->cache, &d, true, &b->err));
    free(put(b, "pinned").path);
    free(put(b, "one").path);
    free(put(b, "two").path);
    free(install(b, "1.0", "old"));
    end_hold(b);
}

static void sweep(struct blob_bench *b, bool (*work)(struct jig_cache *, struct jig_hold *),
                  enum fault what)
{
    bool over = false;
    int n = 0;
    while (!over) {
        n++;
        assert_in_range(n, 1, MOST_STEPS);
        prepare(b);
        enum came came = run(b, work, what, n);
        over = came == NEVER_CAME_TO_IT;
        assert_true(over || what != FAULT_KILLED || came == WAS_KILLED);
        must_be_whole(b);
        assert_int_equal(run(b, work, FAULT_NONE, 0), DONE); /* now that nothing is in its way */
        struct jig_digest d = hash("fault");
        assert_ok(b, jig_pin_blob(b->cache, &d, false, &b->err));
        must_leave_nothing(b);
    }
    assert_in_range(n, 4, MOST_STEPS); /* else it swept nothing */
}

#define SWEEP(name)                                                                                \
    static void killed_in_##name(void **state)                                                     \
    {                                                                                              \
        sweep(*state, do_##name, FAULT_KILLED);                                                    \
    }                                                                                              \
    static void disk_full_in_##name(void **state)                                                  \
    {                                                                                              \
        sweep(*state, do_##name, FAULT_FULL);                                                      \
    }
SWEEP(blob)
SWEEP(tree)
SWEEP(collection)
SWEEP(removal)
SWEEP(repair)
SWEEP(pin)

/* A part that is left is gone on with, however far it came. */
static void killed_downloads_are_gone_on_with(void **state)
{
    struct blob_bench *b = *state;
    int killed = 0;
    prepare(b);
    for (int n = 1; run(b, do_blob, FAULT_KILLED, n) == WAS_KILLED; n += 2) {
        assert_in_range(n, 1, MOST_STEPS);
        killed++;
    }
    assert_true(killed > 2);
    must_be_whole(b);
    assert_true(has(b, "fault"));
}

int main(void)
{
    take_sqlite();
#define TEST(f) cmocka_unit_test_setup_teardown(f, blob_bench_setup, blob_bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(killed_in_blob),
        TEST(disk_full_in_blob),
        TEST(killed_in_tree),
        TEST(disk_full_in_tree),
        TEST(killed_in_collection),
        TEST(disk_full_in_collection),
        TEST(killed_in_removal),
        TEST(disk_full_in_removal),
        TEST(killed_in_repair),
        TEST(disk_full_in_repair),
        TEST(killed_in_pin),
        TEST(disk_full_in_pin),
        TEST(killed_downloads_are_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
