#include "tests/support/unit.h"

#include <string.h>

#include "core/arduino/recipe.h"
#include "core/arduino/toolpkg.h"
#include "core/arduino/upload.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define SYSTEM JIG_VECTORS "/arduino-platforms/system/hardware"
#define DEBIAN "/usr/share/arduino/hardware"

/* The words that a pattern splits into, as "[a][b]". The caller frees. */
static char *words_of(const struct jig_props *p, const struct jig_props *extra, const char *pattern)
{
    struct jig_strv argv = {0};
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_recipe_split(p, extra, "the recipe", pattern, false, &argv, &err);
    if (code != JIG_OK)
        return jig_xstrdup(err.message);
    struct jig_buf out;
    jig_buf_init(&out, 1 << 20);
    for (size_t i = 0; i < argv.n; i++)
        jig_buf_printf(&out, "[%s]", argv.v[i]);
    jig_strv_release(&argv);
    char *text = jig_buf_steal(&out);
    jig_buf_release(&out);
    return text;
}

static void assert_words(const struct jig_props *p, const struct jig_props *extra,
                         const char *pattern, const char *expected)
{
    JIG_CLEANUP_FREE char *got = words_of(p, extra, pattern);
    assert_string_equal(got, expected);
}

static void words_are_split_as_the_arduino_tools_do(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"a b  c", "[a][b][c]"},
        {"This 'is an' \"Hello World!\" example", "[This][is an][Hello World!][example]"},
        {"x \"\" '' y", "[x][y]"},
        {"x \"  \" y", "[x][y]"},
        {"-DX=\"a b\"", "[-DX=\"a][b\"]"}, /* a quote inside a word is a letter */
        {"'-DX=\"a b\"'", "[-DX=\"a b\"]"},
        {"\"a'b\" 'c\"d'", "[a'b][c\"d]"},
        {"\"a\"b c\"", "[a\"b c]"},
        {"\"C:\\dir with\\\" x", "[C:\\dir with\\][x]"}, /* there is no escape */
        {"a\tb", "[a\tb]"},
        {"\" lead\" x", "[ lead][x]"},
        {"\"Grüße Wörld\" ß", "[Grüße Wörld][ß]"},
        {"\"open", "the recipe opens a quote (\") and does not close it"},
        {"a 'b", "the recipe opens a quote (') and does not close it"},
        {"  ", "the recipe names no command"},
        {"", "the recipe names no command"},
    };
    struct jig_props *p = jig_props_new();
    for (size_t i = 0; i < JIG_COUNT(rows); i++)
        assert_words(p, NULL, rows[i][0], rows[i][1]);
    jig_props_free(p);
}

static void paths_are_safe_whatever_is_in_them(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "/plain",    "/with blank", "/\"quoted\"", "/it's",     "/a\" b/c\"", "/-dash",
        "/{braces}", "/Grüße",      "/tab\there",  "/nl\nhere", "/\x01s",     "/ ends ",
    };
    struct jig_props *p = jig_props_new();
    jig_props_set(p, "cc", "gcc");
    jig_props_set(p, "braces", "never");
    for (size_t i = 0; i < JIG_COUNT(paths); i++) {
        struct jig_props *extra = jig_props_new();
        struct jig_strv dirs = {0};
        jig_strv_append(&dirs, paths[i]);
        jig_strv_append(&dirs, "/x y");
        jig_props_set_literal(extra, "source_file", paths[i]);
        jig_recipe_set_words(extra, "includes", "-I", &dirs);
        JIG_CLEANUP_FREE char *expected =
            jig_strf("[gcc][-I%s][-I/x y][%s][-o%s.o]", paths[i], paths[i], paths[i]);
        assert_words(p, extra, "{cc} {includes} \"{source_file}\" \"-o{source_file}.o\"", expected);
        JIG_CLEANUP_FREE char *bare = jig_strf("[gcc][%s]", paths[i]);
        assert_words(p, extra, "{cc} {source_file}", bare);
        jig_strv_release(&dirs);
        jig_props_free(extra);
    }
    jig_props_free(p);
}

static void lists_may_be_empty_and_flags_are_appended(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_strv none = {0};
    struct jig_strv flags = {0};
    jig_recipe_set_words(p, "includes", "-I", &none);
    jig_props_set(p, "flags", "-Os {more}");
    jig_props_set(p, "more", "-g -w");
    jig_strv_append(&flags, "-DNAME=\"a b\"");
    jig_strv_append(&flags, "-DBRACE={more}");
    jig_recipe_append_words(p, "flags", &flags);
    jig_recipe_append_words(p, "fresh", &flags);
    assert_words(p, NULL, "cc {includes} {flags}",
                 "[cc][-Os][-g][-w][-DNAME=\"a b\"][-DBRACE={more}]");
    assert_words(p, NULL, "cc {fresh}", "[cc][-DNAME=\"a b\"][-DBRACE={more}]");
    jig_strv_release(&flags);
    jig_props_free(p);
}

