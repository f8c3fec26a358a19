#include "core/lnk/pull.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/log.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/make.h"
#include "core/os/fs.h"
#include "core/os/lock.h"

struct pulling {
    const struct jig_lnk_pull_spec *spec;
    struct jig_lnk_look *look;
    struct jig_lnk_report *report;
    char *files;
    size_t *work; /* indexes of what is not as it is to be */
    size_t n_work;
    atomic_size_t next;
    pthread_mutex_t mu;
    size_t done; /* guarded by mu, which events are called under */
};

void jig_lnk_report_release(struct jig_lnk_report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->items[i].path);
        free(r->items[i].materialized);
        free(r->items[i].err);
    }
    free(r->items);
    *r = (struct jig_lnk_report){0};
}

static void notice(struct pulling *p, const char *id, const char *text)
{
    const struct jig_lnk_events *e = p->spec->events;
    if (e == NULL || e->notice == NULL)
        return;
    pthread_mutex_lock(&p->mu);
    e->notice(e->ctx, id, text);
    pthread_mutex_unlock(&p->mu);
}

/* ---- verdicts ---- */

static enum jig_lnk_outcome outcome_of(const struct jig_err *err)
{
    if (err->code == JIG_DATA_LOSS || err->reason == JIG_REASON_INTEGRITY)
        return JIG_LNK_MISMATCH;
    return err->reason == JIG_REASON_BAD_PROJECT ? JIG_LNK_INVALID : JIG_LNK_FAILED;
}

static void set_failure(struct jig_lnk_verdict *v, const struct jig_err *err)
{
    if (v->err == NULL)
        v->err = jig_new(struct jig_err);
    *v->err = *err;
    if (!jig_str_starts(err->message, v->path))
        jig_err_prefix(v->err, "%s", v->path);
    v->outcome = outcome_of(err);
}

static void begin_verdict(struct jig_lnk_verdict *v, const struct jig_lnk_item *item)
{
    v->path = jig_xstrdup(item->path);
    v->outcome = JIG_LNK_CACHED;
    v->is_known = item->err == NULL;
    v->sha256 = item->row->sha256;
    v->size = item->row->size;
    if (item->err != NULL)
        set_failure(v, item->err);
}

static void end_verdict(struct jig_lnk_verdict *v, const struct jig_lnk_item *item)
{
    if (v->is_known) { /* the pointer may have changed since */
        v->size = item->row->size;
        v->sha256 = item->row->sha256;
    }
    if (item->holds && v->err == NULL && v->materialized == NULL)
        v->materialized = jig_xstrdup(item->made);
    v->unproven = v->err == NULL && item->row->proof == JIG_LNK_FLAGGED;
}

/* What the whole comes to: the first failure, and how many there are. */
static enum jig_code judge(const struct jig_lnk_report *r, struct jig_err *reterr)
{
    const struct jig_err *first = NULL;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        if (r->items[i].err == NULL)
            continue;
        first = first != NULL ? first : r->items[i].err;
        n++;
    }
    if (first == NULL)
        return JIG_OK;
    if (n == 1)
        jig_err_reason(reterr, first->code, first->reason, "%s", first->message);
    else
        jig_err_reason(reterr, first->code, first->reason, "%s; %zu more pointers have errors",
                       first->message, n - 1);
    if (first->hint[0] != '\0')
        jig_err_hint(reterr, "%s", first->hint);
    return first->code;
}

/* ---- one pointer ---- */

static enum jig_code check_size(const struct jig_lnk_item *item, const struct jig_blob *blob,
                                struct jig_err *reterr)
{
    if (item->pointer.size < 0 || (uint64_t)item->pointer.size == blob->size_bytes)
        return JIG_OK;
    return jig_err_reason(reterr, JIG_DATA_LOSS, JIG_REASON_INTEGRITY,
                          "%s says 'size' %lld, but what has its hash has %llu bytes", item->path,
                          (long long)item->pointer.size, (unsigned long long)blob->size_bytes);
}

/* Says, and keeps in mind, that the URL is not proven. */
static void flag(struct pulling *p, struct jig_lnk_item *item, const char *how, const char *why)
{
    JIG_CLEANUP_FREE char *text =
        jig_strf("%s: its URL was never seen to give its hash, and %s%s%s", item->path, how,
                 why[0] != '\0' ? ": " : "", why);
    item->row->proof = JIG_LNK_FLAGGED;
    notice(p, "lnk.unproven", text);
}

