#include "core/arduino/board.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/recipe.h"
#include "core/arduino/toolpaths.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/sighting.h"

static char *upper(char *s)
{
    for (char *c = s; *c != '\0'; c++)
        *c = (char)toupper((unsigned char)*c);
    return s;
}

/* --- the board and its options ------------------------------------------------------------- */

static enum jig_code no_board(const struct jig_platform *p, const char *id, struct jig_err *reterr)
{
    struct jig_strv ids = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < p->board_count; i++)
        jig_strv_append(&ids, p->boards[i].id);
    jig_nearest(id, &ids, 5, &near);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&near, ", ");
    jig_err_set(reterr, JIG_NOT_FOUND, "the platform %s:%s has no board '%s'%s%s", p->vendor,
                p->arch, id, near.n > 0 ? "; nearest: " : "", list);
    jig_err_hint(reterr, "it has %zu boards; the file is %s/boards.txt", p->board_count, p->path);
    jig_strv_release(&ids);
    jig_strv_release(&near);
    return JIG_NOT_FOUND;
}

static enum jig_code no_menu(const struct jig_board_config *c, const struct jig_menu *menus,
                             size_t n, const char *id, struct jig_err *reterr)
{
    struct jig_strv ids = {0};
    for (size_t i = 0; i < n; i++)
        jig_strv_append(&ids, menus[i].id);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&ids, ", ");
    jig_strv_release(&ids);
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the board '%s' has no option '%s'%s%s",
                       c->fqbn.board, id, n > 0 ? "; it has: " : "; it has none", list);
}

static enum jig_code no_value(const struct jig_board_config *c, const struct jig_menu *m,
                              const char *value, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *list = jig_strv_join(&m->values, ", ");
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                       "the option '%s' of the board '%s' has no value '%s'; it has: %s", m->id,
                       c->fqbn.board, value, list);
}

static const struct jig_menu *find_menu(const struct jig_menu *menus, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++) {
        if (jig_streq(menus[i].id, id))
            return &menus[i];
    }
    return NULL;
}

static enum jig_code choose_options(struct jig_board_config *c, const struct jig_menu *menus,
                                    size_t n, struct jig_err *reterr)
{
    const char *id;
    const char *value;
    for (size_t at = 0; jig_props_next(c->fqbn.options, &at, &id, &value);) {
        const struct jig_menu *m = find_menu(menus, n, id);
        if (m == NULL)
            return no_menu(c, menus, n, id, reterr);
        if (!jig_strv_contains(&m->values, value))
            return no_value(c, m, value, reterr);
    }
    for (size_t i = 0; i < n; i++)
        jig_props_set(c->options, menus[i].id,
                      jig_props_get_or(c->fqbn.options, menus[i].id, menus[i].values.v[0]));
    return JIG_OK;
}

/* What a project set as upload.speed must not be undone by the board's upload.serial.speed. */
static void drop_protocols(struct jig_props *props, const char *key)
{
    static const char *const protocols[] = {"serial", "network", "default"};
    if (!jig_str_starts(key, "upload."))
        return;
    for (size_t i = 0; i < JIG_COUNT(protocols); i++) {
        JIG_CLEANUP_FREE char *of_protocol =
            jig_strf("upload.%s.%s", protocols[i], key + strlen("upload."));
        jig_props_remove(props, of_protocol);
    }
}

static void apply_set(struct jig_props *props, const struct jig_board_changes *changes)
{
    const char *key;
    const char *value;
    for (size_t at = 0; changes != NULL && jig_props_next(changes->set, &at, &key, &value);) {
        drop_protocols(props, key);
        jig_props_set(props, key, value);
    }
}

