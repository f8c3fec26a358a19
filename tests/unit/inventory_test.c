#include "tests/support/unit.h"

#include <fcntl.h>
#include <libserialport.h>
#include <libudev.h>
#include <pthread.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/device/emulated.h"
#include "core/device/inventory.h"
#include "core/os/fs.h"
#include "core/os/time.h"

/* ---- the system: it may tell nothing of hot-plug, and its list may fail (see CMakeLists.txt) ----
 */

static bool system_is_silent;
static bool system_fails;
static unsigned enumerations;

struct udev_monitor *__real_udev_monitor_new_from_netlink(struct udev *udev, const char *name);
struct udev_monitor *__wrap_udev_monitor_new_from_netlink(struct udev *udev, const char *name);
struct udev_monitor *__wrap_udev_monitor_new_from_netlink(struct udev *udev, const char *name)
{
    return system_is_silent ? NULL : __real_udev_monitor_new_from_netlink(udev, name);
}

enum sp_return __wrap_sp_list_ports(struct sp_port ***list);
enum sp_return __wrap_sp_list_ports(struct sp_port ***list)
{
    enumerations++;
    *list = system_fails ? NULL : calloc(1, sizeof **list); /* no ports at all */
    return *list != NULL ? SP_OK : SP_ERR_FAIL;
}

static struct jig_inventory *make(void)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = NULL;
    assert_int_equal(jig_inventory_new(NULL, &inv, &err), JIG_OK);
    return inv;
}

/* A pty that a configuration can name. The caller closes the master. Another process's pty may have
 * the name a moment later, so tests of what vanishes use a link of their own. */
static int make_pty(char port[64])
{
    int master = -1;
    int slave = -1;
    assert_int_equal(openpty(&master, &slave, port, NULL, NULL), 0);
    close(slave);
    return master;
}

/* As make_pty, with a name in the test's folder that nobody else makes again. */
static int make_linked_pty(const char *folder, char **ret_link)
{
    char port[64];
    int master = make_pty(port);
    *ret_link = jig_path_join(folder, "board");
    assert_int_equal(symlink(port, *ret_link), 0);
    return master;
}

static void configure(struct jig_inventory *inv, const char *name, const char *port,
                      const char *labels)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device_config c = {.name = name, .port = port};
    jig_str_split(labels, ",", false, &c.labels);
    assert_int_equal(jig_inventory_configure(inv, &c, 1, &err), JIG_OK);
    jig_strv_release(&c.labels);
}

static enum jig_code start_fake(void *ctx, const char *id, const struct jig_until *until,
                                char **ret_port, struct jig_err *reterr)
{
    (void)ctx;
    (void)until;
    (void)reterr;
    *ret_port = jig_strf("/dev/fake/%s", id);
    return JIG_OK;
}

static void offer(struct jig_inventory *inv)
{
    struct jig_emulated_source uno = {.name = "uno",
                                      .fqbn = "arduino:avr:uno",
                                      .product = "Arduino Uno (emulated)",
                                      .most = 3,
                                      .start = start_fake};
    jig_inventory_offer(inv, &uno);
}

static void the_machines_own_ports_are_no_boards(void **state)
{
    (void)state;
    struct jig_inventory *inv = make();
    struct jig_device_list list;
    jig_inventory_list(inv, &list);
    for (size_t i = 0; i < list.n; i++)
        assert_true(list.v[i].usb); /* on a machine with a board plugged in there may be some */
    jig_device_list_release(&list);
    jig_inventory_free(inv);
}

