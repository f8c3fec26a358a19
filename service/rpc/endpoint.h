/*
 * endpoint.h - where jigd may listen: a unix socket, or tcp on loopback. Nothing else.
 *
 *   ipc:///absolute/path     tcp://127.0.0.1:PORT   tcp://[::1]:PORT   tcp://localhost:PORT
 *
 * Port 0 takes a free one. "localhost" means 127.0.0.1, without asking a resolver; other names are
 * refused, wherever they may lead. Over tcp anybody on the host could connect, so the server asks
 * the kernel whose socket the other end is.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_RPC_ENDPOINT_H
#define JIG_SERVICE_RPC_ENDPOINT_H

#include "core/base/err.h"
#include "service/rpc/call.h"

struct jig_endpoint {
    enum jig_transport transport;
    char *url;  /* as nng takes it */
    char *path; /* of the unix socket; NULL for others */
};

/* INVALID_ARGUMENT for what is not a URL of these forms, or a path too long for a unix socket;
 * PERMISSION_DENIED for what would be reachable from elsewhere. */
enum jig_code jig_endpoint_parse(const char *url, struct jig_endpoint *ret,
                                 struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_endpoint_of_socket(const char *path, struct jig_endpoint *ret,
                                     struct jig_err *reterr) JIG_CHECKED;
void jig_endpoint_release(struct jig_endpoint *endpoint);

#endif
