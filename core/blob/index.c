#include "core/blob/index.h"

#include <sqlite3.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define VERSION      1     /* PRAGMA user_version; another one is thrown away */
#define WAIT_MS      10000 /* for another process's transaction, a walk of the cache at most */
#define PAGE_ENTRIES 256

static const char schema[] =
    "CREATE TABLE entries("
    " id BLOB PRIMARY KEY, is_tree INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT,"
    " version TEXT, size INTEGER NOT NULL, sequence INTEGER NOT NULL, used_ms INTEGER NOT NULL,"
    " seen INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX oldest ON entries(is_tree, sequence, used_ms, id);"
    "PRAGMA user_version = 1;";

enum statement { SAW, USED, SWEEP, OLDEST, FORGET, GET, SUMS, STATEMENT_COUNT };

static const char *const texts[STATEMENT_COUNT] = {
    [SAW] = "INSERT INTO entries VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7, ?8) ON CONFLICT(id) DO"
            " UPDATE SET kind = ?3, size = ?6, seen = ?8",
    [USED] = "UPDATE entries SET sequence = ?2, used_ms = ?3 WHERE id = ?1 AND sequence < ?2",
    [SWEEP] = "DELETE FROM entries WHERE seen <> ?1",
    [OLDEST] = "SELECT id, is_tree, kind, name, version, size, sequence, used_ms FROM entries"
               " WHERE is_tree = ?1 AND (sequence, used_ms, id) > (?2, ?3, ?4)"
               " ORDER BY sequence, used_ms, id LIMIT ?5",
    [FORGET] = "DELETE FROM entries WHERE id = ?1",
    [GET] = "SELECT id, is_tree, kind, NULL, NULL, size, sequence, used_ms FROM entries"
            " WHERE id = ?1",
    [SUMS] = "SELECT is_tree, kind, count(*), sum(size) FROM entries GROUP BY is_tree, kind",
};

struct jig_index {
    sqlite3 *db;
    char *path;
    sqlite3_stmt *statements[STATEMENT_COUNT]; /* NULL until first used */
    int64_t seen;                              /* of the transaction that runs */
};

static enum jig_code failed(const struct jig_index *x, int rc, struct jig_err *reterr)
{
    static const struct {
        int rc;
        enum jig_code code;
        enum jig_reason reason;
    } codes[] = {
        {SQLITE_CORRUPT, JIG_DATA_LOSS, JIG_REASON_INTEGRITY},
        {SQLITE_NOTADB, JIG_DATA_LOSS, JIG_REASON_INTEGRITY},
        {SQLITE_SCHEMA, JIG_DATA_LOSS, JIG_REASON_INTEGRITY},
        {SQLITE_ERROR, JIG_DATA_LOSS, JIG_REASON_INTEGRITY}, /* our tables are not in it */
        {SQLITE_FULL, JIG_RESOURCE_EXHAUSTED, JIG_REASON_NONE},
        {SQLITE_NOMEM, JIG_RESOURCE_EXHAUSTED, JIG_REASON_NONE},
        {SQLITE_BUSY, JIG_ABORTED, JIG_REASON_BUSY},
        {SQLITE_LOCKED, JIG_ABORTED, JIG_REASON_BUSY},
        {SQLITE_PERM, JIG_PERMISSION_DENIED, JIG_REASON_NONE},
        {SQLITE_READONLY, JIG_PERMISSION_DENIED, JIG_REASON_NONE},
        {SQLITE_CANTOPEN, JIG_PERMISSION_DENIED, JIG_REASON_NONE},
    };
    for (size_t i = 0; i < JIG_COUNT(codes); i++) {
        if (codes[i].rc == (rc & 0xff))
            return jig_err_reason(reterr, codes[i].code, codes[i].reason,
                                  "the cache's index %s: %s", x->path, sqlite3_errstr(rc));
    }
    return jig_err_set(reterr, JIG_UNAVAILABLE, "the cache's index %s: %s", x->path,
                       sqlite3_errstr(rc));
}

