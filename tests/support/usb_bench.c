/*
 * usb_bench - a machine to which USB boards are plugged in and out, for the daemon under test.
 *
 *     LD_PRELOAD="usb_bench_paths.so libumockdev-preload.so.0" usb_bench
 *
 * Prints the folder that stands in for /sys and /dev; a program that is to live in that machine is
 * given the same LD_PRELOAD and UMOCKDEV_DIR=FOLDER. Then obeys its standard input, a line at a
 * time, and answers each with "ok" or with what is wrong:
 *
 *     plug PLACE TTY VID PID SERIAL PORT    a board, whose /dev/TTY leads to PORT (a pty); SERIAL
 * may be "-" for one without unplug PLACE TTY
 *
 * Ends with its standard input, and takes the folder with it.
 *
 * As the kernel does it: a board's node and its name in /sys/class are there before "add" is told,
 * and gone before "remove" is. A pty has no modem lines; those of these boards take any value and
 * move nothing (the emulated board is reset by the open itself).
 */
#include <errno.h>
#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <umockdev.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define HUB "/sys/devices/usb1"

struct bench {
    UMockdevTestbed *bed;
    UMockdevIoctlBase *lines;
    GHashTable *ports; /* of names in /dev whose ioctls are played */
    char *root;
    GMainLoop *loop;
    char line[1024];
    size_t n;
};

/* The pty's own business. Left alone, umockdev would answer ENOTTY. */
static gboolean pass_on(UMockdevIoctlClient *client)
{
    gint failed = 0;
    gint result = umockdev_ioctl_client_execute(client, &failed, NULL);
    umockdev_ioctl_client_complete(client, result, failed);
    return TRUE;
}

static gboolean play_lines(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer arg)
{
    int *state = arg;
    (void)handler;
    gulong request = umockdev_ioctl_client_get_request(client);
    if (request != TIOCMGET && request != TIOCMSET && request != TIOCMBIS && request != TIOCMBIC)
        return pass_on(client);
    UMockdevIoctlData *pointer = umockdev_ioctl_client_get_arg(client);
    UMockdevIoctlData *bits = umockdev_ioctl_data_resolve(pointer, 0, sizeof(int), NULL);
    guint8 *bytes = NULL;
    gint n = 0;
    umockdev_ioctl_data_retrieve(bits, &bytes, &n);
    int given = 0;
    memcpy(&given, bytes, sizeof given);
    g_free(bytes);
    if (request == TIOCMGET)
        umockdev_ioctl_data_update(bits, 0, (guint8 *)state, sizeof *state);
    else if (request == TIOCMSET)
        *state = given;
    else
        *state = request == TIOCMBIS ? *state | given : *state & ~given;
    umockdev_ioctl_client_complete(client, 0, 0);
    umockdev_ioctl_data_unref(bits);
    return TRUE;
}

static char *node_of(const struct bench *b, const char *tty)
{
    return jig_strf("%s/dev/%s", b->root, tty);
}

static const char *play_ioctls(struct bench *b, const char *tty)
{
    if (!g_hash_table_add(b->ports, g_strdup(tty)))
        return NULL;
    JIG_CLEANUP_FREE char *node = jig_strf("/dev/%s", tty);
    return umockdev_testbed_attach_ioctl(b->bed, node, b->lines, NULL) ? NULL
                                                                       : "ioctls are not to be had";
}

static const char *plug(struct bench *b, gchar **w)
{
    const char *place = w[1], *tty = w[2];
    JIG_CLEANUP_FREE char *device = jig_strf(HUB "/%s", place);
    JIG_CLEANUP_FREE char *name = jig_strf("%s:1.0", place);
    JIG_CLEANUP_FREE char *interface = jig_strf("%s/%s", device, name);
    JIG_CLEANUP_FREE char *node = jig_strf("/dev/%s", tty);
    JIG_CLEANUP_FREE char *real = node_of(b, tty);
    JIG_CLEANUP_FREE char *up = jig_strf("../../%s", name);
    if (symlink(w[6], real) != 0)
        return strerror(errno);
    const char *wrong = play_ioctls(b, tty);
    if (wrong != NULL)
        return wrong;
    g_free(umockdev_testbed_add_device(b->bed, "usb", place, HUB, "idVendor", w[3], "idProduct",
                                       w[4], "busnum", "1", "devnum", "7", "product", "Arduino Uno",
                                       NULL, "DEVTYPE", "usb_device", NULL));
    if (strcmp(w[5], "-") != 0)
        umockdev_testbed_set_attribute(b->bed, device, "serial", w[5]);
    g_free(umockdev_testbed_add_device(b->bed, "usb", name, device, "bInterfaceNumber", "00", NULL,
                                       "DEVTYPE", "usb_interface", NULL));
    gchar *path =
        umockdev_testbed_add_device(b->bed, "tty", tty, interface, NULL, "DEVNAME", node, NULL);
    if (path == NULL)
        return "umockdev takes no such tty";
    umockdev_testbed_set_attribute_link(b->bed, path, "device", up);
    umockdev_testbed_uevent(b->bed, path, "add");
    g_free(path);
    return NULL;
}

