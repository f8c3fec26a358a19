#include "core/os/guard.h"

#include <errno.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/os/fs.h"

#define MOST_GROUPS 4096
#define MEMORY      "/dev/shm"
#define LEAST_FREE  ((uint64_t)1 << 30) /* bytes */

struct list {
    atomic_int groups[MOST_GROUPS]; /* 0: free */
    atomic_uint next;               /* where to look for a free one */
};

static struct list *list; /* shared with the guard; NULL: there is none */
static char folder[64];   /* "": there is none */

/* One that is there already was left by an earlier process of this number, or is not ours. */
static void make_folder(void)
{
    struct statfs s;
    if (statfs(MEMORY, &s) != 0 || s.f_type != TMPFS_MAGIC ||
        (uint64_t)s.f_bavail * (uint64_t)s.f_bsize < LEAST_FREE)
        return;
    snprintf(folder, sizeof folder, MEMORY "/jig-%ld-%ld", (long)getuid(), (long)getpid());
    bool made =
        mkdir(folder, 0700) == 0 ||
        (errno == EEXIST && jig_fs_remove_tree(folder, NULL) == JIG_OK && mkdir(folder, 0700) == 0);
    if (!made)
        folder[0] = '\0';
}

const char *jig_guard_folder(void)
{
    return folder[0] != '\0' ? folder : NULL;
}

/* Runs in the copy of a process that had one thread. */
static void keep_guard(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    prctl(PR_SET_NAME, "jig-guard");
    if (pidfd > 0)
        close_range(0, (unsigned)pidfd - 1, 0);
    close_range((unsigned)pidfd + 1, ~0U, 0);
    while (poll(&end, 1, -1) < 1)
        continue;
    for (size_t i = 0; i < MOST_GROUPS; i++) {
        int group = atomic_load(&list->groups[i]);
        if (group > 1)
            kill(-group, SIGKILL);
    }
    /* again, when one that was killed had just made another file */
    for (int i = 0; i < 2 && folder[0] != '\0'; i++) {
        if (jig_fs_remove_tree(folder, NULL) == JIG_OK)
            break;
    }
    _exit(0);
}

enum jig_code jig_guard_start(struct jig_err *reterr)
{
    if (list != NULL)
        return JIG_OK;
    sigset_t all, before;
    void *shared =
        mmap(NULL, sizeof *list, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return jig_err_sys(reterr, errno, "cannot share memory with a guard");
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
    if (pidfd < 0) {
        int failed = errno;
        munmap(shared, sizeof *list);
        return jig_err_sys(reterr, failed, "cannot watch this process");
    }
    list = shared;
    make_folder();
    sigfillset(&all); /* what ends us by the keyboard is not to end the guard */
    sigprocmask(SIG_SETMASK, &all, &before);
    pid_t guard = fork();
    int failed = errno;
    if (guard == 0)
        keep_guard(pidfd);
    sigprocmask(SIG_SETMASK, &before, NULL);
    close(pidfd);
    if (guard > 0)
        return JIG_OK;
    list = NULL;
    munmap(shared, sizeof *list);
    (void)rmdir(folder);
    folder[0] = '\0';
    return jig_err_sys(reterr, failed, "cannot start a guard");
}

int jig_guard_add(pid_t group)
{
    if (list == NULL)
        return -1;
    unsigned from = atomic_fetch_add(&list->next, 1);
    for (unsigned i = 0; i < MOST_GROUPS; i++) {
        int at = (int)((from + i) % MOST_GROUPS);
        int none = 0;
        if (atomic_compare_exchange_strong(&list->groups[at], &none, (int)group))
            return at;
    }
    return -1;
}

void jig_guard_remove(int entry)
{
    if (list != NULL && entry >= 0)
        atomic_store(&list->groups[entry], 0);
}
