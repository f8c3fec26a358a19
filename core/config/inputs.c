#include "core/config/inputs.h"

#include <string.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"

/* A file whose stamp is this young when it is read may change once more without its stamp showing
 * it. Two seconds is the coarsest clock of a filesystem in use (FAT). */
#define RACY_NS (2 * JIG_NS_PER_S)

void jig_inputs_init(struct jig_inputs *in)
{
    *in = (struct jig_inputs){0};
    jig_map_init(&in->paths, NULL);
}

void jig_inputs_release(struct jig_inputs *in)
{
    for (size_t i = 0; i < in->n; i++)
        free(in->v[i].path);
    free(in->v);
    jig_map_release(&in->paths);
    jig_inputs_init(in);
}

static struct jig_project_input *add(struct jig_inputs *in, const char *path)
{
    if (jig_map_has(&in->paths, path))
        return NULL;
    jig_map_set(&in->paths, path, in);
    in->v = jig_grow(in->v, &in->cap, in->n, sizeof *in->v);
    in->v[in->n] = (struct jig_project_input){.path = jig_xstrdup(path)};
    return &in->v[in->n++];
}

static bool is_racy(const struct jig_stamp *stamp)
{
    int64_t young = stamp->mtime_ns > stamp->ctime_ns ? stamp->mtime_ns : stamp->ctime_ns;
    return young > jig_unix_coarse_ns() - RACY_NS;
}

enum jig_code jig_inputs_read(struct jig_inputs *in, const char *path, struct jig_buf *out,
                              struct jig_err *reterr)
{
    struct jig_stamp stamp;
    enum jig_code code = jig_fs_stamp(path, &stamp, reterr);
    if (code != JIG_OK)
        return code;
    bool racy = is_racy(&stamp);
    size_t before = out->len;
    code = jig_fs_read(path, out, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_project_input *input = add(in, path);
    if (input == NULL)
        return JIG_OK;
    input->kind = JIG_INPUT_FILE;
    input->stamp = stamp;
    input->racy = racy;
    input->content = jig_fingerprint_of(out->data + before, out->len - before);
    return JIG_OK;
}

static struct jig_fingerprint names_of(const char *path)
{
    struct jig_strv names = {0};
    if (jig_fs_list(path, &names, NULL) != JIG_OK)
        jig_strv_clear(&names);
    JIG_CLEANUP_FREE char *joined = jig_strv_join(&names, "/");
    jig_strv_release(&names);
    return jig_fingerprint_of(joined, strlen(joined));
}

void jig_inputs_file(struct jig_inputs *in, const char *path)
{
    struct jig_stamp stamp;
    if (jig_fs_stamp(path, &stamp, NULL) != JIG_OK) {
        jig_inputs_absent(in, path);
        return;
    }
    struct jig_project_input *input = add(in, path);
    if (input == NULL)
        return;
    input->kind = JIG_INPUT_FILE;
    input->stamp = stamp;
}

void jig_inputs_folder(struct jig_inputs *in, const char *path)
{
    struct jig_stamp stamp;
    if (jig_fs_stamp(path, &stamp, NULL) != JIG_OK) {
        jig_inputs_absent(in, path);
        return;
    }
    struct jig_project_input *input = add(in, path);
    if (input == NULL)
        return;
    input->kind = JIG_INPUT_FOLDER;
    input->stamp = stamp;
    input->racy = is_racy(&stamp);
    input->content = names_of(path);
}

void jig_inputs_absent(struct jig_inputs *in, const char *path)
{
    struct jig_project_input *input = add(in, path);
    if (input != NULL)
        input->kind = JIG_INPUT_ABSENT;
}

bool jig_input_is_current(const struct jig_project_input *input)
{
    struct jig_stamp stamp;
    bool there = jig_fs_stamp(input->path, &stamp, NULL) == JIG_OK;
    if (input->kind == JIG_INPUT_ABSENT || !there)
        return there == (input->kind != JIG_INPUT_ABSENT);
    bool same = jig_stamp_equal(&stamp, &input->stamp);
    if (input->kind == JIG_INPUT_FILE && (!same || !input->racy))
        return same;
    if (same && !input->racy)
        return true;
    struct jig_fingerprint now;
    if (input->kind == JIG_INPUT_FOLDER)
        now = names_of(input->path);
    else if (jig_fingerprint_file(input->path, &now, NULL) != JIG_OK)
        return false;
    return jig_fingerprint_equal(now, input->content);
}
