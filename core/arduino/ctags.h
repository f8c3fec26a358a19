/*
 * ctags.h - what universal-ctags finds in C++ text.
 *
 * Running it and reading its answer are two functions, so that the second can be tested and fuzzed
 * alone. Only what prototypes need is kept: functions and their declarations, with their scopes.
 *
 * Source of the JSON output's fields: ctags-json-output(5) of universal-ctags 5.9.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_CTAGS_H
#define JIG_ARDUINO_CTAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/os/cancel.h"

#define JIG_CTAGS_OUTPUT_MAX ((size_t)32 << 20) /* bytes */
#define JIG_CTAGS_TAGS_MAX   200000

struct jig_tag {
    char *name;      /* "toggle"; "operator ==" */
    char *signature; /* "(int ms)", blanks made uniform by ctags; "" when it gave none */
    char *typeref;   /* "typename:void": what it returns; "" when it gave none */
    size_t line;     /* of the name, from 1 */
    bool declared;   /* a declaration; else a definition */
    bool scoped;     /* in a class, namespace or function, or of one (Foo::bar) */
};

struct jig_tags {
    struct jig_tag *v; /* in the order of the text */
    size_t n;
    size_t cap;
};

/* The program's path. NOT_FOUND with a hint when it is not installed. The caller frees. */
enum jig_code jig_ctags_find(char **ret, struct jig_err *reterr) JIG_CHECKED;

/* Runs universal-ctags over the C++ file and appends its answer to out (whose max counts).
 * NOT_FOUND with a hint when it is not installed; INTERNAL when it fails, with what it said. */
enum jig_code jig_ctags_run(const char *path, const struct jig_until *until, struct jig_buf *out,
                            struct jig_err *reterr) JIG_CHECKED;

/* Reads JSON lines. INVALID_ARGUMENT names the line that is none. */
enum jig_code jig_ctags_parse(const char *text, size_t len, struct jig_tags *ret,
                              struct jig_err *reterr) JIG_CHECKED;
void jig_tags_release(struct jig_tags *t);

#endif
