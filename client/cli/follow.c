#include "client/cli/follow.h"

#include <stdio.h>
#include <string.h>

#include <jig/operation.h>

#include "client/cli/json_event.h"
#include "client/cli/json_out.h"

#define POLL_MS      30000
#define WINDUP_MS    15000 /* for a cancelled operation to end */
#define STATE_EVENTS 3     /* queued, running, succeeded: what all have that ended well */

/* Nothing happened that its result does not say: no need to ask for its events. */
static bool nothing_to_tell(const struct jig_operation *op)
{
    if (op->state != JIG_OPERATION_SUCCEEDED || op->last_event > STATE_EVENTS)
        return false;
    for (size_t i = 0; i < op->builds.count; i++) {
        if (op->builds.items[i].outcome != JIG_BUILD_UP_TO_DATE)
            return false;
    }
    if (op->packages != NULL)
        return true;
    return op->deploy == NULL || op->deploy->outcome == JIG_DEPLOY_TRUSTED;
}

struct following {
    struct cli *cli;
    struct cli_view *view;
    char id[64];
    bool ours;
    int64_t deadline_ns;
    struct cli_followed out;
};

/* The wait was cut short. True when it goes on, for the operation to end. */
static bool wind_up(struct following *f, const struct jig_error *error)
{
    if (!f->ours || f->out.cancelled_by_us || f->out.timed_out)
        return false;
    f->out.cancelled_by_us = error->status == JIG_STATUS_CANCELLED;
    f->out.timed_out = error->status == JIG_STATUS_DEADLINE_EXCEEDED;
    if (!f->out.cancelled_by_us && !f->out.timed_out)
        return false;
    cli_forgive(f->cli);
    cli_view_say(f->view, JIG_SEVERITY_NOTE,
                 f->out.timed_out ? "out of time: cancelling" : "interrupted: cancelling");
    f->deadline_ns = jig_deadline_after_ms(WINDUP_MS);
    const struct jig_operation *op;
    if (jig_client_cancel_operation(f->cli->client, f->id, f->deadline_ns, &op, NULL) !=
        JIG_STATUS_OK)
        return false;
    jig_client_free(op);
    return true;
}

static void tell(struct following *f, const struct jig_operation_changes *changes)
{
    if (changes->dropped > 0) {
        char text[80];
        snprintf(text, sizeof text, "%llu events of the operation were lost",
                 (unsigned long long)changes->dropped);
        cli_view_say(f->view, JIG_SEVERITY_WARNING, text);
    }
    for (size_t i = 0; i < changes->event_count; i++)
        cli_view_event(f->view, f->id, &changes->events[i]);
    cli_view_draw(f->view);
}

/* A daemon that does not know what we started is another one than we asked. */
static void lost(const struct following *f, struct jig_error *error)
{
    error->status = JIG_STATUS_UNAVAILABLE;
    error->cause = JIG_CAUSE_NONE;
    snprintf(error->message, sizeof error->message,
             "the daemon that ran operation %s is gone, and the operation with it", f->id);
    snprintf(error->hint, sizeof error->hint, "start it again; 'jig daemon logs' may say more");
}

static bool watch(struct following *f, struct jig_error *error)
{
    uint64_t cursor = 0;
    for (;;) {
        const struct jig_operation_changes *changes;
        enum jig_status status = jig_client_watch_operation(f->cli->client, f->id, cursor, POLL_MS,
                                                            f->deadline_ns, &changes, error);
        if (status != JIG_STATUS_OK) {
            if (wind_up(f, error))
                continue;
            if (f->ours && status == JIG_STATUS_NOT_FOUND)
                lost(f, error);
            return false;
        }
        tell(f, changes);
        cursor = changes->cursor;
        const struct jig_operation *op = changes->operation;
        if (jig_operation_ended(op) && cursor >= op->last_event) {
            f->out.owner = changes;
            f->out.operation = op;
            return true;
        }
        jig_client_free(changes);
    }
}

/* As cli_fail, with the operation's id in the error line. */
static int fail(struct cli *cli, const char *id, const struct jig_error *error)
{
    cli->operation = id;
    int exit_status = cli_fail(cli, error);
    cli->operation = NULL;
    return exit_status;
}

bool cli_follow(struct cli *cli, struct cli_view *view, const struct jig_operation *started,
                bool ours, struct cli_followed *ret, int *ret_exit)
{
    struct following f = {.cli = cli, .view = view, .ours = ours, .deadline_ns = cli->deadline_ns};
    snprintf(f.id, sizeof f.id, "%s", started->id);
    if (nothing_to_tell(started)) {
        *ret = (struct cli_followed){.owner = started, .operation = started};
        return true;
    }
    jig_client_free(started);
    struct jig_error error;
    bool ok = watch(&f, &error);
    cli_view_erase(view);
    if (ok) {
        *ret = f.out;
        return true;
    }
    if (f.out.cancelled_by_us || f.out.timed_out) {
        char text[160];
        snprintf(text, sizeof text, "operation %s was asked to end, and has not said that it did",
                 f.id);
        cli_view_say(view, JIG_SEVERITY_WARNING, text);
    }
    if (f.out.timed_out)
        error.status = JIG_STATUS_DEADLINE_EXCEEDED;
    if (f.out.cancelled_by_us)
        error.status = JIG_STATUS_CANCELLED;
    *ret_exit = fail(cli, f.id, &error);
    return false;
}

/* The caller broke it off. What a deploy that was cancelled says of the board is not lost. */
static void broken_off_error(const struct cli_followed *followed, struct jig_error *ret)
{
    const struct jig_operation *op = followed->operation;
    const char *how = followed->timed_out ? "out of time" : "interrupted";
    *ret = (struct jig_error){.status = followed->timed_out ? JIG_STATUS_DEADLINE_EXCEEDED
                                                            : JIG_STATUS_CANCELLED};
    int n = snprintf(ret->message, sizeof ret->message, "%s: the %s was cancelled", how,
                     cli_operation_kind(op->kind));
    if (op->kind == JIG_OPERATION_DEPLOY && op->error != NULL)
        snprintf(ret->message + n, sizeof ret->message - (size_t)n, "; %s", op->error->message);
}

/* What is done is done, and its result is what it is. */
static void say_too_late(struct cli_view *view, const struct jig_operation *op)
{
    char text[80];
    snprintf(text, sizeof text, "the %s was done before it could be cancelled",
             cli_operation_kind(op->kind));
    cli_view_erase(view);
    cli_view_say(view, JIG_SEVERITY_NOTE, text);
}

int cli_followed_judge(struct cli *cli, struct cli_view *view, const struct cli_followed *followed)
{
    const struct jig_operation *op = followed->operation;
    bool broken_off = followed->cancelled_by_us || followed->timed_out;
    if (op->state == JIG_OPERATION_SUCCEEDED) {
        if (broken_off)
            say_too_late(view, op);
        return CLI_EXIT_DONE;
    }
    if (!cli->options.json && !broken_off)
        cli_view_dump_log(view);
    cli_view_erase(view);
    struct jig_error error = {.status = JIG_STATUS_UNKNOWN};
    snprintf(error.message, sizeof error.message, "the %s failed without a word",
             cli_operation_kind(op->kind));
    if (op->error != NULL)
        error = *op->error;
    if (broken_off)
        broken_off_error(followed, &error);
    int exit_status = fail(cli, op->id, &error);
    /* What could not be reached is something else than the daemon, which has just said so. */
    bool elsewhere = error.status == JIG_STATUS_UNAVAILABLE && error.cause == JIG_CAUSE_NONE;
    return elsewhere ? CLI_EXIT_OTHER : exit_status;
}
