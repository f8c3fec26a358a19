/* Operations below the wire: the ring, retention, cancelling, and what waits and runs beneath. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/os/bell.h"
#include "core/os/time.h"
#include "service/operation.h"
#include "service/operation/pace.h"
#include "service/run/park.h"
#include "service/run/pool.h"
#include "service/run/stats.h"

/* An event is its number, here. */
static uint8_t *pack(const struct jig_event *event, size_t prefix, size_t *ret_n)
{
    uint8_t *out = calloc(1, prefix + sizeof event->number);
    memcpy(out + prefix, &event->number, sizeof event->number);
    *ret_n = sizeof event->number;
    return out;
}

struct fixture {
    struct jig_park *park;
    struct jig_operations *ops;
    struct jig_stats stats;
};

static void make(struct fixture *f, unsigned kept_max, size_t events_max)
{
    struct jig_err err = JIG_ERR_INIT;
    memset(&f->stats, 0, sizeof f->stats);
    assert_int_equal(jig_park_new(&f->park, &err), JIG_OK);
    struct jig_operations_options options = {.pack_event = pack,
                                             .park = f->park,
                                             .stats = &f->stats,
                                             .workers = 2,
                                             .kept_max = kept_max,
                                             .events_max = events_max};
    assert_int_equal(jig_operations_new(&options, &f->ops, &err), JIG_OK);
}

static void unmake(struct fixture *f)
{
    assert_true(jig_operations_stop(f->ops, jig_deadline_in_ms(60000)));
    jig_operations_free(f->ops);
    jig_park_free(f->park);
}

static const struct jig_operation_owner me = {.uid = 1000, .user = "ann", .connection = 1};

static struct jig_operation *start(struct fixture *f, jig_operation_fn *run, void *ctx)
{
    struct jig_operation *op;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation_spec spec = {
        .kind = JIG_OPERATION_BUILD, .subject = "x", .run = run, .ctx = ctx};
    assert_int_equal(jig_operations_start(f->ops, &spec, &me, &op, &err), JIG_OK);
    return op;
}

struct waiter {
    struct jig_parked parked;
    pthread_mutex_t mu;
    pthread_cond_t woken;
    bool done;
};

static void wake(struct jig_parked *parked, bool time_is_up)
{
    (void)time_is_up;
    struct waiter *w = (struct waiter *)parked;
    pthread_mutex_lock(&w->mu);
    w->done = true;
    pthread_cond_signal(&w->woken);
    pthread_mutex_unlock(&w->mu);
}

static void await_end(struct jig_operation *op)
{
    struct waiter w = {.parked = {.woken = wake}};
    pthread_mutex_init(&w.mu, NULL);
    pthread_cond_init(&w.woken, NULL);
    uint64_t ticket = jig_waitlist_ticket(jig_operation_ended(op));
    if (!jig_operation_has_ended(op) &&
        jig_park_add(jig_operation_ended(op), ticket, &w.parked, JIG_NO_DEADLINE)) {
        pthread_mutex_lock(&w.mu);
        while (!w.done)
            pthread_cond_wait(&w.woken, &w.mu);
        pthread_mutex_unlock(&w.mu);
    }
    assert_true(jig_operation_has_ended(op));
    pthread_mutex_destroy(&w.mu);
    pthread_cond_destroy(&w.woken);
}

static enum jig_code at_once(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    (void)op;
    (void)ctx;
    (void)reterr;
    return JIG_OK;
}

/* ---- events ---- */

enum { EMITTERS = 4, EACH = 2000 };

static void *emit(void *arg)
{
    for (int i = 0; i < EACH; i++)
        jig_operation_log(arg, JIG_STDOUT, "line", 4);
    return NULL;
}

static enum jig_code flood(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    (void)ctx;
    (void)reterr;
    pthread_t threads[EMITTERS];
    for (int i = 0; i < EMITTERS; i++)
        pthread_create(&threads[i], NULL, emit, op);
    for (int i = 0; i < EMITTERS; i++)
        pthread_join(threads[i], NULL);
    return JIG_OK;
}

