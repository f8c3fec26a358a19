/* What a build leaves word of, and when that word still counts. */
#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/lock.h"
#include "tests/support/workshop.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

static void expect_refusal(struct workshop *w, enum jig_reason reason, const char *says)
{
    assert_int_not_equal(workshop_last(w), JIG_OK);
    assert_int_equal(w->err.reason, reason);
    if (strstr(w->err.message, says) == NULL)
        fail_msg("it says: %s", w->err.message);
    assert_non_null(strstr(w->err.hint, "--no-build"));
}

static void a_folder_without_a_build(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    expect_refusal(&w, JIG_REASON_BAD_PROJECT, "no earlier build of environment 'one'");
    assert_false(workshop_has(&w, "build")); /* asking makes nothing */
    workshop_close(&w);
}

static void what_a_build_left(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    assert_int_equal(workshop_build(&w), JIG_OK);
    struct jig_digest hex = jig_build_artifact(&w.result, "hex")->sha256;
    int64_t flash = w.result.size.flash_bytes;
    workshop_restart(&w, NULL);
    if (workshop_last(&w) != JIG_OK)
        fail_msg("%s", w.err.message);
    assert_int_equal(w.result.artifact_count, 2);
    assert_true(jig_digest_equal(&jig_build_artifact(&w.result, "hex")->sha256, &hex));
    assert_true(flash > 0);
    assert_int_equal(w.result.size.flash_bytes, flash);
    workshop_close(&w);
}

static void a_failed_build_is_no_build(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_settle(&w);
    workshop_put(&w, "project/src/main.cpp", "#error no\n");
    assert_int_not_equal(workshop_build(&w), JIG_OK);
    assert_true(workshop_has(&w, "build/firmware.hex")); /* of the build before: not to be had */
    expect_refusal(&w, JIG_REASON_BAD_PROJECT, "the last build of environment 'one'");
    workshop_put(&w, "project/src/main.cpp", "#include <Arduino.h>\nsetup\n");
    workshop_settle(&w); /* the same again, so that there is little to do */
    assert_int_equal(workshop_last(&w), JIG_OK);
    workshop_close(&w);
}

static void a_cancelled_build_is_no_build(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_settle(&w);
    workshop_put(&w, "project/src/main.cpp", "other\n");
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, NULL), JIG_OK);
    jig_cancel_fire(&cancel);
    w.until = (struct jig_until){.deadline_ns = JIG_NO_DEADLINE, .cancel = &cancel};
    assert_int_equal(workshop_build(&w), JIG_CANCELLED);
    w.until = JIG_UNTIL_FOREVER;
    expect_refusal(&w, JIG_REASON_BAD_PROJECT, "the last build of environment 'one'");
    jig_cancel_release(&cancel);
    workshop_close(&w);
}

