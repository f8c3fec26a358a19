#include "service/rpc/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/time.h"
#include "service/rpc/local_impl.h"

#define SCRATCH_BYTES  (16 * 1024)
#define READS_IN_A_ROW 16 /* then others have their turn */

/* ---- replies ---- */

void jig_local_unref(struct jig_local_connection *c)
{
    if (atomic_fetch_sub(&c->refs, 1) > 1)
        return;
    jig_frames_release(&c->frames);
    pthread_mutex_destroy(&c->mu);
    free(c);
}

/* Of that many more or fewer replies the kernel has not all bytes. */
static void count_unsent(struct jig_local *l, int more)
{
    pthread_mutex_lock(&l->mu);
    l->unsent += (unsigned)more;
    if (more > 0)
        jig_local_tick(l, true);
    if (l->unsent == 0)
        pthread_cond_broadcast(&l->fewer);
    pthread_mutex_unlock(&l->mu);
}

/* The connection's mu is held. */
void jig_local_drop_unsent(struct jig_local_connection *c)
{
    while (c->first != NULL) {
        struct jig_local_out *o = c->first;
        c->first = o->next;
        free(o);
        count_unsent(c->local, -1);
    }
    c->last = &c->first;
    c->unsent_since_ns = 0;
}

/* The connection's mu is held. A peer that has hung up is found by who reads. */
void jig_local_write(struct jig_local_connection *c)
{
    while (c->first != NULL) {
        struct jig_local_out *o = c->first;
        ssize_t n = send(c->fd, o->bytes + o->sent, o->n - o->sent, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            jig_local_drop_unsent(c);
            shutdown(c->fd, SHUT_RDWR);
            return;
        }
        if (n > 0) {
            o->sent += (size_t)n;
            c->unsent_since_ns = jig_now_ns();
        }
        if (o->sent < o->n)
            return;
        c->first = o->next;
        free(o);
        count_unsent(c->local, -1);
    }
    c->last = &c->first;
    c->unsent_since_ns = 0;
}

/* The connection's mu is held. */
void jig_local_arm(struct jig_local_connection *c)
{
    if (c->fd >= 0 && !c->owned)
        jig_local_watch(c->local, EPOLL_CTL_MOD, c->fd,
                        (c->first != NULL ? EPOLLOUT : EPOLLIN) | EPOLLONESHOT, FROM_CONNECTION,
                        c->peer.connection);
}

/* The usual reply goes out here, whole, and is never waited for. */
static bool send_at_once(struct jig_local_connection *c, struct jig_local_out *o)
{
    ssize_t n = -1;
    if (c->first == NULL)
        n = send(c->fd, o->bytes, o->n, MSG_NOSIGNAL | MSG_DONTWAIT);
    o->sent = n > 0 ? (size_t)n : 0;
    return o->sent == o->n;
}

static void send_reply(struct jig_local_connection *c, struct jig_local_out *o)
{
    pthread_mutex_lock(&c->mu);
    if (c->fd < 0 || send_at_once(c, o)) {
        free(o);
    } else {
        count_unsent(c->local, 1);
        if (c->first == NULL)
            c->unsent_since_ns = jig_now_ns();
        *c->last = o;
        c->last = &o->next;
        jig_local_write(c);
        jig_local_arm(c);
    }
    pthread_mutex_unlock(&c->mu);
}

/* ---- requests: the dispatcher's side ---- */

static void consumed(struct jig_origin *origin)
{
    struct jig_local_request *r = JIG_OF(origin, struct jig_local_request, origin);
    free(r->frame);
    r->frame = NULL;
}

