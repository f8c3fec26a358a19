#include "tests/support/unit.h"

#include <assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <jig/daemon.h>

#include "client/lib/client.h"
#include "client/lib/start.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "jig/v1/daemon.pb-c.h"
#include "jig/v1/rpc.pb-c.h"

#define SOON jig_deadline_after_ms(20000)

/* --- a server that says what a script tells it to, byte by byte if need be --- */

typedef void script_fn(int fd, const unsigned char id[4], int connection);

struct server {
    int fd;
    pthread_t thread;
    script_fn *script;
    char url[128];
};

static const unsigned char greeting[8] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};

static bool read_whole(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t r = recv(fd, (char *)to + got, n - got, 0);
        if (r <= 0)
            return false;
        got += (size_t)r;
    }
    return true;
}

static void say(int fd, const void *bytes, size_t n)
{
    (void)!send(fd, bytes, n, MSG_NOSIGNAL);
}

/* The client's greeting and one request, whose id it gives. */
static bool read_request(int fd, unsigned char id[4])
{
    unsigned char head[8 + 1 + 8 + 4];
    static const unsigned char ours[8] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};
    if (!read_whole(fd, head, sizeof head))
        return false;
    assert(memcmp(head, ours, 8) == 0);
    assert(head[8] == 1);
    size_t n = 0;
    for (int i = 9; i < 17; i++)
        n = n << 8 | head[i];
    memcpy(id, head + 17, 4);
    assert((id[0] & 0x80) != 0);
    char *rest = malloc(n);
    bool ok = read_whole(fd, rest, n - 4);
    free(rest);
    return ok;
}

static void *serve(void *context)
{
    struct server *s = context;
    for (int connection = 0;; connection++) {
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0)
            return NULL;
        unsigned char id[4];
        if (read_request(fd, id))
            s->script(fd, id, connection);
        close(fd);
    }
}

static void server_start(struct server *s, void **state, script_fn *script)
{
    struct sockaddr_un un = {.sun_family = AF_UNIX};
    snprintf(un.sun_path, sizeof un.sun_path, "%s/s", (const char *)*state);
    snprintf(s->url, sizeof s->url, "ipc://%s", un.sun_path);
    s->script = script;
    s->fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&un, sizeof un), 0);
    assert_int_equal(listen(s->fd, 8), 0);
    assert_int_equal(pthread_create(&s->thread, NULL, serve, s), 0);
}

static void server_stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

/* A good reply, framed. The caller frees. */
static unsigned char *good_reply(const unsigned char id[4], size_t *ret_n)
{
    unsigned char payload[64];
    Jig__V1__GetStatusResponse status = JIG__V1__GET_STATUS_RESPONSE__INIT;
    status.pid = 77;
    Jig__V1__Response response = JIG__V1__RESPONSE__INIT;
    response.protocol_version = 1;
    response.payload.data = payload;
    response.payload.len = jig__v1__get_status_response__pack(&status, payload);
    size_t n = jig__v1__response__get_packed_size(&response);
    unsigned char *frame = calloc(1, 8 + 13 + n);
    memcpy(frame, greeting, 8);
    frame[8] = 1;
    frame[16] = (unsigned char)(4 + n);
    memcpy(frame + 17, id, 4);
    jig__v1__response__pack(&response, frame + 21);
    *ret_n = 21 + n;
    return frame;
}

static enum jig_status ask(void **state, script_fn *script, struct jig_error *error)
{
    struct server s;
    struct jig_client *client;
    server_start(&s, state, script);
    assert_int_equal(jig_client_open(s.url, NULL, &client, error), JIG_STATUS_OK);
    const struct jig_daemon_status *status = NULL;
    enum jig_status code = jig_client_get_status(client, SOON, &status, error);
    if (code == JIG_STATUS_OK)
        assert_int_equal(status->pid, 77);
    jig_client_free(status);
    jig_client_close(client);
    server_stop(&s);
    return code;
}

static void byte_by_byte(int fd, const unsigned char id[4], int connection)
{
    (void)connection;
    size_t n;
    unsigned char *frame = good_reply(id, &n);
    for (size_t i = 0; i < n; i++)
        say(fd, frame + i, 1);
    free(frame);
}

static void test_byte_by_byte(void **state)
{
    struct jig_error error;
    assert_int_equal(ask(state, byte_by_byte, &error), JIG_STATUS_OK);
}

static void cut_at_first(int fd, const unsigned char id[4], int connection)
{
    size_t n;
    unsigned char *frame = good_reply(id, &n);
    say(fd, frame, connection == 0 ? n - 1 : n);
    free(frame);
}

