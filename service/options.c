#include "service/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/os/fs.h"

const char jig_options_help[] =
    "usage: jigd [OPTION]...\n"
    "\n"
    "Builds firmware, flashes boards and reads their serial ports for the jig command and\n"
    "other clients of this user. Without --foreground it goes to the background.\n"
    "\n"
    "  --foreground         stay in the foreground, and log to stderr too\n"
    "  --socket PATH        listen on this unix socket, not on $XDG_RUNTIME_DIR/jig/jigd.sock\n"
    "  --listen URL         listen here too: tcp://127.0.0.1:PORT or ipc:///PATH\n"
    "  --config FILE        read this file, not /etc/jig/jigd.conf and ~/.config/jig/jigd.conf\n"
    "  --state-dir DIR      keep here what must survive, not in $XDG_STATE_HOME/jig\n"
    "  --cache-dir DIR      keep here what may be deleted, not in $XDG_CACHE_HOME/jig\n"
    "  --log-level LEVEL    debug, info, warning or error\n"
    "  --idle-exit SECONDS  leave when nobody needed it for so long; 0: never\n"
    "  --ready-fd N         write 'ready', 'running' or 'error: WHY' to this descriptor\n"
    "  --version            print the version and leave\n"
    "  --help               print this and leave\n"
    "\n"
    "Exit status: 0 it was ended; 2 wrong usage; 3 wrong configuration; 5 another jigd serves\n"
    "the socket; 12 anything else.\n";

enum kind { FLAG, TEXT, PATH, LIST, NUMBER, DESCRIPTOR };

struct option {
    const char *name;
    enum kind kind;
    size_t offset;
};

#define OPTION(name, kind, member)                                                                 \
    {                                                                                              \
        name, kind, offsetof(struct jig_options, member)                                           \
    }

static const struct option table[] = {
    OPTION("--help", FLAG, help),
    OPTION("-h", FLAG, help),
    OPTION("--version", FLAG, version),
    OPTION("--foreground", FLAG, foreground),
    OPTION("--ready-fd", DESCRIPTOR, ready_fd),
    OPTION("--socket", PATH, socket),
    OPTION("--listen", LIST, listen),
    OPTION("--config", PATH, config),
    OPTION("--state-dir", PATH, state_dir),
    OPTION("--cache-dir", PATH, cache_dir),
    OPTION("--log-level", TEXT, log_level),
    OPTION("--idle-exit", NUMBER, idle_exit_s),
};

static enum jig_code usage(struct jig_err *reterr, const char *what, const char *word)
{
    enum jig_code code =
        jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "%s '%s'", what, word);
    jig_err_hint(reterr, "see jigd --help");
    return code;
}

static enum jig_code unknown(const char *word, struct jig_err *reterr)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < JIG_COUNT(table); i++)
        jig_strv_append(&names, table[i].name);
    jig_nearest(word, &names, 1, &near);
    enum jig_code code = usage(reterr, "jigd has no option", word);
    if (near.n > 0)
        jig_err_hint(reterr, "did you mean %s?", near.v[0]);
    jig_strv_release(&names);
    jig_strv_release(&near);
    return code;
}

/* The option that `word` is, with the value after its '=' if it has one. */
static const struct option *find(const char *word, const char **ret_value)
{
    size_t n = strcspn(word, "=");
    *ret_value = word[n] == '=' ? word + n + 1 : NULL;
    for (size_t i = 0; i < JIG_COUNT(table); i++) {
        if (strlen(table[i].name) == n && strncmp(table[i].name, word, n) == 0)
            return &table[i];
    }
    return NULL;
}

static char *absolute(const char *path)
{
    JIG_CLEANUP_FREE char *cwd = getcwd(NULL, 0);
    return jig_path_absolute(cwd != NULL ? cwd : "/", path);
}

static enum jig_code set_value(struct jig_options *o, const struct option *option,
                               const char *value, struct jig_err *reterr)
{
    void *at = (char *)o + option->offset;
    int64_t number = 0;
    switch (option->kind) {
    case FLAG:
        *(bool *)at = true;
        return JIG_OK;
    case TEXT:
    case PATH:
        free(*(char **)at);
        *(char **)at = option->kind == PATH ? absolute(value) : jig_xstrdup(value);
        return JIG_OK;
    case LIST:
        jig_strv_append(at, value);
        return JIG_OK;
    case NUMBER:
    case DESCRIPTOR:
        break;
    }
    int64_t most = option->kind == NUMBER ? 366 * 86400 : 1024 * 1024;
    if (!jig_parse_i64(value, &number) || number < 0 || number > most)
        return usage(reterr, "this is no number that fits:", value);
    if (option->kind == NUMBER)
        *(int64_t *)at = number;
    else
        *(int *)at = (int)number;
    return JIG_OK;
}

static enum jig_code parse(int argc, char **argv, struct jig_options *o, struct jig_err *reterr)
{
    for (int i = 1; i < argc; i++) {
        const char *value;
        const struct option *option = find(argv[i], &value);
        if (option == NULL && argv[i][0] != '-')
            return usage(reterr, "jigd takes options only, not", argv[i]);
        if (option == NULL)
            return unknown(argv[i], reterr);
        if (option->kind == FLAG && value != NULL)
            return usage(reterr, "this option takes no value:", argv[i]);
        if (option->kind != FLAG && value == NULL) {
            if (i + 1 == argc)
                return usage(reterr, "this option lacks its value:", argv[i]);
            value = argv[++i];
        }
        enum jig_code code = set_value(o, option, value, reterr);
        if (code != JIG_OK)
            return code;
    }
    return JIG_OK;
}

enum jig_code jig_options_parse(int argc, char **argv, struct jig_options *ret,
                                struct jig_err *reterr)
{
    struct jig_options o = {.ready_fd = -1, .idle_exit_s = -1};
    enum jig_code code = parse(argc, argv, &o, reterr);
    if (code == JIG_OK)
        *ret = o;
    else
        jig_options_release(&o);
    return code;
}

void jig_options_release(struct jig_options *options)
{
    jig_strv_release(&options->listen);
    for (size_t i = 0; i < JIG_COUNT(table); i++) {
        if (table[i].kind == TEXT || table[i].kind == PATH)
            free(*(char **)((char *)options + table[i].offset));
    }
    *options = (struct jig_options){.ready_fd = -1, .idle_exit_s = -1};
}

void jig_options_repeat(int argc, char **argv, const struct jig_options *options,
                        struct jig_strv *out)
{
    for (int i = 0; i < argc; i++)
        jig_strv_append(out, argv[i]);
    for (size_t i = 0; i < JIG_COUNT(table); i++) {
        if (table[i].kind != PATH)
            continue;
        const char *path = *(char *const *)((const char *)options + table[i].offset);
        if (path != NULL) {
            jig_strv_append(out, table[i].name);
            jig_strv_append(out, path);
        }
    }
}
