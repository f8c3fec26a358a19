#include "core/build/record.h"

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/os/fs.h"

#define LARGEST_RECORD (64u << 20)

static void free_trace(void *t)
{
    jig_trace_free(t);
}

void jig_record_init(struct jig_record *r)
{
    jig_map_init(&r->traces, free_trace);
    r->changed = false;
}

void jig_record_release(struct jig_record *r)
{
    jig_map_release(&r->traces);
}

static enum jig_code decode(struct jig_record *r, const struct jig_buf *file,
                            struct jig_err *reterr)
{
    struct jig_trace **traces = NULL;
    size_t n = 0;
    enum jig_code code = jig_traces_read(file->data, file->len, &traces, &n, reterr);
    for (size_t i = 0; code == JIG_OK && i < n; i++)
        jig_map_set(&r->traces, traces[i]->name, traces[i]);
    free(traces);
    return code;
}

void jig_record_load(struct jig_record *r, const char *path)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_buf file;
    jig_buf_init(&file, LARGEST_RECORD);
    enum jig_code code = jig_fs_read(path, &file, &err);
    if (code == JIG_OK)
        code = decode(r, &file, &err);
    if (code != JIG_OK) {
        jig_map_release(&r->traces);
        jig_record_init(r);
        if (code != JIG_NOT_FOUND)
            jig_log(JIG_LOG_DEBUG, "build.record_unusable", "%s: %s", path, err.message);
    }
    jig_buf_release(&file);
}

enum jig_code jig_record_save(struct jig_record *r, const char *path, struct jig_err *reterr)
{
    if (!r->changed)
        return JIG_OK;
    struct jig_buf file;
    jig_buf_init(&file, LARGEST_RECORD);
    const struct jig_trace **traces = jig_xcalloc(r->traces.count, sizeof *traces);
    size_t n = 0;
    for (size_t i = 0; i < r->traces.used; i++) {
        if (r->traces.entries[i].key != NULL)
            traces[n++] = r->traces.entries[i].value;
    }
    jig_traces_write(traces, n, &file);
    free(traces);
    enum jig_code code = jig_buf_check(&file, path, reterr);
    if (code == JIG_OK)
        code = jig_fs_write_unsynced(path, file.data, file.len, 0644, reterr);
    if (code == JIG_OK)
        r->changed = false;
    jig_buf_release(&file);
    return code;
}

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
    jig_map_set(&r->traces, t->name, t);
    r->changed = true;
}

void jig_record_forget(struct jig_record *r, const char *name)
{
    if (jig_map_remove(&r->traces, name))
        r->changed = true;
}

void jig_record_forget_unused(struct jig_record *r)
{
    for (size_t i = 0; i < r->traces.used; i++) {
        const struct jig_trace *t = r->traces.entries[i].value;
        if (r->traces.entries[i].key != NULL && !t->used)
            jig_record_forget(r, r->traces.entries[i].key);
    }
}