/* Only the URL that answered is proven, and that may be a mirror. */
static void take_origin(struct pulling *p, struct jig_lnk_item *item,
                        const struct jig_lnk_origin *origin)
{
    const struct jig_lnk_pull_spec *s = p->spec;
    const struct jig_digest *sha256 = &item->row->sha256;
    item->row->proof = origin->remote ? JIG_LNK_PROVEN : JIG_LNK_UNPROVEN;
    if (origin->url == NULL)
        return;
    jig_ledger_add(s->ledger, origin->url, sha256);
    if (jig_ledger_has(s->ledger, item->pointer.url, sha256))
        item->row->proof = JIG_LNK_PROVEN;
    else
        flag(p, item, "did not give it now", "it came from a mirror");
}

static enum jig_code find_blob(struct pulling *p, struct jig_lnk_item *item,
                               struct jig_lnk_verdict *v, struct jig_blob *ret,
                               struct jig_err *reterr)
{
    const struct jig_lnk_pull_spec *s = p->spec;
    enum jig_code code = jig_blob_find(s->cache, s->hold, &item->row->sha256, ret, reterr);
    if (code == JIG_OK)
        return check_size(item, ret, reterr);
    if (code != JIG_NOT_FOUND)
        return code;
    if (s->source == NULL) {
        jig_err_set(reterr, JIG_UNAVAILABLE, "the content of %s is not in the cache", item->path);
        jig_err_hint(reterr, "run jig lnk pull with a connection to the network");
        return JIG_UNAVAILABLE;
    }
    struct jig_lnk_origin origin = {0};
    code = s->source->pull(s->source->ctx, item, s->hold, &s->until, ret, &origin, reterr);
    if (code != JIG_OK)
        return code;
    v->outcome = JIG_LNK_FETCHED;
    v->received = origin.bytes;
    take_origin(p, item, &origin);
    return JIG_OK;
}

static bool mirror_is_proven(const struct pulling *p, const struct jig_lnk_item *item)
{
    const struct jig_strv *mirrors = &item->pointer.mirrors;
    for (size_t i = 0; i < mirrors->n; i++) {
        if (jig_ledger_has(p->spec->ledger, mirrors->v[i], &item->row->sha256))
            return true;
    }
    return false;
}

/* Whether the URL gives the hash: the ledger knows, or the URL is asked. */
static enum jig_code prove(struct pulling *p, struct jig_lnk_item *item, struct jig_err *reterr)
{
    const struct jig_lnk_pull_spec *s = p->spec;
    struct jig_err err = JIG_ERR_INIT;
    bool again = item->row->proof == JIG_LNK_FLAGGED && s->prove;
    if (item->row->proof != JIG_LNK_UNPROVEN && !again)
        return JIG_OK;
    enum jig_code code = jig_lnk_item_read(p->look, item, reterr);
    if (code != JIG_OK)
        return code;
    if (jig_ledger_has(s->ledger, item->pointer.url, &item->row->sha256)) {
        item->row->proof = JIG_LNK_PROVEN;
        return JIG_OK;
    }
    bool mirrored = mirror_is_proven(p, item);
    if (again && mirrored) /* it was said, and bytes that one of its URLs gives will do */
        return JIG_OK;
    if (s->source == NULL) {
        flag(p, item, "cannot be asked now", "");
        return JIG_OK;
    }
    code = s->source->prove(s->source->ctx, &item->pointer, &s->until, &err);
    if (code == JIG_CANCELLED || code == JIG_DEADLINE_EXCEEDED)
        return jig_until_check(&s->until, reterr);
    if (code == JIG_DATA_LOSS && !mirrored) {
        jig_err_reason(reterr, code, JIG_REASON_INTEGRITY,
                       "%s: %s; what the cache has of the pointer's hash came from elsewhere",
                       item->path, err.message);
        jig_err_hint(reterr, "when the URL is right, make the pointer anew with jig lnk add");
        return code;
    }
    if (code != JIG_OK) {
        flag(p, item,
             code == JIG_DATA_LOSS   ? "gives something else, which a mirror does not"
             : code == JIG_NOT_FOUND ? "has nothing now"
                                     : "cannot be asked now",
             err.message);
        return JIG_OK;
    }
    item->row->proof = JIG_LNK_PROVEN;
    jig_ledger_add(s->ledger, item->pointer.url, &item->row->sha256);
    return JIG_OK;
}

