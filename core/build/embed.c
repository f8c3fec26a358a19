/*
 * embed.c - board_build.embed_files and embed_txtfiles: files as data in the program.
 *
 * Each becomes an object with the symbols that objcopy makes of a binary file,
 *
 *   _binary_<path>_start  _binary_<path>_end  _binary_<path>_size
 *
 * where <path> is the file's path relative to the project, with '_' for what cannot stand in a
 * symbol: "data/logo.bin" is _binary_data_logo_bin_start, wherever the project lies. A text file
 * has a NUL behind it, which counts to its size. The object is made by the platform's own assembler
 * recipe from a few lines with .incbin, so that no table of objcopy's formats is needed, and the
 * file itself is never written to. It goes to flash: .progmem.data on AVR, .rodata elsewhere.
 *
 * The file's content is an input of the step, so an object is made anew when it changes.
 *
 * Sources: GNU binutils manual, objcopy, "--binary-architecture"; the options as in PlatformIO's
 * documentation, "Embedding Binary Data" (espressif32).
 */
#include <ctype.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/build/plan.h"
#include "core/build/pulled.h"
#include "core/config/flags.h"
#include "core/os/fs.h"

static char *symbol_of(const char *relative)
{
    char *symbol = jig_strf("_binary_%s", relative);
    for (char *p = symbol; *p != '\0'; p++) {
        if (!isalnum((unsigned char)*p))
            *p = '_';
    }
    return symbol;
}

/* A path as it stands in the assembler's quotes. */
static void put_quoted(struct jig_buf *out, const char *path)
{
    for (; *path != '\0'; path++) {
        if (*path == '"' || *path == '\\')
            jig_buf_putc(out, '\\');
        jig_buf_putc(out, *path);
    }
}

static void put_source(struct jig_buf *out, const char *symbol, const char *path, bool text)
{
    jig_buf_printf(out,
                   "#if defined(__AVR__)\n"
                   "    .section .progmem.data.%s, \"a\"\n"
                   "#else\n"
                   "    .section .rodata.%s, \"a\"\n"
                   "    .balign 4\n"
                   "#endif\n"
                   "    .global %s_start\n"
                   "    .global %s_end\n"
                   "    .global %s_size\n"
                   "%s_start:\n"
                   "    .incbin \"",
                   symbol, symbol, symbol, symbol, symbol, symbol);
    put_quoted(out, path);
    jig_buf_printf(out,
                   "\"\n"
                   "%s"
                   "%s_end:\n"
                   "    .set %s_size, %s_end - %s_start\n",
                   text ? "    .byte 0\n" : "", symbol, symbol, symbol, symbol);
}

struct embedding {
    struct jig_plan *plan;
    const char *option;
    bool text;
    struct jig_map *symbols; /* -> the path that has it; owned */
};

/* The file's path relative to the project. */
static enum jig_code relative_path(const struct embedding *e, const char *word, char **ret,
                                   struct jig_err *reterr)
{
    const struct jig_project *project = e->plan->request->project;
    JIG_CLEANUP_FREE char *path = jig_path_absolute(project->root, word);
    size_t n = strlen(project->root);
    if (strncmp(path, project->root, n) != 0 || path[n] != '/')
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s of environment '%s' names %s, which is not in the project",
                              e->option, e->plan->request->environment->name, word);
    *ret = jig_xstrdup(path + n + 1);
    return JIG_OK;
}

/* Two files must not share a symbol; one file named twice is one. */
static enum jig_code claim_symbol(const struct embedding *e, const char *symbol,
                                  const char *relative, bool *ret_again, struct jig_err *reterr)
{
    const char *other = jig_map_get(e->symbols, symbol);
    *ret_again = jig_streq(other, relative);
    if (other != NULL && !*ret_again)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s and %s cannot both be embedded: both would be %s", other,
                              relative, symbol);
    if (other == NULL)
        jig_map_set(e->symbols, symbol, jig_xstrdup(relative));
    return JIG_OK;
}

