/* LnkService as its clients see it: what it is asked for, what it answers, what it tells on the
 * way. Behind it are a real cache and downloads from a server of the test's own. */
#include <fcntl.h>
#include <nng/nng.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/blob.h"
#include "core/fetch/fetch.h"
#include "core/lnk/pointer.h"
#include "core/lnk/pull.h"
#include "core/os/fs.h"
#include "service/lnk.h"
#include "tests/rpc/rig.h"
#include "tests/support/http_server.h"

#define PATIENT 60000
#define ROUNDS  2

/* What the server has: the path of "/logo" is its content, "/other" has "other". */
struct bench {
    char *folder;
    char *project;
    struct jig_cache *cache;
    struct jig_fetcher *fetcher;
    struct jig_lnks *lnks;
    struct http_server *server;
    struct rig *rig;
    struct rig_client *client;
    atomic_uint asked; /* requests that came */
    sem_t silent;      /* posted by each request that is not answered */
    sem_t gone;        /* posted when the other side of one gave up */
};

static bool answer(void *ctx, const struct http_request *request)
{
    struct bench *b = ctx;
    const char *name = request->path + 1;
    atomic_fetch_add(&b->asked, 1);
    if (strcmp(name, "silent") == 0) {
        sem_post(&b->silent);
        http_wait_closed(request);
        sem_post(&b->gone);
        return false;
    }
    if (strcmp(name, "mute") == 0)
        return false;
    if (strcmp(name, "nowhere") == 0)
        return http_sendf(request, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    if (strcmp(name, "down") == 0)
        return http_sendf(request, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    return http_sendf(request, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s", strlen(name),
                      name);
}

static int setup(void **state)
{
    struct bench *b = jig_new(struct bench);
    struct jig_err err = JIG_ERR_INIT;
    if (unit_folder_setup((void **)&b->folder) != 0)
        return -1;
    sem_init(&b->silent, 0, 0);
    sem_init(&b->gone, 0, 0);
    b->project = jig_path_join(b->folder, "project");
    JIG_CLEANUP_FREE char *cache_dir = jig_path_join(b->folder, "cache");
    assert_int_equal(jig_fs_mkdirs(b->project, 0700, NULL), JIG_OK);
    struct jig_cache_options cache = {.root = cache_dir};
    assert_int_equal(jig_cache_open(&cache, &b->cache, &err), JIG_OK);
    struct jig_fetcher_options fetching = {.proxy = "none", .pause_ms = 1, .rounds = ROUNDS};
    b->fetcher = jig_fetcher_new(&fetching);
    struct jig_lnks_config config = {.cache = b->cache,
                                     .fetcher = b->fetcher,
                                     .limits = {.entries = 100, .bytes = 1 << 20, .ratio = 100},
                                     .cache_dir = cache_dir};
    b->lnks = jig_lnks_new(&config);
    b->server = http_server_start(answer, b);
    b->rig = rig_new(&(struct rig_options){.lnks = b->lnks});
    b->client = rig_connect(b->rig);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    rig_disconnect(b->client);
    rig_free(b->rig);
    http_server_stop(b->server);
    jig_lnks_free(b->lnks);
    jig_fetcher_free(b->fetcher);
    jig_cache_close(b->cache);
    sem_destroy(&b->silent);
    sem_destroy(&b->gone);
    void *folder = b->folder;
    int rc = unit_folder_teardown(&folder);
    free(b->project);
    free(b);
    return rc;
}

/* ---- files ---- */

static char *path_of(const struct bench *b, const char *name)
{
    return jig_path_join(b->project, name);
}

static void put(const struct bench *b, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = path_of(b, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0600, NULL), JIG_OK);
}

/* A pointer to what the server has at `from`, that says it is `text`. */
static void put_pointer(const struct bench *b, const char *name, const char *from, const char *text)
{
    char hex[JIG_SHA256_HEX];
    struct jig_digest d = jig_sha256_of(text, strlen(text));
    jig_digest_hex(&d, hex);
    JIG_CLEANUP_FREE char *url = http_server_url(b->server, from);
    JIG_CLEANUP_FREE char *json = jig_strf("{\"v\":1,\"url\":\"%s\",\"sha256\":\"%s\"}", url, hex);
    put(b, name, json);
}

static bool has(const struct bench *b, const char *name)
{
    JIG_CLEANUP_FREE char *path = path_of(b, name);
    return jig_fs_is_there(path);
}

static void check_content(const char *path, const char *expected)
{
    struct jig_buf text;
    jig_buf_init(&text, 4096);
    assert_int_equal(jig_fs_read(path, &text, NULL), JIG_OK);
    assert_string_equal(text.data, expected);
    jig_buf_release(&text);
}

/* ---- calls ---- */

#define PULL  "/jig.v1.LnkService/StartPull"
#define CHECK "/jig.v1.LnkService/StartCheck"
#define ADD   "/jig.v1.LnkService/StartAdd"

static const struct {
    const char *method;
    const ProtobufCMessageDescriptor *reply;
} methods[] = {
    {PULL, &jig__v1__start_pull_response__descriptor},
    {CHECK, &jig__v1__start_check_response__descriptor},
    {ADD, &jig__v1__start_add_response__descriptor},
};

/* The reply, whose only field is the operation whatever the method. */
static Jig__V1__StartPullResponse *call(const struct bench *b, const char *method,
                                        const ProtobufCMessage *request)
{
    size_t i = 0;
    while (strcmp(methods[i].method, method) != 0)
        i++;
    void *reply = rig_call(b->client, method, request, methods[i].reply);
    return reply;
}

/* Of an operation that ended. */
static void check_end(const Jig__V1__Operation *op, enum jig_code code, enum jig_reason reason)
{
    assert_int_equal(op->kind, JIG__V1__OPERATION_KIND__OPERATION_KIND_LNK);
    if (code == JIG_OK) {
        if (op->error != NULL)
            fail_msg("%s", op->error->message);
        assert_int_equal(op->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED);
        return;
    }
    assert_int_equal(op->state, code == JIG_CANCELLED
                                    ? JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED
                                    : JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    if (op->error->code != (int)code)
        fail_msg("code %d, not %d: %s", op->error->code, (int)code, op->error->message);
    assert_int_equal(op->error->reason, reason);
    assert_true(op->error->message[0] != '\0');
}

static Jig__V1__StartPullResponse *pull(const struct bench *b)
{
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    project.directory = b->project;
    request.project = &project;
    request.wait_ms = PATIENT;
    return call(b, PULL, &request.base);
}

static Jig__V1__StartPullResponse *check(const struct bench *b, bool deep)
{
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartCheckRequest request = JIG__V1__START_CHECK_REQUEST__INIT;
    project.directory = b->project;
    request.project = &project;
    request.deep = deep;
    request.wait_ms = PATIENT;
    return call(b, CHECK, &request.base);
}

static Jig__V1__StartPullResponse *add(const struct bench *b, const char *from, const char *name)
{
    JIG_CLEANUP_FREE char *url = http_server_url(b->server, from);
    JIG_CLEANUP_FREE char *path = path_of(b, name);
    Jig__V1__StartAddRequest request = JIG__V1__START_ADD_REQUEST__INIT;
    request.url = url;
    request.path = path;
    request.wait_ms = PATIENT;
    return call(b, ADD, &request.base);
}

/* The only pointer of a result. */
static const Jig__V1__Pointer *only(const Jig__V1__StartPullResponse *r)
{
    assert_non_null(r->operation->lnk);
    assert_int_equal(r->operation->lnk->n_pointers, 1);
    return r->operation->lnk->pointers[0];
}

#define STATE(name) JIG__V1__POINTER_STATE__POINTER_STATE_##name

/* ---- what goes well ---- */

static void add_writes_what_a_pull_finds_in_the_cache(void **state)
{
    struct bench *b = *state;
    Jig__V1__StartPullResponse *r = add(b, "/logo", "data/logo.bin.lnk");
    JIG_CLEANUP_FREE char *path = path_of(b, "data/logo.bin.lnk");
    struct jig_pointer p;
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_string_equal(r->operation->subject, path);
    assert_string_equal(only(r)->path, path);
    assert_int_equal(only(r)->state, STATE(FETCHED));
    assert_int_equal(only(r)->size_bytes, 4);
    assert_int_equal(r->operation->lnk->received_bytes, 4);
    assert_int_equal(jig_pointer_read(path, "it", &p, NULL), JIG_OK);
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&p.sha256, hex);
    assert_string_equal(only(r)->sha256, hex);
    assert_int_equal(p.size, 4);
    jig_pointer_release(&p);
    rig_message_free(r);
    r = pull(b);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_int_equal(only(r)->state, STATE(CACHED));
    assert_string_equal(only(r)->path, "data/logo.bin.lnk");
    check_content(only(r)->materialized, "logo");
    assert_int_equal(r->operation->lnk->received_bytes, 0);
    rig_message_free(r);
    assert_int_equal(atomic_load(&b->asked), 1);
}

static void a_pull_is_told_by_steps(void **state)
{
    struct bench *b = *state;
    put_pointer(b, "a.lnk", "/logo", "logo");
    put_pointer(b, "b.lnk", "/other", "other");
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_string_equal(r->operation->subject, b->project);
    assert_int_equal(r->operation->lnk->n_pointers, 2);
    assert_string_equal(r->operation->lnk->pointers[0]->path, "a.lnk");
    assert_string_equal(r->operation->lnk->pointers[1]->path, "b.lnk");
    assert_int_equal(r->operation->lnk->received_bytes, 9);
    Jig__V1__WatchOperationResponse *w = rig_watch(b->client, r->operation->id, 0, PATIENT, 0);
    unsigned steps = 0;
    for (size_t i = 0; i < w->n_events; i++) {
        const Jig__V1__OperationEvent *e = w->events[i];
        if (e->kind_case != JIG__V1__OPERATION_EVENT__KIND_STEP)
            continue;
        steps++;
        assert_int_equal(e->step->state, JIG__V1__STEP_EVENT__STATE__STATE_FINISHED);
        assert_int_equal(e->step->done, steps);
        assert_int_equal(e->step->total, 2);
        assert_string_equal(e->step->because, "it was not in the cache");
        assert_true(strcmp(e->step->step, "a.lnk") == 0 || strcmp(e->step->step, "b.lnk") == 0);
    }
    assert_int_equal(steps, 2);
    rig_message_free(w);
    rig_message_free(r);
}

static void news_only_counts_the_rest(void **state)
{
    struct bench *b = *state;
    put_pointer(b, "a.lnk", "/logo", "logo");
    rig_message_free(pull(b));
    put_pointer(b, "b.lnk", "/other", "other");
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    project.directory = b->project;
    request.project = &project;
    request.wait_ms = PATIENT;
    request.news_only = true;
    request.jobs = UINT32_MAX; /* as many as there may be */
    Jig__V1__StartPullResponse *r = call(b, PULL, &request.base);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_string_equal(only(r)->path, "b.lnk");
    assert_int_equal(r->operation->lnk->left_out, 1);
    rig_message_free(r);
}

static void what_is_gone_is_removed_and_counted(void **state)
{
    struct bench *b = *state;
    put_pointer(b, "a.lnk", "/logo", "logo");
    rig_message_free(pull(b));
    JIG_CLEANUP_FREE char *path = path_of(b, "a.lnk");
    assert_int_equal(unlink(path), 0);
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_int_equal(r->operation->lnk->n_pointers, 0);
    assert_int_equal(r->operation->lnk->removed, 1);
    assert_false(has(b, ".jig/build/.lnk/files/a"));
    rig_message_free(r);
}

static void build_directory_says_where_it_goes(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *elsewhere = jig_path_join(b->folder, "elsewhere");
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    put_pointer(b, "a.lnk", "/logo", "logo");
    project.directory = b->project;
    project.build_directory = elsewhere;
    request.project = &project;
    request.wait_ms = PATIENT;
    Jig__V1__StartPullResponse *r = call(b, PULL, &request.base);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_true(jig_str_starts(only(r)->materialized, elsewhere));
    assert_false(has(b, ".jig"));
    rig_message_free(r);
}

/* A resend, as of a client whose connection broke: one operation, one download. */
static void a_repeated_call_starts_one_operation(void **state)
{
    struct bench *b = *state;
    uint8_t id[16] = {7};
    char ids[2][17];
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    put_pointer(b, "a.lnk", "/logo", "logo");
    project.directory = b->project;
    request.project = &project;
    request.wait_ms = PATIENT;
    for (int i = 0; i < 2; i++) {
        Jig__V1__Response *reply = rig_land(rig_send(b->client, PULL, &request.base, id, 0));
        Jig__V1__StartPullResponse *r =
            jig__v1__start_pull_response__unpack(NULL, reply->payload.len, reply->payload.data);
        assert_non_null(r);
        memcpy(ids[i], r->operation->id, 17);
        assert_int_equal(only(r)->state, STATE(FETCHED));
        rig_message_free(r);
        rig_reply_free(reply);
    }
    assert_string_equal(ids[0], ids[1]);
    assert_int_equal(atomic_load(&b->asked), 1);
}

/* ---- what a check says ---- */

static void a_check_asks_nobody_and_changes_nothing(void **state)
{
    struct bench *b = *state;
    put_pointer(b, "a.lnk", "/logo", "logo");
    Jig__V1__StartPullResponse *r = check(b, false);
    check_end(r->operation, JIG_NOT_FOUND, JIG_REASON_NONE);
    assert_true(r->operation->error->hint[0] != '\0');
    assert_int_equal(only(r)->state, STATE(MISSING));
    assert_int_equal(only(r)->size_bytes, -1);
    assert_string_equal(only(r)->materialized, "");
    assert_true(only(r)->error[0] != '\0');
    rig_message_free(r);
    assert_int_equal(atomic_load(&b->asked), 0);
    assert_false(has(b, ".jig"));
    rig_message_free(pull(b));
    r = check(b, false);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_int_equal(only(r)->state, STATE(OK));
    assert_int_equal(only(r)->size_bytes, 4);
    rig_message_free(r);
    assert_int_equal(atomic_load(&b->asked), 1);
}

/* Nobody has seen the URL give these bytes; without news_only and with. */
static void a_check_marks_what_is_unproven(void **state)
{
    struct bench *b = *state;
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartCheckRequest request = JIG__V1__START_CHECK_REQUEST__INIT;
    put_pointer(b, "a.lnk", "/logo", "logo");
    rig_message_free(pull(b));
    put_pointer(b, "a.lnk", "/moved", "logo");
    project.directory = b->project;
    request.project = &project;
    request.wait_ms = PATIENT;
    for (int news_only = 0; news_only < 2; news_only++) {
        request.news_only = news_only != 0;
        Jig__V1__StartPullResponse *r = call(b, CHECK, &request.base);
        check_end(r->operation, JIG_OK, JIG_REASON_NONE);
        assert_int_equal(only(r)->state, STATE(OK));
        assert_true(only(r)->unproven);
        rig_message_free(r);
    }
    assert_int_equal(atomic_load(&b->asked), 1);
}

static char *blob_of(const struct bench *b, const char *text)
{
    char hex[JIG_SHA256_HEX];
    struct jig_digest d = jig_sha256_of(text, strlen(text));
    jig_digest_hex(&d, hex);
    return jig_strf("%s/cache/blobs/sha256/%.2s/%s", b->folder, hex, hex);
}

/* Other bytes of the same size. */
static void damage(const char *blob)
{
    assert_int_equal(chmod(blob, 0600), 0);
    FILE *f = fopen(blob, "r+");
    assert_non_null(f);
    assert_int_equal(fputc('x', f), 'x');
    assert_int_equal(fclose(f), 0);
    assert_int_equal(chmod(blob, 0444), 0);
}

/* The disk gives other bytes, and nothing but reading them shows it. */
static void a_deep_check_reads_what_the_cache_has(void **state)
{
    struct bench *b = *state;
    struct stat before;
    put_pointer(b, "a.lnk", "/logo", "logo");
    rig_message_free(pull(b));
    JIG_CLEANUP_FREE char *blob = blob_of(b, "logo");
    assert_int_equal(stat(blob, &before), 0);
    damage(blob);
    struct timespec times[2] = {before.st_atim, before.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, blob, times, 0), 0);
    Jig__V1__StartPullResponse *r = check(b, false); /* what is in its place is right */
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    rig_message_free(r);
    r = check(b, true);
    check_end(r->operation, JIG_DATA_LOSS, JIG_REASON_INTEGRITY);
    assert_int_equal(only(r)->state, STATE(MISMATCH));
    assert_non_null(strstr(r->operation->error->message, jig_path_base(blob)));
    rig_message_free(r);
}

