/* An image's hash: what it is over, and when a remembered one still holds. */
#include "tests/support/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/flash/imagehash.h"
#include "core/os/fs.h"

#define MOST_LOOKS 1000000

struct bench {
    char *folder;
    struct jig_files *files;
    struct jig_image_hashes *hashes;
    struct jig_image_part parts[2]; /* a.bin at 0, b.bin at 0x8000 */
};

static char *at(const struct bench *b, const char *name)
{
    return jig_path_join(b->folder, name);
}

static void put(const struct bench *b, const char *name, const char *text)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = at(b, name);
    if (jig_fs_write_unsynced(path, text, strlen(text), 0644, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

static int setup(void **state)
{
    void *folder = NULL;
    if (unit_folder_setup(&folder) != 0)
        return -1;
    struct bench *b = jig_new(struct bench);
    b->folder = folder;
    b->files = jig_files_new(100);
    b->hashes = jig_image_hashes_new(b->files, 4);
    put(b, "a.bin", "aaaa");
    put(b, "b.bin", "bbbb");
    b->parts[0] = (struct jig_image_part){0, at(b, "a.bin")};
    b->parts[1] = (struct jig_image_part){0x8000, at(b, "b.bin")};
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    void *folder = b->folder;
    free((char *)b->parts[0].path);
    free((char *)b->parts[1].path);
    jig_image_hashes_free(b->hashes);
    jig_files_free(b->files);
    free(b);
    return unit_folder_teardown(&folder);
}

static struct jig_digest hash(const struct bench *b)
{
    struct jig_digest d;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_image_hash(b->hashes, "", b->parts, 2, &d, &err) != JIG_OK)
        fail_msg("%s", err.message);
    return d;
}

static void expect_other(const struct bench *b, const struct jig_digest *than)
{
    struct jig_digest now = hash(b);
    assert_false(jig_digest_equal(&now, than));
}

static void expect_same(const struct bench *b, const struct jig_digest *as)
{
    struct jig_digest now = hash(b);
    assert_true(jig_digest_equal(&now, as));
}

static uint64_t hits(const struct bench *b)
{
    return jig_image_hashes_stats(b->hashes).hits;
}

/* Asks until stamps alone answer: what was written in the last tick of the clock is read again each
 * time. Gives the hash. */
static struct jig_digest settle(const struct bench *b)
{
    uint64_t before = hits(b);
    for (int i = 0; i < MOST_LOOKS; i++) {
        struct jig_digest d = hash(b);
        if (hits(b) > before)
            return d;
    }
    fail_msg("stamps are never believed");
    return hash(b);
}

/* Against the definition, written out: the format's name, how, n, and each offset and digest. */
static void what_the_hash_is_over(void **state)
{
    struct bench *b = *state;
    struct jig_digest contents[] = {jig_sha256_of("aaaa", 4), jig_sha256_of("bbbb", 4)};
    static const char head[] = "\x0b\0\0\0\0\0\0\0jig image 1";
    uint8_t text[512];
    size_t n = sizeof head - 1;
    memcpy(text, head, n);
    memcpy(text + n, "\0\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 24);
    n += 24;
    memcpy(text + n, contents[0].bytes, 32);
    n += 32;
    memcpy(text + n, "\0\x80\0\0\0\0\0\0", 8);
    n += 8;
    memcpy(text + n, contents[1].bytes, 32);
    n += 32;
    struct jig_digest by_hand = jig_sha256_of(text, n);
    expect_same(b, &by_hand);
}

static void order_and_names_do_not_count_but_offsets_do(void **state)
{
    struct bench *b = *state;
    struct jig_digest first = hash(b);
    struct jig_image_part swapped[] = {b->parts[1], b->parts[0]};
    struct jig_digest d;
    assert_int_equal(jig_image_hash(b->hashes, "", swapped, 2, &d, NULL), JIG_OK);
    assert_true(jig_digest_equal(&d, &first));
    assert_int_equal(jig_image_hash(b->hashes, "how", b->parts, 2, &d, NULL), JIG_OK);
    assert_false(jig_digest_equal(&d, &first));
    assert_int_equal(jig_image_hash(b->hashes, "", b->parts, 1, &d, NULL), JIG_OK);
    assert_false(jig_digest_equal(&d, &first));
    JIG_CLEANUP_FREE char *copy = at(b, "copy.bin");
    put(b, "copy.bin", "bbbb");
    struct jig_image_part renamed[] = {b->parts[0], {0x8000, copy}};
    assert_int_equal(jig_image_hash(b->hashes, "", renamed, 2, &d, NULL), JIG_OK);
    assert_true(jig_digest_equal(&d, &first));
    struct jig_image_part moved[] = {b->parts[0], {0x8001, copy}};
    assert_int_equal(jig_image_hash(b->hashes, "", moved, 2, &d, NULL), JIG_OK);
    assert_false(jig_digest_equal(&d, &first));
}

static void stamps_answer_once_they_can_be_believed(void **state)
{
    struct bench *b = *state;
    struct jig_digest first = hash(b);
    struct jig_digest settled = settle(b);
    assert_true(jig_digest_equal(&first, &settled));
    uint64_t before = hits(b);
    uint64_t hashed = jig_files_stats(b->files).hashed;
    expect_same(b, &first);
    assert_int_equal(hits(b), before + 1);
    assert_int_equal(jig_files_stats(b->files).hashed, hashed);
}

static void rewrite_same_size(const struct bench *b)
{
    put(b, "b.bin", "cccc");
}

static void rewrite_and_set_the_times_back(const struct bench *b)
{
    struct stat st;
    const char *path = b->parts[1].path;
    assert_int_equal(stat(path, &st), 0);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "dddd", 4, 0), 4);
    struct timespec times[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(futimens(fd, times), 0); /* the same inode, size and mtime: the ctime tells */
    close(fd);
}

static void rename_over(const struct bench *b)
{
    put(b, "new.bin", "eeee");
    JIG_CLEANUP_FREE char *from = at(b, "new.bin");
    assert_int_equal(rename(from, b->parts[1].path), 0);
}

static void swap_a_link(const struct bench *b)
{
    put(b, "target", "ffff");
    assert_int_equal(unlink(b->parts[1].path), 0);
    assert_int_equal(symlink("target", b->parts[1].path), 0);
}

static void edits_are_seen_whatever_they_look_like(void **state)
{
    struct bench *b = *state;
    void (*const edits[])(const struct bench *) = {
        rewrite_same_size, rewrite_and_set_the_times_back, rename_over, swap_a_link};
    for (size_t i = 0; i < JIG_COUNT(edits); i++) {
        struct jig_digest before = settle(b);
        edits[i](b);
        expect_other(b, &before);
    }
}

/* One tick of the clock holds many edits of the same size in place: each is seen. */
static void edits_within_a_tick(void **state)
{
    struct bench *b = *state;
    char text[] = "0000";
    struct jig_digest last = hash(b);
    int fd = open(b->parts[0].path, O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    for (int i = 1; i < 200; i++) {
        text[3] = (char)('0' + i % 10);
        text[2] = (char)('0' + i / 10 % 10);
        text[1] = (char)('0' + i / 100);
        assert_int_equal(pwrite(fd, text, 4, 0), 4);
        struct jig_digest now = hash(b);
        assert_false(jig_digest_equal(&now, &last));
        last = now;
    }
    close(fd);
}

static void missing_parts_leave_nothing(void **state)
{
    struct bench *b = *state;
    struct jig_digest first = settle(b);
    assert_int_equal(jig_image_hashes_stats(b->hashes).entries, 1);
    assert_int_equal(unlink(b->parts[1].path), 0);
    struct jig_digest d = first;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_image_hash(b->hashes, "", b->parts, 2, &d, &err), JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, b->parts[1].path));
    assert_true(jig_digest_equal(&d, &first)); /* not written to */
    assert_int_equal(jig_image_hashes_stats(b->hashes).entries, 0);
    put(b, "b.bin", "bbbb");
    expect_same(b, &first);
}

