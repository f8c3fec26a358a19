/* sketch.yaml: what is read, what is warned about, what is refused and at which line. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/sketch_yaml.h"

static struct jig_sketch_yaml yaml;
static struct jig_err err;

static int setup(void **state)
{
    (void)state;
    jig_err_clear(&err);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    jig_sketch_yaml_release(&yaml);
    return 0;
}

static enum jig_code parse(const char *text)
{
    return jig_sketch_yaml_parse("sketch.yaml", text, strlen(text), &yaml, &err);
}

static void check_refused(const char *text, const char *message)
{
    assert_int_equal(parse(text), JIG_INVALID_ARGUMENT);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    assert_string_equal(err.message, message);
}

static void test_everything(void **state)
{
    (void)state;
    assert_int_equal(parse("profiles:\n"
                           "  uno:\n"
                           "    notes: a note\n"
                           "    fqbn: arduino:avr:uno\n"
                           "    programmer: usbasp\n"
                           "    platforms:\n"
                           "      - platform: arduino:avr (1.8.6)\n"
                           "      - platform: own:avr\n"
                           "        platform_index_url: https://example.org/i.json\n"
                           "    libraries:\n"
                           "      - Servo (1.2.0)\n"
                           "      - dependency: Other (1.0)\n"
                           "      - dir: ../lib\n"
                           "    port: /dev/ttyUSB0\n"
                           "    port_config:\n"
                           "      baudrate: 115200\n"
                           "    protocol: serial\n"
                           "default_profile: uno\n"
                           "default_fqbn: \"arduino:avr:nano\"\n"
                           "default_programmer: x\n"
                           "default_port: y\n"
                           "default_protocol: z\n"
                           "default_port_config: {parity: none}\n"),
                     JIG_OK);
    assert_int_equal(yaml.warnings.n, 0);
    assert_int_equal(yaml.n_profiles, 1);
    const struct jig_sketch_profile *p = &yaml.profiles[0];
    assert_string_equal(p->name, "uno");
    assert_int_equal(p->line, 2);
    assert_string_equal(p->notes, "a note");
    assert_string_equal(p->fqbn, "arduino:avr:uno");
    assert_string_equal(p->programmer, "usbasp");
    assert_string_equal(p->port, "/dev/ttyUSB0");
    assert_string_equal(p->protocol, "serial");
    assert_string_equal(p->port_config.v[0], "baudrate=115200");
    assert_string_equal(p->platforms.v[1], "own:avr");
    assert_string_equal(p->platform_index_urls.v[0], "https://example.org/i.json");
    assert_int_equal(p->libraries.n, 2);
    assert_string_equal(p->libraries.v[1], "Other (1.0)");
    assert_string_equal(p->library_dirs.v[0], "../lib");
    assert_string_equal(yaml.default_profile, "uno");
    assert_string_equal(yaml.defaults.fqbn, "arduino:avr:nano");
    assert_string_equal(yaml.defaults.programmer, "x");
    assert_string_equal(yaml.defaults.port, "y");
    assert_string_equal(yaml.defaults.protocol, "z");
    assert_string_equal(yaml.defaults.port_config.v[0], "parity=none");
}

static void test_empty_ones(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "---\n", "# nothing\n", "profiles:\n",
                                        "default_fqbn:\nprofiles: ~\ndefault_port: null\n"};
    for (size_t i = 0; i < JIG_COUNT(texts); i++) {
        assert_int_equal(parse(texts[i]), JIG_OK);
        assert_int_equal(yaml.n_profiles, 0);
        assert_null(yaml.defaults.fqbn);
        jig_sketch_yaml_release(&yaml);
    }
}

static void test_unknown_keys_are_warnings(void **state)
{
    (void)state;
    assert_int_equal(parse("zzzzzzzzzzzz: 1\nprofiles:\n  a:\n    fqnb: x\n    platforms:\n"
                           "      - platform: a:b\n        url: x\n"),
                     JIG_OK);
    assert_int_equal(yaml.warnings.n, 3);
    assert_string_equal(yaml.warnings.v[0],
                        "sketch.yaml:1: 'zzzzzzzzzzzz' in the sketch project file is not known");
    assert_string_equal(yaml.warnings.v[1],
                        "sketch.yaml:4: 'fqnb' in profile 'a' is not known; did you mean 'fqbn'?");
    assert_non_null(strstr(yaml.warnings.v[2], "sketch.yaml:7: 'url' in a platform or library"));
}

static void test_refusals(void **state)
{
    (void)state;
    check_refused("- a\n", "sketch.yaml:1: the file must be a mapping of keys to values");
    check_refused("\nprofiles: 7\n",
                  "sketch.yaml:2: 'profiles' must be a mapping of keys to values");
    check_refused("default_fqbn:\n  - x\n", "sketch.yaml:2: 'default_fqbn' must be a text");
    check_refused("default_fqbn: x\ndefault_fqbn: y\n",
                  "sketch.yaml:2: 'default_fqbn' is in the file twice");
    check_refused("profiles:\n  a: {}\n  a: {}\n", "sketch.yaml:3: 'a' is in 'profiles' twice");
    check_refused("profiles:\n  a/b: {}\n", "sketch.yaml:2: the profile name 'a/b' has other "
                                            "characters than letters, digits, _, . and -");
    check_refused("profiles:\n  ..: {}\n", "sketch.yaml:2: the profile name '..' has other "
                                           "characters than letters, digits, _, . and -");
    check_refused("profiles:\n  a:\n    platforms:\n      - platform: avr\n",
                  "sketch.yaml:4: platform 'avr' is not of the form 'vendor:architecture "
                  "(version)'");
    check_refused("profiles:\n  a:\n    platforms:\n      - platform_index_url: x\n",
                  "sketch.yaml:4: an item of 'platforms' has no 'platform'");
    check_refused("profiles:\n  a:\n    libraries:\n      - name: x\n",
                  "sketch.yaml:4: an item of 'libraries' is neither 'NAME (VERSION)' nor a 'dir' "
                  "nor a 'dependency'");
    check_refused("profiles:\n  a:\n    libraries: x\n",
                  "sketch.yaml:3: 'libraries' must be a list");
    check_refused("default_profile: b\nprofiles: {a: {}}\n",
                  "sketch.yaml: default_profile names 'b', which is not a profile; there are: a");
    check_refused("default_profile: b\n",
                  "sketch.yaml: default_profile names 'b', which is not a profile");
    check_refused("? [a]\n: b\n", "sketch.yaml:1: a key of the file is not a text");
}

static void test_syntax_errors_have_a_line(void **state)
{
    (void)state;
    assert_int_equal(parse("a: 1\nb: [1,\nc: }\n"), JIG_INVALID_ARGUMENT);
    assert_true(jig_str_starts(err.message, "sketch.yaml:3: "));
    assert_int_equal(parse("a: \"\xff\"\n"), JIG_INVALID_ARGUMENT);
    assert_true(jig_str_starts(err.message, "sketch.yaml: "));
    assert_int_equal(parse("a: *nowhere\n"), JIG_INVALID_ARGUMENT);
    assert_true(jig_str_starts(err.message, "sketch.yaml:1: "));
}

/* 2^40 items if aliases were copied. */
static void test_alias_bomb(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 64 << 10);
    jig_buf_puts(&text, "x0: &x0 [a, b]\n");
    for (int i = 1; i < 40; i++)
        jig_buf_printf(&text, "x%d: &x%d [*x%d, *x%d]\n", i, i, i - 1, i - 1);
    jig_buf_puts(&text, "profiles:\n  a:\n    libraries: *x39\n");
    assert_int_equal(parse(text.data), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "a library must be a mapping"));
    jig_buf_release(&text);
    assert_int_equal(parse("profiles: &p\n  a: *p\n"), JIG_OK); /* an alias of what it stands in */
}

