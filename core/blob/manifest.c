/*
 * The file JIG_TREE_FILE of a tree:
 *
 *   jig-tree 1
 *   kind toolchains
 *   name avr-gcc
 *   version 7.3.0
 *   bytes 12345
 *   file 0755 1234 <sha256> bin/avr-gcc      (in the order of the walk)
 *   link <target's length> <target> bin/cc
 */
#include "core/blob/manifest.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/blob/tree.h"
#include "core/hash/sha256.h"
#include "core/os/file.h"
#include "core/os/fs.h"
#include "core/os/mapping.h"

#define HEAD       "jig-tree 1\n"
#define MOST_WRONG 100
#define MOST_HEAD  4096         /* bytes; a name and a version of 200 each, and little else */
#define MOST_BYTES (256u << 20) /* of the list: a million files of 256 bytes each */

struct making {
    mode_t folders;
    struct jig_buf lines;
    uint64_t bytes;
    enum jig_code code;
    struct jig_err *reterr;
};

static enum jig_code add_file(struct making *m, const struct jig_walk_entry *e,
                              const struct jig_stamp *s)
{
    struct jig_digest sha256;
    char hex[JIG_SHA256_HEX];
    uint32_t mode = s->mode & 0111 ? 0555 : 0444;
    enum jig_code code = jig_sha256_file(e->path, &sha256, m->reterr);
    if (code == JIG_OK)
        code = jig_fs_set_mode(e->path, mode, m->reterr);
    if (code != JIG_OK)
        return code;
    jig_digest_hex(&sha256, hex);
    jig_buf_printf(&m->lines, "file %04o %lld %s %s\n", (unsigned)mode, (long long)s->size, hex,
                   e->relative);
    m->bytes += (uint64_t)s->size;
    return JIG_OK;
}

static enum jig_code add_link(struct making *m, const struct jig_walk_entry *e)
{
    JIG_CLEANUP_FREE char *target = NULL;
    enum jig_code code = jig_fs_link_target(e->path, &target, m->reterr);
    if (code == JIG_OK && strchr(target, '\n') != NULL)
        code = jig_err_set(m->reterr, JIG_INVALID_ARGUMENT,
                           "the link %s has a line break in its target and cannot be installed",
                           e->path);
    if (code == JIG_OK)
        jig_buf_printf(&m->lines, "link %zu %s %s\n", strlen(target), target, e->relative);
    return code;
}

static enum jig_code add(struct making *m, const struct jig_walk_entry *e)
{
    struct jig_stamp s;
    if (strchr(e->relative, '\n') != NULL)
        return jig_err_set(m->reterr, JIG_INVALID_ARGUMENT,
                           "%s has a line break in its name and cannot be installed", e->path);
    enum jig_code code = jig_fs_stamp_link(e->path, &s, m->reterr);
    if (code != JIG_OK || jig_streq(e->relative, JIG_TREE_FILE))
        return code;
    if (S_ISDIR(s.mode)) /* one that its owner may not write to cannot be removed any more */
        return (s.mode & m->folders) == m->folders
                   ? JIG_OK
                   : jig_fs_set_mode(e->path, m->folders, m->reterr);
    if (S_ISLNK(s.mode))
        return add_link(m, e);
    if (!S_ISREG(s.mode))
        return jig_err_set(m->reterr, JIG_INVALID_ARGUMENT,
                           "%s is neither a file, a folder nor a link and cannot be installed",
                           e->path);
    return add_file(m, e, &s);
}

static enum jig_walk visit(void *ctx, const struct jig_walk_entry *e)
{
    struct making *m = ctx;
    m->code = add(m, e);
    if (m->code != JIG_OK)
        return JIG_WALK_STOP;
    return e->is_dir ? JIG_WALK_INTO : JIG_WALK_ON;
}

enum jig_code jig_manifest_make(const char *dir, enum jig_cache_kind kind, const char *name,
                                const char *version, mode_t folders, uint64_t *ret_bytes,
                                struct jig_err *reterr)
{
    struct making m = {.folders = folders, .code = JIG_OK, .reterr = reterr};
    struct jig_buf all;
    jig_buf_init(&m.lines, MOST_BYTES);
    jig_buf_init(&all, MOST_BYTES);
    enum jig_code code = jig_fs_walk(dir, false, visit, &m, reterr);
    if (code == JIG_OK)
        code = m.code;
    if (code == JIG_OK) {
        jig_buf_printf(&all, HEAD "kind %s\nname %s\nversion %s\nbytes %llu\n",
                       jig_cache_kind_name(kind), name, version, (unsigned long long)m.bytes);
        jig_buf_append(&all, m.lines.data, m.lines.len);
        all.failed = all.failed || m.lines.failed;
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, JIG_TREE_FILE);
        code = jig_buf_check(&all, path, reterr);
        if (code == JIG_OK)
            code = jig_fs_write_unsynced(path, all.data, all.len, 0444, reterr);
    }
    if (code == JIG_OK)
        *ret_bytes = m.bytes;
    jig_buf_release(&m.lines);
    jig_buf_release(&all);
    return code;
}

