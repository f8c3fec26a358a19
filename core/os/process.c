#include "core/os/process.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/os/fs.h"

#define STATUS_MAX (64 * 1024)
#define HEAPS      2

static enum jig_code real_uid(pid_t pid, uid_t *ret, struct jig_err *reterr)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/status", (long)pid);
    struct jig_buf status;
    jig_buf_init(&status, STATUS_MAX);
    enum jig_code code = jig_fs_read(path, &status, reterr);
    unsigned long uid = 0;
    if (code == JIG_OK) {
        const char *line = strstr(status.data, "\nUid:");
        if (line == NULL || sscanf(line, "\nUid: %lu", &uid) != 1)
            code = jig_err_set(reterr, JIG_INTERNAL, "%s names no Uid", path);
    }
    jig_buf_release(&status);
    if (code == JIG_OK)
        *ret = (uid_t)uid;
    return code;
}

static bool ended(int pidfd)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

enum jig_code jig_process_open(pid_t pid, int *ret_fd, uid_t *ret_uid, struct jig_err *reterr)
{
    if (pid <= 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%ld is not a process id", (long)pid);
    JIG_CLEANUP_FD int fd = pidfd_open(pid, 0);
    if (fd < 0 && errno == ESRCH)
        return jig_err_set(reterr, JIG_NOT_FOUND, "there is no process %ld", (long)pid);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot watch process %ld", (long)pid);
    uid_t uid = 0;
    enum jig_code code = real_uid(pid, &uid, reterr);
    /* /proc was asked by number: the answer counts only if the process was still there after it. */
    if (ended(fd))
        return jig_err_set(reterr, JIG_NOT_FOUND, "process %ld has ended", (long)pid);
    if (code != JIG_OK)
        return code;
    *ret_uid = uid;
    *ret_fd = fd;
    fd = -1;
    return JIG_OK;
}

int64_t jig_process_rss_bytes(void)
{
    struct jig_buf statm;
    jig_buf_init(&statm, 4096);
    unsigned long pages = 0;
    if (jig_fs_read("/proc/self/statm", &statm, NULL) != JIG_OK ||
        sscanf(statm.data, "%*u %lu", &pages) != 1)
        pages = 0;
    jig_buf_release(&statm);
    return (int64_t)pages * sysconf(_SC_PAGESIZE);
}

void jig_process_use_few_heaps(void)
{
    mallopt(M_ARENA_MAX, HEAPS);
    mallopt(M_MXFAST, 0);
}

void jig_process_trim(void)
{
    malloc_trim(0);
}

void jig_process_raise_descriptors(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit); /* with fewer, less can be done at once */
}
