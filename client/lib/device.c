#include <jig/device.h>

#include <assert.h>

#include "client/lib/call.h"
#include "client/lib/convert.h"
#include "jig/v1/device.pb-c.h"

static_assert((int)JIG_CHANGE_RENUMBERED == JIG__V1__DEVICE_CHANGE__KIND__KIND_RENUMBERED,
              "change");
static_assert((int)JIG_MONITOR_CLOSED == JIG__V1__MONITOR_EVENT__KIND__KIND_CLOSED, "event");

static struct jig_target target(const char *method)
{
    return jig_target_of(&jig__v1__device_service__descriptor, method);
}

static struct jig_device_trust convert_trust(const Jig__V1__DeviceTrust *in)
{
    static const Jig__V1__DeviceTrust none = JIG__V1__DEVICE_TRUST__INIT;
    if (in == NULL)
        in = &none;
    return (struct jig_device_trust){in->image_sha256, in->since_unix_ms, in->how};
}

static void convert_device(const Jig__V1__Device *in, struct jig_device *out)
{
    static const Jig__V1__Device none = JIG__V1__DEVICE__INIT;
    if (in == NULL)
        in = &none;
    *out = (struct jig_device){
        .id = in->id,
        .port = in->port,
        .kind = in->kind,
        .vid = in->vid,
        .pid = in->pid,
        .serial = in->serial,
        .connected = in->connected,
        .labels = jig_convert_strings(in->labels, in->n_labels),
        .aliases = jig_convert_strings(in->aliases, in->n_aliases),
        .fqbn = in->fqbn,
        .product = in->product,
        .topology = in->topology,
        .busy_operation = in->busy_operation,
        .trust = convert_trust(in->trust),
    };
}

static bool fill_list(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__ListDevicesResponse *in = (const void *)reply;
    struct jig_device *items = jig_result_items(arena, in->n_devices, sizeof *items);
    if (items == NULL && in->n_devices > 0)
        return false;
    for (size_t i = 0; i < in->n_devices; i++)
        convert_device(in->devices[i], &items[i]);
    *(struct jig_devices *)result =
        (struct jig_devices){.items = items, .count = in->n_devices, .revision = in->revision};
    return true;
}

enum jig_status jig_client_list_devices(struct jig_client *client, int64_t deadline_ns,
                                        const struct jig_devices **ret, struct jig_error *reterr)
{
    Jig__V1__ListDevicesRequest request = JIG__V1__LIST_DEVICES_REQUEST__INIT;
    return jig_call_typed(client, target("ListDevices"), &request.base, deadline_ns, sizeof **ret,
                          fill_list, (const void **)ret, reterr);
}

static bool fill_device(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    (void)arena;
    convert_device(((const Jig__V1__GetDeviceResponse *)reply)->device, result);
    return true;
}

enum jig_status jig_client_get_device(struct jig_client *client, const char *device,
                                      int64_t deadline_ns, const struct jig_device **ret,
                                      struct jig_error *reterr)
{
    Jig__V1__GetDeviceRequest request = JIG__V1__GET_DEVICE_REQUEST__INIT;
    request.device = (char *)(uintptr_t)device;
    return jig_call_typed(client, target("GetDevice"), &request.base, deadline_ns, sizeof **ret,
                          fill_device, (const void **)ret, reterr);
}

static bool fill_changes(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__WatchDevicesResponse *in = (const void *)reply;
    struct jig_device_change *items = jig_result_items(arena, in->n_changes, sizeof *items);
    if (items == NULL && in->n_changes > 0)
        return false;
    for (size_t i = 0; i < in->n_changes; i++) {
        items[i].kind = (enum jig_change_kind)in->changes[i]->kind;
        convert_device(in->changes[i]->device, &items[i].device);
    }
    *(struct jig_device_changes *)result = (struct jig_device_changes){
        .items = items, .count = in->n_changes, .cursor = in->cursor, .snapshot = in->snapshot};
    return true;
}

