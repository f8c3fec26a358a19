/* Real serial ports, through libserialport. */
#include <errno.h>
#include <libserialport.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "core/base/mem.h"
#include "core/os/port_ops.h"

static const struct {
    char letter;
    enum sp_parity parity;
} parities[] = {
    {'N', SP_PARITY_NONE},  {'E', SP_PARITY_EVEN}, {'O', SP_PARITY_ODD},
    {'S', SP_PARITY_SPACE}, {'M', SP_PARITY_MARK},
};

/* libserialport's answer as an errno; must be asked right after the failure. */
static int why(enum sp_return r)
{
    switch (r) {
    case SP_OK:
        return 0;
    case SP_ERR_ARG:
        return EINVAL;
    case SP_ERR_MEM:
        return ENOMEM;
    case SP_ERR_SUPP:
        return EOPNOTSUPP;
    default:
        return sp_last_error_code() != 0 ? sp_last_error_code() : EIO;
    }
}

static enum sp_parity parity_of(char letter)
{
    for (size_t i = 0; i < JIG_COUNT(parities); i++) {
        if (parities[i].letter == letter)
            return parities[i].parity;
    }
    return SP_PARITY_NONE;
}

static enum sp_return configure(struct sp_port *port, const struct jig_port_settings *s)
{
    struct sp_port_config *config = NULL;
    enum sp_return r = sp_new_config(&config);
    if (r != SP_OK)
        return r;
    sp_set_config_baudrate(config, s->baud);
    sp_set_config_bits(config, s->data_bits);
    sp_set_config_parity(config, parity_of(s->parity));
    sp_set_config_stopbits(config, s->stop_bits);
    sp_set_config_flowcontrol(config, SP_FLOWCONTROL_NONE);
    r = sp_set_config(port, config);
    int kept = errno;
    sp_free_config(config);
    errno = kept;
    return r;
}

static enum jig_code serial_open(const char *path, const struct jig_port_settings *settings,
                                 void **ret, int *ret_fd, struct jig_err *reterr)
{
    struct sp_port *port = NULL;
    JIG_CLEANUP_FREE char *node = jig_port_node(path);
    enum sp_return r = sp_get_port_by_name(node, &port);
    if (r != SP_OK)
        return jig_port_open_failed(path, r == SP_ERR_ARG ? ENODEV : why(r), reterr);
    r = sp_open(port, SP_MODE_READ_WRITE);
    if (r != SP_OK) {
        int failed = why(r);
        sp_free_port(port);
        return jig_port_open_failed(path, failed, reterr);
    }
    r = configure(port, settings);
    int fd = -1;
    if (r == SP_OK)
        r = sp_get_port_handle(port, &fd);
    if (r != SP_OK) {
        int failed = why(r);
        sp_close(port);
        sp_free_port(port);
        return jig_err_sys(reterr, failed, "cannot set %s to %d baud, %d%c%d", path, settings->baud,
                           settings->data_bits, settings->parity, settings->stop_bits);
    }
    *ret = port;
    *ret_fd = fd;
    return JIG_OK;
}

static void serial_close(void *impl)
{
    sp_close(impl);
    sp_free_port(impl);
}

static enum jig_code serial_set_baud(void *impl, const char *path, int baud, struct jig_err *reterr)
{
    enum sp_return r = sp_set_baudrate(impl, baud);
    if (r != SP_OK)
        return jig_err_sys(reterr, why(r), "cannot set %s to %d baud", path, baud);
    return JIG_OK;
}

static int set_line(struct sp_port *port, int line, int value)
{
    int fd = -1;
    enum sp_return r = sp_get_port_handle(port, &fd);
    if (r != SP_OK)
        return why(r);
    return ioctl(fd, value ? TIOCMBIS : TIOCMBIC, &line) == 0 ? 0 : errno;
}

static enum jig_code serial_set_lines(void *impl, const char *path, int dtr, int rts,
                                      struct jig_err *reterr)
{
    /* By ioctl rather than sp_set_dtr: that one goes through the whole configuration, and forgets
     * the difference between a port that lacks the lines and one that failed. */
    int failed = dtr != JIG_LINE_LEAVE ? set_line(impl, TIOCM_DTR, dtr) : 0;
    if (failed == 0 && rts != JIG_LINE_LEAVE)
        failed = set_line(impl, TIOCM_RTS, rts);
    if (failed == ENOTTY || failed == EINVAL)
        return jig_err_set(reterr, JIG_UNIMPLEMENTED, "%s has no modem lines", path);
    if (failed != 0)
        return jig_err_sys(reterr, failed, "cannot set the modem lines of %s", path);
    return JIG_OK;
}

const struct jig_port_ops jig_port_serial_ops = {
    .kind = JIG_PORT_SERIAL,
    .open = serial_open,
    .close = serial_close,
    .set_baud = serial_set_baud,
    .set_lines = serial_set_lines,
};
