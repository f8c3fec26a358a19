#include "core/os/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/dirs.h"
#include "core/os/fs.h"
#include "core/os/guard.h"
#include "core/os/sighting.h"
#include "core/os/time.h"

#define SETPRIV       "/usr/bin/setpriv"
#define READ_CHUNK    16384
#define KILL_GRACE_MS 500
#define MOST_CHILDREN 256

struct jig_proc {
    pid_t pid;
    int pidfd;
    int in; /* the silent pipe's writing end, or -1 */
    int out;
    int err;
    int guarded; /* jig_guard_add's */
    bool reaped;
    struct jig_proc_result result;
    void (*output)(void *ctx, enum jig_stream stream, const char *data, size_t n);
    void *ctx;
};

static char *environment[5];

static void make_environment(void)
{
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    const char *tmp = getenv("TMPDIR");
    const char *memory = jig_guard_folder();
    environment[0] = jig_xstrdup("PATH=" JIG_PROC_PATH);
    environment[1] = jig_xstrdup("LC_ALL=C.UTF-8");
    environment[2] = jig_strf("HOME=%s", home);
    environment[3] = jig_strf("TMPDIR=%s", tmp != NULL && tmp[0] == '/' ? tmp
                                           : memory != NULL             ? memory
                                                                        : "/tmp");
}

char *const *jig_proc_environment(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_environment);
    return environment;
}

enum jig_code jig_proc_find(const char *name, char **ret, struct jig_err *reterr)
{
    if (strchr(name, '/') != NULL) {
        if (!jig_fs_is_executable(name))
            return jig_err_set(reterr, JIG_NOT_FOUND, "the program %s is not there", name);
        *ret = jig_xstrdup(name);
        return JIG_OK;
    }
    struct jig_strv folders = {0};
    jig_str_split(JIG_PROC_PATH, ":", false, &folders);
    char *found = NULL;
    for (size_t i = 0; found == NULL && i < folders.n; i++) {
        char *path = jig_path_join(folders.v[i], name);
        if (jig_fs_is_executable(path))
            found = path;
        else
            free(path);
    }
    jig_strv_release(&folders);
    if (found == NULL)
        return jig_err_set(reterr, JIG_NOT_FOUND, "the program '%s' is not in %s", name,
                           JIG_PROC_PATH);
    *ret = found;
    return JIG_OK;
}

