/* What the cache forgets and what it keeps: budgets, leases, pins, a lost index, damage. */
#include "tests/support/blob_bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/gc.h"
#include "core/blob/pin.h"
#include "core/blob/verify.h"
#include "core/os/fs.h"

static const struct jig_until forever = {.deadline_ns = JIG_NO_DEADLINE};

static struct jig_gc_result collect(struct blob_bench *b, uint64_t high, uint64_t low, bool all)
{
    struct jig_gc_options o = {.archives = {high, low}, .installed = {high, low}, .all = all};
    struct jig_gc_result r;
    assert_ok(b, jig_gc_run(b->cache, &o, &forever, &r, &b->err));
    return r;
}

static struct jig_cache_stats stats(struct blob_bench *b)
{
    struct jig_gc_options o = {.archives = {1000, 500}, .installed = {1000, 500}};
    struct jig_cache_stats s;
    assert_ok(b, jig_cache_stats(b->cache, &o, &forever, &s, &b->err));
    return s;
}

static bool is_there(struct blob_bench *b, const char *text)
{
    char hex[JIG_SHA256_HEX];
    struct jig_digest d = hash(text);
    jig_digest_hex(&d, hex);
    JIG_CLEANUP_FREE char *path = jig_strf("%s/blobs/sha256/%.2s/%s", b->root, hex, hex);
    return jig_fs_is_there(path);
}

/* Ten bytes each, each used by a hold of its own. */
static void put_five(struct blob_bench *b)
{
    static const char *const texts[] = {"0123456780", "0123456781", "0123456782", "0123456783",
                                        "0123456784"};
    for (size_t i = 0; i < JIG_COUNT(texts); i++) {
        free(put(b, texts[i]).path);
        end_hold(b);
    }
}

static void below_the_mark_all_stays(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    struct jig_gc_result r = collect(b, 50, 20, false);
    assert_int_equal(r.archives.entries, 5);
    assert_int_equal(r.archives.bytes, 50);
    assert_int_equal(r.archives.removed, 0);
}

static void what_was_used_longest_ago_goes(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    assert_true(has(b, "0123456780"));
    end_hold(b);
    struct jig_gc_result r = collect(b, 49, 20, false);
    assert_int_equal(r.archives.removed, 3);
    assert_int_equal(r.archives.removed_bytes, 30);
    assert_true(is_there(b, "0123456780"));
    assert_false(is_there(b, "0123456781"));
    assert_false(is_there(b, "0123456783"));
    assert_true(is_there(b, "0123456784"));
    assert_int_equal(files_in(b, "used"), 0);
}

/* The order of use is the cache's own: here every file claims to be of another time. */
static void the_clock_does_not_matter(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    assert_int_equal(stats(b).archives[JIG_CACHE_LNK].entries, 5);
    JIG_CLEANUP_FREE char *used = jig_path_join(b->root, "used");
    struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_true(has(b, "0123456780"));
    end_hold(b);
    struct jig_strv names = {0};
    assert_ok(b, jig_fs_list(used, &names, &b->err));
    assert_int_equal(names.n, 1);
    JIG_CLEANUP_FREE char *path = jig_path_join(used, names.v[0]);
    assert_int_equal(utimensat(AT_FDCWD, path, past, 0), 0);
    jig_strv_release(&names);
    collect(b, 49, 10, false);
    assert_true(is_there(b, "0123456780"));
    assert_false(is_there(b, "0123456784"));
}

static void what_is_leased_or_pinned_stays(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    struct jig_digest pinned = hash("0123456781");
    assert_ok(b, jig_pin_blob(b->cache, &pinned, true, &b->err));
    assert_true(has(b, "0123456780"));
    struct jig_gc_result r = collect(b, 0, 0, true);
    assert_int_equal(r.archives.removed, 3);
    assert_int_equal(r.archives.in_use, 1);
    assert_int_equal(r.archives.pinned, 1);
    assert_true(is_there(b, "0123456780"));
    assert_true(is_there(b, "0123456781"));
    end_hold(b);
    assert_ok(b, jig_pin_blob(b->cache, &pinned, false, &b->err));
    r = collect(b, 0, 0, true);
    assert_int_equal(r.archives.removed, 2);
    assert_int_equal(stats(b).archives[JIG_CACHE_LNK].entries, 0);
}

