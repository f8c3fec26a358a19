/*
 * fake_gcc.c - stands in for a whole tool chain, so that the build engine is tested fast and
 * without a real one. What it is depends on the name it is run by:
 *
 *   fake-gcc fake-g++   with -E or -c: reads a source and what it includes, as a compiler finds
 *                       it; without: puts objects together, and lib/libsystem.a beside its bin/,
 *                       if there is one; with -Wl,-t it lists them
 *   fake-ar             rcs ARCHIVE OBJECT...
 *   fake-objcopy        FROM TO
 *   fake-size           prints ".text BYTES"
 *   fake-touch          FILE TEXT: adds a line; what a hook may do
 *
 * An object is the text of all that was read and the -D words, so any difference in what was read
 * is a difference in the object. Beside #include, #if __has_include(X) ... #endif, #line, #error
 * and #warning, a source may say
 *
 *   #pragma fake append PATH TEXT   adds TEXT to that file after everything was read (an edit
 *                                   during the build)
 *   #pragma fake nodepfile          leaves no dependency file
 *   #pragma fake signal NUMBER      ends itself
 *   #pragma fake status NUMBER      exit status, with what it made in place
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define MOST (16u << 20)

struct compile {
    struct jig_strv quote_dirs; /* -iquote */
    struct jig_strv dirs;       /* -I */
    struct jig_strv system_dirs;
    struct jig_strv words; /* -D */
    struct jig_strv inputs;
    struct jig_strv read; /* in order, each once */
    struct jig_strv appends;
    struct jig_buf text;
    const char *output;
    const char *depfile;
    bool preprocess;
    bool compile;
    bool no_depfile;
    bool list;
    int status;
};

static void die(const char *what, const char *name)
{
    fprintf(stderr, "fake: %s %s\n", what, name);
    exit(1);
}

static void must(enum jig_code code, const struct jig_err *err)
{
    if (code != JIG_OK)
        die("cannot go on:", err->message);
}

static char *read_all(const char *path)
{
    struct jig_buf b;
    struct jig_err err = JIG_ERR_INIT;
    jig_buf_init(&b, MOST);
    must(jig_fs_read(path, &b, &err), &err);
    char *text = jig_buf_steal(&b);
    return text != NULL ? text : jig_xstrdup("");
}

/* In place, as compilers do: no rename, no sync. */
static void write_all(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
        die("cannot write", path);
}

static void append_to(const char *path, const char *text)
{
    FILE *f = fopen(path, "a");
    if (f == NULL || fprintf(f, "%s\n", text) < 0 || fclose(f) != 0)
        die("cannot write", path);
}

/* ---- compiling ---- */

static char *find_in(const struct jig_strv *dirs, const char *name)
{
    for (size_t i = 0; i < dirs->n; i++) {
        char *path = jig_path_join(dirs->v[i], name);
        if (jig_fs_is_file(path))
            return path;
        free(path);
    }
    return NULL;
}

/* Where an include leads, by the rules of a C compiler. NULL when nowhere. */
static char *find_header(const struct compile *c, const char *from, const char *name, bool quoted)
{
    JIG_CLEANUP_FREE char *dir = jig_path_dir(from);
    JIG_CLEANUP_FREE char *beside = jig_path_join(dir, name);
    if (quoted && jig_fs_is_file(beside))
        return jig_steal(&beside);
    char *found = quoted ? find_in(&c->quote_dirs, name) : NULL;
    if (found == NULL)
        found = find_in(&c->dirs, name);
    return found != NULL ? found : find_in(&c->system_dirs, name);
}

/* "x" or <x> at `at`; NULL when there is none. */
static char *quoted_name(const char *at, bool *ret_quoted)
{
    at += strspn(at, " \t");
    *ret_quoted = *at == '"';
    const char *end = *at == '"' ? strchr(at + 1, '"') : *at == '<' ? strchr(at + 1, '>') : NULL;
    return end != NULL ? jig_xstrndup(at + 1, (size_t)(end - at - 1)) : NULL;
}

