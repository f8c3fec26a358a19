#include <jig/client.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/call.h"
#include "client/lib/describe.pb-c.h"
#include "client/lib/json.h"
#include "client/lib/methods.h"
#include "jig/v1/daemon.pb-c.h"

/* The text as a result, and the text freed. */
static enum jig_status text_result(char *text, const char **ret, struct jig_error *reterr)
{
    size_t n = strlen(text) + 1;
    char *result = jig_result_new(n);
    if (result != NULL)
        memcpy(result, text, n);
    free(text);
    *ret = result;
    return result != NULL ? JIG_STATUS_OK : jig_error_memory(reterr);
}

enum jig_status jig_client_call_json(struct jig_client *client, const char *method,
                                     const char *json, int64_t deadline_ns, const char **ret_json,
                                     struct jig_error *reterr)
{
    struct jig_target target;
    enum jig_status status = jig_method_find(method, &target, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    void *payload = NULL;
    size_t size = 0;
    status = jig_json_encode(target.method->input, json != NULL ? json : "",
                             json != NULL ? strlen(json) : 0, &payload, &size, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    struct jig_arena arena;
    jig_arena_init(&arena, JIG_RESULT_MAX);
    ProtobufCMessage *reply = NULL;
    char *text = NULL;
    status = jig_call_raw(client, target, payload, size, deadline_ns, &arena, &reply, reterr);
    if (status == JIG_STATUS_OK)
        status = jig_json_decode(reply, &text, reterr);
    jig_arena_release(&arena);
    free(payload);
    return status == JIG_STATUS_OK ? text_result(text, ret_json, reterr) : status;
}

/* --- the list of methods --- */

/* "/package.Service/Method" in the arena, or NULL. */
static const char *full_name(struct jig_arena *arena, const char *package, const char *service,
                             const char *method)
{
    size_t n = strlen(package) + strlen(service) + strlen(method) + 4;
    char *name = jig_arena_alloc(arena, n);
    if (name != NULL)
        snprintf(name, n, "/%s%s%s/%s", package, package[0] != '\0' ? "." : "", service, method);
    return name;
}

static size_t count_methods(const Jig__Describe__FileSet *set)
{
    size_t count = 0;
    for (size_t f = 0; f < set->n_file; f++) {
        for (size_t s = 0; s < set->file[f]->n_service; s++)
            count += set->file[f]->service[s]->n_method;
    }
    return count;
}

static const char *without_dot(const char *name)
{
    return name[0] == '.' ? name + 1 : name;
}

static bool fill_service(struct jig_arena *arena, const char *package,
                         const Jig__Describe__Service *service, struct jig_method *out)
{
    for (size_t i = 0; i < service->n_method; i++) {
        const Jig__Describe__Method *m = service->method[i];
        struct jig_target known;
        const char *name = full_name(arena, package, service->name, m->name);
        if (name == NULL)
            return false;
        out[i] = (struct jig_method){
            .name = name,
            .request = without_dot(m->input_type),
            .response = without_dot(m->output_type),
            .callable = jig_method_find(name, &known, NULL) == JIG_STATUS_OK,
        };
    }
    return true;
}

static bool fill_methods(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const ProtobufCBinaryData *bytes =
        &((const Jig__V1__GetDescriptorsResponse *)reply)->file_descriptor_set;
    struct jig_method_list *list = result;
    ProtobufCMessage *m = NULL;
    if (jig_result_decode(arena, &jig__describe__file_set__descriptor, bytes->data, bytes->len,
                          &m) != JIG_STATUS_OK)
        return false;
    const Jig__Describe__FileSet *set = (const Jig__Describe__FileSet *)m;
    size_t count = count_methods(set);
    struct jig_method *items = jig_result_items(arena, count, sizeof *items);
    if (items == NULL)
        return count == 0; /* the list is empty as it is */
    list->items = items;
    list->count = count;
    for (size_t f = 0; f < set->n_file; f++) {
        for (size_t s = 0; s < set->file[f]->n_service; s++) {
            const Jig__Describe__Service *service = set->file[f]->service[s];
            if (!fill_service(arena, set->file[f]->package, service, items))
                return false;
            items += service->n_method;
        }
    }
    return true;
}

enum jig_status jig_client_list_methods(struct jig_client *client, int64_t deadline_ns,
                                        const struct jig_method_list **ret,
                                        struct jig_error *reterr)
{
    Jig__V1__GetDescriptorsRequest request = JIG__V1__GET_DESCRIPTORS_REQUEST__INIT;
    struct jig_target target =
        jig_target_of(&jig__v1__daemon_service__descriptor, "GetDescriptors");
    return jig_call_typed(client, target, &request.base, deadline_ns, sizeof **ret, fill_methods,
                          (const void **)ret, reterr);
}
