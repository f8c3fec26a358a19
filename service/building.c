#include "service/building.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/hold.h"
#include "core/os/time.h"
#include "service/lnk.h"
#include "service/target/depends.h"
#include "service/wire/event.h"
#include "service/wire/operation.h"

#define RESULT_MAX_BYTES (16u << 20)

#define PULLS_MAX 4 /* of pointers that change meanwhile */

/* Who waited longer for a worker, or for another environment, looks at everything: a person may
 * have edited more meanwhile, and expects that to be built. */
#define CHANGES_ARE_NEW_MS 1000

struct jig_building {
    struct jig_builder *builder;
    Jig__V1__ProjectSelector *selector;
    struct jig_build_options options;
    int64_t started_ns;
    int64_t told_ns; /* when the last result was there; at first, when it started */
    struct jig_warm_said said;
    struct jig_warm_answer *answer; /* NULL: it is built */
    struct jig_warm_answer *claim;  /* to be compared with a full walk; or NULL */
    struct jig_target *target;
    struct jig_target **before; /* what it was before pointers were pulled: callers may know it */
    size_t before_n;
    size_t before_cap;
    char *subject;
    struct jig_sightings *seen;    /* NULL: nobody listens */
    struct jig_warm_builds builds; /* what was up to date */
    struct jig_hold *hold;         /* what the target uses of the cache */
    struct jig_missing missing;    /* why it could not be opened */
    bool opened;                   /* once: what was installed since changed, too */
    size_t ran;                    /* environments that went well, in order */
};

struct jig_building *jig_building_new(struct jig_builder *builder,
                                      const Jig__V1__ProjectSelector *selector,
                                      const struct jig_build_options *options)
{
    size_t n = 0;
    uint8_t *bytes = jig_wire_bytes(&selector->base, &n);
    struct jig_building *b = jig_new(struct jig_building);
    *b = (struct jig_building){.builder = builder, .options = *options, .started_ns = jig_now_ns()};
    b->told_ns = b->started_ns;
    b->selector = jig__v1__project_selector__unpack(NULL, n, bytes);
    free(bytes);
    if (b->selector != NULL)
        return b;
    free(b);
    return NULL;
}

void jig_building_free(struct jig_building *b)
{
    if (b == NULL)
        return;
    jig__v1__project_selector__free_unpacked(b->selector, NULL);
    jig_warm_said_release(&b->said);
    jig_warm_unref(b->answer);
    jig_warm_unref(b->claim);
    jig_target_free(b->target);
    for (size_t i = 0; i < b->before_n; i++)
        jig_target_free(b->before[i]);
    free(b->before);
    jig_sightings_free(b->seen);
    jig_warm_builds_release(&b->builds);
    jig_missing_release(&b->missing);
    jig_hold_free(b->hold);
    free(b->subject);
    free(b);
}

/* A known answer will not do for who wants to see the work. */
static bool wants_the_work(const struct jig_building *b)
{
    return b->options.clean || b->options.walk || b->options.explain;
}

bool jig_building_ask(struct jig_building *b)
{
    struct jig_warm *warm = jig_builder_warm(b->builder);
    if (b->options.clean || b->options.walk)
        return false;
    b->answer = jig_warm_ask(warm, b->selector, &b->said);
    if (jig_builder_checks_answers(b->builder))
        b->claim = jig_steal(&b->answer);
    if (b->answer != NULL && wants_the_work(b)) {
        jig_warm_unref(b->answer);
        b->answer = NULL;
    }
    return b->answer != NULL;
}

static enum jig_code lease_target(struct jig_building *b, struct jig_err *reterr)
{
    jig_hold_free(b->hold);
    b->hold = NULL;
    enum jig_code code =
        jig_target_lease(jig_builder_targets(b->builder), b->target, &b->hold, reterr);
    if (code != JIG_OK) {
        jig_target_free(b->target);
        b->target = NULL;
    }
    return code;
}

static enum jig_code open_target(struct jig_building *b, struct jig_strv *needs_env,
                                 struct jig_err *reterr)
{
    const struct jig_observer *before =
        jig_observe(b->seen != NULL ? jig_sightings_observer(b->seen) : NULL);
    jig_missing_release(&b->missing);
    b->missing = (struct jig_missing){0};
    enum jig_code code =
        jig_target_open_missing(jig_builder_targets(b->builder), b->selector, JIG_LOCK_OBEY,
                                &b->target, needs_env, &b->missing, reterr);
    jig_observe(before);
    return code == JIG_OK ? lease_target(b, reterr) : code;
}

/* The build looks at no more than what changed; and so what it looks at is not all that its answer
 * rests on: that is looked up ahead of the next one. */
