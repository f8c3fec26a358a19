#include "service/deployer/recipe.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define HOW_MAX (1u << 20)

/* What may end a file's name within a word: "flash:w:FILE:i", "program {FILE} verify". */
#define ENDS ":,;\"'{}()= "

/* ---- how ---- */

/* The word with each `what` in it replaced. */
static char *replaced(const char *word, const char *what, const char *by)
{
    struct jig_buf out;
    jig_buf_init(&out, HOW_MAX);
    for (const char *at; (at = strstr(word, what)) != NULL; word = at + strlen(what)) {
        jig_buf_append(&out, word, (size_t)(at - word));
        jig_buf_puts(&out, by);
    }
    jig_buf_puts(&out, word);
    char *text = jig_buf_steal(&out);
    return text != NULL ? text : jig_xstrdup(word);
}

static char *make_how(const struct jig_strv *argv, const char *dir, const char *name)
{
    JIG_CLEANUP_FREE char *prefix = jig_strf("%s/%s", dir, name);
    struct jig_strv words = {0};
    for (size_t i = 0; i < argv->n; i++) {
        JIG_CLEANUP_FREE char *named = replaced(argv->v[i], prefix, "<image>");
        jig_strv_append_take(&words, replaced(named, dir, "<folder>"));
    }
    char *how = jig_strv_join(&words, "\n");
    jig_strv_release(&words);
    return how;
}

/* ---- files ---- */

static bool leads_out(const char *relative)
{
    return strcmp(relative, "..") == 0 || jig_str_starts(relative, "../") ||
           strstr(relative, "/../") != NULL || jig_str_ends(relative, "/..");
}

/* The longest beginning of `rest` that is a file in the folder. */
static void take_file(const char *dir, const char *rest, struct jig_strv *out)
{
    JIG_CLEANUP_FREE char *relative = jig_xstrdup(rest);
    for (size_t n = strlen(relative); n > 0; n--) {
        if (rest[n] != '\0' && strchr(ENDS, rest[n]) == NULL)
            continue;
        relative[n] = '\0';
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, relative);
        if (leads_out(relative) || !jig_fs_is_file(path))
            continue;
        jig_strv_add_unique(out, relative);
        return;
    }
}

static void take_folder(const char *dir, struct jig_strv *out)
{
    struct jig_strv names = {0};
    if (jig_fs_list(dir, &names, NULL) != JIG_OK)
        names.n = 0;
    for (size_t i = 0; i < names.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        if (names.v[i][0] != '.' && jig_fs_is_file(path))
            jig_strv_add_unique(out, names.v[i]);
    }
    jig_strv_release(&names);
}

static void take_word(const char *dir, const char *word, struct jig_strv *out)
{
    size_t n = strlen(dir);
    for (const char *at; (at = strstr(word, dir)) != NULL; word = at + n) {
        char next = at[n];
        if (next == '/' && at[n + 1] != '\0')
            take_file(dir, at + n + 1, out);
        else if (next == '\0' || next == '/' || strchr(ENDS, next) != NULL)
            take_folder(dir, out);
    }
}

struct recipe *recipe_new(const struct jig_strv *argv, const char *dir, const char *name)
{
    struct recipe *r = jig_new(struct recipe);
    r->how = make_how(argv, dir, name);
    for (size_t i = 1; i < argv->n; i++)
        take_word(dir, argv->v[i], &r->files);
    return r;
}

struct recipe *recipe_copy(const struct recipe *r)
{
    struct recipe *copy = jig_new(struct recipe);
    copy->how = jig_xstrdup(r->how);
    jig_strv_extend(&copy->files, &r->files);
    return copy;
}

void recipe_free(void *recipe)
{
    struct recipe *r = recipe;
    if (r == NULL)
        return;
    free(r->how);
    jig_strv_release(&r->files);
    free(r);
}
