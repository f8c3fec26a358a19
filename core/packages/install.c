#include "core/packages/install.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/archive.h"
#include "core/fetch/pull.h"
#include "core/os/fs.h"
#include "core/packages/git.h"
#include "core/packages/record.h"

#define HASH_DIGITS 8 /* of a direct archive's version, and as many of its URL's */

static const enum jig_cache_kind kinds[] = {
    [JIG_PACKAGE_PLATFORM] = JIG_CACHE_PLATFORMS,
    [JIG_PACKAGE_TOOL] = JIG_CACHE_TOOLCHAINS,
    [JIG_PACKAGE_LIBRARY] = JIG_CACHE_LIBRARIES,
};

/* One package on its way. */
struct work {
    const struct jig_install_spec *spec;
    const struct jig_package *p;
    const struct jig_until *until;
    size_t at;
    size_t total;
    bool fetched_ahead;           /* by us or by whom we waited for */
    bool ahead;                   /* its archive was downloaded ahead of its turn, */
    const struct jig_err *failed; /* or could not be, and that is why; NULL */
};

static void say(const struct work *w, const char *what)
{
    if (w->spec->step != NULL)
        w->spec->step(w->spec->ctx, w->p, what, w->at, w->total);
}

/* ---- what is there already ---- */

static enum jig_code find(const struct work *w, char **ret, struct jig_err *reterr)
{
    struct jig_installed one = {
        .kind = w->p->kind, .vendor = w->p->vendor, .name = w->p->name, .version = w->p->version};
    enum jig_code code = jig_installed_lease(w->spec->cache, w->spec->hold, &one, ret, reterr);
    if (code != JIG_OK)
        return code;
    one.path = *ret;
    code = jig_installed_check(&one, w->p, reterr);
    if (code != JIG_OK) {
        free(*ret);
        *ret = NULL;
    }
    return code == JIG_NOT_FOUND ? JIG_DATA_LOSS : code;
}

/* ---- the archive ---- */

static void on_progress(void *ctx, const struct jig_fetch_progress *f)
{
    const struct work *w = ctx;
    if (w->spec->progress != NULL)
        w->spec->progress(w->spec->ctx, w->p, f);
}

/* The cache has bytes of that hash; are they what the URL gives? When the one was changed and the
 * other was not, the old archive would go on being installed under the new name. */
static enum jig_code prove(struct work *w, const struct jig_want *want, struct jig_err *reterr)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_pull_prove(w->spec->fetcher, want, on_progress, w, w->until, &err);
    if (code == JIG_OK) {
        jig_ledger_add(w->spec->ledger, w->p->url, &w->p->sha256);
        return JIG_OK;
    }
    if (code == JIG_DATA_LOSS)
        return jig_err_reason(reterr, code, JIG_REASON_INTEGRITY,
                              "%s; what the cache has of that hash came from elsewhere",
                              err.message);
    enum jig_code ended = jig_until_check(w->until, reterr);
    if (ended == JIG_OK && w->spec->unproven != NULL)
        w->spec->unproven(w->spec->ctx, w->p, &err);
    return ended;
}

static enum jig_code vouch(struct work *w, const struct jig_want *want,
                           const struct jig_pulled *pulled, struct jig_err *reterr)
{
    if (w->spec->ledger == NULL || jig_ledger_has(w->spec->ledger, w->p->url, &w->p->sha256))
        return JIG_OK;
    if (pulled->url != NULL)
        jig_ledger_add(w->spec->ledger, pulled->url, &w->p->sha256);
    return pulled->fetched || w->fetched_ahead ? JIG_OK : prove(w, want, reterr);
}

static enum jig_code pull(struct work *w, struct jig_pulled *ret, struct jig_err *reterr)
{
    const char *const urls[] = {w->p->url};
    struct jig_want want = {.sha256 = w->p->sha256,
                            .size = w->p->size,
                            .urls = urls,
                            .n_urls = 1,
                            .kind = JIG_CACHE_PACKAGES};
    if (!w->p->has_sha256)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "nothing is installed without a SHA-256 hash");
    if (w->failed != NULL) {
        if (reterr != NULL)
            *reterr = *w->failed;
        return w->failed->code;
    }
    if (!w->ahead)
        say(w, "download");
    enum jig_code code = jig_pull(w->spec->fetcher, w->spec->cache, w->spec->hold, &want,
                                  on_progress, w, w->until, ret, reterr);
    if (code == JIG_OK)
        code = vouch(w, &want, ret, reterr);
    if (code != JIG_OK)
        free(jig_steal(&ret->blob.path));
    return code;
}

