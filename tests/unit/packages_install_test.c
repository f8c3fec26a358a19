/*
 * packages_install_test.c - installs, also when they are killed, or the disk is full, at each of
 * their steps.
 *
 * A step is a system call that changes a file. Its archives are in the cache already (core/fetch
 * has its own sweep); what is swept is unpacking, judging, recording and publishing. What must hold
 * afterwards, whatever the step was: a package that shows is whole, and the same install succeeds.
 */
#include "tests/support/blob_bench.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/packages/install.h"
#include "core/packages/record.h"
#include "tests/support/tar.h"

#define MOST_STEPS 400

static const struct jig_until forever = {.deadline_ns = JIG_NO_DEADLINE};

enum fault { NONE, KILLED, FULL };

static enum fault fault = NONE;
static int steps;   /* so far */
static int fail_at; /* from 1 */

static bool step(void)
{
    if (fault == NONE)
        return false;
    steps++;
    if (fault == KILLED && steps == fail_at)
        kill(getpid(), SIGKILL);
    if (fault != FULL || steps < fail_at)
        return false;
    errno = ENOSPC;
    return true;
}

int __real_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...);
int __wrap_openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return flags & O_CREAT && step() ? -1 : __real_openat(dir, path, flags, mode);
}

ssize_t __real_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n);
ssize_t __wrap_write(int fd, const void *data, size_t n)
{
    return step() ? -1 : __real_write(fd, data, n);
}

ssize_t __real_pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t at);
ssize_t __wrap_pwrite(int fd, const void *data, size_t n, off_t at)
{
    return step() ? -1 : __real_pwrite(fd, data, n, at);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
    return step() ? -1 : __real_mkdir(path, mode);
}

int __real_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode);
int __wrap_mkdirat(int dir, const char *path, mode_t mode)
{
    return step() ? -1 : __real_mkdirat(dir, path, mode);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
    return step() ? -1 : __real_rename(from, to);
}

int __real_fsync(int fd);
int __wrap_fsync(int fd);
int __wrap_fsync(int fd)
{
    (void)fd; /* a kill loses nothing that was written, and this takes long */
    return step() ? -1 : 0;
}

int __real_syncfs(int fd);
int __wrap_syncfs(int fd);
int __wrap_syncfs(int fd)
{
    (void)fd;
    return step() ? -1 : 0;
}

/* ---- archives ---- */

static struct jig_package package(enum jig_package_kind kind, const char *vendor, const char *name)
{
    return (struct jig_package){.kind = kind,
                                .from = JIG_WISH_INDEX,
                                .vendor = (char *)vendor,
                                .name = (char *)name,
                                .version = (char *)"1.0",
                                .url = (char *)"http://127.0.0.1:9/x.tar",
                                .ref = (char *)"",
                                .file = (char *)"x.tar",
                                .size = -1};
}

/* Adds the package with its archive, which the cache has. */
static void add(struct blob_bench *b, struct jig_plan *plan, struct jig_package p,
                const char *const files[][2], size_t n)
{
    struct jig_buf tar;
    struct jig_blob_writer *w;
    struct jig_blob blob;
    jig_buf_init(&tar, 1 << 20);
    for (size_t i = 0; i < n; i++)
        tar_add(&tar, files[i][0], files[i][1]);
    tar_end(&tar);
    p.sha256 = jig_sha256_of(tar.data, tar.len);
    p.has_sha256 = true;
    assert_ok(b, jig_blob_begin(b->cache, &p.sha256, &w, &b->err));
    assert_ok(b, jig_blob_write(w, tar.data, tar.len, &b->err));
    assert_ok(b, jig_blob_commit(w, b->hold, JIG_CACHE_PACKAGES, NULL, -1, &blob, &b->err));
    free(blob.path);
    assert_ok(b, jig_plan_add(plan, &p, &b->err));
    jig_buf_release(&tar);
}

