#include "client/cli/started.h"

#include <stdio.h>

#include <jig/operation.h>

#include "client/cli/cli.h"
#include "client/cli/json_out.h"
#include "client/cli/report.h"

int cli_finish(struct cli *cli, struct cli_view *view, const struct cli_followed *followed)
{
    int exit_status = cli_followed_judge(cli, view, followed);
    if (exit_status == CLI_EXIT_DONE)
        cli_report_operation(view, followed->operation);
    return exit_status;
}

static int tell_id(const struct cli *cli, const struct jig_operation *op)
{
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set_text(line, "operation", op->id);
        cli_json_set_text(line, "outcome", "started");
        cli_json_print(line);
    } else {
        printf("%s\n", op->id);
    }
    jig_client_free(op);
    return CLI_EXIT_DONE;
}

int cli_started(struct cli *cli, enum jig_status status, const struct jig_operation *op,
                const struct jig_error *error, cli_finish_fn *finish)
{
    cli_watch_signals(cli);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, error);
    return cli->options.detach ? tell_id(cli, op) : cli_run(cli, op, true, finish);
}

int cli_run(struct cli *cli, const struct jig_operation *op, bool ours, cli_finish_fn *finish)
{
    struct cli_view view;
    struct cli_followed followed;
    int exit_status;
    cli_view_init(&view, cli);
    if (cli_follow(cli, &view, op, ours, &followed, &exit_status)) {
        exit_status = finish(cli, &view, &followed);
        jig_client_free(followed.owner);
    }
    cli_view_release(&view);
    return exit_status;
}
