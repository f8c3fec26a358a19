/*
 * tty.h - serial ports of every kind behind one interface.
 *
 *   serial   in /sys/class/tty: through libserialport, with modem lines. Exclusive by TIOCEXCL and
 *            flock(2).
 *   pty      emulated boards and bridges: through termios, because libserialport refuses them. No
 *            modem lines. Exclusive by flock alone: TIOCEXCL on a pty outlives its holder for as
 *            long as the other end lives, so a killed daemon would leave the board unusable.
 *
 * Another kind (a network port) is another row of operations in core/os/port_ops.h; everything that
 * waits does so on jig_port_fd().
 *
 * A port is raw: no echo, no translation, no flow control. Opening fails at once and precisely:
 *
 *   NOT_FOUND           there is no such port (errno ENOENT, ENODEV, ENXIO)
 *   PERMISSION_DENIED   the hint names the group that may
 *   ABORTED, BUSY       somebody has it; the message names who, with pid
 *   INVALID_ARGUMENT    not a serial port, or it cannot do that rate
 *
 * A port whose device is gone answers UNAVAILABLE from then on, from every read and write; it never
 * spins and never looks idle.
 *
 * Threads: one thread reads and another may write; all else from one thread at a time.
 */
#ifndef JIG_OS_TTY_H
#define JIG_OS_TTY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

struct jig_port;

enum jig_port_kind { JIG_PORT_SERIAL, JIG_PORT_PTY };

#define JIG_LINE_LEAVE (-1)

struct jig_port_settings {
    int baud;      /* bits a second; any rate that the driver takes */
    int data_bits; /* 5 to 8 */
    char parity;   /* 'N', 'E', 'O', 'S', 'M' */
    int stop_bits; /* 1 or 2 */
    int dtr;       /* 0, 1 or JIG_LINE_LEAVE: opening raises it, as the kernel does */
    int rts;       /* the same */
    bool shared;   /* open it even when programs that do not lock have it open too */
};

/* 8 bits, no parity, 1 stop bit, lines left as they are. */
#define JIG_PORT_8N1(rate)                                                                         \
    ((struct jig_port_settings){.baud = (rate),                                                    \
                                .data_bits = 8,                                                    \
                                .parity = 'N',                                                     \
                                .stop_bits = 1,                                                    \
                                .dtr = JIG_LINE_LEAVE,                                             \
                                .rts = JIG_LINE_LEAVE})

enum jig_code jig_port_open(const char *path, const struct jig_port_settings *settings,
                            struct jig_port **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_port_close(struct jig_port *p); /* NULL is fine */

/* Whether an open could work, without opening (which resets many a board): the port is there, this
 * user may use it, nobody has it. For a port that another program is about to open. */
enum jig_code jig_port_check(const char *path, struct jig_err *reterr) JIG_CHECKED;

const char *jig_port_path(const struct jig_port *p); /* as given to open; borrowed */
enum jig_port_kind jig_port_kind(const struct jig_port *p);
int jig_port_fd(const struct jig_port *p); /* for poll(2) only */

/* What there is, without waiting: *ret_n is 0 when there is nothing now. */
enum jig_code jig_port_try_read(struct jig_port *p, void *data, size_t size, size_t *ret_n,
                                struct jig_err *reterr) JIG_CHECKED;

/* As many bytes as the port takes now, perhaps 0. */
enum jig_code jig_port_try_write(struct jig_port *p, const void *data, size_t n, size_t *ret_n,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Waits for at least one byte. */
enum jig_code jig_port_read(struct jig_port *p, void *data, size_t size,
                            const struct jig_until *until, size_t *ret_n,
                            struct jig_err *reterr) JIG_CHECKED;

/* Hands all n bytes to the kernel; *ret_n (may be NULL) is how many it took, on failure too. */
enum jig_code jig_port_write(struct jig_port *p, const void *data, size_t n,
                             const struct jig_until *until, size_t *ret_n,
                             struct jig_err *reterr) JIG_CHECKED;

enum jig_code jig_port_set_baud(struct jig_port *p, int baud, struct jig_err *reterr) JIG_CHECKED;

/* Sets the modem lines that are not JIG_LINE_LEAVE. UNIMPLEMENTED on a port without such lines. */
enum jig_code jig_port_set_lines(struct jig_port *p, int dtr, int rts,
                                 struct jig_err *reterr) JIG_CHECKED;

/* A node that may be a serial port; opening it tells. False for files, /dev/null and the like. */
bool jig_port_may_be(const char *path);

/* Throws away what was received and not read. */
void jig_port_flush_input(struct jig_port *p);

/*
 * Who has the port's device node open: every process but this one, by /proc/<pid>/fd. The process
 * at a pty's other end is not a holder. Only processes that this user may look at are seen.
 */
struct jig_port_holder {
    pid_t pid;
    char name[32]; /* /proc/<pid>/comm */
};

/* Fills up to `most`; returns how many were filled. */
size_t jig_port_holders(const char *path, struct jig_port_holder *out, size_t most);

/* "picocom (pid 123), screen (pid 77)", or NULL when nobody can be named. The caller frees. */
char *jig_port_holders_text(const char *path);

/* Waits until no process of the group has the port open: a group that was killed has not let go of
 * everything when its leader is reaped. Gives up at the deadline. */
void jig_port_wait_released(const char *path, pid_t group, int64_t deadline_ns);

/* ABORTED with reason BUSY: "the port P is held by ..." and what to do about a known holder. */
enum jig_code jig_port_busy(const char *path, int sys_errno, struct jig_err *reterr);

/*
 * Tells when a port's node goes away while somebody else (a flash tool) has the port open: the
 * descriptor becomes readable when something in the node's folder was removed.
 */
struct jig_port_watch {
    int fd;     /* -1 where the folder cannot be watched */
    char *path; /* the node, links resolved */
    bool pty;   /* its name says nothing once it is gone: another one may have the number */
    bool gone;  /* it was removed, even if another one has its name by now */
};

void jig_port_watch_init(struct jig_port_watch *w, const char *path);
void jig_port_watch_release(struct jig_port_watch *w);
bool jig_port_watch_gone(struct jig_port_watch *w); /* reads the descriptor empty, then looks */

/* After it was gone: true when there is a node of that name again, and watches on. */
bool jig_port_watch_is_back(struct jig_port_watch *w);

#endif
