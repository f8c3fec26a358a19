#include "client/cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "client/cli/args.h"
#include "client/cli/help.h"
#include "client/cli/json_out.h"
#include "client/cli/terminal.h"
#include "client/cli/text.h"

/* --- interruption --- */

static volatile sig_atomic_t signals_seen;
static volatile sig_atomic_t signal_fd = -1;

/* Before there is a daemon to talk to nothing has to be wound up. */
static void on_signal(int number)
{
    (void)number;
    if (signal_fd < 0 || ++signals_seen > 1) {
        cli_terminal_restore();
        _exit(CLI_EXIT_INTERRUPTED);
    }
    int saved = errno;
    uint64_t one = 1;
    ssize_t ignored = write(signal_fd, &one, sizeof one);
    (void)ignored;
    errno = saved;
}

static bool on_interrupt(void *context, int fd)
{
    (void)fd;
    struct cli *cli = context;
    cli->interrupted = true;
    return true;
}

/* A signal that the caller ignores (nohup) stays ignored. */
static void catch_signal(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
        return;
    action = (struct sigaction){.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
    sigaction(number, &action, NULL);
}

void cli_watch_signals(struct cli *cli)
{
    /* There is room: a command watches this and standard input. */
    (void)jig_client_watch(cli->client, cli->signal_fd, on_interrupt, cli, NULL);
}

void cli_hold_signals(struct cli *cli)
{
    jig_client_unwatch(cli->client, cli->signal_fd);
}

void cli_forgive(struct cli *cli)
{
    cli_hold_signals(cli);
}

/* From now on an interruption ends the call that waits, and the command winds up. */
static bool begin_signals(struct cli *cli)
{
    cli->signal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cli->signal_fd < 0)
        return false;
    signal_fd = cli->signal_fd;
    cli_watch_signals(cli);
    return true;
}

/* --- errors --- */

int cli_fail(const struct cli *cli, const struct jig_error *error)
{
    fflush(stdout);
    if (cli->options.json) {
        cli_json_print_error(error, cli->operation);
    } else {
        fprintf(stderr, "%serror:%s %s\n", cli_colour(stderr, CLI_RED),
                cli_colour(stderr, CLI_PLAIN), error->message);
        if (error->hint[0] != '\0')
            fprintf(stderr, "%shint:%s %s\n", cli_colour(stderr, CLI_CYAN),
                    cli_colour(stderr, CLI_PLAIN), error->hint);
    }
    return (int)cli_exit_of(error->status, error->cause);
}

int cli_fail_with(const struct cli *cli, enum jig_status status, enum jig_cause cause,
                  const char *hint, const char *fmt, ...)
{
    struct jig_error error = {.status = status, .cause = cause};
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(error.message, sizeof error.message, fmt, ap);
    va_end(ap);
    if (hint != NULL)
        snprintf(error.hint, sizeof error.hint, "%s", hint);
    return cli_fail(cli, &error);
}

/* --- the daemon --- */

bool cli_connect(struct cli *cli, int *ret_exit)
{
    char program[64];
    snprintf(program, sizeof program, "jig %s", jig_version());
    const struct jig_client_options options = {
        .program = program,
        .no_start = cli->options.no_start,
        .deadline_ns = cli->deadline_ns,
    };
    struct jig_error error;
    enum jig_status status = jig_client_open(cli->url, &options, &cli->client, &error);
    if (status != JIG_STATUS_OK) {
        *ret_exit = cli_fail(cli, &error);
        return false;
    }
    if (begin_signals(cli))
        return true;
    *ret_exit = cli_fail_with(cli, JIG_STATUS_RESOURCE_EXHAUSTED, JIG_CAUSE_NONE, NULL,
                              "cannot watch for signals: %s", strerror(errno));
    return false;
}

/* --- the command --- */

static int no_command(struct cli *cli, const struct cli_line *line)
{
    if (line->options.version) {
        printf("jig %s\n", jig_version());
        return CLI_EXIT_DONE;
    }
    if (line->options.help) {
        cli_help_print(stdout, line->group, NULL);
        return CLI_EXIT_DONE;
    }
    if (!cli->options.json) {
        cli_help_print(stderr, line->group, NULL);
        return CLI_EXIT_USAGE;
    }
    return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                         "`jig help` lists the commands", "no command was given");
}

static int run(struct cli *cli)
{
    if (cli->options.version) {
        printf("jig %s\n", jig_version());
        return CLI_EXIT_DONE;
    }
    if (cli->options.help) {
        cli_help_print(stdout, NULL, cli->command);
        return CLI_EXIT_DONE;
    }
    return cli->command->run(cli);
}

/* Whoever read our output has closed it: `jig ... | head`. */
static bool reader_left(void)
{
    struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLERR) != 0;
}

/* Output that could not be written must not look like success: `jig ... > /dev/full`. */
static int flush_output(int status)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    if (!reader_left()) /* who left knows it */
        fprintf(stderr, "error: cannot write to standard output%s%s\n", errno != 0 ? ": " : "",
                errno != 0 ? strerror(errno) : "");
    return status != CLI_EXIT_DONE ? status : CLI_EXIT_OTHER;
}

int cli_main(int argc, char **argv)
{
    struct cli_line line;
    struct jig_error error;
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    catch_signal(SIGHUP);
    bool understood = cli_args_parse(argc, argv, &line, &error);
    struct cli cli = {
        .command = line.command,
        .options = line.options,
        .url = line.options.host != NULL ? line.options.host : getenv("JIG_HOST"),
        .deadline_ns = jig_deadline_after_ms(line.options.deadline_ms),
        .signal_fd = -1,
    };
    if (!understood)
        return cli_fail(&cli, &error);
    int status = cli.command == NULL ? no_command(&cli, &line) : run(&cli);
    jig_client_close(cli.client);
    return flush_output(status);
}
