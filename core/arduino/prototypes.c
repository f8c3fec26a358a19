#include "core/arduino/prototypes.h"

#include <string.h>

#include "core/arduino/cppdecl.h"
#include "core/arduino/cpphead.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"

/* Places are indexes of statements: "before statement i". */
#define NOWHERE SIZE_MAX

/* Where a name occurs. */
struct sighting {
    size_t first;  /* statement of the first occurrence in the tabs, or NOWHERE */
    size_t use;    /* the first that is not the member of something (a.x, p->x) */
    size_t header; /* the statement that follows the first header that has it, or NOWHERE */
};

/* A function that may need a prototype. */
struct candidate {
    size_t at;                 /* its statement */
    const struct jig_tag *tag; /* NULL: ctags missed it */
    struct jig_cpp_head head;
    size_t place; /* NOWHERE: no prototype */
};

struct maker {
    const struct jig_merged *merged;
    const struct jig_tabs_text *text;
    const struct jig_tags *tags;
    struct jig_cpp_statements statements;
    size_t *place_before;     /* for each statement the nearest place at or before it */
    size_t *place_after;      /* and at or after it; NOWHERE when there is none */
    struct jig_map by_place;  /* "LINE NAME" -> const struct jig_tag * of a definition */
    struct jig_map declared;  /* "NAME SIGNATURE TYPEREF" of declarations */
    struct jig_map sightings; /* name -> struct sighting */
    struct candidate *candidates;
    size_t n_candidates;
    size_t candidates_cap;
};

static void maker_release(struct maker *m)
{
    for (size_t i = 0; i < m->n_candidates; i++)
        jig_cpp_head_release(&m->candidates[i].head);
    free(m->candidates);
    free(m->place_before);
    free(m->place_after);
    jig_cpp_statements_release(&m->statements);
    jig_map_release(&m->by_place);
    jig_map_release(&m->declared);
    jig_map_release(&m->sightings);
}

static const struct jig_cpp_statement *statement(const struct maker *m, size_t i)
{
    return &m->statements.v[i];
}

/* --- what ctags said --- */

static char *place_key(size_t line, const char *name, size_t len)
{
    static const char operators[] = "operator";
    size_t n = strlen(operators);
    bool is_operator = len > n && memcmp(name, operators, n) == 0 && name[n] == ' ';
    return jig_strf("%zu %.*s", line, (int)(is_operator ? n : len), name);
}

static char *declaration_key(const struct jig_tag *tag)
{
    return jig_strf("%s %s %s", tag->name, tag->signature, tag->typeref);
}

static void index_tags(struct maker *m)
{
    for (size_t i = 0; i < m->tags->n; i++) {
        struct jig_tag *tag = &m->tags->v[i];
        if (tag->declared && tag->scoped)
            continue;
        JIG_CLEANUP_FREE char *key = tag->declared
                                         ? declaration_key(tag)
                                         : place_key(tag->line, tag->name, strlen(tag->name));
        jig_map_set(tag->declared ? &m->declared : &m->by_place, key, tag);
    }
}

static bool is_declared(const struct maker *m, const struct candidate *c)
{
    if (c->tag == NULL)
        return false;
    JIG_CLEANUP_FREE char *key = declaration_key(c->tag);
    return jig_map_has(&m->declared, key);
}

static void add_candidate(struct maker *m, size_t at)
{
    const struct jig_cpp_statement *s = statement(m, at);
    if (s->kind != JIG_CPP_FUNCTION || s->qualified)
        return;
    JIG_CLEANUP_FREE char *key = place_key(s->name_line, m->text->text + s->name, s->name_len);
    const struct jig_tag *tag = jig_map_get(&m->by_place, key);
    if (tag != NULL && tag->scoped)
        return;
    m->candidates =
        jig_grow(m->candidates, &m->candidates_cap, m->n_candidates + 1, sizeof(*m->candidates));
    struct candidate *c = &m->candidates[m->n_candidates++];
    *c = (struct candidate){.at = at, .tag = tag, .place = NOWHERE};
    jig_cpp_head_read(m->text->text, s, &c->head);
}

/* --- where names occur --- */

static void watch_name(struct maker *m, const char *name)
{
    if (jig_map_has(&m->sightings, name))
        return;
    struct sighting *s = jig_new(struct sighting);
    *s = (struct sighting){NOWHERE, NOWHERE, NOWHERE};
    jig_map_set(&m->sightings, name, s);
}

static char *name_of(const struct maker *m, const struct candidate *c)
{
    const struct jig_cpp_statement *s = statement(m, c->at);
    return jig_xstrndup(m->text->text + s->name, s->name_len);
}

static void watch_names(struct maker *m)
{
    for (size_t i = 0; i < m->n_candidates; i++) {
        JIG_CLEANUP_FREE char *name = name_of(m, &m->candidates[i]);
        watch_name(m, name);
        for (size_t k = 0; k < m->candidates[i].head.types.n; k++)
            watch_name(m, m->candidates[i].head.types.v[k]);
    }
}

