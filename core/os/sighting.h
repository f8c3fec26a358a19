/*
 * sighting.h - what a thread sees of the file system and what it writes there, told to whoever
 * listens.
 *
 * An answer that was made from files holds as long as all that was looked at for it is as it was.
 * So what is looked at is told where it is looked at, in core/os/fs, and not listed a second time
 * by those who look: nothing can be forgotten.
 *
 *   jig_observe(&me) ... jig_fs_stamp, _read, _list, _walk, _is_dir, ... each call me.saw ...
 *   jig_observe(before)
 *
 * In the same way, what is known of files holds until somebody writes them. So writes are told
 * where they are made, too, to a listener of their own: by core/os/fs, file, mapping and beneath.
 * What a child writes nobody sees. So whoever starts one says that it writes nothing, or tells what
 * it will write; of any other child it is told that it may write anything (core/os/proc.h). Locks,
 * and times and modes that are set, change no content and are not told.
 *
 * Threads: each thread has listeners of its own; they are called in that thread.
 */
#ifndef JIG_OS_SIGHTING_H
#define JIG_OS_SIGHTING_H

#include <stdbool.h>

#include "core/os/fs.h"

enum jig_sighting_kind {
    JIG_SAW_STAMP, /* what is there, by its stamp: content, names in a folder */
    JIG_SAW_TYPE,  /* whether something is there, and of which type */
    JIG_SAW_REAL,  /* where a path leads, without links */
};

struct jig_sighting {
    enum jig_sighting_kind kind;
    const char *path; /* as it was asked for */
    bool follow;      /* through a link that the path ends in */
    bool there;       /* else the rest means nothing */
    bool checking;    /* seen between jig_observe_checking(true) and (false) */
    struct jig_stamp stamp;
    const char *real; /* JIG_SAW_REAL; else NULL */
};

struct jig_observer {
    void (*saw)(void *ctx, const struct jig_sighting *s);
    void (*ran)(void *ctx, const char *program); /* a child was started */
    void (*doubt)(void *ctx, const char *path); /* what was read here may change behind its stamp */
    void (*unsteady)(void *ctx, const char *what); /* this was used, is no file, and may change */
    void *ctx;
};

/* Tells this thread's looks to `o` (NULL: to nobody) from now on; returns who was told before.
 * Borrowed until the next call. */
const struct jig_observer *jig_observe(const struct jig_observer *o);

/* For core/os: the listener of this thread, or NULL. */
const struct jig_observer *jig_observer(void);

/* Tells this thread's listener of a doubt. */
void jig_observe_doubt(const char *path);

/* Tells it that the answer depends on what no file holds: "the time of day". */
void jig_observe_unsteady(const char *what);

/* Marks this thread's looks from now on as a check whether something that is known still holds,
 * rather than as a way to find out what is to be done; returns what was said before. */
bool jig_observe_checking(bool checking);

/* For core/os. */
bool jig_observer_checks(void);

struct jig_write_observer {
    /* The file is, or may be, another one from here on. `named`: so is the folder that it is in, as
     * a name comes or goes. */
    void (*wrote)(void *ctx, const char *path, bool named);
    void (*wrote_anything)(void *ctx, const char *program); /* a child that may was started */
    void *ctx;
};

/* Tells this thread's writes to `o` (NULL: to nobody) from now on; returns who was told before.
 * Borrowed until the next call. */
const struct jig_write_observer *jig_observe_writes(const struct jig_write_observer *o);

/* For core/os, and for who starts a child that is going to write this. */
void jig_tell_write(const char *path, bool named);

/* For core/os. */
void jig_tell_write_anything(const char *program);

/* Looks at the same thing now, telling nobody. False when it differs from `s` in what its kind is
 * about. */
bool jig_sighting_holds(const struct jig_sighting *s);

/* The same for many, faster when they come sorted by path: the folder of the last one stays open.
 * Starts as JIG_REVIEW_INIT. */
struct jig_review {
    int folder;
    size_t n; /* bytes of its path, without the last slash */
    char path[4096];
};
#define JIG_REVIEW_INIT                                                                            \
    {                                                                                              \
        .folder = -1                                                                               \
    }
bool jig_review_holds(struct jig_review *r, const struct jig_sighting *s);
void jig_review_release(struct jig_review *r);

#endif
