/* Hosts that do not answer: what many fetches of one operation ask of them. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/fetch.h"
#include "core/fetch/outages.h"
#include "core/os/cancel.h"
#include "tests/support/http_server.h"

#define ROUNDS  3
#define THREADS 8
#define EACH    25 /* fetches a thread */

/* What a server does with every request. */
enum manner { ANSWERS, HANGS_UP, NEVER_ANSWERS, REFUSES_ONCE };

struct host {
    enum manner manner;
    struct http_server *server;
    atomic_uint asked;
};

static bool answer(void *ctx, const struct http_request *request)
{
    struct host *h = ctx;
    unsigned before = atomic_fetch_add(&h->asked, 1);
    if (h->manner == HANGS_UP || (h->manner == REFUSES_ONCE && before == 0))
        return false;
    if (h->manner == NEVER_ANSWERS) {
        http_wait_closed(request);
        return false;
    }
    if (strcmp(request->path, "/elsewhere") == 0)
        return http_sendf(request, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
    return http_sendf(request, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
}

struct bench {
    struct host one;
    struct host two;
    struct jig_fetcher *fetcher;
    struct jig_outages *outages;
    const char *path;
    bool mirrored; /* two has it as well */
    atomic_uint good;
    atomic_uint bad;
};

static void open_bench(struct bench *b, enum manner one, enum manner two)
{
    struct jig_fetcher_options options = {.proxy = "none",
                                          .pause_ms = 1,
                                          .rounds = ROUNDS,
                                          .stall_ms = one == NEVER_ANSWERS ? 50 : 0,
                                          .host_at_once = THREADS,
                                          .at_once = THREADS};
    *b = (struct bench){.one.manner = one, .two.manner = two, .path = "/a"};
    b->one.server = http_server_start(answer, &b->one);
    b->two.server = http_server_start(answer, &b->two);
    b->fetcher = jig_fetcher_new(&options);
    b->outages = jig_outages_new();
}

static void close_bench(struct bench *b)
{
    jig_outages_free(b->outages);
    jig_fetcher_free(b->fetcher);
    http_server_stop(b->one.server);
    http_server_stop(b->two.server);
}

static enum jig_code begin(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    (void)ctx;
    (void)offset;
    (void)reterr;
    return JIG_OK;
}

static enum jig_code take(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    (void)ctx;
    (void)data;
    (void)n;
    (void)reterr;
    return JIG_OK;
}

static enum jig_code fetch(struct bench *b, struct jig_err *err)
{
    JIG_CLEANUP_FREE char *url = http_server_url(b->one.server, b->path);
    JIG_CLEANUP_FREE char *mirror = http_server_url(b->two.server, "/a");
    const char *const urls[] = {url, mirror};
    struct jig_fetch_spec spec = {.urls = urls,
                                  .n_urls = b->mirrored ? 2 : 1,
                                  .size = -1,
                                  .sink = {.begin = begin, .write = take},
                                  .outages = b->outages};
    return jig_fetch(b->fetcher, &spec, &JIG_UNTIL_FOREVER, NULL, err);
}

static void *fetch_many(void *ctx)
{
    struct bench *b = ctx;
    for (int i = 0; i < EACH; i++) {
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = fetch(b, &err);
        atomic_fetch_add(code == JIG_OK ? &b->good : &b->bad, 1);
        if (code != JIG_OK && (code != JIG_UNAVAILABLE || err.message[0] == '\0'))
            atomic_fetch_add(&b->bad, 1000); /* not what is to be said */
    }
    return NULL;
}

static void fetch_at_once(struct bench *b)
{
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, fetch_many, b), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* One goes through all rounds; the others have asked once at most, before that was known. */
static void a_silent_host_costs_one_set_of_retries(void **state)
{
    static const enum manner manners[] = {HANGS_UP, NEVER_ANSWERS};
    (void)state;
    for (size_t i = 0; i < JIG_COUNT(manners); i++) {
        struct bench b;
        open_bench(&b, manners[i], ANSWERS);
        fetch_at_once(&b);
        assert_int_equal(atomic_load(&b.bad), THREADS * EACH);
        assert_in_range(atomic_load(&b.one.asked), ROUNDS, ROUNDS + THREADS - 1);
        close_bench(&b);
    }
}

static void without_one_each_finds_out_for_itself(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    (void)state;
    open_bench(&b, HANGS_UP, ANSWERS);
    jig_outages_free(jig_steal(&b.outages));
    assert_int_equal(fetch(&b, &err), JIG_UNAVAILABLE);
    assert_int_equal(fetch(&b, &err), JIG_UNAVAILABLE);
    assert_int_equal(atomic_load(&b.one.asked), 2 * ROUNDS);
    close_bench(&b);
}

/* Nobody listens: the same, and the other host is asked as ever. */
static void a_host_that_refuses(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    (void)state;
    open_bench(&b, ANSWERS, ANSWERS);
    JIG_CLEANUP_FREE char *url = http_server_url(b.one.server, "/a");
    http_server_stop(jig_steal(&b.one.server));
    b.one.server = http_server_start(answer, &b.one); /* at another port */
    const char *const urls[] = {url};
    struct jig_fetch_spec spec = {.urls = urls,
                                  .n_urls = 1,
                                  .size = -1,
                                  .sink = {.begin = begin, .write = take},
                                  .outages = b.outages};
    assert_int_equal(jig_fetch(b.fetcher, &spec, &JIG_UNTIL_FOREVER, NULL, &err), JIG_UNAVAILABLE);
    assert_int_equal(jig_fetch(b.fetcher, &spec, &JIG_UNTIL_FOREVER, NULL, &err), JIG_UNAVAILABLE);
    assert_non_null(strstr(err.message, url));
    assert_int_equal(fetch(&b, &err), JIG_OK);
    close_bench(&b);
}

/* A mirror is asked at once where the first URL's host is not well. */
static void mirrors_are_not_kept_waiting(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, HANGS_UP, ANSWERS);
    b.mirrored = true;
    fetch_at_once(&b);
    assert_int_equal(atomic_load(&b.good), THREADS * EACH);
    assert_in_range(atomic_load(&b.one.asked), 1, THREADS);
    assert_in_range(atomic_load(&b.two.asked), THREADS * EACH, THREADS * EACH);
    close_bench(&b);
}

/* What passes is no outage. */
static void a_hiccup_is_forgotten(void **state)
{
    struct bench b;
    (void)state;
    open_bench(&b, REFUSES_ONCE, ANSWERS);
    fetch_at_once(&b);
    assert_int_equal(atomic_load(&b.good), THREADS * EACH);
    assert_int_equal(atomic_load(&b.one.asked), THREADS * EACH + 1);
    close_bench(&b);
}

/* Who says that it has nothing is there. */
static void a_refusal_is_an_answer(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    (void)state;
    open_bench(&b, ANSWERS, ANSWERS);
    b.path = "/elsewhere";
    assert_int_equal(fetch(&b, &err), JIG_NOT_FOUND);
    b.path = "/a";
    assert_int_equal(fetch(&b, &err), JIG_OK);
    close_bench(&b);
}

/* ---- the states, by hand ---- */

static const char who[3];
#define A (&who[0])
#define B (&who[1])

static enum jig_code enter(struct jig_outages *o, const void *me, bool may_skip)
{
    struct jig_until now = jig_until_sooner(&JIG_UNTIL_FOREVER, 0); /* who would wait, fails */
    return jig_outages_enter(o, me, "h:1", may_skip, &now, NULL);
}

static void states(void **state)
{
    struct jig_outages *o = jig_outages_new();
    struct jig_err err = JIG_ERR_INIT;
    (void)state;
    jig_err_set(&err, JIG_UNAVAILABLE, "nobody is there");
    assert_int_equal(enter(o, A, false), JIG_OK);
    jig_outages_silent(o, A, "h:1", &err);
    assert_int_equal(enter(o, A, false), JIG_OK); /* it tries on */
    assert_int_equal(enter(o, B, false), JIG_DEADLINE_EXCEEDED);
    assert_int_equal(enter(o, B, true), JIG_ABORTED);
    /* who tries another host does not wait for who may wait for it */
    jig_outages_silent(o, B, "g:1", &err);
    assert_int_equal(enter(o, B, false), JIG_OK);
    jig_outages_leave(o, B, false);
    /* it ended without all rounds: the next one tries */
    jig_outages_leave(o, A, false);
    assert_int_equal(enter(o, B, true), JIG_ABORTED);
    assert_int_equal(enter(o, B, false), JIG_OK);
    jig_outages_silent(o, B, "h:1", &err);
    jig_outages_leave(o, B, true);
    struct jig_err got = JIG_ERR_INIT;
    assert_int_equal(jig_outages_enter(o, A, "h:1", false, &JIG_UNTIL_FOREVER, &got),
                     JIG_UNAVAILABLE);
    assert_string_equal(got.message, "nobody is there");
    /* somebody who was there before it was down got an answer after all */
    jig_outages_answered(o, "h:1");
    assert_int_equal(enter(o, A, false), JIG_OK);
    jig_outages_free(o);
}

static void the_number_of_hosts_has_a_ceiling(void **state)
{
    struct jig_outages *o = jig_outages_new();
    struct jig_err err = JIG_ERR_INIT;
    (void)state;
    jig_err_set(&err, JIG_UNAVAILABLE, "nobody is there");
    for (int i = 0; i <= JIG_OUTAGES_MOST; i++) {
        JIG_CLEANUP_FREE char *host = jig_strf("h%d:1", i);
        jig_outages_silent(o, A, host, &err);
        jig_outages_leave(o, A, true);
        enum jig_code code = jig_outages_enter(o, A, host, false, &JIG_UNTIL_FOREVER, NULL);
        assert_int_equal(code, i < JIG_OUTAGES_MOST ? JIG_UNAVAILABLE : JIG_OK);
    }
    jig_outages_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_host_costs_one_set_of_retries),
        cmocka_unit_test(without_one_each_finds_out_for_itself),
        cmocka_unit_test(a_host_that_refuses),
        cmocka_unit_test(mirrors_are_not_kept_waiting),
        cmocka_unit_test(a_hiccup_is_forgotten),
        cmocka_unit_test(a_refusal_is_an_answer),
        cmocka_unit_test(states),
        cmocka_unit_test(the_number_of_hosts_has_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
