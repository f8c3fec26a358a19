/*
 * toolpaths.h - the runtime.tools.* properties of a build. For board.c.
 */
#ifndef JIG_ARDUINO_TOOLPATHS_H
#define JIG_ARDUINO_TOOLPATHS_H

#include "core/arduino/hardware.h"

/* Sets runtime.tools.NAME-VERSION.path for every installed tool and runtime.tools.NAME.path for the
 * one that board.h's rule picks, or the system's own where none is installed. NOT_FOUND when the
 * platform asks for a version that is missing. */
enum jig_code jig_tool_paths_set(const struct jig_hardware_view *v,
                                 const struct jig_platform *platform,
                                 const struct jig_platform *core, struct jig_props *props,
                                 struct jig_err *reterr) JIG_CHECKED;

#endif
