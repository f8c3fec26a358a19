/*
 * libraries.h - every folder that may hold a library of an environment. For target.c.
 *
 *   the project's own (lib/, lib_deps that are folders), and what its .lnk files stand for
 *   what lib_deps and profiles ask for by name, as it is installed (depends.h)
 *   lib_extra_dirs, libdeps_dir; the user's; the newest of what else is installed; the platform's
 *
 * Threads: one at a time.
 */
#ifndef JIG_SERVICE_TARGET_LIBRARIES_H
#define JIG_SERVICE_TARGET_LIBRARIES_H

#include "service/target.h"
#include "service/target/depends.h"

struct jig_target_shelves {
    struct jig_libcache *cache;
    const struct jig_strv *user;      /* folders of libraries */
    const struct jig_strv *installed; /* where packages are installed */
};

/* Opens e->libraries. NOT_FOUND (BAD_PROJECT), and in `missing`, for what is nowhere. */
enum jig_code jig_target_libraries(const struct jig_target_shelves *t,
                                   const struct jig_target *target, const struct jig_depends *d,
                                   struct jig_target_environment *e, struct jig_missing *missing,
                                   struct jig_err *reterr) JIG_CHECKED;

#endif
