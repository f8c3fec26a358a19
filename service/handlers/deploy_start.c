/* /jig.v1.DeployService/StartDeploy */
#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/deployer.h"
#include "service/handlers/handlers.h"

/* What the operation works with after the call was answered. */
struct work {
    struct jig_deployer *deployer;
    struct jig_deploy_request *request;
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    jig_deploy_request_free(w->request);
    free(w);
}

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    return jig_deploy_run(w->deployer, op, w->request, reterr);
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

static enum jig_code read_request(const struct jig_env *env,
                                  const Jig__V1__StartDeployRequest *from,
                                  struct jig_deploy_request *to, struct jig_strv *needs,
                                  struct jig_err *reterr)
{
    bool has_project = from->project != NULL && from->project->directory[0] != '\0';
    to->device = jig_xstrdup(from->device);
    to->fqbn = jig_xstrdup(from->project != NULL ? from->project->fqbn : "");
    to->no_build = from->no_build;
    to->trust = (enum jig_trust_mode)from->trust;
    to->monitor = from->monitor;
    to->monitor_baud = from->monitor_baud;
    if (from->trust < JIG__V1__TRUST_MODE__TRUST_MODE_UNSPECIFIED ||
        from->trust > JIG__V1__TRUST_MODE__TRUST_MODE_NONE)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "there is no trust mode %d", (int)from->trust);
    to->build = (struct jig_build_options){.jobs = from->jobs, .walk = from->walk};
    if (from->n_images > 0)
        return read_parts(from, to, reterr);
    if (!has_project)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "a deploy needs a project or an image");
    return jig_target_open(jig_builder_targets(env->builder), from->project, &to->target, needs,
                           reterr);
}

static char *subject(const struct jig_deploy_request *r)
{
    if (r->target != NULL)
        return jig_builder_subject(r->target);
    return jig_strf("%s%s", r->parts[0].path, r->part_count > 1 ? " and more" : "");
}

static void start(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    const Jig__V1__StartDeployRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv needs = {0};
    struct work *w = jig_new(struct work);
    w->deployer = env->deployer;
    w->request = jig_new(struct jig_deploy_request);
    enum jig_code code = read_request(env, request, w->request, &needs, &err);
    JIG_CLEANUP_FREE char *what = code == JIG_OK ? subject(w->request) : NULL;
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_DEPLOY,
                                      .subject = what,
                                      .wait_ms = request->wait_ms,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(env, call, &spec, request->tie, code, &err, &needs);
    jig_strv_release(&needs);
}

void jig_handle_deploy_start(const struct jig_env *env, struct jig_call *call)
{
    jig_call_run_in(call, env->reading, start, (void *)env);
}
