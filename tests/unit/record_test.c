#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/records.h"
#include "tests/support/stamps.h"

static char *file_in(void **state)
{
    return jig_path_join(*state, ".jig-record");
}

static struct jig_trace *trace(const char *name, const char *output)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    t->name = jig_xstrdup(name);
    t->errors = jig_xstrdup("");
    t->output = jig_xstrdup(output);
    return t;
}

static void save(struct jig_record *r, const char *path)
{
    struct jig_err err = JIG_ERR_INIT;
    if (jig_record_save(r, path, &err) != JIG_OK)
        fail_msg("%s", err.message);
}

static void put(struct jig_record *r, const char *path, const char *name, const char *output)
{
    jig_record_put_take(r, trace(name, output));
    save(r, path);
}

/* What the file says of a name; "" when nothing. The caller frees. */
static char *said(const char *path, const char *name)
{
    struct jig_record r;
    jig_record_init(&r);
    jig_record_load(&r, path);
    const struct jig_trace *t = jig_record_get(&r, name);
    char *text = jig_xstrdup(t != NULL ? t->output : "");
    jig_record_release(&r);
    return text;
}

static void expect(const char *path, const char *name, const char *output)
{
    JIG_CLEANUP_FREE char *text = said(path, name);
    assert_string_equal(text, output);
}

static int64_t size_of(const char *path)
{
    struct jig_stamp s = {0};
    assert_int_equal(jig_fs_stamp(path, &s, NULL), JIG_OK);
    return s.size;
}

static void parts_are_added(void **state)
{
    struct jig_record r;
    JIG_CLEANUP_FREE char *path = file_in(state);
    jig_record_init(&r);
    put(&r, path, "a", "one");
    put(&r, path, "b", "two");
    struct jig_stamp before, after;
    assert_int_equal(jig_fs_stamp(path, &before, NULL), JIG_OK);
    put(&r, path, "a", "three");
    jig_record_forget(&r, "b");
    save(&r, path);
    assert_int_equal(jig_fs_stamp(path, &after, NULL), JIG_OK);
    assert_true(before.ino == after.ino && before.size < after.size);
    expect(path, "a", "three");
    expect(path, "b", "");
    jig_record_release(&r);
    jig_record_init(&r); /* goes on where the file ends */
    jig_record_load(&r, path);
    put(&r, path, "c", "four");
    expect(path, "a", "three");
    expect(path, "c", "four");
    jig_record_release(&r);
}

static void nothing_new_writes_nothing(void **state)
{
    struct jig_record r;
    JIG_CLEANUP_FREE char *path = file_in(state);
    jig_record_init(&r);
    put(&r, path, "a", "one");
    int64_t size = size_of(path);
    save(&r, path);
    assert_int_equal(size_of(path), size);
    jig_record_release(&r);
}

/* A thousand edits of one source. */
static void it_does_not_grow_for_ever(void **state)
{
    struct jig_record r;
    JIG_CLEANUP_FREE char *path = file_in(state);
    JIG_CLEANUP_FREE char *long_text = jig_xcalloc(2000, 1);
    memset(long_text, 'x', 1999);
    jig_record_init(&r);
    for (int i = 0; i < 1000; i++) {
        put(&r, path, "a", i % 2 == 0 ? long_text : "short");
        assert_true(size_of(path) < 300000);
    }
    expect(path, "a", "short");
    jig_record_release(&r);
}

/* Cut off anywhere, it says what it said before the part that was cut; or nothing. */
static void a_part_that_was_cut_off(void **state)
{
    struct jig_record r;
    struct jig_buf whole;
    JIG_CLEANUP_FREE char *path = file_in(state);
    jig_record_init(&r);
    put(&r, path, "a", "one");
    size_t first = (size_t)size_of(path);
    put(&r, path, "a", "two");
    jig_record_release(&r);
    jig_buf_init(&whole, 1 << 20);
    assert_int_equal(jig_fs_read(path, &whole, NULL), JIG_OK);
    for (size_t n = 0; n < whole.len; n++) {
        assert_int_equal(jig_fs_write_unsynced(path, whole.data, n, 0644, NULL), JIG_OK);
        expect(path, "a", n >= first ? "one" : "");
    }
    for (size_t n = first; n < whole.len; n++) { /* and damaged */
        whole.data[n] ^= 0x40;
        assert_int_equal(jig_fs_write_unsynced(path, whole.data, whole.len, 0644, NULL), JIG_OK);
        whole.data[n] ^= 0x40;
        expect(path, "a", "one");
        jig_record_init(&r); /* what is added next is not hidden behind the damage */
        jig_record_load(&r, path);
        put(&r, path, "b", "three");
        expect(path, "a", "one");
        expect(path, "b", "three");
        jig_record_release(&r);
    }
    jig_buf_release(&whole);
}

/* Another daemon wrote it meanwhile: it is not added to. */
static void somebody_elses_file_is_written_whole(void **state)
{
    struct jig_record r, other;
    JIG_CLEANUP_FREE char *path = file_in(state);
    jig_record_init(&r);
    jig_record_init(&other);
    put(&r, path, "a", "one");
    put(&other, path, "x", "of another");
    put(&r, path, "b", "two");
    expect(path, "a", "one");
    expect(path, "b", "two");
    jig_record_release(&r);
    jig_record_release(&other);
}

/* ---- in memory ---- */

static void a_record_is_read_once(void **state)
{
    JIG_CLEANUP_FREE char *path = file_in(state);
    struct jig_records *all = jig_records_new();
    struct jig_record *r = jig_records_take(all, path);
    put(r, path, "a", "one");
    jig_records_put_take(all, path, r);
    r = jig_records_take(all, path);
    assert_int_equal(jig_records_stats(all).hits, 1);
    assert_string_equal(jig_record_get(r, "a")->output, "one");
    jig_records_put_take(all, path, r);
    jig_records_free(all);
}

static void a_record_that_changed_is_read_again(void **state)
{
    struct jig_record other;
    JIG_CLEANUP_FREE char *path = file_in(state);
    struct jig_records *all = jig_records_new();
    struct jig_record *r = jig_records_take(all, path);
    put(r, path, "a", "one");
    jig_records_put_take(all, path, r);
    jig_record_init(&other);
    jig_record_load(&other, path);
    put(&other, path, "a", "of another");
    jig_record_release(&other);
    r = jig_records_take(all, path);
    assert_string_equal(jig_record_get(r, "a")->output, "of another");
    jig_records_put_take(all, path, r);
    assert_int_equal(jig_fs_remove_tree(path, NULL), JIG_OK);
    r = jig_records_take(all, path);
    assert_null(jig_record_get(r, "a"));
    jig_records_put_take(all, path, r);
    jig_records_free(all);
}

static void there_is_a_ceiling(void **state)
{
    struct jig_records *all = jig_records_new();
    for (int i = 0; i < 3 * JIG_RECORDS_MOST; i++) {
        JIG_CLEANUP_FREE char *path = jig_strf("%s/%d", (const char *)*state, i);
        jig_records_put_take(all, path, jig_records_take(all, path));
        assert_true(jig_records_stats(all).entries <= JIG_RECORDS_MOST);
    }
    jig_records_free(all);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(parts_are_added),
        IN_FOLDER(nothing_new_writes_nothing),
        IN_FOLDER(it_does_not_grow_for_ever),
        IN_FOLDER(a_part_that_was_cut_off),
        IN_FOLDER(somebody_elses_file_is_written_whole),
        IN_FOLDER(a_record_is_read_once),
        IN_FOLDER(a_record_that_changed_is_read_again),
        IN_FOLDER(there_is_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
