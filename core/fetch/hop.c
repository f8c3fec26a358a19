#include "core/fetch/hop.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/fetcher_impl.h"
#include "core/fetch/url.h"
#include "core/os/time.h"

#define BODY_CHUNK (128 * 1024) /* bytes that curl reads at once */
#define POLL_MS    JIG_FETCH_TICK_MS

struct run {
    struct jig_fetcher *fetcher;
    const struct jig_hop *hop;
    struct jig_lane *lane;
    struct jig_url url;
    struct curl_slist *headers;
    struct jig_hop_answer *answer;
    bool head_known;
    enum jig_code ours; /* what the body's taker failed with */
    struct jig_err ours_err;
    int64_t window_ends_ns; /* of looking whether it stalls */
    int64_t window_bytes;
};

/* ---------------------------------------------------------------------------------- the answer */

static void copy_header(CURL *easy, const char *name, char *out, size_t size)
{
    struct curl_header *h;
    out[0] = '\0';
    if (curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK &&
        strlen(h->value) < size)
        memcpy(out, h->value, strlen(h->value) + 1);
}

static void read_head(struct run *r)
{
    struct jig_hop_answer *a = r->answer;
    CURL *easy = r->lane->easy;
    char range[128];
    long status = 0;
    curl_off_t length = -1;
    curl_off_t after = 0;
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &after);
    a->status = (int)status;
    a->length = length;
    a->retry_after_s = after < 0 ? 0 : after;
    copy_header(easy, "Content-Range", range, sizeof range);
    a->has_range = jig_content_range_parse(range, &a->range);
    copy_header(easy, "ETag", a->etag, sizeof a->etag);
    copy_header(easy, "Last-Modified", a->last_modified, sizeof a->last_modified);
    r->head_known = true;
}

/* curl knows only at the end where it was sent to. */
static void read_end(struct run *r)
{
    char *redirect = NULL;
    if (!r->head_known)
        read_head(r);
    curl_easy_getinfo(r->lane->easy, CURLINFO_REDIRECT_URL, &redirect);
    r->answer->redirect = jig_xstrdup(redirect);
}

static size_t take_body(char *data, size_t one, size_t n, void *ctx)
{
    struct run *r = ctx;
    if (!r->head_known)
        read_head(r);
    if (r->hop->body != NULL)
        r->ours = r->hop->body(r->hop->ctx, r->answer, data, one * n, &r->ours_err);
    return r->ours == JIG_OK ? one * n : CURL_WRITEFUNC_ERROR;
}

static size_t give_body(char *data, size_t one, size_t n, void *ctx)
{
    struct run *r = ctx;
    size_t got = r->hop->read(r->hop->ctx, data, one * n);
    return got == SIZE_MAX ? CURL_READFUNC_ABORT : got;
}

/* ----------------------------------------------------------------------------------- the request
 */

static void add_header(struct run *r, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    JIG_CLEANUP_FREE char *line = jig_strf("%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(r->headers, line);
    if (longer == NULL)
        abort(); /* memory is out: see mem.h */
    r->headers = longer;
}

static void set_credentials(struct run *r)
{
    bool private = r->url.is_https || r->url.is_loopback || r->hop->trust_plain;
    const struct jig_credential *c =
        private && r->hop->credentials != NULL
            ? jig_credentials_for(r->hop->credentials, r->url.host, r->url.port)
            : NULL;
    if (c == NULL)
        return;
    /* A header of our own: what curl is told goes into the URLs of redirects, too. */
    JIG_CLEANUP_FREE char *value = jig_credential_authorization(c);
    add_header(r, "Authorization", value);
}

static void set_network(struct run *r)
{
    const struct jig_fetcher_options *o = &r->fetcher->options;
    CURL *easy = r->lane->easy;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* Whoever looks a name up may take long, and ends by itself: no timeout or cancel waits for it.
     */
    curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, r->url.is_file ? "file" : "http,https");
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, (long)BODY_CHUNK);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "jig/" JIG_VERSION);
    if (o->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, o->ca_file);
    if (r->url.is_loopback || jig_streq(o->proxy, "none")) /* "" turns it off */
        curl_easy_setopt(easy, CURLOPT_PROXY, "");
    else if (o->proxy != NULL)
        curl_easy_setopt(easy, CURLOPT_PROXY, o->proxy);
    if (o->no_proxy != NULL)
        curl_easy_setopt(easy, CURLOPT_NOPROXY, o->no_proxy);
}

