/* jigd.conf: defaults, what it sets, and that nothing unknown passes. */
#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/conf.h"
#include "core/os/fs.h"

static struct jig_conf conf;
static struct jig_err err;
static char *path;

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    path = jig_path_join(*state, "jigd.conf");
    jig_conf_init(&conf);
    jig_err_clear(&err);
    return 0;
}

static int teardown(void **state)
{
    jig_conf_release(&conf);
    free(path);
    return unit_folder_teardown(state);
}

static enum jig_code read_n(const char *text, size_t n)
{
    assert_int_equal(jig_fs_write_atomic(path, text, n, 0600, NULL), JIG_OK);
    return jig_conf_read(&conf, path, &err);
}

static enum jig_code read_text(const char *text)
{
    return read_n(text, strlen(text));
}

/* `message` follows "<path>:<line>: " */
static void check_refused(const char *text, const char *message)
{
    jig_conf_release(&conf);
    assert_int_equal(read_text(text), JIG_INVALID_ARGUMENT);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    JIG_CLEANUP_FREE char *whole = jig_strf("%s:%s", path, message);
    assert_string_equal(err.message, whole);
}

static void test_defaults(void **state)
{
    (void)state;
    assert_int_equal(conf.idle_exit_s, 1800);
    assert_int_equal(conf.max_message_bytes, 16 << 20);
    assert_int_equal(conf.operations, 4);
    assert_int_equal(conf.jobs, 0);
    assert_int_equal(conf.log_level, JIG_LOG_INFO);
    assert_null(conf.listen_tcp);
    assert_int_equal(conf.trust, JIG_TRUST_VERIFY);
    assert_int_equal(read_text("; nothing\n"), JIG_OK);
    assert_int_equal(conf.idle_exit_s, 1800);
}

static void test_everything(void **state)
{
    assert_int_equal(read_text("[daemon]\n"
                               "idle_exit_s = 0 ; never\n"
                               "listen_tcp = 127.0.0.1:4000\n"
                               "max_message_bytes = 1 MiB\n"
                               "log_level=debug\n"
                               "operations: 8\n"
                               "jobs = 2\n"
                               "trust = none\n"
                               "# build\n"
                               "[build]\n"
                               "overlays = /o\n"
                               "hardware = /a, rel/b\n"
                               "hardware = /c/../d\n"
                               "libraries = /x y,\n"
                               "[fetch]\n"
                               "proxy = http://p:3128\n"
                               "netrc = sub/netrc\n"
                               "allow_file = yes\n"
                               "stall_s = 7\n"
                               "archive_ratio = 9\n"
                               "archive_refuse_twins = yes\n"
                               "[device bench-1]\n"
                               "port = /dev/ttyUSB7\n"
                               "labels = uno, rack 3\n"
                               "   third\n"
                               "fqbn = arduino:avr:uno\n"
                               "baud = 115200\n"
                               "trust = session\n"
                               "[device red]\n"
                               "id = usb:2341:0043:8573\n"
                               "[emulated uno#2]\n"
                               "trust = verify\n"
                               "enabled = no\n"
                               "flash = f.bin\n"
                               "[cache]\n"
                               "remote = https://c.example.org/x\n"
                               "remote_readonly = yes\n"
                               "archives = 1.5 GiB\n"
                               "installed_low = 10 GB\n"
                               "second = c\n"
                               "[emulated plain]\n"),
                     JIG_OK);
    assert_int_equal(conf.idle_exit_s, 0);
    assert_string_equal(conf.listen_tcp, "127.0.0.1:4000");
    assert_int_equal(conf.max_message_bytes, 1 << 20);
    assert_int_equal(conf.log_level, JIG_LOG_DEBUG);
    assert_int_equal(conf.operations, 8);
    assert_int_equal(conf.jobs, 2);
    assert_int_equal(conf.trust, JIG_TRUST_NONE);
    assert_string_equal(conf.overlays, "/o");
    assert_int_equal(conf.cache_archives, UINT64_C(3) << 29);
    assert_int_equal(conf.cache_installed_low, UINT64_C(10000000000));
    assert_int_equal(conf.cache_installed, 0);
    assert_true(jig_str_ends(conf.cache_second, "/c"));
    assert_string_equal(conf.cache_remote, "https://c.example.org/x");
    assert_true(conf.cache_remote_readonly);
    JIG_CLEANUP_FREE char *hardware = jig_strv_join(&conf.hardware, " ");
    JIG_CLEANUP_FREE char *expected = jig_strf("/a %s/rel/b /d", (const char *)*state);
    assert_string_equal(hardware, expected);
    assert_int_equal(conf.libraries.n, 1);
    assert_string_equal(conf.fetch.proxy, "http://p:3128");
    assert_true(jig_str_ends(conf.fetch.netrc, "/sub/netrc"));
    assert_true(conf.fetch.allow_file);
    assert_int_equal(conf.fetch.stall_s, 7);
    assert_int_equal(conf.fetch.rounds, 0);
    assert_int_equal(conf.fetch.archive_ratio, 9);
    assert_true(conf.fetch.archive_refuse_twins);
    assert_int_equal(conf.n_devices, 2);
    assert_null(conf.devices[1].port);
    assert_string_equal(conf.devices[1].id, "usb:2341:0043:8573");
    assert_string_equal(conf.devices[0].name, "bench-1");
    assert_string_equal(conf.devices[0].port, "/dev/ttyUSB7");
    assert_string_equal(conf.devices[0].fqbn, "arduino:avr:uno");
    assert_int_equal(conf.devices[0].baud, 115200);
    assert_int_equal(conf.devices[0].trust, JIG_TRUST_SESSION);
    JIG_CLEANUP_FREE char *labels = jig_strv_join(&conf.devices[0].labels, "|");
    assert_string_equal(labels, "uno|rack 3|third");
    assert_int_equal(conf.n_emulated, 2);
    assert_string_equal(conf.emulated[0].name, "uno#2");
    assert_string_equal(conf.emulated[0].board, "uno");
    assert_false(conf.emulated[0].enabled);
    assert_int_equal(conf.emulated[0].trust, JIG_TRUST_VERIFY);
    assert_int_equal(conf.emulated[1].trust, JIG_TRUST_UNSAID);
    assert_true(jig_str_ends(conf.emulated[0].flash, "/f.bin"));
    assert_true(conf.emulated[1].enabled);
    assert_null(conf.emulated[1].flash);
}

