#include "core/config/flags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define WORD_MAX (1u << 20)

void jig_flags_release(struct jig_flags *f)
{
    struct jig_strv *lists[] = {
        &f->defines, &f->undefines, &f->include_dirs, &f->cc,   &f->c,      &f->cxx,       &f->as,
        &f->cpp,     &f->link,      &f->lib_dirs,     &f->libs, &f->rpaths, &f->frameworks};
    for (size_t i = 0; i < JIG_COUNT(lists); i++)
        jig_strv_release(lists[i]);
    f->uses_unix_time = false;
}

/* --- $NAME ----------------------------------------------------------------------------------- */

static bool is_name_start(char c)
{
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_name(char c)
{
    return is_name_start(c) || c == '.' || (c >= '0' && c <= '9');
}

/* The variable at p ("$x", "${x}"): its name, and how long it is. NULL when there is none. */
static char *variable_at(const char *p, size_t *length)
{
    if (p[1] == '{') {
        size_t n = strcspn(p + 2, "}");
        if (p[2 + n] != '}')
            return NULL;
        *length = n + 3;
        return jig_xstrndup(p + 2, n);
    }
    size_t n = 0;
    while (is_name_start(p[1]) && is_name(p[1 + n]))
        n++;
    *length = n + 1;
    return n > 0 ? jig_xstrndup(p + 1, n) : NULL;
}

char *jig_flags_expand(const struct jig_flags_context *context, const char *text,
                       struct jig_strv *unknown)
{
    struct jig_buf out;
    jig_buf_init(&out, WORD_MAX);
    while (*text != '\0') {
        size_t plain = strcspn(text, "$");
        jig_buf_append(&out, text, plain);
        text += plain;
        if (*text == '\0')
            break;
        size_t length = 1;
        JIG_CLEANUP_FREE char *name = text[1] != '$' ? variable_at(text, &length) : NULL;
        if (name == NULL) {
            jig_buf_putc(&out, '$');
            text += text[1] == '$' ? 2 : 1;
            continue;
        }
        const char *value =
            context->variable != NULL ? context->variable(context->ctx, name) : NULL;
        if (value != NULL)
            jig_buf_puts(&out, value);
        else if (unknown != NULL)
            jig_strv_add_unique(unknown, name);
        text += length;
    }
    char *expanded = out.len > 0 && !out.failed ? jig_buf_steal(&out) : jig_xstrdup("");
    jig_buf_release(&out);
    return expanded;
}

/* --- the shell that SCons gives the line to -------------------------------------------------- */

/* The character behind a backslash at p, as sh takes it; 0 when the backslash stays. */
static char escaped(const char *p, char quote)
{
    if (p[1] == '\0' || quote == '\'')
        return '\0';
    return quote == '\0' || strchr("$`\"\\", p[1]) != NULL ? p[1] : '\0';
}

/* Whether a quote that opens at p is closed. */
static bool is_closed(const char *p)
{
    for (const char *q = p + 1; *q != '\0'; q++) {
        if (*q == *p)
            return true;
        if (*q == '\\' && *p == '"' && q[1] != '\0')
            q++;
    }
    return false;
}

/* SCons puts double quotes around a word with blanks and leaves others alone; sh then takes quotes
 * and backslashes off. Appends what is left: one word, or more when quotes inside met those. */
static void shell_words(const char *word, struct jig_strv *out)
{
    bool blanks = strpbrk(word, " \t") != NULL;
    JIG_CLEANUP_FREE char *line = jig_strf("%s%s%s", blanks ? "\"" : "", word, blanks ? "\"" : "");
    struct jig_buf now;
    jig_buf_init(&now, WORD_MAX);
    bool open = false; /* a word has begun */
    char quote = '\0';
    for (const char *p = line; *p != '\0'; p++) {
        char literal = *p == '\\' ? escaped(p, quote) : '\0';
        if (literal != '\0') {
            jig_buf_putc(&now, literal);
            p++;
        } else if (quote == '\0' && (*p == ' ' || *p == '\t' || *p == '\n')) {
            if (open)
                jig_strv_append(out, now.data);
            jig_buf_clear(&now);
            open = false;
            continue;
        } else if (quote != '\0' && *p == quote) {
            quote = '\0';
        } else if (quote == '\0' && (*p == '\'' || *p == '"') && is_closed(p)) {
            quote = *p;
        } else {
            jig_buf_putc(&now, *p);
        }
        open = true;
    }
    if (open)
        jig_strv_append(out, now.data);
    jig_buf_release(&now);
}

/* --- numbers --------------------------------------------------------------------------------- */

/* str(float(text)) of Python for digits with one point: the shortest digits that give the number
 * back, with an exponent from 1e16 on and below 1e-4. */
static char *float_text(const char *text)
{
    double value = strtod(text, NULL);
    char shortest[40];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(shortest, sizeof shortest, "%.*e", digits - 1, value);
        if (strtod(shortest, NULL) == value)
            break;
    }
    char *e = strchr(shortest, 'e');
    if (e == NULL)
        return jig_xstrdup(shortest); /* "inf" */
    int exponent = (int)strtol(e + 1, NULL, 10);
    int digits = (int)(e - shortest) - (e - shortest > 1);
    if (exponent >= 16 || exponent < -4)
        return jig_strf("%.*se%c%02d", (int)(e - shortest), shortest, exponent < 0 ? '-' : '+',
                        abs(exponent));
    int decimals = digits - 1 - exponent;
    return jig_strf("%.*f", decimals > 1 ? decimals : 1, value);
}

