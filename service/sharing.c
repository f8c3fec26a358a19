#include "service/sharing.h"

#include <pthread.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/bell.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "service/wire/action_result.h"
#include "service/wire/decode.h"

#define SEND_MS 30000 /* for one action, in the background */

/* What waits to be sent. */
struct parcel {
    struct parcel *next;
    struct jig_digest key;
    struct jig_buf traces;
    struct jig_strv paths;
    struct jig_digest *outputs; /* as many as paths */
};

struct jig_sharing {
    struct jig_remote *remote;
    struct jig_objremote objects;
    struct jig_cancel ending;
    bool can_end;
    struct jig_bell bell; /* rung when the queue changes */
    pthread_t thread;
    pthread_mutex_t mu;
    bool has_thread;               /* guarded by mu */
    struct parcel *first, **last;  /* guarded by mu; what is being sent is the first */
    uint64_t queued, queued_bytes; /* guarded by mu */
    uint64_t sent, dropped;        /* guarded by mu */
    int64_t spent_ns;              /* guarded by mu; waited for a slow remote */
};

/* ---- what builds ask for ---- */

static void leave_alone(void *ctx, const struct jig_err *why)
{
    struct jig_sharing *s = ctx;
    jig_log(JIG_LOG_DEBUG, "sharing.refused", "%s", why->message);
    jig_remote_blame(s->remote);
}

/* Answers that are wrong or late, and those of a remote that is slow time and again. */
static void judge(struct jig_sharing *s, int64_t started_ns, int64_t fair_ms,
                  const struct jig_err *err)
{
    enum jig_code code = err->code;
    bool bad = code == JIG_DEADLINE_EXCEEDED || code == JIG_RESOURCE_EXHAUSTED ||
               code == JIG_INVALID_ARGUMENT;
    int64_t over_ns = jig_now_ns() - started_ns - fair_ms * JIG_NS_PER_MS;
    pthread_mutex_lock(&s->mu);
    s->spent_ns = s->spent_ns + over_ns > 0 ? s->spent_ns + over_ns : 0;
    bool slow = s->spent_ns > JIG_SHARING_SPARE_MS * JIG_NS_PER_MS;
    if (slow || bad)
        s->spent_ns = 0;
    pthread_mutex_unlock(&s->mu);
    if (bad)
        leave_alone(s, err);
    else if (slow)
        jig_remote_blame(s->remote);
}

/* What is kept under the key. `arena` holds what `ret` points to. */
static enum jig_code get(struct jig_sharing *s, const struct jig_digest *key,
                         const struct jig_until *until, struct jig_arena *arena,
                         struct jig_action_result *ret, struct jig_err *reterr)
{
    struct jig_buf packed;
    jig_buf_init(&packed, JIG_ACTION_RESULT_BYTES_MAX);
    enum jig_code code = jig_remote_get_action(s->remote, key, &packed, until, reterr);
    if (code == JIG_OK)
        code = jig_action_result_unpack(packed.data, packed.len, arena, ret, reterr);
    jig_buf_release(&packed);
    return code;
}

static enum jig_code look(void *ctx, const struct jig_digest *key, struct jig_buf *out,
                          const struct jig_until *until, struct jig_err *reterr)
{
    struct jig_sharing *s = ctx;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_arena arena;
    struct jig_action_result result;
    int64_t started_ns = jig_now_ns();
    jig_arena_init(&arena, jig_wire_decode_ceiling(JIG_ACTION_RESULT_BYTES_MAX));
    enum jig_code code = get(s, key, until, &arena, &result, &err);
    if (code == JIG_OK) {
        jig_buf_append(out, result.traces, result.traces_size);
        code = jig_buf_check(out, "what the remote cache has of an action", &err);
    }
    jig_arena_release(&arena);
    judge(s, started_ns, JIG_SHARING_LOOK_MS, &err);
    if (code != JIG_OK && reterr != NULL)
        *reterr = err;
    return code;
}

/* An output on its way here. */
struct incoming {
    struct jig_buf bytes;
    const struct jig_digest *sha256;
};

static enum jig_code begin(void *ctx, uint64_t offset, struct jig_err *reterr)
{
    struct incoming *in = ctx;
    (void)reterr;
    in->bytes.len = offset; /* at most what it has */
    return JIG_OK;
}