static void test_a_later_file_wins_key_by_key(void **state)
{
    (void)state;
    assert_int_equal(read_text("[daemon]\njobs = 2\noperations = 9\n[build]\nhardware = /a, /b\n"
                               "[device x]\nport = /dev/a\nbaud = 300\n"),
                     JIG_OK);
    assert_int_equal(
        read_text("[daemon]\njobs = 3\n[build]\nhardware = /c\n[device x]\nport = /dev/b\n"
                  "[device y]\nport = /dev/y\n"),
        JIG_OK);
    assert_int_equal(conf.jobs, 3);
    assert_int_equal(conf.operations, 9);
    assert_int_equal(conf.hardware.n, 1);
    assert_string_equal(conf.hardware.v[0], "/c");
    assert_int_equal(conf.n_devices, 2);
    assert_string_equal(conf.devices[0].port, "/dev/b");
    assert_int_equal(conf.devices[0].baud, 300);
}

static void test_refusals(void **state)
{
    (void)state;
    check_refused("[daemon]\njob = 2\n", "2: [daemon] has no key 'job'; did you mean 'jobs'?");
    check_refused("[build]\n\nqqqqqqqqqqqqqqqqqqqq = 2\n",
                  "3: [build] has no key 'qqqqqqqqqqqqqqqqqqqq'; there are: overlays, hardware, "
                  "libraries, check_answers");
    check_refused("[deamon]\njobs = 2\n", "1: there is no section [deamon]; there are [daemon], "
                                          "[build], [fetch], [cache], [packages], "
                                          "[device NAME] and [emulated NAME]");
    check_refused(
        "[daemon]\n[oops]\n",
        "2: there is no section [oops]; there are [daemon], [build], [fetch], [cache], [packages], "
        "[device NAME] and [emulated NAME]");
    check_refused("[cache]\narchives = 10\n",
                  "2: '10' for archives is not a size from 1 MiB to 1024 PiB, such as 15 GiB");
    check_refused("[device]\nport = /x\n",
                  "1: [device] needs a name of letters, digits and _ . - #: [device NAME]");
    check_refused("[device a b]\nport = /x\n",
                  "1: [device a b] needs a name of letters, digits and _ . - #: [device NAME]");
    check_refused("[device x]\nbaud = 9600\n", " [device x] has no 'port' and no 'id'");
    check_refused("[device x]\n", " [device x] has no 'port' and no 'id'");
    check_refused("[device x]\nport = /dev/a\nid = usb:2341:0043:8573\n",
                  " [device x] has a 'port' and an 'id', and takes one");
    check_refused("jobs = 2\n", "1: 'jobs' stands before the first [section]");
    check_refused("[daemon]\njobs = 2\njobs = 3\n", "3: [daemon] has 'jobs' twice");
    check_refused("[daemon]\njobs = many\n", "2: 'many' for jobs is not a number from 0 to 1024");
    check_refused("[daemon]\njobs = 1025\n", "2: '1025' for jobs is not a number from 0 to 1024");
    check_refused("[daemon]\njobs =\n", "2: 'jobs' has no value");
    check_refused("[daemon]\nmax_message_bytes = 1\n",
                  "2: '1' for max_message_bytes is not a size from 4096 to 268435456");
    check_refused("[daemon]\ntrust = always\n",
                  "2: 'always' for trust is not session, verify or none");
    check_refused("[daemon]\nlog_level = loud\n",
                  "2: 'loud' for log_level is not debug, info, warning or error");
    check_refused("[emulated a]\nenabled = perhaps\n", "2: 'perhaps' for enabled is not yes or no");
    check_refused("[daemon]\njust words\n", "2: this is neither a [section] nor 'key = value'");
    check_refused("[daemon\n", "1: this is neither a [section] nor 'key = value'");
    check_refused("[daemon]\nlisten_tcp = 0.0.0.0:1\n",
                  "2: '0.0.0.0:1' for listen_tcp is not of the form 127.0.0.1:PORT");
    check_refused("[daemon]\nlisten_tcp = 127.0.0.1:70000\n",
                  "2: '127.0.0.1:70000' for listen_tcp is not of the form 127.0.0.1:PORT");
    assert_int_equal(read_text("[device x\xff]\n"), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "is not UTF-8 text"));
    assert_int_equal(read_n("[build]\0\n", 9), JIG_INVALID_ARGUMENT);
}

