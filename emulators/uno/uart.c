#include "emulators/uno/uart.h"

#include <avr_uart.h>
#include <stdlib.h>
#include <string.h>

#include "emulators/common/resample.h"
#include "emulators/common/say.h"

/* ATmega328P data sheet, "USART Register Description"; addresses in data space. */
#define REG_UCSR0A 0xc0
#define REG_UCSR0B 0xc1
#define REG_UCSR0C 0xc2
#define REG_UBRR0L 0xc4
#define REG_UBRR0H 0xc5
#define U2X0       (1 << 1)
#define RXEN0      (1 << 4)
#define UCSZ02     (1 << 2)

struct emu_uart {
    avr_t *avr;
    avr_uart_t *sim;
    avr_irq_t *input;
    struct emu_line *line;
    bool full;  /* the receive queue, or the receiver is off */
    bool fresh; /* the chip was reset, and has not run a whole slice since */
    uint64_t lost;
    size_t n_frames; /* of one byte, that still wait for room */
    size_t next_frame;
    struct emu_frame frames[EMU_FRAMES_MAX];
};

static uint32_t bit_cycles(const struct emu_uart *u)
{
    const uint8_t *r = u->avr->data;
    uint32_t divisor = ((uint32_t)(r[REG_UBRR0H] & 0x0f) << 8 | r[REG_UBRR0L]) + 1;
    return divisor * ((r[REG_UCSR0A] & U2X0) != 0 ? 8 : 16);
}

/* Start, data, parity and stop bits. */
static uint32_t frame_bits(const struct emu_uart *u)
{
    const uint8_t *r = u->avr->data;
    uint32_t data = (r[REG_UCSR0B] & UCSZ02) != 0 ? 9 : 5 + (r[REG_UCSR0C] >> 1 & 3u);
    uint32_t parity = (r[REG_UCSR0C] & 0x20) != 0;
    uint32_t stop = (r[REG_UCSR0C] & 0x08) != 0 ? 2 : 1;
    return 1 + data + parity + stop;
}

uint32_t emu_uart_baud(const struct emu_uart *u)
{
    return EMU_CHIP_HZ / bit_cycles(u);
}

/* simavr reckons a parity bit into every frame, and does not see U2X set after the divisor. */
static void correct_timing(struct emu_uart *u)
{
    u->sim->cycles_per_byte = bit_cycles(u) * frame_bits(u);
}

static bool next_frame(struct emu_uart *u, struct emu_frame *ret)
{
    while (u->next_frame == u->n_frames) {
        uint8_t byte;
        if (!emu_line_next(u->line, &byte))
            return false;
        u->next_frame = 0;
        u->n_frames = emu_resample(byte, emu_line_baud(u->line), emu_uart_baud(u), u->frames);
    }
    *ret = u->frames[u->next_frame++];
    return true;
}

static void feed(struct emu_uart *u)
{
    struct emu_frame f;
    while (!u->full && next_frame(u, &f)) {
        correct_timing(u);
        avr_raise_irq(u->input, f.byte | (f.framing_error ? UART_INPUT_FE : 0u));
    }
}

static void on_output(avr_irq_t *irq, uint32_t value, void *ctx)
{
    (void)irq;
    struct emu_uart *u = ctx;
    correct_timing(u); /* simavr times this byte when this returns */
    struct emu_frame out[EMU_FRAMES_MAX];
    size_t n = emu_resample((uint8_t)value, emu_uart_baud(u), emu_line_baud(u->line), out);
    for (size_t i = 0; i < n; i++)
        emu_line_put(u->line, out[i].byte);
}

/* The queue is empty and the receiver on. Comes at every look at an empty receiver. */
static void on_room(avr_irq_t *irq, uint32_t value, void *ctx)
{
    (void)irq;
    struct emu_uart *u = ctx;
    if (value == 0)
        return;
    u->full = false;
    feed(u);
}

static void on_full(avr_irq_t *irq, uint32_t value, void *ctx)
{
    (void)irq;
    struct emu_uart *u = ctx;
    if (value != 0)
        u->full = true;
}

static avr_uart_t *find_uart(avr_t *avr)
{
    for (avr_io_t *io = avr->io_port; io != NULL; io = io->next)
        if (strcmp(io->kind, "uart") == 0)
            return (avr_uart_t *)io;
    return NULL;
}

bool emu_uart_new(struct emu_chip *chip, struct emu_line *line, struct emu_uart **ret)
{
    avr_t *avr = emu_chip_avr(chip);
    avr_uart_t *sim = find_uart(avr);
    struct emu_uart *u = calloc(1, sizeof *u);
    if (u == NULL || sim == NULL) {
        free(u);
        return emu_fail("this simavr has no USART");
    }
    u->avr = avr;
    u->sim = sim;
    u->line = line;
    u->full = u->fresh = true;
    sim->flags = 0; /* neither print lines on the console nor sleep while the program polls */
    const uint32_t uart = AVR_IOCTL_UART_GETIRQ('0');
    u->input = avr_io_getirq(avr, uart, UART_IRQ_INPUT);
    avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUTPUT), on_output, u);
    avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUT_XON), on_room, u);
    avr_irq_register_notify(avr_io_getirq(avr, uart, UART_IRQ_OUT_XOFF), on_full, u);
    *ret = u;
    return true;
}

void emu_uart_free(struct emu_uart *u)
{
    free(u);
}

void emu_uart_chip_was_reset(struct emu_uart *u)
{
    u->full = u->fresh = true;
    u->lost += u->n_frames - u->next_frame;
    u->n_frames = u->next_frame = 0;
}

void emu_uart_poll(struct emu_uart *u)
{
    bool receiving = (u->avr->data[REG_UCSR0B] & RXEN0) != 0;
    struct emu_frame f;
    if (receiving)
        feed(u);
    while (!receiving && !u->fresh && next_frame(u, &f))
        u->lost++;
    u->fresh = false;
}

uint64_t emu_uart_lost(const struct emu_uart *u)
{
    return u->lost;
}
