#include "service/rpc/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/time.h"
#include "service/rpc/local_impl.h"
#include "service/rpc/peer.h"

#define STACK_BYTES      (1024 * 1024) /* as the pools' threads have */
#define ACCEPTS_IN_A_ROW 8
#define SLOW_READER_NS   (30 * JIG_NS_PER_S)
#define TICK_S           1
#define SOCKET_FILE_MODE 0600

int jig_local_watch(struct jig_local *l, int how, int fd, uint32_t events,
                    enum jig_local_source source, uint32_t which)
{
    struct epoll_event event = {.events = events,
                                .data.u64 = (uint64_t)source << 32 | (uint64_t)which};
    return epoll_ctl(l->epoll, how, fd, &event);
}

/* Every second, as long as something is late. mu is held. */
void jig_local_tick(struct jig_local *l, bool on)
{
    if (l->ticking == on)
        return;
    const struct itimerspec every = {.it_interval.tv_sec = on ? TICK_S : 0,
                                     .it_value.tv_sec = on ? TICK_S : 0};
    timerfd_settime(l->tick_fd, 0, &every, NULL);
    l->ticking = on;
}

/* ---- listening ---- */

/* There is no descriptor left, or no memory: those who wait are taken when the tick comes. */
static void accept_later(struct jig_local *l, int error)
{
    jig_log(JIG_LOG_WARNING, "rpc.accept", "cannot take a connection now: %s", strerror(error));
    pthread_mutex_lock(&l->mu);
    l->accept_later = true;
    jig_local_tick(l, true);
    pthread_mutex_unlock(&l->mu);
}

/* ---- the threads ---- */

static void *work(void *arg);

/* mu is held. */
static int start_thread(struct jig_local *l)
{
    pthread_attr_t attr;
    int rc = pthread_attr_init(&attr);
    if (rc != 0)
        return rc;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    rc = pthread_create(&l->threads[l->thread_count], &attr, work, l);
    pthread_attr_destroy(&attr);
    if (rc == 0)
        l->thread_count++;
    return rc;
}

/* This thread is going to be busy for a while: somebody has to wait in its place. */
static void see_that_one_waits(struct jig_local *l)
{
    if (atomic_load(&l->waiting) > 0)
        return;
    pthread_mutex_lock(&l->mu);
    if (l->thread_count < JIG_LOCAL_THREADS && !l->closing)
        (void)start_thread(l); /* without it calls take longer, no more */
    pthread_mutex_unlock(&l->mu);
}

/* All requests but the last go to the pool, and that as well unless it is to be done `here`. */
static void hand_on(struct jig_local_connection *c, struct jig_frame_list *list, bool here)
{
    struct jig_dispatcher *d = c->local->options.dispatcher;
    struct jig_local_request *r = jig_local_next_request(c, list);
    while (r != NULL) {
        struct jig_local_request *next = jig_local_next_request(c, list);
        const uint8_t *payload = r->frame->bytes + r->trace_n;
        size_t n = r->frame->n - r->trace_n;
        if (next != NULL || !here) {
            jig_dispatcher_submit(d, &c->peer, &r->origin, payload, n);
        } else {
            see_that_one_waits(c->local);
            jig_dispatcher_handle(d, &c->peer, &r->origin, payload, n);
        }
        r = next;
    }
}

static void give_back(struct jig_local_connection *c)
{
    pthread_mutex_lock(&c->mu);
    c->owned = false;
    jig_local_arm(c);
    pthread_mutex_unlock(&c->mu);
}

/* By who owns it: all that can be done now. */
static void serve(struct jig_local_connection *c)
{
    struct jig_frame_list list = {.first = NULL, .last = &list.first};
    pthread_mutex_lock(&c->mu);
    jig_local_write(c);
    bool reads = c->first == NULL;
    pthread_mutex_unlock(&c->mu);
    bool there = !reads || jig_local_read(c, &list);
    if (there) /* else nobody shall have it again */
        give_back(c);
    hand_on(c, &list, there);
    if (!there)
        jig_local_hang_up(c);
}

static void on_connection(struct jig_local *l, uint32_t id)
{
    struct jig_local_connection *c = jig_local_find(l, id);
    if (c == NULL)
        return;
    pthread_mutex_lock(&c->mu);
    bool mine = !c->owned && c->fd >= 0;
    if (mine)
        c->owned = true;
    pthread_mutex_unlock(&c->mu);
    if (mine)
        serve(c);
    jig_local_unref(c);
}

