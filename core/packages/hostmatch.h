/*
 * hostmatch.h - which of a tool's builds runs on a computer.
 *
 * The hosts of an index are GNU triplets of every make: "x86_64-pc-linux-gnu", "x86_64-linux-gnu",
 * "i686-pc-linux-gnu", "arm-linux-gnueabihf", "aarch64-linux-gnu", "arm64-linux-gnueabihf",
 * "x86_64-apple-darwin", "arm64-apple-darwin", "i686-mingw32".
 *
 * Source: arduino.github.io/arduino-cli/latest/package_index_json-specification (systems).
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_HOSTMATCH_H
#define JIG_PACKAGES_HOSTMATCH_H

#include "core/os/host.h"

/* 0: it does not run there. Of several, the one with the higher number is for this very computer,
 * a lower one for one that it also can be (an Intel Mac's on an ARM Mac, 32 bits on 64). */
int jig_host_match(const struct jig_host *host, const char *triplet);

#endif
