#include "core/build/diagnostics.h"

#include <ctype.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define LARGEST_RENDERED 65536

static const struct {
    const char *text;
    enum jig_severity severity;
} severities[] = {
    {"fatal error: ", JIG_SEVERITY_ERROR},
    {"error: ", JIG_SEVERITY_ERROR},
    {"warning: ", JIG_SEVERITY_WARNING},
    {"note: ", JIG_SEVERITY_NOTE},
    {"undefined reference to ", JIG_SEVERITY_ERROR},
    {"multiple definition of ", JIG_SEVERITY_ERROR},
};

/* The parts of a line that begins a diagnostic; pointers into the line. */
struct head {
    const char *file;
    size_t file_len;
    uint32_t line;
    uint32_t column;
    enum jig_severity severity;
    const char *message;
};

/* ":123" at p: moves p behind it. */
static bool read_number(const char **p, uint32_t *ret)
{
    const char *q = *p;
    if (*q != ':' || !isdigit((unsigned char)q[1]))
        return false;
    uint32_t value = 0;
    for (q++; isdigit((unsigned char)*q); q++) {
        if (value > 100000000)
            return false;
        value = value * 10 + (uint32_t)(*q - '0');
    }
    *p = q;
    *ret = value;
    return true;
}

/* The severity word at p; the linker's phrases keep theirs as part of the message. */
static bool read_severity(const char *p, struct head *h)
{
    for (size_t i = 0; i < JIG_COUNT(severities); i++) {
        if (!jig_str_starts(p, severities[i].text))
            continue;
        h->severity = severities[i].severity;
        bool is_word = jig_str_ends(severities[i].text, ": ");
        h->message = is_word ? p + strlen(severities[i].text) : p;
        return true;
    }
    return false;
}

/* "file:line[:column]: severity: message", wherever the file's name ends. */
static bool read_placed(const char *line, struct head *h)
{
    for (const char *colon = strchr(line, ':'); colon != NULL; colon = strchr(colon + 1, ':')) {
        const char *p = colon;
        *h = (struct head){.file = line, .file_len = (size_t)(colon - line)};
        if (h->file_len == 0 || !read_number(&p, &h->line))
            continue;
        read_number(&p, &h->column);
        if (p[0] == ':' && p[1] == ' ' && read_severity(p + 2, h))
            return true;
    }
    return false;
}

/* A tool's own "name: severity: message", and the linker's overflow. */
static bool read_unplaced(const char *line, struct head *h)
{
    *h = (struct head){.file = line};
    if (strstr(line, " overflowed by ") != NULL || strstr(line, " is not within region ") != NULL ||
        (strstr(line, ": section `") != NULL && strstr(line, "will not fit") != NULL)) {
        const char *text = strstr(line, ": ");
        h->severity = JIG_SEVERITY_ERROR;
        h->message = text != NULL ? text + 2 : line;
        return true;
    }
    for (const char *p = strstr(line, ": "); p != NULL; p = strstr(p + 2, ": ")) {
        if (read_severity(p + 2, h))
            return true;
    }
    return false;
}

/* Lines that speak of what follows them. */
static bool is_preamble(const char *line)
{
    return jig_str_starts(line, "In file included from ") ||
           jig_str_starts(line, "                 from ") ||
           (strstr(line, ": In ") != NULL && jig_str_ends(line, ":")) ||
           jig_str_ends(line, ": At global scope:") || jig_str_ends(line, ": At top level:");
}

static void add(struct jig_diagnostics *out, const struct head *h, struct jig_buf *preamble,
                const char *line)
{
    out->items = jig_grow(out->items, &out->cap, out->n, sizeof *out->items);
    struct jig_diagnostic *d = &out->items[out->n++];
    const char *option = strrchr(h->message, '[');
    bool has_option = option != NULL && option > h->message && jig_str_starts(option, "[-W") &&
                      jig_str_ends(option, "]");
    size_t text_len = has_option ? (size_t)(option - h->message) : strlen(h->message);
    while (has_option && text_len > 0 && h->message[text_len - 1] == ' ')
        text_len--;
    *d = (struct jig_diagnostic){
        .file = jig_xstrndup(h->file, h->file_len),
        .line = h->line,
        .column = h->column,
        .severity = h->severity,
        .message = jig_xstrndup(h->message, text_len),
        .option = has_option ? jig_xstrndup(option + 1, strlen(option) - 2) : jig_xstrdup(""),
        .rendered = jig_strf("%s%s\n", preamble->data, line),
    };
    jig_buf_clear(preamble);
}

static void continue_last(struct jig_diagnostics *out, size_t first, const char *line)
{
    if (out->n == first)
        return;
    struct jig_diagnostic *last = &out->items[out->n - 1];
    if (strlen(last->rendered) + strlen(line) > LARGEST_RENDERED)
        return;
    char *longer = jig_strf("%s%s\n", last->rendered, line);
    free(last->rendered);
    last->rendered = longer;
}

void jig_diagnostics_parse(const char *text, struct jig_diagnostics *out)
{
    struct jig_strv lines = {0};
    struct jig_buf preamble;
    size_t first = out->n;
    jig_buf_init(&preamble, LARGEST_RENDERED);
    jig_str_split(text, "\n", true, &lines);
    for (size_t i = 0; i < lines.n && out->n - first < JIG_MOST_DIAGNOSTICS; i++) {
        char *line = lines.v[i];
        size_t n = strlen(line);
        if (n > 0 && line[n - 1] == '\r')
            line[n - 1] = '\0';
        struct head h;
        if (line[0] == '\0')
            continue;
        if (is_preamble(line))
            jig_buf_printf(&preamble, "%s\n", line);
        else if (line[0] != ' ' && (read_placed(line, &h) || read_unplaced(line, &h)))
            add(out, &h, &preamble, line);
        else
            continue_last(out, first, line);
    }
    jig_buf_release(&preamble);
    jig_strv_release(&lines);
}

void jig_diagnostics_whole(const char *text, bool failed, struct jig_diagnostics *out)
{
    size_t n = strnlen(text, LARGEST_RENDERED);
    bool ended = n > 0 && text[n - 1] == '\n';
    out->items = jig_grow(out->items, &out->cap, out->n, sizeof *out->items);
    out->items[out->n++] = (struct jig_diagnostic){
        .file = jig_xstrdup(""),
        .severity = failed ? JIG_SEVERITY_ERROR : JIG_SEVERITY_NOTE,
        .message = jig_xstrndup(text, strcspn(text, "\r\n")),
        .option = jig_xstrdup(""),
        .rendered = jig_strf("%.*s%s", (int)n, text, ended ? "" : "\n"),
    };
}

void jig_diagnostics_release(struct jig_diagnostics *d)
{
    for (size_t i = 0; i < d->n; i++) {
        free(d->items[i].file);
        free(d->items[i].message);
        free(d->items[i].option);
        free(d->items[i].rendered);
    }
    free(d->items);
    *d = (struct jig_diagnostics){0};
}
