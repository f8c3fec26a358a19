#include "tests/support/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/beneath.h"
#include "core/os/cancel.h"
#include "core/os/file.h"
#include "core/os/fs.h"
#include "core/os/lock.h"
#include "core/os/mapping.h"
#include "core/os/proc.h"
#include "core/os/sighting.h"
#include "core/os/time.h"

static void write_is_whole_or_not_at_all(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "file");
    assert_int_equal(jig_fs_write_atomic(path, "one", 3, 0644, &err), JIG_OK);
    struct jig_stamp before, after;
    assert_int_equal(jig_fs_stamp(path, &before, &err), JIG_OK);
    assert_int_equal(jig_fs_write_if_changed(path, "one", 3, 0644, &err), JIG_OK);
    assert_int_equal(jig_fs_stamp(path, &after, &err), JIG_OK);
    assert_true(jig_stamp_equal(&before, &after));
    assert_int_equal(jig_fs_write_if_changed(path, "two", 3, 0644, &err), JIG_OK);
    assert_int_equal(jig_fs_stamp(path, &after, &err), JIG_OK);
    assert_false(jig_stamp_equal(&before, &after));
    assert_int_equal(jig_fs_write_atomic("/proc/nowhere/x", "a", 1, 0644, &err), JIG_NOT_FOUND);
    struct jig_strv names = {0};
    assert_int_equal(jig_fs_list(*state, &names, &err), JIG_OK);
    assert_int_equal(names.n, 1);
    jig_strv_release(&names);
}

static void read_has_a_ceiling(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "file");
    assert_int_equal(jig_fs_write_atomic(path, "0123456789", 10, 0644, &err), JIG_OK);
    struct jig_buf b;
    jig_buf_init(&b, 10);
    assert_int_equal(jig_fs_read(path, &b, &err), JIG_OK);
    assert_string_equal(b.data, "0123456789");
    jig_buf_release(&b);
    jig_buf_init(&b, 9);
    assert_int_equal(jig_fs_read(path, &b, &err), JIG_RESOURCE_EXHAUSTED);
    jig_buf_release(&b);
    assert_int_equal(jig_fs_read(*state, &b, &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_fs_read("/dev/zero", &b, &err), JIG_INVALID_ARGUMENT);
}

static enum jig_walk collect(void *ctx, const struct jig_walk_entry *entry)
{
    jig_strv_append(ctx, entry->relative);
    return entry->is_dir ? JIG_WALK_INTO : JIG_WALK_ON;
}

static void walk_is_sorted_and_survives_loops(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *deep = jig_path_join(*state, "b/c");
    assert_int_equal(jig_fs_mkdirs(deep, 0755, &err), JIG_OK);
    JIG_CLEANUP_FREE char *link = jig_path_join(deep, "up");
    assert_int_equal(symlink("../..", link), 0);
    JIG_CLEANUP_FREE char *file = jig_path_join(*state, "a");
    assert_int_equal(jig_fs_write_atomic(file, "", 0, 0644, &err), JIG_OK);
    struct jig_strv seen = {0};
    assert_int_equal(jig_fs_walk(*state, true, collect, &seen, &err), JIG_OK);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&seen, " ");
    assert_string_equal(all, "a b b/c b/c/up");
    jig_strv_release(&seen);
}

/* In an order of the names and not of the filesystem, which may be another one elsewhere. */
static void lists_are_sorted(void **state)
{
    enum { N = 60 };
    struct jig_err err = JIG_ERR_INIT;
    for (int i = 0; i < N; i++) {
        JIG_CLEANUP_FREE char *path = jig_strf("%s/f%02d", (const char *)*state, i * 37 % N);
        assert_int_equal(jig_fs_write_atomic(path, "", 0, 0644, &err), JIG_OK);
    }
    struct jig_strv names = {0};
    assert_int_equal(jig_fs_list(*state, &names, &err), JIG_OK);
    assert_int_equal(names.n, N);
    for (size_t i = 1; i < names.n; i++)
        assert_true(strcmp(names.v[i - 1], names.v[i]) < 0);
    jig_strv_release(&names);
}