static void trees_go_whole(void **state)
{
    struct blob_bench *b = *state;
    JIG_CLEANUP_FREE char *one = install(b, "1.0", "0123456789");
    JIG_CLEANUP_FREE char *two = install(b, "2.0", "0123456789");
    assert_ok(b, jig_pin_tree(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "2.0", true, &b->err));
    assert_int_equal(collect(b, 0, 0, true).installed.in_use, 2);
    end_hold(b);
    struct jig_gc_result r = collect(b, 0, 0, true);
    assert_int_equal(r.installed.bytes, 20);
    assert_int_equal(r.installed.removed, 1);
    assert_int_equal(r.installed.pinned, 1);
    assert_false(jig_fs_is_there(one));
    assert_true(jig_fs_is_there(two));
    assert_int_equal(files_in(b, "tmp"), 0);
    /* a pin goes with what it pins */
    assert_ok(b, jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "2.0", &b->err));
    assert_int_equal(files_in(b, "pins"), 0);
}

static void objects_have_a_budget(void **state)
{
    struct blob_bench *b = *state;
    JIG_CLEANUP_FREE char *dir = jig_path_join(b->root, "objects/ab");
    assert_ok(b, jig_fs_mkdirs(dir, 0755, &b->err));
    for (int i = 0; i < 5; i++) {
        JIG_CLEANUP_FREE char *path = jig_strf("%s/%d.out", dir, i);
        struct timespec used[2] = {{.tv_sec = 1000 - i}, {.tv_sec = 1000 - i}};
        assert_ok(b, jig_fs_write_unsynced(path, "0123456789", 10, 0444, &b->err));
        assert_int_equal(utimensat(AT_FDCWD, path, used, 0), 0);
    }
    struct jig_gc_options o = {.objects = {40, 20}};
    struct jig_gc_result r;
    assert_ok(b, jig_gc_run(b->cache, &o, &forever, &r, &b->err));
    assert_int_equal(r.objects.bytes, 50);
    assert_int_equal(r.objects.removed_bytes, 30);
    assert_int_equal(files_in(b, "objects/ab"), 2);
    JIG_CLEANUP_FREE char *youngest = jig_path_join(dir, "0.out");
    assert_true(jig_fs_is_there(youngest));
    assert_int_equal(stats(b).objects.bytes, 20);
    assert_int_equal(collect(b, 0, 0, true).objects.removed, 2);
}

/* The clock was ahead when they were used: they would outlive all that is used from now on. */
static void objects_of_the_future_go_first(void **state)
{
    struct blob_bench *b = *state;
    static const int64_t times[] = {INT64_C(7258118400), 1000, INT64_C(7258118401), 999};
    JIG_CLEANUP_FREE char *dir = jig_path_join(b->root, "objects/ab");
    assert_ok(b, jig_fs_mkdirs(dir, 0755, &b->err));
    for (size_t i = 0; i < JIG_COUNT(times); i++) {
        JIG_CLEANUP_FREE char *path = jig_strf("%s/%zu.out", dir, i);
        struct timespec used[2] = {{.tv_sec = times[i]}, {.tv_sec = times[i]}};
        assert_ok(b, jig_fs_write_unsynced(path, "0123456789", 10, 0444, &b->err));
        assert_int_equal(utimensat(AT_FDCWD, path, used, 0), 0);
    }
    struct jig_gc_options o = {.objects = {39, 20}};
    struct jig_gc_result r;
    assert_ok(b, jig_gc_run(b->cache, &o, &forever, &r, &b->err));
    assert_int_equal(r.objects.removed, 2);
    JIG_CLEANUP_FREE char *one = jig_path_join(dir, "1.out");
    JIG_CLEANUP_FREE char *three = jig_path_join(dir, "3.out");
    assert_true(jig_fs_is_there(one));
    assert_true(jig_fs_is_there(three));
}

