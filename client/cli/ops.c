#include <jig/operation.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/cli/cli.h"
#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/report.h"
#include "client/cli/started.h"
#include "client/cli/text.h"
#include "client/cli/timing.h"

static const char *clock_text(int64_t unix_ms, char out[32])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    if (unix_ms <= 0 || localtime_r(&seconds, &parts) == NULL)
        snprintf(out, 32, "-");
    else
        strftime(out, 32, "%Y-%m-%d %H:%M:%S", &parts);
    return out;
}

static const char *took(const struct jig_operation *op, char out[32])
{
    if (op->started_unix_ms == 0 || op->ended_unix_ms == 0)
        snprintf(out, 32, "-");
    else if (op->ended_unix_ms == op->started_unix_ms)
        snprintf(out, 32, "< 1 ms"); /* the table keeps milliseconds */
    else
        cli_duration((op->ended_unix_ms - op->started_unix_ms) * 1000, out);
    return out;
}

static void print_row(const struct jig_operation *op)
{
    char started[32], time[32];
    printf("%-16s  %-8s  %-9s  %-19s  %8s  %s\n", op->id, cli_operation_kind(op->kind),
           cli_operation_state(op->state), clock_text(op->created_unix_ms, started), took(op, time),
           op->subject);
}

int cli_ops_list(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_operations *ops;
    struct jig_error error;
    enum jig_status status = jig_client_list_operations(cli->client, cli->options.active, 0,
                                                        cli->deadline_ns, &ops, &error);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json) {
        json_t *all = json_array();
        for (size_t i = 0; i < ops->count; i++)
            json_array_append_new(all, cli_json_operation(&ops->items[i]));
        json_t *line = cli_json_line("result");
        cli_json_set(line, "operations", all);
        cli_json_print(line);
    } else if (ops->count > 0) {
        printf("%s%-16s  %-8s  %-9s  %-19s  %8s  %s%s\n", cli_colour(stdout, CLI_BOLD), "ID",
               "KIND", "STATE", "ASKED FOR", "TOOK", "SUBJECT", cli_colour(stdout, CLI_PLAIN));
        for (size_t i = 0; i < ops->count; i++)
            print_row(&ops->items[i]);
    } else if (!cli->options.quiet) {
        fprintf(stderr, "there are no operations\n");
    }
    jig_client_free(ops);
    return CLI_EXIT_DONE;
}

static void print_operation(struct cli *cli, const struct jig_operation *op)
{
    char time[32];
    printf("%s%s%s: %s, %s\n", cli_colour(stdout, CLI_BOLD), op->id, cli_colour(stdout, CLI_PLAIN),
           cli_operation_kind(op->kind), cli_operation_state(op->state));
    printf("  subject  %s\n", op->subject);
    printf("  owner    %s", op->owner);
    if (op->owner_pid != 0)
        printf(" (pid %lld)", (long long)op->owner_pid);
    printf("\n  asked    %s\n", clock_text(op->created_unix_ms, time));
    printf("  began    %s\n", clock_text(op->started_unix_ms, time));
    printf("  ended    %s\n", clock_text(op->ended_unix_ms, time));
    if (op->error != NULL)
        printf("  error    %s\n", op->error->message);
    if (op->error != NULL && op->error->hint[0] != '\0')
        printf("  hint     %s\n", op->error->hint);
    if (op->builds.count == 0 && op->deploy == NULL && op->cache == NULL && op->lnk == NULL &&
        op->packages == NULL)
        return;
    putchar('\n');
    fflush(stdout);
    struct cli_view view;
    cli_view_init(&view, cli);
    cli_report_operation(&view, op);
    cli_view_release(&view);
}

static void print_one(struct cli *cli, const struct jig_operation *op)
{
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set(line, "operation", cli_json_operation(op));
        cli_json_print(line);
    } else if (!cli->options.quiet) {
        print_operation(cli, op);
    }
}

static const struct jig_operation *get(struct cli *cli, int *ret_exit)
{
    const struct jig_operation *op = NULL;
    struct jig_error error;
    if (!cli_connect(cli, ret_exit))
        return NULL;
    enum jig_status status = jig_client_get_operation(cli->client, cli->options.arguments[0],
                                                      cli->deadline_ns, &op, &error);
    if (status != JIG_STATUS_OK)
        *ret_exit = cli_fail(cli, &error);
    return op;
}

static void print_timing(const struct cli *cli, const struct jig_operation *op)
{
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set_text(line, "id", op->id);
        cli_json_set(line, "timing", cli_json_timing(op));
        cli_json_print(line);
    } else if (!cli->options.quiet) {
        cli_print_timing(op);
    }
}

int cli_ops_show(struct cli *cli)
{
    int exit_status;
    const struct jig_operation *op = get(cli, &exit_status);
    if (op == NULL)
        return exit_status;
    if (cli->options.timing)
        print_timing(cli, op);
    else
        print_one(cli, op);
    jig_client_free(op);
    return CLI_EXIT_DONE;
}

int cli_ops_follow(struct cli *cli)
{
    int exit_status;
    const struct jig_operation *op = get(cli, &exit_status);
    return op != NULL ? cli_run(cli, op, false, cli_finish) : exit_status;
}

/* Asks, then waits for the end without showing what happens meanwhile. */
int cli_ops_cancel(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const char *id = cli->options.arguments[0];
    const struct jig_operation *op;
    struct jig_error error;
    enum jig_status status =
        jig_client_cancel_operation(cli->client, id, cli->deadline_ns, &op, &error);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    uint64_t cursor = op->last_event;
    bool ended = jig_operation_ended(op);
    const void *owner = op;
    while (!ended) {
        jig_client_free(owner);
        const struct jig_operation_changes *changes;
        status = jig_client_watch_operation(cli->client, id, cursor, 30000, cli->deadline_ns,
                                            &changes, &error);
        if (status != JIG_STATUS_OK)
            return cli_fail(cli, &error);
        owner = changes;
        op = changes->operation;
        cursor = changes->cursor;
        ended = jig_operation_ended(op);
    }
    print_one(cli, op);
    jig_client_free(owner);
    return CLI_EXIT_DONE;
}
