#include "emulators/uno/chip.h"

#include <avr_eeprom.h>
#include <avr_flash.h>
#include <sim_core.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "emulators/common/say.h"

/* Every address that a program can form. Of data: 16 bits. Of flash: 24, since simavr runs ELPM
 * although this chip lacks it; and the rest of what begins at the last one. */
#define DATA_ADDRESSES  65536
#define FLASH_ADDRESSES ((1 << 24) + EMU_CHIP_PAGE_SIZE)

/* Registers of the ATmega328P, as addresses in data space (data sheet, "Register Summary"). */
#define REG_SPMCSR 0x57
#define SPMEN      (1 << 0)
#define PGERS      (1 << 1)
#define PGWRT      (1 << 2)
#define REG_ZL     30
#define REG_ZH     31

struct emu_chip {
    avr_io_t io; /* first: simavr hands this back to the callbacks below */
    avr_t *avr;
    uint8_t *eeprom;
    uint32_t boot_start;
    uint64_t run_until;
    uint64_t faults;
    uint64_t resets;
    uint64_t line_resets;
    emu_chip_reset_fn *on_reset;
    void *on_reset_ctx;
};

/* Ends a sleep or a run of instructions at the slice's end: it need do nothing itself. */
static avr_cycle_count_t slice_over(avr_t *avr, avr_cycle_count_t when, void *param)
{
    (void)avr;
    (void)when;
    (void)param;
    return 0;
}

/* A reset forgets the timers and goes back to one instruction at a time. */
static void begin_slice(struct emu_chip *c)
{
    avr_t *avr = c->avr;
    avr->run_cycle_limit = EMU_CHIP_HZ;
    if (c->run_until > avr->cycle)
        avr_cycle_timer_register(avr, c->run_until - avr->cycle, slice_over, c);
}

static void chip_was_reset(avr_io_t *io)
{
    struct emu_chip *c = (struct emu_chip *)io;
    c->resets++;
    begin_slice(c);
    if (c->on_reset != NULL)
        c->on_reset(c->on_reset_ctx);
}

static void erase_page(struct emu_chip *c, uint32_t at)
{
    memset(c->avr->flash + at / EMU_CHIP_PAGE_SIZE * EMU_CHIP_PAGE_SIZE, 0xff, EMU_CHIP_PAGE_SIZE);
}

/* Comes before simavr's own handling of SPM, which follows when this answers -1. */
static int chip_ioctl(avr_io_t *io, uint32_t ctl, void *param)
{
    (void)param;
    if (ctl != AVR_IOCTL_FLASH_SPM)
        return -1;
    struct emu_chip *c = (struct emu_chip *)io;
    uint8_t *data = c->avr->data;
    uint32_t z = (uint32_t)(data[REG_ZH] << 8 | data[REG_ZL]);
    bool changes_flash = (data[REG_SPMCSR] & (PGERS | PGWRT)) != 0;
    bool allowed = c->avr->pc >= c->boot_start && (!changes_flash || z < c->boot_start);
    if (allowed && (data[REG_SPMCSR] & PGERS) == 0)
        return -1;
    if (allowed && (data[REG_SPMCSR] & SPMEN) != 0)
        erase_page(c, z); /* simavr would erase from z on, not from the page's start */
    data[REG_SPMCSR] &= (uint8_t)~SPMEN;
    return 0;
}

/* simavr's own log. Its errors are the emulated program's: counted, and said as long as one may. */
__attribute__((format(printf, 3, 0))) static void hear_simavr(avr_t *avr, const int level,
                                                              const char *format, va_list ap)
{
    if (level > LOG_ERROR || (avr != NULL && avr->log < level))
        return;
    char line[256];
    vsnprintf(line, sizeof line, format, ap);
    line[strcspn(line, "\r\n")] = '\0';
    emu_note("simavr: %s", line);
}

static void sleep_elsewhere(avr_t *avr, avr_cycle_count_t cycles)
{
    (void)avr; /* emu_pace sleeps for the whole slice */
    (void)cycles;
}

/* Room for wild addresses; what the kernel never sees touched costs nothing. */
static bool widen(avr_t *avr)
{
    uint8_t *flash = calloc(1, FLASH_ADDRESSES);
    uint8_t *data = calloc(1, DATA_ADDRESSES);
    if (flash == NULL || data == NULL) {
        free(flash);
        free(data);
        return false;
    }
    memset(flash, 0xff, EMU_CHIP_FLASH_SIZE);
    free(avr->flash);
    free(avr->data);
    avr->flash = flash;
    avr->data = data;
    return true;
}

