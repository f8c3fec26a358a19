/*
 * toolneeds.h - the tool versions a platform release asks for. For platform.c.
 *
 * The Boards Manager leaves the release's own piece of the package index beside boards.txt, in
 * installed.json: packages[].platforms[].toolsDependencies[{packager, name, version}].
 * Ceiling: 4 MiB. Source: the Arduino package index specification.
 */
#ifndef JIG_ARDUINO_TOOLNEEDS_H
#define JIG_ARDUINO_TOOLNEEDS_H

#include "core/arduino/platform.h"

/* Fills p->needs, oldest version first. No installed.json means no needs. */
enum jig_code jig_tool_needs_load(struct jig_platform *p, struct jig_err *reterr) JIG_CHECKED;

#endif
