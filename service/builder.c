#include "service/builder.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/hold.h"
#include "core/os/dirs.h"
#include "core/os/fs.h"
#include "service/warm.h"
#include "service/wire/operation.h"

#define OBJECT_CACHE_BYTES (UINT64_C(4) << 30)
#define RESULT_MAX_BYTES   (16u << 20)
#define MOST_FILES         500000

struct jig_builder {
    struct jig_targets *targets;
    struct jig_build_engine *engine;
    struct jig_warm *warm;
    struct jig_lnks *lnks; /* NULL: nothing is pulled */
    uint32_t jobs;         /* of the configuration; 0: one a processor */
    bool checks_answers;
};

/* All that an answer depends on beside its files and its request: the configuration's folders, and
 * this very program. The caller frees. */
static char *salt(const struct jig_conf *conf, const struct jig_strv *installed,
                  const char *data_dir)
{
    struct jig_stamp self = {0};
    (void)!jig_fs_stamp("/proc/self/exe", &self, NULL);
    JIG_CLEANUP_FREE char *hardware = jig_strv_join(&conf->hardware, "\n");
    JIG_CLEANUP_FREE char *libraries = jig_strv_join(&conf->libraries, "\n");
    JIG_CLEANUP_FREE char *packages = jig_strv_join(installed, "\n");
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    return jig_strf("%s\n%llu %lld %lld\n%s\n%s\n%s\n%s\n%s\n%s", JIG_VERSION,
                    (unsigned long long)self.ino, (long long)self.size, (long long)self.mtime_ns,
                    data_dir != NULL ? data_dir : "", home, hardware, libraries, packages,
                    conf->overlays != NULL ? conf->overlays : "");
}

static bool look_ahead(void *ctx, const Jig__V1__ProjectSelector *selector,
                       struct jig_sightings *seen, const struct jig_until *until,
                       struct jig_warm_builds *ret);
static void count_as_used(void *ctx, const Jig__V1__ProjectSelector *selector,
                          const struct jig_target *target);

struct jig_builder *jig_builder_new(const struct jig_conf *conf, const char *cache_dir,
                                    const struct jig_strv *installed, const char *data_dir,
                                    const struct jig_objremote *remote)
{
    struct jig_builder *b = jig_new(struct jig_builder);
    JIG_CLEANUP_FREE char *objects = jig_path_join(cache_dir, "objects");
    JIG_CLEANUP_FREE char *tools = jig_path_join(cache_dir, "known-tools");
    struct jig_build_engine_config config = {
        .object_cache = objects,
        .object_cache_bytes = conf->cache_objects > 0 ? conf->cache_objects : OBJECT_CACHE_BYTES,
        .remote = remote,
        .tools = tools,
        .max_files = MOST_FILES};
    b->targets = jig_targets_new(conf, installed, data_dir);
    b->engine = jig_build_engine_new(&config);
    b->jobs = conf->jobs;
    b->checks_answers = conf->check_answers;
    JIG_CLEANUP_FREE char *salted = salt(conf, installed, data_dir);
    struct jig_warm_config warm = {.cache_dir = cache_dir,
                                   .salt = salted,
                                   .files = jig_build_engine_files(b->engine),
                                   .look = look_ahead,
                                   .used = count_as_used,
                                   .ctx = b};
    b->warm = jig_warm_new(&warm);
    return b;
}

void jig_builder_free(struct jig_builder *b)
{
    if (b == NULL)
        return;
    jig_warm_free(b->warm);
    jig_build_engine_free(b->engine);
    jig_targets_free(b->targets);
    free(b);
}

void jig_builder_set_lnks(struct jig_builder *b, struct jig_lnks *lnks)
{
    b->lnks = lnks;
}

struct jig_lnks *jig_builder_lnks(const struct jig_builder *b)
{
    return b->lnks;
}

struct jig_targets *jig_builder_targets(struct jig_builder *b)
{
    return b->targets;
}

struct jig_warm *jig_builder_warm(struct jig_builder *b)
{
    return b->warm;
}

bool jig_builder_checks_answers(const struct jig_builder *b)
{
    return b->checks_answers;
}

struct jig_build_engine *jig_builder_engine(struct jig_builder *b)
{
    return b->engine;
}

/* ---- events of a build as events of its operation ---- */

static void on_step(void *ctx, const struct jig_build_step *s)
{
    struct jig_step_event event = {.step = s->step,
                                   .because = s->because,
                                   .state = (enum jig_step_state)s->state,
                                   .done = s->done,
                                   .total = s->total,
                                   .duration_us = s->duration_us};
    if (s->state != JIG_BUILD_STEP_REUSED) /* a warm build says nothing of what it did not do */
        jig_operation_step(ctx, &event);
}

