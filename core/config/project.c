#include "core/config/project.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/config/pio.h"
#include "core/config/project_load.h"

static void environment_release(struct jig_environment *e)
{
    free(e->name);
    free(e->error);
    jig_map_release(&e->options);
    jig_map_release(&e->defaults);
    jig_strv_release(&e->warnings);
}

void jig_project_free(struct jig_project *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_environments; i++)
        environment_release(&p->environments[i]);
    for (size_t i = 0; i < p->n_inputs; i++)
        free(p->inputs[i].path);
    free(p->environments);
    free(p->inputs);
    free(p->root);
    free(p->file);
    jig_map_release(&p->options);
    jig_map_release(&p->defaults);
    jig_map_release(&p->variables);
    jig_strv_release(&p->warnings);
    free(p);
}

struct jig_environment *jig_project_add_environment(struct jig_project *p, const char *name)
{
    p->environments = jig_xrealloc(p->environments, p->n_environments + 1, sizeof *p->environments);
    struct jig_environment *e = &p->environments[p->n_environments++];
    *e = (struct jig_environment){.name = jig_xstrdup(name)};
    jig_map_init(&e->options, jig_option_free);
    jig_map_init(&e->defaults, jig_option_free);
    return e;
}

void jig_project_take_inputs(struct jig_project *p, struct jig_inputs *in)
{
    p->inputs = in->v;
    p->n_inputs = in->n;
    in->v = NULL;
    in->n = 0;
    in->cap = 0;
}

/* --- what kind of project -------------------------------------------------------------------- */

static enum jig_code bad_project(struct jig_err *reterr, enum jig_code code, const char *message)
{
    return jig_err_reason(reterr, code, JIG_REASON_BAD_PROJECT, "%s", message);
}

static bool is_sketch_file(const char *path)
{
    const char *ext = jig_path_ext(path);
    return strcmp(ext, ".ino") == 0 || strcmp(ext, ".pde") == 0;
}

/* Says what was looked for, and which .ino would do with another name. */
static enum jig_code not_a_project(const char *root, bool sketch_only, struct jig_err *reterr)
{
    const char *name = jig_path_base(root);
    jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                   sketch_only ? "%s is not a sketch: there is no %s.ino in it"
                               : "%s is not a project: there is neither platformio.ini nor %s.ino "
                                 "in it",
                   root, name);
    struct jig_strv names = {0};
    if (jig_fs_list(root, &names, NULL) == JIG_OK) {
        for (size_t i = 0; i < names.n; i++) {
            if (!is_sketch_file(names.v[i]))
                continue;
            jig_err_hint(reterr,
                         "a sketch's main file is named like its folder: rename %s to %s.ino",
                         names.v[i], name);
            break;
        }
    }
    jig_strv_release(&names);
    return JIG_NOT_FOUND;
}

/* The main file of the sketch in p->root. The caller frees. */
static enum jig_code find_sketch(const struct jig_project *p, bool sketch_only, char **ret,
                                 struct jig_err *reterr)
{
    const char *name = jig_path_base(p->root);
    JIG_CLEANUP_FREE char *ino = jig_strf("%s/%s.ino", p->root, name);
    JIG_CLEANUP_FREE char *pde = jig_strf("%s/%s.pde", p->root, name);
    bool has_ino = jig_fs_is_file(ino);
    bool has_pde = jig_fs_is_file(pde);
    if (has_ino && has_pde) {
        JIG_CLEANUP_FREE char *message =
            jig_strf("%s has two main files: %s.ino and %s.pde", p->root, name, name);
        return bad_project(reterr, JIG_INVALID_ARGUMENT, message);
    }
    if (!has_ino && !has_pde)
        return not_a_project(p->root, sketch_only, reterr);
    *ret = has_ino ? jig_steal(&ino) : jig_steal(&pde);
    return JIG_OK;
}

