#include "core/packages/git.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/proc.h"
#include "core/os/time.h"
#include "core/packages/gittree.h"
#include "core/packages/wish.h"

#define OUTPUT_MAX (4u << 20)
#define COMMIT_LEN 40
#define MOST_MS    (30 * 60 * 1000)
#define SLACK      (1u << 20) /* bytes of git's own beside what comes */

/* One call of git's, and what it wrote. */
struct call {
    const char *const *words;
    const char *cwd;
    const char *what; /* the repository, for messages */
    bool allow_file;
    uint64_t most_bytes;       /* of any file that it writes; 0: no ceiling */
    struct jig_git_tree *tree; /* gets what it writes to stdout; else `out` does */
    struct jig_buf out;
    struct jig_buf err;
};

static void take_output(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct call *c = ctx;
    if (stream == JIG_STDERR)
        jig_buf_append(&c->err, data, n);
    else if (c->tree != NULL)
        jig_git_tree_feed(c->tree, data, n);
    else
        jig_buf_append(&c->out, data, n);
}

/* What a tool is given, and what keeps git from asking, and from doing what a repository says. */
static void environment(bool allow_file, struct jig_strv *out)
{
    for (char *const *v = jig_proc_environment(); *v != NULL; v++)
        jig_strv_append(out, *v);
    jig_strv_append(out, "GIT_TERMINAL_PROMPT=0");
    jig_strv_append(out, "GIT_ASKPASS=/bin/true");
    jig_strv_append(out, "GIT_SSH_COMMAND=ssh -oBatchMode=yes");
    jig_strv_append(out, "GIT_CONFIG_NOSYSTEM=1");
    jig_strv_append(out, "GIT_LFS_SKIP_SMUDGE=1");
    jig_strv_append(out, allow_file ? "GIT_ALLOW_PROTOCOL=https:http:ssh:git:file"
                                    : "GIT_ALLOW_PROTOCOL=https:http:ssh:git");
}

/* No hooks, no work in the background, packs as they come, no submodules but by us; a server that
 * sends less than 1 KiB a second for 30 s is given up. */
static void command(const struct call *c, struct jig_strv *argv)
{
    static const char *const settings[] = {"core.hooksPath=/dev/null",
                                           "core.fsmonitor=false",
                                           "core.autocrlf=false",
                                           "protocol.version=2",
                                           "gc.auto=0",
                                           "maintenance.auto=false",
                                           "fetch.unpackLimit=1",
                                           "fetch.recurseSubmodules=0",
                                           "submodule.recurse=false",
                                           "http.lowSpeedLimit=1024",
                                           "http.lowSpeedTime=30",
                                           "advice.detachedHead=false"};
    if (c->most_bytes > 0) {
        jig_strv_append(argv, "prlimit");
        jig_strv_append_take(argv, jig_strf("--fsize=%llu", (unsigned long long)c->most_bytes));
    }
    jig_strv_append(argv, "git");
    for (size_t i = 0; i < JIG_COUNT(settings); i++) {
        jig_strv_append(argv, "-c");
        jig_strv_append(argv, settings[i]);
    }
    for (size_t i = 0; c->words[i] != NULL; i++)
        jig_strv_append(argv, c->words[i]);
}

/* The last line that git wrote about its failure. */
static char *last_words(const struct call *c)
{
    struct jig_strv lines = {0};
    jig_str_split(c->err.len > 0 ? c->err.data : "", "\n", false, &lines);
    char *last = jig_xstrdup(lines.n > 0 ? jig_str_trim(lines.v[lines.n - 1]) : "it said nothing");
    jig_strv_release(&lines);
    return last;
}

static bool said(const struct call *c, const char *words)
{
    return c->err.len > 0 && strstr(c->err.data, words) != NULL;
}

static enum jig_code judge(const struct call *c, const struct jig_proc_result *result,
                           struct jig_err *reterr)
{
    if (result->exit_status == 0)
        return JIG_OK;
    JIG_CLEANUP_FREE char *last = last_words(c);
    enum jig_code code = jig_err_set(reterr, JIG_UNAVAILABLE, "%s: git says: %s", c->what, last);
    if (said(c, "could not read Username") || said(c, "Authentication failed"))
        jig_err_hint(reterr, "put the user name and password for that host into ~/.netrc");
    return code;
}

