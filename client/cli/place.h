/*
 * place.h - the words on the command line that name places: folders, files, projects.
 */
#ifndef JIG_CLI_PLACE_H
#define JIG_CLI_PLACE_H

#include <jig/types.h>

#include "client/cli/cli.h"

/* The path, seen from the current folder, absolute; links and ".." stay as they are. The caller
 * frees. NULL when there is no current folder, or no memory. */
char *cli_absolute(const char *path);

/* Which project the command means. */
struct cli_place {
    struct jig_project_selector selector;
    char *directory; /* owned */
    char *build_directory;
};

/* False with *ret_exit set, the error told. */
bool cli_place_init(struct cli_place *place, struct cli *cli, int *ret_exit);
void cli_place_release(struct cli_place *place);

#endif
