/*
 * watcher_random_test.c - thousands of random changes to a tree of files; after each, what the
 * watch says is compared with a look at everything. A watch that holds is never wrong, and one that
 * nothing happened to holds.
 *
 * A failure prints the seed and the last changes. JIG_RANDOM_SEED and JIG_RANDOM_ROUNDS play
 * others.
 */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "core/watch/files.h"
#include "core/watch/watcher.h"
#include "tests/support/stamps.h"

#define CHANGES     600
#define MOST_TOLD   40
#define MAPPED_SIZE 64

static const char *const dirs[] = {"a", "a/src", "a/src/deep", "b", "b/src", "out", "link", "late"};
static const char *const names[] = {"x.h", "y.h", "z.c", "w.ino"};

struct play {
    char *root;
    uint64_t random;
    struct jig_watcher *watcher;
    struct jig_watch *watch;
    struct jig_digest truth; /* when it was armed */
    char *page;              /* a file that is mapped; or NULL */
    int held;                /* a file that is open for writing; or -1 */
    struct jig_strv told;
    unsigned token;
    unsigned held_true, armed;
};

static unsigned below(struct play *p, unsigned n)
{
    p->random ^= p->random << 13; /* xorshift64, Marsaglia 2003 */
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (unsigned)((p->random >> 11) % n);
}

static char *any_dir(struct play *p)
{
    return jig_path_join(p->root, dirs[below(p, JIG_COUNT(dirs))]);
}

static char *any_file(struct play *p)
{
    JIG_CLEANUP_FREE char *dir = any_dir(p);
    return jig_path_join(dir, names[below(p, JIG_COUNT(names))]);
}

static void tell(struct play *p, const char *what, const char *path)
{
    if (p->told.n == MOST_TOLD)
        jig_strv_remove(&p->told, 0);
    jig_strv_append_take(&p->told, jig_strf("%s %s", what, path));
}

static void put(const char *path, const char *text, int flags)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | flags, 0644);
    if (fd < 0)
        return;
    (void)!write(fd, text, strlen(text));
    close(fd);
}

/* ---- changes; each may fail, as the place may not be there ---- */

static void do_write(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    JIG_CLEANUP_FREE char *text = jig_strf("content %u", ++p->token);
    tell(p, "write", path);
    put(path, text, O_CREAT | O_TRUNC);
}

static void do_same_size(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    JIG_CLEANUP_FREE char *text = jig_strf("%c", 'a' + (int)below(p, 26));
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    tell(p, "one letter, and the old time", path);
    put(path, text, 0);
    utimensat(AT_FDCWD, path, times, 0);
}

static void do_append(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    tell(p, "append", path);
    put(path, "+", O_APPEND);
}

static void do_editor_save(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    JIG_CLEANUP_FREE char *swap = jig_strf("%s.swp", path);
    JIG_CLEANUP_FREE char *backup = jig_strf("%s~", path);
    JIG_CLEANUP_FREE char *text = jig_strf("saved %u", ++p->token);
    tell(p, "editor saves", path);
    put(swap, text, O_CREAT | O_TRUNC);
    rename(path, backup);
    rename(swap, path);
    unlink(backup);
}

static void do_rename_over(struct play *p)
{
    JIG_CLEANUP_FREE char *from = any_file(p);
    JIG_CLEANUP_FREE char *to = any_file(p);
    tell(p, "rename from", from);
    tell(p, "rename to", to);
    rename(from, to);
}

static void do_delete(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    tell(p, "delete", path);
    unlink(path);
}

static void do_link(struct play *p)
{
    JIG_CLEANUP_FREE char *from = any_file(p);
    JIG_CLEANUP_FREE char *to = any_file(p);
    tell(p, "hard link of", from);
    tell(p, "hard link at", to);
    (void)!link(from, to);
}

static void do_symlink(struct play *p)
{
    static const char *const targets[] = {"a/src", "b", "b/src", "nowhere", "../out", "a"};
    JIG_CLEANUP_FREE char *path = below(p, 2) == 0 ? jig_path_join(p->root, "link") : any_file(p);
    const char *target = targets[below(p, JIG_COUNT(targets))];
    JIG_CLEANUP_FREE char *fresh = jig_strf("%s.new", path);
    tell(p, "link", path);
    tell(p, "  to", target);
    (void)!symlink(target, fresh);
    if (rename(fresh, path) != 0)
        unlink(fresh);
}

