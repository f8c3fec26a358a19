#include "client/cli/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "client/cli/json_event.h"
#include "client/cli/text.h"

#define BAR_WIDTH 20

void cli_view_init(struct cli_view *view, const struct cli *cli)
{
    const char *term = getenv("TERM");
    bool dumb = term == NULL || strcmp(term, "dumb") == 0;
    *view = (struct cli_view){.cli = cli, .percent = -1};
    view->terminal =
        !cli->options.json && !cli->options.quiet && !dumb && isatty(STDERR_FILENO) != 0;
}

void cli_view_release(struct cli_view *view)
{
    cli_view_erase(view);
    for (size_t i = 0; i < CLI_VIEW_LOG; i++)
        free(view->log[i]);
    memset(view->log, 0, sizeof view->log);
}

/* --- the progress line --- */

static int columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return size.ws_col;
    return 80;
}

/* How many bytes of s fill at most `width` columns, a character being one column. */
static int fitting(const char *s, int width)
{
    int bytes = 0;
    int used = 0;
    while (s[bytes] != '\0' && used < width) {
        bytes++;
        while (((unsigned char)s[bytes] & 0xc0) == 0x80)
            bytes++;
        used++;
    }
    return bytes;
}

void cli_view_draw(struct cli_view *view)
{
    if (!view->terminal || view->text[0] == '\0')
        return;
    int width = columns() - 1;
    fputs("\r\033[K", stderr);
    if (view->percent >= 0 && width > BAR_WIDTH + 20) {
        char bar[BAR_WIDTH + 1];
        int filled = view->percent * BAR_WIDTH / 100;
        memset(bar, ' ', BAR_WIDTH);
        memset(bar, '=', (size_t)filled);
        if (filled < BAR_WIDTH)
            bar[filled] = '>';
        bar[BAR_WIDTH] = '\0';
        fprintf(stderr, "%s[%s]%s ", cli_colour(stderr, CLI_CYAN), bar,
                cli_colour(stderr, CLI_PLAIN));
        width -= BAR_WIDTH + 3;
    }
    fprintf(stderr, "%.*s", fitting(view->text, width), view->text);
    fflush(stderr);
    view->drawn = true;
}

void cli_view_erase(struct cli_view *view)
{
    if (view->drawn)
        fputs("\r\033[K", stderr);
    view->drawn = false;
}

/* --- lines --- */

void cli_view_say(struct cli_view *view, enum jig_severity severity, const char *text)
{
    bool note = severity <= JIG_SEVERITY_NOTE;
    if (view->cli->options.json || (note && view->cli->options.quiet))
        return;
    cli_view_erase(view);
    static const struct {
        const char *word;
        enum cli_colour colour;
    } words[] = {
        [JIG_SEVERITY_UNSPECIFIED] = {"note", CLI_CYAN},
        [JIG_SEVERITY_NOTE] = {"note", CLI_CYAN},
        [JIG_SEVERITY_WARNING] = {"warning", CLI_YELLOW},
        [JIG_SEVERITY_ERROR] = {"error", CLI_RED},
    };
    size_t i = (unsigned)severity <= JIG_SEVERITY_ERROR ? severity : JIG_SEVERITY_ERROR;
    fprintf(stderr, "%s%s:%s %s\n", cli_colour(stderr, words[i].colour), words[i].word,
            cli_colour(stderr, CLI_PLAIN), text);
}

static void keep_log(struct cli_view *view, const char *text)
{
    char **slot = &view->log[view->log_next++ % CLI_VIEW_LOG];
    free(*slot);
    *slot = strdup(text);
}

void cli_view_dump_log(struct cli_view *view)
{
    cli_view_erase(view);
    for (size_t i = 0; i < CLI_VIEW_LOG; i++) {
        char **slot = &view->log[(view->log_next + i) % CLI_VIEW_LOG];
        if (*slot != NULL)
            fprintf(stderr, "%s\n", *slot);
        free(*slot);
        *slot = NULL;
    }
}

static void show_log(struct cli_view *view, const struct jig_event *event)
{
    if (!view->cli->options.verbose) {
        keep_log(view, event->is.log.text);
        return;
    }
    cli_view_erase(view);
    fprintf(stderr, "%s\n", event->is.log.text);
}

/* --- diagnostics --- */

static uint64_t hash_of(const struct jig_diagnostic *d)
{
    const char *parts[] = {d->file, d->message, d->rendered};
    uint64_t h = UINT64_C(14695981039346656037) ^ ((uint64_t)d->line << 32 | d->column);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        for (const char *s = parts[i]; *s != '\0'; s++)
            h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211); /* FNV-1a */
        h *= UINT64_C(1099511628211);
    }
    return h;
}

static bool seen_before(struct cli_view *view, const struct jig_diagnostic *d)
{
    uint64_t h = hash_of(d);
    for (size_t i = 0; i < view->seen_count; i++) {
        if (view->seen[i] == h)
            return true;
    }
    if (view->seen_count < CLI_VIEW_SEEN)
        view->seen[view->seen_count++] = h;
    return false;
}

static void print_place(const struct jig_diagnostic *d)
{
    fputs(cli_colour(stderr, CLI_BOLD), stderr);
    fputs(d->file, stderr);
    if (d->line > 0)
        fprintf(stderr, ":%u", d->line);
    if (d->line > 0 && d->column > 0)
        fprintf(stderr, ":%u", d->column);
    fprintf(stderr, "%s%s", d->file[0] != '\0' ? ":" : "", cli_colour(stderr, CLI_PLAIN));
}

