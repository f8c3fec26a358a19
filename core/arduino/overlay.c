#include "core/arduino/overlay.h"

#include <fnmatch.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

struct overlay {
    char *name;
    struct jig_props *about; /* below "overlay." */
    struct jig_props *sets;
};

struct jig_overlays {
    struct overlay *items;
    size_t n;
    size_t cap;
};

static const char *const required[] = {"reason", "match.vendor", "match.architecture"};

static enum jig_code check(const struct overlay *o, const char *path, struct jig_err *reterr)
{
    for (size_t i = 0; i < JIG_COUNT(required); i++) {
        if (jig_props_get_or(o->about, required[i], "")[0] == '\0')
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the overlay %s lacks overlay.%s",
                               path, required[i]);
    }
    return JIG_OK;
}

static void split(struct overlay *o, const struct jig_props *all)
{
    o->about = jig_props_subtree(all, "overlay");
    o->sets = jig_props_new();
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(all, &at, &key, &value);) {
        if (!jig_str_starts(key, "overlay."))
            jig_props_set(o->sets, key, value);
    }
}

static enum jig_code load_one(struct jig_overlays *o, const char *path, struct jig_readlog *log,
                              struct jig_err *reterr)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *all = jig_props_new();
    bool found = false;
    enum jig_code code = jig_props_read(all, path, log, &found, reterr);
    if (code != JIG_OK || !found)
        return code;
    if (o->n >= JIG_OVERLAYS_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s: there are more than %d overlays",
                           path, JIG_OVERLAYS_MAX);
    o->items = jig_grow(o->items, &o->cap, o->n, sizeof *o->items);
    struct overlay *fresh = &o->items[o->n++];
    const char *base = jig_path_base(path);
    *fresh = (struct overlay){.name = jig_xstrndup(base, strlen(base) - strlen(".txt"))};
    split(fresh, all);
    return check(fresh, path, reterr);
}

static enum jig_code load_folder(struct jig_overlays *o, const char *dir, struct jig_readlog *log,
                                 struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = jig_readlog_list(log, dir, &names, reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        if (names.v[i][0] == '.' || !jig_str_ends(names.v[i], ".txt"))
            continue;
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        code = load_one(o, path, log, reterr);
    }
    jig_strv_release(&names);
    return code;
}

enum jig_code jig_overlays_load(const char *data_dir, const char *more, struct jig_readlog *log,
                                struct jig_overlays **ret, struct jig_err *reterr)
{
    struct jig_overlays *o = jig_new(struct jig_overlays);
    JIG_CLEANUP_FREE char *dir = jig_path_join(data_dir, "overlays");
    enum jig_code code = load_folder(o, dir, log, reterr);
    if (code == JIG_OK && more != NULL)
        code = load_folder(o, more, log, reterr);
    if (code == JIG_OK)
        *ret = o;
    else
        jig_overlays_free(o);
    return code;
}

void jig_overlays_free(struct jig_overlays *o)
{
    if (o == NULL)
        return;
    for (size_t i = 0; i < o->n; i++) {
        free(o->items[i].name);
        jig_props_free(o->items[i].about);
        jig_props_free(o->items[i].sets);
    }
    free(o->items);
    free(o);
}

static bool fits(const struct overlay *o, const char *what, const char *value)
{
    const char *pattern = jig_props_get(o->about, what);
    return pattern == NULL || fnmatch(pattern, value != NULL ? value : "", 0) == 0;
}

static bool matches(const struct overlay *o, const struct jig_overlay_target *t,
                    const struct jig_props *props)
{
    if (!fits(o, "match.vendor", t->vendor) || !fits(o, "match.architecture", t->arch) ||
        !fits(o, "match.version", t->version) || !fits(o, "match.path", t->path) ||
        !fits(o, "match.name", jig_props_get(props, "name")))
        return false;
    JIG_CLEANUP(jig_cleanup_props)
    struct jig_props *needs = jig_props_subtree(o->about, "match.property");
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(needs, &at, &key, &value);) {
        if (!jig_streq(jig_props_get_or(props, key, ""), value))
            return false;
    }
    return true;
}

void jig_overlays_apply(const struct jig_overlays *o, const struct jig_overlay_target *target,
                        struct jig_props *props, struct jig_strv *applied)
{
    for (size_t i = 0; o != NULL && i < o->n; i++) {
        const struct overlay *item = &o->items[i];
        if (!matches(item, target, props))
            continue;
        jig_props_merge(props, item->sets);
        jig_strv_append_take(applied,
                             jig_strf("%s: %s", item->name, jig_props_get(item->about, "reason")));
    }
}
