/* Downloads from a server that misbehaves on request. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/strv.h"
#include "core/fetch/credentials.h"
#include "core/fetch/fetch.h"
#include "core/fetch/range.h"
#include "core/fetch/url.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "tests/support/http_server.h"

#define SIZE 300000

static char body[SIZE + 1];
static const char *folder;
static struct http_server *server;
static struct http_server *second;
static struct jig_fetcher *fetcher;
static struct jig_fetcher_options options;
static struct jig_err err;
static struct jig_fetch_result result;

/* What the sink got. */
static struct {
    char *data;
    size_t n;
    int begun;
    uint64_t last_offset;
    int ended;
    int wrong;           /* so many ends say that it is wrong */
    enum jig_code fails; /* write does */
} sink;

/* What the server was asked, and how often. */
static atomic_int asked;
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct jig_strv heads; /* guarded by mu */

static enum jig_code sink_begin(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    (void)ctx;
    (void)reterr;
    assert_true(offset <= sink.n);
    sink.n = offset;
    sink.begun++;
    sink.last_offset = offset;
    return JIG_OK;
}

static enum jig_code sink_write(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    (void)ctx;
    if (sink.fails != JIG_OK)
        return jig_err_set(reterr, sink.fails, "the disk is full");
    sink.data = jig_xrealloc(sink.data, sink.n + n + 1, 1);
    memcpy(sink.data + sink.n, data, n);
    sink.n += n;
    sink.data[sink.n] = '\0';
    return JIG_OK;
}

static enum jig_code sink_end(void *ctx, struct jig_err *reterr)
{
    (void)ctx;
    sink.ended++;
    if (sink.n == SIZE && memcmp(sink.data, body, SIZE) == 0 && sink.wrong-- <= 0)
        return JIG_OK;
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY, "the hash is wrong");
}

/* ---------------------------------------------------------------------------------- the server */

static void remember(const struct http_request *r)
{
    pthread_mutex_lock(&mu);
    jig_strv_append(&heads, r->head);
    pthread_mutex_unlock(&mu);
}

static bool send_all(const struct http_request *r)
{
    return http_sendf(r, "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: %d\r\n\r\n", SIZE) &&
           http_send(r, body, SIZE);
}

/* The range that is asked for, as a good server does it. */
static bool send_range(const struct http_request *r)
{
    JIG_CLEANUP_FREE char *range = http_header(r, "Range");
    int from = 0;
    if (range == NULL || sscanf(range, "bytes=%d-", &from) != 1)
        return send_all(r);
    return http_sendf(r,
                      "HTTP/1.1 206 Partial\r\nETag: \"v1\"\r\nContent-Range: bytes %d-%d/%d\r\n"
                      "Content-Length: %d\r\n\r\n",
                      from, SIZE - 1, SIZE, SIZE - from) &&
           http_send(r, body + from, (size_t)(SIZE - from));
}

/* All of it is announced, and this much comes. */
static bool cut_after(const struct http_request *r, size_t n)
{
    http_sendf(r, "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Length: %d\r\n\r\n", SIZE);
    http_send(r, body, n);
    return false;
}

static bool redirect(const struct http_request *r, const char *to)
{
    return http_sendf(r, "HTTP/1.1 302 Found\r\nLocation: %s\r\nContent-Length: 5\r\n\r\nthere",
                      to);
}

static bool status(const struct http_request *r, const char *line)
{
    return http_sendf(r, "HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nno", line);
}