static enum jig_code run(struct call *c, const struct jig_until *until, struct jig_err *reterr)
{
    struct jig_strv env = {0};
    struct jig_strv argv = {0};
    command(c, &argv);
    environment(c->allow_file, &env);
    jig_buf_init(&c->out, OUTPUT_MAX);
    jig_buf_init(&c->err, OUTPUT_MAX);
    struct jig_proc_spec spec = {.argv = jig_strv_argv(&argv),
                                 .env = jig_strv_argv(&env),
                                 .cwd = c->cwd,
                                 .dies_with_us = true,
                                 .output = take_output,
                                 .ctx = c};
    struct jig_proc_result result;
    enum jig_code code = jig_proc_run(&spec, until, &result, reterr);
    if (code == JIG_OK)
        code = judge(c, &result, reterr);
    jig_strv_release(&argv);
    jig_strv_release(&env);
    return code;
}

static void call_release(struct call *c)
{
    jig_buf_release(&c->out);
    jig_buf_release(&c->err);
}

/* Whoever waits, it ends. */
static struct jig_until bounded(const struct jig_until *until)
{
    struct jig_until u = *until;
    int64_t most = jig_deadline_in_ms(MOST_MS);
    if (u.deadline_ns > most)
        u.deadline_ns = most;
    return u;
}

static bool is_commit(const char *s)
{
    size_t n = strspn(s, "0123456789abcdef");
    return n == COMMIT_LEN && s[n] == '\0';
}

/* ls-remote's lines are COMMIT TAB REF. An annotated tag's own commit is REF^{}; the order is that
 * of git's own rules. */
static char *pick(const struct jig_strv *lines, const char *ref, bool *ret_tag)
{
    static const char *const forms[] = {"refs/tags/%s^{}", "refs/tags/%s", "refs/heads/%s", "%s"};
    for (size_t i = 0; i < JIG_COUNT(forms); i++) {
        const char *mark = strstr(forms[i], "%s");
        JIG_CLEANUP_FREE char *wanted =
            jig_strf("%.*s%s%s", (int)(mark - forms[i]), forms[i], ref, mark + 2);
        for (size_t k = 0; k < lines->n; k++) {
            const char *tab = strchr(lines->v[k], '\t');
            if (tab == NULL || !jig_streq(tab + 1, wanted))
                continue;
            char *commit = jig_xstrndup(lines->v[k], (size_t)(tab - lines->v[k]));
            *ret_tag = jig_str_starts(wanted, "refs/tags/");
            if (is_commit(commit))
                return commit;
            free(commit);
        }
    }
    return NULL;
}

enum jig_code jig_git_resolve(const char *url, const char *ref, bool allow_file,
                              const struct jig_until *until, char **ret, bool *ret_tag,
                              struct jig_err *reterr)
{
    bool tag = false;
    if (ret_tag == NULL)
        ret_tag = &tag;
    *ret_tag = false;
    if (is_commit(ref)) {
        *ret = jig_xstrdup(ref);
        return JIG_OK;
    }
    const char *wanted = ref[0] != '\0' ? ref : "HEAD";
    JIG_CLEANUP_FREE char *peeled = jig_strf("%s^{}", wanted);
    const char *const words[] = {"ls-remote", "--", url, wanted, peeled, NULL};
    struct call c = {.words = words, .cwd = "/", .what = url, .allow_file = allow_file};
    struct jig_strv lines = {0};
    struct jig_until u = bounded(until);
    enum jig_code code = run(&c, &u, reterr);
    if (code == JIG_OK) {
        jig_str_split(c.out.data, "\n", false, &lines);
        *ret = pick(&lines, wanted, ret_tag);
        if (*ret == NULL)
            code = jig_err_set(reterr, JIG_NOT_FOUND, "%s has no tag, branch or commit '%s'", url,
                               wanted);
    }
    jig_strv_release(&lines);
    call_release(&c);
    return code;
}

/* ---- export ---- */

/* A repository and all its submodules. */
struct export
{
    bool allow_file;
    uint64_t entries; /* that are left */
    uint64_t bytes;
    unsigned submodules;
    struct jig_until until;
    struct jig_err *reterr;
};

/* One of them. */
struct repository {
    const char *url;
    const char *ref;
    const char *commit;
    const char *dest;
    unsigned level;
};

