/* Shared objects: core/build/objcache.h puts them there, and may find them gone at any time. */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/os/cancel.h"
#include "core/os/file.h"
#include "core/os/fs.h"

#define DEFAULT_BYTES (UINT64_C(4) << 30)

struct object {
    char *path;
    int64_t used_ns;
    uint64_t size_bytes;
};

struct objects {
    struct object *items;
    size_t n;
    size_t cap;
    uint64_t bytes;
};

struct jig_budget jig_gc_objects_budget(const struct jig_gc_options *options)
{
    struct jig_budget b = options->objects;
    if (b.high == 0)
        b.high = DEFAULT_BYTES;
    if (b.low == 0 || b.low > b.high)
        b.low = b.high / 4 * 3; /* as the builds' own ceiling */
    return b;
}

static enum jig_walk add(void *ctx, const struct jig_walk_entry *e)
{
    struct objects *all = ctx;
    struct jig_stamp s;
    if (e->is_dir)
        return JIG_WALK_INTO;
    if (jig_fs_stamp_link(e->path, &s, NULL) == JIG_OK) {
        all->items = jig_grow(all->items, &all->cap, all->n, sizeof *all->items);
        all->items[all->n++] =
            (struct object){jig_xstrdup(e->path), jig_stamp_used_ns(&s), (uint64_t)s.size};
        all->bytes += (uint64_t)s.size;
    }
    return JIG_WALK_ON;
}

static int oldest_first(const void *a, const void *b)
{
    int64_t x = ((const struct object *)a)->used_ns;
    int64_t y = ((const struct object *)b)->used_ns;
    return x < y ? -1 : x > y;
}

static void remove_one(const struct object *o, bool dry_run, struct jig_gc_share *share,
                       struct jig_err *first)
{
    struct jig_err err = JIG_ERR_INIT;
    if (!dry_run && jig_fs_remove_tree(o->path, &err) != JIG_OK) {
        if (first->code == JIG_OK)
            *first = err;
        return;
    }
    share->removed++;
    share->removed_bytes += o->size_bytes;
}

enum jig_code jig_gc_objects(struct jig_cache *c, const struct jig_gc_options *options,
                             const struct jig_until *until, struct jig_gc_share *ret,
                             struct jig_err *first, struct jig_err *reterr)
{
    struct objects all = {0};
    struct jig_budget budget = jig_gc_objects_budget(options);
    enum jig_code code = JIG_OK;
    JIG_CLEANUP_FREE char *dir = jig_cache_path(c, "objects");
    if (jig_fs_is_dir(dir))
        code = jig_fs_walk(dir, false, add, &all, reterr);
    struct jig_gc_share share = {.entries = all.n, .bytes = all.bytes};
    uint64_t aim = options->all ? 0 : all.bytes > budget.high ? budget.low : budget.high;
    if (all.n > 0)
        qsort(all.items, all.n, sizeof *all.items, oldest_first);
    for (size_t i = 0; i < all.n; i++) {
        if (code == JIG_OK && i % 256 == 0)
            code = jig_until_check(until, reterr);
        if (code == JIG_OK && share.bytes - share.removed_bytes > aim)
            remove_one(&all.items[i], options->dry_run, &share, first);
        free(all.items[i].path);
    }
    free(all.items);
    if (code == JIG_OK)
        *ret = share;
    return code;
}
