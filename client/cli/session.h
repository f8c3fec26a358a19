/*
 * session.h - a serial session at the terminal: the board's bytes to stdout, ours to the board,
 * until a pattern matches, time is up, the session closes, or the user ends it.
 *
 * With --json each line is an event, as are pauses and losses; nothing raw is printed.
 */
#ifndef JIG_CLI_SESSION_H
#define JIG_CLI_SESSION_H

#include <jansson.h>

#include "client/cli/cli.h"

struct cli_session {
    const char *name; /* as the daemon gave it */
    const char *device;
    const char *port;
    /* what came of it */
    const char *outcome; /* "matched", "ended" */
    char matched[1024];
    uint64_t bytes;
    uint64_t dropped;
};

/* The patterns and the rest of the options are right. False with *ret_exit set, the error told:
 * before anything is built or flashed. */
bool cli_session_check(struct cli *cli, int *ret_exit);

/* Runs it, closes it, and gives the exit status; unless that is CLI_EXIT_DONE, the error is told.
 */
int cli_session_run(struct cli *cli, struct cli_session *session);

/* {"outcome","matched","device","port","bytes","dropped_bytes"} */
json_t *cli_session_json(const struct cli_session *session);

#endif
