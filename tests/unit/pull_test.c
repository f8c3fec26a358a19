/* Pulling by hash: from the cache, or from a server that misbehaves, into it. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/strv.h"
#include "core/fetch/pull.h"
#include "core/os/fs.h"
#include "core/os/proc.h"
#include "tests/support/http_server.h"

#define SIZE 3000000

static char body[SIZE];
static struct jig_digest body_hash;
static const char *folder;
static char *root;
static struct http_server *server;
static struct jig_fetcher *fetcher;
static struct jig_cache *cache;
static struct jig_hold *hold;
static struct jig_err err;
static struct jig_pulled pulled;

static atomic_int asked;
static atomic_int last_from;  /* of the last request's range; 0: for all */
static atomic_int kill_after; /* bytes, then the asking process is killed */
static atomic_int child;
static sem_t stalling;
static sem_t child_known;

/* ---------------------------------------------------------------------------------- the server */

static int range_of(const struct http_request *r)
{
    JIG_CLEANUP_FREE char *range = http_header(r, "Range");
    int from = 0;
    return range != NULL && sscanf(range, "bytes=%d-", &from) == 1 ? from : 0;
}

/* What is asked for, but no more than `most` bytes of it; true when that was all. */
static bool send_part(const struct http_request *r, const char *data, int from, int most)
{
    int n = SIZE - from;
    if (from > 0)
        http_sendf(r, "HTTP/1.1 206 Part\r\nContent-Range: bytes %d-%d/%d\r\n", from, SIZE - 1,
                   SIZE);
    else
        http_sendf(r, "HTTP/1.1 200 OK\r\n");
    http_sendf(r, "Content-Length: %d\r\n\r\n", n);
    return http_send(r, data + from, (size_t)(n < most ? n : most)) && n <= most;
}

static bool kill_asker(const struct http_request *r, int from)
{
    send_part(r, body, from, kill_after);
    sem_wait(&child_known);
    kill(child, SIGKILL);
    return false;
}

static bool stall(const struct http_request *r)
{
    send_part(r, body, 0, 100000);
    sem_post(&stalling);
    http_wait_closed(r);
    return false;
}

static bool answer(void *ctx, const struct http_request *r)
{
    (void)ctx;
    int n = ++asked;
    int from = range_of(r);
    last_from = from;
    if (jig_streq(r->path, "/good"))
        return send_part(r, body, from, SIZE);
    if (jig_streq(r->path, "/cut"))
        return send_part(r, body, from, 1200000);
    if (jig_streq(r->path, "/kills"))
        return n == 1 ? kill_asker(r, from) : send_part(r, body, from, SIZE);
    if (jig_streq(r->path, "/stalls-once"))
        return n == 1 ? stall(r) : send_part(r, body, from, SIZE);
    if (jig_streq(r->path, "/wrong"))
        return http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    if (jig_str_starts(r->path, "/small/"))
        return http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(r->path),
                          r->path);
    return http_sendf(r, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
}

/* ---------------------------------------------------------------------------------------- set-up
 */

static void open_cache(void)
{
    struct jig_cache_options options = {.root = root};
    assert_int_equal(jig_cache_open(&options, &cache, &err), JIG_OK);
    assert_int_equal(jig_hold_new(cache, "a test", &hold, &err), JIG_OK);
}

static void close_cache(void)
{
    jig_hold_free(hold);
    jig_cache_close(cache);
}

static struct jig_fetcher *new_fetcher(void)
{
    static const struct jig_fetcher_options options = {
        .proxy = "none", .rounds = 2, .pause_ms = 1, .host_at_once = 20, .at_once = 20};
    return jig_fetcher_new(&options);
}

static void fill_body(void)
{
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i * 7 % 26 + (i >> 10) % 3);
    body_hash = jig_sha256_of(body, SIZE);
}

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    folder = *state;
    root = jig_path_join(folder, "cache");
    jig_err_clear(&err);
    asked = 0;
    last_from = 0;
    kill_after = 0;
    fill_body();
    sem_init(&stalling, 0, 0);
    sem_init(&child_known, 0, 0);
    server = http_server_start(answer, NULL);
    fetcher = new_fetcher();
    open_cache();
    return 0;
}

static int teardown(void **state)
{
    close_cache();
    jig_fetcher_free(fetcher);
    http_server_stop(server);
    sem_destroy(&stalling);
    sem_destroy(&child_known);
    free(root);
    return unit_folder_teardown(state);
}

