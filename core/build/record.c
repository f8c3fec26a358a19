#include "core/build/record.h"

#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/fs.h"
#include "core/watch/files.h"

#define LARGEST_RECORD (64u << 20)
#define LENGTH_BYTES   8
#define GROWTH         (256 << 10) /* bytes that may always be added before it is written whole */

/* The trace whose words are the names that were forgotten. */
#define FORGOTTEN "-"

static void free_trace(void *t)
{
    jig_trace_free(t);
}

void jig_record_init(struct jig_record *r)
{
    *r = (struct jig_record){.whole_bytes = 0};
    jig_map_init(&r->traces, free_trace);
    jig_map_init(&r->news, NULL);
    jig_map_init(&r->found, free);
}

void jig_record_release(struct jig_record *r)
{
    jig_map_release(&r->traces);
    jig_map_release(&r->news);
    jig_map_release(&r->found);
    jig_record_forget_own(r);
}

/* ---- reading ---- */

static void forget_all(struct jig_record *r, const struct jig_strv *names)
{
    for (size_t i = 0; i < names->n; i++)
        jig_map_remove(&r->traces, names->v[i]);
}

static enum jig_code decode_part(struct jig_record *r, const char *data, size_t n,
                                 struct jig_err *reterr)
{
    struct jig_trace **traces = NULL;
    size_t count = 0;
    enum jig_code code = jig_traces_read(data, n, &traces, &count, reterr);
    for (size_t i = 0; code == JIG_OK && i < count; i++) {
        if (strcmp(traces[i]->name, FORGOTTEN) != 0) {
            jig_map_set(&r->traces, traces[i]->name, traces[i]);
            continue;
        }
        forget_all(r, &traces[i]->argv);
        jig_trace_free(traces[i]);
    }
    free(traces);
    return code;
}

static uint64_t read_length(const char *at)
{
    uint64_t n = 0;
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        n |= (uint64_t)(uint8_t)at[i] << (8 * i);
    return n;
}

static void write_length(char *at, uint64_t n)
{
    for (size_t i = 0; i < LENGTH_BYTES; i++)
        at[i] = (char)(n >> (8 * i));
}

/* Takes the parts up to the first that is damaged. */
static enum jig_code decode(struct jig_record *r, const struct jig_buf *file,
                            struct jig_err *reterr)
{
    size_t at = 0;
    while (file->len - at > LENGTH_BYTES) {
        uint64_t n = read_length(file->data + at);
        if (n > file->len - at - LENGTH_BYTES)
            return jig_err_set(reterr, JIG_DATA_LOSS, "it was cut off, or is of another version");
        enum jig_code code = decode_part(r, file->data + at + LENGTH_BYTES, (size_t)n, reterr);
        if (code != JIG_OK)
            return code;
        at += LENGTH_BYTES + (size_t)n;
        if (r->whole_bytes == 0)
            r->whole_bytes = (int64_t)at;
    }
    return at == file->len ? JIG_OK : jig_err_set(reterr, JIG_DATA_LOSS, "it was cut off");
}

/* The file is as it is in memory. */
static void note_file(struct jig_record *r, const char *path, const struct jig_stamp *s)
{
    struct jig_stamp now;
    bool there = s != NULL || jig_fs_stamp(path, &now, NULL) == JIG_OK;
    r->file = s != NULL ? *s : there ? now : (struct jig_stamp){0};
}

void jig_record_load(struct jig_record *r, const char *path)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_stamp before, after;
    struct jig_buf file;
    jig_buf_init(&file, LARGEST_RECORD);
    bool there = jig_fs_stamp(path, &before, NULL) == JIG_OK;
    enum jig_code code = jig_fs_read(path, &file, &err);
    if (code == JIG_OK)
        code = decode(r, &file, &err);
    bool same = there && jig_fs_stamp(path, &after, NULL) == JIG_OK &&
                jig_stamp_equal(&before, &after) && (size_t)after.size == file.len;
    if (code == JIG_OK && same)
        note_file(r, path, &after);
    else if (code != JIG_OK && code != JIG_NOT_FOUND)
        jig_log(JIG_LOG_DEBUG, "build.record_unusable", "%s: %s", path, err.message);
    jig_buf_release(&file);
}

/* ---- writing ---- */

