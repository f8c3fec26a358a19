#include "core/config/pio.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/glob.h"
#include "core/config/pytext.h"

static void walk_free(void *p)
{
    struct jig_pio_walk *walk = p;
    free(walk->sections);
    free(walk);
}

void jig_pio_init(struct jig_pio *pio, const char *root, const struct jig_project_how *how)
{
    *pio = (struct jig_pio){.root = root};
    if (how != NULL)
        pio->how = *how;
    jig_ini_init(&pio->ini);
    jig_inputs_init(&pio->inputs);
    jig_map_init(&pio->variables, free);
    jig_map_init(&pio->walks, walk_free);
}

void jig_pio_release(struct jig_pio *pio)
{
    jig_ini_release(&pio->ini);
    jig_inputs_release(&pio->inputs);
    jig_map_release(&pio->variables);
    jig_map_release(&pio->walks);
    jig_strv_release(&pio->files);
    jig_strv_release(&pio->needs_env);
    jig_strv_release(&pio->warnings);
}

enum jig_code jig_pio_step(struct jig_pio *pio, struct jig_err *reterr)
{
    if (++pio->steps <= JIG_PIO_MOST_STEPS)
        return JIG_OK;
    return jig_err_reason(reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                          "%s/platformio.ini takes more than %d steps to resolve", pio->root,
                          JIG_PIO_MOST_STEPS);
}

const char *jig_pio_variable(struct jig_pio *pio, const char *name)
{
    if (jig_map_has(&pio->variables, name))
        return jig_map_get(&pio->variables, name);
    bool known = true;
    const char *value = NULL;
    if (pio->how.env.get != NULL)
        value = pio->how.env.get(pio->how.env.ctx, name, &known);
    if (!known) {
        jig_strv_add_unique(&pio->needs_env, name);
        value = NULL;
    }
    jig_map_set(&pio->variables, name, jig_xstrdup(value));
    return jig_map_get(&pio->variables, name);
}

char *jig_pio_absolute(struct jig_pio *pio, const char *path)
{
    JIG_CLEANUP_FREE char *expanded = NULL;
    if (path[0] == '~' && (path[1] == '/' || path[1] == '\0')) {
        const char *home = jig_pio_variable(pio, "HOME");
        expanded = home != NULL ? jig_path_join(home, path[1] != '\0' ? path + 2 : "") : NULL;
    }
    if (expanded != NULL)
        path = expanded;
    char *out = jig_path_absolute(pio->root, path);
    if (path[0] != '/' || path[1] != '/' || path[2] == '/')
        return out;
    char *doubled = jig_strf("/%s", out); /* POSIX keeps two leading slashes, and so does Python */
    free(out);
    return doubled;
}

/* --- extends --------------------------------------------------------------------------------- */

struct trail { /* the sections above, to see cycles and to name them */
    const char *section;
    const struct trail *up;
};

struct walking {
    struct jig_pio *pio;
    struct jig_pio_walk *walk;
    struct jig_map done;
    struct jig_err *reterr;
};

static enum jig_code extends_cycle(const struct walking *w, const struct jig_ini_option *extends,
                                   const struct trail *trail, const char *section)
{
    struct jig_strv chain = {0};
    jig_strv_append(&chain, section);
    for (const struct trail *t = trail; t != NULL; t = t->up) {
        jig_strv_append(&chain, t->section);
        if (strcmp(t->section, section) == 0)
            break;
    }
    for (size_t i = 0; i < chain.n / 2; i++) {
        char *swap = chain.v[i];
        chain.v[i] = chain.v[chain.n - 1 - i];
        chain.v[chain.n - 1 - i] = swap;
    }
    JIG_CLEANUP_FREE char *words = jig_strv_join(&chain, " -> ");
    jig_strv_release(&chain);
    return jig_err_reason(w->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s:%u: 'extends' goes round in circles: %s", extends->file,
                          extends->line, words);
}

static enum jig_code visit(struct walking *w, const char *name, const struct trail *up, int depth);

