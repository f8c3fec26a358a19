/*
 * call.h - one request on its way to its one answer.
 *
 *   received --decode--> handling --jig_call_reply / jig_call_fail--> answered (freed)
 *                          |   ^
 *            jig_call_park |   | news, or the time is up: the wake function, in any thread
 *                          v   |
 *                        parked --the peer is gone, its deadline passed, jigd ends--> ended by rpc/
 *
 * A handler owns its call until it answers, parks it, or gives it to jig_operation_start; it must
 * do exactly one of them, and must not touch the call afterwards. A parked call costs no thread.
 * When a parked call's peer goes away a reading call ends silently; a mutating one goes on, so that
 * the client's repeat gets its reply.
 *
 * The request message, and everything from jig_call_alloc, lives as long as the call.
 *
 * Threads: a call belongs to one thread at a time; answering and parking work from any.
 */
#ifndef JIG_SERVICE_RPC_CALL_H
#define JIG_SERVICE_RPC_CALL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/os/cancel.h"

struct jig_call;
struct jig_pool;
struct jig_waitlist;

enum jig_transport {
    JIG_TRANSPORT_IPC,
    JIG_TRANSPORT_TCP,    /* loopback only */
    JIG_TRANSPORT_INPROC, /* tests */
};

/* Who calls, as the kernel says. */
struct jig_peer {
    uint32_t connection; /* the same for all calls of one connection */
    enum jig_transport transport;
    uid_t uid;
    pid_t pid;     /* of the process that connected; 0 when the transport does not tell */
    char user[64]; /* the password database's name for uid, or the number */
};

/* The longest wait_ms of any method; longer ones are cut to it. */
#define JIG_WAIT_MAX_MS 60000

/* The decoded request, of the type that the method's row in the table takes. */
const void *jig_call_request(const struct jig_call *call);
const struct jig_peer *jig_call_peer(const struct jig_call *call);
const char *jig_call_method(const struct jig_call *call); /* "/jig.v1.DeviceService/GetDevice" */

/* What the client calls itself, "jig 0.1.0"; "" when it did not say. */
const char *jig_call_client(const struct jig_call *call);

/* Monotonic and absolute; JIG_NO_DEADLINE when the client set none. */
int64_t jig_call_deadline_ns(const struct jig_call *call);
struct jig_until jig_call_until(const struct jig_call *call);

/* The end of a wait of wait_ms from now, cut to JIG_WAIT_MAX_MS; negative counts as 0. */
int64_t jig_call_wait_until_ns(int64_t wait_ms);

/* The method's response type, for code that serves several methods. */
const ProtobufCMessageDescriptor *jig_call_response_type(const struct jig_call *call);

/* Zeroed memory that lives as long as the call; NULL past the call's ceiling. */
void *jig_call_alloc(struct jig_call *call, size_t size);
struct jig_arena *jig_call_arena(struct jig_call *call);

/* Runs fn(arg) when the call ends, however it ends; last in, first out. */
void jig_call_defer(struct jig_call *call, void (*fn)(void *arg), void *arg);

/* A mutating call turned out to change nothing: its reply need not be remembered as others are
 * (dedupe.h). */
void jig_call_changed_nothing(struct jig_call *call);

/* Answer and end the call. The message must be of the method's response type and is borrowed. */
void jig_call_reply(struct jig_call *call, const ProtobufCMessage *message);

/* `details` may be NULL. */
void jig_call_fail(struct jig_call *call, const struct jig_err *err,
                   const struct jig_strv *details);
void jig_call_failf(struct jig_call *call, enum jig_code code, const char *fmt, ...)
    JIG_PRINTF(3, 4);

/* Goes on with the call in another pool, for what may block: fn answers it there, and keeps to
 * jig_call_until(). */
void jig_call_run_in(struct jig_call *call, struct jig_pool *pool,
                     void (*fn)(struct jig_call *call, void *ctx), void *ctx);

/*
 * Parking. A waitlist is what calls wait on: "this operation has a new event". Look like this:
 *
 *   void look(struct jig_call *call, void *ctx, bool time_is_up)
 *   {
 *       for (;;) {
 *           uint64_t ticket = jig_waitlist_ticket(list);
 *           if (there is news || time_is_up) {
 *               jig_call_reply(call, ...);
 *               return;
 *           }
 *           if (jig_call_park(call, list, ticket, until_ns, look, ctx))
 *               return;
 *       }
 *   }
 *
 * Whoever makes news makes it visible first and wakes afterwards, so that none can be missed.
 */
typedef void jig_wake_fn(struct jig_call *call, void *ctx, bool time_is_up);

/* False, with the call still the caller's, when the list was woken since the ticket was drawn.
 * True: the call is parked, and perhaps answered already. ctx must live as long as the call. */
bool jig_call_park(struct jig_call *call, struct jig_waitlist *list, uint64_t ticket,
                   int64_t until_ns, jig_wake_fn *wake, void *ctx) JIG_CHECKED;

#endif
