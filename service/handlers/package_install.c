/* /jig.v1.PackageService/StartInstallPackages */
#include "service/handlers/package_names.h"

void jig_handle_package_install(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartInstallPackagesRequest *request = jig_call_request(call);
    struct jig_package_names asked = {.verb = "install",
                                      .kind = request->kind,
                                      .tools = false,
                                      .names = request->names,
                                      .n = request->n_names,
                                      .tie = request->tie,
                                      .wait_ms = request->wait_ms,
                                      .run = jig_packages_install};
    jig_start_package_names(env, call, &asked);
}