bool emu_chip_new(struct emu_chip **ret)
{
    avr_global_logger_set(hear_simavr);
    struct emu_chip *c = calloc(1, sizeof *c);
    if (c == NULL)
        return emu_fail("out of memory");
    *ret = c;
    c->avr = avr_make_mcu_by_name("atmega328p");
    if (c->avr == NULL || avr_init(c->avr) != 0 || !widen(c->avr))
        return emu_fail("simavr cannot make an ATmega328P");
    avr_t *avr = c->avr;
    avr->frequency = EMU_CHIP_HZ;
    avr->vcc = avr->avcc = avr->aref = 5000;
    avr->sleep = sleep_elsewhere;
    avr->log = LOG_ERROR;
    avr_eeprom_desc_t eeprom = {.offset = 0, .size = EMU_CHIP_EEPROM_SIZE};
    if (avr_ioctl(avr, AVR_IOCTL_EEPROM_GET, &eeprom) == -2 || eeprom.ee == NULL)
        return emu_fail("this simavr does not give its EEPROM");
    c->eeprom = eeprom.ee;
    c->boot_start = EMU_CHIP_FLASH_SIZE;
    c->io = (avr_io_t){.kind = "jig", .reset = chip_was_reset, .ioctl = chip_ioctl};
    avr_register_io(avr, &c->io);
    return true;
}

avr_t *emu_chip_avr(struct emu_chip *c)
{
    return c->avr;
}

uint8_t *emu_chip_flash(struct emu_chip *c)
{
    return c->avr->flash;
}

uint8_t *emu_chip_eeprom(struct emu_chip *c)
{
    return c->eeprom;
}

bool emu_chip_burn_bootloader(struct emu_chip *c, const uint8_t *image, size_t size)
{
    if (size != 512 && size != 1024 && size != 2048 && size != 4096)
        return emu_fail("the bootloader has %zu bytes; a boot section has 512, 1024, 2048 or 4096",
                        size);
    c->boot_start = EMU_CHIP_FLASH_SIZE - (uint32_t)size;
    memcpy(c->avr->flash + c->boot_start, image, size);
    c->avr->reset_pc = c->boot_start;
    return true;
}

uint32_t emu_chip_boot_start(const struct emu_chip *c)
{
    return c->boot_start;
}

void emu_chip_on_reset(struct emu_chip *c, emu_chip_reset_fn *fn, void *ctx)
{
    c->on_reset = fn;
    c->on_reset_ctx = ctx;
}

void emu_chip_power_on(struct emu_chip *c)
{
    avr_reset(c->avr);
    avr_regbit_set(c->avr, c->avr->reset_flags.porf);
    c->resets = 0;
}

void emu_chip_reset(struct emu_chip *c)
{
    avr_reset(c->avr);
    c->avr->run = avr_callback_run_raw; /* a watchdog about to bite has been forestalled */
    avr_regbit_set(c->avr, c->avr->reset_flags.extrf);
    c->line_resets++;
}

/* Asleep for good, but time passes: timers run, and the watchdog may bite. */
static void run_halted(struct emu_chip *c)
{
    avr_t *avr = c->avr;
    avr_cycle_count_t step = avr_cycle_timer_process(avr);
    if (avr->run != avr_callback_run_raw)
        avr_run(avr);
    else
        avr->cycle += step == 0 ? 1 : step;
}

void emu_chip_run(struct emu_chip *c, uint64_t cycles)
{
    avr_t *avr = c->avr;
    c->run_until += cycles;
    begin_slice(c);
    while (avr->cycle < c->run_until) {
        if (avr->state == cpu_Done) {
            run_halted(c);
            continue;
        }
        avr_run(avr);
        if (avr->state == cpu_Crashed) {
            c->faults++;
            avr->state = cpu_Running;
        }
    }
}

static const char *state_name(const avr_t *avr)
{
    switch (avr->state) {
    case cpu_Sleeping:
        return "sleeping";
    case cpu_Done:
        return "halted";
    default:
        return "running";
    }
}

struct emu_chip_status emu_chip_status(const struct emu_chip *c)
{
    return (struct emu_chip_status){
        .state = state_name(c->avr),
        .pc = c->avr->pc,
        .cycles = c->avr->cycle,
        .resets = c->resets,
        .watchdog_resets = c->resets - c->line_resets,
        .faults = c->faults,
    };
}
