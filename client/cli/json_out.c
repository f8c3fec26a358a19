#include "client/cli/json_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The length of the UTF-8 character at s (n bytes left), or 0 when there is none. */
static size_t character(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80)
        return 1;
    size_t size = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
    if (s[0] < 0xc2 || s[0] > 0xf4 || n < size)
        return 0;
    for (size_t i = 1; i < size; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool surrogate = s[0] == 0xed && s[1] >= 0xa0;
    bool beyond = s[0] == 0xf4 && s[1] >= 0x90;
    return overlong || surrogate || beyond ? 0 : size;
}

static json_t *mended(const char *s, size_t n)
{
    char *out = malloc(3 * n + 1);
    if (out == NULL)
        return json_string("");
    size_t used = 0;
    for (size_t i = 0; i < n;) {
        size_t size = character((const unsigned char *)s + i, n - i);
        if (size == 0) {
            memcpy(out + used, "\xef\xbf\xbd", 3);
            used += 3;
            i++;
        } else {
            memcpy(out + used, s + i, size);
            used += size;
            i += size;
        }
    }
    json_t *value = json_stringn(out, used);
    free(out);
    return value;
}

json_t *cli_json_text_n(const char *s, size_t n)
{
    json_t *value = json_stringn(s, n);
    return value != NULL ? value : mended(s, n);
}

json_t *cli_json_text(const char *s)
{
    return cli_json_text_n(s, strlen(s));
}

json_t *cli_json_text_or_null(const char *s)
{
    return s[0] != '\0' ? cli_json_text(s) : json_null();
}

json_t *cli_json_strings(const struct jig_strings *strings)
{
    json_t *array = json_array();
    for (size_t i = 0; i < strings->count; i++)
        json_array_append_new(array, cli_json_text(strings->items[i]));
    return array;
}

void cli_json_set(json_t *object, const char *key, json_t *value)
{
    json_object_set_new(object, key, value);
}

void cli_json_set_text(json_t *object, const char *key, const char *value)
{
    cli_json_set(object, key, cli_json_text(value));
}

void cli_json_set_int(json_t *object, const char *key, int64_t value)
{
    cli_json_set(object, key, json_integer(value));
}

void cli_json_set_bool(json_t *object, const char *key, bool value)
{
    cli_json_set(object, key, json_boolean(value));
}

json_t *cli_json_line(const char *type)
{
    json_t *object = json_object();
    cli_json_set_text(object, "type", type);
    return object;
}

json_t *cli_json_event(const char *name)
{
    json_t *object = cli_json_line("event");
    cli_json_set_text(object, "event", name);
    return object;
}

void cli_json_print(json_t *object)
{
    json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    fflush(stdout);
    json_decref(object);
}

static json_t *details_of(const struct jig_error *error)
{
    json_t *array = json_array();
    for (const char *at = error->details; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        json_array_append_new(array, cli_json_text_n(at, n));
        at += n + (at[n] == '\n');
    }
    return array;
}

void cli_json_add_error(json_t *object, const struct jig_error *error)
{
    cli_json_set_text(object, "code", jig_status_name(error->status));
    cli_json_set_text(object, "message", error->message);
    cli_json_set_text(object, "hint", error->hint);
    if (error->details[0] != '\0')
        cli_json_set(object, "details", details_of(error));
}

void cli_json_print_error(const struct jig_error *error, const char *operation)
{
    json_t *line = cli_json_line("error");
    cli_json_add_error(line, error);
    if (operation != NULL)
        cli_json_set_text(line, "operation", operation);
    cli_json_print(line);
}
