#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "tests/support/stamps.h"
#include "tests/support/workshop.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

static void cold_then_nothing_to_do(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_false(w.result.up_to_date);
    assert_int_equal(w.result.summary.compiled, 3);
    workshop_settle(&w);
    assert_int_equal(w.result.summary.compiled, 0);
    assert_int_equal(w.result.summary.reused, 3);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "setup"));
    assert_int_equal(w.result.size.flash_bytes, (int)strlen(elf));
    workshop_restart(&w, NULL);
    workshop_expect(&w, "");
    workshop_close(&w);
}

static void an_edit_rebuilds_what_it_touches(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/other.c", "other\n");
    workshop_settle(&w);
    workshop_put(&w, "project/src/main.cpp", "#include <Arduino.h>\nloop\n");
    workshop_expect(&w, "compile main.cpp: src/main.cpp changed; "
                        "link firmware.elf: src/main.cpp.o changed; "
                        "convert firmware (recipe.objcopy.hex.pattern): firmware.elf changed; "
                        "measure the program: firmware.elf changed");
    workshop_close(&w);
}

/* A uses B, which the project does not name itself. */
static void put_libraries(struct workshop *w)
{
    workshop_put(w, "libraries/A/A.h", "#include <B.h>\na\n");
    workshop_put(w, "libraries/A/A.cpp", "#include \"A.h\"\n");
    workshop_put(w, "libraries/B/B.h", "b\n");
    workshop_put(w, "libraries/B/B.cpp", "#include \"B.h\"\n#include <C.h>\n");
    workshop_put(w, "libraries/C/C.h", "c\n");
    workshop_put(w, "libraries/C/C.cpp", "#include \"C.h\"\n");
}

static void libraries_that_libraries_use(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_libraries(&w);
    workshop_put(&w, "project/src/main.cpp", "#include <A.h>\nsetup\n");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 3);
    workshop_close(&w);
}

static void libraries_that_a_sketchs_libraries_use(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_libraries(&w);
    workshop_put(&w, "Blink/Blink.ino", "#include <A.h>\nvoid setup() {}\nvoid loop() {}\n");
    free(w.project);
    w.project = workshop_path(&w, "Blink");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 3);
    workshop_close(&w);
}

/* Builds, puts `path` there, and says why main.cpp is compiled then; NULL when it is not. The
 * caller frees. */
static char *after_putting(struct workshop *w, const char *path)
{
    workshop_settle(w);
    workshop_put(w, path, "new\n");
    if (workshop_build(w) != JIG_OK)
        fail_msg("%s", w->err.message);
    for (size_t i = 0; i < w->result.summary.reason_count; i++) {
        if (strcmp(w->result.summary.reasons[i].step, "compile main.cpp") == 0)
            return jig_xstrdup(w->result.summary.reasons[i].because);
    }
    return NULL;
}

#define INI "[env:one]\nplatform = fake\nboard = uno\n"

static void note_search(void *ctx, const struct jig_build_step *e)
{
    if (e->state == JIG_BUILD_STEP_STARTED && jig_str_starts(e->step, "find"))
        jig_strv_append_take(ctx, jig_strf("%s: %s", e->step, e->because));
}

/* While a compile holds it speaks for the preprocessor, of which nothing is known then; what they
 * both read is the reason all the same. */
static void a_source_is_preprocessed_for_a_reason(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/include/a.h", "a\n");
    workshop_put(&w, "project/src/main.cpp", "#include <a.h>\nsetup\n");
    workshop_settle(&w);
    struct jig_strv told = {0};
    struct jig_build_events events = {.ctx = &told, .step = note_search};
    for (int i = 0; i < 2; i++) {
        workshop_put(&w, "project/include/a.h", i == 0 ? "b\n" : "c\n");
        w.events = &events;
        assert_int_equal(workshop_build(&w), JIG_OK);
        w.events = NULL;
        JIG_CLEANUP_FREE char *all = jig_strv_join(&told, "; ");
        assert_string_equal(all, "find the includes of main.cpp: include/a.h changed");
        workshop_settle(&w);
        jig_strv_clear(&told);
    }
    jig_strv_release(&told);
    workshop_close(&w);
}