static bool answer(void *ctx, const struct http_request *r)
{
    (void)ctx;
    int n = ++asked;
    remember(r);
    if (jig_streq(r->path, "/good"))
        return send_range(r);
    if (jig_streq(r->path, "/no-length")) {
        http_sendf(r, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        http_send(r, body, SIZE);
        return false;
    }
    if (jig_streq(r->path, "/chunked"))
        return http_sendf(r, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", SIZE) &&
               http_send(r, body, SIZE) && http_sendf(r, "\r\n0\r\n\r\n");
    if (jig_streq(r->path, "/empty"))
        return http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    if (jig_streq(r->path, "/cut-once"))
        return n == 1 ? cut_after(r, 100000) : send_range(r);
    if (jig_streq(r->path, "/cut-always"))
        return cut_after(r, 1000);
    if (jig_streq(r->path, "/cut-no-range"))
        return n == 1 ? cut_after(r, 100000) : send_all(r);
    if (jig_streq(r->path, "/cut-weak"))
        return n == 1 ? (http_sendf(r,
                                    "HTTP/1.1 200 OK\r\nETag: W/\"v1\"\r\n"
                                    "Content-Length: %d\r\n\r\n",
                                    SIZE),
                         http_send(r, body, 1000), false)
                      : send_range(r);
    if (jig_streq(r->path, "/reset-once")) {
        if (n > 1)
            return send_range(r);
        http_reset(r);
        return false;
    }
    if (jig_streq(r->path, "/nonsense-206")) /* any part but the one that is asked for */
        return strstr(r->head, "Range: bytes") == NULL
                   ? (n == 1 ? cut_after(r, 1000) : send_all(r))
                   : http_sendf(r,
                                "HTTP/1.1 206 Partial\r\nContent-Range: bytes 7-9/%d\r\n"
                                "Content-Length: 3\r\n\r\nabc",
                                SIZE);
    if (jig_streq(r->path, "/206-unasked"))
        return http_sendf(r, "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-2/3\r\n"
                             "Content-Length: 3\r\n\r\nabc");
    if (jig_streq(r->path, "/416-once"))
        return strstr(r->head, "Range: bytes") != NULL ? status(r, "416 Range") : send_all(r);
    if (jig_streq(r->path, "/503-once"))
        return n == 1 ? status(r, "503 Later") : send_all(r);
    if (jig_streq(r->path, "/429-once"))
        return n == 1 ? http_sendf(r, "HTTP/1.1 429 Slow\r\nRetry-After: 1\r\n"
                                      "Content-Length: 0\r\n\r\n")
                      : send_all(r);
    if (jig_streq(r->path, "/429-long"))
        return http_sendf(r, "HTTP/1.1 429 Slow\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n");
    if (jig_streq(r->path, "/500"))
        return status(r, "500 Broken");
    if (jig_streq(r->path, "/404"))
        return status(r, "404 No");
    if (jig_streq(r->path, "/401"))
        return status(r, "401 Who");
    if (jig_streq(r->path, "/403"))
        return status(r, "403 You not");
    if (jig_streq(r->path, "/304"))
        return http_sendf(r, "HTTP/1.1 304 Same\r\nETag: \"v1\"\r\n\r\n");
    if (jig_streq(r->path, "/garbage")) {
        http_sendf(r, "this is not HTTP at all\r\n\r\n");
        return false;
    }
    if (jig_streq(r->path, "/never")) {
        http_wait_closed(r);
        return false;
    }
    if (jig_streq(r->path, "/stalls")) {
        http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nabc", SIZE);
        http_wait_closed(r);
        return false;
    }
    if (jig_streq(r->path, "/endless")) {
        http_sendf(r, "HTTP/1.1 200 OK\r\n\r\n");
        while (http_send(r, body, SIZE))
            continue;
        return false;
    }
    if (jig_streq(r->path, "/loop"))
        return redirect(r, "/loop");
    if (jig_streq(r->path, "/to-good"))
        return redirect(r, "/good");
    if (jig_streq(r->path, "/to-file"))
        return redirect(r, "file:///etc/passwd");
    if (jig_streq(r->path, "/to-ftp"))
        return redirect(r, "ftp://127.0.0.1/x");
    if (jig_streq(r->path, "/to-password"))
        return redirect(r, "http://me:secret@127.0.0.1/x");
    if (jig_streq(r->path, "http://files.example.test/elsewhere")) /* as a proxy is asked */
        return redirect(r, "http://other.example.test/good");
    if (jig_streq(r->path, "/206-huge")) /* with 5,000 that are there it passes all numbers */
        return http_sendf(r, "HTTP/1.1 206 Partial\r\nContent-Range: bytes 5000-5002/*\r\n"
                             "Content-Length: 9223372036854775807\r\n\r\nabc") &&
               false;
    if (jig_streq(r->path, "/206-no-total")) {
        http_sendf(r, "HTTP/1.1 206 Partial\r\nContent-Range: bytes 5000-5002/*\r\n"
                      "Connection: close\r\n\r\nabc");
        return false;
    }
    if (jig_streq(r->path, "/to-other")) {
        char to[64];
        snprintf(to, sizeof to, "http://localhost:%u/good", http_server_port(second));
        return redirect(r, to);
    }
    return status(r, "501 Untaught");
}

/* ---------------------------------------------------------------------------------------- set-up
 */

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    folder = *state;
    for (size_t i = 0; i < SIZE; i++)
        body[i] = (char)('a' + i * 7 % 26 + (i >> 10) % 3);
    memset(&sink, 0, sizeof sink);
    memset(&result, 0, sizeof result);
    asked = 0;
    jig_err_clear(&err);
    server = http_server_start(answer, NULL);
    second = http_server_start(answer, NULL);
    options = (struct jig_fetcher_options){.proxy = "none", .pause_ms = 1, .rounds = 3};
    return 0;
}

static int teardown(void **state)
{
    jig_fetcher_free(fetcher);
    fetcher = NULL;
    http_server_stop(server);
    http_server_stop(second);
    free(sink.data);
    jig_strv_release(&heads);
    return unit_folder_teardown(state);
}

static struct jig_fetch_spec spec_of(bool judged)
{
    if (fetcher == NULL)
        fetcher = jig_fetcher_new(&options);
    return (struct jig_fetch_spec){
        .size = -1,
        .sink = {.begin = sink_begin, .write = sink_write, .end = judged ? sink_end : NULL}};
}

static enum jig_code fetch_spec(struct jig_fetch_spec *spec, const char *path, const char *mirror)
{
    JIG_CLEANUP_FREE char *one = http_server_url(server, path);
    JIG_CLEANUP_FREE char *two = http_server_url(second, mirror == NULL ? "/" : mirror);
    const char *const urls[] = {one, two};
    spec->urls = urls;
    spec->n_urls = mirror == NULL ? 1 : 2;
    return jig_fetch(fetcher, spec, &JIG_UNTIL_FOREVER, &result, &err);
}

static enum jig_code fetch(const char *path)
{
    struct jig_fetch_spec spec = spec_of(false);
    return fetch_spec(&spec, path, NULL);
}

static void check_whole(void)
{
    assert_int_equal(sink.n, SIZE);
    assert_memory_equal(sink.data, body, SIZE);
    assert_int_equal(result.size, SIZE);
}

/* "cannot fetch <url of path>: " and this */
static void check_message(const char *path, const char *why)
{
    JIG_CLEANUP_FREE char *url = http_server_url(server, path);
    JIG_CLEANUP_FREE char *whole = jig_strf("cannot fetch %s: %s", url, why);
    assert_string_equal(err.message, whole);
}

/* Does the head of the nth request (from 0) have this line? */
static bool asked_with(size_t n, const char *line)
{
    pthread_mutex_lock(&mu);
    bool has = n < heads.n && strstr(heads.v[n], line) != NULL;
    pthread_mutex_unlock(&mu);
    return has;
}

/* ---------------------------------------------------------------------------------------- tests */

static void test_whole(void **state)
{
    (void)state;
    static const char *const paths[] = {"/good", "/no-length", "/chunked", "/to-good"};
    for (size_t i = 0; i < JIG_COUNT(paths); i++) {
        assert_int_equal(fetch(paths[i]), JIG_OK);
        check_whole();
        assert_int_equal(sink.last_offset, 0);
    }
    assert_int_equal(fetch("/good"), JIG_OK);
    assert_string_equal(result.etag, "\"v1\"");
    assert_int_equal(fetch("/empty"), JIG_OK);
    assert_int_equal(sink.n, 0);
    assert_int_equal(result.size, 0);
}

static void test_goes_on_where_it_was_cut(void **state)
{
    (void)state;
    assert_int_equal(fetch("/cut-once"), JIG_OK);
    check_whole();
    assert_int_equal(sink.last_offset, 100000);
    assert_true(asked_with(1, "Range: bytes=100000-"));
    assert_true(asked_with(1, "If-Range: \"v1\""));
    assert_int_equal(result.received, SIZE);
}

/* Without a validator nothing says that the rest belongs to what came first. */
static void test_starts_anew_without_a_validator(void **state)
{
    (void)state;
    assert_int_equal(fetch("/cut-weak"), JIG_OK);
    check_whole();
    assert_false(asked_with(1, "Range:"));
    assert_int_equal(sink.last_offset, 0);
}

static void test_server_without_ranges(void **state)
{
    (void)state;
    assert_int_equal(fetch("/cut-no-range"), JIG_OK);
    check_whole();
    assert_int_equal(sink.last_offset, 0);
    assert_int_equal(result.received, SIZE + 100000);
}

static void test_nonsense_206(void **state)
{
    (void)state;
    assert_int_equal(fetch("/nonsense-206"), JIG_OK);
    check_whole();
    assert_int_equal(asked, 3);
    assert_false(asked_with(2, "Range:"));

    assert_int_equal(fetch("/206-unasked"), JIG_FAILED_PRECONDITION);
    check_message("/206-unasked", "the server sends a part that was not asked for");
}

/* What an earlier call left is gone on with, since the end is judged. */
static void test_resumes(void **state)
{
    (void)state;
    struct jig_fetch_spec spec = spec_of(true);
    assert_int_equal(sink_write(NULL, body, 5000, NULL), JIG_OK);
    spec.have = 5000;
    assert_int_equal(fetch_spec(&spec, "/good", NULL), JIG_OK);
    check_whole();
    assert_true(asked_with(0, "Range: bytes=5000-"));
    assert_false(asked_with(0, "If-Range"));

    spec.have = 5000; /* but it was something else */
    sink.n = 5000;
    sink.data[0] ^= 1;
    assert_int_equal(fetch_spec(&spec, "/good", NULL), JIG_OK);
    check_whole();
    assert_false(asked_with(2, "Range:"));

    spec.have = 5000;
    assert_int_equal(fetch_spec(&spec, "/416-once", NULL), JIG_OK);
    check_whole();

    int before = asked; /* all of it is there */
    spec.have = spec.size = SIZE;
    assert_int_equal(fetch_spec(&spec, "/good", NULL), JIG_OK);
    assert_int_equal(asked, before);
    assert_int_equal(result.size, SIZE);
}

static void test_what_may_pass(void **state)
{
    (void)state;
    static const char *const paths[] = {"/503-once", "/reset-once", "/429-once"};
    for (size_t i = 0; i < JIG_COUNT(paths); i++) {
        asked = 0;
        assert_int_equal(fetch(paths[i]), JIG_OK);
        check_whole();
        assert_int_equal(asked, 2);
    }
    asked = 0;
    assert_int_equal(fetch("/500"), JIG_UNAVAILABLE);
    check_message("/500", "the server answers with status 500");
    assert_int_equal(asked, 3); /* the rounds */
    asked = 0;
    assert_int_equal(fetch("/429-long"), JIG_UNAVAILABLE);
    check_message("/429-long",
                  "the server answers with status 429 and asks to come back in 3600 s");
    assert_int_equal(asked, 1);
}

static void test_what_does_not_pass(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum jig_code code;
        const char *why;
    } cases[] = {
        {"/404", JIG_NOT_FOUND, "the server answers with status 404"},
        {"/401", JIG_UNAUTHENTICATED, "the server answers with status 401"},
        {"/403", JIG_PERMISSION_DENIED, "the server answers with status 403"},
        {"/501", JIG_FAILED_PRECONDITION, "the server answers with status 501"},
        {"/304", JIG_FAILED_PRECONDITION, "the server answers with status 304"},
    };
    for (size_t i = 0; i < JIG_COUNT(cases); i++) {
        asked = 0;
        assert_int_equal(fetch(cases[i].path), cases[i].code);
        check_message(cases[i].path, cases[i].why);
        assert_int_equal(asked, 1);
    }
    assert_int_equal(sink.begun, 0);
    assert_int_equal(fetch("/garbage"), JIG_FAILED_PRECONDITION);
}