static void a_configured_port_is_a_device(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    JIG_CLEANUP_FREE char *link = NULL;
    int master = make_linked_pty(*state, &link);
    JIG_CLEANUP_FREE char *port = realpath(link, NULL);
    configure(inv, "bench", link, "fqbn=arduino:avr:uno,rack=2");
    struct jig_device d;
    assert_int_equal(jig_inventory_find(inv, "bench", &d, &err), JIG_OK);
    assert_string_equal(d.id, "bench");
    assert_int_equal(d.kind, JIG_DEVICE_FIXED);
    assert_string_equal(d.port, port);
    assert_string_equal(d.fqbn, "arduino:avr:uno");
    assert_true(d.connected);
    assert_true(jig_strv_contains(&d.labels, "rack=2"));
    uint64_t generation = d.generation;
    jig_device_release(&d);
    const char *const names[] = {port, link};
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        assert_int_equal(jig_inventory_find(inv, names[i], &d, &err), JIG_OK);
        assert_string_equal(d.id, "bench");
        assert_int_equal(d.generation, generation);
        jig_device_release(&d);
    }
    unlink(link);
    assert_int_equal(jig_inventory_find(inv, "bench", &d, &err), JIG_OK);
    assert_false(d.connected);
    assert_true(d.disconnected_at_ms > 0);
    assert_true(d.generation > generation); /* what was believed about it is void */
    jig_device_release(&d);
    struct jig_until forever = JIG_UNTIL_FOREVER;
    assert_int_equal(jig_inventory_ready(inv, "bench", &forever, &d, &err), JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, "bench"));
    close(master);
    jig_inventory_free(inv);
}

/* The same name, and yet not the same board. */
static void a_node_made_anew_is_another_board(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    JIG_CLEANUP_FREE char *link = NULL;
    int one = make_linked_pty(*state, &link);
    configure(inv, "bench", link, "");
    struct jig_device d;
    assert_int_equal(jig_inventory_find(inv, "bench", &d, &err), JIG_OK);
    uint64_t generation = d.generation;
    jig_device_release(&d);
    unlink(link);
    free(jig_steal(&link));
    int two = make_linked_pty(*state, &link);
    assert_int_equal(jig_inventory_find(inv, "bench", &d, &err), JIG_OK);
    assert_true(d.connected);
    assert_true(d.generation > generation);
    jig_device_release(&d);
    close(one);
    close(two);
    jig_inventory_free(inv);
}

static void a_port_that_nobody_configured_is_taken_in(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    char port[64];
    int master = make_pty(port);
    struct jig_device d;
    assert_int_equal(jig_inventory_find(inv, port, &d, &err), JIG_OK);
    JIG_CLEANUP_FREE char *id = jig_strf("port:%s", port);
    assert_string_equal(d.id, id);
    jig_device_release(&d);
    /* A link to it, as /dev/serial/by-id has them, is the same device. */
    JIG_CLEANUP_FREE char *link = jig_path_join(*state, "by-id");
    assert_int_equal(symlink(port, link), 0);
    assert_int_equal(jig_inventory_find(inv, link, &d, &err), JIG_OK);
    assert_string_equal(d.id, id);
    jig_device_release(&d);
    struct jig_device_list list;
    jig_inventory_list(inv, &list);
    size_t with_port = 0;
    for (size_t i = 0; i < list.n; i++)
        with_port += jig_streq(list.v[i].port, port);
    assert_int_equal(with_port, 1);
    jig_device_list_release(&list);
    assert_int_equal(jig_inventory_find(inv, "/dev/null", &d, &err), JIG_NOT_FOUND);
    assert_int_equal(jig_inventory_find(inv, "/etc/passwd", &d, &err), JIG_NOT_FOUND);
    close(master);
    jig_inventory_free(inv);
}

static void an_unknown_name_gets_the_nearest(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    offer(inv);
    struct jig_device d;
    assert_int_equal(jig_inventory_find(inv, "emulated:umo", &d, &err), JIG_NOT_FOUND);
    assert_string_equal(err.message, "there is no device 'emulated:umo'");
    assert_non_null(strstr(err.hint, "emulated:uno"));
    jig_inventory_free(inv);
}

static void configuration_is_checked_as_a_whole(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    static const struct {
        struct jig_device_config c[2];
        const char *says;
    } bad[] = {
        {{{.name = "a", .port = "/dev/x"}, {.name = "a", .port = "/dev/y"}}, "'a' is there twice"},
        {{{.name = "a", .port = "/dev/x"}, {.name = "b"}}, "'b' needs a port or an id"},
        {{{.name = "a", .port = "/dev/x"}, {.name = "b", .port = "x"}}, "'x' of the device 'b'"},
        {{{.name = "a", .port = "/dev/x"}, {.name = "b:c", .port = "/x"}}, "'b:c'"},
    };
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        assert_int_equal(jig_inventory_configure(inv, bad[i].c, 2, &err), JIG_INVALID_ARGUMENT);
        assert_non_null(strstr(err.message, bad[i].says));
    }
    struct jig_device d;
    assert_int_equal(jig_inventory_find(inv, "a", &d, &err),
                     JIG_NOT_FOUND); /* nothing of it held */
    jig_inventory_free(inv);
}

