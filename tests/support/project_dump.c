/*
 * project_dump.c - what core/config makes of a project, as JSON on stdout, for tests that compare
 * it with PlatformIO.
 *
 *   project_dump load DIR [NAME=VALUE...]
 *   project_dump flags DIR ENV OPTION [NAME=VALUE...]     less build_unflags
 *   project_dump sources DIR FILTER [EXT...]
 *   project_dump fnmatch PATTERN NAME...
 *   project_dump options                                  the table of options that are known
 *
 * NAME=VALUE are the environment variables of the request; all others are unset. UNIX_TIME is
 * 1700000000. What fails comes out as {"error": ...}: the exit status is 0 all the same.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/flags.h"
#include "core/config/glob.h"
#include "core/config/pio_options.h"
#include "core/config/project.h"
#include "core/config/src_filter.h"

struct variables {
    char **v; /* "NAME=VALUE", NULL at the end */
};

static const char *get_variable(void *ctx, const char *name, bool *ret_known)
{
    const struct variables *vars = ctx;
    size_t n = strlen(name);
    *ret_known = true;
    for (char **v = vars->v; *v != NULL; v++) {
        if (strncmp(*v, name, n) == 0 && (*v)[n] == '=')
            return *v + n + 1;
    }
    return NULL;
}

static json_t *list_json(const struct jig_strv *list)
{
    json_t *out = json_array();
    for (size_t i = 0; i < list->n; i++)
        json_array_append_new(out, json_string(list->v[i]));
    return out;
}

static json_t *value_json(const struct jig_option *o)
{
    if (o->is_list)
        return list_json(&o->values);
    if (o->values.n == 0)
        return json_null();
    if (o->type == JIG_OPTION_BOOL)
        return json_boolean(jig_option_bool(o, false));
    if (o->type == JIG_OPTION_INT)
        return json_integer(jig_option_int(o, 0));
    return json_string(o->values.v[0]);
}

static json_t *options_json(const struct jig_map *options)
{
    json_t *out = json_array();
    for (size_t i = 0; i < options->used; i++)
        json_array_append_new(
            out, json_pack("[so]", options->entries[i].key, value_json(options->entries[i].value)));
    return out;
}

static json_t *error_json(const struct jig_err *err)
{
    return json_pack("{sssisssi}", "message", err->message, "code", (int)err->code, "hint",
                     err->hint, "reason", (int)err->reason);
}

static json_t *environment_json(const struct jig_environment *e)
{
    json_t *out = json_pack("{sssbsososo}", "name", e->name, "default", e->is_default, "options",
                            options_json(&e->options), "defaults", options_json(&e->defaults),
                            "warnings", list_json(&e->warnings));
    if (e->error != NULL)
        json_object_set_new(out, "error", error_json(e->error));
    return out;
}

static json_t *project_json(const struct jig_project *p)
{
    json_t *environments = json_array();
    for (size_t i = 0; i < p->n_environments; i++)
        json_array_append_new(environments, environment_json(&p->environments[i]));
    return json_pack("{sssosososo}", "root", p->root, "environments", environments, "options",
                     options_json(&p->options), "defaults", options_json(&p->defaults), "warnings",
                     list_json(&p->warnings));
}

static enum jig_code load(const char *dir, char **variables, struct jig_project **ret,
                          struct jig_err *err)
{
    struct variables vars = {variables};
    struct jig_project_how how = {.env = {get_variable, &vars}, .unix_time_s = 1700000000};
    return jig_project_load(dir, &how, ret, NULL, err);
}

static json_t *dump_project(char **argv)
{
    struct jig_project *p = NULL;
    struct jig_err err = JIG_ERR_INIT;
    json_t *out = load(argv[0], argv + 1, &p, &err) == JIG_OK
                      ? project_json(p)
                      : json_pack("{so}", "error", error_json(&err));
    jig_project_free(p);
    return out;
}

