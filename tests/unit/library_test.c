#include "tests/support/unit.h"

#include <string.h>

#include "core/arduino/libindex.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define USER    JIG_VECTORS "/arduino-platforms/libraries/user"
#define PROJECT JIG_VECTORS "/arduino-platforms/libraries/project"

static struct jig_library *load(const char *path, enum jig_library_location location)
{
    struct jig_readlog *log = jig_readlog_new();
    struct jig_library *lib = NULL;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_library_load(path, NULL, location, log, &lib, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_readlog_free(log);
    return lib;
}

static void assert_list(const struct jig_strv *list, const char *expected)
{
    JIG_CLEANUP_FREE char *line = jig_strv_join(list, " ");
    assert_string_equal(line, expected);
}

static void assert_sources(const struct jig_library *lib, bool link_order, const char *expected)
{
    struct jig_sources s = {0};
    struct jig_strv objects = {0};
    assert_int_equal(jig_library_sources(lib, link_order, NULL, &s, NULL), JIG_OK);
    for (size_t i = 0; i < s.n; i++) {
        assert_true(jig_fs_is_file(s.items[i].path));
        jig_strv_append(&objects, s.items[i].object);
    }
    assert_list(&objects, expected);
    jig_strv_release(&objects);
    jig_sources_release(&s);
}

static void recursive_layout(void **state)
{
    (void)state;
    struct jig_library *lib = load(USER "/Wire", JIG_LIBRARY_USER);
    assert_string_equal(lib->name, "Wire");
    assert_string_equal(lib->version, "2.0.1");
    assert_string_equal(lib->source_dir, USER "/Wire/src");
    assert_int_equal(lib->layout, JIG_LAYOUT_RECURSIVE);
    assert_true(lib->dot_a_linkage);
    assert_false(lib->precompiled);
    assert_list(&lib->architectures, "avr tiny");
    assert_list(&lib->includes, "Wire.h");
    assert_list(&lib->headers, "Wire.h");
    assert_int_equal(lib->depends.n, 2);
    assert_string_equal(lib->depends.v[1], "Other (>1.0)");
    assert_true(jig_library_fits(lib, "tiny"));
    assert_false(jig_library_fits(lib, "esp32"));
    /* walk: names in order, folders entered where they stand; link: by the object's whole path */
    assert_sources(lib, false, "Wire.cpp.o a.S.o sub/deep.c.o sub.cpp.o");
    assert_sources(lib, true, "Wire.cpp.o a.S.o sub.cpp.o sub/deep.c.o");
    JIG_CLEANUP_FREE char *label = jig_library_label(lib);
    assert_string_equal(label, "Wire@2.0.1");
    jig_library_free(lib);
}

static void flat_and_legacy_layouts(void **state)
{
    (void)state;
    struct jig_library *lib = load(USER "/Flat", JIG_LIBRARY_USER);
    assert_int_equal(lib->layout, JIG_LAYOUT_FLAT);
    assert_string_equal(lib->source_dir, USER "/Flat");
    assert_string_equal(lib->utility_dir, USER "/Flat/utility");
    assert_sources(lib, true, "Flat.cpp.o utility/u.c.o");
    jig_library_free(lib);
    lib = load(USER "/Legacy", JIG_LIBRARY_USER);
    assert_true(lib->legacy);
    assert_list(&lib->architectures, "*");
    assert_string_equal(lib->version, "");
    assert_sources(lib, true, "Legacy.cpp.o utility/l.c.o");
    jig_library_free(lib);
}

static void project_layout(void **state)
{
    (void)state;
    struct jig_library *lib = load(PROJECT "/Own", JIG_LIBRARY_PROJECT);
    assert_string_equal(lib->source_dir, PROJECT "/Own/src");
    assert_string_equal(lib->include_dir, PROJECT "/Own/include");
    assert_list(&lib->headers, "Own.h OwnApi.h");
    struct jig_strv dirs = {0};
    jig_library_include_dirs(lib, &dirs);
    assert_int_equal(dirs.n, 2);
    jig_strv_release(&dirs);
    jig_library_free(lib);
    lib = load(PROJECT "/Plain", JIG_LIBRARY_PROJECT);
    assert_sources(lib, false, "Plain.cpp.o deep/deep.cpp.o"); /* the example is left out */
    jig_library_free(lib);
    lib = load(PROJECT "/Json", JIG_LIBRARY_PROJECT);
    assert_string_equal(lib->name, "JsonLib");
    assert_string_equal(lib->version, "3.1.4");
    assert_list(&lib->headers, "Json.h");
    assert_string_equal(lib->flags, "-DJSON -Wextra");
    assert_sources(lib, false, "Json.cpp.o"); /* the filter leaves legacy/ out */
    jig_library_free(lib);
}

static void what_is_no_library_says_so(void **state)
{
    (void)state;
    struct jig_readlog *log = jig_readlog_new();
    struct jig_library *lib = NULL;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_library_load(USER "/NotALibrary", NULL, JIG_LIBRARY_USER, log, &lib, &err),
                     JIG_NOT_FOUND);
    assert_int_equal(jig_library_load(USER "/Broken", NULL, JIG_LIBRARY_USER, log, &lib, &err),
                     JIG_INVALID_ARGUMENT);
    assert_string_equal(err.message,
                        USER "/Broken/library.properties:2: 'this line has no equals sign' is not "
                             "of the form key=value");
    jig_readlog_free(log);
}

