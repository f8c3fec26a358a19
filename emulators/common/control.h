/*
 * control.h - the side channel: a unix stream socket on which a program works what a cable cannot.
 *
 * One command a line, one line of JSON back: {"ok":true,...} or {"ok":false,"error":"..."}. What
 * the commands are is the emulator's affair; this is the socket. It has mode 0600 in a folder that
 * only its owner may enter, and a peer of another user is turned away.
 *
 * Ceilings: EMU_CLIENTS_MAX connections, EMU_COMMAND_MAX bytes a command. A longer line is answered
 * with an error once and skipped; a client that does not read its answers is dropped.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_CONTROL_H
#define JIG_EMULATORS_CONTROL_H

#include <stdbool.h>
#include <stdio.h>

#define EMU_CLIENTS_MAX 8
#define EMU_COMMAND_MAX 256

struct emu_control;

/* Runs one command (printable, without the line's end) and writes one line, without its end. */
typedef void emu_command_fn(void *ctx, const char *command, FILE *answer);

/* Listens at `path`. A socket left behind by a dead emulator is replaced, a live one is not. False,
 * with a message on stderr, when it cannot. */
bool emu_control_new(const char *path, struct emu_control **ret);
void emu_control_free(struct emu_control *c); /* removes the socket; NULL is fine */

/* Serves what is there, without waiting. */
void emu_control_poll(struct emu_control *c, emu_command_fn *run, void *ctx);

/* The answer to a command that fails; `error` is a sentence of ours. */
void emu_answer_error(FILE *answer, const char *error);

#endif