static enum jig_code visit_extends(struct walking *w, const struct jig_ini_section *section,
                                   const struct jig_ini_option *extends, const struct trail *here,
                                   int depth)
{
    JIG_CLEANUP_FREE char *text = NULL;
    enum jig_code code = jig_ini_value(&w->pio->ini, section, "extends", extends, &text, w->reterr);
    if (code != JIG_OK)
        return code;
    struct jig_strv names = {0};
    jig_py_multi_values(text, &names);
    for (size_t i = names.n; code == JIG_OK && i > 0; i--) {
        const char *name = names.v[i - 1];
        for (const struct trail *t = here; t != NULL && code == JIG_OK; t = t->up) {
            if (strcmp(t->section, name) == 0)
                code = extends_cycle(w, extends, here, name);
        }
        if (code == JIG_OK && depth == JIG_PIO_MOST_DEPTH)
            code = jig_err_reason(w->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                                  "%s:%u: 'extends' is nested more than %d deep", extends->file,
                                  extends->line, JIG_PIO_MOST_DEPTH);
        if (code == JIG_OK)
            code = visit(w, name, here, depth + 1);
    }
    jig_strv_release(&names);
    return code;
}

static enum jig_code visit(struct walking *w, const char *name, const struct trail *up, int depth)
{
    const struct jig_ini_section *section = jig_ini_section(&w->pio->ini, name);
    if (section == NULL || jig_map_has(&w->done, name))
        return JIG_OK;
    enum jig_code code = jig_pio_step(w->pio, w->reterr);
    if (code != JIG_OK)
        return code;
    jig_map_set(&w->done, name, w);
    w->walk->sections = jig_grow(w->walk->sections, &w->walk->cap, w->walk->n, sizeof(section));
    w->walk->sections[w->walk->n++] = section;
    const struct jig_ini_option *extends = jig_ini_option(&w->pio->ini, section, "extends");
    struct trail here = {name, up};
    return extends != NULL ? visit_extends(w, section, extends, &here, depth) : JIG_OK;
}

enum jig_code jig_pio_walk(struct jig_pio *pio, const char *section,
                           const struct jig_pio_walk **ret, struct jig_err *reterr)
{
    struct jig_pio_walk *walk = jig_map_get(&pio->walks, section);
    if (walk == NULL) {
        walk = jig_new(struct jig_pio_walk);
        struct walking w = {.pio = pio, .walk = walk, .reterr = reterr};
        jig_map_init(&w.done, NULL);
        enum jig_code code = visit(&w, section, NULL, 0);
        if (code == JIG_OK && jig_str_starts(section, "env:"))
            code = visit(&w, "env", NULL, 0);
        jig_map_release(&w.done);
        if (code != JIG_OK) {
            walk_free(walk);
            return code;
        }
        jig_map_set(&pio->walks, section, walk);
    }
    *ret = walk;
    return JIG_OK;
}

/* --- the names of options -------------------------------------------------------------------- */

static enum jig_code add_names(struct jig_pio *pio, const struct jig_map *options,
                               struct jig_map *seen, struct jig_strv *out, struct jig_err *reterr)
{
    for (size_t i = 0; i < options->used; i++) {
        const char *name = options->entries[i].key;
        enum jig_code code = jig_pio_step(pio, reterr);
        if (code != JIG_OK)
            return code;
        if (name == NULL || jig_map_has(seen, name))
            continue;
        jig_map_set(seen, name, pio);
        jig_strv_append(out, name);
    }
    return JIG_OK;
}

