/*
 * lnk_fault_test.c - a pull that is killed, or finds the disk full, at each of its steps.
 *
 * A step is a system call that changes something. A pull is ended at its Nth step, by SIGKILL
 * before it, or finds the disk full from there on; for every N, until it is done undisturbed.
 * Afterwards the same pull succeeds, all contents are right, and nothing else is left where builds
 * look.
 */
#include "tests/support/faults.h"
#include "tests/support/unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/blob.h"
#include "core/lnk/pull.h"
#include "core/os/fs.h"

#define MOST_STEPS 600

/* ---- more calls of core/os, by the linker's --wrap ---- */

ssize_t __real_copy_file_range(int from, off_t *a, int to, off_t *b, size_t n, unsigned flags);
ssize_t __wrap_copy_file_range(int from, off_t *a, int to, off_t *b, size_t n, unsigned flags);
ssize_t __wrap_copy_file_range(int from, off_t *a, int to, off_t *b, size_t n, unsigned flags)
{
    return faults_step(true) ? -1 : __real_copy_file_range(from, a, to, b, n, flags);
}

int __real_symlink(const char *to, const char *path);
int __wrap_symlink(const char *to, const char *path);
int __wrap_symlink(const char *to, const char *path)
{
    return faults_step(true) ? -1 : __real_symlink(to, path);
}

/* ---- the work ---- */

/* A tar with the file "in/tree.txt" ("a tree\n") and the link "in/link" to it. */
struct tar {
    char bytes[5 * 512];
};

static void put_header(char *h, const char *name, char type, const char *link, unsigned size)
{
    unsigned sum = 0;
    memcpy(h, name, strlen(name));
    memcpy(h + 100, "0000644", 7);
    memcpy(h + 108, "0000000", 7);
    memcpy(h + 116, "0000000", 7);
    snprintf(h + 124, 12, "%011o", size);
    memcpy(h + 136, "00000000000", 11);
    memset(h + 148, ' ', 8);
    h[156] = type;
    memcpy(h + 157, link, strlen(link));
    memcpy(h + 257, "ustar\00000", 8);
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
}

static struct tar make_tar(void)
{
    struct tar t = {{0}};
    put_header(t.bytes, "in/tree.txt", '0', "", 7);
    memcpy(t.bytes + 512, "a tree\n", 7);
    put_header(t.bytes + 1024, "in/link", '2', "tree.txt", 0);
    return t;
}

static enum jig_code give(void *ctx, const struct jig_lnk_item *item, struct jig_hold *hold,
                          const struct jig_until *until, struct jig_blob *ret,
                          struct jig_lnk_origin *ret_origin, struct jig_err *reterr)
{
    const char *name = jig_path_base(item->pointer.url);
    struct tar tar = make_tar();
    bool is_tar = strcmp(name, "tar") == 0;
    const char *data = is_tar ? tar.bytes : name;
    size_t n = is_tar ? sizeof tar.bytes : strlen(name);
    struct jig_blob_writer *w = NULL;
    (void)until;
    *ret_origin = (struct jig_lnk_origin){.url = item->pointer.url, .bytes = n};
    enum jig_code code = jig_blob_begin(ctx, &item->row->sha256, &w, reterr);
    if (code == JIG_OK && jig_blob_written(w) > 0) /* of one that was killed */
        code = jig_blob_restart(w, reterr);
    if (code == JIG_OK)
        code = jig_blob_write(w, data, n, reterr);
    if (code == JIG_OK)
        return jig_blob_commit(w, hold, JIG_CACHE_LNK, NULL, -1, ret, reterr);
    jig_blob_abort(w, false);
    return code;
}

/* The blob came, and the ledger was not written any more: the URL is asked once more. */
static enum jig_code vouch(void *ctx, const struct jig_pointer *p, const struct jig_until *until,
                           struct jig_err *reterr)
{
    (void)ctx;
    (void)p;
    (void)until;
    (void)reterr;
    return JIG_OK;
}

