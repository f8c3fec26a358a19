/*
 * rig.h - a service in this process, and clients of it.
 *
 * The rig has the real dispatcher, server, operations and their handlers, behind inproc:// (or a
 * unix socket). Builds are played by handlers of the tests' own: StartBuild starts an operation
 * that does what project.directory says, and GetProject answers at once with what it was asked.
 * LnkService has its real handlers, for tests that bring what is behind them.
 *
 *   "ok"        ends at once                "fail"     fails with BUSY, and details "a", "b"
 *   "now"       as "ok", without a worker
 *   "until"     until it is cancelled       "gate"     until rig_open_gate
 *   "flood N"   N log lines, then ends      "late"     ends well though it was cancelled
 */
#ifndef JIG_TESTS_RPC_RIG_H
#define JIG_TESTS_RPC_RIG_H

#include <stdatomic.h>

#include "service/handlers/handlers.h"
#include "service/rpc/dispatch.h"
#include "service/rpc/server.h"
#include "service/run/park.h"
#include "service/run/stats.h"
#include "service/run/times.h"
#include "service/wire/messages.h"
#include "tests/support/unit.h"

struct rig;
struct rig_client; /* one connection */
struct rig_flight; /* one call on its way */

struct rig_options {
    const char *socket; /* a unix socket's path; NULL: inproc, or with RIG_UNIX in the environment
                           a socket in a folder of its own */
    bool inproc;        /* also with RIG_UNIX */
    bool tcp;           /* on a port of the loopback interface */
    size_t message_max; /* 0: 16 MiB */
    unsigned outstanding_max; /* 0: 1024 */
    unsigned connections_max; /* 0: 512 */
    unsigned workers;         /* 0: 4 */
    unsigned queue_max;       /* 0: the default */
    size_t events_max;        /* 0: the default */
    struct jig_lnks *lnks;    /* NULL: no method of LnkService is called; borrowed */
    /* More methods, with their real handlers, and what these need beside operations and `reading`.
     */
    const struct jig_method_row *rows;
    size_t n_rows;
    void (*furnish)(void *ctx, struct jig_env *env);
    void *ctx;
};

struct rig *rig_new(const struct rig_options *options);
void rig_free(struct rig *rig);
const char *rig_url(const struct rig *rig);
struct jig_stats *rig_stats(struct rig *rig);
struct jig_times *rig_times(struct rig *rig);
struct jig_operations *rig_operations(struct rig *rig);
struct jig_dispatcher *rig_dispatcher(struct rig *rig);
void rig_open_gate(struct rig *rig);
int rig_started(struct rig *rig); /* operations that StartBuild has started */

/* Waits, without a time of its own, until that many operations run. */
void rig_await_running(struct rig *rig, int n);

struct rig_client *rig_connect(struct rig *rig);
struct rig_client *rig_connect_to(const char *url);
void rig_disconnect(struct rig_client *client);

/* Sends an envelope as it is; rig_land gives the reply's bytes to be freed. NULL: none came. */
struct rig_flight *rig_send_bytes(struct rig_client *client, const void *bytes, size_t n);

/* Calls a method. `id` of 16 bytes, or NULL for a random one. */
struct rig_flight *rig_send(struct rig_client *client, const char *method,
                            const ProtobufCMessage *request, const uint8_t *id,
                            int64_t deadline_ms);

/* Waits for the reply. Freed with rig_reply_free. */
Jig__V1__Response *rig_land(struct rig_flight *flight);
void rig_reply_free(Jig__V1__Response *reply);

/* Gives the call up. */
void rig_abort(struct rig_flight *flight);

/* The code of a reply, which is freed. */
int rig_code(Jig__V1__Response *reply);

/* Calls and waits; the code must be OK. Decoded as `type`; freed with rig_message_free. */
void *rig_call(struct rig_client *client, const char *method, const ProtobufCMessage *request,
               const ProtobufCMessageDescriptor *type);
void rig_message_free(void *message);

/* Starts an operation that does what `what` says. Its id in out. */
void rig_start(struct rig_client *client, const char *what, int64_t wait_ms, char out[17]);
Jig__V1__WatchOperationResponse *rig_watch(struct rig_client *client, const char *id,
                                           uint64_t cursor, int64_t wait_ms, uint32_t max_events);
struct rig_flight *rig_send_watch(struct rig_client *client, const char *id, uint64_t cursor,
                                  int64_t wait_ms);

#endif
