#include <string.h>
#include <unistd.h>

#include "emulators/common/say.h"
#include "emulators/uno/uno.h"

static void answer_ok(FILE *answer)
{
    fputs("{\"ok\":true}", answer);
}

static void on_reset(struct uno *u, FILE *answer)
{
    uno_reset(u);
    answer_ok(answer);
}

static void on_dtr_0(struct uno *u, FILE *answer)
{
    uno_set_dtr(u, false);
    answer_ok(answer);
}

static void on_dtr_1(struct uno *u, FILE *answer)
{
    uno_set_dtr(u, true);
    answer_ok(answer);
}

static const char *yes(bool b)
{
    return b ? "true" : "false";
}

static void say_chip(const struct uno *u, FILE *answer)
{
    struct emu_chip_status s = emu_chip_status(u->chip);
    fprintf(answer,
            ",\"state\":\"%s\",\"in\":\"%s\",\"pc\":%u,\"cycles\":%llu,\"hz\":%d,\"resets\":%llu,"
            "\"watchdog_resets\":%llu,\"faults\":%llu,\"lagged_ms\":%lld",
            s.state, s.pc >= emu_chip_boot_start(u->chip) ? "bootloader" : "application", s.pc,
            (unsigned long long)s.cycles, EMU_CHIP_HZ, (unsigned long long)s.resets,
            (unsigned long long)s.watchdog_resets, (unsigned long long)s.faults,
            (long long)(u->pace.lagged_ns / 1000000));
}

static void say_line(const struct uno *u, FILE *answer)
{
    const struct emu_line_counts *n = emu_line_counts(u->line);
    fprintf(answer,
            ",\"open\":%s,\"dtr\":%s,\"baud\":%u,\"line_baud\":%u,\"opens\":%llu,\"heard\":%llu,"
            "\"lost\":%llu,\"said\":%llu,\"unheard\":%llu,\"dropped\":%llu",
            yes(emu_line_is_open(u->line)), yes(u->dtr), emu_uart_baud(u->uart),
            emu_line_baud(u->line), (unsigned long long)n->opens, (unsigned long long)n->heard,
            (unsigned long long)emu_uart_lost(u->uart), (unsigned long long)n->said,
            (unsigned long long)n->unheard, (unsigned long long)n->dropped);
}

static void on_status(struct uno *u, FILE *answer)
{
    fprintf(answer, "{\"ok\":true,\"board\":\"uno\",\"pid\":%d,\"port\":", (int)getpid());
    emu_json_string(answer, emu_line_path(u->line));
    say_chip(u, answer);
    say_line(u, answer);
    fprintf(answer, ",\"saved\":%s}",
            yes(emu_store_is_saved(&u->flash) && emu_store_is_saved(&u->eeprom)));
}

/* CRC-32 as in zlib: reflected, polynomial 0x04c11db7. */
static uint32_t crc32(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static void on_flash(struct uno *u, FILE *answer)
{
    if (!uno_save(u)) {
        emu_answer_error(answer, "the memory could not be written to its file");
        return;
    }
    const uint8_t *flash = emu_chip_flash(u->chip);
    size_t used = emu_chip_boot_start(u->chip);
    while (used > 0 && flash[used - 1] == 0xff)
        used--;
    fprintf(answer, "{\"ok\":true,\"used\":%zu,\"crc32\":\"%08x\"}", used, crc32(flash, used));
}

static void on_quit(struct uno *u, FILE *answer)
{
    u->quit = true;
    answer_ok(answer);
}

static const struct {
    const char *name;
    void (*run)(struct uno *u, FILE *answer);
} commands[] = {
    {"reset", on_reset},   {"dtr 0", on_dtr_0}, {"dtr 1", on_dtr_1},
    {"status", on_status}, {"flash", on_flash}, {"quit", on_quit},
};

void uno_command(void *ctx, const char *command, FILE *answer)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strcmp(command, commands[i].name) == 0) {
            commands[i].run(ctx, answer);
            return;
        }
    }
    emu_answer_error(answer,
                     "unknown command; there are: reset, dtr 0, dtr 1, status, flash, quit");
}