static void a_damaged_blob_is_fetched_anew(void **state)
{
    struct bench *b = *state;
    put_pointer(b, "a.lnk", "/logo", "logo");
    rig_message_free(pull(b));
    JIG_CLEANUP_FREE char *blob = blob_of(b, "logo");
    JIG_CLEANUP_FREE char *made = path_of(b, ".jig/build/.lnk/files/a");
    damage(blob);
    assert_int_equal(unlink(made), 0);
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    assert_int_equal(only(r)->state, STATE(FETCHED));
    assert_int_equal(atomic_load(&b->asked), 2);
    check_content(made, "logo");
    check_content(blob, "logo");
    rig_message_free(r);
}

/* ---- what goes wrong ---- */

static void wrong_bytes_are_an_integrity_error(void **state)
{
    struct bench *b = *state;
    char want[JIG_SHA256_HEX], got[JIG_SHA256_HEX];
    struct jig_digest d = jig_sha256_of("logo", 4);
    jig_digest_hex(&d, want);
    d = jig_sha256_of("other", 5);
    jig_digest_hex(&d, got);
    put_pointer(b, "a.lnk", "/other", "logo");
    put_pointer(b, "b.lnk", "/other", "other");
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_DATA_LOSS, JIG_REASON_INTEGRITY);
    assert_non_null(strstr(r->operation->error->message, "a.lnk"));
    assert_non_null(strstr(r->operation->error->message, want));
    assert_non_null(strstr(r->operation->error->message, got));
    assert_int_equal(r->operation->lnk->n_pointers, 2);
    assert_int_equal(r->operation->lnk->pointers[0]->state, STATE(MISMATCH));
    assert_string_equal(r->operation->lnk->pointers[0]->materialized, "");
    assert_int_equal(r->operation->lnk->pointers[1]->state, STATE(FETCHED));
    assert_false(has(b, ".jig/build/.lnk/files/a"));
    rig_message_free(r);
}