static enum jig_code pull_item(struct pulling *p, struct jig_lnk_item *item,
                               struct jig_lnk_verdict *v, struct jig_err *reterr)
{
    const struct jig_lnk_pull_spec *s = p->spec;
    struct jig_blob blob = {0};
    enum jig_code code = jig_until_check(&s->until, reterr);
    if (code == JIG_OK)
        code = jig_lnk_item_read(p->look, item, reterr);
    if (code == JIG_OK && !item->holds)
        code = find_blob(p, item, v, &blob, reterr);
    if (code == JIG_OK)
        code = prove(p, item, reterr);
    if (code == JIG_OK && !item->holds) {
        const struct jig_lnk_making making = {
            .cache = s->cache, .hold = s->hold, .limits = s->limits, .until = s->until};
        code = jig_lnk_make(&making, &blob, item->row, item->made, reterr);
        item->holds = code == JIG_OK;
    } else if (code != JIG_OK && code != JIG_CANCELLED && code != JIG_DEADLINE_EXCEEDED &&
               item->holds) { /* not to be used any more */
        item->holds = false;
        (void)!jig_fs_remove_tree(item->made, NULL);
    }
    free(blob.path);
    return code;
}

static void tell(struct pulling *p, const struct jig_lnk_verdict *v)
{
    const struct jig_lnk_events *e = p->spec->events;
    pthread_mutex_lock(&p->mu);
    p->done++;
    if (e != NULL && e->pointer != NULL)
        e->pointer(e->ctx, v, p->done, p->n_work);
    pthread_mutex_unlock(&p->mu);
}

static void *work(void *arg)
{
    struct pulling *p = arg;
    for (size_t i; (i = atomic_fetch_add(&p->next, 1)) < p->n_work;) {
        struct jig_lnk_item *item = &p->look->items[p->work[i]];
        struct jig_lnk_verdict *v = &p->report->items[p->work[i]];
        struct jig_err err = JIG_ERR_INIT;
        if (item->err == NULL && pull_item(p, item, v, &err) != JIG_OK)
            set_failure(v, &err);
        end_verdict(v, item);
        tell(p, v);
    }
    return NULL;
}

static void run_workers(struct pulling *p)
{
    pthread_t threads[JIG_LNK_JOBS_MAX];
    size_t jobs = p->spec->jobs != 0 ? p->spec->jobs : JIG_LNK_JOBS;
    jobs = jobs > JIG_LNK_JOBS_MAX ? JIG_LNK_JOBS_MAX : jobs;
    jobs = jobs > p->n_work ? p->n_work : jobs;
    size_t n = 0;
    while (n + 1 < jobs && pthread_create(&threads[n], NULL, work, p) == 0)
        n++;
    work(p); /* this thread is one of them */
    while (n > 0)
        pthread_join(threads[--n], NULL);
}

/* ---- all of them ---- */

/* A link at a place of ours would lead to somebody else's files, which are not to be swept away. */
static enum jig_code make_own(const char *path, struct jig_err *reterr)
{
    struct jig_stamp stamp;
    enum jig_code code = JIG_OK;
    if (jig_fs_stamp_link(path, &stamp, NULL) == JIG_OK && !S_ISDIR(stamp.mode))
        code = jig_fs_remove_tree(path, reterr);
    return code == JIG_OK ? jig_fs_mkdirs(path, 0777, reterr) : code;
}

/* The folder, kept out of version control and out of other tools' sights. */
static enum jig_code make_folder(const char *base, struct jig_err *reterr)
{
    static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n"
                              "# What the project's .lnk files stand for: jig lnk pull makes it\n"
                              "# again. Source of the signature: bford.info/cachedir\n";
    JIG_CLEANUP_FREE char *folder = jig_lnk_folder(base);
    JIG_CLEANUP_FREE char *tag_path = jig_path_join(folder, "CACHEDIR.TAG");
    JIG_CLEANUP_FREE char *ignore_path = jig_path_join(folder, ".gitignore");
    JIG_CLEANUP_FREE char *files = jig_lnk_files(base);
    enum jig_code code = make_own(folder, reterr);
    if (code == JIG_OK)
        code = make_own(files, reterr);
    if (code == JIG_OK && !jig_fs_exists(tag_path))
        code = jig_fs_write_unsynced(tag_path, tag, sizeof tag - 1, 0644, reterr);
    if (code == JIG_OK && !jig_fs_exists(ignore_path))
        code = jig_fs_write_unsynced(ignore_path, "*\n", 2, 0644, reterr);
    return code;
}