static enum jig_code load_into(struct jig_project *p, const char *path,
                               const struct jig_project_how *how, struct jig_strv *needs_env,
                               struct jig_err *reterr)
{
    bool is_dir = jig_fs_is_dir(path);
    bool is_ini = !is_dir && strcmp(jig_path_base(path), "platformio.ini") == 0;
    if (!is_dir && !is_ini && !is_sketch_file(path)) {
        JIG_CLEANUP_FREE char *message =
            jig_strf("%s is neither a folder, nor a platformio.ini, nor an .ino file", path);
        return bad_project(reterr, JIG_INVALID_ARGUMENT, message);
    }
    p->root = is_dir ? jig_xstrdup(path) : jig_path_dir(path);
    const char *other = how != NULL ? how->config_file : NULL;
    JIG_CLEANUP_FREE char *own = jig_path_join(p->root, "platformio.ini");
    if (other != NULL || is_ini || (is_dir && jig_fs_exists(own))) {
        p->kind = JIG_PROJECT_PLATFORMIO;
        p->file = jig_xstrdup(other != NULL ? other : own);
        return jig_project_load_pio(p, p->file, how, needs_env, reterr);
    }
    p->kind = JIG_PROJECT_SKETCH;
    enum jig_code code = find_sketch(p, !is_dir, &p->file, reterr);
    return code == JIG_OK ? jig_project_load_sketch(p, p->file, reterr) : code;
}

enum jig_code jig_project_load(const char *path, const struct jig_project_how *how,
                               struct jig_project **ret, struct jig_strv *needs_env,
                               struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *real = NULL;
    enum jig_code code = jig_fs_real(path, &real, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_project *p = jig_new(struct jig_project);
    p->unix_time_s = how != NULL ? how->unix_time_s : 0;
    jig_map_init(&p->options, jig_option_free);
    jig_map_init(&p->defaults, jig_option_free);
    jig_map_init(&p->variables, free);
    code = load_into(p, real, how, needs_env, reterr);
    if (code != JIG_OK) {
        jig_project_free(p);
        return code;
    }
    *ret = p;
    return JIG_OK;
}

static bool same_variable(const char *name, const char *value, const struct jig_env_source *env)
{
    bool known = true;
    const char *now = env != NULL && env->get != NULL ? env->get(env->ctx, name, &known) : NULL;
    return known && jig_streq(now, value);
}

bool jig_project_is_current(const struct jig_project *p, const struct jig_env_source *env)
{
    for (size_t i = 0; i < p->variables.used; i++) {
        const struct jig_map_entry *e = &p->variables.entries[i];
        if (e->key != NULL && !same_variable(e->key, e->value, env))
            return false;
    }
    for (size_t i = 0; i < p->n_inputs; i++) {
        if (!jig_input_is_current(&p->inputs[i]))
            return false;
    }
    return true;
}

const char *const *jig_project_variables(void)
{
    static const char *const names[] = {
        "HOME",
        "PLATFORMIO_BOARDS_DIR",
        "PLATFORMIO_BUILD_CACHE_DIR",
        "PLATFORMIO_BUILD_DIR",
        "PLATFORMIO_BUILD_FLAGS",
        "PLATFORMIO_BUILD_SRC_FILTER",
        "PLATFORMIO_BUILD_SRC_FLAGS",
        "PLATFORMIO_BUILD_UNFLAGS",
        "PLATFORMIO_CACHE_DIR",
        "PLATFORMIO_CORE_DIR",
        "PLATFORMIO_DATA_DIR",
        "PLATFORMIO_DEFAULT_ENVS",
        "PLATFORMIO_ENV_DEFAULT",
        "PLATFORMIO_EXTRA_SCRIPT",
        "PLATFORMIO_EXTRA_SCRIPTS",
        "PLATFORMIO_GLOBALLIB_DIR",
        "PLATFORMIO_HOME_DIR",
        "PLATFORMIO_INCLUDE_DIR",
        "PLATFORMIO_LIBDEPS_DIR",
        "PLATFORMIO_LIB_DIR",
        "PLATFORMIO_LIB_EXTRA_DIRS",
        "PLATFORMIO_MONITOR_DIR",
        "PLATFORMIO_PACKAGES_DIR",
        "PLATFORMIO_PLATFORMS_DIR",
        "PLATFORMIO_SHARED_DIR",
        "PLATFORMIO_SRC_BUILD_FLAGS",
        "PLATFORMIO_SRC_DIR",
        "PLATFORMIO_SRC_FILTER",
        "PLATFORMIO_TEST_DIR",
        "PLATFORMIO_UPLOAD_FLAGS",
        "PLATFORMIO_UPLOAD_PORT",
        "PLATFORMIO_WORKSPACE_DIR",
        NULL,
    };
    return names;
}

/* --- looking things up ----------------------------------------------------------------------- */

static enum jig_code unknown_environment(const struct jig_project *p, const char *name,
                                         struct jig_err *reterr)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < p->n_environments; i++)
        jig_strv_append(&names, p->environments[i].name);
    jig_nearest(name, &names, 1, &near);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&names, ", ");
    const char *file = p->kind == JIG_PROJECT_SKETCH ? "sketch.yaml" : jig_path_base(p->file);
    jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                   "environment '%s' is not in %s; it has: %s", name, file, list);
    if (near.n > 0)
        jig_err_hint(reterr, "did you mean '%s'?", near.v[0]);
    jig_strv_release(&names);
    jig_strv_release(&near);
    return JIG_NOT_FOUND;
}

