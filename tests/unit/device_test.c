/*
 * Boards that are plugged in and out, as the kernel would tell: a fake /sys and fake uevents, by
 * umockdev. Run under umockdev-wrapper, as ctest does.
 */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <libudev.h>
#include <poll.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <umockdev.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/device/inventory.h"
#include "core/device/trust.h"
#include "core/flash/flash.h"
#include "core/os/fs.h"
#include "core/os/hotplug.h"
#include "core/os/time.h"
#include "core/os/tty.h"

#define HUB "/sys/devices/usb1"

/* ---- the system, with an ear on how often it is asked (see CMakeLists.txt) ---- */

static unsigned enumerations;
static bool queue_overran;

enum sp_return __real_sp_list_ports(struct sp_port ***list);
enum sp_return __wrap_sp_list_ports(struct sp_port ***list);
enum sp_return __wrap_sp_list_ports(struct sp_port ***list)
{
    enumerations++;
    return __real_sp_list_ports(list);
}

struct udev_device *__real_udev_monitor_receive_device(struct udev_monitor *monitor);
struct udev_device *__wrap_udev_monitor_receive_device(struct udev_monitor *monitor);
struct udev_device *__wrap_udev_monitor_receive_device(struct udev_monitor *monitor)
{
    if (!queue_overran)
        return __real_udev_monitor_receive_device(monitor);
    queue_overran = false;
    errno = ENOBUFS;
    return NULL;
}

struct board {
    const char *place; /* in the USB tree */
    const char *tty;
    const char *vid, *pid, *serial, *product;
    int interface;
};

static const struct board uno = {"1-1", "ttyACM0", "2341", "0043", "8573", "Arduino Uno", 0};
static const struct board uno_moved = {"1-2", "ttyACM1", "2341", "0043", "8573", "Arduino Uno", 0};
static const struct board uno_twin = {"1-3", "ttyACM2", "2341", "0043", "8573", "Arduino Uno", 0};
static const struct board other_uno = {"1-1", "ttyACM0", "2341", "0043", "9999", "Arduino Uno", 0};
static const struct board ch340 = {"1-1", "ttyUSB0", "1a86", "7523", NULL, "USB Serial", 0};
static const struct board cp2102 = {"1-2.4", "ttyUSB1", "10c4", "ea60", "0001", "CP2102", 0};
static const struct board stlink = {"1-4", "ttyACM0", "0483", "374b", "066F FF", "STM32", 2};

struct bench {
    UMockdevTestbed *bed;
    struct jig_inventory *inv;
    struct jig_trust *trust; /* or NULL */
};

/* The tty's path in /sys; freed by the caller. */
static char *tty_path(const struct board *b)
{
    return jig_strf(HUB "/%s/%s:1.%d/%s", b->place, b->place, b->interface, b->tty);
}

/* USB device, interface and tty, without telling anybody. The device node is left out on purpose:
 * umockdev cannot make the same one twice. */
static void add(const struct bench *bench, const struct board *b)
{
    JIG_CLEANUP_FREE char *device = jig_strf(HUB "/%s", b->place);
    JIG_CLEANUP_FREE char *name = jig_strf("%s:1.%d", b->place, b->interface);
    JIG_CLEANUP_FREE char *interface = jig_strf("%s/%s", device, name);
    JIG_CLEANUP_FREE char *number = jig_strf("%02x", b->interface);
    JIG_CLEANUP_FREE char *node = jig_strf("/dev/%s", b->tty);
    JIG_CLEANUP_FREE char *up = jig_strf("../../%s", name);
    g_free(umockdev_testbed_add_device(bench->bed, "usb", b->place, HUB, "idVendor", b->vid,
                                       "idProduct", b->pid, "busnum", "1", "devnum", "7", "product",
                                       b->product, NULL, "DEVTYPE", "usb_device", NULL));
    if (b->serial != NULL)
        umockdev_testbed_set_attribute(bench->bed, device, "serial", b->serial);
    g_free(umockdev_testbed_add_device(bench->bed, "usb", name, device, "bInterfaceNumber", number,
                                       NULL, "DEVTYPE", "usb_interface", NULL));
    gchar *path = umockdev_testbed_add_device(bench->bed, "tty", b->tty, interface, NULL, "DEVNAME",
                                              node, NULL);
    assert_non_null(path);
    umockdev_testbed_set_attribute_link(bench->bed, path, "device", up);
    g_free(path);
}

static void take_away(const struct bench *bench, const struct board *b)
{
    JIG_CLEANUP_FREE char *device = jig_strf(HUB "/%s", b->place);
    JIG_CLEANUP_FREE char *interface = jig_strf("%s/%s:1.%d", device, b->place, b->interface);
    JIG_CLEANUP_FREE char *tty = tty_path(b);
    umockdev_testbed_remove_device(bench->bed, tty);
    umockdev_testbed_remove_device(bench->bed, interface);
    umockdev_testbed_remove_device(bench->bed, device);
}

