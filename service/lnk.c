#include "service/lnk.h"

#include <pthread.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/outages.h"
#include "core/fetch/pull.h"
#include "core/lnk/pull.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "service/lnk_memory.h"
#include "service/wire/operation.h"

#define RESULT_MAX_BYTES (64u << 20)

struct jig_lnks {
    struct jig_cache *cache;
    struct jig_fetcher *fetcher;
    struct jig_archive_limits limits;
    struct jig_ledger *ledger;
    struct jig_lnk_memory *memory;
};

struct jig_lnks *jig_lnks_new(const struct jig_lnks_config *config)
{
    struct jig_lnks *l = jig_new(struct jig_lnks);
    JIG_CLEANUP_FREE char *ledger = jig_path_join(config->cache_dir, "lnk-ledger");
    l->cache = config->cache;
    l->fetcher = config->fetcher;
    l->limits = config->limits;
    l->ledger = jig_ledger_open(ledger);
    l->memory = jig_lnk_memory_new(config->pool);
    return l;
}

void jig_lnks_free(struct jig_lnks *l)
{
    if (l == NULL)
        return;
    jig_lnk_memory_free(l->memory);
    jig_ledger_close(l->ledger);
    free(l);
}

/* ---- what comes over the network ---- */

/* One operation's downloads. */
struct traffic {
    struct jig_lnks *lnks;
    struct jig_operation *op;
    struct jig_outages *outages; /* of all of them; NULL */
    pthread_mutex_t mu;
    uint64_t done;   /* guarded by mu; bytes of all downloads */
    uint64_t total;  /* guarded by mu; as far as known */
    int64_t told_ns; /* guarded by mu */
};

/* One of them. */
struct download {
    struct traffic *traffic;
    uint64_t done;
    uint64_t total;
};

static void on_progress(void *ctx, const struct jig_fetch_progress *p)
{
    struct download *d = ctx;
    struct traffic *t = d->traffic;
    pthread_mutex_lock(&t->mu);
    uint64_t total = p->total > 0 ? (uint64_t)p->total : d->total;
    t->done +=
        p->received - d->done; /* wraps round when a download starts anew: the sum is right */
    t->total += total - d->total;
    d->done = p->received;
    d->total = total;
    int64_t now = jig_now_ns();
    bool tell = now - t->told_ns >= JIG_FETCH_TICK_MS * JIG_NS_PER_MS;
    struct jig_progress_event event = {
        .phase = "fetch", .done_bytes = (int64_t)t->done, .total_bytes = (int64_t)t->total};
    if (t->total > 0)
        event.percent = (uint32_t)(t->done >= t->total ? 100 : t->done * 100 / t->total);
    if (tell)
        t->told_ns = now;
    pthread_mutex_unlock(&t->mu);
    if (tell)
        jig_operation_progress(t->op, &event);
}

/* The pointer's URLs, in their order. The caller frees the list, not the strings. */
static struct jig_want want_of(const struct traffic *t, const struct jig_pointer *p,
                               const char ***ret_urls)
{
    const char **urls = jig_xcalloc(p->mirrors.n + 1, sizeof *urls);
    urls[0] = p->url;
    for (size_t i = 0; i < p->mirrors.n; i++)
        urls[i + 1] = p->mirrors.v[i];
    *ret_urls = urls;
    return (struct jig_want){.sha256 = p->sha256,
                             .size = p->size,
                             .urls = urls,
                             .n_urls = p->mirrors.n + 1,
                             .kind = JIG_CACHE_LNK,
                             .outages = t->outages};
}

static enum jig_code pull_one(void *ctx, const struct jig_lnk_item *item, struct jig_hold *hold,
                              const struct jig_until *until, struct jig_blob *ret,
                              struct jig_lnk_origin *ret_origin, struct jig_err *reterr)
{
    struct traffic *t = ctx;
    struct download d = {.traffic = t};
    struct jig_pulled pulled;
    const char **urls;
    struct jig_want want = want_of(t, &item->pointer, &urls);
    enum jig_code code = jig_pull(t->lnks->fetcher, t->lnks->cache, hold, &want, on_progress, &d,
                                  until, &pulled, reterr);
    free(urls);
    if (code != JIG_OK)
        return code;
    *ret = pulled.blob;
    *ret_origin = (struct jig_lnk_origin){
        .url = pulled.url,
        .remote = pulled.remote,
        .bytes = pulled.fetched ? pulled.blob.size_bytes : 0,
    };
    return JIG_OK;
}

