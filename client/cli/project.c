#include <jig/build.h>

#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"
#include "client/cli/json_out.h"
#include "client/cli/place.h"
#include "client/cli/text.h"
#include "client/cli/view.h"

static const char *kind_word(enum jig_project_kind kind)
{
    return kind == JIG_PROJECT_PLATFORMIO ? "platformio"
           : kind == JIG_PROJECT_SKETCH   ? "sketch"
                                          : "unspecified";
}

static json_t *options_of(const struct jig_project_environment *e)
{
    json_t *o = json_object();
    for (size_t i = 0; i < e->option_count; i++) {
        const struct jig_project_option *option = &e->options[i];
        const char *first = option->values.count > 0 ? option->values.items[0] : "";
        cli_json_set(o, option->name,
                     option->is_list ? cli_json_strings(&option->values) : cli_json_text(first));
    }
    return o;
}

static json_t *environment_json(const struct jig_project_environment *e)
{
    json_t *o = json_object();
    cli_json_set_text(o, "name", e->name);
    cli_json_set_bool(o, "default", e->is_default);
    cli_json_set_text(o, "fqbn", e->fqbn);
    cli_json_set(o, "options", options_of(e));
    cli_json_set(o, "sources", cli_json_strings(&e->sources));
    cli_json_set(o, "problem", cli_json_text_or_null(e->problem));
    return o;
}

static void print_json(const struct jig_project *p)
{
    json_t *line = cli_json_line("result");
    cli_json_set_text(line, "directory", p->directory);
    cli_json_set_text(line, "kind", kind_word(p->kind));
    json_t *all = json_array();
    for (size_t i = 0; i < p->environment_count; i++)
        json_array_append_new(all, environment_json(&p->environments[i]));
    cli_json_set(line, "environments", all);
    cli_json_set(line, "warnings", cli_json_strings(&p->warnings));
    cli_json_print(line);
}

static void print_option(const struct jig_project_option *o)
{
    const char *first = o->values.count > 0 ? o->values.items[0] : "";
    if (o->values.count <= 1) {
        printf("    %s = %s\n", o->name, first);
        return;
    }
    printf("    %s =\n", o->name);
    for (size_t i = 0; i < o->values.count; i++)
        printf("        %s\n", o->values.items[i]);
}

static void print_environment(const struct cli *cli, const struct jig_project_environment *e)
{
    printf("\n  %s%s%s%s  %s\n", cli_colour(stdout, CLI_BOLD), e->name,
           cli_colour(stdout, CLI_PLAIN), e->is_default ? " (default)" : "",
           e->fqbn[0] != '\0' ? e->fqbn : "(no known board)");
    if (e->problem[0] != '\0')
        printf("    %scan't be built:%s %s\n", cli_colour(stdout, CLI_YELLOW),
               cli_colour(stdout, CLI_PLAIN), e->problem);
    for (size_t i = 0; i < e->option_count; i++)
        print_option(&e->options[i]);
    printf("    %zu source file%s\n", e->sources.count, cli_plural(e->sources.count));
    for (size_t i = 0; cli->options.verbose && i < e->sources.count; i++)
        printf("        %s\n", e->sources.items[i]);
}

static void print_text(const struct cli *cli, const struct jig_project *p)
{
    struct cli_view view;
    cli_view_init(&view, cli);
    for (size_t i = 0; i < p->warnings.count; i++)
        cli_view_say(&view, JIG_SEVERITY_WARNING, p->warnings.items[i]);
    cli_view_release(&view);
    if (cli->options.quiet)
        return;
    printf("%s (%s), %zu environment%s\n", p->directory, kind_word(p->kind), p->environment_count,
           cli_plural(p->environment_count));
    for (size_t i = 0; i < p->environment_count; i++)
        print_environment(cli, &p->environments[i]);
}

int cli_project(struct cli *cli)
{
    int exit_status;
    struct cli_place place;
    if (!cli_place_init(&place, cli, &exit_status))
        return exit_status;
    if (cli_connect(cli, &exit_status)) {
        const struct jig_project *p;
        struct jig_error error;
        enum jig_status status =
            jig_client_get_project(cli->client, &place.selector, cli->deadline_ns, &p, &error);
        exit_status = status == JIG_STATUS_OK ? CLI_EXIT_DONE : cli_fail(cli, &error);
        if (status == JIG_STATUS_OK) {
            if (cli->options.json)
                print_json(p);
            else
                print_text(cli, p);
            jig_client_free(p);
        }
    }
    cli_place_release(&place);
    return exit_status;
}
