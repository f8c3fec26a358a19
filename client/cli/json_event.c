#include "client/cli/json_event.h"

#include <string.h>

#include "client/cli/json_out.h"

/* A table's word, or "unspecified": a newer daemon may send numbers that are not here. */
#define WORD(table, i)                                                                             \
    ((size_t)(i) < sizeof(table) / sizeof((table)[0]) && (table)[i] != NULL ? (table)[i]           \
                                                                            : "unspecified")

const char *cli_build_outcome(enum jig_build_outcome outcome)
{
    static const char *const words[] = {
        [JIG_BUILD_BUILT] = "built",
        [JIG_BUILD_UP_TO_DATE] = "up_to_date",
    };
    return WORD(words, outcome);
}

const char *cli_deploy_outcome(enum jig_deploy_outcome outcome)
{
    static const char *const words[] = {
        [JIG_DEPLOY_WRITTEN] = "written",
        [JIG_DEPLOY_DELTA] = "delta",
        [JIG_DEPLOY_VERIFIED] = "verified",
        [JIG_DEPLOY_TRUSTED] = "trusted",
    };
    return WORD(words, outcome);
}

const char *cli_package_outcome(enum jig_package_outcome outcome)
{
    static const char *const words[] = {
        [JIG_PACKAGE_INSTALLED] = "installed",
        [JIG_PACKAGE_PRESENT] = "present",
        [JIG_PACKAGE_REMOVED] = "removed",
    };
    return WORD(words, outcome);
}

const char *cli_index_outcome(enum jig_index_outcome outcome)
{
    static const char *const words[] = {
        [JIG_INDEX_UPDATED] = "updated",
        [JIG_INDEX_UNCHANGED] = "unchanged",
        [JIG_INDEX_FAILED] = "failed",
    };
    return WORD(words, outcome);
}

const char *cli_operation_kind(enum jig_operation_kind kind)
{
    static const char *const words[] = {
        [JIG_OPERATION_BUILD] = "build",       [JIG_OPERATION_DEPLOY] = "deploy",
        [JIG_OPERATION_CACHE] = "cache",       [JIG_OPERATION_LNK] = "lnk",
        [JIG_OPERATION_PACKAGES] = "packages",
    };
    return WORD(words, kind);
}

const char *cli_pointer_state(enum jig_pointer_state state)
{
    static const char *const words[] = {
        [JIG_POINTER_CACHED] = "cached",
        [JIG_POINTER_FETCHED] = "fetched",
        [JIG_POINTER_OK] = "ok",
        [JIG_POINTER_MISSING] = "missing",
        [JIG_POINTER_MISMATCH] = "mismatch",
        [JIG_POINTER_INVALID] = "invalid",
        [JIG_POINTER_FAILED] = "failed",
    };
    return WORD(words, state);
}

const char *cli_operation_state(enum jig_operation_state state)
{
    static const char *const words[] = {
        [JIG_OPERATION_QUEUED] = "queued",       [JIG_OPERATION_RUNNING] = "running",
        [JIG_OPERATION_SUCCEEDED] = "succeeded", [JIG_OPERATION_FAILED] = "failed",
        [JIG_OPERATION_CANCELLED] = "cancelled",
    };
    return WORD(words, state);
}

static const char *severity_word(enum jig_severity severity)
{
    static const char *const words[] = {
        [JIG_SEVERITY_NOTE] = "note",
        [JIG_SEVERITY_WARNING] = "warning",
        [JIG_SEVERITY_ERROR] = "error",
    };
    return WORD(words, severity);
}

static const char *step_word(enum jig_step_state state)
{
    static const char *const words[] = {
        [JIG_STEP_STARTED] = "started",
        [JIG_STEP_FINISHED] = "finished",
        [JIG_STEP_REUSED] = "reused",
        [JIG_STEP_FAILED] = "failed",
    };
    return WORD(words, state);
}

/* --- events --- */

