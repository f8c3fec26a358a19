/*
 * What is flashed is a private copy of what the build made. It is made by what the build calls
 * while its folder is still locked (struct jig_build_request, `finished`), and each file's hash is
 * compared with the one that the build knows; so another build of the same folder, which may begin
 * a moment later, changes nothing. A deploy whose image is on the device already needs no copy.
 *
 * Which files these are is what the upload command says, for the tool of another platform may take
 * several. Their hashes, and the command without port and folder, are the image's hash.
 */
#include "service/deployer/impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/fingerprint.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define MOST_PROPERTY_TEXT (4u << 20)

/* ---- the command ---- */

static enum jig_code make_plan(const struct deploy *d, const char *dir,
                               struct jig_upload_plan **ret, struct jig_err *reterr)
{
    struct jig_upload_request request = {
        .action = JIG_UPLOAD,
        .build_path = dir,
        .project_name = d->project_name,
        .protocol = "serial",
        .verbose = true, /* its numbers are what the result is made of */
        .verify = true,
        .custom = d->environment != NULL ? d->environment->custom : NULL,
    };
    return jig_upload_plan(d->board, &request, ret, reterr);
}

static enum jig_code make_recipe(const struct deploy *d, const char *dir, struct recipe **ret,
                                 struct jig_err *reterr)
{
    struct jig_upload_plan *plan = NULL;
    struct jig_strv argv = {0};
    enum jig_code code = make_plan(d, dir, &plan, reterr);
    if (code == JIG_OK)
        code = jig_upload_argv(plan, RECIPE_PORT, &argv, reterr);
    if (code == JIG_OK)
        *ret = recipe_new(&argv, dir, d->project_name);
    jig_strv_release(&argv);
    jig_upload_plan_free(plan);
    return code;
}

/* The tool may be another platform's, whose properties the board's do not show. */
static bool tool_is_foreign(const struct jig_props *props)
{
    static const char *const keys[] = {"upload.tool.serial", "upload.tool.default", "upload.tool"};
    for (size_t i = 0; i < JIG_COUNT(keys); i++) {
        if (strchr(jig_props_get_or(props, keys[i], ""), ':') != NULL)
            return true;
    }
    return false;
}

static void add_props(struct jig_buf *text, const struct jig_props *props)
{
    const char *key;
    const char *value;
    for (size_t at = 0; props != NULL && jig_props_next(props, &at, &key, &value);) {
        jig_buf_append(text, key, strlen(key) + 1);
        jig_buf_append(text, value, strlen(value) + 1);
    }
}

/* All that the recipe follows from, but for which files are there. NULL: it is not to be kept. */
static char *recipe_key(const struct deploy *d, const char *dir)
{
    struct jig_buf text;
    char *key = NULL;
    if (tool_is_foreign(d->board->props))
        return NULL;
    jig_buf_init(&text, MOST_PROPERTY_TEXT);
    jig_buf_append(&text, dir, strlen(dir) + 1);
    jig_buf_append(&text, d->project_name, strlen(d->project_name) + 1);
    add_props(&text, d->board->props);
    jig_buf_putc(&text, '\0');
    add_props(&text, d->environment != NULL ? d->environment->custom : NULL);
    if (!text.failed) {
        struct jig_fingerprint f = jig_fingerprint_of(text.data, text.len);
        key = jig_strf("%016llx%016llx", (unsigned long long)f.high, (unsigned long long)f.low);
    }
    jig_buf_release(&text);
    return key;
}

/* `fresh`: whatever is remembered. */
static enum jig_code get_recipe(const struct deploy *d, const char *dir, bool fresh,
                                struct recipe **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *key = recipe_key(d, dir);
    *ret = key != NULL && !fresh ? deployer_recall_recipe(d->deployer, key) : NULL;
    if (*ret != NULL)
        return JIG_OK;
    enum jig_code code = make_recipe(d, dir, ret, reterr);
    if (code == JIG_OK && key != NULL)
        deployer_remember_recipe(d->deployer, key, *ret);
    return code;
}

/* ---- is it there already? ---- */

