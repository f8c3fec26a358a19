#include <jig/deploy.h>

#include <assert.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "client/lib/project_call.h"
#include "jig/v1/deploy.pb-c.h"

static_assert((int)JIG_TRUST_SESSION == JIG__V1__TRUST_MODE__TRUST_MODE_SESSION, "trust");
static_assert((int)JIG_TRUST_VERIFY == JIG__V1__TRUST_MODE__TRUST_MODE_VERIFY, "trust");
static_assert((int)JIG_TRUST_NONE == JIG__V1__TRUST_MODE__TRUST_MODE_NONE, "trust");

static bool fill_deploy(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__StartDeployResponse *)reply)->operation,
                               result);
}

static bool add_images(struct jig_arena *arena, const struct jig_deploy_options *options,
                       Jig__V1__StartDeployRequest *request)
{
    if (options->image_count == 0)
        return true;
    Jig__V1__ImagePart *parts =
        jig_result_items(arena, options->image_count, sizeof(Jig__V1__ImagePart));
    request->images = jig_result_items(arena, options->image_count, sizeof(Jig__V1__ImagePart *));
    if (parts == NULL || request->images == NULL)
        return false;
    for (size_t i = 0; i < options->image_count; i++) {
        jig__v1__image_part__init(&parts[i]);
        parts[i].offset = options->images[i].offset;
        parts[i].path = (char *)(uintptr_t)options->images[i].path;
        request->images[i] = &parts[i];
    }
    request->n_images = options->image_count;
    return true;
}

enum jig_status jig_client_start_deploy(struct jig_client *client,
                                        const struct jig_project_selector *selector,
                                        const struct jig_deploy_options *options,
                                        int64_t deadline_ns, const struct jig_operation **ret,
                                        struct jig_error *reterr)
{
    static const struct jig_deploy_options none = {0};
    if (options == NULL)
        options = &none;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartDeployRequest request = JIG__V1__START_DEPLOY_REQUEST__INIT;
    if (options->device != NULL)
        request.device = (char *)(uintptr_t)options->device;
    request.no_build = options->no_build;
    request.trust = (Jig__V1__TrustMode)options->trust;
    request.monitor = options->monitor;
    request.monitor_baud = options->monitor_baud;
    request.jobs = options->jobs;
    request.walk = options->walk;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    const struct jig_project_call call = {
        .target = jig_target_of(&jig__v1__deploy_service__descriptor, "StartDeploy"),
        .request = &request.base,
        .project = &request.project,
        .size = sizeof(struct jig_operation),
        .fill = fill_deploy,
    };
    struct jig_arena arena;
    jig_arena_init(&arena, (size_t)1 << 20);
    enum jig_status status = JIG_STATUS_OK;
    if (!add_images(&arena, options, &request))
        status = jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                               "%zu images are too many for one deploy", options->image_count);
    if (status == JIG_STATUS_OK)
        status = jig_call_project(client, selector, &call, deadline_ns, (const void **)ret, reterr);
    jig_arena_release(&arena);
    return status;
}
