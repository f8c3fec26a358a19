#include "core/fetch/ledger.h"

#include <pthread.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/lock.h"

#define LINE       (JIG_SHA256_HEX) /* 64 digits and a newline */
#define LEDGER_MAX ((size_t)JIG_LEDGER_MOST * LINE * 2)

struct jig_ledger {
    char *path;
    pthread_mutex_t mu;
    struct jig_map pairs; /* guarded by mu; digest of a pair in hex -> anything */
    bool changed;         /* guarded by mu */
};

static void pair_name(const char *url, const struct jig_digest *sha256, char out[JIG_SHA256_HEX])
{
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, url);
    jig_sha256_field(h, sha256->bytes, sizeof sha256->bytes);
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    jig_digest_hex(&d, out);
}

/* Adds the lines of the file; what is no such line is passed over. */
static void take_file(struct jig_ledger *l)
{
    struct jig_buf text;
    jig_buf_init(&text, LEDGER_MAX);
    if (jig_fs_read(l->path, &text, NULL) == JIG_OK) {
        for (size_t at = 0; at + LINE <= text.len; at += LINE) {
            char *line = text.data + at;
            struct jig_digest d;
            line[LINE - 1] = '\0';
            if (jig_digest_parse(line, &d) && l->pairs.count < JIG_LEDGER_MOST)
                jig_map_set(&l->pairs, line, l);
        }
    }
    jig_buf_release(&text);
}

struct jig_ledger *jig_ledger_open(const char *path)
{
    struct jig_ledger *l = jig_new(struct jig_ledger);
    l->path = jig_xstrdup(path);
    pthread_mutex_init(&l->mu, NULL);
    jig_map_init(&l->pairs, NULL);
    take_file(l);
    return l;
}

void jig_ledger_close(struct jig_ledger *l)
{
    if (l == NULL)
        return;
    jig_map_release(&l->pairs);
    pthread_mutex_destroy(&l->mu);
    free(l->path);
    free(l);
}

bool jig_ledger_has(struct jig_ledger *l, const char *url, const struct jig_digest *sha256)
{
    char name[JIG_SHA256_HEX];
    pair_name(url, sha256, name);
    pthread_mutex_lock(&l->mu);
    bool has = jig_map_has(&l->pairs, name);
    pthread_mutex_unlock(&l->mu);
    return has;
}

void jig_ledger_add(struct jig_ledger *l, const char *url, const struct jig_digest *sha256)
{
    char name[JIG_SHA256_HEX];
    pair_name(url, sha256, name);
    pthread_mutex_lock(&l->mu);
    if (l->pairs.count >= JIG_LEDGER_MOST) {
        jig_map_release(&l->pairs);
        jig_map_init(&l->pairs, NULL);
    }
    l->changed = l->changed || !jig_map_has(&l->pairs, name);
    jig_map_set(&l->pairs, name, l);
    pthread_mutex_unlock(&l->mu);
}

static void put_lines(const struct jig_ledger *l, struct jig_buf *out)
{
    for (size_t i = 0; i < l->pairs.used; i++) {
        if (l->pairs.entries[i].key == NULL)
            continue;
        jig_buf_puts(out, l->pairs.entries[i].key);
        jig_buf_putc(out, '\n');
    }
}

static enum jig_code save_locked(struct jig_ledger *l, struct jig_err *reterr)
{
    struct jig_lock lock = JIG_LOCK_INIT;
    struct jig_buf out;
    if (!l->changed)
        return JIG_OK;
    JIG_CLEANUP_FREE char *dir = jig_path_dir(l->path);
    JIG_CLEANUP_FREE char *lock_path = jig_strf("%s.lock", l->path);
    enum jig_code code = jig_fs_mkdirs(dir, 0700, reterr);
    if (code == JIG_OK)
        code = jig_lock_try(&lock, lock_path, NULL, reterr);
    if (code == JIG_ABORTED)
        return JIG_OK; /* another one saves: ours are saved the next time */
    jig_buf_init(&out, LEDGER_MAX);
    if (code == JIG_OK) {
        take_file(l);
        put_lines(l, &out);
        code = jig_buf_check(&out, l->path, reterr);
    }
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(l->path, out.data, out.len, 0600, reterr);
    jig_buf_release(&out);
    jig_lock_release(&lock);
    l->changed = code != JIG_OK;
    return code;
}

enum jig_code jig_ledger_save(struct jig_ledger *l, struct jig_err *reterr)
{
    pthread_mutex_lock(&l->mu);
    enum jig_code code = save_locked(l, reterr);
    pthread_mutex_unlock(&l->mu);
    return code;
}
