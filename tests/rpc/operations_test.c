/* Operations as their clients see them: events, results, cancelling, owners. */
#include <nng/nng.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "tests/rpc/rig.h"

static struct rig *rig;
static struct rig_client *client;

static int setup(void **state)
{
    (void)state;
    rig = rig_new(NULL);
    client = rig_connect(rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_disconnect(client);
    rig_free(rig);
    return 0;
}

static Jig__V1__Response *cancel(const char *id)
{
    Jig__V1__CancelOperationRequest request = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    request.id = (char *)id;
    return rig_land(
        rig_send(client, "/jig.v1.OperationService/CancelOperation", &request.base, NULL, 0));
}

static Jig__V1__GetOperationResponse *get(const char *id)
{
    Jig__V1__GetOperationRequest request = JIG__V1__GET_OPERATION_REQUEST__INIT;
    request.id = (char *)id;
    return rig_call(client, "/jig.v1.OperationService/GetOperation", &request.base,
                    &jig__v1__get_operation_response__descriptor);
}

/* Watches to the end; every event must follow the one before, but for what was dropped. */
struct story {
    uint64_t events;
    uint64_t lines;
    uint64_t dropped;
    Jig__V1__OperationState last_state;
    Jig__V1__OperationState end;
};

static struct story watch_to_the_end(struct rig_client *by, const char *id)
{
    struct story s = {0};
    uint64_t cursor = 0;
    for (;;) {
        Jig__V1__WatchOperationResponse *r = rig_watch(by, id, cursor, 60000, 0);
        uint64_t expected = cursor + r->dropped_events;
        for (size_t i = 0; i < r->n_events; i++) {
            assert_int_equal(r->events[i]->number, ++expected);
            if (r->events[i]->kind_case == JIG__V1__OPERATION_EVENT__KIND_LOG)
                s.lines++;
            if (r->events[i]->kind_case == JIG__V1__OPERATION_EVENT__KIND_STATE)
                s.last_state = r->events[i]->state->state;
        }
        assert_int_equal(r->cursor, expected);
        s.events += r->n_events;
        s.dropped += r->dropped_events;
        cursor = r->cursor;
        s.end = r->operation->state;
        bool over = s.end >= JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED &&
                    cursor == r->operation->last_event;
        rig_message_free(r);
        if (over)
            return s;
    }
}

static void done_within_the_call(void **state)
{
    (void)state;
    char id[17];
    rig_start(client, "ok", 60000, id);
    Jig__V1__GetOperationResponse *r = get(id);
    const Jig__V1__Operation *op = r->operation;
    assert_int_equal(op->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    assert_int_equal(op->kind, JIG__V1__OPERATION_KIND__OPERATION_KIND_BUILD);
    assert_string_equal(op->subject, "ok");
    assert_true(op->created_unix_ms > 0 && op->started_unix_ms >= op->created_unix_ms &&
                op->ended_unix_ms >= op->started_unix_ms);
    assert_int_equal(op->n_builds, 1);
    assert_int_equal(op->builds[0]->compiled, 3);
    assert_string_equal(op->builds[0]->environment, "uno\xEF\xBF\xBD"); /* mended */
    assert_int_equal(op->builds[0]->n_diagnostics, 1);
    assert_null(op->error);
    rig_message_free(r);
}

/* No worker is free, and the caller does not even wait: the answer has it all. */
static void done_at_once_is_one_reply(void **state)
{
    (void)state;
    struct rig *small = rig_new(&(struct rig_options){.workers = 1});
    struct rig_client *c = rig_connect(small);
    char running[17];
    rig_start(c, "until", 0, running);
    rig_await_running(small, 1);
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartBuildRequest request = JIG__V1__START_BUILD_REQUEST__INIT;
    project.directory = (char *)"now";
    request.project = &project;
    Jig__V1__StartBuildResponse *r = rig_call(c, "/jig.v1.BuildService/StartBuild", &request.base,
                                              &jig__v1__start_build_response__descriptor);
    assert_int_equal(r->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    assert_int_equal(r->operation->last_event, 3);
    assert_int_equal(r->operation->n_builds, 1);
    assert_int_equal(r->operation->builds[0]->compiled, 3);
    assert_int_equal(jig_stats_get(rig_stats(small), JIG_STAT_RPC_PARKED), 0);
    struct story s = watch_to_the_end(c, r->operation->id);
    assert_int_equal(s.events, 3);
    rig_message_free(r);
    rig_disconnect(c);
    rig_free(small);
}

static void failure_says_why(void **state)
{
    (void)state;
    char id[17];
    rig_start(client, "fail", 60000, id);
    Jig__V1__GetOperationResponse *r = get(id);
    assert_int_equal(r->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    assert_int_equal(r->operation->error->code, JIG_ABORTED);
    assert_int_equal(r->operation->error->reason, JIG__V1__ERROR_REASON__ERROR_REASON_BUSY);
    assert_string_equal(r->operation->error->message, "it is busy");
    assert_int_equal(r->operation->error->n_details, 2);
    assert_string_equal(r->operation->error->details[1], "b\xEF\xBF\xBD");
    rig_message_free(r);
}

static const struct jig_time *time_of(const struct jig_time *times, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(times[i].name, name) == 0)
            return &times[i];
    }
    fail_msg("nothing was counted as %s", name);
    return NULL;
}

static void times_are_kept_by_outcome_and_phase(void **state)
{
    (void)state;
    static struct jig_time times[JIG_TIMES_MAX];
    char id[17];
    rig_start(client, "ok", 60000, id);
    rig_start(client, "now", 0, id);
    rig_start(client, "fail", 60000, id);
    rig_start(client, "until", 0, id);
    assert_int_equal(rig_code(cancel(id)), JIG_OK);
    (void)watch_to_the_end(client, id);
    size_t n = jig_times_read(rig_times(rig), times);
    assert_int_equal(time_of(times, n, "build.up_to_date")->count, 2);
    assert_int_equal(time_of(times, n, "build.up_to_date")->p50_us, 30);
    assert_int_equal(time_of(times, n, "build.phase.link")->sum_us, 40);
    assert_int_equal(time_of(times, n, "build.failed")->count, 1);
    /* Of StartBuild those that did not wait for an end: "now" and "until", at least. */
    assert_true(time_of(times, n, "rpc.StartBuild")->count >= 2);
    assert_int_equal(time_of(times, n, "rpc.CancelOperation")->count, 1);
}

static void flood_has_no_gaps(void **state)
{
    (void)state;
    char id[17];
    rig_start(client, "flood 5000", 0, id);
    struct story s = watch_to_the_end(client, id);
    assert_int_equal(s.lines + s.dropped, 5000);
    assert_int_equal(s.dropped, 0);
    assert_int_equal(s.events, 5000 + 3); /* queued, running, succeeded */
    assert_int_equal(s.end, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    assert_int_equal(s.last_state, s.end);
}

static void who_comes_late_is_told_what_was_dropped(void **state)
{
    (void)state;
    struct rig *small = rig_new(&(struct rig_options){.events_max = 100});
    struct rig_client *c = rig_connect(small);
    char id[17];
    rig_start(c, "flood 1000", 60000, id);
    struct story s = watch_to_the_end(c, id);
    assert_int_equal(s.events, 100);
    assert_int_equal(s.dropped, 1000 + 3 - 100);
    rig_disconnect(c);
    rig_free(small);
}

static void two_watch_and_miss_nothing(void **state)
{
    (void)state;
    struct rig_client *other = rig_connect(rig);
    char id[17];
    rig_start(client, "gate", 0, id);
    rig_await_running(rig, 1);
    struct rig_flight *one = rig_send_watch(client, id, 2, 60000);
    struct rig_flight *two = rig_send_watch(other, id, 2, 60000);
    rig_open_gate(rig);
    assert_int_equal(rig_code(rig_land(one)), JIG_OK);
    assert_int_equal(rig_code(rig_land(two)), JIG_OK);
    struct story a = watch_to_the_end(client, id);
    struct story b = watch_to_the_end(other, id);
    assert_int_equal(a.events, b.events);
    assert_int_equal(a.events, 3);
    rig_disconnect(other);
}

static void a_cursor_from_elsewhere_is_refused(void **state)
{
    (void)state;
    char id[17];
    rig_start(client, "ok", 60000, id);
    assert_int_equal(rig_code(rig_land(rig_send_watch(client, id, 4, 0))), JIG_OUT_OF_RANGE);
    assert_int_equal(rig_code(rig_land(rig_send_watch(client, "nothing", 0, 0))), JIG_NOT_FOUND);
    /* At its end there is nothing to wait for. */
    Jig__V1__WatchOperationResponse *r = rig_watch(client, id, 3, 60000, 0);
    assert_int_equal(r->n_events, 0);
    rig_message_free(r);
}

static void cancel_is_a_level(void **state)
{
    (void)state;
    char id[17];
    rig_start(client, "until", 0, id);
    assert_int_equal(rig_code(cancel(id)), JIG_OK); /* before it runs, or while it does */
    struct story s = watch_to_the_end(client, id);
    assert_int_equal(s.end, JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED);
    Jig__V1__GetOperationResponse *r = get(id);
    assert_int_equal(r->operation->error->code, JIG_CANCELLED);
    assert_non_null(strstr(r->operation->error->message, "cancelled by "));
    rig_message_free(r);
    assert_int_equal(rig_code(cancel(id)), JIG_OK); /* once more does nothing */
    assert_int_equal(rig_code(cancel("0123456789abcdef")), JIG_NOT_FOUND);
}

static void done_before_it_noticed_is_done(void **state)
{
    (void)state;
    char id[17];
    rig_start(client, "late", 0, id);
    rig_await_running(rig, 1);
    assert_int_equal(rig_code(cancel(id)), JIG_OK);
    assert_int_equal(watch_to_the_end(client, id).end,
                     JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
}

static void the_queue_has_a_ceiling(void **state)
{
    (void)state;
    struct rig *small = rig_new(&(struct rig_options){.workers = 1, .queue_max = 2});
    struct rig_client *c = rig_connect(small);
    char running[17], waiting[2][17];
    rig_start(c, "until", 0, running);
    rig_await_running(small, 1);
    rig_start(c, "ok", 0, waiting[0]);
    rig_start(c, "ok", 0, waiting[1]);
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartBuildRequest request = JIG__V1__START_BUILD_REQUEST__INIT;
    project.directory = (char *)"ok";
    request.project = &project;
    assert_int_equal(
        rig_code(rig_land(rig_send(c, "/jig.v1.BuildService/StartBuild", &request.base, NULL, 0))),
        JIG_RESOURCE_EXHAUSTED);
    /* One that waits is cancelled at once, though no worker is free, and leaves its place. */
    Jig__V1__CancelOperationRequest off = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    off.id = waiting[0];
    assert_int_equal(rig_code(rig_land(rig_send(c, "/jig.v1.OperationService/CancelOperation",
                                                &off.base, NULL, 0))),
                     JIG_OK);
    struct story s = watch_to_the_end(c, waiting[0]);
    assert_int_equal(s.end, JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED);
    assert_int_equal(s.events, 2); /* queued, cancelled: it never ran */
    rig_start(c, "ok", 0, waiting[0]);
    assert_int_equal(jig_operations_active(rig_operations(small)), 3);
    rig_disconnect(c);
    rig_free(small);
}

static void list_is_newest_first(void **state)
{
    (void)state;
    char ids[3][17];
    rig_start(client, "ok", 60000, ids[0]);
    rig_start(client, "until", 0, ids[1]);
    rig_start(client, "ok", 60000, ids[2]);
    Jig__V1__ListOperationsRequest request = JIG__V1__LIST_OPERATIONS_REQUEST__INIT;
    const char *method = "/jig.v1.OperationService/ListOperations";
    const ProtobufCMessageDescriptor *type = &jig__v1__list_operations_response__descriptor;
    Jig__V1__ListOperationsResponse *r = rig_call(client, method, &request.base, type);
    assert_int_equal(r->n_operations, 3);
    for (int i = 0; i < 3; i++)
        assert_string_equal(r->operations[i]->id, ids[2 - i]);
    assert_int_equal(r->operations[0]->n_builds, 1);
    assert_int_equal(r->operations[0]->builds[0]->n_diagnostics, 0);
    rig_message_free(r);
    request.active_only = true;
    r = rig_call(client, method, &request.base, type);
    assert_int_equal(r->n_operations, 1);
    assert_string_equal(r->operations[0]->id, ids[1]);
    rig_message_free(r);
    request.active_only = false;
    request.max_results = 2;
    r = rig_call(client, method, &request.base, type);
    assert_int_equal(r->n_operations, 2);
    rig_message_free(r);
}

/* ---- owners ---- */

static Jig__V1__Response *start_tied(int64_t pid, char out[17])
{
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__OperationTie tie = JIG__V1__OPERATION_TIE__INIT;
    Jig__V1__StartBuildRequest request = JIG__V1__START_BUILD_REQUEST__INIT;
    project.directory = (char *)"until";
    tie.owner_pid = pid;
    tie.cancel_with_owner = true;
    request.project = &project;
    request.tie = &tie;
    Jig__V1__Response *reply =
        rig_land(rig_send(client, "/jig.v1.BuildService/StartBuild", &request.base, NULL, 0));
    if (reply->status == NULL) {
        Jig__V1__StartBuildResponse *r =
            jig__v1__start_build_response__unpack(NULL, reply->payload.len, reply->payload.data);
        memcpy(out, r->operation->id, 17);
        rig_message_free(r);
    }
    return reply;
}

static pid_t child(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        pause();
        _exit(0);
    }
    return pid;
}

static void the_owners_death_cancels(void **state)
{
    (void)state;
    char id[17], other[17];
    pid_t pid = child();
    assert_int_equal(rig_code(start_tied(pid, id)), JIG_OK);
    rig_start(client, "until", 0, other);
    rig_await_running(rig, 2);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(watch_to_the_end(client, id).end,
                     JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED);
    Jig__V1__GetOperationResponse *r = get(id);
    assert_int_equal(r->operation->owner_pid, pid);
    assert_non_null(strstr(r->operation->error->message, "is gone"));
    rig_message_free(r);
    r = get(other); /* not tied */
    assert_int_equal(r->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_RUNNING);
    rig_message_free(r);
}

static void owners_that_are_none(void **state)
{
    (void)state;
    char id[17];
    pid_t pid = child();
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    assert_int_equal(rig_code(start_tied(pid, id)), JIG_NOT_FOUND);
    if (getenv("RIG_UNIX") == NULL) /* inproc has no pid */
        assert_int_equal(rig_code(start_tied(0, id)), JIG_INVALID_ARGUMENT);
    assert_int_equal(rig_code(start_tied(-5, id)), JIG_INVALID_ARGUMENT);
    assert_int_equal(rig_code(start_tied(INT64_MAX, id)), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_operations_active(rig_operations(rig)), 0);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(done_within_the_call),
        WITH_RIG(done_at_once_is_one_reply),
        WITH_RIG(times_are_kept_by_outcome_and_phase),
        WITH_RIG(failure_says_why),
        WITH_RIG(flood_has_no_gaps),
        cmocka_unit_test(who_comes_late_is_told_what_was_dropped),
        WITH_RIG(two_watch_and_miss_nothing),
        WITH_RIG(a_cursor_from_elsewhere_is_refused),
        WITH_RIG(cancel_is_a_level),
        WITH_RIG(done_before_it_noticed_is_done),
        cmocka_unit_test(the_queue_has_a_ceiling),
        WITH_RIG(list_is_newest_first),
        WITH_RIG(the_owners_death_cancels),
        WITH_RIG(owners_that_are_none),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
