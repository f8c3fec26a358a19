#include "service/target/lease.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/install.h"

#define TOOLS "runtime.tools."

struct leasing {
    const char *who;
    struct jig_hold *hold;
    struct jig_cache *cache;
    const struct jig_strv *roots;
    struct jig_strv seen;
    struct jig_strv describers; /* platforms that were looked through for this board */
    const struct jig_board_config *board;
    const struct jig_props *custom; /* over the board's; NULL: none */
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

/* ---- what properties say: a text may name a tree by its path, or by a property of a tool ---- */

/* Every package whose path the text has in it. */
static enum jig_code lease_in_text(struct leasing *l, const char *text)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < l->roots->n; i++) {
        size_t n = strlen(l->roots->v[i]);
        for (const char *at = strstr(text, l->roots->v[i]); code == JIG_OK && at != NULL;
             at = strstr(at + n, l->roots->v[i])) {
            JIG_CLEANUP_FREE char *path = jig_xstrndup(at, n + strcspn(at + n, " \t\"',:;"));
            code = lease_path(l, path);
        }
    }
    return code;
}

static const char *value_of(const struct leasing *l, const char *key)
{
    const char *value = l->custom != NULL ? jig_props_get(l->custom, key) : NULL;
    return value != NULL ? value : jig_props_get(l->board->props, key);
}

/* "{runtime.tools.{build.arch}-gcc.path}": what that is only expansion says. */
static bool is_nested(const char *text)
{
    for (const char *at = strchr(text, '{'); at != NULL; at = strchr(at + 1, '{')) {
        if (at[1 + strcspn(at + 1, "{}")] == '{')
            return true;
    }
    return false;
}

static enum jig_code lease_expanded(struct leasing *l, const char *text)
{
    JIG_CLEANUP_FREE char *whole = NULL;
    enum jig_code code = jig_props_expand(l->board->props, l->custom, text, &whole, l->reterr);
    return code == JIG_OK ? lease_in_text(l, whole) : code;
}

/* "{runtime.tools.avr-gcc.path}/bin/" */
static enum jig_code lease_mentioned(struct leasing *l, const char *text)
{
    enum jig_code code = is_nested(text) ? lease_expanded(l, text) : JIG_OK;
    for (const char *at = strstr(text, "{" TOOLS); code == JIG_OK && at != NULL;
         at = strstr(at + 1, "{" TOOLS)) {
        JIG_CLEANUP_FREE char *key = jig_xstrndup(at + 1, strcspn(at + 1, "{}"));
        code = lease_path(l, value_of(l, key));
    }
    return code;
}

static enum jig_code lease_props(struct leasing *l, const struct jig_props *props);

/* upload.tool.default=arduino:avrdude: a tool that another vendor's platform describes. */
static enum jig_code lease_describer(struct leasing *l, const char *key, const char *value)
{
    const struct jig_platform *other = NULL;
    size_t n = strcspn(value, ":");
    bool is_tool = jig_str_ends(key, ".tool") || strstr(key, ".tool.") != NULL;
    if (!is_tool || n == 0 || value[n] == '\0')
        return JIG_OK;
    JIG_CLEANUP_FREE char *vendor = jig_xstrndup(value, n);
    if (jig_hardware_platform(l->board->view, vendor, l->board->fqbn.arch, NULL, &other, NULL) !=
        JIG_OK)
        return JIG_OK; /* who uploads is told */
    if (!jig_strv_add_unique(&l->describers, other->path))
        return JIG_OK;
    enum jig_code code = lease_path(l, other->path);
    return code == JIG_OK ? lease_props(l, other->props) : code;
}

static enum jig_code lease_props(struct leasing *l, const struct jig_props *props)
{
    enum jig_code code = JIG_OK;
    const char *key;
    const char *value;
    for (size_t at = 0; code == JIG_OK && jig_props_next(props, &at, &key, &value);) {
        if (jig_str_starts(key, TOOLS)) /* of every tool that there is */
            continue;
        code = lease_in_text(l, value);
        if (code == JIG_OK && strchr(value, '{') != NULL && !jig_props_is_literal(props, key))
            code = lease_mentioned(l, value);
        if (code == JIG_OK)
            code = lease_describer(l, key, value);
    }
    return code;
}

/* ---- what a target uses ---- */

/* Its programmers' properties are not among a board's. */
static enum jig_code lease_platform(struct leasing *l, const struct jig_platform *p)
{
    enum jig_code code = lease_path(l, p->path);
    for (size_t i = 0; code == JIG_OK && i < p->programmer_count; i++)
        code = lease_props(l, p->programmers[i].props);
    return code;
}

/* Without them the platform could not be used, whether or not this build runs them. */
static enum jig_code lease_needs(struct leasing *l, const struct jig_platform *p)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < p->need_count; i++) {
        JIG_CLEANUP_FREE char *key =
            jig_strf(TOOLS "%s-%s.path", p->needs[i].name, p->needs[i].version);
        code = lease_path(l, jig_props_get(l->board->props, key));
    }
    return code;
}

static enum jig_code lease_board(struct leasing *l, const struct jig_board_config *b)
{
    const struct jig_platform *const platforms[] = {b->platform, b->core_platform,
                                                    b->variant_platform};
    enum jig_code code = JIG_OK;
    l->board = b;
    jig_strv_clear(&l->describers); /* their references are this board's */
    for (size_t i = 0; code == JIG_OK && i < JIG_COUNT(platforms); i++)
        code = lease_platform(l, platforms[i]);
    if (code == JIG_OK)
        code = lease_needs(l, b->platform);
    return code == JIG_OK ? lease_props(l, b->props) : code;
}

static enum jig_code lease_options(struct leasing *l, const struct jig_environment *e)
{
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < e->options.used; i++) {
        const struct jig_option *o = e->options.entries[i].value;
        for (size_t k = 0; code == JIG_OK && e->options.entries[i].key != NULL && k < o->values.n;
             k++)
            code = lease_in_text(l, o->values.v[k]);
    }
    return code;
}

static enum jig_code lease_environment(struct leasing *l, const struct jig_target_environment *e)
{
    l->custom = e->custom;
    enum jig_code code = lease_board(l, e->board);
    if (code == JIG_OK)
        code = lease_props(l, e->custom);
    if (code == JIG_OK)
        code = lease_options(l, e->environment);
    for (size_t i = 0; code == JIG_OK && i < e->trees.n; i++)
        code = lease_path(l, e->trees.v[i]);
    return code;
}

/* What is leased is the caller's; or nothing is. */
static enum jig_code hand_over(struct leasing *l, enum jig_code code, struct jig_hold **ret)
{
    jig_strv_release(&l->seen);
    jig_strv_release(&l->describers);
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