static void test_cut_reply_is_asked_for_again(void **state)
{
    struct jig_error error;
    assert_int_equal(ask(state, cut_at_first, &error), JIG_STATUS_OK);
}

/* Replies to calls that were given up, before ours and after it, in one piece with it. */
static void say_three(int fd, const unsigned char id[4], int connection)
{
    (void)connection;
    size_t n;
    unsigned char other[4] = {0x80, 0, 0, 1};
    if (memcmp(other, id, 4) == 0)
        other[3] = 2;
    unsigned char *ours = good_reply(id, &n);
    unsigned char *theirs = good_reply(other, &n);
    unsigned char *all = calloc(3, n);
    memcpy(all, theirs, n); /* the greeting, too */
    memcpy(all + n, ours + 8, n - 8);
    memcpy(all + n + n - 8, theirs + 8, n - 8);
    say(fd, all, 3 * n - 16);
    free(all);
    free(ours);
    free(theirs);
}

static void test_replies_of_others_are_left_out(void **state)
{
    struct jig_error error;
    assert_int_equal(ask(state, say_three, &error), JIG_STATUS_OK);
}

/* A frame is cut at every place: the first connection ends there, the second has it whole. */
static size_t cut_at;

static void cut_first(int fd, const unsigned char id[4], int connection)
{
    size_t n;
    unsigned char *frame = good_reply(id, &n);
    say(fd, frame, connection == 0 ? cut_at : n);
    free(frame);
}

static void test_cut_at_every_byte(void **state)
{
    size_t n;
    const unsigned char id[4] = {0x80};
    free(good_reply(id, &n));
    for (cut_at = 0; cut_at < n; cut_at++) {
        struct jig_error error;
        assert_int_equal(ask(state, cut_first, &error), JIG_STATUS_OK);
        char path[128];
        snprintf(path, sizeof path, "%s/s", (const char *)*state);
        unlink(path);
    }
}

static const unsigned char *odd_greeting;

static void say_odd_greeting(int fd, const unsigned char id[4], int connection)
{
    size_t n;
    (void)connection;
    unsigned char *frame = good_reply(id, &n);
    memcpy(frame, odd_greeting, 8);
    say(fd, frame, n);
    free(frame);
}

static void test_odd_greetings(void **state)
{
    static const unsigned char others[][8] = {
        {1, 'S', 'P', 0, 0, 0x31, 0, 0}, {0, 's', 'p', 0, 0, 0x31, 0, 0},
        {0, 'S', 'P', 1, 0, 0x31, 0, 0}, {0, 'S', 'P', 0, 0, 0x30, 0, 0},
        {0, 'S', 'P', 0, 1, 0x31, 0, 0}, {0, 'S', 'P', 0, 0, 0x31, 0, 1},
        {0, 0, 0, 0, 0, 0, 0, 0},        {0xff, 'S', 'P', 0, 0, 0x31, 0, 0},
    };
    for (size_t i = 0; i < JIG_COUNT(others); i++) {
        struct jig_error error;
        char path[128];
        odd_greeting = others[i];
        assert_int_equal(ask(state, say_odd_greeting, &error), JIG_STATUS_FAILED_PRECONDITION);
        snprintf(path, sizeof path, "%s/s", (const char *)*state);
        unlink(path);
    }
}

static void say_nothing(int fd, const unsigned char id[4], int connection)
{
    (void)fd;
    (void)id;
    (void)connection;
}

static void test_hung_up_twice(void **state)
{
    struct jig_error error;
    assert_int_equal(ask(state, say_nothing, &error), JIG_STATUS_UNAVAILABLE);
}

static void say_http(int fd, const unsigned char id[4], int connection)
{
    (void)id;
    (void)connection;
    say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
}

static void say_other_protocol(int fd, const unsigned char id[4], int connection)
{
    (void)id;
    (void)connection;
    static const unsigned char pub[8] = {0, 'S', 'P', 0, 0, 0x20, 0, 0};
    say(fd, pub, 8);
}

static void test_no_replier(void **state)
{
    struct jig_error error;
    assert_int_equal(ask(state, say_http, &error), JIG_STATUS_FAILED_PRECONDITION);
    assert_non_null(strstr(error.message, "not a jigd"));
}

static void test_other_protocol(void **state)
{
    struct jig_error error;
    assert_int_equal(ask(state, say_other_protocol, &error), JIG_STATUS_FAILED_PRECONDITION);
}

