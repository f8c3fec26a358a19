/*
 * record.h - what a build folder remembers: the trace of each action whose outputs are there.
 *
 * One file, `<build dir>/.jig-record`, of at most 64 MiB. It is only a memory: one that is missing,
 * damaged or of another version is the same as none, and costs a rebuild. It is brought up to date
 * at the end of each build, whatever came of it, so that a failed build keeps what did compile:
 *
 *   length, traces | length, traces | ...      each part as in trace.h, with a checksum of its own
 *
 * What a build changed is added as one more part; when the parts have grown, the file is written
 * whole. A later trace takes the place of an earlier one of its name. A part that was cut off or
 * damaged is as if that build had been killed before it was written: outputs are compared by
 * content, so nothing wrong follows. Nor does it from a file whose stamp was too young to show that
 * somebody else wrote it since: what was true of the outputs is, or they differ.
 *
 * Threads: a record belongs to the build that holds the build folder's lock.
 */
#ifndef JIG_BUILD_RECORD_H
#define JIG_BUILD_RECORD_H

#include "core/base/map.h"
#include "core/build/trace.h"
#include "core/os/fs.h"

struct jig_record {
    struct jig_map traces;  /* by the action's name -> struct jig_trace */
    struct jig_map news;    /* names whose trace came, changed or went since the file was written */
    struct jig_stamp file;  /* as it was left; all zero when it is to be written whole */
    int64_t whole_bytes;    /* of the file, when it was written whole last */
    uint64_t look;          /* number of the one that found all traces that it uses to hold, when
                             * that was the last to be done here; else 0 */
    struct jig_map found;   /* then: source -> what its includes led to, for discovery */
    struct jig_strv own[3]; /* then: the project's sources, their objects and steps; or none */
    const void *found_for;  /* of which build: its environment; compared, never followed */
};

void jig_record_init(struct jig_record *r);
void jig_record_release(struct jig_record *r);

/* Reads what there is; an unusable file leaves the record empty. */
void jig_record_load(struct jig_record *r, const char *path);
/* Writes what changed, if anything did. */
enum jig_code jig_record_save(struct jig_record *r, const char *path,
                              struct jig_err *reterr) JIG_CHECKED;

/* NULL when there is none. Counts as used, and so does what is put. */
struct jig_trace *jig_record_get(const struct jig_record *r, const char *name);
void jig_record_put_take(struct jig_record *r, struct jig_trace *t); /* under its own name */
void jig_record_forget(struct jig_record *r, const char *name);
void jig_record_touch(struct jig_record *r, const struct jig_trace *t); /* it was changed */

void jig_record_forget_found(struct jig_record *r);
void jig_record_forget_own(struct jig_record *r);

/* Forgets what was not used: of sources that are gone. For the end of a whole build. */
void jig_record_forget_unused(struct jig_record *r);

#endif