static enum jig_code execute(struct jig_index *x, const char *sql, struct jig_err *reterr)
{
    int rc = sqlite3_exec(x->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? JIG_OK : failed(x, rc, reterr);
}

static enum jig_code get(struct jig_index *x, enum statement which, sqlite3_stmt **ret,
                         struct jig_err *reterr)
{
    sqlite3_stmt **s = &x->statements[which];
    int rc = *s != NULL ? sqlite3_reset(*s) : SQLITE_OK; /* says again why the last run failed */
    if (*s == NULL) {
        rc = sqlite3_prepare_v3(x->db, texts[which], -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
        if (rc != SQLITE_OK)
            return failed(x, rc, reterr);
    }
    sqlite3_clear_bindings(*s);
    *ret = *s;
    return JIG_OK;
}

/* A statement without rows. */
static enum jig_code run(struct jig_index *x, sqlite3_stmt *s, struct jig_err *reterr)
{
    int rc = sqlite3_step(s);
    sqlite3_reset(s);
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? JIG_OK : failed(x, rc, reterr);
}

static void bind_id(sqlite3_stmt *s, int at, const struct jig_digest *id)
{
    sqlite3_bind_blob(s, at, id->bytes, sizeof id->bytes, SQLITE_STATIC);
}

static enum jig_code number(struct jig_index *x, const char *sql, int64_t *ret,
                            struct jig_err *reterr)
{
    sqlite3_stmt *s;
    int rc = sqlite3_prepare_v2(x->db, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        *ret = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? JIG_OK : failed(x, rc, reterr);
}

/* Makes the tables in a new file. Two processes may be here at once: the second finds them made. */
static enum jig_code make_tables(struct jig_index *x, struct jig_err *reterr)
{
    int64_t version = 0;
    enum jig_code code = execute(x, "BEGIN IMMEDIATE", reterr);
    if (code == JIG_OK)
        code = number(x, "PRAGMA user_version", &version, reterr);
    if (code == JIG_OK && version == 0)
        code = execute(x, schema, reterr);
    return code == JIG_OK ? execute(x, "COMMIT", reterr) : code;
}

static enum jig_code set_up(struct jig_index *x, struct jig_err *reterr)
{
    int64_t version = 0, is_good = 0;
    sqlite3_busy_timeout(x->db, WAIT_MS);
    /* Its loss costs a walk, so no write waits for the disk. */
    enum jig_code code = execute(x, "PRAGMA synchronous = OFF; PRAGMA journal_mode = WAL", reterr);
    if (code == JIG_OK)
        code = number(x, "PRAGMA user_version", &version, reterr);
    if (code == JIG_OK && version == 0)
        code = make_tables(x, reterr);
    else if (code == JIG_OK && version != VERSION)
        code = failed(x, SQLITE_NOTADB, reterr);
    if (code == JIG_OK)
        code = number(x, "SELECT quick_check = 'ok' FROM pragma_quick_check(1)", &is_good, reterr);
    if (code == JIG_OK && is_good == 0)
        code = failed(x, SQLITE_CORRUPT, reterr);
    return code;
}

enum jig_code jig_index_open(const char *path, struct jig_index **ret, struct jig_err *reterr)
{
    struct jig_index *x = jig_new(struct jig_index);
    x->path = jig_xstrdup(path);
    int flags =
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    int rc = sqlite3_open_v2(path, &x->db, flags, NULL);
    enum jig_code code = rc == SQLITE_OK ? set_up(x, reterr) : failed(x, rc, reterr);
    if (code == JIG_OK)
        *ret = x;
    else
        jig_index_close(x);
    return code;
}

void jig_index_close(struct jig_index *x)
{
    if (x == NULL)
        return;
    for (size_t i = 0; i < STATEMENT_COUNT; i++)
        sqlite3_finalize(x->statements[i]);
    sqlite3_close(x->db);
    free(x->path);
    free(x);
}

enum jig_code jig_index_remove(const char *path, struct jig_err *reterr)
{
    static const char *const more[] = {"-wal", "-shm", "-journal", ""};
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < JIG_COUNT(more) && code == JIG_OK; i++) {
        JIG_CLEANUP_FREE char *file = jig_strf("%s%s", path, more[i]);
        code = jig_fs_remove_tree(file, reterr);
    }
    return code;
}

enum jig_code jig_index_begin(struct jig_index *x, struct jig_err *reterr)
{
    enum jig_code code = execute(x, "BEGIN IMMEDIATE", reterr);
    if (code == JIG_OK)
        code = number(x, "SELECT ifnull(max(seen), 0) + 1 FROM entries", &x->seen, reterr);
    return code;
}

enum jig_code jig_index_saw(struct jig_index *x, const struct jig_index_entry *e,
                            struct jig_err *reterr)
{
    sqlite3_stmt *s;
    enum jig_code code = get(x, SAW, &s, reterr);
    if (code != JIG_OK)
        return code;
    bind_id(s, 1, &e->id);
    sqlite3_bind_int(s, 2, e->is_tree);
    sqlite3_bind_int(s, 3, (int)e->kind);
    sqlite3_bind_text(s, 4, e->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 5, e->version, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 6, (sqlite3_int64)e->size_bytes);
    sqlite3_bind_int64(s, 7, e->used_ms);
    sqlite3_bind_int64(s, 8, x->seen);
    return run(x, s, reterr);
}

enum jig_code jig_index_used(struct jig_index *x, const struct jig_digest *id, uint64_t sequence,
                             int64_t used_ms, struct jig_err *reterr)
{
    sqlite3_stmt *s;
    enum jig_code code = get(x, USED, &s, reterr);
    if (code != JIG_OK)
        return code;
    bind_id(s, 1, id);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)sequence);
    sqlite3_bind_int64(s, 3, used_ms);
    return run(x, s, reterr);
}

