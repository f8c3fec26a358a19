#include "service/handlers/package_names.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/wish.h"

#define NAMES_MAX  256
#define NAME_BYTES 1024 /* bytes */

/* What the operation works with after the call was answered. */
struct work {
    struct jig_packages *packages;
    enum jig_package_kind kind;
    struct jig_strv names;
    jig_package_names_fn *run;
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    jig_strv_release(&w->names);
    free(w);
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    return w->run(w->packages, op, w->kind, &w->names, reterr);
}

/* Before anybody is told of the operation's subject: a URL may have a password in it. */
static enum jig_code check_name(const struct jig_package_names *asked, const char *name,
                                struct jig_err *reterr)
{
    struct jig_wish w;
    bool is_library = asked->kind == JIG__V1__PACKAGE_KIND__PACKAGE_KIND_LIBRARY;
    if (strlen(name) > NAME_BYTES)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "a package's name has at most %d bytes", NAME_BYTES);
    enum jig_code code =
        is_library ? jig_wish_library(name, &w, reterr) : jig_wish_platform(name, &w, reterr);
    if (code == JIG_OK)
        jig_wish_release(&w);
    return code;
}

static enum jig_code check(const struct jig_package_names *asked, struct jig_err *reterr)
{
    bool is_tool = asked->kind == JIG__V1__PACKAGE_KIND__PACKAGE_KIND_TOOL;
    bool ok = asked->kind == JIG__V1__PACKAGE_KIND__PACKAGE_KIND_PLATFORM ||
              asked->kind == JIG__V1__PACKAGE_KIND__PACKAGE_KIND_LIBRARY ||
              (is_tool && asked->tools);
    if (!ok)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              is_tool ? "tools come with the cores that need them"
                                      : "the request does not say what kind of package is meant");
    if (asked->n == 0 || asked->n > NAMES_MAX)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "a request names 1 to %d packages, not %zu", NAMES_MAX, asked->n);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < asked->n; i++)
        code = check_name(asked, asked->names[i], reterr);
    return code;
}

void jig_start_package_names(const struct jig_env *env, struct jig_call *call,
                             const struct jig_package_names *asked)
{
    struct jig_err err = JIG_ERR_INIT;
    struct work *w = jig_new(struct work);
    w->packages = env->packages;
    w->kind = (enum jig_package_kind)asked->kind;
    w->run = asked->run;
    for (size_t i = 0; i < asked->n && i < NAMES_MAX; i++)
        jig_strv_append(&w->names, asked->names[i]);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&w->names, ", ");
    JIG_CLEANUP_FREE char *subject = jig_strf("%s %.200s", asked->verb, list);
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_PACKAGES,
                                      .subject = subject,
                                      .wait_ms = asked->wait_ms,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(env, call, &spec, asked->tie, check(asked, &err), &err, NULL);
}