struct sweep {
    struct jig_map
        kept; /* paths below files/, and the folders above them; the former have a value */
    struct jig_strv found;
};

static void keep(struct sweep *s, const struct jig_lnk_item *item)
{
    JIG_CLEANUP_FREE char *path = jig_pointer_target(item->path);
    jig_map_set(&s->kept, path, s);
    for (char *slash = strrchr(path, '/'); slash != NULL; slash = strrchr(path, '/')) {
        *slash = '\0';
        jig_map_set(&s->kept, path, NULL);
    }
}

static enum jig_walk find_unwanted(void *ctx, const struct jig_walk_entry *e)
{
    struct sweep *s = ctx;
    if (!jig_map_has(&s->kept, e->relative)) {
        jig_strv_append(&s->found, e->path);
        return JIG_WALK_ON;
    }
    return jig_map_get(&s->kept, e->relative) == NULL ? JIG_WALK_INTO : JIG_WALK_ON;
}

/* Nothing stays but what holds: not what pointers that are gone or changed stood for, and not what
 * somebody left who was killed. */
static enum jig_code remove_unwanted(struct pulling *p, struct jig_err *reterr)
{
    struct sweep s = {0};
    enum jig_code code = JIG_OK;
    jig_map_init(&s.kept, NULL);
    for (size_t i = 0; i < p->look->n; i++) {
        if (p->look->items[i].holds)
            keep(&s, &p->look->items[i]);
    }
    if (jig_fs_is_dir(p->files))
        code = jig_fs_walk(p->files, false, find_unwanted, &s, reterr);
    for (size_t i = 0; code == JIG_OK && i < s.found.n; i++)
        code = jig_fs_remove_tree(s.found.v[i], reterr);
    p->report->removed = code == JIG_OK ? p->look->stale.n : 0;
    jig_strv_release(&s.found);
    jig_map_release(&s.kept);
    return code;
}

static bool wants_work(const struct pulling *p, const struct jig_lnk_item *item)
{
    return !item->holds || item->row->proof == JIG_LNK_UNPROVEN ||
           (item->row->proof == JIG_LNK_FLAGGED && p->spec->prove);
}

static void list_work(struct pulling *p)
{
    p->report->items = jig_xcalloc(p->look->n, sizeof *p->report->items);
    p->work = jig_xcalloc(p->look->n, sizeof *p->work);
    for (size_t i = 0; i < p->look->n; i++) {
        begin_verdict(&p->report->items[i], &p->look->items[i]);
        if (wants_work(p, &p->look->items[i]))
            p->work[p->n_work++] = i;
        else
            end_verdict(&p->report->items[i], &p->look->items[i]);
        p->report->n = i + 1;
    }
}

static enum jig_code pull_locked(struct pulling *p, struct jig_err *reterr)
{
    enum jig_code code = remove_unwanted(p, reterr);
    if (code != JIG_OK)
        return code;
    list_work(p);
    p->look->changed = p->look->changed || p->n_work > 0;
    p->report->changed = p->n_work > 0 || p->report->removed > 0;
    run_workers(p);
    code = jig_lnk_look_save(p->look, reterr);
    if (code == JIG_OK)
        code = jig_ledger_save(p->spec->ledger, reterr);
    if (code == JIG_OK)
        code = jig_until_check(&p->spec->until, reterr);
    return code == JIG_OK ? judge(p->report, reterr) : code;
}

/* Builds have it, not another pull. */
static bool is_shared(const char *path)
{
    struct jig_lock share = JIG_LOCK_INIT;
    struct jig_until now = jig_until_sooner(&JIG_UNTIL_FOREVER, 0);
    bool shared = jig_lock_share(&share, path, &now, NULL) == JIG_OK;
    jig_lock_release(&share);
    return shared;
}

