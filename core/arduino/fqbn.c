#include "core/arduino/fqbn.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define HINT "a board is named vendor:architecture:board, as in arduino:avr:uno"

static bool is_name(const char *s, const char *also)
{
    for (; *s != '\0'; s++) {
        bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
                     (*s >= '0' && *s <= '9') || strchr("_.-", *s) != NULL;
        if (!plain && strchr(also, *s) == NULL)
            return false;
    }
    return true;
}

static enum jig_code parse_option(char *pair, const char *text, struct jig_props *options,
                                  struct jig_err *reterr)
{
    char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "'%s' in the board name '%s' is not an option of the form menu=value",
                           pair, text);
    *equals = '\0';
    char *menu = jig_str_trim(pair);
    char *value = jig_str_trim(equals + 1);
    if (menu[0] == '\0' || !is_name(menu, "") || !is_name(value, "="))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the option '%s=%s' in the board name '%s' has a character that may not "
                           "be there",
                           menu, value, text);
    jig_props_set(options, menu, value);
    return JIG_OK;
}

static enum jig_code parse_options(const char *list, const char *text, struct jig_props *options,
                                   struct jig_err *reterr)
{
    struct jig_strv pairs = {0};
    jig_str_split(list, ",", true, &pairs);
    enum jig_code code = JIG_OK;
    for (size_t i = 0; i < pairs.n && code == JIG_OK; i++)
        code = parse_option(pairs.v[i], text, options, reterr);
    jig_strv_release(&pairs);
    return code;
}

static enum jig_code parse_parts(const struct jig_strv *parts, const char *text, struct jig_fqbn *f,
                                 struct jig_err *reterr)
{
    if (parts->n < 3 || parts->n > 4) {
        jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' is not a full board name", text);
        jig_err_hint(reterr, HINT);
        return JIG_INVALID_ARGUMENT;
    }
    for (size_t i = 0; i < 3; i++) {
        if (!is_name(parts->v[i], ""))
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                               "'%s' in the board name '%s' has a character that may not be there",
                               parts->v[i], text);
    }
    if (parts->v[2][0] == '\0') {
        jig_err_set(reterr, JIG_INVALID_ARGUMENT, "the board name '%s' names no board", text);
        jig_err_hint(reterr, HINT);
        return JIG_INVALID_ARGUMENT;
    }
    f->vendor = jig_xstrdup(parts->v[0]);
    f->arch = jig_xstrdup(parts->v[1]);
    f->board = jig_xstrdup(parts->v[2]);
    f->options = jig_props_new();
    return parts->n == 4 ? parse_options(parts->v[3], text, f->options, reterr) : JIG_OK;
}

enum jig_code jig_fqbn_parse(const char *text, struct jig_fqbn *ret, struct jig_err *reterr)
{
    struct jig_strv parts = {0};
    struct jig_fqbn f = JIG_FQBN_INIT;
    jig_str_split(text, ":", true, &parts);
    enum jig_code code = parse_parts(&parts, text, &f, reterr);
    jig_strv_release(&parts);
    if (code == JIG_OK)
        *ret = f;
    else
        jig_fqbn_release(&f);
    return code;
}

void jig_fqbn_release(struct jig_fqbn *f)
{
    free(f->vendor);
    free(f->arch);
    free(f->board);
    jig_props_free(f->options);
    *f = (struct jig_fqbn)JIG_FQBN_INIT;
}

void jig_fqbn_copy(struct jig_fqbn *to, const struct jig_fqbn *from)
{
    *to = (struct jig_fqbn){
        .vendor = jig_xstrdup(from->vendor),
        .arch = jig_xstrdup(from->arch),
        .board = jig_xstrdup(from->board),
        .options = jig_props_clone(from->options),
    };
}

char *jig_fqbn_format(const struct jig_fqbn *f, bool with_options)
{
    struct jig_strv pairs = {0};
    const char *menu;
    const char *value;
    for (size_t at = 0; with_options && jig_props_next(f->options, &at, &menu, &value);)
        jig_strv_append_take(&pairs, jig_strf("%s=%s", menu, value));
    JIG_CLEANUP_FREE char *list = jig_strv_join(&pairs, ",");
    jig_strv_release(&pairs);
    return jig_strf("%s:%s:%s%s%s", f->vendor, f->arch, f->board, list[0] != '\0' ? ":" : "", list);
}

bool jig_fqbn_matches(const struct jig_fqbn *f, const struct jig_fqbn *wanted)
{
    if (!jig_streq(f->vendor, wanted->vendor) || !jig_streq(f->arch, wanted->arch) ||
        !jig_streq(f->board, wanted->board))
        return false;
    const char *menu;
    const char *value;
    for (size_t at = 0; jig_props_next(wanted->options, &at, &menu, &value);) {
        if (!jig_streq(jig_props_get(f->options, menu), value))
            return false;
    }
    return true;
}