/* Takes a few in a row, so that those of them that have left again make room for the next. Returns
 * how many; false in *ret_more when the system has no more descriptors. */
static size_t accept_some(struct jig_local *l, int listener,
                          struct jig_local_connection *fresh[ACCEPTS_IN_A_ROW], bool *ret_more)
{
    size_t n = 0;
    *ret_more = true;
    for (int i = 0; i < ACCEPTS_IN_A_ROW; i++) {
        int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd < 0 && (errno == EINTR || errno == ECONNABORTED))
            continue;
        if (fd < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
            accept_later(l, errno);
            *ret_more = false;
        }
        if (fd < 0)
            break;
        fresh[n] = jig_local_welcome(l, fd);
        if (fresh[n] != NULL) {
            n++;
        } else {
            jig_stats_add(l->options.stats, JIG_STAT_RPC_CONNECTIONS_REFUSED, 1);
            close(fd);
        }
    }
    return n;
}

/* Who connects says something at once: one that comes alone need not be waited for again. */
static void on_listener(struct jig_local *l, uint32_t which)
{
    struct jig_local_connection *fresh[ACCEPTS_IN_A_ROW];
    bool more;
    pthread_mutex_lock(&l->mu);
    int listener = l->listeners[which];
    pthread_mutex_unlock(&l->mu);
    size_t n = accept_some(l, listener, fresh, &more);
    if (more)
        jig_local_watch(l, EPOLL_CTL_MOD, listener, EPOLLIN | EPOLLONESHOT, FROM_LISTENER, which);
    for (size_t i = 0; i < n; i++) {
        if (n == 1)
            serve(fresh[i]);
        else
            give_back(fresh[i]);
        jig_local_unref(fresh[i]);
    }
}

/* Connections that did not take a byte of a reply for too long; referenced for the caller. */
static void end_slow_reader(struct jig_local_connection *c)
{
    pthread_mutex_lock(&c->mu);
    bool slow = c->unsent_since_ns != 0 && jig_now_ns() - c->unsent_since_ns > SLOW_READER_NS;
    if (slow && c->fd >= 0) {
        jig_local_drop_unsent(c);
        shutdown(c->fd, SHUT_RDWR);
        jig_local_arm(c);
    }
    pthread_mutex_unlock(&c->mu);
    if (slow)
        jig_log(JIG_LOG_WARNING, "rpc.slow_reader",
                "a client did not take its reply within 30 s; its connection is closed");
}

static void on_tick(struct jig_local *l)
{
    uint64_t times;
    if (read(l->tick_fd, &times, sizeof times) != sizeof times)
        return; /* another thread has it */
    pthread_mutex_lock(&l->mu);
    bool again = l->accept_later;
    l->accept_later = false;
    for (size_t i = 0; again && i < l->listener_count; i++)
        jig_local_watch(l, EPOLL_CTL_MOD, l->listeners[i], EPOLLIN | EPOLLONESHOT, FROM_LISTENER,
                        (uint32_t)i);
    if (l->unsent == 0)
        jig_local_tick(l, false);
    pthread_mutex_unlock(&l->mu);
    for (uint32_t slot = 0; slot < l->options.connections_max; slot++) {
        pthread_mutex_lock(&l->mu);
        struct jig_local_connection *c = l->slots[slot];
        if (c != NULL)
            atomic_fetch_add(&c->refs, 1);
        pthread_mutex_unlock(&l->mu);
        if (c == NULL)
            continue;
        end_slow_reader(c);
        jig_local_unref(c);
    }
}

static void *work(void *arg)
{
    struct jig_local *l = arg;
    pthread_setname_np(pthread_self(), "jigd-local");
    for (;;) {
        struct epoll_event event;
        atomic_fetch_add(&l->waiting, 1);
        int n = epoll_wait(l->epoll, &event, 1, -1);
        atomic_fetch_sub(&l->waiting, 1);
        if (n <= 0)
            continue;
        uint32_t which = (uint32_t)event.data.u64;
        switch ((enum jig_local_source)(event.data.u64 >> 32)) {
        case FROM_CONNECTION:
            on_connection(l, which);
            break;
        case FROM_LISTENER:
            on_listener(l, which);
            break;
        case FROM_TICK:
            on_tick(l);
            break;
        case FROM_CLOSING:
            return NULL;
        }
    }
}

/* ---- the whole ---- */

