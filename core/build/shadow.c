#include "core/build/shadow.h"

#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

/* The folders of the include path, absolute and in order. */
static void include_path(const struct jig_trace *t, const char *build_dir, struct jig_strv *out)
{
    static const char *const options[] = {"-I", "-iquote", "-isystem"};
    for (size_t i = 0; i < t->argv.n; i++) {
        for (size_t k = 0; k < JIG_COUNT(options); k++) {
            if (!jig_str_starts(t->argv.v[i], options[k]))
                continue;
            const char *dir = t->argv.v[i] + strlen(options[k]);
            if (dir[0] == '\0' && i + 1 < t->argv.n)
                dir = t->argv.v[++i];
            JIG_CLEANUP_FREE char *absolute = jig_build_absolute(build_dir, dir);
            if (absolute[0] == '/')
                jig_strv_add_unique(out, absolute);
            break;
        }
    }
}

/* What a header may have been called by those that included it, and how many folders of the path
 * are searched before the one that it was found in. */
struct spelling {
    const char *name; /* into the header's path */
    size_t before;
};

#define MOST_SPELLINGS 8

static size_t spellings(const char *header, const struct jig_strv *path,
                        struct spelling out[MOST_SPELLINGS])
{
    size_t n = 0;
    for (size_t i = 0; i < path->n && n < MOST_SPELLINGS - 1; i++) {
        size_t len = strlen(path->v[i]);
        if (strncmp(header, path->v[i], len) == 0 && header[len] == '/')
            out[n++] = (struct spelling){header + len + 1, i};
    }
    if (n > 0)
        return n;
    const char *system = NULL; /* of the compiler's own folders: behind the last include/ */
    for (const char *at = strstr(header, "/include"); at != NULL; at = strstr(at + 1, "/include"))
        system = strchr(at + 1, '/');
    out[0] = (struct spelling){system != NULL ? system + 1 : jig_path_base(header), path->n};
    return 1;
}

/* The folders that headers and sources were read from, and so perhaps included from. */
static void includers(const struct jig_trace *t, const char *build_dir, const struct jig_strv *path,
                      struct jig_strv *out)
{
    struct jig_map seen;
    jig_map_init(&seen, NULL);
    for (size_t i = 0; i < t->input_count; i++) {
        JIG_CLEANUP_FREE char *file = jig_build_absolute(build_dir, t->inputs[i].path);
        JIG_CLEANUP_FREE char *dir = jig_path_dir(file);
        struct spelling found[MOST_SPELLINGS];
        bool is_system = spellings(file, path, found) > 0 && found[0].before == path->n && i > 0 &&
                         strstr(file, "/include") != NULL;
        if (is_system || jig_map_has(&seen, dir))
            continue;
        jig_map_set(&seen, dir, out);
        jig_strv_append(out, dir);
    }
    jig_map_release(&seen);
}

static bool is_searched(const struct jig_trace *t, const char *path)
{
    for (size_t i = 0; i < t->searched_count; i++) {
        if (strcmp(t->searched[i].path, path) == 0)
            return true;
    }
    return false;
}

static void add_searched(struct jig_trace *t, size_t *cap, const char *dir, const char *build_dir,
                         struct jig_files *files)
{
    struct jig_file_content content;
    JIG_CLEANUP_FREE char *relative = jig_build_relative(build_dir, dir);
    if (is_searched(t, relative) || jig_files_look(files, dir, &content, NULL) != JIG_OK ||
        !content.is_dir)
        return;
    t->searched = jig_grow(t->searched, cap, t->searched_count, sizeof *t->searched);
    t->searched[t->searched_count++] =
        (struct jig_trace_file){jig_xstrdup(relative), content.sha256};
}