static void say_head(int fd, unsigned char kind, uint64_t length, const unsigned char id[4])
{
    unsigned char head[13] = {kind};
    for (int i = 0; i < 8; i++)
        head[1 + i] = (unsigned char)(length >> (8 * (7 - i)));
    memcpy(head + 9, id, 4);
    say(fd, greeting, 8);
    say(fd, head, sizeof head);
}

static void say_kind_2(int fd, const unsigned char id[4], int connection)
{
    (void)connection;
    say_head(fd, 2, 10, id);
}

static void say_too_short(int fd, const unsigned char id[4], int connection)
{
    (void)connection;
    say_head(fd, 1, 3, id);
}

static void say_too_long(int fd, const unsigned char id[4], int connection)
{
    (void)connection;
    say_head(fd, 1, 4 + JIG_REPLY_MAX + 1, id);
}

static void say_endless(int fd, const unsigned char id[4], int connection)
{
    (void)connection;
    say_head(fd, 1, UINT64_MAX, id);
}

static void test_bad_frames(void **state)
{
    static const struct {
        script_fn *script;
        enum jig_status status;
        const char *says;
    } rows[] = {
        {say_kind_2, JIG_STATUS_FAILED_PRECONDITION, "unknown kind 2"},
        {say_too_short, JIG_STATUS_FAILED_PRECONDITION, "without a request id"},
        {say_too_long, JIG_STATUS_RESOURCE_EXHAUSTED, "larger than the limit"},
        {say_endless, JIG_STATUS_RESOURCE_EXHAUSTED, "larger than the limit"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_error error;
        assert_int_equal(ask(state, rows[i].script, &error), rows[i].status);
        assert_non_null(strstr(error.message, rows[i].says));
        char path[128];
        snprintf(path, sizeof path, "%s/s", (const char *)*state);
        unlink(path);
    }
}

/* --- starting a daemon: programs that only seem to be one --- */

/* A script in the test's folder, run as if it were jigd. The caller frees. */
static char *write_script(void **state, const char *text)
{
    char *path = jig_path_join(*state, "jigd");
    struct jig_err err;
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0755, &err), JIG_OK);
    return path;
}

static enum jig_status start(void **state, const char *script, pid_t *pid, struct jig_error *error)
{
    char *path = write_script(state, script);
    *pid = -1;
    enum jig_status status = jig_start_daemon(path, SOON, pid, error);
    free(path);
    return status;
}

static void test_start_says_error(void **state)
{
    pid_t pid;
    struct jig_error error;
    assert_int_equal(
        start(state, "#!/bin/sh\necho 'error: the disk is full' >&3\nexit 1\n", &pid, &error),
        JIG_STATUS_UNAVAILABLE);
    assert_int_equal(error.cause, JIG_CAUSE_UNREACHABLE);
    assert_string_equal(error.message, "the daemon can't start: the disk is full");
}

static void test_start_dies(void **state)
{
    pid_t pid;
    struct jig_error error;
    assert_int_equal(start(state, "#!/bin/sh\nexit 3\n", &pid, &error), JIG_STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "exit status 3"));
    assert_int_equal(start(state, "#!/bin/sh\nkill -SEGV $$\n", &pid, &error),
                     JIG_STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.message, "signal 11"));
}

static void test_start_other_was_first(void **state)
{
    pid_t pid;
    struct jig_error error;
    assert_int_equal(start(state, "#!/bin/sh\necho running >&3\n", &pid, &error), JIG_STATUS_OK);
    assert_int_equal(pid, 0);
}

static void test_start_not_a_program(void **state)
{
    pid_t pid = 0;
    struct jig_error error;
    char *path = jig_path_join(*state, "none");
    assert_int_equal(jig_start_daemon(path, SOON, &pid, &error), JIG_STATUS_UNAVAILABLE);
    assert_int_equal(error.cause, JIG_CAUSE_UNREACHABLE);
    assert_non_null(strstr(error.message, path));
    free(path);
}

static void test_start_never_ready(void **state)
{
    char *report = jig_path_join(*state, "report");
    char script[256];
    snprintf(script, sizeof script, "#!/bin/sh\necho $$ >%s\nexec sleep 600\n", report);
    char *path = write_script(state, script);
    pid_t pid = -1;
    struct jig_error error;
    assert_int_equal(jig_start_daemon(path, jig_deadline_after_ms(1500), &pid, &error),
                     JIG_STATUS_DEADLINE_EXCEEDED);
    /* It lives on: another client may have the patience for it. */
    struct jig_buf text;
    jig_buf_init(&text, 100);
    assert_int_equal(jig_fs_read(report, &text, NULL), JIG_OK);
    assert_int_equal(kill((pid_t)strtol(text.data, NULL, 10), SIGKILL), 0);
    jig_buf_release(&text);
    free(report);
    free(path);
}

