/*
 * tabstext.c - picks the lines of the tabs out of what the preprocessor made (prototypes.h).
 */
#include <string.h>

#include "core/arduino/prototypes.h"
#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"

#define NO_TAB UINT32_MAX

struct picker {
    struct jig_map tabs; /* path -> index + 1 */
    struct jig_tabs_text *out;
    struct jig_buf text;
    uint32_t tab; /* that the lines now are of, or NO_TAB */
    size_t line;  /* of the tab */
    struct jig_buf name;
};

/* The name in a line marker: in double quotes, with \ before \ and "; octal escapes for what the
 * compiler takes for unprintable. False when it is none. */
static bool read_name(const char *at, const char *end, struct jig_buf *out)
{
    jig_buf_clear(out);
    if (at == end || *at++ != '"')
        return false;
    for (; at < end && *at != '"'; at++) {
        if (*at != '\\' || at + 1 == end) {
            jig_buf_putc(out, *at);
        } else if (end - at > 3 && at[1] >= '0' && at[1] <= '3') {
            jig_buf_putc(out, (char)((at[1] - '0') * 64 + (at[2] - '0') * 8 + (at[3] - '0')));
            at += 3;
        } else {
            jig_buf_putc(out, *++at);
        }
    }
    return at < end && !out->failed;
}

/* # 12 "file" 1 3 */
static bool read_marker(struct picker *p, const char *at, const char *end)
{
    if (end - at < 3 || at[0] != '#' || at[1] != ' ' || at[2] < '0' || at[2] > '9')
        return false;
    size_t line = 0;
    for (at += 2; at < end && *at >= '0' && *at <= '9' && line < UINT32_MAX; at++)
        line = line * 10 + (size_t)(*at - '0');
    if (at == end || *at != ' ' || !read_name(at + 1, end, &p->name))
        return false;
    uintptr_t number = (uintptr_t)jig_map_get(&p->tabs, p->name.data);
    p->tab = number > 0 ? (uint32_t)(number - 1) : NO_TAB;
    p->line = line;
    return true;
}

static void take_tab_line(struct picker *p, const char *at, size_t n)
{
    struct jig_tabs_text *out = p->out;
    jig_buf_append(&p->text, at, n);
    jig_buf_putc(&p->text, '\n');
    out->lines = jig_grow(out->lines, &out->lines_cap, out->n_lines + 1, sizeof(*out->lines));
    out->lines[out->n_lines++] = (struct jig_tab_line){p->tab, (uint32_t)p->line};
    p->line += p->line < UINT32_MAX;
}

/* A line that is no tab's joins the span that it follows directly. */
static void take_header_line(struct jig_tabs_text *out, const char *at, size_t n)
{
    struct jig_header_span *last = out->n_spans > 0 ? &out->spans[out->n_spans - 1] : NULL;
    size_t before = out->n_lines + 1;
    if (last != NULL && last->before == before) {
        last->len = (size_t)(at + n - last->at);
        return;
    }
    out->spans = jig_grow(out->spans, &out->spans_cap, out->n_spans + 1, sizeof(*out->spans));
    out->spans[out->n_spans++] = (struct jig_header_span){at, n, before};
}

enum jig_code jig_tabs_text_make(const struct jig_merged *merged, const char *preprocessed,
                                 size_t len, struct jig_tabs_text *ret, struct jig_err *reterr)
{
    struct jig_tabs_text out = {0};
    struct picker p = {.out = &out, .tab = NO_TAB};
    jig_map_init(&p.tabs, NULL);
    for (size_t i = 0; i < merged->n_tabs; i++)
        jig_map_set(&p.tabs, merged->tabs[i].path, (void *)(uintptr_t)(i + 1));
    jig_buf_init(&p.text, JIG_PREPROCESSED_MAX + 1);
    jig_buf_init(&p.name, 1 << 16);
    const char *end = preprocessed + len;
    for (const char *at = preprocessed; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        size_t n = (size_t)(stop - at);
        if (!read_marker(&p, at, stop)) {
            if (p.tab != NO_TAB)
                take_tab_line(&p, at, n);
            else if (n > 0)
                take_header_line(&out, at, n);
        }
        at = stop + 1;
    }
    enum jig_code code = jig_buf_check(&p.text, "the preprocessed text of the sketch", reterr);
    out.len = p.text.len;
    out.text = code == JIG_OK ? jig_buf_steal(&p.text) : NULL;
    jig_buf_release(&p.text);
    jig_buf_release(&p.name);
    jig_map_release(&p.tabs);
    if (code != JIG_OK) {
        jig_tabs_text_release(&out);
        return code;
    }
    *ret = out;
    return JIG_OK;
}

void jig_tabs_text_release(struct jig_tabs_text *t)
{
    free(t->text);
    free(t->lines);
    free(t->spans);
    *t = (struct jig_tabs_text){0};
}
