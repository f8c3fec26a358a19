/*
 * readlog.h - what was read, and whether it would read the same now.
 *
 * Whoever loads a platform or a library reads through a log: each file, each folder listing and
 * each thing looked for and not found leaves an entry with its stamp, taken before the read. Asked
 * later, the log compares stamps: device, inode, size, mtime, ctime. Never age: a stamp that was
 * taken within two seconds of the last change may hide another change in the same tick of the
 * filesystem's clock, so such an entry keeps a fingerprint of the content and compares that, until
 * the stamp has grown old. (Two seconds is FAT's clock, the coarsest in use.)
 *
 * Threads: belongs to one thread while it is written. jig_readlog_changed updates entries, so the
 * owner locks around it.
 */
#ifndef JIG_ARDUINO_READLOG_H
#define JIG_ARDUINO_READLOG_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arduino/props.h"
#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/strv.h"

struct jig_readlog;

struct jig_readlog *jig_readlog_new(void);
void jig_readlog_free(struct jig_readlog *log);

/* Reads a whole file into out. *ret_found is false, and nothing is read, when it is not there. */
enum jig_code jig_readlog_file(struct jig_readlog *log, const char *path, struct jig_buf *out,
                               bool *ret_found, struct jig_err *reterr) JIG_CHECKED;

/* Reads a properties file over p; *ret_found as above. Errors name the path and the line. */
enum jig_code jig_props_read(struct jig_props *p, const char *path, struct jig_readlog *log,
                             bool *ret_found, struct jig_err *reterr) JIG_CHECKED;

/* The names in a folder, sorted bytewise; none when it is not there or not a folder. */
enum jig_code jig_readlog_list(struct jig_readlog *log, const char *dir, struct jig_strv *out,
                               struct jig_err *reterr) JIG_CHECKED;

/* Whether it is there, and whether as a folder; the answer is remembered like a read. */
bool jig_readlog_exists(struct jig_readlog *log, const char *path);
bool jig_readlog_is_dir(struct jig_readlog *log, const char *path);

/* True when anything would now read differently. An unreadable thing counts as changed. */
bool jig_readlog_changed(struct jig_readlog *log);

/* Every regular file that was read, in order; not folders, not what was absent. */
void jig_readlog_files(const struct jig_readlog *log, struct jig_strv *out);

#endif
