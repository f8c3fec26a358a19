/*
 * PackageService: real handlers, a real cache and real downloads from a server in this process.
 *
 * The server has an index with the core me:toy 1.0, its tool me:cc 1.0, and the libraries Blue 1.0
 * and 2.0, Green 1.0 (which needs Blue below 2), Wrong 1.0 (another hash), Bare 1.0 (without one).
 */
#include <nng/nng.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/packages/record.h"
#include "service/builder.h"
#include "service/packages.h"
#include "tests/rpc/rig.h"
#include "tests/support/http_server.h"
#include "tests/support/tar.h"

#define SERVICE   "/jig.v1.PackageService/"
#define LIST      SERVICE "ListPackages"
#define UPDATE    SERVICE "StartUpdateIndexes"
#define INSTALL   SERVICE "StartInstallPackages"
#define REMOVE    SERVICE "StartRemovePackages"
#define SYNC      SERVICE "StartSyncPackages"
#define PATIENCE  60000 /* ms */
#define PAGES_MAX 16
#define LIBRARY   JIG__V1__PACKAGE_KIND__PACKAGE_KIND_LIBRARY
#define PLATFORM  JIG__V1__PACKAGE_KIND__PACKAGE_KIND_PLATFORM
#define TOOL      JIG__V1__PACKAGE_KIND__PACKAGE_KIND_TOOL
#define INSTALLED JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_INSTALLED
#define PRESENT   JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_PRESENT
#define REMOVED   JIG__V1__PACKAGE_CHANGE__OUTCOME__OUTCOME_REMOVED
#define SUCCEEDED JIG__V1__OPERATION_STATE__OPERATION_STATE_SUCCEEDED
#define CANCELLED JIG__V1__OPERATION_STATE__OPERATION_STATE_CANCELLED

static const struct jig_method_row rows[] = {
    {&jig__v1__package_service__descriptor, "ListPackages", jig_handle_package_list,
     JIG_METHOD_READS},
    {&jig__v1__package_service__descriptor, "StartInstallPackages", jig_handle_package_install,
     JIG_METHOD_MUTATES},
    {&jig__v1__package_service__descriptor, "StartRemovePackages", jig_handle_package_remove,
     JIG_METHOD_MUTATES},
    {&jig__v1__package_service__descriptor, "StartSyncPackages", jig_handle_package_sync,
     JIG_METHOD_MUTATES},
    {&jig__v1__package_service__descriptor, "StartUpdateIndexes", jig_handle_package_update,
     JIG_METHOD_MUTATES},
};

/* ---- what is served ---- */

struct page {
    char path[64];
    struct jig_buf body;
    bool never; /* the answer never comes */
    int asked;
};

struct world {
    const char *folder;
    struct http_server *server;
    pthread_mutex_t mu;
    struct page pages[PAGES_MAX]; /* guarded by mu */
    size_t n_pages;               /* guarded by mu */
    struct jig_conf conf;
    struct jig_cache *cache;
    struct jig_fetcher *fetcher;
    struct jig_packages *packages;
    struct jig_builder *builder;
    struct rig *rig;
    struct rig_client *client;
};

static struct page *find_page(struct world *w, const char *path)
{
    for (size_t i = 0; i < w->n_pages; i++) {
        if (strcmp(w->pages[i].path, path) == 0)
            return &w->pages[i];
    }
    return NULL;
}

