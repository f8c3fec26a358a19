#include "core/arduino/cpphead.h"

#include <stdint.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

struct reader {
    const char *text;
    const struct jig_cpp_statement *f;
    struct jig_cpp_head *head;
    struct jig_cpp_lexer lexer;
    struct jig_cpp_token token;
    const char *last_end; /* behind the token before; NULL at first */
    bool last_name;       /* the token before is a name */
    bool is_static;
    size_t parens;
    size_t params_depth; /* what parens is between the parameters */
    size_t ahead;        /* tokens looked ahead so far */
    struct jig_buf out;
};

static size_t offset(const struct reader *r)
{
    return (size_t)(r->token.at - r->text);
}

static bool at_punct(const struct reader *r, char c)
{
    return r->token.kind == JIG_CPP_PUNCT && r->token.len == 1 && *r->token.at == c;
}

static void advance(struct reader *r)
{
    if (r->token.len > 0)
        r->last_end = r->token.at + r->token.len;
    r->last_name = r->token.kind == JIG_CPP_NAME;
    r->token = jig_cpp_next(&r->lexer);
    const char *gap = r->last_end;
    if (gap != NULL && offset(r) <= r->f->params_end &&
        memchr(gap, '/', (size_t)(r->token.at - gap)) != NULL)
        r->head->interrupted = true;
}

static void skip_group(struct reader *r, char open, char close)
{
    size_t depth = 0;
    while (r->token.kind != JIG_CPP_END) {
        if (at_punct(r, open))
            depth++;
        bool closes = at_punct(r, close) && --depth == 0;
        advance(r);
        if (closes)
            return;
    }
}

/* __attribute__((...)) or [[...]], at the token now. */
static bool skip_attribute(struct reader *r)
{
    if (jig_cpp_is(&r->token, "__attribute__") || jig_cpp_is(&r->token, "__attribute")) {
        advance(r);
        if (at_punct(r, '('))
            skip_group(r, '(', ')');
        return true;
    }
    if (!at_punct(r, '['))
        return false;
    struct jig_cpp_lexer ahead = r->lexer;
    struct jig_cpp_token second = jig_cpp_next(&ahead);
    if (second.len != 1 || *second.at != '[')
        return false;
    skip_group(r, '[', ']');
    return true;
}

/* Tokens that are looked ahead in one head; past them each < is "less than". */
#define AHEAD_MAX 100000

/* True when the < now has its > before the list ends: template arguments, not "less than". */
static bool closes_later(struct reader *r)
{
    struct jig_cpp_lexer ahead = r->lexer;
    size_t angles = 1, brackets = 0;
    while (r->ahead++ < AHEAD_MAX) {
        struct jig_cpp_token t = jig_cpp_next(&ahead);
        if (t.kind == JIG_CPP_END)
            return false;
        if (t.kind != JIG_CPP_PUNCT || t.len != 1)
            continue;
        if (strchr("([{", *t.at) != NULL)
            brackets++;
        if (strchr(")]}", *t.at) != NULL && brackets-- == 0)
            return false;
        if (brackets == 0 && *t.at == '<')
            angles++;
        if (brackets == 0 && *t.at == '>' && --angles == 0)
            return true;
    }
    return false;
}

/* From the = of a default to the , or the closing bracket behind it. */
static void skip_default(struct reader *r, char close)
{
    static const char opening[] = "([{", closing[] = ")]}";
    r->head->has_default = true;
    while (r->token.kind != JIG_CPP_END && !at_punct(r, ',') && !at_punct(r, close)) {
        const char *bracket = r->token.kind == JIG_CPP_PUNCT ? strchr(opening, *r->token.at) : NULL;
        if (bracket != NULL)
            skip_group(r, *bracket, closing[bracket - opening]);
        else if (at_punct(r, '<') && r->last_name && closes_later(r))
            skip_group(r, '<', '>');
        else
            advance(r);
    }
}

static void emit(struct reader *r)
{
    if (r->token.spaced && r->out.len > 0)
        jig_buf_putc(&r->out, ' ');
    jig_buf_append(&r->out, r->token.at, r->token.len);
    r->is_static = r->is_static || jig_cpp_is(&r->token, "static");
}

/* '\0' where no default can stand. */
static char default_closer(const struct reader *r)
{
    size_t at = offset(r);
    if (r->parens > 0 && r->parens == r->params_depth && at < r->f->params_end)
        return ')';
    return at > r->f->angle && at < r->f->angle_end ? '>' : '\0';
}

static void read_token(struct reader *r)
{
    if (r->parens == 0 && skip_attribute(r)) {
        r->head->interrupted = r->head->interrupted || r->out.len > 0;
        r->token.spaced = true;
        return;
    }
    if (at_punct(r, '=') && default_closer(r) != '\0') {
        skip_default(r, default_closer(r));
        r->token.spaced = false;
        return;
    }
    if (at_punct(r, '(')) {
        r->parens++;
        if (offset(r) == r->f->params)
            r->params_depth = r->parens;
    }
    if (at_punct(r, ')') && r->parens > 0)
        r->parens--;
    emit(r);
    advance(r);
}

static void read_prototype(struct reader *r)
{
    jig_cpp_lex(&r->lexer, r->text + r->f->begin, r->f->body - r->f->begin);
    advance(r);
    while (r->token.kind != JIG_CPP_END &&
           !(offset(r) > r->f->params_end && jig_cpp_is(&r->token, "try")))
        read_token(r);
    jig_buf_putc(&r->out, ';');
}

/* A second look, at the prototype: which of its names are types? */
struct namer {
    struct jig_cpp_lexer lexer;
    struct jig_cpp_token token;
    struct jig_cpp_token last;
    struct jig_strv types;
    struct jig_strv own; /* names that the head itself brings */
};

