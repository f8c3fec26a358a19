#include "service/daemon.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "core/arduino/data.h"
#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/conf.h"
#include "core/hash/fingerprint.h"
#include "core/hash/sha256.h"
#include "core/os/dirs.h"
#include "core/os/process.h"
#include "core/os/time.h"
#include "service/builder.h"
#include "service/caching.h"
#include "service/deployer.h"
#include "service/devices.h"
#include "service/fetching.h"
#include "service/handlers/handlers.h"
#include "service/lnk.h"
#include "service/log.h"
#include "service/packages.h"
#include "service/place.h"
#include "service/rpc/dispatch.h"
#include "service/rpc/server.h"
#include "service/run/pool.h"
#include "service/run/stats.h"
#include "service/run/times.h"
#include "service/sharing.h"
#include "service/warm.h"
#include "service/wire/event.h"

#define CONNECTIONS_MAX    512
#define OUTSTANDING_MAX    1024
#define CONTEXTS_MAX       (OUTSTANDING_MAX + 16) /* so that surplus calls are told so */
#define RPC_THREADS        8
#define BLOCKING_THREADS   16
#define READING_THREADS    8
#define WORKERS_LEAST      4
#define HOUSEKEEPING_MS    (60 * 1000)
#define OPERATIONS_STOP_MS (10 * 1000)

struct jig_daemon {
    struct jig_options options; /* borrowed; main's */
    struct jig_conf conf;
    struct jig_place place;
    struct jig_log_file *log;
    struct jig_stats stats;
    struct jig_times *times;
    struct jig_park *park;
    struct jig_pool *blocking;
    struct jig_pool *reading;
    struct jig_operations *operations;
    struct jig_methods *methods;
    struct jig_dispatcher *dispatcher;
    struct jig_server *server;
    struct jig_devices devices;
    struct jig_fetcher *fetcher;
    struct jig_remote *remote;   /* NULL: none is configured */
    struct jig_sharing *sharing; /* likewise */
    struct jig_caching *caching;
    struct jig_packages *packages;
    struct jig_builder *builder;
    struct jig_deployer *deployer;
    struct jig_lnks *lnks;
    struct jig_env env;
    int signals;
    int wake; /* an eventfd: look at `ending` */
    atomic_bool ending;
    atomic_int_least64_t idle_ns; /* 0: never leave */
    int64_t last_used_ns;         /* the main thread's */
};

/* ---- idleness ---- */

static bool in_use(struct jig_daemon *d, unsigned calls_of_asker)
{
    struct jig_monitors_stats monitors;
    jig_monitors_stats(d->devices.monitors, &monitors);
    return jig_operations_active(d->operations) > 0 || monitors.sessions > 0 ||
           jig_dispatcher_outstanding(d->dispatcher) > calls_of_asker;
}

static int64_t idle_since(struct jig_daemon *d)
{
    int64_t since = jig_dispatcher_last_request_ns(d->dispatcher);
    int64_t ended = jig_operations_last_end_ns(d->operations);
    return ended > since ? ended : since;
}

/* For GetStatus, whose own call is outstanding. */
static int64_t idle_exit_in_ms(void *ctx)
{
    struct jig_daemon *d = ctx;
    int64_t idle_ns = d->idle_ns;
    if (idle_ns == 0)
        return 0;
    if (in_use(d, 1))
        return idle_ns / JIG_NS_PER_MS;
    int64_t left = idle_since(d) + idle_ns - jig_now_ns();
    return left > JIG_NS_PER_MS ? left / JIG_NS_PER_MS : 1;
}

/* When to look again; *leave when that is now. */
static int64_t idle_due_ns(struct jig_daemon *d, bool *leave)
{
    *leave = false;
    if (d->idle_ns == 0)
        return JIG_NO_DEADLINE;
    int64_t now = jig_now_ns();
    if (in_use(d, 0))
        d->last_used_ns = now;
    int64_t since = idle_since(d);
    int64_t due = (since > d->last_used_ns ? since : d->last_used_ns) + d->idle_ns;
    *leave = due <= now;
    return due;
}

/* ---- up ---- */

