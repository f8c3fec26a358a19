#include "tests/support/unit.h"

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/words.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_compile_and_its_preprocessor),
        cmocka_unit_test(what_a_preprocessor_sees),
        cmocka_unit_test(the_order_of_the_include_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
