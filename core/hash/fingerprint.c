#include "core/hash/fingerprint.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include "core/base/mem.h"

#define READ_CHUNK (64 * 1024)

struct jig_fingerprint jig_fingerprint_of(const void *data, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(data, n);
    return (struct jig_fingerprint){h.high64, h.low64};
}

static enum jig_code hash_fd(int fd, const char *path, XXH3_state_t *state, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *chunk = jig_xcalloc(READ_CHUNK, 1);
    for (;;) {
        ssize_t n = read(fd, chunk, READ_CHUNK);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return jig_err_sys(reterr, errno, "cannot read %s", path);
        if (n == 0)
            return JIG_OK;
        XXH3_128bits_update(state, chunk, (size_t)n);
    }
}

enum jig_code jig_fingerprint_file(const char *path, struct jig_fingerprint *ret,
                                   struct jig_err *reterr)
{
    JIG_CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open %s", path);
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL)
        abort();
    XXH3_128bits_reset(state);
    enum jig_code code = hash_fd(fd, path, state, reterr);
    if (code == JIG_OK) {
        XXH128_hash_t h = XXH3_128bits_digest(state);
        *ret = (struct jig_fingerprint){h.high64, h.low64};
    }
    XXH3_freeState(state);
    return code;
}
