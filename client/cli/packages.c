#include <jig/package.h>

#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/place.h"
#include "client/cli/started.h"
#include "client/cli/text.h"

static const struct {
    const char *word;
    enum jig_package_kind kind;
} kinds[] = {{"core", JIG_PACKAGE_PLATFORM},
             {"lib", JIG_PACKAGE_LIBRARY},
             {"tool", JIG_PACKAGE_TOOL},
             {NULL, JIG_PACKAGE_KIND_UNSPECIFIED}};

/* The first argument. False with *ret_exit set, the error told. */
static bool read_kind(struct cli *cli, enum jig_package_kind *ret, int *ret_exit)
{
    const char *word = cli->options.arguments[0];
    for (size_t i = 0; kinds[i].word != NULL; i++) {
        if (strcmp(kinds[i].word, word) != 0)
            continue;
        *ret = kinds[i].kind;
        return true;
    }
    *ret_exit = cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                              "for example: jig packages install core arduino:avr",
                              "'%s' is no kind of package; they are: core, lib, tool", word);
    return false;
}

static struct jig_package_options call_options(const struct cli *cli)
{
    return (struct jig_package_options){.detach = cli->options.detach,
                                        .wait_ms = cli->options.detach ? 0 : CLI_START_WAIT_MS};
}

/* ---- list ---- */

static const char *kind_word(enum jig_package_kind kind)
{
    for (size_t i = 0; kinds[i].word != NULL; i++) {
        if (kinds[i].kind == kind)
            return kinds[i].word;
    }
    return "?";
}

static void print_table(const struct jig_packages *packages)
{
    int width = 4;
    for (size_t i = 0; i < packages->count; i++) {
        int n = (int)strlen(packages->items[i].name);
        width = n > width ? n : width;
    }
    printf("%s%-4s  %-*s  %s%s\n", cli_colour(stdout, CLI_BOLD), "KIND", width, "NAME", "VERSION",
           cli_colour(stdout, CLI_PLAIN));
    for (size_t i = 0; i < packages->count; i++) {
        const struct jig_package *p = &packages->items[i];
        printf("%-4s  %-*s  %s\n", kind_word(p->kind), width, p->name, p->version);
    }
}

int cli_packages_list(struct cli *cli)
{
    int exit_status;
    enum jig_package_kind kind = JIG_PACKAGE_KIND_UNSPECIFIED;
    if (cli->options.argument_count > 0 && !read_kind(cli, &kind, &exit_status))
        return exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_packages *packages;
    struct jig_error error;
    if (jig_client_list_packages(cli->client, kind, cli->deadline_ns, &packages, &error) !=
        JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json) {
        json_t *all = json_array();
        for (size_t i = 0; i < packages->count; i++)
            json_array_append_new(all, cli_json_package(&packages->items[i]));
        json_t *line = cli_json_line("result");
        cli_json_set(line, "packages", all);
        cli_json_print(line);
    } else if (packages->count > 0) {
        print_table(packages);
    } else if (!cli->options.quiet) {
        fprintf(stderr, "no packages are installed\n");
    }
    jig_client_free(packages);
    return CLI_EXIT_DONE;
}

/* ---- operations ---- */

int cli_packages_update(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_operation *op;
    struct jig_error error;
    struct jig_package_options options = call_options(cli);
    cli_hold_signals(cli);
    enum jig_status status =
        jig_client_start_update_indexes(cli->client, &options, cli->deadline_ns, &op, &error);
    return cli_started(cli, status, op, &error, cli_finish);
}

typedef enum jig_status start_fn(struct jig_client *client, enum jig_package_kind kind,
                                 const struct jig_strings *names,
                                 const struct jig_package_options *options, int64_t deadline_ns,
                                 const struct jig_operation **ret, struct jig_error *reterr);

static int start(struct cli *cli, start_fn *fn)
{
    int exit_status;
    enum jig_package_kind kind;
    if (!read_kind(cli, &kind, &exit_status) || !cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_strings names = {.items = cli->options.arguments + 1,
                                      .count = cli->options.argument_count - 1};
    const struct jig_operation *op;
    struct jig_error error;
    struct jig_package_options options = call_options(cli);
    cli_hold_signals(cli);
    enum jig_status status = fn(cli->client, kind, &names, &options, cli->deadline_ns, &op, &error);
    return cli_started(cli, status, op, &error, cli_finish);
}

int cli_packages_install(struct cli *cli)
{
    return start(cli, jig_client_start_install_packages);
}

int cli_packages_remove(struct cli *cli)
{
    return start(cli, jig_client_start_remove_packages);
}

static int sync_at(struct cli *cli, const struct cli_place *place)
{
    const struct jig_operation *op;
    struct jig_error error;
    struct jig_package_options options = call_options(cli);
    cli_hold_signals(cli);
    enum jig_status status =
        jig_client_start_sync_packages(cli->client, &place->selector, cli->options.upgrade,
                                       &options, cli->deadline_ns, &op, &error);
    return cli_started(cli, status, op, &error, cli_finish);
}

int cli_packages_sync(struct cli *cli)
{
    int exit_status;
    struct cli_place place;
    if (!cli_place_init(&place, cli, &exit_status))
        return exit_status;
    if (cli_connect(cli, &exit_status))
        exit_status = sync_at(cli, &place);
    cli_place_release(&place);
    return exit_status;
}
