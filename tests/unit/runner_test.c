#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/runner.h"

/* The runner, with shell scripts for tools. */
struct bench {
    char *dir; /* the test's folder; "build" is below it */
    char *build;
    struct jig_files *files;
    struct jig_toolids *toolids;
    struct jig_objcache *objcache;
    struct jig_record record;
    struct jig_slots slots;
    int64_t longest_run_ms;
    struct jig_runner *runner;
    char last_notice[256];
};

#define SLOTS 3

static void on_notice(void *ctx, const char *id, enum jig_severity severity, const char *text)
{
    struct bench *b = ctx;
    (void)severity;
    (void)text;
    snprintf(b->last_notice, sizeof b->last_notice, "%s", id);
}

static void bench_open(struct bench *b, const char *dir, const char *build)
{
    struct jig_err err = JIG_ERR_INIT;
    *b = (struct bench){.dir = jig_xstrdup(dir), .build = jig_path_join(dir, build)};
    JIG_CLEANUP_FREE char *cache = jig_path_join(dir, "cache");
    assert_int_equal(jig_fs_mkdirs(b->build, 0755, &err), JIG_OK);
    b->files = jig_files_new(1000);
    b->toolids = jig_toolids_new(NULL);
    b->objcache = jig_objcache_new(cache, 1 << 20);
    jig_record_init(&b->record);
    atomic_init(&b->slots.free, SLOTS);
}

static void bench_begin(struct bench *b)
{
    static struct jig_build_events events;
    events = (struct jig_build_events){.ctx = b, .notice = on_notice};
    struct jig_runner_config config = {.build_dir = b->build,
                                       .project_dir = b->dir,
                                       .jobs = 2,
                                       .files = b->files,
                                       .toolids = b->toolids,
                                       .objcache = b->objcache,
                                       .record = &b->record,
                                       .slots = &b->slots,
                                       .longest_run_ms = b->longest_run_ms,
                                       .until = JIG_UNTIL_FOREVER,
                                       .events = &events};
    b->runner = jig_runner_new(&config);
}

static void bench_end(struct bench *b)
{
    jig_runner_free(b->runner);
    b->runner = NULL;
    assert_int_equal(atomic_load(&b->slots.free), SLOTS); /* whatever came of it */
}

static void bench_close(struct bench *b)
{
    jig_record_release(&b->record);
    jig_objcache_free(b->objcache);
    jig_toolids_free(b->toolids);
    jig_files_free(b->files);
    free(b->dir);
    free(b->build);
}

/* Writes a file with an old stamp, so that nothing here waits for a clock. */
static void put(const struct bench *b, const char *name, const char *text)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(b->dir, name);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0644, &err), JIG_OK);
}

/* An action that runs `script` with $1 = build folder and $2 = project folder. */
static struct jig_action *act(const struct bench *b, const char *script, const char *output)
{
    struct jig_action *a = jig_action_new("compile", output);
    jig_strv_append(&a->argv, "/bin/sh");
    jig_strv_append(&a->argv, "-c");
    jig_strv_append(&a->argv, script);
    jig_strv_append(&a->argv, "sh");
    jig_strv_append(&a->argv, b->build);
    jig_strv_append(&a->argv, b->dir);
    a->cwd = jig_xstrdup("/");
    jig_strv_append_take(&a->outputs, jig_path_join(b->build, output));
    a->is_compile = true;
    return a;
}

/* `cat in.c`, which says by a depfile that it read inc.h too. */
static struct jig_action *compile(const struct bench *b)
{
    struct jig_action *a = act(b,
                               "cat \"$2/in.c\" \"$2/inc.h\" > \"$1/out.o\" && "
                               "echo \"out.o: $2/in.c $2/inc.h\" > \"$1/out.d\" && "
                               "echo 'x.c:1:1: warning: odd [-Wodd]' >&2",
                               "out.o");
    jig_strv_append_take(&a->inputs, jig_path_join(b->dir, "in.c"));
    a->depfile = jig_path_join(b->build, "out.d");
    return a;
}

