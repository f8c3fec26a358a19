/*
 * help.h - help, made from the command table.
 */
#ifndef JIG_CLI_HELP_H
#define JIG_CLI_HELP_H

#include <stdio.h>

#include "client/cli/command.h"

/* Of the command; of the group; or, with neither, of jig. */
void cli_help_print(FILE *out, const struct cli_group *group, const struct cli_command *command);

#endif
