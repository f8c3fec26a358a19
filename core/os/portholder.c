/* Who holds a port, and the words for a port that cannot be had. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/port_ops.h"
#include "core/os/time.h"

#define MOST_NAMED 8

/* Majors of the slave side of ptys. Source: linux/Documentation/admin-guide/devices.txt, 136-143 */
static bool is_pty(dev_t rdev)
{
    return major(rdev) >= 136 && major(rdev) <= 143;
}

bool jig_port_is_pty(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && is_pty(st.st_rdev);
}

/* Index of the pty in its /dev/pts. */
static long pty_index(dev_t rdev)
{
    return (long)(major(rdev) - 136) * 256 + (long)minor(rdev);
}

/* A pty's number is its devpts instance's own; a real port's is the machine's. */
static bool same_port(const struct stat *a, const struct stat *b)
{
    return S_ISCHR(a->st_mode) && a->st_rdev == b->st_rdev &&
           (!is_pty(a->st_rdev) || a->st_dev == b->st_dev);
}

/* The line "tty-index:\tN" of fdinfo tells which pty a master belongs to. */
static bool is_master_of(int pid_fd, const char *fd_name, long index)
{
    char path[64];
    snprintf(path, sizeof path, "fdinfo/%.16s", fd_name);
    JIG_CLEANUP_FD int fd = openat(pid_fd, path, O_RDONLY | O_CLOEXEC);
    char text[512];
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (n <= 0)
        return false;
    text[n] = '\0';
    const char *at = strstr(text, "tty-index:");
    return at != NULL && strtol(at + 10, NULL, 10) == index;
}

/* True when the process has the port open. One that also has the pty's master is the board itself.
 */
static bool holds(int pid_fd, const struct stat *port)
{
    int list_fd = openat(pid_fd, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = list_fd >= 0 ? fdopendir(list_fd) : NULL;
    if (d == NULL) {
        if (list_fd >= 0)
            close(list_fd);
        return false;
    }
    bool found = false;
    bool master = false;
    for (struct dirent *e; !master && (e = readdir(d)) != NULL;) {
        char target[64];
        ssize_t n = readlinkat(list_fd, e->d_name, target, sizeof target - 1);
        if (n < 5 || memcmp(target, "/dev/", 5) != 0)
            continue; /* sockets, pipes and files: not worth a stat, which may block */
        target[n] = '\0';
        struct stat st;
        if (fstatat(list_fd, e->d_name, &st, 0) != 0)
            continue;
        found = found || same_port(&st, port);
        master = is_pty(port->st_rdev) && jig_str_ends(target, "ptmx") &&
                 is_master_of(pid_fd, e->d_name, pty_index(port->st_rdev));
    }
    closedir(d);
    return found && !master;
}

static void read_name(int pid_fd, char *out, size_t size)
{
    JIG_CLEANUP_FD int fd = openat(pid_fd, "comm", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, out, size - 1) : -1;
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

size_t jig_port_holders(const char *path, struct jig_port_holder *out, size_t most)
{
    struct stat port;
    if (stat(path, &port) != 0 || !S_ISCHR(port.st_mode))
        return 0;
    DIR *proc = opendir("/proc");
    if (proc == NULL)
        return 0;
    size_t n = 0;
    for (struct dirent *e; n < most && (e = readdir(proc)) != NULL;) {
        int64_t pid = 0;
        if (!isdigit((unsigned char)e->d_name[0]) || !jig_parse_i64(e->d_name, &pid) ||
            pid == getpid())
            continue;
        JIG_CLEANUP_FD int pid_fd =
            openat(dirfd(proc), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (pid_fd < 0 || !holds(pid_fd, &port))
            continue;
        out[n].pid = (pid_t)pid;
        read_name(pid_fd, out[n].name, sizeof out[n].name);
        n++;
    }
    closedir(proc);
    return n;
}

/* True when there was somebody to wait for, and that one has ended by now. */
static bool wait_for_one(const struct jig_port_holder *holder, pid_t group, int64_t deadline_ns)
{
    JIG_CLEANUP_FD int fd = pidfd_open(holder->pid, 0);
    if (fd < 0)
        return errno == ESRCH;
    if (getpgid(holder->pid) != group)
        return false;
    struct pollfd f = {.fd = fd, .events = POLLIN};
    int ready;
    do
        ready = poll(&f, 1, jig_deadline_poll_ms(deadline_ns));
    while (ready < 0 && errno == EINTR);
    return ready > 0;
}

void jig_port_wait_released(const char *path, pid_t group, int64_t deadline_ns)
{
    bool again = true;
    while (again && jig_now_ns() < deadline_ns) {
        struct jig_port_holder holders[MOST_NAMED];
        size_t n = jig_port_holders(path, holders, MOST_NAMED);
        again = false;
        for (size_t i = 0; i < n; i++)
            again = wait_for_one(&holders[i], group, deadline_ns) || again;
    }
}

static char *holders_text(const struct jig_port_holder *holders, size_t n)
{
    if (n == 0)
        return NULL;
    struct jig_buf b;
    jig_buf_init(&b, 1024);
    for (size_t i = 0; i < n; i++)
        jig_buf_printf(&b, "%s%s (pid %ld)", i > 0 ? ", " : "",
                       holders[i].name[0] != '\0' ? holders[i].name : "a process",
                       (long)holders[i].pid);
    return jig_buf_steal(&b);
}

char *jig_port_holders_text(const char *path)
{
    struct jig_port_holder holders[MOST_NAMED];
    return holders_text(holders, jig_port_holders(path, holders, MOST_NAMED));
}

/* Programs that are known to take ports by themselves, and what to do about them. */
static const struct {
    const char *name;
    const char *hint;
} known_holders[] = {
    {"ModemManager", "ModemManager probes new ports; wait a moment, or tell it to leave this one "
                     "alone (udev property ID_MM_DEVICE_IGNORE=1)"},
    {"brltty", "brltty takes USB serial adapters for braille displays; remove the package brltty "
               "if you need none"},
};

static const char *hint_for(const struct jig_port_holder *holders, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < JIG_COUNT(known_holders); k++) {
            if (jig_streq(holders[i].name, known_holders[k].name))
                return known_holders[k].hint;
        }
    }
    return "close that program and try again";
}

enum jig_code jig_port_busy(const char *path, int sys_errno, struct jig_err *reterr)
{
    struct jig_port_holder holders[MOST_NAMED];
    size_t n = jig_port_holders(path, holders, MOST_NAMED);
    JIG_CLEANUP_FREE char *text = holders_text(holders, n);
    jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY, "the port %s is held by %s", path,
                   text != NULL ? text : "a process that this user cannot see");
    if (n > 0)
        jig_err_hint(reterr, "%s", hint_for(holders, n));
    else
        jig_err_hint(reterr, "as root, `fuser -v %s` names it", path);
    if (reterr != NULL)
        reterr->sys_errno = sys_errno;
    return JIG_ABORTED;
}

