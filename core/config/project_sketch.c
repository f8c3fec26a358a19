/*
 * project_sketch.c - a project from a sketch folder and its sketch.yaml. See project.h.
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/project_load.h"
#include "core/config/sketch_yaml.h"

#define PLAIN_NAME "sketch"

struct source {
    const char *file; /* sketch.yaml; NULL when there is none */
    const struct jig_sketch_profile *profile;
    struct jig_map *options;
};

static struct jig_option *new_option(const struct source *s, const char *name, bool is_list)
{
    struct jig_option *o = jig_new(struct jig_option);
    o->name = jig_xstrdup(name);
    o->is_list = is_list;
    o->is_set = true;
    o->section = jig_xstrdup(s->profile->name);
    o->file = jig_xstrdup(s->file);
    o->line = s->profile->line;
    jig_map_set(s->options, name, o);
    return o;
}

static void put(const struct source *s, const char *name, const char *value, const char *otherwise)
{
    const char *text = value != NULL ? value : otherwise;
    if (text == NULL)
        return;
    struct jig_option *o = new_option(s, name, false);
    o->raw = jig_xstrdup(text);
    jig_strv_append(&o->values, text);
}

static void put_list(const struct source *s, const char *name, const struct jig_strv *values)
{
    if (values->n == 0)
        return;
    struct jig_option *o = new_option(s, name, true);
    o->raw = jig_strv_join(values, "\n");
    jig_strv_extend(&o->values, values);
}

static void add_environment(struct jig_project *p, const char *file, const char *name,
                            const struct jig_sketch_profile *profile,
                            const struct jig_sketch_profile *otherwise)
{
    struct jig_environment *e = jig_project_add_environment(p, name);
    struct source s = {file, profile, &e->options};
    put(&s, "notes", profile->notes, NULL);
    put(&s, "fqbn", profile->fqbn, NULL);
    put(&s, "programmer", profile->programmer, otherwise->programmer);
    put(&s, "port", profile->port, otherwise->port);
    put(&s, "protocol", profile->protocol, otherwise->protocol);
    put_list(&s, "port_config",
             profile->port_config.n > 0 ? &profile->port_config : &otherwise->port_config);
    put_list(&s, "platforms", &profile->platforms);
    put_list(&s, "platform_index_urls", &profile->platform_index_urls);
    put_list(&s, "libraries", &profile->libraries);
    struct jig_strv dirs = {0};
    for (size_t i = 0; i < profile->library_dirs.n; i++)
        jig_strv_append_take(&dirs, jig_path_absolute(p->root, profile->library_dirs.v[i]));
    put_list(&s, "library_dirs", &dirs);
    jig_strv_release(&dirs);
}

static void fill(struct jig_project *p, const char *file, const struct jig_sketch_yaml *y)
{
    bool taken = false;
    for (size_t i = 0; i < y->n_profiles; i++) {
        add_environment(p, file, y->profiles[i].name, &y->profiles[i], &y->defaults);
        taken = taken || strcmp(y->profiles[i].name, PLAIN_NAME) == 0;
    }
    if (!taken)
        add_environment(p, file, PLAIN_NAME, &y->defaults, &y->defaults);
    bool plain = y->default_profile == NULL && (y->n_profiles == 0 || y->defaults.fqbn != NULL);
    for (size_t i = 0; i < p->n_environments; i++) {
        struct jig_environment *e = &p->environments[i];
        bool is_profile = i < y->n_profiles;
        if (y->default_profile != NULL)
            e->is_default = strcmp(e->name, y->default_profile) == 0;
        else
            e->is_default = plain ? strcmp(e->name, PLAIN_NAME) == 0 : is_profile;
    }
    jig_strv_extend(&p->warnings, &y->warnings);
}

/* sketch.yaml, or sketch.yml as arduino-cli takes it too; NULL when there is neither. */
static char *find_yaml(const struct jig_project *p, struct jig_inputs *inputs)
{
    static const char *const names[] = {"sketch.yaml", "sketch.yml"};
    for (size_t i = 0; i < JIG_COUNT(names); i++) {
        char *path = jig_path_join(p->root, names[i]);
        if (jig_fs_exists(path))
            return path;
        jig_inputs_absent(inputs, path);
        free(path);
    }
    return NULL;
}

static enum jig_code read_yaml(const char *path, struct jig_inputs *inputs,
                               struct jig_sketch_yaml *ret, struct jig_err *reterr)
{
    struct jig_buf text;
    jig_buf_init(&text, JIG_SKETCH_YAML_MAX);
    enum jig_code code = jig_inputs_read(inputs, path, &text, reterr);
    if (code == JIG_OK)
        code = jig_sketch_yaml_parse(jig_path_base(path), text.data, text.len, ret, reterr);
    else if (reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    jig_buf_release(&text);
    return code;
}

enum jig_code jig_project_load_sketch(struct jig_project *p, const char *main_file,
                                      struct jig_err *reterr)
{
    struct jig_inputs inputs;
    struct jig_sketch_yaml yaml = {0};
    jig_inputs_init(&inputs);
    /* What would make another project of the folder. */
    JIG_CLEANUP_FREE char *ini = jig_path_join(p->root, "platformio.ini");
    if (!jig_fs_exists(ini))
        jig_inputs_absent(&inputs, ini);
    JIG_CLEANUP_FREE char *stem =
        jig_xstrndup(main_file, strlen(main_file) - strlen(jig_path_ext(main_file)));
    JIG_CLEANUP_FREE char *other =
        jig_strf("%s%s", stem, jig_str_ends(main_file, ".ino") ? ".pde" : ".ino");
    jig_inputs_absent(&inputs, other);
    JIG_CLEANUP_FREE char *path = find_yaml(p, &inputs);
    enum jig_code code = path != NULL ? read_yaml(path, &inputs, &yaml, reterr) : JIG_OK;
    if (code == JIG_OK)
        fill(p, path, &yaml);
    jig_sketch_yaml_release(&yaml);
    jig_project_take_inputs(p, &inputs);
    jig_inputs_release(&inputs);
    return code;
}
