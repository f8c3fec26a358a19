#include "core/arduino/hardware_scan.h"

#include <stdlib.h>
#include <string.h>

#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

struct scan {
    struct jig_hardware_scan *out;
    const char *folder;
    size_t release_cap;
    size_t tool_cap;
    struct jig_err *reterr;
};

/* The folders in a folder whose names do not start with a dot. One that cannot be listed is a fault
 * of its own, and hides nothing that is elsewhere. */
static void list_folders(struct scan *s, const char *dir, struct jig_strv *out)
{
    struct jig_strv names = {0};
    struct jig_err err = JIG_ERR_INIT;
    if (jig_readlog_list(s->out->log, dir, &names, &err) != JIG_OK)
        jig_strv_append(&s->out->faults, err.message);
    for (size_t i = 0; i < names.n; i++) {
        if (names.v[i][0] == '.')
            continue;
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        if (jig_readlog_is_dir(s->out->log, path))
            jig_strv_append(out, names.v[i]);
    }
    jig_strv_release(&names);
}

static bool has_file(struct scan *s, const char *dir, const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    return jig_readlog_exists(s->out->log, path);
}

static bool has_folder(struct scan *s, const char *dir, const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    return jig_readlog_is_dir(s->out->log, path);
}

static enum jig_code add_release(struct scan *s, const char *vendor, const char *arch,
                                 const char *version, const char *path)
{
    struct jig_hardware_scan *out = s->out;
    if (out->release_count >= JIG_HARDWARE_RELEASES_MAX)
        return jig_err_set(s->reterr, JIG_RESOURCE_EXHAUSTED,
                           "%s: there are more than %d installed platforms", path,
                           JIG_HARDWARE_RELEASES_MAX);
    out->releases =
        jig_grow(out->releases, &s->release_cap, out->release_count, sizeof *out->releases);
    out->releases[out->release_count++] = (struct jig_found_release){
        .vendor = jig_xstrdup(vendor),
        .arch = jig_xstrdup(arch),
        .version = jig_xstrdup(version),
        .path = jig_xstrdup(path),
        .folder = jig_xstrdup(s->folder),
    };
    return JIG_OK;
}

/* The version that platform.txt states; "" when it states none or cannot be read: then whoever asks
 * for the platform is told. */
static char *stated_version(struct scan *s, const char *path)
{
    JIG_CLEANUP_FREE char *file = jig_path_join(path, "platform.txt");
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *props = jig_props_new();
    bool found = false;
    char *version = NULL;
    if (jig_props_read(props, file, s->out->log, &found, NULL) != JIG_OK ||
        jig_props_expand_key(props, "version", &version, NULL) != JIG_OK)
        return jig_xstrdup("");
    return version;
}

/* ARCH holds boards.txt itself, or a folder for each version. */
static enum jig_code scan_arch(struct scan *s, const char *vendor, const char *arch,
                               const char *path)
{
    if (has_file(s, path, "boards.txt")) {
        JIG_CLEANUP_FREE char *version = stated_version(s, path);
        return add_release(s, vendor, arch, version, path);
    }
    struct jig_strv versions = {0};
    enum jig_code code = JIG_OK;
    list_folders(s, path, &versions);
    for (size_t i = 0; i < versions.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_join(path, versions.v[i]);
        if (has_file(s, dir, "boards.txt"))
            code = add_release(s, vendor, arch, versions.v[i], dir);
    }
    jig_strv_release(&versions);
    return code;
}

static enum jig_code add_tool(struct scan *s, const char *vendor, const char *name,
                              const char *version, char *path)
{
    struct jig_hardware_scan *out = s->out;
    if (out->tool_count >= JIG_HARDWARE_TOOLS_MAX) {
        jig_err_set(s->reterr, JIG_RESOURCE_EXHAUSTED, "%s: there are more than %d installed tools",
                    path, JIG_HARDWARE_TOOLS_MAX);
        free(path);
        return JIG_RESOURCE_EXHAUSTED;
    }
    out->tools = jig_grow(out->tools, &s->tool_cap, out->tool_count, sizeof *out->tools);
    out->tools[out->tool_count++] =
        (struct jig_tool){jig_xstrdup(vendor), jig_xstrdup(name), jig_xstrdup(version), path};
    return JIG_OK;
}

