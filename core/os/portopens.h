/*
 * portopens.h - who opens a port: what the kernel tells of opens and closes of its node.
 *
 * An inotify watch of the node gives opens and closes in their order, but not whose they are, and
 * equal ones that follow one another are told as one. Where the kernel lets an unprivileged process
 * have it (Linux 5.13; ptys since 6.8 or so), a fanotify group beside it says whether an open was
 * this process's own; as root, it names the process too (fanotify(7): "pid").
 *
 * An event is in the queue when the open(2) that it tells of has returned: a drain sees all that
 * was before it, and no thread has to have run meanwhile.
 *
 * A board has more ways in than its port: a debug probe on the same USB device is opened by libusb
 * at the device's own node. Such nodes may be watched along.
 *
 * What nobody tells: opens of another node with the same device number, as a container has with its
 * own /dev; and who had the port open already when the watch began (jig_port_holders() knows the
 * processes that this user may look at).
 *
 * One watch takes one inotify instance and one fanotify group, of which a user has 128 each
 * (/proc/sys/fs/inotify/max_user_instances, /proc/sys/fs/fanotify/max_user_groups).
 *
 * Threads: one at a time.
 */
#ifndef JIG_OS_PORTOPENS_H
#define JIG_OS_PORTOPENS_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/base/err.h"

struct jig_port_opens;

struct jig_port_opens_news {
    unsigned opens;  /* at least so many; equal events in a row count once */
    unsigned closes; /* the same */
    bool is_open;    /* the last of both was an open */
    unsigned others; /* opens by other processes, at least one for each of them; if tells_whose */
    unsigned beside; /* how many of `opens` were not of the port itself */
    pid_t opener;    /* the last of them, or 0 when it cannot be known */
    bool gone;       /* the node is not there any more, or is another one */
    bool lost;       /* the kernel had no room for events: anything may have happened */
};

/* The path's links are followed. RESOURCE_EXHAUSTED names the limit. */
enum jig_code jig_port_opens_new(const char *path, struct jig_port_opens **ret,
                                 struct jig_err *reterr) JIG_CHECKED;
/* Another node, whose opens count as well. NOT_FOUND when it is not there. */
enum jig_code jig_port_opens_add(struct jig_port_opens *o, const char *path,
                                 struct jig_err *reterr) JIG_CHECKED;

void jig_port_opens_free(struct jig_port_opens *o); /* NULL is fine */

int jig_port_opens_fd(const struct jig_port_opens *o); /* readable when there is something new */
bool jig_port_opens_tells_whose(const struct jig_port_opens *o);

/* Adds what happened since the last call. Never waits. */
void jig_port_opens_drain(struct jig_port_opens *o, struct jig_port_opens_news *news);

#endif
