/*
 * indexes.h - the index files on this machine: one for each URL, fetched when asked to.
 *
 *   DIR/NAME-HASH.json   as the server sent it, once it was found to be an index
 *   DIR/NAME-HASH.meta   its URL, ETag and Last-Modified: what the next update asks with
 *   DIR/update.lock      held while one is fetched
 *
 * An index may come in an archive (".tar.bz2", as Arduino's do, with a signature beside it, which
 * is not looked at): the .json in it is what is kept.
 *
 *   update: for each URL: fetch beside -> parse -> rename   what was there stays until then, and
 *                           |              '-- no index: kept out, told
 *                           '-- not modified, or no network: what is there serves on
 *
 * Nothing here looks at the age of a file: what is there serves until somebody asks for an update.
 *
 * Threads: no state; any thread. Processes: any number; updates wait for each other.
 */
#ifndef JIG_PACKAGES_INDEXES_H
#define JIG_PACKAGES_INDEXES_H

#include "core/base/strv.h"
#include "core/fetch/fetch.h"
#include "core/packages/index.h"

/* What serves when the configuration names no other: Arduino's own. */
extern const char *const jig_indexes_builtin[]; /* NULL-terminated */

enum jig_index_state {
    JIG_INDEX_UPDATED = 1,
    JIG_INDEX_UNCHANGED = 2,
    JIG_INDEX_FAILED = 3,
};

struct jig_index_update {
    char *url;
    enum jig_index_state state;
    int64_t size; /* bytes of the file that serves now; -1: none does */
    struct jig_err err;
};

struct jig_index_updates {
    struct jig_index_update *items; /* in the order of the URLs */
    size_t n;
};

void jig_index_updates_release(struct jig_index_updates *u);

struct jig_indexes_spec {
    const char *dir; /* absolute; made when missing */
    const struct jig_strv *urls;
    struct jig_fetcher *fetcher;
    bool only_missing; /* leave those alone that are there */
    void (*progress)(void *ctx, const struct jig_fetch_progress *p); /* NULL is fine */
    void *ctx;
};

/* Updates all it can. The first failure of one URL is the result, after all were tried; `ret` (to
 * be released in either case) says how each went. */
enum jig_code jig_indexes_update(const struct jig_indexes_spec *spec, const struct jig_until *until,
                                 struct jig_index_updates *ret, struct jig_err *reterr) JIG_CHECKED;

/* Reads those that are there into one index. NOT_FOUND when there is none at all; damaged ones are
 * an error that names the file. */
enum jig_code jig_indexes_load(const char *dir, const struct jig_strv *urls, struct jig_index **ret,
                               struct jig_err *reterr) JIG_CHECKED;

#endif
