/*
 * outages.h - hosts that do not answer, so that many fetches do not all find that out.
 *
 * Who makes many fetches that belong together, as a pull of a thousand pointers does, gives them
 * one jig_outages. Of all that want something of a silent host, one goes through its rounds and
 * pauses; the others wait for what comes of that, or take another of their URLs meanwhile:
 *
 *              no answer                       no answer in any round
 *   unknown -----------> shaky: one is trying ----------------------> down: nobody tries
 *      ^                    |                                            |
 *      '--- any answer -----+--- its fetch ended otherwise -----.        |
 *      ^--------------------+-----------------------------------'        |
 *      '------------------------------- any answer, to who asked before -'
 *
 * An answer is any status of HTTP, also one that refuses. It is of the host and port that were
 * asked, which a redirect may have named.
 *
 * It holds for as long as it lives, and no longer: the next operation asks anew.
 *
 * Ceiling: JIG_OUTAGES_MOST hosts; of further ones nothing is remembered.
 * Threads: any; it locks itself.
 */
#ifndef JIG_FETCH_OUTAGES_H
#define JIG_FETCH_OUTAGES_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/os/cancel.h"

#define JIG_OUTAGES_MOST 1000

struct jig_outages;

struct jig_outages *jig_outages_new(void);
void jig_outages_free(struct jig_outages *o); /* nobody is fetching with it; NULL is fine */

/* The rest is for core/fetch. `who` is any address of the fetch's own; `host` is "host:port". `o`
 * may be NULL: nothing is known then, and nothing remembered. */

/* Before asking a host. OK: go on. UNAVAILABLE: it is down, and `reterr` says how that showed.
 * ABORTED, for who has other places to ask (`may_skip`): it is shaky. Waits while another one
 * tries, unless somebody may be waiting for us. CANCELLED and DEADLINE_EXCEEDED of that. */
enum jig_code jig_outages_enter(struct jig_outages *o, const void *who, const char *host,
                                bool may_skip, const struct jig_until *until,
                                struct jig_err *reterr) JIG_CHECKED;

void jig_outages_answered(struct jig_outages *o, const char *host);

/* It did not answer. */
void jig_outages_silent(struct jig_outages *o, const void *who, const char *host,
                        const struct jig_err *err);

/* The fetch has ended. `gave_up`: after all its rounds. */
void jig_outages_leave(struct jig_outages *o, const void *who, bool gave_up);

#endif
