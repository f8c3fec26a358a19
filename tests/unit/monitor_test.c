#include "tests/support/unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/monitor/monitor.h"
#include "core/os/time.h"

/* ---- the ring ---- */

static void ring_tells_the_story_in_order(void **state)
{
    (void)state;
    struct jig_ring r;
    jig_ring_init(&r, 16);
    jig_ring_event(&r, JIG_MONITOR_OPENED, 1, "a", "/p");
    jig_ring_put(&r, "hello", 5);
    jig_ring_event(&r, JIG_MONITOR_PAUSED, 2, "b", "/p");
    jig_ring_event(&r, JIG_MONITOR_RESUMED, 3, "c", "/p");
    jig_ring_put(&r, "you", 3);
    static const struct {
        const char *data;
        size_t events;
    } want[] = {{"", 1}, {"he", 0}, {"llo", 2}, {"you", 0}, {"", 0}};
    uint64_t cursor = 0;
    for (size_t i = 0; i < JIG_COUNT(want); i++) {
        struct jig_monitor_cursor from = jig_ring_unpack(&r, cursor);
        struct jig_monitor_batch b;
        jig_ring_read(&r, &from, NULL, i == 1 ? 2 : 100, &b);
        assert_string_equal(b.data, want[i].data);
        assert_int_equal(b.n_events, want[i].events);
        assert_int_equal(b.dropped, 0);
        cursor = b.cursor;
        jig_monitor_batch_release(&b);
    }
    jig_ring_release(&r);
}

static void ring_counts_what_a_slow_reader_missed(void **state)
{
    (void)state;
    struct jig_ring r;
    jig_ring_init(&r, 8);
    struct jig_monitor_cursor start = {0};
    jig_ring_put(&r, "0123456789", 10); /* more than the ring at once */
    struct jig_monitor_batch b;
    jig_ring_read(&r, &start, NULL, 100, &b);
    assert_int_equal(b.dropped, 2);
    assert_string_equal(b.data, "23456789");
    struct jig_monitor_cursor next = b.next;
    jig_monitor_batch_release(&b);
    jig_ring_put(&r, "abc", 3);
    jig_ring_put(&r, "defghijk", 8);
    jig_ring_read(&r, &next, NULL, 100, &b);
    assert_int_equal(b.dropped, 3);
    assert_string_equal(b.data, "defghijk");
    jig_monitor_batch_release(&b);

    for (int i = 0; i < JIG_RING_MOST_EVENTS + 5; i++)
        jig_ring_event(&r, JIG_MONITOR_PAUSED, i, "x", "");
    struct jig_monitor_cursor end = {.offset = r.head};
    jig_ring_read(&r, &end, NULL, 100, &b);
    assert_int_equal(b.dropped_events, 5);
    assert_int_equal(b.n_events, JIG_RING_MOST_EVENTS);
    assert_int_equal(b.events[0].number, 5);
    jig_monitor_batch_release(&b);
    struct jig_monitor_cursor future = {.offset = 1 << 30, .event = 1 << 30};
    jig_ring_read(&r, &future, NULL, 100, &b);
    assert_int_equal(b.n + b.n_events + b.dropped + b.dropped_events, 0);
    jig_monitor_batch_release(&b);
    jig_ring_release(&r);
}

static void cursors_survive_being_one_number(void **state)
{
    (void)state;
    struct jig_ring r;
    jig_ring_init(&r, 8);
    r.next_event = 70000; /* past 16 bits */
    r.head = UINT64_C(1) << 40;
    for (uint64_t back = 0; back <= JIG_RING_MOST_EVENTS; back++) {
        struct jig_monitor_cursor c = {.offset = r.head - back, .event = r.next_event - back};
        struct jig_monitor_cursor d = jig_ring_unpack(&r, jig_ring_pack(&c));
        assert_int_equal(d.offset, c.offset);
        assert_int_equal(d.event, c.event);
    }
    r.next_event = 3;
    struct jig_monitor_cursor d = jig_ring_unpack(&r, 0x7777); /* nobody gave that one out */
    assert_true(d.event <= r.next_event);
    jig_ring_release(&r);
}

