#include "service/wire/envelope.h"

#include "service/wire/decode.h"

#define PAYLOAD_TAG ((3u << 3) | PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) /* Response.payload */

enum jig_code jig_envelope_check(const Jig__V1__Request *request, struct jig_err *reterr)
{
    if (request->protocol_version != JIG_PROTOCOL_VERSION) {
        enum jig_code code = jig_err_set(
            reterr, JIG_FAILED_PRECONDITION,
            "this jigd %s speaks protocol %d; the client (%s) speaks protocol %u", JIG_VERSION,
            JIG_PROTOCOL_VERSION, request->client[0] != '\0' ? request->client : "unnamed",
            request->protocol_version);
        jig_err_hint(reterr, request->protocol_version > JIG_PROTOCOL_VERSION
                                 ? "end the older daemon with its own 'jig daemon stop', or with "
                                   "SIGTERM; the newer client then starts its own"
                                 : "use a client of this daemon's version");
        return code;
    }
    if (request->request_id.len != 0 && request->request_id.len != JIG_REQUEST_ID_BYTES)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "request_id has %zu bytes; it must have %d, or none for a reading call",
                           request->request_id.len, JIG_REQUEST_ID_BYTES);
    if (request->deadline_ms < 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "deadline_ms is %lld; it must not be negative",
                           (long long)request->deadline_ms);
    return JIG_OK;
}

enum jig_code jig_envelope_decode(const uint8_t *bytes, size_t n, struct jig_arena *arena,
                                  Jig__V1__Request **ret, struct jig_err *reterr)
{
    ProtobufCMessage *message;
    enum jig_code code =
        jig_wire_decode(&jig__v1__request__descriptor, bytes, n, arena, &message, reterr);
    if (code == JIG_OK)
        *ret = (Jig__V1__Request *)message;
    return code;
}

Jig__V1__Status jig_wire_status(const struct jig_err *err, const struct jig_strv *details)
{
    Jig__V1__Status status = JIG__V1__STATUS__INIT;
    status.code = (int32_t)err->code;
    status.message = (char *)err->message;
    status.hint = (char *)err->hint;
    status.reason = (Jig__V1__ErrorReason)err->reason;
    if (details != NULL) {
        status.n_details = details->n;
        status.details = details->v;
    }
    return status;
}

static size_t varint_size(uint64_t value)
{
    size_t n = 1;
    while (value >= 0x80) {
        value >>= 7;
        n++;
    }
    return n;
}

static uint8_t *put_varint(uint8_t *out, uint64_t value)
{
    while (value >= 0x80) {
        *out++ = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    *out++ = (uint8_t)value;
    return out;
}

/* All of the response but its payload. `status` is the storage for the status. */
static Jig__V1__Response head(const struct jig_answer *answer, Jig__V1__Status *status)
{
    Jig__V1__Response response = JIG__V1__RESPONSE__INIT;
    response.request_id = answer->request_id;
    response.server_version = (char *)JIG_VERSION;
    response.protocol_version = JIG_PROTOCOL_VERSION;
    if (answer->err != NULL) {
        *status = jig_wire_status(answer->err, answer->details);
        response.status = status;
    }
    return response;
}

size_t jig_answer_size(const struct jig_answer *answer)
{
    Jig__V1__Status status;
    Jig__V1__Response response = head(answer, &status);
    size_t size = jig__v1__response__get_packed_size(&response);
    if (answer->message == NULL)
        return size;
    size_t payload = protobuf_c_message_get_packed_size(answer->message);
    return size + varint_size(PAYLOAD_TAG) + varint_size(payload) + payload;
}

void jig_answer_encode(const struct jig_answer *answer, uint8_t *out)
{
    Jig__V1__Status status;
    Jig__V1__Response response = head(answer, &status);
    out += jig__v1__response__pack(&response, out);
    if (answer->message == NULL)
        return;
    /* Fields may come in any order: the payload is packed in its place, without a copy. */
    out = put_varint(out, PAYLOAD_TAG);
    out = put_varint(out, protobuf_c_message_get_packed_size(answer->message));
    protobuf_c_message_pack(answer->message, out);
}
