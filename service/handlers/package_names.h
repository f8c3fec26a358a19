/*
 * package_names.h - operations on packages that are named: install and remove.
 */
#ifndef JIG_SERVICE_HANDLERS_PACKAGE_NAMES_H
#define JIG_SERVICE_HANDLERS_PACKAGE_NAMES_H

#include "service/handlers/handlers.h"
#include "service/packages.h"

typedef enum jig_code jig_package_names_fn(struct jig_packages *p, struct jig_operation *op,
                                           enum jig_package_kind kind, const struct jig_strv *names,
                                           struct jig_err *reterr);

struct jig_package_names {
    const char *verb; /* "install": for the operation's subject */
    Jig__V1__PackageKind kind;
    bool tools; /* tools may be named */
    char **names;
    size_t n;
    const Jig__V1__OperationTie *tie;
    int64_t wait_ms;
    jig_package_names_fn *run;
};

void jig_start_package_names(const struct jig_env *env, struct jig_call *call,
                             const struct jig_package_names *asked);

#endif