static void make_plan(struct blob_bench *b, struct jig_plan *plan)
{
    static const char *const core[][2] = {{"avr-1.0/boards.txt", "uno.name=Uno\n"},
                                          {"avr-1.0/cores/a/Arduino.h", "#pragma once\n"}};
    static const char *const tool[][2] = {{"gcc/bin/gcc", "#!/bin/sh\n"}};
    static const char *const lib[][2] = {{"Blue-1.0/library.properties", "name=Blue Sky\n"},
                                         {"Blue-1.0/src/Blue.h", "\n"}};
    struct jig_package platform = package(JIG_PACKAGE_PLATFORM, "me", "avr");
    add(b, plan, package(JIG_PACKAGE_TOOL, "me", "gcc"), tool, JIG_COUNT(tool));
    jig_strv_append(&platform.needs, "me:gcc@1.0");
    add(b, plan, platform, core, JIG_COUNT(core));
    jig_strv_release(&platform.needs);
    add(b, plan, package(JIG_PACKAGE_LIBRARY, "", "Blue Sky"), lib, JIG_COUNT(lib));
}

/* ---- what must hold ---- */

static size_t count(const struct blob_bench *b, enum jig_package_kind kind)
{
    struct jig_strv roots = {0};
    struct jig_installed_list l;
    jig_strv_append_take(&roots, jig_path_join(b->root, "installed"));
    assert_int_equal(jig_installed_read(&roots, kind, &l, NULL), JIG_OK);
    size_t n = l.n;
    for (size_t i = 0; i < n; i++) {
        struct jig_package p;
        static const char *const must_have[] = {[JIG_PACKAGE_PLATFORM] = "installed.json",
                                                [JIG_PACKAGE_TOOL] = "bin/gcc",
                                                [JIG_PACKAGE_LIBRARY] = "Blue_Sky/src/Blue.h"};
        JIG_CLEANUP_FREE char *file = jig_path_join(l.items[i].path, must_have[kind]);
        assert_true(jig_fs_is_file(file));
        assert_int_equal(jig_installed_record(&l.items[i], &p, NULL), JIG_OK);
        assert_string_equal(p.version, "1.0");
        jig_package_release(&p);
    }
    jig_installed_release(&l);
    jig_strv_release(&roots);
    return n;
}

static size_t count_all(const struct blob_bench *b)
{
    return count(b, JIG_PACKAGE_PLATFORM) + count(b, JIG_PACKAGE_TOOL) +
           count(b, JIG_PACKAGE_LIBRARY);
}

static enum jig_code carry_out(struct jig_cache *c, struct jig_hold *h, const struct jig_plan *plan,
                               bool **ret_new, struct jig_err *reterr)
{
    struct jig_fetcher_options options = {.rounds = 1};
    struct jig_fetcher *f = jig_fetcher_new(&options);
    struct jig_install_spec spec = {.cache = c, .hold = h, .fetcher = f};
    enum jig_code code = jig_install(&spec, plan, &forever, ret_new, reterr);
    jig_fetcher_free(f);
    return code;
}

static void remove_all(struct blob_bench *b, const struct jig_plan *plan)
{
    end_hold(b);
    for (size_t i = 0; i < plan->n; i++) {
        const struct jig_package *p = &plan->items[i];
        struct jig_installed one = {p->kind, p->vendor, p->name, p->version, NULL};
        enum jig_code code = jig_uninstall(b->cache, &one, &b->err);
        assert_true(code == JIG_OK || code == JIG_NOT_FOUND);
    }
    assert_int_equal(count_all(b), 0);
}

/* ---- tests ---- */

static void test_install(void **state)
{
    struct blob_bench *b = *state;
    struct jig_plan plan = {0};
    bool *fresh;
    make_plan(b, &plan);
    assert_ok(b, carry_out(b->cache, b->hold, &plan, &fresh, &b->err));
    assert_true(fresh[0] && fresh[1] && fresh[2]);
    free(fresh);
    assert_int_equal(count_all(b), 3);
    assert_ok(b, carry_out(b->cache, b->hold, &plan, &fresh, &b->err));
    assert_false(fresh[0] || fresh[1] || fresh[2]);
    free(fresh);

    /* another archive under the same name and version is not what is there */
    plan.items[0].sha256.bytes[0] ^= 1;
    assert_int_equal(carry_out(b->cache, b->hold, &plan, NULL, &b->err), JIG_DATA_LOSS);
    assert_int_equal(b->err.reason, JIG_REASON_INTEGRITY);
    plan.items[0].sha256.bytes[0] ^= 1;
    remove_all(b, &plan);
    jig_plan_release(&plan);
}

