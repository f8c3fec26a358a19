/*
 * flags_env.c - flags of an environment, with the SCons variables that PlatformIO gives them.
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/flags.h"
#include "core/os/sighting.h"

/* Which SCons variable is which option. Sources: platformio-core 6.2, builder/main.py and the
 * buildenvvar of platformio/project/options.py. */
static const struct {
    const char *name;
    bool of_project; /* of [platformio], else of the environment */
    const char *option;
} option_variables[] = {
    {"BOARD", false, "board"},
    {"BOARD_F_CPU", false, "board_build.f_cpu"},
    {"BOARD_F_FLASH", false, "board_build.f_flash"},
    {"BOARD_FLASH_MODE", false, "board_build.flash_mode"},
    {"BOARD_MCU", false, "board_build.mcu"},
    {"BUILD_CACHE_DIR", true, "build_cache_dir"},
    {"BUILD_TYPE", false, "build_type"},
    {"PIOFRAMEWORK", false, "framework"},
    {"PIOPLATFORM", false, "platform"},
    {"PROJECTDATA_DIR", true, "data_dir"},
    {"PROJECTSRC_DIR", true, "src_dir"},
    {"PROJECT_BUILD_DIR", true, "build_dir"},
    {"PROJECT_CORE_DIR", true, "core_dir"},
    {"PROJECT_DATA_DIR", true, "data_dir"},
    {"PROJECT_INCLUDE_DIR", true, "include_dir"},
    {"PROJECT_LIBDEPS_DIR", true, "libdeps_dir"},
    {"PROJECT_PACKAGES_DIR", true, "packages_dir"},
    {"PROJECT_SRC_DIR", true, "src_dir"},
    {"PROJECT_TEST_DIR", true, "test_dir"},
    {"PROJECT_WORKSPACE_DIR", true, "workspace_dir"},
    {"UPLOAD_PORT", false, "upload_port"},
    {"UPLOAD_PROTOCOL", false, "upload_protocol"},
    {"UPLOAD_SPEED", false, "upload_speed"},
};

/* Folders below the environment's build folder. */
static const struct {
    const char *name;
    const char *below;
} build_variables[] = {
    {"BUILD_DIR", ""},
    {"BUILD_SRC_DIR", "src"},
    {"BUILD_TEST_DIR", "test"},
};

struct lookup {
    const struct jig_project *project;
    const struct jig_environment *environment;
    const struct jig_map *variables;
    bool uses_unix_time;
    char *kept; /* the last value that had to be made */
};

static const char *keep(struct lookup *l, char *value)
{
    free(l->kept);
    l->kept = value;
    return value;
}

static const char *option_value(struct lookup *l, size_t i)
{
    const struct jig_option *o =
        option_variables[i].of_project
            ? jig_project_option(l->project, option_variables[i].option)
            : jig_environment_option(l->environment, option_variables[i].option);
    return o == NULL ? NULL : keep(l, jig_strv_join(&o->values, " "));
}

static const char *build_folder(struct lookup *l, const char *below)
{
    const char *dir = jig_project_string(l->project, "build_dir");
    if (dir == NULL)
        return NULL;
    JIG_CLEANUP_FREE char *own = jig_path_join(dir, l->environment->name);
    return keep(l, below[0] != '\0' ? jig_path_join(own, below) : jig_xstrdup(own));
}

static const char *look_up(void *ctx, const char *name)
{
    struct lookup *l = ctx;
    if (l->variables != NULL && jig_map_has(l->variables, name))
        return jig_map_get(l->variables, name);
    if (strcmp(name, "PROJECT_DIR") == 0)
        return l->project->root;
    if (strcmp(name, "PIOENV") == 0)
        return l->environment->name;
    if (strcmp(name, "UNIX_TIME") == 0) {
        l->uses_unix_time = true;
        jig_observe_unsteady("the time of day");
        return keep(l, jig_strf("%lld", (long long)l->project->unix_time_s));
    }
    for (size_t i = 0; i < JIG_COUNT(option_variables); i++) {
        if (strcmp(option_variables[i].name, name) == 0)
            return option_value(l, i);
    }
    for (size_t i = 0; i < JIG_COUNT(build_variables); i++) {
        if (strcmp(build_variables[i].name, name) == 0)
            return build_folder(l, build_variables[i].below);
    }
    return NULL;
}

enum jig_code jig_environment_flags(const struct jig_project *p, const struct jig_environment *e,
                                    const char *option, const struct jig_map *variables,
                                    struct jig_flags *f, struct jig_strv *warnings,
                                    struct jig_err *reterr)
{
    const struct jig_option *o = jig_environment_option(e, option);
    JIG_CLEANUP_FREE char *what =
        o != NULL && o->file != NULL
            ? jig_strf("%s:%u: %s of [env:%s]", jig_path_base(o->file), o->line, option, e->name)
            : jig_strf("%s of [env:%s]", option, e->name);
    struct lookup l = {.project = p, .environment = e, .variables = variables};
    struct jig_flags_context context = {
        .root = p->root, .what = what, .variable = look_up, .ctx = &l};
    enum jig_code code = jig_flags_parse(jig_option_list(o), &context, f, warnings, reterr);
    f->uses_unix_time = f->uses_unix_time || l.uses_unix_time;
    free(l.kept);
    return code;
}

char *jig_environment_expand(const struct jig_project *p, const struct jig_environment *e,
                             const struct jig_map *variables, const char *text)
{
    struct lookup l = {.project = p, .environment = e, .variables = variables};
    struct jig_flags_context context = {.root = p->root, .variable = look_up, .ctx = &l};
    char *out = jig_flags_expand(&context, text, NULL);
    free(l.kept);
    return out;
}

struct jig_src_filter *jig_environment_src_filter(const struct jig_project *p,
                                                  const struct jig_environment *e,
                                                  const struct jig_map *variables)
{
    JIG_CLEANUP_FREE char *text = jig_strv_join(jig_environment_list(e, "build_src_filter"), " ");
    JIG_CLEANUP_FREE char *expanded = jig_environment_expand(p, e, variables, text);
    return jig_src_filter_new(expanded);
}
