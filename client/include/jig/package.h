/*
 * jig/package.h - cores, tools and libraries. Results are released with jig_client_free().
 */
#ifndef JIG_PACKAGE_H
#define JIG_PACKAGE_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is installed; JIG_PACKAGE_KIND_UNSPECIFIED asks for all kinds. */
enum jig_status jig_client_list_packages(struct jig_client *client, enum jig_package_kind kind,
                                         int64_t deadline_ns, const struct jig_packages **ret,
                                         struct jig_error *reterr);

struct jig_package_options {
    bool detach;     /* the operation lives on when this process ends */
    int64_t wait_ms; /* how long the call waits for the end; at most 60000 */
};

/* Fetches the package indexes anew, those that changed. `options` may be NULL here and below. */
enum jig_status jig_client_start_update_indexes(struct jig_client *client,
                                                const struct jig_package_options *options,
                                                int64_t deadline_ns,
                                                const struct jig_operation **ret,
                                                struct jig_error *reterr);

/* Installs cores ("arduino:avr@1.8.6") or libraries ("Servo@^1.2", a URL), and what they need. */
enum jig_status jig_client_start_install_packages(
    struct jig_client *client, enum jig_package_kind kind, const struct jig_strings *names,
    const struct jig_package_options *options, int64_t deadline_ns,
    const struct jig_operation **ret, struct jig_error *reterr);

/* Removes what fits the names; without a version, all versions. */
enum jig_status jig_client_start_remove_packages(
    struct jig_client *client, enum jig_package_kind kind, const struct jig_strings *names,
    const struct jig_package_options *options, int64_t deadline_ns,
    const struct jig_operation **ret, struct jig_error *reterr);

/* Installs what a project needs and writes its jig.lock; `upgrade` takes the newest versions that
 * fit, whatever the lock file has now. */
enum jig_status jig_client_start_sync_packages(
    struct jig_client *client, const struct jig_project_selector *selector, bool upgrade,
    const struct jig_package_options *options, int64_t deadline_ns,
    const struct jig_operation **ret, struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