/* Reads on from the cursor, in bites of 7; checks the numbers; gives what was dropped. */
static uint64_t read_all(struct jig_operation *op, uint64_t cursor, uint64_t *ret_events)
{
    uint64_t dropped = 0;
    *ret_events = 0;
    for (;;) {
        struct jig_arena arena;
        struct jig_operation_events events;
        struct jig_err err = JIG_ERR_INIT;
        jig_arena_init(&arena, 65536);
        assert_int_equal(jig_operation_read(op, cursor, 7, 65536, &arena, &events, &err), JIG_OK);
        uint64_t expected = cursor + events.dropped;
        for (size_t i = 0; i < events.count; i++) {
            uint64_t number;
            memcpy(&number, events.events[i].bytes, sizeof number);
            assert_int_equal(number, ++expected);
        }
        assert_int_equal(events.cursor, expected);
        dropped += events.dropped;
        *ret_events += events.count;
        cursor = events.cursor;
        jig_arena_release(&arena);
        if (events.count == 0)
            return dropped;
    }
}

static void many_emitters_no_gaps(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t events;
    make(&f, 0, 0);
    struct jig_operation *op = start(&f, flood, NULL);
    await_end(op);
    assert_int_equal(read_all(op, 0, &events), 0);
    assert_int_equal(events, EMITTERS * EACH + 3);
    assert_int_equal(read_all(op, 8000, &events), 0);
    assert_int_equal(events, EMITTERS * EACH + 3 - 8000);
    jig_operation_unref(op);
    unmake(&f);
}

static void the_ring_gives_way(void **state)
{
    (void)state;
    struct fixture f;
    uint64_t events;
    make(&f, 0, 50);
    struct jig_operation *op = start(&f, flood, NULL);
    await_end(op);
    assert_int_equal(read_all(op, 0, &events), EMITTERS * EACH + 3 - 50);
    assert_int_equal(events, 50);
    assert_int_equal(jig_stats_get(&f.stats, JIG_STAT_EVENTS_DROPPED), EMITTERS * EACH + 3 - 50);
    jig_operation_unref(op);
    unmake(&f);
}

static void a_reply_has_a_ceiling_in_bytes(void **state)
{
    (void)state;
    struct fixture f;
    make(&f, 0, 0);
    struct jig_operation *op = start(&f, flood, NULL);
    await_end(op);
    struct jig_arena arena;
    struct jig_operation_events events;
    struct jig_err err = JIG_ERR_INIT;
    jig_arena_init(&arena, 65536);
    assert_int_equal(jig_operation_read(op, 0, 1000, 40, &arena, &events, &err), JIG_OK);
    assert_int_equal(events.count, 5); /* of 8 bytes each */
    assert_int_equal(jig_operation_read(op, 0, 1000, 1, &arena, &events, &err), JIG_OK);
    assert_int_equal(events.count, 1); /* else it would never go on */
    jig_arena_release(&arena);
    jig_arena_init(&arena, 100);
    assert_int_equal(jig_operation_read(op, 0, 1000, 65536, &arena, &events, &err),
                     JIG_RESOURCE_EXHAUSTED);
    jig_arena_release(&arena);
    jig_operation_unref(op);
    unmake(&f);
}

/* ---- retention ---- */

static void ended_ones_are_kept_for_a_while(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    char first[17];
    make(&f, 3, 0);
    for (int i = 0; i < 5; i++) {
        struct jig_operation *op = start(&f, at_once, NULL);
        if (i == 0)
            memcpy(first, jig_operation_id(op), 17);
        await_end(op);
        jig_operation_unref(op);
    }
    jig_operations_expire(f.ops);
    struct jig_operation *found[10];
    assert_int_equal(jig_operations_list(f.ops, false, 10, found), 3);
    for (int i = 0; i < 3; i++)
        jig_operation_unref(found[i]);
    struct jig_operation *gone;
    assert_int_equal(jig_operations_find(f.ops, first, &gone, &err), JIG_NOT_FOUND);
    unmake(&f);
}

/* ---- cancelling ---- */

static enum jig_code until_cancelled(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct jig_bell *started = ctx;
    struct jig_until until = jig_operation_until(op);
    struct jig_bell never;
    jig_bell_ring(started);
    jig_bell_init(&never);
    enum jig_code code = jig_bell_wait(&never, jig_bell_count(&never), -1, &until, reterr);
    jig_bell_release(&never);
    return code;
}

