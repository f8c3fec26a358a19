#include "service/operation.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/random.h"
#include "core/os/time.h"
#include "service/operation/impl.h"

#define DETAILS_MAX 256

struct jig_stored_event {
    size_t n;
    uint8_t bytes[];
};

struct jig_stored_result {
    struct jig_stored_result *next;
    uint32_t field;
    uint8_t *bytes;
    size_t n;
    uint8_t *brief;
    size_t brief_n;
};

/* ---- events ---- */

/* The i-th of the events held; mu is held. */
static struct jig_stored_event *event_at(const struct jig_operation *op, size_t i)
{
    return op->events[(op->event_head + i) % op->event_cap];
}

static void drop_oldest(struct jig_operation *op)
{
    struct jig_stored_event *e = event_at(op, 0);
    op->event_head = (op->event_head + 1) % op->event_cap;
    op->event_count--;
    op->event_bytes -= sizeof *e + e->n;
    free(e);
    jig_stats_add(op->table->options.stats, JIG_STAT_EVENTS_DROPPED, 1);
}

static void grow_ring(struct jig_operation *op)
{
    size_t cap = op->event_cap > 0 ? 2 * op->event_cap : 16;
    struct jig_stored_event **events = jig_xcalloc(cap, sizeof(*events));
    for (size_t i = 0; i < op->event_count; i++)
        events[i] = event_at(op, i);
    free(op->events);
    op->events = events;
    op->event_cap = cap;
    op->event_head = 0;
}

/* Numbers and keeps the event; mu is held. */
static void append(struct jig_operation *op, struct jig_event *event)
{
    const struct jig_operations_options *options = &op->table->options;
    event->number = ++op->last_event;
    event->unix_ms = jig_unix_ms();
    size_t n;
    uint8_t *memory = options->pack_event(event, offsetof(struct jig_stored_event, bytes), &n);
    struct jig_stored_event *e = (struct jig_stored_event *)memory;
    e->n = n;
    if (op->event_count == op->event_cap)
        grow_ring(op);
    op->events[(op->event_head + op->event_count) % op->event_cap] = e;
    op->event_count++;
    op->event_bytes += sizeof *e + n;
    while (op->event_count > 1 &&
           (op->event_count > options->events_max || op->event_bytes > options->bytes_max))
        drop_oldest(op);
    jig_stats_add(options->stats, JIG_STAT_EVENTS, 1);
}

static bool is_over(enum jig_operation_state state)
{
    return state >= JIG_OPERATION_SUCCEEDED;
}

/* mu is held. */
static void set_state(struct jig_operation *op, enum jig_operation_state state)
{
    op->state = state;
    append(op, &(struct jig_event){.kind = JIG_EVENT_STATE, .state = state});
    if (is_over(state)) {
        op->ended_unix_ms = jig_unix_ms();
        op->ended_ns = jig_now_ns();
        jig_cancel_release(&op->cancel); /* nothing waits by it now, and the record is kept long */
    }
}

/* ---- its life ---- */

