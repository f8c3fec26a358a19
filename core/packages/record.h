/*
 * record.h - a package in JSON: what lies in each installed tree, and in jig.lock.
 *
 *   {"kind": "library", "name": "Servo", "version": "1.2.1", "url": "https://...",
 *    "sha256": "...", "size": 12345}
 *   "name" of a platform or tool is VENDOR:NAME; "needs" lists a platform's tools; "git": true,
 *   "ref" and no hash for what came from git, whose version is the commit.
 *
 * Everything read is checked as if a stranger had written it: names and versions become folders.
 *
 * Ceilings: 16 MiB a lock file, 64 KiB a record, 1,024 packages an environment.
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_RECORD_H
#define JIG_PACKAGES_RECORD_H

#include "core/os/cancel.h"
#include "core/packages/plan.h"

#define JIG_PACKAGE_RECORD "jig-package.json"   /* in an installed tree */
#define JIG_LOCK_FILE      "jig.lock"           /* in a project's folder */
#define JIG_LOCK_GATE      ".jig/jig.lock.gate" /* held by who writes it */

/* The caller frees. Ends in a line's end; the same package gives the same text. */
char *jig_package_text(const struct jig_package *p);

/* A platform's piece of the package index, as the Boards Manager leaves it in installed.json beside
 * boards.txt: core/arduino/toolneeds.h reads it. The caller frees. */
char *jig_package_installed_json(const struct jig_package *p);

/* INVALID_ARGUMENT says what is wrong with it; `name` is what messages call it. */
enum jig_code jig_package_parse(const char *name, const char *text, size_t n,
                                struct jig_package *ret, struct jig_err *reterr) JIG_CHECKED;

/* Of a file. NOT_FOUND when there is none. */
enum jig_code jig_package_read(const char *path, struct jig_package *ret,
                               struct jig_err *reterr) JIG_CHECKED;

/* What each environment of a project is built with. */
struct jig_locked {
    char *environment;
    struct jig_plan plan;
};

struct jig_lockfile {
    struct jig_locked *items;
    size_t n;
    size_t cap;
};

void jig_lockfile_release(struct jig_lockfile *l);

/* INVALID_ARGUMENT (BAD_PROJECT) names the file and what is wrong; NOT_FOUND when there is none. On
 * failure nothing is to be released. */
enum jig_code jig_lockfile_read(const char *path, struct jig_lockfile *ret,
                                struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_lockfile_parse(const char *name, const char *text, size_t n,
                                 struct jig_lockfile *ret, struct jig_err *reterr) JIG_CHECKED;

/* Puts the environments of `news` into the jig.lock of the project's folder `root`. What is there
 * of others stays, and what another process puts there at the same time: it is read, changed and
 * written under JIG_LOCK_GATE. Nothing is written, and nothing locked, when the file says so
 * already. */
enum jig_code jig_lockfile_update(const char *root, const struct jig_lockfile *news,
                                  const struct jig_until *until,
                                  struct jig_err *reterr) JIG_CHECKED;

const struct jig_plan *jig_lockfile_find(const struct jig_lockfile *l, const char *environment);

/* Takes the plan, in place of one that is there. */
void jig_lockfile_set(struct jig_lockfile *l, const char *environment, struct jig_plan *plan);

#endif
