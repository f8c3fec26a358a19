/*
 * archive.h - taking strangers' archives apart (libarchive), and refusing those that are hostile.
 *
 *   zip, tar, tar.gz, tar.bz2, tar.xz, tar.zst
 *
 * What is made: folders, regular files (mode 0644, or 0755 when anybody may run them; set-id bits,
 * owners, access lists and devices' numbers are nobody's business here) with their times, links
 * that stay inside, second names of files.
 *
 * What is refused, with the name in the message:
 *   - absolute paths, ".." parts, drive letters, also in backslashes; control characters; names
 *     longer than the system takes                                            INVALID_ARGUMENT
 *   - a name below a link, symbolic links and hard links that lead out of the folder, by themselves
 *     or by way of others, or in circles                                      INVALID_ARGUMENT
 *   - devices, pipes, sockets; encrypted entries                              INVALID_ARGUMENT
 *   - a name that is there twice; on request names that differ in case only   INVALID_ARGUMENT
 *   - more entries, more bytes or a higher ratio of compression than allowed  RESOURCE_EXHAUSTED
 *   - what is damaged, cut off, or is no such archive                         DATA_LOSS
 * After a refusal or any other failure nothing of it is left behind. A process that is killed in
 * the middle leaves a part: extract into a folder that nobody takes for whole before it is.
 *
 * Names are bytes; where the archive says that they are UTF-8, they are written as UTF-8.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_FETCH_ARCHIVE_H
#define JIG_FETCH_ARCHIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

enum jig_archive_format {
    JIG_ARCHIVE_ANY, /* whichever of these it is, by its content */
    JIG_ARCHIVE_ZIP,
    JIG_ARCHIVE_TAR,
    JIG_ARCHIVE_TAR_GZ,
    JIG_ARCHIVE_TAR_BZ2,
    JIG_ARCHIVE_TAR_XZ,
    JIG_ARCHIVE_TAR_ZST,
};
#define JIG_ARCHIVE_FORMAT_COUNT 7

/* "zip", "tar.gz", ...; "any". Static storage. */
const char *jig_archive_format_name(enum jig_archive_format format);

/* The format of that name, by the name itself ("tar.gz", "tgz") or by a file's ("x-1.2.tar.gz").
 * False when it is none. Case does not count. */
bool jig_archive_format_by_name(const char *name, enum jig_archive_format *ret);

/* 0 stands for the default. */
struct jig_archive_limits {
    /* Files, links, and folders, also those that are only in names; default 500,000 (an ESP32 core
     * has 60,000). */
    uint64_t entries;
    uint64_t bytes;         /* of all files together; default 16 GiB */
    uint32_t ratio;         /* bytes made for a byte read, judged past 64 MiB; default 200 */
    bool refuse_case_twins; /* names that differ in case only */
};

struct jig_archive_spec {
    const char *path;
    const char *called; /* what messages call it; NULL: its path */
    enum jig_archive_format format;
    const char *dest; /* a folder that is empty, or missing and then made */
    struct jig_archive_limits limits;
    /* When all of it lies in one folder, as packages' archives do, what is in that folder comes to
     * stand in `dest` itself. */
    bool strip_top;
    /* Called at every entry. NULL is fine. */
    void (*progress)(void *ctx, uint64_t bytes_read, uint64_t bytes_made);
    void *ctx;
};

struct jig_archive_made {
    uint64_t entries;
    uint64_t bytes;
};

/* `ret` may be NULL. FAILED_PRECONDITION when dest is there and is not empty. */
enum jig_code jig_archive_extract(const struct jig_archive_spec *spec,
                                  const struct jig_until *until, struct jig_archive_made *ret,
                                  struct jig_err *reterr) JIG_CHECKED;

#endif
