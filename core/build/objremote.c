#include "core/build/objremote.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/shared.h"
#include "core/base/str.h"
#include "core/build/job.h"
#include "core/os/fs.h"

/* Changes whenever what is kept under a key does: older ones then find nothing. */
#define KEY_VERSION "jig shared objects 1"

#define MOST JIG_OBJREMOTE_TRACES_MAX

struct jig_digest jig_objremote_key(const struct jig_digest *command)
{
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, KEY_VERSION);
    jig_sha256_string(h, JIG_TRACES_MAGIC);
    jig_sha256_field(h, command->bytes, sizeof command->bytes);
    struct jig_digest d = jig_sha256_final(h);
    jig_sha256_free(h);
    return d;
}

bool jig_objremote_shares(const struct jig_action *a)
{
    static const char *const native[] = {"-march=native", "-mcpu=native", "-mtune=native"};
    bool shares = a->is_compile;
    for (size_t i = 0; i < JIG_COUNT(native); i++)
        shares = shares && !jig_strv_contains(&a->argv, native[i]);
    return shares;
}

/* Of the kernel's own, which may have no end, or wait for something. */
static bool is_made_up(const char *path)
{
    static const char *const places[] = {"/proc/", "/sys/", "/dev/"};
    JIG_CLEANUP_FREE char *straight = jig_path_absolute("/", path);
    bool made_up = false;
    for (size_t i = 0; i < JIG_COUNT(places); i++)
        made_up = made_up || jig_str_starts(straight, places[i]);
    return made_up;
}

bool jig_objremote_is_portable(const struct jig_trace *t)
{
    bool portable = !t->opaque;
    for (size_t i = 0; portable && i < t->input_count; i++) /* else it is "{build}/..." */
        portable = t->inputs[i].path[0] == '/' && !is_made_up(t->inputs[i].path);
    for (size_t i = 0; portable && i < t->searched_count; i++)
        portable = !is_made_up(t->searched[i].path);
    return portable;
}

static bool has_input(const struct jig_trace *t, const char *build_dir, const char *path)
{
    JIG_CLEANUP_FREE char *relative = jig_build_relative(build_dir, path);
    for (size_t i = 0; i < t->input_count; i++) {
        if (strcmp(t->inputs[i].path, relative) == 0)
            return true;
    }
    return false;
}

static const char *what_is_wrong(struct jig_trace *t, const struct jig_objremote_wanted *w)
{
    if (!jig_digest_equal(&t->command, w->command))
        return "it is of another command";
    if (t->output_count != w->action->outputs.n)
        return "it has other outputs";
    if (!jig_objremote_is_portable(t))
        return "it is of one machine only";
    for (size_t i = 0; i < w->action->inputs.n; i++) {
        if (!has_input(t, w->build_dir, w->action->inputs.v[i]))
            return "it did not read its own source";
    }
    struct jig_digest key = jig_action_key(&t->command, t->inputs, t->input_count);
    return jig_digest_equal(&key, &t->key) ? NULL : "its key is of other inputs";
}

/* What is known here is not taken from there. */
static void adopt(struct jig_trace *t, const struct jig_objremote_wanted *w)
{
    const struct jig_action *a = w->action;
    free(t->name);
    t->name = jig_action_record_name(a, w->build_dir);
    t->tool = *w->tool;
    jig_strv_release(&t->argv);
    for (size_t i = 0; i < a->argv.n; i++)
        jig_strv_append_take(&t->argv, jig_build_relative(w->build_dir, a->argv.v[i]));
    for (size_t i = 0; i < a->outputs.n; i++) {
        struct jig_trace_file ours =
            jig_trace_file_make(w->build_dir, a->outputs.v[i], &t->outputs[i].sha256);
        jig_shared_unref(t->outputs[i].path);
        t->outputs[i] = ours;
    }
}

