#include "core/packages/git.h"

#include <ctype.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/proc.h"

#define OUTPUT_MAX (4u << 20)
#define COMMIT_LEN 40

struct output {
    struct jig_buf out;
    struct jig_buf err;
};

static void take_output(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct output *o = ctx;
    jig_buf_append(stream == JIG_STDOUT ? &o->out : &o->err, data, n);
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
    jig_strv_append(out, allow_file ? "GIT_ALLOW_PROTOCOL=https:http:ssh:git:file"
                                    : "GIT_ALLOW_PROTOCOL=https:http:ssh:git");
}

/* The last line that git wrote about its failure. */
static char *last_words(const struct output *o)
{
    struct jig_strv lines = {0};
    jig_str_split(o->err.len > 0 ? o->err.data : "", "\n", false, &lines);
    char *last = jig_xstrdup(lines.n > 0 ? jig_str_trim(lines.v[lines.n - 1]) : "it said nothing");
    jig_strv_release(&lines);
    return last;
}

static enum jig_code run(const char *const *words, const char *cwd, bool allow_file,
                         const struct jig_until *until, struct output *o, const char *what,
                         struct jig_err *reterr)
{
    struct jig_strv env = {0};
    struct jig_strv argv = {0};
    static const char *const start[] = {"git",
                                        "-c",
                                        "core.hooksPath=/dev/null",
                                        "-c",
                                        "core.fsmonitor=false",
                                        "-c",
                                        "protocol.version=2"};
    for (size_t i = 0; i < JIG_COUNT(start); i++)
        jig_strv_append(&argv, start[i]);
    for (size_t i = 0; words[i] != NULL; i++)
        jig_strv_append(&argv, words[i]);
    environment(allow_file, &env);
    jig_buf_init(&o->out, OUTPUT_MAX);
    jig_buf_init(&o->err, OUTPUT_MAX);
    struct jig_proc_spec spec = {.argv = jig_strv_argv(&argv),
                                 .env = jig_strv_argv(&env),
                                 .cwd = cwd,
                                 .dies_with_us = true,
                                 .output = take_output,
                                 .ctx = o};
    struct jig_proc_result result;
    enum jig_code code = jig_proc_run(&spec, until, &result, reterr);
    if (code == JIG_OK && result.exit_status != 0) {
        JIG_CLEANUP_FREE char *last = last_words(o);
        code = jig_err_set(reterr, JIG_UNAVAILABLE, "%s: git says: %s", what, last);
    }
    jig_strv_release(&argv);
    jig_strv_release(&env);
    return code;
}

static void output_release(struct output *o)
{
    jig_buf_release(&o->out);
    jig_buf_release(&o->err);
}

static bool is_commit(const char *s)
{
    size_t n = strspn(s, "0123456789abcdef");
    return n == COMMIT_LEN && s[n] == '\0';
}

/* ls-remote's lines are COMMIT TAB REF. An annotated tag's own commit is REF^{}; the order is that
 * of git's own rules. */
static char *pick(const struct jig_strv *lines, const char *ref)
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
            if (is_commit(commit))
                return commit;
            free(commit);
        }
    }
    return NULL;
}

enum jig_code jig_git_resolve(const char *url, const char *ref, bool allow_file,
                              const struct jig_until *until, char **ret, struct jig_err *reterr)
{
    if (is_commit(ref)) {
        *ret = jig_xstrdup(ref);
        return JIG_OK;
    }
    const char *wanted = ref[0] != '\0' ? ref : "HEAD";
    JIG_CLEANUP_FREE char *peeled = jig_strf("%s^{}", wanted);
    const char *const words[] = {"ls-remote", "--", url, wanted, peeled, NULL};
    struct output o;
    struct jig_strv lines = {0};
    enum jig_code code = run(words, "/", allow_file, until, &o, url, reterr);
    if (code == JIG_OK) {
        jig_str_split(o.out.data, "\n", false, &lines);
        *ret = pick(&lines, wanted);
        if (*ret == NULL)
            code = jig_err_set(reterr, JIG_NOT_FOUND, "%s has no tag, branch or commit '%s'", url,
                               wanted);
    }
    jig_strv_release(&lines);
    output_release(&o);
    return code;
}

static enum jig_code step(const char *const *words, const char *dest, bool allow_file,
                          const struct jig_until *until, const char *url, struct jig_err *reterr)
{
    struct output o;
    enum jig_code code = run(words, dest, allow_file, until, &o, url, reterr);
    output_release(&o);
    return code;
}

/* Most servers give a single commit; else what the ref is now is taken, and then all there is. */
static enum jig_code fetch(const char *url, const char *ref, const char *commit, bool allow_file,
                           const char *dest, const struct jig_until *until, struct jig_err *reterr)
{
    const char *const one[] = {"fetch", "--quiet", "--no-tags", "--depth=1",
                               "--",    url,       commit,      NULL};
    const char *const now[] = {
        "fetch", "--quiet", "--no-tags", "--depth=1", "--", url, ref[0] != '\0' ? ref : "HEAD",
        NULL};
    const char *const all[] = {"fetch", "--quiet", "--", url, "+refs/*:refs/jig/*", NULL};
    const char *const *const ways[] = {one, now, all};
    const char *const has[] = {"cat-file", "-e", commit, NULL};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < JIG_COUNT(ways); i++) {
        code = step(ways[i], dest, allow_file, until, url, reterr);
        if (code == JIG_OK && step(has, dest, allow_file, until, url, NULL) == JIG_OK)
            return JIG_OK;
        if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
            return code;
    }
    if (code != JIG_OK)
        return code;
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "%s does not have the commit %s any more", url, commit);
}

enum jig_code jig_git_export(const char *url, const char *ref, const char *commit, bool allow_file,
                             const char *dest, const struct jig_until *until,
                             struct jig_err *reterr)
{
    const char *const init[] = {"init", "--quiet", NULL};
    const char *const checkout[] = {"checkout", "--quiet", "--detach", "--force", commit, NULL};
    JIG_CLEANUP_FREE char *inner = jig_path_join(dest, ".git");
    if (!is_commit(commit))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is no commit of git's", commit);
    enum jig_code code = step(init, dest, allow_file, until, url, reterr);
    if (code == JIG_OK)
        code = fetch(url, ref, commit, allow_file, dest, until, reterr);
    if (code == JIG_OK)
        code = step(checkout, dest, allow_file, until, url, reterr);
    if (code == JIG_OK)
        code = jig_fs_remove_tree(inner, reterr);
    return code;
}
