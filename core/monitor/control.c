/* What is done to sessions and ports from outside: closing, ending, pausing, keeping, expiring. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/monitor/monitor_impl.h"

static void tell_all(struct jig_monitors *ms, struct jig_strv *devices)
{
    for (size_t i = 0; i < devices->n; i++)
        jig_monitors_tell_(ms, devices->v[i]);
    jig_strv_release(devices);
}

void jig_monitors_close(struct jig_monitors *ms, const char *reason)
{
    struct jig_strv told = {0};
    pthread_mutex_lock(&ms->mu);
    ms->closed = true;
    for (size_t i = 0; i < ms->n_channels; i++) {
        jig_channel_end_(ms->channels[i], reason);
        jig_strv_append(&told, ms->channels[i]->device);
    }
    pthread_mutex_unlock(&ms->mu);
    tell_all(ms, &told);
}

static void cut(struct jig_session *s, const char *reason)
{
    jig_session_retire_(s);
    s->cut = true;
    snprintf(s->reason, sizeof s->reason, "%s", reason);
}

void jig_monitor_close(struct jig_monitors *ms, uint64_t session)
{
    JIG_CLEANUP_FREE char *device = NULL;
    pthread_mutex_lock(&ms->mu);
    struct jig_session *s = jig_session_find_(ms, session);
    if (s != NULL) {
        struct jig_channel *ch = s->channel;
        device = jig_xstrdup(ch->device);
        cut(s, "closed by its reader");
        s->id = 0;    /* nobody finds it any more */
        s->reading++; /* and nobody else removes it */
        jig_bell_ring(&ms->bell);
        while (s->reading > 1)
            pthread_cond_wait(&ms->changed, &ms->mu);
        jig_session_remove_(ms, s);
        if (jig_channel_is_idle_(ch))
            jig_channel_wait_closed_(ch);
        jig_channels_sweep_(ms);
    }
    pthread_mutex_unlock(&ms->mu);
    if (device != NULL)
        jig_monitors_tell_(ms, device);
}

/* Ends sessions; the ones that nobody is reading just now are removed, the others by expire. */
static void drop(struct jig_monitors *ms, struct jig_session *s, const char *reason,
                 struct jig_strv *told)
{
    jig_strv_add_unique(told, s->channel->device);
    cut(s, reason);
    if (s->reading == 0)
        jig_session_remove_(ms, s);
}

void jig_monitors_close_owner(struct jig_monitors *ms, uint64_t owner)
{
    struct jig_strv told = {0};
    pthread_mutex_lock(&ms->mu);
    for (size_t i = ms->n_sessions; owner != 0 && i-- > 0;) {
        if (ms->sessions[i]->owner == owner)
            drop(ms, ms->sessions[i], "its connection is gone", &told);
    }
    jig_channels_sweep_(ms);
    pthread_mutex_unlock(&ms->mu);
    tell_all(ms, &told);
}

void jig_monitor_end(struct jig_monitors *ms, uint64_t session, const char *reason)
{
    JIG_CLEANUP_FREE char *device = NULL;
    pthread_mutex_lock(&ms->mu);
    struct jig_session *s = jig_session_find_(ms, session);
    if (s != NULL && !s->cut) {
        cut(s, reason);
        device = jig_xstrdup(s->channel->device);
    }
    pthread_mutex_unlock(&ms->mu);
    if (device != NULL)
        jig_monitors_tell_(ms, device);
}

void jig_monitors_end_device(struct jig_monitors *ms, const char *device, const char *reason)
{
    pthread_mutex_lock(&ms->mu);
    struct jig_channel *ch = jig_channel_find_(ms, device);
    if (ch != NULL)
        jig_channel_end_(ch, reason);
    pthread_mutex_unlock(&ms->mu);
    if (ch != NULL)
        jig_monitors_tell_(ms, device);
}

void jig_monitors_pause(struct jig_monitors *ms, const char *device, const char *why)
{
    pthread_mutex_lock(&ms->mu);
    struct jig_channel *ch = jig_channel_get_(ms, device, NULL);
    if (ch != NULL && ch->pauses++ == 0) {
        snprintf(ch->pause_why, sizeof ch->pause_why, "%s", why);
        jig_channel_event_(ch, JIG_MONITOR_PAUSED, why);
    }
    if (ch != NULL)
        jig_channel_wait_closed_(ch);
    pthread_mutex_unlock(&ms->mu);
    jig_monitors_tell_(ms, device);
}

