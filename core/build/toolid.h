/*
 * toolid.h - what a tool is: the content of its program, and of the programs that it runs.
 *
 * A compiler driver (…gcc, …g++, …clang) runs cc1, cc1plus, as, ld, collect2 and the LTO wrapper
 * and plug-in; the driver is asked where they are looked for (-print-search-dirs), and their
 * contents are part of the identity. A new compiler package changes keys. What is known holds while
 * the driver, its parts and the folders that they are looked for in have the stamps they had.
 *
 * Threads: any; it locks itself.
 */
#ifndef JIG_BUILD_TOOLID_H
#define JIG_BUILD_TOOLID_H

#include <stdbool.h>

#include "core/base/memo.h"
#include "core/hash/sha256.h"
#include "core/os/cancel.h"

struct jig_toolids;

/* `memo` is a file that keeps what is known over restarts, versioned and checksummed; a damaged one
 * is the same as none. NULL: nothing is kept. */
struct jig_toolids *jig_toolids_new(const char *memo);
void jig_toolids_free(struct jig_toolids *t);

/* True for gcc, g++, clang and the like, with any prefix: told by the program's name. */
bool jig_tool_is_driver(const char *program);

/* `program` is absolute. NOT_FOUND when it is missing, DEADLINE_EXCEEDED when a driver does not
 * answer within a minute. Contents are remembered by stamp, as
 * core/watch/files does, but by a fast fingerprint: compilers are large, and this only ever says
 * "another compiler". */
enum jig_code jig_toolids_get(struct jig_toolids *t, const char *program,
                              const struct jig_until *until, struct jig_digest *ret,
                              struct jig_err *reterr) JIG_CHECKED;

struct jig_memo_stats jig_toolids_stats(struct jig_toolids *t); /* an entry is a tool */

#endif
