/*
 * last.h - what the last build of a folder came to, for who flashes without building.
 *
 * One file, `<build dir>/.jig-last`: whose build it was (project, environment, board), and the
 * artifacts that it left with their hashes, or why it failed. It has the encoding of a record
 * (trace.h), checksum included, and like a record it is only a memory: a damaged one is the same as
 * none.
 *
 * A build that was killed half-way leaves the word of the one before it. That is found out as any
 * other meddling is: an artifact's content is not what the word says.
 *
 * Threads: belongs to who holds the build folder's lock.
 */
#ifndef JIG_BUILD_LAST_H
#define JIG_BUILD_LAST_H

#include "core/build/build.h"

/* Writes down how this build ended; `failure` is NULL for one that succeeded. A file with this
 * content already is left alone. */
enum jig_code jig_last_save(const struct jig_build_request *q, const struct jig_build_result *r,
                            const struct jig_err *failure, struct jig_err *reterr) JIG_CHECKED;

/* Fills result's artifacts and flash size when the folder's last build was one of this project,
 * environment and board, succeeded, and left what is there now. FAILED_PRECONDITION (BAD_PROJECT)
 * when it was not or did not, DATA_LOSS (INTEGRITY) when an artifact was changed or removed since.
 */
enum jig_code jig_last_load(const struct jig_build_request *q, struct jig_files *files,
                            struct jig_build_result *result, struct jig_err *reterr) JIG_CHECKED;

#endif
