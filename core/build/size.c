#define PCRE2_CODE_UNIT_WIDTH 8
#include "core/build/size.h"

#include <pcre2.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define MATCH_LIMIT 1000000 /* steps; the expressions come from files that anybody may write */

/* Adds the numbers in the groups of one match; group 0 counts when the whole match is a number. */
static void add_groups(pcre2_match_data *match, int groups, const char *text, int64_t *sum)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(match);
    for (int i = 0; i < groups; i++) {
        int64_t value = 0;
        if (at[2 * i] == PCRE2_UNSET)
            continue;
        JIG_CLEANUP_FREE char *word =
            jig_xstrndup(text + at[2 * i], (size_t)(at[2 * i + 1] - at[2 * i]));
        if (jig_parse_i64(word, &value) && __builtin_add_overflow(*sum, value, sum))
            *sum = INT64_MAX; /* whatever printed this, it fits no board */
    }
}

static enum jig_code sum_matches(const char *key, const char *regex, const char *text, int64_t *ret,
                                 struct jig_err *reterr)
{
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED, PCRE2_MULTILINE,
                                     &error, &offset, NULL);
    if (code == NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the platform's %s is not a regular expression (at character %zu): %s",
                           key, offset, regex);
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    pcre2_match_context *context = pcre2_match_context_create(NULL);
    pcre2_set_match_limit(context, MATCH_LIMIT);
    size_t n = strlen(text);
    PCRE2_SIZE at = 0;
    int groups = 1;
    *ret = 0;
    while (at <= n) {
        groups = pcre2_match(code, (PCRE2_SPTR)text, n, at, 0, match, context);
        if (groups <= 0)
            break;
        add_groups(match, groups, text, ret);
        PCRE2_SIZE end = pcre2_get_ovector_pointer(match)[1];
        at = end > at ? end : at + 1;
    }
    pcre2_match_context_free(context);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
    if (groups < 0 && groups != PCRE2_ERROR_NOMATCH)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED,
                           "the platform's %s takes too long to match: %s", key, regex);
    return JIG_OK;
}

static enum jig_code read_one(const struct jig_props *props, const char *key, const char *printed,
                              int64_t *ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *regex = NULL;
    enum jig_code code = jig_props_expand_key(props, key, &regex, reterr);
    if (code != JIG_OK || regex[0] == '\0')
        return code;
    return sum_matches(key, regex, printed, ret, reterr);
}

static int64_t limit(const struct jig_props *props, const char *key)
{
    int64_t value = 0;
    return jig_parse_i64(jig_props_get(props, key), &value) && value > 0 ? value : 0;
}

enum jig_code jig_size_read(const struct jig_props *props, const char *printed,
                            struct jig_size *ret, struct jig_err *reterr)
{
    struct jig_size size = {.flash_bytes = -1, .ram_bytes = -1, .eeprom_bytes = -1};
    enum jig_code code = read_one(props, "recipe.size.regex", printed, &size.flash_bytes, reterr);
    if (code == JIG_OK)
        code = read_one(props, "recipe.size.regex.data", printed, &size.ram_bytes, reterr);
    if (code == JIG_OK)
        code = read_one(props, "recipe.size.regex.eeprom", printed, &size.eeprom_bytes, reterr);
    if (code != JIG_OK)
        return code;
    size.flash_max = limit(props, "upload.maximum_size");
    size.ram_max = limit(props, "upload.maximum_data_size");
    *ret = size;
    return JIG_OK;
}

static enum jig_code too_large(const char *what, const char *where, int64_t used, int64_t max,
                               const char *fqbn, const char *hint, struct jig_err *reterr)
{
    enum jig_code code =
        jig_err_reason(reterr, JIG_FAILED_PRECONDITION, JIG_REASON_BUILD_FAILED,
                       "the %s takes %lld bytes of %s, %lld more than the %lld that %s has", what,
                       (long long)used, where, (long long)(used - max), (long long)max, fqbn);
    jig_err_hint(reterr, "%s", hint);
    return code;
}

enum jig_code jig_size_check(const struct jig_size *size, const char *fqbn, struct jig_err *reterr)
{
    if (size->flash_max > 0 && size->flash_bytes > size->flash_max)
        return too_large("program", "flash", size->flash_bytes, size->flash_max, fqbn,
                         "leave something out, or take a board with more flash", reterr);
    if (size->ram_max > 0 && size->ram_bytes > size->ram_max)
        return too_large("program's static data", "RAM", size->ram_bytes, size->ram_max, fqbn,
                         "keep constant data in flash (PROGMEM), or make buffers smaller", reterr);
    return JIG_OK;
}
