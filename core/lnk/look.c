#include "core/lnk/look.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/scan.h"
#include "core/watch/files.h"

static void set_error(struct jig_lnk_item *item, const struct jig_err *err)
{
    if (item->err == NULL)
        item->err = jig_new(struct jig_err);
    *item->err = *err;
    item->holds = false;
}

static bool has_control_character(const char *s)
{
    for (; *s != '\0'; s++) {
        if ((unsigned char)*s < 0x20 || *s == 0x7f)
            return true;
    }
    return false;
}

/* A name that can be made without its ".lnk". */
static enum jig_code check_name(const char *path, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *target = jig_pointer_target(path);
    const char *name = jig_path_base(target);
    if (has_control_character(path))
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "the name of the pointer '%s' has a control character in it", path);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s: without .lnk, its name is '%s', which no file can have", path,
                              name);
    return JIG_OK;
}

static enum jig_code read_pointer(const struct jig_lnk_look *look, struct jig_lnk_item *item,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(look->root, item->path);
    enum jig_code code = jig_pointer_read(path, item->path, &item->pointer, reterr);
    item->is_read = code == JIG_OK;
    return code;
}

/* What the pointer says now, and whether what was made is of that. */
static bool take_over(struct jig_lnk_item *item, const struct jig_lnk_row *before)
{
    struct jig_lnk_row *row = item->row;
    row->sha256 = item->pointer.sha256;
    row->extract = item->pointer.extract;
    row->size = item->pointer.size;
    row->url = jig_fingerprint_of(item->pointer.url, strlen(item->pointer.url));
    bool same = before != NULL && jig_digest_equal(&before->sha256, &row->sha256) &&
                before->extract == row->extract && (row->size < 0 || row->size == before->size);
    if (!same)
        return false;
    if (jig_fingerprint_equal(row->url, before->url))
        row->proof = before->proof;
    row->size = before->size;
    row->made = before->made;
    row->made_racy = before->made_racy;
    row->tree = before->tree;
    row->content = before->content;
    return true;
}

/* It was believed unread by its stamp, and changed since. */
static void take_change(struct jig_lnk_item *item)
{
    struct jig_lnk_row *row = item->row;
    const struct jig_pointer *p = &item->pointer;
    if (jig_digest_equal(&p->sha256, &row->sha256) && p->extract == row->extract &&
        (p->size < 0 || p->size == row->size) &&
        jig_fingerprint_equal(jig_fingerprint_of(p->url, strlen(p->url)), row->url))
        return;
    (void)take_over(item, NULL);
    row->proof = JIG_LNK_UNPROVEN;
    row->pointer_racy = true; /* the stamp is of what it was */
    item->holds = false;
}

enum jig_code jig_lnk_item_read(const struct jig_lnk_look *look, struct jig_lnk_item *item,
                                struct jig_err *reterr)
{
    if (item->is_read)
        return JIG_OK;
    enum jig_code code = read_pointer(look, item, reterr);
    if (code == JIG_OK)
        take_change(item);
    return code;
}

static enum jig_code look_at_pointer(struct jig_lnk_look *look, struct jig_lnk_item *item,
                                     const struct jig_lnk_row *before, bool *ret_usable,
                                     struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(look->root, item->path);
    struct jig_stamp stamp;
    int64_t clock_ns = jig_stamp_clock_ns();
    *ret_usable = false;
    enum jig_code code = check_name(item->path, reterr);
    if (code == JIG_OK)
        code = jig_fs_stamp(path, &stamp, reterr);
    if (code != JIG_OK)
        return code;
    item->row->pointer = stamp;
    item->row->pointer_racy = jig_stamp_is_racy(&stamp, clock_ns);
    if (before != NULL && !before->pointer_racy && jig_stamp_equal(&stamp, &before->pointer)) {
        char *name = item->row->path;
        *item->row = *before;
        item->row->path = name;
        *ret_usable = true;
        return JIG_OK;
    }
    code = read_pointer(look, item, reterr);
    look->changed = look->changed || code == JIG_OK || before != NULL;
    if (code == JIG_OK)
        *ret_usable = take_over(item, before);
    return code;
}

static void look_at_item(struct jig_lnk_look *look, struct jig_lnk_item *item,
                         const struct jig_lnk_state *state)
{
    struct jig_err err = JIG_ERR_INIT;
    const struct jig_lnk_row *before = jig_map_get(&state->rows, item->path);
    bool usable = false;
    if (look_at_pointer(look, item, before, &usable, &err) != JIG_OK) {
        set_error(item, &err);
        return;
    }
    bool was_racy = item->row->made_racy;
    item->holds = usable && jig_lnk_row_holds(item->row, item->made);
    look->changed = look->changed || !item->holds || was_racy;
}

static bool is_shortcut(const struct jig_lnk_look *look, const struct jig_lnk_item *item)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(look->root, item->path);
    return jig_pointer_is_shortcut(path);
}

static void release_item(struct jig_lnk_item *item)
{
    jig_lnk_row_free(item->row);
    jig_pointer_release(&item->pointer);
    free(item->made);
    free(item->err);
    *item = (struct jig_lnk_item){0};
}

