/*
 * pulled.h - files that a project has as pointers only, seen as if they stood in their places.
 *
 * What .lnk files stand for is in a folder of its own (request.pulled), at the paths that it has in
 * the project: src/logo.c.lnk is <pulled>/src/logo.c. So each path of the project has a *twin*
 * there. Wherever the build looks for a file of the project, it looks at its twin next: a file that
 * is there itself comes first, and folders of headers are followed by their twins.
 *
 * A twin counts for "" includes as well: the folder of a source has its twin as -iquote, and that
 * of a source that is a twin itself has the project's own. What a header includes by a name
 * relative to itself is found so only when it is in the source's folder or along the include path.
 *
 * Private to core/build. Threads: one.
 */
#ifndef JIG_BUILD_PULLED_H
#define JIG_BUILD_PULLED_H

#include "core/build/plan.h"

/* The twin of an absolute path of the project. NULL outside of the project, or when nothing of it
 * was pulled. The caller frees. */
char *jig_pulled_twin(const struct jig_build_request *q, const char *path);

/* The path itself when something is there, else its twin when something is there, else NULL. The
 * caller frees. */
char *jig_pulled_find(const struct jig_build_request *q, const char *path);

/* Puts each folder's twin behind it, where there is one. */
void jig_pulled_dirs(const struct jig_build_request *q, struct jig_strv *dirs);

/* -iquote for what a source includes from its own folder. */
void jig_pulled_quote_words(const struct jig_build_request *q, const char *source,
                            struct jig_strv *argv);

/* A link's words, from `from` on: files of the project that are not there become their twins, and
 * linker scripts by relative paths (-T, --script, also in -Wl,) are taken from the project's
 * folder, as PlatformIO, which links there, has it. */
void jig_pulled_link_words(const struct jig_build_request *q, struct jig_strv *argv, size_t from);

#endif
