#include "service/deployer/impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/hold.h"
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
    if (jig_fs_remove_tree(scratch_dir, NULL) != JIG_OK) /* of a daemon that was killed */
        jig_log(JIG_LOG_DEBUG, "deploy.scratch_stays", "%s", scratch_dir);
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
    jig_building_free(r->building);
    jig_target_free(r->target);
    jig_hold_free(r->hold);
    for (size_t i = 0; i < r->part_count; i++)
        free((char *)r->parts[i].path);
    free(r->parts);
    free(r->fqbn);
    free(r->device);
    free(r);
}

static enum jig_code claim(struct jig_deploy *d, struct jig_err *reterr)
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

static void give_back(struct jig_deploy *d)
{
    if (!d->claimed)
        return;
    pthread_mutex_lock(&d->deployer->mu);
    jig_map_remove(&d->deployer->holders, d->device.id);
    pthread_mutex_unlock(&d->deployer->mu);
    d->claimed = false;
}

struct jig_deploy *jig_deploy_new_take(struct jig_deployer *deployer,
                                       struct jig_deploy_request *request)
{
    struct jig_deploy *d = jig_new(struct jig_deploy);
    d->deployer = deployer;
    d->request = request;
    d->started_ns = request->started_ns;
    jig_flash_result_init(&d->flash);
    return d;
}

/* Whatever was found out is found out anew. */
static void forget(struct jig_deploy *d)
{
    jig_device_release(&d->device);
    d->device = (struct jig_device){0};
    free(d->because);
    free(d->project_name);
    d->because = d->project_name = NULL;
    d->environment = NULL;
    d->board = NULL;
    d->target = NULL;
    d->has_image = false;
    memset(d->own_us, 0, sizeof d->own_us);
}

void jig_deploy_free(struct jig_deploy *d)
{
    if (d == NULL)
        return;
    forget(d);
    jig_flash_result_release(&d->flash);
    jig_upload_plan_free(d->plan);
    jig_board_config_free(d->image_board);
    jig_hold_free(d->image_hold);
    jig_deploy_request_free(d->request);
    free(d->subject);
    free(d->scratch);
    free(d);
}

const char *jig_deploy_subject(struct jig_deploy *d)
{
    const struct jig_deploy_request *r = d->request;
    if (r->building != NULL)
        return jig_building_subject(r->building);
    if (d->subject == NULL)
        d->subject = r->target != NULL
                         ? jig_builder_subject(r->target)
                         : jig_strf("%s%s", r->parts[0].path, r->part_count > 1 ? " and more" : "");
    return d->subject;
}

/* ---- known already ---- */

static bool is_held(struct jig_deploy *d)
{
    JIG_CLEANUP_FREE char *holder = jig_deployer_holder(d->deployer, d->device.id);
    return holder[0] != '\0';
}

/* A deploy that runs has forgotten what the device holds before it touches it, so what is known is
 * known of a device that nobody is flashing. */
bool jig_deploy_is_known(struct jig_deploy *d)
{
    const struct jig_deploy_request *r = d->request;
    if (r->building == NULL || r->monitor || !jig_inventory_has_events(d->deployer->inventory) ||
        jig_building_known(r->building, 0, &d->target) == NULL ||
        jig_building_count(r->building) != 1)
        return false;
    int64_t since = jig_now_ns();
    bool free_now = deploy_choose(d, NULL) == JIG_OK && !is_held(d);
    d->own_us[PHASE_CHOOSE] = (jig_now_ns() - since) / 1000;
    d->known = free_now && deploy_image_is_known(d);
    if (!d->known)
        forget(d);
    return d->known;
}

static enum jig_code tell_known(void *ctx, const Jig__V1__BuildResult *build,
                                struct jig_err *reterr)
{
    struct jig_deploy *d = ctx;
    enum jig_code code = deploy_flash(d, reterr); /* has nothing to do */
    d->build = build;
    if (code == JIG_OK)
        deploy_set_result(d);
    d->build = NULL;
    return code;
}

/* ---- the steps ---- */

static enum jig_code flash_and_tell(struct jig_deploy *d, struct jig_err *reterr)
{
    enum jig_code code = deploy_flash(d, reterr);
    if (code == JIG_OK)
        deploy_set_result(d);
    return code;
}

static enum jig_code find_target(struct jig_deploy *d, struct jig_err *reterr)
{
    if (d->request->building != NULL)
        return jig_building_target(d->request->building, &d->target, reterr);
    d->target = d->request->target;
    return JIG_OK;
}

static enum jig_code run_steps(struct jig_deploy *d, struct jig_err *reterr)
{
    int64_t since = jig_now_ns();
    enum jig_code code = find_target(d, reterr);
    if (code == JIG_OK)
        code = deploy_choose(d, reterr);
    if (code == JIG_OK)
        code = claim(d, reterr);
    d->own_us[PHASE_CHOOSE] = (jig_now_ns() - since) / 1000;
    return code == JIG_OK ? deploy_image(d, flash_and_tell, reterr) : code;
}

enum jig_code jig_deploy_run(struct jig_deploy *d, struct jig_operation *op, struct jig_err *reterr)
{
    d->op = op;
    if (d->known)
        return jig_building_run(d->request->building, op, 0, tell_known, d, reterr);
    enum jig_code code = run_steps(d, reterr);
    give_back(d);
    if (d->scratch != NULL && jig_fs_remove_tree(d->scratch, NULL) != JIG_OK)
        jig_operation_notice(op, "deploy.scratch_left", JIG_EVENT_WARNING,
                             "the folder %s could not be removed", d->scratch);
    return code;
}
