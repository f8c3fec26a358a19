#include "tests/support/unit.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jig/build.h>
#include <jig/client.h>
#include <jig/daemon.h>
#include <jig/deploy.h>
#include <jig/device.h>
#include <jig/operation.h>

#include "client/lib/call.h"
#include "client/lib/client.h"
#include "client/lib/url.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "jig/v1/build.pb-c.h"
#include "jig/v1/daemon.pb-c.h"
#include "jig/v1/deploy.pb-c.h"
#include "jig/v1/device.pb-c.h"
#include "tests/support/fake_daemon.h"

#define SOON jig_deadline_after_ms(20000) /* nothing waits that long unless it is broken */

/* Handlers run in the fake's thread: they use assert(), which cmocka's own must not be there. */

/* --- a fake daemon with its socket in the test's folder, and a client of it --- */

struct bench {
    struct fake_daemon *daemon;
    struct jig_client *client;
    char url[128];
    /* what handlers leave for the test */
    struct fake_request *held;
    uint8_t first_id[16];
    uint8_t second_id[16];
    unsigned count;
    pthread_mutex_t mu;
    pthread_cond_t changed;
};

static void bench_start(struct bench *b, void **state, fake_handler *handler)
{
    *b = (struct bench){.mu = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    snprintf(b->url, sizeof b->url, "ipc://%s/s", (const char *)*state);
    b->daemon = fake_daemon_start(b->url, handler, b);
    struct jig_error error;
    const struct jig_client_options options = {.program = "test 1.0"};
    assert_int_equal(jig_client_open(b->url, &options, &b->client, &error), JIG_STATUS_OK);
}

static void bench_stop(struct bench *b)
{
    jig_client_close(b->client);
    fake_daemon_stop(b->daemon);
}

static void hold(struct bench *b, struct fake_request *r)
{
    pthread_mutex_lock(&b->mu);
    b->held = r;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->mu);
}

static struct fake_request *take_held(struct bench *b)
{
    pthread_mutex_lock(&b->mu);
    while (b->held == NULL)
        pthread_cond_wait(&b->changed, &b->mu);
    struct fake_request *r = b->held;
    b->held = NULL;
    pthread_mutex_unlock(&b->mu);
    return r;
}

static void reply_status_message(struct fake_request *r, const char *version)
{
    Jig__V1__GetStatusResponse status = JIG__V1__GET_STATUS_RESPONSE__INIT;
    char *endpoints[] = {(char *)"ipc:///one", (char *)"tcp://127.0.0.1:2"};
    status.version = (char *)(uintptr_t)version;
    status.pid = 4711;
    status.uptime_ms = 60000;
    status.endpoints = endpoints;
    status.n_endpoints = 2;
    fake_reply(r, &status.base);
}

static void answer_status(void *context, struct fake_request *r)
{
    (void)context;
    reply_status_message(r, "9.8.7");
}

static void assert_status_works(struct jig_client *client)
{
    const struct jig_daemon_status *s = NULL;
    struct jig_error error = {.message = "none"};
    if (jig_client_get_status(client, SOON, &s, &error) != JIG_STATUS_OK)
        fail_msg("%s", error.message);
    assert_string_equal(s->version, "9.8.7");
    jig_client_free(s);
}

/* --- addresses --- */

