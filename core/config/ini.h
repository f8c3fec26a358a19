/*
 * ini.h - INI text by the rules of Python's configparser, as PlatformIO sets it up.
 *
 * Why not inih: projects rely on rules it does not have. Values run over lines by *indentation* and
 * keep their empty lines; "#" and ";" start a comment after any white space, and the search for
 * them has an order of its own; a section or option twice in one file is an error, over several
 * files a replacement; [DEFAULT] lends its options to every section; %(name)s refers to a
 * neighbour; lines have no length limit. (jigd.conf, which is ours, is read by inih: conf.c.)
 *
 * Rules, source Python 3.11 Lib/configparser.py with inline_comment_prefixes=("#", ";"), strict,
 * BasicInterpolation: tests/differential compares the two.
 *
 * Differences: NUL bytes are refused; option names outside ASCII keep their case.
 *
 * Threads: belongs to one thread while it is filled; read-only afterwards.
 */
#ifndef JIG_CONFIG_INI_H
#define JIG_CONFIG_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/err.h"
#include "core/base/map.h"

#define JIG_INI_FILE_MAX  (4u << 20) /* bytes of one file */
#define JIG_INI_VALUE_MAX (1u << 20) /* bytes of one value after %(...)s */

struct jig_ini_option {
    char *value; /* lines joined by \n, before %(...)s */
    char *file;  /* as it was given to jig_ini_parse */
    unsigned line;
};

struct jig_ini_section {
    char *name;
    char *file;
    unsigned line;
    struct jig_map options; /* lower-case name -> struct jig_ini_option * */
};

struct jig_ini {
    struct jig_map sections;         /* name -> struct jig_ini_section *, in order of first sight */
    struct jig_ini_section defaults; /* [DEFAULT] */
};

void jig_ini_init(struct jig_ini *ini);
void jig_ini_release(struct jig_ini *ini);

/* Reads one file's text over what is there. INVALID_ARGUMENT (JIG_REASON_BAD_PROJECT) with
 * "file:line: ..." for what configparser refuses; ini may then hold a part of it. */
enum jig_code jig_ini_parse(struct jig_ini *ini, const char *file, const char *text, size_t n,
                            struct jig_err *reterr) JIG_CHECKED;

/* NULL when there is no such section ([DEFAULT] is not one). */
const struct jig_ini_section *jig_ini_section(const struct jig_ini *ini, const char *name);

/* An option written in the section or in [DEFAULT]; the name in lower case. NULL when not. */
const struct jig_ini_option *jig_ini_option(const struct jig_ini *ini,
                                            const struct jig_ini_section *section,
                                            const char *name);

/* The option's value with %(...)s resolved. The caller frees *ret. INVALID_ARGUMENT for a lone %,
 * an unknown name, or nesting past ten. */
enum jig_code jig_ini_value(const struct jig_ini *ini, const struct jig_ini_section *section,
                            const char *name, const struct jig_ini_option *option, char **ret,
                            struct jig_err *reterr) JIG_CHECKED;

#endif
