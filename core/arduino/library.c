#include "core/arduino/library.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/src_filter.h"
#include "core/os/fs.h"

#define PROPERTIES_MAX (1u << 20) /* bytes */

/* --- library.properties ---------------------------------------------------------------------- */

static char *trimmed(const struct jig_props *p, const char *key)
{
    return jig_xstrdup(jig_props_get_or(p, key, ""));
}

/* "a, b" -> a, b; empty fields are left out. */
static void split_list(const char *text, struct jig_strv *out)
{
    struct jig_strv fields = {0};
    jig_str_split(text, ",", false, &fields);
    for (size_t i = 0; i < fields.n; i++) {
        const char *field = jig_str_trim(fields.v[i]);
        if (field[0] != '\0')
            jig_strv_append(out, field);
    }
    jig_strv_release(&fields);
}

static void replace(char **field, char *value)
{
    free(*field);
    *field = value;
}

static void take_properties(struct jig_library *lib)
{
    const struct jig_props *p = lib->props;
    const char *name = jig_props_get_or(p, "name", "");
    lib->named = name[0] != '\0';
    if (lib->named)
        replace(&lib->name, jig_xstrdup(name));
    replace(&lib->version, trimmed(p, "version"));
    replace(&lib->ldflags, trimmed(p, "ldflags"));
    jig_strv_clear(&lib->architectures);
    split_list(jig_props_get_or(p, "architectures", ""), &lib->architectures);
    split_list(jig_props_get_or(p, "includes", ""), &lib->includes);
    split_list(jig_props_get_or(p, "depends", ""), &lib->depends);
    lib->dot_a_linkage = jig_props_true(p, "dot_a_linkage");
    const char *precompiled = jig_props_get_or(p, "precompiled", "");
    lib->precompiled_full = jig_streq(precompiled, "full");
    lib->precompiled = lib->precompiled_full || jig_streq(precompiled, "true");
}

enum jig_code jig_library_parse(struct jig_library *lib, const char *name, const char *text,
                                size_t n, struct jig_err *reterr)
{
    if (lib->props == NULL)
        lib->props = jig_props_new();
    enum jig_code code = jig_props_parse(lib->props, name, text, n, reterr);
    if (code == JIG_OK)
        take_properties(lib);
    return code;
}

/* Reads a file of the library's; *ret_path is where it was, or would be. The caller frees. */
static enum jig_code read_file(const struct jig_library *lib, const char *name,
                               struct jig_readlog *log, struct jig_buf *text, char **ret_path,
                               bool *ret_found, struct jig_err *reterr)
{
    *ret_path = jig_path_join(lib->path, name);
    enum jig_code code = jig_readlog_file(log, *ret_path, text, ret_found, reterr);
    if (code != JIG_OK || *ret_found || lib->twin == NULL)
        return code;
    free(*ret_path);
    *ret_path = jig_path_join(lib->twin, name);
    return jig_readlog_file(log, *ret_path, text, ret_found, reterr);
}

static enum jig_code load_properties(struct jig_library *lib, struct jig_readlog *log,
                                     struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = NULL;
    struct jig_buf text;
    jig_buf_init(&text, PROPERTIES_MAX);
    bool found = false;
    enum jig_code code = read_file(lib, "library.properties", log, &text, &path, &found, reterr);
    lib->legacy = !found;
    if (code == JIG_OK && found)
        code = jig_library_parse(lib, path, text.data, text.len, reterr);
    jig_buf_release(&text);
    return code;
}

/* --- library.json ----------------------------------------------------------------------------- */

/* A string, or an array of strings with blanks between them. NULL for anything else. */
static char *text_or_list(const json_t *value)
{
    if (json_is_string(value))
        return jig_xstrdup(json_string_value(value));
    struct jig_strv words = {0};
    size_t i;
    json_t *word;
    json_array_foreach(value, i, word)
    {
        if (json_is_string(word))
            jig_strv_append(&words, json_string_value(word));
    }
    char *text = words.n > 0 ? jig_strv_join(&words, " ") : NULL;
    jig_strv_release(&words);
    return text;
}