static enum jig_code pull_until(const char *path, const char *mirror, int64_t size,
                                const struct jig_until *until)
{
    JIG_CLEANUP_FREE char *one = http_server_url(server, path);
    JIG_CLEANUP_FREE char *two = http_server_url(server, mirror == NULL ? "" : mirror);
    const char *const urls[] = {one, two};
    struct jig_want want = {.sha256 = body_hash,
                            .size = size,
                            .urls = urls,
                            .n_urls = mirror == NULL ? 1 : 2,
                            .kind = JIG_CACHE_LNK};
    return jig_pull(fetcher, cache, hold, &want, NULL, NULL, until, &pulled, &err);
}

static enum jig_code pull(const char *path)
{
    return pull_until(path, NULL, SIZE, &JIG_UNTIL_FOREVER);
}

/* The blob is what it should be; its path is freed. */
static void check_pulled(bool fetched)
{
    struct jig_stamp stamp;
    struct jig_digest is;
    assert_int_equal(pulled.fetched, fetched);
    assert_int_equal(pulled.blob.size_bytes, SIZE);
    assert_int_equal(jig_sha256_file(pulled.blob.path, &is, &err), JIG_OK);
    assert_true(jig_digest_equal(&is, &body_hash));
    assert_int_equal(jig_fs_stamp(pulled.blob.path, &stamp, &err), JIG_OK);
    assert_int_equal(stamp.mode & 0777, 0444);
    free(pulled.blob.path);
}

static size_t files_in_tmp(void)
{
    JIG_CLEANUP_FREE char *tmp = jig_path_join(root, "tmp");
    struct jig_strv names = {0};
    assert_int_equal(jig_fs_list(tmp, &names, &err), JIG_OK);
    size_t n = names.n;
    jig_strv_release(&names);
    return n;
}

/* ---------------------------------------------------------------------------------------- tests */

static void test_fetched_then_cached(void **state)
{
    (void)state;
    assert_int_equal(pull("/good"), JIG_OK);
    check_pulled(true);
    assert_int_equal(pull("/404"), JIG_OK); /* nobody is asked */
    check_pulled(false);
    assert_int_equal(asked, 1);
    assert_int_equal(pull_until("/good", NULL, -1, &JIG_UNTIL_FOREVER), JIG_OK);
    check_pulled(false);
    assert_int_equal(files_in_tmp(), 0);
}

static void test_size_is_enforced_in_the_cache(void **state)
{
    (void)state;
    assert_int_equal(pull("/good"), JIG_OK);
    check_pulled(true);
    assert_int_equal(pull_until("/good", NULL, 7, &JIG_UNTIL_FOREVER), JIG_DATA_LOSS);
    assert_string_equal(err.message, "what has this hash has 3000000 bytes where 7 were expected");
    assert_int_equal(err.reason, JIG_REASON_INTEGRITY);
}

static void test_wrong_hash(void **state)
{
    (void)state;
    assert_int_equal(pull_until("/wrong", NULL, -1, &JIG_UNTIL_FOREVER), JIG_DATA_LOSS);
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&body_hash, hex);
    assert_non_null(
        strstr(err.message, hex)); /* what was expected, and what is: sha256 of "wrong" */
    assert_non_null(
        strstr(err.message, "8810ad581e59f2bc3928b261707a71308f7e139eb04820366dc4d5c18d980225"));
    assert_int_equal(err.reason, JIG_REASON_INTEGRITY);
    assert_int_equal(files_in_tmp(), 0);
    assert_int_equal(pull_until("/wrong", "/good", -1, &JIG_UNTIL_FOREVER), JIG_OK);
    check_pulled(true);
}

static void test_goes_on_after_a_restart(void **state)
{
    (void)state;
    assert_int_equal(pull("/cut"), JIG_OK); /* three parts in two rounds: rounds that get on */
    check_pulled(true);
    assert_int_equal(asked, 3);
}

static void test_a_part_that_was_wrong(void **state)
{
    (void)state;
    struct jig_blob_writer *w;
    assert_int_equal(jig_blob_begin(cache, &body_hash, &w, &err), JIG_OK);
    assert_int_equal(jig_blob_write(w, "this is not it", 14, &err), JIG_OK);
    jig_blob_abort(w, true);
    assert_int_equal(pull("/good"), JIG_OK);
    check_pulled(true);
    assert_int_equal(asked, 2);
    assert_int_equal(last_from, 0);
}