static void what_is_no_pointer_names_the_key(void **state)
{
    struct bench *b = *state;
    put(b, "a.lnk", "{\"v\":1,\"url\":\"https://x.org/a\",\"sha256\":\"12\"}");
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT);
    assert_non_null(strstr(r->operation->error->message, "a.lnk"));
    assert_non_null(strstr(r->operation->error->message, "sha256"));
    assert_int_equal(only(r)->state, STATE(INVALID));
    assert_string_equal(only(r)->sha256, "");
    assert_int_equal(only(r)->size_bytes, -1);
    rig_message_free(r);
    r = check(b, false);
    check_end(r->operation, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT);
    rig_message_free(r);
}

/* UNAVAILABLE is a daemon that cannot be reached, never a server that cannot. */
static void servers_that_do_not_give_it(void **state)
{
    struct bench *b = *state;
    put_pointer(b, "a.lnk", "/down", "logo");
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_FAILED_PRECONDITION, JIG_REASON_NONE);
    assert_int_equal(only(r)->state, STATE(FAILED));
    rig_message_free(r);
    r = add(b, "/down", "new.lnk");
    check_end(r->operation, JIG_FAILED_PRECONDITION, JIG_REASON_NONE);
    rig_message_free(r);
    r = add(b, "/nowhere", "new.lnk");
    check_end(r->operation, JIG_NOT_FOUND, JIG_REASON_NONE);
    rig_message_free(r);
    assert_false(has(b, "new.lnk"));
}

