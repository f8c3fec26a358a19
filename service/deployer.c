#include "service/deployer.h"

#include <pthread.h>
#include <string.h>

#include "core/arduino/upload.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/flash/flash.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "service/wire/operation.h"
#include "service/wire/session.h"

#define DEFAULT_BAUD     9600
#define KEEP_MS          10000 /* how long a port is read for a monitor that has not attached yet */
#define RESULT_MAX_BYTES (16u << 20)
#define MOST_USB_IDS     64

struct jig_deployer {
    struct jig_builder *builder;
    struct jig_inventory *inventory;
    struct jig_trust *trust;
    struct jig_monitors *monitors;
    char *scratch_dir;
    pthread_mutex_t mu;
    struct jig_map holders; /* guarded by mu; device id -> operation id */
};

struct jig_deployer *jig_deployer_new(struct jig_builder *builder, struct jig_inventory *inventory,
                                      struct jig_trust *trust, struct jig_monitors *monitors,
                                      const char *scratch_dir)
{
    struct jig_deployer *d = jig_new(struct jig_deployer);
    d->builder = builder;
    d->inventory = inventory;
    d->trust = trust;
    d->monitors = monitors;
    d->scratch_dir = jig_xstrdup(scratch_dir);
    pthread_mutex_init(&d->mu, NULL);
    jig_map_init(&d->holders, free);
    return d;
}

void jig_deployer_free(struct jig_deployer *d)
{
    if (d == NULL)
        return;
    jig_map_release(&d->holders);
    pthread_mutex_destroy(&d->mu);
    free(d->scratch_dir);
    free(d);
}

char *jig_deployer_holder(struct jig_deployer *d, const char *device_id)
{
    pthread_mutex_lock(&d->mu);
    const char *holder = jig_map_get(&d->holders, device_id);
    char *copy = jig_xstrdup(holder != NULL ? holder : "");
    pthread_mutex_unlock(&d->mu);
    return copy;
}

void jig_deploy_request_free(struct jig_deploy_request *r)
{
    if (r == NULL)
        return;
    jig_target_free(r->target);
    for (size_t i = 0; i < r->part_count; i++)
        free((char *)r->parts[i].path);
    free(r->parts);
    free(r->fqbn);
    free(r->device);
    free(r);
}

/* One deploy on its way. */
struct deploy {
    struct jig_deployer *deployer;
    struct jig_operation *op;
    const struct jig_deploy_request *request;
    const struct jig_target_environment *environment; /* NULL for bare images */
    struct jig_board_config *image_board;             /* owned; for bare images */
    const struct jig_board_config *board;
    struct jig_device device;
    bool claimed;
    struct jig_build_result build;
    bool has_build;
    char *image_dir;    /* holds the image's files */
    char *project_name; /* they are named after it */
    uint64_t image_bytes;
    struct jig_upload_plan *plan;
    struct jig_flash_result flash;
    int64_t started_ns;
    enum jig_flash_phase phase; /* of the flash, and when it began; 0: not yet */
    int64_t phase_since_ns;
    int64_t phase_us[JIG_FLASH_DONE + 1];
    char session[JIG_SESSION_NAME_MAX]; /* "" when none was asked for */
};

/* ---- the board and the device ---- */

static enum jig_code one_environment(struct deploy *d, struct jig_err *reterr)
{
    const struct jig_target *t = d->request->target;
    if (t->n == 1) {
        d->environment = &t->environments[0];
        d->board = d->environment->board;
        return JIG_OK;
    }
    struct jig_strv names = {0};
    for (size_t i = 0; i < t->n; i++)
        jig_strv_append(&names, t->environments[i].environment->name);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&names, ", ");
    jig_strv_release(&names);
    enum jig_code code = jig_err_reason(
        reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
        "the project has several default environments, and a device takes one: %s", all);
    jig_err_hint(reterr, "name the one to deploy with -e");
    return code;
}

/* What the project says of the port, when the caller names none. */
static const char *stated_port(const struct deploy *d)
{
    if (d->environment == NULL)
        return NULL;
    const char *port = jig_environment_string(d->environment->environment, "upload_port");
    return port != NULL ? port : jig_environment_string(d->environment->environment, "port");
}

