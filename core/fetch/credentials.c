#include "core/fetch/credentials.h"

#include <string.h>
#include <strings.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define BLANKS " \t\r\n\v\f"

static void add(struct jig_credentials *c, char *host, uint16_t port, char *login, char *secret)
{
    c->v = jig_grow(c->v, &c->cap, c->n, sizeof *c->v);
    c->v[c->n++] =
        (struct jig_credential){.host = host, .port = port, .login = login, .secret = secret};
}

void jig_credentials_release(struct jig_credentials *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->v[i].host);
        free(c->v[i].login);
        free(c->v[i].secret);
    }
    free(c->v);
    *c = (struct jig_credentials){0};
}

/* ------------------------------------------------------------------------------------- netrc */

/* The next word, which the caller frees; NULL at the end. "a b" is one word, with \n, \r, \t and
 * backslashed characters inside. */
static char *next_word(const char **at)
{
    const char *p = *at + strspn(*at, BLANKS);
    if (*p == '\0') {
        *at = p;
        return NULL;
    }
    if (*p != '"') {
        size_t n = strcspn(p, BLANKS);
        *at = p + n;
        return jig_xstrndup(p, n);
    }
    struct jig_buf word;
    jig_buf_init(&word, JIG_CREDENTIALS_MAX);
    for (p++; *p != '\0' && *p != '"'; p++) {
        if (*p == '\\' && p[1] != '\0') {
            p++;
            jig_buf_putc(&word, *p == 'n' ? '\n' : *p == 'r' ? '\r' : *p == 't' ? '\t' : *p);
        } else {
            jig_buf_putc(&word, *p);
        }
    }
    *at = p + (*p == '"');
    return jig_buf_steal(&word);
}

struct machine {
    char *host; /* NULL before the first machine and after a default */
    char *login;
    char *password;
};

static void end_machine(struct jig_credentials *c, struct machine *m)
{
    if (m->host != NULL && m->host[0] != '\0' && m->login != NULL && m->password != NULL) {
        add(c, m->host, 0, m->login, m->password);
    } else {
        free(m->host);
        free(m->login);
        free(m->password);
    }
    *m = (struct machine){0};
}

/* A macro goes on until an empty line. */
static void skip_macro(const char **at)
{
    const char *end = strstr(*at, "\n\n");
    const char *dos = strstr(*at, "\n\r\n");
    if (end == NULL || (dos != NULL && dos < end))
        end = dos;
    *at = end == NULL ? *at + strlen(*at) : end;
}

static void put(char **field, char *value)
{
    free(*field);
    *field = value;
}

void jig_credentials_read_netrc(struct jig_credentials *c, const char *text)
{
    struct machine m = {0};
    const char *at = text;
    char *word;
    while ((word = next_word(&at)) != NULL) {
        if (strcmp(word, "machine") == 0) {
            end_machine(c, &m);
            m.host = next_word(&at);
        } else if (strcmp(word, "default") == 0) {
            end_machine(c, &m);
        } else if (strcmp(word, "login") == 0) {
            put(&m.login, next_word(&at));
        } else if (strcmp(word, "password") == 0) {
            put(&m.password, next_word(&at));
        } else if (strcmp(word, "account") == 0) {
            free(next_word(&at));
        } else if (strcmp(word, "macdef") == 0) {
            skip_macro(&at);
        } else if (word[0] == '#') { /* a password may begin like that, a comment stands here */
            at += strcspn(at, "\n");
        }
        free(word);
    }
    end_machine(c, &m);
}

/* ------------------------------------------------------------------------------------ tokens */

static bool is_token(const char *s)
{
    size_t n = 0;
    for (; s[n] != '\0'; n++) {
        if ((unsigned char)s[n] <= 0x20 || (unsigned char)s[n] >= 0x7f)
            return false;
    }
    return n > 0;
}

