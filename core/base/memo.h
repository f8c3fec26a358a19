/*
 * memo.h - what a memo of this project answered, as all of them count it.
 *
 * A memo keeps what was found out, and asks the disk whether it still holds.
 */
#ifndef JIG_BASE_MEMO_H
#define JIG_BASE_MEMO_H

#include <stddef.h>
#include <stdint.h>

struct jig_memo_stats {
    uint64_t hits;
    uint64_t misses;    /* it had never been found out */
    uint64_t fallbacks; /* what was known did not hold any more, and was found out anew */
    size_t entries;
};

#endif
