#include "client/cli/args.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/cli/nearest.h"

#define OPTIONS_MAX 48
#define LONG_BASE   1000 /* getopt's values for options; letters are below */

/* Every option that may stand at one place, in getopt's form too. */
struct table {
    const struct cli_option *options[OPTIONS_MAX];
    struct option longs[OPTIONS_MAX + 1];
    char letters[2 * OPTIONS_MAX + 3];
    size_t count;
    size_t letter_count;
};

static bool usage(struct jig_error *error, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool usage(struct jig_error *error, const char *fmt, ...)
{
    va_list ap;
    *error = (struct jig_error){.status = JIG_STATUS_INVALID_ARGUMENT, .cause = JIG_CAUSE_USAGE};
    va_start(ap, fmt);
    vsnprintf(error->message, sizeof error->message, fmt, ap);
    va_end(ap);
    return false;
}

static void table_add(struct table *t, const struct cli_option *options)
{
    for (; options->name != NULL && t->count < OPTIONS_MAX; options++) {
        int has_value = options->kind == CLI_FLAG ? no_argument : required_argument;
        t->longs[t->count] =
            (struct option){options->name, has_value, NULL, LONG_BASE + (int)t->count};
        t->options[t->count++] = options;
        if (options->letter == 0)
            continue;
        t->letters[t->letter_count++] = options->letter;
        if (has_value == required_argument)
            t->letters[t->letter_count++] = ':';
    }
}

/* `in_order`: stop at the first word that is no option. */
static void table_init(struct table *t, const struct cli_command *command, bool in_order)
{
    *t = (struct table){0};
    if (in_order)
        t->letters[t->letter_count++] = '+';
    t->letters[t->letter_count++] = ':'; /* tell a missing value from an unknown option */
    table_add(t, cli_global_options);
    if (command == NULL || command->options == NULL)
        return;
    for (const struct cli_option *const *set = command->options; *set != NULL; set++)
        table_add(t, *set);
}

static const struct cli_option *table_get(const struct table *t, int value)
{
    if (value >= LONG_BASE)
        return t->options[value - LONG_BASE];
    for (size_t i = 0; i < t->count; i++) {
        if (t->options[i]->letter == value)
            return t->options[i];
    }
    return NULL;
}

/* --- values --- */

static bool bad_value(const struct cli_option *o, const char *value, const char *needs,
                      struct jig_error *error)
{
    return usage(error, "--%s needs %s, not '%s'", o->name, needs, value);
}

static bool set_count(const struct cli_option *o, const char *value, uint32_t *out,
                      struct jig_error *error)
{
    char *end;
    unsigned long long n = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || n > UINT32_MAX)
        return bad_value(o, value, "a whole number", error);
    *out = (uint32_t)n;
    return true;
}

static bool set_seconds(const struct cli_option *o, const char *value, int64_t *out_ms,
                        struct jig_error *error)
{
    char *end;
    double seconds = strtod(value, &end);
    bool digits = strspn(value, "0123456789.") == strlen(value);
    if (value[0] == '\0' || *end != '\0' || !digits || seconds > 1e9)
        return bad_value(o, value, "a number of seconds", error);
    *out_ms = (int64_t)(seconds * 1000 + 0.5);
    return true;
}

static bool set_choice(const struct cli_option *o, const char *value, const char **out,
                       struct jig_error *error)
{
    char all[256] = "";
    size_t used = 0;
    for (size_t i = 0; o->choices[i] != NULL; i++) {
        if (strcmp(o->choices[i], value) == 0) {
            *out = value;
            return true;
        }
        int n = snprintf(all + used, sizeof all - used, "%s%s", i > 0 ? ", " : "", o->choices[i]);
        used += n > 0 && (size_t)n < sizeof all - used ? (size_t)n : 0;
    }
    return usage(error, "--%s is one of %s, not '%s'", o->name, all, value);
}

static bool set_texts(const struct cli_option *o, const char *value, struct cli_texts *out,
                      struct jig_error *error)
{
    if (out->count == CLI_TEXTS_MAX)
        return usage(error, "--%s can be given no more than %d times", o->name, CLI_TEXTS_MAX);
    out->items[out->count++] = value;
    return true;
}

static bool set(const struct cli_option *o, const char *value, struct cli_options *options,
                struct jig_error *error)
{
    void *at = (char *)options + o->offset;
    switch (o->kind) {
    case CLI_FLAG:
        *(bool *)at = true;
        return true;
    case CLI_TEXT:
        *(const char **)at = value;
        return true;
    case CLI_COUNT:
        return set_count(o, value, at, error);
    case CLI_SECONDS:
        return set_seconds(o, value, at, error);
    case CLI_TEXTS:
        return set_texts(o, value, at, error);
    case CLI_CHOICE:
        return set_choice(o, value, at, error);
    }
    return false;
}

