/*
 * The shells' completions, printed from the command table. data/completions holds what this prints;
 * a test compares the two.
 */
#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"

/* --- both --- */

typedef void option_fn(const struct cli_option *o, void *context);

/* The command's own options, then the global ones; of a group or jig itself the global ones. */
static void each_option(const struct cli_command *c, option_fn *fn, void *context)
{
    for (const struct cli_option *const *set = c != NULL ? c->options : NULL;
         set != NULL && *set != NULL; set++) {
        for (const struct cli_option *o = *set; o->name != NULL; o++)
            fn(o, context);
    }
    for (const struct cli_option *o = cli_global_options; o->name != NULL; o++)
        fn(o, context);
}

static bool in_group(const struct cli_command *c, const char *group)
{
    return c->group != NULL && strcmp(c->group, group) == 0;
}

/* The words after "jig", or after "jig GROUP". */
static void print_words(const char *group)
{
    const char *before = "";
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (group != NULL ? in_group(c, group) : c->group == NULL) {
            printf("%s%s", before, c->name);
            before = " ";
        }
    }
    for (const struct cli_group *g = cli_groups; group == NULL && g->name != NULL; g++)
        printf(" %s", g->name);
}

/* --- bash --- */

static void bash_option_word(const struct cli_option *o, void *context)
{
    const char **before = context;
    printf("%s--%s", *before, o->name);
    *before = " ";
}

/* What a value is completed with, as a command for _jig. */
static void bash_value(const struct cli_option *o)
{
    switch (o->completes) {
    case CLI_WITH_FILES:
        printf("_jig_files -f");
        return;
    case CLI_WITH_FOLDERS:
        printf("_jig_files -d");
        return;
    case CLI_WITH_DEVICES:
        printf("_jig_words \"$(_jig_devices)\"");
        return;
    default:
        break;
    }
    if (o->kind != CLI_CHOICE) {
        printf("COMPREPLY=()");
        return;
    }
    printf("_jig_words '");
    for (size_t i = 0; o->choices[i] != NULL; i++)
        printf("%s%s", i > 0 ? " " : "", o->choices[i]);
    printf("'");
}

/* An option has the same meaning in every command, so that the first row of a name says it all. */
static bool is_first(const struct cli_command *of, const struct cli_option *o)
{
    for (const struct cli_command *c = cli_commands; c != of && c->name != NULL; c++) {
        for (const struct cli_option *const *set = c->options; set != NULL && *set != NULL; set++) {
            for (const struct cli_option *other = *set; other->name != NULL; other++) {
                if (other == o)
                    return false;
            }
        }
    }
    return true;
}

static void bash_case(const struct cli_option *o)
{
    if (o->kind == CLI_FLAG)
        return;
    printf("    --%s", o->name);
    if (o->letter != 0)
        printf(" | -%c", o->letter);
    printf(")\n        ");
    bash_value(o);
    printf("\n        return\n        ;;\n");
}

static void bash_values(void)
{
    printf("    case $prev in\n");
    for (const struct cli_option *o = cli_global_options; o->name != NULL; o++)
        bash_case(o);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        for (const struct cli_option *const *set = c->options; set != NULL && *set != NULL; set++) {
            for (const struct cli_option *o = *set; o->name != NULL; o++) {
                if (is_first(c, o))
                    bash_case(o);
            }
        }
    }
    printf("    esac\n");
}

static void bash_argument(const struct cli_command *c)
{
    switch (c->completes) {
    case CLI_WITH_FOLDERS:
        printf("            _jig_files -d\n");
        return;
    case CLI_WITH_DEVICES:
        printf("            _jig_words \"$(_jig_devices)\"\n");
        return;
    case CLI_WITH_METHODS:
        printf("            _jig_words \"$(jig call --list --no-start 2>/dev/null)\"\n");
        return;
    case CLI_WITH_COMMANDS:
        printf("            _jig_words '");
        print_words(NULL);
        printf("'\n");
        return;
    default:
        printf("            _jig_words '%s'\n",
               strcmp(c->name, "completion") == 0 ? "bash zsh" : "");
        return;
    }
}

static void bash_command(const struct cli_command *c)
{
    char words[64];
    cli_command_words(c, words, sizeof words);
    printf("    '%s')\n        if [[ $cur == -* ]]; then\n            _jig_words '", words);
    const char *before = "";
    each_option(c, bash_option_word, &before);
    printf("'\n        else\n");
    bash_argument(c);
    printf("        fi\n        ;;\n");
}