static void use_changes(struct jig_building *b)
{
    const struct jig_warm_said *said = &b->said;
    b->options.changes = NULL;
    if (b->opened || wants_the_work(b) || said->last == NULL)
        return;
    b->options.changes = &said->changes;
    jig_log(JIG_LOG_DEBUG, "warm.changes", "%s: %zu files changed%s", b->selector->directory,
            said->changes.files.n, said->changes.plain ? ", and are no part of the plan" : "");
}

/* The target of the last answer, when what changed is no part of it. */
static struct jig_target *last_target(const struct jig_building *b)
{
    const struct jig_warm_said *said = &b->said;
    bool usable = !b->opened && !wants_the_work(b) && said->last != NULL && said->changes.plain;
    return usable ? jig_warm_builds(said->last)->target : NULL;
}

bool jig_building_is_open(const struct jig_building *b)
{
    const struct jig_target *target = last_target(b);
    return target != NULL && target->uses.n == 0 && b->claim == NULL;
}

enum jig_code jig_building_open(struct jig_building *b, struct jig_strv *needs_env,
                                struct jig_err *reterr)
{
    if (!wants_the_work(b))
        b->answer = jig_warm_walk(jig_builder_warm(b->builder), b->selector, &b->said);
    if (b->answer != NULL && jig_builder_checks_answers(b->builder))
        b->claim = jig_steal(&b->answer);
    if (b->answer != NULL)
        return JIG_OK;
    b->options.walk = b->options.walk || b->claim != NULL;
    if (b->said.why != NULL)
        jig_log(JIG_LOG_DEBUG, "warm.no_answer", "%s: %s", b->selector->directory, b->said.why);
    use_changes(b);
    if (last_target(b) != NULL)
        b->target = jig_target_ref(last_target(b));
    b->opened = true;
    if (b->target != NULL && lease_target(b, NULL) != JIG_OK)
        b->options.changes = NULL; /* something that it uses went away: all is looked at */
    jig_sightings_free(b->seen);
    b->seen = b->options.walk || b->options.changes != NULL ? NULL : jig_sightings_new();
    enum jig_code code = b->target == NULL ? open_target(b, needs_env, reterr) : JIG_OK;
    if (code == JIG_OK) {
        free(b->subject);
        b->subject = jig_builder_subject(b->target);
    }
    return code;
}

const struct jig_missing *jig_building_missing(const struct jig_building *b)
{
    return &b->missing;
}

const char *jig_building_subject(const struct jig_building *b)
{
    return b->answer != NULL ? jig_warm_builds(b->answer)->subject : b->subject;
}

enum jig_code jig_building_target(struct jig_building *b, const struct jig_target **ret,
                                  struct jig_err *reterr)
{
    struct jig_strv needs = {0};
    enum jig_code code = JIG_OK;
    if (b->target == NULL && b->answer != NULL && jig_warm_builds(b->answer)->target != NULL) {
        b->target = jig_target_ref(jig_warm_builds(b->answer)->target);
        code = lease_target(b, reterr);
    }
    if (b->target == NULL)
        code = open_target(b, &needs, reterr);
    jig_strv_release(&needs);
    if (code == JIG_OK)
        *ret = b->target;
    return code;
}

const Jig__V1__BuildResult *jig_building_known(const struct jig_building *b, size_t index,
                                               const struct jig_target **ret_target)
{
    const struct jig_warm_builds *known = b->answer != NULL ? jig_warm_builds(b->answer) : NULL;
    if (known == NULL || known->target == NULL || index >= known->n)
        return NULL;
    *ret_target = known->target;
    return known->v[index];
}

void jig_building_set_finished(struct jig_building *b,
                               enum jig_code (*finished)(void *ctx,
                                                         const struct jig_build_result *result,
                                                         struct jig_err *reterr),
                               void *ctx)
{
    b->options.finished = finished;
    b->options.finished_ctx = ctx;
}

size_t jig_building_count(const struct jig_building *b)
{
    return b->answer != NULL ? jig_warm_builds(b->answer)->n : b->target->n;
}

/* ---- what is known ---- */

static void tell_again(struct jig_operation *op, const Jig__V1__BuildResult *r)
{
    for (size_t i = 0; i < r->n_diagnostics; i++) {
        const Jig__V1__Diagnostic *d = r->diagnostics[i];
        struct jig_diagnostic_event event = {.file = d->file,
                                             .line = d->line,
                                             .column = d->column,
                                             .severity = (enum jig_event_severity)d->severity,
                                             .message = d->message,
                                             .option = d->option,
                                             .rendered = d->rendered};
        jig_operation_diagnostic(op, &event);
    }
}

