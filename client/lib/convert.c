#include "client/lib/convert.h"

#include <assert.h>

#include "client/lib/call.h"

#define SAME(ours, wires) static_assert((int)(ours) == (int)(wires), #ours)

SAME(JIG_SEVERITY_ERROR, JIG__V1__SEVERITY__SEVERITY_ERROR);
SAME(JIG_BUILD_BUILT, JIG__V1__BUILD_RESULT__OUTCOME__OUTCOME_BUILT);
SAME(JIG_BUILD_UP_TO_DATE, JIG__V1__BUILD_RESULT__OUTCOME__OUTCOME_UP_TO_DATE);
SAME(JIG_DEPLOY_WRITTEN, JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_WRITTEN);
SAME(JIG_DEPLOY_DELTA, JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_DELTA);
SAME(JIG_DEPLOY_VERIFIED, JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_VERIFIED);
SAME(JIG_DEPLOY_TRUSTED, JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_TRUSTED);
SAME(JIG_OPERATION_BUILD, JIG__V1__OPERATION_KIND__OPERATION_KIND_BUILD);
SAME(JIG_OPERATION_DEPLOY, JIG__V1__OPERATION_KIND__OPERATION_KIND_DEPLOY);
SAME(JIG_OPERATION_CACHE, JIG__V1__OPERATION_KIND__OPERATION_KIND_CACHE);
SAME(JIG_CACHE_FINDING_DAMAGED, JIG__V1__CACHE_FINDING__STATE__STATE_DAMAGED);
SAME(JIG_CACHE_FINDING_REMOVED, JIG__V1__CACHE_FINDING__STATE__STATE_REMOVED);
SAME(JIG_CACHE_FINDING_IN_USE, JIG__V1__CACHE_FINDING__STATE__STATE_IN_USE);
SAME(JIG_OPERATION_LNK, JIG__V1__OPERATION_KIND__OPERATION_KIND_LNK);
SAME(JIG_POINTER_CACHED, JIG__V1__POINTER_STATE__POINTER_STATE_CACHED);
SAME(JIG_POINTER_FETCHED, JIG__V1__POINTER_STATE__POINTER_STATE_FETCHED);
SAME(JIG_POINTER_OK, JIG__V1__POINTER_STATE__POINTER_STATE_OK);
SAME(JIG_POINTER_MISSING, JIG__V1__POINTER_STATE__POINTER_STATE_MISSING);
SAME(JIG_POINTER_MISMATCH, JIG__V1__POINTER_STATE__POINTER_STATE_MISMATCH);
SAME(JIG_POINTER_INVALID, JIG__V1__POINTER_STATE__POINTER_STATE_INVALID);
SAME(JIG_POINTER_FAILED, JIG__V1__POINTER_STATE__POINTER_STATE_FAILED);
SAME(JIG_OPERATION_PACKAGES, JIG__V1__OPERATION_KIND__OPERATION_KIND_PACKAGES);
SAME(JIG_PACKAGE_LIBRARY, JIG__V1__PACKAGE_KIND__PACKAGE_KIND_LIBRARY);
SAME(JIG_PACKAGE_REMOVED, JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_REMOVED);
SAME(JIG_INDEX_FAILED, JIG__V1__INDEX_CHANGE__OUTCOME__OUTCOME_FAILED);
SAME(JIG_OPERATION_QUEUED, JIG__V1__OPERATION_STATE__OPERATION_STATE_QUEUED);
SAME(JIG_OPERATION_RUNNING, JIG__V1__OPERATION_STATE__OPERATION_STATE_RUNNING);
SAME(JIG_OPERATION_SUCCEEDED, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
SAME(JIG_OPERATION_FAILED, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
SAME(JIG_OPERATION_CANCELLED, JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED);
SAME(JIG_EVENT_STATE, JIG__V1__OPERATION_EVENT__KIND_STATE);
SAME(JIG_EVENT_LOG, JIG__V1__OPERATION_EVENT__KIND_LOG);
SAME(JIG_EVENT_STEP, JIG__V1__OPERATION_EVENT__KIND_STEP);
SAME(JIG_EVENT_DIAGNOSTIC, JIG__V1__OPERATION_EVENT__KIND_DIAGNOSTIC);
SAME(JIG_EVENT_PROGRESS, JIG__V1__OPERATION_EVENT__KIND_PROGRESS);
SAME(JIG_EVENT_NOTICE, JIG__V1__OPERATION_EVENT__KIND_NOTICE);
SAME(JIG_STEP_STARTED, JIG__V1__STEP_EVENT__STATE__STATE_STARTED);
SAME(JIG_STEP_FINISHED, JIG__V1__STEP_EVENT__STATE__STATE_FINISHED);
SAME(JIG_STEP_REUSED, JIG__V1__STEP_EVENT__STATE__STATE_REUSED);
SAME(JIG_STEP_FAILED, JIG__V1__STEP_EVENT__STATE__STATE_FAILED);
SAME(JIG_CAUSE_TEST_FAILED, JIG__V1__ERROR_REASON__ERROR_REASON_TEST_FAILED);
SAME(JIG_CAUSE_BUSY, JIG__V1__ERROR_REASON__ERROR_REASON_BUSY);

/* Makes out's list `items` of `count` in the arena, or fails. */
#define MAKE_LIST(arena, items, count)                                                             \
    (((items) = jig_result_items((arena), (count), sizeof *(items))) != NULL || (count) == 0)

struct jig_strings jig_convert_strings(char *const *items, size_t count)
{
    return (struct jig_strings){.items = (const char *const *)items, .count = count};
}

static void convert_diagnostic(const Jig__V1__Diagnostic *in, struct jig_diagnostic *out)
{
    *out = (struct jig_diagnostic){
        .file = in->file,
        .line = in->line,
        .column = in->column,
        .severity = (enum jig_severity)in->severity,
        .message = in->message,
        .option = in->option,
        .rendered = in->rendered,
    };
}

static bool convert_phases(struct jig_arena *arena, Jig__V1__PhaseTime *const *in, size_t count,
                           const struct jig_phase **ret, size_t *ret_count)
{
    struct jig_phase *items;
    if (!MAKE_LIST(arena, items, count))
        return false;
    for (size_t i = 0; i < count; i++)
        items[i] = (struct jig_phase){.name = in[i]->name, .duration_us = in[i]->duration_us};
    *ret = items;
    *ret_count = count;
    return true;
}

static bool convert_artifacts(struct jig_arena *arena, const Jig__V1__BuildResult *in,
                              struct jig_build_result *out)
{
    struct jig_artifact *items;
    if (!MAKE_LIST(arena, items, in->n_artifacts))
        return false;
    for (size_t i = 0; i < in->n_artifacts; i++) {
        const Jig__V1__Artifact *a = in->artifacts[i];
        items[i] = (struct jig_artifact){
            .kind = a->kind, .path = a->path, .size_bytes = a->size_bytes, .sha256 = a->sha256};
    }
    out->artifacts = items;
    out->artifact_count = in->n_artifacts;
    return true;
}

static bool convert_reasons(struct jig_arena *arena, const Jig__V1__BuildResult *in,
                            struct jig_build_result *out)
{
    struct jig_step_reason *items;
    if (!MAKE_LIST(arena, items, in->n_reasons))
        return false;
    for (size_t i = 0; i < in->n_reasons; i++)
        items[i] = (struct jig_step_reason){.step = in->reasons[i]->step,
                                            .because = in->reasons[i]->because};
    out->reasons = items;
    out->reason_count = in->n_reasons;
    return true;
}

static bool convert_diagnostics(struct jig_arena *arena, const Jig__V1__BuildResult *in,
                                struct jig_build_result *out)
{
    struct jig_diagnostic *items;
    if (!MAKE_LIST(arena, items, in->n_diagnostics))
        return false;
    for (size_t i = 0; i < in->n_diagnostics; i++)
        convert_diagnostic(in->diagnostics[i], &items[i]);
    out->diagnostics = (struct jig_diagnostics){.items = items, .count = in->n_diagnostics};
    return true;
}

static bool convert_build(struct jig_arena *arena, const Jig__V1__BuildResult *in,
                          struct jig_build_result *out)
{
    *out = (struct jig_build_result){
        .outcome = (enum jig_build_outcome)in->outcome,
        .environment = in->environment,
        .fqbn = in->fqbn,
        .flash_bytes = in->flash_bytes,
        .flash_max_bytes = in->flash_max_bytes,
        .ram_bytes = in->ram_bytes,
        .ram_max_bytes = in->ram_max_bytes,
        .compiled = in->compiled,
        .reused = in->reused,
        .server_us = in->server_us,
        .notices = jig_convert_strings(in->notices, in->n_notices),
        .platform_notices = jig_convert_strings(in->platform_notices, in->n_platform_notices),
        .project_directory = in->project_directory,
        .build_directory = in->build_directory,
        .libraries = jig_convert_strings(in->libraries, in->n_libraries),
    };
    return convert_artifacts(arena, in, out) && convert_reasons(arena, in, out) &&
           convert_diagnostics(arena, in, out) &&
           convert_phases(arena, in->phases, in->n_phases, &out->phases, &out->phase_count);
}

static bool convert_deploy(struct jig_arena *arena, const Jig__V1__DeployResult *in,
                           struct jig_deploy_result *out)
{
    *out = (struct jig_deploy_result){
        .outcome = (enum jig_deploy_outcome)in->outcome,
        .device = in->device,
        .port = in->port,
        .bytes_written = in->bytes_written,
        .bytes_skipped = in->bytes_skipped,
        .server_us = in->server_us,
        .monitor_session = in->monitor_session,
        .because = in->because,
    };
    if (in->build != NULL) {
        struct jig_build_result *build = jig_arena_alloc(arena, sizeof *build);
        if (build == NULL || !convert_build(arena, in->build, build))
            return false;
        out->build = build;
    }
    return convert_phases(arena, in->phases, in->n_phases, &out->phases, &out->phase_count);
}

static struct jig_cache_share convert_share(const Jig__V1__CacheShare *in)
{
    static const Jig__V1__CacheShare none = JIG__V1__CACHE_SHARE__INIT;
    if (in == NULL)
        in = &none;
    return (struct jig_cache_share){
        .entries = in->entries,
        .size_bytes = in->size_bytes,
        .removed = in->removed,
        .removed_bytes = in->removed_bytes,
        .in_use = in->in_use,
        .pinned = in->pinned,
    };
}

static bool convert_collection(struct jig_arena *arena, const Jig__V1__CacheCollection *in,
                               struct jig_cache_result *out)
{
    struct jig_cache_collection *c = jig_arena_alloc(arena, sizeof *c);
    if (c == NULL)
        return false;
    *c = (struct jig_cache_collection){
        .dry_run = in->dry_run,
        .archives = convert_share(in->archives),
        .installed = convert_share(in->installed),
        .objects = convert_share(in->objects),
        .leftovers = in->leftovers,
    };
    out->collection = c;
    return true;
}

static bool convert_verification(struct jig_arena *arena, const Jig__V1__CacheVerification *in,
                                 struct jig_cache_result *out)
{
    struct jig_cache_finding *items;
    struct jig_cache_verification *v = jig_arena_alloc(arena, sizeof *v);
    if (v == NULL || !MAKE_LIST(arena, items, in->n_findings))
        return false;
    for (size_t i = 0; i < in->n_findings; i++)
        items[i] = (struct jig_cache_finding){
            .path = in->findings[i]->path,
            .problem = in->findings[i]->problem,
            .state = (enum jig_cache_finding_state)in->findings[i]->state,
        };
    *v = (struct jig_cache_verification){
        .blobs = in->blobs,
        .trees = in->trees,
        .size_bytes = in->size_bytes,
        .damaged = in->damaged,
        .removed = in->removed,
        .findings = items,
        .finding_count = in->n_findings,
    };
    out->verification = v;
    return true;
}

static bool convert_cache(struct jig_arena *arena, const Jig__V1__CacheResult *in,
                          struct jig_operation *out)
{
    if (in == NULL)
        return true;
    struct jig_cache_result *result = jig_arena_alloc(arena, sizeof *result);
    if (result == NULL)
        return false;
    *result = (struct jig_cache_result){0};
    out->cache = result;
    return (in->collection == NULL || convert_collection(arena, in->collection, result)) &&
           (in->verification == NULL || convert_verification(arena, in->verification, result));
}

static bool convert_error(struct jig_arena *arena, const Jig__V1__Status *in,
                          const struct jig_error **out)
{
    struct jig_error *error = jig_arena_alloc(arena, sizeof *error);
    if (error == NULL)
        return false;
    jig_error_from_wire(error, in);
    *out = error;
    return true;
}

static bool convert_lnk(struct jig_arena *arena, const Jig__V1__LnkResult *in,
                        struct jig_operation *out)
{
    struct jig_lnk_result *lnk = jig_arena_alloc(arena, sizeof *lnk);
    struct jig_pointer *pointers;
    if (lnk == NULL || !MAKE_LIST(arena, pointers, in->n_pointers))
        return false;
    for (size_t i = 0; i < in->n_pointers; i++) {
        const Jig__V1__Pointer *p = in->pointers[i];
        pointers[i] = (struct jig_pointer){.path = p->path,
                                           .state = (enum jig_pointer_state)p->state,
                                           .sha256 = p->sha256,
                                           .size_bytes = p->size_bytes,
                                           .materialized = p->materialized,
                                           .error = p->error,
                                           .unproven = p->unproven};
    }
    *lnk = (struct jig_lnk_result){.pointers = pointers,
                                   .pointer_count = in->n_pointers,
                                   .removed = in->removed,
                                   .received_bytes = in->received_bytes,
                                   .server_us = in->server_us,
                                   .left_out = in->left_out};
    out->lnk = lnk;
    return true;
}

struct jig_package jig_convert_package(const Jig__V1__Package *in)
{
    static const Jig__V1__Package none = JIG__V1__PACKAGE__INIT;
    if (in == NULL)
        in = &none;
    return (struct jig_package){
        .kind = (enum jig_package_kind)in->kind,
        .name = in->name,
        .version = in->version,
        .url = in->url,
        .sha256 = in->sha256,
        .size_bytes = in->size_bytes,
        .path = in->path,
    };
}

static bool convert_packages(struct jig_arena *arena, const Jig__V1__PackagesResult *in,
                             struct jig_packages_result *out)
{
    struct jig_package_change *packages;
    struct jig_index_change *indexes;
    if (!MAKE_LIST(arena, packages, in->n_packages) || !MAKE_LIST(arena, indexes, in->n_indexes))
        return false;
    for (size_t i = 0; i < in->n_packages; i++)
        packages[i] = (struct jig_package_change){
            .outcome = (enum jig_package_outcome)in->packages[i]->outcome,
            .package = jig_convert_package(in->packages[i]->package),
            .environment = in->packages[i]->environment,
        };
    for (size_t i = 0; i < in->n_indexes; i++)
        indexes[i] = (struct jig_index_change){
            .url = in->indexes[i]->url,
            .outcome = (enum jig_index_outcome)in->indexes[i]->outcome,
            .size_bytes = in->indexes[i]->size_bytes,
            .problem = in->indexes[i]->problem,
        };
    *out = (struct jig_packages_result){.packages = packages,
                                        .package_count = in->n_packages,
                                        .indexes = indexes,
                                        .index_count = in->n_indexes,
                                        .lock_file = in->lock_file};
    return true;
}

static bool convert_results(struct jig_arena *arena, const Jig__V1__Operation *in,
                            struct jig_operation *out)
{
    struct jig_build_result *builds;
    if (!MAKE_LIST(arena, builds, in->n_builds))
        return false;
    for (size_t i = 0; i < in->n_builds; i++) {
        if (!convert_build(arena, in->builds[i], &builds[i]))
            return false;
    }
    out->builds = (struct jig_build_results){.items = builds, .count = in->n_builds};
    if (in->lnk != NULL && !convert_lnk(arena, in->lnk, out))
        return false;
    if (in->packages != NULL) {
        struct jig_packages_result *packages = jig_arena_alloc(arena, sizeof *packages);
        if (packages == NULL || !convert_packages(arena, in->packages, packages))
            return false;
        out->packages = packages;
    }
    if (in->deploy == NULL)
        return true;
    struct jig_deploy_result *deploy = jig_arena_alloc(arena, sizeof *deploy);
    out->deploy = deploy;
    return deploy != NULL && convert_deploy(arena, in->deploy, deploy);
}

bool jig_convert_operation(struct jig_arena *arena, const Jig__V1__Operation *in,
                           struct jig_operation *out)
{
    *out = (struct jig_operation){
        .id = in->id,
        .kind = (enum jig_operation_kind)in->kind,
        .state = (enum jig_operation_state)in->state,
        .subject = in->subject,
        .owner = in->owner,
        .owner_pid = in->owner_pid,
        .created_unix_ms = in->created_unix_ms,
        .started_unix_ms = in->started_unix_ms,
        .ended_unix_ms = in->ended_unix_ms,
        .last_event = in->last_event,
    };
    if (in->error != NULL && !convert_error(arena, in->error, &out->error))
        return false;
    return convert_results(arena, in, out) && convert_cache(arena, in->cache, out);
}

bool jig_convert_started(struct jig_arena *arena, const Jig__V1__Operation *in,
                         struct jig_operation *out)
{
    static const Jig__V1__Operation none = JIG__V1__OPERATION__INIT;
    return jig_convert_operation(arena, in != NULL ? in : &none, out);
}

static void convert_step(const Jig__V1__StepEvent *in, struct jig_event *out)
{
    out->is.step.step = in->step;
    out->is.step.state = (enum jig_step_state)in->state;
    out->is.step.because = in->because;
    out->is.step.done = in->done;
    out->is.step.total = in->total;
    out->is.step.duration_us = in->duration_us;
}

static void convert_progress(const Jig__V1__ProgressEvent *in, struct jig_event *out)
{
    out->is.progress.phase = in->phase;
    out->is.progress.percent = in->percent;
    out->is.progress.done_bytes = in->done_bytes;
    out->is.progress.total_bytes = in->total_bytes;
    out->is.progress.bytes_per_second = in->bytes_per_second;
}

void jig_convert_event(const Jig__V1__OperationEvent *in, struct jig_event *out)
{
    *out = (struct jig_event){
        .number = in->number, .unix_ms = in->unix_ms, .kind = (enum jig_event_kind)in->kind_case};
    switch (in->kind_case) {
    case JIG__V1__OPERATION_EVENT__KIND_STATE:
        out->is.state = (enum jig_operation_state)in->state->state;
        return;
    case JIG__V1__OPERATION_EVENT__KIND_LOG:
        out->is.log.is_stderr = in->log->stream == JIG__V1__LOG_EVENT__STREAM__STREAM_STDERR;
        out->is.log.text = in->log->text;
        return;
    case JIG__V1__OPERATION_EVENT__KIND_STEP:
        convert_step(in->step, out);
        return;
    case JIG__V1__OPERATION_EVENT__KIND_DIAGNOSTIC:
        convert_diagnostic(in->diagnostic, &out->is.diagnostic);
        return;
    case JIG__V1__OPERATION_EVENT__KIND_PROGRESS:
        convert_progress(in->progress, out);
        return;
    case JIG__V1__OPERATION_EVENT__KIND_NOTICE:
        out->is.notice.id = in->notice->id;
        out->is.notice.severity = (enum jig_severity)in->notice->severity;
        out->is.notice.text = in->notice->text;
        return;
    default:
        out->kind = JIG_EVENT_OTHER;
        return;
    }
}
