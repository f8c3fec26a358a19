/* What pointers stand for, in its place: from the cache, from a source, and no longer. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/blob.h"
#include "core/lnk/pull.h"
#include "core/os/fs.h"
#include "core/os/sighting.h"
#include "tests/support/stamps.h"

/* The net: contents by URL, and how often each way was asked. */
struct net {
    struct jig_map contents; /* url -> text, borrowed */
    bool down;
    const char *rewritten; /* a pointer that changes while something is pulled; NULL */
    const char *rewritten_text;
    atomic_uint pulls;
    atomic_uint asks;
};

struct rig {
    char *folder;
    char *root;
    char *base;
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_ledger *ledger;
    struct net net;
    struct jig_lnk_source source;
    struct jig_lnk_report report;
    struct jig_err err;
    unsigned notices;
    unsigned waits;
    struct jig_until until;
    size_t jobs;
};

static enum jig_code no_net(struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_UNAVAILABLE, "there is no network");
}

static enum jig_code net_ask(void *ctx, const struct jig_pointer *p, const struct jig_until *until,
                             struct jig_err *reterr)
{
    struct rig *r = ctx;
    (void)until;
    const char *text = jig_map_get(&r->net.contents, p->url);
    atomic_fetch_add(&r->net.asks, 1);
    if (r->net.down || text == NULL)
        return no_net(reterr);
    struct jig_digest got = jig_sha256_of(text, strlen(text));
    return jig_digest_equal(&got, &p->sha256)
               ? JIG_OK
               : jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY, "it is another one");
}

static void rewrite(struct rig *r);

/* The pointer's URL, or its first mirror that has something. */
static const char *net_has(struct rig *r, const struct jig_pointer *p, const char **ret_url)
{
    const char *text = jig_map_get(&r->net.contents, p->url);
    *ret_url = p->url;
    for (size_t i = 0; text == NULL && i < p->mirrors.n; i++) {
        *ret_url = p->mirrors.v[i];
        text = jig_map_get(&r->net.contents, *ret_url);
    }
    return text;
}

static enum jig_code net_pull(void *ctx, const struct jig_lnk_item *item, struct jig_hold *hold,
                              const struct jig_until *until, struct jig_blob *ret,
                              struct jig_lnk_origin *ret_origin, struct jig_err *reterr)
{
    struct rig *r = ctx;
    struct jig_blob_writer *w = NULL;
    (void)until;
    rewrite(r);
    const char *text = net_has(r, &item->pointer, &ret_origin->url);
    atomic_fetch_add(&r->net.pulls, 1);
    if (r->net.down || text == NULL)
        return no_net(reterr);
    ret_origin->bytes = strlen(text);
    enum jig_code code = jig_blob_begin(r->cache, &item->row->sha256, &w, reterr);
    if (code == JIG_OK)
        code = jig_blob_write(w, text, strlen(text), reterr);
    if (code != JIG_OK) {
        jig_blob_abort(w, false);
        return code;
    }
    return jig_blob_commit(w, hold, JIG_CACHE_LNK, NULL, item->pointer.size, ret, reterr);
}

static void open_cache(struct rig *r)
{
    JIG_CLEANUP_FREE char *cache = jig_path_join(r->folder, "cache");
    JIG_CLEANUP_FREE char *ledger = jig_path_join(r->folder, "cache/lnk-ledger");
    struct jig_cache_options options = {.root = cache};
    assert_int_equal(jig_cache_open(&options, &r->cache, &r->err), JIG_OK);
    assert_int_equal(jig_hold_new(r->cache, "a test", &r->hold, &r->err), JIG_OK);
    r->ledger = jig_ledger_open(ledger);
}

static void close_cache(struct rig *r)
{
    jig_hold_free(r->hold);
    jig_cache_close(r->cache);
    jig_ledger_close(r->ledger);
}

