/*
 * text.h - what a person reads: colours, sizes, times, bars.
 *
 * Results go to stdout; progress, diagnostics, warnings and errors to stderr. Colours are used on a
 * terminal unless NO_COLOR is set and not empty (no-color.org) or TERM is "dumb".
 */
#ifndef JIG_CLI_TEXT_H
#define JIG_CLI_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum cli_colour {
    CLI_PLAIN,
    CLI_BOLD,
    CLI_FAINT,
    CLI_RED, /* these three bold */
    CLI_GREEN,
    CLI_YELLOW,
    CLI_CYAN,
};

/* The sequence that begins the colour on that stream; "" where there are none. CLI_PLAIN ends. */
const char *cli_colour(FILE *stream, enum cli_colour colour);

/* "1.72 s", "3.1 ms", "812 us". */
const char *cli_duration(int64_t us, char out[32]);

/* "2 h 5 min", "37 s". */
const char *cli_age(int64_t ms, char out[32]);

/* "4.2 MiB". */
const char *cli_size(int64_t bytes, char out[32]);

/* " (10.5 MiB of 57.2 MiB, 12.3 MiB/s, 4 s left)"; what is 0 is not known and left out, and "" when
 * nothing is. */
#define CLI_AMOUNT_MAX 160
const char *cli_amount(int64_t done_bytes, int64_t total_bytes, int64_t bytes_per_s,
                       char out[CLI_AMOUNT_MAX]);

/* "Flash: [===                 ] 3.1 % (1006 bytes of 32256)" and a line's end; no bar when max is
 * 0. */
void cli_print_usage_bar(FILE *stream, const char *name, int64_t used, int64_t max);

/* "1 file", "2 files". */
const char *cli_plural(uint64_t n);

#endif
