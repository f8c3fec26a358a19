/* One board by name, and the one board that fits a project. */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/device/inventory_impl.h"
#include "core/os/fs.h"
#include "core/os/tty.h"

#define MOST_SUGGESTED 5

static struct jig_entry *by_name(struct jig_inventory *inv, const char *name)
{
    struct jig_entry *e = jig_inventory_by_id_(inv, name);
    for (size_t i = 0; e == NULL && i < inv->n; i++) {
        if (jig_strv_contains(&inv->entries[i]->d.aliases, name))
            e = inv->entries[i];
    }
    return e;
}

/* Connected boards before those that once were there. */
static struct jig_entry *by_port(struct jig_inventory *inv, const char *path)
{
    struct jig_entry *found = NULL;
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        bool is_it = jig_streq(e->d.port, path) || jig_streq(e->asked_port, path);
        if (is_it && (found == NULL || (e->d.connected && !found->d.connected)))
            found = e;
    }
    return found;
}

static struct jig_entry *adopt(struct jig_inventory *inv, const char *path, const char *real)
{
    size_t adopted = 0;
    struct jig_entry *oldest = NULL;
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        if (e->origin != JIG_ENTRY_ADOPTED)
            continue;
        adopted++;
        if (oldest == NULL || e->d.revision < oldest->d.revision)
            oldest = e;
    }
    if (adopted >= JIG_INVENTORY_MOST_ADOPTED)
        jig_inventory_forget_(inv, oldest);
    struct jig_entry *e = jig_inventory_add_(inv, JIG_ENTRY_ADOPTED, jig_strf("port:%s", path));
    e->asked_port = jig_xstrdup(path);
    jig_entry_configure_(inv, e);
    if (jig_fs_stamp(path, &e->node, NULL) != JIG_OK)
        e->node = (struct jig_stamp){0}; /* it has just gone; the next look tells */
    jig_entry_connect_(inv, e, real);
    return e;
}

static struct jig_entry *by_path(struct jig_inventory *inv, const char *path)
{
    struct jig_entry *e = by_port(inv, path);
    JIG_CLEANUP_FREE char *real = NULL;
    if (jig_fs_real(path, &real, NULL) == JIG_OK && (e == NULL || !e->d.connected)) {
        struct jig_entry *at_real = by_port(inv, real);
        if (at_real != NULL)
            e = at_real;
    }
    if ((e == NULL || !e->d.connected) && real != NULL && jig_port_may_be(real) &&
        (e == NULL || e->asked_port == NULL))
        e = adopt(inv, path, real);
    return e;
}

static enum jig_code by_pattern(struct jig_inventory *inv, const char *pattern,
                                struct jig_entry **ret, struct jig_err *reterr)
{
    struct jig_strv fits = {0};
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        bool as_is = fnmatch(pattern, e->d.port, FNM_PATHNAME) == 0;
        bool as_asked = e->asked_port != NULL && fnmatch(pattern, e->asked_port, FNM_PATHNAME) == 0;
        if (!e->d.connected || !(as_is || as_asked))
            continue;
        jig_strv_append_take(&fits, jig_device_describe(&e->d));
        *ret = e;
    }
    enum jig_code code = JIG_OK;
    if (fits.n == 0) {
        code = jig_err_set(reterr, JIG_NOT_FOUND, "no connected board has a port like %s", pattern);
    } else if (fits.n > 1) {
        JIG_CLEANUP_FREE char *all = jig_strv_join(&fits, ", ");
        code = jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_USAGE,
                              "%zu boards have a port like %s: %s", fits.n, pattern, all);
    }
    jig_strv_release(&fits);
    return code;
}

struct jig_entry *jig_inventory_emulated_(struct jig_inventory *inv,
                                          const struct jig_emulated_source *source, unsigned number)
{
    char *id = number > 1 ? jig_strf("emulated:%s#%u", source->name, number)
                          : jig_strf("emulated:%s", source->name);
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (e == NULL) {
        e = jig_inventory_add_(inv, JIG_ENTRY_EMULATED, jig_steal(&id));
        e->source = source;
        bool changed = false;
        jig_entry_set_(&e->d.product, source->product, &changed);
        jig_entry_configure_(inv, e);
        jig_entry_connect_(inv, e, "");
    }
    free(id);
    return e;
}

