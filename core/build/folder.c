#include "core/build/folder.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define LOOK_HOLDER "a look ahead"
#define MOST_TRIES  10 /* to lock a folder that somebody keeps removing */

/* The folder, kept out of version control and out of other tools' sights. */
enum jig_code jig_folder_make(const char *dir, struct jig_err *reterr)
{
    static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                              "# This folder is made by jig and may be deleted at any time.\n"
                              "# Source of the signature: bford.info/cachedir\n";
    JIG_CLEANUP_FREE char *tag_path = jig_path_join(dir, "CACHEDIR.TAG");
    JIG_CLEANUP_FREE char *ignore_path = jig_path_join(dir, ".gitignore");
    enum jig_code code = jig_fs_mkdirs(dir, 0777, reterr);
    if (code == JIG_OK && !jig_fs_exists(tag_path))
        code = jig_fs_write_unsynced(tag_path, tag, sizeof tag - 1, 0644, reterr);
    if (code == JIG_OK && !jig_fs_exists(ignore_path))
        code = jig_fs_write_unsynced(ignore_path, "*\n", 2, 0644, reterr);
    if (code != JIG_OK)
        jig_err_hint(reterr, "name another build folder with --build-dir or JIG_BUILD_DIR");
    return code;
}

/* Waits for another build of the same folder, saying for whom. */
static enum jig_code wait_for_lock(const struct jig_build_request *q, struct jig_lock *lock,
                                   const char *path, const char *holder, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *text = jig_strf("waiting for another build of this project: %s", holder);
    bool is_look = strstr(holder, LOOK_HOLDER) != NULL; /* over in a moment, and of no interest */
    if (!is_look && q->events != NULL && q->events->notice != NULL)
        q->events->notice(q->events->ctx, "build.waiting", JIG_SEVERITY_NOTE, text);
    return jig_lock_wait(lock, path, q->holder, &q->until, reterr);
}

/* To lock is to make the file: a look takes the one that a build has left. */
static enum jig_code is_there(const char *lock_path, struct jig_err *reterr)
{
    return jig_fs_is_file(lock_path) ? JIG_OK
                                     : jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                                                   "nothing was built: there is no %s", lock_path);
}

/* Makes the folder and locks it; again, when somebody removes it in between. */
enum jig_code jig_folder_take(const struct jig_build_request *q, struct jig_lock *lock,
                              const char *lock_path, bool *ret_waited, struct jig_err *reterr)
{
    enum jig_code code = JIG_NOT_FOUND;
    for (int i = 0; code == JIG_NOT_FOUND && i < MOST_TRIES; i++) {
        struct jig_err err = JIG_ERR_INIT;
        code = q->look_only ? is_there(lock_path, reterr) : jig_folder_make(q->build_dir, reterr);
        if (code != JIG_OK)
            return code;
        code = jig_lock_try(lock, lock_path, q->look_only ? LOOK_HOLDER : q->holder, &err);
        *ret_waited = code == JIG_ABORTED;
        if (code == JIG_ABORTED && !q->look_only)
            code = wait_for_lock(q, lock, lock_path, err.message, &err);
        if (code != JIG_OK && reterr != NULL)
            *reterr = err;
    }
    return code;
}

/* A folder that holds files and no tag of ours is somebody's own. */
enum jig_code jig_folder_check_is_ours(const char *dir, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *tag_path = jig_path_join(dir, "CACHEDIR.TAG");
    struct jig_strv names = {0};
    enum jig_code code = JIG_OK;
    if (jig_fs_list(dir, &names, NULL) == JIG_OK && names.n > 0 && !jig_fs_is_file(tag_path)) {
        code = jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_USAGE,
                              "%s is not a build folder of jig's, and is not cleaned", dir);
        jig_err_hint(reterr, "it has no CACHEDIR.TAG; empty it yourself, or name another folder");
    }
    jig_strv_release(&names);
    return code;
}

/* Everything but the tag, and the lock, which others may be waiting for. */
enum jig_code jig_folder_clean(const char *dir, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_list(dir, &names, reterr);
    for (size_t i = 0; code == JIG_OK && i < names.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        if (strcmp(names.v[i], ".jig-lock") != 0 && strcmp(names.v[i], "CACHEDIR.TAG") != 0)
            code = jig_fs_remove_tree(path, reterr);
    }
    jig_strv_release(&names);
    return code;
}