static enum jig_code choose_by_board(struct deploy *d, struct jig_err *reterr)
{
    struct jig_usb_id ids[MOST_USB_IDS];
    JIG_CLEANUP_FREE char *fqbn = jig_fqbn_format(&d->board->fqbn, false);
    struct jig_device_wish wish = {.fqbn = fqbn, .usb_ids = ids};
    wish.n_usb_ids = jig_board_usb_ids(d->board->board, ids, MOST_USB_IDS);
    if (wish.n_usb_ids > MOST_USB_IDS)
        wish.n_usb_ids = MOST_USB_IDS;
    return jig_inventory_choose(d->deployer->inventory, &wish, &d->device, reterr);
}

static enum jig_code choose_device(struct deploy *d, struct jig_err *reterr)
{
    const char *name = d->request->device[0] != '\0' ? d->request->device : stated_port(d);
    enum jig_code code = jig_inventory_refresh(d->deployer->inventory, reterr);
    if (code != JIG_OK)
        return code;
    if (name != NULL)
        return jig_inventory_find(d->deployer->inventory, name, &d->device, reterr);
    if (d->board != NULL)
        return choose_by_board(d, reterr);
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                          "an image without a project needs a device (-d)");
}

/* The board behind a device, for an image that no project made. */
static enum jig_code board_of_device(struct deploy *d, struct jig_err *reterr)
{
    struct jig_targets *targets = jig_builder_targets(d->deployer->builder);
    struct jig_strv boards = {0};
    enum jig_code code = JIG_OK;
    if (d->request->fqbn[0] != '\0')
        jig_strv_append(&boards, d->request->fqbn);
    else if (d->device.fqbn[0] != '\0')
        jig_strv_append(&boards, d->device.fqbn);
    else if (d->device.usb)
        code = jig_target_boards_with_usb(targets, d->device.vid, d->device.pid, &boards, reterr);
    if (code == JIG_OK && boards.n != 1) {
        JIG_CLEANUP_FREE char *all = jig_strv_join(&boards, ", ");
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              boards.n == 0 ? "nobody has said what board %s is%s"
                                            : "%s may be one of several boards: %s",
                              d->device.id, all);
        jig_err_hint(reterr, "name it with --fqbn");
    }
    if (code == JIG_OK)
        code = jig_target_board(targets, boards.v[0], &d->image_board, reterr);
    jig_strv_release(&boards);
    d->board = d->image_board;
    return code;
}

static enum jig_code claim(struct deploy *d, struct jig_err *reterr)
{
    struct jig_deployer *all = d->deployer;
    enum jig_code code = JIG_OK;
    pthread_mutex_lock(&all->mu);
    const char *holder = jig_map_get(&all->holders, d->device.id);
    if (holder != NULL)
        code = jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                              "%s is being flashed by operation %s", d->device.id, holder);
    else
        jig_map_set(&all->holders, d->device.id, jig_xstrdup(jig_operation_id(d->op)));
    d->claimed = code == JIG_OK;
    pthread_mutex_unlock(&all->mu);
    return code;
}

static void give_back(struct deploy *d)
{
    if (!d->claimed)
        return;
    pthread_mutex_lock(&d->deployer->mu);
    jig_map_remove(&d->deployer->holders, d->device.id);
    pthread_mutex_unlock(&d->deployer->mu);
    d->claimed = false;
}

/* ---- the image ---- */

static enum jig_code build_image(struct deploy *d, struct jig_err *reterr)
{
    d->has_build = true;
    enum jig_code code = jig_builder_run(d->deployer->builder, d->op, d->request->target,
                                         d->environment, &d->request->build, &d->build, reterr);
    d->image_bytes = d->build.size.flash_bytes > 0 ? (uint64_t)d->build.size.flash_bytes : 0;
    return code;
}

static enum jig_code last_image(struct deploy *d, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *elf = jig_strf("%s/%s.elf", d->image_dir, d->project_name);
    if (jig_fs_is_file(elf))
        return JIG_OK;
    enum jig_code code = jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BAD_PROJECT,
                                        "there is no earlier build of environment '%s' in %s",
                                        d->environment->environment->name, d->image_dir);
    jig_err_hint(reterr, "leave out --no-build");
    return code;
}

static enum jig_code project_image(struct deploy *d, struct jig_err *reterr)
{
    bool is_sketch = d->request->target->project->kind == JIG_PROJECT_SKETCH;
    d->image_dir = jig_xstrdup(d->environment->build_dir);
    d->project_name =
        jig_xstrdup(is_sketch ? jig_path_base(d->request->target->project->file) : "firmware");
    return d->request->no_build ? last_image(d, reterr) : build_image(d, reterr);
}

