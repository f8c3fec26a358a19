#include "service/providing.h"

#include "service/target/depends.h"

#define ROUNDS_MAX 8

bool jig_building_misses(const struct jig_packages *p, const struct jig_building *b,
                         enum jig_code code)
{
    return code == JIG_NOT_FOUND && p != NULL && jig_packages_may_install(p) &&
           jig_missing_any(jig_building_missing(b));
}

enum jig_code jig_building_provide(struct jig_packages *p, struct jig_operation *op,
                                   struct jig_building *b, struct jig_err *reterr)
{
    enum jig_code code = JIG_NOT_FOUND;
    bool hope = true; /* that what came last helps */
    const struct jig_missing *missing = jig_building_missing(b);
    for (unsigned i = 0; hope && i < ROUNDS_MAX && jig_building_misses(p, b, code); i++) {
        struct jig_strv needs = {0};
        code = jig_packages_provide(p, op, &missing->platforms, &missing->libraries,
                                    &missing->indexes, &missing->locked, reterr);
        hope = code == JIG_OK;
        if (code != JIG_OK && code != JIG_ALREADY_EXISTS) { /* another one may have been quicker */
            jig_err_prefix(reterr, "what the build misses cannot be installed");
            return code;
        }
        code = jig_building_open(b, &needs, reterr);
        jig_strv_release(&needs);
    }
    return code;
}
