#include "client/cli/session.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jig/device.h>

#include "client/cli/expect.h"
#include "client/cli/json_out.h"
#include "client/cli/terminal.h"
#include "client/cli/view.h"

#define POLL_MS   30000
#define GRACE_MS  10000 /* for a reply that the daemon sends when its wait is over */
#define CLOSE_MS  2000
#define CTRL_END  0x1d /* Ctrl-] */
#define NS_PER_MS INT64_C(1000000)

struct run {
    struct cli *cli;
    struct cli_session *session;
    struct cli_view view;
    struct cli_expect expect;
    int64_t limit_ns;
    uint64_t cursor;
    bool paused;   /* the watcher has been told so */
    bool terminal; /* stdin is one, and is ours */
    bool in_line;  /* the last byte was no line's end */
    bool ended;    /* by Ctrl-] */
    bool broken;   /* stdout can't be written */
};

/* --- from the board --- */

static void print_line_event(void *context, const char *line, size_t size)
{
    (void)context;
    json_t *event = cli_json_event("line");
    cli_json_set(event, "text", cli_json_text_n(line, size));
    cli_json_print(event);
}

static void tell_dropped(struct run *r, uint64_t dropped)
{
    r->session->dropped += dropped;
    if (r->cli->options.json) {
        json_t *event = cli_json_event("dropped");
        cli_json_set_int(event, "bytes", (int64_t)dropped);
        cli_json_print(event);
        return;
    }
    char text[80];
    snprintf(text, sizeof text, "%llu bytes of the board's output were lost",
             (unsigned long long)dropped);
    cli_view_say(&r->view, JIG_SEVERITY_WARNING, text);
}

static void tell_event(struct run *r, const struct jig_monitor_event *e)
{
    static const char *const words[] = {
        [JIG_MONITOR_UNSPECIFIED] = "monitor",
        [JIG_MONITOR_PAUSED] = "paused",
        [JIG_MONITOR_RESUMED] = "resumed",
        [JIG_MONITOR_CLOSED] = "closed",
    };
    bool news = e->kind != JIG_MONITOR_RESUMED || r->paused;
    r->paused = e->kind == JIG_MONITOR_PAUSED;
    if (!news)
        return; /* the port was opened for us: that is no interruption */
    if (!r->cli->options.json) {
        cli_view_say(&r->view, JIG_SEVERITY_NOTE, e->text);
        return;
    }
    size_t i = (size_t)e->kind < sizeof words / sizeof words[0] ? (size_t)e->kind : 0;
    json_t *event = cli_json_event(words[i]);
    cli_json_set_text(event, "text", e->text);
    cli_json_set_text(event, "port", e->port);
    cli_json_print(event);
}

static void take(struct run *r, const struct jig_monitor_data *d)
{
    if (d->dropped > 0)
        tell_dropped(r, d->dropped);
    if (!r->cli->options.json && d->size > 0) {
        fwrite(d->bytes, 1, d->size, stdout);
        r->broken = fflush(stdout) != 0;
        r->in_line = d->bytes[d->size - 1] != '\n';
    }
    r->session->bytes += d->size;
    r->cursor = d->cursor;
    for (size_t i = 0; i < d->event_count; i++)
        tell_event(r, &d->events[i]);
    cli_expect_feed(&r->expect, (const char *)d->bytes, d->size);
}

/* --- to the board --- */

static void send_bytes(struct run *r, const char *bytes, size_t size)
{
    struct jig_error error;
    if (size == 0)
        return;
    enum jig_status status = jig_client_write_monitor(r->cli->client, r->session->name, bytes, size,
                                                      jig_deadline_after_ms(GRACE_MS), &error);
    if (status != JIG_STATUS_OK && status != JIG_STATUS_CANCELLED) {
        char text[JIG_ERROR_MESSAGE_MAX + 40];
        snprintf(text, sizeof text, "what you sent did not arrive: %s", error.message);
        cli_view_say(&r->view, JIG_SEVERITY_WARNING, text);
    }
}

static const char *line_end(const struct cli_options *o)
{
    if (o->eol == NULL || strcmp(o->eol, "crlf") == 0)
        return "\r\n";
    return strcmp(o->eol, "cr") == 0 ? "\r" : "\n";
}

