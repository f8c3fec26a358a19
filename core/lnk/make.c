#include "core/lnk/make.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/tree.h"
#include "core/fetch/archive.h"
#include "core/os/fs.h"

#define TREE_VERSION "1" /* of what extracting an archive leaves */
#define FILE_MODE    0444
#define PROGRAM_MODE 0555

/* ---- trees ---- */

static const enum jig_archive_format formats[JIG_POINTER_EXTRACT_COUNT] = {
    [JIG_POINTER_ZIP] = JIG_ARCHIVE_ZIP,       [JIG_POINTER_TAR] = JIG_ARCHIVE_TAR,
    [JIG_POINTER_TAR_GZ] = JIG_ARCHIVE_TAR_GZ, [JIG_POINTER_TAR_BZ2] = JIG_ARCHIVE_TAR_BZ2,
    [JIG_POINTER_TAR_XZ] = JIG_ARCHIVE_TAR_XZ, [JIG_POINTER_TAR_ZST] = JIG_ARCHIVE_TAR_ZST,
};

static enum jig_code extract(const struct jig_lnk_making *m, const struct jig_blob *blob,
                             const struct jig_lnk_row *row, const char *name, char **ret,
                             struct jig_err *reterr)
{
    struct jig_tree_staging staging = {0};
    enum jig_code code =
        jig_tree_begin(m->cache, JIG_CACHE_LNK, name, TREE_VERSION, &staging, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_archive_spec spec = {.path = blob->path,
                                    .called = row->path,
                                    .format = formats[row->extract],
                                    .dest = staging.path,
                                    .limits = m->limits};
    code = jig_archive_extract(&spec, &m->until, NULL, reterr);
    if (code == JIG_OK)
        return jig_tree_commit(&staging, m->hold, ret, reterr);
    jig_tree_abort(&staging);
    return code;
}

/* The extracted archive in the cache. */
static enum jig_code find_tree(const struct jig_lnk_making *m, const struct jig_blob *blob,
                               const struct jig_lnk_row *row, char **ret, struct jig_err *reterr)
{
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&row->sha256, hex);
    JIG_CLEANUP_FREE char *name = jig_strf("%s.%s", hex, jig_pointer_extract_name(row->extract));
    enum jig_code code =
        jig_tree_find(m->cache, m->hold, JIG_CACHE_LNK, name, TREE_VERSION, ret, reterr);
    return code == JIG_NOT_FOUND ? extract(m, blob, row, name, ret, reterr) : code;
}

struct copy {
    const char *to;
    const struct jig_until *until;
    enum jig_code code;
    struct jig_err *reterr;
};

static enum jig_code copy_link(const char *from, const char *to, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *target = NULL;
    enum jig_code code = jig_fs_link_target(from, &target, reterr);
    return code == JIG_OK ? jig_fs_make_link(target, to, reterr) : code;
}

static enum jig_walk copy_entry(void *ctx, const struct jig_walk_entry *e)
{
    struct copy *c = ctx;
    if (strcmp(e->relative, JIG_TREE_FILE) == 0) /* the cache's own */
        return JIG_WALK_ON;
    JIG_CLEANUP_FREE char *to = jig_path_join(c->to, e->relative);
    mode_t mode = jig_fs_is_executable(e->path) ? PROGRAM_MODE : FILE_MODE;
    c->code = jig_until_check(c->until, c->reterr);
    if (c->code == JIG_OK && e->is_dir)
        c->code = jig_fs_mkdirs(to, 0777, c->reterr);
    else if (c->code == JIG_OK && e->is_file)
        c->code = jig_fs_copy(e->path, to, mode, false, c->reterr);
    else if (c->code == JIG_OK)
        c->code = copy_link(e->path, to, c->reterr);
    return c->code != JIG_OK ? JIG_WALK_STOP : e->is_dir ? JIG_WALK_INTO : JIG_WALK_ON;
}

static enum jig_code copy_tree(const char *from, const char *to, const struct jig_until *until,
                               struct jig_err *reterr)
{
    struct copy c = {.to = to, .until = until, .reterr = reterr};
    enum jig_code code = jig_fs_mkdirs(to, 0777, reterr);
    if (code == JIG_OK)
        code = jig_fs_walk(from, false, copy_entry, &c, reterr);
    return code == JIG_OK ? c.code : code;
}

static enum jig_code make_tree(const struct jig_lnk_making *m, const struct jig_blob *blob,
                               const struct jig_lnk_row *row, const char *made,
                               struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *tree = NULL;
    JIG_CLEANUP_FREE char *beside = jig_fs_temporary_beside(made);
    enum jig_code code = find_tree(m, blob, row, &tree, reterr);
    if (code == JIG_OK)
        code = copy_tree(tree, beside, &m->until, reterr);
    if (code == JIG_OK)
        code = jig_fs_rename(beside, made, reterr);
    if (code != JIG_OK)
        (void)!jig_fs_remove_tree(beside, NULL);
    return code;
}

/* ---- */

enum jig_code jig_lnk_make(const struct jig_lnk_making *m, const struct jig_blob *blob,
                           struct jig_lnk_row *row, const char *made, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *dir = jig_path_dir(made);
    enum jig_code code = jig_fs_mkdirs(dir, 0777, reterr);
    if (code == JIG_OK)
        code = jig_fs_remove_tree(made, reterr);
    if (code == JIG_OK)
        code = row->extract == JIG_POINTER_FILE
                   ? jig_fs_copy(blob->path, made, FILE_MODE, false, reterr)
                   : make_tree(m, blob, row, made, reterr);
    if (code != JIG_OK)
        return code;
    row->size = (int64_t)blob->size_bytes;
    return jig_lnk_row_look(row, made, reterr);
}
