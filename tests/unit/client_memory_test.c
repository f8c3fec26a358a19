/*
 * The library never ends its host: each call is made again and again, with the first, the second,
 * the third... of its allocations failing, until none does. It then has either worked or said that
 * memory is out, lost nothing (under a sanitizer), and the client works on.
 *
 * The linker sends every allocation of the library, protobuf-c and jansson included, through here
 * (-Wl,--wrap); only those of the thread that is under test fail.
 */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include <jig/build.h>
#include <jig/client.h>
#include <jig/daemon.h>
#include <jig/device.h>

#include "jig/v1/build.pb-c.h"
#include "jig/v1/daemon.pb-c.h"
#include "jig/v1/device.pb-c.h"
#include "tests/support/fake_daemon.h"

#define SOON jig_deadline_after_ms(20000)

static __thread long countdown = -1; /* the allocation that fails; negative: none */
static __thread bool failed;

static bool fails(void)
{
    if (countdown < 0 || countdown-- > 0)
        return false;
    failed = true;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
char *__wrap_strdup(const char *s);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}

char *__wrap_strdup(const char *s)
{
    return fails() ? NULL : __real_strdup(s);
}

/* --- a daemon with enough to say --- */

static void reply_devices(struct fake_request *r)
{
    char *labels[] = {(char *)"a", (char *)"b"};
    Jig__V1__Device device = JIG__V1__DEVICE__INIT;
    device.id = (char *)"usb:1";
    device.labels = labels;
    device.n_labels = 2;
    Jig__V1__Device *devices[] = {&device, &device, &device};
    Jig__V1__ListDevicesResponse response = JIG__V1__LIST_DEVICES_RESPONSE__INIT;
    response.devices = devices;
    response.n_devices = 3;
    fake_reply(r, &response.base);
}

static void reply_project(struct fake_request *r)
{
    Jig__V1__ProjectOption option = JIG__V1__PROJECT_OPTION__INIT;
    option.name = (char *)"board";
    Jig__V1__ProjectOption *options[] = {&option};
    Jig__V1__ProjectEnvironment environment = JIG__V1__PROJECT_ENVIRONMENT__INIT;
    environment.options = options;
    environment.n_options = 1;
    Jig__V1__ProjectEnvironment *environments[] = {&environment, &environment};
    Jig__V1__Project project = JIG__V1__PROJECT__INIT;
    project.environments = environments;
    project.n_environments = 2;
    Jig__V1__GetProjectResponse response = JIG__V1__GET_PROJECT_RESPONSE__INIT;
    response.project = &project;
    fake_reply(r, &response.base);
}

/* Two services, p.S/A and p.T/B. */
static void reply_descriptors(struct fake_request *r)
{
    static const char set[] = "\x0a\x17\x12\x01p"
                              "\x32\x08\x0a\x01S\x12\x03\x0a\x01"
                              "A\x32\x08\x0a\x01T\x12\x03\x0a\x01"
                              "B";
    Jig__V1__GetDescriptorsResponse response = JIG__V1__GET_DESCRIPTORS_RESPONSE__INIT;
    response.file_descriptor_set =
        (ProtobufCBinaryData){.len = sizeof set - 1, .data = (uint8_t *)(uintptr_t)set};
    fake_reply(r, &response.base);
}

static void answer(void *context, struct fake_request *r)
{
    (void)context;
    if (strcmp(r->method, "GetProject") == 0)
        reply_project(r);
    else if (strcmp(r->method, "GetDescriptors") == 0)
        reply_descriptors(r);
    else
        reply_devices(r);
}

/* --- the calls --- */

struct bench {
    char url[128];
    struct jig_client *client;
};

typedef enum jig_status try_fn(struct bench *b, struct jig_error *error);

static enum jig_status try_open(struct bench *b, struct jig_error *error)
{
    const struct jig_client_options options = {.program = "x", .jigd = "/nowhere/jigd"};
    struct jig_client *client;
    enum jig_status status = jig_client_open(b->url, &options, &client, error);
    if (status == JIG_STATUS_OK)
        jig_client_close(client);
    return status;
}

