#include "service/operation/pace.h"

#include <string.h>

#include "core/os/time.h"

#define SAMPLE_NS (200 * JIG_NS_PER_MS)
#define LEAST_NS  (400 * JIG_NS_PER_MS) /* a shorter time says little */

static size_t at(size_t number)
{
    return number % JIG_PACE_SAMPLES;
}

static void add(struct jig_pace *p, int64_t done_bytes, int64_t now_ns)
{
    size_t i = at(p->n++);
    p->v[i].ns = now_ns;
    p->v[i].bytes = done_bytes;
}

int64_t jig_pace_note(struct jig_pace *p, const char *phase, int64_t done_bytes, int64_t now_ns)
{
    struct jig_fingerprint name = jig_fingerprint_of(phase, strlen(phase));
    if (p->n > 0 &&
        (!jig_fingerprint_equal(p->phase, name) || done_bytes < p->v[at(p->n - 1)].bytes))
        p->n = 0;
    p->phase = name;
    if (p->n == 0 || now_ns - p->v[at(p->n - 1)].ns >= SAMPLE_NS)
        add(p, done_bytes, now_ns);
    size_t oldest = p->n > JIG_PACE_SAMPLES ? at(p->n) : 0;
    int64_t took = now_ns - p->v[oldest].ns;
    if (took < LEAST_NS)
        return 0;
    return (int64_t)((double)(done_bytes - p->v[oldest].bytes) * JIG_NS_PER_S / (double)took);
}