static void test_stalls(void **state)
{
    (void)state;
    options.stall_ms = 50;
    options.rounds = 1;
    assert_int_equal(fetch("/never"), JIG_UNAVAILABLE);
    check_message("/never", "only 0 bytes came in 50 ms");
    assert_int_equal(fetch("/stalls"), JIG_UNAVAILABLE);
}

static void test_deadline_and_cancel(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *url = http_server_url(server, "/never");
    const char *const urls[] = {url};
    struct jig_fetch_spec spec = spec_of(false);
    spec.urls = urls;
    spec.n_urls = 1;
    struct jig_until until = {.deadline_ns = jig_deadline_in_ms(20)};
    assert_int_equal(jig_fetch(fetcher, &spec, &until, NULL, &err), JIG_DEADLINE_EXCEEDED);
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    jig_cancel_fire(&cancel);
    until = (struct jig_until){.cancel = &cancel, .deadline_ns = JIG_NO_DEADLINE};
    assert_int_equal(jig_fetch(fetcher, &spec, &until, NULL, &err), JIG_CANCELLED);
    jig_cancel_release(&cancel);
}

static void test_sizes(void **state)
{
    (void)state;
    struct jig_fetch_spec spec = spec_of(false);
    spec.size = SIZE + 1;
    assert_int_equal(fetch_spec(&spec, "/good", NULL), JIG_DATA_LOSS);
    check_message("/good", "it has 300000 bytes where 300001 are expected");
    assert_int_equal(err.reason, JIG_REASON_INTEGRITY);
    assert_int_equal(sink.begun, 0);
    assert_int_equal(fetch_spec(&spec, "/chunked", NULL), JIG_DATA_LOSS);
    spec.size = SIZE - 1;
    assert_int_equal(fetch_spec(&spec, "/chunked", NULL), JIG_DATA_LOSS);
    spec.size = -1;
    spec.most = SIZE - 1;
    assert_int_equal(fetch_spec(&spec, "/good", NULL), JIG_RESOURCE_EXHAUSTED);
    check_message("/good", "it has more than the 299999 bytes that are allowed");
    assert_int_equal(fetch_spec(&spec, "/endless", NULL), JIG_RESOURCE_EXHAUSTED);
}

