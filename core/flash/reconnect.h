/*
 * reconnect.h - ports that go away and come back while a board is flashed.
 *
 * Boards with USB of their own have a bootloader that is another USB device: opening their port at
 * 1200 baud and closing it makes them leave for it, and after the upload they come back. Where they
 * come back is told by the inventory, by place in the USB tree when that is known.
 */
#ifndef JIG_FLASH_RECONNECT_H
#define JIG_FLASH_RECONNECT_H

#include "core/base/err.h"
#include "core/flash/flash.h"

/* Touches the port and gives the one to upload to. When none appears in time and the old one is
 * there, it is the old one (the board was in its bootloader already); else UNAVAILABLE. */
enum jig_code jig_flash_touch(const struct jig_flash_request *request,
                              const struct jig_until *until, char **ret_port,
                              struct jig_err *reterr) JIG_CHECKED;

/* The device's port once it is connected, at the latest when the request's port_wait_ms are over;
 * "" when it did not come. */
char *jig_flash_port_after(const struct jig_flash_request *request, const struct jig_until *until);

#endif
