#include "tests/support/unit.h"

#include <string.h>

#include "core/arduino/data.h"
#include "core/arduino/piomap.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define SYSTEM JIG_VECTORS "/arduino-platforms/system/hardware"

static struct jig_piomap *load(const char *dir, struct jig_err *err)
{
    struct jig_readlog *log = jig_readlog_new();
    struct jig_piomap *m = NULL;
    if (jig_piomap_load(dir, log, &m, err) != JIG_OK)
        m = NULL;
    jig_readlog_free(log);
    return m;
}

static struct jig_piomap *load_ours(void)
{
    JIG_CLEANUP_FREE char *dir = jig_data_dir(NULL);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_piomap *m = load(dir, &err);
    if (m == NULL)
        fail_msg("%s", err.message);
    return m;
}

static void platform_names(void **state)
{
    (void)state;
    static const char *const rows[][3] = {
        {"atmelavr", "atmelavr", NULL},
        {" atmelavr @ ^4.0 ", "atmelavr", "^4.0"},
        {"platformio/atmelavr@5.0.0", "atmelavr", "5.0.0"},
        {"https://github.com/platformio/platform-atmelavr.git", "atmelavr", NULL},
        {"https://github.com/platformio/platform-atmelavr.git#v4.0.0", "atmelavr", "v4.0.0"},
        {"git+ssh://git@example.org/x/platform-atmelavr/", "atmelavr", NULL},
        {"https://example.org/platform-espressif32.zip", "espressif32", NULL},
        {"", "", NULL},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        char *version = NULL;
        char *name = jig_pio_platform_name(rows[i][0], &version);
        assert_string_equal(name, rows[i][1]);
        if (!jig_streq(version, rows[i][2]))
            fail_msg("%s has version %s", rows[i][0], version != NULL ? version : "NULL");
        free(name);
        free(version);
    }
}

/* "FQBN", or the error's message. The caller frees. */
static char *board_of(const struct jig_piomap *m, const char *platform, const char *board,
                      const char *framework, struct jig_err *err)
{
    struct jig_strv frameworks = {0};
    if (framework != NULL)
        jig_strv_append(&frameworks, framework);
    const struct jig_pio_board b = {platform, board, &frameworks};
    char *fqbn = NULL;
    if (jig_piomap_board(m, &b, &fqbn, NULL, err) != JIG_OK) {
        assert_int_equal(err->code, JIG_INVALID_ARGUMENT);
        assert_int_equal(err->reason, JIG_REASON_BAD_PROJECT);
        fqbn = jig_xstrdup(err->message);
    }
    jig_strv_release(&frameworks);
    return fqbn;
}

static void boards(void **state)
{
    (void)state;
    static const struct {
        const char *platform;
        const char *board;
        const char *framework;
        const char *expected;
        const char *hint;
    } rows[] = {
        {"atmelavr", "uno", "arduino", "arduino:avr:uno", ""},
        {"atmelavr", "nanoatmega328", "arduino", "arduino:avr:nano:cpu=atmega328old", ""},
        {"atmelavr", "nanoatmega328new", "arduino", "arduino:avr:nano:cpu=atmega328", ""},
        {"platformio/atmelavr@^4", "megaatmega2560", "arduino", "arduino:avr:mega:cpu=atmega2560",
         ""},
        {"atmelavr", "leonardoo", "arduino",
         "the board 'leonardoo' of platform atmelavr is not known; nearest: leonardo, leonardoeth",
         "boards of arduino:avr that are not in the list can be named by FQBN (--fqbn)"},
        {"atmelarv", "uno", "arduino", "the platform 'atmelarv' is not known; nearest: atmelavr",
         ""},
        {"espressif32@6", "esp32dev", "arduino",
         "the boards of PlatformIO's platform 'espressif32' are not mapped; their Arduino platform "
         "is esp32:esp32",
         "install it and name the board by its FQBN (--fqbn)"},
        {"atmelavr", "uno", "simba", "the framework 'simba' is not supported; only arduino is", ""},
        {"atmelavr", "uno", NULL, "no framework is set: projects without one are not built",
         "framework = arduino"},
        {"atmelavr", NULL, "arduino", "no board is set", "board = uno"},
        {NULL, "uno", "arduino", "no platform is set", "platform = atmelavr"},
    };
    struct jig_piomap *m = load_ours();
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_err err = JIG_ERR_INIT;
        JIG_CLEANUP_FREE char *got =
            board_of(m, rows[i].platform, rows[i].board, rows[i].framework, &err);
        assert_string_equal(got, rows[i].expected);
        assert_string_equal(err.hint, rows[i].hint);
    }
    jig_piomap_free(m);
}

