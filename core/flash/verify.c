#include "core/flash/verify.h"

#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

/* What becomes of a word. */
enum fate {
    STAYS,
    TURNS,      /* its second group, which says "write", becomes the rule's word */
    NEXT_TURNS, /* it stays, and the one behind it turns */
    REFUSES,    /* it writes or erases in a way that no word turns round */
};

/* The first rule of the tool that matches a word is it; a word that none matches stays. POSIX
 * extended expressions. A tool without a rule that turns cannot compare.
 *
 * Source: avrdude's manual, 7.1: -U memtype:op:filename[:format] with op r, w or v, in one word or
 * two; without an op it writes flash. -e erases the chip, -O calibrates, -t and -T are commands of
 * the user's own; they may stand behind other flags in one word. */
static const struct {
    const char *tool; /* the program's name, as it begins */
    const char *pattern;
    enum fate fate;
    const char *word;
} rules[] = {
    {"avrdude", "^(-U *)?[a-zA-Z0-9_]+:(w):.", TURNS, "v"},
    {"avrdude", "^-U *$", NEXT_TURNS, NULL},
    {"avrdude", "^-U", REFUSES, NULL},
    {"avrdude", "^-[ADFnoqsuvVyY]*[eOtT]", REFUSES, NULL},
};

static regex_t compiled[JIG_COUNT(rules)];

static void compile(void)
{
    for (size_t i = 0; i < JIG_COUNT(rules); i++) {
        if (regcomp(&compiled[i], rules[i].pattern, REG_EXTENDED) != 0)
            abort(); /* the table is ours */
    }
}

/* The rule for this word of this tool, or -1. */
static int rule_for(const char *tool, const char *word, regmatch_t m[3])
{
    for (size_t i = 0; i < JIG_COUNT(rules); i++) {
        if (jig_str_starts(tool, rules[i].tool) && regexec(&compiled[i], word, 3, m, 0) == 0)
            return (int)i;
    }
    return -1;
}

static char *turned(const char *word, const regmatch_t *group, const char *into)
{
    return jig_strf("%.*s%s%s", (int)group->rm_so, word, into, word + group->rm_eo);
}

/* One word. False when it cannot be vouched for. */
static bool take(const char *tool, const char *word, bool must_turn, struct jig_strv *out,
                 enum fate *ret)
{
    regmatch_t m[3];
    int rule = rule_for(tool, word, m);
    *ret = rule >= 0 ? rules[rule].fate : STAYS;
    if (*ret == REFUSES || (must_turn && *ret != TURNS))
        return false;
    jig_strv_append_take(out,
                         *ret == TURNS ? turned(word, &m[2], rules[rule].word) : jig_xstrdup(word));
    return true;
}

bool jig_verify_words(const struct jig_strv *upload, struct jig_strv *out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, compile);
    if (upload->n == 0)
        return false;
    const char *tool = jig_path_base(upload->v[0]);
    struct jig_strv words = {0};
    enum fate fate = STAYS;
    bool turns = false;
    bool can = true;
    jig_strv_append(&words, upload->v[0]);
    for (size_t i = 1; i < upload->n && can; i++) {
        can = take(tool, upload->v[i], fate == NEXT_TURNS, &words, &fate);
        turns = turns || fate == TURNS;
    }
    can = can && turns && fate != NEXT_TURNS;
    if (can)
        jig_strv_extend(out, &words);
    jig_strv_release(&words);
    return can;
}
