/*
 * chip.h - the ATmega328P of an Uno: simavr with its rough edges taken off.
 *
 *      0x0000 +--------------------+
 *             | application        |   flash, 32 KiB
 *      0x7e00 +--------------------+   (with a boot section of 512 bytes)
 *             | bootloader         |   where a reset starts; SPM works from here only
 *      0x7fff +--------------------+
 *
 * What simavr 1.6 does and the chip does not, and what is done about it here:
 *   - wild addresses reach past its arrays: they are given room for every address there is;
 *   - it stops the world at a wild access: counted in `faults`, and the program runs on;
 *   - SLEEP with interrupts off ends it: the chip sleeps on, and the watchdog can still reset it;
 *   - SPM works from anywhere and into the boot section: ignored, as the Uno's lock bits do.
 *
 * Resets: power-on sets PORF, so that optiboot goes straight to the application; the reset line
 * sets EXTRF, so that it waits for an upload; the watchdog's is simavr's own. (ATmega328P data
 * sheet, "MCU Status Register"; optiboot 4.4.)
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_UNO_CHIP_H
#define JIG_EMULATORS_UNO_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sim_avr.h>

#define EMU_CHIP_HZ          16000000
#define EMU_CHIP_FLASH_SIZE  32768
#define EMU_CHIP_EEPROM_SIZE 1024
#define EMU_CHIP_PAGE_SIZE   128

struct emu_chip;

typedef void emu_chip_reset_fn(void *ctx);

/* Erased, with no power yet. False, with a message on stderr, when it cannot. It is there until the
 * process ends, whatever comes back: simavr has no way to free all that it makes. */
bool emu_chip_new(struct emu_chip **ret);

avr_t *emu_chip_avr(struct emu_chip *c);
uint8_t *emu_chip_flash(struct emu_chip *c);  /* EMU_CHIP_FLASH_SIZE bytes */
uint8_t *emu_chip_eeprom(struct emu_chip *c); /* EMU_CHIP_EEPROM_SIZE bytes */

/* Burns `size` bytes as the boot section: 512, 1024, 2048 or 4096, as the fuses can say. */
bool emu_chip_burn_bootloader(struct emu_chip *c, const uint8_t *image, size_t size);
uint32_t emu_chip_boot_start(const struct emu_chip *c);

/* Called at each reset of any kind, before the program's first instruction. */
void emu_chip_on_reset(struct emu_chip *c, emu_chip_reset_fn *fn, void *ctx);

void emu_chip_power_on(struct emu_chip *c);
void emu_chip_reset(struct emu_chip *c); /* a pulse on the reset line */

/* Runs for that many cycles, asleep or awake; what one instruction ran over counts in the next. */
void emu_chip_run(struct emu_chip *c, uint64_t cycles);

struct emu_chip_status {
    const char *state; /* "running", "sleeping", "halted" (asleep with interrupts off) */
    uint32_t pc;       /* in bytes */
    uint64_t cycles;
    uint64_t resets; /* of any kind but power-on */
    uint64_t watchdog_resets;
    uint64_t faults; /* accesses to wild addresses */
};
struct emu_chip_status emu_chip_status(const struct emu_chip *c);

#endif
