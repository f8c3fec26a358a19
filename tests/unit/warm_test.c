/* Answers that are watched: which of them stay when there are too many, and who hears of them. */
#include "tests/support/unit.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "service/warm.h"

struct bench {
    char *file; /* what every answer rests on */
    struct jig_files *files;
    struct jig_warm *warm;
    unsigned looks;
    char told[64]; /* names of the answers whose use was told of, one after the other */
};

static void on_used(void *ctx, const Jig__V1__ProjectSelector *selector,
                    const struct jig_target *target)
{
    struct bench *b = ctx;
    size_t n = strlen(b->told);
    assert_null(target);
    snprintf(b->told + n, sizeof b->told - n, "%s ", selector->directory);
}

/* A look during which the file is written, the first time. */
static bool on_look(void *ctx, const Jig__V1__ProjectSelector *selector, struct jig_sightings *seen,
                    const struct jig_until *until, struct jig_warm_builds *ret)
{
    struct bench *b = ctx;
    (void)until;
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    struct jig_stamp stamp;
    bool there = jig_fs_stamp(b->file, &stamp, NULL) == JIG_OK;
    jig_observe(NULL);
    if (b->looks++ == 0)
        there = there && jig_fs_write_atomic(b->file, "another", 7, 0600, NULL) == JIG_OK;
    jig_observe(jig_sightings_observer(seen));
    there = there && jig_fs_stamp(b->file, &stamp, NULL) == JIG_OK;
    jig_observe(before);
    ret->subject = jig_xstrdup(selector->directory);
    return there;
}

static int setup(void **state)
{
    void *folder = NULL;
    struct bench *b = jig_new(struct bench);
    if (unit_folder_setup(&folder) != 0)
        return -1;
    b->file = jig_path_join(folder, "file");
    if (jig_fs_write_atomic(b->file, "x", 1, 0600, NULL) != JIG_OK)
        return -1;
    struct jig_stamp stamp;
    do
        sched_yield();
    while (jig_fs_stamp(b->file, &stamp, NULL) != JIG_OK ||
           jig_stamp_is_racy(&stamp, jig_stamp_clock_ns()));
    b->files = jig_files_new(100);
    b->warm = jig_warm_new(&(struct jig_warm_config){
        .salt = "", .files = b->files, .look = on_look, .used = on_used, .ctx = b});
    free(folder);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    jig_warm_stop(b->warm);
    jig_warm_free(b->warm);
    jig_files_free(b->files);
    void *folder = jig_path_dir(b->file);
    free(b->file);
    free(b);
    return unit_folder_teardown(&folder);
}

static void wait_idle(const struct bench *b)
{
    while (jig_warm_stats(b->warm).pending > 0)
        sched_yield();
}

/* The n-th question. */
static Jig__V1__ProjectSelector selector(char name[16], unsigned n)
{
    Jig__V1__ProjectSelector s = JIG__V1__PROJECT_SELECTOR__INIT;
    snprintf(name, 16, "/p%u", n);
    s.directory = name;
    return s;
}

static void offer(const struct bench *b, unsigned n)
{
    char name[16];
    Jig__V1__ProjectSelector s = selector(name, n);
    struct jig_sightings *seen = jig_sightings_new();
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    assert_true(jig_fs_is_file(b->file));
    jig_observe(before);
    struct jig_warm_builds builds = {.subject = jig_xstrdup(name)};
    jig_warm_offer_take(b->warm, &s, seen, &builds);
    wait_idle(b);
}

static bool has(const struct bench *b, unsigned n)
{
    char name[16];
    Jig__V1__ProjectSelector s = selector(name, n);
    struct jig_warm_said said = {0};
    struct jig_warm_answer *answer = jig_warm_ask(b->warm, &s, &said);
    bool found = answer != NULL;
    if (found)
        assert_string_equal(jig_warm_builds(answer)->subject, name);
    jig_warm_unref(answer);
    jig_warm_said_release(&said);
    return found;
}

static void what_nobody_asks_for_gives_way(void **state)
{
    const struct bench *b = *state;
    for (unsigned i = 0; i < JIG_WARM_MOST; i++)
        offer(b, i);
    assert_int_equal(jig_warm_stats(b->warm).live, JIG_WARM_MOST);
    assert_true(has(b, 0)); /* the oldest, and in use */
    assert_true(has(b, 2));
    offer(b, JIG_WARM_MOST);
    offer(b, JIG_WARM_MOST + 1);
    offer(b, 2); /* which is there: nobody has to go */
    assert_int_equal(jig_warm_stats(b->warm).live, JIG_WARM_MOST);
    static const unsigned gone[] = {1, 3};
    for (size_t i = 0; i < JIG_COUNT(gone); i++)
        assert_false(has(b, gone[i]));
    assert_true(has(b, 0));
    assert_true(has(b, 2));
    for (unsigned i = 4; i < JIG_WARM_MOST + 2; i++)
        assert_true(has(b, i));
}

static void what_was_asked_for_is_told_of_once(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < 3; i++)
        offer(b, i);
    assert_string_equal(b->told, "/p0 /p1 /p2 "); /* no build has told: there is no target */
    b->told[0] = '\0';
    jig_warm_tell_used(b->warm);
    assert_string_equal(b->told, "");
    assert_true(has(b, 2));
    assert_true(has(b, 0));
    assert_true(has(b, 2));
    jig_warm_tell_used(b->warm);
    assert_string_equal(b->told, "/p0 /p2 ");
    jig_warm_tell_used(b->warm);
    assert_string_equal(b->told, "/p0 /p2 ");
}

/* The watch of what holds no more stays while builds run, but not of more than there is room for.
 */
static void what_holds_no_more_is_let_go(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < JIG_WARM_DEAD + 2; i++)
        offer(b, i);
    assert_int_equal(jig_warm_stats(b->warm).watcher.watches, JIG_WARM_DEAD + 2);
    jig_warm_build_begins(b->warm);
    assert_int_equal(unlink(b->file), 0);
    assert_false(has(b, 0));
    assert_int_equal(jig_warm_stats(b->warm).live, JIG_WARM_DEAD + 1);
    assert_int_equal(jig_warm_stats(b->warm).watcher.watches, JIG_WARM_DEAD + 2);
    for (unsigned i = 1; i <= JIG_WARM_DEAD; i++)
        assert_false(has(b, i));
    while (jig_warm_stats(b->warm).watcher.watches > 1)
        sched_yield();
    assert_false(has(b, JIG_WARM_DEAD + 1));
    assert_int_equal(jig_warm_stats(b->warm).pending, 1);
    jig_warm_build_ended(b->warm);
    while (jig_warm_stats(b->warm).watcher.watches > 0)
        sched_yield();
    assert_int_equal(jig_warm_stats(b->warm).watcher.names, 1); /* the root */
}

static void what_changes_during_a_look_is_looked_at_again(void **state)
{
    const struct bench *b = *state;
    char name[16];
    Jig__V1__ProjectSelector s = selector(name, 1);
    jig_warm_look_ahead(b->warm, &s);
    wait_idle(b);
    assert_int_equal(jig_warm_stats(b->warm).live, 1);
    assert_true(jig_warm_stats(b->warm).look_ahead >= 2);
    assert_true(has(b, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_asked_for_is_told_of_once, setup, teardown),
        cmocka_unit_test_setup_teardown(what_nobody_asks_for_gives_way, setup, teardown),
        cmocka_unit_test_setup_teardown(what_holds_no_more_is_let_go, setup, teardown),
        cmocka_unit_test_setup_teardown(what_changes_during_a_look_is_looked_at_again, setup,
                                        teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