static void a_missing_recipe_is_named(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_strv argv = {0};
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_recipe_argv(p, NULL, "recipe.ar.pattern", false, &argv, &err),
                     JIG_NOT_FOUND);
    assert_string_equal(err.message, "the platform has no recipe recipe.ar.pattern");
    jig_props_set(p, "recipe.ar.pattern", "{a}");
    jig_props_set(p, "a", "{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}");
    assert_int_equal(jig_recipe_argv(p, NULL, "recipe.ar.pattern", false, &argv, &err),
                     JIG_RESOURCE_EXHAUSTED);
    assert_true(jig_str_starts(err.message, "recipe.ar.pattern: "));
    assert_int_equal(argv.n, 0);
    jig_props_free(p);
}

static void unset_properties_stay_or_go(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_strv argv = {0};
    jig_props_set(p, "r", "cc {unset} -x{unset}y");
    assert_int_equal(jig_recipe_argv(p, NULL, "r", false, &argv, NULL), JIG_OK);
    assert_int_equal(argv.n, 3);
    assert_string_equal(argv.v[2], "-x{unset}y");
    jig_strv_clear(&argv);
    assert_int_equal(jig_recipe_argv(p, NULL, "r", true, &argv, NULL), JIG_OK);
    assert_int_equal(argv.n, 2);
    assert_string_equal(argv.v[1], "-xy");
    jig_strv_release(&argv);
    jig_props_free(p);
}

static void the_preprocessors_recipe_is_made_when_missing(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_recipe_preproc(p, &err), JIG_NOT_FOUND);
    jig_props_set(p, "recipe.cpp.o.pattern",
                  "g++ {compiler.cpp.flags} {source_file} -o {object_file}");
    assert_int_equal(jig_recipe_preproc(p, &err), JIG_OK);
    assert_string_equal(jig_props_get(p, "recipe.preproc.macros"),
                        "g++ {compiler.cpp.flags} {preproc.macros.flags} {source_file} -o "
                        "{preprocessed_file_path}");
    assert_string_equal(jig_props_get(p, "preproc.macros.flags"), "-w -x c++ -E -CC");
    jig_props_set(p, "recipe.preproc.macros", "own");
    assert_int_equal(jig_recipe_preproc(p, &err), JIG_OK);
    assert_string_equal(jig_props_get(p, "recipe.preproc.macros"), "own");
    jig_props_free(p);
}

static void a_missing_tool_names_itself_and_its_package(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        const char *message;
        const char *hint;
    } rows[] = {
        {"/nonexistent/bin/avr-gcc",
         "r needs the program /nonexistent/bin/avr-gcc, which is not installed",
         "install the Debian package gcc-avr"},
        {"/nonexistent/avr-objcopy",
         "r needs the program /nonexistent/avr-objcopy, which is not installed",
         "install the Debian package binutils-avr"},
        {"{runtime.tools.xyz-gcc.path}/bin/xyz-gcc",
         "r needs the program xyz-gcc of the tool 'xyz-gcc', which is not installed", ""},
        {"no-such-tool-anywhere",
         "r needs the program no-such-tool-anywhere, which is not installed", ""},
        {"/etc/passwd", "r needs the program /etc/passwd, which may not be run", ""},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_strv argv = {0};
        struct jig_err err = JIG_ERR_INIT;
        jig_strv_append(&argv, rows[i].word);
        assert_int_not_equal(jig_recipe_find_tool(&argv, "r", &err), JIG_OK);
        assert_string_equal(err.message, rows[i].message);
        assert_string_equal(err.hint, rows[i].hint);
        jig_strv_release(&argv);
    }
    struct jig_strv argv = {0};
    jig_strv_append(&argv, "sh");
    assert_int_equal(jig_recipe_find_tool(&argv, "r", NULL), JIG_OK);
    assert_int_equal(argv.v[0][0], '/');
    jig_strv_release(&argv);
    assert_string_equal(jig_package_of_tool("/x/bossac"), "bossa-cli");
    assert_null(jig_package_of_tool("unheard-of"));
}

/* --- with a platform -------------------------------------------------------------------------- */

struct board {
    struct jig_hardware *hw;
    struct jig_board_config *config;
};

