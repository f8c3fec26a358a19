#include "core/device/inventory.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/device/inventory_impl.h"
#include "core/os/time.h"

void jig_inventory_enter_(struct jig_inventory *inv)
{
    pthread_mutex_lock(&inv->mu);
    inv->told = inv->revision;
}

void jig_inventory_leave_(struct jig_inventory *inv)
{
    bool changed = inv->revision != inv->told;
    uint64_t revision = inv->revision;
    pthread_mutex_unlock(&inv->mu);
    if (!changed)
        return;
    jig_bell_ring(&inv->bell);
    if (inv->changed != NULL)
        inv->changed(inv->changed_ctx, revision);
}

enum jig_code jig_inventory_new(const struct jig_clock *clock, struct jig_inventory **ret,
                                struct jig_err *reterr)
{
    struct jig_inventory *inv = jig_new(struct jig_inventory);
    inv->clock = clock != NULL ? clock : &jig_clock_real;
    pthread_mutex_init(&inv->mu, NULL);
    jig_bell_init(&inv->bell);
    jig_map_init(&inv->by_id, NULL);
    /* Microseconds of the wall clock: a cursor of an earlier daemon is smaller than ours are. */
    inv->revision = (uint64_t)inv->clock->unix_ms(inv->clock->ctx) * 1000;
    inv->lost = inv->revision;
    if (jig_hotplug_new(&inv->hotplug, NULL) != JIG_OK)
        inv->hotplug = NULL;
    enum jig_code code = jig_inventory_scan_(inv, reterr);
    if (code != JIG_OK) {
        jig_inventory_free(inv);
        return code;
    }
    *ret = inv;
    return JIG_OK;
}

static void entry_free(struct jig_entry *e)
{
    jig_device_release(&e->d);
    jig_strv_release(&e->own_aliases);
    free(e->asked_port);
    free(e);
}

static void source_free(struct jig_emulated_source *s)
{
    char *strings[] = {(char *)s->name, (char *)s->fqbn, (char *)s->product};
    for (size_t i = 0; i < JIG_COUNT(strings); i++)
        free(strings[i]);
    free(s);
}

static void configs_free(struct jig_owned_config *configs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char *strings[] = {configs[i].name, configs[i].port, configs[i].id, configs[i].fqbn};
        for (size_t k = 0; k < JIG_COUNT(strings); k++)
            free(strings[k]);
        jig_strv_release(&configs[i].labels);
    }
    free(configs);
}

void jig_inventory_free(struct jig_inventory *inv)
{
    if (inv == NULL)
        return;
    jig_hotplug_free(inv->hotplug);
    for (size_t i = 0; i < inv->n; i++)
        entry_free(inv->entries[i]);
    free(inv->entries);
    jig_map_release(&inv->by_id);
    for (size_t i = 0; i < inv->n_sources; i++)
        source_free(inv->sources[i]);
    free(inv->sources);
    configs_free(inv->configs, inv->n_configs);
    for (size_t i = 0; i < JIG_INVENTORY_MOST_CHANGES; i++)
        free(inv->changes[i].id);
    jig_bell_release(&inv->bell);
    pthread_mutex_destroy(&inv->mu);
    free(inv);
}

static void record(struct jig_inventory *inv, enum jig_device_change_kind kind, const char *id)
{
    struct jig_change_record *c = &inv->changes[inv->total++ % JIG_INVENTORY_MOST_CHANGES];
    if (c->id != NULL)
        inv->lost = c->revision;
    free(c->id);
    *c = (struct jig_change_record){kind, ++inv->revision, jig_xstrdup(id)};
}

void jig_inventory_change_(struct jig_inventory *inv, struct jig_entry *e,
                           enum jig_device_change_kind kind)
{
    record(inv, kind, e->d.id);
    e->d.revision = inv->revision;
}

struct jig_entry *jig_inventory_by_id_(struct jig_inventory *inv, const char *id)
{
    return jig_map_get(&inv->by_id, id);
}

