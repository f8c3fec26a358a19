/* libjig's own SP client against nng's replier: what the two agree on is the protocol. (jigd's own
 * reader meets nng's requester in the other tests here.) */
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <jig/daemon.h>

#include "jig/v1/daemon.pb-c.h"
#include "jig/v1/rpc.pb-c.h"
#include "tests/support/unit.h"

#define SOON jig_deadline_after_ms(60000)

/* A replier that answers GetStatus, with wanted_bytes of state_directory. */
struct replier {
    nng_socket socket;
    nng_listener listener;
    pthread_t thread;
    char url[256];
    int drop;     /* so many requests are not answered: their connections are closed */
    int requests; /* that came */
    bool same_id; /* each had the id of the one before */
    uint8_t id[16];
};

static atomic_size_t wanted_bytes;

static void note_id(struct replier *r, const Jig__V1__Request *request)
{
    assert_int_equal(request->request_id.len, 16);
    r->same_id = r->requests > 0 && memcmp(r->id, request->request_id.data, 16) == 0;
    memcpy(r->id, request->request_id.data, 16);
    r->requests++;
}

static void put_reply(nng_msg *msg)
{
    size_t bytes_wanted = atomic_load(&wanted_bytes);
    char *text = calloc(1, bytes_wanted + 1);
    memset(text, 'x', bytes_wanted);
    Jig__V1__GetStatusResponse status = JIG__V1__GET_STATUS_RESPONSE__INIT;
    status.state_directory = text;
    status.pid = 77;
    Jig__V1__Response response = JIG__V1__RESPONSE__INIT;
    response.protocol_version = 1;
    response.payload.len = jig__v1__get_status_response__get_packed_size(&status);
    response.payload.data = malloc(response.payload.len);
    jig__v1__get_status_response__pack(&status, response.payload.data);
    size_t n = jig__v1__response__get_packed_size(&response);
    uint8_t *bytes = malloc(n);
    jig__v1__response__pack(&response, bytes);
    nng_msg_clear(msg);
    assert_int_equal(nng_msg_append(msg, bytes, n), 0);
    free(bytes);
    free(response.payload.data);
    free(text);
}

static void *serve(void *arg)
{
    struct replier *r = arg;
    nng_msg *msg;
    while (nng_recvmsg(r->socket, &msg, 0) == 0) {
        Jig__V1__Request *request =
            jig__v1__request__unpack(NULL, nng_msg_len(msg), nng_msg_body(msg));
        assert_non_null(request);
        note_id(r, request);
        jig__v1__request__free_unpacked(request, NULL);
        if (r->requests <= r->drop) {
            nng_pipe_close(nng_msg_get_pipe(msg));
            nng_msg_free(msg);
            continue;
        }
        put_reply(msg);
        if (nng_sendmsg(r->socket, msg, 0) != 0)
            nng_msg_free(msg);
    }
    return NULL;
}

static void start(struct replier *r, const char *url)
{
    memset(r, 0, sizeof *r);
    assert_int_equal(nng_rep0_open(&r->socket), 0);
    assert_int_equal(nng_listener_create(&r->listener, r->socket, url), 0);
    assert_int_equal(nng_listener_start(r->listener, 0), 0);
    int port;
    if (nng_listener_get_int(r->listener, NNG_OPT_TCP_BOUND_PORT, &port) == 0)
        snprintf(r->url, sizeof r->url, "tcp://127.0.0.1:%d", port);
    else
        snprintf(r->url, sizeof r->url, "%s", url);
}

static void run(struct replier *r)
{
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static void stop(struct replier *r)
{
    nng_close(r->socket);
    pthread_join(r->thread, NULL);
}

static void start_here(struct replier *r, void **state, bool tcp)
{
    char url[256];
    snprintf(url, sizeof url, "ipc://%s/s", (const char *)*state);
    start(r, tcp ? "tcp://127.0.0.1:0" : url);
}

static void ask(struct jig_client *client, size_t bytes)
{
    const struct jig_daemon_status *status;
    struct jig_error error;
    atomic_store(&wanted_bytes, bytes);
    if (jig_client_get_status(client, SOON, &status, &error) != JIG_STATUS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(status->pid, 77);
    assert_int_equal(strlen(status->state_directory), bytes);
    jig_client_free(status);
}

static struct jig_client *connect_to(const struct replier *r)
{
    struct jig_client *client;
    struct jig_error error;
    if (jig_client_open(r->url, NULL, &client, &error) != JIG_STATUS_OK)
        fail_msg("%s", error.message);
    return client;
}

static void talk(void **state, bool tcp)
{
    struct replier r;
    start_here(&r, state, tcp);
    run(&r);
    struct jig_client *client = connect_to(&r);
    for (int i = 0; i < 200; i++)
        ask(client, (size_t)i);
    static const size_t sizes[] = {4095, 4096, 65535, 65536, 1 << 20, 5 << 20, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        ask(client, sizes[i]);
    jig_client_close(client);
    for (int i = 0; i < 20; i++) { /* comes, and leaves */
        client = connect_to(&r);
        ask(client, 10);
        jig_client_close(client);
    }
    stop(&r);
}

static void over_a_unix_socket(void **state)
{
    talk(state, false);
}

static void over_tcp(void **state)
{
    talk(state, true);
}

/* Requests of any size arrive whole. */
static void large_requests(void **state)
{
    struct replier r;
    start_here(&r, state, false);
    run(&r);
    struct jig_client *client = connect_to(&r);
    for (size_t n = 1; n <= (size_t)4 << 20; n *= 4) {
        char *json = malloc(n + 64);
        char *name = calloc(1, n + 1);
        memset(name, 'd', n);
        snprintf(json, n + 64, "{\"device\":\"%s\"}", name);
        const char *reply = NULL;
        struct jig_error error;
        atomic_store(&wanted_bytes, 1);
        /* What comes back is no GetDeviceResponse, which is of no matter here. */
        enum jig_status status =
            jig_client_call_json(client, "GetDevice", json, SOON, &reply, &error);
        assert_true(status == JIG_STATUS_OK || status == JIG_STATUS_INTERNAL);
        jig_client_free(reply);
        free(json);
        free(name);
    }
    jig_client_close(client);
    stop(&r);
    assert_int_equal(r.requests, 12);
}

/* The connection goes while a call waits: it is sent again, once, with the id it had. */
static void sent_again_once(void **state)
{
    struct replier r;
    start_here(&r, state, true);
    r.drop = 1;
    run(&r);
    struct jig_client *client = connect_to(&r);
    ask(client, 5);
    jig_client_close(client);
    stop(&r);
    assert_int_equal(r.requests, 2);
    assert_true(r.same_id);
}

static void not_for_ever(void **state)
{
    struct replier r;
    start_here(&r, state, true);
    r.drop = 100;
    run(&r);
    struct jig_client *client = connect_to(&r);
    const struct jig_daemon_status *status;
    struct jig_error error;
    assert_int_equal(jig_client_get_status(client, SOON, &status, &error), JIG_STATUS_UNAVAILABLE);
    jig_client_close(client);
    stop(&r);
    assert_int_equal(r.requests, 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(over_a_unix_socket), TEST(over_tcp),     TEST(large_requests),
        TEST(sent_again_once),    TEST(not_for_ever),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
