/*
 * jig/error.h - how a call of libjig fails.
 *
 * A call that can fail returns an enum jig_status, gives its results through `ret_` pointers only
 * on success, and fills the caller's struct jig_error only on failure (a NULL one is allowed).
 *
 *   status   the canonical gRPC code: what kind of thing went wrong
 *   cause    what a program tells apart beyond it: a failed build, a busy port, ...
 *   message  a sentence that names the thing, without its full stop
 *   hint     what to do about it, or ""
 *   details  names that belong to the error, one a line: devices to choose from, variables that
 *            were missing. "" when there are none; names that do not fit are left out.
 *
 * A struct jig_error needs no memory beyond itself and nothing to release it.
 *
 * Threads: belongs to one thread at a time.
 */
#ifndef JIG_ERROR_H
#define JIG_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define JIG_ERROR_MESSAGE_MAX 1024
#define JIG_ERROR_HINT_MAX    512
#define JIG_ERROR_DETAILS_MAX 4096

/* By gRPC's numbers: grpc.github.io/grpc/core/md_doc_statuscodes.html */
enum jig_status {
    JIG_STATUS_OK = 0,
    JIG_STATUS_CANCELLED = 1,
    JIG_STATUS_UNKNOWN = 2,
    JIG_STATUS_INVALID_ARGUMENT = 3,
    JIG_STATUS_DEADLINE_EXCEEDED = 4,
    JIG_STATUS_NOT_FOUND = 5,
    JIG_STATUS_ALREADY_EXISTS = 6,
    JIG_STATUS_PERMISSION_DENIED = 7,
    JIG_STATUS_RESOURCE_EXHAUSTED = 8,
    JIG_STATUS_FAILED_PRECONDITION = 9,
    JIG_STATUS_ABORTED = 10,
    JIG_STATUS_OUT_OF_RANGE = 11,
    JIG_STATUS_UNIMPLEMENTED = 12,
    JIG_STATUS_INTERNAL = 13,
    JIG_STATUS_UNAVAILABLE = 14,
    JIG_STATUS_DATA_LOSS = 15,
    JIG_STATUS_UNAUTHENTICATED = 16
};

enum jig_cause {
    JIG_CAUSE_NONE = 0,          /* the status says it all */
    JIG_CAUSE_USAGE = 1,         /* the call's own arguments are wrong */
    JIG_CAUSE_BAD_PROJECT = 2,   /* a project or configuration file is wrong */
    JIG_CAUSE_BUSY = 3,          /* a lease, a lock or a port is held by somebody else */
    JIG_CAUSE_BUILD_FAILED = 4,  /* the compiler, the linker or the size check said no */
    JIG_CAUSE_DEPLOY_FAILED = 5, /* the flash or its verification failed */
    JIG_CAUSE_INTEGRITY = 6,     /* a hash or a size is wrong */
    JIG_CAUSE_NEEDS_ENV = 7,     /* environment variables were missing, even after a second try */
    JIG_CAUSE_TEST_FAILED = 8,   /* the firmware's own test failed */
    JIG_CAUSE_UNREACHABLE = 100, /* made here: there is no daemon to talk to */
    JIG_CAUSE_VERSION = 101      /* made here: the daemon speaks another protocol */
};

struct jig_error {
    enum jig_status status;
    enum jig_cause cause;
    char message[JIG_ERROR_MESSAGE_MAX];
    char hint[JIG_ERROR_HINT_MAX];
    char details[JIG_ERROR_DETAILS_MAX];
};

/* "not_found"; an unknown number gives "unknown". Static storage. */
const char *jig_status_name(enum jig_status status);

#ifdef __cplusplus
}
#endif

#endif