static void copies(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *from = jig_path_join(*state, "from");
    JIG_CLEANUP_FREE char *to = jig_path_join(*state, "to");
    assert_int_equal(jig_fs_write_atomic(from, "abc", 3, 0600, &err), JIG_OK);
    assert_int_equal(jig_fs_copy(from, to, 0444, true, &err), JIG_OK);
    struct jig_stamp s;
    assert_int_equal(jig_fs_stamp(to, &s, &err), JIG_OK);
    assert_int_equal(s.size, 3);
    assert_int_equal(s.mode & 0777, 0444);
}

static void locks_exclude_and_name_their_holder(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "lock");
    struct jig_lock a = JIG_LOCK_INIT;
    struct jig_lock b = JIG_LOCK_INIT;
    assert_int_equal(jig_lock_try(&a, path, NULL, &err), JIG_OK);
    assert_int_equal(jig_lock_try(&b, path, "somebody", &err), JIG_ABORTED);
    assert_int_equal(err.reason, JIG_REASON_BUSY);
    JIG_CLEANUP_FREE char *me = jig_strf("pid %ld", (long)getpid());
    assert_non_null(strstr(err.message, me));
    struct jig_until soon = {.deadline_ns = jig_now_ns()};
    assert_int_equal(jig_lock_wait(&b, path, NULL, &soon, &err), JIG_DEADLINE_EXCEEDED);
    jig_lock_release(&a);
    assert_int_equal(jig_lock_try(&b, path, "somebody", &err), JIG_OK);
    jig_lock_release(&b);
}

struct heard {
    struct jig_buf out;
    struct jig_buf err;
};

static void hear(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct heard *h = ctx;
    jig_buf_append(stream == JIG_STDOUT ? &h->out : &h->err, data, n);
}

static enum jig_code run(const char *script, struct heard *h, const struct jig_until *until,
                         struct jig_proc_result *r, struct jig_err *err)
{
    char *argv[] = {"sh", "-c", (char *)script, NULL};
    struct jig_proc_spec spec = {.argv = argv, .output = hear, .ctx = h};
    jig_buf_init(&h->out, 1 << 20);
    jig_buf_init(&h->err, 1 << 20);
    return jig_proc_run(&spec, until, r, err);
}

static void forget(struct heard *h)
{
    jig_buf_release(&h->out);
    jig_buf_release(&h->err);
}

struct turns {
    const char *path;
    atomic_int inside;
    atomic_int taken;
};

static void *take_turns(void *arg)
{
    struct turns *t = arg;
    for (int i = 0; i < 50; i++) {
        struct jig_lock lock = JIG_LOCK_INIT;
        if (jig_lock_wait(&lock, t->path, "a turn", &JIG_UNTIL_FOREVER, NULL) != JIG_OK)
            return NULL;
        bool alone = t->inside++ == 0;
        sched_yield();
        t->inside--;
        t->taken += alone;
        jig_lock_release(&lock);
        if (!alone)
            return NULL;
    }
    return NULL;
}

static void waiters_take_turns(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "lock");
    struct turns t = {.path = path};
    pthread_t threads[4];
    for (size_t i = 0; i < JIG_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &t), 0);
    for (size_t i = 0; i < JIG_COUNT(threads); i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(t.taken, 200);
}

