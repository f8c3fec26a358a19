#include "core/os/bell.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/os/time.h"

struct jig_bell_waiter {
    int fd; /* an eventfd */
    struct jig_bell_waiter *next;
};

void jig_bell_init(struct jig_bell *b)
{
    *b = (struct jig_bell){0};
    pthread_mutex_init(&b->mu, NULL);
}

void jig_bell_release(struct jig_bell *b)
{
    pthread_mutex_destroy(&b->mu);
}

void jig_bell_ring(struct jig_bell *b)
{
    pthread_mutex_lock(&b->mu);
    b->count++;
    for (struct jig_bell_waiter *w = b->waiters; w != NULL; w = w->next) {
        uint64_t one = 1;
        ssize_t n = write(w->fd, &one, sizeof one);
        (void)n; /* it cannot be full: each waiter leaves at the first stroke */
    }
    pthread_mutex_unlock(&b->mu);
}

uint64_t jig_bell_count(struct jig_bell *b)
{
    pthread_mutex_lock(&b->mu);
    uint64_t count = b->count;
    pthread_mutex_unlock(&b->mu);
    return count;
}

/* True when the waiter was put on the list; false when the stroke has come already. */
static bool enlist(struct jig_bell *b, struct jig_bell_waiter *w, uint64_t seen)
{
    pthread_mutex_lock(&b->mu);
    bool wait = b->count == seen;
    if (wait) {
        w->next = b->waiters;
        b->waiters = w;
    }
    pthread_mutex_unlock(&b->mu);
    return wait;
}

static void leave(struct jig_bell *b, struct jig_bell_waiter *w)
{
    pthread_mutex_lock(&b->mu);
    struct jig_bell_waiter **at = &b->waiters;
    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    pthread_mutex_unlock(&b->mu);
}

static enum jig_code poll_for_stroke(int bell_fd, int also_fd, const struct jig_until *until,
                                     struct jig_err *reterr)
{
    struct pollfd fds[] = {
        {.fd = bell_fd, .events = POLLIN},
        {.fd = also_fd, .events = POLLIN},
        {.fd = until->cancel != NULL ? until->cancel->fd : -1, .events = POLLIN},
    };
    for (;;) {
        int ready = poll(fds, 3, jig_deadline_poll_ms(until->deadline_ns));
        if (ready < 0 && errno != EINTR)
            return jig_err_sys(reterr, errno, "cannot wait");
        if (ready > 0 && (fds[0].revents != 0 || fds[1].revents != 0))
            return JIG_OK;
        enum jig_code code = jig_until_check(until, reterr);
        if (code != JIG_OK)
            return code;
    }
}

enum jig_code jig_bell_wait(struct jig_bell *b, uint64_t seen, int also_fd,
                            const struct jig_until *until, struct jig_err *reterr)
{
    if (jig_bell_count(b) != seen)
        return JIG_OK;
    struct jig_bell_waiter w = {.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    if (w.fd < 0)
        return jig_err_sys(reterr, errno, "cannot make an event descriptor");
    enum jig_code code = JIG_OK;
    if (enlist(b, &w, seen)) {
        code = poll_for_stroke(w.fd, also_fd, until, reterr);
        leave(b, &w);
    }
    close(w.fd);
    return code;
}