/* The caller fills it in and then records that it was added. */
struct jig_entry *jig_inventory_add_(struct jig_inventory *inv, enum jig_entry_origin origin,
                                     char *id_taken)
{
    static const enum jig_device_kind kinds[] = {
        [JIG_ENTRY_SYSTEM] = JIG_DEVICE_SERIAL,
        [JIG_ENTRY_CONFIG] = JIG_DEVICE_FIXED,
        [JIG_ENTRY_ADOPTED] = JIG_DEVICE_FIXED,
        [JIG_ENTRY_EMULATED] = JIG_DEVICE_EMULATED,
    };
    struct jig_entry *e = jig_new(struct jig_entry);
    e->origin = origin;
    e->why = "it was unplugged";
    struct jig_device blank = {.id = id_taken, .kind = kinds[origin]};
    jig_device_copy(&e->d, &blank);
    free(id_taken);
    inv->entries = jig_grow(inv->entries, &inv->cap, inv->n, sizeof *inv->entries);
    inv->entries[inv->n++] = e;
    jig_map_set(&inv->by_id, e->d.id, e);
    return e;
}

void jig_inventory_forget_(struct jig_inventory *inv, struct jig_entry *e)
{
    record(inv, JIG_DEVICE_FORGOTTEN, e->d.id);
    jig_map_remove(&inv->by_id, e->d.id);
    for (size_t i = 0; i < inv->n; i++) {
        if (inv->entries[i] == e) {
            memmove(inv->entries + i, inv->entries + i + 1,
                    (inv->n - i - 1) * sizeof *inv->entries);
            inv->n--;
            break;
        }
    }
    entry_free(e);
}

void jig_entry_set_(char **field, const char *value, bool *changed)
{
    if (value == NULL)
        value = "";
    if (jig_streq(*field, value))
        return;
    free(*field);
    *field = jig_xstrdup(value);
    *changed = true;
}

void jig_entry_renew_(struct jig_inventory *inv, struct jig_entry *e, const char *why)
{
    e->d.generation = ++inv->generations;
    e->why = why;
}

void jig_entry_connect_(struct jig_inventory *inv, struct jig_entry *e, const char *port)
{
    bool first = e->d.generation == 0;
    bool moved = e->d.port[0] != '\0' && !jig_streq(e->d.port, port);
    if (e->d.connected && !moved && !first && jig_streq(e->d.port, port))
        return;
    bool ignored = false;
    jig_entry_set_(&e->d.port, port, &ignored);
    jig_entry_renew_(inv, e, e->d.connected && moved ? "it moved to another port" : e->why);
    e->d.connected = true;
    e->d.disconnected_at_ms = 0;
    jig_inventory_change_(inv, e,
                          first   ? JIG_DEVICE_ADDED
                          : moved ? JIG_DEVICE_RENUMBERED
                                  : JIG_DEVICE_CONNECTED);
}

/* Too many absent boards: the one that left first is forgotten. */
static void forget_oldest(struct jig_inventory *inv)
{
    size_t gone = 0;
    struct jig_entry *oldest = NULL;
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        if (e->d.connected || (e->origin != JIG_ENTRY_SYSTEM && e->origin != JIG_ENTRY_ADOPTED))
            continue;
        gone++;
        if (oldest == NULL || e->d.revision < oldest->d.revision)
            oldest = e;
    }
    if (gone > JIG_INVENTORY_MOST_GONE)
        jig_inventory_forget_(inv, oldest);
}

void jig_entry_disconnect_(struct jig_inventory *inv, struct jig_entry *e, const char *why)
{
    if (!e->d.connected)
        return;
    e->d.connected = false;
    e->d.disconnected_at_ms = inv->clock->unix_ms(inv->clock->ctx);
    jig_entry_renew_(inv, e, why);
    jig_inventory_change_(inv, e, JIG_DEVICE_DISCONNECTED);
    forget_oldest(inv);
}

int jig_inventory_fd(const struct jig_inventory *inv)
{
    return inv->hotplug != NULL ? jig_hotplug_fd(inv->hotplug) : -1;
}

bool jig_inventory_has_events(const struct jig_inventory *inv)
{
    return inv->hotplug != NULL;
}

/* Whichever it is, what was at that port before is not there any more: an unplug between two pumps
 * must not go unseen, nor one whose "remove" was lost. */
static void take_event(void *ctx, const struct jig_hotplug_event *event)
{
    struct jig_inventory *inv = ctx;
    inv->doubted = true;
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        if (e->origin != JIG_ENTRY_EMULATED && e->d.connected &&
            jig_streq(e->d.port, event->port)) {
            jig_entry_disconnect_(inv, e, "it was unplugged");
            return; /* the entries may have moved; one port is one entry */
        }
    }
}

