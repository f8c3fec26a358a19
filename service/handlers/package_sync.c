/* /jig.v1.PackageService/StartSyncPackages */
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/builder.h"
#include "service/handlers/handlers.h"
#include "service/syncing.h"
#include "service/wire/event.h"

/* What the operation works with after the call was answered. */
struct work {
    const struct jig_env *env;
    Jig__V1__ProjectSelector *selector;
    bool upgrade;
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    if (w->selector != NULL)
        jig__v1__project_selector__free_unpacked(w->selector, NULL);
    free(w);
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    return jig_sync(jig_builder_targets(w->env->builder), w->env->packages, op, w->selector,
                    w->upgrade, reterr);
}

/* In a thread that may block: what the request lacks is to be said before there is an operation. */
static void look_and_start(struct jig_call *call, void *ctx)
{
    struct work *w = ctx;
    const Jig__V1__StartSyncPackagesRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv needs = {0};
    struct jig_project *project = NULL;
    enum jig_code code = jig_target_project(w->selector, &project, &needs, &err);
    JIG_CLEANUP_FREE char *subject =
        jig_strf("packages of %s", project != NULL ? project->root : "");
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_PACKAGES,
                                      .subject = subject,
                                      .wait_ms = request->wait_ms,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(w->env, call, &spec, request->tie, code, &err, &needs);
    jig_project_free(project);
    jig_strv_release(&needs);
}

void jig_handle_package_sync(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartSyncPackagesRequest *request = jig_call_request(call);
    static const Jig__V1__ProjectSelector none = JIG__V1__PROJECT_SELECTOR__INIT;
    const Jig__V1__ProjectSelector *from = request->project != NULL ? request->project : &none;
    size_t n = 0;
    uint8_t *bytes = jig_wire_bytes(&from->base, &n);
    struct work *w = jig_new(struct work);
    w->env = env;
    w->upgrade = request->upgrade;
    w->selector = jig__v1__project_selector__unpack(NULL, n, bytes);
    free(bytes);
    if (w->selector == NULL) {
        free_work(w);
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    jig_call_run_in(call, env->reading, look_and_start, w);
}
