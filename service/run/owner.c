#include "service/run/owner.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/os/process.h"

#define STACK_BYTES (256 * 1024)

struct jig_owner {
    int pidfd;
    bool told;
    void (*gone)(void *ctx);
    void *ctx;
    struct jig_owner *next;
};

struct jig_owners {
    pthread_mutex_t mu;
    int epoll;  /* of the pidfds, each of which tells once, and of `ending` */
    int ending; /* an eventfd */
    pthread_t thread;
    /* All guarded by mu: */
    struct jig_owner *list;
    bool started;
    bool stopping;
};

/* Needs no word to the thread that waits. */
static bool listen_to(const struct jig_owners *o, int fd)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT};
    return epoll_ctl(o->epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

enum jig_code jig_owners_new(struct jig_owners **ret, struct jig_err *reterr)
{
    struct jig_owners *o = jig_new(struct jig_owners);
    o->epoll = epoll_create1(EPOLL_CLOEXEC);
    o->ending = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&o->mu, NULL);
    if (o->epoll < 0 || o->ending < 0 || !listen_to(o, o->ending)) {
        jig_owners_free(o);
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "cannot make an event descriptor");
    }
    *ret = o;
    return JIG_OK;
}

static bool has_ended(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

/* mu is held. */
static void tell(struct jig_owners *o)
{
    for (struct jig_owner *owner = o->list; owner != NULL; owner = owner->next) {
        if (!owner->told && has_ended(owner->pidfd)) {
            owner->told = true;
            owner->gone(owner->ctx);
        }
    }
}

static void *watch(void *arg)
{
    struct jig_owners *o = arg;
    pthread_setname_np(pthread_self(), "jigd-owners");
    pthread_mutex_lock(&o->mu);
    while (!o->stopping) {
        struct epoll_event event; /* whose it is does not matter: it may be forgotten by now */
        pthread_mutex_unlock(&o->mu);
        (void)epoll_wait(o->epoll, &event, 1, -1);
        pthread_mutex_lock(&o->mu);
        tell(o);
    }
    pthread_mutex_unlock(&o->mu);
    return NULL;
}

/* mu is held. */
static enum jig_code start(struct jig_owners *o, struct jig_err *reterr)
{
    if (o->started)
        return JIG_OK;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&o->thread, &attr, watch, o);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return jig_err_sys(reterr, rc, "cannot start a thread");
    o->started = true;
    return JIG_OK;
}

enum jig_code jig_owner_watch(struct jig_owners *o, pid_t pid, uid_t uid, void (*gone)(void *ctx),
                              void *ctx, struct jig_owner **ret, struct jig_err *reterr)
{
    int pidfd;
    uid_t owner_uid;
    enum jig_code code = jig_process_open(pid, &pidfd, &owner_uid, reterr);
    if (code != JIG_OK)
        return code;
    if (owner_uid != uid) {
        close(pidfd);
        return jig_err_set(reterr, JIG_PERMISSION_DENIED, "process %ld is not yours", (long)pid);
    }
    pthread_mutex_lock(&o->mu);
    code = start(o, reterr);
    if (code == JIG_OK && !listen_to(o, pidfd))
        code = jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "cannot watch one process more");
    if (code == JIG_OK) {
        struct jig_owner *owner = jig_new(struct jig_owner);
        *owner = (struct jig_owner){.pidfd = pidfd, .gone = gone, .ctx = ctx, .next = o->list};
        o->list = owner;
        *ret = owner;
    } else {
        close(pidfd);
    }
    pthread_mutex_unlock(&o->mu);
    return code;
}

void jig_owner_forget(struct jig_owners *o, struct jig_owner *owner)
{
    if (owner == NULL)
        return;
    pthread_mutex_lock(&o->mu);
    struct jig_owner **at = &o->list;
    while (*at != owner)
        at = &(*at)->next;
    *at = owner->next;
    pthread_mutex_unlock(&o->mu);
    close(owner->pidfd);
    free(owner);
}

void jig_owners_free(struct jig_owners *o)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->mu);
    o->stopping = true;
    bool started = o->started;
    pthread_mutex_unlock(&o->mu);
    if (started)
        eventfd_write(o->ending, 1);
    if (started)
        pthread_join(o->thread, NULL);
    pthread_mutex_destroy(&o->mu);
    if (o->epoll >= 0)
        close(o->epoll);
    if (o->ending >= 0)
        close(o->ending);
    free(o);
}