static enum jig_code embed_as(const struct embedding *e, const char *relative, const char *path,
                              const char *symbol, struct jig_err *reterr)
{
    struct jig_plan *p = e->plan;
    JIG_CLEANUP_FREE char *source = jig_strf("%s/embed/%s.S", p->build_dir, relative);
    JIG_CLEANUP_FREE char *object = jig_strf("%s/embed/%s.o", p->build_dir, relative);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(source);
    struct jig_buf text;
    jig_buf_init(&text, 64 << 10);
    put_source(&text, symbol, path, e->text);
    enum jig_code code = jig_buf_check(&text, relative, reterr);
    if (code == JIG_OK)
        code = jig_plan_put_dir(p, dir, reterr);
    if (code == JIG_OK)
        code = jig_plan_put_file(p, source, text.data, text.len, reterr);
    jig_buf_release(&text);
    JIG_CLEANUP_FREE char *step = jig_strf("%s (embedded)", relative);
    const struct jig_compile c = {.source = source,
                                  .object = object,
                                  .scope = JIG_SCOPE_PROJECT,
                                  .step = step,
                                  .reads = path};
    if (code == JIG_OK)
        code = jig_plan_compile(p, &c, reterr);
    if (code == JIG_OK)
        jig_strv_append(&p->embedded_objects, object);
    return code;
}

static enum jig_code embed(const struct embedding *e, const char *word, struct jig_err *reterr)
{
    const struct jig_build_request *q = e->plan->request;
    JIG_CLEANUP_FREE char *relative = NULL;
    bool again = false;
    enum jig_code code = relative_path(e, word, &relative, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *symbol = symbol_of(relative);
    JIG_CLEANUP_FREE char *own = jig_path_join(q->project->root, relative);
    JIG_CLEANUP_FREE char *path = jig_pulled_find(q, own);
    if (path == NULL || !jig_fs_is_file(path)) {
        code = jig_err_reason(reterr, JIG_NOT_FOUND, JIG_REASON_BAD_PROJECT,
                              "%s of environment '%s' names %s, which is not there", e->option,
                              q->environment->name, relative);
        jig_err_hint(reterr, "neither as a file of the project nor as %s.lnk", relative);
        return code;
    }
    code = claim_symbol(e, symbol, relative, &again, reterr);
    return code != JIG_OK || again ? code : embed_as(e, relative, path, symbol, reterr);
}

static enum jig_code embed_all(const struct embedding *e, struct jig_err *reterr)
{
    const struct jig_build_request *q = e->plan->request;
    const struct jig_option *option = jig_environment_option(q->environment, e->option);
    struct jig_strv words = {0};
    if (option == NULL || option->raw == NULL)
        return JIG_OK;
    JIG_CLEANUP_FREE char *text =
        jig_environment_expand(q->project, q->environment, NULL, option->raw);
    jig_str_split(text, " \t\r\n", false, &words);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; code == JIG_OK && i < words.n; i++)
        code = embed(e, words.v[i], reterr);
    jig_strv_release(&words);
    return code;
}

enum jig_code jig_plan_embed(struct jig_plan *p, struct jig_err *reterr)
{
    static const struct {
        const char *option;
        bool text;
    } rows[] = {{"board_build.embed_files", false}, {"board_build.embed_txtfiles", true}};
    struct jig_map symbols;
    enum jig_code code = JIG_OK;
    jig_map_init(&symbols, free);
    jig_strv_clear(&p->embedded_objects);
    for (size_t i = 0; code == JIG_OK && !p->is_sketch && i < JIG_COUNT(rows); i++) {
        struct embedding e = {
            .plan = p, .option = rows[i].option, .text = rows[i].text, .symbols = &symbols};
        code = embed_all(&e, reterr);
    }
    jig_map_release(&symbols);
    return code;
}
