#include "tests/rpc/rig.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/bell.h"
#include "core/os/random.h"
#include "service/run/pool.h"
#include "service/wire/event.h"
#include "service/wire/operation.h"

#define REPLY_MS 60000 /* nothing here takes longer unless it is broken */

struct rig {
    struct jig_stats stats;
    struct jig_times *times;
    struct jig_park *park;
    struct jig_operations *operations;
    struct jig_pool *reading;
    struct jig_method_row *rows;
    struct jig_methods *methods;
    struct jig_dispatcher *dispatcher;
    struct jig_server *server;
    struct jig_env env;
    struct jig_strv endpoints;
    char *folder;         /* of a socket of its own; NULL: none */
    struct jig_bell bell; /* the gate, and who runs */
    atomic_bool gate_open;
    atomic_int running;
    atomic_int started;
};

struct rig_client {
    nng_socket socket;
};

struct rig_flight {
    nng_ctx ctx;
    nng_aio *aio;
    pthread_mutex_t mu;
    pthread_cond_t changed;
    enum { SENDING, RECEIVING, DONE } state;
    nng_msg *reply;
};

/* ---- what the tests' builds do ---- */

struct work {
    struct rig *rig;
    char what[64];
};

static void wait_for_gate(struct rig *rig, struct jig_operation *op)
{
    struct jig_until until = jig_operation_until(op);
    for (;;) {
        uint64_t seen = jig_bell_count(&rig->bell);
        if (atomic_load(&rig->gate_open))
            return;
        if (jig_bell_wait(&rig->bell, seen, -1, &until, NULL) == JIG_CANCELLED)
            return;
    }
}

static enum jig_code wait_for_cancel(struct jig_operation *op, struct jig_err *reterr)
{
    struct jig_until until = jig_operation_until(op);
    struct jig_bell bell;
    jig_bell_init(&bell);
    enum jig_code code = jig_bell_wait(&bell, jig_bell_count(&bell), -1, &until, reterr);
    jig_bell_release(&bell);
    return code;
}

static void flood(struct jig_operation *op, int64_t n)
{
    for (int64_t i = 1; i <= n; i++) {
        char line[32];
        int len = snprintf(line, sizeof line, "line %lld\n", (long long)i);
        jig_operation_log(op, JIG_STDOUT, line, (size_t)len);
    }
}

static enum jig_code say_busy(struct jig_operation *op, struct jig_err *reterr)
{
    jig_operation_detail(op, "a");
    jig_operation_detail(op, "b\xff");
    return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY, "it is busy");
}

static void add_result(struct jig_operation *op)
{
    Jig__V1__Diagnostic diagnostic = JIG__V1__DIAGNOSTIC__INIT;
    Jig__V1__Diagnostic *diagnostics[] = {&diagnostic};
    Jig__V1__BuildResult result = JIG__V1__BUILD_RESULT__INIT;
    Jig__V1__PhaseTime phase = JIG__V1__PHASE_TIME__INIT;
    Jig__V1__PhaseTime *phases[] = {&phase};
    phase.name = (char *)"link";
    phase.duration_us = 20;
    result.environment = (char *)"uno\xfe";
    result.outcome = JIG__V1__BUILD_RESULT__OUTCOME__OUTCOME_UP_TO_DATE;
    result.server_us = 30;
    result.n_phases = 1;
    result.phases = phases;
    result.compiled = 3;
    result.n_diagnostics = 1;
    result.diagnostics = diagnostics;
    jig_wire_add_build(op, &result);
}

static bool try_now(void *ctx)
{
    const struct work *w = ctx;
    return strcmp(w->what, "now") == 0;
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    int64_t n;
    atomic_fetch_add(&w->rig->running, 1);
    jig_bell_ring(&w->rig->bell);
    enum jig_code code = JIG_OK;
    if (strcmp(w->what, "until") == 0)
        code = wait_for_cancel(op, reterr);
    else if (strcmp(w->what, "late") == 0)
        code = wait_for_cancel(op, reterr) == JIG_CANCELLED ? JIG_OK : JIG_INTERNAL;
    else if (strcmp(w->what, "gate") == 0)
        wait_for_gate(w->rig, op);
    else if (strncmp(w->what, "flood ", 6) == 0 && jig_parse_i64(w->what + 6, &n))
        flood(op, n);
    else if (strcmp(w->what, "fail") == 0)
        code = say_busy(op, reterr);
    if (code == JIG_OK)
        add_result(op);
    atomic_fetch_sub(&w->rig->running, 1);
    return code;
}

