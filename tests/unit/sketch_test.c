#include "tests/support/unit.h"

#include <string.h>
#include <unistd.h>

#include "core/arduino/preprocess.h"
#include "core/arduino/sketch.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

/* A file below the test's folder, its folders made. */
static void put(void **state, const char *relative, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, relative);
    JIG_CLEANUP_FREE char *folder = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(folder, 0755, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0644, NULL), JIG_OK);
}

static struct jig_sketch *load(void **state, const char *relative)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, relative);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_sketch *s = NULL;
    if (jig_sketch_load(path, &s, &err) != JIG_OK)
        fail_msg("%s", err.message);
    return s;
}

static void assert_list(const struct jig_strv *list, const char *expected)
{
    JIG_CLEANUP_FREE char *joined = jig_strv_join(list, " ");
    assert_string_equal(joined, expected);
}

static void expect_failure(void **state, const char *relative, enum jig_code code,
                           const char *message)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, relative);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_sketch *s = NULL;
    assert_int_equal(jig_sketch_load(path, &s, &err), code);
    assert_null(s);
    assert_non_null(strstr(err.message, message));
}

/* The order of tabs and files sets the order of code in flash. */
static void files_come_in_the_builders_order(void **state)
{
    put(state, "Lamp/Lamp.ino", "");
    put(state, "Lamp/beta.ino", "");
    put(state, "Lamp/Zeta.ino", "");
    put(state, "Lamp/alpha.pde", "");
    put(state, "Lamp/z.cpp", "");
    put(state, "Lamp/a.S", "");
    put(state, "Lamp/src/x/deep.c", "");
    put(state, "Lamp/src/x.cpp", "");
    put(state, "Lamp/extras/help.hpp", "");
    put(state, "Lamp/README.md", "");
    struct jig_sketch *s = load(state, "Lamp");
    assert_string_equal(s->name, "Lamp");
    assert_string_equal(s->main_name, "Lamp.ino");
    assert_list(&s->tabs, "Lamp.ino Zeta.ino alpha.pde beta.ino");
    /* bytewise over the whole path: '.' sorts before '/' */
    assert_list(&s->additional, "README.md a.S extras/help.hpp src/x.cpp src/x/deep.c z.cpp");
    jig_sketch_free(s);
}

static void what_is_no_part_is_left_out(void **state)
{
    put(state, "Lamp/Lamp.ino", "");
    put(state, "Lamp/.hidden.ino", "");
    put(state, "Lamp/.git/x.cpp", "");
    put(state, "Lamp/._Lamp.ino", "");
    put(state, "Lamp/copy/Lamp.ino", "");
    put(state, "Lamp/copy/other.ino", "");
    put(state, "Lamp/notes.txt", "");
    put(state, "Lamp/old.cpp.bak", "");
    put(state, "Lamp/build/arduino.avr.uno/Lamp.ino.cpp", "");
    put(state, "Lamp/out/build.options.json", "{}");
    put(state, "Lamp/out/sketch/Lamp.ino.cpp", "");
    put(state, "Lamp/out2/CACHEDIR.TAG", "");
    put(state, "Lamp/out2/sketch/Lamp.ino.cpp", "");
    put(state, "Lamp/src/build/kept.h", "");
    struct jig_sketch *s = load(state, "Lamp");
    assert_list(&s->tabs, "Lamp.ino");
    assert_list(&s->additional, "src/build/kept.h");
    jig_sketch_free(s);
}

static void a_sketch_is_named_by_folder_or_tab(void **state)
{
    put(state, "Lamp/Lamp.ino", "");
    put(state, "Lamp/other.ino", "");
    put(state, "Lamp/lamp.cpp", "");
    JIG_CLEANUP_FREE char *link = jig_path_join(*state, "link");
    assert_int_equal(symlink("Lamp", link), 0);
    const char *const names[] = {"Lamp", "Lamp/", "Lamp/Lamp.ino", "Lamp/other.ino", "link"};
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        struct jig_sketch *s = load(state, names[i]);
        assert_string_equal(s->name, "Lamp");
        jig_sketch_free(s);
    }
    expect_failure(state, "Lamp/lamp.cpp", JIG_INVALID_ARGUMENT, "neither a sketch folder nor");
    expect_failure(state, "Nowhere", JIG_NOT_FOUND, "Nowhere");
    assert_true(jig_sketch_is_folder(link));
    assert_false(jig_sketch_is_folder(*state));
    assert_false(jig_sketch_is_folder("/nowhere/at/all"));
}