/* Another process is killed after so many bytes: nobody sees a blob, and the next one goes on. */
static void test_killed_in_the_middle(void **state)
{
    (void)state;
    static const int points[] = {0, 1, 1000000, SIZE - 1};
    for (size_t i = 0; i < JIG_COUNT(points); i++) {
        JIG_CLEANUP_FREE char *url = http_server_url(server, "/kills");
        char *const argv[] = {"/proc/self/exe", "--pull", url, root, NULL};
        struct jig_proc_spec spec = {.argv = argv, .inherit_output = true};
        struct jig_proc *proc;
        size_t which;
        assert_int_equal(jig_fs_remove_tree(root, &err), JIG_OK);
        asked = 0;
        kill_after = points[i];
        assert_int_equal(jig_proc_start(&spec, &proc, &err), JIG_OK);
        child = jig_proc_pid(proc);
        sem_post(&child_known);
        assert_int_equal(jig_proc_wait_any(&proc, 1, &JIG_UNTIL_FOREVER, &which, &err), JIG_OK);
        assert_int_equal(jig_proc_result(proc).signal, SIGKILL);
        jig_proc_free(proc);
        struct jig_blob blob;
        assert_int_equal(jig_blob_find(cache, hold, &body_hash, &blob, &err), JIG_NOT_FOUND);
        assert_int_equal(pull("/kills"), JIG_OK);
        check_pulled(true);
        assert_int_equal(asked, 2);
        assert_int_equal(files_in_tmp(), 0);
    }
}

static int pull_for_the_parent(const char *url, const char *at)
{
    const char *const urls[] = {url};
    struct jig_want want = {.size = SIZE, .urls = urls, .n_urls = 1, .kind = JIG_CACHE_LNK};
    struct jig_cache_options options = {.root = at};
    fill_body();
    want.sha256 = body_hash;
    if (jig_cache_open(&options, &cache, &err) != JIG_OK ||
        jig_hold_new(cache, "a child", &hold, &err) != JIG_OK)
        return 2;
    return jig_pull(new_fetcher(), cache, hold, &want, NULL, NULL, &JIG_UNTIL_FOREVER, &pulled,
                    &err) == JIG_OK
               ? 0
               : 1;
}

/* ------------------------------------------------------------------------------- many waiters */

struct puller {
    pthread_t thread;
    const char *url;
    struct jig_until until;
    enum jig_code code;
    sem_t told; /* progress came */
    struct jig_pulled pulled;
    struct jig_err err;
};

static void told(void *ctx, const struct jig_fetch_progress *p)
{
    struct puller *one = ctx;
    if (p->received > 0)
        sem_post(&one->told);
}

static void *run_puller(void *ctx)
{
    struct puller *one = ctx;
    struct jig_want want = {
        .sha256 = body_hash, .size = SIZE, .urls = &one->url, .n_urls = 1, .kind = JIG_CACHE_LNK};
    one->code =
        jig_pull(fetcher, cache, hold, &want, told, one, &one->until, &one->pulled, &one->err);
    return NULL;
}

static void start(struct puller *one, const char *url, struct jig_cancel *cancel)
{
    *one = (struct puller){.url = url, .until = {.cancel = cancel, .deadline_ns = JIG_NO_DEADLINE}};
    sem_init(&one->told, 0, 0);
    assert_int_equal(pthread_create(&one->thread, NULL, run_puller, one), 0);
}

static void join(struct puller *one, enum jig_code code)
{
    pthread_join(one->thread, NULL);
    sem_destroy(&one->told);
    assert_int_equal(one->code, code);
    free(one->pulled.blob.path);
}

static void test_one_download_for_many(void **state)
{
    (void)state;
    struct puller all[8];
    JIG_CLEANUP_FREE char *url = http_server_url(server, "/good");
    for (size_t i = 0; i < JIG_COUNT(all); i++)
        start(&all[i], url, NULL);
    for (size_t i = 0; i < JIG_COUNT(all); i++)
        join(&all[i], JIG_OK);
    assert_int_equal(asked, 1);
}