static void take_json(struct jig_library *lib, const json_t *root, const char **src_dir,
                      const char **include_dir)
{
    const char *name = json_string_value(json_object_get(root, "name"));
    const char *version = json_string_value(json_object_get(root, "version"));
    const json_t *build = json_object_get(root, "build");
    if (name != NULL && name[0] != '\0') {
        replace(&lib->name, jig_xstrdup(name));
        lib->named = true;
    }
    if (version != NULL)
        replace(&lib->version, jig_xstrdup(version));
    replace(&lib->src_filter, text_or_list(json_object_get(build, "srcFilter")));
    replace(&lib->flags, text_or_list(json_object_get(build, "flags")));
    *src_dir = json_string_value(json_object_get(build, "srcDir"));
    *include_dir = json_string_value(json_object_get(build, "includeDir"));
}

/* A folder of the library's, and its twin: NULL where there is none. With only the latter, that is
 * the library's. False when there is neither. */
static bool find_folder(const struct jig_library *lib, const char *name, struct jig_readlog *log,
                        char **dir, char **twin_dir)
{
    JIG_CLEANUP_FREE char *own = jig_path_absolute(lib->path, name);
    JIG_CLEANUP_FREE char *twin = lib->twin != NULL ? jig_path_absolute(lib->twin, name) : NULL;
    bool has_own = jig_readlog_is_dir(log, own);
    bool has_twin = twin != NULL && !jig_streq(twin, own) && jig_readlog_is_dir(log, twin);
    if (!has_own && !has_twin)
        return false;
    replace(twin_dir, has_own && has_twin ? jig_xstrdup(twin) : NULL);
    replace(dir, jig_steal(has_own ? &own : &twin));
    return true;
}

/* The folders of a project library: what library.json says, else src/ and include/, else LIB. */
static void project_folders(struct jig_library *lib, const char *src_dir, const char *include_dir,
                            struct jig_readlog *log)
{
    (void)find_folder(lib, src_dir != NULL ? src_dir : "src", log, &lib->source_dir,
                      &lib->twin_source_dir);
    if (find_folder(lib, include_dir != NULL ? include_dir : "include", log, &lib->include_dir,
                    &lib->twin_include_dir) &&
        jig_streq(lib->include_dir, lib->source_dir)) {
        replace(&lib->include_dir, NULL);
        replace(&lib->twin_include_dir, NULL);
    }
    lib->layout = JIG_LAYOUT_PROJECT;
}

static enum jig_code load_project(struct jig_library *lib, struct jig_readlog *log,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = NULL;
    struct jig_buf text;
    jig_buf_init(&text, PROPERTIES_MAX);
    bool found = false;
    const char *src_dir = NULL;
    const char *include_dir = NULL;
    json_error_t where;
    json_t *root = NULL;
    enum jig_code code = read_file(lib, "library.json", log, &text, &path, &found, reterr);
    if (code == JIG_OK && found) {
        root = json_loadb(text.data, text.len, 0, &where);
        if (root == NULL)
            code = jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s:%d: %s", path, where.line,
                               where.text);
        else
            take_json(lib, root, &src_dir, &include_dir);
    }
    if (code == JIG_OK)
        project_folders(lib, src_dir, include_dir, log);
    json_decref(root);
    jig_buf_release(&text);
    return code;
}

/* --- loading ---------------------------------------------------------------------------------- */

static void arduino_folders(struct jig_library *lib, struct jig_readlog *log)
{
    JIG_CLEANUP_FREE char *src = jig_path_join(lib->path, "src");
    lib->layout = JIG_LAYOUT_RECURSIVE;
    if (!lib->legacy && find_folder(lib, "src", log, &lib->source_dir, &lib->twin_source_dir))
        return;
    if (!lib->legacy && jig_readlog_exists(log, src)) { /* whatever it is */
        replace(&lib->source_dir, jig_steal(&src));
        return;
    }
    lib->layout = JIG_LAYOUT_FLAT;
    (void)find_folder(lib, "utility", log, &lib->utility_dir, &lib->twin_utility_dir);
}

