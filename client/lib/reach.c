#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "client/lib/client.h"
#include "client/lib/start.h"
#include "core/os/time.h"

#define START_TRIES 3 /* another daemon may leave between its word and our connect */

static void set_timeout(int fd, int64_t deadline_ns)
{
    int ms = jig_deadline_poll_ms(deadline_ns);
    if (ms < 0)
        return;
    if (ms == 0)
        ms = 1; /* 0 would be for ever */
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000L};
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
}

/* connect(2) waits by SO_SNDTIMEO, on a unix socket also while the listener's queue is full. */
static int dial(const struct jig_address *address, int64_t deadline_ns, int *ret_fd)
{
    int fd = socket(address->socket.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    set_timeout(fd, deadline_ns);
    int rc;
    do
        rc = connect(fd, (const struct sockaddr *)&address->socket, address->length);
    while (rc != 0 && errno == EINTR && jig_now_ns() < deadline_ns);
    if (rc != 0 && errno != EISCONN) {
        int error = errno;
        close(fd);
        return error;
    }
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0) {
        int error = errno;
        close(fd);
        return error;
    }
    *ret_fd = fd;
    return 0;
}

/* Who listens. On the user's own socket it has to be the user: /tmp is everybody's. */
static enum jig_status check_peer(struct jig_client *client, int fd, struct jig_error *reterr)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    client->peer_pid = 0;
    if (!client->address.is_unix || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
        return JIG_STATUS_OK;
    client->peer_pid = peer.pid;
    if (client->address.is_own && peer.uid != geteuid())
        return jig_error_set(reterr, JIG_STATUS_PERMISSION_DENIED,
                             "what listens at %s belongs to user %lu, not to you",
                             client->address.text, (unsigned long)peer.uid);
    return JIG_STATUS_OK;
}

static enum jig_status unreachable(const struct jig_client *client, int error,
                                   struct jig_error *reterr)
{
    if (error == EAGAIN || error == EWOULDBLOCK || error == ETIMEDOUT || error == EINPROGRESS)
        return jig_error_set(reterr, JIG_STATUS_DEADLINE_EXCEEDED,
                             "the daemon at %s did not answer in time", client->address.text);
    if (error == EACCES || error == EPERM)
        return jig_error_set(reterr, JIG_STATUS_PERMISSION_DENIED,
                             "you may not talk to the daemon at %s: %s", client->address.text,
                             strerror(error));
    jig_error_cause(reterr, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE,
                    "no daemon listens at %s: %s", client->address.text, strerror(error));
    if (client->address.is_own)
        jig_error_hint(reterr, "start it with: jig daemon start");
    return JIG_STATUS_UNAVAILABLE;
}

static bool nobody_listens(int error)
{
    return error == ENOENT || error == ECONNREFUSED || error == ENOTDIR;
}

/* 0 when connected; else the errno, with *status set when that says it all already. */
static int try_once(struct jig_client *client, int64_t deadline_ns, enum jig_status *status,
                    struct jig_error *reterr)
{
    int fd = -1;
    *status = JIG_STATUS_OK;
    int error = dial(&client->address, deadline_ns, &fd);
    if (error != 0)
        return error;
    *status = check_peer(client, fd, reterr);
    if (*status != JIG_STATUS_OK) {
        close(fd);
        return EACCES;
    }
    jig_sp_init(&client->sp, fd, client->address.is_unix, 2 * JIG_REQUEST_MAX, JIG_REPLY_MAX);
    return 0;
}

enum jig_status jig_reach(struct jig_client *client, bool may_start, int64_t deadline_ns,
                          struct jig_error *reterr)
{
    for (int tries = 0;; tries++) {
        enum jig_status status;
        int error = try_once(client, deadline_ns, &status, reterr);
        if (error == 0 || status != JIG_STATUS_OK)
            return status;
        bool start = may_start && client->address.is_own && nobody_listens(error);
        if (!start || tries == START_TRIES)
            return unreachable(client, error, reterr);
        pid_t pid = 0;
        status = jig_start_daemon(client->jigd, deadline_ns, &pid, reterr);
        if (status != JIG_STATUS_OK)
            return status;
        if (pid > 0)
            client->started = pid;
    }
}
