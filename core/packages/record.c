#include "core/packages/record.h"

#include <jansson.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/lock.h"
#include "core/packages/names.h"

#define RECORD_MAX (64u << 10)
#define LOCK_MAX   (16u << 20)
#define LOCK_V     1

/* ---- writing ---- */

static void set_text(json_t *o, const char *key, const char *text)
{
    if (text != NULL && text[0] != '\0')
        json_object_set_new(o, key, json_string(text));
}

static json_t *to_json(const struct jig_package *p)
{
    json_t *o = json_object();
    JIG_CLEANUP_FREE char *name = jig_package_full_name(p->kind, p->vendor, p->name);
    set_text(o, "kind", jig_package_kind_name(p->kind));
    set_text(o, "name", name);
    set_text(o, "version", p->version);
    set_text(o, "url", p->url);
    set_text(o, "file", p->file);
    if (p->has_sha256) {
        char hex[JIG_SHA256_HEX];
        jig_digest_hex(&p->sha256, hex);
        set_text(o, "sha256", hex);
    }
    if (p->size >= 0)
        json_object_set_new(o, "size", json_integer(p->size));
    if (p->from == JIG_WISH_GIT) {
        json_object_set_new(o, "git", json_true());
        set_text(o, "ref", p->ref);
    } else if (p->from == JIG_WISH_ARCHIVE) {
        json_object_set_new(o, "direct", json_true());
    }
    if (p->asked)
        json_object_set_new(o, "asked", json_true());
    if (p->needs.n > 0) {
        json_t *needs = json_array();
        for (size_t i = 0; i < p->needs.n; i++)
            json_array_append_new(needs, json_string(p->needs.v[i]));
        json_object_set_new(o, "needs", needs);
    }
    return o;
}

static char *dump(json_t *o)
{
    char *text = json_dumps(o, JSON_INDENT(2));
    json_decref(o);
    char *line = jig_strf("%s\n", text != NULL ? text : "{}");
    free(text);
    return line;
}

char *jig_package_text(const struct jig_package *p)
{
    return dump(to_json(p));
}

/* "arduino:avr-gcc@7.3" as {"packager", "name", "version"}. */
static json_t *need_to_json(const char *need)
{
    const char *colon = strchr(need, ':');
    const char *at = strrchr(need, '@');
    json_t *o = json_object();
    if (colon == NULL || at == NULL || at < colon)
        return o;
    JIG_CLEANUP_FREE char *vendor = jig_xstrndup(need, (size_t)(colon - need));
    JIG_CLEANUP_FREE char *name = jig_xstrndup(colon + 1, (size_t)(at - colon - 1));
    set_text(o, "packager", vendor);
    set_text(o, "name", name);
    set_text(o, "version", at + 1);
    return o;
}

char *jig_package_installed_json(const struct jig_package *p)
{
    json_t *needs = json_array();
    for (size_t i = 0; i < p->needs.n; i++)
        json_array_append_new(needs, need_to_json(p->needs.v[i]));
    json_t *platform = json_object();
    set_text(platform, "architecture", p->name);
    set_text(platform, "version", p->version);
    json_object_set_new(platform, "toolsDependencies", needs);
    json_t *platforms = json_array();
    json_array_append_new(platforms, platform);
    json_t *package = json_object();
    set_text(package, "name", p->vendor);
    json_object_set_new(package, "platforms", platforms);
    json_t *packages = json_array();
    json_array_append_new(packages, package);
    json_t *root = json_object();
    json_object_set_new(root, "packages", packages);
    return dump(root);
}

/* ---- reading ---- */

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text != NULL ? text : "";
}

static enum jig_code wrong(const char *what, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s", what);
}