static void end_soon(void *ctx)
{
    struct jig_daemon *d = ctx;
    atomic_store(&d->ending, true);
    eventfd_write(d->wake, 1);
}

static void connection_gone(void *ctx, uint32_t connection)
{
    struct jig_daemon *d = ctx;
    jig_dispatcher_connection_gone(d->dispatcher, connection);
    jig_monitors_close_owner(d->devices.monitors, connection);
}

static enum jig_code parse_level(const char *name, enum jig_log_level *ret, struct jig_err *reterr)
{
    for (int level = JIG_LOG_DEBUG; level <= JIG_LOG_ERROR; level++) {
        if (jig_streq(name, jig_log_level_name((enum jig_log_level)level))) {
            *ret = (enum jig_log_level)level;
            return JIG_OK;
        }
    }
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                          "'%s' is no log level; they are: debug, info, warning, error", name);
}

/* What the command line sets wins over the file. */
static enum jig_code load_conf(const struct jig_options *options, struct jig_conf *conf,
                               struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *dir = jig_dirs_config();
    enum jig_code code = jig_conf_load(conf, dir, options->config, reterr);
    if (code != JIG_OK)
        return code;
    if (options->idle_exit_s >= 0)
        conf->idle_exit_s = (uint32_t)options->idle_exit_s;
    if (options->log_level != NULL)
        code = parse_level(options->log_level, &conf->log_level, reterr);
    if (code != JIG_OK)
        jig_conf_release(conf);
    return code;
}

static enum jig_code take_signals(struct jig_daemon *d, struct jig_err *reterr)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    d->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    d->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (d->signals >= 0 && d->wake >= 0)
        return JIG_OK;
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "cannot make the daemon's descriptors");
}

static enum jig_code open_log(struct jig_daemon *d, struct jig_err *reterr)
{
    enum jig_code code = jig_log_file_open(d->place.log_path, 0, d->options.foreground,
                                           &jig_clock_real, &d->log, reterr);
    if (code == JIG_OK)
        jig_log_set_sink(jig_log_file_sink(d->log, d->conf.log_level));
    return code;
}

