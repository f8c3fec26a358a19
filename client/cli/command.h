/*
 * command.h - the command table: what there is, what each takes, and what runs it.
 *
 * Everything that speaks of commands is made from these rows: parsing (args.h), help (help.h),
 * shell completion (completion.h), and the tests that hold the manual page against them.
 *
 * client/cli is a program on libjig's public headers; its names begin with cli_.
 */
#ifndef JIG_CLI_COMMAND_H
#define JIG_CLI_COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cli;

/* What an option's value is. */
enum cli_kind {
    CLI_FLAG,    /* has none; bool */
    CLI_TEXT,    /* const char * */
    CLI_COUNT,   /* a whole number of 0 to 4294967295; uint32_t */
    CLI_SECONDS, /* "1.5"; milliseconds in an int64_t, -1 when not given */
    CLI_TEXTS,   /* may be given many times; struct cli_texts */
    CLI_CHOICE,  /* one of `choices`; const char * */
};

/* How a shell completes an option's value or an argument. */
enum cli_completes {
    CLI_WITH_NOTHING,
    CLI_WITH_FILES,
    CLI_WITH_FOLDERS,
    CLI_WITH_DEVICES,
    CLI_WITH_COMMANDS,
    CLI_WITH_METHODS,
};

#define CLI_TEXTS_MAX 64

struct cli_texts {
    const char *items[CLI_TEXTS_MAX];
    size_t count;
};

struct cli_option {
    const char *name; /* long, without the dashes */
    char letter;      /* 0: none */
    enum cli_kind kind;
    enum cli_completes completes;
    const char *value; /* what help calls the value: "ENV" */
    const char *help;
    size_t offset;              /* in struct cli_options */
    const char *const *choices; /* of a CLI_CHOICE, NULL-terminated */
};

struct cli_command {
    const char *group; /* "devices", or NULL */
    const char *name;
    const char *arguments; /* "[DIR]", or "" */
    size_t least;          /* how many arguments */
    size_t most;
    enum cli_completes completes;
    const char *summary;                     /* one line */
    const char *text;                        /* what else help says; or NULL */
    const struct cli_option *const *options; /* sets of options, NULL-terminated */
    int (*run)(struct cli *cli);
};

struct cli_group {
    const char *name;
    const char *summary;
};

/* What the words on the command line said. Pointers are into argv. */
struct cli_options {
    /* global */
    const char *host;
    bool json;
    bool quiet;
    bool verbose;
    int64_t deadline_ms;
    bool help;
    bool version;
    /* projects */
    const char *environment;
    const char *fqbn;
    const char *build_directory;
    bool clean;
    bool explain;
    bool walk;
    bool detach;
    uint32_t jobs;
    /* deploys */
    const char *device;
    bool no_build;
    struct cli_texts images;
    const char *trust;
    bool monitor;
    /* monitors */
    uint32_t baud;
    const char *expect;
    const char *fail_on;
    int64_t timeout_ms;
    bool no_input;
    const char *eol;
    bool echo;
    /* pointers */
    const char *output;
    const char *extract;
    bool deep;
    /* the rest */
    bool active;
    bool timing;
    bool force;
    bool upgrade;
    bool all;
    bool dry_run;
    bool repair;
    bool no_start;
    bool list;
    uint32_t lines;

    const char *arguments[8];
    size_t argument_count;
};

/* Ended by one without a name. Every command takes the global options. */
extern const struct cli_option cli_global_options[];
extern const struct cli_command cli_commands[];
extern const struct cli_group cli_groups[];

/* The command called `name` (in `group`, or NULL); NULL when there is none. */
const struct cli_command *cli_command_find(const char *group, const char *name);
const struct cli_group *cli_group_find(const char *name);

/* What the user types: "devices list". Into out. */
void cli_command_words(const struct cli_command *command, char *out, size_t size);

#endif
