/*
 * state.h - what a project's pointers were made into, and whether that still stands.
 *
 *   <base>/.lnk/              base: where the project's build folders are (.jig/build)
 *     files/data/x.bin        what data/x.bin.lnk points to, mode 0444; a folder for an archive
 *     state                   a row a pointer: what it said and what was made of it
 *     lock                    held by who changes any of this, shared by who builds with it
 *
 * Nothing in files/ is written again: what is to change is made beside it and takes its place. A
 * row holds the stamps of the pointer and of what was made, so that looking at both costs two stats
 * (core/os/fs.h, and with that every look is told, core/os/sighting.h). A stamp that was too young
 * to be believed when it was taken (core/watch/files.h) is not: the pointer is read, the file is
 * hashed. A state that is missing or damaged knows of nothing, and all is made anew.
 *
 * Threads: a jig_lnk_state belongs to one thread at a time. Processes: who changes files/ holds the
 * lock, which its file's content names; the state is replaced as a whole.
 */
#ifndef JIG_LNK_STATE_H
#define JIG_LNK_STATE_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/base/map.h"
#include "core/hash/fingerprint.h"
#include "core/lnk/pointer.h"
#include "core/os/cancel.h"
#include "core/os/fs.h"
#include "core/os/lock.h"

/* Whether this URL was ever seen to give this hash (core/fetch/ledger.h). */
enum jig_lnk_proof {
    JIG_LNK_UNPROVEN, /* not known yet */
    JIG_LNK_PROVEN,
    JIG_LNK_FLAGGED, /* not, and it could not be asked; said so */
};

struct jig_lnk_row {
    char *path;               /* the pointer, relative to the project: "data/x.bin.lnk" */
    struct jig_stamp pointer; /* of the file that it was read from */
    bool pointer_racy;
    struct jig_digest sha256;
    int64_t size; /* of the content (an archive's own), in bytes */
    enum jig_pointer_extract extract;
    struct jig_fingerprint url; /* of its text */
    enum jig_lnk_proof proof;   /* of that URL and this hash */
    /* What was made: a file's stamp, or a tree's names and stamps as one fingerprint. */
    struct jig_stamp made;
    bool made_racy;
    struct jig_fingerprint tree;
    struct jig_digest content; /* of a tree whose stamps were too young: its names and contents */
};

struct jig_lnk_state {
    struct jig_map rows; /* path -> struct jig_lnk_row *, owned */
};

void jig_lnk_state_init(struct jig_lnk_state *s);
void jig_lnk_state_release(struct jig_lnk_state *s);

/* Empty when there is none, or one that cannot be believed. */
void jig_lnk_state_load(struct jig_lnk_state *s, const char *base);
enum jig_code jig_lnk_state_save(const struct jig_lnk_state *s, const char *base,
                                 struct jig_err *reterr) JIG_CHECKED;

void jig_lnk_row_free(void *row);

/* "<base>/.lnk", "<base>/.lnk/files" and a pointer's content there. The caller frees. */
char *jig_lnk_folder(const char *base);
char *jig_lnk_files(const char *base);
char *jig_lnk_made_path(const char *base, const char *pointer);

/*
 * Who reads files/ for longer than a look takes, as compilers do, shares the lock meanwhile: a pull
 * that would change something waits for them, and they for it. What a look said before may be about
 * other files by the time the share is had: so who looks marks first, and asks afterwards.
 *
 *   mark --> look --> ... --> share --> the mark holds --> compile --> release
 *                               ^           '-- it does not: look again --'
 */
enum jig_code jig_lnk_share(struct jig_lock *l, const char *base, const struct jig_until *until,
                            struct jig_err *reterr) JIG_CHECKED;

/* Who had the lock last, by its file's stamp. */
struct jig_lnk_mark {
    struct jig_stamp lock;
    bool sure; /* false: nothing is known, or it was had a moment ago */
};

struct jig_lnk_mark jig_lnk_mark(const char *base);

/* True when nobody has had the lock since. */
bool jig_lnk_mark_holds(const struct jig_lnk_mark *m, const char *base);

/* Fills `made`, `made_racy` and `tree` of a row from what is there now. NOT_FOUND when nothing is,
 * FAILED_PRECONDITION for a folder in place of a file and the like. */
enum jig_code jig_lnk_row_look(struct jig_lnk_row *row, const char *made_path,
                               struct jig_err *reterr) JIG_CHECKED;

/* Whether what the row speaks of is there, as it was made. A young stamp is settled by hashing, and
 * the row then has the one of now. */
bool jig_lnk_row_holds(struct jig_lnk_row *row, const char *made_path);

#endif
