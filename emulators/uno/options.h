/*
 * options.h - the command line of jig-emulator-uno.
 */
#ifndef JIG_EMULATORS_UNO_OPTIONS_H
#define JIG_EMULATORS_UNO_OPTIONS_H

#include <stdbool.h>

/* Strings are borrowed from argv; NULL where not given. */
struct uno_options {
    const char *flash;
    const char *eeprom;
    const char *bootloader;
    const char *link;
    const char *control;
    bool reset_on_open;
    bool exit_with_stdin;
};

/* False when the program is to end at once with *ret_exit: after --help, --version or a mistake. */
bool uno_options_parse(int argc, char **argv, struct uno_options *ret, int *ret_exit);

#endif
