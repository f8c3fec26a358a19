/*
 * toolpkg.h - which Debian package a tool or a platform comes from, for error messages.
 *
 * Source: the file lists of Debian 12's packages (apt-file).
 * Threads: no state; any thread.
 */
#ifndef JIG_ARDUINO_TOOLPKG_H
#define JIG_ARDUINO_TOOLPKG_H

/* Of a program's name, its path set aside ("/usr/bin/avr-gcc" -> "gcc-avr"). NULL when unknown. */
const char *jig_package_of_tool(const char *program);

/* Of "vendor:arch". NULL when Debian has none. */
const char *jig_package_of_platform(const char *platform);

#endif
