/*
 * impl.h - the deployer's insides, shared by its own .c files only.
 *
 * deployer.c goes through the steps; board.c chooses, image.c and parts.c know and copy what is to
 * be flashed, flash.c puts it there, memory.c keeps what outlives one deploy, result.c tells.
 *
 * Threads: a struct jig_deploy belongs to the worker that runs it; a struct jig_deployer locks
 * itself.
 */
#ifndef JIG_SERVICE_DEPLOYER_IMPL_H
#define JIG_SERVICE_DEPLOYER_IMPL_H

#include <pthread.h>

#include "core/arduino/upload.h"
#include "core/base/map.h"
#include "core/flash/flash.h"
#include "core/flash/imagehash.h"
#include "service/deployer.h"
#include "service/deployer/recipe.h"
#include "service/wire/messages.h"
#include "service/wire/session.h"

struct jig_deployer {
    struct jig_builder *builder;
    struct jig_inventory *inventory;
    struct jig_trust *trust;
    struct jig_monitors *monitors;
    char *scratch_dir;
    struct jig_image_hashes *hashes;
    pthread_mutex_t mu;
    struct jig_map holders;  /* guarded by mu, as are these; device id -> operation id */
    struct jig_map last;     /* device id -> struct last_image */
    struct jig_map recipes;  /* fingerprint -> struct recipe */
    struct jig_map trust_of; /* device id or alias -> its mode */
    enum jig_trust_mode default_trust;
    uint64_t trusted; /* as in struct jig_deployer_stats, as are these */
    uint64_t compared;
    uint64_t written;
};

/* Beside the flash's own phases. */
enum deploy_phase { PHASE_CHOOSE, PHASE_IMAGE, PHASE_OWN_COUNT };

/* One deploy on its way. */
struct jig_deploy {
    struct jig_deployer *deployer;
    struct jig_deploy_request *request;
    struct jig_operation *op; /* NULL until it runs */
    char *subject;
    bool known;                                       /* nothing is left to be done */
    const struct jig_target *target;                  /* NULL for bare images */
    const struct jig_target_environment *environment; /* NULL for bare images */
    struct jig_board_config *image_board;             /* owned; for bare images */
    struct jig_hold *image_hold;                      /* what that board uses of the cache */
    const struct jig_board_config *board;
    struct jig_device device;
    bool claimed;
    enum jig_trust_mode mode;
    const Jig__V1__BuildResult *build; /* while it is handed over; NULL when nothing was built */
    bool took_image;                   /* from the build, whose folder was locked */

    char *project_name; /* the image's files are named after it */
    bool has_image;     /* what is to be flashed has a hash */
    struct jig_digest image;
    uint64_t image_bytes; /* 0: unknown */
    char *scratch;        /* holds the image's files; NULL while there are none */
    struct jig_upload_plan *plan;

    Jig__V1__DeployResult__Outcome outcome;
    char *because;
    struct jig_flash_result flash;
    uint64_t bytes_skipped;

    int64_t started_ns;
    enum jig_flash_phase phase; /* of the flash, and when it began; 0: not yet */
    int64_t phase_since_ns;
    int64_t phase_us[JIG_FLASH_DONE + 1];
    int64_t own_us[PHASE_OWN_COUNT];
    char session[JIG_SESSION_NAME_MAX]; /* "" when none was asked for */
};

/* ---- memory.c: bounded, and never a proof of anything ---- */

/* A copy, or NULL. The caller frees it with recipe_free. */
struct recipe *deployer_recall_recipe(struct jig_deployer *d, const char *key);
void deployer_remember_recipe(struct jig_deployer *d, const char *key, const struct recipe *r);

/* The image that was verified on the device last, though it may have been changed since. */
struct last_image {
    struct jig_digest image;
    uint64_t bytes;
};

bool deployer_last(struct jig_deployer *d, const char *device_id, struct last_image *ret);
void deployer_set_last(struct jig_deployer *d, const char *device_id,
                       const struct last_image *last);
void deployer_clear_last(struct jig_deployer *d, const char *device_id);

void deployer_count(struct jig_deployer *d, uint64_t *which);

/* The mode that is configured for the device. */
enum jig_trust_mode deployer_trust_of(struct jig_deployer *d, const struct jig_device *device);

/* ---- the steps ---- */

enum jig_code deploy_choose(struct jig_deploy *d, struct jig_err *reterr) JIG_CHECKED;

/* True when nothing has to be done (outcome TRUSTED); else `because` says why that is. */
bool deploy_is_trusted(struct jig_deploy *d);

/* Builds, when that is asked for, and calls `go_on`: then either the device is known to hold the
 * image (outcome TRUSTED), or a private copy of it is there with the plan to flash it, and d->build
 * is what was built. */
typedef enum jig_code deploy_go_on_fn(struct jig_deploy *d, struct jig_err *reterr);
enum jig_code deploy_image(struct jig_deploy *d, deploy_go_on_fn *go_on,
                           struct jig_err *reterr) JIG_CHECKED;

/* The part of it that needs neither a file nor a process. */
bool deploy_image_is_known(struct jig_deploy *d);

/* parts.c: the same for files that the caller names. */
enum jig_code deploy_parts(struct jig_deploy *d, struct jig_err *reterr) JIG_CHECKED;

/* recipe and scratch folder, for both */
enum jig_code deploy_recipe(const struct jig_deploy *d, const char *dir, bool fresh,
                            struct recipe **ret, struct jig_err *reterr) JIG_CHECKED;
enum jig_code deploy_make_scratch(struct jig_deploy *d, struct jig_err *reterr) JIG_CHECKED;

/* Puts the image on the device, or finds it there; for TRUSTED only the caller's monitor is left to
 * be opened. */
enum jig_code deploy_flash(struct jig_deploy *d, struct jig_err *reterr) JIG_CHECKED;

void deploy_set_result(struct jig_deploy *d);

#endif
