/* /jig.v1.DeployService/StartDeploy */
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "service/deployer.h"
#include "service/handlers/handlers.h"
#include "service/providing.h"

/* What the operation works with after the call was answered. */
struct work {
    const struct jig_env *env;
    struct jig_deploy_request *request; /* until it is the deploy's */
    struct jig_deploy *deploy;
    bool known;  /* nothing is left to be done */
    bool misses; /* its build could not be opened: packages are to be installed first */
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    jig_deploy_request_free(w->request);
    jig_deploy_free(w->deploy);
    free(w);
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    if (w->misses) {
        enum jig_code code =
            jig_building_provide(w->env->packages, op, w->request->building, reterr);
        if (code != JIG_OK)
            return code;
        w->deploy = jig_deploy_new_take(w->env->deployer, w->request);
        w->request = NULL;
    }
    return jig_deploy_run(w->deploy, op, reterr);
}

static bool is_known(void *ctx)
{
    const struct work *w = ctx;
    return w->known;
}

static enum jig_code read_parts(const Jig__V1__StartDeployRequest *from,
                                struct jig_deploy_request *to, struct jig_err *reterr)
{
    if (from->n_images > JIG_IMAGE_MOST_PARTS)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "an image has at most %d parts", JIG_IMAGE_MOST_PARTS);
    to->parts = jig_xcalloc(from->n_images, sizeof *to->parts);
    for (size_t i = 0; i < from->n_images; i++) {
        if (from->images[i]->path[0] != '/')
            return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                                  "an image's path is to be absolute, not '%s'",
                                  from->images[i]->path);
        to->parts[i] = (struct jig_image_part){.offset = from->images[i]->offset,
                                               .path = jig_xstrdup(from->images[i]->path)};
        to->part_count = i + 1;
    }
    return JIG_OK;
}

/* All but the project. */
static enum jig_code read_request(const Jig__V1__StartDeployRequest *from,
                                  struct jig_deploy_request *to, struct jig_err *reterr)
{
    bool has_project = from->project != NULL && from->project->directory[0] != '\0';
    to->device = jig_xstrdup(from->device);
    to->fqbn = jig_xstrdup(from->project != NULL ? from->project->fqbn : "");
    to->trust = (enum jig_trust_mode)from->trust;
    to->monitor = from->monitor;
    to->monitor_baud = from->monitor_baud;
    if (from->trust < JIG__V1__TRUST_MODE__TRUST_MODE_UNSPECIFIED ||
        from->trust > JIG__V1__TRUST_MODE__TRUST_MODE_NONE)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "there is no trust mode %d", (int)from->trust);
    if (from->n_images > 0)
        return read_parts(from, to, reterr);
    if (!has_project)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "a deploy needs a project or an image");
    return JIG_OK;
}

/* The operation, or the error. Takes the work. */
static void start_operation(struct jig_call *call, struct work *w, enum jig_code code,
                            struct jig_err *err, const struct jig_strv *needs)
{
    const Jig__V1__StartDeployRequest *request = jig_call_request(call);
    if (code == JIG_OK && w->deploy == NULL && !w->misses) {
        w->deploy = jig_deploy_new_take(w->env->deployer, w->request);
        w->request = NULL;
    }
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_DEPLOY,
                                      .subject = w->misses        ? request->project->directory
                                                 : code == JIG_OK ? jig_deploy_subject(w->deploy)
                                                                  : NULL,
                                      .wait_ms = request->wait_ms,
                                      .try_now = is_known,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(w->env, call, &spec, request->tie, code, err, needs);
}

/* In a thread that may block: the project is read, unless it is known. */
static void open_and_start(struct jig_call *call, void *ctx)
{
    struct work *w = ctx;
    const Jig__V1__StartDeployRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv needs = {0};
    enum jig_code code = JIG_OK;
    if (w->request->building != NULL) {
        code = jig_building_open(w->request->building, &needs, &err);
        w->misses = jig_building_misses(w->env->packages, w->request->building, code);
        code = w->misses ? JIG_OK : code;
    } else if (request->n_images == 0) {
        struct jig_targets *targets = jig_builder_targets(w->env->builder);
        code = jig_target_open(targets, request->project, &w->request->target, &needs, &err);
        if (code == JIG_OK)
            code = jig_target_lease(targets, w->request->target, &w->request->hold, &err);
    }
    start_operation(call, w, code, &err, &needs);
    jig_strv_release(&needs);
}

/* A build that has nothing to do is answered at once, and so is a deploy of it, if the board holds
 * it. */
static bool ask(struct work *w)
{
    if (w->request->building == NULL || !jig_building_ask(w->request->building))
        return false;
    w->deploy = jig_deploy_new_take(w->env->deployer, w->request);
    w->request = NULL;
    w->known = jig_deploy_is_known(w->deploy);
    return true;
}

void jig_handle_deploy_start(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartDeployRequest *request = jig_call_request(call);
    struct jig_build_options options = {.jobs = request->jobs, .walk = request->walk};
    struct jig_err err = JIG_ERR_INIT;
    struct work *w = jig_new(struct work);
    w->env = env;
    w->request = jig_new(struct jig_deploy_request);
    w->request->started_ns = jig_now_ns();
    enum jig_code code = read_request(request, w->request, &err);
    if (code == JIG_OK && request->n_images == 0 && !request->no_build) {
        w->request->building = jig_building_new(env->builder, request->project, &options);
        if (w->request->building == NULL)
            code = jig_err_set(&err, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
    }
    if (code != JIG_OK || ask(w))
        start_operation(call, w, code, &err, NULL);
    else
        jig_call_run_in(call, env->reading, open_and_start, w);
}
