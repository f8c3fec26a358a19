#include "tests/support/unit.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/runner.h"
#include "tests/support/workshop.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

#define SLOTS 2

/* ---- the runner's part: shell scripts for tools, each of which leaves a line in "log" ---- */

struct bench {
    const char *dir;
    struct jig_files *files;
    struct jig_toolids *toolids;
    struct jig_record record;
    struct jig_slots slots;
    struct jig_runner *runner;
};

static void bench_begin(struct bench *b, size_t jobs)
{
    struct jig_runner_config config = {.build_dir = b->dir,
                                       .project_dir = b->dir,
                                       .jobs = jobs,
                                       .files = b->files,
                                       .toolids = b->toolids,
                                       .record = &b->record,
                                       .slots = &b->slots,
                                       .until = JIG_UNTIL_FOREVER};
    b->runner = jig_runner_new(&config);
}

static void bench_end(struct bench *b)
{
    jig_runner_free(b->runner);
    assert_int_equal(atomic_load(&b->slots.free), SLOTS);
}

static void bench_open(struct bench *b, const char *dir, size_t jobs)
{
    *b = (struct bench){.dir = dir, .files = jig_files_new(1000), .toolids = jig_toolids_new(NULL)};
    jig_record_init(&b->record);
    atomic_init(&b->slots.free, SLOTS);
    bench_begin(b, jobs);
}

static void bench_close(struct bench *b)
{
    bench_end(b);
    jig_record_release(&b->record);
    jig_toolids_free(b->toolids);
    jig_files_free(b->files);
}

static void put(const struct bench *b, const char *name, const char *text)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(b->dir, name);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0644, &err), JIG_OK);
}

static void expect_file(const struct bench *b, const char *name, const char *text)
{
    struct jig_buf now;
    JIG_CLEANUP_FREE char *path = jig_path_join(b->dir, name);
    jig_buf_init(&now, 1000);
    assert_int_equal(jig_fs_read(path, &now, NULL), JIG_OK);
    assert_string_equal(now.data, text);
    jig_buf_release(&now);
}

/* Runs `script` in the folder, reads "in" and leaves "out". */
static struct jig_action *act(const struct bench *b, const char *script)
{
    struct jig_action *a = jig_action_new("compile", "step");
    jig_strv_append(&a->argv, "/bin/sh");
    jig_strv_append(&a->argv, "-c");
    jig_strv_append_take(&a->argv, jig_strf("cd '%s'; %s", b->dir, script));
    a->cwd = jig_xstrdup("/");
    jig_strv_append_take(&a->inputs, jig_path_join(b->dir, "in"));
    jig_strv_append_take(&a->outputs, jig_path_join(b->dir, "out"));
    a->is_compile = true;
    return a;
}

static const char copies[] = "echo ran >> log; cat in > out; echo 'x.c:1:1: warning: odd' >&2";
/* Runs until somebody ends it: nobody ever writes to the pipe. */
static const char hangs[] = "echo hung >> log; read line < pipe";

static void make_pipe(const struct bench *b)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(b->dir, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
}

static void submit_and_wait(struct bench *b, const char *script)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_runner_submit(b->runner, act(b, script), NULL, &err);
    if (code == JIG_OK)
        code = jig_runner_wait_all(b->runner, &err);
    if (code != JIG_OK)
        fail_msg("%s", err.message);
}

static void one_run_serves_the_guess_and_who_submits(void **state)
{
    struct bench b;
    bench_open(&b, *state, 2);
    put(&b, "in", "text");
    jig_runner_guess(b.runner, act(&b, copies), false, false);
    struct jig_runner_summary *s = jig_runner_summary(b.runner);
    assert_int_equal(s->compiled, 0);
    submit_and_wait(&b, copies);
    expect_file(&b, "log", "ran\n");
    expect_file(&b, "out", "text");
    assert_int_equal(s->compiled, 1);
    assert_int_equal(s->ran, 1);
    assert_int_equal(s->diagnostics.n, 1);
    assert_int_equal(s->reason_count, 1);
    assert_string_equal(s->reasons[0].because, "never built");
    bench_close(&b);
}

