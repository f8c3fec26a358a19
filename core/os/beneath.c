#include "core/os/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/clock.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/sighting.h"

#define FOLDER_MODE 0755
#define FILE_MODE   0600 /* until it is finished */

struct jig_beneath {
    char *root; /* for messages, and resolved for jig_beneath_stays */
    int root_fd;
    char *parent; /* the folder that was used last, "" for the root */
    int parent_fd;
    bool by_part;
    uint64_t folders; /* that were made */
};

enum jig_code jig_beneath_open(const char *root, struct jig_beneath **ret, struct jig_err *reterr)
{
    char *real = realpath(root, NULL);
    if (real == NULL)
        return jig_err_sys(reterr, errno, "cannot resolve %s", root);
    int fd = open(real, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        enum jig_code code = jig_err_sys(reterr, errno, "cannot open the folder %s", root);
        free(real);
        return code;
    }
    struct jig_beneath *b = jig_new(struct jig_beneath);
    b->root = real;
    b->root_fd = fd;
    b->parent_fd = -1;
    *ret = b;
    return JIG_OK;
}

void jig_beneath_free(struct jig_beneath *b)
{
    if (b == NULL)
        return;
    if (b->parent_fd >= 0)
        close(b->parent_fd);
    close(b->root_fd);
    free(b->parent);
    free(b->root);
    free(b);
}

void jig_beneath_walk_by_part(struct jig_beneath *b)
{
    b->by_part = true;
}

static void tell_new(const struct jig_beneath *b, const char *name)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(b->root, name);
    jig_tell_write(path, true);
}

/* A kernel or a container's filter without openat2. */
static bool is_unknown_call(int failed)
{
    return failed == ENOSYS || failed == EPERM;
}

static int open_by_kernel(struct jig_beneath *b, const char *name, uint64_t resolve, uint64_t flags)
{
    struct open_how how = {.flags = flags | O_CLOEXEC, .resolve = resolve | RESOLVE_BENEATH};
    int fd = (int)syscall(SYS_openat2, b->root_fd, name, &how, sizeof how);
    if (fd < 0 && is_unknown_call(errno))
        b->by_part = true;
    return fd;
}

/* The folder, part by part, without following links. -1 and errno. */
static int open_by_part(const struct jig_beneath *b, const char *name)
{
    int at = dup(b->root_fd);
    for (const char *part = name; at >= 0 && *part != '\0';) {
        size_t n = strcspn(part, "/");
        char one[NAME_MAX + 1];
        if (n > NAME_MAX || n == 0) {
            close(at);
            errno = n == 0 ? EINVAL : ENAMETOOLONG;
            return -1;
        }
        memcpy(one, part, n);
        one[n] = '\0';
        if (strcmp(one, "..") == 0) {
            close(at);
            errno = EXDEV;
            return -1;
        }
        int next = openat(at, one, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int failed = errno;
        struct stat st;
        if (next < 0 && failed == ENOTDIR && fstatat(at, one, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISLNK(st.st_mode))
            failed = ELOOP; /* as openat2 says it */
        close(at);
        errno = failed;
        at = next;
        part += n + (part[n] == '/');
    }
    return at;
}

static int open_folder(struct jig_beneath *b, const char *name)
{
    if (name[0] == '\0')
        return dup(b->root_fd);
    if (!b->by_part) {
        int fd = open_by_kernel(b, name, RESOLVE_NO_SYMLINKS, O_PATH | O_DIRECTORY);
        if (fd >= 0 || !b->by_part)
            return fd;
    }
    return open_by_part(b, name);
}

static enum jig_code in_the_way(const char *name, int failed, struct jig_err *reterr)
{
    if (failed == ELOOP || failed == EXDEV)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' goes through a link", name);
    if (failed == ENOTDIR)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "'%s' is no folder, but something is to be in it", name);
    return jig_err_sys(reterr, failed, "cannot make '%s'", name);
}

/* Makes name[0..upto) a folder, its parents first. */
static enum jig_code make_folders(struct jig_beneath *b, const char *name, int *ret_fd,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *made = jig_xcalloc(strlen(name) + 1, 1);
    int at = dup(b->root_fd);
    int levels = 0;
    for (const char *part = name; at >= 0 && *part != '\0';) {
        size_t n = strcspn(part, "/");
        if (++levels > JIG_BENEATH_LEVELS) {
            close(at);
            return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "'%s' is more than %d folders deep",
                               name, JIG_BENEATH_LEVELS);
        }
        memcpy(made, name, (size_t)(part - name) + n);
        made[part - name + (ptrdiff_t)n] = '\0';
        int rc = mkdirat(at, made + (part - name), FOLDER_MODE);
        int failed = errno;
        b->folders += rc == 0;
        if (rc == 0)
            tell_new(b, made);
        close(at);
        at = rc == 0 || failed == EEXIST ? open_folder(b, made) : -1;
        if (rc != 0 && failed != EEXIST)
            errno = failed;
        part += n + (part[n] == '/');
    }
    if (at < 0)
        return in_the_way(made, errno, reterr);
    *ret_fd = at;
    return JIG_OK;
}

