/*
 * range.h - Content-Range, as a server answers it (RFC 9110, 14.4). Private to core/fetch.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_FETCH_RANGE_H
#define JIG_FETCH_RANGE_H

#include <stdbool.h>
#include <stdint.h>

struct jig_content_range {
    int64_t first; /* -1: "bytes * /N", nothing of it came */
    int64_t last;
    int64_t total; /* -1: not said */
};

/* False unless `text` is one range of bytes that makes sense. */
bool jig_content_range_parse(const char *text, struct jig_content_range *ret);

#endif
