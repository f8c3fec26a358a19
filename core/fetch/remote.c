#include "core/fetch/remote.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/fetcher_impl.h"
#include "core/fetch/hop.h"
#include "core/fetch/url.h"
#include "core/os/file.h"
#include "core/os/time.h"

#define CONNECT_MS  1000
#define STALL_MS    3000
#define STALL_BYTES 4096
#define DOWN_MS     30000

struct waiting {
    struct jig_cache *cache;
    struct jig_digest sha256;
};

struct jig_remote {
    struct jig_fetcher *fetcher; /* of its own, with its own limits */
    char *url;                   /* without a final '/' */
    bool read_only;
    uint32_t down_ms;
    struct jig_cancel ending;
    struct jig_bell bell; /* rung when the queue changes, and at the end */
    pthread_t thread;
    pthread_mutex_t mu;
    bool has_thread;                /* guarded by mu */
    struct waiting *queue;          /* guarded by mu; a ring of JIG_REMOTE_QUEUE_MAX */
    size_t first, queued;           /* guarded by mu; what is being sent counts */
    int64_t down_until_ns;          /* guarded by mu */
    bool takes_nothing;             /* guarded by mu; it has refused a PUT */
    struct jig_remote_stats counts; /* guarded by mu */
};

enum jig_code jig_remote_new(const struct jig_remote_options *options, struct jig_remote **ret,
                             struct jig_err *reterr)
{
    struct jig_cancel ending;
    enum jig_code code = jig_url_check(options->url, false, reterr);
    if (code == JIG_OK)
        code = jig_cancel_init(&ending, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_remote *r = jig_new(struct jig_remote);
    struct jig_fetcher_options limits = options->fetcher;
    limits.connect_ms = CONNECT_MS;
    limits.stall_ms = STALL_MS;
    limits.stall_bytes = STALL_BYTES;
    limits.rounds = 1;
    limits.trust_plain = true;
    limits.allow_file = false;
    r->fetcher = jig_fetcher_new(&limits);
    r->url = jig_xstrdup(options->url);
    for (size_t n = strlen(r->url); n > 0 && r->url[n - 1] == '/'; n--)
        r->url[n - 1] = '\0';
    r->read_only = options->read_only;
    r->down_ms = options->down_ms == 0 ? DOWN_MS : options->down_ms;
    r->ending = ending;
    r->queue = jig_xcalloc(JIG_REMOTE_QUEUE_MAX, sizeof *r->queue);
    jig_bell_init(&r->bell);
    pthread_mutex_init(&r->mu, NULL);
    *ret = r;
    return JIG_OK;
}

void jig_remote_free(struct jig_remote *r)
{
    if (r == NULL)
        return;
    jig_cancel_fire(&r->ending);
    jig_bell_ring(&r->bell);
    if (r->has_thread)
        pthread_join(r->thread, NULL);
    jig_fetcher_free(r->fetcher);
    jig_bell_release(&r->bell);
    jig_cancel_release(&r->ending);
    pthread_mutex_destroy(&r->mu);
    free(r->queue);
    free(r->url);
    free(r);
}

static char *place(const struct jig_remote *r, const char *kind, const struct jig_digest *d)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(d, hex);
    return jig_strf("%s/%s/%s", r->url, kind, hex);
}

/* ------------------------------------------------------------------------------ up and down */

static bool may_send(struct jig_remote *r)
{
    pthread_mutex_lock(&r->mu);
    bool may = !r->read_only && !r->takes_nothing;
    pthread_mutex_unlock(&r->mu);
    return may;
}

static enum jig_code check_up(struct jig_remote *r, struct jig_err *reterr)
{
    pthread_mutex_lock(&r->mu);
    bool down = jig_now_ns() < r->down_until_ns;
    pthread_mutex_unlock(&r->mu);
    return down ? jig_err_set(reterr, JIG_UNAVAILABLE,
                              "the remote cache %s did not answer a moment ago", r->url)
                : JIG_OK;
}

