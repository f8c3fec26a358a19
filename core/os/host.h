/*
 * host.h - what this program was built for, in the words that GNU triplets use.
 *
 * Threads: no state; any thread.
 */
#ifndef JIG_OS_HOST_H
#define JIG_OS_HOST_H

struct jig_host {
    const char *cpu;    /* "x86_64", "i686", "aarch64", "arm", "riscv64"; "unknown" */
    const char *system; /* "linux", "darwin", "mingw32"; "unknown" */
};

struct jig_host jig_host_own(void);

#endif
