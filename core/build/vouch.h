/*
 * vouch.h - traces that hold without a look, as nothing that they rest on has changed.
 *
 * A look found every trace that a build uses to hold, and a watch has said since then which files
 * changed, and that nothing else did (struct jig_watch_changes). So a trace that read none of these
 * files, and left none of them, holds still. What this build itself leaves anew counts as changed
 * from the moment it is certain.
 *
 *                look: all hold          changes: a.h              a.o is made anew
 *   a.h -> a.o -------------------> ok ---------------> look again ------------------> look again
 *   b.h -> b.o -------------------> ok ---------------> ok --------------------------> ok
 *   a.o, b.o -> firmware.elf -----> ok ---------------> ok --------------------------> look again
 *
 * Threads: belongs to one build.
 */
#ifndef JIG_BUILD_VOUCH_H
#define JIG_BUILD_VOUCH_H

#include "core/build/record.h"
#include "core/watch/watcher.h"

struct jig_vouch;

/* NULL when nothing can be said: the changes are not all, or too many. `build_dir` is borrowed. */
struct jig_vouch *jig_vouch_new(const struct jig_watch_changes *changes, const char *build_dir);
void jig_vouch_free(struct jig_vouch *v);

/* Whether nothing that the trace rests on has changed. False for NULL. */
bool jig_vouch_holds(const struct jig_vouch *v, struct jig_trace *t);

/* All that may be another file than in the look, as traces spell it: whatever else a trace rests on
 * is the same. NULL when nothing is vouched for. Borrowed until the next call of another. */
const struct jig_strv *jig_vouch_changed(const struct jig_vouch *v);

/* Whether a file, absolute, is one that did not change. False for NULL. */
bool jig_vouch_is_same(const struct jig_vouch *v, const char *path);

/* The file is, or may be, another one from here on. */
void jig_vouch_made(struct jig_vouch *v, const char *path);

/* Anything may have changed: a hook ran. */
void jig_vouch_end(struct jig_vouch *v);

#endif