static void emulated_boards_start_when_used(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_inventory *inv = make();
    offer(inv);
    struct jig_device d;
    assert_int_equal(jig_inventory_find(inv, "emulated:uno", &d, &err), JIG_OK);
    assert_true(d.connected);
    assert_string_equal(d.port, "");
    uint64_t generation = d.generation;
    jig_device_release(&d);
    assert_int_equal(jig_inventory_ready(inv, "emulated:uno", &forever, &d, &err), JIG_OK);
    assert_string_equal(d.port, "/dev/fake/emulated:uno");
    assert_true(d.generation > generation);
    generation = d.generation;
    jig_device_release(&d);
    assert_int_equal(jig_inventory_ready(inv, "emulated:uno", &forever, &d, &err), JIG_OK);
    assert_int_equal(d.generation, generation); /* it runs already: nothing has happened */
    jig_device_release(&d);
    jig_inventory_emulated_ended(inv, "emulated:uno");
    assert_int_equal(jig_inventory_find(inv, "emulated:uno", &d, &err), JIG_OK);
    assert_false(d.connected);
    assert_string_equal(d.port, "");
    jig_device_release(&d);
    assert_int_equal(jig_inventory_ready(inv, "emulated:uno", &forever, &d, &err), JIG_OK);
    assert_true(d.connected);
    jig_device_release(&d);

    assert_int_equal(jig_inventory_find(inv, "emulated:uno#3", &d, &err), JIG_OK);
    assert_string_equal(d.id, "emulated:uno#3");
    jig_device_release(&d);
    assert_int_equal(jig_inventory_find(inv, "emulated:uno#4", &d, &err), JIG_NOT_FOUND);
    assert_int_equal(jig_inventory_find(inv, "emulated:uno#1", &d, &err), JIG_OK);
    assert_string_equal(d.id, "emulated:uno");
    jig_device_release(&d);
    jig_inventory_free(inv);
}

static void one_board_fits_or_all_are_listed(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    struct jig_device_wish wish = {.fqbn = "arduino:avr:uno:menu=x"};
    struct jig_device d;
    assert_int_equal(jig_inventory_choose(inv, &wish, &d, &err), JIG_NOT_FOUND);
    offer(inv);
    assert_int_equal(jig_inventory_choose(inv, &wish, &d, &err), JIG_OK);
    assert_string_equal(d.id, "emulated:uno");
    jig_device_release(&d);
    /* A second instance, got by name, does not make the choice harder. */
    assert_int_equal(jig_inventory_find(inv, "emulated:uno#2", &d, &err), JIG_OK);
    jig_device_release(&d);
    assert_int_equal(jig_inventory_choose(inv, &wish, &d, &err), JIG_OK);
    jig_device_release(&d);

    /* A physical one goes first; two of them are one too many. */
    char ports[2][64];
    int masters[2] = {make_pty(ports[0]), make_pty(ports[1])};
    struct jig_device_config c[] = {
        {.name = "left", .port = ports[0], .fqbn = "arduino:avr:uno"},
        {.name = "right", .port = ports[1], .fqbn = "arduino:avr:uno"},
    };
    assert_int_equal(jig_inventory_configure(inv, c, 1, &err), JIG_OK);
    assert_int_equal(jig_inventory_choose(inv, &wish, &d, &err), JIG_OK);
    assert_string_equal(d.id, "left");
    jig_device_release(&d);
    assert_int_equal(jig_inventory_configure(inv, c, 2, &err), JIG_OK);
    assert_int_equal(jig_inventory_choose(inv, &wish, &d, &err), JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "left"));
    assert_non_null(strstr(err.message, "right"));
    assert_non_null(strstr(err.message, ports[1]));

    wish.fqbn = "arduino:avr:mega";
    assert_int_equal(jig_inventory_choose(inv, &wish, &d, &err), JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, "arduino:avr:mega"));
    assert_non_null(strstr(err.message, "left"));
    close(masters[0]);
    close(masters[1]);
    jig_inventory_free(inv);
}

