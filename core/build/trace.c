#include "core/build/trace.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/shared.h"
#include "core/base/str.h"
#include "core/build/places.h"
#include "core/hash/fingerprint.h"

#define MAGIC         JIG_TRACES_MAGIC
#define MOST_FILES    200000  /* of one trace */
#define MOST_DISTINCT 4000000 /* of all traces in a file */
#define MOST_TRACES   1000000
#define MOST_WORDS    100000
#define LARGEST_TEXT  (16 << 20)
#define SUMMED_FROM   24 /* behind the magic and the checksum's two halves */

void jig_trace_files_free(struct jig_trace_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        jig_shared_unref(files[i].path);
    free(files);
}

static int by_path(const void *key, const void *item)
{
    return strcmp(key, ((const struct jig_trace_file *)item)->path);
}

const struct jig_trace_file *jig_trace_input(const struct jig_trace *t, const char *path)
{
    return t->input_count > 0 ? bsearch(path, t->inputs, t->input_count, sizeof *t->inputs, by_path)
                              : NULL;
}

struct jig_trace_file jig_trace_file_make(const char *build_dir, const char *path,
                                          const struct jig_digest *sha256)
{
    JIG_CLEANUP_FREE char *relative = jig_build_relative(build_dir, path);
    return (struct jig_trace_file){jig_shared_new(relative), *sha256};
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

/* ---- writing ---- */

/* The files that traces name, each once. */
struct table {
    struct jig_buf text;
    struct jig_places places;
};

/* The file's number. */
static uint32_t place_of(struct table *t, const struct jig_trace_file *f)
{
    bool fresh = false;
    uint32_t place = jig_places_of(&t->places, f, &fresh);
    if (fresh) {
        put_string(&t->text, f->path);
        jig_buf_append(&t->text, f->sha256.bytes, JIG_SHA256_BYTES);
    }
    return place;
}

static void put_files(struct jig_buf *out, struct table *table, const struct jig_trace_file *files,
                      size_t n)
{
    put_u64(out, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t place = place_of(table, &files[i]);
        uint8_t bytes[4] = {(uint8_t)place, (uint8_t)(place >> 8), (uint8_t)(place >> 16),
                            (uint8_t)(place >> 24)};
        jig_buf_append(out, bytes, sizeof bytes);
    }
}

static void put_trace(struct jig_buf *out, struct table *table, const struct jig_trace *t)
{
    put_string(out, t->name);
    jig_buf_append(out, t->command.bytes, JIG_SHA256_BYTES);
    jig_buf_append(out, t->key.bytes, JIG_SHA256_BYTES);
    jig_buf_append(out, t->tool.bytes, JIG_SHA256_BYTES);
    put_strings(out, &t->argv);
    put_files(out, table, t->inputs, t->input_count);
    put_files(out, table, t->searched, t->searched_count);
    put_strings(out, &t->probes);
    put_strings(out, &t->probed);
    put_u64(out, t->opaque);
    put_files(out, table, t->outputs, t->output_count);
    put_string(out, t->errors);
    put_string(out, t->output);
}

/* The checksum goes into the place that was left for it. */
static void seal(char *file, size_t n)
{
    struct jig_fingerprint sum = jig_fingerprint_of(file + SUMMED_FROM, n - SUMMED_FROM);
    for (size_t i = 0; i < 8; i++) {
        file[8 + i] = (char)(sum.high >> (8 * i));
        file[16 + i] = (char)(sum.low >> (8 * i));
    }
}

void jig_traces_write(const struct jig_trace *const *traces, size_t n, struct jig_buf *out)
{
    struct table table = {.places = {0}};
    struct jig_buf text;
    size_t start = out->len;
    jig_buf_init(&table.text, out->max);
    jig_buf_init(&text, out->max);
    for (size_t i = 0; i < n; i++)
        put_trace(&text, &table, traces[i]);
    jig_buf_append(out, MAGIC, 8);
    put_u64(out, 0); /* the checksum's place */
    put_u64(out, 0);
    put_u64(out, table.places.n);
    jig_buf_append(out, table.text.data, table.text.len);
    put_u64(out, n);
    jig_buf_append(out, text.data, text.len);
    out->failed = out->failed || table.text.failed || text.failed;
    if (!out->failed)
        seal(out->data + start, out->len - start);
    jig_places_release(&table.places);
    jig_buf_release(&table.text);
    jig_buf_release(&text);
}

/* ---- reading ---- */

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

static uint32_t get_u32(struct reader *r)
{
    if (r->bad || r->end - r->at < 4) {
        r->bad = true;
        return 0;
    }
    uint32_t value = (uint32_t)r->at[0] | (uint32_t)r->at[1] << 8 | (uint32_t)r->at[2] << 16 |
                     (uint32_t)r->at[3] << 24;
    r->at += 4;
    return value;
}

/* The distinct files, each with an owner of its own: us. */
static struct jig_trace_file *get_table(struct reader *r, size_t *ret_n)
{
    uint64_t n = get_count(r, MOST_DISTINCT);
    struct jig_trace_file *files = NULL;
    size_t cap = 0;
    size_t used = 0;
    while (!r->bad && used < n) {
        uint64_t length = get_count(r, LARGEST_TEXT);
        if (r->bad || length > (uint64_t)(r->end - r->at) || memchr(r->at, '\0', length) != NULL) {
            r->bad = true;
            break;
        }
        files = jig_grow(files, &cap, used, sizeof *files);
        files[used].path = jig_shared_new_n((const char *)r->at, length);
        r->at += length;
        get_digest(r, &files[used++].sha256);
    }
    *ret_n = used;
    return files;
}

static struct jig_trace_file *get_files(struct reader *r, const struct jig_trace_file *table,
                                        size_t table_n, size_t *ret_n)
{
    uint64_t n = get_count(r, MOST_FILES);
    *ret_n = 0;
    if (r->bad || n > (uint64_t)(r->end - r->at) / 4) {
        r->bad = true;
        return NULL;
    }
    struct jig_trace_file *files = jig_xcalloc(n, sizeof *files);
    for (uint64_t i = 0; i < n; i++) {
        uint32_t place = get_u32(r);
        if (place >= table_n) {
            r->bad = true;
            break;
        }
        files[i] = (struct jig_trace_file){jig_shared_ref(table[place].path), table[place].sha256};
        ++*ret_n;
    }
    return files;
}

static struct jig_trace *get_trace(struct reader *r, const struct jig_trace_file *table,
                                   size_t table_n)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = get_string(r);
    get_digest(r, &t->command);
    get_digest(r, &t->key);
    get_digest(r, &t->tool);
    get_strings(r, &t->argv);
    t->inputs = get_files(r, table, table_n, &t->input_count);
    t->searched = get_files(r, table, table_n, &t->searched_count);
    get_strings(r, &t->probes);
    get_strings(r, &t->probed);
    t->opaque = get_u64(r) != 0;
    t->outputs = get_files(r, table, table_n, &t->output_count);
    t->errors = get_string(r);
    t->output = get_string(r);
    r->bad = r->bad || t->probed.n != t->probes.n;
    return t;
}