static void a_lock_can_be_shared(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "lock");
    struct jig_lock a = JIG_LOCK_INIT, b = JIG_LOCK_INIT, whole = JIG_LOCK_INIT;
    struct jig_until soon = {.deadline_ns = jig_deadline_in_ms(0)};
    assert_int_equal(jig_lock_share(&a, path, &soon, &err), JIG_NOT_FOUND);
    assert_int_equal(jig_lock_try(&whole, path, "somebody", &err), JIG_OK);
    assert_int_equal(jig_lock_share(&a, path, &soon, &err), JIG_DEADLINE_EXCEEDED);
    jig_lock_release(&whole);
    assert_int_equal(jig_lock_share(&a, path, &soon, &err), JIG_OK);
    assert_int_equal(jig_lock_share(&b, path, &soon, &err), JIG_OK);
    assert_int_equal(jig_lock_try(&whole, path, NULL, &err), JIG_ABORTED);
    jig_lock_release(&a);
    assert_int_equal(jig_lock_try(&whole, path, NULL, &err), JIG_ABORTED);
    jig_lock_release(&b);
    assert_int_equal(jig_lock_try(&whole, path, NULL, &err), JIG_OK);
    jig_lock_release(&whole);
}

static void a_longer_holder_leaves_no_words(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "lock");
    struct jig_lock a = JIG_LOCK_INIT, b = JIG_LOCK_INIT;
    assert_int_equal(jig_lock_try(&a, path, "somebody with a long name", &err), JIG_OK);
    jig_lock_release(&a);
    assert_int_equal(jig_lock_try(&a, path, "ann", &err), JIG_OK);
    assert_int_equal(jig_lock_try(&b, path, NULL, &err), JIG_ABORTED);
    assert_non_null(strstr(err.message, " is locked by ann (pid "));
    assert_null(strstr(err.message, "long"));
    jig_lock_release(&a);
}

static void memory_is_shared_by_a_file(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "shared");
    struct jig_mapping a = JIG_MAPPING_INIT, b = JIG_MAPPING_INIT;
    assert_int_equal(jig_mapping_read(&a, path, 100, &err), JIG_NOT_FOUND);
    assert_int_equal(jig_mapping_open(&a, path, 64, 0600, &err), JIG_OK);
    assert_int_equal(a.data[63], 0);
    assert_int_equal(jig_mapping_open(&b, path, 64, 0600, &err), JIG_OK);
    a.data[63] = 7;
    assert_int_equal(b.data[63], 7);
    jig_mapping_close(&b);
    assert_int_equal(jig_mapping_grow(&a, path, 10000, &err), JIG_OK);
    assert_int_equal(a.data[63], 7);
    a.data[9999] = 8;
    assert_int_equal(jig_mapping_read(&b, path, 1 << 20, &err), JIG_OK);
    assert_int_equal(b.size, 10000);
    assert_int_equal(b.data[9999], 8);
    assert_true(jig_mapping_is_current(&a, path));
    assert_int_equal(jig_fs_remove_tree(path, &err), JIG_OK);
    assert_false(jig_mapping_is_current(&a, path));
    jig_mapping_close(&b);
    jig_mapping_close(&a);
    jig_mapping_close(&a);
    assert_int_equal(jig_fs_write_unsynced(path, "", 0, 0600, &err), JIG_OK);
    assert_int_equal(jig_mapping_read(&b, path, 100, &err), JIG_OK);
    assert_int_equal(b.size, 0);
    jig_mapping_close(&b);
}

static void a_file_is_sealed(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "file");
    JIG_CLEANUP_FREE char *link_path = jig_path_join(*state, "link");
    int fd = -1;
    uint64_t size = 1;
    struct stat st;
    assert_int_equal(jig_file_open(path, 0600, &fd, &size, &err), JIG_OK);
    assert_int_equal(size, 0);
    assert_int_equal(jig_fd_write_all(fd, "one", 3, &err), JIG_OK);
    assert_int_equal(jig_file_empty(fd, path, &err), JIG_OK);
    assert_int_equal(jig_fd_write_all(fd, "two!", 4, &err), JIG_OK);
    assert_int_equal(jig_file_seal(fd, path, 0444, 5 * JIG_NS_PER_S, &err), JIG_OK);
    close(fd);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    assert_int_equal(st.st_mtim.tv_sec, 5);
    assert_int_equal(st.st_size, 4);
    assert_int_equal(symlink("file", link_path), 0);
    assert_int_not_equal(jig_file_open(link_path, 0600, &fd, &size, &err), JIG_OK);
    assert_int_not_equal(jig_file_open(*state, 0600, &fd, &size, &err), JIG_OK);
    assert_int_not_equal(jig_fs_set_mode(link_path, 0600, &err), JIG_OK);
}

