#include "core/arduino/cpplex.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

#define RAW_DELIMITER_MAX 16 /* ISO C++ [lex.string] */

/* ISO C++17 [lex.key] and [lex.digraph]'s alternative tokens; sorted for bsearch. */
static const char *const keywords[] = {
    "alignas",      "alignof",
    "and",          "and_eq",
    "asm",          "auto",
    "bitand",       "bitor",
    "bool",         "break",
    "case",         "catch",
    "char",         "char16_t",
    "char32_t",     "class",
    "compl",        "const",
    "const_cast",   "constexpr",
    "continue",     "decltype",
    "default",      "delete",
    "do",           "double",
    "dynamic_cast", "else",
    "enum",         "explicit",
    "export",       "extern",
    "false",        "float",
    "for",          "friend",
    "goto",         "if",
    "inline",       "int",
    "long",         "mutable",
    "namespace",    "new",
    "noexcept",     "not",
    "not_eq",       "nullptr",
    "operator",     "or",
    "or_eq",        "private",
    "protected",    "public",
    "register",     "reinterpret_cast",
    "return",       "short",
    "signed",       "sizeof",
    "static",       "static_assert",
    "static_cast",  "struct",
    "switch",       "template",
    "this",         "thread_local",
    "throw",        "true",
    "try",          "typedef",
    "typeid",       "typename",
    "union",        "unsigned",
    "using",        "virtual",
    "void",         "volatile",
    "wchar_t",      "while",
    "xor",          "xor_eq",
};

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$' ||
           (unsigned char)c >= 0x80;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_part(char c)
{
    return is_name_start(c) || is_digit(c);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

void jig_cpp_lex(struct jig_cpp_lexer *lexer, const char *text, size_t len)
{
    *lexer = (struct jig_cpp_lexer){.at = text, .end = text + len, .line = 1, .line_start = true};
}

static char peek(const struct jig_cpp_lexer *lexer, size_t ahead)
{
    return (size_t)(lexer->end - lexer->at) > ahead ? lexer->at[ahead] : '\0';
}

static void step(struct jig_cpp_lexer *lexer)
{
    if (*lexer->at == '\n') {
        lexer->line++;
        lexer->line_start = true;
    }
    lexer->at++;
}

static void steps(struct jig_cpp_lexer *lexer, size_t n)
{
    while (n-- > 0 && lexer->at < lexer->end)
        step(lexer);
}

/* To the end of the logical line: a backslash before the newline carries on. */
static void skip_line(struct jig_cpp_lexer *lexer)
{
    while (lexer->at < lexer->end && *lexer->at != '\n')
        steps(lexer, *lexer->at == '\\' ? 2 : 1);
}

static void skip_block_comment(struct jig_cpp_lexer *lexer)
{
    steps(lexer, 2);
    while (lexer->at < lexer->end && !(*lexer->at == '*' && peek(lexer, 1) == '/'))
        step(lexer);
    steps(lexer, 2);
}

/* True when something was passed over. */
static bool skip_space(struct jig_cpp_lexer *lexer)
{
    const char *start = lexer->at;
    while (lexer->at < lexer->end) {
        char c = *lexer->at;
        if (is_blank(c))
            step(lexer);
        else if (c == '\\' && peek(lexer, 1) == '\n')
            steps(lexer, 2);
        else if (c == '/' && peek(lexer, 1) == '/')
            skip_line(lexer);
        else if (c == '/' && peek(lexer, 1) == '*')
            skip_block_comment(lexer);
        else if (c == '#' && lexer->line_start)
            skip_line(lexer);
        else
            break;
    }
    return lexer->at != start;
}

/* From the opening quote to behind the closing one, or to the end of the line. */
static void take_quoted(struct jig_cpp_lexer *lexer)
{
    char quote = *lexer->at;
    step(lexer);
    while (lexer->at < lexer->end && *lexer->at != quote && *lexer->at != '\n')
        steps(lexer, *lexer->at == '\\' ? 2 : 1);
    if (lexer->at < lexer->end && *lexer->at == quote)
        step(lexer);
}

/* At the quote of R"delimiter( ... )delimiter" */
static void take_raw(struct jig_cpp_lexer *lexer)
{
    const char *delimiter = lexer->at + 1;
    size_t left = (size_t)(lexer->end - delimiter), n = 0;
    while (n < left && n <= RAW_DELIMITER_MAX && delimiter[n] != '(' && delimiter[n] != '"' &&
           delimiter[n] != '\n')
        n++;
    if (n >= left || delimiter[n] != '(') {
        take_quoted(lexer);
        return;
    }
    steps(lexer, n + 2);
    while (lexer->at < lexer->end) {
        if (*lexer->at == ')' && (size_t)(lexer->end - lexer->at) >= n + 2 &&
            memcmp(lexer->at + 1, delimiter, n) == 0 && lexer->at[n + 1] == '"') {
            steps(lexer, n + 2);
            return;
        }
        step(lexer);
    }
}

static bool is_string_prefix(const char *at, size_t n, bool *ret_raw)
{
    static const char *const prefixes[] = {"u8", "u", "U", "L", ""};
    *ret_raw = n > 0 && at[n - 1] == 'R';
    size_t plain = *ret_raw ? n - 1 : n;
    for (size_t i = 0; i < JIG_COUNT(prefixes); i++) {
        if (strlen(prefixes[i]) == plain && memcmp(at, prefixes[i], plain) == 0)
            return true;
    }
    return false;
}

/* A name, or the string that it is the prefix of. */
static enum jig_cpp_kind take_name(struct jig_cpp_lexer *lexer)
{
    const char *start = lexer->at;
    while (lexer->at < lexer->end && is_name_part(*lexer->at))
        lexer->at++;
    char quote = peek(lexer, 0);
    bool raw;
    if ((quote != '"' && quote != '\'') ||
        !is_string_prefix(start, (size_t)(lexer->at - start), &raw))
        return JIG_CPP_NAME;
    if (quote == '\'' && raw)
        return JIG_CPP_NAME;
    if (raw)
        take_raw(lexer);
    else
        take_quoted(lexer);
    return quote == '"' ? JIG_CPP_STRING : JIG_CPP_CHAR;
}

/* ISO C++ [lex.ppnumber]: digits, names, dots, 1'000, 1e+5 */
static void take_number(struct jig_cpp_lexer *lexer)
{
    while (lexer->at < lexer->end) {
        char c = *lexer->at, next = peek(lexer, 1);
        if (strchr("eEpP", c) != NULL && c != '\0' && (next == '+' || next == '-'))
            lexer->at += 2;
        else if (is_name_part(c) || c == '.' || (c == '\'' && is_name_part(next)))
            lexer->at++;
        else
            return;
    }
}

static void take_punctuation(struct jig_cpp_lexer *lexer)
{
    static const char *const long_ones[] = {"::", "->", "..."};
    size_t left = (size_t)(lexer->end - lexer->at);
    for (size_t i = 0; i < JIG_COUNT(long_ones); i++) {
        size_t n = strlen(long_ones[i]);
        if (left >= n && memcmp(lexer->at, long_ones[i], n) == 0) {
            lexer->at += n;
            return;
        }
    }
    lexer->at++;
}

static enum jig_cpp_kind take(struct jig_cpp_lexer *lexer)
{
    char c = *lexer->at;
    if (is_name_start(c))
        return take_name(lexer);
    if (is_digit(c) || (c == '.' && is_digit(peek(lexer, 1)))) {
        take_number(lexer);
        return JIG_CPP_NUMBER;
    }
    if (c == '"' || c == '\'') {
        take_quoted(lexer);
        return c == '"' ? JIG_CPP_STRING : JIG_CPP_CHAR;
    }
    take_punctuation(lexer);
    return JIG_CPP_PUNCT;
}

struct jig_cpp_token jig_cpp_next(struct jig_cpp_lexer *lexer)
{
    struct jig_cpp_token token = {.kind = JIG_CPP_END};
    token.spaced = skip_space(lexer);
    token.at = lexer->at;
    token.line = lexer->line;
    if (lexer->at >= lexer->end)
        return token;
    lexer->line_start = false;
    token.kind = take(lexer);
    token.len = (size_t)(lexer->at - token.at);
    return token;
}

bool jig_cpp_is(const struct jig_cpp_token *token, const char *text)
{
    return token->len > 0 && strlen(text) == token->len && memcmp(token->at, text, token->len) == 0;
}

static int compare_keyword(const void *key, const void *member)
{
    const struct jig_cpp_token *token = key;
    const char *word = *(const char *const *)member;
    int order = strncmp(token->at, word, token->len);
    return order != 0 ? order : (word[token->len] != '\0' ? -1 : 0);
}

bool jig_cpp_is_keyword(const struct jig_cpp_token *token)
{
    return token->kind == JIG_CPP_NAME && bsearch(token, keywords, JIG_COUNT(keywords),
                                                  sizeof(keywords[0]), compare_keyword) != NULL;
}

bool jig_cpp_is_builtin(const struct jig_cpp_token *token)
{
    bool reserved = token->kind == JIG_CPP_NAME && token->len >= 2 && token->at[0] == '_' &&
                    token->at[1] == '_';
    return reserved || jig_cpp_is_keyword(token);
}
