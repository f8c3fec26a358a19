/* /jig.v1.BuildService/StartBuild */
#include "core/base/mem.h"
#include "service/builder.h"
#include "service/handlers/handlers.h"
#include "service/wire/operation.h"

#define RESULT_MAX_BYTES (16u << 20)

/* What the operation works with after the call was answered. */
struct work {
    struct jig_builder *builder;
    struct jig_target *target;
    struct jig_build_options options;
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    jig_target_free(w->target);
    free(w);
}

static enum jig_code build_one(struct work *w, struct jig_operation *op, size_t index,
                               struct jig_err *reterr)
{
    const struct jig_target_environment *e = &w->target->environments[index];
    struct jig_build_result result;
    struct jig_arena arena;
    enum jig_code code =
        jig_builder_run(w->builder, op, w->target, e, &w->options, &result, reterr);
    if (code == JIG_OK) {
        Jig__V1__BuildResult message;
        jig_arena_init(&arena, RESULT_MAX_BYTES);
        jig_builder_result(w->target, e, &result, &arena, &message);
        jig_wire_add_build(op, &message);
        jig_arena_release(&arena);
    }
    jig_build_result_release(&result);
    return code;
}

/* One environment after another. A failure does not keep the others from being built, as in `pio
 * run`; the first one is what the operation says. */
static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    enum jig_code first = JIG_OK;
    for (size_t i = 0; i < w->target->n; i++) {
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = build_one(w, op, i, &err);
        if (code == JIG_OK)
            continue;
        if (w->target->n > 1)
            jig_operation_notice(op, "build.environment_failed", JIG_EVENT_ERROR,
                                 "environment '%s': %s",
                                 w->target->environments[i].environment->name, err.message);
        if (first == JIG_OK)
            *reterr = err;
        if (first == JIG_OK)
            first = code;
        if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
            return code;
    }
    return first;
}

static void start(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    const Jig__V1__StartBuildRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv needs = {0};
    struct work *w = jig_new(struct work);
    w->builder = env->builder;
    w->options = (struct jig_build_options){.jobs = request->jobs,
                                            .clean = request->clean,
                                            .explain = request->explain,
                                            .walk = request->walk};
    enum jig_code code = jig_target_open(jig_builder_targets(env->builder), request->project,
                                         &w->target, &needs, &err);
    JIG_CLEANUP_FREE char *subject = code == JIG_OK ? jig_builder_subject(w->target) : NULL;
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_BUILD,
                                      .subject = subject,
                                      .wait_ms = request->wait_ms,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(env, call, &spec, request->tie, code, &err, &needs);
    jig_strv_release(&needs);
}

void jig_handle_build_start(const struct jig_env *env, struct jig_call *call)
{
    jig_call_run_in(call, env->reading, start, (void *)env);
}