static enum jig_code listen_on(struct jig_daemon *d, const char *url, struct jig_err *reterr)
{
    struct jig_endpoint endpoint;
    enum jig_code code = jig_endpoint_parse(url, &endpoint, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_server_listen(d->server, &endpoint, reterr);
    jig_endpoint_release(&endpoint);
    return code;
}

static enum jig_code bind_all(struct jig_daemon *d, struct jig_err *reterr)
{
    struct jig_endpoint own;
    enum jig_code code = jig_endpoint_of_socket(d->place.socket, &own, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_server_listen(d->server, &own, reterr);
    jig_endpoint_release(&own);
    if (code == JIG_OK && d->conf.listen_tcp != NULL) {
        JIG_CLEANUP_FREE char *url = jig_strf("tcp://%s", d->conf.listen_tcp);
        code = listen_on(d, url, reterr);
    }
    for (size_t i = 0; i < d->options.listen.n && code == JIG_OK; i++)
        code = listen_on(d, d->options.listen.v[i], reterr);
    return code;
}

static enum jig_code make_rpc(struct jig_daemon *d, struct jig_err *reterr)
{
    enum jig_code code =
        jig_methods_new(jig_method_rows, jig_method_row_count, &d->methods, reterr);
    if (code == JIG_OK)
        code = jig_methods_complete(d->methods, jig_services, jig_service_count, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_dispatcher_options dispatcher = {
        .methods = d->methods,
        .env = &d->env,
        .park = d->park,
        .stats = &d->stats,
        .times = d->times,
        .message_max = d->conf.max_message_bytes,
        .outstanding_max = OUTSTANDING_MAX,
        .threads = RPC_THREADS,
    };
    code = jig_dispatcher_new(&dispatcher, &d->dispatcher, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_server_options server = {
        .dispatcher = d->dispatcher,
        .stats = &d->stats,
        .message_max = d->conf.max_message_bytes,
        .connections_max = CONNECTIONS_MAX,
        .contexts_max = CONTEXTS_MAX,
        .gone = connection_gone,
        .ctx = d,
    };
    code = jig_server_new(&server, &d->server, reterr);
    return code == JIG_OK ? bind_all(d, reterr) : code;
}

static unsigned worker_count(const struct jig_conf *conf)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned least = processors > WORKERS_LEAST ? (unsigned)processors : WORKERS_LEAST;
    return conf->operations > least ? conf->operations : least;
}

static enum jig_code make_work(struct jig_daemon *d, struct jig_err *reterr)
{
    struct jig_operations_options operations = {
        .pack_event = jig_wire_pack_event,
        .park = d->park,
        .stats = &d->stats,
        .times = d->times,
        .workers = worker_count(&d->conf),
    };
    enum jig_code code = jig_operations_new(&operations, &d->operations, reterr);
    if (code == JIG_OK)
        code = jig_pool_new("jigd-io", BLOCKING_THREADS, &d->blocking, reterr);
    if (code == JIG_OK)
        code = jig_pool_new("jigd-read", READING_THREADS, &d->reading, reterr);
    return code;
}

static enum jig_code make_stores(struct jig_daemon *d, struct jig_err *reterr)
{
    struct jig_archive_limits limits = jig_fetching_limits(&d->conf);
    d->fetcher = jig_fetching_new(&d->conf);
    enum jig_code code = jig_fetching_connect(&d->conf, d->fetcher, &d->remote, reterr);
    struct jig_remote *objects = NULL;
    if (code == JIG_OK)
        code = jig_fetching_remote(&d->conf, &objects, reterr);
    if (objects != NULL)
        d->sharing = jig_sharing_new(objects);
    if (code == JIG_OK)
        code = jig_caching_new(&d->conf, d->place.cache_dir, &d->caching, reterr);
    if (code == JIG_OK)
        d->packages =
            jig_packages_new(&d->conf, jig_caching_cache(d->caching), d->fetcher, &limits);
    return code;
}

static void tell_used(void *warm)
{
    jig_warm_tell_used(warm);
}

static void make_builders(struct jig_daemon *d)
{
    JIG_CLEANUP_FREE char *data = jig_data_dir(getenv("JIG_DATA_DIR"));
    struct jig_fingerprint us = jig_fingerprint_of(d->place.socket, strlen(d->place.socket));
    JIG_CLEANUP_FREE char *scratch = /* the cache may be shared, the socket is ours alone */
        jig_strf("%s/images/%016llx", d->place.cache_dir, (unsigned long long)us.high);
    d->builder = jig_builder_new(&d->conf, d->place.cache_dir, jig_packages_roots(d->packages),
                                 data, jig_sharing_objects(d->sharing));
    jig_targets_lease_from(jig_builder_targets(d->builder), jig_caching_cache(d->caching));
    jig_caching_set_users(d->caching, tell_used, jig_builder_warm(d->builder));
    d->deployer = jig_deployer_new(d->builder, d->devices.inventory, d->devices.trust,
                                   d->devices.monitors, scratch);
    jig_deployer_configure(d->deployer, &d->conf);
    struct jig_lnks_config lnks = {.cache = jig_caching_cache(d->caching),
                                   .fetcher = d->fetcher,
                                   .limits = jig_fetching_limits(&d->conf),
                                   .cache_dir = d->place.cache_dir,
                                   .pool = d->reading};
    d->lnks = jig_lnks_new(&lnks);
    jig_builder_set_lnks(d->builder, d->lnks);
}

static void fill_env(struct jig_daemon *d)
{
    d->env = (struct jig_env){
        .operations = d->operations,
        .fetcher = d->fetcher,
        .remote = d->remote,
        .sharing = d->sharing,
        .archive_limits = jig_fetching_limits(&d->conf),
        .caching = d->caching,
        .builder = d->builder,
        .deployer = d->deployer,
        .lnks = d->lnks,
        .packages = d->packages,
        .inventory = d->devices.inventory,
        .trust = d->devices.trust,
        .devices_changed = &d->devices.changed,
        .monitors = d->devices.monitors,
        .monitor_news = &d->devices.news,
        .blocking = d->blocking,
        .reading = d->reading,
        .server = d->server,
        .log = d->log,
        .stats = &d->stats,
        .times = d->times,
        .state_dir = d->place.state_dir,
        .cache_dir = d->place.cache_dir,
        .started_ns = d->last_used_ns,
        .idle_exit_in_ms = idle_exit_in_ms,
        .end = end_soon,
        .ctx = d,
    };
}

/* The lock is held. The socket is bound as soon as that is possible: clients that come from now on
 * wait in its queue, not in a second daemon. */
static enum jig_code bring_up(struct jig_daemon *d, struct jig_err *reterr)
{
    enum jig_code code = open_log(d, reterr);
    if (code == JIG_OK)
        code = jig_park_new(&d->park, reterr);
    d->times = jig_times_new();
    if (code == JIG_OK)
        code = jig_devices_init(&d->devices, d->park, reterr);
    if (code == JIG_OK)
        code = make_rpc(d, reterr);
    if (code == JIG_OK)
        code = make_work(d, reterr);
    if (code == JIG_OK)
        code = jig_devices_configure(&d->devices, &d->conf, d->place.state_dir, d->place.socket_dir,
                                     reterr);
    if (code == JIG_OK)
        code = make_stores(d, reterr);
    if (code != JIG_OK)
        return code;
    jig_devices_follow(&d->devices, d->blocking);
    make_builders(d);
    fill_env(d);
    code = jig_server_serve(d->server, reterr);
    if (code != JIG_OK)
        return code;
    jig_log(JIG_LOG_INFO, "daemon.started", "jigd %s, pid %ld, at %s", JIG_VERSION, (long)getpid(),
            d->place.socket);
    return JIG_OK;
}

enum jig_code jig_daemon_new(const struct jig_options *options, struct jig_daemon **ret,
                             struct jig_err *reterr)
{
    struct jig_daemon *d = jig_new(struct jig_daemon);
    d->options = *options;
    d->signals = -1;
    d->wake = -1;
    d->last_used_ns = jig_now_ns();
    jig_place_init(&d->place, options);
    enum jig_code code = load_conf(options, &d->conf, reterr);
    if (code != JIG_OK) {
        jig_place_release(&d->place);
        free(d);
        return code;
    }
    d->idle_ns = d->conf.idle_exit_s * JIG_NS_PER_S;
    code = jig_place_take(&d->place, reterr);
    if (code == JIG_OK)
        code = take_signals(d, reterr);
    if (code == JIG_OK)
        code = bring_up(d, reterr);
    if (code == JIG_OK)
        *ret = d;
    else
        jig_daemon_free(d);
    return code;
}

/* ---- running ---- */

/* What can change while it runs: when it leaves, what it logs, the devices of the configuration,
 * how far devices are trusted, and the budgets of the cache. */
static void reload(struct jig_daemon *d)
{
    struct jig_conf conf;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = load_conf(&d->options, &conf, &err);
    if (code == JIG_OK) {
        code = jig_devices_reconfigure(&d->devices, &conf, &err);
        jig_conf_release(&d->conf);
        d->conf = conf;
        jig_deployer_configure(d->deployer, &d->conf);
        jig_caching_configure(d->caching, &d->conf);
        d->idle_ns = conf.idle_exit_s * JIG_NS_PER_S;
        jig_log_set_least(conf.log_level);
    }
    if (code == JIG_OK)
        jig_log(JIG_LOG_INFO, "daemon.reloaded", "the configuration was read again");
    else
        jig_log(JIG_LOG_ERROR, "daemon.not_reloaded", "%s", err.message);
}

static void take_signal(struct jig_daemon *d)
{
    struct signalfd_siginfo info;
    while (read(d->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            reload(d);
            continue;
        }
        jig_log(JIG_LOG_INFO, "daemon.signal", "signal %u of pid %u", info.ssi_signo, info.ssi_pid);
        atomic_store(&d->ending, true);
    }
}

static void keep_house(struct jig_daemon *d)
{
    jig_operations_expire(d->operations);
    jig_dispatcher_expire(d->dispatcher);
    if (!in_use(d, 0))
        jig_process_trim();
}

static int64_t sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* True when nobody needs it any more. */
static bool wait_once(struct jig_daemon *d, int64_t *housekeeping_ns)
{
    bool leave;
    int64_t until = idle_due_ns(d, &leave);
    if (leave) {
        jig_log(JIG_LOG_INFO, "daemon.idle", "nobody needed it for %lld s",
                (long long)(d->idle_ns / JIG_NS_PER_S));
        return true;
    }
    if (jig_now_ns() >= *housekeeping_ns) {
        keep_house(d);
        *housekeeping_ns = jig_deadline_in_ms(HOUSEKEEPING_MS);
    }
    jig_caching_tend(d->caching, d->blocking);
    until = sooner(until, *housekeeping_ns);
    until = sooner(until, jig_monitors_expire(d->devices.monitors));
    struct jig_warm *warm = jig_builder_warm(d->builder);
    until = sooner(until, jig_warm_pump(warm));
    struct pollfd fds[3 + JIG_DEVICES_FDS] = {
        {.fd = d->signals, .events = POLLIN},
        {.fd = d->wake, .events = POLLIN},
        {.fd = jig_warm_fd(warm), .events = POLLIN},
    };
    jig_devices_poll(&d->devices, fds + 3);
    poll(fds, JIG_COUNT(fds), jig_deadline_poll_ms(until));
    if (fds[0].revents != 0)
        take_signal(d);
    if (fds[3].revents != 0 || fds[4].revents != 0)
        jig_devices_pump(&d->devices);
    return false;
}

void jig_daemon_run(struct jig_daemon *d)
{
    int64_t housekeeping_ns = jig_deadline_in_ms(HOUSEKEEPING_MS);
    jig_sha256_prepare(); /* while the first client is on its way */
    while (!atomic_load(&d->ending)) {
        if (wait_once(d, &housekeeping_ns))
            break;
    }
}

/* ---- down ---- */

/* Work that ignores its cancel cannot be taken apart under its feet: end the process instead. */
static void give_up(struct jig_daemon *d)
{
    jig_log(JIG_LOG_ERROR, "daemon.stuck", "%u operations did not end within %d s of being asked",
            jig_operations_active(d->operations), OPERATIONS_STOP_MS / 1000);
    _exit(12);
}

static void stop_work(struct jig_daemon *d)
{
    if (d->server != NULL)
        jig_server_stop_accepting(d->server);
    jig_devices_close(&d->devices);
    jig_caching_stop(d->caching);
    if (d->operations != NULL &&
        !jig_operations_stop(d->operations, jig_deadline_in_ms(OPERATIONS_STOP_MS)))
        give_up(d);
    if (d->dispatcher != NULL)
        jig_dispatcher_stop(d->dispatcher);
}

void jig_daemon_free(struct jig_daemon *d)
{
    if (d == NULL)
        return;
    stop_work(d);
    jig_server_free(d->server);
    jig_pool_free(d->blocking);
    jig_pool_free(d->reading);
    jig_operations_free(d->operations);
    jig_times_free(d->times);
    jig_dispatcher_free(d->dispatcher);
    jig_methods_free(d->methods);
    jig_deployer_free(d->deployer);
    if (d->builder != NULL)
        jig_warm_tell_used(jig_builder_warm(d->builder));
    jig_builder_free(d->builder);
    jig_lnks_free(d->lnks);
    jig_packages_free(d->packages);
    jig_sharing_free(d->sharing);
    jig_remote_free(d->remote);
    jig_fetcher_free(d->fetcher);
    jig_caching_free(d->caching);
    jig_devices_release(&d->devices);
    jig_park_free(d->park);
    if (d->log != NULL) {
        jig_log(JIG_LOG_INFO, "daemon.ended", "pid %ld", (long)getpid());
        jig_log_set_sink((struct jig_log_sink){.least = JIG_LOG_ERROR + 1});
        jig_log_file_close(d->log);
    }
    if (d->signals >= 0)
        close(d->signals);
    if (d->wake >= 0)
        close(d->wake);
    jig_conf_release(&d->conf);
    jig_place_release(&d->place);
    free(d);
}
