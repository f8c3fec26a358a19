/*
 * inventory.h - which boards there are, and what changed since a reader last looked.
 *
 * Sources: the system's serial ports that have USB ids (the machine's own ttyS* are no boards and
 * stay out unless configured), ports fixed by the configuration, and emulated boards that somebody
 * offers. One port is one entry: a configured port that is a USB board takes that board's ids over
 * and keeps its own name.
 *
 *   absent --seen--> connected --removed--> disconnected --seen, same ids--> connected
 *                        \--same ids on another port--> connected, "renumbered"
 *
 * Disconnected boards stay listed, at most JIG_INVENTORY_MOST_GONE of them; the oldest is
 * forgotten.
 *
 * Every change has a revision, larger than any earlier one, across restarts of the daemon too (it
 * starts from the wall clock). A reader keeps the revision it has seen as its cursor. Changes are
 * kept in a bounded ring; a cursor that has fallen out of it, or that is not from this inventory,
 * gets `rescan` and everything there is.
 *
 * Hot-plug: every question takes in the system's waiting events first, so that no thread has to
 * have run in between, and /sys is walked only when there were any. The owner polls
 * jig_inventory_fd() and calls jig_inventory_pump() when it is readable, so that watchers are told
 * at once. Where the system gives no events there is no fd (-1, which poll(2) passes over), and
 * each question enumerates. An enumeration that fails does not count: the next question tries
 * again.
 *
 * Threads: any, for everything but new and free. Nothing is called back with a lock held.
 */
#ifndef JIG_DEVICE_INVENTORY_H
#define JIG_DEVICE_INVENTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/clock.h"
#include "core/base/err.h"
#include "core/base/usbid.h"
#include "core/device/device.h"
#include "core/os/cancel.h"

struct jig_inventory;

#define JIG_INVENTORY_MOST_GONE    256
#define JIG_INVENTORY_MOST_CHANGES 1024
#define JIG_INVENTORY_MOST_ADOPTED 64 /* ports that were only ever named by a caller */

/* One `[device NAME]` of jigd.conf. With `port` it is that port, whatever is plugged in there; with
 * `id` it names a board that is known by its own ids. All strings are borrowed for the call. */
struct jig_device_config {
    const char *name;
    const char *port; /* or NULL */
    const char *id;   /* or NULL */
    const char *fqbn; /* or NULL; the label "fqbn=..." says the same */
    uint32_t baud;    /* or 0 */
    struct jig_strv labels;
};

/* An emulated board that can be had: instances emulated:<name>, emulated:<name>#2, ... */
struct jig_emulated_source {
    const char *name;    /* "uno" */
    const char *fqbn;    /* "arduino:avr:uno" */
    const char *product; /* for people */
    unsigned most;       /* instances */
    /* Starts the instance unless it runs, and gives its port; waits until it is ready. */
    enum jig_code (*start)(void *ctx, const char *id, const struct jig_until *until,
                           char **ret_port, struct jig_err *reterr);
    void *ctx;
};

enum jig_code jig_inventory_new(const struct jig_clock *clock, struct jig_inventory **ret,
                                struct jig_err *reterr) JIG_CHECKED;
void jig_inventory_free(struct jig_inventory *inv);

/* Replaces the whole configuration. INVALID_ARGUMENT names what is wrong: a name twice, neither
 * port nor id, a port that is not absolute. */
enum jig_code jig_inventory_configure(struct jig_inventory *inv,
                                      const struct jig_device_config *configs, size_t n,
                                      struct jig_err *reterr) JIG_CHECKED;

void jig_inventory_offer(struct jig_inventory *inv, const struct jig_emulated_source *source);

/* The source's word that a running instance has ended. */
void jig_inventory_emulated_ended(struct jig_inventory *inv, const char *id);

/* For poll(2); jig_inventory_pump() takes what is there, without blocking. */
int jig_inventory_fd(const struct jig_inventory *inv);
void jig_inventory_pump(struct jig_inventory *inv);

bool jig_inventory_has_events(const struct jig_inventory *inv); /* the system tells of hot-plug */

/* Brings the inventory up to date: pumps, looks at configured ports, and enumerates when there are
 * no events. */
enum jig_code jig_inventory_refresh(struct jig_inventory *inv, struct jig_err *reterr) JIG_CHECKED;

/* The same for who can do with what was true at most max_age_ms ago; 0 can't. It spares an
 * enumeration where there are no events, and makes no difference where there are. */
enum jig_code jig_inventory_refresh_if_stale(struct jig_inventory *inv, int64_t max_age_ms,
                                             struct jig_err *reterr) JIG_CHECKED;

