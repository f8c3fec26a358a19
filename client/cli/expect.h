/*
 * expect.h - what a board prints, held against --expect and --fail-on.
 *
 * Both patterns (PCRE2) are tried on each line, without its end. A line that has not ended yet, a
 * prompt for one, counts as soon as nothing that may still come can change the match; otherwise
 * --expect is tried on it once more when the board is quiet (cli_expect_quiet), and both are when
 * no more will come (cli_expect_end). In one line --fail-on goes first.
 *
 * A line is cut at CLI_EXPECT_LINE_MAX bytes. Matching is bounded: a pattern that takes more than
 * CLI_EXPECT_STEPS steps on a line is given up, and that is told. Bytes that are not UTF-8 match
 * nothing.
 *
 *   undecided --a pattern matched--> expected | failed
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_CLI_EXPECT_H
#define JIG_CLI_EXPECT_H

#include <stdbool.h>
#include <stddef.h>

#include <jig/error.h>

#define CLI_EXPECT_LINE_MAX ((size_t)64 << 10)
#define CLI_EXPECT_STEPS    2000000 /* PCRE2's own default is ten million */
#define CLI_EXPECT_QUIET_MS 100

enum cli_verdict {
    CLI_UNDECIDED,
    CLI_EXPECTED,    /* --expect matched */
    CLI_FAILED,      /* --fail-on matched */
    CLI_TOO_COMPLEX, /* a pattern was given up */
};

struct cli_pattern; /* one compiled pattern */

typedef void cli_line_fn(void *context, const char *line, size_t size);

struct cli_expect {
    struct cli_pattern *expect;  /* NULL: none */
    struct cli_pattern *fail_on; /* NULL: none */
    cli_line_fn *on_line;        /* each whole line; may be NULL */
    void *context;
    char *line; /* what came of the current line */
    size_t length;
    bool undecided; /* --expect may yet match the unfinished line as it is */
    enum cli_verdict verdict;
    char matched[1024]; /* the line that decided */
};

/* Either pattern may be NULL. INVALID_ARGUMENT (cause USAGE) says what is wrong with a pattern and
 * where. */
enum jig_status cli_expect_init(struct cli_expect *e, const char *expect, const char *fail_on,
                                cli_line_fn *on_line, void *context, struct jig_error *error);
void cli_expect_release(struct cli_expect *e);

/* Takes what came. Once decided, the rest is ignored. */
enum cli_verdict cli_expect_feed(struct cli_expect *e, const char *data, size_t size);
enum cli_verdict cli_expect_quiet(struct cli_expect *e);
enum cli_verdict cli_expect_end(struct cli_expect *e);

#endif
