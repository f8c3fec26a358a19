/*
 * plan.h - what the parts of one build share. Private to core/build.
 *
 * Made by build.c, then handed through discover.c, sources.c, compile.c and link.c in turn.
 *
 * Threads: one.
 */
#ifndef JIG_BUILD_PLAN_H
#define JIG_BUILD_PLAN_H

#include "core/arduino/preprocess.h"
#include "core/arduino/sketch.h"
#include "core/build/build.h"
#include "core/config/flags.h"

/* A library that takes part, in the order in which it was found. */
struct jig_used_library {
    const struct jig_library *lib; /* borrowed from the request's index */
    struct jig_precompiled precompiled;
};

struct jig_plan {
    struct jig_build_engine *engine;
    const struct jig_build_request *request;
    struct jig_build_result *result;
    struct jig_files *files;     /* the engine's, or a fresh one for a full walk */
    struct jig_toolids *toolids; /* likewise */
    struct jig_runner *runner;
    struct jig_record *record;
    struct jig_vouch *vouch; /* NULL: nothing vouches for anything */
    bool same;               /* all that this build is planned by is as it was in the last look */
    bool skipped;            /* commands that are not in `commands`, as they are the same */
    struct jig_props *props; /* the build's: jig_build_props and more */
    const char *build_dir;
    const char *record_path;
    const char *source_dir; /* the sketch's folder, or PlatformIO's src_dir */
    char *project_name;     /* artifacts are named after it: "Blink.ino", "firmware" */
    bool is_sketch;

    struct jig_sketch *sketch; /* the .ino part; NULL when there is none */
    char *generated;           /* sketch/<name>.ino.cpp in the build folder; NULL without .ino */
    struct jig_merged *merged; /* its tabs as one text; NULL without .ino */
    bool merged_is_new;        /* it is not what the last build left */
    char *guessed;             /* what was taken for the generated text, or NULL */
    struct jig_readlog *log;   /* what was listed and looked for among the libraries */

    struct jig_strv
        own_sources; /* absolute; what is compiled of the project, generated one first */
    struct jig_strv own_objects; /* absolute, one for each */
    struct jig_strv own_steps;   /* how people know them, one for each */

    struct jig_strv embedded_objects; /* absolute */

    struct jig_strv front_includes; /* PlatformIO's include_dir and src_dir */
    struct jig_strv core_includes;  /* the core's folder, and the variant's */
    struct jig_strv lib_includes;
    size_t merged_includes; /* of those, how many there were once the merged tabs were looked at */
    struct jig_used_library *libraries;
    size_t library_count;
    size_t library_cap;

    struct jig_flags flags;     /* build_flags */
    struct jig_flags src_flags; /* build_src_flags */
    struct jig_flags unflags;   /* build_unflags */

    struct jig_strv core_objects; /* in link order */
    bool core_is_archived;
    struct jig_strv variant_objects;
    struct jig_strv library_objects;
    struct jig_strv missing_headers; /* that no library has */
    struct jig_strv commands;        /* compile_commands.json's entries, as JSON objects */
    bool libraries_known;            /* discovery is over: all include paths are there */
    bool commands_only; /* nothing is compiled any more: `commands` is all that is wanted */
};

enum jig_scope { JIG_SCOPE_CORE, JIG_SCOPE_LIBRARY, JIG_SCOPE_PROJECT };

/* The include path for a scope; the caller releases. */
void jig_plan_includes(const struct jig_plan *p, enum jig_scope scope, struct jig_strv *out);

/* An action for a recipe: argv (the tool found), inputs (every word that names a file), "/" as
 * working folder. Outputs are the caller's to add. `extra` goes over the build's properties. */
enum jig_code jig_plan_recipe(const struct jig_plan *p, const char *recipe,
                              const struct jig_props *extra, bool drop_unset, const char *phase,
                              const char *step, struct jig_action **ret,
                              struct jig_err *reterr) JIG_CHECKED;

/* Runs all hooks of one place, "recipe.hooks.core.prebuild", one after another. */
enum jig_code jig_plan_hooks(struct jig_plan *p, const char *place,
                             struct jig_err *reterr) JIG_CHECKED;