static const char *unplug(struct bench *b, gchar **w)
{
    JIG_CLEANUP_FREE char *device = jig_strf(HUB "/%s", w[1]);
    JIG_CLEANUP_FREE char *interface = jig_strf("%s/%s:1.0", device, w[1]);
    JIG_CLEANUP_FREE char *tty = jig_strf("%s/%s", interface, w[2]);
    JIG_CLEANUP_FREE char *node = node_of(b, w[2]);
    JIG_CLEANUP_FREE char *listed = jig_strf("%s/sys/class/tty/%s", b->root, w[2]);
    if (unlink(listed) != 0 || unlink(node) != 0)
        return "there is no such board";
    umockdev_testbed_uevent(b->bed, tty, "remove");
    umockdev_testbed_remove_device(b->bed, tty);
    umockdev_testbed_remove_device(b->bed, interface);
    umockdev_testbed_remove_device(b->bed, device);
    return NULL;
}

static const struct {
    const char *name;
    guint words;
    const char *(*obey)(struct bench *b, gchar **words);
} commands[] = {
    {"plug", 7, plug},
    {"unplug", 3, unplug},
};

static void obey(struct bench *b, const char *line)
{
    gchar **words = g_strsplit(line, " ", 8);
    const char *wrong = "there is no such command";
    for (size_t i = 0; i < JIG_COUNT(commands); i++) {
        if (g_strv_length(words) == commands[i].words && strcmp(words[0], commands[i].name) == 0)
            wrong = commands[i].obey(b, words);
    }
    g_strfreev(words);
    puts(wrong != NULL ? wrong : "ok");
    fflush(stdout);
}

/* One line after another; glib's loop has to run in between, for the ioctls. */
static gboolean hear(gint fd, GIOCondition condition, gpointer arg)
{
    struct bench *b = arg;
    (void)condition;
    ssize_t n = read(fd, b->line + b->n, sizeof b->line - 1 - b->n);
    if (n <= 0) {
        g_main_loop_quit(b->loop);
        return G_SOURCE_REMOVE;
    }
    b->n += (size_t)n;
    b->line[b->n] = '\0';
    char *end = strchr(b->line, '\n');
    if (end != NULL) {
        *end = '\0';
        b->n = 0;
        obey(b, b->line);
    }
    return G_SOURCE_CONTINUE;
}

int main(void)
{
    int lines = TIOCM_DTR | TIOCM_RTS;
    struct bench b = {.bed = umockdev_testbed_new(), .lines = umockdev_ioctl_base_new()};
    b.ports = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    b.root = umockdev_testbed_get_root_dir(b.bed);
    b.loop = g_main_loop_new(NULL, FALSE);
    g_signal_connect(b.lines, "handle-ioctl", G_CALLBACK(play_lines), &lines);
    g_free(umockdev_testbed_add_device(b.bed, "usb", "usb1", NULL, NULL, "DEVTYPE", "usb_device",
                                       NULL));
    JIG_CLEANUP_FREE char *dev = jig_strf("%s/dev", b.root);
    JIG_CLEANUP_FREE char *class = jig_strf("%s/sys/class/tty", b.root);
    if (g_mkdir_with_parents(dev, 0755) != 0 || g_mkdir_with_parents(class, 0755) != 0) {
        perror(b.root);
        return EXIT_FAILURE;
    }
    puts(b.root);
    fflush(stdout);
    g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, hear, &b);
    g_main_loop_run(b.loop);
    g_hash_table_unref(b.ports);
    g_main_loop_unref(b.loop);
    g_object_unref(b.lines);
    g_object_unref(b.bed);
    g_free(b.root);
    return EXIT_SUCCESS;
}