/* One pull of the project in `folder`, in this process and this thread. */
static enum jig_code pull(const char *folder, struct jig_err *err)
{
    JIG_CLEANUP_FREE char *root = jig_path_join(folder, "project");
    JIG_CLEANUP_FREE char *base = jig_path_join(root, ".jig/build");
    JIG_CLEANUP_FREE char *above = jig_path_dir(folder);
    JIG_CLEANUP_FREE char *cache_dir = jig_path_join(above, "cache"); /* one for all: it is large */
    JIG_CLEANUP_FREE char *ledger = jig_path_join(cache_dir, "lnk-ledger");
    struct jig_cache_options options = {.root = cache_dir};
    struct jig_cache *cache = NULL;
    struct jig_hold *hold = NULL;
    struct jig_lnk_report report = {0};
    enum jig_code code = jig_cache_open(&options, &cache, err);
    if (code == JIG_OK)
        code = jig_hold_new(cache, "a test", &hold, err);
    struct jig_lnk_source source = {.pull = give, .prove = vouch, .ctx = cache};
    struct jig_lnk_pull_spec spec = {.root = root,
                                     .base = base,
                                     .cache = cache,
                                     .hold = hold,
                                     .ledger = jig_ledger_open(ledger),
                                     .source = &source,
                                     .jobs = 1,
                                     .until = JIG_UNTIL_FOREVER};
    if (code == JIG_OK)
        code = jig_lnk_pull(&spec, &report, err);
    jig_lnk_report_release(&report);
    jig_ledger_close(spec.ledger);
    jig_hold_free(hold);
    jig_cache_close(cache);
    return code;
}

static void put_pointer(const char *folder, const char *name, const char *content)
{
    char hex[JIG_SHA256_HEX];
    struct tar tar = make_tar();
    bool is_tar = strcmp(content, "tar") == 0;
    struct jig_digest d = is_tar ? jig_sha256_of(tar.bytes, sizeof tar.bytes)
                                 : jig_sha256_of(content, strlen(content));
    jig_digest_hex(&d, hex);
    JIG_CLEANUP_FREE char *path = jig_strf("%s/project/%s", folder, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    JIG_CLEANUP_FREE char *text =
        jig_strf("{\"v\":1,\"url\":\"https://x.org/%s\",\"sha256\":\"%s\"%s}", content, hex,
                 is_tar ? ",\"extract\":\"tar\"" : "");
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_unsynced(path, text, strlen(text), 0600, NULL), JIG_OK);
}

/* What was pulled once, and what there is to do now: one content stays, one goes, one changes, a
 * tree and a file come. */
static void prepare(const char *folder, int n)
{
    struct jig_err err = JIG_ERR_INIT;
    char after[32], comes[32]; /* nobody has them yet */
    snprintf(after, sizeof after, "after%d", n);
    snprintf(comes, sizeof comes, "comes%d", n);
    put_pointer(folder, "stays.lnk", "stays");
    put_pointer(folder, "deep/goes.lnk", "goes");
    put_pointer(folder, "deep/changes.lnk", "before");
    if (pull(folder, &err) != JIG_OK)
        fail_msg("%s", err.message);
    JIG_CLEANUP_FREE char *gone = jig_path_join(folder, "project/deep/goes.lnk");
    assert_int_equal(unlink(gone), 0);
    put_pointer(folder, "deep/changes.lnk", after);
    put_pointer(folder, "lib/comes.lnk", "tar");
    put_pointer(folder, "src/comes.lnk", comes);
}

static enum jig_walk list(void *ctx, const struct jig_walk_entry *e)
{
    if (!e->is_dir)
        jig_strv_append(ctx, e->relative);
    return JIG_WALK_INTO;
}

