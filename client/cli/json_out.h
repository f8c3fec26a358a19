/*
 * json_out.h - the NDJSON of --json: one object a line, flushed line by line.
 *
 * The last line is {"type":"result",...} or {"type":"error",...}; lines before it are events. The
 * keys are a contract with users' scripts. Text that is not UTF-8 has its wrong bytes replaced by
 * U+FFFD.
 */
#ifndef JIG_CLI_JSON_OUT_H
#define JIG_CLI_JSON_OUT_H

#include <jansson.h>
#include <stddef.h>

#include <jig/types.h>

/* A new string value. */
json_t *cli_json_text(const char *s);
json_t *cli_json_text_n(const char *s, size_t n);

/* `s`, or null when it is "". */
json_t *cli_json_text_or_null(const char *s);

json_t *cli_json_strings(const struct jig_strings *strings);

/* {"type": type} to add to; cli_json_event has {"type":"event","event":name}. */
json_t *cli_json_line(const char *type);
json_t *cli_json_event(const char *name);

/* Adds; `value` is taken. */
void cli_json_set(json_t *object, const char *key, json_t *value);
void cli_json_set_text(json_t *object, const char *key, const char *value);
void cli_json_set_int(json_t *object, const char *key, int64_t value);
void cli_json_set_bool(json_t *object, const char *key, bool value);

/* Prints the line on stdout and takes the object. */
void cli_json_print(json_t *object);

/* The error line. */
void cli_json_print_error(const struct jig_error *error, const char *operation);

/* {"code","message","hint","details"}: of an error line, and of an operation that failed. */
void cli_json_add_error(json_t *object, const struct jig_error *error);

#endif