static enum jig_code enter(struct jig_beneath *b, const char *name, struct jig_err *reterr)
{
    if (b->parent_fd >= 0 && jig_streq(b->parent, name))
        return JIG_OK;
    int fd = open_folder(b, name);
    if (fd < 0 && errno != ENOENT)
        return in_the_way(name, errno, reterr);
    if (fd < 0) {
        enum jig_code code = make_folders(b, name, &fd, reterr);
        if (code != JIG_OK)
            return code;
    }
    if (b->parent_fd >= 0)
        close(b->parent_fd);
    free(b->parent);
    b->parent_fd = fd;
    b->parent = jig_xstrdup(name);
    return JIG_OK;
}

/* Enters the folder of `name`; *ret_base is what the name is in there. */
static enum jig_code enter_parent(struct jig_beneath *b, const char *name, const char **ret_base,
                                  struct jig_err *reterr)
{
    const char *slash = strrchr(name, '/');
    JIG_CLEANUP_FREE char *dir = jig_xstrndup(name, slash == NULL ? 0 : (size_t)(slash - name));
    *ret_base = slash == NULL ? name : slash + 1;
    return enter(b, dir, reterr);
}

enum jig_code jig_beneath_mkdirs(struct jig_beneath *b, const char *name, struct jig_err *reterr)
{
    return enter(b, name, reterr);
}

uint64_t jig_beneath_folders(const struct jig_beneath *b)
{
    return b->folders;
}

static enum jig_code cannot(int failed, const char *name, struct jig_err *reterr)
{
    if (failed == EEXIST || failed == EISDIR)
        return jig_err_set(reterr, JIG_ALREADY_EXISTS, "'%s' is there already", name);
    return jig_err_sys(reterr, failed, "cannot make '%s'", name);
}

