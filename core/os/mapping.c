#include "core/os/mapping.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/os/sighting.h"

static enum jig_code take_room(int fd, const char *path, size_t size, struct jig_err *reterr)
{
    int failed;
    do
        failed = posix_fallocate(fd, 0, (off_t)size);
    while (failed == EINTR);
    return failed == 0 ? JIG_OK : jig_err_sys(reterr, failed, "cannot write %s", path);
}

static enum jig_code map(struct jig_mapping *m, int fd, const char *path, size_t size,
                         int protection, struct jig_err *reterr)
{
    void *data = size > 0 ? mmap(NULL, size, protection, MAP_SHARED, fd, 0) : NULL;
    if (data == MAP_FAILED)
        return jig_err_sys(reterr, errno, "cannot map %s", path);
    *m = (struct jig_mapping){.fd = fd, .data = data, .size = size};
    return JIG_OK;
}

enum jig_code jig_mapping_open(struct jig_mapping *m, const char *path, size_t size, mode_t mode,
                               struct jig_err *reterr)
{
    jig_tell_write(path, true);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open %s", path);
    enum jig_code code = take_room(fd, path, size, reterr);
    if (code == JIG_OK)
        code = map(m, fd, path, size, PROT_READ | PROT_WRITE, reterr);
    if (code != JIG_OK)
        close(fd);
    return code;
}

enum jig_code jig_mapping_read(struct jig_mapping *m, const char *path, size_t most,
                               struct jig_err *reterr)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open %s", path);
    struct stat st;
    enum jig_code code = JIG_OK;
    if (fstat(fd, &st) != 0)
        code = jig_err_sys(reterr, errno, "cannot look at %s", path);
    if (code == JIG_OK) {
        size_t size = (uint64_t)st.st_size < most ? (size_t)st.st_size : most;
        code = map(m, fd, path, size, PROT_READ, reterr);
    }
    if (code != JIG_OK)
        close(fd);
    return code;
}

enum jig_code jig_mapping_grow(struct jig_mapping *m, const char *path, size_t size,
                               struct jig_err *reterr)
{
    enum jig_code code = take_room(m->fd, path, size, reterr);
    if (code != JIG_OK)
        return code;
    void *data = mremap(m->data, m->size, size, MREMAP_MAYMOVE);
    if (data == MAP_FAILED)
        return jig_err_sys(reterr, errno, "cannot map %s", path);
    m->data = data;
    m->size = size;
    return JIG_OK;
}

bool jig_mapping_is_current(const struct jig_mapping *m, const char *path)
{
    struct stat held, now;
    return m->fd >= 0 && fstat(m->fd, &held) == 0 && lstat(path, &now) == 0 &&
           held.st_dev == now.st_dev && held.st_ino == now.st_ino;
}

void jig_mapping_close(struct jig_mapping *m)
{
    if (m->data != NULL)
        munmap(m->data, m->size);
    if (m->fd >= 0)
        close(m->fd);
    *m = (struct jig_mapping)JIG_MAPPING_INIT;
}
