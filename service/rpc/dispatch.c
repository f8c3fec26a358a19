#include "service/rpc/dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/os/time.h"
#include "service/rpc/call_impl.h"
#include "service/wire/decode.h"

/* What a handler may take from its call's arena for a reply, beyond what the request took. */
#define REPLY_BYTES_MAX (32u * 1024 * 1024)

/* Ceilings over all calls, in messages of the largest size. */
#define UNDECODED_MAX 4
#define DECODED_MAX   8

/* ---- the list of calls ---- */

static void link_call(struct jig_dispatcher *d, struct jig_call *call)
{
    pthread_mutex_lock(&d->mu);
    bool heavy = d->undecoded + call->n > UNDECODED_MAX * d->options.message_max;
    call->surplus = heavy || d->outstanding >= d->options.outstanding_max;
    call->undecoded = heavy ? 0 : call->n;
    call->next = d->calls;
    if (d->calls != NULL)
        d->calls->prev = call;
    d->calls = call;
    d->undecoded += call->undecoded;
    d->outstanding++;
    pthread_mutex_unlock(&d->mu);
    if (heavy)
        jig_call_consume(call);
}

void jig_dispatcher_unlink(struct jig_call *call)
{
    struct jig_dispatcher *d = call->dispatcher;
    pthread_mutex_lock(&d->mu);
    if (call->prev != NULL)
        call->prev->next = call->next;
    else
        d->calls = call->next;
    if (call->next != NULL)
        call->next->prev = call->prev;
    d->undecoded -= call->undecoded;
    d->decoded -= call->decoded;
    d->outstanding--;
    if (d->outstanding == 0)
        pthread_cond_broadcast(&d->fewer);
    pthread_mutex_unlock(&d->mu);
}

/* The request's bytes became a message. False when all messages together are too much. */
static bool count_decoded(struct jig_call *call)
{
    struct jig_dispatcher *d = call->dispatcher;
    pthread_mutex_lock(&d->mu);
    d->undecoded -= call->undecoded;
    call->undecoded = 0;
    call->decoded = call->arena.spent;
    d->decoded += call->decoded;
    bool fits = d->decoded <= DECODED_MAX * d->options.message_max;
    pthread_mutex_unlock(&d->mu);
    return fits;
}

/* ---- repeats ---- */

static void copy_reply(void *ctx, const void *reply, size_t n)
{
    struct jig_call *call = ctx;
    uint8_t *out = call->origin->ops->reserve(call->origin, n);
    if (out != NULL)
        memcpy(out, reply, n);
    call->n = out != NULL ? n : 0;
}

static void answer_again(struct jig_call *call, void *ctx, bool time_is_up)
{
    (void)time_is_up; /* it waits without a time of its own */
    struct jig_repeat *repeat = ctx;
    for (;;) {
        uint64_t ticket = jig_waitlist_ticket(jig_repeat_waitlist(repeat));
        enum jig_repeat_reply state = jig_repeat_reply(repeat, copy_reply, call);
        if (state == JIG_REPLY_SENT && call->n > 0) {
            jig_call_send(call);
            return;
        }
        if (state == JIG_REPLY_SENT) {
            jig_call_drop(call);
            return;
        }
        if (state == JIG_REPLY_FORGOTTEN) {
            jig_call_failf(call, JIG_ABORTED,
                           "this call was made before and is done; its reply is not kept any more");
            return;
        }
        if (jig_call_park(call, jig_repeat_waitlist(repeat), ticket, JIG_NO_DEADLINE, answer_again,
                          repeat))
            return;
    }
}

static struct jig_fingerprint what_of(const Jig__V1__Request *envelope)
{
    struct jig_fingerprint both[] = {
        jig_fingerprint_of(envelope->method, strlen(envelope->method)),
        jig_fingerprint_of(envelope->payload.data, envelope->payload.len),
    };
    return jig_fingerprint_of(both, sizeof both);
}

static void set_first(struct jig_call *call, struct jig_repeat *repeat)
{
    pthread_mutex_lock(&call->dispatcher->mu);
    call->first = repeat;
    pthread_mutex_unlock(&call->dispatcher->mu);
}

