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

static enum jig_code no_entry(const char *entry, struct jig_err *reterr)
{
    jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                   "'%.200s' names no entry of the cache", entry);
    jig_err_hint(reterr,
                 "name a blob by its SHA-256, 64 hexadecimal digits, or what is installed by "
                 "KIND/NAME/VERSION: toolchains/avr-gcc/7.3.0");
    return JIG_INVALID_ARGUMENT;
}

enum jig_code jig_pin_entry(struct jig_cache *c, const char *entry, bool pinned,
                            struct jig_err *reterr)
{
    struct jig_digest sha256;
    if (jig_digest_parse(entry, &sha256))
        return jig_pin_blob(c, &sha256, pinned, reterr);
    const char *name = strchr(entry, '/');
    const char *version = name != NULL ? strchr(name + 1, '/') : NULL;
    if (version == NULL)
        return no_entry(entry, reterr);
    JIG_CLEANUP_FREE char *kind_name = jig_xstrndup(entry, (size_t)(name - entry));
    JIG_CLEANUP_FREE char *named = jig_xstrndup(name + 1, (size_t)(version - name - 1));
    for (int kind = 0; kind < JIG_CACHE_KIND_COUNT; kind++) {
        if (jig_streq(jig_cache_kind_name((enum jig_cache_kind)kind), kind_name))
            return jig_pin_tree(c, (enum jig_cache_kind)kind, named, version + 1, pinned, reterr);
    }
    return no_entry(entry, reterr);
}