static void bash_group(const char *group)
{
    printf("    '%s')\n        _jig_words '", group != NULL ? group : "");
    print_words(group);
    const char *before = " ";
    each_option(NULL, bash_option_word, &before);
    printf("'\n        ;;\n");
}

static const char bash_head[] =
    "# The completion of jig for bash, as `jig completion bash` prints it: do not edit.\n"
    "# shellcheck shell=bash disable=SC2207 # words and paths come one a line\n"
    "\n"
    "_jig_devices() {\n"
    "    jig devices list --no-start 2>/dev/null | sed -n '2,$s/ .*//p'\n"
    "}\n"
    "\n"
    "# Completes with these words. A ':' parts words for readline: what stands before it stays.\n"
    "_jig_words() {\n"
    "    local IFS=$' \\n' whole=$cur\n"
    "    COMPREPLY=($(compgen -W \"$1\" -- \"$whole\"))\n"
    "    if [[ $whole == *:* && $COMP_WORDBREAKS == *:* ]]; then\n"
    "        local before=${whole%\"${whole##*:}\"}\n"
    "        COMPREPLY=(\"${COMPREPLY[@]#\"$before\"}\")\n"
    "    fi\n"
    "}\n"
    "\n"
    "_jig_files() {\n"
    "    local IFS=$'\\n'\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    COMPREPLY=($(compgen \"$1\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n"
    "}\n"
    "\n"
    "_jig() {\n"
    "    # The words as the shell sees them, those that readline parted at ':' and '=' made "
    "whole.\n"
    "    local line=${COMP_LINE:0:COMP_POINT} words cur prev i command='' group=''\n"
    "    read -r -a words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=('')\n"
    "    cur=${words[-1]} prev=${words[-2]-}\n"
    "    for ((i = 1; i < ${#words[@]} - 1; i++)); do\n"
    "        case ${words[i]} in\n";

static int print_bash(void)
{
    fputs(bash_head, stdout);
    printf("        ");
    const char *before = "";
    for (const struct cli_option *o = cli_global_options; o->name != NULL; o++) {
        if (o->kind != CLI_FLAG) {
            printf("%s--%s", before, o->name);
            before = " | ";
        }
    }
    printf(") ((i++)) ;;\n        -*) ;;\n        ");
    before = "";
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++) {
        printf("%s%s", before, g->name);
        before = " | ";
    }
    printf(")\n            [[ -n $group ]] && break\n            group=${words[i]}\n"
           "            command=$group\n            ;;\n        *)\n"
           "            command=${group:+$group }${words[i]}\n            break\n            ;;\n"
           "        esac\n    done\n");
    bash_values();
    printf("    case $command in\n");
    bash_group(NULL);
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        bash_group(g->name);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++)
        bash_command(c);
    printf("    esac\n}\n\ncomplete -F _jig jig\n");
    return CLI_EXIT_DONE;
}

/* --- zsh --- */

/* In an _arguments specification ':', '[' and ']' have a meaning, and a quote ends the word. */
static void zsh_text(const char *s)
{
    for (; *s != '\0'; s++) {
        if (*s == ':' || *s == '[' || *s == ']')
            putchar('\\');
        if (*s == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*s);
    }
}

/* A row of what _describe shows. */
static void zsh_row(const char *name, const char *summary)
{
    printf("        '%s:", name);
    for (; *summary != '\0'; summary++) {
        if (*summary == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*summary);
    }
    printf("'\n");
}

static const char *zsh_action(enum cli_completes completes)
{
    switch (completes) {
    case CLI_WITH_FILES:
        return "_files";
    case CLI_WITH_FOLDERS:
        return "_directories";
    case CLI_WITH_DEVICES:
        return "_jig_device_ids";
    case CLI_WITH_COMMANDS:
        return "_jig_commands";
    case CLI_WITH_METHODS:
        return "_jig_methods";
    default:
        return "";
    }
}

