#include "core/lnk/pointer.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define URL_MAX 4096 /* bytes */

static const char *const extract_names[JIG_POINTER_EXTRACT_COUNT] = {
    [JIG_POINTER_FILE] = "file",       [JIG_POINTER_ZIP] = "zip",
    [JIG_POINTER_TAR] = "tar",         [JIG_POINTER_TAR_GZ] = "tar.gz",
    [JIG_POINTER_TAR_BZ2] = "tar.bz2", [JIG_POINTER_TAR_XZ] = "tar.xz",
    [JIG_POINTER_TAR_ZST] = "tar.zst",
};

static const struct {
    const char *word;
    enum jig_pointer_extract extract;
} short_names[] = {
    {"tgz", JIG_POINTER_TAR_GZ},
    {"tbz2", JIG_POINTER_TAR_BZ2},
    {"txz", JIG_POINTER_TAR_XZ},
    {"tzst", JIG_POINTER_TAR_ZST},
};

/* In the order in which they are written. */
static const char *const known_keys[] = {"v", "url", "sha256", "size", "extract", "mirrors"};

const char *jig_pointer_extract_name(enum jig_pointer_extract e)
{
    return extract_names[e];
}

bool jig_pointer_extract_parse(const char *word, enum jig_pointer_extract *ret)
{
    for (size_t i = 0; i < JIG_COUNT(extract_names); i++) {
        if (strcmp(word, extract_names[i]) == 0) {
            *ret = (enum jig_pointer_extract)i;
            return true;
        }
    }
    for (size_t i = 0; i < JIG_COUNT(short_names); i++) {
        if (strcmp(word, short_names[i].word) == 0) {
            *ret = short_names[i].extract;
            return true;
        }
    }
    return false;
}

enum jig_pointer_extract jig_pointer_extract_guess(const char *url)
{
    JIG_CLEANUP_FREE char *path = jig_xstrndup(url, strcspn(url, "?#"));
    for (size_t i = 1; i < JIG_COUNT(extract_names); i++) {
        JIG_CLEANUP_FREE char *suffix = jig_strf(".%s", extract_names[i]);
        if (jig_str_ends(path, suffix))
            return (enum jig_pointer_extract)i;
    }
    for (size_t i = 0; i < JIG_COUNT(short_names); i++) {
        JIG_CLEANUP_FREE char *suffix = jig_strf(".%s", short_names[i].word);
        if (jig_str_ends(path, suffix))
            return short_names[i].extract;
    }
    return JIG_POINTER_FILE;
}

char *jig_pointer_target(const char *path)
{
    size_t n = strlen(path);
    return jig_str_ends(path, JIG_POINTER_SUFFIX)
               ? jig_xstrndup(path, n - strlen(JIG_POINTER_SUFFIX))
               : jig_xstrdup(path);
}

void jig_pointer_release(struct jig_pointer *p)
{
    free(p->url);
    free(p->unknown);
    jig_strv_release(&p->mirrors);
    *p = (struct jig_pointer){.size = -1};
}

/* ---- URLs ---- */

/* What follows "scheme://", or NULL. */
static const char *after_scheme(const char *url)
{
    static const char *const schemes[] = {"https://", "http://", "file://"};
    for (size_t i = 0; i < JIG_COUNT(schemes); i++) {
        if (strncasecmp(url, schemes[i], strlen(schemes[i])) == 0)
            return url + strlen(schemes[i]);
    }
    return NULL;
}

static bool is_printable(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s <= ' ' || *s >= 0x7f)
            return false;
    }
    return true;
}

enum jig_code jig_pointer_check_url(const char *url, const char *what, struct jig_err *reterr)
{
    const char *rest = after_scheme(url);
    if (strlen(url) > URL_MAX)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is longer than %d bytes", what, URL_MAX);
    if (rest == NULL)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is to begin with https://, http:// or file://", what);
    if (!is_printable(url)) {
        jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                       "%s has a character that no URL may have", what);
        jig_err_hint(reterr, "write it as %%XX, its bytes in hexadecimal");
        return JIG_INVALID_ARGUMENT;
    }
    size_t authority = strcspn(rest, "/?#");
    bool is_file = strncasecmp(url, "file:", 5) == 0;
    if (memchr(rest, '@', authority) != NULL) { /* without the URL: the message may be logged */
        jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                       "%s has a user name or a password in it, which a file under version control "
                       "must not have",
                       what);
        jig_err_hint(reterr, "put them into ~/.netrc: machine HOST login NAME password SECRET");
        return JIG_INVALID_ARGUMENT;
    }
    if (authority == 0 && !is_file)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s names no host", what);
    return JIG_OK;
}

