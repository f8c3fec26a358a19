/*
 * err.h - how a function of jig fails.
 *
 * A function that can fail returns `enum jig_code`, writes its results through `ret_` pointers only
 * on success, and fills the caller's `struct jig_err` only on failure (a NULL jig_err is allowed).
 *
 *   code     the canonical gRPC code: what kind of thing went wrong. It crosses the wire.
 *   reason   what a person or script tells apart beyond the code: it decides the command line's
 *            exit status (client/cli/exit.c) and crosses the wire too.
 *   message  a whole sentence's worth, naming the thing in the caller's words, without the final
 *            full stop: "environment 'unoo' is not in platformio.ini; it has: uno, nano".
 *   hint     what to do about it, or "".
 *
 * A jig_err needs no memory beyond itself, so it works when memory does not. Long messages are cut
 * at JIG_ERR_MESSAGE_MAX bytes on a UTF-8 boundary.
 *
 * Threads: a jig_err belongs to one thread at a time.
 */
#ifndef JIG_BASE_ERR_H
#define JIG_BASE_ERR_H

#include <stdarg.h>
#include <stdbool.h>

#define JIG_ERR_MESSAGE_MAX 1024
#define JIG_ERR_HINT_MAX    512

/* The canonical codes, by gRPC's number. Source: grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
enum jig_code {
    JIG_OK = 0,
    JIG_CANCELLED = 1,
    JIG_UNKNOWN = 2,
    JIG_INVALID_ARGUMENT = 3,
    JIG_DEADLINE_EXCEEDED = 4,
    JIG_NOT_FOUND = 5,
    JIG_ALREADY_EXISTS = 6,
    JIG_PERMISSION_DENIED = 7,
    JIG_RESOURCE_EXHAUSTED = 8,
    JIG_FAILED_PRECONDITION = 9,
    JIG_ABORTED = 10,
    JIG_OUT_OF_RANGE = 11,
    JIG_UNIMPLEMENTED = 12,
    JIG_INTERNAL = 13,
    JIG_UNAVAILABLE = 14,
    JIG_DATA_LOSS = 15,
    JIG_UNAUTHENTICATED = 16,
};
#define JIG_CODE_COUNT 17

/* What a script tells apart; jig.v1.ErrorReason on the wire has the same numbers. */
enum jig_reason {
    JIG_REASON_NONE = 0,          /* the code says it all */
    JIG_REASON_USAGE = 1,         /* the call's own arguments are wrong */
    JIG_REASON_BAD_PROJECT = 2,   /* a project or configuration file is wrong */
    JIG_REASON_BUSY = 3,          /* a lease, a lock or a port is held by somebody else */
    JIG_REASON_BUILD_FAILED = 4,  /* the compiler, the linker or the size check said no */
    JIG_REASON_DEPLOY_FAILED = 5, /* the flash or its verification failed */
    JIG_REASON_INTEGRITY = 6,     /* a hash or a size is wrong */
    JIG_REASON_NEEDS_ENV = 7,     /* the request lacks environment variables; details name them */
    JIG_REASON_TEST_FAILED = 8,   /* the firmware's own test failed */
};
#define JIG_REASON_COUNT 9

struct jig_err {
    enum jig_code code;
    enum jig_reason reason;
    int sys_errno; /* the errno behind it, or 0 */
    char message[JIG_ERR_MESSAGE_MAX];
    char hint[JIG_ERR_HINT_MAX];
};

#define JIG_ERR_INIT                                                                               \
    {                                                                                              \
        .code = JIG_OK                                                                             \
    }
#define JIG_CHECKED           __attribute__((warn_unused_result))
#define JIG_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* Sets code and message, clears reason, errno and hint. Returns code, so that a failing function
 * ends in `return jig_err_set(reterr, ...)`. */
enum jig_code jig_err_set(struct jig_err *e, enum jig_code code, const char *fmt, ...)
    JIG_PRINTF(3, 4);
enum jig_code jig_err_setv(struct jig_err *e, enum jig_code code, const char *fmt, va_list ap)
    JIG_PRINTF(3, 0);

/* As jig_err_set, with a reason. */
enum jig_code jig_err_reason(struct jig_err *e, enum jig_code code, enum jig_reason reason,
                             const char *fmt, ...) JIG_PRINTF(4, 5);

/* For a failed system call: the code follows from `sys_errno` (ENOENT is NOT_FOUND, EACCES is
 * PERMISSION_DENIED, ENOSPC is RESOURCE_EXHAUSTED, ...), and ": <strerror>" is appended. */
enum jig_code jig_err_sys(struct jig_err *e, int sys_errno, const char *fmt, ...) JIG_PRINTF(3, 4);

/* Adds what to do about it. Never changes the code. */
void jig_err_hint(struct jig_err *e, const char *fmt, ...) JIG_PRINTF(2, 3);

/* Puts "<prefix>: " before the message, for a caller that knows more than its callee. */
void jig_err_prefix(struct jig_err *e, const char *fmt, ...) JIG_PRINTF(2, 3);

void jig_err_clear(struct jig_err *e);

/* The code that errno stands for. */
enum jig_code jig_code_from_errno(int sys_errno);

/* "NOT_FOUND" and "not_found"; unknown numbers give "UNKNOWN". Static storage. */
const char *jig_code_name(enum jig_code code);
const char *jig_code_lower_name(enum jig_code code);

#endif