/* "emulated:uno#3": made when it is first asked for, up to what the source allows. */
static struct jig_entry *by_instance(struct jig_inventory *inv, const char *name)
{
    for (size_t i = 0; i < inv->n_sources; i++) {
        const struct jig_emulated_source *s = inv->sources[i];
        JIG_CLEANUP_FREE char *prefix = jig_strf("emulated:%s#", s->name);
        uint64_t number = 0;
        if (jig_str_starts(name, prefix) && jig_parse_u64(name + strlen(prefix), &number) &&
            number >= 1 && number <= s->most)
            return jig_inventory_emulated_(inv, s, (unsigned)number);
    }
    return NULL;
}

static enum jig_code not_found(struct jig_inventory *inv, const char *name, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < inv->n; i++) {
        jig_strv_append(&names, inv->entries[i]->d.id);
        jig_strv_extend(&names, &inv->entries[i]->d.aliases);
        if (inv->entries[i]->d.connected && inv->entries[i]->d.port[0] != '\0')
            jig_strv_append(&names, inv->entries[i]->d.port);
    }
    jig_nearest(name, &names, MOST_SUGGESTED, &near);
    JIG_CLEANUP_FREE char *text = jig_strv_join(&near, ", ");
    jig_err_set(reterr, JIG_NOT_FOUND, "there is no device '%s'", name);
    if (near.n > 0)
        jig_err_hint(reterr, "did you mean: %s", text);
    else
        jig_err_hint(reterr, "`jig devices list` shows what there is");
    jig_strv_release(&names);
    jig_strv_release(&near);
    return JIG_NOT_FOUND;
}

static enum jig_code find(struct jig_inventory *inv, const char *name, struct jig_entry **ret,
                          struct jig_err *reterr)
{
    struct jig_entry *e = by_name(inv, name);
    if (e == NULL)
        e = by_instance(inv, name);
    if (e == NULL && name[0] == '/') {
        if (strpbrk(name, "*?[") != NULL)
            return by_pattern(inv, name, ret, reterr);
        e = by_path(inv, name);
    }
    if (e == NULL)
        return not_found(inv, name, reterr);
    *ret = e;
    return JIG_OK;
}