static void do_touch(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    struct timespec times[2] = {{1000000000, 0}, {1000000000 + below(p, 3), 0}};
    tell(p, "touch", path);
    utimensat(AT_FDCWD, path, times, 0);
}

static void do_chmod(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    tell(p, "chmod", path);
    chmod(path, below(p, 2) == 0 ? 0644 : 0600);
}

static void do_move_dir(struct play *p)
{
    JIG_CLEANUP_FREE char *from = any_dir(p);
    JIG_CLEANUP_FREE char *to = any_dir(p);
    tell(p, "move folder", from);
    tell(p, "move it to", to);
    rename(from, to);
}

/* One folder takes the place of another. */
static void do_swap_dirs(struct play *p)
{
    JIG_CLEANUP_FREE char *one = any_dir(p);
    JIG_CLEANUP_FREE char *two = any_dir(p);
    tell(p, "exchange", one);
    tell(p, "  with", two);
    (void)!renameat2(AT_FDCWD, one, AT_FDCWD, two, RENAME_EXCHANGE);
}

static void do_mkdir(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_dir(p);
    tell(p, "mkdir", path);
    mkdir(path, 0755);
}

static void do_remove_dir(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_dir(p);
    tell(p, "remove", path);
    (void)!jig_fs_remove_tree(path, NULL); /* a file may stand where a folder above it was */
}

static void let_go(struct play *p)
{
    if (p->page != NULL)
        munmap(p->page, MAPPED_SIZE);
    if (p->held >= 0)
        close(p->held);
    p->page = NULL;
    p->held = -1;
}

static void do_hold(struct play *p)
{
    let_go(p);
    JIG_CLEANUP_FREE char *path = any_file(p);
    tell(p, "hold open", path);
    p->held = open(path, O_RDWR | O_CLOEXEC);
}

static void do_map(struct play *p)
{
    let_go(p);
    JIG_CLEANUP_FREE char *path = any_file(p);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
        void *page = mmap(NULL, MAPPED_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        p->page = page != MAP_FAILED ? page : NULL;
        tell(p, "map", path);
    }
    if (fd >= 0)
        close(fd);
}

static void do_write_held(struct play *p)
{
    struct stat st;
    tell(p, "write what is held", "");
    if (p->page != NULL)
        p->page[0] = (char)('A' + (int)below(p, 26));
    if (p->held >= 0 && fstat(p->held, &st) == 0)
        (void)!pwrite(p->held, "Q", 1, below(p, 4));
}

static void do_let_go(struct play *p)
{
    tell(p, "let go", "");
    let_go(p);
}

static void do_read(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_file(p);
    struct jig_digest d;
    (void)!jig_sha256_file(path, &d, NULL);
}

/* Nobody asks for a while: what can be done ahead is done, or some of it. */
static void do_pump(struct play *p)
{
    bool busy = below(p, 4) == 0;
    unsigned rounds = below(p, 4) == 0 ? 4 : 1;
    for (unsigned i = 0; i < rounds; i++) {
        int64_t next = jig_watcher_pump(p->watcher, busy);
        if (next != JIG_NO_DEADLINE && i + 1 < rounds)
            poll(NULL, 0, jig_deadline_poll_ms(next));
    }
}

static void do_nothing(struct play *p)
{
    (void)p;
}

static void (*const changes[])(struct play *p) = {
    do_write,   do_write,      do_same_size,  do_append,     do_editor_save, do_rename_over,
    do_delete,  do_link,       do_symlink,    do_touch,      do_chmod,       do_move_dir,
    do_mkdir,   do_mkdir,      do_swap_dirs,  do_remove_dir, do_hold,        do_map,
    do_nothing, do_write_held, do_write_held, do_let_go,     do_read,        do_nothing,
    do_pump,    do_pump,       do_pump,
};

/* ---- the truth ---- */

static void add_folder(struct jig_sha256 *h, const char *path)
{
    struct jig_strv found = {0};
    if (jig_fs_list_marked(path, &found, NULL) == JIG_OK) {
        for (size_t i = 0; i < found.n; i++)
            jig_sha256_string(h, found.v[i]);
    }
    jig_strv_release(&found);
}

