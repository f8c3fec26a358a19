/* A package or library index, and plans for all that it offers. */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void plan_platforms(const struct jig_index *x)
{
    static const struct jig_host host = {"x86_64", "linux"};
    for (size_t i = 0; i < x->platform_count && i < 8; i++) {
        JIG_CLEANUP_FREE char *text =
            jig_strf("%s:%s", x->platforms[i].vendor, x->platforms[i].arch);
        struct jig_wish w;
        struct jig_plan plan = {0};
        if (jig_wish_platform(text, &w, NULL) != JIG_OK)
            continue;
        if (jig_plan_platform(&plan, x, &host, &w, NULL) != JIG_OK && plan.n > 0)
            abort();
        jig_wish_release(&w);
        jig_plan_release(&plan);
    }
}

static void plan_libraries(const struct jig_index *x)
{
    for (size_t i = 0; i < x->library_count && i < 8; i++) {
        struct jig_wish w;
        struct jig_plan plan = {0};
        if (jig_wish_library(x->libraries[i].name, &w, NULL) != JIG_OK)
            continue;
        if (w.from == JIG_WISH_INDEX && jig_plan_libraries(&plan, x, &w, 1, NULL) != JIG_OK &&
            plan.n > 0)
            abort();
        jig_wish_release(&w);
        jig_plan_release(&plan);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_index *x = jig_index_new();
    if (size <= 65536 && jig_index_parse(x, "fuzz", data, size, NULL) == JIG_OK) {
        jig_index_sort(x);
        plan_platforms(x);
        plan_libraries(x);
    }
    jig_index_free(x);
    return 0;
}
