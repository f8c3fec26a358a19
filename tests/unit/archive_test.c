/* Archives: what comes out of good ones, and that nothing comes out of hostile ones. */
#include "tests/support/unit.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/strv.h"
#include "core/fetch/archive.h"
#include "core/os/fs.h"

static const char *folder;
static char *dest;
static struct jig_err err;
static struct jig_archive_spec spec;

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    folder = *state;
    dest = jig_path_join(folder, "dest");
    jig_err_clear(&err);
    spec = (struct jig_archive_spec){.dest = dest, .called = "x"};
    return 0;
}

static int teardown(void **state)
{
    free(dest);
    return unit_folder_teardown(state);
}

/* --------------------------------------------------------------------------- making archives */

static struct archive *writer;
static char *written;

static void begin(enum jig_archive_format format)
{
    static int (*const filters[])(struct archive *) = {
        [JIG_ARCHIVE_TAR_GZ] = archive_write_add_filter_gzip,
        [JIG_ARCHIVE_TAR_BZ2] = archive_write_add_filter_bzip2,
        [JIG_ARCHIVE_TAR_XZ] = archive_write_add_filter_xz,
        [JIG_ARCHIVE_TAR_ZST] = archive_write_add_filter_zstd,
    };
    writer = archive_write_new();
    if (format == JIG_ARCHIVE_ZIP) {
        archive_write_set_format_zip(writer);
    } else {
        archive_write_set_format_pax_restricted(writer);
        if (format != JIG_ARCHIVE_TAR)
            filters[format](writer);
    }
    written = jig_path_join(folder, "archive");
    assert_int_equal(archive_write_open_filename(writer, written), ARCHIVE_OK);
    spec.format = format;
}

static void add(const char *name, unsigned type, unsigned mode, const char *target,
                const char *text, size_t size)
{
    struct archive_entry *e = archive_entry_new();
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, (mode_t)mode);
    archive_entry_set_mtime(e, 1500000000, 0);
    if (type == AE_IFLNK)
        archive_entry_set_symlink(e, target);
    else if (target != NULL)
        archive_entry_set_hardlink(e, target);
    archive_entry_set_size(e, (la_int64_t)size);
    assert_true(archive_write_header(writer, e) >= ARCHIVE_WARN);
    if (size > 0)
        assert_int_equal(archive_write_data(writer, text, size), size);
    archive_entry_free(e);
}

static void file(const char *name, const char *text)
{
    add(name, AE_IFREG, 0644, NULL, text, strlen(text));
}

static void finish(void)
{
    assert_int_equal(archive_write_free(writer), ARCHIVE_OK);
    spec.path = written;
}

static enum jig_code extract(void)
{
    enum jig_code code = jig_archive_extract(&spec, &JIG_UNTIL_FOREVER, NULL, &err);
    free(written);
    written = NULL;
    return code;
}

static void check_text(const char *name, const char *expected)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dest, name);
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    assert_int_equal(jig_fs_read(path, &text, &err), JIG_OK);
    assert_string_equal(text.data, expected);
    jig_buf_release(&text);
}

/* Refused with this at the end of the message, and nothing left. */
static void check_refused(enum jig_code code, const char *why)
{
    finish();
    assert_int_equal(extract(), code);
    JIG_CLEANUP_FREE char *whole = jig_strf("the archive x cannot be taken apart: %s", why);
    assert_string_equal(err.message, whole);
    assert_false(jig_fs_is_there(dest));
}

/* ------------------------------------------------------------------------------- what is made */

static void test_every_format(void **state)
{
    (void)state;
    for (int f = JIG_ARCHIVE_ZIP; f < JIG_ARCHIVE_FORMAT_COUNT; f++) {
        for (int any = 0; any < 2; any++) {
            begin((enum jig_archive_format)f);
            file("a/one.txt", "first");
            add("a/run", AE_IFREG, 06755, NULL, "#!", 2);
            add("./b/", AE_IFDIR, 0700, NULL, NULL, 0);
            file("b//.//two.txt", "second");
            finish();
            if (any)
                spec.format = JIG_ARCHIVE_ANY;
            assert_int_equal(extract(), JIG_OK);
            check_text("a/one.txt", "first");
            check_text("b/two.txt", "second");
            JIG_CLEANUP_FREE char *run = jig_path_join(dest, "a/run");
            struct jig_stamp stamp;
            assert_int_equal(jig_fs_stamp(run, &stamp, &err), JIG_OK);
            assert_int_equal(stamp.mode & 07777, 0755);
            assert_int_equal(stamp.mtime_ns / 1000000000, 1500000000);
            assert_int_equal(jig_fs_remove_tree(dest, &err), JIG_OK);
        }
    }
}

