/* Unix sockets, byte by byte: what jigd's own reader of SP makes of what peers send. nng's REQ is
 * its peer in the other tests here. */
#include <errno.h>
#include <nng/nng.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/rpc/frames.h"
#include "tests/rpc/rig.h"

static const uint8_t hello[JIG_GREETING] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

static struct rig *rig;
static char *path;

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    path = jig_path_join(*state, "s");
    rig = rig_new(&(struct rig_options){.socket = path, .message_max = 1 << 20});
    return 0;
}

static int teardown(void **state)
{
    rig_free(rig);
    free(path);
    return unit_folder_teardown(state);
}

static int dial(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const void *bytes, size_t n)
{
    assert_int_equal(send(fd, bytes, n, MSG_NOSIGNAL), n);
}

static bool hear(int fd, void *to, size_t n)
{
    for (size_t got = 0; got < n;) {
        ssize_t k = recv(fd, (char *)to + got, n - got, 0);
        if (k <= 0)
            return false;
        got += (size_t)k;
    }
    return true;
}

static int greet(void)
{
    uint8_t theirs[JIG_GREETING];
    int fd = dial();
    say(fd, hello, sizeof hello);
    assert_true(hear(fd, theirs, sizeof theirs));
    assert_memory_equal(theirs, jig_frames_greeting, JIG_GREETING);
    return fd;
}

static void put_word(uint8_t *out, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(word >> (24 - 8 * i));
}

/* A frame with a GetProject that is answered with `text`. The caller frees. */
static uint8_t *ask(const uint32_t *words, size_t count, const char *text, size_t *ret_n)
{
    uint8_t id[16] = {1};
    Jig__V1__ProjectSelector project = JIG__V1__PROJECT_SELECTOR__INIT;
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    Jig__V1__Request envelope = JIG__V1__REQUEST__INIT;
    project.directory = (char *)text;
    request.project = &project;
    envelope.protocol_version = JIG_PROTOCOL_VERSION;
    envelope.method = (char *)"/jig.v1.BuildService/GetProject";
    envelope.request_id = (ProtobufCBinaryData){.len = sizeof id, .data = id};
    envelope.payload.len = jig__v1__get_project_request__get_packed_size(&request);
    envelope.payload.data = malloc(envelope.payload.len);
    jig__v1__get_project_request__pack(&request, envelope.payload.data);
    size_t n = 4 * count + jig__v1__request__get_packed_size(&envelope);
    uint8_t *frame = malloc(JIG_FRAME_HEAD + n);
    jig_frame_put_head(frame, n);
    for (size_t i = 0; i < count; i++)
        put_word(frame + JIG_FRAME_HEAD + 4 * i, words[i]);
    jig__v1__request__pack(&envelope, frame + JIG_FRAME_HEAD + 4 * count);
    free(envelope.payload.data);
    *ret_n = JIG_FRAME_HEAD + n;
    return frame;
}

static void send_ask(int fd, uint32_t id, const char *text)
{
    size_t n;
    uint32_t word = 0x80000000 | id;
    uint8_t *frame = ask(&word, 1, text, &n);
    say(fd, frame, n);
    free(frame);
}

/* The next reply's words, and its text. The caller frees. */
static char *answer(int fd, uint32_t *words, size_t count)
{
    uint8_t head[JIG_FRAME_HEAD];
    if (!hear(fd, head, sizeof head))
        return NULL;
    assert_int_equal(head[0], 1);
    size_t n = 0;
    for (int i = 1; i < JIG_FRAME_HEAD; i++)
        n = n << 8 | head[i];
    uint8_t *body = malloc(n);
    assert_true(hear(fd, body, n));
    for (size_t i = 0; i < count; i++)
        words[i] = (uint32_t)body[4 * i] << 24 | (uint32_t)body[4 * i + 1] << 16 |
                   (uint32_t)body[4 * i + 2] << 8 | body[4 * i + 3];
    Jig__V1__Response *response = jig__v1__response__unpack(NULL, n - 4 * count, body + 4 * count);
    assert_non_null(response);
    assert_true(response->status == NULL || response->status->code == 0);
    Jig__V1__GetProjectResponse *reply =
        jig__v1__get_project_response__unpack(NULL, response->payload.len, response->payload.data);
    char *text = strdup(reply->project->directory);
    rig_message_free(reply);
    rig_reply_free(response);
    free(body);
    return text;
}

static void expect(int fd, uint32_t id, const char *text)
{
    uint32_t word = 0;
    char *got = answer(fd, &word, 1);
    assert_non_null(got);
    assert_int_equal(word, 0x80000000 | id);
    assert_string_equal(got, text);
    free(got);
}

