/*
 * verify.h - an upload command turned into one that only compares.
 *
 * Platforms say how their tool writes; hardly one says how it verifies. But the tools that can
 * compare without writing are told so by a word or two in the same command, and which these are is
 * a table here, a row a tool:
 *
 *   avrdude ... -D -Uflash:w:blink.hex:i     ->     avrdude ... -D -Uflash:v:blink.hex:i
 *
 * A command with a word that such a rule cannot vouch for (one that erases, one that writes in
 * another spelling) is not turned into anything: then the image is written, which verifies as well.
 *
 * Threads: no state.
 */
#ifndef JIG_FLASH_VERIFY_H
#define JIG_FLASH_VERIFY_H

#include <stdbool.h>

#include "core/base/strv.h"

/* Appends the words of the comparing command; false, with nothing appended, when there is none. */
bool jig_verify_words(const struct jig_strv *upload, struct jig_strv *out);

#endif
