#include "service/wire/device.h"

static enum jig_code no_room(struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "the reply takes too much memory");
}

static char *word(const char *s)
{
    return (char *)(s != NULL ? s : "");
}

enum jig_code jig_wire_device(const struct jig_device *d, struct jig_arena *arena,
                              Jig__V1__Device **ret, struct jig_err *reterr)
{
    Jig__V1__Device *m = jig_arena_alloc(arena, sizeof *m);
    if (m == NULL)
        return no_room(reterr);
    jig__v1__device__init(m);
    m->id = word(d->id);
    m->port = word(d->port);
    m->kind = (char *)jig_device_kind_name(d->kind);
    m->vid = d->vid;
    m->pid = d->pid;
    m->serial = word(d->serial);
    m->connected = d->connected;
    m->n_labels = d->labels.n;
    m->labels = d->labels.v;
    m->n_aliases = d->aliases.n;
    m->aliases = d->aliases.v;
    m->fqbn = word(d->fqbn);
    m->product = word(d->product);
    m->topology = word(d->topology);
    *ret = m;
    return JIG_OK;
}

enum jig_code jig_wire_devices(const struct jig_device_list *list, struct jig_arena *arena,
                               Jig__V1__Device ***ret, struct jig_err *reterr)
{
    Jig__V1__Device **v = jig_arena_alloc(arena, list->n * sizeof(*v));
    if (v == NULL)
        return no_room(reterr);
    for (size_t i = 0; i < list->n; i++) {
        enum jig_code code = jig_wire_device(&list->v[i], arena, &v[i], reterr);
        if (code != JIG_OK)
            return code;
    }
    *ret = v;
    return JIG_OK;
}

static Jig__V1__DeviceChange__Kind kind_of(enum jig_device_change_kind kind)
{
    static const Jig__V1__DeviceChange__Kind kinds[] = {
        [JIG_DEVICE_PRESENT] = JIG__V1__DEVICE_CHANGE__KIND__KIND_ADDED,
        [JIG_DEVICE_ADDED] = JIG__V1__DEVICE_CHANGE__KIND__KIND_ADDED,
        [JIG_DEVICE_CONNECTED] = JIG__V1__DEVICE_CHANGE__KIND__KIND_CONNECTED,
        [JIG_DEVICE_DISCONNECTED] = JIG__V1__DEVICE_CHANGE__KIND__KIND_DISCONNECTED,
        [JIG_DEVICE_RENUMBERED] = JIG__V1__DEVICE_CHANGE__KIND__KIND_RENUMBERED,
        [JIG_DEVICE_CHANGED] = JIG__V1__DEVICE_CHANGE__KIND__KIND_CHANGED,
        [JIG_DEVICE_FORGOTTEN] = JIG__V1__DEVICE_CHANGE__KIND__KIND_REMOVED,
    };
    return kinds[kind];
}

enum jig_code jig_wire_device_changes(const struct jig_device_news *news, struct jig_arena *arena,
                                      Jig__V1__DeviceChange ***ret, struct jig_err *reterr)
{
    Jig__V1__DeviceChange **v = jig_arena_alloc(arena, news->n * sizeof(*v));
    if (v == NULL)
        return no_room(reterr);
    for (size_t i = 0; i < news->n; i++) {
        v[i] = jig_arena_alloc(arena, sizeof *v[i]);
        if (v[i] == NULL)
            return no_room(reterr);
        jig__v1__device_change__init(v[i]);
        v[i]->kind = kind_of(news->v[i].kind);
        enum jig_code code = jig_wire_device(&news->v[i].device, arena, &v[i]->device, reterr);
        if (code != JIG_OK)
            return code;
    }
    *ret = v;
    return JIG_OK;
}