/* ---- reading ---- */

static enum jig_code bad_key(struct jig_err *reterr, const char *name, const char *key,
                             const char *must)
{
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT, "%s: '%s' %s", name,
                          key, must);
}

/* The value, or NULL when it is missing or null, as fbuild writes what it does not know. */
static json_t *value_of(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

static enum jig_code read_version(const json_t *object, const char *name, struct jig_err *reterr)
{
    const json_t *v = value_of(object, "v");
    if (v == NULL)
        return bad_key(reterr, name, "v", "is missing; it is to be 1");
    if (!json_is_integer(v))
        return bad_key(reterr, name, "v", "is to be the number 1");
    if (json_integer_value(v) == 1)
        return JIG_OK;
    jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                   "%s: 'v' is %lld, and only version 1 is known here", name,
                   (long long)json_integer_value(v));
    jig_err_hint(reterr, "a newer jig may know it");
    return JIG_INVALID_ARGUMENT;
}

static enum jig_code read_url(const json_t *value, const char *name, const char *key, char **ret,
                              struct jig_err *reterr)
{
    if (value == NULL)
        return bad_key(reterr, name, key, "is missing");
    if (!json_is_string(value))
        return bad_key(reterr, name, key, "is to be a string");
    JIG_CLEANUP_FREE char *what = jig_strf("%s: '%s'", name, key);
    enum jig_code code = jig_pointer_check_url(json_string_value(value), what, reterr);
    if (code == JIG_OK)
        *ret = jig_xstrdup(json_string_value(value));
    return code;
}

static enum jig_code read_sha256(const json_t *object, const char *name, struct jig_digest *ret,
                                 struct jig_err *reterr)
{
    const json_t *value = value_of(object, "sha256");
    if (value == NULL)
        return bad_key(reterr, name, "sha256", "is missing");
    if (!json_is_string(value) || !jig_digest_parse(json_string_value(value), ret))
        return bad_key(reterr, name, "sha256", "is to be a string of 64 hexadecimal digits");
    return JIG_OK;
}

static enum jig_code read_size(const json_t *object, const char *name, int64_t *ret,
                               struct jig_err *reterr)
{
    const json_t *value = value_of(object, "size");
    *ret = -1;
    if (value == NULL)
        return JIG_OK;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return bad_key(reterr, name, "size", "is to be a number of bytes");
    *ret = json_integer_value(value);
    return JIG_OK;
}

static enum jig_code read_extract(const json_t *object, const char *name,
                                  enum jig_pointer_extract *ret, struct jig_err *reterr)
{
    const json_t *value = value_of(object, "extract");
    *ret = JIG_POINTER_FILE;
    if (value == NULL)
        return JIG_OK;
    if (!json_is_string(value) || !jig_pointer_extract_parse(json_string_value(value), ret))
        return bad_key(reterr, name, "extract",
                       "is to be one of \"file\", \"zip\", \"tar\", \"tar.gz\", \"tar.bz2\", "
                       "\"tar.xz\" and \"tar.zst\"");
    return JIG_OK;
}

static enum jig_code read_mirrors(const json_t *object, const char *name, struct jig_strv *ret,
                                  struct jig_err *reterr)
{
    const json_t *value = value_of(object, "mirrors");
    if (value == NULL)
        return JIG_OK;
    if (!json_is_array(value))
        return bad_key(reterr, name, "mirrors", "is to be a list of URLs");
    if (json_array_size(value) > JIG_POINTER_MIRRORS)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s: 'mirrors' has more than %d URLs", name, JIG_POINTER_MIRRORS);
    for (size_t i = 0; i < json_array_size(value); i++) {
        char key[32];
        snprintf(key, sizeof key, "mirrors[%zu]", i);
        char *url = NULL;
        enum jig_code code = read_url(json_array_get(value, i), name, key, &url, reterr);
        if (code != JIG_OK)
            return code;
        jig_strv_append_take(ret, url);
    }
    return JIG_OK;
}

