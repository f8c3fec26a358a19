#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/args.h"
#include "client/cli/exit.h"
#include "client/cli/nearest.h"
#include "client/cli/text.h"

/* Parses words that are parted by '|'. */
static bool parse(const char *words, struct cli_line *line, struct jig_error *error)
{
    static char text[512];
    static char *argv[32];
    int argc = 1;
    snprintf(text, sizeof text, "%s", words);
    argv[0] = (char *)"jig";
    for (char *at = text; *at != '\0';) {
        argv[argc++] = at;
        at += strcspn(at, "|");
        if (*at != '\0')
            *at++ = '\0';
    }
    argv[argc] = NULL;
    return cli_args_parse(argc, argv, line, error);
}

static void must_parse(const char *words, struct cli_line *line)
{
    struct jig_error error;
    if (!parse(words, line, &error))
        fail_msg("%s: %s", words, error.message);
}

static void test_options_anywhere(void **state)
{
    (void)state;
    static const char *const forms[] = {
        "--json|-v|build|dir|-e|uno|-j|3|--clean",
        "build|--json|-e|uno|dir|-v|-j3|--clean",
        "build|-v|--clean|-euno|--jobs=3|dir|--json",
        "-v|build|--json|--clean|--jobs|3|-e|uno|--|dir",
        "--json|build|-v|--environment=uno|-j|3|--clean|dir",
    };
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct cli_line line;
        must_parse(forms[i], &line);
        assert_string_equal(line.command->name, "build");
        assert_true(line.options.json);
        assert_true(line.options.verbose);
        assert_true(line.options.clean);
        assert_string_equal(line.options.environment, "uno");
        assert_int_equal(line.options.jobs, 3);
        assert_int_equal(line.options.argument_count, 1);
        assert_string_equal(line.options.arguments[0], "dir");
    }
}

static void test_groups(void **state)
{
    (void)state;
    struct cli_line line;
    must_parse("--json|devices|-q|show|emulated:uno|--deadline|1.5", &line);
    assert_string_equal(line.command->group, "devices");
    assert_string_equal(line.command->name, "show");
    assert_true(line.options.json && line.options.quiet);
    assert_int_equal(line.options.deadline_ms, 1500);
    assert_string_equal(line.options.arguments[0], "emulated:uno");
    must_parse("ops", &line);
    assert_null(line.command);
    assert_string_equal(line.group->name, "ops");
    must_parse("", &line);
    assert_null(line.command);
    assert_null(line.group);
    assert_int_equal(line.options.deadline_ms, -1);
    assert_int_equal(line.options.timeout_ms, -1);
}

static void test_leading_dash(void **state)
{
    (void)state;
    struct cli_line line;
    must_parse("build|--|-my project", &line);
    assert_string_equal(line.options.arguments[0], "-my project");
}

static void test_repeated_images(void **state)
{
    (void)state;
    struct cli_line line;
    must_parse("deploy|-d|x|--image|0:a|--image=0x10:b", &line);
    assert_int_equal(line.options.images.count, 2);
    assert_string_equal(line.options.images.items[1], "0x10:b");
}

