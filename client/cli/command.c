#include "client/cli/command.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"

#define AT(member) offsetof(struct cli_options, member)
#define FLAG(letter, name, member, help)                                                           \
    {                                                                                              \
        name, letter, CLI_FLAG, CLI_WITH_NOTHING, NULL, help, AT(member), NULL                     \
    }
#define VALUE(letter, name, kind, completes, value, member, help)                                  \
    {                                                                                              \
        name, letter, kind, completes, value, help, AT(member), NULL                               \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL                                                                                       \
    }

const struct cli_option cli_global_options[] = {
    VALUE(0, "host", CLI_TEXT, CLI_WITH_NOTHING, "URL", host,
          "the daemon, ipc:///PATH or tcp://127.0.0.1:PORT ($JIG_HOST)"),
    FLAG(0, "json", json, "print JSON lines: events, then a result or an error"),
    FLAG('q', "quiet", quiet, "print warnings and errors only"),
    FLAG('v', "verbose", verbose, "print more: every step, every notice"),
    VALUE(0, "deadline", CLI_SECONDS, CLI_WITH_NOTHING, "SECONDS", deadline_ms,
          "give up after that long, and cancel what was started"),
    FLAG('h', "help", help, "print help"),
    FLAG(0, "version", version, "print the version"),
    END,
};

static const struct cli_option no_start_options[] = {
    FLAG(0, "no-start", no_start, "when the daemon isn't running, say so and start none"),
    END,
};

static const struct cli_option stop_options[] = {
    FLAG('f', "force", force, "cancel what is running and end serial sessions"),
    END,
};

static const struct cli_option logs_options[] = {
    VALUE('n', "lines", CLI_COUNT, CLI_WITH_NOTHING, "N", lines, "how many lines; 200 otherwise"),
    END,
};

#define OPTIONS(...) ((const struct cli_option *const[]){__VA_ARGS__, NULL})

const struct cli_group cli_groups[] = {
    {"daemon", "The daemon itself"},
    {NULL, NULL},
};

const struct cli_command cli_commands[] = {
    {"daemon", "start", "", 0, 0, CLI_WITH_NOTHING, "Start the daemon, if it isn't running", NULL,
     NULL, cli_daemon_start},
    {"daemon", "stop", "", 0, 0, CLI_WITH_NOTHING, "End the daemon and wait until it is gone",
     "Refused while somebody's work would be lost, unless forced.", OPTIONS(stop_options),
     cli_daemon_stop},
    {"daemon", "status", "", 0, 0, CLI_WITH_NOTHING, "Say what the daemon is and does", NULL,
     OPTIONS(no_start_options), cli_daemon_status},
    {"daemon", "stats", "", 0, 0, CLI_WITH_NOTHING, "Show the daemon's counters", NULL,
     OPTIONS(no_start_options), cli_daemon_stats},
    {"daemon", "logs", "", 0, 0, CLI_WITH_NOTHING, "Show the newest lines of the daemon's log",
     NULL, OPTIONS(logs_options, no_start_options), cli_daemon_logs},
    {NULL, "help", "[COMMAND]", 0, 2, CLI_WITH_COMMANDS, "Say more about a command", NULL, NULL,
     cli_help},
    {0},
};

const struct cli_command *cli_command_find(const char *group, const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        bool same_group =
            group == NULL ? c->group == NULL : c->group != NULL && strcmp(c->group, group) == 0;
        if (same_group && strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

const struct cli_group *cli_group_find(const char *name)
{
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++) {
        if (strcmp(g->name, name) == 0)
            return g;
    }
    return NULL;
}

void cli_command_words(const struct cli_command *command, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", command->group != NULL ? command->group : "",
             command->group != NULL ? " " : "", command->name);
}
