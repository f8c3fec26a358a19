/*
 * sketch_random_test.c - what plan_random_test.c does to a PlatformIO project, done to a sketch.
 *
 * What is edited: tabs, which come, go, get other names, become headers or folders; functions,
 * whose prototypes jig makes; sources and headers beside the tabs and in src/; libraries that come
 * and go; and the build's own folder, with the copies that are compiled in the tabs' place.
 */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "tests/support/play.h"

#define MAIN "Blink/Blink.ino"

static const char *const tabs[] = {MAIN, "Blink/a.ino", "Blink/b.ino", "Blink/c.pde"};

static const char *const sources[] = {
    "Blink/s.cpp",           "Blink/t.c",
    "Blink/src/d.cpp",       "Blink/src/er/e.cpp",
    "Blink/utility/u.cpp",   "libraries/L/L.cpp",
    "libraries/N/src/N.cpp", "hardware/fake/one/cores/fake/main.cpp"};

static const char *const headers[] = {"Blink/x.h",
                                      "Blink/y.h",
                                      "Blink/b.h", /* what a tab becomes */
                                      "Blink/src/x.h",
                                      "Blink/src/er/y.h",
                                      "Blink/utility/x.h",
                                      "libraries/L/L.h",
                                      "libraries/L/x.h",
                                      "libraries/N/src/N.h",
                                      "libraries/N/src/y.h",
                                      "hardware/fake/one/cores/fake/x.h",
                                      "hardware/fake/one/variants/plain/y.h"};

static const char *const lines[] = {"#include \"x.h\"",
                                    "#include \"y.h\"",
                                    "#include \"b.h\"",
                                    "#include <x.h>",
                                    "#include \"src/x.h\"",
                                    "#include <L.h>",
                                    "#include <N.h>",
                                    "#include <y.h>",
                                    "#include \"er/y.h\"",
                                    "#include <Arduino.h>",
                                    "#if __has_include(\"y.h\")\nprobed\n#endif"};

static const char *const likely[] = {"", "#include <L.h>\n", "#include <Arduino.h>\n",
                                     "#include \"x.h\"\n"};

static const char *any_of(struct play *p, const char *const *list, size_t n)
{
    return list[play_below(p, (unsigned)n)];
}
#define ANY(p, list) any_of(p, list, JIG_COUNT(list))

/* A function that another tab may call: its prototype is another one each time. */
static void put_function(struct play *p, struct jig_buf *b)
{
    static const char *const forms[][2] = {
        {"int f", "(int a) { return a; }\n"},
        {"void f", "(const char *s, int n = 2) { }\n"},
        {"static long f", "() { return 1; }\n"},
        {"template <class T> T f", "(T a) { return a; }\n"},
        {"struct S { int a; };\nS *f", "(S *s) { return s; }\n"},
        {"#if 0\nint f", "(long a) { return 1; }\n#endif\n"},
    };
    const char *const *form = forms[play_below(p, JIG_COUNT(forms))];
    jig_buf_printf(b, "%s%u%s", form[0], play_below(p, 3), form[1]);
}

static char *tab_text(struct play *p, const char *path)
{
    struct jig_buf b;
    JIG_CLEANUP_FREE char *token = play_token(p);
    jig_buf_init(&b, 10000);
    for (unsigned n = play_below(p, 3); n > 0; n--)
        jig_buf_printf(&b, "%s\n", play_below(p, 4) == 0 ? ANY(p, lines) : "// nothing");
    jig_buf_puts(&b, ANY(p, likely));
    if (strcmp(path, MAIN) == 0)
        jig_buf_puts(&b, "void setup() {}\nvoid loop() {}\n");
    for (unsigned n = play_below(p, 3); n > 0; n--)
        put_function(p, &b);
    jig_buf_printf(&b, "// %s", token);
    jig_buf_printf(&b, "int v%s", token);
    return jig_buf_steal(&b);
}

static char *source_text(struct play *p)
{
    JIG_CLEANUP_FREE char *token = play_token(p);
    return jig_strf("%s\n%s%s", play_below(p, 4) == 0 ? ANY(p, lines) : "", ANY(p, likely), token);
}

static void show(struct play *p, const char *what, const char *path, const char *text)
{
    play_tell(p, what, path);
    play_tell(p, "    ", text);
}

/* ---- the edits ---- */

static void edit_tab(struct play *p)
{
    const char *path = ANY(p, tabs);
    JIG_CLEANUP_FREE char *text = tab_text(p, path);
    show(p, "edit", path, text);
    play_write(p, path, text);
}