static void add_diagnostic(json_t *o, const struct jig_diagnostic *d)
{
    cli_json_set_text(o, "file", d->file);
    cli_json_set_int(o, "line", d->line);
    cli_json_set_int(o, "column", d->column);
    cli_json_set_text(o, "severity", severity_word(d->severity));
    cli_json_set_text(o, "message", d->message);
    cli_json_set_text(o, "option", d->option);
    cli_json_set_text(o, "rendered", d->rendered);
}

static void add_step(json_t *o, const struct jig_event *e)
{
    cli_json_set_text(o, "step", e->is.step.step);
    cli_json_set_text(o, "state", step_word(e->is.step.state));
    cli_json_set_text(o, "because", e->is.step.because);
    cli_json_set_int(o, "done", e->is.step.done);
    cli_json_set_int(o, "total", e->is.step.total);
    cli_json_set_int(o, "duration_us", e->is.step.duration_us);
}

static void add_event(json_t *o, const struct jig_event *e)
{
    switch (e->kind) {
    case JIG_EVENT_STATE:
        cli_json_set_text(o, "state", cli_operation_state(e->is.state));
        return;
    case JIG_EVENT_LOG:
        cli_json_set_text(o, "stream", e->is.log.is_stderr ? "stderr" : "stdout");
        cli_json_set_text(o, "text", e->is.log.text);
        return;
    case JIG_EVENT_STEP:
        add_step(o, e);
        return;
    case JIG_EVENT_DIAGNOSTIC:
        add_diagnostic(o, &e->is.diagnostic);
        return;
    case JIG_EVENT_PROGRESS:
        cli_json_set_text(o, "phase", e->is.progress.phase);
        cli_json_set_int(o, "percent", e->is.progress.percent);
        cli_json_set_int(o, "done_bytes", e->is.progress.done_bytes);
        cli_json_set_int(o, "total_bytes", e->is.progress.total_bytes);
        cli_json_set_int(o, "bytes_per_second", e->is.progress.bytes_per_second);
        return;
    case JIG_EVENT_NOTICE:
        cli_json_set_text(o, "id", e->is.notice.id);
        cli_json_set_text(o, "severity", severity_word(e->is.notice.severity));
        cli_json_set_text(o, "text", e->is.notice.text);
        return;
    case JIG_EVENT_OTHER:
        return;
    }
}

void cli_json_print_event(const char *operation, const struct jig_event *event)
{
    static const char *const names[] = {
        [JIG_EVENT_OTHER] = "other",
        [JIG_EVENT_STATE] = "state",
        [JIG_EVENT_LOG] = "log",
        [JIG_EVENT_STEP] = "step",
        [JIG_EVENT_DIAGNOSTIC] = "diagnostic",
        [JIG_EVENT_PROGRESS] = "progress",
        [JIG_EVENT_NOTICE] = "notice",
    };
    json_t *o = cli_json_event(WORD(names, event->kind));
    cli_json_set_text(o, "operation", operation);
    cli_json_set_int(o, "number", (int64_t)event->number);
    cli_json_set_int(o, "unix_ms", event->unix_ms);
    add_event(o, event);
    cli_json_print(o);
}

/* --- results --- */

json_t *cli_json_phases(const struct jig_phase *phases, size_t count)
{
    json_t *o = json_object();
    for (size_t i = 0; i < count; i++) {
        json_int_t before = json_integer_value(json_object_get(o, phases[i].name));
        cli_json_set_int(o, phases[i].name, before + phases[i].duration_us);
    }
    return o;
}

static json_t *artifacts_of(const struct jig_build_result *b)
{
    json_t *o = json_object();
    for (size_t i = 0; i < b->artifact_count; i++)
        cli_json_set_text(o, b->artifacts[i].kind, b->artifacts[i].path);
    return o;
}

static json_t *reasons_of(const struct jig_build_result *b)
{
    json_t *array = json_array();
    for (size_t i = 0; i < b->reason_count; i++) {
        json_t *o = json_object();
        cli_json_set_text(o, "step", b->reasons[i].step);
        cli_json_set_text(o, "because", b->reasons[i].because);
        json_array_append_new(array, o);
    }
    return array;
}

