/*
 * cpphead.h - the head of a function, made into a prototype.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_CPPHEAD_H
#define JIG_ARDUINO_CPPHEAD_H

#include <stdbool.h>

#include "core/arduino/cppdecl.h"
#include "core/base/strv.h"

struct jig_cpp_head {
    char *prototype;       /* on one line, with its semicolon */
    bool has_default;      /* a default argument was left out */
    bool interrupted;      /* a comment or an attribute stands between its tokens, up to the ")" */
    struct jig_strv types; /* names that have to be declared before the prototype, each once: what
                              it returns and takes. Not: the names of parameters and of template
                              parameters, built-in types, and the X of `struct X`. */
};

/* `f` is a JIG_CPP_FUNCTION of jig_cpp_split(text). */
void jig_cpp_head_read(const char *text, const struct jig_cpp_statement *f,
                       struct jig_cpp_head *ret);
void jig_cpp_head_release(struct jig_cpp_head *h);

#endif
