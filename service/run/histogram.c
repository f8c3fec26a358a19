#include "service/run/histogram.h"

#include <math.h>

#define CUT  JIG_HISTOGRAM_CUT
#define EACH (1 << CUT)

/* Values of 2^(CUT+k) up to the next power share a shift of k; the first two rows have none. */
static size_t bucket_of(int64_t value)
{
    uint64_t v = (uint64_t)value;
    if (v < EACH)
        return (size_t)v;
    int shift = 63 - __builtin_clzll(v) - CUT;
    return (size_t)(shift << CUT) + (size_t)(v >> shift);
}

static int64_t largest_in(size_t bucket)
{
    if (bucket < 2 * EACH)
        return (int64_t)bucket;
    int shift = (int)(bucket >> CUT) - 1;
    int64_t first = ((int64_t)(bucket & (EACH - 1)) + EACH) << shift;
    return first + (INT64_C(1) << shift) - 1;
}

void jig_histogram_add(struct jig_histogram *h, int64_t value)
{
    if (value < 0)
        value = 0;
    h->least = h->count == 0 || value < h->least ? value : h->least;
    h->most = value > h->most ? value : h->most;
    h->count++;
    if (__builtin_add_overflow(h->sum, value, &h->sum))
        h->sum = INT64_MAX;
    uint32_t *bucket =
        &h->buckets[bucket_of(value < JIG_HISTOGRAM_MAX ? value : JIG_HISTOGRAM_MAX)];
    if (*bucket < UINT32_MAX)
        ++*bucket;
}

int64_t jig_histogram_quantile(const struct jig_histogram *h, double q)
{
    if (h->count == 0)
        return 0;
    uint64_t rank = (uint64_t)ceil(q * (double)h->count);
    uint64_t seen = 0;
    for (size_t i = 0; i + 1 < JIG_HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= rank && seen > 0)
            return largest_in(i) < h->most ? largest_in(i) : h->most;
    }
    return h->most; /* past JIG_HISTOGRAM_MAX there is one bucket */
}