enum jig_code jig_index_end(struct jig_index *x, struct jig_err *reterr)
{
    sqlite3_stmt *s;
    enum jig_code code = get(x, SWEEP, &s, reterr);
    if (code != JIG_OK)
        return code;
    sqlite3_bind_int64(s, 1, x->seen);
    code = run(x, s, reterr);
    return code == JIG_OK ? execute(x, "COMMIT", reterr) : code;
}

/* A row of OLDEST or GET. False when no writer of ours made it. */
static bool read_row(sqlite3_stmt *s, struct jig_index_entry *e)
{
    int kind = sqlite3_column_int(s, 2);
    if (sqlite3_column_bytes(s, 0) != JIG_SHA256_BYTES || kind < 0 || kind >= JIG_CACHE_KIND_COUNT)
        return false;
    *e = (struct jig_index_entry){
        .is_tree = sqlite3_column_int(s, 1) != 0,
        .kind = (enum jig_cache_kind)kind,
        .name = jig_xstrdup((const char *)sqlite3_column_text(s, 3)),
        .version = jig_xstrdup((const char *)sqlite3_column_text(s, 4)),
        .size_bytes = (uint64_t)sqlite3_column_int64(s, 5),
        .sequence = (uint64_t)sqlite3_column_int64(s, 6),
        .used_ms = sqlite3_column_int64(s, 7),
    };
    memcpy(e->id.bytes, sqlite3_column_blob(s, 0), JIG_SHA256_BYTES);
    return true;
}

