/*
 * sp.h - one connection that speaks the Scalability Protocols' REQ side, as nng's own sockets do.
 *
 *   greeting   8 bytes each way: 0 'S' 'P' 0, then the protocol as 16 bits, then 16 bits of zero.
 *              We say 0x0030 (REQ) and expect 0x0031 (REP).
 *   a message  on a unix socket the byte 1 first; then its length as 64 bits; then the body
 *   the body   32 bits of request id with the top bit set, then the payload
 *   (numbers big-endian; nanomsg's RFCs "sp-tcp-mapping-01", "sp-request-reply-01" and nng's
 *   src/sp/transport/ipc)
 *
 * Nothing here blocks: jig_sp_send queues, jig_sp_step moves what the socket takes and gives. The
 * greeting goes out with the first request, so that a call costs one round trip.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_LIB_SP_H
#define JIG_LIB_SP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/lib/error.h"
#include "core/base/buf.h"

#define JIG_SP_FRAME_MAX (1 + 8 + 4) /* what goes before a payload, at most */

struct jig_sp {
    int fd; /* nonblocking; owned */
    bool is_unix;
    bool greeted; /* the peer's greeting came and is right */
    struct jig_buf out;
    size_t reply_max; /* bytes of payload; a longer one ends the connection */
    unsigned char head[JIG_SP_FRAME_MAX];
    size_t head_got;
    char *body; /* the message being read, NULL before its head is whole */
    size_t body_size;
    size_t body_got;
    uint32_t body_id;
};

/* A whole message. `payload` is malloc'ed and now the receiver's. */
typedef void jig_sp_deliver_fn(void *context, uint32_t id, char *payload, size_t size);

/* Takes the connected socket fd. send_max is how many bytes may wait to be sent. */
void jig_sp_init(struct jig_sp *sp, int fd, bool is_unix, size_t send_max, size_t reply_max);
void jig_sp_release(struct jig_sp *sp); /* closes; idempotent */

/* Queues a request. `id` has its top bit set. False when it does not fit. */
bool jig_sp_send(struct jig_sp *sp, uint32_t id, const void *payload, size_t size) JIG_CHECKED;

/* The poll(2) events to wait for. */
short jig_sp_events(const struct jig_sp *sp);

/* Sends and receives what is possible without waiting. UNAVAILABLE when the peer hung up,
 * FAILED_PRECONDITION when it is no SP replier, RESOURCE_EXHAUSTED when a reply is too large; the
 * connection is of no use after any of them. */
enum jig_status jig_sp_step(struct jig_sp *sp, jig_sp_deliver_fn *deliver, void *context,
                            struct jig_error *reterr) JIG_CHECKED;

#endif
