/*
 * folder.h - a build folder: made, told apart from somebody's own, locked, emptied. For build.c.
 *
 * Its lock file stays for ever, so that nobody locks a file that is gone. A folder that is removed
 * while it is built in is found out in the end (jig_lock_is_current).
 *
 * Threads: any.
 */
#ifndef JIG_BUILD_FOLDER_H
#define JIG_BUILD_FOLDER_H

#include "core/build/build.h"
#include "core/os/lock.h"

/* Makes it, with the tag and the .gitignore that keep other tools out, unless they are there. */
enum jig_code jig_folder_make(const char *dir, struct jig_err *reterr) JIG_CHECKED;

/* Makes and locks the request's; waits for another build, saying for whom: *ret_waited. A look
 * makes nothing: FAILED_PRECONDITION when nobody built there, ABORTED when somebody does now. */
enum jig_code jig_folder_take(const struct jig_build_request *q, struct jig_lock *lock,
                              const char *lock_path, bool *ret_waited,
                              struct jig_err *reterr) JIG_CHECKED;

/* FAILED_PRECONDITION, reason USAGE, when it holds files and is not one of ours: nobody's own files
 * are cleaned away. */
enum jig_code jig_folder_check_is_ours(const char *dir, struct jig_err *reterr) JIG_CHECKED;

/* Removes everything but the tag, and the lock, which others may be waiting for. */
enum jig_code jig_folder_clean(const char *dir, struct jig_err *reterr) JIG_CHECKED;

#endif