static bool answer(void *ctx, const struct http_request *request)
{
    struct world *w = ctx;
    pthread_mutex_lock(&w->mu);
    struct page *page = find_page(w, request->path);
    bool never = page != NULL && page->never;
    size_t n = page != NULL ? page->body.len : 0;
    char *copy = jig_xcalloc(1, n + 1);
    if (n > 0)
        memcpy(copy, page->body.data, n);
    if (page != NULL)
        page->asked++;
    pthread_mutex_unlock(&w->mu);
    if (page == NULL) {
        http_sendf(request, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    } else {
        http_sendf(request, "HTTP/1.1 200 OK\r\nETag: \"%zu\"\r\nContent-Length: %zu\r\n\r\n", n,
                   n);
        if (never)
            http_wait_closed(request);
        else
            http_send(request, copy, n);
    }
    free(copy);
    return page != NULL && !never;
}

/* In place of what is there. */
static struct page *put(struct world *w, const char *path, const void *data, size_t n)
{
    struct page *page = find_page(w, path);
    if (page == NULL) {
        assert_true(w->n_pages < PAGES_MAX);
        page = &w->pages[w->n_pages++];
        snprintf(page->path, sizeof page->path, "%s", path);
        jig_buf_init(&page->body, 1 << 20);
    }
    jig_buf_clear(&page->body);
    jig_buf_append(&page->body, data, n);
    return page;
}

static void set_never(struct world *w, const char *path, bool never)
{
    pthread_mutex_lock(&w->mu);
    find_page(w, path)->never = never;
    pthread_mutex_unlock(&w->mu);
}

static int asked_for(struct world *w, const char *path)
{
    pthread_mutex_lock(&w->mu);
    int asked = find_page(w, path)->asked;
    pthread_mutex_unlock(&w->mu);
    return asked;
}

/* Serves an archive; its members of an index's entry. The caller frees. */
static char *serve_archive(struct world *w, const char *name, const char *const files[][2],
                           size_t count)
{
    struct jig_buf tar;
    char hex[JIG_SHA256_HEX];
    JIG_CLEANUP_FREE char *path = jig_strf("/%s.tar", name);
    JIG_CLEANUP_FREE char *url = http_server_url(w->server, path);
    jig_buf_init(&tar, 1 << 20);
    for (size_t i = 0; i < count; i++)
        tar_add(&tar, files[i][0], files[i][1]);
    tar_end(&tar);
    struct jig_digest digest = jig_sha256_of(tar.data, tar.len);
    jig_digest_hex(&digest, hex);
    put(w, path, tar.data, tar.len);
    char *members = jig_strf("\"url\":\"%s\",\"archiveFileName\":\"%s.tar\",\"size\":\"%zu\","
                             "\"checksum\":\"SHA-256:%s\"",
                             url, name, tar.len, hex);
    jig_buf_release(&tar);
    return members;
}

static void serve_platform(struct world *w)
{
    static const char *const core[][2] = {
        {"toy/cores/toy/Arduino.h", "#pragma once\n"},
        {"toy/boards.txt",
         "uno.name=Uno\nuno.build.core=toy\nbare.name=Bare\nbare.build.core=gone\n"},
        {"toy/platform.txt", "name=Toy\nversion=1.0\n"}};
    static const char *const cc[][2] = {{"cc/bin/cc", "#!/bin/sh\n"}, {"cc/README", "cc\n"}};
    static const char *const hosts[] = {"x86_64-linux-gnu", "aarch64-linux-gnu",
                                        "arm-linux-gnueabihf", "i686-linux-gnu"};
    JIG_CLEANUP_FREE char *core_entry = serve_archive(w, "toy-1.0", core, JIG_COUNT(core));
    JIG_CLEANUP_FREE char *cc_entry = serve_archive(w, "cc-1.0", cc, JIG_COUNT(cc));
    struct jig_strv systems = {0};
    for (size_t i = 0; i < JIG_COUNT(hosts); i++)
        jig_strv_append_take(&systems, jig_strf("{\"host\":\"%s\",%s}", hosts[i], cc_entry));
    JIG_CLEANUP_FREE char *list = jig_strv_join(&systems, ",");
    JIG_CLEANUP_FREE char *index =
        jig_strf("{\"packages\":[{\"name\":\"me\",\"platforms\":[{\"name\":\"Toy\","
                 "\"architecture\":\"toy\",\"version\":\"1.0\",%s,\"toolsDependencies\":"
                 "[{\"packager\":\"me\",\"name\":\"cc\",\"version\":\"1.0\"}]}],"
                 "\"tools\":[{\"name\":\"cc\",\"version\":\"1.0\",\"systems\":[%s]}]}]}",
                 core_entry, list);
    put(w, "/package_index.json", index, strlen(index));
    jig_strv_release(&systems);
}

static void add_library(struct world *w, struct jig_strv *out, const char *name,
                        const char *version, const char *needs)
{
    JIG_CLEANUP_FREE char *file = jig_strf("%s-%s", name, version);
    JIG_CLEANUP_FREE char *header = jig_strf("%s/src/%s.h", file, name);
    JIG_CLEANUP_FREE char *words = jig_strf("%s/library.properties", file);
    JIG_CLEANUP_FREE char *text =
        jig_strf("name=%s\nversion=%s\narchitectures=*\n%s", name, version,
                 needs[0] != '\0' ? "depends=Blue (<2.0)\n" : "");
    const char *const files[][2] = {{words, text}, {header, "\n"}};
    JIG_CLEANUP_FREE char *entry = serve_archive(w, file, files, JIG_COUNT(files));
    if (strcmp(name, "Wrong") == 0)
        memset(strstr(entry, "SHA-256:") + strlen("SHA-256:"), '0', 64);
    if (strcmp(name, "Bare") == 0)
        memcpy(strstr(entry, "SHA-256:"), "SHA-999:", strlen("SHA-256:"));
    jig_strv_append_take(
        out, jig_strf("{\"name\":\"%s\",\"version\":\"%s\",%s%s}", name, version, entry, needs));
}

static void serve_libraries(struct world *w)
{
    struct jig_strv list = {0};
    add_library(w, &list, "Blue", "1.0", "");
    add_library(w, &list, "Blue", "2.0", "");
    add_library(w, &list, "Green", "1.0",
                ",\"dependencies\":[{\"name\":\"Blue\",\"version\":\"<2.0\"}]");
    add_library(w, &list, "Wrong", "1.0", "");
    add_library(w, &list, "Bare", "1.0", "");
    JIG_CLEANUP_FREE char *joined = jig_strv_join(&list, ",");
    JIG_CLEANUP_FREE char *index = jig_strf("{\"libraries\":[%s]}", joined);
    put(w, "/library_index.json", index, strlen(index));
    jig_strv_release(&list);
}

/* ---- the service ---- */

static void furnish(void *ctx, struct jig_env *env)
{
    struct world *w = ctx;
    env->packages = w->packages;
    env->builder = w->builder;
}

static void configure(struct world *w)
{
    JIG_CLEANUP_FREE char *packages = http_server_url(w->server, "/package_index.json");
    JIG_CLEANUP_FREE char *libraries = http_server_url(w->server, "/library_index.json");
    JIG_CLEANUP_FREE char *file = jig_path_join(w->folder, "jigd.conf");
    JIG_CLEANUP_FREE char *text =
        jig_strf("[packages]\nindexes_only = yes\nindexes = %s, %s\n", packages, libraries);
    struct jig_err err = JIG_ERR_INIT;
    jig_conf_init(&w->conf);
    if (jig_conf_parse(&w->conf, file, text, strlen(text), &err) != JIG_OK)
        fail_msg("%s", err.message);
    free(jig_steal(&w->conf.cache_second));
}

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    struct world *w = jig_new(struct world);
    w->folder = *state;
    *state = w;
    setenv("HOME", w->folder, 1);
    pthread_mutex_init(&w->mu, NULL);
    w->server = http_server_start(answer, w);
    serve_platform(w);
    serve_libraries(w);
    configure(w);
    JIG_CLEANUP_FREE char *root = jig_path_join(w->folder, "cache");
    struct jig_archive_limits limits = {0};
    assert_int_equal(jig_cache_open(&(struct jig_cache_options){.root = root}, &w->cache, NULL),
                     JIG_OK);
    w->fetcher = jig_fetcher_new(&(struct jig_fetcher_options){.proxy = "none", .rounds = 1});
    w->packages = jig_packages_new(&w->conf, w->cache, w->fetcher, &limits);
    w->builder = jig_builder_new(&w->conf, root, jig_packages_roots(w->packages), w->folder, NULL);
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
    jig_builder_free(w->builder);
    jig_packages_free(w->packages);
    jig_fetcher_free(w->fetcher);
    jig_cache_close(w->cache);
    jig_conf_release(&w->conf);
    http_server_stop(w->server);
    for (size_t i = 0; i < w->n_pages; i++)
        jig_buf_release(&w->pages[i].body);
    pthread_mutex_destroy(&w->mu);
    *state = (char *)w->folder;
    free(w);
    return unit_folder_teardown(state);
}

