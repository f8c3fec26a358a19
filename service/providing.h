/*
 * providing.h - a build that misses packages gets them first, when the configuration says so.
 *
 *   jig_building_open() fails --jig_building_misses--> yes: the operation starts all the same, and
 *                                                      its run() calls jig_building_provide()
 */
#ifndef JIG_SERVICE_PROVIDING_H
#define JIG_SERVICE_PROVIDING_H

#include "service/building.h"
#include "service/packages.h"

/* True when `code`, of jig_building_open(), is for want of packages that may be installed. */
bool jig_building_misses(const struct jig_packages *p, const struct jig_building *b,
                         enum jig_code code);

/* From run(): installs what is missing and opens again, as often as something new is missing: a
 * library that came may ask for another one. */
enum jig_code jig_building_provide(struct jig_packages *p, struct jig_operation *op,
                                   struct jig_building *b, struct jig_err *reterr) JIG_CHECKED;

#endif
