/*
 * project.h - what a project's own files say, resolved.
 *
 * A project is a folder with a platformio.ini, or a sketch: a folder that holds an .ino of its own
 * name, with or without a sketch.yaml. Both come out as the same thing here: environments in file
 * order, each with its options resolved (inheritance, interpolation, defaults, PLATFORMIO_*
 * overrides), and the project's own options with absolute folders.
 *
 * platformio.ini means what it means to PlatformIO: docs/platformio.md has the rules and the known
 * differences, tests/differential compares the two.
 *
 * A sketch has one environment a profile of sketch.yaml and then one named "sketch", for building
 * without a profile (unless a profile has taken the name). Their options are fqbn, port, protocol,
 * programmer, notes and the lists port_config ("baudrate=9600"), platforms ("arduino:avr (1.8.6)"),
 * platform_index_urls, libraries ("Servo (1.2.0)") and library_dirs (absolute); what a profile does
 * not say about port, port_config, protocol and programmer comes from the file's default_*. The
 * default is default_profile's; without one "sketch", when there is no profile or a default_fqbn;
 * else every profile.
 *
 * Nothing here reads the process environment: variables come from the request through a
 * jig_env_source. A name that the request did not settle ends the load with FAILED_PRECONDITION,
 * JIG_REASON_NEEDS_ENV and the list of such names, so that the caller can ask for them and load
 * again.
 *
 * An environment that cannot be resolved (a bad choice, a dangling ${...}) does not spoil its
 * neighbours: it keeps its error, and jig_project_environment() gives it when it is picked. This is
 * PlatformIO's own behaviour.
 *
 * Ownership: everything belongs to the jig_project and lives until jig_project_free().
 * Threads: a loaded project is read-only; any number of threads may read it.
 */
#ifndef JIG_CONFIG_PROJECT_H
#define JIG_CONFIG_PROJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/map.h"
#include "core/base/strv.h"
#include "core/config/env_source.h"
#include "core/hash/fingerprint.h"
#include "core/os/fs.h"

enum jig_project_kind {
    JIG_PROJECT_PLATFORMIO,
    JIG_PROJECT_SKETCH,
};

enum jig_option_type {
    JIG_OPTION_STRING,
    JIG_OPTION_BOOL, /* values are "true" or "false" */
    JIG_OPTION_INT,  /* values are decimal */
    JIG_OPTION_CHOICE,
    JIG_OPTION_DIR,  /* an absolute path */
    JIG_OPTION_FILE, /* a file that exists; the path is as written */
};

/* One option of one section after inheritance and interpolation. */
struct jig_option {
    char *name; /* as written, in lower case: it may be a legacy name ("src_filter") */
    enum jig_option_type type;
    bool is_list;
    bool is_set;            /* written in a file or given by a variable; else a built-in default */
    struct jig_strv values; /* one, unless is_list; none when the option has no value at all */
    char *raw;              /* after interpolation, before splitting; NULL when none */
    char *section;          /* the section it is written in ("env", "common"); NULL when nowhere */
    char *file;             /* absolute; NULL when it comes from a variable or is a default */
    unsigned line;          /* 1-based; 0 with file NULL */
};

struct jig_environment {
    char *name;
    bool is_default;
    struct jig_map options;   /* name -> struct jig_option *, as PlatformIO lists them */
    struct jig_map defaults;  /* the built-in ones of options that are not set */
    struct jig_strv warnings; /* concern this environment alone; whole sentences */
    struct jig_err *error;    /* NULL, or why it cannot be used */
};

/* Something that the load looked at: when it changes, the project is to be loaded anew. */
struct jig_project_input {
    char *path; /* absolute */
    enum { JIG_INPUT_FILE, JIG_INPUT_FOLDER, JIG_INPUT_ABSENT } kind;
    struct jig_stamp stamp;         /* taken before it was read; zero for JIG_INPUT_ABSENT */
    struct jig_fingerprint content; /* of a file; of a folder's sorted names */
    bool racy;                      /* the stamp was too young to be believed */
};