static json_t *diagnostics_of(const struct jig_build_result *b)
{
    json_t *array = json_array();
    for (size_t i = 0; i < b->diagnostics.count; i++) {
        json_t *o = json_object();
        add_diagnostic(o, &b->diagnostics.items[i]);
        json_array_append_new(array, o);
    }
    return array;
}

static void add_build(json_t *o, const char *operation, const struct jig_build_result *b)
{
    cli_json_set_text(o, "operation", operation);
    cli_json_set_text(o, "outcome", cli_build_outcome(b->outcome));
    cli_json_set_text(o, "environment", b->environment);
    cli_json_set_text(o, "fqbn", b->fqbn);
    cli_json_set(o, "artifacts", artifacts_of(b));
    cli_json_set_int(o, "flash_bytes", b->flash_bytes);
    cli_json_set_int(o, "flash_max", b->flash_max_bytes);
    cli_json_set_int(o, "ram_bytes", b->ram_bytes);
    cli_json_set_int(o, "ram_max", b->ram_max_bytes);
    cli_json_set_int(o, "compiled", b->compiled);
    cli_json_set_int(o, "reused", b->reused);
    cli_json_set_int(o, "server_us", b->server_us);
    cli_json_set(o, "phases_us", cli_json_phases(b->phases, b->phase_count));
    cli_json_set(o, "reasons", reasons_of(b));
}

json_t *cli_json_build(const char *operation, const struct jig_build_result *b)
{
    json_t *o = json_object();
    add_build(o, operation, b);
    cli_json_set(o, "diagnostics", diagnostics_of(b));
    cli_json_set(o, "notices", cli_json_strings(&b->notices));
    cli_json_set(o, "platform_notices", cli_json_strings(&b->platform_notices));
    cli_json_set_text(o, "project_directory", b->project_directory);
    cli_json_set_text(o, "build_directory", b->build_directory);
    cli_json_set(o, "libraries", cli_json_strings(&b->libraries));
    return o;
}

/* Several environments as one: names joined, counts summed, the rest that of the first. */
static void add_sums(json_t *line, const struct jig_build_results *builds)
{
    char names[1024] = "";
    size_t used = 0;
    int64_t compiled = 0, reused = 0, server_us = 0;
    bool built = false;
    json_t *phases = json_object();
    json_t *reasons = json_array();
    for (size_t i = 0; i < builds->count; i++) {
        const struct jig_build_result *b = &builds->items[i];
        size_t n = strlen(b->environment);
        if (used + n + 2 < sizeof names) {
            if (i > 0)
                names[used++] = ',';
            memcpy(names + used, b->environment, n + 1);
            used += n;
        }
        compiled += b->compiled;
        reused += b->reused;
        server_us += b->server_us;
        built = built || b->outcome == JIG_BUILD_BUILT;
        for (size_t k = 0; k < b->phase_count; k++) {
            json_int_t before = json_integer_value(json_object_get(phases, b->phases[k].name));
            cli_json_set_int(phases, b->phases[k].name, before + b->phases[k].duration_us);
        }
        json_t *more = reasons_of(b);
        json_array_extend(reasons, more);
        json_decref(more);
    }
    cli_json_set_text(line, "outcome",
                      cli_build_outcome(built ? JIG_BUILD_BUILT : JIG_BUILD_UP_TO_DATE));
    cli_json_set_text(line, "environment", names);
    cli_json_set_int(line, "compiled", compiled);
    cli_json_set_int(line, "reused", reused);
    cli_json_set_int(line, "server_us", server_us);
    cli_json_set(line, "phases_us", phases);
    cli_json_set(line, "reasons", reasons);
}

void cli_json_add_builds(json_t *line, const char *operation,
                         const struct jig_build_results *builds)
{
    cli_json_set_text(line, "operation", operation);
    if (builds->count > 0)
        add_build(line, operation, &builds->items[0]);
    if (builds->count != 1)
        add_sums(line, builds);
    json_t *all = json_array();
    for (size_t i = 0; i < builds->count; i++)
        json_array_append_new(all, cli_json_build(operation, &builds->items[i]));
    cli_json_set(line, "builds", all);
}

