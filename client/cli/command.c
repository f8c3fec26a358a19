#include "client/cli/command.h"

#include <stdio.h>
#include <string.h>

#include "client/cli/cli.h"

#define AT(member) offsetof(struct cli_options, member)
#define FLAG(letter, name, member, help)                                                           \
    {                                                                                              \
        name, letter, CLI_FLAG, CLI_WITH_NOTHING, NULL, help, AT(member), NULL                     \
    }
#define VALUE(letter, name, kind, completes, value, member, help)                                  \
    {                                                                                              \
        name, letter, kind, completes, value, help, AT(member), NULL                               \
    }
#define END                                                                                        \
    {                                                                                              \
        NULL                                                                                       \
    }

const struct cli_option cli_global_options[] = {
    VALUE(0, "host", CLI_TEXT, CLI_WITH_NOTHING, "URL", host,
          "the daemon, ipc:///PATH or tcp://127.0.0.1:PORT ($JIG_HOST)"),
    FLAG(0, "json", json, "print JSON lines: events, then a result or an error"),
    FLAG('q', "quiet", quiet, "print warnings and errors only"),
    FLAG('v', "verbose", verbose, "print more: every step, every notice"),
    VALUE(0, "deadline", CLI_SECONDS, CLI_WITH_NOTHING, "SECONDS", deadline_ms,
          "give up after that long, and cancel what was started"),
    FLAG('h', "help", help, "print help"),
    FLAG(0, "version", version, "print the version"),
    END,
};

static const struct cli_option project_options[] = {
    VALUE('e', "environment", CLI_TEXT, CLI_WITH_NOTHING, "ENV", environment,
          "the environment; without it, the project's default ones"),
    VALUE(0, "fqbn", CLI_TEXT, CLI_WITH_NOTHING, "FQBN", fqbn,
          "the board, arduino:avr:uno, in place of the project's"),
    END,
};

static const struct cli_option place_options[] = {
    VALUE(0, "build-dir", CLI_TEXT, CLI_WITH_FOLDERS, "DIR", build_directory,
          "where build folders go; .jig/build in the project otherwise ($JIG_BUILD_DIR)"),
    END,
};

static const struct cli_option jobs_options[] = {
    VALUE('j', "jobs", CLI_COUNT, CLI_WITH_NOTHING, "N", jobs,
          "tools, or downloads, at once; 0 is the daemon's choice"),
    END,
};

static const struct cli_option work_options[] = {
    FLAG(0, "walk", walk, "look at every file, whatever the daemon knows"),
    FLAG(0, "detach", detach, "print the operation's id and leave it running"),
    END,
};

static const struct cli_option build_options[] = {
    FLAG(0, "clean", clean, "remove what was built before"),
    FLAG(0, "explain", explain, "say why each step ran"),
    END,
};

static const char *const trust_modes[] = {"session", "verify", "none", NULL};

static const struct cli_option device_options[] = {
    VALUE('d', "device", CLI_TEXT, CLI_WITH_DEVICES, "DEVICE", device,
          "the device: its id, an alias or its port"),
    END,
};

static const struct cli_option deploy_options[] = {
    FLAG(0, "no-build", no_build, "flash what the last build left"),
    VALUE(0, "image", CLI_TEXTS, CLI_WITH_FILES, "OFF:FILE", images,
          "flash this file at that offset, in place of a project's; may be repeated"),
    {"trust", 0, CLI_CHOICE, CLI_WITH_NOTHING, "MODE",
     "how far to believe what the daemon knows of the device: session, verify, none", AT(trust),
     trust_modes},
    FLAG('m', "monitor", monitor, "show what the board says afterwards"),
    END,
};

static const char *const eol_modes[] = {"lf", "crlf", "cr", NULL};

