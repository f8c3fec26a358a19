#include "core/base/mem.h"
#include "service/deployer.h"
#include "service/handlers/handlers.h"

void jig_mark_busy(const struct jig_env *env, struct jig_call *call, Jig__V1__Device *device)
{
    if (env->deployer == NULL)
        return;
    JIG_CLEANUP_FREE char *holder = jig_deployer_holder(env->deployer, device->id);
    char *copy = jig_arena_strdup(jig_call_arena(call), holder);
    if (copy != NULL)
        device->busy_operation = copy;
}