/* A hundred pointers to a host that is down: one of them finds out, by all its rounds, and those
 * that were on their way by then ask once. The next operation asks anew. */
static void a_dead_host_is_not_asked_by_each(void **state)
{
    struct bench *b = *state;
    for (int i = 0; i < 100; i++) {
        JIG_CLEANUP_FREE char *name = jig_strf("%d.lnk", i);
        put_pointer(b, name, "/mute", name);
    }
    for (int i = 0; i < 2; i++) {
        atomic_store(&b->asked, 0);
        Jig__V1__StartPullResponse *r = pull(b);
        check_end(r->operation, JIG_FAILED_PRECONDITION, JIG_REASON_NONE);
        assert_int_equal(r->operation->lnk->n_pointers, 100);
        for (size_t k = 0; k < 100; k++) {
            assert_int_equal(r->operation->lnk->pointers[k]->state, STATE(FAILED));
            assert_true(r->operation->lnk->pointers[k]->error[0] != '\0');
        }
        rig_message_free(r);
        assert_in_range(atomic_load(&b->asked), ROUNDS, ROUNDS + JIG_LNK_JOBS);
    }
}

static void add_overwrites_nothing_else(void **state)
{
    struct bench *b = *state;
    static const char mine[] = "somebody's notes\n";
    put(b, "notes.lnk", mine);
    put_pointer(b, "other.lnk", "/other", "other");
    static const char *const taken[] = {"notes.lnk", "other.lnk"};
    for (size_t i = 0; i < JIG_COUNT(taken); i++) {
        Jig__V1__StartPullResponse *r = add(b, "/logo", taken[i]);
        check_end(r->operation, JIG_ALREADY_EXISTS, JIG_REASON_NONE);
        assert_true(r->operation->error->hint[0] != '\0');
        rig_message_free(r);
    }
    JIG_CLEANUP_FREE char *path = path_of(b, "notes.lnk");
    check_content(path, mine);
    assert_int_equal(atomic_load(&b->asked), 0);
}

