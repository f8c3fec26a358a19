#include "core/arduino/data.h"

#include <stddef.h>

#include "core/base/mem.h"
#include "core/os/fs.h"

char *jig_data_dir(const char *named)
{
    static const char *const places[] = {JIG_DATA_SOURCE, JIG_DATA_INSTALLED};
    if (named != NULL && named[0] != '\0')
        return jig_xstrdup(named);
    for (size_t i = 0; i < JIG_COUNT(places); i++) {
        if (jig_fs_is_dir(places[i]))
            return jig_xstrdup(places[i]);
    }
    return jig_xstrdup("/usr/share/jig");
}