static void tell(const struct bench *bench, const struct board *b, const char *action)
{
    JIG_CLEANUP_FREE char *tty = tty_path(b);
    umockdev_testbed_uevent(bench->bed, tty, action);
}

static void plug(const struct bench *bench, const struct board *b)
{
    add(bench, b);
    tell(bench, b, "add");
}

static void unplug(const struct bench *bench, const struct board *b)
{
    tell(bench, b, "remove");
    take_away(bench, b);
}

/* A path below the folder that stands in for the root. */
static char *in_root(const struct bench *b, const char *name)
{
    gchar *root = umockdev_testbed_get_root_dir(b->bed);
    char *path = jig_path_join(root, name);
    g_free(root);
    return path;
}

/* A node for the tty: umockdev shows a file in its /dev as a character device. (A link to a pty
 * would do, but umockdev 0.17.16's realpath writes past such a name's end.) */
static void make_node(const struct bench *bench, const struct board *b)
{
    JIG_CLEANUP_FREE char *folder = in_root(bench, "dev");
    assert_int_equal(jig_fs_mkdirs(folder, 0755, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *node = jig_path_join(folder, b->tty);
    assert_int_equal(jig_fs_write_atomic(node, "", 0, 0600, NULL), JIG_OK);
}

static void make_inventory(struct bench *b)
{
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_inventory_new(NULL, &b->inv, &err), JIG_OK);
    assert_true(jig_inventory_has_events(b->inv));
}

/* With a board that is plugged in already. */
static void begin_with(struct bench *b, const struct board *board)
{
    add(b, board);
    make_node(b, board);
    make_inventory(b);
}

static int setup(void **state)
{
    struct bench *b = jig_new(struct bench);
    b->bed = umockdev_testbed_new();
    g_free(umockdev_testbed_add_device(b->bed, "usb", "usb1", NULL, NULL, "DEVTYPE", "usb_device",
                                       NULL));
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    jig_trust_free(b->trust);
    jig_inventory_free(b->inv);
    g_object_unref(b->bed);
    free(b);
    return 0;
}

static struct jig_device get(const struct bench *b, const char *name)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device d;
    enum jig_code code = jig_inventory_find(b->inv, name, &d, &err);
    if (code != JIG_OK)
        fail_msg("%s", err.message);
    return d;
}

static uint64_t generation(const struct bench *b, const char *name)
{
    struct jig_device d = get(b, name);
    uint64_t g = d.generation;
    jig_device_release(&d);
    return g;
}

static size_t count(const struct bench *b)
{
    struct jig_device_list list;
    jig_inventory_list(b->inv, &list);
    size_t n = list.n;
    jig_device_list_release(&list);
    return n;
}

/* The kernel's event makes the descriptor readable; nothing else has to run. */
static void pump(const struct bench *b)
{
    struct pollfd f = {.fd = jig_inventory_fd(b->inv), .events = POLLIN};
    assert_int_equal(poll(&f, 1, -1), 1);
    jig_inventory_pump(b->inv);
}

/* The changes since *cursor, as "added usb:...;". */
static char *news(const struct bench *b, uint64_t *cursor)
{
    struct jig_device_news n;
    struct jig_buf text;
    jig_buf_init(&text, 4096);
    jig_inventory_news(b->inv, *cursor, &n);
    for (size_t i = 0; i < n.n; i++)
        jig_buf_printf(&text, "%s %s;", jig_device_change_name(n.v[i].kind), n.v[i].device.id);
    *cursor = n.cursor;
    jig_device_news_release(&n);
    return jig_buf_steal(&text);
}

static void expect_news(const struct bench *b, uint64_t *cursor, const char *want)
{
    char *text = news(b, cursor);
    assert_string_equal(text != NULL ? text : "", want);
    free(text);
}

static void what_is_plugged_in_is_listed(void **state)
{
    struct bench *b = *state;
    add(b, &uno);
    g_free(umockdev_testbed_add_device(b->bed, "tty", "ttyS9", NULL, NULL, "DEVNAME", "/dev/ttyS9",
                                       NULL));
    make_inventory(b);
    assert_int_equal(count(b), 1); /* the machine's own port is no board */
    struct jig_device d = get(b, "usb:2341:0043:8573");
    assert_int_equal(d.kind, JIG_DEVICE_SERIAL);
    assert_string_equal(d.port, "/dev/ttyACM0");
    assert_string_equal(d.serial, "8573");
    assert_string_equal(d.product, "Arduino Uno");
    assert_string_equal(d.topology, "1-1");
    assert_int_equal(d.vid, 0x2341);
    assert_int_equal(d.pid, 0x0043);
    assert_true(d.connected);
    jig_device_release(&d);
    d = get(b, "/dev/ttyACM0");
    assert_string_equal(d.id, "usb:2341:0043:8573");
    jig_device_release(&d);
    d = get(b, "/dev/ttyACM*");
    assert_string_equal(d.id, "usb:2341:0043:8573");
    jig_device_release(&d);
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_inventory_find(b->inv, "/dev/ttyUSB*", &d, &err), JIG_NOT_FOUND);
}

