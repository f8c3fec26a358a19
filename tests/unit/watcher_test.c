/*
 * watcher_test.c - what the kernel tells of files, case by case, and then thousands of random
 * changes: a watch that says that all holds is never wrong.
 */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/notify.h"
#include "core/os/time.h"
#include "core/watch/files.h"
#include "core/watch/watcher.h"
#include "tests/support/stamps.h"

/* ---- a bench: a folder, and a watch over some of it ---- */

struct bench {
    char *dir;
    struct jig_watcher *watcher;
    struct jig_sightings *seen;
    struct jig_watch *watch;
    struct jig_watch_changes changes; /* of the last question */
    char *why;
};

static char *at(const struct bench *b, const char *name)
{
    return jig_path_join(b->dir, name);
}

static void write_file(const struct bench *b, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = at(b, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
}

static void make_dir(const struct bench *b, const char *name)
{
    JIG_CLEANUP_FREE char *path = at(b, name);
    assert_int_equal(mkdir(path, 0755), 0);
}

static void move(const struct bench *b, const char *from, const char *to)
{
    JIG_CLEANUP_FREE char *old = at(b, from);
    JIG_CLEANUP_FREE char *new = at(b, to);
    assert_int_equal(rename(old, new), 0);
}

static int setup(void **state)
{
    struct bench *b = jig_new(struct bench);
    void *dir = NULL;
    assert_int_equal(unit_folder_setup(&dir), 0);
    b->dir = dir;
    assert_int_equal(jig_watcher_new(&b->watcher, NULL), JIG_OK);
    b->seen = jig_sightings_new();
    *state = b;
    return 0;
}

static void disarm(struct bench *b)
{
    jig_watch_free(b->watch);
    jig_sightings_free(b->seen);
    jig_watch_changes_release(&b->changes);
    free(b->why);
    b->watch = NULL;
    b->why = NULL;
    b->seen = jig_sightings_new();
}

static int teardown(void **state)
{
    struct bench *b = *state;
    disarm(b);
    jig_sightings_free(b->seen);
    struct jig_watcher_stats s = jig_watcher_stats(b->watcher);
    assert_int_equal(s.watches, 0);
    assert_int_equal(s.names, 1); /* the root: nothing is left of what was watched */
    assert_int_equal(s.maybe_open, 0);
    jig_watcher_free(b->watcher);
    void *dir = b->dir;
    free(b);
    return unit_folder_teardown(&dir);
}

static void see(struct bench *b, const char *name)
{
    JIG_CLEANUP_FREE char *path = at(b, name);
    struct jig_stamp s;
    const struct jig_observer *before = jig_observe(jig_sightings_observer(b->seen));
    (void)!jig_fs_stamp(path, &s, NULL);
    jig_observe(before);
}

static enum jig_code arm(struct bench *b)
{
    assert_null(jig_sightings_fault(b->seen));
    return jig_watcher_arm(b->watcher, b->seen, &b->watch, NULL);
}

/* Arms for these names, which end with NULL. */
static void arm_for(struct bench *b, const char *const *names)
{
    disarm(b);
    let_stamps_grow_old();
    for (; *names != NULL; names++)
        see(b, *names);
    assert_int_equal(arm(b), JIG_OK);
}
#define ARM(b, ...) arm_for(b, (const char *const[]){__VA_ARGS__, NULL})

static enum jig_watch_answer ask(struct bench *b)
{
    free(b->why);
    b->why = NULL;
    jig_watch_changes_release(&b->changes);
    return jig_watch_ask(b->watch, &b->changes, &b->why);
}

static void expect_changed(struct bench *b, const char *name)
{
    JIG_CLEANUP_FREE char *path = at(b, name);
    assert_int_equal(ask(b), JIG_WATCH_CHANGED);
    assert_true(jig_strv_contains(&b->changes.files, path));
}

/* The last question was answered so, and these paths are to be read anew. */
static void expect_changes(const struct bench *b, bool whole, bool plain, size_t n)
{
    assert_int_equal(b->changes.whole, whole);
    assert_int_equal(b->changes.plain, plain);
    assert_int_equal(b->changes.files.n, n);
}

/* ---- case by case ---- */

static void test_holds_until_it_is_written(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    ARM(b, "a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    write_file(b, "other.h", "not ours");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    write_file(b, "a.h", "two");
    expect_changed(b, "a.h");
}

static void test_same_size_and_time_is_a_change(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    ARM(b, "a.h");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    write_file(b, "a.h", "eno");
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
    expect_changed(b, "a.h");
}

static void test_reading_changes_nothing(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    ARM(b, "a.h");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    struct jig_digest d;
    assert_int_equal(jig_sha256_file(path, &d, NULL), JIG_OK);
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_int_equal(jig_watcher_stats(b->watcher).maybe_open, 0);
}

/* Without another event, and without a question. */
static void test_the_pump_asks_again_at_its_deadline(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    ARM(b, "a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS); /* the next round is some milliseconds away */
    assert_true(jig_watcher_pump(b->watcher, false) == JIG_NO_DEADLINE);
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    struct jig_digest d;
    assert_int_equal(jig_sha256_file(path, &d, NULL), JIG_OK);
    for (unsigned i = 0; i < 3; i++) { /* a compiler needs the processors */
        int64_t next = jig_watcher_pump(b->watcher, true);
        assert_true(next != JIG_NO_DEADLINE);
        assert_int_equal(jig_watcher_stats(b->watcher).maybe_open, 1);
        poll(NULL, 0, jig_deadline_poll_ms(next));
    }
    for (;;) {
        int64_t next = jig_watcher_pump(b->watcher, false);
        if (next == JIG_NO_DEADLINE)
            break;
        poll(NULL, 0, jig_deadline_poll_ms(next));
    }
    assert_int_equal(jig_watcher_stats(b->watcher).maybe_open, 0);
}

static void test_new_file_where_none_was(void **state)
{
    struct bench *b = *state;
    ARM(b, "no/such/file.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    make_dir(b, "no");
    assert_int_not_equal(ask(b), JIG_WATCH_HOLDS);
    ARM(b, "no/such/file.h");
    make_dir(b, "no/such");
    assert_int_not_equal(ask(b), JIG_WATCH_HOLDS);
    ARM(b, "no/such/file.h");
    write_file(b, "no/such/file.h", "");
    assert_int_not_equal(ask(b), JIG_WATCH_HOLDS);
}

static void test_names_in_a_folder(void **state)
{
    struct bench *b = *state;
    make_dir(b, "inc");
    ARM(b, "inc");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    write_file(b, "inc/new.h", "");
    expect_changed(b, "inc");
}

static void test_folder_above_is_replaced(void **state)
{
    struct bench *b = *state;
    make_dir(b, "p");
    make_dir(b, "p/src");
    write_file(b, "p/src/a.h", "one");
    make_dir(b, "q");
    make_dir(b, "q/src");
    write_file(b, "q/src/a.h", "two");
    ARM(b, "p/src/a.h");
    move(b, "p", "old");
    move(b, "q", "p");
    assert_int_equal(ask(b), JIG_WATCH_LOST);
    assert_int_equal(ask(b), JIG_WATCH_LOST); /* it stays so */
    ARM(b, "p/src/a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
}

static void test_link_is_turned(void **state)
{
    struct bench *b = *state;
    make_dir(b, "v1");
    make_dir(b, "v2");
    write_file(b, "v1/a.h", "one");
    write_file(b, "v2/a.h", "two");
    JIG_CLEANUP_FREE char *now = at(b, "now");
    JIG_CLEANUP_FREE char *next = at(b, "next");
    assert_int_equal(symlink("v1", now), 0);
    ARM(b, "now/a.h", "now/../v1/a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_int_equal(symlink("v2", next), 0);
    move(b, "next", "now");
    assert_int_not_equal(ask(b), JIG_WATCH_HOLDS);
    ARM(b, "now/a.h");
    write_file(b, "v1/a.h", "three"); /* leads nowhere any more */
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    write_file(b, "v2/a.h", "four");
    expect_changed(b, "v2/a.h");
}

/* A page that was written once is written again without a stamp and without an event; so is the
 * unmapping without a stamp. */
static void test_write_through_a_mapping(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char *page = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_ptr_not_equal(page, MAP_FAILED);
    close(fd);
    page[0] = 'O';
    ARM(b, "a.h");
    expect_changed(b, "a.h"); /* for as long as it is mapped */
    ARM(b, "a.h");
    page[1] = 'N';
    expect_changed(b, "a.h");
    ARM(b, "a.h");
    page[2] = 'E';
    munmap(page, 3);
    expect_changed(b, "a.h");
    ARM(b, "a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    fd = open(path, O_RDWR | O_CLOEXEC); /* mapped after arming */
    page = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    page[0] = 'o';
    expect_changed(b, "a.h");
    munmap(page, 3);
}

static void test_content_of_a_mapped_file_is_read_anew(void **state)
{
    struct bench *b = *state;
    struct jig_files *files = jig_files_new(10);
    write_file(b, "a.h", "one");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    char *page = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    page[0] = 'O';
    let_stamps_grow_old();
    struct jig_file_content before, after;
    assert_int_equal(jig_files_look(files, path, &before, NULL), JIG_OK);
    page[0] = 'Q';
    assert_int_equal(jig_files_look(files, path, &after, NULL), JIG_OK);
    assert_false(jig_digest_equal(&before.sha256, &after.sha256));
    page[0] = 'P';
    munmap(page, 3);
    let_stamps_grow_old(); /* the page may have been written back, and have got a stamp after all */
    assert_int_equal(jig_files_look(files, path, &before, NULL), JIG_OK);
    assert_false(jig_digest_equal(&before.sha256, &after.sha256));
    assert_int_equal(jig_files_look(files, path, &before, NULL), JIG_OK);
    assert_int_equal(jig_files_stats(files).hits, 1); /* believed again */
    jig_files_free(files);
}

static void test_open_file_is_looked_at_until_it_is_closed(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    ARM(b, "a.h");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    int first = open(path, O_RDWR | O_CLOEXEC);
    int second = open(path, O_RDWR | O_CLOEXEC); /* the same event: the kernel makes them one */
    close(first);
    expect_changed(b, "a.h");
    close(second);
    ARM(b, "a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
}

static void test_second_name(void **state)
{
    struct bench *b = *state;
    make_dir(b, "outside");
    write_file(b, "a.h", "one");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    JIG_CLEANUP_FREE char *other = at(b, "outside/alias.h");
    assert_int_equal(link(path, other), 0);
    ARM(b, "a.h");
    write_file(b, "outside/alias.h", "two");
    expect_changed(b, "a.h");
}

/* Our own look at one name is told under the other as well; with files between them the two are not
 * looked at together. */
static void test_names_of_one_file_settle_together(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    JIG_CLEANUP_FREE char *other = at(b, "b.h");
    assert_int_equal(link(path, other), 0);
    let_stamps_grow_old();
    struct jig_strv between = {0};
    for (int i = 0; i < 200; i++) {
        jig_strv_append_take(&between, jig_strf("f%d.h", i));
        write_file(b, between.v[i], "x");
    }
    let_stamps_grow_old();
    see(b, "a.h");
    for (size_t i = 0; i < between.n; i++)
        see(b, between.v[i]);
    see(b, "b.h");
    assert_int_equal(arm(b), JIG_OK);
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    struct jig_digest d;
    assert_int_equal(jig_sha256_file(path, &d, NULL), JIG_OK);
    for (size_t i = 0; i < between.n; i++) {
        JIG_CLEANUP_FREE char *one = at(b, between.v[i]);
        assert_int_equal(jig_sha256_file(one, &d, NULL), JIG_OK);
    }
    uint64_t before = jig_watcher_stats(b->watcher).events;
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_true(jig_watcher_stats(b->watcher).events - before < 1000); /* each was asked once */
    assert_int_equal(jig_watcher_stats(b->watcher).maybe_open, 0);
    write_file(b, "b.h", "two");
    expect_changed(b, "a.h");
    jig_strv_release(&between);
}

static void test_ring_of_links(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *one = at(b, "one");
    JIG_CLEANUP_FREE char *two = at(b, "two");
    assert_int_equal(symlink("two", one), 0);
    assert_int_equal(symlink("one", two), 0);
    ARM(b, "one/a.h", "two");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_int_equal(unlink(two), 0);
    make_dir(b, "two");
    write_file(b, "two/a.h", "there now");
    assert_int_not_equal(ask(b), JIG_WATCH_HOLDS);
}

/* Both names of a folder (a bind mount makes such) and both paths to it are told. */
static void test_two_paths_to_one_folder(void **state)
{
    struct bench *b = *state;
    make_dir(b, "d");
    write_file(b, "d/a.h", "one");
    JIG_CLEANUP_FREE char *alias = at(b, "alias");
    assert_int_equal(symlink("d", alias), 0);
    ARM(b, "d/a.h", "alias/a.h");
    write_file(b, "alias/a.h", "two");
    expect_changed(b, "d/a.h");
}

static void test_overflow_is_a_loss(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    write_file(b, "b.h", "one");
    ARM(b, "a.h", "b.h");
    struct jig_buf text;
    jig_buf_init(&text, 64);
    assert_int_equal(jig_fs_read("/proc/sys/fs/inotify/max_queued_events", &text, NULL), JIG_OK);
    long most = strtol(text.data, NULL, 10);
    jig_buf_release(&text);
    JIG_CLEANUP_FREE char *one = at(b, "a.h");
    JIG_CLEANUP_FREE char *two = at(b, "b.h");
    for (long i = 0; i <= most; i++) /* never two alike in a row */
        assert_int_equal(chmod(i % 2 == 0 ? one : two, 0644), 0);
    assert_int_equal(ask(b), JIG_WATCH_LOST);
    assert_int_equal(jig_watcher_stats(b->watcher).overflows, 1);
    ARM(b, "a.h", "b.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
}

/* In a mount namespace of its own. */
static void mount_and_ask(void)
{
    void *state = NULL;
    assert_int_equal(setup(&state), 0);
    struct bench *b = state;
    make_dir(b, "d");
    write_file(b, "d/a.h", "one");
    JIG_CLEANUP_FREE char *dir = at(b, "d");
    ARM(b, "d/a.h");
    assert_int_equal(mount("none", dir, "tmpfs", 0, NULL), 0);
    assert_int_equal(ask(b), JIG_WATCH_LOST);
    write_file(b, "d/a.h", "two");
    ARM(b, "d/a.h");
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_int_equal(umount2(dir, MNT_DETACH), 0);
    assert_int_equal(ask(b), JIG_WATCH_LOST);
    ARM(b, "d/a.h");
    JIG_CLEANUP_FREE char *elsewhere = at(b, "e");
    make_dir(b, "e");
    assert_int_equal(mount("none", elsewhere, "tmpfs", 0, NULL), 0); /* nobody looks there */
    assert_int_equal(ask(b), JIG_WATCH_HOLDS);
    assert_int_equal(umount2(elsewhere, MNT_DETACH), 0);
    assert_int_equal(teardown(&state), 0);
}

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        _exit(4);
    close(fd);
}

/* Root's, or one in which this user is root. */
static bool enter_namespace(void)
{
    JIG_CLEANUP_FREE char *users = jig_strf("0 %u 1", geteuid());
    JIG_CLEANUP_FREE char *groups = jig_strf("0 %u 1", getegid());
    if (unshare(CLONE_NEWNS) == 0)
        return true;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        return false;
    write_text("/proc/self/uid_map", users);
    write_text("/proc/self/setgroups", "deny"); /* before its groups: user_namespaces(7) */
    write_text("/proc/self/gid_map", groups);
    return true;
}

static void test_mounts(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        if (!enter_namespace())
            _exit(2);
        if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
            _exit(3);
        mount_and_ask();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_refuses_what_changed_before_it_was_armed(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    see(b, "a.h");
    write_file(b, "a.h", "another");
    assert_int_equal(arm(b), JIG_ABORTED);
    disarm(b);
    see(b, "gone.h");
    write_file(b, "gone.h", "");
    assert_int_equal(arm(b), JIG_ABORTED);
}

static void test_refuses_filesystems_that_do_not_tell(void **state)
{
    struct bench *b = *state;
    struct jig_stamp s;
    const struct jig_observer *before = jig_observe(jig_sightings_observer(b->seen));
    assert_int_equal(jig_fs_stamp("/proc/self/status", &s, NULL), JIG_OK);
    jig_observe(before);
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_watcher_arm(b->watcher, b->seen, &b->watch, &err),
                     JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "does not tell all that happens"));
}

/* The first n of them; NULL when they are refused. */
static struct jig_sightings *decode(const struct jig_buf *bytes, size_t n)
{
    struct jig_buf copy;
    struct jig_sightings *read = NULL;
    jig_buf_init(&copy, n);
    jig_buf_append(&copy, bytes->data, n);
    if (jig_sightings_decode(&copy, 0, n, &read, NULL) != JIG_OK)
        read = NULL;
    jig_buf_release(&copy);
    return read;
}

/* What fine clocks of new kernels hide: on others, two writes of one tick leave the same stamp. */
static void test_young_stamps_are_not_believed(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1795356000123456789);
    const int64_t ms = 1000000;
    static const struct {
        int64_t mtime_ms, ctime_ms; /* before now */
        bool racy;
    } rows[] = {
        {0, 0, true},        {10, 10, true},        {10, 100000, true}, {100000, 10, true},
        {-3600000, 0, true}, {-3600000, 500, true}, {30, 30, false},    {100000, 30, false},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_stamp s = {.mtime_ns = now - rows[i].mtime_ms * ms,
                              .ctime_ns = now - rows[i].ctime_ms * ms};
        assert_int_equal(jig_stamp_is_racy(&s, now), rows[i].racy);
    }
    /* A filesystem that keeps whole seconds has a tick of that length. */
    int64_t second = now / 1000000000 * 1000000000;
    struct jig_stamp coarse = {.mtime_ns = second, .ctime_ns = second};
    assert_true(jig_stamp_is_racy(&coarse, second + 1900 * ms));
    assert_false(jig_stamp_is_racy(&coarse, second + 2100 * ms));
}

/* A file of next year is young whenever it is looked at, so its content is read each time. */
static void test_content_of_a_young_file_is_read_anew(void **state)
{
    struct bench *b = *state;
    struct jig_files *files = jig_files_new(10);
    struct jig_file_content content;
    write_file(b, "a.h", "one");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    struct timespec future[2] = {{.tv_sec = INT64_C(4000000000), .tv_nsec = 1},
                                 {.tv_sec = INT64_C(4000000000), .tv_nsec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, path, future, 0), 0);
    let_stamps_grow_old(); /* its ctime alone */
    for (int i = 0; i < 3; i++)
        assert_int_equal(jig_files_look(files, path, &content, NULL), JIG_OK);
    struct jig_files_stats stats = jig_files_stats(files);
    assert_int_equal(stats.hits, 0);
    assert_int_equal(stats.hashed, 3);
    assert_int_equal(stats.racy, 2);
    struct timespec past[2] = {{.tv_sec = 1000000000, .tv_nsec = 1},
                               {.tv_sec = 1000000000, .tv_nsec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
    let_stamps_grow_old();
    for (int i = 0; i < 3; i++)
        assert_int_equal(jig_files_look(files, path, &content, NULL), JIG_OK);
    assert_int_equal(jig_files_stats(files).hits, 2);
    jig_files_free(files);
}

/* Many: several blocks of them, and threads. */
static void test_many_sightings_survive_as_bytes(void **state)
{
    enum { N = 5000 };
    struct bench *b = *state;
    make_dir(b, "d");
    write_file(b, "d/f0700", "one");
    let_stamps_grow_old();
    for (int i = 0; i < N; i++) {
        char name[32];
        snprintf(name, sizeof name, "d/f%04d", i);
        see(b, name);
    }
    struct jig_buf bytes;
    jig_buf_init(&bytes, 4 << 20);
    jig_sightings_encode(b->seen, &bytes);
    struct jig_sightings *again = decode(&bytes, bytes.len);
    assert_null(jig_sightings_differ(again));
    assert_int_equal(jig_sightings_count(again), N);
    jig_sightings_free(again);
    again = decode(&bytes, bytes.len);
    write_file(b, "d/f4321", "new");
    JIG_CLEANUP_FREE char *want = at(b, "d/f4321");
    for (int i = 0; i < 2; i++) {
        JIG_CLEANUP_FREE char *differs = jig_sightings_differ(again);
        assert_string_equal(differs, want);
        assert_int_equal(jig_sightings_count(again), N);
    }
    jig_sightings_free(again);
    jig_buf_release(&bytes);
}

static void test_sightings_survive_as_bytes(void **state)
{
    struct bench *b = *state;
    make_dir(b, "d");
    write_file(b, "d/a.h", "one");
    let_stamps_grow_old();
    see(b, "d/a.h");
    see(b, "d/b.h");
    see(b, "d");
    JIG_CLEANUP_FREE char *dir = at(b, "d");
    JIG_CLEANUP_FREE char *real = NULL;
    const struct jig_observer *before = jig_observe(jig_sightings_observer(b->seen));
    assert_int_equal(jig_fs_real(dir, &real, NULL), JIG_OK);
    assert_true(jig_fs_is_dir(dir));
    jig_observe(before);
    struct jig_buf bytes;
    jig_buf_init(&bytes, 100000);
    jig_sightings_encode(b->seen, &bytes);
    struct jig_sightings *again = decode(&bytes, bytes.len);
    assert_non_null(again);
    assert_null(jig_sightings_differ(again)); /* as it was kept */
    assert_int_equal(jig_sightings_count(again), 5);
    assert_null(jig_sightings_differ(again)); /* as sightings */
    assert_null(jig_sightings_fault(again));
    jig_sightings_free(again);
    for (size_t n = 1; n < bytes.len; n++) { /* cut off anywhere: refused, or never holds */
        again = decode(&bytes, n);
        if (again == NULL)
            continue;
        for (int i = 0; i < 2; i++) {
            JIG_CLEANUP_FREE char *cut = jig_sightings_differ(again);
            assert_true(cut != NULL);
            assert_int_equal(jig_sightings_count(again), 0);
        }
        assert_non_null(jig_sightings_fault(again));
        jig_sightings_free(again);
    }
    write_file(b, "d/a.h", "two");
    JIG_CLEANUP_FREE char *a = at(b, "d/a.h");
    again = decode(&bytes, bytes.len);
    for (int i = 0; i < 2; i++) {
        JIG_CLEANUP_FREE char *differs = jig_sightings_differ(again);
        assert_string_equal(differs, a);
        assert_int_equal(jig_sightings_count(again), 5);
    }
    jig_sightings_free(again);
    jig_buf_release(&bytes);
}

static void test_two_looks_that_differ_are_a_fault(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "one");
    see(b, "a.h");
    assert_null(jig_sightings_fault(b->seen));
    write_file(b, "a.h", "longer");
    see(b, "a.h");
    assert_non_null(jig_sightings_fault(b->seen));
}

static void test_what_is_no_file_is_a_fault(void **state)
{
    struct bench *b = *state;
    const struct jig_observer *before = jig_observe(jig_sightings_observer(b->seen));
    jig_observe_unsteady("the time of day");
    jig_observe(before);
    assert_string_equal(jig_sightings_fault(b->seen), "the time of day is another one each time");
}

/* What is told of a change is all that changed, where that can be said. */
static void test_what_changed_is_said(void **state)
{
    struct bench *b = *state;
    write_file(b, "plan.ini", "p");
    write_file(b, "a.h", "a");
    write_file(b, "b.h", "b");
    jig_observe_checking(true);
    let_stamps_grow_old();
    see(b, "a.h");
    see(b, "b.h");
    jig_observe_checking(false);
    see(b, "plan.ini");
    see(b, "b.h"); /* to plan with, too */
    assert_int_equal(arm(b), JIG_OK);
    write_file(b, "a.h", "A");
    expect_changed(b, "a.h");
    expect_changes(b, true, true, 1);
    ARM(b, "a.h");
    write_file(b, "a.h", "a");
    expect_changed(b, "a.h");
    expect_changes(b, true, false, 1); /* planned with */
}

/* A file that comes or goes may matter to more than its readers. */
static void test_more_than_content_is_not_all(void **state)
{
    struct bench *b = *state;
    write_file(b, "a.h", "a");
    ARM(b, "a.h", "none.h");
    write_file(b, "none.h", "there");
    expect_changed(b, "none.h");
    assert_false(b->changes.whole);
    ARM(b, "a.h", ".");
    write_file(b, "more.h", "there");
    assert_int_equal(ask(b), JIG_WATCH_CHANGED);
    assert_false(b->changes.whole);
    ARM(b, "a.h");
    JIG_CLEANUP_FREE char *path = at(b, "a.h");
    assert_int_equal(unlink(path), 0);
    expect_changed(b, "a.h");
    assert_false(b->changes.whole);
}

/* Whoever remembers a file by one path is told that one, through whatever link it leads. */
static void test_a_change_is_told_by_every_path(void **state)
{
    struct bench *b = *state;
    make_dir(b, "d");
    write_file(b, "d/a.h", "a");
    JIG_CLEANUP_FREE char *link = at(b, "link");
    JIG_CLEANUP_FREE char *by_link = at(b, "link/a.h");
    assert_int_equal(symlink("d", link), 0);
    ARM(b, "d/a.h", "link/a.h", "link/../d/a.h");
    write_file(b, "d/a.h", "b");
    expect_changed(b, "d/a.h");
    expect_changes(b, true, false, 3);
    assert_true(jig_strv_contains(&b->changes.files, by_link));
    ARM(b, "link/a.h");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("e", link), 0);
    assert_int_not_equal(ask(b), JIG_WATCH_HOLDS);
    assert_false(b->changes.whole); /* the link itself */
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(test_what_changed_is_said),
        WITH_BENCH(test_more_than_content_is_not_all),
        WITH_BENCH(test_a_change_is_told_by_every_path),
        WITH_BENCH(test_holds_until_it_is_written),
        WITH_BENCH(test_same_size_and_time_is_a_change),
        WITH_BENCH(test_reading_changes_nothing),
        WITH_BENCH(test_new_file_where_none_was),
        WITH_BENCH(test_names_in_a_folder),
        WITH_BENCH(test_folder_above_is_replaced),
        WITH_BENCH(test_link_is_turned),
        WITH_BENCH(test_write_through_a_mapping),
        WITH_BENCH(test_content_of_a_mapped_file_is_read_anew),
        WITH_BENCH(test_open_file_is_looked_at_until_it_is_closed),
        WITH_BENCH(test_second_name),
        WITH_BENCH(test_the_pump_asks_again_at_its_deadline),
        WITH_BENCH(test_names_of_one_file_settle_together),
        WITH_BENCH(test_ring_of_links),
        WITH_BENCH(test_two_paths_to_one_folder),
        WITH_BENCH(test_overflow_is_a_loss),
        cmocka_unit_test(test_mounts),
        WITH_BENCH(test_refuses_what_changed_before_it_was_armed),
        WITH_BENCH(test_refuses_filesystems_that_do_not_tell),
        WITH_BENCH(test_sightings_survive_as_bytes),
        WITH_BENCH(test_many_sightings_survive_as_bytes),
        WITH_BENCH(test_two_looks_that_differ_are_a_fault),
        WITH_BENCH(test_what_is_no_file_is_a_fault),
        cmocka_unit_test(test_young_stamps_are_not_believed),
        WITH_BENCH(test_content_of_a_young_file_is_read_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
