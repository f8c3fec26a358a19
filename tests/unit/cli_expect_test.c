#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/expect.h"

struct seen {
    char text[256];
};

static void note_line(void *context, const char *line, size_t size)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "<%.*s>", (int)size, line);
}

static void begin(struct cli_expect *e, const char *expect, const char *fail_on, struct seen *seen)
{
    struct jig_error error;
    if (cli_expect_init(e, expect, fail_on, seen != NULL ? note_line : NULL, seen, &error) !=
        JIG_STATUS_OK)
        fail_msg("%s", error.message);
}

static enum cli_verdict feed(struct cli_expect *e, const char *text)
{
    return cli_expect_feed(e, text, strlen(text));
}

/* What a board says, cut at each place in two: the verdict must not hang on how bytes arrive. */
static void assert_verdict(const char *expect, const char *fail_on, const char *said,
                           enum cli_verdict verdict, const char *matched)
{
    size_t n = strlen(said);
    for (size_t cut = 0; cut <= n; cut++) {
        struct cli_expect e;
        begin(&e, expect, fail_on, NULL);
        cli_expect_feed(&e, said, cut);
        cli_expect_feed(&e, said + cut, n - cut);
        if (e.verdict != verdict)
            fail_msg("'%s' cut at %zu: verdict %d, not %d", said, cut, e.verdict, verdict);
        if (matched != NULL)
            assert_string_equal(e.matched, matched);
        cli_expect_release(&e);
    }
}

static void test_whole_lines(void **state)
{
    (void)state;
    assert_verdict("^up$", NULL, "boot\nup\nmore\n", CLI_EXPECTED, "up");
    assert_verdict("^up$", NULL, "boot\r\nup\r\nmore\r\n", CLI_EXPECTED, "up");
    assert_verdict("^up$", NULL, "startup\nupper\n", CLI_UNDECIDED, NULL);
    assert_verdict(NULL, "^panic", "ok\npanic: 5\n", CLI_FAILED, NULL);
    assert_verdict("ready$", "^panic", "panic\nready\n", CLI_FAILED, "panic");
    assert_verdict("^ready$", "^panic$", "ready\npanic\n", CLI_EXPECTED, "ready");
    assert_verdict("x", NULL, "", CLI_UNDECIDED, NULL);
}

static void test_both_in_one_line(void **state)
{
    (void)state;
    assert_verdict("PASS", "PASS with errors", "PASS with errors\n", CLI_FAILED, NULL);
    assert_verdict("PASS$", "errors", "PASS\n", CLI_EXPECTED, "PASS");
}

static void test_prompt_without_newline(void **state)
{
    (void)state;
    assert_verdict("login: ", NULL, "Welcome\nlogin: ", CLI_EXPECTED, "login: ");
    assert_verdict(NULL, "panic> ", "panic> ", CLI_FAILED, "panic> ");
}

/* What may yet come could undo these: they wait for the line's end, or for quiet. */
static void test_unfinished_line_waits(void **state)
{
    (void)state;
    struct cli_expect e;
    begin(&e, "> $", NULL, NULL);
    assert_int_equal(feed(&e, "sh> "), CLI_UNDECIDED);
    assert_true(e.undecided);
    assert_int_equal(feed(&e, "ls\n"), CLI_UNDECIDED);
    assert_false(e.undecided);
    assert_int_equal(feed(&e, "sh> "), CLI_UNDECIDED);
    assert_int_equal(cli_expect_quiet(&e), CLI_EXPECTED);
    assert_string_equal(e.matched, "sh> ");
    cli_expect_release(&e);

    begin(&e, NULL, "^(?!OK)", NULL);
    assert_int_equal(feed(&e, "O"), CLI_UNDECIDED);
    assert_int_equal(cli_expect_quiet(&e), CLI_UNDECIDED); /* never a failure by silence */
    assert_int_equal(feed(&e, "K\n"), CLI_UNDECIDED);
    assert_int_equal(feed(&e, "NO\n"), CLI_FAILED);
    cli_expect_release(&e);
}