static enum jig_code lock(const struct jig_lnk_pull_spec *spec, struct jig_lock *l,
                          struct jig_err *reterr)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *folder = jig_lnk_folder(spec->base);
    JIG_CLEANUP_FREE char *path = jig_path_join(folder, "lock");
    enum jig_code code = jig_lock_try(l, path, spec->holder, &err);
    if (code == JIG_OK)
        return code;
    if (code != JIG_ABORTED) {
        if (reterr != NULL)
            *reterr = err;
        return code;
    }
    if (spec->events != NULL && spec->events->waits != NULL)
        spec->events->waits(spec->events->ctx,
                            is_shared(path) ? "builds are at work with what pointers stand for"
                                            : err.message);
    return jig_lock_wait(l, path, spec->holder, &spec->until, reterr);
}

/* Under the lock: what was seen before may have been another's work in progress. */
static enum jig_code look_and_pull(const struct jig_lnk_pull_spec *spec,
                                   struct jig_lnk_report *report, struct jig_err *reterr)
{
    struct jig_lnk_look look = {0};
    struct pulling p = {.spec = spec, .look = &look, .report = report};
    enum jig_code code = jig_lnk_look(spec->root, spec->base, &look, reterr);
    if (code != JIG_OK)
        return code;
    p.files = jig_lnk_files(spec->base);
    pthread_mutex_init(&p.mu, NULL);
    code = pull_locked(&p, reterr);
    pthread_mutex_destroy(&p.mu);
    free(p.files);
    free(p.work);
    jig_lnk_look_release(&look);
    return code;
}

/* All is as it is to be. */
static void report_as_is(const struct jig_lnk_look *look, struct jig_lnk_report *report)
{
    report->items = jig_xcalloc(look->n, sizeof *report->items);
    report->as_was = !look->changed;
    for (size_t i = 0; i < look->n; i++) {
        begin_verdict(&report->items[i], &look->items[i]);
        end_verdict(&report->items[i], &look->items[i]);
        report->as_was = report->as_was && look->items[i].row->proof == JIG_LNK_PROVEN;
    }
    report->n = look->n;
}

/* All is in its place, and nothing is that should not be. */
static bool is_settled(const struct jig_lnk_pull_spec *spec, const struct jig_lnk_look *look)
{
    struct pulling p = {.spec = spec};
    for (size_t i = 0; i < look->n; i++) {
        if (wants_work(&p, &look->items[i]))
            return false;
    }
    return look->stale.n == 0;
}

/* Writes down stamps that have grown old, unless somebody is at work: nobody waits for that. */
static void save_if_free(const struct jig_lnk_pull_spec *spec, const struct jig_lnk_look *look)
{
    struct jig_lock held = JIG_LOCK_INIT;
    JIG_CLEANUP_FREE char *folder = jig_lnk_folder(spec->base);
    JIG_CLEANUP_FREE char *path = jig_path_join(folder, "lock");
    struct jig_lnk_look now = {0};
    if (!look->changed || jig_lock_try(&held, path, spec->holder, NULL) != JIG_OK)
        return;
    if (jig_lnk_look(spec->root, spec->base, &now, NULL) == JIG_OK && is_settled(spec, &now) &&
        jig_lnk_look_save(&now, NULL) != JIG_OK)
        jig_log(JIG_LOG_DEBUG, "lnk.state", "%s: it is looked at anew each time", spec->base);
    jig_lnk_look_release(&now);
    jig_lock_release(&held);
}

enum jig_code jig_lnk_pull(const struct jig_lnk_pull_spec *spec, struct jig_lnk_report *ret,
                           struct jig_err *reterr)
{
    struct jig_lnk_look look = {0};
    struct jig_lock held = JIG_LOCK_INIT;
    *ret = (struct jig_lnk_report){0};
    enum jig_code code = jig_lnk_look(spec->root, spec->base, &look, reterr);
    if (code != JIG_OK)
        return code;
    bool settled = is_settled(spec, &look);
    if (settled) {
        report_as_is(&look, ret);
        save_if_free(spec, &look);
    }
    jig_lnk_look_release(&look);
    if (settled)
        return judge(ret, reterr);
    code = make_folder(spec->base, reterr);
    if (code == JIG_OK)
        code = lock(spec, &held, reterr);
    if (code == JIG_OK)
        code = look_and_pull(spec, ret, reterr);
    jig_lock_release(&held);
    return code;
}