#define NAME_MAX_SEEN 256 /* bytes; longer names are never found used: nobody writes them */

static struct sighting *sighting_of(const struct maker *m, const struct jig_cpp_token *token)
{
    char name[NAME_MAX_SEEN];
    if (token->kind != JIG_CPP_NAME || token->len >= sizeof(name))
        return NULL;
    memcpy(name, token->at, token->len);
    name[token->len] = '\0';
    return jig_map_get(&m->sightings, name);
}

static void see_tabs(struct maker *m)
{
    struct jig_cpp_lexer lexer;
    jig_cpp_lex(&lexer, m->text->text, m->text->len);
    struct jig_cpp_token last = {0}, token;
    size_t at = 0;
    while ((token = jig_cpp_next(&lexer)).kind != JIG_CPP_END) {
        size_t offset = (size_t)(token.at - m->text->text);
        while (at + 1 < m->statements.n && statement(m, at + 1)->begin <= offset)
            at++;
        struct sighting *s = sighting_of(m, &token);
        if (s != NULL && s->first == NOWHERE)
            s->first = at;
        bool member = jig_cpp_is(&last, ".") || jig_cpp_is(&last, "->");
        if (s != NULL && s->use == NOWHERE && !member)
            s->use = at;
        last = token;
    }
}

static void see_headers(struct maker *m)
{
    size_t at = 0;
    for (size_t i = 0; i < m->text->n_spans; i++) {
        const struct jig_header_span *span = &m->text->spans[i];
        while (at < m->statements.n && statement(m, at)->line < span->before)
            at++;
        struct jig_cpp_lexer lexer;
        jig_cpp_lex(&lexer, span->at, span->len);
        struct jig_cpp_token token;
        while ((token = jig_cpp_next(&lexer)).kind != JIG_CPP_END) {
            struct sighting *s = sighting_of(m, &token);
            if (s != NULL && s->header == NOWHERE)
                s->header = at;
        }
    }
}

/* --- places --- */

static struct jig_tab_line origin(const struct maker *m, size_t line)
{
    return m->text->lines[line - 1];
}

static bool may_insert(const struct maker *m, size_t at)
{
    const struct jig_cpp_statement *s = statement(m, at);
    if (s->in_linkage)
        return false;
    if (s->line_before == 0)
        return true;
    struct jig_tab_line here = origin(m, s->line), before = origin(m, s->line_before);
    return here.tab != before.tab || here.line != before.line;
}

static void find_places(struct maker *m)
{
    size_t n = m->statements.n;
    m->place_before = jig_xcalloc(n + 1, sizeof(*m->place_before));
    m->place_after = jig_xcalloc(n + 1, sizeof(*m->place_after));
    for (size_t i = 0, last = 0; i < n; i++) {
        last = may_insert(m, i) ? i : last;
        m->place_before[i] = last;
    }
    m->place_after[n] = NOWHERE;
    for (size_t i = n; i-- > 0;)
        m->place_after[i] = may_insert(m, i) ? i : m->place_after[i + 1];
}

/* The place that is nearest to `want` and no earlier than `from`. */
static size_t place_near(const struct maker *m, size_t want, size_t from)
{
    size_t at = m->place_before[want];
    return at >= from ? at : m->place_after[from];
}

/* The first place at which one name is declared, as far as can be told: 0 when nothing speaks
 * against it. */
static size_t name_known_from(const struct maker *m, const char *name)
{
    const struct sighting *s = jig_map_get(&m->sightings, name);
    if (s->header != NOWHERE && (s->first == NOWHERE || s->header <= s->first))
        return s->header;
    if (s->first == NOWHERE)
        return 0;
    const struct jig_cpp_statement *first = statement(m, s->first);
    return first->kind == JIG_CPP_OTHER && first->declares_type ? s->first + 1 : 0;
}

static size_t known_from(const struct maker *m, const struct candidate *c)
{
    size_t latest = 0;
    for (size_t i = 0; i < c->head.types.n; i++) {
        size_t from = name_known_from(m, c->head.types.v[i]);
        latest = from > latest ? from : latest;
    }
    return latest;
}

/* The statement that uses the function before its definition, or NOWHERE. Of an operator it cannot
 * be told. */
static size_t early_use(const struct maker *m, const struct candidate *c)
{
    JIG_CLEANUP_FREE char *name = name_of(m, c);
    if (strcmp(name, "operator") == 0)
        return NOWHERE;
    const struct sighting *s = jig_map_get(&m->sightings, name);
    return s->use < c->at ? s->use : NOWHERE;
}

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void decide(const struct maker *m, struct candidate *c, size_t usual)
{
    size_t known = known_from(m, c), use = early_use(m, c);
    /* An = is what arduino-cli goes by, also in operator==. */
    bool plain = c->tag != NULL && !c->head.has_default && !c->head.interrupted &&
                 strchr(c->head.prototype, '=') == NULL;
    if (is_declared(m, c))
        return;
    if (known > c->at || (use == NOWHERE && (!plain || known > usual)))
        return;
    size_t want = min(use, usual);
    if (want < known && known <= usual)
        want = usual; /* too early for its types: the usual place will do */
    c->place = place_near(m, want, known);
    if (c->place != NOWHERE && c->place > c->at)
        c->place = NOWHERE;
}

