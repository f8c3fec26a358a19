#include "client/cli/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/text.h"

/* The path as seen from the current folder, where it is below it. */
static const char *shorter(const char *path)
{
    char here[4096];
    if (getcwd(here, sizeof here) == NULL)
        return path;
    size_t n = strlen(here);
    if (n > 1 && strncmp(path, here, n) == 0 && path[n] == '/' && path[n + 1] != '\0')
        return path + n + 1;
    return path;
}

static void print_reasons(const struct jig_build_result *b)
{
    if (b->reason_count == 0)
        printf("no step had to run\n");
    for (size_t i = 0; i < b->reason_count; i++)
        printf("  %s: %s\n", b->reasons[i].step, b->reasons[i].because);
}

static void print_details(const struct jig_build_result *b)
{
    char time[32], size[32];
    for (size_t i = 0; i < b->artifact_count; i++)
        printf("%-6s %s (%s)\n", b->artifacts[i].kind, shorter(b->artifacts[i].path),
               cli_size(b->artifacts[i].size_bytes, size));
    for (size_t i = 0; i < b->libraries.count; i++)
        printf("uses   %s\n", b->libraries.items[i]);
    for (size_t i = 0; i < b->phase_count; i++)
        printf("took   %s for %s\n", cli_duration(b->phases[i].duration_us, time),
               b->phases[i].name);
}

static void print_outcome(const struct jig_build_result *b)
{
    char time[32];
    bool built = b->outcome == JIG_BUILD_BUILT;
    printf("%s%s%s (%s): %s", cli_colour(stdout, CLI_BOLD), b->environment,
           cli_colour(stdout, CLI_PLAIN), b->fqbn, cli_colour(stdout, CLI_GREEN));
    printf("%s%s in %s", built ? "built" : "up to date", cli_colour(stdout, CLI_PLAIN),
           cli_duration(b->server_us, time));
    if (built)
        printf(", %u compiled, %u reused", b->compiled, b->reused);
    putchar('\n');
}

static void report_build(struct cli_view *view, const struct jig_build_result *b)
{
    const struct cli_options *o = &view->cli->options;
    for (size_t i = 0; i < b->diagnostics.count; i++)
        cli_view_diagnostic(view, &b->diagnostics.items[i]);
    bool news = b->outcome != JIG_BUILD_UP_TO_DATE || o->verbose;
    for (size_t i = 0; news && i < b->notices.count; i++)
        cli_view_say(view, JIG_SEVERITY_NOTE, b->notices.items[i]);
    for (size_t i = 0; o->verbose && i < b->platform_notices.count; i++)
        cli_view_say(view, JIG_SEVERITY_NOTE, b->platform_notices.items[i]);
    if (o->quiet)
        return;
    cli_view_erase(view);
    fflush(stderr);
    if (o->explain)
        print_reasons(b);
    if (o->verbose)
        print_details(b);
    cli_print_usage_bar(stdout, "Flash:", b->flash_bytes, b->flash_max_bytes);
    cli_print_usage_bar(stdout, "RAM:", b->ram_bytes, b->ram_max_bytes);
    print_outcome(b);
    fflush(stdout);
}

void cli_report_builds(struct cli_view *view, const struct jig_build_results *builds)
{
    for (size_t i = 0; i < builds->count; i++)
        report_build(view, &builds->items[i]);
}

void cli_report_deploy(struct cli_view *view, const struct jig_deploy_result *d)
{
    static const char *const words[] = {
        [JIG_DEPLOY_OUTCOME_UNSPECIFIED] = "done",
        [JIG_DEPLOY_WRITTEN] = "written",
        [JIG_DEPLOY_DELTA] = "written where it differed",
        [JIG_DEPLOY_VERIFIED] = "there already, as the device shows",
        [JIG_DEPLOY_TRUSTED] = "there already",
    };
    if (d->build != NULL)
        report_build(view, d->build);
    if (view->cli->options.quiet)
        return;
    cli_view_erase(view);
    char time[32];
    size_t i = (size_t)d->outcome < sizeof words / sizeof words[0] ? (size_t)d->outcome : 0;
    printf("%s%s%s", cli_colour(stdout, CLI_BOLD), d->device, cli_colour(stdout, CLI_PLAIN));
    if (d->port[0] != '\0' && strcmp(d->port, d->device) != 0)
        printf(" (%s)", d->port);
    printf(": %s%s%s in %s", cli_colour(stdout, CLI_GREEN), words[i], cli_colour(stdout, CLI_PLAIN),
           cli_duration(d->server_us, time));
    if (d->bytes_written > 0)
        printf(", %" PRId64 " bytes", d->bytes_written);
    if (d->bytes_skipped > 0)
        printf(", %" PRId64 " bytes skipped", d->bytes_skipped);
    putchar('\n');
    if ((view->cli->options.verbose || view->cli->options.explain) && d->because[0] != '\0')
        printf("  because %s\n", d->because);
    fflush(stdout);
}

