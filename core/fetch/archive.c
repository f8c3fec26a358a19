#include "core/fetch/archive.h"

#include <inttypes.h>
#include <locale.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/strv.h"
#include "core/fetch/archive_api.h"
#include "core/fetch/archive_name.h"
#include "core/os/beneath.h"
#include "core/os/fs.h"

#define DEFAULT_ENTRIES UINT64_C(500000)
#define DEFAULT_BYTES   (UINT64_C(16) << 30)
#define DEFAULT_RATIO   200
#define RATIO_FROM      (UINT64_C(64) << 20)
#define READ_CHUNK      (64 * 1024)
#define LINKS_MAX       (16 << 20) /* bytes of names of links, which are kept to be looked at last */

typedef int read_fn(struct archive *);

/* Functions are named by where they are to be found once they are loaded. */
static const struct {
    const char *name;
    const char *other; /* how a file's name may end, too */
    read_fn *const *filter;
    read_fn *const *format;
} formats[JIG_ARCHIVE_FORMAT_COUNT] = {
    [JIG_ARCHIVE_ANY] = {"any", NULL, NULL, NULL},
    [JIG_ARCHIVE_ZIP] = {"zip", NULL, NULL, &archive_read_support_format_zip_seekable},
    [JIG_ARCHIVE_TAR] = {"tar", NULL, NULL, &archive_read_support_format_tar},
    [JIG_ARCHIVE_TAR_GZ] = {"tar.gz", "tgz", &archive_read_support_filter_gzip,
                            &archive_read_support_format_tar},
    [JIG_ARCHIVE_TAR_BZ2] = {"tar.bz2", "tbz2", &archive_read_support_filter_bzip2,
                             &archive_read_support_format_tar},
    [JIG_ARCHIVE_TAR_XZ] = {"tar.xz", "txz", &archive_read_support_filter_xz,
                            &archive_read_support_format_tar},
    [JIG_ARCHIVE_TAR_ZST] = {"tar.zst", "tzst", &archive_read_support_filter_zstd,
                             &archive_read_support_format_tar},
};

struct unpack {
    const struct jig_archive_spec *spec;
    const struct jig_until *until;
    struct archive *archive;
    struct jig_beneath *tree;
    struct jig_archive_limits limits;
    struct jig_archive_made made;
    uint64_t packed; /* bytes of the whole file */
    uint64_t others; /* entries that are no folders */
    struct jig_name_set seen;
    struct jig_strv links;
    size_t link_bytes;
    struct jig_buf name; /* of this entry, clean */
    struct jig_buf other;
};

const char *jig_archive_format_name(enum jig_archive_format format)
{
    return formats[format].name;
}

static bool ends_in(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t m = suffix == NULL ? 0 : strlen(suffix);
    if (m == 0 || n < m || strcasecmp(name + n - m, suffix) != 0)
        return false;
    return n == m || name[n - m - 1] == '.';
}

bool jig_archive_format_by_name(const char *name, enum jig_archive_format *ret)
{
    for (size_t i = JIG_ARCHIVE_ZIP; i < JIG_COUNT(formats); i++) {
        if (!ends_in(name, formats[i].name) && !ends_in(name, formats[i].other))
            continue;
        *ret = (enum jig_archive_format)i;
        return true;
    }
    return false;
}

static const char *called(const struct jig_archive_spec *spec)
{
    return spec->called == NULL ? spec->path : spec->called;
}

/* What libarchive says is a sentence's end of its own making; its first letter is left alone. */
static enum jig_code damaged(struct unpack *u, struct jig_err *reterr)
{
    const char *why = archive_error_string(u->archive);
    if (u->spec->format == JIG_ARCHIVE_ANY)
        return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                              "it is damaged, or is no archive that is known: %s",
                              why == NULL ? "no reason was given" : why);
    return jig_err_reason(
        reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY, "it is damaged, or is no %s archive: %s",
        jig_archive_format_name(u->spec->format), why == NULL ? "no reason was given" : why);
}

static int support(struct archive *a, size_t format)
{
    int rc = ARCHIVE_OK;
    if (formats[format].filter != NULL)
        rc = (*formats[format].filter)(a);
    if (rc == ARCHIVE_OK && formats[format].format != NULL)
        rc = (*formats[format].format)(a);
    return rc; /* WARN: it would be read by another program, which is not started here */
}

