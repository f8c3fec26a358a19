/*
 * recipe.h - what an upload command says of the image: how it is put on the board, and which files
 * of a folder are its parts.
 *
 *   avrdude -v -patmega328p -carduino -P/dev/ttyACM0 -D -Uflash:w:/b/uno/firmware.hex:i
 *   how:   avrdude, -v, -patmega328p, -carduino, -P<port>, -D, -Uflash:w:<image>.hex:i
 *   files: firmware.hex
 *
 * Threads: no state; a recipe does not change once made.
 */
#ifndef JIG_SERVICE_DEPLOYER_RECIPE_H
#define JIG_SERVICE_DEPLOYER_RECIPE_H

#include "core/base/strv.h"

struct recipe {
    char *how;             /* its words, without what differs from run to run */
    struct jig_strv files; /* that it names, relative to the folder, each once */
};

/* Stands for the port in the words given to recipe_new. */
#define RECIPE_PORT "<port>"

/* The words for an image that lies in `dir` (absolute), its files being named `name`.EXTENSION. A
 * folder that is named as a whole has all the files that lie in it. */
struct recipe *recipe_new(const struct jig_strv *argv, const char *dir, const char *name);
struct recipe *recipe_copy(const struct recipe *r);
void recipe_free(void *recipe);

#endif