static enum jig_code take(void *ctx, const void *data, size_t n, struct jig_err *reterr)
{
    struct incoming *in = ctx;
    jig_buf_append(&in->bytes, data, n);
    return jig_buf_check(&in->bytes, "an object in the remote cache", reterr);
}

static enum jig_code end(void *ctx, struct jig_err *reterr)
{
    const struct incoming *in = ctx;
    struct jig_digest is = jig_sha256_of(in->bytes.data, in->bytes.len);
    return jig_digest_equal(&is, in->sha256)
               ? JIG_OK
               : jig_err_set(reterr, JIG_DATA_LOSS,
                             "the remote cache has something else under a "
                             "hash");
}

static enum jig_code bring(void *ctx, const struct jig_digest *sha256, const char *path,
                           const struct jig_until *until, struct jig_err *reterr)
{
    struct jig_sharing *s = ctx;
    struct jig_err err = JIG_ERR_INIT;
    struct incoming in = {.sha256 = sha256};
    int64_t started_ns = jig_now_ns();
    jig_buf_init(&in.bytes, JIG_OBJREMOTE_OBJECT_MAX);
    struct jig_fetch_spec spec = {
        .size = -1,
        .most = JIG_OBJREMOTE_OBJECT_MAX,
        .sink = {.begin = begin, .write = take, .end = end, .ctx = &in},
    };
    enum jig_code code = jig_remote_fetch(s->remote, sha256, &spec, until, &err);
    judge(s, started_ns, JIG_SHARING_BRING_MS, &err);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(path, in.bytes.data, in.bytes.len, 0444, &err);
    jig_buf_release(&in.bytes);
    if (code != JIG_OK && reterr != NULL)
        *reterr = err;
    return code;
}

/* ---- what is sent ---- */

static void free_parcel(struct parcel *p)
{
    jig_buf_release(&p->traces);
    jig_strv_release(&p->paths);
    free(p->outputs);
    free(p);
}

/* The outputs that a result names: what is told of the old one, and what is said of the new. */
struct sizes {
    const struct jig_action_output *known;
    size_t known_n;
    struct jig_action_output named[JIG_ACTION_RESULT_OUTPUTS_MAX];
    size_t n;
};

static const struct jig_action_output *find(const struct jig_action_output *all, size_t n,
                                            const struct jig_digest *d)
{
    for (size_t i = 0; i < n; i++) {
        if (jig_digest_equal(&all[i].sha256, d))
            return &all[i];
    }
    return NULL;
}

static bool is_known(void *ctx, const struct jig_digest *d)
{
    const struct sizes *s = ctx;
    return find(s->known, s->known_n, d) != NULL;
}

static void name_output(void *ctx, const struct jig_digest *d)
{
    struct sizes *s = ctx;
    const struct jig_action_output *old = find(s->known, s->known_n, d);
    if (old != NULL && s->n < JIG_ACTION_RESULT_OUTPUTS_MAX && find(s->named, s->n, d) == NULL)
        s->named[s->n++] = *old;
}

/* Its size is the answer. DATA_LOSS when the file is another one by now. */
static enum jig_code send_output(struct jig_sharing *s, const struct jig_digest *sha256,
                                 const char *path, const struct jig_until *until,
                                 uint64_t *ret_size, struct jig_err *reterr)
{
    struct jig_buf bytes;
    jig_buf_init(&bytes, JIG_OBJREMOTE_OBJECT_MAX);
    enum jig_code code = jig_fs_read(path, &bytes, reterr);
    struct jig_digest is = jig_sha256_of(bytes.data, bytes.len);
    if (code == JIG_OK && !jig_digest_equal(&is, sha256))
        code = jig_err_set(reterr, JIG_DATA_LOSS, "%s is damaged", path);
    if (code == JIG_OK)
        code = jig_remote_put_blob(s->remote, sha256, bytes.data, bytes.len, until, reterr);
    *ret_size = bytes.len;
    jig_buf_release(&bytes);
    return code;
}

