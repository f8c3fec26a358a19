/* What readers get: copies of the list, changes since a cursor, and waiting for the next one. */
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/device/inventory_impl.h"
#include "core/os/time.h"

/* How often to enumerate, for all who wait, where there are no events. */
#define POLL_MS 250

static int by_connection_and_id(const void *a, const void *b)
{
    const struct jig_device *x = a;
    const struct jig_device *y = b;
    if (x->connected != y->connected)
        return x->connected ? -1 : 1;
    return strcmp(x->id, y->id);
}

static void list_locked(const struct jig_inventory *inv, struct jig_device_list *ret)
{
    *ret = (struct jig_device_list){.revision = inv->revision, .n = inv->n};
    ret->v = jig_xcalloc(inv->n > 0 ? inv->n : 1, sizeof *ret->v);
    for (size_t i = 0; i < inv->n; i++)
        jig_device_copy(&ret->v[i], &inv->entries[i]->d);
    qsort(ret->v, ret->n, sizeof *ret->v, by_connection_and_id);
}

void jig_inventory_list(struct jig_inventory *inv, struct jig_device_list *ret)
{
    pthread_mutex_lock(&inv->mu);
    list_locked(inv, ret);
    pthread_mutex_unlock(&inv->mu);
}

const char *jig_device_change_name(enum jig_device_change_kind kind)
{
    static const char *const names[] = {
        [JIG_DEVICE_PRESENT] = "present",       [JIG_DEVICE_ADDED] = "added",
        [JIG_DEVICE_CONNECTED] = "connected",   [JIG_DEVICE_DISCONNECTED] = "disconnected",
        [JIG_DEVICE_RENUMBERED] = "renumbered", [JIG_DEVICE_CHANGED] = "changed",
        [JIG_DEVICE_FORGOTTEN] = "forgotten",
    };
    return names[kind];
}

static void snapshot(const struct jig_inventory *inv, struct jig_device_news *ret)
{
    struct jig_device_list list;
    list_locked(inv, &list);
    ret->snapshot = true;
    ret->v = jig_xcalloc(list.n > 0 ? list.n : 1, sizeof *ret->v);
    ret->n = list.n;
    for (size_t i = 0; i < list.n; i++)
        ret->v[i] = (struct jig_device_change){JIG_DEVICE_PRESENT, list.v[i].revision, list.v[i]};
    free(list.v); /* the devices in it have moved */
}

static void changes_after(struct jig_inventory *inv, uint64_t cursor, struct jig_device_news *ret)
{
    uint64_t first =
        inv->total > JIG_INVENTORY_MOST_CHANGES ? inv->total - JIG_INVENTORY_MOST_CHANGES : 0;
    ret->v = jig_xcalloc(inv->total - first + 1, sizeof *ret->v);
    for (uint64_t i = first; i < inv->total; i++) {
        const struct jig_change_record *c = &inv->changes[i % JIG_INVENTORY_MOST_CHANGES];
        if (c->revision <= cursor)
            continue;
        struct jig_device_change *out = &ret->v[ret->n++];
        out->kind = c->kind;
        out->revision = c->revision;
        struct jig_entry *e = jig_inventory_by_id_(inv, c->id);
        struct jig_device bare = {.id = c->id};
        jig_device_copy(&out->device, e != NULL ? &e->d : &bare);
    }
}

void jig_inventory_news(struct jig_inventory *inv, uint64_t cursor, struct jig_device_news *ret)
{
    *ret = (struct jig_device_news){0};
    pthread_mutex_lock(&inv->mu);
    ret->cursor = inv->revision;
    ret->rescan = cursor != 0 && (cursor < inv->lost || cursor > inv->revision);
    if (cursor == 0 || ret->rescan)
        snapshot(inv, ret);
    else
        changes_after(inv, cursor, ret);
    pthread_mutex_unlock(&inv->mu);
}

void jig_device_news_release(struct jig_device_news *news)
{
    for (size_t i = 0; i < news->n; i++)
        jig_device_release(&news->v[i].device);
    free(news->v);
    *news = (struct jig_device_news){0};
}

enum jig_code jig_inventory_wait(struct jig_inventory *inv, uint64_t cursor,
                                 const struct jig_until *until, struct jig_err *reterr)
{
    for (;;) {
        uint64_t seen = jig_bell_count(&inv->bell);
        enum jig_code code = jig_inventory_refresh_if_stale(inv, POLL_MS, reterr);
        if (code != JIG_OK)
            return code;
        if (jig_inventory_revision(inv) > cursor)
            return JIG_OK;
        code = jig_until_check(until, reterr);
        if (code != JIG_OK)
            return code;
        struct jig_until turn = *until;
        if (!jig_inventory_has_events(inv))
            turn = jig_until_sooner(until, jig_deadline_in_ms(POLL_MS));
        code = jig_bell_wait(&inv->bell, seen, jig_inventory_fd(inv), &turn, reterr);
        if (code != JIG_OK && code != JIG_DEADLINE_EXCEEDED)
            return code;
    }
}
