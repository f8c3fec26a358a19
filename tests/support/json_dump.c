/*
 * json_dump - the JSON mapping as a filter, for tests that hold it against another implementation.
 *
 *   encode TYPE JSON   ->  ok HEX  |  error STATUS MESSAGE
 *   decode TYPE HEX    ->  ok JSON |  error STATUS MESSAGE
 *
 * One line in, one line out, until the input ends. TYPE is a full name, "jig.v1.Device".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/lib/json.h"
#include "client/lib/methods.h"
#include "jig/v1/operation.pb-c.h"
#include "tests/support/everything.pb-c.h"

static const ProtobufCMessageDescriptor *find_type(const char *name)
{
    static const ProtobufCMessageDescriptor *const others[] = {
        &jig__test__everything__descriptor,
        &jig__v1__operation_event__descriptor,
        &jig__v1__request__descriptor,
        &jig__v1__response__descriptor,
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i]->name, name) == 0)
            return others[i];
    }
    for (size_t s = 0; jig_services[s] != NULL; s++) {
        for (unsigned i = 0; i < jig_services[s]->n_methods; i++) {
            const ProtobufCMethodDescriptor *m = &jig_services[s]->methods[i];
            if (strcmp(m->input->name, name) == 0)
                return m->input;
            if (strcmp(m->output->name, name) == 0)
                return m->output;
        }
    }
    return NULL;
}

static void print_error(const struct jig_error *error)
{
    printf("error %s %s\n", jig_status_name(error->status), error->message);
}

static void encode(const ProtobufCMessageDescriptor *type, const char *json)
{
    void *bytes;
    size_t size;
    struct jig_error error;
    if (jig_json_encode(type, json, strlen(json), &bytes, &size, &error) != JIG_STATUS_OK) {
        print_error(&error);
        return;
    }
    printf("ok ");
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((unsigned char *)bytes)[i]);
    putchar('\n');
    free(bytes);
}

static void decode(const ProtobufCMessageDescriptor *type, const char *hex)
{
    size_t size = strlen(hex) / 2;
    unsigned char *bytes = malloc(size + 1);
    if (bytes == NULL)
        abort();
    for (size_t i = 0; i < size; i++) {
        unsigned value = 0;
        sscanf(hex + 2 * i, "%2x", &value);
        bytes[i] = (unsigned char)value;
    }
    ProtobufCMessage *m = protobuf_c_message_unpack(type, NULL, size, bytes);
    char *json = NULL;
    struct jig_error error;
    if (m == NULL)
        printf("error invalid_argument these bytes are no %s\n", type->name);
    else if (jig_json_decode(m, &json, &error) != JIG_STATUS_OK)
        print_error(&error);
    else
        printf("ok %s\n", json);
    free(json);
    if (m != NULL)
        protobuf_c_message_free_unpacked(m, NULL);
    free(bytes);
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;
    ssize_t n;
    while ((n = getline(&line, &room, stdin)) > 0) {
        line[n - 1] = '\0';
        char *type_name = strchr(line, ' ');
        char *rest = type_name != NULL ? strchr(type_name + 1, ' ') : NULL;
        if (rest == NULL)
            return 2;
        *type_name++ = '\0';
        *rest++ = '\0';
        const ProtobufCMessageDescriptor *type = find_type(type_name);
        if (type == NULL)
            printf("error not_found there is no type %s\n", type_name);
        else if (strcmp(line, "encode") == 0)
            encode(type, rest);
        else
            decode(type, rest);
        fflush(stdout);
    }
    free(line);
    return 0;
}