/* --- options --- */

static bool unknown_option(const struct table *t, const char *word, struct jig_error *error)
{
    if (optopt >= LONG_BASE) {
        usage(error, "--%s takes no value", t->options[optopt - LONG_BASE]->name);
    } else if (optopt != 0) {
        usage(error, "there is no option -%c", optopt);
    } else {
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(word + 2, "="), word + 2);
        struct cli_nearest n = {.wanted = name};
        for (size_t i = 0; i < t->count; i++)
            cli_nearest_offer(&n, t->options[i]->name);
        usage(error, "there is no option --%s", name);
        cli_nearest_sentence(&n, "--", error->hint, sizeof error->hint);
    }
    return false;
}

static bool missing_value(const struct table *t, struct jig_error *error)
{
    const struct cli_option *o = table_get(t, optopt);
    if (o == NULL)
        return usage(error, "an option needs a value");
    return usage(error, "--%s needs a value: --%s %s", o->name, o->name, o->value);
}

/* Takes the options of argv by the table; argv[0] is skipped. *ret_rest is the first word left. */
static bool take_options(struct table *t, int argc, char **argv, struct cli_options *options,
                         int *ret_rest, struct jig_error *error)
{
    opterr = 0;
    optind = 0; /* GNU: start anew */
    for (;;) {
        optopt = 0;
        int value = getopt_long(argc, argv, t->letters, t->longs, NULL);
        if (value == -1)
            break;
        if (value == ':')
            return missing_value(t, error);
        if (value == '?')
            return unknown_option(t, argv[optind - 1], error);
        if (!set(table_get(t, value), optarg, options, error))
            return false;
    }
    *ret_rest = optind;
    return true;
}

/* --- commands --- */

static bool unknown_command(const char *group, const char *word, struct jig_error *error)
{
    struct cli_nearest n = {.wanted = word};
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (group == NULL)
            cli_nearest_offer(&n, c->group != NULL ? c->group : c->name);
        else if (c->group != NULL && strcmp(c->group, group) == 0)
            cli_nearest_offer(&n, c->name);
    }
    if (group == NULL)
        usage(error, "there is no command '%s'", word);
    else
        usage(error, "there is no command '%s %s'", group, word);
    char prefix[64];
    snprintf(prefix, sizeof prefix, "jig %s%s", group != NULL ? group : "",
             group != NULL ? " " : "");
    cli_nearest_sentence(&n, prefix, error->hint, sizeof error->hint);
    if (error->hint[0] == '\0')
        snprintf(error->hint, sizeof error->hint, "`jig help%s%s` lists what there is",
                 group != NULL ? " " : "", group != NULL ? group : "");
    return false;
}

static bool take_arguments(int argc, char **argv, struct cli_line *line, struct jig_error *error)
{
    const struct cli_command *c = line->command;
    size_t count = (size_t)argc;
    char words[64];
    cli_command_words(c, words, sizeof words);
    if (line->options.help || line->options.version)
        return true;
    if (count > c->most) {
        usage(error, "jig %s does not take '%s'", words, argv[c->most]);
        snprintf(error->hint, sizeof error->hint, "it is called as: jig %s %s", words,
                 c->arguments);
        return false;
    }
    if (count < c->least) {
        usage(error, "jig %s needs %s", words, c->arguments);
        snprintf(error->hint, sizeof error->hint, "`jig help %s` says more", words);
        return false;
    }
    for (size_t i = 0; i < count; i++)
        line->options.arguments[i] = argv[i];
    line->options.argument_count = count;
    return true;
}

/* --json counts even when what stands before it is wrong: the error is then told as JSON. */
static void look_for_json(int argc, char **argv, struct cli_line *line)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            line->options.json = true;
    }
}

bool cli_args_parse(int argc, char **argv, struct cli_line *line, struct jig_error *error)
{
    struct table table;
    int rest = 0;
    *line = (struct cli_line){.options = {.deadline_ms = -1, .timeout_ms = -1}};
    look_for_json(argc, argv, line);
    while (line->command == NULL) {
        table_init(&table, NULL, true);
        if (!take_options(&table, argc, argv, &line->options, &rest, error))
            return false;
        if (rest >= argc)
            return true;
        const char *word = argv[rest];
        const char *group = line->group != NULL ? line->group->name : NULL;
        line->command = cli_command_find(group, word);
        if (line->command == NULL && group == NULL)
            line->group = cli_group_find(word);
        if (line->command == NULL && (group != NULL || line->group == NULL))
            return unknown_command(group, word, error);
        argc -= rest;
        argv += rest;
    }
    table_init(&table, line->command, false);
    if (!take_options(&table, argc, argv, &line->options, &rest, error))
        return false;
    return take_arguments(argc - rest, argv + rest, line, error);
}
