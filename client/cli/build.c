#include <jig/build.h>

#include <stdio.h>

#include "client/cli/cli.h"
#include "client/cli/follow.h"
#include "client/cli/json_out.h"
#include "client/cli/place.h"
#include "client/cli/report.h"

static int follow(struct cli *cli, const struct jig_operation *op)
{
    struct cli_view view;
    struct cli_followed followed;
    int exit_status;
    cli_view_init(&view, cli);
    if (cli_follow(cli, &view, op, true, &followed, &exit_status)) {
        exit_status = cli_followed_judge(cli, &view, &followed);
        if (exit_status == CLI_EXIT_DONE)
            cli_report_operation(&view, followed.operation);
        jig_client_free(followed.owner);
    }
    cli_view_release(&view);
    return exit_status;
}

int cli_detached(const struct cli *cli, const struct jig_operation *op)
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

static int start(struct cli *cli, const struct cli_place *place)
{
    const struct cli_options *o = &cli->options;
    const struct jig_build_options options = {
        .clean = o->clean,
        .walk = o->walk,
        .explain = o->explain,
        .jobs = o->jobs,
        .detach = o->detach,
        .wait_ms = o->detach ? 0 : CLI_START_WAIT_MS,
    };
    const struct jig_operation *op;
    struct jig_error error;
    cli_hold_signals(cli);
    enum jig_status status = jig_client_start_build(cli->client, &place->selector, &options,
                                                    cli->deadline_ns, &op, &error);
    cli_watch_signals(cli);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    return o->detach ? cli_detached(cli, op) : follow(cli, op);
}

int cli_build(struct cli *cli)
{
    int exit_status;
    struct cli_place place;
    if (!cli_place_init(&place, cli, &exit_status))
        return exit_status;
    if (cli_connect(cli, &exit_status))
        exit_status = start(cli, &place);
    cli_place_release(&place);
    return exit_status;
}
