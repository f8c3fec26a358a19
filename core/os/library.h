/*
 * library.h - shared libraries that are loaded when they are first needed: for those whose own
 * libraries take longer to load than most processes need them.
 *
 * A library stays loaded. Its functions' types are those of its header, see core/fetch/curl_api.h.
 *
 * Threads: any.
 */
#ifndef JIG_OS_LIBRARY_H
#define JIG_OS_LIBRARY_H

#include <stddef.h>

#include "core/base/err.h"

struct jig_symbol {
    const char *name;
    void *slot; /* of a pointer to the function */
};

/* FAILED_PRECONDITION when the library, or one of the functions, is not there; it names what. */
enum jig_code jig_os_library_load(const char *soname, const struct jig_symbol *symbols, size_t n,
                                  struct jig_err *reterr) JIG_CHECKED;

#endif
