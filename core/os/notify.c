#include "core/os/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "core/base/mem.h"

#define BATCH_BYTES 65536

/* Not all kernel headers have these. Source of the numbers: statfs(2), "Filesystem types". */
#define BCACHEFS_MAGIC 0xca451a4eL
#define EXFAT_MAGIC    0x2011bab0L
#define JFS_MAGIC      0x3153464aL
#define NTFS3_MAGIC    0x7366746eL
#define ZFS_MAGIC      0x2fc12fc1L
#define OVERLAY_MAGIC  0x794c7630L
#define XFS_MAGIC      0x58465342L
#define FUSE_MAGIC     0x65735546L

struct jig_notify {
    int fd;
    int mounts; /* /proc/self/mountinfo, which poll(2) says of when it changed; or -1 */
    bool mounts_seen;
    char *batch;
};

enum jig_code jig_notify_new(struct jig_notify **ret, struct jig_err *reterr)
{
    int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot watch files");
    struct jig_notify *n = jig_new(struct jig_notify);
    n->fd = fd;
    n->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    n->batch = jig_xcalloc(BATCH_BYTES, 1);
    *ret = n;
    return JIG_OK;
}

void jig_notify_free(struct jig_notify *n)
{
    if (n == NULL)
        return;
    close(n->fd);
    if (n->mounts >= 0)
        close(n->mounts);
    free(n->batch);
    free(n);
}

int jig_notify_fd(const struct jig_notify *n)
{
    return n->fd;
}

static uint32_t mask_of(unsigned what)
{
    uint32_t mask = IN_DONT_FOLLOW | IN_MASK_ADD | IN_EXCL_UNLINK | IN_DELETE_SELF | IN_MOVE_SELF;
    if ((what & JIG_NOTIFY_NAMES) != 0)
        mask |= IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB;
    if ((what & JIG_NOTIFY_CONTENTS) != 0)
        mask |= IN_MODIFY | IN_CLOSE_WRITE | IN_OPEN | IN_ATTRIB;
    return mask;
}

enum jig_code jig_notify_add(struct jig_notify *n, const char *path, unsigned what, int *ret_id,
                             struct jig_err *reterr)
{
    int id = inotify_add_watch(n->fd, path, mask_of(what));
    if (id >= 0) {
        *ret_id = id;
        return JIG_OK;
    }
    if (errno != ENOSPC)
        return jig_err_sys(reterr, errno, "cannot watch %s", path);
    enum jig_code code =
        jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "no more folders can be watched than are");
    jig_err_hint(reterr, "raise fs.inotify.max_user_watches with sysctl(8)");
    return code;
}

void jig_notify_remove(struct jig_notify *n, int id)
{
    inotify_rm_watch(n->fd, id);
}

const char *jig_notify_doubt(const char *path)
{
    static const struct {
        long magic;
        const char *doubt; /* NULL: it tells all */
    } kinds[] = {
        {EXT4_SUPER_MAGIC, NULL},  {BTRFS_SUPER_MAGIC, NULL},
        {TMPFS_MAGIC, NULL},       {XFS_MAGIC, NULL},
        {F2FS_SUPER_MAGIC, NULL},  {ZFS_MAGIC, NULL},
        {RAMFS_MAGIC, NULL},       {BCACHEFS_MAGIC, NULL},
        {JFS_MAGIC, NULL},         {REISERFS_SUPER_MAGIC, NULL},
        {MSDOS_SUPER_MAGIC, NULL}, {EXFAT_MAGIC, NULL},
        {NTFS3_MAGIC, NULL},       {SQUASHFS_MAGIC, NULL},
        {ISOFS_SUPER_MAGIC, NULL}, {OVERLAY_MAGIC, "overlay"},
        {NFS_SUPER_MAGIC, "nfs"},  {FUSE_MAGIC, "fuse"},
        {V9FS_MAGIC, "9p"},
    };
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return "unreadable";
    for (size_t i = 0; i < JIG_COUNT(kinds); i++) {
        if ((uint32_t)fs.f_type == (uint32_t)kinds[i].magic)
            return kinds[i].doubt;
    }
    return "unknown";
}

static enum jig_notify_event_kind kind_of(uint32_t mask)
{
    if ((mask & IN_Q_OVERFLOW) != 0)
        return JIG_NOTIFY_LOST;
    if ((mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) != 0)
        return JIG_NOTIFY_ENDED;
    if ((mask & (IN_CREATE | IN_MOVED_TO)) != 0)
        return JIG_NOTIFY_APPEARED;
    if ((mask & (IN_DELETE | IN_MOVED_FROM)) != 0)
        return JIG_NOTIFY_GONE;
    return (mask & IN_OPEN) != 0 ? JIG_NOTIFY_OPENED : JIG_NOTIFY_WRITTEN;
}

void jig_notify_drain(struct jig_notify *n,
                      void (*seen)(void *ctx, const struct jig_notify_event *event), void *ctx)
{
    int waiting = 0; /* what comes later than this moment is for the next call: there is an end */
    if (ioctl(n->fd, FIONREAD, &waiting) != 0)
        waiting = 0;
    while (waiting > 0) {
        ssize_t got = read(n->fd, n->batch, BATCH_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return;
        waiting -= (int)got;
        for (ssize_t at = 0; at < got;) {
            struct inotify_event head;
            memcpy(&head, n->batch + at, sizeof head);
            struct jig_notify_event event = {.kind = kind_of(head.mask),
                                             .id = head.wd,
                                             .name =
                                                 head.len > 0 ? n->batch + at + sizeof head : "",
                                             .is_dir = (head.mask & IN_ISDIR) != 0};
            seen(ctx, &event);
            at += (ssize_t)(sizeof head + head.len);
        }
    }
}

bool jig_notify_mounts_changed(struct jig_notify *n)
{
    struct pollfd p = {.fd = n->mounts, .events = POLLPRI};
    bool changed = !n->mounts_seen || n->mounts < 0 || poll(&p, 1, 0) != 0;
    n->mounts_seen = true;
    return changed;
}

static void ignore_sigio(void)
{
    signal(SIGIO, SIG_IGN);
}

enum jig_quiet_answer jig_quiet_begin(struct jig_quiet *q, const char *path)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, ignore_sigio);
    q->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (q->fd < 0)
        return JIG_QUIET_CANNOT_ASK;
    if (fcntl(q->fd, F_SETLEASE, F_RDLCK) == 0)
        return JIG_QUIET;
    bool writer = errno == EAGAIN;
    close(q->fd);
    q->fd = -1;
    return writer ? JIG_QUIET_WRITER : JIG_QUIET_CANNOT_ASK;
}

void jig_quiet_end(struct jig_quiet *q)
{
    fcntl(q->fd, F_SETLEASE, F_UNLCK);
    close(q->fd);
    q->fd = -1;
}

enum jig_quiet_answer jig_quiet_ask(const char *path)
{
    struct jig_quiet q;
    enum jig_quiet_answer answer = jig_quiet_begin(&q, path);
    if (answer == JIG_QUIET)
        jig_quiet_end(&q);
    return answer;
}
