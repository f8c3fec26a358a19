#include "core/arduino/platform.h"

#include <stdio.h>
#include <string.h>

#include "core/arduino/legacy.h"
#include "core/arduino/toolneeds.h"
#include "core/base/mem.h"
#include "core/base/str.h"

static enum jig_code read_over(struct jig_platform *p, const char *name, struct jig_props *over,
                               bool *ret_found, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(p->path, name);
    return jig_props_read(over, path, p->log, ret_found, reterr);
}

static enum jig_code load_properties(struct jig_platform *p, const struct jig_overlays *overlays,
                                     struct jig_err *reterr)
{
    bool found;
    p->props = jig_props_new();
    enum jig_code code = read_over(p, "platform.txt", p->props, &found, reterr);
    if (code != JIG_OK)
        return code;
    const struct jig_overlay_target target = {p->vendor, p->arch, p->version, p->path};
    jig_overlays_apply(overlays, &target, p->props, &p->overlays);
    code = read_over(p, "platform.local.txt", p->props, &found, reterr);
    if (code != JIG_OK)
        return code;
    const char *name = jig_props_get(p->props, "name");
    p->name = name != NULL ? jig_xstrdup(name) : jig_strf("%s-%s", p->vendor, p->arch);
    return JIG_OK;
}

/* Deals "uno.build.mcu=..." out to one jig_board each, in the order of their first lines. */
static enum jig_code deal_out(const struct jig_props *all, const char *skip, size_t most,
                              const char *what, struct jig_board **ret, size_t *ret_count,
                              struct jig_err *reterr)
{
    struct jig_strv ids = {0};
    jig_props_first_level(all, &ids);
    if (ids.n > most) {
        jig_strv_release(&ids);
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s holds more than %zu entries", what,
                           most);
    }
    struct jig_board *out = jig_xcalloc(ids.n + 1, sizeof *out);
    struct jig_map index;
    jig_map_init(&index, NULL);
    size_t n = 0;
    for (size_t i = 0; i < ids.n; i++) {
        if (jig_streq(ids.v[i], skip))
            continue;
        out[n] = (struct jig_board){jig_xstrdup(ids.v[i]), jig_props_new()};
        jig_map_set(&index, ids.v[i], &out[n++]);
    }
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(all, &at, &key, &value);) {
        size_t dot = strcspn(key, ".");
        JIG_CLEANUP_FREE char *id = jig_xstrndup(key, dot);
        struct jig_board *b = jig_map_get(&index, id);
        if (b != NULL && key[dot] == '.')
            jig_props_set(b->props, key + dot + 1, value);
    }
    jig_map_release(&index);
    jig_strv_release(&ids);
    *ret = out;
    *ret_count = n;
    return JIG_OK;
}

static enum jig_code load_boards(struct jig_platform *p, struct jig_err *reterr)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *all = jig_props_new();
    bool found = false;
    enum jig_code code = read_over(p, "boards.txt", all, &found, reterr);
    if (code == JIG_OK && !found)
        code = jig_err_set(reterr, JIG_NOT_FOUND, "the platform in %s has no boards.txt", p->path);
    if (code == JIG_OK)
        code = read_over(p, "boards.local.txt", all, &found, reterr);
    if (code != JIG_OK)
        return code;
    p->menus = jig_props_subtree(all, "menu");
    code = deal_out(all, "menu", JIG_BOARDS_MAX, "boards.txt", &p->boards, &p->board_count, reterr);
    bool aware = jig_legacy_platform(p->props);
    for (size_t i = 0; i < p->board_count; i++) {
        struct jig_board *b = &p->boards[i];
        jig_legacy_board(b->props, aware);
        jig_props_set(b->props, "_id", b->id);
        jig_map_set(&p->board_index, b->id, b);
    }
    return code;
}

static enum jig_code load_programmers(struct jig_platform *p, struct jig_err *reterr)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *all = jig_props_new();
    bool found = false;
    enum jig_code code = read_over(p, "programmers.txt", all, &found, reterr);
    if (code == JIG_OK)
        code = deal_out(all, NULL, JIG_PROGRAMMERS_MAX, "programmers.txt", &p->programmers,
                        &p->programmer_count, reterr);
    bool aware = jig_legacy_platform(p->props);
    for (size_t i = 0; i < p->programmer_count; i++)
        jig_legacy_tools(p->programmers[i].props, aware);
    return code;
}

enum jig_code jig_platform_load(const struct jig_platform_place *place,
                                const struct jig_overlays *overlays, struct jig_readlog *log,
                                struct jig_platform **ret, struct jig_err *reterr)
{
    struct jig_platform *p = jig_new(struct jig_platform);
    p->vendor = jig_xstrdup(place->vendor);
    p->arch = jig_xstrdup(place->arch);
    p->version = jig_xstrdup(place->version);
    p->path = jig_xstrdup(place->path);
    p->folder = jig_xstrdup(place->folder);
    p->log = log;
    jig_map_init(&p->board_index, NULL);
    enum jig_code code = load_properties(p, overlays, reterr);
    if (code == JIG_OK)
        code = load_programmers(p, reterr);
    if (code == JIG_OK)
        code = load_boards(p, reterr);
    if (code == JIG_OK)
        code = jig_tool_needs_load(p, reterr);
    if (code == JIG_OK) {
        jig_legacy_finish(p->props);
        *ret = p;
    } else {
        jig_platform_free(p);
    }
    return code;
}