/* A new file counts when the compiler would find it first, wherever that is; no other does. */
static void a_new_file_counts_when_it_would_be_found(void **state)
{
    static const struct {
        const char *flags;
        const char *source;
        const char *have[3]; /* below project/ */
        const char *put;
        const char *because; /* NULL: nothing to do */
    } rows[] = {
        {"-Ilate -Inow",
         "#include <x.h>",
         {"now/x.h"},
         "late/x.h", /* a folder of the path comes */
         "late/x.h is new and would be found first"},
        {"-Ilate -Inow", "#include <x.h>", {"now/x.h"}, "late/y.h", NULL},
        {"-Ione -Itwo",
         "#include <a/b/x.h>",
         {"two/a/b/x.h", "one/a/y.h"},
         "one/a/b/x.h",
         "one/a/b/x.h is new and would be found first"},
        {"-isystem one -Itwo",
         "#include <x.h>",
         {"one/x.h", "two/y.h"},
         "two/x.h",
         "two/x.h is new and would be found first"},
        {"-isystem one -Itwo", "#include <x.h>", {"one/y.h", "two/x.h"}, "one/x.h", NULL},
        {"-Ione",
         "#include \"x.h\"",
         {"one/x.h"},
         "src/x.h",
         "src/x.h is new and would be found first"},
        {"-Ione -Itwo", "#include <x.h>", {"one/y.h", "two/x.h", "two/a/z.h"}, "one/a/x.h", NULL},
        {"-Ione",
         "#if __has_include(<x.h>)\n#endif",
         {"one/y.h"},
         "one/x.h",
         "one/x.h is new and would be found first"},
        {"-Ione",
         "#if __has_include(\"x.h\")\n#endif",
         {"one/y.h"},
         "src/x.h",
         "src/x.h is new and would be found first"},
        {"-Ione", "#if __has_include(<x.h>)\n#endif", {"one/y.h"}, "one/z.h", NULL},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct workshop w;
        JIG_CLEANUP_FREE char *dir = jig_strf("%s/%zu", (const char *)*state, i);
        JIG_CLEANUP_FREE char *ini = jig_strf(INI "build_flags = %s\n", rows[i].flags);
        JIG_CLEANUP_FREE char *text = jig_strf("%s\n", rows[i].source);
        JIG_CLEANUP_FREE char *put = jig_path_join("project", rows[i].put);
        workshop_open(&w, dir);
        workshop_put(&w, "project/platformio.ini", ini);
        workshop_put(&w, "project/src/main.cpp", text);
        for (size_t k = 0; k < JIG_COUNT(rows[i].have) && rows[i].have[k] != NULL; k++) {
            JIG_CLEANUP_FREE char *have = jig_path_join("project", rows[i].have[k]);
            workshop_put(&w, have, "old\n");
        }
        JIG_CLEANUP_FREE char *because = after_putting(&w, put);
        if (!jig_streq(because, rows[i].because))
            fail_msg("row %zu: %s", i, because != NULL ? because : "(not compiled)");
        workshop_settle(&w);
        workshop_close(&w);
    }
}

/* A sketch is compiled in its build folder, which is not on the include path. */
static void a_new_tab_counts_below_a_folder_called_include(void **state)
{
    struct workshop w;
    JIG_CLEANUP_FREE char *dir = jig_path_join(*state, "include/that");
    workshop_open(&w, dir);
    workshop_put(&w, "Blink/Blink.ino", "void setup() {}\n");
    workshop_put(&w, "Blink/main.cpp", "#include <X.h>\n#include \"x.h\"\n");
    workshop_put(&w, "libraries/X/X.h", "X\n");
    workshop_put(&w, "libraries/X/x.h", "x\n");
    free(w.project);
    w.project = workshop_path(&w, "Blink");
    JIG_CLEANUP_FREE char *because = after_putting(&w, "Blink/x.h");
    assert_string_equal(because, "sketch/x.h is new and would be found first");
    workshop_close(&w);
}

