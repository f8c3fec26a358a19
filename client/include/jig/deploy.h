/*
 * jig/deploy.h - putting firmware on devices. Results are released with jig_client_free().
 */
#ifndef JIG_DEPLOY_H
#define JIG_DEPLOY_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum jig_trust {
    JIG_TRUST_DEFAULT = 0, /* the device's or the daemon's own setting */
    JIG_TRUST_SESSION = 1, /* what was verified in this session and not touched since is believed */
    JIG_TRUST_VERIFY = 2,  /* the device is asked */
    JIG_TRUST_NONE = 3     /* always write */
};

/* One file of an image. */
struct jig_image_part {
    uint64_t offset;  /* in the device's flash, in bytes */
    const char *path; /* absolute */
};

struct jig_deploy_options {
    const char *device;                  /* a device's id, alias or port; NULL: the one that fits */
    bool no_build;                       /* flash what the last build left */
    const struct jig_image_part *images; /* instead of a project's */
    size_t image_count;
    enum jig_trust trust;
    bool monitor;          /* open a monitor session as soon as the flash is over */
    uint32_t monitor_baud; /* 0: the project's monitor_speed, else 9600 */
    uint32_t jobs;         /* while building; 0: the number of processors */
    bool walk;             /* the build looks at every file */
    bool detach;           /* the operation lives on when this process ends */
    int64_t wait_ms;       /* how long the call waits for the end; at most 60000 */
};

/* Starts a deploy. `selector` is NULL when images are given without a project. */
enum jig_status jig_client_start_deploy(struct jig_client *client,
                                        const struct jig_project_selector *selector,
                                        const struct jig_deploy_options *options,
                                        int64_t deadline_ns, const struct jig_operation **ret,
                                        struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