static void only_its_owner_cancels(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_bell started;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    jig_bell_init(&started);
    make(&f, 0, 0);
    struct jig_operation *op = start(&f, until_cancelled, &started);
    assert_int_equal(jig_bell_wait(&started, 0, -1, &forever, &err), JIG_OK);
    assert_int_equal(jig_operation_cancel(op, 1001, "bob", &err), JIG_PERMISSION_DENIED);
    assert_non_null(strstr(err.message, "ann"));
    assert_int_equal(jig_operations_active(f.ops), 1);
    assert_int_equal(jig_operation_cancel(op, 1000, "ann", &err), JIG_OK);
    await_end(op);
    assert_int_equal(jig_operations_active(f.ops), 0);
    assert_true(jig_operations_last_end_ns(f.ops) > 0);
    struct jig_operation_view view;
    struct jig_arena arena;
    jig_arena_init(&arena, 65536);
    assert_int_equal(jig_operation_view(op, false, &arena, &view, &err), JIG_OK);
    assert_int_equal(view.state, JIG_OPERATION_CANCELLED);
    assert_string_equal(view.error->message, "cancelled by ann");
    jig_arena_release(&arena);
    jig_operation_unref(op);
    unmake(&f);
    jig_bell_release(&started);
}

static atomic_int freed;

static void count_free(void *ctx)
{
    (void)ctx;
    atomic_fetch_add(&freed, 1);
}

static void stopping_cancels_all_and_takes_no_more(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_bell started;
    struct jig_operation *ops[6], *none;
    jig_bell_init(&started);
    make(&f, 0, 0);
    atomic_store(&freed, 0);
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_BUILD,
                                      .run = until_cancelled,
                                      .ctx = &started,
                                      .free_ctx = count_free};
    for (int i = 0; i < 6; i++) /* two run, four wait */
        assert_int_equal(jig_operations_start(f.ops, &spec, &me, &ops[i], &err), JIG_OK);
    assert_true(jig_operations_stop(f.ops, jig_deadline_in_ms(60000)));
    assert_int_equal(jig_operations_active(f.ops), 0);
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &none, &err), JIG_UNAVAILABLE);
    for (int i = 0; i < 6; i++) {
        assert_true(jig_operation_has_ended(ops[i]));
        jig_operation_unref(ops[i]);
    }
    unmake(&f);
    assert_int_equal(atomic_load(&freed), 6);
    jig_bell_release(&started);
}

/* ---- at once ---- */

struct attempt {
    bool ready;
    int tries;
    int runs;
    pthread_t ran_in;
    enum jig_code code;
};

static bool try_now(void *ctx)
{
    struct attempt *a = ctx;
    a->tries++;
    return a->ready;
}

static enum jig_code run_attempt(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    struct attempt *a = ctx;
    a->runs++;
    a->ran_in = pthread_self();
    jig_operation_log(op, JIG_STDOUT, "line", 4);
    return a->code == JIG_OK ? JIG_OK : jig_err_set(reterr, a->code, "it is so");
}

static struct jig_operation_spec attempt_spec(struct attempt *a)
{
    return (struct jig_operation_spec){.kind = JIG_OPERATION_BUILD,
                                       .subject = "x",
                                       .try_now = try_now,
                                       .run = run_attempt,
                                       .ctx = a,
                                       .free_ctx = count_free};
}

static enum jig_operation_state state_of(struct jig_operation *op)
{
    struct jig_arena arena;
    struct jig_operation_view view;
    struct jig_err err = JIG_ERR_INIT;
    jig_arena_init(&arena, 65536);
    assert_int_equal(jig_operation_view(op, false, &arena, &view, &err), JIG_OK);
    jig_arena_release(&arena);
    return view.state;
}

static void what_can_be_done_at_once_is(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation *op;
    uint64_t events;
    make(&f, 0, 0);
    atomic_store(&freed, 0);
    struct attempt a = {.ready = true};
    struct jig_operation_spec spec = attempt_spec(&a);
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &op, &err), JIG_OK);
    assert_true(jig_operation_has_ended(op));
    assert_int_equal(state_of(op), JIG_OPERATION_SUCCEEDED);
    assert_true(pthread_equal(a.ran_in, pthread_self()));
    assert_int_equal(a.tries, 1);
    assert_int_equal(a.runs, 1);
    assert_int_equal(atomic_load(&freed), 1);
    assert_int_equal(jig_operations_active(f.ops), 0);
    assert_int_equal(read_all(op, 0, &events), 0);
    assert_int_equal(events, 4); /* queued, running, its line, succeeded: as with any other */
    assert_int_equal(jig_stats_get(&f.stats, JIG_STAT_OPERATIONS_AT_ONCE), 1);
    jig_operation_unref(op);
    unmake(&f);
}

static void it_may_fail_at_once(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation *op;
    make(&f, 0, 0);
    struct attempt a = {.ready = true, .code = JIG_ABORTED};
    struct jig_operation_spec spec = attempt_spec(&a);
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &op, &err), JIG_OK);
    assert_int_equal(state_of(op), JIG_OPERATION_FAILED);
    jig_operation_unref(op);
    unmake(&f);
}