static enum jig_code read_name(const json_t *o, struct jig_package *p, struct jig_err *reterr)
{
    const char *name = text_of(o, "name");
    const char *colon = strchr(name, ':');
    if (!jig_package_kind_parse(text_of(o, "kind"), &p->kind))
        return wrong("its \"kind\" is neither platform nor tool nor library", reterr);
    bool is_library = p->kind == JIG_PACKAGE_LIBRARY;
    if (is_library != (colon == NULL))
        return wrong("its \"name\" is not of the form that its kind has", reterr);
    p->vendor = is_library ? jig_xstrdup("") : jig_xstrndup(name, (size_t)(colon - name));
    p->name = jig_xstrdup(is_library ? name : colon + 1);
    p->version = jig_xstrdup(text_of(o, "version"));
    if (!jig_package_name_ok(p->name) || (!is_library && !jig_package_name_ok(p->vendor)))
        return wrong("its \"name\" is not one that a folder may have", reterr);
    if (!jig_package_version_ok(p->version))
        return wrong("its \"version\" is not one that a folder may have", reterr);
    return JIG_OK;
}

static bool is_plain(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return false;
    }
    return true;
}

static enum jig_code read_source(const json_t *o, struct jig_package *p, struct jig_err *reterr)
{
    const json_t *size = json_object_get(o, "size");
    const char *hash = text_of(o, "sha256");
    p->url = jig_xstrdup(text_of(o, "url"));
    p->ref = jig_xstrdup(text_of(o, "ref"));
    p->file = jig_xstrdup(text_of(o, "file"));
    p->from = json_is_true(json_object_get(o, "git"))      ? JIG_WISH_GIT
              : json_is_true(json_object_get(o, "direct")) ? JIG_WISH_ARCHIVE
                                                           : JIG_WISH_INDEX;
    p->asked = json_is_true(json_object_get(o, "asked"));
    p->size = json_is_integer(size) ? json_integer_value(size) : -1;
    if ((size != NULL && !json_is_integer(size)) || p->size < -1)
        return wrong("its \"size\" is not a number of bytes", reterr);
    if (p->url[0] == '\0' || p->url[0] == '-' || !is_plain(p->url))
        return wrong("its \"url\" is none", reterr);
    if (p->ref[0] == '-' || !is_plain(p->ref))
        return wrong("its \"ref\" is none of git's", reterr);
    if (hash[0] != '\0') {
        p->has_sha256 = jig_digest_parse(hash, &p->sha256);
        if (!p->has_sha256)
            return wrong("its \"sha256\" is not 64 hexadecimal digits", reterr);
    }
    if (p->from != JIG_WISH_GIT && !p->has_sha256)
        return wrong("it has no \"sha256\"", reterr);
    return JIG_OK;
}

static enum jig_code read_needs(const json_t *o, struct jig_package *p, struct jig_err *reterr)
{
    size_t i;
    json_t *need;
    const json_t *needs = json_object_get(o, "needs");
    if (needs != NULL && !json_is_array(needs))
        return wrong("its \"needs\" is not a list", reterr);
    json_array_foreach(needs, i, need)
    {
        if (json_string_value(need) == NULL || i >= JIG_PLAN_MAX)
            return wrong("its \"needs\" holds something else than names", reterr);
        jig_strv_append(&p->needs, json_string_value(need));
    }
    return JIG_OK;
}

static enum jig_code from_json(const json_t *o, struct jig_package *ret, struct jig_err *reterr)
{
    struct jig_package p = {.size = -1};
    enum jig_code code = JIG_OK;
    if (!json_is_object(o))
        code = wrong("a package is to be an object", reterr);
    if (code == JIG_OK)
        code = read_name(o, &p, reterr);
    if (code == JIG_OK)
        code = read_source(o, &p, reterr);
    if (code == JIG_OK)
        code = read_needs(o, &p, reterr);
    if (code == JIG_OK) {
        *ret = p;
        return JIG_OK;
    }
    if (p.name != NULL)
        jig_err_prefix(reterr, "package '%s'", p.name);
    jig_package_release(&p);
    return code;
}

static enum jig_code load(const char *name, const char *text, size_t n, json_t **ret,
                          struct jig_err *reterr)
{
    json_error_t where;
    *ret = json_loadb(text, n, JSON_REJECT_DUPLICATES, &where);
    if (*ret != NULL)
        return JIG_OK;
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s:%d: %s", name, where.line, where.text);
}

