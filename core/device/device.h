/*
 * device.h - one board, as the inventory knows it: a plain record that its holder owns.
 *
 * The id is stable across unplugging and across port names:
 *
 *   usb:2341:0043:85735313932351A0D1E2      vendor, product, serial number
 *   usb:1a86:7523@1-1.4                     no serial number: the place in the USB tree instead
 *   ...:if2                                 not the first interface of a composite device
 *   ...:SERIAL@1-1.4                        a second board with the same (cloned) serial number
 *   emulated:uno, emulated:uno#2
 *   NAME                                    a port that the configuration names
 *   port:/dev/ttyS0                         a tty that no list names, taken in when it was asked
 * for
 *
 * `generation` goes up whenever the board may have become another one: connect, disconnect, a move
 * to another port (nobody moves a plugged-in board), a start of an emulator, lost events. What is
 * believed about a board's flash is worth nothing once it moved. No two boards, and no two lives of
 * one, ever have the same. Labels, aliases and the configuration do not touch it.
 */
#ifndef JIG_DEVICE_DEVICE_H
#define JIG_DEVICE_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/strv.h"

enum jig_device_kind { JIG_DEVICE_SERIAL, JIG_DEVICE_EMULATED, JIG_DEVICE_FIXED };

struct jig_device {
    char *id;
    enum jig_device_kind kind;
    char *port; /* "/dev/ttyACM0"; "" while unknown: an emulated board that has not been started */
    bool usb;   /* vid and pid are known */
    uint16_t vid;
    uint16_t pid;
    char *serial;               /* these five are "" when unknown */
    char *product;              /* for people */
    char *manufacturer;         /* for people */
    char *topology;             /* "1-1.4" */
    char *usb_node;             /* "/dev/bus/usb/001/007"; what libusb opens */
    bool connected;             /* can be used now; an emulated board that can be started counts */
    int64_t disconnected_at_ms; /* unix; 0 when connected or never seen connected */
    struct jig_strv labels;
    struct jig_strv aliases; /* other names that find it */
    char *fqbn;              /* what board this is, when somebody said so; else "" */
    uint32_t baud;           /* that its monitors run at, when somebody said so; else 0 */
    uint64_t generation;
    uint64_t revision; /* of the inventory, when this record last changed */
};

void jig_device_copy(struct jig_device *dst, const struct jig_device *src); /* dst is overwritten */
void jig_device_release(struct jig_device *d);
const char *jig_device_kind_name(enum jig_device_kind kind); /* "serial", "emulated", "fixed" */

/* "usb:2341:0043:8573 (/dev/ttyACM0, Arduino Uno)" for messages. The caller frees. */
char *jig_device_describe(const struct jig_device *d);

struct jig_device_list {
    struct jig_device *v;
    size_t n;
    uint64_t revision; /* of the inventory when the copy was made */
};

void jig_device_list_release(struct jig_device_list *list);

#endif
