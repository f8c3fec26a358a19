/*
 * deployer.h - deploys: a build, a device, the flash, and whoever watches the port meanwhile.
 *
 *   choose device -> claim it -> build -> start it (emulated) -> pause monitors -> flash
 *        -> resume monitors on the port as it is now -> open the caller's monitor -> give it back
 *
 * A device belongs to one deploy at a time; another one is refused at once (BUSY) with the name of
 * the operation that has it. build, flash and device know nothing of each other: they meet here.
 *
 * Threads: jig_deploy_run from any operation's worker.
 */
#ifndef JIG_SERVICE_DEPLOYER_H
#define JIG_SERVICE_DEPLOYER_H

#include "core/device/inventory.h"
#include "core/device/trust.h"
#include "core/flash/image.h"
#include "core/monitor/monitor.h"
#include "service/builder.h"

struct jig_deployer;

/* All borrowed; they outlive the deployer. Images that no project made are put together in
 * `scratch_dir`. */
struct jig_deployer *jig_deployer_new(struct jig_builder *builder, struct jig_inventory *inventory,
                                      struct jig_trust *trust, struct jig_monitors *monitors,
                                      const char *scratch_dir);
void jig_deployer_free(struct jig_deployer *d);

/* The operation that has the device now; "" when none has. The caller frees. */
char *jig_deployer_holder(struct jig_deployer *d, const char *device_id);

struct jig_deploy_request {
    struct jig_target *target; /* NULL when images are given without a project */
    struct jig_image_part *parts;
    size_t part_count;
    char *fqbn;   /* for images without a project; "" to go by the device */
    char *device; /* "" to choose */
    bool no_build;
    bool monitor;
    uint32_t monitor_baud; /* 0: the project's, or 9600 */
    struct jig_build_options build;
};

void jig_deploy_request_free(struct jig_deploy_request *r);

/* The whole of it, within an operation, whose result it sets. */
enum jig_code jig_deploy_run(struct jig_deployer *d, struct jig_operation *op,
                             const struct jig_deploy_request *request,
                             struct jig_err *reterr) JIG_CHECKED;

#endif