/* ---- calls ---- */

/* All Start... responses are this one on the wire. */
struct done {
    Jig__V1__StartInstallPackagesResponse *reply;
    const Jig__V1__Operation *op;
    const Jig__V1__PackagesResult *result;
};

static struct done start(struct world *w, const char *method, const ProtobufCMessage *request)
{
    struct done d = {.reply = rig_call(w->client, method, request,
                                       &jig__v1__start_install_packages_response__descriptor)};
    d.op = d.reply->operation;
    d.result = d.op->packages;
    return d;
}

static void expect_ok(const struct done *d)
{
    if (d->op->state != SUCCEEDED)
        fail_msg("%s: %s", d->op->subject, d->op->error != NULL ? d->op->error->message : "");
    assert_int_equal(d->op->kind, JIG__V1__OPERATION_KIND__OPERATION_KIND_PACKAGES);
    assert_non_null(d->result);
}

/* It ended badly, so. Frees it. */
static void expect_failure(struct done d, enum jig_code code, enum jig_reason reason,
                           const char *says)
{
    assert_int_equal(d.op->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    assert_int_equal(d.op->error->code, code);
    assert_int_equal(d.op->error->reason, reason);
    if (strstr(d.op->error->message, says) == NULL)
        fail_msg("'%s' does not say %s", d.op->error->message, says);
    rig_message_free(d.reply);
}

static Jig__V1__StartInstallPackagesRequest names(Jig__V1__PackageKind kind, char **list, size_t n)
{
    Jig__V1__StartInstallPackagesRequest r = JIG__V1__START_INSTALL_PACKAGES_REQUEST__INIT;
    r.kind = kind;
    r.names = list;
    r.n_names = n;
    r.wait_ms = PATIENCE;
    return r;
}

/* Installs or removes one thing, and waits for the end: the two requests are alike, too. */
static struct done one(struct world *w, const char *method, Jig__V1__PackageKind kind,
                       const char *name)
{
    char *list[] = {(char *)name};
    Jig__V1__StartInstallPackagesRequest r = names(kind, list, 1);
    return start(w, method, &r.base);
}

static void install_ok(struct world *w, Jig__V1__PackageKind kind, const char *name)
{
    struct done d = one(w, INSTALL, kind, name);
    expect_ok(&d);
    rig_message_free(d.reply);
}

static Jig__V1__ListPackagesResponse *list(struct world *w, Jig__V1__PackageKind kind)
{
    Jig__V1__ListPackagesRequest r = JIG__V1__LIST_PACKAGES_REQUEST__INIT;
    r.kind = kind;
    return rig_call(w->client, LIST, &r.base, &jig__v1__list_packages_response__descriptor);
}

static size_t installed(struct world *w)
{
    Jig__V1__ListPackagesResponse *l = list(w, 0);
    size_t n = l->n_packages;
    rig_message_free(l);
    return n;
}

static void expect_change(const struct done *d, size_t at, const char *name, const char *version,
                          Jig__V1__PackageChange__Outcome outcome)
{
    assert_true(at < d->result->n_packages);
    const Jig__V1__PackageChange *change = d->result->packages[at];
    assert_string_equal(change->package->name, name);
    assert_string_equal(change->package->version, version);
    assert_int_equal(change->outcome, outcome);
}

/* The call itself is refused, and nothing was begun. */
static void expect_refusal(struct world *w, const char *method, const ProtobufCMessage *request,
                           enum jig_code code, enum jig_reason reason, const char *says)
{
    Jig__V1__Response *reply = rig_land(rig_send(w->client, method, request, NULL, 0));
    assert_non_null(reply);
    assert_non_null(reply->status);
    if (reply->status->code != (int)code || (int)reply->status->reason != (int)reason ||
        strstr(reply->status->message, says) == NULL)
        fail_msg("%s: %d, %d: %s", method, reply->status->code, reply->status->reason,
                 reply->status->message);
    rig_reply_free(reply);
    assert_int_equal(jig_operations_active(rig_operations(w->rig)), 0);
}

/* ---- installed, listed, removed ---- */

static void a_library_comes_and_goes(void **state)
{
    struct world *w = *state;
    assert_int_equal(installed(w), 0);
    struct done d = one(w, INSTALL, LIBRARY, "Green");
    expect_ok(&d);
    assert_string_equal(d.op->subject, "install Green");
    assert_int_equal(d.result->n_packages, 2);
    expect_change(&d, 0, "Blue", "1.0", INSTALLED);
    expect_change(&d, 1, "Green", "1.0", INSTALLED);
    rig_message_free(d.reply);

    d = one(w, INSTALL, LIBRARY, "Green@1.0");
    expect_ok(&d);
    expect_change(&d, 1, "Green", "1.0", PRESENT);
    rig_message_free(d.reply);
    assert_int_equal(asked_for(w, "/Green-1.0.tar"), 1);

    install_ok(w, LIBRARY, "Blue");
    Jig__V1__ListPackagesResponse *l = list(w, LIBRARY);
    static const char *const expected[][2] = {{"Blue", "2.0"}, {"Blue", "1.0"}, {"Green", "1.0"}};
    assert_int_equal(l->n_packages, JIG_COUNT(expected));
    for (size_t i = 0; i < JIG_COUNT(expected); i++) {
        const Jig__V1__Package *p = l->packages[i];
        assert_int_equal(p->kind, LIBRARY);
        assert_string_equal(p->name, expected[i][0]);
        assert_string_equal(p->version, expected[i][1]);
        assert_int_equal(strlen(p->sha256), 64);
        assert_true(p->size_bytes > 0 && jig_str_starts(p->url, "http://127.0.0.1:"));
        assert_true(jig_str_starts(p->path, w->folder) && jig_fs_is_dir(p->path));
    }
    rig_message_free(l);

    d = one(w, REMOVE, LIBRARY, "Blue");
    expect_ok(&d);
    assert_int_equal(d.result->n_packages, 2);
    expect_change(&d, 0, "Blue", "2.0", REMOVED);
    rig_message_free(d.reply);
    expect_failure(one(w, REMOVE, LIBRARY, "Blue"), JIG_NOT_FOUND, JIG_REASON_NONE, "'Blue'");
    assert_int_equal(installed(w), 1);
}

static void a_core_brings_its_tools(void **state)
{
    struct world *w = *state;
    struct done d = one(w, INSTALL, PLATFORM, "me:toy@^1");
    expect_ok(&d);
    expect_change(&d, 0, "me:cc", "1.0", INSTALLED);
    expect_change(&d, 1, "me:toy", "1.0", INSTALLED);
    rig_message_free(d.reply);
    Jig__V1__ListPackagesResponse *l = list(w, TOOL);
    assert_int_equal(l->n_packages, 1);
    assert_string_equal(l->packages[0]->name, "me:cc");
    rig_message_free(l);
    d = one(w, REMOVE, PLATFORM, "me:toy");
    expect_ok(&d);
    assert_int_equal(d.result->n_packages, 2);
    expect_change(&d, 0, "me:toy", "1.0", REMOVED);
    expect_change(&d, 1, "me:cc", "1.0", REMOVED);
    rig_message_free(d.reply);
    assert_int_equal(installed(w), 0);

    install_ok(w, PLATFORM, "me:toy");
    d = one(w, REMOVE, TOOL, "me:cc@1.0");
    expect_ok(&d);
    expect_change(&d, 0, "me:cc", "1.0", REMOVED);
    rig_message_free(d.reply);
}

static void a_repeat_is_done_once(void **state)
{
    struct world *w = *state;
    const uint8_t id[16] = "an install......";
    char *list[] = {(char *)"Blue@1.0"};
    Jig__V1__StartInstallPackagesRequest r = names(LIBRARY, list, 1);
    Jig__V1__Response *first = rig_land(rig_send(w->client, INSTALL, &r.base, id, 0));
    Jig__V1__Response *again = rig_land(rig_send(w->client, INSTALL, &r.base, id, 0));
    assert_int_equal(first->payload.len, again->payload.len);
    assert_memory_equal(first->payload.data, again->payload.data, first->payload.len);
    rig_reply_free(first);
    rig_reply_free(again);
    assert_int_equal(asked_for(w, "/Blue-1.0.tar"), 1);
}

/* ---- indexes ---- */

static struct done update(struct world *w, int64_t wait_ms)
{
    Jig__V1__StartUpdateIndexesRequest r = JIG__V1__START_UPDATE_INDEXES_REQUEST__INIT;
    r.wait_ms = wait_ms;
    return start(w, UPDATE, &r.base);
}

static void indexes_are_updated(void **state)
{
    struct world *w = *state;
    struct done d = update(w, PATIENCE);
    expect_ok(&d);
    assert_int_equal(d.result->n_indexes, 2);
    for (size_t i = 0; i < 2; i++) {
        const Jig__V1__IndexChange *x = d.result->indexes[i];
        assert_int_equal(x->outcome, JIG__V1__INDEX_CHANGE__OUTCOME__OUTCOME_UPDATED);
        assert_true(x->size_bytes > 0 && x->problem[0] == '\0');
        assert_non_null(strstr(x->url, i == 0 ? "/package_index.json" : "/library_index.json"));
    }
    rig_message_free(d.reply);
}

static void an_index_that_is_none_is_kept_out(void **state)
{
    struct world *w = *state;
    static const char page[] = "<html>please log in</html>";
    install_ok(w, LIBRARY, "Blue@1.0");
    pthread_mutex_lock(&w->mu);
    put(w, "/library_index.json", page, strlen(page));
    pthread_mutex_unlock(&w->mu);
    struct done d = update(w, PATIENCE);
    const Jig__V1__IndexChange *x = d.result->indexes[1];
    assert_int_equal(x->outcome, JIG__V1__INDEX_CHANGE__OUTCOME__OUTCOME_FAILED);
    assert_true(x->size_bytes > (int64_t)strlen(page)); /* of the one that serves on */
    assert_non_null(strstr(x->problem, "no package index"));
    Jig__V1__WatchOperationResponse *events = rig_watch(w->client, d.op->id, 0, 0, 0);
    bool told = false;
    for (size_t i = 0; i < events->n_events; i++)
        told |= events->events[i]->kind_case == JIG__V1__OPERATION_EVENT__KIND_NOTICE &&
                strcmp(events->events[i]->notice->id, "packages.index_failed") == 0;
    assert_true(told);
    rig_message_free(events);
    expect_failure(d, JIG_DATA_LOSS, JIG_REASON_INTEGRITY, "no package index");
    install_ok(w, LIBRARY, "Green");
}

/* ---- bad requests ---- */

static void what_is_asked_for_makes_no_sense(void **state)
{
    struct world *w = *state;
    JIG_CLEANUP_FREE char *long_name = jig_xcalloc(1, 64 * 1024 + 1);
    memset(long_name, 'a', 64 * 1024);
    const struct {
        int kind;
        const char *name; /* NULL: none */
        const char *says;
    } bad[] = {
        {0, "Blue", "what kind"},
        {-1, "Blue", "what kind"},
        {99, "Blue", "what kind"},
        {TOOL, "me:cc", "cores that need them"},
        {LIBRARY, NULL, "1 to 256"},
        {LIBRARY, "", "names no library"},
        {LIBRARY, "../../Blue", "../../Blue"},
        {LIBRARY, "a/../../Blue", "Blue"},
        {LIBRARY, "/etc/passwd", "/etc/passwd"},
        {LIBRARY, ".", "'.'"},
        {LIBRARY, "Blue@^x^", "^x^"},
        {LIBRARY, "--upload-pack=x", "--upload-pack=x"},
        {LIBRARY, "https://h/s.git#--upload-pack=x", "tag, branch or commit"},
        {LIBRARY, "https://h/page", "https://h/page"},
        {LIBRARY, "https://h/s.zip#sha256=12", "64 hexadecimal digits"},
        {LIBRARY, "https://ann:secret@h/s.git", "user name or a password"},
        {LIBRARY, long_name, "1024 bytes"},
        {PLATFORM, "toy", "names no core"},
        {PLATFORM, "me:", "names no core"},
        {PLATFORM, "me:../toy", "names no core"},
        {PLATFORM, "me:toy:uno", "names no core"},
    };
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        char *list[] = {(char *)bad[i].name};
        Jig__V1__StartInstallPackagesRequest r =
            names((Jig__V1__PackageKind)bad[i].kind, list, bad[i].name != NULL);
        expect_refusal(w, INSTALL, &r.base, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, bad[i].says);
        if (bad[i].kind != TOOL)
            expect_refusal(w, REMOVE, &r.base, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, bad[i].says);
    }
    Jig__V1__ListPackagesRequest r = JIG__V1__LIST_PACKAGES_REQUEST__INIT;
    r.kind = (Jig__V1__PackageKind)99;
    expect_refusal(w, LIST, &r.base, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "99");
    /* No operation of theirs is left for others to read. */
    Jig__V1__ListOperationsRequest all = JIG__V1__LIST_OPERATIONS_REQUEST__INIT;
    Jig__V1__ListOperationsResponse *ops =
        rig_call(w->client, "/jig.v1.OperationService/ListOperations", &all.base,
                 &jig__v1__list_operations_response__descriptor);
    assert_int_equal(ops->n_operations, 0);
    rig_message_free(ops);
}

