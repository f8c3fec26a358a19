#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/bell.h"
#include "core/os/fs.h"
#include "core/os/hotplug.h"
#include "core/os/proc.h"
#include "core/os/time.h"
#include "core/os/tty.h"

/* The board's end of a pty, and the name of ours. */
struct board {
    int master;
    char port[64];
};

static int board_setup(void **state)
{
    struct board *b = jig_new(struct board);
    int slave = -1;
    if (openpty(&b->master, &slave, b->port, NULL, NULL) != 0)
        return -1;
    fcntl(b->master, F_SETFD, FD_CLOEXEC);
    close(slave);
    *state = b;
    return 0;
}

static int board_teardown(void **state)
{
    struct board *b = *state;
    if (b->master >= 0)
        close(b->master);
    free(b);
    return 0;
}

static struct jig_port *open_at(const struct board *b, int baud)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = NULL;
    struct jig_port_settings s = JIG_PORT_8N1(baud);
    enum jig_code code = jig_port_open(b->port, &s, &p, &err);
    if (code != JIG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(code, JIG_OK);
    return p;
}

static void bytes_pass_unchanged(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_port *p = open_at(b, 115200);
    assert_int_equal(jig_port_kind(p), JIG_PORT_PTY);
    const char odd[] = "\r\n\x03\x04\x11\x13\x00\xff";
    char got[32];
    size_t n = 0;
    assert_int_equal(jig_port_try_read(p, got, sizeof got, &n, &err), JIG_OK);
    assert_int_equal(n, 0);
    assert_int_equal(write(b->master, odd, sizeof odd), (int)sizeof odd);
    assert_int_equal(jig_port_read(p, got, sizeof got, &forever, &n, &err), JIG_OK);
    assert_int_equal(n, sizeof odd);
    assert_memory_equal(got, odd, n);
    assert_int_equal(jig_port_write(p, odd, sizeof odd, &forever, &n, &err), JIG_OK);
    assert_int_equal(read(b->master, got, sizeof got), (int)sizeof odd);
    assert_memory_equal(got, odd, n);
    jig_port_close(p);
}

/* The emulator reads the rate from its end, so it must be there as a code or as a number. */
static void rates_are_seen_by_the_other_end(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = open_at(b, 57600);
    struct termios t;
    assert_int_equal(tcgetattr(b->master, &t), 0);
    assert_int_equal(cfgetospeed(&t), B57600);
    assert_int_equal(jig_port_set_baud(p, 115200, &err), JIG_OK);
    assert_int_equal(tcgetattr(b->master, &t), 0);
    assert_int_equal(cfgetospeed(&t), B115200);
    assert_int_equal(jig_port_set_baud(p, 123456, &err), JIG_OK); /* no code for that one */
    assert_int_equal(tcgetattr(b->master, &t), 0);
    assert_int_equal(cfgetospeed(&t), 0010000); /* BOTHER; the number is in termios2 */
    jig_port_close(p);
}

static void no_modem_lines_is_told_from_failure(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = open_at(b, 9600);
    assert_int_equal(jig_port_set_lines(p, 0, 0, &err), JIG_UNIMPLEMENTED);
    jig_port_close(p);
    struct jig_port_settings s = JIG_PORT_8N1(9600);
    s.dtr = 0; /* a wish that a pty cannot fulfil does not fail the open */
    assert_int_equal(jig_port_open(b->port, &s, &p, &err), JIG_OK);
    jig_port_close(p);
}

static void a_vanished_device_is_an_error_at_once(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_port *p = open_at(b, 9600);
    close(b->master);
    b->master = -1;
    char got[8];
    size_t n = 0;
    for (int i = 0; i < 3; i++) { /* and again: never "nothing to read" */
        jig_err_clear(&err);
        assert_int_equal(jig_port_read(p, got, sizeof got, &forever, &n, &err), JIG_UNAVAILABLE);
        assert_non_null(strstr(err.message, b->port));
        assert_int_not_equal(err.sys_errno, 0);
        assert_int_equal(jig_port_write(p, "x", 1, &forever, NULL, &err), JIG_UNAVAILABLE);
    }
    jig_port_close(p);
}