/* Writes what is known of the command: ours, and what was there. */
static enum jig_code send_action(struct jig_sharing *s, const struct parcel *p,
                                 const struct jig_action_output *ours, struct jig_until *until,
                                 struct jig_err *reterr)
{
    struct jig_action_result old = {0};
    struct sizes sizes = {0};
    struct jig_arena arena;
    struct jig_buf traces, packed;
    jig_arena_init(&arena, jig_wire_decode_ceiling(JIG_ACTION_RESULT_BYTES_MAX));
    jig_buf_init(&traces, JIG_OBJREMOTE_BYTES_MAX);
    jig_buf_init(&packed, JIG_ACTION_RESULT_BYTES_MAX);
    if (get(s, &p->key, until, &arena, &old, NULL) != JIG_OK)
        old = (struct jig_action_result){0};
    sizes.known = old.outputs;
    sizes.known_n = old.output_count;
    enum jig_code code = jig_objremote_merge(p->traces.data, p->traces.len, old.traces,
                                             old.traces_size, is_known, &sizes, &traces, reterr);
    if (code == JIG_OK) {
        for (size_t i = 0; i < p->paths.n; i++)
            sizes.named[sizes.n++] = ours[i];
        jig_objremote_outputs(traces.data, traces.len, name_output, &sizes);
        const struct jig_action_result result = {traces.data, traces.len, sizes.named, sizes.n};
        jig_action_result_pack(&result, &packed);
        code = jig_buf_check(&packed, "what is shared of an action", reterr);
    }
    if (code == JIG_OK)
        code = jig_remote_put_action(s->remote, &p->key, packed.data, packed.len, until, reterr);
    jig_buf_release(&packed);
    jig_buf_release(&traces);
    jig_arena_release(&arena);
    return code;
}

static enum jig_code send_parcel(struct jig_sharing *s, const struct parcel *p,
                                 struct jig_err *reterr)
{
    struct jig_action_output ours[JIG_ACTION_RESULT_OUTPUTS_MAX] = {0};
    struct jig_until until = {.cancel = &s->ending, .deadline_ns = jig_deadline_in_ms(SEND_MS)};
    enum jig_code code = JIG_OK;
    if (!jig_remote_takes(s->remote))
        return jig_err_set(reterr, JIG_UNAVAILABLE, "the remote cache takes nothing now");
    for (size_t i = 0; code == JIG_OK && i < p->paths.n; i++) {
        ours[i].sha256 = p->outputs[i];
        code = send_output(s, &p->outputs[i], p->paths.v[i], &until, &ours[i].size, reterr);
    }
    return code == JIG_OK ? send_action(s, p, ours, &until, reterr) : code;
}

static struct parcel *first_parcel(struct jig_sharing *s)
{
    pthread_mutex_lock(&s->mu);
    struct parcel *p = s->first;
    pthread_mutex_unlock(&s->mu);
    return p;
}

static void drop_first(struct jig_sharing *s, bool sent)
{
    pthread_mutex_lock(&s->mu);
    struct parcel *p = s->first;
    s->first = p->next;
    if (s->first == NULL)
        s->last = &s->first;
    s->queued--;
    s->queued_bytes -= p->traces.len;
    *(sent ? &s->sent : &s->dropped) += 1;
    pthread_mutex_unlock(&s->mu);
    free_parcel(p);
    jig_bell_ring(&s->bell);
}

static void *send_all(void *ctx)
{
    struct jig_sharing *s = ctx;
    struct jig_until until = {.cancel = &s->ending, .deadline_ns = JIG_NO_DEADLINE};
    for (;;) {
        uint64_t seen = jig_bell_count(&s->bell);
        const struct parcel *p = first_parcel(s);
        struct jig_err err = JIG_ERR_INIT;
        if (p != NULL) {
            enum jig_code code = send_parcel(s, p, &err);
            if (code != JIG_OK)
                jig_log(JIG_LOG_DEBUG, "sharing.not_sent", "%s", err.message);
            drop_first(s, code == JIG_OK);
        } else if (jig_bell_wait(&s->bell, seen, -1, &until, NULL) != JIG_OK) {
            return NULL;
        }
        if (jig_until_check(&until, NULL) != JIG_OK)
            return NULL;
    }
}