/* The folder was deleted while it was used; the numbers of the next one begin anew, and a download
 * has the same name. */
static void nothing_of_the_next_folder_is_taken(void **state)
{
    struct blob_bench *b = *state;
    struct jig_digest d = hash("0123456780");
    struct jig_blob_writer *before, *after;
    struct jig_blob blob;
    free(put(b, "0123456781").path);
    assert_ok(b, jig_blob_begin(b->cache, &d, &before, &b->err));
    assert_ok(b, jig_blob_write(before, "0123456780", 10, &b->err));
    assert_ok(b, jig_fs_remove_tree(b->root, &b->err));
    struct jig_hold *next = new_hold(b->cache);
    assert_ok(b, jig_blob_begin(b->cache, &d, &after, &b->err));
    assert_ok(b, jig_blob_write(after, "01234", 5, &b->err));
    assert_int_equal(jig_blob_commit(before, b->hold, JIG_CACHE_LNK, NULL, -1, &blob, &b->err),
                     JIG_FAILED_PRECONDITION);
    assert_false(is_there(b, "0123456780"));
    assert_ok(b, jig_blob_write(after, "56780", 5, &b->err));
    assert_ok(b, jig_blob_commit(after, next, JIG_CACHE_LNK, NULL, 10, &blob, &b->err));
    free(blob.path);
    end_hold(b);
    assert_int_equal(collect(b, 0, 0, true).archives.in_use, 1);
    jig_hold_free(next);
}

/* A folder that its owner may not write to would stay for ever, and a list that is not ours is
 * damage. */
static void installed_folders_can_be_removed(void **state)
{
    struct blob_bench *b = *state;
    struct jig_tree_staging s;
    char *path;
    assert_ok(b, jig_tree_begin(b->cache, JIG_CACHE_PLATFORMS, "x", "1", &s, &b->err));
    JIG_CLEANUP_FREE char *dir = jig_path_join(s.path, "cores");
    assert_int_equal(mkdir(dir, 0555), 0);
    assert_ok(b, jig_tree_commit(&s, b->hold, &path, &b->err));
    JIG_CLEANUP_FREE char *installed = jig_path_join(path, "cores");
    struct stat st;
    assert_int_equal(stat(installed, &st), 0);
    assert_int_equal(st.st_mode & 0700, 0700);
    free(path);
}

static void a_dry_run_removes_nothing(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    struct jig_gc_options o = {.all = true, .dry_run = true};
    struct jig_gc_result r;
    assert_ok(b, jig_gc_run(b->cache, &o, &forever, &r, &b->err));
    assert_int_equal(r.archives.removed, 5);
    assert_int_equal(stats(b).archives[JIG_CACHE_LNK].entries, 5);
}

