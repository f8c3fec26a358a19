#include "core/os/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/sighting.h"

#define COPY_CHUNK   (64 * 1024)
#define STREAM_CHUNK (32 * 1024)
#define TREE_FDS     32
#define MOST_NAMES   1000000 /* in one folder */

struct jig_stamp jig_stamp_of(const struct stat *st)
{
    return (struct jig_stamp){
        .dev = st->st_dev,
        .ino = st->st_ino,
        .size = st->st_size,
        .mtime_ns = st->st_mtim.tv_sec * JIG_NS_PER_S + st->st_mtim.tv_nsec,
        .ctime_ns = st->st_ctim.tv_sec * JIG_NS_PER_S + st->st_ctim.tv_nsec,
        .mode = st->st_mode,
    };
}

static void tell(enum jig_sighting_kind kind, const char *path, bool follow, const struct stat *st)
{
    const struct jig_observer *o = jig_observer();
    if (o == NULL)
        return;
    struct jig_sighting s = {.kind = kind, .path = path, .follow = follow, .there = st != NULL};
    if (st != NULL)
        s.stamp = jig_stamp_of(st);
    o->saw(o->ctx, &s);
}

/* stat(2) or lstat(2), told. errno is as they leave it. */
static bool look(enum jig_sighting_kind kind, const char *path, bool follow, struct stat *st)
{
    int rc = follow ? stat(path, st) : lstat(path, st);
    int failed = errno;
    tell(kind, path, follow, rc == 0 ? st : NULL);
    errno = failed;
    return rc == 0;
}

enum jig_code jig_fs_stamp(const char *path, struct jig_stamp *ret, struct jig_err *reterr)
{
    struct stat st;
    if (!look(JIG_SAW_STAMP, path, true, &st))
        return jig_err_sys(reterr, errno, "cannot look at %s", path);
    *ret = jig_stamp_of(&st);
    return JIG_OK;
}

enum jig_code jig_fs_stamp_link(const char *path, struct jig_stamp *ret, struct jig_err *reterr)
{
    struct stat st;
    if (!look(JIG_SAW_STAMP, path, false, &st))
        return jig_err_sys(reterr, errno, "cannot look at %s", path);
    *ret = jig_stamp_of(&st);
    return JIG_OK;
}

bool jig_stamp_equal(const struct jig_stamp *a, const struct jig_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->size == b->size &&
           a->mtime_ns == b->mtime_ns && a->ctime_ns == b->ctime_ns && a->mode == b->mode;
}

enum jig_code jig_fs_stamp_names(const char *path, struct jig_stamp *ret, uint64_t *ret_names)
{
    struct stat st;
    if (!look(JIG_SAW_STAMP, path, false, &st))
        return jig_err_sys(NULL, errno, "cannot look at %s", path);
    *ret = jig_stamp_of(&st);
    *ret_names = st.st_nlink;
    return JIG_OK;
}

enum jig_code jig_fs_link_target(const char *path, char **ret, struct jig_err *reterr)
{
    char target[PATH_MAX + 1];
    ssize_t n = readlink(path, target, sizeof target);
    if (n < 0 || n == sizeof target)
        return jig_err_sys(reterr, n < 0 ? errno : ENAMETOOLONG, "cannot read the link %s", path);
    *ret = jig_xstrndup(target, (size_t)n);
    return JIG_OK;
}

bool jig_fs_exists(const char *path)
{
    struct stat st;
    return look(JIG_SAW_TYPE, path, true, &st);
}

bool jig_fs_exists_as(const char *path, bool *ret_is_dir)
{
    struct stat st;
    if (!look(JIG_SAW_TYPE, path, true, &st))
        return false;
    *ret_is_dir = S_ISDIR(st.st_mode);
    return true;
}

bool jig_fs_is_there(const char *path)
{
    struct stat st;
    return look(JIG_SAW_TYPE, path, false, &st);
}

bool jig_fs_is_dir(const char *path)
{
    struct stat st;
    return look(JIG_SAW_TYPE, path, true, &st) && S_ISDIR(st.st_mode);
}

bool jig_fs_is_file(const char *path)
{
    struct stat st;
    return look(JIG_SAW_TYPE, path, true, &st) && S_ISREG(st.st_mode);
}

