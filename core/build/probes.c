#include "core/build/probes.h"

#include <pthread.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/os/fs.h"

#define MOST_PROBES  1000
#define MOST_FILES   100000
#define LARGEST_TEXT (16u << 20)

/* What one text asks. */
struct asks {
    struct jig_strv names;
    bool opaque;
};

struct jig_probes {
    pthread_mutex_t mu;
    struct jig_map by_digest;    /* guarded by mu; hex -> struct asks, NULL when there is nothing */
    struct jig_memo_stats stats; /* guarded by mu */
};

static void free_asks(void *p)
{
    struct asks *a = p;
    if (a == NULL)
        return;
    jig_strv_release(&a->names);
    free(a);
}

struct jig_probes *jig_probes_new(void)
{
    struct jig_probes *p = jig_new(struct jig_probes);
    pthread_mutex_init(&p->mu, NULL);
    jig_map_init(&p->by_digest, free_asks);
    return p;
}

void jig_probes_free(struct jig_probes *p)
{
    if (p == NULL)
        return;
    jig_map_release(&p->by_digest);
    pthread_mutex_destroy(&p->mu);
    free(p);
}

/* `at` stands behind "__has_include": "(<x.h>)", blanks allowed; or "_next(...". */
static void read_probe(const char *at, const char *end, struct jig_strv *out)
{
    static const char next[] = "_next";
    if ((size_t)(end - at) > strlen(next) && memcmp(at, next, strlen(next)) == 0)
        at += strlen(next);
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    if (at == end || *at++ != '(')
        return;
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    char close = at < end && *at == '<' ? '>' : at < end && *at == '"' ? '"' : '\0';
    const char *stop = close != '\0' ? memchr(at + 1, close, (size_t)(end - at - 1)) : NULL;
    if (stop == NULL || memchr(at, '\n', (size_t)(stop - at)) != NULL)
        return;
    JIG_CLEANUP_FREE char *name = jig_xstrndup(at, (size_t)(stop - at) + 1);
    jig_strv_add_unique(out, name);
}

/* .include "x", in an assembler's file or in asm(".include \"x\""). */
static bool includes_for_assembler(const char *text, size_t n)
{
    static const char word[] = ".include";
    const char *end = text + n;
    for (const char *at = text;
         (at = memmem(at, (size_t)(end - at), word, sizeof word - 1)) != NULL;) {
        at += sizeof word - 1;
        while (at < end && (*at == ' ' || *at == '\t' || *at == '\\'))
            at++;
        if (at < end && *at == '"')
            return true;
    }
    return false;
}

void jig_probes_in_text(const char *text, size_t n, struct jig_strv *out, bool *ret_opaque)
{
    static const char word[] = "__has_include";
    static const char incbin[] = ".incbin";
    const char *end = text + n;
    size_t most = out->n + MOST_PROBES;
    const char *at = text;
    while (out->n < most && (at = memmem(at, (size_t)(end - at), word, sizeof word - 1)) != NULL) {
        at += sizeof word - 1;
        read_probe(at, end, out);
    }
    bool too_many = out->n == most && memmem(at, (size_t)(end - at), word, sizeof word - 1) != NULL;
    if (too_many || memmem(text, n, incbin, sizeof incbin - 1) != NULL ||
        includes_for_assembler(text, n))
        *ret_opaque = true;
}

static bool recall(struct jig_probes *p, const char *hex, struct jig_strv *out, bool *ret_opaque)
{
    pthread_mutex_lock(&p->mu);
    bool known = jig_map_has(&p->by_digest, hex);
    *(known ? &p->stats.hits : &p->stats.misses) += 1;
    const struct asks *a = jig_map_get(&p->by_digest, hex);
    if (a != NULL) {
        jig_strv_extend(out, &a->names);
        *ret_opaque = *ret_opaque || a->opaque;
    }
    pthread_mutex_unlock(&p->mu);
    return known;
}

static void remember(struct jig_probes *p, const char *hex, const struct jig_strv *names,
                     bool opaque)
{
    struct asks *a = NULL;
    if (names->n > 0 || opaque) {
        a = jig_new(struct asks);
        jig_strv_extend(&a->names, names);
        a->opaque = opaque;
    }
    pthread_mutex_lock(&p->mu);
    if (p->by_digest.count >= MOST_FILES) {
        jig_map_release(&p->by_digest);
        jig_map_init(&p->by_digest, free_asks);
    }
    jig_map_set(&p->by_digest, hex, a);
    pthread_mutex_unlock(&p->mu);
}

void jig_probes_find(struct jig_probes *p, const char *path, const struct jig_digest *digest,
                     struct jig_strv *out, bool *ret_opaque)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(digest, hex);
    if (p != NULL && recall(p, hex, out, ret_opaque))
        return;
    struct jig_buf text;
    struct jig_strv names = {0};
    bool opaque = false;
    jig_buf_init(&text, LARGEST_TEXT);
    struct jig_digest now = {{0}};
    if (jig_fs_read(path, &text, NULL) == JIG_OK)
        now = jig_sha256_of(text.data, text.len);
    if (jig_digest_equal(&now, digest)) {
        jig_probes_in_text(text.data, text.len, &names, &opaque);
        if (p != NULL)
            remember(p, hex, &names, opaque);
        jig_strv_extend(out, &names);
    } else {
        opaque = true;
    }
    *ret_opaque = *ret_opaque || opaque;
    jig_strv_release(&names);
    jig_buf_release(&text);
}

struct jig_memo_stats jig_probes_stats(struct jig_probes *p)
{
    pthread_mutex_lock(&p->mu);
    struct jig_memo_stats s = p->stats;
    s.entries = p->by_digest.count;
    pthread_mutex_unlock(&p->mu);
    return s;
}
