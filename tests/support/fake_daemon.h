/*
 * fake_daemon.h - something that answers jig's requests over nng, as a test tells it to.
 *
 * A raw REP socket and one thread that receives: each request is given to the test's handler, which
 * answers it, keeps it for later, answers it wrongly, or hangs up. Being nng's own replier, it also
 * shows that libjig's transport speaks what nng speaks.
 *
 * Threads: the handler runs in the fake's thread; every fake_* function may be called from any.
 */
#ifndef JIG_TESTS_SUPPORT_FAKE_DAEMON_H
#define JIG_TESTS_SUPPORT_FAKE_DAEMON_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "jig/v1/rpc.pb-c.h"

struct fake_daemon;

/* One request. Each is ended by exactly one of fake_reply*, fake_hang_up or fake_forget. */
struct fake_request {
    Jig__V1__Request *request;
    const char *method; /* behind the last '/' */
    struct fake_daemon *daemon;
    void *message; /* nng's */
};

typedef void fake_handler(void *context, struct fake_request *request);

/* Listens at url. The default handler, NULL, answers everything with UNIMPLEMENTED. */
struct fake_daemon *fake_daemon_start(const char *url, fake_handler *handler, void *context);
void fake_daemon_stop(struct fake_daemon *daemon);

/* The port of a fake that listens at tcp://127.0.0.1:0. */
int fake_daemon_port(const struct fake_daemon *daemon);

/* How many requests came. */
unsigned fake_daemon_seen(struct fake_daemon *daemon);

void fake_reply(struct fake_request *request, const ProtobufCMessage *payload);
void fake_reply_status(struct fake_request *request, Jig__V1__Status *status);
/* Any response; `response->request_id` is filled in, and nothing else. */
void fake_reply_response(struct fake_request *request, Jig__V1__Response *response);
/* Any bytes in place of a response. */
void fake_reply_bytes(struct fake_request *request, const void *bytes, size_t size);
void fake_hang_up(struct fake_request *request);
void fake_forget(struct fake_request *request);

/* A reply that nobody asked for, on the connection of that request, which still waits. */
void fake_stray(struct fake_request *request);

/* Decodes the payload as the message; the caller frees with protobuf_c_message_free_unpacked. */
ProtobufCMessage *fake_payload(const struct fake_request *request,
                               const ProtobufCMessageDescriptor *type);

#endif
