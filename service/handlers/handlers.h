/*
 * handlers.h - one function, and one file, a method; and what they may use.
 *
 * A handler gets its call decoded and validated, runs in a worker of rpc/, and must not block for
 * long: what takes time is an operation, what waits is parked (service/rpc/call.h).
 */
#ifndef JIG_SERVICE_HANDLERS_HANDLERS_H
#define JIG_SERVICE_HANDLERS_HANDLERS_H

#include "core/fetch/archive.h"
#include "service/operation.h"
#include "service/rpc/call.h"
#include "service/rpc/methods.h"
#include "service/rpc/server.h"
#include "service/wire/messages.h"

struct jig_builder;
struct jig_caching;
struct jig_deployer;
struct jig_fetcher;
struct jig_inventory;
struct jig_lnks;
struct jig_log_file;
struct jig_monitors;
struct jig_monitor_news;
struct jig_packages;
struct jig_remote;
struct jig_sharing;
struct jig_trust;
struct jig_times;

/* The long-lived objects that handlers work with. daemon.c owns them and outlives every call. Tests
 * leave out what their methods do not need. */
struct jig_env {
    struct jig_operations *operations;
    struct jig_fetcher *fetcher;
    struct jig_remote *remote;                /* NULL: there is no remote cache; for downloads */
    struct jig_sharing *sharing;              /* likewise; for objects */
    struct jig_archive_limits archive_limits; /* of what it fetches */
    struct jig_caching *caching;
    struct jig_builder *builder;
    struct jig_deployer *deployer;
    struct jig_lnks *lnks;
    struct jig_packages *packages;
    struct jig_inventory *inventory;
    struct jig_trust *trust;
    struct jig_waitlist *devices_changed; /* woken when the inventory has news */
    struct jig_monitors *monitors;
    struct jig_monitor_news *monitor_news;
    struct jig_pool *blocking; /* for what may block for a while: ports, emulators that start */
    struct jig_pool *reading;  /* for what reads projects and platforms, from disks of any speed */
    struct jig_server *server;
    struct jig_log_file *log;
    struct jig_stats *stats;
    struct jig_times *times;
    const char *state_dir;
    const char *cache_dir;
    int64_t started_ns; /* monotonic */
    /* Both are daemon.c's; ctx is theirs. */
    int64_t (*idle_exit_in_ms)(void *ctx); /* 0: never */
    void (*end)(void *ctx);                /* soon, after the calls that run have been answered */
    void *ctx;
};

/*
 * Starts an operation for a call of a Start... method, whose response has a field `operation`, and
 * answers the call when the operation has ended or spec->wait_ms is over. On success the call is
 * taken, and ctx is owned. On failure both are still the caller's.
 */
enum jig_code jig_operation_start(struct jig_operations *ops, const struct jig_operation_spec *spec,
                                  struct jig_call *call, struct jig_err *reterr) JIG_CHECKED;

/*
 * What a Start... method does once it has read its request: starts the operation, tied as the
 * request says, or answers with `err` when the reading failed (`code` is not OK). spec->ctx is
 * owned from here on, whatever comes of it. `details` belongs to the error.
 */
void jig_start_or_fail(const struct jig_env *env, struct jig_call *call,
                       struct jig_operation_spec *spec, const Jig__V1__OperationTie *tie,
                       enum jig_code code, struct jig_err *err, const struct jig_strv *details);

/* Fills what others than the inventory know: the deploy that has the device now, and what is in its
 * flash. */
void jig_complete_device(const struct jig_env *env, struct jig_call *call, Jig__V1__Device *device);

/* Answers a call whose response has the field `operation` and needs no other. */
void jig_reply_operation(struct jig_call *call, struct jig_operation *op);

/* The table of all methods: table.c. */
extern const struct jig_method_row jig_method_rows[];
extern const size_t jig_method_row_count;
extern const ProtobufCServiceDescriptor *const jig_services[];
extern const size_t jig_service_count;

jig_handler_fn jig_handle_build_start;
jig_handler_fn jig_handle_cache_collect;
jig_handler_fn jig_handle_cache_pin;
jig_handler_fn jig_handle_cache_stats;
jig_handler_fn jig_handle_cache_verify;
jig_handler_fn jig_handle_daemon_descriptors;
jig_handler_fn jig_handle_daemon_logs;
jig_handler_fn jig_handle_daemon_shutdown;
jig_handler_fn jig_handle_daemon_stats;
jig_handler_fn jig_handle_daemon_status;
jig_handler_fn jig_handle_deploy_start;
jig_handler_fn jig_handle_device_get;
jig_handler_fn jig_handle_device_list;
jig_handler_fn jig_handle_device_watch;
jig_handler_fn jig_handle_lnk_add;
jig_handler_fn jig_handle_lnk_check;
jig_handler_fn jig_handle_lnk_pull;
jig_handler_fn jig_handle_monitor_close;
jig_handler_fn jig_handle_monitor_open;
jig_handler_fn jig_handle_monitor_read;
jig_handler_fn jig_handle_monitor_write;
jig_handler_fn jig_handle_operation_cancel;
jig_handler_fn jig_handle_operation_get;
jig_handler_fn jig_handle_operation_list;
jig_handler_fn jig_handle_operation_watch;
jig_handler_fn jig_handle_package_install;
jig_handler_fn jig_handle_package_list;
jig_handler_fn jig_handle_package_remove;
jig_handler_fn jig_handle_package_sync;
jig_handler_fn jig_handle_package_update;
jig_handler_fn jig_handle_project_get;

#endif
