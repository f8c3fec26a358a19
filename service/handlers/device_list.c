#include "core/device/inventory.h"
#include "service/handlers/handlers.h"
#include "service/wire/device.h"

void jig_handle_device_list(const struct jig_env *env, struct jig_call *call)
{
    Jig__V1__ListDevicesResponse reply = JIG__V1__LIST_DEVICES_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device_list list = {0};
    enum jig_code code = jig_inventory_refresh(env->inventory, &err);
    if (code == JIG_OK) {
        jig_inventory_list(env->inventory, &list);
        reply.revision = list.revision;
        code = jig_wire_devices(&list, jig_call_arena(call), &reply.devices, &err);
    }
    if (code == JIG_OK) {
        reply.n_devices = list.n;
        for (size_t i = 0; i < list.n; i++)
            jig_complete_device(env, call, reply.devices[i]);
        jig_call_reply(call, &reply.base);
    } else {
        jig_call_fail(call, &err, NULL);
    }
    jig_device_list_release(&list);
}
