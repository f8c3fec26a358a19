#include "core/build/records.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"

struct kept {
    char *path;
    struct jig_record *record;
    size_t files;
};

struct jig_records {
    pthread_mutex_t mu;
    struct kept kept[JIG_RECORDS_MOST]; /* guarded by mu; the oldest first */
    size_t n;                           /* guarded by mu */
    size_t files;                       /* guarded by mu; of all of them */
    struct jig_records_stats stats;     /* guarded by mu */
};

void jig_record_free(struct jig_record *r)
{
    if (r == NULL)
        return;
    jig_record_release(r);
    free(r);
}

struct jig_records *jig_records_new(void)
{
    struct jig_records *all = jig_new(struct jig_records);
    pthread_mutex_init(&all->mu, NULL);
    return all;
}

/* Under the lock: it is not kept any more. The caller frees the record. */
static struct jig_record *take_out(struct jig_records *all, size_t at)
{
    struct jig_record *r = all->kept[at].record;
    free(all->kept[at].path);
    all->files -= all->kept[at].files;
    all->n--;
    memmove(&all->kept[at], &all->kept[at + 1], (all->n - at) * sizeof all->kept[0]);
    return r;
}

void jig_records_free(struct jig_records *all)
{
    if (all == NULL)
        return;
    while (all->n > 0)
        jig_record_free(take_out(all, 0));
    pthread_mutex_destroy(&all->mu);
    free(all);
}

/* NULL when there is none. */
static struct jig_record *take_kept(struct jig_records *all, const char *path)
{
    struct jig_record *r = NULL;
    pthread_mutex_lock(&all->mu);
    for (size_t i = 0; r == NULL && i < all->n; i++) {
        if (strcmp(all->kept[i].path, path) == 0)
            r = take_out(all, i);
    }
    pthread_mutex_unlock(&all->mu);
    return r;
}

static bool is_as_left(const struct jig_record *r, const char *path)
{
    struct jig_stamp now;
    return jig_fs_stamp(path, &now, NULL) == JIG_OK && jig_stamp_equal(&now, &r->file);
}

/* Nothing of it was used yet. */
static void begin(struct jig_record *r)
{
    for (size_t i = 0; i < r->traces.used; i++) {
        struct jig_trace *t = r->traces.entries[i].value;
        if (r->traces.entries[i].key == NULL)
            continue;
        t->used = false;
        t->clear = 0;
    }
}

struct jig_record *jig_records_take(struct jig_records *all, const char *path)
{
    struct jig_record *r = take_kept(all, path);
    bool hit = r != NULL && is_as_left(r, path);
    if (hit) {
        begin(r);
    } else {
        jig_record_free(r);
        r = jig_new(struct jig_record);
        jig_record_init(r);
        jig_record_load(r, path);
    }
    pthread_mutex_lock(&all->mu);
    all->stats.hits += hit;
    all->stats.misses += !hit;
    pthread_mutex_unlock(&all->mu);
    return r;
}

static size_t files_of(const struct jig_record *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->traces.used; i++) {
        const struct jig_trace *t = r->traces.entries[i].value;
        if (r->traces.entries[i].key != NULL)
            n += t->input_count + t->searched_count + t->output_count;
    }
    return n;
}

void jig_records_put_take(struct jig_records *all, const char *path, struct jig_record *r)
{
    struct jig_record *old[JIG_RECORDS_MOST + 1];
    size_t dropped = 0;
    struct kept fresh = {.path = jig_xstrdup(path), .record = r, .files = files_of(r)};
    pthread_mutex_lock(&all->mu);
    while (all->n > 0 &&
           (all->n == JIG_RECORDS_MOST || all->files + fresh.files > JIG_RECORDS_FILES))
        old[dropped++] = take_out(all, 0);
    all->kept[all->n++] = fresh;
    all->files += fresh.files;
    pthread_mutex_unlock(&all->mu);
    while (dropped > 0)
        jig_record_free(old[--dropped]);
}

struct jig_records_stats jig_records_stats(struct jig_records *all)
{
    pthread_mutex_lock(&all->mu);
    struct jig_records_stats s = all->stats;
    s.entries = all->n;
    pthread_mutex_unlock(&all->mu);
    return s;
}