static struct board open_board_in(const char *folder, const char *fqbn)
{
    struct board b = {0};
    struct jig_strv folders = {0};
    struct jig_hardware_view *view = NULL;
    struct jig_err err = JIG_ERR_INIT;
    jig_strv_append(&folders, folder);
    b.hw = jig_hardware_new(&folders, "/nonexistent");
    jig_strv_release(&folders);
    if (jig_hardware_refresh(b.hw, &view, NULL, &err) != JIG_OK ||
        jig_board_resolve(view, fqbn, NULL, &b.config, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_hardware_view_unref(view);
    return b;
}

static struct board open_board(const char *fqbn)
{
    return open_board_in(SYSTEM, fqbn);
}

static void close_board(struct board *b)
{
    jig_board_config_free(b->config);
    jig_hardware_free(b->hw);
}

static void hooks_run_in_the_specifications_order(void **state)
{
    (void)state;
    struct board b = open_board("acme:tiny:one");
    struct jig_strv keys = {0};
    jig_recipe_find(b.config->props, "recipe.hooks.core.prebuild", &keys);
    JIG_CLEANUP_FREE char *hooks = jig_strv_join(&keys, " ");
    assert_string_equal(hooks, "recipe.hooks.core.prebuild.1.pattern "
                               "recipe.hooks.core.prebuild.10.pattern "
                               "recipe.hooks.core.prebuild.2.pattern");
    jig_strv_clear(&keys);
    jig_recipe_find(b.config->props, "recipe.objcopy.", &keys);
    JIG_CLEANUP_FREE char *objcopy = jig_strv_join(&keys, " ");
    assert_string_equal(objcopy, "recipe.objcopy.eep.pattern recipe.objcopy.hex.pattern");
    jig_strv_release(&keys);
    const struct jig_props *p = b.config->props;
    assert_string_equal(jig_recipe_for_source(p, ".cxx"), "recipe.cpp.o.pattern");
    assert_string_equal(jig_recipe_for_source(p, ".S"), "recipe.S.o.pattern");
    assert_null(jig_recipe_for_source(p, ".s"));
    close_board(&b);
}

static char *upload_line(struct board *b, struct jig_upload_request r, const char *port,
                         struct jig_upload_plan **ret_plan)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_upload_plan *plan = NULL;
    struct jig_strv argv = {0};
    char *line;
    if (jig_upload_plan(b->config, &r, &plan, &err) != JIG_OK ||
        jig_upload_argv(plan, port, &argv, &err) != JIG_OK)
        line = jig_xstrdup(err.message);
    else
        line = jig_shell_join(&argv);
    jig_strv_release(&argv);
    if (ret_plan != NULL)
        *ret_plan = plan;
    else
        jig_upload_plan_free(plan);
    return line;
}

static void uploads_use_the_boards_tool(void **state)
{
    (void)state;
    struct board b = open_board("acme:tiny:one");
    struct jig_upload_request r = {
        .build_path = "/b d", .project_name = "Blink.ino", .protocol = "serial", .verify = true};
    struct jig_upload_plan *plan = NULL;
    JIG_CLEANUP_FREE char *quiet = upload_line(&b, r, "/dev/ttyUSB0", &plan);
    assert_string_equal(quiet, "/bin/true -q -ptiny1 -ctinyboot -P/dev/ttyUSB0 -b115200 "
                               "'/b d/Blink.ino.hex'");
    assert_true(plan->needs_port);
    assert_false(plan->touch_1200);
    assert_string_equal(plan->tool, "loader");
    jig_upload_plan_free(plan);
    r.verbose = true;
    r.verify = false;
    r.protocol = NULL; /* upload.serial.speed is the serial port's alone */
    JIG_CLEANUP_FREE char *loud = upload_line(&b, r, "/dev/x", NULL);
    assert_string_equal(loud, "/bin/true -v -n -ptiny1 -ctinyboot -P/dev/x -b57600 "
                              "'/b d/Blink.ino.hex'");
    JIG_CLEANUP_FREE char *no_port = upload_line(&b, r, NULL, NULL);
    assert_string_equal(no_port, "the tool loader needs a port, and none is named");
    close_board(&b);
}

static void a_touch_comes_first_when_the_board_wants_it(void **state)
{
    (void)state;
    struct board b = open_board("acme:tiny:two");
    struct jig_upload_request r = {.build_path = "/b", .project_name = "x", .protocol = "serial"};
    struct jig_upload_plan *plan = NULL;
    JIG_CLEANUP_FREE char *line = upload_line(&b, r, "/dev/ttyACM0", &plan);
    assert_true(jig_str_starts(line, "/bin/true -q -n"));
    assert_true(plan->touch_1200);
    assert_true(plan->wait_port);
    jig_upload_plan_free(plan);
    close_board(&b);
}

static void tools_of_other_platforms_and_programmers(void **state)
{
    (void)state;
    struct board b = open_board("zeta:tiny:spark");
    struct jig_upload_request r = {.build_path = "/b", .project_name = "x", .protocol = "serial"};
    JIG_CLEANUP_FREE char *other = upload_line(&b, r, "/dev/p", NULL);
    assert_string_equal(other, "/bin/true -q -n -ptiny1 -czetaboot -P/dev/p -b9600 /b/x.hex");
    close_board(&b);

    b = open_board("acme:tiny:one");
    r.action = JIG_PROGRAM;
    r.programmer = "isp";
    JIG_CLEANUP_FREE char *isp = upload_line(&b, r, NULL, NULL);
    assert_string_equal(isp, "/bin/true -q -ptiny1 -cacmeisp -Pusb /b/x.hex");
    r.action = JIG_BOOTLOADER;
    JIG_CLEANUP_FREE char *burn = upload_line(&b, r, NULL, NULL);
    assert_string_equal(burn, "the board acme:tiny:one names no tool for bootloader");
    r.programmer = "nobody";
    JIG_CLEANUP_FREE char *nobody = upload_line(&b, r, NULL, NULL);
    assert_string_equal(nobody, "the platform acme:tiny has no programmer 'nobody'; it has: isp");
    r.programmer = NULL;
    JIG_CLEANUP_FREE char *none = upload_line(&b, r, NULL, NULL);
    assert_string_equal(none, "this needs a programmer, and none is named");
    close_board(&b);
}

/* What arduino-cli 1.0.4 prints with `upload --dry-run -v`, but for the path of its own avrdude. */
static void debians_boards_are_uploaded_as_arduino_cli_does(void **state)
{
    (void)state;
    static const struct {
        const char *fqbn;
        const char *programmer;
        const char *line;
    } rows[] = {
        {"arduino:avr:uno", NULL,
         "/usr/bin/avrdude -C/etc/avrdude.conf -v -V -patmega328p -carduino -P/dev/ttyACM0 "
         "-b115200 "
         "-D -Uflash:w:/b/Blink.ino.hex:i"},
        {"arduino:avr:leonardo", NULL,
         "/usr/bin/avrdude -C/etc/avrdude.conf -v -V -patmega32u4 -cavr109 -P/dev/ttyACM0 -b57600 "
         "-D "
         "-Uflash:w:/b/Blink.ino.hex:i"},
        {"arduino:avr:nano:cpu=atmega328old", NULL,
         "/usr/bin/avrdude -C/etc/avrdude.conf -v -V -patmega328p -carduino -P/dev/ttyACM0 -b57600 "
         "-D -Uflash:w:/b/Blink.ino.hex:i"},
        {"arduino:avr:uno", "usbasp",
         "/usr/bin/avrdude -C/etc/avrdude.conf -v -V -patmega328p -cusbasp -Pusb "
         "-Uflash:w:/b/Blink.ino.hex:i"},
    };
    if (!jig_fs_is_file(DEBIAN "/arduino/avr/boards.txt") ||
        !jig_fs_is_executable("/usr/bin/avrdude"))
        skip();
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct board b = open_board_in(DEBIAN, rows[i].fqbn);
        struct jig_upload_request r = {.build_path = "/b",
                                       .project_name = "Blink.ino",
                                       .protocol = "serial",
                                       .programmer = rows[i].programmer,
                                       .verbose = true};
        r.action = r.programmer != NULL ? JIG_PROGRAM : JIG_UPLOAD;
        JIG_CLEANUP_FREE char *line = upload_line(&b, r, "/dev/ttyACM0", NULL);
        assert_string_equal(line, rows[i].line);
        if (r.programmer != NULL)
            assert_string_equal(jig_upload_find_programmer(b.config, "usbasp"), r.programmer);
        close_board(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_split_as_the_arduino_tools_do),
        cmocka_unit_test(paths_are_safe_whatever_is_in_them),
        cmocka_unit_test(lists_may_be_empty_and_flags_are_appended),
        cmocka_unit_test(a_missing_recipe_is_named),
        cmocka_unit_test(unset_properties_stay_or_go),
        cmocka_unit_test(the_preprocessors_recipe_is_made_when_missing),
        cmocka_unit_test(a_missing_tool_names_itself_and_its_package),
        cmocka_unit_test(hooks_run_in_the_specifications_order),
        cmocka_unit_test(uploads_use_the_boards_tool),
        cmocka_unit_test(a_touch_comes_first_when_the_board_wants_it),
        cmocka_unit_test(tools_of_other_platforms_and_programmers),
        cmocka_unit_test(debians_boards_are_uploaded_as_arduino_cli_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
