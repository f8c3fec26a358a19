/*
 * fs.h - files and folders. Paths are bytes; absolute unless said otherwise.
 *
 * What is written under a final name is complete: jig_fs_write_atomic writes beside it, syncs and
 * renames. Reads state a ceiling. Errors name the path.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_OS_FS_H
#define JIG_OS_FS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/strv.h"

/* What tells one state of a file from another. Two equal stamps may still hide an edit made within
 * one tick of the filesystem's clock: see core/watch, which does not believe young ones. */
struct jig_stamp {
    uint64_t dev;
    uint64_t ino;
    int64_t size; /* bytes */
    int64_t mtime_ns;
    int64_t ctime_ns;
    uint32_t mode; /* st_mode */
};

struct stat;
struct jig_stamp jig_stamp_of(const struct stat *st);

/* Follows links. NOT_FOUND when there is nothing there. */
enum jig_code jig_fs_stamp(const char *path, struct jig_stamp *ret,
                           struct jig_err *reterr) JIG_CHECKED;
/* The same of a link itself. */
enum jig_code jig_fs_stamp_link(const char *path, struct jig_stamp *ret,
                                struct jig_err *reterr) JIG_CHECKED;
bool jig_stamp_equal(const struct jig_stamp *a, const struct jig_stamp *b);

/* As jig_fs_stamp_link, with how many names the file has (hard links). */
enum jig_code jig_fs_stamp_names(const char *path, struct jig_stamp *ret,
                                 uint64_t *ret_names) JIG_CHECKED;

/* What a link says. The caller frees. */
enum jig_code jig_fs_link_target(const char *path, char **ret, struct jig_err *reterr) JIG_CHECKED;

bool jig_fs_exists(const char *path);                      /* follows links */
bool jig_fs_exists_as(const char *path, bool *ret_is_dir); /* false leaves it alone */
bool jig_fs_is_there(const char *path); /* a link that leads nowhere is there, too */
bool jig_fs_is_dir(const char *path);
bool jig_fs_is_file(const char *path);
bool jig_fs_is_executable(const char *path); /* a file that this process may run */

/* The path without links, "." and "..". The caller frees. */
enum jig_code jig_fs_real(const char *path, char **ret, struct jig_err *reterr) JIG_CHECKED;

/* Resolves "." and ".." by words alone, against `base` (absolute). The caller frees. */
char *jig_path_absolute(const char *base, const char *path);

/* Appends the whole regular file to out. RESOURCE_EXHAUSTED when it passes out->max;
 * INVALID_ARGUMENT for a folder or a device. */
enum jig_code jig_fs_read(const char *path, struct jig_buf *out,
                          struct jig_err *reterr) JIG_CHECKED;

/* Hands the whole regular file to `consume`, piece by piece. As jig_fs_read, without a ceiling. */
typedef void jig_fs_consume_fn(void *ctx, const void *data, size_t n);
enum jig_code jig_fs_stream(const char *path, jig_fs_consume_fn *consume, void *ctx,
                            struct jig_err *reterr) JIG_CHECKED;

/* Writes beside, syncs, renames over. On failure nothing is left behind and the old file stays. */
enum jig_code jig_fs_write_atomic(const char *path, const void *data, size_t n, mode_t mode,
                                  struct jig_err *reterr) JIG_CHECKED;

/* As above, without waiting for the disk: after a power cut the file may be empty. For what is
 * checked before it is used, by a checksum or against what it is to be. */
enum jig_code jig_fs_write_unsynced(const char *path, const void *data, size_t n, mode_t mode,
                                    struct jig_err *reterr) JIG_CHECKED;

/* As jig_fs_write_unsynced, but leaves the file alone, stamps included, when it has this content
 * already. */
enum jig_code jig_fs_write_if_changed(const char *path, const void *data, size_t n, mode_t mode,
                                      struct jig_err *reterr) JIG_CHECKED;

/* Adds to the end of a file that is as `expected` says, and of nobody else's doing meanwhile: the
 * caller holds a lock. ABORTED when it is not; what could not be written whole is taken back.
 * Without waiting for the disk. */
enum jig_code jig_fs_append(const char *path, const struct jig_stamp *expected, const void *data,
                            size_t n, struct jig_err *reterr) JIG_CHECKED;

/* Copies a regular file's content atomically to `to` with `mode`; a reflink where the filesystem
 * can. `synced` waits for the disk; without it the file may be empty after a power cut, which is
 * for what is checked by hash before it is used. */
enum jig_code jig_fs_copy(const char *from, const char *to, mode_t mode, bool synced,
                          struct jig_err *reterr) JIG_CHECKED;

enum jig_code jig_fs_mkdirs(const char *path, mode_t mode, struct jig_err *reterr) JIG_CHECKED;
/* A link of that name that says `target`. ALREADY_EXISTS when something is there. */
enum jig_code jig_fs_make_link(const char *target, const char *path,
                               struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_fs_rename(const char *from, const char *to, struct jig_err *reterr) JIG_CHECKED;

/* Removes a file or a tree without following links; one that is not there is fine. */
enum jig_code jig_fs_remove_tree(const char *path, struct jig_err *reterr) JIG_CHECKED;

/* As above; but what the first few files occupy is given back by jig_fs_remove_end(): that takes
 * longer than to take away a name, and can wait. All zero at first. */
struct jig_fs_removed {
    int fds[4];
    size_t n;
};
enum jig_code jig_fs_remove_begin(struct jig_fs_removed *removed, const char *path,
                                  struct jig_err *reterr) JIG_CHECKED;
void jig_fs_remove_end(struct jig_fs_removed *removed);

/* The names in a folder, sorted bytewise, without "." and "..". RESOURCE_EXHAUSTED past 1,000,000.
 */
enum jig_code jig_fs_list(const char *dir, struct jig_strv *out,
                          struct jig_err *reterr) JIG_CHECKED;

/* The same names marked for what they are: "x/" for a folder, "x/@" for a link, "x" else. Sorted by
 * that. */
enum jig_code jig_fs_list_marked(const char *dir, struct jig_strv *out,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Writes all n bytes to fd, through short writes and EINTR. */
enum jig_code jig_fd_write_all(int fd, const void *data, size_t n,
                               struct jig_err *reterr) JIG_CHECKED;

/* A name beside `path` that no other caller in this or another process has. The caller frees. */
char *jig_fs_temporary_beside(const char *path);

/*
 * A walk below `root`, depth first, names sorted. `visit` gets the path relative to root ("" is
 * never visited) and answers JIG_WALK_INTO to enter a folder, JIG_WALK_ON to go past it,
 * JIG_WALK_STOP to end the walk with success. Links to folders are entered when `follow` is set,
 * except one whose folder is already being walked (a loop).
 */
enum jig_walk { JIG_WALK_ON, JIG_WALK_INTO, JIG_WALK_STOP };

struct jig_walk_entry {
    const char *relative;
    const char *path;
    const char *name;
    bool is_dir; /* after following, when `follow` is set */
    bool is_file;
};

typedef enum jig_walk jig_walk_fn(void *ctx, const struct jig_walk_entry *entry);

/* RESOURCE_EXHAUSTED past 64 levels or 1,000,000 entries. An unreadable folder is an error. */
enum jig_code jig_fs_walk(const char *root, bool follow, jig_walk_fn *visit, void *ctx,
                          struct jig_err *reterr) JIG_CHECKED;

#endif
