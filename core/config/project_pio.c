/*
 * project_pio.c - a project from platformio.ini: each environment's options, and what to warn
 * about.
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/config/pio.h"
#include "core/config/project_load.h"

#define MOST_ENVIRONMENTS 1000

struct loading {
    struct jig_pio pio;
    struct jig_project *project;
    struct jig_err *reterr;
};

/* --- warnings -------------------------------------------------------------------------------- */

/* The present name of a legacy one, whatever the section. */
static const char *present_name(const char *name)
{
    for (size_t i = 0; i < jig_pio_option_count; i++) {
        const struct jig_pio_option *o = &jig_pio_options[i];
        if (strcmp(o->name, name) != 0 && jig_pio_option_is(o, name))
            return o->name;
    }
    return NULL;
}

static char *nearest_option(const char *scope, const char *name)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < jig_pio_option_count; i++) {
        if (strcmp(jig_pio_options[i].scope, scope) == 0)
            jig_strv_append(&names, jig_pio_options[i].name);
    }
    jig_nearest(name, &names, 1, &near);
    char *out = near.n > 0 && jig_edit_distance(name, near.v[0]) <= 3
                    ? jig_strf("; did you mean '%s'?", near.v[0])
                    : jig_xstrdup("");
    jig_strv_release(&names);
    jig_strv_release(&near);
    return out;
}

static void warn_about_option(const struct jig_ini_section *section, const char *name,
                              const struct jig_ini_option *o, struct jig_strv *out)
{
    const char *scope = jig_pio_scope(section->name);
    const char *present = present_name(name);
    if (present != NULL) {
        jig_strv_append_take(out, jig_strf("%s:%u: option '%s' in [%s] is a former name of '%s'",
                                           o->file, o->line, name, section->name, present));
        return;
    }
    bool custom = strcmp(scope, "env") == 0 && jig_pio_option_is_custom(name);
    if (custom || jig_pio_option_find(section->name, name) != NULL)
        return;
    JIG_CLEANUP_FREE char *near = nearest_option(scope, name);
    jig_strv_append_take(out,
                         jig_strf("%s:%u: option '%s' in [%s] is not known to PlatformIO or jig%s",
                                  o->file, o->line, name, section->name, near));
}

static void warn_about_section(const struct jig_ini_section *section, struct jig_strv *out)
{
    for (size_t i = 0; i < section->options.used; i++) {
        if (section->options.entries[i].key != NULL)
            warn_about_option(section, section->options.entries[i].key,
                              section->options.entries[i].value, out);
    }
}

/* "[platformio]" and "[env]" concern all. */
static void warn_about_project(struct loading *l)
{
    const struct jig_map *sections = &l->pio.ini.sections;
    for (size_t i = 0; i < sections->used; i++) {
        const struct jig_ini_section *s = sections->entries[i].value;
        if (jig_pio_scope(s->name) != NULL && !jig_str_starts(s->name, "env:"))
            warn_about_section(s, &l->project->warnings);
    }
}

static void warn_about_values(struct jig_pio *pio, struct jig_environment *e)
{
    const struct jig_option *scripts = jig_environment_option(e, "extra_scripts");
    if (scripts != NULL && scripts->values.n > 0) {
        JIG_CLEANUP_FREE char *list = jig_strv_join(&scripts->values, ", ");
        jig_strv_append_take(&e->warnings,
                             jig_strf("extra_scripts of [env:%s] are not run: %s", e->name, list));
    }
    if (jig_environment_bool(e, "monitor_raw", false) &&
        jig_environment_list(e, "monitor_filters")->n > 0)
        jig_strv_append_take(
            &e->warnings,
            jig_strf("monitor_raw and monitor_filters of [env:%s] exclude each other; "
                     "monitor_filters is left out",
                     e->name));
    const struct jig_strv *extends = jig_environment_list(e, "extends");
    for (size_t i = 0; i < extends->n; i++) {
        if (jig_ini_section(&pio->ini, extends->v[i]) == NULL)
            jig_strv_append_take(&e->warnings,
                                 jig_strf("'extends' of [env:%s] names [%s], which is not there",
                                          e->name, extends->v[i]));
    }
}

