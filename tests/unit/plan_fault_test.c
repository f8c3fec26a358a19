/*
 * plan_fault_test.c - builds that are cut short, that fail, and whose folders others meddle with:
 * what is built afterwards is as good as from scratch.
 */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "tests/support/workshop.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

#define INI "[env:one]\nplatform = fake\nboard = uno\n"

/* ---- cancel ---- */

struct saboteur {
    struct jig_cancel cancel;
    unsigned at; /* fires at this event, from 1; 0 never */
    unsigned seen;
    struct jig_strv notices;
    unsigned errors;
};

static void on_step(void *ctx, const struct jig_build_step *e)
{
    struct saboteur *s = ctx;
    (void)e;
    if (++s->seen == s->at)
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(cancelled_at_every_step),
        IN_FOLDER(cancelled_before_it_began),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