/* Several files, with their offsets, as the one Intel HEX file that an upload recipe takes. */
static enum jig_code parts_image(struct deploy *d, struct jig_err *reterr)
{
    int64_t flash_max = 0;
    if (!jig_parse_i64(jig_props_get(d->board->props, "upload.maximum_size"), &flash_max))
        flash_max = 0;
    d->image_dir = jig_strf("%s/%s", d->deployer->scratch_dir, jig_operation_id(d->op));
    d->project_name = jig_xstrdup("image");
    JIG_CLEANUP_FREE char *hex = jig_path_join(d->image_dir, "image.hex");
    enum jig_code code = jig_fs_mkdirs(d->image_dir, 0700, reterr);
    if (code != JIG_OK)
        return code;
    return jig_image_merge(d->request->parts, d->request->part_count, (uint64_t)flash_max, hex,
                           &d->image_bytes, reterr);
}

/* ---- the flash ---- */

/* Ends the phase that was, and begins the next. */
static void enter_phase(struct deploy *d, enum jig_flash_phase phase)
{
    int64_t now = jig_now_ns();
    if (d->phase_since_ns != 0)
        d->phase_us[d->phase] += (now - d->phase_since_ns) / 1000;
    d->phase = phase;
    d->phase_since_ns = now;
}

static void on_progress(void *ctx, const struct jig_flash_progress *p)
{
    struct deploy *d = ctx;
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
    struct deploy *d = ctx;
    jig_operation_log(d->op, stream, line, strlen(line));
}

static enum jig_code upload_command(void *ctx, const char *port, struct jig_strv *argv,
                                    struct jig_err *reterr)
{
    struct deploy *d = ctx;
    return jig_upload_argv(d->plan, port, argv, reterr);
}

static enum jig_code make_plan(struct deploy *d, struct jig_err *reterr)
{
    struct jig_upload_request request = {
        .action = JIG_UPLOAD,
        .build_path = d->image_dir,
        .project_name = d->project_name,
        .protocol = "serial",
        .verbose = true, /* its numbers are what the result is made of */
        .verify = true,
        .custom = d->environment != NULL ? d->environment->custom : NULL,
    };
    return jig_upload_plan(d->board, &request, &d->plan, reterr);
}

static enum jig_code flash_device(struct deploy *d, struct jig_err *reterr)
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
    enter_phase(d, JIG_FLASH_CONNECTING);
    enum jig_code code =
        jig_flash(jig_flasher_find("tool"), &request, &watcher, &until, &d->flash, reterr);
    enter_phase(d, JIG_FLASH_DONE);
    return code;
}

/* platformio.ini's monitor_speed, or the baudrate of sketch.yaml's port_config. */
static int64_t stated_speed(const struct jig_environment *env)
{
    int64_t speed = jig_environment_int(env, "monitor_speed", DEFAULT_BAUD);
    const struct jig_strv *config = jig_environment_list(env, "port_config");
    for (size_t i = 0; i < config->n; i++) {
        int64_t stated = 0;
        if (jig_str_starts(config->v[i], "baudrate=") &&
            jig_parse_i64(config->v[i] + strlen("baudrate="), &stated))
            speed = stated;
    }
    return speed;
}

static uint32_t monitor_baud(const struct deploy *d)
{
    if (d->request->monitor_baud != 0)
        return d->request->monitor_baud;
    int64_t speed =
        d->environment != NULL ? stated_speed(d->environment->environment) : DEFAULT_BAUD;
    return speed > 0 && speed <= INT32_MAX ? (uint32_t)speed : DEFAULT_BAUD;
}

/* Makes the port be read from the moment that it is free again, for the caller's monitor. */
static enum jig_code keep_port(struct deploy *d, struct jig_err *reterr)
{
    struct jig_port_settings settings = JIG_PORT_8N1((int)monitor_baud(d));
    return jig_monitors_keep(d->deployer->monitors, d->device.id, d->flash.port, &settings,
                             jig_deadline_in_ms(KEEP_MS), reterr);
}

static enum jig_code open_session(struct deploy *d, struct jig_err *reterr)
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