/* The child's side and ours of its three streams; -1 where there is no pipe. */
struct pipes {
    int in[2];
    int out[2];
    int err[2];
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Closes the ends that the child has (or, `ours` too, all that is left). */
static void close_pipes(struct pipes *p, bool ours)
{
    close_end(&p->in[0]);
    close_end(&p->out[1]);
    close_end(&p->err[1]);
    if (ours) {
        close_end(&p->in[1]);
        close_end(&p->out[0]);
        close_end(&p->err[0]);
    }
}

/* Pipes whose ends are both above 2, so that no dup2 in the child can meet them. */
static enum jig_code make_pipe(int fds[2], struct jig_err *reterr)
{
    if (pipe2(fds, O_CLOEXEC) != 0)
        return jig_err_sys(reterr, errno, "cannot make a pipe");
    for (int i = 0; i < 2; i++) {
        if (fds[i] > STDERR_FILENO)
            continue;
        int moved = fcntl(fds[i], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        int failed = errno;
        close(fds[i]);
        fds[i] = moved;
        if (moved < 0) {
            close(fds[1 - i]);
            return jig_err_sys(reterr, failed, "cannot make a pipe");
        }
    }
    return JIG_OK;
}

static enum jig_code make_pipes(const struct jig_proc_spec *spec, struct pipes *p,
                                struct jig_err *reterr)
{
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    enum jig_code code = spec->stdin_pipe ? make_pipe(p->in, reterr) : JIG_OK;
    if (code == JIG_OK && !spec->inherit_output) {
        code = make_pipe(p->out, reterr);
        if (code == JIG_OK)
            code = make_pipe(p->err, reterr);
    }
    if (code != JIG_OK)
        close_pipes(p, true);
    return code;
}

/* posix_spawn has no attribute for the signal that comes with the parent's death: setpriv(1) sets
 * it, and becomes the program. */
static void add_death_signal(const char **program, const struct jig_proc_spec *spec,
                             struct jig_strv *argv)
{
    static const char *const words[] = {SETPRIV, "--pdeathsig", "KILL", "--"};
    if (!spec->dies_with_us || !jig_fs_is_executable(SETPRIV))
        return;
    for (size_t i = 0; i < JIG_COUNT(words); i++)
        jig_strv_append(argv, words[i]);
    jig_strv_append(argv, *program);
    for (char *const *word = spec->argv + 1; *word != NULL; word++)
        jig_strv_append(argv, *word);
    *program = SETPRIV;
}

static int spawn(const char *program, const struct jig_proc_spec *spec, const struct pipes *pipes,
                 pid_t *ret_pid)
{
    struct jig_strv wrapped = {0};
    add_death_signal(&program, spec, &wrapped);
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attr);
    if (pipes->in[0] >= 0)
        posix_spawn_file_actions_adddup2(&files, pipes->in[0], STDIN_FILENO);
    else
        posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    if (!spec->inherit_output) {
        posix_spawn_file_actions_adddup2(&files, pipes->out[1], STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&files, pipes->err[1], STDERR_FILENO);
    }
    posix_spawn_file_actions_addclosefrom_np(&files, STDERR_FILENO + 1);
    posix_spawn_file_actions_addchdir_np(&files, spec->cwd != NULL ? spec->cwd : "/");
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                        POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attr, 0);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    char *const *env = spec->env != NULL ? spec->env : jig_proc_environment();
    char *const *argv = wrapped.n > 0 ? jig_strv_argv(&wrapped) : spec->argv;
    int failed = posix_spawn(ret_pid, program, &files, &attr, argv, env);
    jig_strv_release(&wrapped);
    posix_spawn_file_actions_destroy(&files);
    posix_spawnattr_destroy(&attr);
    return failed;
}

enum jig_code jig_proc_start(const struct jig_proc_spec *spec, struct jig_proc **ret,
                             struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *program = NULL;
    enum jig_code code = jig_proc_find(spec->argv[0], &program, reterr);
    if (code != JIG_OK)
        return code;
    const struct jig_observer *o = jig_observer();
    if (o != NULL && o->ran != NULL)
        o->ran(o->ctx, program);
    if (spec->writes == JIG_WRITES_ANYTHING)
        jig_tell_write_anything(program);
    struct pipes pipes;
    code = make_pipes(spec, &pipes, reterr);
    if (code != JIG_OK)
        return code;
    pid_t pid = -1;
    int failed = spawn(program, spec, &pipes, &pid);
    int guarded = failed == 0 && !spec->stdin_pipe ? jig_guard_add(pid) : -1;
    close_pipes(&pipes, false);
    int pidfd = failed == 0 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
    if (failed == 0 && pidfd < 0) {
        failed = errno;
        kill(-pid, SIGKILL);
        jig_guard_remove(guarded);
        waitpid(pid, NULL, 0);
    }
    if (failed != 0) {
        close_pipes(&pipes, true);
        return jig_err_sys(reterr, failed, "cannot start %s in %s", program,
                           spec->cwd != NULL ? spec->cwd : "/");
    }
    fcntl(pidfd, F_SETFD, FD_CLOEXEC);
    struct jig_proc *p = jig_new(struct jig_proc);
    *p = (struct jig_proc){.pid = pid,
                           .pidfd = pidfd,
                           .in = pipes.in[1],
                           .out = pipes.out[0],
                           .err = pipes.err[0],
                           .guarded = guarded,
                           .output = spec->output,
                           .ctx = spec->ctx};
    for (int i = 0; i < 2; i++) {
        int fd = i == 0 ? p->out : p->err;
        if (fd >= 0)
            fcntl(fd, F_SETFL, O_NONBLOCK);
    }
    *ret = p;
    return JIG_OK;
}

