/*
 * trust.h - what the daemon knows is in each device's flash. In memory only: a restart forgets.
 *
 *              forget                 remember, and nothing else
 *   nothing ------------> being written ----------------------> known
 *   known   <--^  ^                 |     had its port open       |
 *      ^            \--------------/ \___________________________/
 *      |              unplugged, ...         forget, or revoked
 *
 * A device is `known` from a verify until the first thing that may have changed its flash, or that
 * hides whether something did:
 *
 *   - its generation moved (core/device/device.h): unplugged, replaced by another board, moved to
 *     another port, its emulator ended or was started again, hot-plug events were lost. A new label
 *     or another configuration of the same board moves nothing.
 *   - another program opened its port, whatever it did there; or closed it, having had it open all
 *     along. Our own monitors say when they open and close it (jig_trust_own_...), which changes no
 *     flash. Where the kernel does not say whose an open was (core/os/portopens.h), one of ours
 *     counts as ours only if it is the only one between begin and end, and no other process has the
 *     port open afterwards.
 *   - another program opened the board's USB device itself, as one does that speaks to a debug
 * probe or a bootloader by libusb.
 *   - the port's node went away, or the kernel lost events about it.
 *   - forget, by a deploy that begins or fails.
 *
 * A watch of the port's node is what all this rests on, so without one nothing is remembered. It
 * begins with forget, before the upload tool runs, because a program that opened the port between
 * the tool's last look and a later watch would not be seen. Since the tool is another program too,
 * it may have the port open once: opened twice or more, one of them may be somebody else's, and
 * nothing is remembered. (Where the kernel does not say whose opens they were, one that overlaps
 * the tool's and is closed right after it, before anybody drained the queue, is not told from the
 * tool's.) A board whose port goes away and comes back while it is written (one
 * with native USB) is not remembered for the same reason.
 *
 * For a deploy, whether it writes or only verifies:
 *
 *   jig_inventory_ready(), pause its monitors
 *   jig_trust_forget()            before the tool is started; again on every failure
 *   the tool runs, verifies, and has ended
 *   jig_trust_remember()          before the monitors are resumed or anything of ours opens the
 * port
 *
 * All is drained on request: no thread has to have run between an event and the answer. A lookup
 * costs a hash probe or two and some reads of empty queues.
 *
 * At most JIG_TRUST_MOST devices are watched; the one that was asked about the longest ago gives
 * way.
 *
 * Threads: any, for everything but new and free. Its lock is held while the inventory's is taken,
 * never the other way round; nothing is called back with a lock held.
 */
#ifndef JIG_DEVICE_TRUST_H
#define JIG_DEVICE_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/device/inventory.h"
#include "core/hash/sha256.h"

struct jig_trust;

#define JIG_TRUST_MOST 64

/* The inventory is borrowed and outlives it. */
struct jig_trust *jig_trust_new(struct jig_inventory *inv);
void jig_trust_free(struct jig_trust *t);

/* From now on its flash may be anything, because ("a deploy began to write it"); and its port is
 * watched, so that what comes now may be remembered. */
void jig_trust_forget(struct jig_trust *t, const char *device_id, const char *because);

/* The device was found to hold this image: only after a verify, and a forget before it. When
 * something speaks against it, nothing is remembered, and jig_trust_holds() says what. */
void jig_trust_remember(struct jig_trust *t, const char *device_id, const struct jig_digest *image);

/* True when the device certainly holds this image: nothing has happened to it since. Else
 * *ret_because (not NULL) says why not: "nothing is known of it", "it was unplugged", "another
 * program (picocom, pid 12) opened its port", "another image was written". The caller frees. */
bool jig_trust_holds(struct jig_trust *t, const char *device_id, const struct jig_digest *image,
                     char **ret_because);

struct jig_trust_info {
    struct jig_digest image;
    int64_t since_ms; /* unix; when it was verified */
};

/* What is known of the device now; false when that is nothing. */
bool jig_trust_get(struct jig_trust *t, const char *device_id, struct jig_trust_info *ret);

/*
 * Opens of the device's port by this very process that leave its flash alone, a monitor's: begins
 * right before the open, ended right after it (opened: it succeeded), closed after the close. While
 * one is under way jig_trust_holds() says no, and nothing is forgotten.
 */
void jig_trust_own_open_begins(struct jig_trust *t, const char *device_id);
void jig_trust_own_open_ended(struct jig_trust *t, const char *device_id, bool opened);
void jig_trust_own_closed(struct jig_trust *t, const char *device_id);

struct jig_trust_stats {
    uint64_t held;    /* answers of yes */
    uint64_t unheld;  /* answers of no */
    uint64_t revoked; /* times that a device was known and something happened to it */
    size_t known;     /* devices, now as far as anybody asked */
};
void jig_trust_stats(struct jig_trust *t, struct jig_trust_stats *ret);

/* For poll(2): readable when something happened to a watched port. jig_trust_pump() takes it in, so
 * that who watches the inventory is told at once; -1 where there is no such descriptor. */
int jig_trust_fd(const struct jig_trust *t);
void jig_trust_pump(struct jig_trust *t);

#endif
