#include "core/packages/gittree.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define LINE_MAX_BYTES (64u << 10)
#define COMMIT_LEN     40
#define SUBMODULE      "160000"

/* ---- listings ---- */

void jig_git_tree_init(struct jig_git_tree *t, uint64_t most_entries, uint64_t most_bytes)
{
    *t = (struct jig_git_tree){.most_entries = most_entries, .most_bytes = most_bytes};
    jig_buf_init(&t->line, LINE_MAX_BYTES);
}

void jig_git_tree_release(struct jig_git_tree *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->links[i].path);
    free(t->links);
    jig_buf_release(&t->line);
    *t = (struct jig_git_tree){0};
}

static void say(struct jig_git_tree *t, enum jig_code code, const char *wrong)
{
    if (t->code != JIG_OK)
        return;
    t->code = code;
    t->wrong = wrong;
}

static void add_link(struct jig_git_tree *t, const char *commit, const char *path)
{
    if (t->n >= JIG_GIT_SUBMODULES_MAX) {
        say(t, JIG_RESOURCE_EXHAUSTED, "has more submodules than are taken");
        return;
    }
    t->links = jig_grow(t->links, &t->cap, t->n, sizeof *t->links);
    struct jig_git_link *link = &t->links[t->n++];
    link->path = jig_xstrdup(path);
    memcpy(link->commit, commit, COMMIT_LEN);
    link->commit[COMMIT_LEN] = '\0';
}

/* "100644 blob COMMIT    1234<TAB>path", with '-' for the size of what is no file. */
static void take_line(struct jig_git_tree *t, char *line)
{
    char *words[4] = {NULL};
    char *rest = line;
    char *tab = strchr(line, '\t');
    size_t n = 0;
    if (tab != NULL)
        *tab = '\0';
    for (char *word; n < 4 && (word = strsep(&rest, " ")) != NULL;) {
        if (word[0] != '\0')
            words[n++] = word;
    }
    uint64_t size = 0;
    bool is_link = n == 4 && strcmp(words[0], SUBMODULE) == 0;
    if (tab == NULL || n != 4 || rest != NULL || tab[1] == '\0' ||
        strspn(words[2], "0123456789abcdef") != COMMIT_LEN || words[2][COMMIT_LEN] != '\0' ||
        (!is_link && !jig_parse_u64(words[3], &size))) {
        say(t, JIG_DATA_LOSS, "cannot be listed");
        return;
    }
    t->entries++;
    if (t->entries > t->most_entries)
        say(t, JIG_RESOURCE_EXHAUSTED, "has more files than are taken");
    if (size > t->most_bytes - t->bytes)
        say(t, JIG_RESOURCE_EXHAUSTED, "has more bytes in its files than are taken");
    else
        t->bytes += size;
    if (is_link)
        add_link(t, words[2], tab + 1);
}

void jig_git_tree_feed(struct jig_git_tree *t, const char *data, size_t n)
{
    while (n > 0 && t->code == JIG_OK) {
        const char *end = memchr(data, '\0', n);
        size_t part = end != NULL ? (size_t)(end - data) : n;
        jig_buf_append(&t->line, data, part);
        if (t->line.failed)
            say(t, JIG_DATA_LOSS, "cannot be listed");
        else if (end != NULL)
            take_line(t, t->line.data);
        if (end != NULL)
            jig_buf_clear(&t->line);
        part += end != NULL;
        data += part;
        n -= part;
    }
}

enum jig_code jig_git_tree_end(const struct jig_git_tree *t, struct jig_err *reterr)
{
    if (t->code == JIG_RESOURCE_EXHAUSTED)
        return jig_err_set(reterr, t->code, "it %s (%llu files, %llu MiB)", t->wrong,
                           (unsigned long long)t->most_entries,
                           (unsigned long long)(t->most_bytes >> 20));
    if (t->code == JIG_OK && t->line.len == 0)
        return JIG_OK;
    return jig_err_set(reterr, JIG_DATA_LOSS, "what is in it cannot be listed");
}

/* ---- .gitmodules ---- */

void jig_git_modules_release(struct jig_git_modules *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->items[i].name);
        free(m->items[i].path);
        free(m->items[i].url);
    }
    free(m->items);
    *m = (struct jig_git_modules){0};
}

static struct jig_git_module *module_named(struct jig_git_modules *m, const char *name, size_t n)
{
    for (size_t i = 0; i < m->n; i++) {
        if (strlen(m->items[i].name) == n && memcmp(m->items[i].name, name, n) == 0)
            return &m->items[i];
    }
    if (m->n >= JIG_GIT_SUBMODULES_MAX)
        return NULL;
    m->items = jig_grow(m->items, &m->cap, m->n, sizeof *m->items);
    m->items[m->n] = (struct jig_git_module){.name = jig_xstrndup(name, n)};
    return &m->items[m->n++];
}

/* "submodule.NAME.url", and NAME may have dots. */
static bool take_setting(struct jig_git_modules *m, const char *key, const char *value)
{
    static const char start[] = "submodule.";
    const char *dot = strrchr(key, '.');
    if (!jig_str_starts(key, start) || dot < key + strlen(start))
        return true;
    bool is_path = jig_streq(dot, ".path");
    if (!is_path && !jig_streq(dot, ".url"))
        return true;
    const char *name = key + strlen(start);
    struct jig_git_module *module = module_named(m, name, (size_t)(dot - name));
    if (module == NULL)
        return false;
    char **place = is_path ? &module->path : &module->url;
    free(*place);
    *place = jig_xstrdup(value);
    return true;
}

enum jig_code jig_git_modules(const char *text, size_t n, struct jig_git_modules *ret,
                              struct jig_err *reterr)
{
    struct jig_git_modules m = {0};
    bool all = true;
    for (size_t at = 0; all && at < n;) {
        JIG_CLEANUP_FREE char *one = jig_xstrndup(text + at, n - at);
        at += strlen(one) + 1;
        char *value = strchr(one, '\n'); /* none: a key without "=" */
        if (value == NULL)
            continue;
        *value = '\0';
        all = take_setting(&m, one, value + 1);
    }
    if (all) {
        *ret = m;
        return JIG_OK;
    }
    jig_git_modules_release(&m);
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "it has more than %d submodules",
                       JIG_GIT_SUBMODULES_MAX);
}

const char *jig_git_module_url(const struct jig_git_modules *m, const char *path)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->items[i].path != NULL && jig_streq(m->items[i].path, path))
            return m->items[i].url;
    }
    return NULL;
}

/* Without its last part. What names the host is never cut: "https://h", "git@h". */
static void cut_last(char *base)
{
    const char *after = strstr(base, "://");
    size_t keep = after != NULL ? (size_t)(after + 3 - base) : 0;
    keep += strcspn(base + keep, after != NULL ? "/" : ":");
    char *slash = strrchr(base, '/');
    if (slash != NULL && slash >= base + keep)
        *slash = '\0';
    else if (after == NULL && base[keep] == ':')
        base[keep + 1] = '\0';
}

char *jig_git_url_join(const char *base, const char *url)
{
    if (!jig_str_starts(url, "./") && !jig_str_starts(url, "../"))
        return jig_xstrdup(url);
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(base);
    for (size_t n = strlen(copy); n > 0 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    for (;;) {
        if (jig_str_starts(url, "../"))
            cut_last(copy);
        else if (!jig_str_starts(url, "./"))
            break;
        url += strcspn(url, "/") + 1;
    }
    bool is_scp = jig_str_ends(copy, ":");
    return jig_strf("%s%s%s", copy, is_scp ? "" : "/", url);
}