static void set_method(struct run *r)
{
    CURL *easy = r->lane->easy;
    const struct jig_hop *hop = r->hop;
    if (hop->method == JIG_HOP_HEAD)
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    if (hop->method != JIG_HOP_PUT)
        return;
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)BODY_CHUNK);
    curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)hop->upload_size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_body);
    curl_easy_setopt(easy, CURLOPT_READDATA, r);
}

static void set_request(struct run *r)
{
    CURL *easy = r->lane->easy;
    const struct jig_hop *hop = r->hop;
    curl_easy_reset(easy);
    set_network(r);
    set_method(r);
    set_credentials(r);
    if (hop->range_from > 0) {
        JIG_CLEANUP_FREE char *range = jig_strf("bytes=%" PRIu64 "-", hop->range_from);
        add_header(r, "Range", range);
    }
    add_header(r, "If-Range", hop->range_from > 0 ? hop->if_range : NULL);
    add_header(r, "If-None-Match", hop->if_none_match);
    add_header(r, "If-Modified-Since", hop->if_modified_since);
    curl_easy_setopt(easy, CURLOPT_URL, hop->url);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, r->headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, r);
}

/* ----------------------------------------------------------------------------------- going on */

static int64_t moved(const struct run *r)
{
    curl_off_t down = 0;
    curl_off_t up = 0;
    curl_easy_getinfo(r->lane->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(r->lane->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    return down + up;
}

static enum jig_code check_stall(struct run *r, struct jig_err *reterr)
{
    const struct jig_fetcher_options *o = &r->fetcher->options;
    int64_t now = jig_now_ns();
    if (now < r->window_ends_ns)
        return JIG_OK;
    int64_t bytes = moved(r);
    bool first = r->window_ends_ns == 0;
    int64_t came = bytes - r->window_bytes;
    r->window_ends_ns = jig_deadline_in_ms(o->stall_ms);
    r->window_bytes = bytes;
    if (first || came >= o->stall_bytes)
        return JIG_OK;
    r->answer->may_pass = true;
    return jig_err_set(reterr, JIG_UNAVAILABLE, "only %" PRId64 " bytes came in %" PRIu32 " ms",
                       came, o->stall_ms);
}

static int poll_ms(const struct run *r, const struct jig_until *until)
{
    int most = POLL_MS;
    int deadline = jig_deadline_poll_ms(until->deadline_ns);
    int window = jig_deadline_poll_ms(r->window_ends_ns);
    if (deadline >= 0 && deadline < most)
        most = deadline;
    return window < most ? window : most;
}

static enum jig_code go_on(struct run *r, const struct jig_until *until, struct jig_err *reterr)
{
    CURLM *multi = r->lane->multi;
    struct curl_waitfd cancel = {.fd = until->cancel == NULL ? -1 : until->cancel->fd,
                                 .events = CURL_WAIT_POLLIN};
    int running = 1;
    for (;;) {
        if (curl_multi_perform(multi, &running) != CURLM_OK)
            return jig_err_set(reterr, JIG_INTERNAL, "curl cannot go on");
        if (running == 0)
            return JIG_OK;
        enum jig_code code = jig_until_check(until, reterr);
        if (code == JIG_OK)
            code = check_stall(r, reterr);
        if (code != JIG_OK)
            return code;
        if (r->hop->tick != NULL)
            r->hop->tick(r->hop->ctx);
        if (curl_multi_poll(multi, &cancel, cancel.fd >= 0 ? 1 : 0, poll_ms(r, until), NULL) !=
            CURLM_OK)
            return jig_err_set(reterr, JIG_INTERNAL, "curl cannot wait");
    }
}

/* ------------------------------------------------------------------------------------ the end */

/* What curl's results are to us. What is not here will not pass by itself. */
static const struct {
    CURLcode code;
    enum jig_code is;
    bool may_pass;
} results[] = {
    {CURLE_COULDNT_RESOLVE_PROXY, JIG_UNAVAILABLE, true},
    {CURLE_COULDNT_RESOLVE_HOST, JIG_UNAVAILABLE, true},
    {CURLE_COULDNT_CONNECT, JIG_UNAVAILABLE, true},
    {CURLE_OPERATION_TIMEDOUT, JIG_UNAVAILABLE, true},
    {CURLE_PARTIAL_FILE, JIG_UNAVAILABLE, true},
    {CURLE_SEND_ERROR, JIG_UNAVAILABLE, true},
    {CURLE_RECV_ERROR, JIG_UNAVAILABLE, true},
    {CURLE_GOT_NOTHING, JIG_UNAVAILABLE, true},
    {CURLE_HTTP2, JIG_UNAVAILABLE, true},
    {CURLE_HTTP2_STREAM, JIG_UNAVAILABLE, true},
    {CURLE_SSL_CONNECT_ERROR, JIG_UNAVAILABLE, true},
    {CURLE_READ_ERROR, JIG_DATA_LOSS, false},
    {CURLE_FILE_COULDNT_READ_FILE, JIG_NOT_FOUND, false},
    {CURLE_OUT_OF_MEMORY, JIG_RESOURCE_EXHAUSTED, false},
};

static enum jig_code judge(struct run *r, CURLcode result, const char *detail,
                           struct jig_err *reterr)
{
    if (r->ours != JIG_OK) {
        if (reterr != NULL)
            *reterr = r->ours_err;
        return r->ours;
    }
    if (result == CURLE_OK) {
        read_end(r);
        return JIG_OK;
    }
    enum jig_code code = JIG_FAILED_PRECONDITION;
    for (size_t i = 0; i < JIG_COUNT(results); i++) {
        if (results[i].code != result)
            continue;
        code = results[i].is;
        r->answer->may_pass = results[i].may_pass;
    }
    jig_err_set(reterr, code, "%s", detail[0] != '\0' ? detail : curl_easy_strerror(result));
    if (result == CURLE_PEER_FAILED_VERIFICATION || result == CURLE_SSL_CACERT_BADFILE)
        jig_err_hint(reterr, "further certificates are trusted by [fetch] ca_file in jigd.conf");
    return code;
}

static enum jig_code result_of(struct run *r, const char *detail, struct jig_err *reterr)
{
    int left;
    const CURLMsg *m;
    while ((m = curl_multi_info_read(r->lane->multi, &left)) != NULL) {
        if (m->msg == CURLMSG_DONE)
            return judge(r, m->data.result, detail, reterr);
    }
    return jig_err_set(reterr, JIG_INTERNAL, "curl ended without a result");
}

static enum jig_code run_on_lane(struct run *r, const struct jig_until *until,
                                 struct jig_err *reterr)
{
    CURL *easy = r->lane->easy;
    char detail[CURL_ERROR_SIZE] = "";
    set_request(r);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, detail);
    if (curl_multi_add_handle(r->lane->multi, easy) != CURLM_OK)
        return jig_err_set(reterr, JIG_INTERNAL, "curl cannot begin");
    enum jig_code code = go_on(r, until, reterr);
    if (code == JIG_OK)
        code = result_of(r, detail, reterr);
    curl_multi_remove_handle(r->lane->multi, easy);
    curl_easy_reset(easy); /* nothing of ours is pointed to any more */
    return code;
}

enum jig_code jig_hop_run(struct jig_fetcher *f, const struct jig_hop *hop,
                          const struct jig_until *until, struct jig_hop_answer *ret,
                          struct jig_err *reterr)
{
    struct run r = {.fetcher = f, .hop = hop, .answer = ret};
    *ret = (struct jig_hop_answer){.length = -1};
    enum jig_code code = jig_url_parse(hop->url, hop->allow_file, &r.url, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *host = jig_strf("%s:%u", r.url.host, r.url.port);
    code = jig_lane_hold(f, host, until, &r.lane, reterr);
    if (code == JIG_OK) {
        code = run_on_lane(&r, until, reterr);
        jig_lane_give_back(f, r.lane);
    }
    curl_slist_free_all(r.headers);
    jig_url_release(&r.url);
    return code;
}

void jig_hop_answer_release(struct jig_hop_answer *a)
{
    free(a->redirect);
    a->redirect = NULL;
}
