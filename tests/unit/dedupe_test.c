#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "service/rpc/dedupe.h"
#include "service/run/park.h"

static int64_t now_ns;

static int64_t the_time(void *ctx)
{
    (void)ctx;
    return now_ns;
}

struct fixture {
    struct jig_park *park;
    struct jig_dedupe *dedupe;
};

static int setup(void **state)
{
    static struct fixture f;
    struct jig_clock clock = {.monotonic_ns = the_time, .unix_ms = the_time};
    struct jig_err err = JIG_ERR_INIT;
    now_ns = 1;
    if (jig_park_new(&f.park, &err) != JIG_OK)
        return -1;
    f.dedupe = jig_dedupe_new(f.park, &clock);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    jig_dedupe_free(f->dedupe);
    jig_park_free(f->park);
    return 0;
}

static const struct jig_fingerprint build = {1, 2}, deploy = {3, 4};

static const uint8_t *id_of(uint32_t n)
{
    static uint8_t id[16];
    memset(id, 0, sizeof id);
    memcpy(id, &n, sizeof n);
    return id;
}

/* The call is made the first time, and answered with n bytes. */
static void make(struct fixture *f, uint32_t id, size_t n)
{
    struct jig_repeat *r = NULL;
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1000, id_of(id), build, &r), JIG_REPEAT_FIRST);
    void *reply = calloc(1, n + 1);
    memset(reply, (int)id, n);
    jig_repeat_end(r, reply, n, false);
    free(reply);
    jig_repeat_unref(r);
}

static void look(void *ctx, const void *reply, size_t n)
{
    (void)reply;
    *(size_t *)ctx = n;
}

/* What a repeat of it gets: the reply's size, or -1 when it is forgotten, -2 when it is new. */
static long again(struct fixture *f, uint32_t id)
{
    struct jig_repeat *r = NULL;
    size_t n = 0;
    enum jig_repeat_state state = jig_dedupe_begin(f->dedupe, 1000, id_of(id), build, &r);
    if (state == JIG_REPEAT_FIRST) {
        jig_repeat_end(r, "", 0, false);
        jig_repeat_unref(r);
        return -2;
    }
    assert_int_equal(state, JIG_REPEAT_AGAIN);
    enum jig_repeat_reply reply = jig_repeat_reply(r, look, &n);
    jig_repeat_unref(r);
    return reply == JIG_REPLY_SENT ? (long)n : -1;
}

static void kept_for_two_minutes(void **state)
{
    struct fixture *f = *state;
    make(f, 1, 100);
    assert_int_equal(again(f, 1), 100);
    now_ns += 119 * JIG_NS_PER_S;
    assert_int_equal(again(f, 1), 100);
    now_ns += 1 * JIG_NS_PER_S;
    assert_int_equal(again(f, 1), -2);
}

static void another_user_or_payload_is_another_call(void **state)
{
    struct fixture *f = *state;
    struct jig_repeat *r = NULL;
    make(f, 1, 10);
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1000, id_of(1), deploy, &r), JIG_REPEAT_MISMATCH);
    assert_null(r);
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1001, id_of(1), deploy, &r), JIG_REPEAT_FIRST);
    jig_repeat_end(r, NULL, 0, false);
    jig_repeat_unref(r);
}

struct waiter {
    struct jig_parked parked;
    int woken;
};

static void woken(struct jig_parked *parked, bool time_is_up)
{
    assert_false(time_is_up);
    ((struct waiter *)parked)->woken++;
}

static void while_it_runs_repeats_wait(void **state)
{
    struct fixture *f = *state;
    struct jig_repeat *first = NULL, *second = NULL;
    struct waiter w = {.parked = {.woken = woken}};
    size_t n = 0;
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1, id_of(1), build, &first), JIG_REPEAT_FIRST);
    now_ns += 600 * JIG_NS_PER_S; /* however long it takes */
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1, id_of(1), build, &second), JIG_REPEAT_AGAIN);
    uint64_t ticket = jig_waitlist_ticket(jig_repeat_waitlist(second));
    assert_int_equal(jig_repeat_reply(second, look, &n), JIG_REPLY_PENDING);
    assert_true(jig_park_add(jig_repeat_waitlist(second), ticket, &w.parked, JIG_NO_DEADLINE));
    jig_repeat_end(first, "reply", 5, false);
    assert_int_equal(w.woken, 1);
    assert_int_equal(jig_repeat_reply(second, look, &n), JIG_REPLY_SENT);
    assert_int_equal(n, 5);
    jig_repeat_unref(first);
    jig_repeat_unref(second);
}

static void make_harmless(struct fixture *f, uint32_t id)
{
    struct jig_repeat *r = NULL;
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1000, id_of(id), build, &r), JIG_REPEAT_FIRST);
    jig_repeat_end(r, "reply", 5, true);
    jig_repeat_unref(r);
}

/* However many there are: they neither fill the table nor push out what is to be remembered. */
static void what_changed_nothing_makes_room(void **state)
{
    struct fixture *f = *state;
    make(f, 1, 7);
    make_harmless(f, 2);
    assert_int_equal(again(f, 2), 5);
    for (uint32_t i = 0; i < JIG_REPEATS_MAX + 10; i++)
        make_harmless(f, 1000 + i);
    assert_int_equal(again(f, 1), 7);
    assert_int_equal(again(f, 1000 + JIG_REPEATS_MAX + 9), 5);
    assert_int_equal(again(f, 1000 + JIG_REPEATS_MAX + 10 - JIG_REPEATS_HARMLESS_MAX), 5);
    assert_int_equal(again(f, 2), -2); /* done again: no harm */
    now_ns += 121 * JIG_NS_PER_S;
    jig_dedupe_expire(f->dedupe);
    assert_int_equal(again(f, 1000 + JIG_REPEATS_MAX + 9), -2);
}

static void bytes_are_forgotten_before_calls(void **state)
{
    struct fixture *f = *state;
    const size_t size = 1024 * 1024;
    const uint32_t fit = JIG_REPEATS_BYTES_MAX / size;
    for (uint32_t i = 0; i < fit + 3; i++)
        make(f, i, size);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(again(f, i), -1); /* done, not to be done again */
    for (uint32_t i = 3; i < fit + 3; i++)
        assert_int_equal(again(f, i), size);
    make(f, 1000, JIG_REPEATS_BYTES_MAX); /* too large to keep at all */
    assert_int_equal(again(f, 1000), -1);
    assert_int_equal(again(f, fit + 2), size);
    now_ns += 121 * JIG_NS_PER_S;
    jig_dedupe_expire(f->dedupe);
    assert_int_equal(again(f, 0), -2);
}

static void full_of_young_ones_it_refuses(void **state)
{
    struct fixture *f = *state;
    struct jig_repeat *r = NULL;
    for (uint32_t i = 0; i < JIG_REPEATS_MAX; i++)
        make(f, i, 1);
    assert_int_equal(jig_dedupe_begin(f->dedupe, 1000, id_of(JIG_REPEATS_MAX), build, &r),
                     JIG_REPEAT_FULL);
    assert_int_equal(again(f, 0), 1);
    now_ns += 121 * JIG_NS_PER_S;
    assert_int_equal(again(f, JIG_REPEATS_MAX), -2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_for_two_minutes, setup, teardown),
        cmocka_unit_test_setup_teardown(another_user_or_payload_is_another_call, setup, teardown),
        cmocka_unit_test_setup_teardown(while_it_runs_repeats_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(what_changed_nothing_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_are_forgotten_before_calls, setup, teardown),
        cmocka_unit_test_setup_teardown(full_of_young_ones_it_refuses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
