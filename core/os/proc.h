/*
 * proc.h - the one place where children are started.
 *
 * A child gets its own process group, an environment that is stated (never the daemon's own),
 * stdin from /dev/null (or a silent pipe), default signals, and no descriptor but 0, 1 and 2. Both
 * its pipes are polled together, so neither can fill up behind the other. Killing means the whole
 * group.
 *
 *   jig_proc_start -> running --exit seen--> exited -> jig_proc_free
 *                       |  \--jig_proc_kill (TERM, a grace, KILL)--^
 *
 * A child whose group leader has exited is over, even when a grandchild still holds its pipes:
 * the rest of the group is killed, and what the pipes hold at that moment is read.
 *
 * In a process with a guard (guard.h) the group does not outlive us, even when we are killed; but
 * one that has a pipe for stdin ends in its own way.
 *
 * Threads: a jig_proc belongs to one thread at a time; several threads may run several of them.
 */
#ifndef JIG_OS_PROC_H
#define JIG_OS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "core/base/err.h"
#include "core/base/strv.h"
#include "core/os/cancel.h"

struct jig_proc;

enum jig_stream { JIG_STDOUT = 1, JIG_STDERR = 2 };

/* What a child changes of the file system, for those who keep what is known of it (sighting.h). */
enum jig_proc_writes {
    JIG_WRITES_ANYTHING, /* unless something else is said */
    JIG_WRITES_NOTHING,
    JIG_WRITES_TOLD, /* jig_tell_write() was called for each file */
};

struct jig_proc_spec {
    char *const *argv; /* argv[0] is absolute, or is looked up in JIG_PROC_PATH */
    char *const *env;  /* NULL: jig_proc_environment() */
    const char *cwd;   /* NULL: "/" */
    enum jig_proc_writes writes;
    bool inherit_output; /* stdout and stderr are the caller's; `output` is never called */
    bool stdin_pipe;     /* stdin is a pipe that nobody writes to: it closes when we end, however */
    /* It is killed when the thread that starts it ends, however: for tools that do not end by
     * themselves when nobody waits for them. Takes util-linux's setpriv; without it, nothing. */
    bool dies_with_us;
    /* Called from jig_proc_wait_any with what the child wrote, in order for each stream. */
    void (*output)(void *ctx, enum jig_stream stream, const char *data, size_t n);
    void *ctx;
};

struct jig_proc_result {
    int exit_status; /* 0..255, or -1 when a signal ended it */
    int signal;      /* the signal, or 0 */
};

/* Where programs named without a '/' are looked up. */
#define JIG_PROC_PATH "/usr/local/bin:/usr/bin:/bin"

/* The environment of every tool: PATH, LC_ALL=C.UTF-8, and HOME and TMPDIR; that is our own TMPDIR,
 * or jig_guard_folder(). Static storage. */
char *const *jig_proc_environment(void);

/* The absolute path of a program. NOT_FOUND names it. The caller frees. */
enum jig_code jig_proc_find(const char *name, char **ret, struct jig_err *reterr) JIG_CHECKED;

/* NOT_FOUND when the program is missing, PERMISSION_DENIED when it may not be run. */
enum jig_code jig_proc_start(const struct jig_proc_spec *spec, struct jig_proc **ret,
                             struct jig_err *reterr) JIG_CHECKED;

pid_t jig_proc_pid(const struct jig_proc *p);

/* Waits until one of the n children has exited; ret_index says which. Its output has been delivered
 * by then. CANCELLED or DEADLINE_EXCEEDED leave all of them running. */
enum jig_code jig_proc_wait_any(struct jig_proc *const *procs, size_t n,
                                const struct jig_until *until, size_t *ret_index,
                                struct jig_err *reterr) JIG_CHECKED;

/* The same without waiting: false when none has exited. Delivers what they wrote so far. */
bool jig_proc_any_exited(struct jig_proc *const *procs, size_t n, size_t *ret_index);

/* Waits for one child's exit or until also_fd is readable, whichever is first; ret_exited says
 * which it was. Its output is delivered meanwhile. Else as jig_proc_wait_any. */
enum jig_code jig_proc_wait_or(struct jig_proc *p, int also_fd, const struct jig_until *until,
                               bool *ret_exited, struct jig_err *reterr) JIG_CHECKED;

/* Only after a wait said that it has exited. */
struct jig_proc_result jig_proc_result(const struct jig_proc *p);

/* Ends the process group: SIGTERM, up to grace_ms, SIGKILL; then reaps. Idempotent. */
void jig_proc_kill(struct jig_proc *p, int grace_ms);

/* The same for several at once: all of them share one grace. */
void jig_proc_kill_all(struct jig_proc *const *procs, size_t n, int grace_ms);

/* Kills (without grace) when it still runs. NULL is fine. */
void jig_proc_free(struct jig_proc *p);

/* Start, wait, free. On cancel or timeout the group is killed with a grace of 500 ms. */
enum jig_code jig_proc_run(const struct jig_proc_spec *spec, const struct jig_until *until,
                           struct jig_proc_result *ret, struct jig_err *reterr) JIG_CHECKED;

#endif