static void on_diagnostic(void *ctx, const struct jig_diagnostic *d)
{
    struct jig_diagnostic_event event = {.file = d->file,
                                         .line = d->line,
                                         .column = d->column,
                                         .severity = (enum jig_event_severity)d->severity,
                                         .message = d->message,
                                         .option = d->option,
                                         .rendered = d->rendered};
    jig_operation_diagnostic(ctx, &event);
}

static void on_notice(void *ctx, const char *id, enum jig_severity severity, const char *text)
{
    jig_operation_notice(ctx, id, (enum jig_event_severity)severity, "%s", text);
}

/* What is odd about the project, each thing once: with the first environment that it is true of. */
static void tell_warnings(struct jig_operation *op, const struct jig_target *target,
                          const struct jig_target_environment *e)
{
    struct jig_strv told = {0};
    for (const struct jig_target_environment *one = target->environments; one <= e; one++) {
        const struct jig_strv *lists[] = {&target->project->warnings, &one->environment->warnings,
                                          &one->notices};
        for (size_t i = 0; i < JIG_COUNT(lists); i++) {
            for (size_t k = 0; k < lists[i]->n; k++) {
                const char *text = lists[i]->v[k];
                if (jig_strv_add_unique(&told, text) && one == e)
                    jig_operation_notice(op, "project.warning", JIG_EVENT_WARNING, "%s", text);
            }
        }
    }
    jig_strv_release(&told);
}

/* What every build of an environment has in common. */
static struct jig_build_request request_for(const struct jig_target *target,
                                            const struct jig_target_environment *e)
{
    return (struct jig_build_request){.project = target->project,
                                      .environment = e->environment,
                                      .board = e->board,
                                      .custom = e->custom,
                                      .libraries = e->libraries,
                                      .build_dir = e->build_dir,
                                      .pulled = target->pulled};
}

enum jig_code jig_builder_look(struct jig_builder *b, const struct jig_target *target,
                               const struct jig_target_environment *e,
                               const struct jig_until *until, struct jig_build_result *result,
                               struct jig_err *reterr)
{
    struct jig_build_request request = request_for(target, e);
    request.look_only = true;
    request.jobs = b->jobs;
    request.until = *until;
    return jig_build_run(b->engine, &request, result, reterr);
}

typedef enum jig_code call_fn(struct jig_build_engine *e, const struct jig_build_request *request,
                              struct jig_build_result *result, struct jig_err *reterr);

static enum jig_code call(struct jig_builder *b, struct jig_operation *op,
                          const struct jig_target *target, const struct jig_target_environment *e,
                          const struct jig_build_options *options, call_fn *fn,
                          struct jig_build_result *result, struct jig_err *reterr)
{
    struct jig_build_events events = {
        .ctx = op, .step = on_step, .diagnostic = on_diagnostic, .notice = on_notice};
    JIG_CLEANUP_FREE char *holder = jig_strf("operation %s", jig_operation_id(op));
    struct jig_build_request request = request_for(target, e);
    request.holder = holder;
    request.jobs = options->jobs != 0 ? options->jobs : b->jobs;
    request.clean = options->clean;
    request.explain = options->explain;
    request.walk = options->walk;
    request.changes = options->changes;
    request.changes_since = options->changes_since;
    request.doubt_changes = b->checks_answers;
    request.until = jig_operation_until(op);
    request.events = &events;
    request.finished = options->finished;
    request.finished_ctx = options->finished_ctx;
    return fn(b->engine, &request, result, reterr);
}

enum jig_code jig_builder_run(struct jig_builder *b, struct jig_operation *op,
                              const struct jig_target *target,
                              const struct jig_target_environment *e,
                              const struct jig_build_options *options,
                              struct jig_build_result *result, struct jig_err *reterr)
{
    tell_warnings(op, target, e);
    return call(b, op, target, e, options, jig_build_run, result, reterr);
}

enum jig_code jig_builder_last(struct jig_builder *b, struct jig_operation *op,
                               const struct jig_target *target,
                               const struct jig_target_environment *e,
                               const struct jig_build_options *options,
                               struct jig_build_result *result, struct jig_err *reterr)
{
    return call(b, op, target, e, options, jig_build_last, result, reterr);
}

