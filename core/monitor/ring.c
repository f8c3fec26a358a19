#include "core/monitor/ring.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define EVENT_BITS 16
#define EVENT_MASK ((UINT64_C(1) << EVENT_BITS) - 1)

const char *jig_monitor_event_name(enum jig_monitor_event_kind kind)
{
    static const char *const names[] = {
        [JIG_MONITOR_OPENED] = "opened",   [JIG_MONITOR_PAUSED] = "paused",
        [JIG_MONITOR_RESUMED] = "resumed", [JIG_MONITOR_RECONNECTED] = "reconnected",
        [JIG_MONITOR_CLOSED] = "closed",
    };
    return names[kind];
}

void jig_monitor_batch_release(struct jig_monitor_batch *b)
{
    free(b->data);
    free(b->events);
    *b = (struct jig_monitor_batch){0};
}

void jig_ring_init(struct jig_ring *r, size_t size)
{
    *r = (struct jig_ring){.bytes = jig_xcalloc(size, 1), .size = size};
}

void jig_ring_release(struct jig_ring *r)
{
    free(r->bytes);
    *r = (struct jig_ring){0};
}

void jig_ring_put(struct jig_ring *r, const char *data, size_t n)
{
    r->head += n;
    if (n > r->size) {
        data += n - r->size;
        n = r->size;
    }
    size_t at = (size_t)((r->head - n) % r->size);
    size_t first = n < r->size - at ? n : r->size - at;
    memcpy(r->bytes + at, data, first);
    memcpy(r->bytes, data + first, n - first);
}

void jig_ring_event(struct jig_ring *r, enum jig_monitor_event_kind kind, int64_t at_ms,
                    const char *text, const char *port)
{
    struct jig_monitor_event *e = &r->events[r->next_event % JIG_RING_MOST_EVENTS];
    *e = (struct jig_monitor_event){
        .kind = kind, .number = r->next_event, .offset = r->head, .at_ms = at_ms};
    snprintf(e->text, sizeof e->text, "%s", text);
    snprintf(e->port, sizeof e->port, "%s", port);
    r->next_event++;
}

struct jig_monitor_cursor jig_ring_oldest(const struct jig_ring *r)
{
    return (struct jig_monitor_cursor){
        .offset = r->head > r->size ? r->head - r->size : 0,
        .event = r->next_event > JIG_RING_MOST_EVENTS ? r->next_event - JIG_RING_MOST_EVENTS : 0,
    };
}

struct jig_monitor_cursor jig_ring_newest(const struct jig_ring *r)
{
    return (struct jig_monitor_cursor){.offset = r->head, .event = r->next_event};
}

static const struct jig_monitor_event *event_at(const struct jig_ring *r, uint64_t number)
{
    return &r->events[number % JIG_RING_MOST_EVENTS];
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static void copy_bytes(const struct jig_ring *r, uint64_t from, size_t n,
                       struct jig_monitor_batch *ret)
{
    ret->data = jig_xcalloc(n + 1, 1);
    ret->n = n;
    size_t at = (size_t)(from % r->size);
    size_t first = n < r->size - at ? n : r->size - at;
    memcpy(ret->data, r->bytes + at, first);
    memcpy(ret->data + first, r->bytes, n - first);
}

void jig_ring_read(const struct jig_ring *r, const struct jig_monitor_cursor *from,
                   const struct jig_monitor_cursor *limit, size_t most,
                   struct jig_monitor_batch *ret)
{
    struct jig_monitor_cursor oldest = jig_ring_oldest(r);
    struct jig_monitor_cursor newest = limit != NULL ? *limit : jig_ring_newest(r);
    uint64_t at = sooner(from->offset, newest.offset);
    uint64_t event = sooner(from->event, newest.event);
    *ret = (struct jig_monitor_batch){0};
    if (event < oldest.event) {
        ret->dropped_events = sooner(oldest.event, newest.event) - event;
        event += ret->dropped_events;
    }
    if (at < oldest.offset) {
        ret->dropped = sooner(oldest.offset, newest.offset) - at;
        at += ret->dropped;
    }
    /* Bytes up to the next event, and that one's companions at the same place. An event whose bytes
     * were dropped comes first. */
    uint64_t end = newest.offset;
    if (event < newest.event)
        end = sooner(end, event_at(r, event)->offset);
    size_t n = end > at ? (size_t)sooner(end - at, most) : 0;
    copy_bytes(r, at, n, ret);
    at += n;
    uint64_t last = event;
    while (last < newest.event && event_at(r, last)->offset <= at)
        last++;
    ret->n_events = (size_t)(last - event);
    ret->events = jig_xcalloc(ret->n_events > 0 ? ret->n_events : 1, sizeof *ret->events);
    for (size_t i = 0; i < ret->n_events; i++)
        ret->events[i] = *event_at(r, event + i);
    ret->next = (struct jig_monitor_cursor){.offset = at, .event = last};
    ret->cursor = jig_ring_pack(&ret->next);
}

uint64_t jig_ring_pack(const struct jig_monitor_cursor *c)
{
    return c->offset << EVENT_BITS | (c->event & EVENT_MASK);
}

struct jig_monitor_cursor jig_ring_unpack(const struct jig_ring *r, uint64_t packed)
{
    uint64_t back = (r->next_event - packed) & EVENT_MASK; /* events since, by the low bits */
    return (struct jig_monitor_cursor){
        .offset = packed >> EVENT_BITS,
        .event = back <= r->next_event ? r->next_event - back : r->next_event,
    };
}
