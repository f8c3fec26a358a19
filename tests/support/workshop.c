#include "tests/support/unit.h"

#include "tests/support/workshop.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "tests/support/stamps.h"

#define MOST_ROUNDS 200
#define MOST_BYTES  (16u << 20)

static const char platform_txt[] =
    "name=Fake\n"
    "version=1.0.0\n"
    "compiler.path={runtime.platform.path}/bin/\n"
    "compiler.cpp.flags=-c -MMD\n"
    "compiler.extra=\n"
    "compiler.libraries.ldflags=\n"
    "recipe.c.o.pattern=\"{compiler.path}fake-gcc\" -c -MMD {compiler.extra} {includes} "
    "\"{source_file}\" -o \"{object_file}\"\n"
    "recipe.cpp.o.pattern=\"{compiler.path}fake-g++\" {compiler.cpp.flags} {compiler.extra} "
    "{includes} \"{source_file}\" -o \"{object_file}\"\n"
    "recipe.ar.pattern=\"{compiler.path}fake-ar\" rcs \"{archive_file_path}\" \"{object_file}\"\n"
    "recipe.c.combine.pattern=\"{compiler.path}fake-gcc\" -o "
    "\"{build.path}/{build.project_name}.elf\" {object_files} {compiler.libraries.ldflags} "
    "\"{build.path}/{archive_file}\"\n"
    "recipe.objcopy.hex.pattern=\"{compiler.path}fake-objcopy\" "
    "\"{build.path}/{build.project_name}.elf\" \"{build.path}/{build.project_name}.hex\"\n"
    "recipe.size.pattern=\"{compiler.path}fake-size\" \"{build.path}/{build.project_name}.elf\"\n"
    "recipe.size.regex=^\\.text\\s+([0-9]+).*\n";

static const char boards_txt[] = "uno.name=Uno\n"
                                 "uno.build.core=fake\n"
                                 "uno.build.variant=plain\n"
                                 "uno.upload.maximum_size=100000\n";

#define PLATFORM "hardware/fake/one/"

static void install_tools(struct workshop *w)
{
    static const char *const names[] = {"fake-gcc",     "fake-g++",  "fake-ar",
                                        "fake-objcopy", "fake-size", "fake-touch"};
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *bin = workshop_path(w, PLATFORM "bin");
    assert_int_equal(jig_fs_mkdirs(bin, 0755, &err), JIG_OK);
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(bin, names[i]);
        assert_int_equal(jig_fs_copy(FAKE_GCC, path, 0755, false, &err), JIG_OK);
    }
}

static void lay_out(struct workshop *w)
{
    install_tools(w);
    workshop_put(w, PLATFORM "platform.txt", platform_txt);
    workshop_put(w, PLATFORM "boards.txt", boards_txt);
    workshop_put(w, PLATFORM "cores/fake/Arduino.h", "api\n");
    workshop_put(w, PLATFORM "cores/fake/main.cpp", "#include \"Arduino.h\"\nmain\n");
    workshop_put(w, PLATFORM "cores/fake/wiring.c", "#include \"Arduino.h\"\nwiring\n");
    workshop_put(w, PLATFORM "variants/plain/pins.h", "pins\n");
    workshop_put(w, "project/platformio.ini", "[env:one]\nplatform = fake\nboard = uno\n");
    workshop_put(w, "project/src/main.cpp", "#include <Arduino.h>\nsetup\n");
}

/* What a request is resolved to. */
struct workshop_target {
    struct jig_project *project;
    struct jig_board_config *board;
    struct jig_libindex *libraries;
};

static void release_target(struct workshop_target *r)
{
    jig_libindex_unref(r->libraries);
    jig_board_config_free(r->board);
    jig_project_free(r->project);
}

static void unwatch(struct workshop *w)
{
    jig_watch_free(w->watch);
    w->watch = NULL;
    if (w->target != NULL)
        release_target(w->target);
    free(w->target);
    w->target = NULL;
}

void workshop_open(struct workshop *w, const char *dir)
{
    *w = (struct workshop){.dir = jig_xstrdup(dir), .jobs = 2, .until = JIG_UNTIL_FOREVER};
    w->project = workshop_path(w, "project");
    w->build_dir = workshop_path(w, "build");
    lay_out(w);
    struct jig_strv folders = {0};
    jig_strv_append_take(&folders, workshop_path(w, "hardware"));
    w->hardware = jig_hardware_new(&folders, dir);
    jig_strv_release(&folders);
    w->libcache = jig_libcache_new();
    workshop_restart(w, NULL);
}

