/*
 * nearest.h - "did you mean": which of some words is closest to one that does not exist.
 */
#ifndef JIG_CLI_NEAREST_H
#define JIG_CLI_NEAREST_H

#include <stddef.h>

#define CLI_NEAREST_MAX 3

struct cli_nearest {
    const char *wanted;
    const char *words[CLI_NEAREST_MAX]; /* closest first; NULL where there are fewer */
    size_t distances[CLI_NEAREST_MAX];
};

/* Start with {.wanted = ...}, offer every word, then ask for the sentence. */
void cli_nearest_offer(struct cli_nearest *n, const char *word);

/* "did you mean --json or --host?" with `prefix` before each word; "" when none is close. */
void cli_nearest_sentence(const struct cli_nearest *n, const char *prefix, char *out, size_t size);

#endif