static uint8_t *reserve(struct jig_origin *origin, size_t n)
{
    struct jig_local_request *r = JIG_OF(origin, struct jig_local_request, origin);
    size_t whole = r->trace_n + n;
    struct jig_local_out *o = malloc(sizeof *o + JIG_FRAME_HEAD + whole);
    r->reply = o;
    if (o == NULL)
        return NULL;
    *o = (struct jig_local_out){.n = JIG_FRAME_HEAD + whole};
    jig_frame_put_head(o->bytes, whole);
    memcpy(o->bytes + JIG_FRAME_HEAD, r->trace, r->trace_n);
    return o->bytes + JIG_FRAME_HEAD + r->trace_n;
}

static void free_request(struct jig_local_request *r)
{
    jig_local_unref(r->connection);
    free(r->frame);
    free(r->reply);
    free(r);
}

static void send_it(struct jig_origin *origin)
{
    struct jig_local_request *r = JIG_OF(origin, struct jig_local_request, origin);
    send_reply(r->connection, r->reply);
    r->reply = NULL;
    free_request(r);
}

static void drop(struct jig_origin *origin)
{
    free_request(JIG_OF(origin, struct jig_local_request, origin));
}

static const struct jig_origin_ops request_ops = {
    .consumed = consumed, .reserve = reserve, .send = send_it, .drop = drop};

/* Takes the frame. */
static struct jig_local_request *new_request(struct jig_local_connection *c,
                                             struct jig_frame *frame)
{
    struct jig_local_request *r = jig_new(struct jig_local_request);
    r->origin.ops = &request_ops;
    r->connection = c;
    r->frame = frame;
    r->trace_n = jig_frame_trace(frame);
    memcpy(r->trace, frame->bytes, r->trace_n);
    atomic_fetch_add(&c->refs, 1);
    return r;
}

/* ---- a connection's life ---- */

static void tell_gone(struct jig_job *job)
{
    struct jig_local_connection *c = JIG_OF(job, struct jig_local_connection, job);
    if (c->gone != NULL)
        c->gone(c->ctx, c->peer.connection);
    jig_local_unref(c);
}

/* Out of the table, whose reference passes to who tells of it. */
void jig_local_hang_up(struct jig_local_connection *c)
{
    struct jig_local *l = c->local;
    pthread_mutex_lock(&c->mu);
    int fd = c->fd;
    c->fd = -1;
    jig_local_drop_unsent(c);
    pthread_mutex_unlock(&c->mu);
    if (fd < 0)
        return;
    close(fd); /* and with it its place in the epoll */
    pthread_mutex_lock(&l->mu);
    l->slots[(c->peer.connection & ~JIG_LOCAL_CONNECTION) % l->options.connections_max] = NULL;
    if (--l->connection_count == 0)
        pthread_cond_broadcast(&l->fewer);
    bool closing = l->closing;
    pthread_mutex_unlock(&l->mu);
    if (closing)
        jig_local_unref(c);
    else
        jig_dispatcher_run(l->options.dispatcher, &c->job);
}

/* Referenced for the caller; NULL when it is gone. */
struct jig_local_connection *jig_local_find(struct jig_local *l, uint32_t id)
{
    pthread_mutex_lock(&l->mu);
    struct jig_local_connection *c =
        l->slots[(id & ~JIG_LOCAL_CONNECTION) % l->options.connections_max];
    if (c != NULL && c->peer.connection != id)
        c = NULL;
    if (c != NULL)
        atomic_fetch_add(&c->refs, 1);
    pthread_mutex_unlock(&l->mu);
    return c;
}

/* An id and a slot for it. False when there are too many; *ret_ending says that none are taken. */
static bool add(struct jig_local *l, struct jig_local_connection *c, bool *ret_ending)
{
    uint32_t max = l->options.connections_max;
    pthread_mutex_lock(&l->mu);
    bool fits = !l->full && l->connection_count < max;
    *ret_ending = l->full;
    uint32_t slot = 0;
    while (fits && l->slots[slot] != NULL)
        slot++;
    if (fits) {
        l->generation = (l->generation + 1) % (~JIG_LOCAL_CONNECTION / max);
        c->peer.connection = JIG_LOCAL_CONNECTION | (l->generation * max + slot);
        l->slots[slot] = c;
        atomic_fetch_add(&c->refs, 1);
        l->connection_count++;
    }
    pthread_mutex_unlock(&l->mu);
    return fits;
}

