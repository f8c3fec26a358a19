/*
 * plan_random_test.c - hundreds of random edits, each followed by a build in a folder that keeps
 * what it learned and by one from scratch in a folder of its own: never a difference.
 *
 * What is edited: sources, headers in every place where one may be found before another, links to
 * folders, the core, libraries, flags; and the build's own folder, which anybody may damage. A
 * failure prints the seed and the edits that led to it.
 *
 * Every other seed's files are watched, and what the watch says of them is all that the next build
 * looks at.
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
#include "tests/support/workshop.h"

#define ROUNDS       60
#define PLAIN_SEED   1
#define WATCHED_SEED 6 /* one of those with many builds that know what changed */

struct play {
    struct workshop kept;    /* builds over and over */
    struct workshop scratch; /* has nothing but what it builds now */
    uint64_t random;
    unsigned token;
    struct jig_strv told; /* the edits so far */
    uint64_t seed;
    bool watched;
    uint64_t narrow; /* builds that looked at what changed alone */
    uint64_t planned;
    unsigned flag;
};

static unsigned below(struct play *p, unsigned n)
{
    p->random ^= p->random << 13; /* xorshift64, Marsaglia 2003 */
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (unsigned)((p->random >> 11) % n);
}

static void tell(struct play *p, const char *what, const char *path)
{
    jig_strv_append_take(&p->told, jig_strf("%s %s", what, path));
}

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
    unsigned n = below(p, 4);
    for (unsigned i = 0; i < n; i++)
        jig_buf_printf(&b, "%s\n", lines[below(p, JIG_COUNT(lines))]);
    jig_buf_printf(&b, "token%06u\n", p->token++);
    return jig_buf_steal(&b);
}

static char *header_text(struct play *p)
{
    return jig_strf("token%06u\n", p->token++);
}

static char *any_header(struct play *p)
{
    return jig_strf("%s/%s", header_dirs[below(p, JIG_COUNT(header_dirs))],
                    header_names[below(p, JIG_COUNT(header_names))]);
}

/* In place, as some editors write: same inode. */
static void rewrite(struct play *p, const char *path, const char *text)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    JIG_CLEANUP_FD int fd = open(whole, O_WRONLY | O_TRUNC | O_CLOEXEC);
    struct jig_err err = JIG_ERR_INIT;
    if (fd < 0)
        workshop_put(&p->kept, path, text);
    else
        assert_int_equal(jig_fd_write_all(fd, text, strlen(text), &err), JIG_OK);
}

/* ---- the edits ---- */

static void edit_source(struct play *p)
{
    const char *path = sources[below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *text = source_text(p);
    tell(p, "edit", path);
    tell(p, "    ", text);
    if (below(p, 2) == 0)
        rewrite(p, path, text);
    else
        workshop_put(&p->kept, path, text);
}

static void put_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    JIG_CLEANUP_FREE char *text = header_text(p);
    tell(p, "put", path);
    if (below(p, 2) == 0)
        rewrite(p, path, text);
    else
        workshop_put(&p->kept, path, text);
}

static void remove_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    tell(p, "remove", path);
    workshop_remove(&p->kept, path);
}

/* Another content of the same size, and the time of the old one. */
static void edit_behind_the_clock(struct play *p)
{
    const char *path = sources[below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    JIG_CLEANUP_FREE char *text = workshop_read(&p->kept, path);
    struct stat st;
    char *token = strstr(text, "token");
    if (token == NULL || stat(whole, &st) != 0)
        return;
    tell(p, "edit with the old time", path);
    JIG_CLEANUP_FREE char *fresh = jig_strf("token%06u", p->token++);
    memcpy(token, fresh, strlen(fresh));
    rewrite(p, path, text);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, whole, times, 0), 0);
}

/* As edit_source, of a header that is there: nothing but content changes. */
static void rewrite_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    JIG_CLEANUP_FREE char *text = below(p, 3) == 0 ? source_text(p) : header_text(p);
    if (!workshop_has(&p->kept, path))
        return;
    tell(p, "rewrite", path);
    tell(p, "       ", text);
    rewrite(p, path, text);
}

