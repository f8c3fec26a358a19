/* /jig.v1.PackageService/StartUpdateIndexes */
#include "service/handlers/handlers.h"
#include "service/packages.h"

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    return jig_packages_update(ctx, op, reterr);
}

void jig_handle_package_update(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartUpdateIndexesRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_operation_spec spec = {.kind = JIG_OPERATION_PACKAGES,
                                      .subject = "update of package indexes",
                                      .wait_ms = request->wait_ms,
                                      .run = run,
                                      .ctx = env->packages};
    jig_start_or_fail(env, call, &spec, request->tie, JIG_OK, &err, NULL);
}