static void versions(void **state)
{
    (void)state;
    static const struct {
        const char *platform;
        const char *core; /* NULL: not known */
        const char *says; /* NULL: nothing */
    } rows[] = {
        {"atmelavr", NULL, NULL},
        {"atmelavr@1.6.0", "1.6.19", "1.6.0 brings version 1.6.19 of the core"},
        {"atmelavr @ =1.8.0", "1.6.20", "jig packages install core 'arduino:avr@1.6.20'"},
        {"https://h/platform-atmelavr.git#v1.8.0", "1.6.20", "1.6.20"},
        {"atmelavr@4.1.0", NULL, "brings framework-arduino-avr 5.1.0 with avr-gcc 7.3.0"},
        {"atmelavr@^4", NULL, "what version '^4' of PlatformIO's platform atmelavr brings is not"},
        {"atmelavr@1.6", NULL, "is not known: arduino:avr 1.8.6 is used"},
        {"atmelavr@", NULL, NULL},
    };
    struct jig_piomap *m = load_ours();
    struct jig_strv frameworks = {0};
    jig_strv_append(&frameworks, "arduino");
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        const struct jig_pio_board wanted = {rows[i].platform, "uno", &frameworks};
        struct jig_pio_pin pin = {0};
        JIG_CLEANUP_FREE char *fqbn = NULL;
        assert_int_equal(jig_piomap_board(m, &wanted, &fqbn, &pin, NULL), JIG_OK);
        JIG_CLEANUP_FREE char *note = jig_pio_pin_note(&pin, "arduino:avr 1.8.6");
        if (!jig_streq(pin.core, rows[i].core) || (note == NULL) != (rows[i].says == NULL) ||
            (note != NULL && strstr(note, rows[i].says) == NULL))
            fail_msg("%s: %s", rows[i].platform, note != NULL ? note : "NULL");
        pin.is_core_at_hand = true;
        assert_null(jig_pio_pin_note(&pin, "arduino:avr 1.8.6"));
        jig_pio_pin_release(&pin);
    }
    assert_null(jig_pio_packages_note(&(struct jig_strv){0}, "x"));
    JIG_CLEANUP_FREE char *note = jig_pio_packages_note(&frameworks, "arduino:avr 1.8.6");
    assert_non_null(strstr(note, "(arduino)"));
    jig_strv_release(&frameworks);
    jig_piomap_free(m);
}

/* Every board of the list is one of the installed platform, with the processor and the clock that
 * its name says. */
static void every_listed_board_is_there(void **state)
{
    (void)state;
    if (!jig_fs_is_file("/usr/share/arduino/hardware/arduino/avr/boards.txt"))
        skip();
    JIG_CLEANUP_FREE char *dir = jig_data_dir(NULL);
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, "platformio.txt");
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    assert_int_equal(jig_fs_read(path, &text, NULL), JIG_OK);
    struct jig_props *all = jig_props_new();
    assert_int_equal(jig_props_parse(all, path, text.data, text.len, NULL), JIG_OK);
    struct jig_props *listed = jig_props_subtree(all, "board.atmelavr");
    assert_true(jig_props_count(listed) > 30);
    struct jig_strv folders = {0};
    jig_strv_append(&folders, "/usr/share/arduino/hardware");
    struct jig_hardware *hw = jig_hardware_new(&folders, dir);
    struct jig_hardware_view *v = NULL;
    assert_int_equal(jig_hardware_refresh(hw, &v, NULL, NULL), JIG_OK);
    const char *name;
    const char *fqbn;
    for (size_t at = 0; jig_props_next(listed, &at, &name, &fqbn);) {
        struct jig_board_config *c = NULL;
        struct jig_err err = JIG_ERR_INIT;
        if (jig_board_resolve(v, fqbn, NULL, &c, &err) != JIG_OK)
            fail_msg("%s: %s", name, err.message);
        const char *mcu = jig_props_get_or(c->props, "build.mcu", "");
        const char *said = strrchr(name, 'a'); /* "...atmega328new": from the last 'a' of atmega */
        size_t digits = said != NULL ? strspn(said + 1, "0123456789") : 0;
        JIG_CLEANUP_FREE char *chip = jig_strf("atmega%.*s", (int)digits, digits ? said + 1 : "");
        if (!jig_streq(chip, "atmega") && !jig_str_starts(mcu, chip))
            fail_msg("%s has a %s", name, mcu);
        if (strstr(name, "8MHz") != NULL)
            assert_string_equal(jig_props_get(c->props, "build.f_cpu"), "8000000L");
        jig_board_config_free(c);
    }
    jig_hardware_view_unref(v);
    jig_hardware_free(hw);
    jig_strv_release(&folders);
    jig_props_free(listed);
    jig_props_free(all);
    jig_buf_release(&text);
}

