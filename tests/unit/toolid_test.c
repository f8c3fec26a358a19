#include "tests/support/unit.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/toolid.h"
#include "core/os/fs.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

#define MOST_ROUNDS 10000

/* A driver that counts how often it is asked, and its compiler. */
struct shop {
    const char *dir;
    char *driver;
    char *memo;
};

static void put(const struct shop *s, const char *name, const char *text, mode_t mode)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(s->dir, name);
    if (jig_fs_write_atomic(path, text, strlen(text), mode, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

static void shop_open(struct shop *s, const char *dir)
{
    *s = (struct shop){.dir = dir,
                       .driver = jig_path_join(dir, "x-gcc"),
                       .memo = jig_path_join(dir, "cache/known")};
    JIG_CLEANUP_FREE char *script = jig_strf(
        "#!/bin/sh\necho asked >> '%s/log'\necho 'programs: =%s/none:%s'\n", dir, dir, dir);
    put(s, "x-gcc", script, 0755);
    put(s, "cc1", "one", 0755);
}

static void shop_close(struct shop *s)
{
    free(s->driver);
    free(s->memo);
}

static size_t asked(const struct shop *s)
{
    struct jig_buf log;
    JIG_CLEANUP_FREE char *path = jig_path_join(s->dir, "log");
    jig_buf_init(&log, 1 << 20);
    size_t n = jig_fs_read(path, &log, NULL) == JIG_OK ? log.len / strlen("asked\n") : 0;
    jig_buf_release(&log);
    return n;
}

/* As a daemon that was started again sees it. */
static struct jig_digest look(const struct shop *s, const char *memo)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_digest d;
    struct jig_toolids *t = jig_toolids_new(memo);
    if (jig_toolids_get(t, s->driver, &JIG_UNTIL_FOREVER, &d, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_toolids_free(t);
    return d;
}

/* Until it is known without asking: young stamps are not believed. */
static struct jig_digest settle(const struct shop *s)
{
    for (int i = 0; i < MOST_ROUNDS; i++) {
        size_t before = asked(s);
        struct jig_digest d = look(s, s->memo);
        if (asked(s) == before)
            return d;
    }
    fail_msg("it never settles");
    return (struct jig_digest){{0}};
}

static void what_is_known_is_kept(void **state)
{
    struct shop s;
    shop_open(&s, *state);
    struct jig_digest kept = settle(&s);
    struct jig_digest fresh = look(&s, NULL);
    assert_true(jig_digest_equal(&kept, &fresh));
    shop_close(&s);
}

static void another_part_is_another_tool(void **state)
{
    struct shop s;
    shop_open(&s, *state);
    struct jig_digest one = settle(&s);
    put(&s, "cc1", "two", 0755);
    struct jig_digest two = look(&s, s.memo);
    assert_false(jig_digest_equal(&one, &two));
    two = settle(&s);
    JIG_CLEANUP_FREE char *none = jig_path_join(s.dir, "none");
    assert_int_equal(mkdir(none, 0755), 0);
    put(&s, "none/cc1", "three", 0755); /* found before the other */
    struct jig_digest three = look(&s, s.memo);
    assert_false(jig_digest_equal(&two, &three));
    shop_close(&s);
}

static void a_damaged_memo_is_none(void **state)
{
    struct shop s;
    struct jig_buf file;
    shop_open(&s, *state);
    struct jig_digest known = settle(&s);
    jig_buf_init(&file, 1 << 20);
    assert_int_equal(jig_fs_read(s.memo, &file, NULL), JIG_OK);
    size_t before = asked(&s);
    for (size_t i = 0; i < file.len; i += 7) {
        JIG_CLEANUP_FREE char *damaged = jig_xcalloc(file.len, 1);
        memcpy(damaged, file.data, file.len);
        damaged[i] ^= 1;
        assert_int_equal(jig_fs_write_atomic(s.memo, damaged, file.len, 0600, NULL), JIG_OK);
        struct jig_digest d = look(&s, s.memo);
        assert_true(jig_digest_equal(&d, &known));
        assert_int_equal(asked(&s), ++before);
        assert_int_equal(jig_fs_write_atomic(s.memo, damaged, i, 0600, NULL), JIG_OK);
        d = look(&s, s.memo);
        assert_true(jig_digest_equal(&d, &known));
        assert_int_equal(asked(&s), ++before);
    }
    jig_buf_release(&file);
    shop_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(what_is_known_is_kept),
        IN_FOLDER(another_part_is_another_tool),
        IN_FOLDER(a_damaged_memo_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