/* Of what goes on where an earlier call stopped. */
static void test_sizes_of_parts(void **state)
{
    (void)state;
    options.rounds = 1;
    struct jig_fetch_spec spec = spec_of(true);
    assert_int_equal(sink_write(NULL, body, 5000, NULL), JIG_OK);
    spec.have = 5000;
    assert_int_equal(fetch_spec(&spec, "/206-huge", NULL), JIG_RESOURCE_EXHAUSTED);
    spec.most = 4000;
    assert_int_equal(fetch_spec(&spec, "/206-no-total", NULL), JIG_RESOURCE_EXHAUSTED);
    assert_int_equal(sink.n, 5000);
}

static void test_mirrors_in_order(void **state)
{
    (void)state;
    struct jig_fetch_spec spec = spec_of(true);
    static const char *const firsts[] = {"/404", "/500", "/cut-always", "/garbage"};
    for (size_t i = 0; i < JIG_COUNT(firsts); i++) {
        asked = 0;
        assert_int_equal(fetch_spec(&spec, firsts[i], "/good"), JIG_OK);
        check_whole();
        assert_int_equal(result.url, 1);
        assert_int_equal(asked, 2);
    }
    sink.wrong = 1; /* the first one's content is wrong, by its hash */
    assert_int_equal(fetch_spec(&spec, "/good", "/good"), JIG_OK);
    assert_int_equal(result.url, 1);
    sink.wrong = 2;
    assert_int_equal(fetch_spec(&spec, "/good", "/good"), JIG_DATA_LOSS);
    check_message("/good", "the hash is wrong");
    sink.wrong = 9; /* wrong content goes before the first one's 404 */
    assert_int_equal(fetch_spec(&spec, "/404", "/good"), JIG_DATA_LOSS);
}

