/*
 * plan.h - what has to be installed for what was asked for.
 *
 *   platform   the best release that its range takes, and each tool version that it asks for, built
 *              for this computer
 *   libraries  for all that were asked for together: one version of each, such that every range of
 *              every library's dependencies holds
 *
 * Candidates are tried as jig_range_better has them, newest first; when two libraries cannot agree,
 * an older one is tried in place of the newer. What others need stands before them in the plan.
 *
 * A plan owns its texts: the index may go.
 *
 * Ceilings: 1,024 packages a plan, 200,000 candidates tried.
 * Threads: a plan is one thread's.
 */
#ifndef JIG_PACKAGES_PLAN_H
#define JIG_PACKAGES_PLAN_H

#include "core/packages/hostmatch.h"
#include "core/packages/index.h"
#include "core/packages/wish.h"

#define JIG_PLAN_MAX       1024
#define JIG_PLAN_TRIES_MAX 200000

struct jig_package {
    enum jig_package_kind kind;
    enum jig_wish_from from;
    char *vendor; /* "" for a library */
    char *name;
    char *version; /* of git: the commit */
    char *url;
    char *ref;    /* git's, as asked for; "" else */
    char *file;   /* the archive's name */
    int64_t size; /* bytes; -1: not said */
    bool has_sha256;
    struct jig_digest sha256;
    bool asked;            /* by a wish, not by another package alone */
    struct jig_strv needs; /* of a platform: "VENDOR:NAME@VERSION" */
};

struct jig_plan {
    struct jig_package *items;
    size_t n;
    size_t cap;
};

void jig_plan_release(struct jig_plan *plan);
void jig_package_release(struct jig_package *p);
struct jig_package jig_package_copy(const struct jig_package *p);

/* "arduino:avr", "arduino:avr-gcc", "Servo": what messages and folders call it. Caller frees. */
char *jig_package_full_name(enum jig_package_kind kind, const char *vendor, const char *name);

/* The plan's, or NULL. */
const struct jig_package *jig_plan_find(const struct jig_plan *plan, enum jig_package_kind kind,
                                        const char *vendor, const char *name);

/* Adds what `wish` needs; what the plan has already stays. NOT_FOUND names what no index has, and
 * what it has instead; FAILED_PRECONDITION says why a release cannot be installed. On failure the
 * plan is as it was. */
enum jig_code jig_plan_platform(struct jig_plan *plan, const struct jig_index *x,
                                const struct jig_host *host, const struct jig_wish *wish,
                                struct jig_err *reterr) JIG_CHECKED;

/* Wishes for libraries of an index, all at once. */
enum jig_code jig_plan_libraries(struct jig_plan *plan, const struct jig_index *x,
                                 const struct jig_wish *wishes, size_t n,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Adds a copy of an item; FAILED_PRECONDITION past JIG_PLAN_MAX. */
enum jig_code jig_plan_add(struct jig_plan *plan, const struct jig_package *package,
                           struct jig_err *reterr) JIG_CHECKED;

#endif