/* What is left of the object without the keys that are known. */
static char *unknown_keys(json_t *object)
{
    for (size_t i = 0; i < JIG_COUNT(known_keys); i++)
        json_object_del(object, known_keys[i]);
    return json_object_size(object) > 0 ? json_dumps(object, JSON_COMPACT) : NULL;
}

static enum jig_code read_object(json_t *object, const char *name, struct jig_pointer *p,
                                 struct jig_err *reterr)
{
    enum jig_code code = read_version(object, name, reterr);
    if (code == JIG_OK)
        code = read_url(value_of(object, "url"), name, "url", &p->url, reterr);
    if (code == JIG_OK)
        code = read_sha256(object, name, &p->sha256, reterr);
    if (code == JIG_OK)
        code = read_size(object, name, &p->size, reterr);
    if (code == JIG_OK)
        code = read_extract(object, name, &p->extract, reterr);
    if (code == JIG_OK)
        code = read_mirrors(object, name, &p->mirrors, reterr);
    if (code == JIG_OK)
        p->unknown = unknown_keys(object);
    return code;
}

enum jig_code jig_pointer_parse(const char *text, size_t n, const char *name,
                                struct jig_pointer *ret, struct jig_err *reterr)
{
    json_error_t error;
    struct jig_pointer p = {.size = -1};
    json_t *root = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    enum jig_code code;
    if (root == NULL)
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is not a pointer: line %d: %s", name, error.line, error.text);
    else if (!json_is_object(root))
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is not a pointer: it is to hold one JSON object", name);
    else
        code = read_object(root, name, &p, reterr);
    json_decref(root);
    if (code == JIG_OK)
        *ret = p;
    else
        jig_pointer_release(&p);
    return code;
}

bool jig_pointer_is_shortcut(const char *path)
{
    /* HeaderSize and the first field of LinkCLSID. Source: [MS-SHLLINK], ShellLinkHeader. */
    static const char magic[] = {0x4c, 0, 0, 0, 0x01, 0x14, 0x02, 0};
    struct jig_buf text;
    jig_buf_init(&text, JIG_POINTER_MAX);
    bool is = jig_fs_read(path, &text, NULL) == JIG_OK && text.len >= sizeof magic &&
              memcmp(text.data, magic, sizeof magic) == 0;
    jig_buf_release(&text);
    return is;
}

enum jig_code jig_pointer_read(const char *path, const char *name, struct jig_pointer *ret,
                               struct jig_err *reterr)
{
    struct jig_buf text;
    jig_buf_init(&text, JIG_POINTER_MAX);
    enum jig_code code = jig_fs_read(path, &text, reterr);
    if (code == JIG_RESOURCE_EXHAUSTED)
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is not a pointer: it has more than %zu bytes", name,
                              JIG_POINTER_MAX);
    else if (code == JIG_OK)
        code = jig_pointer_parse(text.data, text.len, name, ret, reterr);
    jig_buf_release(&text);
    return code;
}

/* ---- writing ---- */

static void put_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text));
}

static void put_unknown(json_t *object, const char *unknown)
{
    json_t *more = unknown != NULL ? json_loads(unknown, 0, NULL) : NULL;
    if (more != NULL)
        json_object_update(object, more);
    json_decref(more);
}

void jig_pointer_write(const struct jig_pointer *p, struct jig_buf *out)
{
    char hex[JIG_SHA256_HEX];
    json_t *object = json_object();
    jig_digest_hex(&p->sha256, hex);
    json_object_set_new(object, "v", json_integer(1));
    put_text(object, "url", p->url);
    put_text(object, "sha256", hex);
    if (p->size >= 0)
        json_object_set_new(object, "size", json_integer(p->size));
    if (p->extract != JIG_POINTER_FILE)
        put_text(object, "extract", extract_names[p->extract]);
    json_t *mirrors = json_array();
    for (size_t i = 0; i < p->mirrors.n; i++)
        json_array_append_new(mirrors, json_string(p->mirrors.v[i]));
    if (p->mirrors.n > 0)
        json_object_set(object, "mirrors", mirrors);
    json_decref(mirrors);
    put_unknown(object, p->unknown);
    char *text = json_dumps(object, JSON_INDENT(2));
    json_decref(object);
    jig_buf_puts(out, text != NULL ? text : "");
    jig_buf_putc(out, '\n');
    free(text);
}