static int setup(void **state)
{
    struct rig *r = jig_new(struct rig);
    if (unit_folder_setup((void **)&r->folder) != 0)
        return -1;
    r->until = JIG_UNTIL_FOREVER;
    r->root = jig_path_join(r->folder, "project");
    r->base = jig_path_join(r->root, ".jig/build");
    jig_map_init(&r->net.contents, NULL);
    r->source = (struct jig_lnk_source){.pull = net_pull, .prove = net_ask, .ctx = r};
    if (jig_fs_mkdirs(r->root, 0700, NULL) != JIG_OK)
        return -1;
    open_cache(r);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;
    jig_lnk_report_release(&r->report);
    close_cache(r);
    jig_map_release(&r->net.contents);
    void *folder = r->folder;
    int rc = unit_folder_teardown(&folder);
    free(r->root);
    free(r->base);
    free(r);
    return rc;
}

static void put_file(const struct rig *r, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(r->root, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0600, NULL), JIG_OK);
}

/* A pointer to `text`, which the net has at `url`. */
static void put_pointer_to(struct rig *r, const char *name, const char *url, const char *text,
                           const char *more)
{
    char hex[JIG_SHA256_HEX];
    struct jig_digest d = jig_sha256_of(text, strlen(text));
    jig_digest_hex(&d, hex);
    JIG_CLEANUP_FREE char *json =
        jig_strf("{\"v\":1,\"url\":\"%s\",\"sha256\":\"%s\"%s}", url, hex, more);
    put_file(r, name, json);
}

static void put_pointer(struct rig *r, const char *name, const char *url, const char *text)
{
    jig_map_set(&r->net.contents, url, (void *)(uintptr_t)text);
    put_pointer_to(r, name, url, text, "");
}

/* For tests with one job: several pulls may run this at once, and then there is nothing to do. */
static void rewrite(struct rig *r)
{
    if (r->net.rewritten == NULL)
        return;
    put_pointer(r, r->net.rewritten, "https://x.org/rewritten", r->net.rewritten_text);
    r->net.rewritten = NULL;
}

static void on_notice(void *ctx, const char *id, const char *text)
{
    struct rig *r = ctx;
    (void)text;
    if (strcmp(id, "lnk.unproven") == 0)
        r->notices++;
}

static void on_wait(void *ctx, const char *holder)
{
    struct rig *r = ctx;
    assert_non_null(strstr(holder, "builds"));
    r->waits++;
}

static enum jig_code run(struct rig *r, bool with_net, bool prove)
{
    struct jig_lnk_events events = {.ctx = r, .notice = on_notice, .waits = on_wait};
    struct jig_lnk_pull_spec spec = {.root = r->root,
                                     .base = r->base,
                                     .holder = "a test",
                                     .cache = r->cache,
                                     .hold = r->hold,
                                     .ledger = r->ledger,
                                     .source = with_net ? &r->source : NULL,
                                     .prove = prove,
                                     .jobs = r->jobs,
                                     .until = r->until,
                                     .events = &events};
    jig_lnk_report_release(&r->report);
    return jig_lnk_pull(&spec, &r->report, &r->err);
}

static void pull(struct rig *r)
{
    if (run(r, true, true) != JIG_OK)
        fail_msg("%s", r->err.message);
}

static enum jig_code check(struct rig *r, bool deep)
{
    struct jig_lnk_pull_spec spec = {.root = r->root,
                                     .base = r->base,
                                     .cache = r->cache,
                                     .hold = r->hold,
                                     .ledger = r->ledger,
                                     .until = JIG_UNTIL_FOREVER};
    jig_lnk_report_release(&r->report);
    return jig_lnk_check(&spec, deep, &r->report, &r->err);
}

static char *made(const struct rig *r, const char *name)
{
    return jig_lnk_made_path(r->base, name);
}

static void check_made(const struct rig *r, const char *name, const char *expected)
{
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    JIG_CLEANUP_FREE char *path = made(r, name);
    assert_int_equal(jig_fs_read(path, &text, NULL), JIG_OK);
    assert_string_equal(text.data, expected);
    jig_buf_release(&text);
}

static bool is_made(const struct rig *r, const char *name)
{
    JIG_CLEANUP_FREE char *path = made(r, name);
    return jig_fs_is_there(path);
}

