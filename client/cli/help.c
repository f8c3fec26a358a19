#include "client/cli/help.h"

#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/nearest.h"
#include "client/cli/text.h"

static void print_option(FILE *out, const struct cli_option *o)
{
    char left[64];
    char letter[5] = "    ";
    if (o->letter != 0)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s", letter, o->name, o->value != NULL ? " " : "",
             o->value != NULL ? o->value : "");
    fprintf(out, "  %-28s %s\n", left, o->help);
}

static void print_options(FILE *out, const char *title, const struct cli_option *options)
{
    if (title != NULL)
        fprintf(out, "\n%s%s%s\n", cli_colour(out, CLI_BOLD), title, cli_colour(out, CLI_PLAIN));
    for (; options->name != NULL; options++)
        print_option(out, options);
}

static void print_command_help(FILE *out, const struct cli_command *c)
{
    char words[64];
    cli_command_words(c, words, sizeof words);
    fprintf(out, "%s%s.%s\n\nUsage: jig %s [OPTIONS]%s%s\n", cli_colour(out, CLI_BOLD), c->summary,
            cli_colour(out, CLI_PLAIN), words, c->arguments[0] != '\0' ? " " : "", c->arguments);
    if (c->text != NULL)
        fprintf(out, "\n%s\n", c->text);
    const char *title = "Options:";
    for (const struct cli_option *const *set = c->options; set != NULL && *set != NULL; set++) {
        print_options(out, title, *set);
        title = NULL;
    }
    print_options(out, "Options of every command:", cli_global_options);
}

static void print_row(FILE *out, const struct cli_command *c)
{
    char words[128];
    cli_command_words(c, words, sizeof words);
    size_t n = strlen(words);
    if (c->arguments[0] != '\0')
        snprintf(words + n, sizeof words - n, " %s", c->arguments);
    fprintf(out, "  %-28s %s\n", words, c->summary);
}

static void print_overview(FILE *out, const struct cli_group *group)
{
    fprintf(out, "%s%s.%s\n\nUsage: jig [OPTIONS] %s%sCOMMAND\n\n%sCommands:%s\n",
            cli_colour(out, CLI_BOLD),
            group != NULL ? group->summary
                          : "Builds firmware and puts it on boards, by the daemon "
                            "jigd",
            cli_colour(out, CLI_PLAIN), group != NULL ? group->name : "", group != NULL ? " " : "",
            cli_colour(out, CLI_BOLD), cli_colour(out, CLI_PLAIN));
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (group == NULL || (c->group != NULL && strcmp(c->group, group->name) == 0))
            print_row(out, c);
    }
    print_options(out, "Options of every command:", cli_global_options);
    if (group == NULL)
        fprintf(out, "\n`jig help COMMAND` says more about one; so does the manual, jig(1).\n");
}

void cli_help_print(FILE *out, const struct cli_group *group, const struct cli_command *command)
{
    if (command != NULL)
        print_command_help(out, command);
    else
        print_overview(out, group);
}

static int unknown(struct cli *cli, const char *words)
{
    struct cli_nearest n = {.wanted = words};
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        cli_nearest_offer(&n, c->group != NULL ? c->group : c->name);
    char hint[256];
    cli_nearest_sentence(&n, "jig help ", hint, sizeof hint);
    return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE, hint,
                         "there is no command '%s'", words);
}

int cli_help(struct cli *cli)
{
    const struct cli_options *o = &cli->options;
    const char *first = o->argument_count > 0 ? o->arguments[0] : NULL;
    const char *second = o->argument_count > 1 ? o->arguments[1] : NULL;
    const struct cli_group *group = first != NULL ? cli_group_find(first) : NULL;
    const struct cli_command *command = NULL;
    if (group != NULL && second != NULL)
        command = cli_command_find(first, second);
    else if (group == NULL && first != NULL && second == NULL)
        command = cli_command_find(NULL, first);
    bool known = command != NULL || first == NULL || (group != NULL && second == NULL);
    if (!known) {
        char words[128];
        snprintf(words, sizeof words, "%s%s%s", first, second != NULL ? " " : "",
                 second != NULL ? second : "");
        return unknown(cli, words);
    }
    cli_help_print(stdout, group, command);
    return CLI_EXIT_DONE;
}