static void read_file(struct compile *c, const char *path);

static void complain(const char *path, size_t number, const char *kind, const char *what,
                     const char *line)
{
    fprintf(stderr, "%s:%zu:2: %s: %s\n %s\n  ^\n", path, number, kind, what, line);
}

static void do_include(struct compile *c, const char *path, size_t number, const char *line)
{
    bool quoted = false;
    JIG_CLEANUP_FREE char *name = quoted_name(line + strlen("#include"), &quoted);
    JIG_CLEANUP_FREE char *found = name != NULL ? find_header(c, path, name, quoted) : NULL;
    if (found == NULL) {
        JIG_CLEANUP_FREE char *what =
            jig_strf("%s: No such file or directory", name != NULL ? name : "?");
        complain(path, number, "fatal error", what, line);
        exit(1);
    }
    read_file(c, found);
}

static void do_pragma(struct compile *c, char *words)
{
    struct jig_strv v = {0};
    jig_str_split(words, " ", false, &v);
    if (v.n >= 3 && strcmp(v.v[0], "append") == 0 && c->compile) {
        jig_strv_append(&c->appends, v.v[1]);
        jig_strv_append(&c->appends, v.v[2]);
    }
    if (v.n >= 1 && strcmp(v.v[0], "nodepfile") == 0)
        c->no_depfile = true;
    if (v.n >= 2 && strcmp(v.v[0], "signal") == 0)
        raise((int)strtol(v.v[1], NULL, 10));
    if (v.n >= 2 && strcmp(v.v[0], "status") == 0)
        c->status = (int)strtol(v.v[1], NULL, 10);
    jig_strv_release(&v);
}

struct place {
    const char *path; /* of the file itself: where its includes are looked for */
    char *shown;      /* what #line calls it */
    size_t number;
    bool skipping;
};

static void do_line(struct place *at, const char *line)
{
    bool quoted = false;
    char *name = quoted_name(line + strcspn(line, "\""), &quoted);
    at->number = (size_t)strtol(line + strlen("#line"), NULL, 10);
    if (name != NULL) {
        free(at->shown);
        at->shown = name;
    }
    at->number--; /* the caller adds one */
}

static void mark(struct compile *c, const struct place *at)
{
    if (c->preprocess)
        jig_buf_printf(&c->text, "# %zu \"%s\"\n", at->number, at->shown);
}

/* True when the line was a directive. */
static bool directive(struct compile *c, struct place *at, char *line)
{
    bool quoted = false;
    if (jig_str_starts(line, "#endif")) {
        at->skipping = false;
    } else if (jig_str_starts(line, "#if __has_include(")) {
        JIG_CLEANUP_FREE char *name = quoted_name(strchr(line, '(') + 1, &quoted);
        JIG_CLEANUP_FREE char *found = find_header(c, at->path, name, quoted);
        at->skipping = found == NULL;
    } else if (at->skipping) {
        return true;
    } else if (jig_str_starts(line, "#include")) {
        do_include(c, at->path, at->number, line);
        at->number++;
        mark(c, at);
        at->number--;
    } else if (jig_str_starts(line, "#line ")) {
        do_line(at, line);
        at->number++;
        mark(c, at);
        at->number--;
    } else if (jig_str_starts(line, "#error")) {
        complain(at->shown, at->number, "error", line, line);
        c->status = 1;
    } else if (jig_str_starts(line, "#warning")) {
        if (!c->preprocess)
            complain(at->shown, at->number, "warning", line, line);
    } else if (jig_str_starts(line, "#pragma fake ")) {
        do_pragma(c, line + strlen("#pragma fake "));
    } else {
        return false;
    }
    return true;
}

