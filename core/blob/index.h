/*
 * index.h - index.sqlite: how large each entry is and when it was last used.
 *
 *   entries(id, is_tree, kind, name, version, size, sequence, used_ms, seen)
 *
 * Nothing in it is needed to find an entry, and all of it but last use follows from the tree: it is
 * made equal to the tree (begin, saw..., used..., end) before anybody rests on it, and one that is
 * damaged or of another version is thrown away. `sequence` is the order of use: numbers of the
 * cache, never a clock's; `used_ms` is for people.
 *
 * Threads: an index belongs to one thread at a time. Processes: any number; one at a time writes.
 */
#ifndef JIG_BLOB_INDEX_H
#define JIG_BLOB_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/blob/cache.h"
#include "core/hash/sha256.h"

struct jig_index;

struct jig_index_entry {
    struct jig_digest id;
    bool is_tree;
    enum jig_cache_kind kind;
    char *name; /* of a tree, else NULL; borrowed */
    char *version;
    uint64_t size_bytes;
    uint64_t sequence; /* 0: not used since the index was made */
    int64_t used_ms;   /* since 1970 */
};

/* DATA_LOSS when it is damaged: jig_index_remove, and open it again. */
enum jig_code jig_index_open(const char *path, struct jig_index **ret,
                             struct jig_err *reterr) JIG_CHECKED;
void jig_index_close(struct jig_index *x); /* NULL is fine */
enum jig_code jig_index_remove(const char *path, struct jig_err *reterr) JIG_CHECKED;

/* One transaction: every entry that is there is seen; those that are not are forgotten at the end.
 * What is not ended is undone. */
enum jig_code jig_index_begin(struct jig_index *x, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_index_saw(struct jig_index *x, const struct jig_index_entry *e,
                            struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_index_used(struct jig_index *x, const struct jig_digest *id, uint64_t sequence,
                             int64_t used_ms, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_index_end(struct jig_index *x, struct jig_err *reterr) JIG_CHECKED;

/* Hands over entries, least recently used first, until `each` says false. It may call
 * jig_index_forget. */
typedef bool jig_index_each_fn(void *ctx, const struct jig_index_entry *e);
enum jig_code jig_index_oldest(struct jig_index *x, bool trees, jig_index_each_fn *each, void *ctx,
                               struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_index_forget(struct jig_index *x, const struct jig_digest *id,
                               struct jig_err *reterr) JIG_CHECKED;

/* NOT_FOUND when it has no such entry. The strings are NULL. */
enum jig_code jig_index_get(struct jig_index *x, const struct jig_digest *id,
                            struct jig_index_entry *ret, struct jig_err *reterr) JIG_CHECKED;

enum jig_code jig_index_last_sequence(struct jig_index *x, uint64_t *ret,
                                      struct jig_err *reterr) JIG_CHECKED;

struct jig_index_sum {
    uint64_t entries;
    uint64_t bytes;
};
/* sums[is_tree][kind] */
enum jig_code jig_index_sums(struct jig_index *x,
                             struct jig_index_sum sums[2][JIG_CACHE_KIND_COUNT],
                             struct jig_err *reterr) JIG_CHECKED;

#endif
