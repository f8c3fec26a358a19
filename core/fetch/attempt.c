#include "core/fetch/attempt.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/fetcher_impl.h"
#include "core/fetch/hop.h"
#include "core/fetch/outages.h"
#include "core/fetch/url.h"
#include "core/os/time.h"

#define DEFAULT_MOST  (UINT64_C(16) << 30)
#define NOT_OURS_MOST (64 * 1024) /* bytes of an error's page that are read, for the connection */

/* One request of an attempt, and what its body turned out to be. */
struct trial {
    struct jig_transfer *t;
    uint64_t asked_from; /* 0: for all of it */
    uint64_t thrown_away;
    bool accepted; /* the sink has begun */
    bool cut_off;  /* by us: it was only an error's page */
    bool nonsense; /* an answer to a range that is not that range */
    bool sink_failed;
};

/* ------------------------------------------------------------------------------------- progress */

static uint64_t rate(struct jig_transfer *t, int64_t now)
{
    uint64_t received = t->result.received;
    size_t last = t->n_samples % JIG_RATE_SAMPLES;
    size_t first = t->n_samples < JIG_RATE_SAMPLES ? 0 : last;
    uint64_t per_s = 0;
    if (t->n_samples > 0 && now > t->samples[first].at_ns)
        per_s = (uint64_t)((double)(received - t->samples[first].received) * 1e9 /
                           (double)(now - t->samples[first].at_ns));
    t->samples[last].at_ns = now;
    t->samples[last].received = received;
    t->n_samples++;
    return per_s;
}

void jig_transfer_tell(struct jig_transfer *t, bool always)
{
    int64_t now = jig_now_ns();
    if (t->spec->progress == NULL ||
        (!always && now - t->told_ns < JIG_FETCH_TICK_MS * JIG_NS_PER_MS))
        return;
    t->told_ns = now;
    struct jig_fetch_progress p = {
        .url = t->at->url,
        .received = t->have,
        .total = t->total >= 0 ? t->total : t->spec->size,
        .bytes_per_s = rate(t, now),
        .round = t->round,
        .trouble = t->at->err.code == JIG_OK ? NULL : t->at->err.message,
    };
    t->spec->progress(t->spec->progress_ctx, &p);
}

static void tick(void *ctx)
{
    struct trial *trial = ctx;
    jig_transfer_tell(trial->t, false);
}

/* ----------------------------------------------------------------------------------- the body */

static uint64_t most(const struct jig_transfer *t)
{
    return t->spec->most == 0 ? DEFAULT_MOST : t->spec->most;
}

static enum jig_code wrong_size(struct trial *trial, int64_t size, struct jig_err *reterr)
{
    trial->t->have = 0;
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "it has %" PRId64 " bytes where %" PRId64 " are expected", size,
                          trial->t->spec->size);
}

static enum jig_code too_large(struct trial *trial, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                       "it has more than the %" PRIu64 " bytes that are allowed", most(trial->t));
}

static bool is_good(int status)
{
    return status == 0 || status == 200 || status == 203 || status == 206;
}

/* What the whole has by this answer; -1 when it does not say. */
static int64_t total_of(const struct trial *trial, const struct jig_hop_answer *head)
{
    if (head->status != 206)
        return head->length;
    if (head->range.total >= 0 || head->length < 0)
        return head->range.total;
    int64_t from = (int64_t)trial->asked_from;
    return head->length > INT64_MAX - from ? INT64_MAX : from + head->length;
}

/* A weak tag says that it means the same, not that its bytes are the same. */
static void keep_validator(struct jig_transfer *t, const struct jig_hop_answer *head)
{
    bool strong = head->etag[0] != '\0' && !jig_str_starts(head->etag, "W/");
    const char *validator = strong ? head->etag : head->last_modified;
    size_t n = strlen(validator);
    t->validated = n > 0 ? t->at : NULL;
    memcpy(t->validator, validator, n + 1);
    memcpy(t->result.etag, head->etag, sizeof t->result.etag);
    memcpy(t->result.last_modified, head->last_modified, sizeof t->result.last_modified);
}