static enum jig_code replay(struct jig_building *b, struct jig_operation *op, size_t index,
                            jig_building_use_fn *use, void *ctx, struct jig_err *reterr)
{
    const struct jig_warm_builds *known = jig_warm_builds(b->answer);
    Jig__V1__BuildResult result = *known->v[index];
    Jig__V1__PhaseTime phase = JIG__V1__PHASE_TIME__INIT;
    Jig__V1__PhaseTime *phases[] = {&phase};
    for (size_t i = 0; index == 0 && i < known->warnings.n; i++)
        jig_operation_notice(op, "project.warning", JIG_EVENT_WARNING, "%s", known->warnings.v[i]);
    tell_again(op, &result);
    phase.name = (char *)"check";
    phase.duration_us = (jig_now_ns() - b->started_ns) / 1000;
    result.server_us = phase.duration_us;
    result.n_phases = 1;
    result.phases = phases;
    b->started_ns = jig_now_ns(); /* the next one begins here */
    return use(ctx, &result, reterr);
}

/* ---- the work ---- */

/* Bytes of what lasts of a result. The caller frees. */
static uint8_t *lasting_bytes(const Jig__V1__BuildResult *result, size_t *ret_n)
{
    struct jig_warm_builds one = {0};
    jig_warm_builds_add(&one, result, 0);
    uint8_t *bytes = one.n > 0 ? jig_wire_bytes(&one.v[0]->base, ret_n) : NULL;
    jig_warm_builds_release(&one);
    return bytes;
}

/* What was known, and what a walk found now. */
static enum jig_code compare(const struct jig_building *b, const Jig__V1__BuildResult *walked,
                             struct jig_err *reterr)
{
    if (b->claim == NULL)
        return JIG_OK;
    const struct jig_warm_builds *claimed = jig_warm_builds(b->claim);
    size_t n = 0, m = 0;
    uint8_t *now = lasting_bytes(walked, &n);
    uint8_t *then = b->ran < claimed->n ? lasting_bytes(claimed->v[b->ran], &m) : NULL;
    bool same = now != NULL && then != NULL && n == m && memcmp(now, then, n) == 0;
    free(now);
    free(then);
    if (same)
        return JIG_OK;
    enum jig_code code = jig_err_set(
        reterr, JIG_INTERNAL, "what was known of %s without building (%s) differs from a full walk",
        walked->build_directory, b->said.why != NULL ? b->said.why : "");
    jig_err_hint(reterr, "please report this; --walk gives the right answer");
    return code;
}

static enum jig_code use_result(struct jig_building *b, const struct jig_target_environment *e,
                                const struct jig_build_result *result, jig_building_use_fn *use,
                                void *ctx, struct jig_err *reterr)
{
    struct jig_arena arena;
    Jig__V1__BuildResult message;
    jig_arena_init(&arena, RESULT_MAX_BYTES);
    jig_builder_result(b->target, e, result, &arena, &message);
    int64_t now_ns = jig_now_ns();
    message.server_us = (now_ns - b->told_ns) / 1000;
    b->told_ns = now_ns;
    enum jig_code code = compare(b, &message, reterr);
    b->ran++;
    if (result->up_to_date)
        jig_warm_builds_add(&b->builds, &message, result->look);
    if (code == JIG_OK)
        code = use(ctx, &message, reterr);
    jig_arena_release(&arena);
    return code;
}

/* All of the project, once more: pointers changed, a library may have come. */
static enum jig_code look_anew(struct jig_building *b, struct jig_err *reterr)
{
    struct jig_strv needs = {0};
    struct jig_target *old = jig_steal(&b->target);
    b->options.changes = NULL; /* there are more now */
    jig_sightings_free(b->seen);
    /* What environments before this one have seen is not seen again: no answer rests on the rest */
    b->seen = b->options.walk || b->ran > 0 ? NULL : jig_sightings_new();
    enum jig_code code = open_target(b, &needs, reterr);
    jig_strv_release(&needs);
    if (code != JIG_OK) {
        b->target = old;
        return code;
    }
    if (b->target->n != old->n)
        code = jig_err_set(reterr, JIG_ABORTED, "the environments of %s changed meanwhile",
                           b->target->project->root);
    b->before = jig_grow(b->before, &b->before_cap, b->before_n, sizeof *b->before);
    b->before[b->before_n++] = old;
    return code;
}

/* What the project's pointers stand for is put in its place. */
static enum jig_code pull(struct jig_building *b, struct jig_operation *op, struct jig_err *reterr)
{
    struct jig_lnks *lnks = jig_builder_lnks(b->builder);
    if (lnks == NULL)
        return jig_err_set(reterr, JIG_UNIMPLEMENTED, "nothing pulls what %s points to",
                           b->target->project->root);
    struct jig_lnks_request request = {.root = b->target->project->root,
                                       .base = b->target->build_base};
    enum jig_code code = jig_lnks_pull(lnks, op, &request, reterr);
    return code == JIG_OK ? look_anew(b, reterr) : code;
}

