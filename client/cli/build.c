#include <jig/build.h>

#include "client/cli/cli.h"
#include "client/cli/place.h"
#include "client/cli/started.h"

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
    return cli_started(cli, status, op, &error, cli_finish);
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
