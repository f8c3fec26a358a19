#include "core/os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/os/time.h"

#define RETRY_MS 20 /* the kernel tells of a dead holder's close before it ends the flock */

static enum jig_code busy(int fd, const char *path, struct jig_err *reterr)
{
    char holder[128] = "";
    ssize_t n = pread(fd, holder, sizeof holder - 1, 0);
    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY, "%s is locked by %s", path,
                          holder[0] != '\0' ? holder : "another process");
}

static void sign(int fd, const char *holder)
{
    char text[128];
    int n = holder != NULL
                ? snprintf(text, sizeof text, "%.90s (pid %ld)\n", holder, (long)getpid())
                : snprintf(text, sizeof text, "pid %ld\n", (long)getpid());
    struct stat st;
    /* Cut afterwards: ext4 flushes a file that was emptied when it is closed, which takes 10 ms. */
    if (pwrite(fd, text, (size_t)n, 0) < 0 ||
        (fstat(fd, &st) == 0 && st.st_size > n && ftruncate(fd, n) != 0))
        return; /* the words are a courtesy; the lock is what counts */
}

static bool is_file_of(int fd, const char *path)
{
    struct stat held, now;
    return fstat(fd, &held) == 0 && lstat(path, &now) == 0 && held.st_dev == now.st_dev &&
           held.st_ino == now.st_ino;
}

static enum jig_code open_file(const char *path, int *ret, struct jig_err *reterr)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open the lock file %s", path);
    *ret = fd;
    return JIG_OK;
}

/* The file stays open, whatever comes of it. */
static enum jig_code take(int fd, const char *path, const char *holder, struct jig_err *reterr)
{
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        return errno == EWOULDBLOCK ? busy(fd, path, reterr)
                                    : jig_err_sys(reterr, errno, "cannot lock %s", path);
    if (!is_file_of(fd, path)) { /* it was removed since it was opened */
        flock(fd, LOCK_UN);
        return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "the lock file %s is being removed", path);
    }
    sign(fd, holder);
    return JIG_OK;
}

enum jig_code jig_lock_try(struct jig_lock *l, const char *path, const char *holder,
                           struct jig_err *reterr)
{
    int fd = -1;
    enum jig_code code = open_file(path, &fd, reterr);
    if (code != JIG_OK)
        return code;
    code = take(fd, path, holder, reterr);
    if (code == JIG_OK)
        l->fd = fd;
    else
        close(fd);
    return code;
}

/* Until somebody closes the file (`watch`, which may be -1), or it is time to look again. */
static void wait_for_close(int watch, const struct jig_until *until)
{
    struct pollfd fds[] = {
        {.fd = watch, .events = POLLIN},
        {.fd = until->cancel != NULL ? until->cancel->fd : -1, .events = POLLIN}};
    int left = jig_deadline_poll_ms(until->deadline_ns);
    char events[4096];
    if (poll(fds, 2, left >= 0 && left < RETRY_MS ? left : RETRY_MS) <= 0 || fds[0].revents == 0)
        return;
    while (read(watch, events, sizeof events) > 0)
        continue;
}

/* Somebody has it. *fd is of the path's file, opened anew when that was replaced; -1 on failure. */
static enum jig_code wait_for_it(int *fd, const char *path, const char *holder,
                                 const struct jig_until *until, struct jig_err *reterr)
{
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK); /* without one, we look again and again */
    enum jig_code code = JIG_OK;
    while (code == JIG_OK) {
        if (watch >= 0)
            (void)inotify_add_watch(watch, path, IN_CLOSE_WRITE);
        code = take(*fd, path, holder, reterr);
        if (code != JIG_ABORTED)
            break;
        code = jig_until_check(until, reterr);
        if (code == JIG_OK)
            wait_for_close(watch, until);
        if (code == JIG_OK && !is_file_of(*fd, path)) {
            close(*fd);
            *fd = -1;
            code = open_file(path, fd, reterr);
        }
    }
    if (watch >= 0)
        close(watch);
    return code;
}

/* Mostly it is free, and closing an inotify descriptor takes 10 ms. */
enum jig_code jig_lock_wait(struct jig_lock *l, const char *path, const char *holder,
                            const struct jig_until *until, struct jig_err *reterr)
{
    int fd = -1;
    enum jig_code code = open_file(path, &fd, reterr);
    if (code == JIG_OK)
        code = take(fd, path, holder, reterr);
    if (code == JIG_ABORTED) {
        jig_err_clear(reterr);
        code = wait_for_it(&fd, path, holder, until, reterr);
    }
    if (code == JIG_OK)
        l->fd = fd;
    else if (fd >= 0)
        close(fd);
    return code;
}

static enum jig_code take_share(int fd, const char *path, const struct jig_until *until,
                                struct jig_err *reterr)
{
    for (;;) {
        if (flock(fd, LOCK_SH | LOCK_NB) == 0)
            return JIG_OK;
        if (errno != EWOULDBLOCK)
            return jig_err_sys(reterr, errno, "cannot lock %s", path);
        enum jig_code code = jig_until_check(until, reterr);
        if (code != JIG_OK)
            return code;
        wait_for_close(-1, until);
    }
}

enum jig_code jig_lock_share(struct jig_lock *l, const char *path, const struct jig_until *until,
                             struct jig_err *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open the lock file %s", path);
    enum jig_code code = take_share(fd, path, until, reterr);
    if (code == JIG_OK)
        l->fd = fd;
    else
        close(fd);
    return code;
}

bool jig_lock_held(const struct jig_lock *l)
{
    return l->fd >= 0;
}

bool jig_lock_is_current(const struct jig_lock *l, const char *path)
{
    return l->fd >= 0 && is_file_of(l->fd, path);
}

void jig_lock_release(struct jig_lock *l)
{
    if (l->fd < 0)
        return;
    flock(l->fd, LOCK_UN); /* before those who wait hear of the close */
    close(l->fd);
    l->fd = -1;
}
