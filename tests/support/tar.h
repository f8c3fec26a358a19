/*
 * tar.h - archives that tests write themselves: POSIX ustar, not compressed.
 */
#ifndef JIG_TESTS_SUPPORT_TAR_H
#define JIG_TESTS_SUPPORT_TAR_H

#include "core/base/buf.h"

/* One file of mode 0644. */
void tar_add(struct jig_buf *tar, const char *name, const char *text);

/* The archive's end. */
void tar_end(struct jig_buf *tar);

#endif
