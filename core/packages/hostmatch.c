#include "core/packages/hostmatch.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

/* The first word of a triplet, and what else is to be in it, by computer. */
static const struct row {
    const char *cpu;
    const char *system;
    const char *first;
    const char *in;  /* somewhere behind it */
    const char *end; /* NULL: whatever */
    int points;
} rows[] = {
    {"x86_64", "linux", "x86_64", "linux", "gnu", 3},
    {"x86_64", "linux", "amd64", "linux", NULL, 2},
    {"i686", "linux", "i686", "linux", "gnu", 3},
    {"i686", "linux", "i586", "linux", "gnu", 2},
    {"i686", "linux", "i486", "linux", "gnu", 2},
    {"i686", "linux", "i386", "linux", "gnu", 2},
    {"aarch64", "linux", "aarch64", "linux", "gnu", 3},
    {"aarch64", "linux", "arm64", "linux", NULL, 2},
    {"arm", "linux", "arm", "linux", "gnueabihf", 3},
    {"arm", "linux", "armv7", "linux", "gnueabihf", 2},
    {"arm", "linux", "armv6", "linux", "gnueabihf", 2},
    {"riscv64", "linux", "riscv64", "linux", "gnu", 3},
    {"x86_64", "darwin", "x86_64", "darwin", NULL, 3},
    {"x86_64", "darwin", "i386", "darwin", NULL, 1},
    {"aarch64", "darwin", "arm64", "darwin", NULL, 3},
    {"aarch64", "darwin", "aarch64", "darwin", NULL, 3},
    {"aarch64", "darwin", "x86_64", "darwin", NULL, 1},
    {"x86_64", "mingw32", "x86_64", "mingw32", NULL, 3},
    {"x86_64", "mingw32", "amd64", "mingw32", NULL, 3},
    {"x86_64", "mingw32", "i686", "mingw32", NULL, 1},
    {"i686", "mingw32", "i686", "mingw32", NULL, 3},
};

static bool fits(const struct row *r, const char *triplet)
{
    size_t n = strcspn(triplet, "-");
    return strlen(r->first) == n && memcmp(r->first, triplet, n) == 0 &&
           strstr(triplet + n, r->in) != NULL && (r->end == NULL || jig_str_ends(triplet, r->end));
}

int jig_host_match(const struct jig_host *host, const char *triplet)
{
    int best = 0;
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        const struct row *r = &rows[i];
        if (jig_streq(r->cpu, host->cpu) && jig_streq(r->system, host->system) &&
            r->points > best && fits(r, triplet))
            best = r->points;
    }
    return best;
}
