#include "service/lnk_memory.h"

#include <pthread.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/watcher.h"

struct entry {
    char *root;
    char *base;
    struct jig_watch *watch;
    struct jig_lnk_known *known;
    uint64_t used; /* when it was asked for last, in questions */
};

struct jig_lnk_memory {
    struct jig_pool *pool;
    struct jig_watcher *watcher; /* NULL: nothing can be watched here */
    pthread_mutex_t mu;
    struct entry entries[JIG_LNK_MEMORY_MOST]; /* guarded by mu; root NULL: free */
    uint64_t questions;                        /* guarded by mu */
    bool arming; /* guarded by mu; one at a time, further ones are not kept */
};

/* What is to be armed. */
struct offer {
    struct jig_job job;
    struct jig_lnk_memory *memory;
    struct jig_sightings *seen;
    struct entry entry;
};

void jig_lnk_known_unref(struct jig_lnk_known *k)
{
    if (k == NULL || atomic_fetch_sub(&k->refs, 1) != 1)
        return;
    jig_lnk_report_release(&k->report);
    free(k);
}

static void clear(struct entry *e)
{
    jig_watch_free(e->watch);
    jig_lnk_known_unref(e->known);
    free(e->root);
    free(e->base);
    *e = (struct entry){0};
}

struct jig_lnk_memory *jig_lnk_memory_new(struct jig_pool *pool)
{
    struct jig_lnk_memory *m = jig_new(struct jig_lnk_memory);
    struct jig_err err = JIG_ERR_INIT;
    m->pool = pool;
    pthread_mutex_init(&m->mu, NULL);
    if (pool != NULL && jig_watcher_new(&m->watcher, &err) != JIG_OK) {
        jig_log(JIG_LOG_DEBUG, "lnk.no_watcher", "%s", err.message);
        m->watcher = NULL;
    }
    return m;
}

void jig_lnk_memory_free(struct jig_lnk_memory *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < JIG_COUNT(m->entries); i++)
        clear(&m->entries[i]);
    if (m->watcher != NULL)
        jig_watcher_free(m->watcher);
    pthread_mutex_destroy(&m->mu);
    free(m);
}

static struct entry *find(struct jig_lnk_memory *m, const char *root, const char *base)
{
    for (size_t i = 0; i < JIG_COUNT(m->entries); i++) {
        if (jig_streq(m->entries[i].root, root) && jig_streq(m->entries[i].base, base))
            return &m->entries[i];
    }
    return NULL;
}

struct jig_lnk_known *jig_lnk_memory_ask(struct jig_lnk_memory *m, const char *root,
                                         const char *base)
{
    struct jig_lnk_known *known = NULL;
    pthread_mutex_lock(&m->mu);
    struct entry *e = find(m, root, base);
    if (e != NULL) {
        char *why = NULL;
        struct jig_watch_changes changes;
        if (jig_watch_ask(e->watch, &changes, &why) == JIG_WATCH_HOLDS) {
            e->used = ++m->questions;
            known = e->known;
            atomic_fetch_add(&known->refs, 1);
        } else {
            jig_log(JIG_LOG_DEBUG, "lnk.changed", "%s: %s", root, why != NULL ? why : "");
            clear(e);
        }
        jig_watch_changes_release(&changes);
        free(why);
    }
    pthread_mutex_unlock(&m->mu);
    return known;
}

/* The entry of that project, a free one, or the one that nobody asked for for the longest time. */
static struct entry *place_for(struct jig_lnk_memory *m, const struct entry *fresh)
{
    struct entry *e = find(m, fresh->root, fresh->base);
    if (e != NULL)
        return e;
    e = &m->entries[0];
    for (size_t i = 1; i < JIG_COUNT(m->entries); i++) { /* a free one was never used */
        if (m->entries[i].used < e->used)
            e = &m->entries[i];
    }
    return e;
}

static void arm(struct jig_job *job)
{
    struct offer *o = (struct offer *)((char *)job - offsetof(struct offer, job));
    struct jig_lnk_memory *m = o->memory;
    struct jig_err err = JIG_ERR_INIT;
    bool armed = jig_watcher_arm(m->watcher, o->seen, &o->entry.watch, &err) == JIG_OK;
    if (!armed)
        jig_log(JIG_LOG_DEBUG, "lnk.not_watched", "%s: %s", o->entry.root, err.message);
    pthread_mutex_lock(&m->mu);
    if (armed) {
        struct entry *e = place_for(m, &o->entry);
        clear(e);
        *e = o->entry;
        e->used = ++m->questions;
        o->entry = (struct entry){0};
    }
    m->arming = false;
    pthread_mutex_unlock(&m->mu);
    clear(&o->entry);
    jig_sightings_free(o->seen);
    free(o);
}

void jig_lnk_memory_offer_take(struct jig_lnk_memory *m, const char *root, const char *base,
                               struct jig_sightings *seen, struct jig_lnk_report *report)
{
    bool usable =
        m->watcher != NULL && jig_sightings_fault(seen) == NULL && !jig_sightings_young(seen);
    pthread_mutex_lock(&m->mu);
    usable = usable && !m->arming;
    m->arming = m->arming || usable;
    pthread_mutex_unlock(&m->mu);
    if (!usable) {
        jig_sightings_free(seen);
        jig_lnk_report_release(report);
        return;
    }
    struct offer *o = jig_new(struct offer);
    o->job.run = arm;
    o->memory = m;
    o->seen = seen;
    o->entry = (struct entry){.root = jig_xstrdup(root), .base = jig_xstrdup(base)};
    o->entry.known = jig_new(struct jig_lnk_known);
    atomic_init(&o->entry.known->refs, 1);
    o->entry.known->report = *report;
    *report = (struct jig_lnk_report){0};
    jig_pool_submit(m->pool, &o->job);
}