static bool run_reused(struct bench *b, struct jig_action *a, char **ret_because)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_job *job = NULL;
    bench_begin(b);
    enum jig_code code = jig_runner_submit(b->runner, a, &job, &err);
    if (code == JIG_OK)
        code = jig_runner_wait_all(b->runner, &err);
    if (code != JIG_OK)
        fail_msg("%s", err.message);
    bool reused = jig_job_reused(job);
    struct jig_runner_summary *s = jig_runner_summary(b->runner);
    if (ret_because != NULL)
        *ret_because = s->reason_count > 0 ? jig_xstrdup(s->reasons[0].because) : NULL;
    bench_end(b);
    return reused;
}

/* Runs until it counts: files written in the same clock tick as the run are not believed. */
static void settle(struct bench *b, bool shareable)
{
    for (int i = 0; i < 10000; i++) {
        struct jig_action *a = compile(b);
        a->shareable = shareable;
        if (run_reused(b, a, NULL))
            return;
    }
    fail_msg("it never settles");
}

static void only_what_changed_runs(void **state)
{
    struct bench b;
    bench_open(&b, *state, "build");
    b.objcache = (jig_objcache_free(b.objcache), NULL);
    put(&b, "in.c", "one");
    put(&b, "inc.h", "two");
    char *because = NULL;
    assert_false(run_reused(&b, compile(&b), &because));
    assert_string_equal(because, "never built");
    free(because);
    settle(&b, false);

    put(&b, "inc.h", "TWO"); /* same size */
    assert_false(run_reused(&b, compile(&b), &because));
    assert_string_equal(because, "inc.h changed");
    free(because);
    settle(&b, false);

    put(&b, "inc.h", "TWO"); /* touched: same content, other stamp */
    assert_true(run_reused(&b, compile(&b), NULL));
    put(&b, "unrelated.h", "x");
    assert_true(run_reused(&b, compile(&b), NULL));

    JIG_CLEANUP_FREE char *out = jig_path_join(b.build, "out.o");
    assert_int_equal(truncate(out, 0), 0);
    assert_false(run_reused(&b, compile(&b), &because));
    assert_string_equal(because, "out.o was changed or removed");
    free(because);

    struct jig_action *other = compile(&b);
    jig_strv_append(&other->argv, "-DX=1");
    assert_false(run_reused(&b, other, &because));
    assert_string_equal(because, "the command line changed: -DX=1 is new");
    free(because);
    bench_close(&b);
}

/* A compile with two folders in its path, which read from the second. */
static struct jig_action *searching(const struct bench *b)
{
    const char *script = "cat \"$2/in.c\" > \"$1/out.o\" && echo "
                         "\"out.o: $2/in.c $2/second/inc.h $2/second/sub/deep.h\" > \"$1/out.d\"";
    struct jig_action *a = act(b, script, "out.o");
    jig_strv_append_take(&a->argv, jig_strf("-I%s/first", b->dir));
    jig_strv_append_take(&a->argv, jig_strf("-I%s/second", b->dir));
    jig_strv_append_take(&a->inputs, jig_path_join(b->dir, "in.c"));
    a->depfile = jig_path_join(b->build, "out.d");
    return a;
}

/* In one build, so that what the first look learned is there for the next. */
static void expect_current(struct bench *b, bool current)
{
    bench_begin(b);
    for (int i = 0; i < 2; i++) {
        struct jig_action *a = searching(b);
        assert_true(jig_runner_is_current(b->runner, a) == current);
        jig_action_free(a);
    }
    bench_end(b);
}

/* inc.h was found in the second folder of the path; then one appears in the first. */
static void a_new_file_that_would_be_found_first_is_a_change(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, "build");
    JIG_CLEANUP_FREE char *first = jig_path_join(b.dir, "first/sub");
    JIG_CLEANUP_FREE char *second = jig_path_join(b.dir, "second/sub");
    assert_int_equal(jig_fs_mkdirs(first, 0755, &err), JIG_OK);
    assert_int_equal(jig_fs_mkdirs(second, 0755, &err), JIG_OK);
    put(&b, "in.c", "one");
    put(&b, "second/inc.h", "two");
    put(&b, "second/sub/deep.h", "three");
    char *because = NULL;
    bool reused = false;
    for (int round = 0; round < 10000 && !reused; round++) {
        reused = run_reused(&b, searching(&b), NULL);
    }
    static const struct {
        const char *file;
        const char *because; /* NULL: nothing to do */
    } rows[] = {
        {"first/other.h", NULL},
        {"unrelated.h", NULL},
        {"first/inc.h", "first/inc.h is new and would be found first"},
        {"first/sub/deep.h", "first/sub/deep.h is new and would be found first"},
        {"deep.h", NULL}, /* it is called sub/deep.h */
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        put(&b, rows[i].file, "x");
        expect_current(&b, rows[i].because == NULL); /* looking changes nothing */
        reused = run_reused(&b, searching(&b), &because);
        if (rows[i].because == NULL)
            assert_true(reused);
        else
            assert_string_equal(because, rows[i].because);
        free(because);
        if (reused)
            continue;
        JIG_CLEANUP_FREE char *path = jig_path_join(b.dir, rows[i].file);
        assert_int_equal(unlink(path), 0);
        reused = false;
        for (int round = 0; round < 10000 && !reused; round++) {
            reused = run_reused(&b, searching(&b), NULL);
        }
    }
    bench_close(&b);
}

