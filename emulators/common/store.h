/*
 * store.h - memory of a chip that outlives the power: its flash, its EEPROM.
 *
 * The file holds the bare bytes and is always complete under its name: it is written beside
 * (FILE.new), synced and renamed. A lock on FILE.lock, held as long as the store is open, keeps a
 * second emulator away. Without a path the memory lives as long as the emulator.
 *
 * Threads: one.
 */
#ifndef JIG_EMULATORS_STORE_H
#define JIG_EMULATORS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emu_store {
    const char *what;    /* "flash" */
    const char *path;    /* borrowed; NULL: nowhere */
    const uint8_t *live; /* the chip's memory; borrowed */
    size_t size;
    uint8_t *seen;  /* as of the last emu_store_settle */
    uint8_t *saved; /* as in the file */
    bool is_saved;  /* the file holds `saved` */
    bool failing;   /* the last save failed, and that was said */
    int lock;
};

/* Takes the lock and fills `live` from the file if there is one. False, with a message on stderr,
 * when the file is of another size or cannot be read, or another emulator has it. `s` need not be
 * initialised; after a failure it is closed. */
bool emu_store_open(struct emu_store *s, const char *what, const char *path, uint8_t *live,
                    size_t size);

/* Writes the file now if it differs. False when that fails; said once until it works again. */
bool emu_store_save(struct emu_store *s);

/* Called at regular times: saves what has changed, once it has stopped changing. */
void emu_store_settle(struct emu_store *s);

bool emu_store_is_saved(const struct emu_store *s);
void emu_store_close(struct emu_store *s); /* does not save */

#endif