static enum jig_code prove_one(void *ctx, const struct jig_pointer *p,
                               const struct jig_until *until, struct jig_err *reterr)
{
    struct traffic *t = ctx;
    struct download d = {.traffic = t};
    const char **urls;
    struct jig_want want = want_of(t, p, &urls);
    want.n_urls = 1;
    enum jig_code code = jig_pull_prove(t->lnks->fetcher, &want, on_progress, &d, until, reterr);
    free(urls);
    return code;
}

/* ---- what is told ---- */

static void on_pointer(void *ctx, const struct jig_lnk_verdict *v, size_t done, size_t total)
{
    struct jig_step_event event = {.step = v->path,
                                   .because = v->err != NULL ? v->err->message
                                              : v->outcome == JIG_LNK_FETCHED
                                                  ? "it was not in the cache"
                                                  : "it was not in its place",
                                   .state = v->err != NULL ? JIG_STEP_FAILED : JIG_STEP_FINISHED,
                                   .done = (uint32_t)done,
                                   .total = (uint32_t)total};
    jig_operation_step(ctx, &event);
}

static void on_notice(void *ctx, const char *id, const char *text)
{
    jig_operation_notice(ctx, id, JIG_EVENT_WARNING, "%s", text);
}

static void on_wait(void *ctx, const char *holder)
{
    jig_operation_notice(ctx, "lnk.waiting", JIG_EVENT_NOTE, "waiting: %s", holder);
}

static char *text(struct jig_arena *arena, const char *s)
{
    char *copy = jig_arena_strdup(arena, s != NULL ? s : "");
    return copy != NULL ? copy : (char *)"";
}

static bool put_pointer(const struct jig_lnk_verdict *v, enum jig_lnk_outcome outcome,
                        struct jig_arena *arena, Jig__V1__Pointer **ret)
{
    char hex[JIG_SHA256_HEX] = "";
    Jig__V1__Pointer *m = jig_arena_alloc(arena, sizeof *m);
    if (m == NULL)
        return false;
    if (v->is_known)
        jig_digest_hex(&v->sha256, hex);
    jig__v1__pointer__init(m);
    m->path = text(arena, v->path);
    m->state = (Jig__V1__PointerState)outcome;
    m->sha256 = text(arena, hex);
    m->size_bytes = v->is_known ? v->size : -1;
    m->materialized = text(arena, v->materialized);
    m->error = text(arena, v->err != NULL ? v->err->message : "");
    m->unproven = v->unproven;
    *ret = m;
    return true;
}

/* `well` is what is said of a pointer whose content was in its place. */
static void set_result(struct jig_operation *op, const struct jig_lnk_report *r,
                       enum jig_lnk_outcome well, bool news_only, int64_t since_ns)
{
    Jig__V1__LnkResult m = JIG__V1__LNK_RESULT__INIT;
    struct jig_arena arena;
    jig_arena_init(&arena, RESULT_MAX_BYTES);
    m.pointers = jig_arena_alloc(&arena, (r->n + 1) * sizeof *m.pointers);
    for (size_t i = 0; m.pointers != NULL && i < r->n; i++) {
        const struct jig_lnk_verdict *v = &r->items[i];
        bool was_well = v->outcome == JIG_LNK_CACHED || v->outcome == JIG_LNK_OK;
        if (was_well && news_only && !v->unproven) {
            m.left_out++;
            continue;
        }
        if (!put_pointer(v, was_well ? well : v->outcome, &arena, &m.pointers[m.n_pointers]))
            break;
        m.n_pointers++;
        m.received_bytes += (int64_t)v->received;
    }
    m.removed = (uint32_t)r->removed;
    m.server_us = (jig_now_ns() - since_ns) / 1000;
    jig_wire_set_lnk(op, &m);
    jig_arena_release(&arena);
}

/* What a caller is to understand of a code: UNAVAILABLE is a daemon that cannot be reached. */
static enum jig_code outward(enum jig_code code, struct jig_err *reterr)
{
    if (code != JIG_UNAVAILABLE)
        return code;
    if (reterr != NULL)
        reterr->code = JIG_FAILED_PRECONDITION;
    return JIG_FAILED_PRECONDITION;
}

/* ---- */