/* What the compiler passed over once is not in its way because another file came. */
static void what_was_passed_over_stays_passed_over(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/platformio.ini", INI "build_flags = -Ione -Itwo\n");
    workshop_put(&w, "project/src/main.cpp", "#include <x.h>\n#include <deep.h>\n");
    workshop_put(&w, "project/one/x.h", "x\n");
    workshop_put(&w, "project/two/deep.h", "#include \"y.h\"\n");
    workshop_put(&w, "project/two/y.h", "y\n");
    workshop_put(&w, "project/two/x.h", "another x, beside an includer\n");
    JIG_CLEANUP_FREE char *because = after_putting(&w, "project/two/unrelated.h");
    assert_null(because);
    workshop_close(&w);
}

/* A link that leads nowhere is a header as soon as there is something behind it. */
static void a_link_that_leads_somewhere_now_counts(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/platformio.ini", INI "build_flags = -Ione -Itwo\n");
    workshop_put(&w, "project/src/main.cpp", "#include <x.h>\n");
    workshop_put(&w, "project/one/y.h", "y\n");
    workshop_put(&w, "project/two/x.h", "x\n");
    JIG_CLEANUP_FREE char *link = workshop_path(&w, "project/one/x.h");
    assert_int_equal(symlink("../target", link), 0);
    JIG_CLEANUP_FREE char *because = after_putting(&w, "project/target");
    assert_string_equal(because, "one/x.h is new and would be found first");
    workshop_close(&w);
}

static void what_reads_unnamed_files_always_runs(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/main.cpp", "asm(\".incbin \\\"logo.bin\\\"\");\n");
    for (int i = 0; i < 20; i++)
        assert_int_equal(workshop_build(&w), JIG_OK);
    workshop_expect(&w, "compile main.cpp: it reads files that no dependency file names "
                        "(.incbin or .include)");
    workshop_close(&w);
}

/* L is a link to a folder elsewhere, and ".." leads from there. */
static void behind_a_link_up_leads_elsewhere(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "elsewhere/L/L.h", "#include \"../shared.h\"\n");
    workshop_put(&w, "elsewhere/shared.h", "one\n");
    workshop_put(&w, "libraries/shared.h", "not this one\n");
    workshop_put(&w, "project/src/main.cpp", "#include <L.h>\n");
    JIG_CLEANUP_FREE char *link = workshop_path(&w, "libraries/L");
    assert_int_equal(symlink("../elsewhere/L", link), 0);
    workshop_settle(&w);
    workshop_put(&w, "elsewhere/shared.h", "two\n");
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "two"));
    workshop_settle(&w);
    workshop_close(&w);
}

/* A library that -l names, one that only the tool knows of, and a script: a change of any links. */
static void what_only_the_linker_reads(void **state)
{
    static const struct {
        const char *path;
        const char *because;
    } rows[] = {
        {"project/l/libq.a", "link firmware.elf: l/libq.a changed"},
        {"hardware/fake/one/lib/libsystem.a", "lib/libsystem.a changed"},
        {"project/late/libq.a", "link firmware.elf: late/libq.a is new"},
    };
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "hardware/fake/one/lib/libsystem.a", "system\n");
    workshop_put(&w, "project/l/libq.a", "q\n");
    JIG_CLEANUP_FREE char *ini =
        jig_strf(INI "build_flags = -L%s/project/late -L%s/project/l -lq\n", w.dir, w.dir);
    workshop_put(&w, "project/platformio.ini", ini);
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        JIG_CLEANUP_FREE char *text = jig_strf("content %zu\n", i);
        workshop_settle(&w);
        workshop_put(&w, rows[i].path, text);
        assert_int_equal(workshop_build(&w), JIG_OK);
        assert_true(w.result.summary.reason_count > 0);
        JIG_CLEANUP_FREE char *first = jig_strf("%s: %s", w.result.summary.reasons[0].step,
                                                w.result.summary.reasons[0].because);
        assert_true(jig_str_ends(first, rows[i].because));
        JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
        assert_non_null(strstr(elf, text));
    }
    workshop_settle(&w);
    workshop_close(&w);
}

