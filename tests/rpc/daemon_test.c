/* jigd itself, as a process: how it starts, that it is the only one, how it ends. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <nng/nng.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/detached.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "tests/rpc/rig.h"

#define MOST_MS 60000

/* Everything of a daemon's lies in the test's folder. */
struct bench {
    const char *folder;
    char *socket;
    char *url;
    char *state;
    char *cache;
    char *conf;
};

static struct bench bench_of(const char *folder)
{
    struct bench b = {.folder = folder,
                      .socket = jig_path_join(folder, "run/jigd.sock"),
                      .state = jig_path_join(folder, "state"),
                      .cache = jig_path_join(folder, "cache"),
                      .conf = jig_path_join(folder, "jigd.conf")};
    b.url = jig_strf("ipc://%s", b.socket);
    assert_int_equal(jig_fs_write_atomic(b.conf, "", 0, 0600, NULL), JIG_OK);
    return b;
}

static void bench_release(struct bench *b)
{
    free(b->socket);
    free(b->url);
    free(b->state);
    free(b->cache);
    free(b->conf);
}

struct starting {
    pid_t pid;
    int fd;
};

/* More options: up to two. */
static struct starting start(const struct bench *b, const char *option, const char *value)
{
    const char *argv[] = {JIGD,       "--ready-fd", "3",           "--socket", b->socket,
                          "--config", b->conf,      "--state-dir", b->state,   "--cache-dir",
                          b->cache,   option,       value,         NULL};
    struct jig_err err = JIG_ERR_INIT;
    struct starting s;
    int fds[2];
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    assert_int_equal(jig_detached_start(JIGD, (char *const *)argv, environ, fds[1], &s.pid, &err),
                     JIG_OK);
    close(fds[1]);
    s.fd = fds[0];
    return s;
}