static enum jig_code hold_for(struct jig_lnks *l, struct jig_operation *op, struct jig_hold **ret,
                              struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *who = jig_strf("operation %s", jig_operation_id(op));
    return jig_hold_new(l->cache, who, ret, reterr);
}

/* What a watch vouches for. */
static bool tell_known(struct jig_lnks *l, struct jig_operation *op,
                       const struct jig_lnks_request *q, enum jig_lnk_outcome well,
                       int64_t since_ns)
{
    struct jig_lnk_known *known = jig_lnk_memory_ask(l->memory, q->root, q->base);
    if (known != NULL && q->tell_result)
        set_result(op, &known->report, well, q->news_only, since_ns);
    jig_lnk_known_unref(known);
    return known != NULL;
}

/* The result is told, and kept when a look was all there was to do. Takes both. */
static void finish(struct jig_lnks *l, struct jig_operation *op, const struct jig_lnks_request *q,
                   enum jig_lnk_outcome well, int64_t since_ns, struct jig_sightings *seen,
                   struct jig_lnk_report *report, enum jig_code code)
{
    if (q->tell_result)
        set_result(op, report, well, q->news_only, since_ns);
    struct jig_until until = jig_operation_until(op);
    if (code == JIG_OK && report->as_was && jig_until_check(&until, NULL) == JIG_OK) {
        jig_lnk_memory_offer_take(l->memory, q->root, q->base, seen, report);
        return;
    }
    jig_sightings_free(seen);
    jig_lnk_report_release(report);
}

enum jig_code jig_lnks_pull(struct jig_lnks *l, struct jig_operation *op,
                            const struct jig_lnks_request *q, struct jig_err *reterr)
{
    int64_t since_ns = jig_now_ns();
    struct traffic t = {.lnks = l, .op = op};
    struct jig_lnk_source source = {.pull = pull_one, .prove = prove_one, .ctx = &t};
    struct jig_lnk_events events = {
        .ctx = op, .pointer = on_pointer, .notice = on_notice, .waits = on_wait};
    struct jig_lnk_report report = {0};
    struct jig_hold *hold = NULL;
    JIG_CLEANUP_FREE char *holder = jig_strf("operation %s", jig_operation_id(op));
    if (tell_known(l, op, q, JIG_LNK_CACHED, since_ns))
        return JIG_OK;
    enum jig_code code = hold_for(l, op, &hold, reterr);
    if (code != JIG_OK)
        return code;
    pthread_mutex_init(&t.mu, NULL);
    t.outages = jig_outages_new();
    struct jig_lnk_pull_spec spec = {.root = q->root,
                                     .base = q->base,
                                     .holder = holder,
                                     .cache = l->cache,
                                     .hold = hold,
                                     .ledger = l->ledger,
                                     .source = &source,
                                     .limits = l->limits,
                                     .prove = q->prove,
                                     .jobs = q->jobs,
                                     .until = jig_operation_until(op),
                                     .events = &events};
    struct jig_sightings *seen = jig_sightings_new();
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    code = outward(jig_lnk_pull(&spec, &report, reterr), reterr);
    jig_observe(before);
    finish(l, op, q, JIG_LNK_CACHED, since_ns, seen, &report, code);
    jig_outages_free(t.outages);
    pthread_mutex_destroy(&t.mu);
    jig_hold_free(hold);
    return code;
}