static void what_the_dead_left_goes(void **state)
{
    struct blob_bench *b = *state;
    pid_t child = fork();
    if (child == 0) {
        struct jig_digest d = hash("hello");
        struct jig_blob_writer *w;
        struct jig_tree_staging s;
        if (jig_blob_begin(b->cache, &d, &w, NULL) == JIG_OK &&
            jig_blob_write(w, "hel", 3, NULL) == JIG_OK &&
            jig_blob_begin(b->cache, NULL, &w, NULL) == JIG_OK &&
            jig_blob_write(w, "xyz", 3, NULL) == JIG_OK &&
            jig_tree_begin(b->cache, JIG_CACHE_PLATFORMS, "avr", "1", &s, NULL) == JIG_OK)
            kill(getpid(), SIGKILL);
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(stats(b).partial.entries, 2);
    /* one that lives beside them */
    struct jig_tree_staging mine;
    assert_ok(b, jig_tree_begin(b->cache, JIG_CACHE_PLATFORMS, "avr", "1", &mine, &b->err));
    assert_int_equal(collect(b, 100, 50, false).leftovers, 2);
    assert_true(jig_fs_is_dir(mine.path));
    jig_tree_abort(&mine);
    assert_int_equal(files_in(b, "tmp"), 1); /* the part of a download */
    struct jig_digest d = hash("hello");
    struct jig_blob_writer *w;
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_int_equal(jig_blob_written(w), 3);
    jig_blob_abort(w, true);
    assert_int_equal(collect(b, 0, 0, true).leftovers, 1);
    assert_int_equal(files_in(b, "tmp"), 0);
}

/* By a clock that is ahead, or was set back since. */
static void a_part_of_a_download_stays_for_a_week(void **state)
{
    struct blob_bench *b = *state;
    static const struct {
        int64_t age_s;
        size_t left;
    } cases[] = {{0, 1}, {6 * 86400, 1}, {8 * 86400, 0}, {-400 * 86400, 1}};
    struct jig_digest d = hash("hello");
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&d, hex);
    JIG_CLEANUP_FREE char *path = jig_strf("%s/tmp/%s.part", b->root, hex);
    for (size_t i = 0; i < JIG_COUNT(cases); i++) {
        struct jig_blob_writer *w;
        assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
        assert_ok(b, jig_blob_write(w, "h", 1, &b->err));
        jig_blob_abort(w, true);
        time_t then = time(NULL) - cases[i].age_s;
        struct timespec times[2] = {{.tv_sec = then}, {.tv_sec = then}};
        assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
        collect(b, 100, 50, false);
        assert_int_equal(files_in(b, "tmp"), cases[i].left);
    }
}

/* A power cut may lose the file that numbers come from: what has the same number is not taken over.
 */