static void drop_last(struct jig_lnk_look *look)
{
    release_item(&look->items[--look->n]);
}

/* Two pointers of which one's content would have to be a folder for the other's. */
static void find_conflicts(struct jig_lnk_look *look)
{
    struct jig_map targets;
    jig_map_init(&targets, NULL);
    for (size_t i = 0; i < look->n; i++) {
        JIG_CLEANUP_FREE char *target = jig_pointer_target(look->items[i].path);
        jig_map_set(&targets, target, &look->items[i]);
    }
    for (size_t i = 0; i < look->n; i++) {
        JIG_CLEANUP_FREE char *target = jig_pointer_target(look->items[i].path);
        for (char *slash = strrchr(target, '/'); slash != NULL; slash = strrchr(target, '/')) {
            *slash = '\0';
            const struct jig_lnk_item *outer = jig_map_get(&targets, target);
            if (outer == NULL)
                continue;
            struct jig_err err = JIG_ERR_INIT;
            jig_err_reason(&err, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                           "%s lies in what %s stands for: there is no room for both",
                           look->items[i].path, outer->path);
            set_error(&look->items[i], &err);
        }
    }
    jig_map_release(&targets);
}

static void find_stale(struct jig_lnk_look *look, const struct jig_lnk_state *state)
{
    struct jig_map now;
    jig_map_init(&now, NULL);
    for (size_t i = 0; i < look->n; i++)
        jig_map_set(&now, look->items[i].path, look);
    for (size_t i = 0; i < state->rows.used; i++) {
        const char *path = state->rows.entries[i].key;
        if (path != NULL && !jig_map_has(&now, path))
            jig_strv_append(&look->stale, path);
    }
    jig_map_release(&now);
}

static bool all_hold(const struct jig_lnk_look *look)
{
    for (size_t i = 0; i < look->n; i++) {
        if (!look->items[i].holds)
            return false;
    }
    return true;
}

enum jig_code jig_lnk_look(const char *root, const char *base, struct jig_lnk_look *ret,
                           struct jig_err *reterr)
{
    struct jig_lnk_look look = {.root = jig_xstrdup(root), .base = jig_xstrdup(base)};
    struct jig_strv found = {0};
    struct jig_lnk_state state;
    jig_lnk_state_init(&state);
    enum jig_code code = jig_lnk_scan(root, &found, reterr);
    if (code == JIG_OK)
        jig_lnk_state_load(&state, base);
    look.items = jig_xcalloc(found.n, sizeof *look.items);
    for (size_t i = 0; code == JIG_OK && i < found.n; i++) {
        struct jig_lnk_item *item = &look.items[look.n++];
        item->row = jig_new(struct jig_lnk_row);
        item->row->path = jig_xstrdup(found.v[i]);
        item->path = item->row->path;
        item->made = jig_lnk_made_path(base, item->path);
        item->pointer.size = -1;
        look_at_item(&look, item, &state);
        if (item->err != NULL && is_shortcut(&look, item))
            drop_last(&look);
    }
    if (code == JIG_OK && !all_hold(&look))
        find_conflicts(&look);
    if (code == JIG_OK && state.rows.count > 0)
        find_stale(&look, &state);
    look.changed = look.changed || look.stale.n > 0;
    jig_strv_release(&found);
    jig_lnk_state_release(&state);
    if (code == JIG_OK)
        *ret = look;
    else
        jig_lnk_look_release(&look);
    return code;
}

void jig_lnk_look_release(struct jig_lnk_look *look)
{
    for (size_t i = 0; i < look->n; i++)
        release_item(&look->items[i]);
    free(look->items);
    free(look->root);
    free(look->base);
    jig_strv_release(&look->stale);
    *look = (struct jig_lnk_look){0};
}

bool jig_lnk_look_needs_pull(const struct jig_lnk_look *look)
{
    for (size_t i = 0; i < look->n; i++) {
        if (!look->items[i].holds || look->items[i].row->proof == JIG_LNK_UNPROVEN)
            return true;
    }
    return look->stale.n > 0;
}

enum jig_code jig_lnk_look_check(const struct jig_lnk_look *look, struct jig_err *reterr)
{
    for (size_t i = 0; i < look->n; i++) {
        if (look->items[i].err == NULL)
            continue;
        if (reterr != NULL)
            *reterr = *look->items[i].err;
        return look->items[i].err->code;
    }
    return JIG_OK;
}

enum jig_code jig_lnk_look_save(const struct jig_lnk_look *look, struct jig_err *reterr)
{
    struct jig_lnk_state state;
    if (!look->changed)
        return JIG_OK;
    jig_map_init(&state.rows, NULL); /* borrowed */
    for (size_t i = 0; i < look->n; i++) {
        if (look->items[i].holds)
            jig_map_set(&state.rows, look->items[i].path, look->items[i].row);
    }
    enum jig_code code = jig_lnk_state_save(&state, look->base, reterr);
    jig_map_release(&state.rows);
    return code;
}