static bool ends(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

/* ---- */

static void byte_by_byte(void **state)
{
    (void)state;
    size_t n;
    uint32_t word = 0x80000007;
    uint8_t *frame = ask(&word, 1, "small", &n);
    int fd = dial();
    for (size_t i = 0; i < sizeof hello; i++)
        say(fd, &hello[i], 1);
    for (size_t i = 0; i < n; i++)
        say(fd, &frame[i], 1);
    uint8_t theirs[JIG_GREETING];
    assert_true(hear(fd, theirs, sizeof theirs));
    expect(fd, 7, "small");
    close(fd);
    free(frame);
}

static void cut_in_two_anywhere(void **state)
{
    (void)state;
    size_t n;
    uint32_t word = 0x80000007;
    uint8_t *frame = ask(&word, 1, "small", &n);
    int fd = greet();
    for (size_t cut = 1; cut < n; cut++) {
        say(fd, frame, cut);
        say(fd, frame + cut, n - cut);
        expect(fd, 7, "small");
    }
    close(fd);
    free(frame);
}

/* All at once, the greeting with them: each is answered once, in whatever order. */
static void many_in_one_piece(void **state)
{
    (void)state;
    enum { MANY = 300 };
    struct jig_buf all;
    bool seen[MANY] = {false};
    jig_buf_init(&all, 1 << 20);
    jig_buf_append(&all, hello, sizeof hello);
    for (uint32_t i = 0; i < MANY; i++) {
        size_t n;
        uint32_t word = 0x80000000 | i;
        uint8_t *frame = ask(&word, 1, "x", &n);
        jig_buf_append(&all, frame, n);
        free(frame);
    }
    int fd = dial();
    say(fd, all.data, all.len);
    uint8_t theirs[JIG_GREETING];
    assert_true(hear(fd, theirs, sizeof theirs));
    for (int i = 0; i < MANY; i++) {
        uint32_t word = 0;
        char *text = answer(fd, &word, 1);
        assert_non_null(text);
        word &= 0x7fffffff;
        assert_true(word < MANY && !seen[word]);
        seen[word] = true;
        free(text);
    }
    close(fd);
    jig_buf_release(&all);
}

static void other_greetings_are_refused(void **state)
{
    (void)state;
    static const uint8_t others[][JIG_GREETING] = {
        {0, 'S', 'P', 0, 0, 0x31, 0, 0}, /* a replier */
        {0, 'S', 'P', 0, 0, 0x10, 0, 0}, /* a pair */
        {0, 'S', 'P', 1, 0, 0x30, 0, 0}, /* another version */
        {0, 'S', 'P', 0, 0, 0x30, 0, 1}, /* what is reserved is used */
        {1, 'S', 'P', 0, 0, 0x30, 0, 0}, {'G', 'E', 'T', ' ', '/', ' ', 'H', 'T'}, {0},
    };
    for (size_t i = 0; i < JIG_COUNT(others); i++) {
        uint8_t theirs[JIG_GREETING];
        int fd = dial();
        say(fd, others[i], JIG_GREETING);
        assert_true(hear(fd, theirs, sizeof theirs));
        assert_true(ends(fd));
        close(fd);
    }
}

static void frames_of_another_kind_are_refused(void **state)
{
    (void)state;
    static const uint8_t other[] = {2, 0, 0, 0, 0, 0, 0, 0, 4, 0x80, 0, 0, 0};
    int fd = greet();
    say(fd, other, sizeof other);
    assert_true(ends(fd));
    close(fd);
}

static void no_more_is_taken_than_a_message_may_have(void **state)
{
    (void)state;
    uint8_t head[JIG_FRAME_HEAD];
    size_t n;
    uint32_t word = 0x80000001;
    char *text = calloc(1, 1 << 20);
    memset(text, 'x', (1 << 20) - 200);
    uint8_t *frame = ask(&word, 1, text, &n);
    int fd = greet();
    for (size_t sent = 0; sent < n;) {
        ssize_t k = send(fd, frame + sent, n - sent, MSG_NOSIGNAL);
        assert_true(k > 0);
        sent += (size_t)k;
    }
    uint32_t got = 0;
    char *back = answer(fd, &got, 1); /* just fits */
    assert_string_equal(back, text);
    jig_frame_put_head(head, (1 << 20) + JIG_TRACE_MAX + 1);
    say(fd, head, sizeof head);
    assert_true(ends(fd)); /* before any of it was sent */
    close(fd);
    free(back);
    free(frame);
    free(text);
}

static void replies_go_back_the_way_that_requests_came(void **state)
{
    (void)state;
    size_t n;
    static const uint32_t hops[] = {1, 0x7fffffff, 0x80000009};
    uint8_t *frame = ask(hops, 3, "far", &n);
    int fd = greet();
    say(fd, frame, n);
    uint32_t words[3];
    char *text = answer(fd, words, 3);
    assert_string_equal(text, "far");
    assert_memory_equal(words, hops, sizeof hops);
    free(text);
    free(frame);
    close(fd);
}

/* As with nng: it is left out, and its connection lives. */
static void what_is_no_request_is_left_out(void **state)
{
    (void)state;
    static const uint32_t lost[] = {1, 2, 3, 4, 5, 6, 7, 8, 0x80000009};
    static const uint8_t empty[] = {1, 0, 0, 0, 0, 0, 0, 0, 0};
    static const uint8_t tiny[] = {1, 0, 0, 0, 0, 0, 0, 0, 3, 0x80, 0, 0};
    size_t n;
    uint8_t *frame = ask(lost, JIG_COUNT(lost), "far", &n);
    int fd = greet();
    say(fd, frame, n);
    say(fd, empty, sizeof empty);
    say(fd, tiny, sizeof tiny);
    send_ask(fd, 5, "here");
    expect(fd, 5, "here");
    free(frame);
    close(fd);
}

/* One that does not read its replies is not read from; others do not notice; nothing is lost. */
static void who_does_not_read_waits_alone(void **state)
{
    (void)state;
    enum { SIZE = 50000 };
    char *text = calloc(1, SIZE + 1);
    memset(text, 'y', SIZE);
    size_t n;
    uint32_t word = 0x80000001;
    uint8_t *frame = ask(&word, 1, text, &n);
    int fd = greet();
    size_t sent = 0;
    for (;;) { /* until the kernel's room for both ways is used up */
        ssize_t k = send(fd, frame + sent % n, n - sent % n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (k < 0 && errno == EAGAIN && sent > 4 * n)
            break;
        if (k < 0 && errno == EAGAIN)
            continue;
        assert_true(k > 0);
        sent += (size_t)k;
        int other = greet();
        send_ask(other, 3, "other");
        expect(other, 3, "other");
        close(other);
    }
    size_t whole = sent / n;
    for (size_t i = 0; i < whole; i++)
        expect(fd, 1, text);
    close(fd);
    free(frame);
    free(text);
}

/* Its place is free again for others, and what it asked before is of no harm. */
static void hung_up_in_the_middle(void **state)
{
    (void)state;
    size_t n;
    uint32_t word = 0x80000001;
    uint8_t *frame = ask(&word, 1, "small", &n);
    for (size_t cut = 0; cut <= n; cut++) {
        int fd = dial();
        say(fd, hello, sizeof hello);
        say(fd, frame, cut);
        close(fd);
    }
    int fd = greet();
    send_ask(fd, 2, "still here");
    expect(fd, 2, "still here");
    close(fd);
    free(frame);
}

/* No descriptor is left for it: it waits until there is one, and is served then. */
static void no_descriptor_left(void **state)
{
    (void)state;
    struct rlimit limit, low;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int before = greet(); /* so that its threads have started */
    send_ask(before, 1, "before");
    expect(before, 1, "before");
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    low = limit;
    low.rlim_cur = (rlim_t)fd + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    int spare[64]; /* places below it that are free by chance are used up */
    size_t spares = 0;
    while (spares < JIG_COUNT(spare) && (spare[spares] = dup(fd)) >= 0)
        spares++;
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    send_ask(before, 2, "meanwhile");
    expect(before, 2, "meanwhile");
    assert_int_equal(jig_stats_get(rig_stats(rig), JIG_STAT_RPC_CONNECTIONS), 1);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    while (spares > 0)
        close(spare[--spares]);
    uint8_t theirs[JIG_GREETING];
    say(fd, hello, sizeof hello);
    assert_true(hear(fd, theirs, sizeof theirs));
    send_ask(fd, 3, "after");
    expect(fd, 3, "after");
    close(fd);
    close(before);
}

static void parked_calls_end_with_their_connection(void **state)
{
    (void)state;
    struct rig_client *other = rig_connect(rig);
    char id[17];
    rig_start(other, "until", 0, id);
    rig_await_running(rig, 1);
    struct rig_client *gone = rig_connect(rig);
    struct rig_flight *flight = rig_send_watch(gone, id, 2, 60000);
    rig_abort(flight);
    rig_disconnect(gone);
    while (jig_dispatcher_outstanding(rig_dispatcher(rig)) > 0)
        (void)rig_started(rig); /* another call would be counted, too */
    rig_disconnect(other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(byte_by_byte),
        TEST(cut_in_two_anywhere),
        TEST(many_in_one_piece),
        TEST(other_greetings_are_refused),
        TEST(frames_of_another_kind_are_refused),
        TEST(no_more_is_taken_than_a_message_may_have),
        TEST(replies_go_back_the_way_that_requests_came),
        TEST(what_is_no_request_is_left_out),
        TEST(who_does_not_read_waits_alone),
        TEST(hung_up_in_the_middle),
        TEST(no_descriptor_left),
        TEST(parked_calls_end_with_their_connection),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