/* ---- */

static void test_is_fetched_once_and_then_known(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "data/a.txt.lnk", "https://x.org/a", "alpha");
    put_pointer(r, "src/deep/b.txt.lnk", "https://x.org/b", "beta");
    pull(r);
    assert_int_equal(r->report.n, 2);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_FETCHED);
    assert_int_equal(r->report.items[0].received, 5);
    assert_true(r->report.changed);
    check_made(r, "data/a.txt.lnk", "alpha");
    check_made(r, "src/deep/b.txt.lnk", "beta");
    pull(r);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_CACHED);
    assert_int_equal(r->report.items[0].size, 5);
    assert_non_null(r->report.items[0].materialized);
    assert_int_equal(atomic_load(&r->net.pulls), 2);
    assert_int_equal(atomic_load(&r->net.asks), 0);
}

static void test_restart_and_no_network(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    close_cache(r);
    open_cache(r);
    r->net.down = true;
    JIG_CLEANUP_FREE char *folder = jig_lnk_folder(r->base);
    assert_int_equal(jig_fs_remove_tree(folder, NULL), JIG_OK); /* also a build folder made anew */
    pull(r);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_CACHED);
    check_made(r, "a.txt.lnk", "alpha");
    assert_int_equal(r->notices, 0);
}

static void test_made_files_are_read_only_copies(void **state)
{
    struct rig *r = *state;
    struct stat made_st, blob_st;
    struct jig_blob blob;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    JIG_CLEANUP_FREE char *path = made(r, "a.txt.lnk");
    assert_int_equal(jig_blob_find(r->cache, r->hold, &r->report.items[0].sha256, &blob, NULL),
                     JIG_OK);
    assert_int_equal(stat(path, &made_st), 0);
    assert_int_equal(stat(blob.path, &blob_st), 0);
    assert_int_equal(made_st.st_mode & 07777, 0444);
    assert_int_not_equal(made_st.st_ino, blob_st.st_ino);
    /* who writes to it all the same harms nobody else, and it is made anew */
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(jig_fs_write_atomic(path, "x", 1, 0644, NULL), JIG_OK);
    pull(r);
    check_made(r, "a.txt.lnk", "alpha");
    assert_int_equal(atomic_load(&r->net.pulls), 1);
    free(blob.path);
}

static void test_a_same_size_write_in_the_same_tick_is_seen(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    /* the stamps that the state has are young: equal ones prove nothing */
    JIG_CLEANUP_FREE char *path = made(r, "a.txt.lnk");
    assert_int_equal(chmod(path, 0644), 0);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fwrite("ALPHA", 1, 5, f), 5);
    fclose(f);
    assert_int_equal(chmod(path, 0444), 0);
    pull(r);
    check_made(r, "a.txt.lnk", "alpha");
    /* and a pointer that another of the same length took the place of at once */
    for (int i = 0; i < 20; i++) {
        put_pointer(r, "a.txt.lnk", "https://x.org/a", i % 2 == 0 ? "gamma" : "alpha");
        pull(r);
        check_made(r, "a.txt.lnk", i % 2 == 0 ? "gamma" : "alpha");
    }
}

static void set_time(const struct rig *r, const char *path, time_t s)
{
    struct timespec times[2] = {{.tv_sec = s}, {.tv_sec = s}};
    JIG_CLEANUP_FREE char *absolute =
        path[0] == '/' ? jig_xstrdup(path) : jig_path_join(r->root, path);
    assert_int_equal(utimensat(AT_FDCWD, absolute, times, 0), 0);
}

/* The clock was set back: what was written before is of a time to come, and its stamp is never
 * believed. Nothing is missed, and nothing is fetched twice. */
