#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jig/daemon.h>

#include "client/cli/cli.h"
#include "client/cli/json_out.h"
#include "client/cli/text.h"

static void print_json(const struct jig_daemon_status *s)
{
    json_t *line = cli_json_line("result");
    cli_json_set_text(line, "version", s->version);
    cli_json_set_int(line, "protocol_version", s->protocol_version);
    cli_json_set_int(line, "pid", s->pid);
    cli_json_set_int(line, "uptime_ms", s->uptime_ms);
    cli_json_set_int(line, "active_operations", s->active_operations);
    cli_json_set_int(line, "monitors", s->monitors);
    cli_json_set(line, "endpoints", cli_json_strings(&s->endpoints));
    cli_json_set_int(line, "rss_bytes", s->rss_bytes);
    cli_json_set_int(line, "idle_exit_ms", s->idle_exit_ms);
    cli_json_set_text(line, "state_directory", s->state_directory);
    cli_json_set_text(line, "cache_directory", s->cache_directory);
    cli_json_print(line);
}

static void print_text(const struct jig_daemon_status *s)
{
    char up[32], size[32], idle[32];
    printf("jigd %s is running: pid %" PRId64 ", up %s, %s\n", s->version, s->pid,
           cli_age(s->uptime_ms, up), cli_size(s->rss_bytes, size));
    for (size_t i = 0; i < s->endpoints.count; i++)
        printf("  listens at  %s\n", s->endpoints.items[i]);
    printf("  operations  %u active\n", s->active_operations);
    printf("  monitors    %u open\n", s->monitors);
    if (s->idle_exit_ms > 0)
        printf("  leaves      in %s, if nothing happens\n", cli_age(s->idle_exit_ms, idle));
    printf("  state       %s\n", s->state_directory);
    printf("  cache       %s\n", s->cache_directory);
}

int cli_daemon_status(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_daemon_status *s;
    struct jig_error error;
    if (jig_client_get_status(cli->client, cli->deadline_ns, &s, &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json)
        print_json(s);
    else if (!cli->options.quiet)
        print_text(s);
    jig_client_free(s);
    return CLI_EXIT_DONE;
}

int cli_daemon_start(struct cli *cli)
{
    return cli_daemon_status(cli); /* reaching it starts it */
}

static int say_stopped(const struct cli *cli, int64_t pid)
{
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set_bool(line, "was_running", pid != 0);
        cli_json_set(line, "pid", pid != 0 ? json_integer(pid) : json_null());
        cli_json_print(line);
    } else if (!cli->options.quiet && pid != 0) {
        printf("jigd is gone (it was pid %" PRId64 ")\n", pid);
    } else if (!cli->options.quiet) {
        printf("jigd was not running\n");
    }
    return CLI_EXIT_DONE;
}

int cli_daemon_stop(struct cli *cli)
{
    const struct jig_client_options options = {.no_start = true, .deadline_ns = cli->deadline_ns};
    struct jig_error error;
    enum jig_status status = jig_client_open(cli->url, &options, &cli->client, &error);
    if (status == JIG_STATUS_UNAVAILABLE && error.cause == JIG_CAUSE_UNREACHABLE)
        return say_stopped(cli, 0);
    int64_t pid = 0;
    if (status == JIG_STATUS_OK)
        status =
            jig_client_shutdown(cli->client, cli->options.force, cli->deadline_ns, &pid, &error);
    return status == JIG_STATUS_OK ? say_stopped(cli, pid) : cli_fail(cli, &error);
}

int cli_daemon_logs(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_daemon_logs *logs;
    struct jig_error error;
    enum jig_status status =
        jig_client_get_logs(cli->client, cli->options.lines, cli->deadline_ns, &logs, &error);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set_text(line, "path", logs->path);
        cli_json_set(line, "lines", cli_json_strings(&logs->lines));
        cli_json_print(line);
    } else {
        for (size_t i = 0; i < logs->lines.count; i++)
            printf("%s\n", logs->lines.items[i]);
        if (cli->options.verbose)
            fprintf(stderr, "the whole log is in %s\n", logs->path);
    }
    jig_client_free(logs);
    return CLI_EXIT_DONE;
}