static enum jig_code scan_tool(struct scan *s, const char *vendor, const char *name,
                               const char *path)
{
    struct jig_strv versions = {0};
    enum jig_code code = JIG_OK;
    list_folders(s, path, &versions);
    for (size_t k = 0; k < versions.n && code == JIG_OK; k++)
        code = add_tool(s, vendor, name, versions.v[k], jig_path_join(path, versions.v[k]));
    jig_strv_release(&versions);
    return code;
}

static enum jig_code scan_tools(struct scan *s, const char *vendor, const char *path)
{
    struct jig_strv names = {0};
    enum jig_code code = JIG_OK;
    list_folders(s, path, &names);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_join(path, names.v[i]);
        code = scan_tool(s, vendor, names.v[i], dir);
    }
    jig_strv_release(&names);
    return code;
}

/* jig's own: FOLDER/KIND/VENDOR~NAME/VERSION. */
static enum jig_code scan_installed(struct scan *s, const char *folder, const char *kind,
                                    enum jig_code (*scan)(struct scan *s, const char *vendor,
                                                          const char *name, const char *path))
{
    JIG_CLEANUP_FREE char *path = jig_path_join(folder, kind);
    struct jig_strv names = {0};
    enum jig_code code = JIG_OK;
    list_folders(s, path, &names);
    s->folder = folder;
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *dir = jig_path_join(path, names.v[i]);
        char *tilde = strchr(names.v[i], '~');
        if (tilde == NULL)
            continue;
        *tilde = '\0';
        code = scan(s, names.v[i], tilde + 1, dir);
    }
    jig_strv_release(&names);
    return code;
}

/* The vendor's folder is often a link; its releases are known by their real paths, so that one that
 * is reached in two ways is one. The link itself is listed too, to see it point elsewhere. */
static char *real_folder(struct scan *s, const char *path)
{
    char *real = NULL;
    if (jig_fs_real(path, &real, NULL) != JIG_OK)
        return jig_xstrdup(path);
    if (!jig_streq(real, path)) {
        struct jig_strv seen = {0};
        list_folders(s, path, &seen);
        jig_strv_release(&seen);
    }
    return real;
}

static enum jig_code scan_vendor(struct scan *s, const char *vendor, const char *as_named)
{
    JIG_CLEANUP_FREE char *path = real_folder(s, as_named);
    JIG_CLEANUP_FREE char *below = jig_path_join(path, "hardware");
    const char *parent = jig_readlog_is_dir(s->out->log, below) ? below : path;
    struct jig_strv archs = {0};
    enum jig_code code = JIG_OK;
    list_folders(s, parent, &archs);
    for (size_t i = 0; i < archs.n && code == JIG_OK; i++) {
        if (jig_streq(archs.v[i], "tools"))
            continue;
        JIG_CLEANUP_FREE char *dir = jig_path_join(parent, archs.v[i]);
        code = scan_arch(s, vendor, archs.v[i], dir);
    }
    jig_strv_release(&archs);
    JIG_CLEANUP_FREE char *tools = jig_path_join(path, "tools");
    return code == JIG_OK ? scan_tools(s, vendor, tools) : code;
}

/* FOLDER/packages and FOLDER/hardware are hardware folders themselves, when FOLDER is the Boards
 * Manager's or a sketchbook: neither is a vendor's name. */
static bool is_inner(struct scan *s, const char *name, const char *path)
{
    return (jig_streq(name, "packages") || jig_streq(name, "hardware")) &&
           !has_folder(s, path, "hardware");
}

