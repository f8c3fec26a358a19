/*
 * monitor_impl.h - the broker's insides, shared by its own .c files only.
 *
 * A channel is one device's port with its ring and its reader thread; channel.c, away.c. A session
 * is one reader of a channel; monitor.c. One mutex guards all of it; it is never held over anything
 * that blocks: opening and closing a port happen in the states OPENING and CLOSING, and whoever
 * needs the channel meanwhile waits on `changed`.
 *
 *   CLOSED --jig_channel_open_--> OPENING --+--> OPEN --stop, port gone--> CLOSING --> CLOSED
 *      ^                                    | (failed)                    (the reader closes it)
 *      '------------------------------------'
 */
#ifndef JIG_MONITOR_MONITOR_IMPL_H
#define JIG_MONITOR_MONITOR_IMPL_H

#include <pthread.h>

#include "core/monitor/monitor.h"
#include "core/os/bell.h"

enum jig_channel_state { CHANNEL_CLOSED, CHANNEL_OPENING, CHANNEL_OPEN, CHANNEL_CLOSING };

struct jig_channel {
    struct jig_monitors *ms;
    char *device;
    char *path; /* "" before the first open */
    struct jig_port_settings settings;
    struct jig_ring ring;
    enum jig_channel_state state;
    struct jig_port *port; /* OPEN; the reader thread closes it */
    pthread_t thread;
    bool has_thread; /* to be joined before the next one starts */
    int stop_fd;     /* eventfd, readable: the reader and writers leave */
    int look_fd;     /* eventfd: the reader looks at `keep` again */
    unsigned pauses;
    bool away;     /* one of the pauses: the board was unplugged and may come back; away.c */
    uint64_t life; /* of the board, when its port was opened; 0: it is not waited for */
    char pause_why[128];
    bool keep; /* read without a session, until keep_until_ns */
    int64_t keep_until_ns;
    bool was_kept;
    struct jig_monitor_cursor keep_start; /* where a session with `history` begins, if was_kept */
    uint64_t writer;                      /* session, or 0 */
    bool writing;    /* a write is under way, and the port must not be closed */
    size_t sessions; /* not ended */
    unsigned refs;   /* callers that have let go of the mutex meanwhile */
};

struct jig_session {
    uint64_t id;
    struct jig_channel *channel;
    uint64_t owner;
    char *who;
    struct jig_monitor_cursor start;
    struct jig_monitor_cursor limit; /* ended: where its story ends */
    bool ended;
    bool cut;         /* ended by jig_monitor_end: even what is there is not for it */
    char reason[256]; /* of the cut */
    unsigned reading; /* calls that wait in jig_monitor_read */
    int64_t read_ns;  /* when it was last read */
};

struct jig_monitors {
    pthread_mutex_t mu;
    pthread_cond_t changed; /* of a channel's state, or the end of a write */
    struct jig_bell bell;   /* something to read */
    const struct jig_clock *clock;
    struct jig_monitors_observer observer;
    size_t ring_bytes;
    int64_t idle_ns;
    size_t most_sessions;
    struct jig_channel **channels;
    size_t n_channels;
    size_t cap_channels;
    struct jig_session **sessions;
    size_t n_sessions;
    size_t cap_sessions;
    uint64_t next_session;
    uint64_t bytes;
    bool closed;
    void (*news)(void *ctx, const char *device);
    void *news_ctx;
};

/* All with mu held, unless said otherwise. */

/* Makes it when there is none; NULL when that fails for want of descriptors. */
struct jig_channel *jig_channel_get_(struct jig_monitors *ms, const char *device,
                                     struct jig_err *reterr);
struct jig_channel *jig_channel_find_(struct jig_monitors *ms, const char *device);

/* Frees channels that nobody needs any more. */
void jig_channels_sweep_(struct jig_monitors *ms);

/* Opens the port unless it is open; lets go of mu meanwhile. The event is put before the first byte
 * that is read. */
enum jig_code jig_channel_open_(struct jig_channel *ch, const char *path,
                                enum jig_monitor_event_kind event,
                                struct jig_err *reterr) JIG_CHECKED;

void jig_channel_stop_(struct jig_channel *ch);        /* asks the reader to close the port */
void jig_channel_wait_closed_(struct jig_channel *ch); /* stops; lets go of mu meanwhile */
void jig_channel_event_(struct jig_channel *ch, enum jig_monitor_event_kind kind, const char *text);

/* Ends all sessions of it and the keep, and stops it. */
void jig_channel_end_(struct jig_channel *ch, const char *reason);

/* The port is gone, and nobody has paused it: its sessions wait for the board, or end. */
void jig_channel_lose_(struct jig_channel *ch, const char *reason);
void jig_channel_wait_no_more_(struct jig_channel *ch); /* unless a session does */

/* Opens the port again, and says so, with its new name if it has one. */
enum jig_code jig_channel_reopen_(struct jig_channel *ch, const char *port,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Nobody needs the port open now: no session, no keep, or paused. */
bool jig_channel_is_idle_(const struct jig_channel *ch);

struct jig_session *jig_session_find_(struct jig_monitors *ms, uint64_t id);
void jig_session_remove_(struct jig_monitors *ms, struct jig_session *s);

/* It is not live any more: it gives up writing, and the port, when it was the last. */
void jig_session_retire_(struct jig_session *s);

/* Without mu. */
void jig_channel_free_(struct jig_channel *ch); /* joins */
void jig_monitors_tell_(struct jig_monitors *ms, const char *device);

#endif
