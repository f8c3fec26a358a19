#include "client/lib/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/os/detached.h"
#include "core/os/time.h"

#define PART_MS   200
#define DROPS_MAX 4 /* a killed daemon costs two; one that hangs up on all comers, no more */

static void deliver(void *context, uint32_t id, char *payload, size_t size);

int64_t jig_deadline_after_ms(int64_t ms)
{
    return jig_deadline_in_ms(ms);
}

const char *jig_version(void)
{
    return JIG_VERSION;
}

static enum jig_status new_client(const char *url, const struct jig_client_options *options,
                                  struct jig_client **ret, struct jig_error *reterr)
{
    struct jig_client *c = calloc(1, sizeof *c);
    if (c == NULL)
        return jig_error_memory(reterr);
    c->sp.fd = -1;
    for (size_t i = 0; i < JIG_WATCHES_MAX; i++)
        c->watches[i].fd = -1;
    c->no_start = options->no_start;
    const char *program = options->program != NULL ? options->program : "libjig";
    snprintf(c->program, sizeof c->program, "%s", program);
    if (getrandom(&c->last_id, sizeof c->last_id, GRND_NONBLOCK) != sizeof c->last_id)
        c->last_id = (uint32_t)getpid();
    enum jig_status status = jig_url_parse(url, &c->address, reterr);
    if (status == JIG_STATUS_OK && options->jigd != NULL) {
        c->jigd = strdup(options->jigd);
        if (c->jigd == NULL)
            status = jig_error_memory(reterr);
    }
    if (status != JIG_STATUS_OK) {
        jig_client_close(c);
        return status;
    }
    *ret = c;
    return JIG_STATUS_OK;
}

enum jig_status jig_client_open(const char *url, const struct jig_client_options *options,
                                struct jig_client **ret, struct jig_error *reterr)
{
    static const struct jig_client_options none = {0};
    if (options == NULL)
        options = &none;
    struct jig_client *c = NULL;
    enum jig_status status = new_client(url, options, &c, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    int64_t deadline = options->deadline_ns != 0 ? options->deadline_ns : JIG_FOREVER;
    status = jig_reach(c, !c->no_start, deadline, reterr);
    if (status != JIG_STATUS_OK) {
        jig_client_close(c);
        return status;
    }
    *ret = c;
    return JIG_STATUS_OK;
}

enum jig_status jig_wait_hung_up(struct jig_client *client, int64_t deadline_ns,
                                 struct jig_error *reterr)
{
    while (jig_sp_step(&client->sp, deliver, client, NULL) == JIG_STATUS_OK) {
        struct pollfd p = {.fd = client->sp.fd, .events = jig_sp_events(&client->sp)};
        enum jig_status status = jig_poll_until(&p, 1, deadline_ns, reterr);
        if (status != JIG_STATUS_OK)
            return status;
    }
    return JIG_STATUS_OK;
}

/* Ends a connection on which nothing was said yet. nng before 1.6 stops accepting when a peer is
 * gone before the greetings (its issue 1518), so they are finished first, if that goes at once. */
static void part(struct jig_client *client)
{
    int64_t deadline = jig_deadline_in_ms(PART_MS);
    while (client->sp.fd >= 0 && !client->sp.greeted) {
        struct pollfd p = {.fd = client->sp.fd, .events = jig_sp_events(&client->sp)};
        if (jig_sp_step(&client->sp, deliver, client, NULL) != JIG_STATUS_OK ||
            client->sp.greeted || jig_poll_until(&p, 1, deadline, NULL) != JIG_STATUS_OK)
            break;
    }
    if (client->sp.fd >= 0)
        jig_sp_release(&client->sp);
}

void jig_client_close(struct jig_client *client)
{
    if (client == NULL)
        return;
    part(client);
    /* A daemon that ended in our time must not stay as a zombie; one that lives goes to init. */
    if (client->started > 0)
        jig_detached_forget(client->started);
    free(client->jigd);
    free(client);
}

enum jig_status jig_client_watch(struct jig_client *client, int fd, jig_ready_fn *ready,
                                 void *context, struct jig_error *reterr)
{
    for (size_t i = 0; i < JIG_WATCHES_MAX; i++) {
        struct jig_watch *w = &client->watches[i];
        if (w->fd >= 0)
            continue;
        *w = (struct jig_watch){.fd = fd, .ready = ready, .context = context};
        return JIG_STATUS_OK;
    }
    return jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                         "a client can watch no more than %d descriptors", JIG_WATCHES_MAX);
}