struct jig_project {
    char *root; /* absolute, without links */
    enum jig_project_kind kind;
    char *file; /* platformio.ini, or the main .ino */
    struct jig_environment *environments;
    size_t n_environments;
    struct jig_map options;   /* of [platformio], as in an environment; every *_dir is absolute */
    struct jig_map defaults;  /* likewise */
    struct jig_strv warnings; /* "option 'foo' in [env:uno] is not known ... (platformio.ini:3)" */
    struct jig_project_input *inputs;
    size_t n_inputs;
    struct jig_map variables; /* name -> value (char *, NULL when unset) of each one asked for */
    int64_t unix_time_s;      /* of the load */
    bool uses_unix_time;      /* ${UNIX_TIME} was expanded: each load differs */
};

/* How to load. */
struct jig_project_how {
    const char *config_file;   /* another platformio.ini (absolute), or NULL */
    struct jig_env_source env; /* with .get NULL every variable counts as unset */
    int64_t unix_time_s;       /* what ${UNIX_TIME} gives */
};

/*
 * Loads the project at `path`: an absolute folder, or a file in it (platformio.ini, the .ino).
 *
 * NOT_FOUND when there is nothing there; INVALID_ARGUMENT with JIG_REASON_BAD_PROJECT, file and
 * line for what is wrong in a file; FAILED_PRECONDITION with JIG_REASON_NEEDS_ENV after appending
 * the missing names to needs_env (which may be NULL). `how` may be NULL.
 */
enum jig_code jig_project_load(const char *path, const struct jig_project_how *how,
                               struct jig_project **ret, struct jig_strv *needs_env,
                               struct jig_err *reterr) JIG_CHECKED;
void jig_project_free(struct jig_project *p);

/* True while everything that the load looked at, variables included, is as it was. Costs one stat
 * an input; young files are read again. `env` is the present request's. */
bool jig_project_is_current(const struct jig_project *p, const struct jig_env_source *env);

/* The names of all PLATFORMIO_* variables (and HOME) that any load may ask for: a client that sends
 * these up front is not asked again, ${sysenv.X} aside. NULL-terminated, static. */
const char *const *jig_project_variables(void);

/* The environment of that name. NOT_FOUND names those there are; an environment's own error is
 * given as it is. */
enum jig_code jig_project_environment(const struct jig_project *p, const char *name,
                                      const struct jig_environment **ret,
                                      struct jig_err *reterr) JIG_CHECKED;

/* The environments to act on when none is named, by PlatformIO's rule: default_envs, else all, in
 * file order. Appends borrowed names' copies. */
void jig_project_default_environments(const struct jig_project *p, struct jig_strv *out);

/* An option by its present name; a legacy spelling in the file is found too. The built-in default
 * counts. NULL when there is no value. */
const struct jig_option *jig_environment_option(const struct jig_environment *e, const char *name);
const struct jig_option *jig_project_option(const struct jig_project *p, const char *name);

/* Typed getters on an option, which may be NULL. Borrowed. */
const char *jig_option_string(const struct jig_option *o); /* a list: its first; NULL when none */
const struct jig_strv *jig_option_list(const struct jig_option *o); /* never NULL */
bool jig_option_bool(const struct jig_option *o, bool otherwise);
int64_t jig_option_int(const struct jig_option *o, int64_t otherwise);

/* The same by name, for the common case. */
const char *jig_environment_string(const struct jig_environment *e, const char *name);
const struct jig_strv *jig_environment_list(const struct jig_environment *e, const char *name);
bool jig_environment_bool(const struct jig_environment *e, const char *name, bool otherwise);
int64_t jig_environment_int(const struct jig_environment *e, const char *name, int64_t otherwise);
const char *jig_project_string(const struct jig_project *p, const char *name); /* "src_dir" */

#endif