static enum jig_code unpack(struct work *w, const char *dest, struct jig_err *reterr)
{
    struct jig_pulled pulled = {0};
    enum jig_code code = pull(w, &pulled, reterr);
    if (code != JIG_OK)
        return code;
    say(w, "unpack");
    struct jig_archive_spec spec = {.path = pulled.blob.path,
                                    .called = w->p->file,
                                    .dest = dest,
                                    .limits = w->spec->limits,
                                    .strip_top = true};
    if (!jig_archive_format_by_name(w->p->file, &spec.format))
        spec.format = JIG_ARCHIVE_ANY;
    code = jig_archive_extract(&spec, w->until, NULL, reterr);
    free(pulled.blob.path);
    return code;
}

/* ---- what came is what it was said to be ---- */

/* What git checks out is held to what archives are held to (core/fetch/archive.h). */
struct links {
    const char *dir; /* without links itself */
    enum jig_code code;
    struct jig_err *reterr;
};

static bool is_below(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

static enum jig_walk judge_link(void *ctx, const struct jig_walk_entry *e)
{
    struct links *l = ctx;
    JIG_CLEANUP_FREE char *target = NULL;
    JIG_CLEANUP_FREE char *real = NULL;
    if (e->is_dir)
        return JIG_WALK_INTO;
    if (e->is_file || jig_fs_link_target(e->path, &target, NULL) != JIG_OK)
        return JIG_WALK_ON;
    JIG_CLEANUP_FREE char *above = jig_path_dir(e->path);
    JIG_CLEANUP_FREE char *words = jig_path_absolute(above, target);
    bool leaves = target[0] == '/' || !is_below(words, l->dir) ||
                  (jig_fs_real(e->path, &real, NULL) == JIG_OK && !is_below(real, l->dir));
    if (leaves)
        l->code = jig_err_set(l->reterr, JIG_FAILED_PRECONDITION,
                              "the link %s in it leads out of it, to %s", e->relative, target);
    return leaves ? JIG_WALK_STOP : JIG_WALK_ON;
}

static enum jig_code judge_links(const char *dir, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *real = NULL;
    struct links l = {.reterr = reterr};
    enum jig_code code = jig_fs_real(dir, &real, reterr);
    l.dir = real;
    if (code == JIG_OK)
        code = jig_fs_walk(real, false, judge_link, &l, reterr);
    return code == JIG_OK ? l.code : code;
}

static bool holds(const char *dir, const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    return jig_fs_is_file(path);
}

static enum jig_code judge(const struct work *w, const char *dir, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_list(dir, &names, reterr);
    bool empty = names.n == 0;
    jig_strv_release(&names);
    if (code != JIG_OK)
        return code;
    if (empty)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "there is nothing in it");
    if (w->p->kind == JIG_PACKAGE_PLATFORM && !holds(dir, "boards.txt"))
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "it is no platform: there is no boards.txt in it");
    return JIG_OK;
}

static enum jig_code write_file(const char *dir, const char *name, char *text,
                                struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    enum jig_code code = jig_fs_write_unsynced(path, text, strlen(text), 0644, reterr);
    free(text);
    return code;
}

/* A library is in a folder of its own name, which counts when a header is looked for. */
static char *inner_folder(const struct work *w, const char *tree)
{
    if (w->p->kind != JIG_PACKAGE_LIBRARY)
        return jig_xstrdup(tree);
    JIG_CLEANUP_FREE char *folder = jig_installed_library_folder(w->p->name);
    return jig_path_join(tree, folder);
}

static enum jig_code fill(struct work *w, const char *tree, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *dir = inner_folder(w, tree);
    enum jig_code code = jig_fs_mkdirs(dir, 0755, reterr);
    if (code == JIG_OK && w->p->from == JIG_WISH_GIT) {
        say(w, "download");
        struct jig_git_spec git = {.url = w->p->url,
                                   .ref = w->p->ref,
                                   .commit = w->p->version,
                                   .dest = dir,
                                   .allow_file = w->spec->allow_file,
                                   .entries = w->spec->limits.entries,
                                   .bytes = w->spec->limits.bytes};
        code = jig_git_export(&git, w->until, reterr);
        if (code == JIG_OK)
            code = judge_links(dir, reterr);
    } else if (code == JIG_OK) {
        code = unpack(w, dir, reterr);
    }
    if (code == JIG_OK)
        code = judge(w, dir, reterr);
    if (code == JIG_OK && w->p->kind == JIG_PACKAGE_PLATFORM)
        code = write_file(tree, "installed.json", jig_package_installed_json(w->p), reterr);
    if (code == JIG_OK)
        code = write_file(tree, JIG_PACKAGE_RECORD, jig_package_text(w->p), reterr);
    return code;
}