static bool make_descriptors(struct jig_local *l)
{
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    l->closing_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    l->tick_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    return l->epoll >= 0 && l->closing_fd >= 0 && l->tick_fd >= 0 &&
           jig_local_watch(l, EPOLL_CTL_ADD, l->closing_fd, EPOLLIN, FROM_CLOSING, 0) == 0 &&
           jig_local_watch(l, EPOLL_CTL_ADD, l->tick_fd, EPOLLIN, FROM_TICK, 0) == 0;
}

enum jig_code jig_local_new(const struct jig_server_options *options, struct jig_local **ret,
                            struct jig_err *reterr)
{
    struct jig_local *l = jig_new(struct jig_local);
    l->options = *options;
    l->uid = getuid();
    jig_user_name(l->uid, l->user, sizeof l->user);
    l->slots = jig_xcalloc(options->connections_max, sizeof(*l->slots));
    pthread_mutex_init(&l->mu, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&l->fewer, &attr);
    pthread_condattr_destroy(&attr);
    if (!make_descriptors(l)) {
        enum jig_code code = jig_err_sys(reterr, errno, "cannot watch sockets");
        jig_local_free(l);
        return code;
    }
    *ret = l;
    return JIG_OK;
}

static int listen_at(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    memcpy(address.sun_path, path, strlen(path)); /* its length was checked: endpoint.h */
    if (fchmod(fd, SOCKET_FILE_MODE) == 0 &&      /* what the file will have */
        bind(fd, (const struct sockaddr *)&address, sizeof address) == 0 &&
        chmod(path, SOCKET_FILE_MODE) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

enum jig_code jig_local_listen(struct jig_local *l, const char *path, struct jig_err *reterr)
{
    int fd = listen_at(path);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot listen on ipc://%s", path);
    pthread_mutex_lock(&l->mu);
    bool fits = l->listener_count < JIG_LOCAL_LISTENERS;
    uint32_t which = (uint32_t)l->listener_count;
    if (fits)
        l->listeners[l->listener_count++] = fd;
    pthread_mutex_unlock(&l->mu);
    if (fits &&
        jig_local_watch(l, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLONESHOT, FROM_LISTENER, which) == 0)
        return JIG_OK;
    if (!fits)
        close(fd);
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "cannot watch ipc://%s", path);
}

enum jig_code jig_local_serve(struct jig_local *l, struct jig_err *reterr)
{
    pthread_mutex_lock(&l->mu);
    int rc = l->thread_count == 0 ? start_thread(l) : 0;
    pthread_mutex_unlock(&l->mu);
    return rc == 0 ? JIG_OK : jig_err_sys(reterr, rc, "cannot start a thread");
}

void jig_local_stop_accepting(struct jig_local *l)
{
    pthread_mutex_lock(&l->mu);
    l->full = true;
    pthread_mutex_unlock(&l->mu);
}

static struct timespec at(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / JIG_NS_PER_S),
                             .tv_nsec = (long)(ns % JIG_NS_PER_S)};
}

void jig_local_flush(struct jig_local *l, int64_t sent_by_ns, int64_t linger_ms)
{
    struct timespec sent_by = at(sent_by_ns);
    pthread_mutex_lock(&l->mu);
    int rc = 0;
    while (l->unsent > 0 && rc == 0)
        rc = pthread_cond_timedwait(&l->fewer, &l->mu, &sent_by);
    struct timespec read_by = at(jig_deadline_in_ms(linger_ms));
    rc = 0;
    while (l->connection_count > 0 && rc == 0)
        rc = pthread_cond_timedwait(&l->fewer, &l->mu, &read_by);
    l->closing = true;
    pthread_mutex_unlock(&l->mu);
}

static void end_threads(struct jig_local *l)
{
    pthread_mutex_lock(&l->mu);
    l->closing = true;
    unsigned n = l->thread_count;
    pthread_mutex_unlock(&l->mu);
    if (n > 0)
        eventfd_write(l->closing_fd, 1);
    for (unsigned i = 0; i < n; i++)
        pthread_join(l->threads[i], NULL);
}

void jig_local_free(struct jig_local *l)
{
    if (l == NULL)
        return;
    end_threads(l);
    for (uint32_t slot = 0; slot < l->options.connections_max; slot++) {
        if (l->slots[slot] != NULL)
            jig_local_hang_up(l->slots[slot]);
    }
    for (size_t i = 0; i < l->listener_count; i++)
        close(l->listeners[i]);
    const int fds[] = {l->epoll, l->closing_fd, l->tick_fd};
    for (size_t i = 0; i < JIG_COUNT(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    free(l->slots);
    pthread_mutex_destroy(&l->mu);
    pthread_cond_destroy(&l->fewer);
    free(l);
}
