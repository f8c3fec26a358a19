#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/probes.h"
#include "core/build/words.h"
#include "core/os/fs.h"

static bool alike(const char *a, const char *b)
{
    struct jig_strv x = {0};
    struct jig_strv y = {0};
    jig_str_split(a, " ", false, &x);
    jig_str_split(b, " ", false, &y);
    bool same = jig_words_preprocess_alike(&x, &y);
    assert_int_equal(jig_words_preprocess_alike(&y, &x), same);
    jig_strv_release(&x);
    jig_strv_release(&y);
    return same;
}

/* The words of the AVR platform's two recipes. */
static void a_compile_and_its_preprocessor(void **state)
{
    (void)state;
    assert_true(alike("/usr/bin/avr-g++ -c -g -Os -w -std=gnu++11 -flto -MD -mmcu=atmega328p "
                      "-DF_CPU=16000000L -I/core /x.cpp -o /x.o -MF /x.d",
                      "/usr/bin/avr-g++ -c -g -Os -w -std=gnu++11 -flto -w -x c++ -E -CC "
                      "-mmcu=atmega328p -DF_CPU=16000000L -I/core /x.cpp -o /dev/null -MD -MF /y"));
    assert_true(alike("/cc -Wall -Wno-x /x.cpp", "/cc /x.cpp"));
}

static void what_a_preprocessor_sees(void **state)
{
    (void)state;
    assert_false(alike("/cc /x.cpp", "/other /x.cpp"));
    assert_false(alike("/cc /x.cpp", "/cc -DX /x.cpp"));
    assert_false(alike("/cc -DA -DB /x.cpp", "/cc -DB -DA /x.cpp"));
    assert_false(alike("/cc -O2 /x.cpp", "/cc -O0 /x.cpp"));        /* __OPTIMIZE__ */
    assert_false(alike("/cc -Wp,-DX /x.cpp", "/cc /x.cpp"));        /* handed on */
    assert_false(alike("/cc -Werror /x.cpp", "/cc /x.cpp"));        /* #warning fails */
    assert_false(alike("/cc -x c /x.cpp", "/cc /x.cpp"));           /* another language */
    assert_false(alike("/cc -I/a -I/b /x.cpp", "/cc -I/a /x.cpp")); /* another path */
    assert_false(alike("/cc -include /x.h /x.cpp", "/cc /x.cpp"));
    assert_false(alike("/cc -unknown /x.cpp", "/cc /x.cpp"));
}

static void the_order_of_the_include_path(void **state)
{
    (void)state;
    struct jig_strv argv = {0};
    struct jig_strv path = {0};
    jig_str_split("/cc -idirafter /e -I /b -isystem/d -iquote /a -I/c /x.cpp -I", " ", false,
                  &argv);
    jig_words_include_path(&argv, &path);
    JIG_CLEANUP_FREE char *joined = jig_strv_join(&path, " ");
    assert_string_equal(joined, "/a /b /c  /d /e"); /* an -I without a folder is none */
    jig_strv_release(&argv);
    jig_strv_release(&path);
}

static void put(const char *dir, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    JIG_CLEANUP_FREE char *folder = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(folder, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0600, NULL), JIG_OK);
}

/* No linker lists the scripts that it reads. */
static void scripts_that_scripts_include(void **state)
{
    const char *dir = *state;
    JIG_CLEANUP_FREE char *absolute = jig_strf("INCLUDE %s/z.ld;INCLUDE gone.ld", dir);
    put(dir, "main.ld",
        "/* top */\nINCLUDE mem.ld\nSECTIONS { .x : { INCLUDE \"rom.inc\" } }\n"
        "NOINCLUDE no.ld\n");
    put(dir, "one/mem.ld", absolute);
    put(dir, "two/mem.ld", "");
    put(dir, "two/rom.inc", "INCLUDE\tmem.ld INCLUDE rom.inc\n");
    put(dir, "two/no.ld", "");
    put(dir, "z.ld", "INCLUDE main.ld");
    JIG_CLEANUP_FREE char *line =
        jig_strf("/cc -T%s/main.ld -L%s/one -Wl,-L,%s/two", dir, dir, dir);
    struct jig_strv argv = {0};
    struct jig_strv files = {0};
    jig_str_split(line, " ", false, &argv);
    jig_words_files(&argv, NULL, &files);
    JIG_CLEANUP_FREE char *joined = jig_strv_join(&files, " ");
    JIG_CLEANUP_FREE char *expected =
        jig_strf("%s/main.ld %s/one/mem.ld %s/z.ld %s/two/rom.inc", dir, dir, dir, dir);
    assert_string_equal(joined, expected);
    jig_strv_release(&argv);
    jig_strv_release(&files);
}

static void what_an_assembler_reads(void **state)
{
    static const struct {
        const char *text;
        bool opaque;
    } rows[] = {
        {".include \"x.inc\"\n", true},
        {"asm(\".include \\\"x.inc\\\"\");", true},
        {"\t.incbin \"x\"", true},
        {"#include \"x.h\"", false},
        {"// see a.include of b.h, or c.include", false},
        {"", false},
    };
    (void)state;
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_strv names = {0};
        bool opaque = false;
        jig_probes_in_text(rows[i].text, strlen(rows[i].text), &names, &opaque);
        assert_int_equal(opaque, rows[i].opaque);
        jig_strv_release(&names);
    }
}

/* More questions than are kept: nobody knows them all. */
static void more_probes_than_are_kept(void **state)
{
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    (void)state;
    for (int n = 0; n < 1001; n++) {
        struct jig_strv names = {0};
        bool opaque = false;
        jig_buf_printf(&text, "#if __has_include(<x%d.h>)\n", n);
        if (n >= 998)
            jig_probes_in_text(text.data, text.len, &names, &opaque);
        assert_int_equal(opaque, n >= 1000);
        jig_strv_release(&names);
    }
    jig_buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compile_and_its_preprocessor),
        cmocka_unit_test(what_a_preprocessor_sees),
        cmocka_unit_test(the_order_of_the_include_path),
        cmocka_unit_test_setup_teardown(scripts_that_scripts_include, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test(what_an_assembler_reads),
        cmocka_unit_test(more_probes_than_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