char *jig_builder_subject(const struct jig_target *target)
{
    struct jig_strv names = {0};
    for (size_t i = 0; i < target->n; i++)
        jig_strv_append(&names, target->environments[i].environment->name);
    JIG_CLEANUP_FREE char *joined = jig_strv_join(&names, ", ");
    jig_strv_release(&names);
    return jig_strf("%s (%s)", target->project->root, joined);
}

/* ---- results as messages ---- */

/* n messages of one type in the arena, and the array of pointers to them that protobuf-c wants. */
static void **message_array(struct jig_arena *arena, size_t n, size_t size)
{
    char *items = jig_arena_alloc(arena, n * size);
    void **pointers = jig_arena_alloc(arena, n * sizeof *pointers);
    if (items == NULL || pointers == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++)
        pointers[i] = items + i * size;
    return pointers;
}

/* A copy in the arena; service/wire mends what is not UTF-8 when the message is encoded. */
static char *text(struct jig_arena *arena, const char *s)
{
    char *copy = jig_arena_strdup(arena, s != NULL ? s : "");
    return copy != NULL ? copy : (char *)"";
}

static void put_artifacts(const struct jig_build_result *r, struct jig_arena *arena,
                          Jig__V1__BuildResult *out)
{
    size_t n = r->artifact_count;
    out->artifacts = (Jig__V1__Artifact **)message_array(arena, n, sizeof(Jig__V1__Artifact));
    for (size_t i = 0; out->artifacts != NULL && i < n; i++) {
        Jig__V1__Artifact *a = out->artifacts[i];
        char hex[JIG_SHA256_HEX];
        jig_digest_hex(&r->artifacts[i].sha256, hex);
        jig__v1__artifact__init(a);
        a->kind = text(arena, r->artifacts[i].kind);
        a->path = text(arena, r->artifacts[i].path);
        a->size_bytes = r->artifacts[i].size_bytes;
        a->sha256 = text(arena, hex);
        out->n_artifacts = i + 1;
    }
}

static void put_phases(const struct jig_build_result *r, struct jig_arena *arena,
                       Jig__V1__BuildResult *out)
{
    size_t n = r->phase_count;
    out->phases = (Jig__V1__PhaseTime **)message_array(arena, n, sizeof(Jig__V1__PhaseTime));
    for (size_t i = 0; out->phases != NULL && i < n; i++) {
        jig__v1__phase_time__init(out->phases[i]);
        out->phases[i]->name = text(arena, r->phases[i].name);
        out->phases[i]->duration_us = r->phases[i].duration_us;
        out->n_phases = i + 1;
    }
}

static void put_reasons(const struct jig_build_result *r, struct jig_arena *arena,
                        Jig__V1__BuildResult *out)
{
    size_t n = r->summary.reason_count;
    out->reasons = (Jig__V1__StepReason **)message_array(arena, n, sizeof(Jig__V1__StepReason));
    for (size_t i = 0; out->reasons != NULL && i < n; i++) {
        jig__v1__step_reason__init(out->reasons[i]);
        out->reasons[i]->step = text(arena, r->summary.reasons[i].step);
        out->reasons[i]->because = text(arena, r->summary.reasons[i].because);
        out->n_reasons = i + 1;
    }
}

static void put_diagnostics(const struct jig_build_result *r, struct jig_arena *arena,
                            Jig__V1__BuildResult *out)
{
    size_t n = r->summary.diagnostics.n;
    out->diagnostics = (Jig__V1__Diagnostic **)message_array(arena, n, sizeof(Jig__V1__Diagnostic));
    for (size_t i = 0; out->diagnostics != NULL && i < n; i++) {
        const struct jig_diagnostic *from = &r->summary.diagnostics.items[i];
        Jig__V1__Diagnostic *d = out->diagnostics[i];
        jig__v1__diagnostic__init(d);
        d->file = text(arena, from->file);
        d->line = from->line;
        d->column = from->column;
        d->severity = (Jig__V1__Severity)from->severity;
        d->message = text(arena, from->message);
        d->option = text(arena, from->option);
        d->rendered = text(arena, from->rendered);
        out->n_diagnostics = i + 1;
    }
}

static char **put_strings(const struct jig_strv *list, struct jig_arena *arena, size_t *ret_n)
{
    char **out = jig_arena_alloc(arena, list->n * sizeof *out);
    for (size_t i = 0; out != NULL && i < list->n; i++)
        out[i] = text(arena, list->v[i]);
    *ret_n = out != NULL ? list->n : 0;
    return out;
}

