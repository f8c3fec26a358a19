#include "service/deployer/impl.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"

#define DEFAULT_BAUD 9600
#define KEEP_MS      10000 /* how long a port is read for a monitor that has not attached yet */

/* Ends the phase that was, and begins the next. */
static void enter_phase(struct jig_deploy *d, enum jig_flash_phase phase)
{
    int64_t now = jig_now_ns();
    if (d->phase_since_ns != 0)
        d->phase_us[d->phase] += (now - d->phase_since_ns) / 1000;
    d->phase = phase;
    d->phase_since_ns = now;
}

static void on_progress(void *ctx, const struct jig_flash_progress *p)
{
    struct jig_deploy *d = ctx;
    if (p->phase != d->phase && p->phase <= JIG_FLASH_DONE)
        enter_phase(d, p->phase);
    struct jig_progress_event event = {.phase = jig_flash_phase_name(p->phase),
                                       .percent = p->percent > 0 ? (uint32_t)p->percent : 0,
                                       .done_bytes = (int64_t)p->bytes,
                                       .total_bytes = (int64_t)p->total};
    jig_operation_progress(d->op, &event);
}

static void on_line(void *ctx, enum jig_stream stream, const char *line)
{
    struct jig_deploy *d = ctx;
    jig_operation_log(d->op, stream, line, strlen(line));
}

static enum jig_code upload_command(void *ctx, const char *port, struct jig_strv *argv,
                                    struct jig_err *reterr)
{
    struct jig_deploy *d = ctx;
    return jig_upload_argv(d->plan, port, argv, reterr);
}

/* ---- the device ---- */

typedef enum jig_code flash_fn(struct jig_deploy *d, const struct jig_flash_request *request,
                               const struct jig_flash_watcher *watcher,
                               const struct jig_until *until, struct jig_err *reterr);

/* From here on nothing is known of the device, until it is known that all went well. */
static enum jig_code run_flasher(struct jig_deploy *d, flash_fn *fn, const char *what,
                                 struct jig_err *reterr)
{
    struct jig_flash_request request = {
        .inventory = d->deployer->inventory,
        .device = d->device.id,
        .port = d->device.port,
        .use_1200bps_touch = d->plan->touch_1200,
        .wait_for_upload_port = d->plan->wait_port,
        .command = upload_command,
        .command_ctx = d,
        .image_bytes = d->image_bytes,
    };
    struct jig_flash_watcher watcher = {.progress = on_progress, .line = on_line, .ctx = d};
    struct jig_until until = jig_operation_until(d->op);
    JIG_CLEANUP_FREE char *began =
        jig_strf("operation %s began to %s it", jig_operation_id(d->op), what);
    JIG_CLEANUP_FREE char *failed =
        jig_strf("operation %s failed to %s it", jig_operation_id(d->op), what);
    jig_flash_result_release(&d->flash);
    jig_flash_result_init(&d->flash);
    jig_trust_forget(d->deployer->trust, d->device.id, began);
    enter_phase(d, JIG_FLASH_CONNECTING);
    enum jig_code code = fn(d, &request, &watcher, &until, reterr);
    enter_phase(d, JIG_FLASH_DONE);
    if (code != JIG_OK)
        jig_trust_forget(d->deployer->trust, d->device.id, failed);
    return code;
}

/* The tool has read all of it back, and nobody has opened the port since. */
static void remember(struct jig_deploy *d)
{
    struct last_image last = {d->image, d->image_bytes};
    if (!d->has_image || !d->flash.verified)
        return;
    if (last.bytes == 0)
        last.bytes = d->flash.bytes_verified;
    jig_trust_remember(d->deployer->trust, d->device.id, &d->image);
    deployer_set_last(d->deployer, d->device.id, &last);
}

static enum jig_code compare(struct jig_deploy *d, const struct jig_flash_request *request,
                             const struct jig_flash_watcher *watcher, const struct jig_until *until,
                             struct jig_err *reterr)
{
    bool same = false;
    enum jig_code code = jig_flash_verify(jig_flasher_find("tool"), request, watcher, until,
                                          &d->flash, &same, reterr);
    if (code == JIG_OK && same) {
        d->outcome = JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_VERIFIED;
        d->bytes_skipped = d->flash.bytes_verified;
        remember(d);
    }
    return code;
}

static enum jig_code write_all(struct jig_deploy *d, const struct jig_flash_request *request,
                               const struct jig_flash_watcher *watcher,
                               const struct jig_until *until, struct jig_err *reterr)
{
    deployer_clear_last(d->deployer, d->device.id);
    enum jig_code code =
        jig_flash(jig_flasher_find("tool"), request, watcher, until, &d->flash, reterr);
    if (code == JIG_OK) {
        d->outcome = JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_WRITTEN;
        remember(d);
    }
    return code;
}

/* Adds what the board said to why it was asked. */
static void add_because(struct jig_deploy *d, const char *found)
{
    char *both = jig_strf("%s; its flash was read back, and %s", d->because, found);
    free(d->because);
    d->because = both;
}

/* Asking takes nearly as long as writing, which verifies too: so the device is only asked when this
 * image is the last one that was seen on it. */