static void test_stamps_of_the_future_are_not_believed(void **state)
{
    struct rig *r = *state;
    time_t tomorrow = time(NULL) + 24L * 3600;
    JIG_CLEANUP_FREE char *path = made(r, "a.txt.lnk");
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    set_time(r, "a.txt.lnk", tomorrow);
    pull(r);
    assert_int_equal(chmod(path, 0644), 0);
    set_time(r, path, tomorrow);
    pull(r);
    let_stamps_grow_old();
    struct jig_lnk_look look;
    assert_int_equal(jig_lnk_look(r->root, r->base, &look, NULL), JIG_OK);
    assert_true(look.items[0].is_read); /* by its stamp it would not be */
    assert_true(look.items[0].holds);
    assert_false(jig_lnk_look_needs_pull(&look));
    jig_lnk_look_release(&look);
    assert_int_equal(atomic_load(&r->net.pulls), 1);
    /* other bytes of the same size and the same time */
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fwrite("ALPHA", 1, 5, f), 5);
    fclose(f);
    set_time(r, path, tomorrow);
    pull(r);
    check_made(r, "a.txt.lnk", "alpha");
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "gamma");
    set_time(r, "a.txt.lnk", tomorrow);
    pull(r);
    check_made(r, "a.txt.lnk", "gamma");
}

/* Who builds has a share: what is there stays as it is until they are done. */
static void test_a_share_keeps_what_is_there(void **state)
{
    struct rig *r = *state;
    struct jig_lock share = JIG_LOCK_INIT;
    struct jig_lock another = JIG_LOCK_INIT;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    assert_false(jig_lnk_mark(r->base).sure);
    pull(r);
    let_stamps_grow_old();
    struct jig_lnk_mark mark = jig_lnk_mark(r->base);
    assert_int_equal(jig_lnk_share(&share, r->base, &JIG_UNTIL_FOREVER, NULL), JIG_OK);
    assert_int_equal(jig_lnk_share(&another, r->base, &JIG_UNTIL_FOREVER, NULL), JIG_OK);
    assert_true(jig_lnk_mark_holds(&mark, r->base));
    pull(r); /* it has nothing to do */
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "gamma");
    r->until = jig_until_sooner(&JIG_UNTIL_FOREVER, 0);
    assert_int_equal(run(r, true, true), JIG_DEADLINE_EXCEEDED);
    assert_int_equal(r->waits, 1);
    check_made(r, "a.txt.lnk", "alpha");
    assert_true(jig_lnk_mark_holds(&mark, r->base));
    jig_lock_release(&share);
    assert_int_equal(run(r, true, true), JIG_DEADLINE_EXCEEDED);
    jig_lock_release(&another);
    r->until = JIG_UNTIL_FOREVER;
    pull(r);
    check_made(r, "a.txt.lnk", "gamma");
    assert_false(jig_lnk_mark_holds(&mark, r->base));
    /* somebody removed the lock's file */
    JIG_CLEANUP_FREE char *folder = jig_lnk_folder(r->base);
    JIG_CLEANUP_FREE char *lock = jig_path_join(folder, "lock");
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(jig_lnk_share(&share, r->base, &JIG_UNTIL_FOREVER, NULL), JIG_OK);
    jig_lock_release(&share);
}

static void test_what_is_stale_goes(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "data/a.txt.lnk", "https://x.org/a", "alpha");
    put_pointer(r, "data/deep/b.txt.lnk", "https://x.org/b", "beta");
    pull(r);
    JIG_CLEANUP_FREE char *gone = jig_path_join(r->root, "data/deep/b.txt.lnk");
    assert_int_equal(unlink(gone), 0);
    pull(r);
    assert_int_equal(r->report.removed, 1);
    assert_false(is_made(r, "data/deep/b.txt.lnk"));
    JIG_CLEANUP_FREE char *folder = made(r, "data/deep");
    assert_false(jig_fs_is_there(folder));
    assert_true(is_made(r, "data/a.txt.lnk"));
}

static void test_an_old_content_never_stands_for_a_new_pointer(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    r->net.down = true;
    put_pointer(r, "a.txt.lnk", "https://x.org/b", "beta");
    assert_int_equal(run(r, true, true), JIG_UNAVAILABLE);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_FAILED);
    assert_null(r->report.items[0].materialized);
    assert_non_null(strstr(r->err.message, "a.txt.lnk"));
    assert_false(is_made(r, "a.txt.lnk"));
    put_file(r, "a.txt.lnk", "{}");
    assert_int_equal(run(r, true, true), JIG_INVALID_ARGUMENT);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_INVALID);
    assert_int_equal(r->err.reason, JIG_REASON_BAD_PROJECT);
}