/* A share of what is in its place, if that is as it was looked at, or is looked at now and well. */
static enum jig_code share_pulled(struct jig_building *b, struct jig_operation *op,
                                  struct jig_lock *share, struct jig_err *reterr)
{
    struct jig_until until = jig_operation_until(op);
    enum jig_code code = jig_lnk_share(share, b->target->build_base, &until, reterr);
    if (code == JIG_OK && !jig_lnk_mark_holds(&b->target->pulled_mark, b->target->build_base))
        code = look_anew(b, reterr);
    if (code != JIG_OK || b->target->needs_pull)
        jig_lock_release(share);
    return code;
}

/* Pulls what is not in its place. What is stays as it is while the share is held: a pointer that
 * changes is pulled by the next build, which waits. A pointer that changes before that is pulled
 * now, too: old content never stands for a new one. */
static enum jig_code hold_pulled(struct jig_building *b, struct jig_operation *op,
                                 struct jig_lock *share, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    for (unsigned i = 0; code == JIG_OK && i < PULLS_MAX; i++) {
        if (b->target->needs_pull)
            code = pull(b, op, reterr);
        if (code == JIG_OK && !b->target->needs_pull && b->target->pulled != NULL)
            code = share_pulled(b, op, share, reterr);
        if (code != JIG_OK ||
            (!b->target->needs_pull && (jig_lock_held(share) || b->target->pulled == NULL)))
            return code;
    }
    return jig_err_set(reterr, JIG_ABORTED,
                       "the .lnk files of %s change faster than they can be pulled",
                       b->target->project->root);
}

/* From the request, or the end of the environment before this one, until the build's own phases. */
static void add_beginning(const struct jig_building *b, int64_t began_ns,
                          struct jig_build_result *result)
{
    if (result->phase_count == JIG_PHASES_MAX)
        return;
    memmove(result->phases + 1, result->phases, result->phase_count * sizeof *result->phases);
    result->phases[0] = (struct jig_phase){"begin", (began_ns - b->told_ns) / 1000};
    result->phase_count++;
}

/* The look that the changes were noted after. */
static uint64_t changes_since(const struct jig_building *b, size_t index)
{
    const struct jig_warm_builds *last =
        b->said.last != NULL ? jig_warm_builds(b->said.last) : NULL;
    return last != NULL && index < last->n ? last->looks[index] : 0;
}

enum jig_code jig_building_run(struct jig_building *b, struct jig_operation *op, size_t index,
                               jig_building_use_fn *use, void *ctx, struct jig_err *reterr)
{
    if (b->answer != NULL)
        return replay(b, op, index, use, ctx, reterr);
    struct jig_lock share = JIG_LOCK_INIT;
    enum jig_code code = hold_pulled(b, op, &share, reterr);
    if (code != JIG_OK)
        return code;
    const struct jig_target_environment *e = &b->target->environments[index];
    struct jig_build_result result;
    if (jig_now_ns() > b->started_ns + CHANGES_ARE_NEW_MS * JIG_NS_PER_MS)
        b->options.changes = NULL;
    b->options.changes_since = changes_since(b, index);
    if (b->options.explain && index == 0 && b->said.why != NULL)
        jig_operation_notice(op, "build.known", JIG_EVENT_NOTE,
                             "what is known without building: %s", b->said.why);
    const struct jig_observer *before =
        jig_observe(b->seen != NULL ? jig_sightings_observer(b->seen) : NULL);
    jig_warm_build_begins(jig_builder_warm(b->builder));
    int64_t began_ns = jig_now_ns();
    code = jig_builder_run(b->builder, op, b->target, e, &b->options, &result, reterr);
    jig_warm_build_ended(jig_builder_warm(b->builder));
    jig_observe(before);
    jig_lock_release(&share);
    add_beginning(b, began_ns, &result);
    if (code == JIG_OK)
        code = use_result(b, e, &result, use, ctx, reterr);
    else
        b->told_ns = jig_now_ns();
    jig_build_result_release(&result);
    return code;
}

void jig_building_end(struct jig_building *b)
{
    struct jig_warm *warm = jig_builder_warm(b->builder);
    if (b->answer != NULL || b->target == NULL || b->ran < b->target->n)
        return;
    if (b->builds.n < b->target->n || b->seen == NULL || b->options.explain) {
        jig_warm_look_ahead(warm, b->selector);
        return;
    }
    b->builds.target = jig_target_ref(b->target);
    b->builds.subject = jig_xstrdup(b->subject);
    jig_builder_warnings(b->target, &b->builds.warnings);
    jig_warm_offer_take(warm, b->selector, jig_steal(&b->seen), &b->builds);
}