static void requests_that_are_too_large(void **state)
{
    struct world *w = *state;
    enum { MANY = 100001 };
    char **list = jig_xcalloc(MANY, sizeof *list);
    for (size_t i = 0; i < MANY; i++)
        list[i] = (char *)"Blue";
    Jig__V1__StartInstallPackagesRequest r = names(LIBRARY, list, 257);
    expect_refusal(w, INSTALL, &r.base, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "257");
    r.n_names = 256; /* alike, but allowed */
    struct done d = start(w, INSTALL, &r.base);
    expect_ok(&d);
    assert_int_equal(d.result->n_packages, 1);
    assert_true(strlen(d.op->subject) < 256);
    rig_message_free(d.reply);
    r.n_names = MANY;
    expect_refusal(w, INSTALL, &r.base, JIG_RESOURCE_EXHAUSTED, JIG_REASON_NONE, "100000");
    free(list);
}

/* A payload, byte by byte. */
static int code_of_bytes(struct world *w, const char *method, const void *bytes, size_t n)
{
    Jig__V1__Request envelope = JIG__V1__REQUEST__INIT;
    uint8_t id[16] = {1};
    uint8_t packed[512];
    envelope.protocol_version = JIG_PROTOCOL_VERSION;
    envelope.method = (char *)method;
    envelope.client = (char *)"rig 1";
    envelope.request_id = (ProtobufCBinaryData){sizeof id, id};
    envelope.payload = (ProtobufCBinaryData){n, (uint8_t *)bytes};
    size_t len = jig__v1__request__pack(&envelope, packed);
    return rig_code(rig_land(rig_send_bytes(w->client, packed, len)));
}

