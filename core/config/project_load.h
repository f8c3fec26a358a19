/*
 * project_load.h - the two ways in which a jig_project is filled. Private to core/config.
 */
#ifndef JIG_CONFIG_PROJECT_LOAD_H
#define JIG_CONFIG_PROJECT_LOAD_H

#include "core/config/inputs.h"
#include "core/config/project.h"

/* Both fill p, whose root and maps are set; on failure the caller frees it. */
enum jig_code jig_project_load_pio(struct jig_project *p, const char *file,
                                   const struct jig_project_how *how, struct jig_strv *needs_env,
                                   struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_project_load_sketch(struct jig_project *p, const char *main_file,
                                      struct jig_err *reterr) JIG_CHECKED;

/* A new last environment. Borrowed until the next one is added. */
struct jig_environment *jig_project_add_environment(struct jig_project *p, const char *name);

/* The project takes what the inputs hold. */
void jig_project_take_inputs(struct jig_project *p, struct jig_inputs *in);

#endif
