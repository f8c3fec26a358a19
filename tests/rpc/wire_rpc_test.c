/* What comes over the wire and is not a proper call gets a canonical status, and hurts nobody. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <nng/nng.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/random.h"
#include "tests/rpc/rig.h"

#define GET_PROJECT "/jig.v1.BuildService/GetProject"

static struct rig *rig;
static struct rig_client *client;

static int setup(void **state)
{
    (void)state;
    rig = rig_new(NULL);
    client = rig_connect(rig);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    rig_disconnect(client);
    rig_free(rig);
    return 0;
}

/* The service answers still. */
static void assert_well(void)
{
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    assert_int_equal(rig_code(rig_land(rig_send(client, GET_PROJECT, &request.base, NULL, 0))),
                     JIG_OK);
}

static Jig__V1__Response *send_bytes(const void *bytes, size_t n)
{
    return rig_land(rig_send_bytes(client, bytes, n));
}

static uint8_t *pack(const Jig__V1__Request *envelope, size_t *n)
{
    *n = jig__v1__request__get_packed_size(envelope);
    uint8_t *bytes = malloc(*n + 1);
    jig__v1__request__pack(envelope, bytes);
    return bytes;
}

static Jig__V1__Response *send_envelope(const Jig__V1__Request *envelope)
{
    size_t n;
    JIG_CLEANUP_FREE uint8_t *bytes = pack(envelope, &n);
    return send_bytes(bytes, n);
}

static Jig__V1__Request an_envelope(void)
{
    static uint8_t id[16] = "0123456789abcdef";
    Jig__V1__Request e = JIG__V1__REQUEST__INIT;
    e.protocol_version = JIG_PROTOCOL_VERSION;
    e.method = (char *)GET_PROJECT;
    e.request_id = (ProtobufCBinaryData){.len = 16, .data = id};
    e.client = (char *)"jig 9";
    return e;
}

static void garbage(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 2, 7, 100, 65536, 1024 * 1024};
    for (size_t i = 0; i < JIG_COUNT(sizes); i++) {
        JIG_CLEANUP_FREE uint8_t *bytes = malloc(sizes[i]);
        for (size_t at = 0; at < sizes[i]; at += 256) {
            size_t n = sizes[i] - at < 256 ? sizes[i] - at : 256;
            assert_int_equal(jig_random(bytes + at, n, NULL), JIG_OK);
        }
        bytes[0] = 0xff; /* a tag that cannot be */
        assert_int_not_equal(rig_code(send_bytes(bytes, sizes[i])), JIG_OK);
    }
    /* Empty is an envelope with nothing in it: no protocol. */
    assert_int_equal(rig_code(send_bytes("", 0)), JIG_FAILED_PRECONDITION);
    assert_well();
}

static void truncated_at_every_byte(void **state)
{
    (void)state;
    Jig__V1__Request e = an_envelope();
    uint8_t payload[] = {0x0a, 0x04, 0x0a, 0x02, '/', 'x'};
    e.payload = (ProtobufCBinaryData){.len = sizeof payload, .data = payload};
    size_t n;
    JIG_CLEANUP_FREE uint8_t *bytes = pack(&e, &n);
    unsigned refused = 0;
    for (size_t cut = 0; cut < n; cut++)
        refused += rig_code(send_bytes(bytes, cut)) != JIG_OK;
    /* Cut between two fields, an envelope can still be one; inside a field it never is. */
    assert_in_range(refused, n - 6, n);
    assert_int_equal(rig_code(send_bytes(bytes, n)), JIG_OK);
}

static void wrong_wire_type_names_the_field(void **state)
{
    (void)state;
    Jig__V1__Request e = an_envelope();
    uint8_t number_for_message[] = {0x08, 0x01}; /* field 1 as a varint */
    e.payload = (ProtobufCBinaryData){.len = 2, .data = number_for_message};
    Jig__V1__Response *reply = send_envelope(&e);
    assert_int_equal(reply->status->code, JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(reply->status->message, "jig.v1.GetProjectRequest"));
    assert_non_null(strstr(reply->status->message, "project"));
    assert_memory_equal(reply->request_id.data, e.request_id.data, 16);
    rig_reply_free(reply);
}