/* Also when its tool has exited long before. */
static void a_guess_waits_to_be_taken(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, 2);
    put(&b, "in", "text");
    make_pipe(&b);
    jig_runner_guess(b.runner, act(&b, "cat in > out; echo x > pipe; echo ran >> log"), false,
                     false);
    struct jig_action *other = act(&b, "read line < pipe; echo other > other");
    free(other->outputs.v[0]);
    other->outputs.v[0] = jig_path_join(b.dir, "other");
    assert_int_equal(jig_runner_submit(b.runner, other, NULL, &err), JIG_OK);
    assert_int_equal(jig_runner_wait_all(b.runner, &err), JIG_OK);
    assert_int_equal(jig_runner_summary(b.runner)->compiled, 1);
    submit_and_wait(&b, "cat in > out; echo x > pipe; echo ran >> log");
    expect_file(&b, "log", "ran\n");
    assert_int_equal(jig_runner_summary(b.runner)->compiled, 2);
    bench_close(&b);
}

static void another_input_or_command_is_another_run(void **state)
{
    struct bench b;
    bench_open(&b, *state, 2);
    make_pipe(&b);
    put(&b, "in", "one");
    jig_runner_guess(b.runner, act(&b, hangs), false, false);
    submit_and_wait(&b, copies);
    expect_file(&b, "out", "one");
    bench_end(&b);

    bench_begin(&b, 2);
    put(&b, "in", "two");
    jig_runner_guess(b.runner, act(&b, "read line < pipe; cat in > out"), false, false);
    put(&b, "in", "three");
    put(&b, "pipe", "a file now\n");
    submit_and_wait(&b, "read line < pipe; cat in > out");
    expect_file(&b, "out", "three");
    bench_close(&b);
}

static void a_guess_that_nobody_wants_ends_with_the_runner(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    bench_open(&b, *state, 2);
    make_pipe(&b);
    put(&b, "in", "text");
    jig_runner_guess(b.runner, act(&b, hangs), false, false);
    assert_int_equal(jig_runner_wait_all(b.runner, &err), JIG_OK); /* nobody waits for it */
    bench_end(&b);
    assert_int_equal(b.record.traces.count, 0);
    bench_begin(&b, 1); /* one job is for those who wait */
    jig_runner_guess(b.runner, act(&b, hangs), false, false);
    submit_and_wait(&b, copies);
    bench_end(&b);
    bench_begin(&b, 2);
    atomic_store(&b.slots.free, 0); /* others have them all */
    jig_runner_guess(b.runner, act(&b, hangs), false, false);
    submit_and_wait(&b, copies);
    atomic_store(&b.slots.free, SLOTS);
    bench_close(&b);
}

static void what_is_current_is_not_guessed(void **state)
{
    struct bench b;
    bench_open(&b, *state, 2);
    put(&b, "in", "text");
    size_t reused = 0;
    for (int i = 0; reused == 0 && i < 10000; i++) { /* young stamps are not believed */
        submit_and_wait(&b, "cat in > out");
        reused = jig_runner_summary(b.runner)->reused;
        bench_end(&b);
        bench_begin(&b, 2);
    }
    jig_runner_guess(b.runner, act(&b, "cat in > out"), false, false);
    expect_file(&b, "out", "text"); /* a run would have removed it first */
    submit_and_wait(&b, "cat in > out");
    assert_int_equal(jig_runner_summary(b.runner)->reused, 1);
    bench_close(&b);
}

static void a_guessed_failure_is_a_failure(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_job *job = NULL;
    int status = 0;
    bench_open(&b, *state, 2);
    put(&b, "in", "text");
    jig_runner_guess(b.runner, act(&b, "echo no >&2; exit 3"), true, false);
    assert_int_equal(jig_runner_ask(b.runner, act(&b, "echo no >&2; exit 3"), &job, &status, &err),
                     JIG_OK);
    assert_int_equal(status, 3);
    assert_string_equal(jig_job_errors(job), "no\n");
    jig_runner_guess(b.runner, act(&b, "echo no >&2; exit 4"), false, false);
    enum jig_code code = jig_runner_submit(b.runner, act(&b, "echo no >&2; exit 4"), NULL, &err);
    if (code == JIG_OK)
        code = jig_runner_wait_all(b.runner, &err);
    assert_int_equal(code, JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(err.message, "step failed"));
    bench_close(&b);
}

/* Guesses may have all jobs; who asks, or submits, waits until one of them has ended. */
static void guesses_make_room_for_who_waits(void **state)
{
    struct bench b;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_job *job = NULL;
    int status = 0;
    bench_open(&b, *state, 2);
    put(&b, "in", "text");
    for (unsigned i = 0; i < 4; i++) {
        struct jig_action *a = act(&b, "true");
        free(a->outputs.v[0]);
        a->outputs.v[0] = jig_strf("%s/out%u", b.dir, i);
        assert_int_equal(jig_runner_guess(b.runner, a, false, true), i < 2);
    }
    struct jig_action *asked = act(&b, "echo asked >> log; exit 7");
    assert_int_equal(jig_runner_ask(b.runner, asked, &job, &status, &err), JIG_OK);
    assert_int_equal(status, 7);
    expect_file(&b, "log", "asked\n");
    bench_end(&b);
    bench_begin(&b, 1);
    assert_false(jig_runner_guess(b.runner, act(&b, "true"), false, true)); /* it has one job */
    submit_and_wait(&b, copies);
    bench_close(&b);
}

