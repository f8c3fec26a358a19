/*
 * depends.h - the packages that a project asks for by name, and where they are installed.
 *
 *   platform    platform = vendor:arch@RANGE in platformio.ini, "platforms" of a sketch's profile
 *   libraries   lib_deps, "libraries" of a sketch's profile
 *   jig.lock    what of them all it is to be, exactly: it is obeyed, or the build fails
 *
 * Without a lock file the best installed version that fits is taken. What is not installed is
 * gathered in `missing`, for who may install it.
 *
 * Threads: one at a time.
 */
#ifndef JIG_SERVICE_TARGET_DEPENDS_H
#define JIG_SERVICE_TARGET_DEPENDS_H

#include "core/arduino/hardware.h"
#include "core/arduino/libindex.h"
#include "core/config/project.h"
#include "core/packages/installed.h"
#include "core/packages/record.h"
#include "service/target.h"

/* What would have to be installed first. */
struct jig_missing {
    struct jig_strv platforms; /* wishes, as jig_wish_platform reads them */
    struct jig_strv libraries; /* wishes, as jig_wish_library reads them */
    struct jig_strv indexes;   /* URLs that the project names, for those */
    struct jig_plan locked;    /* packages of a lock file */
};

void jig_missing_release(struct jig_missing *m);
bool jig_missing_any(const struct jig_missing *m);

struct jig_depends {
    struct jig_wish platform;
    bool has_platform;
    struct jig_wish *libraries;
    size_t library_count;
    const struct jig_plan *locked;  /* borrowed; NULL: no lock file, or it does not know of us */
    bool obey;                      /* the lock file */
    const struct jig_strv *indexes; /* borrowed: "platform_index_url" of a sketch's profile */
};

/* Of one environment. BAD_PROJECT names what is no package. Release in either case. */
enum jig_code jig_depends_read(const struct jig_project *project, const struct jig_environment *env,
                               const struct jig_lockfile *lock, enum jig_lock_use use,
                               struct jig_depends *ret, struct jig_err *reterr) JIG_CHECKED;
void jig_depends_release(struct jig_depends *d);

/* DATA_LOSS (INTEGRITY), with both values, when a platform or tool that jig.lock names is installed
 * from another archive. Of libraries, jig_depends_libraries says so. */
enum jig_code jig_depends_check_lock(const struct jig_depends *d, const struct jig_strv *roots,
                                     struct jig_err *reterr) JIG_CHECKED;

/* "arduino:avr@^1.8" as a platform in platformio.ini: the Arduino platform itself. */
bool jig_depends_is_arduino(const char *platform);

/* The folder that an entry of lib_deps is; NULL when it is none. The caller frees. */
char *jig_depends_local(const struct jig_project *project, const char *entry);

/* The version of vendor:arch that the board is to be of; NULL: whichever serves. The caller frees.
 * NOT_FOUND, and in `missing`, when it is not installed. */
enum jig_code jig_depends_version(const struct jig_depends *d, const struct jig_hardware_view *view,
                                  const char *vendor, const char *arch, char **ret,
                                  struct jig_missing *missing, struct jig_err *reterr) JIG_CHECKED;

bool jig_depends_has(const struct jig_hardware_view *view, const char *vendor, const char *arch,
                     const char *version);

/* The platform is there and does not do: when it is one that was installed by jig, its tools are to
 * be installed again. */
void jig_depends_repair(const struct jig_hardware_view *view, const char *vendor, const char *arch,
                        const char *version, struct jig_missing *missing);

/* The trees of libraries: `out` gets those that the project asks for, `others` the newest of all
 * the rest (none under a lock file). What `own`, the project's own libraries, has is not looked
 * for, and what is not installed may still be there in another way. DATA_LOSS, and BAD_PROJECT when
 * the lock file does not fit the project. */
enum jig_code jig_depends_libraries(const struct jig_depends *d,
                                    const struct jig_installed_list *installed,
                                    const struct jig_libindex *own, struct jig_strv *out,
                                    struct jig_strv *others, struct jig_missing *missing,
                                    struct jig_err *reterr) JIG_CHECKED;

#endif