static void boards_come_go_and_come_back_elsewhere(void **state)
{
    struct bench *b = *state;
    make_inventory(b);
    uint64_t cursor = jig_inventory_revision(b->inv);
    plug(b, &uno);
    pump(b);
    expect_news(b, &cursor, "added usb:2341:0043:8573;");
    uint64_t first = generation(b, "usb:2341:0043:8573");
    unplug(b, &uno);
    pump(b);
    expect_news(b, &cursor, "disconnected usb:2341:0043:8573;");
    struct jig_device d = get(b, "usb:2341:0043:8573");
    assert_false(d.connected);
    assert_true(d.disconnected_at_ms > 0);
    jig_device_release(&d);
    plug(b, &uno_moved);
    pump(b);
    expect_news(b, &cursor, "renumbered usb:2341:0043:8573;");
    d = get(b, "usb:2341:0043:8573");
    assert_true(d.connected);
    assert_string_equal(d.port, "/dev/ttyACM1");
    assert_string_equal(d.topology, "1-2");
    assert_true(d.generation > first);
    jig_device_release(&d);
    unplug(b, &uno_moved);
    pump(b);
    plug(b, &uno_moved);
    pump(b);
    expect_news(b, &cursor, "disconnected usb:2341:0043:8573;connected usb:2341:0043:8573;");
}

/* Two looks that see the same board at the same port, and yet it was away in between. */
static void an_unplug_between_two_looks_is_seen(void **state)
{
    struct bench *b = *state;
    add(b, &uno);
    make_inventory(b);
    uint64_t before = generation(b, "usb:2341:0043:8573");
    uint64_t cursor = jig_inventory_revision(b->inv);
    unplug(b, &uno);
    plug(b, &uno);
    assert_true(generation(b, "usb:2341:0043:8573") > before); /* a find pumps by itself */
    expect_news(b, &cursor, "disconnected usb:2341:0043:8573;connected usb:2341:0043:8573;");
    /* Another board of the kind at the same place: without a serial number it has the same id. */
    unplug(b, &uno);
    plug(b, &ch340);
    before = generation(b, "usb:1a86:7523@1-1");
    unplug(b, &ch340);
    plug(b, &ch340);
    assert_true(generation(b, "usb:1a86:7523@1-1") > before);
}

static void ids_without_a_serial_number_of_their_own(void **state)
{
    struct bench *b = *state;
    add(b, &ch340);
    add(b, &cp2102); /* its number is every CP2102's */
    add(b, &stlink); /* its tty is the third interface, and its number has a blank in it */
    make_inventory(b);
    static const char *const ids[] = {"usb:1a86:7523@1-1", "usb:10c4:ea60@1-2.4",
                                      "usb:0483:374b:066F_FF:if2"};
    for (size_t i = 0; i < JIG_COUNT(ids); i++) {
        struct jig_device d = get(b, ids[i]);
        assert_true(d.connected);
        jig_device_release(&d);
    }
    assert_int_equal(count(b), JIG_COUNT(ids));
}

static void two_boards_with_one_serial_number(void **state)
{
    struct bench *b = *state;
    add(b, &uno_twin); /* ttyACM2: it was there first */
    make_inventory(b);
    uint64_t cursor = jig_inventory_revision(b->inv);
    plug(b, &uno); /* ttyACM0: sorts before it */
    pump(b);
    expect_news(b, &cursor, "added usb:2341:0043:8573@1-1;");
    struct jig_device d = get(b, "usb:2341:0043:8573");
    assert_string_equal(d.port, "/dev/ttyACM2");
    jig_device_release(&d);
    assert_int_equal(count(b), 2);
}

