/*
 * flags_use.c - flags as words of a command line, and what build_unflags takes away. See flags.h.
 */
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/flags.h"

/* --- words ----------------------------------------------------------------------------------- */

static void prefixed(const struct jig_strv *values, const char *prefix, struct jig_strv *out)
{
    for (size_t i = 0; i < values->n; i++)
        jig_strv_append_take(out, jig_strf("%s%s", prefix, values->v[i]));
}

void jig_flags_compile_words(const struct jig_flags *f, enum jig_flags_language language,
                             struct jig_strv *out)
{
    if (language == JIG_FLAGS_C)
        jig_strv_extend(out, &f->c);
    else if (language == JIG_FLAGS_CXX)
        jig_strv_extend(out, &f->cxx);
    jig_strv_extend(out, &f->cc);
    jig_strv_extend(out, &f->cpp);
    prefixed(&f->defines, "-D", out);
    prefixed(&f->undefines, "-U", out);
    prefixed(&f->include_dirs, "-I", out);
}

void jig_flags_link_words(const struct jig_flags *f, struct jig_strv *out)
{
    jig_strv_extend(out, &f->link);
    prefixed(&f->rpaths, "-Wl,-rpath=", out);
}

void jig_flags_library_words(const struct jig_flags *f, struct jig_strv *out)
{
    prefixed(&f->lib_dirs, "-L", out);
    for (size_t i = 0; i < f->libs.n; i++) {
        bool is_file = f->libs.v[i][0] == '/';
        jig_strv_append_take(out, jig_strf("%s%s", is_file ? "" : "-l", f->libs.v[i]));
    }
}

/* --- build_unflags --------------------------------------------------------------------------- */

/* Whether a macro is named: by itself, or by its name alone. */
static bool names_define(const struct jig_strv *unflags, const char *define)
{
    JIG_CLEANUP_FREE char *name = jig_xstrndup(define, strcspn(define, "="));
    return jig_strv_contains(unflags, define) || jig_strv_contains(unflags, name);
}

static bool is_pair(const char *word)
{
    static const char *const options[] = {"-include", "-imacros", "-isysroot",  "-isystem",
                                          "-iquote",  "-arch",    "-idirafter", "--param"};
    for (size_t i = 0; i < JIG_COUNT(options); i++) {
        if (strcmp(options[i], word) == 0)
            return true;
    }
    return false;
}

/* Whether words [at, at + n) stand in a list, as one flag and not as the argument of another. */
static bool has_words(const struct jig_strv *list, const struct jig_strv *words, size_t at,
                      size_t n)
{
    for (size_t i = 0; i < list->n;) {
        size_t m = is_pair(list->v[i]) && i + 1 < list->n ? 2 : 1;
        bool same = m == n && strcmp(list->v[i], words->v[at]) == 0;
        if (same && (n == 1 || strcmp(list->v[i + 1], words->v[at + 1]) == 0))
            return true;
        i += m;
    }
    return false;
}

static bool names_words(const struct jig_flags *unflags, const struct jig_strv *words, size_t at,
                        size_t n)
{
    const struct jig_strv *lists[] = {&unflags->cc, &unflags->c, &unflags->cxx, &unflags->cpp,
                                      &unflags->link};
    for (size_t i = 0; i < JIG_COUNT(lists); i++) {
        if (has_words(lists[i], words, at, n))
            return true;
    }
    return false;
}

static void remove_words(struct jig_strv *list, const struct jig_flags *unflags)
{
    for (size_t i = 0; i < list->n;) {
        size_t n = is_pair(list->v[i]) && i + 1 < list->n ? 2 : 1;
        if (!names_words(unflags, list, i, n)) {
            i += n;
            continue;
        }
        for (; n > 0; n--)
            jig_strv_remove(list, i);
    }
}

static void remove_values(struct jig_strv *list, const struct jig_strv *unwanted)
{
    for (size_t i = list->n; i > 0; i--) {
        if (jig_strv_contains(unwanted, list->v[i - 1]))
            jig_strv_remove(list, i - 1);
    }
}

void jig_flags_remove(struct jig_flags *f, const struct jig_flags *unflags)
{
    for (size_t i = f->defines.n; i > 0; i--) {
        if (names_define(&unflags->defines, f->defines.v[i - 1]))
            jig_strv_remove(&f->defines, i - 1);
    }
    struct jig_strv *words[] = {&f->cc, &f->c, &f->cxx, &f->cpp, &f->link};
    for (size_t i = 0; i < JIG_COUNT(words); i++)
        remove_words(words[i], unflags);
    remove_values(&f->undefines, &unflags->undefines);
    remove_values(&f->include_dirs, &unflags->include_dirs);
    remove_values(&f->as, &unflags->as);
    remove_values(&f->lib_dirs, &unflags->lib_dirs);
    remove_values(&f->libs, &unflags->libs);
    remove_values(&f->rpaths, &unflags->rpaths);
    remove_values(&f->frameworks, &unflags->frameworks);
}

bool jig_flags_match(const struct jig_flags *unflags, const char *word)
{
    static const struct {
        const char *prefix;
        size_t offset;
    } lists[] = {
        {"-I", offsetof(struct jig_flags, include_dirs)},
        {"-L", offsetof(struct jig_flags, lib_dirs)},
        {"-l", offsetof(struct jig_flags, libs)},
        {"-U", offsetof(struct jig_flags, undefines)},
    };
    if (jig_str_starts(word, "-D") && word[2] != '\0')
        return names_define(&unflags->defines, word + 2);
    for (size_t i = 0; i < JIG_COUNT(lists); i++) {
        const struct jig_strv *values =
            (const struct jig_strv *)((const char *)unflags + lists[i].offset);
        if (jig_str_starts(word, lists[i].prefix) && word[2] != '\0')
            return jig_strv_contains(values, word + 2);
    }
    char *words[] = {(char *)word};
    const struct jig_strv one = {.v = words, .n = 1};
    return names_words(unflags, &one, 0, 1);
}