/* What was typed; Enter becomes a line's end. True when the end was asked for. */
static bool send_typed(struct run *r, const char *typed, size_t size)
{
    char out[2 * 512];
    size_t n = 0;
    bool end = false;
    const char *eol = line_end(&r->cli->options);
    for (size_t i = 0; i < size && !end; i++) {
        end = typed[i] == CTRL_END;
        if (typed[i] == '\r') {
            memcpy(out + n, eol, strlen(eol));
            n += strlen(eol);
        } else if (!end) {
            out[n++] = typed[i];
        }
    }
    if (r->cli->options.echo && !r->cli->options.json) {
        fwrite(out, 1, n, stdout);
        fflush(stdout);
    }
    send_bytes(r, out, n);
    return end;
}

static bool on_input(void *context, int fd)
{
    struct run *r = context;
    char bytes[512];
    ssize_t n = read(fd, bytes, sizeof bytes);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return false;
    if (n <= 0) {
        jig_client_unwatch(r->cli->client, fd); /* no more to send; the board may say more */
        return false;
    }
    if (!r->terminal) {
        send_bytes(r, bytes, (size_t)n);
        return false;
    }
    r->ended = send_typed(r, bytes, (size_t)n);
    return r->ended;
}

static void begin_input(struct run *r)
{
    if (r->cli->options.no_input)
        return;
    bool is_terminal = isatty(STDIN_FILENO) != 0;
    r->terminal = is_terminal && cli_terminal_begin(STDIN_FILENO);
    if (is_terminal && !r->terminal)
        return; /* in the background: reading would stop us */
    /* stdout may be a pipe that closes: the terminal must be put right then. */
    signal(SIGPIPE, SIG_IGN);
    struct jig_error error;
    if (jig_client_watch(r->cli->client, STDIN_FILENO, on_input, r, &error) != JIG_STATUS_OK)
        cli_view_say(&r->view, JIG_SEVERITY_WARNING, error.message);
    if (r->terminal && !r->cli->options.quiet)
        cli_view_say(&r->view, JIG_SEVERITY_NOTE, "Ctrl-] or Ctrl-C ends the session");
}

static void end_input(struct run *r)
{
    jig_client_unwatch(r->cli->client, STDIN_FILENO);
    cli_terminal_restore();
    if (r->in_line && isatty(STDOUT_FILENO) != 0)
        putchar('\n'); /* for the shell's prompt; files get what the board said, no more */
    r->in_line = false;
    fflush(stdout);
}

/* --- until --- */

