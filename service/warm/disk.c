#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/fingerprint.h"
#include "service/warm/impl.h"

#define MAGIC "jigwarm2" /* the digit is the version */

/* In the machine's own byte order: the file never leaves it. */
struct header {
    char magic[8];
    uint64_t sum[2];     /* of what follows this field */
    uint64_t seen_bytes; /* of the sightings, which come first */
    uint64_t builds;     /* each: its size in 8 bytes, a packed BuildResult */
    uint64_t warnings;   /* likewise, texts; before all of them the subject */
};
#define SUMMED_FROM (offsetof(struct header, seen_bytes))

char *jig_warm_path(const struct jig_warm *w, const struct jig_warm_key *key)
{
    return jig_path_join(w->dir, key->hex);
}

static void put_text(struct jig_buf *out, const char *text)
{
    uint64_t n = strlen(text);
    jig_buf_append(out, &n, sizeof n);
    jig_buf_append(out, text, n);
}

static void put_build(struct jig_buf *out, const Jig__V1__BuildResult *build)
{
    uint64_t n = jig__v1__build_result__get_packed_size(build);
    jig_buf_append(out, &n, sizeof n);
    char *room = jig_buf_reserve(out, n);
    if (room == NULL)
        return;
    jig__v1__build_result__pack(build, (uint8_t *)room);
    out->len += n;
}

void jig_warm_save(const struct jig_warm *w, const struct jig_warm_key *key,
                   struct jig_sightings *seen, const struct jig_warm_builds *builds)
{
    struct jig_fingerprint sum = {0};
    if (w->dir == NULL)
        return;
    jig_sightings_sort(seen);
    struct jig_err err = JIG_ERR_INIT;
    struct header head = {.builds = builds->n, .warnings = builds->warnings.n};
    struct jig_buf file;
    memcpy(head.magic, MAGIC, sizeof head.magic);
    jig_buf_init(&file, JIG_WARM_FILE_MAX);
    jig_buf_append(&file, &head, sizeof head);
    jig_sightings_encode(seen, &file);
    head.seen_bytes = file.len - sizeof head;
    for (size_t i = 0; i < builds->n; i++)
        put_build(&file, builds->v[i]);
    put_text(&file, builds->subject);
    for (size_t i = 0; i < builds->warnings.n; i++)
        put_text(&file, builds->warnings.v[i]);
    JIG_CLEANUP_FREE char *path = jig_warm_path(w, key);
    enum jig_code code = jig_buf_check(&file, path, &err);
    if (code == JIG_OK) {
        memcpy(file.data, &head, sizeof head);
        sum = jig_fingerprint_of(file.data + SUMMED_FROM, file.len - SUMMED_FROM);
        head.sum[0] = sum.high;
        head.sum[1] = sum.low;
        memcpy(file.data, &head, sizeof head);
        code = jig_fs_mkdirs(w->dir, 0700, &err);
    }
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(path, file.data, file.len, 0600, &err);
    if (code == JIG_OK)
        code = jig_warm_save_contents(w, path, sum, seen, &err);
    if (code != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "warm.not_kept", "%s", err.message);
    jig_buf_release(&file);
    jig_warm_prune(w);
}

static bool read_header(const struct jig_buf *file, struct header *ret,
                        struct jig_fingerprint *ret_sum)
{
    if (file->len < sizeof *ret)
        return false;
    memcpy(ret, file->data, sizeof *ret);
    struct jig_fingerprint sum =
        jig_fingerprint_of(file->data + SUMMED_FROM, file->len - SUMMED_FROM);
    *ret_sum = sum;
    return memcmp(ret->magic, MAGIC, sizeof ret->magic) == 0 && ret->sum[0] == sum.high &&
           ret->sum[1] == sum.low && ret->seen_bytes <= file->len - sizeof *ret;
}

struct tail {
    const char *at;
    size_t left;
};

