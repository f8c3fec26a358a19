#include "service/deployer/impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define MOST_RECIPES 64   /* boards in use at once, and a few spare ones */
#define MOST_LAST    1024 /* devices that were flashed; past that they are forgotten */

/* ---- upload commands ---- */

struct recipe *deployer_recall_recipe(struct jig_deployer *d, const char *key)
{
    pthread_mutex_lock(&d->mu);
    const struct recipe *known = jig_map_get(&d->recipes, key);
    struct recipe *copy = known != NULL ? recipe_copy(known) : NULL;
    pthread_mutex_unlock(&d->mu);
    return copy;
}

/* A full map starts anew; under the lock. */
static void keep_room(struct jig_map *m, size_t most)
{
    void (*free_value)(void *) = m->free_value;
    if (m->count < most)
        return;
    jig_map_release(m);
    jig_map_init(m, free_value);
}

void deployer_remember_recipe(struct jig_deployer *d, const char *key, const struct recipe *r)
{
    struct recipe *copy = recipe_copy(r);
    pthread_mutex_lock(&d->mu);
    keep_room(&d->recipes, MOST_RECIPES);
    jig_map_set(&d->recipes, key, copy);
    pthread_mutex_unlock(&d->mu);
}

/* ---- what was verified last ---- */

bool deployer_last(struct jig_deployer *d, const char *device_id, struct last_image *ret)
{
    pthread_mutex_lock(&d->mu);
    const struct last_image *last = jig_map_get(&d->last, device_id);
    if (last != NULL)
        *ret = *last;
    pthread_mutex_unlock(&d->mu);
    return last != NULL;
}

void deployer_set_last(struct jig_deployer *d, const char *device_id, const struct last_image *last)
{
    struct last_image *copy = jig_new(struct last_image);
    *copy = *last;
    pthread_mutex_lock(&d->mu);
    keep_room(&d->last, MOST_LAST);
    jig_map_set(&d->last, device_id, copy);
    pthread_mutex_unlock(&d->mu);
}

void deployer_clear_last(struct jig_deployer *d, const char *device_id)
{
    pthread_mutex_lock(&d->mu);
    jig_map_remove(&d->last, device_id);
    pthread_mutex_unlock(&d->mu);
}

/* ---- figures ---- */

void deployer_count(struct jig_deployer *d, uint64_t *which)
{
    pthread_mutex_lock(&d->mu);
    ++*which;
    pthread_mutex_unlock(&d->mu);
}

struct jig_deployer_stats jig_deployer_stats(struct jig_deployer *d)
{
    struct jig_deployer_stats s = {.images = jig_image_hashes_stats(d->hashes)};
    pthread_mutex_lock(&d->mu);
    s.trusted = d->trusted;
    s.compared = d->compared;
    s.written = d->written;
    pthread_mutex_unlock(&d->mu);
    return s;
}

/* ---- configured trust ---- */

static void set_mode(struct jig_map *m, const char *name, enum jig_trust_mode mode)
{
    if (mode != JIG_TRUST_UNSAID)
        jig_map_set(m, name, (void *)(uintptr_t)mode); /* NOLINT(performance-no-int-to-ptr) */
}

void jig_deployer_configure(struct jig_deployer *d, const struct jig_conf *conf)
{
    pthread_mutex_lock(&d->mu);
    d->default_trust = conf->trust;
    jig_map_release(&d->trust_of);
    jig_map_init(&d->trust_of, NULL);
    for (size_t i = 0; i < conf->n_devices; i++)
        set_mode(&d->trust_of, conf->devices[i].name, conf->devices[i].trust);
    for (size_t i = 0; i < conf->n_emulated; i++) {
        JIG_CLEANUP_FREE char *id = jig_strf("emulated:%s", conf->emulated[i].name);
        set_mode(&d->trust_of, id, conf->emulated[i].trust);
    }
    pthread_mutex_unlock(&d->mu);
}

enum jig_trust_mode deployer_trust_of(struct jig_deployer *d, const struct jig_device *device)
{
    pthread_mutex_lock(&d->mu);
    uintptr_t mode = (uintptr_t)jig_map_get(&d->trust_of, device->id);
    for (size_t i = 0; mode == 0 && i < device->aliases.n; i++)
        mode = (uintptr_t)jig_map_get(&d->trust_of, device->aliases.v[i]);
    if (mode == 0)
        mode = d->default_trust;
    pthread_mutex_unlock(&d->mu);
    return (enum jig_trust_mode)mode;
}