static const struct cli_option monitor_options[] = {
    VALUE('b', "baud", CLI_COUNT, CLI_WITH_NOTHING, "N", baud,
          "bits a second; 9600, or the project's monitor_speed"),
    VALUE(0, "expect", CLI_TEXT, CLI_WITH_NOTHING, "RE", expect,
          "end with success at a line that matches (Perl's regular expressions)"),
    VALUE(0, "fail-on", CLI_TEXT, CLI_WITH_NOTHING, "RE", fail_on,
          "end with status 1 at a line that matches"),
    VALUE(0, "timeout", CLI_SECONDS, CLI_WITH_NOTHING, "S", timeout_ms,
          "end with status 10 after that long"),
    FLAG(0, "no-input", no_input, "send nothing to the board"),
    {"eol", 0, CLI_CHOICE, CLI_WITH_NOTHING, "END",
     "what the Enter key sends: lf, crlf (as it is otherwise) or cr", AT(eol), eol_modes},
    FLAG(0, "echo", echo, "show what is typed"),
    END,
};

static const struct cli_option active_options[] = {
    FLAG('a', "active", active, "leave out those that have ended"),
    END,
};

static const struct cli_option show_options[] = {
    FLAG('t', "timing", timing, "show where the time went instead"),
    END,
};

static const struct cli_option sync_options[] = {
    FLAG('u', "upgrade", upgrade, "take the newest versions that fit, whatever jig.lock says"),
    END,
};

static const struct cli_option detach_options[] = {
    FLAG(0, "detach", detach, "print the operation's id and leave it running"),
    END,
};

static const struct cli_option no_start_options[] = {
    FLAG(0, "no-start", no_start, "when the daemon isn't running, say so and start none"),
    END,
};

static const struct cli_option stop_options[] = {
    FLAG('f', "force", force, "cancel what is running and end serial sessions"),
    END,
};

static const struct cli_option gc_options[] = {
    FLAG('a', "all", all, "everything that may go, whatever the budgets are"),
    FLAG('n', "dry-run", dry_run, "only count what would go"),
    END,
};

static const struct cli_option verify_options[] = {
    FLAG(0, "repair", repair, "remove what is damaged, so that it is fetched anew"),
    END,
};

static const struct cli_option logs_options[] = {
    VALUE('n', "lines", CLI_COUNT, CLI_WITH_NOTHING, "N", lines, "how many lines; 200 otherwise"),
    END,
};

static const char *const extract_modes[] = {"file",    "zip",    "tar",     "tar.gz",
                                            "tar.bz2", "tar.xz", "tar.zst", NULL};

static const struct cli_option add_options[] = {
    VALUE('o', "output", CLI_TEXT, CLI_WITH_FILES, "PATH", output,
          "the pointer's file; .lnk is added where it is missing"),
    {"extract", 0, CLI_CHOICE, CLI_WITH_NOTHING, "FORMAT",
     "the archive's content is meant: zip, tar, tar.gz, tar.bz2, tar.xz, tar.zst", AT(extract),
     extract_modes},
    END,
};

static const struct cli_option check_options[] = {
    FLAG(0, "deep", deep, "read and hash all that is there"),
    END,
};

static const struct cli_option call_options[] = {
    FLAG('l', "list", list, "list the daemon's methods"),
    END,
};

#define OPTIONS(...) ((const struct cli_option *const[]){__VA_ARGS__, NULL})

const struct cli_group cli_groups[] = {
    {"devices", "Boards: what is connected"},
    {"lnk", "Resource pointers: .lnk files that stand for bytes kept elsewhere"},
    {"packages", "Cores, tools and libraries"},
    {"ops", "Operations: builds and deploys, running and ended"},
    {"cache", "The disk cache"},
    {"daemon", "The daemon itself"},
    {NULL, NULL},
};

