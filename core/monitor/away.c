/* Boards that are unplugged under their readers' eyes, and come back. */
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/monitor/monitor_impl.h"

void jig_channel_lose_(struct jig_channel *ch, const char *reason)
{
    if (ch->life == 0 || ch->sessions == 0) {
        jig_channel_end_(ch, reason);
        return;
    }
    char text[512];
    snprintf(text, sizeof text, "%s; going on when the board is back", reason);
    snprintf(ch->pause_why, sizeof ch->pause_why, "the board is not connected");
    jig_channel_event_(ch, JIG_MONITOR_PAUSED, text);
    ch->pauses++;
    ch->away = true;
    ch->writer = 0;
}

void jig_channel_wait_no_more_(struct jig_channel *ch)
{
    if (ch->away && ch->sessions == 0) {
        ch->away = false;
        ch->pauses--;
    }
}

static void away_devices(struct jig_monitors *ms, struct jig_strv *ret)
{
    pthread_mutex_lock(&ms->mu);
    for (size_t i = 0; i < ms->n_channels; i++) {
        if (ms->channels[i]->away)
            jig_strv_append(ret, ms->channels[i]->device);
    }
    pthread_mutex_unlock(&ms->mu);
}

/* Under the port that it has now. One that is gone again is waited for further. */
static void go_on(struct jig_channel *ch, const char *port)
{
    struct jig_err err = JIG_ERR_INIT;
    ch->pauses--;
    ch->away = false;
    if (ch->pauses > 0 || ch->sessions == 0)
        return; /* whoever paused it opens it again */
    enum jig_code code = jig_channel_reopen_(ch, port, &err);
    if (code == JIG_NOT_FOUND)
        jig_channel_lose_(ch, err.message);
    else if (code != JIG_OK)
        jig_channel_end_(ch, err.message);
}

void jig_monitors_follow(struct jig_monitors *ms,
                         bool (*where)(void *ctx, const char *device, uint64_t *life, char **port),
                         void *ctx)
{
    struct jig_strv devices = {0};
    away_devices(ms, &devices);
    for (size_t i = 0; i < devices.n; i++) {
        uint64_t life = 0;
        JIG_CLEANUP_FREE char *port = NULL;
        if (!where(ctx, devices.v[i], &life, &port))
            continue;
        pthread_mutex_lock(&ms->mu);
        struct jig_channel *ch = jig_channel_find_(ms, devices.v[i]);
        bool back = ch != NULL && ch->away && ch->life != life;
        if (back) {
            ch->life = life;
            go_on(ch, port);
        }
        pthread_mutex_unlock(&ms->mu);
        if (back)
            jig_monitors_tell_(ms, devices.v[i]);
    }
    jig_strv_release(&devices);
}
