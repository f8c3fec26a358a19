#include "core/build/vouch.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define MOST_CHANGES 500 /* a trace is asked about each; past that a look is as good */

struct jig_vouch {
    const char *build_dir;
    struct jig_strv changed; /* as traces spell them */
    struct jig_map is_changed;
    bool ended;
    struct jig_write_observer observer;
};

/* The file, or the folder's list of names, is, or may be, another one from here on. */
static void add(struct jig_vouch *v, const char *path)
{
    if (v->ended)
        return;
    JIG_CLEANUP_FREE char *spelled = jig_build_relative(v->build_dir, path);
    if (jig_map_has(&v->is_changed, spelled))
        return;
    jig_map_set(&v->is_changed, spelled, v);
    jig_strv_append(&v->changed, spelled);
    v->ended = v->changed.n > MOST_CHANGES;
}

static void wrote(void *ctx, const char *path, bool named)
{
    JIG_CLEANUP_FREE char *folder = named ? jig_path_dir(path) : NULL;
    add(ctx, path);
    if (named)
        add(ctx, folder);
}

static void wrote_anything(void *ctx, const char *program)
{
    struct jig_vouch *v = ctx;
    (void)program;
    v->ended = true;
}

struct jig_vouch *jig_vouch_new(const struct jig_watch_changes *changes, const char *build_dir)
{
    if (changes == NULL || !changes->whole)
        return NULL;
    struct jig_vouch *v = jig_new(struct jig_vouch);
    v->build_dir = build_dir;
    v->observer = (struct jig_write_observer){wrote, wrote_anything, v};
    jig_map_init(&v->is_changed, NULL);
    for (size_t i = 0; i < changes->files.n; i++)
        add(v, changes->files.v[i]);
    return v;
}

void jig_vouch_free(struct jig_vouch *v)
{
    if (v == NULL)
        return;
    jig_strv_release(&v->changed);
    jig_map_release(&v->is_changed);
    free(v);
}

const struct jig_write_observer *jig_vouch_observer(struct jig_vouch *v)
{
    return v != NULL ? &v->observer : NULL;
}

/* Has a part that is "", "." or "..". */
static bool is_roundabout(const char *path)
{
    for (const char *at = strchr(path, '/'); at != NULL; at = strchr(at + 1, '/')) {
        size_t n = strcspn(at + 1, "/");
        if ((n == 0 && at[1] != '\0') || (n <= 2 && n > 0 && strspn(at + 1, ".") == n))
            return true;
    }
    return false;
}

/* Leads into the build folder by a way that nobody tells when something is written there. */
static bool winds(const char *build_dir, const char *path)
{
    if (!is_roundabout(path))
        return false;
    if (jig_str_starts(path, "{build}/"))
        return true;
    if (strstr(path, jig_path_base(build_dir)) == NULL) /* so it goes elsewhere */
        return false;
    JIG_CLEANUP_FREE char *straight = jig_path_absolute("/", path);
    JIG_CLEANUP_FREE char *spelled = jig_build_relative(build_dir, straight);
    return jig_str_starts(spelled, "{build}/") || strcmp(straight, build_dir) == 0;
}

static bool any_winds(const char *build_dir, const struct jig_trace_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (winds(build_dir, files[i].path))
            return true;
    }
    return false;
}

void jig_vouch_prepare(const char *build_dir, struct jig_trace *t)
{
    if (t->way != JIG_TRACE_UNREAD)
        return;
    t->way = any_winds(build_dir, t->inputs, t->input_count) ||
                     any_winds(build_dir, t->searched, t->searched_count)
                 ? JIG_TRACE_WINDING
                 : JIG_TRACE_STRAIGHT;
}

static bool is_straight(const struct jig_vouch *v, struct jig_trace *t)
{
    jig_vouch_prepare(v->build_dir, t);
    return t->way == JIG_TRACE_STRAIGHT;
}

const struct jig_strv *jig_vouch_changed(const struct jig_vouch *v, struct jig_trace *t)
{
    return v != NULL && !v->ended && is_straight(v, t) ? &v->changed : NULL;
}

/* Inputs are sorted; outputs and folders that were searched are few. */
static bool touches(const struct jig_trace *t, const char *path)
{
    if (jig_trace_input(t, path) != NULL)
        return true;
    for (size_t i = 0; i < t->output_count; i++) {
        if (strcmp(t->outputs[i].path, path) == 0)
            return true;
    }
    for (size_t i = 0; i < t->searched_count; i++) {
        if (strcmp(t->searched[i].path, path) == 0)
            return true;
    }
    return false;
}

bool jig_vouch_same_input(const struct jig_vouch *v, struct jig_trace *t, const char *path)
{
    if (t == NULL || jig_vouch_changed(v, t) == NULL)
        return false;
    JIG_CLEANUP_FREE char *spelled = jig_build_relative(v->build_dir, path);
    return !jig_map_has(&v->is_changed, spelled) && jig_trace_input(t, spelled) != NULL;
}

bool jig_vouch_holds(const struct jig_vouch *v, struct jig_trace *t)
{
    if (v == NULL || v->ended || t == NULL || t->opaque || !is_straight(v, t))
        return false;
    for (; t->clear < v->changed.n; t->clear++) {
        if (touches(t, v->changed.v[t->clear]))
            return false;
    }
    return true;
}
