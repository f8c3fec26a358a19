/*
 * envelope.c - fuzzes what comes over the wire before a handler sees it: the envelope, and the
 * request of the method that it names.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/arena.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/wire/decode.h"
#include "service/wire/envelope.h"
#include "service/wire/messages.h"

#define ARENA_MAX (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const ProtobufCServiceDescriptor *const services[] = {
    &jig__v1__build_service__descriptor,     &jig__v1__daemon_service__descriptor,
    &jig__v1__deploy_service__descriptor,    &jig__v1__device_service__descriptor,
    &jig__v1__operation_service__descriptor,
};

/* The request type of a method; NULL when there is no such method. */
static const ProtobufCMessageDescriptor *input_of(const char *method)
{
    for (size_t i = 0; i < JIG_COUNT(services); i++) {
        const char *name = jig_path_base(method);
        const ProtobufCMethodDescriptor *found =
            protobuf_c_service_descriptor_get_method_by_name(services[i], name);
        if (found != NULL)
            return found->input;
    }
    return NULL;
}

/* An error of the envelope's is answered with one: it must encode. */
static void answer(const struct jig_err *err)
{
    struct jig_answer a = {.err = err};
    size_t n = jig_answer_size(&a);
    uint8_t *bytes = malloc(n + 1);
    if (bytes == NULL)
        abort();
    jig_answer_encode(&a, bytes);
    Jig__V1__Response *r = jig__v1__response__unpack(NULL, n, bytes);
    if (r == NULL)
        abort();
    jig__v1__response__free_unpacked(r, NULL);
    free(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_arena arena;
    struct jig_err err = JIG_ERR_INIT;
    Jig__V1__Request *request = NULL;
    ProtobufCMessage *message = NULL;
    jig_arena_init(&arena, ARENA_MAX);
    enum jig_code code = jig_envelope_decode(data, size, &arena, &request, &err);
    if (code == JIG_OK)
        code = jig_envelope_check(request, &err);
    const ProtobufCMessageDescriptor *type = code == JIG_OK ? input_of(request->method) : NULL;
    if (type != NULL)
        code = jig_wire_decode(type, request->payload.data, request->payload.len, &arena, &message,
                               &err);
    if (code != JIG_OK)
        answer(&err);
    jig_arena_release(&arena);
    return 0;
}
