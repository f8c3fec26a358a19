/* An image of files that the caller names, with their offsets. */
#include "service/deployer/impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/time.h"

static enum jig_code know_parts(struct jig_deploy *d, const char *how, struct jig_err *reterr)
{
    enum jig_code code = jig_image_hash(d->deployer->hashes, how, d->request->parts,
                                        d->request->part_count, &d->image, reterr);
    d->has_image = code == JIG_OK;
    return code;
}

/* Copies a part, and hashes the copy. */
static enum jig_code copy_part(const struct jig_deploy *d, struct jig_image_part *part, size_t i,
                               struct jig_image_content *ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *name = jig_strf("part-%zu", i);
    char *to = jig_path_join(d->scratch, name);
    part->copy = to; /* merge_parts frees it */
    enum jig_code code = jig_fs_copy(part->path, to, 0600, false, reterr);
    if (code == JIG_OK)
        code = jig_sha256_file(to, &ret->sha256, reterr);
    ret->offset = part->offset;
    return code;
}

/* Several files, with their offsets, as the one Intel HEX file that an upload recipe takes. What is
 * merged are copies, so that the hash is that of what is flashed. */
static enum jig_code merge_parts(struct jig_deploy *d, const char *how, struct jig_err *reterr)
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

enum jig_code deploy_parts(struct jig_deploy *d, struct jig_err *reterr)
{
    struct recipe *recipe = NULL;
    int64_t since = jig_now_ns();
    d->project_name = jig_xstrdup("image");
    enum jig_code code = deploy_recipe(d, d->deployer->scratch_dir, false, &recipe, reterr);
    if (code == JIG_OK)
        code = know_parts(d, recipe->how, reterr);
    if (code == JIG_OK && !deploy_is_trusted(d)) {
        code = deploy_make_scratch(d, reterr);
        if (code == JIG_OK)
            code = merge_parts(d, recipe->how, reterr);
    }
    recipe_free(recipe);
    d->own_us[PHASE_IMAGE] = (jig_now_ns() - since) / 1000;
    return code;
}
