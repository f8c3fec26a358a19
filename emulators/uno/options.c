#include "emulators/uno/options.h"

#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "emulators/common/say.h"

#define EXIT_USAGE 2

struct row {
    const char *name;
    const char *argument; /* NULL: a flag */
    const char *help;
    size_t offset; /* of the `const char *` or `bool` in uno_options */
    bool flag_value;
};

#define FIELD(name) offsetof(struct uno_options, name)

static const struct row rows[] = {
    {"flash", "FILE", "keep the flash in FILE: 32 KiB, bootloader included", FIELD(flash), false},
    {"eeprom", "FILE", "keep the EEPROM in FILE: 1 KiB", FIELD(eeprom), false},
    {"bootloader", "FILE", "the boot section's bytes, instead of the optiboot that came along",
     FIELD(bootloader), false},
    {"link", "PATH", "make PATH a symbolic link to the port", FIELD(link), false},
    {"control", "PATH", "listen for commands on a unix socket there", FIELD(control), false},
    {"no-reset-on-open", NULL, "do not take the opening of the port for DTR", FIELD(reset_on_open),
     false},
    {"exit-with-stdin", NULL, "end when standard input does", FIELD(exit_with_stdin), true},
    {"help", NULL, "say this", 0, false},
    {"version", NULL, "say the version", 0, false},
};
#define N_ROWS (sizeof rows / sizeof rows[0])

static void help(FILE *out)
{
    fprintf(out, "Usage: %s [OPTION]...\n", program_invocation_short_name);
    fputs("An emulated Arduino Uno: its serial port is a pty, named on standard output.\n\n", out);
    for (size_t i = 0; i < N_ROWS; i++) {
        char name[32];
        snprintf(name, sizeof name, "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
                 rows[i].argument ? rows[i].argument : "");
        fprintf(out, "  %-20s %s\n", name, rows[i].help);
    }
}

static bool end(int status, int *ret_exit)
{
    *ret_exit = status;
    return false;
}

static bool take(const struct row *r, const char *value, struct uno_options *o, int *ret_exit)
{
    if (strcmp(r->name, "help") == 0) {
        help(stdout);
        return end(EXIT_SUCCESS, ret_exit);
    }
    if (strcmp(r->name, "version") == 0) {
        printf("%s %s\n", program_invocation_short_name, JIG_VERSION);
        return end(EXIT_SUCCESS, ret_exit);
    }
    if (r->argument != NULL && value[0] == '\0') {
        emu_fail("--%s wants a %s", r->name, r->argument);
        return end(EXIT_USAGE, ret_exit);
    }
    if (r->argument != NULL)
        *(const char **)((char *)o + r->offset) = value;
    else
        *(bool *)((char *)o + r->offset) = r->flag_value;
    return true;
}

bool uno_options_parse(int argc, char **argv, struct uno_options *ret, int *ret_exit)
{
    *ret = (struct uno_options){.reset_on_open = true};
    struct option longs[N_ROWS + 1] = {0};
    for (size_t i = 0; i < N_ROWS; i++)
        longs[i] = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].argument != NULL ? required_argument : no_argument,
        };
    int at;
    int c;
    while ((c = getopt_long(argc, argv, "", longs, &at)) != -1) {
        if (c != 0) { /* getopt has said why */
            help(stderr);
            return end(EXIT_USAGE, ret_exit);
        }
        if (!take(&rows[at], optarg, ret, ret_exit))
            return false;
    }
    if (optind < argc) {
        emu_fail("'%s' is not an option", argv[optind]);
        return end(EXIT_USAGE, ret_exit);
    }
    return true;
}
