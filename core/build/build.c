#include "core/build/build.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/arduino/preprocess.h"
#include "core/arduino/recipe.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/folder.h"
#include "core/build/last.h"
#include "core/build/plan.h"
#include "core/build/pulled.h"
#include "core/build/records.h"
#include "core/os/lock.h"
#include "core/os/time.h"

/* The release whose conventions are followed, as its builder defines it: 6.2.0. Source:
 * platformio-core, builder/main.py. */
#define PLATFORMIO_VERSION "60200"

#define MOST_WALKED 1000000 /* files of one full walk */

struct jig_build_engine {
    struct jig_files *files;
    struct jig_toolids *toolids;
    struct jig_probes *probes;
    struct jig_objcache *objcache;
    struct jig_records *records;
    struct jig_slots slots;
    size_t processors;
    pthread_mutex_t mu;
    uint64_t builds;     /* guarded by mu */
    uint64_t up_to_date; /* guarded by mu */
    uint64_t narrow;     /* guarded by mu */
    uint64_t planned;    /* guarded by mu */
    uint64_t looks;      /* guarded by mu; the number of the last one */
};

struct jig_build_engine *jig_build_engine_new(const struct jig_build_engine_config *config)
{
    struct jig_build_engine *e = jig_new(struct jig_build_engine);
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    e->processors = processors > 0 ? (size_t)processors : 1;
    e->files = jig_files_new(config->max_files);
    e->toolids = jig_toolids_new(config->tools);
    e->probes = jig_probes_new();
    e->records = jig_records_new();
    if (config->object_cache != NULL) {
        e->objcache = jig_objcache_new(config->object_cache, config->object_cache_bytes);
        jig_objcache_set_remote(e->objcache, config->remote);
    }
    atomic_init(&e->slots.free, (int)e->processors);
    pthread_mutex_init(&e->mu, NULL);
    return e;
}

void jig_build_engine_free(struct jig_build_engine *e)
{
    if (e == NULL)
        return;
    jig_objcache_free(e->objcache);
    jig_toolids_free(e->toolids);
    jig_probes_free(e->probes);
    jig_records_free(e->records);
    jig_files_free(e->files);
    pthread_mutex_destroy(&e->mu);
    free(e);
}

struct jig_files *jig_build_engine_files(struct jig_build_engine *e)
{
    return e->files;
}

struct jig_build_engine_stats jig_build_engine_stats(struct jig_build_engine *e)
{
    struct jig_build_engine_stats s = {.files = jig_files_stats(e->files),
                                       .tools = jig_toolids_stats(e->toolids),
                                       .probes = jig_probes_stats(e->probes),
                                       .records = jig_records_stats(e->records)};
    if (e->objcache != NULL)
        s.objects = jig_objcache_stats(e->objcache);
    pthread_mutex_lock(&e->mu);
    s.builds = e->builds;
    s.up_to_date = e->up_to_date;
    s.narrow = e->narrow;
    s.planned = e->planned;
    pthread_mutex_unlock(&e->mu);
    return s;
}

/* Ends the phase that runs and begins another, the first one at *since; NULL ends the last. */
static void phase(struct jig_build_result *r, const char *name, int64_t *since)
{
    int64_t now = jig_now_ns();
    if (r->phase_count > 0) {
        r->phases[r->phase_count - 1].duration_us += (now - *since) / 1000;
        *since = now;
    }
    if (name != NULL && r->phase_count < JIG_PHASES_MAX)
        r->phases[r->phase_count++] = (struct jig_phase){name, 0};
}

static enum jig_code load_flags(struct jig_plan *p, struct jig_err *reterr)
{
    const struct jig_project *project = p->request->project;
    const struct jig_environment *env = p->request->environment;
    if (p->is_sketch)
        return JIG_OK;
    struct {
        const char *option;
        struct jig_flags *flags;
    } rows[] = {
        {"build_flags", &p->flags},
        {"build_src_flags", &p->src_flags},
        {"build_unflags", &p->unflags},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        enum jig_code code = jig_environment_flags(project, env, rows[i].option, NULL,
                                                   rows[i].flags, &p->result->notices, reterr);
        if (code != JIG_OK)
            return code;
    }
    jig_flags_remove(&p->flags, &p->unflags);
    jig_pulled_dirs(p->request, &p->flags.include_dirs);
    jig_pulled_dirs(p->request, &p->flags.lib_dirs);
    jig_pulled_dirs(p->request, &p->src_flags.include_dirs);
    jig_strv_append(&p->flags.defines, "PLATFORMIO=" PLATFORMIO_VERSION);
    return JIG_OK;
}

