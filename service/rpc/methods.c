#include "service/rpc/methods.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"

#define NAME_MAX_BYTES 256
#define SUGGESTIONS    3

struct jig_methods {
    struct jig_map by_name; /* to struct jig_method */
};

static void free_method(void *value)
{
    struct jig_method *method = value;
    free(method->full_name);
    free(method);
}

static char *full_name(const ProtobufCServiceDescriptor *service, const char *method)
{
    return jig_strf("/%s/%s", service->name, method);
}

static enum jig_code add(struct jig_methods *methods, const struct jig_method_row *row,
                         struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *name = full_name(row->service, row->name);
    const ProtobufCMethodDescriptor *descriptor =
        protobuf_c_service_descriptor_get_method_by_name(row->service, row->name);
    if (descriptor == NULL)
        return jig_err_set(reterr, JIG_INTERNAL, "the method table names %s, which is not in proto",
                           name);
    if (jig_map_has(&methods->by_name, name))
        return jig_err_set(reterr, JIG_INTERNAL, "the method table names %s twice", name);
    struct jig_method *method = jig_new(struct jig_method);
    method->full_name = jig_steal(&name);
    method->descriptor = descriptor;
    method->handler = row->handler;
    method->flags = row->flags;
    jig_map_set(&methods->by_name, method->full_name, method);
    return JIG_OK;
}

enum jig_code jig_methods_new(const struct jig_method_row *rows, size_t n, struct jig_methods **ret,
                              struct jig_err *reterr)
{
    struct jig_methods *methods = jig_new(struct jig_methods);
    jig_map_init(&methods->by_name, free_method);
    for (size_t i = 0; i < n; i++) {
        enum jig_code code = add(methods, &rows[i], reterr);
        if (code != JIG_OK) {
            jig_methods_free(methods);
            return code;
        }
    }
    *ret = methods;
    return JIG_OK;
}

void jig_methods_free(struct jig_methods *methods)
{
    if (methods == NULL)
        return;
    jig_map_release(&methods->by_name);
    free(methods);
}

static const char *skip_name(const char *s, bool dots)
{
    while (isalnum((unsigned char)*s) || *s == '_' || (dots && *s == '.'))
        s++;
    return s;
}

static bool well_formed(const char *name)
{
    if (name[0] != '/' || strlen(name) > NAME_MAX_BYTES)
        return false;
    const char *slash = skip_name(name + 1, true);
    if (*slash != '/' || slash == name + 1)
        return false;
    return slash[1] != '\0' && *skip_name(slash + 1, false) == '\0';
}

static void suggest(const struct jig_methods *methods, const char *name, struct jig_err *reterr)
{
    struct jig_strv known = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < methods->by_name.used; i++) {
        if (methods->by_name.entries[i].key != NULL)
            jig_strv_append(&known, methods->by_name.entries[i].key);
    }
    jig_nearest(name, &known, SUGGESTIONS, &near);
    JIG_CLEANUP_FREE char *words = jig_strv_join(&near, ", ");
    if (near.n > 0)
        jig_err_hint(reterr, "the nearest: %s", words);
    jig_strv_release(&known);
    jig_strv_release(&near);
}

enum jig_code jig_methods_find(const struct jig_methods *methods, const char *name,
                               const struct jig_method **ret, struct jig_err *reterr)
{
    if (!well_formed(name))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the method '%.*s' has not the form /package.Service/Method",
                           NAME_MAX_BYTES, name);
    const struct jig_method *method = jig_map_get(&methods->by_name, name);
    if (method == NULL) {
        enum jig_code code = jig_err_set(reterr, JIG_UNIMPLEMENTED, "this jigd %s has no method %s",
                                         JIG_VERSION, name);
        suggest(methods, name, reterr);
        return code;
    }
    *ret = method;
    return JIG_OK;
}

enum jig_code jig_methods_complete(const struct jig_methods *methods,
                                   const ProtobufCServiceDescriptor *const *services, size_t n,
                                   struct jig_err *reterr)
{
    for (size_t i = 0; i < n; i++) {
        for (unsigned m = 0; m < services[i]->n_methods; m++) {
            JIG_CLEANUP_FREE char *name = full_name(services[i], services[i]->methods[m].name);
            if (!jig_map_has(&methods->by_name, name))
                return jig_err_set(reterr, JIG_INTERNAL, "the method table lacks %s", name);
        }
    }
    return JIG_OK;
}
