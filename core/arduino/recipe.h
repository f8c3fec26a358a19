/*
 * recipe.h - from a recipe's pattern to the argument vector of one tool run.
 *
 * A pattern is expanded (props.h) and then split the way the Arduino tools split it: at single
 * blanks; a word that starts with ' or " runs on to the next word that ends with the same quote;
 * quotes inside a word are letters; there is no escape; words that are empty or blank are dropped.
 * Literal values (paths, names, the lists made below) are never split or expanded.
 *
 * Source: the Arduino platform specification, "Recipes"; go-properties-orderedmap's splitter.
 * Threads: no state; any thread, as long as nobody changes the properties.
 */
#ifndef JIG_ARDUINO_RECIPE_H
#define JIG_ARDUINO_RECIPE_H

#include <stdbool.h>

#include "core/arduino/props.h"
#include "core/base/err.h"
#include "core/base/strv.h"

/* True when the key is there and is not empty. */
bool jig_recipe_has(const struct jig_props *p, const char *key);

/*
 * The command of recipe `key`, appended to out. `extra` (may be NULL) goes before p. NOT_FOUND when
 * the recipe is missing, INVALID_ARGUMENT when a quote stays open or no word is left. A {key}
 * without a value stays in the words as it is; `drop_unset` cuts it out instead (arduino-cli does
 * that for the preprocessor alone).
 */
enum jig_code jig_recipe_argv(const struct jig_props *p, const struct jig_props *extra,
                              const char *key, bool drop_unset, struct jig_strv *out,
                              struct jig_err *reterr) JIG_CHECKED;

/* The same for a pattern that stands in no property; `name` is for messages. */
enum jig_code jig_recipe_split(const struct jig_props *p, const struct jig_props *extra,
                               const char *name, const char *pattern, bool drop_unset,
                               struct jig_strv *out, struct jig_err *reterr) JIG_CHECKED;

/* Sets key to a list of words, each one argument whatever is in it, each after `prefix`:
 * ("includes", "-I", dirs), ("object_files", "", objects). */
void jig_recipe_set_words(struct jig_props *p, const char *key, const char *prefix,
                          const struct jig_strv *words);

/* Appends words to a property that holds text: flags of the user's. Each stays one argument. */
void jig_recipe_append_words(struct jig_props *p, const char *key, const struct jig_strv *words);

/* The keys of all recipes that start with `prefix` and end with ".pattern", sorted bytewise, as the
 * specification has it ("pad the number with a zero"): "recipe.hooks.core.prebuild",
 * "recipe.objcopy.". Empty recipes are left out. */
void jig_recipe_find(const struct jig_props *p, const char *prefix, struct jig_strv *out);

/* The recipe that compiles a file with this extension: ".cpp" -> "recipe.cpp.o.pattern"; .cxx and
 * .cc fall back on it. NULL when the extension is none that is compiled. */
const char *jig_recipe_for_source(const struct jig_props *p, const char *ext);

/* Makes recipe.preproc.macros when the platform has none, out of recipe.cpp.o.pattern, as
 * arduino-cli does, and sets preproc.macros.flags when it is missing. */
enum jig_code jig_recipe_preproc(struct jig_props *p, struct jig_err *reterr) JIG_CHECKED;

/* argv[0] as an absolute path that can be run, in place. NOT_FOUND names the tool, the recipe, and
 * the package to install where it is known. */
enum jig_code jig_recipe_find_tool(struct jig_strv *argv, const char *key,
                                   struct jig_err *reterr) JIG_CHECKED;

#endif