static void test_hash_and_size_are_checked(void **state)
{
    struct rig *r = *state;
    jig_map_set(&r->net.contents, "https://x.org/a", (void *)(uintptr_t) "not alpha");
    put_pointer_to(r, "a.txt.lnk", "https://x.org/a", "alpha", "");
    put_pointer(r, "ok.txt.lnk", "https://x.org/ok", "fine");
    assert_int_equal(run(r, true, true), JIG_DATA_LOSS);
    assert_int_equal(r->err.reason, JIG_REASON_INTEGRITY);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_MISMATCH);
    assert_false(is_made(r, "a.txt.lnk"));
    assert_true(is_made(r, "ok.txt.lnk")); /* one failure does not keep the others */
    /* the size, also of what is in the cache already */
    put_pointer_to(r, "a.txt.lnk", "https://x.org/ok", "fine", ",\"size\":5");
    assert_int_equal(run(r, true, true), JIG_DATA_LOSS);
    assert_non_null(strstr(r->err.message, "5"));
    assert_non_null(strstr(r->err.message, "4"));
    assert_false(is_made(r, "a.txt.lnk"));
}

static void test_a_new_url_with_an_old_hash_is_proven_once(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    /* a URL that gives the same */
    put_pointer(r, "a.txt.lnk", "https://x.org/a2", "alpha");
    pull(r);
    pull(r);
    assert_int_equal(atomic_load(&r->net.asks), 1);
    /* one that gives something else: the old bytes must not go by its name */
    jig_map_set(&r->net.contents, "https://x.org/v2", (void *)(uintptr_t) "alpha 2");
    put_pointer_to(r, "a.txt.lnk", "https://x.org/v2", "alpha", "");
    assert_int_equal(run(r, true, true), JIG_DATA_LOSS);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_MISMATCH);
    assert_false(is_made(r, "a.txt.lnk"));
    assert_int_equal(atomic_load(&r->net.pulls), 1);
}

static void remove_base(const struct rig *r)
{
    assert_int_equal(jig_fs_remove_tree(r->base, NULL), JIG_OK);
}

static void test_what_cannot_be_proven_is_flagged(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    r->net.down = true;
    put_pointer(r, "a.txt.lnk", "https://x.org/a2", "alpha");
    assert_int_equal(run(r, true, false), JIG_OK); /* a build */
    assert_int_equal(r->notices, 1);
    assert_true(is_made(r, "a.txt.lnk"));
    unsigned asked = atomic_load(&r->net.asks);
    assert_int_equal(run(r, true, false), JIG_OK); /* which does not ask each time */
    assert_int_equal(atomic_load(&r->net.asks), asked);
    r->net.down = false;
    pull(r); /* but a pull does */
    assert_int_equal(atomic_load(&r->net.asks), asked + 1);
    pull(r);
    assert_int_equal(atomic_load(&r->net.asks), asked + 1);
}

static bool knows(const struct rig *r, const char *url, const char *text)
{
    struct jig_digest d = jig_sha256_of(text, strlen(text));
    return jig_ledger_has(r->ledger, url, &d);
}

