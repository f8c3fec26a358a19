#include "core/arduino/upload.h"

#include <stdlib.h>
#include <string.h>

#include "core/arduino/recipe.h"
#include "core/base/mem.h"
#include "core/base/str.h"

/* The action's word in property names, and its pattern. */
static const struct {
    const char *tool_of; /* whose .tool says the tool */
    const char *pattern;
} actions[] = {
    [JIG_UPLOAD] = {"upload", "upload.pattern"},
    [JIG_PROGRAM] = {"program", "program.pattern"},
    [JIG_ERASE] = {"bootloader", "erase.pattern"},
    [JIG_BOOTLOADER] = {"bootloader", "bootloader.pattern"},
};

static const struct jig_board *find_programmer(const struct jig_board_config *c, const char *id)
{
    const struct jig_board *p = jig_platform_programmer(c->platform, id);
    return p != NULL ? p : jig_platform_programmer(c->core_platform, id);
}

const char *jig_upload_find_programmer(const struct jig_board_config *c, const char *protocol)
{
    const struct jig_platform *of[] = {c->platform, c->core_platform};
    for (size_t i = 0; i < JIG_COUNT(of); i++) {
        for (size_t k = 0; k < of[i]->programmer_count; k++) {
            const struct jig_board *p = &of[i]->programmers[k];
            if (jig_streq(jig_props_get(p->props, "protocol"), protocol))
                return p->id;
        }
    }
    return NULL;
}

static enum jig_code no_programmer(const struct jig_board_config *c, const char *id,
                                   struct jig_err *reterr)
{
    struct jig_strv ids = {0};
    for (size_t i = 0; i < c->platform->programmer_count; i++)
        jig_strv_append(&ids, c->platform->programmers[i].id);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&ids, ", ");
    jig_strv_release(&ids);
    return jig_err_set(reterr, JIG_NOT_FOUND, "the platform %s:%s has no programmer '%s'%s%s",
                       c->platform->vendor, c->platform->arch, id,
                       list[0] != '\0' ? "; it has: " : "; it has none", list);
}

static char *look_up(const struct jig_board_config *c, const struct jig_board *programmer,
                     const char *action, const char *of)
{
    JIG_CLEANUP_FREE char *key = jig_strf("%s.tool%s%s", action, of[0] != '\0' ? "." : "", of);
    const char *value = programmer != NULL ? jig_props_get(programmer->props, key) : NULL;
    if (value == NULL)
        value = jig_props_get(c->props, key);
    return value != NULL && value[0] != '\0' ? jig_xstrdup(value) : NULL;
}

/* ACTION.tool.PROTOCOL, else ACTION.tool.default, else ACTION.tool; a programmer's word goes before
 * the board's. NULL when there is none. */
static char *find_tool_id(const struct jig_board_config *c, const struct jig_board *programmer,
                          const char *action, const char *protocol)
{
    char *id = look_up(c, programmer, action, protocol);
    if (id == NULL)
        id = look_up(c, programmer, action, "default");
    if (id == NULL)
        id = look_up(c, programmer, action, "");
    return id;
}

/* Cuts "vendor:" off the tool's id; *ret is the platform it names, else the board's. */
static enum jig_code find_tool_platform(const struct jig_board_config *c, char **id,
                                        const struct jig_platform **ret, struct jig_err *reterr)
{
    const char *colon = strchr(*id, ':');
    *ret = c->platform;
    if (colon == NULL)
        return JIG_OK;
    JIG_CLEANUP_FREE char *vendor = jig_xstrndup(*id, (size_t)(colon - *id));
    char *name = jig_xstrdup(colon + 1);
    free(*id);
    *id = name;
    return jig_hardware_platform(c->view, vendor, c->fqbn.arch, NULL, ret, reterr);
}

/* upload.PROTOCOL.speed becomes upload.speed. */
static void take_protocol(struct jig_props *p, const char *action, const char *protocol)
{
    JIG_CLEANUP_FREE char *prefix = jig_strf("%s.%s", action, protocol);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *below = jig_props_subtree(p, prefix);
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(below, &at, &key, &value);) {
        JIG_CLEANUP_FREE char *plain = jig_strf("%s.%s", action, key);
        jig_props_set(p, plain, value);
    }
}

static void take_param(struct jig_props *p, const char *action, const char *what, const char *param,
                       bool even_if_missing)
{
    JIG_CLEANUP_FREE char *from = jig_strf("%s.params.%s", action, param);
    JIG_CLEANUP_FREE char *to = jig_strf("%s.%s", action, what);
    const char *value = jig_props_get(p, from);
    if (value == NULL && !even_if_missing)
        return;
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(value != NULL ? value : "");
    jig_props_set(p, to, copy);
}

static void take_params(struct jig_props *p, const struct jig_upload_request *r)
{
    static const char *const of[] = {"upload", "program", "erase", "bootloader"};
    for (size_t i = 0; i < JIG_COUNT(of); i++) {
        take_param(p, of[i], "verbose", r->verbose ? "verbose" : "quiet", false);
        take_param(p, of[i], "verify", r->verify ? "verify" : "noverify", true);
    }
}

