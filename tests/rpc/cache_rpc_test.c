/*
 * CacheService: real handlers over a real cache. What collections keep is blob_gc_test's, what a
 * verification finds is blob_test's; here it is what goes over the wire.
 */
#include "tests/support/blob_bench.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/caching.h"
#include "tests/rpc/rig.h"

#define SERVICE  "/jig.v1.CacheService/"
#define STATS    SERVICE "GetCacheStats"
#define COLLECT  SERVICE "StartCollection"
#define VERIFY   SERVICE "StartVerification"
#define PIN      SERVICE "SetPin"
#define PATIENCE 60000 /* ms */

static const struct jig_method_row rows[] = {
    {&jig__v1__cache_service__descriptor, "GetCacheStats", jig_handle_cache_stats,
     JIG_METHOD_READS},
    {&jig__v1__cache_service__descriptor, "SetPin", jig_handle_cache_pin, JIG_METHOD_MUTATES},
    {&jig__v1__cache_service__descriptor, "StartCollection", jig_handle_cache_collect,
     JIG_METHOD_MUTATES},
    {&jig__v1__cache_service__descriptor, "StartVerification", jig_handle_cache_verify,
     JIG_METHOD_MUTATES},
};

struct world {
    struct blob_bench *b; /* another process's cache, as it were: the same folder */
    struct jig_conf conf;
    struct jig_caching *caching;
    struct rig *rig;
    struct rig_client *client;
};

static void furnish(void *ctx, struct jig_env *env)
{
    struct world *w = ctx;
    env->caching = w->caching;
}

static int setup(void **state)
{
    if (blob_bench_setup(state) != 0)
        return -1;
    struct world *w = jig_new(struct world);
    w->b = *state;
    *state = w;
    jig_conf_init(&w->conf);
    free(w->conf.cache_second);
    w->conf.cache_second = jig_path_join(w->b->folder, "none");
    w->conf.cache_archives = 1000;
    w->conf.cache_archives_low = 900;
    assert_ok(w->b, jig_caching_new(&w->conf, w->b->root, &w->caching, &w->b->err));
    w->rig = rig_new(&(struct rig_options){
        .rows = rows, .n_rows = JIG_COUNT(rows), .furnish = furnish, .ctx = w});
    w->client = rig_connect(w->rig);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    rig_disconnect(w->client);
    rig_free(w->rig);
    jig_caching_stop(w->caching);
    jig_caching_free(w->caching);
    jig_conf_release(&w->conf);
    *state = w->b;
    free(w);
    return blob_bench_teardown(state);
}

/* ---- calls ---- */

static Jig__V1__GetCacheStatsResponse *stats(struct world *w)
{
    Jig__V1__GetCacheStatsRequest r = JIG__V1__GET_CACHE_STATS_REQUEST__INIT;
    return rig_call(w->client, STATS, &r.base, &jig__v1__get_cache_stats_response__descriptor);
}

static Jig__V1__StartCollectionResponse *collect(struct world *w, bool all, bool dry_run)
{
    Jig__V1__StartCollectionRequest r = JIG__V1__START_COLLECTION_REQUEST__INIT;
    r.all = all;
    r.dry_run = dry_run;
    r.wait_ms = PATIENCE;
    return rig_call(w->client, COLLECT, &r.base, &jig__v1__start_collection_response__descriptor);
}

static Jig__V1__StartVerificationResponse *verify(struct world *w, bool repair)
{
    Jig__V1__StartVerificationRequest r = JIG__V1__START_VERIFICATION_REQUEST__INIT;
    r.repair = repair;
    r.wait_ms = PATIENCE;
    return rig_call(w->client, VERIFY, &r.base, &jig__v1__start_verification_response__descriptor);
}

static Jig__V1__Response *pin(struct world *w, const char *entry, bool pinned)
{
    Jig__V1__SetPinRequest r = JIG__V1__SET_PIN_REQUEST__INIT;
    r.entry = (char *)entry;
    r.pinned = pinned;
    return rig_land(rig_send(w->client, PIN, &r.base, NULL, 0));
}

