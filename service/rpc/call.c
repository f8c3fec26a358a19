#include "service/rpc/call.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/time.h"
#include "service/rpc/call_impl.h"
#include "service/run/times.h"
#include "service/wire/text.h"

struct jig_deferred {
    struct jig_deferred *next;
    void (*fn)(void *arg);
    void *arg;
};

/* ---- the end of a call ---- */

void jig_call_consume(struct jig_call *call)
{
    if (call->bytes != NULL)
        call->origin->ops->consumed(call->origin);
    call->bytes = NULL;
}

static void end(struct jig_call *call)
{
    while (call->deferred != NULL) {
        struct jig_deferred *d = call->deferred;
        call->deferred = d->next;
        d->fn(d->arg);
        free(d);
    }
    jig_arena_release(&call->arena);
    jig_dispatcher_unlink(call);
    free(call);
}

void jig_call_drop(struct jig_call *call)
{
    jig_call_consume(call);
    if (call->first != NULL)
        jig_repeat_end(call->first, NULL, 0, call->harmless);
    call->origin->ops->drop(call->origin);
    end(call);
}

void jig_call_send(struct jig_call *call)
{
    jig_call_consume(call);
    call->origin->ops->send(call->origin);
    end(call);
}

/* From the request's arrival to now. What waits for news takes as long as its caller likes. */
static void note_time(const struct jig_call *call)
{
    if (call->method != NULL && !call->waited)
        jig_times_note(call->dispatcher->options.times, "rpc", call->method->descriptor->name,
                       (jig_now_ns() - call->arrived_ns) / 1000);
}

static void answer(struct jig_call *call, const struct jig_answer *a)
{
    jig_call_consume(call);
    size_t n = jig_answer_size(a);
    uint8_t *out = call->origin->ops->reserve(call->origin, n);
    if (out == NULL) {
        jig_call_drop(call);
        return;
    }
    jig_answer_encode(a, out);
    note_time(call);
    if (call->first != NULL)
        jig_repeat_end(call->first, out, n, call->harmless);
    jig_call_send(call);
}

static ProtobufCBinaryData request_id(const struct jig_call *call)
{
    return call->envelope != NULL ? call->envelope->request_id : (ProtobufCBinaryData){0};
}

static void log_failure(const struct jig_call *call, const struct jig_err *err)
{
    bool ours = err->code == JIG_INTERNAL || err->code == JIG_UNKNOWN || err->code == JIG_DATA_LOSS;
    jig_log(ours ? JIG_LOG_ERROR : JIG_LOG_INFO, "rpc.failed", "%s from %s: %s: %s",
            call->method != NULL ? call->method->full_name : "a request", call->peer.user,
            jig_code_lower_name(err->code), err->message);
}

/* Our own text may quote bytes of somebody's that are not UTF-8. */
static void mend(struct jig_arena *arena, char *text, size_t size)
{
    const char *mended = jig_wire_text(arena, text, strlen(text), size - 1);
    if (mended == NULL)
        text[0] = '\0';
    else if (mended != text)
        memcpy(text, mended, strlen(mended) + 1);
}

void jig_call_fail(struct jig_call *call, const struct jig_err *err, const struct jig_strv *details)
{
    assert(err->code != JIG_OK);
    log_failure(call, err);
    jig_stats_add(call->dispatcher->options.stats, JIG_STAT_RPC_FAILURES, 1);
    struct jig_err mended = *err;
    mend(&call->arena, mended.message, sizeof mended.message);
    mend(&call->arena, mended.hint, sizeof mended.hint);
    struct jig_strv words = {0};
    for (size_t i = 0; details != NULL && i < details->n; i++) {
        size_t n = strlen(details->v[i]);
        const char *text = jig_wire_text(&call->arena, details->v[i], n, n);
        jig_strv_append(&words, text != NULL ? text : "");
    }
    struct jig_answer a = {.request_id = request_id(call), .err = &mended, .details = &words};
    answer(call, &a);
    jig_strv_release(&words);
}

void jig_call_failf(struct jig_call *call, enum jig_code code, const char *fmt, ...)
{
    struct jig_err err = JIG_ERR_INIT;
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(&err, code, fmt, ap);
    va_end(ap);
    jig_call_fail(call, &err, NULL);
}

void jig_call_reply(struct jig_call *call, const ProtobufCMessage *message)
{
    assert(message->descriptor == call->method->descriptor->output);
    size_t max = call->dispatcher->options.message_max;
    struct jig_answer a = {.request_id = request_id(call),
                           .message = jig_wire_clean(message, &call->arena)};
    if (a.message == NULL || jig_answer_size(&a) > max) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED,
                       "the reply of %s is larger than a message may be, %zu bytes",
                       call->method->full_name, max);
        return;
    }
    answer(call, &a);
}

