/*
 * syncing.h - a project's jig.lock: what it is built with, installed and written down.
 *
 *   for each environment:
 *     open it, with the versions that jig.lock has where they still fit (or none of them: upgrade)
 *        |  '-- something is missing --> install it, open again
 *     (upgrade) the newest of what it asks for --> install, open again
 *     what it uses of what is installed: its platform, that one's tools, the libraries that it asks
 *     for and those that they depend on --> jig.lock
 *
 * What the project has itself, what is the user's or the system's own is not written down: jig does
 * not know where that came from. Environments that were not looked at keep their lines, also those
 * that another daemon writes at the same time (jig_lockfile_update).
 *
 * Threads: from run().
 */
#ifndef JIG_SERVICE_SYNCING_H
#define JIG_SERVICE_SYNCING_H

#include "service/packages.h"
#include "service/target.h"

enum jig_code jig_sync(struct jig_targets *targets, struct jig_packages *packages,
                       struct jig_operation *op, const Jig__V1__ProjectSelector *selector,
                       bool upgrade, struct jig_err *reterr) JIG_CHECKED;

#endif
