#include "core/watch/sightings.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/files.h"
#include "core/watch/sightings_impl.h"

#define MOST_THREADS   8
#define A_THREADS_WORK 2000 /* looks that are worth a thread of their own: some 2 ms */

/* Of one sighting. */
struct place {
    uint32_t item; /* its place among the items, plus 1; 0: nobody's */
    uint32_t hash;
};

struct jig_sightings {
    struct jig_observer observer;
    struct place *places; /* open addressing; none when the list was decoded */
    size_t place_count;   /* a power of two, or 0 */
    struct jig_seen *seen;
    char *fault;
    bool lasting; /* the same look would find a fault again */
    bool young;
};

/* The first reason stays. `why` comes after what it is about. */
static void give_up_now(struct jig_sightings *all, const char *what, const char *why)
{
    if (all->fault == NULL)
        all->fault = jig_strf("%s %s", what, why);
}

/* The same look again would come to the same. */
static void give_up(struct jig_sightings *all, const char *what, const char *why)
{
    all->lasting = true;
    give_up_now(all, what, why);
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

/* ---- the index: by what was looked for, and how ---- */

/* FNV-1a, 32 bits. */
static uint32_t hash_of(const struct jig_sighting *s)
{
    uint32_t h = (2166136261u ^ (uint32_t)s->kind ^ (s->follow ? 16u : 0)) * 16777619u;
    for (const unsigned char *p = (const unsigned char *)s->path; *p != '\0'; p++)
        h = (h ^ *p) * 16777619u;
    return h;
}

/* Where it is, or where it goes. There is room. */
static struct place *find(const struct jig_sightings *all, const struct jig_sighting *s,
                          uint32_t hash)
{
    size_t mask = all->place_count - 1;
    for (size_t at = hash & mask;; at = (at + 1) & mask) {
        struct place *place = &all->places[at];
        if (place->item == 0)
            return place;
        const struct jig_sighting *there = &all->seen->items[place->item - 1];
        if (place->hash == hash && there->kind == s->kind && there->follow == s->follow &&
            strcmp(there->path, s->path) == 0)
            return place;
    }
}

static void make_room(struct jig_sightings *all)
{
    struct place *old = all->places;
    size_t n = all->place_count;
    if ((all->seen->n + 1) * 4 <= n * 3)
        return;
    all->place_count = n == 0 ? 64 : 2 * n;
    all->places = jig_xcalloc(all->place_count, sizeof *all->places);
    for (size_t i = 0; i < n; i++) {
        if (old[i].item != 0)
            *find(all, &all->seen->items[old[i].item - 1], old[i].hash) = old[i];
    }
    free(old);
}

/* ---- collecting ---- */

/* False when there is no room for its text. */
static bool keep(struct jig_sightings *all, const struct jig_sighting *s)
{
    struct jig_seen *seen = all->seen;
    const char *path = jig_arena_strdup(&seen->text, s->path);
    const char *real = s->real != NULL ? jig_arena_strdup(&seen->text, s->real) : NULL;
    if (path == NULL || (s->real != NULL && real == NULL))
        return false;
    seen->items = jig_grow(seen->items, &seen->cap, seen->n, sizeof *seen->items);
    struct jig_sighting *copy = &seen->items[seen->n++];
    *copy = *s;
    copy->checking = jig_observer_checks();
    copy->path = path;
    copy->real = real;
    return true;
}

static void add(struct jig_sightings *all, const struct jig_sighting *s)
{
    if (s->path[0] != '/' || strlen(s->path) >= JIG_LONGEST_PATH)
        give_up(all, s->path, "is no absolute path of a usual length");
    if (all->fault != NULL)
        return;
    make_room(all);
    uint32_t hash = hash_of(s);
    struct place *place = find(all, s, hash);
    if (place->item != 0) {
        struct jig_sighting *before = &all->seen->items[place->item - 1];
        if (!same(before, s))
            give_up_now(all, s->path, "changed while it was looked at");
        before->checking &= jig_observer_checks();
    } else if (all->seen->n < JIG_MOST_SIGHTINGS && keep(all, s)) {
        *place = (struct place){(uint32_t)all->seen->n, hash};
    } else {
        give_up(all, s->path, "is one file too many to be remembered");
    }
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
    give_up_now(ctx, path, "is open for writing");
}

static void unsteady(void *ctx, const char *what)
{
    give_up(ctx, what, "is another one each time");
}

struct jig_sightings *jig_sightings_new(void)
{
    struct jig_sightings *s = jig_new(struct jig_sightings);
    s->seen = jig_new(struct jig_seen);
    jig_buf_init(&s->seen->kept, 0);
    jig_arena_init(&s->seen->text, JIG_MOST_SEEN_TEXT);
    s->observer = (struct jig_observer){
        .saw = saw, .ran = ran, .doubt = doubt, .unsteady = unsteady, .ctx = s};
    return s;
}

void jig_sightings_free(struct jig_sightings *s)
{
    if (s == NULL)
        return;
    struct jig_seen *seen = s->seen;
    free(seen->items);
    jig_arena_release(&seen->text);
    jig_buf_release(&seen->kept);
    free(seen);
    free(s->places);
    free(s->fault);
    free(s);
}

const struct jig_observer *jig_sightings_observer(struct jig_sightings *s)
{
    return &s->observer;
}

const char *jig_sightings_fault(const struct jig_sightings *s)
{
    return s->seen->damaged ? JIG_SEEN_LIST " is damaged" : s->fault;
}

bool jig_sightings_young(const struct jig_sightings *s)
{
    return s->young;
}

bool jig_sightings_may_settle(const struct jig_sightings *s)
{
    return (s->fault != NULL || s->young) && !s->lasting && !s->seen->damaged;
}

/* A list whose rows nobody wrote is one of nothing. Who looks at it again learns that. */
static const struct jig_seen *items_of(const struct jig_sightings *s)
{
    jig_seen_unpack_(s->seen);
    return s->seen;
}

size_t jig_sightings_count(const struct jig_sightings *s)
{
    return items_of(s)->n;
}

const struct jig_sighting *jig_sightings_at(const struct jig_sightings *s, size_t i)
{
    return &items_of(s)->items[i];
}

void jig_sightings_sort(struct jig_sightings *s)
{
    const struct jig_seen *seen = items_of(s);
    free(s->places);
    s->places = NULL;
    s->place_count = 0;
    if (seen->n > 1)
        qsort(seen->items, seen->n, sizeof *seen->items, jig_seen_order_);
}

/* ---- looking again ---- */

#define A_BITE 256 /* items in a block, when they are items already */

struct review {
    const struct jig_seen *seen;
    size_t blocks;
    atomic_size_t next;
    _Atomic(char *) differs; /* the path of one that does */
};

static bool review_items(const struct jig_seen *seen, size_t block, struct jig_review *eye,
                         char **ret_path)
{
    for (size_t i = block * A_BITE; i < seen->n && i < (block + 1) * A_BITE; i++) {
        if (!jig_review_holds(eye, &seen->items[i])) {
            *ret_path = jig_xstrdup(seen->items[i].path);
            return false;
        }
    }
    return true;
}

static void *look_again(void *ctx)
{
    struct review *r = ctx;
    struct jig_review eye = JIG_REVIEW_INIT;
    for (size_t block = atomic_fetch_add(&r->next, 1);
         block < r->blocks && atomic_load(&r->differs) == NULL;
         block = atomic_fetch_add(&r->next, 1)) {
        char *path = NULL;
        char *none = NULL;
        bool holds = r->seen->rows != NULL ? jig_seen_review_block_(r->seen, block, &eye, &path)
                                           : review_items(r->seen, block, &eye, &path);
        if (!holds && !atomic_compare_exchange_strong(&r->differs, &none, path))
            free(path); /* another one was quicker */
    }
    jig_review_release(&eye);
    return NULL;
}

static size_t threads_for(size_t blocks)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t most = processors > 1 ? (size_t)processors : 1;
    if (most > MOST_THREADS)
        most = MOST_THREADS;
    size_t worth = blocks * A_BITE / A_THREADS_WORK + 1;
    return worth < most ? worth : most;
}