/* What PlatformIO makes of a macro's value: quotes get a backslash for the shell, digits become an
 * integer, digits with one point a float. */
static char *define_value(const char *value)
{
    static const char digits[] = "0123456789";
    if (strchr(value, '"') != NULL) {
        struct jig_buf out;
        jig_buf_init(&out, WORD_MAX);
        for (; *value != '\0'; value++) {
            if (*value == '"')
                jig_buf_putc(&out, '\\');
            jig_buf_putc(&out, *value);
        }
        char *protected = out.failed ? jig_xstrdup("") : jig_buf_steal(&out);
        jig_buf_release(&out);
        return protected;
    }
    size_t n = strspn(value, digits);
    if (value[0] != '\0' && value[n] == '\0') {
        const char *significant = value + strspn(value, "0");
        return jig_xstrdup(significant[0] != '\0' ? significant : "0");
    }
    bool one_point =
        value[n] == '.' && value[1] != '\0' && value[n + 1 + strspn(value + n + 1, digits)] == '\0';
    return one_point ? float_text(value) : jig_xstrdup(value);
}

/* --- words by what they are for -------------------------------------------------------------- */

struct parsing {
    const struct jig_flags_context *context;
    struct jig_flags *f;
    struct jig_strv unknown;
};

/* $NAME and the shell, for a word that goes into one list. */
static void put(struct parsing *x, struct jig_strv *list, const char *word)
{
    JIG_CLEANUP_FREE char *expanded = jig_flags_expand(x->context, word, &x->unknown);
    shell_words(expanded, list);
}

static char *absolute(struct parsing *x, const char *path)
{
    JIG_CLEANUP_FREE char *expanded = jig_flags_expand(x->context, path, &x->unknown);
    return jig_path_absolute(x->context->root, expanded);
}

static void put_dir(struct parsing *x, struct jig_strv *list, const char *path)
{
    jig_strv_append_take(list, absolute(x, path));
}

static void put_define(struct parsing *x, const char *text)
{
    const char *equals = strchr(text, '=');
    JIG_CLEANUP_FREE char *value = equals != NULL ? define_value(equals + 1) : NULL;
    JIG_CLEANUP_FREE char *word = equals != NULL
                                      ? jig_strf("-D%.*s=%s", (int)(equals - text), text, value)
                                      : jig_strf("-D%s", text);
    struct jig_strv words = {0};
    put(x, &words, word);
    for (size_t i = 0; i < words.n; i++) {
        bool is_define = jig_str_starts(words.v[i], "-D");
        jig_strv_append(is_define ? &x->f->defines : &x->f->cc, words.v[i] + (is_define ? 2 : 0));
    }
    jig_strv_release(&words);
}