static enum jig_code apply_append(struct jig_props *props, const struct jig_board_changes *changes,
                                  struct jig_err *reterr)
{
    const char *key;
    const char *value;
    for (size_t at = 0; changes != NULL && jig_props_next(changes->append, &at, &key, &value);) {
        struct jig_strv words = {0};
        enum jig_code code = jig_shell_split(value, &words, reterr);
        if (code == JIG_OK)
            jig_recipe_append_words(props, key, &words);
        jig_strv_release(&words);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "what is to be added to %s", key);
            return code;
        }
    }
    return JIG_OK;
}

/* The board's own properties with those of the chosen options over them. */
static enum jig_code board_props(struct jig_board_config *c,
                                 const struct jig_board_changes *changes, struct jig_props **ret,
                                 struct jig_err *reterr)
{
    size_t n = 0;
    struct jig_menu *menus = jig_board_menus(c->platform, c->board, &n);
    enum jig_code code = choose_options(c, menus, n, reterr);
    jig_menus_free(menus, n);
    if (code != JIG_OK)
        return code;
    struct jig_props *props = jig_props_clone(c->board->props);
    JIG_CLEANUP_FREE char *arch = upper(jig_xstrdup(c->fqbn.arch));
    jig_props_set(props, "build.fqbn", c->fqbn_text);
    jig_props_set(props, "build.arch", arch);
    const char *id;
    const char *value;
    for (size_t at = 0; jig_props_next(c->options, &at, &id, &value);) {
        JIG_CLEANUP_FREE char *prefix = jig_strf("menu.%s.%s", id, value);
        JIG_CLEANUP(jig_cleanup_props)
        struct jig_props *option = jig_props_subtree(c->board->props, prefix);
        jig_props_merge(props, option);
    }
    apply_set(props, changes);
    *ret = props;
    return JIG_OK;
}

/* --- cores and variants of other platforms -------------------------------------------------- */

struct reference {
    char *vendor; /* NULL: the board's own platform */
    char *name;
};

static void reference_release(struct reference *r)
{
    free(r->vendor);
    free(r->name);
}

/* build.core or build.variant, "name" or "vendor:name". */
static enum jig_code read_reference(const struct jig_props *props, const char *key,
                                    struct reference *ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *text = NULL;
    enum jig_code code = jig_props_expand_key(props, key, &text, reterr);
    if (code != JIG_OK)
        return code;
    const char *colon = strchr(text, ':');
    ret->vendor = colon != NULL ? jig_xstrndup(text, (size_t)(colon - text)) : NULL;
    const char *name = colon != NULL ? colon + 1 : text;
    ret->name = jig_xstrndup(name, strcspn(name, ":"));
    return JIG_OK;
}

static enum jig_code find_reference(struct jig_board_config *c, const struct reference *r,
                                    const char *key, const struct jig_platform **ret,
                                    struct jig_err *reterr)
{
    *ret = c->platform;
    if (r->vendor == NULL || r->vendor[0] == '\0')
        return JIG_OK;
    enum jig_code code = jig_hardware_platform(c->view, r->vendor, c->fqbn.arch, NULL, ret, reterr);
    if (code != JIG_OK)
        jig_err_prefix(reterr, "the board %s has its %s in %s:%s", c->fqbn_text, key, r->vendor,
                       c->fqbn.arch);
    return code;
}

static enum jig_code find_references(struct jig_board_config *c, const struct jig_props *board,
                                     struct reference *core, struct reference *variant,
                                     struct jig_err *reterr)
{
    enum jig_code code = read_reference(board, "build.core", core, reterr);
    if (code == JIG_OK)
        code = read_reference(board, "build.variant", variant, reterr);
    if (code != JIG_OK)
        return code;
    if (core->vendor != NULL && variant->vendor != NULL &&
        !jig_streq(core->vendor, variant->vendor))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the board %s has its core in %s and its variant in %s: both must come "
                           "from one platform",
                           c->fqbn_text, core->vendor, variant->vendor);
    code = find_reference(c, core, "core", &c->core_platform, reterr);
    if (code == JIG_OK)
        code = find_reference(c, variant, "variant", &c->variant_platform, reterr);
    return code;
}

