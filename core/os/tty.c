#include "core/os/tty.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/port_ops.h"
#include "core/os/time.h"

struct jig_port {
    const struct jig_port_ops *ops;
    void *impl;
    int fd;
    char *path;
};

static bool is_system_tty(const char *path)
{
    JIG_CLEANUP_FREE char *node = jig_port_node(path);
    JIG_CLEANUP_FREE char *listed = jig_path_join("/sys/class/tty", jig_path_base(node));
    return jig_str_starts(node, "/dev/") && jig_fs_exists(listed);
}

static enum jig_code check_settings(const char *path, const struct jig_port_settings *s,
                                    struct jig_err *reterr)
{
    if (path[0] != '/')
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the port '%s' is not an absolute path",
                           path);
    if (s->baud < 1)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%d is no rate for the port %s", s->baud,
                           path);
    if (s->data_bits < 5 || s->data_bits > 8 || s->stop_bits < 1 || s->stop_bits > 2 ||
        s->parity == '\0' || strchr("NEOSM", s->parity) == NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the port %s cannot have the frame %d%c%d",
                           path, s->data_bits, s->parity, s->stop_bits);
    return JIG_OK;
}

bool jig_port_may_be(const char *path)
{
    /* Terminals have majors 4 and 5, ptys 136-143, and USB adapters their own; what is none of the
     * memory devices (1) may be one. (Linux Documentation/admin-guide/devices.txt) */
    struct stat st;
    return stat(path, &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) != 1;
}

char *jig_port_node(const char *path)
{
    char *real = NULL;
    JIG_CLEANUP_FREE char *folder = jig_path_dir(path);
    if (jig_streq(folder, "/dev") || jig_fs_real(path, &real, NULL) != JIG_OK)
        return jig_xstrdup(path);
    return real;
}

static enum jig_code choose_ops(const char *path, const struct jig_port_ops **ret,
                                struct jig_err *reterr)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return jig_port_open_failed(path, errno, reterr);
    if (!S_ISCHR(st.st_mode))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is not a serial port", path);
    *ret = is_system_tty(path) ? &jig_port_serial_ops : &jig_port_pty_ops;
    return JIG_OK;
}

/* Programs that do not lock would share the bytes with us; better to say so now. What is no tty at
 * all (/dev/null, which everybody holds) goes on to fail at the open. */
static enum jig_code refuse_sharing(const char *path, const struct jig_port_ops *ops,
                                    struct jig_err *reterr)
{
    struct jig_port_holder one;
    if (ops->kind == JIG_PORT_PTY && !jig_port_is_pty(path))
        return JIG_OK;
    return jig_port_holders(path, &one, 1) > 0 ? jig_port_busy(path, EBUSY, reterr) : JIG_OK;
}

enum jig_code jig_port_check(const char *path, struct jig_err *reterr)
{
    const struct jig_port_ops *ops = NULL;
    struct jig_port_settings any = JIG_PORT_8N1(9600);
    enum jig_code code = check_settings(path, &any, reterr);
    if (code == JIG_OK)
        code = choose_ops(path, &ops, reterr);
    if (code == JIG_OK && access(path, R_OK | W_OK) != 0)
        code = jig_port_open_failed(path, errno, reterr);
    if (code == JIG_OK)
        code = refuse_sharing(path, ops, reterr);
    return code;
}