static bool is_well(const struct jig_pointer *p)
{
    return p->state == JIG_POINTER_CACHED || p->state == JIG_POINTER_FETCHED ||
           p->state == JIG_POINTER_OK;
}

static void print_pointers(const struct cli_options *o, const struct jig_lnk_result *r)
{
    char size[32];
    for (size_t i = 0; i < r->pointer_count; i++) {
        const struct jig_pointer *p = &r->pointers[i];
        bool news = p->state == JIG_POINTER_FETCHED || !is_well(p) || p->unproven;
        if (!news && !o->verbose)
            continue;
        enum cli_colour colour = !is_well(p) ? CLI_RED : p->unproven ? CLI_YELLOW : CLI_GREEN;
        printf("%s%-8s%s  %s", cli_colour(stdout, colour),
               is_well(p) && p->unproven ? "unproven" : cli_pointer_state(p->state),
               cli_colour(stdout, CLI_PLAIN), p->path);
        if (p->size_bytes >= 0)
            printf(" (%s)", cli_size(p->size_bytes, size));
        putchar('\n');
        if (is_well(p) && p->unproven)
            printf("          its URL was never seen to give what its hash says\n");
        if (p->error[0] != '\0')
            printf("          %s\n", p->error);
    }
}

static void print_sum(const struct jig_lnk_result *r)
{
    char size[32], time[32];
    size_t fetched = 0, bad = 0, unproven = 0;
    for (size_t i = 0; i < r->pointer_count; i++) {
        fetched += r->pointers[i].state == JIG_POINTER_FETCHED;
        bad += !is_well(&r->pointers[i]);
        unproven += is_well(&r->pointers[i]) && r->pointers[i].unproven;
    }
    size_t all = r->pointer_count + r->left_out;
    printf("%zu pointer%s", all, all == 1 ? "" : "s");
    if (fetched > 0)
        printf(", %zu fetched (%s)", fetched, cli_size(r->received_bytes, size));
    if (r->removed > 0)
        printf(", %" PRIu32 " removed", r->removed);
    if (unproven > 0)
        printf(", %zu unproven", unproven);
    if (bad > 0)
        printf(", %zu not well", bad);
    printf(" in %s\n", cli_duration(r->server_us, time));
}

void cli_report_lnk(struct cli_view *view, const struct jig_lnk_result *r)
{
    cli_view_erase(view);
    fflush(stderr);
    if (view->cli->options.quiet)
        return;
    print_pointers(&view->cli->options, r);
    print_sum(r);
    fflush(stdout);
}

static void report_packages(struct cli_view *view, const struct jig_packages_result *r)
{
    char size[32];
    if (view->cli->options.quiet)
        return;
    cli_view_erase(view);
    for (size_t i = 0; i < r->index_count; i++) {
        const struct jig_index_change *x = &r->indexes[i];
        printf("%s: %s%s%s", x->url, cli_colour(stdout, CLI_GREEN), cli_index_outcome(x->outcome),
               cli_colour(stdout, CLI_PLAIN));
        if (x->size_bytes >= 0)
            printf(" (%s)", cli_size(x->size_bytes, size));
        putchar('\n');
    }
    for (size_t i = 0; i < r->package_count; i++) {
        const struct jig_package_change *c = &r->packages[i];
        const char *word = c->outcome == JIG_PACKAGE_PRESENT ? "installed already"
                                                             : cli_package_outcome(c->outcome);
        printf("%s%s%s %s: %s%s%s\n", cli_colour(stdout, CLI_BOLD), c->package.name,
               cli_colour(stdout, CLI_PLAIN), c->package.version, cli_colour(stdout, CLI_GREEN),
               word, cli_colour(stdout, CLI_PLAIN));
    }
    if (r->lock_file[0] != '\0')
        printf("%s says what the project is built with\n", shorter(r->lock_file));
    fflush(stdout);
}

void cli_report_operation(struct cli_view *view, const struct jig_operation *op)
{
    if (view->cli->options.json) {
        json_t *line = cli_json_line("result");
        if (op->lnk != NULL)
            cli_json_add_lnk(line, op);
        else if (op->packages != NULL)
            cli_json_add_packages(line, op->id, op->packages);
        else if (op->deploy != NULL)
            cli_json_add_deploy(line, op->id, op->deploy);
        else if (op->cache != NULL)
            cli_json_add_cache(line, op->id, op->cache);
        else
            cli_json_add_builds(line, op->id, &op->builds);
        cli_json_print(line);
    } else if (op->lnk != NULL) {
        cli_report_lnk(view, op->lnk);
    } else if (op->packages != NULL) {
        report_packages(view, op->packages);
    } else if (op->deploy != NULL) {
        cli_report_deploy(view, op->deploy);
    } else if (op->cache != NULL) {
        cli_report_cache(view, op->cache);
    } else {
        cli_report_builds(view, &op->builds);
    }
}