static void test_sink_fails(void **state)
{
    (void)state;
    struct jig_fetch_spec spec = spec_of(true);
    sink.fails = JIG_RESOURCE_EXHAUSTED;
    assert_int_equal(fetch_spec(&spec, "/good", "/good"), JIG_RESOURCE_EXHAUSTED);
    assert_string_equal(err.message, "the disk is full");
    assert_int_equal(asked, 1); /* another mirror does not help */
}

static void test_conditional(void **state)
{
    (void)state;
    struct jig_fetch_spec spec = spec_of(false);
    spec.if_none_match = "\"v1\"";
    assert_int_equal(fetch_spec(&spec, "/304", NULL), JIG_OK);
    assert_true(result.not_modified);
    assert_true(asked_with(0, "If-None-Match: \"v1\""));
    assert_int_equal(sink.begun, 0);
    spec.if_none_match = NULL;
    spec.if_modified_since = "Thu, 01 Jan 2026 00:00:00 GMT";
    assert_int_equal(fetch_spec(&spec, "/304", NULL), JIG_OK);
    assert_true(asked_with(1, "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT"));
}

static void test_redirects_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        const char *why;
    } cases[] = {
        {"/loop", "the server redirects more than 10 times"},
        {"/to-file", "the server redirects to what is not fetched: the URL 'file:///etc/passwd' is "
                     "of a file, and files are not fetched here"},
        {"/to-ftp", "the server redirects to what is not fetched: the URL 'ftp://127.0.0.1/x' does "
                    "not begin with https:// or http://"},
        {"/to-password", "the server redirects to what is not fetched: a URL with a user name or "
                         "password in it is not fetched from"},
    };
    options.allow_file = true; /* which is for what is asked for, not for where servers point */
    for (size_t i = 0; i < JIG_COUNT(cases); i++) {
        assert_int_equal(fetch(cases[i].path), JIG_FAILED_PRECONDITION);
        check_message(cases[i].path, cases[i].why);
    }
}

static void write_private(const char *name, const char *text, char **ret_path)
{
    *ret_path = jig_path_join(folder, name);
    assert_int_equal(jig_fs_write_atomic(*ret_path, text, strlen(text), 0600, &err), JIG_OK);
}

