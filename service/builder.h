/*
 * builder.h - builds as operations, and what they share.
 *
 * Threads: jig_builder_run from any operation's worker.
 */
#ifndef JIG_SERVICE_BUILDER_H
#define JIG_SERVICE_BUILDER_H

#include "core/build/build.h"
#include "core/config/conf.h"
#include "service/operation.h"
#include "service/target.h"

struct jig_builder;
struct jig_lnks;

/* `conf` and `installed` (where packages are installed) are borrowed for the call. data_dir may be
 * NULL. `remote` has objects of other machines; it outlives the builder; NULL: none. */
struct jig_builder *jig_builder_new(const struct jig_conf *conf, const char *cache_dir,
                                    const struct jig_strv *installed, const char *data_dir,
                                    const struct jig_objremote *remote);
void jig_builder_free(struct jig_builder *b);

/* What pulls for builds; borrowed. Without it, a project whose pointers are not pulled yet cannot
 * be built. */
void jig_builder_set_lnks(struct jig_builder *b, struct jig_lnks *lnks);
struct jig_lnks *jig_builder_lnks(const struct jig_builder *b);

struct jig_targets *jig_builder_targets(struct jig_builder *b);
struct jig_build_engine *jig_builder_engine(struct jig_builder *b);

struct jig_warm;
struct jig_warm *jig_builder_warm(struct jig_builder *b); /* what is known without building */

/* jigd.conf's check_answers: what is known is only said once a full walk has said the same. */
bool jig_builder_checks_answers(const struct jig_builder *b);

/* How a build is asked for, beside its target. */
struct jig_build_options {
    uint32_t jobs;
    bool clean;
    bool explain;
    bool walk;
    const struct jig_watch_changes *changes; /* as struct jig_build_request has it */
    uint64_t changes_since;                  /* likewise */
    /* As struct jig_build_request has it; may be NULL. */
    enum jig_code (*finished)(void *ctx, const struct jig_build_result *result,
                              struct jig_err *reterr);
    void *finished_ctx;
};

/* Builds one environment within an operation, which is told of every step. The result is the
 * caller's to release in either case. */
enum jig_code jig_builder_run(struct jig_builder *b, struct jig_operation *op,
                              const struct jig_target *target,
                              const struct jig_target_environment *environment,
                              const struct jig_build_options *options,
                              struct jig_build_result *result, struct jig_err *reterr) JIG_CHECKED;

/* Builds nothing: gives what the last build left, as jig_build_last() does. */
enum jig_code jig_builder_last(struct jig_builder *b, struct jig_operation *op,
                               const struct jig_target *target,
                               const struct jig_target_environment *environment,
                               const struct jig_build_options *options,
                               struct jig_build_result *result, struct jig_err *reterr) JIG_CHECKED;

/* Looks whether a build would do nothing. FAILED_PRECONDITION when it would do something, ABORTED
 * when somebody builds there now. The result is the caller's to release in either case. */
enum jig_code jig_builder_look(struct jig_builder *b, const struct jig_target *target,
                               const struct jig_target_environment *environment,
                               const struct jig_until *until, struct jig_build_result *result,
                               struct jig_err *reterr) JIG_CHECKED;

/* What jig_builder_run tells of projects, in its order, each once. */
void jig_builder_warnings(const struct jig_target *target, struct jig_strv *out);

/* The result as a message whose parts live in the arena. */
void jig_builder_result(const struct jig_target *target,
                        const struct jig_target_environment *environment,
                        const struct jig_build_result *result, struct jig_arena *arena,
                        Jig__V1__BuildResult *out);

/* The targets of a selector as an operation's subject: "/home/ann/blink (uno)". The caller frees.
 */
char *jig_builder_subject(const struct jig_target *target);

#endif