static void test_links_that_stay(void **state)
{
    (void)state;
    begin(JIG_ARCHIVE_TAR);
    file("lib/libx.so.1", "so");
    add("lib/libx.so", AE_IFLNK, 0777, "libx.so.1", NULL, 0);
    add("bin/x", AE_IFLNK, 0777, "../lib/libx.so", NULL, 0);
    add("later", AE_IFLNK, 0777, "not/yet", NULL, 0);
    add("again", AE_IFREG, 0644, "lib/libx.so.1", NULL, 0);
    finish();
    assert_int_equal(extract(), JIG_OK);
    check_text("bin/x", "so");
    check_text("again", "so");
}

static void test_names_in_utf8(void **state)
{
    (void)state;
    for (int f = JIG_ARCHIVE_ZIP; f <= JIG_ARCHIVE_TAR; f++) {
        begin((enum jig_archive_format)f);
        file("gr\xc3\xb6\xc3\x9f"
             "e/\xe6\xbc\xa2.txt",
             "here");
        finish();
        assert_int_equal(extract(), JIG_OK);
        check_text("gr\xc3\xb6\xc3\x9f"
                   "e/\xe6\xbc\xa2.txt",
                   "here");
        assert_int_equal(jig_fs_remove_tree(dest, &err), JIG_OK);
    }
}

static void test_strip_top(void **state)
{
    (void)state;
    spec.strip_top = true;
    begin(JIG_ARCHIVE_TAR_GZ);
    file("pkg/pkg/x", "inner");
    file("pkg/y", "outer");
    add("pkg/l", AE_IFLNK, 0777, "pkg/x", NULL, 0);
    finish();
    assert_int_equal(extract(), JIG_OK);
    check_text("pkg/x", "inner");
    check_text("y", "outer");
    check_text("l", "inner");
    struct jig_strv names = {0};
    assert_int_equal(jig_fs_list(dest, &names, &err), JIG_OK);
    assert_int_equal(names.n, 3);
    jig_strv_release(&names);
    assert_int_equal(jig_fs_remove_tree(dest, &err), JIG_OK);

    begin(JIG_ARCHIVE_TAR); /* two at the top: nothing is stripped */
    file("pkg/y", "outer");
    file("z", "beside");
    finish();
    assert_int_equal(extract(), JIG_OK);
    check_text("pkg/y", "outer");
}

static void test_into_an_empty_folder_only(void **state)
{
    (void)state;
    JIG_CLEANUP_FREE char *other = jig_path_join(dest, "mine");
    assert_int_equal(jig_fs_mkdirs(other, 0755, &err), JIG_OK);
    begin(JIG_ARCHIVE_TAR);
    file("a", "b");
    finish();
    assert_int_equal(extract(), JIG_FAILED_PRECONDITION);
    assert_true(jig_fs_is_dir(other));
}

static void test_format_by_name(void **state)
{
    (void)state;
    enum jig_archive_format f;
    assert_true(jig_archive_format_by_name("avr-1.8.6.tar.bz2", &f));
    assert_int_equal(f, JIG_ARCHIVE_TAR_BZ2);
    assert_true(jig_archive_format_by_name("X.ZIP", &f));
    assert_int_equal(f, JIG_ARCHIVE_ZIP);
    assert_true(jig_archive_format_by_name("tgz", &f));
    assert_int_equal(f, JIG_ARCHIVE_TAR_GZ);
    assert_false(jig_archive_format_by_name("x.rar", &f));
    assert_false(jig_archive_format_by_name("unzip", &f));
    assert_false(jig_archive_format_by_name("", &f));
}

/* ---------------------------------------------------------------------------- what is refused */

static void test_names_that_lead_out(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *why;
    } names[] = {
        {"/etc/x", "'/etc/x' is an absolute path"},
        {"\\x", "'\\x' is an absolute path"},
        {"C:\\x", "'C:\\x' is an absolute path"},
        {"c:x", "'c:x' is an absolute path"},
        {"./C:\\x", "'C:\\x' is an absolute path"},
        {"../x", "'../x' leads out of its folder"},
        {"a/../../x", "'a/../../x' leads out of its folder"},
        {"a/../x", "'a/../x' leads out of its folder"},
        {"a/..", "'a/..' leads out of its folder"},
        {"a\\..\\x", "'a\\..\\x' leads out of its folder"},
        {"a\nb", "a name has control characters in it"},
    };
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        begin(JIG_ARCHIVE_TAR);
        file("good", "first");
        file(names[i].name, "text");
        check_refused(JIG_INVALID_ARGUMENT, names[i].why);
    }
}

