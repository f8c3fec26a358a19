/*
 * pointer.h - a .lnk file: which bytes are meant, and where they can be had.
 *
 * A pointer is a small JSON object that is kept under version control in place of the bytes:
 *
 *   {
 *     "v": 1,
 *     "url": "https://example.org/logo.bin",
 *     "sha256": "e3b0c442...",          64 hexadecimal digits
 *     "size": 51200,                    bytes; may be left out
 *     "extract": "zip",                 an archive whose content is meant; "file" otherwise
 *     "mirrors": ["https://..."]        tried in their order after url; may be left out
 *   }
 *
 * Version 1 is fbuild's format; files of its making are read as they are. Source: FastLED/fbuild,
 * crates/fbuild-packages/src/lnk. Keys that are not known here are kept when the file is written
 * again. Written text is canonical: the keys in the order above, then the unknown ones in theirs,
 * two blanks a level, a newline at the end; the same pointer gives the same bytes.
 *
 * Everything invalid is INVALID_ARGUMENT with JIG_REASON_BAD_PROJECT, and the message names the
 * file and the key.
 *
 * Ceilings: JIG_POINTER_MAX bytes a file, JIG_POINTER_MIRRORS mirrors.
 * Threads: no state; any thread.
 */
#ifndef JIG_LNK_POINTER_H
#define JIG_LNK_POINTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/hash/sha256.h"

#define JIG_POINTER_MAX     ((size_t)64 << 10)
#define JIG_POINTER_MIRRORS 32
#define JIG_POINTER_SUFFIX  ".lnk"

enum jig_pointer_extract {
    JIG_POINTER_FILE, /* the bytes as they are */
    JIG_POINTER_ZIP,
    JIG_POINTER_TAR,
    JIG_POINTER_TAR_GZ,
    JIG_POINTER_TAR_BZ2,
    JIG_POINTER_TAR_XZ,
    JIG_POINTER_TAR_ZST,
};
#define JIG_POINTER_EXTRACT_COUNT 7

struct jig_pointer {
    char *url;
    struct jig_digest sha256;
    int64_t size; /* bytes; -1: not said */
    enum jig_pointer_extract extract;
    struct jig_strv mirrors;
    char *unknown; /* a JSON object of all other keys; NULL: there are none */
};

/* `name` is for messages. *ret is the caller's to release. */
enum jig_code jig_pointer_parse(const char *text, size_t n, const char *name,
                                struct jig_pointer *ret, struct jig_err *reterr) JIG_CHECKED;

/* Whether a file begins as a Windows shortcut does, which has the same ending and is none of ours.
 */
bool jig_pointer_is_shortcut(const char *path);

/* Reads the file at `path`; messages call it `name`. */
enum jig_code jig_pointer_read(const char *path, const char *name, struct jig_pointer *ret,
                               struct jig_err *reterr) JIG_CHECKED;

/* Appends the canonical text. */
void jig_pointer_write(const struct jig_pointer *p, struct jig_buf *out);

void jig_pointer_release(struct jig_pointer *p);

/* "file", "zip", "tar.gz". Static. */
const char *jig_pointer_extract_name(enum jig_pointer_extract e);

/* False for a word that names none. "tgz", "tbz2", "txz" and "tzst" are taken, too. */
bool jig_pointer_extract_parse(const char *word, enum jig_pointer_extract *ret);

/* What an URL's last path component says about the archive it names; JIG_POINTER_FILE for none. */
enum jig_pointer_extract jig_pointer_extract_guess(const char *url);

/* Whether an URL may stand in a pointer: http, https or file, a host, printable ASCII, and no
 * credentials. `what` is the beginning of the message: "x.bin.lnk: 'url'". */
enum jig_code jig_pointer_check_url(const char *url, const char *what,
                                    struct jig_err *reterr) JIG_CHECKED;

/* Where a pointer's content belongs: its path without ".lnk". The caller frees. */
char *jig_pointer_target(const char *path);

#endif