static void strings_are_utf8_without_nul(void **state)
{
    (void)state;
    Jig__V1__Request e = an_envelope();
    uint8_t bad[] = {0x0a, 0x04, 0x0a, 0x02, 0xc3, 0x28};
    e.payload = (ProtobufCBinaryData){.len = sizeof bad, .data = bad};
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
    uint8_t nul[] = {0x0a, 0x05, 0x0a, 0x03, 'a', 0x00, 'b'};
    e.payload = (ProtobufCBinaryData){.len = sizeof nul, .data = nul};
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
}

static void other_protocol_names_both(void **state)
{
    (void)state;
    Jig__V1__Request e = an_envelope();
    e.protocol_version = 2;
    Jig__V1__Response *reply = send_envelope(&e);
    assert_int_equal(reply->status->code, JIG_FAILED_PRECONDITION);
    assert_string_equal(reply->status->message,
                        "this jigd " JIG_VERSION
                        " speaks protocol 1; the client (jig 9) speaks protocol 2");
    assert_int_not_equal(strlen(reply->status->hint), 0);
    assert_int_equal(reply->protocol_version, JIG_PROTOCOL_VERSION);
    rig_reply_free(reply);
}

static void unknown_methods(void **state)
{
    (void)state;
    Jig__V1__Request e = an_envelope();
    e.method = (char *)"/jig.v1.BuildService/GetProjekt";
    Jig__V1__Response *reply = send_envelope(&e);
    assert_int_equal(reply->status->code, JIG_UNIMPLEMENTED);
    assert_non_null(strstr(reply->status->hint, GET_PROJECT));
    rig_reply_free(reply);
    const char *const malformed[] = {"",       "GetProject", "/GetProject", "//",
                                     "/a/",    "/a//b",      "/a b/c",      "a/b",
                                     "/a/b/c", "/a.b/c.d",   "/\xc3\xa9/b"};
    for (size_t i = 0; i < JIG_COUNT(malformed); i++) {
        e.method = (char *)malformed[i];
        assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
    }
    char long_one[5000];
    memset(long_one, 'a', sizeof long_one - 1);
    long_one[0] = '/';
    long_one[2000] = '/';
    long_one[sizeof long_one - 1] = '\0';
    e.method = long_one;
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
}

static void request_ids(void **state)
{
    (void)state;
    uint8_t id[64] = {1};
    Jig__V1__Request e = an_envelope();
    e.request_id = (ProtobufCBinaryData){.len = 0};
    assert_int_equal(rig_code(send_envelope(&e)), JIG_OK); /* reading calls need none */
    e.method = (char *)"/jig.v1.BuildService/StartBuild";
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
    e.request_id = (ProtobufCBinaryData){.len = 15, .data = id};
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
    e.request_id.len = 64;
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
    e = an_envelope();
    e.deadline_ms = -1;
    assert_int_equal(rig_code(send_envelope(&e)), JIG_INVALID_ARGUMENT);
    e.deadline_ms = INT64_MAX;
    assert_int_equal(rig_code(send_envelope(&e)), JIG_OK);
}

static void many_small_fields_hit_a_ceiling(void **state)
{
    (void)state;
    size_t n = 2 * 150000; /* each an empty message in a repeated field of the selector */
    Jig__V1__Request e = an_envelope();
    JIG_CLEANUP_FREE uint8_t *payload = malloc(n + 16);
    uint8_t *p = payload;
    *p++ = 0x0a;
    for (size_t rest = n; rest > 0; rest >>= 7)
        *p++ = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    for (size_t i = 0; i < n; i += 2) {
        *p++ = 0x22; /* ProjectSelector.variables */
        *p++ = 0x00;
    }
    e.payload = (ProtobufCBinaryData){.len = (size_t)(p - payload), .data = payload};
    assert_int_equal(rig_code(send_envelope(&e)), JIG_RESOURCE_EXHAUSTED);
    assert_well();
}