/* By the hash alone all is well; whose bytes they are, nobody has seen. */
static void test_check_marks_what_is_unproven(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    assert_int_equal(check(r, false), JIG_OK);
    assert_false(r->report.items[0].unproven);
    /* a URL that was never asked: before a pull, and after one that could not ask */
    put_pointer(r, "a.txt.lnk", "https://x.org/a2", "alpha");
    for (int deep = 0; deep < 2; deep++) {
        assert_int_equal(check(r, deep != 0), JIG_OK);
        assert_int_equal(r->report.items[0].outcome, JIG_LNK_OK);
        assert_true(r->report.items[0].unproven);
        assert_false(r->report.as_was); /* or it would be remembered as well */
    }
    assert_int_equal(run(r, false, false), JIG_OK); /* a build without a network has it */
    assert_true(r->report.items[0].unproven);
    assert_int_equal(check(r, false), JIG_OK);
    assert_true(r->report.items[0].unproven);
    assert_int_equal(atomic_load(&r->net.asks), 0); /* a check asks nobody */
    pull(r);
    assert_false(r->report.items[0].unproven);
    assert_int_equal(check(r, false), JIG_OK);
    assert_false(r->report.items[0].unproven);
    /* another project's pointer to the same, which was never pulled: the cache has all it takes */
    remove_base(r);
    assert_int_equal(check(r, false), JIG_OK);
    assert_false(r->report.items[0].unproven);
    put_pointer(r, "a.txt.lnk", "https://x.org/a3", "alpha");
    assert_int_equal(check(r, false), JIG_OK);
    assert_true(r->report.items[0].unproven);
    /* what is not there is missing, and no more than that */
    put_pointer(r, "a.txt.lnk", "https://x.org/b", "beta");
    assert_int_equal(check(r, false), JIG_NOT_FOUND);
    assert_false(r->report.items[0].unproven);
}

static void remove_made(const struct rig *r)
{
    JIG_CLEANUP_FREE char *folder = jig_lnk_folder(r->base);
    assert_int_equal(jig_fs_remove_tree(folder, NULL), JIG_OK);
}

#define MIRROR "https://m.org/a"

static void test_a_mirror_proves_itself_only(void **state)
{
    struct rig *r = *state;
    jig_map_set(&r->net.contents, MIRROR, (void *)(uintptr_t) "alpha");
    put_pointer_to(r, "a.txt.lnk", "https://x.org/a", "alpha", ",\"mirrors\":[\"" MIRROR "\"]");
    pull(r);
    check_made(r, "a.txt.lnk", "alpha");
    assert_int_equal(r->notices, 1);
    assert_true(knows(r, MIRROR, "alpha"));
    assert_false(knows(r, "https://x.org/a", "alpha"));
    pull(r); /* said once */
    assert_int_equal(r->notices, 1);
    assert_int_equal(atomic_load(&r->net.asks), 0);
    /* the URL gives something else by now: the mirror's bytes stay, and it is said */
    jig_map_set(&r->net.contents, "https://x.org/a", (void *)(uintptr_t) "another");
    remove_made(r);
    pull(r);
    assert_int_equal(atomic_load(&r->net.asks), 1);
    assert_int_equal(r->notices, 2);
    check_made(r, "a.txt.lnk", "alpha");
    /* without the mirror, that URL does not go by these bytes */
    put_pointer_to(r, "a.txt.lnk", "https://x.org/a", "alpha", "");
    remove_made(r);
    assert_int_equal(run(r, true, true), JIG_DATA_LOSS);
}

/* Between the look, which believes an old stamp, and its own turn. */
static void test_a_pointer_that_changes_meanwhile(void **state)
{
    struct rig *r = *state;
    r->jobs = 1;
    put_pointer(r, "b.txt.lnk", "https://x.org/b", "beta");
    let_stamps_grow_old();
    pull(r);
    JIG_CLEANUP_FREE char *b = made(r, "b.txt.lnk");
    assert_int_equal(jig_fs_remove_tree(b, NULL), JIG_OK);
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    r->net.rewritten = "b.txt.lnk";
    r->net.rewritten_text = "gamma";
    pull(r);
    check_made(r, "b.txt.lnk", "gamma");
    assert_false(knows(r, "https://x.org/rewritten", "beta"));
    struct jig_digest gamma = jig_sha256_of("gamma", 5);
    assert_true(jig_digest_equal(&r->report.items[1].sha256, &gamma));
    pull(r);
    check_made(r, "b.txt.lnk", "gamma");
    put_pointer(r, "b.txt.lnk", "https://x.org/b", "beta");
    pull(r);
    check_made(r, "b.txt.lnk", "beta");
}