enum jig_status jig_client_watch_devices(struct jig_client *client, uint64_t cursor,
                                         int64_t wait_ms, int64_t deadline_ns,
                                         const struct jig_device_changes **ret,
                                         struct jig_error *reterr)
{
    Jig__V1__WatchDevicesRequest request = JIG__V1__WATCH_DEVICES_REQUEST__INIT;
    request.cursor = cursor;
    request.wait_ms = wait_ms;
    return jig_call_typed(client, target("WatchDevices"), &request.base, deadline_ns, sizeof **ret,
                          fill_changes, (const void **)ret, reterr);
}

static bool fill_session(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    (void)arena;
    const Jig__V1__OpenMonitorResponse *in = (const void *)reply;
    *(struct jig_monitor_session *)result = (struct jig_monitor_session){
        .session = in->session, .device = in->device, .port = in->port, .baud = in->baud};
    return true;
}

enum jig_status jig_client_open_monitor(struct jig_client *client, const char *device,
                                        uint32_t baud, int64_t deadline_ns,
                                        const struct jig_monitor_session **ret,
                                        struct jig_error *reterr)
{
    Jig__V1__OpenMonitorRequest request = JIG__V1__OPEN_MONITOR_REQUEST__INIT;
    request.device = (char *)(uintptr_t)device;
    request.baud = baud;
    return jig_call_typed(client, target("OpenMonitor"), &request.base, deadline_ns, sizeof **ret,
                          fill_session, (const void **)ret, reterr);
}

static bool fill_data(struct jig_arena *arena, const ProtobufCMessage *reply, void *result)
{
    const Jig__V1__ReadMonitorResponse *in = (const void *)reply;
    struct jig_monitor_event *events = jig_result_items(arena, in->n_events, sizeof *events);
    if (events == NULL && in->n_events > 0)
        return false;
    for (size_t i = 0; i < in->n_events; i++) {
        events[i] = (struct jig_monitor_event){
            .kind = (enum jig_monitor_event_kind)in->events[i]->kind,
            .text = in->events[i]->text,
            .port = in->events[i]->port,
            .at_byte = in->events[i]->at_byte,
        };
    }
    *(struct jig_monitor_data *)result = (struct jig_monitor_data){
        .bytes = in->data.data,
        .size = in->data.len,
        .cursor = in->cursor,
        .dropped = in->dropped_bytes,
        .events = events,
        .event_count = in->n_events,
        .closed = in->closed,
    };
    return true;
}

enum jig_status jig_client_read_monitor(struct jig_client *client, const char *session,
                                        uint64_t cursor, int64_t wait_ms, int64_t deadline_ns,
                                        const struct jig_monitor_data **ret,
                                        struct jig_error *reterr)
{
    Jig__V1__ReadMonitorRequest request = JIG__V1__READ_MONITOR_REQUEST__INIT;
    request.session = (char *)(uintptr_t)session;
    request.cursor = cursor;
    request.wait_ms = wait_ms;
    return jig_call_typed(client, target("ReadMonitor"), &request.base, deadline_ns, sizeof **ret,
                          fill_data, (const void **)ret, reterr);
}

enum jig_status jig_client_write_monitor(struct jig_client *client, const char *session,
                                         const void *bytes, size_t size, int64_t deadline_ns,
                                         struct jig_error *reterr)
{
    if (size > JIG_MONITOR_WRITE_MAX)
        return jig_error_cause(reterr, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                               "%zu bytes are too many to write at once; at most %d", size,
                               JIG_MONITOR_WRITE_MAX);
    Jig__V1__WriteMonitorRequest request = JIG__V1__WRITE_MONITOR_REQUEST__INIT;
    request.session = (char *)(uintptr_t)session;
    request.data = (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)bytes};
    return jig_call_void(client, target("WriteMonitor"), &request.base, deadline_ns, reterr);
}

enum jig_status jig_client_close_monitor(struct jig_client *client, const char *session,
                                         int64_t deadline_ns, struct jig_error *reterr)
{
    Jig__V1__CloseMonitorRequest request = JIG__V1__CLOSE_MONITOR_REQUEST__INIT;
    request.session = (char *)(uintptr_t)session;
    return jig_call_void(client, target("CloseMonitor"), &request.base, deadline_ns, reterr);
}
