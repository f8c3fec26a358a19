/*
 * jig/client.h - a connection to jigd, and any call by name.
 *
 * A struct jig_client is one connection. It is made on the first use and made anew when it drops; a
 * call that was under way is then sent again with the id it had, once, so that a daemon that is
 * still the same answers it once. When the daemon is another one by then, a call that changes
 * something fails as UNAVAILABLE instead: nobody knows how far it came.
 *
 *   url       ipc:///run/user/1000/jig/jigd.sock   a unix socket
 *             tcp://127.0.0.1:4711                 loopback only
 *             NULL or ""                           the user's own daemon, started when needed
 *
 * Calls block until the reply is there, the deadline has passed, or a watched descriptor says stop.
 * Deadlines are absolute: nanoseconds of CLOCK_MONOTONIC, or JIG_FOREVER.
 *
 * What a call returns through `ret_` belongs to the caller, strings and lists in it included, and
 * is released as a whole with jig_client_free(). It stays valid after the client is closed.
 *
 * The library never ends its host: out of memory is RESOURCE_EXHAUSTED. (The one exception are the
 * few dozen bytes of the default socket's name.) It starts no thread, installs no signal handler
 * and prints nothing. A daemon that it starts is a child of this process.
 *
 * Threads: a client belongs to one thread at a time; different clients are independent.
 */
#ifndef JIG_CLIENT_H
#define JIG_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jig/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct jig_client;

#define JIG_FOREVER INT64_MAX

/* `ms` from now; negative is JIG_FOREVER. */
int64_t jig_deadline_after_ms(int64_t ms);

/* The version of this library, "0.1.0". */
const char *jig_version(void);

struct jig_client_options {
    const char *program; /* who calls, for the daemon's log: "jig 0.1.0"; NULL is "libjig" */
    bool no_start;       /* when there is no daemon, say so and start none */
    const char *jigd;    /* the program to start; NULL: $JIG_JIGD, else the one beside this program,
                            else ../libexec/jig/jigd, else the one in PATH */
    int64_t deadline_ns; /* for reaching the daemon; 0 is JIG_FOREVER */
};

/* Reaches the daemon. `options` may be NULL.
 * UNAVAILABLE (cause UNREACHABLE) when there is none and none could be started;
 * INVALID_ARGUMENT (cause USAGE) for a URL that this version does not know. */
enum jig_status jig_client_open(const char *url, const struct jig_client_options *options,
                                struct jig_client **ret, struct jig_error *reterr);

/* Ends the connection, and with it the monitor sessions that it opened. NULL is fine. */
void jig_client_close(struct jig_client *client);

/* Releases what a call returned. NULL is fine. */
void jig_client_free(const void *result);

/*
 * While a call waits, `ready` is called whenever `fd` can be read (or has hung up). It may make
 * calls of its own on the same client. True ends the waiting call as CANCELLED.
 * At most JIG_WATCHES_MAX descriptors; RESOURCE_EXHAUSTED past that.
 */
#define JIG_WATCHES_MAX 4
typedef bool jig_ready_fn(void *context, int fd);
enum jig_status jig_client_watch(struct jig_client *client, int fd, jig_ready_fn *ready,
                                 void *context, struct jig_error *reterr);
void jig_client_unwatch(struct jig_client *client, int fd);

/*
 * Calls `method` with a request in proto3 JSON ("" or NULL is {}), and gives the reply in the same
 * form: lowerCamelCase names, 64-bit numbers as strings, bytes as base64, enums by name, defaults
 * left out. Names as in the .proto file are accepted on input too.
 *
 * The method is "/jig.v1.DeviceService/ListDevices", "DeviceService/ListDevices" or, when only one
 * service has it, "ListDevices". NOT_FOUND names the nearest ones. INVALID_ARGUMENT says where in
 * the JSON the mistake is: "project.directori: unknown field".
 */
enum jig_status jig_client_call_json(struct jig_client *client, const char *method,
                                     const char *json, int64_t deadline_ns, const char **ret_json,
                                     struct jig_error *reterr);

struct jig_method {
    const char *name;     /* "/jig.v1.DeviceService/ListDevices" */
    const char *request;  /* "jig.v1.ListDevicesRequest" */
    const char *response; /* "jig.v1.ListDevicesResponse" */
    bool callable;        /* jig_client_call_json can call it: this library knows its messages */
};

struct jig_method_list {
    const struct jig_method *items;
    size_t count;
};

/* The daemon's methods, as it describes them. */
enum jig_status jig_client_list_methods(struct jig_client *client, int64_t deadline_ns,
                                        const struct jig_method_list **ret,
                                        struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
