#include "service/target/uses.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/install.h"

#define TOOLS "runtime.tools."

struct search {
    const struct jig_strv *roots;
    struct jig_strv *found;
    struct jig_strv describers; /* platforms that were looked through for this board */
    const struct jig_board_config *board;
    const struct jig_props *custom; /* over the board's; NULL: none */
    struct jig_err *reterr;
};

/* The package that a path lies in, if it lies in one. */
static void use_path(struct search *s, const char *path)
{
    struct jig_installed one;
    if (path == NULL || path[0] != '/' || !jig_installed_of(s->roots, path, &one))
        return;
    jig_strv_add_unique(s->found, one.path);
    jig_installed_clear(&one);
}

/* ---- what properties say: a text may name a tree by its path, or by a property of a tool ---- */

/* Every package whose path the text has in it. */
static void use_in_text(struct search *s, const char *text)
{
    for (size_t i = 0; i < s->roots->n; i++) {
        size_t n = strlen(s->roots->v[i]);
        for (const char *at = strstr(text, s->roots->v[i]); at != NULL;
             at = strstr(at + n, s->roots->v[i])) {
            JIG_CLEANUP_FREE char *path = jig_xstrndup(at, n + strcspn(at + n, " \t\"',:;"));
            use_path(s, path);
        }
    }
}

