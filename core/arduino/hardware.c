#include "core/arduino/hardware.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/hardware_scan.h"
#include "core/arduino/toolpkg.h"
#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"

/* A scan that several views and slots share. */
struct scan_ref {
    struct jig_hardware_scan *scan;
    atomic_uint refs;
};

/* A release, loaded once by whoever asks first; kept from view to view while its files stay. */
struct slot {
    atomic_uint refs;
    struct scan_ref *scan; /* whose strings and overlays it uses */
    const struct jig_found_release *found;
    pthread_mutex_t mu;
    bool tried;                    /* guarded by mu */
    struct jig_platform *platform; /* guarded by mu until tried, then never changes */
    struct jig_err err;            /* likewise */
    struct jig_readlog *log;       /* guarded by mu; what was read, also by a load that failed */
};

struct jig_hardware_view {
    atomic_uint refs;
    uint64_t number;
    struct scan_ref *scan;
    struct slot **slots;
    bool *serves;
    size_t n;
};

struct jig_hardware {
    struct jig_strv folders;
    char *data_dir;
    char *overlays; /* NULL: none but the data folder's */
    pthread_mutex_t mu;
    struct jig_hardware_view *now; /* guarded by mu */
    struct jig_memo_stats stats;   /* guarded by mu */
};

static void scan_unref(struct scan_ref *s)
{
    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    jig_hardware_scan_free(s->scan);
    free(s);
}