static void a_missing_main_tab_is_explained(void **state)
{
    put(state, "Lamp/lamp.ino", "");
    put(state, "Lamp/other.ino", "");
    put(state, "Empty/x.h", "");
    expect_failure(state, "Lamp", JIG_NOT_FOUND, "it has no Lamp.ino; it has: lamp.ino, other.ino");
    expect_failure(state, "Empty", JIG_NOT_FOUND, "is not a sketch: it has no Empty.ino");
    put(state, "Two/Two.ino", "");
    put(state, "Two/Two.pde", "");
    expect_failure(state, "Two", JIG_INVALID_ARGUMENT, "two main files: Two.ino and Two.pde");
    put(state, "Old/Old.pde", "");
    struct jig_sketch *s = load(state, "Old");
    assert_string_equal(s->main_name, "Old.pde");
    jig_sketch_free(s);
}

static void a_name_that_no_line_directive_can_carry_is_refused(void **state)
{
    put(state, "Lamp/Lamp.ino", "");
    put(state, "Lamp/two\nlines.h", "");
    expect_failure(state, "Lamp", JIG_INVALID_ARGUMENT, "control character");
    put(state, "La\nmp/La\nmp.ino", "");
    expect_failure(state, "La\nmp", JIG_INVALID_ARGUMENT, "control character");
}

static void odd_names_are_fine(void **state)
{
    put(state, "-x \"y\" \\ ü/-x \"y\" \\ ü.ino", "int a;");
    struct jig_sketch *s = load(state, "-x \"y\" \\ ü");
    struct jig_merged *m = NULL;
    assert_int_equal(jig_preprocess_merge(s, &m, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *expected = jig_strf("#include <Arduino.h>\n#line 1 \"%s/-x \\\"y\\\" "
                                               "\\\\ ü/-x \\\"y\\\" \\\\ ü.ino\"\nint a;\n",
                                               (char *)*state);
    assert_string_equal(m->text, expected);
    jig_merged_free(m);
    jig_sketch_free(s);
}

static void links_that_loop_or_lead_nowhere_do_no_harm(void **state)
{
    put(state, "Lamp/Lamp.ino", "");
    put(state, "Lamp/src/a.cpp", "");
    JIG_CLEANUP_FREE char *loop = jig_path_join(*state, "Lamp/src/loop");
    JIG_CLEANUP_FREE char *dead = jig_path_join(*state, "Lamp/dead.cpp");
    assert_int_equal(symlink("..", loop), 0);
    assert_int_equal(symlink("/nowhere/at/all", dead), 0);
    struct jig_sketch *s = load(state, "Lamp");
    assert_list(&s->additional, "src/a.cpp");
    jig_sketch_free(s);
}

static void sources_are_those_at_the_root_and_below_src(void **state)
{
    (void)state;
    static const struct {
        const char *relative;
        bool source;
    } cases[] = {
        {"a.cpp", true},         {"a.c", true},          {"a.cc", true},       {"a.cxx", true},
        {"a.S", true},           {"a.s", false},         {"a.CPP", false},     {"a.h", false},
        {"src/x/y/a.c", true},   {"data/a.c", false},    {"src.c", true},      {"srcs/a.c", false},
        {"src/.hid/a.c", false}, {"src/CVS/a.c", false}, {"x/src/a.c", false},
    };
    for (size_t i = 0; i < JIG_COUNT(cases); i++)
        assert_int_equal(jig_sketch_is_source(cases[i].relative), cases[i].source);
}

/* PlatformIO's src/ may hold .ino files of any name. */
static void tabs_may_be_given(void **state)
{
    put(state, "src/helpers.ino", "int help() { return 1; }\n");
    put(state, "src/main.ino", "void setup () {}\nvoid loop() {}\n");
    put(state, "src/last.ino", "// void setup\n");
    JIG_CLEANUP_FREE char *folder = jig_path_join(*state, "src");
    struct jig_strv tabs = {0};
    jig_strv_append(&tabs, "helpers.ino");
    jig_strv_append(&tabs, "last.ino");
    jig_strv_append(&tabs, "main.ino");
    struct jig_sketch *s = NULL;
    assert_int_equal(jig_sketch_from_tabs(folder, NULL, &tabs, &s, NULL), JIG_OK);
    assert_list(&s->tabs, "main.ino helpers.ino last.ino");
    assert_string_equal(s->name, "main");
    assert_string_equal(s->main_name, "main.ino");
    assert_int_equal(s->additional.n, 0);
    jig_sketch_free(s);

    jig_strv_remove(&tabs, 2);
    assert_int_equal(jig_sketch_from_tabs(folder, NULL, &tabs, &s, NULL), JIG_OK);
    assert_list(&s->tabs, "helpers.ino last.ino");
    jig_sketch_free(s);

    jig_strv_append(&tabs, "missing.ino");
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_sketch_from_tabs(folder, NULL, &tabs, &s, &err), JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, "missing.ino"));
    jig_strv_clear(&tabs);
    assert_int_equal(jig_sketch_from_tabs(folder, NULL, &tabs, &s, &err), JIG_INVALID_ARGUMENT);
    jig_strv_release(&tabs);
}