/* Each of these takes libyaml minutes when it is let. */
static void test_extents(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 1u << 20);
    for (size_t i = 0; i < JIG_SKETCH_YAML_MAX; i++)
        jig_buf_putc(&text, '[');
    check_refused(text.data,
                  "sketch.yaml:1: there are more than 32 lists and mappings inside each other");
    jig_buf_clear(&text);
    for (int i = 0; i < 20000; i++)
        jig_buf_puts(&text, "- ");
    check_refused(text.data,
                  "sketch.yaml:1: there are more than 32 lists and mappings inside each other");
    jig_buf_clear(&text);
    for (int i = 0; i < 20000; i++)
        jig_buf_printf(&text, "- &a%d x\n", i);
    check_refused(text.data, "sketch.yaml:1001: there are more than 1000 anchors");
    jig_buf_clear(&text);
    for (size_t i = 0; i <= JIG_SKETCH_YAML_MAX; i++)
        jig_buf_putc(&text, '\n');
    check_refused(text.data, "sketch.yaml is larger than 262144 bytes");
    jig_buf_release(&text);
}

static void test_text_with_nul(void **state)
{
    (void)state;
    check_refused("default_fqbn: \"a\\0b\"\n", "sketch.yaml:1: 'default_fqbn' must be a text");
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_everything),
        UNIT(test_empty_ones),
        UNIT(test_unknown_keys_are_warnings),
        UNIT(test_refusals),
        UNIT(test_syntax_errors_have_a_line),
        UNIT(test_alias_bomb),
        UNIT(test_extents),
        UNIT(test_text_with_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
