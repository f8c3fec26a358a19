/* Apart from dirs.c, which asks the password database: a program that only needs the socket's place
 * is then linked without it. */
#include "core/os/dirs.h"

#include <stdlib.h>
#include <unistd.h>

#include "core/base/str.h"

char *jig_dirs_runtime(void)
{
    const char *value = getenv("XDG_RUNTIME_DIR");
    if (value != NULL && value[0] == '/')
        return jig_path_join(value, "jig");
    return jig_strf("/tmp/jig-%lu", (unsigned long)getuid());
}