static void a_reused_step_repeats_its_warnings(void **state)
{
    struct bench b;
    bench_open(&b, *state, "build");
    put(&b, "in.c", "one");
    put(&b, "inc.h", "two");
    settle(&b, false);
    struct jig_err err = JIG_ERR_INIT;
    bench_begin(&b);
    assert_int_equal(jig_runner_submit(b.runner, compile(&b), NULL, &err), JIG_OK);
    assert_int_equal(jig_runner_wait_all(b.runner, &err), JIG_OK);
    struct jig_runner_summary *s = jig_runner_summary(b.runner);
    assert_int_equal(s->reused, 1);
    assert_int_equal(s->diagnostics.n, 1);
    assert_string_equal(s->diagnostics.items[0].option, "-Wodd");
    bench_end(&b);
    bench_close(&b);
}

/* The edit happens while the tool runs: the tool itself does it. */
static void an_edit_during_the_run_is_not_counted_as_built(void **state)
{
    struct bench b;
    bench_open(&b, *state, "build");
    put(&b, "in.c", "one");
    const char *script = "cat \"$2/in.c\" > \"$1/out.o\"; echo edited > \"$2/in.c\"";
    struct jig_action *a = act(&b, script, "out.o");
    jig_strv_append_take(&a->inputs, jig_path_join(b.dir, "in.c"));
    assert_false(run_reused(&b, a, NULL));
    assert_string_equal(b.last_notice, "build.input_changed");
    a = act(&b, script, "out.o");
    jig_strv_append_take(&a->inputs, jig_path_join(b.dir, "in.c"));
    char *because = NULL;
    assert_false(run_reused(&b, a, &because));
    assert_string_equal(because, "never built");
    free(because);
    bench_close(&b);
}

static void no_dependency_file_no_reuse(void **state)
{
    struct bench b;
    bench_open(&b, *state, "build");
    put(&b, "in.c", "one");
    for (int i = 0; i < 2; i++) {
        struct jig_action *a = act(&b, "cat \"$2/in.c\" > \"$1/out.o\"", "out.o");
        jig_strv_append_take(&a->inputs, jig_path_join(b.dir, "in.c"));
        a->depfile = jig_path_join(b.build, "out.d");
        assert_false(run_reused(&b, a, NULL));
    }
    bench_close(&b);
}

static void a_shared_object_serves_another_project(void **state)
{
    struct bench one, two;
    bench_open(&one, *state, "build1");
    bench_open(&two, *state, "build2");
    put(&one, "in.c", "one");
    put(&one, "inc.h", "two");
    settle(&one, true);
    struct jig_action *a = compile(&two);
    a->shareable = true;
    assert_true(run_reused(&two, a, NULL));
    JIG_CLEANUP_FREE char *out = jig_path_join(two.build, "out.o");
    struct jig_buf text;
    jig_buf_init(&text, 100);
    assert_int_equal(jig_fs_read(out, &text, NULL), JIG_OK);
    assert_string_equal(text.data, "onetwo");
    jig_buf_release(&text);
    bench_close(&one);
    bench_close(&two);
}

/* A failure is told by the first call after it, whichever that is. */
static enum jig_code run_to_the_end(struct bench *b, struct jig_action *a, struct jig_err *err)
{
    enum jig_code code = jig_runner_submit(b->runner, a, NULL, err);
    return code == JIG_OK ? jig_runner_wait_all(b->runner, err) : code;
}

