/*
 * lnk_walk.c - the limit that a pull with nothing to do is measured against: a walk that finds the
 * .lnk files below a folder, with fts(3), and nothing else. Prints the microseconds that it took.
 *
 *   lnk_walk FOLDER
 */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t walk(char *folder)
{
    char *paths[] = {folder, NULL};
    size_t found = 0;
    FTS *f = fts_open(paths, FTS_PHYSICAL, NULL);
    if (f == NULL)
        return 0;
    for (FTSENT *e = fts_read(f); e != NULL; e = fts_read(f))
        found += e->fts_info == FTS_F && e->fts_namelen > 4 &&
                 strcmp(e->fts_name + e->fts_namelen - 4, ".lnk") == 0;
    fts_close(f);
    return found;
}

int main(int argc, char **argv)
{
    double begin = now_us();
    if (argc != 2 || walk(argv[1]) == 0) {
        fprintf(stderr, "usage: lnk_walk FOLDER, with pointers in it\n");
        return 2;
    }
    printf("%.0f\n", now_us() - begin);
    return 0;
}
