/*
 * inputs.h - what a load looked at, with the state it was in before it was looked at.
 *
 * Private to core/config: jig_project_input is the public record, jig_project_is_current the use.
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_CONFIG_INPUTS_H
#define JIG_CONFIG_INPUTS_H

#include "core/base/buf.h"
#include "core/base/err.h"
#include "core/config/project.h"

struct jig_inputs {
    struct jig_project_input *v;
    size_t n;
    size_t cap;
    struct jig_map paths; /* those recorded */
};

void jig_inputs_init(struct jig_inputs *in);

void jig_inputs_release(struct jig_inputs *in);

/* Stamps, reads and records a file. A path that was recorded before is read but kept once, with its
 * first stamp: an edit between the two shows. */
enum jig_code jig_inputs_read(struct jig_inputs *in, const char *path, struct jig_buf *out,
                              struct jig_err *reterr) JIG_CHECKED;

/* Records a file by its stamp alone: it was asked whether it is there. */
void jig_inputs_file(struct jig_inputs *in, const char *path);

/* Records that a folder's list of names was used, or that nothing was at this path. */
void jig_inputs_folder(struct jig_inputs *in, const char *path);
void jig_inputs_absent(struct jig_inputs *in, const char *path);

/* Whether the input is as it was. */
bool jig_input_is_current(const struct jig_project_input *input);

#endif