/* What a daemon inherits: three streams to nowhere, the pipe, no secrets, "/" and its own session.
 */
static void test_start_inherits_little(void **state)
{
    char *report = jig_path_join(*state, "report");
    char script[512];
    snprintf(script, sizeof script,
             "#!/bin/sh\n{ env; echo folder=$(pwd); echo arguments=$*;\n"
             "for f in /proc/$$/fd/*; do echo \"fd ${f##*/} $(readlink $f)\"; done\n"
             "read -r _ _ _ _ _ session _ </proc/$$/stat; echo session=$((session == $$))\n"
             "} >%s\necho ready >&3\n",
             report);
    setenv("SECRET_TOKEN", "hunter2", 1);
    setenv("JIG_SOMETHING", "yes", 1);
    int left_open = open("/dev/zero", 0); /* without O_CLOEXEC, as others' libraries do */
    pid_t pid;
    struct jig_error error = {.message = ""};
    if (start(state, script, &pid, &error) != JIG_STATUS_OK)
        fail_msg("%s", error.message);
    assert_true(pid > 0);
    close(left_open);
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    struct jig_err err;
    assert_int_equal(jig_fs_read(report, &text, &err), JIG_OK);
    assert_null(strstr(text.data, "hunter2"));
    assert_null(strstr(text.data, "/dev/zero"));
    assert_non_null(strstr(text.data, "JIG_SOMETHING=yes\n"));
    assert_non_null(strstr(text.data, "folder=/\n"));
    assert_non_null(strstr(text.data, "arguments=--ready-fd 3\n"));
    assert_non_null(strstr(text.data, "fd 0 /dev/null\n"));
    assert_non_null(strstr(text.data, "fd 2 /dev/null\n"));
    assert_non_null(strstr(text.data, "fd 3 pipe:"));
    assert_non_null(strstr(text.data, "session=1\n"));
    jig_buf_release(&text);
    free(report);
}

/* A client whose runtime folder is in the test's: nobody listens, and what it starts isn't jigd. */
static void test_own_daemon_does_not_come(void **state)
{
    char *path = write_script(state, "#!/bin/sh\necho running >&3\n");
    setenv("XDG_RUNTIME_DIR", *state, 1);
    const struct jig_client_options options = {.jigd = path, .deadline_ns = SOON};
    struct jig_client *client;
    struct jig_error error;
    assert_int_equal(jig_client_open(NULL, &options, &client, &error), JIG_STATUS_UNAVAILABLE);
    assert_int_equal(error.cause, JIG_CAUSE_UNREACHABLE);
    assert_non_null(strstr(error.message, "jig/jigd.sock"));
    free(path);
}

static void test_find_daemon(void **state)
{
    char *path = write_script(state, "#!/bin/sh\n");
    char *found = NULL;
    struct jig_error error;
    setenv("JIG_JIGD", "/somewhere/jigd", 1);
    assert_int_equal(jig_find_daemon(&found, &error), JIG_STATUS_OK);
    assert_string_equal(found, "/somewhere/jigd");
    free(found);
    unsetenv("JIG_JIGD");
    char *before = jig_xstrdup(getenv("PATH"));
    char *with = jig_strf("relative:/nowhere:%s", (const char *)*state);
    setenv("PATH", with, 1);
    assert_int_equal(jig_find_daemon(&found, &error), JIG_STATUS_OK);
    assert_string_equal(found, path);
    free(found);
    setenv("PATH", "/nowhere", 1);
    assert_int_equal(jig_find_daemon(&found, &error), JIG_STATUS_UNAVAILABLE);
    assert_non_null(strstr(error.hint, "JIG_JIGD"));
    setenv("PATH", before, 1);
    free(before);
    free(with);
    free(path);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_byte_by_byte),
        TEST(test_cut_reply_is_asked_for_again),
        TEST(test_replies_of_others_are_left_out),
        TEST(test_cut_at_every_byte),
        TEST(test_odd_greetings),
        TEST(test_hung_up_twice),
        TEST(test_no_replier),
        TEST(test_other_protocol),
        TEST(test_bad_frames),
        TEST(test_start_says_error),
        TEST(test_start_dies),
        TEST(test_start_other_was_first),
        TEST(test_start_not_a_program),
        TEST(test_start_never_ready),
        TEST(test_start_inherits_little),
        TEST(test_own_daemon_does_not_come),
        TEST(test_find_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