static void the_board_for_a_project(void **state)
{
    struct bench *b = *state;
    add(b, &uno);
    add(b, &cp2102);
    make_inventory(b);
    struct jig_err err = JIG_ERR_INIT;
    const struct jig_usb_id ids[] = {{0x2341, 0x0043}, {0x2341, 0x0001}};
    struct jig_device_wish wish = {.fqbn = "arduino:avr:uno", .usb_ids = ids, .n_usb_ids = 2};
    struct jig_device d;
    assert_int_equal(jig_inventory_choose(b->inv, &wish, &d, &err), JIG_OK);
    assert_string_equal(d.id, "usb:2341:0043:8573");
    jig_device_release(&d);
    plug(b, &uno_moved);
    assert_int_equal(jig_inventory_choose(b->inv, &wish, &d, &err), JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "/dev/ttyACM0"));
    assert_non_null(strstr(err.message, "/dev/ttyACM1"));
    unplug(b, &uno);
    unplug(b, &uno_moved);
    assert_int_equal(jig_inventory_choose(b->inv, &wish, &d, &err), JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, "usb:10c4:ea60@1-2.4"));
    /* The clone, once somebody has said what it is. */
    struct jig_device_config c = {
        .name = "clone", .id = "usb:10c4:ea60@1-2.4", .fqbn = "arduino:avr:uno"};
    assert_int_equal(jig_inventory_configure(b->inv, &c, 1, &err), JIG_OK);
    assert_int_equal(jig_inventory_choose(b->inv, &wish, &d, &err), JIG_OK);
    assert_string_equal(d.id, "usb:10c4:ea60@1-2.4");
    assert_true(jig_strv_contains(&d.aliases, "clone"));
    jig_device_release(&d);
}

static void a_configured_port_takes_the_board_in(void **state)
{
    struct bench *b = *state;
    begin_with(b, &uno);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device_config c = {.name = "bench", .port = "/dev/ttyACM0"};
    assert_int_equal(jig_inventory_configure(b->inv, &c, 1, &err), JIG_OK);
    assert_int_equal(count(b), 1); /* one port, one entry */
    static const char *const names[] = {"bench", "usb:2341:0043:8573", "/dev/ttyACM0"};
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        struct jig_device d = get(b, names[i]);
        assert_string_equal(d.id, "bench");
        assert_int_equal(d.vid, 0x2341);
        assert_true(d.connected);
        jig_device_release(&d);
    }
    /* Taken out of the configuration, it is what it was. */
    assert_int_equal(jig_inventory_configure(b->inv, NULL, 0, &err), JIG_OK);
    struct jig_device d = get(b, "/dev/ttyACM0");
    assert_string_equal(d.id, "usb:2341:0043:8573");
    jig_device_release(&d);
}

/* ---- questions, and what they cost ---- */

static void a_lookup_is_no_enumeration(void **state)
{
    struct bench *b = *state;
    add(b, &uno);
    make_inventory(b);
    const struct jig_usb_id ids[] = {{0x2341, 0x0043}};
    struct jig_device_wish wish = {.fqbn = "arduino:avr:uno", .usb_ids = ids, .n_usb_ids = 1};
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device d;
    unsigned before = enumerations;
    for (int i = 0; i < 10; i++) {
        d = get(b, "usb:2341:0043:8573");
        jig_device_release(&d);
        assert_int_equal(jig_inventory_choose(b->inv, &wish, &d, &err), JIG_OK);
        jig_device_release(&d);
        assert_int_equal(jig_inventory_refresh(b->inv, &err), JIG_OK);
        const char *why = NULL;
        assert_true(jig_inventory_generation(b->inv, "usb:2341:0043:8573", &why) > 0);
    }
    assert_int_equal(enumerations, before);
    plug(b, &cp2102); /* two events at most: one walk */
    d = get(b, "usb:10c4:ea60@1-2.4");
    jig_device_release(&d);
    assert_int_equal(enumerations, before + 1);
}

/* ---- trust in what a flash holds ---- */

static const struct jig_digest image = {{1}};

static void deploy(struct bench *b, const char *id)
{
    if (b->trust == NULL)
        b->trust = jig_trust_new(b->inv);
    jig_trust_forget(b->trust, id, "a deploy began to write it");
    jig_trust_remember(b->trust, id, &image);
    char *because = NULL;
    if (!jig_trust_holds(b->trust, id, &image, &because))
        fail_msg("%s", because);
}

static void expect_no_trust(const struct bench *b, const char *id, const char *why)
{
    char *because = NULL;
    assert_false(jig_trust_holds(b->trust, id, &image, &because));
    assert_string_equal(because, why);
    free(because);
}

/* Nobody looks between the unplugging and the plugging. */
static void trust_does_not_outlive_an_unplug(void **state)
{
    struct bench *b = *state;
    begin_with(b, &uno);
    deploy(b, "usb:2341:0043:8573");
    unplug(b, &uno);
    plug(b, &uno);
    expect_no_trust(b, "usb:2341:0043:8573", "it was unplugged");
    deploy(b, "usb:2341:0043:8573");
    unplug(b, &uno);
    expect_no_trust(b, "usb:2341:0043:8573", "it was unplugged");
    plug(b, &uno_moved);
    expect_no_trust(b, "usb:2341:0043:8573", "it was unplugged"); /* and renumbered */
}

static void trust_is_in_a_board_and_not_in_a_port(void **state)
{
    struct bench *b = *state;
    begin_with(b, &uno);
    deploy(b, "usb:2341:0043:8573");
    unplug(b, &uno);
    plug(b, &other_uno); /* same place, same port, same name */
    expect_no_trust(b, "usb:2341:0043:9999", "nothing is known of it");
    expect_no_trust(b, "usb:2341:0043:8573", "it was unplugged");
}