static void test_help_needs_no_arguments(void **state)
{
    (void)state;
    struct cli_line line;
    must_parse("devices|show|--help", &line);
    assert_true(line.options.help);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        const char *message;
        const char *hint;
    } rows[] = {
        {"biuld", "there is no command 'biuld'", "jig build"},
        {"zzzzzz", "there is no command 'zzzzzz'", "`jig help` lists"},
        {"devices|lits", "there is no command 'devices lits'", "jig devices list"},
        {"build|--jsno", "there is no option --jsno", "--json"},
        {"--jsno|build", "there is no option --jsno", "--json"},
        {"build|--device|x", "there is no option --device", ""},
        {"build|-Z", "there is no option -Z", ""},
        {"build|-qZ", "there is no option -Z", ""},
        {"build|--json=1", "--json takes no value", ""},
        {"build|-e", "--environment needs a value: --environment ENV", ""},
        {"build|--jobs", "--jobs needs a value", ""},
        {"build|-j|x", "--jobs needs a whole number, not 'x'", ""},
        {"build|-j|-1", "--jobs needs a whole number, not '-1'", ""},
        {"build|-j|4294967296", "--jobs needs a whole number", ""},
        {"build|-j|", "--jobs needs a", ""},
        {"--deadline|soon|build", "--deadline needs a number of seconds, not 'soon'", ""},
        {"--deadline|-1|build", "--deadline needs a number of seconds", ""},
        {"--deadline|1e9999|build", "--deadline needs a number of seconds", ""},
        {"--deadline|nan|build", "--deadline needs a number of seconds", ""},
        {"deploy|--trust|maybe", "--trust is one of session, verify, none, not 'maybe'", ""},
        {"build|a|b", "jig build does not take 'b'", "[DIR]"},
        {"devices|show", "jig devices show needs DEVICE", "jig help devices show"},
        {"monitor|x", "jig monitor does not take 'x'", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cli_line line;
        struct jig_error error = {.message = ""};
        if (parse(rows[i].words, &line, &error))
            fail_msg("%s is accepted", rows[i].words);
        assert_int_equal(cli_exit_of(error.status, error.cause), CLI_EXIT_USAGE);
        if (strstr(error.message, rows[i].message) == NULL ||
            strstr(error.hint, rows[i].hint) == NULL)
            fail_msg("%s: said '%s', hint '%s'", rows[i].words, error.message, error.hint);
    }
}

static void test_json_counts_even_in_errors(void **state)
{
    (void)state;
    struct cli_line line;
    struct jig_error error;
    assert_false(parse("--nosuch|build|--json", &line, &error));
    assert_true(line.options.json);
    assert_false(parse("build|--nosuch|--|--json", &line, &error));
    assert_false(line.options.json);
}

static void test_too_many_images(void **state)
{
    (void)state;
    static char *argv[2 * CLI_TEXTS_MAX + 8];
    int argc = 0;
    argv[argc++] = (char *)"jig";
    argv[argc++] = (char *)"deploy";
    for (int i = 0; i <= CLI_TEXTS_MAX; i++) {
        argv[argc++] = (char *)"--image";
        argv[argc++] = (char *)"0:x";
    }
    argv[argc] = NULL;
    struct cli_line line;
    struct jig_error error;
    assert_false(cli_args_parse(argc, argv, &line, &error));
    assert_non_null(strstr(error.message, "no more than 64 times"));
}

