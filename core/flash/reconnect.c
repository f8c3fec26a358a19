#include "core/flash/reconnect.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "core/os/tty.h"

#define TOUCH_BAUD 1200
#define LEAVE_MS   500 /* a board that obeys a touch has left by then; arduino-cli waits as long */

static int64_t port_wait_ms(const struct jig_flash_request *r)
{
    return r->port_wait_ms > 0 ? r->port_wait_ms : JIG_FLASH_PORT_MS;
}

static enum jig_code touch(const char *port, struct jig_err *reterr)
{
    struct jig_port_settings at_1200 = JIG_PORT_8N1(TOUCH_BAUD);
    struct jig_port *p = NULL;
    enum jig_code code = jig_port_open(port, &at_1200, &p, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_port_set_lines(p, 0, JIG_LINE_LEAVE, reterr);
    jig_port_close(p);
    /* No such lines: closing the port is the sign then. Gone already: it was quick. */
    return code == JIG_UNIMPLEMENTED || code == JIG_NOT_FOUND || code == JIG_DATA_LOSS ? JIG_OK
                                                                                       : code;
}

static const struct jig_device *in_list(const struct jig_device_list *list, const char *id)
{
    for (size_t i = 0; i < list->n; i++) {
        if (jig_streq(list->v[i].id, id))
            return &list->v[i];
    }
    return NULL;
}

/* Has it come, or come again, since `before`? */
static bool is_new(const struct jig_device *d, const struct jig_device_list *before)
{
    const struct jig_device *old = in_list(before, d->id);
    return d->connected && d->kind != JIG_DEVICE_EMULATED &&
           (old == NULL || d->generation > old->generation);
}

/* The port that appeared: at the touched board's place, or, when its place is unknown, anywhere. */
static char *appeared(struct jig_inventory *inv, const struct jig_device_list *before,
                      const char *device)
{
    const struct jig_device *touched = in_list(before, device);
    const char *place = touched != NULL ? touched->topology : "";
    struct jig_device_list now;
    jig_inventory_list(inv, &now);
    char *port = NULL;
    for (size_t i = 0; port == NULL && i < now.n; i++) {
        const struct jig_device *d = &now.v[i];
        if (is_new(d, before) && (place[0] == '\0' || jig_streq(d->topology, place)))
            port = jig_xstrdup(d->port);
    }
    jig_device_list_release(&now);
    return port;
}

static bool has_left(struct jig_inventory *inv, const struct jig_device_list *before,
                     const char *device)
{
    const struct jig_device *old = in_list(before, device);
    struct jig_device_list now;
    jig_inventory_list(inv, &now);
    const struct jig_device *d = in_list(&now, device);
    bool left = old != NULL && (d == NULL || d->generation > old->generation);
    jig_device_list_release(&now);
    return left;
}

/* Waits for a new port. OK with NULL when the time was over. */
static enum jig_code wait_for_new(const struct jig_flash_request *r,
                                  const struct jig_device_list *before,
                                  const struct jig_until *until, char **ret, struct jig_err *reterr)
{
    struct jig_until soon = jig_until_sooner(until, jig_deadline_in_ms(port_wait_ms(r)));
    if (!r->wait_for_upload_port)
        soon = jig_until_sooner(until, jig_deadline_in_ms(LEAVE_MS));
    bool left = false;
    for (;;) {
        uint64_t cursor = jig_inventory_revision(r->inventory);
        *ret = appeared(r->inventory, before, r->device);
        if (*ret != NULL)
            return JIG_OK;
        if (!left && !r->wait_for_upload_port && has_left(r->inventory, before, r->device)) {
            left = true; /* it obeyed; so it will come back, and for that we wait */
            soon = jig_until_sooner(until, jig_deadline_in_ms(port_wait_ms(r)));
        }
        struct jig_err err = JIG_ERR_INIT;
        enum jig_code code = jig_inventory_wait(r->inventory, cursor, &soon, &err);
        if (code == JIG_DEADLINE_EXCEEDED && jig_until_check(until, NULL) == JIG_OK)
            return JIG_OK;
        if (code != JIG_OK) {
            if (reterr != NULL)
                *reterr = err;
            return code;
        }
    }
}

enum jig_code jig_flash_touch(const struct jig_flash_request *request,
                              const struct jig_until *until, char **ret_port,
                              struct jig_err *reterr)
{
    struct jig_device_list before;
    jig_inventory_list(request->inventory, &before);
    char *port = NULL;
    enum jig_code code = touch(request->port, reterr);
    if (code == JIG_OK)
        code = wait_for_new(request, &before, until, &port, reterr);
    jig_device_list_release(&before);
    if (code != JIG_OK)
        return code;
    if (port == NULL && !jig_fs_exists(request->port)) {
        jig_err_reason(reterr, JIG_UNAVAILABLE, JIG_REASON_DEPLOY_FAILED,
                       "%s left its port %s and no upload port appeared in %lld ms",
                       request->device, request->port, (long long)port_wait_ms(request));
        jig_err_hint(reterr, "press the board's reset button twice to get into its bootloader");
        return JIG_UNAVAILABLE;
    }
    *ret_port = port != NULL ? port : jig_xstrdup(request->port);
    return JIG_OK;
}

/* The device's port when it is connected now. */
static char *port_now(const struct jig_flash_request *r)
{
    struct jig_device_list now;
    jig_inventory_list(r->inventory, &now);
    const struct jig_device *d = in_list(&now, r->device);
    char *port = d != NULL && d->connected ? jig_xstrdup(d->port) : NULL;
    jig_device_list_release(&now);
    return port;
}

char *jig_flash_port_after(const struct jig_flash_request *request, const struct jig_until *until)
{
    struct jig_until soon = jig_until_sooner(until, jig_deadline_in_ms(port_wait_ms(request)));
    for (;;) {
        uint64_t cursor = jig_inventory_revision(request->inventory);
        char *port = port_now(request);
        if (port != NULL)
            return port;
        if (jig_inventory_wait(request->inventory, cursor, &soon, NULL) != JIG_OK)
            return jig_xstrdup("");
    }
}
