/*
 * hotplug.h - serial ports as the system knows them: what is plugged in, and what comes and goes.
 *
 * The list is libserialport's, with the place in the USB tree added (libserialport gives only bus
 * and address, and the address changes with every plug). Events are libudev's: from udevd where it
 * runs, since it sets the node's permissions first, else from the kernel.
 *
 * Threads: a jig_hotplug belongs to one thread at a time; jig_serial_list may run in any.
 */
#ifndef JIG_OS_HOTPLUG_H
#define JIG_OS_HOTPLUG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

struct jig_serial_info {
    char *port;   /* "/dev/ttyACM0" */
    bool usb;     /* vid, pid and topology are known */
    uint16_t vid; /* USB vendor */
    uint16_t pid; /* USB product */
    char *serial; /* these may be NULL */
    char *product;
    char *manufacturer;
    char *topology; /* "1-1.4": bus, then the port of each hub */
    char *usb_node; /* "/dev/bus/usb/001/007": another number at each plugging in */
    int interface;  /* bInterfaceNumber, or 0 */
};

struct jig_serial_list {
    struct jig_serial_info *v; /* sorted by port */
    size_t n;
};

#define JIG_SERIAL_MOST 1024 /* ports; more than that are not looked at */

/* Every serial port of the system. Where there is no /sys/class/tty the list is empty. */
enum jig_code jig_serial_list(struct jig_serial_list *ret, struct jig_err *reterr) JIG_CHECKED;
void jig_serial_list_release(struct jig_serial_list *list);

struct jig_hotplug;

/* UNIMPLEMENTED where the system gives no such events. */
enum jig_code jig_hotplug_new(struct jig_hotplug **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_hotplug_free(struct jig_hotplug *h);
int jig_hotplug_fd(const struct jig_hotplug *h); /* readable when events wait */

struct jig_hotplug_event {
    bool added; /* else removed */
    const char *port;
};

/* Takes every waiting event without blocking and calls `seen` for each that is about a serial port.
 * False when events were lost: everything known must be looked at anew. */
bool jig_hotplug_drain(struct jig_hotplug *h,
                       void (*seen)(void *ctx, const struct jig_hotplug_event *event), void *ctx);

#endif