/* The contract: each row is in docs/cli.md too. */
static void test_exit_statuses(void **state)
{
    (void)state;
    static const struct {
        enum jig_status status;
        enum jig_cause cause;
        int exit;
    } rows[] = {
        {JIG_STATUS_OK, JIG_CAUSE_NONE, 0},
        {JIG_STATUS_FAILED_PRECONDITION, JIG_CAUSE_TEST_FAILED, 1},
        {JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_NONE, 2},
        {JIG_STATUS_NOT_FOUND, JIG_CAUSE_USAGE, 2},
        {JIG_STATUS_NOT_FOUND, JIG_CAUSE_BAD_PROJECT, 3},
        {JIG_STATUS_FAILED_PRECONDITION, JIG_CAUSE_NEEDS_ENV, 3},
        {JIG_STATUS_NOT_FOUND, JIG_CAUSE_NONE, 4},
        {JIG_STATUS_ABORTED, JIG_CAUSE_BUSY, 5},
        {JIG_STATUS_FAILED_PRECONDITION, JIG_CAUSE_BUILD_FAILED, 6},
        {JIG_STATUS_DEADLINE_EXCEEDED, JIG_CAUSE_DEPLOY_FAILED, 7},
        {JIG_STATUS_UNAVAILABLE, JIG_CAUSE_NONE, 8},
        {JIG_STATUS_FAILED_PRECONDITION, JIG_CAUSE_VERSION, 8},
        {JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE, 8},
        {JIG_STATUS_PERMISSION_DENIED, JIG_CAUSE_NONE, 9},
        {JIG_STATUS_UNAUTHENTICATED, JIG_CAUSE_NONE, 9},
        {JIG_STATUS_DEADLINE_EXCEEDED, JIG_CAUSE_NONE, 10},
        {JIG_STATUS_DATA_LOSS, JIG_CAUSE_NONE, 11},
        {JIG_STATUS_ABORTED, JIG_CAUSE_INTEGRITY, 11},
        {JIG_STATUS_INTERNAL, JIG_CAUSE_NONE, 12},
        {JIG_STATUS_UNIMPLEMENTED, JIG_CAUSE_NONE, 12},
        {JIG_STATUS_RESOURCE_EXHAUSTED, JIG_CAUSE_NONE, 12},
        {(enum jig_status)99, (enum jig_cause)99, 12},
        {JIG_STATUS_CANCELLED, JIG_CAUSE_NONE, 130},
        {JIG_STATUS_CANCELLED, JIG_CAUSE_BUILD_FAILED, 130},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(cli_exit_of(rows[i].status, rows[i].cause), rows[i].exit);
}

static void test_nearest(void **state)
{
    (void)state;
    static const char *const words[] = {"build", "deploy", "devices", "daemon", NULL};
    struct cli_nearest n = {.wanted = "deplyo"};
    for (size_t i = 0; words[i] != NULL; i++)
        cli_nearest_offer(&n, words[i]);
    char out[128];
    cli_nearest_sentence(&n, "jig ", out, sizeof out);
    assert_string_equal(out, "did you mean jig deploy?");
    n = (struct cli_nearest){.wanted = "de"};
    for (size_t i = 0; words[i] != NULL; i++)
        cli_nearest_offer(&n, words[i]);
    cli_nearest_sentence(&n, "", out, sizeof out);
    assert_string_equal(out, "did you mean deploy or devices?");
    n = (struct cli_nearest){.wanted = "xyzzy"};
    for (size_t i = 0; words[i] != NULL; i++)
        cli_nearest_offer(&n, words[i]);
    cli_nearest_sentence(&n, "", out, sizeof out);
    assert_string_equal(out, "");
}

static const char *bar(int64_t used, int64_t max)
{
    static char line[128];
    FILE *f = fmemopen(line, sizeof line, "w");
    cli_print_usage_bar(f, "Flash:", used, max);
    fclose(f);
    return line;
}

static void test_texts(void **state)
{
    (void)state;
    char out[32];
    assert_string_equal(bar(1006, 32256),
                        "Flash: [=                   ] 3.1 % (1006 bytes of 32256)\n");
    assert_string_equal(bar(0, 100), "Flash: [                    ] 0.0 % (0 bytes of 100)\n");
    assert_string_equal(bar(100, 100),
                        "Flash: [====================] 100.0 % (100 bytes of 100)\n");
    assert_string_equal(bar(250, 100),
                        "Flash: [====================] 250.0 % (250 bytes of 100)\n");
    assert_string_equal(bar(7, 0), "Flash: 7 bytes\n");
    assert_string_equal(cli_duration(812, out), "812 us");
    assert_string_equal(cli_duration(3100, out), "3.1 ms");
    assert_string_equal(cli_duration(1720000, out), "1.72 s");
    assert_string_equal(cli_duration(INT64_C(125000000), out), "2 min 5 s");
    assert_string_equal(cli_age(59999, out), "59 s");
    assert_string_equal(cli_age(3600000, out), "1 h 0 min");
    assert_string_equal(cli_size(1023, out), "1023 bytes");
    assert_string_equal(cli_size(4404019, out), "4.2 MiB");
    char amount[CLI_AMOUNT_MAX];
    assert_string_equal(cli_amount(0, 0, 0, amount), "");
    assert_string_equal(cli_amount(1 << 20, 0, 0, amount), " (1.0 MiB)");
    assert_string_equal(cli_amount(0, 2048, 0, amount), " (0 bytes of 2.0 KiB)");
    assert_string_equal(cli_amount(1 << 20, 3 << 20, 1 << 19, amount),
                        " (1.0 MiB of 3.0 MiB, 512.0 KiB/s, 4 s left)");
    assert_string_equal(cli_amount(3 << 20, 3 << 20, 1 << 19, amount),
                        " (3.0 MiB of 3.0 MiB, 512.0 KiB/s)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_anywhere),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_leading_dash),
        cmocka_unit_test(test_repeated_images),
        cmocka_unit_test(test_help_needs_no_arguments),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_json_counts_even_in_errors),
        cmocka_unit_test(test_too_many_images),
        cmocka_unit_test(test_exit_statuses),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
