/* /jig.v1.PackageService/ListPackages */
#include "service/handlers/handlers.h"
#include "service/packages.h"

/* In a thread that may block. */
static void list(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    const Jig__V1__ListPackagesRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    Jig__V1__ListPackagesResponse reply = JIG__V1__LIST_PACKAGES_RESPONSE__INIT;
    enum jig_code code = jig_packages_list(env->packages, (enum jig_package_kind)request->kind,
                                           jig_call_arena(call), &reply, &err);
    if (code == JIG_OK)
        jig_call_reply(call, &reply.base);
    else
        jig_call_fail(call, &err, NULL);
}

void jig_handle_package_list(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__ListPackagesRequest *request = jig_call_request(call);
    struct jig_err err = JIG_ERR_INIT;
    if (protobuf_c_enum_descriptor_get_value(&jig__v1__package_kind__descriptor,
                                             (int)request->kind) == NULL) {
        jig_err_reason(&err, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                       "%d is no kind of package that this daemon knows", (int)request->kind);
        jig_call_fail(call, &err, NULL);
        return;
    }
    jig_call_run_in(call, env->reading, list, (void *)env);
}
