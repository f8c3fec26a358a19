/*
 * beneath.h - making files below one folder, out of which no name and no link leads.
 *
 * For what strangers name: the entries of an archive. Names are relative to the root, with '/'
 * between parts, without "." and ".." parts. Folders on the way are made as needed (mode 0755). A
 * link on the way is never followed, not even one that stays inside: INVALID_ARGUMENT. What is
 * there already is never written to or replaced: ALREADY_EXISTS. The kernel decides
 * (openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS); where it cannot, each part is opened by
 * itself without following links, which comes to the same. Source: man 2 openat2.
 *
 * Threads: a jig_beneath belongs to one thread at a time.
 */
#ifndef JIG_OS_BENEATH_H
#define JIG_OS_BENEATH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

#define JIG_BENEATH_LEVELS 64 /* folders within folders; deeper is RESOURCE_EXHAUSTED */

struct jig_beneath;

/* The root must be a folder that is there. */
enum jig_code jig_beneath_open(const char *root, struct jig_beneath **ret,
                               struct jig_err *reterr) JIG_CHECKED;
void jig_beneath_free(struct jig_beneath *b); /* NULL is fine; files stay */

/* For tests: as on a kernel without openat2. */
void jig_beneath_walk_by_part(struct jig_beneath *b);

/* Makes the folder and those above it; one that is there is fine. */
enum jig_code jig_beneath_mkdirs(struct jig_beneath *b, const char *name,
                                 struct jig_err *reterr) JIG_CHECKED;

/* So many folders were made, asked for or on the way. */
uint64_t jig_beneath_folders(const struct jig_beneath *b);

/* A new empty file, open for writing; the caller closes it, by jig_beneath_finish or close(2). */
enum jig_code jig_beneath_create(struct jig_beneath *b, const char *name, int *ret_fd,
                                 struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_beneath_write_at(int fd, const void *data, size_t n, int64_t offset,
                                   struct jig_err *reterr) JIG_CHECKED;
/* Sets size, mode and, unless it is negative, the time of the last change; closes in any case. */
enum jig_code jig_beneath_finish(int fd, int64_t size, mode_t mode, int64_t mtime_ns,
                                 struct jig_err *reterr) JIG_CHECKED;

/* A link that says `target`, which is not judged here: see jig_beneath_stays. */
enum jig_code jig_beneath_symlink(struct jig_beneath *b, const char *name, const char *target,
                                  struct jig_err *reterr) JIG_CHECKED;
/* A second name for a regular file that is there; nothing else can be linked to. */
enum jig_code jig_beneath_link(struct jig_beneath *b, const char *name, const char *existing,
                               struct jig_err *reterr) JIG_CHECKED;

/* OK when following `name` ends below the root, or nowhere; INVALID_ARGUMENT when it leaves the
 * root on the way, or runs in circles. Right only once nothing more is made. */
enum jig_code jig_beneath_stays(struct jig_beneath *b, const char *name,
                                struct jig_err *reterr) JIG_CHECKED;

#endif
