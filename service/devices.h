/*
 * devices.h - the daemon's boards: the inventory, the emulated boards, what is known to be in their
 * flash, and the serial sessions, set up from the configuration.
 *
 * Threads: the owner's; what it holds has rules of its own.
 */
#ifndef JIG_SERVICE_DEVICES_H
#define JIG_SERVICE_DEVICES_H

#include <pthread.h>

#include "core/config/conf.h"
#include "core/device/emulated.h"
#include "core/device/inventory.h"
#include "core/device/trust.h"
#include "core/monitor/monitor.h"
#include "service/run/news.h"
#include "service/run/pool.h"

struct jig_devices {
    struct jig_inventory *inventory;
    struct jig_emulators *emulators; /* NULL: there is no emulator program */
    struct jig_trust *trust;
    struct jig_monitors *monitors; /* whose opens of ports `trust` knows for ours */
    struct jig_waitlist changed;   /* woken when the inventory has news */
    struct jig_monitor_news news;
    pthread_mutex_t mu;
    struct jig_pool *pool; /* guarded by mu; NULL: no job is begun */
    struct jig_job follow; /* looks for boards that sessions wait for */
    bool following, again; /* guarded by mu: it is queued or runs; and has to look once more */
};

/* For poll(2) in the owner's loop: fills at most JIG_DEVICES_FDS entries. When one is readable (or
 * any time) jig_devices_pump() takes in what the system has to tell. */
#define JIG_DEVICES_FDS 2
struct pollfd;
void jig_devices_poll(const struct jig_devices *d, struct pollfd *fds);
void jig_devices_pump(struct jig_devices *d);

/* Release it in either case. */
enum jig_code jig_devices_init(struct jig_devices *d, struct jig_park *park,
                               struct jig_err *reterr) JIG_CHECKED;

/* Emulated boards keep their flash under state_dir and their sockets under runtime_dir. A part that
 * can't be had is logged and left out. */
enum jig_code jig_devices_configure(struct jig_devices *d, const struct jig_conf *conf,
                                    const char *state_dir, const char *runtime_dir,
                                    struct jig_err *reterr) JIG_CHECKED;

/* Takes over a new configuration's fixed devices. */
enum jig_code jig_devices_reconfigure(struct jig_devices *d, const struct jig_conf *conf,
                                      struct jig_err *reterr) JIG_CHECKED;

/* From now on sessions follow boards that are plugged in anew, in the pool; until close. */
void jig_devices_follow(struct jig_devices *d, struct jig_pool *pool);

/* Ends sessions and emulators, and lets none begin; does not block. */
void jig_devices_close(struct jig_devices *d);
void jig_devices_release(struct jig_devices *d);

#endif
