#include "client/lib/sp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GREETING_SIZE 8
#define IPC_MESSAGE   1

static const unsigned char our_greeting[GREETING_SIZE] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
static const unsigned char peer_greeting[GREETING_SIZE] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};

static void put_be(unsigned char *out, uint64_t value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> (8 * (bytes - 1 - i)));
}

static uint64_t get_be(const unsigned char *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++)
        value = value << 8 | in[i];
    return value;
}

void jig_sp_init(struct jig_sp *sp, int fd, bool is_unix, size_t send_max, size_t reply_max)
{
    *sp = (struct jig_sp){.fd = fd, .is_unix = is_unix, .reply_max = reply_max};
    jig_buf_init(&sp->out, send_max);
    jig_buf_append(&sp->out, our_greeting, sizeof our_greeting);
}

void jig_sp_release(struct jig_sp *sp)
{
    if (sp->fd >= 0)
        close(sp->fd);
    sp->fd = -1;
    free(sp->body);
    sp->body = NULL;
    jig_buf_release(&sp->out);
}

bool jig_sp_send(struct jig_sp *sp, uint32_t id, const void *payload, size_t size)
{
    unsigned char head[JIG_SP_FRAME_MAX];
    size_t n = 0;
    if (sp->is_unix)
        head[n++] = IPC_MESSAGE;
    put_be(head + n, 4 + (uint64_t)size, 8);
    n += 8;
    put_be(head + n, id, 4);
    n += 4;
    if (jig_buf_reserve(&sp->out, n + size) == NULL) {
        sp->out.failed = false; /* nothing was added: what is queued already still goes out */
        return false;
    }
    jig_buf_append(&sp->out, head, n);
    jig_buf_append(&sp->out, payload, size);
    return true;
}

short jig_sp_events(const struct jig_sp *sp)
{
    return (short)(POLLIN | (sp->out.len > 0 ? POLLOUT : 0));
}

static enum jig_status hung_up(struct jig_error *reterr, int error)
{
    if (error == 0 || error == EPIPE || error == ECONNRESET)
        return jig_error_set(reterr, JIG_STATUS_UNAVAILABLE, "the daemon hung up");
    return jig_error_set(reterr, JIG_STATUS_UNAVAILABLE, "the connection to the daemon broke: %s",
                         strerror(error));
}

static enum jig_status flush(struct jig_sp *sp, struct jig_error *reterr)
{
    while (sp->out.len > 0) {
        ssize_t n = send(sp->fd, sp->out.data, sp->out.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return JIG_STATUS_OK;
        if (n < 0)
            return hung_up(reterr, errno);
        jig_buf_drop_front(&sp->out, (size_t)n);
    }
    return JIG_STATUS_OK;
}

/* Reads up to `size` bytes. *ret_n is 0 when there are none now. */
static enum jig_status receive(struct jig_sp *sp, void *to, size_t size, size_t *ret_n,
                               struct jig_error *reterr)
{
    ssize_t n;
    do
        n = recv(sp->fd, to, size, MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        *ret_n = (size_t)n;
        return JIG_STATUS_OK;
    }
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        *ret_n = 0;
        return JIG_STATUS_OK;
    }
    return hung_up(reterr, n < 0 ? errno : 0);
}

static size_t head_size(const struct jig_sp *sp)
{
    if (!sp->greeted)
        return GREETING_SIZE;
    return sp->is_unix ? 1 + 8 + 4 : 8 + 4;
}

static enum jig_status take_greeting(struct jig_sp *sp, struct jig_error *reterr)
{
    if (memcmp(sp->head, peer_greeting, GREETING_SIZE) != 0)
        return jig_error_set(reterr, JIG_STATUS_FAILED_PRECONDITION,
                             "what listens there is not a jigd");
    sp->greeted = true;
    sp->head_got = 0;
    return JIG_STATUS_OK;
}

static enum jig_status take_head(struct jig_sp *sp, struct jig_error *reterr)
{
    const unsigned char *at = sp->head;
    if (sp->is_unix && *at++ != IPC_MESSAGE)
        return jig_error_set(reterr, JIG_STATUS_FAILED_PRECONDITION,
                             "the daemon sent a message of unknown kind %u", sp->head[0]);
    uint64_t length = get_be(at, 8);
    if (length < 4)
        return jig_error_set(reterr, JIG_STATUS_FAILED_PRECONDITION,
                             "the daemon sent a message without a request id");
    if (length - 4 > sp->reply_max)
        return jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                             "the daemon's reply of %llu bytes is larger than the limit of %zu",
                             (unsigned long long)(length - 4), sp->reply_max);
    sp->body_id = (uint32_t)get_be(at + 8, 4);
    sp->body_size = (size_t)(length - 4);
    sp->body_got = 0;
    sp->body = malloc(sp->body_size + 1);
    if (sp->body == NULL)
        return jig_error_memory(reterr);
    return JIG_STATUS_OK;
}

static void deliver_body(struct jig_sp *sp, jig_sp_deliver_fn *deliver, void *context)
{
    char *body = sp->body;
    body[sp->body_size] = '\0';
    sp->body = NULL;
    sp->head_got = 0;
    deliver(context, sp->body_id, body, sp->body_size);
}

/* One read into whatever is being read. *ret_more says whether another may give something. */
static enum jig_status read_once(struct jig_sp *sp, jig_sp_deliver_fn *deliver, void *context,
                                 bool *ret_more, struct jig_error *reterr)
{
    size_t n = 0;
    enum jig_status status;
    if (sp->body == NULL) {
        status = receive(sp, sp->head + sp->head_got, head_size(sp) - sp->head_got, &n, reterr);
        sp->head_got += n;
        *ret_more = n > 0;
        if (status != JIG_STATUS_OK || sp->head_got < head_size(sp))
            return status;
        if (!sp->greeted)
            return take_greeting(sp, reterr);
        status = take_head(sp, reterr);
    } else {
        status = receive(sp, sp->body + sp->body_got, sp->body_size - sp->body_got, &n, reterr);
        sp->body_got += n;
        *ret_more = n > 0;
    }
    if (status == JIG_STATUS_OK && sp->body != NULL && sp->body_got == sp->body_size)
        deliver_body(sp, deliver, context);
    return status;
}

enum jig_status jig_sp_step(struct jig_sp *sp, jig_sp_deliver_fn *deliver, void *context,
                            struct jig_error *reterr)
{
    /* A reply may have come before the peer hung up: read first, and what sending says counts
     * only when reading has found nothing wrong. */
    struct jig_error late;
    enum jig_status sent = flush(sp, &late);
    bool more = true;
    while (more) {
        enum jig_status status = read_once(sp, deliver, context, &more, reterr);
        if (status != JIG_STATUS_OK)
            return status;
    }
    if (sent != JIG_STATUS_OK && reterr != NULL)
        *reterr = late;
    return sent;
}
