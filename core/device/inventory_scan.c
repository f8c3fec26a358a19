/* From what the system lists to entries: ids, configured ports, labels. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/device/inventory_impl.h"
#include "core/os/fs.h"

/* Serial numbers that whole batches share, or that nobody set. */
static const char *const shared_serials[] = {
    "0", "1", "0000", "0001", "00000000", "00000001", "12345678", "0123456789ABCDEF",
};

static bool is_shared_serial(const char *serial)
{
    for (size_t i = 0; i < JIG_COUNT(shared_serials); i++) {
        if (jig_streq(serial, shared_serials[i]))
            return true;
    }
    return false;
}

/* The serial number as part of an id: what a shell or an id's own syntax would trip over is '_'. */
static char *plain(const char *serial)
{
    char *s = jig_xstrdup(serial);
    for (char *c = s; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("._-", *c) == NULL)
            *c = '_';
    }
    return s;
}

/* With `place` the id is by topology besides the serial number. */
static char *make_id(const struct jig_serial_info *info, bool place)
{
    struct jig_buf b;
    jig_buf_init(&b, 1024);
    jig_buf_printf(&b, "usb:%04x:%04x", info->vid, info->pid);
    bool has_serial = info->serial != NULL && info->serial[0] != '\0';
    bool unique = has_serial && !is_shared_serial(info->serial);
    if (has_serial && (unique || place)) {
        JIG_CLEANUP_FREE char *serial = plain(info->serial);
        jig_buf_printf(&b, ":%s", serial);
    }
    if (!unique || place)
        jig_buf_printf(&b, "@%s",
                       info->topology != NULL ? info->topology : jig_path_base(info->port));
    if (info->interface != 0)
        jig_buf_printf(&b, ":if%d", info->interface);
    char *id = jig_buf_steal(&b);
    return id != NULL ? id : jig_strf("usb:%04x:%04x@%s", info->vid, info->pid, info->port);
}

/* Two boards with one id: the one that has it already on that port keeps it, or else the first. */
static bool is_taken(struct jig_inventory *inv, const struct jig_serial_list *list, size_t at,
                     const char *id)
{
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (e != NULL && e->seen)
        return true;
    if (e == NULL || !e->d.connected || jig_streq(e->d.port, list->v[at].port))
        return false;
    for (size_t i = at + 1; i < list->n; i++) {
        if (!list->v[i].usb || !jig_streq(list->v[i].port, e->d.port))
            continue;
        JIG_CLEANUP_FREE char *other = make_id(&list->v[i], false);
        return jig_streq(other, id);
    }
    return false;
}

/* What the configuration says of a board: its labels in order, without doubles, and the rest. */
static void gather(const struct jig_inventory *inv, struct jig_entry *e, struct jig_strv *labels,
                   struct jig_strv *aliases, const char **fqbn)
{
    for (size_t i = 0; i < inv->n_configs; i++) {
        const struct jig_owned_config *c = &inv->configs[i];
        bool is_it = c->port != NULL
                         ? jig_streq(c->name, e->d.id)
                         : jig_streq(c->id, e->d.id) || jig_strv_contains(&e->own_aliases, c->id);
        if (!is_it)
            continue;
        if (c->port == NULL)
            jig_strv_add_unique(aliases, c->name);
        for (size_t k = 0; k < c->labels.n; k++)
            jig_strv_add_unique(labels, c->labels.v[k]);
        if (c->fqbn != NULL)
            *fqbn = c->fqbn;
        if (c->baud != 0)
            e->d.baud = c->baud;
    }
    for (size_t i = 0; i < e->own_aliases.n; i++)
        jig_strv_add_unique(aliases, e->own_aliases.v[i]);
}

static bool same_strings(const struct jig_strv *a, const struct jig_strv *b)
{
    if (a->n != b->n)
        return false;
    for (size_t i = 0; i < a->n; i++) {
        if (!jig_streq(a->v[i], b->v[i]))
            return false;
    }
    return true;
}

void jig_entry_configure_(struct jig_inventory *inv, struct jig_entry *e)
{
    struct jig_strv labels = {0};
    struct jig_strv aliases = {0};
    const char *fqbn = e->source != NULL ? e->source->fqbn : "";
    e->d.baud = 0;
    gather(inv, e, &labels, &aliases, &fqbn);
    bool changed = !same_strings(&labels, &e->d.labels) || !same_strings(&aliases, &e->d.aliases);
    jig_entry_set_(&e->d.fqbn, fqbn, &changed);
    jig_strv_release(&e->d.labels);
    jig_strv_release(&e->d.aliases);
    e->d.labels = labels;
    e->d.aliases = aliases;
    if (changed && e->d.generation > 0)
        jig_inventory_change_(inv, e, JIG_DEVICE_CHANGED);
}

static void describe(struct jig_inventory *inv, struct jig_entry *e,
                     const struct jig_serial_info *info)
{
    bool changed = e->d.usb != info->usb || e->d.vid != info->vid || e->d.pid != info->pid;
    e->d.usb = info->usb;
    e->d.vid = info->vid;
    e->d.pid = info->pid;
    jig_entry_set_(&e->d.serial, info->serial, &changed);
    jig_entry_set_(&e->d.product, info->product, &changed);
    jig_entry_set_(&e->d.manufacturer, info->manufacturer, &changed);
    jig_entry_set_(&e->d.topology, info->topology, &changed);
    jig_entry_set_(&e->d.usb_node, info->usb_node, &changed);
    if (changed && e->d.connected && e->d.generation > 0) {
        jig_entry_renew_(inv, e, "another board is at its port"); /* nobody saw it come */
        jig_inventory_change_(inv, e, JIG_DEVICE_CHANGED);
    }
}

