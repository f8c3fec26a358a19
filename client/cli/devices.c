#include <jig/device.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "client/cli/cli.h"
#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/text.h"

#define POLL_MS 30000

static const char *state_of(const struct jig_device *d)
{
    if (d->busy_operation[0] != '\0')
        return "busy";
    return d->connected ? "connected" : "away";
}

static const char *or_dash(const char *s)
{
    return s[0] != '\0' ? s : "-";
}

static int longer(int width, const char *s)
{
    int n = (int)strlen(s);
    return n > width ? n : width;
}

static void print_table(const struct jig_devices *devices)
{
    int id = 2, port = 4, board = 5;
    for (size_t i = 0; i < devices->count; i++) {
        id = longer(id, devices->items[i].id);
        port = longer(port, or_dash(devices->items[i].port));
        board = longer(board, or_dash(devices->items[i].fqbn));
    }
    printf("%s%-*s  %-*s  %-*s  %-9s  %s%s\n", cli_colour(stdout, CLI_BOLD), id, "ID", port, "PORT",
           board, "BOARD", "STATE", "NAME", cli_colour(stdout, CLI_PLAIN));
    for (size_t i = 0; i < devices->count; i++) {
        const struct jig_device *d = &devices->items[i];
        printf("%-*s  %-*s  %-*s  %-9s  %s", id, d->id, port, or_dash(d->port), board,
               or_dash(d->fqbn), state_of(d), or_dash(d->product));
        for (size_t k = 0; k < d->labels.count; k++)
            printf(" [%s]", d->labels.items[k]);
        putchar('\n');
    }
}

int cli_devices_list(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_devices *devices;
    struct jig_error error;
    if (jig_client_list_devices(cli->client, cli->deadline_ns, &devices, &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json) {
        json_t *all = json_array();
        for (size_t i = 0; i < devices->count; i++)
            json_array_append_new(all, cli_json_device(&devices->items[i]));
        json_t *line = cli_json_line("result");
        cli_json_set(line, "devices", all);
        cli_json_print(line);
    } else if (devices->count > 0) {
        print_table(devices);
    } else if (!cli->options.quiet) {
        fprintf(stderr, "no board is connected\n");
    }
    jig_client_free(devices);
    return CLI_EXIT_DONE;
}

static void print_words(const char *name, const struct jig_strings *words)
{
    if (words->count == 0)
        return;
    printf("  %-10s ", name);
    for (size_t i = 0; i < words->count; i++)
        printf("%s%s", i > 0 ? ", " : "", words->items[i]);
    putchar('\n');
}

static void print_row(const char *name, const char *value)
{
    if (value[0] != '\0')
        printf("  %-10s %s\n", name, value);
}

static void print_trust(const struct jig_device_trust *trust)
{
    if (trust->image_sha256[0] == '\0')
        return;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t age_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 - trust->since_unix_ms;
    char age[32];
    printf("  %-10s sha256 %s, %s %s ago\n", "flash", trust->image_sha256, trust->how,
           cli_age(age_ms > 0 ? age_ms : 0, age));
}

static void print_device(const struct jig_device *d)
{
    printf("%s%s%s: %s\n", cli_colour(stdout, CLI_BOLD), d->id, cli_colour(stdout, CLI_PLAIN),
           state_of(d));
    print_row("port", d->port);
    print_row("kind", d->kind);
    print_row("board", d->fqbn);
    print_row("product", d->product);
    if (d->vid != 0 || d->pid != 0)
        printf("  %-10s %04x:%04x\n", "usb", d->vid, d->pid);
    print_row("serial", d->serial);
    print_row("topology", d->topology);
    print_words("labels", &d->labels);
    print_words("aliases", &d->aliases);
    print_row("operation", d->busy_operation);
    print_trust(&d->trust);
}

int cli_devices_show(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_device *d;
    struct jig_error error;
    enum jig_status status =
        jig_client_get_device(cli->client, cli->options.arguments[0], cli->deadline_ns, &d, &error);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set(line, "device", cli_json_device(d));
        cli_json_print(line);
    } else {
        print_device(d);
    }
    jig_client_free(d);
    return CLI_EXIT_DONE;
}

/* --- watch --- */

static const char *change_word(enum jig_change_kind kind)
{
    static const char *const words[] = {
        [JIG_CHANGE_UNSPECIFIED] = "unspecified", [JIG_CHANGE_ADDED] = "added",
        [JIG_CHANGE_CHANGED] = "changed",         [JIG_CHANGE_REMOVED] = "removed",
        [JIG_CHANGE_CONNECTED] = "connected",     [JIG_CHANGE_DISCONNECTED] = "disconnected",
        [JIG_CHANGE_RENUMBERED] = "renumbered",
    };
    return (size_t)kind < sizeof words / sizeof words[0] ? words[kind] : words[0];
}

static void print_change(const struct cli *cli, const struct jig_device_change *c)
{
    if (!cli->options.json) {
        bool known = c->device.trust.image_sha256[0] != '\0';
        printf("%-12s %s  %s  %s%s%s\n", change_word(c->kind), c->device.id,
               or_dash(c->device.port), state_of(&c->device), known ? "  flash " : "",
               known ? c->device.trust.how : "");
        return;
    }
    char name[32];
    snprintf(name, sizeof name, "device_%s", change_word(c->kind));
    json_t *event = cli_json_event(name);
    cli_json_set(event, "device", cli_json_device(&c->device));
    cli_json_print(event);
}

/* A full list comes with a mark before it, since it replaces what was known, and one after it. */
static void print_changes(const struct cli *cli, const struct jig_device_changes *changes)
{
    if (changes->snapshot && cli->options.json)
        cli_json_print(cli_json_event("snapshot"));
    for (size_t i = 0; i < changes->count; i++)
        print_change(cli, &changes->items[i]);
    if (changes->snapshot && cli->options.json) {
        json_t *event = cli_json_event("sync");
        cli_json_set_int(event, "revision", (int64_t)changes->cursor);
        cli_json_print(event);
    }
    fflush(stdout);
}

int cli_devices_watch(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    uint64_t cursor = 0;
    for (;;) {
        const struct jig_device_changes *changes;
        struct jig_error error;
        enum jig_status status = jig_client_watch_devices(cli->client, cursor, POLL_MS,
                                                          cli->deadline_ns, &changes, &error);
        if (status != JIG_STATUS_OK)
            return cli_fail(cli, &error);
        print_changes(cli, changes);
        cursor = changes->cursor;
        jig_client_free(changes);
    }
}