static void test_quiet_does_not_repeat(void **state)
{
    (void)state;
    struct cli_expect e;
    begin(&e, "done$", NULL, NULL);
    assert_int_equal(feed(&e, "not do"), CLI_UNDECIDED);
    assert_int_equal(cli_expect_quiet(&e), CLI_UNDECIDED);
    assert_false(e.undecided); /* asked once: the caller may wait long again */
    assert_int_equal(feed(&e, "ne"), CLI_UNDECIDED);
    assert_true(e.undecided);
    assert_int_equal(cli_expect_quiet(&e), CLI_EXPECTED);
    cli_expect_release(&e);
}

static void test_end(void **state)
{
    (void)state;
    struct cli_expect e;
    begin(&e, NULL, "^fault$", NULL);
    assert_int_equal(feed(&e, "ok\nfault"), CLI_UNDECIDED);
    assert_int_equal(cli_expect_end(&e), CLI_FAILED);
    cli_expect_release(&e);
}

static void test_lines_are_told(void **state)
{
    (void)state;
    struct seen seen = {""};
    struct cli_expect e;
    begin(&e, "stop> ", NULL, &seen);
    feed(&e, "one\r\n\ntw");
    feed(&e, "o\nstop> ");
    assert_string_equal(seen.text, "<one><><two><stop> >");
    feed(&e, "more\n"); /* decided: nothing counts any more */
    assert_string_equal(seen.text, "<one><><two><stop> >");
    cli_expect_release(&e);
}

static void test_endless_line(void **state)
{
    (void)state;
    struct cli_expect e;
    begin(&e, "needle", NULL, NULL);
    static char hay[1000];
    memset(hay, '.', sizeof hay);
    for (size_t n = 0; n < 5 * CLI_EXPECT_LINE_MAX; n += sizeof hay)
        assert_int_equal(cli_expect_feed(&e, hay, sizeof hay), CLI_UNDECIDED);
    assert_int_equal(feed(&e, "needle"), CLI_EXPECTED);
    cli_expect_release(&e);
}

static void test_binary(void **state)
{
    (void)state;
    struct cli_expect e;
    begin(&e, "^caf\u00e9$", NULL, NULL);
    static const char bytes[] = "\xff\xfe\x00\x80\ncaf\xe9\ncaf\xc3\xa9\n";
    assert_int_equal(cli_expect_feed(&e, bytes, sizeof bytes - 1), CLI_EXPECTED);
    cli_expect_release(&e);
}

static void test_bad_patterns(void **state)
{
    (void)state;
    struct cli_expect e;
    struct jig_error error;
    assert_int_equal(cli_expect_init(&e, "a(b", NULL, NULL, NULL, &error),
                     JIG_STATUS_INVALID_ARGUMENT);
    assert_int_equal(error.cause, JIG_CAUSE_USAGE);
    assert_non_null(strstr(error.message, "--expect 'a(b'"));
    assert_non_null(strstr(error.message, "character 4"));
    assert_int_equal(cli_expect_init(&e, "fine", "[z-a]", NULL, NULL, &error),
                     JIG_STATUS_INVALID_ARGUMENT);
    assert_non_null(strstr(error.message, "--fail-on '[z-a]'"));
}

static void test_matching_is_bounded(void **state)
{
    (void)state;
    struct cli_expect e;
    begin(&e, "^(a+)+$", NULL, NULL);
    char line[64];
    memset(line, 'a', 40);
    memcpy(line + 40, "!\n", 3);
    assert_int_equal(feed(&e, line), CLI_TOO_COMPLEX);
    cli_expect_release(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_lines),
        cmocka_unit_test(test_both_in_one_line),
        cmocka_unit_test(test_prompt_without_newline),
        cmocka_unit_test(test_unfinished_line_waits),
        cmocka_unit_test(test_quiet_does_not_repeat),
        cmocka_unit_test(test_end),
        cmocka_unit_test(test_lines_are_told),
        cmocka_unit_test(test_endless_line),
        cmocka_unit_test(test_binary),
        cmocka_unit_test(test_bad_patterns),
        cmocka_unit_test(test_matching_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
