/*
 * progress.h - what an upload tool's output says about how far it is.
 *
 * Tools draw bars character by character and go back with CR; so a line is looked at whenever a
 * piece of it has come, and again when it ends. What each known tool says is a table of patterns;
 * for an unknown one a plain "37%" is taken.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_FLASH_PROGRESS_H
#define JIG_FLASH_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flash/flash.h"

#define JIG_PROGRESS_LINE_MAX 1024 /* of a line, more is not looked at */
#define JIG_PROGRESS_TAKE_MAX                                                                      \
    (4 << 20) /* of a run: a tool that babbles shall not cost us a core                            \
               */

struct jig_progress_line {
    char text[JIG_PROGRESS_LINE_MAX];
    size_t n;
    bool returned; /* a CR came last: what follows overwrites the line, unless it is LF */
};

struct jig_progress {
    const struct jig_flash_watcher *watcher;
    struct jig_flash_progress now;
    struct jig_flash_progress told;
    bool any;              /* the tool spoke of a phase at all */
    bool may_have_written; /* erasing or writing has begun */
    bool verifies;         /* verifying has begun */
    uint64_t image_bytes;  /* 0: unknown */
    uint64_t written;      /* bytes, as it reports them */
    uint64_t verified;
    int failure;                       /* the most telling row of the failure table, or -1 */
    uint64_t taken;                    /* bytes looked at */
    char last[256];                    /* last line that was not empty */
    char complaint[256];               /* last line that spoke of an error */
    struct jig_progress_line lines[2]; /* of stdout and stderr */
};

void jig_progress_init(struct jig_progress *p, const struct jig_flash_watcher *watcher,
                       uint64_t image_bytes);

/* What the tool wrote: tells the watcher of progress and of each line that has ended. */
void jig_progress_feed(struct jig_progress *p, enum jig_stream stream, const char *data, size_t n);

/* The streams have ended: takes what is left without a line's end. */
void jig_progress_end(struct jig_progress *p);

/* Enters a phase that we know of ourselves. */
void jig_progress_phase(struct jig_progress *p, enum jig_flash_phase phase);

/* What the board may hold when the tool fails now. */
enum jig_flash_state jig_progress_state(const struct jig_progress *p);

#endif