static enum jig_code step(struct export *x, const struct repository *r, const char *const *words,
                          struct jig_err *reterr)
{
    struct call c = {.words = words,
                     .cwd = r->dest,
                     .what = r->url,
                     .allow_file = x->allow_file,
                     .most_bytes = x->bytes + SLACK};
    enum jig_code code = run(&c, &x->until, reterr);
    call_release(&c);
    return code;
}

/* Without a template, which may have hooks and more in it. What .git/info/attributes says goes
 * before what any .gitattributes does. */
static enum jig_code begin(struct export *x, const struct repository *r)
{
    static const char text[] = "* -text -filter -ident !eol !working-tree-encoding\n";
    const char *const init[] = {"init", "--quiet", "--template=", NULL};
    JIG_CLEANUP_FREE char *info = jig_path_join(r->dest, ".git/info");
    JIG_CLEANUP_FREE char *attributes = jig_path_join(info, "attributes");
    enum jig_code code = step(x, r, init, x->reterr);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(info, 0755, x->reterr);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(attributes, text, sizeof text - 1, 0644, x->reterr);
    return code;
}

/* The kernel ended git's indexer at the ceiling, of which git itself says nothing. */
static bool was_too_large(const struct export *x, const struct repository *r)
{
    JIG_CLEANUP_FREE char *folder = jig_path_join(r->dest, ".git/objects/pack");
    struct jig_strv names = {0};
    bool full = false;
    if (jig_fs_list(folder, &names, NULL) != JIG_OK)
        return false;
    for (size_t i = 0; i < names.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(folder, names.v[i]);
        struct jig_stamp stamp;
        if (jig_fs_stamp(path, &stamp, NULL) == JIG_OK)
            full |= (uint64_t)stamp.size >= x->bytes + SLACK;
    }
    jig_strv_release(&names);
    return full;
}

/* Most servers give a single commit; else what the ref is now is taken, and then all there is. */
static enum jig_code fetch(struct export *x, const struct repository *r)
{
    const char *ref = r->ref[0] != '\0' ? r->ref : "HEAD";
    const char *const one[] = {"fetch", "--quiet", "--no-tags", "--depth=1",
                               "--",    r->url,    r->commit,   NULL};
    const char *const now[] = {"fetch", "--quiet", "--no-tags", "--depth=1",
                               "--",    r->url,    ref,         NULL};
    const char *const all[] = {"fetch", "--quiet", "--", r->url, "+refs/*:refs/jig/*", NULL};
    const char *const *const ways[] = {one, now, all};
    const char *const has[] = {"cat-file", "-e", r->commit, NULL};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < JIG_COUNT(ways); i++) {
        code = step(x, r, ways[i], x->reterr);
        if (code == JIG_OK && step(x, r, has, NULL) == JIG_OK)
            return JIG_OK;
        if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
            return code;
        if (code != JIG_OK && was_too_large(x, r)) {
            jig_err_clear(x->reterr);
            return jig_err_set(x->reterr, JIG_RESOURCE_EXHAUSTED,
                               "%s is larger than the %llu MiB that are taken", r->url,
                               (unsigned long long)(x->bytes >> 20));
        }
    }
    if (code != JIG_OK)
        return code;
    return jig_err_reason(x->reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "%s does not have the commit %s any more", r->url, r->commit);
}

/* The submodules that it names, if its tree is of a size that is taken. */
static enum jig_code look(struct export *x, const struct repository *r, struct jig_git_tree *tree)
{
    const char *const words[] = {"ls-tree", "-r", "-l", "-z", "--full-tree", r->commit, NULL};
    struct call c = {.words = words, .cwd = r->dest, .what = r->url, .tree = tree};
    enum jig_code code = run(&c, &x->until, x->reterr);
    call_release(&c);
    if (code != JIG_OK)
        return code;
    code = jig_git_tree_end(tree, x->reterr);
    if (code != JIG_OK) {
        jig_err_prefix(x->reterr, "%s", r->url);
        return code;
    }
    x->entries -= tree->entries;
    x->bytes -= tree->bytes;
    return JIG_OK;
}

static enum jig_code read_modules(struct export *x, const struct repository *r,
                                  struct jig_git_modules *ret)
{
    JIG_CLEANUP_FREE char *blob = jig_strf("--blob=%s:.gitmodules", r->commit);
    const char *const words[] = {"config", "-z", "--list", "--no-includes", blob, NULL};
    struct call c = {.words = words, .cwd = r->dest, .what = r->url};
    enum jig_code code = run(&c, &x->until, x->reterr);
    if (code == JIG_OK)
        code = jig_buf_check(&c.out, ".gitmodules", x->reterr);
    if (code == JIG_OK)
        code = jig_git_modules(c.out.data, c.out.len, ret, x->reterr);
    call_release(&c);
    return code;
}

