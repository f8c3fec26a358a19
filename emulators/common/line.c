#include "emulators/common/line.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulators/common/ring.h"
#include "emulators/common/say.h"
#include "emulators/common/speed.h"

/* Polls that a port may be LEAVING without POLLHUP. The kernel tells inotify of a close before it
 * hangs up, both in one system call of the client. */
#define LEAVING_POLLS_MAX 50

enum presence { CLOSED, OPEN, LEAVING };

struct emu_line {
    int master;
    int notify; /* inotify, or -1 */
    int watch;  /* on the slave's node */
    enum presence presence;
    unsigned clients;       /* who have it open, as far as inotify tells; OPEN only */
    unsigned leaving_polls; /* LEAVING only */
    uint32_t baud;
    struct emu_ring heard;
    struct emu_ring said;
    struct emu_line_counts counts;
    char path[64];
};

static void watch_slave(struct emu_line *l)
{
    if (l->notify != -1)
        l->watch = inotify_add_watch(l->notify, l->path, IN_OPEN | IN_CLOSE);
    if (l->notify == -1 || l->watch != -1)
        return;
    emu_note("cannot watch %s (%s): a quick close and open will go unseen", l->path,
             strerror(errno));
    close(l->notify);
    l->notify = -1;
}

static bool make_pty(struct emu_line *l)
{
    int slave;
    if (openpty(&l->master, &slave, l->path, NULL, NULL) != 0)
        return emu_fail("cannot make a pty: %s", strerror(errno));
    bool ok = emu_speed_unset(slave) && fchmod(slave, 0600) == 0 &&
              fcntl(l->master, F_SETFD, FD_CLOEXEC) == 0 &&
              fcntl(l->master, F_SETFL, O_RDWR | O_NONBLOCK) == 0;
    if (!ok)
        emu_fail("cannot set up the pty %s: %s", l->path, strerror(errno));
    close(slave); /* from here on POLLHUP says that nobody has it open */
    return ok;
}

bool emu_line_new(struct emu_line **ret)
{
    struct emu_line *l = calloc(1, sizeof *l);
    if (l == NULL)
        return emu_fail("out of memory");
    l->master = l->notify = l->watch = -1;
    if (!make_pty(l)) {
        emu_line_free(l);
        return false;
    }
    l->notify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    watch_slave(l);
    *ret = l;
    return true;
}

void emu_line_free(struct emu_line *l)
{
    if (l == NULL)
        return;
    if (l->notify != -1)
        close(l->notify);
    if (l->master != -1)
        close(l->master);
    free(l);
}

const char *emu_line_path(const struct emu_line *l)
{
    return l->path;
}

bool emu_line_is_open(const struct emu_line *l)
{
    return l->presence != CLOSED;
}

uint32_t emu_line_baud(const struct emu_line *l)
{
    return l->baud;
}

const struct emu_line_counts *emu_line_counts(const struct emu_line *l)
{
    return &l->counts;
}

static bool hung_up(const struct emu_line *l)
{
    struct pollfd p = {.fd = l->master, .events = 0};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP) != 0;
}

static void on_open(struct emu_line *l, struct emu_line_news *news)
{
    if (l->presence == OPEN) {
        l->clients++;
        return;
    }
    l->presence = OPEN;
    l->clients = 1;
    l->counts.opens++;
    news->opened++;
}

static void on_close(struct emu_line *l)
{
    if (l->presence != OPEN || --l->clients > 0)
        return;
    l->presence = LEAVING;
    l->leaving_polls = 0;
}

static void hear_notices(struct emu_line *l, struct emu_line_news *news)
{
    alignas(struct inotify_event) char events[4096];
    ssize_t n = l->notify == -1 ? 0 : read(l->notify, events, sizeof events);
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *e = (const struct inotify_event *)(events + at);
        at += (ssize_t)(sizeof *e + e->len);
        if (e->wd != l->watch)
            continue; /* of a watch that is no more; POLLHUP makes up for it */
        if ((e->mask & IN_OPEN) != 0)
            on_open(l, news);
        else if ((e->mask & IN_CLOSE) != 0)
            on_close(l);
    }
}

/* The kernel keeps what the last client left unread for the next one. A serial port does not, so
 * throw it away. Not by opening the port: who watches it for opens would take us for a client. */
static void tidy_up(struct emu_line *l)
{
    tcflush(l->master, TCOFLUSH); /* on its way */
    if (!emu_speed_flush_slave(l->master))
        emu_note("cannot tidy up %s: %s", l->path, strerror(errno));
    l->said.out = l->said.in;
}

static void hear_hang_up(struct emu_line *l, struct emu_line_news *news)
{
    bool alone = hung_up(l);
    if (alone && l->presence != CLOSED) {
        l->presence = CLOSED;
        tidy_up(l);
        news->closed = true; /* who opens it meanwhile is the next poll's news */
    } else if (!alone && l->presence == CLOSED && l->notify == -1) {
        on_open(l, news); /* with inotify, an event is about to tell of it */
    } else if (!alone && l->presence == LEAVING && ++l->leaving_polls > LEAVING_POLLS_MAX) {
        l->presence = OPEN;
        l->clients = 1;
    }
}

static void hear_bytes(struct emu_line *l)
{
    size_t room;
    while ((room = emu_ring_room(&l->heard)) > 0) {
        ssize_t n = read(l->master, l->heard.bytes + l->heard.in % EMU_RING_SIZE, room);
        if (n <= 0)
            return; /* EAGAIN: nothing; EIO: nobody there, and nothing left of them */
        l->heard.in += (size_t)n;
        l->counts.heard += (uint64_t)n;
    }
}

struct emu_line_news emu_line_poll(struct emu_line *l)
{
    struct emu_line_news news = {0};
    hear_notices(l, &news);
    hear_bytes(l);
    hear_hang_up(l, &news);
    l->baud = emu_speed_read(l->master);
    return news;
}

void emu_line_discard(struct emu_line *l)
{
    tcflush(l->master, TCIFLUSH);
    l->heard.out = l->heard.in;
    l->said.out = l->said.in;
}

bool emu_line_next(struct emu_line *l, uint8_t *ret)
{
    return emu_ring_take(&l->heard, ret);
}

void emu_line_put(struct emu_line *l, uint8_t byte)
{
    if (l->presence == CLOSED)
        l->counts.unheard++;
    else if (!emu_ring_put(&l->said, byte))
        l->counts.dropped++;
}

void emu_line_flush(struct emu_line *l)
{
    size_t piece;
    while (l->presence != CLOSED && (piece = emu_ring_piece(&l->said)) > 0) {
        ssize_t n = write(l->master, l->said.bytes + l->said.out % EMU_RING_SIZE, piece);
        if (n <= 0)
            return; /* the client does not read, or has gone */
        l->said.out += (size_t)n;
        l->counts.said += (uint64_t)n;
    }
}
