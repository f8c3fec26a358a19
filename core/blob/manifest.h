/*
 * manifest.h - JIG_TREE_FILE: what a tree is, and what it consists of.
 *
 * Threads: no state.
 */
#ifndef JIG_BLOB_MANIFEST_H
#define JIG_BLOB_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/strv.h"
#include "core/blob/cache.h"

/* Looks at every file in `dir`, takes its write permission away and writes the list; folders get at
 * least the mode `folders`. Neither devices nor names with line breaks are let in. */
enum jig_code jig_manifest_make(const char *dir, enum jig_cache_kind kind, const char *name,
                                const char *version, mode_t folders, uint64_t *ret_bytes,
                                struct jig_err *reterr) JIG_CHECKED;

/* How large the tree was when it was made, by its list's head alone. DATA_LOSS when there is no
 * list that can be read. */
enum jig_code jig_manifest_size(const char *dir, uint64_t *ret_bytes,
                                struct jig_err *reterr) JIG_CHECKED;

/* Compares every file with the list; adds "path: what is wrong" for each that differs or is
 * missing, 100 at the most. What was added to the tree is not looked at. */
enum jig_code jig_manifest_check(const char *dir, struct jig_strv *ret_wrong,
                                 struct jig_err *reterr) JIG_CHECKED;

/* The same by a list in memory, which is changed on the way. */
enum jig_code jig_manifest_check_list(const char *dir, char *list, struct jig_strv *ret_wrong,
                                      struct jig_err *reterr) JIG_CHECKED;

#endif