static enum jig_code no_list(const char *dir, struct jig_err *reterr)
{
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "the list of files in %s/%s cannot be read", dir, JIG_TREE_FILE);
}

static enum jig_code load(const char *dir, struct jig_buf *out, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, JIG_TREE_FILE);
    enum jig_code code = jig_fs_read(path, out, reterr);
    if (code == JIG_OK && (!jig_str_starts(out->data, HEAD) || strlen(out->data) != out->len))
        code = no_list(dir, reterr);
    return code;
}

/* The head alone: lists are long. */
enum jig_code jig_manifest_size(const char *dir, uint64_t *ret_bytes, struct jig_err *reterr)
{
    struct jig_mapping m;
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, JIG_TREE_FILE);
    enum jig_code code = jig_mapping_read(&m, path, MOST_HEAD, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *head = jig_xstrndup(m.size > 0 ? (const char *)m.data : "", m.size);
    jig_mapping_close(&m);
    char *bytes = jig_str_starts(head, HEAD) ? strstr(head, "\nbytes ") : NULL;
    char *end = bytes != NULL ? strchr(bytes + 1, '\n') : NULL;
    if (end != NULL)
        *end = '\0';
    if (end == NULL || !jig_parse_u64(bytes + strlen("\nbytes "), ret_bytes))
        return no_list(dir, reterr);
    return JIG_OK;
}

static void wrong(struct jig_strv *out, const char *relative, const char *what)
{
    if (out->n < MOST_WRONG)
        jig_strv_append_take(out, jig_strf("%s: %s", relative, what));
}

/* A damaged list must not lead us out of the tree. */
static bool is_inside(const char *relative)
{
    struct jig_strv parts = {0};
    jig_str_split(relative, "/", true, &parts);
    bool inside = relative[0] != '\0' && relative[0] != '/' && !jig_strv_contains(&parts, "..");
    jig_strv_release(&parts);
    return inside;
}

/* "0755 1234 <sha256> bin/avr-gcc"; false when it cannot be read. */
static bool check_file(const char *dir, const char *line, struct jig_strv *out)
{
    unsigned mode;
    long long size;
    char hex[JIG_SHA256_HEX];
    int at = 0;
    struct jig_digest then, now;
    struct jig_stamp s;
    if (sscanf(line, "%o %lld %64s%n", &mode, &size, hex, &at) != 3 || at == 0 ||
        line[at++] != ' ' || !jig_digest_parse(hex, &then) || !is_inside(line + at))
        return false;
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, line + at);
    if (jig_fs_stamp_link(path, &s, NULL) != JIG_OK)
        wrong(out, line + at, "missing");
    else if (!S_ISREG(s.mode))
        wrong(out, line + at, "not a file any more");
    else if (s.size != size)
        wrong(out, line + at, "has another size");
    else if (jig_sha256_file(path, &now, NULL) != JIG_OK)
        wrong(out, line + at, "cannot be read");
    else if (!jig_digest_equal(&then, &now))
        wrong(out, line + at, "has another content");
    else if ((s.mode & 0111) != (mode & 0111))
        wrong(out, line + at, "has another mode");
    return true;
}

/* "7 avr-gcc bin/cc" */
static bool check_link(const char *dir, const char *line, struct jig_strv *out)
{
    size_t n;
    int at = 0;
    if (sscanf(line, "%zu%n", &n, &at) != 1 || line[at] != ' ')
        return false;
    size_t rest = strlen(line + at);
    if (rest < 3 || n > rest - 3 || line[(size_t)at + 1 + n] != ' ')
        return false;
    const char *relative = line + at + n + 2;
    if (!is_inside(relative))
        return false;
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, relative);
    JIG_CLEANUP_FREE char *target = NULL;
    if (jig_fs_link_target(path, &target, NULL) != JIG_OK)
        wrong(out, relative, "missing");
    else if (strlen(target) != n || memcmp(target, line + at + 1, n) != 0)
        wrong(out, relative, "leads elsewhere");
    return true;
}

enum jig_code jig_manifest_check_list(const char *dir, char *list, struct jig_strv *ret_wrong,
                                      struct jig_err *reterr)
{
    for (char *line = list, *end; line[0] != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        if (end == NULL)
            return no_list(dir, reterr);
        *end = '\0';
        if ((jig_str_starts(line, "file ") && !check_file(dir, line + 5, ret_wrong)) ||
            (jig_str_starts(line, "link ") && !check_link(dir, line + 5, ret_wrong)))
            return no_list(dir, reterr);
    }
    return JIG_OK;
}

enum jig_code jig_manifest_check(const char *dir, struct jig_strv *ret_wrong,
                                 struct jig_err *reterr)
{
    struct jig_buf list;
    jig_buf_init(&list, MOST_BYTES);
    enum jig_code code = load(dir, &list, reterr);
    if (code == JIG_OK)
        code = jig_manifest_check_list(dir, list.data, ret_wrong, reterr);
    jig_buf_release(&list);
    return code;
}