static void precompiled_archives(void **state)
{
    (void)state;
    struct jig_library *lib = load(USER "/Pre", JIG_LIBRARY_USER);
    struct jig_readlog *log = jig_readlog_new();
    struct jig_props *p = jig_props_new();
    struct jig_precompiled pre = {0};
    assert_true(lib->precompiled && lib->precompiled_full);
    jig_props_set(p, "build.mcu", "tiny1");
    jig_props_set(p, "recipe.cpp.o.pattern", "g++ -mfloat-abi=hard {nope}");
    assert_int_equal(jig_library_precompiled(lib, p, log, &pre, NULL), JIG_OK);
    assert_null(pre.dir); /* the platform does not support it: no compiler.libraries.ldflags */
    assert_true(pre.sources_too);
    jig_precompiled_release(&pre);
    jig_props_set(p, "compiler.libraries.ldflags", "");
    assert_int_equal(jig_library_precompiled(lib, p, log, &pre, NULL), JIG_OK);
    assert_string_equal(pre.dir, USER "/Pre/src/tiny1");
    assert_list(&pre.ldflags, "-L" USER "/Pre/src/tiny1 -lm -Xspecial flag -lpre");
    assert_list(&pre.objects, USER "/Pre/src/tiny1/odd.a");
    assert_false(pre.sources_too);
    jig_precompiled_release(&pre);
    jig_props_set(p, "build.mcu", "tiny9");
    assert_int_equal(jig_library_precompiled(lib, p, log, &pre, NULL), JIG_OK);
    assert_string_equal(pre.dir, USER "/Pre/src/tiny9/hard");
    jig_precompiled_release(&pre);
    jig_props_set(p, "build.mcu", "tiny2");
    assert_int_equal(jig_library_precompiled(lib, p, log, &pre, NULL), JIG_OK);
    assert_null(pre.dir);
    assert_true(pre.sources_too);
    jig_precompiled_release(&pre);
    jig_props_free(p);
    jig_readlog_free(log);
    jig_library_free(lib);
}

static void points_follow_name_place_and_architecture(void **state)
{
    (void)state;
    struct jig_library lib = {.location = JIG_LIBRARY_USER, .named = true};
    jig_strv_append(&lib.architectures, "avr");
    static const struct {
        const char *name;
        const char *dir;
        const char *header;
        const char *arch;
        int points;
    } rows[] = {
        {"Servo", "Servo", "Servo.h", "avr", 1010 + 700 + 3},
        {"Servo", "servo", "servo.hpp", "avr", 1010 + 700 + 3}, /* case does not count */
        {"Servo", "Servo", "Servo.h", "samd", 0 + 700 + 3},
        {"Servo", "x", "Servo.h", "avr", 1010 + 600 + 3},
        {"x", "Servo-main", "Servo.h", "avr", 1010 + 500 + 3},
        {"x", "Servo-master", "Servo.h", "avr", 1010 + 400 + 3},
        {"Servo Plus", "x", "Servo.h", "avr", 1010 + 300 + 3},
        {"x", "My_Servo", "Servo.h", "avr", 1010 + 200 + 3},
        {"The Servo Lib", "x", "Servo.h", "avr", 1010 + 100 + 3},
        {"x", "y", "Servo.h", "avr", 1010 + 3},
        {"My Lib", "z", "My_Lib.h", "avr", 1010 + 600 + 3}, /* a blank is a '_' */
        {"Grün", "z", "Gr_n.h", "avr", 1010 + 600 + 3},     /* so is one character of UTF-8 */
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        lib.name = (char *)rows[i].name;
        lib.dir_name = (char *)rows[i].dir;
        int points = jig_library_points(&lib, rows[i].header, rows[i].arch);
        if (points != rows[i].points)
            fail_msg("row %zu has %d points, not %d", i, points, rows[i].points);
    }
    static const int places[] = {0, 1, 2, 3, 10000};
    for (int place = JIG_LIBRARY_BUILTIN; place <= JIG_LIBRARY_PROJECT; place++) {
        lib.location = (enum jig_library_location)place;
        assert_int_equal(jig_library_points(&lib, "zzz.h", "avr"), 1010 + places[place]);
    }
    jig_strv_clear(&lib.architectures);
    jig_strv_append(&lib.architectures, "*");
    assert_int_equal(jig_library_points(&lib, "zzz.h", "avr"), 1000 + 10000);
    jig_strv_release(&lib.architectures);
}