static void add_include_dir(struct jig_plan *p, const char *dir)
{
    JIG_CLEANUP_FREE char *twin = jig_pulled_twin(p->request, dir);
    if (jig_fs_is_dir(dir))
        jig_strv_append(&p->front_includes, dir);
    if (twin != NULL && jig_fs_is_dir(twin))
        jig_strv_append(&p->front_includes, twin);
}

static void set_places(struct jig_plan *p)
{
    const struct jig_project *project = p->request->project;
    p->is_sketch = project->kind == JIG_PROJECT_SKETCH;
    p->source_dir = p->is_sketch ? project->root : jig_project_string(project, "src_dir");
    p->project_name = jig_xstrdup(p->is_sketch ? jig_path_base(project->file) : "firmware");
    jig_strv_append(&p->core_includes, p->request->board->core_path);
    if (p->request->board->variant_path != NULL)
        jig_strv_append(&p->core_includes, p->request->board->variant_path);
    if (p->is_sketch)
        return;
    const char *include_dir = jig_project_string(project, "include_dir");
    if (include_dir != NULL)
        add_include_dir(p, include_dir);
    jig_strv_append(&p->front_includes, p->source_dir);
    JIG_CLEANUP_FREE char *twin = jig_pulled_twin(p->request, p->source_dir);
    if (twin != NULL)
        add_include_dir(p, twin);
}

static enum jig_code set_props(struct jig_plan *p, struct jig_err *reterr)
{
    struct jig_build_place place = {.build_path = p->build_dir,
                                    .source_path = p->source_dir,
                                    .project_name = p->project_name,
                                    .warnings = p->request->warnings,
                                    .custom = p->request->custom,
                                    .time_utc_s = jig_unix_ms() / 1000};
    p->props = jig_build_props(p->request->board, &place);
    return jig_recipe_preproc(p->props, reterr);
}

static void add_missing_header_hint(const struct jig_plan *p, struct jig_err *err)
{
    if (err == NULL || p->missing_headers.n == 0 || err->reason != JIG_REASON_BUILD_FAILED ||
        err->hint[0] != '\0')
        return;
    JIG_CLEANUP_FREE char *names = jig_strv_join(&p->missing_headers, ", ");
    JIG_CLEANUP_FREE char *why =
        jig_libindex_missing_hint(p->request->libraries, p->missing_headers.v[0]);
    jig_err_hint(err, "no library that is installed here has %s%s%s", names,
                 why != NULL ? "; " : "", why != NULL ? why : "");
}

