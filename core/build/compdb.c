#include <jansson.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/plan.h"
#include "core/os/fs.h"

#define LARGEST_DATABASE (64u << 20)

/* A copy in the build folder stands for the file that people edit. */
static char *original_of(const struct jig_plan *p, const char *source)
{
    JIG_CLEANUP_FREE char *copies = jig_strf("%s/sketch/", p->build_dir);
    if (p->is_sketch && jig_str_starts(source, copies) && !jig_streq(source, p->generated))
        return jig_sketch_path(p->sketch, source + strlen(copies));
    return jig_xstrdup(source);
}

void jig_plan_add_command(struct jig_plan *p, const struct jig_action *a, const char *source)
{
    JIG_CLEANUP_FREE char *file = original_of(p, source);
    json_t *arguments = json_array();
    for (size_t i = 0; i < a->argv.n; i++) {
        const char *word = jig_streq(a->argv.v[i], source) ? file : a->argv.v[i];
        json_array_append_new(arguments, json_stringn_nocheck(word, strlen(word)));
    }
    json_t *entry =
        json_pack("{s:s, s:o, s:s}", "directory", a->cwd, "arguments", arguments, "file", file);
    char *text = entry != NULL ? json_dumps(entry, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    if (text != NULL) /* NULL: a path that is not UTF-8 has no JSON */
        jig_strv_append_take(&p->commands, text);
    json_decref(entry);
}

enum jig_code jig_plan_write_commands(struct jig_plan *p, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(p->build_dir, "compile_commands.json");
    struct jig_buf text;
    jig_buf_init(&text, LARGEST_DATABASE);
    for (size_t i = 0; i < p->commands.n; i++)
        jig_buf_printf(&text, "%s%s", i == 0 ? "[\n" : ",\n", p->commands.v[i]);
    jig_buf_puts(&text, p->commands.n > 0 ? "\n]\n" : "[]\n");
    enum jig_code code = jig_buf_check(&text, path, reterr);
    if (code == JIG_OK)
        code = jig_plan_put_file(p, path, text.data, text.len, reterr);
    jig_buf_release(&text);
    return code;
}