static enum jig_code reopen(struct jig_channel *ch, const char *port, struct jig_err *reterr)
{
    if (ch->sessions == 0 && !ch->keep)
        return JIG_OK;
    if (port == NULL) {
        jig_channel_end_(ch, "the device did not come back");
        return JIG_OK;
    }
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_channel_reopen_(ch, port, &err);
    if (code == JIG_OK)
        return code;
    jig_channel_end_(ch, err.message);
    if (reterr != NULL)
        *reterr = err;
    return code;
}

enum jig_code jig_monitors_resume(struct jig_monitors *ms, const char *device, const char *port,
                                  struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    pthread_mutex_lock(&ms->mu);
    struct jig_channel *ch = jig_channel_find_(ms, device);
    if (ch != NULL && ch->pauses > 0 && --ch->pauses == 0)
        code = reopen(ch, port, reterr);
    jig_channels_sweep_(ms);
    pthread_mutex_unlock(&ms->mu);
    jig_monitors_tell_(ms, device);
    return code;
}

static enum jig_code keep_locked(struct jig_monitors *ms, const char *device, const char *port,
                                 const struct jig_port_settings *settings, int64_t until_ns,
                                 struct jig_err *reterr)
{
    if (ms->closed)
        return jig_err_set(reterr, JIG_UNAVAILABLE, "the daemon is ending");
    struct jig_channel *ch = jig_channel_get_(ms, device, reterr);
    if (ch == NULL)
        return JIG_RESOURCE_EXHAUSTED;
    ch->was_kept = true;
    ch->keep_start = jig_ring_newest(&ch->ring);
    if (ch->sessions > 0)
        return JIG_OK; /* somebody reads it already, at a rate of their own */
    if (ch->state == CHANNEL_CLOSED) {
        ch->settings = *settings;
        if (ch->settings.baud == 0)
            ch->settings.baud = JIG_MONITOR_BAUD;
    }
    ch->keep = true;
    ch->keep_until_ns = until_ns;
    uint64_t one = 1;
    ssize_t n = write(ch->look_fd, &one, sizeof one);
    (void)n;
    if (ch->pauses > 0)
        return JIG_OK;
    enum jig_code code = jig_channel_open_(ch, port, JIG_MONITOR_OPENED, reterr);
    if (code != JIG_OK)
        ch->keep = false;
    return code;
}

enum jig_code jig_monitors_keep(struct jig_monitors *ms, const char *device, const char *port,
                                const struct jig_port_settings *settings, int64_t until_ns,
                                struct jig_err *reterr)
{
    pthread_mutex_lock(&ms->mu);
    jig_channels_sweep_(ms);
    enum jig_code code = keep_locked(ms, device, port, settings, until_ns, reterr);
    jig_channels_sweep_(ms);
    pthread_mutex_unlock(&ms->mu);
    return code;
}

int64_t jig_monitors_expire(struct jig_monitors *ms)
{
    int64_t next = JIG_NO_DEADLINE;
    struct jig_strv told = {0};
    pthread_mutex_lock(&ms->mu);
    int64_t now = ms->clock->monotonic_ns(ms->clock->ctx);
    for (size_t i = ms->n_sessions; i-- > 0;) {
        struct jig_session *s = ms->sessions[i];
        int64_t due = s->reading > 0 ? now + ms->idle_ns : s->read_ns + ms->idle_ns;
        if (due <= now)
            drop(ms, s, "nobody read it for long", &told);
        else if (due < next)
            next = due;
    }
    jig_channels_sweep_(ms);
    pthread_mutex_unlock(&ms->mu);
    tell_all(ms, &told);
    return next;
}

void jig_monitors_stats(struct jig_monitors *ms, struct jig_monitors_stats *ret)
{
    *ret = (struct jig_monitors_stats){0};
    pthread_mutex_lock(&ms->mu);
    ret->bytes = ms->bytes;
    for (size_t i = 0; i < ms->n_channels; i++) {
        ret->ports += ms->channels[i]->state == CHANNEL_OPEN;
        ret->sessions += ms->channels[i]->sessions;
    }
    pthread_mutex_unlock(&ms->mu);
}
