#include "tests/support/faults.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static enum fault now = FAULT_NONE;
static int steps; /* so far */
static int fail_at;

void faults_begin(enum fault fault, int at)
{
    steps = 0;
    fail_at = at;
    now = fault;
}

int faults_end(void)
{
    now = FAULT_NONE;
    return steps;
}

bool faults_step(bool takes_room)
{
    if (now == FAULT_NONE)
        return false;
    steps++;
    if (now == FAULT_KILLED && steps == fail_at)
        kill(getpid(), SIGKILL);
    if (now != FAULT_FULL || !takes_room || steps < fail_at)
        return false;
    errno = ENOSPC;
    return true;
}

/* ---- the calls of core/os ---- */

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    if (flags & O_CREAT && access(path, F_OK) != 0 && faults_step(true))
        return -1;
    return __real_open(path, flags, mode);
}

ssize_t __real_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    return faults_step(true) ? -1 : __real_write(fd, data, n);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    return faults_step(true) ? -1 : __real_mkdir(path, mode);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return faults_step(true) ? -1 : __real_rename(from, to);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd; /* a kill loses nothing that was written, and this takes long */
    return faults_step(true) ? -1 : 0;
}

int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
    (void)fd;
    return faults_step(true) ? -1 : 0;
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
    return faults_step(false) ? -1 : __real_unlink(path);
}

int __real_remove(const char *path);
int __wrap_remove(const char *path);
int __wrap_remove(const char *path)
{
    return faults_step(false) ? -1 : __real_remove(path);
}

int __real_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode);
int __wrap_fchmod(int fd, mode_t mode)
{
    return faults_step(false) ? -1 : __real_fchmod(fd, mode);
}

int __real_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int __wrap_renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
    return faults_step(true) ? -1 : __real_renameat2(from_dir, from, to_dir, to, flags);
}