static void add_to_platform(const struct workshop *w, const char *lines)
{
    JIG_CLEANUP_FREE char *old = workshop_read(w, "hardware/fake/one/platform.txt");
    JIG_CLEANUP_FREE char *all = jig_strf("%s%s", old, lines);
    workshop_put(w, "hardware/fake/one/platform.txt", all);
}

/* A hook runs in every build, and says so; what it leaves alone is up to date. */
static void hooks_run_and_the_build_is_up_to_date(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    add_to_platform(&w,
                    "recipe.hooks.prebuild.1.pattern=\"{compiler.path}fake-touch\" hook.txt ran\n");
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *before = workshop_read(&w, "build/hook.txt");
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_true(w.result.up_to_date);
    assert_int_equal(w.result.summary.reason_count, 1);
    JIG_CLEANUP_FREE char *after = workshop_read(&w, "build/hook.txt");
    assert_true(strlen(after) > strlen(before));
    workshop_close(&w);
}

/* What was looked at before a hook is looked at again behind it: here the hook adds a line to a
 * header in every build, between discovery and the compile. */
static void what_a_hook_changes_is_compiled(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/main.cpp", "#include <Arduino.h>\n#include \"own.h\"\nsetup\n");
    workshop_put(&w, "project/src/own.h", "own\n");
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *header = workshop_path(&w, "project/src/own.h");
    JIG_CLEANUP_FREE char *hook = jig_strf(
        "recipe.hooks.sketch.prebuild.1.pattern=\"{compiler.path}fake-touch\" \"%s\" more\n",
        header);
    add_to_platform(&w, hook);
    for (size_t i = 1; i <= 5; i++) {
        assert_int_equal(workshop_build(&w), JIG_OK);
        assert_int_equal(w.result.summary.compiled, 1);
        JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
        size_t n = 0;
        for (const char *at = strstr(elf, "more"); at != NULL; at = strstr(at + 1, "more"))
            n++;
        assert_int_equal(n, i);
    }
    workshop_close(&w);
}

/* The same for shared objects: the header was looked at for the core's, ahead of the hook. */
static void what_a_hook_changes_is_no_shared_object(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_restart(&w, "objects");
    workshop_put(&w, "libraries/A/A.h", "a\n");
    workshop_put(&w, "libraries/A/A.cpp", "#include <Arduino.h>\n#include \"A.h\"\n");
    workshop_put(&w, "project/src/main.cpp", "#include <A.h>\nsetup\n");
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *header = workshop_path(&w, "hardware/fake/one/cores/fake/Arduino.h");
    JIG_CLEANUP_FREE char *hook = jig_strf(
        "recipe.hooks.libraries.prebuild.1.pattern=\"{compiler.path}fake-touch\" \"%s\" more\n",
        header);
    add_to_platform(&w, hook);
    workshop_remove(&w, "build");
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_true(w.result.summary.reused > 0); /* of the core */
    JIG_CLEANUP_FREE char *object = workshop_read(&w, "build/libraries/A/A.cpp.o");
    assert_non_null(strstr(object, "more"));
    workshop_close(&w);
}

