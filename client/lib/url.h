/*
 * url.h - where a daemon is.
 *
 * Threads: no state.
 */
#ifndef JIG_LIB_URL_H
#define JIG_LIB_URL_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "client/lib/error.h"

struct jig_address {
    bool is_unix;
    bool is_own; /* the user's own daemon at its usual place */
    struct sockaddr_storage socket;
    socklen_t length;
    char text[sizeof(((struct sockaddr_un *)0)->sun_path) + 16]; /* the URL, for messages */
};

/* NULL or "" is the user's own daemon. INVALID_ARGUMENT (cause USAGE) names what is wrong. */
enum jig_status jig_url_parse(const char *url, struct jig_address *ret,
                              struct jig_error *reterr) JIG_CHECKED;

#endif