/* dXM6cHc= is us:pw in base64 */
static void test_credentials_stay_at_their_host(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *netrc = NULL;
    write_private("netrc", "machine 127.0.0.1 login us password pw\ndefault login x password y\n",
                  &netrc);
    options.netrc = netrc;
    assert_int_equal(fetch("/to-good"), JIG_OK); /* the same host */
    assert_true(asked_with(0, "Authorization: Basic dXM6cHc="));
    assert_true(asked_with(1, "Authorization: Basic dXM6cHc="));
    assert_int_equal(fetch("/to-other"), JIG_OK); /* another name is another host */
    assert_true(asked_with(2, "Authorization: Basic dXM6cHc="));
    assert_false(asked_with(3, "Authorization"));
}

static void test_tokens(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *text =
        jig_strf("# ours\n127.0.0.1:%u s3cret\n127.0.0.1 other\n", http_server_port(server));
    JIG_CLEANUP_FREE char *tokens = NULL;
    write_private("tokens", text, &tokens);
    options.tokens = tokens;
    assert_int_equal(fetch("/to-other"), JIG_OK);
    assert_true(asked_with(0, "Authorization: Bearer s3cret\r\n"));
    assert_false(asked_with(1, "Authorization"));
    assert_int_equal(chmod(tokens, 0644), 0);
    assert_int_equal(fetch("/good"), JIG_PERMISSION_DENIED);
    JIG_CLEANUP_FREE char *why = jig_strf("the token file %s can be read by others", tokens);
    assert_string_equal(err.message, why);
}

static void test_files_when_allowed(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "a file");
    JIG_CLEANUP_FREE char *url = jig_strf("file://%s/a%%20file", folder);
    const char *const urls[] = {url};
    assert_int_equal(jig_fs_write_atomic(path, body, SIZE, 0600, &err), JIG_OK);
    options.allow_file = true;
    struct jig_fetch_spec spec = spec_of(false);
    spec.urls = urls;
    spec.n_urls = 1;
    assert_int_equal(jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, &result, &err), JIG_OK);
    check_whole();
    assert_int_equal(jig_fs_remove_tree(path, &err), JIG_OK);
    assert_int_equal(jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, &result, &err), JIG_NOT_FOUND);
    jig_fetcher_free(fetcher);
    options.allow_file = false;
    fetcher = jig_fetcher_new(&options);
    assert_int_equal(jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, &result, &err),
                     JIG_PERMISSION_DENIED);
}

/* The request's line has the whole URL then; nothing of example.test is ever looked up. */
static void test_proxies(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *proxy = http_server_url(server, "/");
    const char *const urls[] = {"http://files.example.test/good"};
    options.proxy = proxy;
    struct jig_fetch_spec spec = spec_of(false);
    spec.urls = urls;
    spec.n_urls = 1;
    assert_int_equal(jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, &result, &err),
                     JIG_FAILED_PRECONDITION); /* 501: the server has no such path */
    assert_true(asked_with(0, "GET http://files.example.test/good HTTP/1.1\r\n"));
    assert_int_equal(fetch("/good"), JIG_OK);
    assert_true(asked_with(1, "GET /good HTTP/1.1\r\n"));
}

/* Over plain http passwords go to this machine alone, and through no proxy. */
static void test_no_password_in_the_clear(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *proxy = http_server_url(server, "/");
    JIG_CLEANUP_FREE char *netrc = NULL;
    const char *const urls[] = {"http://files.example.test/good"};
    write_private("netrc", "machine files.example.test login us password pw\n", &netrc);
    for (int trusted = 0; trusted < 2; trusted++) {
        options.proxy = proxy;
        options.netrc = netrc;
        options.trust_plain = trusted;
        jig_fetcher_free(fetcher);
        fetcher = NULL;
        struct jig_fetch_spec spec = spec_of(false);
        spec.urls = urls;
        spec.n_urls = 1;
        assert_int_equal(jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, &result, &err),
                         JIG_FAILED_PRECONDITION);
        assert_int_equal(asked_with((size_t)trusted, "Authorization"), trusted);
    }
}

/* The configuration names the first host; where that points to is another's choice. */
static void test_no_password_in_the_clear_after_a_redirect(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *proxy = http_server_url(server, "/");
    JIG_CLEANUP_FREE char *netrc = NULL;
    const char *const urls[] = {"http://files.example.test/elsewhere"};
    write_private("netrc",
                  "machine files.example.test login us password pw\n"
                  "machine other.example.test login us password pw\n",
                  &netrc);
    options.proxy = proxy;
    options.netrc = netrc;
    options.trust_plain = true;
    struct jig_fetch_spec spec = spec_of(false);
    spec.urls = urls;
    spec.n_urls = 1;
    assert_int_equal(jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, &result, &err),
                     JIG_FAILED_PRECONDITION);
    assert_true(asked_with(0, "Authorization: Basic dXM6cHc="));
    assert_true(asked_with(1, "GET http://other.example.test/good HTTP/1.1\r\n"));
    assert_false(asked_with(1, "Authorization"));
}

