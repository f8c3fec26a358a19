/* jigd: its command line, its way into the background, its word to who started it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/os/detached.h"
#include "core/os/guard.h"
#include "core/os/process.h"
#include "service/daemon.h"
#include "service/options.h"

enum { EXIT_DONE = 0, EXIT_USAGE = 2, EXIT_CONFIG = 3, EXIT_RUNNING = 5, EXIT_OTHER = 12 };

static int status_of(const struct jig_err *err)
{
    if (err->reason == JIG_REASON_BUSY)
        return EXIT_RUNNING;
    if (err->reason == JIG_REASON_USAGE)
        return EXIT_USAGE;
    if (err->reason == JIG_REASON_BAD_PROJECT || err->code == JIG_INVALID_ARGUMENT)
        return EXIT_CONFIG;
    return EXIT_OTHER;
}

static void print_error(const struct jig_err *err)
{
    fprintf(stderr, "jigd: %s\n", err->message);
    if (err->hint[0] != '\0')
        fprintf(stderr, "jigd: hint: %s\n", err->hint);
}

/* One line to who started it, who may be gone. */
static void tell(int ready_fd, const char *what, const char *why)
{
    if (ready_fd < 0)
        return;
    dprintf(ready_fd, "%s%s\n", what, why);
    close(ready_fd);
}

static int serve(const struct jig_options *options)
{
    struct jig_daemon *daemon = NULL;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_guard_start(&err); /* while there is but one thread */
    if (code == JIG_OK)
        code = jig_daemon_new(options, &daemon, &err);
    if (code != JIG_OK) {
        int status = status_of(&err);
        if (status == EXIT_RUNNING)
            tell(options->ready_fd, "running", "");
        else
            tell(options->ready_fd, "error: ", err.message);
        print_error(&err); /* to nobody, unless it is in the foreground */
        return status;
    }
    tell(options->ready_fd, "ready", "");
    jig_daemon_run(daemon);
    jig_daemon_free(daemon);
    return EXIT_DONE;
}

/* The first line that the daemon says, or that it said none. */
static int relay(int fd, pid_t pid)
{
    char line[2048] = "";
    FILE *in = fdopen(fd, "r");
    if (in == NULL || fgets(line, sizeof line, in) == NULL)
        line[0] = '\0';
    line[strcspn(line, "\n")] = '\0';
    if (in != NULL)
        fclose(in);
    if (strcmp(line, "ready") == 0) {
        printf("jigd runs, pid %ld\n", (long)pid);
        return EXIT_DONE;
    }
    if (strcmp(line, "running") == 0)
        fprintf(stderr, "jigd: another one serves this socket already\n");
    else
        fprintf(stderr, "jigd: %s\n", line[0] != '\0' ? line : "it ended without a word");
    return strcmp(line, "running") == 0 ? EXIT_RUNNING : EXIT_OTHER;
}

/* Starts itself again, detached, and says how that went. */
static int go_to_background(int argc, char **argv, const struct jig_options *options)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        perror("jigd: cannot make a pipe");
        return EXIT_OTHER;
    }
    struct jig_strv again = {0};
    jig_options_repeat(argc, argv, options, &again);
    jig_strv_append(&again, "--ready-fd=3"); /* JIG_DETACHED_FD */
    pid_t pid = 0;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code =
        jig_detached_start("/proc/self/exe", jig_strv_argv(&again), environ, fds[1], &pid, &err);
    jig_strv_release(&again);
    close(fds[1]);
    if (code != JIG_OK) {
        print_error(&err);
        close(fds[0]);
        return EXIT_OTHER;
    }
    return relay(fds[0], pid);
}

int main(int argc, char **argv)
{
    struct jig_options options;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_options_parse(argc, argv, &options, &err) != JIG_OK) {
        print_error(&err);
        return EXIT_USAGE;
    }
    int status = EXIT_DONE;
    if (options.help) {
        fputs(jig_options_help, stdout);
    } else if (options.version) {
        printf("jigd %s\n", JIG_VERSION);
    } else if (!options.foreground && options.ready_fd < 0) {
        status = go_to_background(argc, argv, &options);
    } else {
        if (options.foreground)
            umask(077);
        else
            jig_detached_become(options.ready_fd);
        jig_process_use_few_heaps();
        jig_process_raise_descriptors();
        status = serve(&options);
    }
    jig_options_release(&options);
    return status;
}