static void payloads_that_are_none(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {
        {"\x12\x04"
         "Bl\0e",
         6},                     /* a NUL in a name */
        {"\x12\x02\xff\xfe", 4}, /* no UTF-8 */
        {"\x12\x40"
         "Blue",
         6},                         /* cut short */
        {"\x10\x01", 2},             /* a number for a name */
        {"\x1a\x02\x08", 3},         /* a tie that is cut short */
        {"\x13", 1},                 /* a group */
        {"\xff\xff\xff\xff\xff", 5}, /* a number without an end */
    };
    static const char *const methods[] = {INSTALL, REMOVE};
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        for (size_t k = 0; k < JIG_COUNT(methods); k++)
            assert_int_equal(code_of_bytes(w, methods[k], bad[i].bytes, bad[i].n),
                             JIG_INVALID_ARGUMENT);
    }
    assert_int_equal(code_of_bytes(w, LIST, "\x0a\x01x", 3), JIG_INVALID_ARGUMENT);
    assert_int_equal(code_of_bytes(w, UPDATE, "\x0a\x7f", 2), JIG_INVALID_ARGUMENT);
    assert_int_equal(code_of_bytes(w, SYNC, "\x0a\x03\x0a\x01\0", 5), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_operations_active(rig_operations(w->rig)), 0);
    assert_int_equal(installed(w), 0);
}

