#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/os/cancel.h"
#include "core/os/fs.h"

#define MOST_HOLDS  65536
#define MOST_LEASES (64u << 20) /* bytes of one hold's list; holds stop earlier */

struct lease {
    struct jig_digest id;
    size_t holder;
};

struct jig_evict {
    struct jig_cache *cache;
    struct jig_control *control;
    struct jig_lock lock;
    struct jig_lock readers;
    struct jig_strv holders;
    struct lease *leases; /* sorted by id */
    size_t n;
    size_t cap;
};

static int by_id(const void *a, const void *b)
{
    return memcmp(((const struct lease *)a)->id.bytes, ((const struct lease *)b)->id.bytes,
                  JIG_ID_BYTES);
}

static enum jig_code read_leases(struct jig_evict *e, const char *path, struct jig_err *reterr)
{
    static const struct jig_digest none;
    struct jig_mapping m;
    enum jig_code code = jig_mapping_read(&m, path, MOST_LEASES, reterr);
    if (code != JIG_OK)
        return code;
    for (size_t at = 0; at + JIG_ID_BYTES <= m.size; at += JIG_ID_BYTES) {
        struct lease l = {.holder = e->holders.n - 1};
        memcpy(l.id.bytes, m.data + at, JIG_ID_BYTES);
        if (jig_digest_equal(&l.id, &none))
            break;
        e->leases = jig_grow(e->leases, &e->cap, e->n, sizeof *e->leases);
        e->leases[e->n++] = l;
    }
    jig_mapping_close(&m);
    return JIG_OK;
}

/* What a dead holder used was used all the same. */
static void bury(struct jig_cache *c, const char *base, const char *number)
{
    JIG_CLEANUP_FREE char *ids = jig_strf("%s" JIG_IDS_EXT, base);
    JIG_CLEANUP_FREE char *lock = jig_strf("%s" JIG_LOCK_EXT, base);
    JIG_CLEANUP_FREE char *name = jig_strf("used/%s" JIG_IDS_EXT, number);
    JIG_CLEANUP_FREE char *to = jig_cache_path(c, name);
    if ((jig_fs_is_there(ids) && jig_fs_rename(ids, to, NULL) != JIG_OK) ||
        jig_fs_remove_tree(lock, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "hold.dead", "%s cannot be removed", base);
}

/* One holder: `number` is its files' name without extension. */
static enum jig_code look_at(struct jig_evict *e, const char *number, struct jig_err *reterr)
{
    struct jig_lock lock = JIG_LOCK_INIT;
    struct jig_err busy = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *relative = jig_strf("holds/%s", number);
    JIG_CLEANUP_FREE char *base = jig_cache_path(e->cache, relative);
    JIG_CLEANUP_FREE char *lock_path = jig_strf("%s" JIG_LOCK_EXT, base);
    JIG_CLEANUP_FREE char *ids_path = jig_strf("%s" JIG_IDS_EXT, base);
    enum jig_code code = jig_lock_try(&lock, lock_path, "who looks for the dead", &busy);
    if (code == JIG_OK) {
        bury(e->cache, base, number);
        jig_lock_release(&lock);
        return JIG_OK;
    }
    if (code != JIG_ABORTED) {
        if (reterr != NULL)
            *reterr = busy;
        return code;
    }
    const char *who = strstr(busy.message, " is locked by ");
    jig_strv_append(&e->holders, who != NULL ? who + strlen(" is locked by ") : "somebody");
    code = read_leases(e, ids_path, reterr);
    if (code == JIG_NOT_FOUND) { /* it has none yet, or has just ended */
        jig_err_clear(reterr);
        code = JIG_OK;
    }
    return code;
}

static enum jig_code look_at_all(struct jig_evict *e, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    JIG_CLEANUP_FREE char *dir = jig_cache_path(e->cache, "holds");
    enum jig_code code = jig_fs_list(dir, &names, reterr);
    if (code == JIG_OK && names.n > 2 * MOST_HOLDS)
        code = jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s holds more than %d files", dir,
                           2 * MOST_HOLDS);
    for (size_t i = 0; code == JIG_OK && i < names.n; i++) {
        char *dot = strchr(names.v[i], '.');
        if (dot == NULL || (strcmp(dot, JIG_LOCK_EXT) != 0 && strcmp(dot, JIG_IDS_EXT) != 0))
            continue;
        *dot = '\0';
        if (i > 0 && jig_streq(names.v[i], names.v[i - 1])) /* "x.ids", then "x.lock" */
            continue;
        code = look_at(e, names.v[i], reterr);
    }
    jig_strv_release(&names);
    if (code == JIG_OK && e->n > 0)
        qsort(e->leases, e->n, sizeof *e->leases, by_id);
    return code;
}