enum jig_code jig_operation_new(struct jig_operations *ops, const struct jig_operation_spec *spec,
                                const struct jig_operation_owner *owner, struct jig_operation **ret,
                                struct jig_err *reterr)
{
    uint8_t id[JIG_OPERATION_ID_BYTES];
    enum jig_code code = jig_random(id, sizeof id, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_operation *op = jig_new(struct jig_operation);
    code = jig_cancel_init(&op->cancel, reterr);
    if (code != JIG_OK) {
        free(op);
        return code;
    }
    jig_hex(id, sizeof id, op->id);
    op->table = ops;
    op->kind = spec->kind;
    op->subject = jig_xstrdup(spec->subject != NULL ? spec->subject : "");
    op->uid = owner->uid;
    op->owner = jig_xstrdup(owner->user);
    op->owner_pid = spec->owner_pid != 0 ? spec->owner_pid : owner->pid;
    op->connection = owner->connection;
    op->run = spec->run;
    op->ctx = spec->ctx;
    op->free_ctx = spec->free_ctx;
    op->created_unix_ms = jig_unix_ms();
    atomic_init(&op->refs, 1);
    pthread_mutex_init(&op->mu, NULL);
    jig_waitlist_init(&op->news, ops->options.park);
    jig_waitlist_init(&op->ended, ops->options.park);
    set_state(op, JIG_OPERATION_QUEUED);
    *ret = op;
    return JIG_OK;
}

void jig_operation_ref(struct jig_operation *op)
{
    atomic_fetch_add(&op->refs, 1);
}

static void free_events(struct jig_operation *op)
{
    for (size_t i = 0; i < op->event_count; i++)
        free(op->events[(op->event_head + i) % op->event_cap]);
    free(op->events);
}

static void free_results(struct jig_operation *op)
{
    while (op->results != NULL) {
        struct jig_stored_result *r = op->results;
        op->results = r->next;
        free(r->bytes);
        free(r->brief);
        free(r);
    }
}

void jig_operation_unref(void *operation)
{
    struct jig_operation *op = operation;
    if (op == NULL || atomic_fetch_sub(&op->refs, 1) > 1)
        return;
    free_events(op);
    free_results(op);
    jig_strv_release(&op->details);
    jig_cancel_release(&op->cancel);
    pthread_mutex_destroy(&op->mu);
    free(op->subject);
    free(op->owner);
    free(op);
}

size_t jig_operation_weight(struct jig_operation *op)
{
    pthread_mutex_lock(&op->mu);
    size_t n = sizeof *op + op->event_bytes + op->result_bytes;
    pthread_mutex_unlock(&op->mu);
    return n;
}

/* ---- what run() says ---- */

static void emit(struct jig_operation *op, struct jig_event *event)
{
    pthread_mutex_lock(&op->mu);
    assert(!is_over(op->state));
    append(op, event);
    pthread_mutex_unlock(&op->mu);
    jig_waitlist_wake(&op->news);
}

void jig_operation_log(struct jig_operation *op, enum jig_stream stream, const char *line, size_t n)
{
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        n--;
    emit(op, &(struct jig_event){.kind = JIG_EVENT_LOG,
                                 .log = {.stream = stream, .text = line, .n = n}});
}

void jig_operation_step(struct jig_operation *op, const struct jig_step_event *step)
{
    emit(op, &(struct jig_event){.kind = JIG_EVENT_STEP, .step = step});
}

void jig_operation_diagnostic(struct jig_operation *op, const struct jig_diagnostic_event *diag)
{
    emit(op, &(struct jig_event){.kind = JIG_EVENT_DIAGNOSTIC, .diagnostic = diag});
}

void jig_operation_progress(struct jig_operation *op, const struct jig_progress_event *progress)
{
    struct jig_progress_event told = *progress;
    pthread_mutex_lock(&op->mu);
    int64_t pace = jig_pace_note(&op->pace, told.phase, told.done_bytes, jig_now_ns());
    pthread_mutex_unlock(&op->mu);
    if (told.bytes_per_s == 0)
        told.bytes_per_s = pace;
    emit(op, &(struct jig_event){.kind = JIG_EVENT_PROGRESS, .progress = &told});
}

void jig_operation_notice(struct jig_operation *op, const char *id,
                          enum jig_event_severity severity, const char *fmt, ...)
{
    char text[2048];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    emit(op, &(struct jig_event){.kind = JIG_EVENT_NOTICE,
                                 .notice = {.id = id, .severity = severity, .text = text}});
}

void jig_operation_detail(struct jig_operation *op, const char *detail)
{
    pthread_mutex_lock(&op->mu);
    if (op->details.n < DETAILS_MAX)
        jig_strv_append(&op->details, detail);
    pthread_mutex_unlock(&op->mu);
}

void jig_operation_time(struct jig_operation *op, const char *group, const char *name, int64_t us)
{
    jig_times_note(op->table->options.times, group, name, us);
}

void jig_operation_add_result(struct jig_operation *op, uint32_t field, uint8_t *bytes, size_t n,
                              uint8_t *brief, size_t brief_n)
{
    struct jig_stored_result *r = jig_new(struct jig_stored_result);
    *r = (struct jig_stored_result){
        .field = field, .bytes = bytes, .n = n, .brief = brief, .brief_n = brief_n};
    pthread_mutex_lock(&op->mu);
    struct jig_stored_result **at = &op->results;
    while (*at != NULL)
        at = &(*at)->next;
    *at = r;
    op->result_bytes += sizeof *r + n + brief_n;
    pthread_mutex_unlock(&op->mu);
}

/* ---- its states ---- */

bool jig_operation_begin(struct jig_operation *op)
{
    pthread_mutex_lock(&op->mu);
    bool waits = op->state == JIG_OPERATION_QUEUED;
    if (waits) {
        op->started_unix_ms = jig_unix_ms();
        op->started_ns = jig_now_ns();
        set_state(op, JIG_OPERATION_RUNNING);
    }
    pthread_mutex_unlock(&op->mu);
    if (waits)
        jig_waitlist_wake(&op->news);
    return waits;
}

static void log_end(const struct jig_operation *op, enum jig_operation_state state,
                    const struct jig_err *err)
{
    if (state == JIG_OPERATION_SUCCEEDED)
        jig_log(JIG_LOG_INFO, "operation.succeeded", "%s %s", op->id, op->subject);
    else if (state == JIG_OPERATION_CANCELLED)
        jig_log(JIG_LOG_INFO, "operation.cancelled", "%s %s: %s", op->id, op->subject,
                err->message);
    else
        jig_log(err->code == JIG_INTERNAL ? JIG_LOG_ERROR : JIG_LOG_WARNING, "operation.failed",
                "%s %s: %s", op->id, op->subject, err->message);
}

/* What ended one that was cancelled: the reason, unless its work had more to say than "cancelled".
 * mu is held. */
static void explain_cancel(struct jig_operation *op)
{
    if (op->error.code != JIG_CANCELLED || strcmp(op->error.message, "cancelled") == 0)
        jig_err_set(&op->error, JIG_CANCELLED, "%s", op->why_cancelled);
}

/* The table first: who is told of the end must find it consistent. */
static void tell_end(struct jig_operation *op, enum jig_operation_state state,
                     const struct jig_err *err, bool waited)
{
    jig_operations_note_end(op, waited);
    static const enum jig_stat stats[] = {
        [JIG_OPERATION_SUCCEEDED] = JIG_STAT_OPERATIONS_SUCCEEDED,
        [JIG_OPERATION_FAILED] = JIG_STAT_OPERATIONS_FAILED,
        [JIG_OPERATION_CANCELLED] = JIG_STAT_OPERATIONS_CANCELLED,
    };
    jig_stats_add(op->table->options.stats, stats[state], 1);
    log_end(op, state, err);
    jig_waitlist_wake(&op->news);
    jig_waitlist_wake(&op->ended);
}

/* What ended well has told how long it took, by its outcome: its results know that. */
static void note_time(struct jig_operation *op, enum jig_operation_state state, int64_t ns)
{
    static const char *const kinds[] = {
        [JIG_OPERATION_BUILD] = "build",       [JIG_OPERATION_DEPLOY] = "deploy",
        [JIG_OPERATION_CACHE] = "cache",       [JIG_OPERATION_LNK] = "lnk",
        [JIG_OPERATION_PACKAGES] = "packages",
    };
    const char *how = state == JIG_OPERATION_FAILED ? "failed" : "cancelled";
    if (state != JIG_OPERATION_SUCCEEDED)
        jig_operation_time(op, kinds[op->kind], how, ns / 1000);
}

void jig_operation_finish(struct jig_operation *op, enum jig_code code, const struct jig_err *err)
{
    pthread_mutex_lock(&op->mu);
    enum jig_operation_state state = JIG_OPERATION_SUCCEEDED;
    if (code != JIG_OK) {
        bool asked = code == JIG_CANCELLED && jig_cancel_fired(&op->cancel);
        state = asked ? JIG_OPERATION_CANCELLED : JIG_OPERATION_FAILED;
        op->error = *err;
        op->error.code = code;
        if (asked)
            explain_cancel(op);
    }
    struct jig_err told = op->error;
    set_state(op, state);
    int64_t took_ns = op->ended_ns - op->started_ns;
    pthread_mutex_unlock(&op->mu);
    note_time(op, state, took_ns);
    tell_end(op, state, &told, false);
}

void jig_operation_fire(struct jig_operation *op, const char *why)
{
    pthread_mutex_lock(&op->mu);
    bool waits = op->state == JIG_OPERATION_QUEUED;
    if (op->why_cancelled[0] == '\0')
        snprintf(op->why_cancelled, sizeof op->why_cancelled, "%s", why);
    if (!is_over(op->state))
        jig_cancel_fire(&op->cancel);
    if (waits) {
        explain_cancel(op);
        set_state(op, JIG_OPERATION_CANCELLED);
    }
    struct jig_err told = op->error;
    pthread_mutex_unlock(&op->mu);
    if (waits)
        tell_end(op, JIG_OPERATION_CANCELLED, &told, true);
}

enum jig_code jig_operation_cancel(struct jig_operation *op, uid_t uid, const char *user,
                                   struct jig_err *reterr)
{
    if (op->uid != uid)
        return jig_err_set(reterr, JIG_PERMISSION_DENIED, "operation %s belongs to %s", op->id,
                           op->owner);
    char why[192];
    snprintf(why, sizeof why, "cancelled by %s", user);
    jig_operation_fire(op, why);
    return JIG_OK;
}

/* ---- looking at one ---- */

const char *jig_operation_id(const struct jig_operation *op)
{
    return op->id;
}

uid_t jig_operation_owner(const struct jig_operation *op)
{
    return op->uid;
}

uint32_t jig_operation_connection(const struct jig_operation *op)
{
    return op->connection;
}

struct jig_until jig_operation_until(struct jig_operation *op)
{
    return (struct jig_until){.cancel = &op->cancel, .deadline_ns = JIG_NO_DEADLINE};
}

struct jig_waitlist *jig_operation_news(struct jig_operation *op)
{
    return &op->news;
}

struct jig_waitlist *jig_operation_ended(struct jig_operation *op)
{
    return &op->ended;
}

bool jig_operation_was_at_once(const struct jig_operation *op)
{
    return op->at_once;
}

bool jig_operation_has_news(struct jig_operation *op, uint64_t cursor)
{
    pthread_mutex_lock(&op->mu);
    bool news = op->last_event != cursor || is_over(op->state);
    pthread_mutex_unlock(&op->mu);
    return news;
}

bool jig_operation_has_ended(struct jig_operation *op)
{
    pthread_mutex_lock(&op->mu);
    bool over = is_over(op->state);
    pthread_mutex_unlock(&op->mu);
    return over;
}

static enum jig_code no_room(struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
}

static bool copy_encoded(struct jig_arena *arena, uint32_t field, const uint8_t *bytes, size_t n,
                         struct jig_encoded *ret)
{
    uint8_t *copy = jig_arena_alloc(arena, n);
    if (copy == NULL)
        return false;
    memcpy(copy, bytes, n);
    *ret = (struct jig_encoded){.field = field, .bytes = copy, .n = n};
    return true;
}

/* mu is held. */
static bool copy_results(struct jig_operation *op, bool brief, struct jig_arena *arena,
                         struct jig_operation_view *v)
{
    size_t count = 0;
    for (struct jig_stored_result *r = op->results; r != NULL; r = r->next)
        count++;
    v->results = jig_arena_alloc(arena, count * sizeof *v->results);
    if (v->results == NULL)
        return false;
    for (struct jig_stored_result *r = op->results; r != NULL; r = r->next) {
        if (!copy_encoded(arena, r->field, brief ? r->brief : r->bytes, brief ? r->brief_n : r->n,
                          &v->results[v->result_count]))
            return false;
        v->result_count++;
    }
    return true;
}

/* mu is held. */
static bool copy_error(struct jig_operation *op, struct jig_arena *arena,
                       struct jig_operation_view *v)
{
    struct jig_err *error = jig_arena_alloc(arena, sizeof *error);
    v->details = jig_arena_alloc(arena, op->details.n * sizeof *v->details);
    if (error == NULL || v->details == NULL)
        return false;
    *error = op->error;
    v->error = error;
    for (size_t i = 0; i < op->details.n; i++) {
        v->details[i] = jig_arena_strdup(arena, op->details.v[i]);
        if (v->details[i] == NULL)
            return false;
        v->detail_count++;
    }
    return true;
}

/* mu is held. */
static bool copy_view(struct jig_operation *op, bool brief, struct jig_arena *arena,
                      struct jig_operation_view *v)
{
    *v = (struct jig_operation_view){
        .id = op->id, /* these three do not change and outlive the reply: the caller has a ref */
        .subject = op->subject,
        .owner = op->owner,
        .kind = op->kind,
        .state = op->state,
        .owner_pid = op->owner_pid,
        .created_unix_ms = op->created_unix_ms,
        .started_unix_ms = op->started_unix_ms,
        .ended_unix_ms = op->ended_unix_ms,
        .last_event = op->last_event,
    };
    if (!is_over(op->state))
        return true;
    if (op->error.code != JIG_OK && !copy_error(op, arena, v))
        return false;
    return copy_results(op, brief, arena, v);
}

enum jig_code jig_operation_view(struct jig_operation *op, bool brief, struct jig_arena *arena,
                                 struct jig_operation_view *ret, struct jig_err *reterr)
{
    pthread_mutex_lock(&op->mu);
    bool fits = copy_view(op, brief, arena, ret);
    pthread_mutex_unlock(&op->mu);
    return fits ? JIG_OK : no_room(reterr);
}

/* mu is held. */
static enum jig_code read_events(struct jig_operation *op, uint64_t cursor, size_t max_events,
                                 size_t max_bytes, struct jig_arena *arena,
                                 struct jig_operation_events *ret, struct jig_err *reterr)
{
    if (cursor > op->last_event)
        return jig_err_set(reterr, JIG_OUT_OF_RANGE,
                           "the cursor is %llu; operation %s has had %llu events",
                           (unsigned long long)cursor, op->id, (unsigned long long)op->last_event);
    uint64_t dropped = 0;
    size_t from = 0; /* in the ring */
    uint64_t oldest = op->last_event - op->event_count + 1;
    if (oldest > cursor + 1)
        dropped = oldest - cursor - 1;
    else
        from = (size_t)(cursor + 1 - oldest);
    size_t most = op->event_count - from;
    most = most < max_events ? most : max_events;
    *ret = (struct jig_operation_events){.cursor = cursor + dropped, .dropped = dropped};
    ret->events = jig_arena_alloc(arena, most * sizeof *ret->events);
    if (ret->events == NULL)
        return no_room(reterr);
    size_t bytes = 0;
    while (ret->count < most) {
        const struct jig_stored_event *e = event_at(op, from + ret->count);
        bytes += e->n;
        if (ret->count > 0 && bytes > max_bytes)
            break;
        if (!copy_encoded(arena, 0, e->bytes, e->n, &ret->events[ret->count]))
            return no_room(reterr);
        ret->count++;
    }
    ret->cursor += ret->count;
    return JIG_OK;
}

enum jig_code jig_operation_read(struct jig_operation *op, uint64_t cursor, size_t max_events,
                                 size_t max_bytes, struct jig_arena *arena,
                                 struct jig_operation_events *ret, struct jig_err *reterr)
{
    pthread_mutex_lock(&op->mu);
    enum jig_code code = read_events(op, cursor, max_events, max_bytes, arena, ret, reterr);
    pthread_mutex_unlock(&op->mu);
    return code;
}