enum jig_code jig_pio_options_of(struct jig_pio *pio, const char *section, struct jig_strv *out,
                                 struct jig_err *reterr)
{
    const struct jig_pio_walk *walk;
    enum jig_code code = jig_pio_walk(pio, section, &walk, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_map seen;
    jig_map_init(&seen, NULL);
    for (size_t i = 0; code == JIG_OK && i < walk->n; i++) {
        code = add_names(pio, &walk->sections[i]->options, &seen, out, reterr);
        if (code == JIG_OK)
            code = add_names(pio, &pio->ini.defaults.options, &seen, out, reterr);
    }
    const char *scope = jig_pio_scope(section);
    for (size_t i = 0; code == JIG_OK && scope != NULL && i < jig_pio_option_count; i++) {
        const struct jig_pio_option *o = &jig_pio_options[i];
        if (strcmp(o->scope, scope) == 0 && o->variable != NULL && !jig_map_has(&seen, o->name) &&
            jig_pio_variable(pio, o->variable) != NULL)
            jig_strv_append(out, o->name);
    }
    jig_map_release(&seen);
    return code;
}

/* --- reading --------------------------------------------------------------------------------- */

/* How messages call a file: by its path below the project, else in full. */
static const char *display_name(const struct jig_pio *pio, const char *path)
{
    size_t n = strlen(pio->root);
    return jig_str_starts(path, pio->root) && path[n] == '/' ? path + n + 1 : path;
}

static enum jig_code read_file(struct jig_pio *pio, const char *name, bool is_extra,
                               struct jig_err *reterr);

static enum jig_code read_matches(struct jig_pio *pio, const char *pattern, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *home = pattern[0] == '~' ? jig_pio_absolute(pio, pattern) : NULL;
    if (home != NULL)
        pattern = home;
    struct jig_strv found = {0};
    struct jig_strv listed = {0};
    enum jig_code code = jig_glob(pio->root, pattern, &found, &listed, reterr);
    for (size_t i = 0; i < listed.n; i++)
        jig_inputs_folder(&pio->inputs, listed.v[i]);
    if (code == JIG_OK && found.n == 0 && !jig_glob_has_magic(pattern)) {
        JIG_CLEANUP_FREE char *path = jig_path_absolute(pio->root, pattern);
        jig_inputs_absent(&pio->inputs, path);
    }
    for (size_t i = 0; code == JIG_OK && i < found.n; i++)
        code = read_file(pio, found.v[i], true, reterr);
    jig_strv_release(&found);
    jig_strv_release(&listed);
    return code;
}

static enum jig_code read_extra(struct jig_pio *pio, struct jig_err *reterr)
{
    struct jig_option *patterns = NULL;
    enum jig_code code = jig_pio_get(pio, "platformio", "extra_configs", &patterns, reterr);
    for (size_t i = 0; code == JIG_OK && i < patterns->values.n; i++)
        code = read_matches(pio, patterns->values.v[i], reterr);
    jig_option_free(patterns);
    return code;
}

/* Python passes over an extra file that it cannot open; so does this, with a warning. */
static enum jig_code passed_over(struct jig_pio *pio, const struct jig_err *why)
{
    jig_strv_append_take(&pio->warnings,
                         jig_strf("extra_configs: %s; the file is passed over", why->message));
    return JIG_OK;
}

static enum jig_code read_file(struct jig_pio *pio, const char *name, bool is_extra,
                               struct jig_err *reterr)
{
    if (jig_strv_contains(&pio->files, name))
        return JIG_OK;
    if (pio->files.n == JIG_PIO_MOST_FILES)
        return jig_err_reason(reterr, JIG_RESOURCE_EXHAUSTED, JIG_REASON_BAD_PROJECT,
                              "extra_configs asks for more than %d files", JIG_PIO_MOST_FILES);
    jig_strv_append(&pio->files, name);
    JIG_CLEANUP_FREE char *path = jig_path_absolute(pio->root, name);
    struct jig_buf text;
    struct jig_err why = JIG_ERR_INIT;
    jig_buf_init(&text, JIG_INI_FILE_MAX);
    enum jig_code code = jig_inputs_read(&pio->inputs, path, &text, &why);
    bool too_large = text.failed;
    if (code == JIG_OK)
        code = jig_ini_parse(&pio->ini, display_name(pio, path), text.data, text.len, reterr);
    else if (is_extra && !too_large)
        code = passed_over(pio, &why);
    else if (reterr != NULL)
        *reterr = why;
    if (code != JIG_OK && reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    jig_buf_release(&text);
    jig_map_release(&pio->walks);
    return code == JIG_OK ? read_extra(pio, reterr) : code;
}

enum jig_code jig_pio_read(struct jig_pio *pio, const char *file, struct jig_err *reterr)
{
    return read_file(pio, file, false, reterr);
}