/* ---- ports: the test is the board ---- */

struct bench {
    struct jig_monitors *ms;
    int master;
    char port[64];
    atomic_int told;
    struct jig_clock clock;
    int64_t now_ns;
    char opens[64]; /* what the observer saw, a letter each */
};

static int64_t bench_now(void *ctx)
{
    return ((struct bench *)ctx)->now_ns;
}

static int64_t bench_unix(void *ctx)
{
    (void)ctx;
    return 1;
}

static void count_news(void *ctx, const char *device)
{
    struct bench *b = ctx;
    if (jig_streq(device, "uno"))
        atomic_fetch_add(&b->told, 1);
}

static int plug_in(char port[64])
{
    int master = -1;
    int slave = -1;
    if (openpty(&master, &slave, port, NULL, NULL) != 0)
        return -1;
    close(slave);
    return master;
}

static void note(struct bench *b, const char *device, char what)
{
    size_t n = strlen(b->opens);
    if (jig_streq(device, "uno") && n + 1 < sizeof b->opens)
        b->opens[n] = what;
}

static void note_opening(void *ctx, const char *device)
{
    note(ctx, device, '(');
}

static void note_opened(void *ctx, const char *device, bool ok)
{
    note(ctx, device, ok ? ')' : '!');
}

static void note_closed(void *ctx, const char *device)
{
    note(ctx, device, 'c');
}

static int setup(void **state)
{
    struct bench *b = jig_new(struct bench);
    b->clock = (struct jig_clock){bench_now, bench_unix, b};
    struct jig_monitors_spec spec = {
        .ring_bytes = 4096,
        .idle_ms = 1000,
        .clock = &b->clock,
        .observer = {note_opening, note_opened, note_closed, b},
    };
    jig_monitors_new(&spec, &b->ms);
    jig_monitors_set_notify(b->ms, count_news, b);
    b->master = plug_in(b->port);
    *state = b;
    return b->master >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    jig_monitors_free(b->ms);
    if (b->master >= 0)
        close(b->master);
    free(b);
    return 0;
}

static enum jig_code attach_at(struct bench *b, int baud, uint64_t owner, bool history,
                               uint64_t *ret, struct jig_err *err)
{
    struct jig_monitor_open open = {.device = "uno",
                                    .port = b->port,
                                    .settings = JIG_PORT_8N1(baud),
                                    .owner = owner,
                                    .who = "anna (pid 77)",
                                    .history = history};
    return jig_monitor_open(b->ms, &open, ret, err);
}

static uint64_t attach(struct bench *b)
{
    struct jig_err err = JIG_ERR_INIT;
    uint64_t session = 0;
    enum jig_code code = attach_at(b, 0, 0, false, &session, &err);
    if (code != JIG_OK)
        print_error("%s\n", err.message);
    assert_int_equal(code, JIG_OK);
    return session;
}

static void say(int master, const char *text)
{
    assert_int_equal(write(master, text, strlen(text)), (int)strlen(text));
}

/* Reads as much as `want` has: bytes as they are, events as "<name>". */
static void expect(struct bench *b, uint64_t session, uint64_t *cursor, const char *want)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_buf seen;
    jig_buf_init(&seen, 1 << 16);
    while (seen.len < strlen(want)) {
        struct jig_monitor_batch batch;
        enum jig_code code =
            jig_monitor_read(b->ms, session, *cursor, 1000, &forever, &batch, &err);
        if (code != JIG_OK)
            print_error("%s\n", err.message);
        assert_int_equal(code, JIG_OK);
        *cursor = batch.cursor;
        if (batch.dropped > 0)
            jig_buf_printf(&seen, "<dropped %llu>", (unsigned long long)batch.dropped);
        jig_buf_append(&seen, batch.data, batch.n);
        for (size_t i = 0; i < batch.n_events; i++)
            jig_buf_printf(&seen, "<%s>", jig_monitor_event_name(batch.events[i].kind));
        bool closed = batch.closed;
        jig_monitor_batch_release(&batch);
        if (closed)
            break;
    }
    assert_string_equal(seen.data, want);
    jig_buf_release(&seen);
}

