/*
 * scan.h - the pointers of a project.
 *
 * Every file whose name ends in ".lnk" below a folder, but for
 *   - what git would leave out (ignore.h): the folder's own .gitignore files, those of the
 *     repository that it lies in, and the repository's .git/info/exclude;
 *   - build folders: those that hold a CACHEDIR.TAG (bford.info/cachedir) or a build.options.json;
 *   - .git, .hg, .svn, .jig and .pio.
 * A project that lies in a folder which its repository leaves out is looked at without the
 * repository's rules. Links to folders are followed, each folder through one of them at most, and
 * none into a folder that is being looked at.
 *
 * Windows shortcuts, which have the same ending, are found as well; look.h leaves them out.
 *
 * One look a folder, none a file (core/os/fs.h, jig_fs_list_marked).
 *
 * Folders that may not be read, and what is more than 64 levels deep, are passed over.
 *
 * Ceilings: JIG_LNK_MOST pointers, 200,000 folders.
 * Threads: no state; any thread.
 */
#ifndef JIG_LNK_SCAN_H
#define JIG_LNK_SCAN_H

#include "core/base/err.h"
#include "core/base/strv.h"

#define JIG_LNK_MOST 100000

/* Appends the pointers' paths relative to `root` (absolute), sorted bytewise. */
enum jig_code jig_lnk_scan(const char *root, struct jig_strv *out,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
