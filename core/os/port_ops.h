/*
 * port_ops.h - what a kind of port must be able to do; between tty.c and the kinds alone.
 *
 * Everything else (reading, writing, waiting, being gone) is done by tty.c on the descriptor, which
 * is non-blocking.
 */
#ifndef JIG_OS_PORT_OPS_H
#define JIG_OS_PORT_OPS_H

#include "core/os/tty.h"

struct jig_port_ops {
    enum jig_port_kind kind;
    /* Opens, locks, and applies everything but dtr and rts. *ret_fd is owned by the kind. */
    enum jig_code (*open)(const char *path, const struct jig_port_settings *settings, void **ret,
                          int *ret_fd, struct jig_err *reterr);
    void (*close)(void *impl);
    enum jig_code (*set_baud)(void *impl, const char *path, int baud, struct jig_err *reterr);
    /* UNIMPLEMENTED when the port has no such lines. */
    enum jig_code (*set_lines)(void *impl, const char *path, int dtr, int rts,
                               struct jig_err *reterr);
};

extern const struct jig_port_ops jig_port_serial_ops; /* serialport.c */
extern const struct jig_port_ops jig_port_pty_ops;    /* ptyport.c */

/* The node itself: links are resolved, except for what stands in /dev, whose name is the system's
 * even when it is a link to somewhere else. The caller frees. */
char *jig_port_node(const char *path);

/* By device number: the slave side of a pty. */
bool jig_port_is_pty(const char *path);

/* The words for a failed open, with holder or hint as errno asks for it. */
enum jig_code jig_port_open_failed(const char *path, int sys_errno, struct jig_err *reterr);

#endif