static void trust_in_a_configured_port_ends_with_its_board(void **state)
{
    struct bench *b = *state;
    begin_with(b, &uno);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device_config c = {.name = "bench", .port = "/dev/ttyACM0"};
    assert_int_equal(jig_inventory_configure(b->inv, &c, 1, &err), JIG_OK);
    deploy(b, "bench");
    unplug(b, &uno);
    plug(b, &other_uno);
    char *because = NULL;
    assert_false(jig_trust_holds(b->trust, "bench", &image, &because));
    free(because);
}

static void trust_in_a_board_without_a_serial_number(void **state)
{
    struct bench *b = *state;
    begin_with(b, &ch340);
    deploy(b, "usb:1a86:7523@1-1");
    unplug(b, &ch340);
    plug(b, &ch340); /* this one, or another of its kind: who knows */
    expect_no_trust(b, "usb:1a86:7523@1-1", "it was unplugged");
}

static void lost_hotplug_events_end_all_trust(void **state)
{
    struct bench *b = *state;
    begin_with(b, &uno);
    deploy(b, "usb:2341:0043:8573");
    queue_overran = true;
    expect_no_trust(b, "usb:2341:0043:8573", "the system lost hot-plug events");
}

static void an_open_of_the_node_ends_trust(void **state)
{
    struct bench *b = *state;
    begin_with(b, &uno);
    deploy(b, "usb:2341:0043:8573");
    int fd = open("/dev/ttyACM0", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    close(fd);
    expect_no_trust(b, "usb:2341:0043:8573", "another program opened its port");
}

/* A debug probe, say, which is another interface of the same USB device. */
static void an_open_of_the_usb_device_ends_trust(void **state)
{
    struct bench *b = *state;
    add(b, &uno);
    umockdev_testbed_set_property(b->bed, HUB "/1-1", "DEVNAME", "/dev/bus/usb/001/007");
    make_node(b, &uno);
    JIG_CLEANUP_FREE char *folder = in_root(b, "dev/bus/usb/001");
    assert_int_equal(jig_fs_mkdirs(folder, 0755, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *node = jig_path_join(folder, "007");
    assert_int_equal(jig_fs_write_atomic(node, "", 0, 0600, NULL), JIG_OK);
    make_inventory(b);
    struct jig_device d = get(b, "usb:2341:0043:8573");
    assert_string_equal(d.usb_node, "/dev/bus/usb/001/007");
    jig_device_release(&d);
    deploy(b, "usb:2341:0043:8573");
    close(open("/dev/bus/usb/001/007", O_RDWR | O_CLOEXEC));
    expect_no_trust(b, "usb:2341:0043:8573", "another program opened its USB device");
    deploy(b, "usb:2341:0043:8573");
    close(open("/dev/ttyACM0", O_RDWR | O_CLOEXEC));
    expect_no_trust(b, "usb:2341:0043:8573", "another program opened its port");
}

/* Labels belong to the board, whatever its port is called now, and so does its place in the list.
 */
static void a_renumbered_board_keeps_what_is_its_own(void **state)
{
    struct bench *b = *state;
    add(b, &uno);
    make_inventory(b);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device_config c = {.name = "mine", .id = "usb:2341:0043:8573"};
    jig_strv_append(&c.labels, "rack=1");
    assert_int_equal(jig_inventory_configure(b->inv, &c, 1, &err), JIG_OK);
    jig_strv_release(&c.labels);
    uint64_t cursor = jig_inventory_revision(b->inv);
    unplug(b, &uno);
    plug(b, &uno_moved);
    struct jig_device d = get(b, "mine");
    assert_string_equal(d.id, "usb:2341:0043:8573");
    assert_string_equal(d.port, "/dev/ttyACM1");
    assert_true(jig_strv_contains(&d.labels, "rack=1"));
    assert_true(d.disconnected_at_ms == 0);
    jig_device_release(&d);
    expect_news(b, &cursor, "disconnected usb:2341:0043:8573;renumbered usb:2341:0043:8573;");
    assert_int_equal(count(b), 1);
}

/* ---- at random, against a model: three boards, two sockets ---- */

#define PLACES 2
#define NAMES  4

static const struct board boards[PLACES][3] = {
    {{"1-1", "ttyACM0", "2341", "0043", "AAA", "Arduino Uno", 0},
     {"1-1", "ttyACM0", "2341", "0043", "BBB", "Arduino Uno", 0},
     {"1-1", "ttyACM0", "1a86", "7523", NULL, "USB Serial", 0}},
    {{"1-2", "ttyACM1", "2341", "0043", "AAA", "Arduino Uno", 0},
     {"1-2", "ttyACM1", "2341", "0043", "BBB", "Arduino Uno", 0},
     {"1-2", "ttyACM1", "1a86", "7523", NULL, "USB Serial", 0}},
};
static const char *const ports[PLACES] = {"/dev/ttyACM0", "/dev/ttyACM1"};

/* The ids that these may have: the third has no serial number, and its place is its name. */
static const char *const names[NAMES] = {"usb:2341:0043:AAA", "usb:2341:0043:BBB",
                                         "usb:1a86:7523@1-1", "usb:1a86:7523@1-2"};

struct model {
    int at[PLACES];       /* which board is there, or -1 */
    bool listed[NAMES];   /* somebody looked while it was there */
    bool known[NAMES];    /* what its flash holds */
    uint64_t last[NAMES]; /* the generation, as it was seen last; 0: it must be another one */
    unsigned unread;      /* changes since anybody looked, at most */
};

static int name_at(const struct model *m, int place)
{
    return m->at[place] < 2 ? m->at[place] : 2 + place;
}

static int place_of(const struct model *m, int name)
{
    for (int place = 0; place < PLACES; place++) {
        if (m->at[place] >= 0 && name_at(m, place) == name)
            return place;
    }
    return -1;
}

static void list_what_is_there(struct model *m)
{
    for (int place = 0; place < PLACES; place++) {
        if (m->at[place] >= 0)
            m->listed[name_at(m, place)] = true;
    }
}

static void toggle(const struct bench *b, struct model *m, int place, int board)
{
    if (m->unread++ == 2) { /* umockdev's queue is a short one, and it aborts when that is full */
        jig_inventory_pump(b->inv);
        list_what_is_there(m);
        m->unread = 1;
    }
    if (m->at[place] >= 0) {
        int name = name_at(m, place);
        unplug(b, &boards[place][m->at[place]]);
        m->known[name] = false;
        m->last[name] = 0;
        m->at[place] = -1;
    } else if (board == 2 || m->at[1 - place] != board) {
        plug(b, &boards[place][board]);
        m->at[place] = board;
    }
}

static void open_it(struct model *m, int place)
{
    close(open(ports[place], O_RDWR | O_CLOEXEC)); /* whoever may be behind it */
    if (m->at[place] >= 0)
        m->known[name_at(m, place)] = false;
}

/* What a look at the inventory finds, of each name. */
static void compare(const struct bench *b, struct model *m)
{
    list_what_is_there(m);
    m->unread = 0;
    for (int name = 0; name < NAMES; name++) {
        struct jig_device d = {0};
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = jig_inventory_find(b->inv, names[name], &d, &err);
        assert_int_equal(code, m->listed[name] ? JIG_OK : JIG_NOT_FOUND);
        int place = place_of(m, name);
        if (code == JIG_OK)
            assert_int_equal(d.connected, place >= 0);
        if (place >= 0) {
            assert_string_equal(d.port, ports[place]);
            assert_true(m->last[name] == 0 || m->last[name] == d.generation);
            m->last[name] = d.generation;
        }
        if (code == JIG_OK)
            jig_device_release(&d);
        char *because = NULL;
        bool holds = jig_trust_holds(b->trust, names[name], &image, &because);
        if (holds != m->known[name])
            fail_msg("%s: %s", names[name], holds ? "must not be known" : because);
        free(because);
    }
}

static void play(struct bench *b, uint64_t seed, unsigned steps)
{
    struct model m = {.at = {-1, -1}};
    uint64_t random = seed * 0x9E3779B97F4A7C15u + 1;
    for (unsigned i = 0; i < steps; i++) {
        random ^= random << 13; /* xorshift64, Marsaglia 2003 */
        random ^= random >> 7;
        random ^= random << 17;
        unsigned pick = (unsigned)(random >> 20);
        int place = (int)(pick % PLACES);
        switch (pick / 8 % 8) {
        case 0:
        case 1:
            toggle(b, &m, place, (int)(pick / 64 % 3));
            break;
        case 2: { /* out and in again, and nobody looks */
            int board = m.at[place];
            if (board < 0)
                break;
            toggle(b, &m, place, board);
            toggle(b, &m, place, board);
            break;
        }
        case 3:
            open_it(&m, place);
            break;
        case 4:
        case 5:
            if (m.at[place] < 0)
                break;
            deploy(b, names[name_at(&m, place)]);
            m.known[name_at(&m, place)] = true;
            list_what_is_there(&m); /* which was a look */
            break;
        default:
            compare(b, &m);
        }
    }
    compare(b, &m);
    for (int place = 0; place < PLACES; place++) {
        if (m.at[place] >= 0)
            toggle(b, &m, place, 0);
    }
}

static void any_order_of_events_is_judged_as_the_model_does(void **state)
{
    struct bench *b = *state;
    for (int place = 0; place < PLACES; place++)
        make_node(b, &boards[place][0]);
    make_inventory(b); /* one a bench: umockdev allows one monitor */
    b->trust = jig_trust_new(b->inv);
    const char *seed = getenv("JIG_TEST_SEEDS"); /* one number, for another run by hand */
    play(b, seed != NULL ? strtoull(seed, NULL, 10) : 1, 300);
}

/* ---- a port with modem lines: a pty whose TIOCM* are played by the test ---- */

struct lines {
    GMainContext *context;
    GMainLoop *loop;
    GThread *thread;
    gint state; /* TIOCM_ bits, as the board sees them; atomic */
};

static gboolean play_ioctl(UMockdevIoctlBase *handler, UMockdevIoctlClient *client, gpointer arg)
{
    struct lines *l = arg;
    (void)handler;
    gulong request = umockdev_ioctl_client_get_request(client);
    if (request != TIOCMGET && request != TIOCMSET && request != TIOCMBIS && request != TIOCMBIC)
        return FALSE; /* the pty's own business */
    UMockdevIoctlData *pointer = umockdev_ioctl_client_get_arg(client);
    UMockdevIoctlData *bits = umockdev_ioctl_data_resolve(pointer, 0, sizeof(int), NULL);
    guint8 *bytes = NULL;
    gint n = 0;
    umockdev_ioctl_data_retrieve(bits, &bytes, &n);
    int given = 0;
    memcpy(&given, bytes, sizeof given);
    g_free(bytes);
    int now = g_atomic_int_get(&l->state);
    switch (request) {
    case TIOCMGET:
        umockdev_ioctl_data_update(bits, 0, (guint8 *)&now, sizeof now);
        break;
    case TIOCMSET:
        now = given;
        break;
    case TIOCMBIS:
        now |= given;
        break;
    default:
        now &= ~given;
    }
    g_atomic_int_set(&l->state, now);
    umockdev_ioctl_client_complete(client, 0, 0);
    umockdev_ioctl_data_unref(bits);
    return TRUE;
}

static gpointer run_loop(gpointer arg)
{
    g_main_context_push_thread_default(((struct lines *)arg)->context);
    g_main_loop_run(((struct lines *)arg)->loop);
    return NULL;
}

static void a_real_port_has_modem_lines(void **state)
{
    struct bench *b = *state;
    make_inventory(b); /* one of each bench, so that the teardown has it */
    add(b, &uno);
    char pty[64];
    int slave = -1;
    int master = -1;
    assert_int_equal(openpty(&master, &slave, pty, NULL, NULL), 0);
    close(slave);
    JIG_CLEANUP_FREE char *folder = in_root(b, "dev");
    assert_int_equal(jig_fs_mkdirs(folder, 0755, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *node = jig_path_join(folder, uno.tty);
    assert_int_equal(symlink(pty, node), 0);

    struct lines l = {.context = g_main_context_new(), .state = TIOCM_DTR | TIOCM_RTS};
    l.loop = g_main_loop_new(l.context, FALSE);
    UMockdevIoctlBase *handler = umockdev_ioctl_base_new();
    g_signal_connect(handler, "handle-ioctl", G_CALLBACK(play_ioctl), &l);
    g_main_context_push_thread_default(l.context);
    assert_true(umockdev_testbed_attach_ioctl(b->bed, "/dev/ttyACM0", handler, NULL));
    g_main_context_pop_thread_default(l.context);
    l.thread = g_thread_new("ioctl", run_loop, &l);

    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = NULL;
    struct jig_port_settings settings = JIG_PORT_8N1(115200);
    settings.dtr = 0;
    enum jig_code code = jig_port_open("/dev/ttyACM0", &settings, &p, &err);
    if (code != JIG_OK)
        fail_msg("%s", err.message);
    assert_int_equal(jig_port_kind(p), JIG_PORT_SERIAL);
    assert_int_equal(g_atomic_int_get(&l.state), TIOCM_RTS);
    assert_int_equal(jig_port_set_lines(p, 1, 0, &err), JIG_OK);
    assert_int_equal(g_atomic_int_get(&l.state), TIOCM_DTR);
    assert_int_equal(jig_port_set_lines(p, JIG_LINE_LEAVE, 1, &err), JIG_OK);
    assert_int_equal(g_atomic_int_get(&l.state), TIOCM_DTR | TIOCM_RTS);
    assert_int_equal(jig_port_set_baud(p, 57600, &err), JIG_OK);
    struct termios t;
    assert_int_equal(tcgetattr(master, &t), 0);
    assert_int_equal(cfgetospeed(&t), B57600);
    struct jig_until forever = JIG_UNTIL_FOREVER;
    char got[8] = "";
    size_t n = 0;
    assert_int_equal(write(master, "\r\n", 2), 2);
    assert_int_equal(jig_port_read(p, got, sizeof got, &forever, &n, &err), JIG_OK);
    assert_memory_equal(got, "\r\n", 2);
    assert_int_equal(jig_port_write(p, "hi", 2, &forever, NULL, &err), JIG_OK);
    assert_int_equal(read(master, got, sizeof got), 2);
    close(master);
    assert_int_equal(jig_port_read(p, got, sizeof got, &forever, &n, &err), JIG_UNAVAILABLE);
    jig_port_close(p);

    g_main_loop_quit(l.loop);
    g_thread_join(l.thread);
    umockdev_testbed_detach_ioctl(b->bed, "/dev/ttyACM0", NULL);
    g_object_unref(handler);
    g_main_loop_unref(l.loop);
    g_main_context_unref(l.context);
}

/* ---- a board that leaves for its bootloader, which is another USB device at the same place ----
 */

static const struct board leonardo = {"1-1", "ttyACM0", "2341", "8036", "LEO", "Leonardo", 0};
static const struct board caterina = {"1-1", "ttyACM4", "2341", "0036", NULL, "Bootloader", 0};

static void leave_for_the_bootloader(void *ctx, const struct jig_flash_progress *p)
{
    const struct bench *b = ctx;
    if (p->phase != JIG_FLASH_TOUCHING)
        return;
    unplug(b, &leonardo);
    plug(b, &cp2102); /* somebody else plugs a board in just then */
    plug(b, &caterina);
}

static void come_back(void *ctx, enum jig_stream stream, const char *text)
{
    const struct bench *b = ctx;
    (void)stream;
    assert_string_equal(text, "at /dev/ttyACM4");
    unplug(b, &caterina);
    gchar *root = umockdev_testbed_get_root_dir(b->bed);
    JIG_CLEANUP_FREE char *node = jig_strf("%s/dev/%s", root, caterina.tty);
    g_free(root);
    unlink(node);
    plug(b, &leonardo);
}

static enum jig_code command(void *ctx, const char *port, struct jig_strv *argv,
                             struct jig_err *reterr)
{
    (void)ctx;
    (void)reterr;
    jig_strv_append(argv, "echo");
    jig_strv_append(argv, "at");
    jig_strv_append(argv, port);
    return JIG_OK;
}

static void a_bootloader_is_found_by_its_place(void **state)
{
    struct bench *b = *state;
    add(b, &leonardo);
    int master = -1;
    int slave = -1;
    char pty[64]; /* what is touched: libserialport would want modem lines */
    assert_int_equal(openpty(&master, &slave, pty, NULL, NULL), 0);
    close(slave);
    JIG_CLEANUP_FREE char *touched = in_root(b, "touched"); /* not below the fake /dev */
    assert_int_equal(symlink(pty, touched), 0);
    make_node(b, &caterina);
    make_inventory(b);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_flash_request request = {.inventory = b->inv,
                                        .device = "usb:2341:8036:LEO",
                                        .port = touched,
                                        .use_1200bps_touch = true,
                                        .wait_for_upload_port = true,
                                        .command = command};
    struct jig_flash_watcher watcher = {
        .progress = leave_for_the_bootloader, .line = come_back, .ctx = b};
    struct jig_flash_result result;
    jig_flash_result_init(&result);
    enum jig_code code =
        jig_flash(jig_flasher_find("tool"), &request, &watcher, &forever, &result, &err);
    if (code != JIG_OK)
        fail_msg("%s", err.message);
    assert_string_equal(result.port, "/dev/ttyACM0"); /* the sketch's port, not the bootloader's */
    jig_flash_result_release(&result);
    close(master);
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(what_is_plugged_in_is_listed),
        WITH_BENCH(boards_come_go_and_come_back_elsewhere),
        WITH_BENCH(an_unplug_between_two_looks_is_seen),
        WITH_BENCH(ids_without_a_serial_number_of_their_own),
        WITH_BENCH(two_boards_with_one_serial_number),
        WITH_BENCH(the_board_for_a_project),
        WITH_BENCH(a_configured_port_takes_the_board_in),
        WITH_BENCH(a_lookup_is_no_enumeration),
        WITH_BENCH(trust_does_not_outlive_an_unplug),
        WITH_BENCH(trust_is_in_a_board_and_not_in_a_port),
        WITH_BENCH(trust_in_a_configured_port_ends_with_its_board),
        WITH_BENCH(trust_in_a_board_without_a_serial_number),
        WITH_BENCH(lost_hotplug_events_end_all_trust),
        WITH_BENCH(an_open_of_the_node_ends_trust),
        WITH_BENCH(an_open_of_the_usb_device_ends_trust),
        WITH_BENCH(a_renumbered_board_keeps_what_is_its_own),
        WITH_BENCH(any_order_of_events_is_judged_as_the_model_does),
        WITH_BENCH(a_real_port_has_modem_lines),
        WITH_BENCH(a_bootloader_is_found_by_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
