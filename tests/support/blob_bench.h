/*
 * blob_bench.h - a cache in a folder of its own, for the tests of core/blob.
 */
#ifndef JIG_TESTS_SUPPORT_BLOB_BENCH_H
#define JIG_TESTS_SUPPORT_BLOB_BENCH_H

#include "tests/support/unit.h"

#include <stdbool.h>

#include "core/blob/blob.h"
#include "core/blob/tree.h"

struct blob_bench {
    char *folder;
    char *root; /* folder/cache */
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_err err;
};

#define assert_ok(b, call)                                                                         \
    do {                                                                                           \
        if ((call) != JIG_OK)                                                                      \
            fail_msg("%s", (b)->err.message);                                                      \
    } while (0)

int blob_bench_setup(void **state);
int blob_bench_teardown(void **state);

struct jig_cache *open_cache(const char *root, const char *second);
struct jig_hold *new_hold(struct jig_cache *c);
void end_hold(struct blob_bench *b); /* and begin another */

struct jig_digest hash(const char *text);
struct jig_blob put(struct blob_bench *b, const char *text);
bool has(struct blob_bench *b, const char *text);
void overwrite(const char *path, const char *text);
size_t files_in(const struct blob_bench *b, const char *folder);

/* toolchains/gcc/<version>: "bin/g cc" with that text, and a link to it. The caller frees. */
char *install(struct blob_bench *b, const char *version, const char *text);

#endif
