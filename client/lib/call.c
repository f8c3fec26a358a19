#include "client/lib/call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/str.h"
#include "core/os/time.h"

#define METHOD_MAX     256
#define REQUEST_ID_LEN 16

struct jig_target jig_target_of(const ProtobufCServiceDescriptor *service, const char *method)
{
    return (struct jig_target){
        .service = service,
        .method = protobuf_c_service_descriptor_get_method_by_name(service, method),
    };
}

/* A repeat of these does no harm when a new daemon gets it, which knows no reply to repeat: they
 * look, or build, and a build does what is left to do. */
static bool is_repeatable(const char *method)
{
    static const char *const beginnings[] = {"Get", "List", "Watch", "Read", "StartBuild"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (jig_str_starts(method, beginnings[i]))
            return true;
    }
    return false;
}

static void make_id(uint8_t id[REQUEST_ID_LEN])
{
    static uint64_t count;
    if (getrandom(id, REQUEST_ID_LEN, GRND_NONBLOCK) == REQUEST_ID_LEN)
        return;
    /* Early at boot, before the kernel has randomness: unique on this host is enough. */
    uint64_t parts[2] = {(uint64_t)jig_now_ns(),
                         (uint64_t)getpid() << 32 ^
                             __atomic_add_fetch(&count, 1, __ATOMIC_RELAXED)};
    memcpy(id, parts, REQUEST_ID_LEN);
}

static int64_t remaining_ms(int64_t deadline_ns)
{
    if (deadline_ns == JIG_FOREVER)
        return 0;
    int64_t left = deadline_ns - jig_now_ns();
    return left > JIG_NS_PER_MS ? left / JIG_NS_PER_MS : 1;
}

/* The encoded envelope, malloc'ed. NULL when memory is out. */
static void *wrap(const struct jig_client *client, struct jig_target target, const void *payload,
                  size_t size, int64_t deadline_ns, size_t *ret_size)
{
    char method[METHOD_MAX];
    snprintf(method, sizeof method, "/%s/%s", target.service->name, target.method->name);
    uint8_t id[REQUEST_ID_LEN];
    make_id(id);
    Jig__V1__Request request = JIG__V1__REQUEST__INIT;
    request.request_id = (ProtobufCBinaryData){.len = sizeof id, .data = id};
    request.method = method;
    request.protocol_version = JIG_PROTOCOL_VERSION;
    request.deadline_ms = remaining_ms(deadline_ns);
    request.payload = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)payload};
    request.client = (char *)(uintptr_t)client->program;
    *ret_size = jig__v1__request__get_packed_size(&request);
    void *bytes = malloc(*ret_size + 1);
    if (bytes != NULL)
        jig__v1__request__pack(&request, bytes);
    return bytes;
}

void jig_error_from_wire(struct jig_error *e, const Jig__V1__Status *status)
{
    enum jig_status code = status->code > 0 && status->code <= JIG_STATUS_UNAUTHENTICATED
                               ? (enum jig_status)status->code
                               : JIG_STATUS_UNKNOWN;
    enum jig_cause cause = status->reason <= JIG__V1__ERROR_REASON__ERROR_REASON_TEST_FAILED
                               ? (enum jig_cause)status->reason
                               : JIG_CAUSE_NONE;
    const char *message = status->message[0] != '\0' ? status->message : jig_status_name(code);
    jig_error_cause(e, code, cause, "%s", message);
    if (status->hint[0] != '\0')
        jig_error_hint(e, "%s", status->hint);
    for (size_t i = 0; i < status->n_details; i++)
        jig_error_detail(e, status->details[i]);
}

static enum jig_status other_version(const Jig__V1__Response *response, struct jig_error *reterr)
{
    jig_error_cause(reterr, JIG_STATUS_FAILED_PRECONDITION, JIG_CAUSE_VERSION,
                    "jigd %s speaks protocol %u, and this jig %s speaks protocol %u",
                    response->server_version[0] != '\0' ? response->server_version : "(unknown)",
                    response->protocol_version, JIG_VERSION, JIG_PROTOCOL_VERSION);
    jig_error_hint(reterr, "use the jig that belongs to that jigd, or end it with its own "
                           "`jig daemon stop`");
    return JIG_STATUS_FAILED_PRECONDITION;
}

