/*
 * pace.h - how fast something advances, in bytes a second, over the last seconds.
 *
 * What was there before the first sample (a download that goes on where it stopped) does not count.
 * Threads: the caller's lock.
 */
#ifndef JIG_SERVICE_OPERATION_PACE_H
#define JIG_SERVICE_OPERATION_PACE_H

#include <stddef.h>
#include <stdint.h>

#include "core/hash/fingerprint.h"

#define JIG_PACE_SAMPLES 16 /* two tenths of a second apart: the last three seconds */

struct jig_pace {
    struct jig_fingerprint phase; /* of its name */
    struct {
        int64_t ns;
        int64_t bytes;
    } v[JIG_PACE_SAMPLES]; /* a ring */
    size_t n;              /* all that were ever noted */
};

/* `done_bytes` of `phase` at `now_ns`. Another phase, or fewer bytes than before, begin anew. Bytes
 * a second; 0: not known yet. */
int64_t jig_pace_note(struct jig_pace *pace, const char *phase, int64_t done_bytes, int64_t now_ns);

#endif
