/*
 * Sightings as bytes, in the machine's own byte order: what is kept never leaves it.
 *
 *   frame | the start of each block of rows | rows
 *
 * A row's path leaves out what it shares with the row before, but for the first row of a block: so
 * blocks can be read by several threads.
 */
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/sightings_impl.h"

#define ROWS_IN_A_BLOCK 256

struct frame {
    uint64_t rows;
    uint64_t blocks;
};

/* The path follows, and then `real`. */
struct row {
    struct jig_stamp stamp;
    uint16_t shared;
    uint16_t rest;
    uint16_t real; /* bytes */
    uint8_t kind;
    uint8_t follow;
    uint8_t there;
    uint8_t padding[3];
};

static size_t blocks_for(size_t rows)
{
    return (rows + ROWS_IN_A_BLOCK - 1) / ROWS_IN_A_BLOCK;
}

/* ---- written ---- */

/* No two are alike in all three. */
int jig_seen_order_(const void *va, const void *vb)
{
    const struct jig_sighting *a = va;
    const struct jig_sighting *b = vb;
    int order = strcmp(a->path, b->path);
    if (order == 0)
        order = (int)a->kind - (int)b->kind;
    return order != 0 ? order : (int)a->follow - (int)b->follow;
}

static int by_order(const void *va, const void *vb)
{
    return jig_seen_order_(*(const struct jig_sighting *const *)va,
                           *(const struct jig_sighting *const *)vb);
}

static void put_row(struct jig_buf *out, const struct jig_sighting *s, const char *before)
{
    size_t shared = 0;
    while (s->path[shared] != '\0' && s->path[shared] == before[shared])
        shared++;
    struct row row;
    memset(&row, 0, sizeof row); /* its padding too */
    row.stamp.dev = s->stamp.dev;
    row.stamp.ino = s->stamp.ino;
    row.stamp.size = s->stamp.size;
    row.stamp.mtime_ns = s->stamp.mtime_ns;
    row.stamp.ctime_ns = s->stamp.ctime_ns;
    row.stamp.mode = s->stamp.mode;
    row.shared = (uint16_t)shared;
    row.rest = (uint16_t)strlen(s->path + shared);
    row.real = (uint16_t)(s->real != NULL ? strlen(s->real) : 0);
    row.kind = (uint8_t)s->kind;
    row.follow = s->follow;
    row.there = s->there;
    jig_buf_append(out, &row, sizeof row);
    jig_buf_append(out, s->path + shared, row.rest);
    jig_buf_append(out, s->real, row.real);
}

void jig_sightings_encode(const struct jig_sightings *s, struct jig_buf *out)
{
    size_t n = jig_sightings_count(s);
    struct frame frame = {.rows = n, .blocks = blocks_for(n)};
    const struct jig_sighting **sorted = jig_xcalloc(n, sizeof *sorted);
    uint64_t *starts = jig_xcalloc(frame.blocks, sizeof *starts);
    for (size_t i = 0; i < n; i++)
        sorted[i] = jig_sightings_at(s, i);
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_order);
    jig_buf_append(out, &frame, sizeof frame);
    size_t table = out->len;
    jig_buf_append(out, starts, frame.blocks * sizeof *starts);
    size_t rows = out->len;
    for (size_t i = 0; i < n; i++) {
        bool first = i % ROWS_IN_A_BLOCK == 0;
        if (first)
            starts[i / ROWS_IN_A_BLOCK] = out->len - rows;
        put_row(out, sorted[i], first ? "" : sorted[i - 1]->path);
    }
    if (!out->failed && frame.blocks > 0)
        memcpy(out->data + table, starts, frame.blocks * sizeof *starts);
    free(starts);
    free(sorted);
}

/* ---- read ---- */

struct reader {
    const char *at;
    size_t left;
    size_t path_n; /* of the path before */
};

static const char *take(struct reader *r, size_t n)
{
    const char *piece = r->at;
    if (n > r->left)
        return NULL;
    r->at += n;
    r->left -= n;
    return piece;
}

static bool is_text(const char *s, size_t n)
{
    return memchr(s, '\0', n) == NULL;
}

/* False for a row that nobody wrote. *rest and *real are not terminated; the path is `shared` bytes
 * of the one before, and `rest`. */
static bool take_row(struct reader *r, struct row *ret, const char **rest, const char **real)
{
    const char *piece = take(r, sizeof *ret);
    if (piece == NULL)
        return false;
    memcpy(ret, piece, sizeof *ret);
    bool has_real = ret->kind == JIG_SAW_REAL && ret->there != 0;
    *rest = take(r, ret->rest);
    *real = *rest != NULL ? take(r, ret->real) : NULL;
    if (*real == NULL)
        return false;
    size_t n = (size_t)ret->shared + ret->rest;
    if (ret->kind > JIG_SAW_REAL || ret->follow > 1 || ret->there > 1 || n >= JIG_LONGEST_PATH ||
        ret->real >= JIG_LONGEST_PATH || ret->shared > r->path_n || !is_text(*rest, ret->rest) ||
        !is_text(*real, ret->real) || (ret->real > 0) != has_real)
        return false;
    if (ret->shared == 0 && (n == 0 || (*rest)[0] != '/'))
        return false;
    r->path_n = n;
    return true;
}

