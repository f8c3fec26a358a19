/*
 * sp_reply.c - fuzzes what libjig makes of a daemon's bytes. The first byte says how large the
 * pieces are in which the rest comes.
 */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/lib/sp.h"

#define REPLY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    uint64_t replies;
    uint64_t sum; /* of all that is in them */
};

static void deliver(void *context, uint32_t id, char *payload, size_t size)
{
    struct outcome *out = context;
    assert(size <= REPLY_MAX && payload[size] == '\0');
    out->replies++;
    out->sum = out->sum * 31 + id;
    for (size_t i = 0; i < size; i++)
        out->sum = out->sum * 31 + (unsigned char)payload[i];
    free(payload);
}

static struct outcome receive(const uint8_t *data, size_t size, size_t piece)
{
    struct outcome out = {0};
    struct jig_sp sp;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        abort();
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    jig_sp_init(&sp, pair[0], true, 1024, REPLY_MAX);
    enum jig_status status = JIG_STATUS_OK;
    while (size > 0 && status == JIG_STATUS_OK) {
        size_t n = piece < size ? piece : size;
        if (send(pair[1], data, n, MSG_NOSIGNAL) != (ssize_t)n)
            abort();
        struct jig_error error;
        status = jig_sp_step(&sp, deliver, &out, &error);
        assert(status == JIG_STATUS_OK || error.message[0] != '\0');
        data += n;
        size -= n;
    }
    close(pair[1]);
    if (status == JIG_STATUS_OK) /* it has hung up */
        assert(jig_sp_step(&sp, deliver, &out, NULL) == JIG_STATUS_UNAVAILABLE);
    jig_sp_release(&sp);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 16384)
        return 0;
    struct outcome whole = receive(data + 1, size - 1, SIZE_MAX);
    struct outcome pieces = receive(data + 1, size - 1, 1 + data[0] % 64);
    assert(whole.replies == pieces.replies && whole.sum == pieces.sum);
    return 0;
}
