#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/record.h"
#include "service/packages/impl.h"
#include "service/wire/operation.h"

#define REPORT_BYTES_MAX (8u << 20)

struct jig_packages *jig_packages_new(const struct jig_conf *conf, struct jig_cache *cache,
                                      struct jig_fetcher *fetcher,
                                      const struct jig_archive_limits *limits)
{
    struct jig_packages *p = jig_new(struct jig_packages);
    p->cache = cache;
    p->fetcher = fetcher;
    p->index_dir = jig_path_join(jig_cache_root(cache), "indexes");
    JIG_CLEANUP_FREE char *ledger = jig_path_join(jig_cache_root(cache), "package-ledger");
    p->ledger = jig_ledger_open(ledger);
    p->may_install = conf->install_packages;
    p->allow_file = conf->fetch.allow_file;
    p->limits = *limits;
    for (size_t i = 0; jig_indexes_builtin[i] != NULL; i++)
        jig_strv_append(&p->urls, jig_indexes_builtin[i]);
    if (conf->indexes_only)
        jig_strv_clear(&p->urls);
    for (size_t i = 0; i < conf->indexes.n; i++)
        jig_strv_add_unique(&p->urls, conf->indexes.v[i]);
    jig_strv_append_take(&p->roots, jig_path_join(jig_cache_root(cache), "installed"));
    if (conf->cache_second != NULL)
        jig_strv_append_take(&p->roots, jig_path_join(conf->cache_second, "installed"));
    return p;
}

void jig_packages_free(struct jig_packages *p)
{
    if (p == NULL)
        return;
    free(p->index_dir);
    jig_ledger_close(p->ledger);
    jig_strv_release(&p->urls);
    jig_strv_release(&p->roots);
    free(p);
}

const struct jig_strv *jig_packages_roots(const struct jig_packages *p)
{
    return &p->roots;
}

bool jig_packages_may_install(const struct jig_packages *p)
{
    return p->may_install;
}

enum jig_code jig_packages_hold(struct jig_packages *p, struct jig_operation *op,
                                struct jig_hold **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *who = jig_strf("operation %s", jig_operation_id(op));
    return jig_hold_new(p->cache, who, ret, reterr);
}

/* ---- reports ---- */

void jig_packages_report_init(struct jig_packages_report *r, struct jig_operation *op)
{
    *r = (struct jig_packages_report){.op = op};
    jig__v1__packages_result__init(&r->result);
    jig_arena_init(&r->arena, REPORT_BYTES_MAX);
}

void jig_packages_report_end(struct jig_packages_report *r)
{
    jig_wire_set_packages(r->op, &r->result);
    jig_packages_report_release(r);
}

void jig_packages_report_release(struct jig_packages_report *r)
{
    free(r->result.packages);
    jig_arena_release(&r->arena);
}

static char *copy(struct jig_arena *arena, const char *text)
{
    char *copied = jig_arena_strdup(arena, text != NULL ? text : "");
    return copied != NULL ? copied : (char *)protobuf_c_empty_string;
}

static Jig__V1__Package *package_message(struct jig_arena *arena, const struct jig_package *p,
                                         const char *path)
{
    Jig__V1__Package *m = jig_arena_alloc(arena, sizeof *m);
    if (m == NULL)
        return NULL;
    JIG_CLEANUP_FREE char *name = jig_package_full_name(p->kind, p->vendor, p->name);
    char hex[JIG_SHA256_HEX] = "";
    if (p->has_sha256)
        jig_digest_hex(&p->sha256, hex);
    jig__v1__package__init(m);
    m->kind = (Jig__V1__PackageKind)p->kind;
    m->name = copy(arena, name);
    m->version = copy(arena, p->version);
    m->url = copy(arena, p->url);
    m->sha256 = copy(arena, hex);
    m->size_bytes = p->size;
    m->path = copy(arena, path);
    return m;
}

void jig_packages_report_package(struct jig_packages_report *r, const struct jig_package *p,
                                 Jig__V1__PackageChange__Outcome outcome, const char *path,
                                 const char *environment)
{
    Jig__V1__PackageChange *change = jig_arena_alloc(&r->arena, sizeof *change);
    if (change == NULL)
        return;
    jig__v1__package_change__init(change);
    change->outcome = outcome;
    change->package = package_message(&r->arena, p, path);
    change->environment = copy(&r->arena, environment);
    r->result.packages = jig_grow(r->result.packages, &r->package_cap, r->result.n_packages,
                                  sizeof(Jig__V1__PackageChange *));
    r->result.packages[r->result.n_packages++] = change;
}

