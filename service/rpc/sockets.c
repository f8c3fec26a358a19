#include "service/rpc/sockets.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "service/rpc/call_impl.h"
#include "service/rpc/connections.h"
#include "service/rpc/mend.h"

#define LISTENERS_MAX  4
#define KEEP_RECEIVING 4 /* contexts that go on receiving when there are enough */
#define SEND_MS        (30 * 1000)
#define FLUSH_MS       1000
#define LINGER_MS      50

enum slot_state { SLOT_IDLE, SLOT_RECEIVING, SLOT_BUSY, SLOT_SENDING, SLOT_CLOSED };

/* One context and what it is doing. */
struct slot {
    struct jig_origin origin;
    struct jig_sockets *server;
    nng_ctx ctx;
    nng_aio *aio;
    nng_msg *request;
    nng_msg *reply;
    uint32_t connection;
    enum slot_state state;  /* guarded by the server's mu */
    struct slot *next_idle; /* guarded by the server's mu */
};

struct listener {
    nng_listener handle;
    struct jig_endpoint endpoint;
};

struct jig_sockets {
    struct jig_server_options options;
    nng_socket socket;
    struct jig_connections *connections;
    pthread_mutex_t mu;
    pthread_cond_t fewer; /* replies to send */
    /* All guarded by mu: */
    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    struct slot **slots;
    size_t slot_count;
    size_t slot_cap;
    struct slot *idle;
    unsigned receiving;
    unsigned sending;
    bool serving;
    bool closing;
};

static enum jig_code nng_failed(int rv, struct jig_err *reterr, const char *what)
{
    enum jig_code code = rv == NNG_ENOMEM ? JIG_RESOURCE_EXHAUSTED : JIG_UNAVAILABLE;
    return jig_err_set(reterr, code, "%s: %s", what, nng_strerror(rv));
}

/* ---- contexts ---- */

static void on_aio(void *arg);
static const struct jig_origin_ops slot_ops;

static void slot_free(struct slot *slot)
{
    if (slot->aio != NULL) {
        nng_aio_stop(slot->aio);
        nng_aio_free(slot->aio);
    }
    if (slot->request != NULL)
        nng_msg_free(slot->request);
    if (slot->reply != NULL)
        nng_msg_free(slot->reply);
    nng_ctx_close(slot->ctx);
    free(slot);
}

/* mu is held. NULL when nng has no memory for it. */
static struct slot *slot_new(struct jig_sockets *s)
{
    struct slot *slot = jig_new(struct slot);
    slot->origin.ops = &slot_ops;
    slot->server = s;
    slot->state = SLOT_IDLE;
    if (nng_ctx_open(&slot->ctx, s->socket) != 0 || nng_aio_alloc(&slot->aio, on_aio, slot) != 0) {
        slot_free(slot);
        return NULL;
    }
    s->slots = jig_grow(s->slots, &s->slot_cap, s->slot_count, sizeof(*s->slots));
    s->slots[s->slot_count++] = slot;
    return slot;
}

static void receive(struct slot *slot)
{
    nng_aio_set_timeout(slot->aio, NNG_DURATION_INFINITE);
    nng_ctx_recv(slot->ctx, slot->aio);
}

/* Sees to it that somebody receives, while the ceiling allows it. */
static void keep_receiving(struct jig_sockets *s)
{
    pthread_mutex_lock(&s->mu);
    struct slot *slot = NULL;
    if (s->serving && !s->closing && s->receiving == 0) {
        slot = s->idle;
        if (slot != NULL)
            s->idle = slot->next_idle;
        else if (s->slot_count < s->options.contexts_max)
            slot = slot_new(s);
        if (slot != NULL) {
            slot->state = SLOT_RECEIVING;
            s->receiving++;
        }
    }
    pthread_mutex_unlock(&s->mu);
    if (slot != NULL)
        receive(slot);
}

/* The slot has nothing to do any more: it receives again, or rests. */
static void recycle(struct slot *slot)
{
    struct jig_sockets *s = slot->server;
    pthread_mutex_lock(&s->mu);
    if (slot->state == SLOT_SENDING && --s->sending == 0)
        pthread_cond_broadcast(&s->fewer);
    bool again = false;
    if (s->closing) {
        slot->state = SLOT_CLOSED;
    } else if (s->receiving < KEEP_RECEIVING) {
        slot->state = SLOT_RECEIVING;
        s->receiving++;
        again = true;
    } else {
        slot->state = SLOT_IDLE;
        slot->next_idle = s->idle;
        s->idle = slot;
    }
    pthread_mutex_unlock(&s->mu);
    if (again)
        receive(slot);
}

static void received(struct slot *slot)
{
    struct jig_sockets *s = slot->server;
    nng_msg *msg = nng_aio_get_msg(slot->aio);
    nng_aio_set_msg(slot->aio, NULL);
    slot->request = msg;
    slot->connection = (uint32_t)nng_msg_get_pipe(msg).id;
    keep_receiving(s);
    struct jig_peer peer;
    if (!jig_connections_find(s->connections, slot->connection, &peer)) { /* gone already */
        slot->origin.ops->consumed(&slot->origin);
        recycle(slot);
        return;
    }
    jig_dispatcher_submit(s->options.dispatcher, &peer, &slot->origin, nng_msg_body(msg),
                          nng_msg_len(msg));
}

