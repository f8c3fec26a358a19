/* The parts that emulated boards share: no simulator here, so these run without one too. */
#include "tests/support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "emulators/common/control.h"
#include "emulators/common/line.h"
#include "emulators/common/resample.h"
#include "emulators/common/ring.h"
#include "emulators/common/store.h"

/* ---- resample ---- */

static void speeds_agree_within_four_percent(void **state)
{
    (void)state;
    assert_true(emu_speeds_agree(115200, 117647)); /* what 16 MHz makes of 115200 */
    assert_true(emu_speeds_agree(57600, 58823));
    assert_true(emu_speeds_agree(10400, 10000));
    assert_false(emu_speeds_agree(10401, 10000));
    assert_false(emu_speeds_agree(9599, 10000));
    assert_false(emu_speeds_agree(9600, 115200));
    assert_true(emu_speeds_agree(0, 115200));
    assert_true(emu_speeds_agree(115200, 0));
}

static void agreeing_speeds_change_nothing(void **state)
{
    (void)state;
    struct emu_frame out[EMU_FRAMES_MAX];
    for (unsigned b = 0; b < 256; b++) {
        assert_int_equal(emu_resample((uint8_t)b, 115200, 117647, out), 1);
        assert_int_equal(out[0].byte, b);
        assert_false(out[0].framing_error);
    }
}

/* Worked out by hand: at half the sender's speed the receiver sees every second bit. */
static void a_slow_receiver_sees_too_few_bits(void **state)
{
    (void)state;
    struct emu_frame out[EMU_FRAMES_MAX];
    /* 0x00 at 19200 is low for nine bits, which is 4.5 bits of a receiver at 9600: its start bit,
     * three low data bits, then (from 4.5 on) high ones. */
    assert_int_equal(emu_resample(0x00, 19200, 9600, out), 1);
    assert_int_equal(out[0].byte, 0xf8);
    assert_false(out[0].framing_error);
    /* 0xff is low for one bit, half a bit of the receiver: its start bit's middle is high. */
    assert_int_equal(emu_resample(0xff, 19200, 9600, out), 0);
}

static void a_fast_receiver_sees_too_many_frames(void **state)
{
    (void)state;
    struct emu_frame out[EMU_FRAMES_MAX];
    /* 0x55 at 9600 alternates ten times; each low bit is twelve bits at 115200: a break each. */
    assert_int_equal(emu_resample(0x55, 9600, 115200, out), 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(out[i].byte, 0x00);
        assert_true(out[i].framing_error);
    }
    assert_int_equal(emu_resample(0xff, 9600, 115200, out), 1);
}

static void no_speed_overruns_the_frames(void **state)
{
    (void)state;
    static const uint32_t speeds[] = {1, 50, 300, 9600, 38400, 115200, 1000000, UINT32_MAX};
    struct emu_frame out[EMU_FRAMES_MAX];
    for (size_t f = 0; f < 8; f++)
        for (size_t t = 0; t < 8; t++)
            for (unsigned b = 0; b < 256; b++)
                assert_true(emu_resample((uint8_t)b, speeds[f], speeds[t], out) <= EMU_FRAMES_MAX);
}

/* ---- ring ---- */

static void a_ring_keeps_order_across_its_end(void **state)
{
    (void)state;
    static struct emu_ring r;
    uint8_t got;
    assert_false(emu_ring_take(&r, &got));
    uint8_t in = 0;
    uint8_t out = 0;
    for (int round = 0; round < 5; round++) {
        for (int i = 0; i < 3000; i++)
            assert_true(emu_ring_put(&r, in++));
        assert_true(emu_ring_piece(&r) <= 3000);
        for (int i = 0; i < 3000; i++) {
            assert_true(emu_ring_take(&r, &got));
            assert_int_equal(got, out++);
        }
    }
    for (int i = 0; i < EMU_RING_SIZE; i++)
        assert_true(emu_ring_put(&r, 1));
    assert_false(emu_ring_put(&r, 1));
    assert_int_equal(emu_ring_room(&r), 0);
}

/* ---- line ---- */

