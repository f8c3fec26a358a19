#include "core/os/library.h"

#include <dlfcn.h>
#include <string.h>

enum jig_code jig_os_library_load(const char *soname, const struct jig_symbol *symbols, size_t n,
                                  struct jig_err *reterr)
{
    void *library = dlopen(soname, RTLD_NOW | RTLD_LOCAL);
    if (library == NULL)
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "cannot load %s: %s", soname,
                           dlerror());
    for (size_t i = 0; i < n; i++) {
        void *found = dlsym(library, symbols[i].name);
        if (found == NULL)
            return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "%s has no function %s", soname,
                               symbols[i].name);
        memcpy(symbols[i].slot, &found, sizeof found);
    }
    return JIG_OK;
}
