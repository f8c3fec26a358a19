#include "core/build/words.h"

#include <string.h>

#include "core/base/buf.h"
#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

/* One that includes others, ten levels deep. Source: GNU ld's manual, "INCLUDE". */
#define MOST_SCRIPTS   11
#define LARGEST_SCRIPT (4u << 20)

/* What an option says of the path that belongs to it. */
enum meaning {
    READS,        /* the path is read */
    WRITES,       /* it is written, or it is no path */
    LIBRARY_DIR,  /* a folder in which libraries and scripts are looked for */
    LIBRARY_NAME, /* foo, for libfoo.a */
    SCRIPT,       /* a linker script, perhaps in one of those folders */
};

/* The path is the rest of the word, or else the next one; the first option that fits counts. */
static const struct {
    const char *option;
    enum meaning meaning;
} options[] = {
    {"--dependency-file=", WRITES},
    {"--output=", WRITES},
    {"--output", WRITES},
    {"-isystem", WRITES}, /* a folder */
    {"-iquote", WRITES},
    {"--Map=", WRITES},
    {"-Map=", WRITES},
    {"--Map", WRITES},
    {"-Map", WRITES},
    {"-MF", WRITES},
    {"-MQ", WRITES},
    {"-MT", WRITES},
    {"-D", WRITES}, /* a macro */
    {"-I", WRITES}, /* a folder */
    {"-U", WRITES},
    {"-o", WRITES},
    {"--library-path=", LIBRARY_DIR},
    {"-L", LIBRARY_DIR},
    {"--library=", LIBRARY_NAME},
    {"-l", LIBRARY_NAME},
    {"--script=", SCRIPT},
    {"-T", SCRIPT},
    {"@", READS},
};

struct finder {
    struct jig_map seen; /* what is out already, and what is left out */
    struct jig_strv dirs;
    struct jig_strv *out;
    bool only_dirs; /* folders are collected first: -L counts for every -l */
    int scripts;    /* that are being read, one within another */
};

static void read_script(struct finder *f, const char *path);

static void take(struct finder *f, const char *path)
{
    if (path[0] != '/' || f->only_dirs || jig_map_has(&f->seen, path) || !jig_fs_is_file(path))
        return;
    jig_map_set(&f->seen, path, f);
    jig_strv_append(f->out, path);
    const char *ext = jig_path_ext(path);
    if (f->scripts > 0 || strcmp(ext, ".ld") == 0 || strcmp(ext, ".lds") == 0)
        read_script(f, path);
}

static bool take_from_dirs(struct finder *f, const char *name)
{
    for (size_t i = 0; i < f->dirs.n; i++) {
        JIG_CLEANUP_FREE char *path = jig_path_join(f->dirs.v[i], name);
        if (!jig_fs_is_file(path))
            continue;
        take(f, path);
        return true;
    }
    return false;
}

static void take_script(struct finder *f, const char *name)
{
    if (f->only_dirs || f->scripts == MOST_SCRIPTS)
        return;
    f->scripts++;
    if (name[0] == '/')
        take(f, name);
    else
        take_from_dirs(f, name);
    f->scripts--;
}

/* INCLUDE x.ld, INCLUDE "x.ld", wherever a word may stand; in comments, too. */
static void read_script(struct finder *f, const char *path)
{
    static const char word[] = "INCLUDE";
    static const char blank[] = " \t\r\n";
    struct jig_buf text;
    jig_buf_init(&text, LARGEST_SCRIPT);
    if (jig_fs_read(path, &text, NULL) != JIG_OK)
        text.len = 0;
    const char *at = text.len > 0 ? strstr(text.data, word) : NULL;
    for (; at != NULL; at = strstr(at, word)) {
        bool begins = at == text.data || strchr(" \t\r\n;{}/", at[-1]) != NULL;
        at += strlen(word);
        size_t blanks = strspn(at, blank);
        const char *name = at + blanks + (at[blanks] == '"');
        JIG_CLEANUP_FREE char *one = jig_xstrndup(name, strcspn(name, "\" \t\r\n;{}"));
        if (begins && blanks > 0 && one[0] != '\0')
            take_script(f, one);
    }
    jig_buf_release(&text);
}

/* "foo", or ":file" for exactly that. */
static void take_library(struct finder *f, const char *name)
{
    for (size_t i = 0; i < f->dirs.n && name[0] != ':'; i++) {
        JIG_CLEANUP_FREE char *shared = jig_strf("%s/lib%s.so", f->dirs.v[i], name);
        JIG_CLEANUP_FREE char *archive = jig_strf("%s/lib%s.a", f->dirs.v[i], name);
        const char *found = jig_fs_is_file(shared)    ? shared
                            : jig_fs_is_file(archive) ? archive
                                                      : NULL;
        if (found == NULL)
            continue;
        take(f, found);
        return;
    }
    if (name[0] == ':')
        take_from_dirs(f, name + 1);
}

static void apply(struct finder *f, enum meaning meaning, const char *value)
{
    if (meaning == LIBRARY_DIR && f->only_dirs && value[0] == '/')
        jig_strv_add_unique(&f->dirs, value);
    else if (meaning == LIBRARY_NAME && !f->only_dirs)
        take_library(f, value);
    else if (meaning == SCRIPT)
        take_script(f, value);
    else if (meaning == READS)
        take(f, value);
}

