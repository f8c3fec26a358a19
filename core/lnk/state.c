#include "core/lnk/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/scan.h"
#include "core/os/sighting.h"
#include "core/watch/files.h"

#define VERSION   "jig lnk state 1\n"
#define STATE_MAX ((size_t)256 << 20)

char *jig_lnk_folder(const char *base)
{
    return jig_path_join(base, ".lnk");
}

char *jig_lnk_files(const char *base)
{
    return jig_path_join(base, ".lnk/files");
}

char *jig_lnk_made_path(const char *base, const char *pointer)
{
    JIG_CLEANUP_FREE char *target = jig_pointer_target(pointer);
    return jig_strf("%s/.lnk/files/%s", base, target);
}

static char *lock_path(const char *base)
{
    return jig_path_join(base, ".lnk/lock");
}

enum jig_code jig_lnk_share(struct jig_lock *l, const char *base, const struct jig_until *until,
                            struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = lock_path(base);
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_lock_share(l, path, until, &err);
    if (code == JIG_NOT_FOUND) { /* somebody removed it */
        struct jig_lock made = JIG_LOCK_INIT;
        code = jig_lock_wait(&made, path, NULL, until, &err);
        jig_lock_release(&made);
        if (code == JIG_OK)
            code = jig_lock_share(l, path, until, &err);
    }
    if (code != JIG_OK && reterr != NULL)
        *reterr = err;
    return code;
}

/* A lock is no part of any answer. */
static bool stamp_lock(const char *base, struct jig_stamp *ret)
{
    JIG_CLEANUP_FREE char *path = lock_path(base);
    const struct jig_observer *before = jig_observe(NULL);
    bool there = jig_fs_stamp(path, ret, NULL) == JIG_OK;
    jig_observe(before);
    return there;
}

struct jig_lnk_mark jig_lnk_mark(const char *base)
{
    struct jig_lnk_mark m = {0};
    int64_t clock_ns = jig_stamp_clock_ns();
    m.sure = stamp_lock(base, &m.lock) && jig_stamp_predates(&m.lock, clock_ns);
    return m;
}

bool jig_lnk_mark_holds(const struct jig_lnk_mark *m, const char *base)
{
    struct jig_stamp now;
    return m->sure && stamp_lock(base, &now) && jig_stamp_equal(&now, &m->lock);
}

static char *state_path(const char *base)
{
    return jig_path_join(base, ".lnk/state");
}

void jig_lnk_row_free(void *row)
{
    struct jig_lnk_row *r = row;
    if (r == NULL)
        return;
    free(r->path);
    free(r);
}

void jig_lnk_state_init(struct jig_lnk_state *s)
{
    jig_map_init(&s->rows, jig_lnk_row_free);
}

void jig_lnk_state_release(struct jig_lnk_state *s)
{
    jig_map_release(&s->rows);
}

/* ---- the file ---- */

static void put_stamp(struct jig_buf *out, const struct jig_stamp *s)
{
    jig_buf_printf(out, "%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRId64 " %" PRIu32 " ",
                   s->dev, s->ino, s->size, s->mtime_ns, s->ctime_ns, s->mode);
}

/* One line: flags, numbers, and the path last, which has no newline in it (look.c). */
static void put_row(struct jig_buf *out, const struct jig_lnk_row *r)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&r->sha256, hex);
    jig_buf_printf(out, "%s %d %d %d %d %" PRId64 " ", hex, r->pointer_racy, r->made_racy,
                   (int)r->proof, (int)r->extract, r->size);
    put_stamp(out, &r->pointer);
    put_stamp(out, &r->made);
    jig_digest_hex(&r->content, hex);
    jig_buf_printf(out, "%" PRIu64 " %" PRIu64 " %s %" PRIu64 " %" PRIu64 " %s\n", r->tree.high,
                   r->tree.low, hex, r->url.high, r->url.low, r->path);
}

enum jig_code jig_lnk_state_save(const struct jig_lnk_state *s, const char *base,
                                 struct jig_err *reterr)
{
    struct jig_buf out;
    jig_buf_init(&out, STATE_MAX);
    JIG_CLEANUP_FREE char *path = state_path(base);
    jig_buf_puts(&out, VERSION);
    for (size_t i = 0; i < s->rows.used; i++) {
        if (s->rows.entries[i].key != NULL)
            put_row(&out, s->rows.entries[i].value);
    }
    struct jig_fingerprint f = jig_fingerprint_of(out.data, out.len);
    jig_buf_printf(&out, "%016" PRIx64 "%016" PRIx64 "\n", f.high, f.low);
    enum jig_code code = jig_buf_check(&out, "what is known of the pointers", reterr);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(path, out.data, out.len, 0644, reterr);
    jig_buf_release(&out);
    return code;
}