static void doubt_everything(struct jig_inventory *inv)
{
    for (size_t i = 0; i < inv->n; i++) {
        struct jig_entry *e = inv->entries[i];
        if (e->origin == JIG_ENTRY_EMULATED || !e->d.connected)
            continue;
        jig_entry_renew_(inv, e, "the system lost hot-plug events");
        jig_inventory_change_(inv, e, JIG_DEVICE_CHANGED);
    }
}

static void take_events(struct jig_inventory *inv)
{
    if (inv->hotplug == NULL || jig_hotplug_drain(inv->hotplug, take_event, inv))
        return;
    doubt_everything(inv);
    inv->doubted = true;
}

/* Without events, what was true max_age_ms ago will do. */
static enum jig_code pump(struct jig_inventory *inv, int64_t max_age_ms, struct jig_err *reterr)
{
    take_events(inv);
    if (inv->hotplug == NULL) {
        int64_t age_ns = inv->clock->monotonic_ns(inv->clock->ctx) - inv->scanned_ns;
        inv->doubted = inv->doubted || age_ns / JIG_NS_PER_MS >= max_age_ms;
    }
    return inv->doubted ? jig_inventory_scan_(inv, reterr) : JIG_OK;
}

void jig_inventory_pump(struct jig_inventory *inv)
{
    jig_inventory_enter_(inv);
    if (inv->hotplug != NULL) {
        enum jig_code code = pump(inv, 0, NULL);
        (void)code; /* the next request tries again, and reports it */
    }
    jig_inventory_leave_(inv);
}

enum jig_code jig_inventory_refresh(struct jig_inventory *inv, struct jig_err *reterr)
{
    return jig_inventory_refresh_if_stale(inv, 0, reterr);
}

enum jig_code jig_inventory_refresh_if_stale(struct jig_inventory *inv, int64_t max_age_ms,
                                             struct jig_err *reterr)
{
    jig_inventory_enter_(inv);
    enum jig_code code = pump(inv, max_age_ms, reterr);
    if (code == JIG_OK)
        jig_inventory_look_at_ports_(inv);
    jig_inventory_leave_(inv);
    return code;
}

static uint64_t generation_of(struct jig_inventory *inv, const char *id, const char **ret_why)
{
    const struct jig_entry *e = jig_inventory_by_id_(inv, id);
    *ret_why = e != NULL ? e->why : "the device is not known any more";
    return e != NULL ? e->d.generation : 0;
}

uint64_t jig_inventory_known_generation(struct jig_inventory *inv, const char *id,
                                        const char **ret_why)
{
    pthread_mutex_lock(&inv->mu);
    uint64_t generation = generation_of(inv, id, ret_why);
    if (inv->doubted) { /* events that no enumeration could follow: it failed */
        *ret_why = "the system's ports could not be listed";
        generation = 0;
    }
    pthread_mutex_unlock(&inv->mu);
    return generation;
}

uint64_t jig_inventory_generation(struct jig_inventory *inv, const char *id, const char **ret_why)
{
    jig_inventory_enter_(inv);
    enum jig_code code = pump(inv, 0, NULL);
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (e != NULL && e->asked_port != NULL)
        jig_inventory_look_at_port_(inv, e);
    uint64_t generation = generation_of(inv, id, ret_why); /* the look may have made it forget */
    if (code != JIG_OK) {
        *ret_why = "the system's ports could not be listed";
        generation = 0;
    }
    jig_inventory_leave_(inv);
    return generation;
}

void jig_inventory_tell_changed(struct jig_inventory *inv, const char *id)
{
    jig_inventory_enter_(inv);
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (e != NULL)
        jig_inventory_change_(inv, e, JIG_DEVICE_CHANGED);
    jig_inventory_leave_(inv);
}

void jig_inventory_set_notify(struct jig_inventory *inv, void (*changed)(void *ctx, uint64_t rev),
                              void *ctx)
{
    pthread_mutex_lock(&inv->mu);
    inv->changed = changed;
    inv->changed_ctx = ctx;
    pthread_mutex_unlock(&inv->mu);
}

uint64_t jig_inventory_revision(struct jig_inventory *inv)
{
    pthread_mutex_lock(&inv->mu);
    uint64_t revision = inv->revision;
    pthread_mutex_unlock(&inv->mu);
    return revision;
}

