/*
 * Deploys of what the board is known to hold, one after another on one connection.
 *
 *   trusted_deploys URL COUNT DEVICE FOLDER FQBN
 *   trusted_deploys URL COUNT DEVICE - IMAGE
 *
 * Every one must be answered "trusted". Prints one JSON object, the daemon's own times and those of
 * the whole calls: {"server":{"p50_us":..,"p99_us":..},"call":{...}}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jig/deploy.h>

#include "core/os/time.h"

struct bench {
    struct jig_client *client;
    struct jig_deploy_options options;
    struct jig_image_part image;
    struct jig_project_selector selector;
};

static void stop(const char *what)
{
    fprintf(stderr, "trusted_deploys: %s\n", what);
    exit(1);
}

/* Microseconds in the daemon. */
static double deploy(const struct bench *b)
{
    const struct jig_operation *op;
    struct jig_error error;
    const struct jig_project_selector *selector = b->options.image_count == 0 ? &b->selector : NULL;
    if (jig_client_start_deploy(b->client, selector, &b->options, JIG_FOREVER, &op, &error) !=
        JIG_STATUS_OK)
        stop(error.message);
    if (op->state != JIG_OPERATION_SUCCEEDED)
        stop(op->error != NULL ? op->error->message : "a deploy did not end");
    if (op->deploy == NULL || op->deploy->outcome != JIG_DEPLOY_TRUSTED)
        stop(op->deploy != NULL ? op->deploy->because : "a deploy has no result");
    double us = (double)op->deploy->server_us;
    jig_client_free(op);
    return us;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static void print(const char *name, double *us, size_t n, const char *end)
{
    qsort(us, n, sizeof *us, by_value);
    printf("\"%s\":{\"p50_us\":%.1f,\"p99_us\":%.1f}%s", name, us[n / 2], us[n * 99 / 100], end);
}

int main(int argc, char **argv)
{
    size_t count = argc == 6 ? (size_t)strtoul(argv[2], NULL, 10) : 0;
    if (count == 0)
        stop("usage: trusted_deploys URL COUNT DEVICE (FOLDER FQBN | - IMAGE)");
    bool bare = strcmp(argv[4], "-") == 0;
    struct bench b = {
        .options = {.device = argv[3], .trust = JIG_TRUST_SESSION, .wait_ms = 60000},
        .image = {.path = argv[5]},
        .selector = {.directory = argv[4], .fqbn = argv[5]},
    };
    if (bare) {
        b.options.images = &b.image;
        b.options.image_count = 1;
    }
    struct jig_error error;
    if (jig_client_open(argv[1], NULL, &b.client, &error) != JIG_STATUS_OK)
        stop(error.message);
    double *server = calloc(count, sizeof *server);
    double *call = calloc(count, sizeof *call);
    if (server == NULL || call == NULL)
        stop("no memory");
    for (size_t i = 0; i < count; i++) {
        int64_t began = jig_now_ns();
        server[i] = deploy(&b);
        call[i] = (double)(jig_now_ns() - began) / 1000;
    }
    putchar('{');
    print("server", server, count, ",");
    print("call", call, count, "}\n");
    free(server);
    free(call);
    jig_client_close(b.client);
    return 0;
}