/* Who waits for one that is cancelled downloads itself, from where it stopped. */
static void test_a_cancelled_leader(void **state)
{
    (void)state;
    struct puller leader;
    struct puller follower;
    struct jig_cancel cancel;
    JIG_CLEANUP_FREE char *url = http_server_url(server, "/stalls-once");
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    start(&leader, url, &cancel);
    sem_wait(&stalling);
    start(&follower, url, NULL);
    sem_wait(&follower.told); /* the leader's progress: so it follows */
    jig_cancel_fire(&cancel);
    join(&leader, JIG_CANCELLED);
    join(&follower, JIG_OK);
    assert_int_equal(asked, 2);
    assert_int_equal(last_from, 100000);
    jig_cancel_release(&cancel);
}

/* And who waits for one that fails, fails with it: nobody is asked again. */
static void test_a_failing_leader(void **state)
{
    (void)state;
    struct puller leader;
    struct puller follower;
    JIG_CLEANUP_FREE char *url = http_server_url(server, "/stalls-once");
    start(&leader, url, NULL);
    sem_wait(&stalling);
    start(&follower, url, NULL);
    sem_wait(&follower.told);
    http_server_stop(server);
    server = NULL;
    join(&leader, JIG_UNAVAILABLE);
    join(&follower, JIG_UNAVAILABLE);
    assert_string_equal(leader.err.message, follower.err.message);
}

/* --------------------------------------------------------------------------------- other ways */

static void test_no_hash_yet(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *url = http_server_url(server, "/good");
    const char *const urls[] = {url};
    struct jig_want want = {.size = -1, .urls = urls, .n_urls = 1, .kind = JIG_CACHE_LNK};
    struct jig_digest hash;
    assert_int_equal(jig_pull_any(fetcher, cache, hold, &want, NULL, NULL, &JIG_UNTIL_FOREVER,
                                  &hash, &pulled, &err),
                     JIG_OK);
    assert_true(jig_digest_equal(&hash, &body_hash));
    check_pulled(true);
    assert_int_equal(pull("/404"), JIG_OK);
    check_pulled(false);
}

static void test_prove(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *good = http_server_url(server, "/cut");
    JIG_CLEANUP_FREE char *bad = http_server_url(server, "/wrong");
    const char *urls[] = {good};
    struct jig_want want = {.sha256 = body_hash, .size = -1, .urls = urls, .n_urls = 1};
    assert_int_equal(jig_pull_prove(fetcher, &want, NULL, NULL, &JIG_UNTIL_FOREVER, &err), JIG_OK);
    urls[0] = bad;
    assert_int_equal(jig_pull_prove(fetcher, &want, NULL, NULL, &JIG_UNTIL_FOREVER, &err),
                     JIG_DATA_LOSS);
}

#define MANY 40

static int ends[MANY];

static void done(void *ctx, size_t index, struct jig_pulled *one, const struct jig_err *why)
{
    (void)ctx;
    ends[index] += one != NULL ? 1 : why->code == JIG_NOT_FOUND ? 100 : 10000;
    if (one != NULL)
        free(one->blob.path);
}

static void test_all(void **state)
{
    (void)state;
    char *urls[MANY];
    struct jig_want wants[MANY];
    for (size_t i = 0; i < MANY; i++) {
        char path[32];
        snprintf(path, sizeof path, "/small/%zu", i);
        urls[i] = http_server_url(server, i == 7 ? "/404" : path);
        wants[i] = (struct jig_want){.sha256 = jig_sha256_of(path, strlen(path)),
                                     .size = -1,
                                     .urls = (const char *const *)&urls[i],
                                     .n_urls = 1};
    }
    memset(ends, 0, sizeof ends);
    struct jig_pull_many many = {.wants = wants, .n = MANY, .at_once = 5, .done = done};
    assert_int_equal(jig_pull_all(fetcher, cache, hold, &many, &JIG_UNTIL_FOREVER, &err), JIG_OK);
    for (size_t i = 0; i < MANY; i++) {
        assert_int_equal(ends[i], i == 7 ? 100 : 1);
        free(urls[i]);
    }
    assert_int_equal(asked, MANY);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fetched_then_cached),
        TEST(test_size_is_enforced_in_the_cache),
        TEST(test_wrong_hash),
        TEST(test_goes_on_after_a_restart),
        TEST(test_a_part_that_was_wrong),
        TEST(test_killed_in_the_middle),
        TEST(test_one_download_for_many),
        TEST(test_a_cancelled_leader),
        TEST(test_a_failing_leader),
        TEST(test_no_hash_yet),
        TEST(test_prove),
        TEST(test_all),
    };
    if (argc == 4 && strcmp(argv[1], "--pull") == 0)
        return pull_for_the_parent(argv[2], argv[3]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
