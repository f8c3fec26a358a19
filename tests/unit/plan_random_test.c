/*
 * plan_random_test.c - hundreds of random edits, each followed by a build in a folder that keeps
 * what it learned and by one from scratch in a folder of its own: never a difference.
 *
 * What is edited: sources, headers in every place where one may be found before another, links to
 * folders, the core, libraries, flags; and the build's own folder, which anybody may damage.
 */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "tests/support/play.h"

static const char *const sources[] = {
    "project/src/main.cpp",
    "project/src/a.cpp",
    "project/src/b.c",
    "project/src/deep/d.cpp",
    "libraries/L/L.cpp",
    "project/lib/M/src/M.cpp",
    "hardware/fake/one/cores/fake/main.cpp",
};

/* Where headers may be, those first that are searched first. */
static const char *const header_dirs[] = {
    "project/src",       "project/src/deep",
    "project/include",   "project/late", /* a -I folder that is not always there */
    "project/v1",                        /* where project/now leads, or v2 */
    "project/v2",        "libraries/L",
    "project/lib/M/src", "hardware/fake/one/cores/fake",
};

static const char *const header_names[] = {"x.h", "y.h", "sub/z.h", "sub/er/w.h", "probe.h"};

/* What a source may say; each line has the same length whatever its token. */
static const char *const lines[] = {
    "#include \"x.h\"",      "#include <x.h>",
    "#include <y.h>",        "#include \"sub/z.h\"",
    "#include <sub/er/w.h>", "#include \"../x.h\"",
    "#include <L.h>",        "#include <M.h>",
    "#include <Arduino.h>",  "#if __has_include(<probe.h>)\nprobed\n#endif",
};

static char *source_text(struct play *p)
{
    struct jig_buf b;
    jig_buf_init(&b, 10000);
    unsigned n = play_below(p, 4);
    for (unsigned i = 0; i < n; i++)
        jig_buf_printf(&b, "%s\n", lines[play_below(p, JIG_COUNT(lines))]);
    jig_buf_printf(&b, "token%06u\n", p->token++);
    return jig_buf_steal(&b);
}

static char *any_header(struct play *p)
{
    return jig_strf("%s/%s", header_dirs[play_below(p, JIG_COUNT(header_dirs))],
                    header_names[play_below(p, JIG_COUNT(header_names))]);
}

/* ---- the edits ---- */

static void edit_source(struct play *p)
{
    const char *path = sources[play_below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *text = source_text(p);
    play_tell(p, "edit", path);
    play_tell(p, "    ", text);
    play_write(p, path, text);
}

static void put_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    JIG_CLEANUP_FREE char *text = play_token(p);
    play_tell(p, "put", path);
    play_write(p, path, text);
}

static void remove_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    play_tell(p, "remove", path);
    workshop_remove(&p->kept, path);
}

/* As edit_source, of a header that is there: nothing but content changes. */
static void rewrite_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    JIG_CLEANUP_FREE char *text = play_below(p, 3) == 0 ? source_text(p) : play_token(p);
    if (!workshop_has(&p->kept, path))
        return;
    play_tell(p, "rewrite", path);
    play_tell(p, "       ", text);
    play_rewrite(p, path, text);
}

