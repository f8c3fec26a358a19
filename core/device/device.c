#include "core/device/device.h"

#include <stdlib.h>

#include "core/base/buf.h"
#include "core/base/mem.h"

static char *copy_or_empty(const char *s)
{
    return jig_xstrdup(s != NULL ? s : "");
}

void jig_device_copy(struct jig_device *dst, const struct jig_device *src)
{
    *dst = *src;
    dst->id = copy_or_empty(src->id);
    dst->port = copy_or_empty(src->port);
    dst->serial = copy_or_empty(src->serial);
    dst->product = copy_or_empty(src->product);
    dst->manufacturer = copy_or_empty(src->manufacturer);
    dst->topology = copy_or_empty(src->topology);
    dst->usb_node = copy_or_empty(src->usb_node);
    dst->fqbn = copy_or_empty(src->fqbn);
    dst->labels = (struct jig_strv){0};
    dst->aliases = (struct jig_strv){0};
    jig_strv_extend(&dst->labels, &src->labels);
    jig_strv_extend(&dst->aliases, &src->aliases);
}

void jig_device_release(struct jig_device *d)
{
    char *strings[] = {d->id,           d->port,     d->serial,   d->product,
                       d->manufacturer, d->topology, d->usb_node, d->fqbn};
    for (size_t i = 0; i < JIG_COUNT(strings); i++)
        free(strings[i]);
    jig_strv_release(&d->labels);
    jig_strv_release(&d->aliases);
    *d = (struct jig_device){0};
}

const char *jig_device_kind_name(enum jig_device_kind kind)
{
    static const char *const names[] = {
        [JIG_DEVICE_SERIAL] = "serial",
        [JIG_DEVICE_EMULATED] = "emulated",
        [JIG_DEVICE_FIXED] = "fixed",
    };
    return names[kind];
}

char *jig_device_describe(const struct jig_device *d)
{
    struct jig_buf b;
    jig_buf_init(&b, 1024);
    jig_buf_puts(&b, d->id);
    const char *extra[] = {d->port, d->product};
    const char *before = " (";
    for (size_t i = 0; i < JIG_COUNT(extra); i++) {
        if (extra[i] == NULL || extra[i][0] == '\0')
            continue;
        jig_buf_printf(&b, "%s%s", before, extra[i]);
        before = ", ";
    }
    if (before[0] == ',')
        jig_buf_putc(&b, ')');
    char *text = jig_buf_steal(&b);
    return text != NULL ? text : jig_xstrdup(d->id);
}

void jig_device_list_release(struct jig_device_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        jig_device_release(&list->v[i]);
    free(list->v);
    *list = (struct jig_device_list){0};
}