/* The first function of the main tab, or else the first at all. */
static size_t usual_place(const struct maker *m)
{
    for (size_t i = 0; i < m->n_candidates; i++) {
        if (origin(m, statement(m, m->candidates[i].at)->line).tab == 0)
            return m->candidates[i].at;
    }
    return m->n_candidates > 0 ? m->candidates[0].at : 0;
}

/* --- the result --- */

static int compare_places(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->place != y->place)
        return x->place < y->place ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static void append(struct jig_prototypes *out, const struct maker *m, struct candidate *c)
{
    out->v = jig_grow(out->v, &out->cap, out->n + 1, sizeof(*out->v));
    out->v[out->n++] = (struct jig_prototype){
        .text = jig_steal(&c->head.prototype),
        .defined = origin(m, statement(m, c->at)->line),
        .before = origin(m, statement(m, c->place)->line),
    };
}

static void collect(struct maker *m, struct jig_prototypes *out)
{
    struct jig_map seen;
    jig_map_init(&seen, NULL);
    if (m->n_candidates > 0)
        qsort(m->candidates, m->n_candidates, sizeof(*m->candidates), compare_places);
    for (size_t i = 0; i < m->n_candidates && m->candidates[i].place != NOWHERE; i++) {
        struct candidate *c = &m->candidates[i];
        if (jig_map_has(&seen, c->head.prototype))
            continue;
        jig_map_set(&seen, c->head.prototype, c);
        append(out, m, c);
    }
    jig_map_release(&seen);
}

enum jig_code jig_prototypes_make(const struct jig_merged *merged, const struct jig_tabs_text *text,
                                  const struct jig_tags *tags, struct jig_prototypes *ret,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP(maker_release) struct maker m = {.merged = merged, .text = text, .tags = tags};
    jig_map_init(&m.by_place, NULL);
    jig_map_init(&m.declared, NULL);
    jig_map_init(&m.sightings, free);
    enum jig_code code = jig_cpp_split(text->text, text->len, &m.statements, reterr);
    if (code != JIG_OK) {
        jig_err_prefix(reterr, "%s", merged->tabs[0].path);
        return code;
    }
    index_tags(&m);
    for (size_t i = 0; i < m.statements.n; i++)
        add_candidate(&m, i);
    find_places(&m);
    watch_names(&m);
    see_tabs(&m);
    see_headers(&m);
    size_t usual = usual_place(&m);
    for (size_t i = 0; i < m.n_candidates; i++)
        decide(&m, &m.candidates[i], usual);
    struct jig_prototypes out = {0};
    collect(&m, &out);
    *ret = out;
    return JIG_OK;
}

void jig_prototypes_release(struct jig_prototypes *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->v[i].text);
    free(p->v);
    *p = (struct jig_prototypes){0};
}

/* --- into the text --- */

static void append_line_directive(const struct jig_merged *merged, struct jig_tab_line line,
                                  struct jig_buf *out)
{
    jig_buf_printf(out, "#line %u ", (unsigned)line.line);
    jig_cpp_quote(merged->tabs[line.tab].path, out);
    jig_buf_putc(out, '\n');
}

/* Line numbers that a #line of the sketch's own has bent may lie outside the tab: they are then
 * those of its first or last line. */
static size_t merged_line(const struct jig_merged *merged, struct jig_tab_line line)
{
    const struct jig_merged_tab *tab = &merged->tabs[line.tab];
    size_t last = tab->lines > 0 ? tab->lines : 1;
    size_t within = line.line < 1 ? 1 : (line.line > last ? last : line.line);
    return tab->first_line + within - 1;
}

static const char *skip_lines(const char *at, size_t n)
{
    for (const char *newline; n > 0 && (newline = strchr(at, '\n')) != NULL; n--)
        at = newline + 1;
    return at;
}

enum jig_code jig_prototypes_insert(const struct jig_merged *merged,
                                    const struct jig_prototypes *prototypes, struct jig_buf *out,
                                    struct jig_err *reterr)
{
    const char *at = merged->text;
    size_t line = 1;
    for (size_t i = 0; i < prototypes->n;) {
        struct jig_tab_line before = prototypes->v[i].before;
        size_t want = merged_line(merged, before);
        const char *stop = skip_lines(at, want > line ? want - line : 0);
        jig_buf_append(out, at, (size_t)(stop - at));
        at = stop;
        line = want > line ? want : line;
        for (; i < prototypes->n && merged_line(merged, prototypes->v[i].before) <= line; i++) {
            append_line_directive(merged, prototypes->v[i].defined, out);
            jig_buf_puts(out, prototypes->v[i].text);
            jig_buf_putc(out, '\n');
        }
        append_line_directive(merged, before, out);
    }
    jig_buf_puts(out, at);
    return jig_buf_check(out, "the text of the sketch", reterr);
}
