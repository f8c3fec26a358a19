/*
 * inventory_impl.h - the inventory's insides, shared by its own .c files only.
 *
 * Everything below is guarded by mu. A function that changes the inventory runs between
 * jig_inventory_enter_() and jig_inventory_leave_(), which unlocks and then tells the world.
 */
#ifndef JIG_DEVICE_INVENTORY_IMPL_H
#define JIG_DEVICE_INVENTORY_IMPL_H

#include <pthread.h>

#include "core/base/map.h"
#include "core/device/inventory.h"
#include "core/os/bell.h"
#include "core/os/fs.h"
#include "core/os/hotplug.h"

enum jig_entry_origin {
    JIG_ENTRY_SYSTEM,   /* enumerated, with USB ids */
    JIG_ENTRY_CONFIG,   /* a configured port */
    JIG_ENTRY_ADOPTED,  /* a port that a caller named */
    JIG_ENTRY_EMULATED, /* an instance of a source */
};

struct jig_entry {
    struct jig_device d;
    enum jig_entry_origin origin;
    char *asked_port;      /* CONFIG and ADOPTED: the path as it was given */
    struct jig_stamp node; /* CONFIG and ADOPTED: of the port's node when last seen */
    const struct jig_emulated_source *source;
    struct jig_strv
        own_aliases; /* besides those of the configuration: the USB id of a fixed port */
    bool seen;       /* in the enumeration under way */
    const char *why; /* the generation last moved; a constant */
};

struct jig_owned_config {
    char *name, *port, *id, *fqbn;
    uint32_t baud;
    struct jig_strv labels;
};

struct jig_change_record {
    enum jig_device_change_kind kind;
    uint64_t revision;
    char *id;
};

struct jig_inventory {
    pthread_mutex_t mu;
    const struct jig_clock *clock;
    struct jig_entry **entries;
    size_t n;
    size_t cap;
    struct jig_owned_config *configs;
    size_t n_configs;
    struct jig_emulated_source **sources;
    size_t n_sources;
    size_t cap_sources;
    struct jig_change_record changes[JIG_INVENTORY_MOST_CHANGES]; /* ring, by total */
    uint64_t total;                                               /* changes ever */
    uint64_t revision;
    uint64_t generations; /* given out */
    uint64_t lost;        /* a cursor below this one has missed changes */
    struct jig_map by_id; /* entries; borrowed */
    struct jig_hotplug *hotplug;
    bool doubted;       /* there were events that no enumeration has followed yet */
    int64_t scanned_ns; /* when the last enumeration succeeded; monotonic */
    struct jig_bell bell;
    void (*changed)(void *ctx, uint64_t revision);
    void *changed_ctx;
    uint64_t told; /* revision that the world knows; only between enter and leave */
};

void jig_inventory_enter_(struct jig_inventory *inv);
void jig_inventory_leave_(struct jig_inventory *inv);

/* inventory.c */
struct jig_entry *jig_inventory_add_(struct jig_inventory *inv, enum jig_entry_origin origin,
                                     char *id_taken);
void jig_inventory_change_(struct jig_inventory *inv, struct jig_entry *e,
                           enum jig_device_change_kind kind);
void jig_inventory_forget_(struct jig_inventory *inv, struct jig_entry *e);
struct jig_entry *jig_inventory_by_id_(struct jig_inventory *inv, const char *id);
void jig_entry_renew_(struct jig_inventory *inv, struct jig_entry *e, const char *why);
void jig_entry_set_(char **field, const char *value, bool *changed);
void jig_entry_connect_(struct jig_inventory *inv, struct jig_entry *e, const char *port);
void jig_entry_disconnect_(struct jig_inventory *inv, struct jig_entry *e, const char *why);

/* inventory_scan.c: labels, aliases and board of an entry by the configuration */
void jig_entry_configure_(struct jig_inventory *inv, struct jig_entry *e);
enum jig_code jig_inventory_scan_(struct jig_inventory *inv, struct jig_err *reterr) JIG_CHECKED;
void jig_inventory_look_at_port_(struct jig_inventory *inv, struct jig_entry *e);
void jig_inventory_look_at_ports_(struct jig_inventory *inv);

/* inventory_find.c */
struct jig_entry *jig_inventory_emulated_(struct jig_inventory *inv,
                                          const struct jig_emulated_source *source,
                                          unsigned number);

#endif