/* Has anybody the port open? The master sees POLLHUP while nobody has. */
static bool is_open(const struct bench *b)
{
    struct pollfd f = {.fd = b->master};
    poll(&f, 1, 0);
    return (f.revents & POLLHUP) == 0;
}

static void two_readers_see_the_same(void **state)
{
    struct bench *b = *state;
    uint64_t one = attach(b);
    uint64_t c1 = 0;
    say(b->master, "early ");
    expect(b, one, &c1, "<opened>early ");
    uint64_t two = attach(b); /* sees what comes from now on */
    uint64_t c2 = 0;
    say(b->master, "late");
    expect(b, one, &c1, "late");
    expect(b, two, &c2, "late");
    struct jig_monitors_stats stats;
    jig_monitors_stats(b->ms, &stats);
    assert_int_equal(stats.ports, 1);
    assert_int_equal(stats.sessions, 2);
    assert_int_equal(stats.bytes, 10);
    assert_true(atomic_load(&b->told) >= 2);
    jig_monitor_close(b->ms, one);
    assert_true(is_open(b));
    jig_monitor_close(b->ms, two);
    assert_false(is_open(b)); /* closed when close returns */
    jig_monitor_close(b->ms, two);
}

static void a_look_does_not_wait(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    uint64_t session = attach(b);
    uint64_t cursor = 0;
    expect(b, session, &cursor, "<opened>");
    struct jig_until past = {.deadline_ns = 0};
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, session, cursor, 100, &past, &batch, &err), JIG_OK);
    assert_int_equal(batch.n + batch.n_events, 0);
    assert_false(batch.closed);
    assert_int_equal(batch.cursor, cursor);
    jig_monitor_batch_release(&batch);
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    jig_cancel_fire(&cancel);
    struct jig_until cancelled = {&cancel, JIG_NO_DEADLINE};
    assert_int_equal(jig_monitor_read(b->ms, session, cursor, 100, &cancelled, &batch, &err),
                     JIG_CANCELLED);
    jig_cancel_release(&cancel);
}

/* A lost reply costs nothing: the same cursor gives the same batch. */
static void a_cursor_can_be_used_again(void **state)
{
    struct bench *b = *state;
    uint64_t session = attach(b);
    uint64_t cursor = 0;
    expect(b, session, &cursor, "<opened>");
    uint64_t again = cursor;
    say(b->master, "once");
    expect(b, session, &cursor, "once");
    expect(b, session, &again, "once");
    again = 0;
    expect(b, session, &again, "<opened>once");
}

static void a_slow_reader_is_told_what_it_lost(void **state)
{
    struct bench *b = *state;
    uint64_t slow = attach(b);
    uint64_t quick = attach(b);
    uint64_t c = 0;
    char line[101];
    memset(line, 'x', 100);
    line[100] = '\0';
    for (int i = 0; i < 50; i++) { /* 5,000 bytes through a ring of 4,096 */
        say(b->master, line);
        expect(b, quick, &c, line); /* who reads loses nothing, whatever the slow one does */
    }
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, slow, 0, 10000, &forever, &batch, &err), JIG_OK);
    assert_int_equal(batch.n_events, 1); /* it was opened, before all that was dropped */
    assert_int_equal(batch.dropped, 5000 - 4096);
    uint64_t cursor = batch.cursor;
    jig_monitor_batch_release(&batch);
    assert_int_equal(jig_monitor_read(b->ms, slow, cursor, 10000, &forever, &batch, &err), JIG_OK);
    assert_int_equal(batch.dropped, 0);
    assert_int_equal(batch.n, 4096);
    jig_monitor_batch_release(&batch);
}