/* Waits for everything that was submitted. */
enum jig_code jig_plan_wait(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;

/* compile.c */
struct jig_compile {
    const char *source;
    const char *object;
    const char *utility_dir;           /* one more include folder, last; or NULL */
    const char *utility_twin;          /* and one behind it; or NULL */
    const struct jig_flags *own_flags; /* of the library it belongs to; or NULL */
    enum jig_scope scope;
    const char *step;
    const char *reads; /* the one file that it .incbins, which no dependency file names; or NULL */
};
enum jig_code jig_plan_compile(struct jig_plan *p, const struct jig_compile *c,
                               struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_compile_core(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_compile_libraries(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_compile_own(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;

/* The compile of own_sources.v[index] with the include path as it is now. */
enum jig_code jig_plan_own_action(const struct jig_plan *p, size_t index, struct jig_action **ret,
                                  struct jig_err *reterr) JIG_CHECKED;
/* Begins the compile of own_sources.v[index], as long as nobody else wants to run. False when it
 * was not begun. */
bool jig_plan_guess_compile(struct jig_plan *p, size_t index);
/* The action's last run holds, and is what this action would be: nothing it is planned by changed.
 * `output` names it. NULL when that is not known. Borrowed from the record. */
const struct jig_trace *jig_plan_held(const struct jig_plan *p, const char *output);

/* Adds the project's flags to a compiler's words and takes its unflags out. */
void jig_plan_apply_flags(const struct jig_plan *p, const char *source, enum jig_scope scope,
                          struct jig_strv *argv);

/* Makes the compiler write every header it reads to `depfile`; false when it can't be told to. */
bool jig_plan_ask_for_depfile(struct jig_strv *argv, const char *depfile);

/* sources.c: puts a file, or a folder, of the build folder in its place, unless it is there as it
 * should be. A look (look_only) makes nothing: FAILED_PRECONDITION then. */
enum jig_code jig_plan_put_file(const struct jig_plan *p, const char *path, const void *data,
                                size_t n, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_put_dir(const struct jig_plan *p, const char *dir,
                               struct jig_err *reterr) JIG_CHECKED;

/* sources.c: fills sketch, own_sources and their kin; generates what is derived. */
enum jig_code jig_plan_sources(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
/* After discovery: makes <name>.ino.cpp with its prototypes. */
enum jig_code jig_plan_generate(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
/* The merged tabs before prototypes, beside the generated file: what discovery reads. */
char *jig_plan_merged_path(const struct jig_plan *p);
char *jig_plan_preprocessed_path(const struct jig_plan *p);
/* The sketch's other files in the build folder, copied there a moment ago. */
void jig_plan_fresh_copies(const struct jig_plan *p, struct jig_strv *out);
/* False when the last text of this sketch was not what jig_plan_guess_text had made of it. */
bool jig_plan_guesses_well(const struct jig_plan *p);

/* guess.c: begins the compile of the generated file with what it and the include path will most
 * likely be, while the preprocessor and ctags find that out. Costs nothing but time when wrong. */
void jig_plan_guess(struct jig_plan *p);
/* The generated file's likely text. NULL when there is none. The caller frees. */
char *jig_plan_guess_text(const struct jig_plan *p);
/* Once all libraries are known: for the next build's guess. */
void jig_plan_remember_libraries(struct jig_plan *p);

/* Begins that compile while nobody waits for another tool, as it will be needed for certain; unless
 * a hook comes before it. */
bool jig_plan_begin_compile(struct jig_plan *p, size_t index);

/* discover.c: finds the libraries that the sources include. */
enum jig_code jig_plan_discover(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
/* discover_again.c: a plan that is as the last one: begins to compile the sources of the project
 * that changed, with the include path that there was in the end, before anything else is looked at.
 */
void jig_plan_begin_changed(struct jig_plan *p);
/* Begins the first run of it that discovery will want. */
void jig_plan_begin_preprocess(struct jig_plan *p);
/* The preprocessor's run over the merged tabs, with the includes of all libraries: leaves
 * jig_plan_preprocessed_path(). The tool's own failure is an answer. */
enum jig_code jig_plan_preprocess(struct jig_plan *p, int *ret_status,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Archives `objects`, in their order. */
enum jig_code jig_plan_archive(struct jig_plan *p, const char *archive,
                               const struct jig_strv *objects, const char *phase,
                               struct jig_err *reterr) JIG_CHECKED;

/* embed.c: makes objects of the files that are to be data in the program. */
enum jig_code jig_plan_embed(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;

/* link.c: archives, links, converts, measures. */
enum jig_code jig_plan_archive_core(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
/* Does that before its turn when all objects are there and no hook comes first: while the sketch is
 * being compiled. */
enum jig_code jig_plan_archive_core_early(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_link(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_convert(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_plan_measure(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;

/* compdb.c */
void jig_plan_add_command(struct jig_plan *p, const struct jig_action *a, const char *file);
enum jig_code jig_plan_write_commands(struct jig_plan *p, struct jig_err *reterr) JIG_CHECKED;

#endif