/* One recipe makes the file that the next one reads. */
static void conversions_of_conversions(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    add_to_platform(&w, "recipe.objcopy.hex2.pattern=\"{compiler.path}fake-objcopy\" "
                        "\"{build.path}/{build.project_name}.hex\" "
                        "\"{build.path}/{build.project_name}.uf2\"\n");
    workshop_settle(&w);
    assert_int_equal(w.result.artifact_count, 3);
    workshop_put(&w, "project/src/main.cpp", "another\n");
    assert_int_equal(workshop_build(&w), JIG_OK);
    JIG_CLEANUP_FREE char *uf2 = workshop_read(&w, "build/firmware.uf2");
    assert_non_null(strstr(uf2, "another"));
    workshop_close(&w);
}

/* Names that meet: in the core and its variant, in two libraries' folders, above src/. */
static void files_of_the_same_name(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "hardware/fake/one/variants/plain/wiring.c", "of the variant\n");
    workshop_put(&w, "libraries/same/One.h", "one\n");
    workshop_put(&w, "libraries/same/code.c", "of the first library\n");
    workshop_put(&w, "project/lib/same/Two.h", "two\n");
    workshop_put(&w, "project/lib/same/code.c", "of the second library\n");
    workshop_put(&w, "shared/code.c", "from above\n");
    workshop_put(&w, "project/platformio.ini", INI "build_src_filter = +<*> +<../../shared/*>\n");
    workshop_put(&w, "project/src/main.cpp", "#include <One.h>\n#include <Two.h>\n");
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    static const char *const texts[] = {"of the variant", "wiring\n", "of the first library",
                                        "of the second library", "from above"};
    for (size_t i = 0; i < JIG_COUNT(texts); i++)
        assert_non_null(strstr(elf, texts[i]));
    assert_false(workshop_has(&w, "shared/code.c.o"));
    assert_int_equal(workshop_count(&w, "project", "code.c.o"), 0);
    workshop_close(&w);
}

/* What was a file in a sketch is a folder now, and the other way round. */
static void a_tab_becomes_a_folder_and_back(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    free(w.project);
    w.project = workshop_path(&w, "Blink");
    workshop_put(&w, "Blink/Blink.ino", "void setup() {}\n");
    workshop_put(&w, "Blink/src/thing.h", "a file\n");
    workshop_put(&w, "Blink/x.cpp", "#include \"src/thing.h\"\n");
    workshop_settle(&w);
    workshop_remove(&w, "Blink/src/thing.h");
    workshop_put(&w, "Blink/src/thing.h/inner.h", "in a folder\n");
    workshop_put(&w, "Blink/x.cpp", "#include \"src/thing.h/inner.h\"\n");
    workshop_settle(&w);
    workshop_remove(&w, "Blink/src/thing.h");
    workshop_put(&w, "Blink/src/thing.h", "a file again\n");
    workshop_put(&w, "Blink/x.cpp", "#include \"src/thing.h\"\n");
    workshop_settle(&w);
    workshop_close(&w);
}

static bool has_trace(const char *path, const char *name)
{
    struct jig_record r;
    jig_record_init(&r);
    jig_record_load(&r, path);
    bool has = jig_record_get(&r, name) != NULL;
    jig_record_release(&r);
    return has;
}

/* A record does not grow with all that ever was. */
static void what_is_gone_is_forgotten(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/other.c", "other\n");
    workshop_settle(&w);
    JIG_CLEANUP_FREE char *path = workshop_path(&w, "build/.jig-record");
    assert_true(has_trace(path, "{build}/src/other.c.o"));
    workshop_remove(&w, "project/src/other.c");
    workshop_settle(&w);
    assert_false(has_trace(path, "{build}/src/other.c.o"));
    assert_true(has_trace(path, "{build}/src/main.cpp.o"));
    workshop_close(&w);
}

/* The library's folder comes before late/ on the path: with it there, nothing would ever find
 * late/x.h. */