static enum jig_status try_devices(struct bench *b, struct jig_error *error)
{
    const struct jig_devices *devices;
    enum jig_status status = jig_client_list_devices(b->client, SOON, &devices, error);
    if (status == JIG_STATUS_OK) {
        assert_int_equal(devices->count, 3);
        assert_string_equal(devices->items[2].labels.items[1], "b");
        jig_client_free(devices);
    }
    return status;
}

static enum jig_status try_project(struct bench *b, struct jig_error *error)
{
    static const char *const environment[] = {"PLATFORMIO_A=1", "PLATFORMIO_B=2", NULL};
    const struct jig_project_selector selector = {.directory = "/p", .environ = environment};
    const struct jig_project *project;
    enum jig_status status = jig_client_get_project(b->client, &selector, SOON, &project, error);
    if (status == JIG_STATUS_OK) {
        assert_int_equal(project->environment_count, 2);
        jig_client_free(project);
    }
    return status;
}

static enum jig_status try_json(struct bench *b, struct jig_error *error)
{
    const char *json;
    enum jig_status status =
        jig_client_call_json(b->client, "ListDevices", "{}", SOON, &json, error);
    if (status == JIG_STATUS_OK) {
        assert_non_null(strstr(json, "\"labels\":[\"a\",\"b\"]"));
        jig_client_free(json);
    }
    return status;
}

static enum jig_status try_methods(struct bench *b, struct jig_error *error)
{
    const struct jig_method_list *list;
    enum jig_status status = jig_client_list_methods(b->client, SOON, &list, error);
    if (status == JIG_STATUS_OK) {
        assert_int_equal(list->count, 2);
        assert_string_equal(list->items[1].name, "/p.T/B");
        jig_client_free(list);
    }
    return status;
}

static enum jig_status try_json_request(struct bench *b, struct jig_error *error)
{
    const char *json;
    enum jig_status status = jig_client_call_json(
        b->client, "GetProject",
        "{\"project\":{\"directory\":\"/x\",\"variables\":[{\"name\":\"a\"},{\"unset\":true}]}}",
        SOON, &json, error);
    if (status == JIG_STATUS_OK)
        jig_client_free(json);
    return status;
}

static void sweep(struct bench *b, const char *name, try_fn *try)
{
    long n = 0;
    for (;; n++) {
        struct jig_error error = {.message = ""};
        failed = false;
        countdown = n;
        enum jig_status status = try(b, &error);
        countdown = -1;
        if (!failed) {
            assert_int_equal(status, JIG_STATUS_OK);
            break;
        }
        /* jansson takes some of its own failures for bad JSON */
        bool jansson = strstr(error.message, "is not JSON") != NULL;
        if (status != JIG_STATUS_OK && status != JIG_STATUS_RESOURCE_EXHAUSTED && !jansson)
            fail_msg("%s, allocation %ld: %s", name, n, error.message);
        if (try(b, &error) != JIG_STATUS_OK)
            fail_msg("%s, after allocation %ld: %s", name, n, error.message);
    }
    assert_true(n > 1); /* something was made to fail */
}

static void test_sweep(void **state)
{
    static const struct {
        const char *name;
        try_fn *try;
    } rows[] = {
        {"open", try_open}, {"devices", try_devices},           {"project", try_project},
        {"json", try_json}, {"json request", try_json_request}, {"methods", try_methods},
    };
    struct bench b;
    snprintf(b.url, sizeof b.url, "ipc://%s/s", (const char *)*state);
    struct fake_daemon *daemon = fake_daemon_start(b.url, answer, NULL);
    assert_int_equal(jig_client_open(b.url, NULL, &b.client, NULL), JIG_STATUS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        sweep(&b, rows[i].name, rows[i].try);
    jig_client_close(b.client);
    fake_daemon_stop(daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_sweep, unit_folder_setup, unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
