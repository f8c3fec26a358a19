/*
 * index.h - what the package and library indexes offer.
 *
 *   package_index.json, package_*_index.json    platforms and tools (Boards Manager)
 *   library_index.json                          libraries
 *
 * Any number of files are read into one jig_index; which kind a file is, its first key tells
 * ("packages" or "libraries"). A file is streamed through yajl, and only what an install needs is
 * kept: 53 MB of library_index.json are parsed in 0.15 s within 1.5 MB by yajl, in 0.9 s within
 * 270 MB by jansson, in 0.25 s within 250 MB by cJSON (Debian 12's, measured on two cores of 2026).
 *
 * Files of others are believed in nothing. A file that is not JSON, or has something else where a
 * list or an object is to be, is an error that says where. A release with a damaged field (a name
 * that would lead elsewhere, a size that is none, a hash of another kind, a wrong type) stays
 * in the index with its `fault`, and only who wants that release is told. Unknown keys are passed
 * over. Of equal releases the one that was read first counts.
 *
 * Ceilings: 256 MiB a file, 512 MiB of memory in all, 64 levels, 1,000,000 releases of a kind,
 * 2 kB a field.
 *
 * Source: arduino.github.io/arduino-cli/latest/package_index_json-specification and
 * library-specification.
 *
 * Ownership: everything in an index lives as long as it does.
 * Threads: read-only once jig_index_sort was called; before that, one thread's.
 */
#ifndef JIG_PACKAGES_INDEX_H
#define JIG_PACKAGES_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/hash/sha256.h"

#define JIG_INDEX_FILE_MAX     (256u << 20) /* bytes */
#define JIG_INDEX_MEMORY_MAX   (512u << 20) /* bytes */
#define JIG_INDEX_RELEASES_MAX 1000000      /* of a kind */
#define JIG_INDEX_LEVELS_MAX   64
#define JIG_INDEX_FIELD_MAX    2048 /* bytes */

/* Something to be downloaded. */
struct jig_archive_source {
    const char *url;
    const char *file; /* "avr-1.8.6.tar.bz2": its end names the format */
    int64_t size;     /* bytes; -1: not said */
    bool has_sha256;
    struct jig_digest sha256;
};

/* A tool version that a platform asks for. */
struct jig_index_need {
    const char *vendor;
    const char *name;
    const char *version;
};

/* `fault` is NULL, or why this release cannot be installed. */
struct jig_index_platform {
    const char *vendor;
    const char *arch;
    const char *name; /* "Arduino AVR Boards", or "" */
    const char *version;
    const char *source; /* what jig_index_source said when it was read; "" */
    struct jig_archive_source archive;
    size_t need_first; /* in jig_index.needs */
    size_t need_count;
    const char *fault;
};

/* A tool's build for one kind of computer. */
struct jig_index_system {
    const char *host; /* "x86_64-linux-gnu" */
    struct jig_archive_source archive;
    const char *fault;
};

struct jig_index_tool {
    const char *vendor;
    const char *name;
    const char *version;
    size_t system_first; /* in jig_index.systems */
    size_t system_count;
    const char *fault;
};

struct jig_index_dependency {
    const char *name;
    const char *range; /* as range.h reads it; "" for any */
};

struct jig_index_library {
    const char *name;
    const char *version;
    struct jig_archive_source archive;
    size_t dependency_first; /* in jig_index.dependencies */
    size_t dependency_count;
    const char *fault;
    uint32_t order; /* in which it was read */
};

struct jig_index_texts;

struct jig_index {
    struct jig_index_platform *platforms;
    size_t platform_count;
    struct jig_index_need *needs;
    size_t need_count;
    struct jig_index_tool *tools;
    size_t tool_count;
    struct jig_index_system *systems;
    size_t system_count;
    struct jig_index_library *libraries; /* by name once sorted */
    size_t library_count;
    struct jig_index_dependency *dependencies;
    size_t dependency_count;
    struct jig_index_texts *texts;
    const char *source;
    size_t caps[6];
};

struct jig_index *jig_index_new(void);
void jig_index_free(struct jig_index *x);

/* What is read from here on comes from there: the index's URL. */
void jig_index_source(struct jig_index *x, const char *source);

/* Adds one file. On failure the message begins with `path`, and x is good for jig_index_free only.
 */
enum jig_code jig_index_read(struct jig_index *x, const char *path,
                             struct jig_err *reterr) JIG_CHECKED;

/* The same of a text; `name` is what messages call it. */
enum jig_code jig_index_parse(struct jig_index *x, const char *name, const void *text, size_t n,
                              struct jig_err *reterr) JIG_CHECKED;

/* After the last file: libraries stand by name from here on. */
void jig_index_sort(struct jig_index *x);

/* The libraries of one name: *ret_first and how many. By the name as it is, else the only one that
 * is the same but for upper and lower case. 0 when there is none. */
size_t jig_index_libraries(const struct jig_index *x, const char *name, size_t *ret_first);

/* NULL when there is none. */
const struct jig_index_tool *jig_index_find_tool(const struct jig_index *x, const char *vendor,
                                                 const char *name, const char *version);

/* Two indexes have that version of a platform, and mean different archives: that of *ret_taken, the
 * first, counts, and that of *ret_passed does not. */
bool jig_index_platform_twins(const struct jig_index *x, const char *vendor, const char *arch,
                              const char *version, const char **ret_taken, const char **ret_passed);

/* Up to three names of libraries that are like `name`: for messages. */
void jig_index_nearest(const struct jig_index *x, const char *name, struct jig_strv *out);

#endif
