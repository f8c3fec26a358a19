#include "tests/support/unit.h"

#include "tests/support/play.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

unsigned play_below(struct play *p, unsigned n)
{
    p->random ^= p->random << 13; /* xorshift64, Marsaglia 2003 */
    p->random ^= p->random >> 7;
    p->random ^= p->random << 17;
    return (unsigned)((p->random >> 11) % n);
}

void play_tell(struct play *p, const char *what, const char *path)
{
    jig_strv_append_take(&p->told, jig_strf("%s %s", what, path));
}

char *play_token(struct play *p)
{
    return jig_strf("token%06u\n", p->token++);
}

/* ---- edits ---- */

/* In place of what was there, a folder too. */
static void put(struct play *p, const char *path, const char *text)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    if (jig_fs_is_dir(whole))
        workshop_remove(&p->kept, path);
    workshop_put(&p->kept, path, text);
}

void play_rewrite(struct play *p, const char *path, const char *text)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    JIG_CLEANUP_FD int fd = open(whole, O_WRONLY | O_TRUNC | O_CLOEXEC);
    struct jig_err err = JIG_ERR_INIT;
    if (fd < 0)
        put(p, path, text);
    else
        assert_int_equal(jig_fd_write_all(fd, text, strlen(text), &err), JIG_OK);
}

void play_write(struct play *p, const char *path, const char *text)
{
    if (play_below(p, 2) == 0)
        play_rewrite(p, path, text);
    else
        put(p, path, text);
}

void play_edit_behind_the_clock(struct play *p, const char *path)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    struct stat st;
    if (stat(whole, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    JIG_CLEANUP_FREE char *text = workshop_read(&p->kept, path);
    char *token = strstr(text, "token");
    if (token == NULL)
        return;
    play_tell(p, "edit with the old time", path);
    JIG_CLEANUP_FREE char *fresh = jig_strf("token%06u", p->token++);
    memcpy(token, fresh, strlen(fresh));
    play_rewrite(p, path, text);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, whole, times, 0), 0);
}

void play_link(struct play *p, const char *path, const char *target)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(whole);
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_fs_mkdirs(dir, 0755, &err), JIG_OK);
    workshop_remove(&p->kept, path);
    assert_int_equal(symlink(target, whole), 0);
}

void play_damage(struct play *p, const char *path)
{
    JIG_CLEANUP_FREE char *whole = workshop_path(&p->kept, path);
    bool cut = play_below(p, 2) == 0 && jig_fs_is_file(whole);
    play_tell(p, cut ? "cut" : "remove", path);
    if (cut)
        assert_int_equal(truncate(whole, 3), 0);
    else
        workshop_remove(&p->kept, path);
}

void play_restart(struct play *p)
{
    play_tell(p, "restart", "");
    workshop_restart(&p->kept, play_below(p, 3) == 0 ? NULL : "objects");
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
    play_tell(p, kept == JIG_OK ? "built" : "failed", p->kept.err.message);
    if (kept != JIG_OK)
        return;
    JIG_CLEANUP_FREE char *elf = jig_strf("%s.elf", p->kind->artifacts);
    JIG_CLEANUP_FREE char *hex = jig_strf("%s.hex", p->kind->artifacts);
    compare(p, elf);
    compare(p, hex);
    assert_int_equal(p->kept.result.size.flash_bytes, p->scratch.result.size.flash_bytes);
    if (p->watched && play_below(p, 5) > 0) {
        for (int i = 0; i < 5 && kept == JIG_OK && !p->kept.result.up_to_date; i++)
            kept = workshop_build(&p->kept);
        /* a preprocessor may fail for what a later library has, each time */
        play_tell(p, workshop_watch(&p->kept) ? "watched" : "never up to date", "");
    }
}

static void open_workshop(const struct play *p, struct workshop *w, const char *dir)
{
    workshop_open(w, dir);
    free(w->project);
    w->project = workshop_path(w, p->kind->project);
}

static void play(const struct play_kind *kind, const char *dir, uint64_t seed)
{
    struct play p = {.kind = kind,
                     .random = seed * 0x9E3779B97F4A7C15u + 1,
                     .watched = seed % 2 == 0,
                     .seed = seed};
    open_workshop(&p, &p.kept, dir);
    open_workshop(&p, &p.scratch, dir);
    free(p.scratch.build_dir);
    p.scratch.build_dir = workshop_path(&p.scratch, "scratch");
    workshop_restart(&p.kept, "objects");
    kind->begin(&p);
    JIG_CLEANUP_FREE char *told = jig_strf("%llu", (unsigned long long)seed);
    play_tell(&p, "seed", told);
    for (int round = 0; round < kind->rounds; round++) {
        for (unsigned n = 1 + play_below(&p, 2); n > 0; n--)
            kind->edit(&p);
        build_both(&p);
    }
    if (p.watched) {
        print_message("%llu builds looked at changes alone, %llu of them were planned already\n",
                      (unsigned long long)p.narrow, (unsigned long long)p.planned);
        if (seed == kind->watched_seed)
            assert_true(p.narrow > 0);
    }
    jig_strv_release(&p.told);
    workshop_close(&p.kept);
    workshop_close(&p.scratch);
}

void play_seeds(const struct play_kind *kind, const char *dir)
{
    const char *seeds = getenv("JIG_TEST_SEEDS");
    unsigned long from = kind->plain_seed;
    unsigned long to = kind->watched_seed;
    unsigned long step = to - from;
    if (seeds != NULL && sscanf(seeds, "%lu %lu", &from, &to) != 2)
        fail_msg("JIG_TEST_SEEDS is to be two numbers");
    if (seeds != NULL)
        step = 1;
    for (unsigned long seed = from; seed <= to; seed += step) {
        JIG_CLEANUP_FREE char *folder = jig_strf("%s/%lu", dir, seed);
        play(kind, folder, seed);
    }
}