/* --- the merge ------------------------------------------------------------------------------ */

static void set_path(struct jig_props *props, const char *key, const char *dir, const char *below,
                     const char *name)
{
    JIG_CLEANUP_FREE char *parent = jig_path_join(dir, below);
    JIG_CLEANUP_FREE char *path = jig_path_join(parent, name);
    jig_props_set_literal(props, key, path);
}

/* The folder of an IDE that the platform came with: what holds "hardware". "" when there is none.
 */
static char *ide_path(const struct jig_platform *p)
{
    if (!jig_streq(jig_path_base(p->folder), "hardware"))
        return jig_xstrdup("");
    return jig_path_dir(p->folder);
}

static void set_paths(struct jig_board_config *c, const struct reference *core,
                      const struct reference *variant, const struct jig_board_changes *changes)
{
    struct jig_props *p = c->props;
    JIG_CLEANUP_FREE char *above = jig_path_dir(c->platform->path);
    jig_props_set_literal(p, "runtime.platform.path", c->platform->path);
    jig_props_set_literal(p, "runtime.hardware.path", above);
    jig_props_set_literal(p, "build.board.platform.path", c->platform->path);
    jig_props_set_literal(p, "build.core.platform.path", c->core_platform->path);
    set_path(p, "build.core.path", c->core_platform->path, "cores", core->name);
    set_path(p, "build.system.path", c->core_platform->path, "system", "");
    if (variant->name[0] != '\0' && changes != NULL && changes->variants_dir != NULL)
        set_path(p, "build.variant.path", changes->variants_dir, "", variant->name);
    else if (variant->name[0] != '\0')
        set_path(p, "build.variant.path", c->variant_platform->path, "variants", variant->name);
    else
        jig_props_set(p, "build.variant.path", "");
    if (jig_props_true(p, "runtime.use_core_platform_path_for_runtime_platform_path"))
        jig_props_set_literal(p, "runtime.platform.path", c->core_platform->path);
}

/* Old platforms look for avrdude in an IDE that is not there; one that says where it is, knows. */
static bool has_own_avrdude(const struct jig_props *p)
{
    JIG_CLEANUP_FREE char *path = NULL;
    return jig_props_expand_key(p, "tools.avrdude.path", &path, NULL) == JIG_OK && path[0] == '/' &&
           jig_fs_is_dir(path);
}

static void set_fixed(struct jig_board_config *c)
{
    struct jig_props *p = c->props;
    if (!jig_props_has(p, "runtime.ide.path")) {
        JIG_CLEANUP_FREE char *ide = ide_path(c->platform);
        jig_props_set_literal(p, "runtime.ide.path", ide);
    }
    jig_props_set(p, "runtime.os", "linux");
    jig_props_set(p, "build.library_discovery_phase", "0");
    if (jig_props_get_or(p, "build.board", "")[0] == '\0') {
        JIG_CLEANUP_FREE char *name = upper(jig_strf("%s_%s", c->fqbn.arch, c->fqbn.board));
        jig_props_set(p, "build.board", name);
        jig_strv_append_take(
            &c->notices,
            jig_strf("the board %s has no build.board; it is set to %s", c->fqbn_text, name));
    }
    if (jig_props_has(p, "runtime.tools.avrdude.path") && !has_own_avrdude(p))
        jig_props_set(p, "tools.avrdude.path", "{runtime.tools.avrdude.path}");
    jig_props_set(p, "ide_version", JIG_IDE_VERSION);
    jig_props_set(p, "runtime.ide.version", JIG_IDE_VERSION);
    if (!jig_props_has(p, "software"))
        jig_props_set(p, "software", "ARDUINO");
}

static bool mentions_time(const struct jig_props *p)
{
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(p, &at, &key, &value);) {
        if (strstr(value, "{extra.time.") != NULL)
            return true;
    }
    return false;
}