/* As edit_tab, of one that is there: nothing but content changes. */
static void rewrite_tab(struct play *p)
{
    const char *path = ANY(p, tabs);
    if (!workshop_has(&p->kept, path))
        path = MAIN;
    JIG_CLEANUP_FREE char *text = tab_text(p, path);
    show(p, "rewrite", path, text);
    play_rewrite(p, path, text);
}

static void remove_tab(struct play *p)
{
    const char *path = tabs[1 + play_below(p, JIG_COUNT(tabs) - 1)];
    play_tell(p, "remove", path);
    workshop_remove(&p->kept, path);
}

static void move(struct play *p, const char *from, const char *to)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *a = workshop_path(&p->kept, from);
    JIG_CLEANUP_FREE char *b = workshop_path(&p->kept, to);
    if (!workshop_has(&p->kept, from))
        return;
    play_tell(p, from, to);
    workshop_remove(&p->kept, to);
    if (jig_fs_rename(a, b, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

/* A tab gets another's name, becomes a header or a source, and one of these a tab. */
static void rename_tab(struct play *p)
{
    static const char *const names[] = {"Blink/a.ino", "Blink/b.ino", "Blink/c.pde",   "Blink/b.h",
                                        "Blink/x.h",   "Blink/s.cpp", "Blink/away.txt"};
    const char *from = ANY(p, names);
    const char *to = ANY(p, names);
    if (strcmp(from, to) != 0)
        move(p, from, to);
}

static void edit_source(struct play *p)
{
    const char *path = ANY(p, sources);
    JIG_CLEANUP_FREE char *text = source_text(p);
    show(p, "edit", path, text);
    play_write(p, path, text);
}

static void rewrite_source(struct play *p)
{
    const char *path = ANY(p, sources);
    if (!workshop_has(&p->kept, path))
        return;
    JIG_CLEANUP_FREE char *text = source_text(p);
    show(p, "rewrite", path, text);
    play_rewrite(p, path, text);
}

static void remove_source(struct play *p)
{
    const char *path = ANY(p, sources);
    play_tell(p, "remove", path);
    workshop_remove(&p->kept, path);
}

static void put_header(struct play *p)
{
    const char *path = ANY(p, headers);
    JIG_CLEANUP_FREE char *text = play_below(p, 5) == 0 ? source_text(p) : play_token(p);
    show(p, "put", path, text);
    play_write(p, path, text);
}

static void rewrite_header(struct play *p)
{
    const char *path = ANY(p, headers);
    if (!workshop_has(&p->kept, path))
        return;
    JIG_CLEANUP_FREE char *text = play_token(p);
    show(p, "rewrite", path, text);
    play_rewrite(p, path, text);
}

static void remove_header(struct play *p)
{
    const char *path = ANY(p, headers);
    play_tell(p, "remove", path);
    workshop_remove(&p->kept, path);
}

static void come_and_go(struct play *p)
{
    static const char *const folders[][2] = {
        {"libraries/L", "away/L"},         {"libraries/N", "away/N"},   {"Blink/src", "away/src"},
        {"Blink/utility", "away/utility"}, {"Blink/src/er", "away/er"},
    };
    const char *const *row = folders[play_below(p, JIG_COUNT(folders))];
    bool there = workshop_has(&p->kept, row[0]);
    workshop_put(&p->kept, "away/readme", "folders that are not in their places\n");
    JIG_CLEANUP_FREE char *src = workshop_path(&p->kept, "Blink/src");
    if (there || !jig_str_starts(row[0], "Blink/src/") || jig_fs_is_dir(src))
        move(p, row[there ? 0 : 1], row[there ? 1 : 0]);
}

/* A folder where a file may be, and back. */
static void folder_for_a_file(struct play *p)
{
    const char *path = play_below(p, 2) == 0 ? "Blink/a.ino" : "Blink/x.h";
    JIG_CLEANUP_FREE char *inside = jig_strf("%s/x.h", path);
    JIG_CLEANUP_FREE char *text = play_token(p);
    play_tell(p, "folder", path);
    workshop_remove(&p->kept, path);
    if (play_below(p, 2) == 0)
        workshop_put(&p->kept, inside, text);
}

static void link_header(struct play *p)
{
    static const char *const targets[] = {"Blink/target.txt", "Blink/a.ino", "libraries/L/L.h"};
    const char *path = ANY(p, headers);
    JIG_CLEANUP_FREE char *target = workshop_path(&p->kept, ANY(p, targets));
    play_tell(p, target, path);
    play_link(p, path, target);
}

static void edit_target(struct play *p)
{
    JIG_CLEANUP_FREE char *text = play_token(p);
    play_tell(p, "put", "Blink/target.txt");
    workshop_put(&p->kept, "Blink/target.txt", text);
}

static void touch(struct play *p)
{
    const char *path = ANY(p, tabs);
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    play_tell(p, "touch", path);
    utimensat(AT_FDCWD, whole, NULL, 0);
    if (play_below(p, 3) == 0)
        (void)!chmod(whole, play_below(p, 2) == 0 ? 0600 : 0644);
}

static void edit_behind_the_clock(struct play *p)
{
    play_edit_behind_the_clock(p, play_below(p, 2) == 0 ? ANY(p, tabs) : ANY(p, sources));
}

static void damage_build(struct play *p)
{
    static const char *const files[] = {
        "build/Blink.ino.elf",
        "build/Blink.ino.hex",
        "build/sketch/Blink.ino.cpp",
        "build/sketch/Blink.ino.cpp.o",
        "build/sketch/Blink.ino.merged.cpp",
        "build/sketch/s.cpp",
        "build/sketch/s.cpp.o",
        "build/sketch/x.h",
        "build/sketch/src",
        "build/sketch",
        "build/preproc",
        "build/core/core.a",
        "build/.jig-record",
        "build/libraries",
        "build",
    };
    play_damage(p, ANY(p, files));
}

/* What others leave in the folder that is compiled. */
static void litter_build(struct play *p)
{
    static const char *const files[] = {"build/sketch/y.h", "build/sketch/b.h",
                                        "build/sketch/src/x.h", "build/sketch/Blink.ino.cpp"};
    const char *path = ANY(p, files);
    JIG_CLEANUP_FREE char *text = play_token(p);
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(whole);
    play_tell(p, "litter", path);
    if (jig_fs_is_dir(dir))
        play_write(p, path, text);
}

static void edit(struct play *p)
{
    static void (*const edits[])(struct play *) = {
        edit_tab,      edit_tab,      edit_tab,     remove_tab,
        rename_tab,    rename_tab,    edit_source,  edit_source,
        remove_source, put_header,    put_header,   put_header,
        put_header,    remove_header, come_and_go,  come_and_go,
        touch,         link_header,   edit_target,  folder_for_a_file,
        play_restart,  damage_build,  litter_build, edit_behind_the_clock,
    };
    static void (*const contents[])(struct play *) = {rewrite_tab, rewrite_tab, rewrite_source,
                                                      rewrite_header};
    if (p->watched && play_below(p, 4) > 0) /* what a watch can say most of */
        contents[play_below(p, JIG_COUNT(contents))](p);
    else
        edits[play_below(p, JIG_COUNT(edits))](p);
}

static void begin(struct play *p)
{
    workshop_put(&p->kept, MAIN, "void setup() {}\nvoid loop() {}\n");
    workshop_put(&p->kept, "Blink/b.ino", "int f0(int a) { return a; }\n");
    workshop_put(&p->kept, "Blink/s.cpp", "token000000\n");
    workshop_put(&p->kept, "Blink/src/d.cpp", "token000000\n");
    workshop_put(&p->kept, "Blink/src/er/e.cpp", "token000000\n");
    workshop_put(&p->kept, "Blink/x.h", "x\n");
    workshop_put(&p->kept, "libraries/L/L.h", "l\n");
    workshop_put(&p->kept, "libraries/L/L.cpp", "#include \"L.h\"\n");
    workshop_put(&p->kept, "libraries/N/src/N.h", "n\n");
    workshop_put(&p->kept, "libraries/N/src/N.cpp", "#include \"N.h\"\n");
    workshop_put(&p->kept, "libraries/N/library.properties",
                 "name=N\nversion=1.0\narchitectures=*\n");
}

static const struct play_kind kind = {
    .project = "Blink",
    .artifacts = "Blink.ino",
    .begin = begin,
    .edit = edit,
    .rounds = 30,
    .plain_seed = 1,
    .watched_seed = 2,
};

static void a_kept_folder_is_as_good_as_a_new_one(void **state)
{
    play_seeds(&kind, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kept_folder_is_as_good_as_a_new_one, unit_folder_setup,
                                        unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
