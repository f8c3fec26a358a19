#include "client/cli/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 20

static bool has_colours(FILE *stream)
{
    const char *no = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    return isatty(fileno(stream)) != 0 && (no == NULL || no[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

const char *cli_colour(FILE *stream, enum cli_colour colour)
{
    static const char *const sequences[] = {
        [CLI_PLAIN] = "\033[0m",   [CLI_BOLD] = "\033[1m",     [CLI_FAINT] = "\033[2m",
        [CLI_RED] = "\033[1;31m",  [CLI_GREEN] = "\033[1;32m", [CLI_YELLOW] = "\033[1;33m",
        [CLI_CYAN] = "\033[1;36m",
    };
    static int known[2] = {-1, -1};
    int *colours = &known[stream == stderr];
    if (*colours < 0)
        *colours = has_colours(stream);
    return *colours ? sequences[colour] : "";
}

const char *cli_duration(int64_t us, char out[32])
{
    if (us < 1000)
        snprintf(out, 32, "%lld us", (long long)us);
    else if (us < 1000000)
        snprintf(out, 32, "%.1f ms", (double)us / 1e3);
    else if (us < 60000000)
        snprintf(out, 32, "%.2f s", (double)us / 1e6);
    else
        snprintf(out, 32, "%lld min %lld s", (long long)(us / 60000000),
                 (long long)(us / 1000000 % 60));
    return out;
}

const char *cli_age(int64_t ms, char out[32])
{
    long long s = (long long)(ms / 1000);
    if (s < 60)
        snprintf(out, 32, "%lld s", s);
    else if (s < 3600)
        snprintf(out, 32, "%lld min %lld s", s / 60, s % 60);
    else if (s < 86400)
        snprintf(out, 32, "%lld h %lld min", s / 3600, s / 60 % 60);
    else
        snprintf(out, 32, "%lld d %lld h", s / 86400, s / 3600 % 24);
    return out;
}

const char *cli_size(int64_t bytes, char out[32])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double n = (double)bytes;
    size_t unit = 0;
    for (; n >= 1024 && unit < sizeof units / sizeof units[0] - 1; unit++)
        n /= 1024;
    snprintf(out, 32, unit == 0 ? "%.0f %s" : "%.1f %s", n, units[unit]);
    return out;
}

const char *cli_amount(int64_t done_bytes, int64_t total_bytes, int64_t bytes_per_s,
                       char out[CLI_AMOUNT_MAX])
{
    char done[32], total[48] = "", pace[48] = "", left[48] = "", text[32];
    out[0] = '\0';
    if (done_bytes <= 0 && total_bytes <= 0)
        return out;
    if (total_bytes > 0)
        snprintf(total, sizeof total, " of %s", cli_size(total_bytes, text));
    if (bytes_per_s > 0)
        snprintf(pace, sizeof pace, ", %s/s", cli_size(bytes_per_s, text));
    if (bytes_per_s > 0 && total_bytes - done_bytes >= bytes_per_s)
        snprintf(left, sizeof left, ", %s left",
                 cli_age((total_bytes - done_bytes) / bytes_per_s * 1000, text));
    snprintf(out, CLI_AMOUNT_MAX, " (%s%s%s%s)", cli_size(done_bytes, done), total, pace, left);
    return out;
}

const char *cli_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

void cli_print_usage_bar(FILE *stream, const char *name, int64_t used, int64_t max)
{
    if (max <= 0) {
        fprintf(stream, "%-6s %lld bytes\n", name, (long long)used);
        return;
    }
    double share = (double)used / (double)max;
    int filled = (int)(share * BAR_WIDTH + 0.5);
    if (filled > BAR_WIDTH)
        filled = BAR_WIDTH;
    if (filled == 0 && used > 0)
        filled = 1;
    char bar[BAR_WIDTH + 1];
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', (size_t)filled);
    bar[BAR_WIDTH] = '\0';
    enum cli_colour colour = share > 1 ? CLI_RED : share > 0.9 ? CLI_YELLOW : CLI_GREEN;
    fprintf(stream, "%-6s [%s%s%s] %.1f %% (%lld bytes of %lld)\n", name,
            cli_colour(stream, colour), bar, cli_colour(stream, CLI_PLAIN), share * 100,
            (long long)used, (long long)max);
}
