/*
 * exit.h - the command line's exit statuses: a contract with users' scripts.
 */
#ifndef JIG_CLI_EXIT_H
#define JIG_CLI_EXIT_H

#include <jig/error.h>

enum cli_exit {
    CLI_EXIT_DONE = 0,
    CLI_EXIT_TEST_FAILED = 1, /* the firmware's own test */
    CLI_EXIT_USAGE = 2,
    CLI_EXIT_BAD_PROJECT = 3, /* or configuration */
    CLI_EXIT_NOT_FOUND = 4,
    CLI_EXIT_BUSY = 5, /* a lease or a lock is held */
    CLI_EXIT_BUILD_FAILED = 6,
    CLI_EXIT_DEPLOY_FAILED = 7,
    CLI_EXIT_UNREACHABLE = 8, /* the daemon */
    CLI_EXIT_NOT_ALLOWED = 9,
    CLI_EXIT_TIMED_OUT = 10,
    CLI_EXIT_INTEGRITY = 11, /* a hash or a size is wrong */
    CLI_EXIT_OTHER = 12,
    CLI_EXIT_INTERRUPTED = 130,
};

/* The cause decides where there is one, else the status; what was cancelled is interrupted. */
enum cli_exit cli_exit_of(enum jig_status status, enum jig_cause cause);

#endif