void workshop_restart(struct workshop *w, const char *cache)
{
    unwatch(w);
    JIG_CLEANUP_FREE char *objects = cache != NULL ? workshop_path(w, cache) : NULL;
    JIG_CLEANUP_FREE char *tools = workshop_path(w, "known-tools");
    struct jig_build_engine_config config = {.object_cache = objects,
                                             .object_cache_bytes = MOST_BYTES,
                                             .tools = tools,
                                             .max_files = 100000};
    jig_build_engine_free(w->engine);
    w->engine = jig_build_engine_new(&config);
}

void workshop_share(struct workshop *w, const struct workshop *of)
{
    *w = *of;
    w->of = of;
    w->watcher = NULL;
    w->watch = NULL;
    w->target = NULL;
    w->dir = jig_xstrdup(of->dir);
    w->project = jig_xstrdup(of->project);
    w->build_dir = jig_xstrdup(of->build_dir);
    w->result = (struct jig_build_result){0};
}

void workshop_close(struct workshop *w)
{
    unwatch(w);
    jig_watcher_free(w->watcher);
    jig_build_result_release(&w->result);
    if (w->of == NULL) {
        jig_build_engine_free(w->engine);
        jig_libcache_free(w->libcache);
        jig_hardware_free(w->hardware);
    }
    free(w->build_dir);
    free(w->project);
    free(w->dir);
}

char *workshop_path(const struct workshop *w, const char *path)
{
    return jig_path_join(w->dir, path);
}