static void test_zip_slip(void **state)
{
    JIG_CLEANUP_FREE char *outside = jig_path_join(*state, "evil");
    begin(JIG_ARCHIVE_ZIP);
    file("good", "first");
    file("../evil", "text");
    check_refused(JIG_INVALID_ARGUMENT, "'../evil' leads out of its folder");
    assert_false(jig_fs_is_there(outside));
}

static void test_links_that_leave(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        const char *target;
        const char *why;
    } links[] = {
        {"l", "/etc", "'l' is a link to an absolute path"},
        {"l", "..", "'l' is a link that leads out of its folder"},
        {"a/l", "../../x", "'a/l' is a link that leads out of its folder"},
        {"a/l", "b/../../../x", "'a/l' is a link that leads out of its folder"},
        {"l", "l", "cannot follow the link 'l': Too many levels of symbolic links"},
    };
    for (size_t i = 0; i < JIG_COUNT(links); i++) {
        begin(JIG_ARCHIVE_TAR);
        file("good", "first");
        add(links[i].name, AE_IFLNK, 0777, links[i].target, NULL, 0);
        check_refused(JIG_INVALID_ARGUMENT, links[i].why);
    }
}

/* Each link is harmless by its words; together they lead out. */
static void test_links_by_way_of_links(void **state)
{
    (void)state;
    begin(JIG_ARCHIVE_TAR);
    add("a/b/up", AE_IFLNK, 0777, "..", NULL, 0);
    add("out", AE_IFLNK, 0777, "a/b/up/../..", NULL, 0);
    check_refused(JIG_INVALID_ARGUMENT, "the link 'out' leads out of its folder");

    begin(JIG_ARCHIVE_TAR);
    add("a/b/c", AE_IFDIR, 0755, NULL, NULL, 0);
    add("x", AE_IFLNK, 0777, "a/b/c", NULL, 0);
    file("x/file", "text");
    check_refused(JIG_INVALID_ARGUMENT, "'x' goes through a link");

    begin(JIG_ARCHIVE_TAR);
    file("f", "text");
    add("l", AE_IFLNK, 0777, "f", NULL, 0);
    file("l", "through");
    check_refused(JIG_INVALID_ARGUMENT, "'l' is in it twice");
}

static void test_hard_links(void **state)
{
    JIG_CLEANUP_FREE char *outside = jig_path_join(*state, "outside");
    assert_int_equal(jig_fs_write_atomic(outside, "x", 1, 0600, &err), JIG_OK);
    begin(JIG_ARCHIVE_TAR);
    add("h", AE_IFREG, 0644, "../outside", NULL, 0);
    check_refused(JIG_INVALID_ARGUMENT, "'../outside' leads out of its folder");

    begin(JIG_ARCHIVE_TAR);
    add("h", AE_IFREG, 0644, outside, NULL, 0);
    JIG_CLEANUP_FREE char *why = jig_strf("'%s' is an absolute path", outside);
    check_refused(JIG_INVALID_ARGUMENT, why);

    begin(JIG_ARCHIVE_TAR);
    add("l", AE_IFLNK, 0777, "f", NULL, 0);
    add("h", AE_IFREG, 0644, "l", NULL, 0);
    check_refused(JIG_INVALID_ARGUMENT, "'l' is no regular file");
}

static void test_devices(void **state)
{
    (void)state;
    static const unsigned types[] = {AE_IFCHR, AE_IFBLK, AE_IFIFO};
    for (size_t i = 0; i < JIG_COUNT(types); i++) {
        begin(JIG_ARCHIVE_TAR);
        file("good", "first");
        add("dev", types[i], 0666, NULL, NULL, 0);
        check_refused(JIG_INVALID_ARGUMENT, "'dev' is a device, a pipe or a socket");
    }
}

static void test_twice(void **state)
{
    (void)state;
    begin(JIG_ARCHIVE_ZIP);
    file("a", "one");
    file("a", "two");
    check_refused(JIG_INVALID_ARGUMENT, "'a' is in it twice");

    begin(JIG_ARCHIVE_TAR); /* folders may come as often as they like, but stay folders */
    add("d", AE_IFDIR, 0755, NULL, NULL, 0);
    add("d", AE_IFDIR, 0755, NULL, NULL, 0);
    file("d", "file");
    check_refused(JIG_INVALID_ARGUMENT, "'d' is in it twice");

    begin(JIG_ARCHIVE_TAR);
    file("d", "file");
    file("d/x", "in it");
    check_refused(JIG_INVALID_ARGUMENT, "'d' is no folder, but something is to be in it");
}

