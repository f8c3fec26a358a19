#include "core/blob/hold.h"

#include <stdint.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define GATE_WAIT_MS   60000 /* removing a batch takes milliseconds; its process may be stopped */
#define SECOND_WAIT_MS 10000
#define FIRST_IDS      128u
#define MOST_IDS       (1u << 20) /* leases of one hold: 32 MiB */

/* Ids that were leased already: open addressing, at most half full. */
struct id_set {
    struct jig_digest *slots;
    bool *used;
    size_t n_slots; /* a power of two, or 0 */
    size_t n;
};

struct jig_hold {
    struct jig_cache *cache;
    char *who;
    pthread_mutex_t mu;
    struct jig_control *control; /* guarded by mu: NULL until the first lease */
    char *lock_path;             /* guarded by mu, and so on */
    char *ids_path;
    struct jig_lock lock;
    struct jig_mapping ids;
    struct id_set known;
    struct jig_lock second; /* our share of the second cache */
    bool second_tried;
    bool second_usable;
};

static size_t slot_of(const struct id_set *s, const struct jig_digest *id)
{
    uint64_t hash;
    memcpy(&hash, id->bytes, sizeof hash);
    size_t at = hash & (s->n_slots - 1);
    while (s->used[at] && !jig_digest_equal(&s->slots[at], id))
        at = (at + 1) & (s->n_slots - 1);
    return at;
}

static bool set_has(const struct id_set *s, const struct jig_digest *id)
{
    return s->n_slots > 0 && s->used[slot_of(s, id)];
}

static void set_release(struct id_set *s)
{
    free(s->slots);
    free(s->used);
    *s = (struct id_set){0};
}

/* There is room. */
static void set_put(struct id_set *s, const struct jig_digest *id)
{
    size_t at = slot_of(s, id);
    if (!s->used[at]) {
        s->used[at] = true;
        s->slots[at] = *id;
        s->n++;
    }
}

static void set_grow(struct id_set *s)
{
    struct id_set larger = {.n_slots = s->n_slots > 0 ? 2 * s->n_slots : FIRST_IDS};
    larger.slots = jig_xcalloc(larger.n_slots, sizeof *larger.slots);
    larger.used = jig_xcalloc(larger.n_slots, sizeof *larger.used);
    for (size_t i = 0; i < s->n_slots; i++) {
        if (s->used[i])
            set_put(&larger, &s->slots[i]);
    }
    set_release(s);
    *s = larger;
}

static void set_add(struct id_set *s, const struct jig_digest *id)
{
    if (2 * (s->n + 1) > s->n_slots)
        set_grow(s);
    set_put(s, id);
}

enum jig_code jig_hold_new(struct jig_cache *c, const char *who, struct jig_hold **ret,
                           struct jig_err *reterr)
{
    (void)reterr; /* nothing is made before the first lease */
    struct jig_hold *h = jig_new(struct jig_hold);
    h->cache = c;
    h->who = jig_xstrdup(who);
    h->lock = h->second = (struct jig_lock)JIG_LOCK_INIT;
    h->ids = (struct jig_mapping)JIG_MAPPING_INIT;
    pthread_mutex_init(&h->mu, NULL);
    *ret = h;
    return JIG_OK;
}