static enum jig_code install_one(struct work *w, bool *ret_new, struct jig_err *reterr)
{
    char *path = NULL;
    struct jig_tree_staging staging = {0};
    enum jig_code code = find(w, &path, reterr);
    *ret_new = code == JIG_NOT_FOUND;
    if (code == JIG_OK && w->p->from == JIG_WISH_GIT)
        jig_installed_ask(path);
    free(path);
    if (code != JIG_NOT_FOUND)
        return code;
    JIG_CLEANUP_FREE char *name = jig_installed_name(w->p->kind, w->p->vendor, w->p->name);
    code = jig_tree_begin(w->spec->cache, kinds[w->p->kind], name, w->p->version, &staging, reterr);
    if (code != JIG_OK)
        return code;
    code = fill(w, staging.path, reterr);
    if (code != JIG_OK) {
        jig_tree_abort(&staging);
        return code;
    }
    path = NULL;
    code = jig_tree_commit(&staging, w->spec->hold, &path, reterr);
    free(path);
    if (code == JIG_OK)
        say(w, "installed");
    return code;
}

/* ---- all of them ---- */

/* The archives of a plan that are downloaded at once, ahead of their packages' turns. */
struct ahead {
    struct work *works; /* of the whole plan */
    struct jig_want *wants;
    size_t *of; /* which of the works each want is for */
    size_t n;
    struct jig_err *errors; /* by want */
};

static void on_one_progress(void *ctx, size_t index, const struct jig_fetch_progress *f)
{
    const struct ahead *a = ctx;
    on_progress(&a->works[a->of[index]], f);
}

static void on_one_done(void *ctx, size_t index, struct jig_pulled *pulled,
                        const struct jig_err *err)
{
    struct ahead *a = ctx;
    struct work *w = &a->works[a->of[index]];
    if (pulled != NULL) {
        if (pulled->url != NULL && w->spec->ledger != NULL)
            jig_ledger_add(w->spec->ledger, pulled->url, &w->p->sha256);
        w->fetched_ahead = pulled->fetched;
        free(pulled->blob.path); /* the hold keeps it */
        return;
    }
    a->errors[index] = *err;
    w->failed = &a->errors[index];
}

/* Those that are not installed, and have an archive. */
static void gather(struct ahead *a, size_t total)
{
    for (size_t i = 0; i < total; i++) {
        struct work *w = &a->works[i];
        char *path = NULL;
        if (w->p->from == JIG_WISH_GIT || !w->p->has_sha256 ||
            find(w, &path, NULL) != JIG_NOT_FOUND) {
            free(path);
            continue;
        }
        a->wants[a->n] = (struct jig_want){.sha256 = w->p->sha256,
                                           .size = w->p->size,
                                           .urls = (const char *const *)&w->p->url,
                                           .n_urls = 1,
                                           .kind = JIG_CACHE_PACKAGES};
        a->of[a->n++] = i;
    }
}

static enum jig_code download_ahead(const struct jig_install_spec *spec, struct ahead *a,
                                    size_t total, const struct jig_until *until,
                                    struct jig_err *reterr)
{
    gather(a, total);
    if (a->n < 2)
        return JIG_OK; /* nothing to be gained */
    for (size_t i = 0; i < a->n; i++) {
        a->works[a->of[i]].ahead = true;
        say(&a->works[a->of[i]], "download");
    }
    struct jig_pull_many many = {
        .wants = a->wants, .n = a->n, .progress = on_one_progress, .done = on_one_done, .ctx = a};
    return jig_pull_all(spec->fetcher, spec->cache, spec->hold, &many, until, reterr);
}