static void note_overlays(struct jig_board_config *c)
{
    const struct jig_platform *of[] = {c->platform, c->core_platform, c->variant_platform};
    for (size_t i = 0; i < JIG_COUNT(of); i++) {
        for (size_t k = 0; k < of[i]->overlays.n; k++) {
            JIG_CLEANUP_FREE char *note = jig_strf("overlay %s", of[i]->overlays.v[k]);
            jig_strv_add_unique(&c->notices, note);
        }
    }
}

/* build.core.path and build.variant.path as folders, whatever was set over them. */
static enum jig_code find_folders(struct jig_board_config *c, struct jig_err *reterr)
{
    enum jig_code code = jig_props_expand_key(c->props, "build.core.path", &c->core_path, reterr);
    if (code != JIG_OK)
        return code;
    if (!jig_fs_is_dir(c->core_path))
        return jig_err_set(reterr, JIG_NOT_FOUND, "the core of the board %s is not there: %s",
                           c->fqbn_text, c->core_path);
    code = jig_props_expand_key(c->props, "build.variant.path", &c->variant_path, reterr);
    if (code == JIG_OK && (c->variant_path[0] == '\0' || !jig_fs_is_dir(c->variant_path))) {
        free(c->variant_path);
        c->variant_path = NULL;
    }
    return code;
}

static enum jig_code merge(struct jig_board_config *c, const struct jig_board_changes *changes,
                           struct jig_err *reterr)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *board = NULL;
    struct reference core = {0};
    struct reference variant = {0};
    enum jig_code code = board_props(c, changes, &board, reterr);
    if (code == JIG_OK)
        code = find_references(c, board, &core, &variant, reterr);
    if (code == JIG_OK) {
        jig_props_merge(c->props, c->variant_platform->props);
        jig_props_merge(c->props, c->core_platform->props);
        jig_props_merge(c->props, c->platform->props);
        jig_props_merge(c->props, board);
        set_paths(c, &core, &variant, changes);
        code = jig_tool_paths_set(c->view, c->platform, c->core_platform, c->props, reterr);
    }
    reference_release(&core);
    reference_release(&variant);
    if (code == JIG_OK)
        code = apply_append(c->props, changes, reterr);
    if (code != JIG_OK)
        return code;
    set_fixed(c);
    jig_props_merge(c->props, jig_hardware_global_props(c->view));
    note_overlays(c);
    c->uses_time = mentions_time(c->props);
    return find_folders(c, reterr);
}

void jig_board_changes_init(struct jig_board_changes *c)
{
    *c = (struct jig_board_changes){.set = jig_props_new(), .append = jig_props_new()};
}

void jig_board_changes_release(struct jig_board_changes *c)
{
    jig_props_free(c->set);
    jig_props_free(c->append);
    free(c->variants_dir);
    *c = (struct jig_board_changes){0};
}

enum jig_code jig_board_resolve(struct jig_hardware_view *v, const char *fqbn, const char *version,
                                struct jig_board_config **ret, struct jig_err *reterr)
{
    return jig_board_resolve_changed(v, fqbn, version, NULL, ret, reterr);
}

