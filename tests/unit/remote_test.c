/* The remote cache: what is asked of it, what it is sent, and that nobody waits for it. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/pull.h"
#include "core/fetch/remote.h"
#include "core/os/fs.h"
#include "tests/support/http_server.h"

static const char body[] = "what everybody wants";
#define SIZE (sizeof body - 1)

static struct http_server *server; /* the remote */
static struct http_server *origin;
static struct jig_fetcher *fetcher;
static struct jig_remote *remote;
static struct jig_cache *cache;
static struct jig_hold *hold;
static struct jig_digest hash;
static struct jig_err err;
static struct jig_pulled pulled;
static struct jig_remote_options options;
static char *remote_url;

static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct jig_map stored; /* guarded by mu: path -> text */
static atomic_int asked, puts_taken, origin_asked;
static atomic_int mode; /* how the remote is */
enum { WELL, BROKEN, SILENT, WRONG, REFUSES, TOO_LARGE };

static bool answer_well(const struct http_request *r)
{
    pthread_mutex_lock(&mu);
    bool is_put = jig_streq(r->method, "PUT");
    if (is_put)
        jig_map_set(&stored, r->path, jig_xstrndup(r->body, r->body_size));
    const char *text = is_put ? "" : jig_map_get(&stored, r->path);
    bool on = text == NULL
                  ? http_sendf(r, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                  : http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", strlen(text));
    if (text != NULL && jig_streq(r->method, "GET"))
        on = http_send(r, text, strlen(text));
    pthread_mutex_unlock(&mu);
    return on;
}

static bool answer(void *ctx, const struct http_request *r)
{
    (void)ctx;
    asked++;
    puts_taken += jig_streq(r->method, "PUT");
    int how = mode;
    switch (how) {
    case BROKEN:
        return http_sendf(r, "HTTP/1.1 500 Ill\r\nContent-Length: 0\r\n\r\n");
    case SILENT:
        http_wait_closed(r);
        return false;
    case WRONG:
        return http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    case REFUSES:
    case TOO_LARGE:
        if (jig_streq(r->method, "PUT"))
            return http_sendf(r, "HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n",
                              how == REFUSES ? 403 : 413);
        return answer_well(r);
    default:
        return answer_well(r);
    }
}

static bool answer_origin(void *ctx, const struct http_request *r)
{
    (void)ctx;
    origin_asked++;
    return http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", SIZE, body);
}

static int setup(void **state)
{
    static const struct jig_fetcher_options plain = {.proxy = "none", .rounds = 1};
    if (unit_folder_setup(state) != 0)
        return -1;
    JIG_CLEANUP_FREE char *root = jig_path_join(*state, "cache");
    struct jig_cache_options at = {.root = root};
    jig_map_init(&stored, free);
    jig_err_clear(&err);
    asked = 0;
    puts_taken = 0;
    origin_asked = 0;
    mode = WELL;
    hash = jig_sha256_of(body, SIZE);
    server = http_server_start(answer, NULL);
    origin = http_server_start(answer_origin, NULL);
    fetcher = jig_fetcher_new(&plain);
    remote_url = http_server_url(server, "/deep/");
    options = (struct jig_remote_options){.url = remote_url, .fetcher = plain};
    assert_int_equal(jig_cache_open(&at, &cache, &err), JIG_OK);
    assert_int_equal(jig_hold_new(cache, "a test", &hold, &err), JIG_OK);
    return 0;
}

static void connect_remote(void)
{
    assert_int_equal(jig_remote_new(&options, &remote, &err), JIG_OK);
    jig_fetcher_set_remote(fetcher, remote);
}

static int teardown(void **state)
{
    jig_remote_free(remote);
    remote = NULL;
    jig_fetcher_free(fetcher);
    http_server_stop(server);
    http_server_stop(origin);
    jig_hold_free(hold);
    jig_cache_close(cache);
    jig_map_release(&stored);
    free(remote_url);
    return unit_folder_teardown(state);
}

static void put_stored(const char *kind, const char *text)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&hash, hex);
    JIG_CLEANUP_FREE char *path = jig_strf("/deep/%s/%s", kind, hex);
    pthread_mutex_lock(&mu);
    jig_map_set(&stored, path, jig_xstrdup(text));
    pthread_mutex_unlock(&mu);
}

static bool has_stored(const char *kind)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&hash, hex);
    JIG_CLEANUP_FREE char *path = jig_strf("/deep/%s/%s", kind, hex);
    pthread_mutex_lock(&mu);
    bool has = jig_streq(jig_map_get(&stored, path), body);
    pthread_mutex_unlock(&mu);
    return has;
}

static enum jig_code pull(bool with_url)
{
    JIG_CLEANUP_FREE char *url = http_server_url(origin, "/x");
    const char *const urls[] = {url};
    struct jig_want want = {.sha256 = hash, .size = SIZE, .urls = urls, .n_urls = with_url ? 1 : 0};
    enum jig_code code =
        jig_pull(fetcher, cache, hold, &want, NULL, NULL, &JIG_UNTIL_FOREVER, &pulled, &err);
    if (code == JIG_OK)
        free(pulled.blob.path);
    return code;
}

static void flush(void)
{
    assert_int_equal(jig_remote_flush(remote, &JIG_UNTIL_FOREVER, &err), JIG_OK);
}

static void test_is_asked_first(void **state)
{
    (void)state;
    put_stored("cas", body);
    connect_remote();
    assert_int_equal(pull(true), JIG_OK);
    assert_true(pulled.fetched);
    assert_int_equal(origin_asked, 0);
    assert_int_equal(jig_remote_stats(remote).hits, 1);
}

