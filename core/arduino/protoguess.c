/*
 * protoguess.c - what jig_preprocess_finish will most likely make, without a preprocessor and
 * without ctags (preprocess.h).
 */
#include <string.h>

#include "core/arduino/cppdecl.h"
#include "core/arduino/preprocess.h"
#include "core/arduino/prototypes.h"
#include "core/base/mem.h"

/* The tabs' lines as they are: directives are passed over where they are read. */
static void take_tabs(const struct jig_merged *merged, struct jig_tabs_text *ret)
{
    struct jig_buf text;
    const char *at = merged->text;
    size_t line = 1;
    jig_buf_init(&text, JIG_MERGED_MAX + 1);
    for (size_t i = 0; i < merged->n_tabs; i++) {
        const struct jig_merged_tab *tab = &merged->tabs[i];
        for (; line < tab->first_line; line++)
            at += strcspn(at, "\n") + 1;
        for (size_t k = 1; k <= tab->lines; k++, line++) {
            size_t n = strcspn(at, "\n") + 1;
            jig_buf_append(&text, at, n);
            at += n;
            ret->lines =
                jig_grow(ret->lines, &ret->lines_cap, ret->n_lines + 1, sizeof(*ret->lines));
            ret->lines[ret->n_lines++] = (struct jig_tab_line){(uint32_t)i, (uint32_t)k};
        }
    }
    ret->len = text.len;
    ret->text = jig_buf_steal(&text);
    jig_buf_release(&text);
}

/* The tokens of a piece of the text, a blank between any two. */
static char *tokens_of(const char *text, size_t from, size_t to)
{
    struct jig_cpp_lexer lexer;
    struct jig_cpp_token token;
    struct jig_buf out;
    jig_buf_init(&out, SIZE_MAX / 2);
    jig_cpp_lex(&lexer, text + from, to > from ? to - from : 0);
    while ((token = jig_cpp_next(&lexer)).kind != JIG_CPP_END) {
        jig_buf_append(&out, token.at, token.len);
        jig_buf_putc(&out, ' ');
    }
    char *joined = jig_buf_steal(&out);
    jig_buf_release(&out);
    return joined;
}

/* A function has a type before its name: ISR(vector) {...} is a macro. */
static bool is_function(const struct jig_cpp_statement *s)
{
    bool declares = s->kind == JIG_CPP_OTHER && !s->declares_type && s->params_end > s->params;
    return (s->kind == JIG_CPP_FUNCTION || declares) && s->name > s->begin && !s->qualified;
}

static void take_tags(const char *text, const struct jig_cpp_statements *statements,
                      struct jig_tags *ret)
{
    for (size_t i = 0; i < statements->n; i++) {
        const struct jig_cpp_statement *s = &statements->v[i];
        if (!is_function(s))
            continue;
        ret->v = jig_grow(ret->v, &ret->cap, ret->n + 1, sizeof(*ret->v));
        ret->v[ret->n++] = (struct jig_tag){
            .name = jig_xstrndup(text + s->name, s->name_len),
            .signature = tokens_of(text, s->params, s->params_end + 1),
            .typeref = tokens_of(text, s->begin, s->name),
            .line = s->name_line,
            .declared = s->kind == JIG_CPP_OTHER,
        };
    }
}

enum jig_code jig_preprocess_guess(const struct jig_merged *merged, struct jig_buf *out,
                                   struct jig_err *reterr)
{
    struct jig_tabs_text text = {0};
    struct jig_cpp_statements statements = {0};
    struct jig_tags tags = {0};
    struct jig_prototypes prototypes = {0};
    take_tabs(merged, &text);
    enum jig_code code = jig_cpp_split(text.text, text.len, &statements, reterr);
    if (code == JIG_OK) {
        take_tags(text.text, &statements, &tags);
        code = jig_prototypes_make(merged, &text, &tags, &prototypes, reterr);
    }
    if (code == JIG_OK)
        code = jig_prototypes_insert(merged, &prototypes, out, reterr);
    jig_prototypes_release(&prototypes);
    jig_tags_release(&tags);
    jig_cpp_statements_release(&statements);
    jig_tabs_text_release(&text);
    return code;
}