static struct jig_fetch_progress seen[64];
static size_t n_seen;

static void see(void *ctx, const struct jig_fetch_progress *p)
{
    (void)ctx;
    if (n_seen < JIG_COUNT(seen))
        seen[n_seen++] = *p;
}

static void test_progress(void **state)
{
    (void)state;
    struct jig_fetch_spec spec = spec_of(false);
    spec.progress = see;
    n_seen = 0;
    assert_int_equal(fetch_spec(&spec, "/good", NULL), JIG_OK);
    assert_true(n_seen >= 1);
    assert_int_equal(seen[n_seen - 1].received, SIZE);
    assert_int_equal(seen[n_seen - 1].total, SIZE);
    assert_int_equal(seen[n_seen - 1].round, 1);
}

/* A hundred downloads at once, by ten threads: no more than the limit at one host. */
static atomic_int at_once;
static atomic_int most_at_once;

static bool count_answer(void *ctx, const struct http_request *r)
{
    (void)ctx;
    int now = ++at_once;
    int most = atomic_load(&most_at_once);
    while (now > most && !atomic_compare_exchange_weak(&most_at_once, &most, now))
        continue;
    bool on = http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", SIZE);
    at_once--; /* before the other side can be done with it */
    return on && http_send(r, body, SIZE);
}

static enum jig_code no_begin(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    (void)ctx;
    (void)offset;
    (void)reterr;
    return JIG_OK;
}

static enum jig_code count_bytes(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    (void)data;
    (void)reterr;
    *(size_t *)ctx += n;
    return JIG_OK;
}

static void *fetch_ten(void *url)
{
    for (int i = 0; i < 10; i++) {
        size_t got = 0;
        const char *const urls[] = {url};
        struct jig_fetch_spec spec = {.urls = urls, .n_urls = 1, .size = SIZE};
        spec.sink = (struct jig_fetch_sink){.begin = no_begin, .write = count_bytes, .ctx = &got};
        if (jig_fetch(fetcher, &spec, &JIG_UNTIL_FOREVER, NULL, NULL) != JIG_OK || got != SIZE)
            return url;
    }
    return NULL;
}

static void test_many_at_once(void **state)
{
    (void)state;
    pthread_t threads[10];
    struct http_server *counting = http_server_start(count_answer, NULL);
    JIG_CLEANUP_FREE char *url = http_server_url(counting, "/");
    options.host_at_once = 3;
    spec_of(false);
    for (size_t i = 0; i < JIG_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_ten, url), 0);
    for (size_t i = 0; i < JIG_COUNT(threads); i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    http_server_stop(counting);
    assert_in_range(most_at_once, 1, 3);
}

/* -------------------------------------------------------------------------------- small parsers */

static void test_urls(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum jig_code code;
    } urls[] = {
        {"https://example.org/a?b=c#d", JIG_OK},
        {"HTTP://EXAMPLE.org:8080", JIG_OK},
        {"http://[::1]:80/", JIG_OK},
        {"", JIG_INVALID_ARGUMENT},
        {"example.org/x", JIG_INVALID_ARGUMENT},
        {"ftp://example.org/", JIG_INVALID_ARGUMENT},
        {"http:///x", JIG_INVALID_ARGUMENT},
        {"http://a b/", JIG_INVALID_ARGUMENT},
        {"http://a/\n", JIG_INVALID_ARGUMENT},
        {"http://me@example.org/", JIG_INVALID_ARGUMENT},
        {"http://me:pw@example.org/", JIG_INVALID_ARGUMENT},
        {"http://:pw@example.org/", JIG_INVALID_ARGUMENT},
        {"file:///etc/passwd", JIG_PERMISSION_DENIED},
        {"http://example.org:99999/", JIG_INVALID_ARGUMENT},
        {"http://me:pw@example.org:99999/", JIG_INVALID_ARGUMENT},
        {"http://me:pw word@example.org/", JIG_INVALID_ARGUMENT},
    };
    for (size_t i = 0; i < JIG_COUNT(urls); i++) {
        assert_int_equal(jig_url_check(urls[i].text, false, &err), urls[i].code);
        if (urls[i].code != JIG_OK)
            assert_null(strstr(err.message, "pw"));
    }
    struct jig_url u;
    assert_int_equal(jig_url_parse("https://LOCALHOST/", false, &u, &err), JIG_OK);
    assert_string_equal(u.host, "localhost");
    assert_int_equal(u.port, 443);
    assert_true(u.is_https && u.is_loopback);
    jig_url_release(&u);
    assert_int_equal(jig_url_parse("http://127.example.org/", false, &u, &err), JIG_OK);
    assert_false(u.is_loopback);
    jig_url_release(&u);
}

