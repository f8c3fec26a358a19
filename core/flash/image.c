#include "core/flash/image.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

/* An Intel HEX file of the largest image: 2.75 characters a byte and the records' heads. */
#define FILE_MAX ((size_t)JIG_IMAGE_MAX_BYTES * 3)

enum jig_code jig_image_part_parse(const char *text, struct jig_image_part *ret,
                                   struct jig_err *reterr)
{
    const char *colon = strchr(text, ':');
    JIG_CLEANUP_FREE char *offset =
        colon != NULL ? jig_xstrndup(text, (size_t)(colon - text)) : NULL;
    struct jig_image_part part = {.path = colon != NULL ? colon + 1 : NULL};
    if (colon == NULL || part.path[0] == '\0' || !jig_parse_u64(offset, &part.offset))
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "'%s' is not OFFSET:FILE, for instance 0x0:firmware.bin", text);
    *ret = part;
    return JIG_OK;
}

/* Text whose first character, white space aside, begins a record. */
static bool is_ihex(const struct jig_buf *b)
{
    size_t at = strspn(b->data, " \t\r\n");
    return at < b->len && b->data[at] == ':';
}

static enum jig_code too_far(const struct jig_image_part *part, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_OUT_OF_RANGE, "%s does not fit into 32-bit addresses at 0x%llx",
                       part->path, (unsigned long long)part->offset);
}

/* The part's own segments, moved by its offset. */
static enum jig_code add_moved(const struct jig_segments *own, const struct jig_image_part *part,
                               struct jig_segments *out, struct jig_err *reterr)
{
    for (size_t i = 0; i < own->n; i++) {
        const struct jig_segment *seg = &own->v[i];
        if (part->offset > UINT32_MAX - (uint64_t)seg->address)
            return too_far(part, reterr);
        enum jig_code code = jig_segments_add(out, seg->address + (uint32_t)part->offset, seg->data,
                                              seg->n, part->path, reterr);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "%s", part->path);
            return code;
        }
    }
    return JIG_OK;
}

static enum jig_code add_part(const struct jig_image_part *part, const struct jig_buf *file,
                              struct jig_segments *out, struct jig_err *reterr)
{
    if (file->len == 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is empty", part->path);
    if (file->len >= 4 && memcmp(file->data, "\177ELF", 4) == 0) {
        jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is an ELF file, which cannot be flashed",
                    part->path);
        jig_err_hint(reterr, "objcopy makes a .hex or .bin of it; a build leaves one beside it");
        return JIG_INVALID_ARGUMENT;
    }
    struct jig_segments own = {0};
    enum jig_code code =
        is_ihex(file)
            ? jig_ihex_parse(file->data, file->len, part->path, &own, reterr)
            : jig_segments_add(&own, 0, (const uint8_t *)file->data, file->len, part->path, reterr);
    if (code == JIG_OK)
        code = add_moved(&own, part, out, reterr);
    jig_segments_release(&own);
    return code;
}

static enum jig_code check_size(const struct jig_segments *s, uint64_t flash_bytes,
                                struct jig_err *reterr)
{
    if (s->n == 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the image is empty");
    uint64_t end = (uint64_t)s->v[s->n - 1].address + s->v[s->n - 1].n;
    if (flash_bytes == 0 || end <= flash_bytes)
        return JIG_OK;
    jig_err_set(reterr, JIG_OUT_OF_RANGE,
                "the image ends at 0x%llx, %llu bytes past the board's flash of %llu",
                (unsigned long long)end, (unsigned long long)(end - flash_bytes),
                (unsigned long long)flash_bytes);
    jig_err_hint(reterr, "are offset and board the right ones? What the board's bootloader takes "
                         "does not count as its flash");
    return JIG_OUT_OF_RANGE;
}

enum jig_code jig_image_load(const struct jig_image_part *parts, size_t n, uint64_t flash_bytes,
                             struct jig_segments *ret, struct jig_err *reterr)
{
    if (n == 0 || n > JIG_IMAGE_MOST_PARTS)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "an image has 1 to %d parts, and not %zu",
                           JIG_IMAGE_MOST_PARTS, n);
    struct jig_segments all = {0};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < n; i++) {
        struct jig_buf file;
        jig_buf_init(&file, FILE_MAX);
        code = jig_fs_read(parts[i].copy != NULL ? parts[i].copy : parts[i].path, &file, reterr);
        if (code == JIG_OK)
            code = add_part(&parts[i], &file, &all, reterr);
        jig_buf_release(&file);
    }
    if (code == JIG_OK)
        code = jig_segments_seal(&all, reterr);
    if (code == JIG_OK)
        code = check_size(&all, flash_bytes, reterr);
    if (code != JIG_OK) {
        jig_segments_release(&all);
        return code;
    }
    *ret = all;
    return JIG_OK;
}

enum jig_code jig_image_merge(const struct jig_image_part *parts, size_t n, uint64_t flash_bytes,
                              const char *to, uint64_t *ret_bytes, struct jig_err *reterr)
{
    struct jig_segments all = {0};
    enum jig_code code = jig_image_load(parts, n, flash_bytes, &all, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_buf text;
    jig_buf_init(&text, FILE_MAX);
    jig_ihex_write(&all, &text);
    code = jig_buf_check(&text, "the image as Intel HEX", reterr);
    if (code == JIG_OK)
        code = jig_fs_write_atomic(to, text.data, text.len, 0644, reterr);
    if (code == JIG_OK)
        *ret_bytes = all.bytes;
    jig_buf_release(&text);
    jig_segments_release(&all);
    return code;
}
