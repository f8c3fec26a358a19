#include "service/target/lease.h"

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/install.h"

struct leasing {
    const char *who;
    struct jig_hold *hold;
    struct jig_cache *cache;
    const struct jig_strv *roots;
    struct jig_strv seen;
    struct jig_err *reterr;
};

static enum jig_code lease(struct leasing *l, const struct jig_installed *one)
{
    char *path = NULL;
    enum jig_code code = JIG_OK;
    if (l->hold == NULL)
        code = jig_hold_new(l->cache, l->who, &l->hold, l->reterr);
    if (code == JIG_OK)
        code = jig_installed_lease(l->cache, l->hold, one, &path, l->reterr);
    free(path);
    if (code != JIG_NOT_FOUND)
        return code;
    return jig_err_set(l->reterr, JIG_ABORTED, "%s was removed just now", one->path);
}

/* The package that a path lies in, if it lies in one. */
static enum jig_code lease_path(struct leasing *l, const char *path)
{
    struct jig_installed one;
    enum jig_code code = JIG_OK;
    if (path == NULL || path[0] != '/' || !jig_installed_of(l->roots, path, &one))
        return JIG_OK;
    if (jig_strv_add_unique(&l->seen, one.path))
        code = lease(l, &one);
    jig_installed_clear(&one);
    return code;
}

static enum jig_code lease_board(struct leasing *l, const struct jig_board_config *b)
{
    const char *const paths[] = {b->platform->path, b->core_platform->path,
                                 b->variant_platform->path};
    enum jig_code code = JIG_OK;
    const char *key;
    const char *value;
    for (size_t i = 0; code == JIG_OK && i < JIG_COUNT(paths); i++)
        code = lease_path(l, paths[i]);
    for (size_t at = 0; code == JIG_OK && jig_props_next(b->props, &at, &key, &value);) {
        if (jig_str_starts(key, "runtime.tools."))
            code = lease_path(l, value);
    }
    return code;
}

static enum jig_code lease_environment(struct leasing *l, const struct jig_target_environment *e)
{
    enum jig_code code = lease_board(l, e->board);
    for (size_t i = 0; code == JIG_OK && i < e->trees.n; i++)
        code = lease_path(l, e->trees.v[i]);
    return code;
}

/* What is leased is the caller's; or nothing is. */
static enum jig_code hand_over(struct leasing *l, enum jig_code code, struct jig_hold **ret)
{
    jig_strv_release(&l->seen);
    if (code == JIG_OK)
        *ret = l->hold;
    else
        jig_hold_free(l->hold);
    return code;
}

enum jig_code jig_lease_board(const struct jig_board_config *board, const char *who,
                              struct jig_cache *cache, const struct jig_strv *roots,
                              struct jig_hold **ret, struct jig_err *reterr)
{
    struct leasing l = {.who = who, .cache = cache, .roots = roots, .reterr = reterr};
    return hand_over(&l, lease_board(&l, board), ret);
}

enum jig_code jig_lease_target(const struct jig_target *target, struct jig_cache *cache,
                               const struct jig_strv *roots, struct jig_hold **ret,
                               struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *who = jig_strf("a build of %s", target->project->root);
    struct leasing l = {.who = who, .cache = cache, .roots = roots, .reterr = reterr};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < target->n; i++)
        code = lease_environment(&l, &target->environments[i]);
    return hand_over(&l, code, ret);
}
