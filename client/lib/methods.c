#include "client/lib/methods.h"

#include <stdio.h>
#include <string.h>

#include "core/base/nearest.h"
#include "jig/v1/build.pb-c.h"
#include "jig/v1/cache.pb-c.h"
#include "jig/v1/daemon.pb-c.h"
#include "jig/v1/deploy.pb-c.h"
#include "jig/v1/device.pb-c.h"
#include "jig/v1/lnk.pb-c.h"
#include "jig/v1/operation.pb-c.h"
#include "jig/v1/package.pb-c.h"

#define NEAREST 3

const ProtobufCServiceDescriptor *const jig_services[] = {
    &jig__v1__build_service__descriptor,
    &jig__v1__deploy_service__descriptor,
    &jig__v1__device_service__descriptor,
    &jig__v1__lnk_service__descriptor,
    &jig__v1__operation_service__descriptor,
    &jig__v1__package_service__descriptor,
    &jig__v1__cache_service__descriptor,
    &jig__v1__daemon_service__descriptor,
    NULL,
};

/* What precedes the method in its name: "jig.v1.DeviceService" or "DeviceService" or nothing. */
static bool names_service(const char *name, size_t n, const ProtobufCServiceDescriptor *service)
{
    if (n == 0)
        return true;
    const char *const forms[] = {service->name, service->short_name};
    for (size_t i = 0; i < 2; i++) {
        if (strlen(forms[i]) == n && strncmp(forms[i], name, n) == 0)
            return true;
    }
    return false;
}

struct near {
    char names[NEAREST][128];
    size_t distances[NEAREST];
    size_t count;
};

static void offer(struct near *near, const char *service, const char *method, size_t distance)
{
    size_t at = near->count;
    while (at > 0 && near->distances[at - 1] > distance)
        at--;
    if (at == NEAREST)
        return;
    size_t last = near->count < NEAREST ? near->count++ : NEAREST - 1;
    for (size_t i = last; i > at; i--) {
        near->distances[i] = near->distances[i - 1];
        memcpy(near->names[i], near->names[i - 1], sizeof near->names[i]);
    }
    near->distances[at] = distance;
    snprintf(near->names[at], sizeof near->names[at], "%s/%s", service, method);
}

static enum jig_status not_found(const char *name, struct jig_error *reterr)
{
    struct near near = {.count = 0};
    const char *slash = strrchr(name, '/');
    const char *word = slash != NULL ? slash + 1 : name;
    for (size_t s = 0; jig_services[s] != NULL; s++) {
        for (unsigned i = 0; i < jig_services[s]->n_methods; i++) {
            const char *method = jig_services[s]->methods[i].name;
            size_t d = jig_edit_distance(word, method);
            if (d <= strlen(word) / 2)
                offer(&near, jig_services[s]->short_name, method, d);
        }
    }
    jig_error_set(reterr, JIG_STATUS_NOT_FOUND, "there is no method '%.200s'", name);
    if (near.count == 0)
        jig_error_hint(reterr, "`jig call --list` lists them");
    else
        jig_error_hint(reterr, "did you mean %s%s%s%s%s?", near.names[0],
                       near.count == 3   ? ", "
                       : near.count == 2 ? " or "
                                         : "",
                       near.count > 1 ? near.names[1] : "", near.count > 2 ? " or " : "",
                       near.count > 2 ? near.names[2] : "");
    return JIG_STATUS_NOT_FOUND;
}

enum jig_status jig_method_find(const char *name, struct jig_target *ret, struct jig_error *reterr)
{
    const char *start = name[0] == '/' ? name + 1 : name;
    const char *slash = strrchr(start, '/');
    const char *method = slash != NULL ? slash + 1 : start;
    size_t n = slash != NULL ? (size_t)(slash - start) : 0;
    const ProtobufCServiceDescriptor *first = NULL;
    for (size_t s = 0; jig_services[s] != NULL; s++) {
        const ProtobufCServiceDescriptor *service = jig_services[s];
        if (!names_service(start, n, service) ||
            protobuf_c_service_descriptor_get_method_by_name(service, method) == NULL)
            continue;
        if (first != NULL)
            return jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                                   "'%.200s' is a method of %s and of %s: say which", name,
                                   first->short_name, service->short_name);
        first = service;
    }
    if (first == NULL)
        return not_found(name, reterr);
    *ret = jig_target_of(first, method);
    return JIG_STATUS_OK;
}
