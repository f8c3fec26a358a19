/*
 * build.h - builds one environment of a project with an Arduino platform's recipes.
 *
 *   hooks  ->  core ------------------------------> archive --\
 *              discover libraries -> prototypes -> compile ----> link -> objcopy -> size -> record
 *
 * The core's compiles run while the libraries are still being found, and so does the sketch's own,
 * of the text that it will most likely be (guess.c). What goes where follows
 * arduino-cli 1.0.4 for sketches, down to the order of the objects, so that the .hex is the same
 * byte for byte (tests/vectors/arduino-cli); and PlatformIO's conventions for platformio.ini.
 *
 * In the build folder:
 *   sketch/ src/ libraries/ core/   objects, and the generated <name>.ino.cpp
 *   embed/                          files that the program holds as data (embed.c)
 *   <project name>.elf .hex ...     what the recipes leave
 *   compile_commands.json           for editors
 *   .jig-record .jig-lock           what is known of the above; who builds now
 *   .jig-last                       how the last build ended, and what it left (last.h)
 *
 * Ownership: the engine outlives its builds; request and result belong to the caller.
 * Threads: any number of builds at once, each in a thread of its own; two of one build folder wait
 * for each other.
 */
#ifndef JIG_BUILD_BUILD_H
#define JIG_BUILD_BUILD_H

#include "core/arduino/board.h"
#include "core/arduino/libindex.h"
#include "core/base/memo.h"
#include "core/build/events.h"
#include "core/build/objcache.h"
#include "core/build/records.h"
#include "core/build/runner.h"
#include "core/build/size.h"
#include "core/config/project.h"
#include "core/watch/watcher.h"

struct jig_build_engine;

struct jig_build_engine_config {
    const char *object_cache; /* folder of the shared objects; NULL: none */
    uint64_t object_cache_bytes;
    const struct jig_objremote *remote; /* of other machines; borrowed; NULL: none */
    const char *tools;                  /* file that keeps what tools are (toolid.h); NULL: none */
    size_t max_files;                   /* whose contents are remembered */
};

struct jig_build_engine *jig_build_engine_new(const struct jig_build_engine_config *config);
void jig_build_engine_free(struct jig_build_engine *e);

struct jig_build_engine_stats {
    struct jig_files_stats files;
    struct jig_objcache_stats objects;
    struct jig_memo_stats tools;  /* what they are */
    struct jig_memo_stats probes; /* what sources ask of the disk */
    struct jig_records_stats records;
    uint64_t builds;
    uint64_t up_to_date;
    uint64_t narrow;  /* looked at no more than what changed (vouch.h) */
    uint64_t planned; /* of these, were planned as the last one */
};
struct jig_build_engine_stats jig_build_engine_stats(struct jig_build_engine *e);

/* The contents memo, for others who hash files (images). */
struct jig_files *jig_build_engine_files(struct jig_build_engine *e);

struct jig_build_result;

struct jig_build_request {
    const struct jig_project *project;
    const struct jig_environment *environment;
    const struct jig_board_config *board;
    const struct jig_props *custom; /* properties over all others; may be NULL */
    struct jig_libindex *libraries; /* every library that may be found */
    const char *build_dir;          /* absolute; made when it is missing */
    const char *pulled; /* where the project's .lnk files have their content, at the paths that they
                         * have in the project (pulled.h); absolute; NULL: there are none */
    const char *holder; /* for who waits for this build: "operation 12ab of ann" */
    size_t jobs;        /* tools at once; 0: one a processor */
    bool clean;
    bool explain;
    bool walk; /* believe no stamp: read every file anew */
    /* All that became, since look number `changes_since` found that this build would do nothing, of
     * what that look saw; NULL when that is not known. What read none of it is not looked at again,
     * unless this folder was looked at or built in since. */
    const struct jig_watch_changes *changes;
    uint64_t changes_since;
    bool doubt_changes; /* it is all the same, and the build fails when it was otherwise */
    /* Run no tool: FAILED_PRECONDITION when one would have to be, ABORTED when somebody else builds
     * here. What the last build left stays as it is. */
    bool look_only;
    enum jig_warnings warnings;
    struct jig_until until;
    const struct jig_build_events *events;
    /* Called when the build has succeeded, with the folder still locked: what it copies of the
     * artifacts is what this build made, whoever builds next. Its failure is the build's. May be
     * NULL. */
    enum jig_code (*finished)(void *ctx, const struct jig_build_result *result,
                              struct jig_err *reterr);
    void *finished_ctx;
};

struct jig_artifact {
    char *kind; /* "elf", "hex" */
    char *path;
    int64_t size_bytes;
    struct jig_digest sha256;
};

#define JIG_PHASES_MAX 16

struct jig_phase {
    const char *name; /* static */
    int64_t duration_us;
};

struct jig_build_result {
    bool up_to_date;
    uint64_t
        look; /* its number, when everything was looked at and nothing was to be done; else 0 */
    struct jig_artifact *artifacts;
    size_t artifact_count;
    size_t artifact_cap;
    struct jig_size size;
    struct jig_runner_summary summary;
    struct jig_phase phases[JIG_PHASES_MAX];
    size_t phase_count;
    int64_t total_us;
    struct jig_strv notices;
    struct jig_strv libraries; /* "Wire 1.0 (/usr/share/...)" */
};

/* The result is filled as far as the build came, also when it fails, and is released by the caller
 * in either case. FAILED_PRECONDITION with reason BUILD_FAILED for what a tool or a limit refused,
 * BAD_PROJECT for a project that can't be built as it is. */
enum jig_code jig_build_run(struct jig_build_engine *e, const struct jig_build_request *request,
                            struct jig_build_result *result, struct jig_err *reterr) JIG_CHECKED;

/* Builds nothing: the result is what the last build of this folder left, its artifacts and its
 * flash size alone, and `finished` is called with that. Only a complete and successful build of
 * this very project, environment and board counts, and only while its artifacts are as it left
 * them; see last.h. */
enum jig_code jig_build_last(struct jig_build_engine *e, const struct jig_build_request *request,
                             struct jig_build_result *result, struct jig_err *reterr) JIG_CHECKED;
void jig_build_result_release(struct jig_build_result *r);

const struct jig_artifact *jig_build_artifact(const struct jig_build_result *r, const char *kind);

/* The source files that a build of this environment would compile, relative to the project. */
enum jig_code jig_build_sources(const struct jig_project *project,
                                const struct jig_environment *environment, struct jig_strv *out,
                                struct jig_err *reterr) JIG_CHECKED;

#endif
