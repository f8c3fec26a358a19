/* One device's port: opened, read by a thread of its own, closed. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/monitor/monitor_impl.h"
#include "core/os/time.h"

#define READ_CHUNK 4096

void jig_monitors_tell_(struct jig_monitors *ms, const char *device)
{
    jig_bell_ring(&ms->bell);
    if (ms->news != NULL)
        ms->news(ms->news_ctx, device);
}

struct jig_channel *jig_channel_find_(struct jig_monitors *ms, const char *device)
{
    for (size_t i = 0; i < ms->n_channels; i++) {
        if (jig_streq(ms->channels[i]->device, device))
            return ms->channels[i];
    }
    return NULL;
}

struct jig_channel *jig_channel_get_(struct jig_monitors *ms, const char *device,
                                     struct jig_err *reterr)
{
    struct jig_channel *ch = jig_channel_find_(ms, device);
    if (ch != NULL)
        return ch;
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int look_fd = stop_fd >= 0 ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
    if (look_fd < 0) {
        int failed = errno;
        if (stop_fd >= 0)
            close(stop_fd);
        jig_err_sys(reterr, failed, "cannot make an event descriptor");
        return NULL;
    }
    ch = jig_new(struct jig_channel);
    ch->ms = ms;
    ch->device = jig_xstrdup(device);
    ch->path = jig_xstrdup("");
    ch->settings = JIG_PORT_8N1(0);
    ch->stop_fd = stop_fd;
    ch->look_fd = look_fd;
    jig_ring_init(&ch->ring, ms->ring_bytes);
    ms->channels =
        jig_grow(ms->channels, &ms->cap_channels, ms->n_channels, sizeof(struct jig_channel *));
    ms->channels[ms->n_channels++] = ch;
    return ch;
}

void jig_channel_free_(struct jig_channel *ch)
{
    if (ch->has_thread)
        pthread_join(ch->thread, NULL);
    close(ch->stop_fd);
    close(ch->look_fd);
    jig_ring_release(&ch->ring);
    free(ch->device);
    free(ch->path);
    free(ch);
}

static bool is_needed(const struct jig_channel *ch)
{
    if (ch->state != CHANNEL_CLOSED || ch->refs > 0 || ch->pauses > 0 || ch->keep)
        return true;
    for (size_t i = 0; i < ch->ms->n_sessions; i++) {
        if (ch->ms->sessions[i]->channel == ch)
            return true;
    }
    return false;
}

void jig_channels_sweep_(struct jig_monitors *ms)
{
    for (size_t i = ms->n_channels; i-- > 0;) {
        struct jig_channel *ch = ms->channels[i];
        jig_channel_wait_no_more_(ch);
        if (is_needed(ch))
            continue;
        ms->channels[i] = ms->channels[--ms->n_channels];
        jig_channel_free_(ch); /* its thread is past its last use of mu */
    }
}

bool jig_channel_is_idle_(const struct jig_channel *ch)
{
    return ch->pauses > 0 || (ch->sessions == 0 && !ch->keep);
}

void jig_channel_event_(struct jig_channel *ch, enum jig_monitor_event_kind kind, const char *text)
{
    const struct jig_clock *clock = ch->ms->clock;
    jig_ring_event(&ch->ring, kind, clock->unix_ms(clock->ctx), text,
                   kind == JIG_MONITOR_CLOSED ? "" : ch->path);
}

static enum jig_code open_port(const struct jig_channel *ch, const char *path,
                               const struct jig_port_settings *settings, struct jig_port **ret,
                               struct jig_err *reterr)
{
    const struct jig_monitors_observer *o = &ch->ms->observer;
    if (o->opening != NULL)
        o->opening(o->ctx, ch->device);
    enum jig_code code = jig_port_open(path, settings, ret, reterr);
    if (o->opened != NULL)
        o->opened(o->ctx, ch->device, code == JIG_OK);
    return code;
}