char *jig_sightings_differ(const struct jig_sightings *s)
{
    const struct jig_seen *seen = s->seen;
    struct review r = {.seen = seen};
    if (seen->damaged)
        return jig_xstrdup(JIG_SEEN_LIST);
    r.blocks = seen->rows != NULL ? seen->blocks : (seen->n + A_BITE - 1) / A_BITE;
    pthread_t helpers[MOST_THREADS];
    size_t started = 0;
    for (size_t i = 1; i < threads_for(r.blocks); i++)
        started += pthread_create(&helpers[started], NULL, look_again, &r) == 0;
    look_again(&r);
    for (size_t i = 0; i < started; i++)
        pthread_join(helpers[i], NULL);
    return atomic_load(&r.differs);
}

enum jig_code jig_sightings_decode(struct jig_buf *bytes, size_t from, size_t n,
                                   struct jig_sightings **ret, struct jig_err *reterr)
{
    struct jig_sightings *all = jig_sightings_new();
    if (!jig_seen_frame_(all->seen, bytes->data + from, n)) {
        jig_sightings_free(all);
        return jig_err_set(reterr, JIG_DATA_LOSS, "the list of files that were seen is damaged");
    }
    all->seen->kept = *bytes;
    jig_buf_init(bytes, 0);
    *ret = all;
    return JIG_OK;
}
