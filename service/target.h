/*
 * target.h - from what a request names to what can be built: project, environment, board,
 * libraries.
 *
 *   ProjectSelector --jig_target_open--> project (jig_project)
 *                                        and for each environment that is meant:
 *                                          board      fqbn, or PlatformIO's platform + board
 *                                          custom     board_build.*, upload_* as properties
 *                                          libraries  every folder that may hold some
 *                                          build_dir  where it is built
 *
 * Everything is exact for the moment of the call: platforms, libraries and the project are looked
 * at anew (by stamps) each time.
 *
 * Ownership: a target keeps references to all it borrows, and is counted itself: each owner frees
 * it with jig_target_free. Threads: jig_targets (one a daemon) from any thread; a target does not
 * change once opened.
 */
#ifndef JIG_SERVICE_TARGET_H
#define JIG_SERVICE_TARGET_H

#include <stdatomic.h>

#include "core/arduino/board.h"
#include "core/arduino/libindex.h"
#include "core/base/err.h"
#include "core/base/memo.h"
#include "core/base/strv.h"
#include "core/config/conf.h"
#include "core/config/project.h"
#include "core/lnk/state.h"
#include "service/wire/messages.h"

struct jig_targets;
struct jig_cache;
struct jig_hold;

/* What a project's jig.lock is to who opens it. */
enum jig_lock_use {
    JIG_LOCK_OBEY,   /* it and nothing else */
    JIG_LOCK_PREFER, /* its versions, where they still fit */
    JIG_LOCK_IGNORE,
};

/* `conf` and `installed`, where packages are installed, are borrowed for the call. `data_dir` may
 * be NULL: where jig's own data files are. */
struct jig_targets *jig_targets_new(const struct jig_conf *conf, const struct jig_strv *installed,
                                    const char *data_dir);
void jig_targets_free(struct jig_targets *t);

struct jig_targets_stats {
    struct jig_memo_stats platforms; /* a question is about all that there are */
    struct jig_memo_stats libraries; /* a question is about one folder of them */
};
struct jig_targets_stats jig_targets_stats(struct jig_targets *t);

/* The cache that the installed packages are of. Before the first target is opened. */
void jig_targets_lease_from(struct jig_targets *t, struct jig_cache *cache);

/* One environment that can be built. */
struct jig_target_environment {
    const struct jig_environment *environment; /* of the target's project */
    struct jig_board_config *board;
    struct jig_props *custom;
    struct jig_libindex *libraries;
    char *build_dir;
    char *fqbn;  /* in its shortest form */
    bool pinned; /* the platform is of the version that PlatformIO's release brings */
    struct jig_strv notices;
    struct jig_strv trees; /* installed libraries that are looked into */
};

struct jig_target {
    atomic_uint refs;
    struct jig_project *project;
    struct jig_target_environment *environments;
    size_t n;
    char *build_base;     /* where the environments' build folders are */
    char *pulled;         /* where the content of its .lnk files is; NULL: it has none */
    bool needs_pull;      /* not all of that is there as it is to be: pull, and open it anew */
    struct jig_strv uses; /* installed packages, by their folders */
    struct jig_lnk_mark pulled_mark; /* from before that was looked at (core/lnk/state.h) */
};

/* Loads the project alone. needs_env gets the variables that the request lacks (NEEDS_ENV). */
enum jig_code jig_target_project(const Jig__V1__ProjectSelector *selector, struct jig_project **ret,
                                 struct jig_strv *needs_env, struct jig_err *reterr) JIG_CHECKED;

/* Where the build folders of a project go. The caller frees. */
char *jig_target_build_base(const Jig__V1__ProjectSelector *selector, const char *root);

/* The named environment, or all default ones. BAD_PROJECT names what does not resolve. While
 * needs_pull is set, libraries may be missing that pointers stand for, and that is no failure yet.
 */
enum jig_code jig_target_open(struct jig_targets *t, const Jig__V1__ProjectSelector *selector,
                              struct jig_target **ret, struct jig_strv *needs_env,
                              struct jig_err *reterr) JIG_CHECKED;

/* The same, with what would have to be installed first when it fails (service/target/depends.h). */
struct jig_missing;
enum jig_code jig_target_open_missing(struct jig_targets *t,
                                      const Jig__V1__ProjectSelector *selector,
                                      enum jig_lock_use use, struct jig_target **ret,
                                      struct jig_strv *needs_env, struct jig_missing *missing,
                                      struct jig_err *reterr) JIG_CHECKED;

/* What a target uses of the cache stays there until *ret is freed (jig_hold_free); NULL when it
 * uses nothing. ABORTED when something went away since the target was opened: open it once more. */
enum jig_code jig_target_lease(struct jig_targets *t, const struct jig_target *target,
                               struct jig_hold **ret, struct jig_err *reterr) JIG_CHECKED;

/* The same for what a board alone uses. `who` as jig_hold_new has it. */
enum jig_code jig_target_lease_board(struct jig_targets *t, const struct jig_board_config *board,
                                     const char *who, struct jig_hold **ret,
                                     struct jig_err *reterr) JIG_CHECKED;

struct jig_target *jig_target_ref(struct jig_target *target);
void jig_target_free(struct jig_target *target); /* at the last one's */

/* The board that an environment is for, in its shortest form. The caller frees. */
enum jig_code jig_target_fqbn(struct jig_targets *t, const struct jig_project *project,
                              const struct jig_environment *environment, char **ret,
                              struct jig_err *reterr) JIG_CHECKED;

/* A board by name alone, for images that no project made. */
enum jig_code jig_target_board(struct jig_targets *t, const char *fqbn,
                               struct jig_board_config **ret, struct jig_err *reterr) JIG_CHECKED;

/* The boards that show this USB id. */
enum jig_code jig_target_boards_with_usb(struct jig_targets *t, uint16_t vid, uint16_t pid,
                                         struct jig_strv *out, struct jig_err *reterr) JIG_CHECKED;

#endif