enum jig_code jig_board_resolve_changed(struct jig_hardware_view *v, const char *fqbn,
                                        const char *version,
                                        const struct jig_board_changes *changes,
                                        struct jig_board_config **ret, struct jig_err *reterr)
{
    struct jig_fqbn parsed = JIG_FQBN_INIT;
    enum jig_code code = jig_fqbn_parse(fqbn, &parsed, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_board_config *c = jig_new(struct jig_board_config);
    c->view = jig_hardware_view_ref(v);
    c->fqbn = parsed;
    c->fqbn_text = jig_fqbn_format(&parsed, true);
    c->options = jig_props_new();
    c->props = jig_props_new();
    code = jig_hardware_platform(v, parsed.vendor, parsed.arch, version, &c->platform, reterr);
    if (code == JIG_OK) {
        c->board = jig_platform_board(c->platform, parsed.board);
        code = c->board != NULL ? merge(c, changes, reterr)
                                : no_board(c->platform, parsed.board, reterr);
    }
    if (code == JIG_OK)
        *ret = c;
    else
        jig_board_config_free(c);
    return code;
}

void jig_board_config_free(struct jig_board_config *c)
{
    if (c == NULL)
        return;
    jig_fqbn_release(&c->fqbn);
    free(c->fqbn_text);
    jig_props_free(c->options);
    jig_props_free(c->props);
    free(c->core_path);
    free(c->variant_path);
    jig_strv_release(&c->notices);
    jig_hardware_view_unref(c->view);
    free(c);
}

void jig_board_config_files(const struct jig_board_config *c, struct jig_strv *out)
{
    jig_hardware_files(c->view, c->platform, out);
    if (c->core_platform != c->platform)
        jig_readlog_files(c->core_platform->log, out);
    if (c->variant_platform != c->platform && c->variant_platform != c->core_platform)
        jig_readlog_files(c->variant_platform->log, out);
}

char *jig_board_normal_fqbn(const struct jig_board_config *c)
{
    size_t n = 0;
    struct jig_menu *menus = jig_board_menus(c->platform, c->board, &n);
    struct jig_fqbn f;
    jig_fqbn_copy(&f, &c->fqbn);
    jig_props_free(f.options);
    f.options = jig_props_new();
    for (size_t i = 0; i < n; i++) {
        const char *value = jig_props_get(c->options, menus[i].id);
        if (!jig_streq(value, menus[i].values.v[0]))
            jig_props_set(f.options, menus[i].id, value);
    }
    char *text = jig_fqbn_format(&f, true);
    jig_menus_free(menus, n);
    jig_fqbn_release(&f);
    return text;
}

/* --- for a build ---------------------------------------------------------------------------- */

static void copy_property(struct jig_props *p, const char *to, const char *from)
{
    const char *value = jig_props_get(p, from);
    if (value == NULL)
        return;
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(value);
    jig_props_set(p, to, copy);
}

static void set_number(struct jig_props *p, const char *key, int64_t number)
{
    JIG_CLEANUP_FREE char *text = jig_strf("%lld", (long long)number);
    jig_props_set(p, key, text);
}

static void set_time(struct jig_props *p, const struct jig_build_place *place)
{
    jig_observe_unsteady("the time of day");
    set_number(p, "extra.time.utc", place->time_utc_s);
    set_number(p, "extra.time.local", place->time_utc_s + place->zone_s + place->dst_s);
    set_number(p, "extra.time.zone", place->zone_s);
    set_number(p, "extra.time.dst", place->dst_s);
}

struct jig_props *jig_build_props(const struct jig_board_config *c,
                                  const struct jig_build_place *place)
{
    static const char *const warnings[] = {"none", "default", "more", "all"};
    struct jig_props *p = jig_props_clone(c->props);
    jig_props_set_literal(p, "sketch_path", place->source_path);
    jig_props_set_literal(p, "build.path", place->build_path);
    jig_props_set_literal(p, "build.project_name", place->project_name);
    jig_props_set_literal(p, "build.source.path", place->source_path);
    copy_property(p, "compiler.optimization_flags",
                  place->debug ? "compiler.optimization_flags.debug"
                               : "compiler.optimization_flags.release");
    if (c->uses_time)
        set_time(p, place);
    if (place->custom != NULL)
        jig_props_merge(p, place->custom);
    JIG_CLEANUP_FREE char *level = jig_strf("compiler.warning_flags.%s", warnings[place->warnings]);
    JIG_CLEANUP_FREE char *flags = jig_xstrdup(jig_props_get_or(p, level, ""));
    jig_props_set(p, "compiler.warning_flags", flags);
    return p;
}
