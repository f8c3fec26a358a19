/*
 * device.h - devices as messages. What they point to is borrowed from the core's structs; only the
 * messages themselves are in the arena.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_DEVICE_H
#define JIG_SERVICE_WIRE_DEVICE_H

#include "core/base/arena.h"
#include "core/base/err.h"
#include "core/device/inventory.h"
#include "service/wire/messages.h"

/* RESOURCE_EXHAUSTED when the arena is full; so do the others. */
enum jig_code jig_wire_device(const struct jig_device *device, struct jig_arena *arena,
                              Jig__V1__Device **ret, struct jig_err *reterr) JIG_CHECKED;

/* list->n of them. */
enum jig_code jig_wire_devices(const struct jig_device_list *list, struct jig_arena *arena,
                               Jig__V1__Device ***ret, struct jig_err *reterr) JIG_CHECKED;

/* news->n of them. A board that was unplugged is still listed: it CHANGED, and isn't connected.
 * Only one that is forgotten is REMOVED. */
enum jig_code jig_wire_device_changes(const struct jig_device_news *news, struct jig_arena *arena,
                                      Jig__V1__DeviceChange ***ret,
                                      struct jig_err *reterr) JIG_CHECKED;

#endif
