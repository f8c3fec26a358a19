/*
 * names.h - what a package, a vendor and a version may be called.
 *
 * Names come from files of others and become folders, so they are held to a set that every
 * filesystem takes and that cannot lead elsewhere: a letter or digit first, then letters, digits,
 * blanks and any of "._+-", no blank or dot at the end. The library specification asks for less
 * than that, and every platform and tool of the official index fits in.
 *
 * Source: arduino.github.io/arduino-cli/latest/library-specification (the name field).
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_NAMES_H
#define JIG_PACKAGES_NAMES_H

#include <stdbool.h>

#define JIG_PACKAGE_NAME_MAX    128 /* bytes */
#define JIG_PACKAGE_VERSION_MAX 64  /* bytes */

bool jig_package_name_ok(const char *name);
bool jig_package_version_ok(const char *version); /* as a name, without blanks */

#endif
