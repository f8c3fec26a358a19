#include "core/watch/sightings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/files.h"

#define MOST_SIGHTINGS 2000000
#define MOST_THREADS   8
#define A_THREADS_WORK 2000 /* looks that are worth a thread of their own: some 2 ms */
#define LONGEST_PATH   4096
#define MOST_TEXT      ((size_t)1 << 30) /* of the paths of one list */

/* Keys say what was looked for: its kind, and whether links were followed. */
#define KEY_PREFIX 2

struct jig_sightings {
    struct jig_observer observer;
    struct jig_map places; /* key -> place among the items, plus 1; empty when it was decoded */
    struct jig_sighting *items;
    size_t n;
    size_t cap;
    char *text; /* of all paths and targets, when it was decoded: else each is on its own */
    char *fault;
    bool young;
};

/* The first reason stays. `why` comes after what it is about. */
static void give_up(struct jig_sightings *all, const char *what, const char *why)
{
    if (all->fault == NULL)
        all->fault = jig_strf("%s %s", what, why);
}

static bool same(const struct jig_sighting *a, const struct jig_sighting *b)
{
    if (a->there != b->there || !a->there)
        return a->there == b->there;
    if (a->kind == JIG_SAW_REAL)
        return strcmp(a->real, b->real) == 0;
    if (a->kind == JIG_SAW_TYPE)
        return ((a->stamp.mode ^ b->stamp.mode) & S_IFMT) == 0;
    return jig_stamp_equal(&a->stamp, &b->stamp);
}

static void keep(struct jig_sightings *all, const struct jig_sighting *s)
{
    all->items = jig_grow(all->items, &all->cap, all->n, sizeof *all->items);
    struct jig_sighting *copy = &all->items[all->n++];
    *copy = *s;
    copy->path = jig_xstrdup(s->path);
    copy->real = s->real != NULL ? jig_xstrdup(s->real) : NULL;
}

/* Whether a path can be kept. */
static bool usable(struct jig_sightings *all, const struct jig_sighting *s)
{
    if (s->path[0] != '/' || strlen(s->path) >= LONGEST_PATH)
        give_up(all, s->path, "is no absolute path of a usual length");
    if (all->n >= MOST_SIGHTINGS)
        give_up(all, s->path, "is one file too many to be remembered");
    return all->fault == NULL;
}

static void add(struct jig_sightings *all, const struct jig_sighting *s)
{
    char key[KEY_PREFIX + LONGEST_PATH];
    if (!usable(all, s))
        return;
    key[0] = (char)('a' + s->kind);
    key[1] = s->follow ? '/' : '@';
    memcpy(key + KEY_PREFIX, s->path, strlen(s->path) + 1);
    uintptr_t place = (uintptr_t)jig_map_get(&all->places, key);
    if (place != 0 && !same(&all->items[place - 1], s))
        give_up(all, s->path, "changed while it was looked at");
    if (place != 0)
        return;
    keep(all, s);
    jig_map_set(&all->places, key,
                (void *)(uintptr_t)all->n); /* NOLINT(performance-no-int-to-ptr) */
}

static void saw(void *ctx, const struct jig_sighting *s)
{
    struct jig_sightings *all = ctx;
    if (s->kind == JIG_SAW_STAMP && s->there && !all->young)
        all->young = jig_stamp_is_racy(&s->stamp, jig_stamp_clock_ns());
    add(all, s);
}

static void ran(void *ctx, const char *program)
{
    give_up(ctx, program, "was run");
}

static void doubt(void *ctx, const char *path)
{
    give_up(ctx, path, "is open for writing");
}

struct jig_sightings *jig_sightings_new(void)
{
    struct jig_sightings *s = jig_new(struct jig_sightings);
    jig_map_init(&s->places, NULL);
    s->observer = (struct jig_observer){.saw = saw, .ran = ran, .doubt = doubt, .ctx = s};
    return s;
}

void jig_sightings_free(struct jig_sightings *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; s->text == NULL && i < s->n; i++) {
        free((char *)s->items[i].path);
        free((char *)s->items[i].real);
    }
    free(s->items);
    free(s->text);
    jig_map_release(&s->places);
    free(s->fault);
    free(s);
}

const struct jig_observer *jig_sightings_observer(struct jig_sightings *s)
{
    return &s->observer;
}

const char *jig_sightings_fault(const struct jig_sightings *s)
{
    return s->fault;
}

bool jig_sightings_young(const struct jig_sightings *s)
{
    return s->young;
}

size_t jig_sightings_count(const struct jig_sightings *s)
{
    return s->n;
}

const struct jig_sighting *jig_sightings_at(const struct jig_sightings *s, size_t i)
{
    return &s->items[i];
}

/* ---- looking again ---- */

struct review {
    const struct jig_sightings *all;
    atomic_size_t next;
    atomic_size_t differs; /* the place of one that does, plus 1 */
};

#define A_BITE 1024

static void *look_again(void *ctx)
{
    struct review *r = ctx;
    struct jig_review eye = JIG_REVIEW_INIT;
    size_t n = jig_sightings_count(r->all);
    for (size_t from = atomic_fetch_add(&r->next, A_BITE);
         from < n && atomic_load(&r->differs) == 0; from = atomic_fetch_add(&r->next, A_BITE)) {
        for (size_t i = from; i < n && i < from + A_BITE; i++) {
            if (!jig_review_holds(&eye, jig_sightings_at(r->all, i)))
                atomic_store(&r->differs, i + 1);
        }
    }
    jig_review_release(&eye);
    return NULL;
}

