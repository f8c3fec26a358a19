/*
 * vouch.h - traces that hold without a look, as nothing that they rest on has changed.
 *
 * A look found every trace that a build uses to hold, and a watch has said since then which files
 * changed, and that nothing else did (struct jig_watch_changes). So a trace that read none of these
 * files, and left none of them, holds still. What this build itself writes counts as changed, too:
 * it hears of it where it is written (core/os/sighting.h), and so of all. A name that comes or goes
 * changes the folder, which traces have searched.
 *
 * A watch names what changed by each path by which it was looked at; what is written is told by one
 * path. So no vouch is given for a trace that names something in the build folder by a way round,
 * as compilers do that name a header by way of the file that includes it: "{build}/deep/../x.h".
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
#include "core/os/sighting.h"
#include "core/watch/watcher.h"

struct jig_vouch;

/* NULL when nothing can be said: the changes are not all, or too many. `build_dir` is borrowed. */
struct jig_vouch *jig_vouch_new(const struct jig_watch_changes *changes, const char *build_dir);
void jig_vouch_free(struct jig_vouch *v);

/* Whether nothing that the trace rests on has changed. False for NULL. */
bool jig_vouch_holds(const struct jig_vouch *v, struct jig_trace *t);

/* All that may be another file than in the look, as traces spell it: whatever else this one rests
 * on is the same. NULL when nothing is vouched for. Borrowed until the next call of another. */
const struct jig_strv *jig_vouch_changed(const struct jig_vouch *v, struct jig_trace *t);

/* Whether a file, absolute, is one that the trace read and that did not change since. False for
 * NULL. */
bool jig_vouch_same_input(const struct jig_vouch *v, struct jig_trace *t, const char *path);

/* Finds out ahead, and once, what a vouch has to know of the names in a trace. Whoever looks at all
 * of its files does, as a look ahead: then it costs no later build anything. */
void jig_vouch_prepare(const char *build_dir, struct jig_trace *t);

/* For jig_observe_writes(), while the build runs. A child that may write anything, as a hook may,
 * ends all vouching. NULL for NULL. Borrowed. */
const struct jig_write_observer *jig_vouch_observer(struct jig_vouch *v);

#endif