/* Its one line. */
static void heed(struct starting *s, char out[512])
{
    size_t n = 0;
    while (n < 511) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        assert_int_equal(poll(&p, 1, MOST_MS), 1);
        ssize_t got = read(s->fd, out + n, 511 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    out[n] = '\0';
    close(s->fd);
}

/* Its exit status, or 128 and the signal. */
static int await_exit(pid_t pid)
{
    int how = jig_detached_reap(pid, jig_deadline_in_ms(MOST_MS));
    return WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
}

static pid_t start_ready(const struct bench *b, const char *option, const char *value)
{
    char line[512];
    struct starting s = start(b, option, value);
    heed(&s, line);
    assert_string_equal(line, "ready\n");
    return s.pid;
}

static Jig__V1__GetStatusResponse *status_of(struct rig_client *client)
{
    Jig__V1__GetStatusRequest request = JIG__V1__GET_STATUS_REQUEST__INIT;
    return rig_call(client, "/jig.v1.DaemonService/GetStatus", &request.base,
                    &jig__v1__get_status_response__descriptor);
}

static pid_t pid_at(const char *url)
{
    struct rig_client *client = rig_connect_to(url);
    Jig__V1__GetStatusResponse *status = status_of(client);
    pid_t pid = (pid_t)status->pid;
    rig_message_free(status);
    rig_disconnect(client);
    return pid;
}

static void of_many_one_survives(void **state)
{
    enum { MANY = 8 };
    struct bench b = bench_of(*state);
    struct starting s[MANY];
    char line[512];
    pid_t winner = 0;
    for (int i = 0; i < MANY; i++)
        s[i] = start(&b, NULL, NULL);
    for (int i = 0; i < MANY; i++) {
        heed(&s[i], line);
        if (strcmp(line, "ready\n") == 0) {
            assert_int_equal(winner, 0);
            winner = s[i].pid;
        } else {
            assert_string_equal(line, "running\n");
            assert_int_equal(await_exit(s[i].pid), 5);
        }
    }
    assert_int_not_equal(winner, 0);
    assert_int_equal(pid_at(b.url), winner);
    struct stat st;
    assert_int_equal(stat(b.socket, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(b.socket);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0700);
    kill(winner, SIGTERM);
    assert_int_equal(await_exit(winner), 0);
    assert_false(jig_fs_exists(b.socket));
    bench_release(&b);
}

static void leftovers_do_not_count(void **state)
{
    struct bench b = bench_of(*state);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(b.socket);
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    /* A socket that nobody listens on, and a lock file with words of somebody's. */
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, b.socket, strlen(b.socket));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd);
    JIG_CLEANUP_FREE char *lock = jig_path_join(dir, "jigd.lock");
    assert_int_equal(jig_fs_write_atomic(lock, "pid 1 jigd\n", 11, 0600, NULL), JIG_OK);
    pid_t pid = start_ready(&b, NULL, NULL);
    assert_int_equal(pid_at(b.url), pid);
    /* Nor does what a killed one leaves. */
    kill(pid, SIGKILL);
    assert_int_equal(await_exit(pid), 128 + SIGKILL);
    assert_true(jig_fs_exists(b.socket));
    pid = start_ready(&b, NULL, NULL);
    assert_int_equal(pid_at(b.url), pid);
    kill(pid, SIGINT);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

static void what_it_cannot_do_it_says(void **state)
{
    struct bench b = bench_of(*state);
    char line[512];
    struct starting s = start(&b, "--listen", "tcp://0.0.0.0:4747");
    heed(&s, line);
    assert_non_null(strstr(line, "error: jigd does not listen on tcp://0.0.0.0:4747"));
    assert_int_equal(await_exit(s.pid), 2);
    assert_false(jig_fs_exists(b.socket)); /* nothing is left of it */
    s = start(&b, "--listen", "tcp://example.com:1");
    heed(&s, line);
    assert_true(jig_str_starts(line, "error: "));
    assert_int_equal(await_exit(s.pid), 2);
    const char *conf = "[daemon]\nidle_exit = never\n";
    assert_int_equal(jig_fs_write_atomic(b.conf, conf, strlen(conf), 0600, NULL), JIG_OK);
    s = start(&b, NULL, NULL);
    heed(&s, line);
    assert_non_null(strstr(line, "jigd.conf"));
    assert_int_equal(await_exit(s.pid), 3);
    bench_release(&b);
}

static void it_listens_on_loopback_when_asked(void **state)
{
    struct bench b = bench_of(*state);
    pid_t pid = start_ready(&b, "--listen", "tcp://127.0.0.1:0");
    struct rig_client *client = rig_connect_to(b.url);
    Jig__V1__GetStatusResponse *status = status_of(client);
    assert_int_equal(status->n_endpoints, 2);
    assert_true(jig_str_starts(status->endpoints[1], "tcp://127.0.0.1:"));
    assert_false(jig_str_ends(status->endpoints[1], ":0"));
    assert_int_equal(pid_at(status->endpoints[1]), pid);
    rig_message_free(status);
    rig_disconnect(client);
    kill(pid, SIGTERM);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

static void it_leaves_when_nobody_needs_it(void **state)
{
    struct bench b = bench_of(*state);
    pid_t pid = start_ready(&b, "--idle-exit", "1");
    assert_int_equal(await_exit(pid), 0);
    assert_false(jig_fs_exists(b.socket));
    bench_release(&b);
}

static void it_ends_when_told(void **state)
{
    struct bench b = bench_of(*state);
    pid_t pid = start_ready(&b, NULL, NULL);
    struct rig_client *client = rig_connect_to(b.url);
    /* Somebody who waits is answered, not left behind. */
    Jig__V1__WatchDevicesRequest watch = JIG__V1__WATCH_DEVICES_REQUEST__INIT;
    Jig__V1__WatchDevicesResponse *devices =
        rig_call(client, "/jig.v1.DeviceService/WatchDevices", &watch.base,
                 &jig__v1__watch_devices_response__descriptor);
    assert_true(devices->snapshot);
    watch.cursor = devices->cursor;
    watch.wait_ms = 60000;
    struct rig_flight *waiting =
        rig_send(client, "/jig.v1.DeviceService/WatchDevices", &watch.base, NULL, 0);
    rig_message_free(devices);
    Jig__V1__ShutdownRequest request = JIG__V1__SHUTDOWN_REQUEST__INIT;
    Jig__V1__ShutdownResponse *reply =
        rig_call(client, "/jig.v1.DaemonService/Shutdown", &request.base,
                 &jig__v1__shutdown_response__descriptor);
    assert_int_equal(reply->pid, pid);
    rig_message_free(reply);
    assert_int_equal(rig_code(rig_land(waiting)), JIG_UNAVAILABLE);
    assert_int_equal(await_exit(pid), 0);
    rig_disconnect(client);
    bench_release(&b);
}

static void it_describes_itself(void **state)
{
    struct bench b = bench_of(*state);
    pid_t pid = start_ready(&b, NULL, NULL);
    struct rig_client *client = rig_connect_to(b.url);
    Jig__V1__GetDescriptorsRequest request = JIG__V1__GET_DESCRIPTORS_REQUEST__INIT;
    Jig__V1__GetDescriptorsResponse *set =
        rig_call(client, "/jig.v1.DaemonService/GetDescriptors", &request.base,
                 &jig__v1__get_descriptors_response__descriptor);
    assert_non_null(memmem(set->file_descriptor_set.data, set->file_descriptor_set.len,
                           "jig/v1/rpc.proto", 16));
    assert_non_null(memmem(set->file_descriptor_set.data, set->file_descriptor_set.len,
                           "what every message on the wire is wrapped in", 44));
    rig_message_free(set);
    Jig__V1__GetLogsRequest logs = JIG__V1__GET_LOGS_REQUEST__INIT;
    Jig__V1__GetLogsResponse *lines = rig_call(client, "/jig.v1.DaemonService/GetLogs", &logs.base,
                                               &jig__v1__get_logs_response__descriptor);
    assert_true(lines->n_lines >= 1);
    assert_non_null(strstr(lines->lines[0], " info daemon.started jigd " JIG_VERSION));
    assert_true(jig_str_starts(lines->path, b.state));
    rig_message_free(lines);
    Jig__V1__GetStatsRequest stats = JIG__V1__GET_STATS_REQUEST__INIT;
    Jig__V1__GetStatsResponse *counters =
        rig_call(client, "/jig.v1.DaemonService/GetStats", &stats.base,
                 &jig__v1__get_stats_response__descriptor);
    bool found = false;
    for (size_t i = 0; i < counters->n_counters; i++)
        found |= strcmp(counters->counters[i]->name, "rpc.requests") == 0 &&
                 counters->counters[i]->value >= 3;
    assert_true(found);
    rig_message_free(counters);
    Jig__V1__GetStatusResponse *status = status_of(client);
    assert_true(status->rss_bytes > 0);
    assert_true(status->idle_exit_ms > 0 && status->idle_exit_ms <= 1800000);
    assert_string_equal(status->state_directory, b.state);
    rig_message_free(status);
    rig_disconnect(client);
    kill(pid, SIGTERM);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

/* The predecessor kept its starter's pipes open and hung shells. */
static void it_keeps_nothing_of_its_starters(void **state)
{
    struct bench b = bench_of(*state);
    int inherited[2], ready[2];
    assert_int_equal(pipe(inherited), 0); /* not close-on-exec */
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char fd[16];
        snprintf(fd, sizeof fd, "%d", ready[1]);
        dup2(inherited[1], 1);
        dup2(inherited[1], 2);
        execl(JIGD, JIGD, "--ready-fd", fd, "--socket", b.socket, "--config", b.conf, "--state-dir",
              b.state, "--cache-dir", b.cache, NULL);
        _exit(127);
    }
    close(inherited[1]);
    close(ready[1]);
    struct starting s = {.pid = pid, .fd = ready[0]};
    char line[512];
    heed(&s, line);
    assert_string_equal(line, "ready\n");
    struct pollfd p = {.fd = inherited[0], .events = POLLIN};
    assert_int_equal(poll(&p, 1, MOST_MS), 1);
    char byte;
    assert_int_equal(read(inherited[0], &byte, 1), 0); /* the end, though jigd lives */
    close(inherited[0]);
    JIG_CLEANUP_FREE char *cwd = jig_strf("/proc/%d/cwd", (int)pid);
    char at[64] = "";
    assert_int_equal(readlink(cwd, at, sizeof at - 1), 1);
    assert_string_equal(at, "/");
    assert_int_equal(getsid(pid), pid);
    kill(pid, SIGTERM);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

/* A successor waits for one that is ending, and then serves. */
static void the_next_one_waits_for_the_last(void **state)
{
    struct bench b = bench_of(*state);
    for (int i = 0; i < 3; i++) {
        pid_t pid = start_ready(&b, NULL, NULL);
        kill(pid, SIGTERM);
        struct starting s = start(&b, NULL, NULL);
        char line[512];
        heed(&s, line);
        if (strcmp(line, "ready\n") == 0) {
            kill(s.pid, SIGTERM);
            assert_int_equal(await_exit(s.pid), 0);
        } else {
            assert_string_equal(line, "running\n"); /* the last one still listened */
            assert_int_equal(await_exit(s.pid), 5);
        }
        assert_int_equal(await_exit(pid), 0);
    }
    bench_release(&b);
}

/* ---- who may come ---- */

static int64_t stat_of(struct rig_client *client, const char *name)
{
    Jig__V1__GetStatsRequest request = JIG__V1__GET_STATS_REQUEST__INIT;
    Jig__V1__GetStatsResponse *stats =
        rig_call(client, "/jig.v1.DaemonService/GetStats", &request.base,
                 &jig__v1__get_stats_response__descriptor);
    int64_t value = -1;
    for (size_t i = 0; i < stats->n_counters; i++) {
        if (strcmp(stats->counters[i]->name, name) == 0)
            value = stats->counters[i]->value;
    }
    rig_message_free(stats);
    return value;
}

/* As another user: connects, and says how many bytes came before the end. */
static int knock_as_nobody(unsigned port)
{
    pid_t pid = fork();
    if (pid == 0) {
        static const uint8_t hello[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
        struct sockaddr_in to = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr = {htonl(INADDR_LOOPBACK)}};
        char bytes[64];
        size_t n = 0;
        if (setuid(65534) != 0)
            _exit(200);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
            send(fd, hello, sizeof hello, MSG_NOSIGNAL) < 0)
            _exit(201);
        for (ssize_t got; (got = recv(fd, bytes, sizeof bytes, 0)) > 0;)
            n += (size_t)got;
        _exit((int)n);
    }
    int how;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

/* Other users are played where there is no right to be one, too: wire_rpc_test. */
static void over_tcp_other_users_are_refused(void **state)
{
    struct bench b = bench_of(*state);
    pid_t pid = start_ready(&b, "--listen", "tcp://127.0.0.1:0");
    struct rig_client *client = rig_connect_to(b.url);
    Jig__V1__GetStatusResponse *status = status_of(client);
    const char *port = strrchr(status->endpoints[1], ':') + 1;
    uint64_t number;
    assert_true(jig_parse_u64(port, &number));
    int64_t before = stat_of(client, "rpc.connections_refused");
    if (geteuid() == 0) {
        assert_in_range(knock_as_nobody((unsigned)number), 0, 8); /* at most a greeting */
        assert_int_equal(stat_of(client, "rpc.connections_refused"), before + 1);
    }
    assert_int_equal(pid_at(status->endpoints[1]), pid); /* its own user is welcome */
    rig_message_free(status);
    rig_disconnect(client);
    kill(pid, SIGTERM);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

/* ---- serial sessions, over a pty ---- */

static void configure_pty(const struct bench *b, int *ret_master)
{
    int slave;
    char name[64];
    assert_int_equal(openpty(ret_master, &slave, name, NULL, NULL), 0);
    struct termios raw;
    assert_int_equal(tcgetattr(slave, &raw), 0);
    cfmakeraw(&raw);
    assert_int_equal(tcsetattr(slave, TCSANOW, &raw), 0);
    close(slave);
    JIG_CLEANUP_FREE char *text = jig_strf("[device desk]\nport = %s\nbaud = 57600\n", name);
    assert_int_equal(jig_fs_write_atomic(b->conf, text, strlen(text), 0600, NULL), JIG_OK);
}

/* At that rate; 0: at the device's own. */
static void open_monitor(struct rig_client *client, unsigned baud, char out[64])
{
    Jig__V1__OpenMonitorRequest request = JIG__V1__OPEN_MONITOR_REQUEST__INIT;
    request.device = (char *)"desk";
    request.baud = baud;
    Jig__V1__OpenMonitorResponse *reply =
        rig_call(client, "/jig.v1.DeviceService/OpenMonitor", &request.base,
                 &jig__v1__open_monitor_response__descriptor);
    assert_string_equal(reply->device, "desk");
    assert_int_equal(reply->baud, baud != 0 ? baud : 57600);
    snprintf(out, 64, "%s", reply->session);
    rig_message_free(reply);
}

static struct rig_flight *send_read(struct rig_client *client, const char *session, uint64_t cursor)
{
    Jig__V1__ReadMonitorRequest request = JIG__V1__READ_MONITOR_REQUEST__INIT;
    request.session = (char *)session;
    request.cursor = cursor;
    request.wait_ms = 60000;
    return rig_send(client, "/jig.v1.DeviceService/ReadMonitor", &request.base, NULL, 0);
}

/* Reads until that many bytes have come; gives the cursor after them. */
static uint64_t read_bytes(struct rig_client *client, const char *session, uint64_t cursor,
                           size_t wanted, char *out)
{
    size_t n = 0;
    while (n < wanted) {
        Jig__V1__Response *reply = rig_land(send_read(client, session, cursor));
        assert_non_null(reply);
        assert_null(reply->status);
        Jig__V1__ReadMonitorResponse *r =
            jig__v1__read_monitor_response__unpack(NULL, reply->payload.len, reply->payload.data);
        assert_true(r->data.len > 0 || r->n_events > 0 || r->cursor != cursor);
        assert_true(n + r->data.len <= wanted);
        if (r->data.len > 0) /* no bytes, no place for them: an event alone */
            memcpy(out + n, r->data.data, r->data.len);
        n += r->data.len;
        cursor = r->cursor;
        rig_message_free(r);
        rig_reply_free(reply);
    }
    return cursor;
}

static void await_monitors(struct rig_client *client, unsigned n)
{
    int64_t give_up = jig_deadline_in_ms(MOST_MS);
    unsigned seen;
    do {
        Jig__V1__GetStatusResponse *status = status_of(client);
        seen = status->monitors;
        rig_message_free(status);
    } while (seen != n && jig_now_ns() < give_up);
    assert_int_equal(seen, n);
}

static void a_session_reads_waits_writes(void **state)
{
    struct bench b = bench_of(*state);
    char session[64], bytes[64];
    int master;
    configure_pty(&b, &master);
    pid_t pid = start_ready(&b, NULL, NULL);
    struct rig_client *client = rig_connect_to(b.url);
    open_monitor(client, 115200, session);
    assert_int_equal(write(master, "hello", 5), 5);
    uint64_t cursor = read_bytes(client, session, 0, 5, bytes);
    assert_memory_equal(bytes, "hello", 5);
    struct rig_flight *waiting = send_read(client, session, cursor); /* parked */
    Jig__V1__WriteMonitorRequest request = JIG__V1__WRITE_MONITOR_REQUEST__INIT;
    request.session = session;
    request.data = (ProtobufCBinaryData){.len = 3, .data = (uint8_t *)"led"};
    assert_int_equal(rig_code(rig_land(rig_send(client, "/jig.v1.DeviceService/WriteMonitor",
                                                &request.base, NULL, 0))),
                     JIG_OK);
    assert_int_equal(read(master, bytes, 3), 3);
    assert_memory_equal(bytes, "led", 3);
    assert_int_equal(write(master, "on", 2), 2);
    assert_int_equal(rig_code(rig_land(waiting)), JIG_OK);
    Jig__V1__CloseMonitorRequest off = JIG__V1__CLOSE_MONITOR_REQUEST__INIT;
    off.session = session;
    const char *close_it = "/jig.v1.DeviceService/CloseMonitor";
    assert_int_equal(rig_code(rig_land(rig_send(client, close_it, &off.base, NULL, 0))), JIG_OK);
    assert_int_equal(rig_code(rig_land(rig_send(client, close_it, &off.base, NULL, 0))),
                     JIG_NOT_FOUND);
    assert_int_equal(rig_code(rig_land(send_read(client, session, 0))), JIG_NOT_FOUND);
    rig_disconnect(client);
    close(master);
    kill(pid, SIGTERM);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

static void a_session_ends_with_its_connection(void **state)
{
    struct bench b = bench_of(*state);
    char session[64];
    int master;
    configure_pty(&b, &master);
    pid_t pid = start_ready(&b, NULL, NULL);
    struct rig_client *owner = rig_connect_to(b.url);
    struct rig_client *other = rig_connect_to(b.url);
    open_monitor(owner, 0, session);
    await_monitors(other, 1);
    Jig__V1__ShutdownRequest request = JIG__V1__SHUTDOWN_REQUEST__INIT;
    const char *shutdown_it = "/jig.v1.DaemonService/Shutdown";
    assert_int_equal(rig_code(rig_land(rig_send(other, shutdown_it, &request.base, NULL, 0))),
                     JIG_FAILED_PRECONDITION); /* somebody would lose it */
    rig_disconnect(owner);
    await_monitors(other, 0);
    assert_int_equal(rig_code(rig_land(rig_send(other, shutdown_it, &request.base, NULL, 0))),
                     JIG_OK);
    assert_int_equal(await_exit(pid), 0);
    rig_disconnect(other);
    close(master);
    bench_release(&b);
}

static void a_hangup_reads_the_configuration_again(void **state)
{
    struct bench b = bench_of(*state);
    int master;
    pid_t pid = start_ready(&b, NULL, NULL);
    struct rig_client *client = rig_connect_to(b.url);
    Jig__V1__GetDeviceRequest request = JIG__V1__GET_DEVICE_REQUEST__INIT;
    request.device = (char *)"desk";
    const char *get = "/jig.v1.DeviceService/GetDevice";
    assert_int_equal(rig_code(rig_land(rig_send(client, get, &request.base, NULL, 0))),
                     JIG_NOT_FOUND);
    Jig__V1__WatchDevicesRequest watch = JIG__V1__WATCH_DEVICES_REQUEST__INIT;
    Jig__V1__WatchDevicesResponse *devices =
        rig_call(client, "/jig.v1.DeviceService/WatchDevices", &watch.base,
                 &jig__v1__watch_devices_response__descriptor);
    watch.cursor = devices->cursor;
    watch.wait_ms = 60000;
    rig_message_free(devices);
    struct rig_flight *news =
        rig_send(client, "/jig.v1.DeviceService/WatchDevices", &watch.base, NULL, 0);
    configure_pty(&b, &master);
    kill(pid, SIGHUP);
    assert_int_equal(rig_code(rig_land(news)), JIG_OK); /* it was told */
    assert_int_equal(rig_code(rig_land(rig_send(client, get, &request.base, NULL, 0))), JIG_OK);
    /* A configuration that is wrong changes nothing. */
    assert_int_equal(jig_fs_write_atomic(b.conf, "nonsense", 8, 0600, NULL), JIG_OK);
    kill(pid, SIGHUP);
    assert_int_equal(rig_code(rig_land(rig_send(client, get, &request.base, NULL, 0))), JIG_OK);
    rig_disconnect(client);
    close(master);
    kill(pid, SIGTERM);
    assert_int_equal(await_exit(pid), 0);
    bench_release(&b);
}

#define IN_FOLDER(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(of_many_one_survives),
        IN_FOLDER(leftovers_do_not_count),
        IN_FOLDER(what_it_cannot_do_it_says),
        IN_FOLDER(it_listens_on_loopback_when_asked),
        IN_FOLDER(it_leaves_when_nobody_needs_it),
        IN_FOLDER(it_ends_when_told),
        IN_FOLDER(it_describes_itself),
        IN_FOLDER(it_keeps_nothing_of_its_starters),
        IN_FOLDER(the_next_one_waits_for_the_last),
        IN_FOLDER(over_tcp_other_users_are_refused),
        IN_FOLDER(a_session_reads_waits_writes),
        IN_FOLDER(a_session_ends_with_its_connection),
        IN_FOLDER(a_hangup_reads_the_configuration_again),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
