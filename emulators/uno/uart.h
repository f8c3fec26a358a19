/*
 * uart.h - the ATmega328P's USART0, wired to a line.
 *
 * simavr's USART keeps the time of each byte and has a receive queue of 63. Bytes go into it as
 * long as it has room and the receiver is on; otherwise they wait in the line, and so a program
 * that reads at its own pace loses none (a real USART holds two). While the receiver is off they
 * are lost
 * (`lost`), as on a wire.
 *
 * When the client's speed and the USART's differ by more than 4 % both sides get what such a line
 * gives: see resample.h. (5 to 9 data bits and parity change the timing only.)
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_UNO_UART_H
#define JIG_EMULATORS_UNO_UART_H

#include "emulators/common/line.h"
#include "emulators/uno/chip.h"

struct emu_uart;

/* Borrows both. False, with a message on stderr, when simavr has no such USART. */
bool emu_uart_new(struct emu_chip *chip, struct emu_line *line, struct emu_uart **ret);
void emu_uart_free(struct emu_uart *u); /* after the chip no longer runs; NULL is fine */

void emu_uart_chip_was_reset(struct emu_uart *u);

/* Between slices: passes on what the line heard, or loses it if the receiver is off. */
void emu_uart_poll(struct emu_uart *u);

uint32_t emu_uart_baud(const struct emu_uart *u); /* as configured now */
uint64_t emu_uart_lost(const struct emu_uart *u); /* bytes from clients that no receiver took */

#endif