static void test_content_ranges(void **state)
{
    (void)state;
    struct jig_content_range r;
    assert_true(jig_content_range_parse("bytes 5-9/10", &r));
    assert_int_equal(r.first, 5);
    assert_int_equal(r.last, 9);
    assert_int_equal(r.total, 10);
    assert_true(jig_content_range_parse("bytes 0-0/*", &r));
    assert_int_equal(r.total, -1);
    assert_true(jig_content_range_parse("bytes */10", &r));
    assert_int_equal(r.first, -1);
    static const char *const bad[] = {"",
                                      "bytes",
                                      "bytes 5-9",
                                      "bytes 9-5/10",
                                      "bytes 5-10/10",
                                      "bytes -5-9/10",
                                      "bytes 5-9/10x",
                                      "bytes */*",
                                      "items 0-1/2",
                                      "bytes5-9/10",
                                      "bytes 5-99999999999999999999/*"};
    for (size_t i = 0; i < JIG_COUNT(bad); i++)
        assert_false(jig_content_range_parse(bad[i], &r));
}

static void test_netrc(void **state)
{
    (void)state;
    struct jig_credentials c = {0};
    jig_credentials_read_netrc(&c, "# note\nmachine a login la password \"p \\\"a\\\"\"\n"
                                   "macdef init\nmachine evil login e password e\n\n"
                                   "machine b\n\tlogin lb account x\n\tpassword pb\n"
                                   "machine half login only # or not\n"
                                   "machine hash login lh password #ph\n"
                                   "default login d password d\nmachine A.org login u password v");
    assert_int_equal(c.n, 4);
    assert_string_equal(jig_credentials_for(&c, "hash", 80)->secret, "#ph");
    assert_string_equal(jig_credentials_for(&c, "a", 80)->secret, "p \"a\"");
    assert_string_equal(jig_credentials_for(&c, "b", 80)->login, "lb");
    assert_string_equal(jig_credentials_for(&c, "a.ORG", 443)->secret, "v");
    assert_null(jig_credentials_for(&c, "evil", 80));
    assert_null(jig_credentials_for(&c, "half", 80));
    assert_null(jig_credentials_for(&c, "x.a.org", 80));
    static const char *const pairs[][2] = {
        {"Basic dTp2", "v"}, {"Basic dTp2dw==", "vw"}, {"Basic dTp2dnY=", "vvv"}};
    for (size_t i = 0; i < JIG_COUNT(pairs); i++) {
        struct jig_credential one = {.login = (char[]){"u"}, .secret = (char *)pairs[i][1]};
        JIG_CLEANUP_FREE char *value = jig_credential_authorization(&one);
        assert_string_equal(value, pairs[i][0]);
    }
    jig_credentials_release(&c);
    assert_int_equal(jig_credentials_read_tokens(&c, "t", "a b c\n", &err), JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message, "t:1: a line is a host and a token");
    assert_int_equal(jig_credentials_read_tokens(&c, "t", "\na:x b\n", &err), JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message, "t:2: 'x' is no port");
    jig_credentials_release(&c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_whole),
        TEST(test_goes_on_where_it_was_cut),
        TEST(test_starts_anew_without_a_validator),
        TEST(test_server_without_ranges),
        TEST(test_nonsense_206),
        TEST(test_resumes),
        TEST(test_what_may_pass),
        TEST(test_what_does_not_pass),
        TEST(test_stalls),
        TEST(test_deadline_and_cancel),
        TEST(test_sizes),
        TEST(test_sizes_of_parts),
        TEST(test_mirrors_in_order),
        TEST(test_sink_fails),
        TEST(test_conditional),
        TEST(test_redirects_that_are_refused),
        TEST(test_credentials_stay_at_their_host),
        TEST(test_tokens),
        TEST(test_files_when_allowed),
        TEST(test_proxies),
        TEST(test_no_password_in_the_clear),
        TEST(test_no_password_in_the_clear_after_a_redirect),
        TEST(test_progress),
        TEST(test_many_at_once),
        TEST(test_urls),
        TEST(test_content_ranges),
        TEST(test_netrc),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