static void read_file(struct compile *c, const char *path)
{
    if (!jig_strv_add_unique(&c->read, path))
        return;
    JIG_CLEANUP_FREE char *text = read_all(path);
    struct jig_strv lines = {0};
    struct place at = {.path = path, .shown = jig_xstrdup(path), .number = 1};
    jig_str_split(text, "\n", true, &lines);
    mark(c, &at);
    for (size_t i = 0; i < lines.n; i++, at.number++) {
        if (!directive(c, &at, lines.v[i]) && !at.skipping)
            jig_buf_printf(&c->text, "%s\n", lines.v[i]);
        else if (c->preprocess && !jig_str_starts(lines.v[i], "#include"))
            jig_buf_putc(&c->text, '\n');
    }
    jig_strv_release(&lines);
    free(at.shown);
}

static void write_depfile(const struct compile *c)
{
    struct jig_buf text;
    jig_buf_init(&text, MOST);
    jig_buf_puts(&text, "out:");
    for (size_t i = 0; i < c->read.n; i++) {
        jig_buf_puts(&text, " \\\n ");
        for (const char *p = c->read.v[i]; *p != '\0'; p++) {
            if (*p == ' ' || *p == '#')
                jig_buf_putc(&text, '\\');
            if (*p == '$')
                jig_buf_putc(&text, '$');
            jig_buf_putc(&text, *p);
        }
    }
    jig_buf_putc(&text, '\n');
    write_all(c->depfile, text.data);
    jig_buf_release(&text);
}

static void compile(struct compile *c)
{
    for (size_t i = 0; i < c->inputs.n; i++)
        read_file(c, c->inputs.v[i]);
    for (size_t i = 0; i < c->words.n && !c->preprocess; i++)
        jig_buf_printf(&c->text, "%s\n", c->words.v[i]);
    if (c->status == 0 && c->output != NULL)
        write_all(c->output, c->text.data);
    else if (c->preprocess && c->output == NULL)
        fputs(c->text.data, stdout);
    if (c->depfile != NULL && !c->no_depfile && c->status == 0)
        write_depfile(c);
    for (size_t i = 0; i + 1 < c->appends.n; i += 2)
        append_to(c->appends.v[i], c->appends.v[i + 1]);
}

static void put_together(const struct jig_strv *inputs, const char *output)
{
    struct jig_buf text;
    jig_buf_init(&text, MOST);
    for (size_t i = 0; i < inputs->n; i++) {
        JIG_CLEANUP_FREE char *one = read_all(inputs->v[i]);
        jig_buf_printf(&text, "%s--\n", one);
    }
    write_all(output, text.data);
    jig_buf_release(&text);
}

/* An option that takes what follows, joined or as the next word. */
static bool option_value(char **argv, int argc, int *i, const char *option, const char **ret)
{
    if (!jig_str_starts(argv[*i], option))
        return false;
    *ret = argv[*i] + strlen(option);
    if (**ret == '\0' && *i + 1 < argc)
        *ret = argv[++*i];
    return true;
}

static void take_word(struct compile *c, char **argv, int argc, int *i)
{
    const char *value = NULL;
    if (strcmp(argv[*i], "-E") == 0)
        c->preprocess = true;
    else if (strcmp(argv[*i], "-c") == 0)
        c->compile = true;
    else if (strcmp(argv[*i], "-Wl,-t") == 0)
        c->list = true;
    else if (option_value(argv, argc, i, "-L", &value) || option_value(argv, argc, i, "-l", &value))
        return; /* see take_libraries */
    else if (option_value(argv, argc, i, "-iquote", &value))
        jig_strv_append(&c->quote_dirs, value);
    else if (option_value(argv, argc, i, "-isystem", &value))
        jig_strv_append(&c->system_dirs, value);
    else if (option_value(argv, argc, i, "-I", &value))
        jig_strv_append(&c->dirs, value);
    else if (option_value(argv, argc, i, "-MF", &value))
        c->depfile = value;
    else if (option_value(argv, argc, i, "-x", &value))
        return;
    else if (option_value(argv, argc, i, "-o", &value))
        c->output = value;
    else if (jig_str_starts(argv[*i], "-D"))
        jig_strv_append(&c->words, argv[*i]);
    else if (argv[*i][0] != '-')
        jig_strv_append(&c->inputs, argv[*i]);
}

