#include "client/cli/nearest.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LONGEST 48

/* Inserts, deletes and replacements that lead from a to b (Levenshtein's distance). */
static size_t distance(const char *a, const char *b)
{
    size_t n = strnlen(a, LONGEST);
    size_t m = strnlen(b, LONGEST);
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= m; j++)
        row[j] = j;
    for (size_t i = 1; i <= n; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[m];
}

void cli_nearest_offer(struct cli_nearest *n, const char *word)
{
    size_t length = strlen(n->wanted);
    size_t d = distance(n->wanted, word);
    if (length >= 2 && strncmp(word, n->wanted, length) == 0)
        d = 1; /* a beginning of the word */
    if (d > (length + 1) / 2 || d >= strlen(word))
        return;
    for (size_t i = 0; i < CLI_NEAREST_MAX; i++) {
        if (n->words[i] != NULL && strcmp(n->words[i], word) == 0)
            return;
        if (n->words[i] != NULL && n->distances[i] <= d)
            continue;
        for (size_t k = CLI_NEAREST_MAX - 1; k > i; k--) {
            n->words[k] = n->words[k - 1];
            n->distances[k] = n->distances[k - 1];
        }
        n->words[i] = word;
        n->distances[i] = d;
        return;
    }
}

void cli_nearest_sentence(const struct cli_nearest *n, const char *prefix, char *out, size_t size)
{
    out[0] = '\0';
    size_t used = 0;
    for (size_t i = 0; i < CLI_NEAREST_MAX && n->words[i] != NULL && used < size; i++) {
        bool last = i + 1 == CLI_NEAREST_MAX || n->words[i + 1] == NULL;
        const char *before = i == 0 ? "did you mean " : last ? " or " : ", ";
        int wrote = snprintf(out + used, size - used, "%s%s%s%s", before, prefix, n->words[i],
                             last ? "?" : "");
        used += wrote > 0 ? (size_t)wrote : 0;
    }
}