static void *close_master(void *arg)
{
    struct board *b = arg;
    close(b->master);
    b->master = -1;
    return NULL;
}

static void a_waiting_read_ends_when_the_device_vanishes(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_port *p = open_at(b, 9600);
    pthread_t thread;
    pthread_create(&thread, NULL, close_master, b);
    char got[8];
    size_t n = 0;
    assert_int_equal(jig_port_read(p, got, sizeof got, &forever, &n, &err), JIG_UNAVAILABLE);
    pthread_join(thread, NULL);
    jig_port_close(p);
}

static void waits_end(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = open_at(b, 9600);
    struct jig_until past = {.deadline_ns = jig_now_ns()};
    char got[8];
    size_t n = 0;
    assert_int_equal(jig_port_read(p, got, sizeof got, &past, &n, &err), JIG_DEADLINE_EXCEEDED);
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    jig_cancel_fire(&cancel);
    struct jig_until cancelled = {&cancel, JIG_NO_DEADLINE};
    assert_int_equal(jig_port_read(p, got, sizeof got, &cancelled, &n, &err), JIG_CANCELLED);
    /* Nobody reads the other end: the write fills the pty and must not hang. */
    char *much = jig_xcalloc(1, 1 << 20);
    assert_int_equal(jig_port_write(p, much, 1 << 20, &cancelled, &n, &err), JIG_CANCELLED);
    assert_true(n < 1 << 20);
    free(much);
    jig_cancel_release(&cancel);
    jig_port_close(p);
}

