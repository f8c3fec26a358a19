/*
 * tool.h - the flasher that runs a platform's own upload recipe.
 *
 * Tools are not to be trusted with time: avrdude 7.1 spins for ever when its port dies. So the tool
 * has a deadline of ours, and the port's node is watched while it runs: when it goes away and stays
 * away for JIG_TOOL_GONE_MS, the tool is ended. (One that ends by itself in that time, as those do
 * whose board restarts at the end, is judged by its exit status.)
 */
#ifndef JIG_FLASH_TOOL_H
#define JIG_FLASH_TOOL_H

#include "core/flash/flash.h"

#define JIG_TOOL_GONE_MS 700

extern const struct jig_flasher_ops jig_flasher_tool;

#endif
