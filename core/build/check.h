/*
 * check.h - would this action do anything new? And if so, why.
 */
#ifndef JIG_BUILD_CHECK_H
#define JIG_BUILD_CHECK_H

#include "core/build/shadow.h"
#include "core/build/trace.h"
#include "core/build/vouch.h"
#include "core/watch/files.h"

/* What an action would be now. */
struct jig_check {
    const struct jig_action *action;
    struct jig_digest command;
    struct jig_digest tool;
    const char *build_dir;
    const char *project_dir; /* cut off the paths that people see; or NULL */
    struct jig_files *files;
    struct jig_shadow *shadow;
    const struct jig_vouch *vouch; /* of what it vouches for no file is looked at; or NULL */
};

/* NULL when the trace holds: the command is the same, every input has the content it had, none is
 * new, no new file would be found before one of them, and every output is there with the content it
 * had. Otherwise the reason, for people: "never built", "src/main.cpp changed", "src/old.h is
 * gone", "the tool avr-g++ changed", "the command line changed: -DA=1 became -DA=2", "lib/a.h is
 * new and would be found first", "core.a was changed or removed". The caller frees. *ret_updated is
 * set when the trace was brought up to date (see shadow.h). */
char *jig_check_trace(const struct jig_check *c, struct jig_trace *t, bool *ret_updated);

/* Why an action runs of which no trace is known: what changed of `like`, the trace of another one
 * that reads the same, if there is one (NULL: "never built"). The caller frees. */
char *jig_check_first_run(const struct jig_check *c, struct jig_trace *like);

/* True when the trace is of this very command, and of no more inputs than it names now: the part of
 * jig_check_trace that looks at no file. */
bool jig_check_command(const struct jig_check *c, const struct jig_trace *t);

/* True when what the run left is there, as it left it. */
bool jig_check_outputs(const struct jig_check *c, const struct jig_trace *t);

#endif
