#include "core/blob/pin.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/impl.h"
#include "core/os/cancel.h"
#include "core/os/fs.h"

#define MOST_WORDS 1024 /* bytes of what a pin says */

static char *path_of(const struct jig_cache *c, const struct jig_digest *id)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(id, hex);
    return jig_strf("%s/pins/%s", c->root, hex);
}

bool jig_pin_is_set(const struct jig_cache *c, const struct jig_digest *id)
{
    JIG_CLEANUP_FREE char *path = path_of(c, id);
    return jig_fs_is_there(path);
}

enum jig_code jig_pin_clear(struct jig_cache *c, const struct jig_digest *id,
                            struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = path_of(c, id);
    return jig_fs_remove_tree(path, reterr);
}

/* Not while entries are removed: what is pinned when this returns stays. */
static enum jig_code set(struct jig_cache *c, const struct jig_digest *id, const char *words,
                         bool pinned, struct jig_err *reterr)
{
    struct jig_lock gate = JIG_LOCK_INIT;
    enum jig_code code = jig_cache_ready(c, reterr);
    if (code != JIG_OK)
        return code;
    if (!pinned)
        return jig_pin_clear(c, id, reterr);
    JIG_CLEANUP_FREE char *lock = jig_cache_path(c, "evict" JIG_LOCK_EXT);
    JIG_CLEANUP_FREE char *path = path_of(c, id);
    code = jig_lock_wait(&gate, lock, "who pins an entry", &JIG_UNTIL_FOREVER, reterr);
    if (code == JIG_OK)
        code = jig_fs_write_atomic(path, words, strlen(words), 0644, reterr);
    jig_lock_release(&gate);
    return code;
}

enum jig_code jig_pin_blob(struct jig_cache *c, const struct jig_digest *sha256, bool pinned,
                           struct jig_err *reterr)
{
    char words[5 + JIG_SHA256_HEX] = "blob ";
    jig_digest_hex(sha256, words + 5);
    return set(c, sha256, words, pinned, reterr);
}

enum jig_code jig_pin_tree(struct jig_cache *c, enum jig_cache_kind kind, const char *name,
                           const char *version, bool pinned, struct jig_err *reterr)
{
    enum jig_code code = jig_tree_check_names(name, version, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *words = jig_strf("%s/%s/%s", jig_cache_kind_name(kind), name, version);
    struct jig_digest id = jig_tree_id(kind, name, version);
    return set(c, &id, words, pinned, reterr);
}

enum jig_code jig_pin_list(struct jig_cache *c, struct jig_strv *out, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = jig_cache_ready(c, reterr);
    JIG_CLEANUP_FREE char *dir = jig_cache_path(c, "pins");
    if (code == JIG_OK)
        code = jig_fs_list(dir, &names, reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        struct jig_digest id;
        struct jig_buf words;
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        jig_buf_init(&words, MOST_WORDS);
        if (jig_digest_parse(names.v[i], &id) && jig_fs_read(path, &words, NULL) == JIG_OK)
            jig_strv_append(out, words.data);
        jig_buf_release(&words);
    }
    jig_strv_release(&names);
    return code;
}
