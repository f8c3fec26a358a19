/*
 * What the files of a kept answer hold, by their hashes: beside the answer, in KEY.contents.
 *
 * A daemon that has just started knows of no file what it holds. While nothing changed it need not;
 * for the first build that has to look at everything, the hash of each file that still has its
 * stamp is taken from here, instead of reading them all.
 *
 *   header | a digest for each sighting, in the order of the answer's list | how it is known
 *
 * It is read with the answer that it was written with, and with no other.
 */
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/files.h"
#include "service/warm/impl.h"

#define MAGIC "jigcont1" /* the digit is the version */

/* In the machine's own byte order: the file never leaves it. */
struct header {
    char magic[8];
    uint64_t sum[2]; /* of what follows this field */
    uint64_t of[2];  /* the answer's sum */
    uint64_t n;
};
#define SUMMED_FROM (offsetof(struct header, of))

enum known { NOT_KNOWN, A_FILE, A_FOLDER };

static char *path_of(const char *answer)
{
    return jig_strf("%s.contents", answer);
}

/* Whether a content can be known of it. */
static bool has_content(const struct jig_sighting *s)
{
    return s->kind == JIG_SAW_STAMP && s->there && s->follow;
}

static void fill(const struct jig_warm *w, const struct jig_sightings *seen,
                 struct jig_digest *digests, uint8_t *known)
{
    for (size_t i = 0; i < jig_sightings_count(seen); i++) {
        const struct jig_sighting *s = jig_sightings_at(seen, i);
        struct jig_file_content content;
        if (!has_content(s) || !jig_files_recall(w->files, s->path, &s->stamp, &content))
            continue;
        digests[i] = content.sha256;
        known[i] = content.is_dir ? A_FOLDER : A_FILE;
    }
}

enum jig_code jig_warm_save_contents(const struct jig_warm *w, const char *answer,
                                     struct jig_fingerprint of, const struct jig_sightings *seen,
                                     struct jig_err *reterr)
{
    size_t n = jig_sightings_count(seen);
    JIG_CLEANUP_FREE char *path = path_of(answer);
    struct header head = {.of = {of.high, of.low}, .n = n};
    struct jig_digest *digests = jig_xcalloc(n, sizeof *digests);
    uint8_t *known = jig_xcalloc(n, sizeof *known);
    struct jig_buf file;
    memcpy(head.magic, MAGIC, sizeof head.magic);
    jig_buf_init(&file, JIG_WARM_FILE_MAX);
    fill(w, seen, digests, known);
    jig_buf_append(&file, &head, sizeof head);
    jig_buf_append(&file, digests, n * sizeof *digests);
    jig_buf_append(&file, known, n * sizeof *known);
    free(digests);
    free(known);
    enum jig_code code = jig_buf_check(&file, path, reterr);
    if (code == JIG_OK) {
        struct jig_fingerprint sum =
            jig_fingerprint_of(file.data + SUMMED_FROM, file.len - SUMMED_FROM);
        head.sum[0] = sum.high;
        head.sum[1] = sum.low;
        memcpy(file.data, &head, sizeof head);
        code = jig_fs_write_unsynced(path, file.data, file.len, 0600, reterr);
    }
    jig_buf_release(&file);
    return code;
}

static bool is_whole(const struct jig_buf *file, struct jig_fingerprint of, size_t n)
{
    struct header head;
    if (file->len != sizeof head + n * (sizeof(struct jig_digest) + sizeof(uint8_t)))
        return false;
    memcpy(&head, file->data, sizeof head);
    struct jig_fingerprint sum =
        jig_fingerprint_of(file->data + SUMMED_FROM, file->len - SUMMED_FROM);
    return memcmp(head.magic, MAGIC, sizeof head.magic) == 0 && head.sum[0] == sum.high &&
           head.sum[1] == sum.low && head.of[0] == of.high && head.of[1] == of.low && head.n == n;
}

void jig_warm_teach(const struct jig_warm *w, const struct jig_warm_key *key,
                    struct jig_fingerprint of, const struct jig_sightings *seen)
{
    JIG_CLEANUP_FREE char *answer = jig_warm_path(w, key);
    JIG_CLEANUP_FREE char *path = path_of(answer);
    size_t n = jig_sightings_count(seen);
    struct jig_buf file;
    jig_buf_init(&file, JIG_WARM_FILE_MAX);
    bool usable = jig_fs_read(path, &file, NULL) == JIG_OK && is_whole(&file, of, n);
    const char *digests = file.data + sizeof(struct header);
    for (size_t i = 0; usable && i < n; i++) {
        const struct jig_sighting *s = jig_sightings_at(seen, i);
        uint8_t known = (uint8_t)digests[n * sizeof(struct jig_digest) + i];
        struct jig_file_content content = {.stamp = s->stamp, .is_dir = known == A_FOLDER};
        memcpy(&content.sha256, digests + i * sizeof content.sha256, sizeof content.sha256);
        if (known != NOT_KNOWN && has_content(s))
            jig_files_teach(w->files, s->path, &content);
    }
    jig_buf_release(&file);
}
