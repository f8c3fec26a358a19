/*
 * json_event.h - what builds, deploys, operations and their events look like with --json.
 */
#ifndef JIG_CLI_JSON_EVENT_H
#define JIG_CLI_JSON_EVENT_H

#include <jansson.h>

#include <jig/device.h>
#include <jig/types.h>

/* The enums' words: "built", "queued", "note". */
const char *cli_build_outcome(enum jig_build_outcome outcome);
const char *cli_deploy_outcome(enum jig_deploy_outcome outcome);
const char *cli_package_outcome(enum jig_package_outcome outcome);
const char *cli_index_outcome(enum jig_index_outcome outcome);
const char *cli_operation_kind(enum jig_operation_kind kind);
const char *cli_pointer_state(enum jig_pointer_state state);
const char *cli_operation_state(enum jig_operation_state state);

void cli_json_print_event(const char *operation, const struct jig_event *event);

/* {name: microseconds} */
json_t *cli_json_phases(const struct jig_phase *phases, size_t count);

/* One environment's result, whole. */
json_t *cli_json_build(const char *operation, const struct jig_build_result *build);

/* Adds what a build's result line says: the sums over all environments, and each in `builds`. */
void cli_json_add_builds(json_t *line, const char *operation,
                         const struct jig_build_results *builds);

/* Adds what a deploy's result line says. */
void cli_json_add_lnk(json_t *line, const struct jig_operation *op); /* whose `lnk` is there */
void cli_json_add_deploy(json_t *line, const char *operation,
                         const struct jig_deploy_result *deploy);

json_t *cli_json_package(const struct jig_package *package);

/* Adds what the result line of an operation on packages says. */
void cli_json_add_packages(json_t *line, const char *operation,
                           const struct jig_packages_result *result);

json_t *cli_json_operation(const struct jig_operation *operation);

json_t *cli_json_device(const struct jig_device *device);

/* What came of work on the disk cache: report_cache.c. */
void cli_json_add_cache(json_t *line, const char *operation, const struct jig_cache_result *r);

#endif