static char *hex_of(const char *text)
{
    char *hex = jig_xcalloc(1, JIG_SHA256_HEX);
    struct jig_digest d = hash(text);
    jig_digest_hex(&d, hex);
    return hex;
}

/* ---- stats ---- */

static void stats_count_what_is_there(void **state)
{
    struct world *w = *state;
    Jig__V1__GetCacheStatsResponse *s = stats(w);
    assert_string_equal(s->directory, w->b->root);
    assert_string_equal(s->second_directory, "");
    assert_int_equal(s->n_kinds, 0);
    assert_int_equal(s->total_bytes, 0);
    assert_int_equal(s->archives_budget->high_bytes, 1000);
    assert_int_equal(s->archives_budget->low_bytes, 900);
    assert_true(s->disk_bytes >= s->disk_free_bytes);
    rig_message_free(s);

    free(put(w->b, "0123456789").path);
    free(install(w->b, "1.0", "cc"));
    s = stats(w);
    assert_true(s->n_kinds >= 1);
    int64_t sum = 0;
    uint64_t folders = 0, blobs = 0;
    for (size_t i = 0; i < s->n_kinds; i++) {
        sum += s->kinds[i]->archives_bytes + s->kinds[i]->installed_bytes;
        folders += s->kinds[i]->installed;
        blobs += s->kinds[i]->archives;
    }
    assert_int_equal(blobs, 1);
    assert_int_equal(folders, 1);
    assert_int_equal(s->total_bytes, sum);
    assert_int_equal(s->holders, 1);
    assert_int_equal(s->leased_entries, 2);
    rig_message_free(s);
    end_hold(w->b);
    s = stats(w);
    assert_int_equal(s->leased_entries, 0);
    rig_message_free(s);
}

/* ---- collections ---- */