static const char *value_of(const struct search *s, const char *key)
{
    const char *value = s->custom != NULL ? jig_props_get(s->custom, key) : NULL;
    return value != NULL ? value : jig_props_get(s->board->props, key);
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

static enum jig_code use_expanded(struct search *s, const char *text)
{
    JIG_CLEANUP_FREE char *whole = NULL;
    enum jig_code code = jig_props_expand(s->board->props, s->custom, text, &whole, s->reterr);
    if (code == JIG_OK)
        use_in_text(s, whole);
    return code;
}

/* "{runtime.tools.avr-gcc.path}/bin/" */
static enum jig_code use_mentioned(struct search *s, const char *text)
{
    enum jig_code code = is_nested(text) ? use_expanded(s, text) : JIG_OK;
    for (const char *at = strstr(text, "{" TOOLS); at != NULL; at = strstr(at + 1, "{" TOOLS)) {
        JIG_CLEANUP_FREE char *key = jig_xstrndup(at + 1, strcspn(at + 1, "{}"));
        use_path(s, value_of(s, key));
    }
    return code;
}

static enum jig_code use_props(struct search *s, const struct jig_props *props);

/* upload.tool.default=arduino:avrdude: a tool that another vendor's platform describes. */
static enum jig_code use_describer(struct search *s, const char *key, const char *value)
{
    const struct jig_platform *other = NULL;
    size_t n = strcspn(value, ":");
    bool is_tool = jig_str_ends(key, ".tool") || strstr(key, ".tool.") != NULL;
    if (!is_tool || n == 0 || value[n] == '\0')
        return JIG_OK;
    JIG_CLEANUP_FREE char *vendor = jig_xstrndup(value, n);
    if (jig_hardware_platform(s->board->view, vendor, s->board->fqbn.arch, NULL, &other, NULL) !=
        JIG_OK)
        return JIG_OK; /* who uploads is told */
    if (!jig_strv_add_unique(&s->describers, other->path))
        return JIG_OK;
    use_path(s, other->path);
    return use_props(s, other->props);
}

static enum jig_code use_props(struct search *s, const struct jig_props *props)
{
    enum jig_code code = JIG_OK;
    const char *key;
    const char *value;
    for (size_t at = 0; code == JIG_OK && jig_props_next(props, &at, &key, &value);) {
        if (jig_str_starts(key, TOOLS)) /* of every tool that there is */
            continue;
        use_in_text(s, value);
        if (strchr(value, '{') != NULL && !jig_props_is_literal(props, key))
            code = use_mentioned(s, value);
        if (code == JIG_OK)
            code = use_describer(s, key, value);
    }
    return code;
}

/* ---- what a target uses ---- */

/* Its programmers' properties are not among a board's. */
static enum jig_code use_platform(struct search *s, const struct jig_platform *p)
{
    enum jig_code code = JIG_OK;
    use_path(s, p->path);
    for (size_t i = 0; code == JIG_OK && i < p->programmer_count; i++)
        code = use_props(s, p->programmers[i].props);
    return code;
}

/* Without them the platform could not be used, whether or not this build runs them. */
static void use_needs(struct search *s, const struct jig_platform *p)
{
    for (size_t i = 0; i < p->need_count; i++) {
        JIG_CLEANUP_FREE char *key =
            jig_strf(TOOLS "%s-%s.path", p->needs[i].name, p->needs[i].version);
        use_path(s, jig_props_get(s->board->props, key));
    }
}

static enum jig_code use_board(struct search *s, const struct jig_board_config *b)
{
    const struct jig_platform *const platforms[] = {b->platform, b->core_platform,
                                                    b->variant_platform};
    enum jig_code code = JIG_OK;
    s->board = b;
    jig_strv_clear(&s->describers); /* their references are this board's */
    for (size_t i = 0; code == JIG_OK && i < JIG_COUNT(platforms); i++)
        code = use_platform(s, platforms[i]);
    use_needs(s, b->platform);
    return code == JIG_OK ? use_props(s, b->props) : code;
}

static void use_options(struct search *s, const struct jig_environment *e)
{
    for (size_t i = 0; i < e->options.used; i++) {
        const struct jig_option *o = e->options.entries[i].value;
        for (size_t k = 0; e->options.entries[i].key != NULL && k < o->values.n; k++)
            use_in_text(s, o->values.v[k]);
    }
}

static enum jig_code use_environment(struct search *s, const struct jig_target_environment *e)
{
    s->custom = e->custom;
    enum jig_code code = use_board(s, e->board);
    if (code == JIG_OK)
        code = use_props(s, e->custom);
    use_options(s, e->environment);
    for (size_t i = 0; i < e->trees.n; i++)
        use_path(s, e->trees.v[i]);
    return code;
}

enum jig_code jig_uses_of_board(const struct jig_board_config *board, const struct jig_strv *roots,
                                struct jig_strv *out, struct jig_err *reterr)
{
    struct search s = {.roots = roots, .found = out, .reterr = reterr};
    enum jig_code code = use_board(&s, board);
    jig_strv_release(&s.describers);
    return code;
}

enum jig_code jig_uses_of_target(const struct jig_target *target, const struct jig_strv *roots,
                                 struct jig_strv *out, struct jig_err *reterr)
{
    struct search s = {.roots = roots, .found = out, .reterr = reterr};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < target->n; i++)
        code = use_environment(&s, &target->environments[i]);
    jig_strv_release(&s.describers);
    return code;
}

static enum jig_code lease(struct jig_cache *cache, struct jig_hold *hold,
                           const struct jig_strv *roots, const char *path, struct jig_err *reterr)
{
    struct jig_installed one;
    JIG_CLEANUP_FREE char *tree = NULL;
    enum jig_code code = JIG_NOT_FOUND;
    if (jig_installed_of(roots, path, &one)) {
        code = jig_installed_lease(cache, hold, &one, &tree, reterr);
        jig_installed_clear(&one);
    }
    if (code == JIG_NOT_FOUND)
        code = jig_err_set(reterr, JIG_ABORTED, "%s was removed just now", path);
    return code;
}

enum jig_code jig_uses_lease(const struct jig_strv *uses, const char *who, struct jig_cache *cache,
                             const struct jig_strv *roots, struct jig_hold **ret,
                             struct jig_err *reterr)
{
    struct jig_hold *hold = NULL;
    enum jig_code code = uses->n > 0 ? jig_hold_new(cache, who, &hold, reterr) : JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < uses->n; i++)
        code = lease(cache, hold, roots, uses->v[i], reterr);
    if (code == JIG_OK)
        *ret = hold;
    else
        jig_hold_free(hold);
    return code;
}
