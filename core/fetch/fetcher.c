#include "core/fetch/fetcher_impl.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

static const struct jig_fetcher_options defaults = {
    .connect_ms = 15000,
    .stall_ms = 30000,
    .stall_bytes = 1024,
    .rounds = 5,
    .pause_ms = 500,
    .most_pause_ms = 60000,
    .host_at_once = 6,
    .at_once = 16,
};

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
    return value == 0 ? otherwise : value;
}

static struct jig_fetcher_options settle(const struct jig_fetcher_options *o)
{
    return (struct jig_fetcher_options){
        .proxy = jig_xstrdup(o->proxy),
        .no_proxy = jig_xstrdup(o->no_proxy),
        .ca_file = jig_xstrdup(o->ca_file),
        .netrc = jig_xstrdup(o->netrc),
        .tokens = jig_xstrdup(o->tokens),
        .allow_file = o->allow_file,
        .trust_plain = o->trust_plain,
        .connect_ms = or_default(o->connect_ms, defaults.connect_ms),
        .stall_ms = or_default(o->stall_ms, defaults.stall_ms),
        .stall_bytes = or_default(o->stall_bytes, defaults.stall_bytes),
        .rounds = or_default(o->rounds, defaults.rounds),
        .pause_ms = or_default(o->pause_ms, defaults.pause_ms),
        .most_pause_ms = or_default(o->most_pause_ms, defaults.most_pause_ms),
        .host_at_once = or_default(o->host_at_once, defaults.host_at_once),
        .at_once = or_default(o->at_once, defaults.at_once),
    };
}

struct jig_fetcher *jig_fetcher_new(const struct jig_fetcher_options *options)
{
    struct jig_fetcher *f = jig_new(struct jig_fetcher);
    f->options = settle(options);
    f->lanes = jig_xcalloc(f->options.at_once, sizeof *f->lanes);
    pthread_mutex_init(&f->mu, NULL);
    jig_bell_init(&f->bell);
    jig_bell_init(&f->flight_bell);
    return f;
}

void jig_fetcher_set_remote(struct jig_fetcher *f, struct jig_remote *remote)
{
    f->remote = remote;
}

void jig_fetcher_free(struct jig_fetcher *f)
{
    if (f == NULL)
        return;
    for (uint32_t i = 0; i < f->options.at_once; i++) {
        if (f->lanes[i].easy != NULL)
            curl_easy_cleanup(f->lanes[i].easy);
        if (f->lanes[i].multi != NULL)
            curl_multi_cleanup(f->lanes[i].multi);
        free(f->lanes[i].host);
    }
    free(f->lanes);
    free((char *)f->options.proxy);
    free((char *)f->options.no_proxy);
    free((char *)f->options.ca_file);
    free((char *)f->options.netrc);
    free((char *)f->options.tokens);
    jig_bell_release(&f->bell);
    jig_bell_release(&f->flight_bell);
    pthread_mutex_destroy(&f->mu);
    free(f);
}

/* The free lane that fits best, or NULL when the limits say no. Under mu. */
static struct jig_lane *find_lane(struct jig_fetcher *f, const char *host)
{
    uint32_t at_host = 0;
    struct jig_lane *best = NULL;
    for (uint32_t i = 0; i < f->options.at_once; i++) {
        struct jig_lane *lane = &f->lanes[i];
        bool was_there = jig_streq(lane->host, host);
        if (lane->held) {
            at_host += was_there;
            continue;
        }
        bool is_new = lane->host == NULL;
        if (best == NULL || was_there || (is_new && !jig_streq(best->host, host)))
            best = lane;
    }
    return at_host < f->options.host_at_once ? best : NULL;
}

static struct jig_lane *try_hold(struct jig_fetcher *f, const char *host)
{
    pthread_mutex_lock(&f->mu);
    struct jig_lane *lane = find_lane(f, host);
    if (lane != NULL) {
        lane->held = true;
        if (!jig_streq(lane->host, host)) {
            free(lane->host);
            lane->host = jig_xstrdup(host);
        }
    }
    pthread_mutex_unlock(&f->mu);
    return lane;
}

/* Not before it is needed: a daemon that fetches nothing pays nothing. */
static enum jig_code equip(struct jig_lane *lane, struct jig_err *reterr)
{
    enum jig_code code = jig_curl_load(reterr);
    if (code != JIG_OK)
        return code;
    if (lane->multi == NULL)
        lane->multi = curl_multi_init();
    if (lane->easy == NULL)
        lane->easy = curl_easy_init();
    if (lane->multi == NULL || lane->easy == NULL)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "there is no memory for a download");
    curl_multi_setopt(lane->multi, CURLMOPT_MAXCONNECTS, 2L);
    return JIG_OK;
}

enum jig_code jig_lane_hold(struct jig_fetcher *f, const char *host, const struct jig_until *until,
                            struct jig_lane **ret, struct jig_err *reterr)
{
    for (;;) {
        uint64_t seen = jig_bell_count(&f->bell);
        struct jig_lane *lane = try_hold(f, host);
        enum jig_code code = JIG_OK;
        if (lane == NULL) {
            code = jig_bell_wait(&f->bell, seen, -1, until, reterr);
            if (code != JIG_OK)
                return code;
            continue;
        }
        code = equip(lane, reterr);
        if (code != JIG_OK)
            jig_lane_give_back(f, lane);
        else
            *ret = lane;
        return code;
    }
}

void jig_lane_give_back(struct jig_fetcher *f, struct jig_lane *lane)
{
    pthread_mutex_lock(&f->mu);
    lane->held = false;
    pthread_mutex_unlock(&f->mu);
    jig_bell_ring(&f->bell);
}