void cli_json_add_deploy(json_t *line, const char *operation, const struct jig_deploy_result *d)
{
    cli_json_set_text(line, "operation", operation);
    cli_json_set_text(line, "outcome", cli_deploy_outcome(d->outcome));
    cli_json_set_text(line, "device", d->device);
    cli_json_set_text(line, "port", d->port);
    cli_json_set_int(line, "bytes_written", d->bytes_written);
    cli_json_set_int(line, "bytes_skipped", d->bytes_skipped);
    cli_json_set_text(line, "because", d->because);
    cli_json_set_int(line, "server_us", d->server_us);
    cli_json_set(line, "phases_us", cli_json_phases(d->phases, d->phase_count));
    cli_json_set(line, "build",
                 d->build != NULL ? cli_json_build(operation, d->build) : json_null());
}

static json_t *pointer_of(const struct jig_pointer *p)
{
    json_t *o = json_object();
    cli_json_set_text(o, "path", p->path);
    cli_json_set_text(o, "state", cli_pointer_state(p->state));
    cli_json_set(o, "sha256", cli_json_text_or_null(p->sha256));
    cli_json_set(o, "size_bytes", p->size_bytes >= 0 ? json_integer(p->size_bytes) : json_null());
    cli_json_set(o, "materialized", cli_json_text_or_null(p->materialized));
    cli_json_set(o, "error", cli_json_text_or_null(p->error));
    cli_json_set(o, "unproven", json_boolean(p->unproven));
    return o;
}

void cli_json_add_lnk(json_t *line, const struct jig_operation *op)
{
    json_t *pointers = json_array();
    for (size_t i = 0; i < op->lnk->pointer_count; i++)
        json_array_append_new(pointers, pointer_of(&op->lnk->pointers[i]));
    cli_json_set_text(line, "operation", op->id);
    cli_json_set(line, "pointers", pointers);
    cli_json_set_int(line, "removed", op->lnk->removed);
    cli_json_set_int(line, "received_bytes", op->lnk->received_bytes);
    cli_json_set_int(line, "server_us", op->lnk->server_us);
    json_t *error = json_null();
    if (op->error != NULL) {
        error = json_object();
        cli_json_add_error(error, op->error);
    }
    cli_json_set(line, "error", error);
}

json_t *cli_json_package(const struct jig_package *p)
{
    static const char *const kinds[] = {[JIG_PACKAGE_PLATFORM] = "core",
                                        [JIG_PACKAGE_TOOL] = "tool",
                                        [JIG_PACKAGE_LIBRARY] = "lib"};
    json_t *o = json_object();
    cli_json_set_text(o, "kind", WORD(kinds, p->kind));
    cli_json_set_text(o, "name", p->name);
    cli_json_set_text(o, "version", p->version);
    cli_json_set_text(o, "url", p->url);
    cli_json_set(o, "sha256", cli_json_text_or_null(p->sha256));
    cli_json_set(o, "size_bytes", p->size_bytes >= 0 ? json_integer(p->size_bytes) : json_null());
    cli_json_set(o, "path", cli_json_text_or_null(p->path));
    return o;
}

static json_t *package_change(const struct jig_package_change *c)
{
    json_t *o = cli_json_package(&c->package);
    cli_json_set_text(o, "outcome", cli_package_outcome(c->outcome));
    cli_json_set(o, "environment", cli_json_text_or_null(c->environment));
    return o;
}

static json_t *index_change(const struct jig_index_change *c)
{
    json_t *o = json_object();
    cli_json_set_text(o, "url", c->url);
    cli_json_set_text(o, "outcome", cli_index_outcome(c->outcome));
    cli_json_set(o, "size_bytes", c->size_bytes >= 0 ? json_integer(c->size_bytes) : json_null());
    cli_json_set(o, "problem", cli_json_text_or_null(c->problem));
    return o;
}

