#include "core/build/trace.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/fingerprint.h"

#define MAGIC        "jigtrac3" /* the digit is the version */
#define MOST_FILES   200000
#define MOST_WORDS   100000
#define LARGEST_TEXT (16 << 20)
#define SUMMED_FROM  24 /* behind the magic and the checksum's two halves */
#define HEADER_BYTES 32 /* the same and the count */

void jig_trace_files_free(struct jig_trace_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(files[i].path);
    free(files);
}

void jig_trace_free(struct jig_trace *t)
{
    if (t == NULL)
        return;
    free(t->name);
    jig_strv_release(&t->argv);
    jig_trace_files_free(t->inputs, t->input_count);
    jig_trace_files_free(t->searched, t->searched_count);
    jig_trace_files_free(t->outputs, t->output_count);
    jig_strv_release(&t->probes);
    jig_strv_release(&t->probed);
    free(t->errors);
    free(t->output);
    free(t);
}

static void put_u64(struct jig_buf *out, uint64_t value)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    jig_buf_append(out, bytes, sizeof bytes);
}

static void put_string(struct jig_buf *out, const char *s)
{
    size_t n = strlen(s);
    put_u64(out, n);
    jig_buf_append(out, s, n);
}

static void put_strings(struct jig_buf *out, const struct jig_strv *list)
{
    put_u64(out, list->n);
    for (size_t i = 0; i < list->n; i++)
        put_string(out, list->v[i]);
}

static void put_files(struct jig_buf *out, const struct jig_trace_file *files, size_t n)
{
    put_u64(out, n);
    for (size_t i = 0; i < n; i++) {
        put_string(out, files[i].path);
        jig_buf_append(out, files[i].sha256.bytes, JIG_SHA256_BYTES);
    }
}

void jig_trace_encode(const struct jig_trace *t, struct jig_buf *out)
{
    put_string(out, t->name);
    jig_buf_append(out, t->command.bytes, JIG_SHA256_BYTES);
    jig_buf_append(out, t->key.bytes, JIG_SHA256_BYTES);
    jig_buf_append(out, t->tool.bytes, JIG_SHA256_BYTES);
    put_strings(out, &t->argv);
    put_files(out, t->inputs, t->input_count);
    put_files(out, t->searched, t->searched_count);
    put_strings(out, &t->probes);
    put_strings(out, &t->probed);
    put_u64(out, t->opaque);
    put_files(out, t->outputs, t->output_count);
    put_string(out, t->errors);
    put_string(out, t->output);
}

/* A cursor over untrusted bytes; `bad` sticks. */
struct reader {
    const uint8_t *at;
    const uint8_t *end;
    bool bad;
};

static uint64_t get_u64(struct reader *r)
{
    if (r->bad || r->end - r->at < 8) {
        r->bad = true;
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value |= (uint64_t)r->at[i] << (8 * i);
    r->at += 8;
    return value;
}

static uint64_t get_count(struct reader *r, uint64_t most)
{
    uint64_t n = get_u64(r);
    if (n > most)
        r->bad = true;
    return r->bad ? 0 : n;
}

static char *get_string(struct reader *r)
{
    uint64_t n = get_count(r, LARGEST_TEXT);
    if (r->bad || n > (uint64_t)(r->end - r->at) || memchr(r->at, '\0', n) != NULL) {
        r->bad = true;
        return jig_xstrdup("");
    }
    char *s = jig_xstrndup((const char *)r->at, n);
    r->at += n;
    return s;
}

static void get_strings(struct reader *r, struct jig_strv *out)
{
    uint64_t n = get_count(r, MOST_WORDS);
    for (uint64_t i = 0; !r->bad && i < n; i++)
        jig_strv_append_take(out, get_string(r));
}

static void get_digest(struct reader *r, struct jig_digest *d)
{
    if (r->bad || r->end - r->at < JIG_SHA256_BYTES) {
        r->bad = true;
        return;
    }
    memcpy(d->bytes, r->at, JIG_SHA256_BYTES);
    r->at += JIG_SHA256_BYTES;
}

static struct jig_trace_file *get_files(struct reader *r, size_t *ret_n)
{
    uint64_t n = get_count(r, MOST_FILES);
    struct jig_trace_file *files = NULL;
    size_t cap = 0;
    size_t used = 0;
    while (!r->bad && used < n) {
        files = jig_grow(files, &cap, used, sizeof *files);
        files[used].path = get_string(r);
        get_digest(r, &files[used].sha256);
        used++;
    }
    *ret_n = used;
    return files;
}

enum jig_code jig_trace_decode(const uint8_t **at, const uint8_t *end, struct jig_trace **ret,
                               struct jig_err *reterr)
{
    struct reader r = {*at, end, false};
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = get_string(&r);
    get_digest(&r, &t->command);
    get_digest(&r, &t->key);
    get_digest(&r, &t->tool);
    get_strings(&r, &t->argv);
    t->inputs = get_files(&r, &t->input_count);
    t->searched = get_files(&r, &t->searched_count);
    get_strings(&r, &t->probes);
    get_strings(&r, &t->probed);
    t->opaque = get_u64(&r) != 0;
    t->outputs = get_files(&r, &t->output_count);
    t->errors = get_string(&r);
    t->output = get_string(&r);
    if (r.bad || t->probed.n != t->probes.n) {
        jig_trace_free(t);
        return jig_err_set(reterr, JIG_DATA_LOSS, "a build record is damaged");
    }
    *at = r.at;
    *ret = t;
    return JIG_OK;
}

void jig_traces_seal(struct jig_buf *file, uint64_t count, const struct jig_buf *payload)
{
    jig_buf_append(file, MAGIC, 8);
    put_u64(file, 0); /* the checksum's place */
    put_u64(file, 0);
    put_u64(file, count);
    jig_buf_append(file, payload->data, payload->len);
    if (file->failed)
        return;
    struct jig_fingerprint sum =
        jig_fingerprint_of(file->data + SUMMED_FROM, file->len - SUMMED_FROM);
    for (size_t i = 0; i < 8; i++) {
        file->data[8 + i] = (char)(sum.high >> (8 * i));
        file->data[16 + i] = (char)(sum.low >> (8 * i));
    }
}

enum jig_code jig_traces_open(const void *file, size_t n, uint64_t *ret_count,
                              const uint8_t **ret_payload, const uint8_t **ret_end,
                              struct jig_err *reterr)
{
    const uint8_t *bytes = file;
    if (n < HEADER_BYTES || memcmp(bytes, MAGIC, 8) != 0)
        return jig_err_set(reterr, JIG_DATA_LOSS, "a build record is of another version");
    struct reader r = {bytes + 8, bytes + n, false};
    struct jig_fingerprint want = {0};
    want.high = get_u64(&r);
    want.low = get_u64(&r);
    if (!jig_fingerprint_equal(want, jig_fingerprint_of(bytes + SUMMED_FROM, n - SUMMED_FROM)))
        return jig_err_set(reterr, JIG_DATA_LOSS, "a build record's checksum is wrong");
    *ret_count = get_u64(&r);
    *ret_payload = r.at;
    *ret_end = r.end;
    return JIG_OK;
}