static void what_cannot_be_had(void **state)
{
    struct world *w = *state;
    expect_failure(one(w, INSTALL, LIBRARY, "Greem"), JIG_NOT_FOUND, JIG_REASON_NONE, "'Greem'");
    expect_failure(one(w, INSTALL, LIBRARY, "Blue@^3"), JIG_NOT_FOUND, JIG_REASON_NONE, "(^3)");
    expect_failure(one(w, INSTALL, PLATFORM, "me:avr"), JIG_NOT_FOUND, JIG_REASON_NONE, "me:avr");
    expect_failure(one(w, INSTALL, LIBRARY, "Wrong"), JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                   "0000000000000000");
    expect_failure(one(w, INSTALL, LIBRARY, "Bare"), JIG_FAILED_PRECONDITION, JIG_REASON_NONE,
                   "SHA-256");
    expect_failure(one(w, INSTALL, LIBRARY, "https://127.0.0.1:9/x.zip"), JIG_FAILED_PRECONDITION,
                   JIG_REASON_BAD_PROJECT, "which content");
    char *disagree[] = {(char *)"Green", (char *)"Blue@2.0"};
    Jig__V1__StartInstallPackagesRequest r = names(LIBRARY, disagree, 2);
    struct done d = start(w, INSTALL, &r.base);
    assert_int_equal(d.op->state, JIG__V1__OPERATION_STATE__OPERATION_STATE_FAILED);
    assert_non_null(strstr(d.op->error->message, "agree"));
    rig_message_free(d.reply);
    assert_int_equal(installed(w), 0);
}