static void test_may_be_the_only_one(void **state)
{
    (void)state;
    put_stored("cas", body);
    connect_remote();
    assert_int_equal(pull(false), JIG_OK);
    hash.bytes[0] ^= 1;
    assert_int_equal(pull(false), JIG_NOT_FOUND);
}

static void test_is_given_what_it_did_not_have(void **state)
{
    (void)state;
    connect_remote();
    assert_int_equal(pull(true), JIG_OK);
    assert_int_equal(origin_asked, 1);
    flush();
    assert_true(has_stored("cas"));
    assert_int_equal(jig_remote_stats(remote).sent, 1);
    assert_int_equal(jig_remote_stats(remote).misses, 1);
    jig_remote_send_later(remote, cache, &hash); /* it has it now: HEAD says so */
    flush();
    assert_int_equal(puts_taken, 1);
}

static void test_is_not_written_to(void **state)
{
    (void)state;
    options.read_only = true;
    connect_remote();
    assert_int_equal(pull(true), JIG_OK);
    flush();
    assert_int_equal(puts_taken, 0);
}

static void test_refuses(void **state)
{
    (void)state;
    mode = REFUSES;
    connect_remote();
    assert_int_equal(pull(true), JIG_OK);
    flush();
    jig_remote_send_later(remote, cache, &hash);
    flush();
    assert_int_equal(puts_taken, 1); /* it is not tried again */
    assert_false(jig_remote_stats(remote).is_down);
}

/* One that it has no room for says nothing of the others. */
static void test_one_is_too_large(void **state)
{
    (void)state;
    mode = TOO_LARGE;
    connect_remote();
    assert_int_equal(pull(true), JIG_OK);
    flush();
    assert_int_equal(puts_taken, 1);
    mode = WELL;
    jig_remote_send_later(remote, cache, &hash);
    flush();
    assert_int_equal(puts_taken, 2);
    assert_false(jig_remote_stats(remote).is_down);
}

/* Whatever is wrong with it: the origin is asked, and it is left alone for a while. */
static void test_is_broken(void **state)
{
    (void)state;
    static const int modes[] = {BROKEN, WRONG};
    for (size_t i = 0; i < JIG_COUNT(modes); i++) {
        mode = modes[i];
        jig_remote_free(remote);
        connect_remote();
        hash = jig_sha256_of(body, SIZE);
        JIG_CLEANUP_FREE char *root = jig_path_join(jig_cache_root(cache), "blobs");
        assert_int_equal(jig_fs_remove_tree(root, &err), JIG_OK);
        asked = 0;
        origin_asked = 0;
        assert_int_equal(pull(true), JIG_OK);
        assert_int_equal(asked, 1);
        assert_int_equal(origin_asked, 1);
        assert_true(jig_remote_stats(remote).is_down);
        flush();
        assert_int_equal(asked, 1); /* and it is sent nothing */
        assert_int_equal(jig_remote_stats(remote).dropped, 1);
    }
}

static void test_is_not_there(void **state)
{
    (void)state;
    http_server_stop(server);
    server = NULL;
    connect_remote();
    assert_int_equal(pull(true), JIG_OK);
    assert_int_equal(origin_asked, 1);
    assert_true(jig_remote_stats(remote).is_down);
}

static void test_ends_while_it_is_silent(void **state)
{
    (void)state;
    assert_int_equal(pull(true), JIG_OK); /* no remote yet */
    mode = SILENT;
    connect_remote();
    jig_remote_send_later(remote, cache, &hash);
    jig_remote_free(remote);
    remote = NULL;
}

static void test_actions(void **state)
{
    (void)state;
    struct jig_buf out;
    jig_buf_init(&out, 1000);
    connect_remote();
    assert_int_equal(jig_remote_get_action(remote, &hash, &out, &JIG_UNTIL_FOREVER, &err),
                     JIG_NOT_FOUND);
    assert_int_equal(jig_remote_put_action(remote, &hash, body, SIZE, &JIG_UNTIL_FOREVER, &err),
                     JIG_OK);
    assert_true(has_stored("ac"));
    assert_int_equal(jig_remote_get_action(remote, &hash, &out, &JIG_UNTIL_FOREVER, &err), JIG_OK);
    assert_string_equal(out.data, body);
    jig_buf_release(&out);
    jig_buf_init(&out, 10); /* its ceiling is the answer's */
    assert_int_equal(jig_remote_get_action(remote, &hash, &out, &JIG_UNTIL_FOREVER, &err),
                     JIG_RESOURCE_EXHAUSTED);
    jig_buf_release(&out);
}

static void test_bad_urls(void **state)
{
    (void)state;
    options.url = "ftp://x/";
    assert_int_equal(jig_remote_new(&options, &remote, &err), JIG_INVALID_ARGUMENT);
    options.url = "http://me:pw@x/";
    assert_int_equal(jig_remote_new(&options, &remote, &err), JIG_INVALID_ARGUMENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_is_asked_first),
        TEST(test_may_be_the_only_one),
        TEST(test_is_given_what_it_did_not_have),
        TEST(test_is_not_written_to),
        TEST(test_refuses),
        TEST(test_one_is_too_large),
        TEST(test_is_broken),
        TEST(test_is_not_there),
        TEST(test_ends_while_it_is_silent),
        TEST(test_actions),
        TEST(test_bad_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
