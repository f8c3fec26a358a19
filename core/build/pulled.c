#include "core/build/pulled.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

/* What follows `dir` and a slash; NULL when the path is not below it. */
static const char *below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && path[n] == '/' ? path + n + 1 : NULL;
}

char *jig_pulled_twin(const struct jig_build_request *q, const char *path)
{
    if (q->pulled == NULL)
        return NULL;
    const char *relative = below(path, q->project->root);
    return relative != NULL ? jig_path_join(q->pulled, relative) : NULL;
}

char *jig_pulled_find(const struct jig_build_request *q, const char *path)
{
    if (jig_fs_exists(path))
        return jig_xstrdup(path);
    char *twin = jig_pulled_twin(q, path);
    if (twin != NULL && jig_fs_exists(twin))
        return twin;
    free(twin);
    return NULL;
}

void jig_pulled_dirs(const struct jig_build_request *q, struct jig_strv *dirs)
{
    struct jig_strv out = {0};
    if (q->pulled == NULL)
        return;
    for (size_t i = 0; i < dirs->n; i++) {
        char *twin = jig_pulled_twin(q, dirs->v[i]);
        jig_strv_append(&out, dirs->v[i]);
        if (twin != NULL && jig_fs_is_dir(twin))
            jig_strv_append_take(&out, twin);
        else
            free(twin);
    }
    jig_strv_release(dirs);
    *dirs = out;
}

void jig_pulled_quote_words(const struct jig_build_request *q, const char *source,
                            struct jig_strv *argv)
{
    if (q->pulled == NULL)
        return;
    JIG_CLEANUP_FREE char *dir = jig_path_dir(source);
    const char *relative = below(dir, q->pulled);
    char *other =
        relative != NULL ? jig_path_join(q->project->root, relative) : jig_pulled_twin(q, dir);
    if (other == NULL || !jig_fs_is_dir(other)) {
        free(other);
        return;
    }
    jig_strv_append(argv, "-iquote");
    jig_strv_append_take(argv, other);
}

/* ---- the link ---- */

/* A script's path: relative ones are the project's. NULL: as it is. */
static char *find_script(const struct jig_build_request *q, const char *value)
{
    JIG_CLEANUP_FREE char *path = jig_path_absolute(q->project->root, value);
    char *found = jig_pulled_find(q, path);
    if (found != NULL && strcmp(found, value) != 0)
        return found;
    free(found);
    return NULL;
}

/* Replaces what stands in a word behind `prefix` bytes. */
static void replace(struct jig_strv *words, size_t i, size_t prefix, char *found)
{
    if (found == NULL)
        return;
    char *word = jig_strf("%.*s%s", (int)prefix, words->v[i], found);
    free(words->v[i]);
    free(found);
    words->v[i] = word;
}

static void find_in_words(const struct jig_build_request *q, struct jig_strv *words, size_t from)
{
    static const char *const scripts[] = {"--script=", "--script", "-T"};
    for (size_t i = from; i < words->n; i++) {
        size_t k = 0;
        while (k < JIG_COUNT(scripts) && !jig_str_starts(words->v[i], scripts[k]))
            k++;
        size_t n = k < JIG_COUNT(scripts) ? strlen(scripts[k]) : 0;
        bool joined = n > 0 && words->v[i][n] != '\0';
        /* -Ttext=0x100 and its kin are numbers */
        if (joined && strcmp(scripts[k], "-T") == 0 && strchr(words->v[i], '=') != NULL)
            continue;
        if (joined)
            replace(words, i, n, find_script(q, words->v[i] + n));
        else if (n > 0 && i + 1 < words->n) {
            i++;
            replace(words, i, 0, find_script(q, words->v[i]));
        } else if (words->v[i][0] == '/')
            replace(words, i, 0, find_script(q, words->v[i]));
    }
}

void jig_pulled_link_words(const struct jig_build_request *q, struct jig_strv *argv, size_t from)
{
    find_in_words(q, argv, from);
    for (size_t i = from; i < argv->n; i++) {
        struct jig_strv parts = {0};
        if (!jig_str_starts(argv->v[i], "-Wl,"))
            continue;
        jig_str_split(argv->v[i] + strlen("-Wl,"), ",", true, &parts);
        find_in_words(q, &parts, 0);
        JIG_CLEANUP_FREE char *joined = jig_strv_join(&parts, ",");
        jig_strv_release(&parts);
        free(argv->v[i]);
        argv->v[i] = jig_strf("-Wl,%s", joined);
    }
}