static void fitting(void **state)
{
    (void)state;
    struct jig_usb_id ids[] = {{0x2341, 0x0043}, {0x2341, 0x0001}};
    struct jig_device_wish wish = {.fqbn = "arduino:avr:uno", .usb_ids = ids, .n_usb_ids = 2};
    struct jig_device d = {.usb = true, .vid = 0x2341, .pid = 0x0001, .fqbn = (char *)""};
    assert_true(jig_device_fits(&d, &wish));
    d.pid = 0x0002;
    assert_false(jig_device_fits(&d, &wish));
    d.fqbn = (char *)"arduino:avr:uno"; /* a clone with a label */
    assert_true(jig_device_fits(&d, &wish));
    d.pid = 0x0001;
    d.fqbn = (char *)"arduino:avr:nano"; /* what somebody said goes before the ids */
    assert_false(jig_device_fits(&d, &wish));
    d.fqbn = (char *)"arduino:avr:unowifi";
    assert_false(jig_device_fits(&d, &wish));
}

static void readers_follow_by_cursor(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    offer(inv);
    struct jig_device_news news;
    jig_inventory_news(inv, 0, &news);
    assert_true(news.snapshot);
    assert_false(news.rescan);
    uint64_t cursor = news.cursor;
    jig_device_news_release(&news);
    jig_inventory_news(inv, cursor, &news);
    assert_int_equal(news.n, 0);
    assert_false(news.snapshot);
    jig_device_news_release(&news);

    JIG_CLEANUP_FREE char *link = NULL;
    int master = make_linked_pty(*state, &link);
    configure(inv, "bench", link, "");
    configure(inv, "bench", link, "red");
    unlink(link);
    assert_int_equal(jig_inventory_refresh(inv, &err), JIG_OK);
    assert_int_equal(jig_inventory_configure(inv, NULL, 0, &err), JIG_OK);
    jig_inventory_news(inv, cursor, &news);
    static const enum jig_device_change_kind want[] = {
        JIG_DEVICE_ADDED, JIG_DEVICE_CHANGED, JIG_DEVICE_DISCONNECTED, JIG_DEVICE_FORGOTTEN};
    assert_int_equal(news.n, JIG_COUNT(want));
    for (size_t i = 0; i < news.n; i++) {
        assert_int_equal(news.v[i].kind, want[i]);
        assert_string_equal(news.v[i].device.id, "bench");
        assert_true(i == 0 || news.v[i].revision > news.v[i - 1].revision);
    }
    assert_int_equal(news.cursor, news.v[news.n - 1].revision);
    jig_device_news_release(&news);
    close(master);
    jig_inventory_free(inv);
}

static void a_lost_cursor_is_told_to_rescan(void **state)
{
    (void)state;
    struct jig_inventory *inv = make();
    offer(inv);
    uint64_t cursor = jig_inventory_revision(inv);
    char port[64];
    int master = make_pty(port);
    for (int i = 0; i < JIG_INVENTORY_MOST_CHANGES; i++)
        configure(inv, "bench", port, i % 2 == 0 ? "a" : "b");
    struct jig_device_news news;
    jig_inventory_news(inv, cursor, &news);
    assert_false(news.rescan); /* exactly as many as the ring holds */
    assert_int_equal(news.n, JIG_INVENTORY_MOST_CHANGES);
    jig_device_news_release(&news);
    configure(inv, "bench", port, "c");
    jig_inventory_news(inv, cursor, &news);
    assert_true(news.rescan);
    assert_true(news.snapshot);
    assert_int_equal(news.v[0].kind, JIG_DEVICE_PRESENT);
    jig_device_news_release(&news);
    /* Cursors of another daemon: from before it, and from nowhere. */
    jig_inventory_news(inv, 77, &news);
    assert_true(news.rescan);
    jig_device_news_release(&news);
    jig_inventory_news(inv, UINT64_MAX, &news);
    assert_true(news.rescan);
    jig_device_news_release(&news);
    close(master);
    jig_inventory_free(inv);
}

struct told {
    uint64_t revision;
    int times;
};

static void hear(void *ctx, uint64_t revision)
{
    struct told *t = ctx;
    t->revision = revision;
    t->times++;
}

static void *end_emulated(void *arg)
{
    jig_inventory_emulated_ended(arg, "emulated:uno");
    return NULL;
}

