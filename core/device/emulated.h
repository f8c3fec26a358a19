/*
 * emulated.h - boards that are programs: started when they are first used, ended with the daemon.
 *
 *   stopped --start--> starting --its JSON line--> running --exit--> stopped (and the inventory
 * told)
 *                          \--exit, garbage, deadline--> stopped, with an error
 *
 * The program prints one line of JSON on stdout when it is ready: {"port":"/dev/pts/N",...}. Its
 * stdin is a pipe from us and it ends when that closes, so it dies with the daemon even when the
 * daemon is killed. Its flash and EEPROM are files in the state folder, one pair an instance.
 *
 * Threads: any. One thread of our own for each running emulator, which waits for its output.
 */
#ifndef JIG_DEVICE_EMULATED_H
#define JIG_DEVICE_EMULATED_H

#include "core/base/err.h"
#include "core/device/inventory.h"

struct jig_emulators;

struct jig_emulators_spec {
    const char *program;    /* jig-emulator-uno, absolute */
    const char *board;      /* "uno": its instances are emulated:uno, emulated:uno#2, ... */
    const char *fqbn;       /* "arduino:avr:uno" */
    const char *product;    /* "Arduino Uno (emulated)" */
    const char *state_dir;  /* made when missing; holds flash and EEPROM */
    const char *socket_dir; /* made when missing; holds control sockets and links to the ports */
    unsigned most;          /* instances by number; 0: only those that are named */
    int start_ms;           /* how long a start may take; 0: 10 s */
};

#define JIG_EMULATORS_MOST_NAMED 64

/* Offers the board to the inventory. The inventory is borrowed and must outlive the emulators.
 * NOT_FOUND when the program is not there. */
enum jig_code jig_emulators_new(const struct jig_emulators_spec *spec, struct jig_inventory *inv,
                                struct jig_emulators **ret, struct jig_err *reterr) JIG_CHECKED;

/* Offers one instance by name, emulated:<name>, with its flash in a file of the caller's choice
 * (NULL: ours). The name of the board itself sets where the first instance keeps its flash. */
enum jig_code jig_emulators_name(struct jig_emulators *e, const char *name, const char *flash,
                                 struct jig_err *reterr) JIG_CHECKED;

/* The control socket of a running instance, or NULL. The caller frees. */
char *jig_emulators_control(struct jig_emulators *e, const char *id);

/* No start works from now on and every instance is asked to end. Idempotent; does not block. */
void jig_emulators_close(struct jig_emulators *e);
void jig_emulators_free(struct jig_emulators *e); /* closes, waits for them, frees */

#endif
