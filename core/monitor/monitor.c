#include "core/monitor/monitor.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/monitor/monitor_impl.h"
#include "core/os/time.h"

void jig_monitors_new(const struct jig_monitors_spec *spec, struct jig_monitors **ret)
{
    struct jig_monitors *ms = jig_new(struct jig_monitors);
    pthread_mutex_init(&ms->mu, NULL);
    pthread_cond_init(&ms->changed, NULL);
    jig_bell_init(&ms->bell);
    ms->clock = spec->clock != NULL ? spec->clock : &jig_clock_real;
    ms->observer = spec->observer;
    ms->ring_bytes = spec->ring_bytes != 0 ? spec->ring_bytes : JIG_MONITOR_RING_BYTES;
    ms->idle_ns = (spec->idle_ms != 0 ? spec->idle_ms : JIG_MONITOR_IDLE_MS) * JIG_NS_PER_MS;
    ms->most_sessions = spec->most_sessions != 0 ? spec->most_sessions : JIG_MONITOR_MOST_SESSIONS;
    *ret = ms;
}

static void session_free(struct jig_session *s)
{
    free(s->who);
    free(s);
}

void jig_monitors_free(struct jig_monitors *ms)
{
    if (ms == NULL)
        return;
    jig_monitors_close(ms, "the daemon is ending");
    for (size_t i = 0; i < ms->n_channels; i++)
        jig_channel_free_(ms->channels[i]);
    for (size_t i = 0; i < ms->n_sessions; i++)
        session_free(ms->sessions[i]);
    free(ms->channels);
    free(ms->sessions);
    jig_bell_release(&ms->bell);
    pthread_cond_destroy(&ms->changed);
    pthread_mutex_destroy(&ms->mu);
    free(ms);
}

void jig_monitors_set_notify(struct jig_monitors *ms, void (*news)(void *ctx, const char *device),
                             void *ctx)
{
    ms->news = news;
    ms->news_ctx = ctx;
}

struct jig_session *jig_session_find_(struct jig_monitors *ms, uint64_t id)
{
    for (size_t i = 0; id != 0 && i < ms->n_sessions; i++) {
        if (ms->sessions[i]->id == id)
            return ms->sessions[i];
    }
    return NULL;
}

static enum jig_code no_session(uint64_t id, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_NOT_FOUND,
                       "there is no serial session %llu; it was closed, or nobody read it for long",
                       (unsigned long long)id);
}

static const char *other_reader(const struct jig_channel *ch, const struct jig_session *but)
{
    for (size_t i = 0; i < ch->ms->n_sessions; i++) {
        const struct jig_session *s = ch->ms->sessions[i];
        if (s->channel == ch && !s->ended && s != but)
            return s->who;
    }
    return "nobody";
}

/* The rate that a new session wants against the one in use. */
static enum jig_code agree_on_settings(struct jig_channel *ch, const struct jig_monitor_open *open,
                                       struct jig_err *reterr)
{
    const struct jig_port_settings *wanted = &open->settings;
    if (ch->sessions > 0) {
        if (wanted->baud == 0 || wanted->baud == ch->settings.baud)
            return JIG_OK;
        return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "the monitor of %s runs at %d baud for %s, so not at %d", ch->device,
                              ch->settings.baud, other_reader(ch, NULL), wanted->baud);
    }
    if (ch->state == CHANNEL_OPEN) { /* kept open for whoever comes */
        if (wanted->baud == 0 || wanted->baud == ch->settings.baud)
            return JIG_OK;
        enum jig_code code = jig_port_set_baud(ch->port, wanted->baud, reterr);
        if (code == JIG_OK)
            ch->settings.baud = wanted->baud;
        return code;
    }
    int usual = open->usual_baud != 0 ? open->usual_baud : JIG_MONITOR_BAUD;
    int before = ch->keep || ch->pauses > 0 ? ch->settings.baud : 0;
    ch->settings = *wanted;
    if (ch->settings.baud == 0)
        ch->settings.baud = before != 0 ? before : usual;
    return JIG_OK;
}

static struct jig_session *add_session(struct jig_monitors *ms, struct jig_channel *ch,
                                       const struct jig_monitor_open *open)
{
    struct jig_session *s = jig_new(struct jig_session);
    s->id = ++ms->next_session;
    s->channel = ch;
    s->owner = open->owner;
    s->who = jig_xstrdup(open->who != NULL ? open->who : "somebody");
    s->start = !open->history ? jig_ring_newest(&ch->ring)
               : ch->was_kept ? ch->keep_start
                              : jig_ring_oldest(&ch->ring);
    s->read_ns = ms->clock->monotonic_ns(ms->clock->ctx);
    ms->sessions =
        jig_grow(ms->sessions, &ms->cap_sessions, ms->n_sessions, sizeof(struct jig_session *));
    ms->sessions[ms->n_sessions++] = s;
    ch->sessions++;
    return s;
}