static void test_url(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        enum jig_status status;
        const char *says;
    } rows[] = {
        {"ipc:///run/jig/jigd.sock", JIG_STATUS_OK, "ipc:///run/jig/jigd.sock"},
        {"tcp://127.0.0.1:4711", JIG_STATUS_OK, "tcp://127.0.0.1:4711"},
        {"tcp://127.3.2.1:1", JIG_STATUS_OK, "tcp://127.3.2.1:1"},
        {"tcp://localhost:80", JIG_STATUS_OK, "tcp://localhost:80"},
        {"tcp://[::1]:80", JIG_STATUS_OK, "tcp://[::1]:80"},
        {"ipc://relative", JIG_STATUS_INVALID_ARGUMENT, "absolute path"},
        {"tcp://10.0.0.1:80", JIG_STATUS_INVALID_ARGUMENT, "'10.0.0.1' is not a loopback"},
        {"tcp://0.0.0.0:80", JIG_STATUS_INVALID_ARGUMENT, "not a loopback"},
        {"tcp://[fe80::1]:80", JIG_STATUS_INVALID_ARGUMENT, "not a loopback"},
        {"tcp://example.org:80", JIG_STATUS_INVALID_ARGUMENT, "not a loopback"},
        {"tcp://127.0.0.1", JIG_STATUS_INVALID_ARGUMENT, "a port"},
        {"tcp://127.0.0.1:0", JIG_STATUS_INVALID_ARGUMENT, "a port"},
        {"tcp://127.0.0.1:65536", JIG_STATUS_INVALID_ARGUMENT, "a port"},
        {"tcp://127.0.0.1:8x", JIG_STATUS_INVALID_ARGUMENT, "a port"},
        {"tcp://:80", JIG_STATUS_INVALID_ARGUMENT, "a port"},
        {"tls+tcp://lab:4711", JIG_STATUS_UNIMPLEMENTED, "not in this version"},
        {"http://x", JIG_STATUS_INVALID_ARGUMENT, "not the URL of a daemon"},
        {"/run/jig/jigd.sock", JIG_STATUS_INVALID_ARGUMENT, "not the URL of a daemon"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_address address;
        struct jig_error error = {.message = ""};
        assert_int_equal(jig_url_parse(rows[i].url, &address, &error), rows[i].status);
        const char *said = rows[i].status == JIG_STATUS_OK ? address.text : error.message;
        if (strstr(said, rows[i].says) == NULL)
            fail_msg("%s: said '%s'", rows[i].url, said);
        if (rows[i].status != JIG_STATUS_OK)
            assert_int_equal(error.cause, JIG_CAUSE_USAGE);
    }
}

static void test_url_too_long(void **state)
{
    (void)state;
    char url[256] = "ipc:///";
    memset(url + 7, 'x', 120);
    struct jig_address address;
    struct jig_error error;
    assert_int_equal(jig_url_parse(url, &address, &error), JIG_STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "121 bytes long"));
}

static void test_nobody_listens(void **state)
{
    char url[128];
    snprintf(url, sizeof url, "ipc://%s/none", (const char *)*state);
    struct jig_client *client = NULL;
    struct jig_error error;
    assert_int_equal(jig_client_open(url, NULL, &client, &error), JIG_STATUS_UNAVAILABLE);
    assert_int_equal(error.cause, JIG_CAUSE_UNREACHABLE);
    assert_non_null(strstr(error.message, url));
    assert_null(client);
}

/* --- errors --- */

static void test_error_is_cut_between_characters(void **state)
{
    (void)state;
    struct jig_error error;
    char text[JIG_ERROR_MESSAGE_MAX + 64];
    for (size_t before = 0; before < 4; before++) {
        memset(text, 'x', before);
        size_t n = before;
        for (; n + 4 < sizeof text; n += 3)
            memcpy(text + n, "\u20ac", 4);
        jig_error_set(&error, JIG_STATUS_UNKNOWN, "%s", text);
        assert_true(jig_utf8_valid(error.message, strlen(error.message)));
        assert_true(strlen(error.message) > JIG_ERROR_MESSAGE_MAX - 4);
    }
}

static void test_details_that_do_not_fit(void **state)
{
    (void)state;
    struct jig_error error;
    char name[1000];
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    jig_error_set(&error, JIG_STATUS_UNKNOWN, "x");
    for (int i = 0; i < 6; i++)
        jig_error_detail(&error, name);
    jig_error_detail(&error, "short");
    assert_int_equal(strlen(error.details), 4 * 999 + 3 + 1 + 5);
    jig_error_detail(NULL, "x");
    assert_int_equal(jig_error_set(NULL, JIG_STATUS_ABORTED, "x"), JIG_STATUS_ABORTED);
}

static void test_status_names(void **state)
{
    (void)state;
    assert_string_equal(jig_status_name(JIG_STATUS_OK), "ok");
    assert_string_equal(jig_status_name(JIG_STATUS_UNAUTHENTICATED), "unauthenticated");
    assert_string_equal(jig_status_name((enum jig_status)17), "unknown");
    assert_string_equal(jig_status_name((enum jig_status) - 1), "unknown");
}

/* --- calls --- */

static void check_request(void *context, struct fake_request *r)
{
    struct bench *b = context;
    assert(strcmp(r->request->method, "/jig.v1.DaemonService/GetStatus") == 0);
    assert(r->request->request_id.len == 16);
    assert(r->request->protocol_version == 1);
    assert(strcmp(r->request->client, "test 1.0") == 0);
    assert(r->request->deadline_ms > 1000 && r->request->deadline_ms <= 20000);
    memcpy(b->second_id, b->first_id, 16);
    memcpy(b->first_id, r->request->request_id.data, 16);
    reply_status_message(r, "9.8.7");
}

