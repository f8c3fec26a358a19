#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/shared.h"
#include "core/base/str.h"
#include "core/build/covers.h"
#include "core/build/depfile.h"
#include "core/build/diagnostics.h"
#include "core/build/places.h"
#include "core/build/size.h"
#include "core/build/vouch.h"
#include "core/build/words.h"
#include "core/os/fs.h"

static void depfiles_with_every_quoting(void **state)
{
    (void)state;
    static const char text[] =
        "out.o: a.c /with\\ blank/b.h \\\n c\\#d.h $$e.h \\\r\n back\\\\slash.h\n"
        "\nphony.h:\n/x/y.h:\n";
    struct jig_strv out = {0};
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_depfile_parse(text, sizeof text - 1, &out, &err), JIG_OK);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&out, "|");
    assert_string_equal(all, "a.c|/with blank/b.h|c#d.h|$e.h|back\\slash.h");
    jig_strv_release(&out);
}

/* No dependency file, no reuse: rubbish must not look like "no dependencies". */
static void broken_depfiles_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n\n", "out.o a.c\n", "out.o"};
    struct jig_err err = JIG_ERR_INIT;
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        struct jig_strv out = {0};
        assert_int_equal(jig_depfile_parse(bad[i], strlen(bad[i]), &out, &err), JIG_DATA_LOSS);
        jig_strv_release(&out);
    }
    struct jig_strv out = {0};
    assert_int_equal(jig_depfile_parse("a: b\0c", 6, &out, &err), JIG_DATA_LOSS);
    jig_strv_release(&out);
}

static void diagnostics_of_gcc(void **state)
{
    (void)state;
    struct jig_diagnostics d = {0};
    jig_diagnostics_parse("In file included from /p/a.cpp:1:0:\n"
                          "/p/b.h: In function 'void f()':\n"
                          "/p/b.h:3:7: warning: unused variable 'x' [-Wunused-variable]\n"
                          "   int x;\n"
                          "       ^\n"
                          "/p/a.cpp:9: error: expected ';'\n"
                          "/p/c:d e.cpp:10:2: fatal error: Nope.h: No such file or directory\n"
                          "compilation terminated.\n",
                          &d);
    assert_int_equal(d.n, 3);
    assert_string_equal(d.items[0].file, "/p/b.h");
    assert_int_equal(d.items[0].line, 3);
    assert_int_equal(d.items[0].column, 7);
    assert_int_equal(d.items[0].severity, JIG_SEVERITY_WARNING);
    assert_string_equal(d.items[0].message, "unused variable 'x'");
    assert_string_equal(d.items[0].option, "-Wunused-variable");
    assert_non_null(strstr(d.items[0].rendered, "In file included from"));
    assert_non_null(strstr(d.items[0].rendered, "   int x;\n       ^\n"));
    assert_int_equal(d.items[1].column, 0);
    assert_string_equal(d.items[2].file, "/p/c:d e.cpp");
    assert_string_equal(d.items[2].message, "Nope.h: No such file or directory");
    jig_diagnostics_release(&d);
}

static void diagnostics_of_the_linker(void **state)
{
    (void)state;
    struct jig_diagnostics d = {0};
    jig_diagnostics_parse("/tmp/x.o: In function `main':\n"
                          "/p/a.cpp:4: undefined reference to `missing()'\n"
                          "/usr/bin/avr-ld: address 0x801234 of x.elf section `.bss' is not within "
                          "region `data'\n"
                          "/usr/bin/avr-ld: region `text' overflowed by 512 bytes\n"
                          "collect2: error: ld returned 1 exit status\n",
                          &d);
    assert_int_equal(d.n, 4);
    assert_string_equal(d.items[0].message, "undefined reference to `missing()'");
    assert_non_null(strstr(d.items[1].message, "is not within region `data'"));
    assert_string_equal(d.items[2].message, "region `text' overflowed by 512 bytes");
    assert_string_equal(d.items[3].message, "ld returned 1 exit status");
    jig_diagnostics_release(&d);
}

static void sizes_by_the_platforms_own_expressions(void **state)
{
    (void)state;
    struct jig_props *p = jig_props_new();
    struct jig_err err = JIG_ERR_INIT;
    struct jig_size size;
    jig_props_set(p, "recipe.size.regex", "^(?:\\.text|\\.data|\\.bootloader)\\s+([0-9]+).*");
    jig_props_set(p, "recipe.size.regex.data", "^(?:\\.data|\\.bss|\\.noinit)\\s+([0-9]+).*");
    jig_props_set(p, "upload.maximum_size", "1000");
    assert_int_equal(jig_size_read(p,
                                   "section size addr\n.data 12 8388864\n.text 994 0\n.bss 9 1\n",
                                   &size, &err),
                     JIG_OK);
    assert_int_equal(size.flash_bytes, 1006);
    assert_int_equal(size.ram_bytes, 21);
    assert_int_equal(size.ram_max, 0);
    assert_int_equal(size.eeprom_bytes, -1);
    assert_int_equal(jig_size_check(&size, "a:b:c", &err), JIG_FAILED_PRECONDITION);
    assert_int_equal(err.reason, JIG_REASON_BUILD_FAILED);
    assert_string_equal(err.message, "the program takes 1006 bytes of flash, 6 more than the 1000 "
                                     "that a:b:c has");
    jig_props_set(p, "recipe.size.regex", "(");
    assert_int_equal(jig_size_read(p, "x", &size, &err), JIG_INVALID_ARGUMENT);
    jig_props_free(p);
}