/* -UNAME takes back the first plain -DNAME, wherever it stands, once all items are read. */
static void apply_undefines(struct jig_flags *f, size_t from)
{
    for (size_t i = from; i < f->undefines.n; i++) {
        size_t at = 0;
        while (at < f->defines.n && strcmp(f->defines.v[at], f->undefines.v[i]) != 0)
            at++;
        if (at < f->defines.n)
            jig_strv_remove(&f->defines, at);
    }
}

/* Options whose argument is the next word. */
enum pair_kind {
    PAIR_WORD, /* as it is */
    PAIR_FILE, /* absolute where it exists: else the compiler looks along its include path */
    PAIR_DIR,
};

static const struct pair {
    const char *option;
    enum pair_kind kind;
    bool link; /* for the link, too */
} pairs[] = {
    {"-include", PAIR_FILE, false},  {"-imacros", PAIR_FILE, false}, {"-isysroot", PAIR_DIR, true},
    {"-isystem", PAIR_DIR, false},   {"-iquote", PAIR_DIR, false},   {"-arch", PAIR_WORD, true},
    {"-idirafter", PAIR_DIR, false}, {"--param", PAIR_WORD, false},
};

static const struct pair *find_pair(const char *word)
{
    for (size_t i = 0; i < JIG_COUNT(pairs); i++) {
        if (strcmp(pairs[i].option, word) == 0)
            return &pairs[i];
    }
    return NULL;
}

static void put_pair(struct parsing *x, const struct pair *pair, const char *argument)
{
    struct jig_strv words = {0};
    jig_strv_append(&words, pair->option);
    JIG_CLEANUP_FREE char *path = pair->kind != PAIR_WORD ? absolute(x, argument) : NULL;
    if (path != NULL && (pair->kind == PAIR_DIR || jig_fs_exists(path)))
        jig_strv_append(&words, path);
    else
        put(x, &words, argument);
    jig_strv_extend(&x->f->cc, &words);
    if (pair->link)
        jig_strv_extend(&x->f->link, &words);
    jig_strv_release(&words);
}

/* "-lm", or "-l" and the next word. The rest of the word, or the next, which is then consumed; NULL
 * when there is none. */
static const char *argument_of(const char *word, size_t option, char *const **rest)
{
    if (word[option] != '\0')
        return word + option;
    return **rest != NULL ? *(*rest)++ : NULL;
}

static bool is_for_both(const char *word)
{
    static const char *const words[] = {"-mno-cygwin", "-pthread", "-openmp",
                                        "-fmerge-all-constants", "-fopenmp"};
    for (size_t i = 0; i < JIG_COUNT(words); i++) {
        if (strcmp(words[i], word) == 0)
            return true;
    }
    return word[0] == '+' || jig_str_starts(word, "-fsanitize");
}

/* Options that take a folder, a name or a macro: "-Ifolder" or "-I folder". */
static bool put_with_argument(struct parsing *x, const char *word, char *const **rest)
{
    static const struct {
        const char *option;
        enum { FOR_LIB_DIR, FOR_LIB, FOR_INCLUDE, FOR_DEFINE, FOR_FRAMEWORK } what;
    } options[] = {
        {"-L", FOR_LIB_DIR}, {"-l", FOR_LIB},       {"-I", FOR_INCLUDE},
        {"-D", FOR_DEFINE},  {"-F", FOR_FRAMEWORK},
    };
    for (size_t i = 0; i < JIG_COUNT(options); i++) {
        if (strncmp(word, options[i].option, 2) != 0)
            continue;
        const char *argument = argument_of(word, 2, rest);
        if (argument == NULL)
            return true;
        switch (options[i].what) {
        case FOR_LIB_DIR:
            put_dir(x, &x->f->lib_dirs, argument);
            break;
        case FOR_LIB:
            put(x, &x->f->libs, argument);
            break;
        case FOR_INCLUDE:
            put_dir(x, &x->f->include_dirs, argument);
            break;
        case FOR_DEFINE:
            put_define(x, argument);
            break;
        case FOR_FRAMEWORK:
            put(x, &x->f->frameworks, argument);
            break;
        }
        return true;
    }
    return false;
}

