#include "core/arduino/toolneeds.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define INSTALLED_MAX (4u << 20) /* bytes */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void add_needs(struct jig_platform *p, const json_t *platform)
{
    size_t i;
    json_t *need;
    size_t cap = 0;
    json_array_foreach(json_object_get(platform, "toolsDependencies"), i, need)
    {
        p->needs = jig_grow(p->needs, &cap, p->need_count, sizeof *p->needs);
        p->needs[p->need_count++] = (struct jig_tool_need){
            .vendor = jig_xstrdup(text_of(need, "packager")),
            .name = jig_xstrdup(text_of(need, "name")),
            .version = jig_xstrdup(text_of(need, "version")),
        };
    }
}

/* The index may hold other releases: only this one's needs count, and only one entry is it. */
static void find_release(struct jig_platform *p, const json_t *root)
{
    size_t i;
    size_t k;
    json_t *package;
    json_t *platform;
    json_array_foreach(json_object_get(root, "packages"), i, package)
    {
        if (!jig_streq(text_of(package, "name"), p->vendor))
            continue;
        json_array_foreach(json_object_get(package, "platforms"), k, platform)
        {
            if (jig_streq(text_of(platform, "architecture"), p->arch) &&
                jig_version_compare(text_of(platform, "version"), p->version) == 0) {
                add_needs(p, platform);
                return;
            }
        }
    }
}

static int older_first(const void *a, const void *b)
{
    const struct jig_tool_need *x = a;
    const struct jig_tool_need *y = b;
    int c = jig_version_compare(x->version, y->version);
    if (c == 0)
        c = strcmp(x->vendor, y->vendor);
    return c != 0 ? c : strcmp(x->name, y->name);
}

enum jig_code jig_tool_needs_load(struct jig_platform *p, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(p->path, "installed.json");
    struct jig_buf text;
    jig_buf_init(&text, INSTALLED_MAX);
    bool found = false;
    enum jig_code code = jig_readlog_file(p->log, path, &text, &found, reterr);
    if (code == JIG_OK && found) {
        json_error_t where;
        json_t *root = json_loadb(text.data, text.len, 0, &where);
        if (root == NULL)
            code = jig_err_set(reterr, JIG_INVALID_ARGUMENT, "%s:%d: %s", path, where.line,
                               where.text);
        else
            find_release(p, root);
        json_decref(root);
        if (p->need_count > 1)
            qsort(p->needs, p->need_count, sizeof *p->needs, older_first);
    }
    jig_buf_release(&text);
    return code;
}
