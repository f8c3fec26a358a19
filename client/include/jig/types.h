/*
 * jig/types.h - what builds, deploys and operations are made of.
 *
 * Plain data. Strings are never NULL, "" where there is nothing to say; a list's `items` may be
 * NULL when its count is 0. Times named unix_ms are milliseconds since 1970-01-01 UTC. Numbers of
 * enums are those of the .proto files; newer daemons may send others.
 */
#ifndef JIG_TYPES_H
#define JIG_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jig/error.h>

#ifdef __cplusplus
extern "C" {
#endif

struct jig_strings {
    const char *const *items;
    size_t count;
};

/* Which project is meant, and how. Everything but the folder may be NULL or "". */
struct jig_project_selector {
    const char *directory;       /* the project's folder, or an .ino in it; absolute */
    const char *environment;     /* NULL: the default ones */
    const char *fqbn;            /* NULL: the board that the project names */
    const char *build_directory; /* where build folders go, from the project's folder where it is
                                    relative; NULL: .jig/build */
    const char *const *environ;  /* "NAME=value", NULL-terminated: where PLATFORMIO_* variables and
                                    those that the project asks for are taken from; NULL: this
                                    process's own */
};

enum jig_severity {
    JIG_SEVERITY_UNSPECIFIED = 0,
    JIG_SEVERITY_NOTE = 1,
    JIG_SEVERITY_WARNING = 2,
    JIG_SEVERITY_ERROR = 3
};

/* What a compiler or linker said about a place in a file. */
struct jig_diagnostic {
    const char *file; /* absolute, or as the tool wrote it */
    uint32_t line;    /* from 1; 0: unknown */
    uint32_t column;  /* from 1, in bytes; 0: unknown */
    enum jig_severity severity;
    const char *message;
    const char *option;   /* "-Wunused-variable" */
    const char *rendered; /* what the tool printed for it, all lines */
};

struct jig_diagnostics {
    const struct jig_diagnostic *items;
    size_t count;
};

struct jig_artifact {
    const char *kind; /* "elf", "hex", "bin", "eep", ... */
    const char *path; /* absolute */
    int64_t size_bytes;
    const char *sha256; /* lower-case hex */
};

struct jig_phase {
    const char *name;
    int64_t duration_us;
};

struct jig_step_reason {
    const char *step;    /* "compile src/main.cpp" */
    const char *because; /* "src/main.cpp changed" */
};

enum jig_build_outcome {
    JIG_BUILD_OUTCOME_UNSPECIFIED = 0,
    JIG_BUILD_BUILT = 1,
    JIG_BUILD_UP_TO_DATE = 2
};

/* What came of building one environment. */
struct jig_build_result {
    enum jig_build_outcome outcome;
    const char *environment;
    const char *fqbn;
    const struct jig_artifact *artifacts;
    size_t artifact_count;
    int64_t flash_bytes;
    int64_t flash_max_bytes; /* 0: the platform does not say */
    int64_t ram_bytes;
    int64_t ram_max_bytes; /* 0: the platform does not say */
    uint32_t compiled;     /* compiler runs of this build */
    uint32_t reused;       /* objects taken from earlier builds */
    int64_t server_us;     /* wall-clock time in the daemon */
    const struct jig_phase *phases;
    size_t phase_count;
    const struct jig_step_reason *reasons;
    size_t reason_count;
    struct jig_diagnostics diagnostics; /* warnings, replayed when a step was reused */
    struct jig_strings notices;
    struct jig_strings platform_notices; /* overlays, values made up; the same in every build */
    const char *project_directory;
    const char *build_directory;
    struct jig_strings libraries; /* "Wire 1.0 (/path)" */
};

struct jig_build_results {
    const struct jig_build_result *items;
    size_t count;
};

enum jig_deploy_outcome {
    JIG_DEPLOY_OUTCOME_UNSPECIFIED = 0,
    JIG_DEPLOY_WRITTEN = 1,  /* all of it was written */
    JIG_DEPLOY_DELTA = 2,    /* only what differed was written */
    JIG_DEPLOY_VERIFIED = 3, /* it was there already, as a check on the device showed */
    JIG_DEPLOY_TRUSTED = 4   /* it was there already, as the daemon knew */
};

/* What came of putting an image on a device. */
struct jig_deploy_result {
    enum jig_deploy_outcome outcome;
    const char *device;
    const char *port; /* after the flash */
    int64_t bytes_written;
    int64_t bytes_skipped;
    int64_t server_us;
    const struct jig_phase *phases;
    size_t phase_count;
    const struct jig_build_result *build; /* NULL: none came before it */
    const char *monitor_session;          /* "": none was asked for */
    const char *because;
};

/* One budget of the disk cache, in a collection. */
struct jig_cache_share {
    int64_t entries; /* before */
    int64_t size_bytes;
    int64_t removed;
    int64_t removed_bytes;
    int64_t in_use; /* would have gone */
    int64_t pinned; /* would have gone */
};

struct jig_cache_collection {
    bool dry_run; /* nothing was removed, only counted */
    struct jig_cache_share archives;
    struct jig_cache_share installed;
    struct jig_cache_share objects; /* shared objects of builds */
    int64_t leftovers;              /* unfinished work of writers that died */
};

enum jig_cache_finding_state {
    JIG_CACHE_FINDING_UNSPECIFIED = 0,
    JIG_CACHE_FINDING_DAMAGED = 1, /* and still there */
    JIG_CACHE_FINDING_REMOVED = 2,
    JIG_CACHE_FINDING_IN_USE = 3 /* and therefore still there */
};

struct jig_cache_finding {
    const char *path;
    const char *problem;
    enum jig_cache_finding_state state;
};

struct jig_cache_verification {
    int64_t blobs;
    int64_t trees;
    int64_t size_bytes;
    int64_t damaged;
    int64_t removed;
    const struct jig_cache_finding *findings; /* the first 1000; none in listings */
    size_t finding_count;
};

/* What came of work on the disk cache: one of these, the other is NULL. */
struct jig_cache_result {
    const struct jig_cache_collection *collection;
    const struct jig_cache_verification *verification;
};

enum jig_pointer_state {
    JIG_POINTER_STATE_UNSPECIFIED = 0,
    JIG_POINTER_CACHED = 1,   /* a pull: nothing had to be fetched */
    JIG_POINTER_FETCHED = 2,  /* a pull: it was fetched now */
    JIG_POINTER_OK = 3,       /* a check: a pull would need no network */
    JIG_POINTER_MISSING = 4,  /* a check: a pull would have to fetch it */
    JIG_POINTER_MISMATCH = 5, /* its hash or its size is wrong */
    JIG_POINTER_INVALID = 6,  /* it is no pointer */
    JIG_POINTER_FAILED = 7    /* it could not be fetched, extracted or put in its place */
};

/* What became of one .lnk file. */
struct jig_pointer {
    const char *path; /* relative to the project; absolute where there is none */
    enum jig_pointer_state state;
    const char *sha256;       /* "": it is no pointer */
    int64_t size_bytes;       /* -1: not known */
    const char *materialized; /* where its content is; "": not in its place */
    const char *error;        /* why it does not stand well, or "" */
    bool unproven;            /* nobody has seen its URL give its hash */
};

/* What became of a project's pointers. */
struct jig_lnk_result {
    const struct jig_pointer *pointers; /* sorted by path */
    size_t pointer_count;
    uint32_t removed;       /* contents whose pointers are gone */
    int64_t received_bytes; /* over the network */
    int64_t server_us;
    uint32_t left_out; /* with news_only: pointers that were in their places already */
};

enum jig_package_kind {
    JIG_PACKAGE_KIND_UNSPECIFIED = 0,
    JIG_PACKAGE_PLATFORM = 1,
    JIG_PACKAGE_TOOL = 2,
    JIG_PACKAGE_LIBRARY = 3
};

/* One version of a core, a tool or a library. */
struct jig_package {
    enum jig_package_kind kind;
    const char *name;    /* "arduino:avr", "Servo" */
    const char *version; /* of git, the commit */
    const char *url;
    const char *sha256; /* of the archive, lower-case hex; "": none */
    int64_t size_bytes; /* of the archive; -1: unknown */
    const char *path;   /* absolute; "": not installed */
};

struct jig_packages {
    const struct jig_package *items;
    size_t count;
};

enum jig_package_outcome {
    JIG_PACKAGE_OUTCOME_UNSPECIFIED = 0,
    JIG_PACKAGE_INSTALLED = 1,
    JIG_PACKAGE_PRESENT = 2, /* it was there already */
    JIG_PACKAGE_REMOVED = 3
};

struct jig_package_change {
    enum jig_package_outcome outcome;
    struct jig_package package;
    const char *environment; /* that it is locked for; "": none */
};

enum jig_index_outcome {
    JIG_INDEX_OUTCOME_UNSPECIFIED = 0,
    JIG_INDEX_UPDATED = 1,
    JIG_INDEX_UNCHANGED = 2,
    JIG_INDEX_FAILED = 3 /* what was there serves on */
};

struct jig_index_change {
    const char *url;
    enum jig_index_outcome outcome;
    int64_t size_bytes; /* of the file that serves now; -1: there is none */
    const char *problem;
};

/* What came of an operation on packages. */
struct jig_packages_result {
    const struct jig_package_change *packages;
    size_t package_count;
    const struct jig_index_change *indexes;
    size_t index_count;
    const char *lock_file; /* that was written; "": none */
};

enum jig_operation_kind {
    JIG_OPERATION_KIND_UNSPECIFIED = 0,
    JIG_OPERATION_BUILD = 1,
    JIG_OPERATION_DEPLOY = 2,
    JIG_OPERATION_LNK = 3,
    JIG_OPERATION_CACHE = 4,
    JIG_OPERATION_PACKAGES = 5
};

enum jig_operation_state {
    JIG_OPERATION_STATE_UNSPECIFIED = 0,
    JIG_OPERATION_QUEUED = 1,
    JIG_OPERATION_RUNNING = 2,
    JIG_OPERATION_SUCCEEDED = 3,
    JIG_OPERATION_FAILED = 4,
    JIG_OPERATION_CANCELLED = 5
};

/* One piece of long work. */
struct jig_operation {
    const char *id; /* 16 lower-case hex digits */
    enum jig_operation_kind kind;
    enum jig_operation_state state;
    const char *subject; /* "/home/ann/blink (uno)" */
    const char *owner;
    int64_t owner_pid; /* 0: none on this host */
    int64_t created_unix_ms;
    int64_t started_unix_ms; /* 0: not yet */
    int64_t ended_unix_ms;   /* 0: not yet */
    uint64_t last_event;
    const struct jig_error *error; /* NULL unless it failed or was cancelled */
    struct jig_build_results builds;
    const struct jig_deploy_result *deploy;     /* NULL: no deploy, or not done */
    const struct jig_cache_result *cache;       /* NULL: no work on the cache, or not done */
    const struct jig_lnk_result *lnk;           /* NULL: not about pointers, or not done */
    const struct jig_packages_result *packages; /* NULL: it is not about packages */
};

struct jig_operations {
    const struct jig_operation *items;
    size_t count;
};

static inline bool jig_operation_ended(const struct jig_operation *operation)
{
    return operation->state >= JIG_OPERATION_SUCCEEDED;
}

enum jig_event_kind {
    JIG_EVENT_OTHER = 0, /* of a kind that this library does not know */
    JIG_EVENT_STATE = 3,
    JIG_EVENT_LOG = 4,
    JIG_EVENT_STEP = 5,
    JIG_EVENT_DIAGNOSTIC = 6,
    JIG_EVENT_PROGRESS = 7,
    JIG_EVENT_NOTICE = 8
};

enum jig_step_state {
    JIG_STEP_STATE_UNSPECIFIED = 0,
    JIG_STEP_STARTED = 1,
    JIG_STEP_FINISHED = 2,
    JIG_STEP_REUSED = 3,
    JIG_STEP_FAILED = 4
};

/* Something that happened in an operation; `kind` says which member is meant. */
struct jig_event {
    uint64_t number; /* from 1, without gaps */
    int64_t unix_ms;
    enum jig_event_kind kind;
    union {
        enum jig_operation_state state;
        struct {
            bool is_stderr;
            const char *text; /* a line without its end */
        } log;
        struct {
            const char *step;
            enum jig_step_state state;
            const char *because;
            uint32_t done;
            uint32_t total;
            int64_t duration_us;
        } step;
        struct jig_diagnostic diagnostic;
        struct {
            const char *phase; /* "write", "verify", ... */
            uint32_t percent;
            int64_t done_bytes;       /* 0: unknown */
            int64_t total_bytes;      /* 0: unknown */
            int64_t bytes_per_second; /* 0: unknown */
        } progress;
        struct {
            const char *id; /* "monitor.paused" */
            enum jig_severity severity;
            const char *text;
        } notice;
    } is;
};

#ifdef __cplusplus
}
#endif

#endif
