#include "core/build/places.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/hash/fingerprint.h"

#define FIRST_CAP 256

void jig_places_release(struct jig_places *p)
{
    free(p->slots);
    *p = (struct jig_places){0};
}

static uint64_t hash_of(const struct jig_trace_file *file)
{
    uint64_t content;
    memcpy(&content, file->sha256.bytes, sizeof content);
    return jig_fingerprint_of(file->path, strlen(file->path)).low ^ content;
}

static bool is_same(const struct jig_place *slot, uint64_t hash, const struct jig_trace_file *file)
{
    return slot->hash == hash && jig_digest_equal(&slot->file->sha256, &file->sha256) &&
           (slot->file->path == file->path || strcmp(slot->file->path, file->path) == 0);
}

/* Where the file is, or where it belongs. */
static struct jig_place *find(const struct jig_places *p, uint64_t hash,
                              const struct jig_trace_file *file)
{
    size_t at = hash & (p->cap - 1);
    while (p->slots[at].file != NULL && !is_same(&p->slots[at], hash, file))
        at = (at + 1) & (p->cap - 1);
    return &p->slots[at];
}

static void grow(struct jig_places *p)
{
    struct jig_places larger = {.cap = p->cap > 0 ? 2 * p->cap : FIRST_CAP, .n = p->n};
    larger.slots = jig_xcalloc(larger.cap, sizeof *larger.slots);
    for (size_t i = 0; i < p->cap; i++) {
        if (p->slots[i].file != NULL)
            *find(&larger, p->slots[i].hash, p->slots[i].file) = p->slots[i];
    }
    free(p->slots);
    *p = larger;
}

uint32_t jig_places_of(struct jig_places *p, const struct jig_trace_file *file, bool *ret_new)
{
    if (2 * ((size_t)p->n + 1) > p->cap)
        grow(p);
    uint64_t hash = hash_of(file);
    struct jig_place *slot = find(p, hash, file);
    *ret_new = slot->file == NULL;
    if (*ret_new)
        *slot = (struct jig_place){hash, file, p->n++};
    return slot->number;
}