static void a_failure_is_told_and_not_remembered(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, "build");
    bench_begin(&b);
    struct jig_action *a = act(&b, "echo 'a.c:1:2: error: no' >&2; exit 3", "out.o");
    assert_int_equal(run_to_the_end(&b, a, &err), JIG_FAILED_PRECONDITION);
    assert_int_equal(err.reason, JIG_REASON_BUILD_FAILED);
    assert_string_equal(err.message, "out.o failed: no");
    assert_int_equal(jig_runner_submit(b.runner, act(&b, "true", "x"), NULL, &err),
                     JIG_FAILED_PRECONDITION);
    bench_end(&b);
    assert_int_equal(b.record.traces.count, 0);

    bench_begin(&b);
    assert_int_equal(run_to_the_end(&b, act(&b, "true", "out.o"), &err), JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "left no"));
    bench_end(&b);
    bench_close(&b);
}

/* A start that fails, of a job that somebody waits for; and nobody wants to know the error. */
static void a_start_that_fails_is_a_failure(void **state)
{
    struct bench b;
    struct jig_job *job = NULL;
    int status = 0;
    bench_open(&b, *state, "build");
    put(&b, "build/sub", "a file where a folder is to be");
    bench_begin(&b);
    assert_int_not_equal(
        jig_runner_ask(b.runner, act(&b, "true", "sub/out.o"), &job, &status, NULL), JIG_OK);
    assert_int_not_equal(jig_runner_wait_all(b.runner, NULL), JIG_OK);
    bench_end(&b);
    bench_begin(&b);
    assert_int_not_equal(jig_runner_submit(b.runner, act(&b, "true", "sub/out.o"), NULL, NULL),
                         JIG_OK);
    assert_int_not_equal(jig_runner_wait_all(b.runner, NULL), JIG_OK);
    bench_end(&b);
    bench_close(&b);
}

/* The edit is taken back before the tool ends: the content is the same again, the object is not. */
static void an_edit_taken_back_during_the_run_is_seen(void **state)
{
    struct bench b;
    bench_open(&b, *state, "build");
    put(&b, "in.c", "one");
    const char *script = "printf two > \"$2/in.c\"; cat \"$2/in.c\" > \"$1/out.o\"; "
                         "printf one > \"$2/in.c\"";
    for (int i = 0; i < 2; i++) {
        struct jig_action *a = act(&b, script, "out.o");
        jig_strv_append_take(&a->inputs, jig_path_join(b.dir, "in.c"));
        assert_false(run_reused(&b, a, NULL));
        assert_string_equal(b.last_notice, "build.input_changed");
    }
    bench_close(&b);
}

/* What is left of an earlier run is not what this one read. */
static void an_old_dependency_file_is_not_believed(void **state)
{
    struct bench b;
    bench_open(&b, *state, "build");
    put(&b, "in.c", "one");
    put(&b, "inc.h", "two");
    settle(&b, false);
    for (int i = 0; i < 2; i++) {
        struct jig_action *a = act(&b, "cat \"$2/in.c\" > \"$1/out.o\"", "out.o");
        jig_strv_append_take(&a->inputs, jig_path_join(b.dir, "in.c"));
        a->depfile = jig_path_join(b.build, "out.d");
        assert_false(run_reused(&b, a, NULL));
    }
    bench_close(&b);
}

static void a_tool_that_never_ends_is_ended(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, "build");
    b.longest_run_ms = 1;
    bench_begin(&b);
    assert_int_equal(jig_runner_submit(b.runner, act(&b, "tail -f /dev/null", "out.o"), NULL, &err),
                     JIG_OK);
    assert_int_equal(jig_runner_wait_all(b.runner, &err), JIG_FAILED_PRECONDITION);
    assert_int_equal(err.reason, JIG_REASON_BUILD_FAILED);
    assert_non_null(strstr(err.message, "did not end"));
    bench_end(&b);
    bench_close(&b);
}

/* Killed is not an answer: it says nothing of what was asked. */
static void who_was_killed_has_not_answered(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_job *job = NULL;
    int status = 0;
    bench_open(&b, *state, "build");
    bench_begin(&b);
    assert_int_equal(jig_runner_ask(b.runner, act(&b, "exit 4", "a"), &job, &status, &err), JIG_OK);
    assert_int_equal(status, 4);
    assert_int_equal(jig_runner_ask(b.runner, act(&b, "kill -9 $$", "b"), &job, &status, &err),
                     JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "ended by signal 9"));
    bench_end(&b);
    bench_close(&b);
}

