/*
 * ledger.h - which URL was seen to give which hash.
 *
 * A cache that is keyed by hash alone hides a wrong URL: one is changed, the hash beside it is not,
 * and the old bytes go on being used under the new name. So a URL and a hash that were never seen
 * together count as a claim: a fetch proves it, once, or it is flagged while nothing can be
 * fetched. What came from a mirror proves the mirror.
 *
 * The ledger is a file of digests of such pairs, in the cache: it may be deleted, and then all is
 * proven again. It starts anew past JIG_LEDGER_MOST pairs.
 *
 * Threads: any; it locks itself. Processes: what another one added is kept when it is saved.
 */
#ifndef JIG_FETCH_LEDGER_H
#define JIG_FETCH_LEDGER_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/hash/sha256.h"

#define JIG_LEDGER_MOST 200000

struct jig_ledger;

/* `path` is copied; the file is read now, and empty when it is not there or is damaged. */
struct jig_ledger *jig_ledger_open(const char *path);
void jig_ledger_close(struct jig_ledger *l); /* does not save; NULL is fine */

bool jig_ledger_has(struct jig_ledger *l, const char *url, const struct jig_digest *sha256);
void jig_ledger_add(struct jig_ledger *l, const char *url, const struct jig_digest *sha256);

/* Writes what was added. What is lost here costs one fetch more. */
enum jig_code jig_ledger_save(struct jig_ledger *l, struct jig_err *reterr) JIG_CHECKED;

#endif