static void folders_that_are_none(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *missing = jig_path_join(b->folder, "missing");
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    request.wait_ms = PATIENT;
    assert_int_equal(rig_code(rig_land(rig_send(b->client, PULL, &request.base, NULL, 0))),
                     JIG_INVALID_ARGUMENT); /* no project at all */
    request.project = &project;
    static const char *const relative[] = {"", ".", "project", "../project"};
    for (size_t i = 0; i < JIG_COUNT(relative); i++) {
        project.directory = (char *)relative[i];
        Jig__V1__Response *reply = rig_land(rig_send(b->client, PULL, &request.base, NULL, 0));
        assert_int_equal(reply->status->code, JIG_INVALID_ARGUMENT);
        assert_int_equal(reply->status->reason, JIG__V1__ERROR_REASON__ERROR_REASON_USAGE);
        rig_reply_free(reply);
    }
    project.directory = missing;
    Jig__V1__StartPullResponse *r = call(b, PULL, &request.base);
    check_end(r->operation, JIG_NOT_FOUND, JIG_REASON_NONE);
    assert_non_null(strstr(r->operation->error->message, missing));
    rig_message_free(r);
}

/* ---- hostile requests ---- */

static void adds_that_are_refused_at_once(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *good = path_of(b, "x.lnk");
    JIG_CLEANUP_FREE char *no_pointer = path_of(b, "x.bin");
    JIG_CLEANUP_FREE char *long_url = jig_xcalloc(1, (1 << 20) + 1);
    memset(long_url, 'a', 1 << 20);
    memcpy(long_url, "https://x.org/", 14);
    const struct {
        const char *url, *path, *extract;
    } rows[] = {
        {"", good, ""},
        {"x.org/a", good, ""},
        {"ftp://x.org/a", good, ""},
        {"https://", good, ""},
        {"https://ann:secret@x.org/a", good, ""},
        {"https://x.org/a\r\nHost: y.org", good, ""},
        {"https://x.org/\xc3\xa9", good, ""},
        {"https://x.org/a", "", ""},
        {"https://x.org/a", "x.lnk", ""},
        {"https://x.org/a", no_pointer, ""},
        {"https://x.org/a", good, "rar"},
        {long_url, good, ""},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        Jig__V1__StartAddRequest request = JIG__V1__START_ADD_REQUEST__INIT;
        request.url = (char *)rows[i].url;
        request.path = (char *)rows[i].path;
        request.extract = (char *)rows[i].extract;
        request.wait_ms = PATIENT;
        Jig__V1__Response *reply = rig_land(rig_send(b->client, ADD, &request.base, NULL, 0));
        if (reply->status == NULL || reply->status->code != JIG_INVALID_ARGUMENT)
            fail_msg("row %zu was taken", i);
        assert_int_equal(reply->status->reason, JIG__V1__ERROR_REASON__ERROR_REASON_USAGE);
        assert_null(strstr(reply->status->message, "secret"));
        rig_reply_free(reply);
    }
    assert_false(has(b, "x.lnk"));
    assert_int_equal(jig_operations_active(rig_operations(b->rig)), 0);
}