/* Failures of our own side, and a thing that is not there, say nothing about it. */
static bool is_its_fault(enum jig_code code)
{
    static const enum jig_code ours[] = {JIG_OK,
                                         JIG_NOT_FOUND,
                                         JIG_CANCELLED,
                                         JIG_DEADLINE_EXCEEDED,
                                         JIG_RESOURCE_EXHAUSTED,
                                         JIG_UNAUTHENTICATED,
                                         JIG_PERMISSION_DENIED};
    for (size_t i = 0; i < JIG_COUNT(ours); i++) {
        if (ours[i] == code)
            return false;
    }
    return true;
}

static void note(struct jig_remote *r, enum jig_code code, uint64_t *count)
{
    pthread_mutex_lock(&r->mu);
    if (code == JIG_OK)
        (*count)++;
    else if (code == JIG_NOT_FOUND)
        r->counts.misses++;
    if (is_its_fault(code)) {
        r->counts.failures++;
        r->down_until_ns = jig_deadline_in_ms(r->down_ms);
    }
    pthread_mutex_unlock(&r->mu);
}

bool jig_remote_takes(struct jig_remote *r)
{
    return may_send(r) && check_up(r, NULL) == JIG_OK;
}

void jig_remote_blame(struct jig_remote *r)
{
    note(r, JIG_UNAVAILABLE, NULL);
}

const char *jig_remote_url(const struct jig_remote *r)
{
    return r->url;
}

struct jig_remote_stats jig_remote_stats(struct jig_remote *r)
{
    pthread_mutex_lock(&r->mu);
    struct jig_remote_stats s = r->counts;
    s.is_down = jig_now_ns() < r->down_until_ns;
    s.read_only = r->read_only;
    pthread_mutex_unlock(&r->mu);
    return s;
}

/* ------------------------------------------------------------------------------------- getting */