enum jig_code jig_traces_decode(const uint8_t *payload, size_t n, struct jig_trace ***ret,
                                size_t *ret_n, struct jig_err *reterr)
{
    struct reader r = {payload, payload + n, false};
    struct jig_trace **traces = NULL;
    size_t cap = 0;
    size_t used = 0;
    size_t table_n = 0;
    struct jig_trace_file *table = get_table(&r, &table_n);
    uint64_t count = get_count(&r, MOST_TRACES);
    while (!r.bad && used < count) {
        traces = jig_grow(traces, &cap, used, sizeof *traces);
        traces[used++] = get_trace(&r, table, table_n);
    }
    jig_trace_files_free(table, table_n);
    if (r.bad || r.at != r.end) {
        for (size_t i = 0; i < used; i++)
            jig_trace_free(traces[i]);
        free(traces);
        return jig_err_set(reterr, JIG_DATA_LOSS, "a build record is damaged");
    }
    *ret = traces;
    *ret_n = used;
    return JIG_OK;
}

enum jig_code jig_traces_read(const void *file, size_t n, struct jig_trace ***ret, size_t *ret_n,
                              struct jig_err *reterr)
{
    const uint8_t *bytes = file;
    if (n < SUMMED_FROM || memcmp(bytes, MAGIC, 8) != 0)
        return jig_err_set(reterr, JIG_DATA_LOSS, "a build record is of another version");
    struct reader r = {bytes + 8, bytes + n, false};
    struct jig_fingerprint want = {0};
    want.high = get_u64(&r);
    want.low = get_u64(&r);
    if (!jig_fingerprint_equal(want, jig_fingerprint_of(bytes + SUMMED_FROM, n - SUMMED_FROM)))
        return jig_err_set(reterr, JIG_DATA_LOSS, "a build record's checksum is wrong");
    return jig_traces_decode(r.at, (size_t)(r.end - r.at), ret, ret_n, reterr);
}
