/*
 * size.h - how much of the board a program takes, by the platform's own regular expressions.
 *
 * recipe.size.pattern is run; recipe.size.regex, .data and .eeprom are matched against each line of
 * what it prints (PCRE2, multi-line), and the numbers in their groups are added up. The limits are
 * upload.maximum_size and upload.maximum_data_size. Source: the Arduino platform specification,
 * "Recipes to compute binary sketch size".
 */
#ifndef JIG_BUILD_SIZE_H
#define JIG_BUILD_SIZE_H

#include <stdint.h>

#include "core/arduino/props.h"
#include "core/base/err.h"

struct jig_size {
    int64_t flash_bytes;  /* -1 when the platform has no way to tell */
    int64_t flash_max;    /* 0 when the platform does not say */
    int64_t ram_bytes;    /* as above */
    int64_t ram_max;      /* as above */
    int64_t eeprom_bytes; /* as above */
};

/* INVALID_ARGUMENT for a regular expression that PCRE2 refuses. */
enum jig_code jig_size_read(const struct jig_props *props, const char *printed,
                            struct jig_size *ret, struct jig_err *reterr) JIG_CHECKED;

/* FAILED_PRECONDITION (reason BUILD_FAILED) when it does not fit, saying by how much. */
enum jig_code jig_size_check(const struct jig_size *size, const char *fqbn,
                             struct jig_err *reterr) JIG_CHECKED;

#endif
