/*
 * record.h - what a build folder remembers: the trace of each action whose outputs are there.
 *
 * One file, `<build dir>/.jig-record`, of at most 64 MiB. It is only a memory: one that is missing,
 * damaged or of another version is the same as none, and costs a rebuild. It is written whole at
 * the end of each build, whatever came of it, so that a failed build keeps what did compile.
 *
 * Threads: belongs to the build that holds the build folder's lock.
 */
#ifndef JIG_BUILD_RECORD_H
#define JIG_BUILD_RECORD_H

#include "core/base/map.h"
#include "core/build/trace.h"

struct jig_record {
    struct jig_map traces; /* by the action's name -> struct jig_trace */
    bool changed;
};

void jig_record_init(struct jig_record *r);
void jig_record_release(struct jig_record *r);

/* Reads what there is; an unusable file leaves the record empty. */
void jig_record_load(struct jig_record *r, const char *path);
enum jig_code jig_record_save(struct jig_record *r, const char *path,
                              struct jig_err *reterr) JIG_CHECKED;

/* NULL when there is none. Counts as used, and so does what is put. */
struct jig_trace *jig_record_get(const struct jig_record *r, const char *name);
void jig_record_put_take(struct jig_record *r, struct jig_trace *t); /* under its own name */
void jig_record_forget(struct jig_record *r, const char *name);

/* Forgets what was not used: of sources that are gone. For the end of a whole build. */
void jig_record_forget_unused(struct jig_record *r);

#endif