static void test_tools_go_with_the_last_core(void **state)
{
    struct blob_bench *b = *state;
    struct jig_plan plan = {0};
    struct jig_installed_list l;
    struct jig_strv roots = {0};
    struct jig_strv tools = {0};
    make_plan(b, &plan);
    assert_ok(b, carry_out(b->cache, b->hold, &plan, NULL, &b->err));
    free(plan.items[1].version);
    plan.items[1].version = jig_xstrdup("2.0");
    assert_ok(b, carry_out(b->cache, b->hold, &plan, NULL, &b->err));
    jig_strv_append_take(&roots, jig_path_join(b->root, "installed"));
    assert_ok(b, jig_installed_read(&roots, JIG_PACKAGE_PLATFORM, &l, &b->err));
    assert_int_equal(l.n, 2);
    jig_install_unneeded(&l, &l.items[0], &tools);
    assert_int_equal(tools.n, 0); /* the other one needs it */
    l.n = 1;
    jig_install_unneeded(&l, &l.items[0], &tools);
    assert_int_equal(tools.n, 1);
    assert_string_equal(tools.v[0], "me:gcc@1.0");
    l.n = 2;
    jig_installed_release(&l);
    jig_strv_release(&roots);
    jig_strv_release(&tools);
    jig_plan_release(&plan);
}

/* True when it did not come to that step. */
static bool install_with(struct blob_bench *b, const struct jig_plan *plan, enum fault what, int at)
{
    struct jig_cache *c = open_cache(b->root, NULL);
    struct jig_hold *h = new_hold(c);
    struct jig_err err = JIG_ERR_INIT;
    steps = 0;
    fail_at = at;
    fault = what;
    enum jig_code code = carry_out(c, h, plan, NULL, &err);
    fault = NONE;
    bool never = steps < at;
    jig_hold_free(h);
    jig_cache_close(c);
    if (never != (code == JIG_OK))
        abort();
    if (code != JIG_OK && code != JIG_RESOURCE_EXHAUSTED) {
        fprintf(stderr, "step %d: %s\n", at, err.message);
        abort();
    }
    return never;
}

static void test_full_disk(void **state)
{
    struct blob_bench *b = *state;
    struct jig_plan plan = {0};
    make_plan(b, &plan);
    int at = 1;
    while (!install_with(b, &plan, FULL, at)) {
        size_t n = count_all(b); /* each of them whole */
        assert_true(n < 3);
        assert_ok(b, carry_out(b->cache, b->hold, &plan, NULL, &b->err));
        assert_int_equal(count_all(b), 3);
        remove_all(b, &plan);
        at++;
        assert_true(at < MOST_STEPS);
    }
    assert_true(at > 20); /* it had something to do */
    jig_plan_release(&plan);
}

static void test_killed(void **state)
{
    struct blob_bench *b = *state;
    struct jig_plan plan = {0};
    make_plan(b, &plan);
    for (int at = 1;; at++) {
        int status;
        assert_true(at < MOST_STEPS);
        pid_t child = fork();
        if (child == 0)
            _exit(install_with(b, &plan, KILLED, at) ? 0 : 1);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(count_all(b) <= 3);
        assert_ok(b, carry_out(b->cache, b->hold, &plan, NULL, &b->err));
        assert_int_equal(count_all(b), 3);
        remove_all(b, &plan);
        if (WIFEXITED(status)) {
            assert_int_equal(WEXITSTATUS(status), 0);
            assert_true(at > 20);
            break;
        }
        assert_int_equal(WTERMSIG(status), SIGKILL);
    }
    jig_plan_release(&plan);
}

/* Several processes install the same: each succeeds, and there is one of it. */
static void test_several_at_once(void **state)
{
    struct blob_bench *b = *state;
    struct jig_plan plan = {0};
    pid_t children[4];
    make_plan(b, &plan);
    for (size_t i = 0; i < JIG_COUNT(children); i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(install_with(b, &plan, NONE, 1) ? 0 : 1);
    }
    for (size_t i = 0; i < JIG_COUNT(children); i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    assert_int_equal(count_all(b), 3);
    jig_plan_release(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_install, blob_bench_setup, blob_bench_teardown),
        cmocka_unit_test_setup_teardown(test_tools_go_with_the_last_core, blob_bench_setup,
                                        blob_bench_teardown),
        cmocka_unit_test_setup_teardown(test_full_disk, blob_bench_setup, blob_bench_teardown),
        cmocka_unit_test_setup_teardown(test_killed, blob_bench_setup, blob_bench_teardown),
        cmocka_unit_test_setup_teardown(test_several_at_once, blob_bench_setup,
                                        blob_bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
