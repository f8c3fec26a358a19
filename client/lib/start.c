#include "client/lib/start.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/lib/client.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/detached.h"
#include "core/os/time.h"

#define READY_MS     10000
#define VARIABLE_MAX 128 /* of the environment that the daemon gets */

/* --- which program --- */

static bool runnable(const char *path)
{
    return access(path, X_OK) == 0;
}

/* The folder of this program, without the last '/'. False when the system does not say. */
static bool own_folder(char *out, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", out, size - 1);
    if (n <= 0)
        return false;
    out[n] = '\0';
    char *slash = strrchr(out, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    return true;
}

static char *beside(const char *folder, const char *relative)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, relative) < 0)
        return NULL;
    if (runnable(path))
        return path;
    free(path);
    return NULL;
}

static char *in_path(void)
{
    const char *at = getenv("PATH");
    while (at != NULL && *at != '\0') {
        size_t n = strcspn(at, ":");
        char folder[4096];
        if (n > 0 && n < sizeof folder && at[0] == '/') {
            memcpy(folder, at, n);
            folder[n] = '\0';
            char *found = beside(folder, "jigd");
            if (found != NULL)
                return found;
        }
        at += n + (at[n] == ':');
    }
    return NULL;
}

enum jig_status jig_find_daemon(char **ret, struct jig_error *reterr)
{
    const char *named = getenv("JIG_JIGD");
    char folder[4096] = "";
    char *found = NULL;
    if (named != NULL && named[0] != '\0')
        found = strdup(named);
    else if (own_folder(folder, sizeof folder)) {
        found = beside(folder, "jigd");
        if (found == NULL)
            found = beside(folder, "../libexec/jig/jigd");
    }
    if (found == NULL)
        found = in_path();
    if (found == NULL) {
        jig_error_cause(reterr, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE,
                        "the daemon's program jigd is neither in %s, nor in %s/../libexec/jig, nor "
                        "in PATH",
                        folder, folder);
        jig_error_hint(reterr, "name it with JIG_JIGD=/path/to/jigd");
        return JIG_STATUS_UNAVAILABLE;
    }
    *ret = found;
    return JIG_STATUS_OK;
}

/* --- its environment --- */

/* What names the user, the places of files, the language, the way to the network, and what the
 * tools that look for faults read. A name that ends in '*' is a beginning. */
static const char *const passed_on[] = {
    "HOME",        "USER",
    "LOGNAME",     "PATH",
    "SHELL",       "LANG",
    "LC_*",        "TZ",
    "TMPDIR",      "XDG_*",
    "JIG_*",       "http_proxy",
    "https_proxy", "no_proxy",
    "all_proxy",   "HTTP_PROXY",
    "HTTPS_PROXY", "NO_PROXY",
    "ALL_PROXY",   "SSL_CERT_*",
    "ASAN_*",      "UBSAN_*",
    "LSAN_*",      "TSAN_*",
    "LD_PRELOAD",  "LD_LIBRARY_PATH",
    "UMOCKDEV_*",  "LLVM_PROFILE_FILE",
    "GCOV_*",
};

static bool passes(const char *variable)
{
    size_t n = strcspn(variable, "=");
    for (size_t i = 0; i < JIG_COUNT(passed_on); i++) {
        const char *name = passed_on[i];
        size_t len = strlen(name);
        bool beginning = name[len - 1] == '*';
        if (beginning ? n >= len - 1 && strncmp(variable, name, len - 1) == 0
                      : n == len && strncmp(variable, name, len) == 0)
            return true;
    }
    return false;
}

static void choose_environment(char *out[VARIABLE_MAX + 1])
{
    size_t n = 0;
    for (char **at = environ; at != NULL && *at != NULL && n < VARIABLE_MAX; at++) {
        if (passes(*at))
            out[n++] = *at;
    }
    out[n] = NULL;
}

/* --- starting it --- */