static struct scan_ref *scan_ref(struct scan_ref *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

static struct slot *slot_new(struct scan_ref *scan, const struct jig_found_release *found)
{
    struct slot *s = jig_new(struct slot);
    atomic_init(&s->refs, 1);
    s->scan = scan_ref(scan);
    s->found = found;
    s->log = jig_readlog_new();
    pthread_mutex_init(&s->mu, NULL);
    return s;
}

static void slot_unref(struct slot *s)
{
    if (s == NULL || atomic_fetch_sub(&s->refs, 1) != 1)
        return;
    jig_platform_free(s->platform);
    jig_readlog_free(s->log);
    scan_unref(s->scan);
    pthread_mutex_destroy(&s->mu);
    free(s);
}

static enum jig_code slot_load(struct slot *s, const struct jig_platform **ret,
                               struct jig_err *reterr)
{
    pthread_mutex_lock(&s->mu);
    if (!s->tried) {
        const struct jig_platform_place place = {
            s->found->vendor, s->found->arch, s->found->version, s->found->path, s->found->folder};
        enum jig_code code =
            jig_platform_load(&place, s->scan->scan->overlays, s->log, &s->platform, &s->err);
        s->tried = true;
        if (code != JIG_OK)
            jig_err_prefix(&s->err, "the platform %s:%s cannot be used", s->found->vendor,
                           s->found->arch);
    }
    pthread_mutex_unlock(&s->mu);
    if (s->platform == NULL) {
        if (reterr != NULL)
            *reterr = s->err;
        return s->err.code;
    }
    *ret = s->platform;
    return JIG_OK;
}

/* A slot that was never loaded has read nothing. One that failed is tried again when its files have
 * changed, and also when it was the system that failed, not the files. */
static bool slot_stale(struct slot *s)
{
    pthread_mutex_lock(&s->mu);
    bool stale =
        s->tried && ((s->platform == NULL && s->err.sys_errno != 0) || jig_readlog_changed(s->log));
    pthread_mutex_unlock(&s->mu);
    return stale;
}

/* --- views --------------------------------------------------------------------------------- */

struct jig_hardware_view *jig_hardware_view_ref(struct jig_hardware_view *v)
{
    atomic_fetch_add(&v->refs, 1);
    return v;
}

void jig_hardware_view_unref(struct jig_hardware_view *v)
{
    if (v == NULL || atomic_fetch_sub(&v->refs, 1) != 1)
        return;
    for (size_t i = 0; i < v->n; i++)
        slot_unref(v->slots[i]);
    free(v->slots);
    free(v->serves);
    scan_unref(v->scan);
    free(v);
}

uint64_t jig_hardware_view_number(const struct jig_hardware_view *v)
{
    return v->number;
}

static bool same_platform(const struct jig_found_release *a, const struct jig_found_release *b)
{
    return jig_streq(a->vendor, b->vendor) && jig_streq(a->arch, b->arch);
}

/* Of each vendor:arch the newest serves; of equal ones the first. */
static void choose(struct jig_hardware_view *v)
{
    v->serves = jig_xcalloc(v->n + 1, sizeof *v->serves);
    for (size_t i = 0; i < v->n; i++) {
        const struct jig_found_release *one = v->slots[i]->found;
        bool best = true;
        for (size_t k = 0; k < v->n && best; k++) {
            const struct jig_found_release *other = v->slots[k]->found;
            if (k == i || !same_platform(one, other))
                continue;
            int c = jig_version_compare(other->version, one->version);
            best = c < 0 || (c == 0 && i < k);
        }
        v->serves[i] = best;
    }
}

static struct slot *find_slot(const struct jig_hardware_view *v,
                              const struct jig_found_release *wanted)
{
    for (size_t i = 0; v != NULL && i < v->n; i++) {
        const struct jig_found_release *f = v->slots[i]->found;
        if (jig_streq(f->path, wanted->path) && same_platform(f, wanted) &&
            jig_streq(f->version, wanted->version))
            return v->slots[i];
    }
    return NULL;
}

/* A view over `scan`; slots of `old` that still hold are taken over when `keep` is set. */
static struct jig_hardware_view *view_new(struct scan_ref *scan, struct jig_hardware_view *old,
                                          bool keep)
{
    struct jig_hardware_view *v = jig_new(struct jig_hardware_view);
    atomic_init(&v->refs, 1);
    v->number = old != NULL ? old->number + 1 : 1;
    v->scan = scan_ref(scan);
    v->n = scan->scan->release_count;
    v->slots = jig_xcalloc(v->n + 1, sizeof(struct slot *));
    for (size_t i = 0; i < v->n; i++) {
        const struct jig_found_release *found = &scan->scan->releases[i];
        struct slot *s = keep ? find_slot(old, found) : NULL;
        if (s != NULL && !slot_stale(s)) {
            atomic_fetch_add(&s->refs, 1);
            v->slots[i] = s;
        } else {
            v->slots[i] = slot_new(scan, found);
        }
    }
    choose(v);
    return v;
}

/* --- the registry -------------------------------------------------------------------------- */

struct jig_hardware *jig_hardware_new(const struct jig_strv *folders, const char *data_dir)
{
    struct jig_hardware *hw = jig_new(struct jig_hardware);
    jig_strv_extend(&hw->folders, folders);
    hw->data_dir = jig_xstrdup(data_dir);
    pthread_mutex_init(&hw->mu, NULL);
    return hw;
}

void jig_hardware_set_overlays(struct jig_hardware *hw, const char *dir)
{
    free(hw->overlays);
    hw->overlays = jig_xstrdup(dir);
}

void jig_hardware_free(struct jig_hardware *hw)
{
    if (hw == NULL)
        return;
    jig_hardware_view_unref(hw->now);
    pthread_mutex_destroy(&hw->mu);
    jig_strv_release(&hw->folders);
    free(hw->data_dir);
    free(hw->overlays);
    free(hw);
}

static bool any_stale(struct jig_hardware_view *v)
{
    for (size_t i = 0; i < v->n; i++) {
        if (slot_stale(v->slots[i]))
            return true;
    }
    return false;
}

/* Replaces hw->now when something differs. Under hw->mu. */
static enum jig_code renew(struct jig_hardware *hw, bool *ret_changed, struct jig_err *reterr)
{
    struct jig_hardware_view *old = hw->now;
    *ret_changed = false;
    if (old != NULL && !jig_readlog_changed(old->scan->scan->log)) {
        if (!any_stale(old)) {
            hw->stats.hits++;
            return JIG_OK;
        }
        hw->now = view_new(old->scan, old, true);
    } else {
        struct jig_hardware_scan *fresh = NULL;
        enum jig_code code =
            jig_hardware_scan(&hw->folders, hw->data_dir, hw->overlays, &fresh, reterr);
        if (code != JIG_OK)
            return code;
        struct scan_ref *scan = jig_new(struct scan_ref);
        atomic_init(&scan->refs, 1);
        scan->scan = fresh;
        /* An overlay may have changed with the rest: no platform is taken over. */
        hw->now = view_new(scan, old, false);
        scan_unref(scan);
    }
    *ret_changed = true;
    *(old != NULL ? &hw->stats.fallbacks : &hw->stats.misses) += 1;
    jig_hardware_view_unref(old);
    return JIG_OK;
}

enum jig_code jig_hardware_refresh(struct jig_hardware *hw, struct jig_hardware_view **ret,
                                   bool *ret_changed, struct jig_err *reterr)
{
    bool changed = false;
    pthread_mutex_lock(&hw->mu);
    enum jig_code code = renew(hw, &changed, reterr);
    if (code == JIG_OK)
        *ret = jig_hardware_view_ref(hw->now);
    pthread_mutex_unlock(&hw->mu);
    if (code == JIG_OK && ret_changed != NULL)
        *ret_changed = changed;
    return code;
}

struct jig_memo_stats jig_hardware_stats(struct jig_hardware *hw)
{
    pthread_mutex_lock(&hw->mu);
    struct jig_memo_stats s = hw->stats;
    s.entries = hw->now != NULL ? hw->now->n : 0;
    pthread_mutex_unlock(&hw->mu);
    return s;
}

/* --- asking -------------------------------------------------------------------------------- */

static enum jig_code no_version(const struct jig_hardware_view *v, const char *vendor,
                                const char *arch, const char *version, struct jig_err *reterr)
{
    struct jig_strv have = {0};
    for (size_t i = 0; i < v->n; i++) {
        const struct jig_found_release *f = v->slots[i]->found;
        if (jig_streq(f->vendor, vendor) && jig_streq(f->arch, arch))
            jig_strv_append(&have, f->version);
    }
    JIG_CLEANUP_FREE char *list = jig_strv_join(&have, ", ");
    jig_strv_release(&have);
    return jig_err_set(reterr, JIG_NOT_FOUND,
                       "version %s of the platform %s:%s is not installed; there is: %s", version,
                       vendor, arch, list);
}

static enum jig_code no_platform(const struct jig_hardware_view *v, const char *vendor,
                                 const char *arch, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < v->n; i++) {
        const struct jig_found_release *f = v->slots[i]->found;
        JIG_CLEANUP_FREE char *name = jig_strf("%s:%s", f->vendor, f->arch);
        jig_strv_add_unique(&names, name);
    }
    JIG_CLEANUP_FREE char *wanted = jig_strf("%s:%s", vendor, arch);
    jig_nearest(wanted, &names, 5, &near);
    JIG_CLEANUP_FREE char *list = jig_strv_join(near.n > 0 ? &near : &names, ", ");
    jig_err_set(reterr, JIG_NOT_FOUND, "the platform %s is not installed%s%s", wanted,
                names.n > 0 ? "; there is: " : "", list);
    const char *package = jig_package_of_platform(wanted);
    if (package != NULL)
        jig_err_hint(reterr, "install the Debian package %s", package);
    else if (v->scan->scan->faults.n > 0)
        jig_err_hint(reterr, "not everything could be searched: %s", v->scan->scan->faults.v[0]);
    jig_strv_release(&names);
    jig_strv_release(&near);
    return JIG_NOT_FOUND;
}