static void test_case_twins_on_request(void **state)
{
    (void)state;
    static const char *const twins[][2] = {
        {"Readme", "README"}, {"Src/a", "src/b"}, {"\xc3\x84", "\xc3\xa4"}};
    for (size_t i = 0; i < JIG_COUNT(twins); i++) {
        for (int refuse = 0; refuse < 2; refuse++) {
            spec.limits.refuse_case_twins = refuse;
            begin(JIG_ARCHIVE_TAR);
            file(twins[i][0], "one");
            file(twins[i][1], "two");
            finish();
            assert_int_equal(extract(), refuse ? JIG_INVALID_ARGUMENT : JIG_OK);
            if (refuse)
                assert_non_null(strstr(err.message, "only in upper and lower case"));
            assert_int_equal(jig_fs_remove_tree(dest, &err), JIG_OK);
        }
    }
    begin(JIG_ARCHIVE_TAR); /* no twins: the same folder, written the same way */
    file("src/a", "one");
    file("src/b", "two");
    add("src", AE_IFDIR, 0755, NULL, NULL, 0);
    finish();
    assert_int_equal(extract(), JIG_OK);
}

static void test_bombs(void **state)
{
    (void)state;
    spec.limits = (struct jig_archive_limits){.entries = 10};
    begin(JIG_ARCHIVE_TAR);
    for (int i = 0; i < 11; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        file(name, "");
    }
    check_refused(JIG_RESOURCE_EXHAUSTED, "it has more than the 10 entries that are allowed");

    begin(JIG_ARCHIVE_TAR); /* folders that are only in names */
    file("1/2/3/4/5/one", "");
    file("6/7/8/9/two", "");
    check_refused(JIG_RESOURCE_EXHAUSTED, "it has more than the 10 entries that are allowed");
    begin(JIG_ARCHIVE_TAR); /* and are not counted twice */
    add("1/", AE_IFDIR, 0755, NULL, NULL, 0);
    add("1/2/", AE_IFDIR, 0755, NULL, NULL, 0);
    file("1/2/3/4/5/6/7/8/9/one", "");
    finish();
    assert_int_equal(extract(), JIG_OK);
    assert_int_equal(jig_fs_remove_tree(dest, &err), JIG_OK);

    spec.limits = (struct jig_archive_limits){.bytes = 1000};
    JIG_CLEANUP_FREE char *zeros = jig_xcalloc(1 << 20, 1);
    begin(JIG_ARCHIVE_TAR_GZ);
    add("a", AE_IFREG, 0644, NULL, zeros, 600);
    add("b", AE_IFREG, 0644, NULL, zeros, 401);
    check_refused(JIG_RESOURCE_EXHAUSTED, "it holds more than the 1000 bytes that are allowed");

    spec.limits = (struct jig_archive_limits){.bytes = 0};
    begin(JIG_ARCHIVE_TAR_ZST); /* 70 MiB of nothing */
    for (int i = 0; i < 70; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        add(name, AE_IFREG, 0644, NULL, zeros, 1 << 20);
    }
    finish();
    assert_int_equal(extract(), JIG_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(err.message, "bytes become more than 200 times as many"));
    assert_false(jig_fs_is_there(dest));
}