static void on_received(struct slot *slot, int rv)
{
    struct jig_sockets *s = slot->server;
    pthread_mutex_lock(&s->mu);
    s->receiving--;
    slot->state = rv == NNG_ECLOSED || s->closing ? SLOT_CLOSED : SLOT_BUSY;
    bool closed = slot->state == SLOT_CLOSED;
    pthread_mutex_unlock(&s->mu);
    if (rv == 0 && closed)
        nng_msg_free(nng_aio_get_msg(slot->aio));
    else if (rv == 0)
        received(slot);
    else if (!closed)
        recycle(slot);
}

static void on_sent(struct slot *slot, int rv)
{
    if (rv != 0) { /* the message is still ours */
        nng_msg_free(nng_aio_get_msg(slot->aio));
        nng_aio_set_msg(slot->aio, NULL);
    }
    if (rv == NNG_ETIMEDOUT) {
        jig_log(JIG_LOG_WARNING, "rpc.slow_reader",
                "a client did not take its reply within %d s; its connection is closed",
                SEND_MS / 1000);
        nng_pipe_close((nng_pipe){.id = slot->connection});
    }
    recycle(slot);
}

static void on_aio(void *arg)
{
    struct slot *slot = arg;
    pthread_mutex_lock(&slot->server->mu);
    enum slot_state state = slot->state;
    pthread_mutex_unlock(&slot->server->mu);
    if (state == SLOT_RECEIVING)
        on_received(slot, nng_aio_result(slot->aio));
    else if (state == SLOT_SENDING)
        on_sent(slot, nng_aio_result(slot->aio));
}

/* ---- the dispatcher's side of a slot ---- */

static void slot_consumed(struct jig_origin *origin)
{
    struct slot *slot = JIG_OF(origin, struct slot, origin);
    nng_msg_free(slot->request);
    slot->request = NULL;
}

static uint8_t *slot_reserve(struct jig_origin *origin, size_t n)
{
    struct slot *slot = JIG_OF(origin, struct slot, origin);
    if (nng_msg_alloc(&slot->reply, n) != 0) {
        slot->reply = NULL;
        return NULL;
    }
    return nng_msg_body(slot->reply);
}

static void slot_send(struct jig_origin *origin)
{
    struct slot *slot = JIG_OF(origin, struct slot, origin);
    struct jig_sockets *s = slot->server;
    nng_aio_set_msg(slot->aio, slot->reply);
    slot->reply = NULL;
    nng_aio_set_timeout(slot->aio, SEND_MS);
    pthread_mutex_lock(&s->mu);
    slot->state = SLOT_SENDING;
    s->sending++;
    pthread_mutex_unlock(&s->mu);
    nng_ctx_send(slot->ctx, slot->aio);
}

static void slot_drop(struct jig_origin *origin)
{
    recycle(JIG_OF(origin, struct slot, origin));
}

static const struct jig_origin_ops slot_ops = {
    .consumed = slot_consumed,
    .reserve = slot_reserve,
    .send = slot_send,
    .drop = slot_drop,
};

/* ---- connections ---- */

static enum jig_transport transport_of(struct jig_sockets *s, nng_pipe pipe)
{
    int id = nng_listener_id(nng_pipe_listener(pipe));
    enum jig_transport transport = JIG_TRANSPORT_IPC; /* nobody is let in */
    pthread_mutex_lock(&s->mu);
    for (size_t i = 0; i < s->listener_count; i++) {
        if (nng_listener_id(s->listeners[i].handle) == id)
            transport = s->listeners[i].endpoint.transport;
    }
    pthread_mutex_unlock(&s->mu);
    return transport;
}

static void on_connecting(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    (void)event;
    struct jig_sockets *s = arg;
    if (!jig_connections_admit(s->connections, pipe, transport_of(s, pipe)))
        nng_pipe_close(pipe);
}

static void on_gone(nng_pipe pipe, nng_pipe_ev event, void *arg)
{
    (void)event;
    struct jig_sockets *s = arg;
    jig_connections_remove(s->connections, pipe);
}

/* ---- the server ---- */

