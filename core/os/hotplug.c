#include "core/os/hotplug.h"

#include <errno.h>
#include <libserialport.h>
#include <libudev.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define RECEIVE_BYTES                                                                              \
    (1 << 20) /* some thousand events; the kernel's default holds a few hundred                    \
               */

struct jig_hotplug {
    struct udev *udev;
    struct udev_monitor *monitor;
};

static int by_port(const void *a, const void *b)
{
    const struct jig_serial_info *x = a;
    const struct jig_serial_info *y = b;
    return strcmp(x->port, y->port);
}

/* Where in the USB tree: libudev reads sysfs, udevd need not run. */
static void find_place(struct udev *udev, struct jig_serial_info *info)
{
    struct udev_device *tty =
        udev_device_new_from_subsystem_sysname(udev, "tty", jig_path_base(info->port));
    if (tty == NULL)
        return;
    struct udev_device *device =
        udev_device_get_parent_with_subsystem_devtype(tty, "usb", "usb_device");
    struct udev_device *interface =
        udev_device_get_parent_with_subsystem_devtype(tty, "usb", "usb_interface");
    if (device != NULL) {
        info->topology = jig_xstrdup(udev_device_get_sysname(device));
        info->usb_node = jig_xstrdup(udev_device_get_devnode(device));
    }
    const char *number =
        interface != NULL ? udev_device_get_sysattr_value(interface, "bInterfaceNumber") : NULL;
    if (number != NULL)
        info->interface = (int)(strtoul(number, NULL, 16) & 0xff);
    udev_device_unref(tty); /* its parents go with it */
}

/* A device may say anything about itself: keep valid UTF-8 of a sensible length. */
static char *words(const char *s)
{
    enum { MOST = 256 };
    if (s == NULL || strlen(s) > MOST || !jig_utf8_valid(s, strlen(s)))
        return NULL;
    char *copy = jig_xstrdup(s);
    for (char *c = copy; *c != '\0'; c++) {
        if ((unsigned char)*c < ' ')
            *c = ' ';
    }
    char *trimmed = jig_xstrdup(jig_str_trim(copy));
    free(copy);
    return trimmed;
}

static void describe(struct udev *udev, const struct sp_port *port, struct jig_serial_info *info)
{
    *info = (struct jig_serial_info){.port = jig_xstrdup(sp_get_port_name(port))};
    int vid = 0;
    int pid = 0;
    if (sp_get_port_transport(port) != SP_TRANSPORT_USB ||
        sp_get_port_usb_vid_pid(port, &vid, &pid) != SP_OK)
        return;
    info->usb = true;
    info->vid = (uint16_t)vid;
    info->pid = (uint16_t)pid;
    info->serial = words(sp_get_port_usb_serial(port));
    info->product = words(sp_get_port_usb_product(port));
    info->manufacturer = words(sp_get_port_usb_manufacturer(port));
    if (udev != NULL)
        find_place(udev, info);
}

enum jig_code jig_serial_list(struct jig_serial_list *ret, struct jig_err *reterr)
{
    *ret = (struct jig_serial_list){0};
    if (!jig_fs_is_dir("/sys/class/tty"))
        return JIG_OK; /* libserialport would call that an error */
    struct sp_port **ports = NULL;
    if (sp_list_ports(&ports) != SP_OK || ports == NULL)
        return jig_err_set(reterr, JIG_UNAVAILABLE, "cannot list the serial ports");
    size_t n = 0;
    while (n < JIG_SERIAL_MOST && ports[n] != NULL)
        n++;
    struct udev *udev = udev_new();
    ret->v = jig_xcalloc(n > 0 ? n : 1, sizeof *ret->v);
    ret->n = n;
    for (size_t i = 0; i < n; i++)
        describe(udev, ports[i], &ret->v[i]);
    qsort(ret->v, n, sizeof *ret->v, by_port);
    udev_unref(udev);
    sp_free_port_list(ports);
    return JIG_OK;
}

void jig_serial_list_release(struct jig_serial_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        struct jig_serial_info *s = &list->v[i];
        char *strings[] = {s->port,         s->serial,   s->product,
                           s->manufacturer, s->topology, s->usb_node};
        for (size_t k = 0; k < JIG_COUNT(strings); k++)
            free(strings[k]);
    }
    free(list->v);
    *list = (struct jig_serial_list){0};
}

/* udevd's events come after it has set the node's permissions; without udevd only the kernel's do.
 */
static const char *event_source(void)
{
    return jig_fs_exists("/run/udev/control") ? "udev" : "kernel";
}

enum jig_code jig_hotplug_new(struct jig_hotplug **ret, struct jig_err *reterr)
{
    struct jig_hotplug *h = jig_new(struct jig_hotplug);
    h->udev = udev_new();
    if (h->udev != NULL)
        h->monitor = udev_monitor_new_from_netlink(h->udev, event_source());
    /* Without privileges the larger buffer is refused; the default then does. No filter in the
     * kernel: the events of other devices are rare, and are sorted out in drain. */
    if (h->monitor != NULL)
        (void)udev_monitor_set_receive_buffer_size(h->monitor, RECEIVE_BYTES);
    if (h->monitor == NULL || udev_monitor_enable_receiving(h->monitor) < 0) {
        jig_hotplug_free(h);
        return jig_err_set(reterr, JIG_UNIMPLEMENTED, "this system gives no hot-plug events");
    }
    *ret = h;
    return JIG_OK;
}

void jig_hotplug_free(struct jig_hotplug *h)
{
    if (h == NULL)
        return;
    udev_monitor_unref(h->monitor);
    udev_unref(h->udev);
    free(h);
}

int jig_hotplug_fd(const struct jig_hotplug *h)
{
    return udev_monitor_get_fd(h->monitor);
}

static void tell(struct udev_device *d, void (*seen)(void *, const struct jig_hotplug_event *),
                 void *ctx)
{
    const char *action = udev_device_get_action(d);
    const char *node = udev_device_get_devnode(d);
    if (node == NULL || !jig_streq(udev_device_get_subsystem(d), "tty"))
        return;
    bool removed = jig_streq(action, "remove");
    if (!removed && !jig_streq(action, "add"))
        return;
    seen(ctx, &(struct jig_hotplug_event){.added = !removed, .port = node});
}

bool jig_hotplug_drain(struct jig_hotplug *h,
                       void (*seen)(void *ctx, const struct jig_hotplug_event *event), void *ctx)
{
    bool whole = true;
    for (;;) {
        errno = 0;
        struct udev_device *d = udev_monitor_receive_device(h->monitor);
        if (d != NULL) {
            tell(d, seen, ctx);
            udev_device_unref(d);
        } else if (errno == EAGAIN || errno == 0) {
            return whole;
        } else if (errno != EINTR) {
            whole = false; /* ENOBUFS: the queue ran over; there may be more after the gap */
            if (errno != ENOBUFS)
                return false;
        }
    }
}