void jig_builder_result(const struct jig_target *target, const struct jig_target_environment *e,
                        const struct jig_build_result *r, struct jig_arena *arena,
                        Jig__V1__BuildResult *out)
{
    jig__v1__build_result__init(out);
    out->outcome = r->up_to_date ? JIG__V1__BUILD_RESULT__OUTCOME__OUTCOME_UP_TO_DATE
                                 : JIG__V1__BUILD_RESULT__OUTCOME__OUTCOME_BUILT;
    out->environment = text(arena, e->environment->name);
    out->fqbn = text(arena, e->fqbn);
    out->project_directory = text(arena, target->project->root);
    out->build_directory = text(arena, e->build_dir);
    out->flash_bytes = r->size.flash_bytes > 0 ? r->size.flash_bytes : 0;
    out->flash_max_bytes = r->size.flash_max;
    out->ram_bytes = r->size.ram_bytes > 0 ? r->size.ram_bytes : 0;
    out->ram_max_bytes = r->size.ram_max;
    out->compiled = r->summary.compiled;
    out->reused = r->summary.reused;
    out->server_us = r->total_us;
    put_artifacts(r, arena, out);
    put_phases(r, arena, out);
    put_reasons(r, arena, out);
    put_diagnostics(r, arena, out);
    out->notices = put_strings(&r->notices, arena, &out->n_notices);
    out->platform_notices = put_strings(&e->board->notices, arena, &out->n_platform_notices);
    out->libraries = put_strings(&r->libraries, arena, &out->n_libraries);
}

void jig_builder_warnings(const struct jig_target *target, struct jig_strv *out)
{
    for (size_t i = 0; i < target->n; i++) {
        const struct jig_target_environment *e = &target->environments[i];
        const struct jig_strv *lists[] = {&target->project->warnings, &e->environment->warnings,
                                          &e->notices};
        for (size_t k = 0; k < JIG_COUNT(lists); k++) {
            for (size_t n = 0; n < lists[k]->n; n++)
                jig_strv_add_unique(out, lists[k]->v[n]);
        }
    }
}

/* ---- ahead of a request ---- */

static bool look_at(struct jig_builder *b, const struct jig_target *target, size_t index,
                    const struct jig_until *until, struct jig_warm_builds *ret)
{
    struct jig_build_result result;
    struct jig_arena arena;
    Jig__V1__BuildResult message;
    const struct jig_target_environment *e = &target->environments[index];
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_builder_look(b, target, e, until, &result, &err);
    if (code != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "warm.not_up_to_date", "%s: %s", e->build_dir, err.message);
    if (code == JIG_OK) {
        jig_arena_init(&arena, RESULT_MAX_BYTES);
        jig_builder_result(target, e, &result, &arena, &message);
        jig_warm_builds_add(ret, &message, result.look);
        jig_arena_release(&arena);
    }
    jig_build_result_release(&result);
    return code == JIG_OK;
}

static bool look_ahead(void *ctx, const Jig__V1__ProjectSelector *selector,
                       struct jig_sightings *seen, const struct jig_until *until,
                       struct jig_warm_builds *ret)
{
    struct jig_builder *b = ctx;
    struct jig_strv needs = {0};
    struct jig_target *target = NULL;
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    bool well = jig_target_open(jig_builder_targets(b), selector, &target, &needs, NULL) == JIG_OK;
    well = well && !target->needs_pull;
    for (size_t i = 0; well && i < target->n; i++)
        well = look_at(b, target, i, until, ret);
    jig_observe(before);
    if (well) {
        ret->subject = jig_builder_subject(target);
        jig_builder_warnings(target, &ret->warnings);
        ret->target = target;
        target = NULL;
    }
    jig_target_free(target);
    jig_strv_release(&needs);
    return well && ret->n > 0;
}

/* A lease counts as use when it ends. */
static void count_as_used(void *ctx, const Jig__V1__ProjectSelector *selector,
                          const struct jig_target *target)
{
    struct jig_builder *b = ctx;
    struct jig_strv needs = {0};
    struct jig_target *opened = NULL;
    struct jig_hold *hold = NULL;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code =
        target == NULL ? jig_target_open(b->targets, selector, &opened, &needs, &err) : JIG_OK;
    if (code == JIG_OK)
        code = jig_target_lease(b->targets, target == NULL ? opened : target, &hold, &err);
    if (code != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "warm.use_not_told", "%s: %s", selector->directory, err.message);
    jig_hold_free(hold);
    jig_target_free(opened);
    jig_strv_release(&needs);
}
