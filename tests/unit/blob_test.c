/* The disk cache: what goes in and comes out, who holds what, and what damage does. */
#include "tests/support/blob_bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/manifest.h"
#include "core/os/cancel.h"
#include "core/os/fs.h"

static void a_blob_is_found_under_its_hash(void **state)
{
    struct blob_bench *b = *state;
    assert_false(has(b, "hello"));
    struct jig_blob in = put(b, "hello"), out;
    struct jig_digest d = hash("hello");
    assert_ok(b, jig_blob_find(b->cache, b->hold, &d, &out, &b->err));
    assert_string_equal(in.path, out.path);
    assert_int_equal(out.size_bytes, 5);
    struct stat st;
    assert_int_equal(stat(out.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    assert_int_equal(files_in(b, "tmp"), 0);
    free(in.path);
    free(out.path);
}

static void a_wrong_hash_or_size_is_not_kept(void **state)
{
    struct blob_bench *b = *state;
    struct jig_digest d = hash("hello");
    struct jig_blob_writer *w;
    struct jig_blob blob;
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_ok(b, jig_blob_write(w, "jello", 5, &b->err));
    assert_int_equal(jig_blob_commit(w, b->hold, JIG_CACHE_LNK, &d, 5, &blob, &b->err),
                     JIG_DATA_LOSS);
    assert_int_equal(b->err.reason, JIG_REASON_INTEGRITY);
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&d, hex);
    assert_non_null(strstr(b->err.message, hex));
    d = hash("jello");
    jig_digest_hex(&d, hex);
    assert_non_null(strstr(b->err.message, hex));

    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_ok(b, jig_blob_write(w, "jello", 5, &b->err));
    assert_int_equal(jig_blob_commit(w, b->hold, JIG_CACHE_LNK, &d, 6, &blob, &b->err),
                     JIG_DATA_LOSS);
    assert_non_null(strstr(b->err.message, "5 bytes where 6"));
    assert_false(has(b, "jello"));
    assert_int_equal(files_in(b, "tmp"), 0);
}

static void a_part_is_gone_on_with(void **state)
{
    struct blob_bench *b = *state;
    struct jig_digest d = hash("hello");
    struct jig_blob_writer *w;
    struct jig_blob blob;
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_ok(b, jig_blob_write(w, "hel", 3, &b->err));
    jig_blob_abort(w, true);
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_int_equal(jig_blob_written(w), 3);
    assert_ok(b, jig_blob_write(w, "lo", 2, &b->err));
    assert_ok(b, jig_blob_commit(w, b->hold, JIG_CACHE_LNK, NULL, 5, &blob, &b->err));
    free(blob.path);

    d = hash("world");
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_ok(b, jig_blob_write(w, "hel", 3, &b->err));
    assert_ok(b, jig_blob_restart(w, &b->err));
    assert_int_equal(jig_blob_written(w), 0);
    assert_ok(b, jig_blob_write(w, "world", 5, &b->err));
    assert_ok(b, jig_blob_commit(w, b->hold, JIG_CACHE_LNK, NULL, -1, &blob, &b->err));
    free(blob.path);
    assert_int_equal(files_in(b, "tmp"), 0);
}

static void one_at_a_time_writes_a_blob(void **state)
{
    struct blob_bench *b = *state;
    struct jig_digest d = hash("hello");
    struct jig_blob_writer *w, *second;
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_int_equal(jig_blob_begin(b->cache, &d, &second, &b->err), JIG_ABORTED);
    assert_int_equal(b->err.reason, JIG_REASON_BUSY);
    struct jig_until now = {.deadline_ns = 0};
    assert_int_equal(jig_blob_wait(b->cache, &d, &now, &b->err), JIG_DEADLINE_EXCEEDED);
    jig_blob_abort(w, false);
    assert_ok(b, jig_blob_wait(b->cache, &d, &now, &b->err));
    assert_int_equal(files_in(b, "tmp"), 0);
}

static void a_hash_may_be_learned(void **state)
{
    struct blob_bench *b = *state;
    struct jig_blob_writer *w;
    struct jig_blob blob;
    struct jig_digest is, d = hash("hello");
    assert_ok(b, jig_blob_begin(b->cache, NULL, &w, &b->err));
    assert_ok(b, jig_blob_write(w, "hello", 5, &b->err));
    assert_ok(b, jig_blob_commit_any(w, b->hold, JIG_CACHE_LNK, &is, &blob, &b->err));
    assert_true(jig_digest_equal(&is, &d));
    free(blob.path);
}

static void damage_is_found(void **state)
{
    struct blob_bench *b = *state;
    struct jig_blob blob = put(b, "hello");
    overwrite(blob.path, "jello");
    assert_false(has(b, "hello"));
    assert_false(jig_fs_is_there(blob.path));
    free(blob.path);
    /* touched, but what it was */
    blob = put(b, "hello");
    overwrite(blob.path, "hello");
    assert_true(has(b, "hello"));
    struct stat st;
    assert_int_equal(stat(blob.path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0444);
    free(blob.path);
}

static void a_tree_is_complete_when_it_shows(void **state)
{
    struct blob_bench *b = *state;
    char *found;
    assert_int_equal(
        jig_tree_find(b->cache, b->hold, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &found, &b->err),
        JIG_NOT_FOUND);
    JIG_CLEANUP_FREE char *path = install(b, "1.0", "old");
    assert_ok(
        b, jig_tree_find(b->cache, b->hold, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &found, &b->err));
    assert_string_equal(found, path);
    free(found);
    uint64_t bytes;
    assert_ok(b, jig_manifest_size(path, &bytes, &b->err));
    assert_int_equal(bytes, 3);
    /* who is second takes what the first has made */
    JIG_CLEANUP_FREE char *second = install(b, "1.0", "new");
    JIG_CLEANUP_FREE char *gcc = jig_path_join(second, "bin/g cc");
    struct jig_digest is, d = hash("old");
    assert_ok(b, jig_sha256_file(gcc, &is, &b->err));
    assert_true(jig_digest_equal(&is, &d));
    assert_int_equal(files_in(b, "tmp"), 0);
}

static void a_half_tree_is_not_one(void **state)
{
    struct blob_bench *b = *state;
    JIG_CLEANUP_FREE char *path = install(b, "1.0", "old");
    JIG_CLEANUP_FREE char *list = jig_path_join(path, JIG_TREE_FILE);
    char *found;
    assert_ok(b, jig_fs_remove_tree(list, &b->err));
    assert_int_equal(
        jig_tree_find(b->cache, b->hold, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &found, &b->err),
        JIG_NOT_FOUND);
    JIG_CLEANUP_FREE char *again = install(b, "1.0", "new");
    JIG_CLEANUP_FREE char *gcc = jig_path_join(again, "bin/g cc");
    struct jig_digest is, d = hash("new");
    assert_ok(b, jig_sha256_file(gcc, &is, &b->err));
    assert_true(jig_digest_equal(&is, &d));
}

static void a_name_is_one_part_of_a_path(void **state)
{
    struct blob_bench *b = *state;
    static const char *const bad[] = {"", ".", "..", "a/b", "../x", ".git", "a\nb", "\xff"};
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        struct jig_tree_staging s;
        char *path;
        assert_int_equal(jig_tree_begin(b->cache, JIG_CACHE_PLATFORMS, bad[i], "1", &s, &b->err),
                         JIG_INVALID_ARGUMENT);
        assert_int_equal(jig_tree_begin(b->cache, JIG_CACHE_PLATFORMS, "x", bad[i], &s, &b->err),
                         JIG_INVALID_ARGUMENT);
        assert_int_equal(
            jig_tree_find(b->cache, b->hold, JIG_CACHE_PLATFORMS, bad[i], "1", &path, &b->err),
            JIG_INVALID_ARGUMENT);
        assert_int_equal(jig_tree_remove(b->cache, JIG_CACHE_PLATFORMS, bad[i], "1", &b->err),
                         JIG_INVALID_ARGUMENT);
    }
}

static void a_tree_in_use_stays(void **state)
{
    struct blob_bench *b = *state;
    JIG_CLEANUP_FREE char *path = install(b, "1.0", "old");
    assert_int_equal(jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err),
                     JIG_ABORTED);
    assert_non_null(strstr(b->err.message, "gcc 1.0 is in use by a test (pid "));
    end_hold(b);
    assert_ok(b, jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err));
    assert_false(jig_fs_is_there(path));
    assert_int_equal(files_in(b, "tmp"), 0);
    assert_int_equal(jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err),
                     JIG_NOT_FOUND);
}

