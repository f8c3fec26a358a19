/* How values are spread: the histogram's error against exact quantiles, and its ceilings. */
#include "tests/support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "service/run/histogram.h"
#include "service/run/times.h"

static struct jig_histogram h;

static int empty(void **state)
{
    (void)state;
    memset(&h, 0, sizeof h);
    return 0;
}

static void nothing_has_no_quantiles(void **state)
{
    (void)state;
    assert_int_equal(jig_histogram_quantile(&h, 0.5), 0);
    assert_int_equal(jig_histogram_quantile(&h, 1), 0);
}

static void small_ones_are_exact(void **state)
{
    (void)state;
    for (int64_t v = 0; v < 64; v++)
        jig_histogram_add(&h, v);
    for (int i = 1; i <= 64; i++)
        assert_int_equal(jig_histogram_quantile(&h, i / 64.0), i - 1);
    assert_int_equal(h.sum, 63 * 64 / 2);
    assert_int_equal(h.least, 0);
    assert_int_equal(h.most, 63);
}

/* Around every bucket's edges: the value alone in the histogram is given back as it is, and with a
 * larger one beside it, within the bound. */
static void every_edge_keeps_the_bound(void **state)
{
    (void)state;
    for (int bit = 0; bit < JIG_HISTOGRAM_BITS; bit++) {
        for (int part = 0; part < 32; part++) {
            for (int64_t off = -1; off <= 1; off++) {
                int64_t v = (INT64_C(1) << bit) + ((INT64_C(1) << bit) * part) / 32 + off;
                if (v < 0 || v > JIG_HISTOGRAM_MAX)
                    continue;
                memset(&h, 0, sizeof h);
                jig_histogram_add(&h, v);
                assert_int_equal(jig_histogram_quantile(&h, 0.5), v);
                jig_histogram_add(&h, JIG_HISTOGRAM_MAX);
                int64_t q = jig_histogram_quantile(&h, 0.5);
                assert_true(q >= v && q - v <= v / 32);
            }
        }
    }
}

static void beyond_its_range(void **state)
{
    (void)state;
    jig_histogram_add(&h, -5);
    assert_int_equal(jig_histogram_quantile(&h, 1), 0);
    jig_histogram_add(&h, INT64_MAX);
    jig_histogram_add(&h, INT64_MAX);
    assert_int_equal(h.count, 3);
    assert_int_equal(h.most, INT64_MAX);
    assert_int_equal(h.sum, INT64_MAX);
    assert_int_equal(jig_histogram_quantile(&h, 1), INT64_MAX);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

/* Sets of many sizes, whose values spread over many powers of two. */
static void random_ones_against_exact(void **state)
{
    (void)state;
    static int64_t values[3000];
    static const double quantiles[] = {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1};
    unsigned seed = 20240;
    for (int round = 0; round < 200; round++) {
        size_t n = 1 + (size_t)rand_r(&seed) % 3000;
        int bits = 1 + rand_r(&seed) % JIG_HISTOGRAM_BITS;
        memset(&h, 0, sizeof h);
        for (size_t i = 0; i < n; i++) {
            int64_t wide = (int64_t)rand_r(&seed) << 31 | rand_r(&seed);
            values[i] = wide & ((INT64_C(1) << (1 + rand_r(&seed) % bits)) - 1);
            jig_histogram_add(&h, values[i]);
        }
        qsort(values, n, sizeof values[0], by_value);
        for (size_t k = 0; k < sizeof quantiles / sizeof quantiles[0]; k++) {
            size_t rank = (size_t)ceil(quantiles[k] * (double)n);
            int64_t exact = values[rank - 1];
            int64_t got = jig_histogram_quantile(&h, quantiles[k]);
            assert_true(got >= exact);
            assert_true(got - exact <= exact / 32);
        }
        assert_int_equal(jig_histogram_quantile(&h, 1), values[n - 1]);
    }
}

static void names_are_sorted_and_few(void **state)
{
    (void)state;
    static struct jig_time out[JIG_TIMES_MAX];
    struct jig_times *t = jig_times_new();
    assert_int_equal(jig_times_read(t, out), 0);
    jig_times_note(NULL, "build", "built", 1);
    jig_times_note(t, "build", "up_to_date", 40);
    jig_times_note(t, "build", "built", 3000);
    jig_times_note(t, "build", "built", 1000);
    assert_int_equal(jig_times_read(t, out), 2);
    assert_string_equal(out[0].name, "build.built");
    assert_int_equal(out[0].count, 2);
    assert_int_equal(out[0].sum_us, 4000);
    assert_int_equal(out[0].least_us, 1000);
    assert_true(out[0].p50_us >= 1000 && out[0].p50_us <= 1031);
    assert_int_equal(out[0].most_us, 3000);
    assert_string_equal(out[1].name, "build.up_to_date");
    assert_int_equal(out[1].p99_us, 40);
    for (int i = 0; i < 2 * JIG_TIMES_MAX; i++) {
        char name[200];
        snprintf(name, sizeof name, "%0150d", i); /* cut: one name */
        jig_times_note(t, "long", name, 1);
        snprintf(name, sizeof name, "%d", i);
        jig_times_note(t, "many", name, 1);
    }
    assert_int_equal(jig_times_read(t, out), JIG_TIMES_MAX);
    uint64_t all = 0;
    for (size_t i = 0; i < JIG_TIMES_MAX; i++) {
        all += out[i].count;
        assert_true(i == 0 || strcmp(out[i - 1].name, out[i].name) < 0);
        if (strcmp(out[i].name, "other") == 0)
            assert_int_equal(out[i].count, 2 * JIG_TIMES_MAX - (JIG_TIMES_MAX - 1 - 3));
    }
    assert_int_equal(all, 3 + 4 * JIG_TIMES_MAX);
    jig_times_free(t);
    jig_times_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_has_no_quantiles, empty),
        cmocka_unit_test_setup(small_ones_are_exact, empty),
        cmocka_unit_test_setup(every_edge_keeps_the_bound, empty),
        cmocka_unit_test_setup(beyond_its_range, empty),
        cmocka_unit_test_setup(random_ones_against_exact, empty),
        cmocka_unit_test(names_are_sorted_and_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