static void close_port(const struct jig_channel *ch, struct jig_port *port)
{
    const struct jig_monitors_observer *o = &ch->ms->observer;
    jig_port_close(port);
    if (port != NULL && o->closed != NULL)
        o->closed(o->ctx, ch->device);
}

static void ring_fd(int fd)
{
    uint64_t one = 1;
    ssize_t n = write(fd, &one, sizeof one);
    (void)n; /* full means readable */
}

static void quiet_fd(int fd)
{
    uint64_t count;
    ssize_t n = read(fd, &count, sizeof count);
    (void)n;
}

void jig_channel_stop_(struct jig_channel *ch)
{
    if (ch->state == CHANNEL_OPEN)
        ring_fd(ch->stop_fd);
}

void jig_channel_wait_closed_(struct jig_channel *ch)
{
    ch->refs++;
    while (ch->state != CHANNEL_CLOSED) {
        jig_channel_stop_(ch);
        pthread_cond_wait(&ch->ms->changed, &ch->ms->mu);
    }
    ch->refs--;
}

void jig_channel_end_(struct jig_channel *ch, const char *reason)
{
    if (ch->sessions > 0 || ch->keep)
        jig_channel_event_(ch, JIG_MONITOR_CLOSED, reason);
    struct jig_monitors *ms = ch->ms;
    for (size_t i = 0; i < ms->n_sessions; i++) {
        struct jig_session *s = ms->sessions[i];
        if (s->channel != ch || s->ended)
            continue;
        s->ended = true;
        s->limit = jig_ring_newest(&ch->ring);
    }
    ch->sessions = 0;
    ch->keep = false;
    ch->writer = 0;
    jig_channel_stop_(ch);
}

/* One look at the port. False: the channel is to be closed; *reason is why, "" when it was asked.
 */
static bool read_once(struct jig_channel *ch, struct jig_port *port, char *reason, size_t size)
{
    char chunk[READ_CHUNK];
    size_t n = 0;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_port_try_read(port, chunk, sizeof chunk, &n, &err) != JIG_OK) {
        snprintf(reason, size, "%s", err.message);
        return false;
    }
    if (n == 0)
        return true;
    pthread_mutex_lock(&ch->ms->mu);
    jig_ring_put(&ch->ring, chunk, n);
    ch->ms->bytes += n;
    pthread_mutex_unlock(&ch->ms->mu);
    jig_monitors_tell_(ch->ms, ch->device);
    return true;
}

static int64_t keep_deadline(struct jig_channel *ch)
{
    pthread_mutex_lock(&ch->ms->mu);
    int64_t deadline = ch->keep && ch->sessions == 0 ? ch->keep_until_ns : JIG_NO_DEADLINE;
    pthread_mutex_unlock(&ch->ms->mu);
    return deadline;
}

/* True when nobody came in time. */
static bool keep_ran_out(struct jig_channel *ch)
{
    return keep_deadline(ch) <= jig_now_ns();
}

static void read_until_told(struct jig_channel *ch, struct jig_port *port, char *reason,
                            size_t size)
{
    for (;;) {
        struct pollfd fds[] = {
            {.fd = jig_port_fd(port), .events = POLLIN},
            {.fd = ch->stop_fd, .events = POLLIN},
            {.fd = ch->look_fd, .events = POLLIN},
        };
        int ready = poll(fds, 3, jig_deadline_poll_ms(keep_deadline(ch)));
        if (ready < 0 && errno != EINTR) {
            snprintf(reason, size, "cannot wait for the port: %s", strerrordesc_np(errno));
            return;
        }
        if (fds[1].revents != 0)
            return;
        if (fds[2].revents != 0)
            quiet_fd(ch->look_fd);
        if (fds[0].revents != 0 && !read_once(ch, port, reason, size))
            return;
        if (keep_ran_out(ch)) {
            snprintf(reason, size, "nobody came to read it");
            return;
        }
    }
}