static void one_writes(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    uint64_t one = attach(b);
    uint64_t two = attach(b);
    size_t n = 0;
    assert_int_equal(jig_monitor_write(b->ms, one, "ping", 4, &forever, &n, &err), JIG_OK);
    assert_int_equal(n, 4);
    char got[8] = "";
    assert_int_equal(read(b->master, got, 4), 4);
    assert_string_equal(got, "ping");
    assert_int_equal(jig_monitor_write(b->ms, two, "x", 1, &forever, &n, &err), JIG_ABORTED);
    assert_int_equal(err.reason, JIG_REASON_BUSY);
    assert_non_null(strstr(err.message, "anna (pid 77)"));
    jig_monitor_close(b->ms, one); /* the pen is free again */
    assert_int_equal(jig_monitor_write(b->ms, two, "x", 1, &forever, &n, &err), JIG_OK);
    assert_int_equal(jig_monitor_write(b->ms, one, "x", 1, &forever, &n, &err), JIG_NOT_FOUND);
}

static void rates_must_agree(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    uint64_t one = 0;
    uint64_t two = 0;
    assert_int_equal(attach_at(b, 57600, 0, false, &one, &err), JIG_OK);
    assert_int_equal(attach_at(b, 9600, 0, false, &two, &err), JIG_ABORTED);
    assert_int_equal(err.reason, JIG_REASON_BUSY);
    assert_non_null(strstr(err.message, "57600"));
    assert_int_equal(attach_at(b, 57600, 0, false, &two, &err), JIG_OK);
    assert_int_equal(attach_at(b, 0, 0, false, &two, &err), JIG_OK);
    struct jig_monitor_info info;
    assert_int_equal(jig_monitor_info(b->ms, two, &info, &err), JIG_OK);
    assert_int_equal(info.baud, 57600);
    assert_string_equal(info.device, "uno");
    assert_string_equal(info.port, b->port);
    jig_monitor_info_release(&info);
}

static void a_deploy_pauses_and_resumes(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    uint64_t session = attach(b);
    uint64_t c = 0;
    say(b->master, "old");
    expect(b, session, &c, "<opened>old");
    jig_monitors_pause(b->ms, "uno", "deploy 12 has the port");
    assert_false(is_open(b)); /* the tool may have it now */
    expect(b, session, &c, "<paused>");
    size_t n = 0;
    assert_int_equal(jig_monitor_write(b->ms, session, "x", 1, &forever, &n, &err),
                     JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "deploy 12"));
    uint64_t other = attach(b); /* may come meanwhile, and waits */
    uint64_t c2 = 0;
    assert_false(is_open(b));
    assert_int_equal(jig_monitors_resume(b->ms, "uno", b->port, &err), JIG_OK);
    expect(b, session, &c, "<resumed>");
    expect(b, other, &c2, "<resumed>");
    say(b->master, "new");
    expect(b, session, &c, "new");
    expect(b, other, &c2, "new");
}

static void the_port_may_be_another_one_afterwards(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    uint64_t session = attach(b);
    uint64_t c = 0;
    expect(b, session, &c, "<opened>");
    jig_monitors_pause(b->ms, "uno", "deploy");
    char elsewhere[64];
    int master = plug_in(elsewhere);
    assert_int_equal(jig_monitors_resume(b->ms, "uno", elsewhere, &err), JIG_OK);
    say(master, "hi");
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, session, c, 100, &forever, &batch, &err), JIG_OK);
    assert_int_equal(batch.n_events, 2); /* paused, and then */
    assert_int_equal(batch.events[1].kind, JIG_MONITOR_RECONNECTED);
    assert_string_equal(batch.events[1].port, elsewhere);
    c = batch.cursor;
    jig_monitor_batch_release(&batch);
    expect(b, session, &c, "hi");
    jig_monitors_close(b->ms, "enough");
    close(master);
}

