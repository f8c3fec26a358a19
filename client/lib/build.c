#include <jig/build.h>

#include <assert.h>
#include <unistd.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "client/lib/project_call.h"
#include "jig/v1/build.pb-c.h"

static_assert((int)JIG_PROJECT_PLATFORMIO == JIG__V1__PROJECT__KIND__KIND_PLATFORMIO, "kind");
static_assert((int)JIG_PROJECT_SKETCH == JIG__V1__PROJECT__KIND__KIND_SKETCH, "kind");

static bool fill_environment(struct jig_arena *arena, const Jig__V1__ProjectEnvironment *in,
                             struct jig_project_environment *out)
{
    struct jig_project_option *options = jig_result_items(arena, in->n_options, sizeof *options);
    if (options == NULL && in->n_options > 0)
        return false;
    for (size_t i = 0; i < in->n_options; i++) {
        const Jig__V1__ProjectOption *o = in->options[i];
        options[i] = (struct jig_project_option){
            .name = o->name,
            .values = jig_convert_strings(o->values, o->n_values),
            .is_list = o->is_list,
        };
    }
    *out = (struct jig_project_environment){
        .name = in->name,
        .is_default = in->is_default,
        .fqbn = in->fqbn,
        .options = options,
        .option_count = in->n_options,
        .sources = jig_convert_strings(in->sources, in->n_sources),
        .problem = in->problem,
    };
    return true;
}

static bool fill_project(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__Project *in = ((const Jig__V1__GetProjectResponse *)reply)->project;
    static const Jig__V1__Project none = JIG__V1__PROJECT__INIT;
    if (in == NULL)
        in = &none;
    struct jig_project_environment *environments =
        jig_result_items(arena, in->n_environments, sizeof *environments);
    if (environments == NULL && in->n_environments > 0)
        return false;
    for (size_t i = 0; i < in->n_environments; i++) {
        if (!fill_environment(arena, in->environments[i], &environments[i]))
            return false;
    }
    *(struct jig_project *)result = (struct jig_project){
        .directory = in->directory,
        .kind = (enum jig_project_kind)in->kind,
        .environments = environments,
        .environment_count = in->n_environments,
        .warnings = jig_convert_strings(in->warnings, in->n_warnings),
    };
    return true;
}

enum jig_status jig_client_get_project(struct jig_client *client,
                                       const struct jig_project_selector *selector,
                                       int64_t deadline_ns, const struct jig_project **ret,
                                       struct jig_error *reterr)
{
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    const struct jig_project_call call = {
        .target = jig_target_of(&jig__v1__build_service__descriptor, "GetProject"),
        .request = &request.base,
        .project = &request.project,
        .size = sizeof(struct jig_project),
        .fill = fill_project,
    };
    return jig_call_project(client, selector, &call, deadline_ns, (const void **)ret, reterr);
}

static bool fill_build(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__StartBuildResponse *)reply)->operation,
                               result);
}

enum jig_status jig_client_start_build(struct jig_client *client,
                                       const struct jig_project_selector *selector,
                                       const struct jig_build_options *options, int64_t deadline_ns,
                                       const struct jig_operation **ret, struct jig_error *reterr)
{
    static const struct jig_build_options none = {0};
    if (options == NULL)
        options = &none;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartBuildRequest request = JIG__V1__START_BUILD_REQUEST__INIT;
    request.clean = options->clean;
    request.jobs = options->jobs;
    request.walk = options->walk;
    request.explain = options->explain;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    const struct jig_project_call call = {
        .target = jig_target_of(&jig__v1__build_service__descriptor, "StartBuild"),
        .request = &request.base,
        .project = &request.project,
        .size = sizeof(struct jig_operation),
        .fill = fill_build,
    };
    return jig_call_project(client, selector, &call, deadline_ns, (const void **)ret, reterr);
}