/* ---- the plan's part: whatever was guessed, the outcome is the same ---- */

static const struct {
    const char *what;
    const char *text;
} sketches[] = {
    {"as plain as can be", "void setup() {}\nvoid loop() { f(); }\nint f() { return 1; }\n"},
    {"with a library", "#include <Pump.h>\nvoid setup() {}\nvoid loop() {}\n"},
    {"with another one", "#include <Gauge.h>\nvoid setup() {}\nvoid loop() {}\n"},
    {"a function that is not there",
     "void setup() {}\nvoid loop() {}\n#if __has_include(<no.h>)\nint g() { return 1; }\n#endif\n"},
    {"as plain as before", "void setup() {}\nvoid loop() { f(); }\nint f() { return 2; }\n"},
    {"a header that nobody has", "#include <nobody.h>\nvoid setup() {}\nvoid loop() {}\n"},
    {"a header of its own", "#include \"own.h\"\nvoid setup() {}\nvoid loop() {}\n"},
};

static void put_libraries(const struct workshop *w)
{
    workshop_put(w, "libraries/Pump/Pump.h", "#include <Valve.h>\npump\n");
    workshop_put(w, "libraries/Pump/Pump.cpp", "#include \"Pump.h\"\n#include <Gauge.h>\n");
    workshop_put(w, "libraries/Valve/Valve.h", "valve\n");
    workshop_put(w, "libraries/Gauge/Gauge.h", "gauge\n");
}

/* Enough sources to begin some early; what the third one wants changes the path of the rest. */
static void put_sources(const struct workshop *w)
{
    for (int i = 0; i < 8; i++) {
        JIG_CLEANUP_FREE char *path = jig_strf("project/src/unit%d.cpp", i);
        JIG_CLEANUP_FREE char *text =
            jig_strf("#include \"own.h\"\n%sunit %d\n", i == 3 ? "#include <Gauge.h>\n" : "", i);
        workshop_put(w, path, text);
    }
}

static char *outcome(const struct workshop *w)
{
    if (w->code != JIG_OK)
        return jig_xstrdup(w->err.message);
    return workshop_read(w, "build/firmware.hex");
}

/* With two jobs there are guesses, with one there are none. */
static void guesses_change_nothing(void **state)
{
    JIG_CLEANUP_FREE char *first = jig_path_join(*state, "first");
    JIG_CLEANUP_FREE char *second = jig_path_join(*state, "second");
    struct workshop with, without;
    workshop_open(&with, first);
    workshop_open(&without, second);
    struct workshop *both[] = {&with, &without};
    without.jobs = 1;
    for (size_t i = 0; i < 2; i++) {
        put_libraries(both[i]);
        put_sources(both[i]);
        workshop_remove(both[i], "project/src/main.cpp");
        workshop_put(both[i], "project/src/own.h", "own\n");
    }
    for (size_t k = 0; k < JIG_COUNT(sketches); k++) {
        char *made[2];
        for (size_t i = 0; i < 2; i++) {
            workshop_put(both[i], "project/src/plain.ino", sketches[k].text);
            workshop_build(both[i]);
            made[i] = outcome(both[i]);
            JIG_CLEANUP_FREE char *text = workshop_read(both[i], "build/src/plain.ino.cpp");
            if (both[i]->code == JIG_OK)
                assert_non_null(strstr(text, "void setup();"));
        }
        if (with.code != without.code || strcmp(made[0], made[1]) != 0)
            fail_msg("%s: %s, not %s", sketches[k].what, made[0], made[1]);
        assert_int_equal(with.result.libraries.n, without.result.libraries.n);
        free(made[0]);
        free(made[1]);
    }
    workshop_close(&with);
    workshop_close(&without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(one_run_serves_the_guess_and_who_submits),
        IN_FOLDER(a_guess_waits_to_be_taken),
        IN_FOLDER(another_input_or_command_is_another_run),
        IN_FOLDER(a_guess_that_nobody_wants_ends_with_the_runner),
        IN_FOLDER(what_is_current_is_not_guessed),
        IN_FOLDER(a_guessed_failure_is_a_failure),
        IN_FOLDER(guesses_make_room_for_who_waits),
        IN_FOLDER(guesses_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
