/*
 * follow.h - an operation of ours from its start to its end.
 *
 *   started --ended at once--> over
 *      |                        ^
 *      v                        | its last event
 *   watched --interrupted or out of time--> cancelled, watched on (for a while)
 *
 * Cancelling is asked for once; the operation is then watched until it says that it has ended, so
 * that nothing of it runs on when the command returns.
 */
#ifndef JIG_CLI_FOLLOW_H
#define JIG_CLI_FOLLOW_H

#include <jig/types.h>

#include "client/cli/view.h"

struct cli_followed {
    const void *owner;                     /* jig_client_free() this; NULL: nothing */
    const struct jig_operation *operation; /* in owner */
    bool cancelled_by_us;                  /* interrupted */
    bool timed_out;                        /* cancelled because of --deadline */
};

/* Takes `started` (a result of a Start... call, or of GetOperation). `ours`: cancel it when this
 * command is interrupted. False with *ret_exit set, the error told, when it can't be watched. */
bool cli_follow(struct cli *cli, struct cli_view *view, const struct jig_operation *started,
                bool ours, struct cli_followed *ret, int *ret_exit);

/* The exit status when the operation did not succeed, the error told; CLI_EXIT_DONE when it did. */
int cli_followed_judge(struct cli *cli, struct cli_view *view, const struct cli_followed *followed);

#endif