static enum jig_code export_one(struct export *x, const struct repository *r);

/* A submodule's URL is held to what one in lib_deps is held to. */
static enum jig_code export_submodule(struct export *x, const struct repository *r,
                                      const struct jig_git_modules *modules,
                                      const struct jig_git_link *link)
{
    const char *said_url = jig_git_module_url(modules, link->path);
    if (said_url == NULL)
        return jig_err_set(x->reterr, JIG_FAILED_PRECONDITION,
                           "its .gitmodules does not say where %s comes from", link->path);
    JIG_CLEANUP_FREE char *url = jig_git_url_join(r->url, said_url);
    JIG_CLEANUP_FREE char *text = jig_strf("submodule=git+%s", url);
    JIG_CLEANUP_FREE char *dest = jig_path_join(r->dest, link->path);
    struct jig_wish w;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_wish_library(text, &w, &err) != JIG_OK)
        return jig_err_set(x->reterr, JIG_FAILED_PRECONDITION, "%s", err.message);
    struct repository sub = {
        .url = w.url, .ref = "", .commit = link->commit, .dest = dest, .level = r->level + 1};
    enum jig_code code = jig_fs_mkdirs(dest, 0755, x->reterr);
    if (code == JIG_OK)
        code = export_one(x, &sub);
    jig_wish_release(&w);
    return code;
}

static enum jig_code export_submodules(struct export *x, const struct repository *r,
                                       const struct jig_git_tree *tree)
{
    struct jig_git_modules modules = {0};
    if (tree->n == 0)
        return JIG_OK;
    x->submodules += (unsigned)tree->n;
    if (r->level == JIG_GIT_LEVELS || x->submodules > JIG_GIT_SUBMODULES_MAX)
        return jig_err_set(x->reterr, JIG_RESOURCE_EXHAUSTED,
                           "%s: its submodules lie deeper than %d levels, or are more than %d",
                           r->url, JIG_GIT_LEVELS, JIG_GIT_SUBMODULES_MAX);
    enum jig_code code = read_modules(x, r, &modules);
    for (size_t i = 0; code == JIG_OK && i < tree->n; i++) {
        code = export_submodule(x, r, &modules, &tree->links[i]);
        if (code != JIG_OK)
            jig_err_prefix(x->reterr, "submodule %s", tree->links[i].path);
    }
    jig_git_modules_release(&modules);
    return code;
}

static enum jig_code export_one(struct export *x, const struct repository *r)
{
    const char *const checkout[] = {"checkout", "--quiet", "--detach", "--force", r->commit, NULL};
    JIG_CLEANUP_FREE char *inner = jig_path_join(r->dest, ".git");
    struct jig_git_tree tree;
    jig_git_tree_init(&tree, x->entries, x->bytes);
    enum jig_code code = begin(x, r);
    if (code == JIG_OK)
        code = fetch(x, r);
    uint64_t before = x->bytes;
    if (code == JIG_OK)
        code = look(x, r, &tree);
    if (code == JIG_OK) {
        uint64_t left = x->bytes; /* each file is one that was counted */
        x->bytes = before;
        code = step(x, r, checkout, x->reterr);
        x->bytes = left;
    }
    if (code == JIG_OK)
        code = export_submodules(x, r, &tree);
    if (code == JIG_OK)
        code = jig_fs_remove_tree(inner, x->reterr);
    jig_git_tree_release(&tree);
    return code;
}

enum jig_code jig_git_export(const struct jig_git_spec *spec, const struct jig_until *until,
                             struct jig_err *reterr)
{
    if (!is_commit(spec->commit))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is no commit of git's",
                           spec->commit);
    struct export x = {.allow_file = spec->allow_file,
                       .entries = spec->entries > 0 ? spec->entries : JIG_GIT_ENTRIES,
                       .bytes = spec->bytes > 0 ? spec->bytes : JIG_GIT_BYTES,
                       .until = bounded(until),
                       .reterr = reterr};
    struct repository r = {
        .url = spec->url, .ref = spec->ref, .commit = spec->commit, .dest = spec->dest};
    return export_one(&x, &r);
}
