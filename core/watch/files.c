#include "core/watch/files.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/clock.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/notify.h"
#include "core/os/sighting.h"
#include "core/os/time.h"

#define TICK_NS         (20 * JIG_NS_PER_MS) /* twice the coarsest tick, CONFIG_HZ=100 */
#define WHOLE_SECOND_NS (2 * JIG_NS_PER_S)
#define MOST_READS      5

struct memo {
    struct jig_file_content content;
    bool racy; /* the stamp cannot vouch for it: too young when the content was read, or its file
                * was open for writing */
};

struct jig_files {
    pthread_mutex_t mu;
    struct jig_map by_path;       /* guarded by mu; values are struct memo */
    struct jig_files_stats stats; /* guarded by mu */
    size_t max_entries;
};

struct jig_files *jig_files_new(size_t max_entries)
{
    struct jig_files *f = jig_new(struct jig_files);
    pthread_mutex_init(&f->mu, NULL);
    jig_map_init(&f->by_path, free);
    f->max_entries = max_entries;
    return f;
}

void jig_files_free(struct jig_files *f)
{
    if (f == NULL)
        return;
    jig_map_release(&f->by_path);
    pthread_mutex_destroy(&f->mu);
    free(f);
}

int64_t jig_stamp_clock_ns(void)
{
    return jig_unix_coarse_ns();
}

static bool keeps_whole_seconds(const struct jig_stamp *s)
{
    return s->mtime_ns % JIG_NS_PER_S == 0 && s->ctime_ns % JIG_NS_PER_S == 0;
}

/* The ctime alone: it cannot be set, and a file from an archive may be of next year. */
bool jig_stamp_predates(const struct jig_stamp *s, int64_t clock_ns)
{
    return s->ctime_ns < clock_ns - (keeps_whole_seconds(s) ? WHOLE_SECOND_NS : 0);
}

bool jig_stamp_is_racy(const struct jig_stamp *s, int64_t now_unix_ns)
{
    int64_t youngest = s->mtime_ns > s->ctime_ns ? s->mtime_ns : s->ctime_ns;
    return youngest > now_unix_ns - (keeps_whole_seconds(s) ? WHOLE_SECOND_NS : TICK_NS);
}

/* Where a link leads something may come or go at any time, and the folder's stamp stays as it is
 * then: *ret_open says that such a folder is to be looked at each time. */
static enum jig_code hash_folder(const char *path, struct jig_digest *ret, bool *ret_open,
                                 struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = jig_fs_list_marked(path, &names, reterr);
    if (code == JIG_OK) {
        struct jig_sha256 *h = jig_sha256_new();
        for (size_t i = 0; i < names.n; i++) {
            jig_sha256_string(h, names.v[i]);
            if (!jig_str_ends(names.v[i], "/@"))
                continue;
            JIG_CLEANUP_FREE char *link =
                jig_strf("%s/%.*s", path, (int)strlen(names.v[i]) - 2, names.v[i]);
            jig_sha256_u64(h, jig_fs_exists(link));
            *ret_open = true;
        }
        *ret = jig_sha256_final(h);
        jig_sha256_free(h);
    }
    jig_strv_release(&names);
    return code;
}

/* Who has it mapped may write on without another stamp. */
static bool is_open_for_writing(const char *path, const struct memo *m)
{
    if (m->content.is_dir || jig_quiet_ask(path) != JIG_QUIET_WRITER)
        return false;
    jig_observe_doubt(path);
    return true;
}

