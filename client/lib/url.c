#include "client/lib/url.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/dirs.h"

static enum jig_status parse_ipc(const char *path, struct jig_address *ret,
                                 struct jig_error *reterr)
{
    struct sockaddr_un *un = (struct sockaddr_un *)&ret->socket;
    if (path[0] != '/')
        return jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                               "'ipc://%s' needs an absolute path: ipc:///path/to/jigd.sock", path);
    size_t n = strlen(path);
    if (n >= sizeof un->sun_path)
        return jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                               "the socket's path %s is %zu bytes long; the system takes at most "
                               "%zu",
                               path, n, sizeof un->sun_path - 1);
    un->sun_family = AF_UNIX;
    memcpy(un->sun_path, path, n + 1);
    ret->is_unix = true;
    ret->length = sizeof *un;
    snprintf(ret->text, sizeof ret->text, "ipc://%s", path);
    return JIG_STATUS_OK;
}

static enum jig_status parse_own(struct jig_address *ret, struct jig_error *reterr)
{
    JIG_CLEANUP_FREE char *runtime = jig_dirs_runtime();
    char path[512];
    snprintf(path, sizeof path, "%.480s/jigd.sock", runtime);
    ret->is_own = true;
    enum jig_status status = parse_ipc(path, ret, reterr);
    if (status != JIG_STATUS_OK)
        jig_error_hint(reterr, "set XDG_RUNTIME_DIR to a folder with a shorter name");
    return status;
}

static enum jig_status bad_tcp(const char *where, struct jig_error *reterr)
{
    return jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                           "'tcp://%s' needs an address and a port: tcp://127.0.0.1:4711", where);
}

static enum jig_status not_loopback(const char *host, struct jig_error *reterr)
{
    jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                    "'%s' is not a loopback address; tcp:// stays on this host", host);
    jig_error_hint(reterr, "use 127.0.0.1, or forward a port of the other host, with ssh -L");
    return JIG_STATUS_INVALID_ARGUMENT;
}

/* "HOST:PORT" or "[HOST]:PORT" in two. False when it is neither. */
static bool split(const char *where, char *host, size_t size, uint64_t *port)
{
    const char *colon = strrchr(where, ':');
    if (colon == NULL || !jig_parse_u64(colon + 1, port) || *port == 0 || *port > 65535)
        return false;
    size_t n = (size_t)(colon - where);
    if (n >= 2 && where[0] == '[' && where[n - 1] == ']') {
        where++;
        n -= 2;
    }
    if (n == 0 || n >= size)
        return false;
    memcpy(host, where, n);
    host[n] = '\0';
    return true;
}

static enum jig_status parse_tcp(const char *where, struct jig_address *ret,
                                 struct jig_error *reterr)
{
    char host[64];
    uint64_t port;
    if (!split(where, host, sizeof host, &port))
        return bad_tcp(where, reterr);
    if (strcmp(host, "localhost") == 0)
        snprintf(host, sizeof host, "127.0.0.1");
    struct sockaddr_in *v4 = (struct sockaddr_in *)&ret->socket;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&ret->socket;
    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        if ((ntohl(v4->sin_addr.s_addr) >> 24) != 127)
            return not_loopback(host, reterr);
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        ret->length = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1) {
        if (!IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr))
            return not_loopback(host, reterr);
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        ret->length = sizeof *v6;
    } else {
        return not_loopback(host, reterr);
    }
    snprintf(ret->text, sizeof ret->text, "tcp://%.*s", (int)sizeof ret->text - 8, where);
    return JIG_STATUS_OK;
}

enum jig_status jig_url_parse(const char *url, struct jig_address *ret, struct jig_error *reterr)
{
    *ret = (struct jig_address){0};
    if (url == NULL || url[0] == '\0')
        return parse_own(ret, reterr);
    if (jig_str_starts(url, "ipc://"))
        return parse_ipc(url + strlen("ipc://"), ret, reterr);
    if (jig_str_starts(url, "tcp://"))
        return parse_tcp(url + strlen("tcp://"), ret, reterr);
    if (jig_str_starts(url, "tls+tcp://")) {
        jig_error_cause(reterr, JIG_STATUS_UNIMPLEMENTED, JIG_CAUSE_USAGE,
                        "'%s': tls+tcp:// is not in this version", url);
        jig_error_hint(reterr, "forward the other host's socket, with ssh -L, and use tcp:// or "
                               "ipc://");
        return JIG_STATUS_UNIMPLEMENTED;
    }
    jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                    "'%s' is not the URL of a daemon", url);
    jig_error_hint(reterr, "such a URL begins with ipc:// or tcp://127.0.0.1:");
    return JIG_STATUS_INVALID_ARGUMENT;
}