static enum jig_code open_archive(struct unpack *u, struct jig_err *reterr)
{
    size_t first = u->spec->format == JIG_ARCHIVE_ANY ? JIG_ARCHIVE_ZIP : u->spec->format;
    size_t last = u->spec->format == JIG_ARCHIVE_ANY ? JIG_ARCHIVE_TAR_ZST : u->spec->format;
    enum jig_code code = jig_libarchive_load(reterr);
    if (code != JIG_OK)
        return code;
    u->archive = archive_read_new();
    if (u->archive == NULL)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "there is no memory for reading it");
    for (size_t i = first; i <= last; i++) {
        if (support(u->archive, i) != ARCHIVE_OK)
            return jig_err_set(reterr, JIG_UNIMPLEMENTED, "the libarchive here does not read %s",
                               formats[i].name);
    }
    if (archive_read_open_filename(u->archive, u->spec->path, READ_CHUNK) != ARCHIVE_OK)
        return damaged(u, reterr);
    return JIG_OK;
}

static uint64_t grown(uint64_t made, uint64_t by)
{
    return made > UINT64_MAX - by ? UINT64_MAX : made + by;
}

/* Called before `by` more bytes are made. */
static enum jig_code check_bytes(const struct unpack *u, uint64_t by, struct jig_err *reterr)
{
    uint64_t made = grown(u->made.bytes, by);
    if (made > u->limits.bytes)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "it holds more than the %" PRIu64 " bytes that are allowed",
                           u->limits.bytes);
    if (made > RATIO_FROM && made / u->limits.ratio > u->packed)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "its %" PRIu64 " bytes become more than %" PRIu32 " times as many",
                           u->packed, u->limits.ratio);
    return JIG_OK;
}

/* The entry's content; without fd it goes nowhere, but counts. */
static enum jig_code copy_blocks(struct unpack *u, int fd, uint64_t *ret_size,
                                 struct jig_err *reterr)
{
    uint64_t size = 0;
    for (;;) {
        const void *data;
        size_t n;
        la_int64_t offset;
        enum jig_code code = jig_until_check(u->until, reterr);
        if (code != JIG_OK)
            return code;
        int rc = archive_read_data_block(u->archive, &data, &n, &offset);
        if (rc == ARCHIVE_EOF)
            break;
        if (rc != ARCHIVE_OK || offset < 0)
            return damaged(u, reterr);
        uint64_t end = grown((uint64_t)offset, n);
        code = check_bytes(u, end > size ? end - size : 0, reterr);
        if (code == JIG_OK && fd >= 0)
            code = jig_beneath_write_at(fd, data, n, offset, reterr);
        if (code != JIG_OK)
            return code;
        if (end > size) {
            u->made.bytes += end - size;
            size = end;
        }
    }
    *ret_size = size;
    return JIG_OK;
}

static int64_t mtime_of(struct archive_entry *entry)
{
    int64_t s = archive_entry_mtime_is_set(entry) ? archive_entry_mtime(entry) : -1;
    if (s < 0 || s > INT64_MAX / JIG_NS_PER_S - 1)
        return -1;
    return s * JIG_NS_PER_S + archive_entry_mtime_nsec(entry);
}

static enum jig_code make_file(struct unpack *u, struct archive_entry *entry,
                               struct jig_err *reterr)
{
    int64_t told = archive_entry_size_is_set(entry) ? archive_entry_size(entry) : 0;
    enum jig_code code = check_bytes(u, told > 0 ? (uint64_t)told : 0, reterr);
    int fd = -1;
    uint64_t size = 0;
    if (code == JIG_OK)
        code = jig_beneath_create(u->tree, u->name.data, &fd, reterr);
    if (code != JIG_OK)
        return code;
    code = copy_blocks(u, fd, &size, reterr);
    if (code == JIG_OK && told > 0 && (uint64_t)told > size) { /* it ends in a hole */
        u->made.bytes += (uint64_t)told - size;
        size = (uint64_t)told;
    }
    mode_t mode = (archive_entry_perm(entry) & 0111) != 0 ? 0755 : 0644;
    enum jig_code ended = jig_beneath_finish(fd, (int64_t)size, mode, mtime_of(entry),
                                             code == JIG_OK ? reterr : NULL);
    return code == JIG_OK ? ended : code;
}

static enum jig_code make_symlink(struct unpack *u, struct archive_entry *entry,
                                  struct jig_err *reterr)
{
    const char *target = archive_entry_symlink(entry);
    if (target == NULL)
        target = archive_entry_symlink_utf8(entry);
    enum jig_code code = jig_archive_link_check(u->name.data, target == NULL ? "" : target, reterr);
    if (code != JIG_OK)
        return code;
    u->link_bytes += u->name.len + 1;
    if (u->link_bytes > LINKS_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "it has too many links");
    jig_strv_append(&u->links, u->name.data);
    return jig_beneath_symlink(u->tree, u->name.data, target, reterr);
}

/* By pax a link may bring content of any size along. libarchive would pass over it, unpacking all
 * of it, without an end. */
