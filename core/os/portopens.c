#include "core/os/portopens.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/port_ops.h"

#define INOTIFY_MASK (IN_OPEN | IN_CLOSE | IN_DELETE_SELF | IN_MOVE_SELF)

struct jig_port_opens {
    int inotify;
    int port;     /* its watch */
    int fanotify; /* -1: the kernel does not tell whose an open was */
    char *path;
    bool pty;
    struct jig_stamp node; /* of a pty */
};

/* Whatever it lacks (the call, a file handle of the filesystem, room), inotify does without. */
static int watch_whose(const char *path)
{
    int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_REPORT_FID | FAN_NONBLOCK | FAN_CLOEXEC, O_RDONLY);
    if (fd < 0)
        return -1;
    if (fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path) == 0)
        return fd;
    close(fd);
    return -1;
}

static enum jig_code failed(const char *path, int sys_errno, struct jig_err *reterr)
{
    static const struct {
        int sys_errno;
        const char *limit;
    } limits[] = {{EMFILE, "max_user_instances"}, {ENOSPC, "max_user_watches"}};
    for (size_t i = 0; i < JIG_COUNT(limits); i++) {
        if (limits[i].sys_errno != sys_errno)
            continue;
        jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                    "%s cannot be watched: the limit /proc/sys/fs/inotify/%s is reached", path,
                    limits[i].limit);
        jig_err_hint(reterr, "raise it with sysctl fs.inotify.%s=...", limits[i].limit);
        return JIG_RESOURCE_EXHAUSTED;
    }
    return jig_err_sys(reterr, sys_errno, "%s cannot be watched", path);
}

enum jig_code jig_port_opens_new(const char *path, struct jig_port_opens **ret,
                                 struct jig_err *reterr)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (fd < 0)
        return failed(path, errno, reterr);
    int port = inotify_add_watch(fd, path, INOTIFY_MASK);
    if (port < 0) {
        int sys_errno = errno;
        close(fd);
        return failed(path, sys_errno, reterr);
    }
    struct jig_stamp node = {0};
    enum jig_code code = jig_fs_stamp(path, &node, reterr);
    if (code != JIG_OK) {
        close(fd);
        return code;
    }
    struct jig_port_opens *o = jig_new(struct jig_port_opens);
    o->inotify = fd;
    o->port = port;
    o->fanotify = watch_whose(path);
    o->path = jig_xstrdup(path);
    o->pty = jig_port_is_pty(path);
    o->node = node;
    *ret = o;
    return JIG_OK;
}

enum jig_code jig_port_opens_add(struct jig_port_opens *o, const char *path, struct jig_err *reterr)
{
    if (inotify_add_watch(o->inotify, path, INOTIFY_MASK) < 0)
        return failed(path, errno, reterr);
    /* A node that only inotify watches would look as if nobody else opened it. */
    if (o->fanotify >= 0 &&
        fanotify_mark(o->fanotify, FAN_MARK_ADD, FAN_OPEN, AT_FDCWD, path) != 0) {
        close(o->fanotify);
        o->fanotify = -1;
    }
    return JIG_OK;
}

void jig_port_opens_free(struct jig_port_opens *o)
{
    if (o == NULL)
        return;
    close(o->inotify);
    if (o->fanotify >= 0)
        close(o->fanotify);
    free(o->path);
    free(o);
}

int jig_port_opens_fd(const struct jig_port_opens *o)
{
    return o->inotify;
}

bool jig_port_opens_tells_whose(const struct jig_port_opens *o)
{
    return o->fanotify >= 0;
}

static void take(const struct jig_port_opens *o, const struct inotify_event *e,
                 struct jig_port_opens_news *news)
{
    if ((e->mask & IN_OPEN) != 0) {
        news->opens++;
        news->beside += e->wd != o->port;
        news->is_open = true;
    }
    if ((e->mask & IN_CLOSE) != 0) {
        news->closes++;
        news->is_open = false;
    }
    if ((e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0)
        news->gone = true;
    if ((e->mask & IN_Q_OVERFLOW) != 0)
        news->lost = true;
}

/* How many bytes of events there were; 0: no more wait, or none can be told of. */
static size_t read_events(int fd, void *events, size_t size, struct jig_port_opens_news *news)
{
    ssize_t n;
    do
        n = read(fd, events, size);
    while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        news->lost = true;
    return n > 0 ? (size_t)n : 0;
}

static void drain_inotify(struct jig_port_opens *o, struct jig_port_opens_news *news)
{
    _Alignas(struct inotify_event) char events[4096];
    for (size_t n; (n = read_events(o->inotify, events, sizeof events, news)) > 0;) {
        for (size_t at = 0; at < n;) {
            const struct inotify_event *e =
                (const struct inotify_event *)(const void *)(events + at);
            take(o, e, news);
            at += sizeof *e + e->len;
        }
    }
}

static void take_whose(const struct fanotify_event_metadata *e, struct jig_port_opens_news *news)
{
    if ((e->mask & FAN_Q_OVERFLOW) != 0) {
        news->lost = true;
    } else if (e->pid != getpid()) {
        news->others++;
        news->opener = e->pid;
    }
    if (e->fd >= 0)
        close(e->fd); /* none with FAN_REPORT_FID */
}

static void drain_fanotify(struct jig_port_opens *o, struct jig_port_opens_news *news)
{
    _Alignas(struct fanotify_event_metadata) char events[4096];
    for (size_t n; (n = read_events(o->fanotify, events, sizeof events, news)) > 0;) {
        const struct fanotify_event_metadata *e =
            (const struct fanotify_event_metadata *)(const void *)events;
        for (ssize_t left = (ssize_t)n; FAN_EVENT_OK(e, left); e = FAN_EVENT_NEXT(e, left))
            take_whose(e, news);
    }
}

/* A pty that somebody has open still keeps its inode, and says nothing, when its other end ends. */
static bool is_same_pty(const struct jig_port_opens *o)
{
    struct jig_stamp now;
    return jig_fs_stamp(o->path, &now, NULL) == JIG_OK && now.dev == o->node.dev &&
           now.ino == o->node.ino && now.ctime_ns == o->node.ctime_ns;
}

void jig_port_opens_drain(struct jig_port_opens *o, struct jig_port_opens_news *news)
{
    drain_inotify(o, news);
    /* Even when the other was empty: of one open the two are told one after the other. */
    if (o->fanotify >= 0)
        drain_fanotify(o, news);
    if (o->pty && !is_same_pty(o))
        news->gone = true;
}
