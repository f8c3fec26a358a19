#include "emulators/common/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulators/common/say.h"

static bool take_lock(struct emu_store *s)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s.lock", s->path) >= (int)sizeof path)
        return emu_fail("the path of the %s file is too long", s->what);
    s->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (s->lock == -1)
        return emu_fail("cannot make %s: %s", path, strerror(errno));
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return emu_fail("another emulator has the %s file %s", s->what, s->path);
    return true;
}

static bool read_all(int fd, uint8_t *to, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = read(fd, to + at, size - at);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == 0)
            errno = ENODATA;
        if (n <= 0)
            return false;
        at += (size_t)n;
    }
    return true;
}

static bool load(struct emu_store *s, uint8_t *live)
{
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd == -1 && errno == ENOENT)
        return true;
    if (fd == -1)
        return emu_fail("cannot open the %s file %s: %s", s->what, s->path, strerror(errno));
    struct stat st;
    bool ok = false;
    if (fstat(fd, &st) != 0)
        emu_fail("cannot look at the %s file %s: %s", s->what, s->path, strerror(errno));
    else if (!S_ISREG(st.st_mode))
        emu_fail("the %s file %s is not a regular file", s->what, s->path);
    else if (st.st_size != (off_t)s->size)
        emu_fail("the %s file %s has %lld bytes, and this chip's %s has %zu: move it away or name "
                 "another file",
                 s->what, s->path, (long long)st.st_size, s->what, s->size);
    else if (!read_all(fd, s->saved, s->size))
        emu_fail("cannot read the %s file %s: %s", s->what, s->path, strerror(errno));
    else
        ok = true;
    close(fd);
    if (ok) {
        memcpy(live, s->saved, s->size);
        s->is_saved = true;
    }
    return ok;
}

bool emu_store_open(struct emu_store *s, const char *what, const char *path, uint8_t *live,
                    size_t size)
{
    *s = (struct emu_store){.what = what, .path = path, .live = live, .size = size, .lock = -1};
    s->seen = malloc(size);
    s->saved = malloc(size);
    bool ok = s->seen != NULL && s->saved != NULL;
    if (!ok)
        emu_fail("out of memory");
    if (ok && path != NULL)
        ok = take_lock(s) && load(s, live);
    if (!ok) {
        emu_store_close(s);
        return false;
    }
    memcpy(s->seen, live, size);
    return true;
}

static bool write_all(int fd, const uint8_t *from, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, from + at, size - at);
        if (n == -1 && errno != EINTR)
            return false;
        if (n > 0)
            at += (size_t)n;
    }
    return true;
}

/* So that the rename itself outlives a power cut. Best effort: not every filesystem can. */
static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", n, slash == NULL ? "." : path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1)
        return;
    fsync(fd);
    close(fd);
}

static bool replace_file(const struct emu_store *s)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.new", s->path) >= (int)sizeof beside) {
        errno = ENAMETOOLONG;
        return false;
    }
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd == -1)
        return false;
    bool ok = write_all(fd, s->saved, s->size) && fsync(fd) == 0;
    if (close(fd) != 0)
        ok = false;
    ok = ok && rename(beside, s->path) == 0;
    if (!ok) {
        int why = errno;
        unlink(beside);
        errno = why;
        return false;
    }
    sync_folder_of(s->path);
    return true;
}

bool emu_store_is_saved(const struct emu_store *s)
{
    return s->path == NULL || (s->is_saved && memcmp(s->live, s->saved, s->size) == 0);
}

bool emu_store_save(struct emu_store *s)
{
    if (emu_store_is_saved(s))
        return true;
    memcpy(s->saved, s->live, s->size);
    s->is_saved = replace_file(s);
    if (!s->is_saved && !s->failing)
        emu_note("cannot write the %s file %s: %s", s->what, s->path, strerror(errno));
    s->failing = !s->is_saved;
    return s->is_saved;
}

void emu_store_settle(struct emu_store *s)
{
    if (memcmp(s->seen, s->live, s->size) == 0)
        (void)emu_store_save(s);
    else
        memcpy(s->seen, s->live, s->size);
}

void emu_store_close(struct emu_store *s)
{
    if (s->lock != -1)
        close(s->lock);
    free(s->seen);
    free(s->saved);
    *s = (struct emu_store){.lock = -1};
}