/* Appends one part with these traces, and the names of those that are gone. */
static void put_part(struct jig_buf *out, const struct jig_trace *const *traces, size_t n,
                     const struct jig_strv *gone)
{
    struct jig_trace list = {
        .name = (char *)FORGOTTEN, .argv = *gone, .errors = (char *)"", .output = (char *)""};
    static const char room[LENGTH_BYTES];
    size_t start = out->len;
    jig_buf_append(out, room, sizeof room);
    const struct jig_trace **all = jig_xcalloc(n + 1, sizeof *all);
    for (size_t i = 0; i < n; i++)
        all[i] = traces[i];
    all[n] = &list; /* of other names than these, so the order is no matter */
    jig_traces_write(all, gone->n > 0 ? n + 1 : n, out);
    free(all);
    if (!out->failed)
        write_length(out->data + start, out->len - start - LENGTH_BYTES);
}

static enum jig_code write_whole(struct jig_record *r, const char *path, struct jig_err *reterr)
{
    struct jig_buf file;
    struct jig_strv none = {0};
    const struct jig_trace **traces = jig_xcalloc(r->traces.count, sizeof *traces);
    size_t n = 0;
    for (size_t i = 0; i < r->traces.used; i++) {
        if (r->traces.entries[i].key != NULL)
            traces[n++] = r->traces.entries[i].value;
    }
    jig_buf_init(&file, LARGEST_RECORD);
    put_part(&file, traces, n, &none);
    free(traces);
    enum jig_code code = jig_buf_check(&file, path, reterr);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(path, file.data, file.len, 0644, reterr);
    r->whole_bytes = (int64_t)file.len;
    jig_buf_release(&file);
    return code;
}

/* False when the file is not what it was, or cannot take more. */
static bool add_part(struct jig_record *r, const char *path)
{
    struct jig_buf part;
    struct jig_strv gone = {0};
    const struct jig_trace **traces = jig_xcalloc(r->news.count, sizeof *traces);
    size_t n = 0;
    for (size_t i = 0; i < r->news.used; i++) {
        const char *name = r->news.entries[i].key;
        if (name == NULL)
            continue;
        const struct jig_trace *t = jig_map_get(&r->traces, name);
        if (t != NULL)
            traces[n++] = t;
        else
            jig_strv_append(&gone, name);
    }
    jig_buf_init(&part, LARGEST_RECORD);
    put_part(&part, traces, n, &gone);
    free(traces);
    jig_strv_release(&gone);
    int64_t after = r->file.size + (int64_t)part.len;
    bool well = !part.failed && after < (int64_t)LARGEST_RECORD &&
                after < 2 * r->whole_bytes + GROWTH &&
                jig_fs_append(path, &r->file, part.data, part.len, NULL) == JIG_OK;
    jig_buf_release(&part);
    return well;
}

enum jig_code jig_record_save(struct jig_record *r, const char *path, struct jig_err *reterr)
{
    if (r->news.count == 0)
        return JIG_OK;
    bool added = r->file.ino != 0 && add_part(r, path);
    enum jig_code code = added ? JIG_OK : write_whole(r, path, reterr);
    r->file = (struct jig_stamp){0};
    if (code != JIG_OK)
        return code;
    note_file(r, path, NULL);
    jig_map_release(&r->news);
    jig_map_init(&r->news, NULL);
    return JIG_OK;
}

/* ---- traces ---- */

struct jig_trace *jig_record_get(const struct jig_record *r, const char *name)
{
    struct jig_trace *t = jig_map_get(&r->traces, name);
    if (t != NULL)
        t->used = true;
    return t;
}

void jig_record_put_take(struct jig_record *r, struct jig_trace *t)
{
    t->used = true;
    jig_map_set(&r->news, t->name, r);
    jig_map_set(&r->traces, t->name, t);
}

void jig_record_touch(struct jig_record *r, const struct jig_trace *t)
{
    jig_map_set(&r->news, t->name, r);
}

void jig_record_forget(struct jig_record *r, const char *name)
{
    if (!jig_map_has(&r->traces, name))
        return;
    jig_map_set(&r->news, name, r); /* before: the name may be the trace's own */
    jig_map_remove(&r->traces, name);
}

void jig_record_forget_own(struct jig_record *r)
{
    for (size_t i = 0; i < JIG_COUNT(r->own); i++)
        jig_strv_release(&r->own[i]);
}

void jig_record_forget_found(struct jig_record *r)
{
    jig_map_release(&r->found);
    jig_map_init(&r->found, free);
}

void jig_record_forget_unused(struct jig_record *r)
{
    for (size_t i = 0; i < r->traces.used; i++) {
        const struct jig_trace *t = r->traces.entries[i].value;
        if (r->traces.entries[i].key != NULL && !t->used)
            jig_record_forget(r, r->traces.entries[i].key);
    }
}
