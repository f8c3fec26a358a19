#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "service/log.h"

static int64_t midnight(void *ctx)
{
    (void)ctx;
    return INT64_C(1795356000007); /* 2026-11-22T14:00:00.007Z */
}

static const struct jig_clock frozen = {.monotonic_ns = midnight, .unix_ms = midnight};

static void lines_are_one_line_each(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_log_file *log;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "jigd.log");
    assert_int_equal(jig_log_file_open(path, 0, false, &frozen, &log, &err), JIG_OK);
    struct jig_log_sink sink = jig_log_file_sink(log, JIG_LOG_INFO);
    sink.write(sink.ctx, JIG_LOG_WARNING, "a.b", "one\ntwo\x1b[31m");
    struct jig_strv lines = {0};
    jig_log_file_tail(log, 10, &lines);
    assert_int_equal(lines.n, 1);
    assert_string_equal(lines.v[0], "2026-11-22T14:00:00.007Z warning a.b one\\ntwo\\x1b[31m");
    jig_strv_release(&lines);
    jig_log_file_close(log);
    struct jig_buf text;
    jig_buf_init(&text, 4096);
    assert_int_equal(jig_fs_read(path, &text, &err), JIG_OK);
    assert_string_equal(text.data, "2026-11-22T14:00:00.007Z warning a.b one\\ntwo\\x1b[31m\n");
    jig_buf_release(&text);
}

static void the_file_and_the_memory_have_ceilings(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_log_file *log;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "jigd.log");
    assert_int_equal(jig_log_file_open(path, 10000, false, &frozen, &log, &err), JIG_OK);
    struct jig_log_sink sink = jig_log_file_sink(log, JIG_LOG_INFO);
    for (int i = 0; i < 3 * JIG_LOG_LINES_MAX; i++) {
        char text[32];
        snprintf(text, sizeof text, "line %d", i);
        sink.write(sink.ctx, JIG_LOG_INFO, "x", text);
    }
    struct jig_strv lines = {0};
    jig_log_file_tail(log, 5000, &lines);
    assert_int_equal(lines.n, JIG_LOG_LINES_MAX);
    assert_true(jig_str_ends(lines.v[lines.n - 1], " line 2999"));
    jig_strv_clear(&lines);
    jig_log_file_tail(log, 2, &lines);
    assert_int_equal(lines.n, 2);
    assert_true(jig_str_ends(lines.v[0], " line 2998"));
    jig_strv_release(&lines);
    jig_log_file_close(log);
    JIG_CLEANUP_FREE char *older = jig_strf("%s.1", path);
    struct jig_stamp now, before;
    assert_int_equal(jig_fs_stamp(path, &now, &err), JIG_OK);
    assert_int_equal(jig_fs_stamp(older, &before, &err), JIG_OK);
    assert_true(now.size > 0 && now.size <= 10000 && before.size <= 10000);
    assert_int_equal(now.mode & 0777, 0600);
    struct jig_strv names = {0};
    assert_int_equal(jig_fs_list(*state, &names, &err), JIG_OK);
    assert_int_equal(names.n, 2);
    jig_strv_release(&names);
}

static void an_old_log_is_gone_on_with(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_log_file *log;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "jigd.log");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(jig_log_file_open(path, 0, false, &frozen, &log, &err), JIG_OK);
        struct jig_log_sink sink = jig_log_file_sink(log, JIG_LOG_INFO);
        sink.write(sink.ctx, JIG_LOG_INFO, "x", "y");
        jig_log_file_close(log);
    }
    struct jig_stamp stamp;
    assert_int_equal(jig_fs_stamp(path, &stamp, &err), JIG_OK);
    assert_int_equal(stamp.size, 2 * strlen("2026-11-22T14:00:00.007Z info x y\n"));
    assert_int_equal(jig_log_file_open("/nowhere/x", 0, false, &frozen, &log, &err), JIG_NOT_FOUND);
}

#define IN_FOLDER(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(lines_are_one_line_each),
        IN_FOLDER(the_file_and_the_memory_have_ceilings),
        IN_FOLDER(an_old_log_is_gone_on_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
