#include "service/rpc/connections.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/time.h"
#include "service/rpc/call_impl.h"
#include "service/rpc/peer.h"

struct connection {
    struct jig_job job; /* once it is gone */
    void (*gone)(void *ctx, uint32_t connection);
    void *ctx;
    struct jig_peer peer;
    struct connection *next;
};

struct jig_connections {
    struct jig_connections_options options;
    uid_t uid;
    char user[sizeof((struct jig_peer *)0)->user];
    pthread_mutex_t mu;
    pthread_cond_t fewer;
    /* All guarded by mu: */
    struct connection *first;
    unsigned count;
    bool refusing;
    bool drained;
};

struct jig_connections *jig_connections_new(const struct jig_connections_options *options)
{
    struct jig_connections *c = jig_new(struct jig_connections);
    c->options = *options;
    c->uid = getuid();
    jig_user_name(c->uid, c->user, sizeof c->user);
    pthread_mutex_init(&c->mu, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&c->fewer, &attr);
    pthread_condattr_destroy(&attr);
    return c;
}

void jig_connections_free(struct jig_connections *c)
{
    if (c == NULL)
        return;
    while (c->first != NULL) {
        struct connection *one = c->first;
        c->first = one->next;
        free(one);
    }
    pthread_mutex_destroy(&c->mu);
    pthread_cond_destroy(&c->fewer);
    free(c);
}

/* ---- whose it is ---- */

static struct in6_addr mapped(const nng_sockaddr *sa, unsigned *port)
{
    struct in6_addr out = {0};
    if (sa->s_family == NNG_AF_INET) {
        uint8_t head[12] = {[10] = 0xff, [11] = 0xff};
        memcpy(&out, head, sizeof head);
        memcpy((char *)&out + sizeof head, &sa->s_in.sa_addr, sizeof sa->s_in.sa_addr);
        *port = ntohs(sa->s_in.sa_port);
    } else {
        memcpy(&out, sa->s_in6.sa_addr, sizeof out);
        *port = ntohs(sa->s_in6.sa_port);
    }
    return out;
}

static bool tcp_uid(nng_pipe pipe, uid_t *ret)
{
    nng_sockaddr theirs, ours;
    if (nng_pipe_get_addr(pipe, NNG_OPT_REMADDR, &theirs) != 0 ||
        nng_pipe_get_addr(pipe, NNG_OPT_LOCADDR, &ours) != 0)
        return false;
    unsigned their_port, our_port;
    struct in6_addr them = mapped(&theirs, &their_port);
    struct in6_addr us = mapped(&ours, &our_port);
    return jig_tcp_uid(&them, their_port, &us, our_port, ret);
}

static bool uid_of(nng_pipe pipe, enum jig_transport transport, uid_t *ret)
{
    switch (transport) {
    case JIG_TRANSPORT_INPROC:
        *ret = getuid();
        return true;
    case JIG_TRANSPORT_TCP:
        return tcp_uid(pipe, ret);
    case JIG_TRANSPORT_IPC: /* has nothing to do with nng: local.h */
        break;
    }
    return false;
}

static bool allowed(const struct jig_connections *c, nng_pipe pipe, enum jig_transport transport)
{
    uid_t uid;
    if (!uid_of(pipe, transport, &uid)) {
        jig_log(JIG_LOG_WARNING, "rpc.refused", "a connection whose user is not known");
        return false;
    }
    if (uid != c->uid) {
        jig_log(JIG_LOG_WARNING, "rpc.refused", "a connection of uid %lu; this jigd is uid %lu's",
                (unsigned long)uid, (unsigned long)c->uid);
        return false;
    }
    return true;
}

/* ---- the table ---- */

static void tell_gone(struct jig_job *job)
{
    struct connection *one = JIG_OF(job, struct connection, job);
    if (one->gone != NULL)
        one->gone(one->ctx, one->peer.connection);
    free(one);
}

static struct connection *connection_new(const struct jig_connections *c, nng_pipe pipe,
                                         enum jig_transport transport)
{
    struct connection *one = jig_new(struct connection);
    one->peer = (struct jig_peer){
        .connection = (uint32_t)nng_pipe_id(pipe), .transport = transport, .uid = c->uid};
    memcpy(one->peer.user, c->user, sizeof one->peer.user);
    one->gone = c->options.gone;
    one->ctx = c->options.ctx;
    one->job.run = tell_gone;
    return one;
}

static bool add(struct jig_connections *c, nng_pipe pipe, enum jig_transport transport)
{
    struct connection *one = connection_new(c, pipe, transport);
    pthread_mutex_lock(&c->mu);
    bool refusing = c->refusing;
    bool fits = !refusing && c->count < c->options.max;
    if (fits) {
        one->next = c->first;
        c->first = one;
        c->count++;
    }
    pthread_mutex_unlock(&c->mu);
    if (fits)
        return true;
    free(one);
    if (!refusing)
        jig_log(JIG_LOG_WARNING, "rpc.refused", "a connection; there are %u already",
                c->options.max);
    return false;
}

bool jig_connections_admit(struct jig_connections *c, nng_pipe pipe, enum jig_transport transport)
{
    bool in = allowed(c, pipe, transport) && add(c, pipe, transport);
    jig_stats_add(c->options.stats,
                  in ? JIG_STAT_RPC_CONNECTIONS : JIG_STAT_RPC_CONNECTIONS_REFUSED, 1);
    return in;
}

void jig_connections_remove(struct jig_connections *c, nng_pipe pipe)
{
    uint32_t id = (uint32_t)nng_pipe_id(pipe);
    pthread_mutex_lock(&c->mu);
    struct connection **at = &c->first;
    while (*at != NULL && (*at)->peer.connection != id)
        at = &(*at)->next;
    struct connection *one = *at;
    if (one != NULL) {
        *at = one->next;
        if (--c->count == 0)
            pthread_cond_broadcast(&c->fewer);
    }
    bool drained = c->drained;
    pthread_mutex_unlock(&c->mu);
    if (one != NULL && !drained)
        jig_dispatcher_run(c->options.dispatcher, &one->job);
    else
        free(one);
}

bool jig_connections_find(struct jig_connections *c, uint32_t connection, struct jig_peer *ret)
{
    pthread_mutex_lock(&c->mu);
    struct connection *one = c->first;
    while (one != NULL && one->peer.connection != connection)
        one = one->next;
    if (one != NULL)
        *ret = one->peer;
    pthread_mutex_unlock(&c->mu);
    return one != NULL;
}

/* ---- the end ---- */

void jig_connections_refuse(struct jig_connections *c)
{
    pthread_mutex_lock(&c->mu);
    c->refusing = true;
    pthread_mutex_unlock(&c->mu);
}

void jig_connections_drain(struct jig_connections *c, int64_t ms)
{
    int64_t at = jig_deadline_in_ms(ms);
    struct timespec by = {.tv_sec = (time_t)(at / JIG_NS_PER_S),
                          .tv_nsec = (long)(at % JIG_NS_PER_S)};
    pthread_mutex_lock(&c->mu);
    c->refusing = true;
    for (int rc = 0; c->count > 0 && rc == 0;)
        rc = pthread_cond_timedwait(&c->fewer, &c->mu, &by);
    c->drained = true;
    pthread_mutex_unlock(&c->mu);
}
