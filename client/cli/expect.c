#include "client/cli/expect.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cli_pattern {
    const char *option; /* for messages */
    pcre2_code *code;
    pcre2_match_data *data;
    pcre2_match_context *context;
};

static void pattern_free(struct cli_pattern *p)
{
    if (p == NULL)
        return;
    pcre2_match_context_free(p->context);
    pcre2_match_data_free(p->data);
    pcre2_code_free(p->code);
    free(p);
}

static enum jig_status out_of_memory(struct jig_error *error)
{
    *error =
        (struct jig_error){.status = JIG_STATUS_RESOURCE_EXHAUSTED, .message = "out of memory"};
    return error->status;
}

static enum jig_status bad_pattern(const char *option, const char *text, int number, size_t at,
                                   struct jig_error *error)
{
    PCRE2_UCHAR why[256] = "";
    pcre2_get_error_message(number, why, sizeof why);
    *error = (struct jig_error){.status = JIG_STATUS_INVALID_ARGUMENT, .cause = JIG_CAUSE_USAGE};
    snprintf(error->message, sizeof error->message,
             "--%s '%s' is not a regular expression: at character %zu: %s", option, text, at + 1,
             (const char *)why);
    return error->status;
}

static enum jig_status pattern_new(const char *option, const char *text, struct cli_pattern **ret,
                                   struct jig_error *error)
{
    if (text == NULL)
        return JIG_STATUS_OK;
    int number = 0;
    size_t at = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                     PCRE2_UTF | PCRE2_MATCH_INVALID_UTF, &number, &at, NULL);
    if (code == NULL)
        return bad_pattern(option, text, number, at, error);
    struct cli_pattern *p = calloc(1, sizeof *p);
    if (p == NULL) {
        pcre2_code_free(code);
        return out_of_memory(error);
    }
    *p = (struct cli_pattern){.option = option,
                              .code = code,
                              .data = pcre2_match_data_create_from_pattern(code, NULL),
                              .context = pcre2_match_context_create(NULL)};
    if (p->data == NULL || p->context == NULL) {
        pattern_free(p);
        return out_of_memory(error);
    }
    pcre2_set_match_limit(p->context, CLI_EXPECT_STEPS);
    *ret = p;
    return JIG_STATUS_OK;
}

enum jig_status cli_expect_init(struct cli_expect *e, const char *expect, const char *fail_on,
                                cli_line_fn *on_line, void *context, struct jig_error *error)
{
    *e = (struct cli_expect){.on_line = on_line, .context = context};
    enum jig_status status = pattern_new("expect", expect, &e->expect, error);
    if (status == JIG_STATUS_OK)
        status = pattern_new("fail-on", fail_on, &e->fail_on, error);
    if (status == JIG_STATUS_OK) {
        e->line = malloc(CLI_EXPECT_LINE_MAX);
        if (e->line == NULL)
            status = out_of_memory(error);
    }
    if (status != JIG_STATUS_OK)
        cli_expect_release(e);
    return status;
}

void cli_expect_release(struct cli_expect *e)
{
    pattern_free(e->expect);
    pattern_free(e->fail_on);
    free(e->line);
    e->expect = NULL;
    e->fail_on = NULL;
    e->line = NULL;
}

/* --- matching --- */

enum match { NO_MATCH, MATCH, MAY_MATCH, GIVEN_UP };

/* `unfinished`: more of the line may come, and a match that it could change is none yet. */
static enum match try_pattern(const struct cli_pattern *p, const struct cli_expect *e,
                              size_t length, bool unfinished)
{
    if (p == NULL)
        return NO_MATCH;
    int rc = pcre2_match(p->code, (PCRE2_SPTR)e->line, length, 0,
                         unfinished ? PCRE2_PARTIAL_HARD : 0, p->data, p->context);
    if (rc >= 0)
        return MATCH;
    if (rc == PCRE2_ERROR_PARTIAL)
        return MAY_MATCH;
    return rc == PCRE2_ERROR_NOMATCH ? NO_MATCH : GIVEN_UP;
}

static enum cli_verdict decide(struct cli_expect *e, enum cli_verdict verdict, size_t length)
{
    e->verdict = verdict;
    snprintf(e->matched, sizeof e->matched, "%.*s", (int)length, e->line);
    return verdict;
}

/* What an unfinished line that decides holds is told like a line. */
static enum cli_verdict decide_unfinished(struct cli_expect *e, enum cli_verdict verdict)
{
    if (e->on_line != NULL)
        e->on_line(e->context, e->line, e->length);
    return decide(e, verdict, e->length);
}

static enum cli_verdict verdict_of(enum match fail, enum match expect)
{
    if (fail == MATCH)
        return CLI_FAILED;
    if (expect == MATCH && fail != MAY_MATCH)
        return CLI_EXPECTED;
    return fail == GIVEN_UP || expect == GIVEN_UP ? CLI_TOO_COMPLEX : CLI_UNDECIDED;
}

static void judge_line(struct cli_expect *e, size_t length)
{
    enum cli_verdict verdict = verdict_of(try_pattern(e->fail_on, e, length, false),
                                          try_pattern(e->expect, e, length, false));
    if (verdict != CLI_UNDECIDED)
        decide(e, verdict, length);
}

static void judge_unfinished(struct cli_expect *e)
{
    enum match expect = try_pattern(e->expect, e, e->length, true);
    enum cli_verdict verdict = verdict_of(try_pattern(e->fail_on, e, e->length, true), expect);
    e->undecided = expect == MATCH || expect == MAY_MATCH;
    if (verdict != CLI_UNDECIDED)
        decide_unfinished(e, verdict);
}

static void end_line(struct cli_expect *e)
{
    size_t length = e->length;
    while (length > 0 && e->line[length - 1] == '\r')
        length--;
    if (e->on_line != NULL)
        e->on_line(e->context, e->line, length);
    judge_line(e, length);
    e->length = 0;
    e->undecided = false;
}

enum cli_verdict cli_expect_feed(struct cli_expect *e, const char *data, size_t size)
{
    while (size > 0 && e->verdict == CLI_UNDECIDED) {
        const char *end = memchr(data, '\n', size);
        size_t n = end != NULL ? (size_t)(end - data) : size;
        size_t room = CLI_EXPECT_LINE_MAX - e->length;
        size_t take = n < room ? n : room;
        memcpy(e->line + e->length, data, take);
        e->length += take;
        data += take;
        size -= take;
        bool whole = end == data;
        if (whole) {
            data++;
            size--;
        }
        if (whole || e->length == CLI_EXPECT_LINE_MAX)
            end_line(e);
    }
    if (e->verdict == CLI_UNDECIDED && e->length > 0)
        judge_unfinished(e);
    return e->verdict;
}

enum cli_verdict cli_expect_quiet(struct cli_expect *e)
{
    if (e->verdict != CLI_UNDECIDED || !e->undecided)
        return e->verdict;
    e->undecided = false; /* as it stands: asked once */
    enum match expect = try_pattern(e->expect, e, e->length, false);
    if (expect == MATCH && try_pattern(e->fail_on, e, e->length, false) == NO_MATCH)
        return decide_unfinished(e, CLI_EXPECTED);
    return CLI_UNDECIDED;
}

enum cli_verdict cli_expect_end(struct cli_expect *e)
{
    if (e->verdict == CLI_UNDECIDED && e->length > 0)
        end_line(e);
    return e->verdict;
}