void jig_call_out_of_time(struct jig_call *call)
{
    jig_call_failf(call, JIG_DEADLINE_EXCEEDED,
                   "the call's deadline of %lld ms passed before %s could answer",
                   (long long)call->envelope->deadline_ms, call->method->full_name);
}

void jig_call_ending(struct jig_call *call)
{
    jig_call_failf(call, JIG_UNAVAILABLE, "jigd is ending");
}

/* ---- waiting ---- */

static void time_is_up(struct jig_job *job)
{
    struct jig_call *call = JIG_OF(job, struct jig_call, job);
    if (jig_now_ns() >= call->deadline_ns)
        jig_call_out_of_time(call);
    else
        call->wake(call, call->wake_ctx, true);
}

static void woken(struct jig_parked *parked, bool time_up)
{
    struct jig_call *call = JIG_OF(parked, struct jig_call, parked);
    if (!time_up) {
        call->wake(call, call->wake_ctx, false);
        return;
    }
    call->job.run = time_is_up;
    jig_pool_submit(call->dispatcher->pool, &call->job);
}

bool jig_call_park(struct jig_call *call, struct jig_waitlist *list, uint64_t ticket,
                   int64_t until_ns, jig_wake_fn *wake, void *ctx)
{
    struct jig_dispatcher *d = call->dispatcher;
    call->wake = wake;
    call->wake_ctx = ctx;
    call->parked.woken = woken;
    call->waited = true;
    int64_t at_ns = until_ns < call->deadline_ns ? until_ns : call->deadline_ns;
    jig_stats_add(d->options.stats, JIG_STAT_RPC_PARKED, 1);
    pthread_mutex_lock(&d->mu);
    bool stopping = d->stopping;
    bool gone = call->gone && call->first == NULL;
    bool parked = !stopping && !gone && jig_park_add(list, ticket, &call->parked, at_ns);
    pthread_mutex_unlock(&d->mu);
    /* Once parked the call is not ours any more. */
    if (stopping)
        jig_call_ending(call);
    else if (gone)
        jig_call_drop(call);
    return parked || stopping || gone;
}

static void go_on(struct jig_job *job)
{
    struct jig_call *call = JIG_OF(job, struct jig_call, job);
    if (jig_now_ns() >= call->deadline_ns)
        jig_call_out_of_time(call);
    else
        call->elsewhere(call, call->elsewhere_ctx);
}

void jig_call_run_in(struct jig_call *call, struct jig_pool *pool,
                     void (*fn)(struct jig_call *call, void *ctx), void *ctx)
{
    call->elsewhere = fn;
    call->elsewhere_ctx = ctx;
    call->job.run = go_on;
    jig_pool_submit(pool, &call->job);
}

/* ---- what handlers ask of a call ---- */

const void *jig_call_request(const struct jig_call *call)
{
    return call->request;
}

const struct jig_peer *jig_call_peer(const struct jig_call *call)
{
    return &call->peer;
}

const char *jig_call_method(const struct jig_call *call)
{
    return call->method->full_name;
}

const char *jig_call_client(const struct jig_call *call)
{
    return call->envelope->client;
}

int64_t jig_call_deadline_ns(const struct jig_call *call)
{
    return call->deadline_ns;
}

struct jig_until jig_call_until(const struct jig_call *call)
{
    return (struct jig_until){.deadline_ns = call->deadline_ns};
}

int64_t jig_call_wait_until_ns(int64_t wait_ms)
{
    if (wait_ms < 0)
        wait_ms = 0;
    return jig_deadline_in_ms(wait_ms < JIG_WAIT_MAX_MS ? wait_ms : JIG_WAIT_MAX_MS);
}

const ProtobufCMessageDescriptor *jig_call_response_type(const struct jig_call *call)
{
    return call->method->descriptor->output;
}

void jig_call_changed_nothing(struct jig_call *call)
{
    call->harmless = true;
}

void *jig_call_alloc(struct jig_call *call, size_t size)
{
    return jig_arena_alloc(&call->arena, size);
}

struct jig_arena *jig_call_arena(struct jig_call *call)
{
    return &call->arena;
}

void jig_call_defer(struct jig_call *call, void (*fn)(void *arg), void *arg)
{
    struct jig_deferred *d = jig_new(struct jig_deferred);
    d->fn = fn;
    d->arg = arg;
    d->next = call->deferred;
    call->deferred = d;
}
