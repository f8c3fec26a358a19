#include <stdlib.h>
#include <string.h>

#include "core/arduino/library.h"
#include "core/arduino/recipe.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

/* The value of the first word that holds `what` and a '=': "-mfpu=fpv4" -> "fpv4". */
static const char *value_of(const struct jig_strv *argv, const char *what)
{
    for (size_t i = 0; i < argv->n; i++) {
        const char *equals = strchr(argv->v[i], '=');
        if (equals != NULL && strstr(argv->v[i], what) != NULL)
            return equals + 1;
    }
    return NULL;
}

/* "fpv4-sp-d16-hard", "hard" or "": the folder that a board with such a compiler has. */
static char *fpu_folder(const struct jig_props *props)
{
    struct jig_strv argv = {0};
    if (jig_recipe_argv(props, NULL, "recipe.cpp.o.pattern", true, &argv, NULL) != JIG_OK)
        return jig_xstrdup("");
    const char *fpu = value_of(&argv, "fpu");
    const char *abi = value_of(&argv, "float-abi");
    char *name = jig_strf("%s%s%s", fpu != NULL ? fpu : "", fpu != NULL && abi != NULL ? "-" : "",
                          abi != NULL ? abi : "");
    jig_strv_release(&argv);
    return name;
}

/* True when dir holds a file; its names are appended then. */
static bool holds_files(const char *dir, struct jig_readlog *log, struct jig_strv *names)
{
    if (jig_readlog_list(log, dir, names, NULL) != JIG_OK)
        return false;
    for (size_t i = 0; i < names->n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names->v[i]);
        if (!jig_fs_is_dir(path))
            return true;
    }
    return false;
}

/* The archives' folder, in the library and in its twin. */
struct archives {
    char *dirs[2]; /* NULL: none */
    struct jig_strv names[2];
};

static void archives_release(struct archives *a)
{
    for (size_t i = 0; i < JIG_COUNT(a->dirs); i++) {
        free(a->dirs[i]);
        jig_strv_release(&a->names[i]);
    }
}

static bool look_in(const struct jig_library *lib, const char *below, struct jig_readlog *log,
                    struct archives *a)
{
    const char *const folders[] = {lib->source_dir, lib->twin_source_dir};
    bool found = false;
    for (size_t i = 0; i < JIG_COUNT(folders); i++) {
        JIG_CLEANUP_FREE char *dir = folders[i] != NULL ? jig_path_join(folders[i], below) : NULL;
        jig_strv_clear(&a->names[i]);
        if (dir == NULL || !holds_files(dir, log, &a->names[i]))
            continue;
        a->dirs[i] = jig_steal(&dir);
        found = true;
    }
    return found;
}

static bool find_archives(const struct jig_library *lib, const struct jig_props *props,
                          struct jig_readlog *log, struct archives *a)
{
    JIG_CLEANUP_FREE char *mcu = NULL;
    if (jig_props_expand_key(props, "build.mcu", &mcu, NULL) != JIG_OK)
        return false;
    JIG_CLEANUP_FREE char *fpu = fpu_folder(props);
    JIG_CLEANUP_FREE char *with_fpu = jig_path_join(mcu, fpu);
    return (fpu[0] != '\0' && look_in(lib, with_fpu, log, a)) || look_in(lib, mcu, log, a);
}

static void add_archive(struct jig_precompiled *p, const char *dir, const char *name)
{
    bool archive = jig_str_ends(name, ".a");
    if (!archive && !jig_str_ends(name, ".so"))
        return;
    size_t n = strlen(name) - strlen(jig_path_ext(name));
    if (jig_str_starts(name, "lib"))
        jig_strv_append_take(&p->ldflags, jig_strf("-l%.*s", (int)(n - 3), name + 3));
    else if (archive)
        jig_strv_append_take(&p->objects, jig_path_join(dir, name));
}

enum jig_code jig_library_precompiled(const struct jig_library *lib, const struct jig_props *props,
                                      struct jig_readlog *log, struct jig_precompiled *ret,
                                      struct jig_err *reterr)
{
    struct jig_precompiled p = {.sources_too = true};
    struct archives found = {0};
    enum jig_code code = JIG_OK;
    if (lib->precompiled && jig_props_has(props, "compiler.libraries.ldflags") &&
        find_archives(lib, props, log, &found)) {
        p.dir = jig_xstrdup(found.dirs[0] != NULL ? found.dirs[0] : found.dirs[1]);
        for (size_t d = 0; d < JIG_COUNT(found.dirs); d++) {
            if (found.dirs[d] != NULL)
                jig_strv_append_take(&p.ldflags, jig_strf("-L%s", found.dirs[d]));
        }
        if (lib->ldflags[0] != '\0')
            code = jig_recipe_split(props, NULL, "ldflags of the library", lib->ldflags, false,
                                    &p.ldflags, reterr);
        for (size_t d = 0; d < JIG_COUNT(found.dirs); d++) {
            for (size_t i = 0; i < found.names[d].n; i++)
                add_archive(&p, found.dirs[d], found.names[d].v[i]);
        }
        p.sources_too = !lib->precompiled_full;
    }
    archives_release(&found);
    if (code == JIG_OK) {
        *ret = p;
    } else {
        jig_err_prefix(reterr, "%s", lib->path);
        jig_precompiled_release(&p);
    }
    return code;
}

void jig_precompiled_release(struct jig_precompiled *p)
{
    free(p->dir);
    jig_strv_release(&p->ldflags);
    jig_strv_release(&p->objects);
    *p = (struct jig_precompiled){0};
}