bool jig_fs_is_executable(const char *path)
{
    struct stat st;
    return look(JIG_SAW_STAMP, path, true, &st) && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static void tell_real(const char *path, const char *real)
{
    const struct jig_observer *o = jig_observer();
    struct jig_sighting s = {
        .kind = JIG_SAW_REAL, .path = path, .follow = true, .there = real != NULL, .real = real};
    if (o != NULL)
        o->saw(o->ctx, &s);
}

enum jig_code jig_fs_real(const char *path, char **ret, struct jig_err *reterr)
{
    char *real = realpath(path, NULL);
    int failed = errno;
    tell_real(path, real);
    errno = failed;
    if (real == NULL)
        return jig_err_sys(reterr, errno, "cannot resolve %s", path);
    *ret = real;
    return JIG_OK;
}

char *jig_path_absolute(const char *base, const char *path)
{
    JIG_CLEANUP_FREE char *whole = jig_path_join(base, path);
    struct jig_strv parts = {0};
    struct jig_strv kept = {0};
    jig_str_split(whole, "/", false, &parts);
    for (size_t i = 0; i < parts.n; i++) {
        if (strcmp(parts.v[i], ".") == 0)
            continue;
        if (strcmp(parts.v[i], "..") == 0) {
            if (kept.n > 0)
                jig_strv_remove(&kept, kept.n - 1);
            continue;
        }
        jig_strv_append(&kept, parts.v[i]);
    }
    JIG_CLEANUP_FREE char *joined = jig_strv_join(&kept, "/");
    char *out = jig_strf("/%s", joined);
    jig_strv_release(&parts);
    jig_strv_release(&kept);
    return out;
}

/* O_NONBLOCK so that a FIFO is refused rather than waited for. */
static enum jig_code open_regular(const char *path, int *ret_fd, struct stat *ret_st,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int failed = errno;
    bool seen = fd >= 0 && fstat(fd, ret_st) == 0;
    tell(JIG_SAW_STAMP, path, true, seen ? ret_st : NULL);
    if (fd < 0)
        return jig_err_sys(reterr, failed, "cannot open %s", path);
    if (!seen)
        return jig_err_sys(reterr, errno, "cannot look at %s", path);
    if (!S_ISREG(ret_st->st_mode))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is not a regular file", path);
    *ret_fd = fd;
    fd = -1;
    return JIG_OK;
}

enum jig_code jig_fs_stream(const char *path, jig_fs_consume_fn *consume, void *ctx,
                            struct jig_err *reterr)
{
    JIG_CLEANUP_FD int fd = -1;
    struct stat st;
    enum jig_code code = open_regular(path, &fd, &st, reterr);
    if (code != JIG_OK)
        return code;
    char chunk[STREAM_CHUNK];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return jig_err_sys(reterr, errno, "cannot read %s", path);
        if (n == 0)
            return JIG_OK;
        consume(ctx, chunk, (size_t)n);
    }
}

enum jig_code jig_fs_read(const char *path, struct jig_buf *out, struct jig_err *reterr)
{
    JIG_CLEANUP_FD int fd = -1;
    struct stat st;
    enum jig_code code = open_regular(path, &fd, &st, reterr);
    if (code != JIG_OK)
        return code;
    size_t chunk =
        st.st_size > 0 && (uint64_t)st.st_size < out->max ? (size_t)st.st_size + 1 : 4096;
    for (;;) {
        size_t room = out->max - out->len;
        char probe; /* when the buffer is full, one byte more shows that the file is too large */
        size_t want = chunk < room ? chunk : room;
        char *at = room > 0 ? jig_buf_reserve(out, want) : &probe;
        if (at == NULL)
            return jig_buf_check(out, path, reterr);
        ssize_t n = read(fd, at, room > 0 ? want : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return jig_err_sys(reterr, errno, "cannot read %s", path);
        if (n == 0)
            return JIG_OK;
        if (room == 0) {
            out->failed = true;
            return jig_buf_check(out, path, reterr);
        }
        out->len += (size_t)n;
        out->data[out->len] = '\0';
        chunk = 4096;
    }
}

enum jig_code jig_fd_write_all(int fd, const void *data, size_t n, struct jig_err *reterr)
{
    const char *p = data;
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return jig_err_sys(reterr, errno, "cannot write");
        p += done;
        n -= (size_t)done;
    }
    return JIG_OK;
}

char *jig_fs_temporary_beside(const char *path)
{
    static atomic_uint counter;
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    JIG_CLEANUP_FREE char *name =
        jig_strf(".jig-tmp-%ld-%u", (long)getpid(), atomic_fetch_add(&counter, 1));
    return jig_path_join(dir, name);
}

/* What is there becomes another file, or a new name comes. */
static void tell_write_over(const char *path)
{
    struct stat st;
    jig_tell_write(path, lstat(path, &st) != 0);
}

/* Puts a file in the place of another one, or of none. Some filesystems (ext4: auto_da_alloc) write
 * to the disk what is renamed over a file, which takes longer than all else here; what changes
 * places with it they do not. */
static int put_in_place(const char *temporary, const char *path, bool synced)
{
    struct stat old;
    if (synced || lstat(path, &old) != 0 || !S_ISREG(old.st_mode) ||
        renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_EXCHANGE) != 0)
        return rename(temporary, path);
    (void)!unlink(temporary); /* the old one; the new one is in its place */
    return 0;
}