/* A good answer's head is known: does it give what is wanted? Then the sink begins. */
static enum jig_code accept_answer(struct trial *trial, const struct jig_hop_answer *head,
                                   struct jig_err *reterr)
{
    struct jig_transfer *t = trial->t;
    uint64_t offset = head->status == 206 ? trial->asked_from : 0;
    if (head->status == 206 && (trial->asked_from == 0 || !head->has_range ||
                                head->range.first != (int64_t)trial->asked_from)) {
        trial->nonsense = true;
        return jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                           "the server sends a part that was not asked for");
    }
    t->total = total_of(trial, head);
    if (t->spec->size >= 0 && t->total >= 0 && t->total != t->spec->size)
        return wrong_size(trial, t->total, reterr);
    if (t->total > 0 && (uint64_t)t->total > most(t))
        return too_large(trial, reterr);
    keep_validator(t, head);
    trial->accepted = true;
    t->have = offset;
    enum jig_code code = t->spec->sink.begin(t->spec->sink.ctx, offset, reterr);
    trial->sink_failed = code != JIG_OK;
    return code;
}

static enum jig_code take_body(void *ctx, const struct jig_hop_answer *head, const void *data,
                               size_t n, struct jig_err *reterr)
{
    struct trial *trial = ctx;
    struct jig_transfer *t = trial->t;
    if (!is_good(head->status)) {
        trial->thrown_away += n;
        trial->cut_off = trial->thrown_away > NOT_OURS_MOST;
        return trial->cut_off ? jig_err_set(reterr, JIG_ABORTED, "enough of it") : JIG_OK;
    }
    if (!trial->accepted) {
        enum jig_code code = accept_answer(trial, head, reterr);
        if (code != JIG_OK)
            return code;
    }
    t->result.received += n;
    if (t->spec->size >= 0 && n > (uint64_t)t->spec->size - t->have)
        return wrong_size(trial, (int64_t)(t->have + n), reterr);
    if (t->have > most(t) || n > most(t) - t->have)
        return too_large(trial, reterr);
    enum jig_code code = t->spec->sink.write(t->spec->sink.ctx, data, n, reterr);
    trial->sink_failed = code != JIG_OK;
    if (code == JIG_OK)
        t->have += n;
    return code;
}

/* ---------------------------------------------------------------------------------- the answer */

static enum jig_attempt out(struct jig_candidate *c)
{
    c->out = true;
    return JIG_ATTEMPT_OUT;
}

static const struct {
    int status;
    enum jig_code code;
    bool may_pass;
    const char *hint;
} statuses[] = {
    {401, JIG_UNAUTHENTICATED, false,
     "a user name and password for the host belong into ~/.netrc, a token into the token file"},
    {403, JIG_PERMISSION_DENIED, false, NULL},
    {404, JIG_NOT_FOUND, false, NULL},
    {407, JIG_UNAUTHENTICATED, false, "the proxy wants to know who asks"},
    {408, JIG_UNAVAILABLE, true, NULL},
    {410, JIG_NOT_FOUND, false, NULL},
    {425, JIG_UNAVAILABLE, true, NULL},
    {429, JIG_UNAVAILABLE, true, NULL},
    {500, JIG_UNAVAILABLE, true, NULL},
    {502, JIG_UNAVAILABLE, true, NULL},
    {503, JIG_UNAVAILABLE, true, NULL},
    {504, JIG_UNAVAILABLE, true, NULL},
};

/* Any answer that is neither good nor a redirect. */
static enum jig_attempt refused(struct jig_transfer *t, struct jig_candidate *c,
                                const struct jig_hop_answer *a)
{
    enum jig_code code = JIG_FAILED_PRECONDITION;
    bool may_pass = false;
    const char *hint = NULL;
    for (size_t i = 0; i < JIG_COUNT(statuses); i++) {
        if (statuses[i].status != a->status)
            continue;
        code = statuses[i].code;
        may_pass = statuses[i].may_pass;
        hint = statuses[i].hint;
    }
    jig_err_set(&c->err, code, "the server answers with status %d", a->status);
    if (hint != NULL)
        jig_err_hint(&c->err, "%s", hint);
    if (!may_pass)
        return out(c);
    int64_t most_s = t->fetcher->options.most_pause_ms / 1000;
    if (a->retry_after_s > most_s) {
        jig_err_set(&c->err, JIG_UNAVAILABLE,
                    "the server answers with status %d and asks to come back in %" PRId64 " s",
                    a->status, a->retry_after_s);
        return out(c);
    }
    c->not_before_ns = a->retry_after_s == 0 ? 0 : jig_deadline_in_ms(a->retry_after_s * 1000);
    return JIG_ATTEMPT_AGAIN;
}

