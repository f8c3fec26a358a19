#include "client/cli/timing.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/text.h"

#define BAR_WIDTH 30
#define BETWEEN   "(between)"

/* One build or deploy. */
struct work {
    char name[128];
    const char *outcome;
    int64_t server_us;
    const struct jig_phase *phases;
    size_t count;
};

typedef void each_fn(void *context, const struct work *work);

static struct work of_build(const struct jig_build_result *b)
{
    struct work w = {.outcome = cli_build_outcome(b->outcome),
                     .server_us = b->server_us,
                     .phases = b->phases,
                     .count = b->phase_count};
    snprintf(w.name, sizeof w.name, "build %s", b->environment);
    return w;
}

static void for_each(const struct jig_operation *op, each_fn *each, void *context)
{
    const struct jig_deploy_result *d = op->deploy;
    for (size_t i = 0; i < op->builds.count; i++) {
        struct work w = of_build(&op->builds.items[i]);
        each(context, &w);
    }
    if (d == NULL)
        return;
    struct work w = {.name = "deploy",
                     .outcome = cli_deploy_outcome(d->outcome),
                     .server_us = d->server_us,
                     .phases = d->phases,
                     .count = d->phase_count};
    each(context, &w);
    if (d->build != NULL) {
        w = of_build(d->build);
        each(context, &w);
    }
}

/* --- for people --- */

static void print_bar(double share)
{
    char bar[BAR_WIDTH + 1];
    int filled = (int)(share * BAR_WIDTH + 0.5);
    filled = filled < 0 ? 0 : filled > BAR_WIDTH ? BAR_WIDTH : filled;
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    printf("  %s%s%s", cli_colour(stdout, CLI_GREEN), bar, cli_colour(stdout, CLI_PLAIN));
}

static void print_phase(const char *name, int width, int64_t us, int64_t whole_us, bool bars)
{
    char time[32];
    double share = whole_us > 0 ? (double)us / (double)whole_us : 0;
    printf("  %-*s  %9s  %5.1f %%", width, name, cli_duration(us, time), share * 100);
    if (bars)
        print_bar(share);
    putchar('\n');
}

static void print_work(void *context, const struct work *w)
{
    const bool *bars = context;
    char time[32];
    int width = (int)strlen(BETWEEN);
    int64_t rest = w->server_us;
    for (size_t i = 0; i < w->count; i++) {
        int n = (int)strlen(w->phases[i].name);
        width = n > width ? n : width;
        rest -= w->phases[i].duration_us;
    }
    printf("%s%s%s: %s in %s\n", cli_colour(stdout, CLI_BOLD), w->name,
           cli_colour(stdout, CLI_PLAIN), w->outcome, cli_duration(w->server_us, time));
    for (size_t i = 0; i < w->count; i++)
        print_phase(w->phases[i].name, width, w->phases[i].duration_us, w->server_us, *bars);
    if (w->count > 0 && rest > 0)
        print_phase(BETWEEN, width, rest, w->server_us, *bars);
}

void cli_print_timing(const struct jig_operation *op)
{
    bool bars = isatty(STDOUT_FILENO) != 0;
    for_each(op, print_work, &bars);
    if (op->builds.count == 0 && op->deploy == NULL)
        fprintf(stderr, "the %s %s, and has no times to show\n", cli_operation_kind(op->kind),
                jig_operation_ended(op) ? "did not get that far" : "has not ended");
}

/* --- for scripts --- */

static void add_work(void *context, const struct work *w)
{
    json_t *o = json_object();
    cli_json_set_text(o, "work", w->name);
    cli_json_set_text(o, "outcome", w->outcome);
    cli_json_set_int(o, "server_us", w->server_us);
    cli_json_set(o, "phases_us", cli_json_phases(w->phases, w->count));
    json_array_append_new(context, o);
}

json_t *cli_json_timing(const struct jig_operation *op)
{
    json_t *all = json_array();
    for_each(op, add_work, all);
    return all;
}
