#include "core/arduino/toolpaths.h"

#include <string.h>

#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"

static void set_tool(struct jig_props *props, const struct jig_tool *t)
{
    JIG_CLEANUP_FREE char *plain = jig_strf("runtime.tools.%s.path", t->name);
    JIG_CLEANUP_FREE char *exact = jig_strf("runtime.tools.%s-%s.path", t->name, t->version);
    jig_props_set_literal(props, plain, t->path);
    jig_props_set_literal(props, exact, t->path);
}

static int vendor_rank(const struct jig_tool *t, const struct jig_platform *platform,
                       const struct jig_platform *core)
{
    if (jig_streq(t->vendor, platform->vendor))
        return 2;
    return jig_streq(t->vendor, core->vendor);
}

static bool better(const struct jig_tool *a, const struct jig_tool *b,
                   const struct jig_platform *platform, const struct jig_platform *core)
{
    int ra = vendor_rank(a, platform, core);
    int rb = vendor_rank(b, platform, core);
    if (ra != rb)
        return ra > rb;
    int c = jig_version_compare(a->version, b->version);
    return c != 0 ? c > 0 : strcmp(a->vendor, b->vendor) < 0;
}

static const struct jig_tool *find_needed(const struct jig_hardware_view *v,
                                          const struct jig_tool_need *need)
{
    for (size_t i = 0; i < jig_hardware_tool_count(v); i++) {
        const struct jig_tool *t = jig_hardware_tool(v, i);
        if (jig_streq(t->name, need->name) && jig_streq(t->vendor, need->vendor) &&
            jig_version_compare(t->version, need->version) == 0)
            return t;
    }
    return NULL;
}

/* For a platform that nobody installed tools for: the system's own. */
static void set_system_tools(const struct jig_hardware_view *v, struct jig_props *props)
{
    const char *name;
    const char *folder;
    for (size_t at = 0; jig_props_next(jig_hardware_system_tools(v), &at, &name, &folder);) {
        JIG_CLEANUP_FREE char *key = jig_strf("runtime.tools.%s.path", name);
        if (!jig_props_has(props, key))
            jig_props_set_literal(props, key, folder);
    }
}

enum jig_code jig_tool_paths_set(const struct jig_hardware_view *v,
                                 const struct jig_platform *platform,
                                 const struct jig_platform *core, struct jig_props *props,
                                 struct jig_err *reterr)
{
    size_t n = jig_hardware_tool_count(v);
    for (size_t i = 0; i < n; i++)
        set_tool(props, jig_hardware_tool(v, i));
    /* The list is sorted by name: each run of one name has one winner, which is set last. */
    for (size_t i = 0; i < n;) {
        const struct jig_tool *best = jig_hardware_tool(v, i);
        size_t k = i + 1;
        for (; k < n && jig_streq(jig_hardware_tool(v, k)->name, best->name); k++) {
            if (better(jig_hardware_tool(v, k), best, platform, core))
                best = jig_hardware_tool(v, k);
        }
        set_tool(props, best);
        i = k;
    }
    for (size_t i = 0; i < platform->need_count; i++) {
        const struct jig_tool_need *need = &platform->needs[i];
        const struct jig_tool *t = find_needed(v, need);
        if (t == NULL)
            return jig_err_set(reterr, JIG_NOT_FOUND,
                               "the platform %s:%s needs the tool %s:%s version %s, which is not "
                               "installed",
                               platform->vendor, platform->arch, need->vendor, need->name,
                               need->version);
        set_tool(props, t);
    }
    set_system_tools(v, props);
    return JIG_OK;
}
