/*
 * credentials.h - who we are to which host.
 *
 *   netrc    machine HOST login NAME password WORD ...; what `default` says is ignored: it would be
 *            told to whatever host a pointer names. Source: man 5 netrc; quotes as curl reads them
 *   tokens   one a line: HOST TOKEN, or HOST:PORT TOKEN; '#' begins a comment. Sent as
 *            "Authorization: Bearer TOKEN". Refused when others may read it.
 *
 * A token goes before a netrc entry; one with a port before one without. Hosts are compared whole
 * and without case.
 *
 * Threads: read-only once loaded.
 */
#ifndef JIG_FETCH_CREDENTIALS_H
#define JIG_FETCH_CREDENTIALS_H

#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

#define JIG_CREDENTIALS_MAX (1 << 20) /* bytes of either file */

struct jig_credential {
    char *host;    /* lower case */
    uint16_t port; /* 0: any */
    char *login;   /* NULL for a token */
    char *secret;
};

struct jig_credentials {
    struct jig_credential *v;
    size_t n;
    size_t cap;
};

/* Either path may be NULL, and a file that is missing is one without entries. On failure nothing
 * is to be released. */
enum jig_code jig_credentials_load(const char *netrc, const char *tokens,
                                   struct jig_credentials *ret, struct jig_err *reterr) JIG_CHECKED;
void jig_credentials_release(struct jig_credentials *c);

/* What one file says, added to c. Texts end in a NUL. Nothing in a netrc is an error: what is not
 * understood is passed over, as everybody does. */
void jig_credentials_read_netrc(struct jig_credentials *c, const char *text);
/* `file` is for the message, which has line numbers and no tokens. */
enum jig_code jig_credentials_read_tokens(struct jig_credentials *c, const char *file,
                                          const char *text, struct jig_err *reterr) JIG_CHECKED;

/* NULL when there is nothing for the host. Borrowed. */
const struct jig_credential *jig_credentials_for(const struct jig_credentials *c, const char *host,
                                                 uint16_t port);

/* What follows "Authorization: ". The caller frees. */
char *jig_credential_authorization(const struct jig_credential *c);

#endif
