#include "service/wire/action_result.h"

#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/wire/action_result.pb-c.h"
#include "service/wire/decode.h"

struct file {
    Jig__Reapi__OutputFile message;
    Jig__Reapi__Digest digest;
    char hex[JIG_SHA256_HEX];
    char path[sizeof "out/" + JIG_SHA256_HEX];
};

static Jig__Reapi__OutputFile *fill(struct file *f, const struct jig_action_output *output)
{
    jig__reapi__output_file__init(&f->message);
    jig__reapi__digest__init(&f->digest);
    jig_digest_hex(&output->sha256, f->hex);
    snprintf(f->path, sizeof f->path, "out/%s", f->hex);
    f->digest.hash = f->hex;
    f->digest.size_bytes = (int64_t)output->size;
    f->message.path = f->path;
    f->message.digest = &f->digest;
    return &f->message;
}

void jig_action_result_pack(const struct jig_action_result *r, struct jig_buf *out)
{
    Jig__Reapi__ActionResult m = JIG__REAPI__ACTION_RESULT__INIT;
    struct file *files = jig_xcalloc(r->output_count, sizeof *files);
    Jig__Reapi__OutputFile **pointers = jig_xcalloc(r->output_count, sizeof *pointers);
    for (size_t i = 0; i < r->output_count; i++)
        pointers[i] = fill(&files[i], &r->outputs[i]);
    m.n_output_files = r->output_count;
    m.output_files = pointers;
    m.stdout_raw.data = (uint8_t *)r->traces;
    m.stdout_raw.len = r->traces_size;
    char *room = jig_buf_reserve(out, jig__reapi__action_result__get_packed_size(&m));
    if (room != NULL)
        out->len += jig__reapi__action_result__pack(&m, (uint8_t *)room);
    free(pointers);
    free(files);
}

static bool read_output(const Jig__Reapi__OutputFile *f, struct jig_action_output *ret)
{
    if (f->digest == NULL || f->digest->size_bytes < 0 ||
        !jig_digest_parse(f->digest->hash, &ret->sha256))
        return false;
    ret->size = (uint64_t)f->digest->size_bytes;
    return true;
}

enum jig_code jig_action_result_unpack(const void *bytes, size_t n, struct jig_arena *arena,
                                       struct jig_action_result *ret, struct jig_err *reterr)
{
    ProtobufCMessage *decoded = NULL;
    enum jig_code code =
        jig_wire_decode(&jig__reapi__action_result__descriptor, bytes, n, arena, &decoded, reterr);
    if (code != JIG_OK)
        return code;
    const Jig__Reapi__ActionResult *m = (const Jig__Reapi__ActionResult *)decoded;
    if (m->n_output_files > JIG_ACTION_RESULT_OUTPUTS_MAX)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "an action result has %zu outputs",
                           m->n_output_files);
    struct jig_action_output *outputs =
        jig_arena_alloc(arena, (m->n_output_files + 1) * sizeof *outputs);
    if (outputs == NULL)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "an action result takes too much memory");
    for (size_t i = 0; i < m->n_output_files; i++) {
        if (!read_output(m->output_files[i], &outputs[i]))
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                               "an action result names an output without a SHA-256");
    }
    *ret = (struct jig_action_result){.traces = m->stdout_raw.data,
                                      .traces_size = m->stdout_raw.len,
                                      .outputs = outputs,
                                      .output_count = m->n_output_files};
    return JIG_OK;
}