/* What can be seen of one path: its type, its content. */
static void add_path(struct jig_sha256 *h, const char *path)
{
    struct jig_stamp s;
    struct jig_digest d = {{0}};
    jig_sha256_string(h, path);
    if (jig_fs_stamp(path, &s, NULL) != JIG_OK)
        return;
    jig_sha256_u64(h, s.mode);
    if (S_ISDIR(s.mode))
        add_folder(h, path);
    else if (jig_sha256_file(path, &d, NULL) == JIG_OK)
        jig_sha256_field(h, d.bytes, sizeof d.bytes);
}

/* Everything; told to the observer when there is one. */
static struct jig_digest look_at_all(struct play *p)
{
    struct jig_sha256 *h = jig_sha256_new();
    for (size_t i = 0; i < JIG_COUNT(dirs); i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_join(p->root, dirs[i]);
        add_path(h, dir);
        for (size_t k = 0; k < JIG_COUNT(names); k++) {
            JIG_CLEANUP_FREE char *path = jig_path_join(dir, names[k]);
            add_path(h, path);
        }
    }
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}

/* As whoever did some work would: what it looked at, and what came of it. */
static void arm(struct play *p)
{
    struct jig_sightings *seen = jig_sightings_new();
    jig_watch_free(p->watch);
    p->watch = NULL;
    let_stamps_grow_old();
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    p->truth = look_at_all(p);
    jig_observe(before);
    struct jig_err err = JIG_ERR_INIT;
    if (jig_sightings_fault(seen) == NULL &&
        jig_watcher_arm(p->watcher, seen, &p->watch, &err) != JIG_OK)
        fail_msg("not armed: %s", err.message);
    assert_non_null(p->watch);
    p->armed++;
    jig_sightings_free(seen);
}

static void show(const struct play *p, uint64_t seed)
{
    print_error("seed %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < p->told.n; i++)
        print_error("  %s\n", p->told.v[i]);
}

static void check(struct play *p, uint64_t seed, bool idle)
{
    struct jig_watch_changes found;
    char *why = NULL;
    enum jig_watch_answer said = jig_watch_ask(p->watch, &found, &why);
    jig_watch_changes_release(&found);
    JIG_CLEANUP_FREE char *reason = why;
    struct jig_digest now = look_at_all(p);
    bool same = jig_digest_equal(&now, &p->truth);
    if (said == JIG_WATCH_HOLDS && !same) {
        show(p, seed);
        fail_msg("it is said to hold, and does not");
    }
    if (said != JIG_WATCH_HOLDS && idle) {
        show(p, seed);
        fail_msg("nothing happened, and it is said not to hold: %s", reason);
    }
    p->held_true += said == JIG_WATCH_HOLDS;
    if (said != JIG_WATCH_HOLDS) {
        arm(p);
        tell(p, "-- armed anew", reason);
    }
}

static void play(uint64_t seed, unsigned rounds)
{
    void *dir = NULL;
    assert_int_equal(unit_folder_setup(&dir), 0);
    struct play p = {.root = dir, .random = seed, .held = -1};
    assert_int_equal(jig_watcher_new(&p.watcher, NULL), JIG_OK);
    for (size_t i = 0; i < JIG_COUNT(dirs); i++)
        do_mkdir(&p);
    arm(&p);
    for (unsigned i = 0; i < rounds; i++) {
        unsigned together = 1 + (below(&p, 8) == 0 ? below(&p, 5) : 0);
        for (unsigned k = 0; k < together; k++)
            changes[below(&p, JIG_COUNT(changes))](&p);
        if (below(&p, 3) == 0)
            do_pump(&p);
        check(&p, seed, false);
        if (below(&p, 4) == 0 && p.held < 0 && p.page == NULL)
            check(&p, seed, true);
    }
    print_message("%u changes or more: armed %u times, held %u times\n", rounds, p.armed,
                  p.held_true);
    let_go(&p);
    jig_watch_free(p.watch);
    assert_int_equal(jig_watcher_stats(p.watcher).names, 1);
    jig_watcher_free(p.watcher);
    jig_strv_release(&p.told);
    assert_int_equal(unit_folder_teardown(&dir), 0);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void test_random_changes(void **state)
{
    (void)state;
    play(from_environment("JIG_RANDOM_SEED", 20261122),
         (unsigned)from_environment("JIG_RANDOM_ROUNDS", CHANGES));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