/* With includes that are there always, mostly: a build that fails is not watched. */
static void rewrite_source(struct play *p)
{
    static const char *const likely[] = {"", "#include <L.h>\n", "#include <M.h>\n",
                                         "#include <Arduino.h>\n"};
    const char *path = sources[play_below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *text =
        play_below(p, 6) == 0
            ? source_text(p)
            : jig_strf("%stoken%06u\n", likely[play_below(p, JIG_COUNT(likely))], p->token++);
    play_tell(p, "rewrite", path);
    play_tell(p, "       ", text);
    play_rewrite(p, path, text);
}

static void touch(struct play *p)
{
    const char *path = sources[play_below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    play_tell(p, "touch", path);
    utimensat(AT_FDCWD, whole, NULL, 0);
}

static void change_mode(struct play *p)
{
    const char *path = sources[play_below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    play_tell(p, "chmod", path);
    assert_int_equal(chmod(whole, play_below(p, 2) == 0 ? 0600 : 0644), 0);
}

static void swap_link(struct play *p)
{
    JIG_CLEANUP_FREE char *link = workshop_path(&p->kept, "project/now");
    const char *to = play_below(p, 2) == 0 ? "v1" : "v2";
    play_tell(p, "link now to", to);
    workshop_remove(&p->kept, "project/now");
    assert_int_equal(symlink(to, link), 0);
}

static void edit_behind_the_clock(struct play *p)
{
    play_edit_behind_the_clock(p, sources[play_below(p, JIG_COUNT(sources))]);
}

/* A header that is a link, perhaps one that leads nowhere until its target is written. */
static void link_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    JIG_CLEANUP_FREE char *target = workshop_path(&p->kept, "project/target.txt");
    play_tell(p, "link to target.txt", path);
    play_link(p, path, target);
}

static void edit_target(struct play *p)
{
    JIG_CLEANUP_FREE char *text = play_token(p);
    bool gone = play_below(p, 2) == 0;
    play_tell(p, gone ? "remove" : "put", "project/target.txt");
    if (gone)
        workshop_remove(&p->kept, "project/target.txt");
    else
        workshop_put(&p->kept, "project/target.txt", text);
}

static void exchange_folders(struct play *p)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *one = workshop_path(&p->kept, "project/v1");
    JIG_CLEANUP_FREE char *two = workshop_path(&p->kept, "project/v2");
    JIG_CLEANUP_FREE char *between = workshop_path(&p->kept, "project/v3");
    play_tell(p, "exchange", "v1 and v2");
    assert_int_equal(jig_fs_rename(one, between, &err), JIG_OK);
    assert_int_equal(jig_fs_rename(two, one, &err), JIG_OK);
    assert_int_equal(jig_fs_rename(between, two, &err), JIG_OK);
}

static void late_folder(struct play *p)
{
    bool there = workshop_has(&p->kept, "project/late");
    play_tell(p, there ? "remove" : "make", "project/late");
    if (there)
        workshop_remove(&p->kept, "project/late");
    else
        workshop_put(&p->kept, "project/late/x.h", "late\n");
}

static void change_flags(struct play *p)
{
    p->flag = play_below(p, 3);
    JIG_CLEANUP_FREE char *ini =
        jig_strf("[env:one]\nplatform = fake\nboard = uno\nbuild_flags = -Ilate -Inow -DV=%u%s\n",
                 p->flag, play_below(p, 2) == 0 ? "\nbuild_src_flags = -DOWN" : "");
    play_tell(p, "flags", ini);
    workshop_put(&p->kept, "project/platformio.ini", ini);
}

static void damage_build(struct play *p)
{
    static const char *const files[] = {
        "build/firmware.elf",
        "build/firmware.hex",
        "build/src/main.cpp.o",
        "build/src/a.cpp.o",
        "build/core/core.a",
        "build/.jig-record",
        "build/libraries/L/L.cpp.o",
        "build/src",
        "build/core",
        "build/compile_commands.json",
        "build",
    };
    const char *path = files[play_below(p, JIG_COUNT(files))];
    play_damage(p, path);
}

static void do_one(struct play *p)
{
    static void (*const edits[])(struct play *) = {
        edit_source,  edit_source,  put_header,
        put_header,   put_header,   remove_header,
        edit_source,  touch,        change_mode,
        swap_link,    link_header,  edit_target,
        late_folder,  play_restart, exchange_folders,
        change_flags, damage_build, edit_behind_the_clock,
    };
    if (p->watched && play_below(p, 4) > 0) /* what a watch can say most of */
        (play_below(p, 2) == 0 ? rewrite_header : rewrite_source)(p);
    else
        edits[play_below(p, JIG_COUNT(edits))](p);
}

static void begin(struct play *p)
{
    workshop_put(&p->kept, "libraries/L/L.h", "l\n");
    workshop_put(&p->kept, "libraries/L/L.cpp", "#include \"L.h\"\n");
    workshop_put(&p->kept, "project/lib/M/src/M.h", "m\n");
    workshop_put(&p->kept, "project/lib/M/src/M.cpp", "#include \"M.h\"\n");
    workshop_put(&p->kept, "project/lib/M/library.properties",
                 "name=M\nversion=1.0\narchitectures=*\n");
    workshop_put(&p->kept, "project/src/a.cpp", "token000000\n");
    workshop_put(&p->kept, "project/src/b.c", "token000000\n");
    workshop_put(&p->kept, "project/src/deep/d.cpp", "token000000\n");
    workshop_put(&p->kept, "project/v1/x.h", "one\n");
    workshop_put(&p->kept, "project/v2/x.h", "two\n");
    workshop_put(&p->kept, "project/v2/sub/z.h", "two\n");
    workshop_put(&p->kept, "project/include/y.h", "y\n");
    workshop_put(&p->kept, "project/include/sub/er/w.h", "w\n");
    swap_link(p);
    change_flags(p);
}

static const struct play_kind kind = {
    .project = "project",
    .artifacts = "firmware",
    .begin = begin,
    .edit = do_one,
    .rounds = 60,
    .plain_seed = 1,
    .watched_seed = 6,
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
