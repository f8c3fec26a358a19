/*
 * frames.h - requests out of a unix socket's bytes, as SP's REQ sends them.
 *
 *   greeting   8 bytes each way: 0 'S' 'P' 0, then the protocol as 16 bits, then 16 bits of zero.
 *              The peer says 0x0030 (REQ), we say 0x0031 (REP).
 *   a frame    the byte 1; the length of what follows as 64 bits; then that
 *   a request  1 to 8 words of 32 bits, the last and only the last with its top bit set: who is to
 *              have the reply; then the payload. The reply is the same words, then its payload.
 *   (numbers big-endian; nanomsg's RFCs "sp-tcp-mapping-01" and "sp-request-reply-01", nng's
 *   src/sp/transport/ipc, and its NNG_OPT_MAXTTL for the 8)
 *
 * Bytes come in any pieces. A frame that is too long is refused at its head, before there is memory
 * for it.
 *
 * Threads: one at a time.
 */
#ifndef JIG_SERVICE_RPC_FRAMES_H
#define JIG_SERVICE_RPC_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JIG_FRAME_HEAD 9
#define JIG_TRACE_MAX  (8 * 4)
#define JIG_GREETING   8

extern const uint8_t jig_frames_greeting[JIG_GREETING]; /* ours */

/* One that is whole, to be freed with free(). */
struct jig_frame {
    struct jig_frame *next;
    size_t n;
    size_t got; /* n, once it is whole */
    uint8_t bytes[];
};

struct jig_frames {
    size_t payload_max;
    bool greeted;
    uint8_t head[JIG_FRAME_HEAD]; /* a greeting or the head of a frame, not whole yet */
    size_t head_got;
    struct jig_frame *body; /* the one whose bytes come now; NULL: none */
};

/* All that come are put at the end of this list. */
struct jig_frame_list {
    struct jig_frame *first;
    struct jig_frame **last; /* &first when it is empty */
};

void jig_frames_init(struct jig_frames *f, size_t payload_max);
void jig_frames_release(struct jig_frames *f);

/* False: the peer does not speak REQ, or announced more than it may; there is no going on. */
bool jig_frames_feed(struct jig_frames *f, const uint8_t *bytes, size_t n,
                     struct jig_frame_list *list) __attribute__((warn_unused_result));

/* Where the rest of a body goes, so that it need not be copied; NULL when none is awaited. What was
 * put there is told with jig_frames_filled. */
uint8_t *jig_frames_room(struct jig_frames *f, size_t *ret_n);
void jig_frames_filled(struct jig_frames *f, size_t n, struct jig_frame_list *list);

/* How many bytes the words before the payload take; 0 when it is no request. */
size_t jig_frame_trace(const struct jig_frame *frame);

/* The head of a frame with n bytes. */
void jig_frame_put_head(uint8_t out[JIG_FRAME_HEAD], size_t n);

#endif