enum jig_code jig_inventory_find(struct jig_inventory *inv, const char *name,
                                 struct jig_device *ret, struct jig_err *reterr)
{
    enum jig_code code = jig_inventory_refresh(inv, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_entry *e = NULL;
    jig_inventory_enter_(inv);
    code = find(inv, name, &e, reterr);
    if (code == JIG_OK)
        jig_device_copy(ret, &e->d);
    jig_inventory_leave_(inv);
    return code;
}

static enum jig_code start(struct jig_inventory *inv, const struct jig_emulated_source *source,
                           const char *id, const struct jig_until *until, struct jig_device *ret,
                           struct jig_err *reterr)
{
    char *port = NULL;
    enum jig_code code = source->start(source->ctx, id, until, &port, reterr);
    if (code != JIG_OK)
        return code;
    jig_inventory_enter_(inv);
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (!jig_streq(e->d.port, port)) {
        bool changed = false;
        jig_entry_set_(&e->d.port, "", &changed); /* coming to life is no renumbering */
        jig_entry_connect_(inv, e, port);
    }
    jig_device_copy(ret, &e->d);
    jig_inventory_leave_(inv);
    free(port);
    return JIG_OK;
}

enum jig_code jig_inventory_ready(struct jig_inventory *inv, const char *id,
                                  const struct jig_until *until, struct jig_device *ret,
                                  struct jig_err *reterr)
{
    enum jig_code code = jig_inventory_refresh(inv, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_entry *e = NULL;
    const struct jig_emulated_source *source = NULL;
    JIG_CLEANUP_FREE char *real_id = NULL;
    jig_inventory_enter_(inv);
    code = find(inv, id, &e, reterr);
    if (code == JIG_OK) {
        real_id = jig_xstrdup(e->d.id);
        source = e->source;
    }
    if (code == JIG_OK && source == NULL) {
        if (e->d.connected)
            jig_device_copy(ret, &e->d);
        else
            code = jig_err_set(reterr, JIG_NOT_FOUND,
                               e->d.port[0] != '\0' ? "the device %s is not connected; it was at %s"
                                                    : "the device %s is not connected",
                               real_id, e->d.port);
    }
    jig_inventory_leave_(inv);
    if (code == JIG_OK && source != NULL)
        code = start(inv, source, real_id, until, ret, reterr); /* sources live as long as we do */
    return code;
}

/* "vendor:arch:board", without options. */
static size_t board_length(const char *fqbn)
{
    size_t colons = 0;
    size_t i = 0;
    for (; fqbn[i] != '\0'; i++) {
        if (fqbn[i] == ':' && ++colons == 3)
            break;
    }
    return i;
}

static bool same_board(const char *a, const char *b)
{
    size_t n = board_length(a);
    return n == board_length(b) && memcmp(a, b, n) == 0;
}

bool jig_device_fits(const struct jig_device *d, const struct jig_device_wish *wish)
{
    if (d->fqbn[0] != '\0')
        return wish->fqbn != NULL && same_board(d->fqbn, wish->fqbn);
    for (size_t i = 0; d->usb && i < wish->n_usb_ids; i++) {
        if (wish->usb_ids[i].vid == d->vid && wish->usb_ids[i].pid == d->pid)
            return true;
    }
    return false;
}

enum candidate { FITS, FITS_EMULATED, FITS_NOT, CANDIDATE_KINDS, NO_CANDIDATE = CANDIDATE_KINDS };

static enum candidate candidate_kind(const struct jig_entry *e, const struct jig_device_wish *wish)
{
    bool is_emulated = e->origin == JIG_ENTRY_EMULATED;
    if (is_emulated ? strchr(e->d.id, '#') != NULL : !e->d.connected)
        return NO_CANDIDATE; /* an emulator that has ended is started again */
    if (!jig_device_fits(&e->d, wish))
        return FITS_NOT;
    return is_emulated ? FITS_EMULATED : FITS;
}

/* For messages only: a choice that works makes none. */
static char *describe_all(const struct jig_inventory *inv, const struct jig_device_wish *wish,
                          enum candidate kind)
{
    struct jig_strv words = {0};
    for (size_t i = 0; i < inv->n; i++) {
        if (candidate_kind(inv->entries[i], wish) == kind)
            jig_strv_append_take(&words, jig_device_describe(&inv->entries[i]->d));
    }
    char *all = jig_strv_join(&words, ", ");
    jig_strv_release(&words);
    return all;
}

static enum jig_code too_many(const struct jig_inventory *inv, const struct jig_device_wish *wish,
                              enum candidate kind, size_t n, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *all = describe_all(inv, wish, kind);
    jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_USAGE,
                   "%zu connected boards fit %s: %s", n,
                   wish->fqbn != NULL ? wish->fqbn : "the project", all);
    jig_err_hint(reterr, "say which with -d ID");
    return JIG_FAILED_PRECONDITION;
}

static enum jig_code none_fits(const struct jig_inventory *inv, const struct jig_device_wish *wish,
                               size_t others, struct jig_err *reterr)
{
    if (others == 0)
        return jig_err_set(reterr, JIG_NOT_FOUND, "no board is connected");
    const char *what = wish->fqbn != NULL ? wish->fqbn : "the project";
    JIG_CLEANUP_FREE char *all = describe_all(inv, wish, FITS_NOT);
    jig_err_set(reterr, JIG_NOT_FOUND, "no connected board is known to be %s; there is: %s", what,
                all);
    jig_err_hint(reterr, "if one of them is, say which with -d ID, or give it the label fqbn=%s",
                 wish->fqbn != NULL ? wish->fqbn : "vendor:arch:board");
    return JIG_NOT_FOUND;
}

enum jig_code jig_inventory_choose(struct jig_inventory *inv, const struct jig_device_wish *wish,
                                   struct jig_device *ret, struct jig_err *reterr)
{
    enum jig_code code = jig_inventory_refresh(inv, reterr);
    if (code != JIG_OK)
        return code;
    size_t n[CANDIDATE_KINDS + 1] = {0};
    const struct jig_entry *last[CANDIDATE_KINDS + 1] = {0};
    jig_inventory_enter_(inv);
    for (size_t i = 0; i < inv->n; i++) {
        enum candidate kind = candidate_kind(inv->entries[i], wish);
        n[kind]++;
        last[kind] = inv->entries[i];
    }
    enum candidate kind = n[FITS] > 0 ? FITS : FITS_EMULATED;
    if (n[kind] == 1)
        jig_device_copy(ret, &last[kind]->d);
    else if (n[kind] > 1)
        code = too_many(inv, wish, kind, n[kind], reterr);
    else
        code = none_fits(inv, wish, n[FITS_NOT], reterr);
    jig_inventory_leave_(inv);
    return code;
}
