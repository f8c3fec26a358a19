/*
 * monitor.h - what boards print, for everybody who wants to see it: one broker for all ports.
 *
 * A port that somebody watches is open once, with one thread that reads it into a ring; sessions
 * read the ring with a cursor of their own (ring.h). At most one session of a port writes: the
 * first that does, until it ends.
 *
 *             open/keep              pause (a deploy)
 *    (none) ----------> reading <----------------------> paused
 *                         |         resume                  |
 *                         | port gone (for good), or the    | resume failed, ended
 *                         | last session ended,             |
 *                         v keep ran out, end()             v
 *                       closed  (sessions read what is left, then `closed` with the reason)
 *
 * Sessions do not leak. A session ends when it is closed, when its owner is (close_owner: the
 * connection is gone), or when nobody has read it for idle_ms. Ended sessions are kept until they
 * are closed or idle, so that their reader learns why.
 *
 * Sessions of a board that may come back (jig_monitor_open.life) do not end with its port: they are
 * paused when it goes, and jig_monitors_follow() lets them go on where it is found again.
 *
 * A deploy pauses the port, which closes it, and resumes it afterwards, perhaps under another name.
 * Readers see both events. jig_monitors_keep() opens a port before anybody watches, so that the
 * first words of a freshly flashed board are in the ring when its watcher attaches: a deploy calls
 * pause, flashes, then keep, then resume, and its client opens a session with `history`.
 *
 * Threads: any, for everything but new and free. The reader threads block in poll(2) on the port
 * and on a wake descriptor, never on a timer, except for the end of a keep. Notifications come from
 * whatever thread caused them, with no lock held.
 */
#ifndef JIG_MONITOR_MONITOR_H
#define JIG_MONITOR_MONITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/monitor/ring.h"
#include "core/os/cancel.h"
#include "core/os/tty.h"

struct jig_monitors;

#define JIG_MONITOR_RING_BYTES    (256 * 1024)
#define JIG_MONITOR_IDLE_MS       180000 /* three of the longest long polls */
#define JIG_MONITOR_BAUD          9600   /* PlatformIO's and Arduino's default alike */
#define JIG_MONITOR_MOST_SESSIONS 256
#define JIG_MONITOR_MOST_WRITE    65536 /* bytes in one call */

/* Who wants to know when a port is opened here, because it tells our opens from other programs':
 * `opening` comes right before it, `opened` right after it, whether it worked or not, and `closed`
 * after the close. They are called from whatever thread does it and must not call back. */
struct jig_monitors_observer {
    void (*opening)(void *ctx, const char *device);
    void (*opened)(void *ctx, const char *device, bool ok);
    void (*closed)(void *ctx, const char *device);
    void *ctx;
};

struct jig_monitors_spec {
    size_t ring_bytes;                     /* 0: JIG_MONITOR_RING_BYTES */
    int64_t idle_ms;                       /* 0: JIG_MONITOR_IDLE_MS */
    size_t most_sessions;                  /* 0: JIG_MONITOR_MOST_SESSIONS */
    const struct jig_clock *clock;         /* for idle_ms and event times; NULL: the real one */
    struct jig_monitors_observer observer; /* all NULL: nobody */
};

void jig_monitors_new(const struct jig_monitors_spec *spec, struct jig_monitors **ret);

/* Ends every session with `reason`, and lets none begin. Idempotent, does not block. */
void jig_monitors_close(struct jig_monitors *ms, const char *reason);
void jig_monitors_free(struct jig_monitors *ms); /* closes, waits for the threads, frees */

/* Called when sessions of `device` have something new to read. Set once, at start. */
void jig_monitors_set_notify(struct jig_monitors *ms, void (*news)(void *ctx, const char *device),
                             void *ctx);

struct jig_monitor_open {
    const char *device;                /* the device's id: what sessions share */
    const char *port;                  /* path */
    struct jig_port_settings settings; /* baud 0: as it runs, or usual_baud */
    int usual_baud;                    /* 0: JIG_MONITOR_BAUD */
    uint64_t owner;  /* the caller's name for whose it is, for close_owner; 0: nobody's */
    const char *who; /* for messages to others: "anna (pid 77)" */
    uint64_t life;   /* not 0: the board may be unplugged and come back, and this changes when it
                      * does (a device's generation); see jig_monitors_follow */
    bool history;    /* begin where the last keep did (else with all the ring has), not now */
};

