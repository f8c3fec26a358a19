/*
 * check.h - would this action do anything new? And if so, why.
 */
#ifndef JIG_BUILD_CHECK_H
#define JIG_BUILD_CHECK_H

#include "core/build/trace.h"
#include "core/watch/files.h"

/* NULL when the trace holds: the command is the same, every input has the content it had, and every
 * output is there with the content it had. Otherwise the reason, for people: "never built",
 * "src/main.cpp changed", "src/old.h is gone", "the tool avr-g++ changed", "the command line
 * changed: -DA=1 became -DA=2", "core.a was changed or removed". The caller frees. */
char *jig_check_trace(const struct jig_trace *t, const struct jig_digest *command,
                      const struct jig_digest *tool, const struct jig_action *a,
                      const char *build_dir, const char *project_dir, struct jig_files *files);

#endif