static void a_library_is_not_needed_when_its_header_is_elsewhere(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/platformio.ini",
                 "[env:one]\nplatform = fake\nboard = uno\nbuild_flags = -Ilate\n");
    workshop_put(&w, "libraries/X/x.h", "of the library\n");
    workshop_put(&w, "project/src/main.cpp", "#include <x.h>\nsetup\n");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 1);
    workshop_put(&w, "project/late/x.h", "of the project\n");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 0);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "of the project"));
    workshop_remove(&w, "project/late/x.h");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 1);
    workshop_close(&w);
}

/* ---- with what changed ---- */

/* Nothing but the file's content changes. */
static void write_in_place(const struct workshop *w, const char *path, const char *text)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(w, path);
    JIG_CLEANUP_FD int fd = open(whole, O_WRONLY | O_TRUNC | O_CLOEXEC);
    struct jig_err err = JIG_ERR_INIT;
    assert_true(fd >= 0);
    assert_int_equal(jig_fd_write_all(fd, text, strlen(text), &err), JIG_OK);
}

static struct jig_build_engine_stats changed_stats(struct workshop *w, const char *path,
                                                   const char *text)
{
    write_in_place(w, path, text);
    struct jig_build_engine_stats before = jig_build_engine_stats(w->engine);
    if (workshop_build_changes(w) != JIG_OK)
        fail_msg("%s", w->err.message);
    struct jig_build_engine_stats after = jig_build_engine_stats(w->engine);
    after.narrow -= before.narrow;
    after.planned -= before.planned;
    after.files.looks -= before.files.looks;
    return after;
}

static void put_many(struct workshop *w)
{
    for (int i = 0; i < 20; i++) {
        JIG_CLEANUP_FREE char *source = jig_strf("project/src/s%02d.cpp", i);
        JIG_CLEANUP_FREE char *header = jig_strf("project/include/h%02d.h", i);
        JIG_CLEANUP_FREE char *text = jig_strf("#include <h%02d.h>\ns%02d\n", i, i);
        workshop_put(w, source, text);
        workshop_put(w, header, "h\n");
    }
    workshop_settle(w);
    assert_true(workshop_watch(w));
}

static uint64_t looks_of_a_check(struct workshop *w)
{
    uint64_t before = jig_build_engine_stats(w->engine).files.looks;
    workshop_expect(w, "");
    return jig_build_engine_stats(w->engine).files.looks - before;
}

/* One compile, and no look at what the others read. */
static void an_edit_of_one_is_no_look_at_the_others(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_many(&w);
    struct jig_build_engine_stats s =
        changed_stats(&w, "project/src/s07.cpp", "#include <h07.h>\nedited\n");
    assert_int_equal(s.narrow, 1);
    assert_int_equal(s.planned, 1);
    assert_int_equal(w.result.summary.compiled, 1);
    assert_int_equal(w.result.summary.reused, 22);
    assert_int_equal(w.result.summary.ran, 4); /* no preprocessor among them */
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "edited"));
    JIG_CLEANUP_FREE char *commands = workshop_read(&w, "build/compile_commands.json");
    assert_non_null(strstr(commands, "s19.cpp"));
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    uint64_t whole = looks_of_a_check(&w);
    assert_true(workshop_watch(&w));
    s = changed_stats(&w, "project/include/h03.h", "another\n");
    assert_int_equal(s.planned, 1);
    assert_int_equal(w.result.summary.compiled, 1);
    assert_true(s.files.looks < whole / 2);
    workshop_close(&w);
}