/* A project may come with such links; what they lead to is nobody's to sweep. */
static void test_links_in_our_places(void **state)
{
    struct rig *r = *state;
    static const char *const places[] = {".lnk", ".lnk/files"};
    JIG_CLEANUP_FREE char *precious = jig_path_join(r->folder, "precious");
    JIG_CLEANUP_FREE char *file = jig_path_join(precious, "files/kept.txt");
    JIG_CLEANUP_FREE char *dir = jig_path_dir(file);
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(file, "x", 1, 0600, NULL), JIG_OK);
    for (size_t i = 0; i < JIG_COUNT(places); i++) {
        JIG_CLEANUP_FREE char *place = jig_path_join(r->base, places[i]);
        JIG_CLEANUP_FREE char *above = jig_path_dir(place);
        remove_made(r);
        assert_int_equal(jig_fs_mkdirs(above, 0700, NULL), JIG_OK);
        assert_int_equal(symlink(i == 0 ? precious : dir, place), 0);
        pull(r);
        check_made(r, "a.txt.lnk", "alpha");
        assert_true(jig_fs_is_file(file));
    }
}

static void test_windows_shortcuts_are_left_alone(void **state)
{
    struct rig *r = *state;
    static const char shortcut[] = "L\0\0\0\x01\x14\x02\0\0\0\0\0\xc0";
    JIG_CLEANUP_FREE char *path = jig_path_join(r->root, "Arduino.lnk");
    assert_int_equal(jig_fs_write_atomic(path, shortcut, sizeof shortcut, 0600, NULL), JIG_OK);
    pull(r);
    assert_int_equal(r->report.n, 0);
    assert_true(r->report.as_was);
    assert_false(jig_fs_is_there(r->base));
    put_pointer(r, "z.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    assert_int_equal(r->report.n, 1);
    check_made(r, "z.txt.lnk", "alpha");
}

static void test_two_pointers_in_each_others_way(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.lnk", "https://x.org/a", "alpha");
    put_pointer(r, "a/b.lnk", "https://x.org/b", "beta");
    assert_int_equal(run(r, true, true), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(r->err.message, "a/b.lnk"));
    put_pointer(r, "...lnk", "https://x.org/a", "alpha");
    assert_int_equal(run(r, true, true), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(r->err.message, "...lnk"));
}

static void test_same_names_in_two_folders(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a/x.txt.lnk", "https://x.org/a", "alpha");
    put_pointer(r, "b/x.txt.lnk", "https://x.org/b", "beta");
    pull(r);
    check_made(r, "a/x.txt.lnk", "alpha");
    check_made(r, "b/x.txt.lnk", "beta");
}

static void test_a_damaged_state_is_none(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    JIG_CLEANUP_FREE char *path = jig_path_join(r->base, ".lnk/state");
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    assert_int_equal(jig_fs_read(path, &text, NULL), JIG_OK);
    for (size_t at = 0; at < text.len; at += 7) {
        text.data[at] ^= 1;
        assert_int_equal(jig_fs_write_atomic(path, text.data, text.len, 0600, NULL), JIG_OK);
        struct jig_lnk_state s;
        jig_lnk_state_init(&s);
        jig_lnk_state_load(&s, r->base);
        assert_int_equal(s.rows.count, 0);
        jig_lnk_state_release(&s);
        text.data[at] ^= 1;
    }
    jig_buf_release(&text);
    pull(r);
    check_made(r, "a.txt.lnk", "alpha");
    assert_int_equal(atomic_load(&r->net.pulls), 1);
}

static void test_check_says_and_changes_nothing(void **state)
{
    struct rig *r = *state;
    put_pointer(r, "a.txt.lnk", "https://x.org/a", "alpha");
    assert_int_equal(check(r, false), JIG_NOT_FOUND);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_MISSING);
    assert_false(jig_fs_is_there(r->base));
    pull(r);
    assert_int_equal(check(r, false), JIG_OK);
    assert_int_equal(check(r, true), JIG_OK);
    assert_int_equal(r->report.items[0].outcome, JIG_LNK_OK);
    put_file(r, "b.txt.lnk", "[]");
    assert_int_equal(check(r, false), JIG_INVALID_ARGUMENT);
    assert_int_equal(r->report.items[1].outcome, JIG_LNK_INVALID);
    assert_int_equal(atomic_load(&r->net.pulls), 1);
}