static void what_is_no_image(void **state)
{
    struct bench *b = *state;
    struct jig_digest d;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_image_part folder = {0, b->folder};
    assert_int_equal(jig_image_hash(b->hashes, "", &folder, 1, &d, &err), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_image_hash(b->hashes, "", b->parts, 0, &d, &err), JIG_INVALID_ARGUMENT);
    struct jig_image_part many[JIG_IMAGE_MOST_PARTS + 1];
    for (size_t i = 0; i < JIG_COUNT(many); i++)
        many[i] = b->parts[0];
    assert_int_equal(jig_image_hash(b->hashes, "", many, JIG_COUNT(many), &d, &err),
                     JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_image_hash(b->hashes, "", many, JIG_IMAGE_MOST_PARTS, &d, &err), JIG_OK);
}

static void the_memo_is_bounded(void **state)
{
    struct bench *b = *state;
    settle(b);
    for (uint64_t i = 0; i < 50; i++) {
        struct jig_digest d;
        struct jig_image_part part = {i, b->parts[0].path};
        assert_int_equal(jig_image_hash(b->hashes, "", &part, 1, &d, NULL), JIG_OK);
        assert_in_range(jig_image_hashes_stats(b->hashes).entries, 1, 4);
    }
}

#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BENCH(what_the_hash_is_over),
        WITH_BENCH(order_and_names_do_not_count_but_offsets_do),
        WITH_BENCH(stamps_answer_once_they_can_be_believed),
        WITH_BENCH(edits_are_seen_whatever_they_look_like),
        WITH_BENCH(edits_within_a_tick),
        WITH_BENCH(missing_parts_leave_nothing),
        WITH_BENCH(what_is_no_image),
        WITH_BENCH(the_memo_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