void jig_session_remove_(struct jig_monitors *ms, struct jig_session *s)
{
    for (size_t i = 0; i < ms->n_sessions; i++) {
        if (ms->sessions[i] == s) {
            ms->sessions[i] = ms->sessions[--ms->n_sessions];
            break;
        }
    }
    session_free(s);
}

void jig_session_retire_(struct jig_session *s)
{
    struct jig_channel *ch = s->channel;
    if (s->ended)
        return;
    s->ended = true;
    s->limit = jig_ring_newest(&ch->ring);
    ch->sessions--;
    if (ch->writer == s->id)
        ch->writer = 0;
    if (jig_channel_is_idle_(ch))
        jig_channel_stop_(ch);
}

static enum jig_code open_locked(struct jig_monitors *ms, const struct jig_monitor_open *open,
                                 uint64_t *ret_session, struct jig_err *reterr)
{
    jig_channels_sweep_(ms);
    if (ms->closed)
        return jig_err_set(reterr, JIG_UNAVAILABLE, "the daemon is ending");
    if (ms->n_sessions >= ms->most_sessions)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "there are %zu serial sessions already",
                           ms->n_sessions);
    struct jig_channel *ch = jig_channel_get_(ms, open->device, reterr);
    if (ch == NULL)
        return JIG_RESOURCE_EXHAUSTED;
    enum jig_code code = agree_on_settings(ch, open, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_session *s = add_session(ms, ch, open);
    ch->keep = false; /* from here on the sessions keep it */
    uint64_t id = s->id;
    if (ch->path[0] == '\0') {
        free(ch->path);
        ch->path = jig_xstrdup(open->port);
    }
    if (ch->pauses == 0) {
        s->reading++; /* expire must leave it alone while mu is free */
        code = jig_channel_open_(ch, open->port, JIG_MONITOR_OPENED, reterr);
        s->reading--;
    }
    if (code != JIG_OK) {
        jig_session_retire_(s);
        jig_session_remove_(ms, s);
        return code;
    }
    ch->life = open->life;
    *ret_session = id;
    return JIG_OK;
}

enum jig_code jig_monitor_open(struct jig_monitors *ms, const struct jig_monitor_open *open,
                               uint64_t *ret_session, struct jig_err *reterr)
{
    pthread_mutex_lock(&ms->mu);
    enum jig_code code = open_locked(ms, open, ret_session, reterr);
    jig_channels_sweep_(ms);
    pthread_mutex_unlock(&ms->mu);
    if (code == JIG_OK)
        jig_monitors_tell_(ms, open->device);
    return code;
}

/* What a session that was cut reads, for ever. */
static void cut_batch(const struct jig_session *s, struct jig_monitor_batch *ret)
{
    *ret = (struct jig_monitor_batch){.closed = true, .n_events = 1, .next = s->limit};
    ret->cursor = jig_ring_pack(&ret->next);
    ret->data = jig_xcalloc(1, 1);
    ret->events = jig_new(struct jig_monitor_event);
    ret->events->kind = JIG_MONITOR_CLOSED;
    ret->events->number = s->limit.event;
    ret->events->offset = s->limit.offset;
    snprintf(ret->events->text, sizeof ret->events->text, "%s", s->reason);
}

/* True when there is something to say. */
static bool take_batch(const struct jig_session *s, uint64_t cursor, size_t most,
                       struct jig_monitor_batch *ret)
{
    if (s->cut) {
        cut_batch(s, ret);
        return true;
    }
    const struct jig_ring *r = &s->channel->ring;
    struct jig_monitor_cursor from = cursor == 0 ? s->start : jig_ring_unpack(r, cursor);
    jig_ring_read(r, &from, s->ended ? &s->limit : NULL, most, ret);
    ret->closed =
        s->ended && ret->next.offset >= s->limit.offset && ret->next.event >= s->limit.event;
    return ret->n > 0 || ret->n_events > 0 || ret->dropped > 0 || ret->closed;
}

static enum jig_code wait_for_batch(struct jig_monitors *ms, struct jig_session *s, uint64_t cursor,
                                    size_t most, const struct jig_until *until,
                                    struct jig_monitor_batch *ret, struct jig_err *reterr)
{
    while (!take_batch(s, cursor, most, ret)) {
        uint64_t seen = jig_bell_count(&ms->bell); /* what rings now needs mu, which we hold */
        pthread_mutex_unlock(&ms->mu);
        enum jig_code code = jig_bell_wait(&ms->bell, seen, -1, until, reterr);
        pthread_mutex_lock(&ms->mu);
        if (code == JIG_OK) {
            jig_monitor_batch_release(ret);
            continue;
        }
        if (code == JIG_DEADLINE_EXCEEDED)
            return JIG_OK; /* with an empty batch */
        jig_monitor_batch_release(ret);
        return code;
    }
    return JIG_OK;
}

