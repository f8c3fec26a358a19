/*
 * pin.h - entries that are to stay, whatever the budgets say.
 *
 * A pin is a file, pins/<id>, that says what it pins; so it outlives the index. An entry may be
 * pinned before it is there.
 *
 * Threads: any. Processes: any.
 */
#ifndef JIG_BLOB_PIN_H
#define JIG_BLOB_PIN_H

#include <stdbool.h>

#include "core/base/strv.h"
#include "core/blob/cache.h"
#include "core/hash/sha256.h"

/* Setting what is set, or clearing what is not, is fine. */
enum jig_code jig_pin_blob(struct jig_cache *c, const struct jig_digest *sha256, bool pinned,
                           struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_pin_tree(struct jig_cache *c, enum jig_cache_kind kind, const char *name,
                           const char *version, bool pinned, struct jig_err *reterr) JIG_CHECKED;

/* As a person names it: a SHA-256 in hexadecimal digits, or KIND/NAME/VERSION. INVALID_ARGUMENT for
 * anything else. */
enum jig_code jig_pin_entry(struct jig_cache *c, const char *entry, bool pinned,
                            struct jig_err *reterr) JIG_CHECKED;

/* What is pinned: "blob <hex>", "toolchains/avr-gcc/7.3.0". */
enum jig_code jig_pin_list(struct jig_cache *c, struct jig_strv *out,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