static void opening_fails_precisely(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = NULL;
    struct jig_port_settings s = JIG_PORT_8N1(9600);
    assert_int_equal(jig_port_open("/dev/ttyNONE7", &s, &p, &err), JIG_NOT_FOUND);
    assert_string_equal(err.message, "there is no port /dev/ttyNONE7");
    assert_int_equal(err.sys_errno, ENOENT);
    assert_int_equal(jig_port_open("/dev/null", &s, &p, &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_port_open("/etc/passwd", &s, &p, &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_port_open("ttyACM0", &s, &p, &err), JIG_INVALID_ARGUMENT);
    s.baud = 0;
    assert_int_equal(jig_port_open(b->port, &s, &p, &err), JIG_INVALID_ARGUMENT);
    s = JIG_PORT_8N1(9600);
    s.parity = '?';
    assert_int_equal(jig_port_open(b->port, &s, &p, &err), JIG_INVALID_ARGUMENT);
    assert_null(p);
}

static void two_opens_exclude_each_other(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port *p = open_at(b, 9600);
    struct jig_port *q = NULL;
    struct jig_port_settings s = JIG_PORT_8N1(9600);
    assert_int_equal(jig_port_open(b->port, &s, &q, &err), JIG_ABORTED);
    assert_int_equal(err.reason, JIG_REASON_BUSY);
    jig_port_close(p);
    assert_int_equal(jig_port_open(b->port, &s, &q, &err), JIG_OK); /* nothing is left behind */
    jig_port_close(q);
}

static void heard_ready(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    (void)stream;
    (void)data;
    if (n > 0)
        jig_cancel_fire(ctx);
}

/* A program that has the port open without any lock, as picocom and cat do. */
static void a_foreign_holder_is_named(void **state)
{
    struct board *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_cancel ready;
    assert_int_equal(jig_cancel_init(&ready, &err), JIG_OK);
    char *argv[] = {"sh", "-c", "exec 5<>\"$0\"; echo ready; read x", b->port, NULL};
    struct jig_proc_spec spec = {
        .argv = argv, .output = heard_ready, .ctx = &ready, .stdin_pipe = true};
    struct jig_proc *child = NULL;
    assert_int_equal(jig_proc_start(&spec, &child, &err), JIG_OK);
    struct jig_until until = {&ready, JIG_NO_DEADLINE};
    bool exited = false;
    assert_int_equal(jig_proc_wait_or(child, -1, &until, &exited, &err), JIG_CANCELLED);

    struct jig_port_settings s = JIG_PORT_8N1(9600);
    struct jig_port *p = NULL;
    assert_int_equal(jig_port_open(b->port, &s, &p, &err), JIG_ABORTED);
    assert_int_equal(err.reason, JIG_REASON_BUSY);
    assert_int_equal(err.sys_errno, EBUSY);
    JIG_CLEANUP_FREE char *want =
        jig_strf("the port %s is held by sh (pid %ld)", b->port, (long)jig_proc_pid(child));
    assert_string_equal(err.message, want);
    assert_string_not_equal(err.hint, "");
    s.shared = true;
    assert_int_equal(jig_port_open(b->port, &s, &p, &err), JIG_OK);
    jig_port_close(p);

    jig_proc_free(child);
    assert_null(jig_port_holders_text(b->port));
    jig_cancel_release(&ready);
}

/* The silent pipe of a child's stdin ends with the jig_proc, so the child sees end of file. */
static void a_child_sees_its_parents_end(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t parent = fork();
    if (parent == 0) {
        char *argv[] = {"sh", "-c", "read x; echo gone >&2", NULL};
        dup2(fds[1], STDERR_FILENO);
        struct jig_proc_spec spec = {.argv = argv, .inherit_output = true, .stdin_pipe = true};
        struct jig_proc *child = NULL;
        if (jig_proc_start(&spec, &child, NULL) != JIG_OK)
            _exit(1);
        raise(SIGKILL);
    }
    close(fds[1]);
    int status = 0;
    assert_int_equal(waitpid(parent, &status, 0), parent);
    assert_true(WIFSIGNALED(status));
    char got[16] = "";
    assert_int_equal(read(fds[0], got, sizeof got - 1), 5);
    assert_string_equal(got, "gone\n");
    assert_int_equal(read(fds[0], got, sizeof got), 0);
    close(fds[0]);
    (void)err;
}

static void a_watch_tells_when_the_node_goes(void **state)
{
    struct board *b = *state;
    struct jig_port_watch w;
    jig_port_watch_init(&w, b->port);
    assert_true(w.fd >= 0);
    assert_false(jig_port_watch_gone(&w));
    close(b->master);
    b->master = -1;
    struct pollfd f = {.fd = w.fd, .events = POLLIN};
    assert_int_equal(poll(&f, 1, -1), 1);
    assert_true(jig_port_watch_gone(&w));
    jig_port_watch_release(&w);
}

static void *ring(void *arg)
{
    jig_bell_ring(arg);
    return NULL;
}

static void no_stroke_of_a_bell_is_missed(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_bell bell;
    jig_bell_init(&bell);
    struct jig_until forever = JIG_UNTIL_FOREVER;
    for (int i = 0; i < 50; i++) {
        uint64_t seen = jig_bell_count(&bell);
        pthread_t thread;
        pthread_create(&thread, NULL, ring, &bell);
        assert_int_equal(jig_bell_wait(&bell, seen, -1, &forever, &err), JIG_OK);
        pthread_join(thread, NULL);
    }
    struct jig_until past = {.deadline_ns = jig_now_ns()};
    assert_int_equal(jig_bell_wait(&bell, jig_bell_count(&bell), -1, &past, &err),
                     JIG_DEADLINE_EXCEEDED);
    jig_bell_release(&bell);
}

#define WITH_BOARD(f) cmocka_unit_test_setup_teardown(f, board_setup, board_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOARD(bytes_pass_unchanged),
        WITH_BOARD(rates_are_seen_by_the_other_end),
        WITH_BOARD(no_modem_lines_is_told_from_failure),
        WITH_BOARD(a_vanished_device_is_an_error_at_once),
        WITH_BOARD(a_waiting_read_ends_when_the_device_vanishes),
        WITH_BOARD(waits_end),
        WITH_BOARD(opening_fails_precisely),
        WITH_BOARD(two_opens_exclude_each_other),
        WITH_BOARD(a_foreign_holder_is_named),
        cmocka_unit_test(a_child_sees_its_parents_end),
        WITH_BOARD(a_watch_tells_when_the_node_goes),
        cmocka_unit_test(no_stroke_of_a_bell_is_missed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
