/* Many calls at once, calls that wait, calls that are made twice, and calls whose maker is gone. */
#include <nng/nng.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/os/time.h"
#include "tests/rpc/rig.h"

#define GET_PROJECT "/jig.v1.BuildService/GetProject"
#define START_BUILD "/jig.v1.BuildService/StartBuild"

static struct rig_flight *send_echo(struct rig_client *client, const char *what)
{
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    project.directory = (char *)what;
    request.project = &project;
    return rig_send(client, GET_PROJECT, &request.base, NULL, 0);
}

static void assert_echo(struct rig_flight *flight, const char *what)
{
    Jig__V1__Response *reply = rig_land(flight);
    assert_non_null(reply);
    assert_null(reply->status);
    Jig__V1__GetProjectResponse *message =
        jig__v1__get_project_response__unpack(NULL, reply->payload.len, reply->payload.data);
    assert_string_equal(message->project->directory, what);
    rig_message_free(message);
    rig_reply_free(reply);
}

static struct rig_flight *send_build(struct rig_client *client, const char *what, int64_t wait_ms,
                                     const uint8_t *id, int64_t deadline_ms)
{
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartBuildRequest request = JIG__V1__START_BUILD_REQUEST__INIT;
    project.directory = (char *)what;
    request.project = &project;
    request.wait_ms = wait_ms;
    return rig_send(client, START_BUILD, &request.base, id, deadline_ms);
}

/* Waits until that many calls are parked or in the works. */
static void await_outstanding(struct rig *rig, unsigned n)
{
    int64_t give_up = jig_deadline_in_ms(60000);
    while (jig_dispatcher_outstanding(rig_dispatcher(rig)) != n && jig_now_ns() < give_up)
        sched_yield();
    assert_int_equal(jig_dispatcher_outstanding(rig_dispatcher(rig)), n);
}

static void three_hundred_calls_behind_long_polls(void **state)
{
    (void)state;
    enum { POLLS = 300, CALLS = 300 };
    struct rig *rig = rig_new(NULL);
    struct rig_client *client = rig_connect(rig);
    char id[17];
    struct rig_flight *polls[POLLS];
    struct rig_flight *calls[CALLS];
    rig_start(client, "until", 0, id);
    rig_await_running(rig, 1);
    await_outstanding(rig, 0); /* the call that started it may still be counted */
    for (int i = 0; i < POLLS; i++)
        polls[i] = rig_send_watch(client, id, 2, 60000); /* past "queued" and "running" */
    await_outstanding(rig, POLLS);
    for (int i = 0; i < CALLS; i++) {
        char what[16];
        snprintf(what, sizeof what, "%d", i);
        calls[i] = send_echo(client, what);
    }
    for (int i = CALLS; i-- > 0;) {
        char what[16];
        snprintf(what, sizeof what, "%d", i);
        assert_echo(calls[i], what);
    }
    await_outstanding(rig, POLLS); /* a call is counted for a moment after its answer went out */
    Jig__V1__CancelOperationRequest cancel = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    cancel.id = id;
    assert_int_equal(rig_code(rig_land(rig_send(client, "/jig.v1.OperationService/CancelOperation",
                                                &cancel.base, NULL, 0))),
                     JIG_OK);
    for (int i = 0; i < POLLS; i++)
        assert_int_equal(rig_code(rig_land(polls[i])), JIG_OK);
    rig_disconnect(client);
    rig_free(rig);
}

static void surplus_calls_are_told_so(void **state)
{
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.outstanding_max = 8});
    struct rig_client *client = rig_connect(rig);
    char id[17];
    struct rig_flight *polls[8];
    rig_start(client, "until", 0, id);
    rig_await_running(rig, 1);
    await_outstanding(rig, 0); /* the call that started it may still be counted */
    for (int i = 0; i < 8; i++)
        polls[i] = rig_send_watch(client, id, 2, 60000);
    await_outstanding(rig, 8);
    for (int i = 0; i < 40; i++)
        assert_int_equal(rig_code(rig_land(send_echo(client, "x"))), JIG_RESOURCE_EXHAUSTED);
    rig_abort(polls[0]); /* which the service can't know; the connection's end it does */
    struct rig_client *other = rig_connect(rig);
    rig_disconnect(client);
    await_outstanding(rig, 0);
    assert_echo(send_echo(other, "y"), "y");
    for (int i = 1; i < 8; i++)
        assert_null(rig_land(polls[i]));
    rig_disconnect(other);
    rig_free(rig);
}

static void a_repeat_is_answered_alike_and_done_once(void **state)
{
    (void)state;
    struct rig *rig = rig_new(NULL);
    struct rig_client *client = rig_connect(rig);
    struct rig_client *other = rig_connect(rig);
    const uint8_t id[16] = "a repeated call";
    Jig__V1__Response *first = rig_land(send_build(client, "ok", 60000, id, 0));
    Jig__V1__Response *again = rig_land(send_build(other, "ok", 60000, id, 0));
    assert_int_equal(rig_started(rig), 1);
    assert_int_equal(first->payload.len, again->payload.len);
    assert_memory_equal(first->payload.data, again->payload.data, first->payload.len);
    rig_reply_free(first);
    rig_reply_free(again);
    assert_int_equal(jig_stats_get(rig_stats(rig), JIG_STAT_RPC_REPEATS), 1);
    /* Failures are kept, too. */
    const uint8_t bad[16] = "another call...";
    Jig__V1__CancelOperationRequest none = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    const char *cancel = "/jig.v1.OperationService/CancelOperation";
    for (int i = 0; i < 2; i++)
        assert_int_equal(rig_code(rig_land(rig_send(client, cancel, &none.base, bad, 0))),
                         JIG_NOT_FOUND);
    assert_int_equal(jig_stats_get(rig_stats(rig), JIG_STAT_RPC_REPEATS), 2);
    /* The id for something else. */
    assert_int_equal(rig_code(rig_land(send_build(client, "until", 0, id, 0))),
                     JIG_INVALID_ARGUMENT);
    assert_int_equal(rig_started(rig), 1);
    rig_disconnect(client);
    rig_disconnect(other);
    rig_free(rig);
}

