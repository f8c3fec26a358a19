/*
 * options.h - jigd's command line.
 */
#ifndef JIG_SERVICE_OPTIONS_H
#define JIG_SERVICE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/strv.h"

/* Paths are absolute: relative ones are taken from the folder in which jigd was started. */
struct jig_options {
    bool help;
    bool version;
    bool foreground;
    int ready_fd;           /* -1: none */
    char *socket;           /* NULL: jigd.sock in the runtime folder */
    struct jig_strv listen; /* further endpoints */
    char *config;           /* NULL: the usual files */
    char *state_dir;        /* NULL: jig_dirs_state() */
    char *cache_dir;        /* NULL: jig_dirs_cache() */
    char *log_level;        /* NULL: the configuration's */
    int64_t idle_exit_s;    /* -1: the configuration's; 0: never */
};

/* INVALID_ARGUMENT (USAGE) names what is wrong. Release on success. */
enum jig_code jig_options_parse(int argc, char **argv, struct jig_options *ret,
                                struct jig_err *reterr) JIG_CHECKED;
void jig_options_release(struct jig_options *options);

/* The command line that means the same in another folder: argv, with absolute paths after it. */
void jig_options_repeat(int argc, char **argv, const struct jig_options *options,
                        struct jig_strv *out);

/* What --help prints. */
extern const char jig_options_help[];

#endif