/* Pauses who watches the port, flashes, and lets them go on. */
static enum jig_code flash_between_monitors(struct deploy *d, struct jig_err *reterr)
{
    struct jig_monitors *monitors = d->deployer->monitors;
    struct jig_until until = jig_operation_until(d->op);
    JIG_CLEANUP_FREE char *why = jig_strf("deploy %s", jig_operation_id(d->op));
    jig_monitors_pause(monitors, d->device.id, why);
    struct jig_device ready;
    enum jig_code code =
        jig_inventory_ready(d->deployer->inventory, d->device.id, &until, &ready, reterr);
    if (code == JIG_OK) {
        jig_device_release(&d->device);
        d->device = ready;
        code = flash_device(d, reterr);
    } else if (code == JIG_UNAVAILABLE && reterr != NULL && reterr->reason == JIG_REASON_NONE) {
        reterr->reason = JIG_REASON_DEPLOY_FAILED; /* an emulated board that does not start */
    }
    if (code == JIG_OK && d->request->monitor)
        code = keep_port(d, reterr);
    const char *port = d->flash.port != NULL ? d->flash.port : d->device.port;
    struct jig_err resume = JIG_ERR_INIT;
    if (jig_monitors_resume(monitors, d->device.id, port[0] != '\0' ? port : NULL, &resume) !=
        JIG_OK)
        jig_operation_notice(d->op, "monitor.not_resumed", JIG_EVENT_WARNING,
                             "the monitor of %s could not go on: %s", d->device.id, resume.message);
    if (code == JIG_OK && d->request->monitor)
        code = open_session(d, reterr);
    return code;
}

/* ---- the result ---- */

static char *text(const char *s)
{
    return (char *)(s != NULL ? s : "");
}

static void set_result(struct deploy *d)
{
    struct jig_arena arena;
    jig_arena_init(&arena, RESULT_MAX_BYTES);
    Jig__V1__DeployResult message;
    Jig__V1__BuildResult build;
    Jig__V1__PhaseTime phases[JIG_FLASH_DONE];
    Jig__V1__PhaseTime *pointers[JIG_FLASH_DONE];
    jig__v1__deploy_result__init(&message);
    message.phases = pointers;
    for (int i = 0; i < JIG_FLASH_DONE; i++) {
        Jig__V1__PhaseTime *phase = &phases[message.n_phases];
        jig__v1__phase_time__init(phase);
        phase->name = text(jig_flash_phase_name((enum jig_flash_phase)i));
        phase->duration_us = d->phase_us[i];
        if (phase->duration_us > 0) /* one that this tool has */
            pointers[message.n_phases++] = phase;
    }
    message.outcome = JIG__V1__DEPLOY_RESULT__OUTCOME__OUTCOME_WRITTEN;
    message.device = text(d->device.id);
    message.port = text(d->flash.port);
    message.bytes_written = (int64_t)d->flash.bytes_written;
    message.server_us = (jig_now_ns() - d->started_ns) / 1000;
    message.monitor_session = text(d->session);
    message.because = (char *)"every deploy writes";
    if (d->has_build) {
        jig_builder_result(d->request->target, d->environment, &d->build, &arena, &build);
        message.build = &build;
    }
    jig_wire_set_deploy(d->op, &message);
    jig_arena_release(&arena);
}

static enum jig_code run_steps(struct deploy *d, struct jig_err *reterr)
{
    bool bare = d->request->target == NULL;
    enum jig_code code = bare ? JIG_OK : one_environment(d, reterr);
    if (code == JIG_OK && bare && d->request->fqbn[0] != '\0')
        code = board_of_device(d, reterr);
    if (code == JIG_OK)
        code = choose_device(d, reterr);
    if (code == JIG_OK && d->board == NULL)
        code = board_of_device(d, reterr);
    if (code == JIG_OK)
        code = claim(d, reterr);
    if (code == JIG_OK)
        code = d->request->part_count > 0 ? parts_image(d, reterr) : project_image(d, reterr);
    if (code == JIG_OK)
        code = make_plan(d, reterr);
    if (code == JIG_OK)
        code = flash_between_monitors(d, reterr);
    return code;
}

enum jig_code jig_deploy_run(struct jig_deployer *deployer, struct jig_operation *op,
                             const struct jig_deploy_request *request, struct jig_err *reterr)
{
    struct deploy d = {
        .deployer = deployer, .op = op, .request = request, .started_ns = jig_now_ns()};
    jig_flash_result_init(&d.flash);
    enum jig_code code = run_steps(&d, reterr);
    give_back(&d);
    if (code == JIG_OK)
        set_result(&d);
    if (request->part_count > 0 && d.image_dir != NULL &&
        jig_fs_remove_tree(d.image_dir, NULL) != JIG_OK)
        jig_operation_notice(op, "deploy.scratch_left", JIG_EVENT_WARNING,
                             "the folder %s could not be removed", d.image_dir);
    jig_build_result_release(&d.build);
    jig_flash_result_release(&d.flash);
    jig_upload_plan_free(d.plan);
    jig_board_config_free(d.image_board);
    jig_device_release(&d.device);
    free(d.image_dir);
    free(d.project_name);
    return code;
}
