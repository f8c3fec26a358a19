/* /jig.v1.BuildService/StartBuild */
#include "core/base/mem.h"
#include "service/building.h"
#include "service/handlers/handlers.h"
#include "service/providing.h"
#include "service/wire/operation.h"

/* What the operation works with after the call was answered. */
struct work {
    const struct jig_env *env;
    struct jig_building *building;
    bool known;  /* nothing is left to be done */
    bool misses; /* it could not be opened: packages are to be installed first */
};

static void free_work(void *ctx)
{
    struct work *w = ctx;
    jig_building_free(w->building);
    free(w);
}

static enum jig_code add_result(void *ctx, const Jig__V1__BuildResult *result,
                                struct jig_err *reterr)
{
    (void)reterr;
    jig_wire_add_build(ctx, result);
    return JIG_OK;
}

static void tell_failure(struct jig_operation *op, const struct work *w, size_t index,
                         const struct jig_err *err)
{
    const struct jig_target *target = NULL;
    if (jig_building_count(w->building) > 1 &&
        jig_building_target(w->building, &target, NULL) == JIG_OK)
        jig_operation_notice(op, "build.environment_failed", JIG_EVENT_ERROR,
                             "environment '%s': %s", target->environments[index].environment->name,
                             err->message);
}

/* One environment after another. A failure does not keep the others from being built, as in `pio
 * run`; the first one is what the operation says. */
static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct work *w = ctx;
    enum jig_code first =
        w->misses ? jig_building_provide(w->env->packages, op, w->building, reterr) : JIG_OK;
    if (first != JIG_OK)
        return first;
    for (size_t i = 0; i < jig_building_count(w->building); i++) {
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = jig_building_run(w->building, op, i, add_result, op, &err);
        if (code == JIG_OK)
            continue;
        tell_failure(op, w, i, &err);
        if (first == JIG_OK)
            *reterr = err;
        if (first == JIG_OK)
            first = code;
        if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
            return code;
    }
    jig_building_end(w->building);
    return first;
}

static bool is_known(void *ctx)
{
    const struct work *w = ctx;
    return w->known;
}

static void start_operation(const struct jig_env *env, struct jig_call *call, struct work *w,
                            enum jig_code code, struct jig_err *err, const struct jig_strv *needs)
{
    const Jig__V1__StartBuildRequest *request = jig_call_request(call);
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_BUILD,
                                      .subject = w->misses ? request->project->directory
                                                 : code == JIG_OK
                                                     ? jig_building_subject(w->building)
                                                     : NULL,
                                      .wait_ms = request->wait_ms,
                                      .try_now = is_known,
                                      .run = run,
                                      .ctx = w,
                                      .free_ctx = free_work};
    jig_start_or_fail(env, call, &spec, request->tie, code, err, needs);
}

/* In a thread that may block. */
static void open_and_start(struct jig_call *call, void *ctx)
{
    struct work *w = ctx;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_strv needs = {0};
    enum jig_code code = jig_building_open(w->building, &needs, &err);
    w->misses = jig_building_misses(w->env->packages, w->building, code);
    if (w->misses)
        code = JIG_OK;
    start_operation(w->env, call, w, code, &err, &needs);
    jig_strv_release(&needs);
}

void jig_handle_build_start(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartBuildRequest *request = jig_call_request(call);
    static const Jig__V1__ProjectSelector none = JIG__V1__PROJECT_SELECTOR__INIT;
    struct jig_build_options options = {.jobs = request->jobs,
                                        .clean = request->clean,
                                        .explain = request->explain,
                                        .walk = request->walk};
    struct work *w = jig_new(struct work);
    w->env = env;
    w->building = jig_building_new(env->builder,
                                   request->project != NULL ? request->project : &none, &options);
    if (w->building == NULL) {
        free(w);
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    w->known = jig_building_ask(w->building);
    if (w->known)
        start_operation(env, call, w, JIG_OK, NULL, NULL);
    else if (jig_building_is_open(w->building))
        open_and_start(call, w);
    else
        jig_call_run_in(call, env->reading, open_and_start, w);
}