enum jig_code jig_hardware_platform(struct jig_hardware_view *v, const char *vendor,
                                    const char *arch, const char *version,
                                    const struct jig_platform **ret, struct jig_err *reterr)
{
    bool known = false;
    for (size_t i = 0; i < v->n; i++) {
        const struct jig_found_release *f = v->slots[i]->found;
        if (!jig_streq(f->vendor, vendor) || !jig_streq(f->arch, arch))
            continue;
        known = true;
        if (version != NULL ? jig_version_compare(f->version, version) == 0 : v->serves[i])
            return slot_load(v->slots[i], ret, reterr);
    }
    return known ? no_version(v, vendor, arch, version, reterr)
                 : no_platform(v, vendor, arch, reterr);
}

size_t jig_hardware_release_count(const struct jig_hardware_view *v)
{
    return v->n;
}

struct jig_release jig_hardware_release(const struct jig_hardware_view *v, size_t at)
{
    const struct jig_found_release *f = v->slots[at]->found;
    return (struct jig_release){f->vendor, f->arch, f->version, f->path, v->serves[at]};
}

size_t jig_hardware_tool_count(const struct jig_hardware_view *v)
{
    return v->scan->scan->tool_count;
}

const struct jig_tool *jig_hardware_tool(const struct jig_hardware_view *v, size_t at)
{
    return &v->scan->scan->tools[at];
}