static void permission_hint(const char *path, struct jig_err *reterr)
{
    struct stat st;
    struct group entry, *group = NULL;
    char room[4096];
    if (stat(path, &st) != 0 || (st.st_mode & 0060) != 0060 || st.st_gid == 0 ||
        getgrgid_r(st.st_gid, &entry, room, sizeof room, &group) != 0 || group == NULL) {
        jig_err_hint(reterr, "the port's owner or a udev rule must allow it");
        return;
    }
    jig_err_hint(reterr,
                 "join the group '%s' (sudo usermod -aG %s \"$USER\"), then log in again and "
                 "restart jigd",
                 group->gr_name, group->gr_name);
}

enum jig_code jig_port_open_failed(const char *path, int sys_errno, struct jig_err *reterr)
{
    switch (sys_errno) {
    case EBUSY:
    case EWOULDBLOCK:
        return jig_port_busy(path, sys_errno, reterr);
    case ENOTTY:
        jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is not a serial port", path);
        break;
    case EIO: /* a pty whose other end is closed; a ttyS without hardware */
        jig_err_set(reterr, JIG_NOT_FOUND, "there is no device behind the port %s", path);
        break;
    case ENOENT:
    case ENODEV:
    case ENXIO:
        jig_err_set(reterr, JIG_NOT_FOUND, "there is no port %s", path);
        break;
    default:
        jig_err_sys(reterr, sys_errno, "cannot open the port %s", path);
        if (sys_errno == EACCES || sys_errno == EPERM)
            permission_hint(path, reterr);
    }
    if (reterr == NULL)
        return sys_errno == ENOTTY ? JIG_INVALID_ARGUMENT
               : sys_errno == EIO  ? JIG_NOT_FOUND
                                   : jig_code_from_errno(sys_errno);
    reterr->sys_errno = sys_errno;
    return reterr->code;
}