/* --- options --------------------------------------------------------------------------------- */

/* Whether a failure to resolve this option of [platformio] can be lived with: PlatformIO itself
 * looks only at the folders and at default_envs. */
static bool is_decoration(const char *section, const char *name)
{
    if (strcmp(section, "platformio") != 0)
        return false;
    const struct jig_pio_option *known = jig_pio_option_find(section, name);
    return known == NULL ||
           (known->type != JIG_OPTION_DIR && strcmp(known->name, "default_envs") != 0);
}

/* What the section has, by the names it is written with. */
static enum jig_code fill_options(struct jig_pio *pio, const char *section, struct jig_map *options,
                                  struct jig_err *reterr)
{
    struct jig_strv names = {0};
    enum jig_code code = jig_pio_options_of(pio, section, &names, reterr);
    for (size_t i = 0; code == JIG_OK && i < names.n; i++) {
        struct jig_option *o = NULL;
        struct jig_err why = JIG_ERR_INIT;
        code = jig_pio_get(pio, section, names.v[i], &o, &why);
        if (code == JIG_OK) {
            jig_map_set(options, names.v[i], o);
        } else if (is_decoration(section, names.v[i])) {
            jig_strv_append(&pio->warnings, why.message);
            code = JIG_OK;
        } else if (reterr != NULL) {
            *reterr = why;
        }
    }
    jig_strv_release(&names);
    return code;
}

static bool has_any_name(const struct jig_map *options, const struct jig_pio_option *known)
{
    bool found = jig_map_has(options, known->name);
    for (size_t i = 0; !found && i < JIG_PIO_MOST_OLD_NAMES && known->old_names[i] != NULL; i++)
        found = jig_map_has(options, known->old_names[i]);
    return found;
}

/* What the other options are: by default, or by a variable of a legacy name. */
static enum jig_code fill_defaults(struct jig_pio *pio, const char *section,
                                   const struct jig_map *options, struct jig_map *defaults,
                                   struct jig_err *reterr)
{
    const char *scope = jig_pio_scope(section);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < jig_pio_option_count; i++) {
        const struct jig_pio_option *known = &jig_pio_options[i];
        bool possible = known->fallback != NULL || known->variable != NULL;
        if (strcmp(known->scope, scope) != 0 || !possible || has_any_name(options, known))
            continue;
        struct jig_option *o = NULL;
        code = jig_pio_get(pio, section, known->name, &o, reterr);
        if (code == JIG_OK && o->raw != NULL)
            jig_map_set(defaults, known->name, o);
        else
            jig_option_free(o);
        if (code != JIG_OK && is_decoration(section, known->name))
            code = JIG_OK; /* fill_options has warned */
    }
    return code;
}

static enum jig_code fill_section(struct jig_pio *pio, const char *section, struct jig_map *options,
                                  struct jig_map *defaults, struct jig_err *reterr)
{
    enum jig_code code = fill_options(pio, section, options, reterr);
    return code == JIG_OK ? fill_defaults(pio, section, options, defaults, reterr) : code;
}

static void fill_environment(struct loading *l, const struct jig_ini_section *section)
{
    struct jig_environment *e = jig_project_add_environment(l->project, section->name + 4);
    struct jig_err why = JIG_ERR_INIT;
    warn_about_section(section, &e->warnings);
    if (fill_section(&l->pio, section->name, &e->options, &e->defaults, &why) != JIG_OK) {
        e->error = jig_new(struct jig_err);
        *e->error = why;
        return;
    }
    warn_about_values(&l->pio, e);
}

/* --- the project ----------------------------------------------------------------------------- */

static enum jig_code check_name(struct loading *l, const struct jig_ini_section *s)
{
    const char *name = s->name + 4;
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    if (name[0] != '\0' && name[strspn(name, allowed)] == '\0')
        return JIG_OK;
    return jig_err_reason(l->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s:%u: the environment name '%s' has other characters than letters, "
                          "digits, - and _",
                          s->file, s->line, name);
}

