#include "client/cli/place.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *cli_absolute(const char *path)
{
    if (path[0] == '/')
        return strdup(path);
    char *here = getcwd(NULL, 0);
    if (here == NULL)
        return NULL;
    char *whole = NULL;
    bool itself = path[0] == '\0' || strcmp(path, ".") == 0;
    if (itself)
        return here;
    if (asprintf(&whole, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path) < 0)
        whole = NULL;
    free(here);
    return whole;
}

static bool make_absolute(struct cli *cli, const char *path, char **ret, int *ret_exit)
{
    *ret = cli_absolute(path);
    if (*ret != NULL)
        return true;
    *ret_exit = cli_fail_with(cli, JIG_STATUS_NOT_FOUND, JIG_CAUSE_NONE, NULL,
                              "cannot tell where '%s' is: %s", path, strerror(errno));
    return false;
}

bool cli_place_init(struct cli_place *place, struct cli *cli, int *ret_exit)
{
    const struct cli_options *o = &cli->options;
    const char *build = o->build_directory != NULL ? o->build_directory : getenv("JIG_BUILD_DIR");
    *place = (struct cli_place){.selector = {.environment = o->environment, .fqbn = o->fqbn}};
    const char *directory = o->argument_count > 0 ? o->arguments[0] : ".";
    bool ok = make_absolute(cli, directory, &place->directory, ret_exit);
    if (ok && build != NULL && build[0] != '\0')
        ok = make_absolute(cli, build, &place->build_directory, ret_exit);
    if (!ok) {
        cli_place_release(place);
        return false;
    }
    place->selector.directory = place->directory;
    place->selector.build_directory = place->build_directory;
    return true;
}

void cli_place_release(struct cli_place *place)
{
    free(place->directory);
    free(place->build_directory);
    *place = (struct cli_place){0};
}
