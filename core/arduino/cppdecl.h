/*
 * cppdecl.h - the statements at the outermost level of preprocessed C++ text.
 *
 * Splits text into what stands between two semicolons or after a body: declarations, function
 * definitions, namespaces (one statement each, bodies included). `extern "C" {` and its `}` are
 * statements of their own, so that what they hold is seen too.
 *
 * It knows just enough of C++ to find where a function's head begins and ends, which name it has
 * and where its parameters are. Text that is no C++ gives some split or other, never a failure,
 * except past JIG_CPP_STATEMENTS_MAX.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_CPPDECL_H
#define JIG_ARDUINO_CPPDECL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arduino/cpplex.h"
#include "core/base/err.h"

#define JIG_CPP_STATEMENTS_MAX 200000

enum jig_cpp_statement_kind {
    JIG_CPP_OTHER,
    JIG_CPP_FUNCTION, /* a definition: has a body */
    JIG_CPP_OPEN,     /* extern "C" { */
    JIG_CPP_CLOSE,    /* its } */
};

/* Offsets are into the text. */
struct jig_cpp_statement {
    enum jig_cpp_statement_kind kind;
    bool in_linkage;    /* between JIG_CPP_OPEN and JIG_CPP_CLOSE */
    bool declares_type; /* has a class, struct, union, enum, typedef or using in its head */
    size_t begin, end;  /* first byte; behind the last one */
    size_t line;        /* of the first token, from 1 */
    size_t line_before; /* of the last token before it; 0 when there is none */
    /* functions only */
    size_t name, name_len, name_line; /* for operators the name is the word "operator" */
    bool qualified;                   /* Foo::name, ~name: a member of something */
    size_t params, params_end;        /* "(" and its ")" */
    size_t body;                      /* "{" */
    size_t angle, angle_end;          /* template's "<" and its ">"; equal without a template */
};

struct jig_cpp_statements {
    struct jig_cpp_statement *v;
    size_t n;
    size_t cap;
};

/* RESOURCE_EXHAUSTED past the ceiling. */
enum jig_code jig_cpp_split(const char *text, size_t len, struct jig_cpp_statements *ret,
                            struct jig_err *reterr) JIG_CHECKED;
void jig_cpp_statements_release(struct jig_cpp_statements *s);

#endif
