#include "core/os/cancel.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/os/time.h"

enum jig_code jig_cancel_init(struct jig_cancel *c, struct jig_err *reterr)
{
    atomic_init(&c->fired, false);
    c->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->fd < 0)
        return jig_err_sys(reterr, errno, "cannot make an event descriptor");
    return JIG_OK;
}

void jig_cancel_release(struct jig_cancel *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

void jig_cancel_fire(struct jig_cancel *c)
{
    atomic_store(&c->fired, true);
    uint64_t one = 1;
    ssize_t n = write(c->fd, &one, sizeof one);
    (void)n; /* EAGAIN means that it is readable already */
}

bool jig_cancel_fired(const struct jig_cancel *c)
{
    return c != NULL && atomic_load(&c->fired);
}

enum jig_code jig_until_check(const struct jig_until *u, struct jig_err *reterr)
{
    if (jig_cancel_fired(u->cancel))
        return jig_err_set(reterr, JIG_CANCELLED, "cancelled");
    if (u->deadline_ns != JIG_NO_DEADLINE && jig_now_ns() >= u->deadline_ns)
        return jig_err_set(reterr, JIG_DEADLINE_EXCEEDED, "timed out");
    return JIG_OK;
}

struct jig_until jig_until_sooner(const struct jig_until *u, int64_t deadline_ns)
{
    struct jig_until out = *u;
    if (deadline_ns < out.deadline_ns)
        out.deadline_ns = deadline_ns;
    return out;
}