static void options_change_the_board(void **state)
{
    (void)state;
    struct jig_piomap *m = load_ours();
    struct jig_board_changes changes;
    jig_board_changes_init(&changes);
    static const char *const rows[][2] = {
        {"board_build.f_cpu", "4000000L"},
        {"board_build.mcu", "tiny7"},
        {"board_build.usb_product", "My Thing"},
        {"board_build.extra_flags", "-DA=\"x y\" -DB"},
        {"board_build.variants_dir", "my variants"},
        {"board_build.variant", "blue"},
        {"upload_speed", "9600"},
        {"board_upload.maximum_size", "100"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++)
        assert_int_equal(jig_piomap_option(m, rows[i][0], rows[i][1], "/proj", &changes),
                         JIG_PIO_TAKEN);
    assert_int_equal(jig_piomap_option(m, "board_name", "x", "/proj", &changes), JIG_PIO_NOTHING);
    assert_int_equal(jig_piomap_option(m, "board_build.ldscript", "x", "/proj", &changes),
                     JIG_PIO_TAKEN); /* by the build */
    assert_int_equal(jig_piomap_option(m, "board_build.partitions", "x", "/proj", &changes),
                     JIG_PIO_UNKNOWN);
    struct jig_strv folders = {0};
    jig_strv_append(&folders, SYSTEM);
    struct jig_hardware *hw = jig_hardware_new(&folders, "/nonexistent");
    struct jig_hardware_view *v = NULL;
    struct jig_board_config *c = NULL;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_hardware_refresh(hw, &v, NULL, NULL), JIG_OK);
    if (jig_board_resolve_changed(v, "acme:tiny:one", NULL, &changes, &c, &err) != JIG_OK)
        fail_msg("%s", err.message);
    const struct jig_props *p = c->props;
    assert_string_equal(jig_props_get(p, "build.f_cpu"), "4000000L");
    assert_string_equal(jig_props_get(p, "build.usb_product"), "\"My Thing\"");
    assert_string_equal(jig_props_get(p, "build.variant.path"), "/proj/my variants/blue");
    assert_string_equal(jig_props_get(p, "upload.speed"), "9600");
    assert_false(jig_props_has(p, "upload.serial.speed"));
    assert_null(c->variant_path); /* there is no such folder */
    struct jig_strv argv = {0};
    jig_board_config_free(c);
    jig_props_set(changes.append, "build.extra_flags", "-DA='open");
    assert_int_equal(jig_board_resolve_changed(v, "acme:tiny:one", NULL, &changes, &c, &err),
                     JIG_INVALID_ARGUMENT);
    assert_true(jig_str_starts(err.message, "what is to be added to build.extra_flags: "));
    jig_strv_release(&argv);
    jig_hardware_view_unref(v);
    jig_hardware_free(hw);
    jig_strv_release(&folders);
    jig_board_changes_release(&changes);
    jig_piomap_free(m);
}

static void a_damaged_list_is_named(void **state)
{
    const char *dir = *state;
    static const char *const rows[][2] = {
        {"board.x.y=uno\n", "board.x.y: 'uno' is not a full board name"},
        {"option.x=set \n", "option.x is 'set', which is no way to take an option"},
        {"option.x=throw away\n", "option.x is 'throw away', which is no way to take an option"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, "platformio.txt");
        assert_int_equal(jig_fs_write_atomic(path, rows[i][0], strlen(rows[i][0]), 0644, NULL),
                         JIG_OK);
        struct jig_err err = JIG_ERR_INIT;
        assert_null(load(dir, &err));
        JIG_CLEANUP_FREE char *expected = jig_strf("%s: %s", path, rows[i][1]);
        assert_string_equal(err.message, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(platform_names),
        cmocka_unit_test(boards),
        cmocka_unit_test(versions),
        cmocka_unit_test(every_listed_board_is_there),
        cmocka_unit_test(options_change_the_board),
        cmocka_unit_test_setup_teardown(a_damaged_list_is_named, unit_folder_setup,
                                        unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
