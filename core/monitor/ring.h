/*
 * ring.h - the last bytes of a port, and what happened to it in between, for many readers.
 *
 * Bytes have an offset, counted from the first one ever; events have a number, counted from 0, and
 * the offset at which they happened. A reader's cursor holds the next of both. A batch is a run of
 * bytes without an event inside it, and then the events that happened at its end: put one after the
 * other, batches are the exact story.
 *
 * Old bytes and old events give way to new ones. A reader that was too slow is told how many bytes
 * it missed; it holds nobody up.
 *
 * Threads: none of its own; the monitor locks it.
 */
#ifndef JIG_MONITOR_RING_H
#define JIG_MONITOR_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JIG_RING_MOST_EVENTS 128

enum jig_monitor_event_kind {
    JIG_MONITOR_OPENED,
    JIG_MONITOR_PAUSED,      /* a deploy has the port */
    JIG_MONITOR_RESUMED,     /* the port is open again */
    JIG_MONITOR_RECONNECTED, /* the same, under another name */
    JIG_MONITOR_CLOSED,      /* the last event of a session */
};
const char *jig_monitor_event_name(enum jig_monitor_event_kind kind); /* "opened", "paused", ... */

struct jig_monitor_event {
    enum jig_monitor_event_kind kind;
    uint64_t number;
    uint64_t offset; /* bytes before it */
    int64_t at_ms;   /* unix */
    char text[256];  /* a sentence: what, or why */
    char port[128];  /* after it; "" when there is none */
};

struct jig_monitor_cursor {
    uint64_t offset; /* of the next byte */
    uint64_t event;  /* number of the next event */
};

struct jig_monitor_batch {
    char *data; /* n bytes, NUL-terminated besides; owned */
    size_t n;
    uint64_t dropped;                 /* bytes lost just before data */
    struct jig_monitor_event *events; /* after data; owned */
    size_t n_events;
    uint64_t dropped_events;
    struct jig_monitor_cursor next;
    uint64_t cursor; /* `next` in one number, see jig_ring_pack */
    bool closed;     /* nothing will follow */
};

void jig_monitor_batch_release(struct jig_monitor_batch *b);

struct jig_ring {
    char *bytes;
    size_t size;
    uint64_t head; /* offset after the newest byte; the oldest kept is head - size or 0 */
    struct jig_monitor_event events[JIG_RING_MOST_EVENTS];
    uint64_t next_event;
};

void jig_ring_init(struct jig_ring *r, size_t size);
void jig_ring_release(struct jig_ring *r);
void jig_ring_put(struct jig_ring *r, const char *data, size_t n);
void jig_ring_event(struct jig_ring *r, enum jig_monitor_event_kind kind, int64_t at_ms,
                    const char *text, const char *port);

struct jig_monitor_cursor jig_ring_oldest(const struct jig_ring *r);
struct jig_monitor_cursor jig_ring_newest(const struct jig_ring *r);

/* The next batch of at most `most` bytes, none of it after `limit` (NULL: the newest). A cursor
 * from the future counts as the newest. `closed` is left false. */
void jig_ring_read(const struct jig_ring *r, const struct jig_monitor_cursor *from,
                   const struct jig_monitor_cursor *limit, size_t most,
                   struct jig_monitor_batch *ret);

/* A cursor as one number, for callers: 48 bits of offset and the low 16 bits of the event. That is
 * unambiguous, because 256 TiB do not come out of a serial port, and because the ring keeps far
 * fewer than 65,536 events. 0 is the very beginning. */
uint64_t jig_ring_pack(const struct jig_monitor_cursor *c);
struct jig_monitor_cursor jig_ring_unpack(const struct jig_ring *r, uint64_t packed);

#endif