/* Both streams full: a reader that takes one before the other would deadlock past 64 KB. */
static void both_pipes_are_polled(void **state)
{
    (void)state;
    struct heard h;
    struct jig_proc_result r;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    assert_int_equal(run("head -c 300000 /dev/zero >&2; head -c 300000 /dev/zero; exit 7", &h,
                         &forever, &r, &err),
                     JIG_OK);
    assert_int_equal(r.exit_status, 7);
    assert_int_equal(h.out.len, 300000);
    assert_int_equal(h.err.len, 300000);
    forget(&h);
}

static void children_inherit_nothing(void **state)
{
    (void)state;
    struct heard h;
    struct jig_proc_result r;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    setenv("JIG_SECRET", "1", 1);
    signal(SIGPIPE, SIG_IGN);
    JIG_CLEANUP_FD int leak = open("/dev/null", O_RDONLY); /* without CLOEXEC, on purpose */
    assert_true(leak >= 0);
    assert_int_equal(
        run("echo \"[$JIG_SECRET]$PWD\"; ls /proc/self/fd | wc -l", &h, &forever, &r, &err),
        JIG_OK);
    assert_memory_equal(h.out.data, "[]/\n4", 5); /* 0 1 2 and ls's own */
    forget(&h);
}

/* A grandchild that keeps the pipe open must not keep the caller. */
static void a_grandchild_does_not_hold_the_caller(void **state)
{
    (void)state;
    struct heard h;
    struct jig_proc_result r;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    assert_int_equal(run("tail -f /dev/null & echo $!", &h, &forever, &r, &err), JIG_OK);
    int64_t pid = 0;
    assert_true(jig_parse_i64(jig_str_trim(h.out.data), &pid));
    forget(&h);
}

/* One that left the group and writes without end: what the pipe held is read, no more. */
static void an_escaped_writer_does_not_hold_the_caller(void **state)
{
    (void)state;
    struct heard h;
    struct jig_proc_result r;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    assert_int_equal(run("setsid yes & echo first; exit 3", &h, &forever, &r, &err), JIG_OK);
    assert_int_equal(r.exit_status, 3);
    forget(&h);
}

/* All of those who do not obey a TERM share one grace. */
static void many_are_killed_at_once(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    char *argv[] = {"sh", "-c", "trap '' TERM; while :; do tail -f /dev/null; done", NULL};
    struct jig_proc_spec spec = {.argv = argv};
    struct jig_proc *procs[8] = {NULL};
    for (size_t i = 0; i < JIG_COUNT(procs); i++)
        assert_int_equal(jig_proc_start(&spec, &procs[i], &err), JIG_OK);
    size_t ended = 0;
    assert_false(jig_proc_any_exited(procs, JIG_COUNT(procs), &ended));
    jig_proc_kill_all(procs, JIG_COUNT(procs), 1);
    for (size_t i = 0; i < JIG_COUNT(procs); i++) {
        assert_true(jig_proc_result(procs[i]).signal != 0);
        jig_proc_free(procs[i]);
    }
}

static void cancel_ends_the_group(void **state)
{
    (void)state;
    struct heard h;
    struct jig_proc_result r;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    jig_cancel_fire(&cancel);
    struct jig_until until = {&cancel, JIG_NO_DEADLINE};
    assert_int_equal(run("tail -f /dev/null", &h, &until, &r, &err), JIG_CANCELLED);
    forget(&h);
    jig_cancel_release(&cancel);
    struct jig_until past = {NULL, jig_now_ns()};
    assert_int_equal(run("tail -f /dev/null", &h, &past, &r, &err), JIG_DEADLINE_EXCEEDED);
    forget(&h);
}

