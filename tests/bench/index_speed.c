/* From an index file to an install plan: index_speed FILE LIBRARY. Prints "MICROSECONDS PEAK_BYTES
 * PACKAGES", where the peak is the process's own. */
#include <stdio.h>
#include <sys/resource.h>

#include "core/os/time.h"
#include "core/packages/plan.h"

int main(int argc, char **argv)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_wish wish;
    struct jig_plan plan = {0};
    struct rusage usage;
    if (argc != 3)
        return 2;
    int64_t began = jig_now_ns();
    struct jig_index *x = jig_index_new();
    enum jig_code code = jig_index_read(x, argv[1], &err);
    if (code == JIG_OK) {
        jig_index_sort(x);
        code = jig_wish_library(argv[2], &wish, &err);
    }
    if (code == JIG_OK)
        code = jig_plan_libraries(&plan, x, &wish, 1, &err);
    int64_t took = jig_now_ns() - began;
    if (code != JIG_OK) {
        fprintf(stderr, "index_speed: %s\n", err.message);
        return 1;
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%lld %lld %zu\n", (long long)(took / 1000), (long long)usage.ru_maxrss * 1024, plan.n);
    return 0;
}