enum jig_code jig_remote_fetch(struct jig_remote *r, const struct jig_digest *sha256,
                               const struct jig_fetch_spec *spec, const struct jig_until *until,
                               struct jig_err *reterr)
{
    enum jig_code code = check_up(r, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *url = place(r, "cas", sha256);
    const char *const urls[] = {url};
    struct jig_fetch_spec from_here = *spec;
    from_here.urls = urls;
    from_here.n_urls = 1;
    code = jig_fetch(r->fetcher, &from_here, until, NULL, reterr);
    note(r, code, &r->counts.hits);
    return code;
}

static enum jig_code begin_buf(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    struct jig_buf *out = ctx;
    (void)reterr;
    out->len = offset;
    return JIG_OK;
}

static enum jig_code write_buf(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    struct jig_buf *out = ctx;
    jig_buf_append(out, data, n);
    return jig_buf_check(out, "what the remote cache has", reterr);
}

enum jig_code jig_remote_get_action(struct jig_remote *r, const struct jig_digest *key,
                                    struct jig_buf *out, const struct jig_until *until,
                                    struct jig_err *reterr)
{
    enum jig_code code = check_up(r, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *url = place(r, "ac", key);
    const char *const urls[] = {url};
    struct jig_fetch_spec spec = {
        .urls = urls,
        .n_urls = 1,
        .size = -1,
        .most = out->max,
        .sink = {.begin = begin_buf, .write = write_buf, .ctx = out},
    };
    code = jig_fetch(r->fetcher, &spec, until, NULL, reterr);
    note(r, code, &r->counts.hits);
    return code;
}

/* -------------------------------------------------------------------------------------- putting */

/* What is sent: of a file, or of memory. */
struct upload {
    int fd; /* -1: of memory */
    const char *data;
    size_t left;
};

static size_t give(void *ctx, void *out, size_t n)
{
    struct upload *u = ctx;
    if (u->fd >= 0) {
        size_t got;
        return jig_file_read(u->fd, out, n, &got, NULL) == JIG_OK ? got : SIZE_MAX;
    }
    size_t some = n < u->left ? n : u->left;
    memcpy(out, u->data, some);
    u->data += some;
    u->left -= some;
    return some;
}

static enum jig_code request(struct jig_remote *r, enum jig_hop_method method, const char *url,
                             struct upload *u, uint64_t size, const struct jig_until *until,
                             int *ret_status, struct jig_err *reterr)
{
    struct jig_credentials credentials = {0};
    struct jig_hop_answer answer;
    const struct jig_fetcher_options *o = &r->fetcher->options;
    enum jig_code code = jig_credentials_load(o->netrc, o->tokens, &credentials, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_hop hop = {
        .method = method,
        .url = url,
        .trust_plain = true,
        .credentials = &credentials,
        .upload_size = (int64_t)size,
        .read = give,
        .ctx = u,
    };
    code = jig_hop_run(r->fetcher, &hop, until, &answer, reterr);
    if (code == JIG_OK)
        *ret_status = answer.status;
    jig_hop_answer_release(&answer);
    jig_credentials_release(&credentials);
    return code;
}

static enum jig_code put(struct jig_remote *r, const char *url, struct upload *u, uint64_t size,
                         const struct jig_until *until, struct jig_err *reterr)
{
    int status = 0;
    enum jig_code code = request(r, JIG_HOP_PUT, url, u, size, until, &status, reterr);
    if (code != JIG_OK || status / 100 == 2)
        return code;
    if (status == 413)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "%s is too large for the remote cache",
                           url);
    bool for_good = status / 100 == 4 && status != 408 && status != 429;
    if (for_good) {
        pthread_mutex_lock(&r->mu);
        r->takes_nothing = true;
        pthread_mutex_unlock(&r->mu);
    }
    return jig_err_set(reterr, for_good ? JIG_PERMISSION_DENIED : JIG_UNAVAILABLE,
                       "the remote cache does not take %s: it answers with status %d", url, status);
}

static enum jig_code is_there(struct jig_remote *r, const char *url, const struct jig_until *until,
                              bool *ret, struct jig_err *reterr)
{
    struct upload none = {.fd = -1};
    int status = 0;
    enum jig_code code = request(r, JIG_HOP_HEAD, url, &none, 0, until, &status, reterr);
    if (code == JIG_OK)
        *ret = status / 100 == 2;
    return code;
}

static enum jig_code send_file(struct jig_remote *r, const char *url, const struct jig_blob *blob,
                               const struct jig_until *until, struct jig_err *reterr)
{
    struct upload u = {.fd = -1};
    uint64_t size;
    enum jig_code code = jig_file_open_to_read(blob->path, &u.fd, &size, reterr);
    if (code != JIG_OK)
        return code;
    code = put(r, url, &u, size, until, reterr);
    close(u.fd);
    return code;
}

static enum jig_code send_unless_there(struct jig_remote *r, const char *url,
                                       const struct jig_blob *blob, const struct jig_until *until,
                                       struct jig_err *reterr)
{
    bool there = false;
    enum jig_code code = is_there(r, url, until, &there, reterr);
    return code == JIG_OK && !there ? send_file(r, url, blob, until, reterr) : code;
}

enum jig_code jig_remote_send(struct jig_remote *r, struct jig_cache *cache,
                              const struct jig_digest *sha256, const struct jig_until *until,
                              struct jig_err *reterr)
{
    if (!may_send(r))
        return JIG_OK;
    struct jig_hold *hold;
    struct jig_blob blob;
    enum jig_code code = check_up(r, reterr);
    if (code == JIG_OK)
        code = jig_hold_new(cache, "what is sent to the remote cache", &hold, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_blob_find(cache, hold, sha256, &blob, reterr);
    if (code == JIG_OK) {
        JIG_CLEANUP_FREE char *url = place(r, "cas", sha256);
        code = send_unless_there(r, url, &blob, until, reterr);
        note(r, code, &r->counts.sent);
        free(blob.path);
    }
    jig_hold_free(hold);
    return code;
}

enum jig_code jig_remote_put_blob(struct jig_remote *r, const struct jig_digest *sha256,
                                  const void *data, size_t n, const struct jig_until *until,
                                  struct jig_err *reterr)
{
    bool there = false;
    if (!may_send(r))
        return JIG_OK;
    enum jig_code code = check_up(r, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *url = place(r, "cas", sha256);
    struct upload u = {.fd = -1, .data = data, .left = n};
    code = is_there(r, url, until, &there, reterr);
    if (code == JIG_OK && !there)
        code = put(r, url, &u, n, until, reterr);
    note(r, code, &r->counts.sent);
    return code;
}

enum jig_code jig_remote_put_action(struct jig_remote *r, const struct jig_digest *key,
                                    const void *data, size_t n, const struct jig_until *until,
                                    struct jig_err *reterr)
{
    if (!may_send(r))
        return JIG_OK;
    enum jig_code code = check_up(r, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *url = place(r, "ac", key);
    struct upload u = {.fd = -1, .data = data, .left = n};
    code = put(r, url, &u, n, until, reterr);
    note(r, code, &r->counts.sent);
    return code;
}

/* ---------------------------------------------------------------------------- putting, later */

static bool take_next(struct jig_remote *r, struct waiting *ret)
{
    pthread_mutex_lock(&r->mu);
    bool some = r->queued > 0;
    if (some)
        *ret = r->queue[r->first];
    pthread_mutex_unlock(&r->mu);
    return some;
}

static void drop_next(struct jig_remote *r, bool in_vain)
{
    pthread_mutex_lock(&r->mu);
    r->first = (r->first + 1) % JIG_REMOTE_QUEUE_MAX;
    r->queued--;
    r->counts.dropped += in_vain;
    pthread_mutex_unlock(&r->mu);
    jig_bell_ring(&r->bell);
}

static void *send_queue(void *ctx)
{
    struct jig_remote *r = ctx;
    struct jig_until until = {.cancel = &r->ending, .deadline_ns = JIG_NO_DEADLINE};
    for (;;) {
        uint64_t seen = jig_bell_count(&r->bell);
        struct waiting next;
        struct jig_err err = JIG_ERR_INIT;
        if (take_next(r, &next)) {
            enum jig_code code = jig_remote_send(r, next.cache, &next.sha256, &until, &err);
            if (code != JIG_OK)
                jig_log(JIG_LOG_DEBUG, "remote.not_sent", "%s", err.message);
            drop_next(r, code != JIG_OK);
        } else if (jig_bell_wait(&r->bell, seen, -1, &until, NULL) != JIG_OK) {
            return NULL;
        }
        if (jig_until_check(&until, NULL) != JIG_OK)
            return NULL;
    }
}

void jig_remote_send_later(struct jig_remote *r, struct jig_cache *cache,
                           const struct jig_digest *sha256)
{
    if (!may_send(r))
        return;
    pthread_mutex_lock(&r->mu);
    if (!r->has_thread)
        r->has_thread = pthread_create(&r->thread, NULL, send_queue, r) == 0;
    if (!r->has_thread || r->queued == JIG_REMOTE_QUEUE_MAX) {
        r->counts.dropped++;
    } else {
        size_t last = (r->first + r->queued++) % JIG_REMOTE_QUEUE_MAX;
        r->queue[last] = (struct waiting){.cache = cache, .sha256 = *sha256};
    }
    pthread_mutex_unlock(&r->mu);
    jig_bell_ring(&r->bell);
}

enum jig_code jig_remote_flush(struct jig_remote *r, const struct jig_until *until,
                               struct jig_err *reterr)
{
    for (;;) {
        uint64_t seen = jig_bell_count(&r->bell);
        struct waiting next;
        if (!take_next(r, &next))
            return JIG_OK;
        enum jig_code code = jig_bell_wait(&r->bell, seen, -1, until, reterr);
        if (code != JIG_OK)
            return code;
    }
}