/* True when the call is to be done now; otherwise it has been answered or parked. */
static bool first_time(struct jig_call *call)
{
    if ((call->method->flags & JIG_METHOD_MUTATES) == 0)
        return true;
    const ProtobufCBinaryData *id = &call->envelope->request_id;
    if (id->len != JIG_REQUEST_ID_BYTES) {
        jig_call_failf(call, JIG_INVALID_ARGUMENT,
                       "%s changes something and needs a request_id of %d random bytes",
                       call->method->full_name, JIG_REQUEST_ID_BYTES);
        return false;
    }
    struct jig_repeat *repeat = NULL;
    enum jig_repeat_state state = jig_dedupe_begin(call->dispatcher->dedupe, call->peer.uid,
                                                   id->data, what_of(call->envelope), &repeat);
    if (repeat != NULL)
        jig_call_defer(call, jig_repeat_unref, repeat);
    switch (state) {
    case JIG_REPEAT_FIRST:
        set_first(call, repeat);
        return true;
    case JIG_REPEAT_AGAIN:
        jig_stats_add(call->dispatcher->options.stats, JIG_STAT_RPC_REPEATS, 1);
        answer_again(call, repeat, false);
        return false;
    case JIG_REPEAT_MISMATCH:
        jig_call_failf(call, JIG_INVALID_ARGUMENT,
                       "this request_id was used before, for a different call");
        return false;
    case JIG_REPEAT_FULL:
        break;
    }
    jig_call_failf(
        call, JIG_RESOURCE_EXHAUSTED,
        "jigd remembers %d changing calls for two minutes each, and cannot take more now",
        JIG_REPEATS_MAX);
    return false;
}

/* ---- from bytes to a handler ---- */

static enum jig_code open_envelope(struct jig_call *call, struct jig_err *reterr)
{
    const struct jig_dispatcher_options *options = &call->dispatcher->options;
    if (call->n > options->message_max)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "the message has %zu bytes; %zu are allowed", call->n,
                           options->message_max);
    if (call->bytes == NULL)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "jigd has more bytes of requests to read than it may hold");
    Jig__V1__Request *envelope;
    enum jig_code code = jig_envelope_decode(call->bytes, call->n, &call->arena, &envelope, reterr);
    if (code != JIG_OK)
        return code;
    call->envelope = envelope;
    jig_call_consume(call);
    code = jig_envelope_check(envelope, reterr);
    if (code != JIG_OK)
        return code;
    if (call->surplus)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "jigd has %u unanswered calls already",
                           options->outstanding_max);
    return jig_methods_find(options->methods, envelope->method, &call->method, reterr);
}

static enum jig_code open_payload(struct jig_call *call, struct jig_err *reterr)
{
    const ProtobufCBinaryData *payload = &call->envelope->payload;
    ProtobufCMessage *request;
    enum jig_code code = jig_wire_decode(call->method->descriptor->input, payload->data,
                                         payload->len, &call->arena, &request, reterr);
    if (code != JIG_OK)
        return code;
    call->request = request;
    if (!count_decoded(call))
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "the unanswered calls take more memory than they may");
    call->arena.max = call->arena.spent + REPLY_BYTES_MAX;
    return JIG_OK;
}

static void set_deadline(struct jig_call *call)
{
    int64_t ms = call->envelope->deadline_ms;
    if (ms > 0 && ms < (JIG_NO_DEADLINE - call->arrived_ns) / JIG_NS_PER_MS)
        call->deadline_ns = call->arrived_ns + ms * JIG_NS_PER_MS;
}

static bool is_stopping(struct jig_dispatcher *d)
{
    pthread_mutex_lock(&d->mu);
    bool stopping = d->stopping;
    pthread_mutex_unlock(&d->mu);
    return stopping;
}