static json_t *flags_json(const struct jig_flags *f, const struct jig_strv *warnings)
{
    static const struct {
        const char *name;
        size_t offset;
    } lists[] = {
        {"defines", offsetof(struct jig_flags, defines)},
        {"undefines", offsetof(struct jig_flags, undefines)},
        {"include_dirs", offsetof(struct jig_flags, include_dirs)},
        {"cc", offsetof(struct jig_flags, cc)},
        {"c", offsetof(struct jig_flags, c)},
        {"cxx", offsetof(struct jig_flags, cxx)},
        {"as", offsetof(struct jig_flags, as)},
        {"cpp", offsetof(struct jig_flags, cpp)},
        {"link", offsetof(struct jig_flags, link)},
        {"lib_dirs", offsetof(struct jig_flags, lib_dirs)},
        {"libs", offsetof(struct jig_flags, libs)},
        {"rpaths", offsetof(struct jig_flags, rpaths)},
        {"frameworks", offsetof(struct jig_flags, frameworks)},
    };
    json_t *out = json_object();
    for (size_t i = 0; i < JIG_COUNT(lists); i++)
        json_object_set_new(
            out, lists[i].name,
            list_json((const struct jig_strv *)((const char *)f + lists[i].offset)));
    struct jig_strv words = {0};
    jig_flags_compile_words(f, JIG_FLAGS_CXX, &words);
    json_object_set_new(out, "cxx_words", list_json(&words));
    jig_strv_clear(&words);
    jig_flags_link_words(f, &words);
    json_object_set_new(out, "link_words", list_json(&words));
    jig_strv_clear(&words);
    jig_flags_library_words(f, &words);
    json_object_set_new(out, "library_words", list_json(&words));
    jig_strv_release(&words);
    json_object_set_new(out, "warnings", list_json(warnings));
    return out;
}

static json_t *dump_flags(char **argv)
{
    struct jig_project *p = NULL;
    const struct jig_environment *e = NULL;
    struct jig_flags f = {0};
    struct jig_flags unflags = {0};
    struct jig_strv warnings = {0};
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = load(argv[0], argv + 3, &p, &err);
    if (code == JIG_OK)
        code = jig_project_environment(p, argv[1], &e, &err);
    if (code == JIG_OK)
        code = jig_environment_flags(p, e, argv[2], NULL, &f, &warnings, &err);
    if (code == JIG_OK)
        code = jig_environment_flags(p, e, "build_unflags", NULL, &unflags, NULL, &err);
    jig_flags_remove(&f, &unflags);
    json_t *out =
        code == JIG_OK ? flags_json(&f, &warnings) : json_pack("{so}", "error", error_json(&err));
    jig_flags_release(&f);
    jig_flags_release(&unflags);
    jig_strv_release(&warnings);
    jig_project_free(p);
    return out;
}

static json_t *dump_sources(char **argv)
{
    struct jig_src_filter *filter = jig_src_filter_new(argv[1]);
    struct jig_strv files = {0};
    struct jig_err err = JIG_ERR_INIT;
    const char *const *extensions = argv[2] != NULL ? (const char *const *)argv + 2 : NULL;
    json_t *out = jig_src_filter_collect(filter, argv[0], extensions, &files, &err) == JIG_OK
                      ? list_json(&files)
                      : json_pack("{so}", "error", error_json(&err));
    jig_src_filter_free(filter);
    jig_strv_release(&files);
    return out;
}

static json_t *dump_fnmatch(char **argv)
{
    json_t *out = json_array();
    for (char **name = argv + 1; *name != NULL; name++)
        json_array_append_new(out, json_boolean(jig_fnmatch(argv[0], *name)));
    return out;
}

static json_t *names_json(const char *const *names, size_t most)
{
    json_t *out = json_array();
    for (size_t i = 0; i < most && names[i] != NULL; i++)
        json_array_append_new(out, json_string(names[i]));
    return out;
}

static json_t *dump_options(char **argv)
{
    static const char *const types[] = {
        [JIG_OPTION_STRING] = "string", [JIG_OPTION_BOOL] = "bool", [JIG_OPTION_INT] = "int",
        [JIG_OPTION_CHOICE] = "choice", [JIG_OPTION_DIR] = "dir",   [JIG_OPTION_FILE] = "file"};
    (void)argv;
    json_t *out = json_array();
    for (size_t i = 0; i < jig_pio_option_count; i++) {
        const struct jig_pio_option *o = &jig_pio_options[i];
        json_array_append_new(
            out, json_pack("{sssssssbsssbsoso}", "scope", o->scope, "name", o->name, "type",
                           types[o->type], "list", o->is_list, "variable",
                           o->variable != NULL ? o->variable : "", "zero_or_one", o->is_zero_or_one,
                           "old_names", names_json(o->old_names, JIG_PIO_MOST_OLD_NAMES), "choices",
                           names_json(o->choices, JIG_PIO_MOST_CHOICES)));
    }
    return out;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least;
        json_t *(*run)(char **argv);
    } commands[] = {
        {"load", 1, dump_project},    {"flags", 3, dump_flags},     {"sources", 2, dump_sources},
        {"fnmatch", 1, dump_fnmatch}, {"options", 0, dump_options},
    };
    for (size_t i = 0; argc > 1 && i < JIG_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0 || argc - 2 < commands[i].least)
            continue;
        json_t *out = commands[i].run(argv + 2);
        if (out == NULL || json_dumpf(out, stdout, JSON_INDENT(1)) != 0)
            return 1;
        json_decref(out);
        return 0;
    }
    fprintf(stderr, "usage: project_dump load|flags|sources|fnmatch|options ARGUMENT...\n");
    return 2;
}
