/* Ptys, by the kernel's own termios2 interface: one path for every rate, standard or not. */
#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/os/port_ops.h"

/* Rates that have a code of their own. A pty's other end reads the code, so it is used where there
 * is one. Source: linux/include/uapi/asm-generic/termbits.h */
static const struct {
    int baud;
    tcflag_t code;
} rates[] = {
    {50, B50},           {75, B75},           {110, B110},         {134, B134},
    {150, B150},         {200, B200},         {300, B300},         {600, B600},
    {1200, B1200},       {1800, B1800},       {2400, B2400},       {4800, B4800},
    {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200},   {230400, B230400},   {460800, B460800},   {500000, B500000},
    {576000, B576000},   {921600, B921600},   {1000000, B1000000}, {1152000, B1152000},
    {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000}, {3000000, B3000000},
    {3500000, B3500000}, {4000000, B4000000},
};

static const tcflag_t data_bits[] = {CS5, CS6, CS7, CS8};

static tcflag_t rate_code(int baud)
{
    for (size_t i = 0; i < JIG_COUNT(rates); i++) {
        if (rates[i].baud == baud)
            return rates[i].code;
    }
    return BOTHER;
}

static tcflag_t parity_flags(char parity)
{
    switch (parity) {
    case 'E':
        return PARENB;
    case 'O':
        return PARENB | PARODD;
    case 'S':
        return PARENB | CMSPAR;
    case 'M':
        return PARENB | PARODD | CMSPAR;
    default:
        return 0;
    }
}

static void put_rate(struct termios2 *t, int baud)
{
    t->c_cflag &= ~((tcflag_t)CBAUD | (tcflag_t)CBAUD << IBSHIFT);
    t->c_cflag |= rate_code(baud);
    t->c_ispeed = t->c_ospeed = (speed_t)baud;
}

static int configure(int fd, const struct jig_port_settings *s)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0)
        return errno;
    t.c_iflag = 0;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = CREAD | CLOCAL | HUPCL | data_bits[s->data_bits - 5] | parity_flags(s->parity) |
                (s->stop_bits == 2 ? CSTOPB : 0);
    t.c_cc[VMIN] = 1; /* so that a read of nothing means hung up, not empty */
    t.c_cc[VTIME] = 0;
    put_rate(&t, s->baud);
    return ioctl(fd, TCSETS2, &t) == 0 ? 0 : errno;
}

static enum jig_code pty_open(const char *path, const struct jig_port_settings *settings,
                              void **ret, int *ret_fd, struct jig_err *reterr)
{
    int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return jig_port_open_failed(path, errno, reterr);
    int failed = flock(fd, LOCK_EX | LOCK_NB) == 0 ? configure(fd, settings) : errno;
    if (failed != 0) {
        close(fd);
        return jig_port_open_failed(path, failed, reterr);
    }
    *ret = (void *)(intptr_t)fd;
    *ret_fd = fd;
    return JIG_OK;
}

static void pty_close(void *impl)
{
    close((int)(intptr_t)impl);
}

static enum jig_code pty_set_baud(void *impl, const char *path, int baud, struct jig_err *reterr)
{
    int fd = (int)(intptr_t)impl;
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0)
        return jig_err_sys(reterr, errno, "cannot read the settings of %s", path);
    put_rate(&t, baud);
    if (ioctl(fd, TCSETS2, &t) != 0)
        return jig_err_sys(reterr, errno, "cannot set %s to %d baud", path, baud);
    return JIG_OK;
}

static enum jig_code pty_set_lines(void *impl, const char *path, int dtr, int rts,
                                   struct jig_err *reterr)
{
    (void)impl;
    (void)dtr;
    (void)rts;
    return jig_err_set(reterr, JIG_UNIMPLEMENTED, "%s has no modem lines", path);
}

const struct jig_port_ops jig_port_pty_ops = {
    .kind = JIG_PORT_PTY,
    .open = pty_open,
    .close = pty_close,
    .set_baud = pty_set_baud,
    .set_lines = pty_set_lines,
};
