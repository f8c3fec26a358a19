/*
 * stat_walk.c - the limit that a walk is measured against: stat(2) of a list of paths, in as many
 * threads as there are processors, and nothing else. Prints the microseconds that it took.
 *
 *   stat_walk LIST       one path a line
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MOST_PATHS   1000000
#define MOST_THREADS 64
#define A_BITE       1024

static char *paths[MOST_PATHS];
static size_t count;
static atomic_size_t next;

static void *walk(void *unused)
{
    struct stat st;
    (void)unused;
    for (size_t from = atomic_fetch_add(&next, A_BITE); from < count;
         from = atomic_fetch_add(&next, A_BITE)) {
        for (size_t i = from; i < count && i < from + A_BITE; i++)
            (void)!stat(paths[i], &st);
    }
    return NULL;
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

int main(int argc, char **argv)
{
    pthread_t threads[MOST_THREADS];
    char *line = NULL;
    size_t cap = 0;
    FILE *list = argc == 2 ? fopen(argv[1], "r") : NULL;
    if (list == NULL)
        return 2;
    for (ssize_t n = getline(&line, &cap, list); n > 0 && count < MOST_PATHS;
         n = getline(&line, &cap, list)) {
        line[n - 1] = '\0';
        paths[count++] = strdup(line);
    }
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t wanted = processors > MOST_THREADS ? MOST_THREADS : (size_t)processors;
    double began = now_us();
    size_t started = 0;
    while (started < wanted - 1 && pthread_create(&threads[started], NULL, walk, NULL) == 0)
        started++;
    walk(NULL);
    for (size_t i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    printf("%.0f\n", now_us() - began);
    return 0;
}