static struct jig_libindex *open_index(struct jig_libcache *c, const struct jig_strv *ignore)
{
    const struct jig_library_folder folders[] = {
        {USER, JIG_LIBRARY_USER, false},
        {PROJECT, JIG_LIBRARY_PROJECT, false},
        {"/nonexistent", JIG_LIBRARY_BUILTIN, false},
        {USER, JIG_LIBRARY_PROJECT, false}, /* named twice: counts once */
    };
    struct jig_libindex *x = NULL;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_libindex_open(c, folders, JIG_COUNT(folders), ignore, &x, &err) != JIG_OK)
        fail_msg("%s", err.message);
    return x;
}

static void headers_find_their_library(void **state)
{
    (void)state;
    struct jig_libcache *c = jig_libcache_new();
    struct jig_libindex *x = open_index(c, NULL);
    struct jig_library_match m = jig_libindex_find(x, "Wire.h", "tiny");
    assert_non_null(m.best);
    assert_string_equal(m.best->path, USER "/Wire");
    assert_null(jig_library_match_notice(&m, "Wire.h"));
    assert_null(jig_libindex_find(x, "Nobody.h", "tiny").best);
    assert_null(jig_libindex_find(x, "wire.h", "tiny").best);
    assert_null(jig_libindex_find(x, "u.h", "tiny").best); /* utility is the library's own */
    assert_null(jig_libindex_find(x, "Hidden.h", "tiny").best);
    m = jig_libindex_find(x, "Sensor.h", "tiny"); /* "-master" goes before "starts with" */
    assert_int_equal(m.n, 3);
    assert_string_equal(m.best->dir_name, "Sensor-master");
    JIG_CLEANUP_FREE char *notice = jig_library_match_notice(&m, "Sensor.h");
    assert_string_equal(notice,
                        "multiple libraries were found for \"Sensor.h\"; used: " USER
                        "/Sensor-master; not used: " USER "/Sensor Classic, " USER "/Sensor_Pro");
    assert_int_equal(jig_libindex_faults(x)->n, 1);
    assert_true(jig_str_starts(jig_libindex_faults(x)->v[0], USER "/Broken/library.properties:2:"));
    assert_string_equal(jig_libindex_by_name(x, "JsonLib")->dir_name, "Json");
    assert_string_equal(jig_libindex_by_name(x, "Sensor-master")->dir_name, "Sensor-master");
    assert_null(jig_libindex_by_name(x, "Nobody"));
    JIG_CLEANUP_FREE char *hint = jig_libindex_missing_hint(x, "wire.h");
    assert_true(jig_str_starts(
        hint, "libraries have: Wire.h; left out, since they are damaged: " USER "/Broken/"));
    struct jig_props *board = jig_props_new();
    const struct jig_library *wire = jig_libindex_by_name(x, "Wire");
    assert_null(jig_library_arch_notice(wire, "tiny", board));
    JIG_CLEANUP_FREE char *arch = jig_library_arch_notice(wire, "samd", board);
    assert_string_equal(arch, "the library Wire says that it runs on avr, tiny; it may not run on "
                              "this board, which is samd");
    jig_props_set(board, "architecture.override_check", "mbed,avr");
    assert_null(jig_library_arch_notice(wire, "samd", board));
    jig_props_free(board);
    struct jig_strv names = {0};
    jig_libindex_names(x, &names);
    assert_list(&names,
                "Flat JsonLib Legacy Own Plain Pre Sensor Classic Sensor Pro Sensor-master Wire");
    jig_strv_release(&names);
    jig_libindex_unref(x);

    struct jig_strv ignore = {0};
    jig_strv_append(&ignore, "Sensor-master");
    x = open_index(c, &ignore);
    /* Both start with the name; "Sensor Pro" and "Sensor Classic" share as many pairs with
     * "Sensor.h", so the name decides. */
    assert_string_equal(jig_libindex_find(x, "Sensor.h", "tiny").best->name, "Sensor Classic");
    jig_libcache_free(c); /* an index outlives it */
    assert_string_equal(jig_libindex_find(x, "Flat.h", "tiny").best->name, "Flat");
    jig_libindex_unref(x);
    jig_strv_release(&ignore);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    JIG_CLEANUP_FREE char *parent = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(parent, 0755, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_unsynced(path, text, strlen(text), 0644, NULL), JIG_OK);
}