enum jig_code jig_beneath_create(struct jig_beneath *b, const char *name, int *ret_fd,
                                 struct jig_err *reterr)
{
    const char *base;
    enum jig_code code = enter_parent(b, name, &base, reterr);
    if (code != JIG_OK)
        return code;
    tell_new(b, name);
    int fd =
        openat(b->parent_fd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
    if (fd < 0)
        return cannot(errno, name, reterr);
    *ret_fd = fd;
    return JIG_OK;
}

enum jig_code jig_beneath_write_at(int fd, const void *data, size_t n, int64_t offset,
                                   struct jig_err *reterr)
{
    const char *p = data;
    while (n > 0) {
        ssize_t wrote = pwrite(fd, p, n, offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote < 0)
            return jig_err_sys(reterr, errno, "cannot write");
        p += wrote;
        n -= (size_t)wrote;
        offset += wrote;
    }
    return JIG_OK;
}

enum jig_code jig_beneath_finish(int fd, int64_t size, mode_t mode, int64_t mtime_ns,
                                 struct jig_err *reterr)
{
    struct timespec times[2] = {
        {.tv_nsec = UTIME_OMIT},
        {.tv_sec = mtime_ns / JIG_NS_PER_S, .tv_nsec = mtime_ns % JIG_NS_PER_S}};
    struct stat st;
    int rc = fstat(fd, &st);
    if (rc == 0 && st.st_size != size)
        rc = ftruncate(fd, size);
    if (rc == 0)
        rc = fchmod(fd, mode);
    if (rc == 0 && mtime_ns >= 0)
        rc = futimens(fd, times);
    int failed = errno;
    if (close(fd) != 0 && rc == 0) {
        rc = -1;
        failed = errno;
    }
    return rc == 0 ? JIG_OK : jig_err_sys(reterr, failed, "cannot finish a file");
}

enum jig_code jig_beneath_symlink(struct jig_beneath *b, const char *name, const char *target,
                                  struct jig_err *reterr)
{
    const char *base;
    enum jig_code code = enter_parent(b, name, &base, reterr);
    if (code == JIG_OK)
        tell_new(b, name);
    if (code == JIG_OK && symlinkat(target, b->parent_fd, base) != 0)
        code = cannot(errno, name, reterr);
    return code;
}

enum jig_code jig_beneath_link(struct jig_beneath *b, const char *name, const char *existing,
                               struct jig_err *reterr)
{
    const char *slash = strrchr(existing, '/');
    JIG_CLEANUP_FREE char *dir =
        jig_xstrndup(existing, slash == NULL ? 0 : (size_t)(slash - existing));
    const char *old = slash == NULL ? existing : slash + 1;
    JIG_CLEANUP_FD int from = open_folder(b, dir);
    struct stat st;
    if (from < 0 || fstatat(from, old, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return in_the_way(existing, errno, reterr);
    if (!S_ISREG(st.st_mode))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is no regular file", existing);
    const char *base;
    enum jig_code code = enter_parent(b, name, &base, reterr);
    if (code == JIG_OK)
        tell_new(b, name);
    if (code == JIG_OK && linkat(from, old, b->parent_fd, base, 0) != 0)
        code = cannot(errno, name, reterr);
    return code;
}

static enum jig_code leads_out(const char *name, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the link '%s' leads out of its folder", name);
}

/* Nobody else changes the tree, so where a path ends tells where it went; one that leaves the root
 * and comes back is not told from one that stays, and does no harm. */
static enum jig_code stays_by_path(const struct jig_beneath *b, const char *name,
                                   struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(b->root, name);
    JIG_CLEANUP_FREE char *real = realpath(path, NULL);
    if (real == NULL && errno == ENOENT)
        return JIG_OK;
    if (real == NULL)
        return jig_err_sys(reterr, errno, "cannot follow the link '%s'", name);
    size_t n = strlen(b->root);
    bool inside = strncmp(real, b->root, n) == 0 && (real[n] == '/' || real[n] == '\0');
    return inside ? JIG_OK : leads_out(name, reterr);
}

enum jig_code jig_beneath_stays(struct jig_beneath *b, const char *name, struct jig_err *reterr)
{
    int fd = b->by_part ? -1 : open_by_kernel(b, name, RESOLVE_NO_MAGICLINKS, O_PATH);
    int failed = errno;
    /* EAGAIN: whenever anybody on this machine renames something while the kernel goes up a "..".
     */
    if (b->by_part || (fd < 0 && failed == EAGAIN))
        return stays_by_path(b, name, reterr);
    if (fd >= 0) {
        close(fd);
        return JIG_OK;
    }
    if (failed == ENOENT)
        return JIG_OK;
    if (failed == EXDEV)
        return leads_out(name, reterr);
    return jig_err_sys(reterr, failed, "cannot follow the link '%s'", name);
}