/* True when nothing has to be done; else `because` says why that is. */
static bool is_trusted(struct deploy *d)
{
    char *because = NULL;
    if (d->mode == JIG_TRUST_NONE) {
        d->because = jig_xstrdup("no trust is asked for");
        return false;
    }
    if (!d->has_image) {
        d->because = jig_xstrdup("it is not known what the upload command writes");
        return false;
    }
    bool holds = jig_trust_holds(d->deployer->trust, d->device.id, &d->image, &because);
    if (holds && d->mode == JIG_TRUST_SESSION) {
        struct last_image last = {.bytes = d->image_bytes};
        (void)deployer_last(d->deployer, d->device.id, &last);
        d->outcome = JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_TRUSTED;
        d->because = jig_xstrdup("nothing has happened to it since this image was verified on it");
        d->bytes_skipped = last.bytes;
        deployer_count(d->deployer, &d->deployer->trusted);
        return true;
    }
    d->because =
        holds ? jig_xstrdup("the trust that is asked for is a look at the device") : because;
    return false;
}

/* ---- an image of a project ---- */

/* One that is being handed over by the build. */
struct handover {
    struct deploy *deploy;
    const char *dir; /* the build folder */
    const struct jig_build_result *result;
    struct recipe *recipe;
    struct jig_image_content contents[JIG_IMAGE_MOST_PARTS]; /* of the recipe's files */
};

static const struct jig_artifact *find_artifact(const struct jig_build_result *r, const char *path)
{
    for (size_t i = 0; i < r->artifact_count; i++) {
        if (jig_streq(r->artifacts[i].path, path))
            return &r->artifacts[i];
    }
    return NULL;
}

/* What the build says that it made; a file besides (of a hook, for one) is looked at. */
static enum jig_code know_contents(struct handover *h, struct jig_err *reterr)
{
    struct jig_files *files =
        jig_build_engine_files(jig_builder_engine(h->deploy->deployer->builder));
    size_t n = h->recipe->files.n;
    for (size_t i = 0; i < n && i < JIG_IMAGE_MOST_PARTS; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(h->dir, h->recipe->files.v[i]);
        const struct jig_artifact *made = find_artifact(h->result, path);
        struct jig_file_content content;
        enum jig_code code = JIG_OK;
        if (made == NULL)
            code = jig_files_look(files, path, &content, reterr);
        if (code != JIG_OK)
            return code;
        h->contents[i].sha256 = made != NULL ? made->sha256 : content.sha256;
    }
    return JIG_OK;
}

static enum jig_code know_image(struct handover *h, struct jig_err *reterr)
{
    struct deploy *d = h->deploy;
    enum jig_code code = get_recipe(d, h->dir, false, &h->recipe, reterr);
    if (code == JIG_OK)
        code = know_contents(h, reterr);
    if (code == JIG_NOT_FOUND && h->recipe != NULL) { /* it was made when other files were there */
        recipe_free(h->recipe);
        code = get_recipe(d, h->dir, true, &h->recipe, reterr);
        if (code == JIG_OK)
            code = know_contents(h, reterr);
    }
    if (code != JIG_OK)
        return code;
    size_t n = h->recipe->files.n;
    d->image_bytes = h->result->size.flash_bytes > 0 ? (uint64_t)h->result->size.flash_bytes : 0;
    d->has_image = n > 0 && n <= JIG_IMAGE_MOST_PARTS;
    if (d->has_image)
        d->image = jig_image_digest(h->recipe->how, h->contents, n);
    return JIG_OK;
}

static enum jig_code make_scratch(struct deploy *d, struct jig_err *reterr)
{
    d->scratch = jig_strf("%s/%s", d->deployer->scratch_dir, jig_operation_id(d->op));
    return jig_fs_mkdirs(d->scratch, 0700, reterr);
}

static enum jig_code copy_file(const struct handover *h, size_t i, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *from = jig_path_join(h->dir, h->recipe->files.v[i]);
    JIG_CLEANUP_FREE char *to = jig_path_join(h->deploy->scratch, h->recipe->files.v[i]);
    JIG_CLEANUP_FREE char *folder = jig_path_dir(to);
    struct jig_digest copied;
    enum jig_code code = jig_fs_mkdirs(folder, 0700, reterr);
    if (code == JIG_OK)
        code = jig_fs_copy(from, to, 0600, false, reterr);
    if (code == JIG_OK)
        code = jig_sha256_file(to, &copied, reterr);
    if (code == JIG_OK && h->deploy->has_image &&
        !jig_digest_equal(&copied, &h->contents[i].sha256)) {
        code = jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                              "%s is not what the build left there: something changed it", from);
        jig_err_hint(reterr, "deploy again, which builds it anew");
    }
    return code;
}

