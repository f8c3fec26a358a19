/*
 * started.h - what a command does with the operation that it started: follow it, then tell how it
 * ended.
 */
#ifndef JIG_CLI_STARTED_H
#define JIG_CLI_STARTED_H

#include <jig/types.h>

#include "client/cli/follow.h"

/* Tells how it ended, and gives the exit status. */
typedef int cli_finish_fn(struct cli *cli, struct cli_view *view,
                          const struct cli_followed *followed);

/* The usual one: its error, or its result. */
int cli_finish(struct cli *cli, struct cli_view *view, const struct cli_followed *followed);

/* After a Start... call that was made with signals held: its failure, or with --detach the
 * operation's id, or the operation to its end. Takes `op`, which is not looked at unless `status`
 * is OK. */
int cli_started(struct cli *cli, enum jig_status status, const struct jig_operation *op,
                const struct jig_error *error, cli_finish_fn *finish);

/* The operation to its end. Takes `op`. `ours`: an interruption cancels it. */
int cli_run(struct cli *cli, const struct jig_operation *op, bool ours, cli_finish_fn *finish);

#endif