/* The next sized piece; NULL at the end. */
static const char *take(struct tail *t, size_t *ret_n)
{
    uint64_t n = 0;
    if (t->left < sizeof n)
        return NULL;
    memcpy(&n, t->at, sizeof n);
    if (n > t->left - sizeof n)
        return NULL;
    const char *piece = t->at + sizeof n;
    t->at += sizeof n + n;
    t->left -= sizeof n + n;
    *ret_n = n;
    return piece;
}

static bool read_builds(struct tail *t, const struct header *head, struct jig_warm_builds *ret)
{
    size_t n = 0;
    const char *piece = NULL;
    for (uint64_t i = 0; i < head->builds; i++) {
        piece = take(t, &n);
        Jig__V1__BuildResult *one =
            piece != NULL ? jig__v1__build_result__unpack(NULL, n, (const uint8_t *)piece) : NULL;
        if (one == NULL)
            return false;
        ret->v = jig_xrealloc(ret->v, ret->n + 1, sizeof(Jig__V1__BuildResult *));
        ret->looks = jig_xrealloc(ret->looks, ret->n + 1, sizeof *ret->looks);
        ret->looks[ret->n] = 0;
        ret->v[ret->n++] = one;
    }
    piece = take(t, &n);
    if (piece == NULL)
        return false;
    ret->subject = jig_xstrndup(piece, n);
    for (uint64_t i = 0; i < head->warnings; i++) {
        piece = take(t, &n);
        if (piece == NULL)
            return false;
        jig_strv_append_take(&ret->warnings, jig_xstrndup(piece, n));
    }
    return true;
}

bool jig_warm_load(const struct jig_warm *w, const struct jig_warm_key *key,
                   struct jig_sightings **ret_seen, struct jig_warm_builds *ret,
                   struct jig_fingerprint *ret_sum)
{
    if (w->dir == NULL)
        return false;
    JIG_CLEANUP_FREE char *path = jig_warm_path(w, key);
    struct jig_buf file;
    struct header head;
    struct jig_warm_builds builds = {0};
    jig_buf_init(&file, JIG_WARM_FILE_MAX);
    const char *text = NULL;
    bool well = jig_fs_read(path, &file, NULL) == JIG_OK && read_header(&file, &head, ret_sum);
    if (well) {
        text = file.data + sizeof head;
        struct tail tail = {text + head.seen_bytes, file.len - sizeof head - head.seen_bytes};
        well = read_builds(&tail, &head, &builds) &&
               jig_sightings_decode(&file, sizeof head, head.seen_bytes, ret_seen, NULL) == JIG_OK;
    }
    jig_buf_release(&file);
    if (well)
        *ret = builds;
    else
        jig_warm_builds_release(&builds);
    return well;
}

struct kept {
    char *path;
    int64_t mtime_ns;
    uint64_t bytes;
};

static int newest_first(const void *va, const void *vb)
{
    const struct kept *a = va;
    const struct kept *b = vb;
    return a->mtime_ns < b->mtime_ns ? 1 : a->mtime_ns > b->mtime_ns ? -1 : 0;
}

/* Those that were written longest ago go. */
void jig_warm_prune(const struct jig_warm *w)
{
    struct jig_strv names = {0};
    if (w->dir == NULL || jig_fs_list(w->dir, &names, NULL) != JIG_OK)
        return;
    uint64_t bytes = 0;
    struct kept *all = jig_xcalloc(names.n, sizeof *all);
    for (size_t i = 0; i < names.n; i++) {
        struct jig_stamp s = {0};
        all[i].path = jig_path_join(w->dir, names.v[i]);
        if (jig_fs_stamp_link(all[i].path, &s, NULL) == JIG_OK)
            all[i] = (struct kept){all[i].path, s.mtime_ns, (uint64_t)s.size};
    }
    if (names.n > 1)
        qsort(all, names.n, sizeof *all, newest_first);
    for (size_t i = 0; i < names.n; i++) {
        bytes += all[i].bytes;
        if (i >= JIG_WARM_KEPT || bytes > JIG_WARM_KEPT_BYTES)
            (void)!jig_fs_remove_tree(all[i].path, NULL);
        free(all[i].path);
    }
    free(all);
    jig_strv_release(&names);
}
