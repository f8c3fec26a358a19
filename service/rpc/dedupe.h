/*
 * dedupe.h - the same call twice is answered twice and done once.
 *
 *   (none) --begin--> running --end--> done --2 minutes--> (none)
 *                                        \--the ceiling in bytes--> done, its reply forgotten
 *
 * A mutating call is known by its peer's uid and its request_id. A repeat while the first still
 * runs waits for it; a repeat after it gets the first reply, byte for byte; the same id with
 * another method or payload is refused.
 *
 * Ceilings: JIG_REPEATS_MAX calls are remembered. When the kept replies pass
 * JIG_REPEATS_BYTES_MAX the oldest replies are forgotten, but not that the call was made: a repeat
 * is then told so, and never done again. When all JIG_REPEATS_MAX are younger than two minutes, new
 * mutating calls are refused. Of calls that turned out to change nothing (a build that had nothing
 * to do) only the newest JIG_REPEATS_HARMLESS_MAX are remembered: to do one of them again does no
 * harm, and there may be thousands a second.
 *
 * Threads: any function from any thread.
 */
#ifndef JIG_SERVICE_RPC_DEDUPE_H
#define JIG_SERVICE_RPC_DEDUPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/clock.h"
#include "core/hash/fingerprint.h"
#include "service/run/park.h"

#define JIG_REPEATS_KEPT_MS      (2 * 60 * 1000)
#define JIG_REPEATS_MAX          32768
#define JIG_REPEATS_HARMLESS_MAX 1024
#define JIG_REPEATS_BYTES_MAX    (8 * 1024 * 1024)
#define JIG_REPEAT_ID_BYTES      16

struct jig_dedupe;
struct jig_repeat; /* one call that was made, perhaps several times */

enum jig_repeat_state {
    JIG_REPEAT_FIRST,    /* nobody made this call before: do it, then jig_repeat_end */
    JIG_REPEAT_AGAIN,    /* it was made before: see jig_repeat_reply */
    JIG_REPEAT_MISMATCH, /* the id was used for something else; no repeat is returned */
    JIG_REPEAT_FULL,     /* too many young ones; no repeat is returned */
};

struct jig_dedupe *jig_dedupe_new(struct jig_park *park, const struct jig_clock *clock);
void jig_dedupe_free(struct jig_dedupe *dedupe); /* NULL is fine */

/* The repeat is referenced for the caller, who unrefs it. */
enum jig_repeat_state jig_dedupe_begin(struct jig_dedupe *dedupe, uid_t uid,
                                       const uint8_t id[JIG_REPEAT_ID_BYTES],
                                       struct jig_fingerprint what, struct jig_repeat **ret);

/* Forgets what is older than two minutes. */
void jig_dedupe_expire(struct jig_dedupe *dedupe);

/* The first call's reply: kept, and handed to all who wait. n = 0: there is none to keep. harmless:
 * it changed nothing. */
void jig_repeat_end(struct jig_repeat *repeat, const void *reply, size_t n, bool harmless);

struct jig_waitlist *jig_repeat_waitlist(struct jig_repeat *repeat); /* woken at its end */

enum jig_repeat_reply {
    JIG_REPLY_PENDING,   /* the first call still runs */
    JIG_REPLY_SENT,      /* `copy` was called with it */
    JIG_REPLY_FORGOTTEN, /* it was made, and its reply is not kept any more */
};
enum jig_repeat_reply jig_repeat_reply(struct jig_repeat *repeat,
                                       void (*copy)(void *ctx, const void *reply, size_t n),
                                       void *ctx);
void jig_repeat_unref(void *repeat); /* a struct jig_repeat; NULL is fine */

#endif
