/*
 * histogram.h - how values are spread, in 4 KiB, whatever their number.
 *
 * Buckets are as in HdrHistogram (hdrhistogram.org): each power of two is cut into 32 of equal
 * width, so a bucket is no wider than 1/32 of the values in it; below 32 each value has its own.
 *
 * Error: a quantile is the largest value of the bucket that the exact one is in (nearest rank, the
 * ceil(q*n)-th smallest), and no larger than the largest value seen:
 *
 *     exact <= jig_histogram_quantile(q) <= exact * (1 + 1/32)
 *
 * Counts, sum, smallest and largest are exact. Negative values count as 0; values past
 * JIG_HISTOGRAM_MAX (as microseconds: 19 hours) are in its bucket, where the bound does not hold.
 *
 * Threads: none of its own; the caller locks.
 */
#ifndef JIG_SERVICE_RUN_HISTOGRAM_H
#define JIG_SERVICE_RUN_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define JIG_HISTOGRAM_CUT     5 /* bits: 32 buckets a power of two */
#define JIG_HISTOGRAM_BITS    36
#define JIG_HISTOGRAM_MAX     ((INT64_C(1) << JIG_HISTOGRAM_BITS) - 1)
#define JIG_HISTOGRAM_BUCKETS ((JIG_HISTOGRAM_BITS - JIG_HISTOGRAM_CUT + 1) << JIG_HISTOGRAM_CUT)

/* All zero is empty. */
struct jig_histogram {
    uint64_t count;
    int64_t sum; /* stays at INT64_MAX once it would be larger */
    int64_t least;
    int64_t most;
    uint32_t buckets[JIG_HISTOGRAM_BUCKETS];
};

void jig_histogram_add(struct jig_histogram *h, int64_t value);

/* 0 < q <= 1. 0 when nothing was added. */
int64_t jig_histogram_quantile(const struct jig_histogram *h, double q);

#endif