static void deep_nesting_of_unknown_fields(void **state)
{
    (void)state;
    /* 100,000 levels of a field that nobody knows are just bytes. */
    size_t n = 200000;
    JIG_CLEANUP_FREE uint8_t *bytes = malloc(n + 64);
    memset(bytes, 0x0a, n);
    Jig__V1__Request e = an_envelope();
    size_t used;
    JIG_CLEANUP_FREE uint8_t *head = pack(&e, &used);
    JIG_CLEANUP_FREE uint8_t *whole = malloc(used + n + 16);
    memcpy(whole, head, used);
    uint8_t *p = whole + used;
    *p++ = 0xfa; /* field 127, bytes */
    *p++ = 0x07;
    for (size_t rest = n; rest > 0; rest >>= 7)
        *p++ = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
    memcpy(p, bytes, n);
    assert_int_equal(rig_code(send_bytes(whole, (size_t)(p - whole) + n)), JIG_OK);
    /* Groups are not proto3. */
    memset(whole, 0x0b, n);
    assert_int_equal(rig_code(send_bytes(whole, n)), JIG_INVALID_ARGUMENT);
}

static void oversize_is_refused_before_decoding(void **state)
{
    (void)state;
    /* Over a unix socket it closes the connection: see below. */
    struct rig *small = rig_new(&(struct rig_options){.inproc = true, .message_max = 4096});
    struct rig_client *c = rig_connect(small);
    uint8_t bytes[5000] = {0};
    Jig__V1__Response *reply = rig_land(rig_send_bytes(c, bytes, sizeof bytes));
    assert_int_equal(reply->status->code, JIG_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(reply->status->message, "4096"));
    rig_reply_free(reply);
    rig_disconnect(c);
    rig_free(small);
}

/* ---- over a unix socket, by hand ---- */

static int dial(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

/* Reads until the other end closes; the number of bytes. */
static size_t read_to_the_end(int fd)
{
    char space[4096];
    size_t n = 0;
    for (;;) {
        ssize_t got = read(fd, space, sizeof space);
        if (got <= 0)
            return n;
        n += (size_t)got;
    }
}

static const uint8_t sp_hello[] = {0, 'S', 'P', 0, 0, 0x30, 0, 0}; /* REQ, SP over a stream */

static void a_megabyte_of_noise_on_the_socket(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "s");
    struct rig *r = rig_new(&(struct rig_options){.socket = path});
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    int fd = dial(path);
    uint8_t noise[256];
    for (int i = 0; i < 4096; i++) {
        assert_int_equal(jig_random(noise, sizeof noise, NULL), JIG_OK);
        if (send(fd, noise, sizeof noise, MSG_NOSIGNAL) < 0)
            break; /* closed on us, as it should be */
    }
    shutdown(fd, SHUT_WR);
    read_to_the_end(fd);
    close(fd);
    struct rig_client *c = rig_connect(r);
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    assert_int_equal(rig_code(rig_land(rig_send(c, GET_PROJECT, &request.base, NULL, 0))), JIG_OK);
    rig_disconnect(c);
    rig_free(r);
}

static void an_oversize_frame_ends_its_connection(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "s");
    struct rig *r = rig_new(&(struct rig_options){.socket = path, .message_max = 4096});
    int fd = dial(path);
    /* A frame that says it has 2^40 bytes: nothing of that may be allocated. */
    uint8_t frame[] = {1, 0, 0, 1, 0, 0, 0, 0, 0};
    assert_int_equal(write(fd, sp_hello, sizeof sp_hello), sizeof sp_hello);
    assert_int_equal(write(fd, frame, sizeof frame), sizeof frame);
    assert_int_equal(read_to_the_end(fd), sizeof sp_hello); /* its hello, and then the end */
    close(fd);
    rig_free(r);
}

enum { HANGERS_UP = 4, TIMES = 200 };

static void *hang_up(void *path)
{
    for (int i = 0; i < TIMES; i++)
        close(dial(path));
    return NULL;
}

/* nng 1.5.2 alone goes deaf by this: see service/rpc/mend.h. */
static void who_hangs_up_before_the_greeting_harms_nobody(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "s");
    struct rig *r = rig_new(&(struct rig_options){.socket = path});
    pthread_t threads[HANGERS_UP];
    for (int i = 0; i < HANGERS_UP; i++)
        pthread_create(&threads[i], NULL, hang_up, path);
    for (int i = 0; i < HANGERS_UP; i++)
        pthread_join(threads[i], NULL);
    /* Who is greeted comes after all of them: nng's client gives up where the queue is full. */
    uint8_t greeting[sizeof sp_hello];
    int fd = dial(path);
    assert_int_equal(recv(fd, greeting, sizeof greeting, MSG_WAITALL), sizeof greeting);
    close(fd);
    struct rig_client *c = rig_connect(r);
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    assert_int_equal(rig_code(rig_land(rig_send(c, GET_PROJECT, &request.base, NULL, 0))), JIG_OK);
    rig_disconnect(c);
    rig_free(r);
}