/* Files of another folder, as if they stood in the sketch; what is in both is the sketch's. */
static void a_twin_adds_what_is_not_there(void **state)
{
    put(state, "Lamp/Lamp.ino", "int main_tab;\n");
    put(state, "Lamp/beta.ino", "int own;\n");
    put(state, "Lamp/z.cpp", "");
    put(state, "twin/beta.ino", "int not_this;\n");
    put(state, "twin/alpha.ino", "int pulled;\n");
    put(state, "twin/Lamp.ino", "int nor_this;\n");
    put(state, "twin/deep/no.ino", "");
    put(state, "twin/src/a.cpp", "");
    put(state, "twin/z.cpp", "");
    JIG_CLEANUP_FREE char *twin = jig_path_join(*state, "twin");
    struct jig_sketch *s = load(state, "Lamp");
    assert_int_equal(jig_sketch_add_twin(s, twin, NULL), JIG_OK);
    assert_list(&s->tabs, "Lamp.ino alpha.ino beta.ino");
    assert_list(&s->additional, "src/a.cpp z.cpp");
    JIG_CLEANUP_FREE char *z = jig_sketch_path(s, "z.cpp");
    JIG_CLEANUP_FREE char *a = jig_sketch_path(s, "src/a.cpp");
    assert_true(jig_str_starts(z, s->folder));
    assert_true(jig_str_starts(a, twin));
    struct jig_merged *m = NULL;
    assert_int_equal(jig_preprocess_merge(s, &m, NULL), JIG_OK);
    assert_non_null(strstr(m->text, "int main_tab;"));
    assert_non_null(strstr(m->text, "int pulled;"));
    assert_non_null(strstr(m->text, "int own;"));
    assert_null(strstr(m->text, "not_this"));
    assert_null(strstr(m->text, "nor_this"));
    jig_merged_free(m);
    jig_sketch_free(s);

    put(state, "twin/Lamp.pde", "");
    struct jig_err err = JIG_ERR_INIT;
    s = load(state, "Lamp");
    assert_int_equal(jig_sketch_add_twin(s, twin, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "Lamp.pde"));
    jig_sketch_free(s);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)
    const struct CMUnitTest tests[] = {
        CASE(files_come_in_the_builders_order),
        CASE(what_is_no_part_is_left_out),
        CASE(a_sketch_is_named_by_folder_or_tab),
        CASE(a_missing_main_tab_is_explained),
        CASE(a_name_that_no_line_directive_can_carry_is_refused),
        CASE(odd_names_are_fine),
        CASE(links_that_loop_or_lead_nowhere_do_no_harm),
        CASE(sources_are_those_at_the_root_and_below_src),
        CASE(tabs_may_be_given),
        CASE(a_twin_adds_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
