/*
 * uno.h - one emulated Uno: its parts, and what can be done to it while it runs.
 *
 * DTR, on a real Uno, pulls the reset line down through a capacitor: the edge resets, the level
 * does nothing. Here the port's being open stands for it (unless told otherwise), and the side
 * channel can move it as well.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_UNO_UNO_H
#define JIG_EMULATORS_UNO_UNO_H

#include <stdbool.h>
#include <stdio.h>

#include "emulators/common/control.h"
#include "emulators/common/line.h"
#include "emulators/common/pace.h"
#include "emulators/common/store.h"
#include "emulators/uno/chip.h"
#include "emulators/uno/options.h"
#include "emulators/uno/uart.h"

struct uno {
    struct uno_options options;
    struct emu_chip *chip;
    struct emu_line *line;
    struct emu_uart *uart;
    struct emu_control *control; /* NULL: not asked for */
    struct emu_store flash;
    struct emu_store eeprom;
    struct emu_pace pace;
    bool dtr; /* asserted */
    bool quit;
};

/* Saves flash and EEPROM, then resets by the reset line. */
void uno_reset(struct uno *u);

/* Moves DTR: asserting it resets the board. */
void uno_set_dtr(struct uno *u, bool asserted);

/* Writes flash and EEPROM to their files; false when one cannot be written. */
bool uno_save(struct uno *u);

/* The side channel's commands: an emu_command_fn, with the uno as ctx. See README.md. */
void uno_command(void *ctx, const char *command, FILE *answer);

#endif