/* More compiles than may run at once, one of which finds that it wants a library now. */
static void an_edit_that_many_read(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "libraries/L/L.h", "of the library\n");
    workshop_put(&w, "libraries/L/L.cpp", "l\n");
    workshop_put(&w, "project/include/common.h", "common\n");
    for (int i = 0; i < 9; i++) {
        JIG_CLEANUP_FREE char *source = jig_strf("project/src/s%02d.cpp", i);
        workshop_put(&w, source, "#include <common.h>\ns\n");
    }
    w.jobs = 3;
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    struct jig_build_engine_stats s = changed_stats(&w, "project/include/common.h", "other\n");
    assert_int_equal(s.planned, 1);
    assert_int_equal(w.result.summary.compiled, 9);
    assert_int_equal(w.result.summary.ran, 9 + 3); /* link, convert, measure */
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    changed_stats(&w, "project/include/common.h", "#include <L.h>\n");
    assert_int_equal(w.result.libraries.n, 1);
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    s = changed_stats(&w, "project/include/common.h", "#include <L.h>\n"); /* the same again */
    assert_int_equal(s.planned, 1);
    assert_true(w.result.up_to_date);
    workshop_close(&w);
}

/* What an edit leads to may be another plan: then that is made. */
static void an_edit_that_wants_a_library(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "libraries/L/L.h", "of the library\n");
    workshop_put(&w, "libraries/L/L.cpp", "l\n");
    put_many(&w);
    struct jig_build_engine_stats s =
        changed_stats(&w, "project/src/s07.cpp", "#include <L.h>\nedited\n");
    assert_int_equal(s.planned, 1);
    assert_int_equal(w.result.libraries.n, 1);
    JIG_CLEANUP_FREE char *commands = workshop_read(&w, "build/compile_commands.json");
    assert_non_null(strstr(commands, "libraries/L"));
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    changed_stats(&w, "project/src/s07.cpp", "edited back\n");
    assert_int_equal(w.result.libraries.n, 0);
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    changed_stats(&w, "project/platformio.ini",
                  "[env:one]\nplatform = fake\nboard = uno\nbuild_flags = -DNEW\n");
    assert_true(w.result.summary.compiled > 20);
    workshop_close(&w);
}

/* What is made of a sketch's tabs changes with them, and so do its copies. */
static void an_edit_of_a_sketch(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_libraries(&w);
    workshop_put(&w, "Blink/Blink.ino", "void setup() {}\nvoid loop() {}\n");
    workshop_put(&w, "Blink/more.cpp", "#include \"more.h\"\nmore\n");
    workshop_put(&w, "Blink/more.h", "of more\n");
    free(w.project);
    w.project = workshop_path(&w, "Blink");
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    struct jig_build_engine_stats s =
        changed_stats(&w, "Blink/Blink.ino", "#include <A.h>\nvoid setup() {}\nvoid loop() {}\n");
    assert_int_equal(s.narrow, 1);
    assert_int_equal(w.result.libraries.n, 3);
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    s = changed_stats(&w, "Blink/Blink.ino", "#include <B.h>\nvoid setup() {}\nvoid loop() {}\n");
    assert_int_equal(s.narrow, 1);
    assert_int_equal(w.result.libraries.n, 2);
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    s = changed_stats(&w, "Blink/more.h", "edited\n");
    assert_int_equal(s.narrow, 1);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/Blink.ino.elf");
    assert_non_null(strstr(elf, "edited"));
    workshop_close(&w);
}

/* What the build itself leaves counts as changed, and so does what somebody else did to it. */
static void outputs_are_no_exception(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_many(&w);
    changed_stats(&w, "build/src/s03.cpp.o", "rubbish\n");
    assert_int_equal(w.result.summary.compiled, 1);
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    changed_stats(&w, "build/firmware.elf", "rubbish\n");
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "setup"));
    workshop_settle(&w);
    assert_true(workshop_watch(&w));
    workshop_remove(&w, "build/src/s04.cpp.o");
    assert_int_equal(workshop_build_changes(&w), JIG_OK);
    assert_int_equal(w.result.summary.compiled, 1);
    workshop_close(&w);
}