/* A handler gets the env alone; the tests' ones find their rig by it. */
static struct rig *rig_of(const struct jig_env *env)
{
    return (struct rig *)env->ctx;
}

static void build_start(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartBuildRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct work *w = jig_new(struct work);
    w->rig = rig_of(env);
    snprintf(w->what, sizeof w->what, "%s", request->project->directory);
    struct jig_operation_spec spec = {
        .kind = JIG_OPERATION_BUILD,
        .subject = w->what,
        .owner_pid = request->tie != NULL ? request->tie->owner_pid : 0,
        .cancel_with_owner = request->tie != NULL && request->tie->cancel_with_owner,
        .wait_ms = request->wait_ms,
        .try_now = try_now,
        .run = run,
        .ctx = w,
        .free_ctx = free,
    };
    atomic_fetch_add(&w->rig->started, 1);
    if (jig_operation_start(env->operations, &spec, call, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        free(w);
    }
}

static void project_get(const struct jig_env *env, struct jig_call *call)
{
    (void)env;
    const Jig__V1__GetProjectRequest *request = jig_call_request(call);
    Jig__V1__GetProjectResponse reply = JIG__V1__GET_PROJECT_RESPONSE__INIT;
    Jig__V1__Project project = JIG__V1__PROJECT__INIT;
    project.directory = request->project != NULL ? request->project->directory : (char *)"";
    reply.project = &project;
    jig_call_reply(call, &reply.base);
}

#define BUILD     &jig__v1__build_service__descriptor
#define LNK       &jig__v1__lnk_service__descriptor
#define OPERATION &jig__v1__operation_service__descriptor

static const struct jig_method_row rows[] = {
    {BUILD, "StartBuild", build_start, JIG_METHOD_MUTATES},
    {BUILD, "GetProject", project_get, JIG_METHOD_READS},
    {LNK, "StartAdd", jig_handle_lnk_add, JIG_METHOD_MUTATES},
    {LNK, "StartCheck", jig_handle_lnk_check, JIG_METHOD_MUTATES},
    {LNK, "StartPull", jig_handle_lnk_pull, JIG_METHOD_MUTATES},
    {OPERATION, "CancelOperation", jig_handle_operation_cancel, JIG_METHOD_MUTATES},
    {OPERATION, "GetOperation", jig_handle_operation_get, JIG_METHOD_READS},
    {OPERATION, "ListOperations", jig_handle_operation_list, JIG_METHOD_READS},
    {OPERATION, "WatchOperation", jig_handle_operation_watch, JIG_METHOD_READS},
};

/* ---- the service ---- */

static void gone(void *ctx, uint32_t connection)
{
    struct rig *rig = ctx;
    jig_dispatcher_connection_gone(rig->dispatcher, connection);
}

static void listen_on(struct rig *rig, const char *socket, bool inproc, bool tcp)
{
    static atomic_int count;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_endpoint endpoint = {.transport = JIG_TRANSPORT_INPROC};
    JIG_CLEANUP_FREE char *own = NULL;
    if (socket == NULL && !inproc && !tcp && getenv("RIG_UNIX") != NULL) {
        char folder[] = "/tmp/jig-unit-XXXXXX";
        assert_non_null(mkdtemp(folder));
        rig->folder = jig_xstrdup(folder);
        own = jig_path_join(folder, "s");
        socket = own;
    }
    if (socket != NULL)
        assert_int_equal(jig_endpoint_of_socket(socket, &endpoint, &err), JIG_OK);
    else if (tcp)
        assert_int_equal(jig_endpoint_parse("tcp://127.0.0.1:0", &endpoint, &err), JIG_OK);
    else
        endpoint.url = jig_strf("inproc://rig-%d-%d", (int)getpid(), atomic_fetch_add(&count, 1));
    assert_int_equal(jig_server_listen(rig->server, &endpoint, &err), JIG_OK);
    jig_endpoint_release(&endpoint);
}

static void make_service(struct rig *rig, const struct rig_options *o)
{
    struct jig_err err = JIG_ERR_INIT;
    size_t message_max = o->message_max != 0 ? o->message_max : 16 * 1024 * 1024;
    unsigned outstanding_max = o->outstanding_max != 0 ? o->outstanding_max : 1024;
    struct jig_dispatcher_options dispatcher = {
        .methods = rig->methods,
        .env = &rig->env,
        .park = rig->park,
        .stats = &rig->stats,
        .times = rig->times,
        .message_max = message_max,
        .outstanding_max = outstanding_max,
        .threads = 4,
    };
    assert_int_equal(jig_dispatcher_new(&dispatcher, &rig->dispatcher, &err), JIG_OK);
    struct jig_server_options server = {
        .dispatcher = rig->dispatcher,
        .stats = &rig->stats,
        .message_max = message_max,
        .connections_max = o->connections_max != 0 ? o->connections_max : 512,
        .contexts_max = outstanding_max + 16,
        .gone = gone,
        .ctx = rig,
    };
    assert_int_equal(jig_server_new(&server, &rig->server, &err), JIG_OK);
}

static void add_methods(struct rig *rig, const struct rig_options *o)
{
    struct jig_err err = JIG_ERR_INIT;
    size_t n = JIG_COUNT(rows);
    rig->rows = jig_xcalloc(n + o->n_rows, sizeof *rig->rows);
    memcpy(rig->rows, rows, sizeof rows);
    if (o->n_rows > 0)
        memcpy(rig->rows + n, o->rows, o->n_rows * sizeof *o->rows);
    assert_int_equal(jig_methods_new(rig->rows, n + o->n_rows, &rig->methods, &err), JIG_OK);
}

struct rig *rig_new(const struct rig_options *options)
{
    static const struct rig_options defaults = {0};
    const struct rig_options *o = options != NULL ? options : &defaults;
    struct jig_err err = JIG_ERR_INIT;
    struct rig *rig = jig_new(struct rig);
    jig_bell_init(&rig->bell);
    rig->times = jig_times_new();
    assert_int_equal(jig_park_new(&rig->park, &err), JIG_OK);
    struct jig_operations_options operations = {
        .pack_event = jig_wire_pack_event,
        .park = rig->park,
        .stats = &rig->stats,
        .times = rig->times,
        .workers = o->workers != 0 ? o->workers : 4,
        .queue_max = o->queue_max,
        .events_max = o->events_max,
    };
    assert_int_equal(jig_operations_new(&operations, &rig->operations, &err), JIG_OK);
    assert_int_equal(jig_pool_new("rig-read", 4, &rig->reading, &err), JIG_OK);
    rig->env = (struct jig_env){
        .operations = rig->operations, .reading = rig->reading, .lnks = o->lnks, .ctx = rig};
    if (o->furnish != NULL)
        o->furnish(o->ctx, &rig->env);
    add_methods(rig, o);
    make_service(rig, o);
    listen_on(rig, o->socket, o->inproc, o->tcp);
    jig_server_endpoints(rig->server, &rig->endpoints);
    assert_int_equal(jig_server_serve(rig->server, &err), JIG_OK);
    return rig;
}

void rig_free(struct rig *rig)
{
    jig_server_stop_accepting(rig->server);
    assert_true(jig_operations_stop(rig->operations, JIG_NO_DEADLINE / 2));
    jig_dispatcher_stop(rig->dispatcher);
    jig_server_free(rig->server);
    jig_pool_free(rig->reading);
    jig_operations_free(rig->operations);
    jig_times_free(rig->times);
    jig_dispatcher_free(rig->dispatcher);
    jig_methods_free(rig->methods);
    free(rig->rows);
    jig_park_free(rig->park);
    jig_bell_release(&rig->bell);
    jig_strv_release(&rig->endpoints);
    if (rig->folder != NULL)
        assert_int_equal(rmdir(rig->folder), 0); /* the socket is gone */
    free(rig->folder);
    free(rig);
}

const char *rig_url(const struct rig *rig)
{
    return rig->endpoints.v[0];
}

struct jig_times *rig_times(struct rig *rig)
{
    return rig->times;
}

struct jig_stats *rig_stats(struct rig *rig)
{
    return &rig->stats;
}

struct jig_operations *rig_operations(struct rig *rig)
{
    return rig->operations;
}

struct jig_dispatcher *rig_dispatcher(struct rig *rig)
{
    return rig->dispatcher;
}

void rig_open_gate(struct rig *rig)
{
    atomic_store(&rig->gate_open, true);
    jig_bell_ring(&rig->bell);
}

int rig_started(struct rig *rig)
{
    return atomic_load(&rig->started);
}

void rig_await_running(struct rig *rig, int n)
{
    struct jig_until forever = JIG_UNTIL_FOREVER;
    for (;;) {
        uint64_t seen = jig_bell_count(&rig->bell);
        if (atomic_load(&rig->running) >= n)
            return;
        assert_int_equal(jig_bell_wait(&rig->bell, seen, -1, &forever, NULL), JIG_OK);
    }
}

/* ---- clients ---- */

struct rig_client *rig_connect(struct rig *rig)
{
    return rig_connect_to(rig_url(rig));
}

struct rig_client *rig_connect_to(const char *url)
{
    struct rig_client *client = jig_new(struct rig_client);
    assert_int_equal(nng_req0_open(&client->socket), 0);
    /* Nothing is sent again by itself: the tests do that. */
    nng_socket_set_ms(client->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    assert_int_equal(nng_dial(client->socket, url, NULL, 0), 0);
    return client;
}

void rig_disconnect(struct rig_client *client)
{
    nng_close(client->socket);
    free(client);
}

static void on_aio(void *arg)
{
    struct rig_flight *f = arg;
    int rv = nng_aio_result(f->aio);
    pthread_mutex_lock(&f->mu);
    bool receive = false;
    if (rv != 0 && f->state == SENDING) {
        nng_msg_free(nng_aio_get_msg(f->aio));
        nng_aio_set_msg(f->aio, NULL);
    }
    if (rv == 0 && f->state == SENDING) {
        f->state = RECEIVING;
        receive = true;
    } else {
        if (rv == 0)
            f->reply = nng_aio_get_msg(f->aio);
        f->state = DONE;
        pthread_cond_broadcast(&f->changed);
    }
    pthread_mutex_unlock(&f->mu);
    if (receive)
        nng_ctx_recv(f->ctx, f->aio);
}

struct rig_flight *rig_send_bytes(struct rig_client *client, const void *bytes, size_t n)
{
    struct rig_flight *f = jig_new(struct rig_flight);
    nng_msg *msg;
    pthread_mutex_init(&f->mu, NULL);
    pthread_cond_init(&f->changed, NULL);
    assert_int_equal(nng_ctx_open(&f->ctx, client->socket), 0);
    assert_int_equal(nng_aio_alloc(&f->aio, on_aio, f), 0);
    nng_aio_set_timeout(f->aio, REPLY_MS);
    assert_int_equal(nng_msg_alloc(&msg, 0), 0);
    assert_int_equal(nng_msg_append(msg, bytes, n), 0);
    nng_aio_set_msg(f->aio, msg);
    nng_ctx_send(f->ctx, f->aio);
    return f;
}

static void free_flight(struct rig_flight *f)
{
    nng_aio_stop(f->aio);
    nng_aio_free(f->aio);
    nng_ctx_close(f->ctx);
    if (f->reply != NULL)
        nng_msg_free(f->reply);
    pthread_mutex_destroy(&f->mu);
    pthread_cond_destroy(&f->changed);
    free(f);
}

struct rig_flight *rig_send(struct rig_client *client, const char *method,
                            const ProtobufCMessage *request, const uint8_t *id, int64_t deadline_ms)
{
    uint8_t random[16];
    assert_int_equal(jig_random(random, sizeof random, NULL), JIG_OK);
    Jig__V1__Request envelope = JIG__V1__REQUEST__INIT;
    envelope.protocol_version = JIG_PROTOCOL_VERSION;
    envelope.method = (char *)method;
    envelope.client = (char *)"rig 1";
    envelope.deadline_ms = deadline_ms;
    envelope.request_id.data = id != NULL ? (uint8_t *)id : random;
    envelope.request_id.len = 16;
    envelope.payload.len = protobuf_c_message_get_packed_size(request);
    envelope.payload.data = malloc(envelope.payload.len + 1);
    protobuf_c_message_pack(request, envelope.payload.data);
    size_t n = jig__v1__request__get_packed_size(&envelope);
    uint8_t *bytes = malloc(n);
    jig__v1__request__pack(&envelope, bytes);
    struct rig_flight *f = rig_send_bytes(client, bytes, n);
    free(envelope.payload.data);
    free(bytes);
    return f;
}

Jig__V1__Response *rig_land(struct rig_flight *f)
{
    pthread_mutex_lock(&f->mu);
    while (f->state != DONE)
        pthread_cond_wait(&f->changed, &f->mu);
    pthread_mutex_unlock(&f->mu);
    Jig__V1__Response *reply = NULL;
    if (f->reply != NULL) {
        reply = jig__v1__response__unpack(NULL, nng_msg_len(f->reply), nng_msg_body(f->reply));
        assert_non_null(reply);
    }
    free_flight(f);
    return reply;
}

void rig_abort(struct rig_flight *f)
{
    nng_aio_cancel(f->aio);
    free_flight(f);
}

void rig_reply_free(Jig__V1__Response *reply)
{
    jig__v1__response__free_unpacked(reply, NULL);
}

int rig_code(Jig__V1__Response *reply)
{
    assert_non_null(reply);
    int code = reply->status != NULL ? reply->status->code : 0;
    rig_reply_free(reply);
    return code;
}

void *rig_call(struct rig_client *client, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *type)
{
    Jig__V1__Response *reply = rig_land(rig_send(client, method, request, NULL, 0));
    assert_non_null(reply);
    if (reply->status != NULL && reply->status->code != 0)
        fail_msg("%s: %s", method, reply->status->message);
    void *message = protobuf_c_message_unpack(type, NULL, reply->payload.len, reply->payload.data);
    assert_non_null(message);
    rig_reply_free(reply);
    return message;
}

void rig_message_free(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}

void rig_start(struct rig_client *client, const char *what, int64_t wait_ms, char out[17])
{
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartBuildRequest request = JIG__V1__START_BUILD_REQUEST__INIT;
    project.directory = (char *)what;
    request.project = &project;
    request.wait_ms = wait_ms;
    Jig__V1__StartBuildResponse *reply =
        rig_call(client, "/jig.v1.BuildService/StartBuild", &request.base,
                 &jig__v1__start_build_response__descriptor);
    assert_int_equal(strlen(reply->operation->id), 16);
    memcpy(out, reply->operation->id, 17);
    rig_message_free(reply);
}

struct rig_flight *rig_send_watch(struct rig_client *client, const char *id, uint64_t cursor,
                                  int64_t wait_ms)
{
    Jig__V1__WatchOperationRequest request = JIG__V1__WATCH_OPERATION_REQUEST__INIT;
    request.id = (char *)id;
    request.cursor = cursor;
    request.wait_ms = wait_ms;
    return rig_send(client, "/jig.v1.OperationService/WatchOperation", &request.base, NULL, 0);
}

Jig__V1__WatchOperationResponse *rig_watch(struct rig_client *client, const char *id,
                                           uint64_t cursor, int64_t wait_ms, uint32_t max_events)
{
    Jig__V1__WatchOperationRequest request = JIG__V1__WATCH_OPERATION_REQUEST__INIT;
    request.id = (char *)id;
    request.cursor = cursor;
    request.wait_ms = wait_ms;
    request.max_events = max_events;
    return rig_call(client, "/jig.v1.OperationService/WatchOperation", &request.base,
                    &jig__v1__watch_operation_response__descriptor);
}
