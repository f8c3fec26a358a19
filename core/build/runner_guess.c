/*
 * runner_guess.c - tools that are begun before anybody asks for them (runner.h).
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/runner_impl.h"

#define KILL_GRACE_MS 500

/* How many of the running ones nobody has asked for yet. */
size_t jig_runner_guesses(const struct jig_runner *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->running_count; i++)
        n += r->running[i]->guessed;
    return n;
}

bool jig_runner_take_slot(struct jig_runner *r, bool even_the_last)
{
    if (r->config.slots == NULL || atomic_fetch_sub(&r->config.slots->free, 1) > 0 || even_the_last)
        return true;
    atomic_fetch_add(&r->config.slots->free, 1);
    return false;
}

static void take_out(struct jig_job **list, size_t *n, const struct jig_job *j)
{
    for (size_t i = 0; i < *n; i++) {
        if (list[i] == j) {
            list[i] = list[--*n];
            return;
        }
    }
}

/* Nobody wants it. It is asked to end, not killed: compilers clean up behind themselves. */
static void drop_guess(struct jig_runner *r, struct jig_job *j)
{
    if (j->state == JIG_JOB_RUNNING) {
        jig_proc_kill(j->proc, KILL_GRACE_MS);
        take_out(r->running, &r->running_count, j);
        jig_runner_give_slot(r);
    }
    take_out(r->guesses, &r->guess_count, j);
    jig_job_free(j);
}

static struct jig_job *guess_for(const struct jig_runner *r, const struct jig_action *a)
{
    for (size_t i = 0; i < r->guess_count; i++) {
        const struct jig_action *g = r->guesses[i]->action;
        bool same = a->name != NULL ? jig_streq(g->name, a->name)
                                    : g->name == NULL && a->outputs.n > 0 &&
                                          strcmp(g->outputs.v[0], a->outputs.v[0]) == 0;
        if (same)
            return r->guesses[i];
    }
    return NULL;
}

/* The run of this very action that was begun early; the action is then its own. Any other run that
 * leaves the same file is ended. */
struct jig_job *jig_runner_take_guess(struct jig_runner *r, struct jig_action *a, bool asked)
{
    struct jig_check check;
    struct jig_job *j = guess_for(r, a);
    if (j == NULL)
        return NULL;
    bool same = !r->failed && j->asked == asked && j->state != JIG_JOB_FAILED &&
                jig_runner_prepare(r, a, &check, NULL) == JIG_OK &&
                jig_digest_equal(&j->command, &check.command) &&
                jig_job_inputs_hold(j, &r->config, a);
    if (!same) {
        drop_guess(r, j);
        return NULL;
    }
    take_out(r->guesses, &r->guess_count, j);
    jig_action_free(j->action);
    j->action = a;
    j->guessed = false;
    return j;
}

/* Would it do anything new? */
static bool decide_guess(struct jig_runner *r, struct jig_job *j)
{
    const struct jig_runner_config *c = &r->config;
    struct jig_check check;
    if (j->action->always || j->action->shareable ||
        jig_runner_prepare(r, j->action, &check, NULL) != JIG_OK)
        return false;
    j->tool = check.tool;
    j->command = check.command;
    JIG_CLEANUP_FREE char *name = jig_action_record_name(j->action, c->build_dir);
    j->because = jig_runner_check(r, &check, name);
    return j->because != NULL &&
           jig_job_look_before(j, c, jig_record_get(c->record, name), NULL) == JIG_OK;
}

static bool room_for(const struct jig_runner *r, size_t left_for_others)
{
    return !r->failed && !r->config.look_only && r->config.jobs > 1 &&
           r->running_count < r->config.jobs &&
           jig_runner_guesses(r) + left_for_others < r->config.jobs &&
           r->guess_count < MOST_RUNNING;
}

bool jig_runner_may_guess(const struct jig_runner *r)
{
    return room_for(r, 1);
}

bool jig_runner_has_room(const struct jig_runner *r)
{
    return room_for(r, 0);
}

bool jig_runner_is_busy(const struct jig_runner *r)
{
    return r->next < r->job_count || r->running_count > jig_runner_guesses(r);
}

bool jig_runner_guess(struct jig_runner *r, struct jig_action *action, bool asked, bool certain)
{
    struct jig_job *j = jig_job_new(action, asked);
    bool room = room_for(r, certain ? 0 : 1) && guess_for(r, action) == NULL;
    bool alone = certain && r->running_count == 0;
    bool ready = room && decide_guess(r, j) && jig_runner_take_slot(r, alone);
    if (ready && jig_job_start(j, NULL) != JIG_OK)
        jig_runner_give_slot(r);
    if (!ready || j->state != JIG_JOB_RUNNING) {
        jig_job_free(j);
        return false;
    }
    j->guessed = true;
    r->running[r->running_count++] = j;
    r->guesses[r->guess_count++] = j;
    return true;
}

bool jig_runner_has_guess(const struct jig_runner *r, const struct jig_action *action)
{
    return guess_for(r, action) != NULL;
}

bool jig_runner_guess_went_well(struct jig_runner *r, const struct jig_action *action)
{
    const struct jig_job *j = guess_for(r, action);
    while (j != NULL && j->state == JIG_JOB_RUNNING)
        jig_runner_wait_for_one(r);
    return j != NULL && j->state == JIG_JOB_EXITED && j->result.exit_status == 0;
}