static void a_collection_spares_who_is_used_or_pinned(void **state)
{
    struct world *w = *state;
    JIG_CLEANUP_FREE char *pinned = hex_of("pinned");
    free(put(w->b, "pinned").path);
    free(put(w->b, "idle").path);
    end_hold(w->b);
    free(put(w->b, "in use").path);
    assert_int_equal(rig_code(pin(w, pinned, true)), JIG_OK);

    Jig__V1__StartCollectionResponse *c = collect(w, true, true);
    assert_int_equal(c->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    assert_int_equal(c->operation->kind, JIG__V1__OPERATION_KIND__OPERATION_KIND_CACHE);
    assert_true(c->operation->cache->collection->dry_run);
    assert_int_equal(c->operation->cache->collection->archives->removed, 1);
    rig_message_free(c);
    assert_true(has(w->b, "idle"));
    end_hold(w->b);
    assert_true(has(w->b, "in use"));

    c = collect(w, true, false);
    const Jig__V1__CacheShare *share = c->operation->cache->collection->archives;
    assert_false(c->operation->cache->collection->dry_run);
    assert_int_equal(share->entries, 3);
    assert_int_equal(share->removed, 1);
    assert_int_equal(share->removed_bytes, strlen("idle"));
    assert_int_equal(share->in_use, 1);
    assert_int_equal(share->pinned, 1);
    rig_message_free(c);
    assert_false(has(w->b, "idle"));
    assert_true(has(w->b, "pinned"));
    assert_true(has(w->b, "in use"));
}

/* ---- verifications ---- */

static void damage_is_found_told_and_removed(void **state)
{
    struct world *w = *state;
    struct jig_blob blob = put(w->b, "whole");
    free(put(w->b, "also whole").path);
    end_hold(w->b);
    Jig__V1__StartVerificationResponse *v = verify(w, false);
    assert_int_equal(v->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    assert_int_equal(v->operation->cache->verification->blobs, 2);
    assert_int_equal(v->operation->cache->verification->damaged, 0);
    rig_message_free(v);

    overwrite(blob.path, "other");
    v = verify(w, false);
    assert_int_equal(v->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    assert_int_equal(v->operation->error->code, JIG_DATA_LOSS);
    assert_int_equal(v->operation->error->reason, JIG_REASON_INTEGRITY);
    const Jig__V1__CacheVerification *told = v->operation->cache->verification;
    assert_int_equal(told->damaged, 1);
    assert_int_equal(told->removed, 0);
    assert_int_equal(told->n_findings, 1);
    assert_string_equal(told->findings[0]->path, blob.path);
    assert_int_equal(told->findings[0]->state, JIG__V1__CACHE_FINDING__STATE__STATE_DAMAGED);
    Jig__V1__WatchOperationResponse *seen = rig_watch(w->client, v->operation->id, 0, 0, 100);
    bool noticed = false;
    for (size_t i = 0; i < seen->n_events; i++) {
        const Jig__V1__OperationEvent *e = seen->events[i];
        if (e->kind_case == JIG__V1__OPERATION_EVENT__KIND_NOTICE)
            noticed = noticed || (strcmp(e->notice->id, "cache.damaged") == 0 &&
                                  strstr(e->notice->text, blob.path) != NULL);
    }
    assert_true(noticed);
    rig_message_free(seen);
    rig_message_free(v);

    v = verify(w, true);
    assert_int_equal(v->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
    assert_int_equal(v->operation->cache->verification->removed, 1);
    rig_message_free(v);
    assert_false(has(w->b, "whole"));
    assert_true(has(w->b, "also whole"));
    free(blob.path);
}

/* ---- pins ---- */

static void pins_are_set_listed_and_cleared(void **state)
{
    struct world *w = *state;
    JIG_CLEANUP_FREE char *hex = hex_of("x");
    JIG_CLEANUP_FREE char *listed = jig_strf("blob %s", hex);
    assert_int_equal(rig_code(pin(w, hex, true)), JIG_OK);
    assert_int_equal(rig_code(pin(w, hex, true)), JIG_OK); /* as it is */
    assert_int_equal(rig_code(pin(w, "toolchains/gcc/1.0", true)), JIG_OK);
    Jig__V1__GetCacheStatsResponse *s = stats(w);
    assert_int_equal(s->n_pins, 2);
    bool found = strcmp(s->pins[0], listed) == 0 || strcmp(s->pins[1], listed) == 0;
    assert_true(found);
    rig_message_free(s);
    assert_int_equal(rig_code(pin(w, hex, false)), JIG_OK);
    assert_int_equal(rig_code(pin(w, hex, false)), JIG_OK);
    s = stats(w);
    assert_int_equal(s->n_pins, 1);
    assert_string_equal(s->pins[0], "toolchains/gcc/1.0");
    rig_message_free(s);
}

static void what_is_no_entry_is_refused(void **state)
{
    struct world *w = *state;
    char *long_one = jig_xcalloc(1, 100001);
    memset(long_one, 'a', 100000);
    const char *const entries[] = {"",
                                   "x",
                                   "../../etc/passwd",
                                   "toolchains/../1.0",
                                   "toolchains/gcc",
                                   "toolchains/gcc/1.0/bin",
                                   "toolchains//1.0",
                                   "nothing/gcc/1.0",
                                   "0123456789abcdef",
                                   long_one};
    for (size_t i = 0; i < JIG_COUNT(entries); i++) {
        Jig__V1__Response *reply = pin(w, entries[i], true);
        assert_non_null(reply);
        assert_non_null(reply->status);
        if (reply->status->code != JIG_INVALID_ARGUMENT || strlen(reply->status->message) > 1000)
            fail_msg("'%.60s': %d, %.200s", entries[i], reply->status->code,
                     reply->status->message);
        rig_reply_free(reply);
    }
    free(long_one);
    Jig__V1__GetCacheStatsResponse *s = stats(w);
    assert_int_equal(s->n_pins, 0);
    rig_message_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(stats_count_what_is_there),        TEST(a_collection_spares_who_is_used_or_pinned),
        TEST(damage_is_found_told_and_removed), TEST(pins_are_set_listed_and_cleared),
        TEST(what_is_no_entry_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