static void a_failed_resume_ends_the_sessions_with_the_reason(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    uint64_t session = attach(b);
    uint64_t c = 0;
    expect(b, session, &c, "<opened>");
    jig_monitors_pause(b->ms, "uno", "deploy");
    assert_int_equal(jig_monitors_resume(b->ms, "uno", "/dev/ttyNONE7", &err), JIG_NOT_FOUND);
    expect(b, session, &c, "<paused><closed>");
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, session, c, 100, &forever, &batch, &err), JIG_OK);
    assert_true(batch.closed); /* and again, however often it asks */
    jig_monitor_batch_release(&batch);
}

static void a_vanished_device_ends_the_session_with_the_reason(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    uint64_t session = attach(b);
    uint64_t c = 0;
    expect(b, session, &c, "<opened>");
    close(b->master);
    b->master = -1;
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, session, c, 100, &forever, &batch, &err), JIG_OK);
    assert_true(batch.closed);
    assert_int_equal(batch.events[0].kind, JIG_MONITOR_CLOSED);
    assert_non_null(strstr(batch.events[0].text, b->port));
    jig_monitor_batch_release(&batch);
    /* Plugged in again, a new session works while the old one is still there to be read. */
    b->master = plug_in(b->port);
    uint64_t again = attach(b);
    uint64_t c2 = 0;
    say(b->master, "back");
    expect(b, again, &c2, "<opened>back");
    uint64_t c3 = 0;
    expect(b, session, &c3, "<opened><closed>");
}

struct waiting {
    struct bench *b;
    uint64_t session;
    uint64_t cursor;
    struct jig_monitor_batch batch;
    enum jig_code code;
};

static void *wait_for_news(void *arg)
{
    struct waiting *w = arg;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    w->code = jig_monitor_read(w->b->ms, w->session, w->cursor, 100, &forever, &w->batch, NULL);
    return NULL;
}

static void a_session_can_be_ended_at_once(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    uint64_t kicked = attach(b);
    uint64_t stays = attach(b);
    struct waiting w = {.b = b, .session = kicked};
    expect(b, kicked, &w.cursor, "<opened>");
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_news, &w);
    jig_monitor_end(b->ms, kicked, "the lease is over");
    pthread_join(thread, NULL);
    assert_int_equal(w.code, JIG_OK);
    assert_true(w.batch.closed);
    assert_string_equal(w.batch.events[0].text, "the lease is over");
    jig_monitor_batch_release(&w.batch);
    /* What comes now, and what came before, is not for it; nor may it write. */
    uint64_t c = 0;
    say(b->master, "secret");
    expect(b, stays, &c, "secret");
    uint64_t from_start = 0;
    expect(b, kicked, &from_start, "<closed>");
    size_t n = 0;
    assert_int_equal(jig_monitor_write(b->ms, kicked, "x", 1, &forever, &n, &err),
                     JIG_FAILED_PRECONDITION);
}

static void closing_wakes_who_reads(void **state)
{
    struct bench *b = *state;
    struct waiting w = {.b = b, .session = attach(b)};
    expect(b, w.session, &w.cursor, "<opened>");
    pthread_t thread;
    pthread_create(&thread, NULL, wait_for_news, &w);
    jig_monitor_close(b->ms, w.session);
    pthread_join(thread, NULL); /* closed, or not found when it was late */
    assert_true(w.code == JIG_NOT_FOUND || (w.code == JIG_OK && w.batch.closed));
    if (w.code == JIG_OK)
        jig_monitor_batch_release(&w.batch);
    assert_false(is_open(b));
}