/* ABORTED (BUSY) when others watch the port at another rate; else as jig_port_open. While the port
 * is paused a session may join. */
enum jig_code jig_monitor_open(struct jig_monitors *ms, const struct jig_monitor_open *open,
                               uint64_t *ret_session, struct jig_err *reterr) JIG_CHECKED;

/* Waits until there is something after `cursor` (0: the session's beginning; else a batch's), and
 * gives it. A deadline that is past makes it a look: OK with an empty batch, never
 * DEADLINE_EXCEEDED. NOT_FOUND: no such session (any more). The batch is released by the caller. */
enum jig_code jig_monitor_read(struct jig_monitors *ms, uint64_t session, uint64_t cursor,
                               size_t most, const struct jig_until *until,
                               struct jig_monitor_batch *ret, struct jig_err *reterr) JIG_CHECKED;

/* ABORTED (BUSY) names the session's owner that writes already; FAILED_PRECONDITION while paused.
 */
enum jig_code jig_monitor_write(struct jig_monitors *ms, uint64_t session, const void *data,
                                size_t n, const struct jig_until *until, size_t *ret_n,
                                struct jig_err *reterr) JIG_CHECKED;

struct jig_monitor_info {
    char *device; /* owned */
    char *port;   /* owned; the last one known */
    int baud;
    bool ended;
};

/* What a session is about. NOT_FOUND as above. */
enum jig_code jig_monitor_info(struct jig_monitors *ms, uint64_t session,
                               struct jig_monitor_info *ret, struct jig_err *reterr) JIG_CHECKED;
void jig_monitor_info_release(struct jig_monitor_info *info);

/* Closes a session; an unknown one is fine. When it was the port's last, the port is closed when
 * this returns. */
void jig_monitor_close(struct jig_monitors *ms, uint64_t session);

/* Closes all of an owner's. Does not wait for ports to close. */
void jig_monitors_close_owner(struct jig_monitors *ms, uint64_t owner);

/* Ends one session now: it reads nothing more but `closed` with the reason. Does not wait. */
void jig_monitor_end(struct jig_monitors *ms, uint64_t session, const char *reason);

/* Ends every session of the device; they may still read what was there before. Does not wait. */
void jig_monitors_end_device(struct jig_monitors *ms, const char *device, const char *reason);

/* Closes the port for a deploy; returns when it is closed. Pauses nest: as many resumes as pauses
 * open it again. A device that nobody watches is remembered as paused all the same, so that no
 * session opens the port in the middle. */
void jig_monitors_pause(struct jig_monitors *ms, const char *device, const char *why);

/* Opens it again, under `port`. When that fails the sessions end with the reason, and the error is
 * returned too. `port` NULL: there is none, the sessions end. */
enum jig_code jig_monitors_resume(struct jig_monitors *ms, const char *device, const char *port,
                                  struct jig_err *reterr) JIG_CHECKED;

/* To be called when boards came or went, and after a port was closed: asks `where` of each board
 * that sessions wait for, with no lock held; true, its life and its port (malloc'ed) if it is
 * there. A board of another life than the one that was lost is opened again. Blocks as an open
 * does. */
void jig_monitors_follow(struct jig_monitors *ms,
                         bool (*where)(void *ctx, const char *device, uint64_t *life, char **port),
                         void *ctx);

/* Opens the port and reads it without a session until `until_ns` (monotonic, real clock). Between
 * pause and resume it takes effect at the resume. */
enum jig_code jig_monitors_keep(struct jig_monitors *ms, const char *device, const char *port,
                                const struct jig_port_settings *settings, int64_t until_ns,
                                struct jig_err *reterr) JIG_CHECKED;

/* Ends sessions that were not read for idle_ms. Gives the monotonic time at which the next one may
 * fall due, JIG_NO_DEADLINE for none: the daemon calls again then. */
int64_t jig_monitors_expire(struct jig_monitors *ms);

struct jig_monitors_stats {
    size_t ports;    /* with a reader thread */
    size_t sessions; /* not ended */
    uint64_t bytes;  /* read from ports, ever */
};
void jig_monitors_stats(struct jig_monitors *ms, struct jig_monitors_stats *ret);

#endif