static void a_missing_program_is_named(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    char *argv[] = {"no-such-compiler", NULL};
    struct jig_proc_spec spec = {.argv = argv};
    struct jig_proc *p = NULL;
    assert_int_equal(jig_proc_start(&spec, &p, &err), JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, "no-such-compiler"));
    assert_null(p);
}

static void absolute_paths(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *a = jig_path_absolute("/a/b", "../c/./d");
    assert_string_equal(a, "/a/c/d");
    JIG_CLEANUP_FREE char *b = jig_path_absolute("/a", "../../..");
    assert_string_equal(b, "/");
}

/* ---- writes are told ---- */

struct told {
    const char *dir;
    struct jig_strv writes; /* "NAME", or "NAME+" where a name comes or goes */
    size_t children;        /* that may write anything */
};

static void hear_write(void *ctx, const char *path, bool named)
{
    struct told *t = ctx;
    size_t n = strlen(t->dir);
    assert_true(strncmp(path, t->dir, n) == 0 && path[n] == '/');
    jig_strv_append_take(&t->writes, jig_strf("%s%s", path + n + 1, named ? "+" : ""));
}

static void hear_child(void *ctx, const char *program)
{
    (void)program;
    ((struct told *)ctx)->children++;
}

static void expect_told(struct told *t, enum jig_code code, const char *writes)
{
    JIG_CLEANUP_FREE char *all = jig_strv_join(&t->writes, " ");
    assert_int_equal(code, JIG_OK);
    assert_string_equal(all, writes);
    jig_strv_clear(&t->writes);
}

static void files_that_are_written_are_told(void **state)
{
    struct told t = {.dir = *state};
    struct jig_write_observer o = {hear_write, hear_child, &t};
    JIG_CLEANUP_FREE char *a = jig_path_join(*state, "a");
    JIG_CLEANUP_FREE char *b = jig_path_join(*state, "b");
    JIG_CLEANUP_FREE char *deep = jig_path_join(*state, "d/e");
    JIG_CLEANUP_FREE char *link = jig_path_join(*state, "d/e/l");
    JIG_CLEANUP_FREE char *top = jig_path_join(*state, "d");
    struct jig_stamp s;
    const struct jig_write_observer *before = jig_observe_writes(&o);
    expect_told(&t, jig_fs_write_unsynced(a, "1", 1, 0644, NULL), "a+");
    expect_told(&t, jig_fs_write_atomic(a, "2", 1, 0644, NULL), "a");
    expect_told(&t, jig_fs_write_if_changed(a, "2", 1, 0644, NULL), "");
    expect_told(&t, jig_fs_write_if_changed(a, "3", 1, 0644, NULL), "a");
    expect_told(&t, jig_fs_stamp(a, &s, NULL), "");
    expect_told(&t, jig_fs_append(a, &s, "4", 1, NULL), "a");
    expect_told(&t, jig_fs_copy(a, b, 0644, false, NULL), "b+");
    expect_told(&t, jig_fs_copy(a, b, 0644, false, NULL), "b");
    expect_told(&t, jig_fs_mkdirs(deep, 0755, NULL), "d+ d/e+");
    expect_told(&t, jig_fs_mkdirs(deep, 0755, NULL), "");
    expect_told(&t, jig_fs_make_link("x", link, NULL), "d/e/l+");
    expect_told(&t, jig_fs_rename(a, b, NULL), "a+ b+");
    expect_told(&t, jig_fs_remove_tree(b, NULL), "b+");
    expect_told(&t, jig_fs_remove_tree(b, NULL), "");
    expect_told(&t, jig_fs_remove_tree(top, NULL), "d/e/l+ d/e+ d+");
    jig_observe_writes(before);
    expect_told(&t, jig_fs_write_unsynced(a, "1", 1, 0644, NULL), "");
    jig_strv_release(&t.writes);
}

