/*
 * impl.h - what the files of core/blob share. Nobody else includes it.
 */
#ifndef JIG_BLOB_IMPL_H
#define JIG_BLOB_IMPL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/blob/gc.h"
#include "core/blob/hold.h"
#include "core/hash/sha256.h"
#include "core/os/lock.h"
#include "core/os/mapping.h"

/* The id of a blob is its hash; that of a tree, the hash of its names. */
#define JIG_ID_BYTES JIG_SHA256_BYTES

/* 1980-01-01 00:00:00 UTC: the time of each blob, plus a second a kind. Old enough for no clock to
 * give it by itself, and new enough for every archive format and filesystem. */
#define JIG_BLOB_EPOCH_S 315532800

#define JIG_LOCK_EXT ".lock"
#define JIG_IDS_EXT  ".ids"

/* The file `control`, shared by all processes. */
struct jig_control {
    atomic_uint_least64_t sequence; /* the next number for a temporary or an ended hold */
    atomic_uint_least64_t added;    /* bytes put in since the last collection */
    atomic_uint_least32_t evicting; /* nonzero while entries are removed */
    atomic_uint_least32_t ended;    /* holds that ended since uses were last taken in */
};

#define MOST_STALE 16 /* times that the cache's folder may be deleted under us */

struct jig_cache {
    char *root;
    char *second;
    pthread_mutex_t mu;
    struct jig_mapping control;           /* guarded by mu until it is open */
    struct jig_mapping stale[MOST_STALE]; /* guarded by mu: of folders that are gone */
    atomic_uint_least32_t folder_mode;    /* of what is made below the root */
    size_t n_stale;
};

/* root/name..., the caller frees. */
char *jig_cache_path(const struct jig_cache *c, const char *name);

/* Makes the folders and opens `control`, if that has not been done or they were deleted since. */
enum jig_code jig_cache_ready(struct jig_cache *c, struct jig_err *reterr) JIG_CHECKED;

/* 0700, or what others need to look into it. The cache is ready. */
mode_t jig_cache_folder_mode(struct jig_cache *c);

/* Makes a folder below the root, and all between them, with this mode, whatever the umask is. */
enum jig_code jig_cache_mkdirs(struct jig_cache *c, const char *path,
                               struct jig_err *reterr) JIG_CHECKED;

/* Of the folder as it is now. The cache is ready. */
struct jig_control *jig_cache_control(struct jig_cache *c);

/* A number that no other of this cache has had. The cache is ready. */
uint64_t jig_cache_number(struct jig_cache *c);

/* Leases `id` and keeps it from being removed, even unleased, until jig_hold_leave. */
enum jig_code jig_hold_enter(struct jig_hold *h, const struct jig_digest *id, struct jig_lock *gate,
                             struct jig_err *reterr) JIG_CHECKED;
void jig_hold_leave(struct jig_lock *gate);

/* The second cache's collection lets all be while somebody who called this lives. False when it is
 * being collected, and that does not end: it is not to be used. */
bool jig_hold_second(struct jig_hold *h);

/* Between these two nobody leases anything that is not seen by jig_evict_holder. */
struct jig_evict;
enum jig_code jig_evict_begin(struct jig_cache *c, const struct jig_until *until,
                              struct jig_evict **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_evict_end(struct jig_evict *e);

/* Who leases it ("operation 12 of ann (pid 7)"), or NULL. Borrowed until jig_evict_end. */
const char *jig_evict_holder(const struct jig_evict *e, const struct jig_digest *id);

struct jig_digest jig_tree_id(enum jig_cache_kind kind, const char *name, const char *version);

/* Where a blob is below a root; the caller frees. */
char *jig_blob_path(const char *root, const struct jig_digest *sha256);

/* False when the blob's time is not ours. */
struct jig_stamp;
bool jig_blob_is_untouched(const struct jig_stamp *s, enum jig_cache_kind *ret);

bool jig_tree_name_fits(const char *s); /* as part of a path */
enum jig_code jig_tree_check_names(const char *name, const char *version,
                                   struct jig_err *reterr) JIG_CHECKED;

struct jig_budget jig_gc_objects_budget(const struct jig_gc_options *options);

/* The budget of shared objects. *first gets a failure to remove something, if it has none yet. */
enum jig_code jig_gc_objects(struct jig_cache *c, const struct jig_gc_options *options,
                             const struct jig_until *until, struct jig_gc_share *ret,
                             struct jig_err *first, struct jig_err *reterr) JIG_CHECKED;

/* A tree that is to go: out of sight by one rename; `ret` is what is to be removed then. */
enum jig_code jig_tree_put_aside(struct jig_cache *c, const char *path, char **ret,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Runs `fn` with the index open and equal to the tree (survey.c). A damaged index is made anew. */
struct jig_index;
typedef enum jig_code jig_index_fn(struct jig_index *x, void *ctx, struct jig_err *reterr);
enum jig_code jig_cache_with_index(struct jig_cache *c, jig_index_fn *fn, void *ctx,
                                   const struct jig_until *until,
                                   struct jig_err *reterr) JIG_CHECKED;

/* Calls `each` for whatever has the name of a blob below blobs/. `fits`: it stands where it should.
 */
typedef enum jig_code jig_blob_each_fn(void *ctx, const char *path, const struct jig_digest *sha256,
                                       bool fits, struct jig_err *reterr);
enum jig_code jig_blob_each(struct jig_cache *c, jig_blob_each_fn *each, void *ctx,
                            const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

/* Calls `each` for every complete tree. */
typedef enum jig_code jig_tree_each_fn(void *ctx, const char *path, enum jig_cache_kind kind,
                                       const char *name, const char *version,
                                       struct jig_err *reterr);
enum jig_code jig_tree_each(struct jig_cache *c, jig_tree_each_fn *each, void *ctx,
                            const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

char *jig_installed_path(const char *root, enum jig_cache_kind kind, const char *name,
                         const char *version);

enum jig_code jig_pin_clear(struct jig_cache *c, const struct jig_digest *id,
                            struct jig_err *reterr) JIG_CHECKED;
bool jig_pin_is_set(const struct jig_cache *c, const struct jig_digest *id);

/* How many live holders there are, and the ids that they lease, each once. The caller frees ids. */
enum jig_code jig_leases_now(struct jig_cache *c, size_t *ret_holders, struct jig_digest **ret_ids,
                             size_t *ret_n, struct jig_err *reterr) JIG_CHECKED;

#endif
