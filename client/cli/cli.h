/*
 * cli.h - what a command runs with: its options, the daemon, where output goes, and interruption.
 *
 * A command's run() gives the exit status. Nothing here ends the process.
 *
 * Interruption: the first SIGINT, SIGTERM or SIGHUP makes cli->interrupted true and ends the call
 * that waits (as CANCELLED); the command then winds up, cancelling its operation. The second ends
 * the process at once with status 130.
 */
#ifndef JIG_CLI_CLI_H
#define JIG_CLI_CLI_H

#include <stdbool.h>
#include <stdint.h>

#include <jig/client.h>

#include "client/cli/command.h"
#include "client/cli/exit.h"

struct cli {
    const struct cli_command *command;
    struct cli_options options;
    const char *url;           /* of the daemon; NULL: the user's own */
    struct jig_client *client; /* NULL until cli_connect */
    int64_t deadline_ns;       /* of the whole command; JIG_FOREVER without --deadline */
    const char *operation;     /* that error lines name; NULL: none */
    int signal_fd;             /* readable once interrupted; -1 until cli_connect */
    bool interrupted;
};

/* Finds the command in argv and runs it. */
int cli_main(int argc, char **argv);

/* Reaches the daemon, starting it unless options.no_start. False with *ret_exit set, the error
 * told. Afterwards signals interrupt calls. */
bool cli_connect(struct cli *cli, int *ret_exit);

/* How long a Start... call waits for the operation's end: the warm path then is one round trip, and
 * a longer one begins to show what it does soon enough. */
#define CLI_START_WAIT_MS 100

/* While signals are held an interruption waits until they are watched again: a call that makes
 * something has to say what it made. */
void cli_hold_signals(struct cli *cli);
void cli_watch_signals(struct cli *cli);

/* After an interruption: calls work again, so that the command can wind up. */
void cli_forgive(struct cli *cli);

/* Tells the error on stderr, or as the last JSON line, and gives the exit status for it. */
int cli_fail(const struct cli *cli, const struct jig_error *error);

/* As cli_fail for an error of the command's own. */
int cli_fail_with(const struct cli *cli, enum jig_status status, enum jig_cause cause,
                  const char *hint, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* --- one a subcommand, each in a file of its own --- */
int cli_build(struct cli *cli);
int cli_cache_gc(struct cli *cli);
int cli_cache_pin(struct cli *cli);
int cli_cache_stats(struct cli *cli);
int cli_cache_unpin(struct cli *cli);
int cli_cache_verify(struct cli *cli);
int cli_call(struct cli *cli);
int cli_completion(struct cli *cli);
int cli_daemon_logs(struct cli *cli);
int cli_daemon_start(struct cli *cli);
int cli_daemon_stats(struct cli *cli);
int cli_daemon_status(struct cli *cli);
int cli_daemon_stop(struct cli *cli);
int cli_deploy(struct cli *cli);
int cli_devices_list(struct cli *cli);
int cli_devices_show(struct cli *cli);
int cli_devices_watch(struct cli *cli);
int cli_help(struct cli *cli);
int cli_lnk_add(struct cli *cli);
int cli_lnk_check(struct cli *cli);
int cli_lnk_pull(struct cli *cli);
int cli_monitor(struct cli *cli);
int cli_ops_cancel(struct cli *cli);
int cli_ops_follow(struct cli *cli);
int cli_ops_list(struct cli *cli);
int cli_ops_show(struct cli *cli);
int cli_packages_install(struct cli *cli);
int cli_packages_list(struct cli *cli);
int cli_packages_remove(struct cli *cli);
int cli_packages_sync(struct cli *cli);
int cli_packages_update(struct cli *cli);
int cli_project(struct cli *cli);

#endif
