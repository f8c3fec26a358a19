#include "core/fetch/fetch.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/attempt.h"
#include "core/fetch/fetcher_impl.h"
#include "core/fetch/outages.h"
#include "core/fetch/url.h"
#include "core/os/random.h"
#include "core/os/time.h"

#define GETS_ON (1 << 20) /* bytes that a round has to bring so that it does not count */

static enum jig_code check_spec(const struct jig_fetcher *f, const struct jig_fetch_spec *spec,
                                struct jig_err *reterr)
{
    if (spec->n_urls == 0)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "there is no URL to fetch from");
    for (size_t i = 0; i < spec->n_urls; i++) {
        enum jig_code code = jig_url_check(spec->urls[i], f->options.allow_file, reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

/* The failure that says most: wrong content before anything else, else the first URL's. */
static const struct jig_candidate *worst(const struct jig_transfer *t)
{
    for (size_t i = 0; i < t->spec->n_urls; i++) {
        if (t->candidates[i].err.code == JIG_DATA_LOSS)
            return &t->candidates[i];
    }
    return &t->candidates[0];
}

static enum jig_code fail(const struct jig_transfer *t, struct jig_err *reterr)
{
    const struct jig_candidate *c = worst(t);
    if (reterr == NULL)
        return c->err.code;
    *reterr = c->err;
    jig_err_prefix(reterr, "cannot fetch %.*s", 400, c->url);
    if (t->spec->n_urls > 1 && c->err.hint[0] == '\0')
        jig_err_hint(reterr, "none of its %zu URLs did", t->spec->n_urls);
    return c->err.code;
}

/* Waits until another round makes sense. OK when it does. */
static enum jig_code pause_between(struct jig_transfer *t, struct jig_err *reterr)
{
    const struct jig_fetcher_options *o = &t->fetcher->options;
    uint64_t ms = o->pause_ms;
    uint8_t chance = 0;
    struct jig_bell nobody_rings;
    for (uint32_t i = 1; i < t->round && ms < o->most_pause_ms; i++)
        ms *= 2;
    if (ms > o->most_pause_ms)
        ms = o->most_pause_ms;
    if (jig_random(&chance, sizeof chance, NULL) == JIG_OK) /* without it, without chance */
        ms -= ms * chance / 512;                            /* up to half of it */
    int64_t pause_ends = jig_deadline_in_ms((int64_t)ms);
    int64_t wake = INT64_MAX;
    for (size_t i = 0; i < t->spec->n_urls; i++) {
        const struct jig_candidate *c = &t->candidates[i];
        int64_t ready = c->not_before_ns > pause_ends ? c->not_before_ns : pause_ends;
        if (!c->out && ready < wake)
            wake = ready;
    }
    struct jig_until until = jig_until_sooner(t->until, wake);
    jig_bell_init(&nobody_rings);
    enum jig_code code = jig_bell_wait(&nobody_rings, 0, -1, &until, reterr);
    jig_bell_release(&nobody_rings);
    return code == JIG_DEADLINE_EXCEEDED ? jig_until_check(t->until, reterr) : code;
}

/* One try at each URL that may still do. DONE, STOP, AGAIN; OUT when all are. */
static enum jig_attempt one_round(struct jig_transfer *t)
{
    for (size_t i = 0; i < t->spec->n_urls; i++) {
        struct jig_candidate *c = &t->candidates[i];
        if (c->out || c->not_before_ns > jig_now_ns())
            continue;
        enum jig_attempt how = jig_attempt(t, c);
        if (how == JIG_ATTEMPT_DONE || how == JIG_ATTEMPT_STOP)
            return how;
    }
    for (size_t i = 0; i < t->spec->n_urls; i++) {
        if (!t->candidates[i].out)
            return JIG_ATTEMPT_AGAIN;
    }
    return JIG_ATTEMPT_OUT;
}

/* A long download over a bad line gets on, round by round: those do not count. */
static void count_round(struct jig_transfer *t)
{
    if (t->have >= t->most_had + GETS_ON)
        t->round = 0;
    if (t->have > t->most_had)
        t->most_had = t->have;
}

static enum jig_code stopped(const struct jig_transfer *t, struct jig_err *reterr)
{
    const struct jig_candidate *c = t->at;
    if (reterr != NULL)
        *reterr = c->err;
    return c->err.code;
}

static enum jig_code rounds(struct jig_transfer *t, struct jig_err *reterr)
{
    for (t->round = 1;; t->round++) {
        enum jig_attempt how = one_round(t);
        if (how == JIG_ATTEMPT_DONE)
            return JIG_OK;
        if (how == JIG_ATTEMPT_STOP)
            return stopped(t, reterr);
        count_round(t);
        t->gave_up = t->round >= t->fetcher->options.rounds;
        if (how == JIG_ATTEMPT_OUT || t->gave_up)
            return fail(t, reterr);
        enum jig_code code = pause_between(t, reterr);
        if (code != JIG_OK)
            return code;
    }
}

/* What an earlier call left may be all of it. */
static enum jig_code take_what_is_there(struct jig_transfer *t, bool *ret_done,
                                        struct jig_err *reterr)
{
    const struct jig_fetch_spec *spec = t->spec;
    *ret_done = false;
    if (spec->size < 0 || t->have < (uint64_t)spec->size || spec->sink.end == NULL)
        return JIG_OK;
    enum jig_code code = JIG_DATA_LOSS;
    if (t->have == (uint64_t)spec->size)
        code = spec->sink.end(spec->sink.ctx, reterr);
    if (code == JIG_OK)
        t->result.size = t->have;
    t->have = 0;
    *ret_done = code == JIG_OK;
    return code == JIG_DATA_LOSS ? JIG_OK : code;
}

enum jig_code jig_fetch(struct jig_fetcher *f, const struct jig_fetch_spec *spec,
                        const struct jig_until *until, struct jig_fetch_result *ret,
                        struct jig_err *reterr)
{
    struct jig_transfer t = {.fetcher = f, .spec = spec, .until = until, .total = -1};
    enum jig_code code = check_spec(f, spec, reterr);
    if (code == JIG_OK)
        code = jig_credentials_load(f->options.netrc, f->options.tokens, &t.credentials, reterr);
    if (code != JIG_OK)
        return code;
    t.candidates = jig_xcalloc(spec->n_urls, sizeof *t.candidates);
    for (size_t i = 0; i < spec->n_urls; i++)
        t.candidates[i].url = spec->urls[i];
    t.at = t.candidates;
    t.have = spec->sink.end == NULL ? 0 : spec->have;
    t.most_had = t.have;
    bool done = false;
    code = take_what_is_there(&t, &done, reterr);
    if (code == JIG_OK && !done)
        code = rounds(&t, reterr);
    jig_outages_leave(spec->outages, &t, t.gave_up);
    if (code == JIG_OK) {
        t.result.url = (size_t)(t.at - t.candidates);
        jig_transfer_tell(&t, true);
        if (ret != NULL)
            *ret = t.result;
    }
    jig_credentials_release(&t.credentials);
    free(t.candidates);
    return code;
}
