/*
 * objcache.h - objects shared by all projects of a user: a core built once is not built again.
 *
 *   <dir>/ab/<command hex>.traces   up to 8 traces of one command, newest first
 *   <dir>/cd/<sha256 hex>.out       an output, named by its content, mode 0444
 *
 * A lookup takes the traces of the action's command and asks of each whether all its inputs hold
 * now what they held then. Outputs are checked against their hash when they are taken out; a
 * damaged one is removed and the action runs. Only actions marked shareable come here.
 *
 * What is not here may be had from another machine (objremote.h): it is asked after the folder,
 * what it gives is checked, put into the folder and taken from there. What is newly made is offered
 * to it.
 *
 * The folder may be deleted at any time. Its size has a ceiling: past it the least recently used
 * files go (use is marked by mtime).
 *
 * Threads: any number, and several processes; files appear whole by rename.
 */
#ifndef JIG_BUILD_OBJCACHE_H
#define JIG_BUILD_OBJCACHE_H

#include "core/base/map.h"
#include "core/build/objremote.h"
#include "core/build/shadow.h"
#include "core/build/trace.h"
#include "core/watch/files.h"

struct jig_objcache;

/* `dir` is made when it is first written to. `max_bytes` is the ceiling. */
struct jig_objcache *jig_objcache_new(const char *dir, uint64_t max_bytes);
void jig_objcache_free(struct jig_objcache *c);

/* Before the first fetch; borrowed, and outlives the cache. NULL: none. */
void jig_objcache_set_remote(struct jig_objcache *c, const struct jig_objremote *remote);

struct jig_objcache_stats {
    uint64_t hits; /* those from another machine included */
    uint64_t misses;
    uint64_t stored;
    uint64_t damaged; /* entries that were thrown away */
    uint64_t remote_hits;
    uint64_t remote_misses; /* it was asked in vain, or had nothing that holds here */
};
struct jig_objcache_stats jig_objcache_stats(struct jig_objcache *c);

/* Where an output is to be put, and what is known of the files there. */
struct jig_objcache_place {
    const char *build_dir;
    struct jig_files *files;
    struct jig_shadow *shadow;
    struct jig_map *looked; /* path -> struct jig_file_content: inputs that were looked at already,
                               each once until a hook runs; filled as it goes */
};

/* What is looked for. */
struct jig_objcache_wanted {
    const struct jig_action *action;
    const struct jig_digest *command;
    const struct jig_digest *tool;
    const struct jig_until *until;
};

/* Looks for a trace of the command whose inputs are as they are now and puts its outputs in place.
 * NULL when there is none. The caller frees the trace. *ret_remote says that another machine had
 * it.
 */
struct jig_trace *jig_objcache_fetch(struct jig_objcache *c,
                                     const struct jig_objcache_wanted *wanted,
                                     const struct jig_objcache_place *place, bool *ret_remote);

/* Keeps a trace and copies of its outputs. Failure (a full disk) is not the build's: it is logged
 * at debug and the entry is left out. */
void jig_objcache_store(struct jig_objcache *c, const struct jig_action *a,
                        const struct jig_trace *t, const char *build_dir);

/* Removes the least recently used entries until the cache is below 3/4 of its ceiling, if it is
 * above the ceiling. */
void jig_objcache_prune(struct jig_objcache *c);

#endif