static void too_many_connections(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "s");
    struct rig *r = rig_new(&(struct rig_options){.socket = path, .connections_max = 2});
    struct rig_client *one = rig_connect(r);
    struct rig_client *two = rig_connect(r);
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    assert_int_equal(rig_code(rig_land(rig_send(one, GET_PROJECT, &request.base, NULL, 0))),
                     JIG_OK);
    assert_int_equal(rig_code(rig_land(rig_send(two, GET_PROJECT, &request.base, NULL, 0))),
                     JIG_OK);
    int fd = dial(path);
    (void)send(fd, sp_hello, sizeof sp_hello, MSG_NOSIGNAL); /* it may be closed already */
    read_to_the_end(fd);
    close(fd);
    assert_int_equal(jig_stats_get(rig_stats(r), JIG_STAT_RPC_CONNECTIONS_REFUSED), 1);
    rig_disconnect(one);
    rig_disconnect(two);
    rig_free(r);
}

/* ---- whose connection it is ---- */

static bool is_somebody_elses; /* the service that is being made */

uid_t __real_getuid(void);
uid_t __wrap_getuid(void);
uid_t __wrap_getuid(void)
{
    return __real_getuid() + (is_somebody_elses ? 1 : 0);
}

/* Connects to the loopback interface and says hello; how many bytes came before the end. */
static size_t knock(const char *url)
{
    uint64_t port = 0;
    assert_true(jig_parse_u64(strrchr(url, ':') + 1, &port));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval patience = {.tv_sec = 10}; /* who lets us in says no more */
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    (void)send(fd, sp_hello, sizeof sp_hello, MSG_NOSIGNAL);
    size_t n = read_to_the_end(fd);
    close(fd);
    return n;
}

/* Everybody on the machine can reach the loopback interface. */
static void over_tcp_only_ones_own_user_is_let_in(void **state)
{
    (void)state;
    Jig__V1__GetProjectRequest request = JIG__V1__GET_PROJECT_REQUEST__INIT;
    struct rig *r = rig_new(&(struct rig_options){.tcp = true});
    struct rig_client *c = rig_connect(r);
    assert_int_equal(rig_code(rig_land(rig_send(c, GET_PROJECT, &request.base, NULL, 0))), JIG_OK);
    rig_disconnect(c);
    assert_int_equal(jig_stats_get(rig_stats(r), JIG_STAT_RPC_CONNECTIONS_REFUSED), 0);
    rig_free(r);
    is_somebody_elses = true;
    r = rig_new(&(struct rig_options){.tcp = true});
    assert_in_range(knock(rig_url(r)), 0, sizeof sp_hello); /* at most a greeting */
    assert_int_equal(jig_stats_get(rig_stats(r), JIG_STAT_RPC_CONNECTIONS_REFUSED), 1);
    rig_free(r);
    is_somebody_elses = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(truncated_at_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(wrong_wire_type_names_the_field, setup, teardown),
        cmocka_unit_test_setup_teardown(strings_are_utf8_without_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(other_protocol_names_both, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_methods, setup, teardown),
        cmocka_unit_test_setup_teardown(request_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(many_small_fields_hit_a_ceiling, setup, teardown),
        cmocka_unit_test_setup_teardown(deep_nesting_of_unknown_fields, setup, teardown),
        cmocka_unit_test(oversize_is_refused_before_decoding),
        cmocka_unit_test_setup_teardown(a_megabyte_of_noise_on_the_socket, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(an_oversize_frame_ends_its_connection, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(who_hangs_up_before_the_greeting_harms_nobody,
                                        unit_folder_setup, unit_folder_teardown),
        cmocka_unit_test_setup_teardown(too_many_connections, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test(over_tcp_only_ones_own_user_is_let_in),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    nng_fini();
    return failed;
}
