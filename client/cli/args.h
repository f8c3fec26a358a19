/*
 * args.h - the command line, understood by the command table.
 *
 * Global options stand before or after the command, a command's own after it, and arguments between
 * them as one likes; "--" ends the options. The parsing itself is getopt_long's.
 *
 * Threads: getopt has state; one thread.
 */
#ifndef JIG_CLI_ARGS_H
#define JIG_CLI_ARGS_H

#include <jig/error.h>

#include "client/cli/command.h"

struct cli_line {
    const struct cli_command *command; /* NULL: none was named, or a group alone was */
    const struct cli_group *group;     /* the group that was named, or NULL */
    struct cli_options options;
};

/* Reorders argv. False with the error set (a usage error that names the nearest right word). What
 * was understood so far, --json for one, is in *line all the same. */
bool cli_args_parse(int argc, char **argv, struct cli_line *line, struct jig_error *error);

#endif
