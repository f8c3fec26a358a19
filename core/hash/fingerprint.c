#include "core/hash/fingerprint.h"

#include <stdlib.h>
#include <xxhash.h>

#include "core/os/fs.h"

struct jig_fingerprint jig_fingerprint_of(const void *data, size_t n)
{
    XXH128_hash_t h = XXH3_128bits(data, n);
    return (struct jig_fingerprint){h.high64, h.low64};
}

static void update(void *state, const void *data, size_t n)
{
    XXH3_128bits_update(state, data, n);
}

enum jig_code jig_fingerprint_file(const char *path, struct jig_fingerprint *ret,
                                   struct jig_err *reterr)
{
    XXH3_state_t *state = XXH3_createState();
    if (state == NULL)
        abort();
    XXH3_128bits_reset(state);
    enum jig_code code = jig_fs_stream(path, update, state, reterr);
    if (code == JIG_OK) {
        XXH128_hash_t h = XXH3_128bits_digest(state);
        *ret = (struct jig_fingerprint){h.high64, h.low64};
    }
    XXH3_freeState(state);
    return code;
}
