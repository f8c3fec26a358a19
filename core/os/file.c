#include "core/os/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/os/fs.h"
#include "core/os/sighting.h"
#include "core/os/time.h"

#define SLACK_S 3600

enum jig_code jig_file_open(const char *path, mode_t mode, int *ret_fd, uint64_t *ret_size,
                            struct jig_err *reterr)
{
    jig_tell_write(path, true);
    int fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot write %s", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s is not a regular file", path);
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)st.st_size;
    return JIG_OK;
}

enum jig_code jig_file_open_to_read(const char *path, int *ret_fd, uint64_t *ret_size,
                                    struct jig_err *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot read %s", path);
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s is not a regular file", path);
    }
    *ret_fd = fd;
    *ret_size = (uint64_t)st.st_size;
    return JIG_OK;
}

enum jig_code jig_file_read(int fd, void *out, size_t n, size_t *ret_n, struct jig_err *reterr)
{
    for (;;) {
        ssize_t got = read(fd, out, n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return jig_err_sys(reterr, errno, "cannot read");
        *ret_n = (size_t)got;
        return JIG_OK;
    }
}

enum jig_code jig_file_empty(int fd, const char *path, struct jig_err *reterr)
{
    if (ftruncate(fd, 0) != 0)
        return jig_err_sys(reterr, errno, "cannot write %s", path);
    return JIG_OK;
}

static void times_of(int64_t mtime_ns, struct timespec out[2])
{
    out[0] = (struct timespec){.tv_nsec = UTIME_OMIT};
    out[1] =
        (struct timespec){.tv_sec = mtime_ns / JIG_NS_PER_S, .tv_nsec = mtime_ns % JIG_NS_PER_S};
}

enum jig_code jig_file_seal(int fd, const char *path, mode_t mode, int64_t mtime_ns,
                            struct jig_err *reterr)
{
    struct timespec times[2];
    times_of(mtime_ns, times);
    if (fchmod(fd, mode) != 0 || futimens(fd, times) != 0 || fsync(fd) != 0)
        return jig_err_sys(reterr, errno, "cannot write %s", path);
    return JIG_OK;
}

int64_t jig_stamp_used_ns(const struct jig_stamp *s)
{
    int64_t latest_ns = jig_unix_coarse_ns() + SLACK_S * JIG_NS_PER_S;
    return s->mtime_ns <= latest_ns ? s->mtime_ns : INT64_MIN;
}

enum jig_code jig_fs_set_mtime(const char *path, int64_t mtime_ns, struct jig_err *reterr)
{
    struct timespec times[2];
    times_of(mtime_ns, times);
    if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW) != 0)
        return jig_err_sys(reterr, errno, "cannot set the time of %s", path);
    return JIG_OK;
}

/* By a descriptor, as fchmodat(2) follows links. */
enum jig_code jig_fs_set_mode(const char *path, mode_t mode, struct jig_err *reterr)
{
    JIG_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fchmod(fd, mode) != 0)
        return jig_err_sys(reterr, errno, "cannot set the mode of %s", path);
    return JIG_OK;
}

enum jig_code jig_fs_sync_all(const char *path, struct jig_err *reterr)
{
    JIG_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || syncfs(fd) != 0)
        return jig_err_sys(reterr, errno, "cannot write %s to the disk", path);
    return JIG_OK;
}

enum jig_code jig_fs_space(const char *path, uint64_t *ret_total, uint64_t *ret_free,
                           struct jig_err *reterr)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0)
        return jig_err_sys(reterr, errno, "cannot look at the filesystem of %s", path);
    *ret_total = (uint64_t)fs.f_blocks * fs.f_frsize;
    *ret_free = (uint64_t)fs.f_bavail * fs.f_frsize;
    return JIG_OK;
}