static void damage_of_a_tree_is_named(void **state)
{
    struct blob_bench *b = *state;
    struct jig_strv wrong = {0};
    JIG_CLEANUP_FREE char *path = install(b, "1.0", "old");
    JIG_CLEANUP_FREE char *gcc = jig_path_join(path, "bin/g cc");
    JIG_CLEANUP_FREE char *link = jig_path_join(path, "bin/cc");
    assert_ok(b, jig_manifest_check(path, &wrong, &b->err));
    assert_int_equal(wrong.n, 0);
    overwrite(gcc, "new");
    assert_int_equal(unlink(link), 0);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    assert_ok(b, jig_manifest_check(path, &wrong, &b->err));
    assert_int_equal(wrong.n, 2);
    assert_string_equal(wrong.v[0], "bin/cc: leads elsewhere");
    assert_string_equal(wrong.v[1], "bin/g cc: has another content");
    jig_strv_release(&wrong);
}

static void a_dead_process_holds_nothing(void **state)
{
    struct blob_bench *b = *state;
    JIG_CLEANUP_FREE char *path = install(b, "1.0", "old");
    end_hold(b);
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        struct jig_hold *h = new_hold(b->cache);
        char *found;
        bool ok =
            jig_tree_find(b->cache, h, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &found, NULL) == JIG_OK;
        if (write(ready[1], ok ? "y" : "n", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    char word;
    assert_int_equal(read(ready[0], &word, 1), 1);
    assert_int_equal(word, 'y');
    assert_int_equal(jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err),
                     JIG_ABORTED);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    assert_ok(b, jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err));
    assert_false(jig_fs_is_there(path));
    assert_int_equal(files_in(b, "holds"), 0);
}

