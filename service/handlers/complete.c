#include "core/base/mem.h"
#include "core/device/trust.h"
#include "service/deployer.h"
#include "service/handlers/handlers.h"

static void mark_busy(const struct jig_env *env, struct jig_arena *arena, Jig__V1__Device *device)
{
    if (env->deployer == NULL)
        return;
    JIG_CLEANUP_FREE char *holder = jig_deployer_holder(env->deployer, device->id);
    char *copy = jig_arena_strdup(arena, holder);
    if (copy != NULL)
        device->busy_operation = copy;
}

static void mark_trust(const struct jig_env *env, struct jig_arena *arena, Jig__V1__Device *device)
{
    struct jig_trust_info info;
    if (env->trust == NULL || !jig_trust_get(env->trust, device->id, &info))
        return;
    Jig__V1__DeviceTrust *m = jig_arena_alloc(arena, sizeof *m);
    char *hex = jig_arena_alloc(arena, JIG_SHA256_HEX);
    if (m == NULL || hex == NULL)
        return;
    jig__v1__device_trust__init(m);
    jig_digest_hex(&info.image, hex);
    m->image_sha256 = hex;
    m->since_unix_ms = info.since_ms;
    m->how = (char *)"verified";
    device->trust = m;
}

void jig_complete_device(const struct jig_env *env, struct jig_call *call, Jig__V1__Device *device)
{
    mark_busy(env, jig_call_arena(call), device);
    mark_trust(env, jig_call_arena(call), device);
}
