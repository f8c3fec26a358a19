/*
 * version.h - comparing version numbers that need not be proper ones.
 *
 * "1.8.7", "1.8" (is 1.8.0), "3.0.0-rc1" (older than 3.0.0; its parts compared by number where they
 * are numbers), "1.0+b7" (what follows '+' does not count). Anything else is older than every
 * proper version, and is compared with its like bytewise. (Semantic Versioning 2.0, section 11,
 * relaxed the way the Arduino tools relax it.)
 */
#ifndef JIG_ARDUINO_VERSION_H
#define JIG_ARDUINO_VERSION_H

#include <stdbool.h>

bool jig_version_is_proper(const char *v);
int jig_version_compare(const char *a, const char *b); /* <0, 0, >0 */

#endif