/* The next number of a line; clears *ok when there is none. */
static int64_t number(char **p, bool *ok)
{
    char *end = *p;
    errno = 0;
    bool negative = **p == '-';
    uint64_t value = strtoull(*p + negative, &end, 10);
    *ok = *ok && end != *p + negative && *end == ' ' && errno == 0;
    *p = *ok ? end + 1 : *p;
    return negative ? -(int64_t)value : (int64_t)value;
}

static struct jig_stamp stamp(char **p, bool *ok)
{
    struct jig_stamp s = {.dev = (uint64_t)number(p, ok)};
    s.ino = (uint64_t)number(p, ok);
    s.size = number(p, ok);
    s.mtime_ns = number(p, ok);
    s.ctime_ns = number(p, ok);
    s.mode = (uint32_t)number(p, ok);
    return s;
}

static struct jig_digest digest(char **p, bool *ok)
{
    struct jig_digest d = {{0}};
    char *end = *p + strcspn(*p, " ");
    *ok = *ok && *end == ' ';
    if (!*ok)
        return d;
    *end = '\0';
    *ok = jig_digest_parse(*p, &d);
    *p = end + 1;
    return d;
}

static struct jig_lnk_row *parse_row(char *line)
{
    bool ok = true;
    char *p = line;
    struct jig_lnk_row *r = jig_new(struct jig_lnk_row);
    r->sha256 = digest(&p, &ok);
    r->pointer_racy = number(&p, &ok) != 0;
    r->made_racy = number(&p, &ok) != 0;
    int64_t proof = number(&p, &ok);
    ok = ok && proof >= JIG_LNK_UNPROVEN && proof <= JIG_LNK_FLAGGED;
    r->proof = ok ? (enum jig_lnk_proof)proof : JIG_LNK_UNPROVEN;
    int64_t extract = number(&p, &ok);
    ok = ok && extract >= 0 && extract < JIG_POINTER_EXTRACT_COUNT;
    r->extract = ok ? (enum jig_pointer_extract)extract : JIG_POINTER_FILE;
    r->size = number(&p, &ok);
    r->pointer = stamp(&p, &ok);
    r->made = stamp(&p, &ok);
    r->tree.high = (uint64_t)number(&p, &ok);
    r->tree.low = (uint64_t)number(&p, &ok);
    r->content = digest(&p, &ok);
    r->url.high = (uint64_t)number(&p, &ok);
    r->url.low = (uint64_t)number(&p, &ok);
    r->path = jig_xstrdup(p);
    if (ok && p[0] != '\0')
        return r;
    jig_lnk_row_free(r);
    return NULL;
}

/* Whether the text is whole; the checksum's line is cut off. */
static bool is_whole(struct jig_buf *text)
{
    char sum[34];
    size_t head = strlen(VERSION), tail = 33;
    if (text->len < head + tail || memcmp(text->data, VERSION, head) != 0)
        return false;
    struct jig_fingerprint f = jig_fingerprint_of(text->data, text->len - tail);
    snprintf(sum, sizeof sum, "%016" PRIx64 "%016" PRIx64 "\n", f.high, f.low);
    if (memcmp(sum, text->data + text->len - tail, tail) != 0)
        return false;
    text->len -= tail;
    text->data[text->len] = '\0';
    return true;
}

void jig_lnk_state_load(struct jig_lnk_state *s, const char *base)
{
    struct jig_buf text;
    jig_buf_init(&text, STATE_MAX);
    JIG_CLEANUP_FREE char *path = state_path(base);
    if (jig_fs_read(path, &text, NULL) == JIG_OK && is_whole(&text)) {
        for (char *line = text.data + strlen(VERSION); *line != '\0';) {
            char *end = line + strcspn(line, "\n");
            char *next = end + (*end == '\n');
            *end = '\0';
            struct jig_lnk_row *row = parse_row(line);
            if (row != NULL)
                jig_map_set(&s->rows, row->path, row);
            line = next;
        }
    }
    jig_buf_release(&text);
}

/* ---- what was made ---- */

struct tree_look {
    struct jig_buf text;
    bool racy;
    int64_t now_ns;
    struct jig_sha256 *content; /* NULL: not asked for */
};