static void check_content(const char *folder, const char *name, const char *expected)
{
    struct jig_buf text;
    JIG_CLEANUP_FREE char *path = jig_strf("%s/project/.jig/build/.lnk/files/%s", folder, name);
    jig_buf_init(&text, 4096);
    assert_int_equal(jig_fs_read(path, &text, NULL), JIG_OK);
    assert_string_equal(text.data, expected);
    jig_buf_release(&text);
}

static void check_all(const char *folder, int n)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv files = {0};
    JIG_CLEANUP_FREE char *made = jig_path_join(folder, "project/.jig/build/.lnk/files");
    if (pull(folder, &err) != JIG_OK)
        fail_msg("after step %d: %s", n, err.message);
    assert_int_equal(jig_fs_walk(made, false, list, &files, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&files, " ");
    assert_string_equal(all,
                        "deep/changes lib/comes/in/link lib/comes/in/tree.txt src/comes stays");
    jig_strv_release(&files);
    JIG_CLEANUP_FREE char *after = jig_strf("after%d", n);
    JIG_CLEANUP_FREE char *comes = jig_strf("comes%d", n);
    check_content(folder, "stays", "stays");
    check_content(folder, "deep/changes", after);
    check_content(folder, "lib/comes/in/link", "a tree\n");
    check_content(folder, "src/comes", comes);
}

/* The pull as a process of its own, disturbed at step n. True when it was not. */
static bool disturbed(const char *folder, enum fault how, int n)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct jig_err err = JIG_ERR_INIT;
        faults_begin(how, n);
        enum jig_code code = pull(folder, &err);
        _exit(faults_end() < n ? 0 : code == JIG_OK ? 2 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        assert_true(how == FAULT_KILLED && WTERMSIG(status) == SIGKILL);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void sweep(const char *folder, enum fault how)
{
    int n = 1;
    for (;; n++) {
        JIG_CLEANUP_FREE char *one = jig_strf("%s/%d", folder, n);
        assert_int_equal(jig_fs_mkdirs(one, 0700, NULL), JIG_OK);
        prepare(one, n);
        bool done = disturbed(one, how, n);
        check_all(one, n);
        assert_int_equal(jig_fs_remove_tree(one, NULL), JIG_OK);
        if (done)
            break;
        assert_true(n < MOST_STEPS);
    }
    assert_true(n > 30); /* or the steps were not seen */
}

static void test_killed_at_each_step(void **state)
{
    sweep(*state, FAULT_KILLED);
}

static void test_disk_full_at_each_step(void **state)
{
    sweep(*state, FAULT_FULL);
}

/* Several processes at once, each with all that it takes: one works, the others wait, and find it
 * done. What they pull is as if one had. */
static void test_many_processes_pull_one_project(void **state)
{
    enum { PULLERS = 4, TURNS = 3 };
    JIG_CLEANUP_FREE char *one = jig_path_join(*state, "shared/1");
    assert_int_equal(jig_fs_mkdirs(one, 0700, NULL), JIG_OK);
    for (int turn = 1; turn <= TURNS; turn++) {
        pid_t pids[PULLERS];
        prepare(one, turn);
        for (int i = 0; i < PULLERS; i++) {
            pids[i] = fork();
            assert_true(pids[i] >= 0);
            if (pids[i] == 0) {
                struct jig_err err = JIG_ERR_INIT;
                _exit(pull(one, &err) == JIG_OK ? 0 : 1);
            }
        }
        for (int i = 0; i < PULLERS; i++) {
            int status = 0;
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
        }
        check_all(one, turn);
        JIG_CLEANUP_FREE char *comes = jig_path_join(one, "project/src/comes.lnk");
        JIG_CLEANUP_FREE char *tree = jig_path_join(one, "project/lib/comes.lnk");
        assert_int_equal(unlink(comes) + unlink(tree), 0); /* come anew in the next turn */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_killed_at_each_step, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(test_disk_full_at_each_step, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(test_many_processes_pull_one_project, unit_folder_setup,
                                        unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