/* A folder of the path, and those folders below it that a header's name with a '/' leads into. */
static void add_below(struct jig_trace *t, size_t *cap, const char *dir,
                      const struct jig_strv *path, const char *build_dir, struct jig_files *files)
{
    add_searched(t, cap, dir, build_dir, files);
    for (size_t i = 0; i < t->input_count; i++) {
        JIG_CLEANUP_FREE char *header = jig_build_absolute(build_dir, t->inputs[i].path);
        struct spelling found[MOST_SPELLINGS];
        size_t n = spellings(header, path, found);
        for (size_t k = 0; k < n; k++) {
            if (strchr(found[k].name, '/') == NULL)
                continue;
            JIG_CLEANUP_FREE char *name_dir = jig_path_dir(found[k].name);
            JIG_CLEANUP_FREE char *below = jig_path_join(dir, name_dir);
            add_searched(t, cap, below, build_dir, files);
        }
    }
}

void jig_shadow_record(struct jig_trace *t, const char *build_dir, struct jig_files *files)
{
    struct jig_strv path = {0};
    struct jig_strv dirs = {0};
    size_t cap = 0;
    include_path(t, build_dir, &path);
    includers(t, build_dir, &path, &dirs);
    for (size_t i = 0; i < path.n; i++)
        add_below(t, &cap, path.v[i], &path, build_dir, files);
    for (size_t i = 0; i < dirs.n; i++)
        add_searched(t, &cap, dirs.v[i], build_dir, files);
    jig_strv_release(&path);
    jig_strv_release(&dirs);
}

/* The file that would be found in place of `header`, or NULL. */
static char *shadow_of(const char *header, const struct jig_strv *path, const struct jig_strv *dirs,
                       const struct jig_map *inputs)
{
    struct spelling found[MOST_SPELLINGS];
    size_t n = spellings(header, path, found);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < found[k].before + dirs->n; i++) {
            const char *dir = i < found[k].before ? path->v[i] : dirs->v[i - found[k].before];
            char *candidate = jig_path_join(dir, found[k].name);
            if (!jig_map_has(inputs, candidate) && jig_fs_is_file(candidate))
                return candidate;
            free(candidate);
        }
    }
    return NULL;
}

static char *look_everywhere(const struct jig_trace *t, const char *build_dir)
{
    struct jig_strv path = {0};
    struct jig_strv dirs = {0};
    struct jig_map inputs;
    jig_map_init(&inputs, NULL);
    include_path(t, build_dir, &path);
    includers(t, build_dir, &path, &dirs);
    struct jig_strv headers = {0};
    for (size_t i = 0; i < t->input_count; i++) {
        jig_strv_append_take(&headers, jig_build_absolute(build_dir, t->inputs[i].path));
        jig_map_set(&inputs, headers.v[i], &path);
    }
    char *shadow = NULL;
    for (size_t i = 0; shadow == NULL && i < headers.n; i++)
        shadow = shadow_of(headers.v[i], &path, &dirs, &inputs);
    jig_strv_release(&headers);
    jig_strv_release(&path);
    jig_strv_release(&dirs);
    jig_map_release(&inputs);
    return shadow;
}

char *jig_shadow_find(struct jig_trace *t, const char *build_dir, struct jig_files *files,
                      bool *ret_updated)
{
    struct jig_digest *now = jig_xcalloc(t->searched_count, sizeof *now);
    bool changed = false;
    for (size_t i = 0; i < t->searched_count; i++) {
        JIG_CLEANUP_FREE char *dir = jig_build_absolute(build_dir, t->searched[i].path);
        struct jig_file_content content;
        if (jig_files_look(files, dir, &content, NULL) == JIG_OK)
            now[i] = content.sha256;
        changed = changed || !jig_digest_equal(&now[i], &t->searched[i].sha256);
    }
    char *shadow = changed ? look_everywhere(t, build_dir) : NULL;
    *ret_updated = changed && shadow == NULL;
    for (size_t i = 0; *ret_updated && i < t->searched_count; i++)
        t->searched[i].sha256 = now[i];
    free(now);
    return shadow;
}
