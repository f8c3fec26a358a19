#include "tests/support/blob_bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

struct jig_cache *open_cache(const char *root, const char *second)
{
    struct jig_cache *c;
    struct jig_cache_options o = {.root = root, .second = second};
    assert_int_equal(jig_cache_open(&o, &c, NULL), JIG_OK);
    return c;
}

struct jig_hold *new_hold(struct jig_cache *c)
{
    struct jig_hold *h;
    assert_int_equal(jig_hold_new(c, "a test", &h, NULL), JIG_OK);
    return h;
}

int blob_bench_setup(void **state)
{
    void *folder = NULL;
    if (unit_folder_setup(&folder) != 0)
        return -1;
    struct blob_bench *b = jig_new(struct blob_bench);
    b->folder = folder;
    b->root = jig_path_join(folder, "cache");
    b->cache = open_cache(b->root, NULL);
    b->hold = new_hold(b->cache);
    *state = b;
    return 0;
}

int blob_bench_teardown(void **state)
{
    struct blob_bench *b = *state;
    void *folder = b->folder;
    jig_hold_free(b->hold);
    jig_cache_close(b->cache);
    free(b->root);
    free(b);
    return unit_folder_teardown(&folder);
}

void end_hold(struct blob_bench *b)
{
    jig_hold_free(b->hold);
    b->hold = new_hold(b->cache);
}

struct jig_digest hash(const char *text)
{
    return jig_sha256_of(text, strlen(text));
}

struct jig_blob put(struct blob_bench *b, const char *text)
{
    struct jig_digest d = hash(text);
    struct jig_blob_writer *w;
    struct jig_blob blob;
    assert_ok(b, jig_blob_begin(b->cache, &d, &w, &b->err));
    assert_ok(b, jig_blob_write(w, text, strlen(text), &b->err));
    assert_ok(
        b, jig_blob_commit(w, b->hold, JIG_CACHE_LNK, NULL, (int64_t)strlen(text), &blob, &b->err));
    return blob;
}

void overwrite(const char *path, const char *text)
{
    assert_int_equal(chmod(path, 0644), 0);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

size_t files_in(const struct blob_bench *b, const char *folder)
{
    struct jig_strv names = {0};
    JIG_CLEANUP_FREE char *path = jig_path_join(b->root, folder);
    assert_int_equal(jig_fs_list(path, &names, NULL), JIG_OK);
    size_t n = names.n;
    jig_strv_release(&names);
    return n;
}

bool has(struct blob_bench *b, const char *text)
{
    struct jig_digest d = hash(text);
    struct jig_blob blob;
    enum jig_code code = jig_blob_find(b->cache, b->hold, &d, &blob, &b->err);
    if (code == JIG_OK)
        free(blob.path);
    else
        assert_int_equal(code, JIG_NOT_FOUND);
    return code == JIG_OK;
}

char *install(struct blob_bench *b, const char *version, const char *text)
{
    struct jig_tree_staging s;
    char *path;
    assert_ok(b, jig_tree_begin(b->cache, JIG_CACHE_TOOLCHAINS, "gcc", version, &s, &b->err));
    JIG_CLEANUP_FREE char *bin = jig_path_join(s.path, "bin");
    JIG_CLEANUP_FREE char *gcc = jig_path_join(bin, "g cc");
    JIG_CLEANUP_FREE char *link = jig_path_join(bin, "cc");
    assert_ok(b, jig_fs_mkdirs(bin, 0755, &b->err));
    assert_ok(b, jig_fs_write_unsynced(gcc, text, strlen(text), 0755, &b->err));
    assert_int_equal(symlink("g cc", link), 0);
    assert_ok(b, jig_tree_commit(&s, b->hold, &path, &b->err));
    assert_null(s.path);
    return path;
}