/* Keeps the first ones that make sense. */
static size_t sift(const struct jig_objremote *r, const struct jig_objremote_wanted *wanted,
                   struct jig_trace **traces, size_t n, struct jig_trace *out[MOST])
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        struct jig_err err = JIG_ERR_INIT;
        const char *wrong = used < MOST ? what_is_wrong(traces[i], wanted) : NULL;
        if (wrong == NULL && used < MOST) {
            adopt(traces[i], wanted);
            out[used++] = traces[i];
            continue;
        }
        if (wrong != NULL) {
            jig_err_set(&err, JIG_DATA_LOSS, "what is said of %s: %s", wanted->action->step, wrong);
            r->blame(r->ctx, &err);
        }
        jig_trace_free(traces[i]);
    }
    return used;
}

size_t jig_objremote_look(const struct jig_objremote *r, const struct jig_objremote_wanted *wanted,
                          const struct jig_until *until, struct jig_trace *out[MOST])
{
    struct jig_digest key = jig_objremote_key(wanted->command);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_trace **traces = NULL;
    struct jig_buf file;
    size_t n = 0;
    jig_buf_init(&file, JIG_OBJREMOTE_BYTES_MAX);
    enum jig_code code = r->look(r->ctx, &key, &file, until, &err);
    if (code == JIG_OK) {
        code = jig_traces_read(file.data, file.len, &traces, &n, &err);
        if (code != JIG_OK)
            r->blame(r->ctx, &err);
    }
    n = code == JIG_OK ? sift(r, wanted, traces, n, out) : 0;
    free(traces);
    jig_buf_release(&file);
    return n;
}

/* ---- for who writes ---- */

struct merging {
    bool (*keep)(void *ctx, const struct jig_digest *output);
    void *ctx;
    const struct jig_trace *kept[MOST];
    size_t n;
};

static bool is_new(const struct merging *m, const struct jig_trace *t)
{
    for (size_t i = 0; i < m->n; i++) {
        if (jig_digest_equal(&m->kept[i]->key, &t->key))
            return false;
    }
    return m->n == 0 || jig_digest_equal(&m->kept[0]->command, &t->command);
}

static void merge(struct merging *m, struct jig_trace *const *traces, size_t n, bool old)
{
    for (size_t i = 0; i < n && m->n < MOST; i++) {
        bool whole = is_new(m, traces[i]);
        for (size_t k = 0; old && m->keep != NULL && k < traces[i]->output_count; k++)
            whole = whole && m->keep(m->ctx, &traces[i]->outputs[k].sha256);
        if (whole)
            m->kept[m->n++] = traces[i];
    }
}

static void free_all(struct jig_trace **traces, size_t n)
{
    for (size_t i = 0; i < n; i++)
        jig_trace_free(traces[i]);
    free(traces);
}

enum jig_code jig_objremote_merge(const void *fresh, size_t fresh_size, const void *old,
                                  size_t old_size,
                                  bool (*keep)(void *ctx, const struct jig_digest *output),
                                  void *ctx, struct jig_buf *out, struct jig_err *reterr)
{
    struct merging m = {.keep = keep, .ctx = ctx};
    struct jig_trace **ours = NULL;
    struct jig_trace **theirs = NULL;
    size_t n_ours = 0;
    size_t n_theirs = 0;
    enum jig_code code = jig_traces_read(fresh, fresh_size, &ours, &n_ours, reterr);
    if (code != JIG_OK)
        return code;
    if (old != NULL && jig_traces_read(old, old_size, &theirs, &n_theirs, NULL) != JIG_OK)
        n_theirs = 0;
    merge(&m, ours, n_ours, false);
    merge(&m, theirs, n_theirs, true);
    for (; m.n > 0; m.n--) { /* the oldest ones go when not all fit */
        jig_buf_clear(out);
        jig_traces_write(m.kept, m.n, out);
        if (!out->failed)
            break;
    }
    code = jig_buf_check(out, "what is shared of an action", reterr);
    free_all(ours, n_ours);
    free_all(theirs, n_theirs);
    return code;
}

void jig_objremote_outputs(const void *traces, size_t size,
                           void (*each)(void *ctx, const struct jig_digest *output), void *ctx)
{
    struct jig_trace **all = NULL;
    size_t n = 0;
    if (jig_traces_read(traces, size, &all, &n, NULL) != JIG_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < all[i]->output_count; k++)
            each(ctx, &all[i]->outputs[k].sha256);
    }
    free_all(all, n);
}
