#include <jig/lnk.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/place.h"
#include "client/cli/report.h"
#include "client/cli/started.h"

static int finish(struct cli *cli, struct cli_view *view, const struct cli_followed *followed)
{
    const struct jig_operation *op = followed->operation;
    bool broken_off = followed->cancelled_by_us || followed->timed_out;
    bool has_result = op->lnk != NULL && op->lnk->pointer_count > 0;
    bool failed = op->state == JIG_OPERATION_FAILED && op->error != NULL;
    /* what became of the pointers is the result, also when not all is well: the status tells */
    if (failed && has_result && !broken_off) {
        cli_report_operation(view, op);
        if (!cli->options.json) {
            cli->operation = op->id;
            int exit_status = cli_fail(cli, op->error);
            cli->operation = NULL;
            return exit_status;
        }
        return (int)cli_exit_of(op->error->status, op->error->cause);
    }
    return cli_finish(cli, view, followed);
}

static struct jig_lnk_options options_of(const struct cli *cli)
{
    const struct cli_options *o = &cli->options;
    return (struct jig_lnk_options){.jobs = o->jobs,
                                    .deep = o->deep,
                                    .news_only = !o->json && !o->verbose,
                                    .detach = o->detach,
                                    .wait_ms = o->detach ? 0 : CLI_START_WAIT_MS};
}

typedef enum jig_status start_fn(struct jig_client *client,
                                 const struct jig_project_selector *selector,
                                 const struct jig_lnk_options *options, int64_t deadline_ns,
                                 const struct jig_operation **ret, struct jig_error *reterr);

static int with_folder(struct cli *cli, start_fn *start)
{
    int exit_status;
    struct cli_place place;
    const struct jig_lnk_options options = options_of(cli);
    const struct jig_operation *op = NULL;
    struct jig_error error;
    if (!cli_place_init(&place, cli, &exit_status))
        return exit_status;
    if (cli_connect(cli, &exit_status)) {
        cli_hold_signals(cli);
        enum jig_status status =
            start(cli->client, &place.selector, &options, cli->deadline_ns, &op, &error);
        exit_status = cli_started(cli, status, op, &error, finish);
    }
    cli_place_release(&place);
    return exit_status;
}

int cli_lnk_pull(struct cli *cli)
{
    return with_folder(cli, jig_client_start_pull);
}

int cli_lnk_check(struct cli *cli)
{
    return with_folder(cli, jig_client_start_check);
}

/* ---- add ---- */

/* "https://x.org/a/logo.bin?v=2" -> "logo.bin.lnk"; an archive's is named without its ending, as
 * the folder that it stands for. The caller frees; NULL when the URL names no file. */
static char *name_of(const char *url, const char *extract)
{
    const char *rest = strstr(url, "://");
    rest = rest != NULL ? rest + 3 : url;
    size_t n = strcspn(rest, "?#");
    size_t from = n;
    while (from > 0 && rest[from - 1] != '/')
        from--;
    bool is_host = memchr(rest, '/', n) == NULL;
    size_t length = n - from;
    if (is_host || length == 0)
        return NULL;
    if (extract != NULL && strcmp(extract, "file") != 0) {
        size_t ending = strlen(extract) + 1;
        if (length > ending && strncmp(rest + n - ending + 1, extract, ending - 1) == 0 &&
            rest[n - ending] == '.')
            length -= ending;
    }
    char *name = NULL;
    return asprintf(&name, "%.*s.lnk", (int)length, rest + from) >= 0 ? name : NULL;
}

/* -o with ".lnk" behind it where it is missing, below a folder where it names one. */
static char *output_path(const struct cli *cli)
{
    const struct cli_options *o = &cli->options;
    char *name = NULL;
    if (o->output == NULL)
        return name_of(o->arguments[0], o->extract);
    size_t n = strlen(o->output);
    if (n > 0 && o->output[n - 1] == '/') {
        char *base = name_of(o->arguments[0], o->extract);
        if (base == NULL || asprintf(&name, "%s%s", o->output, base) < 0)
            name = NULL;
        free(base);
        return name;
    }
    bool named = n > 4 && strcmp(o->output + n - 4, ".lnk") == 0;
    return asprintf(&name, "%s%s", o->output, named ? "" : ".lnk") >= 0 ? name : NULL;
}

int cli_lnk_add(struct cli *cli)
{
    int exit_status;
    const struct cli_options *o = &cli->options;
    const struct jig_lnk_options options = options_of(cli);
    const struct jig_operation *op = NULL;
    struct jig_error error;
    char *name = output_path(cli);
    if (name == NULL)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                             "name the pointer with -o", "%s does not say what to call its file",
                             o->arguments[0]);
    char *path = cli_absolute(name);
    if (path == NULL) {
        exit_status = cli_fail_with(cli, JIG_STATUS_NOT_FOUND, JIG_CAUSE_NONE, NULL,
                                    "cannot tell where '%s' is", name);
    } else if (cli_connect(cli, &exit_status)) {
        cli_hold_signals(cli);
        enum jig_status status =
            jig_client_start_add(cli->client, o->arguments[0], path, o->extract, &options,
                                 cli->deadline_ns, &op, &error);
        exit_status = cli_started(cli, status, op, &error, finish);
    }
    free(path);
    free(name);
    return exit_status;
}
