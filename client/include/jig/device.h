/*
 * jig/device.h - boards: what is connected, and what it says. Results are released with
 * jig_client_free().
 *
 * A monitor session ends with jig_client_close_monitor() or with the client that opened it.
 */
#ifndef JIG_DEVICE_H
#define JIG_DEVICE_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is certainly in a device's flash. */
struct jig_device_trust {
    const char *image_sha256; /* 64 hexadecimal digits; "": nothing is known */
    int64_t since_unix_ms;    /* when it was found there */
    const char *how;          /* "verified" */
};

struct jig_device {
    const char *id;   /* stable across ports and restarts */
    const char *port; /* "": not connected, or not started */
    const char *kind; /* "serial", "emulated", "fixed" */
    uint32_t vid;     /* USB vendor id, or 0 */
    uint32_t pid;     /* USB product id, or 0 */
    const char *serial;
    bool connected; /* it can be used now */
    struct jig_strings labels;
    struct jig_strings aliases;
    const char *fqbn;
    const char *product;
    const char *topology;       /* where it is plugged in, "1-2.3" */
    const char *busy_operation; /* the operation that has it now */
    struct jig_device_trust trust;
};

struct jig_devices {
    const struct jig_device *items; /* by id */
    size_t count;
    uint64_t revision; /* a cursor for jig_client_watch_devices */
};

enum jig_status jig_client_list_devices(struct jig_client *client, int64_t deadline_ns,
                                        const struct jig_devices **ret, struct jig_error *reterr);

/* By id, alias or port. */
enum jig_status jig_client_get_device(struct jig_client *client, const char *device,
                                      int64_t deadline_ns, const struct jig_device **ret,
                                      struct jig_error *reterr);

enum jig_change_kind {
    JIG_CHANGE_UNSPECIFIED = 0,
    JIG_CHANGE_ADDED = 1,
    JIG_CHANGE_CHANGED = 2,
    JIG_CHANGE_REMOVED = 3,
    JIG_CHANGE_CONNECTED = 4,    /* it is back, where it was */
    JIG_CHANGE_DISCONNECTED = 5, /* it stays listed */
    JIG_CHANGE_RENUMBERED = 6    /* it is at another port than before */
};

struct jig_device_change {
    enum jig_change_kind kind;
    struct jig_device device; /* after the change */
};

struct jig_device_changes {
    const struct jig_device_change *items;
    size_t count;
    uint64_t cursor; /* what to pass next time */
    bool snapshot;   /* a full list: forget what you had */
};

/* Waits up to wait_ms for changes past `cursor`; cursor 0 gives all there is at once. */
enum jig_status jig_client_watch_devices(struct jig_client *client, uint64_t cursor,
                                         int64_t wait_ms, int64_t deadline_ns,
                                         const struct jig_device_changes **ret,
                                         struct jig_error *reterr);

struct jig_monitor_session {
    const char *session; /* its name in the calls below */
    const char *device;
    const char *port;
    uint32_t baud;
};

/* baud 0 is 9600. */
enum jig_status jig_client_open_monitor(struct jig_client *client, const char *device,
                                        uint32_t baud, int64_t deadline_ns,
                                        const struct jig_monitor_session **ret,
                                        struct jig_error *reterr);

enum jig_monitor_event_kind {
    JIG_MONITOR_UNSPECIFIED = 0,
    JIG_MONITOR_PAUSED = 1,  /* a deploy has the port, or the board is unplugged */
    JIG_MONITOR_RESUMED = 2, /* the session has it again */
    JIG_MONITOR_CLOSED = 3   /* the session is over */
};

struct jig_monitor_event {
    enum jig_monitor_event_kind kind;
    const char *text;
    const char *port; /* after it */
    uint64_t at_byte; /* where in the stream of bytes it happened */
};

struct jig_monitor_data {
    const unsigned char *bytes;
    size_t size;
    uint64_t cursor;  /* what to pass next time */
    uint64_t dropped; /* bytes before the first one here that the daemon no longer holds */
    const struct jig_monitor_event *events;
    size_t event_count;
    bool closed; /* no more will come */
};

/* Waits up to wait_ms for bytes past `cursor`; 0 at first. */
enum jig_status jig_client_read_monitor(struct jig_client *client, const char *session,
                                        uint64_t cursor, int64_t wait_ms, int64_t deadline_ns,
                                        const struct jig_monitor_data **ret,
                                        struct jig_error *reterr);

/* At most JIG_MONITOR_WRITE_MAX bytes at once. */
#define JIG_MONITOR_WRITE_MAX 65536
enum jig_status jig_client_write_monitor(struct jig_client *client, const char *session,
                                         const void *bytes, size_t size, int64_t deadline_ns,
                                         struct jig_error *reterr);

enum jig_status jig_client_close_monitor(struct jig_client *client, const char *session,
                                         int64_t deadline_ns, struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
