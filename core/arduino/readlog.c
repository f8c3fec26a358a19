#include "core/arduino/readlog.h"

#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/fingerprint.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define YOUNG_NS (2 * JIG_NS_PER_S)

enum kind {
    READ_FILE,  /* its content */
    LISTED,     /* the names in it */
    LOOKED_FOR, /* whether it is there, and as what */
};

struct entry {
    char *path;
    enum kind kind;
    bool found;
    bool is_dir;
    bool young; /* the stamp alone is not believed */
    struct jig_stamp stamp;
    struct jig_fingerprint print; /* of the content or the listing */
};

struct jig_readlog {
    struct entry *entries;
    size_t n;
    size_t cap;
};

struct jig_readlog *jig_readlog_new(void)
{
    return jig_new(struct jig_readlog);
}

void jig_readlog_free(struct jig_readlog *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < log->n; i++)
        free(log->entries[i].path);
    free(log->entries);
    free(log);
}

static bool is_young(const struct jig_stamp *stamp)
{
    int64_t now_ns = jig_unix_ms() * JIG_NS_PER_MS;
    int64_t newest = stamp->ctime_ns > stamp->mtime_ns ? stamp->ctime_ns : stamp->mtime_ns;
    return newest > now_ns - YOUNG_NS;
}

/* The stamp is taken here, before the caller reads. */
static struct entry *add(struct jig_readlog *log, enum kind kind, const char *path)
{
    log->entries = jig_grow(log->entries, &log->cap, log->n, sizeof *log->entries);
    struct entry *e = &log->entries[log->n++];
    *e = (struct entry){.path = jig_xstrdup(path), .kind = kind};
    if (kind == LOOKED_FOR) { /* what it holds is no matter */
        e->found = jig_fs_exists_as(path, &e->is_dir);
        return e;
    }
    e->found = jig_fs_stamp(path, &e->stamp, NULL) == JIG_OK;
    if (e->found) {
        e->is_dir = S_ISDIR(e->stamp.mode);
        e->young = is_young(&e->stamp);
    }
    return e;
}

static struct jig_fingerprint print_names(const struct jig_strv *names)
{
    struct jig_buf all;
    jig_buf_init(&all, SIZE_MAX / 2);
    for (size_t i = 0; i < names->n; i++)
        jig_buf_append(&all, names->v[i], strlen(names->v[i]) + 1);
    struct jig_fingerprint print = jig_fingerprint_of(all.data, all.len);
    jig_buf_release(&all);
    return print;
}

enum jig_code jig_readlog_file(struct jig_readlog *log, const char *path, struct jig_buf *out,
                               bool *ret_found, struct jig_err *reterr)
{
    struct entry *e = add(log, READ_FILE, path);
    *ret_found = e->found;
    size_t before = out->len;
    enum jig_code code = jig_fs_read(path, out, reterr);
    if (!e->found)
        return code == JIG_NOT_FOUND ? JIG_OK : code;
    if (code == JIG_OK)
        e->print = jig_fingerprint_of(out->data + before, out->len - before);
    return code;
}

enum jig_code jig_props_read(struct jig_props *p, const char *path, struct jig_readlog *log,
                             bool *ret_found, struct jig_err *reterr)
{
    struct jig_buf text;
    jig_buf_init(&text, JIG_PROPS_FILE_MAX);
    enum jig_code code = jig_readlog_file(log, path, &text, ret_found, reterr);
    if (code == JIG_OK && *ret_found)
        code = jig_props_parse(p, path, text.data, text.len, reterr);
    jig_buf_release(&text);
    return code;
}

enum jig_code jig_readlog_list(struct jig_readlog *log, const char *dir, struct jig_strv *out,
                               struct jig_err *reterr)
{
    struct entry *e = add(log, LISTED, dir);
    if (!e->found || !e->is_dir)
        return JIG_OK;
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_list(dir, &names, reterr);
    if (code == JIG_OK) {
        e->print = print_names(&names);
        jig_strv_extend(out, &names);
    }
    jig_strv_release(&names);
    return code;
}

bool jig_readlog_exists(struct jig_readlog *log, const char *path)
{
    return add(log, LOOKED_FOR, path)->found;
}

bool jig_readlog_is_dir(struct jig_readlog *log, const char *path)
{
    const struct entry *e = add(log, LOOKED_FOR, path);
    return e->found && e->is_dir;
}

static bool content_changed(const struct entry *e)
{
    struct jig_fingerprint now = {0};
    if (e->kind == READ_FILE) {
        if (jig_fingerprint_file(e->path, &now, NULL) != JIG_OK)
            return true;
    } else if (e->is_dir) {
        struct jig_strv names = {0};
        enum jig_code code = jig_fs_list(e->path, &names, NULL);
        now = print_names(&names);
        jig_strv_release(&names);
        if (code != JIG_OK)
            return true;
    }
    return !jig_fingerprint_equal(now, e->print);
}

static bool entry_changed(struct entry *e)
{
    struct jig_stamp now;
    bool is_dir = false;
    if (e->kind == LOOKED_FOR)
        return jig_fs_exists_as(e->path, &is_dir) != e->found || is_dir != e->is_dir;
    bool found = jig_fs_stamp(e->path, &now, NULL) == JIG_OK;
    if (found != e->found)
        return true;
    if (!found)
        return false;
    if (!jig_stamp_equal(&now, &e->stamp))
        return true;
    if (!e->young)
        return false;
    e->young = is_young(&now); /* judged before the content is looked at */
    return content_changed(e);
}

bool jig_readlog_changed(struct jig_readlog *log)
{
    for (size_t i = 0; i < log->n; i++) {
        if (entry_changed(&log->entries[i]))
            return true;
    }
    return false;
}

void jig_readlog_files(const struct jig_readlog *log, struct jig_strv *out)
{
    for (size_t i = 0; i < log->n; i++) {
        if (log->entries[i].kind == READ_FILE && log->entries[i].found)
            jig_strv_append(out, log->entries[i].path);
    }
}
