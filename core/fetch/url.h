/*
 * url.h - which addresses are fetched from, and what is in them.
 *
 * http and https with a host, at most 8 KiB, without credentials: those belong into a netrc or a
 * token file (credentials.h), where they are bound to their host and stay out of what is checked
 * in. file:// where the configuration allows it.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_FETCH_URL_H
#define JIG_FETCH_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/base/err.h"

#define JIG_URL_MAX 8192 /* bytes */

struct jig_url {
    char *host;    /* lower case, without brackets; "" for file:// */
    uint16_t port; /* the scheme's own when none is given; 0 for file:// */
    bool is_https;
    bool is_file;
    bool is_loopback; /* localhost, 127.0.0.0/8, ::1: nobody listens in on the way */
};

/* INVALID_ARGUMENT, with the URL in the message unless it may hold a password; PERMISSION_DENIED
 * for file:// without `allow_file`. Release with jig_url_release. */
enum jig_code jig_url_parse(const char *text, bool allow_file, struct jig_url *ret,
                            struct jig_err *reterr) JIG_CHECKED;
void jig_url_release(struct jig_url *u);

/* The same question, when only the answer is wanted. */
enum jig_code jig_url_check(const char *text, bool allow_file, struct jig_err *reterr) JIG_CHECKED;

#endif
