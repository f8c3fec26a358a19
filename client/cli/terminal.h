/*
 * terminal.h - the user's terminal while a board is talked to: each key goes out as it is typed.
 *
 * Ctrl-C and Ctrl-Z keep their meaning. One terminal a process; restoring it is safe in a signal
 * handler and may be done at any time.
 */
#ifndef JIG_CLI_TERMINAL_H
#define JIG_CLI_TERMINAL_H

#include <stdbool.h>

/* False when fd is no terminal, or when this process is in its background. */
bool cli_terminal_begin(int fd);
void cli_terminal_restore(void);

#endif