/* Syncs (when asked) and closes fd, gives `temporary` its mode and renames it to `path`. */
static enum jig_code publish(int fd, const char *temporary, const char *path, mode_t mode,
                             bool synced, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    if (fchmod(fd, mode) != 0 || (synced && fsync(fd) != 0))
        code = jig_err_sys(reterr, errno, "cannot write %s", path);
    if (close(fd) != 0 && code == JIG_OK)
        code = jig_err_sys(reterr, errno, "cannot write %s", path);
    if (code == JIG_OK)
        tell_write_over(path);
    if (code == JIG_OK && put_in_place(temporary, path, synced) != 0)
        code = jig_err_sys(reterr, errno, "cannot write %s", path);
    if (code != JIG_OK)
        unlink(temporary);
    return code;
}

static enum jig_code write_beside(const char *path, const void *data, size_t n, mode_t mode,
                                  bool synced, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *temporary = jig_fs_temporary_beside(path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot write %s", path);
    enum jig_code code = jig_fd_write_all(fd, data, n, reterr);
    if (code != JIG_OK) {
        jig_err_prefix(reterr, "%s", path);
        close(fd);
        unlink(temporary);
        return code;
    }
    return publish(fd, temporary, path, mode, synced, reterr);
}

enum jig_code jig_fs_write_atomic(const char *path, const void *data, size_t n, mode_t mode,
                                  struct jig_err *reterr)
{
    return write_beside(path, data, n, mode, true, reterr);
}

enum jig_code jig_fs_write_unsynced(const char *path, const void *data, size_t n, mode_t mode,
                                    struct jig_err *reterr)
{
    return write_beside(path, data, n, mode, false, reterr);
}

enum jig_code jig_fs_write_if_changed(const char *path, const void *data, size_t n, mode_t mode,
                                      struct jig_err *reterr)
{
    struct jig_buf old;
    jig_buf_init(&old, n + 1);
    bool same = jig_fs_read(path, &old, NULL) == JIG_OK && old.len == n &&
                (n == 0 || memcmp(old.data, data, n) == 0);
    jig_buf_release(&old);
    return same ? JIG_OK : jig_fs_write_unsynced(path, data, n, mode, reterr);
}

enum jig_code jig_fs_append(const char *path, const struct jig_stamp *expected, const void *data,
                            size_t n, struct jig_err *reterr)
{
    struct stat st;
    jig_tell_write(path, false);
    int fd = open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot write %s", path);
    enum jig_code code = JIG_OK;
    struct jig_stamp now = {0};
    if (fstat(fd, &st) != 0)
        code = jig_err_sys(reterr, errno, "cannot look at %s", path);
    else
        now = jig_stamp_of(&st);
    if (code == JIG_OK && !jig_stamp_equal(&now, expected))
        code = jig_err_set(reterr, JIG_ABORTED, "%s was changed by somebody else", path);
    if (code == JIG_OK) {
        code = jig_fd_write_all(fd, data, n, reterr);
        if (code != JIG_OK && ftruncate(fd, expected->size) != 0)
            jig_err_prefix(reterr, "%s is damaged", path);
    }
    close(fd);
    return code;
}

static enum jig_code copy_bytes(int from, int to, const char *path, struct jig_err *reterr)
{
    if (ioctl(to, FICLONE, from) == 0)
        return JIG_OK;
    for (;;) {
        ssize_t n = copy_file_range(from, NULL, to, NULL, COPY_CHUNK * 64, 0);
        if (n == 0)
            return JIG_OK;
        if (n > 0)
            continue;
        if (errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
            return jig_err_sys(reterr, errno, "cannot copy to %s", path);
        break;
    }
    JIG_CLEANUP_FREE char *chunk = jig_xcalloc(COPY_CHUNK, 1);
    for (;;) {
        ssize_t n = read(from, chunk, COPY_CHUNK);
        if (n == 0)
            return JIG_OK;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return jig_err_sys(reterr, errno, "cannot copy to %s", path);
        enum jig_code code = jig_fd_write_all(to, chunk, (size_t)n, reterr);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "%s", path);
            return code;
        }
    }
}

enum jig_code jig_fs_copy(const char *from, const char *to, mode_t mode, bool synced,
                          struct jig_err *reterr)
{
    JIG_CLEANUP_FD int in = open(from, O_RDONLY | O_CLOEXEC);
    if (in < 0)
        return jig_err_sys(reterr, errno, "cannot open %s", from);
    JIG_CLEANUP_FREE char *temporary = jig_fs_temporary_beside(to);
    int out = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0)
        return jig_err_sys(reterr, errno, "cannot write %s", to);
    enum jig_code code = copy_bytes(in, out, to, reterr);
    if (code != JIG_OK) {
        close(out);
        unlink(temporary);
        return code;
    }
    return publish(out, temporary, to, mode, synced, reterr);
}

