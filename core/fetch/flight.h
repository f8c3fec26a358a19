/*
 * flight.h - downloads that are under way in this process, so that each hash is downloaded once.
 * Private to core/fetch.
 *
 *   join --> leads: downloads, tells, ends it
 *        '-> follows: waits for the end; then looks into the cache, or fails as the leader did
 *
 * Threads: any.
 */
#ifndef JIG_FETCH_FLIGHT_H
#define JIG_FETCH_FLIGHT_H

#include "core/fetch/pull.h"

struct jig_flight;

/* Never fails. Who leads calls jig_flight_end, who follows jig_flight_leave. */
struct jig_flight *jig_flight_join(struct jig_fetcher *f, struct jig_cache *cache,
                                   const struct jig_want *want, bool *ret_leads);

void jig_flight_tell(struct jig_fetcher *f, struct jig_flight *flight,
                     const struct jig_fetch_progress *p);

/* `private_end`: it says nothing to others, as a cancel does not. `pulled` says which of the URLs
 * of `want` gave it. */
void jig_flight_end(struct jig_fetcher *f, struct jig_flight *flight, enum jig_code code,
                    bool private_end, const struct jig_want *want, const struct jig_pulled *pulled,
                    const struct jig_err *err);

/* OK when it has ended well; else what it ended with, and then `ret_alike` says whether that goes
 * for us, too: of other URLs, or of a leader that was cancelled, it does not. CANCELLED and
 * DEADLINE_EXCEEDED of our own go for us. `ret` gets which of our URLs gave it, and `remote`: where
 * we ask alike. */
enum jig_code jig_flight_follow(struct jig_fetcher *f, struct jig_flight *flight,
                                const struct jig_want *want, jig_pull_progress_fn *progress,
                                void *ctx, const struct jig_until *until, bool *ret_alike,
                                struct jig_pulled *ret, struct jig_err *reterr) JIG_CHECKED;
void jig_flight_leave(struct jig_fetcher *f, struct jig_flight *flight);

#endif