/* The configured or adopted entry whose port this is. */
static struct jig_entry *covering(struct jig_inventory *inv, const char *port)
{
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        if (e->asked_port == NULL)
            continue;
        if (jig_streq(e->asked_port, port))
            return e;
        JIG_CLEANUP_FREE char *real = NULL;
        if (jig_fs_real(e->asked_port, &real, NULL) == JIG_OK && jig_streq(real, port))
            return e;
    }
    return NULL;
}

static void absorb(struct jig_inventory *inv, struct jig_entry *fixed,
                   const struct jig_serial_info *info)
{
    fixed->seen = true;
    describe(inv, fixed, info);
    jig_strv_clear(&fixed->own_aliases);
    if (info->usb) {
        char *id = make_id(info, false);
        struct jig_entry *twin = jig_inventory_by_id_(inv, id);
        if (twin != NULL && twin != fixed && !twin->seen)
            jig_inventory_forget_(inv, twin);
        jig_strv_append_take(&fixed->own_aliases, id);
    }
    jig_entry_configure_(inv, fixed);
}

static void take_in(struct jig_inventory *inv, const struct jig_serial_list *list, size_t at)
{
    const struct jig_serial_info *info = &list->v[at];
    char *id = make_id(info, false);
    if (is_taken(inv, list, at, id)) {
        free(id);
        id = make_id(info, true);
    }
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (e == NULL)
        e = jig_inventory_add_(inv, JIG_ENTRY_SYSTEM, jig_steal(&id));
    free(id);
    if (e->seen || e->origin != JIG_ENTRY_SYSTEM)
        return; /* the same place twice: no sane system says so */
    e->seen = true;
    describe(inv, e, info);
    jig_entry_configure_(inv, e);
    jig_entry_connect_(inv, e, info->port);
}

static void forget_seen(struct jig_inventory *inv)
{
    for (size_t i = 0; i < inv->n; i++)
        inv->entries[i]->seen = false;
}

/* Entries of the system that the list does not have any more. */
static void drop_unseen(struct jig_inventory *inv)
{
    for (size_t i = inv->n; i-- > 0;) {
        if (i >= inv->n)
            continue; /* a disconnect made the inventory forget another one */
        struct jig_entry *e = inv->entries[i];
        if (e->origin == JIG_ENTRY_SYSTEM && !e->seen)
            jig_entry_disconnect_(inv, e, "it was unplugged");
    }
}

enum jig_code jig_inventory_scan_(struct jig_inventory *inv, struct jig_err *reterr)
{
    struct jig_serial_list list = {0};
    enum jig_code code = jig_serial_list(&list, reterr);
    if (code != JIG_OK)
        return code;
    forget_seen(inv);
    for (size_t i = 0; i < list.n; i++) {
        struct jig_entry *fixed = covering(inv, list.v[i].port);
        if (fixed != NULL)
            absorb(inv, fixed, &list.v[i]);
        else if (list.v[i].usb)
            take_in(inv, &list, i);
    }
    drop_unseen(inv);
    inv->doubted = false;
    inv->scanned_ns = inv->clock->monotonic_ns(inv->clock->ctx);
    jig_inventory_look_at_ports_(inv);
    jig_serial_list_release(&list);
    return JIG_OK;
}

/* A node that was made anew under the same name, a pty say, is another board's. Its modification
 * time changes with every byte and says nothing. */
static bool is_same_node(const struct jig_stamp *a, const struct jig_stamp *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->ctime_ns == b->ctime_ns;
}

void jig_inventory_look_at_port_(struct jig_inventory *inv, struct jig_entry *e)
{
    char *real = NULL;
    struct jig_stamp node;
    bool there = jig_fs_stamp(e->asked_port, &node, NULL) == JIG_OK && S_ISCHR(node.mode);
    if (there && e->d.connected && is_same_node(&node, &e->node))
        return;
    if (there && jig_fs_real(e->asked_port, &real, NULL) == JIG_OK) {
        if (e->d.connected && !is_same_node(&node, &e->node))
            jig_entry_disconnect_(inv, e, "its port was made anew");
        e->node = node;
        jig_entry_connect_(inv, e, real);
    } else if (e->d.generation == 0) {
        bool changed = false; /* configured, and not there yet */
        jig_entry_set_(&e->d.port, e->asked_port, &changed);
        jig_entry_renew_(inv, e, "it was not there");
        jig_inventory_change_(inv, e, JIG_DEVICE_ADDED);
    } else {
        jig_entry_disconnect_(inv, e, "its port went away");
    }
    free(real);
}

void jig_inventory_look_at_ports_(struct jig_inventory *inv)
{
    for (size_t i = inv->n; i-- > 0;) {
        if (i < inv->n && inv->entries[i]->asked_port != NULL)
            jig_inventory_look_at_port_(inv, inv->entries[i]);
    }
}
