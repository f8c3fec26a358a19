/*
 * sharing.h - compiled objects by way of the remote cache (core/fetch/remote.h, objremote.h).
 *
 *   ac/<key>         an ActionResult (service/wire/action_result.h): what is known of a command
 *   cas/<sha256>     the outputs that it names
 *
 * A build waits at most JIG_OBJREMOTE_WAIT_MS for one action. An answer may take as long as it
 * takes to compile something small (JIG_SHARING_LOOK_MS, JIG_SHARING_BRING_MS); what it takes
 * longer comes out of JIG_SHARING_SPARE_MS, into which faster answers put something back. When
 * nothing is left, as after whatever is wrong with an answer, the remote is left alone for as long
 * as after any failure of its.
 *
 * What is offered goes from a thread of its own: outputs first, each only if it is as it was and
 * not there yet; then what is known of the command, with what is there already. The queue has a
 * ceiling in entries and bytes; what does not fit is not sent. At the end there are
 * JIG_SHARING_LAST_MS to send what still waits.
 *
 * Threads: any; free when no build runs any more.
 */
#ifndef JIG_SERVICE_SHARING_H
#define JIG_SERVICE_SHARING_H

#include "core/build/objremote.h"
#include "core/fetch/remote.h"

#define JIG_SHARING_LOOK_MS    50
#define JIG_SHARING_BRING_MS   100
#define JIG_SHARING_SPARE_MS   2000
#define JIG_SHARING_LAST_MS    2000
#define JIG_SHARING_QUEUE_MAX  1000
#define JIG_SHARING_QUEUE_SIZE (16u << 20) /* bytes */

struct jig_sharing;

/* The remote is taken over. */
struct jig_sharing *jig_sharing_new(struct jig_remote *remote);
void jig_sharing_free(struct jig_sharing *s); /* NULL is fine */

/* Borrowed; NULL of NULL. */
const struct jig_objremote *jig_sharing_objects(struct jig_sharing *s);

/* Waits until all that was offered is sent or dropped. */
enum jig_code jig_sharing_flush(struct jig_sharing *s, const struct jig_until *until,
                                struct jig_err *reterr) JIG_CHECKED;

struct jig_sharing_stats {
    struct jig_remote_stats remote; /* requests */
    uint64_t sent;                  /* actions */
    uint64_t dropped; /* likewise: the queue was full, or the remote does not take it */
    uint64_t waiting;
};
struct jig_sharing_stats jig_sharing_stats(struct jig_sharing *s);

#endif