static size_t threads_for(size_t n)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors > 1 ? (size_t)processors : 1;
    if (most > MOST_THREADS)
        most = MOST_THREADS;
    size_t worth = n / A_THREADS_WORK + 1;
    return worth < most ? worth : most;
}

char *jig_sightings_differ(const struct jig_sightings *s)
{
    struct review r = {.all = s};
    pthread_t helpers[MOST_THREADS];
    size_t started = 0;
    for (size_t i = 1; i < threads_for(jig_sightings_count(s)); i++)
        started += pthread_create(&helpers[started], NULL, look_again, &r) == 0;
    look_again(&r);
    for (size_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    size_t at = atomic_load(&r.differs);
    return at != 0 ? jig_xstrdup(jig_sightings_at(s, at - 1)->path) : NULL;
}

/* ---- as bytes ---- */

/* One sighting, in the machine's own byte order: what is kept never leaves it. The path follows,
 * what it shares with the one before left out, and then `real`. */
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

static int by_path(const void *va, const void *vb)
{
    const struct jig_sighting *a = *(const struct jig_sighting *const *)va;
    const struct jig_sighting *b = *(const struct jig_sighting *const *)vb;
    int order = strcmp(a->path, b->path);
    return order != 0 ? order : (int)a->kind - (int)b->kind;
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
    const struct jig_sighting **sorted = jig_xcalloc(n, sizeof *sorted);
    for (size_t i = 0; i < n; i++)
        sorted[i] = jig_sightings_at(s, i);
    if (n > 1)
        qsort(sorted, n, sizeof *sorted, by_path);
    for (size_t i = 0; i < n; i++)
        put_row(out, sorted[i], i > 0 ? sorted[i - 1]->path : "");
    free(sorted);
}

struct reader {
    const char *at;
    size_t left;
    char *text; /* room for all that is to be read; fixed, so that paths may point into it */
    size_t used;
    size_t room;
    const char *before; /* the last path */
};

static bool take(struct reader *r, void *to, size_t n)
{
    if (n > r->left)
        return false;
    memcpy(to, r->at, n);
    r->at += n;
    r->left -= n;
    return true;
}

/* A text of `shared` bytes of the last path and `rest` that follow; NULL when it is none. */
static const char *take_text(struct reader *r, size_t shared, size_t rest)
{
    char *out = r->text + r->used;
    if (shared + rest + 1 > r->room - r->used)
        return NULL;
    memcpy(out, r->before, shared);
    if (!take(r, out + shared, rest) || memchr(out + shared, '\0', rest) != NULL)
        return NULL;
    out[shared + rest] = '\0';
    r->used += shared + rest + 1;
    return out;
}

/* False for a row that nobody wrote. */
static bool take_row(struct reader *r, struct jig_sighting *ret)
{
    struct row row;
    if (!take(r, &row, sizeof row) || row.kind > JIG_SAW_REAL || row.follow > 1 || row.there > 1 ||
        (size_t)row.shared + row.rest >= LONGEST_PATH || row.shared > strlen(r->before))
        return false;
    bool has_real = row.kind == JIG_SAW_REAL && row.there != 0;
    const char *path = take_text(r, row.shared, row.rest);
    const char *real = path != NULL && has_real ? take_text(r, 0, row.real) : NULL;
    if (path == NULL || path[0] != '/' || (row.real > 0) != has_real || (has_real && real == NULL))
        return false;
    r->before = path;
    *ret = (struct jig_sighting){.kind = (enum jig_sighting_kind)row.kind,
                                 .path = path,
                                 .follow = row.follow != 0,
                                 .there = row.there != 0,
                                 .stamp = row.stamp,
                                 .real = real};
    return true;
}

/* Adds up how much text the rows hold once each has the whole of its path. */
static size_t text_size(const char *at, size_t left)
{
    size_t size = 1;
    struct row row;
    while (left >= sizeof row && size < MOST_TEXT) {
        memcpy(&row, at, sizeof row);
        size_t n = sizeof row + row.rest + row.real;
        size += (size_t)row.shared + row.rest + row.real + 2;
        if (n > left)
            break;
        at += n;
        left -= n;
    }
    return size;
}

enum jig_code jig_sightings_decode(const void *data, size_t n, struct jig_sightings **ret,
                                   struct jig_err *reterr)
{
    struct jig_sightings *all = jig_sightings_new();
    struct reader r = {.at = data, .left = n, .before = "", .room = text_size(data, n)};
    struct jig_sighting one;
    bool well = r.room < MOST_TEXT;
    all->text = r.text = jig_xcalloc(well ? r.room : 1, 1);
    while (well && r.left > 0) {
        well = all->n < MOST_SIGHTINGS && take_row(&r, &one);
        if (!well)
            break;
        all->items = jig_grow(all->items, &all->cap, all->n, sizeof *all->items);
        all->items[all->n++] = one;
    }
    if (well) {
        *ret = all;
        return JIG_OK;
    }
    jig_sightings_free(all);
    return jig_err_set(reterr, JIG_DATA_LOSS, "the list of files that were seen is damaged");
}