/* With includes that are there always, mostly: a build that fails is not watched. */
static void rewrite_source(struct play *p)
{
    static const char *const likely[] = {"", "#include <L.h>\n", "#include <M.h>\n",
                                         "#include <Arduino.h>\n"};
    const char *path = sources[below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *text =
        below(p, 6) == 0
            ? source_text(p)
            : jig_strf("%stoken%06u\n", likely[below(p, JIG_COUNT(likely))], p->token++);
    tell(p, "rewrite", path);
    tell(p, "       ", text);
    rewrite(p, path, text);
}

static void touch(struct play *p)
{
    const char *path = sources[below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    tell(p, "touch", path);
    utimensat(AT_FDCWD, whole, NULL, 0);
}

static void change_mode(struct play *p)
{
    const char *path = sources[below(p, JIG_COUNT(sources))];
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    tell(p, "chmod", path);
    assert_int_equal(chmod(whole, below(p, 2) == 0 ? 0600 : 0644), 0);
}

static void swap_link(struct play *p)
{
    JIG_CLEANUP_FREE char *link = workshop_path(&p->kept, "project/now");
    const char *to = below(p, 2) == 0 ? "v1" : "v2";
    tell(p, "link now to", to);
    workshop_remove(&p->kept, "project/now");
    assert_int_equal(symlink(to, link), 0);
}

/* A header that is a link, perhaps one that leads nowhere until its target is written. */
static void link_header(struct play *p)
{
    JIG_CLEANUP_FREE char *path = any_header(p);
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(whole);
    JIG_CLEANUP_FREE char *target = workshop_path(&p->kept, "project/target.txt");
    struct jig_err err = JIG_ERR_INIT;
    tell(p, "link to target.txt", path);
    assert_int_equal(jig_fs_mkdirs(dir, 0755, &err), JIG_OK);
    workshop_remove(&p->kept, path);
    assert_int_equal(symlink(target, whole), 0);
}

static void edit_target(struct play *p)
{
    JIG_CLEANUP_FREE char *text = header_text(p);
    bool gone = below(p, 2) == 0;
    tell(p, gone ? "remove" : "put", "project/target.txt");
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
    tell(p, "exchange", "v1 and v2");
    assert_int_equal(jig_fs_rename(one, between, &err), JIG_OK);
    assert_int_equal(jig_fs_rename(two, one, &err), JIG_OK);
    assert_int_equal(jig_fs_rename(between, two, &err), JIG_OK);
}

static void late_folder(struct play *p)
{
    bool there = workshop_has(&p->kept, "project/late");
    tell(p, there ? "remove" : "make", "project/late");
    if (there)
        workshop_remove(&p->kept, "project/late");
    else
        workshop_put(&p->kept, "project/late/x.h", "late\n");
}

static void change_flags(struct play *p)
{
    p->flag = below(p, 3);
    JIG_CLEANUP_FREE char *ini =
        jig_strf("[env:one]\nplatform = fake\nboard = uno\nbuild_flags = -Ilate -Inow -DV=%u%s\n",
                 p->flag, below(p, 2) == 0 ? "\nbuild_src_flags = -DOWN" : "");
    tell(p, "flags", ini);
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
    const char *path = files[below(p, JIG_COUNT(files))];
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    bool cut = below(p, 2) == 0 && jig_fs_is_file(whole);
    tell(p, cut ? "cut" : "remove", path);
    if (cut)
        assert_int_equal(truncate(whole, 3), 0);
    else
        workshop_remove(&p->kept, path);
}

static void restart(struct play *p)
{
    tell(p, "restart", "");
    workshop_restart(&p->kept, below(p, 3) == 0 ? NULL : "objects");
}

static void do_one(struct play *p)
{
    static void (*const edits[])(struct play *) = {
        edit_source,  edit_source,  put_header,
        put_header,   put_header,   remove_header,
        edit_source,  touch,        change_mode,
        swap_link,    link_header,  edit_target,
        late_folder,  restart,      exchange_folders,
        change_flags, damage_build, edit_behind_the_clock,
    };
    if (p->watched && below(p, 4) > 0) /* what a watch can say most of */
        (below(p, 2) == 0 ? rewrite_header : rewrite_source)(p);
    else
        edits[below(p, JIG_COUNT(edits))](p);
}

/* ---- the comparison ---- */

static void show_and_fail(struct play *p, const char *what)
{
    size_t from = p->told.n > 40 ? p->told.n - 40 : 0;
    print_message("seed %llu\n", (unsigned long long)p->seed);
    for (size_t i = from; i < p->told.n; i++)
        print_message("%s\n", p->told.v[i]);
    print_message("kept: %s\nfrom scratch: %s\n", p->kept.err.message, p->scratch.err.message);
    fail_msg("%s", what);
}

static void compare(struct play *p, const char *name)
{
    JIG_CLEANUP_FREE char *kept_path = jig_path_join(p->kept.build_dir, name);
    JIG_CLEANUP_FREE char *scratch_path = jig_path_join(p->scratch.build_dir, name);
    JIG_CLEANUP_FREE char *kept = workshop_read(&p->kept, kept_path);
    JIG_CLEANUP_FREE char *scratch = workshop_read(&p->scratch, scratch_path);
    if (strcmp(kept, scratch) == 0)
        return;
    size_t same = 0;
    while (kept[same] != '\0' && kept[same] == scratch[same])
        same++;
    size_t from = same > 60 ? same - 60 : 0;
    print_message("---- %s as kept: ...%.120s...\n---- from scratch: ...%.120s...\n", name,
                  kept + from, scratch + from);
    show_and_fail(p, "a build from scratch gives something else");
}

static void build_both(struct play *p)
{
    struct jig_build_engine_stats before = jig_build_engine_stats(p->kept.engine);
    enum jig_code kept = p->watched ? workshop_build_changes(&p->kept) : workshop_build(&p->kept);
    struct jig_build_engine_stats after = jig_build_engine_stats(p->kept.engine);
    p->narrow += after.narrow - before.narrow;
    p->planned += after.planned - before.planned;
    workshop_restart(&p->scratch, NULL);
    workshop_remove(&p->scratch, "scratch");
    enum jig_code scratch = workshop_build(&p->scratch);
    if (kept != scratch)
        show_and_fail(p, "only one of the two builds went well");
    tell(p, kept == JIG_OK ? "built" : "failed", p->kept.err.message);
    if (kept != JIG_OK)
        return;
    compare(p, "firmware.elf");
    compare(p, "firmware.hex");
    assert_int_equal(p->kept.result.size.flash_bytes, p->scratch.result.size.flash_bytes);
    if (p->watched && below(p, 5) > 0) {
        for (int i = 0; i < 5 && kept == JIG_OK && !p->kept.result.up_to_date; i++)
            kept = workshop_build(&p->kept);
        /* a preprocessor may fail for what a later library has, each time */
        tell(p, workshop_watch(&p->kept) ? "watched" : "never up to date", "");
    }
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

static void play(const char *dir, uint64_t seed)
{
    struct play p = {
        .random = seed * 0x9E3779B97F4A7C15u + 1, .watched = seed % 2 == 0, .seed = seed};
    workshop_open(&p.kept, dir);
    workshop_open(&p.scratch, dir);
    free(p.scratch.build_dir);
    p.scratch.build_dir = workshop_path(&p.scratch, "scratch");
    workshop_restart(&p.kept, "objects");
    begin(&p);
    JIG_CLEANUP_FREE char *told = jig_strf("%llu", (unsigned long long)seed);
    tell(&p, "seed", told);
    for (int round = 0; round < ROUNDS; round++) {
        for (unsigned n = 1 + below(&p, 2); n > 0; n--)
            do_one(&p);
        build_both(&p);
    }
    if (p.watched) {
        print_message("%llu builds looked at changes alone, %llu of them were planned already\n",
                      (unsigned long long)p.narrow, (unsigned long long)p.planned);
        if (seed == WATCHED_SEED)
            assert_true(p.narrow > 0);
    }
    jig_strv_release(&p.told);
    workshop_close(&p.kept);
    workshop_close(&p.scratch);
}

static void a_kept_folder_is_as_good_as_a_new_one(void **state)
{
    const char *seeds = getenv("JIG_TEST_SEEDS"); /* "FROM TO", for a longer run by hand */
    unsigned long from = PLAIN_SEED;
    unsigned long to = WATCHED_SEED;
    unsigned long step = to - from;
    if (seeds != NULL && sscanf(seeds, "%lu %lu", &from, &to) != 2)
        fail_msg("JIG_TEST_SEEDS is to be two numbers");
    if (seeds != NULL)
        step = 1;
    for (unsigned long seed = from; seed <= to; seed += step) {
        JIG_CLEANUP_FREE char *dir = jig_strf("%s/%lu", (const char *)*state, seed);
        play(dir, seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_kept_folder_is_as_good_as_a_new_one, unit_folder_setup,
                                        unit_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
