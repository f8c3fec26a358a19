/* `jig daemon stats`: counters, what memos answered, how long things took. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jig/daemon.h>

#include "client/cli/cli.h"
#include "client/cli/json_out.h"
#include "client/cli/text.h"

/* --- for scripts --- */

static json_t *json_counters(const struct jig_daemon_stats *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->counter_count; i++)
        cli_json_set_int(all, s->counters[i].name, s->counters[i].value);
    return all;
}

static json_t *json_memos(const struct jig_daemon_stats *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->memo_count; i++) {
        const struct jig_memo *m = &s->memos[i];
        json_t *o = json_object();
        cli_json_set_int(o, "hits", m->hits);
        cli_json_set_int(o, "misses", m->misses);
        cli_json_set_int(o, "fallbacks", m->fallbacks);
        cli_json_set_int(o, "entries", m->entries);
        cli_json_set(all, m->name, o);
    }
    return all;
}

static json_t *json_histograms(const struct jig_daemon_stats *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->histogram_count; i++) {
        const struct jig_histogram_figures *h = &s->histograms[i];
        json_t *o = json_object();
        cli_json_set_int(o, "count", h->count);
        cli_json_set_int(o, "sum_us", h->sum_us);
        cli_json_set_int(o, "min_us", h->min_us);
        cli_json_set_int(o, "p50_us", h->p50_us);
        cli_json_set_int(o, "p90_us", h->p90_us);
        cli_json_set_int(o, "p99_us", h->p99_us);
        cli_json_set_int(o, "max_us", h->max_us);
        cli_json_set(all, h->name, o);
    }
    return all;
}

static void print_json(const struct jig_daemon_stats *s)
{
    json_t *line = cli_json_line("result");
    cli_json_set(line, "counters", json_counters(s));
    cli_json_set(line, "memos", json_memos(s));
    cli_json_set(line, "histograms", json_histograms(s));
    cli_json_print(line);
}

/* --- for people --- */

static int wider(int width, const char *name)
{
    int n = (int)strlen(name);
    return n > width ? n : width;
}

static void print_heading(int width, const char *name, const char *columns)
{
    printf("\n%s%-*s%s%s\n", cli_colour(stdout, CLI_BOLD), width, name, columns,
           cli_colour(stdout, CLI_PLAIN));
}

static void print_counters(const struct jig_daemon_stats *s, int width)
{
    for (size_t i = 0; i < s->counter_count; i++)
        printf("%-*s  %" PRId64 "\n", width, s->counters[i].name, s->counters[i].value);
}

static void print_memos(const struct jig_daemon_stats *s, int width)
{
    print_heading(width, "REMEMBERED",
                  "        hits      misses   fallbacks     entries    hit rate");
    for (size_t i = 0; i < s->memo_count; i++) {
        const struct jig_memo *m = &s->memos[i];
        int64_t asked = m->hits + m->misses + m->fallbacks;
        printf("%-*s  %10" PRId64 "  %10" PRId64 "  %10" PRId64 "  %10" PRId64, width, m->name,
               m->hits, m->misses, m->fallbacks, m->entries);
        if (asked > 0)
            printf("  %8.1f %%\n", (double)m->hits * 100 / (double)asked);
        else
            printf("  %10s\n", "-");
    }
}

static void print_histograms(const struct jig_daemon_stats *s, int width)
{
    print_heading(width, "TIMES", "       count         p50         p90         p99         max");
    for (size_t i = 0; i < s->histogram_count; i++) {
        const struct jig_histogram_figures *h = &s->histograms[i];
        char p50[32], p90[32], p99[32], max[32];
        printf("%-*s  %10" PRId64 "  %10s  %10s  %10s  %10s\n", width, h->name, h->count,
               cli_duration(h->p50_us, p50), cli_duration(h->p90_us, p90),
               cli_duration(h->p99_us, p99), cli_duration(h->max_us, max));
    }
}

static void print_text(const struct jig_daemon_stats *s)
{
    int width = 0;
    for (size_t i = 0; i < s->counter_count; i++)
        width = wider(width, s->counters[i].name);
    for (size_t i = 0; i < s->memo_count; i++)
        width = wider(width, s->memos[i].name);
    for (size_t i = 0; i < s->histogram_count; i++)
        width = wider(width, s->histograms[i].name);
    print_counters(s, width);
    if (s->memo_count > 0)
        print_memos(s, width);
    if (s->histogram_count > 0)
        print_histograms(s, width);
}

int cli_daemon_stats(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_daemon_stats *s;
    struct jig_error error;
    if (jig_client_get_stats(cli->client, cli->deadline_ns, &s, &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    if (cli->options.json)
        print_json(s);
    else if (!cli->options.quiet)
        print_text(s);
    jig_client_free(s);
    return CLI_EXIT_DONE;
}