static void what_needs_a_thread_gets_one(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation *op;
    make(&f, 0, 0);
    struct attempt a = {.ready = false};
    struct jig_operation_spec spec = attempt_spec(&a);
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &op, &err), JIG_OK);
    await_end(op);
    assert_int_equal(a.tries, 1);
    assert_int_equal(a.runs, 1);
    assert_false(pthread_equal(a.ran_in, pthread_self()));
    assert_int_equal(jig_stats_get(&f.stats, JIG_STAT_OPERATIONS_AT_ONCE), 0);
    jig_operation_unref(op);
    unmake(&f);
}

/* All workers are taken, and the queue is full: one that needs neither goes past them. */
static void it_does_not_wait_for_others(void **state)
{
    (void)state;
    struct fixture f;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_bell started;
    struct jig_operation *ops[2 + JIG_OPERATIONS_QUEUED], *op;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    size_t n = 0;
    jig_bell_init(&started);
    make(&f, 0, 0);
    while (n < 2)
        ops[n++] = start(&f, until_cancelled, &started);
    for (uint64_t seen; (seen = jig_bell_count(&started)) < 2;)
        assert_int_equal(jig_bell_wait(&started, seen, -1, &forever, &err), JIG_OK);
    while (n < 2 + JIG_OPERATIONS_QUEUED)
        ops[n++] = start(&f, until_cancelled, &started);
    struct attempt a = {.ready = true};
    struct jig_operation_spec spec = attempt_spec(&a);
    spec.cancel_with_owner = true; /* there is no time in which to be cancelled */
    spec.owner_pid = INT32_MAX;
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &op, &err), JIG_OK);
    assert_int_equal(state_of(op), JIG_OPERATION_SUCCEEDED);
    jig_operation_unref(op);
    a = (struct attempt){.ready = false};
    spec = attempt_spec(&a);
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &op, &err), JIG_RESOURCE_EXHAUSTED);
    assert_int_equal(a.runs, 0);
    assert_true(jig_operations_stop(f.ops, jig_deadline_in_ms(60000)));
    a.ready = true;
    assert_int_equal(jig_operations_start(f.ops, &spec, &me, &op, &err), JIG_UNAVAILABLE);
    assert_int_equal(a.runs, 0);
    while (n > 0)
        jig_operation_unref(ops[--n]);
    unmake(&f);
    jig_bell_release(&started);
}

/* ---- park and pool ---- */

static void a_wake_between_look_and_park_is_seen(void **state)
{
    (void)state;
    struct jig_park *park;
    struct jig_waitlist list;
    struct jig_err err = JIG_ERR_INIT;
    struct waiter w = {.parked = {.woken = wake}};
    assert_int_equal(jig_park_new(&park, &err), JIG_OK);
    jig_waitlist_init(&list, park);
    uint64_t ticket = jig_waitlist_ticket(&list);
    jig_waitlist_wake(&list);
    assert_false(jig_park_add(&list, ticket, &w.parked, JIG_NO_DEADLINE));
    ticket = jig_waitlist_ticket(&list);
    assert_true(jig_park_add(&list, ticket, &w.parked, JIG_NO_DEADLINE));
    assert_true(jig_park_take(park, &w.parked));
    assert_false(jig_park_take(park, &w.parked)); /* it has one taker */
    jig_park_free(park);
}

enum { SLEEPERS = 500 };
static atomic_int out_of_order;
static _Atomic int64_t last_due_ns;
static struct jig_bell all_awake;
static atomic_int awake;

static void in_order(struct jig_parked *parked, bool time_is_up)
{
    if (!time_is_up || parked->at_ns < atomic_load(&last_due_ns) || jig_now_ns() < parked->at_ns)
        atomic_fetch_add(&out_of_order, 1);
    atomic_store(&last_due_ns, parked->at_ns);
    if (atomic_fetch_add(&awake, 1) + 1 == SLEEPERS / 2)
        jig_bell_ring(&all_awake);
}