static void test_call(void **state)
{
    struct bench b;
    bench_start(&b, state, check_request);
    const struct jig_daemon_status *s;
    struct jig_error error;
    assert_int_equal(jig_client_get_status(b.client, SOON, &s, &error), JIG_STATUS_OK);
    assert_int_equal(s->pid, 4711);
    assert_int_equal(s->uptime_ms, 60000);
    assert_int_equal(s->endpoints.count, 2);
    assert_string_equal(s->endpoints.items[1], "tcp://127.0.0.1:2");
    assert_string_equal(s->state_directory, "");
    assert_status_works(b.client);
    assert_memory_not_equal(b.first_id, b.second_id, 16);
    bench_stop(&b);
    assert_string_equal(s->version, "9.8.7"); /* outlives the client */
    jig_client_free(s);
}

static void test_tcp(void **state)
{
    (void)state;
    struct fake_daemon *daemon = fake_daemon_start("tcp://127.0.0.1:0", answer_status, NULL);
    char url[64];
    snprintf(url, sizeof url, "tcp://127.0.0.1:%d", fake_daemon_port(daemon));
    struct jig_client *client;
    assert_int_equal(jig_client_open(url, NULL, &client, NULL), JIG_STATUS_OK);
    assert_status_works(client);
    assert_status_works(client);
    jig_client_close(client);
    fake_daemon_stop(daemon);
}

/* A reply of 3 MiB comes in many pieces. */
static void answer_much(void *context, struct fake_request *r)
{
    (void)context;
    size_t size = (size_t)3 << 20;
    char *line = malloc(size + 1);
    memset(line, 'x', size);
    line[size] = '\0';
    Jig__V1__GetLogsResponse logs = JIG__V1__GET_LOGS_RESPONSE__INIT;
    logs.lines = &line;
    logs.n_lines = 1;
    fake_reply(r, &logs.base);
    free(line);
}

static void test_large_reply(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_much);
    const struct jig_daemon_logs *logs;
    assert_int_equal(jig_client_get_logs(b.client, 0, SOON, &logs, NULL), JIG_STATUS_OK);
    assert_int_equal(strlen(logs->lines.items[0]), (size_t)3 << 20);
    jig_client_free(logs);
    bench_stop(&b);
}

static void test_request_too_large(void **state)
{
    struct bench b;
    bench_start(&b, state, NULL);
    size_t size = JIG_REQUEST_MAX + 1;
    char *device = malloc(size + 1);
    memset(device, 'x', size);
    device[size] = '\0';
    const struct jig_device *d;
    struct jig_error error;
    assert_int_equal(jig_client_get_device(b.client, device, SOON, &d, &error),
                     JIG_STATUS_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(error.message, "limit of 16777216"));
    assert_int_equal(fake_daemon_seen(b.daemon), 0);
    free(device);
    bench_stop(&b);
}

static void answer_busy(void *context, struct fake_request *r)
{
    (void)context;
    char *details[] = {(char *)"one", (char *)"two"};
    Jig__V1__Status status = JIG__V1__STATUS__INIT;
    status.code = 10;
    status.reason = JIG__V1__ERROR_REASON__ERROR_REASON_BUSY;
    status.message = (char *)"the port is held by ann";
    status.hint = (char *)"wait";
    status.details = details;
    status.n_details = 2;
    fake_reply_status(r, &status);
}

static void test_error(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_busy);
    const struct jig_devices *devices = NULL;
    struct jig_error error;
    assert_int_equal(jig_client_list_devices(b.client, SOON, &devices, &error), JIG_STATUS_ABORTED);
    assert_null(devices);
    assert_int_equal(error.status, JIG_STATUS_ABORTED);
    assert_int_equal(error.cause, JIG_CAUSE_BUSY);
    assert_string_equal(error.message, "the port is held by ann");
    assert_string_equal(error.hint, "wait");
    assert_string_equal(error.details, "one\ntwo");
    bench_stop(&b);
}

static void answer_other_version(void *context, struct fake_request *r)
{
    (void)context;
    Jig__V1__Response response = JIG__V1__RESPONSE__INIT;
    response.protocol_version = 7;
    response.server_version = (char *)"3.2.1";
    fake_reply_response(r, &response);
}

static void test_other_version(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_other_version);
    const struct jig_devices *devices;
    struct jig_error error;
    assert_int_equal(jig_client_list_devices(b.client, SOON, &devices, &error),
                     JIG_STATUS_FAILED_PRECONDITION);
    assert_int_equal(error.cause, JIG_CAUSE_VERSION);
    assert_non_null(strstr(error.message, "3.2.1"));
    assert_non_null(strstr(error.message, "protocol 7"));
    assert_non_null(strstr(error.message, "protocol 1"));
    bench_stop(&b);
}

