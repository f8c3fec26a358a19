#include <jig/package.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "client/lib/project_call.h"
#include "jig/v1/package.pb-c.h"

static const struct jig_package_options no_options = {0};

static struct jig_target target(const char *method)
{
    return jig_target_of(&jig__v1__package_service__descriptor, method);
}

static bool fill_list(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__ListPackagesResponse *in = (const void *)reply;
    struct jig_package *items = jig_result_items(arena, in->n_packages, sizeof *items);
    if (items == NULL && in->n_packages > 0)
        return false;
    for (size_t i = 0; i < in->n_packages; i++)
        items[i] = jig_convert_package(in->packages[i]);
    *(struct jig_packages *)result = (struct jig_packages){.items = items, .count = in->n_packages};
    return true;
}

enum jig_status jig_client_list_packages(struct jig_client *client, enum jig_package_kind kind,
                                         int64_t deadline_ns, const struct jig_packages **ret,
                                         struct jig_error *reterr)
{
    Jig__V1__ListPackagesRequest request = JIG__V1__LIST_PACKAGES_REQUEST__INIT;
    request.kind = (Jig__V1__PackageKind)kind;
    return jig_call_typed(client, target("ListPackages"), &request.base, deadline_ns, sizeof **ret,
                          fill_list, (const void **)ret, reterr);
}

static bool fill_update(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(
        arena, ((const Jig__V1__StartUpdateIndexesResponse *)reply)->operation, result);
}

enum jig_status jig_client_start_update_indexes(struct jig_client *client,
                                                const struct jig_package_options *options,
                                                int64_t deadline_ns,
                                                const struct jig_operation **ret,
                                                struct jig_error *reterr)
{
    const struct jig_package_options *o = options != NULL ? options : &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, o->detach);
    Jig__V1__StartUpdateIndexesRequest request = JIG__V1__START_UPDATE_INDEXES_REQUEST__INIT;
    request.tie = &tie;
    request.wait_ms = o->wait_ms;
    return jig_call_typed(client, target("StartUpdateIndexes"), &request.base, deadline_ns,
                          sizeof **ret, fill_update, (const void **)ret, reterr);
}

static bool fill_install(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(
        arena, ((const Jig__V1__StartInstallPackagesResponse *)reply)->operation, result);
}

enum jig_status jig_client_start_install_packages(
    struct jig_client *client, enum jig_package_kind kind, const struct jig_strings *names,
    const struct jig_package_options *options, int64_t deadline_ns,
    const struct jig_operation **ret, struct jig_error *reterr)
{
    const struct jig_package_options *o = options != NULL ? options : &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, o->detach);
    Jig__V1__StartInstallPackagesRequest request = JIG__V1__START_INSTALL_PACKAGES_REQUEST__INIT;
    request.kind = (Jig__V1__PackageKind)kind;
    request.names = (char **)(uintptr_t)names->items;
    request.n_names = names->count;
    request.tie = &tie;
    request.wait_ms = o->wait_ms;
    return jig_call_typed(client, target("StartInstallPackages"), &request.base, deadline_ns,
                          sizeof **ret, fill_install, (const void **)ret, reterr);
}

static bool fill_remove(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(
        arena, ((const Jig__V1__StartRemovePackagesResponse *)reply)->operation, result);
}

enum jig_status jig_client_start_remove_packages(
    struct jig_client *client, enum jig_package_kind kind, const struct jig_strings *names,
    const struct jig_package_options *options, int64_t deadline_ns,
    const struct jig_operation **ret, struct jig_error *reterr)
{
    const struct jig_package_options *o = options != NULL ? options : &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, o->detach);
    Jig__V1__StartRemovePackagesRequest request = JIG__V1__START_REMOVE_PACKAGES_REQUEST__INIT;
    request.kind = (Jig__V1__PackageKind)kind;
    request.names = (char **)(uintptr_t)names->items;
    request.n_names = names->count;
    request.tie = &tie;
    request.wait_ms = o->wait_ms;
    return jig_call_typed(client, target("StartRemovePackages"), &request.base, deadline_ns,
                          sizeof **ret, fill_remove, (const void **)ret, reterr);
}

static bool fill_sync(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    return jig_convert_started(
        arena, ((const Jig__V1__StartSyncPackagesResponse *)reply)->operation, result);
}

enum jig_status jig_client_start_sync_packages(
    struct jig_client *client, const struct jig_project_selector *selector, bool upgrade,
    const struct jig_package_options *options, int64_t deadline_ns,
    const struct jig_operation **ret, struct jig_error *reterr)
{
    const struct jig_package_options *o = options != NULL ? options : &no_options;
    Jig__V1__OperationTie tie = jig_tie(client, o->detach);
    Jig__V1__StartSyncPackagesRequest request = JIG__V1__START_SYNC_PACKAGES_REQUEST__INIT;
    request.upgrade = upgrade;
    request.tie = &tie;
    request.wait_ms = o->wait_ms;
    const struct jig_project_call call = {
        .target = target("StartSyncPackages"),
        .request = &request.base,
        .project = &request.project,
        .size = sizeof(struct jig_operation),
        .fill = fill_sync,
    };
    return jig_call_project(client, selector, &call, deadline_ns, (const void **)ret, reterr);
}
