/*
 * The JSON mapping, both ways. Bytes that are a message become JSON, which becomes the same message
 * again; text that is JSON of a message becomes bytes, which become JSON that means the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/json.h"
#include "tests/support/everything.pb-c.h"

static const ProtobufCMessageDescriptor *const type = &jig__test__everything__descriptor;

/* The message's JSON, or NULL when the bytes are none. */
static char *json_of(const void *bytes, size_t size)
{
    ProtobufCMessage *m = protobuf_c_message_unpack(type, NULL, size, bytes);
    char *json = NULL;
    if (m == NULL)
        return NULL;
    if (jig_json_decode(m, &json, NULL) != JIG_STATUS_OK)
        abort();
    protobuf_c_message_free_unpacked(m, NULL);
    return json;
}

/* What we said has to be understood, and to be said again in the same words. */
static void check(char *json)
{
    void *bytes;
    size_t size;
    if (jig_json_encode(type, json, strlen(json), &bytes, &size, NULL) != JIG_STATUS_OK)
        abort();
    char *again = json_of(bytes, size);
    if (again == NULL || strcmp(again, json) != 0)
        abort();
    free(bytes);
    free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    void *bytes;
    size_t n;
    struct jig_error error;
    if (size > 65536)
        return 0;
    if (jig_json_encode(type, (const char *)data, size, &bytes, &n, &error) == JIG_STATUS_OK) {
        char *json = json_of(bytes, n);
        if (json == NULL)
            abort();
        check(json);
        free(json);
        free(bytes);
    }
    char *json = json_of(data, size);
    if (json != NULL)
        check(json);
    free(json);
    return 0;
}