enum jig_code jig_monitor_read(struct jig_monitors *ms, uint64_t session, uint64_t cursor,
                               size_t most, const struct jig_until *until,
                               struct jig_monitor_batch *ret, struct jig_err *reterr)
{
    pthread_mutex_lock(&ms->mu);
    struct jig_session *s = jig_session_find_(ms, session);
    enum jig_code code = JIG_OK;
    if (s == NULL) {
        code = no_session(session, reterr);
    } else {
        s->reading++; /* nobody frees it meanwhile */
        s->read_ns = ms->clock->monotonic_ns(ms->clock->ctx);
        code = wait_for_batch(ms, s, cursor, most, until, ret, reterr);
        s->read_ns = ms->clock->monotonic_ns(ms->clock->ctx);
        s->reading--;
        pthread_cond_broadcast(&ms->changed); /* for a close that waits for us */
    }
    pthread_mutex_unlock(&ms->mu);
    return code;
}

/* Writes with mu free; the reader thread does not close the port before `writing` is false. */
static enum jig_code write_port(struct jig_channel *ch, struct jig_port *port, const char *data,
                                size_t n, const struct jig_until *until, size_t *ret_n,
                                struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (*ret_n = 0; code == JIG_OK && *ret_n < n;) {
        size_t took = 0;
        code = jig_port_try_write(port, data + *ret_n, n - *ret_n, &took, reterr);
        if (code != JIG_OK)
            break;
        *ret_n += took;
        if (took > 0)
            continue;
        code = jig_until_check(until, reterr);
        struct pollfd fds[] = {
            {.fd = jig_port_fd(port), .events = POLLOUT},
            {.fd = ch->stop_fd, .events = POLLIN},
            {.fd = until->cancel != NULL ? until->cancel->fd : -1, .events = POLLIN},
        };
        if (code == JIG_OK && poll(fds, 3, jig_deadline_poll_ms(until->deadline_ns)) > 0 &&
            fds[1].revents != 0)
            code = jig_err_set(reterr, JIG_ABORTED, "the port of %s was closed while writing",
                               ch->device);
    }
    return code;
}

/* May this session write now? Takes the right to, if so. */
static enum jig_code claim(struct jig_monitors *ms, const struct jig_session *s,
                           struct jig_err *reterr)
{
    struct jig_channel *ch = s->channel;
    if (s->ended)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "the serial session has ended");
    if (ch->pauses > 0)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "nothing can be written to %s now: %s",
                           ch->device, ch->pause_why);
    if (ch->state != CHANNEL_OPEN)
        return jig_err_set(reterr, JIG_UNAVAILABLE, "the port of %s is not open", ch->device);
    if (ch->writer != 0 && ch->writer != s->id) {
        const struct jig_session *other = jig_session_find_(ms, ch->writer);
        return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "%s writes to %s already; one at a time",
                              other != NULL ? other->who : "somebody", ch->device);
    }
    if (ch->writing)
        return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "another write of this session is under way");
    ch->writer = s->id;
    ch->writing = true;
    return JIG_OK;
}

enum jig_code jig_monitor_write(struct jig_monitors *ms, uint64_t session, const void *data,
                                size_t n, const struct jig_until *until, size_t *ret_n,
                                struct jig_err *reterr)
{
    if (n > JIG_MONITOR_MOST_WRITE)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%zu bytes are more than one write takes",
                           n);
    size_t wrote = 0;
    pthread_mutex_lock(&ms->mu);
    struct jig_session *s = jig_session_find_(ms, session);
    enum jig_code code = s != NULL ? claim(ms, s, reterr) : no_session(session, reterr);
    if (code == JIG_OK) {
        struct jig_channel *ch = s->channel;
        struct jig_port *port = ch->port;
        s->read_ns = ms->clock->monotonic_ns(ms->clock->ctx); /* who writes is there */
        ch->refs++;
        pthread_mutex_unlock(&ms->mu);
        code = write_port(ch, port, data, n, until, &wrote, reterr);
        pthread_mutex_lock(&ms->mu);
        ch->refs--;
        ch->writing = false;
        pthread_cond_broadcast(&ms->changed);
    }
    pthread_mutex_unlock(&ms->mu);
    if (ret_n != NULL)
        *ret_n = wrote;
    return code;
}

enum jig_code jig_monitor_info(struct jig_monitors *ms, uint64_t session,
                               struct jig_monitor_info *ret, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    pthread_mutex_lock(&ms->mu);
    const struct jig_session *s = jig_session_find_(ms, session);
    if (s == NULL)
        code = no_session(session, reterr);
    else
        *ret = (struct jig_monitor_info){.device = jig_xstrdup(s->channel->device),
                                         .port = jig_xstrdup(s->channel->path),
                                         .baud = s->channel->settings.baud,
                                         .ended = s->ended};
    pthread_mutex_unlock(&ms->mu);
    return code;
}

void jig_monitor_info_release(struct jig_monitor_info *info)
{
    free(info->device);
    free(info->port);
    *info = (struct jig_monitor_info){0};
}
