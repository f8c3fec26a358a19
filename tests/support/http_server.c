#include "tests/support/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS 64
#define HEAD_MAX    65536

struct connection {
    struct http_server *server;
    pthread_t thread;
    int fd;
    bool used;
};

struct http_server {
    http_answer_fn *answer;
    void *ctx;
    int listener;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t mu;
    struct connection connections[CONNECTIONS]; /* guarded by mu; places are never used again */
    size_t n;                                   /* guarded by mu */
    bool stopping;                              /* guarded by mu */
};

static bool read_head(int fd, struct http_request *r, size_t *ret_extra)
{
    size_t n = 0;
    r->head = calloc(1, HEAD_MAX + 1);
    for (;;) {
        ssize_t got = recv(fd, r->head + n, HEAD_MAX - n, 0);
        if (got <= 0 || n + (size_t)got == HEAD_MAX)
            return false;
        n += (size_t)got;
        r->head[n] = '\0';
        char *end = strstr(r->head, "\r\n\r\n");
        if (end == NULL)
            continue;
        *ret_extra = n - (size_t)(end + 4 - r->head);
        return sscanf(r->head, "%15s %511s", r->method, r->path) == 2;
    }
}

char *http_header(const struct http_request *request, const char *name)
{
    size_t n = strlen(name);
    for (const char *line = strstr(request->head, "\r\n"); line != NULL && line[2] != '\r';
         line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;
        if (strncasecmp(at, name, n) != 0 || at[n] != ':')
            continue;
        at += n + 1;
        at += strspn(at, " ");
        return strndup(at, strcspn(at, "\r"));
    }
    return NULL;
}

static bool read_body(int fd, struct http_request *r, size_t extra)
{
    char *length = http_header(r, "Content-Length");
    char *expect = http_header(r, "Expect");
    size_t size = length == NULL ? 0 : strtoull(length, NULL, 10);
    if (expect != NULL)
        http_sendf(r, "HTTP/1.1 100 Continue\r\n\r\n");
    free(length);
    free(expect);
    r->body = calloc(1, size + 1);
    const char *behind = strstr(r->head, "\r\n\r\n") + 4;
    memcpy(r->body, behind, extra < size ? extra : size);
    r->body_size = extra < size ? extra : size;
    while (r->body_size < size) {
        ssize_t got = recv(fd, r->body + r->body_size, size - r->body_size, 0);
        if (got <= 0)
            return false;
        r->body_size += (size_t)got;
    }
    return true;
}

static bool serve_one(struct connection *c)
{
    struct http_request r = {.fd = c->fd};
    size_t extra = 0;
    bool on = read_head(c->fd, &r, &extra) && read_body(c->fd, &r, extra);
    if (on)
        on = c->server->answer(c->server->ctx, &r);
    free(r.head);
    free(r.body);
    return on;
}

static void *serve(void *ctx)
{
    struct connection *c = ctx;
    while (serve_one(c))
        continue;
    shutdown(c->fd, SHUT_RDWR); /* closed when the server stops */
    return NULL;
}

static void *take_connections(void *ctx)
{
    struct http_server *s = ctx;
    for (;;) {
        int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            return NULL;
        pthread_mutex_lock(&s->mu);
        if (s->stopping || s->n == CONNECTIONS) {
            close(fd);
        } else {
            struct connection *c = &s->connections[s->n++];
            *c = (struct connection){.server = s, .fd = fd, .used = true};
            pthread_create(&c->thread, NULL, serve, c);
        }
        pthread_mutex_unlock(&s->mu);
    }
}

struct http_server *http_server_start(http_answer_fn *answer, void *ctx)
{
    struct http_server *s = calloc(1, sizeof *s);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    s->answer = answer;
    s->ctx = ctx;
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->listener < 0 || bind(s->listener, (struct sockaddr *)&at, n) != 0 ||
        listen(s->listener, CONNECTIONS) != 0 ||
        getsockname(s->listener, (struct sockaddr *)&at, &n) != 0)
        abort();
    s->port = ntohs(at.sin_port);
    pthread_mutex_init(&s->mu, NULL);
    if (pthread_create(&s->thread, NULL, take_connections, s) != 0)
        abort();
    return s;
}

void http_server_stop(struct http_server *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->mu);
    s->stopping = true;
    for (size_t i = 0; i < s->n; i++)
        shutdown(s->connections[i].fd, SHUT_RDWR);
    pthread_mutex_unlock(&s->mu);
    shutdown(s->listener, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->listener);
    for (size_t i = 0; i < s->n; i++) {
        pthread_join(s->connections[i].thread, NULL);
        close(s->connections[i].fd);
    }
    pthread_mutex_destroy(&s->mu);
    free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

char *http_server_url(const struct http_server *s, const char *path)
{
    char *url = NULL;
    if (asprintf(&url, "http://127.0.0.1:%u%s", s->port, path) < 0)
        abort();
    return url;
}

bool http_send(const struct http_request *request, const void *data, size_t n)
{
    const char *at = data;
    while (n > 0) {
        ssize_t sent = send(request->fd, at, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

bool http_sendf(const struct http_request *request, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    bool sent = n >= 0 && http_send(request, text, (size_t)n);
    free(text);
    return sent;
}

void http_wait_closed(const struct http_request *request)
{
    char byte;
    while (recv(request->fd, &byte, 1, 0) > 0)
        continue;
}

void http_reset(const struct http_request *request)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    setsockopt(request->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    struct sockaddr none = {.sa_family = AF_UNSPEC};
    connect(request->fd, &none, sizeof none); /* ends a TCP connection with a reset */
}