static void next(struct namer *n)
{
    n->last = n->token;
    n->token = jig_cpp_next(&n->lexer);
}

static bool is_punct(const struct jig_cpp_token *t, char c)
{
    return t->kind == JIG_CPP_PUNCT && t->len == 1 && *t->at == c;
}

#define NAMES_MAX 1000 /* of one head; further ones are not looked at */

static void add_name(struct jig_strv *list, const struct jig_cpp_token *t)
{
    if (list->n >= NAMES_MAX)
        return;
    JIG_CLEANUP_FREE char *name = jig_xstrndup(t->at, t->len);
    jig_strv_add_unique(list, name);
}

/* The first of A::B::C counts; `struct X` declares X by itself. */
static void add_type(struct namer *n)
{
    if (n->token.kind != JIG_CPP_NAME || jig_cpp_is_builtin(&n->token))
        return;
    if (jig_cpp_is(&n->last, "::") || jig_cpp_is(&n->last, "struct") ||
        jig_cpp_is(&n->last, "class") || jig_cpp_is(&n->last, "union"))
        return;
    add_name(&n->types, &n->token);
}

/* <...>, each name in it to `add`. At the <; leaves at the > */
static void name_angles(struct namer *n, bool own)
{
    size_t depth = 0;
    do {
        if (is_punct(&n->token, '<'))
            depth++;
        if (own && n->token.kind == JIG_CPP_NAME)
            add_name(&n->own, &n->token);
        else
            add_type(n);
        next(n);
        if (is_punct(&n->token, '>'))
            depth--;
    } while (depth > 0 && n->token.kind != JIG_CPP_END);
}

static bool is_specifier(const struct jig_cpp_token *t)
{
    static const char *const specifiers[] = {"const",  "volatile", "register", "struct",
                                             "class",  "union",    "enum",     "typename",
                                             "static", "mutable",  "constexpr"};
    for (size_t i = 0; i < JIG_COUNT(specifiers); i++) {
        if (jig_cpp_is(t, specifiers[i]))
            return true;
    }
    return t->len > 2 && t->at[0] == '_' && t->at[1] == '_';
}

/* Parameters, from their ( to the ) that closes it. In each the first name is its type unless a
 * built-in one came first; the others are its own. (void (*f)(Foo)) has a list within. */
static void name_parameters(struct namer *n)
{
    size_t depth = 0, typed_depth = 0; /* levels up to typed_depth have had their type */
    do {
        bool typed = typed_depth >= depth && depth > 0;
        if (is_punct(&n->token, '(')) {
            depth++;
            if (typed && !is_punct(&n->last, ')'))
                typed_depth = depth; /* a declarator in parentheses */
        } else if (is_punct(&n->token, ')')) {
            depth--;
            typed_depth = typed_depth > depth ? depth : typed_depth;
        } else if (is_punct(&n->token, ',')) {
            typed_depth = depth - 1;
        } else if (is_punct(&n->token, '<') && n->last.kind == JIG_CPP_NAME) {
            name_angles(n, false);
        } else if (n->token.kind == JIG_CPP_NAME && !is_specifier(&n->token)) {
            if (typed && !jig_cpp_is(&n->last, "::") && !jig_cpp_is_builtin(&n->token))
                add_name(&n->own, &n->token);
            else
                add_type(n);
            typed_depth = depth;
        }
        next(n);
    } while (depth > 0 && n->token.kind != JIG_CPP_END);
}

static void find_types(const char *prototype, const char *name, struct jig_strv *ret)
{
    struct namer n = {0};
    bool past = false; /* the parameters of the function itself are behind us */
    jig_cpp_lex(&n.lexer, prototype, strlen(prototype));
    next(&n);
    while (n.token.kind != JIG_CPP_END) {
        if (!past && is_punct(&n.token, '<') && jig_cpp_is(&n.last, "template")) {
            name_angles(&n, true);
        } else if (!past && jig_cpp_is(&n.token, name)) {
            while (n.token.kind != JIG_CPP_END && !is_punct(&n.token, '('))
                next(&n);
            past = true;
            name_parameters(&n);
            continue;
        } else {
            add_type(&n);
        }
        next(&n);
    }
    for (size_t i = 0; i < n.types.n; i++) {
        if (!jig_strv_contains(&n.own, n.types.v[i]))
            jig_strv_append(ret, n.types.v[i]);
    }
    jig_strv_release(&n.types);
    jig_strv_release(&n.own);
}

void jig_cpp_head_read(const char *text, const struct jig_cpp_statement *f,
                       struct jig_cpp_head *ret)
{
    *ret = (struct jig_cpp_head){0};
    struct reader r = {.text = text, .f = f, .head = ret};
    jig_buf_init(&r.out, SIZE_MAX / 2); /* no longer than the text that it is taken from */
    read_prototype(&r);
    JIG_CLEANUP_FREE char *prototype = jig_buf_steal(&r.out);
    JIG_CLEANUP_FREE char *name = jig_xstrndup(text + f->name, f->name_len);
    find_types(prototype, name, &ret->types);
    bool linkage = f->in_linkage && !r.is_static;
    jig_buf_puts(&r.out, linkage ? "extern \"C\" " : "");
    jig_buf_puts(&r.out, prototype);
    ret->prototype = jig_buf_steal(&r.out);
    jig_buf_release(&r.out);
}

void jig_cpp_head_release(struct jig_cpp_head *h)
{
    free(h->prototype);
    jig_strv_release(&h->types);
    *h = (struct jig_cpp_head){0};
}
