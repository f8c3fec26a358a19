#include "service/run/owner.h"

#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
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
    int changed; /* an eventfd: the list is not what the thread polls */
    pthread_t thread;
    /* All guarded by mu: */
    struct jig_owner *list;
    size_t count;
    bool started;
    bool stopping;
};

enum jig_code jig_owners_new(struct jig_owners **ret, struct jig_err *reterr)
{
    int changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (changed < 0)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "cannot make an event descriptor");
    struct jig_owners *o = jig_new(struct jig_owners);
    pthread_mutex_init(&o->mu, NULL);
    o->changed = changed;
    *ret = o;
    return JIG_OK;
}

static void poke(struct jig_owners *o)
{
    eventfd_write(o->changed, 1);
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

/* The descriptors to poll, this module's own first; mu is held. The caller frees. */
static struct pollfd *gather(struct jig_owners *o, nfds_t *ret)
{
    struct pollfd *fds = jig_xcalloc(o->count + 1, sizeof *fds);
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = o->changed, .events = POLLIN};
    for (struct jig_owner *owner = o->list; owner != NULL; owner = owner->next) {
        if (!owner->told)
            fds[n++] = (struct pollfd){.fd = owner->pidfd, .events = POLLIN};
    }
    *ret = n;
    return fds;
}

static void *watch(void *arg)
{
    struct jig_owners *o = arg;
    pthread_setname_np(pthread_self(), "jigd-owners");
    pthread_mutex_lock(&o->mu);
    while (!o->stopping) {
        nfds_t n;
        struct pollfd *fds = gather(o, &n);
        pthread_mutex_unlock(&o->mu);
        poll(fds, n, -1);
        free(fds);
        eventfd_t ignored;
        eventfd_read(o->changed, &ignored);
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
    if (code == JIG_OK) {
        struct jig_owner *owner = jig_new(struct jig_owner);
        *owner = (struct jig_owner){.pidfd = pidfd, .gone = gone, .ctx = ctx, .next = o->list};
        o->list = owner;
        o->count++;
        *ret = owner;
    } else {
        close(pidfd);
    }
    pthread_mutex_unlock(&o->mu);
    poke(o);
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
    o->count--;
    pthread_mutex_unlock(&o->mu);
    poke(o);
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
    poke(o);
    if (started)
        pthread_join(o->thread, NULL);
    pthread_mutex_destroy(&o->mu);
    close(o->changed);
    free(o);
}
