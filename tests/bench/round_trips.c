/*
 * Round trips on one connection, one after another, beside a bare unix socket's.
 *
 *   round_trips URL COUNT [FOLDER FQBN]
 *
 * Takes turns, a batch each: GetStatus of the daemon at URL; a build of FOLDER (made before, so
 * that nothing is left to do); and a message of such a call's size to a child process that sends
 * one back. Prints one JSON object:
 * {"pingpong":{"p50_us":..,"p99_us":..},"status":{...},"build":{...}}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jig/build.h>
#include <jig/daemon.h>

#include "core/os/time.h"

#define BATCH         50
#define REQUEST_BYTES 120 /* an envelope, its frame, and a GetStatusRequest */
#define REPLY_BYTES   300

struct bench {
    struct jig_client *client;
    const char *folder;
    const char *fqbn;
    int echo; /* the child's end is elsewhere */
};

typedef void one_fn(struct bench *b);

struct kind {
    const char *name;
    one_fn *one;
    double *us;
};

static void stop(const char *what)
{
    fprintf(stderr, "round_trips: %s\n", what);
    exit(1);
}

static void status(struct bench *b)
{
    const struct jig_daemon_status *s;
    struct jig_error error;
    if (jig_client_get_status(b->client, JIG_FOREVER, &s, &error) != JIG_STATUS_OK)
        stop(error.message);
    jig_client_free(s);
}

static void build(struct bench *b)
{
    const struct jig_project_selector selector = {.directory = b->folder, .fqbn = b->fqbn};
    const struct jig_build_options options = {.wait_ms = 60000};
    const struct jig_operation *op;
    struct jig_error error;
    if (jig_client_start_build(b->client, &selector, &options, JIG_FOREVER, &op, &error) !=
        JIG_STATUS_OK)
        stop(error.message);
    if (op->state != JIG_OPERATION_SUCCEEDED)
        stop("the build did not succeed");
    jig_client_free(op);
}

static void move_all(int fd, char *bytes, size_t n, bool out)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = out ? write(fd, bytes + done, n - done) : read(fd, bytes + done, n - done);
        if (k <= 0)
            exit(out);
        done += (size_t)k;
    }
}

static void ping(struct bench *b)
{
    static char bytes[REPLY_BYTES];
    move_all(b->echo, bytes, REQUEST_BYTES, true);
    move_all(b->echo, bytes, REPLY_BYTES, false);
}

static void answer_for_ever(int fd)
{
    static char bytes[REPLY_BYTES];
    for (;;) {
        move_all(fd, bytes, REQUEST_BYTES, false);
        move_all(fd, bytes, REPLY_BYTES, true);
    }
}

static pid_t start_echo(struct bench *b)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
        stop("no socket pair");
    pid_t pid = fork();
    if (pid < 0)
        stop("no child");
    if (pid == 0) {
        close(pair[0]);
        answer_for_ever(pair[1]);
    }
    close(pair[1]);
    b->echo = pair[0];
    return pid;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void measure(struct bench *b, struct kind *kinds, size_t n, size_t count)
{
    for (size_t done = 0; done < count; done += BATCH) {
        for (size_t k = 0; k < n; k++) {
            for (size_t i = done; i < done + BATCH && i < count; i++) {
                int64_t began = jig_now_ns();
                kinds[k].one(b);
                kinds[k].us[i] = (double)(jig_now_ns() - began) / 1000;
            }
        }
    }
}

static void print(struct kind *kinds, size_t n, size_t count)
{
    for (size_t k = 0; k < n; k++) {
        double *us = kinds[k].us;
        qsort(us, count, sizeof *us, by_value);
        printf("%s\"%s\":{\"p50_us\":%.1f,\"p99_us\":%.1f}", k == 0 ? "{" : ",", kinds[k].name,
               us[count / 2], us[count * 99 / 100]);
    }
    puts("}");
}

int main(int argc, char **argv)
{
    size_t count = argc >= 3 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
    if (count == 0 || (argc != 3 && argc != 5))
        stop("usage: round_trips URL COUNT [FOLDER FQBN]");
    struct bench b = {.folder = argc == 5 ? argv[3] : NULL, .fqbn = argc == 5 ? argv[4] : NULL};
    pid_t child = start_echo(&b);
    struct jig_error error;
    if (jig_client_open(argv[1], NULL, &b.client, &error) != JIG_STATUS_OK)
        stop(error.message);
    struct kind kinds[] = {
        {"pingpong", ping, NULL}, {"status", status, NULL}, {"build", build, NULL}};
    size_t n = argc == 5 ? 3 : 2;
    for (size_t k = 0; k < n; k++) {
        kinds[k].us = calloc(count, sizeof *kinds[k].us);
        if (kinds[k].us == NULL)
            stop("no memory");
    }
    measure(&b, kinds, n, count);
    print(kinds, n, count);
    for (size_t k = 0; k < n; k++)
        free(kinds[k].us);
    jig_client_close(b.client);
    close(b.echo);
    waitpid(child, NULL, 0);
    return 0;
}