/* One header of a tar archive, as POSIX has it. */
static void put_header(FILE *f, const char *name, char type, const char *target, unsigned size)
{
    char h[512] = {0};
    unsigned sum = 0;
    snprintf(h, 100, "%s", name);
    snprintf(h + 100, 8, "%07o", 0644);
    snprintf(h + 124, 12, "%011o", size);
    memset(h + 148, ' ', 8);
    h[156] = type;
    snprintf(h + 157, 100, "%s", target);
    memcpy(h + 257,
           "ustar\0"
           "00",
           8);
    for (size_t i = 0; i < sizeof h; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    assert_int_equal(fwrite(h, sizeof h, 1, f), 1);
}

/* By pax a hard link may have content, which is unpacked to get past it. */
static void test_content_of_links_counts(void **state)
{
    (void)state;
    static const char zeros[4096];
    written = jig_path_join(folder, "archive");
    FILE *f = fopen(written, "w");
    assert_non_null(f);
    put_header(f, "pax", 'x', "", 11);
    fwrite("11 mtime=1\n", 11, 1, f);
    fwrite(zeros, 512 - 11, 1, f);
    put_header(f, "one", '0', "", 0);
    put_header(f, "two", '1', "one", sizeof zeros);
    fwrite(zeros, sizeof zeros, 1, f);
    fwrite(zeros, 1024, 1, f);
    assert_int_equal(fclose(f), 0);
    spec.format = JIG_ARCHIVE_TAR;
    spec.path = written;
    assert_int_equal(jig_archive_extract(&spec, &JIG_UNTIL_FOREVER, NULL, &err), JIG_OK);
    check_text("two", "");
    assert_int_equal(jig_fs_remove_tree(dest, &err), JIG_OK);
    spec.limits.bytes = sizeof zeros - 1;
    assert_int_equal(extract(), JIG_RESOURCE_EXHAUSTED);
    assert_false(jig_fs_is_there(dest));
}

static void test_damaged(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    JIG_CLEANUP_FREE char *noise = jig_xcalloc(50000, 1);
    for (int i = 0; i < 50000; i++)
        noise[i] = (char)((uint32_t)i * (uint32_t)i >> 3);
    for (int f = JIG_ARCHIVE_ZIP; f < JIG_ARCHIVE_FORMAT_COUNT; f++) {
        begin((enum jig_archive_format)f);
        add("noise", AE_IFREG, 0644, NULL, noise, 50000);
        finish();
        jig_buf_clear(&text);
        assert_int_equal(jig_fs_read(written, &text, &err), JIG_OK);
        assert_int_equal(jig_fs_write_atomic(written, text.data, text.len / 2, 0600, &err), JIG_OK);
        assert_int_equal(extract(), JIG_DATA_LOSS);
        assert_int_equal(err.reason, JIG_REASON_INTEGRITY);
        assert_false(jig_fs_is_there(dest));
    }
    jig_buf_release(&text);
    static const char *const others[] = {"", "no archive at all", "PK\3\4 and nothing else"};
    for (size_t i = 0; i < JIG_COUNT(others); i++) {
        written = jig_path_join(folder, "archive");
        assert_int_equal(jig_fs_write_atomic(written, others[i], strlen(others[i]), 0600, &err),
                         JIG_OK);
        spec.path = written;
        spec.format = JIG_ARCHIVE_ANY;
        assert_int_equal(extract(), JIG_DATA_LOSS);
    }
}

/* One byte of a stored file's content is another: only its checksum tells. */
static void test_wrong_checksum(void **state)
{
    (void)state;
    struct jig_buf text;
    jig_buf_init(&text, 1 << 20);
    begin(JIG_ARCHIVE_ZIP);
    archive_write_zip_set_compression_store(writer);
    file("a", "some text that is stored");
    finish();
    assert_int_equal(jig_fs_read(written, &text, &err), JIG_OK);
    char *at = memmem(text.data, text.len, "stored", 6);
    assert_non_null(at);
    at[0] = 'S';
    assert_int_equal(jig_fs_write_atomic(written, text.data, text.len, 0600, &err), JIG_OK);
    jig_buf_release(&text);
    assert_int_equal(extract(), JIG_DATA_LOSS);
    assert_false(jig_fs_is_there(dest));
}

static void test_cancelled(void **state)
{
    (void)state;
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &err), JIG_OK);
    jig_cancel_fire(&cancel);
    struct jig_until until = {.cancel = &cancel, .deadline_ns = JIG_NO_DEADLINE};
    begin(JIG_ARCHIVE_TAR);
    file("a", "b");
    finish();
    assert_int_equal(jig_archive_extract(&spec, &until, NULL, &err), JIG_CANCELLED);
    free(written);
    assert_false(jig_fs_is_there(dest));
    jig_cancel_release(&cancel);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_format),
        TEST(test_links_that_stay),
        TEST(test_names_in_utf8),
        TEST(test_strip_top),
        TEST(test_into_an_empty_folder_only),
        TEST(test_format_by_name),
        TEST(test_names_that_lead_out),
        TEST(test_zip_slip),
        TEST(test_links_that_leave),
        TEST(test_links_by_way_of_links),
        TEST(test_hard_links),
        TEST(test_devices),
        TEST(test_twice),
        TEST(test_case_twins_on_request),
        TEST(test_bombs),
        TEST(test_content_of_links_counts),
        TEST(test_damaged),
        TEST(test_wrong_checksum),
        TEST(test_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
