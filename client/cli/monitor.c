#include <stdio.h>

#include <jig/device.h>

#include "client/cli/cli.h"
#include "client/cli/json_out.h"
#include "client/cli/session.h"

int cli_monitor(struct cli *cli)
{
    const struct cli_options *o = &cli->options;
    int exit_status;
    if (o->device == NULL)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                             "`jig devices list` lists them", "jig monitor needs -d DEVICE");
    if (!cli_session_check(cli, &exit_status) || !cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_monitor_session *opened;
    struct jig_error error;
    enum jig_status status =
        jig_client_open_monitor(cli->client, o->device, o->baud, cli->deadline_ns, &opened, &error);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (o->verbose && !o->json)
        fprintf(stderr, "%s at %s, %u baud\n", opened->device, opened->port, opened->baud);
    struct cli_session session = {
        .name = opened->session, .device = opened->device, .port = opened->port};
    exit_status = cli_session_run(cli, &session);
    if (o->json && exit_status == CLI_EXIT_DONE) {
        json_t *line = cli_json_line("result");
        json_t *more = cli_session_json(&session);
        json_object_update(line, more);
        json_decref(more);
        cli_json_print(line);
    }
    jig_client_free(opened);
    return exit_status;
}