static enum jig_code make_link(struct unpack *u, const char *existing, struct jig_err *reterr)
{
    uint64_t size;
    enum jig_code code = jig_archive_name_clean(existing, &u->other, reterr);
    if (code == JIG_OK && u->other.len == 0)
        code = jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is a link to nothing", u->name.data);
    if (code == JIG_OK)
        code = jig_beneath_link(u->tree, u->name.data, u->other.data, reterr);
    return code == JIG_OK ? copy_blocks(u, -1, &size, reterr) : code;
}

static const char *link_of(struct archive_entry *entry)
{
    const char *existing = archive_entry_hardlink(entry);
    return existing != NULL ? existing : archive_entry_hardlink_utf8(entry);
}

static enum jig_code make(struct unpack *u, struct archive_entry *entry, struct jig_err *reterr)
{
    const char *existing = link_of(entry);
    if (archive_entry_is_encrypted(entry))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is encrypted", u->name.data);
    if (existing != NULL)
        return make_link(u, existing, reterr);
    switch (archive_entry_filetype(entry)) {
    case AE_IFDIR:
        return jig_beneath_mkdirs(u->tree, u->name.data, reterr);
    case AE_IFREG:
        return make_file(u, entry, reterr);
    case AE_IFLNK:
        return make_symlink(u, entry, reterr);
    default:
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is a device, a pipe or a socket",
                           u->name.data);
    }
}

static enum jig_code twice(const char *name, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is in it twice", name);
}

/* Folders that are only on the way to something take their place, too. */
static enum jig_code check_entries(const struct unpack *u, struct jig_err *reterr)
{
    uint64_t made = u->others + jig_beneath_folders(u->tree);
    if (u->made.entries <= u->limits.entries && made <= u->limits.entries)
        return JIG_OK;
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                       "it has more than the %" PRIu64 " entries that are allowed",
                       u->limits.entries);
}