/* What stays is found to be a dead holder's. */
static void drop(const char *path)
{
    if (jig_fs_remove_tree(path, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "hold.left", "%s cannot be removed", path);
}

/* The lock first: leases without one are a dead holder's. */
static enum jig_code begin(struct jig_hold *h, struct jig_err *reterr)
{
    enum jig_code code = jig_cache_ready(h->cache, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *name =
        jig_strf("holds/%016llx", (unsigned long long)jig_cache_number(h->cache));
    JIG_CLEANUP_FREE char *base = jig_cache_path(h->cache, name);
    char *lock_path = jig_strf("%s" JIG_LOCK_EXT, base);
    char *ids_path = jig_strf("%s" JIG_IDS_EXT, base);
    code = jig_lock_wait(&h->lock, lock_path, h->who, &JIG_UNTIL_FOREVER, reterr);
    if (code == JIG_OK)
        code = jig_mapping_open(&h->ids, ids_path, FIRST_IDS * JIG_ID_BYTES, 0600, reterr);
    if (code != JIG_OK) {
        if (jig_lock_held(&h->lock))
            drop(lock_path);
        jig_lock_release(&h->lock);
        free(lock_path);
        free(ids_path);
        return code;
    }
    h->lock_path = lock_path;
    h->ids_path = ids_path;
    h->control = jig_cache_control(h->cache);
    return JIG_OK;
}

static enum jig_code append(struct jig_hold *h, const struct jig_digest *id, struct jig_err *reterr)
{
    size_t at = h->known.n * JIG_ID_BYTES;
    if (h->known.n == MOST_IDS)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "%s uses more than %u entries of the cache", h->who, MOST_IDS);
    if (at == h->ids.size) {
        enum jig_code code = jig_mapping_grow(&h->ids, h->ids_path, 2 * at, reterr);
        if (code != JIG_OK)
            return code;
    }
    memcpy(h->ids.data + at, id->bytes, JIG_ID_BYTES);
    set_add(&h->known, id);
    return JIG_OK;
}

enum jig_code jig_hold_enter(struct jig_hold *h, const struct jig_digest *id, struct jig_lock *gate,
                             struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    *gate = (struct jig_lock)JIG_LOCK_INIT;
    pthread_mutex_lock(&h->mu);
    if (h->control == NULL)
        code = begin(h, reterr);
    if (code == JIG_OK && !set_has(&h->known, id))
        code = append(h, id, reterr);
    struct jig_control *control = h->control;
    pthread_mutex_unlock(&h->mu);
    if (code != JIG_OK)
        return code;
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&control->evicting) == 0)
        return JIG_OK;
    JIG_CLEANUP_FREE char *path = jig_cache_path(h->cache, "evict" JIG_LOCK_EXT);
    struct jig_until until = {.deadline_ns = jig_deadline_in_ms(GATE_WAIT_MS)};
    return jig_lock_wait(gate, path, h->who, &until, reterr);
}

void jig_hold_leave(struct jig_lock *gate)
{
    jig_lock_release(gate);
}

bool jig_hold_second(struct jig_hold *h)
{
    pthread_mutex_lock(&h->mu);
    if (!h->second_tried) {
        h->second_tried = true;
        JIG_CLEANUP_FREE char *path = jig_path_join(h->cache->second, "readers" JIG_LOCK_EXT);
        struct jig_until until = {.deadline_ns = jig_deadline_in_ms(SECOND_WAIT_MS)};
        enum jig_code code = jig_lock_share(&h->second, path, &until, NULL);
        /* Without the file nobody has ever collected there. */
        h->second_usable = code == JIG_OK || code == JIG_NOT_FOUND;
    }
    bool usable = h->second_usable;
    pthread_mutex_unlock(&h->mu);
    return usable;
}

/* What was used goes where the index takes it from, under a number that says when. */
static void hand_over(struct jig_hold *h)
{
    JIG_CLEANUP_FREE char *name =
        jig_strf("used/%016llx" JIG_IDS_EXT, (unsigned long long)jig_cache_number(h->cache));
    JIG_CLEANUP_FREE char *to = jig_cache_path(h->cache, name);
    if (jig_fs_rename(h->ids_path, to, NULL) != JIG_OK)
        drop(h->ids_path);
    drop(h->lock_path);
    atomic_fetch_add(&h->control->ended, 1);
}

void jig_hold_free(struct jig_hold *h)
{
    if (h == NULL)
        return;
    /* When the cache's folder was deleted, its numbers began anew: that name may be another's. */
    if (h->control != NULL && jig_lock_is_current(&h->lock, h->lock_path))
        hand_over(h);
    jig_mapping_close(&h->ids);
    jig_lock_release(&h->lock);
    jig_lock_release(&h->second);
    set_release(&h->known);
    pthread_mutex_destroy(&h->mu);
    free(h->lock_path);
    free(h->ids_path);
    free(h->who);
    free(h);
}
