/*
 * files.h - what is in a file, without reading it again while it is certainly the same.
 *
 * A memo from path to (stamp, SHA-256). A look stats the file; when the stamp equals the remembered
 * one *and* the remembered one was old enough when the content was read, the remembered hash is the
 * answer, otherwise the content is read. "Old enough" (not racy): the file's mtime and ctime lay
 * further back than one tick of the clock that the filesystem stamps with, so that no later write
 * can carry the same stamp. Linux stamps with CLOCK_REALTIME_COARSE, one tick of at most 10 ms
 * (kernel/time/timekeeping.c, ktime_get_coarse_real_ts64); a filesystem that keeps whole seconds is
 * recognised by its stamps and given two seconds (FAT's step, Linux
 * Documentation/filesystems/vfat).
 *
 * A file that somebody had open for writing when it was read is read each time, until nobody has:
 * a write through a mapping need not change the stamp (core/os/notify.h).
 *
 * Nothing here rests on age otherwise: an answer is as true as a stat(2) made now.
 *
 * Threads: any; it locks itself. Hashing happens outside the lock.
 */
#ifndef JIG_WATCH_FILES_H
#define JIG_WATCH_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/hash/sha256.h"
#include "core/os/fs.h"

struct jig_files;

struct jig_file_content {
    struct jig_stamp stamp;   /* as it was just before the content was read */
    struct jig_digest sha256; /* of the content; of a folder: its names and what each of them is */
    bool is_dir;
};

struct jig_files_stats {
    uint64_t looks;  /* calls of jig_files_look */
    uint64_t hits;   /* answered from the memo */
    uint64_t hashed; /* read from the disk */
    uint64_t racy;   /* read only because the stamp was too young to be believed */
    size_t entries;
};

/* At most `max_entries` files are remembered; past that the memo starts anew. */
struct jig_files *jig_files_new(size_t max_entries);
void jig_files_free(struct jig_files *f);

/* NOT_FOUND when nothing is there. A file that changes while it is read is read again, up to
 * 5 times, then ABORTED. `path` is absolute. */
enum jig_code jig_files_look(struct jig_files *f, const char *path, struct jig_file_content *ret,
                             struct jig_err *reterr) JIG_CHECKED;

/* What is remembered of a file while it has exactly this stamp. False when nothing is, or nothing
 * that a stamp can vouch for. */
bool jig_files_recall(struct jig_files *f, const char *path, const struct jig_stamp *s,
                      struct jig_file_content *ret);

/* Remembers what jig_files_recall() gave to an earlier daemon, unless more is known by now. */
void jig_files_teach(struct jig_files *f, const char *path, const struct jig_file_content *known);

/* Drops what is remembered of one file. */
void jig_files_forget(struct jig_files *f, const char *path);

struct jig_files_stats jig_files_stats(struct jig_files *f);

/* True when a stamp is too young, at `now_unix_ns`, to tell a later write apart. */
bool jig_stamp_is_racy(const struct jig_stamp *s, int64_t now_unix_ns);

/* True when no write at `clock_ns` (jig_stamp_clock_ns) or later can have left this stamp. */
bool jig_stamp_predates(const struct jig_stamp *s, int64_t clock_ns);

/* The clock that filesystems stamp with, in nanoseconds since 1970. */
int64_t jig_stamp_clock_ns(void);

#endif