/* A name that no file can have comes to a failed operation, without a crash or a file. */
static void names_that_are_too_long(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *name = jig_xcalloc(1, 5001);
    memset(name, 'n', 5000);
    memcpy(name + 5000 - 4, ".lnk", 4);
    Jig__V1__StartPullResponse *r = add(b, "/logo", name);
    assert_int_equal(r->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    rig_message_free(r);
    JIG_CLEANUP_FREE char *folder = path_of(b, name);
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartCheckRequest request = JIG__V1__START_CHECK_REQUEST__INIT;
    project.directory = folder;
    request.project = &project;
    request.wait_ms = PATIENT;
    r = call(b, CHECK, &request.base);
    assert_int_equal(r->operation->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    rig_message_free(r);
}

/* Bytes that are no request of the method's. */
static Jig__V1__Response *send_payload(const struct bench *b, const char *method,
                                       const uint8_t *bytes, size_t n)
{
    static uint8_t count;
    uint8_t id[16] = {9, ++count};
    Jig__V1__Request e = JIG__V1__REQUEST__INIT;
    e.method = (char *)method;
    e.protocol_version = 1;
    e.request_id = (ProtobufCBinaryData){.len = sizeof id, .data = id};
    e.payload = (ProtobufCBinaryData){.len = n, .data = (uint8_t *)(uintptr_t)bytes};
    size_t size = jig__v1__request__get_packed_size(&e);
    JIG_CLEANUP_FREE uint8_t *packed = malloc(size);
    jig__v1__request__pack(&e, packed);
    return rig_land(rig_send_bytes(b->client, packed, size));
}

static void payloads_that_are_no_requests(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint8_t bytes[8];
        size_t n;
    } rows[] = {
        {{0xff}, 1},                               /* a tag that is cut */
        {{0x0a, 0x7f, 'a'}, 3},                    /* longer than there is */
        {{0x08, 0x01}, 2},                         /* a number where field 1 is none */
        {{0x0b}, 1},                               /* a group */
        {{0x0a, 0x04, 0x0a, 0x02, 0xc3, 0x28}, 6}, /* no UTF-8, where it is a string */
    };
    for (size_t m = 0; m < JIG_COUNT(methods); m++) {
        for (size_t i = 0; i < JIG_COUNT(rows); i++)
            assert_int_equal(rig_code(send_payload(b, methods[m].method, rows[i].bytes, rows[i].n)),
                             JIG_INVALID_ARGUMENT);
        /* Nothing in it: no folder, no URL. */
        assert_int_equal(rig_code(send_payload(b, methods[m].method, rows[0].bytes, 0)),
                         JIG_INVALID_ARGUMENT);
    }
    assert_int_equal(jig_operations_active(rig_operations(b->rig)), 0);
}

static void a_request_beyond_the_limit_is_refused(void **state)
{
    struct bench *b = *state;
    struct rig *small =
        rig_new(&(struct rig_options){.inproc = true, .message_max = 65536, .lnks = b->lnks});
    struct rig_client *c = rig_connect(small);
    JIG_CLEANUP_FREE char *name = jig_xcalloc(1, 100001);
    memset(name, '/', 100000);
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    project.directory = name;
    request.project = &project;
    assert_int_equal(rig_code(rig_land(rig_send(c, PULL, &request.base, NULL, 0))),
                     JIG_RESOURCE_EXHAUSTED);
    rig_disconnect(c);
    rig_free(small);
}

/* ---- the end of an operation ---- */

static void cancel(const struct bench *b, const char *id)
{
    Jig__V1__CancelOperationRequest request = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    request.id = (char *)(uintptr_t)id;
    assert_int_equal(
        rig_code(rig_land(rig_send(b->client, "/jig.v1.OperationService/CancelOperation",
                                   &request.base, NULL, 0))),
        JIG_OK);
}

static Jig__V1__Operation *await_end(const struct bench *b, const char *id,
                                     Jig__V1__WatchOperationResponse **ret)
{
    uint64_t cursor = 0;
    for (;;) {
        *ret = rig_watch(b->client, id, cursor, PATIENT, 0);
        if ((*ret)->operation->state >= JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED)
            return (*ret)->operation;
        cursor = (*ret)->cursor;
        rig_message_free(*ret);
    }
}

/* A server that never answers is left at once, by a pull and by an add. */
static void cancel_ends_a_download(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *url = http_server_url(b->server, "/silent");
    JIG_CLEANUP_FREE char *path = path_of(b, "new.lnk");
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest pulling = JIG__V1__START_PULL_REQUEST__INIT;
    Jig__V1__StartAddRequest adding = JIG__V1__START_ADD_REQUEST__INIT;
    put_pointer(b, "a.lnk", "/silent", "logo");
    project.directory = b->project;
    pulling.project = &project;
    adding.url = url;
    adding.path = path;
    const struct {
        const char *method;
        const ProtobufCMessage *request;
    } rows[] = {{PULL, &pulling.base}, {ADD, &adding.base}};
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        Jig__V1__WatchOperationResponse *w;
        Jig__V1__StartPullResponse *r = call(b, rows[i].method, rows[i].request);
        sem_wait(&b->silent);
        cancel(b, r->operation->id);
        check_end(await_end(b, r->operation->id, &w), JIG_CANCELLED, JIG_REASON_NONE);
        sem_wait(&b->gone);
        rig_message_free(w);
        rig_message_free(r);
    }
    assert_false(has(b, "new.lnk"));
    assert_false(has(b, ".jig/build/.lnk/files/a"));
    /* Nothing is locked, nothing is left over. */
    put_pointer(b, "a.lnk", "/logo", "logo");
    Jig__V1__StartPullResponse *r = pull(b);
    check_end(r->operation, JIG_OK, JIG_REASON_NONE);
    rig_message_free(r);
}