/* ---- events and cancelling ---- */

/* Watches until `wanted` is begun; false when the operation ended before. */
static bool await_step(struct world *w, const char *id, const char *wanted)
{
    uint64_t cursor = 0;
    for (;;) {
        Jig__V1__WatchOperationResponse *r = rig_watch(w->client, id, cursor, PATIENCE, 0);
        bool found = false;
        for (size_t i = 0; i < r->n_events; i++) {
            const Jig__V1__OperationEvent *e = r->events[i];
            found |= e->kind_case == JIG__V1__OPERATION_EVENT__KIND_STEP &&
                     strcmp(e->step->step, wanted) == 0;
        }
        bool ended = r->operation->ended_unix_ms > 0;
        cursor = r->cursor;
        rig_message_free(r);
        if (found || ended)
            return found;
    }
}

/* Asks for its end, and waits for it. */
static void cancel(struct world *w, const char *id)
{
    Jig__V1__CancelOperationRequest r = JIG__V1__CANCEL_OPERATION_REQUEST__INIT;
    r.id = (char *)id;
    assert_int_equal(rig_code(rig_land(rig_send(
                         w->client, "/jig.v1.OperationService/CancelOperation", &r.base, NULL, 0))),
                     JIG_OK);
    for (uint64_t cursor = 0;;) {
        Jig__V1__WatchOperationResponse *watch = rig_watch(w->client, id, cursor, PATIENCE, 0);
        bool ended = watch->operation->ended_unix_ms > 0;
        if (ended) {
            assert_int_equal(watch->operation->state, CANCELLED);
            assert_int_equal(watch->operation->error->code, JIG_CANCELLED);
        }
        cursor = watch->cursor;
        rig_message_free(watch);
        if (ended)
            return;
    }
}

static void an_install_tells_its_steps(void **state)
{
    struct world *w = *state;
    struct done d = one(w, INSTALL, LIBRARY, "Blue@1.0");
    expect_ok(&d);
    static const char *const expected[] = {"download Blue 1.0", "unpack Blue 1.0",
                                           "install Blue 1.0"};
    Jig__V1__WatchOperationResponse *r = rig_watch(w->client, d.op->id, 0, 0, 0);
    size_t next = 0;
    for (size_t i = 0; i < r->n_events; i++) {
        const Jig__V1__OperationEvent *e = r->events[i];
        assert_int_equal(e->number, i + 1);
        if (e->kind_case != JIG__V1__OPERATION_EVENT__KIND_STEP)
            continue;
        const char *wanted = next < JIG_COUNT(expected) ? expected[next] : "nothing more";
        assert_string_equal(e->step->step, wanted);
        assert_int_equal(e->step->total, 1);
        assert_int_equal(e->step->done, next == 2);
        assert_int_equal(e->step->state, next == 2 ? JIG__V1__STEP_EVENT__STATE__STATE_FINISHED
                                                   : JIG__V1__STEP_EVENT__STATE__STATE_STARTED);
        next++;
    }
    assert_int_equal(next, JIG_COUNT(expected));
    rig_message_free(r);
    rig_message_free(d.reply);
}

static void an_install_is_cancelled(void **state)
{
    struct world *w = *state;
    set_never(w, "/Blue-2.0.tar", true);
    char *list[] = {(char *)"Blue@2.0"};
    Jig__V1__StartInstallPackagesRequest r = names(LIBRARY, list, 1);
    r.wait_ms = 0;
    struct done d = start(w, INSTALL, &r.base);
    assert_true(await_step(w, d.op->id, "download Blue 2.0"));
    cancel(w, d.op->id);
    rig_message_free(d.reply);
    assert_int_equal(installed(w), 0);
    set_never(w, "/Blue-2.0.tar", false);
    install_ok(w, LIBRARY, "Blue@2.0"); /* it holds nothing */
}

static void an_update_is_cancelled(void **state)
{
    struct world *w = *state;
    set_never(w, "/package_index.json", true);
    struct done d = update(w, 0);
    cancel(w, d.op->id);
    rig_message_free(d.reply);
    set_never(w, "/package_index.json", false);
    d = update(w, PATIENCE);
    expect_ok(&d);
    rig_message_free(d.reply);
}

/* ---- sync ---- */

static char *project(struct world *w, const char *ini)
{
    char *root = jig_path_join(w->folder, "project");
    JIG_CLEANUP_FREE char *src = jig_path_join(root, "src");
    JIG_CLEANUP_FREE char *path = jig_path_join(root, "platformio.ini");
    assert_int_equal(jig_fs_mkdirs(src, 0755, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, ini, strlen(ini), 0644, NULL), JIG_OK);
    return root;
}

#define INI "[env:a]\nplatform = me:toy@^1\nboard = uno\nframework = arduino\nlib_deps = Green\n"

static struct done sync_project(struct world *w, const char *root, int64_t wait_ms)
{
    Jig__V1__StartSyncPackagesRequest r = JIG__V1__START_SYNC_PACKAGES_REQUEST__INIT;
    Jig__V1__ProjectSelector selector = JIG__V1__PROJECT_SELECTOR__INIT;
    selector.directory = (char *)root;
    r.project = &selector;
    r.wait_ms = wait_ms;
    return start(w, SYNC, &r.base);
}