static void times_come_in_order(void **state)
{
    (void)state;
    static struct jig_parked sleepers[SLEEPERS];
    struct jig_park *park;
    struct jig_waitlist list;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    jig_bell_init(&all_awake);
    assert_int_equal(jig_park_new(&park, &err), JIG_OK);
    jig_waitlist_init(&list, park);
    uint64_t ticket = jig_waitlist_ticket(&list);
    int64_t base = jig_now_ns() + 50 * JIG_NS_PER_MS;
    for (int i = 0; i < SLEEPERS; i++) {
        sleepers[i].woken = in_order;
        int64_t at = base + (int64_t)((i * 7919) % SLEEPERS) * 10000;
        assert_true(jig_park_add(&list, ticket, &sleepers[i], at));
    }
    for (int i = 0; i < SLEEPERS; i += 2) /* out of the middle of the heap */
        assert_true(jig_park_take(park, &sleepers[i]));
    assert_int_equal(jig_bell_wait(&all_awake, 0, -1, &forever, &err), JIG_OK);
    assert_int_equal(atomic_load(&out_of_order), 0);
    jig_park_free(park);
    jig_bell_release(&all_awake);
}

struct count_job {
    struct jig_job job;
    atomic_int *count;
};

static void count(struct jig_job *job)
{
    atomic_fetch_add(((struct count_job *)job)->count, 1);
}

static void a_pool_runs_all_before_it_stops(void **state)
{
    (void)state;
    static struct count_job jobs[1000];
    struct jig_pool *pool;
    struct jig_err err = JIG_ERR_INIT;
    atomic_int done = 0;
    assert_int_equal(jig_pool_new("test", 3, &pool, &err), JIG_OK);
    for (int i = 0; i < 1000; i++) {
        jobs[i] = (struct count_job){.job = {.run = count}, .count = &done};
        jig_pool_submit(pool, &jobs[i].job);
    }
    jig_pool_stop(pool);
    assert_int_equal(atomic_load(&done), 1000);
    jig_pool_free(pool);
}

#define MS JIG_NS_PER_MS

static void pace_is_of_the_last_seconds(void **state)
{
    (void)state;
    struct jig_pace pace = {.n = 0};
    int64_t now = 5 * JIG_NS_PER_S, done = 1000000; /* of an earlier try */
    assert_int_equal(jig_pace_note(&pace, "fetch", done, now), 0);
    assert_int_equal(jig_pace_note(&pace, "fetch", done + 100, now + 100 * MS), 0); /* too soon */
    for (int i = 0; i < 100; i++) { /* 1,000 bytes in 200 ms */
        now += 200 * MS;
        done += 1000;
        int64_t told = jig_pace_note(&pace, "fetch", done, now);
        assert_int_equal(told, i == 0 ? 0 : 5000);
    }
    for (int i = 0; i < 100; i++) { /* and ten times as much: what was long ago is forgotten */
        now += 20 * MS;
        done += 1000;
        (void)jig_pace_note(&pace, "fetch", done, now);
    }
    for (int i = 0; i < 20; i++) {
        now += 200 * MS;
        done += 10000;
        (void)jig_pace_note(&pace, "fetch", done, now);
    }
    assert_int_equal(jig_pace_note(&pace, "fetch", done, now), 50000);
}

static void pace_begins_anew_with_each_phase(void **state)
{
    (void)state;
    struct jig_pace pace = {.n = 0};
    assert_int_equal(jig_pace_note(&pace, "write", 0, 0), 0);
    assert_int_equal(jig_pace_note(&pace, "write", 1000, 1000 * MS), 1000);
    assert_int_equal(jig_pace_note(&pace, "verify", 1000, 2000 * MS), 0);
    assert_int_equal(jig_pace_note(&pace, "verify", 2000, 2500 * MS), 2000);
    assert_int_equal(jig_pace_note(&pace, "verify", 0, 3000 * MS), 0); /* from the beginning */
    assert_int_equal(jig_pace_note(&pace, "verify", 500, 4000 * MS), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_emitters_no_gaps),
        cmocka_unit_test(the_ring_gives_way),
        cmocka_unit_test(a_reply_has_a_ceiling_in_bytes),
        cmocka_unit_test(ended_ones_are_kept_for_a_while),
        cmocka_unit_test(only_its_owner_cancels),
        cmocka_unit_test(stopping_cancels_all_and_takes_no_more),
        cmocka_unit_test(what_can_be_done_at_once_is),
        cmocka_unit_test(it_may_fail_at_once),
        cmocka_unit_test(what_needs_a_thread_gets_one),
        cmocka_unit_test(it_does_not_wait_for_others),
        cmocka_unit_test(a_wake_between_look_and_park_is_seen),
        cmocka_unit_test(times_come_in_order),
        cmocka_unit_test(a_pool_runs_all_before_it_stops),
        cmocka_unit_test(pace_is_of_the_last_seconds),
        cmocka_unit_test(pace_begins_anew_with_each_phase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
