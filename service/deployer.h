/*
 * deployer.h - deploys: a build, a device, the flash, and whoever watches the port meanwhile.
 *
 *   choose device -> claim it -> build -> image -- known to be there ------------------> trusted
 *                                           |
 *        the image's private copy, made while nobody else can build
 *                                           |
 *      start it (emulated) -> pause monitors -> compare -- the same --> resume ... ----> verified
 *                                           |      \-- differs --.
 *                                           '--> write <---------' --> resume ... -----> written
 *
 *   resume ... : monitors go on, on the port as it is now; the caller's monitor is opened
 *
 * What is written is the image that this deploy's build made, whoever builds the same folder
 * meanwhile: see image.c. How far what is known of the device is believed is the request's trust,
 * else the device's or the daemon's own (jigd.conf):
 *
 *   session  core/device/trust.h's word is taken, and the port not touched
 *   verify   the device is asked, when the image is the last one that was verified on it: only then
 *            is it worth the asking, which takes nearly as long as writing (and every write
 *            verifies). Also what `session` does when trust is lost.
 *   none     it is written
 *
 * A device belongs to one deploy at a time; another one is refused at once (BUSY) with the name of
 * the operation that has it. build, flash and device know nothing of each other: they meet here.
 *
 * Threads: any, for the deployer; a jig_deploy belongs to one thread at a time.
 */
#ifndef JIG_SERVICE_DEPLOYER_H
#define JIG_SERVICE_DEPLOYER_H

#include "core/config/conf.h"
#include "core/device/inventory.h"
#include "core/device/trust.h"
#include "core/flash/imagehash.h"
#include "core/monitor/monitor.h"
#include "service/building.h"

struct jig_deployer;

/* All borrowed; they outlive the deployer. Each deploy keeps its image's files in a folder of its
 * own below `scratch_dir`, which is this deployer's alone: what an earlier one left there is
 * removed. */
struct jig_deployer *jig_deployer_new(struct jig_builder *builder, struct jig_inventory *inventory,
                                      struct jig_trust *trust, struct jig_monitors *monitors,
                                      const char *scratch_dir);
void jig_deployer_free(struct jig_deployer *d);

/* Takes over the configured trust of the daemon and of its devices. Borrowed for the call. */
void jig_deployer_configure(struct jig_deployer *d, const struct jig_conf *conf);

/* The operation that has the device now; "" when none has. The caller frees. */
char *jig_deployer_holder(struct jig_deployer *d, const char *device_id);

/* What was answered without work, and what was not. */
struct jig_deployer_stats {
    struct jig_image_hashes_stats images;
    uint64_t trusted;  /* deploys that had nothing to do, as it was known */
    uint64_t compared; /* boards that were asked, whatever they said */
    uint64_t written;  /* deploys that wrote without asking */
};
struct jig_deployer_stats jig_deployer_stats(struct jig_deployer *d);

struct jig_deploy_request {
    int64_t started_ns;            /* monotonic: when it came */
    struct jig_building *building; /* of a project, to be built; or */
    struct jig_target *target; /* of a project that is not to be built; or NULL both, and parts */
    struct jig_hold *hold;     /* what `target` uses of the cache; NULL when it uses nothing */
    struct jig_image_part *parts;
    size_t part_count;
    char *fqbn;   /* for images without a project; "" to go by the device */
    char *device; /* "" to choose */
    enum jig_trust_mode trust;
    bool monitor;
    uint32_t monitor_baud; /* 0: the project's, or 9600 */
};

void jig_deploy_request_free(struct jig_deploy_request *r);

/* One deploy, from its request to its end. */
struct jig_deploy;

/* Takes the request, in which all is set. */
struct jig_deploy *jig_deploy_new_take(struct jig_deployer *d, struct jig_deploy_request *request);
void jig_deploy_free(struct jig_deploy *d);

/* True when there is nothing to do, and all of it is known without looking at a file, a port or a
 * process: the build's answer (jig_building_ask), the device, and that it holds the image.
 * jig_deploy_run() does not block then. */
bool jig_deploy_is_known(struct jig_deploy *d);

/* What an operation says that it works on. Borrowed. */
const char *jig_deploy_subject(struct jig_deploy *d);

/* The whole of it, within an operation, whose result it sets. Once. */
enum jig_code jig_deploy_run(struct jig_deploy *d, struct jig_operation *op,
                             struct jig_err *reterr) JIG_CHECKED;

#endif