static void sessions_do_not_leak(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    uint64_t mine = 0;
    uint64_t yours = 0;
    assert_int_equal(attach_at(b, 0, 7, false, &mine, &err), JIG_OK);
    assert_int_equal(attach_at(b, 0, 8, false, &yours, &err), JIG_OK);
    jig_monitors_close_owner(b->ms, 7); /* its connection is gone */
    struct jig_monitors_stats stats;
    jig_monitors_stats(b->ms, &stats);
    assert_int_equal(stats.sessions, 1);

    b->now_ns = 999 * JIG_NS_PER_MS;
    assert_int_equal(jig_monitors_expire(b->ms), 1000 * JIG_NS_PER_MS);
    struct jig_until past = {.deadline_ns = 0};
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, yours, 0, 10, &past, &batch, &err), JIG_OK);
    jig_monitor_batch_release(&batch);
    b->now_ns = 1998 * JIG_NS_PER_MS;
    assert_int_equal(jig_monitors_expire(b->ms), 1999 * JIG_NS_PER_MS);
    b->now_ns = 1999 * JIG_NS_PER_MS;
    assert_int_equal(jig_monitors_expire(b->ms), JIG_NO_DEADLINE);
    assert_int_equal(jig_monitor_read(b->ms, yours, 0, 10, &past, &batch, &err), JIG_NOT_FOUND);
    jig_monitors_stats(b->ms, &stats);
    assert_int_equal(stats.sessions, 0);
    jig_monitors_pause(b->ms, "uno", "to see that the port is closed");
    assert_false(is_open(b));
    assert_int_equal(jig_monitors_resume(b->ms, "uno", b->port, &err), JIG_OK);
    assert_false(is_open(b)); /* nobody wants it */
}

/* The first words after a flash are there for whoever attaches a moment later. */
static void a_kept_port_loses_nothing(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port_settings settings = JIG_PORT_8N1(57600);
    int64_t far = jig_deadline_in_ms(600000);
    jig_monitors_pause(b->ms, "uno", "deploy 12 has the port");
    assert_int_equal(jig_monitors_keep(b->ms, "uno", b->port, &settings, far, &err), JIG_OK);
    assert_false(is_open(b)); /* not before the resume */
    assert_int_equal(jig_monitors_resume(b->ms, "uno", b->port, &err), JIG_OK);
    assert_true(is_open(b));
    say(b->master, "boot");
    uint64_t session = 0;
    assert_int_equal(attach_at(b, 0, 0, true, &session, &err), JIG_OK);
    uint64_t c = 0;
    expect(b, session, &c, "<resumed>boot");
    say(b->master, " on");
    expect(b, session, &c, " on");
    struct jig_monitor_info info;
    assert_int_equal(jig_monitor_info(b->ms, session, &info, &err), JIG_OK);
    assert_int_equal(info.baud, 57600);
    jig_monitor_info_release(&info);
}

static void *see_closed(void *arg)
{
    struct bench *b = arg;
    struct pollfd f = {.fd = b->master};
    while (poll(&f, 1, -1) >= 0 && (f.revents & POLLHUP) == 0) /* ends on POLLHUP alone */
        continue;
    return NULL;
}

static void a_keep_ends_when_nobody_comes(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_port_settings settings = JIG_PORT_8N1(9600);
    assert_int_equal(
        jig_monitors_keep(b->ms, "uno", b->port, &settings, jig_now_ns() + 1000000, &err), JIG_OK);
    pthread_t thread;
    pthread_create(&thread, NULL, see_closed, b);
    pthread_join(thread, NULL);
}

static void the_end_of_the_daemon_ends_all(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    uint64_t session = attach(b);
    uint64_t c = 0;
    expect(b, session, &c, "<opened>");
    jig_monitors_close(b->ms, "jigd is ending");
    jig_monitors_close(b->ms, "jigd is ending");
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_monitor_batch batch;
    assert_int_equal(jig_monitor_read(b->ms, session, c, 100, &forever, &batch, &err), JIG_OK);
    assert_true(batch.closed);
    assert_string_equal(batch.events[0].text, "jigd is ending");
    jig_monitor_batch_release(&batch);
    assert_int_equal(attach_at(b, 0, 0, false, &session, &err), JIG_UNAVAILABLE);
}