static void answer_rubbish(void *context, struct fake_request *r)
{
    (void)context;
    fake_reply_bytes(r, "\xff\xff\xff rubbish", 11);
}

static void test_rubbish_reply(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_rubbish);
    const struct jig_devices *devices;
    struct jig_error error;
    assert_int_equal(jig_client_list_devices(b.client, SOON, &devices, &error),
                     JIG_STATUS_INTERNAL);
    assert_non_null(strstr(error.message, "ListDevices"));
    bench_stop(&b);
}

/* --- several calls at once --- */

static void hold_reads(void *context, struct fake_request *r)
{
    struct bench *b = context;
    if (strcmp(r->method, "GetStatus") == 0)
        reply_status_message(r, "9.8.7");
    else
        hold(b, r);
}

/* While the outer call waits: two inner ones on the same connection, then the outer's reply. */
static bool call_inside(void *context, int fd)
{
    struct bench *b = context;
    uint64_t count;
    assert_int_equal(read(fd, &count, sizeof count), sizeof count);
    struct fake_request *outer = take_held(b);
    fake_stray(outer);
    assert_status_works(b->client);
    Jig__V1__ListDevicesResponse devices = JIG__V1__LIST_DEVICES_RESPONSE__INIT;
    devices.revision = 77;
    fake_reply(outer, &devices.base);
    assert_status_works(b->client); /* and the outer reply may come in this wait */
    b->count++;
    return false;
}

static void test_calls_within_calls(void **state)
{
    struct bench b;
    bench_start(&b, state, hold_reads);
    int fd = eventfd(1, 0);
    assert_int_equal(jig_client_watch(b.client, fd, call_inside, &b, NULL), JIG_STATUS_OK);
    const struct jig_devices *devices;
    struct jig_error error;
    assert_int_equal(jig_client_list_devices(b.client, SOON, &devices, &error), JIG_STATUS_OK);
    assert_int_equal(devices->revision, 77);
    jig_client_free(devices);
    assert_int_equal(b.count, 1);
    assert_int_equal(fake_daemon_seen(b.daemon), 3);
    close(fd);
    bench_stop(&b);
}

static bool stop_waiting(void *context, int fd)
{
    (void)fd;
    struct bench *b = context;
    b->count++;
    return true;
}

static void test_interrupted(void **state)
{
    struct bench b;
    bench_start(&b, state, hold_reads);
    int fd = eventfd(1, 0);
    assert_int_equal(jig_client_watch(b.client, fd, stop_waiting, &b, NULL), JIG_STATUS_OK);
    const struct jig_devices *devices;
    struct jig_error error;
    assert_int_equal(jig_client_list_devices(b.client, SOON, &devices, &error),
                     JIG_STATUS_CANCELLED);
    assert_int_equal(b.count, 1);
    jig_client_unwatch(b.client, fd);
    /* The reply comes too late for anybody, and must not be taken for another's. */
    Jig__V1__ListDevicesResponse late = JIG__V1__LIST_DEVICES_RESPONSE__INIT;
    fake_reply(take_held(&b), &late.base);
    assert_status_works(b.client);
    close(fd);
    bench_stop(&b);
}

static void test_too_many_watches(void **state)
{
    struct bench b;
    bench_start(&b, state, NULL);
    for (int i = 0; i < JIG_WATCHES_MAX; i++)
        assert_int_equal(jig_client_watch(b.client, i, stop_waiting, &b, NULL), JIG_STATUS_OK);
    struct jig_error error;
    assert_int_equal(jig_client_watch(b.client, 9, stop_waiting, &b, &error),
                     JIG_STATUS_RESOURCE_EXHAUSTED);
    bench_stop(&b);
}

static void test_deadline(void **state)
{
    struct bench b;
    bench_start(&b, state, hold_reads);
    const struct jig_devices *devices;
    struct jig_error error;
    assert_int_equal(jig_client_list_devices(b.client, jig_deadline_after_ms(30), &devices, &error),
                     JIG_STATUS_DEADLINE_EXCEEDED);
    fake_forget(take_held(&b));
    assert_status_works(b.client);
    bench_stop(&b);
}

/* --- a connection that drops --- */

static void hang_up_at_first(void *context, struct fake_request *r)
{
    struct bench *b = context;
    uint8_t *id = b->count++ == 0 ? b->first_id : b->second_id;
    memcpy(id, r->request->request_id.data, 16);
    if (b->count == 1)
        fake_hang_up(r);
    else
        answer_status(b, r);
}