/* One fails at once, the other a little later: both are told. */
static void what_runs_already_may_end(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, "build");
    bench_begin(&b);
    const char *late =
        "while [ ! -e \"$2/go\" ]; do :; done; echo 'b.c:1:1: error: late' >&2; exit 1";
    const char *first = "echo 'a.c:1:1: error: first' >&2; : > \"$2/go\"; exit 1";
    assert_int_equal(jig_runner_submit(b.runner, act(&b, late, "b.o"), NULL, &err), JIG_OK);
    enum jig_code code = jig_runner_submit(b.runner, act(&b, first, "a.o"), NULL, &err);
    for (int i = 0; code == JIG_OK; i++) { /* a caller who goes on until it hears of it */
        JIG_CLEANUP_FREE char *name = jig_strf("%d.o", i);
        code = jig_runner_submit(b.runner, act(&b, ": > \"$1/$0\"", name), NULL, &err);
    }
    assert_int_equal(code, JIG_FAILED_PRECONDITION);
    assert_int_equal(jig_runner_summary(b.runner)->diagnostics.n, 2);
    bench_end(&b);
    bench_close(&b);
}

static void two_steps_that_leave_one_file(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, "build");
    bench_begin(&b);
    struct jig_action *a = act(&b, ": > \"$1/out.o\"", "out.o");
    assert_int_equal(jig_runner_submit(b.runner, a, NULL, &err), JIG_OK);
    a = act(&b, "echo > \"$1/out.o\"", "out.o");
    assert_int_equal(jig_runner_submit(b.runner, a, NULL, &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    bench_end(&b);
    bench_close(&b);
}

static void the_record_survives_and_damage_is_only_a_rebuild(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, "build");
    put(&b, "in.c", "one");
    put(&b, "inc.h", "two");
    settle(&b, false);
    JIG_CLEANUP_FREE char *path = jig_path_join(b.build, ".jig-record");
    assert_int_equal(jig_record_save(&b.record, path, &err), JIG_OK);
    jig_record_release(&b.record);
    jig_record_init(&b.record);
    jig_record_load(&b.record, path);
    assert_int_equal(b.record.traces.count, 1);
    assert_true(run_reused(&b, compile(&b), NULL));

    struct jig_buf file;
    jig_buf_init(&file, 1 << 20);
    assert_int_equal(jig_fs_read(path, &file, &err), JIG_OK);
    for (size_t i = 0; i < file.len; i += 7) { /* one wrong byte anywhere */
        file.data[i] ^= 0x20;
        assert_int_equal(jig_fs_write_atomic(path, file.data, file.len, 0644, &err), JIG_OK);
        file.data[i] ^= 0x20;
        struct jig_record r;
        jig_record_init(&r);
        jig_record_load(&r, path);
        assert_int_equal(r.traces.count, 0);
        jig_record_release(&r);
    }
    jig_buf_release(&file);
    bench_close(&b);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(only_what_changed_runs),
        IN_FOLDER(a_new_file_that_would_be_found_first_is_a_change),
        IN_FOLDER(a_reused_step_repeats_its_warnings),
        IN_FOLDER(an_edit_during_the_run_is_not_counted_as_built),
        IN_FOLDER(no_dependency_file_no_reuse),
        IN_FOLDER(a_shared_object_serves_another_project),
        IN_FOLDER(a_failure_is_told_and_not_remembered),
        IN_FOLDER(a_start_that_fails_is_a_failure),
        IN_FOLDER(an_edit_taken_back_during_the_run_is_seen),
        IN_FOLDER(an_old_dependency_file_is_not_believed),
        IN_FOLDER(a_tool_that_never_ends_is_ended),
        IN_FOLDER(who_was_killed_has_not_answered),
        IN_FOLDER(what_runs_already_may_end),
        IN_FOLDER(two_steps_that_leave_one_file),
        IN_FOLDER(the_record_survives_and_damage_is_only_a_rebuild),
    };
    return cmocka_run_group_tests_name("runner", tests, NULL, NULL);
}