/* Reads until the stamp is the same before and after. */
static enum jig_code read_content(const char *path, struct jig_stamp before, struct memo *ret,
                                  struct jig_err *reterr)
{
    for (int i = 0; i < MOST_READS; i++) {
        int64_t now = jig_stamp_clock_ns();
        struct memo m = {.content = {.stamp = before, .is_dir = S_ISDIR(before.mode)},
                         .racy = jig_stamp_is_racy(&before, now)};
        enum jig_code code = m.content.is_dir
                                 ? hash_folder(path, &m.content.sha256, &m.racy, reterr)
                                 : jig_sha256_file(path, &m.content.sha256, reterr);
        if (code != JIG_OK)
            return code;
        struct jig_stamp after;
        code = jig_fs_stamp(path, &after, reterr);
        if (code != JIG_OK)
            return code;
        if (jig_stamp_equal(&before, &after)) {
            m.racy = m.racy || is_open_for_writing(path, &m);
            *ret = m;
            return JIG_OK;
        }
        before = after;
    }
    return jig_err_set(reterr, JIG_ABORTED, "%s changes faster than it can be read", path);
}

/* Under the lock: the remembered content, when it can be believed for this stamp. */
static bool recall(struct jig_files *f, const char *path, const struct jig_stamp *now,
                   struct jig_file_content *ret)
{
    const struct memo *m = jig_map_get(&f->by_path, path);
    f->stats.looks++;
    if (m == NULL || !jig_stamp_equal(&m->content.stamp, now))
        return false;
    if (m->racy) {
        f->stats.racy++;
        return false;
    }
    f->stats.hits++;
    *ret = m->content;
    return true;
}

/* Under the lock. */
static void add(struct jig_files *f, const char *path, const struct memo *m)
{
    if (f->by_path.count >= f->max_entries) {
        jig_map_release(&f->by_path);
        jig_map_init(&f->by_path, free);
    }
    struct memo *fresh = jig_new(struct memo);
    *fresh = *m;
    jig_map_set(&f->by_path, path, fresh);
}

static void remember(struct jig_files *f, const char *path, const struct memo *m)
{
    pthread_mutex_lock(&f->mu);
    f->stats.hashed++;
    struct memo *old = jig_map_get(&f->by_path, path);
    if (old != NULL)
        *old = *m;
    else
        add(f, path, m);
    pthread_mutex_unlock(&f->mu);
}

bool jig_files_recall(struct jig_files *f, const char *path, const struct jig_stamp *s,
                      struct jig_file_content *ret)
{
    pthread_mutex_lock(&f->mu);
    const struct memo *m = jig_map_get(&f->by_path, path);
    bool known = m != NULL && !m->racy && jig_stamp_equal(&m->content.stamp, s);
    if (known)
        *ret = m->content;
    pthread_mutex_unlock(&f->mu);
    return known;
}

void jig_files_teach(struct jig_files *f, const char *path, const struct jig_file_content *known)
{
    struct memo m = {.content = *known};
    pthread_mutex_lock(&f->mu);
    if (!jig_map_has(&f->by_path, path))
        add(f, path, &m);
    pthread_mutex_unlock(&f->mu);
}

enum jig_code jig_files_look(struct jig_files *f, const char *path, struct jig_file_content *ret,
                             struct jig_err *reterr)
{
    struct jig_stamp now;
    enum jig_code code = jig_fs_stamp(path, &now, reterr);
    if (code != JIG_OK) {
        jig_files_forget(f, path);
        return code;
    }
    if (!S_ISREG(now.mode) && !S_ISDIR(now.mode))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s is neither a file nor a folder", path);
    pthread_mutex_lock(&f->mu);
    bool known = recall(f, path, &now, ret);
    pthread_mutex_unlock(&f->mu);
    if (known)
        return JIG_OK;
    struct memo m;
    code = read_content(path, now, &m, reterr);
    if (code != JIG_OK)
        return code;
    remember(f, path, &m);
    *ret = m.content;
    return JIG_OK;
}

void jig_files_forget(struct jig_files *f, const char *path)
{
    pthread_mutex_lock(&f->mu);
    jig_map_remove(&f->by_path, path);
    pthread_mutex_unlock(&f->mu);
}

struct jig_files_stats jig_files_stats(struct jig_files *f)
{
    pthread_mutex_lock(&f->mu);
    struct jig_files_stats s = f->stats;
    s.entries = f->by_path.count;
    pthread_mutex_unlock(&f->mu);
    return s;
}