static void test_sent_again(void **state)
{
    struct bench b;
    bench_start(&b, state, hang_up_at_first);
    assert_status_works(b.client);
    assert_int_equal(fake_daemon_seen(b.daemon), 2);
    assert_memory_equal(b.first_id, b.second_id, 16);
    assert_status_works(b.client);
    bench_stop(&b);
}

static void hang_up_always(void *context, struct fake_request *r)
{
    (void)context;
    fake_hang_up(r);
}

static void test_sent_again_once(void **state)
{
    struct bench b;
    bench_start(&b, state, hang_up_always);
    const struct jig_daemon_status *s;
    struct jig_error error;
    assert_int_equal(jig_client_get_status(b.client, SOON, &s, &error), JIG_STATUS_UNAVAILABLE);
    assert_int_equal(fake_daemon_seen(b.daemon), 2);
    bench_stop(&b);
}

static void answer_write(void *context, struct fake_request *r)
{
    struct bench *b = context;
    Jig__V1__WriteMonitorResponse done = JIG__V1__WRITE_MONITOR_RESPONSE__INIT;
    if (b->count++ == 0)
        fake_hang_up(r);
    else
        fake_reply(r, &done.base);
}

/* The same daemon answers a repeat once, so even a write is sent again. */
static void test_mutation_to_same_daemon(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_write);
    assert_int_equal(jig_client_write_monitor(b.client, "s", "x", 1, SOON, NULL), JIG_STATUS_OK);
    assert_int_equal(fake_daemon_seen(b.daemon), 2);
    bench_stop(&b);
}

struct asker {
    const char *folder;
    enum jig_status status;
};

static void *ask_status(void *arg)
{
    struct asker *a = arg;
    char url[128];
    snprintf(url, sizeof url, "ipc://%s/s", a->folder);
    struct jig_client *client = NULL;
    const struct jig_daemon_status *s;
    a->status = jig_client_open(url, NULL, &client, NULL);
    if (a->status == JIG_STATUS_OK)
        a->status = jig_client_get_status(client, SOON, &s, NULL);
    if (a->status == JIG_STATUS_OK)
        jig_client_free(s);
    jig_client_close(client);
    return NULL;
}

/* Another daemon would do it a second time: nobody knows, and the caller is told. */
static void test_mutation_to_other_daemon(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_write);
    b.client->peer_pid = 1; /* what it was connected to was another process */
    struct jig_error error;
    assert_int_equal(jig_client_write_monitor(b.client, "s", "x", 1, SOON, &error),
                     JIG_STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "went away"));
    assert_int_equal(fake_daemon_seen(b.daemon), 1);
    bench_stop(&b);
}

/* A daemon that is killed closes this connection, and only then its socket. Who comes in between is
 * connected, and dropped unread. */
static void test_daemon_dying(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/s", (const char *)*state);
    int dying = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(dying, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(dying, 8), 0);
    pthread_t thread;
    struct asker asker = {.folder = *state};
    assert_int_equal(pthread_create(&thread, NULL, ask_status, &asker), 0);

    int connection = accept(dying, NULL, NULL);
    assert_true(connection >= 0);
    static const unsigned char greeting[8] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
    assert_int_equal(write(connection, greeting, sizeof greeting), sizeof greeting);
    char request[8 + 9]; /* its greeting, and the beginning of the request */
    assert_int_equal(recv(connection, request, sizeof request, MSG_WAITALL), sizeof request);
    close(connection);
    struct pollfd comes_again = {.fd = dying, .events = POLLIN};
    assert_int_equal(poll(&comes_again, 1, -1), 1);

    assert_int_equal(unlink(address.sun_path), 0);
    struct bench b = {.mu = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    snprintf(b.url, sizeof b.url, "ipc://%s/s", (const char *)*state);
    b.daemon = fake_daemon_start(b.url, answer_status, &b);
    close(dying);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(asker.status, JIG_STATUS_OK);
    assert_int_equal(fake_daemon_seen(b.daemon), 1);
    fake_daemon_stop(b.daemon);
}

static void test_daemon_gone(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_status);
    assert_status_works(b.client);
    fake_daemon_stop(b.daemon);
    const struct jig_daemon_status *s;
    struct jig_error error;
    assert_int_equal(jig_client_get_status(b.client, SOON, &s, &error), JIG_STATUS_UNAVAILABLE);
    assert_int_equal(error.cause, JIG_CAUSE_UNREACHABLE);
    b.daemon = fake_daemon_start(b.url, answer_status, &b);
    assert_status_works(b.client); /* the client finds the next one by itself */
    bench_stop(&b);
}

