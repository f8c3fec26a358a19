#include "core/os/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/os/time.h"

#define RETRY_MS 20

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
    if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) < 0)
        return; /* the words are a courtesy; the lock is what counts */
}

static bool is_file_of(int fd, const char *path)
{
    struct stat held, now;
    return fstat(fd, &held) == 0 && lstat(path, &now) == 0 && held.st_dev == now.st_dev &&
           held.st_ino == now.st_ino;
}

enum jig_code jig_lock_try(struct jig_lock *l, const char *path, const char *holder,
                           struct jig_err *reterr)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open the lock file %s", path);
    if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
        if (!is_file_of(fd, path)) { /* it was removed since it was opened */
            close(fd);
            return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                                  "the lock file %s is being removed", path);
        }
        sign(fd, holder);
        l->fd = fd;
        return JIG_OK;
    }
    enum jig_code code = errno == EWOULDBLOCK ? busy(fd, path, reterr)
                                              : jig_err_sys(reterr, errno, "cannot lock %s", path);
    close(fd);
    return code;
}

enum jig_code jig_lock_wait(struct jig_lock *l, const char *path, const char *holder,
                            const struct jig_until *until, struct jig_err *reterr)
{
    for (;;) {
        enum jig_code code = jig_lock_try(l, path, holder, reterr);
        if (code != JIG_ABORTED)
            return code;
        code = jig_until_check(until, reterr);
        if (code != JIG_OK)
            return code;
        struct pollfd p = {.fd = until->cancel != NULL ? until->cancel->fd : -1, .events = POLLIN};
        int left = jig_deadline_poll_ms(until->deadline_ns);
        poll(&p, 1, left >= 0 && left < RETRY_MS ? left : RETRY_MS);
    }
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
    if (l->fd >= 0)
        close(l->fd); /* closing the only descriptor of this open file ends its flock */
    l->fd = -1;
}