const struct jig_props *jig_hardware_system_tools(const struct jig_hardware_view *v)
{
    return v->scan->scan->system_tools;
}

const struct jig_piomap *jig_hardware_piomap(const struct jig_hardware_view *v)
{
    return v->scan->scan->piomap;
}

const struct jig_props *jig_hardware_global_props(const struct jig_hardware_view *v)
{
    return v->scan->scan->global;
}

void jig_hardware_files(const struct jig_hardware_view *v, const struct jig_platform *p,
                        struct jig_strv *out)
{
    jig_readlog_files(v->scan->scan->log, out);
    if (p != NULL)
        jig_readlog_files(p->log, out);
}

/* --- boards -------------------------------------------------------------------------------- */

struct jig_board_info *jig_hardware_boards(struct jig_hardware_view *v, size_t *ret_count,
                                           struct jig_strv *faults)
{
    struct jig_board_info *out = NULL;
    size_t n = 0;
    size_t cap = 0;
    for (size_t i = 0; i < v->n; i++) {
        const struct jig_platform *p = NULL;
        struct jig_err err = JIG_ERR_INIT;
        if (!v->serves[i])
            continue;
        if (slot_load(v->slots[i], &p, &err) != JIG_OK || p == NULL) {
            if (faults != NULL)
                jig_strv_append_take(faults,
                                     jig_strf("%s: %s", v->slots[i]->found->path, err.message));
            continue;
        }
        for (size_t k = 0; k < p->board_count; k++) {
            const struct jig_board *b = &p->boards[k];
            out = jig_grow(out, &cap, n, sizeof *out);
            out[n++] = (struct jig_board_info){jig_strf("%s:%s:%s", p->vendor, p->arch, b->id),
                                               jig_xstrdup(jig_board_name(b)), p, b};
        }
    }
    *ret_count = n;
    return out;
}

void jig_board_list_free(struct jig_board_info *boards, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(boards[i].fqbn);
        free(boards[i].name);
    }
    free(boards);
}

void jig_hardware_boards_with_usb(struct jig_hardware_view *v, uint16_t vid, uint16_t pid,
                                  struct jig_strv *out)
{
    size_t n = 0;
    struct jig_board_info *boards = jig_hardware_boards(v, &n, NULL);
    for (size_t i = 0; i < n; i++) {
        struct jig_usb_id ids[64];
        size_t count = jig_board_usb_ids(boards[i].board, ids, JIG_COUNT(ids));
        for (size_t k = 0; k < count; k++) {
            if (ids[k].vid == vid && ids[k].pid == pid)
                jig_strv_append(out, boards[i].fqbn);
        }
    }
    jig_board_list_free(boards, n);
    jig_strv_sort(out);
}