static void an_open_that_fails_leaves_nothing(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_monitor_open open = {
        .device = "x", .port = "/dev/ttyNONE7", .settings = JIG_PORT_8N1(9600), .who = "me"};
    uint64_t session = 0;
    assert_int_equal(jig_monitor_open(b->ms, &open, &session, &err), JIG_NOT_FOUND);
    assert_int_equal(session, 0);
    struct jig_monitors_stats stats;
    jig_monitors_stats(b->ms, &stats);
    assert_int_equal(stats.sessions, 0);
    assert_int_equal(stats.ports, 0);
}

/* Between a pause's return and the resume the port is closed, and the observer knows it. */
static void an_observer_sees_each_open_and_close(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    uint64_t one = attach(b);
    uint64_t two = attach(b);
    assert_string_equal(b->opens, "()"); /* one port, however many watch */
    jig_monitors_pause(b->ms, "uno", "deploy");
    assert_string_equal(b->opens, "()c");
    assert_int_equal(jig_monitors_resume(b->ms, "uno", b->port, &err), JIG_OK);
    assert_string_equal(b->opens, "()c()");
    jig_monitor_close(b->ms, one);
    jig_monitor_close(b->ms, two);
    assert_string_equal(b->opens, "()c()c");
    struct jig_monitor_open nowhere = {
        .device = "uno", .port = "/dev/pts/none", .settings = JIG_PORT_8N1(0), .who = "anna"};
    assert_int_equal(jig_monitor_open(b->ms, &nowhere, &one, &err), JIG_NOT_FOUND);
    assert_string_equal(b->opens, "()c()c(!");
}

static void a_write_that_nobody_takes_gives_way_to_a_deploy(void **state)
{
    struct bench *b = *state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    uint64_t session = attach(b);
    char *much = jig_xcalloc(1, JIG_MONITOR_MOST_WRITE);
    struct jig_until soon = {.deadline_ns = jig_deadline_in_ms(1)};
    size_t n = 0;
    while (jig_monitor_write(b->ms, session, much, JIG_MONITOR_MOST_WRITE, &soon, &n, &err) ==
           JIG_OK)
        continue; /* until the pty is full */
    assert_int_equal(err.code, JIG_DEADLINE_EXCEEDED);
    jig_monitors_pause(b->ms, "uno", "deploy");
    assert_false(is_open(b));
    free(much);
    jig_cancel_release(&cancel);
}

/* ---- a board that is unplugged, and comes back ---- */

struct whereabouts {
    bool there;
    uint64_t life;
    const char *port;
    unsigned asked;
};

static bool where(void *ctx, const char *device, uint64_t *life, char **port)
{
    struct whereabouts *w = ctx;
    assert_string_equal(device, "uno");
    w->asked++;
    *life = w->life;
    *port = jig_xstrdup(w->port);
    return w->there;
}

static uint64_t attach_to_life(struct bench *b, uint64_t life)
{
    struct jig_monitor_open open = {
        .device = "uno", .port = b->port, .settings = JIG_PORT_8N1(9600), .life = life};
    uint64_t session = 0;
    assert_int_equal(jig_monitor_open(b->ms, &open, &session, NULL), JIG_OK);
    return session;
}

static void unplug(struct bench *b)
{
    close(b->master);
    b->master = -1;
}

