#include "tests/support/unit.h"

#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/detached.h"
#include "core/os/fs.h"
#include "core/os/guard.h"
#include "core/os/proc.h"
#include "core/os/time.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

#define TIMEOUT_MS 60000

static char *make_pipe(const char *dir, const char *name)
{
    char *path = jig_path_join(dir, name);
    assert_int_equal(mkfifo(path, 0600), 0);
    return path;
}

static char *first_line(const char *path)
{
    char line[200] = "";
    FILE *f = fopen(path, "r"); /* waits until somebody writes */
    if (f != NULL && fgets(line, sizeof line, f) == NULL)
        line[0] = '\0';
    if (f != NULL)
        fclose(f);
    return jig_xstrdup(line);
}

/* A process whose tool has a child of its own; both hang. It dies when it is told to. */
static void live_and_die(const char *script, const char *die)
{
    struct jig_proc *proc = NULL;
    char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, NULL};
    struct jig_proc_spec spec = {.argv = argv};
    unsetenv("TMPDIR");
    if (jig_guard_start(NULL) != JIG_OK || jig_proc_start(&spec, &proc, NULL) != JIG_OK)
        _exit(1);
    free(first_line(die));
    raise(SIGKILL);
}

static void nothing_outlives_who_is_killed(void **state)
{
    JIG_CLEANUP_FREE char *never = make_pipe(*state, "never");
    JIG_CLEANUP_FREE char *told = make_pipe(*state, "told");
    JIG_CLEANUP_FREE char *die = make_pipe(*state, "die");
    JIG_CLEANUP_FREE char *script = jig_strf("trap '' TERM; echo x > $TMPDIR/guard-test; { read "
                                             "line < '%s'; } & echo $$ $! $TMPDIR > '%s'; wait",
                                             never, told);
    pid_t pid = fork();
    if (pid == 0)
        live_and_die(script, die);
    JIG_CLEANUP_FREE char *pids = first_line(told);
    char *end = NULL;
    pid_t tool = (pid_t)strtol(pids, &end, 10);
    pid_t child = (pid_t)strtol(end, &end, 10);
    JIG_CLEANUP_FREE char *folder = jig_xstrndup(end + 1, strcspn(end + 1, "\n"));
    assert_true(jig_fs_is_dir(folder));
    assert_true(tool > 1 && child > 1);
    assert_int_equal(kill(tool, 0), 0);
    assert_int_equal(kill(child, 0), 0);
    FILE *f = fopen(die, "w");
    assert_non_null(f);
    assert_true(fputs("now\n", f) >= 0);
    fclose(f);
    int64_t deadline = jig_deadline_in_ms(TIMEOUT_MS);
    assert_int_equal(jig_detached_wait_gone(tool, deadline, NULL), JIG_OK);
    assert_int_equal(jig_detached_wait_gone(child, deadline, NULL), JIG_OK);
    int how = 0;
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    bool in_memory = jig_str_starts(folder, "/dev/shm/jig-");
    while (in_memory && jig_fs_is_there(folder)) {
        assert_true(jig_now_ns() < deadline);
        sched_yield();
    }
    JIG_CLEANUP_FREE char *left = jig_path_join(folder, "guard-test");
    if (!in_memory)
        unlink(left);
}

static void without_a_guard_there_is_no_list(void **state)
{
    (void)state;
    assert_int_equal(jig_guard_add(getpid()), -1);
    jig_guard_remove(-1);
}

/* Entries are given back, and a full list refuses. */
static void use_the_list(void)
{
    int first = -1, n = 0;
    if (jig_guard_start(NULL) != JIG_OK)
        _exit(1);
    pid_t none = 0x7ffffff0; /* above any kernel's pid_max: nobody's group */
    for (int at; (at = jig_guard_add(none)) >= 0; n++)
        first = first < 0 ? at : first;
    jig_guard_remove(first);
    _exit(n == 4096 && jig_guard_add(none) == first && jig_guard_add(none) == -1 ? 0 : 1);
}

static void the_list_has_an_end(void **state)
{
    (void)state;
    int how = 0;
    pid_t pid = fork();
    if (pid == 0)
        use_the_list();
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(nothing_outlives_who_is_killed),
        cmocka_unit_test(without_a_guard_there_is_no_list),
        cmocka_unit_test(the_list_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