static enum jig_code collect_headers(struct jig_library *lib, struct jig_readlog *log,
                                     struct jig_err *reterr)
{
    struct jig_strv dirs = {0};
    enum jig_code code = JIG_OK;
    jig_library_include_dirs(lib, &dirs);
    for (size_t d = 0; code == JIG_OK && d < dirs.n; d++) {
        struct jig_strv names = {0};
        code = jig_readlog_list(log, dirs.v[d], &names, reterr);
        for (size_t i = 0; i < names.n; i++) {
            if (jig_is_header(names.v[i]))
                jig_strv_add_unique(&lib->headers, names.v[i]);
        }
        jig_strv_release(&names);
    }
    jig_strv_release(&dirs);
    return code;
}

static enum jig_code load(struct jig_library *lib, struct jig_readlog *log, struct jig_err *reterr)
{
    enum jig_code code = load_properties(lib, log, reterr);
    if (code != JIG_OK)
        return code;
    if (lib->legacy && lib->location == JIG_LIBRARY_PROJECT)
        code = load_project(lib, log, reterr);
    else
        arduino_folders(lib, log);
    if (code == JIG_OK)
        code = collect_headers(lib, log, reterr);
    if (code == JIG_OK && lib->legacy && lib->headers.n == 0)
        code = jig_err_set(reterr, JIG_NOT_FOUND,
                           "%s is no library: it has neither library.properties nor a header file",
                           lib->path);
    return code;
}

enum jig_code jig_library_load(const char *path, const char *twin,
                               enum jig_library_location location, struct jig_readlog *log,
                               struct jig_library **ret, struct jig_err *reterr)
{
    struct jig_library *lib = jig_new(struct jig_library);
    lib->path = jig_xstrdup(path);
    lib->dir_name = jig_xstrdup(jig_path_base(path));
    lib->name = jig_xstrdup(lib->dir_name);
    lib->version = jig_xstrdup("");
    lib->ldflags = jig_xstrdup("");
    lib->source_dir = jig_xstrdup(path);
    lib->twin = jig_xstrdup(twin);
    lib->twin_source_dir = jig_xstrdup(twin);
    lib->location = location;
    lib->props = jig_props_new();
    enum jig_code code = load(lib, log, reterr);
    if (lib->architectures.n == 0)
        jig_strv_append(&lib->architectures, "*");
    if (code == JIG_OK)
        *ret = lib;
    else
        jig_library_free(lib);
    return code;
}

void jig_library_free(struct jig_library *lib)
{
    if (lib == NULL)
        return;
    free(lib->name);
    free(lib->dir_name);
    free(lib->path);
    free(lib->source_dir);
    free(lib->utility_dir);
    free(lib->include_dir);
    free(lib->twin);
    free(lib->twin_source_dir);
    free(lib->twin_utility_dir);
    free(lib->twin_include_dir);
    free(lib->src_filter);
    free(lib->flags);
    free(lib->version);
    free(lib->ldflags);
    jig_strv_release(&lib->architectures);
    jig_strv_release(&lib->includes);
    jig_strv_release(&lib->depends);
    jig_strv_release(&lib->headers);
    jig_props_free(lib->props);
    free(lib);
}

/* --- asking ----------------------------------------------------------------------------------- */

bool jig_library_fits(const struct jig_library *lib, const char *arch)
{
    return jig_strv_contains(&lib->architectures, "*") ||
           jig_strv_contains(&lib->architectures, arch);
}

char *jig_library_label(const struct jig_library *lib)
{
    return jig_strf("%s%s%s", lib->name, lib->version[0] != '\0' ? "@" : "", lib->version);
}

/* PlatformIO's for a library without src/ and without a filter of its own. */
#define WITHOUT_SRC "+<*> -<.git/> -<.svn/> -<example/> -<examples/> -<test/> -<tests/>"

