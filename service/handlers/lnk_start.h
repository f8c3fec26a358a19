/*
 * lnk_start.h - what the methods of LnkService have in common.
 */
#ifndef JIG_SERVICE_HANDLERS_LNK_START_H
#define JIG_SERVICE_HANDLERS_LNK_START_H

#include "service/handlers/handlers.h"
#include "service/lnk.h"
#include "service/target.h"

/* What the operation works with after the call was answered. */
struct jig_lnk_work {
    struct jig_lnks *lnks;
    char *directory;
    char *build_directory;
    uint32_t jobs;
    bool deep;
    bool news_only;
    char *url;
    char *path;
    enum jig_pointer_extract extract;
    bool says_extract;
};

/* `selector` may be NULL. */
struct jig_lnk_work *jig_lnk_work_new(const struct jig_env *env,
                                      const Jig__V1__ProjectSelector *selector);
void jig_lnk_work_free(void *work);

/* The project's folder, and where its build folders go. The caller frees. */
enum jig_code jig_lnk_work_place(const struct jig_lnk_work *w, char **ret_root, char **ret_base,
                                 struct jig_err *reterr) JIG_CHECKED;

/* Starts the operation and answers the call. Takes the work. `subject` is absolute. */
void jig_lnk_start(const struct jig_env *env, struct jig_call *call, struct jig_lnk_work *work,
                   jig_operation_fn *run, const char *subject, const Jig__V1__OperationTie *tie,
                   int64_t wait_ms);

#endif