static enum jig_code fill_environments(struct loading *l)
{
    const struct jig_map *sections = &l->pio.ini.sections;
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < sections->used; i++) {
        const struct jig_ini_section *s = sections->entries[i].value;
        if (!jig_str_starts(s->name, "env:"))
            continue;
        code = check_name(l, s);
        if (code == JIG_OK && l->project->n_environments == MOST_ENVIRONMENTS)
            code = jig_err_reason(l->reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                                  "%s has more than %d environments", l->project->file,
                                  MOST_ENVIRONMENTS);
        if (code == JIG_OK)
            fill_environment(l, s);
    }
    if (code != JIG_OK || l->project->n_environments > 0)
        return code;
    code = jig_err_reason(l->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s has no environment", l->project->file);
    jig_err_hint(l->reterr, "add a section [env:NAME] with platform, board and framework");
    return code;
}

static struct jig_environment *by_name(struct jig_project *p, const char *name)
{
    for (size_t i = 0; i < p->n_environments; i++) {
        if (strcmp(p->environments[i].name, name) == 0)
            return &p->environments[i];
    }
    return NULL;
}

static enum jig_code unknown_default(struct loading *l, const struct jig_option *o,
                                     const char *name)
{
    struct jig_strv names = {0};
    for (size_t i = 0; i < l->project->n_environments; i++)
        jig_strv_append(&names, l->project->environments[i].name);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&names, ", ");
    jig_strv_release(&names);
    JIG_CLEANUP_FREE char *where = o->file != NULL
                                       ? jig_strf("%s:%u", jig_path_base(o->file), o->line)
                                       : jig_xstrdup("PLATFORMIO_DEFAULT_ENVS");
    return jig_err_reason(l->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s: default_envs names '%s', which is not an environment; there are: %s",
                          where, name, list);
}

static enum jig_code mark_defaults(struct loading *l)
{
    const struct jig_option *o = jig_project_option(l->project, "default_envs");
    const struct jig_strv *chosen = jig_option_list(o);
    for (size_t i = 0; i < chosen->n; i++) {
        struct jig_environment *e = by_name(l->project, chosen->v[i]);
        if (e == NULL)
            return unknown_default(l, o, chosen->v[i]);
        e->is_default = true;
    }
    for (size_t i = 0; chosen->n == 0 && i < l->project->n_environments; i++)
        l->project->environments[i].is_default = true;
    return JIG_OK;
}

static enum jig_code needs_more(const struct jig_strv *names, struct jig_strv *needs_env,
                                struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *list = jig_strv_join(names, ", ");
    if (needs_env != NULL)
        jig_strv_extend(needs_env, names);
    return jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_NEEDS_ENV,
                          "the project asks for environment variables that the request does not "
                          "say anything about: %s",
                          list);
}

static enum jig_code load(struct loading *l, const char *file)
{
    struct jig_project *p = l->project;
    enum jig_code code = jig_pio_read(&l->pio, file, l->reterr);
    if (code == JIG_OK)
        code = fill_section(&l->pio, "platformio", &p->options, &p->defaults, l->reterr);
    if (code == JIG_OK)
        code = fill_environments(l);
    if (code == JIG_OK)
        code = mark_defaults(l);
    if (code == JIG_OK)
        warn_about_project(l);
    return code;
}

enum jig_code jig_project_load_pio(struct jig_project *p, const char *file,
                                   const struct jig_project_how *how, struct jig_strv *needs_env,
                                   struct jig_err *reterr)
{
    struct loading l = {.project = p, .reterr = reterr};
    jig_pio_init(&l.pio, p->root, how);
    enum jig_code code = load(&l, file);
    /* An unsettled variable may be behind any failure: it is asked for first. */
    if (l.pio.needs_env.n > 0)
        code = needs_more(&l.pio.needs_env, needs_env, reterr);
    jig_project_take_inputs(p, &l.pio.inputs);
    p->uses_unix_time = l.pio.uses_unix_time;
    jig_strv_extend(&p->warnings, &l.pio.warnings);
    struct jig_map spare = p->variables;
    p->variables = l.pio.variables;
    l.pio.variables = spare;
    jig_pio_release(&l.pio);
    return code;
}