void workshop_put(const struct workshop *w, const char *path, const char *text)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *whole = workshop_path(w, path);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(whole);
    if (jig_fs_mkdirs(dir, 0755, &err) != JIG_OK ||
        jig_fs_write_unsynced(whole, text, strlen(text), 0644, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

void workshop_remove(const struct workshop *w, const char *path)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *whole = workshop_path(w, path);
    if (jig_fs_remove_tree(whole, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

char *workshop_read(const struct workshop *w, const char *path)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_buf text;
    JIG_CLEANUP_FREE char *whole = workshop_path(w, path);
    jig_buf_init(&text, MOST_BYTES);
    if (jig_fs_read(whole, &text, &err) != JIG_OK)
        fail_msg("%s", err.message);
    char *out = jig_buf_steal(&text);
    return out != NULL ? out : jig_xstrdup("");
}

bool workshop_has(const struct workshop *w, const char *path)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(w, path);
    return jig_fs_is_there(whole);
}

/* ---- builds ---- */

static void resolve(struct workshop *w, struct workshop_target *r)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_hardware_view *view = NULL;
    JIG_CLEANUP_FREE char *user = workshop_path(w, "libraries");
    if (jig_project_load(w->project, NULL, &r->project, NULL, &err) != JIG_OK ||
        jig_hardware_refresh(w->hardware, &view, NULL, &err) != JIG_OK ||
        jig_board_resolve(view, "fake:one:uno", NULL, &r->board, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_hardware_view_unref(view);
    struct jig_library_folder folders[2] = {{user, JIG_LIBRARY_USER, false}};
    size_t n = 1;
    if (r->project->kind == JIG_PROJECT_PLATFORMIO)
        folders[n++] = (struct jig_library_folder){jig_project_string(r->project, "lib_dir"),
                                                   JIG_LIBRARY_PROJECT, false};
    if (jig_libindex_open(w->libcache, folders, n, NULL, &r->libraries, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

typedef enum jig_code call_fn(struct jig_build_engine *e, const struct jig_build_request *request,
                              struct jig_build_result *result, struct jig_err *reterr);

static enum jig_code call_for(struct workshop *w, call_fn *fn, const struct workshop_target *r,
                              bool look_only, const struct jig_watch_changes *changes)
{
    struct jig_build_request q = {
        .project = r->project,
        .environment = &r->project->environments[0],
        .board = r->board,
        .libraries = r->libraries,
        .build_dir = w->build_dir,
        .holder = "the test",
        .jobs = w->jobs,
        .clean = w->clean,
        .explain = w->explain,
        .walk = w->walk,
        .look_only = look_only,
        .changes = changes,
        .changes_since = w->look,
        .doubt_changes = w->doubt_changes,
        .until = w->until,
        .events = w->events,
        .finished = w->finished,
        .finished_ctx = w->finished_ctx,
    };
    jig_build_result_release(&w->result);
    jig_err_clear(&w->err);
    w->code = fn(w->engine, &q, &w->result, &w->err);
    return w->code;
}

static enum jig_code call(struct workshop *w, call_fn *fn)
{
    struct workshop_target r = {0};
    resolve(w, &r);
    enum jig_code code = call_for(w, fn, &r, w->look_only, NULL);
    release_target(&r);
    return code;
}

/* ---- watching ---- */

/* False when there is something to do; NULL stays in w->watch when it is to be tried again. */
static bool try_to_watch(struct workshop *w)
{
    struct jig_sightings *seen = jig_sightings_new();
    let_stamps_grow_old();
    w->target = jig_new(struct workshop_target);
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    resolve(w, w->target);
    enum jig_code code = call_for(w, jig_build_run, w->target, true, NULL);
    jig_observe(before);
    w->look = w->result.look;
    if (code == JIG_OK && jig_sightings_fault(seen) == NULL && !jig_sightings_young(seen) &&
        jig_watcher_arm(w->watcher, seen, &w->watch, NULL) != JIG_OK)
        w->watch = NULL;
    jig_sightings_free(seen);
    if (w->watch == NULL)
        unwatch(w);
    return code == JIG_OK;
}

bool workshop_watch(struct workshop *w)
{
    struct jig_err err = JIG_ERR_INIT;
    unwatch(w);
    if (w->watcher == NULL && jig_watcher_new(&w->watcher, &err) != JIG_OK)
        fail_msg("%s", err.message);
    for (int i = 0; i < MOST_ROUNDS; i++) {
        if (!try_to_watch(w))
            return false;
        if (w->watch != NULL)
            return true;
    }
    fail_msg("its files cannot be watched");
    return false;
}

enum jig_code workshop_build_changes(struct workshop *w)
{
    struct jig_watch_changes changes = {.whole = false};
    char *why = NULL;
    if (w->watch == NULL)
        return workshop_build(w);
    enum jig_watch_answer answer = jig_watch_ask(w->watch, &changes, &why);
    free(why);
    for (size_t i = 0; i < changes.files.n; i++)
        jig_files_forget(jig_build_engine_files(w->engine), changes.files.v[i]);
    enum jig_code code;
    if (answer != JIG_WATCH_CHANGED || !changes.whole) {
        code = workshop_build(w);
    } else if (changes.plain) {
        code = call_for(w, jig_build_run, w->target, false, &changes);
    } else {
        struct workshop_target fresh = {0};
        resolve(w, &fresh);
        code = call_for(w, jig_build_run, &fresh, false, &changes);
        release_target(&fresh);
    }
    jig_watch_changes_release(&changes);
    unwatch(w);
    return code;
}

enum jig_code workshop_build_unchanged(struct workshop *w)
{
    struct jig_watch_changes none = {.whole = true, .plain = true};
    enum jig_code code = call_for(w, jig_build_run, w->target, false, &none);
    unwatch(w);
    return code;
}

enum jig_code workshop_build(struct workshop *w)
{
    return call(w, jig_build_run);
}

enum jig_code workshop_last(struct workshop *w)
{
    return call(w, jig_build_last);
}

void workshop_settle(struct workshop *w)
{
    for (int i = 0; i < MOST_ROUNDS; i++) {
        if (workshop_build(w) != JIG_OK)
            fail_msg("%s", w->err.message);
        if (w->result.up_to_date)
            return;
    }
    const struct jig_runner_summary *s = &w->result.summary;
    fail_msg("it never settles: %s: %s", s->reason_count > 0 ? s->reasons[0].step : "?",
             s->reason_count > 0 ? s->reasons[0].because : "no step says why");
}

void workshop_expect(struct workshop *w, const char *steps)
{
    struct jig_strv list = {0};
    if (workshop_build(w) != JIG_OK)
        fail_msg("%s", w->err.message);
    for (size_t i = 0; i < w->result.summary.reason_count; i++)
        jig_strv_append_take(&list, jig_strf("%s: %s", w->result.summary.reasons[i].step,
                                             w->result.summary.reasons[i].because));
    JIG_CLEANUP_FREE char *all = jig_strv_join(&list, "; ");
    jig_strv_release(&list);
    assert_string_equal(all, steps);
}

struct counting {
    const char *prefix;
    size_t n;
};

static enum jig_walk count_one(void *ctx, const struct jig_walk_entry *e)
{
    struct counting *c = ctx;
    c->n += jig_str_starts(e->name, c->prefix);
    return JIG_WALK_INTO;
}

size_t workshop_count(const struct workshop *w, const char *path, const char *prefix)
{
    struct counting c = {.prefix = prefix};
    JIG_CLEANUP_FREE char *whole = workshop_path(w, path);
    if (jig_fs_walk(whole, false, count_one, &c, NULL) != JIG_OK)
        return 0;
    return c.n;
}
