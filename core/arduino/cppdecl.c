#include "core/arduino/cppdecl.h"

#include <string.h>

#include "core/base/mem.h"

/* Words whose parentheses belong to them, and not to a function of that name. Compilers' own
 * spellings included. */
static const char *const group_words[] = {
    "__attribute__", "__attribute", "__declspec", "alignas",       "_Alignas",       "decltype",
    "noexcept",      "throw",       "asm",        "__asm__",       "__asm",          "sizeof",
    "__typeof__",    "typeof",      "alignof",    "static_assert", "_Static_assert",
};

static const char *const type_words[] = {"class", "struct", "union", "enum", "typedef", "using"};

struct splitter {
    const char *text;
    struct jig_cpp_lexer lexer;
    struct jig_cpp_token token;   /* the one being looked at */
    struct jig_cpp_token last;    /* the one before it */
    struct jig_cpp_token earlier; /* the one before that */
    struct jig_cpp_statements *out;
    struct jig_cpp_statement now;
    size_t tokens;    /* in the statement so far */
    size_t linkages;  /* extern "C" blocks that are open */
    size_t parens;    /* open ( in the statement */
    size_t params_at; /* their number when the parameter list opened; 0 while it has not */
    bool has_params;  /* a parameter list was opened */
    bool assigned;    /* an = outside parentheses: an initializer follows */
    bool in_operator; /* between the word operator and its parameters */
    bool space_name;  /* the statement is a namespace */
    bool extern_text; /* the statement is: extern "..." */
};

static bool is_one_of(const struct jig_cpp_token *token, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (jig_cpp_is(token, words[i]))
            return true;
    }
    return false;
}

static void advance(struct splitter *s)
{
    s->earlier = s->last;
    s->last = s->token;
    s->token = jig_cpp_next(&s->lexer);
}

static size_t offset(const struct splitter *s, const struct jig_cpp_token *token)
{
    return (size_t)(token->at - s->text);
}

static bool at_punct(const struct splitter *s, char c)
{
    return s->token.kind == JIG_CPP_PUNCT && s->token.len == 1 && *s->token.at == c;
}

static void begin(struct splitter *s)
{
    s->now = (struct jig_cpp_statement){
        .in_linkage = s->linkages > 0,
        .begin = offset(s, &s->token),
        .line = s->token.line,
        .line_before = s->last.at != NULL ? s->last.line : 0,
    };
    s->tokens = s->parens = s->params_at = 0;
    s->has_params = s->assigned = s->in_operator = s->space_name = s->extern_text = false;
}

/* The statement ends with the token before the current one. */
static void finish(struct splitter *s, enum jig_cpp_statement_kind kind)
{
    struct jig_cpp_statements *out = s->out;
    s->now.kind = kind;
    s->now.end = offset(s, &s->last) + s->last.len;
    if (out->n < JIG_CPP_STATEMENTS_MAX) {
        out->v = jig_grow(out->v, &out->cap, out->n + 1, sizeof(*out->v));
        out->v[out->n] = s->now;
    }
    out->n++;
    s->tokens = 0;
}

/* From an opening bracket to behind its closing one, whatever is between. */
static void skip_group(struct splitter *s, char open, char close)
{
    size_t depth = 0;
    while (s->token.kind != JIG_CPP_END) {
        if (at_punct(s, open))
            depth++;
        bool closes = at_punct(s, close) && --depth == 0;
        advance(s);
        if (closes)
            return;
    }
}

/* From template's < to behind its >. Parentheses hide what looks like one. */
static void skip_angles(struct splitter *s)
{
    size_t depth = 0;
    s->now.angle = offset(s, &s->token);
    while (s->token.kind != JIG_CPP_END && !at_punct(s, '{') && !at_punct(s, ';')) {
        if (at_punct(s, '(')) {
            skip_group(s, '(', ')');
            continue;
        }
        if (at_punct(s, '<'))
            depth++;
        bool closes = at_punct(s, '>') && --depth == 0;
        s->now.angle_end = offset(s, &s->token);
        advance(s);
        if (closes)
            return;
    }
    s->now.angle = s->now.angle_end = 0;
}

static bool qualifies(const struct jig_cpp_token *token)
{
    return jig_cpp_is(token, "::") || jig_cpp_is(token, "~");
}

