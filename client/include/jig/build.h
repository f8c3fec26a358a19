/*
 * jig/build.h - projects and their builds. Results are released with jig_client_free().
 */
#ifndef JIG_BUILD_H
#define JIG_BUILD_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum jig_project_kind {
    JIG_PROJECT_KIND_UNSPECIFIED = 0,
    JIG_PROJECT_PLATFORMIO = 1,
    JIG_PROJECT_SKETCH = 2
};

/* One option of an environment. */
struct jig_project_option {
    const char *name;
    struct jig_strings values; /* one for a plain option, any number for a list */
    bool is_list;
};

/* One way to build a project. */
struct jig_project_environment {
    const char *name;
    bool is_default;
    const char *fqbn; /* "": not known, and `problem` says why */
    const struct jig_project_option *options;
    size_t option_count;
    struct jig_strings sources; /* relative to the project's folder */
    const char *problem;        /* why it can't be built as it stands */
};

struct jig_project {
    const char *directory; /* absolute, without links */
    enum jig_project_kind kind;
    const struct jig_project_environment *environments;
    size_t environment_count;
    struct jig_strings warnings;
};

/* What a project's files say, resolved. Builds nothing. */
enum jig_status jig_client_get_project(struct jig_client *client,
                                       const struct jig_project_selector *selector,
                                       int64_t deadline_ns, const struct jig_project **ret,
                                       struct jig_error *reterr);

struct jig_build_options {
    bool clean;      /* remove what was built before */
    bool walk;       /* look at every file, whatever the daemon thinks that it knows */
    bool explain;    /* reasons of reused steps too */
    uint32_t jobs;   /* 0: the number of processors */
    bool detach;     /* the operation lives on when this process ends */
    int64_t wait_ms; /* how long the call waits for the end; at most 60000 */
};

/* Starts a build. The operation has ended already when that took no longer than wait_ms; whether
 * it went well is in its state and error, not in what this call returns. */
enum jig_status jig_client_start_build(struct jig_client *client,
                                       const struct jig_project_selector *selector,
                                       const struct jig_build_options *options, int64_t deadline_ns,
                                       const struct jig_operation **ret, struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif
