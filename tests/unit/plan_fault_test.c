/*
 * plan_fault_test.c - builds that are cut short, that fail, and whose folders others meddle with:
 * what is built afterwards is as good as from scratch.
 */
#include "tests/support/unit.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/proc.h"
#include "core/os/time.h"
#include "tests/support/workshop.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

#define INI "[env:one]\nplatform = fake\nboard = uno\n"

/* ---- cancel ---- */

struct saboteur {
    struct jig_cancel cancel;
    unsigned at; /* fires at this event, from 1; 0 never */
    unsigned seen;
    const struct workshop *removes; /* its build folder; NULL: it cancels */
    struct jig_strv notices;
    unsigned errors;
};

static void on_step(void *ctx, const struct jig_build_step *e)
{
    struct saboteur *s = ctx;
    (void)e;
    if (++s->seen != s->at)
        return;
    if (s->removes != NULL) { /* at once, which a removal file by file is not */
        JIG_CLEANUP_FREE char *gone = workshop_path(s->removes, "gone");
        assert_int_equal(rename(s->removes->build_dir, gone), 0);
    } else
        jig_cancel_fire(&s->cancel);
}

static void on_diagnostic(void *ctx, const struct jig_diagnostic *d)
{
    struct saboteur *s = ctx;
    s->errors += d->severity == JIG_SEVERITY_ERROR;
}

static void on_notice(void *ctx, const char *id, enum jig_severity severity, const char *text)
{
    struct saboteur *s = ctx;
    (void)severity;
    (void)text;
    jig_strv_append(&s->notices, id);
}

static void watch(struct workshop *w, struct saboteur *s, unsigned at)
{
    static struct jig_build_events events;
    struct jig_err err = JIG_ERR_INIT;
    *s = (struct saboteur){.at = at};
    assert_int_equal(jig_cancel_init(&s->cancel, &err), JIG_OK);
    events = (struct jig_build_events){
        .ctx = s, .step = on_step, .diagnostic = on_diagnostic, .notice = on_notice};
    w->events = &events;
    w->until = (struct jig_until){.cancel = &s->cancel, .deadline_ns = JIG_NO_DEADLINE};
}

static void unwatch(struct workshop *w, struct saboteur *s)
{
    w->events = NULL;
    w->until = JIG_UNTIL_FOREVER;
    jig_cancel_release(&s->cancel);
    jig_strv_release(&s->notices);
}

static void put_a_project(struct workshop *w)
{
    workshop_put(w, "libraries/A/A.h", "#include <B.h>\n");
    workshop_put(w, "libraries/A/A.cpp", "#include \"A.h\"\na\n");
    workshop_put(w, "libraries/B/B.h", "b\n");
    workshop_put(w, "libraries/B/B.cpp", "#include \"B.h\"\nb\n");
    workshop_put(w, "project/src/main.cpp", "#include <A.h>\nsetup\n");
    workshop_put(w, "project/src/other.c", "other\n");
}

static void cancelled_at_every_step(void **state)
{
    struct workshop w;
    struct saboteur s;
    workshop_open(&w, *state);
    put_a_project(&w);
    workshop_restart(&w, "objects");
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *want = workshop_read(&w, "build/firmware.hex");
    enum jig_code code = JIG_CANCELLED;
    for (unsigned at = 1; code == JIG_CANCELLED; at++) {
        workshop_remove(&w, "build");
        workshop_remove(&w, "objects");
        watch(&w, &s, at);
        code = workshop_build(&w);
        if (code == JIG_OK) /* it came within the last step, which still said how it ended */
            assert_true(s.seen <= at + 2);
        else
            assert_int_equal(code, JIG_CANCELLED);
        unwatch(&w, &s);
        assert_int_equal(workshop_count(&w, "build", ".jig-tmp"), 0);
        assert_int_equal(workshop_count(&w, "objects", ".jig-tmp"), 0);
        assert_int_equal(workshop_build(&w), JIG_OK);
        JIG_CLEANUP_FREE char *got = workshop_read(&w, "build/firmware.hex");
        assert_string_equal(got, want);
        assert_true(at < 1000);
    }
    workshop_close(&w);
}

/* A cancel that came before the build does not wait for a tool to be noticed. */
static void cancelled_before_it_began(void **state)
{
    struct workshop w;
    struct saboteur s;
    workshop_open(&w, *state);
    workshop_settle(&w);
    watch(&w, &s, 0);
    jig_cancel_fire(&s.cancel);
    assert_int_equal(workshop_build(&w), JIG_CANCELLED);
    unwatch(&w, &s);
    workshop_close(&w);
}

/* ---- failures ---- */

/* A build that fails says what is wrong, and the next one is none the worse. */
static void a_failure_does_not_last(void **state)
{
    struct workshop w;
    struct saboteur s;
    workshop_open(&w, *state);
    put_a_project(&w);
    workshop_settle(&w);
    workshop_put(&w, "project/src/main.cpp", "#include <A.h>\n#error one\n");
    workshop_put(&w, "project/src/other.c", "#error two\n");
    watch(&w, &s, 0);
    assert_int_equal(workshop_build(&w), JIG_FAILED_PRECONDITION);
    assert_int_equal(w.err.reason, JIG_REASON_BUILD_FAILED);
    assert_true(s.errors > 0);
    assert_int_equal(w.result.summary.diagnostics.n, s.errors);
    unwatch(&w, &s);
    workshop_restart(&w, NULL);
    workshop_put(&w, "project/src/other.c", "other\n");
    workshop_put(&w, "project/src/main.cpp", "#include <A.h>\nsetup\n");
    workshop_settle(&w);
    workshop_close(&w);
}

/* Somebody may be removing the folder just then. */
static void a_look_makes_nothing(void **state)
{
    static const char *const gone[] = {"build/sketch/Blink.ino.cpp",
                                       "build/sketch/more.cpp",
                                       "build/sketch",
                                       "build/preproc",
                                       "build/.jig-lock",
                                       "build"};
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "Blink/Blink.ino", "void setup() {}\n");
    workshop_put(&w, "Blink/more.cpp", "more\n");
    free(w.project);
    w.project = workshop_path(&w, "Blink");
    for (size_t i = 0; i < JIG_COUNT(gone); i++) {
        w.look_only = false;
        workshop_settle(&w);
        w.look_only = true;
        assert_int_equal(workshop_build(&w), JIG_OK);
        assert_true(workshop_has(&w, gone[i]));
        workshop_remove(&w, gone[i]);
        assert_int_equal(workshop_build(&w), JIG_FAILED_PRECONDITION);
        assert_false(workshop_has(&w, gone[i]));
    }
    workshop_close(&w);
}

static void a_header_that_nobody_has(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/main.cpp", "#include <Nobody.h>\n");
    assert_int_equal(workshop_build(&w), JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(w.err.message, "Nobody.h: No such file or directory"));
    assert_non_null(strstr(w.err.hint, "no library that is installed here has Nobody.h"));
    workshop_put(&w, "libraries/N/Nobody.h", "here\n");
    workshop_settle(&w);
    workshop_close(&w);
}

static void a_program_that_is_too_large(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "hardware/fake/one/boards.txt",
                 "uno.name=Uno\nuno.build.core=fake\nuno.upload.maximum_size=10\n");
    for (int i = 0; i < 2; i++) { /* measured, and from what is remembered */
        assert_int_equal(workshop_build(&w), JIG_FAILED_PRECONDITION);
        assert_int_equal(w.err.reason, JIG_REASON_BUILD_FAILED);
        assert_non_null(strstr(w.err.message, "bytes of flash"));
        assert_false(w.result.up_to_date);
    }
    workshop_close(&w);
}

static void a_tool_that_is_missing(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_settle(&w);
    workshop_remove(&w, "hardware/fake/one/bin/fake-size");
    assert_int_equal(workshop_build(&w), JIG_NOT_FOUND);
    assert_non_null(strstr(w.err.message, "fake-size, which is not installed"));
    workshop_close(&w);
}

/* The compiler itself edits what it has just read. */
static void an_edit_during_the_build(void **state)
{
    struct workshop w;
    struct saboteur s;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/x.h", "one\n");
    JIG_CLEANUP_FREE char *text =
        jig_strf("#include \"x.h\"\n#pragma fake append %s/project/src/x.h two\n", w.dir);
    workshop_put(&w, "project/src/main.cpp", text);
    watch(&w, &s, 0);
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_true(jig_strv_contains(&s.notices, "build.input_changed"));
    unwatch(&w, &s);
    workshop_put(&w, "project/src/main.cpp", "#include \"x.h\"\n");
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "two"));
    workshop_close(&w);
}

/* A new compiler compiles everything anew; also one whose name leads elsewhere now. */
static void another_compiler(void **state)
{
    struct workshop w;
    struct jig_err err = JIG_ERR_INIT;
    workshop_open(&w, *state);
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *compiler = workshop_path(&w, "hardware/fake/one/bin/fake-g++");
    JIG_CLEANUP_FREE char *other = workshop_path(&w, "other-compiler");
    JIG_CLEANUP_FREE char *program = jig_strf("cat %s > %s; echo >> %s", compiler, other, other);
    char *argv[] = {"sh", "-c", program, NULL};
    struct jig_proc_spec spec = {.argv = argv};
    struct jig_until forever = JIG_UNTIL_FOREVER;
    struct jig_proc_result result;
    assert_int_equal(jig_proc_run(&spec, &forever, &result, &err), JIG_OK);
    assert_int_equal(chmod(other, 0755), 0);
    workshop_remove(&w, "hardware/fake/one/bin/fake-g++");
    assert_int_equal(symlink(other, compiler), 0);
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_int_equal(w.result.summary.compiled, 2); /* the two that it compiles */
    assert_string_equal(w.result.summary.reasons[0].because, "the tool fake-g++ changed");
    workshop_settle(&w);
    workshop_close(&w);
}

