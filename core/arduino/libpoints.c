#include <string.h>

#include "core/arduino/libindex.h"
#include "core/arduino/libpoints.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define NAME_MAX_BYTES 64

/* Lower case, '_' for whatever is not a letter, a digit, or (but for the first) '-' or '.'. One '_'
 * a character, so UTF-8 continuation bytes go. */
char *jig_library_simple_name(const char *name)
{
    char *out = jig_xcalloc(strlen(name) + 1, 1);
    size_t n = 0;
    for (const char *c = name; *c != '\0' && n < NAME_MAX_BYTES; c++) {
        if (((unsigned char)*c & 0xc0) == 0x80)
            continue;
        if (*c >= 'A' && *c <= 'Z')
            out[n++] = (char)(*c - 'A' + 'a');
        else if ((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') ||
                 (c > name && (*c == '-' || *c == '.')))
            out[n++] = *c;
        else
            out[n++] = '_';
    }
    return out;
}

enum fit { FIT_EQUAL, FIT_MAIN, FIT_MASTER, FIT_START, FIT_END, FIT_WITHIN, FIT_NONE };

static bool fits(const char *name, const char *header, enum fit how)
{
    size_t n = strlen(header);
    switch (how) {
    case FIT_EQUAL:
        return jig_streq(name, header);
    case FIT_MAIN:
        return jig_str_starts(name, header) && jig_streq(name + n, "-main");
    case FIT_MASTER:
        return jig_str_starts(name, header) && jig_streq(name + n, "-master");
    case FIT_START:
        return jig_str_starts(name, header);
    case FIT_END:
        return jig_str_ends(name, header);
    case FIT_WITHIN:
        return strstr(name, header) != NULL;
    default:
        return true;
    }
}

static int name_points(const char *name, const char *dir, const char *header)
{
    static const int points[] = {600, 500, 400, 300, 200, 100, 0};
    if (jig_streq(name, header) && jig_streq(dir, header))
        return 700;
    int how = FIT_EQUAL;
    while (!fits(name, header, how) && !fits(dir, header, how))
        how++;
    return points[how];
}

static int arch_points(const struct jig_library *lib, const char *arch)
{
    if (jig_strv_contains(&lib->architectures, arch))
        return 1010;
    return jig_strv_contains(&lib->architectures, "*") ? 1000 : 0;
}

int jig_library_points(const struct jig_library *lib, const char *header, const char *arch)
{
    static const int places[] = {
        [JIG_LIBRARY_BUILTIN] = 0, [JIG_LIBRARY_REFERENCED] = 1,  [JIG_LIBRARY_PLATFORM] = 2,
        [JIG_LIBRARY_USER] = 3,    [JIG_LIBRARY_PROJECT] = 10000,
    };
    const char *dot = strrchr(header, '.');
    JIG_CLEANUP_FREE char *stem =
        jig_xstrndup(header, dot != NULL ? (size_t)(dot - header) : strlen(header));
    JIG_CLEANUP_FREE char *simple = jig_library_simple_name(stem);
    JIG_CLEANUP_FREE char *name =
        jig_library_simple_name(lib->named || lib->legacy ? lib->name : "-");
    JIG_CLEANUP_FREE char *dir = jig_library_simple_name(lib->dir_name);
    return arch_points(lib, arch) + name_points(name, dir, simple) + places[lib->location];
}

/* True when s[0..1] stands in text before its last pair (which the original leaves out, too). */
static bool has_pair(const char *text, size_t n, const char *pair)
{
    for (size_t i = 0; i + 2 < n; i++) {
        if (memcmp(text + i, pair, 2) == 0)
            return true;
    }
    return false;
}

size_t jig_library_shared_pairs(const struct jig_library *lib, const char *header)
{
    JIG_CLEANUP_FREE char *name = jig_library_simple_name(lib->name);
    size_t n = strlen(name);
    size_t m = strlen(header);
    size_t shared = 0;
    for (size_t i = 0; i + 2 < m; i++) {
        bool again = has_pair(header, i + 2, header + i); /* counted once */
        if (!again && has_pair(name, n, header + i))
            shared++;
    }
    return shared;
}
