/* The daemon's cache: collections run beside it when one is due, and end when they are told to. */
#include "tests/support/blob_bench.h"

#include "service/caching.h"

/* As many holds as make a collection due. */
static void use_often(struct blob_bench *b, const char *text)
{
    for (int i = 0; i < 256; i++) {
        assert_true(has(b, text));
        end_hold(b);
    }
}

/* Through the daemon's own eyes. */
static bool daemon_has(struct blob_bench *b, struct jig_caching *c, const char *text)
{
    struct jig_hold *h = new_hold(jig_caching_cache(c));
    struct jig_digest d = hash(text);
    struct jig_blob blob;
    enum jig_code code = jig_blob_find(jig_caching_cache(c), h, &d, &blob, &b->err);
    if (code == JIG_OK)
        free(blob.path);
    jig_hold_free(h);
    return code == JIG_OK;
}

static void a_collection_runs_when_it_is_due(void **state)
{
    struct blob_bench *b = *state;
    struct jig_conf conf;
    struct jig_caching *c;
    struct jig_pool *pool;
    jig_conf_init(&conf);
    conf.cache_archives = 25;
    conf.cache_archives_low = 12;
    free(put(b, "0123456780").path);
    free(put(b, "0123456781").path);
    free(put(b, "0123456782").path);
    end_hold(b);
    assert_ok(b, jig_caching_new(&conf, b->root, &c, &b->err));
    assert_ok(b, jig_pool_new("test", 1, &pool, &b->err));
    assert_true(daemon_has(b, c, "0123456781"));
    jig_caching_tend(c, pool); /* not due */
    use_often(b, "0123456780");
    jig_caching_tend(c, pool);
    jig_caching_tend(c, pool); /* one at a time */
    jig_pool_stop(pool);       /* waits for what runs */
    assert_false(jig_gc_is_due(jig_caching_cache(c)));
    assert_true(has(b, "0123456780"));
    assert_false(has(b, "0123456781"));
    assert_false(has(b, "0123456782"));
    jig_pool_free(pool);
    jig_caching_free(c);
    jig_conf_release(&conf);
}

static void tell(void *ctx)
{
    struct blob_bench *b = ctx;
    assert_true(has(b, "0123456781"));
    end_hold(b);
}

/* What an answer rests on is used, though nobody leases it. */
static void who_uses_something_is_asked_first(void **state)
{
    struct blob_bench *b = *state;
    struct jig_conf conf;
    struct jig_caching *c;
    struct jig_gc_result result;
    struct jig_gc_options options = {.archives = {25, 12}};
    jig_conf_init(&conf);
    assert_ok(b, jig_caching_new(&conf, b->root, &c, &b->err));
    free(put(b, "0123456781").path);
    end_hold(b);
    free(put(b, "0123456782").path);
    free(put(b, "0123456783").path);
    end_hold(b);
    jig_caching_set_users(c, tell, b);
    assert_ok(b, jig_caching_collect(c, &options, &JIG_UNTIL_FOREVER, &result, &b->err));
    assert_int_equal(result.archives.removed, 2);
    assert_true(has(b, "0123456781"));
    jig_caching_free(c);
    jig_conf_release(&conf);
}

static void a_collection_ends_when_it_is_told_to(void **state)
{
    struct blob_bench *b = *state;
    struct jig_conf conf;
    struct jig_caching *c;
    struct jig_pool *pool;
    jig_conf_init(&conf);
    conf.cache_archives = 1;
    free(put(b, "0123456780").path);
    end_hold(b);
    use_often(b, "0123456780");
    assert_ok(b, jig_caching_new(&conf, b->root, &c, &b->err));
    assert_ok(b, jig_pool_new("test", 1, &pool, &b->err));
    assert_true(daemon_has(b, c, "0123456780"));
    jig_caching_stop(c);
    jig_caching_tend(c, pool);
    jig_pool_free(pool);
    assert_true(jig_gc_is_due(jig_caching_cache(c))); /* for the next daemon */
    jig_caching_free(c);
    assert_true(has(b, "0123456780"));
    jig_conf_release(&conf);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, blob_bench_setup, blob_bench_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_collection_runs_when_it_is_due),
        TEST(who_uses_something_is_asked_first),
        TEST(a_collection_ends_when_it_is_told_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
