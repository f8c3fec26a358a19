/*
 * props.h - ordered key=value properties, as in platform.txt, boards.txt and library.properties.
 *
 *   # comment                     a line that starts with '#', blanks before it aside
 *   key=value                     both trimmed; the first '=' separates; a value may be empty
 *   key.linux=value               ".linux" is cut from the key: it sets `key` on this system.
 *                                 Keys for other systems (.windows, .macosx) stay as they are
 *
 * Setting a key that exists moves it to the end of the order, as the specification's own reader
 * does: the first menu option of a board is its default, so the order means something.
 *
 * A value is text, or *literal*: a path or a name that some user chose. Text is expanded and split
 * into arguments, quotes and all; a literal value passes through both untouched, whatever blanks,
 * quotes or braces are in it. That is what makes a project path with a quote in it safe.
 *
 * Ceilings: a file of 16 MiB, 64 KiB a line, 262,144 properties, 1 MiB for an expansion. (The
 * largest boards.txt known, esp32's, has some 60,000 lines.)
 *
 * Sources: the Arduino platform specification, "Properties"; the behaviour of
 * go-properties-orderedmap 1.8 (last duplicate wins, text that is not UTF-8 is read as ISO 8859-1,
 * ten rounds of expansion).
 *
 * Threads: a jig_props belongs to one thread while it changes; any number may read one that does
 * not.
 */
#ifndef JIG_ARDUINO_PROPS_H
#define JIG_ARDUINO_PROPS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/base/strv.h"

#define JIG_PROPS_FILE_MAX   (16u << 20) /* bytes */
#define JIG_PROPS_LINE_MAX   (64u << 10) /* bytes */
#define JIG_PROPS_MAX        (256u << 10)
#define JIG_PROPS_EXPAND_MAX (1u << 20) /* bytes */
#define JIG_PROPS_ROUNDS     10

struct jig_props;

struct jig_props *jig_props_new(void);
void jig_props_free(struct jig_props *p);
struct jig_props *jig_props_clone(const struct jig_props *p);
void jig_cleanup_props(struct jig_props **p); /* for JIG_CLEANUP */

void jig_props_set(struct jig_props *p, const char *key, const char *value);
void jig_props_set_literal(struct jig_props *p, const char *key, const char *value);
bool jig_props_remove(struct jig_props *p, const char *key);

/* The value as it was set, unexpanded; NULL when absent. Borrowed, until the key is set again. */
const char *jig_props_get(const struct jig_props *p, const char *key);
const char *jig_props_get_or(const struct jig_props *p, const char *key, const char *otherwise);
bool jig_props_has(const struct jig_props *p, const char *key);
bool jig_props_is_literal(const struct jig_props *p, const char *key);
bool jig_props_true(const struct jig_props *p, const char *key); /* its value is "true" */
size_t jig_props_count(const struct jig_props *p);

/* for (size_t at = 0; jig_props_next(p, &at, &key, &value);) ... in order. `p` must not change. */
bool jig_props_next(const struct jig_props *p, size_t *at, const char **ret_key,
                    const char **ret_value);

/* Sets every property of `from` in p, in from's order. */
void jig_props_merge(struct jig_props *p, const struct jig_props *from);

/* What stands below "prefix.", without it: the subtree "a" of a.b.c=1 is b.c=1. */
struct jig_props *jig_props_subtree(const struct jig_props *p, const char *prefix);

/* The distinct first words of all keys, in order: "uno" of uno.build.mcu. */
void jig_props_first_level(const struct jig_props *p, struct jig_strv *out);

/* Reads text into p, over what is there. `name` is the file's, for messages: a bad line is
 * INVALID_ARGUMENT "NAME:LINE: ...". p may then hold the lines before it. */
enum jig_code jig_props_parse(struct jig_props *p, const char *name, const char *text, size_t n,
                              struct jig_err *reterr) JIG_CHECKED;

/*
 * Replaces each {key} by its value, the innermost first, for up to ten rounds; a {key} that has no
 * value stays. `extra` (may be NULL) is looked at before p. RESOURCE_EXHAUSTED when the result
 * passes 1 MiB. The caller frees *ret.
 */
enum jig_code jig_props_expand(const struct jig_props *p, const struct jig_props *extra,
                               const char *text, char **ret, struct jig_err *reterr) JIG_CHECKED;

/* The expanded value of a key; "" when it is absent. The caller frees *ret. */
enum jig_code jig_props_expand_key(const struct jig_props *p, const char *key, char **ret,
                                   struct jig_err *reterr) JIG_CHECKED;

/* Cuts every "{...}" that is left, shortest match first; in place. */
void jig_props_drop_unexpanded(char *text);

/*
 * For core/arduino/recipe alone: as jig_props_expand, but literal values come out *shielded*, their
 * special characters replaced by byte pairs that no splitter looks at; jig_props_unshield turns one
 * split argument back, in place. jig_props_shield appends one word's shielded form.
 */
enum jig_code jig_props_expand_shielded(const struct jig_props *p, const struct jig_props *extra,
                                        const char *text, char **ret,
                                        struct jig_err *reterr) JIG_CHECKED;
void jig_props_shield(struct jig_buf *out, const char *word);
void jig_props_unshield(char *word);

#endif