/* One word, or one piece of a -Wl, word; *i is moved past the value when that is a word of its own.
 */
static void look_at(struct finder *f, const struct jig_strv *words, size_t *i)
{
    const char *word = words->v[*i];
    bool may_be_option = word[0] == '-' || word[0] == '@'; /* most are paths */
    for (size_t k = 0; may_be_option && k < JIG_COUNT(options); k++) {
        if (!jig_str_starts(word, options[k].option))
            continue;
        const char *value = word + strlen(options[k].option);
        bool joined = value[0] != '\0' || jig_str_ends(options[k].option, "=");
        if (!joined && *i + 1 < words->n)
            value = words->v[++*i];
        apply(f, options[k].meaning, value);
        return;
    }
    const char *slash = word[0] == '-' ? strchr(word, '/') : word;
    bool bare = slash == word || (slash != NULL && (slash[-1] == '=' || slash == word + 2));
    if (bare)
        take(f, slash);
}

static void look_at_all(struct finder *f, const struct jig_strv *words)
{
    for (size_t i = 0; i < words->n; i++)
        look_at(f, words, &i);
}

/* The words, with those that a compiler hands on to its linker taken apart. */
static void spread(const struct jig_strv *argv, struct jig_strv *out)
{
    for (size_t i = 1; i < argv->n; i++) {
        if (jig_str_starts(argv->v[i], "-Wl,"))
            jig_str_split(argv->v[i] + strlen("-Wl,"), ",", false, out);
        else if (strcmp(argv->v[i], "-Xlinker") != 0)
            jig_strv_append(out, argv->v[i]);
    }
}

void jig_words_files(const struct jig_strv *argv, const struct jig_strv *but, struct jig_strv *out)
{
    struct finder f = {.out = out, .only_dirs = true};
    struct jig_strv words = {0};
    jig_map_init(&f.seen, NULL);
    for (size_t i = 0; but != NULL && i < but->n; i++)
        jig_map_set(&f.seen, but->v[i], out);
    for (size_t i = 0; i < out->n; i++)
        jig_map_set(&f.seen, out->v[i], out);
    spread(argv, &words);
    look_at_all(&f, &words);
    f.only_dirs = false;
    look_at_all(&f, &words);
    jig_strv_release(&words);
    jig_strv_release(&f.dirs);
    jig_map_release(&f.seen);
}

void jig_words_include_path(const struct jig_strv *argv, struct jig_strv *out)
{
    static const char *const kinds[] = {"-iquote", "-I", "-isystem", "-idirafter"};
    for (size_t k = 0; k < JIG_COUNT(kinds); k++) {
        for (size_t i = 0; i < argv->n; i++) {
            if (!jig_str_starts(argv->v[i], kinds[k]))
                continue;
            const char *dir = argv->v[i] + strlen(kinds[k]);
            if (dir[0] == '\0' && i + 1 < argv->n)
                dir = argv->v[++i];
            jig_strv_append(out, dir);
        }
    }
}

/* ---- what a preprocessor makes of them ---- */

/* The word, and the next one when it belongs to it, leave the preprocessed text alone. 0: they may
 * not. */
static size_t harmless(const struct jig_strv *argv, size_t i)
{
    static const char *const plain[] = {"-c",
                                        "-E",
                                        "-S",
                                        "-C",
                                        "-CC",
                                        "-w",
                                        "-pipe",
                                        "-MD",
                                        "-g",
                                        "-MMD",
                                        "-flto",
                                        "-fno-fat-lto-objects",
                                        "-ffat-lto-objects"};
    static const char *const with_next[] = {"-o", "-MF", "-MT", "-MQ"};
    const char *word = argv->v[i];
    for (size_t k = 0; k < JIG_COUNT(plain); k++) {
        if (strcmp(word, plain[k]) == 0)
            return 1;
    }
    for (size_t k = 0; k < JIG_COUNT(with_next); k++) {
        if (strcmp(word, with_next[k]) == 0)
            return 2;
    }
    if (strcmp(word, "-x") == 0 && i + 1 < argv->n && strcmp(argv->v[i + 1], "c++") == 0)
        return 2;
    bool passes_on = jig_str_starts(word, "-Wp,") || jig_str_starts(word, "-Wa,");
    return jig_str_starts(word, "-W") && !passes_on && !jig_str_starts(word, "-Werror") ? 1 : 0;
}

/* The next word that counts, or NULL at the end. */
static const char *next_word(const struct jig_strv *argv, size_t *at)
{
    while (*at < argv->n) {
        size_t n = harmless(argv, *at);
        if (n == 0)
            return argv->v[(*at)++];
        *at += n;
    }
    return NULL;
}

bool jig_words_preprocess_alike(const struct jig_strv *a, const struct jig_strv *b)
{
    size_t i = 0, k = 0;
    for (;;) {
        const char *x = next_word(a, &i);
        const char *y = next_word(b, &k);
        if (x == NULL || y == NULL)
            return x == y;
        if (strcmp(x, y) != 0)
            return false;
    }
}
