#include "core/device/inventory.h"
#include "service/handlers/handlers.h"
#include "service/wire/device.h"

void jig_handle_device_get(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__GetDeviceRequest *request = jig_call_request(call);
    Jig__V1__GetDeviceResponse reply = JIG__V1__GET_DEVICE_RESPONSE__INIT;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device device;
    enum jig_code code = jig_inventory_find(env->inventory, request->device, &device, &err);
    if (code != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        return;
    }
    code = jig_wire_device(&device, jig_call_arena(call), &reply.device, &err);
    if (code == JIG_OK) {
        jig_complete_device(env, call, reply.device);
        jig_call_reply(call, &reply.base);
    } else {
        jig_call_fail(call, &err, NULL);
    }
    jig_device_release(&device);
}