enum jig_code jig_install(const struct jig_install_spec *spec, const struct jig_plan *plan,
                          const struct jig_until *until, bool **ret_new, struct jig_err *reterr)
{
    bool *fresh = jig_xcalloc(plan->n + 1, sizeof *fresh);
    struct ahead a = {.works = jig_xcalloc(plan->n + 1, sizeof *a.works),
                      .wants = jig_xcalloc(plan->n + 1, sizeof *a.wants),
                      .of = jig_xcalloc(plan->n + 1, sizeof *a.of),
                      .errors = jig_xcalloc(plan->n + 1, sizeof *a.errors)};
    for (size_t i = 0; i < plan->n; i++)
        a.works[i] = (struct work){
            .spec = spec, .p = &plan->items[i], .until = until, .at = i, .total = plan->n};
    enum jig_code code = download_ahead(spec, &a, plan->n, until, reterr);
    for (size_t i = 0; code == JIG_OK && i < plan->n; i++) {
        const struct jig_package *p = &plan->items[i];
        JIG_CLEANUP_FREE char *name = jig_package_full_name(p->kind, p->vendor, p->name);
        code = install_one(&a.works[i], &fresh[i], reterr);
        if (code != JIG_OK)
            jig_err_prefix(reterr, "%s %s %s", jig_package_kind_name(p->kind), name, p->version);
    }
    if (code == JIG_OK && ret_new != NULL)
        *ret_new = jig_steal(&fresh);
    if (spec->ledger != NULL)
        (void)!jig_ledger_save(spec->ledger, NULL); /* what is lost costs a fetch */
    free(fresh);
    free(a.works);
    free(a.wants);
    free(a.of);
    free(a.errors);
    return code;
}

/* ---- wishes that are URLs ---- */

static char *file_of(const char *url)
{
    const char *slash = strrchr(url, '/');
    return jig_xstrdup(slash != NULL ? slash + 1 : url);
}

enum jig_code jig_install_plan_url(struct jig_plan *plan, const struct jig_wish *wish,
                                   bool allow_file, const struct jig_until *until,
                                   struct jig_err *reterr)
{
    struct jig_package p = {.kind = wish->kind,
                            .from = wish->from,
                            .vendor = wish->vendor,
                            .name = wish->name,
                            .url = wish->url,
                            .ref = wish->ref,
                            .size = -1,
                            .has_sha256 = wish->has_sha256,
                            .sha256 = wish->sha256,
                            .asked = true};
    JIG_CLEANUP_FREE char *version = NULL;
    JIG_CLEANUP_FREE char *file = file_of(wish->url);
    p.file = file;
    if (wish->from == JIG_WISH_GIT) {
        enum jig_code code =
            jig_git_resolve(wish->url, wish->ref, allow_file, until, &version, NULL, reterr);
        if (code != JIG_OK)
            return code;
    } else if (wish->has_sha256) {
        char hex[JIG_SHA256_HEX];
        char url_hex[JIG_SHA256_HEX];
        struct jig_digest url = jig_sha256_of(wish->url, strlen(wish->url));
        jig_digest_hex(&wish->sha256, hex);
        jig_digest_hex(&url, url_hex);
        version = jig_strf("%.*s-%.*s", HASH_DIGITS, hex, HASH_DIGITS, url_hex);
    } else {
        enum jig_code code =
            jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BAD_PROJECT,
                           "'%s' does not say which content the archive is to have", wish->text);
        jig_err_hint(reterr, "add #sha256= and the archive's SHA-256 in hexadecimal digits");
        return code;
    }
    p.version = version;
    return jig_plan_add(plan, &p, reterr);
}

/* ---- away with it ---- */

enum jig_code jig_installed_lease(struct jig_cache *cache, struct jig_hold *hold,
                                  const struct jig_installed *one, char **ret,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *name = jig_installed_name(one->kind, one->vendor, one->name);
    return jig_tree_find(cache, hold, kinds[one->kind], name, one->version, ret, reterr);
}

enum jig_code jig_uninstall(struct jig_cache *cache, const struct jig_installed *one,
                            struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *name = jig_installed_name(one->kind, one->vendor, one->name);
    return jig_tree_remove(cache, kinds[one->kind], name, one->version, reterr);
}

static void needs_of(const struct jig_installed *platform, struct jig_strv *out)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(platform->path, JIG_PACKAGE_RECORD);
    struct jig_package p;
    if (jig_package_read(path, &p, NULL) != JIG_OK)
        return;
    for (size_t i = 0; i < p.needs.n; i++)
        jig_strv_add_unique(out, p.needs.v[i]);
    jig_package_release(&p);
}

void jig_install_unneeded(const struct jig_installed_list *platforms,
                          const struct jig_installed *going, struct jig_strv *out)
{
    struct jig_strv going_needs = {0};
    struct jig_strv others = {0};
    needs_of(going, &going_needs);
    for (size_t i = 0; i < platforms->n; i++) {
        if (!jig_streq(platforms->items[i].path, going->path))
            needs_of(&platforms->items[i], &others);
    }
    for (size_t i = 0; i < going_needs.n; i++) {
        if (!jig_strv_contains(&others, going_needs.v[i]))
            jig_strv_add_unique(out, going_needs.v[i]);
    }
    jig_strv_release(&going_needs);
    jig_strv_release(&others);
}
