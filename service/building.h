/*
 * building.h - one request to build a project's environments, from its arrival to what is learned
 * from it.
 *
 *   new --jig_building_ask--> answered at once (a watch vouches for it)
 *     |                                                                   \
 *     '--jig_building_open--> answered by a walk, or the target is open    --> jig_building_run
 *                                                                              for each, _end
 *
 * While a target is opened and its environments are built, everything that is looked at is noted;
 * when all of it was up to date, the next request like this one is answered by service/warm.
 *
 * Threads: one at a time.
 */
#ifndef JIG_SERVICE_BUILDING_H
#define JIG_SERVICE_BUILDING_H

#include "service/builder.h"
#include "service/warm.h"

struct jig_building;

/* The selector is copied; NULL when it does not fit in memory. */
struct jig_building *jig_building_new(struct jig_builder *b,
                                      const Jig__V1__ProjectSelector *selector,
                                      const struct jig_build_options *options);
void jig_building_free(struct jig_building *b);

/* True when the answer is there already: nothing that follows blocks. */
bool jig_building_ask(struct jig_building *b);

/* After that found none: true when all that there is to open is in memory, and nothing of it is to
 * be leased: to open it does not block. */
bool jig_building_is_open(const struct jig_building *b);

/* Finds the answer by a walk, or opens the target. As jig_target_open. */
enum jig_code jig_building_open(struct jig_building *b, struct jig_strv *needs_env,
                                struct jig_err *reterr) JIG_CHECKED;

/* What would have to be installed first, after that failed (service/target/depends.h): then it may
 * be opened once more. Borrowed. */
struct jig_missing;
const struct jig_missing *jig_building_missing(const struct jig_building *b);

/* What an operation says that it works on. Borrowed. */
const char *jig_building_subject(const struct jig_building *b);

/* The target; opened now when the answer came from elsewhere. Borrowed. */
enum jig_code jig_building_target(struct jig_building *b, const struct jig_target **ret,
                                  struct jig_err *reterr) JIG_CHECKED;

/* The answer that is there already, with the target opened: both borrowed. NULL when there is none,
 * or when the target would have to be opened. */
const Jig__V1__BuildResult *jig_building_known(const struct jig_building *b, size_t index,
                                               const struct jig_target **ret_target);

size_t jig_building_count(const struct jig_building *b); /* environments */

/* What jig_builder_run() is told to call while the build folder is locked (struct
 * jig_build_request, finished). It is not called for an answer that is known: nothing is locked
 * then, and the result that `use` gets is all there is. */
void jig_building_set_finished(struct jig_building *b,
                               enum jig_code (*finished)(void *ctx,
                                                         const struct jig_build_result *result,
                                                         struct jig_err *reterr),
                               void *ctx);

/* Builds one environment within an operation, or says again what is known of it. `use` gets the
 * result, which lives for that call; its failure is the build's. */
typedef enum jig_code jig_building_use_fn(void *ctx, const Jig__V1__BuildResult *result,
                                          struct jig_err *reterr);
enum jig_code jig_building_run(struct jig_building *b, struct jig_operation *op, size_t index,
                               jig_building_use_fn *use, void *ctx,
                               struct jig_err *reterr) JIG_CHECKED;

/* After the last of them: what was learned is kept. */
void jig_building_end(struct jig_building *b);

#endif