static bool allowed(struct jig_local *l, int fd, pid_t *ret_pid)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0) {
        jig_log(JIG_LOG_WARNING, "rpc.refused", "a connection whose user is not known");
        return false;
    }
    *ret_pid = peer.pid;
    if (peer.uid != l->uid)
        jig_log(JIG_LOG_WARNING, "rpc.refused", "a connection of uid %lu; this jigd is uid %lu's",
                (unsigned long)peer.uid, (unsigned long)l->uid);
    return peer.uid == l->uid;
}

static struct jig_local_connection *new_connection(struct jig_local *l, int fd, pid_t pid)
{
    struct jig_local_connection *c = jig_new(struct jig_local_connection);
    c->job.run = tell_gone;
    c->local = l;
    c->gone = l->options.gone;
    c->ctx = l->options.ctx;
    c->peer = (struct jig_peer){.transport = JIG_TRANSPORT_IPC, .uid = l->uid, .pid = pid};
    memcpy(c->peer.user, l->user, sizeof c->peer.user);
    atomic_init(&c->refs, 1); /* the caller's */
    c->owned = true;
    pthread_mutex_init(&c->mu, NULL);
    jig_frames_init(&c->frames, l->options.message_max);
    c->fd = fd;
    c->last = &c->first;
    return c;
}

struct jig_local_connection *jig_local_welcome(struct jig_local *l, int fd)
{
    pid_t pid = 0;
    bool ending = false;
    if (!allowed(l, fd, &pid))
        return NULL;
    struct jig_local_connection *c = new_connection(l, fd, pid);
    if (!add(l, c, &ending)) {
        jig_local_unref(c);
        if (!ending)
            jig_log(JIG_LOG_WARNING, "rpc.refused", "a connection; there are %u already",
                    l->options.connections_max);
        return NULL;
    }
    jig_stats_add(l->options.stats, JIG_STAT_RPC_CONNECTIONS, 1);
    /* A new socket has room for it; one whose peer has left is found when it is read. */
    ssize_t n = send(fd, jig_frames_greeting, JIG_GREETING, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)n;
    if (jig_local_watch(l, EPOLL_CTL_ADD, fd, EPOLLONESHOT, FROM_CONNECTION, c->peer.connection) !=
        0)
        shutdown(fd, SHUT_RDWR);
    return c;
}

/* ---- reading ---- */

/* False: it has hung up, or talks nonsense. */
bool jig_local_read(struct jig_local_connection *c, struct jig_frame_list *list)
{
    uint8_t scratch[SCRATCH_BYTES];
    for (int i = 0; i < READS_IN_A_ROW; i++) {
        size_t room = 0;
        uint8_t *to = jig_frames_room(&c->frames, &room);
        size_t most = to != NULL ? room : sizeof scratch;
        ssize_t n = recv(c->fd, to != NULL ? to : scratch, most, MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK;
        if (n == 0)
            return false;
        if (to != NULL)
            jig_frames_filled(&c->frames, (size_t)n, list);
        else if (!jig_frames_feed(&c->frames, scratch, (size_t)n, list))
            return false;
        if ((size_t)n < most)
            return true;
    }
    return true;
}

/* Frames that are no requests are left out: nng's too drops what has passed too many hands. */
struct jig_local_request *jig_local_next_request(struct jig_local_connection *c,
                                                 struct jig_frame_list *list)
{
    while (list->first != NULL) {
        struct jig_frame *frame = list->first;
        list->first = frame->next;
        if (jig_frame_trace(frame) > 0)
            return new_request(c, frame);
        free(frame);
    }
    return NULL;
}