static struct parcel *make_parcel(const struct jig_objremote_offer *offer)
{
    struct parcel *p = jig_new(struct parcel);
    p->key = offer->key;
    jig_buf_init(&p->traces, JIG_OBJREMOTE_BYTES_MAX);
    jig_buf_append(&p->traces, offer->traces, offer->size);
    p->outputs = jig_xcalloc(offer->output_count, sizeof *p->outputs);
    for (size_t i = 0; i < offer->output_count; i++) {
        p->outputs[i] = offer->outputs[i].sha256;
        jig_strv_append(&p->paths, offer->outputs[i].path);
    }
    return p;
}

/* Under the lock. */
static bool has_room(struct jig_sharing *s, const struct jig_objremote_offer *offer)
{
    if (!s->has_thread && s->can_end)
        s->has_thread = pthread_create(&s->thread, NULL, send_all, s) == 0;
    return s->has_thread && s->queued < JIG_SHARING_QUEUE_MAX &&
           offer->size <= JIG_SHARING_QUEUE_SIZE - s->queued_bytes &&
           offer->output_count <= JIG_ACTION_RESULT_OUTPUTS_MAX / JIG_OBJREMOTE_TRACES_MAX;
}

static void take_offer(void *ctx, const struct jig_objremote_offer *offer)
{
    struct jig_sharing *s = ctx;
    bool takes = jig_remote_takes(s->remote);
    pthread_mutex_lock(&s->mu);
    bool taken = takes && has_room(s, offer);
    if (taken) {
        struct parcel *p = make_parcel(offer);
        *s->last = p;
        s->last = &p->next;
        s->queued++;
        s->queued_bytes += offer->size;
    } else {
        s->dropped++;
    }
    pthread_mutex_unlock(&s->mu);
    jig_bell_ring(&s->bell);
}

/* ---- the whole ---- */

struct jig_sharing *jig_sharing_new(struct jig_remote *remote)
{
    struct jig_sharing *s = jig_new(struct jig_sharing);
    s->remote = remote;
    s->objects = (struct jig_objremote){
        .ctx = s, .look = look, .bring = bring, .blame = leave_alone, .offer = take_offer};
    s->last = &s->first;
    s->can_end = jig_cancel_init(&s->ending, NULL) == JIG_OK; /* else nothing is sent */
    jig_bell_init(&s->bell);
    pthread_mutex_init(&s->mu, NULL);
    return s;
}

enum jig_code jig_sharing_flush(struct jig_sharing *s, const struct jig_until *until,
                                struct jig_err *reterr)
{
    for (;;) {
        uint64_t seen = jig_bell_count(&s->bell);
        if (first_parcel(s) == NULL)
            return JIG_OK;
        enum jig_code code = jig_bell_wait(&s->bell, seen, -1, until, reterr);
        if (code != JIG_OK)
            return code;
    }
}

void jig_sharing_free(struct jig_sharing *s)
{
    if (s == NULL)
        return;
    struct jig_until soon = {.deadline_ns = jig_deadline_in_ms(JIG_SHARING_LAST_MS)};
    if (jig_sharing_flush(s, &soon, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "sharing.ended", "not all objects were sent to the remote cache");
    if (s->can_end)
        jig_cancel_fire(&s->ending);
    jig_bell_ring(&s->bell);
    if (s->has_thread)
        pthread_join(s->thread, NULL);
    while (s->first != NULL)
        drop_first(s, false);
    if (s->can_end)
        jig_cancel_release(&s->ending);
    jig_remote_free(s->remote);
    jig_bell_release(&s->bell);
    pthread_mutex_destroy(&s->mu);
    free(s);
}

const struct jig_objremote *jig_sharing_objects(struct jig_sharing *s)
{
    return s != NULL ? &s->objects : NULL;
}

struct jig_sharing_stats jig_sharing_stats(struct jig_sharing *s)
{
    struct jig_sharing_stats stats = {.remote = jig_remote_stats(s->remote)};
    pthread_mutex_lock(&s->mu);
    stats.sent = s->sent;
    stats.dropped = s->dropped;
    stats.waiting = s->queued;
    pthread_mutex_unlock(&s->mu);
    return stats;
}