static enum jig_code check_config(const struct jig_device_config *configs, size_t at,
                                  struct jig_err *reterr)
{
    const struct jig_device_config *c = &configs[at];
    if (c->name == NULL || c->name[0] == '\0')
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "a configured device has no name");
    if (strpbrk(c->name, ":/#*?[") != NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the device name '%s' has a character that ids, ports and patterns are "
                           "told by",
                           c->name);
    for (size_t i = 0; i < at; i++) {
        if (jig_streq(configs[i].name, c->name))
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the device '%s' is there twice",
                               c->name);
    }
    if ((c->port == NULL) == (c->id == NULL))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the device '%s' needs a port or an id, and not both", c->name);
    if (c->port != NULL && c->port[0] != '/')
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the port '%s' of the device '%s' is not an absolute path", c->port,
                           c->name);
    return JIG_OK;
}

static const char *fqbn_of(const struct jig_device_config *c)
{
    for (size_t i = 0; c->fqbn == NULL && i < c->labels.n; i++) {
        if (jig_str_starts(c->labels.v[i], "fqbn="))
            return c->labels.v[i] + strlen("fqbn=");
    }
    return c->fqbn;
}

/* Makes, keeps and drops the entries of configured ports, so that they are what is configured. */
static void sync_config_entries(struct jig_inventory *inv)
{
    for (size_t i = 0; i < inv->n; i++)
        inv->entries[i]->seen = false;
    for (size_t i = 0; i < inv->n_configs; i++) {
        const struct jig_owned_config *c = &inv->configs[i];
        if (c->port == NULL)
            continue;
        struct jig_entry *e = jig_inventory_by_id_(inv, c->name);
        if (e == NULL)
            e = jig_inventory_add_(inv, JIG_ENTRY_CONFIG, jig_xstrdup(c->name));
        free(e->asked_port);
        e->asked_port = jig_xstrdup(c->port);
        e->seen = true;
    }
    for (size_t i = inv->n; i-- > 0;) {
        if (inv->entries[i]->origin == JIG_ENTRY_CONFIG && !inv->entries[i]->seen)
            jig_inventory_forget_(inv, inv->entries[i]);
    }
}

enum jig_code jig_inventory_configure(struct jig_inventory *inv,
                                      const struct jig_device_config *configs, size_t n,
                                      struct jig_err *reterr)
{
    for (size_t i = 0; i < n; i++) {
        enum jig_code code = check_config(configs, i, reterr);
        if (code != JIG_OK)
            return code;
    }
    struct jig_owned_config *owned = jig_xcalloc(n > 0 ? n : 1, sizeof *owned);
    for (size_t i = 0; i < n; i++) {
        owned[i].name = jig_xstrdup(configs[i].name);
        owned[i].port = jig_xstrdup(configs[i].port);
        owned[i].id = jig_xstrdup(configs[i].id);
        owned[i].fqbn = jig_xstrdup(fqbn_of(&configs[i]));
        owned[i].baud = configs[i].baud;
        jig_strv_extend(&owned[i].labels, &configs[i].labels);
    }
    jig_inventory_enter_(inv);
    configs_free(inv->configs, inv->n_configs);
    inv->configs = owned;
    inv->n_configs = n;
    sync_config_entries(inv);
    for (size_t i = 0; i < inv->n; i++)
        jig_entry_configure_(inv, inv->entries[i]);
    enum jig_code code = jig_inventory_scan_(inv, reterr);
    jig_inventory_leave_(inv);
    return code;
}

void jig_inventory_offer(struct jig_inventory *inv, const struct jig_emulated_source *source)
{
    struct jig_emulated_source *own = jig_new(struct jig_emulated_source);
    *own = *source;
    own->name = jig_xstrdup(source->name);
    own->fqbn = jig_xstrdup(source->fqbn);
    own->product = jig_xstrdup(source->product);
    jig_inventory_enter_(inv);
    inv->sources = jig_grow(inv->sources, &inv->cap_sources, inv->n_sources,
                            sizeof(struct jig_emulated_source *));
    inv->sources[inv->n_sources++] = own;
    struct jig_entry *e = jig_inventory_emulated_(inv, own, 1);
    (void)e;
    jig_inventory_leave_(inv);
}

void jig_inventory_emulated_ended(struct jig_inventory *inv, const char *id)
{
    jig_inventory_enter_(inv);
    struct jig_entry *e = jig_inventory_by_id_(inv, id);
    if (e != NULL && e->origin == JIG_ENTRY_EMULATED) {
        jig_entry_disconnect_(inv, e, "its emulator ended");
        bool changed = false;
        jig_entry_set_(&e->d.port, "", &changed);
    }
    jig_inventory_leave_(inv);
}
