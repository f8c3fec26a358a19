#include "core/os/sighting.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/mem.h"

static _Thread_local const struct jig_observer *listener;

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

void jig_observe_doubt(const char *path)
{
    if (listener != NULL && listener->doubt != NULL)
        listener->doubt(listener->ctx, path);
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
