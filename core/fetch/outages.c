#include "core/fetch/outages.h"

#include <pthread.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/os/bell.h"

struct host {
    const void *tries; /* who finds out; NULL: nobody */
    bool down;
    struct jig_err err; /* how it showed, last */
};

struct jig_outages {
    pthread_mutex_t mu;
    struct jig_map hosts; /* guarded by mu; "host:port" -> struct host *; those that are not well */
    struct jig_bell bell; /* rung when one of them changes */
};

struct jig_outages *jig_outages_new(void)
{
    struct jig_outages *o = jig_new(struct jig_outages);
    pthread_mutex_init(&o->mu, NULL);
    jig_map_init(&o->hosts, free);
    jig_bell_init(&o->bell);
    return o;
}

void jig_outages_free(struct jig_outages *o)
{
    if (o == NULL)
        return;
    jig_map_release(&o->hosts);
    jig_bell_release(&o->bell);
    pthread_mutex_destroy(&o->mu);
    free(o);
}

/* Who finds out about any host must not wait: another one may wait for that. Under mu. */
static bool tries_any(const struct jig_outages *o, const void *who)
{
    for (size_t i = 0; i < o->hosts.used; i++) {
        const struct host *h = o->hosts.entries[i].value;
        if (o->hosts.entries[i].key != NULL && h->tries == who)
            return true;
    }
    return false;
}

/* OK and *ret_wait: ask again when the bell has rung. */
static enum jig_code look(struct jig_outages *o, const void *who, const char *name, bool may_skip,
                          bool *ret_wait, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    *ret_wait = false;
    pthread_mutex_lock(&o->mu);
    const struct host *h = jig_map_get(&o->hosts, name);
    if (h != NULL && h->down) {
        code = JIG_UNAVAILABLE;
        if (reterr != NULL)
            *reterr = h->err;
    } else if (h != NULL && h->tries != who && may_skip) {
        code = jig_err_set(reterr, JIG_ABORTED, "%s", h->err.message);
    } else if (h != NULL && h->tries != NULL && h->tries != who) {
        *ret_wait = !tries_any(o, who);
    }
    pthread_mutex_unlock(&o->mu);
    return code;
}

enum jig_code jig_outages_enter(struct jig_outages *o, const void *who, const char *host,
                                bool may_skip, const struct jig_until *until,
                                struct jig_err *reterr)
{
    bool wait = true;
    enum jig_code code = JIG_OK;
    while (o != NULL && code == JIG_OK && wait) {
        uint64_t seen = jig_bell_count(&o->bell);
        code = look(o, who, host, may_skip, &wait, reterr);
        if (code == JIG_OK && wait)
            code = jig_bell_wait(&o->bell, seen, -1, until, reterr);
    }
    return code;
}

void jig_outages_answered(struct jig_outages *o, const char *host)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->mu);
    bool was = jig_map_has(&o->hosts, host);
    if (was)
        jig_map_remove(&o->hosts, host);
    pthread_mutex_unlock(&o->mu);
    if (was)
        jig_bell_ring(&o->bell);
}

void jig_outages_silent(struct jig_outages *o, const void *who, const char *host,
                        const struct jig_err *err)
{
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->mu);
    struct host *h = jig_map_get(&o->hosts, host);
    if (h == NULL && o->hosts.count < JIG_OUTAGES_MOST) {
        h = jig_new(struct host);
        jig_map_set(&o->hosts, host, h);
    }
    if (h != NULL && h->tries == NULL)
        h->tries = who;
    if (h != NULL)
        h->err = *err;
    pthread_mutex_unlock(&o->mu);
}

void jig_outages_leave(struct jig_outages *o, const void *who, bool gave_up)
{
    bool news = false;
    if (o == NULL)
        return;
    pthread_mutex_lock(&o->mu);
    for (size_t i = 0; i < o->hosts.used; i++) {
        struct host *h = o->hosts.entries[i].value;
        if (o->hosts.entries[i].key == NULL || h->tries != who)
            continue;
        h->tries = NULL;
        h->down = h->down || gave_up;
        news = true;
    }
    pthread_mutex_unlock(&o->mu);
    if (news)
        jig_bell_ring(&o->bell);
}