static bool is_worth_asking(const struct jig_deploy *d)
{
    struct last_image last;
    return d->mode != JIG_TRUST_NONE && d->has_image &&
           deployer_last(d->deployer, d->device.id, &last) &&
           jig_digest_equal(&last.image, &d->image);
}

/* Settles it when the device holds the image. A tool that failed without saying why may still be
 * able to write. */
static enum jig_code ask(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = run_flasher(d, compare, "compare", &err);
    if (code == JIG_OK && d->outcome == JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_VERIFIED) {
        add_because(d, "is the same");
    } else if (code == JIG_OK) {
        add_because(d, "differs");
    } else if (code == JIG_UNIMPLEMENTED || code == JIG_UNKNOWN) {
        code = JIG_OK;
    } else if (reterr != NULL) {
        *reterr = err;
    }
    return code;
}

/* The device as it can be used now: started, when it is emulated. */
static enum jig_code make_ready(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_device ready;
    struct jig_until until = jig_operation_until(d->op);
    enum jig_code code =
        jig_inventory_ready(d->deployer->inventory, d->device.id, &until, &ready, reterr);
    if (code == JIG_OK) {
        jig_device_release(&d->device);
        d->device = ready;
    } else if (code == JIG_UNAVAILABLE && reterr != NULL && reterr->reason == JIG_REASON_NONE) {
        reterr->reason = JIG_REASON_DEPLOY_FAILED; /* an emulated board that does not start */
    }
    return code;
}

static enum jig_code put_on_device(struct jig_deploy *d, struct jig_err *reterr)
{
    enum jig_code code = make_ready(d, reterr);
    bool asks = is_worth_asking(d);
    if (code == JIG_OK)
        deployer_count(d->deployer, asks ? &d->deployer->compared : &d->deployer->written);
    if (code == JIG_OK && asks) {
        code = ask(d, reterr);
        if (code == JIG_OK && d->outcome == JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_UNSPECIFIED)
            code = make_ready(d, reterr); /* its port may have moved */
    }
    if (code == JIG_OK && d->outcome == JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_UNSPECIFIED)
        code = run_flasher(d, write_all, "write", reterr);
    return code;
}

/* ---- who watches ---- */

/* platformio.ini's monitor_speed, or the baudrate of sketch.yaml's port_config. */
static int64_t stated_speed(const struct jig_environment *env, int64_t otherwise)
{
    int64_t speed = jig_environment_int(env, "monitor_speed", otherwise);
    const struct jig_strv *config = jig_environment_list(env, "port_config");
    for (size_t i = 0; i < config->n; i++) {
        int64_t stated = 0;
        if (jig_str_starts(config->v[i], "baudrate=") &&
            jig_parse_i64(config->v[i] + strlen("baudrate="), &stated))
            speed = stated;
    }
    return speed;
}

static uint32_t monitor_baud(const struct jig_deploy *d)
{
    if (d->request->monitor_baud != 0)
        return d->request->monitor_baud;
    int64_t speed = d->device.baud != 0 ? d->device.baud : DEFAULT_BAUD;
    if (d->environment != NULL)
        speed = stated_speed(d->environment->environment, speed);
    return speed > 0 && speed <= INT32_MAX ? (uint32_t)speed : DEFAULT_BAUD;
}

/* Makes the port be read from the moment that it is free again, for the caller's monitor. */
static enum jig_code keep_port(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_port_settings settings = JIG_PORT_8N1((int)monitor_baud(d));
    return jig_monitors_keep(d->deployer->monitors, d->device.id, d->flash.port, &settings,
                             jig_deadline_in_ms(KEEP_MS), reterr);
}

static enum jig_code open_session(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_monitor_open open = {
        .device = d->device.id,
        .port = d->flash.port,
        .settings = JIG_PORT_8N1((int)monitor_baud(d)),
        .owner = jig_operation_connection(d->op),
        .who = jig_operation_id(d->op),
        .history = true,
    };
    uint64_t session = 0;
    enum jig_code code = jig_monitor_open(d->deployer->monitors, &open, &session, reterr);
    if (code == JIG_OK)
        jig_session_name(session, d->session);
    return code;
}

static void resume_monitors(struct jig_deploy *d)
{
    const char *port = d->flash.port[0] != '\0' ? d->flash.port : d->device.port;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_monitors_resume(d->deployer->monitors, d->device.id, port[0] != '\0' ? port : NULL,
                            &err) != JIG_OK)
        jig_operation_notice(d->op, "monitor.not_resumed", JIG_EVENT_WARNING,
                             "the monitor of %s could not go on: %s", d->device.id, err.message);
}

enum jig_code deploy_flash(struct jig_deploy *d, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    if (d->outcome == JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_TRUSTED) {
        free(d->flash.port);
        d->flash.port = jig_xstrdup(d->device.port);
    } else {
        JIG_CLEANUP_FREE char *why = jig_strf("deploy %s", jig_operation_id(d->op));
        jig_monitors_pause(d->deployer->monitors, d->device.id, why);
        code = put_on_device(d, reterr);
        if (code == JIG_OK && d->request->monitor)
            code = keep_port(d, reterr);
        resume_monitors(d);
    }
    return code == JIG_OK && d->request->monitor ? open_session(d, reterr) : code;
}