/* Others, who may only read this cache, have a share of this lock while they use something. */
static enum jig_code lock_out_readers(struct jig_evict *e, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_cache_path(e->cache, "readers" JIG_LOCK_EXT);
    enum jig_code code = jig_lock_try(&e->readers, path, "who removes entries", reterr);
    if (code == JIG_ABORTED)
        return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "nothing can be removed from %s while others read it as their second "
                              "cache",
                              e->cache->root);
    return code;
}

enum jig_code jig_evict_begin(struct jig_cache *c, const struct jig_until *until,
                              struct jig_evict **ret, struct jig_err *reterr)
{
    enum jig_code code = jig_cache_ready(c, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *path = jig_cache_path(c, "evict" JIG_LOCK_EXT);
    struct jig_evict *e = jig_new(struct jig_evict);
    e->cache = c;
    e->lock = e->readers = (struct jig_lock)JIG_LOCK_INIT;
    code = jig_lock_wait(&e->lock, path, "who removes entries", until, reterr);
    if (code == JIG_OK)
        code = lock_out_readers(e, reterr);
    if (code == JIG_OK) {
        e->control = jig_cache_control(c);
        atomic_store(&e->control->evicting, 1);
        atomic_thread_fence(memory_order_seq_cst);
        code = look_at_all(e, reterr);
    }
    if (code == JIG_OK)
        *ret = e;
    else
        jig_evict_end(e);
    return code;
}

/* Whoever died in between left `evicting` set: leases cost a lock then, until the next one. */
void jig_evict_end(struct jig_evict *e)
{
    if (e == NULL)
        return;
    if (e->control != NULL)
        atomic_store(&e->control->evicting, 0);
    jig_lock_release(&e->readers);
    jig_lock_release(&e->lock);
    jig_strv_release(&e->holders);
    free(e->leases);
    free(e);
}

const char *jig_evict_holder(const struct jig_evict *e, const struct jig_digest *id)
{
    struct lease key = {.id = *id};
    const struct lease *l =
        e->n > 0 ? bsearch(&key, e->leases, e->n, sizeof *e->leases, by_id) : NULL;
    return l != NULL ? e->holders.v[l->holder] : NULL;
}

enum jig_code jig_leases_now(struct jig_cache *c, size_t *ret_holders, struct jig_digest **ret_ids,
                             size_t *ret_n, struct jig_err *reterr)
{
    struct jig_evict *e = jig_new(struct jig_evict);
    e->cache = c;
    e->lock = e->readers = (struct jig_lock)JIG_LOCK_INIT;
    enum jig_code code = look_at_all(e, reterr);
    if (code == JIG_OK) {
        struct jig_digest *ids = jig_xcalloc(e->n > 0 ? e->n : 1, sizeof *ids);
        size_t n = 0;
        for (size_t i = 0; i < e->n; i++) {
            if (n == 0 || !jig_digest_equal(&ids[n - 1], &e->leases[i].id))
                ids[n++] = e->leases[i].id;
        }
        *ret_holders = e->holders.n;
        *ret_ids = ids;
        *ret_n = n;
    }
    jig_evict_end(e);
    return code;
}
