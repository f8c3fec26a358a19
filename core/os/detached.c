#include "core/os/detached.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/os/time.h"

/* The pipe is moved first: it may be one of the descriptors that are replaced. */
static int set_actions(posix_spawn_file_actions_t *a, int pipe_fd)
{
    int rc = posix_spawn_file_actions_adddup2(a, pipe_fd, JIG_DETACHED_FD);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(a, 1, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addopen(a, 2, "/dev/null", O_WRONLY, 0);
    if (rc == 0)
        rc = posix_spawn_file_actions_addclosefrom_np(a, JIG_DETACHED_FD + 1);
    if (rc == 0)
        rc = posix_spawn_file_actions_addchdir_np(a, "/");
    return rc;
}

static int set_attributes(posix_spawnattr_t *attr)
{
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int rc = posix_spawnattr_setsigdefault(attr, &all);
    if (rc == 0)
        rc = posix_spawnattr_setsigmask(attr, &none);
    if (rc == 0)
        rc = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF |
                                                POSIX_SPAWN_SETSIGMASK);
    return rc;
}

static int spawn(const char *program, char *const *argv, char *const *env, int pipe_fd,
                 pid_t *ret_pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    int rc = posix_spawn_file_actions_init(&actions);
    if (rc != 0)
        return rc;
    rc = posix_spawnattr_init(&attr);
    if (rc == 0) {
        rc = set_actions(&actions, pipe_fd);
        if (rc == 0)
            rc = set_attributes(&attr);
        if (rc == 0)
            rc = posix_spawn(ret_pid, program, &actions, &attr, argv, env);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

enum jig_code jig_detached_start(const char *program, char *const *argv, char *const *env,
                                 int pipe_fd, pid_t *ret_pid, struct jig_err *reterr)
{
    int rc = spawn(program, argv, env, pipe_fd, ret_pid);
    return rc == 0 ? JIG_OK : jig_err_sys(reterr, rc, "cannot start %s", program);
}

static void close_all_but(int keep_fd)
{
    if (keep_fd < 3) {
        close_range(3, ~0U, 0);
        return;
    }
    if (keep_fd > 3)
        close_range(3, (unsigned)keep_fd - 1, 0);
    close_range((unsigned)keep_fd + 1, ~0U, 0);
    fcntl(keep_fd, F_SETFD, FD_CLOEXEC);
}

void jig_detached_become(int keep_fd)
{
    umask(077);
    (void)setsid(); /* fails when it leads one already */
    if (chdir("/") != 0)
        abort(); /* there is always a root */
    close_all_but(keep_fd);
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; null >= 0 && fd < 3; fd++) {
        if (fd != keep_fd)
            dup2(null, fd);
    }
    if (null > 2)
        close(null);
}

enum jig_code jig_detached_wait_gone(pid_t pid, int64_t deadline_ns, struct jig_err *reterr)
{
    int fd = pidfd_open(pid, 0);
    if (fd < 0 && errno == ESRCH)
        return JIG_OK;
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot watch process %d", (int)pid);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int n;
    do
        n = poll(&p, 1, jig_deadline_poll_ms(deadline_ns));
    while ((n < 0 && errno == EINTR) || (n == 0 && jig_now_ns() < deadline_ns));
    int saved = errno;
    close(fd);
    if (n < 0)
        return jig_err_sys(reterr, saved, "cannot watch process %d", (int)pid);
    if (n == 0)
        return jig_err_set(reterr, JIG_DEADLINE_EXCEEDED, "process %d did not end in time",
                           (int)pid);
    return JIG_OK;
}

int jig_detached_reap(pid_t pid, int64_t deadline_ns)
{
    int how = 0;
    if (jig_detached_wait_gone(pid, deadline_ns, NULL) != JIG_OK)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &how, 0) < 0 && errno == EINTR) {
    }
    return how;
}

void jig_detached_forget(pid_t pid)
{
    (void)waitpid(pid, NULL, WNOHANG);
}
