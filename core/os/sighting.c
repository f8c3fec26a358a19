#include "core/os/sighting.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"

static _Thread_local const struct jig_observer *listener;
static _Thread_local bool checks;
static _Thread_local const struct jig_write_observer *reader;

const struct jig_observer *jig_observe(const struct jig_observer *o)
{
    const struct jig_observer *before = listener;
    listener = o;
    return before;
}

const struct jig_observer *jig_observer(void)
{
    return listener;
}

bool jig_observe_checking(bool checking)
{
    bool before = checks;
    checks = checking;
    return before;
}

bool jig_observer_checks(void)
{
    return checks;
}

void jig_observe_doubt(const char *path)
{
    if (listener != NULL && listener->doubt != NULL)
        listener->doubt(listener->ctx, path);
}

void jig_observe_unsteady(const char *what)
{
    if (listener != NULL && listener->unsteady != NULL)
        listener->unsteady(listener->ctx, what);
}

const struct jig_write_observer *jig_observe_writes(const struct jig_write_observer *o)
{
    const struct jig_write_observer *before = reader;
    reader = o;
    return before;
}

void jig_tell_write(const char *path, bool named)
{
    if (reader != NULL)
        reader->wrote(reader->ctx, path, named);
}

void jig_tell_write_anything(const char *program)
{
    if (reader != NULL)
        reader->wrote_anything(reader->ctx, program);
}

static bool real_holds(const struct jig_sighting *s)
{
    char *real = NULL;
    bool there = jig_fs_real(s->path, &real, NULL) == JIG_OK;
    bool holds = there == s->there && (!there || strcmp(real, s->real) == 0);
    free(real);
    return holds;
}

static bool stamp_holds(const struct jig_sighting *s)
{
    struct jig_stamp now;
    enum jig_code code =
        s->follow ? jig_fs_stamp(s->path, &now, NULL) : jig_fs_stamp_link(s->path, &now, NULL);
    if (code != JIG_OK || !s->there)
        return (code == JIG_OK) == s->there;
    if (s->kind == JIG_SAW_TYPE)
        return (now.mode & S_IFMT) == (s->stamp.mode & S_IFMT);
    return jig_stamp_equal(&now, &s->stamp);
}

bool jig_sighting_holds(const struct jig_sighting *s)
{
    const struct jig_observer *before = jig_observe(NULL);
    bool holds = s->kind == JIG_SAW_REAL ? real_holds(s) : stamp_holds(s);
    jig_observe(before);
    return holds;
}

/* ---- many ---- */

void jig_review_release(struct jig_review *r)
{
    if (r->folder >= 0)
        close(r->folder);
    r->folder = -1;
}

/* Opens the folder of a path, unless it is the one that is open. False for one that is not there.
 */
static bool enter(struct jig_review *r, const char *path, size_t n)
{
    if (r->folder >= 0 && r->n == n && memcmp(r->path, path, n) == 0)
        return true;
    jig_review_release(r);
    if (n == 0 || n >= sizeof r->path)
        return false;
    memcpy(r->path, path, n);
    r->path[n] = '\0';
    r->n = n;
    r->folder = open(r->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return r->folder >= 0;
}

bool jig_review_holds(struct jig_review *r, const struct jig_sighting *s)
{
    const char *slash = strrchr(s->path, '/');
    struct stat st;
    if (s->kind == JIG_SAW_REAL || slash == NULL || slash[1] == '\0' ||
        !enter(r, s->path, (size_t)(slash - s->path)))
        return jig_sighting_holds(s);
    bool there = fstatat(r->folder, slash + 1, &st, s->follow ? 0 : AT_SYMLINK_NOFOLLOW) == 0;
    if (!there || !s->there)
        return there == s->there;
    if (s->kind == JIG_SAW_TYPE)
        return (st.st_mode & S_IFMT) == (s->stamp.mode & S_IFMT);
    struct jig_stamp now = jig_stamp_of(&st);
    return jig_stamp_equal(&now, &s->stamp);
}