static void handle(struct jig_job *job)
{
    struct jig_call *call = JIG_OF(job, struct jig_call, job);
    struct jig_err err = JIG_ERR_INIT;
    if (open_envelope(call, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    set_deadline(call);
    if (is_stopping(call->dispatcher)) {
        jig_call_ending(call);
    } else if (jig_now_ns() >= call->deadline_ns) {
        jig_call_out_of_time(call);
    } else if (open_payload(call, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
    } else if (first_time(call)) {
        call->method->handler(call->dispatcher->options.env, call);
    }
}

static struct jig_call *new_call(struct jig_dispatcher *d, const struct jig_peer *peer,
                                 struct jig_origin *origin, const uint8_t *bytes, size_t n)
{
    struct jig_call *call = jig_new(struct jig_call);
    call->dispatcher = d;
    call->origin = origin;
    call->peer = *peer;
    call->bytes = bytes;
    call->n = n;
    call->arrived_ns = jig_now_ns();
    call->deadline_ns = JIG_NO_DEADLINE;
    call->job.run = handle;
    jig_arena_init(&call->arena, jig_wire_decode_ceiling(n));
    atomic_store(&d->last_request_ns, call->arrived_ns);
    jig_stats_add(d->options.stats, JIG_STAT_RPC_REQUESTS, 1);
    link_call(d, call);
    return call;
}

void jig_dispatcher_submit(struct jig_dispatcher *d, const struct jig_peer *peer,
                           struct jig_origin *origin, const uint8_t *bytes, size_t n)
{
    jig_pool_submit(d->pool, &new_call(d, peer, origin, bytes, n)->job);
}

void jig_dispatcher_handle(struct jig_dispatcher *d, const struct jig_peer *peer,
                           struct jig_origin *origin, const uint8_t *bytes, size_t n)
{
    handle(&new_call(d, peer, origin, bytes, n)->job);
}

/* ---- the dispatcher ---- */

enum jig_code jig_dispatcher_new(const struct jig_dispatcher_options *options,
                                 struct jig_dispatcher **ret, struct jig_err *reterr)
{
    struct jig_dispatcher *d = jig_new(struct jig_dispatcher);
    d->options = *options;
    pthread_mutex_init(&d->mu, NULL);
    pthread_cond_init(&d->fewer, NULL);
    atomic_init(&d->last_request_ns, jig_now_ns());
    enum jig_code code = jig_pool_new("jigd-rpc", options->threads, &d->pool, reterr);
    if (code != JIG_OK) {
        jig_dispatcher_free(d);
        return code;
    }
    d->dedupe = jig_dedupe_new(options->park, &jig_clock_real);
    *ret = d;
    return JIG_OK;
}

/* Takes those of the parked calls that are wanted off their lists; mu is held. The chain is by
 * wake_ctx, which nobody else reads any more. */
static struct jig_call *take_parked(struct jig_dispatcher *d,
                                    bool (*wanted)(struct jig_call *call, uint32_t connection),
                                    uint32_t connection)
{
    struct jig_call *taken = NULL;
    for (struct jig_call *call = d->calls; call != NULL; call = call->next) {
        if (wanted(call, connection) && jig_park_take(d->options.park, &call->parked)) {
            call->wake_ctx = taken;
            taken = call;
        }
    }
    return taken;
}

static void end_all(struct jig_call *taken, void (*how)(struct jig_call *call))
{
    while (taken != NULL) {
        struct jig_call *next = taken->wake_ctx;
        how(taken);
        taken = next;
    }
}

static bool of_connection(struct jig_call *call, uint32_t connection)
{
    if (call->peer.connection != connection)
        return false;
    call->gone = true;
    return call->first == NULL;
}

static bool any(struct jig_call *call, uint32_t connection)
{
    (void)call;
    (void)connection;
    return true;
}

void jig_dispatcher_connection_gone(struct jig_dispatcher *d, uint32_t connection)
{
    pthread_mutex_lock(&d->mu);
    struct jig_call *taken = take_parked(d, of_connection, connection);
    pthread_mutex_unlock(&d->mu);
    end_all(taken, jig_call_drop);
}

void jig_dispatcher_run(struct jig_dispatcher *d, struct jig_job *job)
{
    jig_pool_submit(d->pool, job);
}

unsigned jig_dispatcher_outstanding(struct jig_dispatcher *d)
{
    pthread_mutex_lock(&d->mu);
    unsigned n = d->outstanding;
    pthread_mutex_unlock(&d->mu);
    return n;
}

int64_t jig_dispatcher_last_request_ns(struct jig_dispatcher *d)
{
    return atomic_load(&d->last_request_ns);
}

void jig_dispatcher_expire(struct jig_dispatcher *d)
{
    jig_dedupe_expire(d->dedupe);
}

void jig_dispatcher_stop(struct jig_dispatcher *d)
{
    pthread_mutex_lock(&d->mu);
    d->stopping = true;
    struct jig_call *taken = take_parked(d, any, 0);
    pthread_mutex_unlock(&d->mu);
    end_all(taken, jig_call_ending);
    pthread_mutex_lock(&d->mu);
    while (d->outstanding > 0)
        pthread_cond_wait(&d->fewer, &d->mu);
    pthread_mutex_unlock(&d->mu);
}

void jig_dispatcher_free(struct jig_dispatcher *d)
{
    if (d == NULL)
        return;
    jig_pool_free(d->pool);
    jig_dedupe_free(d->dedupe);
    pthread_mutex_destroy(&d->mu);
    pthread_cond_destroy(&d->fewer);
    free(d);
}