static enum jig_code scan_folder(struct scan *s, const char *folder, bool top)
{
    if (jig_streq(jig_path_base(folder), "installed")) {
        enum jig_code first = scan_installed(s, folder, "platforms", scan_arch);
        return first == JIG_OK ? scan_installed(s, folder, "toolchains", scan_tool) : first;
    }
    JIG_CLEANUP_FREE char *global = jig_path_join(folder, "platform.txt");
    struct jig_strv vendors = {0};
    bool found;
    enum jig_code code = jig_props_read(s->out->global, global, s->out->log, &found, s->reterr);
    if (code == JIG_OK)
        list_folders(s, folder, &vendors);
    for (size_t i = 0; i < vendors.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(folder, vendors.v[i]);
        if (jig_streq(vendors.v[i], "tools"))
            continue;
        if (top && is_inner(s, vendors.v[i], path)) {
            code = scan_folder(s, path, false);
        } else {
            s->folder = folder;
            code = scan_vendor(s, vendors.v[i], path);
        }
    }
    jig_strv_release(&vendors);
    return code;
}

/* DATA/system-tools.txt: NAME=FOLDER PROBE. Keeps those whose probe is there. */
static enum jig_code find_system_tools(struct scan *s, const char *data_dir)
{
    JIG_CLEANUP_FREE char *file = jig_path_join(data_dir, "system-tools.txt");
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *all = jig_props_new();
    bool found;
    enum jig_code code = jig_props_read(all, file, s->out->log, &found, s->reterr);
    const char *name;
    const char *value;
    for (size_t at = 0; code == JIG_OK && jig_props_next(all, &at, &name, &value);) {
        const char *blank = strchr(value, ' ');
        if (blank == NULL)
            return jig_err_set(s->reterr, JIG_INVALID_ARGUMENT,
                               "%s: the tool '%s' is not of the form NAME=FOLDER PROBE", file,
                               name);
        JIG_CLEANUP_FREE char *written = jig_xstrndup(value, (size_t)(blank - value));
        JIG_CLEANUP_FREE char *folder = jig_path_join(data_dir, written);
        if (has_file(s, folder, blank + 1))
            jig_props_set(s->out->system_tools, name, folder);
    }
    return code;
}

static int by_name(const void *a, const void *b)
{
    const struct jig_tool *x = a;
    const struct jig_tool *y = b;
    int c = strcmp(x->name, y->name);
    if (c == 0)
        c = jig_version_compare(y->version, x->version);
    if (c == 0)
        c = strcmp(x->vendor, y->vendor);
    return c != 0 ? c : strcmp(x->path, y->path);
}

enum jig_code jig_hardware_scan(const struct jig_strv *folders, const char *data_dir,
                                const char *overlays, struct jig_hardware_scan **ret,
                                struct jig_err *reterr)
{
    struct jig_hardware_scan *out = jig_new(struct jig_hardware_scan);
    out->log = jig_readlog_new();
    out->global = jig_props_new();
    out->system_tools = jig_props_new();
    struct scan s = {.out = out, .reterr = reterr};
    enum jig_code code = jig_overlays_load(data_dir, overlays, out->log, &out->overlays, reterr);
    if (code == JIG_OK)
        code = jig_piomap_load(data_dir, out->log, &out->piomap, reterr);
    if (code == JIG_OK)
        code = find_system_tools(&s, data_dir);
    if (code == JIG_OK && folders->n > JIG_HARDWARE_FOLDERS_MAX)
        code = jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "more than %d hardware folders are named", JIG_HARDWARE_FOLDERS_MAX);
    for (size_t i = 0; i < folders->n && code == JIG_OK; i++)
        code = scan_folder(&s, folders->v[i], true);
    if (out->tool_count > 1)
        qsort(out->tools, out->tool_count, sizeof *out->tools, by_name);
    if (code == JIG_OK)
        *ret = out;
    else
        jig_hardware_scan_free(out);
    return code;
}

void jig_hardware_scan_free(struct jig_hardware_scan *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->release_count; i++) {
        struct jig_found_release *r = &s->releases[i];
        free(r->vendor);
        free(r->arch);
        free(r->version);
        free(r->path);
        free(r->folder);
    }
    for (size_t i = 0; i < s->tool_count; i++) {
        struct jig_tool *t = &s->tools[i];
        free(t->vendor);
        free(t->name);
        free(t->version);
        free(t->path);
    }
    free(s->releases);
    free(s->tools);
    jig_strv_release(&s->faults);
    jig_props_free(s->global);
    jig_props_free(s->system_tools);
    jig_overlays_free(s->overlays);
    jig_piomap_free(s->piomap);
    jig_readlog_free(s->log);
    free(s);
}