const struct cli_command cli_commands[] = {
    {NULL, "build", "[DIR]", 0, 1, CLI_WITH_FOLDERS, "Build a project",
     "DIR holds a platformio.ini or a sketch; it is the current folder otherwise. Without -e, the\n"
     "project's default environments are built one after another. Interrupting jig cancels the\n"
     "build.",
     OPTIONS(project_options, place_options, jobs_options, work_options, build_options), cli_build},
    {NULL, "deploy", "[DIR]", 0, 1, CLI_WITH_FOLDERS, "Build a project and put it on a board",
     "Without -d, the one connected board that fits the project is taken. With --image, files are\n"
     "flashed without a project. The monitor's options go with --monitor.",
     OPTIONS(device_options, project_options, place_options, jobs_options, work_options,
             deploy_options, monitor_options),
     cli_deploy},
    {NULL, "monitor", "", 0, 0, CLI_WITH_NOTHING, "Show what a board says, and talk to it",
     "What the board sends goes to standard output as it comes. What is typed, or comes through a\n"
     "pipe, goes to the board. Ctrl-] and Ctrl-C end it.",
     OPTIONS(device_options, monitor_options), cli_monitor},
    {NULL, "project", "[DIR]", 0, 1, CLI_WITH_FOLDERS, "Say what a project's files say, resolved",
     NULL, OPTIONS(project_options), cli_project},
    {"devices", "list", "", 0, 0, CLI_WITH_NOTHING, "List the boards", NULL,
     OPTIONS(no_start_options), cli_devices_list},
    {"devices", "show", "DEVICE", 1, 1, CLI_WITH_DEVICES, "Show one board", NULL, NULL,
     cli_devices_show},
    {"devices", "watch", "", 0, 0, CLI_WITH_NOTHING, "Report boards as they come and go", NULL,
     NULL, cli_devices_watch},
    {"lnk", "add", "URL", 1, 1, CLI_WITH_NOTHING, "Write a pointer to what a URL gives",
     "The URL is downloaded once, for its hash and size. Without -o the file is named after the "
     "URL,\n"
     "in the current folder. A pointer to the same URL is written anew; anything else is left "
     "alone.",
     OPTIONS(add_options), cli_lnk_add},
    {"lnk", "pull", "[DIR]", 0, 1, CLI_WITH_FOLDERS, "Get what a project's pointers stand for",
     "What the cache does not have is fetched; all of it is put below the build folder, where "
     "builds\n"
     "find it as if it stood beside the pointers.",
     OPTIONS(jobs_options, place_options), cli_lnk_pull},
    {"lnk", "check", "[DIR]", 0, 1, CLI_WITH_FOLDERS, "Say how a project's pointers stand",
     "Nothing is fetched or changed. The exit status is 0 when all contents are here; those whose\n"
     "URLs were never seen to give them are marked as unproven.",
     OPTIONS(check_options, place_options), cli_lnk_check},
    {"packages", "update", "", 0, 0, CLI_WITH_NOTHING, "Fetch the package indexes that changed",
     "The indexes are Arduino's own and those that jigd.conf names. What cannot be fetched stays "
     "as\n"
     "it is.",
     OPTIONS(detach_options), cli_packages_update},
    {"packages", "install", "core|lib NAME...", 2, 8, CLI_WITH_NOTHING,
     "Install cores or libraries, and what they need",
     "A core is VENDOR:ARCH or VENDOR:ARCH@VERSION, a library NAME or NAME@VERSION; VERSION may "
     "be\n"
     "a range, ^1.2. A library may also be the URL of a git repository (#TAG behind it) or of an\n"
     "archive (#sha256=HASH behind it). Versions stand side by side.",
     OPTIONS(detach_options), cli_packages_install},
    {"packages", "list", "[core|lib|tool]", 0, 1, CLI_WITH_NOTHING, "List what is installed", NULL,
     NULL, cli_packages_list},
    {"packages", "remove", "core|lib|tool NAME...", 2, 8, CLI_WITH_NOTHING,
     "Remove what is installed",
     "Without a version, all versions go. Tools go with the last core that needs them.",
     OPTIONS(detach_options), cli_packages_remove},
    {"packages", "sync", "[DIR]", 0, 1, CLI_WITH_FOLDERS,
     "Install what a project needs, and write its jig.lock",
     "jig.lock says which packages, by version and hash, each environment is built with; builds\n"
     "obey it. Versions that it has stay as long as they fit.",
     OPTIONS(project_options, sync_options, detach_options), cli_packages_sync},
    {"ops", "list", "", 0, 0, CLI_WITH_NOTHING, "List the operations, newest first", NULL,
     OPTIONS(active_options), cli_ops_list},
    {"ops", "show", "ID", 1, 1, CLI_WITH_NOTHING, "Show one operation", NULL, OPTIONS(show_options),
     cli_ops_show},
    {"ops", "follow", "ID", 1, 1, CLI_WITH_NOTHING, "Show what an operation does until it ends",
     "The exit status is that of the operation. Interrupting jig leaves the operation running.",
     NULL, cli_ops_follow},
    {"ops", "cancel", "ID", 1, 1, CLI_WITH_NOTHING, "End an operation",
     "Returns once the operation has ended.", NULL, cli_ops_cancel},
    {"cache", "stats", "", 0, 0, CLI_WITH_NOTHING, "Say what is in the disk cache", NULL,
     OPTIONS(no_start_options), cli_cache_stats},
    {"cache", "gc", "", 0, 0, CLI_WITH_NOTHING, "Remove what is past the budgets",
     "What was used longest ago goes first; what is in use or pinned stays.", OPTIONS(gc_options),
     cli_cache_gc},
    {"cache", "verify", "", 0, 0, CLI_WITH_NOTHING, "Read everything, and say what is damaged",
     "The exit status is 11 when something damaged is left.", OPTIONS(verify_options),
     cli_cache_verify},
    {"cache", "pin", "ENTRY", 1, 1, CLI_WITH_NOTHING, "Keep an entry, whatever the budgets say",
     "ENTRY is a blob's SHA-256, or KIND/NAME/VERSION of what is installed.", NULL, cli_cache_pin},
    {"cache", "unpin", "ENTRY", 1, 1, CLI_WITH_NOTHING, "Let an entry go again", NULL, NULL,
     cli_cache_unpin},
    {"daemon", "start", "", 0, 0, CLI_WITH_NOTHING, "Start the daemon, if it isn't running", NULL,
     NULL, cli_daemon_start},
    {"daemon", "stop", "", 0, 0, CLI_WITH_NOTHING, "End the daemon and wait until it is gone",
     "Refused while somebody's work would be lost, unless forced.", OPTIONS(stop_options),
     cli_daemon_stop},
    {"daemon", "status", "", 0, 0, CLI_WITH_NOTHING, "Say what the daemon is and does", NULL,
     OPTIONS(no_start_options), cli_daemon_status},
    {"daemon", "stats", "", 0, 0, CLI_WITH_NOTHING, "Show the daemon's counters and times", NULL,
     OPTIONS(no_start_options), cli_daemon_stats},
    {"daemon", "logs", "", 0, 0, CLI_WITH_NOTHING, "Show the newest lines of the daemon's log",
     NULL, OPTIONS(logs_options, no_start_options), cli_daemon_logs},
    {NULL, "call", "METHOD [JSON]", 0, 2, CLI_WITH_METHODS, "Call any method by name, as JSON",
     "METHOD is ListDevices, DeviceService/ListDevices or /jig.v1.DeviceService/ListDevices. JSON\n"
     "is the request in proto3's JSON form, {} otherwise; - reads it from standard input.",
     OPTIONS(call_options, no_start_options), cli_call},
    {NULL, "help", "[COMMAND]", 0, 2, CLI_WITH_COMMANDS, "Say more about a command", NULL, NULL,
     cli_help},
    {NULL, "completion", "bash|zsh", 1, 1, CLI_WITH_NOTHING,
     "Print the shell's completion of this command line",
     "bash: source <(jig completion bash)\n"
     "zsh:  jig completion zsh > \"${fpath[1]}/_jig\"",
     NULL, cli_completion},
    {0},
};

const struct cli_command *cli_command_find(const char *group, const char *name)
{
    for (const struct cli_command *c = cli_commands; c->name != NULL; c++) {
        bool same_group =
            group == NULL ? c->group == NULL : c->group != NULL && strcmp(c->group, group) == 0;
        if (same_group && strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

const struct cli_group *cli_group_find(const char *name)
{
    for (const struct cli_group *g = cli_groups; g->name != NULL; g++) {
        if (strcmp(g->name, name) == 0)
            return g;
    }
    return NULL;
}

void cli_command_words(const struct cli_command *command, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", command->group != NULL ? command->group : "",
             command->group != NULL ? " " : "", command->name);
}