static void waiters_and_the_owner_are_told(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_inventory *inv = make();
    struct told told = {0};
    jig_inventory_set_notify(inv, hear, &told);
    offer(inv);
    assert_int_equal(told.times, 1);
    uint64_t cursor = jig_inventory_revision(inv);
    assert_int_equal(told.revision, cursor);
    struct jig_until past = {.deadline_ns = jig_now_ns()};
    assert_int_equal(jig_inventory_wait(inv, cursor, &past, &err), JIG_DEADLINE_EXCEEDED);
    pthread_t thread;
    pthread_create(&thread, NULL, end_emulated, inv);
    assert_int_equal(jig_inventory_wait(inv, cursor, &forever, &err), JIG_OK);
    pthread_join(thread, NULL);
    assert_int_equal(told.times, 2);
    jig_inventory_free(inv);
}

/* ---- emulators as programs ---- */

struct bench {
    struct jig_inventory *inv;
    struct jig_emulators *e;
    char *state;
    char *pid_file;
};

static const char script_head[] =
    "#!/bin/sh\n"
    "while [ $# -gt 0 ]; do [ \"$1\" = --flash ] && f=$2; shift; done\n"
    "echo $$ > \"$f.pid\"\n";

static void bench_make(struct bench *b, const char *folder, const char *behaviour)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *program = jig_path_join(folder, "emulator");
    JIG_CLEANUP_FREE char *text = jig_strf("%s%s\n", script_head, behaviour);
    assert_int_equal(jig_fs_write_atomic(program, text, strlen(text), 0755, &err), JIG_OK);
    b->state = jig_path_join(folder, "state");
    b->pid_file = jig_path_join(b->state, "uno.flash.pid");
    JIG_CLEANUP_FREE char *sockets = jig_path_join(folder, "sockets");
    b->inv = make();
    struct jig_emulators_spec spec = {.program = program,
                                      .board = "uno",
                                      .fqbn = "arduino:avr:uno",
                                      .product = "an Uno",
                                      .state_dir = b->state,
                                      .socket_dir = sockets,
                                      .most = 4};
    assert_int_equal(jig_emulators_new(&spec, b->inv, &b->e, &err), JIG_OK);
}

static void bench_free(struct bench *b)
{
    jig_emulators_free(b->e);
    jig_inventory_free(b->inv);
    free(b->state);
    free(b->pid_file);
}

static pid_t pid_in(const char *path)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_buf b;
    jig_buf_init(&b, 64);
    assert_int_equal(jig_fs_read(path, &b, &err), JIG_OK);
    int64_t pid = 0;
    assert_true(jig_parse_i64(jig_str_trim(b.data), &pid));
    jig_buf_release(&b);
    return (pid_t)pid;
}

static void an_emulator_runs_dies_and_is_started_again(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct bench b;
    bench_make(&b, *state,
               "echo noise >&2; printf '{\"port\":\"/dev/pts/77\",'; "
               "echo '\"control\":\"/run/c\"}'; echo more; read x");
    struct jig_device d;
    assert_int_equal(jig_inventory_ready(b.inv, "emulated:uno", &forever, &d, &err), JIG_OK);
    assert_string_equal(d.port, "/dev/pts/77");
    jig_device_release(&d);
    char *control = jig_emulators_control(b.e, "emulated:uno");
    assert_string_equal(control, "/run/c");
    free(control);
    pid_t first = pid_in(b.pid_file);
    assert_int_equal(jig_inventory_ready(b.inv, "emulated:uno", &forever, &d, &err), JIG_OK);
    jig_device_release(&d);
    assert_int_equal(pid_in(b.pid_file), first);

    uint64_t cursor = jig_inventory_revision(b.inv);
    assert_int_equal(kill(first, SIGKILL), 0);
    assert_int_equal(jig_inventory_wait(b.inv, cursor, &forever, &err), JIG_OK);
    assert_int_equal(jig_inventory_find(b.inv, "emulated:uno", &d, &err), JIG_OK);
    assert_false(d.connected);
    jig_device_release(&d);
    assert_int_equal(jig_inventory_ready(b.inv, "emulated:uno", &forever, &d, &err), JIG_OK);
    assert_true(d.connected);
    jig_device_release(&d);
    pid_t second = pid_in(b.pid_file);
    assert_int_not_equal(second, first);
    bench_free(&b);
    assert_int_equal(kill(second, 0), -1); /* and it is gone with us */
}