/* The version of the library that claims A.h now; "" when nobody does. */
static char *version_now(struct jig_libcache *c, const char *dir)
{
    const struct jig_library_folder folder = {dir, JIG_LIBRARY_USER, false};
    struct jig_libindex *x = NULL;
    assert_int_equal(jig_libindex_open(c, &folder, 1, NULL, &x, NULL), JIG_OK);
    const struct jig_library *lib = jig_libindex_find(x, "A.h", "avr").best;
    char *version = jig_xstrdup(lib != NULL ? lib->version : "");
    jig_libindex_unref(x);
    return version;
}

static void an_index_is_exact_at_each_opening(void **state)
{
    const char *dir = *state;
    struct jig_libcache *c = jig_libcache_new();
    JIG_CLEANUP_FREE char *none = version_now(c, dir);
    assert_string_equal(none, "");
    write_file(dir, "A/A.h", "");
    for (int i = 0; i < 20; i++) {
        JIG_CLEANUP_FREE char *text = jig_strf("name=A\nversion=%d\n", 10 + i);
        JIG_CLEANUP_FREE char *expected = jig_strf("%d", 10 + i);
        write_file(dir, "A/library.properties", text);
        JIG_CLEANUP_FREE char *now = version_now(c, dir);
        assert_string_equal(now, expected);
    }
    write_file(dir, "A/src/B.h", ""); /* its headers are those in src/ from now on */
    JIG_CLEANUP_FREE char *moved = version_now(c, dir);
    assert_string_equal(moved, "");
    write_file(dir, "A/src/A.h", "");
    JIG_CLEANUP_FREE char *back = version_now(c, dir);
    assert_string_equal(back, "29");
    JIG_CLEANUP_FREE char *lib = jig_path_join(dir, "A");
    assert_int_equal(jig_fs_remove_tree(lib, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *gone = version_now(c, dir);
    assert_string_equal(gone, "");
    jig_libcache_free(c);
}

/* A library's files, wherever they are: object names in order, then headers. */
static char *whole(const char *path, const char *twin, bool link_order)
{
    struct jig_readlog *log = jig_readlog_new();
    struct jig_library *lib = NULL;
    struct jig_sources s = {0};
    struct jig_strv words = {0};
    struct jig_err err = JIG_ERR_INIT;
    if (jig_library_load(path, twin, JIG_LIBRARY_PROJECT, log, &lib, &err) != JIG_OK)
        fail_msg("%s", err.message);
    assert_int_equal(jig_library_sources(lib, link_order, log, &s, NULL), JIG_OK);
    for (size_t i = 0; i < s.n; i++) {
        assert_true(jig_fs_is_file(s.items[i].path));
        jig_strv_append(&words, s.items[i].object);
    }
    jig_strv_append(&words, lib->version);
    jig_strv_sort(&lib->headers);
    jig_strv_extend(&words, &lib->headers);
    char *all = jig_strv_join(&words, " ");
    jig_strv_release(&words);
    jig_sources_release(&s);
    jig_library_free(lib);
    jig_readlog_free(log);
    return all;
}

struct layout {
    const char *about; /* library.properties or library.json */
    const char *files[10];
};

/* Each way to split a library's files among its folder and its twin gives the same library. */
static void a_twin_is_as_if_all_were_in_one_folder(void **state)
{
    static const struct layout layouts[] = {
        {"library.properties",
         {"src/A.h", "src/a.c", "src/a/x.c", "src/a-b.cpp", "src/a.c.d/y.c", "src/b/A.h",
          "src/b/z.S", "src/.c/no.c", "keep.txt"}},
        {"library.properties",
         {"A.h", "B.hpp", "b.c", "utility/t.c", "utility/t.h", "utility/s.cpp", "deep/no.c",
          "a.cpp"}},
        {"library.json",
         {"include/I.h", "src/A.h", "src/z.c", "src/a/b.c", "src/a.cpp", "test/no.c",
          "examples/no.c"}},
        {"library.json", {"A.h", "a.c", "x/y.c", "x.c", "test/no.c", "examples/e/no.c"}},
    };
    for (size_t l = 0; l < JIG_COUNT(layouts); l++) {
        const struct layout *y = &layouts[l];
        const char *text =
            strcmp(y->about, "library.json") == 0 ? "{\"version\":\"7\"}" : "name=A\nversion=7\n";
        JIG_CLEANUP_FREE char *one = jig_strf("%s/%zu/one/A", *(char **)state, l);
        write_file(one, y->about, text);
        for (size_t i = 0; y->files[i] != NULL; i++)
            write_file(one, y->files[i], "");
        for (unsigned mask = 0; mask < 20; mask++) {
            unsigned split = mask * 2654435761u >> 20; /* bits of all kinds */
            JIG_CLEANUP_FREE char *own = jig_strf("%s/%zu/%u/A", *(char **)state, l, mask);
            JIG_CLEANUP_FREE char *twin = jig_strf("%s/%zu/%u/twin/A", *(char **)state, l, mask);
            assert_int_equal(jig_fs_mkdirs(own, 0700, NULL), JIG_OK);
            assert_int_equal(jig_fs_mkdirs(twin, 0700, NULL), JIG_OK);
            write_file(split & 1 ? twin : own, y->about, text);
            for (size_t i = 0; y->files[i] != NULL; i++)
                write_file(split >> (i + 1) & 1 ? twin : own, y->files[i], "");
            for (int link_order = 0; link_order < 2; link_order++) {
                JIG_CLEANUP_FREE char *expected = whole(one, NULL, link_order);
                JIG_CLEANUP_FREE char *got = whole(own, twin, link_order);
                assert_string_equal(got, expected);
            }
        }
    }
}

/* Of one name in both, the library's own counts; it is there once. */
static void its_own_files_come_before_the_twins(void **state)
{
    const char *dir = *state;
    JIG_CLEANUP_FREE char *own = jig_path_join(dir, "own/A");
    JIG_CLEANUP_FREE char *twin = jig_path_join(dir, "twin/A");
    write_file(own, "library.properties", "name=A\nversion=1\n");
    write_file(twin, "library.properties", "name=A\nversion=2\n");
    write_file(own, "src/a.c", "");
    write_file(twin, "src/a.c", "");
    write_file(twin, "src/b.c", "");
    write_file(twin, "src/A.h", "");
    struct jig_libcache *c = jig_libcache_new();
    JIG_CLEANUP_FREE char *owns = jig_path_join(dir, "own");
    JIG_CLEANUP_FREE char *twins = jig_path_join(dir, "twin");
    const struct jig_library_folder folder = {
        .path = owns, .twin = twins, .location = JIG_LIBRARY_USER};
    struct jig_libindex *x = NULL;
    struct jig_sources s = {0};
    struct jig_strv dirs = {0};
    write_file(twins, "Only/Only.h", "");
    assert_int_equal(jig_libindex_open(c, &folder, 1, NULL, &x, NULL), JIG_OK);
    const struct jig_library *lib = jig_libindex_find(x, "A.h", "avr").best;
    assert_non_null(lib);
    assert_string_equal(lib->version, "1");
    assert_string_equal(lib->path, own);
    assert_int_equal(jig_library_sources(lib, true, NULL, &s, NULL), JIG_OK);
    assert_int_equal(s.n, 2);
    assert_true(jig_str_starts(s.items[0].path, own));
    assert_true(jig_str_starts(s.items[1].path, twin));
    jig_library_include_dirs(lib, &dirs);
    assert_int_equal(dirs.n, 2);
    assert_true(jig_str_starts(dirs.v[0], own) && jig_str_starts(dirs.v[1], twin));
    assert_non_null(jig_libindex_find(x, "Only.h", "avr").best);
    jig_libindex_unref(x);
    /* What goes from the twin is gone at the next opening. */
    JIG_CLEANUP_FREE char *header = jig_path_join(twin, "src/A.h");
    assert_int_equal(jig_fs_remove_tree(header, NULL), JIG_OK);
    assert_int_equal(jig_libindex_open(c, &folder, 1, NULL, &x, NULL), JIG_OK);
    assert_null(jig_libindex_find(x, "A.h", "avr").best);
    jig_libindex_unref(x);
    jig_sources_release(&s);
    jig_strv_release(&dirs);
    jig_libcache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recursive_layout),
        cmocka_unit_test(flat_and_legacy_layouts),
        cmocka_unit_test(project_layout),
        cmocka_unit_test(what_is_no_library_says_so),
        cmocka_unit_test(precompiled_archives),
        cmocka_unit_test(points_follow_name_place_and_architecture),
        cmocka_unit_test(headers_find_their_library),
        cmocka_unit_test_setup_teardown(an_index_is_exact_at_each_opening, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(a_twin_is_as_if_all_were_in_one_folder, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test_setup_teardown(its_own_files_come_before_the_twins, unit_folder_setup,
                                        unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