/* --- environment variables --- */

static const Jig__V1__EnvironmentVariable *variable(const Jig__V1__ProjectSelector *p,
                                                    const char *name)
{
    for (size_t i = 0; i < p->n_variables; i++) {
        if (strcmp(p->variables[i]->name, name) == 0)
            return p->variables[i];
    }
    return NULL;
}

static void need_variables(void *context, struct fake_request *r)
{
    struct bench *b = context;
    Jig__V1__GetProjectRequest *in =
        (Jig__V1__GetProjectRequest *)fake_payload(r, &jig__v1__get_project_request__descriptor);
    b->count++;
    assert(strcmp(in->project->directory, "/p") == 0);
    assert(strcmp(variable(in->project, "PLATFORMIO_SRC_DIR")->value, "here") == 0);
    assert(NULL == variable(in->project, "HOME"));
    const Jig__V1__EnvironmentVariable *ssid = variable(in->project, "SSID");
    const Jig__V1__EnvironmentVariable *none = variable(in->project, "NOT_THERE");
    if (ssid != NULL && none != NULL) {
        assert(strcmp(ssid->value, "lab=net") == 0);
        assert(!ssid->unset);
        assert(none->unset);
        Jig__V1__GetProjectResponse done = JIG__V1__GET_PROJECT_RESPONSE__INIT;
        fake_reply(r, &done.base);
    } else {
        char *details[] = {(char *)"SSID", (char *)"NOT_THERE", (char *)"PLATFORMIO_SRC_DIR"};
        Jig__V1__Status status = JIG__V1__STATUS__INIT;
        status.code = 9;
        status.reason = JIG__V1__ERROR_REASON__ERROR_REASON_NEEDS_ENV;
        status.details = details;
        status.n_details = 3;
        fake_reply_status(r, &status);
    }
    protobuf_c_message_free_unpacked(&in->base, NULL);
}

static const char *const some_environment[] = {
    "HOME=/h", "PLATFORMIO_SRC_DIR=here", "odd", "SSID=lab=net", "SSIDX=no", NULL};

static void test_needs_env(void **state)
{
    struct bench b;
    bench_start(&b, state, need_variables);
    const struct jig_project_selector selector = {.directory = "/p", .environ = some_environment};
    const struct jig_project *project;
    struct jig_error error;
    assert_int_equal(jig_client_get_project(b.client, &selector, SOON, &project, &error),
                     JIG_STATUS_OK);
    assert_int_equal(b.count, 2);
    jig_client_free(project);
    bench_stop(&b);
}

static void need_for_ever(void *context, struct fake_request *r)
{
    struct bench *b = context;
    b->count++;
    char *details[] = {(char *)"SSID"};
    Jig__V1__Status status = JIG__V1__STATUS__INIT;
    status.code = 9;
    status.reason = JIG__V1__ERROR_REASON__ERROR_REASON_NEEDS_ENV;
    status.details = details;
    status.n_details = 1;
    fake_reply_status(r, &status);
}

static void test_needs_env_ends(void **state)
{
    struct bench b;
    bench_start(&b, state, need_for_ever);
    const struct jig_project_selector selector = {.directory = "/p", .environ = some_environment};
    const struct jig_project *project;
    struct jig_error error;
    assert_int_equal(jig_client_get_project(b.client, &selector, SOON, &project, &error),
                     JIG_STATUS_FAILED_PRECONDITION);
    assert_int_equal(error.cause, JIG_CAUSE_NEEDS_ENV);
    assert_int_equal(b.count, 2); /* asked for nothing new the second time */
    bench_stop(&b);
}

/* --- typed results --- */