/* Up to PAGE_ENTRIES that follow `after`; the names are the caller's. */
static enum jig_code read_page(struct jig_index *x, bool trees, const struct jig_index_entry *after,
                               struct jig_index_entry *out, size_t *ret_n, struct jig_err *reterr)
{
    sqlite3_stmt *s;
    size_t n = 0;
    enum jig_code code = get(x, OLDEST, &s, reterr);
    if (code != JIG_OK)
        return code;
    sqlite3_bind_int(s, 1, trees);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)after->sequence);
    sqlite3_bind_int64(s, 3, after->used_ms);
    bind_id(s, 4, &after->id);
    sqlite3_bind_int(s, 5, PAGE_ENTRIES);
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW && n < PAGE_ENTRIES) {
        if (!read_row(s, &out[n])) {
            rc = SQLITE_CORRUPT;
            break;
        }
        n++;
    }
    sqlite3_reset(s);
    *ret_n = n;
    return rc == SQLITE_DONE || rc == SQLITE_ROW ? JIG_OK : failed(x, rc, reterr);
}

enum jig_code jig_index_oldest(struct jig_index *x, bool trees, jig_index_each_fn *each, void *ctx,
                               struct jig_err *reterr)
{
    struct jig_index_entry after = {.used_ms = INT64_MIN}, page[PAGE_ENTRIES];
    bool more = true;
    while (more) {
        size_t n = 0;
        enum jig_code code = read_page(x, trees, &after, page, &n, reterr);
        more = code == JIG_OK && n > 0;
        for (size_t i = 0; i < n; i++) {
            more = more && each(ctx, &page[i]);
            free(page[i].name);
            free(page[i].version);
        }
        if (code != JIG_OK)
            return code;
        if (n > 0)
            after = page[n - 1];
    }
    return JIG_OK;
}

enum jig_code jig_index_forget(struct jig_index *x, const struct jig_digest *id,
                               struct jig_err *reterr)
{
    sqlite3_stmt *s;
    enum jig_code code = get(x, FORGET, &s, reterr);
    if (code != JIG_OK)
        return code;
    bind_id(s, 1, id);
    return run(x, s, reterr);
}

enum jig_code jig_index_get(struct jig_index *x, const struct jig_digest *id,
                            struct jig_index_entry *ret, struct jig_err *reterr)
{
    sqlite3_stmt *s;
    enum jig_code code = get(x, GET, &s, reterr);
    if (code != JIG_OK)
        return code;
    bind_id(s, 1, id);
    int rc = sqlite3_step(s);
    if (rc != SQLITE_ROW)
        code = rc == SQLITE_DONE ? jig_err_set(reterr, JIG_NOT_FOUND, "the index has no such entry")
                                 : failed(x, rc, reterr);
    else if (!read_row(s, ret))
        code = failed(x, SQLITE_CORRUPT, reterr);
    sqlite3_reset(s);
    return code;
}

enum jig_code jig_index_last_sequence(struct jig_index *x, uint64_t *ret, struct jig_err *reterr)
{
    int64_t last = 0;
    enum jig_code code = number(x, "SELECT ifnull(max(sequence), 0) FROM entries", &last, reterr);
    if (code == JIG_OK)
        *ret = (uint64_t)last;
    return code;
}

enum jig_code jig_index_sums(struct jig_index *x,
                             struct jig_index_sum sums[2][JIG_CACHE_KIND_COUNT],
                             struct jig_err *reterr)
{
    sqlite3_stmt *s;
    int rc;
    enum jig_code code = get(x, SUMS, &s, reterr);
    if (code != JIG_OK)
        return code;
    memset(sums, 0, 2 * sizeof sums[0]);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW) {
        int is_tree = sqlite3_column_int(s, 0), kind = sqlite3_column_int(s, 1);
        if (is_tree < 0 || is_tree > 1 || kind < 0 || kind >= JIG_CACHE_KIND_COUNT)
            continue;
        sums[is_tree][kind] = (struct jig_index_sum){(uint64_t)sqlite3_column_int64(s, 2),
                                                     (uint64_t)sqlite3_column_int64(s, 3)};
    }
    sqlite3_reset(s);
    return rc == SQLITE_DONE ? JIG_OK : failed(x, rc, reterr);
}
