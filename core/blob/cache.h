/*
 * cache.h - the disk cache: what was fetched, installed or extracted once and need not be again.
 *
 *   <root>/blobs/sha256/ab/<hex>                   bytes named by their SHA-256, mode 0444 (blob.h)
 *   <root>/installed/<kind>/<name>/<version>/      trees, complete from when they show (tree.h)
 *   <root>/pins/<id>                               entries that are to stay
 *   <root>/tmp/                                    what is being written, or was when somebody died
 *   <root>/holds/, used/, control, *.lock          who uses what (hold.h)
 *   <root>/index.sqlite                            sizes and last use; made anew from the rest
 *
 * All of it may be deleted at any time but while something in it is in use. Below it there may be a
 * second cache that is only read, such as the machine's in /var/cache/jig.
 *
 * Its folders are for their owner alone. Where somebody has made <root> so that others may read it,
 * as a machine's cache for all has to be, so are the folders below it.
 *
 * Threads: any. Processes: any number on one machine; on a folder that several machines share, one
 * machine's garbage collection does not know what another's holds use.
 */
#ifndef JIG_BLOB_CACHE_H
#define JIG_BLOB_CACHE_H

#include <stdint.h>

#include "core/base/err.h"

/* What an entry is for. The order is kept on disk; new ones go to the end. */
enum jig_cache_kind {
    JIG_CACHE_PACKAGES = 0,   /* archives of cores, tools and libraries, as downloaded */
    JIG_CACHE_TOOLCHAINS = 1, /* "toolchains": installed tools */
    JIG_CACHE_PLATFORMS = 2,  /* "platforms": installed cores */
    JIG_CACHE_LIBRARIES = 3,
    JIG_CACHE_FRAMEWORKS = 4,
    JIG_CACHE_LNK = 5,     /* "lnk-blobs": what .lnk pointers name, and what was extracted of it */
    JIG_CACHE_OBJECTS = 6, /* "objects": shared objects of builds */
};
#define JIG_CACHE_KIND_COUNT 7

const char *jig_cache_kind_name(enum jig_cache_kind kind);

struct jig_cache;

struct jig_cache_options {
    const char *root;   /* absolute; made when it is first needed */
    const char *second; /* a cache that is only read, or NULL */
};

/* Cheap: nothing is opened or made before it is needed. */
enum jig_code jig_cache_open(const struct jig_cache_options *options, struct jig_cache **ret,
                             struct jig_err *reterr) JIG_CHECKED;

/* Everything made of it is gone before. NULL is fine. */
void jig_cache_close(struct jig_cache *c);

/* Borrowed. The second is NULL when there is none. */
const char *jig_cache_root(const struct jig_cache *c);
const char *jig_cache_second(const struct jig_cache *c);

#endif