static void a_sync_writes_the_lock_file(void **state)
{
    struct world *w = *state;
    JIG_CLEANUP_FREE char *root = project(w, INI);
    JIG_CLEANUP_FREE char *path = jig_path_join(root, JIG_LOCK_FILE);
    struct done d = sync_project(w, root, PATIENCE);
    expect_ok(&d);
    assert_string_equal(d.result->lock_file, path);
    assert_int_equal(d.result->n_packages, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(d.result->packages[i]->environment, "a");
    assert_non_null(strstr(d.op->subject, root));
    rig_message_free(d.reply);
    struct jig_lockfile lock = {0};
    assert_int_equal(jig_lockfile_read(path, &lock, NULL), JIG_OK);
    const struct jig_plan *plan = jig_lockfile_find(&lock, "a");
    assert_non_null(plan);
    assert_non_null(jig_plan_find(plan, JIG_PACKAGE_PLATFORM, "me", "toy"));
    assert_non_null(jig_plan_find(plan, JIG_PACKAGE_TOOL, "me", "cc"));
    assert_string_equal(jig_plan_find(plan, JIG_PACKAGE_LIBRARY, "", "Blue")->version, "1.0");
    jig_lockfile_release(&lock);
}

static void syncs_that_cannot_be(void **state)
{
    struct world *w = *state;
    Jig__V1__StartSyncPackagesRequest r = JIG__V1__START_SYNC_PACKAGES_REQUEST__INIT;
    Jig__V1__ProjectSelector selector = JIG__V1__PROJECT_SELECTOR__INIT;
    r.wait_ms = PATIENCE;
    expect_refusal(w, SYNC, &r.base, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "absolute path");
    r.project = &selector;
    selector.directory = (char *)"relative";
    expect_refusal(w, SYNC, &r.base, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "'relative'");
    JIG_CLEANUP_FREE char *nowhere = jig_path_join(w->folder, "nowhere");
    selector.directory = nowhere;
    expect_refusal(w, SYNC, &r.base, JIG_NOT_FOUND, JIG_REASON_NONE, nowhere);

    JIG_CLEANUP_FREE char *root = project(w, INI "\n[env:b]\nplatform = ${sysenv.TOY}\n");
    JIG_CLEANUP_FREE char *path = jig_path_join(root, JIG_LOCK_FILE);
    selector.directory = root;
    Jig__V1__Response *reply = rig_land(rig_send(w->client, SYNC, &r.base, NULL, 0));
    assert_int_equal(reply->status->reason, JIG_REASON_NEEDS_ENV);
    assert_int_equal(reply->status->n_details, 1);
    assert_string_equal(reply->status->details[0], "TOY");
    rig_reply_free(reply);

    free(project(w, INI "    Nowhere\n"));
    struct done d = sync_project(w, root, PATIENCE);
    expect_failure(d, JIG_NOT_FOUND, JIG_REASON_NONE, "Nowhere");
    free(project(w, "[env:a]\nplatform = me:toy\nboard = bare\nframework = arduino\n"));
    expect_failure(sync_project(w, root, PATIENCE), JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                   "/cores/gone"); /* not that it is installed, and does not help */
    free(project(w, INI));
    assert_int_equal(jig_fs_write_atomic(path, "{", 1, 0644, NULL), JIG_OK);
    expect_failure(sync_project(w, root, PATIENCE), JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                   "jig.lock:1");
}

static void a_sync_is_cancelled(void **state)
{
    struct world *w = *state;
    JIG_CLEANUP_FREE char *root = project(w, INI);
    JIG_CLEANUP_FREE char *path = jig_path_join(root, JIG_LOCK_FILE);
    set_never(w, "/cc-1.0.tar", true);
    struct done d = sync_project(w, root, 0);
    assert_true(await_step(w, d.op->id, "download me:cc 1.0"));
    cancel(w, d.op->id);
    rig_message_free(d.reply);
    assert_false(jig_fs_exists(path));
    set_never(w, "/cc-1.0.tar", false);
    d = sync_project(w, root, PATIENCE);
    expect_ok(&d);
    rig_message_free(d.reply);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_WORLD(a_library_comes_and_goes),
        WITH_WORLD(a_core_brings_its_tools),
        WITH_WORLD(a_repeat_is_done_once),
        WITH_WORLD(indexes_are_updated),
        WITH_WORLD(an_index_that_is_none_is_kept_out),
        WITH_WORLD(what_is_asked_for_makes_no_sense),
        WITH_WORLD(requests_that_are_too_large),
        WITH_WORLD(payloads_that_are_none),
        WITH_WORLD(what_cannot_be_had),
        WITH_WORLD(an_install_tells_its_steps),
        WITH_WORLD(an_install_is_cancelled),
        WITH_WORLD(an_update_is_cancelled),
        WITH_WORLD(a_sync_writes_the_lock_file),
        WITH_WORLD(syncs_that_cannot_be),
        WITH_WORLD(a_sync_is_cancelled),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