static void hash_entry(struct tree_look *t, const struct jig_walk_entry *e)
{
    struct jig_digest d = {{0}};
    JIG_CLEANUP_FREE char *target = NULL;
    jig_sha256_string(t->content, e->relative);
    if (e->is_file && jig_sha256_file(e->path, &d, NULL) == JIG_OK)
        jig_sha256_field(t->content, d.bytes, sizeof d.bytes);
    else if (!e->is_dir && jig_fs_link_target(e->path, &target, NULL) == JIG_OK)
        jig_sha256_string(t->content, target);
}

static enum jig_walk look_at_entry(void *ctx, const struct jig_walk_entry *e)
{
    struct tree_look *t = ctx;
    struct jig_stamp s = {0};
    if (jig_fs_stamp_link(e->path, &s, NULL) != JIG_OK)
        return JIG_WALK_ON;
    if (t->content != NULL)
        hash_entry(t, e);
    jig_buf_puts(&t->text, e->relative);
    jig_buf_putc(&t->text, '\0');
    if (e->is_dir) {
        jig_buf_puts(&t->text, "/");
        return JIG_WALK_INTO;
    }
    put_stamp(&t->text, &s);
    t->racy = t->racy || jig_stamp_is_racy(&s, t->now_ns);
    return JIG_WALK_ON;
}

static enum jig_code walk_tree(struct jig_lnk_row *row, const char *path, bool content,
                               struct jig_err *reterr)
{
    struct tree_look t = {.now_ns = jig_stamp_clock_ns(),
                          .content = content ? jig_sha256_new() : NULL};
    jig_buf_init(&t.text, STATE_MAX);
    enum jig_code code = jig_fs_walk(path, false, look_at_entry, &t, reterr);
    if (code == JIG_OK)
        code = jig_buf_check(&t.text, path, reterr);
    if (code == JIG_OK) {
        row->tree = jig_fingerprint_of(t.text.data, t.text.len);
        row->made = (struct jig_stamp){0};
        row->made_racy = t.racy;
    }
    if (t.content != NULL)
        row->content = jig_sha256_final(t.content);
    jig_sha256_free(t.content);
    jig_buf_release(&t.text);
    return code;
}

static enum jig_code look_at_tree(struct jig_lnk_row *row, const char *path, struct jig_err *reterr)
{
    if (!jig_fs_is_dir(path))
        return jig_err_set(reterr, JIG_NOT_FOUND, "there is no folder %s", path);
    enum jig_code code = walk_tree(row, path, false, reterr);
    return code == JIG_OK && row->made_racy ? walk_tree(row, path, true, reterr) : code;
}

enum jig_code jig_lnk_row_look(struct jig_lnk_row *row, const char *made_path,
                               struct jig_err *reterr)
{
    if (row->extract != JIG_POINTER_FILE)
        return look_at_tree(row, made_path, reterr);
    enum jig_code code = jig_fs_stamp_link(made_path, &row->made, reterr);
    if (code != JIG_OK)
        return code;
    if (!S_ISREG(row->made.mode))
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s is not a file", made_path);
    row->tree = (struct jig_fingerprint){0};
    row->made_racy = jig_stamp_is_racy(&row->made, jig_stamp_clock_ns());
    return JIG_OK;
}

/* Whether the content is as it was made. */
static bool is_same_content(const struct jig_lnk_row *row, const char *made_path)
{
    struct jig_digest now;
    struct jig_lnk_row again = *row;
    if (row->extract == JIG_POINTER_FILE)
        return jig_sha256_file(made_path, &now, NULL) == JIG_OK &&
               jig_digest_equal(&now, &row->sha256);
    return walk_tree(&again, made_path, true, NULL) == JIG_OK &&
           jig_digest_equal(&again.content, &row->content);
}

/* The stamp may hide a later write: the content says. Looked at before it is hashed, so that a
 * write in between is seen the next time. */
static bool settle_young(struct jig_lnk_row *row, const char *made_path)
{
    struct jig_lnk_row again = *row;
    if (jig_lnk_row_look(&again, made_path, NULL) != JIG_OK || !is_same_content(row, made_path))
        return false;
    row->made = again.made;
    row->made_racy = again.made_racy;
    row->tree = again.tree;
    return true;
}

bool jig_lnk_row_holds(struct jig_lnk_row *row, const char *made_path)
{
    struct jig_lnk_row now = *row;
    if (row->made_racy)
        return settle_young(row, made_path);
    if (jig_lnk_row_look(&now, made_path, NULL) != JIG_OK)
        return false;
    return row->extract != JIG_POINTER_FILE ? jig_fingerprint_equal(now.tree, row->tree)
                                            : jig_stamp_equal(&now.made, &row->made);
}