static void answer_build(void *context, struct fake_request *r)
{
    (void)context;
    Jig__V1__StartBuildRequest *in =
        (Jig__V1__StartBuildRequest *)fake_payload(r, &jig__v1__start_build_request__descriptor);
    assert(in->tie->owner_pid == getpid());
    assert(in->tie->cancel_with_owner);
    assert(in->wait_ms == 5);
    assert(in->jobs == 3);
    assert(strcmp(in->project->fqbn, "a:b:c") == 0);
    protobuf_c_message_free_unpacked(&in->base, NULL);

    Jig__V1__Artifact elf = JIG__V1__ARTIFACT__INIT;
    elf.kind = (char *)"elf";
    elf.path = (char *)"/p/x.elf";
    Jig__V1__Artifact *artifacts[] = {&elf};
    Jig__V1__PhaseTime phase = JIG__V1__PHASE_TIME__INIT;
    phase.name = (char *)"link";
    phase.duration_us = 12;
    Jig__V1__PhaseTime *phases[] = {&phase};
    Jig__V1__StepReason reason = JIG__V1__STEP_REASON__INIT;
    reason.step = (char *)"link";
    reason.because = (char *)"never built";
    Jig__V1__StepReason *reasons[] = {&reason};
    Jig__V1__Diagnostic diagnostic = JIG__V1__DIAGNOSTIC__INIT;
    diagnostic.line = 3;
    diagnostic.severity = JIG__V1__SEVERITY__SEVERITY_WARNING;
    Jig__V1__Diagnostic *diagnostics[] = {&diagnostic};
    Jig__V1__BuildResult build = JIG__V1__BUILD_RESULT__INIT;
    build.outcome = JIG__V1__BUILD_RESULT__OUTCOME__OUTCOME_BUILT;
    build.environment = (char *)"uno";
    build.flash_bytes = 1006;
    build.artifacts = artifacts;
    build.n_artifacts = 1;
    build.phases = phases;
    build.n_phases = 1;
    build.reasons = reasons;
    build.n_reasons = 1;
    build.diagnostics = diagnostics;
    build.n_diagnostics = 1;
    Jig__V1__BuildResult *builds[] = {&build};
    Jig__V1__DeployResult deploy = JIG__V1__DEPLOY_RESULT__INIT;
    deploy.outcome = JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_DELTA;
    deploy.port = (char *)"/dev/x";
    deploy.build = &build;
    Jig__V1__Status error = JIG__V1__STATUS__INIT;
    error.code = 5;
    error.message = (char *)"gone";
    Jig__V1__Operation op = JIG__V1__OPERATION__INIT;
    op.id = (char *)"0123456789abcdef";
    op.state = JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED;
    op.builds = builds;
    op.n_builds = 1;
    op.deploy = &deploy;
    op.error = &error;
    Jig__V1__StartBuildResponse response = JIG__V1__START_BUILD_RESPONSE__INIT;
    response.operation = &op;
    fake_reply(r, &response.base);
}

static void test_build_result(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_build);
    const struct jig_project_selector selector = {.directory = "/p", .fqbn = "a:b:c"};
    const struct jig_build_options options = {.jobs = 3, .wait_ms = 5};
    const struct jig_operation *op;
    struct jig_error error;
    assert_int_equal(jig_client_start_build(b.client, &selector, &options, SOON, &op, &error),
                     JIG_STATUS_OK);
    assert_string_equal(op->id, "0123456789abcdef");
    assert_true(jig_operation_ended(op));
    assert_int_equal(op->error->status, JIG_STATUS_NOT_FOUND);
    assert_string_equal(op->error->message, "gone");
    assert_int_equal(op->builds.count, 1);
    const struct jig_build_result *build = &op->builds.items[0];
    assert_int_equal(build->outcome, JIG_BUILD_BUILT);
    assert_string_equal(build->artifacts[0].path, "/p/x.elf");
    assert_int_equal(build->phases[0].duration_us, 12);
    assert_string_equal(build->reasons[0].because, "never built");
    assert_int_equal(build->diagnostics.items[0].line, 3);
    assert_string_equal(build->diagnostics.items[0].rendered, "");
    assert_int_equal(op->deploy->outcome, JIG_DEPLOY_DELTA);
    assert_string_equal(op->deploy->build->environment, "uno");
    jig_client_free(op);
    bench_stop(&b);
}

/* --- by name, as JSON --- */

static void answer_device(void *context, struct fake_request *r)
{
    (void)context;
    Jig__V1__GetDeviceRequest *in =
        (Jig__V1__GetDeviceRequest *)fake_payload(r, &jig__v1__get_device_request__descriptor);
    Jig__V1__Device device = JIG__V1__DEVICE__INIT;
    device.id = in->device;
    device.connected = 1;
    Jig__V1__GetDeviceResponse response = JIG__V1__GET_DEVICE_RESPONSE__INIT;
    response.device = &device;
    fake_reply(r, &response.base);
    protobuf_c_message_free_unpacked(&in->base, NULL);
}

static void test_call_json(void **state)
{
    static const char *const names[] = {"/jig.v1.DeviceService/GetDevice",
                                        "jig.v1.DeviceService/GetDevice", "DeviceService/GetDevice",
                                        "GetDevice"};
    struct bench b;
    bench_start(&b, state, answer_device);
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        const char *json;
        struct jig_error error;
        assert_int_equal(jig_client_call_json(b.client, names[i], "{\"device\":\"emulated:uno\"}",
                                              SOON, &json, &error),
                         JIG_STATUS_OK);
        assert_string_equal(json, "{\"device\":{\"id\":\"emulated:uno\",\"connected\":true}}");
        jig_client_free(json);
    }
    bench_stop(&b);
}

