/*
 * covers.h - whether one run saw all that another one did.
 *
 * Then whatever says that nothing of the first has changed says so of the second: a source's
 * compile reads what its preprocessor read, and their thousand headers need one look, not two.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_BUILD_COVERS_H
#define JIG_BUILD_COVERS_H

#include "core/build/trace.h"

/* True when every input, every searched file and folder, and every probe of `part` is one of
 * `whole` with the same content. Outputs are not compared. */
bool jig_trace_covers(const struct jig_trace *whole, const struct jig_trace *part);

#endif