void cli_json_add_packages(json_t *line, const char *operation, const struct jig_packages_result *r)
{
    json_t *packages = json_array();
    json_t *indexes = json_array();
    for (size_t i = 0; i < r->package_count; i++)
        json_array_append_new(packages, package_change(&r->packages[i]));
    for (size_t i = 0; i < r->index_count; i++)
        json_array_append_new(indexes, index_change(&r->indexes[i]));
    cli_json_set_text(line, "operation", operation);
    cli_json_set(line, "packages", packages);
    cli_json_set(line, "indexes", indexes);
    cli_json_set(line, "lock_file", cli_json_text_or_null(r->lock_file));
}

json_t *cli_json_operation(const struct jig_operation *op)
{
    json_t *o = json_object();
    cli_json_set_text(o, "id", op->id);
    cli_json_set_text(o, "kind", cli_operation_kind(op->kind));
    cli_json_set_text(o, "state", cli_operation_state(op->state));
    cli_json_set_text(o, "subject", op->subject);
    cli_json_set_text(o, "owner", op->owner);
    cli_json_set_int(o, "owner_pid", op->owner_pid);
    cli_json_set_int(o, "created_unix_ms", op->created_unix_ms);
    cli_json_set_int(o, "started_unix_ms", op->started_unix_ms);
    cli_json_set_int(o, "ended_unix_ms", op->ended_unix_ms);
    json_t *error = json_null();
    if (op->error != NULL) {
        error = json_object();
        cli_json_add_error(error, op->error);
    }
    cli_json_set(o, "error", error);
    json_t *builds = json_array();
    for (size_t i = 0; i < op->builds.count; i++)
        json_array_append_new(builds, cli_json_build(op->id, &op->builds.items[i]));
    cli_json_set(o, "builds", builds);
    json_t *deploy = json_null();
    if (op->deploy != NULL) {
        deploy = json_object();
        cli_json_add_deploy(deploy, op->id, op->deploy);
    }
    cli_json_set(o, "deploy", deploy);
    json_t *cache = json_null();
    if (op->cache != NULL) {
        cache = json_object();
        cli_json_add_cache(cache, op->id, op->cache);
    }
    cli_json_set(o, "cache", cache);
    json_t *lnk = json_null();
    if (op->lnk != NULL) {
        lnk = json_object();
        cli_json_add_lnk(lnk, op);
    }
    cli_json_set(o, "lnk", lnk);
    json_t *packages = json_null();
    if (op->packages != NULL) {
        packages = json_object();
        cli_json_add_packages(packages, op->id, op->packages);
    }
    cli_json_set(o, "packages", packages);
    return o;
}

static json_t *trust_or_null(const struct jig_device_trust *trust)
{
    if (trust->image_sha256[0] == '\0')
        return json_null();
    json_t *o = json_object();
    cli_json_set_text(o, "image_sha256", trust->image_sha256);
    cli_json_set_int(o, "since_unix_ms", trust->since_unix_ms);
    cli_json_set_text(o, "how", trust->how);
    return o;
}

json_t *cli_json_device(const struct jig_device *d)
{
    json_t *o = json_object();
    cli_json_set_text(o, "id", d->id);
    cli_json_set_text(o, "port", d->port);
    cli_json_set_text(o, "kind", d->kind);
    cli_json_set_int(o, "vid", d->vid);
    cli_json_set_int(o, "pid", d->pid);
    cli_json_set_text(o, "serial", d->serial);
    cli_json_set_bool(o, "connected", d->connected);
    cli_json_set(o, "labels", cli_json_strings(&d->labels));
    cli_json_set(o, "aliases", cli_json_strings(&d->aliases));
    cli_json_set_text(o, "fqbn", d->fqbn);
    cli_json_set_text(o, "product", d->product);
    cli_json_set_text(o, "topology", d->topology);
    cli_json_set(o, "busy_operation", cli_json_text_or_null(d->busy_operation));
    cli_json_set(o, "lease", json_null());
    cli_json_set(o, "trust", trust_or_null(&d->trust));
    return o;
}