static enum jig_code take_entry(struct unpack *u, struct archive_entry *entry,
                                struct jig_err *reterr)
{
    const char *raw = archive_entry_pathname(entry);
    if (raw == NULL)
        raw = archive_entry_pathname_utf8(entry);
    if (raw == NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "a name in it cannot be read");
    enum jig_code code = jig_archive_name_clean(raw, &u->name, reterr);
    if (code != JIG_OK)
        return code;
    if (u->name.len == 0 && archive_entry_filetype(entry) == AE_IFDIR)
        return JIG_OK; /* "./": the folder itself */
    if (u->name.len == 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is no name for a file", raw);
    u->made.entries++;
    u->others += archive_entry_filetype(entry) != AE_IFDIR;
    code = check_entries(u, reterr);
    if (code == JIG_OK && u->spec->limits.refuse_case_twins)
        code = jig_name_set_add(&u->seen, u->name.data, reterr);
    if (code == JIG_OK)
        code = make(u, entry, reterr);
    if (code == JIG_OK)
        code = check_entries(u, reterr);
    return code == JIG_ALREADY_EXISTS ? twice(u->name.data, reterr) : code;
}

static enum jig_code take_all(struct unpack *u, struct jig_err *reterr)
{
    for (;;) {
        struct archive_entry *entry;
        enum jig_code code = jig_until_check(u->until, reterr);
        if (code != JIG_OK)
            return code;
        int rc = archive_read_next_header(u->archive, &entry);
        if (rc == ARCHIVE_EOF)
            break;
        if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
            return damaged(u, reterr);
        code = take_entry(u, entry, reterr);
        if (code != JIG_OK)
            return code;
        if (u->spec->progress != NULL)
            u->spec->progress(u->spec->ctx, (uint64_t)archive_filter_bytes(u->archive, -1),
                              u->made.bytes);
    }
    for (size_t i = 0; i < u->links.n; i++) {
        enum jig_code code = jig_beneath_stays(u->tree, u->links.v[i], reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

/* The only thing in the folder, when that is a folder; NULL else. */
static char *only_folder(const char *dest)
{
    struct jig_strv names = {0};
    char *top = NULL;
    if (jig_fs_list_marked(dest, &names, NULL) == JIG_OK && names.n == 1 &&
        jig_str_ends(names.v[0], "/"))
        top = jig_xstrndup(names.v[0], strlen(names.v[0]) - 1);
    jig_strv_release(&names);
    return top;
}

/* A link that goes up past the top folder was inside so far. */
static enum jig_code check_moved_link(struct unpack *u, const char *name, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(u->spec->dest, name);
    JIG_CLEANUP_FREE char *target = NULL;
    enum jig_code code = jig_fs_link_target(path, &target, reterr);
    if (code == JIG_OK)
        code = jig_archive_link_check(name, target, reterr);
    if (code == JIG_OK)
        code = jig_beneath_stays(u->tree, name, reterr);
    return code;
}

static enum jig_code strip_top(struct unpack *u, struct jig_err *reterr)
{
    const char *dest = u->spec->dest;
    JIG_CLEANUP_FREE char *top = only_folder(dest);
    if (top == NULL)
        return JIG_OK;
    JIG_CLEANUP_FREE char *from = jig_path_join(dest, top);
    JIG_CLEANUP_FREE char *aside = jig_fs_temporary_beside(from);
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_rename(from, aside, reterr);
    if (code == JIG_OK)
        code = jig_fs_list(aside, &names, reterr);
    for (size_t i = 0; i < names.n && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *old = jig_path_join(aside, names.v[i]);
        JIG_CLEANUP_FREE char *new = jig_path_join(dest, names.v[i]);
        code = jig_fs_rename(old, new, reterr);
    }
    if (code == JIG_OK)
        code = jig_fs_remove_tree(aside, reterr);
    jig_strv_release(&names);
    size_t prefix = strlen(top) + 1;
    for (size_t i = 0; i < u->links.n && code == JIG_OK; i++)
        code = check_moved_link(u, u->links.v[i] + prefix, reterr);
    return code;
}

static void release(struct unpack *u)
{
    if (u->archive != NULL)
        archive_read_free(u->archive);
    jig_beneath_free(u->tree);
    jig_name_set_release(&u->seen);
    jig_strv_release(&u->links);
    jig_buf_release(&u->name);
    jig_buf_release(&u->other);
}

static enum jig_code unpack(struct unpack *u, struct jig_err *reterr)
{
    struct jig_stamp stamp;
    enum jig_code code = jig_fs_stamp(u->spec->path, &stamp, reterr);
    if (code != JIG_OK)
        return code;
    u->packed = (uint64_t)stamp.size;
    code = jig_beneath_open(u->spec->dest, &u->tree, reterr);
    if (code == JIG_OK)
        code = open_archive(u, reterr);
    if (code == JIG_OK)
        code = take_all(u, reterr);
    if (code == JIG_OK && u->spec->strip_top)
        code = strip_top(u, reterr);
    return code;
}

/* libarchive asks the thread's locale how names are spelt. */
static enum jig_code unpack_in_utf8(struct unpack *u, struct jig_err *reterr)
{
    locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    locale_t before = utf8 == (locale_t)0 ? (locale_t)0 : uselocale(utf8);
    enum jig_code code = unpack(u, reterr);
    release(u);
    if (before != (locale_t)0)
        uselocale(before);
    if (utf8 != (locale_t)0)
        freelocale(utf8);
    return code;
}

static enum jig_code prepare(const char *dest, bool *ret_was_there, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    *ret_was_there = jig_fs_is_there(dest);
    if (!*ret_was_there)
        return jig_fs_mkdirs(dest, 0755, reterr);
    enum jig_code code = jig_fs_list(dest, &names, reterr);
    if (code == JIG_OK && names.n > 0)
        code = jig_err_set(reterr, JIG_FAILED_PRECONDITION, "the folder %s is not empty", dest);
    jig_strv_release(&names);
    return code;
}

/* The failure that is told stays the first one; a folder that cannot even be emptied is named in
 * its hint. */
static void leave_nothing(const char *dest, bool was_there, struct jig_err *reterr)
{
    struct jig_err second = JIG_ERR_INIT;
    enum jig_code code = jig_fs_remove_tree(dest, &second);
    if (code == JIG_OK && was_there)
        code = jig_fs_mkdirs(dest, 0755, &second);
    if (code != JIG_OK)
        jig_err_hint(reterr, "a part of it was left in %s: %s", dest, second.message);
}

enum jig_code jig_archive_extract(const struct jig_archive_spec *spec,
                                  const struct jig_until *until, struct jig_archive_made *ret,
                                  struct jig_err *reterr)
{
    const struct jig_archive_limits *l = &spec->limits;
    struct unpack u = {
        .spec = spec,
        .until = until,
        .limits = {.entries = l->entries == 0 ? DEFAULT_ENTRIES : l->entries,
                   .bytes = l->bytes == 0 ? DEFAULT_BYTES : l->bytes,
                   .ratio = l->ratio == 0 ? DEFAULT_RATIO : l->ratio},
    };
    bool was_there = false;
    enum jig_code code = prepare(spec->dest, &was_there, reterr);
    if (code != JIG_OK)
        return code;
    jig_buf_init(&u.name, JIG_ARCHIVE_NAME_MAX + 1);
    jig_buf_init(&u.other, JIG_ARCHIVE_NAME_MAX + 1);
    code = unpack_in_utf8(&u, reterr);
    if (code == JIG_OK && ret != NULL)
        *ret = u.made;
    if (code == JIG_OK)
        return JIG_OK;
    leave_nothing(spec->dest, was_there, reterr);
    if (code != JIG_CANCELLED && code != JIG_DEADLINE_EXCEEDED)
        jig_err_prefix(reterr, "the archive %s cannot be taken apart", called(spec));
    return code;
}