static void numbers_may_begin_anew(void **state)
{
    struct blob_bench *b = *state;
    pid_t child = fork();
    if (child == 0) {
        struct jig_tree_staging s;
        if (jig_tree_begin(b->cache, JIG_CACHE_PLATFORMS, "avr", "1", &s, NULL) == JIG_OK) {
            JIG_CLEANUP_FREE char *stray = jig_path_join(s.path, "stray");
            if (jig_fs_write_unsynced(stray, "?", 1, 0644, NULL) == JIG_OK)
                kill(getpid(), SIGKILL);
        }
        _exit(1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFSIGNALED(status));
    JIG_CLEANUP_FREE char *control = jig_path_join(b->root, "control");
    assert_ok(b, jig_fs_remove_tree(control, &b->err));
    struct jig_cache *c = open_cache(b->root, NULL);
    struct jig_tree_staging s;
    struct jig_strv names = {0};
    assert_ok(b, jig_tree_begin(c, JIG_CACHE_PLATFORMS, "avr", "1", &s, &b->err));
    assert_non_null(strstr(s.path, "0000000000000001.tree"));
    assert_ok(b, jig_fs_list(s.path, &names, &b->err));
    assert_int_equal(names.n, 0);
    jig_tree_abort(&s);
    jig_cache_close(c);
}

static void a_lost_index_is_made_anew(void **state)
{
    static const char garbage[] = "this is no database, and long enough to look like one of them "
                                  "to those who only read the first hundred bytes of its header";
    struct blob_bench *b = *state;
    put_five(b);
    free(install(b, "1.0", "0123456789"));
    end_hold(b);
    JIG_CLEANUP_FREE char *path = jig_path_join(b->root, "index.sqlite");
    struct jig_cache_stats before = stats(b);
    assert_int_equal(before.archives[JIG_CACHE_LNK].bytes, 50);
    assert_int_equal(before.installed[JIG_CACHE_TOOLCHAINS].bytes, 10);
    assert_ok(b, jig_fs_remove_tree(path, &b->err));
    struct jig_cache_stats after = stats(b);
    assert_memory_equal(after.archives, before.archives, sizeof before.archives);
    assert_memory_equal(after.installed, before.installed, sizeof before.installed);

    assert_ok(b, jig_fs_write_unsynced(path, garbage, sizeof garbage, 0600, &b->err));
    after = stats(b);
    assert_memory_equal(after.archives, before.archives, sizeof before.archives);

    overwrite(path, "SQLite format 3, but of another world");
    after = stats(b);
    assert_memory_equal(after.archives, before.archives, sizeof before.archives);
}

static void what_others_do_is_seen(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    assert_int_equal(stats(b).archives[JIG_CACHE_LNK].entries, 5);
    struct jig_blob blob = put(b, "0123456780");
    assert_int_equal(unlink(blob.path), 0);
    free(blob.path);
    assert_int_equal(stats(b).archives[JIG_CACHE_LNK].entries, 4);
}

static void stats_say_who_uses_what(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    free(install(b, "1.0", "0123456789"));
    assert_true(has(b, "0123456780"));
    struct jig_digest d = hash("0123456781");
    assert_ok(b, jig_pin_blob(b->cache, &d, true, &b->err));
    struct jig_cache_stats s = stats(b);
    assert_int_equal(s.holders, 1);
    assert_int_equal(s.leased.entries, 2);
    assert_int_equal(s.leased.bytes, 20);
    assert_int_equal(s.pinned, 1);
    assert_int_equal(s.archives_budget.high, 1000);
    struct jig_gc_options none = {0};
    assert_ok(b, jig_cache_stats(b->cache, &none, &forever, &s, &b->err));
    assert_in_range(s.archives_budget.high, 1, UINT64_C(15) << 30);
    assert_int_equal(s.archives_budget.low, s.archives_budget.high / 5 * 4);
}

static void a_collection_is_due_when_much_came_in(void **state)
{
    struct blob_bench *b = *state;
    assert_false(jig_gc_is_due(b->cache)); /* there is nothing yet */
    put_five(b);
    assert_false(jig_gc_is_due(b->cache));
    for (int i = 0; i < 251; i++) {
        assert_false(jig_gc_is_due(b->cache));
        assert_true(has(b, "0123456780"));
        end_hold(b);
    }
    assert_true(jig_gc_is_due(b->cache));
    struct jig_cache *other = open_cache(b->root, NULL);
    struct jig_hold *h = new_hold(other);
    struct jig_digest d = hash("0123456780");
    struct jig_blob blob;
    assert_ok(b, jig_blob_find(other, h, &d, &blob, &b->err));
    assert_true(jig_gc_is_due(other)); /* whoever looks */
    free(blob.path);
    jig_hold_free(h);
    jig_cache_close(other);
    assert_int_equal(files_in(b, "used"), 257);
    collect(b, 100, 50, false);
    assert_false(jig_gc_is_due(b->cache));
    assert_int_equal(files_in(b, "used"), 0);

    static char many[1 << 20];
    struct jig_blob_writer *w;
    assert_ok(b, jig_blob_begin(b->cache, NULL, &w, &b->err));
    for (int i = 0; i < 64; i++)
        assert_ok(b, jig_blob_write(w, many, sizeof many, &b->err));
    assert_ok(b, jig_blob_commit(w, b->hold, JIG_CACHE_LNK, NULL, -1, &blob, &b->err));
    assert_true(jig_gc_is_due(b->cache));
    free(blob.path);
}

/* Whoever reads this cache as the second one keeps all of it. */
static void readers_below_keep_all(void **state)
{
    struct blob_bench *b = *state;
    put_five(b);
    JIG_CLEANUP_FREE char *own = jig_path_join(b->folder, "own");
    struct jig_cache *c = open_cache(own, b->root);
    struct jig_hold *h = new_hold(c);
    struct jig_digest d = hash("0123456780");
    struct jig_blob blob;
    assert_ok(b, jig_blob_find(c, h, &d, &blob, &b->err));
    struct jig_gc_options o = {.all = true};
    struct jig_gc_result r;
    assert_int_equal(jig_gc_run(b->cache, &o, &forever, &r, &b->err), JIG_ABORTED);
    assert_int_equal(b->err.reason, JIG_REASON_BUSY);
    assert_true(jig_fs_is_there(blob.path));
    free(blob.path);
    jig_hold_free(h);
    jig_cache_close(c);
    assert_int_equal(collect(b, 0, 0, true).archives.removed, 5);
}

struct findings {
    struct jig_strv lines;
    enum jig_verify_state state;
};

static void note(void *ctx, const struct jig_verify_finding *f)
{
    struct findings *all = ctx;
    jig_strv_append(&all->lines, f->problem);
    all->state = f->state;
}

static struct jig_verify_result verify(struct blob_bench *b, bool repair, struct findings *ret)
{
    struct jig_verify_options o = {.repair = repair, .found = note, .ctx = ret};
    struct jig_verify_result r;
    *ret = (struct findings){0};
    assert_ok(b, jig_cache_verify(b->cache, &o, &forever, &r, &b->err));
    return r;
}

static void damage_is_found_and_removed(void **state)
{
    struct blob_bench *b = *state;
    struct findings f;
    struct jig_blob blob = put(b, "hello");
    free(put(b, "world").path);
    JIG_CLEANUP_FREE char *tree = install(b, "1.0", "old");
    JIG_CLEANUP_FREE char *gcc = jig_path_join(tree, "bin/g cc");
    struct jig_verify_result r = verify(b, false, &f);
    assert_int_equal(r.blobs, 2);
    assert_int_equal(r.trees, 1);
    assert_int_equal(r.bytes, 13);
    assert_int_equal(r.damaged, 0);

    struct stat st;
    assert_int_equal(stat(blob.path, &st), 0);
    overwrite(blob.path, "jello");
    struct timespec same[2] = {st.st_atim, st.st_mtim}; /* a disk that errs changes no time */
    assert_int_equal(utimensat(AT_FDCWD, blob.path, same, 0), 0);
    overwrite(gcc, "new");
    r = verify(b, false, &f);
    assert_int_equal(r.damaged, 2);
    assert_non_null(strstr(f.lines.v[0], "its SHA-256 is "));
    assert_string_equal(f.lines.v[1], "bin/g cc: has another content");
    assert_int_equal(f.state, JIG_VERIFY_DAMAGED);
    jig_strv_release(&f.lines);

    r = verify(b, true, &f);
    assert_int_equal(r.damaged, 2);
    assert_int_equal(r.removed, 0);
    assert_int_equal(f.state, JIG_VERIFY_IN_USE);
    jig_strv_release(&f.lines);
    end_hold(b);
    r = verify(b, true, &f);
    assert_int_equal(r.removed, 2);
    assert_int_equal(f.state, JIG_VERIFY_REMOVED);
    jig_strv_release(&f.lines);
    assert_false(jig_fs_is_there(blob.path));
    assert_false(jig_fs_is_there(tree));
    assert_true(has(b, "world"));
    r = verify(b, true, &f);
    assert_int_equal(r.damaged, 0);
    free(blob.path);
}

static void strangers_are_named(void **state)
{
    struct blob_bench *b = *state;
    struct findings f;
    struct jig_blob blob = put(b, "hello");
    JIG_CLEANUP_FREE char *dir = jig_path_dir(blob.path);
    JIG_CLEANUP_FREE char *stranger = jig_path_join(dir, "readme.txt");
    assert_ok(b, jig_fs_write_unsynced(stranger, "?", 1, 0644, &b->err));
    assert_int_equal(verify(b, true, &f).removed, 1);
    assert_string_equal(f.lines.v[0], "it does not belong there");
    jig_strv_release(&f.lines);
    assert_false(jig_fs_is_there(stranger));
    free(blob.path);
}

#define RACERS 3
#define ROUNDS 60

/* Puts or finds a blob, and looks whether it stays until the hold ends. 0: it does. */
static int race_once(struct jig_cache *c, int which)
{
    char text[32];
    int n = snprintf(text, sizeof text, "blob %d", which % 4), wrong = 0;
    struct jig_digest d = hash(text), is;
    struct jig_hold *h = new_hold(c);
    struct jig_blob blob;
    struct jig_blob_writer *w;
    enum jig_code code = jig_blob_find(c, h, &d, &blob, NULL);
    if (code == JIG_NOT_FOUND) {
        code = jig_blob_begin(c, NULL, &w, NULL);
        if (code == JIG_OK && jig_blob_write(w, text, (size_t)n, NULL) == JIG_OK)
            code = jig_blob_commit(w, h, JIG_CACHE_LNK, &d, n, &blob, NULL);
    }
    if (code == JIG_OK) {
        for (int look = 0; look < 5; look++) {
            if (jig_sha256_file(blob.path, &is, NULL) != JIG_OK || !jig_digest_equal(&is, &d))
                wrong = 2;
        }
        free(blob.path);
    }
    jig_hold_free(h);
    return code == JIG_OK ? wrong : 1;
}

static void race(struct blob_bench *b, int seed)
{
    struct jig_cache *c = open_cache(b->root, NULL);
    int wrong = 0;
    for (int i = 0; i < ROUNDS && wrong == 0; i++)
        wrong = race_once(c, seed + i);
    jig_cache_close(c);
    _exit(wrong);
}

struct racer {
    pthread_t thread;
    struct jig_cache *cache;
    int seed;
    int wrong;
    atomic_int *left;
};

static void *race_in_thread(void *ctx)
{
    struct racer *r = ctx;
    for (int i = 0; i < ROUNDS && r->wrong == 0; i++)
        r->wrong = race_once(r->cache, r->seed + i);
    atomic_fetch_sub(r->left, 1);
    return NULL;
}

static void nothing_in_use_goes_while_threads_work(void **state)
{
    struct blob_bench *b = *state;
    struct racer racers[RACERS];
    atomic_int left = RACERS;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.cache = b->cache, .seed = i, .left = &left};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race_in_thread, &racers[i]), 0);
    }
    while (atomic_load(&left) > 0)
        collect(b, 0, 0, true);
    for (int i = 0; i < RACERS; i++) {
        pthread_join(racers[i].thread, NULL);
        assert_int_equal(racers[i].wrong, 0);
    }
    collect(b, 0, 0, true);
    assert_int_equal(files_in(b, "holds"), 0);
    assert_int_equal(files_in(b, "tmp"), 0);
}

