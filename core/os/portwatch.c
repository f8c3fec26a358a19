/* Whether a port's node is still there, for who waits while another program has it open. */
#include <errno.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/port_ops.h"

void jig_port_watch_init(struct jig_port_watch *w, const char *path)
{
    *w = (struct jig_port_watch){.fd = -1};
    if (jig_fs_real(path, &w->path, NULL) != JIG_OK)
        w->path = jig_xstrdup(path);
    w->pty = jig_port_is_pty(w->path);
    JIG_CLEANUP_FREE char *folder = jig_path_dir(w->path);
    w->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (w->fd >= 0 && inotify_add_watch(w->fd, folder, IN_DELETE | IN_MOVED_FROM) < 0) {
        close(w->fd);
        w->fd = -1;
    }
}

void jig_port_watch_release(struct jig_port_watch *w)
{
    if (w->fd >= 0)
        close(w->fd);
    free(w->path);
    *w = (struct jig_port_watch){.fd = -1};
}

/* True when one of the n bytes of events is about the name. */
static bool is_about(const char *events, size_t n, const char *name)
{
    for (size_t at = 0; at < n;) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(events + at);
        if (e->len > 0 && jig_streq(e->name, name))
            return true;
        at += sizeof *e + e->len;
    }
    return false;
}

bool jig_port_watch_gone(struct jig_port_watch *w)
{
    _Alignas(struct inotify_event) char events[4096];
    for (;;) {
        ssize_t n = w->fd >= 0 ? read(w->fd, events, sizeof events) : -1;
        if (n <= 0)
            break;
        w->gone = w->gone || is_about(events, (size_t)n, jig_path_base(w->path));
    }
    return w->gone || !jig_fs_exists(w->path);
}

bool jig_port_watch_is_back(struct jig_port_watch *w)
{
    w->gone = w->pty || !jig_fs_exists(w->path);
    return !w->gone;
}