/* Called after every change, from the thread that made it, without a lock. Set once, at start. */
void jig_inventory_set_notify(struct jig_inventory *inv, void (*changed)(void *ctx, uint64_t rev),
                              void *ctx);

uint64_t jig_inventory_revision(struct jig_inventory *inv);

/* A copy of everything; connected boards first, then by id. */
void jig_inventory_list(struct jig_inventory *inv, struct jig_device_list *ret);

enum jig_device_change_kind {
    JIG_DEVICE_PRESENT,      /* part of a snapshot: it was there already */
    JIG_DEVICE_ADDED,        /* seen for the first time */
    JIG_DEVICE_CONNECTED,    /* seen again */
    JIG_DEVICE_DISCONNECTED, /* unplugged, or its emulator ended */
    JIG_DEVICE_RENUMBERED,   /* the same board on another port */
    JIG_DEVICE_CHANGED,      /* labels, aliases, or what it says about itself */
    JIG_DEVICE_FORGOTTEN,    /* no longer listed; only the id is left */
};
const char *jig_device_change_name(enum jig_device_change_kind kind); /* "present", "added", ... */

struct jig_device_change {
    enum jig_device_change_kind kind;
    uint64_t revision;
    struct jig_device device; /* as it is now, which may be newer than this change */
};

struct jig_device_news {
    struct jig_device_change *v;
    size_t n;
    uint64_t cursor; /* for the next call; after these the reader is in sync */
    bool snapshot;   /* v is everything there is */
    bool rescan;     /* the cursor was lost: what the reader knew may be wrong. snapshot is set */
};

/* Changes after `cursor`; 0 asks for a snapshot. Never waits. */
void jig_inventory_news(struct jig_inventory *inv, uint64_t cursor, struct jig_device_news *ret);
void jig_device_news_release(struct jig_device_news *news);

/* Waits until the revision is past `cursor`, pumping meanwhile, so that it works without any other
 * thread's help. */
enum jig_code jig_inventory_wait(struct jig_inventory *inv, uint64_t cursor,
                                 const struct jig_until *until, struct jig_err *reterr) JIG_CHECKED;

/* By id, alias, name, port path (links resolved), or a pattern of port paths ("/dev/ttyUSB*") that
 * fits exactly one connected board. A tty that exists but is in no list is taken in; so is the next
 * instance of an emulated board. NOT_FOUND lists the nearest names. ret is released by the caller.
 */
enum jig_code jig_inventory_find(struct jig_inventory *inv, const char *name,
                                 struct jig_device *ret, struct jig_err *reterr) JIG_CHECKED;

/* The generation of one board (device.h), now: events are taken in before, and its own port is
 * looked at where nobody tells of it. 0 when there is no such board. *ret_why (borrowed for good)
 * is why it last moved: "it was unplugged". No enumeration where the system tells of hot-plug. */
uint64_t jig_inventory_generation(struct jig_inventory *inv, const char *id, const char **ret_why);

/* The same as the inventory knows it already: nothing is looked at, and nobody is told anything. */
uint64_t jig_inventory_known_generation(struct jig_inventory *inv, const char *id,
                                        const char **ret_why);

/* Something else about the board has changed that readers of the inventory see with it. */
void jig_inventory_tell_changed(struct jig_inventory *inv, const char *id);

/* Makes the board usable now (starts it, if it is emulated) and gives it with its port. NOT_FOUND
 * when it is not connected, UNAVAILABLE when an emulated one does not start. */
enum jig_code jig_inventory_ready(struct jig_inventory *inv, const char *id,
                                  const struct jig_until *until, struct jig_device *ret,
                                  struct jig_err *reterr) JIG_CHECKED;

/* What a project's board looks like. */
struct jig_device_wish {
    const char *fqbn;                 /* with or without options; or NULL */
    const struct jig_usb_id *usb_ids; /* boards.txt: vid.N, pid.N */
    size_t n_usb_ids;
};

/* True when the device is said to be that board, or, when nobody said what it is, has its USB ids.
 */
bool jig_device_fits(const struct jig_device *d, const struct jig_device_wish *wish);

/* The one connected physical board that fits; if there is none, the one emulated board (further
 * instances, "#2", are only had by name). Else NOT_FOUND or FAILED_PRECONDITION with a list of the
 * candidates. */
enum jig_code jig_inventory_choose(struct jig_inventory *inv, const struct jig_device_wish *wish,
                                   struct jig_device *ret, struct jig_err *reterr) JIG_CHECKED;

#endif