static void a_second_pull_waits_for_the_first_and_says_so(void **state)
{
    struct bench *b = *state;
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    Jig__V1__WatchOperationResponse *w;
    put_pointer(b, "a.lnk", "/silent", "logo");
    project.directory = b->project;
    request.project = &project;
    Jig__V1__StartPullResponse *first = call(b, PULL, &request.base);
    sem_wait(&b->silent);
    Jig__V1__StartPullResponse *second = call(b, PULL, &request.base);
    bool waits = false;
    for (uint64_t cursor = 0; !waits;) {
        w = rig_watch(b->client, second->operation->id, cursor, PATIENT, 0);
        for (size_t i = 0; i < w->n_events; i++) {
            const Jig__V1__OperationEvent *e = w->events[i];
            if (e->kind_case != JIG__V1__OPERATION_EVENT__KIND_NOTICE)
                continue;
            assert_string_equal(e->notice->id, "lnk.waiting");
            assert_non_null(strstr(e->notice->text, first->operation->id));
            waits = true;
        }
        cursor = w->cursor;
        rig_message_free(w);
    }
    put_pointer(b, "a.lnk", "/logo", "logo");
    cancel(b, first->operation->id);
    check_end(await_end(b, second->operation->id, &w), JIG_OK, JIG_REASON_NONE);
    assert_int_equal(w->operation->lnk->pointers[0]->state, STATE(FETCHED));
    rig_message_free(w);
    rig_message_free(first);
    rig_message_free(second);
}