static void instances_have_files_of_their_own(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct bench b;
    bench_make(&b, *state, "echo '{\"port\":\"/dev/pts/77\"}'; read x");
    JIG_CLEANUP_FREE char *own = jig_path_join(*state, "mine.bin");
    assert_int_equal(jig_emulators_name(b.e, "bench", own, &err), JIG_OK);
    assert_int_equal(jig_emulators_name(b.e, "a:b", NULL, &err), JIG_INVALID_ARGUMENT);
    static const char *const ids[] = {"emulated:uno", "emulated:uno#2", "emulated:bench"};
    for (size_t i = 0; i < JIG_COUNT(ids); i++) {
        struct jig_device d;
        assert_int_equal(jig_inventory_ready(b.inv, ids[i], &forever, &d, &err), JIG_OK);
        assert_string_equal(d.fqbn, "arduino:avr:uno");
        jig_device_release(&d);
    }
    struct jig_strv names = {0};
    assert_int_equal(jig_fs_list(b.state, &names, &err), JIG_OK);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&names, " ");
    assert_string_equal(all, "uno-2.flash.pid uno.flash.pid");
    jig_strv_release(&names);
    JIG_CLEANUP_FREE char *own_pid = jig_strf("%s.pid", own);
    assert_true(jig_fs_exists(own_pid));
    bench_free(&b);
}

static void a_bad_start_says_why(void **state)
{
    static const struct {
        const char *does;
        enum jig_code code;
        const char *says;
    } bad[] = {
        {"echo first >&2; echo 'no simavr here' >&2; exit 3", JIG_UNAVAILABLE, "no simavr here"},
        {"echo hello; read x", JIG_INTERNAL, "did not say what port"},
        {"echo '{\"port\":7}'; read x", JIG_INTERNAL, "did not say what port"},
        {"head -c 100000 /dev/zero; read x", JIG_INTERNAL, "did not say what port"},
    };
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_until forever = JIG_UNTIL_FOREVER;
        struct bench b;
        bench_make(&b, *state, bad[i].does);
        struct jig_device d;
        assert_int_equal(jig_inventory_ready(b.inv, "emulated:uno", &forever, &d, &err),
                         bad[i].code);
        assert_non_null(strstr(err.message, bad[i].says));
        /* The next use tries again. */
        assert_int_equal(jig_inventory_ready(b.inv, "emulated:uno", &forever, &d, &err),
                         bad[i].code);
        bench_free(&b);
    }
}

static void *start_it(void *arg)
{
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_device d;
    struct bench *b = arg;
    if (jig_inventory_ready(b->inv, "emulated:uno", &forever, &d, NULL) != JIG_OK)
        return NULL;
    jig_device_release(&d);
    return b;
}

static void many_starters_start_one(void **state)
{
    struct bench b;
    bench_make(&b, *state, "echo $$ >> \"$f.pids\"; echo '{\"port\":\"/dev/pts/77\"}'; read x");
    pthread_t threads[8];
    for (size_t i = 0; i < JIG_COUNT(threads); i++)
        pthread_create(&threads[i], NULL, start_it, &b);
    for (size_t i = 0; i < JIG_COUNT(threads); i++) {
        void *result = NULL;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, &b);
    }
    JIG_CLEANUP_FREE char *pids = jig_path_join(b.state, "uno.flash.pids");
    assert_true(pid_in(pids) > 0); /* one number in the file */
    bench_free(&b);
}

/* ---- systems that do not tell of hot-plug ---- */

static int64_t now_ns;

static int64_t test_now(void *ctx)
{
    (void)ctx;
    return now_ns;
}

static int64_t test_unix(void *ctx)
{
    (void)ctx;
    return 1;
}

static int become_silent(void **state)
{
    (void)state;
    system_is_silent = true;
    return 0;
}

static int be_as_before(void **state)
{
    (void)state;
    system_is_silent = false;
    system_fails = false;
    return 0;
}

