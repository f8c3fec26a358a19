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
#include "core/os/sighting.h"
#include "core/os/time.h"

#define MOST_PROPERTY_TEXT (4u << 20)

/* ---- the command ---- */

static enum jig_code make_plan(const struct jig_deploy *d, const char *dir,
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

static enum jig_code make_recipe(const struct jig_deploy *d, const char *dir, struct recipe **ret,
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
static char *recipe_key(const struct jig_deploy *d, const char *dir)
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
enum jig_code deploy_recipe(const struct jig_deploy *d, const char *dir, bool fresh,
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

bool deploy_is_trusted(struct jig_deploy *d)
{
    char *because = NULL;
    free(d->because);
    d->because = NULL;
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
    d->because = holds ? jig_xstrdup("trust is to be a look at the board") : because;
    return false;
}

enum jig_code deploy_make_scratch(struct jig_deploy *d, struct jig_err *reterr)
{
    d->scratch = jig_strf("%s/%s", d->deployer->scratch_dir, jig_operation_id(d->op));
    return jig_fs_mkdirs(d->scratch, 0700, reterr);
}

/* ---- an image of a project ---- */

/* A file that a build left. */
struct made {
    const char *path; /* borrowed */
    struct jig_digest sha256;
};

#define MOST_MADE 64

/* An image on its way from a build to a deploy. */
struct handover {
    struct jig_deploy *deploy;
    const char *dir; /* the build folder */
    struct made made[MOST_MADE];
    size_t n_made;
    int64_t flash_bytes; /* at most 0: unknown */
    struct recipe *recipe;
    struct jig_image_content contents[JIG_IMAGE_MOST_PARTS]; /* of the recipe's files */
};

static struct handover *handover_new(struct jig_deploy *d)
{
    struct handover *h = jig_new(struct handover);
    h->deploy = d;
    h->dir = d->environment->build_dir;
    return h;
}

static void handover_free(struct handover *h)
{
    recipe_free(h->recipe);
    free(h);
}

static struct handover *from_build(struct jig_deploy *d, const struct jig_build_result *r)
{
    struct handover *h = handover_new(d);
    h->flash_bytes = r->size.flash_bytes;
    for (size_t i = 0; i < r->artifact_count && i < MOST_MADE; i++)
        h->made[h->n_made++] = (struct made){r->artifacts[i].path, r->artifacts[i].sha256};
    return h;
}

/* What is known of an earlier build. */
static struct handover *from_known(struct jig_deploy *d, const Jig__V1__BuildResult *r)
{
    struct handover *h = handover_new(d);
    h->flash_bytes = r->flash_bytes;
    for (size_t i = 0; i < r->n_artifacts && i < MOST_MADE; i++) {
        struct made *made = &h->made[h->n_made];
        made->path = r->artifacts[i]->path;
        h->n_made += jig_digest_parse(r->artifacts[i]->sha256, &made->sha256) != 0;
    }
    return h;
}

static const struct made *find_made(const struct handover *h, const char *path)
{
    for (size_t i = 0; i < h->n_made; i++) {
        if (jig_streq(h->made[i].path, path))
            return &h->made[i];
    }
    return NULL;
}

/* What the build says that it made. A file besides (of a hook, for one) is looked at, unless
 * `known_only`: UNAVAILABLE then. */
static enum jig_code know_contents(struct handover *h, bool known_only, struct jig_err *reterr)
{
    struct jig_files *files =
        jig_build_engine_files(jig_builder_engine(h->deploy->deployer->builder));
    size_t n = h->recipe->files.n;
    for (size_t i = 0; i < n && i < JIG_IMAGE_MOST_PARTS; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(h->dir, h->recipe->files.v[i]);
        const struct made *made = find_made(h, path);
        struct jig_file_content content;
        enum jig_code code = JIG_OK;
        if (made == NULL && known_only)
            return jig_err_set(reterr, JIG_UNAVAILABLE, "%s is to be looked at", path);
        if (made == NULL)
            code = jig_files_look(files, path, &content, reterr);
        if (code != JIG_OK)
            return code;
        h->contents[i].sha256 = made != NULL ? made->sha256 : content.sha256;
    }
    return JIG_OK;
}

static void set_image(struct handover *h)
{
    struct jig_deploy *d = h->deploy;
    size_t n = h->recipe->files.n;
    d->image_bytes = h->flash_bytes > 0 ? (uint64_t)h->flash_bytes : 0;
    d->has_image = n > 0 && n <= JIG_IMAGE_MOST_PARTS;
    if (d->has_image)
        d->image = jig_image_digest(h->recipe->how, h->contents, n);
}

static enum jig_code know_image(struct handover *h, struct jig_err *reterr)
{
    struct jig_deploy *d = h->deploy;
    enum jig_code code = deploy_recipe(d, h->dir, false, &h->recipe, reterr);
    if (code == JIG_OK)
        code = know_contents(h, false, reterr);
    if (code == JIG_NOT_FOUND && h->recipe != NULL) { /* it was made when other files were there */
        recipe_free(h->recipe);
        h->recipe = NULL;
        code = deploy_recipe(d, h->dir, true, &h->recipe, reterr);
        if (code == JIG_OK)
            code = know_contents(h, false, reterr);
    }
    if (code == JIG_OK)
        set_image(h);
    return code;
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

/* `finished` of a build: nobody else builds in its folder until this returns. What is looked at
 * here is nothing that the build's answer rests on. */
static enum jig_code take_image(void *ctx, const struct jig_build_result *result,
                                struct jig_err *reterr)
{
    struct jig_deploy *d = ctx;
    const struct jig_observer *before = jig_observe(NULL);
    int64_t since = jig_now_ns();
    struct handover *h = from_build(d, result);
    enum jig_code code = know_image(h, reterr);
    if (code == JIG_OK && !deploy_is_trusted(d)) {
        code = deploy_make_scratch(d, reterr);
        for (size_t i = 0; code == JIG_OK && i < h->recipe->files.n; i++)
            code = copy_file(h, i, reterr);
    }
    handover_free(h);
    jig_observe(before);
    d->took_image = true;
    d->own_us[PHASE_IMAGE] += (jig_now_ns() - since) / 1000;
    return code;
}

static void set_project_name(struct jig_deploy *d)
{
    const struct jig_project *project = d->target->project;
    bool is_sketch = project->kind == JIG_PROJECT_SKETCH;
    d->project_name = jig_xstrdup(is_sketch ? jig_path_base(project->file) : "firmware");
}

/* What is in the build folder, when a successful build left it so. */
static enum jig_code take_last(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_build_result result;
    struct jig_build_options options = {.finished = take_image, .finished_ctx = d};
    enum jig_code code = jig_builder_last(d->deployer->builder, d->op, d->target, d->environment,
                                          &options, &result, reterr);
    jig_build_result_release(&result);
    return code;
}

/* The build's answer came without a build, so nobody has taken the image yet: when it is not known
 * to be on the device, its files have to be what the answer says. */
static enum jig_code take_known(struct jig_deploy *d, struct jig_err *reterr)
{
    int64_t since = jig_now_ns();
    struct handover *h = from_known(d, d->build);
    enum jig_code code = know_image(h, reterr);
    bool trusted = code == JIG_OK && deploy_is_trusted(d);
    handover_free(h);
    d->own_us[PHASE_IMAGE] += (jig_now_ns() - since) / 1000;
    return code != JIG_OK || trusted ? code : take_last(d, reterr);
}

struct hand_on {
    struct jig_deploy *deploy;
    deploy_go_on_fn *go_on;
};

/* `use` of a build. */
static enum jig_code use_build(void *ctx, const Jig__V1__BuildResult *result,
                               struct jig_err *reterr)
{
    struct hand_on *on = ctx;
    struct jig_deploy *d = on->deploy;
    enum jig_code code = JIG_OK;
    d->build = result;
    jig_building_end(d->request->building);
    if (!d->took_image)
        code = take_known(d, reterr);
    if (code == JIG_OK && d->scratch != NULL)
        code = make_plan(d, d->scratch, &d->plan, reterr);
    if (code == JIG_OK)
        code = on->go_on(d, reterr);
    d->build = NULL;
    return code;
}

enum jig_code deploy_image(struct jig_deploy *d, deploy_go_on_fn *go_on, struct jig_err *reterr)
{
    struct hand_on on = {d, go_on};
    if (d->target != NULL)
        set_project_name(d);
    if (d->request->building != NULL) {
        jig_building_set_finished(d->request->building, take_image, d);
        return jig_building_run(d->request->building, d->op, 0, use_build, &on, reterr);
    }
    enum jig_code code = d->target != NULL ? take_last(d, reterr) : deploy_parts(d, reterr);
    if (code == JIG_OK && d->scratch != NULL)
        code = make_plan(d, d->scratch, &d->plan, reterr);
    return code == JIG_OK ? go_on(d, reterr) : code;
}

bool deploy_image_is_known(struct jig_deploy *d)
{
    const Jig__V1__BuildResult *result = jig_building_known(d->request->building, 0, &d->target);
    if (result == NULL)
        return false;
    int64_t since = jig_now_ns();
    set_project_name(d);
    struct handover *h = from_known(d, result);
    JIG_CLEANUP_FREE char *key = recipe_key(d, h->dir);
    h->recipe = key != NULL ? deployer_recall_recipe(d->deployer, key) : NULL;
    bool known = h->recipe != NULL && know_contents(h, true, NULL) == JIG_OK;
    if (known)
        set_image(h);
    handover_free(h);
    d->own_us[PHASE_IMAGE] = (jig_now_ns() - since) / 1000;
    return known && d->mode == JIG_TRUST_SESSION && deploy_is_trusted(d);
}