static int open_port(const struct emu_line *l)
{
    int fd = open(emu_line_path(l), O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_int_not_equal(fd, -1);
    return fd;
}

static void a_line_sees_opens_and_closes(void **state)
{
    (void)state;
    struct emu_line *l;
    assert_true(emu_line_new(&l));
    assert_int_equal(emu_line_poll(l).opened, 0);
    assert_false(emu_line_is_open(l));
    int a = open_port(l);
    assert_int_equal(emu_line_poll(l).opened, 1);
    assert_int_equal(emu_line_poll(l).opened, 0);
    int b = open_port(l); /* DTR is up already */
    assert_int_equal(emu_line_poll(l).opened, 0);
    close(a);
    assert_false(emu_line_poll(l).closed);
    assert_true(emu_line_is_open(l));
    close(b);
    assert_true(emu_line_poll(l).closed);
    assert_false(emu_line_is_open(l));
    for (int i = 0; i < 3; i++) {
        struct emu_line_news news = emu_line_poll(l);
        assert_int_equal(news.opened, 0); /* its own tidying up is not an open */
        assert_false(news.closed);
    }
    emu_line_free(l);
}

/* POLLHUP alone shows none of these. */
static void a_line_counts_opens_between_two_polls(void **state)
{
    (void)state;
    struct emu_line *l;
    assert_true(emu_line_new(&l));
    for (int i = 0; i < 50; i++)
        close(open_port(l));
    struct emu_line_news news = emu_line_poll(l);
    assert_int_equal(news.opened, 50);
    assert_true(news.closed);
    int a = open_port(l);
    assert_int_equal(emu_line_poll(l).opened, 1);
    close(a);
    a = open_port(l);
    news = emu_line_poll(l);
    assert_int_equal(news.opened, 1);
    assert_false(news.closed);
    assert_int_equal(emu_line_counts(l)->opens, 52);
    close(a);
    emu_line_free(l);
}

static void a_line_knows_when_a_speed_was_set(void **state)
{
    (void)state;
    struct emu_line *l;
    assert_true(emu_line_new(&l));
    int a = open_port(l);
    (void)emu_line_poll(l);
    assert_int_equal(emu_line_baud(l), 0);
    struct termios t;
    assert_int_equal(tcgetattr(a, &t), 0);
    assert_int_equal(t.c_lflag & (ICANON | ECHO), 0);
    assert_int_equal(tcsetattr(a, TCSANOW, &t), 0); /* sets no speed */
    (void)emu_line_poll(l);
    assert_int_equal(emu_line_baud(l), 0);
    cfsetspeed(&t, B38400); /* the pty's default, but set */
    assert_int_equal(tcsetattr(a, TCSANOW, &t), 0);
    (void)emu_line_poll(l);
    assert_int_equal(emu_line_baud(l), 38400);
    close(a);
    (void)emu_line_poll(l);
    assert_int_equal(emu_line_baud(l), 38400);
    emu_line_free(l);
}

static void a_client_does_not_read_what_the_last_one_left(void **state)
{
    (void)state;
    struct emu_line *l;
    assert_true(emu_line_new(&l));
    int a = open_port(l);
    (void)emu_line_poll(l);
    int watch = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    assert_true(inotify_add_watch(watch, emu_line_path(l), IN_OPEN) >= 0);
    for (int i = 0; i < 100000; i++) {
        emu_line_put(l, 'x');
        emu_line_flush(l);
    }
    assert_true(emu_line_counts(l)->dropped > 0);
    close(a); /* leaves all of it unread */
    (void)emu_line_poll(l);
    emu_line_put(l, 'z');
    assert_int_equal(emu_line_counts(l)->unheard, 1);
    char event[256]; /* and the board opens its own port for none of this */
    assert_int_equal(read(watch, event, sizeof event), -1);
    close(watch);
    a = open_port(l);
    (void)emu_line_poll(l);
    emu_line_put(l, '!');
    emu_line_flush(l);
    struct pollfd p = {.fd = a, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
    char c[8];
    assert_int_equal(read(a, c, sizeof c), 1);
    assert_int_equal(c[0], '!');
    close(a);
    emu_line_free(l);
}

static void a_client_that_does_not_read_loses_bytes(void **state)
{
    (void)state;
    struct emu_line *l;
    assert_true(emu_line_new(&l));
    int a = open_port(l);
    (void)emu_line_poll(l);
    for (int i = 0; i < 1000000; i++) {
        emu_line_put(l, (uint8_t)i);
        if (i % 100 == 0)
            emu_line_flush(l);
    }
    const struct emu_line_counts *n = emu_line_counts(l);
    assert_true(n->dropped > 0);
    assert_true(n->said >= 4096); /* the terminal's own buffer, at least */
    assert_true(n->said + n->dropped >= 1000000 - EMU_RING_SIZE);
    close(a);
    emu_line_free(l);
}

/* ---- store ---- */

static void store_path(void **state, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", (const char *)*state, name);
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static void a_store_outlives_its_emulator(void **state)
{
    char path[256];
    store_path(state, "flash", path);
    uint8_t live[64];
    memset(live, 0xff, sizeof live);
    struct emu_store s;
    assert_true(emu_store_open(&s, "flash", path, live, sizeof live));
    assert_false(emu_store_is_saved(&s));
    assert_true(emu_store_save(&s));
    live[3] = 7;
    emu_store_settle(&s); /* still changing */
    assert_false(emu_store_is_saved(&s));
    emu_store_settle(&s);
    assert_true(emu_store_is_saved(&s));
    live[4] = 8; /* never saved */
    emu_store_close(&s);
    uint8_t again[64] = {0};
    assert_true(emu_store_open(&s, "flash", path, again, sizeof again));
    assert_int_equal(again[3], 7);
    assert_int_equal(again[4], 0xff);
    emu_store_close(&s);
}

static void a_store_refuses_what_is_not_its_own(void **state)
{
    char path[256];
    uint8_t live[64] = {1};
    struct emu_store s;
    store_path(state, "short", path);
    write_file(path, "abc", 3);
    assert_false(emu_store_open(&s, "flash", path, live, sizeof live));
    store_path(state, "folder", path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_false(emu_store_open(&s, "flash", path, live, sizeof live));
    store_path(state, "none/flash", path);
    assert_false(emu_store_open(&s, "flash", path, live, sizeof live));
    assert_int_equal(live[0], 1);
    store_path(state, "flash", path);
    struct emu_store other;
    assert_true(emu_store_open(&s, "flash", path, live, sizeof live));
    assert_false(emu_store_open(&other, "flash", path, live, sizeof live));
    emu_store_close(&s);
    assert_true(emu_store_open(&other, "flash", path, live, sizeof live));
    emu_store_close(&other);
}

static void a_store_that_cannot_be_written_keeps_the_old_file(void **state)
{
    char path[256];
    char beside[256];
    store_path(state, "flash", path);
    store_path(state, "flash.new", beside);
    uint8_t live[64] = {1};
    struct emu_store s;
    assert_true(emu_store_open(&s, "flash", path, live, sizeof live));
    assert_true(emu_store_save(&s));
    assert_int_equal(mkdir(beside, 0700), 0); /* root cannot write to that either */
    live[0] = 2;
    assert_false(emu_store_save(&s));
    assert_false(emu_store_is_saved(&s));
    assert_int_equal(rmdir(beside), 0);
    uint8_t in_file[64];
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_int_equal(fread(in_file, 1, sizeof in_file, f), sizeof in_file);
    fclose(f);
    assert_int_equal(in_file[0], 1);
    assert_true(emu_store_save(&s));
    emu_store_close(&s);
}

/* ---- control ---- */

static void repeat_command(void *ctx, const char *command, FILE *answer)
{
    (*(int *)ctx)++;
    fprintf(answer, "<%s>", command);
}

static int dial(const char *path)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_true(snprintf(a.sun_path, sizeof a.sun_path, "%s", path) < (int)sizeof a.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}

/* What the emulator answers to these bytes, given a poll for each 1024 of them. */
static const char *say_to(struct emu_control *c, int fd, const void *bytes, size_t n, int *runs)
{
    static char got[4096];
    assert_int_equal(send(fd, bytes, n, 0), n);
    for (size_t i = 0; i <= n / 1024 + 1; i++)
        emu_control_poll(c, repeat_command, runs);
    ssize_t k = recv(fd, got, sizeof got - 1, MSG_DONTWAIT);
    got[k > 0 ? k : 0] = '\0';
    return got;
}

static void control_answers_line_by_line(void **state)
{
    char path[256];
    store_path(state, "ctl", path);
    struct emu_control *c;
    assert_true(emu_control_new(path, &c));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    int runs = 0;
    int fd = dial(path);
    assert_string_equal(say_to(c, fd, "one\ntw", 6, &runs), "<one>\n");
    assert_string_equal(say_to(c, fd, "o\r\n\n", 4, &runs), "<two>\n<>\n");
    close(fd);
    emu_control_free(c);
    assert_int_equal(stat(path, &st), -1);
}

static void control_survives_rubbish(void **state)
{
    char path[256];
    store_path(state, "ctl", path);
    struct emu_control *c;
    assert_true(emu_control_new(path, &c));
    int runs = 0;
    int fd = dial(path);
    static char rubbish[5000];
    memset(rubbish, 'x', sizeof rubbish);
    const char *got = say_to(c, fd, rubbish, sizeof rubbish, &runs);
    assert_string_equal(got, "{\"ok\":false,\"error\":\"the command is too long\"}\n");
    assert_string_equal(say_to(c, fd, "tail\nok\n", 8, &runs), "<ok>\n");
    got = say_to(c, fd, "re\0set\n", 7, &runs);
    assert_string_equal(got, "{\"ok\":false,\"error\":\"the command is not printable text\"}\n");
    memset(rubbish, 'y', EMU_COMMAND_MAX);
    rubbish[EMU_COMMAND_MAX - 1] = '\n'; /* the longest that there may be */
    runs = 0;
    (void)say_to(c, fd, rubbish, EMU_COMMAND_MAX, &runs);
    assert_int_equal(runs, 1);
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof rubbish; i++) {
        seed = seed * 1664525 + 1013904223;
        rubbish[i] = (char)(seed >> 24);
    }
    (void)say_to(c, fd, rubbish, sizeof rubbish, &runs);
    assert_non_null(strstr(say_to(c, fd, "\nstill\n", 7, &runs), "<still>\n"));
    close(fd);
    emu_control_free(c);
}

static void control_drops_who_does_not_read(void **state)
{
    char path[256];
    store_path(state, "ctl", path);
    struct emu_control *c;
    assert_true(emu_control_new(path, &c));
    int runs = 0;
    int deaf = dial(path);
    static char lines[8192];
    memset(lines, '\n', sizeof lines);
    ssize_t sent = 0;
    for (int i = 0; i < 10000 && sent != -1; i++) {
        sent = send(deaf, lines, sizeof lines, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent == -1 && errno == EAGAIN)
            sent = 0;
        emu_control_poll(c, repeat_command, &runs);
    }
    assert_int_equal(sent, -1); /* EPIPE, or reset */
    int other = dial(path);
    assert_string_equal(say_to(c, other, "hi\n", 3, &runs), "<hi>\n");
    close(deaf);
    close(other);
    emu_control_free(c);
}

static void control_has_room_for_so_many(void **state)
{
    char path[256];
    store_path(state, "ctl", path);
    struct emu_control *c;
    assert_true(emu_control_new(path, &c));
    int runs = 0;
    int fds[EMU_CLIENTS_MAX];
    for (size_t i = 0; i < EMU_CLIENTS_MAX; i++) {
        fds[i] = dial(path);
        emu_control_poll(c, repeat_command, &runs);
    }
    int extra = dial(path);
    emu_control_poll(c, repeat_command, &runs);
    char got[128] = {0};
    assert_true(recv(extra, got, sizeof got - 1, MSG_DONTWAIT) > 0);
    assert_string_equal(got, "{\"ok\":false,\"error\":\"too many connections\"}\n");
    close(extra);
    close(fds[0]);
    emu_control_poll(c, repeat_command, &runs);
    extra = dial(path);
    emu_control_poll(c, repeat_command, &runs);
    assert_string_equal(say_to(c, extra, "hi\n", 3, &runs), "<hi>\n");
    close(extra);
    for (size_t i = 1; i < EMU_CLIENTS_MAX; i++)
        close(fds[i]);
    emu_control_free(c);
}

static void control_wants_a_place_of_its_own(void **state)
{
    char path[256];
    struct emu_control *c;
    struct emu_control *second;
    store_path(state, "file", path);
    write_file(path, "x", 1);
    assert_false(emu_control_new(path, &c));
    store_path(state, "ctl", path);
    assert_true(emu_control_new(path, &c));
    assert_false(emu_control_new(path, &second));
    emu_control_free(c);
    /* A socket whose emulator was killed. */
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    assert_true(snprintf(a.sun_path, sizeof a.sun_path, "%s", path) < (int)sizeof a.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
    assert_true(emu_control_new(path, &c));
    emu_control_free(c);
    assert_int_equal(chmod(*state, 0755), 0);
    assert_false(emu_control_new(path, &c));
    char deep[256];
    memset(deep, 'd', sizeof deep);
    deep[255] = '\0';
    assert_false(emu_control_new(deep, &c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(speeds_agree_within_four_percent),
        cmocka_unit_test(agreeing_speeds_change_nothing),
        cmocka_unit_test(a_slow_receiver_sees_too_few_bits),
        cmocka_unit_test(a_fast_receiver_sees_too_many_frames),
        cmocka_unit_test(no_speed_overruns_the_frames),
        cmocka_unit_test(a_ring_keeps_order_across_its_end),
        cmocka_unit_test(a_line_sees_opens_and_closes),
        cmocka_unit_test(a_line_counts_opens_between_two_polls),
        cmocka_unit_test(a_line_knows_when_a_speed_was_set),
        cmocka_unit_test(a_client_does_not_read_what_the_last_one_left),
        cmocka_unit_test(a_client_that_does_not_read_loses_bytes),
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)
        IN_FOLDER(a_store_outlives_its_emulator),
        IN_FOLDER(a_store_refuses_what_is_not_its_own),
        IN_FOLDER(a_store_that_cannot_be_written_keeps_the_old_file),
        IN_FOLDER(control_answers_line_by_line),
        IN_FOLDER(control_survives_rubbish),
        IN_FOLDER(control_drops_who_does_not_read),
        IN_FOLDER(control_has_room_for_so_many),
        IN_FOLDER(control_wants_a_place_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
