#include "core/fetch/url.h"

#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/curl_api.h"

static bool is_printable(const char *text)
{
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++) {
        if (*p <= 0x20 || *p == 0x7f)
            return false;
    }
    return true;
}

/* What cannot be taken apart is not repeated if a password may be in it. */
static enum jig_code refuse(const char *text, const char *what, struct jig_err *reterr)
{
    if (strchr(text, '@') != NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the URL, which is not shown since there may be a password in it, %s",
                           what);
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the URL '%.*s' %s", 300, text, what);
}

static bool has(CURLU *u, CURLUPart part)
{
    char *value = NULL;
    bool there = curl_url_get(u, part, &value, 0) == CURLUE_OK;
    curl_free(value);
    return there;
}

static enum jig_code refuse_credentials(struct jig_err *reterr)
{
    jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                "a URL with a user name or password in it is not "
                "fetched from");
    jig_err_hint(reterr,
                 "put them into ~/.netrc, or a token into the file that [fetch] tokens names");
    return JIG_INVALID_ARGUMENT;
}

static bool is_loopback(const char *host)
{
    return jig_streq(host, "localhost") || jig_str_ends(host, ".localhost") ||
           jig_streq(host, "::1") ||
           (jig_str_starts(host, "127.") && host[strspn(host, "0123456789.")] == '\0');
}

/* In lower case, without an IPv6 address's brackets. The caller frees. */
static char *plain_host(const char *host)
{
    size_t n = strlen(host);
    if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
        host++;
        n -= 2;
    }
    char *plain = jig_xstrndup(host, n);
    for (char *p = plain; *p != '\0'; p++)
        *p = (char)(*p >= 'A' && *p <= 'Z' ? *p + ('a' - 'A') : *p);
    return plain;
}

static enum jig_code take_network(CURLU *u, const char *text, struct jig_url *ret,
                                  struct jig_err *reterr)
{
    char *host = NULL;
    char *port = NULL;
    uint64_t number = 0;
    enum jig_code code = JIG_OK;
    const char *authority = strstr(text, "://"); /* curl would forgive a third slash */
    if (authority == NULL || authority[3] == '/')
        return refuse(text, "names no host", reterr);
    if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK || host[0] == '\0')
        code = refuse(text, "names no host", reterr);
    else if (curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) != CURLUE_OK ||
             !jig_parse_u64(port, &number) || number == 0 || number > 65535)
        code = refuse(text, "has a port that there cannot be", reterr);
    if (code == JIG_OK) {
        ret->host = plain_host(host);
        ret->port = (uint16_t)number;
        ret->is_loopback = is_loopback(ret->host);
    }
    curl_free(host);
    curl_free(port);
    return code;
}

static enum jig_code take_file(const char *text, bool allow_file, struct jig_url *ret,
                               struct jig_err *reterr)
{
    if (!allow_file) {
        jig_err_set(reterr, JIG_PERMISSION_DENIED,
                    "the URL '%.*s' is of a file, and files are not "
                    "fetched here",
                    300, text);
        jig_err_hint(reterr, "jigd.conf allows them: [fetch] allow_file = yes");
        return JIG_PERMISSION_DENIED;
    }
    ret->is_file = true;
    ret->host = jig_xstrdup("");
    return JIG_OK;
}

static enum jig_code take_scheme(CURLU *u, const char *text, bool allow_file, struct jig_url *ret,
                                 struct jig_err *reterr)
{
    char *scheme = NULL;
    if (curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return refuse(text, "does not begin with https:// or http://", reterr);
    enum jig_code code;
    if (strcasecmp(scheme, "file") == 0) {
        code = take_file(text, allow_file, ret, reterr);
    } else if (strcasecmp(scheme, "https") == 0 || strcasecmp(scheme, "http") == 0) {
        ret->is_https = strcasecmp(scheme, "https") == 0;
        code = take_network(u, text, ret, reterr);
    } else {
        code = refuse(text, "does not begin with https:// or http://", reterr);
    }
    curl_free(scheme);
    return code;
}

enum jig_code jig_url_parse(const char *text, bool allow_file, struct jig_url *ret,
                            struct jig_err *reterr)
{
    if (strlen(text) > JIG_URL_MAX)
        return refuse(text, "is too long", reterr);
    if (!is_printable(text))
        return refuse(text, "has blanks or control characters in it", reterr);
    enum jig_code code = jig_curl_load(reterr);
    if (code != JIG_OK)
        return code;
    CURLU *u = curl_url();
    if (u == NULL)
        abort(); /* memory is out: see mem.h */
    struct jig_url url = {0};
    if (curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        code = refuse(text, "is no URL", reterr);
    else if (has(u, CURLUPART_USER) || has(u, CURLUPART_PASSWORD))
        code = refuse_credentials(reterr);
    else
        code = take_scheme(u, text, allow_file, &url, reterr);
    curl_url_cleanup(u);
    if (code == JIG_OK)
        *ret = url;
    return code;
}

void jig_url_release(struct jig_url *u)
{
    free(u->host);
    *u = (struct jig_url){0};
}

enum jig_code jig_url_check(const char *text, bool allow_file, struct jig_err *reterr)
{
    struct jig_url url;
    enum jig_code code = jig_url_parse(text, allow_file, &url, reterr);
    if (code == JIG_OK)
        jig_url_release(&url);
    return code;
}