/* The filter that a project library's sources have to pass; NULL: all of them. */
static const char *filter_of(const struct jig_library *lib)
{
    if (lib->layout != JIG_LAYOUT_PROJECT)
        return NULL;
    if (lib->src_filter != NULL)
        return lib->src_filter;
    return jig_streq(lib->source_dir, lib->path) ? WITHOUT_SRC : NULL;
}

/* Takes out the items from `from` on that the filter does not name. */
static enum jig_code apply_filter(const struct jig_library *lib, const char *text,
                                  struct jig_sources *s, size_t from, struct jig_err *reterr)
{
    struct jig_src_filter *filter = jig_src_filter_new(text);
    struct jig_strv passed = {0};
    struct jig_map names;
    jig_map_init(&names, NULL);
    enum jig_code code = jig_src_filter_collect(filter, lib->source_dir, NULL, &passed, reterr);
    if (code == JIG_OK && lib->twin_source_dir != NULL)
        code = jig_src_filter_collect(filter, lib->twin_source_dir, NULL, &passed, reterr);
    for (size_t i = 0; i < passed.n; i++)
        jig_map_set(&names, passed.v[i], s);
    size_t kept = from;
    for (size_t i = from; i < s->n; i++) {
        const char *object = s->items[i].object;
        JIG_CLEANUP_FREE char *relative = jig_xstrndup(object, strlen(object) - strlen(".o"));
        if (jig_map_has(&names, relative)) {
            s->items[kept++] = s->items[i];
            continue;
        }
        free(s->items[i].path);
        free(s->items[i].object);
    }
    s->n = kept;
    jig_map_release(&names);
    jig_strv_release(&passed);
    jig_src_filter_free(filter);
    return code;
}

/* A folder of sources, and its twin (may be NULL). */
struct source_folder {
    const char *dir;
    const char *twin;
    const char *below; /* of their objects' names */
    bool recurse;
};

static enum jig_code find_sources(const struct source_folder *f, struct jig_readlog *log,
                                  struct jig_sources *out, struct jig_err *reterr)
{
    size_t from = out->n;
    struct jig_sources more = {0};
    enum jig_code code = jig_sources_find(f->dir, f->recurse, f->below, log, out, reterr);
    if (code == JIG_OK && f->twin != NULL)
        code = jig_sources_find(f->twin, f->recurse, f->below, log, &more, reterr);
    if (code == JIG_OK && more.n > 0)
        code = jig_sources_join_take(out, from, &more, reterr);
    jig_sources_release(&more);
    return code;
}

enum jig_code jig_library_sources(const struct jig_library *lib, bool link_order,
                                  struct jig_readlog *log, struct jig_sources *out,
                                  struct jig_err *reterr)
{
    size_t from = out->n;
    const struct source_folder main = {.dir = lib->source_dir,
                                       .twin = lib->twin_source_dir,
                                       .below = "",
                                       .recurse = lib->layout != JIG_LAYOUT_FLAT};
    const struct source_folder utility = {
        .dir = lib->utility_dir, .twin = lib->twin_utility_dir, .below = "utility/"};
    enum jig_code code = find_sources(&main, log, out, reterr);
    if (code == JIG_OK && filter_of(lib) != NULL)
        code = apply_filter(lib, filter_of(lib), out, from, reterr);
    if (link_order)
        jig_sources_sort(out, from);
    from = out->n;
    if (code == JIG_OK && lib->utility_dir != NULL)
        code = find_sources(&utility, log, out, reterr);
    if (link_order)
        jig_sources_sort(out, from);
    return code;
}

void jig_library_include_dirs(const struct jig_library *lib, struct jig_strv *out)
{
    const char *const dirs[] = {lib->source_dir, lib->twin_source_dir, lib->include_dir,
                                lib->twin_include_dir};
    for (size_t i = 0; i < JIG_COUNT(dirs); i++) {
        if (dirs[i] != NULL)
            jig_strv_append(out, dirs[i]);
    }
}