static void test_long_lines_are_refused(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 1u << 20);
    jig_buf_puts(&text, "[build]\noverlays = /");
    for (int i = 0; i < 300; i++)
        jig_buf_putc(&text, 'x');
    assert_int_equal(read_text(text.data), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, ":2: the line is longer than"));
    jig_buf_clear(&text);
    jig_buf_puts(&text, "[device ");
    for (int i = 0; i < 60; i++)
        jig_buf_putc(&text, 'x');
    jig_buf_puts(&text, "]\nport = /x\n");
    assert_int_equal(read_text(text.data), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, ":1: the section's name is longer than 49 characters"));
    jig_buf_release(&text);
}

static void test_load(void **state)
{
    struct jig_conf c;
    assert_int_equal(jig_conf_load(&c, *state, path, &err), JIG_NOT_FOUND);
    assert_int_equal(read_text("[daemon]\njobs = 7\n"), JIG_OK);
    assert_int_equal(jig_conf_load(&c, *state, path, &err), JIG_OK);
    assert_int_equal(c.jobs, 7);
    jig_conf_release(&c);
    assert_int_equal(jig_conf_load(&c, *state, NULL, &err), JIG_OK);
    assert_int_equal(c.jobs, 7);
    jig_conf_release(&c);
    assert_int_equal(jig_conf_load(&c, *state, *state, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "is not a regular file"));
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_defaults),
        UNIT(test_everything),
        UNIT(test_a_later_file_wins_key_by_key),
        UNIT(test_refusals),
        UNIT(test_long_lines_are_refused),
        UNIT(test_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