static int64_t now_ns(void)
{
    return jig_deadline_after_ms(0);
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t wait_ms(const struct run *r)
{
    int64_t wait = r->expect.undecided ? CLI_EXPECT_QUIET_MS : POLL_MS;
    if (r->limit_ns == JIG_FOREVER)
        return wait;
    int64_t left = (r->limit_ns - now_ns() + NS_PER_MS - 1) / NS_PER_MS;
    return sooner(wait, left > 0 ? left : 0);
}

static int timed_out(struct run *r)
{
    end_input(r);
    const struct cli_options *o = &r->cli->options;
    double seconds = (double)(o->timeout_ms >= 0 ? o->timeout_ms : o->deadline_ms) / 1000;
    if (o->expect != NULL)
        return cli_fail_with(r->cli, JIG_STATUS_DEADLINE_EXCEEDED, JIG_CAUSE_NONE, NULL,
                             "%s printed nothing that matches '%s' within %g s", r->session->device,
                             o->expect, seconds);
    return cli_fail_with(r->cli, JIG_STATUS_DEADLINE_EXCEEDED, JIG_CAUSE_NONE, NULL,
                         "%s was watched for %g s", r->session->device, seconds);
}

static int decided(struct run *r)
{
    end_input(r);
    const struct cli_options *o = &r->cli->options;
    snprintf(r->session->matched, sizeof r->session->matched, "%s", r->expect.matched);
    if (r->expect.verdict == CLI_EXPECTED) {
        r->session->outcome = "matched";
        return CLI_EXIT_DONE;
    }
    if (r->expect.verdict == CLI_FAILED)
        return cli_fail_with(r->cli, JIG_STATUS_FAILED_PRECONDITION, JIG_CAUSE_TEST_FAILED, NULL,
                             "%s printed '%s', which --fail-on '%s' matches", r->session->device,
                             r->expect.matched, o->fail_on);
    return cli_fail_with(r->cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                         "a pattern with nested repeats, (a+)+, can take for ever",
                         "a pattern took too many steps on the line '%.60s...'", r->expect.matched);
}

/* True when the session is over, with *ret_exit set. */
static bool stopped(struct run *r, enum jig_status status, const struct jig_error *error,
                    int *ret_exit)
{
    if (status == JIG_STATUS_CANCELLED && r->ended) {
        r->session->outcome = "ended";
        *ret_exit = CLI_EXIT_DONE;
        return true;
    }
    if (status != JIG_STATUS_OK) {
        end_input(r);
        *ret_exit = cli_fail(r->cli, error);
        return true;
    }
    return false;
}

static int closed(struct run *r)
{
    if (cli_expect_end(&r->expect) != CLI_UNDECIDED)
        return decided(r);
    return cli_fail_with(r->cli, JIG_STATUS_ABORTED, JIG_CAUSE_NONE, NULL,
                         "the session with %s is over: the daemon closed it", r->session->device);
}

static int loop(struct run *r)
{
    for (;;) {
        const struct jig_monitor_data *d;
        struct jig_error error;
        int exit_status;
        int64_t wait = wait_ms(r);
        int64_t deadline =
            r->limit_ns == JIG_FOREVER ? JIG_FOREVER : jig_deadline_after_ms(wait + GRACE_MS);
        enum jig_status status = jig_client_read_monitor(r->cli->client, r->session->name,
                                                         r->cursor, wait, deadline, &d, &error);
        if (stopped(r, status, &error, &exit_status))
            return exit_status;
        take(r, d);
        bool quiet = d->size == 0;
        bool over = d->closed;
        jig_client_free(d);
        if (quiet)
            cli_expect_quiet(&r->expect);
        r->broken = r->broken || ferror(stdout) != 0;
        if (r->broken)
            return CLI_EXIT_OTHER;
        if (r->expect.verdict != CLI_UNDECIDED)
            return decided(r);
        if (over)
            return closed(r);
        if (now_ns() >= r->limit_ns)
            return timed_out(r);
    }
}

/* What came before was interrupted, too late to stop it. */
static int not_begun(struct run *r)
{
    return cli_fail_with(r->cli, JIG_STATUS_CANCELLED, JIG_CAUSE_NONE, NULL,
                         "interrupted: what %s says is not shown", r->session->device);
}

bool cli_session_check(struct cli *cli, int *ret_exit)
{
    struct cli_expect expect;
    struct jig_error error;
    enum jig_status status =
        cli_expect_init(&expect, cli->options.expect, cli->options.fail_on, NULL, NULL, &error);
    if (status != JIG_STATUS_OK) {
        *ret_exit = cli_fail(cli, &error);
        return false;
    }
    cli_expect_release(&expect);
    return true;
}

int cli_session_run(struct cli *cli, struct cli_session *session)
{
    struct run r = {.cli = cli, .session = session};
    struct jig_error error;
    cli_line_fn *on_line = cli->options.json ? print_line_event : NULL;
    session->outcome = "failed";
    if (cli_expect_init(&r.expect, cli->options.expect, cli->options.fail_on, on_line, NULL,
                        &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    r.limit_ns = sooner(cli->deadline_ns, jig_deadline_after_ms(cli->options.timeout_ms));
    cli_view_init(&r.view, cli);
    int exit_status;
    if (cli->interrupted) {
        exit_status = not_begun(&r);
    } else {
        begin_input(&r);
        exit_status = loop(&r);
        end_input(&r);
    }
    cli_forgive(cli);
    (void)jig_client_close_monitor(cli->client, session->name, jig_deadline_after_ms(CLOSE_MS),
                                   NULL);
    cli_view_release(&r.view);
    cli_expect_release(&r.expect);
    return exit_status;
}

json_t *cli_session_json(const struct cli_session *session)
{
    json_t *o = json_object();
    cli_json_set_text(o, "outcome", session->outcome);
    cli_json_set(o, "matched", cli_json_text_or_null(session->matched));
    cli_json_set_text(o, "device", session->device);
    cli_json_set_text(o, "port", session->port);
    cli_json_set_int(o, "bytes", (int64_t)session->bytes);
    cli_json_set_int(o, "dropped_bytes", (int64_t)session->dropped);
    return o;
}
