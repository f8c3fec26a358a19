/*
 * play.h - random edits, each followed by a build in a folder that keeps what it learned and by one
 * from scratch in a folder of its own: never a difference.
 *
 * Every other seed's files are watched, and what the watch says of them is all that the next build
 * looks at. A failure prints the seed and the edits that led to it.
 *
 * Threads: one.
 */
#ifndef JIG_TESTS_SUPPORT_PLAY_H
#define JIG_TESTS_SUPPORT_PLAY_H

#include "tests/support/workshop.h"

struct play;

/* What is played with. */
struct play_kind {
    const char *project;   /* the folder, relative to a workshop's */
    const char *artifacts; /* what they are called, without ".elf" and ".hex" */
    void (*begin)(struct play *p);
    void (*edit)(struct play *p);
    int rounds;            /* of edits and builds */
    uint64_t plain_seed;   /* of a short play */
    uint64_t watched_seed; /* likewise; one of those with many builds that know what changed */
};

struct play {
    const struct play_kind *kind;
    struct workshop kept;    /* builds over and over */
    struct workshop scratch; /* has nothing but what it builds now */
    uint64_t random;
    unsigned token;
    struct jig_strv told; /* the edits so far */
    uint64_t seed;
    bool watched;
    uint64_t narrow; /* builds that looked at what changed alone */
    uint64_t planned;
    unsigned flag; /* the kind's own */
};

/* A number below n, which the seed decides. */
unsigned play_below(struct play *p, unsigned n);

/* Notes an edit, for whoever reads a failure. */
void play_tell(struct play *p, const char *what, const char *path);

/* "token000123\n", another one each time, of one size. The caller frees. */
char *play_token(struct play *p);

/* Writes in place, as some editors do, with the same inode; or as others do, by a rename. */
void play_rewrite(struct play *p, const char *path, const char *text);
void play_write(struct play *p, const char *path, const char *text); /* one or the other */

/* Another content of the same size, and the time of the old one. */
void play_edit_behind_the_clock(struct play *p, const char *path);

/* Makes it a link to `target`, an absolute path, which may not be there. */
void play_link(struct play *p, const char *path, const char *target);

/* Cuts a file of the build, or removes it. */
void play_damage(struct play *p, const char *path);

/* Another engine, with or without shared objects. */
void play_restart(struct play *p);

/* Two seeds, or those that JIG_TEST_SEEDS="FROM TO" names, for a longer run by hand. */
void play_seeds(const struct play_kind *kind, const char *dir);

#endif