static void the_second_cache_is_read(void **state)
{
    struct blob_bench *b = *state;
    struct jig_blob below = put(b, "hello"), found;
    JIG_CLEANUP_FREE char *tree = install(b, "1.0", "old");
    JIG_CLEANUP_FREE char *own = jig_path_join(b->folder, "own");
    struct jig_cache *c = open_cache(own, b->root);
    struct jig_hold *h = new_hold(c);
    struct jig_digest d = hash("hello");
    char *path;
    assert_ok(b, jig_blob_find(c, h, &d, &found, &b->err));
    assert_string_equal(found.path, below.path);
    assert_ok(b, jig_tree_find(c, h, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &path, &b->err));
    assert_string_equal(path, tree);
    assert_int_equal(jig_tree_remove(c, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err),
                     JIG_NOT_FOUND);
    free(found.path);
    /* what is damaged there is not given out, and left to its owner */
    overwrite(below.path, "jello");
    assert_int_equal(jig_blob_find(c, h, &d, &found, &b->err), JIG_NOT_FOUND);
    assert_true(jig_fs_is_there(below.path));
    free(below.path);
    free(path);
    jig_hold_free(h);
    jig_cache_close(c);
}

static mode_t mode_of(const struct blob_bench *b, const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(b->root, name);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 07777;
}

static void all_folders_are(struct blob_bench *b, mode_t mode)
{
    static const char *const names[] = {"blobs",
                                        "blobs/sha256",
                                        "blobs/sha256/2c",
                                        "installed",
                                        "installed/toolchains/gcc",
                                        "installed/toolchains/gcc/1.0",
                                        "installed/toolchains/gcc/1.0/bin"};
    static const char *const private_ones[] = {"tmp", "holds", "used", "pins"};
    mode_t was = umask(077);    /* as the daemon's */
    free(put(b, "hello").path); /* whose hash begins with 2c */
    free(install(b, "1.0", "old"));
    umask(was);
    for (size_t i = 0; i < JIG_COUNT(names); i++)
        assert_int_equal(mode_of(b, names[i]), mode);
    for (size_t i = 0; i < JIG_COUNT(private_ones); i++)
        assert_int_equal(mode_of(b, private_ones[i]), 0700);
    assert_int_equal(mode_of(b, "control"), 0600);
}

static void it_is_its_owners(void **state)
{
    struct blob_bench *b = *state;
    all_folders_are(b, 0700);
    assert_int_equal(mode_of(b, ""), 0700);
}

/* As /var/cache/jig has to be. */
static void it_may_be_for_all(void **state)
{
    struct blob_bench *b = *state;
    jig_hold_free(b->hold);
    assert_ok(b, jig_fs_remove_tree(b->root, &b->err));
    assert_int_equal(mkdir(b->root, 0700), 0);
    assert_int_equal(chmod(b->root, 0755), 0); /* whatever the umask is */
    b->hold = new_hold(b->cache);
    all_folders_are(b, 0755);
    assert_int_equal(mode_of(b, "readers.lock"), 0644);
    assert_int_equal(mode_of(b, "installed/toolchains/gcc/1.0/" JIG_TREE_FILE), 0444);
}

static void the_folder_may_be_deleted(void **state)
{
    struct blob_bench *b = *state;
    free(put(b, "hello").path);
    jig_hold_free(b->hold);
    assert_ok(b, jig_fs_remove_tree(b->root, &b->err));
    b->hold = new_hold(b->cache);
    assert_false(has(b, "hello"));
    free(put(b, "hello").path);
    assert_true(has(b, "hello"));
}

static void many_leases(void **state)
{
    struct blob_bench *b = *state;
    for (int i = 0; i < 1000; i++) {
        char text[32];
        snprintf(text, sizeof text, "blob %d", i);
        assert_false(has(b, text));
    }
    free(install(b, "1.0", "old"));
    assert_int_equal(jig_tree_remove(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", "1.0", &b->err),
                     JIG_ABORTED);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, blob_bench_setup, blob_bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_blob_is_found_under_its_hash),
        TEST(a_wrong_hash_or_size_is_not_kept),
        TEST(a_part_is_gone_on_with),
        TEST(one_at_a_time_writes_a_blob),
        TEST(a_hash_may_be_learned),
        TEST(damage_is_found),
        TEST(a_tree_is_complete_when_it_shows),
        TEST(a_half_tree_is_not_one),
        TEST(a_name_is_one_part_of_a_path),
        TEST(a_tree_in_use_stays),
        TEST(damage_of_a_tree_is_named),
        TEST(a_dead_process_holds_nothing),
        TEST(the_second_cache_is_read),
        TEST(it_is_its_owners),
        TEST(it_may_be_for_all),
        TEST(the_folder_may_be_deleted),
        TEST(many_leases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
