/*
 * http_server.h - an HTTP server on loopback that answers just what a test says, byte by byte.
 *
 * It takes a request's head apart, reads its body if there is one, and hands both to the test's
 * `answer`, which writes raw bytes. Each connection has a thread; they end with the server.
 *
 * Threads: `answer` runs in the connections' threads, several at once.
 */
#ifndef JIG_TESTS_SUPPORT_HTTP_SERVER_H
#define JIG_TESTS_SUPPORT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request {
    char method[16];
    char path[512];
    char *head; /* all lines */
    char *body;
    size_t body_size;
    int fd;
};

/* False: the connection is closed when it returns. */
typedef bool http_answer_fn(void *ctx, const struct http_request *request);

struct http_server;

struct http_server *http_server_start(http_answer_fn *answer, void *ctx);
void http_server_stop(struct http_server *s);
uint16_t http_server_port(const struct http_server *s);

/* "http://127.0.0.1:PORT" and the path. The caller frees. */
char *http_server_url(const struct http_server *s, const char *path);

/* The value of a header of the request, or NULL. The caller frees. */
char *http_header(const struct http_request *request, const char *name);

/* Writes as much as the other side takes; false when it has gone. */
bool http_send(const struct http_request *request, const void *data, size_t n);
/* A head (with its empty line) as printf makes it. */
bool http_sendf(const struct http_request *request, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Waits until the other side closes: for answers that never come. */
void http_wait_closed(const struct http_request *request);

/* Breaks the connection with a reset instead of an end. */
void http_reset(const struct http_request *request);

#endif