void jig_client_unwatch(struct jig_client *client, int fd)
{
    for (size_t i = 0; i < JIG_WATCHES_MAX; i++) {
        if (client->watches[i].fd == fd)
            client->watches[i].fd = -1;
    }
}

enum jig_status jig_poll_until(struct pollfd *fds, size_t count, int64_t deadline_ns,
                               struct jig_error *reterr)
{
    for (;;) {
        int n = poll(fds, (nfds_t)count, jig_deadline_poll_ms(deadline_ns));
        if (n > 0)
            return JIG_STATUS_OK;
        if (n == 0 && jig_now_ns() >= deadline_ns)
            return jig_error_set(reterr, JIG_STATUS_DEADLINE_EXCEEDED,
                                 "the daemon did not answer in time");
        if (n < 0 && errno != EINTR)
            return jig_error_set(reterr, JIG_STATUS_INTERNAL, "cannot wait for the daemon: %s",
                                 strerror(errno));
    }
}

/* --- waiting for replies --- */

static void finish(struct jig_call *call, enum jig_status status, const struct jig_error *error)
{
    call->done = true;
    call->status = status;
    if (status != JIG_STATUS_OK)
        call->error = *error;
}

static void deliver(void *context, uint32_t id, char *payload, size_t size)
{
    struct jig_client *client = context;
    for (struct jig_call *call = client->calls; call != NULL; call = call->next) {
        if (call->id != id || call->done)
            continue;
        call->reply = payload;
        call->reply_size = size;
        finish(call, JIG_STATUS_OK, NULL);
        return;
    }
    free(payload); /* of a call that was given up */
}

static uint32_t next_id(struct jig_client *client)
{
    client->last_id = (client->last_id + 1) | UINT32_C(0x80000000);
    return client->last_id;
}

static void send_call(struct jig_client *client, struct jig_call *call)
{
    call->id = next_id(client);
    if (jig_sp_send(&client->sp, call->id, call->request, call->request_size))
        return;
    struct jig_error error;
    jig_error_set(&error, JIG_STATUS_RESOURCE_EXHAUSTED,
                  "the request of %zu bytes is larger than the limit of %zu", call->request_size,
                  JIG_REQUEST_MAX);
    finish(call, JIG_STATUS_RESOURCE_EXHAUSTED, &error);
}

static void fail_all(struct jig_client *client, const struct jig_error *error)
{
    for (struct jig_call *call = client->calls; call != NULL; call = call->next) {
        if (!call->done)
            finish(call, error->status, error);
    }
}

/* True when it does no harm to send the call to whom the client is connected to now, or, with
 * another_daemon, to any. */
static bool may_resend(const struct jig_client *client, const struct jig_call *call,
                       bool another_daemon)
{
    bool same =
        !client->address.is_unix || (call->seen_by > 0 && call->seen_by == client->peer_pid);
    return !call->seen || call->repeatable || (!another_daemon && same);
}

static void give_up(struct jig_call *call)
{
    struct jig_error error;
    jig_error_cause(&error, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE,
                    "jigd went away during the call, and nobody knows how far it came");
    jig_error_hint(&error, "look at what it left behind, and run the command again");
    finish(call, error.status, &error);
}

/* Notes that a waiting call's connection dropped. It is sent again once after somebody may have
 * read it, and a few times while nobody has. */
static void note_drop(const struct jig_client *client, struct jig_call *call,
                      const struct jig_error *why)
{
    bool read = client->sp.greeted;
    if ((read && call->seen) || ++call->drops > DROPS_MAX) {
        finish(call, why->status, why);
    } else if (read) {
        call->seen = true;
        call->seen_by = client->peer_pid;
    }
}

