#include "service/deployer/impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define MOST_IMAGES 256 /* whose hashes are remembered */

struct jig_deployer *jig_deployer_new(struct jig_builder *builder, struct jig_inventory *inventory,
                                      struct jig_trust *trust, struct jig_monitors *monitors,
                                      const char *scratch_dir)
{
    struct jig_deployer *d = jig_new(struct jig_deployer);
    d->builder = builder;
    d->inventory = inventory;
    d->trust = trust;
    d->monitors = monitors;
    d->scratch_dir = jig_xstrdup(scratch_dir);
    d->hashes =
        jig_image_hashes_new(jig_build_engine_files(jig_builder_engine(builder)), MOST_IMAGES);
    d->default_trust = JIG_TRUST_VERIFY;
    pthread_mutex_init(&d->mu, NULL);
    jig_map_init(&d->holders, free);
    jig_map_init(&d->last, free);
    jig_map_init(&d->recipes, recipe_free);
    jig_map_init(&d->trust_of, NULL);
    return d;
}

void jig_deployer_free(struct jig_deployer *d)
{
    if (d == NULL)
        return;
    jig_map_release(&d->holders);
    jig_map_release(&d->last);
    jig_map_release(&d->recipes);
    jig_map_release(&d->trust_of);
    jig_image_hashes_free(d->hashes);
    pthread_mutex_destroy(&d->mu);
    free(d->scratch_dir);
    free(d);
}

char *jig_deployer_holder(struct jig_deployer *d, const char *device_id)
{
    pthread_mutex_lock(&d->mu);
    const char *holder = jig_map_get(&d->holders, device_id);
    char *copy = jig_xstrdup(holder != NULL ? holder : "");
    pthread_mutex_unlock(&d->mu);
    return copy;
}

void jig_deploy_request_free(struct jig_deploy_request *r)
{
    if (r == NULL)
        return;
    jig_target_free(r->target);
    for (size_t i = 0; i < r->part_count; i++)
        free((char *)r->parts[i].path);
    free(r->parts);
    free(r->fqbn);
    free(r->device);
    free(r);
}

static enum jig_code claim(struct deploy *d, struct jig_err *reterr)
{
    struct jig_deployer *all = d->deployer;
    enum jig_code code = JIG_OK;
    pthread_mutex_lock(&all->mu);
    const char *holder = jig_map_get(&all->holders, d->device.id);
    if (holder != NULL)
        code = jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "%s is being flashed by operation %s", d->device.id, holder);
    else
        jig_map_set(&all->holders, d->device.id, jig_xstrdup(jig_operation_id(d->op)));
    d->claimed = code == JIG_OK;
    pthread_mutex_unlock(&all->mu);
    return code;
}

static void give_back(struct deploy *d)
{
    if (!d->claimed)
        return;
    pthread_mutex_lock(&d->deployer->mu);
    jig_map_remove(&d->deployer->holders, d->device.id);
    pthread_mutex_unlock(&d->deployer->mu);
    d->claimed = false;
}

static enum jig_code run_steps(struct deploy *d, struct jig_err *reterr)
{
    enum jig_code code = deploy_choose(d, reterr);
    if (code == JIG_OK)
        code = claim(d, reterr);
    d->own_us[PHASE_CHOOSE] = (jig_now_ns() - d->started_ns) / 1000;
    if (code == JIG_OK)
        code = deploy_image(d, reterr);
    if (code == JIG_OK)
        code = deploy_flash(d, reterr);
    return code;
}

static void release(struct deploy *d)
{
    if (d->scratch != NULL && jig_fs_remove_tree(d->scratch, NULL) != JIG_OK)
        jig_operation_notice(d->op, "deploy.scratch_left", JIG_EVENT_WARNING,
                             "the folder %s could not be removed", d->scratch);
    jig_build_result_release(&d->build);
    jig_flash_result_release(&d->flash);
    jig_upload_plan_free(d->plan);
    jig_board_config_free(d->image_board);
    jig_device_release(&d->device);
    free(d->because);
    free(d->scratch);
    free(d->project_name);
}

enum jig_code jig_deploy_run(struct jig_deployer *deployer, struct jig_operation *op,
                             const struct jig_deploy_request *request, struct jig_err *reterr)
{
    struct deploy d = {
        .deployer = deployer, .op = op, .request = request, .started_ns = jig_now_ns()};
    jig_flash_result_init(&d.flash);
    enum jig_code code = run_steps(&d, reterr);
    give_back(&d);
    if (code == JIG_OK)
        deploy_set_result(&d);
    release(&d);
    return code;
}