static enum jig_code read_line(struct jig_credentials *c, const char *file, size_t number,
                               const struct jig_strv *words, struct jig_err *reterr)
{
    uint64_t port = 0;
    if (words->n != 2 || !is_token(words->v[1]))
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s:%zu: a line is a host and a token", file, number);
    char *colon = strrchr(words->v[0], ':');
    bool has_port = colon != NULL && strchr(words->v[0], ':') == colon;
    if (has_port && (!jig_parse_u64(colon + 1, &port) || port == 0 || port > 65535))
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s:%zu: '%s' is no port", file, number, colon + 1);
    size_t n = has_port ? (size_t)(colon - words->v[0]) : strlen(words->v[0]);
    add(c, jig_xstrndup(words->v[0], n), (uint16_t)port, NULL, jig_xstrdup(words->v[1]));
    return JIG_OK;
}

enum jig_code jig_credentials_read_tokens(struct jig_credentials *c, const char *file,
                                          const char *text, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    struct jig_strv lines = {0};
    jig_str_split(text, "\n", true, &lines);
    for (size_t i = 0; i < lines.n && code == JIG_OK; i++) {
        struct jig_strv words = {0};
        lines.v[i][strcspn(lines.v[i], "#")] = '\0';
        jig_str_split(lines.v[i], BLANKS, false, &words);
        if (words.n > 0)
            code = read_line(c, file, i + 1, &words, reterr);
        jig_strv_release(&words);
    }
    jig_strv_release(&lines);
    return code;
}

/* ----------------------------------------------------------------------------------- loading */

static enum jig_code check_private(const char *path, struct jig_err *reterr)
{
    struct jig_stamp stamp;
    enum jig_code code = jig_fs_stamp(path, &stamp, reterr);
    if (code != JIG_OK || (stamp.mode & 077) == 0)
        return code;
    jig_err_set(reterr, JIG_PERMISSION_DENIED, "the token file %s can be read by others", path);
    jig_err_hint(reterr, "chmod 600 %s", path);
    return JIG_PERMISSION_DENIED;
}

static enum jig_code load_one(struct jig_credentials *c, const char *path, bool tokens,
                              struct jig_err *reterr)
{
    if (path == NULL || !jig_fs_is_there(path))
        return JIG_OK;
    struct jig_buf text;
    jig_buf_init(&text, JIG_CREDENTIALS_MAX);
    enum jig_code code = tokens ? check_private(path, reterr) : JIG_OK;
    if (code == JIG_OK)
        code = jig_fs_read(path, &text, reterr);
    if (code == JIG_OK && tokens)
        code = jig_credentials_read_tokens(c, path, text.data, reterr);
    else if (code == JIG_OK)
        jig_credentials_read_netrc(c, text.data);
    jig_buf_release(&text);
    return code;
}

enum jig_code jig_credentials_load(const char *netrc, const char *tokens,
                                   struct jig_credentials *ret, struct jig_err *reterr)
{
    struct jig_credentials c = {0};
    enum jig_code code = load_one(&c, tokens, true, reterr);
    if (code == JIG_OK)
        code = load_one(&c, netrc, false, reterr);
    if (code == JIG_OK)
        *ret = c;
    else
        jig_credentials_release(&c);
    return code;
}

const struct jig_credential *jig_credentials_for(const struct jig_credentials *c, const char *host,
                                                 uint16_t port)
{
    const struct jig_credential *found = NULL;
    for (size_t i = 0; i < c->n; i++) {
        const struct jig_credential *one = &c->v[i];
        if (strcasecmp(one->host, host) != 0 || (one->port != 0 && one->port != port))
            continue;
        if (found == NULL || (one->port != 0 && found->port == 0))
            found = one;
    }
    return found;
}

/* RFC 4648, section 4 */
static char *base64(const char *text)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t n = strlen(text);
    char *out = jig_xcalloc((n + 2) / 3 * 4 + 1, 1);
    char *at = out;
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = 0;
        for (size_t k = 0; k < 3; k++)
            three = three << 8 | (i + k < n ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            *at++ = i + k > n ? '=' : letters[three >> (18 - 6 * k) & 63];
    }
    return out;
}

char *jig_credential_authorization(const struct jig_credential *c)
{
    if (c->login == NULL)
        return jig_strf("Bearer %s", c->secret);
    JIG_CLEANUP_FREE char *pair = jig_strf("%s:%s", c->login, c->secret);
    JIG_CLEANUP_FREE char *encoded = base64(pair);
    return jig_strf("Basic %s", encoded);
}