enum jig_code jig_sockets_new(const struct jig_server_options *options, struct jig_sockets **ret,
                              struct jig_err *reterr)
{
    struct jig_sockets *s = jig_new(struct jig_sockets);
    s->options = *options;
    s->connections =
        jig_connections_new(&(struct jig_connections_options){.dispatcher = options->dispatcher,
                                                              .stats = options->stats,
                                                              .max = options->connections_max,
                                                              .gone = options->gone,
                                                              .ctx = options->ctx});
    pthread_mutex_init(&s->mu, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->fewer, &attr);
    pthread_condattr_destroy(&attr);
    jig_nng_mend();
    int rv = nng_rep0_open(&s->socket);
    if (rv == 0)
        rv = nng_socket_set_size(s->socket, NNG_OPT_RECVMAXSZ, options->message_max);
    if (rv == 0)
        rv = nng_pipe_notify(s->socket, NNG_PIPE_EV_ADD_PRE, on_connecting, s);
    if (rv == 0)
        rv = nng_pipe_notify(s->socket, NNG_PIPE_EV_REM_POST, on_gone, s);
    if (rv != 0) {
        jig_sockets_free(s);
        return nng_failed(rv, reterr, "cannot make a socket");
    }
    *ret = s;
    return JIG_OK;
}

static struct jig_endpoint copy_of(const struct jig_endpoint *endpoint)
{
    return (struct jig_endpoint){.transport = endpoint->transport,
                                 .url = jig_xstrdup(endpoint->url)};
}

/* Known before it accepts, so that the first connection finds it. NULL when there are too many. */
static struct listener *add_listener(struct jig_sockets *s, nng_listener handle,
                                     const struct jig_endpoint *endpoint)
{
    pthread_mutex_lock(&s->mu);
    struct listener *l = NULL;
    if (s->listener_count < LISTENERS_MAX) {
        l = &s->listeners[s->listener_count++];
        *l = (struct listener){.handle = handle, .endpoint = copy_of(endpoint)};
    }
    pthread_mutex_unlock(&s->mu);
    return l;
}

/* The port that the system chose for port 0. */
static void learn_port(struct jig_sockets *s, struct listener *l)
{
    int port;
    if (l->endpoint.transport != JIG_TRANSPORT_TCP ||
        nng_listener_get_int(l->handle, NNG_OPT_TCP_BOUND_PORT, &port) != 0)
        return;
    const char *colon = strrchr(l->endpoint.url, ':');
    char *url = jig_strf("%.*s:%d", (int)(colon - l->endpoint.url), l->endpoint.url, port);
    pthread_mutex_lock(&s->mu);
    free(l->endpoint.url);
    l->endpoint.url = url;
    pthread_mutex_unlock(&s->mu);
}

enum jig_code jig_sockets_listen(struct jig_sockets *s, const struct jig_endpoint *endpoint,
                                 struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *what = jig_strf("cannot listen on %s", endpoint->url);
    nng_listener handle;
    int rv = nng_listener_create(&handle, s->socket, endpoint->url);
    if (rv != 0)
        return nng_failed(rv, reterr, what);
    struct listener *l = add_listener(s, handle, endpoint);
    if (l == NULL) {
        nng_listener_close(handle);
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "jigd listens on at most %d endpoints",
                           LISTENERS_MAX);
    }
    rv = nng_listener_start(handle, 0);
    if (rv != 0)
        return nng_failed(rv, reterr, what);
    learn_port(s, l);
    return JIG_OK;
}

void jig_sockets_serve(struct jig_sockets *s)
{
    pthread_mutex_lock(&s->mu);
    s->serving = true;
    pthread_mutex_unlock(&s->mu);
    keep_receiving(s);
}

void jig_sockets_endpoints(struct jig_sockets *s, struct jig_strv *out)
{
    pthread_mutex_lock(&s->mu);
    for (size_t i = 0; i < s->listener_count; i++)
        jig_strv_append(out, s->listeners[i].endpoint.url);
    pthread_mutex_unlock(&s->mu);
}

/* nng's own way, closing the listeners, would close every connection that they made, too. */
void jig_sockets_stop_accepting(struct jig_sockets *s)
{
    jig_connections_refuse(s->connections);
}

/* Until what is on its way is with the kernel, and then a moment for clients to take it: nng's
 * throw away what they have not read yet once the connection ends. */
static void flush(struct jig_sockets *s)
{
    int64_t at = jig_deadline_in_ms(FLUSH_MS);
    struct timespec by = {.tv_sec = (time_t)(at / JIG_NS_PER_S),
                          .tv_nsec = (long)(at % JIG_NS_PER_S)};
    pthread_mutex_lock(&s->mu);
    for (int rc = 0; s->sending > 0 && rc == 0;)
        rc = pthread_cond_timedwait(&s->fewer, &s->mu, &by);
    pthread_mutex_unlock(&s->mu);
    jig_connections_drain(s->connections, LINGER_MS);
    pthread_mutex_lock(&s->mu);
    s->closing = true;
    pthread_mutex_unlock(&s->mu);
}

void jig_sockets_free(struct jig_sockets *s)
{
    if (s == NULL)
        return;
    jig_sockets_stop_accepting(s);
    flush(s);
    nng_close(s->socket);
    for (size_t i = 0; i < s->listener_count; i++)
        jig_endpoint_release(&s->listeners[i].endpoint);
    for (size_t i = 0; i < s->slot_count; i++)
        slot_free(s->slots[i]);
    free(s->slots);
    jig_connections_free(s->connections);
    pthread_mutex_destroy(&s->mu);
    pthread_cond_destroy(&s->fewer);
    free(s);
}
