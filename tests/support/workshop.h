/*
 * workshop.h - a made-up platform, a project and an engine in a test's folder: whole builds in a
 * few milliseconds, by the tools of fake_gcc.c.
 *
 *   DIR/hardware/fake/one/     the platform; its tools in bin/ are copies of fake_gcc
 *   DIR/project/               a PlatformIO project: platformio.ini, src/, lib/, include/
 *   DIR/build                  where it is built
 *   DIR/libraries              the user's libraries
 *
 * Paths given to workshop_* are relative to DIR. A build resolves everything anew, as a request
 * does. Fails the test by itself when something that it needs cannot be done.
 */
#ifndef JIG_TESTS_SUPPORT_WORKSHOP_H
#define JIG_TESTS_SUPPORT_WORKSHOP_H

#include "core/build/build.h"
#include "core/watch/watcher.h"

struct workshop {
    const struct workshop *of; /* what it shares; NULL: all is its own */
    char *dir;
    char *project; /* the folder or file that is loaded; "project" below dir unless set */
    char *build_dir;
    struct jig_hardware *hardware;
    struct jig_libcache *libcache;
    struct jig_build_engine *engine;
    bool own_cache; /* the engine's object cache is DIR/objects */

    /* what a build is asked for */
    bool walk;
    bool clean;
    bool explain;
    bool look_only;
    size_t jobs;
    struct jig_until until;
    const struct jig_build_events *events;
    bool doubt_changes;
    enum jig_code (*finished)(void *ctx, const struct jig_build_result *result,
                              struct jig_err *reterr);
    void *finished_ctx;

    /* since workshop_watch() */
    struct jig_watcher *watcher;
    struct jig_watch *watch;
    struct workshop_target *target;
    uint64_t look;

    /* of the last build */
    enum jig_code code;
    struct jig_err err;
    struct jig_build_result result;
};

void workshop_open(struct workshop *w, const char *dir);
void workshop_close(struct workshop *w);

/* The same folder, engine and platforms, for a build in another thread. Is closed first. */
void workshop_share(struct workshop *w, const struct workshop *of);

/* Another engine, as after a restart. `cache` is where shared objects are; NULL: nowhere. */
void workshop_restart(struct workshop *w, const char *cache);

/* Writes a file, folders included, in place of what was there. */
void workshop_put(const struct workshop *w, const char *path, const char *text);
void workshop_remove(const struct workshop *w, const char *path);
char *workshop_path(const struct workshop *w, const char *path); /* the caller frees */
char *workshop_read(const struct workshop *w, const char *path); /* the caller frees */
bool workshop_has(const struct workshop *w, const char *path);

/* Builds; the outcome is in w. */
enum jig_code workshop_build(struct workshop *w);

/* Looks whether a build would do nothing; then its files are watched, until the next call of this
 * or of workshop_restart(). False when it would do something. */
bool workshop_watch(struct workshop *w);

/* Builds as the daemon does when it has watched: with what changed, where that is known. */
enum jig_code workshop_build_changes(struct workshop *w);

/* The same, told that nothing changed, whatever did. */
enum jig_code workshop_build_unchanged(struct workshop *w);

/* Asks for what the last build left; the outcome is in w. */
enum jig_code workshop_last(struct workshop *w);

/* Builds until nothing has to be done: what was written in the clock tick of a run is looked at
 * once more. Fails the test when a build fails or when it never settles. */
void workshop_settle(struct workshop *w);

/* One build that must go well, and whose steps are "step: because; ..." in the order in which they
 * ran; "" when it was up to date. */
void workshop_expect(struct workshop *w, const char *steps);

/* The files below `path` whose name begins with `prefix`. */
size_t workshop_count(const struct workshop *w, const char *path, const char *prefix);

#endif
