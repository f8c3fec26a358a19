/*
 * faults.h - work that is killed, or finds the disk full, at one of its steps.
 *
 * A step is a system call that changes something: those that are wrapped here by the linker
 * (jig_wrap_calls in tests/unit/CMakeLists.txt), and those that a test wraps itself.
 *
 * Threads: one.
 */
#ifndef JIG_TEST_FAULTS_H
#define JIG_TEST_FAULTS_H

#include <stdbool.h>

enum fault { FAULT_NONE, FAULT_KILLED, FAULT_FULL };

/* From here on: SIGKILL right before the at-th step (from 1), or no room from it on. */
void faults_begin(enum fault fault, int at);
/* Nothing happens any more. Returns how many steps there were. */
int faults_end(void);

/* For who wraps a call: true when this step fails for want of room (errno is ENOSPC).
 * `takes_room`: others succeed on a full disk. */
bool faults_step(bool takes_room);

#endif
