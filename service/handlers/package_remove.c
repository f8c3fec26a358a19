/* /jig.v1.PackageService/StartRemovePackages */
#include "service/handlers/package_names.h"

void jig_handle_package_remove(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartRemovePackagesRequest *request = jig_call_request(call);
    struct jig_package_names asked = {.verb = "remove",
                                      .kind = request->kind,
                                      .tools = true,
                                      .names = request->names,
                                      .n = request->n_names,
                                      .tie = request->tie,
                                      .wait_ms = request->wait_ms,
                                      .run = jig_packages_remove};
    jig_start_package_names(env, call, &asked);
}