/* What a driver runs is part of it, and so is one that it would find first. */
static void another_part_of_the_compiler(void **state)
{
    static const struct {
        const char *path;
        const char *text;
        bool changes;
    } rows[] = {
        {"hardware/fake/one/second/cc1", "one", true},
        {"hardware/fake/one/second/cc1", "two", true},
        {"hardware/fake/one/first/cc1", "three", true},
        {"hardware/fake/one/second/cc1", "four", false},
        {"hardware/fake/one/second/readme", "five", false},
    };
    struct workshop w;
    workshop_open(&w, *state);
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        workshop_settle(&w);
        workshop_put(&w, rows[i].path, rows[i].text);
        assert_int_equal(workshop_build(&w), JIG_OK);
        assert_int_equal(w.result.summary.compiled, rows[i].changes ? 3 : 0);
    }
    workshop_close(&w);
}

/* ---- the build folder ---- */

struct other_build {
    struct workshop *w;
    enum jig_code code;
};

static void *build_there(void *ctx)
{
    struct other_build *o = ctx;
    o->code = workshop_build(o->w);
    return NULL;
}

/* Two builds of one folder at a time: one after the other, and both are right. */
static void two_builds_of_one_folder(void **state)
{
    struct workshop one, two;
    workshop_open(&one, *state);
    put_a_project(&one);
    workshop_share(&two, &one);
    for (int i = 0; i < 10; i++) {
        JIG_CLEANUP_FREE char *text = jig_strf("#include <A.h>\nround %d\n", i);
        workshop_put(&one, "project/src/main.cpp", text);
        struct other_build other = {.w = &two};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, build_there, &other), 0);
        assert_int_equal(workshop_build(&one), JIG_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(other.code, JIG_OK);
        JIG_CLEANUP_FREE char *elf = workshop_read(&one, "build/firmware.elf");
        assert_non_null(strstr(elf, text + strlen("#include <A.h>\n")));
    }
    workshop_close(&two);
    workshop_close(&one);
}

/* Removed at every step: an error at worst, and the next build is right. */
static void removed_at_every_step(void **state)
{
    struct workshop w;
    struct saboteur s;
    workshop_open(&w, *state);
    put_a_project(&w);
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *want = workshop_read(&w, "build/firmware.hex");
    bool reached = true;
    for (unsigned at = 1; reached; at++) {
        workshop_remove(&w, "build");
        workshop_remove(&w, "gone");
        watch(&w, &s, at);
        s.removes = &w;
        enum jig_code code = workshop_build(&w);
        reached = s.seen >= at;
        assert_true(!reached || code != JIG_OK);
        unwatch(&w, &s);
        if (workshop_build(&w) != JIG_OK)
            fail_msg("after step %u: %s", at, w.err.message);
        JIG_CLEANUP_FREE char *got = workshop_read(&w, "build/firmware.hex");
        assert_string_equal(got, want);
    }
    workshop_close(&w);
}

/* Room for small files alone, as on a full disk: every step that leaves more fails by its name, and
 * nothing half written passes for whole later. */
static void a_full_disk(void **state)
{
    struct workshop w;
    struct rlimit old, small;
    workshop_open(&w, *state);
    put_a_project(&w);
    workshop_restart(&w, "objects");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room < 2000; room = room * 3 / 2 + 10) {
        small = (struct rlimit){room, old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
        enum jig_code code = workshop_build(&w);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
        assert_true(code == JIG_OK || w.err.message[0] != '\0');
        assert_int_equal(workshop_count(&w, "build", ".jig-tmp"), 0);
        assert_int_equal(workshop_count(&w, "objects", ".jig-tmp"), 0);
    }
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *kept = workshop_read(&w, "build/firmware.hex");
    workshop_remove(&w, "build");
    workshop_restart(&w, NULL);
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *fresh = workshop_read(&w, "build/firmware.hex");
    assert_string_equal(kept, fresh);
    workshop_close(&w);
}

static void a_clean_build_removes_only_its_own(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    w.clean = true;
    workshop_put(&w, "build/letter.txt", "dear Ann\n");
    assert_int_equal(workshop_build(&w), JIG_FAILED_PRECONDITION);
    assert_non_null(strstr(w.err.message, "is not a build folder"));
    assert_true(workshop_has(&w, "build/letter.txt"));
    workshop_remove(&w, "build/letter.txt");
    assert_int_equal(workshop_build(&w), JIG_OK);
    workshop_put(&w, "build/old.txt", "old\n");
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_false(workshop_has(&w, "build/old.txt"));
    assert_int_equal(w.result.summary.compiled, 3);
    workshop_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(cancelled_at_every_step),
        IN_FOLDER(cancelled_before_it_began),
        IN_FOLDER(a_failure_does_not_last),
        IN_FOLDER(a_header_that_nobody_has),
        IN_FOLDER(a_program_that_is_too_large),
        IN_FOLDER(a_tool_that_is_missing),
        IN_FOLDER(an_edit_during_the_build),
        IN_FOLDER(another_compiler),
        IN_FOLDER(another_part_of_the_compiler),
        IN_FOLDER(a_look_makes_nothing),
        IN_FOLDER(two_builds_of_one_folder),
        IN_FOLDER(removed_at_every_step),
        IN_FOLDER(a_full_disk),
        IN_FOLDER(a_clean_build_removes_only_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
