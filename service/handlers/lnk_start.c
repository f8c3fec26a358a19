/* What the methods of LnkService have in common: each starts an operation. */
#include "service/handlers/lnk_start.h"

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

void jig_lnk_work_free(void *ctx)
{
    struct jig_lnk_work *w = ctx;
    free(w->directory);
    free(w->build_directory);
    free(w->url);
    free(w->path);
    free(w);
}

struct jig_lnk_work *jig_lnk_work_new(const struct jig_env *env,
                                      const Jig__V1__ProjectSelector *selector)
{
    struct jig_lnk_work *w = jig_new(struct jig_lnk_work);
    w->lnks = env->lnks;
    if (selector != NULL) {
        w->directory = jig_xstrdup(selector->directory);
        w->build_directory = jig_xstrdup(selector->build_directory);
    }
    return w;
}

enum jig_code jig_lnk_work_place(const struct jig_lnk_work *w, char **ret_root, char **ret_base,
                                 struct jig_err *reterr)
{
    Jig__V1__ProjectSelector selector = JIG__V1__PROJECT_SELECTOR__INIT;
    selector.build_directory = w->build_directory;
    enum jig_code code = jig_fs_real(w->directory, ret_root, reterr);
    if (code != JIG_OK)
        return code;
    if (!jig_fs_is_dir(*ret_root)) { /* a sketch by its .ino */
        char *dir = jig_path_dir(*ret_root);
        free(*ret_root);
        *ret_root = dir;
    }
    *ret_base = jig_target_build_base(&selector, *ret_root);
    return JIG_OK;
}

void jig_lnk_start(const struct jig_env *env, struct jig_call *call, struct jig_lnk_work *work,
                   jig_operation_fn *run, const char *subject, const Jig__V1__OperationTie *tie,
                   int64_t wait_ms)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = JIG_OK;
    if (subject == NULL || subject[0] != '/')
        code = jig_err_reason(&err, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "a folder or file is to be named by an absolute path, not '%s'",
                              subject != NULL ? subject : "");
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_LNK,
                                      .subject = subject,
                                      .wait_ms = wait_ms,
                                      .run = run,
                                      .ctx = work,
                                      .free_ctx = jig_lnk_work_free};
    jig_start_or_fail(env, call, &spec, tie, code, &err, NULL);
}
