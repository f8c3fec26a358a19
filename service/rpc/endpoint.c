#include "service/rpc/endpoint.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define SUN_PATH_BYTES sizeof(((struct sockaddr_un *)0)->sun_path)

enum jig_code jig_endpoint_of_socket(const char *path, struct jig_endpoint *ret,
                                     struct jig_err *reterr)
{
    if (path[0] != '/')
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "the socket's path '%s' is not absolute", path);
    if (strlen(path) >= SUN_PATH_BYTES) {
        enum jig_code code =
            jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                           "the socket's path %s has %zu bytes; a unix socket's has at most %zu",
                           path, strlen(path), SUN_PATH_BYTES - 1);
        jig_err_hint(reterr, "name a shorter one with --socket, or set XDG_RUNTIME_DIR");
        return code;
    }
    *ret = (struct jig_endpoint){
        .transport = JIG_TRANSPORT_IPC,
        .url = jig_strf("ipc://%s", path),
        .path = jig_xstrdup(path),
    };
    return JIG_OK;
}

static enum jig_code refuse(const char *url, struct jig_err *reterr)
{
    enum jig_code code =
        jig_err_reason(reterr, JIG_PERMISSION_DENIED, JIG_REASON_USAGE,
                       "jigd does not listen on %s: it could be reached from elsewhere", url);
    jig_err_hint(reterr, "use ipc:///PATH, or tcp://127.0.0.1:PORT");
    return code;
}

static enum jig_code malformed(const char *url, const char *why, struct jig_err *reterr)
{
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "'%s' %s", url, why);
}

/* The host as nng should have it, or NULL when it is not this host's loopback for sure. */
static char *loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (strcmp(host, "localhost") == 0)
        return jig_xstrdup("127.0.0.1");
    if (inet_pton(AF_INET, host, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127)
        return jig_xstrdup(host);
    size_t n = strlen(host);
    if (n < 2 || host[0] != '[' || host[n - 1] != ']')
        return NULL;
    JIG_CLEANUP_FREE char *inner = jig_xstrndup(host + 1, n - 2);
    if (inet_pton(AF_INET6, inner, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6))
        return jig_xstrdup("[::1]");
    return NULL;
}

static enum jig_code parse_tcp(const char *url, struct jig_endpoint *ret, struct jig_err *reterr)
{
    const char *rest = url + strlen("tcp://");
    const char *colon = strrchr(rest, ':');
    int64_t port;
    if (colon == NULL || !jig_parse_i64(colon + 1, &port) || port < 0 || port > 65535)
        return malformed(url, "does not end with a port, as tcp://127.0.0.1:PORT does", reterr);
    JIG_CLEANUP_FREE char *host = jig_xstrndup(rest, (size_t)(colon - rest));
    JIG_CLEANUP_FREE char *address = loopback(host);
    if (address == NULL)
        return refuse(url, reterr);
    *ret = (struct jig_endpoint){
        .transport = JIG_TRANSPORT_TCP,
        .url = jig_strf("tcp://%s:%d", address, (int)port),
    };
    return JIG_OK;
}

enum jig_code jig_endpoint_parse(const char *url, struct jig_endpoint *ret, struct jig_err *reterr)
{
    if (jig_str_starts(url, "ipc://"))
        return jig_endpoint_of_socket(url + strlen("ipc://"), ret, reterr);
    if (jig_str_starts(url, "tcp://"))
        return parse_tcp(url, ret, reterr);
    if (strstr(url, "://") == NULL)
        return malformed(url, "is not a URL such as ipc:///PATH or tcp://127.0.0.1:PORT", reterr);
    return refuse(url, reterr);
}

void jig_endpoint_release(struct jig_endpoint *endpoint)
{
    free(endpoint->url);
    free(endpoint->path);
    *endpoint = (struct jig_endpoint){0};
}
