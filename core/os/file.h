/*
 * file.h - files that are written bit by bit and then published, and what a store of files asks of
 * its filesystem.
 *
 * Threads: no state; an fd belongs to one thread at a time.
 */
#ifndef JIG_OS_FILE_H
#define JIG_OS_FILE_H

#include <stdint.h>
#include <sys/types.h>

#include "core/base/err.h"

/* Opens or makes a regular file; each write goes to its end. Never through a link. */
enum jig_code jig_file_open(const char *path, mode_t mode, int *ret_fd, uint64_t *ret_size,
                            struct jig_err *reterr) JIG_CHECKED;

/* Opens a regular file to read it. Never through a link. */
enum jig_code jig_file_open_to_read(const char *path, int *ret_fd, uint64_t *ret_size,
                                    struct jig_err *reterr) JIG_CHECKED;
/* The next bytes, up to n of them; *ret_n is 0 at the end only. */
enum jig_code jig_file_read(int fd, void *out, size_t n, size_t *ret_n,
                            struct jig_err *reterr) JIG_CHECKED;

/* Makes the file empty. */
enum jig_code jig_file_empty(int fd, const char *path, struct jig_err *reterr) JIG_CHECKED;

/* Gives the file its mode and its time, and waits until the disk has it. */
enum jig_code jig_file_seal(int fd, const char *path, mode_t mode, int64_t mtime_ns,
                            struct jig_err *reterr) JIG_CHECKED;

/* When a file was used last, whose use is marked by its time of change. A time that is yet to come
 * says nothing, as the clock was set back since: that was long ago. An hour's difference, to a file
 * server's clock, is none. */
struct jig_stamp;
int64_t jig_stamp_used_ns(const struct jig_stamp *s);

/* Never through a link. */
enum jig_code jig_fs_set_mtime(const char *path, int64_t mtime_ns,
                               struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_fs_set_mode(const char *path, mode_t mode, struct jig_err *reterr) JIG_CHECKED;

/* Waits until the disk has all of the filesystem that `path` is on. */
enum jig_code jig_fs_sync_all(const char *path, struct jig_err *reterr) JIG_CHECKED;

/* How large the filesystem of `path` is, and how much of it we may still use, in bytes. */
enum jig_code jig_fs_space(const char *path, uint64_t *ret_total, uint64_t *ret_free,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
