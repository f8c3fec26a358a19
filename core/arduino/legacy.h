/*
 * legacy.h - old forms in platform files, brought up to date while they are read. For platform.c.
 *
 * A platform is *aware* of pluggable discovery when it has any pluggable_discovery.* or
 * pluggable_monitor.* property; only an unaware one is changed, but for the serial switches.
 *
 * Source: the Arduino platform specification, "Pluggable discovery", "Legacy" paragraphs.
 */
#ifndef JIG_ARDUINO_LEGACY_H
#define JIG_ARDUINO_LEGACY_H

#include <stdbool.h>

#include "core/arduino/props.h"

/* Whether it is aware. */
bool jig_legacy_platform(const struct jig_props *platform);

/* upload.tool, bootloader.tool, program.tool (also in menu options) -> X.tool.default. */
void jig_legacy_tools(struct jig_props *props, bool aware);

/* jig_legacy_tools, vid.N/pid.N -> upload_port.N.*, serial.disableRTS/DTR -> monitor_port.*. */
void jig_legacy_board(struct jig_props *board, bool aware);

/* Gives an unaware platform the built-in discoveries and monitor. After all boards. */
void jig_legacy_finish(struct jig_props *platform);

#endif
