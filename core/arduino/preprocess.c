#include "core/arduino/preprocess.h"

#include <string.h>

#include "core/arduino/ctags.h"
#include "core/arduino/prototypes.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

static const char byte_order_mark[] = "\xef\xbb\xbf";

void jig_cpp_quote(const char *s, struct jig_buf *out)
{
    jig_buf_putc(out, '"');
    for (; *s != '\0'; s++) {
        if (*s == '"' || *s == '\\')
            jig_buf_putc(out, '\\');
        jig_buf_putc(out, *s);
    }
    jig_buf_putc(out, '"');
}

static void append_line_directive(const char *path, size_t line, struct jig_buf *out)
{
    jig_buf_printf(out, "#line %zu ", line);
    jig_cpp_quote(path, out);
    jig_buf_putc(out, '\n');
}

/* Appends text with every CR LF and CR made an LF. */
static void append_lines(const char *text, size_t len, struct jig_buf *out)
{
    const char *end = text + len;
    while (text < end) {
        const char *cr = memchr(text, '\r', (size_t)(end - text));
        jig_buf_append(out, text, (size_t)((cr != NULL ? cr : end) - text));
        if (cr == NULL)
            return;
        jig_buf_putc(out, '\n');
        text = cr + (cr + 1 < end && cr[1] == '\n' ? 2 : 1);
    }
}

static size_t count_lines(const char *text, size_t len)
{
    size_t n = 0;
    for (const char *at = text; (at = memchr(at, '\n', len - (size_t)(at - text))) != NULL; at++)
        n++;
    return n;
}

static const char *skip_blanks(const char *s)
{
    return s + strspn(s, " \t\r\f");
}

/* `#include <Arduino.h>` or "Arduino.h" on this line, whatever follows. */
static bool line_includes_arduino(const char *line)
{
    static const char header[] = "Arduino.h";
    line = skip_blanks(line);
    if (*line != '#')
        return false;
    line = skip_blanks(line + 1);
    if (!jig_str_starts(line, "include"))
        return false;
    line = skip_blanks(line + strlen("include"));
    if ((*line != '<' && *line != '"') || !jig_str_starts(line + 1, header))
        return false;
    char close = line[1 + strlen(header)];
    return close == '>' || close == '"';
}

static bool includes_arduino(const char *text)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (line_includes_arduino(line))
            return true;
    }
    return false;
}

void jig_merged_free(struct jig_merged *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->n_tabs; i++)
        free(m->tabs[i].path);
    free(m->tabs);
    free(m->text);
    free(m);
}

static void merged_cleanup(struct jig_merged **m)
{
    jig_merged_free(*m);
}

static enum jig_code check_text(const struct jig_tab_text *tab, struct jig_err *reterr)
{
    if (tab->len > JIG_TAB_MAX)
        return jig_err_reason(reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                              "%s is longer than %zu bytes", tab->path, JIG_TAB_MAX);
    const char *nul = memchr(tab->text, '\0', tab->len);
    if (nul == NULL)
        return JIG_OK;
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s:%zu: there is a NUL byte in the text: is it a sketch?", tab->path,
                          count_lines(tab->text, (size_t)(nul - tab->text)) + 1);
}

static enum jig_code add_tab(struct jig_merged *m, const struct jig_tab_text *tab,
                             struct jig_buf *out, size_t *line, struct jig_err *reterr)
{
    enum jig_code code = check_text(tab, reterr);
    if (code != JIG_OK)
        return code;
    size_t mark = tab->len >= 3 && memcmp(tab->text, byte_order_mark, 3) == 0 ? 3 : 0;
    append_line_directive(tab->path, 1, out);
    size_t start = out->len;
    append_lines(tab->text + mark, tab->len - mark, out);
    jig_buf_putc(out, '\n');
    code = jig_buf_check(out, "the text of the sketch's .ino files", reterr);
    if (code != JIG_OK)
        return code;
    struct jig_merged_tab *entry = &m->tabs[m->n_tabs++];
    entry->path = jig_xstrdup(tab->path);
    entry->first_line = *line + 1;
    entry->lines = count_lines(out->data + start, out->len - start);
    *line += 1 + entry->lines;
    return JIG_OK;
}