enum jig_code jig_port_open(const char *path, const struct jig_port_settings *settings,
                            struct jig_port **ret, struct jig_err *reterr)
{
    const struct jig_port_ops *ops = NULL;
    enum jig_code code = check_settings(path, settings, reterr);
    if (code == JIG_OK)
        code = choose_ops(path, &ops, reterr);
    if (code == JIG_OK && !settings->shared)
        code = refuse_sharing(path, ops, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_port *p = jig_new(struct jig_port);
    p->ops = ops;
    code = ops->open(path, settings, &p->impl, &p->fd, reterr);
    if (code != JIG_OK) {
        free(p);
        return code;
    }
    p->path = jig_xstrdup(path);
    if (settings->dtr != JIG_LINE_LEAVE || settings->rts != JIG_LINE_LEAVE) {
        code = jig_port_set_lines(p, settings->dtr, settings->rts, reterr);
        if (code != JIG_OK && code != JIG_UNIMPLEMENTED) {
            jig_port_close(p);
            return code;
        }
    }
    *ret = p;
    return JIG_OK;
}

void jig_port_close(struct jig_port *p)
{
    if (p == NULL)
        return;
    p->ops->close(p->impl);
    free(p->path);
    free(p);
}

const char *jig_port_path(const struct jig_port *p)
{
    return p->path;
}

enum jig_port_kind jig_port_kind(const struct jig_port *p)
{
    return p->ops->kind;
}

int jig_port_fd(const struct jig_port *p)
{
    return p->fd;
}

static enum jig_code gone(const struct jig_port *p, int sys_errno, struct jig_err *reterr)
{
    jig_err_set(reterr, JIG_UNAVAILABLE, "the port %s is gone: %s", p->path,
                sys_errno != 0 ? strerrordesc_np(sys_errno) : "the device hung up");
    if (reterr != NULL)
        reterr->sys_errno = sys_errno != 0 ? sys_errno : EIO;
    return JIG_UNAVAILABLE;
}

static bool hung_up(const struct jig_port *p)
{
    struct pollfd f = {.fd = p->fd, .events = POLLIN};
    return poll(&f, 1, 0) > 0 && (f.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

enum jig_code jig_port_try_read(struct jig_port *p, void *data, size_t size, size_t *ret_n,
                                struct jig_err *reterr)
{
    ssize_t n;
    do {
        n = read(p->fd, data, size);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        *ret_n = (size_t)n;
        return JIG_OK;
    }
    if (n < 0 && errno != EAGAIN)
        return gone(p, errno, reterr);
    if (hung_up(p))
        return gone(p, 0, reterr);
    *ret_n = 0;
    return JIG_OK;
}

enum jig_code jig_port_try_write(struct jig_port *p, const void *data, size_t n, size_t *ret_n,
                                 struct jig_err *reterr)
{
    ssize_t took;
    do {
        took = write(p->fd, data, n);
    } while (took < 0 && errno == EINTR);
    if (took < 0 && errno != EAGAIN)
        return gone(p, errno, reterr);
    *ret_n = took > 0 ? (size_t)took : 0;
    return JIG_OK;
}

static enum jig_code wait_for(struct jig_port *p, short events, const struct jig_until *until,
                              struct jig_err *reterr)
{
    enum jig_code code = jig_until_check(until, reterr);
    if (code != JIG_OK) {
        jig_err_prefix(reterr, "the port %s", p->path);
        return code;
    }
    struct pollfd fds[] = {
        {.fd = p->fd, .events = events},
        {.fd = until->cancel != NULL ? until->cancel->fd : -1, .events = POLLIN},
    };
    int ready = poll(fds, 2, jig_deadline_poll_ms(until->deadline_ns));
    if (ready < 0 && errno != EINTR)
        return jig_err_sys(reterr, errno, "cannot wait for the port %s", p->path);
    if ((fds[0].revents & POLLNVAL) != 0)
        return gone(p, EBADF, reterr);
    return JIG_OK;
}

enum jig_code jig_port_read(struct jig_port *p, void *data, size_t size,
                            const struct jig_until *until, size_t *ret_n, struct jig_err *reterr)
{
    for (;;) {
        enum jig_code code = jig_port_try_read(p, data, size, ret_n, reterr);
        if (code != JIG_OK || *ret_n > 0)
            return code;
        code = wait_for(p, POLLIN, until, reterr);
        if (code != JIG_OK)
            return code;
    }
}

enum jig_code jig_port_write(struct jig_port *p, const void *data, size_t n,
                             const struct jig_until *until, size_t *ret_n, struct jig_err *reterr)
{
    size_t done = 0;
    enum jig_code code = JIG_OK;
    while (code == JIG_OK && done < n) {
        size_t took = 0;
        code = jig_port_try_write(p, (const char *)data + done, n - done, &took, reterr);
        if (code == JIG_OK)
            done += took;
        if (code == JIG_OK && took == 0)
            code = wait_for(p, POLLOUT, until, reterr);
    }
    if (ret_n != NULL)
        *ret_n = done;
    return code;
}

enum jig_code jig_port_set_baud(struct jig_port *p, int baud, struct jig_err *reterr)
{
    return p->ops->set_baud(p->impl, p->path, baud, reterr);
}

enum jig_code jig_port_set_lines(struct jig_port *p, int dtr, int rts, struct jig_err *reterr)
{
    return p->ops->set_lines(p->impl, p->path, dtr, rts, reterr);
}

void jig_port_flush_input(struct jig_port *p)
{
    char waste[4096];
    size_t n = 1;
    for (int i = 0; n > 0 && i < 64; i++) { /* a board that never stops must not hold us */
        if (jig_port_try_read(p, waste, sizeof waste, &n, NULL) != JIG_OK)
            return;
    }
}
