/*
 * notify.h - the kernel's word on what happens in folders, and whether it can be believed.
 *
 * On Linux this is inotify. What matters here, each point tried (docs and tests say where):
 *
 *   - An event is in the queue when the system call that caused it returns: who drains on a request
 *     misses nothing that happened before it.
 *   - Equal events in a row become one. So events say "look", and are never counted.
 *   - A folder's watch tells of its direct entries, by their names in this folder. A file that has
 *     a second name elsewhere can be written through that: it needs a watch of its own.
 *   - A write through a mapping gives no event. The open before it did (OPENED), and the unmapping
 *     will (WRITTEN).
 *   - The queue has an end (fs.inotify.max_queued_events): LOST means anything may have happened.
 *   - Network and FUSE filesystems tell only what this machine did, an overlay not what happened
 *     below it: only local ones are believed, by a list of those that are.
 *
 * Threads: a jig_notify belongs to whoever holds its owner's lock.
 */
#ifndef JIG_OS_NOTIFY_H
#define JIG_OS_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

struct jig_notify;

enum jig_code jig_notify_new(struct jig_notify **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_notify_free(struct jig_notify *n);
int jig_notify_fd(const struct jig_notify *n); /* readable when events wait */

enum jig_notify_what {
    JIG_NOTIFY_NAMES = 1,    /* entries that come, go and change their mode */
    JIG_NOTIFY_CONTENTS = 2, /* entries that are opened and written */
};

/* Watches a folder, or a file by itself, without following a link; more of it when it is watched
 * already. *ret_id is the same for the same inode. RESOURCE_EXHAUSTED at the system's limit, which
 * the hint names. */
enum jig_code jig_notify_add(struct jig_notify *n, const char *path, unsigned what, int *ret_id,
                             struct jig_err *reterr) JIG_CHECKED;
void jig_notify_remove(struct jig_notify *n, int id);

/* NULL when events of the filesystem at `path` can be believed; else its kind, "nfs", "fuse".
 * Static storage. */
const char *jig_notify_doubt(const char *path);

enum jig_notify_event_kind {
    JIG_NOTIFY_APPEARED, /* an entry was made or moved here */
    JIG_NOTIFY_GONE,     /* an entry was removed or moved away */
    JIG_NOTIFY_WRITTEN,  /* an entry's content or mode */
    JIG_NOTIFY_OPENED,   /* an entry */
    JIG_NOTIFY_ENDED,    /* the watch: its folder is gone, moved or unmounted */
    JIG_NOTIFY_LOST,     /* events; no id */
};

struct jig_notify_event {
    enum jig_notify_event_kind kind;
    int id;
    const char *name; /* of the entry; "" for what is watched itself */
    bool is_dir;
};

/* Takes all that is there at this moment, without blocking. */
void jig_notify_drain(struct jig_notify *n,
                      void (*seen)(void *ctx, const struct jig_notify_event *event), void *ctx);

/* Whether anything was mounted or unmounted since the last call; true at first. */
bool jig_notify_mounts_changed(struct jig_notify *n);

/*
 * Whether somebody has a file open for writing, or mapped so. While one does, its stamp says
 * nothing: a page that was written once is written again without one (msync and munmap leave no
 * stamp either), though the unmapping is told as a close. Asked by a lease: the kernel grants a
 * read lease only while nobody can write, and makes who wants to wait until it is given back. Only
 * the owner of a file, or root, may ask.
 *
 *   jig_quiet_begin --JIG_QUIET--> nobody can write ... jig_quiet_end
 *
 * The kernel sends SIGIO when somebody waits: it is ignored from the first question on.
 * Source: fcntl(2), "Leases"; tried: tests/unit/watcher_test.c.
 */
struct jig_quiet {
    int fd;
};
enum jig_quiet_answer { JIG_QUIET, JIG_QUIET_WRITER, JIG_QUIET_CANNOT_ASK };
enum jig_quiet_answer jig_quiet_begin(struct jig_quiet *q, const char *path);
void jig_quiet_end(struct jig_quiet *q);

/* The same for this moment alone. */
enum jig_quiet_answer jig_quiet_ask(const char *path);

#endif