static void without_events_each_question_enumerates(void **state)
{
    (void)state;
    static const struct jig_clock clock = {test_now, test_unix, NULL};
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = NULL;
    if (!jig_fs_is_dir("/sys/class/tty"))
        skip();
    assert_int_equal(jig_inventory_new(&clock, &inv, &err), JIG_OK);
    assert_false(jig_inventory_has_events(inv));
    assert_int_equal(jig_inventory_fd(inv), -1);
    unsigned before = enumerations;
    jig_inventory_pump(inv); /* nothing told of anything */
    assert_int_equal(enumerations, before);
    for (int i = 0; i < 3; i++)
        assert_int_equal(jig_inventory_refresh(inv, &err), JIG_OK);
    assert_int_equal(enumerations, before + 3);

    /* Unless an older answer will do. */
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_OK);
    assert_int_equal(enumerations, before + 3);
    now_ns += 999 * JIG_NS_PER_MS;
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_OK);
    assert_int_equal(enumerations, before + 3);
    now_ns += JIG_NS_PER_MS;
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_OK);
    assert_int_equal(enumerations, before + 4);
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 0, &err), JIG_OK);
    assert_int_equal(enumerations, before + 5);
    jig_inventory_free(inv);
}

static void an_enumeration_that_fails_does_not_count(void **state)
{
    (void)state;
    static const struct jig_clock clock = {test_now, test_unix, NULL};
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = NULL;
    if (!jig_fs_is_dir("/sys/class/tty"))
        skip();
    assert_int_equal(jig_inventory_new(&clock, &inv, &err), JIG_OK);
    now_ns += 5000 * JIG_NS_PER_MS;
    unsigned before = enumerations;
    system_fails = true;
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_UNAVAILABLE);
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_UNAVAILABLE);
    const char *why = NULL;
    assert_int_equal(jig_inventory_generation(inv, "usb:1:2:3", &why), 0);
    assert_string_equal(why, "the system's ports could not be listed");
    assert_int_equal(enumerations, before + 3);
    system_fails = false;
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_OK);
    assert_int_equal(jig_inventory_refresh_if_stale(inv, 1000, &err), JIG_OK);
    assert_int_equal(enumerations, before + 4);
    jig_inventory_free(inv);
}

/* A board that is forgotten and comes back is not taken for what it was. */
static void no_generation_is_given_twice(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_inventory *inv = make();
    JIG_CLEANUP_FREE char *link = NULL;
    int master = make_linked_pty(*state, &link);
    uint64_t last = 0;
    for (int i = 0; i < 4; i++) {
        const char *why = NULL;
        configure(inv, "bench", link, "");
        uint64_t generation = jig_inventory_generation(inv, "bench", &why);
        assert_true(generation > last);
        last = generation;
        assert_int_equal(jig_inventory_configure(inv, NULL, 0, &err), JIG_OK);
        assert_int_equal(jig_inventory_generation(inv, "bench", &why), 0);
        assert_string_equal(why, "the device is not known any more");
    }
    close(master);
    jig_inventory_free(inv);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_machines_own_ports_are_no_boards),
        IN_FOLDER(a_configured_port_is_a_device),
        IN_FOLDER(a_node_made_anew_is_another_board),
        IN_FOLDER(a_port_that_nobody_configured_is_taken_in),
        cmocka_unit_test(an_unknown_name_gets_the_nearest),
        cmocka_unit_test(configuration_is_checked_as_a_whole),
        cmocka_unit_test(emulated_boards_start_when_used),
        cmocka_unit_test(one_board_fits_or_all_are_listed),
        cmocka_unit_test(fitting),
        IN_FOLDER(readers_follow_by_cursor),
        cmocka_unit_test(a_lost_cursor_is_told_to_rescan),
        cmocka_unit_test(waiters_and_the_owner_are_told),
        IN_FOLDER(an_emulator_runs_dies_and_is_started_again),
        IN_FOLDER(instances_have_files_of_their_own),
        IN_FOLDER(a_bad_start_says_why),
        IN_FOLDER(many_starters_start_one),
        cmocka_unit_test_setup_teardown(without_events_each_question_enumerates, become_silent,
                                        be_as_before),
        cmocka_unit_test_setup_teardown(an_enumeration_that_fails_does_not_count, become_silent,
                                        be_as_before),
        IN_FOLDER(no_generation_is_given_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