/* The body came to its end by itself. */
static enum jig_attempt whole(struct trial *trial, struct jig_candidate *c)
{
    struct jig_transfer *t = trial->t;
    const struct jig_fetch_sink *sink = &t->spec->sink;
    if (t->total >= 0 && t->have < (uint64_t)t->total) {
        jig_err_set(&c->err, JIG_UNAVAILABLE, "only %" PRIu64 " of %" PRId64 " bytes came", t->have,
                    t->total);
        return JIG_ATTEMPT_AGAIN;
    }
    if (t->spec->size >= 0 && t->have != (uint64_t)t->spec->size) {
        wrong_size(trial, (int64_t)t->have, &c->err);
        return out(c);
    }
    t->result.size = t->have;
    enum jig_code code = sink->end == NULL ? JIG_OK : sink->end(sink->ctx, &c->err);
    if (code == JIG_OK)
        return JIG_ATTEMPT_DONE;
    if (code != JIG_DATA_LOSS)
        return JIG_ATTEMPT_STOP;
    t->have = 0; /* of wrong content nothing is kept */
    t->validated = NULL;
    if (trial->asked_from == 0)
        return out(c);
    c->no_range = true; /* what was there before may have been wrong */
    return JIG_ATTEMPT_AGAIN;
}

/* The hop did not end by itself. */
static enum jig_attempt broken(struct trial *trial, struct jig_candidate *c, enum jig_code code,
                               const struct jig_hop_answer *a)
{
    if (trial->nonsense && !c->no_range && trial->asked_from > 0) {
        c->no_range = true;
        return JIG_ATTEMPT_AGAIN;
    }
    if (trial->sink_failed || code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
        return JIG_ATTEMPT_STOP;
    if (a->may_pass)
        return JIG_ATTEMPT_AGAIN;
    return out(c);
}

static enum jig_attempt judge(struct trial *trial, struct jig_candidate *c, enum jig_code code,
                              const struct jig_hop_answer *a)
{
    struct jig_transfer *t = trial->t;
    if (code != JIG_OK && !trial->cut_off)
        return broken(trial, c, code, a);
    if (a->status == 304 &&
        (t->spec->if_none_match != NULL || t->spec->if_modified_since != NULL)) {
        t->result.not_modified = true;
        return JIG_ATTEMPT_DONE;
    }
    if (a->status == 416 && trial->asked_from > 0) {
        c->no_range = true;
        jig_err_set(&c->err, JIG_UNAVAILABLE, "the server does not have what is to follow");
        return JIG_ATTEMPT_AGAIN;
    }
    if (!is_good(a->status))
        return refused(t, c, a);
    if (!trial->accepted) { /* an empty body */
        code = accept_answer(trial, a, &c->err);
        if (code != JIG_OK)
            return broken(trial, c, code, a);
    }
    return whole(trial, c);
}

/* ---------------------------------------------------------------------------------- redirects */

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static enum jig_code check_redirect(const char *from, const char *to, struct jig_err *reterr)
{
    struct jig_url old;
    struct jig_url new;
    enum jig_code code = jig_url_parse(from, true, &old, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_url_parse(to, false, &new, reterr);
    if (code == JIG_OK) {
        if (old.is_https && !new.is_https)
            code = jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                               "the server redirects from https to http, to %s", new.host);
        jig_url_release(&new);
    } else {
        jig_err_prefix(reterr, "the server redirects to what is not fetched");
        code = JIG_FAILED_PRECONDITION;
        if (reterr != NULL)
            reterr->code = code;
    }
    jig_url_release(&old);
    return code;
}

/* From where a range is asked for; 0 for all. */
static uint64_t resume_from(const struct jig_transfer *t, const struct jig_candidate *c)
{
    bool same = t->validated == c;
    return t->have > 0 && !c->no_range && (same || t->spec->sink.end != NULL) ? t->have : 0;
}

/* What the configuration names is the candidate's host; who it redirects to is another's choice. */
static bool is_trusted(const struct jig_transfer *t, const char *url)
{
    struct jig_url named;
    struct jig_url to;
    if (!t->fetcher->options.trust_plain ||
        jig_url_parse(t->at->url, false, &named, NULL) != JIG_OK)
        return false;
    bool same = jig_url_parse(url, false, &to, NULL) == JIG_OK;
    if (same) {
        same = jig_streq(named.host, to.host) && named.port == to.port;
        jig_url_release(&to);
    }
    jig_url_release(&named);
    return same;
}

static enum jig_code ask(struct trial *trial, const char *url, bool allow_file,
                         struct jig_hop_answer *ret, struct jig_err *reterr)
{
    struct jig_transfer *t = trial->t;
    struct jig_hop hop = {
        .method = JIG_HOP_GET,
        .url = url,
        .allow_file = allow_file,
        .trust_plain = is_trusted(t, url),
        .credentials = &t->credentials,
        .range_from = trial->asked_from,
        .if_range = t->validated == t->at ? t->validator : NULL,
        .if_none_match = t->spec->if_none_match,
        .if_modified_since = t->spec->if_modified_since,
        .body = take_body,
        .tick = tick,
        .ctx = trial,
    };
    return jig_hop_run(t->fetcher, &hop, t->until, ret, reterr);
}

/* ------------------------------------------------------------------------------- silent hosts */

/* "host:port"; NULL for what is no host's. The caller frees. */
static char *host_of(const char *url)
{
    struct jig_url u;
    if (jig_url_parse(url, true, &u, NULL) != JIG_OK)
        return NULL;
    char *host = u.is_file ? NULL : jig_strf("%s:%u", u.host, (unsigned)u.port);
    jig_url_release(&u);
    return host;
}

/* Another of its URLs can be asked in this round, and this one in the next. */
static bool may_skip(const struct jig_transfer *t, const struct jig_candidate *c)
{
    bool others = false;
    for (size_t i = 0; i < t->spec->n_urls; i++)
        others = others || (&t->candidates[i] != c && !t->candidates[i].out);
    return others && t->round < t->fetcher->options.rounds;
}

/* Whether the host of `url` is to be asked; else *ret_how says what that comes to. */
static bool may_ask(struct jig_transfer *t, struct jig_candidate *c, const char *host,
                    enum jig_attempt *ret_how)
{
    enum jig_code code =
        jig_outages_enter(t->spec->outages, t, host, may_skip(t, c), t->until, &c->err);
    *ret_how = JIG_ATTEMPT_STOP;
    if (code == JIG_UNAVAILABLE)
        *ret_how = out(c);
    if (code == JIG_ABORTED) {
        *ret_how = JIG_ATTEMPT_AGAIN;
        c->err.code = JIG_UNAVAILABLE;
    }
    return code == JIG_OK;
}

/* ask(), and what is known of the host before and after. False when it is not asked. */
static bool ask_host(struct trial *trial, struct jig_candidate *c, const char *url, bool allow_file,
                     struct jig_hop_answer *ret, enum jig_code *ret_code, enum jig_attempt *ret_how)
{
    struct jig_transfer *t = trial->t;
    JIG_CLEANUP_FREE char *host = t->spec->outages != NULL ? host_of(url) : NULL;
    if (host != NULL && !may_ask(t, c, host, ret_how))
        return false;
    *ret_code = ask(trial, url, allow_file, ret, &c->err);
    if (host != NULL && ret->status != 0)
        jig_outages_answered(t->spec->outages, host);
    else if (host != NULL && *ret_code != JIG_OK && ret->may_pass)
        jig_outages_silent(t->spec->outages, t, host, &c->err);
    return true;
}

static enum jig_attempt try_once(struct jig_transfer *t, struct jig_candidate *c)
{
    JIG_CLEANUP_FREE char *url = jig_xstrdup(c->url);
    bool is_file = jig_str_starts(url, "file:"); /* which curl would not judge ranges of */
    for (int hops = 0; hops <= JIG_REDIRECTS_MAX; hops++) {
        struct trial trial = {.t = t, .asked_from = is_file ? 0 : resume_from(t, c)};
        struct jig_hop_answer answer;
        enum jig_code code;
        enum jig_attempt how;
        bool allow_file = hops == 0 && t->fetcher->options.allow_file;
        if (!ask_host(&trial, c, url, allow_file, &answer, &code, &how))
            return how;
        bool follow = code == JIG_OK && is_redirect(answer.status) && answer.redirect != NULL;
        if (!follow) {
            how = judge(&trial, c, code, &answer);
            jig_hop_answer_release(&answer);
            return how;
        }
        code = check_redirect(url, answer.redirect, &c->err);
        free(url);
        url = jig_steal(&answer.redirect);
        jig_hop_answer_release(&answer);
        if (code != JIG_OK)
            return out(c);
    }
    jig_err_set(&c->err, JIG_FAILED_PRECONDITION, "the server redirects more than %d times",
                JIG_REDIRECTS_MAX);
    return out(c);
}

enum jig_attempt jig_attempt(struct jig_transfer *t, struct jig_candidate *c)
{
    bool believed_ranges = !c->no_range;
    t->at = c;
    enum jig_attempt how = try_once(t, c);
    if (how == JIG_ATTEMPT_AGAIN && believed_ranges && c->no_range)
        how = try_once(t, c); /* from the beginning, at once */
    if (t->have > t->most_had && how == JIG_ATTEMPT_AGAIN)
        jig_transfer_tell(t, true);
    return how;
}