/* Every way in which a command names a file that it reads; what it writes is none. */
static void files_that_a_command_names(void **state)
{
    const char *dir = *state;
    static const char *const have[] = {
        "a.o",         "x.ld",         "y.ld",        "z.rsp",   "out.map",    "out.elf", "specs",
        "l1/libfoo.a", "l2/libfoo.so", "l2/libbar.a", "l2/s.ld", "l2/exact.o", "m.h"};
    struct jig_err err = JIG_ERR_INIT;
    for (size_t i = 0; i < JIG_COUNT(have); i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, have[i]);
        JIG_CLEANUP_FREE char *folder = jig_path_dir(path);
        assert_int_equal(jig_fs_mkdirs(folder, 0755, &err), JIG_OK);
        assert_int_equal(jig_fs_write_unsynced(path, "x", 1, 0644, &err), JIG_OK);
    }
    static const char *const words[] = {
        "/bin/sh",
        "$/a.o",
        "-o",
        "$/out.elf",
        "-lfoo",
        "-L$/l1",
        "-L",
        "$/l2",
        "-lbar",
        "-l:exact.o",
        "-Wl,-T,$/x.ld",
        "-T$/y.ld",
        "-Ts.ld",
        "-Wl,-Map,$/out.map",
        "-Wl,--Map=$/out.map",
        "@$/z.rsp",
        "-specs=$/specs",
        "$/a.o",
        "$/missing.o",
        "-lnone",
        "-DM=$/m.h",
        "-I$/l1",
    };
    struct jig_strv argv = {0};
    struct jig_strv out = {0};
    for (size_t i = 0; i < JIG_COUNT(words); i++) {
        const char *at = strchr(words[i], '$');
        jig_strv_append_take(
            &argv, at == NULL ? jig_xstrdup(words[i])
                              : jig_strf("%.*s%s%s", (int)(at - words[i]), words[i], dir, at + 1));
    }
    jig_words_files(&argv, NULL, &out);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&out, " ");
    static const char *const want[] = {"a.o",  "l1/libfoo.a", "l2/libbar.a", "l2/exact.o", "x.ld",
                                       "y.ld", "l2/s.ld",     "z.rsp",       "specs"};
    struct jig_strv wanted = {0};
    for (size_t i = 0; i < JIG_COUNT(want); i++)
        jig_strv_append_take(&wanted, jig_path_join(dir, want[i]));
    JIG_CLEANUP_FREE char *expected = jig_strv_join(&wanted, " ");
    assert_string_equal(all, expected);
    jig_strv_release(&argv);
    jig_strv_release(&out);
    jig_strv_release(&wanted);
}

/* A file's number is that of its first mention, by path and digest, whosever string the path is.
 */
static void files_are_numbered_once(void **state)
{
    (void)state;
    struct jig_places places = {0};
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 3000; i++) {
            JIG_CLEANUP_FREE char *path = jig_strf("/headers/%u.h", (unsigned)(i / 2));
            struct jig_digest digest = {{(uint8_t)(i % 2)}}; /* two contents of each */
            static struct jig_trace_file files[3000];
            struct jig_trace_file again = {.path = path, .sha256 = digest};
            bool fresh = false;
            if (round == 0)
                files[i] = (struct jig_trace_file){jig_shared_new(path), digest};
            const struct jig_trace_file *file = round == 0 ? &files[i] : &again;
            assert_int_equal(jig_places_of(&places, file, &fresh), i);
            assert_true(fresh == (round == 0));
            if (round == 1)
                continue;
            assert_int_equal(jig_places_of(&places, file, &fresh), i);
            assert_false(fresh);
        }
    }
    assert_int_equal(places.n, 3000);
    for (size_t i = 0; i < places.cap; i++) {
        if (places.slots[i].file != NULL)
            jig_shared_unref(places.slots[i].file->path);
    }
    jig_places_release(&places);
}

static struct jig_trace_file file(const char *path, uint8_t content)
{
    return (struct jig_trace_file){jig_shared_new(path), {{content}}};
}

static struct jig_trace *trace(const char *first, uint8_t content, const char *second)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    t->inputs = jig_xcalloc(2, sizeof *t->inputs);
    t->inputs[t->input_count++] = file(first, content);
    if (second != NULL)
        t->inputs[t->input_count++] = file(second, 1);
    t->searched = jig_xcalloc(1, sizeof *t->searched);
    t->searched[t->searched_count++] = file("/include", 1);
    return t;
}