/* The daemon's line, without its end. */
static enum jig_status read_line(int fd, int64_t deadline_ns, char *out, size_t size,
                                 struct jig_error *reterr)
{
    size_t got = 0;
    for (;;) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        enum jig_status status = jig_poll_until(&p, 1, deadline_ns, reterr);
        if (status != JIG_STATUS_OK)
            return status;
        ssize_t n = read(fd, out + got, size - 1 - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
        if (memchr(out, '\n', got) != NULL || got == size - 1)
            break;
    }
    out[got] = '\0';
    out[strcspn(out, "\n")] = '\0';
    return JIG_STATUS_OK;
}

/* It closed the pipe without a word: it is ending, and how it ends says why. */
static enum jig_status died(const char *program, int how, struct jig_error *reterr)
{
    jig_error_cause(reterr, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE,
                    "%s ended before it could serve (%s %d)", program,
                    WIFSIGNALED(how) ? "signal" : "exit status",
                    WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how));
    jig_error_hint(reterr, "run it by hand to see what it says: %s", program);
    return JIG_STATUS_UNAVAILABLE;
}

static enum jig_status judge(const char *program, pid_t pid, const char *line, int64_t deadline_ns,
                             pid_t *ret_pid, struct jig_error *reterr)
{
    *ret_pid = 0;
    if (strcmp(line, "ready") == 0) {
        *ret_pid = pid;
        return JIG_STATUS_OK;
    }
    int how = jig_detached_reap(pid, deadline_ns);
    if (strcmp(line, "running") == 0)
        return JIG_STATUS_OK;
    if (jig_str_starts(line, "error: "))
        return jig_error_cause(reterr, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE,
                               "the daemon can't start: %s", line + strlen("error: "));
    return died(program, how, reterr);
}

static enum jig_status start(const char *program, int64_t deadline_ns, pid_t *ret_pid,
                             struct jig_error *reterr)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0)
        return jig_error_set(reterr, JIG_STATUS_UNAVAILABLE, "cannot make a pipe: %s",
                             strerror(errno));
    char *environment[VARIABLE_MAX + 1];
    char *argv[] = {(char *)(uintptr_t)program, "--ready-fd", "3", NULL};
    choose_environment(environment);
    pid_t pid = 0;
    struct jig_err why;
    enum jig_code code = jig_detached_start(program, argv, environment, fds[1], &pid, &why);
    close(fds[1]);
    if (code != JIG_OK) {
        close(fds[0]);
        return jig_error_cause(reterr, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE, "%s",
                               why.message);
    }
    int64_t limit = jig_deadline_in_ms(READY_MS);
    char line[JIG_ERROR_MESSAGE_MAX];
    int64_t sooner = limit < deadline_ns ? limit : deadline_ns;
    enum jig_status status = read_line(fds[0], sooner, line, sizeof line, reterr);
    close(fds[0]);
    if (status == JIG_STATUS_OK)
        return judge(program, pid, line, sooner, ret_pid, reterr);
    if (status != JIG_STATUS_DEADLINE_EXCEEDED || limit >= deadline_ns)
        return status;                   /* it may yet come up, for others or for our next try */
    (void)jig_detached_reap(pid, limit); /* too late for anybody: ends it */
    return jig_error_cause(reterr, JIG_STATUS_UNAVAILABLE, JIG_CAUSE_UNREACHABLE,
                           "the daemon %s (pid %d) did not get ready within %d s", program,
                           (int)pid, READY_MS / 1000);
}

enum jig_status jig_start_daemon(const char *program, int64_t deadline_ns, pid_t *ret_pid,
                                 struct jig_error *reterr)
{
    if (program != NULL)
        return start(program, deadline_ns, ret_pid, reterr);
    char *found = NULL;
    enum jig_status status = jig_find_daemon(&found, reterr);
    if (status == JIG_STATUS_OK)
        status = start(found, deadline_ns, ret_pid, reterr);
    free(found);
    return status;
}