enum jig_code jig_project_environment(const struct jig_project *p, const char *name,
                                      const struct jig_environment **ret, struct jig_err *reterr)
{
    for (size_t i = 0; i < p->n_environments; i++) {
        const struct jig_environment *e = &p->environments[i];
        if (strcmp(e->name, name) != 0)
            continue;
        if (e->error != NULL) {
            if (reterr != NULL)
                *reterr = *e->error;
            return e->error->code;
        }
        *ret = e;
        return JIG_OK;
    }
    return unknown_environment(p, name, reterr);
}

void jig_project_default_environments(const struct jig_project *p, struct jig_strv *out)
{
    for (size_t i = 0; i < p->n_environments; i++) {
        if (p->environments[i].is_default)
            jig_strv_append(out, p->environments[i].name);
    }
}

static const struct jig_option *look_up(const struct jig_map *options,
                                        const struct jig_map *defaults, const char *scope,
                                        const char *name)
{
    const struct jig_option *o = jig_map_get(options, name);
    const struct jig_pio_option *known = jig_pio_option_find(scope, name);
    if (o == NULL && known != NULL) {
        o = jig_map_get(options, known->name);
        for (size_t i = 0; o == NULL && i < JIG_PIO_MOST_OLD_NAMES; i++)
            o = known->old_names[i] != NULL ? jig_map_get(options, known->old_names[i]) : NULL;
        if (o == NULL)
            o = jig_map_get(defaults, known->name);
    }
    return o != NULL && (o->is_list || o->values.n > 0) ? o : NULL;
}

const struct jig_option *jig_environment_option(const struct jig_environment *e, const char *name)
{
    return look_up(&e->options, &e->defaults, "env", name);
}

const struct jig_option *jig_project_option(const struct jig_project *p, const char *name)
{
    return look_up(&p->options, &p->defaults, "platformio", name);
}

const char *jig_option_string(const struct jig_option *o)
{
    return o != NULL && o->values.n > 0 ? o->values.v[0] : NULL;
}

const struct jig_strv *jig_option_list(const struct jig_option *o)
{
    static const struct jig_strv nothing;
    return o != NULL ? &o->values : &nothing;
}

bool jig_option_bool(const struct jig_option *o, bool otherwise)
{
    const char *text = jig_option_string(o);
    if (text == NULL)
        return otherwise;
    return strcmp(text, "true") == 0;
}

int64_t jig_option_int(const struct jig_option *o, int64_t otherwise)
{
    int64_t value;
    return jig_parse_i64(jig_option_string(o), &value) ? value : otherwise;
}

const char *jig_environment_string(const struct jig_environment *e, const char *name)
{
    return jig_option_string(jig_environment_option(e, name));
}

const struct jig_strv *jig_environment_list(const struct jig_environment *e, const char *name)
{
    return jig_option_list(jig_environment_option(e, name));
}

bool jig_environment_bool(const struct jig_environment *e, const char *name, bool otherwise)
{
    return jig_option_bool(jig_environment_option(e, name), otherwise);
}

int64_t jig_environment_int(const struct jig_environment *e, const char *name, int64_t otherwise)
{
    return jig_option_int(jig_environment_option(e, name), otherwise);
}

const char *jig_project_string(const struct jig_project *p, const char *name)
{
    return jig_option_string(jig_project_option(p, name));
}
