#include "core/packages/names.h"

#include <ctype.h>
#include <string.h>

static bool all_of(const char *s, const char *others, size_t max)
{
    size_t n = strlen(s);
    if (n == 0 || n > max || !isalnum((unsigned char)s[0]))
        return false;
    for (size_t i = 0; i < n; i++) {
        if (!isalnum((unsigned char)s[i]) && strchr(others, s[i]) == NULL)
            return false;
    }
    return s[n - 1] != ' ' && s[n - 1] != '.';
}

bool jig_package_name_ok(const char *name)
{
    return all_of(name, " ._+-", JIG_PACKAGE_NAME_MAX);
}

bool jig_package_version_ok(const char *version)
{
    return all_of(version, "._+-", JIG_PACKAGE_VERSION_MAX);
}
