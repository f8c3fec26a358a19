#include "core/build/depfile.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define MOST_DEPENDENCIES 100000
#define LARGEST_FILE      (16 << 20)

struct reader {
    const char *at;
    const char *end;
};

/* The length of a backslash-newline, or 0. It is white space within a rule. */
static size_t continuation(const struct reader *r)
{
    size_t left = (size_t)(r->end - r->at);
    if (left >= 2 && memcmp(r->at, "\\\n", 2) == 0)
        return 2;
    return left >= 3 && memcmp(r->at, "\\\r\n", 3) == 0 ? 3 : 0;
}

/* Returns false at the end of the rule. */
static bool skip_blanks(struct reader *r)
{
    while (r->at < r->end) {
        size_t n = strchr(" \t\r", *r->at) != NULL ? 1 : continuation(r);
        if (n == 0)
            break;
        r->at += n;
    }
    return r->at < r->end && *r->at != '\n';
}

static bool ends_word(const struct reader *r)
{
    return strchr(" \t\r\n", *r->at) != NULL || continuation(r) > 0;
}

/* One quoted word; the reader stands on its first byte. */
static void read_word(struct reader *r, struct jig_buf *word)
{
    while (r->at < r->end && !ends_word(r)) {
        char next = r->end - r->at >= 2 ? r->at[1] : '\0';
        bool quoted = (*r->at == '\\' && next != '\0' && strchr(" #\\", next) != NULL) ||
                      (*r->at == '$' && next == '$');
        if (quoted)
            r->at++;
        jig_buf_putc(word, *r->at++);
    }
}

static enum jig_code add(struct jig_strv *out, struct jig_map *seen, const char *word,
                         struct jig_err *reterr)
{
    if (word[0] == '\0' || jig_map_has(seen, word))
        return JIG_OK;
    if (out->n >= MOST_DEPENDENCIES)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "more than %d dependencies",
                           MOST_DEPENDENCIES);
    jig_map_set(seen, word, out);
    jig_strv_append(out, word);
    return JIG_OK;
}

/* One rule: targets up to the colon, then prerequisites up to the end of the line. */
static enum jig_code read_rule(struct reader *r, struct jig_buf *word, struct jig_strv *out,
                               struct jig_map *seen, struct jig_err *reterr)
{
    bool in_targets = true;
    while (skip_blanks(r)) {
        jig_buf_clear(word);
        read_word(r, word);
        enum jig_code code = jig_buf_check(word, "a dependency", reterr);
        if (code != JIG_OK)
            return code;
        if (in_targets) {
            in_targets = !jig_str_ends(word->data, ":");
            continue;
        }
        code = add(out, seen, word->data, reterr);
        if (code != JIG_OK)
            return code;
    }
    if (in_targets)
        return jig_err_set(reterr, JIG_DATA_LOSS, "a dependency rule has no colon");
    return JIG_OK;
}

enum jig_code jig_depfile_parse(const char *text, size_t n, struct jig_strv *out,
                                struct jig_err *reterr)
{
    struct reader r = {text, text + n};
    struct jig_map seen;
    struct jig_buf word;
    jig_map_init(&seen, NULL);
    jig_buf_init(&word, 8192);
    enum jig_code code = JIG_OK;
    bool any = false;
    if (memchr(text, '\0', n) != NULL)
        code = jig_err_set(reterr, JIG_DATA_LOSS, "a dependency file holds a NUL byte");
    while (code == JIG_OK && r.at < r.end) {
        if (skip_blanks(&r)) {
            any = true;
            code = read_rule(&r, &word, out, &seen, reterr);
        } else {
            r.at++; /* the newline */
        }
    }
    if (code == JIG_OK && !any)
        code = jig_err_set(reterr, JIG_DATA_LOSS, "a dependency file is empty");
    jig_map_release(&seen);
    jig_buf_release(&word);
    return code;
}

enum jig_code jig_depfile_read(const char *path, const char *cwd, struct jig_strv *out,
                               struct jig_err *reterr)
{
    struct jig_buf text;
    struct jig_strv words = {0};
    jig_buf_init(&text, LARGEST_FILE);
    enum jig_code code = jig_fs_read(path, &text, reterr);
    if (code == JIG_OK) {
        code = jig_depfile_parse(text.data, text.len, &words, reterr);
        if (code != JIG_OK)
            jig_err_prefix(reterr, "%s", path);
    }
    for (size_t i = 0; code == JIG_OK && i < words.n; i++)
        jig_strv_append_take(out, jig_path_join(cwd, words.v[i]));
    jig_strv_release(&words);
    jig_buf_release(&text);
    return code;
}
