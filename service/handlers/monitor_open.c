#include <stdio.h>

#include "core/device/inventory.h"
#include "core/monitor/monitor.h"
#include "service/handlers/handlers.h"
#include "service/run/stats.h"
#include "service/wire/messages.h"
#include "service/wire/session.h"

#define BAUD_MAX 20000000 /* beyond what any UART bridge does */

struct opening {
    const struct jig_env *env;
    struct jig_device device;
    uint64_t session;
};

static void release(void *arg)
{
    struct opening *o = arg;
    jig_device_release(&o->device);
}

static enum jig_code open_session(struct opening *o, struct jig_call *call, struct jig_err *reterr)
{
    const Jig__V1__OpenMonitorRequest *request = jig_call_request(call);
    const struct jig_peer *peer = jig_call_peer(call);
    char who[96];
    if (peer->pid != 0)
        snprintf(who, sizeof who, "%s (pid %ld)", peer->user, (long)peer->pid);
    else
        snprintf(who, sizeof who, "%s", peer->user);
    bool comes_back = o->device.usb && jig_inventory_has_events(o->env->inventory);
    struct jig_monitor_open open = {
        .device = o->device.id,
        .port = o->device.port,
        .settings = JIG_PORT_8N1((int)request->baud),
        .usual_baud = (int)o->device.baud,
        .owner = peer->connection,
        .who = who,
        .life = comes_back ? o->device.generation : 0,
    };
    return jig_monitor_open(o->env->monitors, &open, &o->session, reterr);
}

static void reply(const struct opening *o, struct jig_call *call,
                  const struct jig_monitor_info *info)
{
    Jig__V1__OpenMonitorResponse message = JIG__V1__OPEN_MONITOR_RESPONSE__INIT;
    char name[JIG_SESSION_NAME_MAX];
    jig_session_name(o->session, name);
    message.session = name;
    message.device = info->device;
    message.port = info->port;
    message.baud = (uint32_t)info->baud;
    jig_call_reply(call, &message.base);
}

/* In the pool for what may block: an emulated board is started by this, and ports take their time.
 */
static void open_now(struct jig_call *call, void *ctx)
{
    struct opening *o = ctx;
    const Jig__V1__OpenMonitorRequest *request = jig_call_request(call);
    struct jig_until until = jig_call_until(call);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_device found;
    enum jig_code code = jig_inventory_refresh(o->env->inventory, &err);
    if (code == JIG_OK)
        code = jig_inventory_find(o->env->inventory, request->device, &found, &err);
    if (code == JIG_OK) {
        code = jig_inventory_ready(o->env->inventory, found.id, &until, &o->device, &err);
        jig_device_release(&found);
    }
    if (code == JIG_OK) {
        jig_call_defer(call, release, o);
        code = open_session(o, call, &err);
    }
    struct jig_monitor_info info = {0};
    if (code == JIG_OK)
        code = jig_monitor_info(o->env->monitors, o->session, &info, &err);
    if (code == JIG_OK) {
        jig_stats_add(o->env->stats, JIG_STAT_MONITORS_OPENED, 1);
        reply(o, call, &info);
        jig_monitor_info_release(&info);
    } else {
        jig_call_fail(call, &err, NULL);
    }
}

void jig_handle_monitor_open(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__OpenMonitorRequest *request = jig_call_request(call);
    if (request->baud > BAUD_MAX) {
        jig_call_failf(call, JIG_INVALID_ARGUMENT, "%u is not a speed that a serial port has",
                       request->baud);
        return;
    }
    struct opening *o = jig_call_alloc(call, sizeof *o);
    if (o == NULL) {
        jig_call_failf(call, JIG_RESOURCE_EXHAUSTED, "the call takes too much memory");
        return;
    }
    o->env = env;
    jig_call_run_in(call, env->blocking, open_now, o);
}
