#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client/cli/cli.h"
#include "client/cli/json_out.h"

#define INPUT_MAX ((size_t)24 << 20)

static int list(struct cli *cli)
{
    int exit_status;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    const struct jig_method_list *methods;
    struct jig_error error;
    if (jig_client_list_methods(cli->client, cli->deadline_ns, &methods, &error) != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    json_t *all = cli->options.json ? json_array() : NULL;
    for (size_t i = 0; i < methods->count; i++) {
        const struct jig_method *m = &methods->items[i];
        if (all == NULL) {
            printf("%s%s\n", m->name, m->callable ? "" : "  (newer than this jig)");
            continue;
        }
        json_t *o = json_object();
        cli_json_set_text(o, "name", m->name);
        cli_json_set_text(o, "request", m->request);
        cli_json_set_text(o, "response", m->response);
        cli_json_set_bool(o, "callable", m->callable);
        json_array_append_new(all, o);
    }
    if (all != NULL) {
        json_t *line = cli_json_line("result");
        cli_json_set(line, "methods", all);
        cli_json_print(line);
    }
    jig_client_free(methods);
    return CLI_EXIT_DONE;
}

/* All of standard input, NUL-terminated; NULL past INPUT_MAX, or when it can't be read. */
static char *read_input(void)
{
    size_t room = 4096;
    size_t n = 0;
    char *text = malloc(room);
    while (text != NULL) {
        size_t got = fread(text + n, 1, room - 1 - n, stdin);
        n += got;
        if (got == 0)
            break;
        if (n < room - 1)
            continue;
        room *= 2;
        char *more = room <= 2 * INPUT_MAX ? realloc(text, room) : NULL;
        if (more == NULL)
            free(text);
        text = more;
    }
    if (text == NULL || ferror(stdin) != 0 || n > INPUT_MAX || memchr(text, '\0', n) != NULL) {
        free(text);
        return NULL;
    }
    text[n] = '\0';
    return text;
}

static void print_reply(const struct cli *cli, const char *json)
{
    json_t *reply = json_loads(json, JSON_ALLOW_NUL, NULL);
    if (cli->options.json) {
        json_t *line = cli_json_line("result");
        cli_json_set(line, "response", reply != NULL ? reply : json_object());
        cli_json_print(line);
        return;
    }
    json_dumpf(reply, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(reply);
}

static int call(struct cli *cli, const char *method, const char *json)
{
    int exit_status;
    const char *reply;
    struct jig_error error;
    if (!cli_connect(cli, &exit_status))
        return exit_status;
    enum jig_status status =
        jig_client_call_json(cli->client, method, json, cli->deadline_ns, &reply, &error);
    if (status != JIG_STATUS_OK)
        return cli_fail(cli, &error);
    print_reply(cli, reply);
    jig_client_free(reply);
    return CLI_EXIT_DONE;
}

int cli_call(struct cli *cli)
{
    const struct cli_options *o = &cli->options;
    if (o->list)
        return list(cli);
    if (o->argument_count == 0)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE,
                             "`jig call --list` lists the methods", "jig call needs METHOD");
    const char *json = o->argument_count > 1 ? o->arguments[1] : "";
    if (strcmp(json, "-") != 0)
        return call(cli, o->arguments[0], json);
    char *input = read_input();
    if (input == NULL)
        return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE, NULL,
                             "standard input can't be read as JSON of at most %zu bytes",
                             INPUT_MAX);
    int exit_status = call(cli, o->arguments[0], input);
    free(input);
    return exit_status;
}
