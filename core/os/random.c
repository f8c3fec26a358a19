#include "core/os/random.h"

#include <errno.h>
#include <sys/random.h>

enum jig_code jig_random(void *out, size_t n, struct jig_err *reterr)
{
    ssize_t got;
    do
        got = getrandom(out, n, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0 || (size_t)got != n) /* up to 256 bytes come at once: getrandom(2) */
        return jig_err_set(reterr, JIG_INTERNAL, "the system gives no random bytes");
    return JIG_OK;
}