static void open_paren(struct splitter *s)
{
    bool named = s->last.kind == JIG_CPP_NAME && !jig_cpp_is_keyword(&s->last) && s->tokens > 0;
    s->parens++;
    if (!s->has_params && (named || s->in_operator)) {
        s->has_params = true;
        s->params_at = s->parens;
        s->now.params = offset(s, &s->token);
        if (!s->in_operator) {
            s->now.name = offset(s, &s->last);
            s->now.name_len = s->last.len;
            s->now.name_line = s->last.line;
            s->now.qualified = qualifies(&s->earlier);
        }
    }
    s->in_operator = false;
}

static void close_paren(struct splitter *s)
{
    if (s->parens == 0)
        return;
    if (s->params_at == s->parens && s->now.params_end == 0)
        s->now.params_end = offset(s, &s->token);
    s->parens--;
}

static void take_word(struct splitter *s)
{
    if (jig_cpp_is(&s->token, "operator") && !s->has_params) {
        s->in_operator = true;
        s->now.name = offset(s, &s->token);
        s->now.name_len = s->token.len;
        s->now.name_line = s->token.line;
        s->now.qualified = qualifies(&s->last);
    }
    if (jig_cpp_is(&s->token, "namespace"))
        s->space_name = true;
    if (s->parens == 0 && is_one_of(&s->token, type_words, JIG_COUNT(type_words)))
        s->now.declares_type = true;
}

static void open_brace(struct splitter *s)
{
    bool stray = s->tokens == 0;
    bool function = s->has_params && s->now.params_end != 0 && !s->assigned;
    if (s->extern_text && s->tokens == 2) {
        advance(s);
        s->linkages++;
        finish(s, JIG_CPP_OPEN);
        return;
    }
    s->now.body = offset(s, &s->token);
    skip_group(s, '{', '}');
    if (function || stray || s->space_name)
        finish(s, function && !s->space_name ? JIG_CPP_FUNCTION : JIG_CPP_OTHER);
    else
        s->tokens++;
}

static void close_brace(struct splitter *s)
{
    bool closes = s->linkages > 0 && s->tokens == 0;
    if (closes)
        s->linkages--;
    advance(s);
    finish(s, closes ? JIG_CPP_CLOSE : JIG_CPP_OTHER);
}

/* A token that neither ends the statement nor opens a body. */
static void plain_token(struct splitter *s)
{
    if (s->token.kind == JIG_CPP_NAME)
        take_word(s);
    if (s->tokens == 1 && s->token.kind == JIG_CPP_STRING && jig_cpp_is(&s->last, "extern"))
        s->extern_text = true;
    if (at_punct(s, '='))
        s->assigned = s->assigned || (s->parens == 0 && !s->in_operator);
    if (at_punct(s, '('))
        open_paren(s);
    if (at_punct(s, ')'))
        close_paren(s);
    bool group =
        s->token.kind == JIG_CPP_NAME && is_one_of(&s->token, group_words, JIG_COUNT(group_words));
    bool angles = s->tokens == 0 && jig_cpp_is(&s->token, "template");
    advance(s);
    s->tokens++;
    if (group && at_punct(s, '('))
        skip_group(s, '(', ')');
    if (angles && at_punct(s, '<'))
        skip_angles(s);
}

static void split_one(struct splitter *s)
{
    if (s->tokens == 0)
        begin(s);
    if (s->parens == 0 && at_punct(s, ';')) {
        bool empty = s->tokens == 0;
        advance(s);
        if (!empty)
            finish(s, JIG_CPP_OTHER);
    } else if (at_punct(s, '{') && s->parens > 0) {
        skip_group(s, '{', '}'); /* a lambda or a braced default */
        s->tokens++;
    } else if (at_punct(s, '{')) {
        open_brace(s);
    } else if (at_punct(s, '}')) {
        close_brace(s);
    } else {
        plain_token(s);
    }
}

enum jig_code jig_cpp_split(const char *text, size_t len, struct jig_cpp_statements *ret,
                            struct jig_err *reterr)
{
    struct jig_cpp_statements out = {0};
    struct splitter s = {.text = text, .out = &out};
    jig_cpp_lex(&s.lexer, text, len);
    advance(&s);
    while (s.token.kind != JIG_CPP_END)
        split_one(&s);
    if (s.tokens > 0)
        finish(&s, JIG_CPP_OTHER);
    if (out.n > JIG_CPP_STATEMENTS_MAX) {
        out.n = JIG_CPP_STATEMENTS_MAX;
        jig_cpp_statements_release(&out);
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "more than %d statements",
                           JIG_CPP_STATEMENTS_MAX);
    }
    *ret = out;
    return JIG_OK;
}

void jig_cpp_statements_release(struct jig_cpp_statements *s)
{
    free(s->v);
    *s = (struct jig_cpp_statements){0};
}
