#include <jig/lnk.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "client/lib/project_call.h"
#include "jig/v1/lnk.pb-c.h"

static const struct jig_lnk_options no_options = {0};

static bool fill_pull(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__StartPullResponse *)reply)->operation,
                               result);
}

static bool fill_check(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__StartCheckResponse *)reply)->operation,
                               result);
}

static bool fill_add(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(arena, ((const Jig__V1__StartAddResponse *)reply)->operation,
                               result);
}

enum jig_status jig_client_start_pull(struct jig_client *client,
                                      const struct jig_project_selector *selector,
                                      const struct jig_lnk_options *options, int64_t deadline_ns,
                                      const struct jig_operation **ret, struct jig_error *reterr)
{
    if (options == NULL)
        options = &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    request.jobs = options->jobs;
    request.news_only = options->news_only;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    const struct jig_project_call call = {
        .target = jig_target_of(&jig__v1__lnk_service__descriptor, "StartPull"),
        .request = &request.base,
        .project = &request.project,
        .size = sizeof(struct jig_operation),
        .fill = fill_pull,
    };
    return jig_call_project(client, selector, &call, deadline_ns, (const void **)ret, reterr);
}

enum jig_status jig_client_start_check(struct jig_client *client,
                                       const struct jig_project_selector *selector,
                                       const struct jig_lnk_options *options, int64_t deadline_ns,
                                       const struct jig_operation **ret, struct jig_error *reterr)
{
    if (options == NULL)
        options = &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartCheckRequest request = JIG__V1__START_CHECK_REQUEST__INIT;
    request.deep = options->deep;
    request.news_only = options->news_only;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    const struct jig_project_call call = {
        .target = jig_target_of(&jig__v1__lnk_service__descriptor, "StartCheck"),
        .request = &request.base,
        .project = &request.project,
        .size = sizeof(struct jig_operation),
        .fill = fill_check,
    };
    return jig_call_project(client, selector, &call, deadline_ns, (const void **)ret, reterr);
}

enum jig_status jig_client_start_add(struct jig_client *client, const char *url, const char *path,
                                     const char *extract, const struct jig_lnk_options *options,
                                     int64_t deadline_ns, const struct jig_operation **ret,
                                     struct jig_error *reterr)
{
    if (options == NULL)
        options = &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, options->detach);
    Jig__V1__StartAddRequest request = JIG__V1__START_ADD_REQUEST__INIT;
    request.url = (char *)(uintptr_t)url;
    request.path = (char *)(uintptr_t)path;
    if (extract != NULL)
        request.extract = (char *)(uintptr_t)extract;
    request.wait_ms = options->wait_ms;
    request.tie = &tie;
    return jig_call_typed(client, jig_target_of(&jig__v1__lnk_service__descriptor, "StartAdd"),
                          &request.base, deadline_ns, sizeof(struct jig_operation), fill_add,
                          (const void **)ret, reterr);
}