static void a_session_goes_on_when_its_board_is_back(void **state)
{
    struct bench *b = *state;
    struct whereabouts w = {.life = 1, .port = b->port};
    uint64_t session = attach_to_life(b, 1);
    uint64_t cursor = 0;
    jig_monitors_follow(b->ms, where, &w); /* it is there: nobody waits for it */
    assert_int_equal(w.asked, 0);
    unplug(b);
    expect(b, session, &cursor, "<opened><paused>");
    jig_monitors_follow(b->ms, where, &w); /* not there */
    w.there = true;
    jig_monitors_follow(b->ms, where, &w); /* its end has not been told yet */
    assert_int_equal(w.asked, 2);
    w.life = 2;
    w.port = "/dev/ttyACM7"; /* back, and gone again */
    jig_monitors_follow(b->ms, where, &w);
    expect(b, session, &cursor, "<paused>");
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until now = {.deadline_ns = 0};
    assert_int_equal(jig_monitor_write(b->ms, session, "x", 1, &now, NULL, &err),
                     JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "not connected"));
    b->master = plug_in(b->port);
    w.life = 3;
    w.port = b->port;
    jig_monitors_follow(b->ms, where, &w);
    say(b->master, "hello");
    struct jig_monitor_info info;
    assert_int_equal(jig_monitor_info(b->ms, session, &info, NULL), JIG_OK);
    assert_string_equal(info.port, b->port);
    jig_monitor_info_release(&info);
    jig_monitor_close(b->ms, session);
    assert_false(is_open(b));
}

static void a_session_ends_when_its_board_is_back_and_is_no_port(void **state)
{
    struct bench *b = *state;
    struct whereabouts w = {.there = true, .life = 2, .port = "/dev/null"};
    uint64_t session = attach_to_life(b, 1);
    uint64_t cursor = 0;
    unplug(b);
    expect(b, session, &cursor, "<opened><paused>");
    jig_monitors_follow(b->ms, where, &w);
    expect(b, session, &cursor, "<closed>");
}

static void nobody_waits_for_a_board_that_nobody_watches(void **state)
{
    struct bench *b = *state;
    struct whereabouts w = {.there = true, .life = 2, .port = b->port};
    uint64_t session = attach_to_life(b, 1);
    uint64_t cursor = 0;
    unplug(b);
    expect(b, session, &cursor, "<opened><paused>");
    jig_monitor_close(b->ms, session);
    jig_monitors_follow(b->ms, where, &w);
    assert_int_equal(w.asked, 0);
    b->master = plug_in(b->port);
    uint64_t next = attach_to_life(b, 2); /* and no pause is left */
    cursor = 0;
    say(b->master, "hello");
    expect(b, next, &cursor, "<opened>hello");
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring_tells_the_story_in_order),
        cmocka_unit_test(ring_counts_what_a_slow_reader_missed),
        cmocka_unit_test(cursors_survive_being_one_number),
        WITH_BENCH(two_readers_see_the_same),
        WITH_BENCH(a_look_does_not_wait),
        WITH_BENCH(a_cursor_can_be_used_again),
        WITH_BENCH(a_slow_reader_is_told_what_it_lost),
        WITH_BENCH(one_writes),
        WITH_BENCH(rates_must_agree),
        WITH_BENCH(a_deploy_pauses_and_resumes),
        WITH_BENCH(the_port_may_be_another_one_afterwards),
        WITH_BENCH(a_failed_resume_ends_the_sessions_with_the_reason),
        WITH_BENCH(a_vanished_device_ends_the_session_with_the_reason),
        WITH_BENCH(a_session_can_be_ended_at_once),
        WITH_BENCH(closing_wakes_who_reads),
        WITH_BENCH(sessions_do_not_leak),
        WITH_BENCH(a_kept_port_loses_nothing),
        WITH_BENCH(a_keep_ends_when_nobody_comes),
        WITH_BENCH(the_end_of_the_daemon_ends_all),
        WITH_BENCH(an_open_that_fails_leaves_nothing),
        WITH_BENCH(an_observer_sees_each_open_and_close),
        WITH_BENCH(a_write_that_nobody_takes_gives_way_to_a_deploy),
        WITH_BENCH(a_session_goes_on_when_its_board_is_back),
        WITH_BENCH(a_session_ends_when_its_board_is_back_and_is_no_port),
        WITH_BENCH(nobody_waits_for_a_board_that_nobody_watches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
