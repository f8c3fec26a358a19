/*
 * sources.h - the source files in a folder, and the names of their objects.
 *
 * Compiled are .c .cpp .cxx .cc .S, told bytewise. Left out is what starts with a dot, and the
 * folders of version control and editors: CVS RCS .git .svn .hg .bzr .vscode .settings .pioenvs
 * .piolibdeps and the like.
 *
 * Two orders matter. Includes are discovered in *walk order*: names sorted in each folder, a folder
 * entered where its name stands; this fixes the order in which libraries are found, and so linked.
 * Objects are linked in *link order*: by the object's path, bytewise ("a.cpp.o" before
 * "a/x.cpp.o").
 *
 * Ceilings: 64 levels, 100,000 files. Source: arduino-cli 1.0.4's behaviour.
 * Threads: a list belongs to one thread at a time.
 */
#ifndef JIG_ARDUINO_SOURCES_H
#define JIG_ARDUINO_SOURCES_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arduino/readlog.h"
#include "core/base/err.h"

#define JIG_SOURCES_MAX 100000

struct jig_source {
    char *path;   /* absolute */
    char *object; /* "utility/twi.c.o", below the build folder of whatever it belongs to */
};

struct jig_sources {
    struct jig_source *items;
    size_t n;
    size_t cap;
};

bool jig_is_source(const char *name);
bool jig_is_header(const char *name); /* .h .hpp .hh: what makes a folder a library */

/* Appends the sources of `dir` in walk order. `below` goes before each object's name ("" or
 * "utility/"). `log` may be NULL. A folder that is not there has none. */
enum jig_code jig_sources_find(const char *dir, bool recurse, const char *below,
                               struct jig_readlog *log, struct jig_sources *out,
                               struct jig_err *reterr) JIG_CHECKED;

/* Moves those of `more` over whose objects are not among out's items from `from` on, which are in
 * walk order and stay so, as if all were of one folder. */
enum jig_code jig_sources_join_take(struct jig_sources *out, size_t from, struct jig_sources *more,
                                    struct jig_err *reterr) JIG_CHECKED;

void jig_sources_sort(struct jig_sources *s,
                      size_t from); /* the items from that one on, link order */
void jig_sources_release(struct jig_sources *s);

#endif
