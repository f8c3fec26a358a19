/*
 * view.h - what a person sees of an operation while it runs, and what a script reads of it.
 *
 * With --json each event is a line on stdout. Otherwise diagnostics, warnings and notices go to
 * stderr as they come; on a terminal one line below them shows how far things are, elsewhere each
 * step that ends is a line of its own. What tools print besides is shown with -v, or when the
 * operation fails (the last CLI_VIEW_LOG lines of it).
 *
 *   cli_view_init -> cli_view_event... -> cli_view_draw (after each batch) -> cli_view_release
 */
#ifndef JIG_CLI_VIEW_H
#define JIG_CLI_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jig/types.h>

#include "client/cli/cli.h"

#define CLI_VIEW_LOG  64
#define CLI_VIEW_SEEN 4096 /* diagnostics that are remembered so as not to be shown twice */

struct cli_view {
    const struct cli *cli;
    bool terminal;           /* there is a progress line */
    bool drawn;              /* it is on the screen now */
    char text[256];          /* what it says; "" for nothing */
    int percent;             /* of its bar; -1 for none */
    char phase[32];          /* the last one whose end was shown */
    char *log[CLI_VIEW_LOG]; /* a ring of lines not shown */
    size_t log_next;
    uint64_t seen[CLI_VIEW_SEEN]; /* hashes */
    size_t seen_count;
};

void cli_view_init(struct cli_view *view, const struct cli *cli);
void cli_view_release(struct cli_view *view);

void cli_view_event(struct cli_view *view, const char *operation, const struct jig_event *event);

/* Draws the progress line, if there is one and something to say. */
void cli_view_draw(struct cli_view *view);

/* Takes the progress line off the screen, so that others may write. */
void cli_view_erase(struct cli_view *view);

/* Shows a diagnostic, unless it has been shown. */
void cli_view_diagnostic(struct cli_view *view, const struct jig_diagnostic *diagnostic);

/* A line for a person: "warning: ..." or "note: ..." on stderr. Notes are left out when quiet. */
void cli_view_say(struct cli_view *view, enum jig_severity severity, const char *text);

/* The operation failed: shows the lines that were held back. */
void cli_view_dump_log(struct cli_view *view);

#endif