static void zsh_option(const struct cli_option *o, void *context)
{
    const char *indent = context;
    printf("%s", indent);
    const char *star = o->kind == CLI_TEXTS ? "*" : "";
    if (o->letter != 0 && o->kind != CLI_TEXTS)
        printf("'(-%c --%s)'{-%c,--%s}'[", o->letter, o->name, o->letter, o->name);
    else
        printf("'%s--%s[", star, o->name);
    zsh_text(o->help);
    printf("]");
    if (o->kind != CLI_FLAG) {
        printf(":");
        zsh_text(o->value);
        printf(":");
    }
    if (o->kind == CLI_CHOICE) {
        printf("(");
        for (size_t i = 0; o->choices[i] != NULL; i++)
            printf("%s%s", i > 0 ? " " : "", o->choices[i]);
        printf(")");
    } else if (o->kind != CLI_FLAG) {
        printf("%s", zsh_action(o->completes));
    }
    printf("'\n");
}

static void zsh_command(const struct cli_command *c, const char *indent)
{
    char deeper[32];
    snprintf(deeper, sizeof deeper, "%s        ", indent);
    printf("%s%s)\n%s    local -a own=(\n", indent, c->name, indent);
    for (const struct cli_option *const *set = c->options; set != NULL && *set != NULL; set++) {
        for (const struct cli_option *o = *set; o->name != NULL; o++)
            zsh_option(o, deeper);
    }
    printf("%s    )\n%s    _arguments -s $_jig_globals $own", indent, indent);
    const char *action = zsh_action(c->completes);
    if (strcmp(c->name, "completion") == 0)
        action = "(bash zsh)";
    for (size_t i = 1; i <= c->most && i <= 1; i++)
        printf(" '%zu:%s:%s'", i, c->completes == CLI_WITH_FOLDERS ? "folder" : "argument", action);
    printf("\n%s    ;;\n", indent);
}

static void zsh_group(const struct cli_group *g)
{
    printf("_jig_%s() {\n    local curcontext=$curcontext state line\n"
           "    local -a commands=(\n",
           g->name);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (in_group(c, g->name))
            zsh_row(c->name, c->summary);
    }
    printf("    )\n    _arguments -C $_jig_globals '1:command:->command' '*::argument:->argument'\n"
           "    case $state in\n    command) _describe command commands ;;\n    argument)\n"
           "        case $line[1] in\n");
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (in_group(c, g->name))
            zsh_command(c, "        ");
    }
    printf("        esac\n        ;;\n    esac\n}\n\n");
}

static const char zsh_head[] =
    "#compdef jig\n"
    "# The completion of jig for zsh, as `jig completion zsh` prints it: do not edit.\n"
    "\n"
    "_jig_device_ids() {\n"
    "    local -a ids=(${(f)\"$(jig devices list --no-start 2>/dev/null | sed -n '2,$s/ "
    ".*//p')\"})\n"
    "    compadd -a ids\n"
    "}\n"
    "\n"
    "_jig_methods() {\n"
    "    local -a names=(${(f)\"$(jig call --list --no-start 2>/dev/null)\"})\n"
    "    compadd -a names\n"
    "}\n"
    "\n";

static int print_zsh(void)
{
    fputs(zsh_head, stdout);
    printf("typeset -ga _jig_globals=(\n");
    for (const struct cli_option *o = cli_global_options; o->name != NULL; o++)
        zsh_option(o, "    ");
    printf(")\n\n_jig_commands() {\n    local -a commands=(\n");
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (c->group == NULL)
            zsh_row(c->name, c->summary);
    }
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        zsh_row(g->name, g->summary);
    printf("    )\n    _describe command commands\n}\n\n");
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        zsh_group(g);
    printf("_jig() {\n    local curcontext=$curcontext state line\n"
           "    _arguments -C $_jig_globals '1:command:_jig_commands' '*::argument:->argument'\n"
           "    [[ $state == argument ]] || return\n    case $line[1] in\n");
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++)
        printf("    %s) _jig_%s ;;\n", g->name, g->name);
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        if (c->group == NULL)
            zsh_command(c, "    ");
    }
    printf("    esac\n}\n\n_jig \"$@\"\n");
    return CLI_EXIT_DONE;
}

int cli_completion(struct cli *cli)
{
    const char *shell = cli->options.arguments[0];
    if (strcmp(shell, "bash") == 0)
        return print_bash();
    if (strcmp(shell, "zsh") == 0)
        return print_zsh();
    return cli_fail_with(cli, JIG_STATUS_INVALID_ARGUMENT, JIG_CAUSE_USAGE, NULL,
                         "there is no completion for '%s'; there is one for bash and one for zsh",
                         shell);
}