/* One folder of a path. A link to a folder, or a folder that somebody else makes, will do. */
static enum jig_code make_folder(const char *path, mode_t mode, struct jig_err *reterr)
{
    if (mkdir(path, mode) == 0) {
        jig_tell_write(path, true);
        return JIG_OK;
    }
    int failed = errno;
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return JIG_OK;
    if (failed == EEXIST)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "cannot make the folder %s: a file of that name is in the way", path);
    if (failed == ENOTDIR)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "cannot make the folder %s: what is above it is not a folder", path);
    return jig_err_sys(reterr, failed, "cannot make the folder %s", path);
}

enum jig_code jig_fs_mkdirs(const char *path, mode_t mode, struct jig_err *reterr)
{
    if (jig_fs_is_dir(path)) /* as it mostly is, and far cheaper to find out than by mkdir(2) */
        return JIG_OK;
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(path);
    for (char *p = copy + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char held = *p;
        *p = '\0';
        enum jig_code code = make_folder(copy, mode, reterr);
        *p = held;
        if (code != JIG_OK || held == '\0')
            return code;
    }
}

enum jig_code jig_fs_make_link(const char *target, const char *path, struct jig_err *reterr)
{
    jig_tell_write(path, true);
    if (symlink(target, path) != 0)
        return jig_err_sys(reterr, errno, "cannot make the link %s", path);
    return JIG_OK;
}

enum jig_code jig_fs_rename(const char *from, const char *to, struct jig_err *reterr)
{
    jig_tell_write(from, true);
    jig_tell_write(to, true);
    if (rename(from, to) != 0)
        return jig_err_sys(reterr, errno, "cannot rename %s to %s", from, to);
    return JIG_OK;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    jig_tell_write(path, true);
    return remove(path) != 0 && errno != ENOENT ? -1 : 0;
}

enum jig_code jig_fs_remove_begin(struct jig_fs_removed *removed, const char *path,
                                  struct jig_err *reterr)
{
    int fd =
        removed->n < JIG_COUNT(removed->fds) ? open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
    if (fd >= 0)
        removed->fds[removed->n++] = fd;
    return jig_fs_remove_tree(path, reterr);
}

void jig_fs_remove_end(struct jig_fs_removed *removed)
{
    while (removed->n > 0)
        close(removed->fds[--removed->n]);
}

enum jig_code jig_fs_remove_tree(const char *path, struct jig_err *reterr)
{
    bool gone = unlink(path) == 0; /* a file, as it mostly is */
    if (gone)
        jig_tell_write(path, true);
    if (gone || errno == ENOENT)
        return JIG_OK;
    if (nftw(path, remove_one, TREE_FDS, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return jig_err_sys(reterr, errno, "cannot remove %s", path);
    return JIG_OK;
}

/* "" for a file and the like; filesystems that do not say it in the entry are asked. */
static const char *mark_of(int folder_fd, const struct dirent *entry)
{
    unsigned char type = entry->d_type;
    struct stat st;
    if (type == DT_UNKNOWN && fstatat(folder_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        type = S_ISDIR(st.st_mode) ? DT_DIR : S_ISLNK(st.st_mode) ? DT_LNK : DT_REG;
    return type == DT_DIR ? "/" : type == DT_LNK ? "/@" : "";
}

static enum jig_code list(const char *dir, bool marked, struct jig_strv *out,
                          struct jig_err *reterr)
{
    DIR *d = opendir(dir);
    int failed = errno;
    struct stat st;
    tell(JIG_SAW_STAMP, dir, true, d != NULL && fstat(dirfd(d), &st) == 0 ? &st : NULL);
    if (d == NULL)
        return jig_err_sys(reterr, failed, "cannot list %s", dir);
    struct dirent *entry;
    size_t most = out->n + MOST_NAMES;
    while ((errno = 0, entry = readdir(d)) != NULL && out->n <= most) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (marked)
            jig_strv_append_take(out, jig_strf("%s%s", entry->d_name, mark_of(dirfd(d), entry)));
        else
            jig_strv_append(out, entry->d_name);
    }
    failed = errno;
    closedir(d);
    if (out->n > most)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s holds more than %d files", dir,
                           MOST_NAMES);
    if (failed != 0)
        return jig_err_sys(reterr, failed, "cannot list %s", dir);
    jig_strv_sort(out);
    return JIG_OK;
}

enum jig_code jig_fs_list(const char *dir, struct jig_strv *out, struct jig_err *reterr)
{
    return list(dir, false, out, reterr);
}

enum jig_code jig_fs_list_marked(const char *dir, struct jig_strv *out, struct jig_err *reterr)
{
    return list(dir, true, out, reterr);
}