/* Who can say nothing of what a tool reads still knows what it writes. */
static void what_always_runs_changes_files_too(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_many(&w);
    JIG_CLEANUP_FREE char *platform = workshop_read(&w, "hardware/fake/one/platform.txt");
    JIG_CLEANUP_FREE char *other = jig_strf(
        "%srecipe.c.o.pattern=\"{compiler.path}fake-touch\" \"{object_file}\" touched\n", platform);
    struct jig_build_engine_stats s = changed_stats(&w, "hardware/fake/one/platform.txt", other);
    assert_int_equal(s.narrow, 1);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "touched"));
    workshop_close(&w);
}

/* Somebody built in between: what the look found is not what is there. */
static void another_build_in_between(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_many(&w);
    workshop_put(&w, "project/src/s01.cpp", "built by another\n");
    assert_int_equal(workshop_build(&w), JIG_OK);
    struct jig_build_engine_stats s = changed_stats(&w, "project/src/s02.cpp", "and this\n");
    assert_int_equal(s.narrow, 0);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "built by another"));
    assert_non_null(strstr(elf, "and this"));
    workshop_close(&w);
}

/* Another request of the same folder found nothing to do in between: its look saw a header that the
 * watch, which is over what an earlier look saw, tells nothing of. */
static void another_look_in_between(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/include/late.h", "late\n");
    put_many(&w);
    write_in_place(&w, "project/src/s01.cpp", "#include <late.h>\n");
    workshop_settle(&w);
    let_stamps_grow_old(); /* else the record is read again, and knows of no look */
    workshop_expect(&w, "");
    write_in_place(&w, "project/include/late.h", "edited\n");
    struct jig_build_engine_stats s = changed_stats(&w, "project/src/s02.cpp", "and this\n");
    assert_int_equal(s.narrow, 0);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "edited"));
    workshop_close(&w);
}

/* A word that is too good to be true is found out. */
static void a_wrong_word_fails_the_build_that_doubts_it(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_many(&w);
    workshop_put(&w, "project/include/h05.h", "changed, and nobody tells\n");
    w.doubt_changes = true;
    assert_int_equal(workshop_build_unchanged(&w), JIG_INTERNAL);
    assert_non_null(strstr(w.err.message, "s05.cpp.o"));
    workshop_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(cold_then_nothing_to_do),
        IN_FOLDER(an_edit_rebuilds_what_it_touches),
        IN_FOLDER(libraries_that_libraries_use),
        IN_FOLDER(libraries_that_a_sketchs_libraries_use),
        IN_FOLDER(a_source_is_preprocessed_for_a_reason),
        IN_FOLDER(a_new_file_counts_when_it_would_be_found),
        IN_FOLDER(a_new_tab_counts_below_a_folder_called_include),
        IN_FOLDER(what_was_passed_over_stays_passed_over),
        IN_FOLDER(a_link_that_leads_somewhere_now_counts),
        IN_FOLDER(what_reads_unnamed_files_always_runs),
        IN_FOLDER(behind_a_link_up_leads_elsewhere),
        IN_FOLDER(what_only_the_linker_reads),
        IN_FOLDER(hooks_run_and_the_build_is_up_to_date),
        IN_FOLDER(what_a_hook_changes_is_compiled),
        IN_FOLDER(what_a_hook_changes_is_no_shared_object),
        IN_FOLDER(conversions_of_conversions),
        IN_FOLDER(files_of_the_same_name),
        IN_FOLDER(a_tab_becomes_a_folder_and_back),
        IN_FOLDER(what_is_gone_is_forgotten),
        IN_FOLDER(a_library_is_not_needed_when_its_header_is_elsewhere),
        IN_FOLDER(an_edit_of_one_is_no_look_at_the_others),
        IN_FOLDER(an_edit_that_many_read),
        IN_FOLDER(an_edit_that_wants_a_library),
        IN_FOLDER(an_edit_of_a_sketch),
        IN_FOLDER(outputs_are_no_exception),
        IN_FOLDER(what_always_runs_changes_files_too),
        IN_FOLDER(another_build_in_between),
        IN_FOLDER(another_look_in_between),
        IN_FOLDER(a_wrong_word_fails_the_build_that_doubts_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