static void free_boards(struct jig_board *boards, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(boards[i].id);
        jig_props_free(boards[i].props);
    }
    free(boards);
}

void jig_platform_free(struct jig_platform *p)
{
    if (p == NULL)
        return;
    free(p->vendor);
    free(p->arch);
    free(p->version);
    free(p->path);
    free(p->folder);
    free(p->name);
    jig_props_free(p->props);
    jig_props_free(p->menus);
    free_boards(p->boards, p->board_count);
    free_boards(p->programmers, p->programmer_count);
    for (size_t i = 0; i < p->need_count; i++) {
        free(p->needs[i].vendor);
        free(p->needs[i].name);
        free(p->needs[i].version);
    }
    free(p->needs);
    jig_strv_release(&p->overlays);
    jig_map_release(&p->board_index);
    free(p);
}

const struct jig_board *jig_platform_board(const struct jig_platform *p, const char *id)
{
    return jig_map_get(&p->board_index, id);
}

const struct jig_board *jig_platform_programmer(const struct jig_platform *p, const char *id)
{
    for (size_t i = 0; i < p->programmer_count; i++) {
        if (jig_streq(p->programmers[i].id, id))
            return &p->programmers[i];
    }
    return NULL;
}

const char *jig_board_name(const struct jig_board *b)
{
    return jig_props_get_or(b->props, "name", b->id);
}

bool jig_board_hidden(const struct jig_board *b)
{
    return jig_props_true(b->props, "hide");
}

/* --- menus --------------------------------------------------------------------------------- */

static void fill_menu(struct jig_menu *m, const struct jig_platform *p, const struct jig_board *b,
                      const char *id)
{
    JIG_CLEANUP_FREE char *prefix = jig_strf("menu.%s", id);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *all = jig_props_subtree(b->props, prefix);
    m->id = jig_xstrdup(id);
    m->label = jig_xstrdup(jig_props_get_or(p->menus, id, id));
    struct jig_strv values = {0};
    jig_props_first_level(all, &values);
    for (size_t i = 0; i < values.n; i++) {
        const char *label = jig_props_get(all, values.v[i]);
        if (label == NULL)
            continue; /* not offered: properties of an option that is not there */
        jig_strv_append(&m->values, values.v[i]);
        jig_strv_append(&m->labels, label);
    }
    jig_strv_release(&values);
}

struct jig_menu *jig_board_menus(const struct jig_platform *p, const struct jig_board *b,
                                 size_t *ret_count)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *of_board = jig_props_subtree(b->props, "menu");
    struct jig_strv used = {0};
    struct jig_strv ids = {0};
    jig_props_first_level(of_board, &used);
    const char *id;
    const char *label;
    for (size_t at = 0; jig_props_next(p->menus, &at, &id, &label);) {
        if (jig_strv_contains(&used, id))
            jig_strv_append(&ids, id);
    }
    for (size_t i = 0; i < used.n; i++)
        jig_strv_add_unique(&ids, used.v[i]); /* a menu that boards.txt forgot to name */
    struct jig_menu *menus = jig_xcalloc(ids.n + 1, sizeof *menus);
    size_t n = 0;
    for (size_t i = 0; i < ids.n; i++) {
        fill_menu(&menus[n], p, b, ids.v[i]);
        if (menus[n].values.n > 0) {
            n++;
            continue;
        }
        free(menus[n].id);
        free(menus[n].label);
    }
    *ret_count = n;
    jig_strv_release(&used);
    jig_strv_release(&ids);
    return menus;
}

void jig_menus_free(struct jig_menu *menus, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(menus[i].id);
        free(menus[i].label);
        jig_strv_release(&menus[i].values);
        jig_strv_release(&menus[i].labels);
    }
    free(menus);
}

/* --- USB ids ------------------------------------------------------------------------------- */

static size_t add_usb_id(const char *vid, const char *pid, struct jig_usb_id *out, size_t n,
                         size_t most)
{
    uint64_t v;
    uint64_t p;
    if (vid == NULL || pid == NULL || !jig_parse_u64(vid, &v) || !jig_parse_u64(pid, &p) ||
        v > UINT16_MAX || p > UINT16_MAX)
        return n;
    for (size_t i = 0; i < n && i < most; i++) {
        if (out[i].vid == v && out[i].pid == p)
            return n;
    }
    if (n < most)
        out[n++] = (struct jig_usb_id){(uint16_t)v, (uint16_t)p};
    return n;
}

size_t jig_board_usb_ids(const struct jig_board *b, struct jig_usb_id *out, size_t most)
{
    size_t n = 0;
    const char *key;
    const char *value;
    n = add_usb_id(jig_props_get(b->props, "upload_port.vid"),
                   jig_props_get(b->props, "upload_port.pid"), out, n, most);
    for (size_t at = 0; jig_props_next(b->props, &at, &key, &value);) {
        JIG_CLEANUP_FREE char *pid = NULL;
        if (jig_str_starts(key, "upload_port.") && jig_str_ends(key, ".vid"))
            pid = jig_strf("%.*s.pid", (int)(strlen(key) - 4), key);
        else if (jig_str_starts(key, "vid."))
            pid = jig_strf("pid.%s", key + 4);
        if (pid != NULL)
            n = add_usb_id(value, jig_props_get(b->props, pid), out, n, most);
    }
    return n;
}