/* Whoever makes an answer of it is told of every pointer, folder and made file. */
static void saw(void *ctx, const struct jig_sighting *s)
{
    jig_strv_append(ctx, s->path);
}

static void test_a_look_is_seen(void **state)
{
    struct rig *r = *state;
    struct jig_strv seen = {0};
    struct jig_observer o = {.saw = saw, .ctx = &seen};
    struct jig_lnk_look look;
    put_pointer(r, "data/a.txt.lnk", "https://x.org/a", "alpha");
    pull(r);
    const struct jig_observer *before = jig_observe(&o);
    assert_int_equal(jig_lnk_look(r->root, r->base, &look, NULL), JIG_OK);
    jig_observe(before);
    assert_false(jig_lnk_look_needs_pull(&look));
    JIG_CLEANUP_FREE char *data = jig_path_join(r->root, "data");
    JIG_CLEANUP_FREE char *pointer = jig_path_join(r->root, "data/a.txt.lnk");
    JIG_CLEANUP_FREE char *content = made(r, "data/a.txt.lnk");
    const char *const expected[] = {r->root, data, pointer, content};
    for (size_t i = 0; i < JIG_COUNT(expected); i++) {
        if (!jig_strv_contains(&seen, expected[i]))
            fail_msg("nobody was told of %s", expected[i]);
    }
    jig_lnk_look_release(&look);
    jig_strv_release(&seen);
}

static void test_the_ledger_lasts(void **state)
{
    struct rig *r = *state;
    struct jig_digest a = jig_sha256_of("a", 1), b = jig_sha256_of("b", 1);
    JIG_CLEANUP_FREE char *path = jig_path_join(r->folder, "some/ledger");
    struct jig_ledger *one = jig_ledger_open(path);
    struct jig_ledger *two = jig_ledger_open(path);
    jig_ledger_add(one, "https://x.org/a", &a);
    jig_ledger_add(two, "https://x.org/b", &b);
    assert_int_equal(jig_ledger_save(one, NULL), JIG_OK);
    assert_int_equal(jig_ledger_save(two, NULL), JIG_OK); /* keeps what the other one added */
    jig_ledger_close(one);
    jig_ledger_close(two);
    one = jig_ledger_open(path);
    assert_true(jig_ledger_has(one, "https://x.org/a", &a));
    assert_true(jig_ledger_has(one, "https://x.org/b", &b));
    assert_false(jig_ledger_has(one, "https://x.org/a", &b));
    jig_ledger_close(one);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_is_fetched_once_and_then_known),
        TEST(test_restart_and_no_network),
        TEST(test_made_files_are_read_only_copies),
        TEST(test_a_same_size_write_in_the_same_tick_is_seen),
        TEST(test_stamps_of_the_future_are_not_believed),
        TEST(test_a_share_keeps_what_is_there),
        TEST(test_what_is_stale_goes),
        TEST(test_an_old_content_never_stands_for_a_new_pointer),
        TEST(test_hash_and_size_are_checked),
        TEST(test_a_new_url_with_an_old_hash_is_proven_once),
        TEST(test_what_cannot_be_proven_is_flagged),
        TEST(test_check_marks_what_is_unproven),
        TEST(test_a_mirror_proves_itself_only),
        TEST(test_a_pointer_that_changes_meanwhile),
        TEST(test_links_in_our_places),
        TEST(test_windows_shortcuts_are_left_alone),
        TEST(test_two_pointers_in_each_others_way),
        TEST(test_same_names_in_two_folders),
        TEST(test_a_damaged_state_is_none),
        TEST(test_check_says_and_changes_nothing),
        TEST(test_a_look_is_seen),
        TEST(test_the_ledger_lasts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
