/*
 * failure.h - what a tool's last words mean: a table from patterns to codes, words and hints.
 *
 * Rows stand in the order of how much they tell; of several that match a run, the first row wins.
 */
#ifndef JIG_FLASH_FAILURE_H
#define JIG_FLASH_FAILURE_H

#include "core/base/err.h"
#include "core/flash/flash.h"

/* The row that the line matches and that comes before `row` (-1: any), else `row`. */
int jig_failure_match(const char *line, int row);

/* True when what the row says is that the board's content is another than the image. */
bool jig_failure_is_mismatch(int row);

/* Fills the error for a tool that failed. `last` is what it said at the end. */
enum jig_code jig_failure_explain(int row, const char *device, const char *port, const char *last,
                                  struct jig_err *reterr);

/* "; nothing was written, ..." */
const char *jig_flash_state_words(enum jig_flash_state state);

#endif