static void one_run_covers_another(void **state)
{
    (void)state;
    static const struct {
        const char *first;
        uint8_t content;
        const char *second;
        bool covered;
    } rows[] = {
        {"/a.h", 1, NULL, true},    {"/b.h", 1, NULL, true},     {"/a.h", 1, "/b.h", true},
        {"/a.h", 2, NULL, false},   {"/c.h", 1, NULL, false},    {"/0.h", 1, NULL, false},
        {"/a.h", 1, "/c.h", false}, {"/aa.h", 1, "/b.h", false},
    };
    struct jig_trace *whole = trace("/a.h", 1, "/b.h");
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_trace *part = trace(rows[i].first, rows[i].content, rows[i].second);
        assert_true(jig_trace_covers(whole, part) == rows[i].covered);
        jig_trace_free(part);
    }
    struct jig_trace *part = trace("/a.h", 1, NULL);
    part->searched[0].sha256.bytes[0] = 2; /* the folder was another */
    assert_false(jig_trace_covers(whole, part));
    part->searched_count = 0;
    assert_true(jig_trace_covers(whole, part));
    jig_strv_append(&part->probes, "<x.h>");
    jig_strv_append(&part->probed, "/x.h");
    assert_false(jig_trace_covers(whole, part));
    jig_strv_append(&whole->probes, "<x.h>");
    jig_strv_append(&whole->probed, "");
    assert_false(jig_trace_covers(whole, part)); /* it led elsewhere */
    free(whole->probed.v[0]);
    whole->probed.v[0] = jig_xstrdup("/x.h");
    assert_true(jig_trace_covers(whole, part));
    whole->opaque = true;
    assert_false(jig_trace_covers(whole, part));
    part->searched_count = 1; /* for who frees it */
    jig_trace_free(part);
    jig_trace_free(whole);
}

/* One that read /p/a.h, searched /p and /build/sketch, and left x.o. */
static struct jig_trace *trace_of_x(void)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    struct jig_digest none = {{0}};
    t->inputs = jig_xcalloc(1, sizeof *t->inputs);
    t->inputs[t->input_count++] = jig_trace_file_make("/build", "/p/a.h", &none);
    t->searched = jig_xcalloc(2, sizeof *t->searched);
    t->searched[t->searched_count++] = jig_trace_file_make("/build", "/p", &none);
    t->searched[t->searched_count++] = jig_trace_file_make("/build", "/build/sketch", &none);
    t->outputs = jig_xcalloc(1, sizeof *t->outputs);
    t->outputs[t->output_count++] = jig_trace_file_make("/build", "/build/obj/x.o", &none);
    return t;
}

/* What a build writes is told where it is written, and counts as changed from then on. */
static void what_is_written_is_not_vouched_for(void **state)
{
    static const struct {
        const char *path; /* NULL: a child may have written anything */
        bool named;
        bool holds; /* the trace, afterwards */
    } rows[] = {
        {"/build/other/x.o", true, true},
        {"/build/obj/y.o", true, true},
        {"/p/deep/a.h", true, true},
        {"/build/sketch/y.h", false, true},
        {"/build/sketch/y.h", true, false}, /* what is found may be another */
        {"/p/a.h", false, false},
        {"/build/obj/x.o", true, false},
        {NULL, false, false},
    };
    (void)state;
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_watch_changes changes = {.whole = true};
        struct jig_vouch *v = jig_vouch_new(&changes, "/build");
        struct jig_trace *t = trace_of_x();
        const struct jig_write_observer *before = jig_observe_writes(jig_vouch_observer(v));
        assert_true(jig_vouch_holds(v, t));
        if (rows[i].path != NULL)
            jig_tell_write(rows[i].path, rows[i].named);
        else
            jig_tell_write_anything("/bin/hook");
        assert_int_equal(jig_vouch_holds(v, t), rows[i].holds);
        assert_false(jig_vouch_same_input(v, t, "/p/other.h")); /* it never read that */
        assert_int_equal(jig_vouch_same_input(v, t, "/p/a.h"),
                         rows[i].path != NULL && strcmp(rows[i].path, "/p/a.h") != 0);
        jig_observe_writes(before);
        jig_trace_free(t);
        jig_vouch_free(v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_numbered_once),
        cmocka_unit_test(what_is_written_is_not_vouched_for),
        cmocka_unit_test(one_run_covers_another),
        cmocka_unit_test_setup_teardown(files_that_a_command_names, unit_folder_setup,
                                        unit_folder_teardown),
        cmocka_unit_test(depfiles_with_every_quoting),
        cmocka_unit_test(broken_depfiles_are_refused),
        cmocka_unit_test(diagnostics_of_gcc),
        cmocka_unit_test(diagnostics_of_the_linker),
        cmocka_unit_test(sizes_by_the_platforms_own_expressions),
    };
    return cmocka_run_group_tests_name("build", tests, NULL, NULL);
}