/* The connection dropped: reaches the daemon again and sends what still waits. */
static void resume(struct jig_client *client, int64_t deadline_ns, const struct jig_error *why)
{
    bool any = false;
    bool all_safe = true;
    for (struct jig_call *call = client->calls; call != NULL; call = call->next) {
        if (!call->done)
            note_drop(client, call, why);
        any = any || !call->done;
        all_safe = all_safe && (call->done || may_resend(client, call, true));
    }
    jig_sp_release(&client->sp);
    if (!any)
        return;
    struct jig_error error;
    enum jig_status status = jig_reach(client, all_safe && !client->no_start, deadline_ns, &error);
    for (struct jig_call *call = client->calls; call != NULL; call = call->next) {
        if (call->done)
            continue;
        if (status == JIG_STATUS_OK && may_resend(client, call, false))
            send_call(client, call);
        else if (status != JIG_STATUS_OK && may_resend(client, call, true))
            finish(call, status, &error);
        else
            give_up(call);
    }
}

static size_t poll_set(const struct jig_client *client, struct pollfd *fds)
{
    size_t n = 0;
    fds[n++] = (struct pollfd){.fd = client->sp.fd, .events = jig_sp_events(&client->sp)};
    for (size_t i = 0; i < JIG_WATCHES_MAX; i++) {
        const struct jig_watch *w = &client->watches[i];
        bool use = w->fd >= 0 && !w->busy;
        fds[n++] = (struct pollfd){.fd = use ? w->fd : -1, .events = POLLIN};
    }
    return n;
}

/* True when a watch wants the waiting call to end. */
static bool run_watches(struct jig_client *client, const struct pollfd *fds)
{
    for (size_t i = 0; i < JIG_WATCHES_MAX; i++) {
        struct jig_watch *w = &client->watches[i];
        if (fds[i + 1].revents == 0 || w->fd != fds[i + 1].fd || w->busy)
            continue;
        w->busy = true;
        bool stop = w->ready(w->context, w->fd);
        w->busy = false;
        if (stop)
            return true;
    }
    return false;
}

static enum jig_status wait_for(struct jig_client *client, struct jig_call *call,
                                int64_t deadline_ns, struct jig_error *reterr)
{
    while (!call->done) {
        struct jig_error error;
        enum jig_status status = jig_sp_step(&client->sp, deliver, client, &error);
        if (call->done)
            break;
        if (status == JIG_STATUS_UNAVAILABLE) {
            resume(client, deadline_ns, &error);
            continue;
        }
        if (status != JIG_STATUS_OK) {
            jig_sp_release(&client->sp);
            fail_all(client, &error);
            break;
        }
        struct pollfd fds[1 + JIG_WATCHES_MAX];
        size_t count = poll_set(client, fds);
        status = jig_poll_until(fds, count, deadline_ns, reterr);
        if (status != JIG_STATUS_OK)
            return status;
        if (run_watches(client, fds) && !call->done)
            return jig_error_set(reterr, JIG_STATUS_CANCELLED, "interrupted");
    }
    if (call->status != JIG_STATUS_OK && reterr != NULL)
        *reterr = call->error;
    return call->status;
}

enum jig_status jig_exchange(struct jig_client *client, struct jig_call *call, int64_t deadline_ns,
                             struct jig_error *reterr)
{
    if (call->request_size > JIG_REQUEST_MAX)
        return jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                             "the request of %zu bytes is larger than the limit of %zu",
                             call->request_size, JIG_REQUEST_MAX);
    if (client->sp.fd < 0) {
        enum jig_status status = jig_reach(client, !client->no_start, deadline_ns, reterr);
        if (status != JIG_STATUS_OK)
            return status;
    }
    send_call(client, call);
    call->next = client->calls;
    client->calls = call;
    enum jig_status status = wait_for(client, call, deadline_ns, reterr);
    client->calls = call->next;
    if (status != JIG_STATUS_OK) {
        free(call->reply);
        call->reply = NULL;
    }
    return status;
}