static void files_that_are_opened_or_made_beneath_are_told(void **state)
{
    struct told t = {.dir = *state};
    struct jig_write_observer o = {hear_write, hear_child, &t};
    JIG_CLEANUP_FREE char *f = jig_path_join(*state, "f");
    struct jig_beneath *root = NULL;
    struct jig_mapping m;
    int fd = -1;
    uint64_t size;
    assert_int_equal(jig_beneath_open(*state, &root, NULL), JIG_OK);
    const struct jig_write_observer *before = jig_observe_writes(&o);
    expect_told(&t, jig_file_open(f, 0644, &fd, &size, NULL), "f+");
    close(fd);
    expect_told(&t, jig_mapping_open(&m, f, 4096, 0644, NULL), "f+");
    jig_mapping_close(&m);
    expect_told(&t, jig_file_open_to_read(f, &fd, &size, NULL), "");
    close(fd);
    expect_told(&t, jig_beneath_create(root, "t/x", &fd, NULL), "t+ t/x+");
    expect_told(&t, jig_beneath_finish(fd, 0, 0644, -1, NULL), "");
    expect_told(&t, jig_beneath_symlink(root, "t/s", "x", NULL), "t/s+");
    expect_told(&t, jig_beneath_link(root, "t/h", "t/x", NULL), "t/h+");
    jig_observe_writes(before);
    jig_beneath_free(root);
    jig_strv_release(&t.writes);
}

/* Of a child nobody knows what it writes, unless who starts it says so. */
static void children_may_write_anything(void **state)
{
    struct told t = {.dir = *state};
    struct jig_write_observer o = {hear_write, hear_child, &t};
    char *argv[] = {"true", NULL};
    struct jig_proc_spec spec = {.argv = argv};
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_proc_result r;
    const struct jig_write_observer *before = jig_observe_writes(&o);
    assert_int_equal(jig_proc_run(&spec, &forever, &r, NULL), JIG_OK);
    assert_int_equal(t.children, 1);
    spec.writes = JIG_WRITES_NOTHING;
    assert_int_equal(jig_proc_run(&spec, &forever, &r, NULL), JIG_OK);
    spec.writes = JIG_WRITES_TOLD;
    assert_int_equal(jig_proc_run(&spec, &forever, &r, NULL), JIG_OK);
    assert_int_equal(t.children, 1);
    jig_observe_writes(before);
    assert_int_equal(t.writes.n, 0);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(write_is_whole_or_not_at_all),
        IN_FOLDER(read_has_a_ceiling),
        IN_FOLDER(walk_is_sorted_and_survives_loops),
        IN_FOLDER(lists_are_sorted),
        IN_FOLDER(copies),
        IN_FOLDER(locks_exclude_and_name_their_holder),
        IN_FOLDER(waiters_take_turns),
        IN_FOLDER(a_lock_can_be_shared),
        IN_FOLDER(a_longer_holder_leaves_no_words),
        IN_FOLDER(memory_is_shared_by_a_file),
        IN_FOLDER(a_file_is_sealed),
        IN_FOLDER(files_that_are_written_are_told),
        IN_FOLDER(files_that_are_opened_or_made_beneath_are_told),
        IN_FOLDER(children_may_write_anything),
        cmocka_unit_test(both_pipes_are_polled),
        cmocka_unit_test(children_inherit_nothing),
        cmocka_unit_test(a_grandchild_does_not_hold_the_caller),
        cmocka_unit_test(an_escaped_writer_does_not_hold_the_caller),
        cmocka_unit_test(many_are_killed_at_once),
        cmocka_unit_test(cancel_ends_the_group),
        cmocka_unit_test(a_missing_program_is_named),
        cmocka_unit_test(absolute_paths),
    };
    return cmocka_run_group_tests_name("os", tests, NULL, NULL);
}