/* -L and -l, for a linker: libNAME.a in the first folder that has it. */
static void take_libraries(struct compile *c, char **argv, int argc)
{
    struct jig_strv dirs = {0};
    const char *value = NULL;
    for (int i = 1; i < argc; i++) {
        if (option_value(argv, argc, &i, "-L", &value))
            jig_strv_append(&dirs, value);
    }
    for (int i = 1; i < argc; i++) {
        if (!option_value(argv, argc, &i, "-l", &value))
            continue;
        JIG_CLEANUP_FREE char *name = jig_strf("lib%s.a", value);
        JIG_CLEANUP_FREE char *path = find_in(&dirs, name);
        if (path == NULL)
            die("cannot find -l", value);
        jig_strv_append(&c->inputs, path);
    }
    jig_strv_release(&dirs);
}

static void take_system(struct compile *c, const char *program)
{
    JIG_CLEANUP_FREE char *bin = jig_path_dir(program);
    JIG_CLEANUP_FREE char *path = jig_path_join(bin, "../lib/libsystem.a");
    if (jig_fs_is_file(path))
        jig_strv_append(&c->inputs, path);
}

static int driver(int argc, char **argv)
{
    struct compile c = {0};
    jig_buf_init(&c.text, MOST);
    if (argc == 2 && strcmp(argv[1], "-print-search-dirs") == 0) {
        JIG_CLEANUP_FREE char *bin = jig_path_dir(argv[0]);
        printf("install: %s\nprograms: =%s/../first:%s/../second\nlibraries: =\n", bin, bin, bin);
        return 0;
    }
    for (int i = 1; i < argc; i++)
        take_word(&c, argv, argc, &i);
    if (c.preprocess)
        c.compile = false;
    if (c.preprocess || c.compile) {
        compile(&c);
    } else {
        take_libraries(&c, argv, argc);
        take_system(&c, argv[0]);
        for (size_t i = 0; c.list && i < c.inputs.n; i++)
            printf(i % 2 == 0 ? "%s\n" : "(%s)member.o\n", c.inputs.v[i]);
        put_together(&c.inputs, c.output);
    }
    struct jig_strv *lists[] = {&c.quote_dirs, &c.dirs, &c.system_dirs, &c.words,
                                &c.inputs,     &c.read, &c.appends};
    for (size_t i = 0; i < JIG_COUNT(lists); i++)
        jig_strv_release(lists[i]);
    jig_buf_release(&c.text);
    return c.status;
}

static int archiver(int argc, char **argv)
{
    struct jig_strv members = {0};
    if (argc > 2 && jig_fs_is_file(argv[2]))
        jig_strv_append(&members, argv[2]); /* as ar does: it adds to what is there */
    for (int i = 3; i < argc; i++)
        jig_strv_append(&members, argv[i]);
    put_together(&members, argc > 2 ? argv[2] : "/dev/null");
    jig_strv_release(&members);
    return 0;
}

static int converter(int argc, char **argv)
{
    struct jig_strv from = {0};
    if (argc < 3)
        return 2;
    jig_strv_append(&from, argv[1]);
    put_together(&from, argv[2]);
    jig_strv_release(&from);
    return 0;
}

static int measurer(int argc, char **argv)
{
    struct jig_stamp s;
    struct jig_err err = JIG_ERR_INIT;
    if (argc < 2)
        return 2;
    must(jig_fs_stamp(argv[1], &s, &err), &err);
    printf("section size\n.text %lld\n", (long long)s.size);
    return 0;
}

static int toucher(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    append_to(argv[1], argv[2]);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } programs[] = {
        {"fake-gcc", driver},        {"fake-g++", driver},    {"fake-ar", archiver},
        {"fake-objcopy", converter}, {"fake-size", measurer}, {"fake-touch", toucher},
    };
    const char *name = jig_path_base(argv[0]);
    for (size_t i = 0; i < JIG_COUNT(programs); i++) {
        if (strcmp(name, programs[i].name) == 0)
            return programs[i].run(argc, argv);
    }
    die("nobody knows the program", name);
    return 1;
}