enum jig_code jig_lnks_check(struct jig_lnks *l, struct jig_operation *op,
                             const struct jig_lnks_request *q, struct jig_err *reterr)
{
    int64_t since_ns = jig_now_ns();
    struct jig_lnk_report report = {0};
    struct jig_hold *hold = NULL;
    if (!q->deep && tell_known(l, op, q, JIG_LNK_OK, since_ns))
        return JIG_OK;
    enum jig_code code = hold_for(l, op, &hold, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_lnk_pull_spec spec = {.root = q->root,
                                     .base = q->base,
                                     .cache = l->cache,
                                     .hold = hold,
                                     .ledger = l->ledger,
                                     .until = jig_operation_until(op)};
    struct jig_sightings *seen = jig_sightings_new();
    const struct jig_observer *before = jig_observe(jig_sightings_observer(seen));
    code = jig_lnk_check(&spec, q->deep, &report, reterr);
    jig_observe(before);
    finish(l, op, q, JIG_LNK_OK, since_ns, seen, &report, code);
    jig_hold_free(hold);
    return code;
}

/* ---- new pointers ---- */

/* What is there already: nothing, or a pointer to the same URL, whose unknown keys and mirrors
 * stay. */
static enum jig_code look_at_old(const char *path, const char *url, struct jig_pointer *old,
                                 struct jig_err *reterr)
{
    struct jig_err err = JIG_ERR_INIT;
    *old = (struct jig_pointer){.size = -1};
    if (!jig_fs_is_there(path))
        return JIG_OK;
    if (jig_pointer_read(path, path, old, &err) == JIG_OK && strcmp(old->url, url) == 0)
        return JIG_OK;
    jig_err_set(reterr, JIG_ALREADY_EXISTS, "%s is there already, and %s%s", path,
                err.code != JIG_OK ? "is no pointer" : "points to ",
                err.code != JIG_OK ? "" : old->url);
    jig_err_hint(reterr, "name another file with -o, or remove this one");
    return JIG_ALREADY_EXISTS;
}

static enum jig_code write_pointer(const struct jig_pointer *p, const char *path,
                                   struct jig_err *reterr)
{
    struct jig_buf out;
    jig_buf_init(&out, JIG_POINTER_MAX);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    jig_pointer_write(p, &out);
    enum jig_code code = jig_buf_check(&out, path, reterr);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(dir, 0777, reterr);
    if (code == JIG_OK)
        code = jig_fs_write_atomic(path, out.data, out.len, 0644, reterr);
    jig_buf_release(&out);
    return code;
}

static enum jig_code download(struct jig_lnks *l, struct jig_operation *op, struct jig_hold *hold,
                              const char *url, struct jig_digest *ret_sha256, int64_t *ret_size,
                              struct jig_err *reterr)
{
    struct traffic t = {.lnks = l, .op = op};
    struct download d = {.traffic = &t};
    struct jig_until until = jig_operation_until(op);
    struct jig_want want = {.size = -1, .urls = &url, .n_urls = 1, .kind = JIG_CACHE_LNK};
    struct jig_pulled pulled;
    pthread_mutex_init(&t.mu, NULL);
    enum jig_code code = jig_pull_any(l->fetcher, l->cache, hold, &want, on_progress, &d, &until,
                                      ret_sha256, &pulled, reterr);
    pthread_mutex_destroy(&t.mu);
    if (code != JIG_OK)
        return code;
    *ret_size = (int64_t)pulled.blob.size_bytes;
    free(pulled.blob.path);
    return JIG_OK;
}

static void tell_added(struct jig_operation *op, const struct jig_pointer *p, const char *path,
                       int64_t since_ns)
{
    struct jig_lnk_verdict v = {.path = (char *)(uintptr_t)path,
                                .outcome = JIG_LNK_FETCHED,
                                .is_known = true,
                                .sha256 = p->sha256,
                                .size = p->size,
                                .received = (uint64_t)p->size};
    struct jig_lnk_report r = {.items = &v, .n = 1};
    set_result(op, &r, JIG_LNK_CACHED, false, since_ns);
}

enum jig_code jig_lnks_add(struct jig_lnks *l, struct jig_operation *op, const char *url,
                           const char *path, const enum jig_pointer_extract *extract,
                           struct jig_err *reterr)
{
    int64_t since_ns = jig_now_ns();
    struct jig_hold *hold = NULL;
    struct jig_pointer p;
    struct jig_pointer meanwhile = {.size = -1};
    enum jig_code code = look_at_old(path, url, &p, reterr);
    if (code == JIG_OK)
        code = hold_for(l, op, &hold, reterr);
    if (code == JIG_OK)
        code = download(l, op, hold, url, &p.sha256, &p.size, reterr);
    if (code == JIG_OK) {
        free(p.url);
        p.url = jig_xstrdup(url);
        p.extract = extract != NULL ? *extract : p.extract;
        jig_ledger_add(l->ledger, url, &p.sha256);
        code = jig_ledger_save(l->ledger, reterr);
    }
    if (code == JIG_OK) /* the download may have taken long */
        code = look_at_old(path, url, &meanwhile, reterr);
    if (code == JIG_OK)
        code = write_pointer(&p, path, reterr);
    if (code == JIG_OK)
        tell_added(op, &p, path, since_ns);
    jig_pointer_release(&p);
    jig_pointer_release(&meanwhile);
    jig_hold_free(hold);
    return outward(code, reterr);
}