pid_t jig_proc_pid(const struct jig_proc *p)
{
    return p->pid;
}

/* Delivers one chunk. False when there was nothing to read now; closes at the end of the stream. */
static bool read_chunk(struct jig_proc *p, enum jig_stream stream)
{
    int *fd = stream == JIG_STDOUT ? &p->out : &p->err;
    if (*fd < 0)
        return false;
    char chunk[READ_CHUNK];
    ssize_t n = read(*fd, chunk, sizeof chunk);
    if (n > 0) {
        if (p->output != NULL)
            p->output(p->ctx, stream, chunk, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
        return errno == EINTR;
    close(*fd);
    *fd = -1;
    return false;
}

/* What is left of the group must not outlive its leader. It is killed first: until the leader is
 * waited for, no other group can have its number. */
static void reap(struct jig_proc *p)
{
    if (p->reaped)
        return;
    int status = 0;
    kill(-p->pid, SIGKILL);
    jig_guard_remove(p->guarded);
    while (waitpid(p->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    p->reaped = true;
    p->result.exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    p->result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* Reads no more than a pipe can hold: one that left the group may go on writing for ever. */
static void drain(struct jig_proc *p, enum jig_stream stream)
{
    int size = fcntl(stream == JIG_STDOUT ? p->out : p->err, F_GETPIPE_SZ);
    int chunks = (size > 0 ? size : 0) / READ_CHUNK + 1;
    for (int i = 0; i < chunks && read_chunk(p, stream); i++)
        continue;
}

static void end(struct jig_proc *p)
{
    reap(p);
    drain(p, JIG_STDOUT);
    drain(p, JIG_STDERR);
}

/* Fills fds for one child: pidfd, stdout, stderr. Closed ones are -1, which poll ignores. */
static void watch(const struct jig_proc *p, struct pollfd fds[3])
{
    fds[0] = (struct pollfd){.fd = p->reaped ? -1 : p->pidfd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = p->out, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = p->err, .events = POLLIN};
}

/* Where poll(2) looks for n children, the cancel and one more; `fds` has room for them. */
static size_t watch_all(struct jig_proc *const *procs, size_t n, int cancel_fd, int also_fd,
                        struct pollfd *fds)
{
    for (size_t i = 0; i < n; i++)
        watch(procs[i], fds + 3 * i);
    fds[3 * n] = (struct pollfd){.fd = cancel_fd, .events = POLLIN};
    fds[3 * n + 1] = (struct pollfd){.fd = also_fd, .events = POLLIN};
    return 3 * n + 2;
}

/* Delivers what is there to read. True when a child has exited, which is then over. */
static bool serve(struct jig_proc *const *procs, size_t n, const struct pollfd *fds,
                  size_t *ret_index)
{
    for (size_t i = 0; i < n; i++) {
        if (fds[3 * i + 1].revents != 0)
            read_chunk(procs[i], JIG_STDOUT);
        if (fds[3 * i + 2].revents != 0)
            read_chunk(procs[i], JIG_STDERR);
    }
    for (size_t i = 0; i < n; i++) {
        if (fds[3 * i].revents == 0)
            continue;
        end(procs[i]);
        *ret_index = i;
        return true;
    }
    return false;
}

/* ret_index is n when also_fd is readable before one of the children has exited. */
static enum jig_code wait_children(struct jig_proc *const *procs, size_t n, int also_fd,
                                   const struct jig_until *until, size_t *ret_index,
                                   struct jig_err *reterr)
{
    struct pollfd fds[3 * MOST_CHILDREN + 2];
    for (;;) {
        enum jig_code code = jig_until_check(until, reterr);
        if (code != JIG_OK)
            return code;
        int cancel_fd = until->cancel != NULL ? until->cancel->fd : -1;
        size_t count = watch_all(procs, n, cancel_fd, also_fd, fds);
        int ready = poll(fds, count, jig_deadline_poll_ms(until->deadline_ns));
        if (ready < 0 && errno != EINTR)
            return jig_err_sys(reterr, errno, "cannot wait for a child");
        if (ready <= 0)
            continue;
        if (serve(procs, n, fds, ret_index))
            return JIG_OK;
        if (fds[3 * n + 1].revents != 0) {
            *ret_index = n;
            return JIG_OK;
        }
    }
}

enum jig_code jig_proc_wait_any(struct jig_proc *const *procs, size_t n,
                                const struct jig_until *until, size_t *ret_index,
                                struct jig_err *reterr)
{
    if (n == 0 || n > MOST_CHILDREN)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "cannot wait for %zu children", n);
    return wait_children(procs, n, -1, until, ret_index, reterr);
}

bool jig_proc_any_exited(struct jig_proc *const *procs, size_t n, size_t *ret_index)
{
    struct pollfd fds[3 * MOST_CHILDREN + 2];
    if (n == 0 || n > MOST_CHILDREN)
        return false;
    size_t count = watch_all(procs, n, -1, -1, fds);
    return poll(fds, count, 0) > 0 && serve(procs, n, fds, ret_index);
}

enum jig_code jig_proc_wait_or(struct jig_proc *p, int also_fd, const struct jig_until *until,
                               bool *ret_exited, struct jig_err *reterr)
{
    size_t index = 0;
    enum jig_code code = wait_children(&p, 1, also_fd, until, &index, reterr);
    if (code == JIG_OK)
        *ret_exited = index == 0;
    return code;
}

struct jig_proc_result jig_proc_result(const struct jig_proc *p)
{
    return p->result;
}

void jig_proc_kill(struct jig_proc *p, int grace_ms)
{
    jig_proc_kill_all(&p, 1, grace_ms);
}

void jig_proc_kill_all(struct jig_proc *const *procs, size_t n, int grace_ms)
{
    int64_t deadline = jig_deadline_in_ms(grace_ms);
    for (size_t i = 0; i < n; i++) {
        if (!procs[i]->reaped)
            kill(-procs[i]->pid, SIGTERM);
    }
    for (size_t i = 0; i < n; i++) {
        struct pollfd exited = {.fd = procs[i]->reaped ? -1 : procs[i]->pidfd, .events = POLLIN};
        while (exited.fd >= 0 && poll(&exited, 1, jig_deadline_poll_ms(deadline)) < 0 &&
               errno == EINTR)
            continue;
        reap(procs[i]); /* kills it, when it is still there */
    }
}

void jig_proc_free(struct jig_proc *p)
{
    if (p == NULL)
        return;
    if (!p->reaped)
        jig_proc_kill(p, 0);
    int fds[] = {p->in, p->out, p->err, p->pidfd};
    for (size_t i = 0; i < JIG_COUNT(fds); i++) {
        if (fds[i] >= 0)
            close(fds[i]);
    }
    free(p);
}

enum jig_code jig_proc_run(const struct jig_proc_spec *spec, const struct jig_until *until,
                           struct jig_proc_result *ret, struct jig_err *reterr)
{
    struct jig_proc *p = NULL;
    enum jig_code code = jig_proc_start(spec, &p, reterr);
    if (code != JIG_OK)
        return code;
    size_t index = 0;
    code = jig_proc_wait_any(&p, 1, until, &index, reterr);
    if (code == JIG_OK)
        *ret = jig_proc_result(p);
    else
        jig_proc_kill(p, KILL_GRACE_MS);
    jig_proc_free(p);
    return code;
}
