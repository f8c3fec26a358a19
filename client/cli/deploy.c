#include <jig/deploy.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/place.h"
#include "client/cli/report.h"
#include "client/cli/session.h"
#include "client/cli/started.h"

struct images {
    struct jig_image_part parts[CLI_TEXTS_MAX];
    char *paths[CLI_TEXTS_MAX];
    size_t count;
};

static void release_images(struct images *images)
{
    for (size_t i = 0; i < images->count; i++)
        free(images->paths[i]);
}

/* "0x1000:firmware.bin". */
static bool parse_image(struct cli *cli, const char *word, struct images *images, int *ret_exit)
{
    const char *colon = strchr(word, ':');
    char *end = NULL;
    errno = 0;
    int base = strncmp(word, "0x", 2) == 0 || strncmp(word, "0X", 2) == 0 ? 16 : 10;
    unsigned long long offset = strtoull(word, &end, base);
    bool digit = word[0] >= '0' && word[0] <= '9';
    if (colon == NULL || end != colon || !digit || errno != 0 || colon[1] == '\0') {
        *ret_exit = cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                                  "an image is OFFSET:FILE, 0x1000:firmware.bin",
                                  "--image does not understand '%s'", word);
        return false;
    }
    char *path = cli_absolute(colon + 1);
    if (path == NULL) {
        *ret_exit = cli_fail_with(cli, JIG_STATUS_NOT_FOUND, JIG_CAUSE_NONE, NULL,
                                  "cannot tell where '%s' is: %s", colon + 1, strerror(errno));
        return false;
    }
    images->paths[images->count] = path;
    images->parts[images->count++] = (struct jig_image_part){.offset = offset, .path = path};
    return true;
}

static enum jig_trust trust_of(const char *word)
{
    static const struct {
        const char *word;
        enum jig_trust trust;
    } words[] = {
        {"session", JIG_TRUST_SESSION}, {"verify", JIG_TRUST_VERIFY}, {"none", JIG_TRUST_NONE}};
    for (size_t i = 0; word != NULL && i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(words[i].word, word) == 0)
            return words[i].trust;
    }
    return JIG_TRUST_DEFAULT;
}

/* The board is flashed; now what it says. The JSON result comes last, with both. */
static int monitor(struct cli *cli, struct cli_view *view, const struct jig_operation *op)
{
    const struct jig_deploy_result *d = op->deploy;
    if (!cli->options.json)
        cli_report_deploy(view, d);
    struct cli_session session = {.name = d->monitor_session, .device = d->device, .port = d->port};
    cli->operation = op->id;
    int exit_status = cli_session_run(cli, &session);
    cli->operation = NULL;
    if (!cli->options.json || exit_status != CLI_EXIT_DONE)
        return exit_status;
    json_t *line = cli_json_line("result");
    cli_json_add_deploy(line, op->id, d);
    cli_json_set(line, "monitor", cli_session_json(&session));
    cli_json_print(line);
    return exit_status;
}

static int finish(struct cli *cli, struct cli_view *view, const struct cli_followed *followed)
{
    int exit_status = cli_followed_judge(cli, view, followed);
    if (exit_status != CLI_EXIT_DONE)
        return exit_status;
    const struct jig_operation *op = followed->operation;
    if (op->deploy != NULL && op->deploy->monitor_session[0] != '\0')
        return monitor(cli, view, op);
    cli_report_operation(view, op);
    return CLI_EXIT_DONE;
}

static int start(struct cli *cli, const struct cli_place *place, const struct images *images)
{
    const struct cli_options *o = &cli->options;
    const struct jig_deploy_options options = {
        .device = o->device,
        .no_build = o->no_build,
        .images = images->parts,
        .image_count = images->count,
        .trust = trust_of(o->trust),
        .monitor = o->monitor,
        .monitor_baud = o->baud,
        .jobs = o->jobs,
        .walk = o->walk,
        .detach = o->detach,
        .wait_ms = o->detach ? 0 : CLI_START_WAIT_MS,
    };
    const struct jig_operation *op;
    struct jig_error error;
    cli_hold_signals(cli);
    enum jig_status status =
        jig_client_start_deploy(cli->client, place != NULL ? &place->selector : NULL, &options,
                                cli->deadline_ns, &op, &error);
    return cli_started(cli, status, op, &error, finish);
}

static int with_images(struct cli *cli, struct images *images)
{
    const struct cli_options *o = &cli->options;
    int exit_status;
    if (o->argument_count > 0 || o->environment != NULL || o->no_build)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                             "leave the project out, or --image",
                             "--image flashes files in place of a project's");
    for (size_t i = 0; i < o->images.count; i++) {
        if (!parse_image(cli, o->images.items[i], images, &exit_status))
            return exit_status;
    }
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    struct cli_place board = {.selector = {.fqbn = o->fqbn}};
    return start(cli, o->fqbn != NULL ? &board : NULL, images);
}

static int with_project(struct cli *cli, const struct images *none)
{
    int exit_status;
    struct cli_place place;
    if (!cli_place_init(&place, cli, &exit_status))
        return exit_status;
    if (cli_connect(cli, &exit_status))
        exit_status = start(cli, &place, none);
    cli_place_release(&place);
    return exit_status;
}

int cli_deploy(struct cli *cli)
{
    const struct cli_options *o = &cli->options;
    bool for_monitor = o->expect != NULL || o->fail_on != NULL || o->timeout_ms >= 0;
    if (for_monitor && !o->monitor)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE, "add --monitor",
                             "--expect, --fail-on and --timeout are about what the board says");
    if (o->monitor && o->detach)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE, NULL,
                             "--monitor and --detach exclude each other");
    int exit_status;
    if (!cli_session_check(cli, &exit_status))
        return exit_status;
    struct images images = {.count = 0};
    exit_status = o->images.count > 0 ? with_images(cli, &images) : with_project(cli, &images);
    release_images(&images);
    return exit_status;
}
