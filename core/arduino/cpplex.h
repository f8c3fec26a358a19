/*
 * cpplex.h - the tokens of C++ text that the preprocessor has been over.
 *
 * A lexer for finding declarations, not for compiling: identifiers, numbers, strings (raw ones
 * too), character constants, and punctuation one character at a time, but for "::", "->" and "...".
 * Comments and what is left of directives (#pragma, line markers) are passed over. It accepts any
 * bytes, never fails, and makes progress with every call.
 *
 * Threads: a lexer belongs to one thread at a time; the text is borrowed.
 */
#ifndef JIG_ARDUINO_CPPLEX_H
#define JIG_ARDUINO_CPPLEX_H

#include <stdbool.h>
#include <stddef.h>

enum jig_cpp_kind {
    JIG_CPP_END,
    JIG_CPP_NAME,   /* identifier or keyword */
    JIG_CPP_NUMBER, /* a preprocessing number */
    JIG_CPP_STRING, /* with its prefix and quotes */
    JIG_CPP_CHAR,   /* likewise */
    JIG_CPP_PUNCT,
};

struct jig_cpp_token {
    enum jig_cpp_kind kind;
    const char *at; /* into the text */
    size_t len;
    size_t line; /* of its first byte, from 1 */
    bool spaced; /* white space or a comment stands before it */
};

struct jig_cpp_lexer {
    const char *at;
    const char *end;
    size_t line;
    bool line_start; /* nothing but white space and comments since the line began */
};

void jig_cpp_lex(struct jig_cpp_lexer *lexer, const char *text, size_t len);

/* The next token; JIG_CPP_END (len 0) at the end, and ever after. */
struct jig_cpp_token jig_cpp_next(struct jig_cpp_lexer *lexer);

bool jig_cpp_is(const struct jig_cpp_token *token, const char *text);

bool jig_cpp_is_keyword(const struct jig_cpp_token *token); /* built-in types among them */

/* True for keywords and for names that belong to the compiler, those with two leading underscores:
 * names that no header has to declare. */
bool jig_cpp_is_builtin(const struct jig_cpp_token *token);

#endif