/* The whole build, in the specification's order. */
static enum jig_code run_steps(struct jig_plan *p, int64_t *since, struct jig_err *reterr)
{
    struct {
        const char *phase; /* NULL: goes on with the last one */
        enum jig_code (*run)(struct jig_plan *p, struct jig_err *reterr);
        const char *hooks; /* run instead, when there is no function */
    } steps[] = {
        {"sources", jig_plan_sources, NULL},
        {NULL, NULL, "recipe.hooks.prebuild"},
        {"discover", NULL, "recipe.hooks.core.prebuild"},
        {NULL, jig_plan_compile_core, NULL},
        {NULL, jig_plan_discover, NULL},
        {"preprocess", jig_plan_generate, NULL},
        {"compile", NULL, "recipe.hooks.sketch.prebuild"},
        {NULL, jig_plan_compile_own, NULL},
        {NULL, jig_plan_embed, NULL},
        {NULL, NULL, "recipe.hooks.libraries.prebuild"},
        {NULL, jig_plan_compile_libraries, NULL},
        {NULL, jig_plan_wait, NULL},
        {NULL, NULL, "recipe.hooks.sketch.postbuild"},
        {NULL, NULL, "recipe.hooks.libraries.postbuild"},
        {"archive", jig_plan_archive_core, NULL},
        {NULL, NULL, "recipe.hooks.core.postbuild"},
        {"link", jig_plan_link, NULL},
        {"convert", jig_plan_convert, NULL},
        {NULL, NULL, "recipe.hooks.postbuild"},
        {"size", jig_plan_measure, NULL},
    };
    for (size_t i = 0; i < JIG_COUNT(steps); i++) {
        if (steps[i].phase != NULL)
            phase(p->result, steps[i].phase, since);
        enum jig_code code = steps[i].run != NULL ? steps[i].run(p, reterr)
                                                  : jig_plan_hooks(p, steps[i].hooks, reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

enum jig_code jig_plan_wait(struct jig_plan *p, struct jig_err *reterr)
{
    return jig_runner_wait_all(p->runner, reterr);
}

static void plan_release(struct jig_plan *p)
{
    jig_runner_free(p->runner);
    jig_vouch_free(p->vouch);
    jig_records_put_take(p->engine->records, p->record_path, p->record);
    jig_props_free(p->props);
    jig_readlog_free(p->log);
    if (p->request->walk) {
        jig_files_free(p->files);
        jig_toolids_free(p->toolids);
    }
    jig_sketch_free(p->sketch);
    jig_merged_free(p->merged);
    free(p->guessed);
    free(p->project_name);
    free(p->generated);
    struct jig_strv *lists[] = {&p->own_sources,     &p->own_objects,     &p->own_steps,
                                &p->front_includes,  &p->core_includes,   &p->lib_includes,
                                &p->core_objects,    &p->variant_objects, &p->library_objects,
                                &p->missing_headers, &p->commands,        &p->embedded_objects};
    for (size_t i = 0; i < JIG_COUNT(lists); i++)
        jig_strv_release(lists[i]);
    for (size_t i = 0; i < p->library_count; i++)
        jig_precompiled_release(&p->libraries[i].precompiled);
    free(p->libraries);
    jig_flags_release(&p->flags);
    jig_flags_release(&p->src_flags);
    jig_flags_release(&p->unflags);
}

/* What is known by now need not be written while somebody waits. A failure shows again in the end:
 * what was not written is written then. */
static void save_ahead(void *ctx)
{
    struct jig_plan *p = ctx;
    (void)!jig_record_save(p->record, p->record_path, NULL);
}

static void make_runner(struct jig_plan *p)
{
    const struct jig_build_request *q = p->request;
    struct jig_runner_config config = {
        .build_dir = p->build_dir,
        .project_dir = q->project->root,
        .jobs = q->jobs != 0 ? q->jobs : p->engine->processors,
        .files = p->files,
        .toolids = p->toolids,
        .probes = p->engine->probes,
        .objcache = p->engine->objcache,
        .record = p->record,
        .vouch = p->vouch,
        .doubt_vouch = q->doubt_changes,
        .slots = &p->engine->slots,
        .until = q->until,
        .events = q->events,
        .look_only = q->look_only,
        .explain = q->explain,
        .recorded = save_ahead,
        .recorded_ctx = p,
    };
    p->runner = jig_runner_new(&config);
}

/* A build is as good when it cannot be remembered, but the next one will start over. */
static void tell_not_recorded(const struct jig_build_request *q, struct jig_build_result *result,
                              const struct jig_err *err)
{
    const struct jig_build_events *e = q->events;
    char *text = jig_strf("what was built cannot be remembered: %s", err->message);
    if (e != NULL && e->notice != NULL)
        e->notice(e->ctx, "build.not_recorded", JIG_SEVERITY_WARNING, text);
    jig_strv_append_take(&result->notices, text);
}

static void save_record(struct jig_plan *p)
{
    struct jig_err err = JIG_ERR_INIT;
    if (jig_record_save(p->record, p->record_path, &err) != JIG_OK)
        tell_not_recorded(p->request, p->result, &err);
}

/* `failure` is NULL when there was none. */
static void save_last(const struct jig_build_request *q, struct jig_build_result *result,
                      const struct jig_err *failure)
{
    struct jig_err err = JIG_ERR_INIT;
    if (jig_last_save(q, result, failure, &err) != JIG_OK)
        tell_not_recorded(q, result, &err);
}

/* Everything was looked at, and holds: what changes from here on is told. */
static void looked(struct jig_plan *p)
{
    pthread_mutex_lock(&p->engine->mu);
    p->result->look = p->record->look = ++p->engine->looks;
    pthread_mutex_unlock(&p->engine->mu);
    p->record->found_for = p->request->environment;
}

/* Takes what the runner counted and saves the record, whatever came of the build. */
static void settle(struct jig_plan *p, enum jig_code code)
{
    struct jig_runner_summary *s = jig_runner_summary(p->runner);
    p->result->summary = *s;
    *s = (struct jig_runner_summary){0};
    uint64_t left_out = p->result->summary.diagnostics_left_out;
    if (left_out > 0)
        jig_strv_append_take(&p->result->notices,
                             jig_strf("%llu further diagnostics are left out of the result",
                                      (unsigned long long)left_out));
    p->result->up_to_date = code == JIG_OK && p->result->summary.ran == 0;
    jig_runner_free(p->runner); /* nothing of it may run on while the record is written */
    p->runner = NULL;
    if (code == JIG_OK && !p->same) /* else nothing is gone */
        jig_record_forget_unused(p->record);
    save_record(p);
    if (p->result->up_to_date && p->request->changes == NULL)
        looked(p);
}

static void list_all_commands(struct jig_plan *p)
{
    p->commands_only = true;
    jig_strv_clear(&p->commands);
    enum jig_code code = jig_plan_compile_core(p, NULL);
    if (code == JIG_OK)
        code = jig_plan_compile_own(p, NULL);
    if (code == JIG_OK)
        code = jig_plan_compile_libraries(p, NULL);
    if (code != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "build.no_commands", "%s", p->build_dir);
}

static enum jig_code write_commands(struct jig_plan *p, struct jig_err *reterr)
{
    if (p->skipped && p->same)
        return JIG_OK;
    if (p->skipped)
        list_all_commands(p);
    return jig_plan_write_commands(p, reterr);
}

/* Editors want the commands most when a build has failed: all of them, also of what did not run. */
static void write_all_commands(struct jig_plan *p)
{
    if (!p->libraries_known || jig_until_check(&p->request->until, NULL) != JIG_OK)
        return;
    list_all_commands(p);
    if (jig_plan_write_commands(p, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "build.no_commands", "%s", p->build_dir);
}

/* A look changes nothing but what is remembered: of files that came and do not matter, and of runs
 * that nobody asks for any more. */
static void settle_look(struct jig_plan *p, enum jig_code code)
{
    struct jig_runner_summary *s = jig_runner_summary(p->runner);
    p->result->summary = *s;
    *s = (struct jig_runner_summary){0};
    p->result->up_to_date = code == JIG_OK;
    if (code == JIG_OK)
        jig_record_forget_unused(p->record);
    if (code == JIG_OK)
        save_record(p);
    if (code == JIG_OK)
        looked(p);
}

/* What a look found holds, but for what changed since, if that is of now: who waited for the folder
 * looks at everything. Another look than the one after which the changes were noted may have seen
 * other files. */
static void take_record(struct jig_plan *p, bool changes_are_new)
{
    p->record = jig_records_take(p->engine->records, p->record_path);
    if (p->record->look != 0 && p->record->look == p->request->changes_since && changes_are_new)
        p->vouch = jig_vouch_new(p->request->changes, p->build_dir);
    p->same = p->vouch != NULL && p->request->changes->plain && !p->request->doubt_changes &&
              p->record->found_for == p->request->environment;
    p->record->look = 0;
    pthread_mutex_lock(&p->engine->mu);
    p->engine->narrow += p->vouch != NULL;
    p->engine->planned += p->same;
    pthread_mutex_unlock(&p->engine->mu);
}

static enum jig_code build_locked(struct jig_build_engine *e, const struct jig_build_request *q,
                                  bool waited, int64_t *since, struct jig_build_result *result,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *record_path = jig_path_join(q->build_dir, ".jig-record");
    struct jig_plan p = {.engine = e,
                         .request = q,
                         .result = result,
                         .build_dir = q->build_dir,
                         .record_path = record_path};
    p.log = jig_readlog_new();
    p.files = q->walk ? jig_files_new(MOST_WALKED) : e->files;
    p.toolids = q->walk ? jig_toolids_new(NULL) : e->toolids;
    take_record(&p, !waited);
    const struct jig_write_observer *before = jig_observe_writes(jig_vouch_observer(p.vouch));
    set_places(&p);
    make_runner(&p);
    enum jig_code code = load_flags(&p, reterr);
    if (code == JIG_OK)
        code = set_props(&p, reterr);
    if (code == JIG_OK)
        code = run_steps(&p, since, reterr);
    phase(result, "record", since);
    if (code == JIG_OK)
        code = write_commands(&p, reterr);
    else if (!q->look_only)
        write_all_commands(&p);
    if (q->look_only)
        settle_look(&p, code);
    else
        settle(&p, code);
    add_missing_header_hint(&p, reterr);
    jig_observe_writes(before);
    plan_release(&p);
    return code;
}

enum jig_code jig_build_run(struct jig_build_engine *e, const struct jig_build_request *q,
                            struct jig_build_result *result, struct jig_err *reterr)
{
    *result = (struct jig_build_result){0};
    int64_t started = jig_now_ns();
    int64_t since = started;
    JIG_CLEANUP_FREE char *lock_path = jig_path_join(q->build_dir, ".jig-lock");
    struct jig_lock lock = JIG_LOCK_INIT;
    bool waited = false;
    enum jig_code code = q->clean ? jig_folder_check_is_ours(q->build_dir, reterr) : JIG_OK;
    if (code == JIG_OK)
        code = jig_folder_take(q, &lock, lock_path, &waited, reterr);
    if (code == JIG_OK && q->clean) {
        code = jig_folder_clean(q->build_dir, reterr);
        if (code == JIG_OK)
            code = jig_folder_make(q->build_dir, reterr);
    }
    if (waited)
        phase(result, "wait", &since);
    if (code == JIG_OK) {
        struct jig_err err = JIG_ERR_INIT;
        phase(result, "prepare", &since);
        code = build_locked(e, q, waited, &since, result, &err);
        if (!q->look_only || code == JIG_OK)
            save_last(q, result, code != JIG_OK ? &err : NULL);
        if (code != JIG_OK && reterr != NULL)
            *reterr = err;
    }
    phase(result, NULL, &since);
    if (code == JIG_OK && !jig_lock_is_current(&lock, lock_path))
        code = jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUILD_FAILED,
                              "the build folder %s was removed during the build", q->build_dir);
    if (code == JIG_OK && q->finished != NULL)
        code = q->finished(q->finished_ctx, result, reterr);
    jig_lock_release(&lock);
    result->total_us = (jig_now_ns() - started) / 1000;
    if (q->look_only)
        return code;
    pthread_mutex_lock(&e->mu);
    e->builds++;
    e->up_to_date += result->up_to_date;
    pthread_mutex_unlock(&e->mu);
    if (e->objcache != NULL && !result->up_to_date)
        jig_objcache_prune(e->objcache);
    return code;
}

enum jig_code jig_build_last(struct jig_build_engine *e, const struct jig_build_request *q,
                             struct jig_build_result *result, struct jig_err *reterr)
{
    *result = (struct jig_build_result){0};
    JIG_CLEANUP_FREE char *lock_path = jig_path_join(q->build_dir, ".jig-lock");
    struct jig_lock lock = JIG_LOCK_INIT;
    bool waited = false;
    enum jig_code code = JIG_OK;
    if (jig_fs_is_file(lock_path)) /* else nobody ever built here, and no folder is to be made */
        code = jig_folder_take(q, &lock, lock_path, &waited, reterr);
    if (code == JIG_OK)
        code = jig_last_load(q, e->files, result, reterr);
    if (code == JIG_OK && q->finished != NULL)
        code = q->finished(q->finished_ctx, result, reterr);
    jig_lock_release(&lock);
    return code;
}

const struct jig_artifact *jig_build_artifact(const struct jig_build_result *r, const char *kind)
{
    for (size_t i = 0; i < r->artifact_count; i++) {
        if (strcmp(r->artifacts[i].kind, kind) == 0)
            return &r->artifacts[i];
    }
    return NULL;
}

void jig_build_result_release(struct jig_build_result *r)
{
    for (size_t i = 0; i < r->artifact_count; i++) {
        free(r->artifacts[i].kind);
        free(r->artifacts[i].path);
    }
    free(r->artifacts);
    jig_runner_summary_release(&r->summary);
    jig_strv_release(&r->notices);
    jig_strv_release(&r->libraries);
    *r = (struct jig_build_result){0};
}