enum jig_code jig_package_parse(const char *name, const char *text, size_t n,
                                struct jig_package *ret, struct jig_err *reterr)
{
    json_t *o;
    enum jig_code code = load(name, text, n, &o, reterr);
    if (code != JIG_OK)
        return code;
    code = from_json(o, ret, reterr);
    if (code != JIG_OK)
        jig_err_prefix(reterr, "%s", name);
    json_decref(o);
    return code;
}

enum jig_code jig_package_read(const char *path, struct jig_package *ret, struct jig_err *reterr)
{
    struct jig_buf text;
    jig_buf_init(&text, RECORD_MAX);
    enum jig_code code = jig_fs_read(path, &text, reterr);
    if (code == JIG_OK)
        code = jig_package_parse(path, text.data, text.len, ret, reterr);
    jig_buf_release(&text);
    return code;
}

/* ---- lock files ---- */

void jig_lockfile_release(struct jig_lockfile *l)
{
    for (size_t i = 0; i < l->n; i++) {
        free(l->items[i].environment);
        jig_plan_release(&l->items[i].plan);
    }
    free(l->items);
    *l = (struct jig_lockfile){0};
}

static enum jig_code read_environment(struct jig_lockfile *l, const char *name, const json_t *list,
                                      struct jig_err *reterr)
{
    size_t i;
    json_t *item;
    struct jig_plan plan = {0};
    enum jig_code code = JIG_OK;
    if (!json_is_array(list))
        code = wrong("it is not a list of packages", reterr);
    json_array_foreach(list, i, item)
    {
        struct jig_package p;
        if (code == JIG_OK)
            code = from_json(item, &p, reterr);
        if (code != JIG_OK)
            break;
        code = jig_plan_add(&plan, &p, reterr);
        jig_package_release(&p);
    }
    if (code == JIG_OK)
        jig_lockfile_set(l, name, &plan);
    else
        jig_err_prefix(reterr, "environment '%s'", name);
    jig_plan_release(&plan);
    return code;
}

