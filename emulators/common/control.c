#include "emulators/common/control.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "emulators/common/say.h"

struct client {
    int fd; /* -1: free */
    size_t n;
    bool skipping; /* up to the end of a line that was too long */
    char line[EMU_COMMAND_MAX + 1];
};

struct emu_control {
    int listener;
    bool bound;
    struct sockaddr_un address;
    struct client clients[EMU_CLIENTS_MAX];
};

void emu_answer_error(FILE *answer, const char *error)
{
    fputs("{\"ok\":false,\"error\":", answer);
    emu_json_string(answer, error);
    fputc('}', answer);
}

static bool folder_is_private(const char *path)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL || slash == path ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", n, slash == NULL ? "." : path);
    struct stat st;
    if (stat(folder, &st) != 0)
        return emu_fail("cannot look at the control socket's folder %s: %s", folder,
                        strerror(errno));
    if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
        return emu_fail("the control socket's folder %s must be yours alone (mode 0700)", folder);
    return true;
}

/* Whether somebody answers there. */
static bool is_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return true;
    bool alive = connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
    close(fd);
    return alive;
}

static bool listen_there(struct emu_control *c)
{
    const char *path = c->address.sun_path;
    struct stat st;
    if (lstat(path, &st) == 0) {
        if (!S_ISSOCK(st.st_mode))
            return emu_fail("%s exists and is not a socket", path);
        if (is_alive(&c->address))
            return emu_fail("another emulator listens on %s", path);
        unlink(path);
    }
    c->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    c->bound = c->listener != -1 &&
               bind(c->listener, (struct sockaddr *)&c->address, sizeof c->address) == 0;
    if (!c->bound || chmod(path, 0600) != 0 || listen(c->listener, EMU_CLIENTS_MAX) != 0)
        return emu_fail("cannot listen on %s: %s", path, strerror(errno));
    return true;
}

bool emu_control_new(const char *path, struct emu_control **ret)
{
    struct emu_control *c = calloc(1, sizeof *c);
    if (c == NULL)
        return emu_fail("out of memory");
    c->listener = -1;
    for (size_t i = 0; i < EMU_CLIENTS_MAX; i++)
        c->clients[i].fd = -1;
    c->address.sun_family = AF_UNIX;
    int n = snprintf(c->address.sun_path, sizeof c->address.sun_path, "%s", path);
    bool ok = n < (int)sizeof c->address.sun_path;
    if (!ok)
        emu_fail("the control socket's path has %d bytes, and a socket's may have %zu", n,
                 sizeof c->address.sun_path - 1);
    if (!ok || !folder_is_private(path) || !listen_there(c)) {
        emu_control_free(c);
        return false;
    }
    *ret = c;
    return true;
}

static void drop(struct client *cl)
{
    close(cl->fd);
    cl->fd = -1;
}

void emu_control_free(struct emu_control *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < EMU_CLIENTS_MAX; i++)
        if (c->clients[i].fd != -1)
            drop(&c->clients[i]);
    if (c->bound)
        unlink(c->address.sun_path);
    if (c->listener != -1)
        close(c->listener);
    free(c);
}

/* A whole answer or none: a client whose socket is full has stopped reading. */
static void answer_client(struct client *cl, const char *text, size_t n)
{
    if (send(cl->fd, text, n, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)n)
        drop(cl);
}

static bool is_printable(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] < 0x20 || (unsigned char)s[i] > 0x7e)
            return false;
    return true;
}

static void run_line(struct client *cl, size_t n, emu_command_fn *run, void *ctx)
{
    char text[2048];
    FILE *answer = fmemopen(text, sizeof text, "w");
    if (answer == NULL) {
        drop(cl);
        return;
    }
    if (n > 0 && cl->line[n - 1] == '\r')
        n--;
    cl->line[n] = '\0';
    if (n > EMU_COMMAND_MAX - 1)
        emu_answer_error(answer, "the command is too long");
    else if (!is_printable(cl->line, n))
        emu_answer_error(answer, "the command is not printable text");
    else
        run(ctx, cl->line, answer);
    fputc('\n', answer);
    long size = ftell(answer);
    fclose(answer);
    answer_client(cl, text, size > 0 ? (size_t)size : 0);
}

static void take_byte(struct client *cl, char byte, emu_command_fn *run, void *ctx)
{
    if (byte != '\n' && cl->skipping)
        return;
    if (byte == '\n') {
        if (!cl->skipping)
            run_line(cl, cl->n, run, ctx);
        cl->skipping = false;
        cl->n = 0;
    } else {
        cl->line[cl->n++] = byte;
        if (cl->n == EMU_COMMAND_MAX) {
            cl->skipping = true;
            run_line(cl, cl->n, run, ctx);
        }
    }
}

static void serve(struct client *cl, emu_command_fn *run, void *ctx)
{
    char bytes[1024];
    ssize_t n = recv(cl->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR)) {
        drop(cl);
        return;
    }
    for (ssize_t i = 0; i < n && cl->fd != -1; i++)
        take_byte(cl, bytes[i], run, ctx);
}

static bool is_ours(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void welcome(struct emu_control *c)
{
    int fd = accept4(c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd == -1)
        return;
    static const char full[] = "{\"ok\":false,\"error\":\"too many connections\"}\n";
    for (size_t i = 0; i < EMU_CLIENTS_MAX && is_ours(fd); i++) {
        struct client *cl = &c->clients[i];
        if (cl->fd == -1) {
            *cl = (struct client){.fd = fd};
            return;
        }
    }
    (void)!send(fd, full, sizeof full - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    close(fd);
}

void emu_control_poll(struct emu_control *c, emu_command_fn *run, void *ctx)
{
    welcome(c);
    for (size_t i = 0; i < EMU_CLIENTS_MAX; i++)
        if (c->clients[i].fd != -1)
            serve(&c->clients[i], run, ctx);
}