static void a_repeat_waits_for_the_first(void **state)
{
    (void)state;
    struct rig *rig = rig_new(NULL);
    struct rig_client *client = rig_connect(rig);
    struct rig_client *other = rig_connect(rig);
    const uint8_t id[16] = "waiting call...";
    struct rig_flight *first = send_build(client, "gate", 60000, id, 0);
    rig_await_running(rig, 1);
    struct rig_flight *again[3];
    for (int i = 0; i < 3; i++)
        again[i] = send_build(other, "gate", 60000, id, 0);
    await_outstanding(rig, 4);
    /* The first one's maker goes away: its work and its reply are kept for the repeats. */
    rig_disconnect(client);
    assert_null(rig_land(first));
    rig_open_gate(rig);
    for (int i = 0; i < 3; i++)
        assert_int_equal(rig_code(rig_land(again[i])), JIG_OK);
    assert_int_equal(rig_started(rig), 1);
    rig_disconnect(other);
    rig_free(rig);
}

static void deadlines_end_waits(void **state)
{
    (void)state;
    struct rig *rig = rig_new(NULL);
    struct rig_client *client = rig_connect(rig);
    char id[17];
    rig_start(client, "until", 0, id);
    rig_await_running(rig, 1);
    Jig__V1__WatchOperationRequest watch = JIG__V1__WATCH_OPERATION_REQUEST__INIT;
    watch.id = id;
    watch.cursor = 2;
    watch.wait_ms = 60000;
    int64_t before = jig_now_ns();
    Jig__V1__Response *reply = rig_land(
        rig_send(client, "/jig.v1.OperationService/WatchOperation", &watch.base, NULL, 30));
    assert_int_equal(reply->status->code, JIG_DEADLINE_EXCEEDED);
    assert_non_null(strstr(reply->status->message, "30 ms"));
    rig_reply_free(reply);
    assert_true(jig_now_ns() - before >= 30 * JIG_NS_PER_MS);
    /* Its own time, which is shorter, is no failure. */
    watch.wait_ms = 20;
    assert_int_equal(rig_code(rig_land(rig_send(client, "/jig.v1.OperationService/WatchOperation",
                                                &watch.base, NULL, 60000))),
                     JIG_OK);
    /* A start whose operation goes on. */
    assert_int_equal(rig_code(rig_land(send_build(client, "until", 60000, NULL, 20))),
                     JIG_DEADLINE_EXCEEDED);
    assert_int_equal(jig_operations_active(rig_operations(rig)), 2);
    rig_disconnect(client);
    rig_free(rig);
}

static void a_stopping_service_answers_those_who_wait(void **state)
{
    (void)state;
    struct rig *rig = rig_new(NULL);
    struct rig_client *client = rig_connect(rig);
    char id[17];
    rig_start(client, "until", 0, id);
    rig_await_running(rig, 1);
    struct rig_flight *poll = rig_send_watch(client, id, 2, 60000);
    struct rig_flight *start = send_build(client, "gate", 60000, NULL, 0);
    rig_await_running(rig, 2);
    await_outstanding(rig, 2);
    jig_dispatcher_stop(rig_dispatcher(rig));
    assert_int_equal(rig_code(rig_land(poll)), JIG_UNAVAILABLE);
    assert_int_equal(rig_code(rig_land(start)), JIG_UNAVAILABLE);
    assert_int_equal(rig_code(rig_land(send_echo(client, "x"))), JIG_UNAVAILABLE);
    rig_open_gate(rig);
    rig_disconnect(client);
    rig_free(rig);
}

static void a_reply_that_is_too_large_is_an_error(void **state)
{
    (void)state;
    struct rig *rig = rig_new(&(struct rig_options){.message_max = 1000});
    struct rig_client *client = rig_connect(rig);
    char id[17];
    rig_start(client, "flood 100", 60000, id);
    Jig__V1__Response *reply = rig_land(rig_send_watch(client, id, 0, 0));
    assert_int_equal(reply->status->code, JIG_RESOURCE_EXHAUSTED);
    rig_reply_free(reply);
    Jig__V1__WatchOperationResponse *some = rig_watch(client, id, 0, 0, 10);
    assert_int_equal(some->n_events, 10);
    rig_message_free(some);
    rig_disconnect(client);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_hundred_calls_behind_long_polls),
        cmocka_unit_test(surplus_calls_are_told_so),
        cmocka_unit_test(a_repeat_is_answered_alike_and_done_once),
        cmocka_unit_test(a_repeat_waits_for_the_first),
        cmocka_unit_test(deadlines_end_waits),
        cmocka_unit_test(a_stopping_service_answers_those_who_wait),
        cmocka_unit_test(a_reply_that_is_too_large_is_an_error),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