static void nothing_in_use_goes_while_others_work(void **state)
{
    struct blob_bench *b = *state;
    pid_t racers[RACERS];
    int left = RACERS;
    for (int i = 0; i < RACERS; i++) {
        racers[i] = fork();
        if (racers[i] == 0)
            race(b, i);
    }
    while (left > 0) {
        int status;
        collect(b, 0, 0, true);
        while (left > 0 && waitpid(-1, &status, WNOHANG) > 0) {
            assert_true(WIFEXITED(status));
            assert_int_equal(WEXITSTATUS(status), 0);
            left--;
        }
    }
    collect(b, 0, 0, true);
    assert_int_equal(stats(b).archives[JIG_CACHE_LNK].entries, 0);
    assert_int_equal(files_in(b, "holds"), 0);
    assert_int_equal(files_in(b, "tmp"), 0);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, blob_bench_setup, blob_bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(below_the_mark_all_stays),
        TEST(what_was_used_longest_ago_goes),
        TEST(the_clock_does_not_matter),
        TEST(what_is_leased_or_pinned_stays),
        TEST(trees_go_whole),
        TEST(objects_have_a_budget),
        TEST(objects_of_the_future_go_first),
        TEST(nothing_of_the_next_folder_is_taken),
        TEST(installed_folders_can_be_removed),
        TEST(a_dry_run_removes_nothing),
        TEST(what_the_dead_left_goes),
        TEST(a_part_of_a_download_stays_for_a_week),
        TEST(numbers_may_begin_anew),
        TEST(a_lost_index_is_made_anew),
        TEST(what_others_do_is_seen),
        TEST(stats_say_who_uses_what),
        TEST(a_collection_is_due_when_much_came_in),
        TEST(readers_below_keep_all),
        TEST(damage_is_found_and_removed),
        TEST(strangers_are_named),
        TEST(nothing_in_use_goes_while_others_work),
        TEST(nothing_in_use_goes_while_threads_work),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