static enum jig_status check_response(const Jig__V1__Response *response, struct jig_error *reterr)
{
    if (response->protocol_version != JIG_PROTOCOL_VERSION)
        return other_version(response, reterr);
    if (response->status == NULL || response->status->code == 0)
        return JIG_STATUS_OK;
    struct jig_error error;
    jig_error_from_wire(&error, response->status);
    if (reterr != NULL)
        *reterr = error;
    return error.status;
}

static enum jig_status decode(struct jig_target target, struct jig_arena *arena,
                              const ProtobufCMessageDescriptor *type, const void *bytes,
                              size_t size, ProtobufCMessage **ret, struct jig_error *reterr)
{
    enum jig_status status = jig_result_decode(arena, type, bytes, size, ret);
    if (status == JIG_STATUS_RESOURCE_EXHAUSTED)
        return jig_error_set(reterr, status, "the daemon's reply to %s takes too much memory",
                             target.method->name);
    if (status != JIG_STATUS_OK)
        return jig_error_set(reterr, status, "the daemon's reply to %s can't be decoded",
                             target.method->name);
    return JIG_STATUS_OK;
}

static enum jig_status unwrap(struct jig_target target, const char *bytes, size_t size,
                              struct jig_arena *arena, ProtobufCMessage **ret,
                              struct jig_error *reterr)
{
    ProtobufCMessage *m;
    enum jig_status status =
        decode(target, arena, &jig__v1__response__descriptor, bytes, size, &m, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    const Jig__V1__Response *response = (const Jig__V1__Response *)m;
    status = check_response(response, reterr);
    if (status != JIG_STATUS_OK)
        return status;
    return decode(target, arena, target.method->output, response->payload.data,
                  response->payload.len, ret, reterr);
}

enum jig_status jig_call_raw(struct jig_client *client, struct jig_target target,
                             const void *payload, size_t size, int64_t deadline_ns,
                             struct jig_arena *arena, ProtobufCMessage **ret,
                             struct jig_error *reterr)
{
    struct jig_call call = {.repeatable = is_repeatable(target.method->name)};
    void *request = wrap(client, target, payload, size, deadline_ns, &call.request_size);
    if (request == NULL)
        return jig_error_memory(reterr);
    call.request = request;
    enum jig_status status = jig_exchange(client, &call, deadline_ns, reterr);
    if (status == JIG_STATUS_OK)
        status = unwrap(target, call.reply, call.reply_size, arena, ret, reterr);
    free(call.reply);
    free(request);
    return status;
}

static enum jig_status call_packed(struct jig_client *client, struct jig_target target,
                                   const ProtobufCMessage *request, int64_t deadline_ns,
                                   struct jig_arena *arena, ProtobufCMessage **ret,
                                   struct jig_error *reterr)
{
    size_t size = protobuf_c_message_get_packed_size(request);
    void *payload = malloc(size + 1);
    if (payload == NULL)
        return jig_error_memory(reterr);
    protobuf_c_message_pack(request, payload);
    enum jig_status status =
        jig_call_raw(client, target, payload, size, deadline_ns, arena, ret, reterr);
    free(payload);
    return status;
}

enum jig_status jig_call_typed(struct jig_client *client, struct jig_target target,
                               const ProtobufCMessage *request, int64_t deadline_ns, size_t size,
                               jig_fill_fn *fill, const void **ret, struct jig_error *reterr)
{
    void *result = jig_result_new(size);
    if (result == NULL)
        return jig_error_memory(reterr);
    struct jig_arena *arena = jig_result_arena(result);
    ProtobufCMessage *reply = NULL;
    enum jig_status status =
        call_packed(client, target, request, deadline_ns, arena, &reply, reterr);
    if (status == JIG_STATUS_OK && !fill(arena, reply, result))
        status = jig_error_memory(reterr);
    if (status != JIG_STATUS_OK) {
        jig_client_free(result);
        return status;
    }
    *ret = result;
    return JIG_STATUS_OK;
}

static bool fill_nothing(struct jig_arena *arena, const ProtobufCMessage *reply, void *out)
{
    (void)arena;
    (void)reply;
    (void)out;
    return true;
}

enum jig_status jig_call_void(struct jig_client *client, struct jig_target target,
                              const ProtobufCMessage *request, int64_t deadline_ns,
                              struct jig_error *reterr)
{
    const void *result = NULL;
    enum jig_status status =
        jig_call_typed(client, target, request, deadline_ns, 1, fill_nothing, &result, reterr);
    if (status == JIG_STATUS_OK)
        jig_client_free(result);
    return status;
}
