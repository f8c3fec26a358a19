/*
 * libpoints.h - how well a library's name fits a header's. For libindex.c.
 */
#ifndef JIG_ARDUINO_LIBPOINTS_H
#define JIG_ARDUINO_LIBPOINTS_H

#include "core/arduino/library.h"

/* A name as names are compared. The caller frees. */
char *jig_library_simple_name(const char *name);

/* How many distinct pairs of neighbouring characters of the header (as written, its last pair set
 * aside) are in the library's simple name (its last pair set aside). */
size_t jig_library_shared_pairs(const struct jig_library *lib, const char *header);

#endif
