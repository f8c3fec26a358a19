/* `jig cache`: what is in the disk cache, what goes of it, and whether it is whole. */
#include <inttypes.h>
#include <stdio.h>

#include <jig/cache.h>

#include "client/cli/cli.h"
#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/started.h"
#include "client/cli/text.h"

/* --- stats --- */

static json_t *json_budget(int64_t high_bytes, int64_t low_bytes)
{
    json_t *o = json_object();
    cli_json_set_int(o, "high_bytes", high_bytes);
    cli_json_set_int(o, "low_bytes", low_bytes);
    return o;
}

static json_t *json_kinds(const struct jig_cache_figures *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->kind_count; i++) {
        const struct jig_cache_kind_figures *k = &s->kinds[i];
        json_t *o = json_object();
        cli_json_set_int(o, "archives", k->archives);
        cli_json_set_int(o, "archives_bytes", k->archives_bytes);
        cli_json_set_int(o, "installed", k->installed);
        cli_json_set_int(o, "installed_bytes", k->installed_bytes);
        cli_json_set(all, k->kind, o);
    }
    return all;
}

static json_t *json_remote(const struct jig_cache_figures *s)
{
    if (s->remote_url[0] == '\0')
        return json_null();
    json_t *o = json_object();
    cli_json_set_text(o, "url", s->remote_url);
    cli_json_set_bool(o, "read_only", s->remote_read_only);
    cli_json_set_bool(o, "left_alone", s->remote_left_alone);
    cli_json_set_int(o, "hits", s->remote_hits);
    cli_json_set_int(o, "misses", s->remote_misses);
    cli_json_set_int(o, "failures", s->remote_failures);
    cli_json_set_int(o, "sent", s->remote_sent);
    return o;
}

static void print_json(const struct jig_cache_figures *s)
{
    json_t *line = cli_json_line("result");
    cli_json_set_text(line, "directory", s->directory);
    cli_json_set(line, "second_directory", cli_json_text_or_null(s->second_directory));
    cli_json_set(line, "kinds", json_kinds(s));
    cli_json_set(line, "archives_budget",
                 json_budget(s->archives_high_bytes, s->archives_low_bytes));
    cli_json_set(line, "installed_budget",
                 json_budget(s->installed_high_bytes, s->installed_low_bytes));
    cli_json_set(line, "objects_budget", json_budget(s->objects_high_bytes, s->objects_low_bytes));
    cli_json_set_int(line, "total_bytes", s->total_bytes);
    cli_json_set_int(line, "unfinished_bytes", s->unfinished_bytes);
    cli_json_set_int(line, "leased_entries", s->leased_entries);
    cli_json_set_int(line, "leased_bytes", s->leased_bytes);
    cli_json_set_int(line, "holders", s->holders);
    cli_json_set(line, "pins", cli_json_strings(&s->pins));
    cli_json_set_int(line, "disk_bytes", s->disk_bytes);
    cli_json_set_int(line, "disk_free_bytes", s->disk_free_bytes);
    cli_json_set(line, "remote", json_remote(s));
    cli_json_print(line);
}

static void print_kinds(const struct jig_cache_figures *s)
{
    char archives[32], installed[32];
    printf("%s%-12s  %8s  %10s  %9s  %10s%s\n", cli_colour(stdout, CLI_BOLD), "KIND", "ARCHIVES",
           "SIZE", "INSTALLED", "SIZE", cli_colour(stdout, CLI_PLAIN));
    for (size_t i = 0; i < s->kind_count; i++) {
        const struct jig_cache_kind_figures *k = &s->kinds[i];
        printf("%-12s  %8" PRId64 "  %10s  %9" PRId64 "  %10s\n", k->kind, k->archives,
               cli_size(k->archives_bytes, archives), k->installed,
               cli_size(k->installed_bytes, installed));
    }
}

static void print_text(const struct jig_cache_figures *s)
{
    char size[32], high[32], low[32];
    if (s->kind_count > 0)
        print_kinds(s);
    printf("%sin all     %s in %s", s->kind_count > 0 ? "\n" : "", cli_size(s->total_bytes, size),
           s->directory);
    printf(", %s of the disk are free\n", cli_size(s->disk_free_bytes, size));
    printf("archives   go past %s, until %s are left\n", cli_size(s->archives_high_bytes, high),
           cli_size(s->archives_low_bytes, low));
    printf("installed  goes past %s, until %s are left\n", cli_size(s->installed_high_bytes, high),
           cli_size(s->installed_low_bytes, low));
    printf("objects    go past %s, until %s are left\n", cli_size(s->objects_high_bytes, high),
           cli_size(s->objects_low_bytes, low));
    if (s->unfinished_bytes > 0)
        printf("unfinished %s\n", cli_size(s->unfinished_bytes, size));
    if (s->holders > 0)
        printf("in use     %" PRId64 " entries of %s by %" PRId64 " operations\n",
               s->leased_entries, cli_size(s->leased_bytes, size), s->holders);
    for (size_t i = 0; i < s->pins.count; i++)
        printf("pinned     %s\n", s->pins.items[i]);
    if (s->second_directory[0] != '\0')
        printf("below it   %s\n", s->second_directory);
    if (s->remote_url[0] != '\0')
        printf("remote     %s%s%s\n           %" PRId64 " hits, %" PRId64 " misses, %" PRId64
               " failures, %" PRId64 " sent\n",
               s->remote_url, s->remote_read_only ? ", only read" : "",
               s->remote_left_alone ? ", left alone for now" : "", s->remote_hits, s->remote_misses,
               s->remote_failures, s->remote_sent);
}

int cli_cache_stats(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_cache_figures *s;
    struct jig_error error;
    if (jig_client_get_cache_stats(cli->client, cli->deadline_ns, &s, &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json)
        print_json(s);
    else if (!cli->options.quiet)
        print_text(s);
    jig_client_free(s);
    return CLI_EXIT_DONE;
}

/* --- gc, verify --- */

int cli_cache_gc(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_collection_options options = {
        .all = cli->options.all, .dry_run = cli->options.dry_run, .wait_ms = CLI_START_WAIT_MS};
    const struct jig_operation *op;
    struct jig_error error;
    cli_hold_signals(cli);
    enum jig_status status =
        jig_client_start_collection(cli->client, &options, cli->deadline_ns, &op, &error);
    return cli_started(cli, status, op, &error, cli_finish);
}

int cli_cache_verify(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_verification_options options = {.repair = cli->options.repair,
                                                     .wait_ms = CLI_START_WAIT_MS};
    const struct jig_operation *op;
    struct jig_error error;
    cli_hold_signals(cli);
    enum jig_status status =
        jig_client_start_verification(cli->client, &options, cli->deadline_ns, &op, &error);
    return cli_started(cli, status, op, &error, cli_finish);
}

/* --- pin, unpin --- */

static int set_pin(struct cli *cli, bool pinned)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const char *entry = cli->options.arguments[0];
    struct jig_error error;
    if (jig_client_set_pin(cli->client, entry, pinned, cli->deadline_ns, &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set_text(line, "entry", entry);
        cli_json_set_bool(line, "pinned", pinned);
        cli_json_print(line);
    }
    return CLI_EXIT_DONE;
}

int cli_cache_pin(struct cli *cli)
{
    return set_pin(cli, true);
}

int cli_cache_unpin(struct cli *cli)
{
    return set_pin(cli, false);
}