static void *reader(void *arg)
{
    struct jig_channel *ch = arg;
    struct jig_monitors *ms = ch->ms;
    struct jig_port *port = ch->port; /* set before we were started */
    char reason[256] = "";
    read_until_told(ch, port, reason, sizeof reason);

    pthread_mutex_lock(&ms->mu);
    ch->state = CHANNEL_CLOSING;
    ring_fd(ch->stop_fd); /* for a writer, when it was not the stop that ended us */
    while (ch->writing)
        pthread_cond_wait(&ms->changed, &ms->mu);
    ch->port = NULL;
    bool lost = reason[0] != '\0' && ch->pauses == 0;
    if (lost)
        jig_channel_lose_(ch, reason); /* a pause does not mind: the port may well go and come */
    pthread_mutex_unlock(&ms->mu);
    close_port(ch, port);
    if (lost)
        jig_monitors_tell_(ms, ch->device);

    pthread_mutex_lock(&ms->mu);
    ch->state = CHANNEL_CLOSED;
    pthread_cond_broadcast(&ms->changed);
    pthread_mutex_unlock(&ms->mu);
    return NULL;
}

/* The port is open: put the event, start the reader. */
static enum jig_code start_reader(struct jig_channel *ch, struct jig_port *port, const char *path,
                                  enum jig_monitor_event_kind event, struct jig_err *reterr)
{
    if (ch->has_thread)
        pthread_join(ch->thread, NULL); /* CLOSED was the last that it said */
    ch->has_thread = false;
    quiet_fd(ch->stop_fd);
    ch->port = port;
    int failed = pthread_create(&ch->thread, NULL, reader, ch);
    if (failed != 0) {
        ch->port = NULL;
        return jig_err_sys(reterr, failed, "cannot start a thread");
    }
    ch->has_thread = true;
    if (ch->path != path) {
        free(ch->path);
        ch->path = jig_xstrdup(path);
    }
    char text[256];
    const char *what = event == JIG_MONITOR_OPENED    ? "is open"
                       : event == JIG_MONITOR_RESUMED ? "is open again"
                                                      : "is where the device is now";
    snprintf(text, sizeof text, "the port %s %s, at %d baud", path, what, ch->settings.baud);
    jig_channel_event_(ch, event, text); /* the reader needs mu to put its first byte after it */
    return JIG_OK;
}

enum jig_code jig_channel_reopen_(struct jig_channel *ch, const char *port, struct jig_err *reterr)
{
    bool same = ch->path[0] == '\0' || jig_streq(ch->path, port);
    return jig_channel_open_(ch, port, same ? JIG_MONITOR_RESUMED : JIG_MONITOR_RECONNECTED,
                             reterr);
}

enum jig_code jig_channel_open_(struct jig_channel *ch, const char *path,
                                enum jig_monitor_event_kind event, struct jig_err *reterr)
{
    struct jig_monitors *ms = ch->ms;
    ch->refs++;
    while (ch->state == CHANNEL_OPENING || ch->state == CHANNEL_CLOSING)
        pthread_cond_wait(&ms->changed, &ms->mu);
    enum jig_code code = JIG_OK;
    if (ch->state == CHANNEL_CLOSED) {
        ch->state = CHANNEL_OPENING;
        struct jig_port_settings settings = ch->settings;
        struct jig_port *port = NULL;
        pthread_mutex_unlock(&ms->mu);
        code = open_port(ch, path, &settings, &port, reterr);
        pthread_mutex_lock(&ms->mu);
        if (code == JIG_OK)
            code = start_reader(ch, port, path, event, reterr);
        if (code != JIG_OK)
            close_port(ch, port);
        ch->state = code == JIG_OK ? CHANNEL_OPEN : CHANNEL_CLOSED;
        if (jig_channel_is_idle_(ch)) /* whoever wanted it is gone by now, or a pause has begun */
            jig_channel_stop_(ch);
        pthread_cond_broadcast(&ms->changed);
    }
    ch->refs--;
    return code;
}