static void the_owner_has_to_be_there(void **state)
{
    struct bench *b = *state;
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__OperationTie tie = JIG__V1__OPERATION_TIE__INIT;
    Jig__V1__StartPullRequest request = JIG__V1__START_PULL_REQUEST__INIT;
    project.directory = b->project;
    tie.owner_pid = INT64_MAX;
    tie.cancel_with_owner = true;
    request.project = &project;
    request.tie = &tie;
    assert_int_equal(rig_code(rig_land(rig_send(b->client, PULL, &request.base, NULL, 0))),
                     JIG_INVALID_ARGUMENT);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(add_writes_what_a_pull_finds_in_the_cache),
        TEST(a_pull_is_told_by_steps),
        TEST(news_only_counts_the_rest),
        TEST(what_is_gone_is_removed_and_counted),
        TEST(build_directory_says_where_it_goes),
        TEST(a_repeated_call_starts_one_operation),
        TEST(a_check_asks_nobody_and_changes_nothing),
        TEST(a_check_marks_what_is_unproven),
        TEST(a_deep_check_reads_what_the_cache_has),
        TEST(a_damaged_blob_is_fetched_anew),
        TEST(wrong_bytes_are_an_integrity_error),
        TEST(what_is_no_pointer_names_the_key),
        TEST(servers_that_do_not_give_it),
        TEST(a_dead_host_is_not_asked_by_each),
        TEST(add_overwrites_nothing_else),
        TEST(folders_that_are_none),
        TEST(adds_that_are_refused_at_once),
        TEST(names_that_are_too_long),
        TEST(payloads_that_are_no_requests),
        TEST(a_request_beyond_the_limit_is_refused),
        TEST(cancel_ends_a_download),
        TEST(a_second_pull_waits_for_the_first_and_says_so),
        TEST(the_owner_has_to_be_there),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