static void put_linker(struct parsing *x, const char *word)
{
    static const char *const rpaths[] = {"-Wl,-rpath=", "-Wl,-R,", "-Wl,-R"};
    for (size_t i = 0; i < JIG_COUNT(rpaths); i++) {
        if (jig_str_starts(word, rpaths[i])) {
            put(x, &x->f->rpaths, word + strlen(rpaths[i]));
            return;
        }
    }
    put(x, &x->f->link, word);
}

static void put_plain(struct parsing *x, const char *word)
{
    struct jig_flags *f = x->f;
    if (jig_str_starts(word, "-Wa,")) {
        put(x, &f->as, word + 4);
        put(x, &f->cc, word);
    } else if (jig_str_starts(word, "-Wl,")) {
        put_linker(x, word);
    } else if (jig_str_starts(word, "-Wp,")) {
        put(x, &f->cpp, word);
    } else if (is_for_both(word)) {
        put(x, &f->cc, word);
        put(x, &f->link, word);
    } else if (strcmp(word, "-mwindows") == 0) {
        put(x, &f->link, word);
    } else if (jig_str_starts(word, "-std=")) {
        put(x, strstr(word + 5, "++") != NULL ? &f->cxx : &f->c, word);
    } else if (jig_str_starts(word, "-stdlib=")) {
        put(x, &f->cxx, word);
    } else if (jig_str_starts(word, "-U")) {
        put(x, &f->undefines, word + 2);
    } else {
        put(x, &f->cc, word);
    }
}

/* One word, which may take the next from *rest with it. In ParseFlags' order of tests. */
static void put_word(struct parsing *x, const char *word, char *const **rest)
{
    const struct pair *pair = find_pair(word);
    if (word[0] == '\0')
        return;
    if (word[0] != '-' && word[0] != '+') {
        put_dir(x, &x->f->libs, word);
    } else if (strcmp(word, "-framework") == 0 || strcmp(word, "-dylib_file") == 0) {
        bool framework = word[1] == 'f';
        if (!framework)
            put(x, &x->f->link, word);
        if (**rest != NULL)
            put(x, framework ? &x->f->frameworks : &x->f->link, *(*rest)++);
    } else if (pair != NULL) {
        if (**rest != NULL)
            put_pair(x, pair, *(*rest)++);
    } else if (!put_with_argument(x, word, rest)) {
        put_plain(x, word);
    }
}

static enum jig_code put_item(struct parsing *x, const char *item, struct jig_strv *warnings,
                              struct jig_err *reterr)
{
    const char *what = x->context->what != NULL ? x->context->what : "the flags";
    if (item[0] == '!') {
        if (warnings != NULL)
            jig_strv_append_take(warnings,
                                 jig_strf("%s: the command '%s' is not run", what, item + 1));
        return JIG_OK;
    }
    struct jig_strv words = {0};
    enum jig_code code = jig_shell_split(item, &words, reterr);
    if (code == JIG_OK) {
        char *const *rest = jig_strv_argv(&words);
        while (*rest != NULL) {
            const char *word = *rest++;
            put_word(x, word, &rest);
        }
    } else {
        jig_err_prefix(reterr, "%s", what);
        if (reterr != NULL)
            reterr->reason = JIG_REASON_BAD_PROJECT;
    }
    jig_strv_release(&words);
    return code;
}

enum jig_code jig_flags_parse(const struct jig_strv *items, const struct jig_flags_context *context,
                              struct jig_flags *f, struct jig_strv *warnings,
                              struct jig_err *reterr)
{
    struct parsing x = {.context = context, .f = f};
    enum jig_code code = JIG_OK;
    size_t undefined = f->undefines.n;
    for (size_t i = 0; code == JIG_OK && i < items->n; i++)
        code = put_item(&x, items->v[i], warnings, reterr);
    apply_undefines(f, undefined);
    for (size_t i = 0; warnings != NULL && i < x.unknown.n; i++)
        jig_strv_append_take(warnings,
                             jig_strf("%s: the variable $%s is not known and counts as empty",
                                      context->what != NULL ? context->what : "the flags",
                                      x.unknown.v[i]));
    jig_strv_release(&x.unknown);
    return code;
}
