/*
 * timing.h - where an operation's time went: `jig ops show --timing`.
 *
 * On a terminal each phase has a bar, as wide as its share of the whole; elsewhere it is a plain
 * line. What no phase accounts for is a line "(between)".
 */
#ifndef JIG_CLI_TIMING_H
#define JIG_CLI_TIMING_H

#include <jansson.h>

#include <jig/types.h>

/* To stdout. */
void cli_print_timing(const struct jig_operation *op);

/* [{"work","outcome","server_us","phases_us"}], a deploy before the build that it made; "work" is
 * "build uno" or "deploy". */
json_t *cli_json_timing(const struct jig_operation *op);

#endif
