#include "service/devices.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define EMULATORS_BY_NUMBER                                                                        \
    8 /* emulated:uno to emulated:uno#8, without a line of configuration                           \
       */

/* What can stand in for a board. */
static const struct {
    const char *board;
    const char *program;
    const char *fqbn;
    const char *product;
} emulated[] = {
    {"uno", "jig-emulator-uno", "arduino:avr:uno", "Arduino Uno (emulated)"},
};

/* ---- sessions and boards that come back ---- */

static bool where(void *ctx, const char *id, uint64_t *life, char **port)
{
    const struct jig_devices *d = ctx;
    struct jig_device device;
    if (jig_inventory_find(d->inventory, id, &device, NULL) != JIG_OK)
        return false;
    bool there = device.connected;
    *life = device.generation;
    *port = jig_xstrdup(device.port);
    jig_device_release(&device);
    return there;
}

static bool is_done(struct jig_devices *d)
{
    pthread_mutex_lock(&d->mu);
    bool done = !d->again;
    d->again = false;
    d->following = !done;
    pthread_mutex_unlock(&d->mu);
    return done;
}

static void follow(struct jig_job *job)
{
    struct jig_devices *d =
        (struct jig_devices *)((char *)job - offsetof(struct jig_devices, follow));
    do
        jig_monitors_follow(d->monitors, where, d);
    while (!is_done(d));
}

static void look_for_boards(struct jig_devices *d)
{
    pthread_mutex_lock(&d->mu);
    d->again = d->following;
    if (d->pool != NULL && !d->following) {
        d->following = true;
        jig_pool_submit(d->pool, &d->follow);
    }
    pthread_mutex_unlock(&d->mu);
}

void jig_devices_follow(struct jig_devices *d, struct jig_pool *pool)
{
    pthread_mutex_lock(&d->mu);
    d->pool = pool;
    pthread_mutex_unlock(&d->mu);
}

/* ---- what they tell ---- */

static void devices_changed(void *ctx, uint64_t revision)
{
    (void)revision;
    struct jig_devices *d = ctx;
    jig_waitlist_wake(&d->changed);
    look_for_boards(d);
}

static void monitor_opens(void *ctx, const char *device)
{
    const struct jig_devices *d = ctx;
    jig_trust_own_open_begins(d->trust, device);
}

static void monitor_opened(void *ctx, const char *device, bool ok)
{
    const struct jig_devices *d = ctx;
    jig_trust_own_open_ended(d->trust, device, ok);
}

static void monitor_closed(void *ctx, const char *device)
{
    struct jig_devices *d = ctx;
    jig_trust_own_closed(d->trust, device);
    look_for_boards(d); /* it may be lost, and be back by now */
}

enum jig_code jig_devices_init(struct jig_devices *d, struct jig_park *park, struct jig_err *reterr)
{
    *d = (struct jig_devices){.mu = PTHREAD_MUTEX_INITIALIZER, .follow.run = follow};
    jig_waitlist_init(&d->changed, park);
    jig_monitor_news_init(&d->news, park);
    enum jig_code code = jig_inventory_new(&jig_clock_real, &d->inventory, reterr);
    if (code != JIG_OK)
        return code;
    jig_inventory_set_notify(d->inventory, devices_changed, d);
    d->trust = jig_trust_new(d->inventory);
    struct jig_monitors_spec monitors = {
        .observer = {monitor_opens, monitor_opened, monitor_closed, d},
    };
    jig_monitors_new(&monitors, &d->monitors);
    jig_monitors_set_notify(d->monitors, jig_monitor_news_wake, &d->news);
    return JIG_OK;
}

void jig_devices_poll(const struct jig_devices *d, struct pollfd *fds)
{
    fds[0] = (struct pollfd){.fd = jig_inventory_fd(d->inventory), .events = POLLIN};
    fds[1] = (struct pollfd){.fd = jig_trust_fd(d->trust), .events = POLLIN};
}

void jig_devices_pump(struct jig_devices *d)
{
    jig_inventory_pump(d->inventory);
    jig_trust_pump(d->trust);
}

/* ---- emulated boards ---- */