static enum jig_code merge_into(struct jig_merged *m, const struct jig_tab_text *tabs, size_t n,
                                struct jig_buf *out, struct jig_err *reterr)
{
    size_t line = 1;
    JIG_CLEANUP_FREE char *main = jig_xstrndup(tabs[0].text, tabs[0].len);
    const char *main_text = jig_str_starts(main, byte_order_mark) ? main + 3 : main;
    if (!includes_arduino(main_text)) {
        jig_buf_puts(out, "#include <Arduino.h>\n");
        line++;
    }
    for (size_t i = 0; i < n; i++) {
        enum jig_code code = add_tab(m, &tabs[i], out, &line, reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

enum jig_code jig_preprocess_merge_texts(const struct jig_tab_text *tabs, size_t n,
                                         struct jig_merged **ret, struct jig_err *reterr)
{
    if (n == 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "a sketch needs at least one .ino file");
    JIG_CLEANUP(merged_cleanup) struct jig_merged *m = jig_new(struct jig_merged);
    m->tabs = jig_xcalloc(n, sizeof(*m->tabs));
    struct jig_buf out;
    jig_buf_init(&out, JIG_MERGED_MAX);
    enum jig_code code = merge_into(m, tabs, n, &out, reterr);
    if (code != JIG_OK) {
        jig_buf_release(&out);
        return code;
    }
    m->len = out.len;
    m->text = jig_buf_steal(&out);
    *ret = jig_steal(&m);
    return JIG_OK;
}

struct loaded {
    struct jig_tab_text *texts;
    struct jig_buf *bufs;
    char **paths;
    size_t n;
};

static void loaded_release(struct loaded *l)
{
    for (size_t i = 0; i < l->n; i++) {
        jig_buf_release(&l->bufs[i]);
        free(l->paths[i]);
    }
    free(l->texts);
    free(l->bufs);
    free(l->paths);
}

static enum jig_code load_tabs(const struct jig_sketch *sketch, struct loaded *l,
                               struct jig_err *reterr)
{
    size_t total = 0;
    l->texts = jig_xcalloc(sketch->tabs.n, sizeof(*l->texts));
    l->bufs = jig_xcalloc(sketch->tabs.n, sizeof(*l->bufs));
    l->paths = jig_xcalloc(sketch->tabs.n, sizeof(*l->paths));
    for (; l->n < sketch->tabs.n && total <= JIG_MERGED_MAX; l->n++) {
        struct jig_buf *buf = &l->bufs[l->n];
        l->paths[l->n] = jig_sketch_path(sketch, sketch->tabs.v[l->n]);
        jig_buf_init(buf, JIG_TAB_MAX);
        enum jig_code code = jig_fs_read(l->paths[l->n], buf, reterr);
        if (code != JIG_OK) {
            l->n++;
            return code;
        }
        l->texts[l->n] = (struct jig_tab_text){l->paths[l->n], buf->data, buf->len};
        total += buf->len;
    }
    return JIG_OK;
}

enum jig_code jig_preprocess_merge(const struct jig_sketch *sketch, struct jig_merged **ret,
                                   struct jig_err *reterr)
{
    JIG_CLEANUP(loaded_release) struct loaded l = {0};
    enum jig_code code = load_tabs(sketch, &l, reterr);
    if (code != JIG_OK)
        return code;
    return jig_preprocess_merge_texts(l.texts, l.n, ret, reterr);
}

enum jig_code jig_preprocess_additional(const char *path, struct jig_buf *out,
                                        struct jig_err *reterr)
{
    append_line_directive(path, 1, out);
    enum jig_code code = jig_buf_check(out, path, reterr);
    return code != JIG_OK ? code : jig_fs_read(path, out, reterr);
}

static enum jig_code find_tags(const struct jig_tabs_text *text, const char *work_path,
                               const struct jig_until *until, struct jig_tags *ret,
                               struct jig_err *reterr)
{
    enum jig_code code = jig_fs_write_unsynced(work_path, text->text, text->len, 0644, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_buf found;
    jig_buf_init(&found, JIG_CTAGS_OUTPUT_MAX);
    code = jig_ctags_run(work_path, until, &found, reterr);
    if (code == JIG_OK)
        code = jig_ctags_parse(found.data, found.len, ret, reterr);
    jig_buf_release(&found);
    return code;
}

static enum jig_code finish_text(const struct jig_merged *merged, const struct jig_tabs_text *text,
                                 const struct jig_tags *tags, struct jig_buf *out,
                                 struct jig_err *reterr)
{
    struct jig_prototypes prototypes = {0};
    enum jig_code code = jig_prototypes_make(merged, text, tags, &prototypes, reterr);
    if (code == JIG_OK)
        code = jig_prototypes_insert(merged, &prototypes, out, reterr);
    jig_prototypes_release(&prototypes);
    return code;
}

enum jig_code jig_preprocess_finish(const struct jig_merged *merged, const char *preprocessed_path,
                                    const char *work_path, const struct jig_until *until,
                                    struct jig_buf *out, struct jig_err *reterr)
{
    struct jig_tabs_text text = {0};
    struct jig_tags tags = {0};
    struct jig_buf preprocessed;
    jig_buf_init(&preprocessed, JIG_PREPROCESSED_MAX);
    enum jig_code code = jig_fs_read(preprocessed_path, &preprocessed, reterr);
    if (code == JIG_OK)
        code = jig_tabs_text_make(merged, preprocessed.data, preprocessed.len, &text, reterr);
    if (code == JIG_OK)
        code = find_tags(&text, work_path, until, &tags, reterr);
    if (code == JIG_OK)
        code = finish_text(merged, &text, &tags, out, reterr);
    jig_tags_release(&tags);
    jig_tabs_text_release(&text);
    jig_buf_release(&preprocessed);
    return code;
}