static enum jig_code read_lock(struct jig_lockfile *l, json_t *o, struct jig_err *reterr)
{
    const json_t *v = json_object_get(o, "v");
    json_t *environments = json_object_get(o, "environments");
    const char *name;
    json_t *list;
    if (!json_is_integer(v) || json_integer_value(v) != LOCK_V)
        return wrong("its \"v\" is not 1, the only format that this version knows", reterr);
    if (!json_is_object(environments))
        return wrong("its \"environments\" is not an object", reterr);
    json_object_foreach(environments, name, list)
    {
        enum jig_code code = read_environment(l, name, list, reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

enum jig_code jig_lockfile_parse(const char *name, const char *text, size_t n,
                                 struct jig_lockfile *ret, struct jig_err *reterr)
{
    json_t *o;
    struct jig_lockfile l = {0};
    enum jig_code code = load(name, text, n, &o, reterr);
    if (code == JIG_OK) {
        code = read_lock(&l, o, reterr);
        if (code != JIG_OK)
            jig_err_prefix(reterr, "%s", name);
        json_decref(o);
    }
    if (code == JIG_OK)
        *ret = l;
    else
        jig_lockfile_release(&l);
    if (code != JIG_OK && reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    return code;
}

enum jig_code jig_lockfile_read(const char *path, struct jig_lockfile *ret, struct jig_err *reterr)
{
    struct jig_buf text;
    jig_buf_init(&text, LOCK_MAX);
    enum jig_code code = jig_fs_read(path, &text, reterr);
    if (code == JIG_OK)
        code = jig_lockfile_parse(path, text.data, text.len, ret, reterr);
    jig_buf_release(&text);
    return code;
}

static char *lock_text(const struct jig_lockfile *l)
{
    json_t *o = json_object();
    json_t *environments = json_object();
    json_object_set_new(o, "v", json_integer(LOCK_V));
    json_object_set_new(o, "environments", environments);
    for (size_t i = 0; i < l->n; i++) {
        json_t *list = json_array();
        for (size_t k = 0; k < l->items[i].plan.n; k++)
            json_array_append_new(list, to_json(&l->items[i].plan.items[k]));
        json_object_set_new(environments, l->items[i].environment, list);
    }
    return dump(o);
}

static enum jig_code set_copy(struct jig_lockfile *l, const struct jig_locked *from,
                              struct jig_err *reterr)
{
    struct jig_plan copy = {0};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < from->plan.n; i++)
        code = jig_plan_add(&copy, &from->plan.items[i], reterr);
    if (code == JIG_OK)
        jig_lockfile_set(l, from->environment, &copy);
    jig_plan_release(&copy);
    return code;
}

/* The file as it is now, with the new environments. */
static enum jig_code merge(const char *path, const struct jig_lockfile *news, char **ret,
                           struct jig_err *reterr)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_lockfile l = {0};
    enum jig_code code = jig_lockfile_read(path, &l, &err);
    if (code == JIG_NOT_FOUND)
        code = JIG_OK;
    else if (code != JIG_OK && reterr != NULL)
        *reterr = err;
    for (size_t i = 0; code == JIG_OK && i < news->n; i++)
        code = set_copy(&l, &news->items[i], reterr);
    if (code == JIG_OK)
        *ret = lock_text(&l);
    jig_lockfile_release(&l);
    return code;
}

/* Does the file say so already? */
static bool is_current(const char *path, const char *text)
{
    struct jig_buf now;
    jig_buf_init(&now, LOCK_MAX);
    bool same = jig_fs_read(path, &now, NULL) == JIG_OK && now.len == strlen(text) &&
                memcmp(now.data, text, now.len) == 0;
    jig_buf_release(&now);
    return same;
}

/* Kept out of version control, as all that is in there. */
static enum jig_code take_gate(const char *root, const struct jig_until *until,
                               struct jig_lock *lock, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *folder = jig_path_join(root, ".jig");
    JIG_CLEANUP_FREE char *ignore = jig_path_join(folder, ".gitignore");
    JIG_CLEANUP_FREE char *gate = jig_path_join(root, JIG_LOCK_GATE);
    enum jig_code code = jig_fs_mkdirs(folder, 0777, reterr);
    if (code == JIG_OK && !jig_fs_exists(ignore))
        code = jig_fs_write_unsynced(ignore, "*\n", 2, 0644, reterr);
    return code == JIG_OK ? jig_lock_wait(lock, gate, "packages sync", until, reterr) : code;
}

enum jig_code jig_lockfile_update(const char *root, const struct jig_lockfile *news,
                                  const struct jig_until *until, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(root, JIG_LOCK_FILE);
    JIG_CLEANUP_FREE char *before = NULL;
    JIG_CLEANUP_FREE char *text = NULL;
    struct jig_lock lock = JIG_LOCK_INIT;
    enum jig_code code = merge(path, news, &before, reterr);
    if (code != JIG_OK || is_current(path, before)) /* also where nothing can be written */
        return code;
    code = take_gate(root, until, &lock, reterr);
    if (code == JIG_OK)
        code = merge(path, news, &text, reterr); /* others may have been there meanwhile */
    if (code == JIG_OK)
        code = jig_fs_write_if_changed(path, text, strlen(text), 0644, reterr);
    jig_lock_release(&lock);
    return code;
}

const struct jig_plan *jig_lockfile_find(const struct jig_lockfile *l, const char *environment)
{
    for (size_t i = 0; i < l->n; i++) {
        if (jig_streq(l->items[i].environment, environment))
            return &l->items[i].plan;
    }
    return NULL;
}

void jig_lockfile_set(struct jig_lockfile *l, const char *environment, struct jig_plan *plan)
{
    struct jig_plan *place = (struct jig_plan *)jig_lockfile_find(l, environment);
    if (place == NULL) {
        l->items = jig_grow(l->items, &l->cap, l->n, sizeof *l->items);
        l->items[l->n] = (struct jig_locked){.environment = jig_xstrdup(environment)};
        place = &l->items[l->n++].plan;
    }
    jig_plan_release(place);
    *place = *plan;
    *plan = (struct jig_plan){0};
}