/* `finished` of the build: nobody else builds in its folder until this returns. */
static enum jig_code take_image(void *ctx, const struct jig_build_result *result,
                                struct jig_err *reterr)
{
    struct deploy *d = ctx;
    struct handover *h = jig_new(struct handover);
    int64_t since = jig_now_ns();
    h->deploy = d;
    h->dir = d->environment->build_dir;
    h->result = result;
    enum jig_code code = know_image(h, reterr);
    if (code == JIG_OK && !is_trusted(d)) {
        code = make_scratch(d, reterr);
        for (size_t i = 0; code == JIG_OK && i < h->recipe->files.n; i++)
            code = copy_file(h, i, reterr);
    }
    recipe_free(h->recipe);
    free(h);
    d->own_us[PHASE_IMAGE] = (jig_now_ns() - since) / 1000;
    return code;
}

static enum jig_code project_image(struct deploy *d, struct jig_err *reterr)
{
    const struct jig_target *target = d->request->target;
    struct jig_build_options options = d->request->build;
    bool is_sketch = target->project->kind == JIG_PROJECT_SKETCH;
    d->project_name = jig_xstrdup(is_sketch ? jig_path_base(target->project->file) : "firmware");
    options.finished = take_image;
    options.finished_ctx = d;
    d->has_build = !d->request->no_build;
    return d->has_build ? jig_builder_run(d->deployer->builder, d->op, target, d->environment,
                                          &options, &d->build, reterr)
                        : jig_builder_last(d->deployer->builder, d->op, target, d->environment,
                                           &options, &d->build, reterr);
}

/* ---- an image of files that the caller names ---- */

static enum jig_code know_parts(struct deploy *d, const char *how, struct jig_err *reterr)
{
    enum jig_code code = jig_image_hash(d->deployer->hashes, how, d->request->parts,
                                        d->request->part_count, &d->image, reterr);
    d->has_image = code == JIG_OK;
    return code;
}

/* Copies a part, and hashes the copy. */
static enum jig_code copy_part(const struct deploy *d, struct jig_image_part *part, size_t i,
                               struct jig_image_content *ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *name = jig_strf("part-%zu", i);
    char *to = jig_path_join(d->scratch, name);
    part->copy = to; /* part_image frees it */
    enum jig_code code = jig_fs_copy(part->path, to, 0600, false, reterr);
    if (code == JIG_OK)
        code = jig_sha256_file(to, &ret->sha256, reterr);
    ret->offset = part->offset;
    return code;
}

/* Several files, with their offsets, as the one Intel HEX file that an upload recipe takes. What is
 * merged are copies, so that the hash is that of what is flashed. */
static enum jig_code merge_parts(struct deploy *d, const char *how, struct jig_err *reterr)
{
    struct jig_image_part parts[JIG_IMAGE_MOST_PARTS];
    struct jig_image_content contents[JIG_IMAGE_MOST_PARTS];
    size_t n = d->request->part_count;
    JIG_CLEANUP_FREE char *hex = jig_strf("%s/%s.hex", d->scratch, d->project_name);
    int64_t flash_max = 0;
    if (!jig_parse_i64(jig_props_get(d->board->props, "upload.maximum_size"), &flash_max))
        flash_max = 0;
    memcpy(parts, d->request->parts, n * sizeof *parts);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < n; i++)
        code = copy_part(d, &parts[i], i, &contents[i], reterr);
    if (code == JIG_OK)
        code = jig_image_merge(parts, n, (uint64_t)flash_max, hex, &d->image_bytes, reterr);
    if (code == JIG_OK)
        d->image = jig_image_digest(how, contents, n);
    for (size_t i = 0; i < n; i++)
        free((char *)parts[i].copy);
    return code;
}

static enum jig_code parts_image(struct deploy *d, struct jig_err *reterr)
{
    struct recipe *recipe = NULL;
    int64_t since = jig_now_ns();
    d->project_name = jig_xstrdup("image");
    enum jig_code code = get_recipe(d, d->deployer->scratch_dir, false, &recipe, reterr);
    if (code == JIG_OK)
        code = know_parts(d, recipe->how, reterr);
    if (code == JIG_OK && !is_trusted(d)) {
        code = make_scratch(d, reterr);
        if (code == JIG_OK)
            code = merge_parts(d, recipe->how, reterr);
    }
    recipe_free(recipe);
    d->own_us[PHASE_IMAGE] = (jig_now_ns() - since) / 1000;
    return code;
}

enum jig_code deploy_image(struct deploy *d, struct jig_err *reterr)
{
    enum jig_code code =
        d->request->part_count > 0 ? parts_image(d, reterr) : project_image(d, reterr);
    if (code == JIG_OK && d->scratch != NULL)
        code = make_plan(d, d->scratch, &d->plan, reterr);
    return code;
}
