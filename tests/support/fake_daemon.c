#include "tests/support/fake_daemon.h"

#include <assert.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/rep.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_daemon {
    nng_socket socket;
    nng_listener listener;
    pthread_t thread;
    fake_handler *handler;
    void *context;
    atomic_uint seen;
    atomic_bool stopping;
};

/* nng 1.5.2 can lose a receive that begins while its socket is being closed, or panic in it. So
 * none lasts longer than this before it looks whether it should, and the socket is closed
 * afterwards. */
#define RECEIVE_MS 20

static void must(int rc)
{
    if (rc != 0) {
        fprintf(stderr, "fake daemon: %s\n", nng_strerror(rc));
        abort();
    }
}

static void unimplemented(struct fake_request *request)
{
    Jig__V1__Status status = JIG__V1__STATUS__INIT;
    status.code = 12;
    status.message = (char *)"the fake does not know that";
    fake_reply_status(request, &status);
}

static void take(struct fake_daemon *d, nng_msg *message)
{
    struct fake_request *r = calloc(1, sizeof *r);
    assert(r != NULL);
    r->daemon = d;
    r->message = message;
    r->request = jig__v1__request__unpack(NULL, nng_msg_len(message), nng_msg_body(message));
    assert(r->request != NULL);
    const char *slash = strrchr(r->request->method, '/');
    r->method = slash != NULL ? slash + 1 : r->request->method;
    atomic_fetch_add(&d->seen, 1);
    if (d->handler != NULL)
        d->handler(d->context, r);
    else
        unimplemented(r);
}

static void *run(void *context)
{
    struct fake_daemon *d = context;
    for (;;) {
        nng_msg *message;
        int rc = nng_recvmsg(d->socket, &message, 0);
        if (rc == NNG_ECLOSED || (rc == NNG_ETIMEDOUT && atomic_load(&d->stopping)))
            return NULL;
        if (rc == NNG_ETIMEDOUT)
            continue;
        must(rc);
        take(d, message);
    }
}

struct fake_daemon *fake_daemon_start(const char *url, fake_handler *handler, void *context)
{
    struct fake_daemon *d = calloc(1, sizeof *d);
    assert(d != NULL);
    d->handler = handler;
    d->context = context;
    must(nng_rep0_open_raw(&d->socket));
    must(nng_socket_set_ms(d->socket, NNG_OPT_RECVTIMEO, RECEIVE_MS));
    must(nng_listen(d->socket, url, &d->listener, 0));
    must(pthread_create(&d->thread, NULL, run, d));
    return d;
}

void fake_daemon_stop(struct fake_daemon *d)
{
    atomic_store(&d->stopping, true);
    pthread_join(d->thread, NULL);
    nng_close(d->socket);
    free(d);
}

int fake_daemon_port(const struct fake_daemon *d)
{
    int port = 0;
    must(nng_listener_get_int(d->listener, NNG_OPT_TCP_BOUND_PORT, &port));
    return port;
}

unsigned fake_daemon_seen(struct fake_daemon *d)
{
    return atomic_load(&d->seen);
}

static void end(struct fake_request *r)
{
    jig__v1__request__free_unpacked(r->request, NULL);
    nng_msg_free(r->message);
    free(r);
}

/* A message to where the request came from; `flip` changes its id to one that nobody waits for. */
static void send_bytes(struct fake_request *r, const void *bytes, size_t size, bool flip)
{
    nng_msg *reply;
    must(nng_msg_alloc(&reply, 0));
    must(nng_msg_append(reply, bytes, size));
    must(nng_msg_header_append(reply, nng_msg_header(r->message), nng_msg_header_len(r->message)));
    if (flip)
        ((unsigned char *)nng_msg_header(reply))[nng_msg_header_len(reply) - 1] ^= 0x55;
    if (nng_sendmsg(r->daemon->socket, reply, 0) != 0)
        nng_msg_free(reply); /* the client is gone */
}

void fake_reply_bytes(struct fake_request *r, const void *bytes, size_t size)
{
    send_bytes(r, bytes, size, false);
    end(r);
}

void fake_reply_response(struct fake_request *r, Jig__V1__Response *response)
{
    response->request_id = r->request->request_id;
    size_t size = jig__v1__response__get_packed_size(response);
    uint8_t *bytes = malloc(size + 1);
    assert(bytes != NULL);
    jig__v1__response__pack(response, bytes);
    send_bytes(r, bytes, size, false);
    free(bytes);
    end(r);
}

void fake_reply_status(struct fake_request *r, Jig__V1__Status *status)
{
    Jig__V1__Response response = JIG__V1__RESPONSE__INIT;
    response.protocol_version = 1;
    response.server_version = (char *)"0.0.fake";
    response.status = status;
    fake_reply_response(r, &response);
}

void fake_reply(struct fake_request *r, const ProtobufCMessage *payload)
{
    size_t size = protobuf_c_message_get_packed_size(payload);
    uint8_t *bytes = malloc(size + 1);
    assert(bytes != NULL);
    protobuf_c_message_pack(payload, bytes);
    Jig__V1__Response response = JIG__V1__RESPONSE__INIT;
    response.protocol_version = 1;
    response.server_version = (char *)"0.0.fake";
    response.payload = (ProtobufCBinaryData){.len = size, .data = bytes};
    fake_reply_response(r, &response);
    free(bytes);
}

void fake_hang_up(struct fake_request *r)
{
    nng_pipe_close(nng_msg_get_pipe(r->message));
    end(r);
}

void fake_forget(struct fake_request *r)
{
    end(r);
}

void fake_stray(struct fake_request *r)
{
    send_bytes(r, "stray", 5, true);
}

ProtobufCMessage *fake_payload(const struct fake_request *r, const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *m =
        protobuf_c_message_unpack(type, NULL, r->request->payload.len, r->request->payload.data);
    assert(m != NULL);
    return m;
}
