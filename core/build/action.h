/*
 * action.h - one tool run: what is run, what it reads, what it leaves.
 *
 * An action's *command* is everything about it but the content of its inputs: argv, working
 * folder, the paths of outputs, and the identity of the tool. Its *key* is the command with the
 * content of every input. jig_action_key() makes the key, for writing and for checking, and nothing
 * else does; so whatever is in the key rebuilds when it changes, and nothing else rebuilds.
 *
 * Paths inside the build folder are spelled "{build}/..." in commands and keys, so that a shareable
 * action (one whose sources lie outside the project: a core, an installed library) has the same key
 * in every project.
 *
 * Threads: an action belongs to one thread at a time.
 */
#ifndef JIG_BUILD_ACTION_H
#define JIG_BUILD_ACTION_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/hash/sha256.h"

struct jig_action {
    char *step;              /* for people: "compile src/main.cpp" */
    char *phase;             /* what its time counts for: "compile", "link", ... */
    struct jig_strv argv;    /* argv[0] is absolute */
    char *cwd;               /* absolute */
    struct jig_strv inputs;  /* absolute; what is known before it runs */
    struct jig_strv known;   /* absolute; what it may turn out to have read, and is too young to be
                                believed unless it was looked at before. Of no effect otherwise. */
    struct jig_strv outputs; /* absolute; removed before it runs, so none can be an old one */
    char *name;              /* names it in the build's record; NULL: its first output does */
    char *like;              /* the record's name of another that reads the same files; or NULL */
    char *depfile;           /* further inputs are read from here once it ran; or NULL */
    bool lists_inputs;       /* its stdout is ld's -t: further inputs are read from that */
    bool names_all;          /* what its source reads by .incbin is among `inputs` */
    bool shareable;          /* its outputs may come from and go to the shared cache */
    bool always;             /* no key: run each time (hooks, whose effects nobody declares) */
    bool is_compile;         /* counts as compiled or reused; stands in compile_commands.json */
    bool is_hook;            /* does not count: a build in which only hooks ran is up to date */
};

struct jig_action *jig_action_new(const char *phase, const char *step);
void jig_action_free(struct jig_action *a);

/* One input or output and what it holds. */
struct jig_trace_file {
    char *path; /* absolute, or "{build}/..."; core/base/shared.h */
    struct jig_digest sha256;
};

/* The digest of everything but the inputs' content. `tool` is the identity of argv[0]. */
struct jig_digest jig_action_command(const struct jig_action *a, const char *build_dir,
                                     const struct jig_digest *tool);

/* The digest of a command and its inputs; `inputs` is sorted by path first. */
struct jig_digest jig_action_key(const struct jig_digest *command, struct jig_trace_file *inputs,
                                 size_t n);

/* `path` with the build folder spelled "{build}", and back. The caller frees. */
char *jig_build_relative(const char *build_dir, const char *path);
char *jig_build_absolute(const char *build_dir, const char *path);

#endif