void jig_packages_report_indexes(struct jig_packages_report *r,
                                 const struct jig_index_updates *updates)
{
    size_t n = updates->n;
    Jig__V1__IndexChange **list = jig_arena_alloc(&r->arena, (n + 1) * sizeof(void *));
    for (size_t i = 0; list != NULL && i < n; i++) {
        const struct jig_index_update *u = &updates->items[i];
        list[i] = jig_arena_alloc(&r->arena, sizeof *list[i]);
        if (list[i] == NULL)
            return;
        jig__v1__index_change__init(list[i]);
        list[i]->url = copy(&r->arena, u->url);
        list[i]->outcome = (Jig__V1__IndexChange__Outcome)u->state;
        list[i]->size_bytes = u->size;
        list[i]->problem = copy(&r->arena, u->err.message);
    }
    if (list == NULL)
        return;
    r->result.indexes = list;
    r->result.n_indexes = n;
}

/* ---- indexes ---- */

static void on_index_progress(void *ctx, const struct jig_fetch_progress *f)
{
    struct jig_progress_event event = {.phase = f->url,
                                       .done_bytes = (int64_t)f->received,
                                       .bytes_per_s = (int64_t)f->bytes_per_s};
    if (f->total > 0) {
        event.total_bytes = f->total;
        event.percent = (uint32_t)(f->received * 100 / (uint64_t)f->total);
    }
    jig_operation_progress(ctx, &event);
}

enum jig_code jig_packages_fetch_indexes(struct jig_packages *p, struct jig_operation *op,
                                         const struct jig_strv *urls, bool only_missing,
                                         struct jig_packages_report *report, struct jig_err *reterr)
{
    struct jig_until until = jig_operation_until(op);
    struct jig_index_updates updates;
    struct jig_indexes_spec spec = {.dir = p->index_dir,
                                    .urls = urls,
                                    .fetcher = p->fetcher,
                                    .only_missing = only_missing,
                                    .progress = on_index_progress,
                                    .ctx = op};
    enum jig_code code = jig_indexes_update(&spec, &until, &updates, reterr);
    for (size_t i = 0; i < updates.n; i++) {
        const char *url = updates.items[i].url, *message = updates.items[i].err.message;
        bool named = strstr(message, url) != NULL;
        if (updates.items[i].state == JIG_INDEX_FAILED)
            jig_operation_notice(op, "packages.index_failed", JIG_EVENT_WARNING, "%s%s%s",
                                 named ? "" : url, named ? "" : ": ", message);
    }
    if (report != NULL)
        jig_packages_report_indexes(report, &updates);
    jig_index_updates_release(&updates);
    return code;
}

enum jig_code jig_packages_update(struct jig_packages *p, struct jig_operation *op,
                                  struct jig_err *reterr)
{
    struct jig_packages_report report;
    jig_packages_report_init(&report, op);
    enum jig_code code = jig_packages_fetch_indexes(p, op, &p->urls, false, &report, reterr);
    jig_packages_report_end(&report);
    return code;
}

/* ---- what is there ---- */

static enum jig_code add_installed(const struct jig_installed_list *l, struct jig_arena *arena,
                                   Jig__V1__ListPackagesResponse *out, struct jig_err *reterr)
{
    for (size_t i = 0; i < l->n; i++) {
        const struct jig_installed *one = &l->items[i];
        JIG_CLEANUP_FREE char *path = jig_path_join(one->path, JIG_PACKAGE_RECORD);
        struct jig_package p = {.kind = one->kind, .size = -1};
        if (jig_package_read(path, &p, NULL) != JIG_OK) {
            p.vendor = jig_xstrdup(one->vendor);
            p.name = jig_xstrdup(one->name);
            p.version = jig_xstrdup(one->version);
        }
        Jig__V1__Package *m = package_message(arena, &p, one->path);
        jig_package_release(&p);
        if (m == NULL)
            return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
        out->packages[out->n_packages++] = m;
    }
    return JIG_OK;
}

enum jig_code jig_packages_list(struct jig_packages *p, enum jig_package_kind kind,
                                struct jig_arena *arena, Jig__V1__ListPackagesResponse *out,
                                struct jig_err *reterr)
{
    struct jig_installed_list lists[JIG_PACKAGE_LIBRARY + 1] = {0};
    enum jig_code code = JIG_OK;
    size_t n = 0;
    for (int k = JIG_PACKAGE_PLATFORM; code == JIG_OK && k <= JIG_PACKAGE_LIBRARY; k++) {
        if (kind == 0 || (int)kind == k)
            code = jig_installed_read(&p->roots, (enum jig_package_kind)k, &lists[k], reterr);
        n += lists[k].n;
    }
    if (code == JIG_OK) {
        out->packages = jig_arena_alloc(arena, (n + 1) * sizeof *out->packages);
        if (out->packages == NULL)
            code = jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
    }
    for (int k = JIG_PACKAGE_PLATFORM; k <= JIG_PACKAGE_LIBRARY; k++) {
        if (code == JIG_OK)
            code = add_installed(&lists[k], arena, out, reterr);
        jig_installed_release(&lists[k]);
    }
    return code;
}