static struct jig_props *merge(const struct jig_board_config *c, const struct jig_upload_request *r,
                               const struct jig_platform *of_tool, const char *tool,
                               const struct jig_board *programmer)
{
    const char *protocol = r->protocol != NULL ? r->protocol : "default";
    struct jig_props *p = jig_props_clone(of_tool->props);
    jig_props_merge(p, c->props);
    take_protocol(p, actions[r->action].tool_of, protocol);
    JIG_CLEANUP_FREE char *prefix = jig_strf("tools.%s", tool);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *below = jig_props_subtree(p, prefix);
    jig_props_merge(p, below);
    if (programmer != NULL)
        jig_props_merge(p, programmer->props);
    if (r->custom != NULL)
        jig_props_merge(p, r->custom);
    take_params(p, r);
    if (r->build_path != NULL)
        jig_props_set_literal(p, "build.path", r->build_path);
    if (r->project_name != NULL)
        jig_props_set_literal(p, "build.project_name", r->project_name);
    jig_props_set(p, "upload.port.protocol", protocol);
    return p;
}

static enum jig_code no_pattern(const struct jig_board_config *c, const char *tool,
                                const char *pattern, struct jig_err *reterr)
{
    return jig_err_set(reterr, JIG_NOT_FOUND, "the tool '%s' of the board %s has no %s", tool,
                       c->fqbn_text, pattern);
}

/* Whether the command, as far as it is known, still waits for a port. */
static enum jig_code check_port(struct jig_upload_plan *plan, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *line = NULL;
    enum jig_code code = jig_props_expand_key(plan->props, plan->pattern_key, &line, reterr);
    if (code == JIG_OK)
        plan->needs_port = strstr(line, "{serial.port}") != NULL ||
                           strstr(line, "{serial.port.file}") != NULL ||
                           strstr(line, "{upload.port.address}") != NULL;
    return code;
}

static enum jig_code fill(struct jig_upload_plan *plan, const struct jig_board_config *c,
                          const struct jig_upload_request *r, const struct jig_board *programmer,
                          struct jig_err *reterr)
{
    const char *action = actions[r->action].tool_of;
    const struct jig_platform *of_tool = NULL;
    plan->pattern_key = actions[r->action].pattern;
    plan->tool = find_tool_id(c, programmer, action, r->protocol != NULL ? r->protocol : "default");
    if (plan->tool == NULL)
        return jig_err_set(reterr, JIG_NOT_FOUND, "the board %s names no tool for %s", c->fqbn_text,
                           action);
    enum jig_code code = find_tool_platform(c, &plan->tool, &of_tool, reterr);
    if (code != JIG_OK)
        return code;
    plan->props = merge(c, r, of_tool, plan->tool, programmer);
    if (r->flags != NULL)
        jig_strv_extend(&plan->flags, r->flags);
    if (!jig_props_has(plan->props, plan->pattern_key))
        return no_pattern(c, plan->tool, plan->pattern_key, reterr);
    if (r->action == JIG_UPLOAD && !jig_props_has(plan->props, "upload.protocol")) {
        jig_err_set(reterr, JIG_FAILED_PRECONDITION,
                    "the board %s can only be written through a programmer", c->fqbn_text);
        return JIG_FAILED_PRECONDITION;
    }
    bool serial = r->action == JIG_UPLOAD;
    plan->touch_1200 = serial && jig_props_true(plan->props, "upload.use_1200bps_touch");
    plan->wait_port =
        plan->touch_1200 && jig_props_true(plan->props, "upload.wait_for_upload_port");
    return check_port(plan, reterr);
}

enum jig_code jig_upload_plan(const struct jig_board_config *c, const struct jig_upload_request *r,
                              struct jig_upload_plan **ret, struct jig_err *reterr)
{
    const struct jig_board *programmer = NULL;
    if (r->programmer != NULL) {
        programmer = find_programmer(c, r->programmer);
        if (programmer == NULL)
            return no_programmer(c, r->programmer, reterr);
    } else if (r->action != JIG_UPLOAD) {
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "this needs a programmer, and none is named");
    }
    struct jig_upload_plan *plan = jig_new(struct jig_upload_plan);
    enum jig_code code = fill(plan, c, r, programmer, reterr);
    if (code == JIG_OK)
        *ret = plan;
    else
        jig_upload_plan_free(plan);
    return code;
}

void jig_upload_plan_free(struct jig_upload_plan *p)
{
    if (p == NULL)
        return;
    free(p->tool);
    jig_props_free(p->props);
    jig_strv_release(&p->flags);
    free(p);
}

enum jig_code jig_upload_argv(const struct jig_upload_plan *p, const char *port,
                              struct jig_strv *argv, struct jig_err *reterr)
{
    const char *pattern = jig_props_get_or(p->props, p->pattern_key, "");
    if (pattern[strspn(pattern, " \t")] == '\0')
        return JIG_OK;
    if (p->needs_port && port == NULL)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "the tool %s needs a port, and none is named", p->tool);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *extra = jig_props_new();
    if (port != NULL) {
        jig_props_set_literal(extra, "serial.port", port);
        jig_props_set_literal(extra, "serial.port.file",
                              jig_str_starts(port, "/dev/") ? port + strlen("/dev/") : port);
        jig_props_set_literal(extra, "upload.port.address", port);
        jig_props_set_literal(extra, "upload.port.label", port);
    }
    struct jig_strv words = {0};
    enum jig_code code = jig_recipe_argv(p->props, extra, p->pattern_key, false, &words, reterr);
    if (code == JIG_OK)
        code = jig_recipe_find_tool(&words, p->pattern_key, reterr);
    if (code == JIG_OK)
        jig_strv_extend(argv, &words);
    if (code == JIG_OK)
        jig_strv_extend(argv, &p->flags);
    jig_strv_release(&words);
    return code;
}