/* The compiler's own lines, with the word for the severity coloured where it first stands. */
static void print_rendered(const struct jig_diagnostic *d)
{
    static const struct {
        const char *word;
        enum cli_colour colour;
    } words[] = {{"error:", CLI_RED}, {"warning:", CLI_YELLOW}, {"note:", CLI_CYAN}};
    const char *text = d->rendered;
    const char *best = NULL;
    size_t which = 0;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *at = strstr(text, words[i].word);
        if (at != NULL && (best == NULL || at < best)) {
            best = at;
            which = i;
        }
    }
    if (best != NULL) {
        fprintf(stderr, "%.*s%s%s%s", (int)(best - text), text,
                cli_colour(stderr, words[which].colour), words[which].word,
                cli_colour(stderr, CLI_PLAIN));
        text = best + strlen(words[which].word);
    }
    size_t n = strlen(text);
    fprintf(stderr, "%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
}

void cli_view_diagnostic(struct cli_view *view, const struct jig_diagnostic *d)
{
    if (view->cli->options.json || seen_before(view, d))
        return;
    if (view->cli->options.quiet && d->severity <= JIG_SEVERITY_NOTE)
        return;
    cli_view_erase(view);
    if (d->rendered[0] != '\0') {
        print_rendered(d);
        return;
    }
    print_place(d);
    fputs(d->file[0] != '\0' ? " " : "", stderr);
    cli_view_say(view, d->severity, d->message);
}

/* --- steps and progress --- */

static void show_step(struct cli_view *view, const struct jig_event *event)
{
    bool verbose = view->cli->options.verbose;
    enum jig_step_state state = event->is.step.state;
    uint32_t done = event->is.step.done;
    uint32_t total = event->is.step.total;
    const char *step = event->is.step.step;
    snprintf(view->text, sizeof view->text, "%u/%u %s", done, total, step);
    view->percent = total > 0 ? (int)((uint64_t)(done < total ? done : total) * 100 / total) : -1;
    bool ended = state == JIG_STEP_FINISHED || state == JIG_STEP_FAILED;
    bool line = verbose ? state != JIG_STEP_STARTED : ended && !view->terminal;
    if (view->cli->options.quiet || !line)
        return;
    cli_view_erase(view);
    int width = total >= 1000 ? 4 : total >= 100 ? 3 : 2;
    fprintf(stderr, "[%*u/%u] %s", width, done, total, step);
    if (verbose && state == JIG_STEP_REUSED)
        fputs(": reused", stderr);
    if (verbose && event->is.step.because[0] != '\0')
        fprintf(stderr, ": %s", event->is.step.because);
    char time[32];
    if (verbose && event->is.step.duration_us > 0)
        fprintf(stderr, " (%s)", cli_duration(event->is.step.duration_us, time));
    fputs(state == JIG_STEP_FAILED ? ": failed\n" : "\n", stderr);
}

static void show_progress(struct cli_view *view, const struct jig_event *event)
{
    const char *phase = event->is.progress.phase;
    uint32_t percent = event->is.progress.percent < 100 ? event->is.progress.percent : 100;
    int64_t total_bytes = event->is.progress.total_bytes;
    char amount[CLI_AMOUNT_MAX];
    cli_amount(event->is.progress.done_bytes, total_bytes, event->is.progress.bytes_per_second,
               amount);
    bool is_known = total_bytes > 0 || event->is.progress.done_bytes == 0;
    if (is_known)
        snprintf(view->text, sizeof view->text, "%s %u %%%s", phase, percent, amount);
    else
        snprintf(view->text, sizeof view->text, "%s%s", phase, amount);
    view->percent = is_known ? (int)percent : -1;
    bool over = percent == 100 && total_bytes > 0 && strcmp(view->phase, phase) != 0;
    if (over)
        snprintf(view->phase, sizeof view->phase, "%s", phase);
    if (over && !view->terminal && !view->cli->options.quiet)
        fprintf(stderr, "%s\n", view->text);
}

static void show_state(struct cli_view *view, enum jig_operation_state state)
{
    if (state == JIG_OPERATION_QUEUED)
        snprintf(view->text, sizeof view->text, "waiting for a worker");
    else if (state == JIG_OPERATION_RUNNING && view->text[0] == '\0')
        snprintf(view->text, sizeof view->text, "working");
    else if (state >= JIG_OPERATION_SUCCEEDED)
        view->text[0] = '\0';
}

void cli_view_event(struct cli_view *view, const char *operation, const struct jig_event *event)
{
    if (view->cli->options.json) {
        cli_json_print_event(operation, event);
        return;
    }
    switch (event->kind) {
    case JIG_EVENT_STATE:
        show_state(view, event->is.state);
        return;
    case JIG_EVENT_LOG:
        show_log(view, event);
        return;
    case JIG_EVENT_STEP:
        show_step(view, event);
        return;
    case JIG_EVENT_DIAGNOSTIC:
        cli_view_diagnostic(view, &event->is.diagnostic);
        return;
    case JIG_EVENT_PROGRESS:
        show_progress(view, event);
        return;
    case JIG_EVENT_NOTICE:
        cli_view_say(view, event->is.notice.severity, event->is.notice.text);
        return;
    case JIG_EVENT_OTHER:
        return;
    }
}
