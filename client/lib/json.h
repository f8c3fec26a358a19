/*
 * json.h - proto3's JSON form of messages, by protobuf-c's descriptors. Pure functions.
 *
 * The mapping is the canonical one (protobuf.dev/programming-guides/json):
 *
 *   names    lowerCamelCase; on input the .proto file's own too
 *   64 bits  strings of decimal digits; on input numbers too
 *   bytes    base64 with padding; on input also base64url, and without padding
 *   enums    names; on input numbers too; a number without a name stays a number
 *   floats   numbers, or "NaN", "Infinity", "-Infinity"
 *   null     the default
 *   output   leaves out what has its default value, unless it is the chosen one of a oneof
 *
 * Stricter than the specification asks: text holds no NUL (a C string could not), and a number past
 * 2^63-1 has to be given as a string. An error says where in the JSON the mistake is:
 * "project.variables[2].nam: unknown field; did you mean name?".
 *
 * Text on output that is not UTF-8 has its wrong bytes replaced by U+FFFD.
 *
 * Threads: no state.
 */
#ifndef JIG_LIB_JSON_H
#define JIG_LIB_JSON_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>

#include "client/lib/error.h"

#define JIG_JSON_INPUT_MAX  ((size_t)24 << 20) /* bytes of JSON; as base64 16 MiB take 22 */
#define JIG_JSON_VALUES_MAX 250000 /* objects, lists and items; jansson takes ~400 B each */
#define JIG_JSON_DEPTH_MAX  32     /* messages within messages */

/* The JSON text as an encoded message of that type, malloc'ed. `json` needs no NUL at its end; an
 * empty one is {}. INVALID_ARGUMENT (cause USAGE) for bad JSON, RESOURCE_EXHAUSTED past a limit. */
enum jig_status jig_json_encode(const ProtobufCMessageDescriptor *type, const char *json,
                                size_t size, void **ret, size_t *ret_size,
                                struct jig_error *reterr) JIG_CHECKED;

/* The message as JSON text without line breaks, malloc'ed. */
enum jig_status jig_json_decode(const ProtobufCMessage *message, char **ret,
                                struct jig_error *reterr) JIG_CHECKED;

/* "wait_ms" as "waitMs". Cut at size. */
void jig_json_name(const char *field, char *out, size_t size);

#endif