static struct jig_sighting sighting_of(const struct row *row, const char *path, const char *real)
{
    return (struct jig_sighting){.kind = (enum jig_sighting_kind)row->kind,
                                 .path = path,
                                 .follow = row->follow != 0,
                                 .there = row->there != 0,
                                 .stamp = row->stamp,
                                 .real = row->real > 0 ? real : NULL};
}

static uint64_t start_of(const struct jig_seen *seen, size_t block)
{
    uint64_t start = seen->rows_n;
    if (block < seen->blocks)
        memcpy(&start, seen->starts + block * sizeof start, sizeof start);
    return start;
}

/* Of that block; the last one may have fewer. */
static size_t rows_in(const struct jig_seen *seen, size_t block)
{
    size_t left = seen->n_rows - block * ROWS_IN_A_BLOCK;
    return left < ROWS_IN_A_BLOCK ? left : ROWS_IN_A_BLOCK;
}

bool jig_seen_review_block_(const struct jig_seen *seen, size_t block, struct jig_review *eye,
                            char **ret_path)
{
    uint64_t from = start_of(seen, block);
    struct reader r = {.at = seen->rows + from, .left = start_of(seen, block + 1) - from};
    char path[JIG_LONGEST_PATH];
    char target[JIG_LONGEST_PATH];
    const char *differs = NULL;
    for (size_t left = rows_in(seen, block); left > 0 && differs == NULL; left--) {
        struct row row;
        const char *rest;
        const char *real;
        if (!take_row(&r, &row, &rest, &real)) {
            differs = JIG_SEEN_LIST;
            break;
        }
        memcpy(path + row.shared, rest, row.rest);
        path[r.path_n] = '\0';
        memcpy(target, real, row.real);
        target[row.real] = '\0';
        struct jig_sighting s = sighting_of(&row, path, target);
        differs = jig_review_holds(eye, &s) ? NULL : path;
    }
    if (differs == NULL && r.left > 0)
        differs = JIG_SEEN_LIST;
    *ret_path = jig_xstrdup(differs);
    return differs == NULL;
}

/* Adds up how much text the rows hold once each has the whole of its path; 0 for rows that nobody
 * wrote. */
static size_t text_size(const struct jig_seen *seen)
{
    struct reader r = {.at = seen->rows, .left = seen->rows_n};
    size_t size = 1;
    for (size_t i = 0; i < seen->n_rows; i++) {
        struct row row;
        const char *rest;
        const char *real;
        if (i % ROWS_IN_A_BLOCK == 0)
            r.path_n = 0;
        if (!take_row(&r, &row, &rest, &real))
            return 0;
        size += r.path_n + row.real + 2;
        if (size > JIG_MOST_SEEN_TEXT)
            return 0;
    }
    return r.left == 0 ? size : 0;
}

static void unpack(struct jig_seen *seen, char *out)
{
    struct reader r = {.at = seen->rows, .left = seen->rows_n};
    const char *before = "";
    while (seen->n < seen->n_rows) {
        struct row row;
        const char *rest;
        const char *real;
        bool well = take_row(&r, &row, &rest, &real);
        if (!well)
            return; /* text_size has read them all: no such row */
        char *path = out;
        memcpy(path, before, row.shared);
        memcpy(path + row.shared, rest, row.rest);
        path[r.path_n] = '\0';
        char *target = path + r.path_n + 1;
        memcpy(target, real, row.real);
        target[row.real] = '\0';
        out = target + row.real + 1;
        before = path;
        seen->items[seen->n++] = sighting_of(&row, path, target);
    }
}

void jig_seen_unpack_(struct jig_seen *seen)
{
    if (seen->rows == NULL)
        return;
    size_t size = text_size(seen);
    char *text = size > 0 ? jig_arena_alloc(&seen->text, size) : NULL;
    if (text != NULL) {
        seen->cap = seen->n_rows + 1;
        seen->items = jig_xcalloc(seen->cap, sizeof *seen->items);
        unpack(seen, text);
    }
    seen->damaged = text == NULL;
    seen->rows = NULL;
    seen->blocks = 0;
    jig_buf_release(&seen->kept);
}

/* Blocks are in order and within the rows. */
static bool check_blocks(const struct jig_seen *seen)
{
    uint64_t last = 0;
    for (size_t i = 0; i < seen->blocks; i++) {
        uint64_t start = start_of(seen, i);
        if (start < last || start > seen->rows_n || (i == 0 && start != 0))
            return false;
        last = start;
    }
    return seen->blocks > 0 || seen->rows_n == 0;
}

bool jig_seen_frame_(struct jig_seen *seen, const char *data, size_t n)
{
    struct frame frame;
    if (n < sizeof frame)
        return false;
    memcpy(&frame, data, sizeof frame);
    size_t left = n - sizeof frame;
    if (frame.rows > JIG_MOST_SIGHTINGS || frame.blocks != blocks_for(frame.rows) ||
        frame.blocks > left / sizeof(uint64_t))
        return false;
    seen->n_rows = frame.rows;
    seen->starts = data + sizeof frame;
    seen->blocks = frame.blocks;
    seen->rows = seen->starts + frame.blocks * sizeof(uint64_t);
    seen->rows_n = left - frame.blocks * sizeof(uint64_t);
    return check_blocks(seen);
}