/* Beside jigd itself, else in ../libexec/jig. The caller frees; NULL when it is in neither. */
static char *find_program(const char *name)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return NULL;
    self[n] = '\0';
    JIG_CLEANUP_FREE char *folder = jig_path_dir(self);
    char *beside = jig_path_join(folder, name);
    if (jig_fs_is_executable(beside))
        return beside;
    free(beside);
    JIG_CLEANUP_FREE char *libexec = jig_path_join(folder, "../libexec/jig");
    char *there = jig_path_join(libexec, name);
    if (jig_fs_is_executable(there))
        return there;
    free(there);
    return NULL;
}

static void name_instances(struct jig_devices *d, const char *board, const struct jig_conf *conf)
{
    for (size_t i = 0; i < conf->n_emulated; i++) {
        const struct jig_conf_emulated *e = &conf->emulated[i];
        struct jig_err err = JIG_ERR_INIT;
        if (e->enabled && jig_streq(e->board, board) &&
            jig_emulators_name(d->emulators, e->name, e->flash, &err) != JIG_OK)
            jig_log(JIG_LOG_WARNING, "emulated.refused", "%s", err.message);
    }
}

static bool is_disabled(const struct jig_conf *conf, const char *board)
{
    for (size_t i = 0; i < conf->n_emulated; i++) {
        if (!conf->emulated[i].enabled && jig_streq(conf->emulated[i].name, board))
            return true;
    }
    return false;
}

static void offer_emulated(struct jig_devices *d, const struct jig_conf *conf,
                           const char *state_dir, const char *runtime_dir)
{
    JIG_CLEANUP_FREE char *program = find_program(emulated[0].program);
    if (program == NULL)
        return;
    JIG_CLEANUP_FREE char *flash_dir = jig_path_join(state_dir, "emulated");
    JIG_CLEANUP_FREE char *socket_dir = jig_path_join(runtime_dir, "emulated");
    struct jig_emulators_spec spec = {
        .program = program,
        .board = emulated[0].board,
        .fqbn = emulated[0].fqbn,
        .product = emulated[0].product,
        .state_dir = flash_dir,
        .socket_dir = socket_dir,
        .most = is_disabled(conf, emulated[0].board) ? 0 : EMULATORS_BY_NUMBER,
    };
    struct jig_err err = JIG_ERR_INIT;
    if (jig_emulators_new(&spec, d->inventory, &d->emulators, &err) != JIG_OK)
        jig_log(JIG_LOG_WARNING, "emulated.unavailable", "%s", err.message);
    else
        name_instances(d, emulated[0].board, conf);
}

/* ---- the configuration ---- */

enum jig_code jig_devices_reconfigure(struct jig_devices *d, const struct jig_conf *conf,
                                      struct jig_err *reterr)
{
    struct jig_device_config *configs = jig_xcalloc(conf->n_devices + 1, sizeof *configs);
    for (size_t i = 0; i < conf->n_devices; i++) {
        const struct jig_conf_device *c = &conf->devices[i];
        configs[i] = (struct jig_device_config){.name = c->name,
                                                .port = c->port,
                                                .id = c->id,
                                                .fqbn = c->fqbn,
                                                .baud = c->baud,
                                                .labels = c->labels};
    }
    enum jig_code code = jig_inventory_configure(d->inventory, configs, conf->n_devices, reterr);
    free(configs);
    return code;
}

enum jig_code jig_devices_configure(struct jig_devices *d, const struct jig_conf *conf,
                                    const char *state_dir, const char *runtime_dir,
                                    struct jig_err *reterr)
{
    enum jig_code code = jig_devices_reconfigure(d, conf, reterr);
    if (code == JIG_OK)
        offer_emulated(d, conf, state_dir, runtime_dir);
    return code;
}

void jig_devices_close(struct jig_devices *d)
{
    jig_devices_follow(d, NULL);
    if (d->monitors != NULL)
        jig_monitors_close(d->monitors, "jigd is ending");
    if (d->emulators != NULL)
        jig_emulators_close(d->emulators);
}

void jig_devices_release(struct jig_devices *d)
{
    jig_emulators_free(d->emulators);
    jig_monitors_free(d->monitors);
    jig_trust_free(d->trust);
    jig_inventory_free(d->inventory);
    pthread_mutex_destroy(&d->mu);
    *d = (struct jig_devices){0};
}