/* Of the same size, too, and in the same tick of the clock. */
static void artifacts_that_were_meddled_with(void **state)
{
    static const struct {
        const char *path;
        const char *as; /* NULL: removed */
    } rows[] = {
        {"build/firmware.hex", "something else"},
        {"build/firmware.hex", ""},
        {"build/firmware.hex", NULL},
        {"build/firmware.elf", "something else"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct workshop w;
        JIG_CLEANUP_FREE char *dir = jig_strf("%s/%zu", (const char *)*state, i);
        workshop_open(&w, dir);
        assert_int_equal(workshop_build(&w), JIG_OK);
        if (rows[i].as != NULL)
            workshop_put(&w, rows[i].path, rows[i].as);
        else
            workshop_remove(&w, rows[i].path);
        expect_refusal(&w, JIG_REASON_INTEGRITY, rows[i].as != NULL ? "changed" : "removed");
        assert_int_equal(w.code, JIG_DATA_LOSS);
        workshop_settle(&w); /* a build mends it */
        assert_int_equal(workshop_last(&w), JIG_OK);
        workshop_close(&w);
    }
}

static void same_size_in_the_same_tick(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *hex = workshop_read(&w, "build/firmware.hex");
    hex[0] = hex[0] == 'x' ? 'y' : 'x';
    workshop_put(&w, "build/firmware.hex", hex);
    expect_refusal(&w, JIG_REASON_INTEGRITY, "firmware.hex");
    workshop_close(&w);
}

static void word_that_is_damaged_is_none(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_settle(&w);
    workshop_put(&w, "build/.jig-last", "jigtrac4 nonsense");
    expect_refusal(&w, JIG_REASON_BAD_PROJECT, "no earlier build");
    workshop_settle(&w); /* has nothing to do but that */
    assert_int_equal(workshop_last(&w), JIG_OK);
    workshop_close(&w);
}

static void another_projects_build(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *first = w.project;
    w.project = workshop_path(&w, "second");
    workshop_put(&w, "second/platformio.ini", "[env:one]\nplatform = fake\nboard = uno\n");
    workshop_put(&w, "second/src/main.cpp", "#include <Arduino.h>\nsetup\n");
    expect_refusal(&w, JIG_REASON_BAD_PROJECT, first);
    workshop_put(&w, "second/platformio.ini", "[env:two]\nplatform = fake\nboard = uno\n");
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_int_equal(workshop_last(&w), JIG_OK);
    workshop_put(&w, "second/platformio.ini", "[env:three]\nplatform = fake\nboard = uno\n");
    expect_refusal(&w, JIG_REASON_BAD_PROJECT, "environment 'two'");
    workshop_close(&w);
}

struct finishing {
    struct workshop *w;
    int calls;
    bool has_hex;
    bool locked;
    bool refuse;
};

static enum jig_code finished(void *ctx, const struct jig_build_result *result,
                              struct jig_err *reterr)
{
    struct finishing *f = ctx;
    struct jig_lock lock = JIG_LOCK_INIT;
    JIG_CLEANUP_FREE char *path = workshop_path(f->w, "build/.jig-lock");
    f->calls++;
    f->has_hex = jig_build_artifact(result, "hex") != NULL;
    f->locked = jig_lock_try(&lock, path, "somebody else", NULL) == JIG_ABORTED;
    jig_lock_release(&lock);
    return f->refuse ? jig_err_set(reterr, JIG_UNAVAILABLE, "no, thanks") : JIG_OK;
}

/* Both ways to an image hand it over while nobody else can build there. */
static void finished_is_called_with_the_folder_locked(void **state)
{
    struct workshop w;
    struct finishing f = {.w = &w};
    workshop_open(&w, *state);
    w.finished = finished;
    w.finished_ctx = &f;
    workshop_put(&w, "project/src/main.cpp", "#error no\n");
    assert_int_not_equal(workshop_build(&w), JIG_OK);
    assert_int_not_equal(workshop_last(&w), JIG_OK);
    assert_int_equal(f.calls, 0);
    workshop_put(&w, "project/src/main.cpp", "setup\n");
    for (int i = 0; i < 3; i++) { /* built, up to date perhaps, and not even looked at */
        int before = f.calls;
        f.locked = f.has_hex = false;
        assert_int_equal(i < 2 ? workshop_build(&w) : workshop_last(&w), JIG_OK);
        assert_int_equal(f.calls, before + 1);
        assert_true(f.locked && f.has_hex);
    }
    f.refuse = true;
    assert_int_equal(workshop_build(&w), JIG_UNAVAILABLE);
    assert_string_equal(w.err.message, "no, thanks");
    f.refuse = false;
    assert_int_equal(workshop_last(&w), JIG_OK); /* the build was good */
    workshop_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_folder_without_a_build),
        IN_FOLDER(what_a_build_left),
        IN_FOLDER(a_failed_build_is_no_build),
        IN_FOLDER(a_cancelled_build_is_no_build),
        IN_FOLDER(artifacts_that_were_meddled_with),
        IN_FOLDER(same_size_in_the_same_tick),
        IN_FOLDER(word_that_is_damaged_is_none),
        IN_FOLDER(another_projects_build),
        IN_FOLDER(finished_is_called_with_the_folder_locked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