static void test_call_json_refused(void **state)
{
    static const struct {
        const char *method;
        const char *json;
        enum jig_status status;
        const char *says;
    } rows[] = {
        {"GetDevise", "{}", JIG_STATUS_NOT_FOUND, "there is no method 'GetDevise'"},
        {"OtherService/GetDevice", "{}", JIG_STATUS_NOT_FOUND, "no method"},
        {"", "{}", JIG_STATUS_NOT_FOUND, "no method"},
        {"GetDevice", "{\"devise\":1}", JIG_STATUS_INVALID_ARGUMENT, "did you mean device?"},
        {"GetDevice", "{", JIG_STATUS_INVALID_ARGUMENT, "not JSON: line 1"},
    };
    struct bench b;
    bench_start(&b, state, answer_device);
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        const char *json;
        struct jig_error error;
        assert_int_equal(
            jig_client_call_json(b.client, rows[i].method, rows[i].json, SOON, &json, &error),
            rows[i].status);
        if (strstr(error.message, rows[i].says) == NULL)
            fail_msg("%s %s: said '%s'", rows[i].method, rows[i].json, error.message);
    }
    assert_int_equal(fake_daemon_seen(b.daemon), 0);
    bench_stop(&b);
}

static void answer_descriptors(void *context, struct fake_request *r)
{
    (void)context;
    /* A FileDescriptorSet with one file "p" of service "S": methods A (known nowhere), and in a
     * second file jig.v1.DaemonService/GetStatus. Unknown fields are skipped. */
    static const char set[] = "\x0a\x24"
                              "\x0a\x01"
                              "f"
                              "\x12\x01"
                              "p"
                              "\x32\x1a"
                              "\x0a\x01"
                              "S"
                              "\x12\x15"
                              "\x0a\x01"
                              "A"
                              "\x12\x07"
                              ".p.AReq"
                              "\x1a\x05"
                              ".p.AR"
                              "\x20\x01"
                              "\x62\x00" /* syntax */
                              "\x0a\x2a"
                              "\x12\x06"
                              "jig.v1"
                              "\x32\x20"
                              "\x0a\x0d"
                              "DaemonService"
                              "\x12\x0f"
                              "\x0a\x09"
                              "GetStatus"
                              "\x12\x02"
                              ".x";
    Jig__V1__GetDescriptorsResponse response = JIG__V1__GET_DESCRIPTORS_RESPONSE__INIT;
    response.file_descriptor_set =
        (ProtobufCBinaryData){.len = sizeof set - 1, .data = (uint8_t *)(uintptr_t)set};
    fake_reply(r, &response.base);
}

static void test_list_methods(void **state)
{
    struct bench b;
    bench_start(&b, state, answer_descriptors);
    const struct jig_method_list *list;
    struct jig_error error = {.message = ""};
    if (jig_client_list_methods(b.client, SOON, &list, &error) != JIG_STATUS_OK)
        fail_msg("%s", error.message);
    assert_int_equal(list->count, 2);
    assert_string_equal(list->items[0].name, "/p.S/A");
    assert_string_equal(list->items[0].request, "p.AReq");
    assert_false(list->items[0].callable);
    assert_string_equal(list->items[1].name, "/jig.v1.DaemonService/GetStatus");
    assert_true(list->items[1].callable);
    jig_client_free(list);
    bench_stop(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_url),
        TEST(test_url_too_long),
        TEST(test_nobody_listens),
        TEST(test_error_is_cut_between_characters),
        TEST(test_details_that_do_not_fit),
        TEST(test_status_names),
        TEST(test_call),
        TEST(test_tcp),
        TEST(test_large_reply),
        TEST(test_request_too_large),
        TEST(test_error),
        TEST(test_other_version),
        TEST(test_rubbish_reply),
        TEST(test_calls_within_calls),
        TEST(test_interrupted),
        TEST(test_too_many_watches),
        TEST(test_deadline),
        TEST(test_sent_again),
        TEST(test_sent_again_once),
        TEST(test_daemon_dying),
        TEST(test_mutation_to_same_daemon),
        TEST(test_mutation_to_other_daemon),
        TEST(test_daemon_gone),
        TEST(test_needs_env),
        TEST(test_needs_env_ends),
        TEST(test_build_result),
        TEST(test_call_json),
        TEST(test_call_json_refused),
        TEST(test_list_methods),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
